//! Actions: shown before, sent once, followed while they run, verified after.
//!
//! A [`Plan`] knows the call, the target as it was seen, what was checked, and what follows. Only `run` sends it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Error;
use crate::model::guest::Guest;
use crate::page::{Cell, Grid, Level, Page, State, Tone};
use crate::render::{View, say};
use crate::secret::shown_parameter;
use crate::session::Session;
use crate::text::Text;
use crate::wire::{Call, Method};

mod explain;
mod outcome;
mod power;
mod run;
mod send;

pub use outcome::Outcome;
pub(crate) use send::path_plan;

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
}

/// What a plan says and would do.
#[derive(Clone)]
struct Draft {
    session: Session,
    /// `Start web-1 (VM 101 on pve1)`.
    title: Text,
    call: Call,
    target: Option<Target>,
    checks: Vec<Check>,
    /// What follows from it, in sentences.
    effects: Vec<Text>,
    /// The code that undoes it, or a sentence why nothing does.
    undo: Undo,
    confirmed: Option<Text>,
    /// Overrides that mean nothing: what is wrong with each, and what would be right.
    vain: Vec<(String, String)>,
}

/// A guest as it was when the plan was made.
#[derive(Clone)]
struct Target {
    guest: Guest,
    /// Whether that was read from its node, and not only from the cluster's overview.
    is_current: bool,
    /// The status that the action leads to, where it leads to one.
    becomes: Option<&'static str>,
    /// The kinds of task that the call may start.
    tasks: &'static [&'static str],
}

#[derive(Clone)]
enum Undo {
    Code(Text),
    None(Text),
}

/// Something that was looked at before acting.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its name, for overriding it.
    pub name: Text,
    /// How it came out.
    pub verdict: Verdict,
    /// Why, in a sentence.
    pub reason: Text,
}

/// How a check came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stands in the way.
    Passed,
    /// The action would fail or surprise, and is refused.
    Failed,
    /// It could not be found out; the action may go on.
    Unknown,
    /// It failed, and a person goes on all the same, for this reason.
    Overridden(Text),
}

impl Check {
    fn new(name: &str, verdict: Verdict, reason: impl Into<Text>) -> Check {
        Check { name: name.into(), verdict, reason: reason.into() }
    }

    fn passed_if(name: &str, passed: bool, reason: impl Into<Text>) -> Check {
        Check::new(name, if passed { Verdict::Passed } else { Verdict::Failed }, reason)
    }

    fn state(&self) -> State {
        match &self.verdict {
            Verdict::Passed => State::new(Tone::Good, "passed"),
            Verdict::Failed => State::new(Tone::Wrong, "failed"),
            Verdict::Unknown => State::new(Tone::Unknown, "not known"),
            Verdict::Overridden(why) => State::new(Tone::Held, format!("overridden: {}", why.raw())),
        }
    }
}

impl Plan {
    fn new(mut draft: Draft) -> Plan {
        // Whoever acts looks at what is, and not at what was.
        draft.session = draft.session.uncached();
        if let Some(target) = &mut draft.target {
            target.guest.session = draft.session.clone();
        }
        Plan { draft, shown: Arc::default(), ran: Arc::default() }
    }

    fn changed(&self, change: impl FnOnce(&mut Draft)) -> Plan {
        let mut plan = Plan { shown: Arc::default(), ..self.clone() };
        change(&mut plan.draft);
        plan
    }

    /// One more parameter of the call.
    pub fn with(&self, key: &str, value: impl fmt::Display) -> Plan {
        self.changed(|draft| draft.call = draft.call.clone().with(key, value.to_string()))
    }

    /// Goes on although this check failed, for a reason that is kept.
    pub fn override_check(&self, name: &str, why: &str) -> Plan {
        self.changed(|draft| {
            if why.trim().is_empty() {
                draft
                    .vain
                    .push(("An override needs a reason".into(), format!("Say it: .override_check({name:?}, \"why\")")));
            } else if let Some(check) = draft.checks.iter_mut().find(|check| check.name == name) {
                if check.verdict == Verdict::Failed {
                    check.verdict = Verdict::Overridden(why.into());
                }
            } else {
                let names: Vec<String> = draft.checks.iter().map(|check| format!("{:?}", check.name.raw())).collect();
                let known = if names.is_empty() {
                    "It has no checks".into()
                } else {
                    format!("Its checks are {}", names.join(", "))
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

    /// What was checked.
    pub fn checks(&self) -> Vec<Check> {
        self.draft.checks.clone()
    }

    /// Carries it out: looks again, sends the call once, prints the task and its log as it grows, and looks at the
    /// result. Whatever goes wrong halts the session.
    ///
    /// # Errors
    /// [`Error::NotRun`] or [`Error::Halted`] when it was refused and nothing was sent; [`Error::TaskFailed`] with the
    /// task's own words; [`Error::OutcomeUnknown`] when nobody can say what came of it.
    pub fn run(&self) -> Result<Outcome, Error> {
        if !self.shown.load(Ordering::Relaxed) {
            say(&self.page().text());
        }
        run::run(self).inspect_err(|error| {
            // A cell that ends by `?` prints its error where some front ends lose it.
            say(&error.to_string());
            // Only the first failure is the one to look at.
            match error {
                Error::Halted { what, because } => {
                    self.draft.session.note(format!("refused {}", what.raw()), because.clone())
                }
                error => self.draft.session.halt(error.to_string()),
            }
        })
    }

    /// What a confirmation is about: the call, and the target's state.
    fn subject(&self) -> String {
        let draft = &self.draft;
        let state = draft.target.as_ref().map(|target| format!("{:?}", target.guest.status)).unwrap_or_default();
        format!("{} {:?} {state}", draft.call, draft.call.params)
    }

    /// Everything that keeps it from running now: what is in the way, and what would make it run.
    fn hindrances(&self) -> Vec<(String, String)> {
        let draft = &self.draft;
        let mut hindrances = Vec::new();
        if draft.session.armed().is_none() {
            hindrances.push((
                "This session only looks".into(),
                "If you mean it, say why: pve.arm(\"the reason, or the number of the change\")?".into(),
            ));
        }
        hindrances.extend(draft.vain.iter().cloned());
        for check in draft.checks.iter().filter(|check| check.verdict == Verdict::Failed) {
            let reason = check.reason.raw().trim_end_matches('.');
            let next = match check.reason.ends_with("already.") {
                true => "Nothing is left to do".into(),
                false => format!(
                    "Mend that first; only if the check is mistaken, go on with .override_check({:?}, \"why\")",
                    check.name.raw()
                ),
            };
            hindrances.push((format!("The check \"{}\" failed: {reason}", check.name), next));
        }
        if is_destructive(&draft.call) {
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
        let (fact, rest) = match (ran, hindrances.is_empty(), draft.session.halted()) {
            (true, ..) => ("This plan has run", " and does not run again.".to_owned()),
            (_, _, Some(because)) => (
                "The session is halted",
                format!(": {}. Nothing runs until pve.clear_halt(\"what you saw\")?", because.raw()),
            ),
            (_, true, None) => ("Nothing has been sent", "; .run() would carry it out.".into()),
            (_, false, None) => ("This would be refused", ", for the reason below. Nothing has been sent.".into()),
        };
        let mut facts = vec![("Call", Cell::Code(call_shown(&draft.call)))];
        if let Some(target) = &draft.target {
            facts.push(("Target", Cell::from(target.guest.to_string())));
            facts.push(("Seen as", Cell::from(target.guest.state())));
        }
        facts.push(match &draft.undo {
            Undo::Code(code) => ("Undo", Cell::Code(code.clone())),
            Undo::None(why) => ("Undo", Cell::from(why.clone())),
        });
        facts.push(match draft.session.armed() {
            Some(why) => ("Armed", Cell::from(why)),
            None => ("Armed", Cell::from("no: this session only looks")),
        });
        let page = Page::new(format!("Plan: {}", draft.title.raw()))
            .question("What would happen, and does anything stand in its way?")
            .answer(fact, rest)
            .facts(facts);
        let page = draft.effects.iter().fold(page, |page, effect| page.paragraph(effect.clone()));
        let checks = draft
            .checks
            .iter()
            .map(|check| vec![Cell::from(&check.name), Cell::from(check.state()), Cell::from(&check.reason)]);
        let page =
            if draft.checks.is_empty() { page } else { page.table(Grid::new(["Check", "Result", "Why"]).rows(checks)) };
        let page =
            hindrances.iter().fold(page, |page, (why, next)| page.note(Level::Warning, format!("{why}. {next}")));
        let from = match &draft.target {
            Some(target) => (*target.guest.provenance).clone(),
            None => draft.session.provenance([], None),
        };
        page.provenance(from)
    }
}

/// Whether a call takes away what nothing brings back, and so asks for a code before it runs.
fn is_destructive(call: &Call) -> bool {
    let takes = |key: &str| matches!(key, "delete" | "force" | "archive" | "purge");
    call.method == Method::Delete || call.path.ends_with("/rollback") || call.params.iter().any(|(key, _)| takes(key))
}

/// The call with its parameters; values that are secrets stay out.
fn call_shown(call: &Call) -> Text {
    let params: Vec<String> =
        call.params.iter().map(|(key, value)| format!("{key}={}", shown_parameter(key, value))).collect();
    if params.is_empty() { call.shown() } else { format!("{call} {}", params.join(" ")).into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::Twin;

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
