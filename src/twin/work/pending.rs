//! Changes of a configuration: they are noted first and come true at once, where the guest takes that, or when it
//! starts anew.
//!
//! Knows what both kinds of guests have in common; what a running one takes over at once differs between them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::draft::Draft;
use crate::twin::answer::Refusal;
use crate::twin::drive::{UNUSED, drives};
use crate::twin::state::{Guest, Kind, State};

pub(super) mod container;
pub(super) mod vm;

/// What went wrong with single options, while the others came true.
pub(super) type Wrong = Vec<(String, String)>;

/// What a call wants changed, checked as far as it can be without its guest.
#[derive(Clone, Debug, Default)]
pub(in crate::twin) struct Change {
    pub(super) set: Map<String, Value>,
    pub(super) delete: Vec<String>,
    pub(super) revert: Vec<String>,
    /// Disks that are removed go for good.
    pub(super) force: bool,
    /// As the log of a task says it.
    pub(super) said: String,
}

/// Why an option is not taken over.
pub(super) enum Not {
    /// It waits for the next start.
    Now,
    /// It cannot be.
    Ever(String),
}

impl Draft<'_> {
    /// Makes a change: notes it, then takes over what can be.
    pub(super) fn change(&mut self, change: &Change, running: bool) -> Result<Wrong, Refusal> {
        match self.guest.kind {
            Kind::Qemu => vm::change(self, change, running),
            Kind::Lxc => container::change(self, change, running),
        }
    }

    /// Forgets what is noted and makes no difference. Says whether anything is left.
    fn tidy(&mut self) -> bool {
        let guest = &mut self.guest;
        let config = &guest.config;
        guest.pending.retain(|key, value| config.get(key) != Some(value));
        guest.pending_delete.retain(|key, _| config.contains_key(key));
        !guest.pending.is_empty() || !guest.pending_delete.is_empty()
    }

    /// Takes over all that waits, as when a guest starts.
    pub(super) fn take_over(&mut self) -> Wrong {
        match self.guest.kind {
            Kind::Qemu => vm::take_over(self),
            Kind::Lxc => container::take_over(self, None),
        }
    }
}

impl Guest {
    /// Notes a volume that no drive holds any more. PVE takes the first number that is free.
    pub(super) fn add_unused(&mut self, volid: &str) -> Option<String> {
        let keys = || (0..UNUSED).map(|n| format!("unused{n}"));
        if keys().any(|key| self.text(&key) == Some(volid)) {
            return None;
        }
        let key = keys().find(|key| !self.config.contains_key(key))?;
        self.config.insert(key.clone(), volid.into());
        Some(key)
    }

    /// What PVE does whenever it writes a configuration: a volume that a drive holds is not unused.
    pub(super) fn settle(&mut self) {
        let held = [&self.config, &self.pending].into_iter().flat_map(|config| drives(self.kind, config));
        let held: BTreeSet<String> = held.map(|(_, drive)| drive.volume).collect();
        self.config.retain(|key, value| {
            !key.starts_with("unused") || !value.as_str().is_some_and(|volid| held.contains(volid))
        });
    }

    /// Whether a snapshot, or another drive, still needs a volume.
    pub(super) fn needs(&self, volid: &str, but: &str) -> bool {
        let snapshots = self.snapshots.iter().map(|snapshot| &snapshot.config);
        let current: Vec<_> = self.drives().into_iter().filter(|(key, _)| key != but).collect();
        let holds = |drives: Vec<(String, crate::twin::drive::Drive)>| {
            drives.iter().any(|(_, drive)| drive.volume == volid && !drive.is_cdrom())
        };
        holds(current) || snapshots.map(|config| drives(self.kind, config)).any(holds)
    }
}

impl State {
    /// What waits for a start comes true.
    pub(super) fn take_over_pending(&mut self, vmid: u32) {
        let Some(guest) = self.guests.get(&vmid) else { return };
        let mut draft = Draft::of(self, guest);
        draft.guest.told = None;
        draft.take_over();
        draft.guest.settle();
        draft.done().come_true(self);
    }
}
