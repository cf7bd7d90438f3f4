//! Tasks of the simulated cluster: their UPIDs, lists, states and logs.
//!
//! Knows how a task reads from outside at any time; what it does to a guest stands in `work`.

use serde_json::{Map, Value, json};

use super::answer::{Answered, Good, Params, wrong};
use super::state::{Due, Ms, State};
use super::work::Work;
use super::work::steps::{Break, Stepwise};

/// Who does everything here.
pub(super) const USER: &str = "root@pam";
/// How many tasks of a node `/cluster/tasks` holds.
const RECENT: usize = 25;

#[derive(Default)]
pub(super) struct Task {
    pub(super) node: String,
    pub(super) pid: u32,
    pub(super) pstart: i64,
    pub(super) start: Ms,
    pub(super) kind: String,
    pub(super) id: String,
    /// A user, or a token of one: `root@pam`, `root@pam!patch`.
    pub(super) user: String,
    pub(super) work: Option<(u32, Work)>,
    /// Each line of the log, and when it is written.
    pub(super) lines: Vec<(Ms, String)>,
    /// When and how it ends, once that is settled.
    pub(super) end: Option<(Ms, String)>,
    /// Whether high availability began it.
    pub(super) by_ha: bool,
    /// Another node that it talks to.
    pub(super) target: Option<String>,
    /// The guest whose configuration it has locked.
    pub(super) locks: Option<u32>,
    /// What it does when it is broken off, where that is more than to end.
    pub(super) broken: Option<Break>,
    /// What it does step by step.
    pub(super) steps: Option<Box<dyn Stepwise>>,
    pub(super) warnings: usize,
}

impl Task {
    pub(super) fn upid(&self) -> String {
        let (start, pstart) = (self.start / 1000, self.pstart);
        format!("UPID:{}:{:08X}:{pstart:08X}:{start:08X}:{}:{}:{}:", self.node, self.pid, self.kind, self.id, self.user)
    }

    /// How it ended, if it has by then.
    pub(super) fn ended(&self, now: Ms) -> Option<(Ms, &str)> {
        self.end.as_ref().filter(|(at, _)| *at <= now).map(|(at, exit)| (*at, exit.as_str()))
    }

    /// What its status and every list say of it.
    fn row(&self) -> Map<String, Value> {
        let (user, token) = self.user.split_once('!').map_or((self.user.as_str(), None), |(u, t)| (u, Some(t)));
        let mut row = Map::new();
        row.insert("upid".into(), self.upid().into());
        row.insert("node".into(), self.node.as_str().into());
        row.insert("type".into(), self.kind.as_str().into());
        row.insert("id".into(), self.id.as_str().into());
        row.insert("user".into(), user.into());
        row.insert("starttime".into(), (self.start / 1000).into());
        if let Some(token) = token {
            row.insert("tokenid".into(), token.into());
        }
        row
    }

    fn with_process(&self, mut row: Map<String, Value>) -> Map<String, Value> {
        row.insert("pid".into(), self.pid.into());
        row.insert("pstart".into(), self.pstart.into());
        row
    }

    fn status(&self, now: Ms) -> Value {
        let mut row = self.with_process(self.row());
        match self.ended(now) {
            Some((_, exit)) => {
                row.insert("status".into(), "stopped".into());
                row.insert("exitstatus".into(), exit.into());
            }
            None => {
                row.insert("status".into(), "running".into());
            }
        }
        row.into()
    }

    /// As the node's own list has it.
    fn listed(&self, now: Ms) -> Value {
        let mut row = self.with_process(self.row());
        match self.ended(now) {
            Some((at, exit)) => {
                row.insert("status".into(), exit.into());
                row.insert("endtime".into(), (at / 1000).into());
            }
            None => {
                row.insert("status".into(), "RUNNING".into());
                row.insert("saved".into(), "0".into());
            }
        }
        row.into()
    }

    /// As the cluster's list has it, where a running task has no status.
    fn recent(&self, now: Ms) -> Value {
        let mut row = self.row();
        match self.ended(now) {
            Some((at, exit)) => {
                row.insert("status".into(), exit.into());
                row.insert("endtime".into(), (at / 1000).into());
                row.insert("saved".into(), "1".into());
            }
            None => {
                row.insert("pid".into(), self.pid.into());
            }
        }
        row.into()
    }

    /// The lines written by then; the last one says how it ended.
    fn log(&self, now: Ms) -> Vec<String> {
        let mut lines: Vec<_> = self.lines.iter().filter(|(at, _)| *at <= now).map(|(_, line)| line.clone()).collect();
        if let Some((_, exit)) = self.ended(now) {
            lines.extend(last_line(exit));
        }
        lines
    }
}

fn last_line(exit: &str) -> Option<String> {
    match exit {
        "OK" => Some("TASK OK".into()),
        "unexpected status" => None,
        exit if exit.starts_with("WARNINGS: ") => Some(format!("TASK {exit}")),
        exit => Some(format!("TASK ERROR: {exit}")),
    }
}

/// The four kinds of end that `statusfilter` tells apart.
fn kind_of_end(exit: &str) -> &'static str {
    match exit {
        "OK" => "ok",
        "unexpected status" => "unknown",
        exit if exit.starts_with("WARNINGS: ") => "warning",
        _ => "error",
    }
}

impl State {
    /// Begins a task; what it does comes true as the clock goes on.
    pub(super) fn begin(&mut self, node: &str, vmid: u32, work: Work) -> String {
        let place = self.begin_work(node, vmid, work);
        self.tasks[place].upid()
    }

    /// The same, by its place in the list.
    pub(super) fn begin_work(&mut self, node: &str, vmid: u32, work: Work) -> usize {
        let kind = work.task_type(self.guests.get(&vmid));
        let place = self.add_task(node, &kind, &vmid.to_string());
        self.tasks[place].work = Some((vmid, work));
        self.schedule(self.now, Due::Judge(place));
        place
    }

    /// A task that high availability begins.
    pub(super) fn begin_for_ha(&mut self, node: &str, vmid: u32, work: Work) -> usize {
        let place = self.begin_work(node, vmid, work);
        self.tasks[place].by_ha = true;
        place
    }

    /// Puts a task on the list that does nothing yet.
    pub(super) fn add_task(&mut self, node: &str, kind: &str, id: &str) -> usize {
        let boot = self.node(node).map_or(0, |node| node.boot);
        let ran = u32::try_from(self.tasks.len()).unwrap_or_default();
        self.tasks.push(Task {
            node: node.to_owned(),
            pid: 0x0003_A100 + ran * 37,
            pstart: self.now / 10 - boot * 100,
            start: self.now,
            kind: kind.to_owned(),
            id: id.to_owned(),
            user: USER.into(),
            ..Task::default()
        });
        self.tasks.len() - 1
    }

    /// Where a task stands in the list.
    pub(super) fn place_of(&self, node: &str, upid: &str) -> Answered<Option<usize>> {
        self.find_task(node, upid)?;
        Ok(self.tasks.iter().position(|task| task.node == node && task.upid() == upid))
    }

    fn find_task(&self, node: &str, upid: &str) -> Answered<&Task> {
        let parts = upid.split(':').count();
        if !upid.starts_with("UPID:") || parts != 9 {
            return wrong("upid", "unable to parse worker upid");
        }
        let task = self.tasks.iter().find(|task| task.node == node && task.upid() == upid);
        task.map_or_else(|| wrong("upid", "no such task"), Ok)
    }
}

pub(super) fn status(state: &State, node: &str, upid: &str) -> Answered {
    Ok(state.find_task(node, upid)?.status(state.now))
}

pub(super) fn index(state: &State, node: &str, upid: &str) -> Answered {
    state.find_task(node, upid)?;
    Ok(json!([{ "name": "log" }, { "name": "status" }]))
}

pub(super) fn log(state: &State, node: &str, upid: &str, params: Params<'_>) -> Answered<Good> {
    let params = params.only(&["start", "limit"])?;
    let start = page_start(params)?;
    let limit = params.int("limit")?.unwrap_or(50);
    let mut lines = state.find_task(node, upid)?.log(state.now);
    if lines.is_empty() {
        // PVE's stand-in for an empty log, which the first real line replaces.
        lines.push("no content".into());
    }
    let total = lines.len();
    let limit = if limit == 0 { total } else { usize::try_from(limit).unwrap_or_default() };
    let rows = lines.into_iter().enumerate().skip(start).take(limit);
    Ok(Good::Page(rows.map(|(n, line)| json!({ "n": n + 1, "t": line })).collect(), total))
}

fn page_start(params: Params<'_>) -> Answered<usize> {
    Ok(usize::try_from(params.int("start")?.unwrap_or(0)).unwrap_or_default())
}

/// The tasks of a node, latest first.
pub(super) fn list(state: &State, node: &str, params: Params<'_>) -> Answered<Good> {
    let params = params.only(&[
        "errors",
        "limit",
        "since",
        "source",
        "start",
        "statusfilter",
        "typefilter",
        "until",
        "userfilter",
        "vmid",
    ])?;
    let source = params.one_of("source", &["archive", "active", "all"])?.unwrap_or("archive");
    let (since, until, vmid) = (params.int("since")?, params.int("until")?, params.int("vmid")?);
    let errors = params.flag("errors")?;
    let now = state.now;
    let wanted = |task: &&Task| {
        let exit = task.ended(now).map(|(_, exit)| exit);
        let started = task.start / 1000;
        (match source {
            "archive" => exit.is_some(),
            "active" => exit.is_none(),
            _ => true,
        }) && since.is_none_or(|since| started >= since)
            && until.is_none_or(|until| started <= until)
            && vmid.is_none_or(|vmid| task.id == vmid.to_string())
            && (!errors || exit.is_some_and(|exit| exit != "OK"))
            && params.get("typefilter").is_none_or(|kind| task.kind == kind)
            && params.get("userfilter").is_none_or(|user| task.user.contains(user))
            && params.get("statusfilter").is_none_or(|kinds| {
                exit.is_some_and(|exit| kinds.split([',', ';', ' ']).any(|k| k == kind_of_end(exit)))
            })
    };
    let all: Vec<Value> = on_node(state, node).filter(wanted).map(|task| task.listed(now)).collect();
    let total = all.len();
    let limit = usize::try_from(params.int("limit")?.unwrap_or(50)).unwrap_or_default();
    Ok(Good::Page(all.into_iter().skip(page_start(params)?).take(limit).collect(), total))
}

fn on_node<'a>(state: &'a State, node: &'a str) -> impl Iterator<Item = &'a Task> {
    let mut tasks: Vec<&Task> = state.tasks.iter().filter(|task| task.node == node).collect();
    tasks.sort_by_key(|task| std::cmp::Reverse(task.start));
    tasks.into_iter()
}

/// The last tasks of each node that is online.
pub(super) fn recent(state: &State) -> Value {
    let online = state.nodes.iter().filter(|node| node.offline.is_none());
    online.flat_map(|node| on_node(state, &node.name).take(RECENT)).map(|task| task.recent(state.now)).collect()
}

/// The cluster's log: who began and ended which task, latest first.
pub(super) fn cluster_log(state: &State, params: Params<'_>) -> Answered {
    let max = usize::try_from(params.only(&["max"])?.int("max")?.unwrap_or(50)).unwrap_or_default();
    let mut said: Vec<(Ms, &Task, String)> = Vec::new();
    for task in state.tasks.iter().filter(|task| state.is_online(&task.node)) {
        said.push((task.start, task, format!("starting task {}", task.upid())));
        if let Some((at, exit)) = task.ended(state.now) {
            said.push((at, task, format!("end task {} {exit}", task.upid())));
        }
    }
    said.sort_by_key(|(at, ..)| *at);
    let rows = said.iter().enumerate().rev().take(max).map(|(n, (at, task, msg))| {
        let (uid, bad) = (n + 1, msg.starts_with("end") && !msg.ends_with(" OK"));
        json!({
            "id": format!("{uid}:{}", task.node), "uid": uid.to_string(), "node": task.node, "time": at / 1000,
            "pid": 1471, "pri": if bad { 3 } else { 6 }, "tag": "pvedaemon", "user": task.user, "msg": msg,
        })
    });
    Ok(rows.collect())
}
