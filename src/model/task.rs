//! A task: work that a node does in the background, named by its UPID, with a log and an end.

use std::fmt;

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::guest::Guest;
use crate::model::list::{About, Column, List, Listed, NEXT, count};
use crate::model::sight::Sight;
use crate::page::{Cell, Level, Page, Provenance, State, Tone};
use crate::render::{View, say};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Moment, Reading};
use crate::wire::Call;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

mod follow;
mod log;
mod query;
#[cfg(test)]
mod tests;
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

/// A task, as it was when it was read.
#[derive(Clone)]
pub struct Task {
    /// Its name.
    pub upid: Upid,
    /// The node that does it.
    pub node: Text,
    /// What kind of work: `qmstart`, `vzdump`, ...
    pub kind: Text,
    /// What is worked on, often a VMID; may be empty.
    pub id: Text,
    /// Who asked for it; of a token also its name, after an exclamation mark.
    pub user: Text,
    /// When it began.
    pub started: Moment,
    /// When it ended.
    pub ended: Reading<Moment>,
    /// How it stands.
    pub status: TaskStatus,
    /// The number of its process on the node.
    pub pid: Reading<u64>,
    pub(crate) session: Session,
    pub(crate) provenance: Provenance,
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
    /// It failed or was stopped: its own words.
    Failed(Text),
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
            Some(words) => TaskStatus::Failed(words.into()),
        }
    }

    fn state(&self) -> State {
        match self {
            TaskStatus::Running => State::new(Tone::Held, "running"),
            TaskStatus::Ok => State::new(Tone::Good, "OK"),
            TaskStatus::Warnings(words) => State::new(Tone::Held, words.clone()),
            TaskStatus::Failed(words) => State::new(Tone::Wrong, format!("failed: {}", words.raw())),
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
    let call = Call::get(format!("/nodes/{}/tasks", node.raw())).with("source", "all");
    list(
        session,
        call,
        &format!("Tasks on {}", node.raw()),
        "What was done here last, by whom, and did it work? (The last 50.)",
        Some(&format!("node/{}", node.raw())),
    )
}

pub(crate) fn of_guest(guest: &Guest) -> Result<List<Task>, Error> {
    let call = Call::get(format!("/nodes/{}/tasks", guest.node.raw()))
        .with("source", "all")
        .with("vmid", guest.vmid.to_string());
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
    for (row, _) in rows {
        match Task::read(session, row, &provenance) {
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
        let (row, _) = answer.object::<TaskRow>()?;
        let task = Task::read(session, row, &session.provenance([&answer], None))?;
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
        if let Some((row, _)) = rows.into_iter().flatten().find(|(row, _)| row.upid == self.upid.raw()) {
            self.ended = row.endtime;
            self.provenance = self.provenance.and(&self.session.provenance([&answer], None));
        }
        self
    }

    fn read(session: &Session, row: TaskRow, from: &Provenance) -> Result<Task, Error> {
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
            upid,
        })
    }

    /// Whether it is still at work.
    pub fn is_running(&self) -> bool {
        self.status == TaskStatus::Running
    }

    /// Whether it ended badly.
    pub fn is_failed(&self) -> bool {
        matches!(self.status, TaskStatus::Failed(_))
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

    fn what(&self) -> String {
        if self.id.is_blank() { self.kind.raw().to_owned() } else { format!("{} {}", self.kind.raw(), self.id.raw()) }
    }
}

/// How many lines of a log its page shows.
const LINES_SHOWN: usize = 500;

fn path(upid: &Upid, below: &str) -> String {
    // Colons may stand in a path as they are, and read better there; what would end the word may not.
    const ENDS_IT: &AsciiSet = &CONTROLS.add(b'/').add(b'?').add(b'#').add(b'%').add(b' ');
    format!("/nodes/{}/tasks/{}/{below}", upid.node(), utf8_percent_encode(upid.raw(), ENDS_IT))
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task({} on {}: {})", self.what(), self.node, self.status)
    }
}

impl Listed for Task {
    const NOUN: (&'static str, &'static str) = ("task", "tasks");

    fn columns() -> Vec<Column<Task>> {
        vec![
            Column::new("Began", |t: &Task| Cell::Ago(t.session.now().since(t.started), t.started)),
            Column::new("What", |t: &Task| t.what()),
            Column::new("Ended", |t: &Task| t.status.state()),
            Column::new("Took", |t: &Task| t.took()),
            Column::new("Node", |t: &Task| t.node.clone()),
            Column::new("By", |t: &Task| t.user.clone()),
            Column::new(NEXT, |t: &Task| {
                let code = format!("pve.task(\"{}\")?", t.upid.raw());
                Cell::Button("log".into(), code.into())
            }),
        ]
    }

    fn summary(tasks: &[Task]) -> (String, String) {
        let failed = tasks.iter().filter(|task| task.is_failed()).count();
        let running = tasks.iter().filter(|task| task.is_running()).count();
        let unknown = tasks.iter().filter(|task| task.status == TaskStatus::Unknown).count();
        let parts = [(failed, "failed"), (running, "at work"), (unknown, "with an end that is not known")];
        let said: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        let rest =
            if said.is_empty() { ": none failed, none is at work.".into() } else { format!(": {}.", said.join(", ")) };
        (count(tasks.len(), Task::NOUN), rest)
    }
}

impl View for Task {
    fn page(&self) -> Page {
        let page = Page::new(format!("Task {}", self.what()))
            .question("What was done, by whom, and how did it end?")
            .answer(
                format!("{} on {}: {}", self.what(), self.node.raw(), self.status),
                format!(", asked for by {}.", self.user),
            )
            .facts([
                ("State", Cell::from(self.status.state())),
                ("Began", Cell::Ago(self.session.now().since(self.started), self.started)),
                ("Took", Cell::from(self.took())),
                ("UPID", Cell::Code((&self.upid).into())),
            ]);
        let page = match log::tail(&self.session, &self.upid, LINES_SHOWN) {
            Ok((lines, _)) if lines.is_empty() => page.note(Level::Info, "Its log is empty."),
            Ok((lines, all)) if all > lines.len() => page
                .heading(format!("The last {} of {all} lines of its log", lines.len()))
                .lines(lines)
                .note(Level::Info, format!("pve.task(\"{}\")?.log()? has all of it.", self.upid.raw())),
            Ok((lines, _)) => page.heading("Log").lines(lines),
            Err(error) => page.note(Level::Warning, format!("Its log could not be read. {error}")),
        };
        let page =
            if self.is_running() { page.code(format!("pve.task(\"{}\")?.follow()?", self.upid.raw())) } else { page };
        page.provenance(self.provenance.clone())
    }
}
