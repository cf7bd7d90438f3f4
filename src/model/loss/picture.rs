//! The loss as a picture: what is lost, what goes with it, the guests, and what brings them back.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ground::PARTLY;
use super::{BlastRadius, Fate, GuestLoss, QUESTION, evidence, title};
use crate::draw::layers::{Column, Item, Link, Scene};
use crate::model::list::{About, List};
use crate::model::loss::ground::Ground;
use crate::model::sight::Sight;
use crate::page::{Level, State, Tone};
use crate::text::Text;

const COLUMNS: [Column; 4] = [
    Column { heading: "Lost", noun: ("thing", "things") },
    Column { heading: "Goes with it", noun: ("thing", "things") },
    Column { heading: "Guests", noun: ("guest", "guests") },
    Column { heading: "Way back", noun: ("way", "ways") },
];

/// What was concluded.
pub(super) struct Findings {
    pub(super) lost: Text,
    /// What goes with it: its name, and what it is.
    pub(super) with_it: Vec<(Text, String)>,
    /// Each guest, with the numbers of what it loses of these.
    pub(super) guests: Vec<(GuestLoss, Vec<usize>)>,
    pub(super) answer: (String, String),
    pub(super) remarks: Vec<(Level, Text)>,
    pub(super) quorum_holds: Option<bool>,
    /// In a clause; blank where the loss is of another kind than a node.
    pub(super) quorum: Text,
}

impl Findings {
    pub(super) fn told(mut self, mut ground: Ground) -> BlastRadius {
        self.guests.sort_by_key(|(guest, _)| (guest.fate, guest.vmid));
        let mut caveats = std::mem::take(&mut ground.caveats);
        caveats.sort();
        caveats.dedup();
        let sight = seen(&ground, &caveats);
        let scene = self.scene(caveats, &ground.from);
        let from = Arc::new(ground.from.clone());
        let guests: Vec<GuestLoss> =
            self.guests.into_iter().map(|(guest, _)| GuestLoss { from: from.clone(), ..guest }).collect();
        let table = evidence(&guests, &ground.from);
        let scene = scene.without_empty_columns();
        let figure = scene
            .figure_with(|page| if guests.is_empty() { page } else { page.heading("Guest by guest").table(table) });
        let mut inside = scene;
        inside.caveats.retain(|words| !self.remarks.iter().any(|(level, said)| is_urgent(*level, said, words)));
        let drawing = inside.figure_inside();
        let guests_seen = if ground.all.is_complete() == Some(true) { Sight::whole() } else { ground.all.sight() };
        let about = About {
            title: title(&self.lost).into(),
            question: QUESTION.into(),
            sight: guests_seen,
            provenance: ground.from.clone(),
            of: None,
        };
        BlastRadius {
            lost: self.lost,
            guests: List::new(guests, about),
            with_it: self.with_it.into_iter().map(|(name, _)| name).collect(),
            quorum_holds: self.quorum_holds,
            quorum: self.quorum,
            answer: self.answer,
            remarks: self.remarks,
            figure,
            drawing,
            sight,
            provenance: ground.from,
        }
    }

    fn scene(&self, caveats: Vec<String>, from: &crate::page::Provenance) -> Scene {
        let (mut boxes, mut links) = (Vec::new(), Vec::new());
        boxes.push(Item { name: self.lost.clone(), state: Some(State::new(Tone::Wrong, "lost")), ..Item::default() });
        for (name, what) in &self.with_it {
            links.push(Link { from: 0, to: boxes.len(), broken: true });
            boxes.push(Item {
                column: 1,
                name: name.clone(),
                detail: what.clone(),
                state: Some(State::new(Tone::Wrong, "lost with it")),
                ..Item::default()
            });
        }
        let mut ways = BTreeMap::new();
        for (guest, via) in &self.guests {
            let at = boxes.len();
            boxes.push(Item {
                column: 2,
                name: format!("{} ({})", guest.name.brief(60), guest.vmid).into(),
                detail: guest.why.brief(120),
                state: Some(guest.fate.state()),
                joins: true,
                ..Item::default()
            });
            match &**via {
                [] => links.push(Link { from: 0, to: at, broken: true }),
                via => links.extend(via.iter().map(|n| Link { from: 1 + n, to: at, broken: true })),
            }
            ways.entry(way(guest)).or_insert_with(Vec::new).push(at);
        }
        for ((name, tone, word, detail), guests) in ways {
            let at = boxes.len();
            let state = Some(State::new(tone, word));
            boxes.push(Item { column: 3, name: name.into(), state, detail, ..Item::default() });
            links.extend(guests.into_iter().map(|from| Link { from, to: at, broken: false }));
        }
        let remarks = self.remarks.iter().map(|(level, words)| told(*level, words));
        Scene {
            title: title(&self.lost).into(),
            question: QUESTION.into(),
            answer: self.answer.clone(),
            columns: COLUMNS.into(),
            boxes,
            links,
            caveats: remarks.chain(caveats).collect(),
            provenance: from.clone(),
        }
    }
}

/// A remark as a drawing has it.
fn told(level: Level, words: &Text) -> String {
    match level {
        Level::Info => words.to_string(),
        Level::Warning => format!("Warning: {words}"),
        Level::Danger => format!("Danger: {words}"),
    }
}

/// Whether these words of a drawing are a remark that a page around it makes above it.
fn is_urgent(level: Level, remark: &Text, words: &str) -> bool {
    level != Level::Info && told(level, remark) == words
}

/// What of the ground was seen: each caveat is something that was not, but for what is only remarked of a software-defined
/// network that was read.
fn seen(ground: &Ground, caveats: &[String]) -> Sight {
    let sight = ground.all.sight().and(ground.storages.sight());
    let known: Vec<String> = sight.caveats().map(|(_, words)| words.to_string()).collect();
    let is_remark = |words: &String| ground.sdn.whole && ground.sdn.caveats.contains(words);
    let missing = caveats.iter().filter(|words| !known.contains(words) && !is_remark(words));
    missing.fold(sight, |sight, words| sight.and(Sight::part(words.clone())))
}

/// What brings a guest back: in a word, how good that is, and more of it.
fn way(guest: &GuestLoss) -> (&'static str, Tone, &'static str, String) {
    let way = guest.way_back.to_string();
    let way = way.strip_prefix("by hand ").map_or(way.clone(), str::to_owned);
    match (guest.fate, way.is_empty(), guest.is_saved) {
        (Fate::Restarted, false, _) => ("High availability", Tone::Good, "by itself", way),
        (Fate::NotKnown, false, _) if way.starts_with("HA, ") => ("High availability", Tone::Unknown, "perhaps", way),
        (Fate::LosesNetwork | Fate::Impaired, false, _) => ("Somebody", Tone::Held, "by hand", way),
        (Fate::LosesBackups, false, _) => ("New backups", Tone::Held, "by hand", way),
        (_, false, _) if way.contains("copy") => ("A copy", Tone::Held, "by hand, as it was copied last", way),
        (_, false, _) => ("Another node", Tone::Held, "by hand", way),
        (_, _, Some(true)) => ("Its backups", Tone::Held, "by hand, as it was saved last", "where they exist".into()),
        (_, _, Some(false)) if guest.backups.starts_with(PARTLY) => {
            ("Its backups", Tone::Wrong, "not of all that is lost", String::new())
        }
        (_, _, Some(false)) => ("Nothing known", Tone::Wrong, "no copy, no backup job", String::new()),
        (_, _, None) => ("Its backups", Tone::Unknown, "not known", String::new()),
    }
}
