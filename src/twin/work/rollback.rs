//! Going back to a snapshot.

use super::Work;
use super::course::Course;
use super::disks::CLOUD_INIT_SIZE;
use super::snapshot::is_rbd;
use crate::twin::answer::{Answered, Params};
use crate::twin::drive::{Drive, drives};
use crate::twin::images::Image;
use crate::twin::state::{Guest, Kind, Power, Snapshot, State};

/// `POST …/snapshot/{name}/rollback`.
pub(in crate::twin) fn back(state: &mut State, node: &str, vmid: u32, name: &str, params: Params<'_>) -> Answered {
    let start = params.only(&["start"])?.flag("start")?;
    Ok(state.begin(node, vmid, Work::Rollback { name: name.to_owned(), start }).into())
}

/// Whether a disk can go back, in the words of its storage.
fn can_go_back(state: &State, guest: &Guest, drive: &Drive, name: &str) -> Result<(), String> {
    let Some(storage) = state.storage_of(&drive.volume).filter(|storage| storage.kind == "zfspool") else {
        return Ok(());
    };
    // The snapshots that its data set has, oldest first.
    let on_it: Vec<&Snapshot> =
        guest.snapshots.iter().filter(|snapshot| holds(guest.kind, snapshot, &drive.volume)).collect();
    let volid = &drive.volume;
    match on_it.iter().position(|snapshot| snapshot.name == name) {
        None => Err(format!("can't rollback, snapshot '{name}' does not exist on '{volid}'")),
        Some(place) if place + 1 < on_it.len() => Err(format!(
            "can't rollback, '{name}' is not most recent snapshot on '{}:{}'",
            storage.storage,
            volid.split_once(':').map_or("", |(_, name)| name)
        )),
        Some(_) => Ok(()),
    }
}

fn holds(kind: Kind, snapshot: &Snapshot, volid: &str) -> bool {
    drives(kind, &snapshot.config).iter().any(|(_, drive)| drive.volume == volid && !drive.is_cdrom())
}

/// How it goes.
pub(super) fn course(state: &State, guest: &Guest, name: &str, start: bool) -> Course {
    let (vmid, now) = (guest.vmid, state.now);
    if guest.is_set("template") {
        return Course::fails(40, "you can't rollback if vm is a template");
    }
    let Some(snapshot) = guest.snapshots.iter().find(|snapshot| snapshot.name == name) else {
        return Course::fails(40, format!("snapshot '{name}' does not exist"));
    };
    let disks: Vec<Drive> = drives(guest.kind, &snapshot.config)
        .into_iter()
        .map(|(_, drive)| drive)
        .filter(|drive| !drive.is_cdrom() && drive.image().is_some())
        .collect();
    for disk in &disks {
        if let Err(words) = can_go_back(state, guest, disk, name) {
            return Course::fails(60, words);
        }
    }
    if let Err(words) = guest.lock_words() {
        return Course::fails(40, words);
    }
    let with_memory = snapshot.vmstate;
    let takes = if with_memory { 4_500 } else { 2_000 };
    // It keeps its lock when it is broken off.
    let mut course = Course { locks: None, ..Course::ok(takes).locking(vmid, "rollback") };
    if guest.power_at(now) != Power::Stopped {
        course = course.power(300, vmid, Power::Stopped);
    }
    for _ in disks.iter().filter(|disk| is_rbd(state, disk)) {
        course = course.line(1_200, "Rolling back to snapshot: 100% complete...done.");
    }
    let is_kept =
        |drive: &Drive| drives(guest.kind, &snapshot.config).iter().any(|(_, other)| other.volume == drive.volume);
    for (_, drive) in guest.drives().iter().filter(|(_, drive)| drive.is_cloud_init() && !is_kept(drive)) {
        course = course.line(1_500, format!("found unused cloudinit disk '{}', removing it", drive.volume));
    }
    let name = name.to_owned();
    course = course.then(1_500, move |state| state.put_back(vmid, &name));
    if with_memory {
        course = course.power(takes - 300, vmid, Power::Running);
    } else if start {
        course = course.then(takes, move |state| state.begin_again(vmid));
    }
    course
}

impl State {
    /// Puts the configuration of a snapshot, and the sizes of its disks, in the place of what is.
    fn put_back(&mut self, vmid: u32, name: &str) {
        let uuid = super::draft::uuid(self.draw(), self.draw());
        let Some(guest) = self.guests.get_mut(&vmid) else { return };
        let Some(snapshot) = guest.snapshots.iter().find(|snapshot| snapshot.name == name).cloned() else { return };
        let before = guest.drives();
        let skipped = ["parent", "vmstate", "runningmachine", "runningcpu", "description", "lock"];
        let stays = |key: &str| key == "description" || key == "lock" || key.starts_with("unused");
        guest.config.retain(|key, _| stays(key));
        for (key, value) in snapshot.config.iter().filter(|(key, _)| !skipped.contains(&key.as_str())) {
            guest.config.insert(key.clone(), value.clone());
        }
        guest.config.insert("parent".into(), name.into());
        // Another generation, so that the guest can tell.
        if guest.config.contains_key("vmgenid") {
            guest.config.insert("vmgenid".into(), uuid.into());
        }
        guest.pending.clear();
        guest.pending_delete.clear();
        let now = guest.drives();
        let gone: Vec<Drive> = before
            .into_iter()
            .map(|(_, drive)| drive)
            .filter(|drive| !now.iter().any(|(_, other)| other.volume == drive.volume))
            .collect();
        for volid in gone.iter().filter(|drive| !drive.is_cdrom()).filter_map(Drive::image) {
            guest.add_unused(volid);
        }
        guest.settle();
        for volid in gone.iter().filter(|drive| drive.is_cloud_init()).filter_map(Drive::image) {
            self.drop_image(volid);
        }
        for (_, drive) in now {
            match (drive.image(), drive.size()) {
                // It was removed since, and is written anew before the guest starts.
                (Some(volid), _) if drive.is_cloud_init() && !self.images.contains_key(volid) => {
                    self.add_image(volid, Image { size: CLOUD_INIT_SIZE, written: CLOUD_INIT_SIZE });
                }
                (Some(volid), Some(size)) if !drive.is_cdrom() => self.resize_image(volid, size),
                _ => {}
            }
        }
    }

    /// Starts a guest by a task of its own, unless it runs.
    pub(super) fn begin_again(&mut self, vmid: u32) {
        let Some(guest) = self.guests.get(&vmid) else { return };
        if guest.power_at(self.now) == Power::Stopped {
            let node = guest.node.clone();
            self.begin(&node, vmid, Work::Start);
        }
    }
}
