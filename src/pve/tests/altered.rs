//! The simulated cluster with some of its answers replaced, and what its pages are asked for.

use std::fmt;

use crate::model::canned::Canned;
use crate::pve::Pve;
use crate::render::View;

/// The simulated cluster, some of whose answers are replaced, or limited to an identity that may see little.
pub(crate) struct Altered(Canned);

impl Default for Altered {
    fn default() -> Altered {
        Altered(Canned::to("limited@pve"))
    }
}

impl Altered {
    /// What a path answers, its query behind a question mark.
    pub(crate) fn answer(self, path: &str, data: impl fmt::Display) -> Altered {
        Altered(self.0.body(path, 200, &format!("{{\"data\":{data}}}")))
    }

    /// A path that fails with this message.
    pub(crate) fn failing(self, path: &str, message: &str) -> Altered {
        Altered(self.0.refusal(path, 500, message))
    }

    /// All that the identity may do, by path.
    pub(crate) fn permissions(self, json: &str) -> Altered {
        self.answer("/access/permissions", json)
    }

    pub(crate) fn pve(self) -> Pve {
        self.0.pve()
    }
}

pub(crate) fn text(shown: &impl View) -> String {
    shown.page().text()
}

/// All of these words stand in what is shown.
#[track_caller]
pub(crate) fn says(shown: &impl View, words: &[&str]) {
    // Words that a table of text breaks into lines stand whole in the HTML.
    let (text, html) = (text(shown), shown.page().html());
    for words in words {
        assert!(text.contains(words) || html.contains(words), "{words:?} is not in:\n{text}");
    }
}
