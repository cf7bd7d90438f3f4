//! One guest of a task for many: what is said of it, and the task of its own that it gets.
//!
//! Does not know what becomes of that task: the guests' own actions do.

use super::{Bulk, Verb};
use crate::twin::answer::{Good, Params};
use crate::twin::routes;
use crate::twin::state::{Guest, Kind, Power, State};
use crate::wire::Method;

/// What came of beginning with a guest.
pub(super) enum Begun {
    Task(usize),
    Skipped,
    Failed,
}

impl Bulk {
    pub(super) fn begin(&mut self, state: &mut State, task: usize, vmid: u32) -> Begun {
        let Some(guest) = state.guests.get(&vmid) else { return Begun::Failed };
        let (node, kind, power) = (guest.node.clone(), guest.kind, guest.power_at(state.now));
        let down = guest.startup("down");
        let known = state.is_online(&node);
        let (on, what) = (power != Power::Stopped, format!("{} {vmid}", kind.short()));
        let of_node = self.node.is_some();
        let mut say = |line: String| state.say(task, line);
        let (verb, params): (&str, Vec<(&str, String)>) = match &self.verb {
            Verb::Start { .. } if of_node && on => return Begun::Skipped,
            Verb::Start { .. } if known && on && power != Power::Paused => {
                state.warn(task, format!("Skipping {what}, already running."));
                return Begun::Skipped;
            }
            Verb::Start { timeout } => {
                let verb = if known && power == Power::Paused { "resume" } else { "start" };
                say(format!("Starting {what}"));
                let timeout = timeout.filter(|_| verb == "start" && kind == Kind::Qemu);
                (verb, timeout.map(|time| ("timeout", time.to_string())).into_iter().collect())
            }
            Verb::Shutdown { .. } if of_node && !on => return Begun::Skipped,
            Verb::Shutdown { .. } if known && !on => {
                state.warn(task, format!("Skipping {what}, not running."));
                return Begun::Skipped;
            }
            Verb::Shutdown { force: false, .. } if !of_node && known && power == Power::Paused => {
                state.warn(task, format!("Skipping {what}, resume paused VM before shutdown."));
                return Begun::Skipped;
            }
            Verb::Shutdown { timeout, force } => {
                let time = down.unwrap_or(*timeout);
                say(match of_node {
                    true => format!("Stopping {what} (timeout = {time} seconds)"),
                    false => format!("Shutting down {what} (Timeout = {time} seconds)"),
                });
                ("shutdown", vec![("forceStop", u8::from(*force).to_string()), ("timeout", time.to_string())])
            }
            Verb::Suspend if kind == Kind::Lxc => {
                state.warn(task, format!("skipping {vmid}, only VMs can be suspended"));
                return Begun::Skipped;
            }
            Verb::Suspend if known && !on => {
                state.warn(task, format!("Skipping {what}, not running."));
                return Begun::Skipped;
            }
            Verb::Suspend => {
                say(format!("Suspending {what}"));
                ("suspend", Vec::new())
            }
            Verb::Migrate { target, .. } if !of_node && node == *target => {
                state.warn(task, format!("{what} already on {node}, skipping."));
                return Begun::Skipped;
            }
            Verb::Migrate { target, online, disks } => {
                if of_node && !precondition(state, task, vmid, target, *disks) {
                    return Begun::Failed;
                }
                state.say(task, format!("Migrating {what}"));
                ("migrate", migration(kind, target, if of_node { Some(on) } else { *online }, *disks))
            }
        };
        let place = if verb == "migrate" { "migrate".to_owned() } else { format!("status/{verb}") };
        match post(state, &format!("nodes/{node}/{}/{vmid}/{place}", kind.word()), &params) {
            Ok(child) => Begun::Task(child),
            Err(why) if of_node => {
                state.say(task, why);
                Begun::Failed
            }
            Err(why) => {
                state.warn(task, why);
                Begun::Failed
            }
        }
    }
}

fn migration(kind: Kind, target: &str, online: Option<bool>, disks: Option<bool>) -> Vec<(&'static str, String)> {
    let flag = |key: &'static str, value: Option<bool>| value.map(|on| (key, u8::from(on).to_string()));
    let mut params = vec![("target", target.to_owned())];
    match kind {
        Kind::Lxc => params.extend(flag("restart", online)),
        Kind::Qemu => params.extend(flag("online", online).into_iter().chain(flag("with-local-disks", disks))),
    }
    params
}

/// What a node looks at before it moves one of its virtual machines.
fn precondition(state: &mut State, task: usize, vmid: u32, target: &str, disks: Option<bool>) -> bool {
    let Some(guest) = state.guests.get(&vmid).filter(|guest| guest.kind == Kind::Qemu) else { return true };
    let preflight = match guest.preflight(state, state.now) {
        Ok(preflight) => preflight,
        Err(why) => {
            state.say(task, format!("Check VM {vmid}: {}", why.in_task()));
            return false;
        }
    };
    let names = |value: &serde_json::Value, key: Option<&str>| -> Vec<String> {
        let all = value.as_array().into_iter().flatten();
        all.filter_map(|one| key.map_or(one, |key| &one[key]).as_str().map(str::to_owned)).collect()
    };
    let mut against = Vec::new();
    let local = names(&preflight["local_disks"], Some("volid"));
    if preflight["running"] == 1 && disks != Some(true) && !local.is_empty() {
        against.push(format!("  Has local disks: {}", local.join(", ")));
    }
    let resources = names(&preflight["local_resources"], None);
    if !resources.is_empty() {
        against.push(format!("  Has local resources: {}", resources.join(", ")));
    }
    let missing = names(&preflight["not_allowed_nodes"][target]["unavailable_storages"], None);
    if !missing.is_empty() {
        against.push(format!("  Has unavailable storages: {}", missing.join(", ")));
    }
    let unmapped = names(&preflight["not_allowed_nodes"][target]["unavailable-resources"], None);
    if !unmapped.is_empty() {
        against.push(format!("  Has unavailable resources: {}", unmapped.join(", ")));
    }
    if against.is_empty() {
        state.say(task, format!("Check VM {vmid}: precondition check passed"));
        return true;
    }
    state.say(task, format!("Check VM {vmid}: skip VM {vmid} - precondition check failed:"));
    against.into_iter().for_each(|line| state.say(task, line));
    false
}

/// Asks the cluster itself, as these tasks do, and gives the task that came of it.
fn post(state: &mut State, path: &str, params: &[(&str, String)]) -> Result<usize, String> {
    let parts: Vec<&str> = path.split('/').collect();
    let params: Vec<(String, String)> = params.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    match routes::answer(state, Method::Post, &parts, Params(&params)) {
        Ok(Good::Data(data)) => {
            let upid = data.as_str().unwrap_or_default();
            let place = state.tasks.iter().rposition(|task| task.upid() == upid);
            place.ok_or_else(|| "got no task".to_owned())
        }
        Ok(Good::Page(..)) => Err("got no task".to_owned()),
        Err(refusal) => Err(refusal.in_task()),
    }
}

impl Guest {
    /// A part of its place among those that start with their node: `order`, `up`, `down`.
    pub(super) fn startup(&self, part: &str) -> Option<i64> {
        let set = self.text("startup")?;
        set.split(',').find_map(|word| match word.split_once('=') {
            Some((key, value)) if key == part => value.parse().ok(),
            None if part == "order" => word.parse().ok(),
            _ => None,
        })
    }
}
