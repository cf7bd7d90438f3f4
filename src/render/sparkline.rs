//! A line of numbers as small as a word.

use crate::page::Sparkline;
use crate::render::markup::element;

/// Its size on the page, and the part of it that the numbers take.
const SIZE: (u32, u32) = (82, 18);
const WIDE: f64 = 80.0;
const HIGH: f64 = 16.0;

/// The line as an SVG: a gap is a gap, a number alone a dot.
pub(super) fn svg(line: &Sparkline) -> String {
    let step = WIDE / (line.parts.len().max(2) - 1) as f64;
    let (mut path, mut drawn) = (String::new(), false);
    for (n, part) in line.parts.iter().enumerate() {
        if let Some(part) = part {
            let (x, y) = (n as f64 * step + 1.0, 1.0 + (1.0 - part) * HIGH);
            // A line of no length with round ends is a dot.
            path.push_str(&if drawn { format!("L{x:.0} {y:.1}") } else { format!("M{x:.0} {y:.1}h0") });
        }
        drawn = part.is_some();
    }
    // Blue and grey that stand out from a light and from a dark ground.
    let ground = element("path").with("d", "M1 17h80").with("stroke", "#8c959f").with("stroke-width", 0.5).empty();
    let pen = element("path").with("d", path).with("fill", "none").with("stroke", "#2f81f7").with("stroke-width", 1.5);
    element("svg")
        .with("xmlns", "http://www.w3.org/2000/svg")
        .with("width", SIZE.0)
        .with("height", SIZE.1)
        .around_all([ground, pen.with("stroke-linecap", "round").with("stroke-linejoin", "round").empty()])
        .into_string()
}
