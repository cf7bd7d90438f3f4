//! Whether high availability starts a guest elsewhere, and where: as its manager chooses, with what is known of its rules.

use std::collections::BTreeMap;

use super::ground::{Care, Ground};
use super::host::Host;
use crate::model::cluster::ha_node::HaNodeState;
use crate::model::cluster::ha_resource::{HaRequest, HaResource};
use crate::model::cluster::ha_rule::{HaAffinity, HaRule, HaRuleKind};
use crate::model::guest::Guest;
use crate::text::Text;
use crate::units::{Reading, Why};

/// What high availability makes of a guest whose node is lost.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Restart {
    /// It starts the guest on one of these nodes, as it was or from the last copy of its disks.
    On(Vec<Text>, bool),
    /// It does not, or in vain, and why.
    No(String),
    /// It cannot be told, and why.
    NotKnown(String),
}

impl Ground {
    /// What becomes of a guest of this node, if those left can decide.
    pub(super) fn restart(&self, guest: &Guest, quorum: Option<bool>) -> Restart {
        let Some(care) = &self.ha else {
            return match &guest.hastate {
                Some(state) => Restart::NotKnown(format!("HA has it as {state}, and what HA would do is not known")),
                None => Restart::No("not in the care of HA".into()),
            };
        };
        let Some(resource) = care.resources.get(&guest.vmid) else {
            return Restart::No("not in the care of HA".into());
        };
        match &resource.state {
            Reading::Known(HaRequest::Started | HaRequest::Enabled) | Reading::Missing(Why::NotSet) => {}
            Reading::Known(HaRequest::Other(word)) => {
                return Restart::NotKnown(format!("HA is to keep it in a state that is not known here: {word}"));
            }
            Reading::Known(state) => return Restart::No(format!("HA is to keep it {}", state.word())),
            Reading::Missing(why) => return Restart::NotKnown(format!("what HA is to do with it is not known: {why}")),
        }
        if guest.hastate.as_ref().is_some_and(|state| state == "error") {
            return Restart::No("HA has given it up: its state there is error".into());
        }
        if care.disarmed {
            return Restart::No("HA is disarmed".into());
        }
        match quorum {
            Some(true) => {}
            Some(false) => return Restart::No("HA decides nothing without quorum".into()),
            None => return Restart::NotKnown("whether HA can decide without this node is not known".into()),
        }
        match care.choice(self, guest, resource) {
            Err(restart) => restart,
            Ok(nodes) => self.in_vain_or_not(guest, nodes),
        }
    }

    /// High availability looks at neither disks nor bridges: it starts a guest where it chooses, and fails where something
    /// is missing.
    fn in_vain_or_not(&self, guest: &Guest, chosen: Vec<Text>) -> Restart {
        let hosts = self.hosts(guest, &chosen, true);
        let good = hosts.iter().filter(|(_, host)| matches!(host, Host::Yes | Host::FromCopy)).count();
        let bad = hosts.iter().find_map(|(_, host)| match host {
            Host::No(why) => Some((true, why.clone())),
            _ => None,
        });
        let open = hosts.iter().find_map(|(_, host)| match host {
            Host::NotKnown(why) => Some((false, why.clone())),
            _ => None,
        });
        match (good, bad.or(open)) {
            (_, None) => Restart::On(chosen, hosts.iter().any(|(_, host)| *host == Host::FromCopy)),
            (0, Some((true, why))) if hosts.iter().all(|(_, host)| matches!(host, Host::No(_))) => {
                Restart::No(format!("HA tries in vain: {why}"))
            }
            (0, Some((_, why))) => Restart::NotKnown(format!("HA tries, perhaps in vain: {why}")),
            (_, Some((_, why))) => {
                let can: Vec<String> = hosts
                    .iter()
                    .filter(|(_, host)| matches!(host, Host::Yes | Host::FromCopy))
                    .map(|(node, _)| node.to_string())
                    .collect();
                Restart::NotKnown(format!("it runs if HA chooses {}; elsewhere not: {why}", can.join(" or ")))
            }
        }
    }
}

impl Care {
    /// The nodes that the manager would choose from.
    fn choice(&self, ground: &Ground, guest: &Guest, resource: &HaResource) -> Result<Vec<Text>, Restart> {
        let mut nodes = ground.others(&guest.node);
        let Some(seen) = &self.nodes else {
            return Err(Restart::NotKnown("which nodes HA may use is not known".into()));
        };
        nodes.retain(|name| {
            let node = seen.iter().find(|node| node.node == *name);
            node.is_some_and(|node| node.state == HaNodeState::Online && !node.is_in_maintenance())
        });
        if nodes.is_empty() {
            return Err(Restart::No("no other node can take it over".into()));
        }
        let Some(rules) = &self.rules else {
            return Err(Restart::NotKnown("the rules of HA are not known".into()));
        };
        // A rule that cannot be followed is not.
        let rules: Vec<&HaRule> = rules
            .iter()
            .filter(|rule| !rule.disable && rule.errors.is_empty() && rule.resources.contains(&resource.sid))
            .collect();
        for rule in rules.iter().filter(|rule| rule.kind == HaRuleKind::NodeAffinity) {
            nodes = preferred(&nodes, &rule.nodes, rule.strict);
            if nodes.is_empty() {
                return Err(Restart::No(format!("the HA rule {} allows no node that is left", rule.rule)));
            }
        }
        if let Some(name) = &resource.group {
            let Some(group) = self.groups.iter().find(|group| group.group == *name) else {
                return Err(Restart::NotKnown(format!("the HA group {name} is not known")));
            };
            nodes = preferred(&nodes, &group.nodes, group.restricted);
            if nodes.is_empty() {
                return Err(Restart::No(format!("the HA group {name} allows no node that is left")));
            }
        }
        rules
            .iter()
            .filter(|rule| rule.kind == HaRuleKind::ResourceAffinity)
            .try_fold(nodes, |nodes, rule| self.beside(ground, guest, resource, rule, nodes))
    }

    /// What a rule about other guests leaves of the nodes.
    fn beside(
        &self,
        ground: &Ground,
        guest: &Guest,
        resource: &HaResource,
        rule: &HaRule,
        nodes: Vec<Text>,
    ) -> Result<Vec<Text>, Restart> {
        let others = rule.resources.iter().filter(|sid| **sid != resource.sid);
        let numbers = others.filter_map(|sid| sid.raw().split_once(':')?.1.parse::<u32>().ok());
        let others: Vec<&Guest> =
            numbers.filter_map(|vmid| ground.all.iter().find(|other| other.vmid == vmid)).collect();
        // Those on the lost node have no place of their own yet.
        let (falling, placed): (Vec<&Guest>, Vec<&Guest>) = others.iter().partition(|other| other.node == guest.node);
        // Whether one that does not run takes part depends on what HA is to do with it, and on the version.
        if let Some(off) = placed.iter().find(|other| !other.is_running() && nodes.contains(&other.node)) {
            let why = format!(
                "whether {}, which does not run, counts for the HA rule {} is not known",
                off.called(),
                rule.rule
            );
            return Err(Restart::NotKnown(why));
        }
        let left: Vec<Text> = match rule.affinity {
            Some(HaAffinity::Together) if placed.is_empty() => nodes,
            Some(HaAffinity::Together) => {
                nodes.into_iter().filter(|node| placed.iter().any(|other| other.node == *node)).collect()
            }
            Some(HaAffinity::Apart) => {
                let left: Vec<Text> =
                    nodes.into_iter().filter(|node| placed.iter().all(|other| other.node != *node)).collect();
                if !falling.is_empty() && left.len() <= falling.len() && !left.is_empty() {
                    let why =
                        format!("the HA rule {} keeps it apart from others of this node, and nodes are few", rule.rule);
                    return Err(Restart::NotKnown(why));
                }
                left
            }
            _ => return Err(Restart::NotKnown(format!("what the HA rule {} means is not known", rule.rule))),
        };
        if left.is_empty() {
            // Whether the manager then goes back to nodes that are preferred less depends on its version.
            return Err(Restart::NotKnown(format!(
                "the HA rule {} leaves none of the nodes that HA prefers",
                rule.rule
            )));
        }
        Ok(left)
    }
}

/// Of the nodes that are there, those that are preferred most: `pve1:2` before `pve2:1` before those that are not named,
/// which are taken only where the rule is not strict.
fn preferred(nodes: &[Text], named: &[Text], strict: bool) -> Vec<Text> {
    let priority = |word: &Text| -> (Text, i64) {
        match word.raw().rsplit_once(':') {
            Some((name, priority)) => (name.into(), priority.parse().unwrap_or(0)),
            None => (word.clone(), 0),
        }
    };
    let named: BTreeMap<Text, i64> = named.iter().map(priority).collect();
    let ranked: Vec<(&Text, i64)> = nodes
        .iter()
        .filter_map(|node| match named.get(node) {
            Some(priority) => Some((node, *priority)),
            None if strict => None,
            None => Some((node, -1)),
        })
        .collect();
    let best = ranked.iter().map(|(_, priority)| *priority).max();
    ranked.into_iter().filter(|(_, priority)| Some(*priority) == best).map(|(node, _)| node.clone()).collect()
}
