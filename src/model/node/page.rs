//! How a node is shown: its row in a table, and its page.

use crate::error::Error;
use crate::model::access::right;
use crate::model::guest::Guest;
use crate::model::guest::page::cpu_cell;
use crate::model::inspect::{FOUND, Inspection, raw_lines, without};
use crate::model::lens::{self, Inspected};
use crate::model::list::{Column, List, Listed, NEXT, column, count};
use crate::model::node::Node;
use crate::model::node::service::NodeService;
use crate::model::node::status::NodeStatus;
use crate::model::task;
use crate::page::{Cell, Level, Page};
use crate::render::View;
use crate::text::Text;
use crate::units::Reading;
use crate::wire::Call;

impl Listed for Node {
    const NOUN: (&'static str, &'static str) = ("node", "nodes");

    fn columns() -> Vec<Column<Node>> {
        vec![
            column!("Node", |n: &Node| n.name.clone()),
            column!("State", |n: &Node| n.state()).by("status", "online is good, offline wrong"),
            column!("CPU", |n: &Node| cpu_cell(n.cpu, n.maxcpu))
                .by("cpu maxcpu status", "the part in use, and of how many; of a node that is online"),
            column!("Memory", |n: &Node| Cell::usage(n.mem, n.maxmem))
                .by("mem maxmem status", "what is in use, of all that it has; of a node that is online")
                .summed(),
            column!("Root disk", |n: &Node| Cell::usage(n.disk, n.maxdisk))
                .by("disk maxdisk status", "what is in use, of all that it has; of a node that is online"),
            column!("Up", |n: &Node| n.uptime).by("uptime status", "as it is, of a node that is online"),
            column!(NEXT, |n: &Node| {
                let code = Text::from(format!("{}.guests()?", n.code()));
                Cell::Button(code.clone(), code)
            })
            .by("name", "the code to go on with; no answer has it"),
        ]
    }

    fn summary(nodes: &[Node]) -> (String, String) {
        let away: Vec<String> =
            nodes.iter().filter(|node| !node.is_online()).map(|node| node.name.to_string()).collect();
        let rest = if away.is_empty() { ", all online.".into() } else { format!("; {} not online.", away.join(", ")) };
        (count(nodes.len(), Node::NOUN), rest)
    }

    fn out_of_reach(&self) -> Option<Text> {
        (!self.is_online()).then(|| "not online".into())
    }
}

const QUESTION: &str = "Is it there, how loaded is it, and what runs on it?";

impl Node {
    /// How it stands, from what was read already; the first part of its page.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let page = Pve::demo()?.node("pve1")?.overview();
    /// assert!(page.text().contains("Root disk"));
    /// # Ok(()) }
    /// ```
    pub fn overview(&self) -> Page {
        let facts = [
            ("State", Cell::from(self.state())),
            ("CPU", cpu_cell(self.cpu, self.maxcpu)),
            ("Memory", Cell::usage(self.mem, self.maxmem)),
            ("Root disk", Cell::usage(self.disk, self.maxdisk)),
            ("Running for", Cell::from(self.uptime)),
            ("High availability", self.hastate.clone().map_or(Cell::from("not said"), Cell::from)),
        ];
        Page::new(format!("Node {}", self.name.raw()))
            .question(QUESTION)
            .facts(lens::facts(self, facts, &self.provenance))
            .provenance(self.provenance.clone())
    }

    fn code(&self) -> String {
        format!("pve.node({:?})?", self.name.raw())
    }

    /// What its page reads of the whole cluster, and what of itself.
    fn reads(&self) -> Vec<Call> {
        let mut all = vec![Call::get("/cluster/resources"), right::call(&format!("/nodes/{}", self.name.raw()))];
        if self.status != "offline" {
            let own = ["status", "storage", "network", "services", "apt/update", "certificates/info"];
            all.extend(own.map(|below| Call::get(self.path(below))));
            all.push(task::call_of_node(&self.name));
        }
        all
    }

    /// How long it has been up and what is on it.
    fn rest_of_answer(&self, guests: &Result<List<Guest>, Error>) -> String {
        let up = match self.uptime {
            Reading::Known(up) if self.is_online() => format!(" for {up}"),
            _ => String::new(),
        };
        match guests {
            Ok(guests) => {
                let (fact, rest) = Guest::summary(&guests.to_vec());
                format!("{up}, with {fact}{rest}")
            }
            Err(_) => format!("{up}; its guests could not be read."),
        }
    }

    /// What it says of itself: version, kernel, processor, load, swap. Its memory stands above.
    fn said(&self) -> Result<Page, Error> {
        let status = self.status()?;
        let shown = NodeStatus::columns();
        let shown =
            shown.into_iter().filter(|column| !["Node", "Memory", "Root file system"].contains(&column.name().raw()));
        let page = Page::new("").facts(shown.map(|column| (column.name().clone(), column.cell(&status))));
        Ok(page.provenance(status.provenance()))
    }

    /// The parts that only it can tell.
    fn own_parts(&self, page: Inspection) -> Inspection {
        page.part("Storages", ".storages()?", self.storages().map(|list| list.page()))
            .part("Network", ".networks()?", self.networks().map(|list| list.page()))
            .part(
                "Services that are down",
                ".services()?.filter(|s| s.is_down())",
                self.services().map(|list| list.filter(NodeService::is_down).page()),
            )
            .part("Updates", ".updates()?", self.updates().map(|list| without(&list, &["State", "Running"])))
            .part(
                "Certificates",
                ".certificates()?",
                self.certificates().map(|list| without(&list, &["Subject", "Issuer"])),
            )
            .part("Recent tasks", ".tasks()?.take(10)", self.tasks().map(|list| without(&list.take(10), &["Node"])))
    }

    /// What takes long or is seldom wanted.
    fn offers(page: Inspection) -> Inspection {
        page.offered("Disks", ".disks()?", "Each disk is asked for its health, which may take a while.")
            .offered("History", ".history(Span::Day)?", "How it was loaded, as a chart.")
            .offered("System log", ".syslog(50)?", "Its last lines.")
            .offered("Firewall", ".firewall().rules()?", "Its own rules; .options()? tells whether they hold.")
            .offered_as(
                "Drawings",
                "Its networks and storages, and who uses them. Much of the cluster is read.",
                &[".network_topology()?", ".storage_topology()?"],
            )
            .offered("If it fails", ".blast_radius()?", "What would be lost with it. Much of the cluster is read.")
    }
}

impl Inspected for Node {
    const PARTS: &'static [&'static str] = &[
        "Status",
        "What it says of itself",
        "Guests",
        "Storages",
        "Network",
        "Services that are down",
        "Updates",
        "Certificates",
        "Recent tasks",
        "Permissions",
        "Disks",
        "History",
        "System log",
        "Firewall",
        "Drawings",
        "If it fails",
        "Raw data",
        FOUND,
    ];
}

impl View for Node {
    fn page(&self) -> Page {
        let ahead = Node { session: self.session.ahead(self.reads()), ..self.clone() };
        let guests = ahead.guests();
        let top = Page::new(format!("Node {}", self.name.raw()))
            .question(QUESTION)
            .answer(format!("{} is {}", self.name.raw(), self.status), self.rest_of_answer(&guests));
        let page =
            Inspection::of(&ahead, self.code(), &self.provenance, top).open("Status", ".overview()", self.overview());
        let away = self.status == "offline";
        let page = match away {
            true => {
                let words = format!("What it says of itself can be read once {} answers again.", self.name);
                page.with(|page| page.note(Level::Info, words).code("pve.status()?"))
            }
            false => page.part("What it says of itself", ".status()?", ahead.said()),
        };
        let page = page.part("Guests", ".guests()?", guests.map(|list| without(&list, &["Node"])));
        let page = if away { page } else { ahead.own_parts(page) };
        let page = page.part("Permissions", ".permissions()?", ahead.permissions().map(|rights| rights.page()));
        let page = if away { page } else { Node::offers(page) };
        page.part("Raw data", ".raw()", Ok(raw_lines(&self.raw()))).page()
    }
}
