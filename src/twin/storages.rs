//! How storages are shown: their definition, their state on each node, and what is in them.
//!
//! Knows that a disabled storage, one of another node and an unknown one fail in different words.

use serde_json::{Value, json};

use super::answer::{Answered, Params, failed, wrong};
use super::rrd::merge;
use super::state::{Node, State, Storage};

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
            if state.last_seen(&node.name).is_some() {
                let (disk, maxdisk) = self.space_at(state, node, state.seconds());
                merge(&mut row, json!({ "status": "available", "disk": disk, "maxdisk": maxdisk }));
            }
            row
        };
        nodes.map(row).collect()
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
    let images = state.images_on(storage, &node.name);
    let disks = images.into_iter().map(|(volid, image)| storage.image_row(state, volid, image));
    let here = |volume: &&Value| {
        let volid = text(volume, "volid");
        let archived = state.archives.get(volid).and_then(|archived| archived.node.as_ref());
        volid.starts_with(&place) && archived.is_none_or(|on| *on == node.name)
    };
    let others = state.volumes.iter().filter(here).cloned();
    let wanted = |row: &Value| {
        kind.is_none_or(|kind| text(row, "content") == kind) && vmid.is_none_or(|vmid| row["vmid"] == vmid)
    };
    Ok(disks.chain(others).filter(wanted).collect())
}

/// One volume alone, which also tells where it lies.
pub(super) fn volume(state: &State, node: &Node, id: &str, volid: &str) -> Answered {
    let storage = find(state, id)?;
    let row = listed(state, node, id, volid)?;
    let name = volid.split_once(':').map_or(volid, |(_, name)| name);
    let path = path(storage, name);
    let used = state.images.get(volid).map_or_else(|| row["size"].clone(), |image| image.written.into());
    let mut one = json!({ "path": path, "size": row["size"], "used": used, "format": row["format"] });
    if text(&row, "content") == "backup" {
        merge(&mut one, json!({ "notes": row["notes"], "protected": u8::from(row["protected"] == 1) }));
    }
    Ok(one)
}

/// Where a volume of this name lies.
pub(super) fn path(storage: &Storage, name: &str) -> String {
    let of = |key: &str| storage.more.get(key).and_then(Value::as_str).unwrap_or_default();
    match storage.kind.as_str() {
        "zfspool" | "rbd" => storage.path(name),
        "pbs" => format!("{}@{}:{}:{name}", of("username"), of("server"), of("datastore")),
        _ => format!("{}/{}", of("path"), name.replacen("backup/", "dump/", 1).replacen("iso/", "template/iso/", 1)),
    }
}

/// A volume's row in the list of its storage.
pub(super) fn listed(state: &State, node: &Node, id: &str, volid: &str) -> Answered {
    let rows = content(state, node, id, Params(&[]))?;
    match rows.as_array().and_then(|rows| rows.iter().find(|row| text(row, "volid") == volid)) {
        Some(row) => Ok(row.clone()),
        None => failed(format!("volume '{volid}' does not exist")),
    }
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row.get(key).and_then(Value::as_str).unwrap_or_default()
}
