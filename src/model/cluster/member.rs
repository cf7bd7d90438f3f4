//! The members of the cluster, who of them is there, and whether they are enough to decide.

use std::fmt;

use crate::error::Error;
use crate::loose;
use crate::model::evidence::{Evidence, Source};
use crate::model::fields::fields;
use crate::model::list::{About, Column, List, Listed, column, count};
use crate::model::record::{Ask, Origin, record};
use crate::model::together::joined;
use crate::model::words::words;
use crate::page::{Cell, Page, Provenance, State, Tone};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Reading, Why};

words! {
    /// What a row of the cluster's state is about.
    pub enum MemberKind {
        /// The cluster itself.
        Cluster = "cluster",
        /// A node.
        Node = "node",
    }
}

fields! {
    /// A row of `/cluster/status`: a node, or the cluster itself. Needs Sys.Audit on `/`.
    #[derive(Clone, Default)]
    pub struct ClusterMember {
        /// Node or cluster.
        #[field("type")]
        pub kind: Reading<MemberKind>,
        /// `node/pve1`, or `cluster`.
        pub id: Text,
        /// Its name.
        pub name: Text,
        /// Of a node: whether the others see it.
        #[field(loose::flag)]
        pub online: Option<bool>,
        /// Of a node: whether it is the one that answered.
        #[field(loose::yes)]
        pub local: bool,
        /// Of a node: its address in the cluster's network.
        pub ip: Option<Text>,
        /// Of a node: its number.
        #[field(loose::u64)]
        pub nodeid: Option<u64>,
        /// Of a node: the level of its subscription; empty without one.
        pub level: Option<Text>,
        /// Of the cluster: whether enough members see each other to take changes.
        #[field(loose::flag)]
        pub quorate: Option<bool>,
        /// Of the cluster: how many members it should have.
        #[field(loose::u64)]
        pub nodes: Option<u64>,
        /// Of the cluster: the version of its configuration.
        #[field(loose::u64)]
        pub version: Option<u64>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(ClusterMember: "/cluster/status");

impl ClusterMember {
    fn state(&self) -> State {
        match (self.kind == MemberKind::Cluster, self.online, self.quorate) {
            (false, Some(true), _) => State::new(Tone::Good, "online"),
            (false, Some(false), _) => State::new(Tone::Wrong, "offline"),
            (true, _, Some(true)) => State::new(Tone::Good, "quorate"),
            (true, _, Some(false)) => State::new(Tone::Wrong, "no quorum"),
            _ => State::new(Tone::Unknown, "unknown"),
        }
    }
}

impl Listed for ClusterMember {
    const NOUN: (&'static str, &'static str) = ("member", "members");

    fn columns() -> Vec<Column<ClusterMember>> {
        vec![
            column!("Member", |m: &ClusterMember| m.name.clone()),
            column!("State", ClusterMember::state)
                .by("kind online quorate", "of a node whether it is online, of the cluster whether it has a majority"),
            column!("Address", |m: &ClusterMember| m.ip.clone()),
            column!("Number", |m: &ClusterMember| m.nodeid),
            column!("Answered", |m: &ClusterMember| if m.local { Cell::from("yes") } else { Cell::Empty }),
        ]
    }

    fn summary(members: &[ClusterMember]) -> (String, String) {
        let gone: Vec<String> = members
            .iter()
            .filter(|member| member.online == Some(false))
            .map(|member| member.name.to_string())
            .collect();
        let rest = if gone.is_empty() { ".".into() } else { format!("; offline: {}.", gone.join(", ")) };
        (count(members.len(), ClusterMember::NOUN), rest)
    }
}

/// The state of the cluster, from `/cluster/status`.
#[derive(Clone)]
pub struct ClusterStatus {
    /// The name of the cluster; of a node on its own there is none.
    pub name: Option<Text>,
    /// Whether enough members see each other to take changes. A node on its own always may.
    pub quorate: Reading<bool>,
    /// The version of the cluster's configuration.
    pub version: Option<u64>,
    /// The nodes.
    pub members: List<ClusterMember>,
    provenance: Provenance,
}

impl Source for ClusterStatus {
    fn evidence(&self) -> Evidence {
        self.members.evidence()
    }
}

impl ClusterStatus {
    pub(crate) fn read(session: &Session) -> Result<ClusterStatus, Error> {
        let rows: List<ClusterMember> = Ask::new(session, "/cluster/status").list()?;
        let cluster = rows.find(|row| row.kind == MemberKind::Cluster);
        let nodes = rows.iter().filter(|row| row.kind != MemberKind::Cluster).cloned().collect();
        let about = About {
            title: "Members of the cluster".into(),
            question: "Which nodes belong to the cluster, and which of them are there?".into(),
            sight: rows.sight(),
            provenance: rows.provenance(),
            of: None,
        };
        Ok(ClusterStatus {
            quorate: match &cluster {
                Some(cluster) => Reading::or_missing(cluster.quorate, Why::NotInAnswer),
                None => Reading::Known(true),
            },
            version: cluster.as_ref().and_then(|cluster| cluster.version),
            name: cluster.map(|cluster| cluster.name),
            members: List::new(nodes, about).sorted_by_key(|member| member.name.clone()),
            provenance: rows.provenance(),
        })
    }

    /// How many members are online.
    pub fn online(&self) -> usize {
        self.members.iter().filter(|member| member.online == Some(true)).count()
    }

    /// Where it was read.
    pub fn provenance(&self) -> Provenance {
        self.provenance.clone()
    }

    fn quorum(&self) -> State {
        match (&self.name, self.quorate) {
            (None, _) => State::new(Tone::Good, "a node on its own, without a cluster"),
            (_, Reading::Known(true)) => State::new(Tone::Good, "quorate"),
            (_, Reading::Known(false)) => State::new(Tone::Wrong, "no quorum: no changes are taken"),
            (_, Reading::Missing(why)) => State::new(Tone::Unknown, why.to_string()),
        }
    }
}

impl View for ClusterStatus {
    fn page(&self) -> Page {
        let (all, online) = (self.members.len(), self.online());
        let name = self.name.clone().unwrap_or_else(|| "a single node".into());
        // With one more gone than this, fewer than half would see each other.
        let spare = online.saturating_sub(all / 2 + 1);
        let rest = match (&self.name, self.quorate) {
            (None, _) => ".".to_owned(),
            (_, Reading::Known(true)) if spare == 0 => " are online, as few as can decide: none may fail.".to_owned(),
            (_, Reading::Known(true)) => format!(" are online and can decide; {spare} more may fail."),
            (_, Reading::Known(false)) => " are online: too few to decide, so no changes are taken.".to_owned(),
            (_, Reading::Missing(_)) => " are online; whether they can decide is not known.".to_owned(),
        };
        let page = Page::new(format!("State of {}", name.raw()))
            .question("Is everybody there, and can the cluster decide?")
            .answer(format!("{online} of {}", count(all, ClusterMember::NOUN)), rest)
            .facts([("Quorum", Cell::from(self.quorum())), ("Version of the configuration", Cell::from(self.version))]);
        let page = self.members.about_caveats().fold(page, |page, (level, caveat)| page.note(level, caveat));
        page.table(self.members.table().grid()).provenance(self.provenance.clone())
    }
}

impl fmt::Debug for ClusterStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.clone().unwrap_or_else(|| "a single node".into());
        write!(f, "ClusterStatus({name}: {} of {} online, {})", self.online(), self.members.len(), self.quorum())
    }
}

fields! {
    /// A member as the cluster is configured, from `/cluster/config/nodes`. Needs Sys.Audit on `/`.
    #[derive(Clone, Default)]
    pub struct ConfiguredMember {
        /// Its name.
        pub node: Text,
        /// Its name in the configuration of Corosync.
        pub name: Option<Text>,
        /// Its number.
        pub nodeid: Reading<u64>,
        /// How much its vote counts.
        pub quorum_votes: Reading<u64>,
        /// Its address on the first link.
        pub ring0_addr: Option<Text>,
        /// Its address on the second link.
        pub ring1_addr: Option<Text>,
        /// Its address on the third link.
        pub ring2_addr: Option<Text>,
        /// Its address on the fourth link.
        pub ring3_addr: Option<Text>,
        /// Its address on the fifth link.
        pub ring4_addr: Option<Text>,
        /// Its address on the sixth link.
        pub ring5_addr: Option<Text>,
        /// Its address on the seventh link.
        pub ring6_addr: Option<Text>,
        /// Its address on the eighth link.
        pub ring7_addr: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(ConfiguredMember: "/cluster/config/nodes");

impl ConfiguredMember {
    pub(crate) fn list(session: &Session) -> Result<List<ConfiguredMember>, Error> {
        Ask::new(session, "/cluster/config/nodes")
            .titled("Configured members")
            .question("Over which links do the nodes see each other, and how much does each vote count?")
            .list()
            .map(|members| members.sorted_by_key(|member: &ConfiguredMember| member.node.clone()))
    }

    /// Its addresses, link by link.
    pub fn links(&self) -> Vec<Text> {
        let all = [
            &self.ring0_addr,
            &self.ring1_addr,
            &self.ring2_addr,
            &self.ring3_addr,
            &self.ring4_addr,
            &self.ring5_addr,
            &self.ring6_addr,
            &self.ring7_addr,
        ];
        all.into_iter().flatten().cloned().collect()
    }
}

impl Listed for ConfiguredMember {
    const NOUN: (&'static str, &'static str) = ("configured member", "configured members");

    fn columns() -> Vec<Column<ConfiguredMember>> {
        vec![
            column!("Node", |m: &ConfiguredMember| m.node.clone()),
            column!("Links", |m: &ConfiguredMember| joined(&m.links())).by(
                "ring0_addr ring1_addr ring2_addr ring3_addr ring4_addr ring5_addr ring6_addr ring7_addr",
                "those that are set, in their order",
            ),
            column!("Votes", |m: &ConfiguredMember| m.quorum_votes),
            column!("Number", |m: &ConfiguredMember| m.nodeid),
        ]
    }

    fn summary(members: &[ConfiguredMember]) -> (String, String) {
        let single = members.iter().filter(|member| member.links().len() == 1).count();
        let rest = match single {
            0 => ".".into(),
            n if n == members.len() => ", each on a single link: when that network fails, nobody sees anybody.".into(),
            n => format!(", {n} of them on a single link."),
        };
        (count(members.len(), ConfiguredMember::NOUN), rest)
    }
}
