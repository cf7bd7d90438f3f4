//! High availability: which guests are in its care, what its manager has in mind, and how far its agents are.
//!
//! The manager decides every ten seconds (`manager`), an agent on each node carries it out (`agent`), `place` chooses
//! nodes, `resources` takes requests, `shown` tells. While nothing happens no round is counted: its time follows from
//! the clock.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::state::{Due, Guest, Kind, Ms, State};

mod agent;
mod manager;
mod place;
mod resources;
mod shown;

pub(super) use resources::{add, change, remove, send};
pub(super) use shown::{manager_status, resource, resources, status};

/// How long each round takes; the manager's begins at the sixth second of it, the agents' at the eighth.
const ROUND: Ms = 10_000;
const MANAGER_AT: Ms = 6_000;
const AGENTS_AT: Ms = 8_000;
/// An agent that has nothing to do, or whose node is in maintenance, looks twice as often.
const AGENTS_OFTEN: Ms = 5_000;
/// How long a lock outlives who held it.
const LOCK: Ms = 120_000;
/// How long a node may be silent before its guests are taken from it.
const FENCE_DELAY: Ms = 60_000;
/// How long a watchdog waits before it resets its node.
pub(super) const WATCHDOG: Ms = 60_000;

/// A guest in its care.
#[derive(Clone, Debug, Default)]
pub(super) struct Ha {
    /// What is wanted of it: `started`, `stopped`, `disabled`, `ignored`; not set, that it runs.
    pub(super) wanted: Option<&'static str>,
    /// What else is set: `max_restart`, `max_relocate`, `failback`, `comment`.
    pub(super) more: Map<String, Value>,
    /// Somebody has taken it out; the manager forgets it in its next round.
    pub(super) removed: bool,
    /// What the manager knows of it, once it has seen it.
    pub(super) service: Option<Service>,
}

/// What the manager and its agents do with a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Stopped,
    RequestStop,
    RequestStart,
    Started,
    Migrate,
    Relocate,
    Fence,
    Recovery,
    Freeze,
    Error,
}

impl Phase {
    pub(super) fn word(self) -> &'static str {
        match self {
            Phase::Stopped => "stopped",
            Phase::RequestStop => "request_stop",
            Phase::RequestStart => "request_start",
            Phase::Started => "started",
            Phase::Migrate => "migrate",
            Phase::Relocate => "relocate",
            Phase::Fence => "fence",
            Phase::Recovery => "recovery",
            Phase::Freeze => "freeze",
            Phase::Error => "error",
        }
    }

    /// Whether an agent needs its lock for it.
    fn is_active(self) -> bool {
        !matches!(self, Phase::Stopped | Phase::Freeze | Phase::Error | Phase::RequestStart)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Service {
    pub(super) phase: Phase,
    pub(super) node: String,
    /// Its agent has seen it run since it was to.
    running: bool,
    /// Where it is being moved.
    target: Option<String>,
    /// How long it may take to stop, in seconds.
    timeout: Option<i64>,
    order: Option<Order>,
    /// Where it failed to start.
    failed: Vec<String>,
    /// The node that it left for maintenance.
    fallback: Option<String>,
    /// Which of its orders this is, as far as the manager can tell them apart.
    turn: u64,
    /// How often its agent has tried to start it.
    tries: u64,
    /// The task that its agent waits for.
    job: Option<Job>,
    result: Option<Done>,
}

/// A task that an agent waits for.
#[derive(Clone, Copy, Debug)]
struct Job {
    task: usize,
    /// It only stops the guest, which is moved next.
    then_moves: bool,
}

/// What an agent reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Well,
    Badly,
}

/// What somebody asks of the manager for one guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Let it run somewhere else: moved while it runs, or stopped and started there.
    Move { online: bool, target: String },
    /// Stop it within this time, in seconds.
    Stop { timeout: i64 },
}

/// Which of the two goes about its work.
#[derive(Clone, Copy, Debug)]
pub(super) enum Round {
    Manager,
    Agents,
}

/// What belongs to no guest.
#[derive(Default)]
pub(super) struct Manager {
    /// The node whose manager decides.
    master: Option<String>,
    /// It went off in good order, so that another may take over at once.
    released: bool,
    /// What it makes of each node: `online`, `maintenance`, `unknown`, `fence`.
    nodes: BTreeMap<String, &'static str>,
    last_online: BTreeMap<String, Ms>,
    /// The nodes that somebody wants to work on.
    requested: BTreeSet<String>,
    /// What waits for its next round.
    orders: Vec<(u32, Order)>,
    maintenance_orders: Vec<(String, bool)>,
    pub(super) agents: BTreeMap<String, Agent>,
    /// How often the configuration has changed.
    version: u64,
    manager_due: bool,
    agents_due: bool,
}

/// The agent of a node.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    /// `active`, `maintenance`, or how its node goes down: `restart`, `shutdown`.
    pub(super) mode: &'static str,
    /// `wait_for_agent_lock`, `active`, `maintenance`, `lost_agent_lock`.
    pub(super) state: &'static str,
    /// It has ended in good order and given its lock back, at this time.
    pub(super) ended: Option<Ms>,
    /// Since when it has nothing in its care.
    empty: Option<Ms>,
}

impl Default for Agent {
    fn default() -> Agent {
        Agent { mode: "active", state: "wait_for_agent_lock", ended: None, empty: None }
    }
}

impl Ha {
    /// As it stands in the first state of a cluster: nothing is left to do.
    pub(super) fn settled(wanted: &'static str, node: &str) -> Ha {
        let phase = if wanted == "started" { Phase::Started } else { Phase::Stopped };
        let service = Service { running: phase == Phase::Started, ..Service::new(phase, node) };
        Ha { wanted: Some(wanted), service: Some(service), ..Ha::default() }
    }

    /// What is wanted in the end.
    pub(super) fn wanted(&self) -> &'static str {
        self.wanted.unwrap_or("started")
    }

    fn number(&self, key: &str) -> u64 {
        self.more.get(key).and_then(Value::as_u64).unwrap_or(1)
    }
}

impl Service {
    fn new(phase: Phase, node: &str) -> Service {
        Service {
            phase,
            node: node.to_owned(),
            running: false,
            target: None,
            timeout: None,
            order: None,
            failed: Vec::new(),
            fallback: None,
            turn: 0,
            tries: 0,
            job: None,
            result: None,
        }
    }

    /// Goes on to something else; what belonged to the old is forgotten.
    fn enter(&mut self, phase: Phase) {
        *self = Service {
            failed: std::mem::take(&mut self.failed),
            fallback: self.fallback.take(),
            turn: self.turn + 1,
            ..Service::new(phase, &self.node)
        };
    }
}

impl Guest {
    /// Its name among the resources.
    pub(super) fn sid(&self) -> String {
        format!("{}:{}", if self.kind == Kind::Qemu { "vm" } else { "ct" }, self.vmid)
    }

    /// Its configuration there, unless somebody has taken it out.
    pub(super) fn ha_config(&self) -> Option<&Ha> {
        self.ha.as_ref().filter(|ha| !ha.removed)
    }

    /// Whether requests to turn it on and off go by way of the manager.
    pub(super) fn is_ha_managed(&self) -> bool {
        self.ha_config().is_some_and(|ha| ha.wanted() != "ignored")
    }

    fn service(&self) -> Option<&Service> {
        self.ha.as_ref()?.service.as_ref()
    }

    /// What the manager does with it now, if it knows it.
    pub(super) fn ha_phase(&self) -> Option<&'static str> {
        self.service().map(|service| service.phase.word())
    }

    /// What the overview says of it there; nothing before the manager has seen it, unless it is configured.
    pub(super) fn ha_word(&self) -> Option<&'static str> {
        self.service().map(|service| service.phase.word()).or_else(|| self.ha_config()?.wanted)
    }
}

impl State {
    /// Sets it up for a cluster in which it has run for long.
    pub(super) fn ha_begin(&mut self) {
        self.ha.master = self.nodes.first().map(|node| node.name.clone());
        for node in &self.nodes {
            let busy = self.guests_on(&node.name).filter_map(Guest::service).any(|service| service.phase.is_active());
            let online = node.offline.is_none();
            let state = if busy && online { "active" } else { "wait_for_agent_lock" };
            self.ha.agents.insert(node.name.clone(), Agent { state, ..Agent::default() });
            self.ha.nodes.insert(node.name.clone(), if online { "online" } else { "unknown" });
        }
    }

    /// Something has happened that it may have to see to.
    pub(super) fn wake_ha(&mut self) {
        if !std::mem::replace(&mut self.ha.manager_due, true) {
            self.schedule(next(self.now, ROUND, MANAGER_AT), Due::Ha(Round::Manager));
        }
        if !std::mem::replace(&mut self.ha.agents_due, true) {
            let often = next(self.now, AGENTS_OFTEN, AGENTS_AT % AGENTS_OFTEN);
            self.schedule(often, Due::Ha(Round::Agents));
        }
    }

    /// What the manager makes of a node.
    pub(super) fn ha_node(&self, node: &str) -> &'static str {
        self.ha.nodes.get(node).copied().unwrap_or("unknown")
    }

    pub(super) fn ha_goes_on(&mut self, round: Round) {
        let again = match round {
            Round::Manager => {
                self.ha.manager_due = false;
                self.manager_round()
            }
            Round::Agents => {
                self.ha.agents_due = false;
                self.agents_round()
            }
        };
        if again {
            self.wake_ha();
        }
    }

    /// The guests that it knows, in the order of their names.
    fn managed(&self) -> Vec<u32> {
        let mut known: Vec<(String, u32)> =
            self.guests.values().filter(|guest| guest.ha.is_some()).map(|guest| (guest.sid(), guest.vmid)).collect();
        known.sort();
        known.into_iter().map(|(_, vmid)| vmid).collect()
    }

    fn service_mut(&mut self, vmid: u32) -> Option<&mut Service> {
        self.guests.get_mut(&vmid)?.ha.as_mut()?.service.as_mut()
    }

    /// How many guests keep the agent of a node busy.
    fn ha_load(&self, node: &str) -> usize {
        let here = |service: &&Service| service.node == node || service.target.as_deref() == Some(node);
        self.guests.values().filter_map(Guest::service).filter(here).filter(|service| service.phase.is_active()).count()
    }
}

/// The next time after this one that lies so far into a period.
fn next(now: Ms, period: Ms, offset: Ms) -> Ms {
    last(now, period, offset) + period
}

/// The last such time that has come.
fn last(now: Ms, period: Ms, offset: Ms) -> Ms {
    (now - offset).div_euclid(period) * period + offset
}
