//! The log of the cluster: who logged in, which tasks began and ended, what the cluster itself noticed.

use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::record::{Ask, Origin, record};
use crate::model::sight::Sight;
use crate::page::{State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Moment, Reading};

/// How many lines are asked for. Without a number the server gives the last 50 and says nothing of others.
const LINES: usize = 500;

/// How many where a moment limits them: more than the server keeps.
const MOST: usize = 50_000;

fields! {
    /// A line of the cluster's log, from `/cluster/log`. Without Sys.Syslog on `/` the server shows only one's own.
    #[derive(Clone, Default)]
    pub struct LogEntry {
        /// The number and the node.
        pub id: Text,
        /// When it was written.
        pub time: Reading<Moment>,
        /// The node that wrote it.
        pub node: Text,
        /// Whom it is about.
        pub user: Option<Text>,
        /// What it says.
        pub msg: Text,
        /// The part of the system that wrote it: `pvedaemon`, `cluster`, `pmxcfs`, ...
        pub tag: Option<Text>,
        /// How bad it is, from 0, an emergency, to 7, a detail for developers.
        pub pri: Reading<u64>,
        /// The process that wrote it.
        pub pid: Reading<u64>,
        /// Its number among the lines of its node.
        pub uid: Reading<u64>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(LogEntry: "/cluster/log");

impl LogEntry {
    pub(crate) fn list(session: &Session) -> Result<List<LogEntry>, Error> {
        let lines = LogEntry::last(session, LINES, "Log of the cluster".into())?;
        if lines.len() < LINES {
            return Ok(lines);
        }
        Ok(lines.with_sight(Sight::part(format!("These are the last {LINES} lines; older ones were not asked for."))))
    }

    /// The lines since a moment: a log that begins later has lost some of them.
    pub(crate) fn since(session: &Session, since: Moment) -> Result<List<LogEntry>, Error> {
        let title = format!("Log of the cluster since {} {}", since.date(), since.time());
        let all = LogEntry::last(session, MOST, title)?;
        let lines = all.only(|line| line.time.known().is_none_or(|time| time >= since));
        if all.len() < MOST || lines.len() < all.len() {
            return Ok(lines);
        }
        Ok(lines
            .with_sight(Sight::part(format!("Only the last {MOST} lines were read, and all are younger than that."))))
    }

    fn last(session: &Session, most: usize, title: String) -> Result<List<LogEntry>, Error> {
        Ask::new(session, "/cluster/log")
            .with("max", most.to_string())
            .titled(title)
            .question("What happened lately, newest first?")
            .gated_by("lines", &["Sys.Syslog"], "/")
            .list()
    }

    /// Whether it tells of an error or something worse.
    pub fn is_error(&self) -> bool {
        self.pri < 4
    }

    fn severity(&self) -> State {
        match self.pri {
            Reading::Missing(why) => State::new(Tone::Unknown, why.to_string()),
            Reading::Known(0..=3) => State::new(Tone::Wrong, "error"),
            Reading::Known(4) => State::new(Tone::Held, "warning"),
            Reading::Known(5) => State::new(Tone::Off, "notice"),
            Reading::Known(6) => State::new(Tone::Off, "info"),
            Reading::Known(_) => State::new(Tone::Off, "debug"),
        }
    }
}

impl Listed for LogEntry {
    const NOUN: (&'static str, &'static str) = ("line", "lines");

    fn columns() -> Vec<Column<LogEntry>> {
        vec![
            column!("When", |l: &LogEntry| l.time),
            column!("Severity", LogEntry::severity)
                .by("pri", "as syslog counts: 0 to 3 error, 4 warning, 5 notice, 6 info, 7 debug"),
            column!("Node", |l: &LogEntry| l.node.clone()),
            column!("User", |l: &LogEntry| l.user.clone()),
            column!("What", |l: &LogEntry| l.msg.clone()),
            column!("From", |l: &LogEntry| l.tag.clone()),
        ]
    }

    fn summary(lines: &[LogEntry]) -> (String, String) {
        let bad = lines.iter().filter(|line| line.is_error()).count();
        let rest = if bad == 0 {
            ", no errors among them.".into()
        } else {
            format!(", {} among them.", count(bad, ("error", "errors")))
        };
        (count(lines.len(), LogEntry::NOUN), rest)
    }
}
