//! Storage: which guest has which disks, where they lie, which nodes reach that, and which backup jobs save it.

use std::collections::{BTreeMap, BTreeSet};

use super::cover::Cover;
use super::{Focus, Parts, Settings, guest_box, guests, unknown};
use crate::draw::layers::{Column, Item, Scene};
use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::guest::disk::{Disk, DiskSource};
use crate::model::list::{List, Listed, count};
use crate::model::node::Node;
use crate::model::storage::Storage;
use crate::model::together::{some_of, sum_of};
use crate::page::{Figure, State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::Reading;

const JOB: usize = 0;
const GUEST: usize = 1;
const DISK: usize = 2;
const STORAGE: usize = 3;
const NODE: usize = 4;

const COLUMNS: [Column; 5] = [
    Column { heading: "Backup jobs", noun: ("job", "jobs") },
    Column { heading: "Guests", noun: ("guest", "guests") },
    Column { heading: "Disks", noun: ("disk", "disks") },
    Column { heading: "Storages", noun: ("storage", "storages") },
    Column { heading: "Nodes that reach it", noun: ("node", "nodes") },
];

/// The picture.
pub(crate) fn storage(session: &Session, focus: &Focus) -> Result<Figure, Error> {
    let all = guests(session, focus)?;
    let settings = Settings::read(&all);
    let (storages, nodes) = (Storage::list(session)?, Node::list(session)?);
    let cover = Cover::read(session);
    let mut plan = Plan::new(&storages, &nodes, &cover);
    let mut shown: Vec<&Guest> = Vec::new();
    for guest in &all {
        let disks = disks(guest, &settings, focus);
        let on_it = |name: &Text| disks.iter().flatten().any(|disk| disk.storage().as_ref() == Some(name));
        if !matches!(focus, Focus::Storage(name) if !on_it(name)) {
            plan.hang(guest, disks.as_deref());
            shown.push(guest);
        }
    }
    if let Focus::Storage(name) = focus {
        // One that nothing lies on is shown with its nodes all the same.
        for node in storages.find(|storage| storage.name == *name).iter().flat_map(|storage| &storage.on) {
            plan.storage(name, &node.node);
        }
    }
    let answer = answer(focus, &shown, &plan, &settings);
    let caveats = all.about_caveats().chain(storages.about_caveats());
    let mut caveats: Vec<String> = caveats.map(|(_, words)| words.to_string()).collect();
    caveats.extend(settings.caveats.iter().chain(&cover.caveats).cloned());
    if matches!(focus, Focus::Cluster) {
        let used: BTreeSet<&Text> = plan.known.keys().map(|(name, _)| name).collect();
        let idle: Vec<String> = storages.filter(|storage| !used.contains(&storage.name)).map(|s| s.name.to_string());
        if !idle.is_empty() {
            caveats.push(format!("No disk that is shown here lies on {}.", some_of(&idle)));
        }
    }
    caveats.dedup();
    let scene = Scene {
        title: format!("Storage{}", if focus.of().is_empty() { " of the cluster".into() } else { focus.of() }).into(),
        question: "Where do the disks of which guest lie, which nodes reach them, and what saves them?".into(),
        answer,
        columns: COLUMNS.into(),
        boxes: plan.parts.boxes,
        links: plan.parts.links,
        caveats,
        provenance: settings.from.clone().and(&storages.provenance()).and(&cover.from),
    };
    let code = match focus {
        Focus::Guest(vmid, _) => format!("pve.guest({vmid})?.backups()?"),
        Focus::Storage(name) => format!("pve.storage({:?})?.content()?", name.raw()),
        _ => "pve.not_backed_up()?".into(),
    };
    Ok(scene.without_empty_columns().figure_with(|page| page.code(code)))
}

/// The disks that are shown: of many guests those that hold their data, of one also its media.
fn disks(guest: &Guest, settings: &Settings, focus: &Focus) -> Option<Vec<Disk>> {
    let all = settings.of(guest)?.disks().to_vec();
    let shown = |disk: &Disk| match (focus, &disk.source) {
        (_, DiskSource::Empty) => false,
        (Focus::Guest(..), _) => true,
        (Focus::Storage(name), DiskSource::Volume(volume)) => volume.storage() == name.raw(),
        (Focus::Storage(_), _) => false,
        _ => disk.holds_data(),
    };
    Some(all.into_iter().filter(shown).collect())
}

/// The picture as it grows.
struct Plan<'a> {
    parts: Parts,
    storages: &'a List<Storage>,
    nodes: &'a List<Node>,
    cover: &'a Cover,
    /// Storages by name, and by node where each node has its own.
    known: BTreeMap<(Text, Option<Text>), usize>,
    jobs: BTreeMap<Text, usize>,
    /// The nodes that reach something, as a set.
    reach: BTreeMap<Vec<Text>, usize>,
    /// Disks, and of these which lie on a storage of one node alone and which on one that is not there.
    disks: Vec<Reading<crate::units::Bytes>>,
    bound: BTreeSet<u32>,
    missing: Vec<String>,
    bare: Vec<String>,
}

impl<'a> Plan<'a> {
    fn new(storages: &'a List<Storage>, nodes: &'a List<Node>, cover: &'a Cover) -> Plan<'a> {
        Plan {
            parts: Parts::default(),
            storages,
            nodes,
            cover,
            known: BTreeMap::new(),
            jobs: BTreeMap::new(),
            reach: BTreeMap::new(),
            disks: Vec::new(),
            bound: BTreeSet::new(),
            missing: Vec::new(),
            bare: Vec::new(),
        }
    }

    /// A guest with its disks, the jobs that save it at the left.
    fn hang(&mut self, guest: &Guest, disks: Option<&[Disk]>) {
        let detail = match disks {
            None => "settings not known".to_owned(),
            Some([]) => "no disk".to_owned(),
            Some(_) => String::new(),
        };
        let at = self.parts.add(guest_box(GUEST, guest, detail));
        let cover = self.cover;
        let mut saved = false;
        for saves in cover.of(guest) {
            let job = self.job(&saves.job.id, &saves.target(), &saves.schedule());
            self.parts.link(job, at, false);
            saved = true;
        }
        if !saved && cover.whole {
            self.bare.push(guest.called().to_string());
        }
        for disk in disks.unwrap_or_default() {
            self.disk(guest, at, disk);
        }
    }

    fn disk(&mut self, guest: &Guest, at: usize, disk: &Disk) {
        let (storage, available) = match &disk.source {
            DiskSource::Volume(volume) => self.storage(&volume.storage().into(), &guest.node),
            _ => self.device(&guest.node),
        };
        let key = format!("{} {}", guest.vmid, disk.key.raw());
        let in_jobs = !disk.in_backups && disk.holds_data();
        let kind = disk.kind.to_string();
        let detail = if in_jobs { format!("{kind} · not in backups") } else { kind };
        let state = (!available).then(|| State::new(Tone::Wrong, "its storage is not available"));
        if !available {
            self.missing.push(format!("{} of {}", disk.key, guest.called()));
        }
        if disk.holds_data() {
            self.disks.push(disk.size);
            if self.parts.boxes[storage].detail.starts_with("local") {
                self.bound.insert(guest.vmid);
            }
        }
        let own = self.parts.add(Item {
            column: DISK,
            name: key.into(),
            detail,
            size: disk.size.known(),
            state,
            joins: true,
            ..Item::default()
        });
        self.parts.link(at, own, false);
        self.parts.link(own, storage, !available);
    }

    /// The box of a storage as a node sees it, and whether the node can use it.
    fn storage(&mut self, name: &Text, node: &Text) -> (usize, bool) {
        let found = self.storages.iter().find(|storage| storage.name == *name);
        let Some(storage) = found else { return self.no_storage(name) };
        let here = storage.on.iter().find(|on| on.node == *node);
        // What an offline node has is not known to be gone.
        let offline = self.nodes.any(|known| known.name == *node && !known.is_online());
        let available = !storage.disabled && (offline || here.is_some_and(|on| on.is_available()));
        let key = (name.clone(), (!storage.shared).then(|| node.clone()));
        if let Some(known) = self.known.get(&key) {
            return (*known, available);
        }
        let state = match (storage.shared, offline, available) {
            (true, ..) => storage.state(),
            (_, true, _) => unknown("its node is not online"),
            (.., true) => State::new(Tone::Good, "available"),
            _ if storage.disabled => State::new(Tone::Off, "switched off"),
            _ => State::new(Tone::Wrong, "not available"),
        };
        let full = match (storage.shared, here) {
            (true, _) => storage.fullness(),
            (_, Some(on)) => on
                .used
                .known()
                .zip(on.total.known())
                .and_then(|(used, total)| used.of(total))
                .map_or(Reading::Missing(on.used.why().unwrap_or(crate::units::Why::NotInAnswer)), Reading::Known),
            (_, None) => Reading::Missing(crate::units::Why::NotInAnswer),
        };
        let full = full.known().map(|full| format!(" · {full} full")).unwrap_or_default();
        let how = if storage.shared { "shared" } else { "local" };
        let at = self.parts.add(Item {
            column: STORAGE,
            name: name.clone(),
            detail: format!("{how}, {}{full}", storage.kind),
            place: if storage.shared { Text::default() } else { node.clone() },
            state: Some(state),
            ..Item::default()
        });
        self.known.insert(key, at);
        let mut reach: Vec<Text> =
            if storage.shared { storage.on.iter().map(|on| on.node.clone()).collect() } else { vec![node.clone()] };
        reach.sort();
        if !reach.is_empty() {
            let to = self.reached_by(reach);
            let none = storage.shared && !storage.on.iter().any(|on| on.is_available());
            self.parts.link(at, to, none || (!storage.shared && !available));
        }
        (at, available)
    }

    fn no_storage(&mut self, name: &Text) -> (usize, bool) {
        let whole = self.storages.is_complete() == Some(true);
        let parts = &mut self.parts;
        let at = *self.known.entry((name.clone(), None)).or_insert_with(|| {
            parts.add(Item {
                column: STORAGE,
                name: name.clone(),
                state: Some(match whole {
                    true => State::new(Tone::Wrong, "there is no such storage"),
                    false => unknown("not visible to you, or not there"),
                }),
                ..Item::default()
            })
        });
        (at, !whole)
    }

    /// What no storage knows of: a device or folder of the node itself.
    fn device(&mut self, node: &Text) -> (usize, bool) {
        let key = (Text::default(), Some(node.clone()));
        if let Some(known) = self.known.get(&key) {
            return (*known, true);
        }
        let at = self.parts.add(Item {
            column: STORAGE,
            name: "of the node itself".into(),
            detail: "local, on no storage".into(),
            place: node.clone(),
            ..Item::default()
        });
        self.known.insert(key, at);
        let to = self.reached_by(vec![node.clone()]);
        self.parts.link(at, to, false);
        (at, true)
    }

    fn reached_by(&mut self, names: Vec<Text>) -> usize {
        if let Some(known) = self.reach.get(&names) {
            return *known;
        }
        let online = names.iter().filter(|name| self.nodes.any(|node| node.name == **name && node.is_online())).count();
        let state = match (online, &*names) {
            (n, names) if n == names.len() => State::new(Tone::Good, "online"),
            (_, [name]) => {
                let node = self.nodes.find(|node| node.name == *name);
                node.map_or(unknown("not known"), |node| node.state())
            }
            (n, names) => State::new(Tone::Held, format!("{n} of {} online", names.len())),
        };
        let listed = some_of(&names.iter().map(Text::to_string).collect::<Vec<_>>());
        let (name, detail) = match names.len() {
            1 => (listed, String::new()),
            n if n == self.nodes.len() => (format!("all {n} nodes"), listed),
            n => (format!("{n} nodes"), listed),
        };
        let at =
            self.parts.add(Item { column: NODE, name: name.into(), detail, state: Some(state), ..Item::default() });
        self.reach.insert(names, at);
        at
    }

    fn job(&mut self, id: &Text, target: &str, schedule: &str) -> usize {
        if let Some(known) = self.jobs.get(id) {
            return *known;
        }
        let storage = self.storages.iter().find(|storage| storage.name == target);
        let how = match storage {
            Some(storage) if storage.shared => " (shared)",
            Some(_) => " (local)",
            None => "",
        };
        let lost = storage.is_some_and(|storage| storage.disabled || storage.state().tone == Tone::Wrong);
        let state = match lost {
            true => State::new(Tone::Wrong, "its storage is not available"),
            false => State::new(Tone::Good, "enabled"),
        };
        let at = self.parts.add(Item {
            column: JOB,
            name: id.clone(),
            detail: format!("{schedule} to {target}{how}"),
            state: Some(state),
            ..Item::default()
        });
        self.jobs.insert(id.clone(), at);
        at
    }
}

fn answer(focus: &Focus, shown: &[&Guest], plan: &Plan<'_>, settings: &Settings) -> (String, String) {
    let disks = count(plan.disks.len(), Disk::NOUN);
    let size = sum_of(plan.disks.iter().copied());
    let guests = count(shown.len(), Guest::NOUN);
    let fact = match focus {
        Focus::Guest(_, name) => format!("{} has {disks} with {size}", name.raw()),
        Focus::Storage(name) => format!("{disks} of {guests} on {}, {size}", name.raw()),
        Focus::Node(name) => format!("{guests} on {} with {disks}, {size}", name.raw()),
        Focus::Cluster => format!("{guests} with {disks}, {size}"),
    };
    let mut rest = Vec::new();
    if !plan.bound.is_empty() && !matches!(focus, Focus::Guest(..)) {
        rest.push(format!("{} on storages of one node alone", have(plan.bound.len())));
    }
    if let (Focus::Guest(..), false) = (focus, plan.bound.is_empty()) {
        rest.push("on storages of its node alone".into());
    }
    if !plan.missing.is_empty() {
        rest.push(format!("on a storage that is not available: {}", some_of(&plan.missing)));
    }
    if !plan.bare.is_empty() {
        rest.push(match focus {
            Focus::Guest(..) => "no backup job that runs saves it".into(),
            _ => format!(
                "no backup job that runs saves {} of all {}: {}",
                plan.bare.len(),
                shown.len(),
                some_of(&plan.bare)
            ),
        });
    }
    let unread = shown.iter().filter(|guest| settings.of(guest).is_none()).count();
    if unread > 0 {
        rest.push(format!("the disks of {} are not known", count(unread, Guest::NOUN)));
    }
    let rest: String = rest.into_iter().map(|words| format!("; {words}")).collect();
    (fact, rest + ".")
}

fn have(n: usize) -> String {
    match n {
        1 => "1 guest has data".into(),
        n => format!("{n} guests have data"),
    }
}
