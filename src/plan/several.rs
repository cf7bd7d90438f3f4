//! Several plans as one: at most so many at a time, and no more once so many have failed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::page::{Cell, Grid, State, Tone};
use crate::plan::check::Verdict;
use crate::plan::draft::{Act, Draft, Undo};
use crate::plan::outcome::{Came, Failure, How, Outcome, Part};
use crate::plan::run::Flight;
use crate::plan::{Check, Plan};
use crate::session::Session;
use crate::text::Text;

/// Plans that are shown, confirmed and run together.
#[derive(Clone)]
pub(super) struct Several {
    pub(super) plans: Vec<Plan>,
    /// At most so many are at work at a time, begun in their order.
    pub(super) at_once: usize,
    /// No further one is begun after so many failures.
    pub(super) stop_after: usize,
    pub(super) expected: Expected,
    /// Whether each depends on the one before it, so that neither the order nor the end at a failure may change.
    pub(super) ordered: bool,
}

/// Whether somebody has to say how many there are, and what was said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    NotNeeded,
    NotSaid,
    Said(usize),
}

/// In a table so many are shown.
const SHOWN: usize = 60;

impl Several {
    /// These, one after the other; the first failure is the last thing that happens.
    pub(super) fn of(plans: Vec<Plan>) -> Several {
        Several { plans, at_once: 1, stop_after: 1, expected: Expected::NotNeeded, ordered: false }
    }

    /// The same where each depends on the one before it.
    pub(super) fn in_order(plans: Vec<Plan>) -> Several {
        Several { ordered: true, ..Several::of(plans) }
    }

    /// What they take away for good.
    pub(super) fn destroyed(&self) -> Option<Text> {
        let taken: Vec<Text> = self.plans.iter().filter_map(|plan| plan.draft.destroyed()).collect();
        match taken.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            several => Some(format!("{} of the actions take something away for good", several.len()).into()),
        }
    }

    /// The calls, as far as they fit into a line.
    pub(super) fn calls_shown(&self) -> Text {
        const FEW: usize = 2;
        let calls: Vec<String> = self.plans.iter().take(FEW).map(|plan| plan.draft.call_shown().raw().into()).collect();
        let more = self.plans.len().saturating_sub(FEW);
        let more = if more == 0 { String::new() } else { format!("; and {more} more") };
        format!("{}{more}", calls.join("; ")).into()
    }

    /// Those that have something to do.
    pub(super) fn to_do(&self) -> impl Iterator<Item = &Plan> {
        self.plans.iter().filter(|plan| plan.done_already().is_none())
    }

    /// What keeps them from running: how many they are, and each check that failed.
    pub(super) fn hindrances(&self) -> Vec<(String, String)> {
        let mut hindrances = Vec::new();
        let count = self.plans.len();
        match self.expected {
            Expected::Said(said) if said != count => hindrances.push((
                format!("{said} were expected, and there are {count}"),
                "Look at the list; then say the right number: .expect(n)".into(),
            )),
            Expected::NotSaid => hindrances.push((
                "Nobody said how many are expected".into(),
                format!("Read the list; if it is what you mean, say so: .expect({count})"),
            )),
            _ => {}
        }
        if !self.plans.is_empty() && self.to_do().next().is_none() {
            hindrances.push(("Everything is so already".into(), "Nothing is left to do".into()));
        }
        // What is made anew when its turn comes is looked at then.
        let now = self.to_do().enumerate().filter(|(n, plan)| *n == 0 || plan.anew.is_none());
        let failed = now.map(|(_, plan)| plan).flat_map(|plan| {
            let of = plan.draft.title.raw();
            plan.hindrances_of_its_own().into_iter().map(move |(why, next)| (format!("{of}: {why}"), next))
        });
        hindrances.extend(failed);
        hindrances
    }

    /// Each with the state that it was seen in, and what its checks say.
    pub(super) fn table(&self) -> Grid {
        let row = |plan: &Plan| {
            let draft = &plan.draft;
            let seen = draft.guest().map_or(Cell::Empty, |guest| Cell::from(guest.state()));
            vec![Cell::from(&draft.title), seen, Cell::from(verdict(plan))]
        };
        let grid = Grid::new(["Action", "Seen as", "Checks"]).rows(self.plans.iter().take(SHOWN).map(row));
        match self.plans.len().saturating_sub(SHOWN) {
            0 => grid,
            more => grid.left_out(more),
        }
    }

    pub(super) fn run(&self, plan: &Plan, say: &dyn Fn(&str)) -> Result<Outcome, Error> {
        plan.begin()?;
        plan.draft.record_several()?;
        let session = &plan.draft.session;
        let mut all = Outcome::of(&plan.draft, None);
        let mut came: Vec<Option<Came>> = vec![None; self.plans.len()];
        let mut waiting: VecDeque<usize> = (0..self.plans.len()).collect();
        let mut under_way: Vec<(usize, Flight)> = Vec::new();
        let mut failures = 0;
        // What ran in part, or may have run, is kept with it.
        let failed = |place: usize, one: Option<&Plan>, error: &Error| {
            let plan = &self.plans[place];
            say(&format!("{}: {error}", called(plan)));
            plan.draft.note_error(error);
            Came::Failed(Failure::of(error), one.and_then(Plan::outcome).map(Box::new))
        };
        loop {
            while under_way.len() < self.at_once.max(1) && failures < self.stop_after.max(1) {
                let Some(place) = waiting.pop_front() else { break };
                let made = match &self.plans[place].anew {
                    Some(done) => done.undo().and_then(|plan| plan.refuse_for_its_own_sake().map(|()| plan)),
                    None => Ok(self.plans[place].clone()),
                };
                let one = &match made {
                    Ok(plan) => plan,
                    Err(error) => {
                        failures += 1;
                        came[place] = Some(failed(place, None, &error));
                        continue;
                    }
                };
                if let Some(already) = one.done_already() {
                    came[place] = Some(Came::NothingToDo(already));
                    continue;
                }
                let name = called(one);
                let said = |line: &str| say(&format!("{name}: {line}"));
                let begun = match &one.draft.act {
                    Act::One(call) => Flight::launch(one, call, &said).map(|flight| Begun::UnderWay(Box::new(flight))),
                    // Several within several have the floor for themselves.
                    Act::Several(_) if !under_way.is_empty() => {
                        waiting.push_front(place);
                        break;
                    }
                    Act::Several(several) => several.run(one, say).map(|done| Begun::Over(Box::new(done))),
                };
                match begun {
                    Ok(Begun::UnderWay(flight)) => under_way.push((place, *flight)),
                    Ok(Begun::Over(done)) => came[place] = Some(Came::Done(done)),
                    Err(error) => {
                        failures += 1;
                        came[place] = Some(failed(place, Some(one), &error));
                    }
                }
            }
            if under_way.is_empty() {
                break;
            }
            under_way.retain_mut(|(place, flight)| {
                let name = called(&self.plans[*place]);
                match flight.poll(&|line: &str| say(&format!("{name}: {line}"))) {
                    None => return true,
                    Some(Ok(done)) => came[*place] = Some(Came::Done(Box::new(done))),
                    Some(Err(error)) => {
                        failures += 1;
                        came[*place] = Some(failed(*place, Some(flight.plan()), &error));
                    }
                }
                false
            });
            if let Some(pause) = under_way.iter().map(|(_, flight)| flight.pause()).min() {
                session.pause(pause.max(Duration::from_millis(50)));
            }
        }
        let not_begun = || Came::NotBegun(format!("{failures} failed before its turn").into());
        let parts = self
            .plans
            .iter()
            .zip(came)
            .map(|(plan, came)| Part { title: plan.draft.title.clone(), came: came.unwrap_or_else(not_begun) });
        all.parts = parts.collect();
        all.took = session.now().since(all.began);
        all.provenance =
            crate::page::Provenance { at: Some(session.now()), took: all.took.duration(), ..all.provenance };
        if failures == 0 {
            all.after =
                Some(State::new(Tone::Good, format!("{} done", all.count(|came| matches!(came, Came::Done(_))))));
            plan.keep_done(&all);
            return Ok(all);
        }
        let error = Error::PartlyDone {
            what: plan.draft.title.clone(),
            done: all.count(|came| matches!(came, Came::Done(_))),
            failed: all.count(|came| matches!(came, Came::Failed(failure, _) if failure.how == How::Failed)),
            unknown: all.count(|came| matches!(came, Came::Failed(failure, _) if failure.how != How::Failed)),
            not_begun: all.count(|came| matches!(came, Came::NotBegun(_))),
            failures: all
                .parts
                .iter()
                .filter_map(|part| match &part.came {
                    // Its log was shown when it failed.
                    Came::Failed(failure, _) => {
                        Some(format!("{}: {}", part.title.raw(), failure.in_a_line().raw()).into())
                    }
                    _ => None,
                })
                .collect(),
        };
        plan.keep(&all, &error);
        Err(error)
    }

    /// The plan that undoes what was done of several, the last first.
    pub(super) fn undoing(done: &Outcome) -> Result<Plan, Error> {
        let mut way = WayBack::default();
        way.add(done);
        way.plan(&done.session, format!("Undo: {}", done.title.raw()))
    }
}

/// The plan that undoes all of these, the last first: what ran as a whole, and what ran in part.
pub(crate) fn rollback_of(session: &Session, title: String, done: &[Outcome]) -> Result<Plan, Error> {
    let mut way = WayBack::default();
    done.iter().rev().for_each(|outcome| way.add(outcome));
    way.plan(session, title)
}

/// The way back, as far as there is one.
#[derive(Default)]
struct WayBack {
    plans: Vec<Plan>,
    /// What is not undone, and why.
    left: Vec<String>,
}

impl WayBack {
    fn add(&mut self, done: &Outcome) {
        if done.parts.is_empty() {
            return match (&done.failure, done.undo()) {
                (Some(failure), undo) => self.add_failed(done, failure, undo.ok()),
                (None, Ok(plan)) => self.push(done, plan),
                (None, Err(error)) => self.left.push(format!("Not undone by this: {}. {error}", done.title.raw())),
            };
        }
        for part in done.parts.iter().rev() {
            match &part.came {
                Came::Done(outcome) => self.add(outcome),
                Came::Failed(_, Some(outcome)) => self.add(outcome),
                // It was refused before anything was sent.
                Came::Failed(_, None) => {}
                Came::NothingToDo(_) | Came::NotBegun(_) => {}
            }
        }
    }

    fn push(&mut self, done: &Outcome, plan: Plan) {
        self.plans.push(Plan { anew: Some(Arc::new(done.clone())), ..plan });
    }

    /// What did not end as it should may have been done, or done in part: it is undone as far as there is something to undo.
    fn add_failed(&mut self, done: &Outcome, failure: &Failure, undo: Option<Plan>) {
        let (title, how) = (done.title.raw(), failure.state().word);
        let why = match undo {
            Some(plan) if plan.nothing_to_do() => format!("{title}: {how}; it is as it was before."),
            Some(plan) if plan.refuse_for_its_own_sake().is_ok() => {
                self.push(done, plan);
                format!("{title}: {how}; what there is of it is undone.")
            }
            _ => format!("{title}: {how}; what is left of it is to be looked at."),
        };
        self.left.push(why);
    }

    fn plan(self, session: &Session, title: String) -> Result<Plan, Error> {
        if self.plans.is_empty() {
            let left = if self.left.is_empty() { "Nothing was done".to_owned() } else { self.left.join(" ") };
            return Err(Error::not_run(title, "Nothing of it can be undone by a plan", left.trim_end_matches('.')));
        }
        let mut draft = Draft::new(session, title, Act::Several(Several::in_order(self.plans)));
        draft.effects = self.left.into_iter().map(Text::from).collect();
        draft.undo = Undo::Parts;
        Ok(draft.plan())
    }
}

enum Begun {
    UnderWay(Box<Flight>),
    Over(Box<Outcome>),
}

impl Outcome {
    /// Of how many parts this came.
    fn count(&self, is: impl Fn(&Came) -> bool) -> usize {
        self.parts.iter().filter(|part| is(&part.came)).count()
    }
}

/// What its lines begin with.
fn called(plan: &Plan) -> Text {
    plan.draft.guest().map_or_else(|| plan.draft.title.clone(), |guest| guest.called())
}

/// All checks of a plan in one state: the worst.
fn verdict(plan: &Plan) -> State {
    if plan.done_already().is_some() {
        return State::new(Tone::Off, "so already");
    }
    if plan.anew.is_some() {
        return State::new(Tone::Good, "made when its turn comes");
    }
    let checks = plan.checks();
    let named = |verdict: fn(&Verdict) -> bool| {
        let names: Vec<&str> =
            checks.iter().filter(|check| verdict(&check.verdict)).map(|check: &Check| check.name.raw()).collect();
        names.join(", ")
    };
    let failed = named(|verdict| *verdict == Verdict::Failed);
    let unknown = named(|verdict| *verdict == Verdict::Unknown);
    let overridden = named(|verdict| matches!(verdict, Verdict::Overridden(_)));
    match (failed.as_str(), overridden.as_str(), unknown.as_str()) {
        ("", "", "") => State::new(Tone::Good, "passed"),
        ("", "", unknown) => State::new(Tone::Unknown, format!("not known: {unknown}")),
        ("", overridden, _) => State::new(Tone::Held, format!("overridden: {overridden}")),
        (failed, ..) => State::new(Tone::Wrong, format!("failed: {failed}")),
    }
}
