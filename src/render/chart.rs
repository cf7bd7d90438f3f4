//! Line charts of numbers over time: small SVGs, and the same in words.
//!
//! Knows nothing of what is measured. A point without a number is a gap; that a point itself is absent, it does not see.

use std::ops::Range;

use crate::page::{Cell, Figure, Page};
use crate::text::Text;
use crate::units::{Age, Bytes, Moment, Ratio};
pub(crate) use multiples::{Multiples, Small};
use scale::scale;
pub(crate) use summary::{Points, Summary, thinned};
use summary::{missing, pace};

mod drawing;
mod letters;
mod multiples;
mod plot;
mod scale;
mod summary;
pub(crate) mod ticks;

/// The years 1970 to 9999: another time is a mistake as well.
const CALENDAR: Range<i64> = 0..253_402_300_800;

/// What the numbers are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unit {
    Ratio,
    Bytes,
    BytesPerSecond,
}

impl Unit {
    /// Whether a number can have been measured: what is more than any machine has is a mistake of who sent it.
    fn is_sane(self, number: f64) -> bool {
        let most = match self {
            Unit::Ratio => 1e4,
            Unit::Bytes | Unit::BytesPerSecond => 1e18,
        };
        (0.0..=most).contains(&number)
    }

    /// A number as a person reads it.
    pub(crate) fn say(self, number: f64) -> String {
        match self {
            Unit::Ratio => Ratio(number).to_string(),
            Unit::Bytes => Bytes(number as u64).to_string(),
            Unit::BytesPerSecond => format!("{}/s", Bytes(number as u64)),
        }
    }
}

/// A name, and a number or a gap for each moment.
#[derive(Clone)]
pub(crate) struct Series {
    pub(crate) name: Text,
    pub(crate) points: Points,
    pub(crate) line: Line,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Line {
    /// As it was measured.
    Solid,
    /// For comparison: thin and dashed, drawn so many seconds later than it was.
    Before(i64),
    /// Where it tends to: dashed, not measured.
    Trend,
}

impl Series {
    /// What was measured.
    pub(crate) fn new(name: impl Into<Text>, points: Points) -> Series {
        Series { name: name.into(), points, line: Line::Solid }
    }

    /// How much later than it was it is drawn.
    fn shift(&self) -> i64 {
        match self.line {
            Line::Before(seconds) => seconds,
            Line::Solid | Line::Trend => 0,
        }
    }
}

/// Between what and what the numbers to come may lie.
pub(crate) type Fan = Vec<(Moment, f64, f64)>;

/// What is to be drawn. The scale ends at the limit where there is one.
pub(crate) struct Chart {
    pub(crate) title: Text,
    pub(crate) unit: Unit,
    pub(crate) series: Vec<Series>,
    pub(crate) limit: Option<(Text, f64)>,
    /// Where the scale begins: at zero, unless what matters is close to the limit.
    pub(crate) floor: f64,
    pub(crate) fan: Fan,
    /// What it shows, where that is more than what its numbers amount to.
    pub(crate) answer: Option<String>,
    /// What is to be said of it besides.
    pub(crate) remarks: Vec<(Text, String)>,
}

impl Chart {
    /// A chart of what was measured, from zero.
    pub(crate) fn new(title: impl Into<Text>, unit: Unit, series: Vec<Series>) -> Chart {
        let (title, fan, remarks) = (title.into(), Vec::new(), Vec::new());
        Chart { title, unit, series, limit: None, floor: 0.0, fan, answer: None, remarks }
    }

    /// The chart as a drawing and in words.
    pub(crate) fn figure(mut self) -> Figure {
        self.drop_mistakes();
        let svg = self.svg();
        let words = self.words();
        Figure::new(self.title, svg, words)
    }

    /// Numbers that cannot be become gaps, and times that cannot be are left out.
    fn drop_mistakes(&mut self) {
        let unit = self.unit;
        self.limit = self.limit.take().filter(|(_, limit)| *limit > 0.0 && unit.is_sane(*limit));
        self.floor = if unit.is_sane(self.floor) { self.floor } else { 0.0 };
        self.fan.retain(|(at, low, high)| CALENDAR.contains(&at.unix()) && unit.is_sane(*low) && unit.is_sane(*high));
        self.series.iter_mut().for_each(|series| sanitise(&mut series.points, unit));
    }

    /// What the numbers amount to; nothing where there are none.
    fn fact(&self) -> Option<String> {
        let said = self.measured().map(|series| (&series.name, Summary::of(&series.points)));
        match said.collect::<Vec<_>>().as_slice() {
            [(_, one)] => one.as_ref().map(|one| one.brief(self.unit)),
            all if all.iter().all(|(_, summary)| summary.is_none()) => None,
            all => {
                let each = all.iter().map(|(name, summary)| match summary {
                    Some(summary) => format!("{name} {}", summary.brief(self.unit)),
                    None => format!("{name} not recorded"),
                });
                Some(each.collect::<Vec<_>>().join("; "))
            }
        }
    }

    fn measured(&self) -> impl Iterator<Item = &Series> {
        self.series.iter().filter(|series| series.line != Line::Trend)
    }

    fn words(&self) -> Page {
        let title = &self.title;
        let Some(fact) = self.fact() else {
            return Page::new("").answer(format!("{title}: nothing was recorded"), " in this time.");
        };
        let limit = self.limit.as_ref().map(|(_, limit)| self.unit.say(*limit));
        let of_limit = limit.as_ref().map(|limit| format!(", of a limit of {limit}")).unwrap_or_default();
        let said: Vec<_> = self.measured().map(|series| Summary::of(&series.points)).collect();
        let at = match said.as_slice() {
            [Some(one)] => format!(" (at {})", one.highest_at),
            _ => String::new(),
        };
        let (fact, rest) = match &self.answer {
            Some(answer) => (answer.trim_end_matches('.'), ".".to_owned()),
            None => (fact.as_str(), format!("{at}{of_limit}.")),
        };
        let page = Page::new("").answer(format!("{title}: {fact}"), rest);
        let rows = self.measured().zip(&said).map(|(series, summary)| {
            let of_points = missing(&series.points);
            let row = match summary {
                Some(it) => format!(
                    "lowest {}, average {}, highest {} at {}; {of_points}",
                    self.unit.say(it.lowest),
                    self.unit.say(it.average),
                    self.unit.say(it.highest),
                    it.highest_at
                ),
                None => of_points,
            };
            (series.name.clone(), Cell::from(row))
        });
        let limit = self.limit.iter().zip(limit).map(|((name, _), limit)| (name.clone(), Cell::from(limit)));
        let remarks = self.remarks.iter().map(|(name, words)| (name.clone(), Cell::from(words.as_str())));
        let floor = (self.floor > 0.0).then(|| {
            let (floor, ..) = self.scale();
            ("Scale".into(), Cell::from(format!("begins at {}", self.unit.say(floor))))
        });
        page.facts(rows.chain(limit).chain(remarks).chain(floor).chain(self.times()))
    }

    /// Where the scale begins and ends, and how far its marks are apart.
    fn scale(&self) -> (f64, f64, f64) {
        let numbers = self.series.iter().flat_map(|series| series.points.iter().filter_map(|(_, number)| *number));
        let highest = numbers.fold(0.0, f64::max);
        scale(self.unit, self.floor, highest, self.limit.as_ref().map(|(_, limit)| *limit))
    }

    /// From when to when, and how fine.
    fn times(&self) -> Vec<(Text, Cell)> {
        let apart = self.measured().find_map(|series| pace(&series.points));
        let apart = apart.map(|seconds| format!(", a point every {}", Age(seconds))).unwrap_or_default();
        let each = self.series.iter().map(|series| series.points.len().div_ceil(drawing::MOST)).max().unwrap_or(1);
        let drawn = if each > 1 { format!("; drawn as averages of {each} points") } else { String::new() };
        let ends = |points: &Points| {
            let moments = || points.iter().map(|(at, _)| *at);
            moments().min().zip(moments().max()).map(|(first, last)| format!("{first} to {last}"))
        };
        let main: Points =
            self.measured().filter(|series| series.shift() == 0).flat_map(|s| s.points.clone()).collect();
        let mut times = Vec::new();
        times.extend(ends(&main).map(|ends| ("Time".into(), Cell::from(format!("{ends}{apart}{drawn}")))));
        for series in self.measured().filter(|series| series.shift() != 0) {
            let over = ends(&series.points).map(|ends| format!("{ends}, drawn over the same scale of time"));
            times.extend(over.map(|over| (format!("Time of {}", series.name.raw()).into(), Cell::from(over))));
        }
        times
    }
}

/// Numbers that cannot be become gaps, times that cannot be are left out, and all is put in order.
pub(crate) fn sanitise(points: &mut Points, unit: Unit) {
    points.retain(|(at, _)| CALENDAR.contains(&at.unix()));
    points.sort_by_key(|(at, _)| *at);
    points.iter_mut().for_each(|(_, number)| *number = number.filter(|number| unit.is_sane(*number)));
}

#[cfg(test)]
mod tests;
