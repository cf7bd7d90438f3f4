//! Moving a disk of a VM, or a volume of a container, to another storage.

use super::Work;
use super::clone_container::sync_failed;
use super::configure::MODIFIED;
use super::copying::{Load, no_room};
use super::course::Course;
use super::steps::Break;
use crate::twin::answer::{Answered, Params, Refusal, failed, not_simulated, wrong};
use crate::twin::drive::{Drive, all_keys, is_unused};
use crate::twin::form::{self, Form, volume_id};
use crate::twin::images::{Image, base_name};
use crate::twin::state::{Guest, Kind, Power, State, Storage};

/// What is to be moved.
#[derive(Clone, Debug)]
pub(in crate::twin) struct Move {
    disk: String,
    storage: String,
    delete: bool,
    format: Option<String>,
    digest: Option<String>,
    /// Whether the guest is held meanwhile: a container is locked by its configuration instead.
    pub(super) holds: bool,
}

/// `POST …/move_disk` of a VM, `POST …/move_volume` of a container.
pub(in crate::twin) fn to_storage(
    state: &mut State,
    kind: Kind,
    node: &str,
    vmid: u32,
    params: Params<'_>,
) -> Answered {
    let (disk, other) = if kind == Kind::Qemu { ("disk", "target-disk") } else { ("volume", "target-volume") };
    let form = |key: &str| match key {
        "storage" => Some(Form::Format(form::storage_id)),
        "delete" => Some(Form::Boolean),
        "digest" | "target-digest" => Some(Form::Text(40)),
        "target-vmid" => Some(Form::Integer(100, 999_999_999)),
        "bwlimit" => Some(Form::Number(0.0, f64::MAX)),
        "format" if kind == Kind::Qemu => Some(Form::OneOf(&["raw", "qcow2", "vmdk"])),
        key => (key == disk || key == other).then_some(Form::Text(usize::MAX)),
    };
    let params = params.check(form, &[disk])?;
    let keys = all_keys(kind, true);
    let key = params.one_of(disk, &keys.iter().map(String::as_str).collect::<Vec<_>>())?.unwrap_or_default();
    let storage = match (params.get("storage"), params.get("target-vmid")) {
        (Some(_), Some(_)) => return both("either set 'storage' or 'target-vmid', but not both"),
        (None, None) => return both("both 'storage' and 'target-vmid' missing, either needs to be set"),
        (None, Some(_)) => return not_simulated("Moving a disk to another guest"),
        (Some(storage), None) => storage.to_owned(),
    };
    params.without(&["bwlimit"])?;
    let text = |key: &str| params.get(key).map(str::to_owned);
    let moved = Move {
        disk: key.to_owned(),
        storage,
        delete: params.flag("delete")?,
        format: text("format"),
        digest: text("digest"),
        holds: kind == Kind::Qemu,
    };
    let Some(guest) = state.guests.get(&vmid) else { return failed(kind.missing(node, vmid)) };
    match kind {
        Kind::Qemu => drop(moved.check_vm(state, guest)?),
        Kind::Lxc => {
            drop(moved.check_container(state, guest)?);
            // Its configuration is locked before there is a task.
            if let Some(guest) = state.guests.get_mut(&vmid) {
                guest.config.insert("lock".into(), "disk".into());
            }
        }
    }
    Ok(state.begin(node, vmid, Work::MoveDisk(moved)).into())
}

fn both(why: &str) -> Answered {
    Err(Refusal::Parameters(vec![("storage".into(), why.into()), ("target-vmid".into(), why.into())]))
}

impl Move {
    fn check_vm(&self, state: &State, guest: &Guest) -> Answered<Drive> {
        let disk = &self.disk;
        guest.refuse_locked()?;
        if self.digest.as_ref().is_some_and(|digest| *digest != guest.digest()) {
            return failed(MODIFIED);
        }
        let Some(drive) = guest.drive(disk) else { return failed(format!("disk '{disk}' does not exist")) };
        if drive.is_cdrom() && !drive.is_cloud_init() {
            return failed("you can't move a cdrom");
        }
        let Some((from, _)) = drive.image().and_then(volume_id) else {
            return failed(format!("disk '{disk}' has no associated volume"));
        };
        if from == self.storage && self.format.as_ref().is_none_or(|format| format == "raw") {
            return failed("you can't move to the same storage with same format");
        }
        match state.storage(&self.storage) {
            None => return failed(format!("storage '{}' does not exist", self.storage)),
            Some(storage) if storage.disable => return failed(format!("storage '{}' is disabled", self.storage)),
            Some(storage) if !storage.holds("images") => {
                return wrong("storage", format!("storage '{}' does not support vm images", self.storage));
            }
            Some(_) => {}
        }
        if self.delete && guest.needs(&drive.volume, disk) {
            return failed("you can't move a disk with snapshots and delete the source");
        }
        self.refuse_lost_base(state, &drive)?;
        Ok(drive)
    }

    fn check_container(&self, state: &State, guest: &Guest) -> Answered<Drive> {
        let disk = &self.disk;
        guest.refuse_locked()?;
        if guest.power_at(state.now) != Power::Stopped {
            return failed("cannot move volumes of a running container");
        }
        if is_unused(disk) {
            return failed(format!(
                "cannot move volume '{disk}', only configured volumes can be moved to another storage"
            ));
        }
        let Some(drive) = guest.drive(disk).filter(|drive| drive.image().is_some()) else {
            return failed("format error\nvolume: property is missing and it is not optional");
        };
        if self.delete && guest.needs(&drive.volume, disk) {
            return failed("you can't move a volume with snapshots and delete the source");
        }
        self.refuse_lost_base(state, &drive)?;
        if self.digest.as_ref().is_some_and(|digest| *digest != guest.digest()) {
            return failed(MODIFIED);
        }
        Ok(drive)
    }

    /// PVE leaves a base that clones need where it is, and then nothing refers to it any more.
    fn refuse_lost_base(&self, state: &State, drive: &Drive) -> Answered<()> {
        match self.delete && state.has_clones(&drive.volume) {
            true => not_simulated("Moving a base away from its linked clones"),
            false => Ok(()),
        }
    }

    /// How it goes.
    pub(super) fn course(&self, state: &State, guest: &Guest) -> Course {
        match guest.kind {
            Kind::Qemu => match self.check_vm(state, guest) {
                Ok(drive) => self.of_disk(state, guest, &drive),
                Err(refusal) => Course::fails(60, refusal.in_task()),
            },
            Kind::Lxc => {
                let Some(drive) = guest.drive(&self.disk) else { return Course::ok(0) };
                self.of_volume(state, guest, &drive)
            }
        }
    }

    fn of_disk(&self, state: &State, guest: &Guest, drive: &Drive) -> Course {
        let Some(storage) = state.storage(&self.storage) else { return Course::ok(0) };
        let (from, to) = (&drive.volume, self.new_name(state, storage, guest, drive));
        let old = volume_id(from).map_or("", |(storage, _)| storage);
        let image = state.images.get(from).cloned().unwrap_or(Image { size: 0, written: 0 });
        let load = Load { size: image.size, written: image.written };
        let running = guest.power_at(state.now) != Power::Stopped && !is_unused(&self.disk);
        let mut course = Course::ok(0).line(
            40,
            format!("copying volume '{from}' from current storage '{old}' to target storage '{}'", storage.storage),
        );
        if guest.needs(from, &self.disk) {
            course = course.line(50, "moving disk with snapshots, snapshots will not be moved!");
        }
        course = course.line(60, format!("create full clone of drive {} ({from})", self.disk));
        if let Some(format) = self.format.as_ref().filter(|format| *format != "raw") {
            let words = format!(
                "format '{format}' is not supported by the target storage '{}' - using 'raw' instead",
                storage.storage
            );
            course = course.line(70, words);
        }
        course = course.line(300, format!("allocated target volume '{to}'"));
        if state.room(storage, &guest.node) < image.written {
            let why = match running {
                true => format!(
                    "block job (mirror) error: drive-{}: No space left on device (io-status: nospace)",
                    self.disk
                ),
                false => no_room(state, from, &to),
            };
            return Course { exit: format!("storage migration failed: {why}"), takes: 2_000, ..course };
        }
        let new = to.clone();
        course = course.then(300, move |state| state.add_image(&new, Image { written: 0, ..image }));
        let (mut course, mut end) = match running {
            true => course.mirrored(400, &self.disk, load),
            false => course.converted(400, load),
        };
        if running {
            let key = &self.disk;
            course = course
                .line(end, format!("drive-{key}: Completing block job..."))
                .line(end, format!("drive-{key}: Completed successfully."))
                .line(end + 1_000, format!("drive-{key}: mirror-job finished"));
            end += 1_000;
        }
        let (key, vmid, written, from) = (self.disk.clone(), guest.vmid, load.written, from.clone());
        if self.delete {
            course = course.line(end, format!("removing source volume '{from}' after successful copy"));
        } else if drive.is_cloud_init() {
            course = course.line(end, format!("found unused cloudinit disk '{from}', removing it"));
        } else {
            let unused = guest.clone().add_unused(&from).unwrap_or_default();
            course = course.line(end, format!("adding source volume '{from}' as '{unused}' to config"));
        }
        if self.delete && drive_is_rbd(state, &from) {
            course = course.line(end + 300, "Removing image: 100% complete...done.");
        }
        let delete = self.delete || drive.is_cloud_init();
        let broken = undone(vmid, to.clone(), "storage migration failed: interrupted by signal");
        course = course.then(end, move |state| state.exchange(vmid, &key, &from, &to, written, delete));
        Course { takes: end + 500, broken: Some(broken), ..course }
    }

    fn of_volume(&self, state: &State, guest: &Guest, drive: &Drive) -> Course {
        let vmid = guest.vmid;
        let fails =
            |words: String| Course::fails(400, words).change(400, vmid, |guest| drop(guest.config.remove("lock")));
        let Some(storage) = state.storage(&self.storage) else {
            return fails(format!("storage '{}' does not exist", self.storage));
        };
        if storage.disable {
            return fails(format!("storage '{}' is disabled", self.storage));
        }
        if !storage.holds("rootdir") {
            let words = "content type 'rootdir' is not available or configured on storage";
            return fails(format!("{words} '{}'", self.storage));
        }
        let (from, to) = (drive.volume.clone(), self.new_name(state, storage, guest, drive));
        let image = state.images.get(&from).cloned().unwrap_or(Image { size: 0, written: 0 });
        let load = Load { size: image.size, written: image.written };
        if state.room(storage, &guest.node) < image.written {
            let words = "rsync: [receiver] write failed: No space left on device (28)";
            return fails(sync_failed(vmid)).line(300, words);
        }
        let new = to.clone();
        let (mut course, end) = Course::ok(0)
            .then(200, move |state| state.add_image(&new, Image { written: 0, ..image }))
            .synced(300, load);
        if self.delete && drive_is_rbd(state, &from) {
            course = course.line(end + 300, "Removing image: 100% complete...done.");
        }
        let (key, written, delete) = (self.disk.clone(), load.written, self.delete);
        let broken = Some(undone(vmid, to.clone(), "interrupted by signal"));
        course = course.then(end, move |state| state.exchange(vmid, &key, &from, &to, written, delete)).change(
            end + 500,
            vmid,
            |guest| drop(guest.config.remove("lock")),
        );
        Course { takes: end + 500, locks: Some(vmid), broken, ..course }
    }

    /// What the volume will be called.
    fn new_name(&self, state: &State, storage: &Storage, guest: &Guest, drive: &Drive) -> String {
        let name = match drive.is_cloud_init() {
            true => format!("vm-{}-cloudinit", guest.vmid),
            false => state.free_name(storage, guest.kind, guest.vmid, &[]),
        };
        format!("{}:{name}", storage.storage)
    }
}

/// A copy that does not take the place of its volume goes again.
fn undone(vmid: u32, copy: String, exit: &'static str) -> Break {
    Box::new(move |state, _, _| {
        let used =
            state.guests.get(&vmid).is_some_and(|guest| guest.drives().iter().any(|(_, one)| one.volume == copy));
        if !used {
            state.drop_image(&copy);
        }
        exit.to_owned()
    })
}

fn drive_is_rbd(state: &State, volid: &str) -> bool {
    state.storage_of(volid).is_some_and(|storage| storage.kind == "rbd")
}

impl State {
    /// A copy takes the place of a volume, which is removed or kept as one that is not used.
    fn exchange(&mut self, vmid: u32, key: &str, from: &str, to: &str, written: u64, delete: bool) {
        self.fill_image(to, written);
        let Some(guest) = self.guests.get_mut(&vmid) else { return };
        let is_base = guest.is_set("template") && !guest.drive(key).is_some_and(|drive| drive.is_cloud_init());
        let named = if is_base { base_name(to) } else { to.to_owned() };
        if let Some(mut drive) = guest.drive(key) {
            drive.volume.clone_from(&named);
            guest.config.insert(key.to_owned(), drive.to_string().into());
        }
        if !delete {
            guest.add_unused(from);
        }
        guest.settle();
        if named != to {
            self.rename_image(to, &named);
        }
        if delete {
            self.drop_image(from);
        }
    }
}
