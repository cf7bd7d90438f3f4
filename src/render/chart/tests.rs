use super::scale::scale;
use super::ticks::ticks;
use super::*;

const START: i64 = 1_768_467_600;

fn series(name: &str, numbers: impl IntoIterator<Item = Option<f64>>) -> Series {
    let moments = (0..).map(|n| Moment::from_unix(START + n * 60));
    Series::new(name, moments.zip(numbers).collect())
}

fn chart(numbers: &[Option<f64>]) -> Chart {
    let series = vec![series("used", numbers.iter().copied())];
    Chart { limit: Some(("all of it".into(), 1.0)), ..Chart::new("CPU of web-1", Unit::Ratio, series) }
}

/// The points of each line of the drawing that stands for a series.
fn lines_of(figure: &Figure) -> Vec<usize> {
    let svg = figure.svg();
    let drawing = roxmltree::Document::parse(&svg).unwrap();
    let is_series = |node: &roxmltree::Node<'_, '_>| matches!(node.attribute("stroke"), Some("#0969DA" | "#8250DF"));
    let lines = drawing.descendants().filter(|node| node.has_tag_name("polyline") && is_series(node));
    lines.map(|line| line.attribute("points").unwrap().split_whitespace().count()).collect()
}

/// The words of a drawing, however they are wrapped.
fn on_one_line(figure: &Figure) -> String {
    figure.words().text().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn texts_of(figure: &Figure) -> Vec<String> {
    let svg = figure.svg();
    let drawing = roxmltree::Document::parse(&svg).unwrap();
    let texts = drawing.descendants().filter(|node| node.has_tag_name("text"));
    texts.map(|text| text.text().unwrap_or_default().trim().to_owned()).collect()
}

#[test]
fn the_words_say_what_the_drawing_shows() {
    let figure = chart(&[Some(0.07), None, Some(0.41), Some(0.12)]).figure();
    assert_eq!(
        figure.words().text().lines().map(str::trim_end).collect::<Vec<_>>(),
        [
            "",
            "CPU of web-1: 20% on average, at most 41% (at 2026-01-15 09:02:00 UTC), of a limit of 100%.",
            "",
            " used       lowest 7%, average 20%, highest 41% at 2026-01-15 09:02:00 UTC; 1 of 4 points missing",
            " all of it  100%",
            " Time       2026-01-15 09:00:00 UTC to 2026-01-15 09:03:00 UTC, a point every 1 min",
        ]
    );
}

#[test]
fn two_series_are_told_apart_without_colour() {
    let series = vec![series("received", [Some(2048.0), Some(4096.0)]), series("sent", [Some(2048.0), Some(4096.0)])];
    let figure = Chart::new("Network of web-1", Unit::BytesPerSecond, series).figure();
    let fact = "received 3 KiB/s on average, at most 4 KiB/s; sent 3 KiB/s on average, at most 4 KiB/s";
    assert!(figure.words().text().contains(&format!("Network of web-1: {fact}.")));
    assert_eq!(
        texts_of(&figure),
        ["Network of web-1", fact, "0", "1 KiB/s", "2 KiB/s", "3 KiB/s", "4 KiB/s", "09:00", "UTC", "received", "sent"]
    );
}

#[test]
fn a_gap_splits_the_line_and_is_no_zero() {
    let figure = chart(&[Some(0.5), Some(0.5), None, Some(0.5), Some(0.5), Some(0.5)]).figure();
    assert_eq!(lines_of(&figure), [2, 3]);
    assert!(figure.words().text().contains("lowest 50%"));
}

#[test]
fn a_point_alone_is_a_dot() {
    let figure = chart(&[None, Some(0.5), None]).figure();
    assert_eq!(lines_of(&figure), Vec::<usize>::new());
    assert_eq!(figure.svg().matches("<circle").count(), 1);
}

#[test]
fn many_points_are_thinned_and_the_words_keep_the_highest() {
    let mut numbers = vec![Some(0.25); 100_000];
    numbers[77_777] = Some(0.99);
    let figure = chart(&numbers).figure();
    assert_eq!(lines_of(&figure), [400]);
    assert!(figure.svg().len() < 16_000, "{}", figure.svg().len());
    let words = on_one_line(&figure);
    assert!(words.contains("at most 99%") && words.contains("drawn as averages of 250 points"), "{words}");
}

#[test]
fn the_scale_ends_at_the_limit_or_above_what_exceeds_it() {
    for (highest, top) in [(0.0, 1.0), (0.4, 1.0), (1.0, 1.0), (1.1, 1.5)] {
        assert_eq!(scale(Unit::Ratio, 0.0, highest, Some(1.0)).1, top, "{highest}");
    }
    assert_eq!(scale(Unit::Bytes, 0.0, 0.0, Some(15.5 * 1024.0)), (0.0, 15.5 * 1024.0, 4096.0));
    assert_eq!(scale(Unit::Bytes, 9000.0, 0.0, Some(10240.0)), (8704.0, 10240.0, 512.0));
}

#[test]
fn a_reader_is_told_when_nothing_was_recorded() {
    for numbers in [&[][..], &[None, None, None]] {
        let figure = chart(numbers).figure();
        assert_eq!(figure.words().text(), "\nCPU of web-1: nothing was recorded in this time.\n");
        assert!(texts_of(&figure).iter().any(|text| text.to_lowercase().contains("recorded")), "{}", figure.svg());
    }
}

#[test]
fn numbers_that_cannot_be_are_gaps() {
    let absurd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, f64::MAX, 1e19].map(Some);
    let figure = chart(&[&absurd[..], &[Some(0.5), Some(0.5)]].concat()).figure();
    assert_eq!(lines_of(&figure), [2]);
    assert!(figure.words().text().contains("6 of 8 points missing"));
}

#[test]
fn whatever_comes_the_drawing_is_xml_with_plain_attributes() {
    let many = [None, Some(0.0), Some(5e-324), Some(f64::MIN_POSITIVE), Some(0.3), Some(1e18), Some(f64::NAN)];
    let moments = [i64::MIN, -1, 0, START, START, START + 1, i64::MAX];
    for unit in [Unit::Ratio, Unit::Bytes, Unit::BytesPerSecond] {
        for limit in [f64::NAN, f64::INFINITY, -1.0, 0.0, 5e-324, 1.0, 1e18, f64::MAX] {
            for kept in 0..=moments.len() {
                for shift in 0..many.len() {
                    let points: Vec<_> = moments[..kept]
                        .iter()
                        .enumerate()
                        .map(|(n, at)| (*at, many[(n + shift) % many.len()]))
                        .collect();
                    let points = points.into_iter().map(|(at, number)| (Moment::from_unix(at), number)).collect();
                    let name = "<b style='x'>&\"\u{0}\u{1b}[31m\u{202e}\u{fffe}\u{ffff}\nEVCXR_ 猫";
                    let series = vec![Series::new(name, points), Series::new(name, Vec::new())];
                    let figure = Chart { limit: Some((name.into(), limit)), ..Chart::new(name, unit, series) }.figure();
                    let svg = figure.svg();
                    let drawing = roxmltree::Document::parse(&svg).unwrap();
                    for node in drawing.descendants().filter(roxmltree::Node::is_element) {
                        let tag = node.tag_name().name();
                        assert!(
                            ["svg", "title", "text", "rect", "polyline", "polygon", "circle"].contains(&tag),
                            "{tag}"
                        );
                        assert!(node.attribute("style").is_none() && !svg.contains("EVCXR_"));
                        let positions = node.attributes().filter(|attribute| attribute.name() != "font-family");
                        assert!(!positions.into_iter().any(|a| a.value().contains("NaN") || a.value().contains("inf")));
                    }
                    figure.words().text();
                }
            }
        }
    }
}

#[test]
fn time_is_marked_at_round_moments() {
    let said = |from, to| ticks(from, to).into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(", ");
    const DAY: i64 = 86_400;
    assert_eq!(said(START - 3_600, START), "08:00, 08:10, 08:20, 08:30, 08:40, 08:50, 09:00");
    assert_eq!(said(START - DAY, START), "09:00, 12:00, 15:00, 18:00, 21:00, 01-15, 03:00, 06:00, 09:00");
    assert_eq!(said(START - 4 * DAY, START), "12:00, 01-12, 12:00, 01-13, 12:00, 01-14, 12:00, 01-15");
    assert_eq!(said(START - 30 * DAY, START), "12-22, 12-29, 01-05, 01-12");
    assert_eq!(said(START - 150 * DAY, START), "2025-09, 2025-10, 2025-11, 2025-12, 2026-01");
}

#[test]
fn times_of_any_kind_end() {
    const YEAR: i64 = 366 * 24 * 3_600;
    for times in [[i64::MIN, i64::MAX], [-1, 1], [START, START + 2 * YEAR], [START, START + 40 * YEAR]] {
        let series = vec![Series::new("used", times.map(|at| (Moment::from_unix(at), Some(0.5))).to_vec())];
        roxmltree::Document::parse(&Chart { series, ..chart(&[]) }.figure().svg()).unwrap();
    }
}

/// Where each text of a drawing begins and ends at most, in its own units, and at which height.
fn places_of(figure: &Figure) -> Vec<(String, f64, f64, f64)> {
    let svg = figure.svg();
    let drawing = roxmltree::Document::parse(&svg).unwrap();
    let number = |text: &roxmltree::Node<'_, '_>, name| text.attribute(name).unwrap().parse::<f64>().unwrap();
    let place = |text: roxmltree::Node<'_, '_>| {
        let words = text.text().unwrap_or_default().trim().to_owned();
        let (x, y, size) = (number(&text, "x"), number(&text, "y"), number(&text, "font-size"));
        // Letters of the usual fonts are a good half as wide as high.
        let wide: f64 = words
            .chars()
            .map(|c| {
                if c > '\u{2e80}' {
                    1.0
                } else if c == 'W' {
                    0.95
                } else {
                    0.55
                }
            })
            .sum();
        let left = match text.attribute("text-anchor") {
            Some("end") => x - wide * size,
            Some("middle") => x - wide * size / 2.0,
            _ => x,
        };
        (words, left, left + wide * size, y)
    };
    drawing.descendants().filter(|node| node.has_tag_name("text")).map(place).collect()
}

#[test]
fn no_words_leave_the_drawing_or_meet_others_however_long_names_are() {
    for name in ["W".repeat(255), "猫".repeat(255), "a-name-with-many-parts.".repeat(11)] {
        let numbers = || (0..90).map(|n| Some(f64::from(n) * 1e9));
        let mut all: Vec<Series> = (0..3).map(|_| series(&name, numbers())).collect();
        all[2].line = Line::Before(60);
        let chart = Chart::new(name.as_str(), Unit::BytesPerSecond, all);
        let chart = Chart { limit: Some((name.as_str().into(), 2e10)), answer: Some(name.clone()), ..chart };
        let small = Small {
            name: (name.as_str().into(), "VM 1".into()),
            points: series("", [Some(9_999.0); 90]).points,
            summary: Summary::of(&series("", [Some(9_999.0); 90]).points).unwrap(),
            missing: (0, 90),
            of: Some("8 GiB".into()),
        };
        let figures = [chart.figure(), multiples(vec![small; 100]).figure()];
        for figure in figures {
            let places = places_of(&figure);
            assert!(places.iter().all(|(_, left, right, _)| *left >= 0.0 && *right <= 1_800.0), "{places:#?}");
            for (n, one) in places.iter().enumerate() {
                let meets = |other: &&(String, f64, f64, f64)| {
                    (one.3 - other.3).abs() < 20.0 && one.1 < other.2 && other.1 < one.2
                };
                assert_eq!(places[n + 1..].iter().find(meets), None, "{one:?}");
            }
            assert!(figure.svg().len() < 400_000);
        }
    }
}

#[test]
fn a_limit_below_what_is_highest_is_drawn_where_it_is() {
    let limit = Some(("all of it".into(), 0.5));
    let figure = Chart { limit, ..chart(&[Some(0.2), Some(0.9), Some(0.4)]) }.figure();
    let texts = texts_of(&figure);
    assert!(["100%", "all of it: 50%"].iter().all(|label| texts.iter().any(|text| text == label)), "{texts:?}");
    assert!(figure.words().text().contains("at most 90%"));
}

#[test]
fn what_was_before_is_dashed_and_tells_its_own_time() {
    let mut before = series("day before", [Some(0.1), Some(0.3)]);
    before.line = Line::Before(120);
    let now = Series::new("last day", series("", [None, None, Some(0.5), Some(0.7)]).points);
    let figure = Chart::new("CPU", Unit::Ratio, vec![now, before]).figure();
    assert_eq!(lines_of(&figure), [2]);
    assert!(figure.svg().matches("stroke=\"#59636E\"").count() > 10, "{}", figure.svg());
    let words = on_one_line(&figure);
    assert!(words.contains("last day 60% on average, at most 70%; day before 20% on average, at most 30%."), "{words}");
    assert!(words.contains("highest 30% at 2026-01-15 09:01:00 UTC"), "{words}");
    assert!(words.contains("Time of day before 2026-01-15 09:00:00 UTC to 2026-01-15 09:01:00 UTC"), "{words}");
}

#[test]
fn a_scale_that_does_not_begin_at_zero_says_so() {
    let numbers = [Some(9e12), Some(9.1e12)];
    let chart = Chart::new("Space", Unit::Bytes, vec![series("used", numbers)]);
    let figure = Chart { limit: Some(("all of it".into(), 1e13)), floor: 8.9e12, ..chart }.figure();
    assert!(on_one_line(&figure).contains("Scale begins at 8 TiB"), "{}", figure.words().text());
    assert!(!texts_of(&figure).iter().any(|text| text == "0"));
    assert_eq!(figure.svg().matches("<polygon").count(), 0, "filled ground means all from zero");
}

#[test]
fn a_range_to_come_is_drawn_and_is_no_gap() {
    let fan = (0..10).map(|n| (Moment::from_unix(START + 120 + n * 600), 0.5, 0.5 + n as f64 / 20.0)).collect();
    let figure = Chart { fan, ..chart(&[Some(0.5), Some(0.5), Some(0.5)]) }.figure();
    assert_eq!(figure.svg().matches("<polygon").count(), 2);
    assert!(!texts_of(&figure).iter().any(|text| text == "not recorded"));
    assert!(texts_of(&figure).iter().any(|text| text == "10:30"), "the time goes on: {:?}", texts_of(&figure));
}

fn multiples(charts: Vec<Small>) -> Multiples {
    Multiples {
        title: "CPU of many guests".into(),
        noun: ("guest", "guests"),
        unit: Unit::Ratio,
        limit: Some(1.0),
        charts,
        remarks: vec!["Not read: 1 guest (VM 7), since node pve4 cannot be reached.".into()],
    }
}

fn small(name: &str, numbers: &[Option<f64>]) -> Small {
    let points = series("", numbers.iter().copied()).points;
    let missing = (numbers.iter().filter(|number| number.is_none()).count(), numbers.len());
    let summary = Summary::of(&points).unwrap();
    Small { name: (name.into(), "VM 1".into()), points, summary, missing, of: None }
}

#[test]
fn small_charts_have_one_scale_and_the_same_in_a_table() {
    let charts = vec![small("web", &[Some(0.2), None, Some(0.5), Some(0.4)]), small("db", &[Some(0.1); 4])];
    let figure = multiples(charts).figure();
    let texts = texts_of(&figure);
    for said in ["web", "db", "average 37%, highest 50%", "average 10%, highest 10%"] {
        assert!(texts.iter().any(|text| text == said), "{said}: {texts:?}");
    }
    assert!(texts.iter().any(|text| text.starts_with("All on one scale from 0 to 100%")), "{texts:?}");
    assert_eq!(lines_of(&figure), [2, 4]);
    let words = on_one_line(&figure);
    assert!(words.contains("web (VM 1) 20% 37% 50% 2026-01-15 09:02:00 UTC 1 of 4"), "{words}");
    assert!(words.contains("Not read: 1 guest (VM 7)"), "{words}");
}

#[test]
fn of_ten_thousand_charts_the_first_are_drawn_and_the_rest_is_counted() {
    let jagged: Vec<Option<f64>> = (0..1_440).map(|n| (n / 18 % 2 == 0).then_some(f64::from(n % 7) / 7.0)).collect();
    let figure = multiples(vec![small("a guest with a name", &jagged); 10_000]).figure();
    assert!(figure.svg().len() < 400_000, "{}", figure.svg().len());
    assert!(on_one_line(&figure).contains("the 36 highest of 10000 guests; 9964 more are left out"));
    assert!(
        texts_of(&figure)[1].contains("9964 lower ones of 10000 guests are left out"),
        "{:?}",
        texts_of(&figure)[1]
    );
}

#[test]
fn no_small_charts_at_all_say_why() {
    let figure = multiples(Vec::new()).figure();
    roxmltree::Document::parse(&figure.svg()).unwrap();
    assert!(on_one_line(&figure).contains("nothing was recorded in this time. Not read: 1 guest (VM 7)"));
}

#[test]
fn the_worst_of_lines_stays_small() {
    let jagged: Vec<Option<f64>> = (0..400).map(|n| Some(f64::from(n % 2))).collect();
    let holes: Vec<Option<f64>> = (0..400).map(|n| (n % 2 == 0).then_some(f64::from(n % 3))).collect();
    for numbers in [jagged, holes] {
        let mut all: Vec<Series> = (0..3).map(|_| series("x", numbers.clone())).collect();
        all[1].line = Line::Before(60);
        all[2].line = Line::Trend;
        let svg = Chart::new("worst", Unit::Ratio, all).figure().svg();
        assert!(svg.len() < 400_000, "{}", svg.len());
    }
}

proptest::proptest! {
    #[test]
    fn any_small_chart_is_xml_of_finite_numbers(
        numbers in proptest::collection::vec(proptest::option::of(proptest::num::f64::ANY), 1..50),
        seconds in proptest::collection::vec(proptest::num::i64::ANY, 1..50),
    ) {
        let points: Points = seconds.into_iter().map(Moment::from_unix).zip(numbers).collect();
        let known = Summary { lowest: 0.0, average: f64::NAN, highest: 1e300, highest_at: Moment::from_unix(START) };
        let name = "<b>&\"\u{202e}".into();
        let chart = Small { name: (name, "VM 1".into()), points, summary: known, missing: (0, 1), of: None };
        let figure = multiples(vec![chart; 3]).figure();
        roxmltree::Document::parse(&figure.svg()).unwrap();
        proptest::prop_assert!(!figure.svg().contains("NaN") && !figure.svg().contains("\"inf"));
        figure.words().text();
    }
}
