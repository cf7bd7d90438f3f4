//! The settings of a firewall, at whichever level. Each level has its own; what it does not have stays unset.

use super::FirewallLevel;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, Listed, column};
use crate::model::record::{Origin, record};
use crate::page::{Cell, State, Tone};
use crate::text::Text;
use crate::units::Age;

fields! {
    /// The settings of a firewall. What is not set has its default.
    #[derive(Clone, Default)]
    pub struct FirewallOptions {
        /// Whether it is on; [`is_on`](FirewallOptions::is_on) knows the defaults.
        #[field(loose::flag)]
        pub enable: Option<bool>,
        /// What becomes of what comes in and no rule is about: `ACCEPT`, `DROP`, `REJECT`; `DROP` where it is not set.
        pub policy_in: Option<Text>,
        /// What becomes of what goes out; `ACCEPT` where it is not set.
        pub policy_out: Option<Text>,
        /// What becomes of what is passed on; `ACCEPT` where it is not set.
        pub policy_forward: Option<Text>,
        /// How important what comes in and is dropped is in the log; `nolog` where it is not set.
        pub log_level_in: Option<Text>,
        /// The same of what goes out.
        pub log_level_out: Option<Text>,
        /// The same of what is passed on.
        pub log_level_forward: Option<Text>,
        /// Cluster: whether rules hold for what is not IP as well; yes where it is not set.
        #[field(loose::flag)]
        pub ebtables: Option<bool>,
        /// Cluster: how often the same is logged: `enable=1,burst=5,rate=1/second`.
        pub log_ratelimit: Option<Text>,
        /// Node: whether the newer firewall, by nftables, is used.
        #[field(loose::flag)]
        pub nftables: Option<bool>,
        /// Node and guest: whether neighbour discovery of IPv6 may pass; yes where it is not set.
        #[field(loose::flag)]
        pub ndp: Option<bool>,
        /// Node: whether senders that cannot be are dropped.
        #[field(loose::flag)]
        pub nosmurfs: Option<bool>,
        /// Node: how important these are in the log.
        pub smurf_log_level: Option<Text>,
        /// Node: whether TCP flags that cannot stand together are dropped.
        #[field(loose::flag)]
        pub tcpflags: Option<bool>,
        /// Node: how important these are in the log.
        pub tcp_flags_log_level: Option<Text>,
        /// Node: whether new connections are logged.
        #[field(loose::flag)]
        pub log_nf_conntrack: Option<bool>,
        /// Node: how many connections are kept track of; 262144 where it is not set.
        #[field(loose::u64)]
        pub nf_conntrack_max: Option<u64>,
        /// Node: after how long a silent connection is forgotten; 5 days where it is not set.
        #[field(loose::optional)]
        pub nf_conntrack_tcp_timeout_established: Option<Age>,
        /// Node: after how long one that is being made is forgotten; a minute where it is not set.
        #[field(loose::optional)]
        pub nf_conntrack_tcp_timeout_syn_recv: Option<Age>,
        /// Node: whether packets of no known connection may pass.
        #[field(loose::flag)]
        pub nf_conntrack_allow_invalid: Option<bool>,
        /// Node: protocols whose further connections are understood: `ftp`, `sip`, ...
        pub nf_conntrack_helpers: Option<Text>,
        /// Node: whether floods of new connections are held back.
        #[field(loose::flag)]
        pub protection_synflood: Option<bool>,
        /// Node: from how many a second of one sender on; 200 where it is not set.
        #[field(loose::u64)]
        pub protection_synflood_rate: Option<u64>,
        /// Node: how many at once; 1000 where it is not set.
        #[field(loose::u64)]
        pub protection_synflood_burst: Option<u64>,
        /// Guest: whether DHCP may pass.
        #[field(loose::flag)]
        pub dhcp: Option<bool>,
        /// Guest: whether it may send from the addresses of its IP sets `ipfilter-net*` only.
        #[field(loose::flag)]
        pub ipfilter: Option<bool>,
        /// Guest: whether it may send with the hardware address of its configuration only; yes where it is not set.
        #[field(loose::flag)]
        pub macfilter: Option<bool>,
        /// Guest: whether it may announce itself as a router of IPv6.
        #[field(loose::flag)]
        pub radv: Option<bool>,
        /// A mark of this state of the settings.
        pub digest: Option<Text>,
        /// Whose settings these are: `the cluster`, `VM 101`.
        #[field(skip, "the path of the call")]
        pub of: Text,
        /// The level that these are the settings of.
        #[field(skip, "the path of the call")]
        pub level: Option<FirewallLevel>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(FirewallOptions:
    "/cluster/firewall/options",
    "/cluster/sdn/vnets/{vnet}/firewall/options",
    "/nodes/{node}/firewall/options",
    "/nodes/{node}/qemu/{vmid}/firewall/options",
    "/nodes/{node}/lxc/{vmid}/firewall/options",
);

impl FirewallOptions {
    /// Whether it is on: where nothing is set, that of a node is, all others are not. That of a node or a guest does nothing
    /// while that of the cluster is off.
    pub fn is_on(&self) -> bool {
        self.enable.unwrap_or(self.level == Some(FirewallLevel::Node))
    }

    /// What becomes of what comes in and no rule is about. A node takes this from the cluster.
    pub fn policy_in(&self) -> Text {
        self.policy_in.clone().unwrap_or_else(|| "DROP".into())
    }

    /// What becomes of what goes out and no rule is about. A node takes this from the cluster.
    pub fn policy_out(&self) -> Text {
        self.policy_out.clone().unwrap_or_else(|| "ACCEPT".into())
    }

    pub(super) fn state(&self) -> State {
        if self.is_on() { State::new(Tone::Good, "on") } else { State::new(Tone::Off, "off") }
    }

    fn policy(&self, has: &[FirewallLevel], set: &Option<Text>, default: &str) -> Cell {
        let here = self.level.as_ref().is_none_or(|level| has.contains(level));
        match set {
            Some(policy) => policy.clone().into(),
            None if here => Cell::Name(default.into(), "the default".into()),
            None => Cell::Empty,
        }
    }
}

/// The column that names whose they are.
pub(super) const OF: &str = "Of";

impl Listed for FirewallOptions {
    const NOUN: (&'static str, &'static str) = ("firewall settings of", "firewall settings");

    fn columns() -> Vec<Column<FirewallOptions>> {
        use FirewallLevel::{Cluster, Guest, Vnet};
        vec![
            column!(OF, |o: &FirewallOptions| o.of.clone()),
            column!("Firewall", FirewallOptions::state).by("enable level", "off unless it is switched on; the firewall of a node is on unless it is switched off"),
            column!("Comes in, no rule", |o: &FirewallOptions| o.policy(&[Cluster, Guest], &o.policy_in, "DROP")).by("policy_in level", "DROP unless it is set, where the cluster and guests are concerned; nodes and virtual networks have none"),
            column!("Goes out, no rule", |o: &FirewallOptions| {
                o.policy(&[Cluster, Guest], &o.policy_out, "ACCEPT")
            }).by("policy_out level", "ACCEPT unless it is set, where the cluster and guests are concerned; nodes and virtual networks have none"),
            column!("Passed on, no rule", |o: &FirewallOptions| {
                o.policy(&[Cluster, Vnet], &o.policy_forward, "ACCEPT")
            }).by("policy_forward level", "ACCEPT unless it is set, where the cluster and virtual networks are concerned; nodes and guests have none"),
            column!("Logged, coming in", |o: &FirewallOptions| o.log_level_in.clone()),
            column!("Logged, going out", |o: &FirewallOptions| o.log_level_out.clone()),
        ]
    }
}
