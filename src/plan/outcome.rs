//! What came of a plan: evidence for whoever reads the notebook later.

use std::fmt;

use crate::model::task::TaskStatus;
use crate::page::{Cell, Level, Page, Provenance, State};
use crate::plan::Undo;
use crate::render::View;
use crate::text::Text;
use crate::units::{Age, Moment};

/// An action that was carried out: the call, the task, its log, the state before and after.
#[derive(Clone)]
pub struct Outcome {
    pub(super) title: Text,
    pub(super) call: Text,
    pub(super) upid: Option<Text>,
    pub(super) ended: TaskStatus,
    pub(super) log: Vec<Text>,
    pub(super) began: Moment,
    pub(super) took: Age,
    pub(super) before: Option<State>,
    pub(super) after: Option<State>,
    pub(super) undo: Undo,
    pub(super) provenance: Provenance,
}

impl Outcome {
    /// The name of the task, where the action was one.
    pub fn upid(&self) -> Option<Text> {
        self.upid.clone()
    }

    /// How the task ended: well, or with warnings. A failed one is an error.
    pub fn ended(&self) -> TaskStatus {
        self.ended.clone()
    }

    /// The task's log.
    pub fn log(&self) -> Vec<Text> {
        self.log.clone()
    }

    /// How long it took, from the call until its effect was seen.
    pub fn took(&self) -> Age {
        self.took
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outcome({}: {})", self.title, self.ended)
    }
}

impl View for Outcome {
    fn page(&self) -> Page {
        let state = |state: &Option<State>| state.clone().map_or(Cell::Missing("could not be read".into()), Cell::from);
        let mut facts = vec![("Call", Cell::Code(self.call.clone()))];
        if let Some(upid) = &self.upid {
            facts.push(("Task", Cell::Code(upid.clone())));
        }
        if self.before.is_some() || self.after.is_some() {
            facts.push(("Before", state(&self.before)));
            facts.push(("After", state(&self.after)));
        }
        facts.push(("Began", self.began.into()));
        facts.push(("Took", self.took.into()));
        facts.push(match &self.undo {
            Undo::Code(code) => ("Undo", Cell::Button(code.clone(), code.clone())),
            Undo::None(why) => ("Undo", Cell::from(why.clone())),
        });
        let after = self.after.as_ref().map(|state| format!(": {state}")).unwrap_or_default();
        let page = Page::new(format!("Done: {}", self.title.raw()))
            .question("What was done, and what came of it?")
            .answer("Done", format!(" in {}{after}.", self.took))
            .facts(facts);
        let page = match &self.ended {
            TaskStatus::Warnings(words) => {
                page.note(Level::Warning, format!("The task ended with warnings ({words}); its log has them."))
            }
            _ => page,
        };
        let page = if self.log.is_empty() {
            page
        } else {
            page.section("Log of the task", Page::new("").lines(self.log.clone()))
        };
        page.provenance(self.provenance.clone())
    }
}
