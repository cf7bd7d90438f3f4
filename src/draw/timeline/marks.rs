//! Bars, strips and the axis as marks.

use super::layout::{BAR, BIN, BODY, GAP, LABEL, LANE, NAMES, Place, Placed, PlacedRow, Scale, Shown};
use super::{Bar, End, Row};
use crate::draw::svg::{self, Anchor, INK, LINE, QUIET, TRACK, WRONG, bold, colors, font, px, start};
use crate::draw::treemap::Rect;
use crate::page::Tone;
use crate::render::markup::{Markup, element};
use crate::render::ticks;
use crate::units::Moment;

/// Everything from a corner on; and where it ends.
pub(super) fn all(rows: &[Row], placed: &Placed, (left, top): (f64, f64), hovers: bool) -> (Markup, f64) {
    let body = top + 18.0;
    let axis = axis(placed, left, top, body);
    let shown = rows.iter().zip(&placed.rows).map(|(row, at)| one(row, at, (left, body + at.y), hovers));
    let (legend, bottom) = legend(rows, placed, left, body + placed.height + 14.0);
    (std::iter::once(axis).chain(shown).chain([legend]).collect(), bottom)
}

/// Round moments in UTC, with the date where a day begins; words that would touch are left out.
fn axis(placed: &Placed, left: f64, top: f64, body: f64) -> Markup {
    let scale = Scale::new(placed.from, placed.to);
    let look = font(10.0, QUIET);
    let mut marks = vec![start(left, top + 8.0, NAMES - 8.0, look, "UTC")];
    let mut free = 0.0;
    let marked = ticks(placed.from, placed.to);
    // An absurd span has no round moments between its ends.
    for (at, words) in marked {
        let x = scale.x(at);
        let wide = svg::width(&words, look);
        let middle = x.clamp(wide / 2.0, BODY - wide / 2.0);
        let line = element("path")
            .with("d", format!("M{} {}V{}", px(left + NAMES + x), px(body - 4.0), px(body + placed.height)));
        marks.push(line.with("fill", "none").with("stroke", TRACK).empty());
        if middle - wide / 2.0 >= free {
            marks.push(svg::text(left + NAMES + middle, top + 8.0, BODY, Anchor::Middle, look, &words));
            free = middle + wide / 2.0 + 8.0;
        }
    }
    marks.into_iter().collect()
}

fn one(row: &Row, at: &PlacedRow, (left, y): (f64, f64), hovers: bool) -> Markup {
    let name = start(left, y + 11.0, NAMES - 10.0, bold(10.5, INK), &row.name.brief(60));
    let under = element("path")
        .with("d", format!("M{} {}h{}", px(left), px(y + at.h + GAP / 2.0 - 1.0), px(NAMES + BODY)))
        .with("fill", "none")
        .with("stroke", LINE)
        .with("stroke-width", "0.5")
        .empty();
    let left = left + NAMES;
    let shown: Markup = match &at.shown {
        Shown::Bars(places) => {
            row.bars.iter().zip(places).map(|(bar, place)| bar_marks(bar, place, (left, y), hovers)).collect()
        }
        Shown::Strip(parts) => strip(row, parts, (left, y), at.h),
    };
    [under, name, shown].into_iter().collect()
}

fn bar_marks(bar: &Bar, place: &Place, (left, y): (f64, f64), hovers: bool) -> Markup {
    let colors = colors(bar.state.tone);
    let top = y + LANE * place.lane as f64;
    let at = Rect { x: left + place.x, y: top, w: place.w, h: BAR };
    let open = matches!(bar.end, End::Open | End::Unknown);
    let shape = svg::rect(at, colors.fill, colors.ink).with("stroke-width", "0.8");
    let shape = shape.with_some("stroke-dasharray", open.then_some("3 2")).empty();
    // What goes on has no end yet.
    let arrow = (bar.end == End::Open).then(|| {
        let tip = format!("M{} {}l5 {}l-5 {}z", px(at.x + at.w), px(top), px(BAR / 2.0), px(BAR / 2.0));
        element("path").with("d", tip).with("fill", colors.ink).empty()
    });
    let hover = hovers.then(|| {
        let ended = match bar.end {
            End::At(end) => format!("to {end}, {}", end.since(bar.start)),
            End::Open => "still running".to_owned(),
            End::Unknown => "its end is not known".to_owned(),
        };
        let said = format!(
            "{} · {} · {} {ended}",
            bar.name.brief(80),
            bar.state.to_string().chars().take(120).collect::<String>(),
            bar.start
        );
        element("title").words(said)
    });
    let words = place.label.iter().map(|(x, words)| start(left + x, top + 10.0, BODY, LABEL, words));
    element("g").around_all(hover.into_iter().chain([shape]).chain(arrow).chain(words))
}

/// Columns as high as there went on much; what failed is red, and has its glyph above it.
fn strip(row: &Row, parts: &[(usize, usize)], (left, y): (f64, f64), h: f64) -> Markup {
    let most = parts.iter().map(|(n, _)| *n).max().unwrap_or(1).max(1) as f64;
    let room = h - 10.0;
    let column = |x: f64, from: f64, high: f64, color: &str| {
        let way = format!("M{} {}h{}v-{}h-{}z", px(left + x), px(y + h - from), px(BIN - 1.0), px(high), px(BIN - 1.0));
        element("path").with("d", way).with("fill", color).empty()
    };
    let mut marks = Vec::new();
    let mut free = 0.0;
    for (n, (all, failed)) in parts.iter().enumerate().filter(|(_, (all, _))| *all > 0) {
        let x = n as f64 * BIN;
        let high = (room * *all as f64 / most).max(2.0);
        let red = if *failed > 0 { (high * *failed as f64 / *all as f64).max(2.0) } else { 0.0 };
        marks.push(column(x, 0.0, (high - red).max(0.0), colors(Tone::Good).fill));
        if *failed > 0 {
            marks.push(column(x, (high - red).max(0.0), red, WRONG));
            if x >= free {
                marks.push(svg::text(left + x + BIN / 2.0, y + 8.0, 20.0, Anchor::Middle, bold(8.0, WRONG), "✕"));
                free = x + 9.0;
            }
        }
    }
    let count = format!("{} in all, at most {most} began in the time of a column", row.bars.len());
    element("g").around_all([element("title").words(count)].into_iter().chain(marks))
}

fn legend(rows: &[Row], placed: &Placed, left: f64, y: f64) -> (Markup, f64) {
    let used = |tone: Tone| rows.iter().any(|row| row.bars.iter().any(|bar| bar.state.tone == tone));
    let tones = [
        (Tone::Good, "● ended well"),
        (Tone::Held, "‖ running, or with warnings"),
        (Tone::Wrong, "✕ failed"),
        (Tone::Off, "○ not done"),
        (Tone::Unknown, "? end not known"),
    ];
    let look = font(10.5, INK);
    let (mut marks, mut x) = (Vec::new(), left);
    for (tone, words) in tones.into_iter().filter(|(tone, _)| used(*tone)) {
        marks.push(svg::rect(Rect { x, y: y - 10.0, w: 12.0, h: 12.0 }, colors(tone).fill, colors(tone).ink).empty());
        marks.push(start(x + 17.0, y, 300.0, look, words));
        x += 36.0 + svg::width(words, look);
    }
    let strips = placed.rows.iter().any(|row| matches!(row.shown, Shown::Strip(_)));
    if strips {
        marks.push(start(x, y, 400.0, look, "columns: how many began in that time, the red part failed"));
    }
    let span = format!("{} to {}", Moment::from_unix(placed.from), Moment::from_unix(placed.to));
    marks.push(start(left, y + 17.0, NAMES + BODY, font(10.0, QUIET), &span));
    (marks.into_iter().collect(), y + 24.0)
}
