//! How storages are shown: their definition, their state on each node, and what is in them.
//!
//! Knows that a disabled storage, one of another node and an unknown one fail in different words.

use serde_json::{Map, Value, json};

use super::answer::{Answered, Params, failed, wrong};
use super::rrd::merge;
use super::state::{Guest, Kind, Node, State, Storage};

impl Storage {
    /// As `/storage` has it.
    fn definition(&self) -> Value {
        let mut row = Value::from(self.more.clone());
        merge(
            &mut row,
            json!({
                "storage": self.storage, "type": self.kind, "content": self.content,
                "digest": "9d2f5c7a1be84e3f60c5d9a8b7e6f1a2c3d4e5f6",
            }),
        );
        // Some kinds are shared by nature and do not say so here.
        if self.shared && self.kind == "nfs" {
            merge(&mut row, json!({ "shared": 1 }));
        }
        if self.disable {
            merge(&mut row, json!({ "disable": 1 }));
        }
        row
    }

    /// As a node sees it.
    fn status(&self, state: &State, node: &Node) -> Value {
        let (used, total) = self.space(state, node, state.seconds());
        let on = u8::from(!self.disable);
        json!({
            "type": self.kind, "content": self.content, "shared": u8::from(self.shared), "enabled": on, "active": on,
            "used": used, "total": total, "avail": total - used,
        })
    }

    /// Its rows in `/cluster/resources`: one a node, none when it is disabled.
    pub(super) fn resources(&self, state: &State) -> Vec<Value> {
        let nodes = state.nodes.iter().filter(|_| !self.disable);
        let row = |node: &Node| {
            let mut row = json!({
                "id": format!("storage/{}/{}", node.name, self.storage), "type": "storage", "node": node.name,
                "storage": self.storage, "plugintype": self.kind, "content": self.content,
                "shared": u8::from(self.shared), "status": "unknown",
            });
            if node.offline.is_none() {
                let (disk, maxdisk) = self.space(state, node, state.seconds());
                merge(&mut row, json!({ "status": "available", "disk": disk, "maxdisk": maxdisk }));
            }
            row
        };
        nodes.map(row).collect()
    }

    /// A disk of a guest that lies here.
    fn volume(&self, guest: &Guest, volid: &str, size: u64) -> Value {
        let format = match self.kind.as_str() {
            "zfspool" if guest.kind == Kind::Lxc => "subvol",
            _ => "raw",
        };
        let content = if guest.kind == Kind::Lxc { "rootdir" } else { "images" };
        let mut row = json!({
            "volid": volid, "vmid": guest.vmid, "size": size, "format": format, "content": content,
        });
        let volume = volid.split_once(':').map_or(volid, |(_, volume)| volume);
        let parent = volume.split_once('/').map(|(base, _)| format!("{base}@__base__"));
        merge(&mut row, json!({ "parent": parent }));
        row
    }
}

pub(super) fn definitions(state: &State, params: Params<'_>) -> Answered {
    let kind = params.only(&["type"])?.get("type");
    let wanted = state.storages.iter().filter(|storage| kind.is_none_or(|kind| storage.kind == kind));
    Ok(wanted.map(Storage::definition).collect())
}

pub(super) fn definition(state: &State, id: &str) -> Answered {
    Ok(find(state, id)?.definition())
}

fn find<'a>(state: &'a State, id: &str) -> Answered<&'a Storage> {
    let storage = state.storages.iter().find(|storage| storage.storage == id);
    storage.map_or_else(|| failed(format!("storage '{id}' does not exist")), Ok)
}

pub(super) fn on_node(state: &State, node: &Node, params: Params<'_>) -> Answered {
    let params = params.only(&["content", "enabled", "format", "storage", "target"])?;
    params.without(&["format", "target"])?;
    let (content, enabled) = (params.get("content"), params.flag("enabled")?);
    let wanted = |storage: &&Storage| {
        params.get("storage").is_none_or(|id| storage.storage == id)
            && content.is_none_or(|content| storage.content.split(',').any(|c| c == content))
            && !(enabled && storage.disable)
    };
    let row = |storage: &Storage| {
        let mut row = storage.status(state, node);
        merge(&mut row, json!({ "storage": storage.storage }));
        let (used, total) = storage.space(state, node, state.seconds());
        if total > 0 {
            merge(&mut row, json!({ "used_fraction": (used as f64 / total as f64 * 1e9).round() / 1e9 }));
        }
        row
    };
    Ok(state.storages.iter().filter(wanted).map(row).collect())
}

pub(super) fn status(state: &State, node: &Node, id: &str) -> Answered {
    match find(state, id) {
        Ok(storage) => Ok(storage.status(state, node)),
        Err(_) => wrong("storage", "No such storage."),
    }
}

pub(super) fn rrd(state: &State, node: &Node, id: &str, params: Params<'_>) -> Answered {
    super::rrd::of_storage(state, node, find(state, id)?, params)
}

/// What lies in a storage: disks of guests, backups, images, templates.
pub(super) fn content(state: &State, node: &Node, id: &str, params: Params<'_>) -> Answered {
    let params = params.only(&["content", "vmid"])?;
    let storage = find(state, id)?;
    if storage.disable {
        return failed(format!("storage '{id}' is disabled"));
    }
    let (kind, vmid) = (params.get("content"), params.int("vmid")?);
    let place = format!("{id}:");
    let here = |guest: &&Guest| storage.shared || guest.node == node.name;
    let disks = state.guests.values().filter(here).flat_map(|guest| {
        let disks = guest.disks().filter(|(_, volid, _)| volid.starts_with(&place));
        disks.map(|(_, volid, size)| storage.volume(guest, volid, size)).collect::<Vec<_>>()
    });
    let others = state.volumes.iter().filter(|volume| text(volume, "volid").starts_with(&place)).cloned();
    let wanted = |row: &Value| {
        kind.is_none_or(|kind| text(row, "content") == kind) && vmid.is_none_or(|vmid| row["vmid"] == vmid)
    };
    Ok(disks.chain(others).filter(wanted).collect())
}

/// One volume alone, which also tells where it lies.
pub(super) fn volume(state: &State, node: &Node, id: &str, volid: &str) -> Answered {
    let storage = find(state, id)?;
    let rows = content(state, node, id, Params(&[]))?;
    let Some(row) = rows.as_array().and_then(|rows| rows.iter().find(|row| text(row, "volid") == volid)) else {
        return failed(format!("volume '{volid}' does not exist"));
    };
    let name = volid.split_once(':').map_or(volid, |(_, name)| name);
    let of = |key: &str| storage.more.get(key).and_then(Value::as_str).unwrap_or_default();
    let path = match storage.kind.as_str() {
        "zfspool" if text(row, "format") == "subvol" => format!("/{}/{name}", of("pool")),
        "zfspool" => format!("/dev/zvol/{}/{name}", of("pool")),
        "rbd" => format!("rbd:{}/{name}", of("pool")),
        "pbs" => format!("{}@{}:{}:{name}", of("username"), of("server"), of("datastore")),
        _ => format!("{}/{}", of("path"), name.replacen("backup/", "dump/", 1).replacen("iso/", "template/iso/", 1)),
    };
    let mut one = json!({ "path": path, "size": row["size"], "used": row["size"], "format": row["format"] });
    if text(row, "content") == "backup" {
        merge(&mut one, json!({ "notes": row["notes"], "protected": 0 }));
    }
    Ok(one)
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a backup job covers a guest.
fn covers(job: &Map<String, Value>, guest: &Guest) -> bool {
    let lists = |key: &str| {
        let vmid = guest.vmid.to_string();
        job.get(key).and_then(Value::as_str).is_some_and(|list| list.split(',').any(|id| id == vmid))
    };
    let pool = job.get("pool").and_then(Value::as_str);
    let all = job.get("all").is_some_and(|all| *all == 1);
    job.get("enabled").is_none_or(|enabled| *enabled != 0)
        && ((all && !lists("exclude")) || lists("vmid") || (pool.is_some() && pool == guest.pool.as_deref()))
}

pub(super) fn not_backed_up(state: &State) -> Value {
    let jobs: Vec<_> = state.jobs.iter().filter_map(Value::as_object).collect();
    let bare = state.guests.values().filter(|guest| !jobs.iter().any(|job| covers(job, guest)));
    bare.map(|guest| json!({ "vmid": guest.vmid, "name": guest.name(), "type": guest.kind.word() })).collect()
}
