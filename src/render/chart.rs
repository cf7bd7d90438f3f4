//! A line chart of numbers over time: a small SVG, and the same in words.
//!
//! Knows nothing of what is measured, nor how wide letters are: where text could meet text, it has room of its own. A
//! point without a number is a gap; that a point itself is absent, it does not see.

use std::ops::Range;

use plotters::coord::{Shift, types::RangedCoordf64};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::page::{Cell, Figure, Page};
use crate::render::markup::element;
use crate::text::Text;
use crate::units::{Bytes, Moment, Ratio};
use ticks::ticks;

mod ticks;

/// A name, and a number or a gap for each moment.
pub(crate) type Series = (Text, Vec<(Moment, Option<f64>)>);

/// What the numbers are.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Ratio,
    Bytes,
    BytesPerSecond,
}

/// What is to be drawn. The scale begins at zero, and ends at the limit where there is one.
pub(crate) struct Chart {
    pub(crate) title: Text,
    pub(crate) unit: Unit,
    pub(crate) series: Vec<Series>,
    pub(crate) limit: Option<(Text, f64)>,
}

/// As many points of a series as are drawn.
const MOST: usize = 400;
/// More than any machine has: such a number is a mistake of who sent it.
const ABSURD: f64 = 1e18;

const SVG: &str = "http://www.w3.org/2000/svg";
/// The years 1970 to 9999: another time is a mistake as well.
const CALENDAR: Range<i64> = 0..253_402_300_800;

/// The size as it is shown. Inside, a pixel is two units: plotters knows whole ones only.
const SIZE: (u32, u32) = (900, 220);
const INSIDE: (u32, u32) = (SIZE.0 * 2, SIZE.1 * 2);
/// Where the lines are, in those units.
const LEFT: i32 = 152;
const RIGHT: i32 = 1640;
const TOP: i32 = 128;
const BOTTOM: i32 = 384;

const FONT: &str = "system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif";
/// plotters divides a size by this before it writes it down.
const PLOTTERS_EM: f64 = 1.24;
const INK: RGBColor = RGBColor(0x1f, 0x23, 0x28);
const QUIET: RGBColor = RGBColor(0x59, 0x63, 0x6e);
const GRID: RGBColor = RGBColor(0xea, 0xee, 0xf2);
const AXIS: RGBColor = RGBColor(0x8c, 0x95, 0x9f);
const GAP: RGBColor = RGBColor(0xf1, 0xf3, 0xf5);
/// Sizes and colours of text.
const TITLE: (f64, FontStyle, RGBColor) = (26.0, FontStyle::Bold, INK);
const SMALL: (f64, FontStyle, RGBColor) = (22.0, FontStyle::Normal, QUIET);
const COLOURS: [RGBColor; 2] = [RGBColor(0x09, 0x69, 0xda), RGBColor(0x82, 0x50, 0xdf)];

/// A series as it is drawn.
type Line<'a> = (&'a Text, Vec<(f64, Option<f64>)>);
type Drawn = Result<(), Box<dyn std::error::Error>>;
type Sheet<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Plot<'a> = DrawingArea<SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

impl Chart {
    /// The chart as a drawing and in words.
    pub(crate) fn figure(mut self) -> Figure {
        let is_sane = |number: &f64| (0.0..=ABSURD).contains(number);
        self.limit = self.limit.filter(|(_, limit)| *limit > 0.0 && is_sane(limit));
        for (_, points) in &mut self.series {
            points.retain(|(at, _)| CALENDAR.contains(&at.unix()));
            points.sort_by_key(|(at, _)| *at);
            points.iter_mut().for_each(|(_, number)| *number = number.filter(is_sane));
        }
        let mut drawing = String::new();
        // Writing to a string does not fail; if it did, what is there would still be well-formed.
        let _ = self.draw(&SVGBackend::with_string(&mut drawing, INSIDE).into_drawing_area());
        let title = element("title").words(shown(&self.title, usize::MAX)).into_string();
        let (width, height) = SIZE;
        let view = format!("0 0 {} {}", INSIDE.0, INSIDE.1);
        let head = format!(
            "<svg xmlns=\"{SVG}\" width=\"{width}\" height=\"{height}\" viewBox=\"{view}\" stroke-linejoin=\"round\">"
        );
        let svg = format!("{head}{title}{drawing}</svg>");
        let words = self.words();
        Figure::new(self.title, svg, words)
    }

    /// What the numbers amount to; nothing where there are none.
    fn fact(&self) -> Option<String> {
        let said = self.series.iter().map(|(name, points)| (name, Summary::of(points)));
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

    fn words(&self) -> Page {
        let title = &self.title;
        let Some(fact) = self.fact() else {
            return Page::new("").answer(format!("{title}: nothing was recorded"), " in this time.");
        };
        let limit = self.limit.as_ref().map(|(_, limit)| self.unit.say(*limit));
        let of_limit = limit.as_ref().map(|limit| format!(", of a limit of {limit}")).unwrap_or_default();
        let said: Vec<_> = self.series.iter().map(|(_, points)| Summary::of(points)).collect();
        let at = match said.as_slice() {
            [Some(one)] => format!(" (at {})", one.highest_at),
            _ => String::new(),
        };
        let page = Page::new("").answer(format!("{title}: {fact}"), format!("{at}{of_limit}."));
        let rows = self.series.iter().zip(&said).map(|((name, points), summary)| {
            let of_points = missing(points);
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
            (name.clone(), Cell::from(row))
        });
        let limit = self.limit.iter().zip(limit).map(|((name, _), limit)| (name.clone(), Cell::from(limit)));
        let time = self.span().map(|(first, last)| {
            let each = self.series.iter().map(|(_, points)| points.len().div_ceil(MOST)).max().unwrap_or(1);
            let drawn = if each > 1 { format!("; drawn as averages of {each} points") } else { String::new() };
            (Text::from("Time"), Cell::from(format!("{first} to {last}{drawn}")))
        });
        page.facts(rows.chain(limit).chain(time))
    }

    /// The first and the last moment.
    fn span(&self) -> Option<(Moment, Moment)> {
        let moments = || self.series.iter().flat_map(|(_, points)| points.iter().map(|(at, _)| *at));
        moments().min().zip(moments().max())
    }

    fn draw(&self, sheet: &Sheet<'_>) -> Drawn {
        sheet.fill(&WHITE)?;
        write(sheet, &shown(&self.title, 90), TITLE, HPos::Left, (32, 38))?;
        let Some((first, last)) = self.span() else {
            return write(sheet, "Nothing was recorded.", SMALL, HPos::Left, (32, 80));
        };
        // A single moment stands in the middle of an hour.
        let margin = if first == last { 1800 } else { 0 };
        let (from, to) = (first.unix() - margin, last.unix() + margin);
        let lines: Vec<Line<'_>> = self.series.iter().map(|(name, points)| (name, thinned(points))).collect();
        let highest = lines.iter().flat_map(|(_, points)| points.iter().filter_map(|(_, y)| *y)).fold(0.0, f64::max);
        let (top, step) = self.scale(highest);
        // Upwards is more.
        let pixels = (LEFT..RIGHT, Range { start: BOTTOM, end: TOP });
        let plot: Plot<'_> = sheet.apply_coord_spec(Cartesian2d::new(from as f64..to as f64, 0.0..top, pixels));
        write(sheet, &shown(&self.fact().unwrap_or_default().into(), 130), SMALL, HPos::Left, (32, 74))?;
        self.draw_axes(sheet, &plot, (from, to), (top, step))?;
        draw_gaps(sheet, &plot, &lines)?;
        for ((_, points), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
            draw_line(&plot, points, *colour, lines.len() == 1)?;
        }
        self.draw_limit(sheet, &plot, to)?;
        draw_names(sheet, &plot, &lines)
    }

    /// Where the scale ends, and how far apart its marks are.
    fn scale(&self, highest: f64) -> (f64, f64) {
        let limit = self.limit.as_ref().map_or(0.0, |(_, limit)| *limit);
        let (least, mut step, parts, wider): (_, f64, _, &[f64]) = match self.unit {
            Unit::Ratio => (0.05, 0.01, 5.0, &[2.0, 2.5, 2.0]),
            Unit::Bytes | Unit::BytesPerSecond => (1024.0, 256.0, 4.0, &[2.0]),
        };
        let top = limit.max(highest).max(least);
        for factor in wider.iter().cycle() {
            // 0.2 five times is a little more than 1.
            if top / step <= parts + 0.001 {
                break;
            }
            step *= factor;
        }
        if limit >= highest && limit == top { (top, step) } else { ((top / step).ceil() * step, step) }
    }

    fn draw_axes(&self, sheet: &Sheet<'_>, plot: &Plot<'_>, (from, to): (i64, i64), (top, step): (f64, f64)) -> Drawn {
        let marks = (0..).map(|n| f64::from(n) * step).take_while(|y| *y <= top * 1.000_001);
        for y in marks {
            let colour = if y == 0.0 { AXIS } else { GRID };
            plot.draw(&PathElement::new(vec![(from as f64, y), (to as f64, y)], colour.stroke_width(2)))?;
            let at = plot.map_coordinate(&(from as f64, y)).1;
            let label = if y == 0.0 { "0".to_owned() } else { self.unit.say(y) };
            write(sheet, &label, SMALL, HPos::Right, (LEFT - 14, at))?;
        }
        for (at, label) in ticks(from, to) {
            let x = plot.map_coordinate(&(at as f64, 0.0)).0;
            sheet.draw(&PathElement::new(vec![(x, BOTTOM), (x, BOTTOM + 8)], AXIS.stroke_width(2)))?;
            write(sheet, &label, SMALL, HPos::Center, (x, BOTTOM + 28))?;
        }
        write(sheet, "UTC", SMALL, HPos::Right, (INSIDE.0.cast_signed() - 32, BOTTOM + 28))
    }

    fn draw_limit(&self, sheet: &Sheet<'_>, plot: &Plot<'_>, to: i64) -> Drawn {
        let Some((name, limit)) = &self.limit else { return Ok(()) };
        let y = plot.map_coordinate(&(to as f64, *limit)).1;
        sheet.draw(&PathElement::new(vec![(LEFT, y), (RIGHT, y)], QUIET.stroke_width(2)))?;
        let label = format!("{}: {}", shown(name, 30), self.unit.say(*limit));
        write(sheet, &label, SMALL, HPos::Right, (RIGHT, y - 16))
    }
}

impl Unit {
    /// A number as a person reads it.
    fn say(self, number: f64) -> String {
        match self {
            Unit::Ratio => Ratio(number).to_string(),
            Unit::Bytes => Bytes(number as u64).to_string(),
            Unit::BytesPerSecond => format!("{}/s", Bytes(number as u64)),
        }
    }
}

/// What a series amounts to, from every point.
struct Summary {
    lowest: f64,
    average: f64,
    highest: f64,
    highest_at: Moment,
}

impl Summary {
    fn of(points: &[(Moment, Option<f64>)]) -> Option<Summary> {
        let known = || points.iter().filter_map(|(at, number)| number.map(|number| (*at, number)));
        let (highest_at, highest) = known().reduce(|best, it| if it.1 > best.1 { it } else { best })?;
        let lowest = known().map(|(_, number)| number).fold(highest, f64::min);
        let average = known().map(|(_, number)| number).sum::<f64>() / known().count() as f64;
        Some(Summary { lowest, average, highest, highest_at })
    }

    fn brief(&self, unit: Unit) -> String {
        format!("{} on average, at most {}", unit.say(self.average), unit.say(self.highest))
    }
}

/// How many points have no number.
fn missing(points: &[(Moment, Option<f64>)]) -> String {
    match points.iter().filter(|(_, number)| number.is_none()).count() {
        0 => format!("{} points, none missing", points.len()),
        gaps => format!("{gaps} of {} points missing", points.len()),
    }
}

/// At most [`MOST`] points, as averages of neighbours; where fewer than half of them are known, a gap.
fn thinned(points: &[(Moment, Option<f64>)]) -> Vec<(f64, Option<f64>)> {
    let average = |bucket: &[(Moment, Option<f64>)]| {
        let at = bucket.iter().map(|(at, _)| at.unix() as f64).sum::<f64>() / bucket.len() as f64;
        let known: Vec<f64> = bucket.iter().filter_map(|(_, number)| *number).collect();
        let enough = !known.is_empty() && known.len() * 2 >= bucket.len();
        (at, enough.then(|| known.iter().sum::<f64>() / known.len() as f64))
    };
    points.chunks(points.len().div_ceil(MOST).max(1)).map(average).collect()
}

/// Each stretch without a gap in it as a line; a point alone as a dot.
fn draw_line(plot: &Plot<'_>, points: &[(f64, Option<f64>)], colour: RGBColor, filled: bool) -> Drawn {
    for stretch in points.split(|(_, number)| number.is_none()) {
        let stretch: Vec<(f64, f64)> = stretch.iter().filter_map(|(at, number)| Some((*at, (*number)?))).collect();
        match stretch.as_slice() {
            [] => {}
            [dot] => plot.draw(&Circle::new(*dot, 4, colour.filled()))?,
            [(first, _), .., (last, _)] => {
                if filled {
                    let ground = [(*last, 0.0), (*first, 0.0)];
                    plot.draw(&Polygon::new([stretch.as_slice(), &ground].concat(), colour.mix(0.1)))?;
                }
                plot.draw(&PathElement::new(stretch, colour.stroke_width(3)))?;
            }
        }
    }
    Ok(())
}

/// Where no series has a number, the ground is grey; it says so where there is room.
fn draw_gaps(sheet: &Sheet<'_>, plot: &Plot<'_>, lines: &[Line<'_>]) -> Drawn {
    let mut known: Vec<i32> = lines
        .iter()
        .flat_map(|(_, points)| points.iter().filter(|(_, number)| number.is_some()))
        .map(|(at, _)| plot.map_coordinate(&(*at, 0.0)).0)
        .chain([LEFT, RIGHT])
        .collect();
    known.sort_unstable();
    let usual = lines.iter().map(|(_, points)| points.len()).max().unwrap_or(1).max(2);
    let usual = (RIGHT - LEFT) / i32::try_from(usual - 1).unwrap_or(1);
    for pair in known.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        if to - from > usual + usual / 2 + 2 {
            sheet.draw(&Rectangle::new([(from, TOP), (to, BOTTOM - 2)], GAP.filled()))?;
            if to - from > 200 {
                write(sheet, "not recorded", SMALL, HPos::Center, ((from + to) / 2, (TOP + BOTTOM) / 2))?;
            }
        }
    }
    Ok(())
}

/// The names of the series at the end of their lines, kept apart.
fn draw_names(sheet: &Sheet<'_>, plot: &Plot<'_>, lines: &[Line<'_>]) -> Drawn {
    let mut names: Vec<_> = lines
        .iter()
        .zip(COLOURS.iter().cycle())
        .filter_map(|((name, points), colour)| {
            let end = points.iter().rev().find_map(|(at, number)| number.map(|number| (*at, number)))?;
            Some((plot.map_coordinate(&end).1, *name, *colour))
        })
        .collect();
    names.sort_by_key(|(y, ..)| *y);
    let mut free = TOP;
    for (y, name, colour) in names {
        let y = y.max(free);
        free = y + 28;
        write(sheet, &shown(name, 14), (22.0, FontStyle::Bold, colour), HPos::Left, (RIGHT + 12, y))?;
    }
    Ok(())
}

fn write(
    sheet: &Sheet<'_>,
    words: &str,
    (size, style, colour): (f64, FontStyle, RGBColor),
    side: HPos,
    at: (i32, i32),
) -> Drawn {
    let font = (FONT, size * PLOTTERS_EM, style).into_font();
    Ok(sheet.draw_text(words, &font.color(&colour).pos(Pos::new(side, VPos::Center)), at)?)
}

/// Words on one line.
fn shown(words: &Text, width: usize) -> String {
    words.brief(width)
}

#[cfg(test)]
mod tests;
