//! A chart as a drawing.

use plotters::style::FontStyle;
use plotters::style::text_anchor::HPos;

use super::letters::{cut, width};
use super::plot::{COLOURS, Drawn, Frame, INK, NAME, Plot, QUIET, SMALL, Sheet, TITLE, sheet, write};
use super::summary::{pace, thinned};
use super::ticks::ticks;
use super::{Chart, Line};
use crate::text::Text;

/// As many points of a series as are drawn.
pub(super) const MOST: usize = 400;

/// The size as it is shown.
const SIZE: (u32, u32) = (900, 220);
/// Where words may be, and the lines.
const EDGE: i32 = 32;
const RIGHT_EDGE: i32 = 1_768;
const FRAME: Frame = Frame { left: 152, right: 1_612, top: 128, bottom: 384 };

/// A series as it is drawn.
struct Drawing<'a> {
    name: &'a Text,
    points: Vec<(i64, Option<f64>)>,
    line: Line,
    colour: plotters::style::RGBColor,
}

impl Chart {
    pub(super) fn svg(&self) -> String {
        sheet(SIZE, &self.title, |sheet| self.draw(sheet))
    }

    fn draw(&self, sheet: &Sheet<'_>) -> Drawn {
        let room = f64::from(RIGHT_EDGE - EDGE);
        // Bold letters are a little wider.
        write(sheet, &cut(&self.title, room / 1.1, TITLE.0), TITLE, HPos::Left, (EDGE, 38))?;
        let lines = self.drawings();
        let moments = || lines.iter().flat_map(|line| line.points.iter().map(|(at, _)| *at));
        let Some((first, last)) = moments().min().zip(moments().max()) else {
            return write(sheet, "Nothing was recorded.", SMALL, HPos::Left, (EDGE, 80));
        };
        let last = self.fan.iter().map(|(at, ..)| at.unix()).fold(last, i64::max);
        // A single moment stands in the middle of an hour.
        let margin = if first == last { 1800 } else { 0 };
        let (from, to) = (first - margin, last + margin);
        let (floor, top, step) = self.scale();
        let plot = Plot::new(sheet, FRAME, (from, to), (floor, top));
        let fact = self.answer.clone().or_else(|| self.fact()).unwrap_or_else(|| "Nothing was recorded.".into());
        write(sheet, &cut(&fact.into(), room, SMALL.0), SMALL, HPos::Left, (EDGE, 74))?;
        for y in (0..).map(|n| floor + f64::from(n) * step).take_while(|y| *y <= top * 1.000_001) {
            plot.level(y, &if y == 0.0 { "0".to_owned() } else { self.unit.say(y) })?;
        }
        for (at, label) in ticks(from, to) {
            plot.tick(at, &label)?;
        }
        write(sheet, "UTC", SMALL, HPos::Right, (RIGHT_EDGE, FRAME.bottom + 28))?;
        self.draw_gaps(&plot, &lines)?;
        let fan: Vec<(i64, f64, f64)> = self.fan.iter().map(|(at, low, high)| (at.unix(), *low, *high)).collect();
        plot.fan(&fan, COLOURS[0])?;
        let alone = lines.iter().filter(|line| line.line == Line::Solid).count() == 1;
        for line in &lines {
            plot.line(&line.points, line.colour, line.line, alone && floor == 0.0)?;
        }
        if let Some((name, limit)) = &self.limit {
            plot.limit(*limit)?;
            self.draw_limit_name(sheet, &plot, name, *limit)?;
        }
        let (ended, others): (Vec<&Drawing<'_>>, Vec<&Drawing<'_>>) =
            lines.iter().partition(|line| !self.fan.is_empty() && line.line == Line::Solid);
        ended.into_iter().try_for_each(|line| draw_name_below(sheet, &plot, line))?;
        draw_names(sheet, &plot, &others)
    }

    /// Each series with its colour, as fine as is drawn. What is for comparison lies below what is compared.
    fn drawings(&self) -> Vec<Drawing<'_>> {
        let mut colours = COLOURS.iter().cycle();
        let mut drawings: Vec<Drawing<'_>> = self
            .series
            .iter()
            .map(|series| Drawing {
                name: &series.name,
                points: thinned(&series.points, MOST)
                    .into_iter()
                    .map(|(at, number)| (at.unix().saturating_add(series.shift()), number))
                    .collect(),
                line: series.line,
                colour: match series.line {
                    Line::Solid => *colours.next().unwrap_or(&INK),
                    Line::Before(_) => QUIET,
                    Line::Trend => INK,
                },
            })
            .collect();
        drawings.sort_by_key(|drawing| drawing.line == Line::Solid);
        drawings
    }

    /// Gaps are where none of what was measured has a number, from its first point to its last.
    fn draw_gaps(&self, plot: &Plot<'_>, lines: &[Drawing<'_>]) -> Drawn {
        let measured = || lines.iter().filter(|line| line.line != Line::Trend);
        let moments = || measured().flat_map(|line| line.points.iter().map(|(at, _)| *at));
        let known = measured().flat_map(|line| line.points.iter().filter(|(_, n)| n.is_some()).map(|(at, _)| *at));
        let mut known: Vec<i64> = known.chain(moments().min()).chain(moments().max()).collect();
        known.sort_unstable();
        let usual = self.series.iter().filter_map(|series| {
            let each = series.points.len().div_ceil(MOST).max(1);
            i64::try_from(pace(&series.points)? * each as u64).ok()
        });
        plot.gaps(&known, usual.max().unwrap_or(0))
    }

    /// Above its line, where the drawing ends.
    fn draw_limit_name(&self, sheet: &Sheet<'_>, plot: &Plot<'_>, name: &Text, limit: f64) -> Drawn {
        let label = format!("{}: {}", cut(name, 320.0, SMALL.0), self.unit.say(limit));
        let (right, y) = (FRAME.right, plot.y(limit) - 16);
        let left = right - width(&label, SMALL.0) as i32;
        sheet.draw(&plotters::element::Rectangle::new([(left, y - 12), (right, y + 12)], backing()))?;
        write(sheet, &label, SMALL, HPos::Right, (right, y))
    }
}

/// White that lets a little through, so that a word can be read on a line.
fn backing() -> plotters::style::ShapeStyle {
    use plotters::style::Color;
    plotters::style::WHITE.mix(0.8).filled()
}

/// The name of a series that ends where the future begins, below its end, or above where there is no room.
fn draw_name_below(sheet: &Sheet<'_>, plot: &Plot<'_>, line: &Drawing<'_>) -> Drawn {
    let Some((at, end)) = line.points.iter().rev().find_map(|(at, number)| Some((*at, (*number)?))) else {
        return Ok(());
    };
    let (x, y) = (plot.x(at), plot.y(end));
    let y = if y + 44 < FRAME.bottom { y + 28 } else { y - 28 };
    let name = cut(line.name, f64::from(FRAME.right - FRAME.left) / 3.0, NAME.0);
    let wide = (width(&name, NAME.0) * 1.1) as i32;
    let x = (x + 8).min(FRAME.right - wide);
    sheet.draw(&plotters::element::Rectangle::new([(x - 2, y - 12), (x + wide, y + 12)], backing()))?;
    write(sheet, &name, (NAME.0, FontStyle::Bold, line.colour), HPos::Left, (x, y))
}

/// The names of the series at the end of their lines, kept apart and above the axis.
fn draw_names(sheet: &Sheet<'_>, plot: &Plot<'_>, lines: &[&Drawing<'_>]) -> Drawn {
    let mut names: Vec<(i32, &Drawing<'_>)> = lines
        .iter()
        .filter_map(|line| {
            let end = line.points.iter().rev().find_map(|(_, number)| *number)?;
            Some((plot.y(end), *line))
        })
        .collect();
    names.sort_by_key(|(y, _)| *y);
    const HEIGHT: i32 = 28;
    let mut free = FRAME.top;
    let mut below = i32::try_from(names.len()).unwrap_or(0) * HEIGHT;
    for (y, line) in names {
        below -= HEIGHT;
        let y = y.max(free).min((FRAME.bottom - below).max(free));
        free = y + HEIGHT;
        let name = cut(line.name, f64::from(RIGHT_EDGE + EDGE - FRAME.right - 14) / 1.1, NAME.0);
        write(sheet, &name, (NAME.0, FontStyle::Bold, line.colour), HPos::Left, (FRAME.right + 12, y))?;
    }
    Ok(())
}
