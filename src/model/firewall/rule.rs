//! A rule of a firewall, at whichever level.

use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, Listed, column, count};
use crate::model::record::{Origin, record};
use crate::model::words::words;
use crate::page::{Cell, State, Tone};
use crate::text::Text;
use crate::units::Reading;

words! {
    /// What a rule is about.
    pub enum RuleKind {
        /// What comes in.
        In = "in",
        /// What goes out.
        Out = "out",
        /// What is passed on.
        Forward = "forward",
        /// The rules of a security group stand in its place.
        Group = "group",
    }
}

fields! {
    /// A rule of a firewall. What it does not name may be anything.
    #[derive(Clone, Default)]
    pub struct FirewallRule {
        /// Its place, counted from 0: rules are tried in this order.
        pub pos: Reading<u64>,
        /// What it is about.
        #[field("type")]
        pub kind: Reading<RuleKind>,
        /// What becomes of it: `ACCEPT`, `DROP`, `REJECT`; of a security group its name.
        pub action: Text,
        /// Whether it is used.
        #[field(loose::yes)]
        pub enable: bool,
        /// A service by name, for protocol and ports.
        #[field("macro")]
        pub macro_name: Option<Text>,
        /// The protocol: `tcp`, `udp`, `icmp`, ...
        pub proto: Option<Text>,
        /// From where: an address, a network, an alias (`dc/office`), an IP set (`+dc/blocklist`), several with commas.
        pub source: Option<Text>,
        /// To where, likewise.
        pub dest: Option<Text>,
        /// From which ports.
        pub sport: Option<Text>,
        /// To which ports: `443`, `8000:8080`, several with commas.
        pub dport: Option<Text>,
        /// Which kind of ICMP message.
        #[field("icmp-type")]
        pub icmp_type: Option<Text>,
        /// On which interface only: `net0`, `vmbr0`.
        pub iface: Option<Text>,
        /// How important it is in the log; nothing is logged without.
        pub log: Option<Text>,
        /// For which version of IP only, as its addresses have it.
        #[field(loose::u64)]
        pub ipversion: Option<u64>,
        /// What people wrote about it.
        pub comment: Option<Text>,
        /// A mark of the state that the rules are in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(FirewallRule:
    "/cluster/firewall/rules",
    "/cluster/firewall/rules/{pos}",
    "/cluster/firewall/groups/{group}",
    "/cluster/firewall/groups/{group}/{pos}",
    "/cluster/sdn/vnets/{vnet}/firewall/rules",
    "/cluster/sdn/vnets/{vnet}/firewall/rules/{pos}",
    "/nodes/{node}/firewall/rules",
    "/nodes/{node}/firewall/rules/{pos}",
    "/nodes/{node}/qemu/{vmid}/firewall/rules",
    "/nodes/{node}/qemu/{vmid}/firewall/rules/{pos}",
    "/nodes/{node}/lxc/{vmid}/firewall/rules",
    "/nodes/{node}/lxc/{vmid}/firewall/rules/{pos}",
);

impl FirewallRule {
    /// Whether it is used. The server leaves out `enable` where a rule is not.
    pub fn is_used(&self) -> bool {
        self.enable
    }

    /// Whether it lets anything in from anywhere.
    pub fn is_open_to_all(&self) -> bool {
        let anywhere =
            |from: &Option<Text>| from.as_ref().is_none_or(|from| matches!(from.raw(), "0.0.0.0/0" | "::/0"));
        self.enable && self.kind == RuleKind::In && self.action == "ACCEPT" && anywhere(&self.source)
    }

    /// What passes or does not, in words: `HTTPS`, `tcp to port 22`, `anything`.
    pub fn what(&self) -> String {
        let mut words: Vec<String> =
            [&self.macro_name, &self.proto].into_iter().flatten().map(Text::to_string).collect();
        if self.kind == RuleKind::Group {
            words.push("the rules of the group".into());
        } else if words.is_empty() {
            words.push("anything".into());
        }
        let more =
            [("kind", &self.icmp_type), ("from port", &self.sport), ("to port", &self.dport), ("on", &self.iface)];
        words.extend(more.into_iter().filter_map(|(word, value)| Some(format!("{word} {}", value.as_ref()?))));
        words.join(" ")
    }

    fn anywhere(&self, words: &Option<Text>) -> Cell {
        match words {
            Some(words) => words.clone().into(),
            None if self.kind == RuleKind::Group => Cell::Empty,
            None => "anywhere".into(),
        }
    }

    fn action_cell(&self) -> Cell {
        let word = match self.kind {
            Reading::Known(RuleKind::Group) => Text::from(format!("group {}", self.action.raw())),
            _ => self.action.clone(),
        };
        if !self.enable {
            return State::new(Tone::Off, format!("{} (not used)", word.raw())).into();
        }
        let tone = match self.action.raw() {
            "ACCEPT" => Tone::Good,
            "DROP" | "REJECT" => Tone::Held,
            _ => Tone::Unknown,
        };
        if self.kind == RuleKind::Group { word.into() } else { State::new(tone, word).into() }
    }
}

impl Listed for FirewallRule {
    const NOUN: (&'static str, &'static str) = ("rule", "rules");

    fn columns() -> Vec<Column<FirewallRule>> {
        vec![
            column!("Place", |r: &FirewallRule| r.pos),
            column!("Action", FirewallRule::action_cell).by(
                "action kind enable",
                "what is done, or which group's rules stand here; said where the rule is not used",
            ),
            column!("Direction", |r: &FirewallRule| r.kind.clone()),
            column!("What", FirewallRule::what).by(
                "macro_name proto kind icmp_type sport dport iface",
                "the macro or protocol, then its kind, ports and interface; anything where none is set",
            ),
            column!("From", |r: &FirewallRule| r.anywhere(&r.source))
                .by("source kind", "anywhere unless it is set; a group's rules have their own"),
            column!("To", |r: &FirewallRule| r.anywhere(&r.dest))
                .by("dest kind", "anywhere unless it is set; a group's rules have their own"),
            column!("Logged as", |r: &FirewallRule| r.log.clone()),
            column!("Remark", |r: &FirewallRule| r.comment.clone()),
        ]
    }

    fn summary(rules: &[FirewallRule]) -> (String, String) {
        let off = rules.iter().filter(|rule| !rule.enable).count();
        let open: Vec<String> = rules.iter().filter(|rule| rule.is_open_to_all()).map(FirewallRule::what).collect();
        let mut rest = if off == 0 { String::new() } else { format!(", {off} of them not used") };
        if !open.is_empty() {
            rest.push_str(&format!("; let in from anywhere: {}", open.join(", ")));
        }
        (count(rules.len(), FirewallRule::NOUN), format!("{rest}."))
    }
}
