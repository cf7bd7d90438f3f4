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
    let words = cut(words, room, font);
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

/// How wide words are at most. Fonts differ, so each letter counts as in the widest of those that are asked for.
pub(crate) fn width(words: &str, font: Font) -> f64 {
    let letters: f64 = words.chars().map(letter_width).sum();
    letters * font.size * if font.bold { 1.12 } else { 1.0 }
}

fn letter_width(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '!' | '|' | '·' | ' ' | '\u{a0}' => 0.35,
        'f' | 'r' | 't' | '-' | '(' | ')' | '/' | '[' | ']' => 0.44,
        'm' | 'M' | 'W' | 'w' | '@' | '%' | '…' | '—' => 1.0,
        'A'..='Z' | '&' | '~' | '+' | '=' | '<' | '>' | '#' => 0.82,
        ' '..='~' => 0.65,
        '\u{2e80}'.. => 1.1,
        _ => 0.85,
    }
}

/// What fits into a width, with an ellipsis where something is cut; nothing where fewer than three letters would stay.
pub(crate) fn cut(words: &str, room: f64, font: Font) -> String {
    if width(words, font) <= room {
        return words.to_owned();
    }
    let room = room - width("…", font);
    let mut kept = String::new();
    for letter in words.chars() {
        kept.push(letter);
        if width(&kept, font) > room {
            kept.pop();
            break;
        }
    }
    if kept.chars().count() < 3 { String::new() } else { format!("{}…", kept.trim_end()) }
}

/// The first of several wordings that fits whole, since a number that is cut is another number.
pub(crate) fn fitting<'a>(wordings: &[&'a str], room: f64, font: Font) -> &'a str {
    wordings.iter().find(|words| width(words, font) <= room).copied().unwrap_or_default()
}

/// Words in lines of a width, broken between words but neither at a space that is meant to stay nor behind a number, which
/// stays with what it counts.
pub(crate) fn lines(words: &str, room: f64, font: Font) -> Vec<String> {
    let breaks = |c: char| c.is_whitespace() && c != '\u{a0}';
    let is_number = |word: &str| word.chars().all(|c| c.is_ascii_digit() || c == '.') && !word.is_empty();
    let (mut lines, mut counts): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut put = |whole: String| match lines.last_mut() {
        Some(line) if width(&format!("{line} {whole}"), font) <= room => {
            line.push(' ');
            line.push_str(&whole);
        }
        _ => lines.push(whole),
    };
    for word in words.split(breaks).filter(|word| !word.is_empty()) {
        counts.push(word);
        let is_too_wide = width(&counts.join(" "), font) > room;
        if is_number(word) && !is_too_wide {
            continue;
        }
        match is_too_wide {
            true => counts.drain(..).for_each(|word| put(word.to_owned())),
            false => put(std::mem::take(&mut counts).join(" ")),
        }
    }
    if !counts.is_empty() {
        put(counts.join(" "));
    }
    lines.iter().map(|line| line.replace('\u{a0}', " ")).collect()
}

/// A bar on a track, filled so far; red from `alarm` on.
pub(crate) fn bar(at: Rect, part: Option<f64>, alarm: f64) -> Markup {
    let filled = part.filter(|part| !part.is_nan()).map(|part| {
        let color = if part >= alarm { WRONG } else { ACCENT };
        rect(Rect { w: at.w * part.clamp(0.0, 1.0), ..at }, color, "none").empty()
    });
    std::iter::once(rect(at, TRACK, "none").empty()).chain(filled).collect()
}

/// The colours of something in a state.
#[derive(Clone, Copy)]
pub(crate) struct Colors {
    /// Of its edge and its words.
    pub(crate) ink: &'static str,
    /// Of its ground.
    pub(crate) ground: &'static str,
    /// Of its filling.
    pub(crate) fill: &'static str,
}

pub(crate) fn colors(tone: Tone) -> Colors {
    let (ink, ground, fill) = match tone {
        Tone::Good => ("#116329", "#dafbe1", "#aceebb"),
        Tone::Off => (QUIET, SHADE, "#e7ebef"),
        Tone::Held => ("#7d4e00", "#fff8c5", "#f5e08a"),
        Tone::Wrong => ("#b31d28", "#ffebe9", "#ffd3d0"),
        Tone::Unknown => ("#6639ba", "#fbefff", "#ecd8ff"),
    };
    Colors { ink, ground, fill }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_to_its_room_and_says_so() {
        let plain = font(10.0, INK);
        assert_eq!(cut("db-main", 100.0, plain), "db-main");
        assert_eq!(cut("a-rather-long-name", 60.0, plain), "a-rather-…");
        assert_eq!(cut("a-rather-long-name", 25.0, plain), "");
        assert_eq!(cut("any", 5.0, plain), "");
        assert!(width(&cut("WWWWWWWWWWWW", 60.0, plain), plain) <= 60.0);
    }

    #[test]
    fn of_several_wordings_the_first_that_fits_is_taken_whole() {
        let plain = font(10.0, INK);
        assert_eq!(fitting(&["32 of 96 GiB", "33%"], 100.0, plain), "32 of 96 GiB");
        assert_eq!(fitting(&["32 of 96 GiB", "33%"], 40.0, plain), "33%");
        assert_eq!(fitting(&["32 of 96 GiB", "33%"], 4.0, plain), "");
        assert_eq!(lines("36 GiB not promised", 70.0, plain), ["36 GiB not", "promised"]);
        assert_eq!(lines("promised 36 GiB, of\u{a0}96 more", 60.0, plain), ["promised", "36 GiB,", "of 96 more"]);
        assert_eq!(lines("1 2 3", 5.0, plain), ["1", "2", "3"]);
        assert_eq!(lines("uses 36", 90.0, plain), ["uses 36"]);
    }

    #[test]
    fn words_cannot_become_markup() {
        let mark = text(0.0, 0.0, 900.0, Anchor::Start, font(10.0, INK), "<script>&\"").into_string();
        assert!(mark.contains("&lt;script&gt;&amp;&quot;"), "{mark}");
    }

    fn luminance(color: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    #[test]
    fn every_word_can_be_read_on_the_ground_and_on_the_filling_under_it() {
        for tone in [Tone::Good, Tone::Off, Tone::Held, Tone::Wrong, Tone::Unknown] {
            let Colors { ink, ground, fill } = colors(tone);
            for (ink, under) in [(ink, ground), (ink, fill), (INK, ground), (INK, fill), (ink, GROUND), (ink, SHADE)] {
                let contrast = (luminance(under) + 0.05) / (luminance(ink) + 0.05);
                assert!(contrast >= 4.5, "{tone:?}: {ink} on {under} has only {contrast:.1}");
            }
        }
    }
}
