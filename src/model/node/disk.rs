//! A disk of a node, and what it says of its own health.

use serde::Deserialize;
use serde_json::Value;

use crate::error::Error;
use crate::loose::{self, Loose, Scalar};
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::model::words::words;
use crate::page::{Cell, State, Tone};
use crate::text::Text;
use crate::units::{Bytes, Ratio, Reading, Why};

words! {
    /// What kind of disk it is.
    pub enum NodeDiskKind {
        /// It turns.
        Hdd = "hdd",
        /// Solid state, on SATA or SAS.
        Ssd = "ssd",
        /// Solid state, on NVMe.
        Nvme = "nvme",
        /// Behind USB.
        Usb = "usb",
        /// A part of a disk.
        Partition = "partition",
        /// The node cannot tell; so it is with virtual disks.
        Unknown = "unknown",
    }
}

fields! {
    /// A disk, from `/nodes/{node}/disks/list`. Needs Sys.Audit on `/nodes/{node}`.
    #[derive(Clone, Default)]
    pub struct NodeDisk {
        /// Where the node has it: `/dev/sda`.
        pub devpath: Text,
        /// What kind it is.
        #[field("type")]
        pub kind: Reading<NodeDiskKind>,
        /// The model.
        pub model: Reading<Text>,
        /// The maker, of disks that tell it beside the model.
        pub vendor: Reading<Text>,
        /// The serial number on its label.
        pub serial: Reading<Text>,
        /// Its name among all disks of the world.
        pub wwn: Reading<Text>,
        /// A path under `/dev/disk/by-id` that stays when cables change.
        pub by_id_link: Option<Text>,
        /// Its size.
        pub size: Reading<Bytes>,
        /// What is on it: `LVM`, `ZFS`, `ext4`, `partitions`, ...; nothing where it is free.
        pub used: Option<Text>,
        /// Whether it is mounted as it is, without partitions.
        #[field(loose::yes)]
        pub mounted: bool,
        /// Whether it has a partition table of the kind GPT.
        #[field(loose::yes)]
        pub gpt: bool,
        /// What the disk says of itself: `PASSED`, `OK`, `FAILED!`, ...; `UNKNOWN` where it was not asked or says nothing.
        pub health: Reading<Text>,
        /// The part of a solid state disk's endurance that is left: 1.0 when new, 0.0 when it is worn out.
        #[field(percent_left)]
        pub wearout: Reading<Ratio>,
        /// Turns a minute; 0 of a disk that does not turn.
        #[field(turns)]
        pub rpm: Reading<u64>,
        /// The disk that this partition is a part of, where partitions were asked for.
        pub parent: Option<Text>,
        /// The Ceph OSD on it; none where there is none.
        #[field(osd)]
        pub osdid: Option<u64>,
        /// All Ceph OSDs on it.
        #[field("osdid-list", loose::words)]
        pub osdid_list: Vec<Text>,
        /// Whether its OSD is one of the kind BlueStore.
        #[field(loose::yes)]
        pub bluestore: bool,
        /// Whether its OSD is encrypted.
        #[field(loose::yes)]
        pub osdencrypted: bool,
        /// How many databases of OSDs are on it.
        #[field(loose::u64)]
        pub db: Option<u64>,
        /// How many write-ahead logs of OSDs are on it.
        #[field(loose::u64)]
        pub wal: Option<u64>,
        /// How many journals of OSDs of the old kind are on it.
        #[field(loose::u64)]
        pub journals: Option<u64>,
        /// The node that it is in.
        #[field(skip, "the path of the call")]
        node: Text,
        #[field(skip)]
        origin: Origin,
    }
}

record!(NodeDisk: "/nodes/{node}/disks/list");

fields! {
    /// The report of a disk on itself (S.M.A.R.T.), from `/nodes/{node}/disks/smart`. Needs Sys.Audit on `/`.
    #[derive(Clone, Default)]
    pub struct Smart {
        /// Its judgement: `PASSED`, `OK`, `FAILED!`, `SMART Disabled`, ...
        pub health: Reading<Text>,
        /// `ata` when it gives attributes, `text` when it gives lines.
        #[field("type")]
        pub kind: Option<Text>,
        /// The attributes of a SATA disk.
        pub attributes: Vec<SmartAttribute>,
        /// The report of an NVMe or SAS disk, in lines.
        pub text: Option<Text>,
        /// The part of a solid state disk's endurance that is left: 1.0 when new.
        #[field(percent_left)]
        pub wearout: Reading<Ratio>,
        /// The disk that it is about.
        #[field(skip, "the disk that the call was about")]
        disk: Text,
        #[field(skip)]
        origin: Origin,
    }
}

record!(Smart without page: "/nodes/{node}/disks/smart");

fields! {
    /// One attribute that a SATA disk keeps of itself.
    #[derive(Clone, Debug, Default)]
    pub struct SmartAttribute {
        /// Its number.
        pub id: Text,
        /// Its name: `Reallocated_Sector_Ct`.
        pub name: Text,
        /// The value as the maker counts: what a large number means differs from one maker to the next.
        pub raw: Reading<Text>,
        /// The value on the scale of the disk, on which less is worse.
        pub normalized: Reading<u64>,
        /// The same as `normalized`, by its old name.
        pub value: Reading<u64>,
        /// The least that it ever was.
        pub worst: Reading<u64>,
        /// Where it begins to be a failure.
        pub threshold: Reading<u64>,
        /// Whether it is or was one: `-`, `NOW`, `Past`.
        pub fail: Reading<Text>,
        /// Marks of the attribute, in the form of smartctl: `PO--CK`.
        pub flags: Reading<Text>,
    }
}

/// Percent that are left; `N/A` where a disk does not tell.
fn percent_left<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Reading<Ratio>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Null => Reading::Missing(Why::NotInAnswer),
        Value::String(words) if words == "N/A" => Reading::Missing(Why::DeviceSilent),
        Value::String(words) => number(Scalar::Words(words)),
        value => value.as_f64().map_or(Reading::Missing(Why::NotUnderstood), |n| number(Scalar::Float(n))),
    })
}

fn number(percent: Scalar) -> Reading<Ratio> {
    Reading::or_missing(f64::read(percent).map(|percent| Ratio(percent / 100.0)), Why::NotUnderstood)
}

/// -1 where the disk does not tell.
fn turns<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Reading<u64>, D::Error> {
    Ok(match loose::i64(from)? {
        None => Reading::Missing(Why::NotInAnswer),
        Some(turns) => Reading::or_missing(u64::try_from(turns).ok(), Why::DeviceSilent),
    })
}

/// -1 where there is none.
fn osd<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(loose::i64(from)?.and_then(|id| u64::try_from(id).ok()))
}

impl Node {
    /// Its disks, from `/nodes/{node}/disks/list`. The node asks each disk for its health, which takes a while where there
    /// are many.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let disks = Pve::demo()?.node("pve3")?.disks()?;
    /// let worn = disks.filter(|disk| disk.wearout < Ratio(0.2));
    /// assert_eq!(worn.len(), 1);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Audit is missing.
    pub fn disks(&self) -> Result<List<NodeDisk>, Error> {
        Ask::new(&self.session, self.path("disks/list"))
            .titled(format!("Disks of {}", self.name.raw()))
            .question("Which disks does it have, what are they used for, and are they well?")
            .place(self.place())
            .list_with(|disk: &mut NodeDisk| disk.node = self.name.clone())
    }
}

impl NodeDisk {
    /// What the disk reports on itself, from `/nodes/{node}/disks/smart`.
    ///
    /// # Errors
    /// When the node cannot be reached, the disk cannot be asked (a virtual one, one behind a RAID controller), or Sys.Audit
    /// on `/` is missing.
    pub fn smart(&self) -> Result<Smart, Error> {
        Ask::new(self.origin.session()?, format!("/nodes/{}/disks/smart", self.node.raw()))
            .with("disk", self.devpath.raw())
            .place(format!("node/{}", self.node.raw()))
            .one_with(|smart: &mut Smart| smart.disk = self.devpath.clone())
    }

    /// Whether the disk itself says that it is failing.
    pub fn is_failing(&self) -> bool {
        self.health.as_ref().known().is_some_and(|health| health_tone(health) == Tone::Wrong)
    }

    fn health_cell(&self) -> Cell {
        health_cell(&self.health)
    }

    fn kind_cell(&self) -> Cell {
        match (&self.kind, self.rpm) {
            (Reading::Known(kind), Reading::Known(rpm)) if rpm > 0 => {
                Cell::Name(kind.to_string().into(), format!("{rpm} turns a minute").into())
            }
            (kind, _) => kind.clone().into(),
        }
    }

    fn used_cell(&self) -> Cell {
        match (&self.used, self.osdid) {
            (_, Some(osd)) => format!("Ceph OSD {osd}").into(),
            (Some(used), None) => used.clone().into(),
            (None, None) => "nothing".into(),
        }
    }
}

fn health_cell(health: &Reading<Text>) -> Cell {
    match health {
        Reading::Known(health) => State::new(health_tone(health), health.clone()).into(),
        Reading::Missing(why) => (*why).into(),
    }
}

fn health_tone(health: &Text) -> Tone {
    match health.raw() {
        "PASSED" | "OK" => Tone::Good,
        "UNKNOWN" | "SMART Disabled" | "" => Tone::Unknown,
        _ => Tone::Wrong,
    }
}

impl Listed for NodeDisk {
    const NOUN: (&'static str, &'static str) = ("disk", "disks");

    fn columns() -> Vec<Column<NodeDisk>> {
        vec![
            column!("Disk", |d: &NodeDisk| d.devpath.clone()),
            column!("Health", NodeDisk::health_cell)
                .by("health", "PASSED and OK are good, a word that tells nothing is not known, all else is wrong"),
            column!("Endurance left", |d: &NodeDisk| d.wearout),
            column!("Used for", NodeDisk::used_cell)
                .by("osdid used", "the Ceph OSD on it, where there is one; else what is on it; else nothing"),
            column!("Size", |d: &NodeDisk| d.size),
            column!("Kind", NodeDisk::kind_cell).by("kind rpm", "the kind, with the turns a minute of one that turns"),
            column!("Model", |d: &NodeDisk| d.model.clone()),
            column!("Serial number", |d: &NodeDisk| d.serial.clone()),
        ]
    }

    fn summary(disks: &[NodeDisk]) -> (String, String) {
        const WORN: Ratio = Ratio(0.1);
        let failing: Vec<String> = disks.iter().filter(|d| d.is_failing()).map(|d| d.devpath.to_string()).collect();
        let worn: Vec<String> = disks.iter().filter(|d| d.wearout < WORN).map(|d| d.devpath.to_string()).collect();
        let silent =
            disks.iter().filter(|d| !matches!(d.health.as_ref().known(), Some(h) if health_tone(h) != Tone::Unknown));
        let mut found = Vec::new();
        if !failing.is_empty() {
            found.push(format!("failing: {}", failing.join(", ")));
        }
        if !worn.is_empty() {
            found.push(format!("nearly worn out: {}", worn.join(", ")));
        }
        match silent.count() {
            0 => {}
            n => found.push(format!("{n} of unknown health")),
        }
        let rest = if found.is_empty() { ", all well.".into() } else { format!("; {}.", found.join("; ")) };
        (count(disks.len(), NodeDisk::NOUN), if disks.is_empty() { ".".into() } else { rest })
    }
}

mod smart;
