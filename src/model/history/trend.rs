//! Where a row of numbers tends to, and how sure that is. Knows seconds and numbers, and nothing of storages.
//!
//! The pace is the median of the slopes between any two stretches of time that are far enough apart (Theil and Sen): a
//! few wild numbers do not move it. Its range is the middle nine tenths of those slopes. That is wider than the error of
//! the median would be, on purpose: what fills a storage today fills it tomorrow as well, so its numbers are not
//! independent.

/// Into so many stretches of equal length time is divided; each counts as one number, its median.
const STRETCHES: usize = 30;
/// Below that, nothing is concluded.
const FEWEST: usize = 6;
const FEWEST_POINTS: usize = 12;
/// Stretches count as far enough apart from this part of the whole time on: what is closer tells of noise.
const APART: f64 = 0.2;
/// More jumps than that are how it goes, and no exception.
const FEW_JUMPS: usize = 2;

/// A number at a time in seconds.
pub(super) type At = (f64, f64);

/// A straight line through numbers, and the range around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Trend {
    /// When the numbers that count begin and end.
    pub(super) from: f64,
    pub(super) to: f64,
    /// The number at the end, and what it may as well be.
    pub(super) level: f64,
    pub(super) levels: (f64, f64),
    /// How much it gains in a second, and how much it may gain as well.
    pub(super) pace: f64,
    pub(super) paces: (f64, f64),
    /// When it jumped, and by how much: only what came after counts.
    pub(super) jump: Option<At>,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unclear {
    /// So many numbers are too few.
    TooFew(usize),
    /// It jumped too lately.
    Jumped(At),
}

impl Trend {
    /// The trend of these numbers, oldest first, of something of this size.
    pub(super) fn of(points: &[At], size: f64) -> Result<Trend, Unclear> {
        let stretches = stretches(points);
        if points.len() < FEWEST_POINTS || stretches.len() < FEWEST {
            return Err(Unclear::TooFew(points.len()));
        }
        let jumps = jumps(&stretches, size);
        let (since, jump) = match jumps.last() {
            Some((first_after, jump)) if jumps.len() <= FEW_JUMPS => (*first_after, Some(*jump)),
            _ => (0, None),
        };
        match (&stretches[since..], jump) {
            (rest, Some(jump)) if rest.len() < FEWEST => Err(Unclear::Jumped(jump)),
            (rest, jump) => Ok(Trend::through(rest, points.last().map_or(0.0, |(at, _)| *at), jump)),
        }
    }

    fn through(stretches: &[At], to: f64, jump: Option<At>) -> Trend {
        let long = stretches.last().map_or(0.0, |(last, _)| last - stretches[0].0);
        let far = move |one: At| move |later: &&At| later.0 - one.0 >= APART * long;
        let each =
            |n: usize| stretches[n + 1..].iter().filter(far(stretches[n])).map(move |to| slope(stretches[n], *to));
        let slopes = sorted((0..stretches.len()).flat_map(each).collect());
        let pace = part(&slopes, 0.5);
        let ends = sorted(stretches.iter().map(|(at, number)| number + pace * (to - at)).collect());
        let middle = part(&ends, 0.5);
        // Where it stands is known; what it swings around that is what its line is off elsewhere.
        let level = stretches.last().map_or(middle, |(at, number)| number + pace * (to - at));
        Trend {
            from: stretches.first().map_or(to, |(at, _)| *at),
            to,
            level,
            levels: (level + part(&ends, 0.1) - middle, level + part(&ends, 0.9) - middle),
            pace,
            paces: (part(&slopes, 0.05), part(&slopes, 0.95)),
            jump,
        }
    }

    /// The number at a time, by the trend.
    pub(super) fn at(&self, time: f64) -> f64 {
        self.level + self.pace * (time - self.to)
    }

    /// The least and the most that it may be at a later time.
    pub(super) fn between(&self, time: f64) -> (f64, f64) {
        let later = time - self.to;
        (self.levels.0 + self.paces.0 * later, self.levels.1 + self.paces.1 * later)
    }

    /// When it reaches a limit: by the trend, at the earliest, at the latest. None of them where it does not.
    pub(super) fn reaches(&self, limit: f64) -> [Option<f64>; 3] {
        let when = |level: f64, pace: f64| match limit - level {
            left if left <= 0.0 => Some(self.to),
            left => (pace > 0.0).then(|| self.to + left / pace),
        };
        [when(self.level, self.pace), when(self.levels.1, self.paces.1), when(self.levels.0, self.paces.0)]
    }
}

/// The median of each stretch of time that has numbers; of several, the one in the middle, with its own time.
fn stretches(points: &[At]) -> Vec<At> {
    let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else { return Vec::new() };
    let long = (last - first) / STRETCHES as f64;
    if long <= 0.0 {
        return Vec::new();
    }
    let of = |(at, _): &At| (((at - first) / long) as usize).min(STRETCHES - 1);
    points
        .chunk_by(|one, next| of(one) == of(next))
        .map(|stretch| {
            let mut stretch = stretch.to_vec();
            stretch.sort_by(|(_, one), (_, other)| one.total_cmp(other));
            stretch[stretch.len() / 2]
        })
        .collect()
}

/// Where it changed at once by far more than at other times, and by a part of its size that matters: the first stretch
/// after it, its time, and by how much.
fn jumps(stretches: &[At], size: f64) -> Vec<(usize, At)> {
    let pairs = || stretches.windows(2).map(|pair| (pair[0], pair[1]));
    let usual = part(&sorted(pairs().map(|(one, next)| slope(one, next)).collect()), 0.5);
    let off: Vec<f64> = pairs().map(|((at, number), (next, then))| then - number - usual * (next - at)).collect();
    let spread = part(&sorted(off.iter().map(|off| off.abs()).collect()), 0.5);
    let far = (10.0 * spread).max(size * 0.02);
    let jumps = off.iter().enumerate().filter(|(_, off)| off.abs() > far);
    jumps.map(|(n, off)| (n + 1, (stretches[n + 1].0, *off))).collect()
}

fn slope((at, number): At, (later, then): At) -> f64 {
    (then - number) / (later - at)
}

fn sorted(mut numbers: Vec<f64>) -> Vec<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers
}

/// The number below which this part of them lies.
fn part(sorted: &[f64], part: f64) -> f64 {
    let place = part * sorted.len().saturating_sub(1) as f64;
    let (below, above) = (place.floor(), place.ceil());
    match (sorted.get(below as usize), sorted.get(above as usize)) {
        (Some(low), Some(high)) => low + (high - low) * (place - below),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: f64 = 86_400.0;
    const HALF_HOUR: f64 = 1_800.0;

    /// A month of numbers, two an hour, by the day.
    fn month(number: impl Fn(f64) -> f64) -> Vec<At> {
        (0..1_440).map(|n| f64::from(n) * HALF_HOUR).map(|at| (at, number(at / DAY))).collect()
    }

    /// A number between -1 and 1 that only looks random.
    fn noise(seed: u64, n: u64) -> f64 {
        let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ n.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 30)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    proptest! {
        #[test]
        fn a_perfect_line_has_its_exact_date(begins in 0.0..900.0_f64, gains in 0.05..20.0_f64, gaps in any::<u64>()) {
            // With holes in it, which are no matter.
            let points: Vec<At> = month(|day| begins + gains * day)
                .into_iter().enumerate().filter(|(n, _)| noise(gaps, *n as u64 / 40) > -0.3).map(|(_, at)| at).collect();
            let trend = Trend::of(&points, 10_000.0).unwrap();
            let full = (10_000.0 - begins) / gains * DAY;
            for when in trend.reaches(10_000.0) {
                let off = (when.unwrap() - full).abs();
                prop_assert!(off < 1e-6 * full, "{off} s off {full}");
            }
        }

        #[test]
        fn what_is_constant_or_shrinks_reaches_nothing(begins in 500.0..900.0_f64, loses in 0.0..10.0_f64) {
            let trend = Trend::of(&month(|day| begins - loses * day), 1_000.0).unwrap();
            prop_assert_eq!(trend.reaches(1_000.0), [None; 3]);
        }

        #[test]
        fn whatever_comes_nothing_breaks(numbers in prop::collection::vec(any::<f64>(), 0..60), size in any::<f64>()) {
            let points: Vec<At> = numbers.iter().enumerate().map(|(n, number)| (n as f64 * 60.0, *number)).collect();
            if let Ok(trend) = Trend::of(&points, size) {
                trend.reaches(size);
                trend.between(trend.to + 1e9);
            }
        }
    }

    /// Of a hundred months with noise of this kind, how many have the true date in their range.
    fn right(noisy: impl Fn(u64) -> Vec<At>, full: f64) -> usize {
        let holds = |seed: &u64| {
            let [_, earliest, latest] = Trend::of(&noisy(*seed), 1_000.0).unwrap().reaches(1_000.0);
            earliest.is_some_and(|at| at <= full) && latest.is_none_or(|at| at >= full)
        };
        (0..100).filter(holds).count()
    }

    #[test]
    fn noise_keeps_the_true_date_in_the_range() {
        // Independent from point to point, and from day to day.
        let quick = |seed| month(|day| 600.0 + 5.0 * day + 40.0 * noise(seed, (day * 48.0) as u64));
        let slow = |seed| month(|day| 600.0 + 5.0 * day + 40.0 * noise(seed, day as u64));
        assert!(right(quick, 80.0 * DAY) >= 95, "{}", right(quick, 80.0 * DAY));
        assert!(right(slow, 80.0 * DAY) >= 95, "{}", right(slow, 80.0 * DAY));
    }

    #[test]
    fn steps_that_add_up_keep_the_pace_in_the_range() {
        // Each day gains between 0 and 10: the level wanders, and only the pace is the truth.
        let walk = |seed: u64| month(|day| 600.0 + (0..day as u64).map(|n| 5.0 + 5.0 * noise(seed, n)).sum::<f64>());
        let holds = |seed: &u64| {
            let (slowest, fastest) = Trend::of(&walk(*seed), 10_000.0).unwrap().paces;
            (slowest..=fastest).contains(&(5.0 / DAY))
        };
        assert!((0..100).filter(holds).count() >= 80, "{}", (0..100).filter(holds).count());
    }

    #[test]
    fn a_few_wild_numbers_do_not_move_it() {
        let wild = month(|day| if (10.0..11.5).contains(&day) { 0.0 } else { 500.0 + day });
        let quiet = month(|day| 500.0 + day);
        let of = |points: &[At]| Trend::of(points, 1e9).unwrap().pace * DAY;
        assert!((of(&wild) - of(&quiet)).abs() < 0.02, "{} and {}", of(&wild), of(&quiet));
    }

    #[test]
    fn after_a_jump_only_what_came_later_counts() {
        let cleared = month(|day| if day < 12.0 { 800.0 + day } else { 400.0 + 2.0 * (day - 12.0) });
        let trend = Trend::of(&cleared, 1_000.0).unwrap();
        assert!((trend.pace * DAY - 2.0).abs() < 1e-9, "{trend:?}");
        let (at, by) = trend.jump.unwrap();
        assert!((11.5..13.5).contains(&(at / DAY)) && (-420.0..-400.0).contains(&by), "{trend:?}");
        let just_now = month(|day| if day < 27.0 { 500.0 } else { 700.0 });
        assert!(matches!(Trend::of(&just_now, 1_000.0), Err(Unclear::Jumped(_))));
    }

    #[test]
    fn what_goes_up_and_down_every_week_is_not_taken_for_jumps() {
        let pruned = month(|day| 500.0 + 10.0 * (day % 7.0) + day);
        let trend = Trend::of(&pruned, 1_000.0).unwrap();
        assert_eq!(trend.jump, None);
        assert!(trend.paces.0 * DAY <= 1.0 && trend.paces.1 * DAY >= 1.0, "{trend:?}");
    }

    #[test]
    fn few_points_are_too_few() {
        assert_eq!(Trend::of(&[], 1.0), Err(Unclear::TooFew(0)));
        assert_eq!(Trend::of(&month(|day| day)[..11], 1.0), Err(Unclear::TooFew(11)));
        assert_eq!(Trend::of(&[(5.0, 1.0); 40], 1.0), Err(Unclear::TooFew(40)));
    }
}
