//! Disks that a change of configuration or a new guest brings: made anew, found, or put in as media.
//!
//! Knows PVE's rules for what may stand in a drive of a VM or a mount point of a container.

use super::draft::Draft;
use crate::twin::answer::{Answered, failed, not_simulated, wrong};
use crate::twin::drive::Drive;
use crate::twin::form::volume_id;
use crate::twin::images::owner;
use crate::twin::state::State;

pub(super) const CLOUD_INIT_SIZE: u64 = 4 << 20;
const TPM_SIZE: u64 = 4 << 20;
const EFI_SIZE: u64 = 528 << 10;

/// What PVE looks at before it touches a drive of a VM.
pub(super) fn check_drive(state: &State, key: &str, drive: &Drive, default: Option<&str>) -> Answered<()> {
    if drive.option("import-from").is_some() {
        return not_simulated("Importing a disk");
    }
    if drive.option("snapshot").is_some_and(|on| on == "1") {
        return not_simulated("A drive that forgets what is written");
    }
    if drive.volume.starts_with('/') || drive.volume == "cdrom" {
        return not_simulated("A drive of the node itself");
    }
    if drive.is_cdrom() && (key.starts_with("virtio") || drive.option("format").is_some()) {
        return wrong(key, "unable to parse drive options");
    }
    if drive.is_cloud_init() || drive.volume == "none" {
        return Ok(());
    }
    if let Some((storage, _)) = drive.wanted() {
        let Some(id) = storage.or(default) else {
            return failed("no storage ID specified (and no default storage)");
        };
        return match state.storage(id) {
            None => failed(format!("storage '{id}' does not exist")),
            Some(storage) if !storage.holds("images") => {
                wrong("storage", format!("storage '{id}' does not support vm images"))
            }
            Some(_) if drive.option("format").is_some_and(|format| format != "raw") => {
                not_simulated("A disk in another format than raw")
            }
            Some(_) => Ok(()),
        };
    }
    let Some((storage, name)) = volume_id(&drive.volume) else { return Ok(()) };
    if state.storage(storage).is_none() {
        return failed(format!("storage '{storage}' does not exist"));
    }
    if name.starts_with("iso/") {
        return match drive.is_cdrom() {
            true => Ok(()),
            false => wrong(key, "explicit 'media=cdrom' is required for iso images"),
        };
    }
    match owner(&drive.volume) {
        None => wrong(key, "content type needs to be 'images' or 'iso'"),
        Some(_) => Ok(()),
    }
}

/// What PVE looks at before it touches a mount point of a container.
pub(super) fn check_mount(state: &State, drive: &Drive) -> Answered<()> {
    if drive.volume.starts_with("/dev/") {
        return not_simulated("A mount point that is a device of the node");
    }
    let Some((id, _)) = volume_id(&drive.volume) else { return Ok(()) };
    match state.storage(id) {
        None => failed(format!("storage '{id}' does not exist")),
        Some(storage) if !storage.holds("rootdir") => {
            failed(format!("storage '{id}' does not allow content type 'rootdir' (Container)"))
        }
        Some(_) => Ok(()),
    }
}

impl Draft<'_> {
    /// What a drive of a VM will be: a new volume, one of its own, a medium, cloud-init's drive.
    pub(super) fn drive(&mut self, key: &str, mut drive: Drive, default: Option<&str>) -> Answered<Drive> {
        if drive.volume == "none" {
            drive.unset("size");
            return Ok(drive);
        }
        let is_new_cloud_init = drive.volume == "cloudinit" || drive.volume.ends_with(":cloudinit");
        if is_new_cloud_init {
            self.refuse_second_cloud_init(key)?;
            let storage = drive.volume.strip_suffix(":cloudinit").or(default).map(str::to_owned);
            let Some(storage) = storage else { return failed("no storage ID specified (and no default storage)") };
            let name = format!("vm-{}-cloudinit", self.guest.vmid);
            drive.volume = self.allocate(&storage, Some(name), CLOUD_INIT_SIZE).or_else(failed)?;
            self.write(&drive.volume.clone(), CLOUD_INIT_SIZE);
            drive.set("media", "cdrom");
            drive.unset("format");
            self.lines.push(format!("{key}: successfully created disk '{drive}'"));
            return Ok(drive);
        }
        if let Some((storage, gib)) = drive.wanted() {
            let Some(storage) = storage.or(default).map(str::to_owned) else {
                return failed("no storage ID specified (and no default storage)");
            };
            let volid = match key {
                "efidisk0" => self.allocate(&storage, None, EFI_SIZE),
                "tpmstate0" => self.allocate(&storage, None, TPM_SIZE),
                _ => self.allocate_gib(&storage, gib),
            };
            drive.volume = volid.or_else(failed)?;
            if key == "efidisk0" {
                for part in ["0.0 B of 528.0 KiB (0.00%)", "528.0 KiB of 528.0 KiB (100.00%)"] {
                    self.lines.push(format!("transferred {part}"));
                }
                self.write(&drive.volume.clone(), EFI_SIZE);
            }
            let size = self.image(&drive.volume).map_or(0, |image| image.size);
            drive.set_size(size);
            drive.unset("format");
            self.lines.push(format!("{key}: successfully created disk '{drive}'"));
            return Ok(drive);
        }
        if drive.is_cloud_init() {
            self.refuse_second_cloud_init(key)?;
        }
        let size = self.size_of(&drive.volume)?;
        drive.set_size(size);
        drive.unset("format");
        Ok(drive)
    }

    /// What a mount point of a container will be.
    pub(super) fn mount(&mut self, mut drive: Drive) -> Answered<Drive> {
        if drive.volume.starts_with('/') {
            return Ok(drive);
        }
        if let Some((Some(storage), gib)) = drive.wanted() {
            let storage = storage.to_owned();
            drive.volume = self.allocate_gib(&storage, gib).or_else(failed)?;
            if self.storage(&storage).is_ok_and(|storage| storage.kind == "rbd") {
                let blocks = (gib * 262_144.0) as u64;
                self.lines.push(format!("Creating filesystem with {blocks} 4k blocks and {} inodes", blocks / 4));
                let uuid = self.uuid();
                self.lines.push(format!("Filesystem UUID: {uuid}"));
            }
        }
        let size = self.size_of(&drive.volume)?;
        drive.set_size(size);
        Ok(drive)
    }

    fn refuse_second_cloud_init(&self, key: &str) -> Answered<()> {
        let (now, then) = (self.guest.drives(), crate::twin::drive::drives(self.guest.kind, &self.guest.pending));
        let other = now.iter().chain(&then).find(|(other, drive)| other != key && drive.is_cloud_init());
        match other {
            Some((other, _)) => failed(format!("{key} - cloud-init drive is already attached at '{other}'")),
            None => Ok(()),
        }
    }

    /// How large a volume is that is to be there already.
    fn size_of(&self, volid: &str) -> Answered<u64> {
        let (storage, name) = volume_id(volid).unwrap_or_default();
        let found = self.storage(storage).or_else(failed)?;
        let medium = self.state.volumes.iter().find(|row| row["volid"] == *volid).and_then(|row| row["size"].as_u64());
        match (self.image(volid), medium) {
            (Some(_), _) if owner(volid) != Some(self.guest.vmid) => not_simulated("Using a volume of another guest"),
            (Some(image), _) => Ok(image.size),
            (None, Some(size)) => Ok(size),
            (None, None) if found.kind == "rbd" => {
                failed(format!("rbd error: rbd: error opening image {name}: (2) No such file or directory"))
            }
            (None, None) if found.kind == "zfspool" => {
                failed(format!("timeout: no zvol device link for '{name}' found after 10 sec."))
            }
            (None, None) => failed(format!("volume '{volid}' does not exist")),
        }
    }
}
