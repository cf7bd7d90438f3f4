//! Snapshots as a tree: each below the one that it was made after, and where the present state is. Takes what it gets:
//! parents that are missing, that name each other in a circle, or that are very many.

use crate::model::list::{List, Listed};
use crate::model::snapshot::Snapshot;
use crate::page::{Grid, Page, State, Tone};
use crate::render::View;
use crate::text::Text;

/// Deeper than this, a name goes no further to the right.
const DEEPEST: usize = 12;

/// A line of the tree: how deep it is, and which snapshot, or else the present state.
type Line<'a> = (usize, Option<&'a Snapshot>);

/// The page of the tree; `present` is the snapshot that the present state came after.
pub(super) fn page(snapshots: &List<Snapshot>, present: Option<&Text>) -> Page {
    let list = snapshots.page();
    let (fact, rest) = Snapshot::summary(&snapshots.to_vec());
    let page = Page { blocks: Vec::new(), ..list }.answer(fact, rest);
    let page = snapshots.about_caveats().fold(page, |page, (level, words)| page.note(level, words));
    if snapshots.is_empty() {
        return page;
    }
    let all = snapshots.to_vec();
    let rows = lines(&all, present).into_iter().map(|(depth, snapshot)| match snapshot {
        Some(snapshot) => vec![
            branch(depth, snapshot.name.raw()).into(),
            snapshot.made_cell(),
            snapshot.with_memory.into(),
            snapshot.description.clone().into(),
        ],
        None => vec![branch(depth, "the present state").into(), State::new(Tone::Good, "now").into()],
    });
    page.table(Grid::new(["Snapshot", "Made", "With memory", "For"]).rows(rows))
}

/// A name below its parent's.
fn branch(depth: usize, name: &str) -> String {
    match depth {
        0 => name.to_owned(),
        depth => format!("{}└ {name}", "\u{a0}\u{a0}".repeat(depth.min(DEEPEST) - 1)),
    }
}

/// All lines from the top, each snapshot once.
fn lines<'a>(all: &'a [Snapshot], present: Option<&Text>) -> Vec<Line<'a>> {
    let known = |name: &Text| all.iter().any(|snapshot| snapshot.name == *name);
    let is_root = |snapshot: &Snapshot| snapshot.parent.as_ref().is_none_or(|parent| !known(parent));
    let (mut lines, mut left) = (Vec::new(), all.iter().collect::<Vec<_>>());
    while !left.is_empty() {
        // Where only circles are left, one is opened at its oldest.
        let at = left.iter().position(|snapshot| is_root(snapshot)).unwrap_or_default();
        let mut stack = vec![(0, left.remove(at))];
        while let Some((depth, snapshot)) = stack.pop() {
            lines.push((depth, Some(snapshot)));
            if present == Some(&snapshot.name) {
                lines.push((depth + 1, None));
            }
            let is_child = |other: &&Snapshot| other.parent.as_ref() == Some(&snapshot.name);
            let (children, others): (Vec<_>, Vec<_>) = left.into_iter().partition(is_child);
            left = others;
            stack.extend(children.into_iter().rev().map(|child| (depth + 1, child)));
        }
    }
    if !lines.iter().any(|(_, snapshot)| snapshot.is_none()) {
        lines.push((0, None));
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn shape(parents: &[(&str, &str)], present: Option<&str>) -> Vec<String> {
        let snapshot = |(name, parent): &(&str, &str)| -> Snapshot {
            serde_json::from_value(json!({ "name": name, "parent": parent.trim() })).unwrap()
        };
        let mut all: Vec<Snapshot> = parents.iter().map(snapshot).collect();
        all.iter_mut().for_each(|one| one.parent = one.parent.take().filter(|parent| !parent.is_blank()));
        let present = present.map(Text::from);
        let shown = lines(&all, present.as_ref());
        shown.into_iter().map(|(depth, one)| format!("{depth} {}", one.map_or("now", |one| one.name.raw()))).collect()
    }

    #[test]
    fn each_snapshot_stands_below_the_one_it_was_made_after_and_the_present_in_its_place() {
        let tree = shape(&[("a", ""), ("b", "a"), ("c", "b"), ("side", "a"), ("other", "")], Some("c"));
        assert_eq!(tree, ["0 a", "1 b", "2 c", "3 now", "1 side", "0 other"]);
        assert_eq!(shape(&[("a", "")], None), ["0 a", "0 now"]);
    }

    #[test]
    fn circles_and_missing_parents_lose_nothing() {
        assert_eq!(
            shape(&[("a", "b"), ("b", "a"), ("me", "me"), ("c", "gone")], Some("gone")),
            ["0 c", "0 a", "1 b", "0 me", "0 now"]
        );
    }

    proptest! {
        #[test]
        fn every_snapshot_is_there_once_and_the_present_once(parents in prop::collection::vec(0..12_usize, 0..10)) {
            let names: Vec<String> = (0..12).map(|n| n.to_string()).collect();
            let all: Vec<(&str, &str)> =
                parents.iter().enumerate().map(|(n, parent)| (names[n].as_str(), names[*parent].as_str())).collect();
            let mut shown: Vec<String> =
                shape(&all, Some("3")).iter().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect();
            shown.sort();
            let mut wanted: Vec<String> = names[..parents.len()].to_vec();
            wanted.push("now".into());
            wanted.sort();
            prop_assert_eq!(shown, wanted);
        }
    }
}
