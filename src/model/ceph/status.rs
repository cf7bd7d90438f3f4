//! Ceph's own account of itself: health, what it is made of, use and traffic.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::fields::fields;
use crate::model::lens;
use crate::model::list::{Column, Listed, column};
use crate::model::record::{Origin, record};
use crate::model::words::words;
use crate::page::{Cell, Level, Page, State, Tone};
use crate::render::View;
use crate::text::Text;
use crate::units::{Bytes, Ratio, Reading};

words! {
    /// How Ceph is.
    pub enum CephHealth {
        /// All is well.
        Ok = "HEALTH_OK",
        /// Something should be looked at.
        Warn = "HEALTH_WARN",
        /// Something is wrong: data may be at risk or out of reach.
        Err = "HEALTH_ERR",
    }
}

impl CephHealth {
    fn state(&self) -> State {
        match self {
            CephHealth::Ok => State::new(Tone::Good, "well"),
            CephHealth::Warn => State::new(Tone::Held, "warns"),
            CephHealth::Err => State::new(Tone::Wrong, "not well"),
            CephHealth::Other(word) => State::new(Tone::Unknown, word.clone()),
        }
    }
}

fields! {
    /// Ceph as it is, from `/nodes/{node}/ceph/status`: what Ceph itself says, of which these are the parts most asked for; `raw()`
    /// has the rest.
    #[derive(Clone, Default)]
    pub struct CephStatus {
        /// Its name among all Cephs of the world.
        pub fsid: Reading<Text>,
        /// How it is, and why.
        pub health: CephHealthReport,
        /// The monitors that agree.
        pub quorum_names: Vec<Text>,
        /// Its monitors.
        pub monmap: MonMap,
        /// Its disks.
        pub osdmap: OsdMap,
        /// Its data.
        pub pgmap: PgMap,
        #[field(skip)]
        origin: Origin,
    }
}

record!(CephStatus without page: "/nodes/{node}/ceph/status", "/cluster/ceph/status");

fields! {
    /// How Ceph is, and why.
    #[derive(Clone, Debug, Default)]
    pub struct CephHealthReport {
        /// In a word.
        pub status: Reading<CephHealth>,
        /// What it found, by its own names: `OSD_DOWN`, `PG_DEGRADED`.
        pub checks: BTreeMap<String, CephCheck>,
        /// What people told it not to speak of.
        pub mutes: Value,
    }
}

fields! {
    /// Something that Ceph found.
    #[derive(Clone, Debug, Default)]
    pub struct CephCheck {
        /// How bad it is.
        pub severity: Reading<CephHealth>,
        /// What it is.
        pub summary: CephCheckSummary,
        /// Whether people told it not to speak of this.
        pub muted: Reading<bool>,
    }
}

fields! {
    /// What Ceph found, in words.
    #[derive(Clone, Debug, Default)]
    pub struct CephCheckSummary {
        /// In a sentence.
        pub message: Text,
        /// How many things it is about.
        pub count: Reading<u64>,
    }
}

fields! {
    /// How many monitors there are.
    #[derive(Clone, Debug, Default)]
    pub struct MonMap {
        /// All of them, whether they agree or not.
        pub num_mons: Reading<u64>,
    }
}

fields! {
    /// How many disks there are.
    #[derive(Clone, Debug, Default)]
    pub struct OsdMap {
        /// All of them.
        pub num_osds: Reading<u64>,
        /// Those that run.
        pub num_up_osds: Reading<u64>,
        /// Those that data is put on.
        pub num_in_osds: Reading<u64>,
        /// Parts of the data that wait to be moved to where they belong.
        pub num_remapped_pgs: Reading<u64>,
    }
}

fields! {
    /// Data, use and traffic.
    #[derive(Clone, Debug, Default)]
    pub struct PgMap {
        /// The parts that data is kept in (placement groups), by state.
        pub pgs_by_state: Vec<PgState>,
        /// How many parts there are.
        pub num_pgs: Reading<u64>,
        /// How many pools there are.
        pub num_pools: Reading<u64>,
        /// How many objects there are.
        pub num_objects: Reading<u64>,
        /// Data, each byte counted once.
        pub data_bytes: Reading<Bytes>,
        /// Space in use on the disks, with all copies.
        pub bytes_used: Reading<Bytes>,
        /// Space free on the disks.
        pub bytes_avail: Reading<Bytes>,
        /// Space on the disks.
        pub bytes_total: Reading<Bytes>,
        /// Read in a second.
        pub read_bytes_sec: Reading<Bytes>,
        /// Written in a second.
        pub write_bytes_sec: Reading<Bytes>,
        /// Reads in a second.
        pub read_op_per_sec: Reading<u64>,
        /// Writes in a second.
        pub write_op_per_sec: Reading<u64>,
        /// Repaired in a second.
        pub recovering_bytes_per_sec: Reading<Bytes>,
        /// The part of all copies that are missing.
        pub degraded_ratio: Reading<Ratio>,
        /// The part of all copies that are not where they belong.
        pub misplaced_ratio: Reading<Ratio>,
    }
}

fields! {
    /// How many parts of the data are in a state.
    #[derive(Clone, Debug, Default)]
    pub struct PgState {
        /// The state: `active+clean`.
        pub state_name: Text,
        /// How many are in it.
        pub count: Reading<u64>,
    }
}

impl CephStatus {
    /// Whether Ceph itself says that all is well.
    pub fn is_healthy(&self) -> bool {
        self.health.status == CephHealth::Ok
    }

    /// What it found, worst first, without what it was told not to speak of.
    pub fn findings(&self) -> Vec<Text> {
        let mut all: Vec<&CephCheck> =
            self.health.checks.values().filter(|check| check.muted != Reading::Known(true)).collect();
        all.sort_by_key(|check| std::cmp::Reverse(check.severity == CephHealth::Err));
        all.iter().map(|check| check.summary.message.clone()).collect()
    }

    fn health_cell(&self) -> Cell {
        self.health.status.as_ref().map(CephHealth::state).into()
    }

    fn monitors(&self) -> Cell {
        self.monmap.num_mons.map(|all| format!("{} of {all} agree", self.quorum_names.len())).into()
    }

    fn disks(&self) -> Cell {
        let OsdMap { num_osds, num_up_osds, num_in_osds, .. } = &self.osdmap;
        match (num_osds, num_up_osds, num_in_osds) {
            (Reading::Known(all), Reading::Known(up), Reading::Known(used)) => {
                let tone = if up == all && used == all { Tone::Good } else { Tone::Wrong };
                State::new(tone, format!("{up} of {all} up, {used} in use")).into()
            }
            (all, ..) => (*all).into(),
        }
    }

    fn parts(&self) -> Cell {
        let states = self.pgmap.pgs_by_state.iter().map(|state| format!("{} {}", state.count, state.state_name));
        states.collect::<Vec<_>>().join(", ").into()
    }
}

impl Listed for CephStatus {
    const NOUN: (&'static str, &'static str) = ("Ceph", "Cephs");

    fn columns() -> Vec<Column<CephStatus>> {
        vec![
            column!("Health", CephStatus::health_cell)
                .by("health.status", "HEALTH_OK is well, HEALTH_WARN warns, HEALTH_ERR is not well"),
            column!("Monitors", CephStatus::monitors).by("quorum_names monmap.num_mons", "how many agree, of all"),
            column!("Disks (OSDs)", CephStatus::disks).by(
                "osdmap.num_osds osdmap.num_up_osds osdmap.num_in_osds",
                "how many are up and how many in use, of all; fewer than all is wrong",
            ),
            column!("Space, with all copies", |s: &CephStatus| {
                Cell::usage(s.pgmap.bytes_used, s.pgmap.bytes_total)
            }),
            column!("Data", |s: &CephStatus| s.pgmap.data_bytes),
            column!("Placement groups", CephStatus::parts).by("pgmap.pgs_by_state", "how many are in which state"),
            // Ceph leaves out what is zero.
            column!("Read in a second", |s: &CephStatus| s.pgmap.read_bytes_sec.known()),
            column!("Written in a second", |s: &CephStatus| s.pgmap.write_bytes_sec.known()),
        ]
    }
}

impl View for CephStatus {
    fn page(&self) -> Page {
        let word = match &self.health.status {
            Reading::Known(health) => health.state().word.to_string(),
            Reading::Missing(why) => format!("in a state that is not known: {why}"),
        };
        let verb = if self.health.status == CephHealth::Warn { "" } else { "is " };
        let facts = CephStatus::columns().into_iter().map(|column| (column.name().clone(), column.cell(self)));
        let page = Page::new("Ceph")
            .question("Is it well, and how full is it?")
            .answer(format!("Ceph {verb}{word}"), ".")
            .facts(lens::facts(self, facts, &self.provenance()));
        let page = self.findings().into_iter().fold(page, |page, finding| page.note(Level::Warning, finding));
        page.section("All that the server says of it", crate::model::json::tree(Page::new(""), &self.raw()))
            .provenance(self.provenance())
    }
}
