//! The disks of a guest that is moved: which of them lie on its node alone, what stands against copying them, and what
//! they are called on the other node.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Migration, Tale, ssh};
use crate::twin::drive::{drives, drives_and_unused, is_unused};
use crate::twin::images::{Image, last_part};
use crate::twin::state::{Guest, State, Storage};

const WITH_SNAPSHOT: &str = "online storage migration not possible if non-replicated snapshot exists";

/// A volume that has to be copied.
pub(super) struct Local {
    pub(super) key: String,
    pub(super) volid: String,
    pub(super) size: u64,
    pub(super) written: u64,
    /// What it is called there.
    pub(super) becomes: String,
    /// A replica lies on the other node already.
    pub(super) replicated: bool,
    pub(super) role: Role,
}

/// What a volume is to its guest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Attached,
    /// It is made anew with its guest, such as what cloud-init is told by.
    Generated,
    Unused,
    /// It holds the memory of a snapshot.
    Memory,
}

impl Local {
    pub(super) fn found(&self) -> String {
        let kind = if self.replicated { "local, replicated" } else { "local" };
        let (kind, how) = match self.role {
            Role::Attached => (kind, "attached"),
            Role::Generated => ("generated", "in current VM config"),
            Role::Unused => (kind, "unused"),
            Role::Memory => (kind, "referenced by snapshot(s)"),
        };
        format!("found {kind} disk '{}' ({how})", self.volid)
    }

    /// How sending it fails where it does not fit.
    pub(super) fn has_no_room(&self, state: &State, target: &str, tale: &mut Tale) -> String {
        tale.say(format!("[{target}] cannot receive new filesystem stream: out of space"));
        let volid = &self.volid;
        let storage = self.becomes.split(':').next().unwrap_or_default();
        format!(
            "storage migration for '{volid}' to storage '{storage}' failed - command 'set -o pipefail && pvesm export \
             {volid} zfs - -with-snapshots 0 -snapshot __migration__ | {}-- pvesm import {} zfs - -with-snapshots 0 \
             -snapshot __migration__ -delete-snapshot __migration__ -allow-rename 1' failed: exit code 1",
            ssh(state, target),
            self.becomes
        )
    }
}

/// What was found out about the volumes of a guest.
#[derive(Default)]
pub(super) struct Scan {
    pub(super) local: Vec<Local>,
    /// Volumes that cannot be copied, each with the reason; a drive of the node has no volume.
    pub(super) errors: Vec<(Option<String>, String)>,
}

impl State {
    /// The replication jobs of a guest.
    pub(in crate::twin) fn replications(&self, vmid: u32) -> impl Iterator<Item = &Value> {
        let jobs = self.fixed.get("/cluster/replication").and_then(Value::as_array);
        jobs.into_iter().flatten().filter(move |job| job["guest"] == vmid)
    }

    /// Looks at all volumes of a guest that is to be moved.
    pub(super) fn scan(&self, migration: &Migration, guest: &Guest, running: bool) -> Scan {
        let mut scan = Scan::default();
        let replicated = self.replications(guest.vmid).any(|job| job["target"] == *migration.target);
        let mut found = drives_and_unused(guest.kind, &guest.config);
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut planned: Vec<String> = Vec::new();
        for (key, drive) in found {
            let volid = drive.volume.clone();
            if volid == "cdrom" {
                scan.errors.push((None, "can't migrate local cdrom drive".to_owned()));
                continue;
            }
            let Some(storage) = self.storage_of(&volid) else { continue };
            if storage.shared {
                continue;
            }
            let generated = drive.is_cloud_init();
            if drive.is_cdrom() && !generated {
                scan.errors.push((Some(volid), "local cdrom image".to_owned()));
                continue;
            }
            let kept = guest.snapshots.iter().any(|snapshot| {
                drives(guest.kind, &snapshot.config).iter().any(|(old, drive)| *old == key && drive.volume == volid)
            });
            if kept && running && !replicated {
                scan.errors.push((Some(volid.clone()), WITH_SNAPSHOT.to_owned()));
            }
            if self.has_clones(&volid) {
                scan.errors.push((Some(volid.clone()), "referenced by linked clone(s)".to_owned()));
            }
            let target = migration.storages.of(&storage.storage);
            let becomes = self.name_there(&volid, target, guest, &planned);
            planned.push(becomes.clone());
            let image = self.images.get(&volid);
            scan.local.push(Local {
                size: image.map(|image| image.size).or(drive.size()).unwrap_or_default(),
                written: image.map_or(0, |image| image.written),
                role: match (generated, is_unused(&key)) {
                    (true, _) => Role::Generated,
                    (false, true) => Role::Unused,
                    (false, false) => Role::Attached,
                },
                key,
                becomes,
                replicated,
                volid,
            });
        }
        for volid in guest.snapshots.iter().filter_map(|snapshot| snapshot.config.get("vmstate")?.as_str()) {
            let (Some(storage), Some(image)) = (self.storage_of(volid), self.images.get(volid)) else { continue };
            if storage.shared {
                continue;
            }
            if running {
                scan.errors.push((Some(volid.to_owned()), WITH_SNAPSHOT.to_owned()));
            }
            scan.local.push(Local {
                key: "vmstate".to_owned(),
                volid: volid.to_owned(),
                size: image.size,
                written: image.written,
                becomes: format!("{}:{}", migration.storages.of(&storage.storage), last_part(volid)),
                replicated: false,
                role: Role::Memory,
            });
        }
        scan
    }

    /// What a volume will be called on another storage: the same if that is free there.
    fn name_there(&self, volid: &str, storage: &str, guest: &Guest, planned: &[String]) -> String {
        let name = last_part(volid);
        let same = format!("{storage}:{name}");
        let taken = same != *volid && (self.images.contains_key(&same) || planned.contains(&same));
        match self.storage(storage) {
            Some(there) if taken => format!("{storage}:{}", self.free_name(there, guest.kind, guest.vmid, planned)),
            _ if volid.starts_with(&format!("{storage}:")) => volid.to_owned(),
            _ => same,
        }
    }

    /// Whether the volumes fit into what is left on the storages of the other node; says which does not.
    pub(super) fn lacks_room<'a>(&self, local: &[&'a Local], target: &str) -> Option<&'a Local> {
        let mut taken: BTreeMap<&str, u64> = BTreeMap::new();
        local.iter().find_map(|local| {
            let storage = self.storage_of(&local.becomes)?;
            let needs = if storage.is_thin() { local.written } else { local.size };
            let taken = taken.entry(storage.storage.as_str()).or_default();
            *taken += needs;
            (!local.replicated && *taken > self.room(storage, target)).then_some(*local)
        })
    }

    /// How a storage says that a new volume does not fit.
    pub(super) fn no_room_for(&self, local: &Local) -> String {
        let Some(storage) = self.storage_of(&local.becomes) else { return String::new() };
        let dataset = storage.path(&local.becomes).trim_start_matches("/dev/zvol").trim_start_matches('/').to_owned();
        match storage.kind.as_str() {
            "rbd" => format!(
                "rbd create '{}' error: rbd: create error: (28) No space left on device",
                last_part(&local.becomes)
            ),
            _ => format!("zfs error: cannot create '{dataset}': out of space"),
        }
    }

    /// Its volumes lie on the other node from now on, and its configuration names them so.
    pub(super) fn bring_over(&mut self, vmid: u32, local: &[Local], target: &str) {
        let images: Vec<Option<Image>> = local.iter().map(|local| self.images.get(&local.volid).cloned()).collect();
        // Of what is replicated a copy stays, and another was there before.
        let moved = |local: &&Local| !local.replicated;
        local.iter().filter(moved).for_each(|local| self.drop_image(&local.volid));
        let Some(guest) = self.guests.get_mut(&vmid) else { return };
        guest.node = target.to_owned();
        for local in local.iter().filter(|local| local.becomes != local.volid) {
            let snapshots = guest.snapshots.iter_mut().map(|snapshot| &mut snapshot.config);
            for config in snapshots.chain([&mut guest.config]) {
                for value in config.values_mut() {
                    let Some(text) = value.as_str().filter(|text| text.split(',').next() == Some(&*local.volid)) else {
                        continue;
                    };
                    *value = text.replacen(&local.volid, &local.becomes, 1).into();
                }
            }
        }
        for (local, image) in local.iter().zip(images).filter(|(local, _)| !local.replicated) {
            let Some(image) = image else { continue };
            let thin = self.storage_of(&local.becomes).is_none_or(Storage::is_thin);
            let written = if thin { image.written } else { image.size };
            self.add_image(&local.becomes, Image { written, ..image });
        }
    }

    /// Whether a volume's bytes can be sent to another kind of storage while nothing runs from them.
    pub(super) fn cannot_send(&self, local: &Local) -> Option<String> {
        let (from, to) = (self.storage_of(&local.volid)?, self.storage_of(&local.becomes)?);
        let zfs = |kind: &str| kind == "zfspool";
        (zfs(&from.kind) != zfs(&to.kind) || to.kind == "rbd").then(|| {
            format!(
                "storage migration for '{}' to storage '{}' failed - cannot migrate from storage type '{}' to '{}'",
                local.volid, to.storage, from.kind, to.kind
            )
        })
    }

    /// Whether a storage is there on a node, in PVE's words if not.
    pub(in crate::twin) fn storage_enabled(&self, id: &str, node: &str) -> Result<(), String> {
        let Some(storage) = self.storages.iter().find(|storage| storage.storage == id) else {
            return Err(format!("storage '{id}' does not exist"));
        };
        if storage.disable {
            return Err(format!("storage '{id}' is disabled"));
        }
        match storage.more.get("nodes").and_then(Value::as_str) {
            Some(nodes) if !nodes.split(',').any(|one| one == node) => {
                Err(format!("storage '{id}' is not available on node '{node}'"))
            }
            _ => Ok(()),
        }
    }

    pub(in crate::twin) fn storage_holds(&self, id: &str, content: &str) -> bool {
        let storage = self.storages.iter().find(|storage| storage.storage == id);
        storage.is_some_and(|storage| storage.content.split(',').any(|one| one == content))
    }
}
