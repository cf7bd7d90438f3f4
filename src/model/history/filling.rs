//! What follows from a trend: when something is full, or that it is not, or that it cannot be told.

use super::trend::{At, Trend, Unclear};
use crate::render::Points;
use crate::text::Text;
use crate::units::{Bytes, Moment, Ratio};

const TEN_YEARS: f64 = 3_652.0 * 86_400.0;
/// From here on it is as good as full.
pub(super) const FULL: Ratio = Ratio(0.9995);

/// What becomes of the space of a storage if things go on as they did. As far ahead as can be said is 24 times the time
/// that was looked back, a day for an hour, and at most ten years.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Filling {
    /// It is full.
    Full,
    /// It fills.
    Fills {
        /// When, at its usual pace.
        about: Moment,
        /// When, if it goes as fast as it now and then did.
        earliest: Moment,
        /// When, if it goes as slowly; `None` where that is too far ahead to be said.
        latest: Option<Moment>,
    },
    /// At its usual pace it does not fill as far ahead as can be said; as fast as it was at times, it is full within four
    /// times the time that was looked back.
    MayFill {
        /// When at the earliest.
        earliest: Moment,
    },
    /// At its usual pace it does not fill as far ahead as can be said, and it never went so fast that it is full soon.
    DoesNotFill,
    /// It cannot be told, for this reason.
    NotTold(Text),
}

/// The trend where there is one, and what follows.
pub(super) fn found(points: &Points, size: f64, nothing: &str) -> (Option<Trend>, Filling) {
    let known: Vec<At> = points.iter().filter_map(|(at, n)| Some((at.unix() as f64, (*n)?))).collect();
    let (Some((last, used)), Some((end, _))) = (known.last(), points.last()) else {
        return (None, Filling::NotTold(nothing.into()));
    };
    if *used >= size * FULL.0 {
        return (None, Filling::Full);
    }
    let first = points.first().map_or(0, |(at, _)| at.unix()) as f64;
    let (long, silent) = (end.unix() as f64 - first, end.unix() as f64 - last);
    if silent > long / 4.0 {
        return (None, Filling::NotTold(format!("nothing was recorded since {}", moment(*last)).into()));
    }
    match Trend::of(&known, size) {
        Ok(trend) => (Some(trend), filling(&trend, size)),
        Err(Unclear::TooFew(n)) => {
            let points = if n == 1 { "1 point was".into() } else { format!("{n} points were") };
            (None, Filling::NotTold(format!("only {points} recorded, too few for a trend").into()))
        }
        Err(Unclear::Jumped((at, by))) => {
            let why = format!("it jumped by {} about {}, and too little came after that", gain(by), moment(at).date());
            (None, Filling::NotTold(why.into()))
        }
    }
}

fn filling(trend: &Trend, size: f64) -> Filling {
    let within = |time: f64| move |at: &f64| at - trend.to < time;
    let [about, earliest, latest] = trend.reaches(size);
    let soon = earliest.filter(within(4.0 * (trend.to - trend.from))).map(moment);
    let [about, latest] = [about, latest].map(|at| at.filter(within(horizon(trend))).map(moment));
    match (about, soon) {
        (Some(about), _) => Filling::Fills { about, earliest: earliest.map_or(about, moment).min(about), latest },
        (None, Some(earliest)) => Filling::MayFill { earliest },
        (None, None) => Filling::DoesNotFill,
    }
}

/// How many seconds ahead something is said: an hour tells nothing of a month.
pub(super) fn horizon(trend: &Trend) -> f64 {
    (24.0 * (trend.to - trend.from)).min(TEN_YEARS)
}

pub(super) fn moment(seconds: f64) -> Moment {
    Moment::from_unix(seconds.round() as i64)
}

/// More or less of something, with its sign.
pub(super) fn gain(bytes: f64) -> String {
    let size = Bytes(bytes.abs().round() as u64);
    if size == Bytes(0) { size.to_string() } else { format!("{}{size}", if bytes < 0.0 { "-" } else { "+" }) }
}

/// How long it is until then, as roughly as it is known.
pub(super) fn ahead(seconds: i64) -> String {
    const HOUR: i64 = 3_600;
    let (unit, one, many) = match seconds / HOUR / 24 {
        ..2 => (HOUR, "hour", "hours"),
        2..21 => (24 * HOUR, "day", "days"),
        21..84 => (7 * 24 * HOUR, "week", "weeks"),
        84..700 => (730 * HOUR, "month", "months"),
        _ => (8_766 * HOUR, "year", "years"),
    };
    let n = (seconds.max(0) + unit / 2) / unit;
    format!("{n} {}", if n == 1 { one } else { many })
}
