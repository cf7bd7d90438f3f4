//! How things hang together, as scenes of boxes and links: networks, storages.

use std::collections::BTreeMap;

use crate::draw::layers::{Item, Link};
use crate::model::guest::Guest;
use crate::model::guest::config::Config;
use crate::model::list::List;
use crate::page::{Provenance, State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::Reading;

pub(crate) mod cover;
pub(crate) mod network;
mod storage;

pub(crate) use network::network;
pub(crate) use storage::storage;

/// What a drawing is about.
#[derive(Clone)]
pub(crate) enum Focus {
    Cluster,
    Node(Text),
    Guest(u32, Text),
    Storage(Text),
}

impl Focus {
    /// Whether a guest belongs to it, as far as that can be told without its configuration. A template has no place in the
    /// picture of a cluster: it never runs.
    fn takes(&self, guest: &Guest) -> bool {
        match self {
            Focus::Cluster => !guest.is_template(),
            // What lies on a storage takes its space whether or not it ever runs.
            Focus::Storage(_) => true,
            Focus::Node(node) => guest.node == *node && !guest.is_template(),
            Focus::Guest(vmid, _) => guest.vmid == *vmid,
        }
    }

    /// After a noun: ` of pve1`.
    fn of(&self) -> String {
        match self {
            Focus::Cluster => String::new(),
            Focus::Node(name) | Focus::Guest(_, name) | Focus::Storage(name) => format!(" of {}", name.raw()),
        }
    }
}

/// Boxes and links as they are collected.
#[derive(Default)]
struct Parts {
    boxes: Vec<Item>,
    links: Vec<Link>,
}

impl Parts {
    fn add(&mut self, item: Item) -> usize {
        self.boxes.push(item);
        self.boxes.len() - 1
    }

    fn link(&mut self, from: usize, to: usize, broken: bool) {
        if from != to && !self.links.iter().rev().take(8).any(|known| (known.from, known.to) == (from, to)) {
            self.links.push(Link { from, to, broken });
        }
    }

    /// Only what these boxes hang on, step by step from right to left or from left to right, and themselves.
    fn reached_from(self, first: &[usize], back: bool) -> Parts {
        let mut kept = vec![false; self.boxes.len()];
        let mut next = first.to_vec();
        while let Some(n) = next.pop() {
            if !std::mem::replace(&mut kept[n], true) {
                let ends = self.links.iter().map(|link| if back { (link.to, link.from) } else { (link.from, link.to) });
                next.extend(ends.filter(|(here, _)| *here == n).map(|(_, there)| there));
            }
        }
        self.only(&kept)
    }

    fn only(self, kept: &[bool]) -> Parts {
        let mut places = vec![0; kept.len()];
        kept.iter().enumerate().filter(|(_, kept)| **kept).zip(0..).for_each(|((n, _), place)| places[n] = place);
        let boxes = self.boxes.into_iter().zip(kept).filter(|(_, kept)| **kept).map(|(item, _)| item).collect();
        let links = self.links.into_iter().filter(|link| kept[link.from] && kept[link.to]);
        let links = links.map(|link| Link { from: places[link.from], to: places[link.to], ..link }).collect();
        Parts { boxes, links }
    }
}

/// What could not be known.
pub(crate) fn unknown(words: impl Into<Text>) -> State {
    State::new(Tone::Unknown, words)
}

/// The configurations of guests, or why there are none; and what that adds to what must be said.
pub(crate) struct Settings {
    pub(crate) configs: BTreeMap<u32, Config>,
    pub(crate) caveats: Vec<String>,
    pub(crate) from: Provenance,
}

impl Settings {
    pub(crate) fn read(guests: &List<Guest>) -> Settings {
        match guests.configs() {
            Ok(configs) => Settings {
                caveats: configs.about_caveats().map(|(_, words)| words.to_string()).collect(),
                from: configs.provenance(),
                configs: configs.iter().map(|config| (config.vmid, config.clone())).collect(),
            },
            Err(error) => Settings {
                configs: BTreeMap::new(),
                caveats: vec![format!("The configurations of the guests could not be read. {error}")],
                from: guests.provenance(),
            },
        }
    }

    pub(crate) fn of(&self, guest: &Guest) -> Option<&Config> {
        self.configs.get(&guest.vmid)
    }
}

/// The guests that a picture is about.
fn guests(session: &Session, focus: &Focus) -> Result<List<Guest>, crate::error::Error> {
    Guest::those(session, (format!("Guests{}", focus.of()), ""), |guest| focus.takes(guest))
}

/// A guest as a box, in a state that it shares with others as far as nothing is wrong with it.
pub(crate) fn guest_box(column: usize, guest: &Guest, detail: String) -> Item {
    let state = Some(guest.state()).filter(|state| state.tone == Tone::Wrong);
    let name = match &guest.name {
        Reading::Known(name) => format!("{} ({})", name.brief(60), guest.vmid),
        Reading::Missing(_) => guest.called().to_string(),
    };
    Item {
        column,
        name: name.into(),
        detail,
        state: Some(state.unwrap_or_else(|| guest.status.state())),
        joins: true,
        ..Item::default()
    }
}
