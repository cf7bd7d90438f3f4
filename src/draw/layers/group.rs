//! One box of the picture: a thing by itself, or many that are alike.

use std::collections::BTreeSet;

use super::{Item, Scene, some};
use crate::draw::svg::{self, Font};
use crate::page::{State, Tone};
use crate::text::Text;
use crate::units::Bytes;

/// As many names as are told of many.
const NAMES: usize = 12;
/// No name is told with more letters than this.
const LETTERS: usize = 40;

/// What a box says.
pub(super) struct Group {
    pub(super) column: usize,
    /// How many things it stands for.
    pub(super) count: usize,
    name: String,
    /// The state of all of them, or the worst with how many are in which.
    pub(super) state: Option<State>,
    detail: String,
    names: Vec<String>,
    /// Where it is, where that is one place.
    pub(super) place: String,
}

impl Group {
    pub(super) fn of(scene: &Scene, members: &[usize]) -> Group {
        let all: Vec<&Item> = members.iter().map(|n| &scene.boxes[*n]).collect();
        let column = all.first().map_or(0, |item| item.column);
        let (one, many) = scene.columns.get(column).map_or(("thing", "things"), |column| column.noun);
        let first = all.first().map_or("", |item| item.name.raw());
        let alike = all.iter().all(|item| item.name == first);
        let places: BTreeSet<&Text> = all.iter().map(|item| &item.place).filter(|place| !place.is_blank()).collect();
        let (name, detail) = match (&*all, alike) {
            ([item], _) => (brief(&item.name), of_one(item)),
            (_, true) => (brief(&first.into()), format!("{} of them", all.len())),
            _ => {
                let noun = if all.len() == 1 { one } else { many };
                (format!("{} {noun}", all.len()), brief(&same(all.iter().map(|item| item.detail.as_str())).into()))
            }
        };
        let sizes: Vec<Bytes> = all.iter().filter_map(|item| item.size).collect();
        let sum = (all.len() > 1 && !sizes.is_empty()).then(|| sizes.into_iter().sum::<Bytes>().to_string());
        let names = match (&*all, alike) {
            ([_], _) => Vec::new(),
            (_, true) => places.iter().map(|place| brief(place)).collect(),
            _ => all.iter().map(|item| brief(&item.name)).collect(),
        };
        let place = if places.len() == 1 { places.iter().map(|place| brief(place)).collect() } else { String::new() };
        Group {
            place,
            column,
            count: all.len(),
            name,
            state: state(&all),
            detail: [detail, sum.unwrap_or_default()]
                .into_iter()
                .filter(|it| !it.is_empty())
                .collect::<Vec<_>>()
                .join(" · "),
            names,
        }
    }

    /// Its name, or how many.
    pub(super) fn brief(&self) -> String {
        self.name.clone()
    }

    /// What is told of it beside its name and state.
    pub(super) fn said(&self) -> String {
        led_by(&self.detail, some(&self.names, NAMES))
    }

    /// The same in a few lines of a width: of many names those that fit whole, and how many more there are. What belongs
    /// together, such as a number and its unit, stays on its line.
    pub(super) fn lines(&self, room: f64, most: usize, look: Font) -> Vec<String> {
        let state = self.state.as_ref().map(|state| state.to_string().replacen(' ', "\u{a0}", 1)).unwrap_or_default();
        let state = svg::lines(&state, room, look);
        let whole =
            |words: &str| if svg::width(words, look) <= room { words.replace(' ', "\u{a0}") } else { words.into() };
        let detail = self.detail.split(" · ").map(whole).collect::<Vec<_>>().join("\u{a0}· ");
        let names: Vec<String> = self.names.iter().take(NAMES).map(|name| whole(&svg::cut(name, room, look))).collect();
        let in_lines = |words: &str| {
            // The end of a line parts what it parts as well as a dot.
            let words = svg::lines(words, room, look);
            let words = words.iter().map(|line| line.trim_end_matches(" ·").to_owned());
            let lines: Vec<String> = state.iter().cloned().chain(words).collect();
            let fits = lines.len() <= most && lines.iter().all(|line| svg::width(line, look) <= room);
            fits.then_some(lines)
        };
        let wordings = (0..=names.len()).rev().flat_map(|n| {
            let first = names[..n].join(", ");
            let said = match self.names.len() - n {
                0 => vec![first],
                _ if n == 0 => vec![first],
                more => vec![format!("{first} and\u{a0}{more}\u{a0}more"), format!("{first} +{more}")],
            };
            said.into_iter().map(|said| led_by(&detail, said)).collect::<Vec<_>>()
        });
        let wordings: Vec<String> = wordings.collect();
        let found = wordings.iter().find_map(|words| in_lines(words));
        found.unwrap_or_else(|| {
            cut_to(state.into_iter().chain(svg::lines(&detail, room, look)).collect(), room, most, look)
        })
    }

    pub(super) fn tone(&self) -> Option<Tone> {
        self.state.as_ref().map(|state| state.tone)
    }

    /// All of it in a line.
    pub(super) fn hover(&self) -> String {
        let state = self.state.as_ref().map(|state| format!("{state}")).unwrap_or_default();
        let parts = [self.name.clone(), state, self.said()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ").chars().take(400).collect()
    }
}

/// What is said of all of them, then which they are.
fn led_by(detail: &str, names: String) -> String {
    [detail.to_owned(), names].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(": ")
}

/// The first of some lines; the last one is cut where there are more.
fn cut_to(mut lines: Vec<String>, room: f64, most: usize, look: Font) -> Vec<String> {
    if lines.len() > most {
        let last = lines.split_off(most - 1).join(" ");
        lines.push(last);
    }
    lines.iter().map(|line| svg::cut(line, room, look)).filter(|line| !line.is_empty()).collect()
}

fn brief(name: &Text) -> String {
    name.brief(LETTERS)
}

fn of_one(item: &Item) -> String {
    let size = item.size.map(|size| size.to_string()).unwrap_or_default();
    let detail = Text::from(item.detail.as_str()).brief(2 * LETTERS);
    let parts = [detail, size, brief(&item.place)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// What is said of all of them alike, or nothing.
fn same<'a>(mut each: impl Iterator<Item = &'a str>) -> String {
    let first = each.next().unwrap_or_default();
    if each.all(|other| other == first) { first.to_owned() } else { String::new() }
}

/// How bad a state is, the worst last. That something is off is nothing bad.
fn badness(tone: Tone) -> u8 {
    match tone {
        Tone::Good | Tone::Off => 0,
        Tone::Held => 1,
        Tone::Unknown => 2,
        Tone::Wrong => 3,
    }
}

fn state(all: &[&Item]) -> Option<State> {
    let mut counts: Vec<(&State, usize)> = Vec::new();
    for state in all.iter().filter_map(|item| item.state.as_ref()) {
        match counts.iter_mut().find(|(known, _)| *known == state) {
            Some((_, n)) => *n += 1,
            None => counts.push((state, 1)),
        }
    }
    counts.sort_by_key(|(state, n)| (std::cmp::Reverse(badness(state.tone)), std::cmp::Reverse(*n)));
    let (worst, n) = *counts.first()?;
    if n == all.len() {
        return Some(worst.clone());
    }
    let words: Vec<String> = counts.iter().map(|(state, n)| format!("{n} {}", state.word.brief(LETTERS))).collect();
    Some(State::new(worst.tone, some(&words, 4)))
}
