//! What tasks do to guests: they wait for each other, get to work, and their effects come true in time.
//!
//! Knows which tasks hold a guest. What PVE refuses at once and how the task goes stands in a file an action, in the
//! folder of this file.

use self::course::{Course, lock_timeout, lock_words, locked};
use self::pending::Change;
pub(super) use self::pending::vm::is_told;
use super::answer::{Answered, Refusal, failed};
use super::state::{Due, Guest, Kind, Ms, Power, State};

pub(super) mod backup;
pub(super) mod bulk;
pub(super) mod clone;
pub(super) mod clone_container;
pub(super) mod configure;
mod copying;
mod course;
pub(super) mod create;
pub(super) mod create_container;
pub(super) mod destroy;
mod disks;
mod draft;
pub(super) mod ha;
pub(super) mod migrate;
pub(super) mod move_disk;
mod pending;
pub(super) mod power;
pub(super) mod resize;
pub(super) mod restore;
pub(super) mod rollback;
pub(super) mod snapshot;
pub(super) mod steps;
pub(super) mod template;

/// How long a task waits for another one that holds the same guest.
const LOCK_WAIT: Ms = 10_000;

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
    Destroy { purge: bool, skiplock: bool, force: bool },
    Snapshot { name: String, description: String, vmstate: bool },
    DeleteSnapshot { name: String },
    Migrate(migrate::Migration),
    Configure { change: Change, skiplock: bool },
    Rollback { name: String, start: bool },
    Resize { disk: String, size: String, digest: Option<String>, skiplock: bool },
    MoveDisk(move_disk::Move),
    Template,
    Clone(clone::Clone),
    CloneContainer(clone_container::Clone),
    Create(create::Create),
    CreateContainer(create_container::Create),
    Restore(restore::Restore),
    Ha(ha::Request),
}

/// A change that comes true at its time.
pub(super) type Effect = Box<dyn FnOnce(&mut State) + Send>;

impl Work {
    /// The type that its UPID names.
    pub(super) fn task_type(&self, guest: Option<&Guest>) -> String {
        let prefix = if guest.is_some_and(|guest| guest.kind == Kind::Lxc) { "vz" } else { "qm" };
        let verb = match self {
            Work::Ha(request) => return request.task_type().into(),
            Work::Migrate(_) if prefix == "qm" => return "qmigrate".into(),
            Work::Migrate(_) => "migrate",
            Work::Restore(_) => "restore",
            Work::Start => "start",
            Work::Stop => "stop",
            Work::Shutdown { .. } => "shutdown",
            Work::Reboot { .. } => "reboot",
            Work::Reset => "reset",
            Work::Suspend => "pause",
            Work::Resume => "resume",
            Work::Destroy { .. } => "destroy",
            Work::Snapshot { .. } => "snapshot",
            Work::DeleteSnapshot { .. } => "delsnapshot",
            Work::Configure { .. } => "config",
            Work::Rollback { .. } => "rollback",
            // The one type without the kind of its guest.
            Work::Resize { .. } => return "resize".into(),
            Work::MoveDisk(_) if prefix == "vz" => return "move_volume".into(),
            Work::MoveDisk(_) => "move",
            Work::Template => "template",
            Work::Clone(_) | Work::CloneContainer(_) => "clone",
            Work::Create(_) | Work::CreateContainer(_) => "create",
        };
        format!("{prefix}{verb}")
    }

    /// How it goes with a guest that nothing else holds.
    fn course(&self, state: &State, guest: &Guest) -> Course {
        let (vmid, now) = (guest.vmid, state.now);
        match self {
            Work::Ha(request) => request.course(state, guest),
            Work::Migrate(migration) => migration.course(state, guest),
            Work::Restore(restore) => restore.course(state, guest),
            _ if guest.lock().is_some() && self.is_stopped_by_locks() && !self.is_idle(guest, now) => locked(guest),
            Work::Start => power::start(state, guest),
            _ if self.is_idle(guest, now) => Course::ok(40),
            Work::Stop => Course::ok(1_000).power(700, vmid, Power::Stopped),
            Work::Shutdown { timeout, force } => power::shutdown(guest, *timeout, *force),
            Work::Reboot { timeout } => power::reboot(guest, *timeout),
            Work::Reset => Course::ok(300),
            Work::Suspend => Course::ok(300).power(200, vmid, Power::Paused),
            Work::Resume => Course::ok(300).power(200, vmid, Power::Running),
            Work::Destroy { .. } => destroy::course(state, guest, self),
            Work::Snapshot { name, description, vmstate } => snapshot::taken(state, guest, name, description, *vmstate),
            Work::DeleteSnapshot { name } => snapshot::deleted(state, guest, name),
            Work::Configure { change, skiplock } => configure::course(state, guest, change, *skiplock),
            Work::Rollback { name, start } => rollback::course(state, guest, name, *start),
            Work::Resize { .. } => resize::course(state, guest, self),
            Work::MoveDisk(moved) => moved.course(state, guest),
            Work::Template => template::course(state, guest),
            Work::Clone(clone) => clone.course(state, guest),
            Work::CloneContainer(clone) => clone.course(state, guest),
            Work::Create(create) => create.course(state, guest),
            Work::CreateContainer(create) => create.course(state, guest),
        }
    }

    /// Whether it changes what the cluster keeps of its guest.
    fn writes(&self) -> bool {
        !self.is_of_power() && !matches!(self, Work::Ha(_) | Work::Migrate(_))
    }

    fn is_of_power(&self) -> bool {
        use Work::{Reboot, Reset, Resume, Shutdown, Start, Stop, Suspend};
        matches!(self, Start | Stop | Shutdown { .. } | Reboot { .. } | Reset | Suspend | Resume)
    }

    /// Whether the lock in a configuration is the first thing that it looks at; the others look for themselves, each in
    /// its turn.
    fn is_stopped_by_locks(&self) -> bool {
        self.is_of_power()
    }

    /// Turning off what is off: done before any lock is looked at.
    fn is_idle(&self, guest: &Guest, now: Ms) -> bool {
        matches!(self, Work::Stop | Work::Shutdown { .. }) && guest.power_at(now) == Power::Stopped
    }
}

impl State {
    /// Lets a task do its work, or wait for the one that holds its guest.
    pub(super) fn judge(&mut self, place: usize) {
        let Some((vmid, work)) = self.tasks[place].work.clone() else { return };
        let (node, begun) = (self.tasks[place].node.clone(), self.tasks[place].start);
        let patience = work.waits().map_or(0, |(_, patience)| patience);
        let free_at = work.waits().and_then(|(how, _)| self.held_until(vmid, how, place));
        let kind = self.guests.get(&vmid).map_or(Kind::Qemu, |guest| guest.kind);
        let course = match free_at {
            Some(free) if free - begun > patience => lock_timeout(kind, vmid, begun + patience - self.now),
            Some(free) => return self.schedule(free, Due::Judge(place)),
            None => match self.guests.get(&vmid).filter(|guest| guest.node == node) {
                Some(guest) => match self.read_only(guest.kind, &node, vmid).filter(|_| work.writes()) {
                    Some(why) => Course::fails(60, why),
                    None => work.course(self, guest),
                },
                None => Course::fails(40, kind.missing(&node, vmid)),
            },
        };
        self.follow(place, course);
    }

    fn follow(&mut self, place: usize, course: Course) {
        let (now, failure) = (self.now, self.failure_of(place));
        let course = match failure {
            Some(words) => course.spoiled(place, words),
            None => course,
        };
        let task = &mut self.tasks[place];
        let first = task.by_ha.then(|| (now, "task started by HA resource agent".to_owned()));
        let lines = course.lines.into_iter().map(|(at, line)| (now + at, line));
        task.lines = first.into_iter().chain(lines).collect();
        task.end = Some((now + course.takes, course.exit));
        (task.locks, task.target, task.broken) = (course.locks, course.target, course.broken);
        for (at, effect) in course.effects {
            self.schedule(now + at, Due::Effect(place, effect));
        }
    }

    /// Turns a guest on or off.
    pub(super) fn turn(&mut self, vmid: u32, power: Power) {
        let now = self.now;
        let was = self.guests.get(&vmid).map(|guest| guest.power_at(now));
        if (was, power) == (Some(Power::Stopped), Power::Running) {
            self.take_over_pending(vmid);
        }
        if let Some(guest) = self.guests.get_mut(&vmid) {
            guest.changes.push((now, power));
        }
    }
}

/// How a task keeps others from a guest while it is at work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// Others that only read may go on.
    Shared,
    Alone,
}

impl Work {
    /// The guests that it holds, and how. The longer ones lock the configuration instead, so that others fail at once.
    fn holds(&self, vmid: u32) -> Vec<(u32, Hold)> {
        match self {
            Work::Snapshot { .. } | Work::DeleteSnapshot { .. } | Work::Rollback { .. } => Vec::new(),
            Work::Ha(_) | Work::Migrate(_) | Work::CloneContainer(_) => Vec::new(),
            Work::MoveDisk(moved) if !moved.holds => Vec::new(),
            Work::Clone(clone) if clone.running => vec![(vmid, Hold::Alone), (clone.newid, Hold::Alone)],
            Work::Clone(clone) => vec![(vmid, Hold::Shared), (clone.newid, Hold::Alone)],
            _ => vec![(vmid, Hold::Alone)],
        }
    }

    /// How it waits for others that hold its guest; `None` when it does not.
    fn waits(&self) -> Option<(Hold, Ms)> {
        match self {
            Work::Ha(_) | Work::CloneContainer(_) => None,
            Work::MoveDisk(moved) if !moved.holds => None,
            Work::Clone(clone) => Some((if clone.running { Hold::Alone } else { Hold::Shared }, 1_000)),
            Work::Create(_) => Some((Hold::Alone, 1_000)),
            Work::Restore(restore) if restore.is_of_machine() => Some((Hold::Alone, 1_000)),
            _ => Some((Hold::Alone, LOCK_WAIT)),
        }
    }
}

impl State {
    /// Until when others that began before hold a guest.
    fn held_until(&self, vmid: u32, how: Hold, before: usize) -> Option<Ms> {
        let ends = self.tasks[..before].iter().filter_map(|task| {
            let (own, work) = task.work.as_ref()?;
            let (end, _) = task.end.as_ref()?;
            let in_the_way = |(id, hold): &(u32, Hold)| *id == vmid && (*hold == Hold::Alone || how == Hold::Alone);
            (*end > self.now && work.holds(*own).iter().any(in_the_way)).then_some(*end)
        });
        ends.max()
    }

    /// Lets time go by until no task holds a guest any more, as long as PVE has patience.
    pub(super) fn wait_for_lock(&mut self, vmid: u32) -> Answered<()> {
        let kind = self.guests.get(&vmid).map_or(Kind::Qemu, |guest| guest.kind);
        let begun = self.now;
        while let Some(free) = self.held_until(vmid, Hold::Alone, self.tasks.len()) {
            if free - begun > LOCK_WAIT {
                self.advance(begun + LOCK_WAIT - self.now);
                return failed(lock_words(kind, vmid));
            }
            self.advance(free - self.now);
        }
        Ok(())
    }
}
