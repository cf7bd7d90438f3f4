//! The few marks that drawings are made of, escaped by construction. Knows lengths of text only roughly.

use crate::draw::treemap::Rect;
use crate::page::Tone;
use crate::render::markup::{Element, Markup, element};

pub(crate) const INK: &str = "#1f2328";
pub(crate) const QUIET: &str = "#59636e";
pub(crate) const LINE: &str = "#d0d7de";
pub(crate) const GROUND: &str = "#ffffff";
pub(crate) const SHADE: &str = "#f6f8fa";
pub(crate) const TRACK: &str = "#eaeef2";
pub(crate) const ACCENT: &str = "#0969da";
pub(crate) const WRONG: &str = "#cf222e";

/// A whole drawing on its own ground.
pub(crate) fn drawing(w: f64, h: f64, title: &str, marks: Markup) -> String {
    let ground = element("rect").with("width", px(w)).with("height", px(h)).with("rx", 8).with("fill", GROUND);
    element("svg")
        .with("xmlns", "http://www.w3.org/2000/svg")
        .with("width", px(w))
        .with("height", px(h))
        .with("viewBox", format!("0 0 {} {}", px(w), px(h)))
        .with("font-family", "system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif")
        .around_all([element("title").words(title), ground.with("stroke", LINE).empty(), marks])
        .into_string()
}

/// A number of pixels, as short as it can be written.
pub(crate) fn px(length: f64) -> String {
    let shown = format!("{length:.1}");
    shown.strip_suffix(".0").map(str::to_owned).unwrap_or(shown)
}

/// A box.
pub(crate) fn rect(at: Rect, fill: &str, stroke: &str) -> Element {
    element("rect")
        .with("x", px(at.x))
        .with("y", px(at.y))
        .with("width", px(at.w))
        .with("height", px(at.h))
        .with("rx", 3)
        .with("fill", fill)
        .with("stroke", stroke)
}

/// How text stands to its place.
#[derive(Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How text looks.
#[derive(Clone, Copy)]
pub(crate) struct Font {
    pub(crate) size: f64,
    pub(crate) color: &'static str,
    pub(crate) bold: bool,
}

pub(crate) const fn font(size: f64, color: &'static str) -> Font {
    Font { size, color, bold: false }
}

pub(crate) const fn bold(size: f64, color: &'static str) -> Font {
    Font { size, color, bold: true }
}

/// Text at a place, cut to a width.
pub(crate) fn text(x: f64, y: f64, room: f64, anchor: Anchor, font: Font, words: &str) -> Markup {
    let anchor = match anchor {
        Anchor::Start => None,
        Anchor::Middle => Some("middle"),
        Anchor::End => Some("end"),
    };
    let words = cut(words, room, font.size);
    if words.is_empty() {
        return Markup::default();
    }
    element("text")
        .with("x", px(x))
        .with("y", px(y))
        .with("font-size", px(font.size))
        .with("fill", font.color)
        .with_some("text-anchor", anchor)
        .with_some("font-weight", font.bold.then_some("600"))
        .words(words)
}

/// Text that starts at a place.
pub(crate) fn start(x: f64, y: f64, room: f64, font: Font, words: &str) -> Markup {
    text(x, y, room, Anchor::Start, font, words)
}

/// What fits into a width, with an ellipsis where something is cut. Fonts differ, so the estimate is on the wide side.
pub(crate) fn cut(words: &str, room: f64, size: f64) -> String {
    let letter = size * 0.58;
    let fits = (room / letter).floor().max(0.0) as usize;
    if words.chars().count() <= fits {
        return words.to_owned();
    }
    match fits {
        // Fewer letters tell nothing.
        0..=4 => String::new(),
        _ => words.chars().take(fits - 1).chain(['…']).collect(),
    }
}

/// A bar on a track, filled so far; red from `alarm` on.
pub(crate) fn bar(at: Rect, part: Option<f64>, alarm: f64) -> Markup {
    let filled = part.map(|part| {
        let color = if part >= alarm { WRONG } else { ACCENT };
        rect(Rect { w: at.w * part.clamp(0.0, 1.0), ..at }, color, "none").empty()
    });
    std::iter::once(rect(at, TRACK, "none").empty()).chain(filled).collect()
}

/// Stroke and fill of a state.
pub(crate) fn colors(tone: Tone) -> (&'static str, &'static str) {
    match tone {
        Tone::Good => ("#1a7f37", "#dafbe1"),
        Tone::Off => ("#59636e", "#f6f8fa"),
        Tone::Held => ("#9a6700", "#fff8c5"),
        Tone::Wrong => ("#cf222e", "#ffebe9"),
        Tone::Unknown => ("#8250df", "#fbefff"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_to_its_room_and_says_so() {
        assert_eq!(cut("db-main", 100.0, 10.0), "db-main");
        assert_eq!(cut("a-rather-long-name", 50.0, 10.0), "a-rathe…");
        assert_eq!(cut("a-rather-long-name", 25.0, 10.0), "");
        assert_eq!(cut("any", 5.0, 10.0), "");
    }

    #[test]
    fn words_cannot_become_markup() {
        let mark = text(0.0, 0.0, 900.0, Anchor::Start, font(10.0, INK), "<script>&\"").into_string();
        assert!(mark.contains("&lt;script&gt;&amp;&quot;"), "{mark}");
    }
}
