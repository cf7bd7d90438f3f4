//! Where high availability lets a guest run: nodes that are there, what the rules say, and which of them has most room.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::manager::Preference;
use super::{Phase, Service};
use crate::twin::state::{Guest, Power, State};

impl State {
    fn ha_rules(&self) -> impl Iterator<Item = &Value> {
        let rules = self.fixed.get("/cluster/ha/rules").and_then(Value::as_array);
        rules.into_iter().flatten().filter(|rule| rule["disable"] != 1)
    }

    /// The other guests that a rule names together with this one.
    fn tied_to(&self, vmid: u32, affinity: &str) -> Vec<u32> {
        let Some(sid) = self.guests.get(&vmid).map(Guest::sid) else { return Vec::new() };
        let names = |rule: &Value| rule["resources"].as_str().map(|names| names.split(',').any(|one| one == sid));
        let mine = self.ha_rules().filter(|rule| rule["affinity"] == *affinity && names(rule) == Some(true));
        let all = mine.flat_map(|rule| rule["resources"].as_str().unwrap_or_default().split(',').map(str::to_owned));
        let others: BTreeSet<String> = all.filter(|other| *other != sid).collect();
        let known = self.guests.values().filter(|guest| guest.is_ha_managed() && others.contains(&guest.sid()));
        known.map(|guest| guest.vmid).collect()
    }

    /// Guests that are moved along with this one.
    pub(super) fn together_with(&self, vmid: u32) -> Vec<u32> {
        self.tied_to(vmid, "positive")
    }

    /// Guests on a node that this one must not meet.
    pub(super) fn blocking(&self, vmid: u32, node: &str) -> Vec<u32> {
        let there = |other: &u32| {
            let service = self.guests.get(other).and_then(|guest| guest.service());
            service.is_some_and(|service| service.node == node || service.target.as_deref() == Some(node))
        };
        self.tied_to(vmid, "negative").into_iter().filter(there).collect()
    }

    /// The nodes on which a rule lets a guest run, each with its priority.
    fn preferred(&self, guest: &Guest) -> BTreeMap<String, i64> {
        let sid = guest.sid();
        let online = self.nodes.iter().filter(|node| self.node_is("online", &node.name)).map(|node| node.name.clone());
        let own = self.ha_rules().find(|rule| {
            rule["type"] == "node-affinity"
                && rule["resources"].as_str().is_some_and(|names| names.split(',').any(|one| one == sid))
        });
        let Some(rule) = own else { return online.map(|node| (node, 0)).collect() };
        let named: BTreeMap<&str, i64> = rule["nodes"]
            .as_str()
            .unwrap_or_default()
            .split(',')
            .map(|entry| entry.split_once(':').map_or((entry, 0), |(node, rank)| (node, rank.parse().unwrap_or(0))))
            .collect();
        let strict = rule["strict"] == 1;
        let ranked = online.filter_map(|node| match named.get(node.as_str()) {
            Some(rank) => Some((node, *rank)),
            None => (!strict).then_some((node, -1)),
        });
        ranked.collect()
    }

    /// Where a guest is to run; nowhere when no node may have it.
    pub(super) fn choose(&self, vmid: u32, preference: Preference) -> Option<String> {
        let guest = self.guests.get(&vmid)?;
        let (ha, service) = (guest.ha.as_ref()?, guest.service()?);
        let allowed = self.preferred(guest);
        let highest = *allowed.values().max()?;
        let apart = self.used_nodes(&self.tied_to(vmid, "negative"), false);
        let failback = ha.more.get("failback").is_none_or(|set| *set == 1);
        if preference == Preference::Stay
            && !failback
            && allowed.contains_key(&service.node)
            && !apart.contains_key(&service.node)
        {
            return Some(service.node.clone());
        }
        let mut nodes: BTreeSet<String> =
            allowed.into_iter().filter(|(_, rank)| *rank == highest).map(|(node, _)| node).collect();
        if preference == Preference::Other {
            nodes.retain(|node| !service.failed.contains(node));
        }
        nodes.retain(|node| !apart.contains_key(node));
        let together = self.used_nodes(&self.together_with(vmid), true);
        let most = together.iter().filter(|(node, _)| nodes.contains(*node)).max_by_key(|(_, count)| **count);
        if let Some((node, _)) = most {
            nodes = BTreeSet::from([node.clone()]);
        }
        if let Some(fallback) = service.fallback.as_ref().filter(|fallback| nodes.contains(*fallback)) {
            return Some(fallback.clone());
        }
        if preference == Preference::Stay && nodes.contains(&service.node) {
            return Some(service.node.clone());
        }
        let mut ranked: Vec<(u64, String)> =
            nodes.into_iter().map(|node| (self.load_with(&node, guest), node)).collect();
        ranked.sort();
        let found = ranked.iter().rposition(|(_, node)| *node == service.node);
        match found.filter(|_| preference == Preference::Other) {
            Some(at) if at + 1 < ranked.len() => ranked.into_iter().nth(at + 1).map(|(_, node)| node),
            _ => ranked.into_iter().next().map(|(_, node)| node),
        }
    }

    /// On which nodes guests are, or are going to be.
    fn used_nodes(&self, guests: &[u32], targets_first: bool) -> BTreeMap<String, usize> {
        let mut used = BTreeMap::new();
        for service in guests.iter().filter_map(|vmid| self.guests.get(vmid)?.service()) {
            let Service { phase, node, target, .. } = service;
            if matches!(phase, Phase::Stopped | Phase::RequestStart) {
                continue;
            }
            let online = |node: &&String| self.node_is("online", node);
            let (here, there) = (Some(node).filter(online), target.as_ref().filter(online));
            let nodes = if targets_first { vec![there.or(here)] } else { vec![here, there] };
            nodes.into_iter().flatten().for_each(|node| *used.entry(node.clone()).or_insert(0) += 1);
        }
        used
    }

    /// How much of a node would be promised with this guest on it, in millionths: of its memory or its processors,
    /// whichever is more. Proxmox VE weighs the two in another way, and mostly comes to the same.
    fn load_with(&self, name: &str, guest: &Guest) -> u64 {
        let Some(node) = self.node(name) else { return u64::MAX };
        let running = self.guests_on(name).filter(|other| other.vmid != guest.vmid);
        let running = running.filter(|other| other.power_at(self.now) != Power::Stopped);
        let (cores, memory) = running.fold((guest.cores(), guest.memory()), |(cores, memory), other| {
            (cores.saturating_add(other.cores()), memory.saturating_add(other.memory()))
        });
        let part = |used: u64, all: u64| used.saturating_mul(1_000) / (all / 1_000).max(1);
        part(memory >> 20, node.mem_gib << 10).max(part(cores * 1_000, u64::from(node.cpus) * 1_000))
    }
}
