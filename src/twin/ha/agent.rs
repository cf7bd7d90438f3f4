//! What the agents of high availability do on their nodes: they hold a lock, and carry out what the manager decided.

use super::{AGENTS_AT, Agent, Done, Job, MANAGER_AT, Phase, ROUND, Service, WATCHDOG, last};
use crate::twin::state::{Due, Kind, Ms, Power, State};
use crate::twin::work::Work;

/// How many guests an agent sees to at a time.
const AT_A_TIME: usize = 4;
/// How long a guest may take to shut down when nothing else is said, in seconds.
const SHUTDOWN: i64 = 60;
/// After so long without a guest in its care, an agent gives its lock back.
const IDLE: Ms = 600_000;

impl State {
    /// Whether there will be something to do without anybody asking for it.
    pub(super) fn agents_round(&mut self) -> bool {
        let main = last(self.now, ROUND, AGENTS_AT) == self.now;
        let online = self.nodes.iter().filter(|node| node.offline.is_none()).map(|node| node.name.clone());
        let mut again = false;
        for node in online.collect::<Vec<_>>() {
            let Some(agent) = self.ha.agents.get(&node).filter(|agent| agent.ended.is_none()) else { continue };
            let often = agent.state == "wait_for_agent_lock" || agent.mode == "maintenance";
            if main || often {
                again |= self.agent_acts(&node);
            } else {
                again = true;
            }
        }
        again
    }

    fn agent_acts(&mut self, node: &str) -> bool {
        let Some(mut agent) = self.ha.agents.get(node).cloned() else { return false };
        let (before, load) = (agent.clone(), self.ha_load(node));
        if matches!(agent.mode, "restart" | "shutdown") {
            return false;
        }
        if !self.is_quorate() {
            if matches!(agent.state, "active" | "maintenance") {
                agent.state = "lost_agent_lock";
                self.ha.agents.insert(node.to_owned(), agent);
            }
            return false;
        }
        match (agent.mode, self.ha.requested.contains(node)) {
            ("active", true) => agent.mode = "maintenance",
            ("maintenance", false) => agent.mode = "active",
            _ => {}
        }
        let busy = self.works_at(node) > 0;
        agent.state = match agent.state {
            "wait_for_agent_lock" if load > 0 => "active",
            "lost_agent_lock" => "active",
            "active" if agent.mode == "maintenance" => "maintenance",
            "maintenance" if load == 0 && !busy && agent.mode != "maintenance" => "active",
            state => state,
        };
        let idle = !self.guests.values().filter_map(|guest| guest.service()).any(|service| service.node == node);
        agent.empty = if idle { agent.empty.or(Some(self.now)) } else { None };
        let works = matches!(agent.state, "active" | "maintenance");
        let changed = (agent.mode, agent.state) != (before.mode, before.state);
        self.ha.agents.insert(node.to_owned(), agent);
        let acted = works && self.see_to_guests(node);
        changed || acted || self.works_at(node) > 0
    }

    /// How many guests an agent is seeing to at present.
    fn works_at(&self, node: &str) -> usize {
        let here = |service: &&Service| service.node == node && service.job.is_some();
        self.guests.values().filter_map(|guest| guest.service()).filter(here).count()
    }

    fn see_to_guests(&mut self, node: &str) -> bool {
        let mut acted = false;
        for vmid in self.managed() {
            let here = |service: &&mut Service| service.node == node;
            let Some(service) = self.service_mut(vmid).filter(here) else { continue };
            let (busy, told) = (service.job.is_some(), service.result.is_some());
            if busy {
                acted |= self.hear(vmid, node);
            } else if !told && self.works_at(node) < AT_A_TIME {
                acted |= self.see_to(vmid, node);
            }
        }
        acted
    }

    /// Begins what a guest needs; whether it needs anything.
    fn see_to(&mut self, vmid: u32, node: &str) -> bool {
        let Some(guest) = self.guests.get(&vmid) else { return false };
        let Some(service) = guest.service() else { return false };
        let (phase, ran, target, timeout) = (service.phase, service.running, service.target.clone(), service.timeout);
        let (kind, runs, here) = (guest.kind, guest.power_at(self.now) != Power::Stopped, guest.node == node);
        let stop = |timeout: Option<i64>| match timeout.unwrap_or(SHUTDOWN) {
            0 => Work::Stop,
            timeout => Work::Shutdown { timeout, force: true },
        };
        let mut then_moves = false;
        let work = match phase {
            Phase::Started | Phase::RequestStop if !here => return self.reports(vmid, Done::Badly),
            Phase::Started if runs && ran => return false,
            Phase::Started if runs => return self.reports(vmid, Done::Well),
            Phase::Started => Work::Start,
            Phase::RequestStop if !runs => return self.reports(vmid, Done::Well),
            Phase::RequestStop => stop(timeout),
            Phase::Stopped if runs && here => stop(None),
            Phase::Migrate | Phase::Relocate => match target {
                Some(target) if guest.node == target => return self.reports(vmid, Done::Well),
                // A container is never moved while it runs, and what is relocated is not either.
                Some(_) if runs && (kind == Kind::Lxc || phase == Phase::Relocate) => {
                    then_moves = true;
                    stop(None)
                }
                Some(target) => self.ha_migration(vmid, target),
                None => return self.reports(vmid, Done::Badly),
            },
            _ => return false,
        };
        let task = self.begin_for_ha(node, vmid, work);
        if let Some(service) = self.service_mut(vmid) {
            service.job = Some(Job { task, then_moves });
        }
        true
    }

    fn reports(&mut self, vmid: u32, done: Done) -> bool {
        if let Some(service) = self.service_mut(vmid) {
            service.result = Some(done);
        }
        true
    }

    /// Agents tell the manager what has become of their tasks.
    pub(super) fn hear_all(&mut self) {
        for vmid in self.managed() {
            let at = self.service_mut(vmid).filter(|service| service.job.is_some()).map(|service| service.node.clone());
            if let Some(node) = at.filter(|node| self.is_online(node)) {
                self.hear(vmid, &node);
            }
        }
    }

    /// Whether a task has ended that an agent began for a guest; it is seen to what came of it.
    fn hear(&mut self, vmid: u32, node: &str) -> bool {
        let Some(job) = self.service_mut(vmid).and_then(|service| service.job) else { return false };
        if self.tasks[job.task].ended(self.now).is_none() {
            return false;
        }
        let Some(guest) = self.guests.get(&vmid) else { return false };
        let (runs, place) = (guest.power_at(self.now) != Power::Stopped, guest.node.clone());
        let restarts = guest.ha.as_ref().map_or(1, |ha| ha.number("max_restart"));
        let Some(service) = self.service_mut(vmid) else { return false };
        service.job = None;
        let arrived = service.target.as_ref() == Some(&place);
        let done = match service.phase {
            Phase::Started if runs => Done::Well,
            Phase::Started if service.tries < restarts => {
                service.tries += 1;
                return true;
            }
            Phase::Started => Done::Badly,
            Phase::RequestStop if runs => Done::Badly,
            Phase::RequestStop => Done::Well,
            Phase::Migrate | Phase::Relocate if job.then_moves && !runs => return self.see_to(vmid, node),
            Phase::Migrate | Phase::Relocate if arrived => Done::Well,
            Phase::Migrate | Phase::Relocate => Done::Badly,
            _ => return true,
        };
        service.tries = 0;
        service.result = Some(done);
        true
    }

    /// The state that an agent tells: one that has had nothing to do for long has given its lock back.
    pub(super) fn agent_state(&self, node: &str) -> &'static str {
        let Some(agent) = self.ha.agents.get(node) else { return "wait_for_agent_lock" };
        let idle = agent.state == "active" && agent.empty.is_some_and(|since| self.now - since > IDLE);
        if idle { "wait_for_agent_lock" } else { agent.state }
    }

    /// A node is gone, and with it what its agent was at.
    pub(in crate::twin) fn ha_node_gone(&mut self, node: &str) {
        // The manager saw it in its last round, whether that was counted or not.
        let seen = last(self.now, ROUND, MANAGER_AT);
        self.ha.last_online.insert(node.to_owned(), seen);
        for vmid in self.managed() {
            if let Some(service) = self.service_mut(vmid).filter(|service| service.node == node) {
                service.job = None;
            }
        }
    }

    /// A node has booted: its agent begins anew.
    pub(in crate::twin) fn ha_node_back(&mut self, node: &str) {
        self.ha.agents.insert(node.to_owned(), Agent::default());
        if self.ha.master.as_deref() == Some(node) {
            self.ha.last_online.clear();
        }
    }

    /// A node goes down in good order: its agent stops what it has in its care. These are the tasks.
    pub(in crate::twin) fn ha_goes_down(&mut self, node: &str, back: bool) -> Vec<usize> {
        if let Some(agent) = self.ha.agents.get_mut(node).filter(|agent| agent.mode != "maintenance") {
            agent.mode = if back { "restart" } else { "shutdown" };
        }
        self.wake_ha();
        let here = |vmid: &u32| {
            let guest = self.guests.get(vmid).filter(|guest| guest.node == node && guest.service().is_some());
            guest.is_some_and(|guest| guest.power_at(self.now) != Power::Stopped)
        };
        let running: Vec<u32> = self.managed().into_iter().filter(here).collect();
        let stop = || Work::Shutdown { timeout: SHUTDOWN, force: true };
        running.into_iter().map(|vmid| self.begin_for_ha(node, vmid, stop())).collect()
    }

    /// Whether the agent of a node that goes down has to wait until its guests are left alone.
    pub(in crate::twin) fn ha_is_busy(&self, node: &str) -> bool {
        let mode = self.ha.agents.get(node).map_or("active", |agent| agent.mode);
        mode == "restart" && self.ha_load(node) > 0
    }

    /// The agent of a node has ended, and its manager as well.
    pub(in crate::twin) fn ha_has_ended(&mut self, node: &str) {
        let now = self.now;
        if let Some(agent) = self.ha.agents.get_mut(node) {
            (agent.ended, agent.state) = (Some(now), "wait_for_agent_lock");
        }
        if self.ha.master.as_deref() == Some(node) {
            self.ha.released = true;
        }
        self.wake_ha();
    }

    /// The quorum is gone: where an agent holds its lock, the watchdog of its node runs out, unless the quorum is back
    /// by then.
    pub(in crate::twin) fn start_watchdogs(&mut self) {
        let Some(since) = self.no_quorum else { return };
        let online = self.nodes.iter().filter(|node| node.offline.is_none()).map(|node| node.name.clone());
        let armed: Vec<String> = online.filter(|node| self.ha_load(node) > 0).collect();
        for node in armed {
            self.schedule(since + WATCHDOG, Due::Watchdog(node, since));
        }
    }
}
