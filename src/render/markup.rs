//! Elements of HTML and SVG: what is put between them is always escaped, by a library, and there is no other way in.

use std::fmt::Display;

use pulldown_cmark_escape::{FmtWriter, escape_html};

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

    /// The markup as it is written.
    pub(crate) fn into_string(self) -> String {
        self.0
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

    /// An attribute without a value, where it holds.
    pub(crate) fn flag(mut self, name: &str, holds: bool) -> Element {
        if holds {
            self.opened.push(' ');
            self.opened.push_str(name);
        }
        self
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

    /// The element without an end, as HTML has it for images.
    pub(crate) fn void(self) -> Markup {
        Markup(format!("{}>", self.opened))
    }
}

fn escape(out: &mut String, words: &str) {
    // Writing to a string does not fail.
    let _ = escape_html(FmtWriter(out), words);
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
        let list = element("ul").flag("hidden", false).flag("compact", true).around_all(rows);
        assert_eq!(
            list.and(element("img").with("alt", "x").void()).into_string(),
            "<ul compact><li>a</li><li>b</li></ul><img alt=\"x\">"
        );
    }
}
