//! A vnet: a network that guests are connected to, on every node of its zone.

use serde_json::Value;

use super::subnet::SdnSubnet;
use super::{Change, EITHER, applied, change, change_cell};
use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::firewall::Firewall;
use crate::model::list::{Column, List, Listed, column};
use crate::model::record::{Ask, Origin, record};
use crate::session::Session;
use crate::text::Text;

fields! {
    /// A vnet, from `/cluster/sdn/vnets`. Needs SDN.Audit or SDN.Allocate on `/sdn/zones/{zone}/{vnet}`.
    #[derive(Clone, Default)]
    pub struct SdnVnet {
        /// Its name, which guests name as their bridge.
        pub vnet: Text,
        /// What people call it.
        pub alias: Option<Text>,
        /// The zone that it is in.
        pub zone: Option<Text>,
        /// Its VLAN or the number of its tunnel, as its zone has it.
        #[field(loose::u64)]
        pub tag: Option<u64>,
        /// Whether guests may use VLANs inside it.
        #[field(loose::flag)]
        pub vlanaware: Option<bool>,
        /// Whether guests on one node cannot reach each other in it.
        #[field("isolate-ports", loose::flag)]
        pub isolate_ports: Option<bool>,
        /// How it differs from what is in force; nothing where it is in force as it is.
        #[field(change)]
        pub state: Change,
        /// The values that are configured and not in force.
        pub pending: Option<Value>,
        /// Always `vnet`.
        #[field("type")]
        pub kind: Option<Text>,
        /// A mark of the state that the vnets are in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(SdnVnet: "/cluster/sdn/vnets", "/cluster/sdn/vnets/{vnet}");
applied!(SdnVnet by vnet);

impl SdnVnet {
    pub(crate) fn list(session: &Session) -> Result<List<SdnVnet>, Error> {
        let ask = Ask::new(session, "/cluster/sdn/vnets")
            .titled("Networks of the software-defined network")
            .question("Which networks can guests be connected to, and is all of it in force?")
            .filtered_by("vnets", &EITHER, "/sdn/zones");
        super::list(session, "/cluster/sdn/vnets", ask)
    }

    /// Its subnets, from `/cluster/sdn/vnets/{vnet}/subnets`.
    ///
    /// # Errors
    /// When both SDN.Audit and SDN.Allocate are missing on it.
    pub fn subnets(&self) -> Result<List<SdnSubnet>, Error> {
        SdnSubnet::list(self.origin.session()?, &self.vnet)
    }

    /// Its firewall, below `/cluster/sdn/vnets/{vnet}/firewall`.
    ///
    /// # Errors
    /// When it was not read from a cluster.
    pub fn firewall(&self) -> Result<Firewall, Error> {
        Ok(Firewall::of_vnet(self.origin.session()?, &self.vnet))
    }
}

impl Listed for SdnVnet {
    const NOUN: (&'static str, &'static str) = ("vnet", "vnets");

    fn columns() -> Vec<Column<SdnVnet>> {
        vec![
            column!("Vnet", |v: &SdnVnet| v.vnet.clone()),
            column!("State", |v: &SdnVnet| change_cell(&v.state)),
            column!("Called", |v: &SdnVnet| v.alias.clone()),
            column!("Zone", |v: &SdnVnet| v.zone.clone()),
            column!("Tag", |v: &SdnVnet| v.tag),
            column!("Guests kept apart", |v: &SdnVnet| v.isolate_ports == Some(true)),
            column!("VLANs inside", |v: &SdnVnet| v.vlanaware == Some(true)),
        ]
    }
}
