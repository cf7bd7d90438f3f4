//! A task: work that a node does in the background, named by its UPID, with a log and an end.

use std::fmt;

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::guest::Guest;
use crate::model::list::{About, List};
use crate::model::record::json_of;
use crate::model::sight::Sight;
use crate::model::told::told;
use crate::model::why::{Explained, Sources, only};
use crate::page::{Provenance, State, Tone};
use crate::render::say;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Moment, Reading};
use crate::wire::{Call, Raw};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

mod follow;
mod log;
mod page;
mod query;
#[cfg(test)]
mod tests;
mod timeline;
mod upid;

pub(crate) use follow::Follower;
pub use query::TaskQuery;
pub use upid::Upid;

/// What tasks are read from.
#[cfg(test)]
pub(crate) fn typed() -> Vec<super::conformance::Typed> {
    use super::conformance::Typed;
    vec![
        Typed::row::<TaskRow>(&["/cluster/tasks", "/nodes/{node}/tasks", "/nodes/{node}/tasks/{upid}/status"]),
        Typed::row::<log::LogLine>(&["/nodes/{node}/tasks/{upid}/log"]),
    ]
}

told! {
    /// A task, as it was when it was read.
    #[derive(Clone)]
    pub struct Task {
        /// Its name.
        pub upid: Upid,
        /// The node that does it.
        #[field("upid", "its second part, from the colons")]
        pub node: Text,
        /// What kind of work: `qmstart`, `vzdump`, ...
        #[field("upid", "its sixth part, from the colons")]
        pub kind: Text,
        /// What is worked on, often a VMID; may be empty.
        #[field("id" | "upid")]
        pub id: Text,
        /// Who asked for it; of a token also its name, after an exclamation mark.
        #[field("upid", "its eighth part, from the colons")]
        pub user: Text,
        /// When it began.
        #[field("upid", "its fifth part from the colons, seconds since 1970 began in hexadecimal")]
        pub started: Moment,
        /// When it ended.
        #[field("endtime")]
        pub ended: Reading<Moment>,
        /// How it stands.
        #[field("exitstatus" | "status")]
        pub status: TaskStatus,
        /// The number of its process on the node.
        pub pid: Reading<u64>,
        #[field(skip)]
        pub(crate) session: Session,
        #[field(skip)]
        pub(crate) provenance: Provenance,
        /// The row that it was read from, and that of its node's list which tells its end.
        #[field(skip)]
        rows: Vec<(Text, Raw)>,
    }
}

/// How a task stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TaskStatus {
    /// It is still at work.
    Running,
    /// It ended well.
    Ok,
    /// It ended, with warnings: its own words.
    Warnings(Text),
    /// It failed: its own words.
    Failed(Text),
    /// Somebody or something stopped it: its own words.
    Stopped(Text),
    /// It ended, nobody says how.
    Unknown,
}

impl TaskStatus {
    fn read(exit: Option<&Text>) -> TaskStatus {
        match exit.map(Text::raw) {
            Some("OK") => TaskStatus::Ok,
            Some("RUNNING" | "running") => TaskStatus::Running,
            Some(words) if words.starts_with("WARNINGS") => TaskStatus::Warnings(words.into()),
            None | Some("" | "unexpected status" | "unknown") => TaskStatus::Unknown,
            Some(words) if words.contains("interrupt") => TaskStatus::Stopped(words.into()),
            Some(words) => TaskStatus::Failed(words.into()),
        }
    }

    fn state(&self) -> State {
        match self {
            TaskStatus::Running => State::new(Tone::Held, "running"),
            TaskStatus::Ok => State::new(Tone::Good, "OK"),
            TaskStatus::Warnings(words) => State::new(Tone::Held, words.clone()),
            TaskStatus::Failed(words) => State::new(Tone::Wrong, format!("failed: {}", words.raw())),
            TaskStatus::Stopped(words) => State::new(Tone::Wrong, format!("stopped: {}", words.raw())),
            TaskStatus::Unknown => State::new(Tone::Unknown, "end not known"),
        }
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state().word.fmt(f)
    }
}

fields! {
    /// A task as lists and its status have it.
    #[derive(Default)]
    #[allow(dead_code, reason = "known, and said by the UPID as well")]
    pub(crate) struct TaskRow {
        upid: Text,
        node: Option<Text>,
        #[field("type")]
        r#type: Option<Text>,
        id: Option<Text>,
        user: Option<Text>,
        tokenid: Option<Text>,
        pid: Reading<u64>,
        pstart: Reading<u64>,
        starttime: Reading<Moment>,
        endtime: Reading<Moment>,
        status: Option<Text>,
        exitstatus: Option<Text>,
        #[field(loose::flag)]
        saved: Option<bool>,
    }
}

/// The last tasks of every node, from `/cluster/tasks`.
pub(crate) fn of_cluster(session: &Session) -> Result<List<Task>, Error> {
    list(
        session,
        Call::get("/cluster/tasks"),
        "Tasks of the cluster",
        "What was done last, by whom, and did it work? (About the last 25 of each node.)",
        None,
    )
}

pub(crate) fn of_node(session: &Session, node: &Text) -> Result<List<Task>, Error> {
    let call = call_of_node(node);
    list(
        session,
        call,
        &format!("Tasks on {}", node.raw()),
        "What was done here last, by whom, and did it work? (The last 50.)",
        Some(&format!("node/{}", node.raw())),
    )
}

/// The read that tells of a node's last tasks.
pub(crate) fn call_of_node(node: &Text) -> Call {
    Call::get(format!("/nodes/{}/tasks", node.raw())).with("source", "all")
}

/// The same of a guest's.
pub(crate) fn call_of_guest(guest: &Guest) -> Call {
    call_of_node(&guest.node).with("vmid", guest.vmid.to_string())
}

/// The tasks that are at work on a guest now. Somebody looking at its console is none.
pub(crate) fn at_work_on(guest: &Guest) -> Result<List<Task>, Error> {
    let call = Call::get(format!("/nodes/{}/tasks", guest.node.raw()))
        .with("source", "active")
        .with("vmid", guest.vmid.to_string());
    let tasks = list(&guest.session, call, "Tasks at work", "What is being done to it?", None)?;
    let is_a_console =
        |task: &Task| ["vncproxy", "vncshell", "spiceproxy", "termproxy"].iter().any(|kind| task.kind == *kind);
    Ok(tasks.filter(|task| task.is_running() && !is_a_console(task)))
}

pub(crate) fn of_guest(guest: &Guest) -> Result<List<Task>, Error> {
    let call = call_of_guest(guest);
    let question =
        format!("What was done to it on {} last, by whom, and did it work? (The last 50.)", guest.node.raw());
    list(
        &guest.session,
        call,
        &format!("Tasks of {}", guest.called().raw()),
        &question,
        Some(&format!("{}/{}", guest.kind.path(), guest.vmid)),
    )
}

fn list(session: &Session, call: Call, title: &str, question: &str, place: Option<&str>) -> Result<List<Task>, Error> {
    // What the server asks for before it lists the tasks of others: of the cluster, or of the node.
    let audited = call.path.strip_suffix("/tasks").filter(|path| path.starts_with("/nodes/")).unwrap_or("/").to_owned();
    let audited = audited.as_str();
    let answer = session.ask(call)?;
    let provenance = session.provenance([&answer], place);
    let rows = answer.rows()?;
    let mut odd = rows.odd;
    let mut tasks = Vec::new();
    for (row, raw) in rows {
        match Task::read(session, row, raw, &provenance) {
            Ok(task) => tasks.push(task),
            Err(_) => odd += 1,
        }
    }
    tasks.sort_by(|a, b| b.started.cmp(&a.started).then_with(|| b.upid.cmp(&a.upid)));
    let sight = audited_sight(session, audited).and(Sight::without(odd));
    let about = About { title: title.into(), question: question.into(), sight, provenance, of: None };
    Ok(List::new(tasks, about))
}

/// Tasks of others are seen with Sys.Audit on the path alone, whatever is held below it.
fn audited_sight(session: &Session, path: &str) -> Sight {
    match session.has("Sys.Audit", path) {
        Some(true) => Sight::whole(),
        Some(false) => Sight::hidden(format!(
            "{} lacks Sys.Audit on {path}: tasks of others are left out, and a token may miss even its own.",
            session.identity()
        )),
        None => Sight::filtered(session, "tasks", &["Sys.Audit"], path),
    }
}

impl Task {
    /// One task by its name, from `/nodes/{node}/tasks/{upid}/status`.
    pub(crate) fn find(session: &Session, upid: &Upid) -> Result<Task, Error> {
        let answer = session.ask(Call::get(path(upid, "status")))?;
        let (row, raw) = answer.object::<TaskRow>()?;
        let task = Task::read(session, row, raw, &session.provenance([&answer], None))?;
        Ok(if task.is_running() { task } else { task.with_end() })
    }

    /// When it ended, which only the list of its node says; without it where that cannot be read.
    fn with_end(mut self) -> Task {
        let at = self.started.unix().to_string();
        let call = Call::get(format!("/nodes/{}/tasks", self.upid.node()))
            .with("since", at.clone())
            .with("until", at)
            .with("typefilter", self.upid.kind())
            .with("limit", "200");
        let Ok(answer) = self.session.ask(call) else { return self };
        let rows = answer.rows::<TaskRow>().map(IntoIterator::into_iter);
        if let Some((row, raw)) = rows.into_iter().flatten().find(|(row, _)| row.upid == self.upid.raw()) {
            self.ended = row.endtime;
            self.rows.push((answer.call.shown(), raw));
            self.provenance = self.provenance.and(&self.session.provenance([&answer], None));
        }
        self
    }

    fn read(session: &Session, row: TaskRow, raw: Raw, from: &Provenance) -> Result<Task, Error> {
        let upid: Upid = row.upid.raw().parse()?;
        let exit = row.exitstatus.as_ref().or(row.status.as_ref().filter(|status| *status != "stopped"));
        let status = match exit {
            None if !row.endtime.is_known() && row.status.is_none() => TaskStatus::Running,
            exit => TaskStatus::read(exit),
        };
        Ok(Task {
            node: upid.node().into(),
            kind: upid.kind().into(),
            id: row.id.unwrap_or_else(|| upid.id().into()),
            user: upid.user().into(),
            started: upid.started(),
            ended: row.endtime,
            pid: row.pid,
            status,
            session: session.clone(),
            provenance: from.clone(),
            rows: vec![(from.calls.first().cloned().unwrap_or_default(), raw)],
            upid,
        })
    }

    /// One of a single row of a list.
    #[cfg(test)]
    pub(crate) fn of_row(session: &Session, json: &serde_json::Value) -> Option<Task> {
        let row = serde_json::from_value(json.clone()).ok()?;
        Task::read(session, row, Raw::default(), &Provenance::default()).ok()
    }

    /// Whether it is still at work.
    pub fn is_running(&self) -> bool {
        self.status == TaskStatus::Running
    }

    /// Whether it ended badly: it failed, or was stopped.
    pub fn is_failed(&self) -> bool {
        matches!(self.status, TaskStatus::Failed(_) | TaskStatus::Stopped(_))
    }

    /// How long it took, or has been taking.
    pub fn took(&self) -> Reading<Age> {
        match self.status {
            TaskStatus::Running => Reading::Known(self.session.now().since(self.started)),
            _ => self.ended.map(|ended| ended.since(self.started)),
        }
    }

    /// Waits until it has ended, printing its log as it grows; attaches again to a task that was started earlier.
    /// However the task ends, this gives the task: its status tells.
    ///
    /// # Errors
    /// When the task cannot be read for a minute on end. It goes on by itself; follow it again then.
    pub fn follow(&self) -> Result<Task, Error> {
        let mut follower = Follower::attached(&self.session, &self.upid);
        follower.until_end(say)
    }

    pub(crate) fn what(&self) -> String {
        if self.id.is_blank() { self.kind.raw().to_owned() } else { format!("{} {}", self.kind.raw(), self.id.raw()) }
    }
}

/// Where a task's state and its log are.
pub(crate) fn path(upid: &Upid, below: &str) -> String {
    // Colons may stand in a path as they are, and read better there; what would end the word may not.
    const ENDS_IT: &AsciiSet = &CONTROLS.add(b'/').add(b'?').add(b'#').add(b'%').add(b' ');
    format!("/nodes/{}/tasks/{}/{below}", upid.node(), utf8_percent_encode(upid.raw(), ENDS_IT))
}

impl Explained for Task {
    fn sources(&self) -> Sources {
        let sources = Sources::of(&self.provenance).within(&self.session);
        // Of several nodes each answers for itself.
        let of_the_node = sources.call(&format!("/nodes/{}/", self.node.raw()));
        let rows = self.rows.iter().enumerate();
        rows.fold(sources, |sources, (n, (call, raw))| {
            let call = if call.is_blank() { of_the_node.clone() } else { call.clone() };
            let json = if n == 0 { json_of(raw) } else { only(json_of(raw), &["endtime"]) };
            sources.part(call, "", json)
        })
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task({} on {}: {})", self.what(), self.node, self.status)
    }
}
