//! A node's own settings: its notes, waking it over the network, when its guests start.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, Listed, column};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::text::Text;
use crate::units::Age;

fields! {
    /// A node's settings, from `/nodes/{node}/config`. Needs Sys.Audit on `/`. What is not set has its default.
    #[derive(Clone, Default)]
    pub struct NodeSettings {
        /// The notes that people left.
        pub description: Option<Text>,
        /// How long it waits after its own start before it starts its guests.
        #[field("startall-onboot-delay", loose::optional)]
        pub startall_onboot_delay: Option<Age>,
        /// Whom to wake over the network: hardware address and interface.
        pub wakeonlan: Option<Text>,
        /// The part of memory in use, in percent, that ballooning aims at: 80 where it is not set.
        #[field("ballooning-target", loose::u64)]
        pub ballooning_target: Option<u64>,
        /// The account and domains for certificates by ACME.
        pub acme: Option<Text>,
        /// A domain for which a certificate is asked, with how.
        pub acmedomain0: Option<Text>,
        /// The second.
        pub acmedomain1: Option<Text>,
        /// The third.
        pub acmedomain2: Option<Text>,
        /// The fourth.
        pub acmedomain3: Option<Text>,
        /// The fifth.
        pub acmedomain4: Option<Text>,
        /// The sixth.
        pub acmedomain5: Option<Text>,
        /// A mark of this state of the settings.
        pub digest: Option<Text>,
        /// The node that it belongs to.
        #[field(skip, "the path of the call")]
        node: Text,
        #[field(skip)]
        origin: Origin,
    }
}

record!(NodeSettings: "/nodes/{node}/config");

impl Node {
    /// Its settings, from `/nodes/{node}/config`.
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Audit on `/` is missing.
    pub fn settings(&self) -> Result<NodeSettings, Error> {
        Ask::new(&self.session, self.path("config"))
            .place(self.place())
            .one_with(|settings: &mut NodeSettings| settings.node = self.name.clone())
    }
}

impl NodeSettings {
    /// The domains for which certificates are asked by ACME, each with how.
    pub fn acme_domains(&self) -> Vec<Text> {
        let all = [
            &self.acmedomain0,
            &self.acmedomain1,
            &self.acmedomain2,
            &self.acmedomain3,
            &self.acmedomain4,
            &self.acmedomain5,
        ];
        all.into_iter().flatten().cloned().collect()
    }
}

impl Listed for NodeSettings {
    const NOUN: (&'static str, &'static str) = ("settings of node", "settings of nodes");

    fn columns() -> Vec<Column<NodeSettings>> {
        vec![
            column!("Node", |s: &NodeSettings| s.node.clone()),
            column!("Notes", |s: &NodeSettings| {
                s.description.as_ref().map(|notes| Text::from(notes.raw().trim_end()))
            }),
            column!("Starts its guests after", |s: &NodeSettings| s.startall_onboot_delay),
            column!("Woken by", |s: &NodeSettings| s.wakeonlan.clone()),
            column!("Certificates by ACME", |s: &NodeSettings| {
                s.acme_domains().iter().map(Text::to_string).collect::<Vec<_>>().join("; ")
            })
            .by(
                "acmedomain0 acmedomain1 acmedomain2 acmedomain3 acmedomain4 acmedomain5",
                "those that are set, in their order",
            ),
        ]
    }
}
