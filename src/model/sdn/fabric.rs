//! A fabric: the routed underlay that tunnels go over, and the nodes in it.

use serde::Deserialize;

use super::EITHER;
use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column};
use crate::model::record::{Ask, Origin, record, segment};
use crate::session::Session;
use crate::text::Text;
use crate::units::Reading;

fields! {
    /// A fabric, from `/cluster/sdn/fabrics/fabric`. Needs SDN.Audit or SDN.Allocate on `/sdn/fabrics/{id}`.
    #[derive(Clone, Default)]
    pub struct SdnFabric {
        /// Its name.
        pub id: Text,
        /// What its nodes speak: `openfabric`, `ospf`.
        pub protocol: Reading<Text>,
        /// The network that the nodes' addresses in it are from.
        pub ip_prefix: Option<Text>,
        /// The same for IPv6.
        pub ip6_prefix: Option<Text>,
        /// The area, with OSPF.
        pub area: Option<Text>,
        /// How often nodes say that they are there, in seconds.
        pub hello_interval: Option<Text>,
        /// How often nodes tell each other all that they know, in seconds.
        pub csnp_interval: Option<Text>,
        /// Who holds the lock on the configuration, while somebody does: a secret of its own.
        #[field("lock-token", held)]
        pub locked: bool,
        /// A mark of the state that the fabrics are in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

fields! {
    /// A node in a fabric, from `/cluster/sdn/fabrics/node/{fabric_id}`.
    #[derive(Clone, Default)]
    pub struct SdnFabricNode {
        /// The fabric.
        pub fabric_id: Text,
        /// The node.
        pub node_id: Text,
        /// What it speaks.
        pub protocol: Reading<Text>,
        /// Its address in the fabric.
        pub ip: Option<Text>,
        /// Its IPv6 address in the fabric.
        pub ip6: Option<Text>,
        /// The interfaces that it speaks on, with what is set for each: `name=eno3`.
        pub interfaces: Vec<Text>,
        /// Whether somebody holds the lock on the configuration.
        #[field("lock-token", held)]
        pub locked: bool,
        /// A mark of the state that the fabrics are in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(SdnFabric: "/cluster/sdn/fabrics/fabric", "/cluster/sdn/fabrics/fabric/{id}");
record!(SdnFabricNode:
    "/cluster/sdn/fabrics/node",
    "/cluster/sdn/fabrics/node/{fabric_id}",
    "/cluster/sdn/fabrics/node/{fabric_id}/{node_id}",
);

/// The word that unlocks is not kept.
fn held<'de, D: serde::Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(Option::<Text>::deserialize(from)?.is_some_and(|token| !token.is_blank()))
}

impl SdnFabric {
    pub(crate) fn list(session: &Session) -> Result<List<SdnFabric>, Error> {
        Ask::new(session, "/cluster/sdn/fabrics/fabric")
            .titled("Fabrics of the software-defined network")
            .question("Which routed underlays are there?")
            .filtered_by("fabrics", &EITHER, "/sdn/fabrics")
            .list()
    }

    /// The nodes in it, from `/cluster/sdn/fabrics/node/{fabric_id}`. The server leaves out nodes without Sys.Audit or
    /// Sys.Modify on them.
    ///
    /// # Errors
    /// When SDN.Audit on it is missing.
    pub fn nodes(&self) -> Result<List<SdnFabricNode>, Error> {
        Ask::new(self.origin.session()?, format!("/cluster/sdn/fabrics/node/{}", segment(&self.id)))
            .titled(format!("Nodes in the fabric {}", self.id.raw()))
            .question("Which nodes are in it, and by which addresses and interfaces?")
            .filtered_by("nodes", &["Sys.Audit", "Sys.Modify"], "/nodes")
            .list()
    }
}

impl Listed for SdnFabric {
    const NOUN: (&'static str, &'static str) = ("fabric", "fabrics");

    fn columns() -> Vec<Column<SdnFabric>> {
        vec![
            column!("Fabric", |f: &SdnFabric| f.id.clone()),
            column!("Speaks", |f: &SdnFabric| f.protocol.clone()),
            column!("Network", |f: &SdnFabric| f.ip_prefix.clone()),
            column!("IPv6 network", |f: &SdnFabric| f.ip6_prefix.clone()),
            column!("Area", |f: &SdnFabric| f.area.clone()),
        ]
    }
}

impl Listed for SdnFabricNode {
    const NOUN: (&'static str, &'static str) = ("node", "nodes");

    fn columns() -> Vec<Column<SdnFabricNode>> {
        vec![
            column!("Node", |n: &SdnFabricNode| n.node_id.clone()),
            column!("Fabric", |n: &SdnFabricNode| n.fabric_id.clone()),
            column!("Address", |n: &SdnFabricNode| n.ip.clone()),
            column!("IPv6 address", |n: &SdnFabricNode| n.ip6.clone()),
            column!("Interfaces", |n: &SdnFabricNode| {
                n.interfaces.iter().map(Text::to_string).collect::<Vec<_>>().join("; ")
            }),
        ]
    }
}
