//! What tasks do to guests: they wait for each other, get to work, and their effects come true in time.
//!
//! Knows which tasks hold a guest and what the HA manager does; how a single action goes stands in `course`.

use serde_json::{Map, Value};

use super::course::{Course, lock_timeout};
use super::state::{Due, Guest, Kind, Ms, Power, Snapshot, State};
use super::tasks::Task;

/// How long a task waits for another one that holds the same guest.
const LOCK_WAIT: Ms = 10_000;
/// When the HA manager acts on a request.
const HA_DELAY: Ms = 7_000;

/// What a task is to do.
#[derive(Clone, Debug)]
pub(super) enum Work {
    Start,
    Stop,
    Shutdown { timeout: i64, force: bool },
    Reboot { timeout: i64 },
    Reset,
    Suspend,
    Resume,
    Destroy,
    Snapshot { name: String, description: String, vmstate: bool },
    DeleteSnapshot { name: String },
    Migrate { target: String, online: bool },
    Configure { set: Map<String, Value>, delete: Vec<String> },
    HaStart,
    HaStop { shutdown: bool },
}

/// A change that comes true at its time.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    Power(u32, Power),
    Ha(u32, &'static str),
    Remove(u32),
    /// The lock in its configuration, or none any more.
    Lock(u32, Option<&'static str>),
    Snapshot(u32, Snapshot),
    DeleteSnapshot(u32, String),
    Move(u32, String),
}

impl Work {
    /// The type that its UPID names.
    pub(super) fn task_type(&self, guest: Option<&Guest>) -> String {
        let prefix = if guest.is_some_and(|guest| guest.kind == Kind::Lxc) { "vz" } else { "qm" };
        let verb = match self {
            Work::HaStart => return "hastart".into(),
            Work::HaStop { .. } => return "hastop".into(),
            Work::Migrate { .. } if prefix == "qm" => return "qmigrate".into(),
            Work::Migrate { .. } => "migrate",
            Work::Start => "start",
            Work::Stop => "stop",
            Work::Shutdown { .. } => "shutdown",
            Work::Reboot { .. } => "reboot",
            Work::Reset => "reset",
            Work::Suspend => "pause",
            Work::Resume => "resume",
            Work::Destroy => "destroy",
            Work::Snapshot { .. } => "snapshot",
            Work::DeleteSnapshot { .. } => "delsnapshot",
            Work::Configure { .. } => "config",
        };
        format!("{prefix}{verb}")
    }
}

impl State {
    /// Lets a task do its work, or wait for the one that holds its guest.
    pub(super) fn judge(&mut self, place: usize) {
        let Some((vmid, work)) = self.tasks[place].work.clone() else { return };
        let (node, begun) = (self.tasks[place].node.clone(), self.tasks[place].start);
        let holder = self.tasks[..place].iter().filter(|other| holds(other, vmid)).filter_map(|other| {
            let (end, _) = other.end.as_ref()?;
            (*end > self.now).then_some(*end)
        });
        let free_at = if waits(&work) { holder.max() } else { None };
        let kind = self.guests.get(&vmid).map_or(Kind::Qemu, |guest| guest.kind);
        let course = match free_at {
            Some(free) if free - begun > LOCK_WAIT => lock_timeout(kind, vmid, begun + LOCK_WAIT - self.now),
            Some(free) => return self.schedule(free, Due::Judge(place)),
            None => match self.guests.get(&vmid).filter(|guest| guest.node == node) {
                Some(guest) => work.course(self, guest),
                None => Course::fails(40, kind.missing(&node, vmid)),
            },
        };
        self.follow(place, course);
        self.tell_ha(vmid, &work);
    }

    fn follow(&mut self, place: usize, course: Course) {
        let now = self.now;
        let task = &mut self.tasks[place];
        task.lines = course.lines.into_iter().map(|(at, line)| (now + at, line)).collect();
        task.end = Some((now + course.takes, course.exit));
        for (at, effect) in course.effects {
            self.schedule(now + at, Due::Effect(effect));
        }
    }

    fn tell_ha(&mut self, vmid: u32, work: &Work) {
        let (wanted, then) = match work {
            Work::HaStart => ("started", Work::Start),
            Work::HaStop { shutdown: true } => ("stopped", Work::Shutdown { timeout: 60, force: true }),
            Work::HaStop { shutdown: false } => ("stopped", Work::Stop),
            _ => return,
        };
        if let Some(ha) = self.guests.get_mut(&vmid).and_then(|guest| guest.ha.as_mut()) {
            ha.wanted = wanted;
            self.schedule(self.now + HA_DELAY, Due::Begin(vmid, then));
        }
    }

    /// What the HA manager does for a request, unless it is as wanted already.
    pub(super) fn begin_for_ha(&mut self, vmid: u32, work: Work) {
        let Some(guest) = self.guests.get(&vmid) else { return };
        let on = guest.power_at(self.now) != Power::Stopped;
        if on != matches!(work, Work::Start) {
            let node = guest.node.clone();
            self.begin(&node, vmid, work);
        } else if !on {
            self.apply(Effect::Ha(vmid, "stopped"));
        }
    }

    pub(super) fn apply(&mut self, effect: Effect) {
        let now = self.now;
        match effect {
            Effect::Remove(vmid) => {
                self.guests.remove(&vmid);
            }
            Effect::Power(vmid, power) => self.change(vmid, |guest| {
                guest.changes.push((now, power));
                if let Some(ha) = guest.ha.as_mut().filter(|ha| ha.wanted == "stopped" && power == Power::Stopped) {
                    ha.state = "stopped";
                }
            }),
            Effect::Ha(vmid, word) => self.change(vmid, |guest| {
                if let Some(ha) = &mut guest.ha {
                    ha.state = word;
                }
            }),
            Effect::Lock(vmid, Some(lock)) => self.change(vmid, |guest| {
                guest.config.insert("lock".into(), lock.into());
            }),
            Effect::Lock(vmid, None) => self.change(vmid, |guest| {
                guest.config.remove("lock");
            }),
            Effect::Snapshot(vmid, snapshot) => self.change(vmid, |guest| {
                guest.config.insert("parent".into(), snapshot.name.as_str().into());
                guest.snapshots.push(snapshot);
            }),
            Effect::DeleteSnapshot(vmid, name) => self.change(vmid, |guest| guest.drop_snapshot(&name)),
            Effect::Move(vmid, node) => self.change(vmid, |guest| guest.node = node),
        }
    }

    fn change(&mut self, vmid: u32, change: impl FnOnce(&mut Guest)) {
        if let Some(guest) = self.guests.get_mut(&vmid) {
            change(guest);
        }
    }
}

impl Guest {
    /// Removes a snapshot; its children become those of its parent.
    fn drop_snapshot(&mut self, name: &str) {
        let parent = self.snapshots.iter().find(|snapshot| snapshot.name == name).and_then(|s| s.parent.clone());
        self.snapshots.retain(|snapshot| snapshot.name != name);
        for child in self.snapshots.iter_mut().filter(|snapshot| snapshot.parent.as_deref() == Some(name)) {
            child.parent.clone_from(&parent);
        }
        if self.text("parent") == Some(name) {
            match parent {
                Some(parent) => self.config.insert("parent".into(), parent.into()),
                None => self.config.remove("parent"),
            };
        }
    }
}

/// Whether a task, once it got to its work, makes others wait. The longer ones lock the configuration instead, so
/// that others fail at once.
fn holds(task: &Task, vmid: u32) -> bool {
    let longer =
        |work: &Work| matches!(work, Work::Snapshot { .. } | Work::DeleteSnapshot { .. } | Work::Migrate { .. });
    task.work.as_ref().is_some_and(|(id, work)| *id == vmid && waits(work) && !longer(work))
}

fn waits(work: &Work) -> bool {
    !matches!(work, Work::HaStart | Work::HaStop { .. } | Work::Configure { .. })
}
