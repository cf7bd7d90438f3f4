//! Many small charts on one scale, so that they can be compared at a glance, and the same as a table.
//!
//! Knows nothing of what is measured. They stand in the order in which they come.

use plotters::style::text_anchor::HPos;

use super::letters::cut;
use super::plot::{COLOURS, Drawn, Frame, NAME, Plot, SMALL, Sheet, TITLE, sheet, write};
use super::scale::scale;
use super::summary::{Points, Summary, pace, thinned};
use super::ticks::ticks;
use super::{Line, Unit, sanitise};
use crate::page::{Cell, Figure, Grid, Page};
use crate::text::Text;
use crate::units::{Age, Moment};

/// As many as are drawn, each of so many points: what is drawn of them stays small.
const MOST: usize = 36;
const POINTS: usize = 80;
const COLUMNS: i32 = 3;

/// Lengths in half pixels, as everywhere in charts.
const WIDTH: i32 = 1_800;
const LEFT: i32 = 132;
const APART: i32 = 48;
const PLOT_WIDTH: i32 = (WIDTH - LEFT - 32 - APART * (COLUMNS - 1)) / COLUMNS;
const HEAD: i32 = 112;
const ROW: i32 = 196;
/// Of a row: its words, then its lines, then air.
const WORDS: i32 = 64;
const LINES: i32 = 100;
const FOOT: i32 = 64;

/// One of them.
#[derive(Clone)]
pub(crate) struct Small {
    /// What it is called, and what it is: `web-1`, `VM 101`.
    pub(crate) name: (Text, Text),
    pub(crate) points: Points,
    /// What all points amount to, and how many of how many are missing.
    pub(crate) summary: Summary,
    pub(crate) missing: (usize, usize),
    /// Of how much the numbers are a part: `8 GiB`.
    pub(crate) of: Option<String>,
}

/// Many small charts.
pub(crate) struct Multiples {
    pub(crate) title: Text,
    /// What they are charts of: one, several.
    pub(crate) noun: (&'static str, &'static str),
    pub(crate) unit: Unit,
    pub(crate) limit: Option<f64>,
    pub(crate) charts: Vec<Small>,
    /// What is to be said of those that have no chart.
    pub(crate) remarks: Vec<Text>,
}

impl Multiples {
    /// The charts as one drawing, and in words.
    pub(crate) fn figure(mut self) -> Figure {
        self.limit = self.limit.filter(|limit| *limit > 0.0 && self.unit.is_sane(*limit));
        let all = self.charts.len();
        self.charts.truncate(MOST);
        for chart in &mut self.charts {
            sanitise(&mut chart.points, self.unit);
            chart.points = thinned(&chart.points, POINTS);
        }
        let highest = self.highest();
        let (words, said) = (self.words(all), self.said(all));
        let height = u32::try_from(HEAD + rows(self.charts.len()) * ROW + FOOT).unwrap_or(0) / 2;
        let svg = sheet((WIDTH.unsigned_abs() / 2, height), &self.title, |sheet| self.draw(sheet, &said, highest));
        Figure::new(self.title, svg, words)
    }

    fn highest(&self) -> f64 {
        let drawn = self.charts.iter().flat_map(|chart| chart.points.iter().filter_map(|(_, n)| *n));
        drawn.fold(0.0, f64::max)
    }

    /// The one with the highest number, in a sentence; and what is left out.
    fn said(&self, all: usize) -> String {
        let Some(first) = self.charts.first() else { return "Nothing was recorded.".into() };
        let left_out = match all - self.charts.len() {
            0 => String::new(),
            n => format!("; {n} lower ones of {all} {} are left out", self.noun.1),
        };
        format!("{} went highest: {}{left_out}", first.name.0.brief(60), first.brief(self.unit))
    }

    fn words(&self, all: usize) -> Page {
        let title = &self.title;
        let remarks = |page: Page| self.remarks.iter().fold(page, |page, remark| page.paragraph(remark.clone()));
        if self.charts.is_empty() {
            return remarks(Page::new("").answer(format!("{title}: nothing was recorded"), " in this time."));
        }
        let rows = self.charts.iter().map(|chart| {
            let Summary { lowest, average, highest, highest_at } = chart.summary;
            let of = chart.of.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
            let (gaps, points) = chart.missing;
            vec![
                Cell::Name(chart.name.0.clone(), chart.name.1.clone()),
                Cell::from(self.unit.say(lowest)),
                Cell::from(self.unit.say(average)),
                Cell::from(format!("{}{of}", self.unit.say(highest))),
                Cell::from(highest_at),
                Cell::from(if gaps == 0 { "none".to_owned() } else { format!("{gaps} of {points}") }),
            ]
        });
        let grid = Grid::new(["Name", "Lowest", "Average", "Highest", "Highest at", "Points missing"]).rows(rows);
        let grid = match all - self.charts.len() {
            0 => grid.caption("highest first"),
            n => grid.caption(format!("the {} highest of {all} {}; {n} more are left out", MOST, self.noun.1)),
        };
        let page = Page::new("").answer(format!("{title}: {}", self.said(all)), ".").table(grid);
        let times = self.times().map(|(first, last, fine)| {
            let [first, last] = [first, last].map(Moment::from_unix);
            format!("From {first} to {last}; as drawn, {fine}.")
        });
        remarks(times.into_iter().fold(page, Page::paragraph))
    }

    /// From when to when, and how fine the lines are.
    fn times(&self) -> Option<(i64, i64, String)> {
        let moments = || self.charts.iter().flat_map(|chart| chart.points.iter().map(|(at, _)| at.unix()));
        let (first, last) = moments().min().zip(moments().max())?;
        let apart = self.charts.iter().find_map(|chart| pace(&chart.points));
        let apart = apart.map(|seconds| format!("each point of a line is the average of {}", Age(seconds)));
        Some((first, last, apart.unwrap_or_else(|| "a single point each".into())))
    }

    fn draw(&self, sheet: &Sheet<'_>, said: &str, highest: f64) -> Drawn {
        let room = f64::from(WIDTH - 64);
        write(sheet, &cut(&self.title, room / 1.1, TITLE.0), TITLE, HPos::Left, (32, 34))?;
        write(sheet, &cut(&said.into(), room, SMALL.0), SMALL, HPos::Left, (32, 70))?;
        let Some((first, last, fine)) = self.times() else { return Ok(()) };
        let margin = if first == last { 1800 } else { 0 };
        let (from, to) = (first - margin, last + margin);
        // The limit is drawn only where something comes near it: on its scale all others would be flat.
        let limit = self.limit.filter(|limit| highest * 2.0 >= *limit);
        let (_, top, _) = scale(self.unit, 0.0, highest, limit);
        let marks = ticks(from, to);
        let marks: Vec<_> = marks.iter().step_by(marks.len().div_ceil(3).max(1)).collect();
        let rows = rows(self.charts.len());
        for (n, chart) in (0..).zip(&self.charts) {
            let plot = Plot::new(sheet, frame(n), (from, to), (0.0, top));
            let is_first_of_row = n % COLUMNS == 0;
            plot.level(top, &if is_first_of_row { self.unit.say(top) } else { String::new() })?;
            chart.draw(sheet, &plot, self.unit)?;
            if let Some(limit) = limit.filter(|limit| *limit < top) {
                plot.limit(limit)?;
            }
            plot.level(0.0, if is_first_of_row { "0" } else { "" })?;
            let is_last_of_column = usize::try_from(n + COLUMNS).is_ok_and(|below| below >= self.charts.len());
            for (at, label) in &marks {
                // A label needs room on both sides.
                let x = plot.x(*at);
                let shown = is_last_of_column && x - plot.frame.left > 24 && plot.frame.right - x > 24;
                plot.tick(*at, if shown { label } else { "" })?;
            }
        }
        let top = self.unit.say(top);
        let words = format!("All on one scale from 0 to {top}; {fine}; grey is not recorded; time in UTC");
        write(sheet, &cut(&words.into(), room, SMALL.0), SMALL, HPos::Left, (32, HEAD + rows * ROW + FOOT - 24))
    }
}

/// How many rows so many charts take.
fn rows(charts: usize) -> i32 {
    i32::try_from(charts).unwrap_or(0).saturating_add(COLUMNS - 1) / COLUMNS
}

/// Where the lines of the nth chart are.
fn frame(n: i32) -> Frame {
    let left = LEFT + n % COLUMNS * (PLOT_WIDTH + APART);
    let top = HEAD + n / COLUMNS * ROW + WORDS;
    Frame { left, right: left + PLOT_WIDTH, top, bottom: top + LINES }
}

impl Small {
    fn brief(&self, unit: Unit) -> String {
        let of = self.of.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
        format!("average {}, highest {}{of}", unit.say(self.summary.average), unit.say(self.summary.highest))
    }

    fn draw(&self, sheet: &Sheet<'_>, plot: &Plot<'_>, unit: Unit) -> Drawn {
        let Frame { left, top, .. } = plot.frame;
        let room = f64::from(PLOT_WIDTH);
        write(sheet, &cut(&self.name.0, room / 1.1, NAME.0), NAME, HPos::Left, (left, top - 50))?;
        write(
            sheet,
            &cut(&self.brief(unit).into(), room, 20.0),
            (20.0, SMALL.1, SMALL.2),
            HPos::Left,
            (left, top - 22),
        )?;
        let points: Vec<(i64, Option<f64>)> = self.points.iter().map(|(at, number)| (at.unix(), *number)).collect();
        let known = points.iter().filter(|(_, number)| number.is_some()).map(|(at, _)| *at);
        let mut known: Vec<i64> = known.chain([plot.times.0, plot.times.1]).collect();
        known.sort_unstable();
        let usual = pace(&self.points).and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(0);
        plot.gaps(&known, usual)?;
        plot.line(&points, COLOURS[0], Line::Solid, true)
    }
}
