//! The marks of which charts are made: text, lines, gaps, filled ground. Knows no chart.
//!
//! A pixel as it is shown is two units in here: plotters knows whole ones only.

use plotters::coord::{Shift, types::RangedCoordf64};
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Line;
use crate::render::markup::element;
use crate::text::Text;

const SVG: &str = "http://www.w3.org/2000/svg";
const FONT: &str = "system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif";
/// plotters divides a size by this before it writes it down.
const PLOTTERS_EM: f64 = 1.24;

pub(super) const INK: RGBColor = RGBColor(0x1f, 0x23, 0x28);
pub(super) const QUIET: RGBColor = RGBColor(0x59, 0x63, 0x6e);
pub(super) const GRID: RGBColor = RGBColor(0xea, 0xee, 0xf2);
pub(super) const AXIS: RGBColor = RGBColor(0x8c, 0x95, 0x9f);
pub(super) const GAP: RGBColor = RGBColor(0xf1, 0xf3, 0xf5);
pub(super) const COLOURS: [RGBColor; 3] =
    [RGBColor(0x09, 0x69, 0xda), RGBColor(0x82, 0x50, 0xdf), RGBColor(0x9a, 0x67, 0x00)];

/// Sizes and colours of text.
pub(super) type Letters = (f64, FontStyle, RGBColor);
pub(super) const TITLE: Letters = (26.0, FontStyle::Bold, INK);
pub(super) const SMALL: Letters = (22.0, FontStyle::Normal, QUIET);
pub(super) const NAME: Letters = (22.0, FontStyle::Bold, INK);

pub(super) type Drawn = Result<(), Box<dyn std::error::Error>>;
pub(super) type Sheet<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Coords<'a> = DrawingArea<SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A drawing of this size on its own white ground, well-formed whatever is drawn on it.
pub(super) fn sheet((width, height): (u32, u32), title: &Text, draw: impl FnOnce(&Sheet<'_>) -> Drawn) -> String {
    let (mut drawing, inside) = (String::new(), (width * 2, height * 2));
    {
        let sheet = SVGBackend::with_string(&mut drawing, inside).into_drawing_area();
        // Writing to a string does not fail; if it did, what is there would still be well-formed.
        let _ = sheet.fill(&WHITE).map_err(Into::into).and_then(|()| draw(&sheet));
    }
    let title = element("title").words(title.brief(usize::MAX)).into_string();
    let view = format!("0 0 {} {}", inside.0, inside.1);
    let head = format!(
        "<svg xmlns=\"{SVG}\" width=\"{width}\" height=\"{height}\" viewBox=\"{view}\" stroke-linejoin=\"round\">"
    );
    format!("{head}{title}{drawing}</svg>")
}

pub(super) fn write(
    sheet: &Sheet<'_>,
    words: &str,
    (size, style, colour): Letters,
    side: HPos,
    at: (i32, i32),
) -> Drawn {
    let font = (FONT, size * PLOTTERS_EM, style).into_font();
    Ok(sheet.draw_text(words, &font.color(&colour).pos(Pos::new(side, VPos::Center)), at)?)
}

/// A place on a sheet.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) left: i32,
    pub(super) right: i32,
    pub(super) top: i32,
    pub(super) bottom: i32,
}

/// A place on a sheet in which numbers stand over time.
pub(super) struct Plot<'a> {
    sheet: Sheet<'a>,
    coords: Coords<'a>,
    pub(super) frame: Frame,
    pub(super) times: (i64, i64),
    floor: f64,
}

impl<'a> Plot<'a> {
    pub(super) fn new(sheet: &Sheet<'a>, frame: Frame, times: (i64, i64), (floor, top): (f64, f64)) -> Plot<'a> {
        // Upwards is more.
        let pixels = (frame.left..frame.right, std::ops::Range { start: frame.bottom, end: frame.top });
        let coords = Cartesian2d::new(times.0 as f64..times.1 as f64, floor..top, pixels);
        Plot { sheet: sheet.clone(), coords: sheet.apply_coord_spec(coords), frame, times, floor }
    }

    /// The pixel of a time, at most at the edges.
    pub(super) fn x(&self, at: i64) -> i32 {
        let at = at.clamp(self.times.0, self.times.1);
        self.coords.map_coordinate(&(at as f64, self.floor)).0
    }

    pub(super) fn y(&self, number: f64) -> i32 {
        self.coords.map_coordinate(&(self.times.0 as f64, number)).1
    }

    /// A level line with its label at the left, if it has one.
    pub(super) fn level(&self, number: f64, label: &str) -> Drawn {
        let (Frame { left, right, .. }, y) = (self.frame, self.y(number));
        let colour = if number <= self.floor { AXIS } else { GRID };
        self.sheet.draw(&PathElement::new(vec![(left, y), (right, y)], colour.stroke_width(2)))?;
        if label.is_empty() { Ok(()) } else { write(&self.sheet, label, SMALL, HPos::Right, (left - 14, y)) }
    }

    /// A mark of time with its label below.
    pub(super) fn tick(&self, at: i64, label: &str) -> Drawn {
        let (x, bottom) = (self.x(at), self.frame.bottom);
        self.sheet.draw(&PathElement::new(vec![(x, bottom), (x, bottom + 8)], AXIS.stroke_width(2)))?;
        if label.is_empty() { Ok(()) } else { write(&self.sheet, label, SMALL, HPos::Center, (x, bottom + 28)) }
    }

    /// A line across at a limit.
    pub(super) fn limit(&self, limit: f64) -> Drawn {
        let (Frame { left, right, .. }, y) = (self.frame, self.y(limit));
        Ok(self.sheet.draw(&PathElement::new(vec![(left, y), (right, y)], QUIET.stroke_width(2)))?)
    }

    /// Each stretch without a gap in it as a line; a point alone as a dot.
    pub(super) fn line(&self, points: &[(i64, Option<f64>)], colour: RGBColor, line: Line, filled: bool) -> Drawn {
        // However long the way is: so many dashes.
        let dash = i32::try_from(self.length(points) / 600).unwrap_or(i32::MAX).max(9);
        for stretch in points.split(|(_, number)| number.is_none()) {
            let stretch: Vec<(f64, f64)> = stretch.iter().filter_map(|(at, n)| Some((*at as f64, (*n)?))).collect();
            match stretch.as_slice() {
                [] => {}
                [dot] => self.coords.draw(&Circle::new(*dot, 4, colour.filled()))?,
                _ if line != Line::Solid => {
                    let pixels: Vec<(i32, i32)> = stretch.iter().map(|at| self.coords.map_coordinate(at)).collect();
                    self.sheet.draw(&DashedPathElement::new(pixels, dash, 7, colour.stroke_width(2)))?;
                }
                [(first, _), .., (last, _)] => {
                    if filled {
                        let ground = [(*last, self.floor), (*first, self.floor)];
                        self.coords.draw(&Polygon::new([stretch.as_slice(), &ground].concat(), colour.mix(0.1)))?;
                    }
                    self.coords.draw(&PathElement::new(stretch, colour.stroke_width(3)))?;
                }
            }
        }
        Ok(())
    }

    /// How long the way of a line is, with its gaps.
    fn length(&self, points: &[(i64, Option<f64>)]) -> u32 {
        let known: Vec<(i32, i32)> = points.iter().filter_map(|(at, n)| Some((self.x(*at), self.y((*n)?)))).collect();
        let each = known.windows(2).map(|pair| pair[1].0.abs_diff(pair[0].0) + pair[1].1.abs_diff(pair[0].1));
        each.sum()
    }

    /// The room between two lines.
    pub(super) fn fan(&self, fan: &[(i64, f64, f64)], colour: RGBColor) -> Drawn {
        let upper = fan.iter().map(|(at, _, high)| (*at as f64, *high));
        let lower = fan.iter().rev().map(|(at, low, _)| (*at as f64, *low));
        let round: Vec<(f64, f64)> = upper.chain(lower).collect();
        if round.len() < 4 { Ok(()) } else { Ok(self.coords.draw(&Polygon::new(round, colour.mix(0.16)))?) }
    }

    /// Where nothing is known between two times though points are `usual` seconds apart, the ground is grey; it says so
    /// where there is room. The times are in order.
    pub(super) fn gaps(&self, known: &[i64], usual: i64) -> Drawn {
        let Frame { top, bottom, .. } = self.frame;
        for pair in known.windows(2).filter(|pair| pair[1] - pair[0] > usual + usual / 2) {
            let (from, to) = (self.x(pair[0]), self.x(pair[1]));
            if to - from > 2 {
                self.sheet.draw(&Rectangle::new([(from, top), (to, bottom - 2)], GAP.filled()))?;
            }
            if to - from > 200 {
                write(&self.sheet, "not recorded", SMALL, HPos::Center, ((from + to) / 2, (top + bottom) / 2))?;
            }
        }
        Ok(())
    }
}
