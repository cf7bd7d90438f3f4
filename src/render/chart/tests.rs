use super::*;

const START: i64 = 1_768_467_600;

fn series(name: &str, numbers: impl IntoIterator<Item = Option<f64>>) -> Series {
    let moments = (0..).map(|n| Moment::from_unix(START + n * 60));
    (name.into(), moments.zip(numbers).collect())
}

fn chart(numbers: &[Option<f64>]) -> Chart {
    Chart {
        title: "CPU of web-1".into(),
        unit: Unit::Ratio,
        series: vec![series("used", numbers.iter().copied())],
        limit: Some(("all of it".into(), 1.0)),
    }
}

/// The points of each line of the drawing that stands for a series.
fn lines_of(figure: &Figure) -> Vec<usize> {
    let svg = figure.svg();
    let drawing = roxmltree::Document::parse(&svg).unwrap();
    let is_series = |node: &roxmltree::Node<'_, '_>| matches!(node.attribute("stroke"), Some("#0969DA" | "#8250DF"));
    let lines = drawing.descendants().filter(|node| node.has_tag_name("polyline") && is_series(node));
    lines.map(|line| line.attribute("points").unwrap().split_whitespace().count()).collect()
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
            " Time       2026-01-15 09:00:00 UTC to 2026-01-15 09:03:00 UTC",
        ]
    );
}

#[test]
fn two_series_are_told_apart_without_colour() {
    let figure = Chart {
        title: "Network of web-1".into(),
        unit: Unit::BytesPerSecond,
        series: vec![series("received", [Some(2048.0), Some(4096.0)]), series("sent", [Some(2048.0), Some(4096.0)])],
        limit: None,
    }
    .figure();
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
    let words = figure.words().text();
    assert!(words.contains("at most 99%") && words.contains("drawn as averages of 250 points"), "{words}");
}

#[test]
fn the_scale_ends_at_the_limit_or_above_what_exceeds_it() {
    for (highest, top) in [(0.0, 1.0), (0.4, 1.0), (1.0, 1.0), (1.1, 1.5)] {
        assert_eq!(chart(&[]).scale(highest).0, top, "{highest}");
    }
    let memory = |limit| Chart { unit: Unit::Bytes, limit: Some(("all".into(), limit)), ..chart(&[]) };
    assert_eq!(memory(15.5 * 1024.0).scale(0.0), (15.5 * 1024.0, 4096.0));
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
                    let figure = Chart {
                        title: name.into(),
                        unit,
                        series: vec![(name.into(), points), (name.into(), Vec::new())],
                        limit: Some((name.into(), limit)),
                    }
                    .figure();
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
        let series = vec![("used".into(), times.map(|at| (Moment::from_unix(at), Some(0.5))).to_vec())];
        roxmltree::Document::parse(&Chart { series, ..chart(&[]) }.figure().svg()).unwrap();
    }
}
