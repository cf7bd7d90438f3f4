//! A runbook: what is to be done step by step, each with its reason and its conditions, what came of it, and the way back.
//!
//! It lives across the cells of a notebook; what it has done it keeps, shows, and can undo in reverse order.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::journal::{Event, Kind};
use crate::model::guest::Guest;
use crate::model::list::List;
use crate::page::Page;
use crate::plan::{Outcome, Plan, rollback_of};
use crate::pve::Pve;
use crate::render::{View, say};
use crate::text::Text;
use crate::units::{Age, Moment};

mod page;
mod step;
#[cfg(test)]
mod tests;

use step::{Asker, StepDraft};
pub use step::{Step, StepState};

/// What is to be done, step by step. Cloning it gives the same book.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let pve = Pve::demo()?;
/// let book = Runbook::new(&pve, "Start web-1", "It is down since 03:10");
/// let started = book
///     .step("Start it")
///     .because("nobody stopped it on purpose")
///     .requires("its node is online", |pve| Ok(pve.node("pve1")?.is_online()))
///     .unless("it runs already", |pve| Ok(pve.guest("web-1")?.is_running()))
///     .does(|pve| Ok(pve.guest("web-1")?.start()))
///     .verify("it runs", |pve| Ok(pve.guest("web-1")?.is_running()))
///     .within(minutes(5))
///     .run()?;
/// book.step("Look at it").after(&started).checks("it answers", |pve| Ok(pve.guest("web-1")?.is_running())).run()?;
/// println!("{}", book.page().text());
/// book.rollback()?; // the plan that undoes what ran, the last first
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Runbook {
    pve: Pve,
    inner: Arc<Mutex<Book>>,
    title: Text,
    why: Text,
    began: Moment,
    /// The guests as they were when it was opened; not there where they could not be read.
    before: Option<List<Guest>>,
}

/// What changes in it.
struct Book {
    steps: Vec<Step>,
    /// The guests after the last step that acted.
    after: Option<List<Guest>>,
    ask: Asker,
}

impl Runbook {
    /// A new book for this cluster: its title, and why all this is done.
    pub fn new(pve: &Pve, title: impl Into<Text>, why: impl Into<Text>) -> Runbook {
        let (title, why) = (title.into(), why.into());
        pve.session().note(Event::new(Kind::Runbook, &title).detail(&why));
        Runbook {
            before: pve.guests().ok(),
            began: pve.now(),
            pve: pve.clone(),
            inner: Arc::new(Mutex::new(Book { steps: Vec::new(), after: None, ask: step::by_the_notebook() })),
            title,
            why,
        }
    }

    /// Lets somebody else ask the questions that its steps put to a person, in place of the notebook: a program may have its
    /// own way. What it gives back is the answer; an empty one means no.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let book = Runbook::new(&Pve::demo()?, "Patch pve2", "CHG-7").asking(|question| "yes".to_owned());
    /// book.step("Is the change announced?").asks("Did the users get their mail").run()?;
    /// # Ok(()) }
    /// ```
    pub fn asking(self, ask: impl Fn(&str) -> String + Send + Sync + 'static) -> Runbook {
        self.book().ask = Arc::new(ask);
        self
    }

    /// Begins a step. It is carried out by `run()`; a step of the same title that was tried before is tried again.
    pub fn step<'a>(&self, title: impl Into<Text>) -> StepDraft<'a> {
        StepDraft::new(self.clone(), title.into())
    }

    /// A remark that belongs into the book.
    pub fn note(&self, words: impl Into<Text>) {
        let words = words.into();
        self.pve.session().note(Event::new(Kind::Runbook, &self.title).detail(&words));
        let step = Step::remark(&words, self.pve.now(), self.pve.session().identity());
        self.book().steps.push(step);
    }

    /// Its steps so far.
    pub fn steps(&self) -> Vec<Step> {
        self.book().steps.clone()
    }

    /// Whether a step failed or was refused and was not tried again since.
    pub fn is_failed(&self) -> bool {
        self.book().steps.iter().any(|step| step.state().is_failed())
    }

    /// The plan that undoes what this book did, the last first: made of the present state, from what really ran.
    ///
    /// # Errors
    /// When nothing was done, or nothing of it can be undone, with the reasons.
    pub fn rollback(&self) -> Result<Plan, Error> {
        // A step that was tried again, after others, acted after them.
        let mut done: Vec<Outcome> = self.book().steps.iter().flat_map(|step| step.outcomes.clone()).collect();
        done.sort_by_key(Outcome::began);
        rollback_of(self.pve.session(), format!("Undo the runbook: {}", self.title.raw()), &done)
    }

    /// Ends the book: gives its page when all steps ended well.
    ///
    /// Where the environment says `PVE_STRICT=1`, as for a scheduled run by nbclient or papermill, a failed book shows
    /// itself and then ends the process, so that the runner reports a failure; a cell that fails looks like a success to it.
    ///
    /// # Errors
    /// When a step failed, was refused, or there is none.
    pub fn verdict(&self) -> Result<Page, Error> {
        let failure = {
            let book = self.book();
            let failed: Vec<String> = book
                .steps
                .iter()
                .filter(|step| step.state().is_failed())
                .map(|step| format!("{}: {}", step.title().raw(), step.state().word()))
                .collect();
            match (book.steps.is_empty(), failed.is_empty(), self.pve.halted()) {
                (true, ..) => Some("It has no steps".to_owned()),
                (_, false, _) => Some(failed.join("; ")),
                (_, _, Some(because)) => Some(format!("The session is halted: {because}")),
                _ => None,
            }
        };
        let Some(why) = failure else { return Ok(self.page()) };
        let error = Error::not_run(
            format!("the runbook {} to its end", self.title.raw()),
            why,
            "Look at the book; what ran is undone by book.rollback()?",
        );
        if std::env::var("PVE_STRICT").is_ok_and(|strict| strict == "1") {
            say(&self.page().text());
            say(&error.to_string());
            std::process::exit(1);
        }
        Err(error)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // A cell that panicked must not take the book away from the next one.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a step, in place of the same one where it was tried before.
    fn keep(&self, step: Step) {
        let after = step.acted().then(|| self.pve.guests().ok()).flatten();
        let mut book = self.book();
        if after.is_some() {
            book.after = after;
        }
        match book.steps.iter_mut().find(|known| known.title() == step.title()) {
            Some(known) => *known = step.after_attempts_of(known),
            None => book.steps.push(step),
        }
    }

    fn took(&self) -> Age {
        self.pve.now().since(self.began)
    }
}

impl fmt::Debug for Runbook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Runbook({}: {} steps)", self.title, self.book().steps.len())
    }
}

impl View for Runbook {
    fn page(&self) -> Page {
        page::of(self)
    }
}
