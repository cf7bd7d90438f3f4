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
    looks: u64,
    unreadable_since: Option<Moment>,
}

/// A long task is looked at this often; each look is one request, so that an hour of it costs 720 of them at most.
const LONGEST: Duration = Duration::from_secs(6);

/// From then on one look reads the status and the next the log.
const IN_TURNS: u64 = 5;

impl Follower {
    /// Follows a task that was started just now.
    pub(crate) fn new(session: &Session, upid: &Upid) -> Follower {
        Follower {
            session: session.clone(),
            upid: upid.clone(),
            began: session.now(),
            is_old: false,
            log: Vec::new(),
            looks: 0,
            unreadable_since: None,
        }
    }

    /// Attaches to a task that was started earlier.
    pub(crate) fn attached(session: &Session, upid: &Upid) -> Follower {
        Follower { is_old: true, ..Follower::new(session, upid) }
    }

    /// Waits for the end, handing each new line of the log to `say`.
    pub(crate) fn until_end(&mut self, say: impl Fn(&str)) -> Result<Task, Error> {
        loop {
            if let Some(task) = self.look(&say)? {
                return Ok(task);
            }
            self.session.pause(self.pause());
        }
    }

    /// How long to wait before the next look: a tenth of the time that it has taken, so that quick tasks are seen at once
    /// and long ones cost little.
    pub(crate) fn pause(&self) -> Duration {
        if self.looks < 2 {
            return Duration::from_millis(100);
        }
        let elapsed = Duration::from_secs(self.session.now().since(self.began).0);
        (elapsed / 10).clamp(Duration::from_millis(250), LONGEST)
    }

    /// Looks once, handing each new line of the log to `say`; gives the task once it has ended. That it cannot be read is
    /// borne for a while.
    pub(crate) fn look(&mut self, say: &impl Fn(&str)) -> Result<Option<Task>, Error> {
        const PATIENCE: u64 = 60;
        self.looks += 1;
        match self.read(say) {
            Ok(task) => {
                self.unreadable_since = None;
                Ok(task)
            }
            Err(error) if !passes(&error) => Err(error),
            Err(error) => {
                let since = *self.unreadable_since.get_or_insert_with(|| {
                    say(&format!("  … the task cannot be read just now, trying again: {error}"));
                    self.session.now()
                });
                if self.session.now().since(since).0 < PATIENCE {
                    return Ok(None);
                }
                Err(Error::OutcomeUnknown {
                    what: format!("{} on {}", self.upid.kind(), self.upid.node()).into(),
                    why: format!("Its task could not be read for {}: {error}", Age(PATIENCE)).into(),
                    next: format!("The task goes on by itself; look at it with pve.task(\"{}\")?.follow()?", self.upid)
                        .into(),
                })
            }
        }
    }

    /// The status first, then the log: so the log is whole once the status says that the task has ended. Of a task that takes
    /// long, one look reads the one and the next the other.
    fn read(&mut self, say: &impl Fn(&str)) -> Result<Option<Task>, Error> {
        let takes_long = self.session.now().since(self.began).0 >= IN_TURNS;
        if takes_long && self.looks.is_multiple_of(2) {
            self.read_log(say)?;
            return Ok(None);
        }
        let task = Task::find(&self.session, &self.upid)?;
        if !takes_long || !task.is_running() {
            self.read_log(say)?;
        }
        Ok((!task.is_running()).then_some(task))
    }

    fn read_log(&mut self, say: &impl Fn(&str)) -> Result<(), Error> {
        for line in log::from(&self.session, &self.upid, self.log.len())? {
            let at =
                if self.is_old { String::new() } else { self.session.now().since(self.upid.started()).to_string() };
            say(&format!("  {at:>6}  {line}"));
            self.log.push(line);
        }
        self.is_old = false;
        Ok(())
    }
}

/// Whether a failure to read may be over soon.
fn passes(error: &Error) -> bool {
    matches!(error, Error::NotConnected { .. } | Error::ConnectionLost { .. } | Error::NodeUnreachable { .. })
        || matches!(error, Error::Refused { status, .. } if *status >= 500)
}
