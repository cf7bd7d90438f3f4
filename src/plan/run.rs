//! Carrying out a plan: refuse or send once, follow the task, look at the result. A write is never sent twice.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;

use crate::error::Error;
use crate::model::guest::{Guest, Status};
use crate::model::task::{Follower, Task, TaskStatus, Upid, of_node};
use crate::page::Provenance;
use crate::plan::send::guest_in;
use crate::plan::{Draft, Outcome, Plan, Target, call_shown, explain};
use crate::render::say;
use crate::text::Text;
use crate::units::Age;
use crate::wire::Method;
use crate::wire::gates::node_in;

/// How long high availability may take to do what it was asked.
const HA_PATIENCE: u64 = 180;

pub(super) fn run(plan: &Plan) -> Result<Outcome, Error> {
    let draft = &plan.draft;
    refuse(plan)?;
    let before = look_again(draft)?;
    if plan.ran.swap(true, Ordering::SeqCst) {
        return Err(has_run(draft));
    }
    draft.session.spend_code(&plan.subject());
    let known = Known::read(draft);
    draft.session.note(format!("sent {}", call_shown(&draft.call)), draft.title.clone());
    let began = draft.session.now();
    let sent = draft.session.ask(draft.call.clone()).and_then(|answer| answer.reply.data::<Value>(&answer.call));
    let upid = match sent {
        Ok(data) => data.as_str().filter(|data| data.starts_with("UPID:")).map(Text::from),
        // An answer that is no answer of the API says as little about what became of the call as none.
        Err(error @ (Error::ConnectionLost { .. } | Error::NotUnderstood { .. })) => {
            Some(find_sent(draft, &known, &error)?)
        }
        Err(error) => return Err(error),
    };
    if let Some(vmid) = guest_in(&draft.call) {
        draft.session.forget(vmid);
    }
    let mut outcome = Outcome {
        title: draft.title.clone(),
        call: call_shown(&draft.call),
        upid: None,
        ended: TaskStatus::Ok,
        log: Vec::new(),
        began,
        took: Age(0),
        before: before.map(|guest| guest.state()),
        after: None,
        undo: draft.undo.clone(),
        provenance: draft.session.provenance([], None),
    };
    if let Some(upid) = upid {
        follow(draft, &upid, &mut outcome)?;
    }
    if let Some(target) = &draft.target {
        verify(draft, target, &mut outcome)?;
    }
    outcome.took = draft.session.now().since(began);
    outcome.provenance = Provenance {
        at: Some(draft.session.now()),
        calls: vec![draft.call.shown()],
        took: outcome.took.duration(),
        ..outcome.provenance
    };
    draft
        .session
        .note(format!("done {}", call_shown(&draft.call)), format!("{}: {}", draft.title.raw(), outcome.ended));
    Ok(outcome)
}

fn refuse(plan: &Plan) -> Result<(), Error> {
    let draft = &plan.draft;
    if let Some(because) = draft.session.halted() {
        return Err(Error::Halted { what: draft.title.clone(), because });
    }
    if plan.ran.load(Ordering::SeqCst) {
        return Err(has_run(draft));
    }
    match plan.hindrances().into_iter().next() {
        Some((why, next)) => Err(Error::not_run(draft.title.clone(), why, next)),
        None => Ok(()),
    }
}

fn has_run(draft: &Draft) -> Error {
    Error::not_run(
        draft.title.clone(),
        "This plan has run, and a plan runs once",
        "Make a new one; it sees the present state",
    )
}

/// Refuses when the target is not as the plan saw it. A target that could not be read then and cannot be read now
/// is let through: the checks have said so.
fn look_again(draft: &Draft) -> Result<Option<Guest>, Error> {
    let Some(Target { guest: seen, is_current, .. }) = &draft.target else { return Ok(None) };
    let now = match seen.current() {
        Ok(now) => now,
        Err(Error::NotPermitted { .. }) if !is_current => return Ok(None),
        Err(error) => return Err(error),
    };
    let facts = |guest: &Guest| format!("{}, lock: {}", guest.status, guest.lock.as_ref().map_or("none", Text::raw));
    if seen.status != Status::Unknown && facts(seen) != facts(&now) {
        return Err(Error::not_run(
            draft.title.clone(),
            format!("The target changed since the plan was made: it was {}, it is {}", facts(seen), facts(&now)),
            "Make the plan anew; it sees the present state",
        ));
    }
    Ok(Some(now))
}

/// The tasks that the node knew before the call was sent; `None` where they could not be read.
struct Known {
    node: Option<Text>,
    upids: Option<BTreeSet<Upid>>,
}

impl Known {
    fn read(draft: &Draft) -> Known {
        let node = node_in(&draft.call.path).map(Text::from);
        let upids = node.as_ref().and_then(|node| of_node(&draft.session, node).ok());
        Known { upids: upids.map(|tasks| tasks.iter().map(|task| task.upid.clone()).collect()), node }
    }

    /// Whether a task began after those that were known.
    fn is_new(&self, upid: &Upid) -> bool {
        let Some(known) = &self.upids else { return false };
        let newest = known.iter().map(Upid::started).max();
        !known.contains(upid) && newest.is_none_or(|newest| upid.started() >= newest)
    }
}

/// After a call whose answer is missing: the one new task that fits it. The call is never sent again.
fn find_sent(draft: &Draft, known: &Known, lost: &Error) -> Result<Text, Error> {
    say(&format!(
        "The call was sent, and its answer is missing ({lost}). Looking for its task; nothing is sent again."
    ));
    let unknown = |why: String| Error::OutcomeUnknown {
        what: draft.title.clone(),
        why: why.into(),
        next: "Look at the target and at pve.tasks()? before doing anything about it".into(),
    };
    let (Some(node), Some(_), Some(target)) = (&known.node, &known.upids, &draft.target) else {
        return Err(unknown(format!("{lost}")));
    };
    let (me, vmid) = (draft.session.identity(), target.guest.vmid.to_string());
    let fits = |upid: &Upid| {
        known.is_new(upid) && me == upid.user() && vmid == upid.id() && target.tasks.contains(&upid.kind())
    };
    for _ in 0..10 {
        draft.session.pause(Duration::from_millis(500));
        let Ok(tasks) = of_node(&draft.session, node) else { continue };
        let new: Vec<&Task> = tasks.iter().filter(|task| fits(&task.upid)).collect();
        match new.as_slice() {
            [] => {}
            [task] => {
                say(&format!("Found it: {}", task.upid));
                return Ok(task.upid.raw().into());
            }
            several => {
                let why = format!("{} new tasks on {node} fit it, and which is ours cannot be said", several.len());
                return Err(unknown(why));
            }
        }
    }
    Err(unknown(format!("No task for it appeared on {node}, so it may not have arrived; {lost}")))
}

/// Prints the task's name before waiting, so that it is not lost should the notebook die.
fn follow(draft: &Draft, upid: &Text, outcome: &mut Outcome) -> Result<(), Error> {
    say(&format!("{}\n{upid}", draft.title));
    let upid: Upid = upid.raw().parse()?;
    let mut follower = Follower::new(&draft.session, &upid);
    let ended = follower.until_end(say);
    outcome.log = follower.log;
    outcome.ended = ended.map_err(|error| not_followed(draft, &upid, &error))?.status;
    outcome.upid = Some((&upid).into());
    match &outcome.ended {
        TaskStatus::Ok | TaskStatus::Warnings(_) => Ok(()),
        TaskStatus::Failed(exit) => Err(Error::TaskFailed {
            what: draft.title.clone(),
            exit: exit.clone(),
            explanation: explain::task_failure(exit).into(),
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

/// Looks at what came of it. Under high availability the task's OK only means that the request was taken.
fn verify(draft: &Draft, target: &Target, outcome: &mut Outcome) -> Result<(), Error> {
    let session = &draft.session;
    let managed = target.guest.hastate.is_some();
    let since = session.now();
    loop {
        let now = match target.guest.current() {
            Ok(now) => now,
            Err(Error::NotPermitted { .. }) => return Ok(()),
            // What was deleted is not there.
            Err(Error::NotFound { .. }) if draft.call.method == Method::Delete => return Ok(()),
            Err(error) => {
                say(&format!("The task ended well; the state after it could not be read. {error}"));
                return Ok(());
            }
        };
        if target.becomes.is_none_or(|becomes| now.status == becomes) {
            session.remember(now.vmid, now.status.to_string().into());
            outcome.after = Some(now.state());
            return Ok(());
        }
        if !managed || session.now().since(since).0 >= HA_PATIENCE {
            return Err(Error::OutcomeUnknown {
                what: draft.title.clone(),
                why: format!(
                    "Its task ended well, but the guest is {} and not {}",
                    now.status,
                    target.becomes.unwrap_or_default()
                )
                .into(),
                next: if managed {
                    "High availability may still be at it, or refuse: look at pve.get(\"/cluster/ha/status/current\")?"
                        .into()
                } else {
                    format!("Somebody else may have acted: look at {}.tasks()?", target.guest.code()).into()
                },
            });
        }
        if session.now() == since {
            say("Waiting for high availability to carry it out …");
        }
        session.pause(Duration::from_secs(1));
    }
}
