//! How high availability is shown: its resources, the state of its manager and its agents.

use serde_json::{Map, Value, json};

use super::{AGENTS_AT, AGENTS_OFTEN, Ha, MANAGER_AT, Phase, ROUND, Service, last};
use crate::twin::answer::{Answered, Params, failed};
use crate::twin::rrd::{merge, mix};
use crate::twin::state::{Guest, Node, State};
use crate::twin::written::ctime;

/// A sign of life that is older counts as none, in seconds.
const OLD: i64 = 30;

impl Ha {
    fn row(&self, sid: &str, digest: &str) -> Value {
        let mut row = json!({ "sid": sid, "type": sid[..2], "digest": digest });
        merge(&mut row, json!(self.wanted.map(|wanted| json!({ "state": wanted }))));
        merge(&mut row, self.more.clone().into());
        row
    }
}

impl State {
    /// Stands for the checksum of the configuration file.
    pub(super) fn ha_digest(&self) -> String {
        match self.ha.version {
            0 => "1f0a7c52be9d4c8895b1f3e6d7a2c4b8091e5f63".to_owned(),
            version => {
                let words = [1, 2, 3].map(|word| format!("{:016x}", mix(version * 31 + word)));
                words.concat()[..40].to_owned()
            }
        }
    }

    fn configured(&self) -> impl Iterator<Item = (String, &Guest, &Ha)> {
        self.managed().into_iter().filter_map(|vmid| {
            let guest = self.guests.get(&vmid)?;
            Some((guest.sid(), guest, guest.ha_config()?))
        })
    }

    /// When the manager said something last, in seconds.
    fn manager_seen(&self) -> i64 {
        let master = self.ha.master.as_deref().and_then(|master| self.node(master));
        let silent = [master.and_then(|node| node.offline).map(|since| since * 1000), self.no_quorum];
        let at = silent.into_iter().flatten().min().unwrap_or(self.now);
        last(at, ROUND, MANAGER_AT) / 1000
    }

    /// When the agent of a node did.
    fn agent_seen(&self, node: &Node) -> i64 {
        let agent = self.ha.agents.get(&node.name);
        let ended = agent.and_then(|agent| agent.ended).map(|at| at / 1000);
        if let Some(since) = ended.or(node.offline) {
            return since;
        }
        let often = agent.is_some_and(|agent| agent.mode == "maintenance")
            || self.agent_state(&node.name) == "wait_for_agent_lock";
        let period = if often { AGENTS_OFTEN } else { ROUND };
        last(self.no_quorum.unwrap_or(self.now), period, AGENTS_AT % period) / 1000
    }
}

/// `GET /cluster/ha/resources`.
pub(in crate::twin) fn resources(state: &State, params: Params<'_>) -> Answered {
    let kind = params.only(&["type"])?.one_of("type", &["ct", "vm"])?;
    let digest = state.ha_digest();
    let wanted = state.configured().filter(|(sid, ..)| kind.is_none_or(|kind| sid.starts_with(kind)));
    Ok(wanted.map(|(sid, _, ha)| ha.row(&sid, &digest)).collect())
}

/// `GET /cluster/ha/resources/{sid}`; a number stands for its guest.
pub(in crate::twin) fn resource(state: &State, id: &str) -> Answered {
    let by_number = id.parse().ok().and_then(|vmid: u32| state.guests.get(&vmid)).map(Guest::sid);
    let sid = by_number.unwrap_or_else(|| id.to_owned());
    match state.configured().find(|(known, ..)| *known == sid) {
        Some((sid, _, ha)) => Ok(ha.row(&sid, &state.ha_digest())),
        None => failed(format!("no such resource '{sid}'")),
    }
}

impl Service {
    fn shown(&self, vmid: u32) -> Value {
        let uid = format!("{:x}", mix(u64::from(vmid) + 4_000 + (self.turn << 32)));
        let mut row = json!({ "node": self.node, "state": self.phase.word(), "uid": uid });
        if self.phase == Phase::Started && self.running {
            merge(&mut row, json!({ "running": 1 }));
        }
        for (key, value) in [("target", &self.target), ("maintenance_node", &self.fallback)] {
            merge(&mut row, json!(value.as_ref().map(|value| json!({ key: value }))));
        }
        if !self.failed.is_empty() {
            merge(&mut row, json!({ "failed_nodes": self.failed }));
        }
        row
    }

    /// What is told of it to people, with what is wanted in view.
    fn said(&self, ha: &Ha) -> &'static str {
        match (self.phase, ha.wanted()) {
            _ if ha.removed => "deleting",
            (_, "ignored") => "ignored",
            (Phase::Stopped, "started") => "starting",
            (Phase::Stopped, "disabled") => "disabled",
            (Phase::Started, _) if !self.running => "starting",
            (Phase::Started, "stopped" | "disabled") => "stopping",
            (Phase::Error, "disabled") => "clearing error flag",
            (phase, _) => phase.word(),
        }
    }
}

/// `GET /cluster/ha/status/manager_status`: as the manager itself keeps it.
pub(in crate::twin) fn manager_status(state: &State) -> Value {
    let master = state.ha.master.as_deref().unwrap_or_default();
    let services = state.managed().into_iter().filter_map(|vmid| {
        let guest = state.guests.get(&vmid)?;
        Some((guest.sid(), guest.service()?.shown(vmid)))
    });
    let agents = state.nodes.iter().map(|node| {
        let agent = state.ha.agents.get(&node.name).cloned().unwrap_or_default();
        let word = state.agent_state(&node.name);
        let row = json!({ "mode": agent.mode, "state": word, "results": {}, "timestamp": state.agent_seen(node) });
        (node.name.clone(), row)
    });
    let mut manager = json!({
        "master_node": master, "timestamp": state.manager_seen(), "node_status": state.ha.nodes,
        "service_status": services.collect::<Map<_, _>>(),
    });
    if !state.ha.requested.is_empty() {
        let requests = state.ha.requested.iter().map(|node| (node.clone(), json!({ "maintenance": 1 })));
        merge(&mut manager, json!({ "node_request": requests.collect::<Map<_, _>>() }));
    }
    let quorate = if state.is_quorate() { "1" } else { "" };
    json!({
        "manager_status": manager, "quorum": { "node": state.here(), "quorate": quorate },
        "lrm_status": agents.collect::<Map<_, _>>(),
    })
}

/// `GET /cluster/ha/status/current`.
pub(in crate::twin) fn status(state: &State) -> Value {
    let (now, here, quorate) = (state.seconds(), state.here(), state.is_quorate());
    let words = if quorate { "OK".to_owned() } else { format!("No quorum on node '{here}'!") };
    let mut rows =
        vec![json!({ "id": "quorum", "type": "quorum", "node": here, "status": words, "quorate": u8::from(quorate) })];
    if let Some(master) = &state.ha.master {
        let seen = state.manager_seen();
        let active = now - seen <= OLD;
        let word = if active { "active" } else { "old timestamp - dead?" };
        let (armed, guard) = if active { ("armed", "active") } else { ("standby", "standby") };
        rows.push(json!({
            "id": "master", "type": "master", "node": master, "timestamp": seen,
            "status": format!("{master} ({word}, {}) - static load CRS", ctime(seen)),
        }));
        rows.push(json!({
            "id": "fencing", "type": "fencing", "node": master, "armed-state": armed,
            "status": format!("{armed} (CRM watchdog {guard})"),
        }));
    }
    rows.extend(state.nodes.iter().map(|node| agent_row(state, node)));
    for vmid in state.managed() {
        let Some((guest, ha)) = state.guests.get(&vmid).and_then(|guest| Some((guest, guest.ha.as_ref()?))) else {
            continue;
        };
        rows.push(service_row(guest, ha));
    }
    rows.into()
}

fn agent_row(state: &State, node: &Node) -> Value {
    let (name, seen) = (&node.name, state.agent_seen(node));
    let (mode, word) = (state.ha.agents.get(name).map_or("active", |agent| agent.mode), state.agent_state(name));
    let alive = state.seconds() - seen <= OLD;
    let guard = if alive && matches!(word, "active" | "maintenance") { "active" } else { "standby" };
    let said = match mode {
        "active" if alive && word == "wait_for_agent_lock" && state.ha_load(name) == 0 => "idle".to_owned(),
        "active" if alive => word.to_owned(),
        mode if alive || mode == "maintenance" => format!("{mode} mode"),
        _ => "old timestamp - dead?".to_owned(),
    };
    json!({
        "id": format!("lrm:{name}"), "type": "lrm", "node": name, "timestamp": seen,
        "status": format!("{name} ({said}, watchdog {guard}, {})", ctime(seen)),
    })
}

fn service_row(guest: &Guest, ha: &Ha) -> Value {
    let (sid, service) = (guest.sid(), guest.service());
    let node = service.map_or(guest.node.as_str(), |service| service.node.as_str());
    let said = match service {
        _ if ha.removed => "deleting",
        _ if ha.wanted() == "ignored" => "ignored",
        Some(service) => service.said(ha),
        None => "queued",
    };
    let mut row = json!({
        "id": format!("service:{sid}"), "type": "service", "sid": sid, "node": node, "state": said,
        "status": format!("{sid} ({node}, {said})"),
    });
    merge(&mut row, json!(service.map(|service| json!({ "crm_state": service.phase.word() }))));
    if !ha.removed {
        merge(&mut row, json!({ "request_state": ha.wanted(), "max_restart": 1, "max_relocate": 1, "failback": 1 }));
        merge(&mut row, ha.more.clone().into());
    }
    row
}
