//! What a node takes for its names and its time: clock, resolvers, fixed host names.

use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, Listed, column};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::page::Page;
use crate::render::View;
use crate::text::Text;
use crate::units::{Age, Moment, Reading};

fields! {
    /// A node's clock, from `/nodes/{node}/time`. Needs Sys.Audit on `/nodes/{node}`.
    #[derive(Clone, Default)]
    pub struct NodeTime {
        /// Its time.
        pub time: Reading<Moment>,
        /// The time on a wall clock there, put as if it were UTC.
        pub localtime: Reading<Moment>,
        /// Its time zone: `Europe/Vienna`.
        pub timezone: Reading<Text>,
        /// The node that it belongs to.
        #[field(skip, "the path of the call")]
        node: Text,
        #[field(skip)]
        origin: Origin,
    }
}

record!(NodeTime: "/nodes/{node}/time");

fields! {
    /// The servers that a node asks for names, from `/nodes/{node}/dns`. Needs Sys.Audit on `/nodes/{node}`.
    #[derive(Clone, Default)]
    pub struct NodeDns {
        /// The domain that is added to bare names.
        pub search: Option<Text>,
        /// The server that is asked first.
        pub dns1: Option<Text>,
        /// The second.
        pub dns2: Option<Text>,
        /// The third; a fourth is never asked.
        pub dns3: Option<Text>,
        /// The node that it belongs to.
        #[field(skip, "the path of the call")]
        node: Text,
        #[field(skip)]
        origin: Origin,
    }
}

record!(NodeDns: "/nodes/{node}/dns");

fields! {
    /// The names that a node knows by itself, from `/nodes/{node}/hosts`: its file `/etc/hosts`. Needs Sys.Audit on `/`.
    #[derive(Clone, Default)]
    pub struct NodeHosts {
        /// The file as it is.
        pub data: Text,
        /// A mark of this state of the file.
        pub digest: Option<Text>,
        /// The node that it belongs to.
        #[field(skip, "the path of the call")]
        node: Text,
        #[field(skip)]
        origin: Origin,
    }
}

record!(NodeHosts without page: "/nodes/{node}/hosts");

impl Node {
    /// Its clock, from `/nodes/{node}/time`.
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Audit is missing.
    pub fn time(&self) -> Result<NodeTime, Error> {
        Ask::new(&self.session, self.path("time"))
            .place(self.place())
            .one_with(|time: &mut NodeTime| time.node = self.name.clone())
    }

    /// The servers that it asks for names, from `/nodes/{node}/dns`.
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Audit is missing.
    pub fn dns(&self) -> Result<NodeDns, Error> {
        Ask::new(&self.session, self.path("dns"))
            .place(self.place())
            .one_with(|dns: &mut NodeDns| dns.node = self.name.clone())
    }

    /// The names that it knows by itself, from `/nodes/{node}/hosts`.
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Audit on `/` is missing.
    pub fn hosts(&self) -> Result<NodeHosts, Error> {
        Ask::new(&self.session, self.path("hosts"))
            .place(self.place())
            .one_with(|hosts: &mut NodeHosts| hosts.node = self.name.clone())
    }
}

impl NodeTime {
    /// How far its clock is from the moment at which its answer came here; the way of the answer is part of it.
    pub fn apart(&self) -> Option<Age> {
        let (there, here) = (self.time.known()?, self.provenance().at?);
        Some(Age(there.unix().abs_diff(here.unix())))
    }
}

impl Listed for NodeTime {
    const NOUN: (&'static str, &'static str) = ("clock of node", "clocks of nodes");

    fn columns() -> Vec<Column<NodeTime>> {
        vec![
            column!("Node", |t: &NodeTime| t.node.clone()),
            column!("Time", |t: &NodeTime| t.time),
            column!("Time zone", |t: &NodeTime| t.timezone.clone()),
            column!("Apart from the clock here", NodeTime::apart)
                .by("time", "the difference to the moment at which the answer came, by the clock here"),
        ]
    }
}

impl NodeDns {
    /// The servers, in the order in which they are asked.
    pub fn servers(&self) -> Vec<Text> {
        [&self.dns1, &self.dns2, &self.dns3].into_iter().flatten().cloned().collect()
    }
}

impl Listed for NodeDns {
    const NOUN: (&'static str, &'static str) = ("name resolution of node", "name resolutions of nodes");

    fn columns() -> Vec<Column<NodeDns>> {
        vec![
            column!("Node", |d: &NodeDns| d.node.clone()),
            column!("Servers", |d: &NodeDns| {
                d.servers().iter().map(Text::to_string).collect::<Vec<_>>().join(", ")
            })
            .by("dns1 dns2 dns3", "those that are set, in their order"),
            column!("Added to bare names", |d: &NodeDns| d.search.clone()),
        ]
    }
}

impl NodeHosts {
    /// Address and names of each line that is no remark.
    pub fn entries(&self) -> Vec<(Text, Vec<Text>)> {
        let entry = |line: &str| {
            let mut words = line.split('#').next()?.split_whitespace();
            Some((Text::from(words.next()?), words.map(Text::from).collect()))
        };
        self.data.raw().lines().filter_map(entry).collect()
    }

    /// The address that it has for a name.
    pub fn address_of(&self, name: &str) -> Option<Text> {
        self.entries().into_iter().find(|(_, names)| names.iter().any(|known| known == name)).map(|(at, _)| at)
    }
}

impl Listed for NodeHosts {
    const NOUN: (&'static str, &'static str) = ("file of host names", "files of host names");

    fn columns() -> Vec<Column<NodeHosts>> {
        vec![
            column!("Node", |h: &NodeHosts| h.node.clone()),
            column!("Names of its own", |h: &NodeHosts| {
                h.address_of(h.node.raw()).map_or_else(|| "not in it".into(), crate::page::Cell::from)
            })
            .by("data node", "the address in the line that has the node's name"),
            column!("Lines", |h: &NodeHosts| h.entries().len()).by("data", "those that are no remark, counted"),
        ]
    }
}

impl View for NodeHosts {
    fn page(&self) -> Page {
        let (fact, rest) = match self.address_of(self.node.raw()) {
            Some(address) => (format!("{} is {address}", self.node), " in it."),
            None => (format!("{} does not know its own name", self.node), " by this file."),
        };
        Page::new(format!("Host names known to {}", self.node.raw()))
            .question("Which names does it know without asking anybody?")
            .answer(fact, rest)
            .lines(self.data.raw().lines())
            .provenance(self.origin.provenance())
    }
}
