use super::*;

const HOUR: i64 = 3_600;
const START: i64 = 1_768_467_600;

/// A chart of these numbers, one every ten minutes.
fn chart(numbers: &[Option<f64>], limit: Option<f64>) -> Chart {
    let at = |n: usize| Moment::from_unix(START + 600 * i64::try_from(n).unwrap());
    let points = numbers.iter().enumerate().map(|(n, number)| (at(n), *number)).collect();
    Chart {
        title: "CPU of <b>web-1</b> & \u{1}\u{202e}".into(),
        unit: Unit::Ratio,
        series: vec![("used".into(), points)],
        limit: limit.map(|limit| ("all of it".into(), limit)),
    }
}

#[test]
fn any_numbers_give_a_drawing_that_is_whole_and_asks_for_no_style_sheet() {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e300, f64::MIN_POSITIVE, 0.0, 0.5];
    let many: Vec<Option<f64>> = (0..20_000).map(|n| Some(f64::from(n % 97) / 97.0)).collect();
    let all: [&[Option<f64>]; 7] =
        [&[], &[None], &[None, None, None], &[Some(0.3)], &[Some(0.3), Some(0.3)], &odd.map(Some), &many];
    for numbers in all {
        for limit in [None, Some(1.0), Some(0.0), Some(f64::NAN), Some(1e30)] {
            let figure = chart(numbers, limit).figure();
            let svg = figure.svg();
            let read = roxmltree::Document::parse(&svg).unwrap_or_else(|e| panic!("{e}: {svg}"));
            assert!(read.descendants().all(|node| node.attribute("style").is_none() && !node.has_tag_name("style")));
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert!(svg.contains("&lt;b&gt;web-1&lt;/b&gt;"), "{svg}");
            assert!(svg.len() < 40_000, "{} bytes", svg.len());
            assert!(!figure.words().text().is_empty());
        }
    }
}

#[test]
fn times_of_any_kind_end() {
    for times in
        [[i64::MIN, i64::MAX], [-1, 1], [START, START + 400 * 24 * HOUR], [START, START + 40 * 366 * 24 * HOUR]]
    {
        let series = vec![("used".into(), times.map(|at| (Moment::from_unix(at), Some(0.5))).to_vec())];
        let svg = Chart { series, ..chart(&[], None) }.figure().svg();
        roxmltree::Document::parse(&svg).unwrap();
    }
}

#[test]
fn the_words_say_average_highest_limit_and_what_is_missing() {
    let text = chart(&[Some(0.1), None, Some(0.3)], Some(1.0)).figure().words().text();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in
        ["20% on average, at most 30%", "2026-01-15 09:20:00 UTC", "of a limit of 100%", "1 of 3 points missing"]
    {
        assert!(text.contains(words), "{text}\ndoes not say: {words}");
    }
}

#[test]
fn a_gap_divides_the_line() {
    let lines = |numbers: &[Option<f64>]| chart(numbers, None).figure().svg().matches("stroke=\"#0969DA\"").count();
    assert_eq!(lines(&[Some(0.1), Some(0.2), Some(0.3), Some(0.4), Some(0.5)]), 1);
    assert_eq!(lines(&[Some(0.1), Some(0.2), None, Some(0.4), Some(0.5)]), 2);
}
