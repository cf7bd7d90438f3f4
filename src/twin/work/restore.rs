//! Restoring guests from their backups: what PVE refuses at once, and how the task goes.
//!
//! Knows archives of both kinds and of both places; creating a guest from nothing stands elsewhere.

mod container;
mod machine;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Work;
use super::course::Course;
use super::create::reserved;
use super::disks::CLOUD_INIT_SIZE;
use super::draft::uuid;
use super::steps::Break;
use crate::twin::answer::{Answered, Params, failed, wrong};
use crate::twin::archives::{Archived, is_saved};
use crate::twin::drive::{Drive, drives, rank};
use crate::twin::images::{Image, last_part};
use crate::twin::state::{Guest, Kind, Ms, Power, State};

/// How fast an archive is read, in bytes a second.
const PACE: u64 = 1 << 30;

/// A restore that was asked for.
#[derive(Clone, Debug)]
pub(in crate::twin) struct Restore {
    archive: String,
    archived: Archived,
    storage: Option<String>,
    /// It gets hardware addresses of its own.
    unique: bool,
    /// What is set beside what the backup holds.
    set: Map<String, Value>,
    start: bool,
    /// What stood here before, if something did.
    replaces: bool,
}

/// Parameters of a create that say nothing about a restore.
const OF_MACHINES: &[&str] = &["vmid", "archive", "force", "storage", "unique", "name", "start", "pool"];
const OF_CONTAINERS: &[&str] =
    &["vmid", "ostemplate", "restore", "force", "storage", "unique", "hostname", "start", "pool"];

/// `POST /nodes/{node}/qemu` with an archive.
pub(in crate::twin) fn machine(state: &mut State, node: &str, params: Params<'_>) -> Answered {
    if let Some((key, _)) = params.0.iter().find(|(key, _)| rank(Kind::Qemu, key).is_some()) {
        return wrong(key, "option conflicts with option 'archive'");
    }
    let params = params.followed(OF_MACHINES)?;
    let vmid = number(params)?;
    let (archive, force) = (params.required("archive")?, params.flag("force")?);
    state.needs_quorum()?;
    if let Some(storage) = params.get("storage") {
        state.storage_enabled(storage, node).or_else(failed)?;
    }
    let archived = find(state, Kind::Qemu, archive)?;
    let pool = pool(state, params)?;
    let emsg = format!("unable to restore VM {vmid} -");
    let replaces = match state.guests.get(&vmid) {
        Some(guest) if !force => {
            let node = guest.node.clone();
            return failed(format!("{emsg} {} {vmid} already exists on node '{node}'", guest.kind.short()));
        }
        Some(guest) if guest.node != node || guest.kind != Kind::Qemu => {
            return failed(format!(
                "{emsg} unable to open file '/etc/pve/nodes/{node}/qemu-server/{vmid}.conf.tmp.1471' - File exists"
            ));
        }
        Some(guest) => match guest.lock() {
            Some(lock) => return failed(format!("{emsg} VM is locked ({lock})")),
            None => true,
        },
        None => false,
    };
    let name = params.get("name").map(|name| ("name".to_owned(), Value::from(name)));
    let restore = Restore {
        archive: archive.to_owned(),
        archived,
        storage: params.get("storage").map(str::to_owned),
        unique: params.flag("unique")?,
        set: name.into_iter().collect(),
        start: params.flag("start")?,
        replaces,
    };
    Ok(begin(state, node, vmid, Kind::Qemu, pool, restore))
}

/// `POST /nodes/{node}/lxc` with `restore=1`.
pub(in crate::twin) fn container(state: &mut State, node: &str, params: Params<'_>) -> Answered {
    let params = params.followed(OF_CONTAINERS)?;
    let vmid = number(params)?;
    let (archive, force) = (params.required("ostemplate")?, params.flag("force")?);
    state.needs_quorum()?;
    let same = state.guests.get(&vmid).is_some_and(|guest| guest.kind == Kind::Lxc && guest.node == node);
    match state.guests.get(&vmid) {
        Some(guest) if same && force => {
            if guest.power_at(state.now) != Power::Stopped {
                return failed("can't overwrite running container");
            }
            if guest.is_set("protection") {
                return failed(format!("unable to restore CT {vmid} - protection mode enabled"));
            }
        }
        Some(guest) => {
            return failed(format!("{} {vmid} already exists on node '{}'", guest.kind.short(), guest.node));
        }
        None => {}
    }
    let pool = pool(state, params)?;
    let archived = find(state, Kind::Lxc, archive)?;
    let storage = params.get("storage").unwrap_or("local");
    state.storage_enabled(storage, node).or_else(failed)?;
    if !state.storage_holds(storage, "rootdir") {
        return wrong("storage", format!("storage '{storage}' does not support container directories"));
    }
    if let Some(lock) = state.guests.get(&vmid).and_then(Guest::lock) {
        return failed(format!("unable to restore CT {vmid} - CT is locked ({lock})"));
    }
    let name = params.get("hostname").map(|name| ("hostname".to_owned(), Value::from(name)));
    let restore = Restore {
        archive: archive.to_owned(),
        archived,
        storage: Some(storage.to_owned()),
        unique: params.flag("unique")?,
        set: name.into_iter().collect(),
        start: params.flag("start")?,
        replaces: same,
    };
    Ok(begin(state, node, vmid, Kind::Lxc, pool, restore))
}

fn number(params: Params<'_>) -> Answered<u32> {
    let word = params.required("vmid")?;
    match word.parse::<u32>() {
        Ok(vmid) if vmid >= 100 => Ok(vmid),
        Ok(_) => wrong("vmid", "value must have a minimum value of 100"),
        Err(_) => wrong("vmid", format!("type check ('integer') failed - got '{word}'")),
    }
}

fn pool(state: &State, params: Params<'_>) -> Answered<Option<String>> {
    match params.get("pool") {
        Some(id) if !state.pools.iter().any(|pool| pool.poolid == id) => failed(format!("pool '{id}' does not exist")),
        pool => Ok(pool.map(str::to_owned)),
    }
}

/// The backup in a storage.
fn find(state: &State, kind: Kind, archive: &str) -> Answered<Archived> {
    let Some((storage, name)) = archive.split_once(':') else {
        return failed(format!("volume '{archive}' does not exist"));
    };
    if !state.storages.iter().any(|one| one.storage == storage) {
        return failed(format!("storage '{storage}' does not exist"));
    }
    if !name.starts_with("backup/") {
        return failed(format!("unable to use volume {archive} - content type needs to be 'backup'"));
    }
    match state.archives.get(archive) {
        Some(archived) if archived.kind == kind => Ok(archived.clone()),
        Some(_) => failed(format!("ERROR: file '{name}' does not look like a QemuServer vzdump backup")),
        None => failed(format!("volume '{archive}' does not exist")),
    }
}

/// The configuration file is there from now on, locked.
fn begin(state: &mut State, node: &str, vmid: u32, kind: Kind, pool: Option<String>, restore: Restore) -> Value {
    let guest = state.guests.entry(vmid).or_insert_with(|| reserved(kind, node, vmid, state.now));
    guest.config.insert("lock".into(), "create".into());
    if pool.is_some() {
        guest.pool = pool;
    }
    state.begin(node, vmid, Work::Restore(restore)).into()
}

/// A volume that is made for a disk.
#[derive(Clone, Debug)]
struct New {
    key: String,
    /// As the configuration will have it.
    drive: Drive,
    size: u64,
    written: u64,
}

impl New {
    fn volid(&self) -> &str {
        &self.drive.volume
    }
}

impl Restore {
    /// How the task goes.
    pub(super) fn course(&self, state: &State, guest: &Guest) -> Course {
        match guest.kind {
            Kind::Qemu => self.machine(state, guest),
            Kind::Lxc => self.container(state, guest),
        }
    }

    pub(super) fn is_of_machine(&self) -> bool {
        self.archived.kind == Kind::Qemu
    }

    /// The disks that are in the backup, and those that are made anew without it: cloud-init's drive, and mount points
    /// that were not saved.
    fn keys(&self) -> Vec<(String, Drive, bool)> {
        let kind = self.archived.kind;
        let all = drives(kind, &self.archived.config).into_iter().filter(|(_, drive)| drive.image().is_some());
        let mut found: Vec<(String, Drive, bool)> = all
            .map(|(key, drive)| {
                let saved = is_saved(kind, &key, &drive);
                (key, drive, saved)
            })
            .filter(|(_, drive, saved)| *saved || kind == Kind::Lxc || drive.is_cloud_init())
            .collect();
        found.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        found
    }

    /// The volumes that it makes, once some are gone.
    fn plan(&self, state: &State, guest: &Guest, gone: &[String]) -> Vec<New> {
        let mut planned: Vec<String> = Vec::new();
        let saved = self.archived.disks();
        let mut new: Vec<New> = Vec::new();
        for (key, mut drive, _) in self.keys() {
            let Some(storage) = state.storage(self.place(&drive.volume)) else { continue };
            let found = saved.iter().find(|disk| disk.key == key);
            let name = match drive.is_cloud_init() {
                true => format!("vm-{}-cloudinit", guest.vmid),
                false => {
                    let there = state.images.keys().filter(|volid| !gone.contains(volid));
                    storage.free_name(guest.kind, guest.vmid, there.chain(&planned))
                }
            };
            let size = match found {
                Some(disk) => disk.size,
                None => drive.size().unwrap_or(CLOUD_INIT_SIZE),
            };
            drive.volume = format!("{}:{name}", storage.storage);
            drive.set_size(size);
            planned.push(drive.volume.clone());
            new.push(New { key, written: found.map_or(0, |disk| disk.written), size, drive });
        }
        new
    }

    /// How many of the volumes can be made before a storage has no room, and how it says so.
    fn lacks_room(&self, state: &State, node: &str, new: &[New], gone: &[String]) -> Option<(usize, String)> {
        let mut taken: BTreeMap<&str, u64> = BTreeMap::new();
        new.iter().enumerate().find_map(|(n, one)| {
            let storage = state.storage_of(one.volid())?;
            let freed: u64 = gone
                .iter()
                .filter(|volid| volid.starts_with(&format!("{}:", storage.storage)))
                .filter_map(|volid| state.images.get(volid))
                .map(|image| image.written)
                .sum();
            let taken = taken.entry(storage.storage.as_str()).or_default();
            *taken += if storage.is_thin() { 0 } else { one.size };
            let dataset = storage.path(one.volid()).trim_start_matches("/dev/zvol").trim_start_matches('/').to_owned();
            let full = *taken > state.room(storage, node) + freed;
            full.then(|| (n, format!("zfs error: cannot create '{dataset}': out of space")))
        })
    }

    /// Whether what is written fits, on storages that give room only then.
    fn fits(&self, state: &State, node: &str, new: &[New]) -> bool {
        let mut taken: BTreeMap<&str, u64> = BTreeMap::new();
        new.iter().all(|one| {
            let Some(storage) = state.storage_of(one.volid()).filter(|storage| storage.is_thin()) else { return true };
            let taken = taken.entry(storage.storage.as_str()).or_default();
            *taken += one.written;
            *taken <= state.room(storage, node)
        })
    }

    /// On which storage a disk is to lie.
    fn place<'a>(&'a self, volid: &'a str) -> &'a str {
        self.storage.as_deref().unwrap_or_else(|| volid.split(':').next().unwrap_or_default())
    }

    /// What will stand in its configuration.
    fn config(&self, new: &[New]) -> Map<String, Value> {
        let mut config: Map<String, Value> = (*self.archived.config).clone();
        // What was not saved does not come back.
        for (key, drive) in drives(self.archived.kind, &self.archived.config) {
            if drive.image().is_some() && !new.iter().any(|one| one.key == key) {
                config.remove(&key);
            }
        }
        config.extend(new.iter().map(|one| (one.key.clone(), one.drive.to_string().into())));
        config.extend(self.set.clone());
        config
    }

    /// The guest is there, and starts if it is to.
    fn finish(&self, course: Course, takes: Ms, guest: &Guest, new: Vec<New>, broken: Break) -> Course {
        let (vmid, config, start, unique) = (guest.vmid, self.config(&new), self.start, self.unique);
        let named = self.set.clone();
        let course = course.then(takes, move |state| {
            state.come_back(vmid, config, unique, &new);
            if let Some(guest) = state.guests.get_mut(&vmid) {
                guest.config.extend(named);
            }
            if start {
                state.begin_again(vmid);
            }
        });
        let course = if start { course.line(takes, "Execute autostart") } else { course };
        Course { takes, exit: "OK".to_owned(), broken: Some(broken), ..course }
    }
}

impl State {
    /// Makes the volumes of a restore, still empty.
    fn make_room_for(&mut self, new: &[New]) {
        for one in new {
            let thin = self.storage_of(one.volid()).is_none_or(|storage| storage.is_thin());
            let written = if thin { 0 } else { one.size };
            self.add_image(one.volid(), Image { size: one.size, written });
        }
    }

    /// A guest is as its backup has it; volumes of its own that this does not name are unused from now on.
    fn come_back(&mut self, vmid: u32, mut config: Map<String, Value>, unique: bool, new: &[New]) {
        let Some(kind) = self.guests.get(&vmid).map(|guest| guest.kind) else { return };
        if unique {
            config = self.made_new(config, kind);
        } else if config.contains_key("vmgenid") {
            let fresh = uuid(self.draw(), self.draw());
            config.insert("vmgenid".into(), fresh.into());
        }
        new.iter().for_each(|one| self.fill_image(one.volid(), one.written));
        let mut own: Vec<String> =
            self.images.keys().filter(|volid| crate::twin::images::owner(volid) == Some(vmid)).cloned().collect();
        own.sort_by_key(|volid| last_part(volid).to_owned());
        let Some(guest) = self.guests.get_mut(&vmid) else { return };
        guest.become_new(config);
        own.iter().for_each(|volid| drop(guest.add_unused(volid)));
        guest.settle();
    }
}

impl Guest {
    /// Takes another configuration, and nothing of what was before.
    fn become_new(&mut self, config: Map<String, Value>) {
        (self.config, self.told) = (config, None);
        self.snapshots.clear();
        self.pending.clear();
        self.pending_delete.clear();
    }
}
