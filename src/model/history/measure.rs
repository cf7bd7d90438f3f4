//! What can be told of a moment in one number, so that many things can be compared by it.

use super::point::{Point, series};
use crate::page::Sparkline;
use crate::render::{Points, Summary, Unit, sanitise, thinned};
use crate::units::Bytes;

/// What of a history is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Measure {
    /// CPU use, within all that it has.
    Cpu,
    /// Memory in use, within all that it has.
    Memory,
    /// Network traffic, both ways together.
    Network,
    /// Disk traffic, read and written together.
    Disk,
    /// Space in use, within all that there is.
    Space,
}

impl Measure {
    pub(super) const ALL: [Measure; 5] =
        [Measure::Cpu, Measure::Memory, Measure::Network, Measure::Disk, Measure::Space];

    pub(super) fn what(self) -> &'static str {
        match self {
            Measure::Cpu => "CPU",
            Measure::Memory => "Memory",
            Measure::Network => "Network",
            Measure::Disk => "Disks",
            Measure::Space => "Space",
        }
    }

    /// What is taken together in it.
    pub(super) fn together(self) -> &'static str {
        match self {
            Measure::Network => " (received and sent)",
            Measure::Disk => " (read and written)",
            _ => "",
        }
    }

    /// The same within a sentence.
    pub(super) fn word(self) -> &'static str {
        match self {
            Measure::Cpu => "CPU",
            Measure::Memory => "memory",
            Measure::Network => "network",
            Measure::Disk => "disks",
            Measure::Space => "space",
        }
    }

    pub(super) fn unit(self) -> Unit {
        match self {
            Measure::Cpu | Measure::Memory | Measure::Space => Unit::Ratio,
            Measure::Network | Measure::Disk => Unit::BytesPerSecond,
        }
    }

    fn number(self) -> fn(&Point) -> Option<f64> {
        fn part(some: Option<f64>, all: Option<f64>) -> Option<f64> {
            Some(some? / all.filter(|all| *all > 0.0)?)
        }
        match self {
            Measure::Cpu => |point| point.cpu,
            Measure::Memory => |point| part(point.mem, point.maxmem),
            Measure::Network => |point| Some(point.netin? + point.netout?),
            Measure::Disk => |point| Some(point.diskread? + point.diskwrite?),
            Measure::Space => |point| part(point.space_used(), point.space()),
        }
    }

    /// The whole of which its numbers are a part, in words.
    pub(super) fn whole(self, points: &[Point]) -> Option<String> {
        let last = |number: fn(&Point) -> Option<f64>| points.iter().rev().find_map(number);
        let bytes = match self {
            Measure::Memory => last(|point| point.maxmem),
            Measure::Space => last(Point::space),
            _ => None,
        }?;
        Some(Bytes(bytes as u64).to_string())
    }

    /// Its number at each moment; what cannot be is a gap.
    pub(super) fn points(self, points: &[Point]) -> Points {
        let mut points = series(points, self.number());
        sanitise(&mut points, self.unit());
        points
    }

    pub(super) fn line(self, points: &[Point]) -> Sparkline {
        let points = self.points(points);
        let summary = Summary::of(&points);
        line(&points, summary, self.unit())
    }
}

/// Where the scale of a space begins: at zero, unless all numbers are in its upper half.
pub(super) fn floor(points: &Points, size: f64) -> f64 {
    let lowest = points.iter().filter_map(|(_, number)| *number).fold(size, f64::min);
    if lowest > size / 2.0 { lowest - (size - lowest) * 0.2 } else { 0.0 }
}

/// A small line of these points, and what they amount to in words.
pub(super) fn line(points: &Points, summary: Option<Summary>, unit: Unit) -> Sparkline {
    const POINTS: usize = 40;
    let numbers: Vec<Option<f64>> = thinned(points, POINTS).into_iter().map(|(_, number)| number).collect();
    let words = summary.map_or_else(|| "nothing recorded".to_owned(), |summary| summary.brief(unit));
    let top = match unit {
        Unit::Ratio => 1.0,
        Unit::Bytes | Unit::BytesPerSecond => numbers.iter().flatten().copied().fold(0.0, f64::max),
    };
    Sparkline::new(numbers, top, words)
}
