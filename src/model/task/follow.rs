//! A task followed until it has ended, its log read as it grows.

use std::time::Duration;

use crate::error::Error;
use crate::model::task::{Task, Upid, log};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Moment};

/// Follows one task: prints what is new in its log, at a pace that suits how long it has been running.
pub(crate) struct Follower {
    session: Session,
    upid: Upid,
    began: Moment,
    /// Whether what comes next was written before anybody looked, nobody knows when.
    is_old: bool,
    pub(crate) log: Vec<Text>,
}

impl Follower {
    /// Follows a task that was started just now.
    pub(crate) fn new(session: &Session, upid: &Upid) -> Follower {
        Follower { session: session.clone(), upid: upid.clone(), began: session.now(), is_old: false, log: Vec::new() }
    }

    /// Attaches to a task that was started earlier.
    pub(crate) fn attached(session: &Session, upid: &Upid) -> Follower {
        Follower { is_old: true, ..Follower::new(session, upid) }
    }

    /// Waits for the end, handing each new line of the log to `say`.
    pub(crate) fn until_end(&mut self, say: impl Fn(&str)) -> Result<Task, Error> {
        const PATIENCE: u64 = 60;
        let mut pause = Duration::from_millis(100);
        let mut unreadable_since: Option<Moment> = None;
        loop {
            match self.look(&say) {
                Ok(task) if !task.is_running() => return Ok(task),
                Ok(_) => unreadable_since = None,
                Err(error) if !passes(&error) => return Err(error),
                Err(error) => {
                    let since = *unreadable_since.get_or_insert_with(|| {
                        say(&format!("  … the task cannot be read just now, trying again: {error}"));
                        self.session.now()
                    });
                    if self.session.now().since(since).0 >= PATIENCE {
                        return Err(Error::OutcomeUnknown {
                            what: format!("{} on {}", self.upid.kind(), self.upid.node()).into(),
                            why: format!("Its task could not be read for {}: {error}", Age(PATIENCE)).into(),
                            next: format!(
                                "The task goes on by itself; look at it with pve.task(\"{}\")?.follow()?",
                                self.upid
                            )
                            .into(),
                        });
                    }
                }
            }
            self.session.pause(pause);
            // A tenth of the time that it has taken: quick tasks are seen at once, long ones cost little.
            let elapsed = Duration::from_secs(self.session.now().since(self.began).0);
            pause = (elapsed / 10).clamp(Duration::from_millis(250), Duration::from_secs(5));
        }
    }

    /// The status first, then the log: so the log is whole once the status says that the task has ended.
    fn look(&mut self, say: &impl Fn(&str)) -> Result<Task, Error> {
        let task = Task::find(&self.session, &self.upid)?;
        for line in log::from(&self.session, &self.upid, self.log.len())? {
            let at =
                if self.is_old { String::new() } else { self.session.now().since(self.upid.started()).to_string() };
            say(&format!("  {at:>6}  {line}"));
            self.log.push(line);
        }
        self.is_old = false;
        Ok(task)
    }
}

/// Whether a failure to read may be over soon.
fn passes(error: &Error) -> bool {
    matches!(error, Error::NotConnected { .. } | Error::ConnectionLost { .. } | Error::NodeUnreachable { .. })
        || matches!(error, Error::Refused { status, .. } if *status >= 500)
}
