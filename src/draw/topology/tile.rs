//! A guest as a tile, and many small ones as one. Knows nothing of the node around it.

use super::{NAMES, Tile, counted, listed};
use crate::draw::svg::{self, Font, INK, QUIET, SHADE, bold, colors, font, start};
use crate::draw::treemap::Rect;
use crate::page::Tone;
use crate::render::markup::{Markup, element};
use crate::text::Text;
use crate::units::{Bytes, Reading};

/// A line of words in a tile takes this much of its height.
const LINE: f64 = 12.0;

impl Tile {
    /// What the tile's area stands for.
    pub(super) fn weight(&self) -> f64 {
        self.maxmem.known().map_or(0.0, |memory| memory.0 as f64)
    }

    /// The name with the number, which alone is unique.
    pub(super) fn short(&self) -> String {
        match &self.name {
            Reading::Known(name) => format!("{name} ({})", self.number),
            Reading::Missing(_) => self.number.to_string(),
        }
    }

    fn hover(&self) -> String {
        let name = match &self.name {
            Reading::Known(name) => format!("{name}, {}", self.what),
            Reading::Missing(why) => format!("{}, name not known: {why}", self.what),
        };
        let memory = match (self.mem, self.maxmem) {
            (Reading::Known(used), Reading::Known(most)) => format!("uses {used} of {most}"),
            (Reading::Missing(_), Reading::Known(most)) => format!("may use {most}"),
            (_, Reading::Missing(why)) => format!("memory not known: {why}"),
        };
        format!("{name}: {}, {memory}", self.state.word)
    }

    pub(super) fn marks(&self, at: Rect, crowded: bool) -> Markup {
        let colors = colors(self.state.tone);
        let used = self.mem.known().zip(self.maxmem.known()).and_then(|(used, most)| used.of(most));
        let dashed = (self.state.tone == Tone::Unknown).then_some("3 2");
        let hover = (!crowded).then(|| element("title").words(self.hover()));
        let filling = used.map(|used| svg::rect(at.filled(used.0), colors.fill, "none").empty());
        let edge = svg::rect(at, "none", colors.ink).with_some("stroke-dasharray", dashed).empty();
        let marks =
            hover.into_iter().chain([svg::rect(at, colors.ground, "none").empty()]).chain(filling).chain([edge]);
        element("g").around_all(marks.chain([self.label(at)]))
    }

    /// Glyph and number, then the name, then the size, as far as there is room. A number is shown whole or not at all,
    /// and a name only with its number, since without it it would be anyone's.
    fn label(&self, at: Rect) -> Markup {
        let room = at.w - 6.0;
        let rows = (((at.h - 5.0) / LINE).floor() as usize).max(usize::from(at.h >= 14.0));
        let glyph = self.state.tone.glyph();
        let (number, whole) = (self.number.to_string(), format!("{glyph} {}", self.number));
        let (ink, plain, small) = (bold(9.5, colors(self.state.tone).ink), font(10.0, INK), font(9.5, INK));
        let size = self.maxmem.known().map(|most| most.to_string()).unwrap_or_default();
        let lines: Vec<(Font, String)> = if svg::width(&whole, ink) <= room {
            let name = self.name.as_ref().known().map(Text::to_string).unwrap_or_default();
            vec![(ink, whole), (plain, name), (small, svg::fitting(&[&size], room, small).to_owned())]
        } else if rows >= 2 && svg::width(&number, ink) <= room {
            vec![(ink, number), (ink, glyph.to_owned())]
        } else {
            vec![(ink, svg::fitting(&[glyph], at.w - 2.0, ink).to_owned())]
        };
        let placed =
            lines.iter().take(rows).zip(1..).map(|((look, words), n)| {
                start(at.x + 3.0, at.y + 1.0 + LINE * f64::from(n), at.w - 4.0, *look, words)
            });
        placed.collect()
    }
}

/// Guests that are too small to be told apart, as one tile with their number.
pub(super) fn small_marks(small: &[&Tile], at: Rect, crowded: bool) -> Markup {
    let running = small.iter().filter(|tile| tile.state.tone == Tone::Good).count();
    let memory: Bytes = small.iter().filter_map(|tile| tile.maxmem.known()).sum();
    let used: Bytes = small.iter().filter_map(|tile| tile.mem.known()).sum();
    let level = at.filled(used.of(memory).map_or(0.0, |part| part.0));
    let names: Vec<String> = small.iter().map(|tile| tile.short()).collect();
    let names = listed(&names, if crowded { NAMES } else { usize::MAX });
    let guests = counted(small.len(), "small guest");
    let (room, head, body) = (at.w - 8.0, bold(10.0, INK), font(10.0, INK));
    let brief = format!("{} small", small.len());
    let count = format!("+{}", small.len());
    let told = format!("{running} running, {memory}");
    let hover = format!("{guests}, {running} of them running, {memory} together: {names}");
    let first = svg::fitting(&[&guests, &brief, &count], at.w - 4.0, head);
    let second = svg::fitting(&[&told], room, body);
    let mut marks = vec![
        element("title").words(hover),
        svg::rect(at, SHADE, "none").empty(),
        svg::rect(level, colors(Tone::Good).fill, "none").empty(),
        svg::rect(at, "none", QUIET).empty(),
    ];
    if is_legible(at) {
        marks.push(start(at.x + 3.0, at.y + 12.0, at.w - 4.0, head, first));
    }
    if says_itself(at) && at.h >= 28.0 {
        marks.push(start(at.x + 3.0, at.y + 24.0, room, body, second));
    }
    element("g").around_all(marks)
}

/// Whether there is room for the glyph of the state at least.
pub(super) fn is_legible(at: Rect) -> bool {
    at.h >= 14.0 && at.w >= 14.0
}

/// Whether the tile of small guests has room to say what it is.
pub(super) fn says_itself(at: Rect) -> bool {
    at.h >= 16.0 && at.w >= 64.0
}
