//! One task that starts, stops or moves many guests, each by a task of its own: of the whole cluster, or of one node.
//!
//! Knows in which order and in which words; what becomes of a single guest stands with its action.

mod asked;
mod one;

use std::collections::{BTreeMap, VecDeque};

pub(in crate::twin) use asked::{of_cluster, of_node};
use one::Begun;

use super::steps::{INTERRUPTED, Next, Stepwise};
use crate::twin::state::{Guest, Kind, Ms, State};

/// How long a guest may take to shut down when nothing else is said, in seconds.
const TIMEOUT: i64 = 180;
/// How long a node waits between two virtual machines that it starts.
const BETWEEN_STARTS: Ms = 3_000;

/// What is done to each guest.
#[derive(Clone, Debug)]
enum Verb {
    Start { timeout: Option<i64> },
    Shutdown { timeout: i64, force: bool },
    Suspend,
    Migrate { target: String, online: Option<bool>, disks: Option<bool> },
}

/// The guests of one task, and how far it is with them.
pub(in crate::twin) struct Bulk {
    verb: Verb,
    /// The node that does it to its own guests; without one it is the cluster that does.
    node: Option<String>,
    only: Option<Vec<u32>>,
    /// Those too that are not set to start with their node.
    force: bool,
    at_a_time: usize,
    groups: Option<VecDeque<VecDeque<u32>>>,
    running: Vec<(u32, usize)>,
    failed: Vec<u32>,
    begun: usize,
    waits_until: Ms,
}

impl Bulk {
    fn new(verb: Verb, node: Option<&str>, only: Option<Vec<u32>>, at_a_time: usize) -> Bulk {
        Bulk {
            verb,
            node: node.map(str::to_owned),
            only,
            force: false,
            at_a_time,
            groups: None,
            running: Vec::new(),
            failed: Vec::new(),
            begun: 0,
            waits_until: 0,
        }
    }

    /// What a node does when it has booted.
    pub(in crate::twin) fn at_boot(node: &str) -> Bulk {
        Bulk::new(Verb::Start { timeout: None }, Some(node), None, 8)
    }

    /// What it does before it goes down.
    pub(in crate::twin) fn at_shutdown(node: &str) -> Bulk {
        Bulk::new(Verb::Shutdown { timeout: TIMEOUT, force: true }, Some(node), None, 8)
    }

    /// The guests that are meant, group after group, as they stand now.
    fn gather(&self, state: &State) -> VecDeque<VecDeque<u32>> {
        let named = |guest: &&Guest| self.only.as_ref().is_none_or(|only| only.contains(&guest.vmid));
        let here = |guest: &&Guest| self.node.as_ref().is_none_or(|node| guest.node == *node);
        let moves = matches!(self.verb, Verb::Migrate { .. });
        let boots = matches!(self.verb, Verb::Start { .. }) && self.node.is_some() && !self.force;
        let fits = |guest: &&Guest| {
            moves
                || (!guest.is_set("template")
                    && (self.only.is_some() || !guest.is_ha_managed())
                    && (!boots || guest.is_set("onboot")))
        };
        let guests = state.guests.values().filter(named).filter(here).filter(fits);
        if moves {
            return VecDeque::from([guests.map(|guest| guest.vmid).collect()]);
        }
        let mut groups: BTreeMap<i64, VecDeque<u32>> = BTreeMap::new();
        for guest in guests {
            let order = guest.startup("order").unwrap_or(i64::MAX);
            groups.entry(order).or_default().push_back(guest.vmid);
        }
        let forward = matches!(self.verb, Verb::Start { .. });
        match (forward, self.node.is_some()) {
            (true, _) => groups.into_values().collect(),
            (false, false) => groups.into_values().rev().collect(),
            (false, true) => groups.into_values().rev().map(|group| group.into_iter().rev().collect()).collect(),
        }
    }

    fn announce(&self, state: &mut State, task: usize) {
        if self.node.is_some() {
            return;
        }
        let (prefix, suffix) = match &self.verb {
            Verb::Start { .. } => ("Starting", String::new()),
            Verb::Shutdown { .. } => ("Shutting down", String::new()),
            Verb::Suspend => ("Suspending", String::new()),
            Verb::Migrate { target, .. } => ("Migrating", format!(" to {target}")),
        };
        let said = match &self.only {
            Some(only) => format!("{prefix} guests{suffix}: {}", joined(only)),
            None => format!("{prefix} all guests{suffix}"),
        };
        state.say(task, said);
    }

    /// A guest's task has ended; how long to wait before the next.
    fn has_ended(&mut self, state: &mut State, task: usize, vmid: u32, child: usize) -> Ms {
        let exit = state.tasks[child].ended(state.now).map(|(_, exit)| exit.to_owned()).unwrap_or_default();
        let what = format!("{} {vmid}", state.guests.get(&vmid).map_or(Kind::Qemu, |guest| guest.kind).short());
        let up = state.guests.get(&vmid).and_then(|guest| guest.startup("up"));
        let bad = exit != "OK" && !exit.starts_with("WARNINGS: ");
        if bad {
            self.failed.push(vmid);
        }
        match (&self.verb, self.node.is_some(), bad) {
            (Verb::Start { .. }, true, true) => state.say(task, format!("Starting {what} failed: {exit}")),
            (_, true, _) => {}
            (Verb::Start { .. }, false, true) => state.warn(task, format!("Starting {what} failed: {exit}")),
            (Verb::Start { .. }, false, false) => return self.delay(state, task, up.unwrap_or(0), up),
            (Verb::Migrate { .. }, false, true) => state.warn(task, format!("Migrating {what} failed: {exit}")),
            (_, false, true) => state.warn(task, format!("Stopping {what} failed: {exit}")),
            (_, false, false) => {}
        }
        0
    }

    fn delay(&self, state: &mut State, task: usize, seconds: i64, up: Option<i64>) -> Ms {
        if up.is_some_and(|up| up > 0) {
            state.say(task, format!("Waiting for {seconds} seconds (startup delay)"));
        }
        seconds.max(0) * 1_000
    }

    fn finish(&self, state: &mut State, task: usize) -> String {
        let (ok, failed) = ("OK".to_owned(), joined(&self.failed));
        match (&self.verb, self.node.is_some()) {
            (Verb::Migrate { .. }, true) if self.begun == 0 => "no migrations worker started...".to_owned(),
            (Verb::Migrate { .. }, true) => {
                state.say(task, format!("All jobs finished, used {} workers in total.", self.begun));
                ok
            }
            (_, true) => ok,
            (_, false) if self.failed.is_empty() => ok,
            (Verb::Start { .. }, false) => format!("Some guests failed to start: {failed}"),
            (Verb::Shutdown { .. }, false) => format!("Some guests failed to shutdown {failed}"),
            (Verb::Suspend, false) => format!("Some guests failed to suspend {failed}"),
            (Verb::Migrate { .. }, false) => format!("Some guests failed to migrate {failed}"),
        }
    }
}

impl Stepwise for Bulk {
    fn step(&mut self, state: &mut State, task: usize) -> Next {
        if self.groups.is_none() {
            let boots = self.node.is_some() && matches!(self.verb, Verb::Start { .. });
            if boots && !state.is_quorate() {
                if state.tasks[task].lines.is_empty() {
                    state.say(task, "waiting for quorum ...");
                }
                return Next::In(1_000);
            }
            if boots {
                if !state.tasks[task].lines.is_empty() {
                    state.say(task, "got quorum");
                }
                remove_backup_locks(state, task, self.node.as_deref().unwrap_or_default());
            }
            self.announce(state, task);
            let groups = self.gather(state);
            if groups.iter().all(VecDeque::is_empty) && self.node.is_some() && matches!(self.verb, Verb::Migrate { .. })
            {
                state.say(task, "no virtual guests matched, nothing to do..");
                return Next::End("OK".to_owned());
            }
            self.groups = Some(groups);
        }
        loop {
            let now = state.now;
            let (ended, running): (Vec<_>, Vec<_>) = std::mem::take(&mut self.running)
                .into_iter()
                .partition(|(_, child)| state.tasks[*child].ended(now).is_some());
            self.running = running;
            for (vmid, child) in ended {
                self.waits_until = self.waits_until.max(now + self.has_ended(state, task, vmid, child));
            }
            if self.waits_until > now {
                return Next::In((self.waits_until - now).min(1_000));
            }
            let Some(groups) = &mut self.groups else { return Next::End(INTERRUPTED.to_owned()) };
            let Some(group) = groups.front_mut() else {
                let exit = self.finish(state, task);
                return Next::End(exit);
            };
            let vmid = match group.front() {
                None if self.running.is_empty() => {
                    groups.pop_front();
                    continue;
                }
                Some(_) if self.running.len() < self.at_a_time => group.pop_front(),
                _ => None,
            };
            let Some(vmid) = vmid else { return Next::In(1_000) };
            match self.begin(state, task, vmid) {
                Begun::Task(child) => {
                    self.running.push((vmid, child));
                    self.begun += 1;
                    if self.node.is_some() && matches!(self.verb, Verb::Start { .. }) {
                        let guest = state.guests.get(&vmid);
                        let (up, qemu) = (
                            guest.and_then(|guest| guest.startup("up")),
                            guest.is_some_and(|guest| guest.kind == Kind::Qemu),
                        );
                        let default = if qemu { BETWEEN_STARTS / 1_000 } else { 0 };
                        self.waits_until = now + self.delay(state, task, up.unwrap_or(default), up);
                    }
                }
                Begun::Skipped => {}
                Begun::Failed => self.failed.push(vmid),
            }
        }
    }

    /// The tasks of the guests go on.
    fn interrupted(&mut self, _: &mut State, _: usize) -> String {
        INTERRUPTED.to_owned()
    }
}

/// A node that has booted removes what backups have left behind.
fn remove_backup_locks(state: &mut State, task: usize, node: &str) {
    let left = state.guests_on(node).filter(|guest| guest.lock() == Some("backup")).map(|guest| guest.vmid);
    for vmid in left.collect::<Vec<_>>() {
        state.unlock(vmid);
        state.say(task, format!("removed left over backup lock from '{vmid}'!"));
    }
}

fn joined(vmids: &[u32]) -> String {
    vmids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}
