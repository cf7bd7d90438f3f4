//! Which backups of a guest are kept: the last ones, and one of each hour, day, week, month, year.

use std::collections::BTreeSet;

use crate::twin::answer::{Answered, wrong};
use crate::twin::written::clock;

const KINDS: [&str; 7] =
    ["keep-last", "keep-hourly", "keep-daily", "keep-weekly", "keep-monthly", "keep-yearly", "keep-all"];

/// Reads `keep-daily=7,keep-last=3`.
pub(super) fn read(text: &str) -> Answered<Vec<(String, u64)>> {
    let entry = |part: &str| match part.split_once('=') {
        Some((key, value)) if KINDS.contains(&key) => match value.parse() {
            Ok(count) => Ok((key.to_owned(), count)),
            Err(_) => wrong(
                "prune-backups",
                format!("invalid format - format error\n{key}: type check ('integer') failed - got '{value}'\n"),
            ),
        },
        _ => wrong(
            "prune-backups",
            format!(
                "invalid format - format error\n{part}: property is not defined in schema and the schema does not allow additional properties\n"
            ),
        ),
    };
    text.split(',').filter(|part| !part.is_empty()).map(entry).collect()
}

pub(super) fn keeps_all(keep: &[(String, u64)]) -> bool {
    keep.is_empty() || keep.iter().any(|(key, value)| key == "keep-all" && *value == 1)
}

/// How many backups may be there where none is removed.
pub(super) fn limit(keep: &[(String, u64)]) -> u64 {
    if keeps_all(keep) { 0 } else { keep.iter().map(|(_, count)| count).sum() }
}

/// Which of these are removed; times of backups, latest first.
pub(super) fn removed(times: &[i64], keep: &[(String, u64)]) -> Vec<bool> {
    let mut kept = vec![false; times.len()];
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let wanted = |key: &str| keep.iter().find(|(known, _)| known == key).map_or(0, |(_, count)| *count);
    for kind in KINDS.iter().filter(|kind| **kind != "keep-all") {
        let (mut left, mut seen) = (wanted(kind), BTreeSet::new());
        // A period that another rule has kept something of needs no second one.
        if left > 0 {
            times.iter().zip(&kept).filter(|(_, kept)| **kept).for_each(|(time, _)| {
                taken.insert(period(kind, *time));
            });
        }
        for (n, time) in times.iter().enumerate() {
            let period = if *kind == "keep-last" { n.to_string() } else { period(kind, *time) };
            let covered = *kind != "keep-last" && taken.contains(&period);
            if kept[n] || left == 0 || covered || !seen.insert(period) {
                continue;
            }
            kept[n] = true;
            left -= 1;
        }
        taken.clear();
    }
    kept.into_iter().map(|kept| !kept).collect()
}

/// The hour, day, week, month or year of a time, as a word.
fn period(kind: &str, time: i64) -> String {
    const DAY: i64 = 86_400;
    let text = clock(time, ["-", " ", ":"]);
    match kind {
        "keep-hourly" => text[..13].to_owned(),
        "keep-daily" => text[..10].to_owned(),
        // Weeks begin on Mondays; 1970 began on a Thursday.
        "keep-weekly" => format!("week {}", (time.div_euclid(DAY) + 3).div_euclid(7)),
        "keep-monthly" => text[..7].to_owned(),
        _ => text[..4].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_counted_from_the_latest() {
        const DAY: i64 = 86_400;
        let now = 1_768_467_600;
        let times: Vec<i64> = (0..10).map(|n| now - n * DAY / 2).collect();
        let keep = read("keep-daily=2,keep-last=3").unwrap();
        let gone: Vec<usize> =
            removed(&times, &keep).iter().enumerate().filter(|(_, gone)| **gone).map(|(n, _)| n).collect();
        // The last three are of two days; two further days keep one each.
        assert_eq!(gone, [4, 6, 7, 8, 9]);
        assert_eq!(limit(&keep), 5);
        assert!(keeps_all(&read("keep-all=1").unwrap()));
        assert!(read("keep-forever=1").is_err());
    }
}
