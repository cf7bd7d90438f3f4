//! Words that come from elsewhere: shown as they are, never able to act.
//!
//! Knows what the notebook kernel and a reader's eye could take for something else; knows nothing about markup.

use std::borrow::{Borrow, Cow};
use std::fmt;

/// Free text from a server or a person: a name, a note, a log line, a message.
///
/// It compares, sorts and searches as the very string that came. Only when shown (`Display`, tables, drawings) is it
/// made harmless: the kernel's control words are broken by an invisible character, and control or bidirectional
/// characters appear as their escapes, so that nobody is misled and no cell runs twice. It does not turn into a `&str`
/// by itself, so that it cannot be printed as it came by oversight; [`raw`](Text::raw) gives the very string.
///
/// ```
/// use pve_notebook::Text;
/// let name = Text::from("db\u{202e}1");
/// assert_eq!(name, "db\u{202e}1");
/// assert_eq!(name.to_string(), "db\\u{202e}1");
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(String);

/// What begins every control line of the evcxr kernel.
pub(crate) const MARK: &str = "EVCXR_";
/// The same to the eye, with a word joiner inside; nothing to the kernel.
const BROKEN_MARK: &str = "EVCXR\u{2060}_";

impl Text {
    /// The string as it came, for comparing and searching. To show it, use `Display`.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// Whether these words stand in it.
    pub fn contains(&self, words: &str) -> bool {
        self.0.contains(words)
    }

    /// Whether it begins with these words.
    pub fn starts_with(&self, words: &str) -> bool {
        self.0.starts_with(words)
    }

    /// Whether it ends with these words.
    pub fn ends_with(&self, words: &str) -> bool {
        self.0.ends_with(words)
    }

    /// Whether there is nothing in it but white space.
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// The string as it is shown.
    pub(crate) fn shown(&self) -> Cow<'_, str> {
        if is_harmless(&self.0) || !self.0.contains(MARK) && !self.0.contains(misleads) {
            return Cow::Borrowed(&self.0);
        }
        let mut shown = String::with_capacity(self.0.len() + 16);
        for c in self.0.chars() {
            if misleads(c) {
                shown.extend(c.escape_unicode());
            } else {
                shown.push(c);
            }
        }
        Cow::Owned(break_marks(&shown))
    }

    /// The first line, shown, cut to `width` characters with an ellipsis.
    pub fn brief(&self, width: usize) -> String {
        let line = self.0.lines().next().unwrap_or_default();
        let shown = Text::from(line).to_string();
        let more = self.0.lines().nth(1).is_some();
        if shown.chars().count() > width || more {
            let kept: String = shown.chars().take(width.saturating_sub(1)).collect();
            format!("{}…", kept.trim_end())
        } else {
            shown
        }
    }
}

/// Breaks the kernel's control words in text that is about to be printed.
pub(crate) fn break_marks(text: &str) -> String {
    text.replace(MARK, BROKEN_MARK)
}

/// JSON that means the same, without what acts or misleads where somebody prints it: its strings have these as escapes.
pub(crate) fn harmless_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.replace(MARK, "EVCXR\\u005f").chars() {
        // Outside of strings JSON has none of them but line breaks, and each of them has four digits.
        if misleads(c) { shown.push_str(&format!("\\u{:04x}", u32::from(c))) } else { shown.push(c) }
    }
    shown
}

/// Whether a character acts on a terminal or turns, hides or ends what is read.
pub(crate) fn misleads(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown())
    }
}

/// Whether there are only letters that need no second look. By index, since that is quick where nothing is optimised,
/// as in a notebook.
fn is_harmless(words: &str) -> bool {
    let bytes = words.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        // The kernel's mark ends with an underscore.
        if !matches!(bytes[at], b' '..=b'^' | b'`'..=b'~') {
            return false;
        }
        at += 1;
    }
    true
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text(text.to_owned())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text(text)
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Text {
        Text(text.clone())
    }
}

impl From<&Text> for Text {
    fn from(text: &Text) -> Text {
        text.clone()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        self.0 == *other
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Anything, with more than its share of what could act or mislead.
    fn anything() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("EVCXR_".to_owned()),
            Just("EVCXR".to_owned()),
            Just("_".to_owned()),
            "[\u{0}-\u{1f}\u{7f}-\u{9f}]",
            "[\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}\u{2066}-\u{2069}\u{61c}\u{feff}]",
            ".{0,4}",
            any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    /// Told apart here by other means than there.
    fn acts_or_misleads(shown: &str) -> bool {
        const TURNS: &str =
            "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
        let line_ends = ['\u{2028}', '\u{2029}', '\u{85}', '\u{b}', '\u{c}', '\r'];
        shown.contains("EVCXR_")
            || shown.chars().any(|c| TURNS.contains(c) || line_ends.contains(&c) || (c < ' ' && !"\n\t".contains(c)))
            || shown.contains(['\u{1b}', '\u{7f}', '\u{9b}', '\u{200b}', '\u{feff}'])
    }

    proptest! {
        #[test]
        fn nothing_that_is_shown_acts_or_misleads_and_nothing_is_lost(words in anything(), width in 0..40_usize) {
            let text = Text::from(&words);
            prop_assert_eq!(text.raw(), &words);
            prop_assert_eq!(&text, &words);
            let as_json: Text = serde_json::from_str(&serde_json::to_string(&words).unwrap()).unwrap();
            prop_assert_eq!(&as_json, &text);
            for shown in [text.to_string(), format!("{text:?}"), format!("{text:>width$}"), format!("{text:.width$}")] {
                prop_assert!(!acts_or_misleads(&shown), "{shown:?}");
            }
            let brief = text.brief(width);
            prop_assert!(!acts_or_misleads(&brief) && !brief.contains('\n'), "{brief:?}");
            prop_assert!(brief.chars().count() <= width.max(1), "{brief:?}");
            if !acts_or_misleads(&words) && words.chars().all(|c| c.is_alphanumeric() || c.is_ascii_graphic()) {
                prop_assert_eq!(text.to_string(), words);
            }
        }

        #[test]
        fn texts_are_ordered_as_their_strings(one in anything(), other in anything()) {
            prop_assert_eq!(Text::from(&one).cmp(&Text::from(&other)), one.cmp(&other));
        }
    }

    #[test]
    fn control_lines_of_the_kernel_lose_their_mark_when_shown() {
        for line in [
            "EVCXR_EXECUTION_COMPLETE",
            "x EVCXR_BEGIN_CONTENT text/html",
            "EVCXR_VARIABLE_CHANGED_TYPE:pve",
            "EVCXR_EVCXR_",
        ] {
            assert!(!Text::from(line).to_string().contains(MARK), "{line}");
            assert!(!format!("{:?}", Text::from(line)).contains(MARK), "{line}");
        }
    }

    #[test]
    fn it_compares_as_the_string_that_came() {
        assert_eq!(Text::from("a\u{200f}b"), "a\u{200f}b");
        assert_eq!(Text::from("a\u{200f}b").to_string(), "a\\u{200f}b");
        assert_eq!(Text::from("line 1\nline 2").to_string(), "line 1\nline 2");
    }

    #[test]
    fn brief_says_that_there_is_more() {
        assert_eq!(Text::from("short").brief(10), "short");
        assert_eq!(Text::from("one\ntwo").brief(10), "one…");
        assert_eq!(Text::from("a long sentence").brief(7), "a long…");
    }
}
