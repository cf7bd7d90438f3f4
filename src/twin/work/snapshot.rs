//! Snapshots: taking, describing and removing them.
//!
//! Going back to one stands in `rollback`.

use serde_json::{Map, Value, json};

use super::Work;
use super::course::Course;
use crate::twin::answer::{Answered, Params, failed, wrong};
use crate::twin::drive::Drive;
use crate::twin::form::{self, Form};
use crate::twin::images::{Feature, state_size};
use crate::twin::rrd::fields;
use crate::twin::state::{Guest, Kind, Ms, Power, Snapshot, State};
use crate::twin::written::bytes;

/// `POST …/snapshot`.
pub(in crate::twin) fn take(state: &mut State, kind: Kind, node: &str, vmid: u32, params: Params<'_>) -> Answered {
    let vm = kind == Kind::Qemu;
    let form = |key: &str| match key {
        "snapname" => Some(Form::Format(form::config_id)),
        "description" => Some(Form::Text(usize::MAX)),
        "vmstate" => vm.then_some(Form::Boolean),
        _ => None,
    };
    let params = params.check(form, &["snapname"])?;
    let name = params.get("snapname").unwrap_or_default();
    if name.len() > 40 {
        return wrong("snapname", "value may only be 40 characters long");
    }
    let reserved = match kind {
        Kind::Qemu => name == "current" || name.eq_ignore_ascii_case("pending"),
        Kind::Lxc => name == "current" || name == "vzdump",
    };
    if reserved {
        return failed(format!("unable to use snapshot name '{}' (reserved name)", name.to_lowercase()));
    }
    let work = Work::Snapshot {
        name: name.to_owned(),
        description: params.get("description").unwrap_or_default().to_owned(),
        vmstate: params.flag("vmstate")?,
    };
    Ok(state.begin(node, vmid, work).into())
}

/// `DELETE …/snapshot/{name}`.
pub(in crate::twin) fn delete(state: &mut State, node: &str, vmid: u32, name: &str, params: Params<'_>) -> Answered {
    // Removing one never fails here, so that force makes no difference.
    params.only(&["force"])?.flag("force")?;
    Ok(state.begin(node, vmid, Work::DeleteSnapshot { name: name.to_owned() }).into())
}

/// `PUT …/snapshot/{name}/config`.
pub(in crate::twin) fn describe(state: &mut State, vmid: u32, name: &str, params: Params<'_>) -> Answered {
    let params = params.only(&["description"])?;
    let Some(description) = params.get("description").map(str::to_owned) else { return Ok(Value::Null) };
    state.wait_for_lock(vmid)?;
    let Some(guest) = state.guests.get_mut(&vmid) else { return Ok(Value::Null) };
    guest.refuse_locked()?;
    match guest.snapshots.iter_mut().find(|snapshot| snapshot.name == name) {
        Some(snapshot) => snapshot.description = description,
        None => return failed(format!("snapshot '{name}' does not exist")),
    }
    Ok(Value::Null)
}

/// What a snapshot keeps of a configuration.
fn kept(config: &Map<String, Value>) -> Map<String, Value> {
    let skipped = |key: &str| ["lock", "digest", "description"].contains(&key) || key.starts_with("unused");
    config.iter().filter(|(key, _)| !skipped(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// What it keeps besides, if it has the memory too.
pub(in crate::twin) fn state_keys(vmid: u32, storage: &str, name: &str) -> Map<String, Value> {
    fields(json!({
        "vmstate": format!("{storage}:vm-{vmid}-state-{name}"), "runningmachine": "pc-i440fx-10.1+pve0",
        "runningcpu": "qemu64,+aes,enforce,+kvm_pv_eoi,+kvm_pv_unhalt,+pni,+popcnt,+sse4.1,+sse4.2,+ssse3",
    }))
}

/// How taking one goes.
pub(super) fn taken(state: &State, guest: &Guest, name: &str, description: &str, vmstate: bool) -> Course {
    let (vmid, now) = (guest.vmid, state.now);
    let running = guest.power_at(now) != Power::Stopped;
    if guest.is_set("template") {
        return Course::fails(60, "you can't take a snapshot if it's a template");
    }
    if let Err(words) = guest.lock_words() {
        return Course::fails(40, words);
    }
    if guest.snapshots.iter().any(|snapshot| snapshot.name == name) {
        return Course::fails(60, format!("snapshot name '{name}' already used"));
    }
    if !state.has_feature(guest, &guest.config, Feature::Snapshot, false) {
        return Course::fails(60, "snapshot feature is not available");
    }
    let mut config = kept(&guest.config);
    let memory = (vmstate && running && guest.kind == Kind::Qemu).then(|| state_storage(state, guest));
    let saving = if memory.is_some() { 1_000 + Ms::try_from(guest.mem_at(now) >> 20).unwrap_or_default() } else { 0 };
    let used = guest.mem_at(now);
    if let Some(storage) = &memory {
        config.append(&mut state_keys(vmid, storage, name));
    }
    let snapshot = Snapshot {
        name: name.to_owned(),
        description: description.to_owned(),
        time: now / 1000,
        vmstate: memory.is_some(),
        parent: guest.text("parent").map(str::to_owned),
        config,
    };
    let takes = 1_500 + saving;
    let mut course = Course::ok(takes).locking(vmid, "snapshot");
    if let Some(storage) = memory {
        let volid = format!("{storage}:vm-{vmid}-state-{name}");
        let image = state_size(guest, used);
        if state.storage(&storage).is_some_and(|storage| state.room(storage, &guest.node) < image.written) {
            return Course::fails(saving / 2, "unable to save VM state and RAM - No space left on device")
                .locking(vmid, "snapshot")
                .line(300, format!("saving VM state and RAM using storage '{storage}'"))
                .line(saving / 2, "snapshot create failed: starting cleanup");
        }
        let saved = volid.clone();
        course.broken = Some(Box::new(move |state, task, _| {
            let kept = |guest: &Guest| {
                guest.snapshots.iter().any(|one| one.config.get("vmstate") == Some(&saved.as_str().into()))
            };
            if !state.guests.get(&vmid).is_some_and(kept) {
                state.say(task, "snapshot create failed: starting cleanup");
                state.drop_image(&saved);
            }
            super::steps::INTERRUPTED.to_owned()
        }));
        course = course
            .then(100, move |state| state.add_image(&volid, image))
            .line(300, format!("saving VM state and RAM using storage '{storage}'"));
        for (at, part) in (1_000..saving).step_by(1_000).zip(1_u64..) {
            let written = used.min((part * 1_000) << 20);
            course = course.line(at, format!("{} in {part}s", bytes(written, 2)));
        }
        let words = format!("completed saving the VM state in {}s, saved {}", saving / 1_000, bytes(used, 2));
        course = course.line(saving, words);
    }
    let at = saving + 500;
    for (key, drive) in guest.drives().into_iter().filter(|(_, drive)| drive.image().is_some() && !drive.is_cdrom()) {
        if guest.kind == Kind::Qemu {
            course = course.line(at, format!("snapshotting 'drive-{key}' ({})", drive.volume));
        }
        if is_rbd(state, &drive) {
            let how = if running && guest.kind == Kind::Qemu {
                "internal qemu snapshot"
            } else {
                "Creating snap: 100% complete...done."
            };
            course = course.line(at, how);
        }
    }
    course.change(takes - 200, vmid, |guest| {
        guest.config.insert("parent".into(), snapshot.name.as_str().into());
        guest.snapshots.push(snapshot);
    })
}

pub(super) fn is_rbd(state: &State, drive: &Drive) -> bool {
    state.storage_of(&drive.volume).is_some_and(|storage| storage.kind == "rbd")
}

/// Where the memory of a VM is saved: where its setting says, or on a storage of its disks, a shared one first.
fn state_storage(state: &State, guest: &Guest) -> String {
    if let Some(storage) = guest.text("vmstatestorage") {
        return storage.to_owned();
    }
    let mut used: Vec<_> = guest.disks().filter_map(|(_, volid, _)| state.storage_of(volid)).collect();
    used.sort_by_key(|storage| (!storage.shared, storage.storage.clone()));
    used.first().map_or_else(|| "local".to_owned(), |storage| storage.storage.clone())
}

/// How removing one goes.
pub(super) fn deleted(state: &State, guest: &Guest, name: &str) -> Course {
    let vmid = guest.vmid;
    let Some(snapshot) = guest.snapshots.iter().find(|snapshot| snapshot.name == name) else {
        return Course::fails(60, format!("snapshot '{name}' does not exist"));
    };
    if let Err(words) = guest.lock_words() {
        return Course::fails(40, words);
    }
    let running = guest.power_at(state.now) != Power::Stopped;
    let mut course = Course::ok(900).locking(vmid, "snapshot-delete");
    if let Some(volid) = snapshot.config.get("vmstate").and_then(Value::as_str).map(str::to_owned) {
        course =
            course.line(200, "Removing image: 100% complete...done.").then(200, move |state| state.drop_image(&volid));
    }
    for (_, drive) in crate::twin::drive::drives(guest.kind, &snapshot.config) {
        if is_rbd(state, &drive) && !drive.is_cdrom() && !(running && guest.kind == Kind::Qemu) {
            course = course.line(400, "Removing snap: 100% complete...done.");
        }
    }
    let name = name.to_owned();
    course.change(700, vmid, move |guest| guest.drop_snapshot(&name))
}

impl Guest {
    /// Removes a snapshot; its children become those of its parent, and disks that only it names are unused.
    fn drop_snapshot(&mut self, name: &str) {
        let Some(place) = self.snapshots.iter().position(|snapshot| snapshot.name == name) else { return };
        let gone = self.snapshots.remove(place);
        for child in self.snapshots.iter_mut().filter(|snapshot| snapshot.parent.as_deref() == Some(name)) {
            child.parent.clone_from(&gone.parent);
        }
        if self.text("parent") == Some(name) {
            match gone.parent {
                Some(parent) => self.config.insert("parent".into(), parent.into()),
                None => self.config.remove("parent"),
            };
        }
        for (_, drive) in crate::twin::drive::drives(self.kind, &gone.config) {
            if let Some(volid) = drive.image().filter(|_| !drive.is_cdrom()) {
                self.add_unused(volid);
            }
        }
        self.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_saved_where_the_disks_are_on_a_shared_storage_first() {
        let state = crate::twin::demo::state();
        let mut guest = state.guests[&105].clone();
        assert_eq!(state_storage(&state, &guest), "ceph-vm");
        guest.config.insert("scsi0".into(), "local-zfs:vm-105-disk-0,size=1G".into());
        assert_eq!(state_storage(&state, &guest), "local-zfs");
        guest.config.insert("vmstatestorage".into(), "nfs-backup".into());
        assert_eq!(state_storage(&state, &guest), "nfs-backup");
    }
}
