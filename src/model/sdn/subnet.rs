//! A subnet: the addresses of a vnet, with their gateway.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Change, applied, change, change_cell};
use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column};
use crate::model::property::Properties;
use crate::model::record::{Ask, Origin, record, segment};
use crate::session::Session;
use crate::text::Text;

fields! {
    /// A subnet, from `/cluster/sdn/vnets/{vnet}/subnets`.
    #[derive(Clone, Default)]
    pub struct SdnSubnet {
        /// Its name, made of zone and network: `dmz-10.30.0.0-24`.
        pub subnet: Text,
        /// The network: `10.30.0.0/24`.
        pub cidr: Option<Text>,
        /// The address of the network, without its length.
        pub network: Option<Text>,
        /// The length of the network.
        pub mask: Option<Text>,
        /// The way out of it.
        pub gateway: Option<Text>,
        /// The vnet that it belongs to.
        pub vnet: Option<Text>,
        /// The zone that it belongs to.
        pub zone: Option<Text>,
        /// Whether the nodes stand in with their own address for guests that go outside.
        #[field(loose::flag)]
        pub snat: Option<bool>,
        /// The addresses that are given out.
        #[field("dhcp-range", ranges)]
        pub dhcp_range: Vec<DhcpRange>,
        /// The name server that is named along with them.
        #[field("dhcp-dns-server")]
        pub dhcp_dns_server: Option<Text>,
        /// What stands before the domain of its guests.
        pub dnszoneprefix: Option<Text>,
        /// How it differs from what is in force; nothing where it is in force as it is.
        #[field(change)]
        pub state: Change,
        /// The values that are configured and not in force.
        pub pending: Option<Value>,
        /// Always `subnet`.
        #[field("type")]
        pub kind: Option<Text>,
        /// A mark of the state that the subnets are in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(SdnSubnet: "/cluster/sdn/vnets/{vnet}/subnets", "/cluster/sdn/vnets/{vnet}/subnets/{subnet}");
applied!(SdnSubnet by subnet);

fields! {
    /// Addresses that are given out, from one to another.
    #[derive(Clone, Debug, Default)]
    pub struct DhcpRange {
        /// The first.
        #[field("start-address")]
        pub start_address: Text,
        /// The last.
        #[field("end-address")]
        pub end_address: Text,
    }
}

/// Ranges as objects, or in a line each: `start-address=10.30.0.50,end-address=10.30.0.99`.
fn ranges<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<DhcpRange>, D::Error> {
    let line = |line: &str| {
        let parts = Properties::read(line);
        let value = |key: &str| parts.get(key).unwrap_or_default();
        DhcpRange { start_address: value("start-address"), end_address: value("end-address") }
    };
    let one = |value: &Value| match value {
        Value::String(words) => Some(line(words)),
        object => serde_json::from_value(object.clone()).ok(),
    };
    Ok(match Value::deserialize(from)? {
        Value::Array(all) => all.iter().filter_map(one).collect(),
        Value::Null => Vec::new(),
        value => one(&value).into_iter().collect(),
    })
}

impl SdnSubnet {
    pub(crate) fn list(session: &Session, vnet: &Text) -> Result<List<SdnSubnet>, Error> {
        let path = format!("/cluster/sdn/vnets/{}/subnets", segment(vnet));
        let ask = Ask::new(session, path.clone())
            .titled(format!("Subnets of {}", vnet.raw()))
            .question("Which addresses does this network have?");
        super::list(session, &path, ask)
    }

    /// The network, also where the answer has it only in the subnet's name.
    pub fn network(&self) -> Text {
        self.cidr.clone().unwrap_or_else(|| self.subnet.clone())
    }
}

impl Listed for SdnSubnet {
    const NOUN: (&'static str, &'static str) = ("subnet", "subnets");

    fn columns() -> Vec<Column<SdnSubnet>> {
        vec![
            column!("Subnet", SdnSubnet::network)
                .by("cidr subnet", "the network; its name in the API where that is not said"),
            column!("State", |s: &SdnSubnet| change_cell(&s.state)),
            column!("Gateway", |s: &SdnSubnet| s.gateway.clone()),
            column!("Given out", |s: &SdnSubnet| {
                let all = s.dhcp_range.iter().map(|range| format!("{} to {}", range.start_address, range.end_address));
                all.collect::<Vec<_>>().join(", ")
            }),
            column!("Nodes stand in outside", |s: &SdnSubnet| s.snat == Some(true)),
        ]
    }
}
