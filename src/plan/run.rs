//! Carrying out one call: look again, send once, follow the task, look at what came of it. A write is never sent twice.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::error::{Error, meaning};
use crate::journal::Kind;
use crate::model::guest::{Guest, Status};
use crate::model::task::{Follower, Task, TaskStatus, Upid, of_node};
use crate::page::Provenance;
use crate::plan::draft::{Draft, Seen};
use crate::plan::send::{UNKNOWN, guest_in};
use crate::plan::{Outcome, Plan};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Moment};
use crate::wire::Call;
use crate::wire::gates::node_in;

/// A call that was sent and is not over yet.
pub(super) struct Flight {
    plan: Plan,
    call: Call,
    outcome: Outcome,
    stage: Stage,
}

enum Stage {
    /// Its task is at work.
    Following(Upid, Box<Follower>),
    /// Its task ended well, since this moment; what it should do is not seen yet.
    Settling(Moment, bool),
}

impl Flight {
    /// Sends the call, once, unless the target is not as the plan saw it.
    pub(super) fn launch(plan: &Plan, call: &Call, say: &dyn Fn(&str)) -> Result<Flight, Error> {
        let draft = &plan.draft;
        look_again(draft)?;
        let before = draft.goal.as_ref().and_then(|goal| goal.look(&draft.session).ok());
        plan.begin()?;
        let known = Known::read(&draft.session, call);
        draft.record()?;
        let mut outcome = Outcome::of(draft, before.as_ref().map(|seen| seen.now.clone()));
        let began = draft.session.now();
        let sent = draft.session.ask(call.clone()).and_then(|answer| answer.reply.data::<Value>(&answer.call));
        // Whatever became of it, an overview may be behind it.
        if let Some(vmid) = guest_in(call) {
            draft.session.forget(vmid);
        }
        let upid = match sent {
            Ok(data) => data.as_str().filter(|data| data.starts_with("UPID:")).map(Text::from),
            // An answer that is no answer of the API says as little about what became of the call as none.
            Err(error @ (Error::ConnectionLost { .. } | Error::NotUnderstood { .. })) => {
                outcome.answer_lost = true;
                find_sent(draft, &known, before.as_ref(), &error, say)
                    .inspect_err(|error| plan.keep(&outcome, error))?
            }
            Err(error) => {
                plan.keep(&outcome, &error);
                return Err(error);
            }
        };
        say(&draft.title.to_string());
        let stage = match upid {
            Some(upid) => {
                // Before waiting, so that the task's name is not lost should the notebook die.
                say(&upid.to_string());
                draft.session.note(draft.event(Kind::Task).upid(&upid));
                let upid: Upid = upid.raw().parse()?;
                outcome.upid = Some((&upid).into());
                Stage::Following(upid.clone(), Box::new(Follower::new(&draft.session, &upid)))
            }
            None => Stage::Settling(began, false),
        };
        Ok(Flight { plan: plan.clone(), call: call.clone(), outcome, stage })
    }

    /// Looks once: what came of it, or nothing yet.
    pub(super) fn poll(&mut self, say: &dyn Fn(&str)) -> Option<Result<Outcome, Error>> {
        let result = self.step(say);
        if let Err(error) = &result {
            self.outcome.took = self.plan.draft.session.now().since(self.outcome.began);
            self.plan.keep(&self.outcome, error);
        }
        result.transpose()
    }

    /// What is under way.
    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How long to wait before looking again.
    pub(super) fn pause(&self) -> Duration {
        match &self.stage {
            Stage::Following(_, follower) => follower.pause(),
            Stage::Settling(..) => Duration::from_secs(1),
        }
    }

    pub(super) fn until_over(mut self, say: &dyn Fn(&str)) -> Result<Outcome, Error> {
        loop {
            if let Some(ended) = self.poll(say) {
                return ended;
            }
            self.plan.draft.session.pause(self.pause());
        }
    }

    fn step(&mut self, say: &dyn Fn(&str)) -> Result<Option<Outcome>, Error> {
        if let Stage::Following(upid, follower) = &mut self.stage {
            let draft = &self.plan.draft;
            let looked = follower.look(&|line: &str| say(line));
            self.outcome.log.clone_from(&follower.log);
            match looked.map_err(|error| not_followed(draft, upid, &error))? {
                Some(task) => {
                    self.outcome.ended = task.status;
                    ended_well(draft, upid, &self.outcome)?;
                    self.stage = Stage::Settling(draft.session.now(), false);
                }
                None => {
                    let (upid, elapsed) = (upid.clone(), draft.session.now().since(self.outcome.began));
                    let overdue = draft.deadline.is_some_and(|deadline| elapsed > deadline);
                    return if overdue { Err(too_late(draft, &upid, elapsed)) } else { Ok(None) };
                }
            }
        }
        self.settle(say)
    }

    /// Looks at what came of it. Under high availability the task's OK only means that the request was taken.
    fn settle(&mut self, say: &dyn Fn(&str)) -> Result<Option<Outcome>, Error> {
        let (draft, Stage::Settling(since, told)) = (&self.plan.draft, &mut self.stage) else { return Ok(None) };
        let session = &draft.session;
        if let Some(goal) = &draft.goal {
            match goal.look(session) {
                Ok(seen) if seen.reached => {
                    if let Some((vmid, status)) = &seen.guest {
                        session.remember(*vmid, status.clone());
                    }
                    self.outcome.after = Some(seen.now);
                }
                Ok(seen) if session.now().since(*since) < goal.patience => {
                    if !*told {
                        *told = true;
                        say(&format!("  … {} so far; waiting until that is as it should be", seen.now));
                    }
                    return Ok(None);
                }
                Ok(seen) => {
                    self.outcome.after = Some(seen.now.clone());
                    return Err(Error::OutcomeUnknown {
                        what: draft.title.clone(),
                        why: format!("It ended well, but what it should do is not so: {}", seen.now).into(),
                        next: goal.otherwise.clone(),
                    });
                }
                // An outage may be over soon; what one may not see stays unseen.
                Err(error) if !is_lasting(&error) && session.now().since(*since) < goal.patience.max(UNREAD) => {
                    if !*told {
                        *told = true;
                        say(&format!("  … the state after it could not be read yet ({error})"));
                    }
                    return Ok(None);
                }
                Err(error) if !draft.is_proven_by(self.outcome.upid.as_ref()) => {
                    return Err(Error::OutcomeUnknown {
                        what: draft.title.clone(),
                        why: format!("The request was taken, and what became of it could not be read: {error}").into(),
                        next: goal.otherwise.clone(),
                    });
                }
                Err(error) => {
                    say(&format!("It ended well; the state after it could not be read. {error}"));
                    self.outcome.unseen = Some(error.to_string().into());
                }
            }
        }
        self.outcome.took = session.now().since(self.outcome.began);
        self.outcome.provenance = Provenance {
            at: Some(session.now()),
            calls: vec![self.call.shown()],
            took: self.outcome.took.duration(),
            ..session.provenance([], None)
        };
        session.note(draft.event(Kind::Outcome).detail(format!("{}, after {}", self.outcome.ended, self.outcome.took)));
        self.outcome.provenance.journal = session.journaled();
        self.plan.keep_done(&self.outcome);
        Ok(Some(self.outcome.clone()))
    }
}

/// A state that cannot be read is looked for this long, unless one may not read it.
const UNREAD: Age = Age(10);

/// Whether looking again does not help.
fn is_lasting(error: &Error) -> bool {
    matches!(error, Error::NotPermitted { .. } | Error::NotFound { .. })
}

/// Refuses when the target is not as the plan saw it, or one of several. A target that could not be read then and cannot
/// be read now is let through: the checks have said so.
pub(super) fn look_again(draft: &Draft) -> Result<(), Error> {
    if let Some(target) = &draft.target {
        as_seen(draft, &target.guest, target.is_current)?;
    }
    draft.also.iter().try_for_each(|guest| as_seen(draft, guest, true))
}

fn as_seen(draft: &Draft, seen: &Guest, is_current: bool) -> Result<(), Error> {
    let changed = |now: String| {
        let which = if draft.also.is_empty() { "The target".into() } else { seen.called().to_string() };
        let why = format!("{which} changed since the plan was made: it was {}, it is {now}", facts(seen));
        Error::not_run(draft.title.clone(), why, "Make the plan anew; it sees the present state")
    };
    let now = match seen.current() {
        Ok(now) => now,
        Err(Error::NotPermitted { .. }) if !is_current => return Ok(()),
        Err(Error::NotFound { .. }) if !draft.also.is_empty() => {
            return Err(changed(format!("not on {} any more", seen.node)));
        }
        Err(error) => return Err(error),
    };
    match seen.status == Status::Unknown || facts(seen) == facts(&now) {
        true => Ok(()),
        false => Err(changed(facts(&now))),
    }
}

/// What of a guest must be as it was.
fn facts(guest: &Guest) -> String {
    format!("{}, lock: {}", guest.status, guest.lock.as_ref().map_or("none", Text::raw))
}

/// The tasks that the node knew before the call was sent; `None` where they could not be read.
struct Known {
    node: Option<Text>,
    upids: Option<BTreeSet<Upid>>,
}

impl Known {
    fn read(session: &Session, call: &Call) -> Known {
        let node = node_in(&call.path).map(Text::from);
        let upids = node.as_ref().and_then(|node| of_node(session, node).ok());
        Known { upids: upids.map(|tasks| tasks.iter().map(|task| task.upid.clone()).collect()), node }
    }

    /// Whether a task began after those that were known.
    fn is_new(&self, upid: &Upid) -> bool {
        let Some(known) = &self.upids else { return false };
        let newest = known.iter().map(Upid::started).max();
        !known.contains(upid) && newest.is_none_or(|newest| upid.started() >= newest)
    }
}

/// After a call whose answer is missing: the one new task that fits it, or the goal itself where the call makes no task.
/// The call is never sent again.
fn find_sent(
    draft: &Draft,
    known: &Known,
    before: Option<&Seen>,
    lost: &Error,
    say: &dyn Fn(&str),
) -> Result<Option<Text>, Error> {
    say(&format!(
        "The call was sent, and its answer is missing ({lost}). Looking for its task; nothing is sent again."
    ));
    let unknown = |why: String| Error::OutcomeUnknown {
        what: draft.title.clone(),
        why: why.into(),
        next: "Look at the target and at pve.tasks()? before doing anything about it".into(),
    };
    if draft.tasks.is_empty() {
        return came_true(draft, before).then_some(None).ok_or_else(|| unknown(format!("{lost}")));
    }
    let (Some(node), Some(_)) = (&known.node, &known.upids) else { return Err(unknown(format!("{lost}"))) };
    let (me, id) = (draft.session.identity(), draft.task_id.raw());
    if draft.tasks == UNKNOWN {
        return Err(unknown(format!("{}; {lost}", new_tasks_of(&me, draft, known, node))));
    }
    let fits =
        |upid: &Upid| known.is_new(upid) && me == upid.user() && id == upid.id() && draft.tasks.contains(&upid.kind());
    for _ in 0..10 {
        draft.session.pause(Duration::from_millis(500));
        let Ok(tasks) = of_node(&draft.session, node) else { continue };
        let new: Vec<&Task> = tasks.iter().filter(|task| fits(&task.upid)).collect();
        match new.as_slice() {
            [] => {}
            [task] => {
                say(&format!("Found it: {}", task.upid));
                return Ok(Some(task.upid.raw().into()));
            }
            several => {
                let why = format!("{} new tasks on {node} fit it, and which is ours cannot be said", several.len());
                return Err(unknown(why));
            }
        }
    }
    Err(unknown(format!("No task for it appeared on {node}, so it may not have arrived; {lost}")))
}

/// What can be said of a call that may have become any task: which tasks are new.
fn new_tasks_of(me: &Text, draft: &Draft, known: &Known, node: &Text) -> String {
    draft.session.pause(Duration::from_secs(2));
    let Ok(tasks) = of_node(&draft.session, node) else { return format!("The tasks on {node} could not be read") };
    let new: Vec<String> = tasks
        .iter()
        .filter(|task| known.is_new(&task.upid) && *me == task.upid.user())
        .map(|task| task.upid.to_string())
        .collect();
    match new.as_slice() {
        [] => format!("No new task of {me} appeared on {node}: it may not have arrived, or have become no task"),
        new => format!(
            "New tasks of {me} on {node} since: {}; whether one of them is this call cannot be said",
            new.join(", ")
        ),
    }
}

/// Whether what was not so before the call is so now.
fn came_true(draft: &Draft, before: Option<&Seen>) -> bool {
    let (Some(goal), Some(Seen { reached: false, .. })) = (&draft.goal, before) else { return false };
    (0..4).any(|_| {
        draft.session.pause(Duration::from_millis(500));
        goal.look(&draft.session).is_ok_and(|seen| seen.reached)
    })
}

fn ended_well(draft: &Draft, upid: &Upid, outcome: &Outcome) -> Result<(), Error> {
    match &outcome.ended {
        TaskStatus::Ok | TaskStatus::Warnings(_) => Ok(()),
        TaskStatus::Failed(exit) | TaskStatus::Stopped(exit) => Err(Error::TaskFailed {
            what: draft.title.clone(),
            exit: exit.clone(),
            explanation: match meaning::of_task(exit.raw(), outcome.log.iter().map(Text::raw)) {
                Some(meaning) => format!("{meaning}.").into(),
                None => "What that means is in the task's log, below or in pve.task(upid)?.".into(),
            },
            upid: upid.raw().into(),
            log: outcome.log.iter().rev().take(10).rev().cloned().collect(),
        }),
        TaskStatus::Running | TaskStatus::Unknown => Err(Error::OutcomeUnknown {
            what: draft.title.clone(),
            why: "Its task ended without saying how, as it does when its node goes away".into(),
            next: format!("Look at the target, and at pve.task(\"{upid}\")?").into(),
        }),
    }
}

/// The action is under way, and what becomes of it cannot be seen from here.
fn not_followed(draft: &Draft, upid: &Upid, error: &Error) -> Error {
    Error::OutcomeUnknown {
        what: draft.title.clone(),
        why: format!("It was sent, and its task is {upid}; but the task could not be followed to its end: {error}")
            .into(),
        next: format!("Attach to it again: pve.task(\"{upid}\")?.follow()?").into(),
    }
}

fn too_late(draft: &Draft, upid: &Upid, elapsed: Age) -> Error {
    Error::Overdue {
        what: draft.title.clone(),
        after: elapsed,
        upid: upid.raw().into(),
        next: format!(
            "Go on waiting with pve.task(\"{upid}\")?.follow()?, or stop it with pve.task(\"{upid}\")?.abort()"
        )
        .into(),
    }
}
