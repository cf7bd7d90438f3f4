//! ZFS pools of a node, and the directories that it mounts as storages.

use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record, segment};
use crate::model::words::words;
use crate::page::{Cell, Grid, Page, State, Tone};
use crate::render::View;
use crate::text::Text;
use crate::units::{Bytes, Ratio, Reading};

words! {
    /// Whether a ZFS pool, or a part of it, works.
    pub enum ZpoolHealth {
        /// All of it works.
        Online = "ONLINE",
        /// It works, without a disk that it should have.
        Degraded = "DEGRADED",
        /// Too much of it failed: it does not work.
        Faulted = "FAULTED",
        /// Somebody took it out of use.
        Offline = "OFFLINE",
        /// It cannot be opened.
        Unavailable = "UNAVAIL",
        /// A disk was pulled.
        Removed = "REMOVED",
        /// Input and output are on hold after failures.
        Suspended = "SUSPENDED",
        /// A spare disk that waits.
        Available = "AVAIL",
    }
}

impl ZpoolHealth {
    fn state(&self) -> State {
        let tone = match self {
            ZpoolHealth::Online | ZpoolHealth::Available => Tone::Good,
            ZpoolHealth::Offline => Tone::Held,
            ZpoolHealth::Other(_) => Tone::Unknown,
            _ => Tone::Wrong,
        };
        State::new(tone, self.word())
    }
}

fn health_cell(health: &Reading<ZpoolHealth>) -> Cell {
    health.as_ref().map(ZpoolHealth::state).into()
}

fields! {
    /// A ZFS pool, from `/nodes/{node}/disks/zfs`. Needs Sys.Audit on `/`.
    #[derive(Clone, Default)]
    pub struct Zpool {
        /// Its name.
        pub name: Text,
        /// Whether it works.
        pub health: Reading<ZpoolHealth>,
        /// All its space, that of redundant disks counted as ZFS does: a mirror once, RAID-Z with its parity.
        pub size: Reading<Bytes>,
        /// In use.
        pub alloc: Reading<Bytes>,
        /// Not in use.
        pub free: Reading<Bytes>,
        /// How broken up the free space is, in percent.
        pub frag: Reading<u64>,
        /// How many times over data is stored that is there once: 1.0 without deduplication.
        pub dedup: Reading<f64>,
        /// The node that it belongs to.
        #[field(skip, "the path of the call")]
        node: Text,
        #[field(skip)]
        origin: Origin,
    }
}

record!(Zpool: "/nodes/{node}/disks/zfs");

fields! {
    /// A ZFS pool down to its disks, from `/nodes/{node}/disks/zfs/{name}`. Needs Sys.Audit on `/`.
    #[derive(Clone, Default)]
    pub struct ZpoolDetails {
        /// Its name.
        pub name: Text,
        /// Whether it works.
        pub state: Reading<ZpoolHealth>,
        /// What is wrong with it, in the words of ZFS; nothing where all is well.
        pub status: Option<Text>,
        /// What ZFS proposes to do about it.
        pub action: Option<Text>,
        /// The last scrub or repair, in the words of ZFS.
        pub scan: Option<Text>,
        /// Damage to data: `No known data errors`, or which files.
        pub errors: Reading<Text>,
        /// What it is made of.
        pub children: Vec<ZpoolPart>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(ZpoolDetails without page: "/nodes/{node}/disks/zfs/{name}");

fields! {
    /// A part of a ZFS pool: a disk, or a group of them such as a mirror.
    #[derive(Clone, Debug, Default)]
    pub struct ZpoolPart {
        /// Its name: a disk, or `mirror-0`, `raidz2-0`, `spares`, ...
        pub name: Text,
        /// Whether it works; some groups have no state of their own.
        pub state: Reading<ZpoolHealth>,
        /// Reads that failed.
        pub read: Reading<u64>,
        /// Writes that failed.
        pub write: Reading<u64>,
        /// Blocks that were not what had been written.
        pub cksum: Reading<u64>,
        /// What else ZFS says of it.
        pub msg: Option<Text>,
        /// What it is made of in its turn.
        pub children: Vec<ZpoolPart>,
        /// Whether it ends the branch: a disk does.
        pub leaf: Reading<bool>,
    }
}

impl Node {
    /// Its ZFS pools, from `/nodes/{node}/disks/zfs`.
    ///
    /// # Errors
    /// When the node cannot be reached, Sys.Audit on `/` is missing, or ZFS is not installed.
    pub fn zpools(&self) -> Result<List<Zpool>, Error> {
        Ask::new(&self.session, self.path("disks/zfs"))
            .titled(format!("ZFS pools on {}", self.name.raw()))
            .question("Do the ZFS pools work, and how full are they?")
            .place(self.place())
            .list_with(|pool: &mut Zpool| pool.node = self.name.clone())
    }
}

impl Zpool {
    /// What it is made of, and what is wrong with it, from `/nodes/{node}/disks/zfs/{name}`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pool = Pve::demo()?.node("pve3")?.zpools()?.first().unwrap();
    /// assert_eq!(pool.details()?.state, ZpoolHealth::Online);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Audit on `/` is missing.
    pub fn details(&self) -> Result<ZpoolDetails, Error> {
        let path = format!("/nodes/{}/disks/zfs/{}", self.node.raw(), segment(&self.name));
        Ask::new(self.origin.session()?, path).place(format!("node/{}", self.node.raw())).one()
    }
}

impl Listed for Zpool {
    const NOUN: (&'static str, &'static str) = ("ZFS pool", "ZFS pools");

    fn columns() -> Vec<Column<Zpool>> {
        vec![
            column!("Pool", |p: &Zpool| p.name.clone()),
            column!("Health", |p: &Zpool| health_cell(&p.health)),
            column!("Space", |p: &Zpool| Cell::usage(p.alloc, p.size)),
            column!("Free", |p: &Zpool| p.free),
            column!("Broken up", |p: &Zpool| p.frag.map(|percent| Ratio(percent as f64 / 100.0))),
        ]
    }

    fn summary(pools: &[Zpool]) -> (String, String) {
        let bad = |pool: &&Zpool| pool.health.is_known() && pool.health != ZpoolHealth::Online;
        let bad: Vec<String> = pools.iter().filter(bad).map(|p| format!("{} is {}", p.name, p.health)).collect();
        let rest = if bad.is_empty() { ".".into() } else { format!("; {}.", bad.join(", ")) };
        (count(pools.len(), Zpool::NOUN), rest)
    }
}

impl Listed for ZpoolDetails {
    const NOUN: (&'static str, &'static str) = ("ZFS pool", "ZFS pools");

    fn columns() -> Vec<Column<ZpoolDetails>> {
        vec![
            column!("Pool", |p: &ZpoolDetails| p.name.clone()),
            column!("State", |p: &ZpoolDetails| health_cell(&p.state)),
            column!("Errors", |p: &ZpoolDetails| p.errors.clone()),
            column!("Last scrub or repair", |p: &ZpoolDetails| p.scan.clone()),
        ]
    }
}

impl ZpoolPart {
    fn rows(&self, depth: usize, rows: &mut Vec<Vec<Cell>>) {
        rows.push(vec![
            format!("{}{}", "· ".repeat(depth), self.name.raw()).into(),
            if self.state.is_known() { health_cell(&self.state) } else { Cell::Empty },
            self.read.known().into(),
            self.write.known().into(),
            self.cksum.known().into(),
            self.msg.clone().into(),
        ]);
        self.children.iter().for_each(|child| child.rows(depth + 1, rows));
    }
}

impl View for ZpoolDetails {
    fn page(&self) -> Page {
        let mut rows = Vec::new();
        self.children.iter().for_each(|part| part.rows(0, &mut rows));
        let facts = [
            ("Errors in data", Cell::from(self.errors.clone())),
            ("Last scrub or repair", Cell::from(self.scan.clone())),
            ("What is wrong", Cell::from(self.status.clone())),
            ("What ZFS proposes", Cell::from(self.action.clone())),
        ];
        let grid = Grid::new(["Part", "State", "Failed reads", "Failed writes", "Wrong blocks", "Remark"]);
        Page::new(format!("ZFS pool {}", self.name.raw()))
            .question("What is it made of, and does all of it work?")
            .answer(format!("It is {}", self.state), ".")
            .facts(facts.into_iter().filter(|(_, cell)| *cell != Cell::Empty))
            .table(grid.rows(rows))
            .provenance(self.origin.provenance())
    }
}
