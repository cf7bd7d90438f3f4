//! Names for addresses that rules use: aliases, IP sets and what is in them.

use super::FirewallLevel;
use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::record::{Ask, Origin, record, segment};
use crate::text::Text;
use crate::units::Reading;

fields! {
    /// A name for an address or a network. Rules name those of the cluster `dc/name`, those of their own guest `guest/name`.
    #[derive(Clone, Default)]
    pub struct FirewallAlias {
        /// The name.
        pub name: Text,
        /// The address or network.
        pub cidr: Reading<Text>,
        /// Its version of IP.
        pub ipversion: Reading<u64>,
        /// What people wrote about it.
        pub comment: Option<Text>,
        /// A mark of the state that the aliases are in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(FirewallAlias:
    "/cluster/firewall/aliases",
    "/cluster/firewall/aliases/{name}",
    "/nodes/{node}/qemu/{vmid}/firewall/aliases",
    "/nodes/{node}/qemu/{vmid}/firewall/aliases/{name}",
    "/nodes/{node}/lxc/{vmid}/firewall/aliases",
    "/nodes/{node}/lxc/{vmid}/firewall/aliases/{name}",
);

fields! {
    /// A named set of addresses. Rules name it with a plus sign: `+dc/name`, `+guest/name`.
    #[derive(Clone, Default)]
    pub struct IpSet {
        /// Its name.
        pub name: Text,
        /// What people wrote about it.
        pub comment: Option<Text>,
        /// A mark of the state that the sets are in.
        pub digest: Option<Text>,
        /// The level that it belongs to.
        #[field(skip, "the path of the call")]
        pub level: Option<FirewallLevel>,
        /// The path of its firewall.
        #[field(skip)]
        pub(super) path: String,
        #[field(skip)]
        origin: Origin,
    }
}

record!(IpSet:
    "/cluster/firewall/ipset",
    "/nodes/{node}/qemu/{vmid}/firewall/ipset",
    "/nodes/{node}/lxc/{vmid}/firewall/ipset",
);

fields! {
    /// An address or a network in an IP set.
    #[derive(Clone, Default)]
    pub struct IpSetEntry {
        /// The address, the network or the alias.
        pub cidr: Text,
        /// Whether it is taken out of the set, of which it would be a part otherwise.
        #[field(loose::yes)]
        pub nomatch: bool,
        /// What people wrote about it.
        pub comment: Option<Text>,
        /// A mark of the state that the set is in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(IpSetEntry:
    "/cluster/firewall/ipset/{name}",
    "/cluster/firewall/ipset/{name}/{cidr}",
    "/nodes/{node}/qemu/{vmid}/firewall/ipset/{name}",
    "/nodes/{node}/qemu/{vmid}/firewall/ipset/{name}/{cidr}",
    "/nodes/{node}/lxc/{vmid}/firewall/ipset/{name}",
    "/nodes/{node}/lxc/{vmid}/firewall/ipset/{name}/{cidr}",
);

fields! {
    /// A name that a rule can use, from the `refs` of a firewall.
    #[derive(Clone, Default)]
    pub struct AddressRef {
        /// Its name.
        pub name: Text,
        /// How a rule writes it, without the place before it: `office`, `+blocklist`.
        #[field("ref")]
        pub written: Reading<Text>,
        /// `alias` or `ipset`.
        #[field("type")]
        pub kind: Reading<Text>,
        /// Where it belongs: `dc` to the cluster, `guest` to the guest, `sdn` to the software-defined network.
        pub scope: Option<Text>,
        /// What people wrote about it.
        pub comment: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(AddressRef:
    "/cluster/firewall/refs",
    "/nodes/{node}/qemu/{vmid}/firewall/refs",
    "/nodes/{node}/lxc/{vmid}/firewall/refs",
);

impl IpSet {
    /// What is in it.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let blocked = Pve::demo()?.firewall().ip_set("blocklist")?.entries()?;
    /// assert!(blocked.any(|entry| entry.cidr == "203.0.113.0/24"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the server refuses: Sys.Audit on `/`, or VM.Audit on the guest.
    pub fn entries(&self) -> Result<List<IpSetEntry>, Error> {
        Ask::new(self.origin.session()?, format!("{}/ipset/{}", self.path, segment(&self.name)))
            .titled(format!("IP set {}", self.name.raw()))
            .question("Which addresses are in it?")
            .list()
    }
}

impl Listed for FirewallAlias {
    const NOUN: (&'static str, &'static str) = ("alias", "aliases");

    fn columns() -> Vec<Column<FirewallAlias>> {
        vec![
            column!("Alias", |a: &FirewallAlias| a.name.clone()),
            column!("Address", |a: &FirewallAlias| a.cidr.clone()),
            column!("Remark", |a: &FirewallAlias| a.comment.clone()),
        ]
    }
}

impl Listed for IpSet {
    const NOUN: (&'static str, &'static str) = ("IP set", "IP sets");

    fn columns() -> Vec<Column<IpSet>> {
        vec![column!("IP set", |s: &IpSet| s.name.clone()), column!("Remark", |s: &IpSet| s.comment.clone())]
    }
}

impl Listed for IpSetEntry {
    const NOUN: (&'static str, &'static str) = ("entry", "entries");

    fn columns() -> Vec<Column<IpSetEntry>> {
        vec![
            column!("Address", |e: &IpSetEntry| e.cidr.clone()),
            column!("In the set", |e: &IpSetEntry| if e.nomatch { "taken out" } else { "yes" }),
            column!("Remark", |e: &IpSetEntry| e.comment.clone()),
        ]
    }

    fn summary(entries: &[IpSetEntry]) -> (String, String) {
        let out: Vec<String> = entries.iter().filter(|e| e.nomatch).map(|e| e.cidr.to_string()).collect();
        let rest = if out.is_empty() { ".".into() } else { format!("; taken out of the set: {}.", out.join(", ")) };
        (count(entries.len(), IpSetEntry::NOUN), rest)
    }
}

impl Listed for AddressRef {
    const NOUN: (&'static str, &'static str) = ("name", "names");

    fn columns() -> Vec<Column<AddressRef>> {
        vec![
            column!("Name", |r: &AddressRef| r.name.clone()),
            column!("Kind", |r: &AddressRef| r.kind.clone()),
            column!("Belongs to", |r: &AddressRef| {
                r.scope.as_ref().map(|scope| match scope.raw() {
                    "dc" => "the cluster".into(),
                    "guest" => "the guest".into(),
                    "sdn" => "the software-defined network".into(),
                    _ => scope.clone(),
                })
            }),
            column!("Written as", |r: &AddressRef| r.written.clone().map(crate::page::Cell::Code)),
            column!("Remark", |r: &AddressRef| r.comment.clone()),
        ]
    }
}
