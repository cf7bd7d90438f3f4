//! How much room words take, roughly: fonts differ, so each letter counts as in the widest of those that are asked for.

use crate::text::Text;

/// The first line of a text, cut to a room with an ellipsis; both the room and the size of letters in the same unit.
pub(super) fn cut(words: &Text, room: f64, size: f64) -> String {
    let whole = words.brief(usize::MAX);
    if width(&whole, size) <= room {
        return whole;
    }
    let mut left = room - size;
    let fits = |letter: &char| {
        left -= width_of(*letter) * size;
        left >= 0.0
    };
    let kept: String = whole.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}

/// How wide words are at most.
pub(super) fn width(words: &str, size: f64) -> f64 {
    words.chars().map(width_of).sum::<f64>() * size
}

fn width_of(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' => 0.34,
        'f' | 'r' | 't' | '-' | '(' | ')' | '/' => 0.44,
        'm' | 'M' | 'W' | 'w' | '@' | '%' | '…' => 1.0,
        'A'..='Z' | '&' | '~' | '+' | '=' | '<' | '>' | '#' => 0.8,
        ' '..='~' => 0.62,
        '\u{2e80}'.. => 1.1,
        _ => 0.85,
    }
}
