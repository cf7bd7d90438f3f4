//! Actions: shown before, sent once, followed while they run, verified after.
//!
//! A [`Plan`] knows the call, the target as it was seen, what was checked, and what follows. Only `run` sends it. What is
//! particular to an action stands in a file of its name, as methods of what it acts on.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Error;

use crate::page::{Cell, Grid, Level, Page, Provenance};
use crate::render::{View, say};
use crate::text::Text;
use crate::units::Age;

mod abort;
mod approved;
mod backup;
mod bulk;
mod check;
mod clone;
mod configure;
mod create;
mod delete;
mod disk;
mod draft;
mod evacuate;
mod evidence;
mod ha;
mod migrate;
mod newborn;
mod outcome;
mod power;
mod run;
mod send;
mod several;
mod snapshot;

pub use check::{Check, Verdict};
pub use clone::CloneSpec;
pub use configure::ConfigChange;
pub(crate) use create::plan as creation;
pub use create::{CtSpec, NewGuest, VmSpec};
pub use outcome::Outcome;
pub(crate) use send::path_plan;
pub(crate) use several::rollback_of;

use draft::{Act, Draft, Undo};
use outcome::{Failure, changes};
use run::Flight;
use several::Expected;

/// An action that has not happened. Showing it sends nothing but reads; [`run`](Plan::run) carries it out, once.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let pve = Pve::demo()?;
/// let plan = pve.guest("web-1")?.start();
/// assert!(pve.guest("web-1")?.is_stopped());
/// let done = plan.run()?;
/// assert!(pve.guest("web-1")?.is_running());
/// assert!(plan.run().is_err(), "a plan runs once");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Plan {
    draft: Draft,
    /// Whether it was shown in this form.
    shown: Arc<AtomicBool>,
    /// Whether it ran; shared with what `with`, `confirm` and `override_check` make of it.
    ran: Arc<AtomicBool>,
    /// What came of it.
    came: Arc<Mutex<Option<Outcome>>>,
    /// How it is made anew when its turn comes, where what comes before it changes what it is about.
    anew: Option<Arc<Outcome>>,
}

impl Plan {
    fn of(draft: Draft) -> Plan {
        Plan { draft, shown: Arc::default(), ran: Arc::default(), came: Arc::default(), anew: None }
    }

    fn changed(&self, change: impl FnOnce(&mut Draft)) -> Plan {
        let mut plan = Plan { shown: Arc::default(), ..self.clone() };
        change(&mut plan.draft);
        plan
    }

    /// One more parameter of the call.
    pub fn with(&self, key: &str, value: impl fmt::Display) -> Plan {
        self.changed(|draft| {
            let (value, is_said) = (value.to_string(), draft.says_of(key));
            match &mut draft.act {
                Act::One(call) => {
                    // What the plan says something of has one value.
                    call.params.retain(|(known, _)| !is_said || known != key);
                    *call = call.clone().with(key, &value);
                    draft.turn(key, &value);
                }
                Act::Several(_) => draft.vain.push((
                    format!("{key} would be a parameter of a call, and this is several"),
                    "Give it to each of them".into(),
                )),
            }
        })
    }

    /// Goes on although this check failed, for a reason that is kept. Of several actions, in each in which it failed.
    pub fn override_check(&self, name: &str, why: &str) -> Plan {
        self.changed(|draft| {
            if why.trim().is_empty() {
                draft
                    .vain
                    .push(("An override needs a reason".into(), format!("Say it: .override_check({name:?}, \"why\")")));
                return;
            }
            let mut names = Vec::new();
            let found = override_in(draft, name, why, &mut names);
            if !found {
                let known = match names.as_slice() {
                    [] => "It has no checks".into(),
                    names => format!("Its checks are {}", names.join(", ")),
                };
                draft.vain.push((format!("There is no check {name:?} to override"), known));
            }
        })
    }

    /// The code that a destructive plan shows, typed by whoever has read it. It holds in this session only, once,
    /// for 15 minutes.
    pub fn confirm(&self, code: &str) -> Plan {
        self.changed(|draft| draft.confirmed = Some(code.trim().to_uppercase().into()))
    }

    /// How many actions there are in it, said by whoever has looked at the list: it refuses to run when there are more or
    /// fewer.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let tests = pve.guests()?.filter(|g| g.has_tag("stage.test") && g.is_running());
    /// let plan = tests.shutdown();
    /// assert!(plan.expect(tests.len() + 1).run().is_err(), "nothing was sent");
    /// # Ok(()) }
    /// ```
    pub fn expect(&self, count: usize) -> Plan {
        self.several("expect(n)", |several| several.expected = Expected::Said(count))
    }

    /// At most so many of several actions are at work at a time.
    pub fn at_once(&self, most: usize) -> Plan {
        self.several("at_once(n)", |several| several.at_once = most.max(1))
    }

    /// No further one of several actions is begun once so many have failed; without this, after the first.
    pub fn stop_after(&self, failures: usize) -> Plan {
        self.several("stop_after(n)", |several| several.stop_after = failures.max(1))
    }

    fn several(&self, what: &str, change: impl FnOnce(&mut several::Several)) -> Plan {
        self.changed(|draft| match &mut draft.act {
            Act::Several(several) if several.ordered => draft.vain.push((
                format!("{what} would change the order, and each of these depends on the one before it"),
                "Leave it out".into(),
            )),
            Act::Several(several) => change(several),
            Act::One(_) => {
                draft.vain.push((format!("{what} is for several actions, and this is one"), "Leave it out".into()))
            }
        })
    }

    /// Waits no longer than this for each of its tasks. A task that takes longer goes on; that it was not waited for is an
    /// error, which says how to attach to it again and how to stop it.
    pub fn within(&self, time: impl Into<Age>) -> Plan {
        let time = time.into();
        self.changed(|draft| bound(draft, time))
    }

    /// What was checked.
    pub fn checks(&self) -> Vec<Check> {
        self.draft.checks.clone()
    }

    /// What came of it: also of what failed, or was done in part. `None` before it ran.
    pub fn outcome(&self) -> Option<Outcome> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Carries it out: looks again, sends the call once, prints the task and its log as it grows, and looks at the
    /// result. Whatever goes wrong halts the session.
    ///
    /// # Errors
    /// [`Error::NotRun`] or [`Error::Halted`] when it was refused and nothing was sent; [`Error::TaskFailed`] with the
    /// task's own words; [`Error::Overdue`] when it took longer than [`within`](Plan::within) allows;
    /// [`Error::PartlyDone`] when some of several failed; [`Error::OutcomeUnknown`] when nobody can say what came of it.
    pub fn run(&self) -> Result<Outcome, Error> {
        if !self.shown.load(Ordering::Relaxed) {
            say(&self.page().text());
        }
        self.refuse().and_then(|()| self.carry_out()).inspect_err(|error| {
            // A cell that ends by `?` prints its error where some front ends lose it.
            say(&error.to_string());
            self.draft.note_error(error);
            // Only the first failure is the one to look at.
            if !matches!(error, Error::Halted { .. }) {
                self.draft.session.halt(error.to_string());
            }
        })
    }

    fn carry_out(&self) -> Result<Outcome, Error> {
        match &self.draft.act {
            Act::One(call) => Flight::launch(self, call, &say)?.until_over(&say),
            Act::Several(several) => several.run(self, &say),
        }
    }

    fn refuse(&self) -> Result<(), Error> {
        let draft = &self.draft;
        if let Some(because) = draft.session.halted() {
            return Err(Error::Halted { what: draft.title.clone(), because });
        }
        if self.ran.load(Ordering::SeqCst) {
            return Err(self.has_run());
        }
        if let Some((why, next)) = self.hindrances().into_iter().next() {
            return Err(Error::not_run(draft.title.clone(), why, next));
        }
        self.approvals().into_iter().try_for_each(|approval| approval.map(drop))
    }

    /// The same without what the session, or several plans together, were asked already.
    fn refuse_for_its_own_sake(&self) -> Result<(), Error> {
        let hindrance = self.hindrances_of_its_own().into_iter().next().filter(|_| self.done_already().is_none());
        hindrance.map_or(Ok(()), |(why, next)| Err(Error::not_run(self.draft.title.clone(), why, next)))
    }

    fn has_run(&self) -> Error {
        Error::not_run(
            self.draft.title.clone(),
            "This plan has run, and a plan runs once",
            "Make a new one; it sees the present state",
        )
    }

    /// From here on it has run, whatever comes of it.
    fn begin(&self) -> Result<(), Error> {
        if self.ran.swap(true, Ordering::SeqCst) {
            return Err(self.has_run());
        }
        for approval in self.approvals() {
            self.draft.session.note(approval?.event(&self.draft.title));
        }
        self.draft.spend_approvals();
        self.draft.session.spend_code(&self.subject());
        Ok(())
    }

    /// Keeps what came of it, which is not what it should be.
    fn keep(&self, outcome: &Outcome, error: &Error) {
        self.keep_done(&Outcome { failure: Some(Failure::of(error)), ..outcome.clone() });
    }

    fn keep_done(&self, outcome: &Outcome) {
        *self.came.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome.clone());
    }

    /// Why nothing is left to do, where that is so.
    fn done_already(&self) -> Option<Text> {
        self.draft.checks.iter().find(|check| check.is_done_already()).map(|check| check.reason.clone())
    }

    /// Whether it, or each that it is made of, is so already.
    fn nothing_to_do(&self) -> bool {
        match &self.draft.act {
            Act::One(_) => self.done_already().is_some(),
            Act::Several(several) => several.to_do().next().is_none(),
        }
    }

    /// What a confirmation is about: the calls, and the state of what they are about.
    fn subject(&self) -> String {
        let draft = &self.draft;
        let state: Vec<String> = draft.guests().map(|guest| format!("{:?}", guest.status)).collect();
        let state = state.join(" ");
        match &draft.act {
            Act::One(call) => format!("{call} {:?} {state}", call.params),
            Act::Several(several) => several.plans.iter().map(|plan| plan.subject() + "\n").collect(),
        }
    }

    /// Everything that keeps it from running now: what is in the way, and what would make it run.
    fn hindrances(&self) -> Vec<(String, String)> {
        let draft = &self.draft;
        let mut hindrances = Vec::new();
        if let Some(at) = draft.session.recorded() {
            hindrances.push((
                format!("This is a recording from {at}: it can be looked at, and nothing can be done to it"),
                "To act, connect to the cluster itself: let pve = Pve::from_env()?;".into(),
            ));
        }
        if draft.session.armed().is_none() {
            hindrances.push((
                "This session only looks".into(),
                "If you mean it, say why: pve.arm(\"the reason, or the number of the change\")?".into(),
            ));
        }
        hindrances.extend(self.hindrances_of_its_own());
        if draft.destroyed().is_some() {
            let code = draft.session.code(&self.subject());
            match &draft.confirmed {
                Some(given) if *given == code.as_str() => {}
                Some(given) => hindrances.push((
                    format!("{given} is not this plan's code, or no longer"),
                    "Show the plan and read it again: a code holds for this target in this state, in this session, once, \
                     for 15 minutes"
                        .into(),
                )),
                None => hindrances.push((
                    "It destroys something and was not confirmed".into(),
                    format!("If you mean it: .confirm(\"{code}\")"),
                )),
            }
        }
        hindrances
    }

    /// The same without what the session is asked.
    fn hindrances_of_its_own(&self) -> Vec<(String, String)> {
        let draft = &self.draft;
        let mut hindrances = draft.vain.clone();
        for check in draft.checks.iter().filter(|check| check.verdict == Verdict::Failed) {
            let reason = check.reason.raw().trim_end_matches('.');
            hindrances.push((format!("The check \"{}\" failed: {reason}", check.name), check.way_out()));
        }
        if let Act::Several(several) = &draft.act {
            if several.plans.is_empty() && hindrances.is_empty() {
                hindrances.push(("There is no action in it".into(), "Look at how it was made".into()));
            }
            hindrances.extend(several.hindrances());
        }
        hindrances
    }
}

/// The plan to do this to each guest.
#[cfg(test)]
pub(crate) fn bulk_for_tests(
    guests: &crate::model::list::List<crate::model::guest::Guest>,
    one: impl Fn(&crate::model::guest::Guest) -> Plan,
) -> Plan {
    bulk::plan(guests, "Change", one)
}

/// Overrides a check in a plan or in those that it is made of; gathers the names that there are.
fn override_in(draft: &mut Draft, name: &str, why: &str, names: &mut Vec<String>) -> bool {
    let mut found = false;
    for check in &mut draft.checks {
        let quoted = format!("{:?}", check.name.raw());
        if !names.contains(&quoted) {
            names.push(quoted);
        }
        if check.name == name {
            found = true;
            if check.verdict == Verdict::Failed {
                check.verdict = Verdict::Overridden(why.into());
            }
        }
    }
    if let Act::Several(several) = &mut draft.act {
        for plan in &mut several.plans {
            found |= override_in(&mut plan.draft, name, why, names);
        }
    }
    found
}

/// Bounds the time of a plan and of those that it is made of.
fn bound(draft: &mut Draft, time: Age) {
    draft.deadline = Some(time);
    if let Some(goal) = draft.goal.as_mut().filter(|goal| goal.by_manager) {
        goal.patience = time;
    }
    if let Act::Several(several) = &mut draft.act {
        several.plans.iter_mut().for_each(|plan| bound(&mut plan.draft, time));
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plan({})", self.draft.title)
    }
}

impl View for Plan {
    fn page(&self) -> Page {
        self.shown.store(true, Ordering::Relaxed);
        let draft = &self.draft;
        let ran = self.ran.load(Ordering::Relaxed);
        let hindrances = self.hindrances();
        if let Act::Several(several) = &draft.act
            && several.plans.is_empty()
        {
            let page = Page::new(format!("Plan: {}", draft.title.raw()));
            let page = page.question("What would happen?").answer("Nothing", ": there is nothing to be done.");
            return hindrances
                .iter()
                .fold(page, |page, (why, next)| page.note(Level::Warning, format!("{why}. {next}")));
        }
        let (fact, rest) = match (ran, hindrances.is_empty(), draft.session.halted()) {
            (true, ..) => ("This plan has run", " and does not run again.".to_owned()),
            (_, _, Some(because)) => (
                "The session is halted",
                format!(": {}. Nothing runs until pve.clear_halt(\"what you saw\")?", because.raw()),
            ),
            (_, true, None) => ("Nothing has been sent", "; .run() would carry it out.".into()),
            (_, false, None) => ("This would be refused", ", for the reason below. Nothing has been sent.".into()),
        };
        let mut facts = vec![("Call", Cell::Code(draft.call_shown()))];
        if let Some(guest) = draft.guest() {
            facts.push(("Target", Cell::from(guest.to_string())));
            facts.push(("Seen as", Cell::from(guest.state())));
        }
        facts.push(match &draft.undo {
            Undo::By(code, _) => ("Undo", Cell::Code(code.clone())),
            Undo::None(why) => ("Undo", Cell::from(why.clone())),
            Undo::Parts => {
                ("Undo", Cell::from("Each part that ran by its own undo, the last first: .undo()? of what run() gives"))
            }
        });
        facts.push(match draft.session.armed() {
            Some(why) => ("Armed", Cell::from(why)),
            None => ("Armed", Cell::from("no: this session only looks")),
        });
        if let Some(time) = draft.deadline {
            facts.push(("Waits at most", time.into()));
        }
        let page = Page::new(format!("Plan: {}", draft.title.raw()))
            .question("What would happen, and does anything stand in its way?")
            .answer(fact, rest)
            .facts(facts);
        let page = match (draft.destroyed(), &draft.destroys) {
            (Some(what), draft::Destroys::This(_)) => {
                page.note(Level::Danger, format!("This takes away for good: {}.", what.raw()))
            }
            _ => page,
        };
        let page = draft.effects.iter().fold(page, |page, effect| page.paragraph(effect.clone()));
        let page = if draft.changes.is_empty() { page } else { page.table(changes("is", "becomes", &draft.changes)) };
        let page = match &draft.act {
            Act::Several(several) => page.table(several.table()),
            Act::One(_) => page,
        };
        let checks = draft
            .checks
            .iter()
            .map(|check| vec![Cell::from(&check.name), Cell::from(check.state()), Cell::from(&check.reason)]);
        let page =
            if draft.checks.is_empty() { page } else { page.table(Grid::new(["Check", "Result", "Why"]).rows(checks)) };
        let page =
            hindrances.iter().fold(page, |page, (why, next)| page.note(Level::Warning, format!("{why}. {next}")));
        let page = draft.shown_request(page);
        let told: Vec<&Check> = draft.checks.iter().filter(|check| !check.source.is_blank()).collect();
        let page = match told.is_empty() {
            true => page,
            false => {
                let rows = told.iter().map(|check| vec![Cell::from(&check.name), Cell::Code(check.source.clone())]);
                page.section("What told the checks", Page::new("").table(Grid::new(["Check", "Told by"]).rows(rows)))
            }
        };
        let from = match draft.guest() {
            // It may have been listed through a lens.
            Some(guest) => Provenance { seen: None, ..(*guest.provenance).clone() },
            None => draft.session.provenance([], None),
        };
        page.provenance(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Session;
    use crate::twin::Twin;
    use crate::wire::Method;

    #[test]
    fn what_is_changed_after_it_was_shown_has_not_been_shown() {
        let session = Session::open(Arc::new(Twin::demo())).unwrap();
        let plan = path_plan(&session, Method::Put, "/nodes/pve1/qemu/101/config").with("memory", 4096);
        plan.page();
        assert!(plan.shown.load(Ordering::Relaxed) && plan.clone().shown.load(Ordering::Relaxed));
        assert!(!plan.with("delete", "scsi0").shown.load(Ordering::Relaxed));
        assert!(!plan.override_check("lock", "why").shown.load(Ordering::Relaxed));
    }
}
