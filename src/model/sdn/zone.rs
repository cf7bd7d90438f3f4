//! A zone: networks of guests that are carried in the same way, by VLANs, by tunnels, by routing.

use serde_json::Value;

use super::{Change, EITHER, applied, change, change_cell};
use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column};
use crate::model::record::{Ask, Origin, record};
use crate::model::words::words;
use crate::session::Session;
use crate::text::Text;
use crate::units::Reading;

words! {
    /// How a zone carries its networks.
    pub enum SdnZoneKind {
        /// Each node for itself.
        Simple = "simple",
        /// As VLANs on a bridge.
        Vlan = "vlan",
        /// As VLANs inside VLANs.
        Qinq = "qinq",
        /// In tunnels between the nodes.
        Vxlan = "vxlan",
        /// In tunnels, with routing between them.
        Evpn = "evpn",
        /// By a controller of the kind Faucet.
        Faucet = "faucet",
    }
}

fields! {
    /// A zone, from `/cluster/sdn/zones`. Needs SDN.Audit or SDN.Allocate on `/sdn/zones/{zone}`.
    #[derive(Clone, Default)]
    pub struct SdnZone {
        /// Its name.
        pub zone: Text,
        /// How it carries its networks.
        #[field("type")]
        pub kind: Reading<SdnZoneKind>,
        /// How it differs from what is in force; nothing where it is in force as it is.
        #[field(change)]
        pub state: Change,
        /// The values that are configured and not in force.
        pub pending: Option<Value>,
        /// The nodes that it is on; all of them where none is named.
        #[field(loose::words)]
        pub nodes: Vec<Text>,
        /// The bridge that its VLANs are on.
        pub bridge: Option<Text>,
        /// Whether that bridge learns no hardware addresses.
        #[field("bridge-disable-mac-learning", loose::flag)]
        pub bridge_disable_mac_learning: Option<bool>,
        /// The outer VLAN.
        #[field(loose::u64)]
        pub tag: Option<u64>,
        /// How the outer VLAN is tagged: `802.1q`, `802.1ad`.
        #[field("vlan-protocol")]
        pub vlan_protocol: Option<Text>,
        /// Largest packet in bytes.
        #[field(loose::u64)]
        pub mtu: Option<u64>,
        /// The ends of its tunnels.
        #[field(loose::words)]
        pub peers: Vec<Text>,
        /// The port of its tunnels.
        #[field("vxlan-port", loose::u64)]
        pub vxlan_port: Option<u64>,
        /// The number of the tunnel between its networks.
        #[field("vrf-vxlan", loose::u64)]
        pub vrf_vxlan: Option<u64>,
        /// What routes for it.
        pub controller: Option<Text>,
        /// The nodes by which its traffic leaves.
        #[field(loose::words)]
        pub exitnodes: Vec<Text>,
        /// The first among these.
        #[field("exitnodes-primary")]
        pub exitnodes_primary: Option<Text>,
        /// Whether these reach guests from their own system as well.
        #[field("exitnodes-local-routing", loose::flag)]
        pub exitnodes_local_routing: Option<bool>,
        /// Whether whole subnets are announced, not only single guests.
        #[field("advertise-subnets", loose::flag)]
        pub advertise_subnets: Option<bool>,
        /// Whether nodes leave the answering of neighbour requests to the guests.
        #[field("disable-arp-nd-suppression", loose::flag)]
        pub disable_arp_nd_suppression: Option<bool>,
        /// Routes of other zones that it takes in.
        #[field("rt-import")]
        pub rt_import: Option<Text>,
        /// The hardware address of its gateways.
        pub mac: Option<Text>,
        /// What keeps track of its addresses.
        pub ipam: Option<Text>,
        /// What gives out its addresses: `dnsmasq`.
        pub dhcp: Option<Text>,
        /// The name server that its guests are entered in.
        pub dns: Option<Text>,
        /// The domain that they are entered under.
        pub dnszone: Option<Text>,
        /// The name server for names by address.
        pub reversedns: Option<Text>,
        /// A mark of the state that the zones are in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(SdnZone: "/cluster/sdn/zones", "/cluster/sdn/zones/{zone}");
applied!(SdnZone by zone);

impl SdnZone {
    pub(crate) fn list(session: &Session) -> Result<List<SdnZone>, Error> {
        let ask = Ask::new(session, "/cluster/sdn/zones")
            .titled("Zones of the software-defined network")
            .question("Which zones are there, how do they carry their networks, and is all of it in force?")
            .filtered_by("zones", &EITHER, "/sdn/zones");
        super::list(session, "/cluster/sdn/zones", ask)
    }
}

impl Listed for SdnZone {
    const NOUN: (&'static str, &'static str) = ("zone", "zones");

    fn columns() -> Vec<Column<SdnZone>> {
        let words = |words: &[Text]| words.iter().map(Text::to_string).collect::<Vec<_>>().join(", ");
        vec![
            column!("Zone", |z: &SdnZone| z.zone.clone()),
            column!("State", |z: &SdnZone| change_cell(&z.state)),
            column!("Kind", |z: &SdnZone| z.kind.clone()),
            column!("On", move |z: &SdnZone| if z.nodes.is_empty() { "all nodes".into() } else { words(&z.nodes) }),
            column!("By", move |z: &SdnZone| {
                let by = [z.bridge.clone(), z.controller.clone()];
                words(&by.into_iter().flatten().chain(z.peers.iter().cloned()).collect::<Vec<_>>())
            })
            .by("bridge controller peers", "all that are set, in this order"),
            column!("Largest packet", |z: &SdnZone| z.mtu),
            column!("Addresses from", |z: &SdnZone| z.dhcp.clone().or_else(|| z.ipam.clone())),
        ]
    }
}
