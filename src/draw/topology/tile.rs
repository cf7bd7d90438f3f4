//! A guest as a tile, and many small ones as one. Knows nothing of the node around it.

use super::squares::{grid_of, squares, tally};
use super::{HA, Tile, counted, listed};
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
        let ha = if self.ha { format!(", {HA}") } else { String::new() };
        match &self.name {
            Reading::Known(name) => format!("{name} ({}{ha})", self.number),
            Reading::Missing(_) => format!("{}{ha}", self.number),
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

    /// Whether its number has room in it.
    pub(super) fn is_numbered(&self, at: Rect) -> bool {
        let (ink, number) = (number_font(self.state.tone), self.number.to_string());
        let rows = rows_in(at);
        let is_whole = rows >= 1 && svg::width(&format!("{} {number}", self.state.tone.glyph()), ink) <= at.w - 6.0;
        is_whole || (rows >= 2 && svg::width(&number, ink) <= at.w - 6.0)
    }

    /// Glyph and number, then the name, then the size, as far as there is room. A number is shown whole or not at all,
    /// and a name only with its number, since without it it would be anyone's.
    fn label(&self, at: Rect) -> Markup {
        let room = at.w - 6.0;
        let rows = rows_in(at);
        let glyph = self.state.tone.glyph();
        let (number, whole) = (self.number.to_string(), format!("{glyph} {}", self.number));
        let with_ha = format!("{whole} {HA}");
        let (ink, plain, small) = (number_font(self.state.tone), font(10.0, INK), font(9.5, INK));
        let size = self.maxmem.known().map(|most| most.to_string()).unwrap_or_default();
        let lines: Vec<(Font, String)> = if svg::width(&whole, ink) <= room {
            let whole = if self.ha && svg::width(&with_ha, ink) <= room { with_ha } else { whole };
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

fn number_font(tone: Tone) -> Font {
    bold(9.5, colors(tone).ink)
}

/// How many lines of words a tile has room for.
fn rows_in(at: Rect) -> usize {
    (((at.h - 5.0) / LINE).floor() as usize).max(usize::from(at.h >= 14.0))
}

/// Guests that are too small for a tile of their own, in one: how many, in which states, and a square for each.
pub(super) fn small_marks(small: &[&Tile], at: Rect, crowded: bool) -> Markup {
    let tones: Vec<Tone> = small.iter().map(|tile| tile.state.tone).collect();
    let ground = svg::rect(at, SHADE, QUIET).empty();
    let hover = (!crowded).then(|| {
        let memory: Bytes = small.iter().filter_map(|tile| tile.maxmem.known()).sum();
        let names: Vec<String> = small.iter().map(|tile| tile.short()).collect();
        let guests = counted(small.len(), "small guest");
        element("title").words(format!("{guests}, {memory} together: {}", listed(&names, usize::MAX)))
    });
    element("g").around_all(hover.into_iter().chain([ground, many_marks(at, &tones, "small guest")]))
}

/// Their number and states in words, as far as there is room, and a square for each in the rest.
pub(super) fn many_marks(at: Rect, tones: &[Tone], what: &str) -> Markup {
    let (head, body, room) = (bold(10.0, INK), font(10.0, INK), at.w - 6.0);
    let wordings = [counted(tones.len(), what), format!("{} guests", tones.len()), tones.len().to_string()];
    let first = svg::fitting(&[&wordings[0], &wordings[1], &wordings[2]], room, head);
    let states = tally(tones);
    let second = svg::fitting(&[&states], room, body);
    let lines = 1 + usize::from(!second.is_empty());
    // Squares say more than words; where both have no room, the words give way line by line.
    for said in (0..=lines).rev() {
        if let Some(drawn) = squares(below(at, said), tones) {
            let label = [(head, first), (body, second)].into_iter().take(said).zip(1..);
            let label =
                label.map(|((look, words), n)| start(at.x + 3.0, at.y + LINE * f64::from(n), room, look, words));
            return label.chain([drawn]).collect();
        }
    }
    if is_legible(at) { start(at.x + 3.0, at.y + LINE, at.w - 4.0, head, first) } else { Markup::default() }
}

/// What is left of a tile below some lines of words.
fn below(at: Rect, lines: usize) -> Rect {
    let top = if lines > 0 { LINE * lines as f64 + 4.0 } else { 3.0 };
    Rect { x: at.x + 3.0, y: at.y + top, w: (at.w - 6.0).max(0.0), h: (at.h - top - 3.0).max(0.0) }
}

/// Whether so many squares have room in a tile, if need be without words.
pub(super) fn has_squares(at: Rect, n: usize) -> bool {
    grid_of(below(at, 0), n).is_some()
}

/// Whether there is room for the glyph of the state at least.
pub(super) fn is_legible(at: Rect) -> bool {
    at.h >= 14.0 && at.w >= 14.0
}
