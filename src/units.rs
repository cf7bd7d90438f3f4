//! Values with a meaning: bytes, ratios, ages, moments, and readings that may be missing for a reason.
//!
//! Knows how people read them; knows nothing about Proxmox or about pages.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::text::Text;

mod amount;

pub use amount::Amount;

/// A number of bytes, shown in the binary units that Proxmox VE itself uses.
///
/// ```
/// use pve_notebook::Bytes;
/// assert_eq!(Bytes(4 << 30).to_string(), "4 GiB");
/// assert_eq!(Bytes(1_610_612_736).to_string(), "1.5 GiB");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

impl Bytes {
    /// This many mebibytes.
    pub const fn mib(n: u64) -> Bytes {
        Bytes(n << 20)
    }

    /// This many gibibytes.
    pub const fn gib(n: u64) -> Bytes {
        Bytes(n << 30)
    }

    /// How much of `whole` this is; `None` of a whole of zero.
    pub fn of(self, whole: Bytes) -> Option<Ratio> {
        (whole.0 > 0).then(|| Ratio(self.0 as f64 / whole.0 as f64))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut size = self.0 as f64;
        let mut units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"].into_iter();
        let mut unit = units.next().unwrap_or("B");
        // 1023.5 would be rounded to "1024": the next unit reads better.
        while size >= 1023.5 {
            let Some(next) = units.next() else { break };
            (size, unit) = (size / 1024.0, next);
        }
        let tenths = (size * 10.0).round() / 10.0;
        if unit == "B" || tenths >= 10.0 || tenths.fract() == 0.0 {
            f.pad(&format!("{size:.0} {unit}"))
        } else {
            f.pad(&format!("{tenths:.1} {unit}"))
        }
    }
}

impl Bytes {
    /// This as a part of a whole, the unit once where it is the same: `32 of 96 GiB`.
    pub(crate) fn part_words(self, whole: Bytes) -> String {
        let (used, whole) = (self.to_string(), whole.to_string());
        match (used.split_once(' '), whole.split_once(' ')) {
            (Some((number, unit)), Some((_, same))) if unit == same => format!("{number} of {whole}"),
            _ => format!("{used} of {whole}"),
        }
    }
}

impl std::iter::Sum for Bytes {
    fn sum<I: Iterator<Item = Bytes>>(each: I) -> Bytes {
        Bytes(each.fold(0, |sum, b| sum.saturating_add(b.0)))
    }
}

impl std::ops::Add for Bytes {
    type Output = Bytes;
    fn add(self, other: Bytes) -> Bytes {
        Bytes(self.0.saturating_add(other.0))
    }
}

impl std::ops::Sub for Bytes {
    type Output = Bytes;
    /// Never below zero: Proxmox VE reports more used than there is now and then.
    fn sub(self, other: Bytes) -> Bytes {
        Bytes(self.0.saturating_sub(other.0))
    }
}

/// A part of a whole, 1.0 being all of it; shown in percent.
///
/// ```
/// use pve_notebook::Ratio;
/// assert_eq!(Ratio(0.412).to_string(), "41%");
/// assert_eq!(Ratio(0.004).to_string(), "0.4%");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Ratio(pub f64);

impl Ratio {
    /// In percent.
    pub fn percent(self) -> f64 {
        self.0 * 100.0
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.percent();
        if !percent.is_finite() {
            return f.pad("not known");
        }
        // There is no such thing as -0.
        let percent = if (-0.05..=0.0).contains(&percent) { 0.0 } else { percent };
        if percent != 0.0 && percent.abs() < 0.95 {
            f.pad(&format!("{percent:.1}%"))
        } else {
            f.pad(&format!("{percent:.0}%"))
        }
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Ratio) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ratio {}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Ratio) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Ratio) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialEq<f64> for Ratio {
    fn eq(&self, other: &f64) -> bool {
        self.0 == *other
    }
}

impl PartialOrd<f64> for Ratio {
    fn partial_cmp(&self, other: &f64) -> Option<Ordering> {
        self.0.partial_cmp(other)
    }
}

/// A length of time in whole seconds, shown as a person would say it.
///
/// ```
/// use pve_notebook::Age;
/// assert_eq!(Age(3 * 86_400).to_string(), "3 days");
/// assert_eq!(Age(7_300).to_string(), "2 h 1 min");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Age(pub u64);

impl Age {
    /// As a duration of the standard library.
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl From<Age> for Duration {
    fn from(age: Age) -> Duration {
        age.duration()
    }
}

/// This many seconds.
///
/// ```
/// use pve_notebook::*;
/// assert_eq!(seconds(90), Age(90));
/// ```
pub const fn seconds(n: u64) -> Age {
    Age(n)
}

/// This many minutes.
///
/// ```
/// use pve_notebook::*;
/// assert!(minutes(5) < seconds(301));
/// ```
pub const fn minutes(n: u64) -> Age {
    Age(n.saturating_mul(60))
}

/// This many hours.
pub const fn hours(n: u64) -> Age {
    Age(n.saturating_mul(3_600))
}

/// This many days of 24 hours.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let failed = Pve::demo()?.task_query().last(days(7)).failed().read()?;
/// assert!(failed.all(|task| task.is_failed()));
/// # Ok(()) }
/// ```
pub const fn days(n: u64) -> Age {
    Age(n.saturating_mul(86_400))
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (s, min, h, days) = (self.0, self.0 / 60, self.0 / 3_600, self.0 / 86_400);
        let shown = match s {
            0..60 => format!("{s} s"),
            60..3_600 => format!("{min} min"),
            3_600..36_000 if min % 60 > 0 => format!("{h} h {} min", min % 60),
            3_600..172_800 => format!("{h} h"),
            _ => format!("{days} days"),
        };
        f.pad(&shown)
    }
}

/// A point in time, in UTC, to the second.
///
/// ```
/// use pve_notebook::Moment;
/// assert_eq!(Moment::from_unix(1_768_467_600).to_string(), "2026-01-15 09:00:00 UTC");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// The moment this many seconds after 1970 began.
    pub fn from_unix(seconds: i64) -> Moment {
        Moment(seconds)
    }

    /// The present moment, by this machine's clock.
    pub fn now() -> Moment {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }

    /// Seconds since 1970 began.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not after it (clocks of two machines differ).
    pub fn since(self, earlier: Moment) -> Age {
        Age(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Its date: `2026-01-15`.
    pub fn date(self) -> String {
        self.written()[..10].to_owned()
    }

    /// Its time of day: `09:00`.
    pub fn time(self) -> String {
        self.written()[11..16].to_owned()
    }

    /// `2026-01-15T09:00:00Z`; what lies outside the years 1970 to 9999 is the nearest that does not.
    pub(crate) fn written(self) -> String {
        const LAST: u64 = 253_402_300_799;
        let seconds = u64::try_from(self.0).unwrap_or(0).min(LAST);
        humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = self.written();
        f.pad(&format!("{} {} UTC", &written[..10], &written[11..19]))
    }
}

/// Why a value is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Why {
    /// The node that would tell is offline.
    NodeOffline,
    /// The node is online and reports its other guests, but not yet this one, which may be seconds old.
    NotReportedYet,
    /// The node is online but reports none of its guests: its status daemon hangs, or it has only just started.
    NodeSilent,
    /// Proxmox VE reports no such number while the guest is stopped.
    NotWhileStopped,
    /// The disk use inside a virtual machine is known only to its own operating system.
    KnownInsideOnly,
    /// The storage is not active on the node.
    StorageInactive,
    /// The device does not report it.
    DeviceSilent,
    /// The answer had no such field.
    NotInAnswer,
    /// It is not set, so the default of Proxmox VE holds.
    NotSet,
    /// The answer had something else in its place; the object's raw JSON has it.
    NotUnderstood,
    /// The identity lacks a privilege: `Sys.Audit on /nodes/pve1`.
    Needs(&'static str),
}

impl Why {
    /// The identity lacks this privilege on this path.
    pub(crate) fn needs(privilege: &str, path: &str) -> Why {
        // A reading is copied freely, so its reason is too: each is kept once, for good.
        static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        let words = format!("{privilege} on {path}");
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(words.as_str()) {
            return Why::Needs(known);
        }
        let words: &'static str = Box::leak(words.into_boxed_str());
        kept.insert(words);
        Why::Needs(words)
    }
}

impl Why {
    /// In a word or two, where the state stands beside it.
    pub(crate) fn brief(self) -> String {
        match self {
            Why::NotWhileStopped => "stopped".to_owned(),
            why => why.to_string(),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::NodeOffline => f.pad("node offline"),
            Why::NotReportedYet => f.pad("not reported yet"),
            Why::NodeSilent => f.pad("node online, reports nothing"),
            Why::NotWhileStopped => f.pad("not reported while stopped"),
            Why::KnownInsideOnly => f.pad("known only inside the VM"),
            Why::StorageInactive => f.pad("storage not active"),
            Why::DeviceSilent => f.pad("the device does not say"),
            Why::NotInAnswer => f.pad("not in the answer"),
            Why::NotSet => f.pad("not set"),
            Why::NotUnderstood => f.pad("not understood"),
            Why::Needs(privilege) => f.pad(&format!("needs {privilege}")),
        }
    }
}

/// A value that was read, or the reason why it could not be.
///
/// Readings are ordered (missing ones lowest) and compare with plain values, so filters and sorting need no
/// unwrapping; a missing value never counts as zero.
///
/// ```
/// use pve_notebook::{Bytes, Reading, Why};
/// let known = Reading::Known(Bytes::gib(2));
/// let missing = Reading::Missing(Why::NodeOffline);
/// assert!(known > Bytes::gib(1));
/// assert!(!(missing > Bytes(0)) && !(missing < Bytes(1)));
/// assert!(missing < known);
/// assert_eq!(missing.to_string(), "not known: node offline");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reading<T> {
    /// Not known, and why.
    Missing(Why),
    /// Known.
    Known(T),
}

impl<T> Reading<T> {
    /// The value, where there is one.
    pub fn known(self) -> Option<T> {
        match self {
            Reading::Known(value) => Some(value),
            Reading::Missing(_) => None,
        }
    }

    /// The same by reference.
    pub fn as_ref(&self) -> Reading<&T> {
        match self {
            Reading::Known(value) => Reading::Known(value),
            Reading::Missing(why) => Reading::Missing(*why),
        }
    }

    /// Whether the value is known.
    pub fn is_known(&self) -> bool {
        matches!(self, Reading::Known(_))
    }

    /// The reason, where the value is missing.
    pub fn why(&self) -> Option<Why> {
        match self {
            Reading::Known(_) => None,
            Reading::Missing(why) => Some(*why),
        }
    }

    /// The value changed by `f`; a missing one stays missing for its reason.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Reading::Known(value) => Reading::Known(f(value)),
            Reading::Missing(why) => Reading::Missing(why),
        }
    }

    /// A known value where `value` is there, else missing for this reason.
    pub fn or_missing(value: Option<T>, why: Why) -> Reading<T> {
        value.map_or(Reading::Missing(why), Reading::Known)
    }
}

impl<T> Default for Reading<T> {
    /// Missing, since no answer had it.
    fn default() -> Reading<T> {
        Reading::Missing(Why::NotInAnswer)
    }
}

impl<T> From<T> for Reading<T> {
    fn from(value: T) -> Reading<T> {
        Reading::Known(value)
    }
}

impl<T: PartialEq> PartialEq<T> for Reading<T> {
    fn eq(&self, other: &T) -> bool {
        matches!(self, Reading::Known(value) if value == other)
    }
}

impl<T: PartialOrd> PartialOrd<T> for Reading<T> {
    fn partial_cmp(&self, other: &T) -> Option<Ordering> {
        match self {
            Reading::Known(value) => value.partial_cmp(other),
            Reading::Missing(_) => None,
        }
    }
}

impl PartialEq<&str> for Reading<Text> {
    fn eq(&self, other: &&str) -> bool {
        matches!(self, Reading::Known(text) if text == other)
    }
}

impl PartialEq<str> for Reading<Text> {
    fn eq(&self, other: &str) -> bool {
        matches!(self, Reading::Known(text) if text == other)
    }
}

impl PartialEq<f64> for Reading<Ratio> {
    fn eq(&self, other: &f64) -> bool {
        matches!(self, Reading::Known(ratio) if ratio == other)
    }
}

impl PartialOrd<f64> for Reading<Ratio> {
    fn partial_cmp(&self, other: &f64) -> Option<Ordering> {
        self.as_ref().known()?.partial_cmp(other)
    }
}

impl<T: fmt::Display> fmt::Display for Reading<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reading::Known(value) => value.fmt(f),
            Reading::Missing(why) => f.pad(&format!("not known: {why}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a size means to who reads it.
    fn meant(shown: &str) -> f64 {
        let (number, unit) = shown.split_once(' ').unwrap();
        let power = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"].iter().position(|known| *known == unit).unwrap();
        number.parse::<f64>().unwrap() * 1024_f64.powi(i32::try_from(power).unwrap())
    }

    /// What an age means to who reads it, in seconds.
    fn said(shown: &str) -> u64 {
        let words: Vec<&str> = shown.split(' ').collect();
        let of = |pair: &[&str]| {
            let unit = match pair[1] {
                "s" => 1,
                "min" => 60,
                "h" => 3_600,
                "days" => 86_400,
                other => panic!("{other}"),
            };
            pair[0].parse::<u64>().unwrap() * unit
        };
        words.chunks(2).map(of).sum()
    }

    /// Numbers of every magnitude.
    fn any_size() -> impl Strategy<Value = u64> {
        (any::<u64>(), 0..64_u32).prop_map(|(n, shift)| n >> shift)
    }

    proptest! {
        #[test]
        fn sizes_are_shown_to_a_twentieth_and_in_order(a in any_size(), b in any_size()) {
            let (a, b) = (a.min(b), a.max(b));
            let (shown_a, shown_b) = (meant(&Bytes(a).to_string()), meant(&Bytes(b).to_string()));
            prop_assert!((shown_a - a as f64).abs() <= a as f64 / 20.0);
            prop_assert!(shown_a <= shown_b);
            prop_assert_eq!((Bytes(a) + Bytes(b)) - Bytes(b), Bytes(a.min(u64::MAX - b)));
            prop_assert_eq!([Bytes(a), Bytes(b)].into_iter().sum::<Bytes>(), Bytes(a) + Bytes(b));
            prop_assert!(Bytes(a).of(Bytes(b)).is_none_or(|part| part.0.is_finite() && part <= 1.0));
        }

        #[test]
        fn ages_are_shown_in_order_and_never_longer_than_they_are(a in any_size(), b in any_size()) {
            let (a, b) = (a.min(b), a.max(b));
            let (shown_a, shown_b) = (said(&Age(a).to_string()), said(&Age(b).to_string()));
            prop_assert!(shown_a <= a && shown_a <= shown_b);
            prop_assert!(a < 60 || shown_a > a / 2);
        }

        #[test]
        fn ratios_are_shown_in_percent_whatever_they_are(x in any::<f64>(), small in -3.0..3.0_f64) {
            for ratio in [x, small, f64::NAN, f64::INFINITY, -0.0] {
                let shown = Ratio(ratio).to_string();
                prop_assert!(!shown.contains("NaN") && !shown.contains("inf"), "{shown}");
                if let Some(percent) = shown.strip_suffix('%') {
                    let percent: f64 = percent.parse().unwrap();
                    prop_assert!((percent - ratio * 100.0).abs() <= 0.5_f64.max((ratio * 1e-9).abs()), "{shown}");
                    prop_assert!(!shown.starts_with("-0%") && !shown.starts_with("-0.0"), "{shown}");
                } else {
                    prop_assert!(!ratio.is_finite() || ratio.abs() > 1e300, "{shown}");
                }
            }
        }

        #[test]
        fn moments_are_written_alike_and_in_order(a in any::<i64>(), b in 0..253_402_300_800_i64) {
            for moment in [a, b].map(Moment::from_unix) {
                let shown = moment.to_string();
                let digits: String = shown.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
                prop_assert_eq!(digits, "0000-00-00 00:00:00 UTC");
                prop_assert_eq!(format!("{} {}", moment.date(), moment.time()), &shown[..16]);
                prop_assert_eq!(moment.unix(), if moment == Moment::from_unix(a) { a } else { b });
            }
            let (one, other) = (Moment::from_unix(a), Moment::from_unix(b));
            prop_assert!(one.cmp(&other) == one.to_string().cmp(&other.to_string()) || !(0..253_402_300_800).contains(&a));
            prop_assert!(one.since(other) == Age(0) || other.since(one) == Age(0));
        }

        #[test]
        fn a_missing_value_is_never_shown_as_a_number(n in any::<u64>()) {
            let missing = [Why::NodeOffline, Why::NotReportedYet, Why::NotUnderstood].map(Reading::<u64>::Missing);
            for reading in missing {
                prop_assert!(reading.to_string().starts_with("not known: "));
                prop_assert!(reading != n && reading < Reading::Known(n));
            }
            prop_assert_eq!(Reading::Known(n).to_string(), n.to_string());
        }
    }

    #[test]
    fn bytes_read_as_a_person_compares_them() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (536_870_912, "512 MiB"),
            (1_610_612_736, "1.5 GiB"),
            (1_073_741_823, "1 GiB"),
            (10_522_669_875, "9.8 GiB"),
            (107_374_182_400, "100 GiB"),
            (u64::MAX, "16 EiB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), shown, "{bytes}");
        }
    }

    #[test]
    fn ages_read_as_a_person_says_them() {
        for (seconds, shown) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_600, "1 h"),
            (3_661, "1 h 1 min"),
            (90_000, "25 h"),
            (172_800, "2 days"),
        ] {
            assert_eq!(Age(seconds).to_string(), shown);
        }
    }

    #[test]
    fn a_missing_reading_is_neither_more_nor_less_than_any_value_but_sorts_lowest() {
        let missing = Reading::<u32>::Missing(Why::NodeOffline);
        assert_eq!(missing.partial_cmp(&0), None);
        assert_ne!(missing, 0);
        let mut readings = [Reading::Known(2), missing, Reading::Known(1)];
        readings.sort();
        assert_eq!(readings, [missing, Reading::Known(1), Reading::Known(2)]);
    }

    #[test]
    fn absurd_times_do_not_panic() {
        for seconds in [i64::MIN, -1, i64::MAX] {
            let _ = Moment::from_unix(seconds).to_string();
            assert_eq!(Moment::from_unix(seconds).date().len(), 10);
        }
        assert_eq!(Moment::from_unix(i64::MIN).since(Moment::from_unix(i64::MAX)), Age(0));
        assert_eq!(Moment::from_unix(5).since(Moment::from_unix(9)), Age(0));
    }
}
