//! What is lost with a storage: the disks on it, the media, and the backups.

use super::ground::Ground;
use super::picture::Findings;
use super::{BlastRadius, Fate, GuestLoss, NO_PROOF};
use crate::error::Error;
use crate::model::guest::disk::{Disk, DiskKind};
use crate::model::guest::{Guest, Status};
use crate::model::list::{Listed, count};
use crate::model::storage::{NodeStorage, Storage};
use crate::model::together::{some_of, sum_of};
use crate::page::Level;
use crate::session::Session;
use crate::text::Text;
use crate::units::Reading;

impl Storage {
    /// What is lost when this storage fails for good, on every node that has it: which guests lose disks, what saves them,
    /// and which backups lie on it.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let loss = Pve::demo()?.storage("ceph-vm")?.blast_radius()?;
    /// let erp = loss.guests.find(|guest| guest.name == "erp").unwrap();
    /// assert_eq!((erp.fate, erp.is_saved), (Fate::LosesData, Some(true)));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read; guests whose settings cannot be are named.
    pub fn blast_radius(&self) -> Result<BlastRadius, Error> {
        of(&self.session, &self.name, None)
    }
}

impl NodeStorage {
    /// What is lost when this storage fails for good: of one that each node has for itself, on this node alone.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let loss = Pve::demo()?.node("pve1")?.storage("local-zfs")?.blast_radius()?;
    /// let redis = loss.guests.find(|guest| guest.name == "redis").unwrap();
    /// assert_eq!(redis.way_back, "by hand from the copy on pve3");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read; guests whose settings cannot be are named.
    pub fn blast_radius(&self) -> Result<BlastRadius, Error> {
        let node = (!self.shared).then(|| self.node.clone());
        of(self.session()?, &self.storage, node)
    }
}

/// A storage, on all nodes or, where each has its own, on one.
fn of(session: &Session, name: &Text, node: Option<Text>) -> Result<BlastRadius, Error> {
    let here = |guest: &Guest| node.as_ref().is_none_or(|node| guest.node == *node);
    let ground = Ground::read(session, false, here)?;
    let storage = ground.storage(name.raw()).cloned();
    let mut guests = Vec::new();
    let mut unread = Vec::new();
    for guest in ground.all.iter().filter(|guest| here(guest)) {
        match ground.settings.of(guest) {
            Some(config) => {
                let disks = config.disks().filter(|disk| disk.storage().as_ref() == Some(name)).to_vec();
                let all = config.disks().filter(Disk::holds_data).len();
                let loss = loss(&ground, name, node.as_ref(), guest, &disks, all);
                let loss = loss.or_else(|| bare(&ground, name, node.as_ref(), guest));
                guests.extend(loss.map(|loss| (loss, Vec::new())));
            }
            None => {
                unread.push(guest.called().to_string());
                guests.extend(bare(&ground, name, node.as_ref(), guest).map(|loss| (loss, Vec::new())));
            }
        }
    }
    let lost = match &node {
        Some(node) => format!("{} on {}", name.raw(), node.raw()),
        None => name.raw().to_owned(),
    };
    let findings = Findings {
        answer: answer(&ground, &lost, &guests, name, &here),
        remarks: remarks(&ground, name, node.as_ref(), storage.as_ref(), &unread),
        lost: format!("storage {lost}").into(),
        with_it: Vec::new(),
        guests,
        quorum_holds: None,
        quorum: Text::default(),
    };
    Ok(findings.told(ground))
}

fn loss(
    ground: &Ground,
    name: &Text,
    node: Option<&Text>,
    guest: &Guest,
    disks: &[Disk],
    all: usize,
) -> Option<GuestLoss> {
    if disks.is_empty() {
        return None;
    }
    let keys = |wanted: fn(&&Disk) -> bool| -> Vec<String> {
        disks.iter().filter(wanted).map(|disk| disk.key.to_string()).collect()
    };
    let data = keys(|disk| disk.holds_data() && disk.kind != DiskKind::Unused);
    let (unused, media) = (keys(|disk| disk.kind == DiskKind::Unused), keys(|disk| !disk.holds_data()));
    let size =
        sum_of(disks.iter().filter(|disk| disk.holds_data() && disk.kind != DiskKind::Unused).map(|disk| disk.size));
    let (fate, why) = match (data.is_empty(), &guest.status) {
        (false, status) => {
            let part = if data.len() + unused.len() < all { "a part of its data" } else { "all its data" };
            let then = match status {
                Status::Running | Status::Paused => "it stops working",
                Status::Stopped if guest.is_template() => "it cannot be cloned",
                Status::Stopped => "it cannot be started",
                _ => "whether it runs is not known",
            };
            (Fate::LosesData, format!("{part}, {size}: {}; {then}", some_of(&data)))
        }
        (true, _) if !unused.is_empty() => {
            (Fate::Impaired, format!("data that are not attached: {}", some_of(&unused)))
        }
        (true, Status::Stopped) => (Fate::Off, format!("cannot be started with its medium gone: {}", some_of(&media))),
        (true, _) => (Fate::Impaired, format!("its medium is gone: {}; it cannot be started again", some_of(&media))),
    };
    let falls = |disk: &Disk| disk.storage().as_ref() == Some(name);
    let (backups, is_saved) = ground.saved(guest, |target| is_lost(ground, name, node, guest, target), falls);
    Some(GuestLoss {
        vmid: guest.vmid,
        name: guest.called(),
        node: guest.node.clone(),
        fate,
        why: why.into(),
        way_back: way_back(ground, node, guest, disks).into(),
        backups,
        is_saved,
        from: Default::default(),
    })
}

/// Whether what is saved there of a guest is lost with the storage, which is on all nodes or on one.
fn is_lost(ground: &Ground, name: &Text, node: Option<&Text>, guest: &Guest, target: &str) -> Option<bool> {
    match (*name == target, ground.storage(target)) {
        (true, Some(found)) if !found.shared => Some(node.is_none_or(|node| *node == guest.node)),
        (true, _) => Some(true),
        (false, Some(_)) => Some(false),
        // A folder of a node may lie on the storage, and a storage of which nothing is known may be the same.
        (false, None) => None,
    }
}

/// A guest whose disks are elsewhere, and the only backups of which are on it.
fn bare(ground: &Ground, name: &Text, node: Option<&Text>, guest: &Guest) -> Option<GuestLoss> {
    let (backups, is_saved) = ground.saved(guest, |target| is_lost(ground, name, node, guest, target), |_| false);
    let had_some = ground.cover.of(guest).next().is_some();
    (had_some && is_saved == Some(false)).then(|| GuestLoss {
        vmid: guest.vmid,
        name: guest.called(),
        node: guest.node.clone(),
        fate: Fate::LosesBackups,
        why: "its backups are made there alone".into(),
        way_back: "back it up to another storage".into(),
        backups,
        is_saved,
        from: Default::default(),
    })
}

/// Copies of a node's own storage lie on the storage of the same name of other nodes.
fn way_back(ground: &Ground, node: Option<&Text>, guest: &Guest, disks: &[Disk]) -> String {
    let media = disks.iter().all(|disk| !disk.holds_data());
    if media {
        return "put in another medium, or none".into();
    }
    if node.is_none() {
        return String::new();
    }
    let others = ground.others(&guest.node);
    let hosts = ground.hosts(guest, &others, false).into_iter();
    let copies = hosts.filter(|(_, host)| *host == super::host::Host::FromCopy).map(|(node, _)| node.to_string());
    let copies: Vec<String> = copies.collect();
    if copies.is_empty() { String::new() } else { format!("by hand from the copy on {}", some_of(&copies)) }
}

fn answer(
    ground: &Ground,
    lost: &str,
    guests: &[(GuestLoss, Vec<usize>)],
    name: &Text,
    here: &impl Fn(&Guest) -> bool,
) -> (String, String) {
    let data: Vec<&GuestLoss> =
        guests.iter().map(|(guest, _)| guest).filter(|guest| guest.fate == Fate::LosesData).collect();
    let runs =
        |vmid: u32| ground.all.iter().any(|guest| guest.vmid == vmid && (guest.is_running() || guest.is_paused()));
    let running = data.iter().filter(|guest| runs(guest.vmid)).count();
    let fact = match data.len() {
        0 => format!("If {lost} is lost, no guest that was read loses data"),
        1 => format!("If {lost} is lost, 1 guest loses data"),
        n => format!("If {lost} is lost, {} lose data", count(n, Guest::NOUN)),
    };
    let mut parts = Vec::new();
    if !data.is_empty() {
        parts.push(format!("{running} of them {} now", if running == 1 { "runs" } else { "run" }));
        let bare: Vec<String> = data
            .iter()
            .filter(|guest| guest.is_saved == Some(false) && guest.way_back.is_blank())
            .map(|guest| guest.name.to_string())
            .collect();
        let is_clear = |guest: &&GuestLoss| guest.is_saved.is_some() || !guest.way_back.is_blank();
        parts.push(match bare.len() {
            0 if data.iter().all(is_clear) => "a copy or a backup job to elsewhere saves each of them".into(),
            0 => "whether backup jobs save all of them is not known".into(),
            n => format!("nothing saves {n} of them: {}", some_of(&bare)),
        });
    }
    let impaired = guests.iter().filter(|(guest, _)| matches!(guest.fate, Fate::Impaired | Fate::Off)).count();
    if impaired > 0 {
        parts.push(format!(
            "{} {} only a medium or what is not attached",
            count(impaired, Guest::NOUN),
            if impaired == 1 { "loses" } else { "lose" }
        ));
    }
    let jobs: Vec<String> = ground
        .cover
        .jobs
        .iter()
        .filter(|saves| *name == *saves.target())
        .map(|saves| saves.job.id.to_string())
        .collect();
    if !jobs.is_empty() {
        let only = ground.all.iter().filter(|guest| {
            let mut targets = ground.cover.of(guest).peekable();
            here(guest) && targets.peek().is_some() && targets.all(|saves| *name == *saves.target())
        });
        parts.push(format!(
            "the backups that {} {} made on it are gone, {}",
            some_of(&jobs),
            if jobs.len() == 1 { "has" } else { "have" },
            match only.count() {
                0 => "but no guest has only these".into(),
                n => format!("which are all that saves {}", count(n, Guest::NOUN)),
            }
        ));
    }
    let rest: String = parts.iter().map(|part| format!("; {part}")).collect();
    (fact, rest + ".")
}

fn remarks(
    ground: &Ground,
    name: &Text,
    node: Option<&Text>,
    storage: Option<&Storage>,
    unread: &[String],
) -> Vec<(Level, Text)> {
    let mut remarks: Vec<(Level, Text)> = Vec::new();
    if let Some(storage) = storage {
        if !storage.shared && node.is_none() && storage.on.len() > 1 {
            let one = storage.on.first().map(|on| on.node.to_string()).unwrap_or_default();
            remarks.push((
                Level::Info,
                format!("Each node has its own {name}; pve.node(\"{one}\")?.storage(\"{name}\")?.blast_radius()? is about one of them.").into(),
            ));
        }
        let holds: Vec<String> = storage
            .content
            .iter()
            .filter(|it| ["iso", "vztmpl", "snippets", "import"].contains(&it.raw()))
            .map(Text::to_string)
            .collect();
        if !holds.is_empty() {
            remarks.push((
                Level::Info,
                format!("It may hold {} as well, which are not counted here.", holds.join(", ")).into(),
            ));
        }
    }
    remarks.push((Level::Info, NO_PROOF.into()));
    if !unread.is_empty() {
        let have = if unread.len() == 1 { "has" } else { "have" };
        let words = format!(
            "Whether {} {have} disks on it is not known: {}.",
            count(unread.len(), Guest::NOUN),
            some_of(unread)
        );
        remarks.push((Level::Warning, words.into()));
    }
    let copies = ground.copies.iter().flatten().filter(|job| {
        storage.is_some_and(|storage| storage.kind == "zfspool")
            && node.is_some_and(|node| job.target == Reading::Known(node.clone()))
    });
    let copies: Vec<String> = copies.filter_map(|job| job.guest.known()).map(|vmid| vmid.to_string()).collect();
    if !copies.is_empty() {
        remarks.push((
            Level::Info,
            format!("Copies of guests of other nodes may lie on it: {}.", some_of(&copies)).into(),
        ));
    }
    remarks
}
