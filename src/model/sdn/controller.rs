//! A controller: what exchanges routes for zones, with routers outside or among the nodes.

use serde_json::Value;

use super::{Change, EITHER, applied, change, change_cell};
use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column};
use crate::model::record::{Ask, Origin, record};
use crate::session::Session;
use crate::text::Text;
use crate::units::Reading;

fields! {
    /// A controller, from `/cluster/sdn/controllers`. Needs SDN.Audit or SDN.Allocate on `/sdn/controllers/{controller}`.
    #[derive(Clone, Default)]
    pub struct SdnController {
        /// Its name.
        pub controller: Text,
        /// What it speaks: `evpn`, `bgp`, `isis`, `faucet`.
        #[field("type")]
        pub kind: Reading<Text>,
        /// How it differs from what is in force; nothing where it is in force as it is.
        #[field(change)]
        pub state: Change,
        /// The values that are configured and not in force.
        pub pending: Option<Value>,
        /// The number of the autonomous system.
        #[field(loose::u64)]
        pub asn: Option<u64>,
        /// Whom it speaks with.
        #[field(loose::words)]
        pub peers: Vec<Text>,
        /// The node that it is for.
        pub node: Option<Text>,
        /// Whether its peers belong to another autonomous system.
        #[field(loose::flag)]
        pub ebgp: Option<bool>,
        /// How many hops away these may be.
        #[field("ebgp-multihop", loose::u64)]
        pub ebgp_multihop: Option<u64>,
        /// Whether ways of equal length by different systems are used together.
        #[field("bgp-multipath-as-relax", loose::flag)]
        pub bgp_multipath_as_relax: Option<bool>,
        /// The interface whose address it speaks from.
        pub loopback: Option<Text>,
        /// The IS-IS domain.
        #[field("isis-domain")]
        pub isis_domain: Option<Text>,
        /// The interfaces that IS-IS is spoken on.
        #[field("isis-ifaces", loose::words)]
        pub isis_ifaces: Vec<Text>,
        /// The address in IS-IS.
        #[field("isis-net")]
        pub isis_net: Option<Text>,
        /// The part of the routed underlay that it uses.
        pub fabric: Option<Text>,
        /// A mark of the state that the controllers are in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(SdnController: "/cluster/sdn/controllers", "/cluster/sdn/controllers/{controller}");
applied!(SdnController by controller);

impl SdnController {
    pub(crate) fn list(session: &Session) -> Result<List<SdnController>, Error> {
        let ask = Ask::new(session, "/cluster/sdn/controllers")
            .titled("Controllers of the software-defined network")
            .question("What exchanges routes, and with whom?")
            .filtered_by("controllers", &EITHER, "/sdn/controllers");
        super::list(session, "/cluster/sdn/controllers", ask)
    }
}

impl Listed for SdnController {
    const NOUN: (&'static str, &'static str) = ("controller", "controllers");

    fn columns() -> Vec<Column<SdnController>> {
        vec![
            column!("Controller", |c: &SdnController| c.controller.clone()),
            column!("State", |c: &SdnController| change_cell(&c.state)),
            column!("Kind", |c: &SdnController| c.kind.clone()),
            column!("Autonomous system", |c: &SdnController| c.asn),
            column!("Speaks with", |c: &SdnController| {
                c.peers.iter().map(Text::to_string).collect::<Vec<_>>().join(", ")
            }),
            column!("On", |c: &SdnController| c.node.clone()),
        ]
    }
}
