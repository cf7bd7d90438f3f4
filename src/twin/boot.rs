//! Nodes going down and coming up: in good order or not, and what that does to their guests and tasks.
//!
//! Knows what a node does by itself; what high availability makes of it stands in `ha`.

use serde_json::Value;

use super::answer::{Answered, Params, failed};
use super::state::{Due, Guest, Kind, Ms, Node, Power, State};
use super::work::bulk::Bulk;
use super::work::steps::{Cause, KILLED};

/// What a node that was rebooted needs until it is there again.
pub(super) const BOOT: Ms = 150_000;
/// How long the last services need to go.
const LAST_SERVICES: Ms = 4_000;

/// A node that is going down in good order.
#[derive(Clone, Debug)]
pub(super) struct Going {
    /// Whether it comes back by itself.
    back: bool,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    /// It was asked to.
    Asked,
    /// Its guests are being shut down, by this task.
    Guests(usize),
    /// Those in the care of high availability are, by these.
    Agent(Vec<usize>),
    /// Nothing runs any more.
    Empty,
}

impl Guest {
    /// It is off from this time on.
    pub(super) fn turn_off(&mut self, at: Ms) {
        if self.power_at(at) != Power::Stopped {
            self.changes.push((at, Power::Stopped));
        }
    }
}

impl State {
    fn at_node(&mut self, name: &str, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.iter_mut().find(|node| node.name == name) {
            change(node);
        }
    }

    /// A node is gone from one moment to the next.
    pub(super) fn node_down(&mut self, name: &str) {
        let (now, seconds) = (self.now, self.seconds());
        if !self.is_online(name) {
            return;
        }
        self.at_node(name, |node| (node.offline, node.going) = (Some(seconds), None));
        let unended: Vec<usize> =
            (0..self.tasks.len()).filter(|place| self.tasks[*place].ended(now).is_none()).collect();
        for place in unended {
            if self.tasks[place].node == name {
                self.forget(place);
                let task = &mut self.tasks[place];
                (task.end, task.steps) = (None, None);
                task.lines.retain(|(at, _)| *at <= now);
            } else if self.tasks[place].target.as_deref() == Some(name) {
                self.break_off(place, Cause::Lost);
            }
        }
        for guest in self.guests.values_mut().filter(|guest| guest.node == name) {
            guest.turn_off(now);
        }
        self.ha_node_gone(name);
        self.count_votes();
        self.wake_ha();
    }

    /// A node has booted.
    pub(super) fn node_up(&mut self, name: &str) {
        let (now, seconds) = (self.now, self.seconds());
        let Some(since) = self.node(name).and_then(|node| node.offline) else { return };
        self.at_node(name, |node| {
            node.known_since.get_or_insert(node.boot);
            node.gaps.push((since, seconds));
            (node.boot, node.offline, node.going) = (seconds, None, None);
            node.kernel_runs = node.patched;
        });
        for task in self.tasks.iter_mut().filter(|task| task.node == name && task.end.is_none()) {
            task.end = Some((now, KILLED.to_owned()));
        }
        for guest in self.guests.values_mut().filter(|guest| guest.node == name) {
            // Those of a node that was off from the beginning have been off as long.
            if guest.power_at(now) != Power::Stopped {
                let last = guest.changes.last().map_or(0, |(at, _)| *at);
                guest.turn_off(last.max(since * 1000));
            }
        }
        self.ha_node_back(name);
        self.count_votes();
        self.wake_ha();
        let start = Bulk::at_boot(name);
        self.begin_steps(name, "startall", "", Box::new(start));
    }

    /// `POST /nodes/{node}/status`.
    pub(super) fn command(&mut self, name: &str, params: Params<'_>) -> Answered {
        let params = params.only(&["command"])?;
        params.required("command")?;
        let back = params.one_of("command", &["reboot", "shutdown"])? == Some("reboot");
        self.send_down(name, back);
        Ok(Value::Null)
    }

    /// Asks a node to go down in good order.
    pub(super) fn send_down(&mut self, name: &str, back: bool) {
        if self.node(name).is_none_or(|node| node.going.is_some() || node.offline.is_some()) {
            return;
        }
        self.at_node(name, |node| node.going = Some(Going { back, stage: Stage::Asked }));
        self.schedule(self.now + 2_000, Due::Going(name.to_owned()));
    }

    /// A node that is going down gets on with it.
    pub(super) fn goes_down(&mut self, name: &str) {
        let Some(Going { back, stage }) = self.node(name).and_then(|node| node.going.clone()) else { return };
        let (stage, wait) = match stage {
            Stage::Asked => {
                self.stop_backups(name);
                let stop = Bulk::at_shutdown(name);
                (Stage::Guests(self.begin_steps(name, "stopall", "", Box::new(stop))), 1_000)
            }
            Stage::Guests(task) if self.tasks[task].ended(self.now).is_none() => (Stage::Guests(task), 1_000),
            Stage::Guests(_) => (Stage::Agent(self.ha_goes_down(name, back)), 1_000),
            Stage::Agent(tasks)
                if tasks.iter().any(|task| self.tasks[*task].ended(self.now).is_none())
                    || (back && self.is_quorate() && self.ha_is_busy(name)) =>
            {
                (Stage::Agent(tasks), 1_000)
            }
            Stage::Agent(_) => {
                self.ha_has_ended(name);
                (Stage::Empty, LAST_SERVICES)
            }
            Stage::Empty => {
                self.node_down(name);
                if back {
                    let since = self.seconds();
                    self.schedule(self.now + BOOT, Due::Boot(name.to_owned(), since));
                }
                return;
            }
        };
        self.at_node(name, |node| node.going = Some(Going { back, stage }));
        self.schedule(self.now + wait, Due::Going(name.to_owned()));
    }

    /// A node that was off for its boot is there, unless something else has become of it.
    pub(super) fn boots(&mut self, name: &str, since: i64) {
        if self.node(name).is_some_and(|node| node.offline == Some(since)) {
            self.node_up(name);
        }
    }

    /// The watchdog of a node resets it, when the quorum has been gone for so long.
    pub(super) fn watchdog(&mut self, name: &str, since: Ms) {
        if self.no_quorum == Some(since) && self.is_online(name) {
            self.node_down(name);
            let since = self.seconds();
            self.schedule(self.now + BOOT, Due::Boot(name.to_owned(), since));
        }
    }

    /// Running backups end when their node goes down.
    fn stop_backups(&mut self, name: &str) {
        let now = self.now;
        let running =
            |task: &super::tasks::Task| task.node == name && task.kind == "vzdump" && task.ended(now).is_none();
        let places: Vec<usize> = (0..self.tasks.len()).filter(|place| running(&self.tasks[*place])).collect();
        places.into_iter().for_each(|place| self.break_off(place, Cause::Signal));
    }

    /// Whether the nodes that are there are more than half of all, or were when that was not to count.
    pub(super) fn count_votes(&mut self) {
        let online = self.nodes.iter().filter(|node| node.offline.is_none()).count();
        let enough = online * 2 > self.nodes.len() && !self.faults.quorum;
        match (enough, self.no_quorum) {
            (true, Some(_)) => {
                self.no_quorum = None;
                self.wake_ha();
            }
            (false, None) => {
                self.no_quorum = Some(self.now);
                self.start_watchdogs();
            }
            _ => {}
        }
    }

    /// Whether no node is there that could answer.
    pub(super) fn is_dark(&self) -> bool {
        self.nodes.iter().all(|node| node.offline.is_some())
    }

    pub(super) fn is_quorate(&self) -> bool {
        self.no_quorum.is_none()
    }

    /// What writes begin with that change the cluster's configuration.
    pub(super) fn needs_quorum(&self) -> Answered<()> {
        if self.is_quorate() { Ok(()) } else { failed("cluster not ready - no quorum?") }
    }

    /// Why the configuration of a guest cannot be changed, if it cannot: files of the cluster are read only without a quorum.
    pub(super) fn read_only(&self, kind: Kind, node: &str, vmid: u32) -> Option<String> {
        let file = format!("/etc/pve/nodes/{node}/{}/{vmid}.conf", kind.folder());
        (!self.is_quorate()).then(|| format!("unable to open file '{file}.tmp.1471' - Permission denied"))
    }

    /// The node that answers for the cluster: the first that is there.
    pub(super) fn here(&self) -> &str {
        let online = self.nodes.iter().find(|node| node.offline.is_none());
        online.or(self.nodes.first()).map_or("", |node| node.name.as_str())
    }
}
