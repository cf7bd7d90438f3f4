//! Tasks that go on step by step, since what comes next depends on what has become of the cluster by then; and how any
//! task is broken off.
//!
//! Knows how such a task begins, speaks and ends; what each of them does stands in a file of its own beside this one.

use serde_json::Value;

use crate::twin::answer::{Answered, Params, wrong};
use crate::twin::state::{Due, Ms, State};
use crate::twin::tasks::Task;

/// A task that decides at each step what comes next.
pub(in crate::twin) trait Stepwise: Send {
    /// Takes a step; the task is known by its place.
    fn step(&mut self, state: &mut State, task: usize) -> Next;

    /// A signal ends it: puts in order what such a task still can, and gives its exit text.
    fn interrupted(&mut self, state: &mut State, task: usize) -> String;
}

/// What comes after a step.
pub(in crate::twin) enum Next {
    In(Ms),
    End(String),
}

/// Why a task ends before its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::twin) enum Cause {
    /// Somebody stopped it.
    Signal,
    /// The node is gone that it talked to.
    Lost,
    /// It fails, in words that somebody asked for.
    Told(String),
}

/// What a task does that is broken off; its lines are written by then. Gives its exit text.
pub(in crate::twin) type Break = Box<dyn FnOnce(&mut State, usize, Cause) -> String + Send>;

/// How PVE's workers end when nothing else is said.
pub(in crate::twin) const INTERRUPTED: &str = "received interrupt";
/// A worker that was killed writes nothing any more.
pub(in crate::twin) const KILLED: &str = "unexpected status";

impl State {
    /// Begins a task that goes on step by step.
    pub(in crate::twin) fn begin_steps(&mut self, node: &str, kind: &str, id: &str, steps: Box<dyn Stepwise>) -> usize {
        let place = self.add_task(node, kind, id);
        self.tasks[place].steps = Some(steps);
        self.schedule(self.now, Due::Step(place));
        place
    }

    /// Lets such a task go on.
    pub(in crate::twin) fn step(&mut self, place: usize) {
        if self.tasks[place].end.is_some() {
            return;
        }
        let Some(mut steps) = self.tasks[place].steps.take() else { return };
        let next = match self.failure_of(place) {
            Some(words) => {
                steps.interrupted(self, place);
                Next::End(words)
            }
            None => steps.step(self, place),
        };
        match next {
            Next::In(time) => {
                self.tasks[place].steps = Some(steps);
                self.schedule(self.now + time, Due::Step(place));
            }
            Next::End(exit) => self.end(place, exit),
        }
    }

    /// A line of its log, now.
    pub(in crate::twin) fn say(&mut self, place: usize, line: impl Into<String>) {
        let now = self.now;
        self.tasks[place].lines.push((now, line.into()));
    }

    /// A warning there, which its end will count.
    pub(in crate::twin) fn warn(&mut self, place: usize, line: impl Into<String>) {
        self.say(place, format!("WARN: {}", line.into()));
        self.tasks[place].warnings += 1;
    }

    fn end(&mut self, place: usize, exit: String) {
        let warnings = self.tasks[place].warnings;
        let exit = if exit == "OK" && warnings > 0 { format!("WARNINGS: {warnings}") } else { exit };
        self.tasks[place].end = Some((self.now, exit));
        self.wake_ha();
    }

    /// Ends a task before its time. What it would have done does not happen; what it leaves behind is as PVE leaves it.
    pub(in crate::twin) fn break_off(&mut self, place: usize, cause: Cause) {
        if self.tasks[place].ended(self.now).is_some() {
            return;
        }
        self.forget(place);
        let now = self.now;
        let task: &mut Task = &mut self.tasks[place];
        task.lines.retain(|(at, _)| *at <= now);
        task.end = None;
        let (steps, broken, locks) = (task.steps.take(), task.broken.take(), task.locks.take());
        let told = if let Cause::Told(words) = &cause { Some(words.clone()) } else { None };
        let exit = match (steps, broken) {
            (Some(mut steps), _) => steps.interrupted(self, place),
            (None, Some(broken)) => broken(self, place, cause),
            (None, None) => INTERRUPTED.to_owned(),
        };
        let exit = told.unwrap_or(exit);
        if let Some(vmid) = locks.filter(|_| exit != KILLED) {
            self.unlock(vmid);
        }
        self.tasks[place].end = Some((self.now, exit));
        self.let_others_go_on(place);
        self.wake_ha();
    }

    /// Takes the lock off a guest's configuration.
    pub(in crate::twin) fn unlock(&mut self, vmid: u32) {
        if let Some(guest) = self.guests.get_mut(&vmid) {
            guest.config.remove("lock");
        }
    }

    /// A task vanishes with its node, without a word: nothing that it would have done happens.
    pub(in crate::twin) fn forget(&mut self, place: usize) {
        self.due.retain(|(_, due)| !due.is_of(place));
    }

    /// Tasks that waited for the end of this one look again, those among them that would have waited in vain.
    fn let_others_go_on(&mut self, place: usize) {
        let Some(vmid) = self.tasks[place].work.as_ref().map(|(vmid, _)| *vmid) else { return };
        let now = self.now;
        let waits = |place: &usize| {
            let task = &self.tasks[*place];
            let same = task.work.as_ref().is_some_and(|(id, _)| *id == vmid);
            let in_vain = task.end.as_ref().is_none_or(|(at, exit)| *at > now && exit.starts_with("can't lock file"));
            same && in_vain && self.is_online(&task.node)
        };
        let waiting: Vec<usize> = (place + 1..self.tasks.len()).filter(waits).collect();
        for place in waiting {
            self.forget(place);
            self.tasks[place].end = None;
            self.schedule(now, Due::Judge(place));
        }
    }
}

/// `DELETE /nodes/{node}/tasks/{upid}`.
pub(in crate::twin) fn stop(state: &mut State, node: &str, upid: &str, params: Params<'_>) -> Answered {
    params.only(&[])?;
    match state.place_of(node, upid)? {
        Some(place) => {
            state.break_off(place, Cause::Signal);
            Ok(Value::Null)
        }
        None => wrong("upid", "no such task"),
    }
}
