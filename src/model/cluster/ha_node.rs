//! A node in the eyes of high availability: what the manager makes of it, and what its own agent says.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::lens;
use crate::model::list::{About, Column, List, Listed, column, count};
use crate::model::record::{answered, json_of};
use crate::model::sight::Sight;
use crate::model::told::told;
use crate::model::why::{Explained, Sources};
use crate::model::words::words;
use crate::page::{Cell, Page, Provenance, State, Tone};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Moment, Reading, Why};
use crate::wire::{Call, Raw};

words! {
    /// What the manager of high availability makes of a node.
    pub enum HaNodeState {
        /// It is there.
        Online = "online",
        /// It is being worked on: its guests moved away, and it gets none.
        Maintenance = "maintenance",
        /// It is silent, and the manager does not know yet what that means.
        Unknown = "unknown",
        /// It is silent, and made sure to be off before its guests are started elsewhere.
        Fence = "fence",
        /// It left the cluster.
        Gone = "gone",
    }
}

told! {
    /// A node in the eyes of high availability, from `/cluster/ha/status/manager_status`. Needs Sys.Audit on `/`.
    #[derive(Clone)]
    pub struct HaNode {
        /// Its name.
        #[field(skip, "the names in manager_status.node_status and lrm_status")]
        pub node: Text,
        /// What the manager makes of it.
        #[field("manager_status.node_status.{node}")]
        pub state: Reading<HaNodeState>,
        /// Whether its agent works: `active`, `maintenance`, `shutdown`, `restart`, ...
        #[field("lrm_status.{node}.mode")]
        pub mode: Reading<Text>,
        /// What its agent does: `active`, `wait_for_agent_lock`, ...
        #[field("lrm_status.{node}.state")]
        pub agent: Reading<Text>,
        /// When its agent last said that it is alive.
        #[field("lrm_status.{node}.timestamp")]
        pub seen: Reading<Moment>,
        /// How many guests in the care of high availability are on it.
        #[field("manager_status.service_status", "how many of them are on the node")]
        pub guests: u64,
        /// Whether its manager is the one that decides.
        #[field("manager_status.master_node", "whether that is this node")]
        pub is_master: bool,
        /// When that manager last said that it is alive, where it has been silent since.
        #[field("manager_status.timestamp", "where it is more than 2 min older than the newest of all agents, and guests are in its care")]
        silent_since: Option<Moment>,
        #[field(skip)]
        provenance: Provenance,
        #[field(skip)]
        raw: Raw,
    }
}

fields! {
    /// The answer, of which nodes are made.
    #[derive(Default)]
    pub(crate) struct ManagerStatus {
        manager_status: Option<Manager>,
        #[field(loose::each_by_name)]
        lrm_status: BTreeMap<String, Agent>,
        #[allow(dead_code, reason = "known; pve.ha_status()? has it")]
        quorum: Option<Quorum>,
    }
}

fields! {
    #[derive(Default)]
    struct Quorum {
        #[allow(dead_code, reason = "known; pve.ha_status()? has it")]
        node: Reading<Text>,
        #[allow(dead_code, reason = "known; pve.ha_status()? has it")]
        quorate: Reading<bool>,
    }
}

fields! {
    #[derive(Default)]
    struct Manager {
        master_node: Option<Text>,
        #[field(loose::each_by_name)]
        node_status: BTreeMap<String, Text>,
        #[field(loose::each_by_name)]
        service_status: BTreeMap<String, Service>,
        timestamp: Reading<Moment>,
    }
}

fields! {
    #[derive(Default)]
    struct Service {
        node: Option<Text>,
    }
}

fields! {
    #[derive(Default)]
    struct Agent {
        state: Reading<Text>,
        mode: Reading<Text>,
        timestamp: Reading<Moment>,
        #[allow(dead_code, reason = "known: what became of each order")]
        results: Value,
    }
}

impl HaNode {
    pub(crate) fn list(session: &Session) -> Result<List<HaNode>, Error> {
        let answer = session.ask(Call::get("/cluster/ha/status/manager_status"))?;
        let provenance = session.provenance([&answer], None);
        let (status, raw) = answer.object::<ManagerStatus>()?;
        let (manager, agents) = (status.manager_status.unwrap_or_default(), status.lrm_status);
        let mut names: Vec<&String> = manager.node_status.keys().chain(agents.keys()).collect();
        names.sort();
        names.dedup();
        // All of them look at the same clock, if not at this one: agents tell every few seconds, and so does the manager.
        let newest = agents.values().filter_map(|agent| agent.timestamp.known()).max();
        let silent = |last: &Moment| newest.is_some_and(|now| now.since(*last) > Age(120));
        // Without guests in its care it rests, and says nothing for that reason.
        let silent_since = manager.timestamp.known().filter(|last| silent(last) && !manager.service_status.is_empty());
        let nodes = names.into_iter().map(|name| {
            let (agent, on_it) =
                (agents.get(name), |service: &&Service| service.node.as_ref().is_some_and(|at| at == name));
            HaNode {
                state: Reading::or_missing(manager.node_status.get(name).cloned().map(Into::into), Why::NotInAnswer),
                mode: agent.map_or(Reading::default(), |agent| agent.mode.clone()),
                agent: agent.map_or(Reading::default(), |agent| agent.state.clone()),
                seen: agent.map_or(Reading::default(), |agent| agent.timestamp),
                guests: manager.service_status.values().filter(on_it).count() as u64,
                is_master: manager.master_node.as_ref().is_some_and(|master| master == name),
                silent_since,
                node: name.into(),
                provenance: provenance.clone(),
                raw: raw.clone(),
            }
        });
        let about = About {
            title: "Nodes in the eyes of high availability".into(),
            question: "Which nodes can take over guests, which are being worked on, and who decides?".into(),
            sight: Sight::whole(),
            provenance: provenance.clone(),
            of: None,
        };
        Ok(List::new(nodes.collect(), about))
    }

    /// Whether it is being worked on, so that it gets no guests.
    pub fn is_in_maintenance(&self) -> bool {
        self.state == HaNodeState::Maintenance || self.mode == "maintenance"
    }

    fn shown_state(&self) -> Cell {
        let Reading::Known(state) = &self.state else { return self.state.clone().into() };
        let tone = match state {
            HaNodeState::Online if self.is_in_maintenance() => Tone::Held,
            HaNodeState::Online => Tone::Good,
            HaNodeState::Maintenance => Tone::Held,
            HaNodeState::Gone => Tone::Off,
            HaNodeState::Unknown | HaNodeState::Fence => Tone::Wrong,
            HaNodeState::Other(_) => Tone::Unknown,
        };
        State::new(tone, state.word()).into()
    }
}

impl Listed for HaNode {
    const NOUN: (&'static str, &'static str) = ("node", "nodes");

    fn columns() -> Vec<Column<HaNode>> {
        vec![
            column!("Node", |n: &HaNode| n.node.clone()),
            column!("State", HaNode::shown_state).by("state mode", "the manager's word; on hold where the agent itself is in maintenance"),
            column!("Mode", |n: &HaNode| n.mode.clone()),
            column!("Agent", |n: &HaNode| n.agent.clone()),
            column!("Guests in its care", |n: &HaNode| n.guests),
            column!("Last sign of life", |n: &HaNode| n.seen),
            column!("Decides", |n: &HaNode| match n.silent_since {
                _ if !n.is_master => Cell::Empty,
                Some(last) => State::new(Tone::Wrong, format!("did until {last}")).into(),
                None => Cell::from("yes"),
            }).by("is_master silent_since", "yes on the node whose manager decides; since when it did not, where its last sign of life is more than 2 min older than the newest of all agents"),
        ]
    }

    fn summary(nodes: &[HaNode]) -> (String, String) {
        let named = |wanted: fn(&HaNode) -> bool| {
            let names: Vec<String> =
                nodes.iter().filter(|node| wanted(node)).map(|node| node.node.to_string()).collect();
            names.join(", ")
        };
        let rest: Vec<String> = [
            ("decides:", named(|node| node.is_master && node.silent_since.is_none())),
            (
                "nobody decides, since the manager is silent on",
                named(|node| node.is_master && node.silent_since.is_some()),
            ),
            ("in maintenance:", named(HaNode::is_in_maintenance)),
            ("silent:", named(|n| n.state == HaNodeState::Unknown || n.state == HaNodeState::Fence)),
        ]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("; {what} {names}"))
        .collect();
        (count(nodes.len(), HaNode::NOUN), format!("{}.", rest.concat()))
    }
}

impl View for HaNode {
    fn page(&self) -> Page {
        let facts = HaNode::columns().into_iter().map(|column| (column.name().clone(), column.cell(self)));
        let facts = lens::facts(self, facts, &self.provenance);
        let page = Page::new(format!("High availability on {}", self.node.raw()))
            .question("Can this node take over guests, and does its agent answer?");
        answered(page, self.node.raw(), self).facts(facts).provenance(self.provenance.clone())
    }
}

impl Explained for HaNode {
    fn sources(&self) -> Sources {
        let sources = Sources::of(&self.provenance).named("node", self.node.raw());
        let call = sources.call("");
        sources.part(call, "", json_of(&self.raw))
    }
}

impl fmt::Debug for HaNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HaNode({}, {})", self.node, self.shown_state())
    }
}
