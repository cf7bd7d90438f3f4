//! How the cluster as a whole is shown: members and resources.
//!
//! Knows which rows the big lists are made of; the rows themselves stand with their objects.

use serde_json::{Value, json};

use super::answer::{Answered, Params, wrong};
use super::rrd::merge;
use super::state::State;

pub(super) fn status(state: &State) -> Value {
    let mut rows = vec![json!({
        "type": "cluster", "id": "cluster", "name": state.cluster, "nodes": state.nodes.len(), "version": 4,
        "quorate": u8::from(state.is_quorate()),
    })];
    for node in &state.nodes {
        let online = node.offline.is_none();
        let mut row = json!({
            "type": "node", "id": format!("node/{}", node.name), "name": node.name, "nodeid": node.id, "level": "",
            "local": u8::from(node.name == state.here()), "online": u8::from(online),
        });
        if online {
            merge(&mut row, json!({ "ip": node.ip }));
        }
        rows.push(row);
    }
    rows.into()
}

pub(super) fn resources(state: &State, params: Params<'_>) -> Answered {
    let kind = params.only(&["type"])?.one_of("type", &["vm", "storage", "node", "sdn"])?;
    let wanted = |one: &str| kind.is_none_or(|kind| kind == one);
    let mut rows: Vec<Value> = Vec::new();
    if kind.is_none() {
        rows.extend(state.pools.iter().map(|pool| pool.resource(state)));
    }
    if wanted("vm") {
        rows.extend(state.guests.values().map(|guest| guest.resource(state)));
    }
    if wanted("node") {
        rows.extend(state.nodes.iter().map(|node| node.resource(state)));
    }
    if wanted("storage") {
        rows.extend(state.storages.iter().flat_map(|storage| storage.resources(state)));
    }
    // They have another type than the one that asks for them, so that `type=sdn` finds none.
    if kind.is_none() {
        rows.extend(state.nodes.iter().map(|node| {
            json!({
                "id": format!("network/{}/zone/localnetwork", node.name), "type": "network", "network": "localnetwork",
                "network-type": "zone", "node": node.name, "status": "ok",
            })
        }));
        let online = state.nodes.iter().filter(|node| node.offline.is_none());
        rows.extend(online.map(|node| {
            json!({
                "id": format!("network/{}/zone/vlans", node.name), "type": "network", "network": "vlans",
                "network-type": "zone", "zone-type": "vlan", "node": node.name, "status": "ok",
            })
        }));
    }
    Ok(rows.into())
}

pub(super) fn next_id(state: &State, params: Params<'_>) -> Answered {
    let taken = |vmid: i64| u32::try_from(vmid).is_ok_and(|vmid| state.guests.contains_key(&vmid));
    match params.only(&["vmid"])?.int("vmid")? {
        Some(vmid) if taken(vmid) => wrong("vmid", format!("VM {vmid} already exists")),
        Some(vmid) => Ok(vmid.to_string().into()),
        None => Ok((100..).find(|vmid| !taken(*vmid)).map(|vmid: i64| vmid.to_string()).into()),
    }
}
