//! What many numbers amount to, and fewer of them that show the same.

use super::Unit;
use crate::units::Moment;

/// A number or a gap for each moment.
pub(crate) type Points = Vec<(Moment, Option<f64>)>;

/// What a series amounts to, from every point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) lowest: f64,
    pub(crate) average: f64,
    pub(crate) highest: f64,
    pub(crate) highest_at: Moment,
}

impl Summary {
    pub(crate) fn of(points: &[(Moment, Option<f64>)]) -> Option<Summary> {
        let known = || points.iter().filter_map(|(at, number)| number.map(|number| (*at, number)));
        let (highest_at, highest) = known().reduce(|best, it| if it.1 > best.1 { it } else { best })?;
        let lowest = known().map(|(_, number)| number).fold(highest, f64::min);
        let average = known().map(|(_, number)| number).sum::<f64>() / known().count() as f64;
        Some(Summary { lowest, average, highest, highest_at })
    }

    pub(crate) fn brief(&self, unit: Unit) -> String {
        format!("{} on average, at most {}", unit.say(self.average), unit.say(self.highest))
    }
}

/// How many points have no number.
pub(super) fn missing(points: &[(Moment, Option<f64>)]) -> String {
    match points.iter().filter(|(_, number)| number.is_none()).count() {
        0 if points.len() == 1 => "1 point".into(),
        0 => format!("{} points, none missing", points.len()),
        gaps => format!("{gaps} of {} points missing", points.len()),
    }
}

/// How many seconds most points are apart.
pub(super) fn pace(points: &[(Moment, Option<f64>)]) -> Option<u64> {
    let mut apart: Vec<u64> = points.windows(2).map(|pair| pair[1].0.since(pair[0].0).0).collect();
    apart.sort_unstable();
    apart.get(apart.len() / 2).copied().filter(|seconds| *seconds > 0)
}

/// At most so many points, as averages of neighbours; where fewer than half of them are known, a gap.
pub(crate) fn thinned(points: &[(Moment, Option<f64>)], most: usize) -> Points {
    let average = |bucket: &[(Moment, Option<f64>)]| {
        let first = bucket.first().map_or(0, |(at, _)| at.unix());
        let later: i64 = bucket.iter().map(|(at, _)| at.unix() - first).sum();
        let at = first + later / i64::try_from(bucket.len()).unwrap_or(1);
        let known: Vec<f64> = bucket.iter().filter_map(|(_, number)| *number).collect();
        let enough = !known.is_empty() && known.len() * 2 >= bucket.len();
        (Moment::from_unix(at), enough.then(|| known.iter().sum::<f64>() / known.len() as f64))
    };
    points.chunks(points.len().div_ceil(most).max(1)).map(average).collect()
}
