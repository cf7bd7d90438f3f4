//! What every picture of layers promises: boxes apart and with all their words inside, links from edge to edge, few
//! boxes however many things there are, nothing lost by joining, and a bounded size.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::layout::{BODY, NAME, PAD};
use super::*;
use crate::draw::apart::no_text_overlaps;
use crate::draw::treemap::Rect;
use crate::page::Tone;

const TONES: [Tone; 5] = [Tone::Good, Tone::Off, Tone::Held, Tone::Wrong, Tone::Unknown];
const NAMES: [&str; 6] = [
    "vmbr0",
    "a-rather-long-name-for-any-box-that-goes-on-and-on",
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
    "",
    "\u{202e}x\u{7}y",
    "名前",
];

fn column(heading: &'static str) -> Column {
    Column { heading, noun: ("thing", "things") }
}

pub(super) fn scene(columns: usize, boxes: Vec<Item>, links: Vec<Link>) -> Scene {
    Scene {
        title: "What hangs on what".into(),
        question: "Does it?".into(),
        answer: ("It does".into(), ", as far as can be seen.".into()),
        columns: ["Ports", "Bonds", "Bridges", "Networks", "Guests"].into_iter().take(columns).map(column).collect(),
        boxes,
        links,
        caveats: vec!["pve4 is offline: its network is not known.".into()],
        provenance: Provenance::default(),
    }
}

fn item(column: usize, name: &str, tone: Option<Tone>, joins: bool) -> Item {
    Item {
        column,
        name: name.into(),
        detail: "of some kind".into(),
        place: if joins { Text::default() } else { "pve1".into() },
        state: tone.map(|tone| State::new(tone, "so")),
        size: None,
        joins,
    }
}

fn link(from: usize, to: usize) -> Link {
    Link { from, to, broken: false }
}

/// A cluster of this many guests on two bridges, every ninth wrong.
fn guests(n: usize) -> Scene {
    let mut boxes = vec![item(0, "eno1", Some(Tone::Good), false), item(1, "bond0", None, false)];
    boxes.extend(["vmbr0", "vmbr1"].map(|name| item(2, name, None, false)));
    let mut links = vec![link(0, 1), link(1, 2), link(1, 3)];
    for guest in 0..n {
        let tone = if guest % 9 == 0 { Tone::Wrong } else { Tone::Good };
        boxes.push(item(4, &format!("guest-{guest}"), Some(tone), true));
        links.push(link(2 + guest % 2, 4 + guest));
    }
    scene(5, boxes, links)
}

fn any_scene() -> impl Strategy<Value = Scene> {
    (1_usize..=5, 0_usize..70).prop_flat_map(|(columns, n)| {
        let one = (0..columns, 0..NAMES.len(), prop::option::of(0..TONES.len()), any::<bool>());
        let boxes = prop::collection::vec(one, n);
        let links = prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..90);
        (boxes, links).prop_map(move |(boxes, links)| {
            let boxes: Vec<Item> = boxes
                .into_iter()
                .map(|(column, name, tone, joins)| item(column, NAMES[name], tone.map(|tone| TONES[tone]), joins))
                .collect();
            let ends = |(from, to): (prop::sample::Index, prop::sample::Index)| {
                link(from.index(boxes.len()), to.index(boxes.len()))
            };
            let links = if boxes.is_empty() { Vec::new() } else { links.into_iter().map(ends).collect() };
            scene(columns, boxes, links)
        })
    })
}

fn overlap(a: Rect, b: Rect) -> bool {
    let across = (a.x + a.w).min(b.x + b.w) - a.x.max(b.x);
    let along = (a.y + a.h).min(b.y + b.h) - a.y.max(b.y);
    across > 0.01 && along > 0.01
}

/// Everything that a layout promises.
#[track_caller]
fn holds(scene: &Scene) {
    let picture = scene.picture();
    let placed = layout::placed(&picture, scene.columns.len(), ROOM);
    assert_eq!(placed.boxes.len(), picture.groups.len());
    for (n, a) in placed.boxes.iter().enumerate() {
        assert!(a.x >= -0.01 && a.x + a.w <= ROOM + 0.01 && a.y >= -0.01, "{a:?} is outside");
        assert!(a.y + a.h <= placed.height + 0.01, "{a:?} is below the end");
        assert!(placed.boxes[n + 1..].iter().all(|b| !overlap(*a, *b)), "{a:?} is over another");
        let words = &placed.lines[n];
        assert!(
            words.iter().all(|line| svg::width(line, BODY) <= a.w - 2.0 * PAD + 0.01),
            "{words:?} is wider than its box"
        );
        assert!(22.0 + 12.5 * words.len() as f64 <= a.h + 0.01, "{words:?} is higher than its box");
        assert!(svg::width(&svg::cut(&picture.groups[n].brief(), a.w - 2.0 * PAD, NAME), NAME) <= a.w - 2.0 * PAD);
    }
    for ((from, to, ..), points) in picture.links.iter().zip(&placed.links) {
        let (a, b) = (placed.boxes[*from], placed.boxes[*to]);
        let on_edge = |(x, y): (f64, f64), at: Rect| {
            ((x - at.x).abs() < 0.01 || (x - at.x - at.w).abs() < 0.01) && y > at.y && y < at.y + at.h
        };
        let (first, last) = (points[0], points[points.len() - 1]);
        let (first_ends, last_ends) = (on_edge(first, a) && on_edge(last, b), on_edge(first, b) && on_edge(last, a));
        assert!(first_ends || last_ends, "{points:?} does not go from {a:?} to {b:?}");
    }
}

fn columns_of(picture: &Picture) -> Vec<usize> {
    let mut counts = vec![0; 5];
    picture.groups.iter().for_each(|group| counts[group.column] += 1);
    counts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_scene_is_laid_out_without_overlap_and_each_link_ends_at_its_boxes(scene in any_scene()) {
        holds(&scene);
        let picture = scene.picture();
        prop_assert!(columns_of(&picture).iter().all(|n| *n <= MOST));
        prop_assert_eq!(picture.groups.iter().map(|group| group.count).sum::<usize>(), scene.boxes.len());
    }

    #[test]
    fn any_scene_is_drawn_with_no_text_over_another(scene in any_scene()) {
        let svg = scene.figure().svg();
        prop_assert!(svg.len() <= LARGEST);
        no_text_overlaps(&svg);
    }

    #[test]
    fn what_hangs_on_different_things_is_not_joined_while_there_is_room(n in MOST + 1..200) {
        let scene = guests(n);
        let parts = join::joined(&scene, MOST);
        for part in parts.iter().filter(|part| part.len() > 1) {
            let ends: BTreeSet<usize> =
                scene.links.iter().filter(|link| part.contains(&link.to)).map(|link| link.from).collect();
            let states: BTreeSet<String> =
                part.iter().filter_map(|n| scene.boxes[*n].state.as_ref().map(State::to_string)).collect();
            prop_assert!(ends.len() == 1 && states.len() == 1, "{ends:?} {states:?}");
        }
        // Two bridges, and two states on each.
        prop_assert_eq!(columns_of(&scene.picture()), [1, 1, 2, 0, 4]);
    }
}

#[test]
fn ten_thousand_guests_are_few_boxes_that_say_how_many_they_are() {
    let figure = guests(10_000).figure();
    let (svg, words) = (figure.svg(), figure.words().text());
    assert!(svg.len() < 20_000, "{} bytes", svg.len());
    assert!(words.len() < 10_000, "{} bytes", words.len());
    for said in ["4444 things", "556 things", "guest-1, guest-3"] {
        assert!(svg.contains(said) && words.contains(said), "{said}: {words}");
    }
}

#[test]
fn a_hundred_nodes_that_are_alike_are_drawn_as_one() {
    let mut boxes = Vec::new();
    let mut links = Vec::new();
    for n in 0..100 {
        let place: Text = format!("pve{n}").into();
        boxes.push(Item { place: place.clone(), ..item(0, "local-zfs", Some(Tone::Good), false) });
        boxes.push(Item { place: Text::default(), ..item(1, place.raw(), Some(Tone::Good), false) });
        links.push(link(2 * n, 2 * n + 1));
    }
    let picture = scene(2, boxes, links).picture();
    let names: Vec<String> = picture.groups.iter().map(Group::brief).collect();
    assert_eq!(names, ["local-zfs", "100 things"]);
    assert!(picture.groups[0].said().starts_with("100 of them: pve0, pve1"), "{}", picture.groups[0].said());
}

#[test]
fn where_all_differ_what_is_wrong_is_kept_and_the_rest_is_counted() {
    let mut boxes: Vec<Item> = (0..40).map(|n| item(0, &format!("root-{n}"), None, false)).collect();
    let mut links = Vec::new();
    for n in 0..900 {
        let tone = if n == 500 { Tone::Wrong } else { Tone::Good };
        boxes.push(item(1, &format!("leaf-{n}"), Some(tone), true));
        // A pattern in which no two hang on the same.
        (0..10).filter(|bit| n >> bit & 1 == 1).for_each(|bit| links.push(link(bit, 40 + n)));
    }
    let scene = scene(2, boxes, links);
    holds(&scene);
    let picture = scene.picture();
    assert!(picture.groups.iter().any(|group| group.brief() == "leaf-500" || group.tone() == Some(Tone::Wrong)));
    assert_eq!(picture.groups.iter().map(|group| group.count).sum::<usize>(), 940);
}

#[test]
fn of_many_names_those_that_fit_are_whole_and_the_others_are_counted() {
    let boxes: Vec<Item> = (0..40).map(|n| item(0, &format!("guest {n} (10{n})"), Some(Tone::Good), true)).collect();
    let picture = scene(1, boxes, Vec::new()).picture();
    let lines = picture.groups[0].lines(180.0, 3, BODY);
    assert_eq!(lines, ["● so", "of some kind: guest 0 (100),", "guest 1 (101), guest 2 (102) +37"]);
    assert_eq!(picture.groups[0].lines(90.0, 2, BODY), ["● so", "of some kind"], "no room for any name");
    let few: Vec<Item> = (0..2).map(|n| item(0, &format!("g{n}"), Some(Tone::Good), true)).collect();
    let few = Group::of(&scene(1, few, Vec::new()), &[0, 1]);
    assert_eq!(few.lines(180.0, 3, BODY), ["● so", "of some kind: g0, g1"]);
}

#[test]
fn a_drawing_inside_a_page_leaves_out_what_the_page_says() {
    let scene = guests(3);
    let (alone, inside) = (scene.figure(), scene.figure_inside());
    assert!(alone.svg().contains(">It does<") && !inside.svg().contains(">It does<"));
    assert!(inside.svg().contains(">Ports<") && inside.svg().contains("pve4 is offline"));
    assert_eq!(alone.words().text(), inside.words().text());
    no_text_overlaps(&inside.svg());
}

#[test]
fn crossings_that_can_be_avoided_are() {
    // Given in an order in which all cross.
    let mut boxes: Vec<Item> = (0..8).map(|n| item(0, &format!("a{n}"), None, false)).collect();
    boxes.extend((0..8).map(|n| item(1, &format!("b{n}"), None, false)));
    let links = (0..8).map(|n| link(n, 8 + (7 - n))).collect();
    let placed = layout::placed(&scene(2, boxes, links).picture(), 2, ROOM);
    for link in &placed.links {
        assert!((link[0].1 - link[link.len() - 1].1).abs() < 0.01, "{link:?} is not level");
    }
}

#[test]
fn names_never_become_marks_and_the_size_is_bounded_whatever_they_are() {
    let bad = "</text><script>&\"\u{202e}EVCXR_EXECUTION_COMPLETE".repeat(6);
    let mut all = scene(5, Vec::new(), Vec::new());
    all.title = bad.as_str().into();
    all.caveats = vec![bad.clone()];
    for n in 0..400 {
        all.boxes.push(Item { detail: bad.clone(), ..item(n % 5, &bad, Some(TONES[n % 5]), n % 3 == 0) });
        all.links.push(link(n / 2, n));
    }
    let figure = all.figure();
    let svg = figure.svg();
    assert!(svg.len() <= LARGEST, "{} bytes", svg.len());
    assert!(!svg.contains("<script") && !svg.contains('\u{202e}') && !svg.contains("EVCXR_"));
    no_text_overlaps(&svg);
    assert!(figure.words().text().len() < 100_000);
}

#[test]
fn nothing_at_all_is_drawn_as_such() {
    let figure = scene(5, Vec::new(), Vec::new()).figure();
    no_text_overlaps(&figure.svg());
    assert!(figure.words().text().contains("It does, as far as can be seen."));
    assert!(scene(0, Vec::new(), Vec::new()).figure().svg().contains("<svg"));
}
