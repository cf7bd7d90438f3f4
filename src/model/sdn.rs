//! The software-defined network: zones, the networks in them, subnets, and what routes and manages them.
//!
//! What is configured and what is in force differ until somebody applies it; each object knows whether it does.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Error;
use crate::model::list::List;
use crate::model::record::{Ask, Record};
use crate::model::sight::Sight;
use crate::model::words::words;
use crate::page::{Cell, State, Tone};
use crate::secret::masked;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Reading, Why};
use crate::wire::Call;

pub(crate) mod controller;
pub(crate) mod fabric;
pub(crate) mod on_node;
pub(crate) mod service;
pub(crate) mod subnet;
pub(crate) mod vnet;
pub(crate) mod zone;

/// The types of the software-defined network, for the conformance check.
#[cfg(test)]
pub(crate) fn typed() -> Vec<super::conformance::Typed> {
    use super::conformance::Typed;
    vec![
        Typed::record::<controller::SdnController>(),
        Typed::record::<fabric::SdnFabric>(),
        Typed::record::<fabric::SdnFabricNode>(),
        Typed::record::<on_node::SdnZoneContent>(),
        Typed::record::<on_node::SdnZoneOnNode>(),
        Typed::record::<service::SdnDns>(),
        Typed::record::<service::SdnIpam>(),
        Typed::record::<subnet::SdnSubnet>(),
        Typed::record::<vnet::SdnVnet>(),
        Typed::record::<zone::SdnZone>(),
    ]
}

words! {
    /// How a part of the software-defined network differs from what is in force.
    pub enum SdnChange {
        /// It is configured and not in force yet.
        New = "new",
        /// It is in force in another form.
        Changed = "changed",
        /// It is in force and configured no more.
        Deleted = "deleted",
    }
}

/// How one differs from what is in force; nothing where it is in force as it is.
pub(crate) type Change = Reading<Option<SdnChange>>;

/// A part of the software-defined network that changes only when it is applied.
trait Applied: Record {
    /// The field that names one.
    const KEY: &'static str;
    fn name(&self) -> &Text;
    fn set_change(&mut self, state: Change, pending: Option<Value>);
}

/// One of these shows a part of the software-defined network.
const EITHER: [&str; 2] = ["SDN.Audit", "SDN.Allocate"];

/// The parts below a path as they are configured, each with how it differs from what is in force.
fn list<T: Applied>(session: &Session, path: &str, ask: Ask<'_>) -> Result<List<T>, Error> {
    let configured = session.submit(Call::get(path));
    let with_changes = Call::get(path).with("pending", "1");
    let asked = with_changes.shown();
    let pending = session.submit(with_changes);
    let configured = session.answer(configured)?;
    let pending = session.answer(pending);
    let ask = pending.iter().fold(ask, |ask, answer| ask.besides(answer));
    let changes = pending.and_then(|answer| Ok(changes(&answer.reply.data(&answer.call)?, T::KEY)));
    let sight = match &changes {
        Err(error) => Sight::whole().remark(format!("What of this is not in force yet could not be read. {error}")),
        Ok(changes) if changes.is_empty() => Sight::whole(),
        Ok(changes) => {
            let all = changes.iter().map(|(name, (state, _))| format!("{} ({state})", Text::from(name)));
            let all: Vec<String> = all.collect();
            Sight::whole().remark(format!("Not in force until it is applied: {}.", all.join(", ")))
        }
    };
    ask.seen(sight).list_of(&configured, |part: &mut T| match &changes {
        Err(_) => part.set_change(Reading::Missing(Why::NotInAnswer), None),
        Ok(changes) => match changes.get(part.name().raw()) {
            Some((state, pending)) => {
                let told = json!({ "state": state.word(), "pending": pending });
                *part.origin_mut() = std::mem::take(part.origin_mut()).with(asked.clone(), told);
                part.set_change(Reading::Known(Some(state.clone())), pending.clone());
            }
            None => part.set_change(Reading::Known(None), None),
        },
    })
}

type Changes = BTreeMap<String, (SdnChange, Option<Value>)>;

/// The parts that differ from what is in force, by name.
fn changes(rows: &Value, key: &str) -> Changes {
    let row = |row: &Value| {
        let state = SdnChange::from(Text::from(row.get("state")?.as_str()?));
        Some((row.get(key)?.as_str()?.to_owned(), (state, row.get("pending").cloned().map(masked))))
    };
    rows.as_array().map(|rows| rows.iter().filter_map(row).collect()).unwrap_or_default()
}

fn change<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Change, D::Error> {
    Ok(Reading::Known(Option::<Text>::deserialize(from)?.map(SdnChange::from)))
}

pub(crate) fn change_cell(state: &Change) -> Cell {
    match state {
        Reading::Known(None) => State::new(Tone::Good, "in force").into(),
        Reading::Known(Some(change)) => State::new(Tone::Held, format!("{}, not applied", change.word())).into(),
        Reading::Missing(why) => (*why).into(),
    }
}

/// Makes a struct with the fields `state` and `pending` one that is [`Applied`].
macro_rules! applied {
    ($type:ident by $key:ident) => {
        impl super::Applied for $type {
            const KEY: &'static str = stringify!($key);
            fn name(&self) -> &Text {
                &self.$key
            }
            fn set_change(&mut self, state: super::Change, pending: Option<serde_json::Value>) {
                (self.state, self.pending) = (state, pending);
            }
        }
    };
}
use applied;
