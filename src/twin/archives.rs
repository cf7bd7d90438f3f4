//! Backups that lie in storages: what each holds, how it is made known, changed and deleted.
//!
//! Knows their names and their contents; how a backup is made and restored stands in `work`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::answer::{Answered, Params, Refusal, failed, not_simulated, wrong};
use super::drive::{Drive, drives};
use super::images::Image;
use super::rrd::merge;
use super::state::{Guest, Kind, Node, State, Storage};
use super::storages;
use super::work::steps::{INTERRUPTED, Next, Stepwise};

/// What was saved of a guest.
#[derive(Clone, Debug)]
pub(super) struct Archived {
    pub(super) kind: Kind,
    /// Its configuration at that time.
    pub(super) config: Arc<Map<String, Value>>,
    images: BTreeMap<String, Image>,
    /// Where it lies, if each node has a storage of that name for itself.
    pub(super) node: Option<String>,
}

/// A disk that was saved.
pub(super) struct SavedDisk {
    pub(super) key: String,
    pub(super) drive: Drive,
    pub(super) size: u64,
    /// How much of it was ever written.
    pub(super) written: u64,
}

impl Archived {
    pub(super) fn of(state: &State, guest: &Guest) -> Archived {
        let mut config = guest.config.clone();
        for key in ["lock", "parent"] {
            config.remove(key);
        }
        config.retain(|key, _| !key.starts_with("unused"));
        let images = guest.drives().into_iter().filter_map(|(_, drive)| {
            let image = state.images.get(&drive.volume)?;
            Some((drive.volume, image.clone()))
        });
        Archived { kind: guest.kind, config: Arc::new(config), images: images.collect(), node: None }
    }

    /// Its disks that were saved.
    pub(super) fn disks(&self) -> Vec<SavedDisk> {
        let saved = drives(self.kind, &self.config).into_iter().filter(|(key, drive)| is_saved(self.kind, key, drive));
        let with_sizes = saved.map(|(key, drive)| {
            let image = self.images.get(&drive.volume);
            let size = drive.size().or(image.map(|image| image.size)).unwrap_or_default();
            SavedDisk { key, written: image.map_or(0, |image| image.written), size, drive }
        });
        with_sizes.collect()
    }

    /// As its file has it: a comment of its description, then every setting.
    fn written(&self) -> String {
        let mut text = String::new();
        if let Some(description) = self.config.get("description").and_then(Value::as_str) {
            description.split('\n').filter(|line| !line.is_empty()).for_each(|line| {
                text.push_str(&format!("#{}\n", escaped(line)));
            });
        }
        for (key, value) in self.config.iter().filter(|(key, _)| *key != "description") {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.push_str(&format!("{key}: {value}\n"));
        }
        if self.kind == Kind::Qemu {
            for SavedDisk { key, drive, .. } in self.disks() {
                let storage = drive.volume.split(':').next().unwrap_or_default();
                text.push_str(&format!("#qmdump#map:{key}:drive-{key}:{storage}:raw:\n"));
            }
        }
        text
    }
}

/// Whether backups hold a disk.
pub(super) fn is_saved(kind: Kind, key: &str, drive: &Drive) -> bool {
    let wanted = match kind {
        Kind::Qemu => drive.option("backup") != Some("0"),
        Kind::Lxc => key == "rootfs" || drive.option("backup") == Some("1"),
    };
    wanted && !drive.is_cdrom() && drive.image().is_some()
}

/// Control characters, what is not ASCII, colons and percent signs are escaped in comments.
fn escaped(line: &str) -> String {
    let plain = |byte: u8| matches!(byte, 0x20..=0x24 | 0x26..=0x39 | 0x3b..=0x7e);
    line.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

impl State {
    /// Remembers what the backups hold that lie in the storages from the beginning.
    pub(super) fn remember_archives(&mut self) {
        let saved: Vec<(String, u32)> = self
            .volumes
            .iter()
            .filter(|volume| volume["content"] == "backup")
            .filter_map(|volume| {
                let vmid = volume["vmid"].as_u64().and_then(|vmid| u32::try_from(vmid).ok())?;
                Some((volume["volid"].as_str()?.to_owned(), vmid))
            })
            .collect();
        let all: BTreeMap<u32, Archived> =
            self.guests.values().map(|guest| (guest.vmid, Archived::of(self, guest))).collect();
        self.archives.extend(saved.into_iter().filter_map(|(volid, vmid)| Some((volid, all.get(&vmid)?.clone()))));
    }

    /// The backups of a guest in a storage as a node sees it, latest first.
    pub(super) fn backups_in(&self, storage: &str, node: &str, vmid: u32) -> Vec<&Value> {
        let place = format!("{storage}:");
        let here = |volid: &str| {
            let on = self.archives.get(volid).and_then(|archived| archived.node.as_deref());
            volid.starts_with(&place) && on.is_none_or(|on| on == node)
        };
        let of = |volume: &&Value| {
            volume["content"] == "backup" && volume["vmid"] == vmid && volume["volid"].as_str().is_some_and(here)
        };
        let mut found: Vec<&Value> = self.volumes.iter().filter(of).collect();
        found.sort_by_key(|volume| std::cmp::Reverse(volume["ctime"].as_i64().unwrap_or_default()));
        found
    }

    /// Removes a backup, or another file, as a node sees it.
    pub(super) fn remove_volume(&mut self, node: &str, volid: &str) {
        let Some(place) = self.volumes.iter().position(|row| row["volid"] == *volid) else { return };
        let row = self.volumes.remove(place);
        self.archives.remove(volid);
        let storage = volid.split(':').next().unwrap_or_default().to_owned();
        let bytes = self.room_for(&storage, row["size"].as_u64().unwrap_or_default());
        self.note_written(&storage, node, -bytes);
    }

    /// What a backup takes in a storage; most of it lies on a backup server already.
    fn room_for(&self, storage: &str, size: u64) -> i64 {
        let shares = self.storage(storage).is_some_and(|storage| storage.kind == "pbs");
        i64::try_from(if shares { size / 20 } else { size }).unwrap_or(i64::MAX)
    }
}

/// A volume named in a path or a parameter, with or without its storage.
fn named(storage: &str, volume: &str) -> Answered<String> {
    match volume.split_once(':') {
        Some((id, _)) if id != storage => wrong("volume", format!("storage ID mismatch ({id} != {storage})\n")),
        Some(_) => Ok(volume.to_owned()),
        None => Ok(format!("{storage}:{volume}")),
    }
}

/// `GET /nodes/{node}/vzdump/extractconfig`.
pub(super) fn extract_config(state: &State, params: Params<'_>) -> Answered {
    let volume = params.only(&["volume"])?.required("volume")?;
    let Some((storage, name)) = volume.split_once(':') else {
        return failed(format!("unable to parse volume ID '{volume}'"));
    };
    let Some(found) = state.storages.iter().find(|one| one.storage == storage) else {
        return failed(format!("storage '{storage}' does not exist"));
    };
    if found.disable {
        return failed(format!("storage '{storage}' is disabled"));
    }
    if !name.starts_with("backup/") {
        return failed(format!("unable to use volume {volume} - content type needs to be 'backup'"));
    }
    match state.archives.get(volume) {
        Some(archived) => Ok(archived.written().into()),
        None => failed(format!("volume '{volume}' does not exist")),
    }
}

/// `GET /nodes/{node}/vzdump/defaults`.
pub(super) fn defaults(state: &State, params: Params<'_>) -> Answered {
    let id = params.only(&["storage"])?.get("storage").unwrap_or("local");
    let Some(storage) = state.storages.iter().find(|storage| storage.storage == id) else {
        return failed(format!("storage '{id}' does not exist"));
    };
    if !state.storage_holds(id, "backup") {
        return failed(format!("can't use storage '{id}' for backups - wrong content type"));
    }
    let mut row = json!({
        "all": 0, "bwlimit": 0, "compress": "0", "fleecing": { "enabled": 0 }, "ionice": 7, "lockwait": 180,
        "mailnotification": "always", "mode": "snapshot", "notification-mode": "auto",
        "performance": { "max-workers": 16, "pbs-entries-max": 1_048_576 }, "pigz": 0, "prune-backups": "keep-all=1",
        "quiet": 0, "remove": 1, "stdexcludes": 1, "stop": 0, "stopwait": 10, "storage": id, "zstd": 1,
    });
    if let Some(folder) = storage.dump_folder() {
        merge(&mut row, json!({ "dumpdir": folder }));
    }
    if let Some(keep) = storage.more.get("prune-backups") {
        merge(&mut row, json!({ "prune-backups": keep }));
    }
    Ok(row)
}

impl Storage {
    /// Where archives lie as files; a backup server has no such place.
    pub(super) fn dump_folder(&self) -> Option<String> {
        let path = self.more.get("path").and_then(Value::as_str)?;
        Some(format!("{path}/dump"))
    }
}

/// `PUT /nodes/{node}/storage/{storage}/content/{volume}`.
pub(super) fn change(state: &mut State, node: &Node, id: &str, volume: &str, params: Params<'_>) -> Answered {
    let params = params.only(&["notes", "protected"])?;
    let (notes, protected) =
        (params.get("notes"), params.get("protected").map(|_| params.flag("protected")).transpose()?);
    let volid = named(id, volume)?;
    let kind = match state.storages.iter().find(|storage| storage.storage == id) {
        Some(storage) => storage.kind.clone(),
        None => return failed(format!("storage '{id}' does not exist")),
    };
    storages::volume(state, node, id, &volid)?;
    let row = state.volumes.iter_mut().find(|row| row["volid"] == *volid && row["content"] == "backup");
    let Some(row) = row else {
        return match notes.map(|_| "notes").or(protected.map(|_| "protected")) {
            Some(attribute) => failed(format!("attribute '{attribute}' is not supported for storage type '{kind}'")),
            None => Ok(Value::Null),
        };
    };
    if let Some(notes) = notes {
        merge(row, json!({ "notes": notes }));
        if notes.is_empty() {
            row.as_object_mut().map(|row| row.remove("notes"));
        }
    }
    match protected {
        Some(true) => merge(row, json!({ "protected": 1 })),
        Some(false) => drop(row.as_object_mut().map(|row| row.remove("protected"))),
        None => {}
    }
    Ok(Value::Null)
}

/// A volume is being deleted.
struct Deletion {
    volid: String,
    gone: bool,
}

impl Stepwise for Deletion {
    fn step(&mut self, state: &mut State, task: usize) -> Next {
        if self.gone {
            return Next::End("OK".to_owned());
        }
        let node = state.tasks[task].node.clone();
        let (storage, name) = self.volid.split_once(':').unwrap_or((&self.volid, ""));
        let row = state.volumes.iter().find(|row| row["volid"] == *self.volid);
        if row.is_some_and(|row| row["protected"] == 1) {
            return Next::End(match state.storage_of(&self.volid).is_some_and(|storage| storage.kind == "pbs") {
                true => "proxmox-backup-client failed: Error: cannot remove protected snapshot".to_owned(),
                false => format!("cannot remove protected volume '{name}' on '{storage}'"),
            });
        }
        state.remove_volume(&node, &self.volid);
        state.say(task, format!("Removed volume '{}'", self.volid));
        self.gone = true;
        Next::In(400)
    }

    fn interrupted(&mut self, _: &mut State, _: usize) -> String {
        INTERRUPTED.to_owned()
    }
}

/// `DELETE /nodes/{node}/storage/{storage}/content/{volume}`.
pub(super) fn delete(state: &mut State, node: &Node, id: &str, volume: &str, params: Params<'_>) -> Answered {
    params.only(&["delay"])?.without(&["delay"])?;
    let volid = named(id, volume)?;
    let row = match storages::listed(state, node, id, &volid) {
        Ok(row) => row,
        Err(Refusal::Failed(why)) => return failed(why),
        Err(other) => return Err(other),
    };
    if state.images.contains_key(&volid) {
        return not_simulated("Deleting a guest's disk on its storage");
    }
    let owner = row["vmid"].as_u64().map(|vmid| format!("{vmid}@")).unwrap_or_default();
    let steps = Deletion { volid, gone: false };
    let place = state.begin_steps(&node.name, "imgdel", &format!("{owner}{id}"), Box::new(steps));
    Ok(state.tasks[place].upid().into())
}

impl State {
    /// A backup lies in its storage from now on.
    pub(super) fn store_backup(&mut self, node: &str, row: Value, archived: Archived) {
        let volid = row["volid"].as_str().unwrap_or_default().to_owned();
        let storage = volid.split(':').next().unwrap_or_default().to_owned();
        let bytes = self.room_for(&storage, row["size"].as_u64().unwrap_or_default());
        self.note_written(&storage, node, bytes);
        let shared = self.storage(&storage).is_some_and(|storage| storage.shared);
        self.archives.insert(volid, Archived { node: (!shared).then(|| node.to_owned()), ..archived });
        self.volumes.push(row);
    }

    /// The path of a volume on its node.
    pub(super) fn path_of(&self, volid: &str) -> String {
        let (Some(storage), Some((_, name))) = (self.storage_of(volid), volid.split_once(':')) else {
            return volid.to_owned();
        };
        storages::path(storage, name)
    }

    /// The address of a backup server.
    pub(super) fn repository(&self, volid: &str) -> String {
        let Some(storage) = self.storage_of(volid) else { return String::new() };
        let of = |key: &str| storage.more.get(key).and_then(Value::as_str).unwrap_or_default();
        format!("{}@{}:{}", of("username"), of("server"), of("datastore"))
    }
}
