//! How Proxmox VE writes times, durations and sizes in its logs and states.

use std::time::{Duration, UNIX_EPOCH};

use super::state::Ms;
use crate::units::Moment;

/// Date and time, with what stands inside the date, between date and time, and inside the time.
pub(super) fn clock(seconds: i64, [date, between, time]: [&str; 3]) -> String {
    let written = Moment::from_unix(seconds).to_string();
    format!("{}{between}{}", written[..10].replace('-', date), written[11..19].replace(':', time))
}

/// The same as most logs have it: `2026-01-15 09:00:00`.
pub(super) fn stamp(at: Ms) -> String {
    clock(at / 1000, ["-", " ", ":"])
}

/// The date as `ctime` writes it: `Thu Jan 15 09:00:00 2026`.
pub(super) fn ctime(seconds: i64) -> String {
    let at = UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    // `Thu, 15 Jan 2026 09:00:00 GMT`, in another order.
    let written = httpdate::fmt_http_date(at);
    let day = written[5..7].trim_start_matches('0');
    format!("{} {} {day:>2} {} {}", &written[..3], &written[8..11], &written[17..25], &written[12..16])
}

/// A size with so many digits behind the point: `1.5 GiB`.
pub(super) fn bytes(size: u64, digits: usize) -> String {
    let mut size = size as f64;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter();
    let mut unit = units.next().unwrap_or("B");
    while size >= 1024.0 {
        let Some(next) = units.next() else { break };
        (size, unit) = (size / 1024.0, next);
    }
    format!("{size:.digits$} {unit}")
}

/// The size of an archive: `12.80GB`, whole numbers below that.
pub(super) fn archive_size(size: u64) -> String {
    let (kb, mb, gb) = (size >> 10, size >> 20, size as f64 / (1_u64 << 30) as f64);
    match (kb, mb) {
        (..1024, _) => format!("{kb}KB"),
        (_, ..1024) => format!("{mb}MB"),
        _ if gb < 1024.0 => format!("{gb:.2}GB"),
        _ => format!("{:.2}TB", gb / 1024.0),
    }
}

/// `00:01:27`.
pub(super) fn hours(seconds: i64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `1m 27s`.
pub(super) fn short_time(seconds: i64) -> String {
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let known: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if known.is_empty() { "0s".to_owned() } else { known.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_written_as_pve_writes_them() {
        assert_eq!(
            (bytes(0, 1), bytes(8 << 30, 1), bytes(1_610_612_736, 2)),
            ("0.0 B".into(), "8.0 GiB".into(), "1.50 GiB".into())
        );
        assert_eq!(
            (archive_size(411), archive_size(663_748_608), archive_size(13_743_895_347)),
            ("0KB".into(), "633MB".into(), "12.80GB".into())
        );
        assert_eq!((hours(87), short_time(87), short_time(0)), ("00:01:27".into(), "1m 27s".into(), "0s".into()));
        assert_eq!(ctime(1_768_467_600), "Thu Jan 15 09:00:00 2026");
        assert_eq!(stamp(1_768_467_600_999), "2026-01-15 09:00:00");
    }
}
