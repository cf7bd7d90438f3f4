//! A span of time against the one before it: both from the same points, so that they can be compared.

use std::fmt;

use super::measure::{Measure, floor};
use super::point::{self, Point};
use super::{History, Source, Span, apart};
use crate::error::Error;
use crate::page::{Cell, Figure, Grid, Level, Page, Provenance};
use crate::render::{Chart, Line, Series, Summary, Unit, View};
use crate::text::Text;
use crate::units::{Age, Bytes};

/// A span of time and the one before it, as [`History::against_before`] reads them.
#[derive(Clone)]
pub struct Comparison {
    source: Source,
    span: Span,
    now: Vec<Point>,
    before: Vec<Point>,
    provenance: Provenance,
}

impl Span {
    /// What is asked for to have twice as much.
    fn longer(self) -> &'static str {
        match self {
            Span::Hour => "day",
            Span::Day => "week",
            Span::Week => "month",
            Span::Month => "year",
            Span::Year => "decade",
        }
    }
}

impl History {
    /// This span of time against the one before: the last day against the day before. Proxmox VE keeps what is longer ago
    /// in coarser points, so both are read anew from the points of the next longer span, which the page tells.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let days = Pve::demo()?.guest("web-1")?.history(Span::Day)?.against_before()?;
    /// assert!(days.page().text().contains("day before"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the longer span cannot be read; for a year that needs Proxmox VE 9.
    pub fn against_before(&self) -> Result<Comparison, Error> {
        let answer = self.source.ask(self.span.longer()).map_err(|error| match error {
            Error::Parameters { .. } if matches!(self.span, Span::Year) => Error::not_found(
                "This version of Proxmox VE keeps nothing that is older than a year",
                "history(Span::Month)?.against_before()? compares the last month with the one before",
            ),
            error => error,
        })?;
        let points = point::all_in(&answer)?;
        let end = points.last().map_or(0, |point| point.at().unix());
        let ago = |point: &Point| end.saturating_sub(point.at().unix()).div_euclid(self.span.seconds());
        let those = |wanted: i64| points.iter().filter(|point| ago(point) == wanted).cloned().collect();
        Ok(Comparison {
            source: self.source.clone(),
            span: self.span,
            now: those(0),
            before: those(1),
            provenance: self.source.session.provenance([&answer], Some(&self.source.place)),
        })
    }
}

impl Comparison {
    /// CPU use, then and now.
    pub fn cpu(&self) -> Figure {
        self.chart(Measure::Cpu)
    }

    /// Memory in use within what there is, then and now.
    pub fn memory(&self) -> Figure {
        self.chart(Measure::Memory)
    }

    /// Network traffic, both ways together, then and now.
    pub fn network(&self) -> Figure {
        self.chart(Measure::Network)
    }

    /// Disk traffic, read and written together, then and now.
    pub fn disk(&self) -> Figure {
        self.chart(Measure::Disk)
    }

    /// Space in use within what there is, then and now.
    pub fn space(&self) -> Figure {
        self.chart(Measure::Space)
    }

    /// `last day` and `day before`.
    fn names(&self) -> [String; 2] {
        [format!("last {}", self.span.word()), format!("{} before", self.span.word())]
    }

    fn summaries(&self, measure: Measure) -> [Option<Summary>; 2] {
        [&self.now, &self.before].map(|points| Summary::of(&measure.points(points)))
    }

    fn chart(&self, measure: Measure) -> Figure {
        let [now, before] = self.names();
        let earlier = Line::Before(self.span.seconds());
        let series = vec![
            Series::new(now.as_str(), measure.points(&self.now)),
            Series { line: earlier, ..Series::new(before.as_str(), measure.points(&self.before)) },
        ];
        let (what, together) = (measure.what(), measure.together());
        let title = format!("{what} of {}{together}, {now} against the {before}", self.source.called.raw());
        // A storage is compared where it is full; what is loaded, with what it could be.
        let floor = match measure {
            Measure::Space => series.iter().map(|series| floor(&series.points, 1.0)).fold(1.0, f64::min),
            _ => 0.0,
        };
        let limit = match measure.whole(&self.now) {
            Some(whole) => Some((Text::from(format!("all of {whole}")), 1.0)),
            None => (measure.unit() == Unit::Ratio).then(|| ("all of it".into(), 1.0)),
        };
        let remark = (Text::from("Difference"), self.difference(measure));
        Chart { limit, floor, remarks: vec![remark], ..Chart::new(title, measure.unit(), series) }.figure()
    }

    /// What is more and what is less now, in words.
    fn difference(&self, measure: Measure) -> String {
        let [average, highest] = [self.off(measure, |it| it.average), self.off(measure, |it| it.highest)];
        if average == highest { average } else { format!("{average} on average, {highest} at most") }
    }

    /// The same of one number.
    fn off(&self, measure: Measure, number: fn(&Summary) -> f64) -> String {
        match self.summaries(measure) {
            [Some(now), Some(before)] => difference(measure.unit(), number(&now), number(&before)),
            _ => "not known, since one of the two was not recorded".into(),
        }
    }

    /// What there is something to say of.
    fn measures(&self) -> Vec<Measure> {
        let known = |measure: &Measure| self.summaries(*measure).iter().any(Option::is_some);
        Measure::ALL.into_iter().filter(known).collect()
    }
}

const AS_MUCH: &str = "as much";

/// How one number differs from another, as a person compares them.
fn difference(unit: Unit, now: f64, before: f64) -> String {
    let off = now - before;
    let word = if off > 0.0 { "more" } else { "less" };
    match unit {
        Unit::Ratio if (off * 100.0).abs() < 0.05 => AS_MUCH.into(),
        Unit::Ratio if (off * 100.0).abs() < 0.95 => format!("{:.1} points {word}", (off * 100.0).abs()),
        Unit::Ratio => match (off * 100.0).abs().round() {
            1.0 => format!("1 point {word}"),
            points => format!("{points} points {word}"),
        },
        Unit::Bytes | Unit::BytesPerSecond if off.abs() <= before.abs() * 0.005 => AS_MUCH.into(),
        Unit::Bytes => format!("{} {word}", Bytes(off.abs() as u64)),
        Unit::BytesPerSecond => format!("{}/s {word}", Bytes(off.abs() as u64)),
    }
}

impl View for Comparison {
    fn page(&self) -> Page {
        let [now, before] = self.names();
        let called = self.source.called.raw();
        let page = Page::new(format!("{called}: the {now} against the {before}")).question("What is different now?");
        let measures = self.measures();
        let Some(first) = measures.first() else {
            let page = page.answer("Nothing was recorded", format!(" in the {now} and the {before}."));
            return page.provenance(self.provenance.clone());
        };
        let fact = self.told(*first);
        let fact = fact.strip_prefix("space ").map(|rest| format!("Space {rest}")).unwrap_or(fact);
        let rest: Vec<String> = measures[1..].iter().map(|measure| self.told(*measure)).collect();
        let rest = if rest.is_empty() { ".".to_owned() } else { format!("; {}.", rest.join("; ")) };
        let rows = measures.iter().map(|measure| {
            let unit = measure.unit();
            let [now, before] = self.summaries(*measure).map(|summary| match summary {
                Some(summary) => Cell::from(summary.brief(unit)),
                None => Cell::Missing("not recorded".into()),
            });
            vec![
                Cell::from(format!("{}{}", measure.what(), measure.together())),
                now,
                before,
                Cell::from(self.off(*measure, |it| it.average)),
            ]
        });
        let heads = ["What".to_owned(), format!("The {now}"), format!("The {before}"), "On average".to_owned()];
        let page = page.answer(fact, rest).table(Grid::new(heads).rows(rows));
        let page = match apart(&self.now) {
            Some(seconds) => page.paragraph(format!(
                "Both from points that are averages of {}: a shorter peak shows lower than it was. A point more is one of a \
                 hundred.",
                Age(seconds)
            )),
            None => page,
        };
        let few = self.now.len().min(self.before.len());
        let page = if few < 12 {
            let words = format!("Only {few} points of each were kept: hardly enough to compare.");
            page.note(Level::Warning, words)
        } else {
            page
        };
        let page = measures.iter().fold(page, |page, measure| page.figure(self.chart(*measure)));
        page.provenance(self.provenance.clone())
    }
}

impl Comparison {
    /// `CPU 12% on average, 3 points more than before`
    fn told(&self, measure: Measure) -> String {
        let (what, unit) = (measure.word(), measure.unit());
        match self.summaries(measure) {
            [Some(now), Some(before)] => {
                let (now, off) = (unit.say(now.average), difference(unit, now.average, before.average));
                let than = if off == AS_MUCH { "as before".to_owned() } else { format!("{off} than before") };
                format!("{what} {now} on average, {than}")
            }
            [Some(now), None] => format!("{what} {} on average, not recorded before", unit.say(now.average)),
            [None, _] => format!("{what} not recorded now"),
        }
    }
}

impl fmt::Debug for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [now, before] = self.names();
        write!(f, "Comparison({}: the {now} against the {before})", self.source.called)
    }
}
