//! A pool of Ceph: what storages of virtual disks are made on. And file systems, made of two pools each.

use serde_json::Value;

use crate::model::fields::fields;
use crate::model::list::{Column, Listed, column, count};
use crate::model::record::{Origin, record};
use crate::page::{Cell, State, Tone};
use crate::text::Text;
use crate::units::{Bytes, Ratio, Reading};

fields! {
    /// A pool, from `/nodes/{node}/ceph/pool`.
    #[derive(Clone, Default)]
    pub struct CephPool {
        /// Its number.
        pub pool: Reading<u64>,
        /// Its name.
        pub pool_name: Text,
        /// `replicated`: whole copies; `erasure`: parts with parity.
        #[field("type")]
        pub kind: Reading<Text>,
        /// How many copies it keeps.
        pub size: Reading<u64>,
        /// With how few it still takes writes.
        pub min_size: Reading<u64>,
        /// Space in use on the disks, with all copies.
        pub bytes_used: Reading<Bytes>,
        /// How full it is, 1.0 being all that can still be put into it; other pools fill the same disks.
        pub percent_used: Reading<Ratio>,
        /// The parts that its data is kept in (placement groups).
        pub pg_num: Reading<u64>,
        /// How many there should be, as Ceph reckons.
        pub pg_num_final: Reading<u64>,
        /// How many there must be at least.
        pub pg_num_min: Reading<u64>,
        /// Whether Ceph sets their number: `on`, `warn`, `off`.
        pub pg_autoscale_mode: Reading<Text>,
        /// What Ceph reckons about that.
        pub autoscale_status: Value,
        /// How large it is expected to become.
        pub target_size: Reading<Bytes>,
        /// The part of all space that it is expected to take.
        pub target_size_ratio: Reading<Ratio>,
        /// By which rule copies are placed.
        pub crush_rule_name: Reading<Text>,
        /// The number of that rule.
        pub crush_rule: Reading<u64>,
        /// What it is used for: `rbd`, `cephfs`, with details.
        pub application_metadata: Value,
        #[field(skip)]
        origin: Origin,
    }
}

fields! {
    /// A file system, from `/nodes/{node}/ceph/fs`.
    #[derive(Clone, Default)]
    pub struct CephFileSystem {
        /// Its name.
        pub name: Text,
        /// The pool that its files are in.
        pub data_pool: Reading<Text>,
        /// The pool that its folders are in.
        pub metadata_pool: Reading<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(CephPool: "/nodes/{node}/ceph/pool");
record!(CephFileSystem: "/nodes/{node}/ceph/fs");

impl CephPool {
    /// What it is used for.
    pub fn applications(&self) -> Vec<Text> {
        self.application_metadata.as_object().into_iter().flat_map(|all| all.keys()).map(Text::from).collect()
    }

    /// Whether one lost disk may already lose data: with a single copy, or with writes taken on a single one.
    pub fn is_daring(&self) -> bool {
        self.kind == "replicated" && (self.size == 1 || self.min_size == 1)
    }

    fn copies_cell(&self) -> Cell {
        match (self.size, self.min_size) {
            (Reading::Known(size), Reading::Known(least)) => {
                let tone = if self.is_daring() { Tone::Wrong } else { Tone::Good };
                State::new(tone, format!("{size}, at least {least}")).into()
            }
            (size, _) => size.into(),
        }
    }
}

impl Listed for CephPool {
    const NOUN: (&'static str, &'static str) = ("pool", "pools");

    fn columns() -> Vec<Column<CephPool>> {
        vec![
            column!("Pool", |p: &CephPool| p.pool_name.clone()),
            column!("Full", |p: &CephPool| p.percent_used),
            column!("Space, with all copies", |p: &CephPool| p.bytes_used),
            column!("Copies", CephPool::copies_cell).by(
                "size min_size kind",
                "how many are kept, and with how many writes are still taken; wrong where one lost disk may lose data",
            ),
            column!("Used for", |p: &CephPool| {
                p.applications().iter().map(Text::to_string).collect::<Vec<_>>().join(", ")
            })
            .by("application_metadata", "the names in it"),
            column!("Placement groups", |p: &CephPool| p.pg_num),
            column!("Placed by", |p: &CephPool| p.crush_rule_name.clone()),
        ]
    }

    fn summary(pools: &[CephPool]) -> (String, String) {
        let daring: Vec<String> = pools.iter().filter(|p| p.is_daring()).map(|p| p.pool_name.to_string()).collect();
        let rest = match daring.as_slice() {
            [] => ".".into(),
            daring => format!("; one lost disk may lose data of {}.", daring.join(", ")),
        };
        (count(pools.len(), CephPool::NOUN), rest)
    }
}

impl Listed for CephFileSystem {
    const NOUN: (&'static str, &'static str) = ("file system", "file systems");

    fn columns() -> Vec<Column<CephFileSystem>> {
        vec![
            column!("File system", |f: &CephFileSystem| f.name.clone()),
            column!("Files in", |f: &CephFileSystem| f.data_pool.clone()),
            column!("Folders in", |f: &CephFileSystem| f.metadata_pool.clone()),
        ]
    }
}
