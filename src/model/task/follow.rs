//! A task's log, read as it grows, until the task has ended.

use std::time::Duration;

use serde::Deserialize;

use crate::error::Error;
use crate::loose;
use crate::model::task::{Task, Upid, path};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Moment};
use crate::wire::Call;

#[derive(Deserialize)]
struct LogLine {
    #[serde(default, deserialize_with = "loose::u64")]
    n: Option<u64>,
    #[serde(default, deserialize_with = "loose::text")]
    t: Option<Text>,
}

/// The lines of a log from this one on, counted from 0.
pub(super) fn read_log(session: &Session, upid: &Upid, from: usize) -> Result<Vec<Text>, Error> {
    const PAGE: usize = 1_000;
    let mut lines = Vec::new();
    loop {
        let start = from + lines.len();
        let call = Call::get(path(upid, "log")).with("start", start.to_string()).with("limit", PAGE.to_string());
        let rows: Vec<(LogLine, _)> = session.ask(call)?.rows()?.into_iter().collect();
        // A log that is still empty is answered with a line that the task never wrote, later replaced by the first real one.
        if start == 0
            && rows.len() == 1
            && rows[0].0.n == Some(1)
            && rows[0].0.t.as_ref().is_some_and(|t| t == "no content")
        {
            return Ok(Vec::new());
        }
        let page = rows.len();
        lines.extend(rows.into_iter().map(|(line, _)| line.t.unwrap_or_default()));
        if page < PAGE {
            return Ok(lines);
        }
    }
}

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
        for line in read_log(&self.session, &self.upid, self.log.len())? {
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
