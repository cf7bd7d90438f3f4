//! A row of the cluster's overview as it stands there: a node, a guest, a storage on a node, a pool, or a network on a node.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::record::{Ask, Origin, record};
use crate::model::words::words;
use crate::page::Cell;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Bytes, Ratio, Reading, Why};

words! {
    /// What a row of the overview is about.
    pub enum ResourceKind {
        /// A node.
        Node = "node",
        /// A virtual machine.
        Vm = "qemu",
        /// A container.
        Ct = "lxc",
        /// A storage on one node.
        Storage = "storage",
        /// A pool.
        Pool = "pool",
        /// A zone or fabric of the software-defined network on one node.
        Network = "network",
    }
}

fields! {
    /// A row of `/cluster/resources` with every field that it has, for what [`Guest`](crate::Guest), [`Node`](crate::Node)
    /// and [`Storage`](crate::Storage) have no field for. It lags by up to ten seconds. Numbers are as the server sent them:
    /// zeros of stopped guests included.
    #[derive(Clone, Default)]
    pub struct ClusterResource {
        /// `node/pve1`, `qemu/101`, `storage/pve1/local`, `/pool/lab`.
        pub id: Text,
        /// What it is.
        #[field("type")]
        pub kind: Reading<ResourceKind>,
        /// The node that it is on, or is.
        pub node: Option<Text>,
        /// A guest's number.
        #[field(loose::u64)]
        pub vmid: Option<u64>,
        /// A guest's name.
        pub name: Option<Text>,
        /// A storage's name.
        pub storage: Option<Text>,
        /// The pool that it is, or is in.
        pub pool: Option<Text>,
        /// A network's name.
        pub network: Option<Text>,
        /// Zone or fabric, of a network.
        #[field("network-type")]
        pub network_type: Option<Text>,
        /// The kind of a zone.
        #[field("zone-type")]
        pub zone_type: Option<Text>,
        /// The protocol of a fabric.
        pub protocol: Option<Text>,
        /// The name of a network in the words of earlier versions.
        pub sdn: Option<Text>,
        /// Its state, in the words of its kind.
        pub status: Option<Text>,
        /// CPU use, 1.0 being all that it has.
        pub cpu: Reading<Ratio>,
        /// CPUs that it has.
        pub maxcpu: Reading<f64>,
        /// Memory in use.
        pub mem: Reading<Bytes>,
        /// Memory that it has.
        pub maxmem: Reading<Bytes>,
        /// Memory of the node that a virtual machine takes.
        pub memhost: Reading<Bytes>,
        /// Space in use; of a virtual machine the 0 that Proxmox VE writes for "not known".
        pub disk: Reading<Bytes>,
        /// Space that it has; of a guest the size of its first disk.
        pub maxdisk: Reading<Bytes>,
        /// Bytes that a guest has read from its disks since it was started.
        pub diskread: Reading<Bytes>,
        /// Bytes that a guest has written to its disks since it was started.
        pub diskwrite: Reading<Bytes>,
        /// Bytes that a guest has received since it was started.
        pub netin: Reading<Bytes>,
        /// Bytes that a guest has sent since it was started.
        pub netout: Reading<Bytes>,
        /// How long it has been running.
        pub uptime: Reading<Age>,
        /// Whether a guest is a template.
        #[field(loose::flag)]
        pub template: Option<bool>,
        /// A guest's tags.
        #[field(loose::words)]
        pub tags: Vec<Text>,
        /// What holds a lock on a guest.
        pub lock: Option<Text>,
        /// What high availability makes of it.
        pub hastate: Option<Text>,
        /// What may be kept on a storage.
        #[field(loose::words)]
        pub content: Vec<Text>,
        /// The kind of a storage.
        pub plugintype: Option<Text>,
        /// Whether all nodes see the same data on a storage.
        #[field(loose::flag)]
        pub shared: Option<bool>,
        /// The level of a node's subscription; empty without one.
        pub level: Option<Text>,
        /// The version of control groups that a node uses.
        #[field("cgroup-mode")]
        pub cgroup_mode: Reading<u64>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(ClusterResource: "/cluster/resources");

impl ClusterResource {
    pub(crate) fn list(session: &Session) -> Result<List<ClusterResource>, Error> {
        Ask::new(session, "/cluster/resources")
            .titled("Everything in the overview")
            .question("What does the cluster say of each of its parts?")
            .filtered_by("guests", &["VM.Audit"], "/vms")
            .filtered_by("storages", &["Datastore.Audit"], "/storage")
            .filtered_by("pools", &["Pool.Audit"], "/pool")
            .filtered_by("figures of nodes", &["Sys.Audit"], "/nodes")
            .filtered_by("networks", &["SDN.Audit"], "/sdn")
            .list()
    }

    /// Of a guest, Proxmox VE writes 0 for what it does not know.
    fn disk_cell(&self) -> Cell {
        match (self.disk.known(), self.kind.as_ref().known()) {
            (Some(Bytes(0)), Some(ResourceKind::Vm)) => Why::KnownInsideOnly.into(),
            (Some(Bytes(0)), Some(ResourceKind::Ct)) => Why::NotWhileStopped.into(),
            (None, Some(ResourceKind::Pool | ResourceKind::Network)) => Cell::Empty,
            _ => self.disk.into(),
        }
    }
}

impl ClusterResource {
    fn is_guest(&self) -> bool {
        self.kind == ResourceKind::Vm || self.kind == ResourceKind::Ct
    }

    /// A number that a guest or a node has: storages and networks have none, and nothing is missing there.
    fn figure<T: Into<Cell>>(&self, number: Reading<T>) -> Cell {
        match number {
            Reading::Missing(_) if !self.is_guest() && self.kind != ResourceKind::Node => Cell::Empty,
            number => number.into(),
        }
    }

    /// A number that only guests have.
    fn traffic(&self, bytes: Reading<Bytes>) -> Cell {
        if self.is_guest() { bytes.into() } else { Cell::Empty }
    }
}

impl Listed for ClusterResource {
    const NOUN: (&'static str, &'static str) = ("part", "parts");

    fn columns() -> Vec<Column<ClusterResource>> {
        vec![
            column!("Part", |r: &ClusterResource| Cell::Code(r.id.clone())),
            column!("State", |r: &ClusterResource| r.status.clone()),
            column!("CPU", |r: &ClusterResource| r.figure(r.cpu)).by("cpu kind", "only guests and nodes have it"),
            column!("Memory", |r: &ClusterResource| r.figure(r.mem)).by("mem kind", "only guests and nodes have it"),
            column!("Disk", ClusterResource::disk_cell).by("disk kind", "the 0 of a virtual machine or of a stopped container means that nobody knows; pools and networks have none"),
            column!("Received", |r: &ClusterResource| r.traffic(r.netin)).by("netin kind", "only guests have it"),
            column!("Sent", |r: &ClusterResource| r.traffic(r.netout)).by("netout kind", "only guests have it"),
        ]
    }

    fn summary(parts: &[ClusterResource]) -> (String, String) {
        let of = |kinds: &[ResourceKind]| {
            parts.iter().filter(|part| part.kind.as_ref().known().is_some_and(|kind| kinds.contains(kind))).count()
        };
        let rest = format!(
            ": {}, {}, {} and others.",
            count(of(&[ResourceKind::Node]), ("node", "nodes")),
            count(of(&[ResourceKind::Vm, ResourceKind::Ct]), ("guest", "guests")),
            count(of(&[ResourceKind::Storage]), ("storage on a node", "storages on nodes")),
        );
        (count(parts.len(), ClusterResource::NOUN), rest)
    }
}
