//! Elements of HTML and SVG: what is put between them is always escaped, by a library, and there is no other way in.

use std::fmt::Display;

use pulldown_cmark_escape::{FmtWriter, escape_html};

use crate::text::MARK;

/// Finished markup.
#[derive(Clone, Debug, Default)]
pub(crate) struct Markup(String);

impl Markup {
    /// Words, escaped.
    pub(crate) fn words(words: impl Display) -> Markup {
        let mut markup = Markup::default();
        escape(&mut markup.0, &words.to_string());
        markup
    }

    /// This, then that.
    pub(crate) fn and(mut self, next: Markup) -> Markup {
        self.0.push_str(&next.0);
        self
    }

    /// Whether there is an element of this name in it.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains(&format!("<{name} "))
    }

    /// The markup as it is written.
    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

/// Writing in place: for long tables, where a string for each element would be felt.
impl Markup {
    /// Markup that stands in this program.
    pub(crate) fn put(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// Words, escaped.
    pub(crate) fn say(&mut self, words: &str) {
        escape(&mut self.0, words);
    }

    /// Anything that has words, escaped.
    pub(crate) fn show(&mut self, words: impl Display) {
        use std::fmt::Write;
        // Writing to a string does not fail.
        let _ = write!(Escaped(&mut self.0), "{words}");
    }

    /// Words as JSON has them, fit for an attribute in single quotes and without the kernel's mark.
    pub(crate) fn json(&mut self, words: &str) {
        let quoted = serde_json::Value::from(words).to_string().replace(MARK, "EVCXR\\u005f");
        let mut rest = quoted.as_str();
        // JSON can write each of these in another way, that nothing else reads as anything.
        while let Some(at) = rest.find(['\'', '&', '<', '>']) {
            self.0.push_str(&rest[..at]);
            self.0.push_str(match rest.as_bytes()[at] {
                b'\'' => "\\u0027",
                b'&' => "\\u0026",
                b'<' => "\\u003c",
                _ => "\\u003e",
            });
            rest = &rest[at + 1..];
        }
        self.0.push_str(rest);
    }
}

struct Escaped<'a>(&'a mut String);

impl std::fmt::Write for Escaped<'_> {
    fn write_str(&mut self, words: &str) -> std::fmt::Result {
        escape(self.0, words);
        Ok(())
    }
}

impl FromIterator<Markup> for Markup {
    fn from_iter<I: IntoIterator<Item = Markup>>(parts: I) -> Markup {
        parts.into_iter().fold(Markup::default(), Markup::and)
    }
}

/// An element whose attributes are being written.
#[derive(Clone, Debug)]
#[must_use]
pub(crate) struct Element {
    name: &'static str,
    opened: String,
}

/// Begins an element.
pub(crate) fn element(name: &'static str) -> Element {
    Element { name, opened: format!("<{name}") }
}

impl Element {
    /// One more attribute.
    pub(crate) fn with(mut self, name: &str, value: impl Display) -> Element {
        self.opened.push(' ');
        self.opened.push_str(name);
        self.opened.push_str("=\"");
        escape(&mut self.opened, &value.to_string());
        self.opened.push('"');
        self
    }

    /// One more attribute, where there is a value.
    pub(crate) fn with_some(self, name: &str, value: Option<impl Display>) -> Element {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The element around words.
    pub(crate) fn words(self, words: impl Display) -> Markup {
        self.around(Markup::words(words))
    }

    /// The element around other markup.
    pub(crate) fn around(self, inside: Markup) -> Markup {
        Markup(format!("{}>{}</{}>", self.opened, inside.0, self.name))
    }

    /// The element around several pieces of markup.
    pub(crate) fn around_all(self, inside: impl IntoIterator<Item = Markup>) -> Markup {
        self.around(inside.into_iter().collect())
    }

    /// The element with nothing inside.
    pub(crate) fn empty(self) -> Markup {
        self.around(Markup::default())
    }
}

fn escape(out: &mut String, words: &str) {
    if is_plain(words) {
        return out.push_str(words);
    }
    // Writing to a string does not fail.
    let _ = escape_html(FmtWriter(out), words);
}

/// Whether nothing has to be escaped. By index, since that is quick where nothing is optimised, as in a notebook.
fn is_plain(words: &str) -> bool {
    const SPECIAL: [bool; 256] = {
        let mut special = [false; 256];
        special[b'<' as usize] = true;
        special[b'>' as usize] = true;
        special[b'&' as usize] = true;
        special[b'"' as usize] = true;
        special[b'\'' as usize] = true;
        special
    };
    let bytes = words.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if SPECIAL[bytes[at] as usize] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_values_are_escaped() {
        let made = element("td").with("title", "a \"b\" <c>").words("1 < 2 & 3 > 2");
        assert_eq!(made.into_string(), "<td title=\"a &quot;b&quot; &lt;c&gt;\">1 &lt; 2 &amp; 3 &gt; 2</td>");
    }

    #[test]
    fn elements_nest() {
        let rows = ["a", "b"].map(|name| element("li").words(name));
        let list = element("ul").around_all(rows);
        assert_eq!(list.and(element("g").empty()).into_string(), "<ul><li>a</li><li>b</li></ul><g></g>");
    }

    #[test]
    fn what_is_written_in_place_is_escaped_as_well() {
        let mut markup = Markup::default();
        markup.put("<td>");
        markup.say("1 < 2");
        markup.show(format_args!("{} & {}", "it's", 3));
        markup.json("say('<EVCXR_>' & \"_\")");
        assert_eq!(
            markup.into_string(),
            "<td>1 &lt; 2it&#39;s &amp; 3\"say(\\u0027\\u003cEVCXR\\u005f\\u003e\\u0027 \\u0026 \\\"_\\\")\""
        );
    }
}
