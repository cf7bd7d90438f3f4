//! How the cluster as a whole is shown: members, resources, pools, high availability.
//!
//! Knows which rows the big lists are made of; the rows themselves stand with their objects.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use super::answer::{Answered, Params, failed, wrong};
use super::rrd::merge;
use super::state::{Guest, Ha, Kind, Pool, Power, State};

pub(super) fn status(state: &State) -> Value {
    let mut rows = vec![json!({
        "type": "cluster", "id": "cluster", "name": state.cluster, "nodes": state.nodes.len(), "version": 4,
        "quorate": 1,
    })];
    for (n, node) in state.nodes.iter().enumerate() {
        let online = node.offline.is_none();
        let mut row = json!({
            "type": "node", "id": format!("node/{}", node.name), "name": node.name, "nodeid": node.id, "level": "",
            "local": u8::from(n == 0), "online": u8::from(online),
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

impl Pool {
    fn guests<'a>(&'a self, state: &'a State) -> impl Iterator<Item = &'a Guest> {
        state.guests.values().filter(|guest| guest.pool.as_ref() == Some(&self.poolid))
    }

    /// What its running guests use; nothing when none runs.
    fn resource(&self, state: &State) -> Value {
        let at = state.lagging();
        let runs = |guest: &&Guest| state.is_online(&guest.node) && guest.power_at(at) != Power::Stopped;
        let running: Vec<&Guest> = self.guests(state).filter(runs).collect();
        let mut row = json!({ "id": format!("/pool/{}", self.poolid), "type": "pool", "pool": self.poolid });
        let cores: u64 = running.iter().map(|guest| guest.cores()).sum();
        if cores > 0 {
            let busy: f64 = running.iter().map(|guest| guest.cpu_at(at) * guest.cores() as f64).sum();
            merge(
                &mut row,
                json!({
                    "maxcpu": cores, "cpu": (busy / cores as f64 * 1e6).round() / 1e6,
                    "mem": running.iter().map(|guest| guest.mem_at(at)).sum::<u64>(),
                    "maxmem": running.iter().map(|guest| guest.memory()).sum::<u64>(),
                    "uptime": running.iter().map(|guest| guest.uptime_at(at)).max(),
                }),
            );
        }
        row
    }

    fn listed(&self) -> Value {
        let mut row = json!({ "poolid": self.poolid });
        merge(&mut row, json!(self.comment.as_ref().map(|comment| json!({ "comment": comment }))));
        row
    }

    fn with_members(&self, state: &State, params: Params<'_>) -> Answered {
        let kind = params.one_of("type", &["qemu", "lxc", "storage"])?;
        let wanted = |guest: &&Guest| kind.is_none_or(|kind| guest.kind.word() == kind);
        let members: Value = self.guests(state).filter(wanted).map(|guest| guest.member(state)).collect();
        let mut row = self.listed();
        merge(&mut row, json!({ "members": members }));
        Ok(row)
    }
}

pub(super) fn pools(state: &State, params: Params<'_>) -> Answered {
    match params.only(&["poolid", "type"])?.get("poolid") {
        Some(id) => Ok(json!([pool(state, id, params)?])),
        None => Ok(state.pools.iter().map(Pool::listed).collect()),
    }
}

pub(super) fn pool(state: &State, id: &str, params: Params<'_>) -> Answered {
    match state.pools.iter().find(|pool| pool.poolid == id) {
        Some(pool) => pool.with_members(state, params),
        None => failed(format!("pool '{id}' does not exist")),
    }
}

pub(super) fn next_id(state: &State, params: Params<'_>) -> Answered {
    let taken = |vmid: i64| u32::try_from(vmid).is_ok_and(|vmid| state.guests.contains_key(&vmid));
    match params.only(&["vmid"])?.int("vmid")? {
        Some(vmid) if taken(vmid) => wrong("vmid", format!("VM {vmid} already exists")),
        Some(vmid) => Ok(vmid.to_string().into()),
        None => Ok((100..).find(|vmid| !taken(*vmid)).map(|vmid: i64| vmid.to_string()).into()),
    }
}

impl Guest {
    /// Its name among the resources of the HA manager.
    fn sid(&self) -> String {
        format!("{}:{}", if self.kind == Kind::Qemu { "vm" } else { "ct" }, self.vmid)
    }
}

fn managed(state: &State) -> impl Iterator<Item = (&Guest, &Ha)> {
    state.guests.values().filter_map(|guest| Some((guest, guest.ha.as_ref()?)))
}

pub(super) fn ha_resources(state: &State) -> Value {
    let row = |(guest, ha): (&Guest, &Ha)| {
        let sid = guest.sid();
        json!({ "sid": sid, "type": sid[..2], "state": ha.wanted, "digest": "1f0a7c52be9d4c8895b1f3e6d7a2c4b8091e5f63" })
    };
    managed(state).map(row).collect()
}

/// The date as `ctime` writes it.
fn dated(seconds: i64) -> String {
    let at = UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    // `Thu, 15 Jan 2026 09:00:00 GMT`, in another order.
    let written = httpdate::fmt_http_date(at);
    let day = written[5..7].trim_start_matches('0');
    format!("{} {} {day:>2} {} {}", &written[..3], &written[8..11], &written[17..25], &written[12..16])
}

pub(super) fn ha_status(state: &State) -> Value {
    let now = state.seconds();
    let master = state.nodes.first().map(|node| node.name.as_str()).unwrap_or_default();
    let mut rows = vec![
        json!({ "id": "quorum", "type": "quorum", "node": master, "status": "OK", "quorate": 1 }),
        json!({
            "id": "master", "type": "master", "node": master, "timestamp": now - 4,
            "status": format!("{master} (active, {}) - static load CRS", dated(now - 4)),
        }),
        json!({
            "id": "fencing", "type": "fencing", "node": master, "armed-state": "armed",
            "status": "armed (CRM watchdog active)",
        }),
    ];
    for node in &state.nodes {
        let busy = managed(state).any(|(guest, _)| guest.node == node.name);
        let (seen, word) = match node.offline {
            Some(since) => (since, "old timestamp - dead?, watchdog standby"),
            None if busy => (now - 2, "active, watchdog active"),
            None => (now - 2, "wait_for_agent_lock, watchdog standby"),
        };
        rows.push(json!({
            "id": format!("lrm:{}", node.name), "type": "lrm", "node": node.name, "timestamp": seen,
            "status": format!("{} ({word}, {})", node.name, dated(seen)),
        }));
    }
    for (guest, ha) in managed(state) {
        let (sid, node) = (guest.sid(), &guest.node);
        rows.push(json!({
            "id": format!("service:{sid}"), "type": "service", "sid": sid, "node": node, "state": ha.state,
            "crm_state": ha.state, "request_state": ha.wanted, "status": format!("{sid} ({node}, {})", ha.state),
            "max_restart": 1, "max_relocate": 1, "failback": 1,
        }));
    }
    rows.into()
}
