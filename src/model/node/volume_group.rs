//! Space that a node manages by LVM: volume groups on its disks, and thin pools in them.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::page::Cell;
use crate::text::Text;
use crate::units::{Bytes, Ratio, Reading};

fields! {
    /// A volume group, from `/nodes/{node}/disks/lvm`. Needs Sys.Audit on `/`.
    #[derive(Clone, Default)]
    pub struct VolumeGroup {
        /// Its name.
        pub name: Text,
        /// All its space.
        pub size: Reading<Bytes>,
        /// What no volume takes. A thin pool takes all that it was given, however empty it is.
        pub free: Reading<Bytes>,
        /// The disks and partitions that it is made of.
        pub children: Vec<PhysicalVolume>,
        /// Whether it ends a branch of the tree that the API gives: a volume group does not.
        #[field(loose::yes)]
        pub leaf: bool,
        #[field(skip)]
        origin: Origin,
    }
}

record!(VolumeGroup: "/nodes/{node}/disks/lvm");

fields! {
    /// A disk or partition in a volume group.
    #[derive(Clone, Debug, Default)]
    pub struct PhysicalVolume {
        /// Its path on the node: `/dev/sda3`.
        pub name: Text,
        /// Its size.
        pub size: Reading<Bytes>,
        /// What no volume takes of it.
        pub free: Reading<Bytes>,
        /// Whether it ends a branch of the tree that the API gives.
        #[field(loose::yes)]
        pub leaf: bool,
    }
}

fields! {
    /// A thin pool, from `/nodes/{node}/disks/lvmthin`. Needs Sys.Audit on `/`.
    #[derive(Clone, Default)]
    pub struct ThinPool {
        /// Its name.
        pub lv: Text,
        /// The volume group that it is in.
        pub vg: Text,
        /// The space that it has for data.
        pub lv_size: Reading<Bytes>,
        /// Data in it.
        pub used: Reading<Bytes>,
        /// The space that it has for its own books.
        pub metadata_size: Reading<Bytes>,
        /// What the books take: when they are full, nothing can be written, however much space is left for data.
        pub metadata_used: Reading<Bytes>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(ThinPool: "/nodes/{node}/disks/lvmthin");

impl Node {
    /// Its LVM volume groups, from `/nodes/{node}/disks/lvm`.
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Audit on `/` is missing.
    pub fn volume_groups(&self) -> Result<List<VolumeGroup>, Error> {
        Ask::new(&self.session, self.path("disks/lvm"))
            .titled(format!("Volume groups on {}", self.name.raw()))
            .question("Which disks does LVM manage, and how much of them is given to volumes?")
            .place(self.place())
            .list_within("children", |_| {})
    }

    /// Its LVM thin pools, from `/nodes/{node}/disks/lvmthin`.
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Audit on `/` is missing.
    pub fn thin_pools(&self) -> Result<List<ThinPool>, Error> {
        Ask::new(&self.session, self.path("disks/lvmthin"))
            .titled(format!("Thin pools on {}", self.name.raw()))
            .question("How full are the pools whose volumes take space only as they fill?")
            .place(self.place())
            .list()
    }
}

impl VolumeGroup {
    /// What volumes take of it.
    pub fn used(&self) -> Reading<Bytes> {
        match (self.size, self.free) {
            (Reading::Known(size), Reading::Known(free)) => Reading::Known(size - free),
            (Reading::Missing(why), _) | (_, Reading::Missing(why)) => Reading::Missing(why),
        }
    }
}

impl Listed for VolumeGroup {
    const NOUN: (&'static str, &'static str) = ("volume group", "volume groups");

    fn columns() -> Vec<Column<VolumeGroup>> {
        vec![
            column!("Volume group", |g: &VolumeGroup| g.name.clone()),
            column!("Given to volumes", |g: &VolumeGroup| Cell::usage(g.used(), g.size))
                .by("size free", "the size less what is free, of the size"),
            column!("Free", |g: &VolumeGroup| g.free),
            column!("On", |g: &VolumeGroup| {
                g.children.iter().map(|disk| disk.name.to_string()).collect::<Vec<_>>().join(", ")
            }),
        ]
    }
}

impl ThinPool {
    /// How full it is: of data and of its books, whichever is fuller.
    pub fn fullness(&self) -> Option<Ratio> {
        let of = |used: Reading<Bytes>, size: Reading<Bytes>| used.known()?.of(size.known()?);
        of(self.used, self.lv_size).max(of(self.metadata_used, self.metadata_size))
    }
}

impl Listed for ThinPool {
    const NOUN: (&'static str, &'static str) = ("thin pool", "thin pools");

    fn columns() -> Vec<Column<ThinPool>> {
        vec![
            column!("Thin pool", |p: &ThinPool| p.lv.clone()),
            column!("Volume group", |p: &ThinPool| p.vg.clone()),
            column!("Data", |p: &ThinPool| Cell::usage(p.used, p.lv_size)),
            column!("Its own books", |p: &ThinPool| Cell::usage(p.metadata_used, p.metadata_size)),
        ]
    }

    fn summary(pools: &[ThinPool]) -> (String, String) {
        let full = |pool: &&ThinPool| pool.fullness().is_some_and(|fullness| fullness > Ratio(0.9));
        let full: Vec<String> = pools.iter().filter(full).map(|pool| pool.lv.to_string()).collect();
        let rest = if full.is_empty() { ".".into() } else { format!("; more than 90 % full: {}.", full.join(", ")) };
        (count(pools.len(), ThinPool::NOUN), rest)
    }
}
