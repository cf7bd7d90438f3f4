//! A node's subscription: which support it has, until when. Its key is never shown.

use serde::Deserialize;

use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, Listed, column};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::model::words::words;
use crate::page::{Cell, State, Tone};
use crate::text::Text;
use crate::units::{Moment, Reading, Why};

words! {
    /// Whether a subscription holds.
    pub enum SubscriptionStatus {
        /// It does.
        Active = "active",
        /// It was entered and is not checked yet.
        New = "new",
        /// There is none.
        NotFound = "notfound",
        /// It is not one for this node.
        Invalid = "invalid",
        /// It held until a day that is past.
        Expired = "expired",
        /// It was suspended.
        Suspended = "suspended",
    }
}

fields! {
    /// A node's subscription, from `/nodes/{node}/subscription`.
    #[derive(Clone, Default)]
    pub struct Subscription {
        /// Whether it holds.
        pub status: Reading<SubscriptionStatus>,
        /// What there is to say about that.
        pub message: Option<Text>,
        /// What was bought.
        pub productname: Option<Text>,
        /// Its level: `c` community, `b` basic, `s` standard, `p` premium.
        pub level: Option<Text>,
        /// The sockets that it is for.
        pub sockets: Reading<u64>,
        /// When it was registered.
        pub regdate: Option<Text>,
        /// Until when it holds.
        pub nextduedate: Option<Text>,
        /// When that was checked last.
        pub checktime: Reading<Moment>,
        /// The kind of key: what stands before its first hyphen, since the key itself is a secret.
        #[field(kind_of_key)]
        pub key: Option<Text>,
        /// The number of this machine, which a key is bound to. Shown only with Sys.Audit on `/nodes/{node}`.
        pub serverid: Option<Text>,
        /// Where to buy one.
        pub url: Option<Text>,
        /// Whether the key of an offline subscription comes with a signature, which is a secret itself.
        #[field(is_there)]
        pub signature: bool,
        /// The node that it belongs to.
        #[field(skip, "the path of the call")]
        node: Text,
        #[field(skip)]
        origin: Origin,
    }
}

record!(Subscription: "/nodes/{node}/subscription");

fn kind_of_key<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Text>, D::Error> {
    let key = Option::<Text>::deserialize(from)?;
    Ok(key.map(|key| key.raw().split_once('-').map_or("…".into(), |(kind, _)| format!("{kind}-…").into())))
}

fn is_there<'de, D: serde::Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(Option::<Text>::deserialize(from)?.is_some_and(|words| !words.is_blank()))
}

impl Node {
    /// Its subscription, from `/nodes/{node}/subscription`. Without Sys.Audit the server says only whether there is one.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn subscription(&self) -> Result<Subscription, Error> {
        let path = format!("/nodes/{}", self.name.raw());
        let hidden = self.session.has("Sys.Audit", &path) == Some(false);
        Ask::new(&self.session, self.path("subscription")).place(self.place()).one_with(|info: &mut Subscription| {
            info.node = self.name.clone();
            if hidden {
                let why = Why::needs("Sys.Audit", &path);
                (info.sockets, info.checktime) = (Reading::Missing(why), Reading::Missing(why));
            }
        })
    }
}

impl Subscription {
    /// Whether it holds.
    pub fn is_active(&self) -> bool {
        self.status == SubscriptionStatus::Active
    }

    fn status_cell(&self) -> Cell {
        let Reading::Known(status) = &self.status else { return self.status.clone().into() };
        let tone = match status {
            SubscriptionStatus::Active => Tone::Good,
            SubscriptionStatus::NotFound => Tone::Off,
            SubscriptionStatus::New => Tone::Held,
            SubscriptionStatus::Other(_) => Tone::Unknown,
            _ => Tone::Wrong,
        };
        let word = if *status == SubscriptionStatus::NotFound { "none" } else { status.word() };
        State::new(tone, word).into()
    }
}

impl Listed for Subscription {
    const NOUN: (&'static str, &'static str) = ("subscription of node", "subscriptions of nodes");

    fn columns() -> Vec<Column<Subscription>> {
        vec![
            column!("Node", |s: &Subscription| s.node.clone()),
            column!("State", Subscription::status_cell)
                .by("status", "active is good; without one there are no updates from the enterprise sources"),
            column!("Product", |s: &Subscription| s.productname.clone()),
            column!("Holds until", |s: &Subscription| s.nextduedate.clone()),
            column!("Sockets", |s: &Subscription| match s.sockets {
                Reading::Missing(Why::NotInAnswer) => Cell::Empty,
                sockets => sockets.into(),
            }),
            column!("Key", |s: &Subscription| s.key.clone()),
            column!("Checked", |s: &Subscription| s.checktime.known()),
            column!("Message", |s: &Subscription| s.message.clone()),
        ]
    }
}
