//! A node: one machine of the cluster.

use std::fmt;

use serde_json::Value;

use crate::error::Error;
use crate::model::access::right::Right;
use crate::model::guest::Guest;
use crate::model::history::{History, Source, Span};
use crate::model::list::{About, List};
use crate::model::map::{self, Focus};
use crate::model::record::json_of;
use crate::model::resource::{Resource, Resources};
use crate::model::storage::NodeStorage;
use crate::model::task::{self, Task};
use crate::model::told::told;
use crate::model::why::{Explained, Sources};
use crate::page::{Figure, Provenance, State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Bytes, Ratio, Reading, Why};
use crate::wire::Raw;

pub(crate) mod capability;
pub(crate) mod certificate;
pub(crate) mod directory;
pub(crate) mod disk;
pub(crate) mod hardware;
pub(crate) mod network;
pub(crate) mod package;
mod page;
pub(crate) mod repositories;
pub(crate) mod service;
pub(crate) mod settings;
pub(crate) mod status;
pub(crate) mod subscription;
mod syslog;
pub(crate) mod time;
pub(crate) mod traffic;
pub(crate) mod volume_group;
pub(crate) mod zpool;

/// The types of a node's parts, for the conformance check.
#[cfg(test)]
pub(crate) fn typed() -> Vec<super::conformance::Typed> {
    use super::conformance::Typed;
    vec![
        Typed::record::<crate::model::log::LogLine>(),
        Typed::record::<capability::CpuFlag>(),
        Typed::record::<capability::CpuModel>(),
        Typed::record::<capability::MachineType>(),
        Typed::record::<certificate::Certificate>(),
        Typed::record::<directory::MountedDirectory>(),
        Typed::record::<disk::NodeDisk>(),
        Typed::record::<disk::Smart>(),
        Typed::record::<hardware::PciDevice>(),
        Typed::record::<hardware::UsbDevice>(),
        Typed::record::<network::NetworkInterface>(),
        Typed::record::<package::AptPackage>(),
        Typed::record::<repositories::AptRepositories>(),
        Typed::record::<service::NodeService>(),
        Typed::record::<settings::NodeSettings>(),
        Typed::record::<status::NodeStatus>(),
        Typed::record::<subscription::Subscription>(),
        Typed::record::<time::NodeHosts>(),
        Typed::record::<time::NodeDns>(),
        Typed::record::<time::NodeTime>(),
        Typed::record::<traffic::GuestTraffic>(),
        Typed::record::<volume_group::ThinPool>(),
        Typed::record::<volume_group::VolumeGroup>(),
        Typed::record::<zpool::Zpool>(),
        Typed::record::<zpool::ZpoolDetails>(),
    ]
}

told! {
    /// A node, as it was when it was read from `/cluster/resources`. Its numbers need Sys.Audit on `/nodes/{node}`.
    #[derive(Clone)]
    pub struct Node {
        /// Its name.
        #[field("node")]
        pub name: Text,
        /// Whether it is online, as the cluster sees it.
        pub status: Text,
        /// CPU use, 1.0 being all cores.
        pub cpu: Reading<Ratio>,
        /// CPU threads.
        pub maxcpu: Reading<u64>,
        /// Memory in use.
        pub mem: Reading<Bytes>,
        /// Memory that it has.
        pub maxmem: Reading<Bytes>,
        /// Space used on its root file system.
        pub disk: Reading<Bytes>,
        /// Size of its root file system.
        pub maxdisk: Reading<Bytes>,
        /// How long it has been running.
        pub uptime: Reading<Age>,
        /// What high availability makes of it.
        pub hastate: Option<Text>,
        #[field(skip)]
        pub(crate) session: Session,
        #[field(skip)]
        pub(crate) provenance: Provenance,
        #[field(skip)]
        raw: Raw,
    }
}

impl Node {
    pub(crate) fn list(session: &Session) -> Result<List<Node>, Error> {
        let resources = Resources::read(session)?;
        Ok(Node::among(session, &resources, session.provenance([&resources.answer], None)))
    }

    /// The nodes in an answer that was read already.
    pub(crate) fn among(session: &Session, resources: &Resources, provenance: Provenance) -> List<Node> {
        let mut nodes: Vec<Node> =
            resources.of(&["node"]).filter_map(|(row, raw)| Node::read(session, row, raw, &provenance)).collect();
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        let about = About {
            title: "Nodes".into(),
            question: "Which machines does the cluster have, are they there, and how loaded are they?".into(),
            sight: resources.sight(session, "figures of nodes", "Sys.Audit", "/nodes"),
            provenance,
            of: None,
        };
        List::new(nodes, about)
    }

    pub(crate) fn find(session: &Session, name: &str) -> Result<Node, Error> {
        let nodes = Node::list(session)?;
        let mut node = nodes.find(|node| node.name == name).ok_or_else(|| {
            let names: Vec<String> = nodes.map(|node| node.name.to_string());
            Error::not_found(
                format!("There is no node \"{}\" in {}", Text::from(name), session.cluster()),
                format!("Its nodes are {}", names.join(", ")),
            )
        })?;
        node.provenance.console = session.provenance([], Some(&format!("node/{name}"))).console;
        Ok(node)
    }

    fn read(session: &Session, row: &Resource, raw: &Raw, from: &Provenance) -> Option<Node> {
        let name = row.node.clone()?;
        let status = row.status.clone().unwrap_or_else(|| "unknown".into());
        let path = format!("/nodes/{}", name.raw());
        let why = match (status.raw(), session.has("Sys.Audit", &path)) {
            ("offline", _) => Why::NodeOffline,
            // Without the privilege the server leaves the numbers out.
            (_, Some(false)) => Why::needs("Sys.Audit", &path),
            // Where not one of them is there, nobody on the node says them: its status daemon hangs.
            ("online", Some(true)) if row.maxcpu.is_none() && row.maxmem.is_none() && row.uptime.is_none() => {
                Why::NodeSilent
            }
            _ => Why::NotInAnswer,
        };
        let online = status == "online";
        let bytes = |n: Option<u64>| Reading::or_missing(n.filter(|_| online).map(Bytes), why);
        Some(Node {
            cpu: Reading::or_missing(row.cpu.filter(|_| online).map(Ratio), why),
            maxcpu: Reading::or_missing(row.maxcpu.filter(|_| online).map(|n| n.round() as u64), why),
            mem: bytes(row.mem),
            maxmem: bytes(row.maxmem),
            disk: bytes(row.disk),
            maxdisk: bytes(row.maxdisk),
            uptime: Reading::or_missing(row.uptime.filter(|_| online).map(Age), why),
            hastate: row.hastate.clone(),
            session: session.clone(),
            provenance: from.clone(),
            raw: raw.clone(),
            name,
            status,
        })
    }

    /// One of a single row of the overview.
    #[cfg(test)]
    pub(crate) fn of_row(session: &Session, json: &Value) -> Option<Node> {
        let row = serde_json::from_value(json.clone()).ok()?;
        Node::read(session, &row, &Raw::default(), &Provenance::default())
    }

    /// Whether the cluster sees it.
    pub fn is_online(&self) -> bool {
        self.status == "online"
    }

    /// The guests on it.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn guests(&self) -> Result<List<Guest>, Error> {
        let called = (format!("Guests on {}", self.name.raw()), "Which virtual machines and containers run on it?");
        Guest::those(&self.session, called, |guest| guest.node == self.name)
    }

    /// The storages on it, each with its state here, from `/nodes/{node}/storage`.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn storages(&self) -> Result<List<NodeStorage>, Error> {
        NodeStorage::list(&self.session, &self.name)
    }

    /// One storage as this node sees it.
    ///
    /// # Errors
    /// When there is none of that name here, or the node cannot be reached.
    pub fn storage(&self, name: &str) -> Result<NodeStorage, Error> {
        self.storages()?.named(name, |storage| storage.storage.clone())
    }

    /// What happened on it, newest first, from `/nodes/{node}/tasks`.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn tasks(&self) -> Result<List<Task>, Error> {
        task::of_node(&self.session, &self.name)
    }

    /// How it was loaded, from `/nodes/{node}/rrddata`.
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Audit is missing.
    pub fn history(&self, span: Span) -> Result<History, Error> {
        History::of(Source::of_node(self), span)
    }

    /// How its guests hang on its bridges, and those on its cards, from `/nodes/{node}/network` and the guests' settings.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let figure = Pve::demo()?.node("pve1")?.network_topology()?;
    /// assert!(figure.words().text().contains("pve1 has 2 bridges"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn network_topology(&self) -> Result<Figure, Error> {
        map::network(&self.session, &Focus::Node(self.name.clone()))
    }

    /// Where the disks of its guests lie, and which backup jobs save them.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn storage_topology(&self) -> Result<Figure, Error> {
        map::storage(&self.session, &Focus::Node(self.name.clone()))
    }

    /// A path below this node's own.
    pub(crate) fn path(&self, below: &str) -> String {
        format!("/nodes/{}/{below}", self.name.raw())
    }

    /// Where the console shows it.
    pub(crate) fn place(&self) -> String {
        format!("node/{}", self.name.raw())
    }

    /// The JSON that it was read from, with what this type has no field for.
    pub fn raw(&self) -> Value {
        json_of(&self.raw)
    }

    /// What this session's identity may do with it, from `/access/permissions?path=/nodes/{node}`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn permissions(&self) -> Result<List<Right>, Error> {
        Right::on(&self.session, &format!("/nodes/{}", self.name.raw()), self.name.raw())
    }

    pub(crate) fn state(&self) -> State {
        match self.status.raw() {
            "online" => State::new(Tone::Good, "online"),
            "offline" => State::new(Tone::Wrong, "offline"),
            other => State::new(Tone::Unknown, other),
        }
    }
}

impl Explained for Node {
    fn sources(&self) -> Sources {
        let sources = Sources::of(&self.provenance)
            .within(&self.session)
            .raw(format!("pve.node({:?})?.raw()", self.name.raw()))
            .about(format!("/nodes/{}", self.name.raw()));
        let call = sources.call("/cluster/resources");
        sources.part(call, "", self.raw())
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({}: {})", self.name, self.status)
    }
}
