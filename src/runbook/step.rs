//! A step: its conditions, what it does, how it came out. Whatever is not as it should be halts the session.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::approval::Approver;
use crate::error::Error;
use crate::journal::{Event, Kind};
use crate::page::{Page, State, Tone};
use crate::plan::{Outcome, Plan};
use crate::pve::Pve;
use crate::render::{View, say};
use crate::runbook::{Runbook, page};
use crate::text::Text;
use crate::units::{Age, Moment};

type Test<'a> = Box<dyn Fn(&Pve) -> Result<bool, Error> + 'a>;
type Make<'a> = Box<dyn Fn(&Pve) -> Result<Plan, Error> + 'a>;
pub(super) type Asker = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// How long what was done may take to be seen, and what is waited for to come true, unless the step says otherwise.
const SEEN_WITHIN: Age = Age(30);
const WAITS: Age = Age(600);

/// A step that is being described. [`run`](StepDraft::run) carries it out.
pub struct StepDraft<'a> {
    book: Runbook,
    title: Text,
    because: Text,
    after: Vec<Step>,
    requires: Vec<(Text, Test<'a>)>,
    unless: Vec<(Text, Test<'a>)>,
    act: Option<Act<'a>>,
    verify: Vec<(Text, Test<'a>)>,
    within: Option<Age>,
    approvers: Vec<Approver>,
    signatures: Vec<String>,
}

/// What a step is.
enum Act<'a> {
    Plan(Make<'a>),
    Check(Text, Test<'a>),
    Ask(Text),
    ByHand(Text),
    Wait(Text, Test<'a>),
}

/// A step of a runbook that was tried, and how it came out.
#[derive(Clone)]
pub struct Step {
    title: Text,
    pub(super) because: Text,
    pub(super) kind: &'static str,
    state: StepState,
    pub(super) conditions: Vec<Condition>,
    /// What came of its plans, of the earlier attempts first.
    pub(super) outcomes: Vec<Outcome>,
    pub(super) who: Text,
    pub(super) began: Moment,
    pub(super) took: Age,
    pub(super) attempts: u64,
}

/// A condition of a step, and how it was found.
#[derive(Clone)]
pub(super) struct Condition {
    pub(super) kind: &'static str,
    pub(super) what: Text,
    pub(super) found: Found,
}

#[derive(Clone)]
pub(super) enum Found {
    Holds,
    Fails,
    /// A person said this, and whether that was a yes.
    Said(bool, Text),
    NotRead(Text),
}

/// How a step came out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StepState {
    /// It was done, and what had to hold after it holds.
    Done,
    /// Nothing had to be done, for this reason.
    AlreadyDone(Text),
    /// Something went wrong: what.
    Failed(Text),
    /// It was sent, and what became of it is not known, or it is not over: why.
    NotKnown(Text),
    /// It was not begun: why.
    NotBegun(Text),
    /// It is a remark.
    Remark,
}

impl StepState {
    /// Whether it did not come out as it should.
    pub fn is_failed(&self) -> bool {
        matches!(self, StepState::Failed(_) | StepState::NotKnown(_) | StepState::NotBegun(_))
    }

    pub(super) fn word(&self) -> String {
        match self {
            StepState::Done => "done".into(),
            StepState::AlreadyDone(why) => format!("already done: {}", why.raw()),
            StepState::Failed(why) => format!("failed: {}", why.raw()),
            StepState::NotKnown(why) => format!("not known: {}", why.raw()),
            StepState::NotBegun(why) => format!("not begun: {}", why.raw()),
            StepState::Remark => "remark".into(),
        }
    }

    pub(super) fn state(&self) -> State {
        let tone = match self {
            StepState::Done => Tone::Good,
            StepState::AlreadyDone(_) | StepState::Remark => Tone::Off,
            StepState::Failed(_) => Tone::Wrong,
            StepState::NotKnown(_) => Tone::Unknown,
            StepState::NotBegun(_) => Tone::Held,
        };
        let word = match self {
            StepState::Failed(_) => "failed".into(),
            StepState::NotKnown(_) => "not known".into(),
            StepState::NotBegun(_) => "not begun".into(),
            StepState::AlreadyDone(_) => "already done".into(),
            other => other.word(),
        };
        State::new(tone, word)
    }
}

impl Step {
    pub(super) fn remark(words: &Text, at: Moment, who: Text) -> Step {
        Step {
            title: words.clone(),
            because: Text::default(),
            kind: "remark",
            state: StepState::Remark,
            conditions: Vec::new(),
            outcomes: Vec::new(),
            who,
            began: at,
            took: Age(0),
            attempts: 1,
        }
    }

    /// Its title.
    pub fn title(&self) -> Text {
        self.title.clone()
    }

    /// How it came out.
    pub fn state(&self) -> StepState {
        self.state.clone()
    }

    /// Whether later steps may build on it: it was done, or had been done already.
    pub fn is_done(&self) -> bool {
        matches!(self.state, StepState::Done | StepState::AlreadyDone(_))
    }

    /// What came of its plan, the last time it ran, also where that failed; `None` where it had none, or it was not run.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcomes.last().cloned()
    }

    pub(super) fn acted(&self) -> bool {
        !self.outcomes.is_empty()
    }

    /// The same step, which was tried before. What it did then was done.
    pub(super) fn after_attempts_of(mut self, earlier: &Step) -> Step {
        self.attempts += earlier.attempts;
        self.outcomes.splice(0..0, earlier.outcomes.iter().cloned());
        self
    }

    /// How it came out, for the journal.
    fn event(&self) -> Event {
        let event = Event::new(Kind::Step, &self.title).detail(self.state.word());
        self.conditions.iter().fold(event, |event, condition| {
            let (found, why) = condition.found.words();
            event.check(&condition.what, format!("{} {found}", condition.kind), &why)
        })
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Step({}: {})", self.title, self.state.state().word)
    }
}

impl View for Step {
    fn page(&self) -> Page {
        page::of_step(self)
    }
}

impl<'a> StepDraft<'a> {
    pub(super) fn new(book: Runbook, title: Text) -> StepDraft<'a> {
        StepDraft {
            book,
            title,
            because: Text::default(),
            after: Vec::new(),
            requires: Vec::new(),
            unless: Vec::new(),
            act: None,
            verify: Vec::new(),
            within: None,
            approvers: Vec::new(),
            signatures: Vec::new(),
        }
    }

    /// Why it is done.
    pub fn because(mut self, why: impl Into<Text>) -> StepDraft<'a> {
        self.because = why.into();
        self
    }

    /// Only after this step was done.
    pub fn after(mut self, step: &Step) -> StepDraft<'a> {
        self.after.push(step.clone());
        self
    }

    /// Only if this holds before it begins; otherwise it fails and the session is halted.
    pub fn requires(
        mut self,
        what: impl Into<Text>,
        holds: impl Fn(&Pve) -> Result<bool, Error> + 'a,
    ) -> StepDraft<'a> {
        self.requires.push((what.into(), Box::new(holds)));
        self
    }

    /// Not if this holds: then it had been done already. So a runbook can be run again from its top.
    pub fn unless(mut self, what: impl Into<Text>, holds: impl Fn(&Pve) -> Result<bool, Error> + 'a) -> StepDraft<'a> {
        self.unless.push((what.into(), Box::new(holds)));
        self
    }

    /// It carries out this plan, which is made when its turn comes.
    pub fn does(mut self, plan: impl Fn(&Pve) -> Result<Plan, Error> + 'a) -> StepDraft<'a> {
        self.act = Some(Act::Plan(Box::new(plan)));
        self
    }

    /// It looks whether this holds, and fails where it does not.
    pub fn checks(mut self, what: impl Into<Text>, holds: impl Fn(&Pve) -> Result<bool, Error> + 'a) -> StepDraft<'a> {
        self.act = Some(Act::Check(what.into(), Box::new(holds)));
        self
    }

    /// It asks a person this, and goes on only if they say yes. Where nobody can be asked, that is a no.
    pub fn asks(mut self, question: impl Into<Text>) -> StepDraft<'a> {
        self.act = Some(Act::Ask(question.into()));
        self
    }

    /// A person does it: what they are to do is shown, a command most often, and they say when it is done. What shows that it
    /// was, [`verify`](StepDraft::verify) looks at.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let book = Runbook::new(&Pve::demo()?, "Patch pve2", "CHG-7").asking(|question| "yes".to_owned());
    /// let step = book.step("Read the news").by_hand("less /usr/share/doc/pve-manager/changelog.gz").run()?;
    /// assert!(step.is_done());
    /// # Ok(()) }
    /// ```
    pub fn by_hand(mut self, command: impl Into<Text>) -> StepDraft<'a> {
        self.act = Some(Act::ByHand(command.into()));
        self
    }

    /// It waits until this holds, ten minutes at most unless [`within`](StepDraft::within) says otherwise.
    pub fn waits_until(
        mut self,
        what: impl Into<Text>,
        holds: impl Fn(&Pve) -> Result<bool, Error> + 'a,
    ) -> StepDraft<'a> {
        self.act = Some(Act::Wait(what.into(), Box::new(holds)));
        self
    }

    /// This holds once it is done; it is looked at for half a minute, since an overview may lag.
    pub fn verify(mut self, what: impl Into<Text>, holds: impl Fn(&Pve) -> Result<bool, Error> + 'a) -> StepDraft<'a> {
        self.verify.push((what.into(), Box::new(holds)));
        self
    }

    /// It takes no longer than this: each task of its plan, what it waits for, or what shows that a person did it.
    pub fn within(mut self, time: Age) -> StepDraft<'a> {
        self.within = Some(time);
        self
    }

    /// Its plan runs only once this person agreed: what they have to sign is shown when the step is tried without their
    /// signature.
    pub fn needs_approval(mut self, approver: &Approver) -> StepDraft<'a> {
        self.approvers.push(approver.clone());
        self
    }

    /// The signature of somebody who has to agree; it is good for the plan in the state that was shown.
    pub fn approved(mut self, signature: &str) -> StepDraft<'a> {
        self.signatures.push(signature.to_owned());
        self
    }

    /// Carries it out, now. What came of it stands in the book, whichever way it came out.
    ///
    /// # Errors
    /// When a condition does not hold, the plan is refused or fails, nobody says yes, or what had to hold after it does
    /// not. Each of these halts the session.
    pub fn run(self) -> Result<Step, Error> {
        let (book, pve) = (self.book.clone(), self.book.pve.clone());
        let session = pve.session();
        let mut step = Step {
            title: self.title.clone(),
            because: self.because.clone(),
            kind: self.kind(),
            state: StepState::Done,
            conditions: Vec::new(),
            outcomes: Vec::new(),
            who: session.identity(),
            began: pve.now(),
            took: Age(0),
            attempts: 1,
        };
        say(&format!("Step: {}", self.title));
        // What the closures of a notebook do must not take away what stands in the book.
        let came = catch_unwind(AssertUnwindSafe(|| self.carry_out(&pve, &mut step)));
        let (came, panicked) = match came {
            Ok(came) => (came, None),
            Err(panicked) => {
                (Err(self.refused(panic_words(&*panicked), "Mend the cell, and look at what ran")), Some(panicked))
            }
        };
        step.took = pve.now().since(step.began);
        if let Err(error) = &came {
            // A refusal because of an earlier failure is not this step's.
            let words: Text = error.to_string().into();
            step.state = match error {
                Error::Halted { .. } => StepState::NotBegun(words),
                Error::NotRun { .. } if !step.acted() && step.conditions.is_empty() => StepState::NotBegun(words),
                Error::OutcomeUnknown { .. } | Error::Overdue { .. } => StepState::NotKnown(words),
                _ => StepState::Failed(words),
            };
            if !matches!(error, Error::Halted { .. }) && session.halted().is_none() {
                session.halt(format!("step {}: {error}", self.title.raw()));
            }
            // A plan has said it already.
            if !step.acted() {
                say(&error.to_string());
            }
        }
        session.note(step.event());
        book.keep(step.clone());
        if let Some(panicked) = panicked {
            resume_unwind(panicked);
        }
        came.map(|()| step)
    }

    fn kind(&self) -> &'static str {
        match &self.act {
            Some(Act::Plan(_)) => "act",
            Some(Act::Check(..)) => "check",
            Some(Act::Ask(_)) => "ask",
            Some(Act::ByHand(_)) => "by hand",
            Some(Act::Wait(..)) => "wait",
            None => "check",
        }
    }

    fn carry_out(&self, pve: &Pve, step: &mut Step) -> Result<(), Error> {
        if let Some(because) = pve.halted() {
            return Err(Error::Halted { what: self.title.clone(), because });
        }
        for earlier in &self.after {
            if !earlier.is_done() {
                return Err(self.refused(
                    format!("It comes after \"{}\", which was not done", earlier.title),
                    "Run that step first",
                ));
            }
        }
        for (what, holds) in &self.requires {
            if !look(pve, step, "requires", what, holds)? {
                return Err(Error::Required { what: format!("{} (before {})", what.raw(), self.title.raw()).into() });
            }
        }
        for (what, holds) in &self.unless {
            if look(pve, step, "unless", what, holds)? {
                say(&format!("  already done: {what}"));
                step.state = StepState::AlreadyDone(what.clone());
                return Ok(());
            }
        }
        match &self.act {
            Some(Act::Plan(make)) => self.act(pve, step, make)?,
            Some(Act::Check(what, holds)) => look(pve, step, "checks", what, holds)?
                .then_some(())
                .ok_or_else(|| Error::Required { what: what.clone() })?,
            Some(Act::Ask(question)) => self.ask(step, "asked", question, question)?,
            Some(Act::ByHand(command)) => {
                say(&format!("  to be done by hand: {command}"));
                self.ask(step, "by hand", command, &"Is that done".into())?;
            }
            Some(Act::Wait(what, holds)) => {
                self.wait(pve, step, "waits until", what, holds, self.within.unwrap_or(WAITS))?
            }
            None if self.verify.is_empty() => {
                return Err(self.refused(
                    "It does nothing".into(),
                    "Say what: .does(|pve| …), .checks(…), .asks(…), .by_hand(…) or .waits_until(…)",
                ));
            }
            None => {}
        }
        // What a person began may take its time; what a plan did was waited for.
        let seen_within = match &self.act {
            Some(Act::ByHand(_)) | None => self.within.unwrap_or(SEEN_WITHIN),
            _ => SEEN_WITHIN,
        };
        for (what, holds) in &self.verify {
            self.wait(pve, step, "verify", what, holds, seen_within)?;
        }
        Ok(())
    }

    fn act(&self, pve: &Pve, step: &mut Step, make: &Make<'a>) -> Result<(), Error> {
        let plan = make(pve)?;
        let plan = match self.within {
            Some(time) => plan.within(time),
            None => plan,
        };
        let plan = self.approvers.iter().fold(plan, |plan, approver| plan.needs_approval(approver));
        let plan = self.signatures.iter().fold(plan, |plan, signature| plan.approved(signature));
        let came = plan.run();
        // What ran in part ran.
        step.outcomes.extend(plan.outcome());
        came.map(|_| ())
    }

    /// Puts a question to a person; what it was about and what they said is kept.
    fn ask(&self, step: &mut Step, kind: &'static str, about: &Text, question: &Text) -> Result<(), Error> {
        let ask = self.book.book().ask.clone();
        let answer = ask(&format!("{question}? Type yes to go on "));
        let said = answer.trim().to_lowercase();
        let is_yes = said == "yes" || said == "y";
        let kept = if said.is_empty() { "nobody answered".into() } else { Text::from(&said) };
        step.conditions.push(Condition { kind, what: about.clone(), found: Found::Said(is_yes, kept) });
        if is_yes {
            say(&format!("  {question}? yes"));
            return Ok(());
        }
        let given = if said.is_empty() {
            "nobody answered".to_owned()
        } else {
            format!("the answer was {}", Text::from(&said))
        };
        Err(self.refused(
            format!("\"{question}?\": {given}, and only yes goes on"),
            "Run the step again and answer, where somebody can be asked",
        ))
    }

    /// Looks until it holds.
    fn wait(
        &self,
        pve: &Pve,
        step: &mut Step,
        kind: &'static str,
        what: &Text,
        holds: &Test<'a>,
        most: Age,
    ) -> Result<(), Error> {
        let since = pve.now();
        let mut pause = Duration::from_millis(500);
        let mut told = false;
        loop {
            let found = holds(pve);
            let elapsed = pve.now().since(since);
            match found {
                Ok(true) => {
                    step.conditions.push(Condition { kind, what: what.clone(), found: Found::Holds });
                    return Ok(());
                }
                Err(error) if elapsed >= most => {
                    let found = Found::NotRead(error.to_string().into());
                    step.conditions.push(Condition { kind, what: what.clone(), found });
                    return Err(error);
                }
                Ok(false) if elapsed >= most => {
                    step.conditions.push(Condition { kind, what: what.clone(), found: Found::Fails });
                    let what = format!("{} (after {}, looked at for {most})", what.raw(), self.title.raw());
                    return Err(Error::Required { what: what.into() });
                }
                _ => {}
            }
            if !told {
                say(&format!("  … waiting until {what}, {most} at most"));
                told = true;
            }
            pve.session().pause(pause);
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    fn refused(&self, why: String, next: &str) -> Error {
        Error::not_run(self.title.clone(), why, next)
    }
}

impl fmt::Debug for StepDraft<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StepDraft({}: not run yet; .run()? carries it out)", self.title)
    }
}

impl Found {
    /// In words, and why where there is a reason.
    fn words(&self) -> (String, Text) {
        match self {
            Found::Holds => ("holds".into(), Text::default()),
            Found::Fails => ("does not hold".into(), Text::default()),
            Found::Said(_, answer) => (format!("answered {:?}", answer.raw()), Text::default()),
            Found::NotRead(why) => ("could not be read".into(), why.clone()),
        }
    }
}

/// What a panic said.
fn panic_words(panicked: &(dyn Any + Send)) -> String {
    let said = panicked.downcast_ref::<&str>().map(|words| (*words).to_owned());
    let said = said.or_else(|| panicked.downcast_ref::<String>().cloned()).unwrap_or_default();
    format!("A closure of the step panicked: {said}")
}

/// Looks whether a condition holds, and keeps what was found.
fn look(pve: &Pve, step: &mut Step, kind: &'static str, what: &Text, holds: &Test<'_>) -> Result<bool, Error> {
    let found = holds(pve);
    let kept = match &found {
        Ok(true) => Found::Holds,
        Ok(false) => Found::Fails,
        Err(error) => Found::NotRead(error.to_string().into()),
    };
    step.conditions.push(Condition { kind, what: what.clone(), found: kept });
    found
}

/// Asks in the notebook. The kernel cuts a prompt at a colon, and answers "" when nobody can be asked.
pub(super) fn by_the_notebook() -> Asker {
    Arc::new(|prompt| match std::env::var_os("EVCXR_IS_RUNTIME") {
        Some(_) => evcxr_input::get_string(&prompt.replace(':', "")),
        None => String::new(),
    })
}
