//! Stopping a task that is at work.

use crate::model::task::{Task, TaskStatus};
use crate::page::{State, Tone};
use crate::plan::draft::{Act, Draft, Seen};
use crate::plan::{Check, Plan};
use crate::units::Age;
use crate::wire::{Call, Method};

impl Task {
    /// The plan to stop it. What it has half done stays half done: a lock, a disk that was copied in part.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let over = pve.tasks()?.find(|task| !task.is_running()).unwrap();
    /// assert!(over.abort().page().text().contains("It is over already"));
    /// # Ok(()) }
    /// ```
    pub fn abort(&self) -> Plan {
        let session = self.session.for_planning();
        let path = format!("/nodes/{}/tasks/{}", self.node.raw(), self.upid.raw());
        let now = Task::find(&session, &self.upid);
        let state = match &now {
            Ok(task) if task.is_running() => Check::passed("state", "It is at work."),
            Ok(task) => Check::already("state", format!("It has ended ({}). It is over already.", task.status)),
            Err(error) => Check::unknown("state", format!("Whether it is at work could not be read. {error}")),
        }
        .by(format!("GET {path}/status"));
        let mine = session.identity() == self.user.raw();
        let (upid, node) = (self.upid.clone(), self.node.raw().to_owned());
        let draft =
            Draft::new(&session, format!("Stop the task {}", self.what()), Act::One(Call::new(Method::Delete, path)))
                .check(state)
                .effect("What it has half done stays half done: look at what it worked on, and at its lock.")
                .no_undo("Begin the action anew, once what is half done was looked at.");
        // One's own may be stopped by oneself.
        let draft = if mine { draft } else { draft.needs(&["Sys.Modify"], format!("/nodes/{node}")) };
        draft
            .goal_within(Age(15), format!("Look at pve.task(\"{upid}\")?"), move |session| {
                let task = Task::find(session, &upid)?;
                let over = task.status != TaskStatus::Running;
                let tone = if over { Tone::Off } else { Tone::Held };
                Ok(Seen { now: State::new(tone, task.status.to_string()), reached: over, guest: None })
            })
            .plan()
    }
}
