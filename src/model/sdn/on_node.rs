//! What has become of the software-defined network on one node: whether its zones and vnets are really there.

use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record, segment};
use crate::model::words::words;
use crate::page::{Cell, State, Tone};
use crate::text::Text;
use crate::units::Reading;

words! {
    /// Whether a zone is there on a node.
    pub enum SdnZoneStatus {
        /// It is there.
        Available = "available",
        /// It is configured otherwise than it is in force here.
        Pending = "pending",
        /// It is not there as it should be.
        Error = "error",
    }
}

fields! {
    /// A zone on a node, from `/nodes/{node}/sdn/zones`. Needs SDN.Audit on `/sdn/zones/{zone}`.
    #[derive(Clone, Default)]
    pub struct SdnZoneOnNode {
        /// The zone.
        pub zone: Text,
        /// Whether it is there.
        pub status: Reading<SdnZoneStatus>,
        /// The node.
        #[field(skip, "the path of the call")]
        pub node: Text,
        #[field(skip)]
        origin: Origin,
    }
}

record!(SdnZoneOnNode: "/nodes/{node}/sdn/zones");

fields! {
    /// A vnet on a node, from `/nodes/{node}/sdn/zones/{zone}/content`.
    #[derive(Clone, Default)]
    pub struct SdnZoneContent {
        /// The vnet.
        pub vnet: Text,
        /// Whether it is there.
        pub status: Reading<SdnZoneStatus>,
        /// What is wrong with it.
        pub statusmsg: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(SdnZoneContent: "/nodes/{node}/sdn/zones/{zone}/content");

impl Node {
    /// The zones of the software-defined network on it, from `/nodes/{node}/sdn/zones`.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn sdn_zones(&self) -> Result<List<SdnZoneOnNode>, Error> {
        Ask::new(&self.session, self.path("sdn/zones"))
            .titled(format!("Zones on {}", self.name.raw()))
            .question("Is the software-defined network here as it should be?")
            .filtered_by("zones", &["SDN.Audit"], "/sdn/zones")
            .place(self.place())
            .list_with(|zone: &mut SdnZoneOnNode| zone.node = self.name.clone())
    }
}

impl SdnZoneOnNode {
    /// Its vnets on the node, from `/nodes/{node}/sdn/zones/{zone}/content`.
    ///
    /// # Errors
    /// When the node cannot be reached or SDN.Audit on the zone is missing.
    pub fn vnets(&self) -> Result<List<SdnZoneContent>, Error> {
        let path = format!("/nodes/{}/sdn/zones/{}/content", self.node.raw(), segment(&self.zone));
        Ask::new(self.origin.session()?, path)
            .titled(format!("Vnets of zone {} on {}", self.zone.raw(), self.node.raw()))
            .question("Are the networks of this zone there?")
            .filtered_by("vnets", &["SDN.Audit"], &format!("/sdn/zones/{}", self.zone.raw()))
            .list()
    }
}

fn state_cell(status: &Reading<SdnZoneStatus>) -> Cell {
    let Reading::Known(status) = status else { return status.clone().into() };
    let tone = match status {
        SdnZoneStatus::Available => Tone::Good,
        SdnZoneStatus::Pending => Tone::Held,
        SdnZoneStatus::Error => Tone::Wrong,
        SdnZoneStatus::Other(_) => Tone::Unknown,
    };
    State::new(tone, status.word()).into()
}

impl Listed for SdnZoneOnNode {
    const NOUN: (&'static str, &'static str) = ("zone", "zones");

    fn columns() -> Vec<Column<SdnZoneOnNode>> {
        vec![
            column!("Zone", |z: &SdnZoneOnNode| z.zone.clone()),
            column!("State", |z: &SdnZoneOnNode| state_cell(&z.status)),
            column!("Node", |z: &SdnZoneOnNode| z.node.clone()),
        ]
    }

    fn summary(zones: &[SdnZoneOnNode]) -> (String, String) {
        let bad = |zone: &&SdnZoneOnNode| zone.status.is_known() && zone.status != SdnZoneStatus::Available;
        let bad: Vec<String> =
            zones.iter().filter(bad).map(|zone| format!("{} ({})", zone.zone, zone.status)).collect();
        let rest = if bad.is_empty() { ".".into() } else { format!("; not as it should be: {}.", bad.join(", ")) };
        (count(zones.len(), SdnZoneOnNode::NOUN), rest)
    }
}

impl Listed for SdnZoneContent {
    const NOUN: (&'static str, &'static str) = ("vnet", "vnets");

    fn columns() -> Vec<Column<SdnZoneContent>> {
        vec![
            column!("Vnet", |v: &SdnZoneContent| v.vnet.clone()),
            column!("State", |v: &SdnZoneContent| state_cell(&v.status)),
            column!("What is wrong", |v: &SdnZoneContent| v.statusmsg.clone()),
        ]
    }
}
