//! A node: one machine of the cluster.

use std::fmt;

use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::guest::page::{cpu_cell, part};
use crate::model::history::{History, Span};
use crate::model::list::{About, Column, List, Listed, NEXT, count};
use crate::model::resource::{Resource, Resources};
use crate::model::storage::NodeStorage;
use crate::model::task::{self, Task};
use crate::page::{Cell, Level, Page, Provenance, State, Tone};
use crate::render::View;
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

use status::NodeStatus;

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
        Typed::record::<NodeStatus>(),
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

/// A node, as it was when it was read from `/cluster/resources`. Its numbers need Sys.Audit on `/nodes/{node}`.
#[derive(Clone)]
pub struct Node {
    /// Its name.
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
    pub(crate) session: Session,
    pub(crate) provenance: Provenance,
    raw: Raw,
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
        History::of_node(self, span)
    }

    /// A path below this node's own.
    pub(crate) fn path(&self, below: &str) -> String {
        format!("/nodes/{}/{below}", self.name.raw())
    }

    /// Where the console shows it.
    pub(crate) fn place(&self) -> String {
        format!("node/{}", self.name.raw())
    }

    /// The JSON that it was read from, as the server sent it.
    pub fn raw(&self) -> String {
        self.raw.json().to_owned()
    }

    pub(crate) fn state(&self) -> State {
        match self.status.raw() {
            "online" => State::new(Tone::Good, "online"),
            "offline" => State::new(Tone::Wrong, "offline"),
            other => State::new(Tone::Unknown, other),
        }
    }

    fn code(&self) -> String {
        format!("pve.node({:?})?", self.name.raw())
    }

    /// What the node itself says: version, kernel, processor, load, swap. Memory stands above it on the node's page.
    fn details(&self) -> Result<Page, Error> {
        let status = self.status()?;
        let shown =
            NodeStatus::columns().into_iter().filter(|column| *column.name() != "Node" && *column.name() != "Memory");
        let page = Page::new("").facts(shown.map(|column| (column.name().clone(), column.cell(&status))));
        Ok(page.provenance(status.provenance()))
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

impl Listed for Node {
    const NOUN: (&'static str, &'static str) = ("node", "nodes");

    fn columns() -> Vec<Column<Node>> {
        vec![
            Column::new("Node", |n: &Node| n.name.clone()),
            Column::new("State", |n: &Node| n.state()),
            Column::new("CPU", |n: &Node| cpu_cell(n.cpu, n.maxcpu)),
            Column::new("Memory", |n: &Node| Cell::usage(n.mem, n.maxmem)),
            Column::new("Root disk", |n: &Node| Cell::usage(n.disk, n.maxdisk)),
            Column::new("Up", |n: &Node| n.uptime),
            Column::new(NEXT, |n: &Node| {
                let code = Text::from(format!("{}.guests()?", n.code()));
                Cell::Button(code.clone(), code)
            }),
        ]
    }

    fn summary(nodes: &[Node]) -> (String, String) {
        let away: Vec<String> =
            nodes.iter().filter(|node| !node.is_online()).map(|node| node.name.to_string()).collect();
        let rest = if away.is_empty() { ", all online.".into() } else { format!("; {} not online.", away.join(", ")) };
        (count(nodes.len(), Node::NOUN), rest)
    }
}

impl View for Node {
    fn page(&self) -> Page {
        let guests = self.guests();
        let with_guests = match &guests {
            Ok(guests) => format!(", with {}.", count(guests.len(), Guest::NOUN)),
            Err(_) => "; its guests could not be read.".into(),
        };
        let page = Page::new(format!("Node {}", self.name.raw()))
            .question("Is it there, how loaded is it, and what runs on it?")
            .answer(format!("{} is {}", self.name.raw(), self.status), with_guests)
            .facts([
                ("State", Cell::from(self.state())),
                ("High availability", self.hastate.clone().map_or(Cell::from("not said"), Cell::from)),
                ("CPU", cpu_cell(self.cpu, self.maxcpu)),
                ("Memory", Cell::usage(self.mem, self.maxmem)),
                ("Root disk", Cell::usage(self.disk, self.maxdisk)),
                ("Running for", Cell::from(self.uptime)),
            ]);
        let page = if self.is_online() {
            part(page, "What the node says of itself", &format!("{}.status()?", self.code()), self.details())
        } else {
            page
        };
        let page = part(page, "Guests", &format!("{}.guests()?", self.code()), guests.map(|list| list.page()));
        if self.status == "offline" {
            let words = format!("Its storages and tasks can be read once {} answers again.", self.name);
            return page.note(Level::Info, words).code("pve.status()?").provenance(self.provenance.clone());
        }
        let page =
            part(page, "Storages", &format!("{}.storages()?", self.code()), self.storages().map(|list| list.page()));
        let page =
            part(page, "Recent tasks", &format!("{}.tasks()?", self.code()), self.tasks().map(|list| list.page()));
        page.code(format!("{}.history(Span::Day)?", self.code())).provenance(self.provenance.clone())
    }
}
