//! Guests too many or too small for tiles: a square each, those in the same state side by side.

use crate::draw::svg::px;
use crate::draw::treemap::Rect;
use crate::page::Tone;
use crate::render::markup::{Markup, element};

/// The order of the states: what needs a look comes first.
const ORDER: [Tone; 5] = [Tone::Wrong, Tone::Unknown, Tone::Held, Tone::Off, Tone::Good];
/// From one square to the next, in pixels: at most so far, and no nearer, or nobody could tell them apart.
const WIDEST: f64 = 9.0;
const NARROWEST: f64 = 3.4;
const BETWEEN: f64 = 1.0;

/// A square for each, from the upper left; nothing where they would be too small.
pub(super) fn squares(at: Rect, tones: &[Tone]) -> Option<Markup> {
    let (pitch, columns) = grid_of(at, tones.len())?;
    let mut marks = Markup::default();
    let mut first = 0;
    for tone in ORDER {
        let n = tones.iter().filter(|each| **each == tone).count();
        if n > 0 {
            marks = marks.and(of_one_state(at, pitch, columns, first..first + n, color(tone)));
        }
        first += n;
    }
    Some(marks)
}

/// How far apart the squares are and how many stand in a row, if they fit.
pub(super) fn grid_of(at: Rect, n: usize) -> Option<(f64, usize)> {
    let mut pitch = (at.area() / n.max(1) as f64).sqrt().min(WIDEST);
    while pitch >= NARROWEST {
        // Tenths are what is written down.
        pitch = (pitch * 10.0).floor() / 10.0;
        let (columns, rows) = ((at.w / pitch).floor() as usize, (at.h / pitch).floor() as usize);
        if columns * rows >= n {
            return Some((pitch, columns));
        }
        pitch -= 0.1;
    }
    None
}

/// The squares of a row are the dashes of one line.
fn of_one_state(at: Rect, pitch: f64, columns: usize, which: std::ops::Range<usize>, color: &str) -> Markup {
    let side = pitch - BETWEEN;
    let mut lines = String::new();
    let mut n = which.start;
    while n < which.end {
        let (row, column) = (n / columns, n % columns);
        let here = (columns - column).min(which.end - n);
        let (x, y) = (at.x + pitch * column as f64, at.y + pitch * row as f64 + side / 2.0);
        lines.push_str(&format!("M{} {}h{}", px(x), px(y), px(pitch * here as f64 - BETWEEN)));
        n += here;
    }
    element("path")
        .with("d", lines)
        .with("stroke", color)
        .with("stroke-width", px(side))
        .with("stroke-dasharray", format!("{} {}", px(side), px(BETWEEN)))
        .empty()
}

/// Strong enough to be seen in a square of few pixels.
fn color(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "#4ac26b",
        Tone::Off => "#afb8c1",
        Tone::Held => "#bf8700",
        Tone::Wrong => "#cf222e",
        Tone::Unknown => "#8250df",
    }
}

/// How many are in which state, by glyph and in the order of the squares, so that one tells them apart without their
/// colours: `✕ 1 ○ 14 ● 57`; a number stays with its glyph.
pub(super) fn tally(tones: &[Tone]) -> String {
    let counted = ORDER.map(|tone| {
        let n = tones.iter().filter(|each| **each == tone).count();
        (n > 0).then(|| format!("{}\u{a0}{n}", tone.glyph()))
    });
    counted.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use roxmltree::Document;

    use super::*;

    proptest! {
        #[test]
        fn squares_stay_inside_and_are_as_many_as_guests(
            n in 1_usize..3_000, w in 20.0_f64..900.0, h in 20.0_f64..300.0, state in any::<u8>(),
        ) {
            let at = Rect { x: 13.0, y: 7.0, w, h };
            let tones: Vec<Tone> = (0..n).map(|i| ORDER[(i * usize::from(state) / 7) % 5]).collect();
            let Some(marks) = squares(at, &tones) else {
                prop_assert!(at.area() / (n as f64) < 25.0, "{n} squares have room in {at:?}");
                return Ok(());
            };
            let drawn = format!("<g>{}</g>", marks.into_string());
            let mut seen = 0.0;
            for path in Document::parse(&drawn).unwrap().descendants().filter(|node| node.has_tag_name("path")) {
                let side: f64 = path.attribute("stroke-width").unwrap().parse().unwrap();
                for line in path.attribute("d").unwrap().split('M').skip(1) {
                    let parts: Vec<f64> = line.split([' ', 'h']).map(|part| part.parse().unwrap()).collect();
                    prop_assert!(parts[0] >= at.x - 0.1 && parts[0] + parts[2] <= at.x + at.w + 0.2, "{line} in {at:?}");
                    prop_assert!(parts[1] - side / 2.0 >= at.y - 0.1 && parts[1] + side / 2.0 <= at.y + at.h + 0.2);
                    seen += ((parts[2] + BETWEEN) / (side + BETWEEN)).round();
                }
            }
            prop_assert_eq!(seen as usize, n);
        }
    }

    #[test]
    fn a_tally_says_what_there_is() {
        assert_eq!(tally(&[Tone::Off, Tone::Good, Tone::Off]), "○\u{a0}2 ●\u{a0}1");
        assert_eq!(tally(&[]), "");
    }
}
