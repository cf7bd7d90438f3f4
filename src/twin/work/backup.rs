//! Backing guests up: what PVE refuses at once, and the job that saves one guest after the other.
//!
//! How a single guest is saved stands in `saving`; what becomes of the archives in `archives`.

use std::collections::VecDeque;

use serde_json::Value;

use self::saving::Saving;
use super::steps::{Next, Stepwise};
use crate::twin::answer::{Answered, Params, failed, wrong};
use crate::twin::state::{Guest, Kind, Ms, State};
use crate::twin::written::stamp;

mod retention;
mod saving;

/// What the job is told.
#[derive(Clone, Debug)]
struct Options {
    storage: String,
    /// `snapshot`, `suspend`, `stop`.
    mode: &'static str,
    /// The ending that a compressed archive has: `zst`, `gz`, `lzo`; none without compression.
    ending: Option<&'static str>,
    notes: Option<String>,
    protected: bool,
    /// Whether older backups are removed, and which are kept.
    remove: bool,
    keep: Vec<(String, u64)>,
    /// How long it waits for another job on its node, in milliseconds.
    lock_wait: Ms,
}

/// A job on its way through its guests.
struct Job {
    options: Options,
    command: String,
    guests: VecDeque<u32>,
    /// Guests that were named and are on other nodes.
    elsewhere: Vec<u32>,
    asked: Ms,
    state: Stage,
    saving: Option<Saving>,
    errors: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Fresh,
    Waiting,
    Working,
    Ending,
}

const KNOWN: &[&str] = &[
    "all",
    "bwlimit",
    "compress",
    "dumpdir",
    "exclude",
    "exclude-path",
    "fleecing",
    "ionice",
    "job-id",
    "lockwait",
    "mailnotification",
    "mailto",
    "mode",
    "notes-template",
    "notification-mode",
    "pbs-change-detection-mode",
    "performance",
    "pigz",
    "pool",
    "protected",
    "prune-backups",
    "quiet",
    "remove",
    "script",
    "stdexcludes",
    "stdout",
    "stop",
    "stopwait",
    "storage",
    "tmpdir",
    "vmid",
    "zstd",
];

/// Those that would change something here, were they followed.
const NOT_FOLLOWED: &[&str] =
    &["bwlimit", "dumpdir", "exclude-path", "fleecing", "mailto", "quiet", "script", "stdout", "stop", "tmpdir"];

/// `POST /nodes/{node}/vzdump`.
pub(in crate::twin) fn backup(state: &mut State, node: &str, params: Params<'_>) -> Answered {
    let params = params.only(KNOWN)?.without(NOT_FOLLOWED)?;
    let mode = params.one_of("mode", &["snapshot", "suspend", "stop"])?;
    let compress = params.one_of("compress", &["0", "1", "gzip", "lzo", "zstd"])?;
    let (all, pool) = (params.flag("all")?, params.get("pool"));
    let exclude = params.get("exclude");
    if let Some((field, _)) =
        [("all", all), ("exclude", exclude.is_some()), ("pool", pool.is_some())].into_iter().find(|(_, set)| *set)
        && params.get("vmid").is_some()
    {
        return wrong(field, "option conflicts with option 'vmid'");
    }
    for key in ["notes-template", "protected"] {
        if params.get(key).is_some() && params.get("storage").is_none() {
            return wrong(key, "missing property - 'storage' requires this property");
        }
    }
    if let Some(template) = params.get("notes-template") {
        known_variables(template)?;
    }
    let all = all || (exclude.is_some() && pool.is_none());
    let vmids = numbers("vmid", params.get("vmid"))?;
    let excluded = numbers("exclude", exclude)?.unwrap_or_default();
    if vmids.is_none() && !all && pool.is_none() {
        return wrong("vmid", "property is missing");
    }
    let keep = params.get("prune-backups").map(retention::read).transpose()?;
    let storage = params.get("storage").unwrap_or("local").to_owned();
    let Some(found) = state.storages.iter().find(|one| one.storage == storage) else {
        return failed(format!("storage '{storage}' does not exist"));
    };
    let of_storage = found.more.get("prune-backups").and_then(Value::as_str).map(retention::read).transpose()?;
    let keep = keep.or(of_storage).unwrap_or_default();
    let meant: Vec<u32> = match (&vmids, pool) {
        (Some(vmids), _) => vmids.clone(),
        (None, Some(pool)) => in_pool(state, pool),
        (None, None) => state.guests.keys().copied().collect(),
    };
    let meant: Vec<u32> = meant.into_iter().filter(|vmid| !excluded.contains(vmid)).collect();
    // A guest that is gone is tried here, and fails for all to see.
    let is_here = |vmid: &u32| state.guests.get(vmid).is_none_or(|guest| guest.node == node);
    let (mut here, elsewhere): (Vec<u32>, Vec<u32>) = meant.into_iter().partition(is_here);
    here.sort_unstable();
    if here.is_empty() && !all {
        return Ok("OK".into());
    }
    let options = Options {
        storage,
        mode: ["snapshot", "suspend", "stop"].into_iter().find(|known| mode == Some(*known)).unwrap_or("snapshot"),
        ending: match compress {
            Some("1" | "lzo") => Some("lzo"),
            Some("gzip") => Some("gz"),
            Some("zstd") => Some("zst"),
            _ => None,
        },
        notes: params.get("notes-template").map(str::to_owned),
        protected: params.flag("protected")?,
        remove: params.get("remove").map_or(Ok(true), |_| params.flag("remove"))? && !retention::keeps_all(&keep),
        keep,
        lock_wait: params.int("lockwait")?.unwrap_or(180).clamp(0, 100_000) * 60_000,
    };
    let id = if let [only] = here[..] { only.to_string() } else { String::new() };
    let job = Job {
        command: command(node, params),
        guests: here.into(),
        elsewhere: if vmids.is_some() || all || pool.is_some() { elsewhere } else { Vec::new() },
        asked: state.now,
        state: Stage::Fresh,
        saving: None,
        errors: 0,
        options,
    };
    let place = state.begin_steps(node, "vzdump", &id, Box::new(job));
    Ok(state.tasks[place].upid().into())
}

fn in_pool(state: &State, pool: &str) -> Vec<u32> {
    let inside = |guest: &&Guest| guest.pool.as_deref() == Some(pool);
    state.guests.values().filter(inside).map(|guest| guest.vmid).collect()
}

fn numbers(key: &str, list: Option<&str>) -> Answered<Option<Vec<u32>>> {
    let Some(list) = list else { return Ok(None) };
    let number = |word: &str| match word.parse::<u32>() {
        Ok(vmid) if vmid >= 100 => Ok(vmid),
        _ => wrong(key, "invalid format - value does not look like a valid VM ID\n"),
    };
    list.split([',', ';', ' ']).filter(|word| !word.is_empty()).map(number).collect::<Answered<_>>().map(Some)
}

/// Refuses a template of notes that names what there is not.
fn known_variables(template: &str) -> Answered<()> {
    let names = template.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0));
    let unknown = names.into_iter().find(|name| !["cluster", "guestname", "node", "vmid"].contains(name));
    match unknown {
        Some(name) => {
            let at = template.find(&format!("{{{{{name}}}}}")).unwrap_or_default() + 2;
            wrong("notes-template", format!("found unknown: variable '{name}' at char {at}\n"))
        }
        None if template.contains('\n') => wrong("notes-template", "contains a line feed\n"),
        None => Ok(()),
    }
}

/// The command that does the same at a shell, which begins the log.
fn command(node: &str, params: Params<'_>) -> String {
    let mut line = "vzdump".to_owned();
    let quoted = |value: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
        if !value.is_empty() && value.chars().all(plain) { value.to_owned() } else { format!("'{value}'") }
    };
    for vmid in params.get("vmid").unwrap_or_default().split([',', ';', ' ']).filter(|vmid| !vmid.is_empty()) {
        line.push_str(&format!(" {vmid}"));
    }
    let mut said = |key: &str, value: &str| line.push_str(&format!(" --{key} {}", quoted(value)));
    if let Some(storage) = params.get("storage") {
        said("storage", storage);
    }
    said("node", node);
    for (key, value) in params.0.iter().filter(|(key, _)| !matches!(key.as_str(), "vmid" | "storage" | "job-id")) {
        said(key, value);
    }
    line
}

impl Job {
    /// Another job on the node, which has to end first.
    fn is_locked_out(&self, state: &State, task: usize) -> bool {
        let node = &state.tasks[task].node;
        let other = |one: &crate::twin::tasks::Task| {
            one.kind == "vzdump" && one.node == *node && one.ended(state.now).is_none()
        };
        state.tasks[..task].iter().any(other)
    }

    /// Why nothing can be saved at all.
    fn hindrance(&self, state: &State, node: &str) -> Option<String> {
        let id = &self.options.storage;
        match state.storage_enabled(id, node) {
            Err(why) => Some(format!("could not activate storage '{id}': {why}")),
            Ok(()) if !state.storage_holds(id, "backup") => Some(format!(
                "could not get storage information for '{id}': can't use storage '{id}' for backups - wrong content type"
            )),
            Ok(()) => None,
        }
    }

    /// A guest could not be saved.
    fn failed(&mut self, state: &mut State, task: usize, vmid: u32, why: &str) {
        let now = stamp(state.now);
        state.say(task, format!("ERROR: Backup of VM {vmid} failed - {why}"));
        state.say(task, format!("INFO: Failed at {now}"));
        self.errors += 1;
    }

    /// Who is told of the end of the job.
    fn notify(&self, state: &mut State, task: usize) {
        let targets: &[&str] = if self.errors > 0 { &["mail-to-root", "ops-mail"] } else { &["mail-to-root"] };
        for target in targets {
            state.say(task, format!("INFO: notified via target `{target}`"));
        }
    }
}

impl Stepwise for Job {
    fn step(&mut self, state: &mut State, task: usize) -> Next {
        if matches!(self.state, Stage::Fresh | Stage::Waiting) {
            let node = state.tasks[task].node.clone();
            if self.state == Stage::Fresh
                && let Some(why) = self.hindrance(state, &node)
            {
                return Next::End(why);
            }
            if self.is_locked_out(state, task) {
                if self.state == Stage::Fresh {
                    state.say(task, "INFO: trying to get global lock - waiting...");
                    self.state = Stage::Waiting;
                }
                if state.now - self.asked >= self.options.lock_wait {
                    let why = "can't acquire lock '/var/run/vzdump.lock' - got timeout";
                    state.say(task, format!("ERROR: {why}"));
                    return Next::End(why.to_owned());
                }
                return Next::In(1_000);
            }
            if self.state == Stage::Waiting {
                state.say(task, "INFO: got global lock");
            }
            self.state = Stage::Working;
            state.say(task, format!("INFO: starting new backup job: {}", self.command));
            if !self.elsewhere.is_empty() {
                let names: Vec<String> = self.elsewhere.iter().map(u32::to_string).collect();
                state.say(task, format!("INFO: skip external VMs: {}", names.join(", ")));
            }
            return Next::In(400);
        }
        if let Some(saving) = &mut self.saving {
            match saving.go_on(state, task) {
                Ok(Some(time)) => return Next::In(time),
                Ok(None) => self.saving = None,
                Err(why) => {
                    let vmid = saving.vmid();
                    self.saving = None;
                    self.failed(state, task, vmid, &why);
                }
            }
            return Next::In(200);
        }
        if let Some(vmid) = self.guests.pop_front() {
            match Saving::begin(state, task, vmid, &self.options) {
                Ok(saving) => self.saving = Some(saving),
                Err(why) => self.failed(state, task, vmid, &why),
            }
            return Next::In(300);
        }
        if self.state == Stage::Working {
            self.state = Stage::Ending;
            let how = if self.errors > 0 { "with errors" } else { "successfully" };
            state.say(task, format!("INFO: Backup job finished {how}"));
            self.notify(state, task);
            return Next::In(100);
        }
        Next::End(if self.errors > 0 { "job errors".to_owned() } else { "OK".to_owned() })
    }

    /// The archive that is being written is lost, and its guest is as before.
    fn interrupted(&mut self, state: &mut State, task: usize) -> String {
        let why = "interrupted by signal";
        if let Some(mut saving) = self.saving.take() {
            saving.breaks(state, task, why);
            self.failed(state, task, saving.vmid(), why);
            state.say(task, format!("ERROR: Backup job failed - {why}"));
            self.notify(state, task);
        }
        why.to_owned()
    }
}

/// What PVE's words call a guest in the paths of backups.
fn group(kind: Kind) -> &'static str {
    if kind == Kind::Qemu { "vm" } else { "ct" }
}
