//! How a guest, a node or a storage was loaded: the round-robin data that Proxmox VE keeps for an hour up to a year.

use std::fmt;

use crate::error::Error;
use crate::model::evidence::Evidence;
use crate::page::{Figure, Level, Page, Provenance, Sparkline};
use crate::render::{Chart, Series, Summary, Unit, View};
use crate::units::{Age, Bytes, Ratio};
use measure::Measure;
pub(crate) use source::Source;

mod before;
mod filling;
mod full;
mod many;
mod measure;
mod point;
mod source;
mod trend;

pub use before::Comparison;
pub use filling::Filling;
pub use full::FullWhen;
pub use many::{Histories, Whose};
pub use point::Point;
#[cfg(test)]
pub(crate) use point::typed;

/// How far back to look. A point is the average of its time; Proxmox VE 8 keeps fewer and longer ones than said here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    /// The last hour, a point a minute.
    Hour,
    /// The last day, a point a minute.
    Day,
    /// The last week, a point every half hour.
    Week,
    /// The last month, a point every half hour.
    Month,
    /// The last year, a point every six hours.
    Year,
}

impl Span {
    fn word(self) -> &'static str {
        match self {
            Span::Hour => "hour",
            Span::Day => "day",
            Span::Week => "week",
            Span::Month => "month",
            Span::Year => "year",
        }
    }

    fn seconds(self) -> i64 {
        const DAY: i64 = 86_400;
        match self {
            Span::Hour => 3_600,
            Span::Day => DAY,
            Span::Week => 7 * DAY,
            Span::Month => 30 * DAY,
            Span::Year => 365 * DAY,
        }
    }
}

/// One line of a chart: its name, and which number of a point it is.
type Named<'a> = (&'a str, fn(&Point) -> Option<f64>);

/// The load of a guest, a node or a storage over a span of time, from its `rrddata`.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let pve = Pve::demo()?;
/// let day = pve.guest("web-1")?.history(Span::Day)?;
/// assert!(day.cpu().words().text().contains("on average, at most"));
/// assert!(day.points().iter().any(|point| point.netin.is_some()));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct History {
    source: Source,
    span: Span,
    points: Vec<Point>,
    provenance: Provenance,
}

// The `Source` of this module is whose history is asked for.
impl crate::model::evidence::Source for History {
    fn evidence(&self) -> Evidence {
        Evidence::whole(self.provenance.clone())
    }
}

impl History {
    pub(crate) fn of(source: Source, span: Span) -> Result<History, Error> {
        let answer = source.ask(span.word())?;
        let points = point::all_in(&answer)?;
        let provenance = source.session.provenance([&answer], Some(&source.place));
        Ok(History { source, span, points, provenance })
    }

    /// Every moment, oldest first.
    pub fn points(&self) -> Vec<Point> {
        self.points.clone()
    }

    /// The most that a number of the points ever was; `None` where none is known.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let week = Pve::demo()?.guest("db-main")?.history(Span::Week)?;
    /// assert!(week.most(|point| point.cpu) >= week.average(|point| point.cpu));
    /// # Ok(()) }
    /// ```
    pub fn most(&self, number: impl Fn(&Point) -> Option<f64>) -> Option<f64> {
        self.points.iter().filter_map(number).filter(|number| number.is_finite()).reduce(f64::max)
    }

    /// What a number of the points was on average, of those that are known.
    pub fn average(&self, number: impl Fn(&Point) -> Option<f64>) -> Option<f64> {
        let known = self.points.iter().filter_map(number).filter(|number| number.is_finite());
        let (sum, n) = known.fold((0.0, 0_u32), |(sum, n), number| (sum + number, n + 1));
        (n > 0).then(|| sum / f64::from(n))
    }

    /// For how much of the time a number is known, between 0 and 1.
    pub fn coverage(&self, number: impl Fn(&Point) -> Option<f64>) -> Ratio {
        let known = self.points.iter().filter(|point| number(point).is_some_and(f64::is_finite)).count();
        Ratio(if self.points.is_empty() { 0.0 } else { known as f64 / self.points.len() as f64 })
    }

    /// CPU use as a chart; of a node also the part of it that waited for disks.
    pub fn cpu(&self) -> Figure {
        let all: [Named<'_>; 2] = [("used", |point| point.cpu), ("disk wait", |point| point.iowait)];
        let series = if self.has(|point| point.iowait) { &all[..] } else { &all[..1] };
        self.chart("CPU", Unit::Ratio, series, Some(("all of it", 1.0)))
    }

    /// Memory as a chart, with what there is drawn in.
    pub fn memory(&self) -> Figure {
        let limit = self.last(|point| point.maxmem).map(|limit| ("all of it", limit));
        self.chart("Memory", Unit::Bytes, &[("used", |point| point.mem)], limit)
    }

    /// Network traffic as a chart.
    pub fn network(&self) -> Figure {
        let series: [Named<'_>; 2] = [("received", |point| point.netin), ("sent", |point| point.netout)];
        self.chart("Network", Unit::BytesPerSecond, &series, None)
    }

    /// Disk traffic as a chart. Of nodes Proxmox VE keeps none; their pressure tells what waited for disks.
    pub fn disk(&self) -> Figure {
        let series: [Named<'_>; 2] = [("read", |point| point.diskread), ("written", |point| point.diskwrite)];
        self.chart("Disks", Unit::BytesPerSecond, &series, None)
    }

    /// The part of the time spent waiting as a chart: for a CPU, for disks, for memory.
    pub fn pressure(&self) -> Figure {
        let series: [Named<'_>; 3] = [
            ("for a CPU", |point| point.pressurecpusome.map(|percent| percent / 100.0)),
            ("for disks", |point| point.pressureiosome.map(|percent| percent / 100.0)),
            ("for memory", |point| point.pressurememorysome.map(|percent| percent / 100.0)),
        ];
        self.chart("Time spent waiting", Unit::Ratio, &series, None)
    }

    /// The space of a storage, of a node's root file system or of a container's root disk as a chart, with what there is
    /// drawn in. What a virtual machine has used of its disks is known only inside it.
    pub fn space(&self) -> Figure {
        let limit = self.last(Point::space).map(|limit| ("all of it", limit));
        self.chart(self.source.space, Unit::Bytes, &[("used", Point::space_used)], limit)
    }

    /// CPU use as a small line for the cell of a table, with its words.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let line = Pve::demo()?.node("pve1")?.history(Span::Day)?.cpu_line();
    /// assert!(Cell::from(line).to_string().contains("% on average, at most "));
    /// # Ok(()) }
    /// ```
    pub fn cpu_line(&self) -> Sparkline {
        Measure::Cpu.line(&self.points)
    }

    /// Memory in use within what there is as a small line.
    pub fn memory_line(&self) -> Sparkline {
        Measure::Memory.line(&self.points)
    }

    /// Network traffic, both ways together, as a small line.
    pub fn network_line(&self) -> Sparkline {
        Measure::Network.line(&self.points)
    }

    /// Disk traffic, read and written together, as a small line.
    pub fn disk_line(&self) -> Sparkline {
        Measure::Disk.line(&self.points)
    }

    /// Space in use within what there is, as [`space`](History::space) has it, as a small line.
    pub fn space_line(&self) -> Sparkline {
        Measure::Space.line(&self.points)
    }

    fn has(&self, number: fn(&Point) -> Option<f64>) -> bool {
        self.points.iter().any(|point| number(point).is_some())
    }

    fn last(&self, number: fn(&Point) -> Option<f64>) -> Option<f64> {
        self.points.iter().rev().find_map(number)
    }

    fn chart(&self, what: &str, unit: Unit, series: &[Named<'_>], limit: Option<(&str, f64)>) -> Figure {
        let series = series.iter().map(|(name, number)| Series::new(*name, point::series(&self.points, *number)));
        let title = format!("{what} of {}, last {}", self.source.called.raw(), self.span.word());
        let chart = Chart::new(title, unit, series.collect());
        Chart { limit: limit.map(|(name, value)| (name.into(), value)), ..chart }.figure()
    }

    /// The code that gives this history, or that of another span.
    fn code(&self, span: Span) -> String {
        format!("{}.history(Span::{span:?})?", self.source.code)
    }

    /// What it comes to, in a sentence.
    fn answer(&self) -> (String, String) {
        let of = |measure: Measure| Summary::of(&measure.points(&self.points));
        if let Some(space) = of(Measure::Space).filter(|_| self.is_storage()) {
            let now = self.last(Point::space_used).zip(self.last(Point::space)).map(|(used, all)| (used / all, all));
            let (ratio, all) = now.unwrap_or((space.highest, 0.0));
            let first = self.points.iter().find_map(|point| point.space_used().zip(point.space()));
            let before =
                first.map(|(used, all)| format!(", {} when this began", Ratio(used / all))).unwrap_or_default();
            return (format!("{} full", Ratio(ratio)), format!(" of {}{before}.", Bytes(all as u64)));
        }
        let cpu = of(Measure::Cpu).map(|cpu| format!("CPU {}", cpu.brief(Unit::Ratio)));
        let all = self.last(|point| point.maxmem).map(|all| format!(" of {}", Bytes(all as u64))).unwrap_or_default();
        let memory = of(Measure::Memory).map(|memory| format!("; memory {}{all}", memory.brief(Unit::Ratio)));
        (cpu.unwrap_or_else(|| "Its CPU use is not known".into()), memory.unwrap_or_default() + ".")
    }

    fn is_storage(&self) -> bool {
        self.source.kind.is_some()
    }

    /// What the points are averages of, where shorter peaks do not show.
    fn coarseness(&self) -> Option<String> {
        let apart = apart(&self.points).filter(|seconds| *seconds >= 300)?;
        Some(format!("Each point is the average of {}: a shorter peak shows lower than it was.", Age(apart)))
    }
}

/// How many seconds most points are apart.
fn apart(points: &[Point]) -> Option<u64> {
    let mut apart: Vec<u64> = points.windows(2).map(|pair| pair[1].at().since(pair[0].at()).0).collect();
    apart.sort_unstable();
    apart.get(apart.len() / 2).copied()
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "History({}, last {}: {} points)", self.source.called, self.span.word(), self.points.len())
    }
}

impl View for History {
    fn page(&self) -> Page {
        let page = Page::new(format!("{} over the last {}", self.source.called.raw(), self.span.word()));
        let (fact, rest) = self.answer();
        if self.is_storage() {
            let page = page.question("How full was it, and how fast does it fill?");
            if !self.has(Point::space_used) {
                let words = "Nothing was recorded in this time: it was not active, or is too new.";
                return page.note(Level::Info, words).provenance(self.provenance.clone());
            }
            return page
                .answer(fact, rest)
                .figure(self.space())
                .code(format!("{}.full_when()", self.code(Span::Month)))
                .provenance(self.provenance.clone());
        }
        let page = page.question("How loaded was it, and is there room?");
        if !self.has(|point| point.cpu) && !self.has(|point| point.mem) {
            let words = "Nothing was recorded in this time: it was off, or is too new.";
            return page.note(Level::Info, words).provenance(self.provenance.clone());
        }
        let page = page.answer(fact, rest).figure(self.cpu()).figure(self.memory());
        let waited = |point: &Point| {
            let parts = [point.pressurecpusome, point.pressureiosome, point.pressurememorysome];
            parts.into_iter().flatten().any(|percent| percent >= 10.0)
        };
        let parts = [
            self.has(|point| point.netin).then(|| self.network()),
            self.has(|point| point.diskread).then(|| self.disk()),
            self.has(Point::space_used).then(|| self.space()),
            self.points.iter().any(waited).then(|| self.pressure()),
        ];
        let page = parts.into_iter().flatten().fold(page, Page::figure);
        let page = self.coarseness().into_iter().fold(page, Page::paragraph);
        page.code(format!("{}.against_before()?", self.code(self.span))).provenance(self.provenance.clone())
    }
}

#[cfg(test)]
mod tests;
