//! What every timeline promises: bars and words apart, all of it inside, failures visible however much went on, and a
//! bounded size.

use proptest::prelude::*;

use super::layout::{BODY, LABEL, Shown, placed};
use super::*;
use crate::draw::apart::no_text_overlaps;

const NOW: i64 = 1_768_467_600;
const NAMES: [&str; 5] =
    ["qmstart 101", "vzdump", "a-task-with-a-name-that-goes-on-and-on-and-on-and-on", "\u{202e}\u{7}", "名前"];

fn bar(name: &str, start: i64, took: i64, tone: Tone) -> Bar {
    let (start, end) = (Moment::from_unix(start), Moment::from_unix(start.saturating_add(took)));
    let word = if tone == Tone::Wrong { "failed: no" } else { "OK" };
    Bar { name: name.into(), start, end: End::At(end), state: State::new(tone, word) }
}

fn scene(rows: Vec<Row>) -> Scene {
    Scene {
        title: "What went on".into(),
        question: "What?".into(),
        answer: ("Some".into(), " of it failed.".into()),
        rows,
        now: Moment::from_unix(NOW),
        caveats: vec!["Only the last of each node.".into()],
        provenance: Provenance::default(),
    }
}

fn row(name: &str, bars: Vec<Bar>) -> Row {
    Row { name: name.into(), bars }
}

/// Many tasks on some nodes, every hundredth failed.
fn busy(nodes: usize, each: usize) -> Scene {
    let bars = |n: usize| {
        let one = |i: usize| {
            let tone = if i % 100 == 7 { Tone::Wrong } else { Tone::Good };
            let (start, took) = (i64::try_from(i * 997 % 86_400).unwrap(), i64::try_from(i * 37 % 900).unwrap());
            bar("vzdump 101", NOW - 86_400 + start, 30 + took, tone)
        };
        row(&format!("pve{n}"), (0..each).map(one).collect())
    };
    scene((0..nodes).map(bars).collect())
}

fn any_scene() -> impl Strategy<Value = Scene> {
    let times = prop_oneof![NOW - 90_000..NOW, NOW - 600..NOW, any::<i64>()];
    let took = prop_oneof![0_i64..10, 0_i64..9_000, any::<i64>()];
    let one = (0..NAMES.len(), times, took, any::<bool>(), 0_u8..4).prop_map(|(name, start, took, failed, end)| {
        let bar = bar(NAMES[name], start, took, if failed { Tone::Wrong } else { Tone::Good });
        match end {
            0 => Bar { end: End::Open, ..bar },
            1 => Bar { end: End::Unknown, ..bar },
            _ => bar,
        }
    });
    prop::collection::vec(prop::collection::vec(one, 0..14), 0..30)
        .prop_map(|rows| scene(rows.into_iter().zip(0..).map(|(bars, n)| row(NAMES[n % 5], bars)).collect()))
}

#[track_caller]
fn bars_and_words_are_apart(scene: &Scene) {
    let rows = scene.few_rows();
    let placed = placed(&rows, scene.now);
    for at in &placed.rows {
        let Shown::Bars(places) = &at.shown else { continue };
        let spans: Vec<(usize, f64, f64)> = places
            .iter()
            .map(|place| {
                let (left, right) = (place.x, place.x + place.w);
                assert!(left >= -0.01 && right <= BODY + 0.01 && place.w >= 2.9, "{place:?}");
                match &place.label {
                    Some((x, words)) => {
                        let end = x + svg::width(words, LABEL);
                        assert!(*x >= -0.01 && end <= BODY + 0.01, "{place:?}");
                        (place.lane, left.min(*x), right.max(end))
                    }
                    None => (place.lane, left, right),
                }
            })
            .collect();
        for (n, a) in spans.iter().enumerate() {
            for b in &spans[n + 1..] {
                assert!(a.0 != b.0 || a.2 <= b.1 + 0.01 || b.2 <= a.1 + 0.01, "{a:?} and {b:?} touch");
            }
        }
    }
    for pair in placed.rows.windows(2) {
        assert!(pair[0].y + pair[0].h < pair[1].y);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_times_are_drawn_apart_and_inside(scene in any_scene()) {
        bars_and_words_are_apart(&scene);
        let figure = scene.figure();
        prop_assert!(figure.svg().len() <= LARGEST);
        no_text_overlaps(&figure.svg());
        prop_assert!(figure.words().text().len() < 100_000);
    }
}

#[test]
fn thousands_of_tasks_become_strips_in_which_failures_stay_visible() {
    for (nodes, each) in [(1, 5_000), (4, 3_000), (100, 200), (3, 200)] {
        let figure = busy(nodes, each).figure();
        let svg = figure.svg();
        assert!(svg.len() <= LARGEST, "{nodes} nodes: {} bytes", svg.len());
        assert!(svg.contains('✕') && svg.contains("the red part failed"), "{nodes} nodes");
        no_text_overlaps(&svg);
        let words = figure.words().text();
        assert!(words.contains("failed: no") && words.len() < 100_000, "{} bytes", words.len());
    }
}

#[test]
fn rows_that_are_equally_full_are_drawn_alike() {
    for (nodes, each) in [(6, 60), (6, 100), (20, 200)] {
        let rows = busy(nodes, each).few_rows();
        let placed = placed(&rows, Moment::from_unix(NOW));
        let strips = placed.rows.iter().filter(|row| matches!(row.shown, Shown::Strip(_))).count();
        assert!(strips == 0 || strips == nodes, "{strips} of {nodes}");
    }
}

#[test]
fn more_rows_than_are_drawn_share_one_that_says_so() {
    let mut scene = busy(60, 3);
    scene.rows[50].bars.push(bar("broken", NOW - 60, 5, Tone::Wrong));
    let svg = scene.figure().svg();
    assert!(svg.contains(">37 more<"), "{svg}");
    assert!(svg.contains(">pve50<"), "a row with a failure is kept");
}

#[test]
fn what_goes_on_has_no_end_and_what_overlaps_is_stacked() {
    let running = Bar { end: End::Open, ..bar("vzdump", NOW - 900, 0, Tone::Held) };
    let scene = scene(vec![row(
        "pve1",
        vec![bar("a", NOW - 1_000, 600, Tone::Good), running, bar("b", NOW - 300, 9, Tone::Wrong)],
    )]);
    let rows = scene.few_rows();
    let placed = placed(&rows, scene.now);
    let Shown::Bars(places) = &placed.rows[0].shown else { panic!("a strip") };
    assert_ne!(places[0].lane, places[1].lane);
    assert!(places[1].x + places[1].w > places[2].x, "it reaches the present");
    let svg = scene.figure().svg();
    assert!(svg.contains("still running") && svg.contains("stroke-dasharray") && svg.contains("✕ b"), "{svg}");
}

#[test]
fn nothing_at_all_is_drawn_as_such() {
    let figure = scene(Vec::new()).figure();
    no_text_overlaps(&figure.svg());
    no_text_overlaps(&scene(vec![row("pve1", Vec::new())]).figure().svg());
}

#[test]
#[ignore = "writes files to look at"]
fn gallery() {
    let out = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/look");
    std::fs::create_dir_all(&out).unwrap();
    let mut running = busy(6, 40);
    running.rows[2].bars.push(Bar { end: End::Open, ..bar("vzdump", NOW - 9_000, 0, Tone::Held) });
    for (name, scene) in
        [("timeline-busy", busy(4, 3_000)), ("timeline-many", busy(100, 200)), ("timeline-some", running)]
    {
        std::fs::write(out.join(format!("{name}.svg")), scene.figure().svg()).unwrap();
    }
}
