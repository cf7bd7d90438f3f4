//! Which boxes are joined: first those that are meant to and hang on the same, then, where a column is still too full,
//! more and more of it. What hangs on different things stays apart as long as there is room.

use std::collections::BTreeMap;

use super::{Item, Scene};
use crate::page::Tone;

/// How much two boxes must have in common to be joined.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// Nothing is joined.
    Apart,
    /// What is meant to be joined: by state and name of its kind, and by what it hangs on.
    Alike,
    /// In columns that are too full, also the rest.
    Crowded,
    /// There, whatever the state.
    Coarse,
}

/// The boxes as parts, each box in one; no column has more than `most`.
pub(super) fn joined(scene: &Scene, most: usize) -> Vec<Vec<usize>> {
    let mut full = vec![false; scene.columns.len()];
    let mut parts = Vec::new();
    for level in [Level::Apart, Level::Alike, Level::Crowded, Level::Coarse] {
        parts = parted(scene, level, &full);
        let mut counts = vec![0; scene.columns.len()];
        parts.iter().for_each(|part: &Vec<usize>| counts[scene.boxes[part[0]].column] += 1);
        if counts.iter().all(|n| *n <= most) {
            return parts;
        }
        full = counts.iter().zip(&full).map(|(n, was)| *was || *n > most).collect();
    }
    rest_joined(scene, parts, most)
}

/// What a box is by itself.
fn key<'a>(n: usize, item: &'a Item, level: Level, full: &[bool]) -> (usize, usize, &'a str, Option<Tone>, &'a str) {
    let state = item.state.as_ref();
    let (tone, word) = (state.map(|state| state.tone), state.map_or("", |state| state.word.raw()));
    // A thing that stands for itself has its name in common with its like on other nodes.
    let kind = if item.joins || item.place.is_blank() { "" } else { item.name.raw() };
    let crowded = full[item.column];
    match level {
        Level::Alike if item.joins => (item.column, 0, "", tone, word),
        Level::Crowded if item.joins || crowded => (item.column, 0, kind, tone, word),
        Level::Coarse if crowded => (item.column, 0, kind, None, ""),
        Level::Coarse if item.joins => (item.column, 0, kind, tone, word),
        _ => (item.column, n + 1, "", None, ""),
    }
}

/// Boxes of one colour hang on boxes of the same colours: beginning with what they are by themselves, colours are told
/// apart by what they hang on until no more can be.
fn parted(scene: &Scene, level: Level, full: &[bool]) -> Vec<Vec<usize>> {
    let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); scene.boxes.len()];
    for link in &scene.links {
        neighbours[link.from].push(link.to);
        neighbours[link.to].push(link.from);
    }
    let keys = scene.boxes.iter().enumerate().map(|(n, item)| key(n, item, level, full));
    let (mut colors, mut known) = numbered(keys);
    // In a chain of columns nothing new is learned after one pass along it and back.
    for _ in 0..2 * scene.columns.len() {
        let refined = neighbours.iter().enumerate().map(|(n, others)| {
            let mut seen: Vec<usize> = others.iter().map(|other| colors[*other]).collect();
            seen.sort_unstable();
            seen.dedup();
            (colors[n], seen)
        });
        let (next, count) = numbered(refined);
        if count == known {
            break;
        }
        (colors, known) = (next, count);
    }
    let mut parts = vec![Vec::new(); known];
    colors.iter().enumerate().for_each(|(n, color)| parts[*color].push(n));
    parts
}

/// Equal keys get equal numbers, in the order in which they come; and how many there are.
fn numbered<K: Ord>(keys: impl Iterator<Item = K>) -> (Vec<usize>, usize) {
    let mut known = BTreeMap::new();
    let numbers = keys
        .map(|key| {
            let next = known.len();
            *known.entry(key).or_insert(next)
        })
        .collect();
    (numbers, known.len())
}

/// Where a column is too full for all that, what is wrong and what stands for many is kept, and the rest is one.
fn rest_joined(scene: &Scene, parts: Vec<Vec<usize>>, most: usize) -> Vec<Vec<usize>> {
    let mut kept = Vec::new();
    for column in 0..scene.columns.len() {
        let mut here: Vec<&Vec<usize>> = parts.iter().filter(|part| scene.boxes[part[0]].column == column).collect();
        if here.len() > most {
            let wrong = |part: &[usize]| {
                part.iter().any(|n| scene.boxes[*n].state.as_ref().is_some_and(|state| state.tone == Tone::Wrong))
            };
            here.sort_by_key(|part| (!wrong(part), std::cmp::Reverse(part.len()), part[0]));
            let rest: Vec<usize> = here.split_off(most - 1).into_iter().flatten().copied().collect();
            kept.push(rest);
        }
        kept.extend(here.into_iter().cloned());
    }
    kept.iter_mut().for_each(|part| part.sort_unstable());
    kept.sort();
    kept
}
