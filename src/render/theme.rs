//! Colours and measures, as inline styles: foreground and background are always set together, so that a page reads
//! the same in a light and in a dark front end. Every text has a contrast of at least 4.5 to 1.

use crate::page::{Level, Tone};

pub(super) const CARD: &str = "border:1px solid #d0d7de;border-radius:8px;padding:12px 16px;margin:2px 0;\
    background:#ffffff;color:#1f2328;color-scheme:light;font:13px/1.45 system-ui,sans-serif;max-width:1080px";
pub(super) const TITLE: &str = "font-size:16px;color:#1f2328";
pub(super) const QUESTION: &str = "color:#59636e;margin:2px 0 8px";
pub(super) const HEADING: &str = "margin:10px 0 4px;color:#1f2328";
pub(super) const PARAGRAPH: &str = "margin:0 0 8px;color:#1f2328";
pub(super) const SCROLL: &str = "overflow-x:auto;margin:0 0 8px";
pub(super) const TABLE: &str =
    "border-collapse:collapse;border:none;margin:0;background:#ffffff;color:#1f2328;font-size:13px";
pub(super) const CAPTION: &str = "text-align:left;color:#59636e;padding:0 0 4px";
pub(super) const HEAD_ROW: &str = "background:#ffffff;color:#59636e;border-bottom:1px solid #d0d7de";
pub(super) const ROW: &str = "background:#ffffff;color:#1f2328;border-bottom:1px solid #eaeef2";
pub(super) const LEFT: &str = "text-align:left;padding:4px 10px 4px 0;vertical-align:top;white-space:normal";
pub(super) const RIGHT: &str = "text-align:right;padding:4px 10px 4px 0;vertical-align:top;white-space:normal";
pub(super) const FACTS: &str =
    "border-collapse:collapse;border:none;margin:0 0 8px;background:#ffffff;color:#1f2328;font-size:13px";
pub(super) const FACT_ROW: &str = "background:#ffffff;color:#1f2328";
pub(super) const LABEL: &str =
    "text-align:left;padding:2px 14px 2px 0;vertical-align:top;white-space:nowrap;font-weight:normal;color:#59636e";
pub(super) const FACT: &str = "text-align:left;padding:2px 0;vertical-align:top;white-space:normal";
/// `anywhere` would be enough, but sanitisers remove it.
pub(super) const BREAKABLE: &str = "display:inline-block;min-width:14em;word-break:break-all";
pub(super) const QUIET: &str = "color:#59636e;white-space:nowrap";
pub(super) const MISSING: &str = "color:#59636e;font-style:italic;white-space:normal";
pub(super) const ONE_LINE: &str = "white-space:nowrap";
pub(super) const METER: &str = "width:40px;height:10px";
pub(super) const CODE: &str =
    "font:12px ui-monospace,monospace;background:#f6f8fa;color:#1f2328;padding:1px 4px;overflow-wrap:anywhere";
pub(super) const BUTTON: &str = "font:11.5px ui-monospace,monospace;border:1px solid #0969da;color:#0969da;background:#ffffff;\
    border-radius:6px;padding:1px 6px;white-space:nowrap";
pub(super) const LINES: &str = "margin:0 0 8px;padding:8px 10px;background:#f6f8fa;color:#1f2328;border-radius:6px;\
    font:12px/1.45 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere";
pub(super) const SECTION: &str = "margin:0 0 6px;padding:0 0 0 2px";
pub(super) const SUMMARY: &str = "margin:0 0 4px;color:#1f2328";
pub(super) const PICTURE: &str = "max-width:100%";
pub(super) const SOURCE: &str = "margin:8px 0 0;color:#59636e;font-size:11px";
pub(super) const LINK: &str = "color:#0969da";

/// How a remark is coloured.
pub(super) fn note(level: Level) -> &'static str {
    match level {
        Level::Info => "margin:0 0 8px;padding:6px 10px;border-left:3px solid #0969da;background:#ddf4ff;color:#1f2328",
        Level::Warning => {
            "margin:0 0 8px;padding:6px 10px;border-left:3px solid #9a6700;background:#fff8c5;color:#1f2328"
        }
        Level::Danger => {
            "margin:0 0 8px;padding:6px 10px;border-left:3px solid #cf222e;background:#ffebe9;color:#1f2328"
        }
    }
}

/// How a state is coloured.
pub(super) fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "color:#1a7f37",
        Tone::Off => "color:#59636e",
        Tone::Held => "color:#9a6700",
        Tone::Wrong => "color:#cf222e",
        Tone::Unknown => "color:#8250df",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(color: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    /// The colour after this property in a style.
    fn color<'a>(style: &'a str, property: &str) -> Option<&'a str> {
        style
            .split(';')
            .find_map(|each| each.trim().strip_prefix(property)?.strip_prefix(":#").map(|_| each))
            .and_then(|each| each.find('#').map(|at| &each[at..at + 7]))
    }

    #[test]
    fn every_text_has_enough_contrast_on_its_ground() {
        let tones = [Tone::Good, Tone::Off, Tone::Held, Tone::Wrong, Tone::Unknown].map(tone);
        let notes = [Level::Info, Level::Warning, Level::Danger].map(note);
        let rest = [
            CARD, QUESTION, CAPTION, HEAD_ROW, ROW, FACT_ROW, LABEL, QUIET, MISSING, CODE, BUTTON, LINES, SOURCE, LINK,
        ];
        for style in tones.into_iter().chain(notes).chain(rest) {
            let ink = color(style, "color").unwrap_or_else(|| panic!("{style}"));
            let ground = color(style, "background").unwrap_or("#ffffff");
            let contrast = (luminance(ground) + 0.05) / (luminance(ink) + 0.05);
            assert!(contrast >= 4.5, "{ink} on {ground} has only {contrast:.2}");
        }
    }
}
