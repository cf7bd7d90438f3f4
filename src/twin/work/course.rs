//! How a task goes, as a plan that is settled when it gets to work: its log, how long it takes, what changes when.
//!
//! Knows no action; each of these stands in a file of its own beside this one.

use super::Effect;
use super::steps::{Break, Cause};
use crate::twin::answer::{Answered, failed};
use crate::twin::state::{Guest, Kind, Ms, Power, State};

/// How a task goes: times count from its beginning.
#[derive(Default)]
pub(super) struct Course {
    pub(super) lines: Vec<(Ms, String)>,
    pub(super) effects: Vec<(Ms, Effect)>,
    pub(super) takes: Ms,
    pub(super) exit: String,
    /// The guest whose configuration it locks.
    pub(super) locks: Option<u32>,
    /// Another node that it talks to.
    pub(super) target: Option<String>,
    /// What it does when it is broken off, where that is more than to end and to give its lock back.
    pub(super) broken: Option<Break>,
}

impl Course {
    pub(super) fn ok(takes: Ms) -> Course {
        Course { takes, exit: "OK".into(), ..Course::default() }
    }

    pub(super) fn fails(takes: Ms, exit: impl Into<String>) -> Course {
        Course { takes, exit: exit.into(), ..Course::default() }
    }

    pub(super) fn line(mut self, at: Ms, line: impl Into<String>) -> Course {
        self.lines.push((at, line.into()));
        self
    }

    /// What changes at a time.
    pub(super) fn then(mut self, at: Ms, effect: impl FnOnce(&mut State) + Send + 'static) -> Course {
        self.effects.push((at, Box::new(effect)));
        self
    }

    /// What changes of a guest at a time, if it is still there then.
    pub(super) fn change(self, at: Ms, vmid: u32, change: impl FnOnce(&mut Guest) + Send + 'static) -> Course {
        self.then(at, move |state| {
            if let Some(guest) = state.guests.get_mut(&vmid) {
                change(guest);
            }
        })
    }

    /// Turns a guest on or off.
    pub(super) fn power(self, at: Ms, vmid: u32, power: Power) -> Course {
        self.then(at, move |state| state.turn(vmid, power))
    }

    /// Locks the configuration of a guest as long as it goes on.
    pub(super) fn locking(self, vmid: u32, lock: &'static str) -> Course {
        let takes = self.takes;
        let unlock = |guest: &mut Guest| drop(guest.config.remove("lock"));
        let lock = move |guest: &mut Guest| drop(guest.config.insert("lock".into(), lock.into()));
        Course { locks: Some(vmid), ..self }.change(0, vmid, lock).change(takes, vmid, unlock)
    }

    /// The same, failing half-way in these words.
    pub(super) fn spoiled(self, place: usize, words: String) -> Course {
        let takes = (self.takes / 2).max(40);
        let lines = self.lines.into_iter().filter(|(at, _)| *at < takes).collect();
        let effects = self.effects.into_iter().filter(|(at, _)| *at < takes).collect();
        let exit = words.clone();
        let course = Course { lines, effects, takes: takes + 1, exit, ..self };
        course.then(takes, move |state| state.break_off(place, Cause::Told(words)))
    }
}

/// A time-out that somebody asked for; what is beyond a year is a year.
pub(super) fn milliseconds(seconds: i64) -> Ms {
    seconds.clamp(0, 366 * 24 * 3_600) * 1_000
}

/// A guest that something else holds by the lock in its configuration.
pub(super) fn locked(guest: &Guest) -> Course {
    Course::fails(40, guest.lock_words().err().unwrap_or_default())
}

impl Guest {
    /// Fails in PVE's words when something else holds it by the lock in its configuration.
    pub(super) fn lock_words(&self) -> Result<(), String> {
        match self.lock() {
            Some(lock) => Err(format!("{} is locked ({lock})", self.kind.short())),
            None => Ok(()),
        }
    }

    /// The same before there is a task.
    pub(super) fn refuse_locked(&self) -> Answered<()> {
        self.lock_words().or_else(failed)
    }
}

/// What PVE says when waiting for another task was in vain.
pub(super) fn lock_words(kind: Kind, vmid: u32) -> String {
    let file = match kind {
        Kind::Qemu => format!("/var/lock/qemu-server/lock-{vmid}.conf"),
        Kind::Lxc => format!("/run/lock/lxc/pve-config-{vmid}.lock"),
    };
    format!("can't lock file '{file}' - got timeout")
}

/// Waiting for another task was in vain.
pub(super) fn lock_timeout(kind: Kind, vmid: u32, takes: Ms) -> Course {
    Course::fails(takes.max(0), lock_words(kind, vmid)).line(0, "trying to acquire lock...")
}
