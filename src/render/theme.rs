//! How pages look where a style sheet is let through, and what happens in them where scripts run.
//!
//! Colours are those of the front end, and mixtures with its own ink, so that every text has a contrast of at least 4.5
//! to 1 in a light and in a dark theme; a front end that says nothing of its colours gets a white card.

use crate::page::Level;

/// The style sheet of every page.
pub(super) const SHEET: &str = include_str!("page.css");
/// Sorts and filters the tables of a page.
pub(super) const SCRIPT: &str = include_str!("table.js");

/// A remark's beginning.
pub(super) fn note(level: Level) -> &'static str {
    match level {
        Level::Info => "<p class=\"n\">",
        Level::Warning => "<p class=\"n\" style=\"--n:#bf8700\">",
        Level::Danger => "<p class=\"n\" style=\"--n:#cf222e\">",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What JupyterLab calls its ground and its ink, and what stands for them elsewhere.
    const GROUNDS: [([f64; 3], [f64; 3]); 3] =
        [([255.0; 3], [33.0; 3]), ([17.0; 3], [255.0; 3]), ([255.0; 3], [31.0, 35.0, 40.0])];

    fn luminance(color: [f64; 3]) -> f64 {
        let [r, g, b] = color
            .map(|part| part / 255.0)
            .map(|value: f64| if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn mixed(one: [f64; 3], part: f64, other: [f64; 3]) -> [f64; 3] {
        [0, 1, 2].map(|n| one[n] * part + other[n] * (1.0 - part))
    }

    /// The colour that is written after this, as the sheet has it.
    fn written(before: &str) -> [f64; 3] {
        let at = SHEET.find(before).unwrap_or_else(|| panic!("{before}")) + before.len();
        [1, 3, 5].map(|n| f64::from(u8::from_str_radix(&SHEET[at + n..at + n + 2], 16).unwrap()))
    }

    #[test]
    fn every_text_has_enough_contrast_on_its_ground_in_light_and_in_dark() {
        for rule in ["background:#8881", "color:color-mix(in srgb,var(--f) 72%,var(--b))", ") 75%,var(--f))}"] {
            assert!(SHEET.contains(rule), "the sheet mixes in another way: {rule}");
        }
        for (ground, ink) in GROUNDS {
            let shade = mixed([136.0; 3], 1.0 / 15.0, ground);
            let tones = ["var(--c,", ".g{--c:", ".h{--c:", ".w{--c:", ".u{--c:"].map(written);
            let quiet = mixed(ink, 0.72, ground);
            for color in tones.map(|tone| mixed(tone, 0.75, ink)).into_iter().chain([ink, quiet]) {
                for under in [ground, shade] {
                    let (one, other) = (luminance(color), luminance(under));
                    let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                    assert!(contrast >= 4.5, "{color:?} on {under:?} has only {contrast:.2}");
                }
            }
        }
    }
}
