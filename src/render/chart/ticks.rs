//! Where an axis of time is marked: at round moments in UTC, as many as have room. Knows no time zone and no drawing.

use crate::units::Moment;

/// Round moments of a span, and how to say each.
pub(crate) fn ticks(from: i64, to: i64) -> Vec<(i64, String)> {
    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;
    const STEPS: [i64; 11] = [300, 600, 900, 1_800, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 7 * DAY];
    let Some(step) = STEPS.into_iter().find(|step| (to - from) / step <= 9) else { return months(from, to) };
    // Weeks begin on Mondays; 1970 began on a Thursday.
    let offset = if step == 7 * DAY { 4 * DAY } else { 0 };
    let first = from + (offset - from).rem_euclid(step);
    let said =
        |at: Moment| if step < DAY && at.unix().rem_euclid(DAY) > 0 { at.time() } else { at.date()[5..].to_owned() };
    let each = (first..=to).step_by(usize::try_from(step).unwrap_or(1));
    each.map(|at| (at, said(Moment::from_unix(at)))).collect()
}

/// The same for the beginnings of months, or of every so many of them; of an absurd span its ends alone.
fn months(from: i64, to: i64) -> Vec<(i64, String)> {
    const DAY: i64 = 24 * 3_600;
    const MOST: i64 = 20 * 366;
    if to.saturating_sub(from) / DAY > MOST {
        return [from, to].map(|at| (at, Moment::from_unix(at).date())).into();
    }
    let midnights = (from + (-from).rem_euclid(DAY)..=to).step_by(24 * 3_600);
    let firsts: Vec<(i64, String)> = midnights
        .map(|at| (at, Moment::from_unix(at).date()))
        .filter(|(_, date)| date.ends_with("-01"))
        .map(|(at, date)| (at, date[..7].to_owned()))
        .collect();
    let every = firsts.len().div_ceil(12).max(1);
    firsts.into_iter().step_by(every).collect()
}
