//! A service of a node: one of the daemons that make it a member of the cluster.

use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::model::words::words;
use crate::page::{State, Tone};
use crate::text::Text;
use crate::units::Reading;

words! {
    /// Whether a service runs.
    pub enum NodeServiceState {
        /// It runs.
        Running = "running",
        /// It does not.
        Dead = "dead",
        /// It ended by itself, having done its work.
        Exited = "exited",
    }
}

fields! {
    /// A service, from `/nodes/{node}/services`. Needs Sys.Audit on `/nodes/{node}`.
    #[derive(Clone, Default)]
    pub struct NodeService {
        /// The word that the API's paths take for it.
        pub service: Text,
        /// Its name.
        pub name: Text,
        /// What it is.
        pub desc: Reading<Text>,
        /// Whether it runs.
        pub state: Reading<NodeServiceState>,
        /// The state in the words of systemd: `active`, `inactive`, `failed`, ...
        #[field("active-state")]
        pub active_state: Reading<Text>,
        /// Whether it starts with the node, in the words of systemd: `enabled`, `disabled`, `masked`, `not-found`, ...
        #[field("unit-state")]
        pub unit_state: Reading<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(NodeService: "/nodes/{node}/services", "/nodes/{node}/services/{service}/state");

impl Node {
    /// The daemons on it, from `/nodes/{node}/services`.
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Audit is missing.
    pub fn services(&self) -> Result<List<NodeService>, Error> {
        Ask::new(&self.session, self.path("services"))
            .titled(format!("Services on {}", self.name.raw()))
            .question("Do the daemons run that make it a member of the cluster?")
            .place(self.place())
            .list()
    }
}

impl NodeService {
    /// Whether it should run and does not.
    pub fn is_down(&self) -> bool {
        let wanted = self.unit_state == "enabled" || self.unit_state == "static";
        wanted && self.state.as_ref().known().is_some_and(|state| *state == NodeServiceState::Dead)
    }

    fn state_cell(&self) -> crate::page::Cell {
        let Reading::Known(state) = &self.state else { return self.state.clone().into() };
        let tone = match state {
            NodeServiceState::Running | NodeServiceState::Exited => Tone::Good,
            NodeServiceState::Dead if self.is_down() => Tone::Wrong,
            NodeServiceState::Dead => Tone::Off,
            NodeServiceState::Other(_) => Tone::Unknown,
        };
        State::new(tone, state.word()).into()
    }
}

impl Listed for NodeService {
    const NOUN: (&'static str, &'static str) = ("service", "services");

    fn columns() -> Vec<Column<NodeService>> {
        vec![
            column!("Service", |s: &NodeService| s.name.clone()),
            column!("State", NodeService::state_cell)
                .by("state unit_state", "wrong where it is dead though it is to start with the node"),
            column!("Starts with the node", |s: &NodeService| s.unit_state.clone()),
            column!("What it is", |s: &NodeService| s.desc.clone()),
        ]
    }

    fn summary(services: &[NodeService]) -> (String, String) {
        let down: Vec<String> = services.iter().filter(|s| s.is_down()).map(|s| s.name.to_string()).collect();
        let rest = if down.is_empty() { ".".into() } else { format!("; not running: {}.", down.join(", ")) };
        (count(services.len(), NodeService::NOUN), rest)
    }
}
