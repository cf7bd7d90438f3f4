//! The picture as marks: links below, boxes above them, headings over the columns, what the glyphs mean at the end.

use super::layout::{BODY, NAME, PAD, Placed};
use super::{Picture, Scene};
use crate::draw::svg::{self, GROUND, INK, LINE, QUIET, SHADE, bold, colors, font, px, start};
use crate::draw::treemap::Rect;
use crate::page::Tone;
use crate::render::markup::{Markup, element};

const WIRE: &str = "#afb8c1";
/// How far a link within a column swings out.
const SWING: f64 = 26.0;

/// Everything from a corner on; and where it ends.
pub(super) fn all(
    scene: &Scene,
    picture: &Picture,
    placed: &Placed,
    (left, top): (f64, f64),
    hovers: bool,
) -> (Markup, f64) {
    let body = top + 12.0;
    let here = |(x, y): (f64, f64)| (x + left, y + body);
    let headings = scene
        .columns
        .iter()
        .zip(&placed.columns)
        .map(|(column, (x, w))| start(x + left, top, *w + 20.0, bold(11.0, QUIET), column.heading));
    let links = picture.links.iter().zip(&placed.links).map(|((_, _, broken, n), points)| {
        let points: Vec<(f64, f64)> = points.iter().map(|point| here(*point)).collect();
        link(&points, *broken, *n)
    });
    let boxes = (0..picture.groups.len()).map(|n| {
        let at = placed.boxes[n];
        let at = Rect { x: at.x + left, y: at.y + body, ..at };
        one(picture, n, at, &placed.lines[n], hovers)
    });
    let y = body + placed.height + 24.0;
    let (legend, y) = legend(picture, left, y);
    (headings.chain(links).chain(boxes).chain([legend]).collect(), y)
}

fn link(points: &[(f64, f64)], broken: bool, n: usize) -> Markup {
    let Some(((x, y), rest)) = points.split_first() else { return Markup::default() };
    let mut path = format!("M{} {}", px(*x), px(*y));
    let mut from = (*x, *y);
    for (to, turn) in rest.iter().zip(0..) {
        if (to.1 - from.1).abs() < 0.05 && to.0 > from.0 {
            path.push_str(&format!("H{}", px(to.0)));
        } else if to.0 > from.0 || turn > 0 {
            let middle = (from.0 + to.0) / 2.0;
            path.push_str(&format!(
                "C{} {} {} {} {} {}",
                px(middle),
                px(from.1),
                px(middle),
                px(to.1),
                px(to.0),
                px(to.1)
            ));
        } else {
            let out = from.0.max(to.0) + SWING;
            path.push_str(&format!("C{} {} {} {} {} {}", px(out), px(from.1), px(out), px(to.1), px(to.0), px(to.1)));
        }
        from = *to;
    }
    let wide = (1.2 + (n as f64).log10()).min(4.0);
    element("path")
        .with("d", path)
        .with("fill", "none")
        .with("stroke", if broken { svg::WRONG } else { WIRE })
        .with("stroke-width", px(wide))
        .with_some("stroke-dasharray", broken.then_some("5 3"))
        .empty()
}

fn one(picture: &Picture, n: usize, at: Rect, lines: &[String], hovers: bool) -> Markup {
    let group = &picture.groups[n];
    let (ground, edge, ink) = match group.tone() {
        Some(tone) => (colors(tone).ground, colors(tone).ink, colors(tone).ink),
        None => (SHADE, LINE, QUIET),
    };
    // Several behind one another are several.
    let behind = (group.count > 1).then(|| {
        let at = Rect { x: at.x + 3.0, y: at.y + 3.0, ..at };
        svg::rect(at, GROUND, edge).empty()
    });
    let room = at.w - 2.0 * PAD;
    let name = start(at.x + PAD, at.y + 15.0, room, NAME, &group.brief());
    let states = usize::from(group.state.is_some());
    let body = lines.iter().enumerate().map(|(n, line)| {
        let look = if n < states { font(BODY.size, ink) } else { BODY };
        start(at.x + PAD, at.y + 28.0 + 12.5 * n as f64, room, look, line)
    });
    let hover = hovers.then(|| element("title").words(group.hover()));
    let marks = hover.into_iter().chain(behind).chain([svg::rect(at, ground, edge).empty(), name]).chain(body);
    element("g").around_all(marks)
}

/// What the glyphs mean that were used, and what a link is that is not there.
fn legend(picture: &Picture, left: f64, y: f64) -> (Markup, f64) {
    let used = |tone: Tone| picture.groups.iter().any(|group| group.tone() == Some(tone));
    let tones = [
        (Tone::Good, "● as it should be"),
        (Tone::Off, "○ off"),
        (Tone::Held, "‖ in between, or needs somebody"),
        (Tone::Wrong, "✕ wrong, or lost"),
        (Tone::Unknown, "? not known"),
    ];
    let look = font(10.5, INK);
    let (mut marks, mut x) = (Vec::new(), left);
    for (tone, words) in tones.into_iter().filter(|(tone, _)| used(*tone)) {
        marks.push(svg::rect(Rect { x, y: y - 10.0, w: 12.0, h: 12.0 }, colors(tone).ground, colors(tone).ink).empty());
        marks.push(start(x + 17.0, y, 200.0, look, words));
        x += 36.0 + svg::width(words, look);
    }
    if picture.links.iter().any(|(_, _, broken, _)| *broken) {
        marks.push(link(&[(x, y - 4.0), (x + 26.0, y - 4.0)], true, 1));
        marks.push(start(x + 32.0, y, 300.0, look, "does not carry, or is lost"));
        x += 1.0;
    }
    let end = if x > left { y + 14.0 } else { y - 10.0 };
    (marks.into_iter().collect(), end)
}
