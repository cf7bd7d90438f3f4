//! What came of a plan: evidence for whoever reads the notebook later.

use std::fmt;

use crate::error::Error;
use crate::model::task::TaskStatus;
use crate::page::{Cell, Grid, Level, Page, Provenance, State, Tone};
use crate::plan::Plan;
use crate::plan::draft::{Change, Draft, Undo};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Moment};

/// An action that was carried out: the call, the task, its log, the state before and after.
#[derive(Clone)]
pub struct Outcome {
    pub(super) session: Session,
    pub(super) title: Text,
    pub(super) call: Text,
    pub(super) upid: Option<Text>,
    pub(super) ended: TaskStatus,
    pub(super) log: Vec<Text>,
    pub(super) began: Moment,
    pub(super) took: Age,
    pub(super) before: Option<State>,
    pub(super) after: Option<State>,
    pub(super) changes: Vec<Change>,
    /// Whether the answer to the call got lost, so that what is said here was found out afterwards.
    pub(super) answer_lost: bool,
    /// How it did not end as it should, where it did not.
    pub(super) failure: Option<Failure>,
    /// Why the state after it could not be read, where only the task says that it ended well.
    pub(super) unseen: Option<Text>,
    /// What came of each part, of an action that is several.
    pub(super) parts: Vec<Part>,
    pub(super) undo: Undo,
    pub(super) provenance: Provenance,
}

/// That it did not end as it should.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) how: How,
    pub(super) why: Text,
}

/// What is known of an action that did not end as it should.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// It was refused, or failed.
    Failed,
    /// It was sent, and nobody knows what became of it.
    NotKnown,
    /// It took longer than was waited for, and goes on.
    GoesOn,
}

impl Failure {
    pub(super) fn of(error: &Error) -> Failure {
        let how = match error {
            Error::OutcomeUnknown { .. } => How::NotKnown,
            Error::Overdue { .. } => How::GoesOn,
            _ => How::Failed,
        };
        Failure { how, why: error.to_string().into() }
    }

    /// Why, without the log that may follow.
    pub(super) fn in_a_line(&self) -> Text {
        self.why.raw().lines().next().unwrap_or_default().into()
    }

    pub(super) fn state(&self) -> State {
        match self.how {
            How::Failed => State::new(Tone::Wrong, "failed"),
            How::NotKnown => State::new(Tone::Unknown, "not known"),
            How::GoesOn => State::new(Tone::Unknown, "goes on"),
        }
    }
}

/// One of several actions, and what came of it.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) title: Text,
    pub(super) came: Came,
}

#[derive(Clone)]
pub(super) enum Came {
    Done(Box<Outcome>),
    /// It did not end as it should; with what came of it nevertheless, where it was sent.
    Failed(Failure, Option<Box<Outcome>>),
    /// It was so already.
    NothingToDo(Text),
    /// It was not begun, and why.
    NotBegun(Text),
}

impl Outcome {
    /// Of a plan that is about to run.
    pub(super) fn of(draft: &Draft, before: Option<State>) -> Outcome {
        Outcome {
            session: draft.session.clone(),
            title: draft.title.clone(),
            call: draft.call_shown(),
            upid: None,
            ended: TaskStatus::Ok,
            log: Vec::new(),
            began: draft.session.now(),
            took: Age(0),
            before,
            after: None,
            changes: draft.changes.clone(),
            answer_lost: false,
            failure: None,
            unseen: None,
            parts: Vec::new(),
            undo: draft.undo.clone(),
            provenance: draft.session.provenance([], None),
        }
    }

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

    /// Why it did not end as it should; `None` when it did.
    pub fn failure(&self) -> Option<Text> {
        self.failure.as_ref().map(|failure| failure.why.clone())
    }

    /// The plan that undoes what was done, made of the present state; of several actions each that was done, the last
    /// first. Nothing is sent before it runs.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let done = pve.guest("web-1")?.start().run()?;
    /// done.undo()?.run()?;
    /// assert!(pve.guest("web-1")?.is_stopped());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When nothing undoes it, with the reason; when what it is about cannot be read.
    pub fn undo(&self) -> Result<Plan, Error> {
        self.undo.plan(self)
    }

    /// When the call was sent.
    pub(crate) fn began(&self) -> Moment {
        self.began
    }

    /// What was done.
    pub(crate) fn title(&self) -> Text {
        self.title.clone()
    }

    /// How it is undone, in code or in words.
    pub(crate) fn undo_said(&self) -> Cell {
        match &self.undo {
            Undo::By(code, _) => Cell::Button(code.clone(), code.clone()),
            Undo::None(why) => Cell::from(why.clone()),
            Undo::Parts => Cell::from("Each part by its own undo, the last first: .undo()? of what run() gave"),
        }
    }
}

impl Part {
    fn cells(&self) -> Vec<Cell> {
        let (state, said) = match &self.came {
            Came::Done(outcome) => {
                let after = outcome.after.as_ref().map(|after| format!("; {after}")).unwrap_or_default();
                (State::new(Tone::Good, "done"), format!("in {}{after}", outcome.took).into())
            }
            Came::Failed(failure, _) => (failure.state(), failure.in_a_line()),
            Came::NothingToDo(why) => (State::new(Tone::Off, "nothing to do"), why.clone()),
            Came::NotBegun(why) => (State::new(Tone::Off, "not begun"), why.clone()),
        };
        vec![Cell::from(&self.title), Cell::from(state), Cell::from(said)]
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
        facts.push(("Undo", self.undo_said()));
        let after = self.after.as_ref().map(|state| format!(": {state}")).unwrap_or_default();
        let page = match &self.failure {
            None => Page::new(format!("Done: {}", self.title.raw()))
                .question("What was done, and what came of it?")
                .answer("Done", format!(" in {}{after}.", self.took)),
            Some(failure) => {
                let (fact, rest) = match failure.how {
                    How::Failed => ("It failed", format!(" after {}.", self.took)),
                    How::NotKnown => ("What came of it is not known", format!(", looked at for {}.", self.took)),
                    How::GoesOn => ("It is not over", format!(" after {}, and goes on.", self.took)),
                };
                Page::new(format!("Not as it should be: {}", self.title.raw()))
                    .question("What was done, and what came of it?")
                    .answer(fact, rest)
                    .note(Level::Danger, failure.why.clone())
            }
        };
        let page = page.facts(facts);
        let page = if self.changes.is_empty() { page } else { page.table(changes("was", "is", &self.changes)) };
        let page = match self.parts.as_slice() {
            [] => page,
            parts => page.table(Grid::new(["Action", "Result", "Detail"]).rows(parts.iter().map(Part::cells))),
        };
        let page = match &self.ended {
            TaskStatus::Warnings(words) => {
                page.note(Level::Warning, format!("The task ended with warnings ({words}); its log has them."))
            }
            _ => page,
        };
        let page = match &self.unseen {
            Some(why) => page.note(
                Level::Warning,
                format!("The task ended well; the state after it could not be read. {}", why.raw()),
            ),
            None => page,
        };
        let page = match self.answer_lost {
            true => page.note(
                Level::Warning,
                "The answer to the call got lost; what stands here was found out afterwards. It was not sent again.",
            ),
            false => page,
        };
        let page = if self.log.is_empty() {
            page
        } else {
            page.section("Log of the task", Page::new("").lines(self.log.clone()))
        };
        page.provenance(self.provenance.clone())
    }
}

/// Settings as they are on both sides of an action.
pub(super) fn changes(was: &str, is: &str, changes: &[Change]) -> Grid {
    let rows = changes
        .iter()
        .map(|change| vec![Cell::from(&change.setting), Cell::from(&change.is), Cell::from(&change.becomes)]);
    Grid::new(["Setting".to_owned(), capital(was), capital(is)]).rows(rows)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
