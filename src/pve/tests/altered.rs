//! The simulated cluster with some of its answers replaced, and what its pages are asked for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::pve::Pve;
use crate::render::View;
use crate::text::Text;
use crate::twin::Twin;
use crate::units::Moment;
use crate::wire::{Call, Far, Pending, Reply, Wire};

/// The simulated cluster, some of whose answers are replaced, or limited to an identity that may see little.
#[derive(Default)]
pub(crate) struct Altered {
    answers: Vec<(&'static str, u16, String)>,
}

struct Line {
    twin: Twin,
    altered: Altered,
}

impl Altered {
    /// What a path answers, its query behind a question mark.
    pub(crate) fn answer(mut self, path: &'static str, data: impl fmt::Display) -> Altered {
        self.answers.push((path, 200, format!("{{\"data\":{data}}}")));
        self
    }

    /// A path that fails with this message.
    pub(crate) fn failing(mut self, path: &'static str, message: &str) -> Altered {
        self.answers.push((path, 500, format!("{{\"data\":null,\"message\":\"{message}\\n\"}}")));
        self
    }

    /// All that the identity may do, by path.
    pub(crate) fn permissions(self, json: &str) -> Altered {
        self.answer("/access/permissions", json)
    }

    pub(crate) fn pve(self) -> Pve {
        Pve::over(Arc::new(Line { twin: Twin::demo(), altered: self })).unwrap()
    }
}

impl Wire for Line {
    fn submit(&self, call: Call) -> Pending {
        let query = call.params.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&");
        let asked = if query.is_empty() { call.path.clone() } else { format!("{}?{query}", call.path) };
        let replaced = self.altered.answers.iter().find(|(path, ..)| *path == asked);
        match replaced {
            Some((_, status, body)) => Pending::ready(Ok(Reply {
                status: *status,
                reason: if *status == 200 { "OK" } else { "failed" }.into(),
                body: body.as_str().into(),
                at: self.twin.now(),
                took: Duration::ZERO,
            })),
            None => self.twin.submit(call),
        }
    }
    fn far(&self) -> Far {
        Far::Demo
    }
    fn identity(&self) -> Text {
        "limited@pve".into()
    }
    fn console(&self) -> Option<Text> {
        None
    }
    fn now(&self) -> Moment {
        self.twin.now()
    }
    fn pause(&self, _: Duration) {}
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
