//! An OSD: a disk of Ceph with the daemon that serves it. And what can be switched off for all of them.

use serde_json::Value;

use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, Listed, column, count};
use crate::model::record::{Origin, record};
use crate::page::{Cell, State, Tone};
use crate::text::Text;
use crate::units::{Bytes, Ratio, Reading};

fields! {
    /// The tree that OSDs stand in, from `/nodes/{node}/ceph/osd`: roots, hosts, OSDs.
    #[derive(Clone, Default)]
    pub struct CephTree {
        /// What is switched off for the time being, with commas: `noout,norebalance`.
        pub flags: Option<Text>,
        /// The tree: each entry with its `children`.
        pub root: Value,
        #[field(skip)]
        origin: Origin,
    }
}

fields! {
    /// An OSD, from `/nodes/{node}/ceph/osd`.
    #[derive(Clone, Default)]
    pub struct CephOsd {
        /// Its number.
        pub id: Reading<u64>,
        /// Its name: `osd.3`.
        pub name: Text,
        /// The node that it is on.
        pub host: Reading<Text>,
        /// `up` or `down`: whether its daemon runs.
        pub status: Reading<Text>,
        /// Whether data is put on it.
        #[field("in")]
        pub is_in: Reading<bool>,
        /// Space in use.
        pub bytes_used: Reading<Bytes>,
        /// Its space.
        pub total_space: Reading<Bytes>,
        /// Space in use, in percent.
        pub percent_used: Reading<f64>,
        /// The kind of disk: `ssd`, `hdd`, `nvme`.
        pub device_class: Reading<Text>,
        /// How many parts of the data (placement groups) are on it.
        pub pgs: Reading<u64>,
        /// Its share of the data among all, usually its size in TiB.
        pub crush_weight: Reading<f64>,
        /// A part of that share, 1.0 being all of it: less takes data off it.
        pub reweight: Reading<f64>,
        /// How long a write takes to be safe, in milliseconds.
        pub commit_latency_ms: Reading<u64>,
        /// How long a write takes to be visible, in milliseconds.
        pub apply_latency_ms: Reading<u64>,
        /// `bluestore` or `filestore`.
        pub osdtype: Reading<Text>,
        /// The device that its data is on.
        pub blfsdev: Option<Text>,
        /// The device that its database is on, where that is another one.
        pub dbdev: Option<Text>,
        /// The device that its write-ahead log is on, where that is another one.
        pub waldev: Option<Text>,
        /// The version that it runs.
        pub ceph_version_short: Reading<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

fields! {
    /// Something that can be switched off in Ceph for the time being, from `/cluster/ceph/flags`. Needs Sys.Audit on `/`.
    #[derive(Clone, Default)]
    pub struct CephFlag {
        /// Its name: `noout`.
        pub name: Text,
        /// What it does.
        pub description: Reading<Text>,
        /// Whether it is set.
        #[field(loose::yes)]
        pub value: bool,
        #[field(skip)]
        origin: Origin,
    }
}

record!(CephTree: "/nodes/{node}/ceph/osd");
record!(CephOsd: "/nodes/{node}/ceph/osd");
record!(CephFlag: "/cluster/ceph/flags");

/// The OSDs of the tree, each where it comes to stand.
pub(super) fn flat(answer: &Value) -> Vec<Value> {
    fn walk(node: &Value, found: &mut Vec<Value>) {
        if node["type"] == "osd" {
            found.push(node.clone());
        }
        node["children"].as_array().into_iter().flatten().for_each(|child| walk(child, found));
    }
    let mut found = Vec::new();
    walk(&answer["root"], &mut found);
    found
}

impl Listed for CephTree {
    const NOUN: (&'static str, &'static str) = ("tree of OSDs", "trees of OSDs");

    fn columns() -> Vec<Column<CephTree>> {
        vec![
            column!("Roots", CephTree::roots)
                .by("root", "the names of what stands at the top of the tree, in root.children"),
            column!("Flags", |t: &CephTree| t.flags.clone()),
        ]
    }
}

impl CephTree {
    fn roots(&self) -> String {
        let roots = self.root["children"].as_array().into_iter().flatten();
        roots.filter_map(|root| root["name"].as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Whether this flag is set: `noout`.
    pub fn has_flag(&self, flag: &str) -> bool {
        self.flags.as_ref().is_some_and(|flags| flags.raw().split(',').any(|set| set.trim() == flag))
    }
}

impl CephOsd {
    /// Whether its daemon runs.
    pub fn is_up(&self) -> bool {
        self.status == "up"
    }

    fn state_cell(&self) -> Cell {
        let Reading::Known(status) = &self.status else { return self.status.clone().into() };
        match (status.raw(), self.is_in) {
            ("up", Reading::Known(true)) => State::new(Tone::Good, "up, in use").into(),
            ("up", Reading::Known(false)) => State::new(Tone::Held, "up, out of use").into(),
            ("down", Reading::Known(false)) => State::new(Tone::Wrong, "down, out of use").into(),
            ("down", _) => State::new(Tone::Wrong, "down").into(),
            _ => State::new(Tone::Unknown, status.clone()).into(),
        }
    }

    fn latency_cell(&self) -> Cell {
        self.commit_latency_ms.map(|ms| format!("{ms} ms")).into()
    }

    fn fullness(&self) -> Option<Ratio> {
        self.bytes_used.known()?.of(self.total_space.known()?)
    }
}

impl Listed for CephOsd {
    const NOUN: (&'static str, &'static str) = ("OSD", "OSDs");

    fn columns() -> Vec<Column<CephOsd>> {
        vec![
            column!("OSD", |o: &CephOsd| o.name.clone()),
            column!("State", CephOsd::state_cell)
                .by("status is_in", "whether its daemon runs, and whether data are put on it"),
            column!("On", |o: &CephOsd| o.host.clone()),
            column!("Space", |o: &CephOsd| Cell::usage(o.bytes_used, o.total_space)),
            column!("Kind", |o: &CephOsd| o.device_class.clone()),
            column!("Placement groups", |o: &CephOsd| o.pgs),
            column!("A write takes", CephOsd::latency_cell).by("commit_latency_ms", "milliseconds"),
        ]
    }

    fn summary(osds: &[CephOsd]) -> (String, String) {
        const FULL: Ratio = Ratio(0.85);
        let named = |wanted: &dyn Fn(&&CephOsd) -> bool| {
            osds.iter().filter(|osd| wanted(osd)).map(|osd| osd.name.to_string()).collect::<Vec<_>>().join(", ")
        };
        let down = named(&|osd| osd.status.is_known() && !osd.is_up());
        let full = named(&|osd| osd.fullness().is_some_and(|fullness| fullness > FULL));
        let mut found = Vec::new();
        if !down.is_empty() {
            found.push(format!("down: {down}"));
        }
        if !full.is_empty() {
            found.push(format!("nearly full: {full}"));
        }
        let rest = if found.is_empty() { ".".into() } else { format!("; {}.", found.join("; ")) };
        (count(osds.len(), CephOsd::NOUN), rest)
    }
}

impl Listed for CephFlag {
    const NOUN: (&'static str, &'static str) = ("flag", "flags");

    fn columns() -> Vec<Column<CephFlag>> {
        vec![
            column!("Flag", |f: &CephFlag| f.name.clone()),
            column!("Set", |f: &CephFlag| {
                if f.value { State::new(Tone::Held, "set") } else { State::new(Tone::Off, "not set") }
            },),
            column!("What it does", |f: &CephFlag| f.description.clone()),
        ]
    }

    fn summary(flags: &[CephFlag]) -> (String, String) {
        let set: Vec<String> = flags.iter().filter(|flag| flag.value).map(|flag| flag.name.to_string()).collect();
        let rest = if set.is_empty() { ", none of them set.".into() } else { format!("; set: {}.", set.join(", ")) };
        (count(flags.len(), CephFlag::NOUN), rest)
    }
}
