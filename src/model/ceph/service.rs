//! The daemons of Ceph that hold no data: monitors, managers, metadata servers.

use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, Listed, column, count};
use crate::model::record::{Origin, record};
use crate::page::{Cell, State, Tone};
use crate::text::Text;
use crate::units::Reading;

fields! {
    /// A monitor, from `/nodes/{node}/ceph/mon`.
    #[derive(Clone, Default)]
    pub struct CephMonitor {
        /// Its name, usually that of its node.
        pub name: Text,
        /// Its node.
        pub host: Option<Text>,
        /// Where it listens.
        pub addr: Option<Text>,
        /// Whether it is among those that agree.
        #[field(loose::yes)]
        pub quorum: bool,
        /// Its place among the monitors.
        pub rank: Reading<u64>,
        /// `running`, `stopped`, `unknown`.
        pub state: Reading<Text>,
        /// Whether the node has a service for it.
        pub service: Reading<bool>,
        /// Whether the node has a directory for it.
        pub direxists: Option<Text>,
        /// The version that it runs, in full.
        pub ceph_version: Reading<Text>,
        /// The version that it runs.
        pub ceph_version_short: Reading<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

fields! {
    /// A manager, from `/nodes/{node}/ceph/mgr`.
    #[derive(Clone, Default)]
    pub struct CephManager {
        /// Its name, usually that of its node.
        pub name: Text,
        /// Its node.
        pub host: Option<Text>,
        /// Where it listens.
        pub addr: Option<Text>,
        /// `active`, `standby`, `stopped`, `unknown`.
        pub state: Reading<Text>,
        /// The version that it runs.
        pub ceph_version_short: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

fields! {
    /// A metadata server, from `/nodes/{node}/ceph/mds`.
    #[derive(Clone, Default)]
    pub struct CephMds {
        /// Its name, usually that of its node.
        pub name: Text,
        /// Its node.
        pub host: Option<Text>,
        /// Where it listens.
        pub addr: Option<Text>,
        /// `up:active`, `up:standby`, `stopped`, `unknown`, ...
        pub state: Reading<Text>,
        /// Its place among those that work.
        pub rank: Option<Text>,
        /// Whether it follows a working one closely, to take over at once.
        #[field(loose::flag)]
        pub standby_replay: Option<bool>,
        /// The version that it runs.
        pub ceph_version_short: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(CephMonitor: "/nodes/{node}/ceph/mon");
record!(CephManager: "/nodes/{node}/ceph/mgr");
record!(CephMds: "/nodes/{node}/ceph/mds");

fn state_cell(state: &Reading<Text>) -> Cell {
    let Reading::Known(word) = state else { return state.clone().into() };
    let tone = match word.raw() {
        "running" | "active" | "standby" | "up:active" | "up:standby" | "up:standby-replay" => Tone::Good,
        "stopped" => Tone::Wrong,
        "unknown" => Tone::Unknown,
        _ => Tone::Held,
    };
    State::new(tone, word.clone()).into()
}

impl Listed for CephMonitor {
    const NOUN: (&'static str, &'static str) = ("monitor", "monitors");

    fn columns() -> Vec<Column<CephMonitor>> {
        vec![
            column!("Monitor", |m: &CephMonitor| m.name.clone()),
            column!("State", |m: &CephMonitor| state_cell(&m.state)),
            column!("Agrees with the others", |m: &CephMonitor| m.quorum),
            column!("Address", |m: &CephMonitor| m.addr.clone()),
            column!("Version", |m: &CephMonitor| m.ceph_version_short.clone()),
        ]
    }

    fn summary(monitors: &[CephMonitor]) -> (String, String) {
        let apart: Vec<String> = monitors.iter().filter(|m| !m.quorum).map(|m| m.name.to_string()).collect();
        let rest = match apart.as_slice() {
            [] if monitors.is_empty() => ".".into(),
            [] => ", all of which agree.".into(),
            apart => format!("; not with the others: {}.", apart.join(", ")),
        };
        (count(monitors.len(), CephMonitor::NOUN), rest)
    }
}

impl Listed for CephManager {
    const NOUN: (&'static str, &'static str) = ("manager", "managers");

    fn columns() -> Vec<Column<CephManager>> {
        vec![
            column!("Manager", |m: &CephManager| m.name.clone()),
            column!("State", |m: &CephManager| state_cell(&m.state)),
            column!("On", |m: &CephManager| m.host.clone()),
            column!("Address", |m: &CephManager| m.addr.clone()),
        ]
    }

    fn summary(managers: &[CephManager]) -> (String, String) {
        let active = managers.iter().find(|m| m.state == "active");
        let rest = active.map_or("; none of them works.".into(), |active| format!("; {} works.", active.name));
        (count(managers.len(), CephManager::NOUN), if managers.is_empty() { ".".into() } else { rest })
    }
}

impl Listed for CephMds {
    const NOUN: (&'static str, &'static str) = ("metadata server", "metadata servers");

    fn columns() -> Vec<Column<CephMds>> {
        vec![
            column!("Metadata server", |m: &CephMds| m.name.clone()),
            column!("State", |m: &CephMds| state_cell(&m.state)),
            column!("On", |m: &CephMds| m.host.clone()),
            column!("Address", |m: &CephMds| m.addr.clone()),
        ]
    }
}
