//! What the manager of high availability decides in a round: which node is there, and what becomes of each guest.

use std::collections::BTreeSet;

use super::{Done, FENCE_DELAY, LOCK, Order, Phase, Service};
use crate::twin::state::{Guest, Kind, State};

/// How a node is chosen: to stay where it is, the best one, or another one than those that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Preference {
    Stay,
    Best,
    Other,
}

/// Locks that a guest may keep from a node that died, and that do not matter any more.
const LEFT_OVER: &[&str] =
    &["backup", "mounted", "migrate", "clone", "rollback", "snapshot", "snapshot-delete", "suspending", "suspended"];

impl State {
    /// Whether there will be something to do without anybody asking for it.
    pub(super) fn manager_round(&mut self) -> bool {
        if !self.is_quorate() {
            return false;
        }
        match self.takes_over() {
            Some(true) => {}
            Some(false) => return true,
            None => return false,
        }
        self.hear_all();
        self.look_at_nodes();
        self.look_at_configuration();
        self.take_orders();
        let mut changed = false;
        loop {
            let mut again = false;
            for vmid in self.managed() {
                again |= self.decide(vmid);
            }
            again |= self.fence();
            if !again {
                break;
            }
            changed = true;
        }
        changed || self.is_waiting()
    }

    /// Whether somebody decides: now, once a lock has run out, or not at all.
    fn takes_over(&mut self) -> Option<bool> {
        let master = self.ha.master.clone().unwrap_or_default();
        if !self.ha.released && self.is_online(&master) {
            return Some(true);
        }
        let able = |name: &str| self.ha.agents.get(name).is_none_or(|agent| agent.ended.is_none());
        let next = self.nodes.iter().find(|node| node.offline.is_none() && able(&node.name))?.name.clone();
        if self.managed().is_empty() && self.ha.maintenance_orders.is_empty() {
            return None;
        }
        let since = self.node(&master).and_then(|node| node.offline).unwrap_or_default() * 1000;
        if !self.ha.released && self.now - since < LOCK {
            return Some(false);
        }
        self.ha.master = Some(next);
        self.ha.released = false;
        // It counts how long nodes are silent from its own beginning.
        self.ha.last_online.clear();
        Some(true)
    }

    fn look_at_nodes(&mut self) {
        let now = self.now;
        for node in &self.nodes {
            let mode = self.ha.agents.get(&node.name).map_or("active", |agent| agent.mode);
            let known = self.ha.nodes.entry(node.name.clone()).or_insert("unknown");
            let online = node.offline.is_none();
            if online {
                self.ha.last_online.insert(node.name.clone(), now);
            }
            *known = match (*known, online, mode) {
                ("online", true, "maintenance") => "maintenance",
                ("unknown", true, _) => "online",
                ("maintenance", true, mode) if mode != "maintenance" => "online",
                ("online", false, _) => "unknown",
                ("maintenance", false, mode) if mode != "maintenance" => "unknown",
                (word, ..) => word,
            };
        }
    }

    /// Guests that are new to it, and such that it has nothing to do with any more.
    fn look_at_configuration(&mut self) {
        for guest in self.guests.values_mut() {
            let node = guest.node.clone();
            let Some(ha) = &mut guest.ha else { continue };
            if ha.removed {
                guest.ha = None;
            } else if ha.wanted() == "ignored" {
                ha.service = None;
            } else if ha.service.is_none() {
                let phase = if ha.wanted() == "started" { Phase::RequestStart } else { Phase::RequestStop };
                ha.service = Some(Service::new(phase, &node));
            }
        }
    }

    fn take_orders(&mut self) {
        for (node, on) in std::mem::take(&mut self.ha.maintenance_orders) {
            match self.ha.nodes.get(&node).copied() {
                _ if !on => {
                    self.ha.requested.remove(&node);
                }
                Some("online") => {
                    self.ha.requested.insert(node);
                }
                _ => {}
            }
        }
        for (vmid, order) in std::mem::take(&mut self.ha.orders) {
            if let Order::Move { target, .. } = &order {
                let here = self.guests.get(&vmid).and_then(|guest| guest.service()).map(|service| service.node.clone());
                if !self.node_is("online", target) || here.as_ref() == Some(target) {
                    continue;
                }
                if !self.blocking(vmid, target).is_empty() {
                    continue;
                }
                let target = target.clone();
                for other in self.together_with(vmid) {
                    if let Some(service) = self.service_mut(other).filter(|service| service.node != target) {
                        service.order = Some(order.clone());
                    }
                }
            }
            if let Some(service) = self.service_mut(vmid) {
                service.order = Some(order);
            }
        }
    }

    pub(super) fn node_is(&self, word: &str, node: &str) -> bool {
        self.ha.nodes.get(node).copied() == Some(word)
    }

    /// Whether a node has been silent for so long that its guests may be taken from it.
    fn is_given_up(&mut self, node: &str) -> bool {
        if self.node_is("online", node) {
            return false;
        }
        let now = self.now;
        now - *self.ha.last_online.entry(node.to_owned()).or_insert(now) >= FENCE_DELAY
    }

    /// One step for a guest; whether it was one.
    fn decide(&mut self, vmid: u32) -> bool {
        let Some(guest) = self.guests.get(&vmid) else { return false };
        let (Some(service), Some(ha)) = (guest.service(), guest.ha.as_ref()) else { return false };
        let (phase, node, wanted, place) = (service.phase, service.node.clone(), ha.wanted(), guest.node.clone());
        let next = match phase {
            Phase::Stopped => self.decide_stopped(vmid, &node, wanted, place),
            Phase::RequestStart => Some(Phase::Started),
            Phase::Started => self.decide_started(vmid, &node, wanted),
            Phase::RequestStop => match self.report(vmid) {
                Some(Done::Well) => Some(Phase::Stopped),
                Some(Done::Badly) => Some(Phase::Error),
                None => self.is_given_up(&node).then_some(Phase::Fence),
            },
            Phase::Migrate | Phase::Relocate => self.decide_moved(vmid, &node, wanted),
            Phase::Recovery => self.recover(vmid, &node, wanted),
            Phase::Freeze => {
                let mode = self.ha.agents.get(&node).map_or("active", |agent| agent.mode);
                (mode == "active" && self.is_online(&node)).then(|| resumed(wanted))
            }
            Phase::Error => (wanted == "disabled").then_some(Phase::Stopped),
            Phase::Fence => None,
        };
        let restarts = self.ha.agents.get(&node).is_some_and(|agent| agent.mode == "restart");
        let freezes = |phase| matches!(phase, Phase::Started | Phase::Stopped | Phase::RequestStop);
        let next = match next {
            _ if restarts && freezes(next.unwrap_or(phase)) => Some(Phase::Freeze),
            next => next,
        };
        let Some(next) = next.filter(|next| *next != phase) else { return false };
        if let Some(service) = self.service_mut(vmid) {
            // What was just decided for the next step stays.
            let (target, timeout) = (service.target.take(), service.timeout.take());
            service.enter(next);
            (service.target, service.timeout) = (target, timeout);
            if phase == Phase::Error || (phase == Phase::Recovery && next == Phase::Stopped) {
                service.failed.clear();
            }
        }
        true
    }

    fn report(&mut self, vmid: u32) -> Option<Done> {
        self.service_mut(vmid)?.result.take()
    }

    fn decide_stopped(&mut self, vmid: u32, node: &str, wanted: &str, place: String) -> Option<Phase> {
        let order = self.service_mut(vmid).and_then(|service| {
            service.node = place;
            service.order.take()
        });
        if let Some(Order::Move { online, target }) = order
            && self.node_is("online", &target)
            && target != node
        {
            self.service_mut(vmid)?.target = Some(target);
            return Some(if online { Phase::Migrate } else { Phase::Relocate });
        }
        match wanted {
            "disabled" => None,
            _ if self.is_given_up(node) && !self.node_is("maintenance", node) => Some(Phase::Fence),
            "started" => Some(Phase::RequestStart),
            _ => None,
        }
    }

    fn decide_started(&mut self, vmid: u32, node: &str, wanted: &str) -> Option<Phase> {
        if !self.node_is("online", node) {
            if self.is_given_up(node) && !self.node_is("maintenance", node) {
                return Some(Phase::Fence);
            }
            if !self.node_is("maintenance", node) {
                return None;
            }
            self.service_mut(vmid)?.fallback = Some(node.to_owned());
        }
        if wanted != "started" {
            return Some(Phase::RequestStop);
        }
        match self.service_mut(vmid)?.order.take() {
            Some(Order::Stop { timeout }) => {
                self.service_mut(vmid)?.timeout = Some(timeout);
                self.guests.get_mut(&vmid)?.ha.as_mut()?.wanted = Some("stopped");
                self.ha.version += 1;
                return Some(Phase::RequestStop);
            }
            Some(Order::Move { online, target }) if self.node_is("online", &target) && target != node => {
                self.service_mut(vmid)?.target = Some(target);
                return Some(if online { Phase::Migrate } else { Phase::Relocate });
            }
            _ => {}
        }
        let preference = match self.report(vmid) {
            None => Preference::Stay,
            Some(Done::Well) => {
                let service = self.service_mut(vmid)?;
                service.failed.clear();
                service.running = true;
                Preference::Stay
            }
            Some(Done::Badly) => {
                let relocations = self.guests.get(&vmid)?.ha.as_ref()?.number("max_relocate");
                let service = self.service_mut(vmid)?;
                service.running = false;
                service.turn += 1;
                service.failed.push(node.to_owned());
                if service.failed.len() as u64 > relocations {
                    return Some(Phase::Error);
                }
                Preference::Other
            }
        };
        let chosen = self.choose(vmid, preference)?;
        if chosen == node {
            return None;
        }
        let kind = self.guests.get(&vmid)?.kind;
        let service = self.service_mut(vmid)?;
        if service.fallback.as_deref().is_some_and(|fallback| fallback == chosen || fallback != node) {
            service.fallback = None;
        }
        service.target = Some(chosen);
        Some(if kind == Kind::Qemu { Phase::Migrate } else { Phase::Relocate })
    }

    fn decide_moved(&mut self, vmid: u32, node: &str, wanted: &str) -> Option<Phase> {
        match self.report(vmid) {
            Some(done) => {
                let service = self.service_mut(vmid)?;
                let target = service.target.take();
                if let (Done::Well, Some(target)) = (done, target) {
                    service.node = target;
                }
                Some(resumed(wanted))
            }
            None => self.is_given_up(node).then(|| {
                if let Some(service) = self.service_mut(vmid) {
                    service.target = None;
                }
                Phase::Fence
            }),
        }
    }

    /// A guest of a node that is off for certain is given to another one.
    fn recover(&mut self, vmid: u32, node: &str, wanted: &str) -> Option<Phase> {
        let Some(chosen) = self.choose(vmid, Preference::Best) else {
            return (wanted == "disabled").then_some(Phase::Stopped);
        };
        let guest = self.guests.get_mut(&vmid)?;
        if guest.lock().is_some_and(|lock| LEFT_OVER.contains(&lock)) {
            guest.config.remove("lock");
        }
        if chosen != node {
            self.hand_over(vmid, &chosen);
        }
        self.service_mut(vmid)?.node = chosen;
        Some(resumed(wanted))
    }

    /// Makes sure that nodes are off whose guests are to be taken from them; whether one is for certain.
    fn fence(&mut self) -> bool {
        let fenced = |service: &&mut Service| service.phase == Phase::Fence;
        let all = self.managed();
        let nodes: BTreeSet<String> =
            all.iter().filter_map(|vmid| Some(self.service_mut(*vmid).filter(fenced)?.node.clone())).collect();
        let mut sure = false;
        for node in nodes {
            let locked_out = self.is_locked_out(&node);
            self.ha.nodes.insert(node.clone(), if locked_out { "unknown" } else { "fence" });
            for vmid in all.iter().filter(|_| locked_out) {
                if let Some(service) =
                    self.service_mut(*vmid).filter(|one| one.phase == Phase::Fence && one.node == node)
                {
                    service.enter(Phase::Recovery);
                }
            }
            sure |= locked_out;
        }
        sure
    }

    /// Whether the agent of a node holds its lock no more.
    fn is_locked_out(&self, node: &str) -> bool {
        let agent = self.ha.agents.get(node);
        if agent.is_some_and(|agent| agent.ended.is_some() || agent.state == "wait_for_agent_lock") {
            return true;
        }
        let since = self.node(node).and_then(|node| node.offline).map(|since| since * 1000);
        since.is_some_and(|since| self.now - since >= LOCK)
    }

    /// Whether a guest will have to be seen to once some time has gone by: its node is silent.
    fn is_waiting(&self) -> bool {
        let waits = |guest: &Guest| {
            let (Some(ha), Some(service)) = (&guest.ha, guest.service()) else { return false };
            let settled = match service.phase {
                Phase::Freeze | Phase::Error | Phase::Recovery => true,
                Phase::Stopped => ha.wanted() == "disabled",
                _ => false,
            };
            service.order.is_some() || (!settled && !self.is_online(&service.node))
        };
        self.guests.values().any(waits)
    }

    /// The file of a guest's configuration is moved to another node, where it does not run yet.
    fn hand_over(&mut self, vmid: u32, node: &str) {
        let now = self.now;
        if let Some(guest) = self.guests.get_mut(&vmid) {
            node.clone_into(&mut guest.node);
            guest.turn_off(now);
        }
    }
}

/// What a guest goes on with, after something else was done to it.
fn resumed(wanted: &str) -> Phase {
    if wanted == "started" { Phase::Started } else { Phase::RequestStop }
}
