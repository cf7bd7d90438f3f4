//! What stands around the marks of a drawing: its title and answer above, what must be said and where it comes from
//! below. Knows nothing of what is drawn between.

use crate::draw::svg::{self, Font, INK, QUIET, bold, font, start};
use crate::page::Provenance;
use crate::render::markup::Markup;
use crate::text::Text;

pub(super) const WIDTH: f64 = 980.0;
pub(super) const MARGIN: f64 = 16.0;
/// As wide as lines of text may be.
pub(super) const ROOM: f64 = WIDTH - 2.0 * MARGIN;
/// A drawing is never larger than this.
pub(super) const LARGEST: usize = 400_000;
/// More of a single text than this is not shown.
const LONGEST: usize = 700;
/// Where a drawing begins that has nothing above it.
pub(super) const TOP: f64 = 24.0;

/// Words in lines that all fit: a word that is wider than the room is cut.
pub(super) fn wrapped(words: &str, room: f64, look: Font) -> Vec<String> {
    let words: String = Text::from(words).to_string().chars().take(LONGEST).collect();
    svg::lines(&words, room, look).iter().map(|line| svg::cut(line, room, look)).collect()
}

/// The title and the answer in the words of whom it is for; and where the drawing can begin.
pub(super) fn head(from: &Provenance, title: &str, (fact, rest): (&str, &str)) -> (Markup, f64) {
    let mut marks = vec![start(MARGIN, 27.0, ROOM, bold(16.0, INK), title)];
    let mut y = 33.0;
    // The rest of the sentence stands on a line of its own.
    let rest = rest.trim_start_matches([';', ':', ',', '.', ' ']);
    for (words, look) in [(fact, bold(12.0, INK)), (rest, font(11.5, INK))] {
        for line in wrapped(&from.say(words), ROOM, look) {
            y += 16.0;
            marks.push(start(MARGIN, y, ROOM, look, &line));
        }
    }
    (marks.into_iter().collect(), y + 20.0)
}

/// What must be said beside the drawing, then where it comes from unless that is said elsewhere; and where that ends.
pub(super) fn foot(caveats: &[String], from: Option<&Provenance>, top: f64) -> (Markup, f64) {
    let (mut marks, mut y) = (Vec::new(), top);
    for caveat in caveats {
        let caveat = from.map_or_else(|| caveat.clone(), |from| from.say(caveat));
        for line in wrapped(&caveat, ROOM, font(11.0, INK)) {
            marks.push(start(MARGIN, y, ROOM, font(11.0, INK), &line));
            y += 15.0;
        }
        y += 3.0;
    }
    // A call stays with its path, and the dot between two parts at the end of its line.
    let from = from.map(Provenance::to_string).unwrap_or_default();
    let from = from.replace("GET ", "GET\u{a0}").replace(" · ", "\u{a0}· ");
    for line in wrapped(&from, ROOM, font(10.0, QUIET)) {
        marks.push(start(MARGIN, y + 4.0, ROOM, font(10.0, QUIET), &line));
        y += 13.0;
    }
    (marks.into_iter().collect(), y + 6.0)
}
