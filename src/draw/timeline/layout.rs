//! Where each bar is: a scale of time, and lanes in which bars and their words do not touch. Pure geometry.

use super::{BARS, Bar, End, Row};
use crate::draw::paper::ROOM;
use crate::draw::svg::{self, Font, INK, font};
use crate::page::Tone;
use crate::units::Moment;

/// What stands at the left of a row.
pub(super) const NAMES: f64 = 132.0;
pub(super) const BODY: f64 = ROOM - NAMES;
/// The height of a lane, and of the bar in it.
pub(super) const LANE: f64 = 17.0;
pub(super) const BAR: f64 = 13.0;
/// The height of a strip.
pub(super) const STRIP: f64 = 30.0;
/// As wide as a part of a strip is.
pub(super) const BIN: f64 = 6.0;
/// Between two rows.
pub(super) const GAP: f64 = 9.0;
/// No bar is narrower than this.
const NARROWEST: f64 = 3.0;
/// A row with more lanes becomes a strip.
const LANES: usize = 7;
/// The shortest time that is drawn, so that the axis has marks.
const SHORTEST: i64 = 1_200;
/// The years 1970 to 9999: another time is a mistake of who sent it.
const CALENDAR: (i64, i64) = (0, 253_402_300_799);

pub(super) const LABEL: Font = font(9.5, INK);

/// All rows with places, and the scale.
pub(super) struct Placed {
    pub(super) rows: Vec<PlacedRow>,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) height: f64,
}

/// A row with its place.
pub(super) struct PlacedRow {
    pub(super) y: f64,
    pub(super) h: f64,
    pub(super) shown: Shown,
}

/// How the bars of a row are shown.
pub(super) enum Shown {
    Bars(Vec<Place>),
    /// In each part of the time: how much went on, and how much of it failed.
    Strip(Vec<(usize, usize)>),
}

/// Where a bar is, by the row's own left and top.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) w: f64,
    pub(super) lane: usize,
    /// Its words and where they begin; none where there is no room.
    pub(super) label: Option<(f64, String)>,
}

/// A scale from times to pixels.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    from: i64,
    to: i64,
}

impl Scale {
    pub(super) fn new(from: i64, to: i64) -> Scale {
        Scale { from, to }
    }

    pub(super) fn x(self, at: i64) -> f64 {
        let part = at.saturating_sub(self.from) as f64 / self.to.saturating_sub(self.from).max(1) as f64;
        BODY * part.clamp(0.0, 1.0)
    }

    /// Where a bar begins, and how wide it is.
    fn bar(self, bar: &Bar, now: Moment) -> (f64, f64) {
        let start = self.x(bar.start.unix());
        let end = match bar.end {
            End::At(end) => self.x(end.unix()),
            End::Open => self.x(now.unix()),
            End::Unknown => start,
        };
        let w = (end - start).max(NARROWEST);
        (start.min(BODY - w), w)
    }
}

fn in_calendar(at: Moment) -> i64 {
    at.unix().clamp(CALENDAR.0, CALENDAR.1)
}

pub(super) fn placed(rows: &[Row], now: Moment) -> Placed {
    let bars = || rows.iter().flat_map(|row| &row.bars);
    let ends = bars().map(|bar| match bar.end {
        End::At(end) => in_calendar(end),
        End::Open => in_calendar(now),
        End::Unknown => in_calendar(bar.start),
    });
    let from = bars().map(|bar| in_calendar(bar.start)).min().unwrap_or(in_calendar(now));
    let to = ends.max().unwrap_or(from).max(from);
    // A little air, and never too short for the axis.
    let air = ((to - from) / 50).max((SHORTEST - (to - from)) / 2).max(1);
    let (from, to) = ((from - air).max(CALENDAR.0), (to + air).min(CALENDAR.1));
    let scale = Scale::new(from, to);

    let strips = strips(rows);
    let mut y = 0.0;
    let placed = rows
        .iter()
        .zip(strips)
        .map(|(row, is_strip)| {
            let bars = if is_strip { None } else { lanes(&row.bars, scale, now) };
            let (h, shown) = match bars {
                Some(places) => {
                    let lanes = places.iter().map(|place| place.lane + 1).max().unwrap_or(1);
                    (LANE * lanes as f64, Shown::Bars(places))
                }
                None => (STRIP, Shown::Strip(strip(&row.bars, scale))),
            };
            let row = PlacedRow { y, h, shown };
            y += h + GAP;
            row
        })
        .collect();
    Placed { rows: placed, from, to, height: y }
}

/// Which rows have to be strips for the others to be drawn bar by bar: the fullest, and all that are as full.
fn strips(rows: &[Row]) -> Vec<bool> {
    let mut counts: Vec<usize> = rows.iter().map(|row| row.bars.len()).collect();
    counts.sort_unstable();
    let mut drawn = 0;
    let too_full = counts.iter().find(|count| {
        drawn += **count;
        drawn > BARS
    });
    rows.iter().map(|row| too_full.is_some_and(|count| row.bars.len() >= *count)).collect()
}

/// The bars in lanes, with words where there is room; none where it takes too many lanes.
fn lanes(bars: &[Bar], scale: Scale, now: Moment) -> Option<Vec<Place>> {
    let mut order: Vec<usize> = (0..bars.len()).collect();
    order.sort_by_key(|n| (bars[*n].start, *n));
    // First with room for all words, then for the bars alone.
    [true, false].into_iter().find_map(|worded| {
        let mut ends: Vec<f64> = Vec::new();
        let mut places = vec![None; bars.len()];
        for n in &order {
            let (x, w) = scale.bar(&bars[*n], now);
            let label = if worded { label(&bars[*n], x, w) } else { glyph(&bars[*n], x, w) };
            let left = label.as_ref().map_or(x, |(at, _)| at.min(x));
            let right = label.as_ref().map_or(x + w, |(at, words)| (at + svg::width(words, LABEL)).max(x + w));
            let lane = ends.iter().position(|end| *end + 3.0 <= left).unwrap_or(ends.len());
            if lane == ends.len() {
                ends.push(right);
            }
            ends[lane] = right;
            places[*n] = Some(Place { x, w, lane, label });
        }
        (ends.len() <= LANES).then(|| places.into_iter().flatten().collect())
    })
}

/// What a bar says: its name, and by a glyph that it failed.
fn said(bar: &Bar) -> String {
    let name = bar.name.brief(40);
    match bar.state.tone {
        Tone::Good => name,
        tone => format!("{} {name}", tone.glyph()),
    }
}

/// The words in the bar, where they fit.
fn inside(bar: &Bar, x: f64, w: f64) -> Option<(f64, String)> {
    let whole = said(bar);
    (svg::width(&whole, LABEL) + 8.0 <= w).then_some((x + 4.0, whole))
}

/// The words in the bar, or at least the glyph of what did not end well beside it: colour alone tells nothing.
fn glyph(bar: &Bar, x: f64, w: f64) -> Option<(f64, String)> {
    inside(bar, x, w).or_else(|| {
        let glyph = bar.state.tone.glyph();
        let wide = svg::width(glyph, LABEL);
        let behind = x + w + 3.0;
        let at = if behind + wide <= BODY { behind } else { x - 3.0 - wide };
        (bar.state.tone != Tone::Good && at >= 0.0).then(|| (at, glyph.to_owned()))
    })
}

/// The words in the bar, behind it or, at the right end, before it.
fn label(bar: &Bar, x: f64, w: f64) -> Option<(f64, String)> {
    inside(bar, x, w).or_else(|| {
        let words = svg::cut(&said(bar), 150.0, LABEL);
        let wide = svg::width(&words, LABEL);
        match () {
            () if words.is_empty() => None,
            () if x + w + 8.0 + wide <= BODY => Some((x + w + 8.0, words)),
            () if x - 4.0 - wide >= 0.0 => Some((x - 4.0 - wide, words)),
            () => None,
        }
    })
}

fn strip(bars: &[Bar], scale: Scale) -> Vec<(usize, usize)> {
    let mut parts = vec![(0, 0); (BODY / BIN).floor() as usize];
    let last = parts.len() - 1;
    for bar in bars {
        let part = &mut parts[((scale.x(bar.start.unix()) / BIN) as usize).min(last)];
        part.0 += 1;
        part.1 += usize::from(bar.state.tone == Tone::Wrong);
    }
    parts
}
