//! What each network card of a node's running guests has sent and received.

use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::model::together::sum_of;
use crate::text::Text;
use crate::units::{Bytes, Reading};

fields! {
    /// The traffic of a guest's network card, from `/nodes/{node}/netstat`: since the card was plugged in, that is since the
    /// guest was started or moved here. Needs Sys.Audit on `/nodes/{node}`.
    #[derive(Clone, Default)]
    pub struct GuestTraffic {
        /// The guest's number.
        pub vmid: Reading<u64>,
        /// The card, as the guest's configuration calls it: `net0`.
        pub dev: Text,
        /// What the guest received.
        #[field("in")]
        pub received: Reading<Bytes>,
        /// What the guest sent.
        #[field("out")]
        pub sent: Reading<Bytes>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(GuestTraffic: "/nodes/{node}/netstat");

impl Node {
    /// What each network card of the guests running on it has sent and received, from `/nodes/{node}/netstat`.
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Audit is missing.
    pub fn netstat(&self) -> Result<List<GuestTraffic>, Error> {
        Ask::new(&self.session, self.path("netstat"))
            .titled(format!("Traffic of guests on {}", self.name.raw()))
            .question("Which guest sends and receives how much, since it runs here?")
            .place(self.place())
            .list()
    }
}

impl Listed for GuestTraffic {
    const NOUN: (&'static str, &'static str) = ("network card", "network cards");

    fn columns() -> Vec<Column<GuestTraffic>> {
        vec![
            column!("Guest", |t: &GuestTraffic| t.vmid),
            column!("Card", |t: &GuestTraffic| t.dev.clone()),
            column!("Received", |t: &GuestTraffic| t.received),
            column!("Sent", |t: &GuestTraffic| t.sent),
        ]
    }

    fn summary(cards: &[GuestTraffic]) -> (String, String) {
        let (sent, received) = (sum_of(cards.iter().map(|c| c.sent)), sum_of(cards.iter().map(|c| c.received)));
        (count(cards.len(), GuestTraffic::NOUN), format!(": {sent} sent, {received} received."))
    }
}
