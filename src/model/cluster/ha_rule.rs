//! Rules of high availability: on which nodes guests belong, which guests belong together or apart. And the groups that
//! older clusters have in their place.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::property::Properties;
use crate::model::record::{Ask, Origin, record};
use crate::model::together::joined;
use crate::model::words::words;
use crate::page::{State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::Reading;

words! {
    /// What a rule ties guests to.
    pub enum HaRuleKind {
        /// To nodes.
        NodeAffinity = "node-affinity",
        /// To each other.
        ResourceAffinity = "resource-affinity",
    }
}

words! {
    /// How guests are tied to each other.
    pub enum HaAffinity {
        /// On the same node.
        Together = "positive",
        /// On different nodes.
        Apart = "negative",
    }
}

fields! {
    /// A rule of high availability, from `/cluster/ha/rules`. Needs Sys.Audit on `/`.
    #[derive(Clone, Default)]
    pub struct HaRule {
        /// Its name.
        pub rule: Text,
        /// What it ties the guests to.
        #[field("type")]
        pub kind: Reading<HaRuleKind>,
        /// The guests: `vm:101`, `ct:200`.
        #[field(loose::words)]
        pub resources: Vec<Text>,
        /// Of a rule about nodes: the nodes, each with its priority behind a colon; a higher one is preferred.
        #[field(loose::words)]
        pub nodes: Vec<Text>,
        /// Of a rule about nodes: whether the guests stay stopped rather than run elsewhere.
        #[field(loose::yes)]
        pub strict: bool,
        /// Of a rule about guests: whether they belong together or apart.
        #[field(loose::optional)]
        pub affinity: Option<HaAffinity>,
        /// Whether it is switched off.
        #[field(loose::yes)]
        pub disable: bool,
        /// What was noted.
        pub comment: Option<Text>,
        /// Its place among the rules.
        #[field(loose::u64)]
        pub order: Option<u64>,
        /// Why it cannot be followed, by setting.
        pub errors: Properties,
        /// The checksum of the configuration it stands in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(HaRule: "/cluster/ha/rules", "/cluster/ha/rules/{rule}");

impl HaRule {
    pub(crate) fn list(session: &Session) -> Result<List<HaRule>, Error> {
        Ask::new(session, "/cluster/ha/rules")
            .titled("Rules of high availability")
            .question("Where do guests belong, and which belong together or apart?")
            .list()
            .map(|rules| rules.sorted_by_key(|rule: &HaRule| rule.order))
            .map_err(|error| match error {
                Error::NotFound { .. } => Error::not_found(
                    "The node that answers knows no HA rules: it is older than Proxmox VE 9",
                    "pve.ha_groups()? has what stands in their place",
                ),
                error => error,
            })
    }

    /// What it says, in a sentence.
    pub fn sentence(&self) -> Text {
        let (guests, nodes) = (joined(&self.resources), joined(&self.nodes));
        let words = match (&self.kind, &self.affinity) {
            (Reading::Known(HaRuleKind::NodeAffinity), _) if self.strict => format!("{guests} only on {nodes}"),
            (Reading::Known(HaRuleKind::NodeAffinity), _) => format!("{guests} rather on {nodes}"),
            (_, Some(HaAffinity::Together)) => format!("{guests} on the same node"),
            (_, Some(HaAffinity::Apart)) => format!("{guests} on different nodes"),
            _ => guests,
        };
        words.into()
    }

    fn state(&self) -> State {
        match () {
            () if self.disable => State::new(Tone::Off, "disabled"),
            () if !self.errors.is_empty() => State::new(Tone::Wrong, "cannot be followed"),
            () => State::new(Tone::Good, "in force"),
        }
    }
}

impl Listed for HaRule {
    const NOUN: (&'static str, &'static str) = ("rule", "rules");

    fn columns() -> Vec<Column<HaRule>> {
        vec![
            column!("Rule", |r: &HaRule| r.rule.clone()),
            column!("State", HaRule::state).by(
                "disable errors",
                "disabled; else not to be followed, where the server names errors; else in force",
            ),
            column!("Says", HaRule::sentence).by("kind affinity strict resources nodes", "the rule as a sentence"),
            column!("Errors", |r: &HaRule| r.errors.clone()),
            column!("Comment", |r: &HaRule| r.comment.clone()),
        ]
    }

    fn summary(rules: &[HaRule]) -> (String, String) {
        let bad: Vec<String> =
            rules.iter().filter(|r| !r.disable && !r.errors.is_empty()).map(|r| r.rule.to_string()).collect();
        let rest = if bad.is_empty() { ".".into() } else { format!("; cannot be followed: {}.", bad.join(", ")) };
        (count(rules.len(), HaRule::NOUN), rest)
    }
}

fields! {
    /// A group of nodes for high availability, from `/cluster/ha/groups`, in clusters before Proxmox VE 9. Needs Sys.Audit
    /// on `/`.
    #[derive(Clone, Default)]
    pub struct HaGroup {
        /// Its name.
        pub group: Text,
        /// The nodes, each with its priority behind a colon where it has one.
        #[field(loose::words)]
        pub nodes: Vec<Text>,
        /// Whether its guests stay stopped rather than run elsewhere.
        #[field(loose::yes)]
        pub restricted: bool,
        /// Whether its guests stay where they are when a preferred node is there again.
        #[field(loose::yes)]
        pub nofailback: bool,
        /// What was noted.
        pub comment: Option<Text>,
        /// Always `group`.
        #[field("type")]
        pub kind: Option<Text>,
        /// The checksum of the configuration it stands in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(HaGroup: "/cluster/ha/groups", "/cluster/ha/groups/{group}");

impl HaGroup {
    pub(crate) fn list(session: &Session) -> Result<List<HaGroup>, Error> {
        let groups = Ask::new(session, "/cluster/ha/groups")
            .titled("Groups of high availability")
            .question("On which nodes may guests be started when theirs fails?")
            .list();
        groups.map_err(|error| match error {
            Error::Refused { message, .. } if message.contains("migrated to rules") => Error::not_found(
                "This cluster has no HA groups any more: rules took their place",
                "pve.ha_rules()? has them",
            ),
            error => error,
        })
    }
}

impl Listed for HaGroup {
    const NOUN: (&'static str, &'static str) = ("group", "groups");

    fn columns() -> Vec<Column<HaGroup>> {
        vec![
            column!("Group", |g: &HaGroup| g.group.clone()),
            column!("Nodes", |g: &HaGroup| joined(&g.nodes)),
            column!("Nowhere else", |g: &HaGroup| g.restricted),
            column!("Goes back", |g: &HaGroup| !g.nofailback),
            column!("Comment", |g: &HaGroup| g.comment.clone()),
        ]
    }
}
