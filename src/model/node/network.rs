//! A network interface of a node: card, bond, bridge, VLAN.

use serde::Deserialize;

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record, segment};
use crate::model::sight::Sight;
use crate::model::words::words;
use crate::page::{Cell, State, Tone};
use crate::session::{Answer, Session};
use crate::text::Text;
use crate::units::Reading;
use crate::wire::Call;

words! {
    /// What kind of interface it is.
    pub enum InterfaceKind {
        /// A network card.
        Card = "eth",
        /// A bridge of Linux, which guests are connected to.
        Bridge = "bridge",
        /// Several cards as one.
        Bond = "bond",
        /// A VLAN on another interface.
        Vlan = "vlan",
        /// A second address of an interface, in the old way.
        Alias = "alias",
        /// A network of the software-defined network.
        Vnet = "vnet",
        /// A part of the routed underlay of the software-defined network.
        Fabric = "fabric",
        /// A bridge of Open vSwitch.
        OvsBridge = "OVSBridge",
        /// A bond of Open vSwitch.
        OvsBond = "OVSBond",
        /// A port of Open vSwitch.
        OvsPort = "OVSPort",
        /// A port of Open vSwitch for the node itself.
        OvsIntPort = "OVSIntPort",
        /// Of a kind that Proxmox VE does not tell.
        Unknown = "unknown",
    }
}

fields! {
    /// A network interface, from `/nodes/{node}/network`: as `/etc/network/interfaces` has it, changes included that are not
    /// applied yet.
    #[derive(Clone, Default)]
    pub struct NetworkInterface {
        /// Its name: `vmbr0`.
        pub iface: Text,
        /// The node that it belongs to.
        #[field(skip, "the path of the call")]
        pub node: Text,
        /// What kind it is.
        #[field("type")]
        pub kind: Reading<InterfaceKind>,
        /// Whether it is up.
        #[field(loose::yes)]
        pub active: bool,
        /// Whether it comes up with the node.
        #[field(loose::yes)]
        pub autostart: bool,
        /// Whether there is such a device at this moment; said of cards only.
        pub exists: Reading<bool>,
        /// Its IPv4 address with the length of its network: `10.10.0.11/24`.
        pub cidr: Option<Text>,
        /// The same for IPv6.
        pub cidr6: Option<Text>,
        /// Its IPv4 address.
        pub address: Option<Text>,
        /// Its IPv6 address.
        pub address6: Option<Text>,
        /// Its IPv4 network, as a length or as a mask.
        pub netmask: Option<Text>,
        /// The length of its IPv6 network.
        pub netmask6: Option<Text>,
        /// The way out over IPv4.
        pub gateway: Option<Text>,
        /// The way out over IPv6.
        pub gateway6: Option<Text>,
        /// How it gets its IPv4 address: `static`, `dhcp`, `manual` (not at all).
        pub method: Option<Text>,
        /// How it gets its IPv6 address: also `auto`.
        pub method6: Option<Text>,
        /// Which of `inet` and `inet6` are set up.
        #[field(loose::words)]
        pub families: Vec<Text>,
        /// Largest packet in bytes; none where the usual 1500 holds.
        #[field(loose::u64)]
        pub mtu: Option<u64>,
        /// What people wrote about it.
        pub comments: Option<Text>,
        /// What people wrote about its IPv6 part.
        pub comments6: Option<Text>,
        /// Its other names.
        #[field(loose::words)]
        pub altnames: Vec<Text>,
        /// Lines of its IPv4 part that Proxmox VE does not know itself.
        #[field(lines)]
        pub options: Vec<Text>,
        /// The same of its IPv6 part.
        #[field(lines)]
        pub options6: Vec<Text>,
        /// Its place in the order of the file.
        #[field(loose::u64)]
        pub priority: Option<u64>,
        /// The interfaces in a bridge.
        #[field(loose::words)]
        pub bridge_ports: Vec<Text>,
        /// Whether a bridge keeps VLANs apart, so that guests may ask for one.
        #[field(loose::yes)]
        pub bridge_vlan_aware: bool,
        /// The VLANs that a bridge passes on: `2-4094`.
        pub bridge_vids: Option<Text>,
        /// Whether a bridge speaks the spanning tree protocol: `on`, `off`.
        pub bridge_stp: Option<Text>,
        /// Seconds that a bridge listens before it passes anything on.
        pub bridge_fd: Option<Text>,
        /// The VLAN that is untagged on this port of a bridge.
        #[field("bridge-access")]
        pub bridge_access: Option<Text>,
        /// Whether a port answers neighbour requests itself.
        #[field("bridge-arp-nd-suppress", loose::flag)]
        pub bridge_arp_nd_suppress: Option<bool>,
        /// Whether a port learns addresses.
        #[field("bridge-learning", loose::flag)]
        pub bridge_learning: Option<bool>,
        /// Whether a port passes on multicast that nobody asked for.
        #[field("bridge-multicast-flood", loose::flag)]
        pub bridge_multicast_flood: Option<bool>,
        /// Whether a port passes on what is meant for unknown addresses.
        #[field("bridge-unicast-flood", loose::flag)]
        pub bridge_unicast_flood: Option<bool>,
        /// The cards in a bond.
        #[field(loose::words)]
        pub slaves: Vec<Text>,
        /// How a bond uses its cards: `active-backup`, `802.3ad`, ...
        pub bond_mode: Option<Text>,
        /// The card that a bond prefers.
        #[field("bond-primary")]
        pub bond_primary: Option<Text>,
        /// By what a bond chooses the card for a packet: `layer2`, `layer3+4`, ...
        pub bond_xmit_hash_policy: Option<Text>,
        /// The interface that a VLAN is on.
        #[field("vlan-raw-device")]
        pub vlan_raw_device: Option<Text>,
        /// The VLAN's number.
        #[field("vlan-id", loose::u64)]
        pub vlan_id: Option<u64>,
        /// How VLANs are tagged: `802.1q`, `802.1ad`.
        #[field("vlan-protocol")]
        pub vlan_protocol: Option<Text>,
        /// The bonds of an Open vSwitch bridge.
        #[field(loose::words)]
        pub ovs_bonds: Vec<Text>,
        /// The Open vSwitch bridge that it belongs to.
        pub ovs_bridge: Option<Text>,
        /// Further words for Open vSwitch.
        pub ovs_options: Option<Text>,
        /// The ports of an Open vSwitch bridge.
        #[field(loose::words)]
        pub ovs_ports: Vec<Text>,
        /// The VLAN of an Open vSwitch port.
        #[field(loose::u64)]
        pub ovs_tag: Option<u64>,
        /// The number of a VXLAN.
        #[field("vxlan-id", loose::u64)]
        pub vxlan_id: Option<u64>,
        /// This end of a VXLAN.
        #[field("vxlan-local-tunnelip")]
        pub vxlan_local_tunnelip: Option<Text>,
        /// The interface that a VXLAN goes over.
        #[field("vxlan-physdev")]
        pub vxlan_physdev: Option<Text>,
        /// The service node of a VXLAN.
        #[field("vxlan-svcnodeip")]
        pub vxlan_svcnodeip: Option<Text>,
        /// The kind of link in the words of ifupdown2.
        #[field("link-type")]
        pub link_type: Option<Text>,
        /// The uplink that it is one of.
        #[field("uplink-id")]
        pub uplink_id: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(NetworkInterface: "/nodes/{node}/network", "/nodes/{node}/network/{iface}");

/// Lines as they came, which hold spaces and commas.
fn lines<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Text>, D::Error> {
    use serde_json::Value;
    Ok(match Value::deserialize(from)? {
        Value::Array(lines) => {
            lines.iter().map(|line| line.as_str().map_or_else(|| line.to_string(), str::to_owned).into()).collect()
        }
        Value::String(line) => vec![line.into()],
        _ => Vec::new(),
    })
}

impl Node {
    /// Its network interfaces, from `/nodes/{node}/network`. Bridges that the identity may not use are left out by the
    /// server.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let bridges = Pve::demo()?.node("pve1")?.networks()?.filter(|net| net.is_bridge());
    /// assert_eq!(bridges.map(|bridge| bridge.iface.to_string()), ["vmbr0", "vmbr1"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn networks(&self) -> Result<List<NetworkInterface>, Error> {
        let answer = self.session.ask(Call::get(self.path("network")))?;
        NetworkInterface::all_in(&self.session, &self.name, &answer)
    }

    /// One interface by its name, from `/nodes/{node}/network/{iface}`.
    ///
    /// # Errors
    /// When the node cannot be reached, there is no such interface, or Sys.Audit is missing.
    pub fn network(&self, iface: &str) -> Result<NetworkInterface, Error> {
        let iface = Text::from(iface);
        let none = || {
            Error::not_found(
                format!("There is no interface \"{iface}\" on {}", self.name),
                format!("pve.node(\"{}\")?.networks()? shows those there are", self.name),
            )
        };
        if iface.is_blank() {
            return Err(none());
        }
        Ask::new(&self.session, self.path(&format!("network/{}", segment(&iface))))
            .place(self.place())
            .one_with(|net: &mut NetworkInterface| {
                net.iface = iface.clone();
                net.node = self.name.clone();
            })
            .map_err(|error| if matches!(error, Error::NotFound { .. }) { none() } else { error })
    }
}

/// Whether the answer has, beside the interfaces, what would change in the file that is in force.
fn has_changes(body: &str) -> bool {
    #[derive(Deserialize)]
    struct Beside {
        #[serde(default)]
        changes: Option<Text>,
    }
    serde_json::from_str::<Beside>(body).is_ok_and(|beside| beside.changes.is_some_and(|changes| !changes.is_blank()))
}

impl NetworkInterface {
    pub(crate) fn session(&self) -> Result<&Session, Error> {
        self.origin.session()
    }

    /// The interfaces in an answer of this node.
    pub(crate) fn all_in(session: &Session, node: &Text, answer: &Answer) -> Result<List<NetworkInterface>, Error> {
        let mut ask = Ask::new(session, format!("/nodes/{}/network", node.raw()))
            .titled(format!("Network of {}", node.raw()))
            .question("Which cards, bonds and bridges does it have, what is connected to what, and is it up?")
            .filtered_by("bridges", &["SDN.Audit", "SDN.Use"], "/sdn/zones/localnetwork")
            .place(format!("node/{}", node.raw()));
        if has_changes(&answer.reply.body) {
            ask = ask
                .seen(Sight::whole().remark(
                    "The file holds changes that are not applied yet: what is shown here is not all in force.",
                ));
        }
        let all = ask.list_of(answer, |net: &mut NetworkInterface| net.node = node.clone())?;
        Ok(all.sorted_by_key(|net: &NetworkInterface| net.iface.clone()))
    }

    /// Whether guests can be connected to it.
    pub fn is_bridge(&self) -> bool {
        self.kind == InterfaceKind::Bridge || self.kind == InterfaceKind::OvsBridge
    }

    /// What it is made of: the ports of a bridge, the cards of a bond, the interface of a VLAN.
    pub fn parts(&self) -> Vec<Text> {
        let lists = [&self.bridge_ports, &self.slaves, &self.ovs_ports, &self.ovs_bonds];
        lists.into_iter().flatten().chain(&self.vlan_raw_device).cloned().collect()
    }

    pub(crate) fn addresses(&self) -> String {
        let v4 = self.cidr.as_ref().or(self.address.as_ref());
        let v6 = self.cidr6.as_ref().or(self.address6.as_ref());
        let by =
            |method: &Option<Text>, word: &str| method.as_ref().is_some_and(|m| m == "dhcp").then(|| word.to_owned());
        let all = [
            v4.map(Text::to_string).or(by(&self.method, "by DHCP")),
            v6.map(Text::to_string).or(by(&self.method6, "by DHCPv6")),
        ];
        all.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn state(&self) -> State {
        if self.active {
            State::new(Tone::Good, "up")
        } else if self.autostart {
            State::new(Tone::Wrong, "down, should be up")
        } else {
            State::new(Tone::Off, "down")
        }
    }

    fn vlan_cell(&self) -> Cell {
        match (&self.bridge_vids, self.vlan_id.or(self.ovs_tag)) {
            (Some(vids), _) => vids.clone().into(),
            (None, Some(id)) => id.to_string().into(),
            (None, None) if self.bridge_vlan_aware => "all".into(),
            (None, None) => Cell::Empty,
        }
    }
}

impl Listed for NetworkInterface {
    const NOUN: (&'static str, &'static str) = ("interface", "interfaces");

    fn columns() -> Vec<Column<NetworkInterface>> {
        vec![
            column!("Interface", |n: &NetworkInterface| n.iface.clone()),
            column!("State", NetworkInterface::state)
                .by("active autostart", "up where it is active; else wrong if it is to start with the node"),
            column!("Kind", |n: &NetworkInterface| n.kind.clone()),
            column!("Made of", |n: &NetworkInterface| {
                n.parts().iter().map(Text::to_string).collect::<Vec<_>>().join(", ")
            })
            .by("bridge_ports slaves ovs_ports ovs_bonds vlan_raw_device", "all that are set, in this order"),
            column!("Addresses", NetworkInterface::addresses).by(
                "cidr address method cidr6 address6 method6",
                "the address with the length of its network, else without it, else by DHCP; the same for IPv6",
            ),
            column!("Gateway", |n: &NetworkInterface| n.gateway.clone().or_else(|| n.gateway6.clone())),
            column!("VLANs", NetworkInterface::vlan_cell).by(
                "bridge_vids vlan_id ovs_tag bridge_vlan_aware",
                "those let through; else its own; else all, of a bridge that knows VLANs",
            ),
            column!("Remark", |n: &NetworkInterface| {
                n.comments.as_ref().map(|words| Text::from(words.raw().trim()))
            }),
        ]
    }

    fn summary(all: &[NetworkInterface]) -> (String, String) {
        let down: Vec<String> = all.iter().filter(|n| n.autostart && !n.active).map(|n| n.iface.to_string()).collect();
        let bridges = count(all.iter().filter(|n| n.is_bridge()).count(), ("bridge", "bridges"));
        let rest = if down.is_empty() {
            ".".into()
        } else {
            format!("; down, though to start with the node: {}.", down.join(", "))
        };
        (count(all.len(), NetworkInterface::NOUN), format!(", {bridges} among them{rest}"))
    }
}
