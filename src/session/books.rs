//! The books of a session: what is allowed, what halted it, and how actions left their guests. Asks nobody anything.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::MutexGuard;

use super::{Session, lock};
use crate::error::Error;
use crate::journal::{Event, Kind};
use crate::text::Text;
use crate::units::Moment;

/// What changes during a session.
#[derive(Default)]
pub(super) struct Books {
    armed: Option<Text>,
    halted: Option<Text>,
    /// By subject: how many codes it has had, and since when the present one holds.
    codes: BTreeMap<String, (u64, Moment)>,
    /// What an action of this session left behind, by VMID: the cluster's overview lags behind it.
    known: BTreeMap<u32, Known>,
}

/// A guest's state as this session saw it last, after acting on it.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) at: Moment,
    pub(crate) status: Text,
}

impl Books {
    /// Those of a session in which one may act from the beginning.
    pub(super) fn armed(why: &str) -> Books {
        Books { armed: Some(why.into()), ..Books::default() }
    }
}

impl Session {
    fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.inner.books)
    }

    /// Allows actions, and says why.
    pub(crate) fn arm(&self, why: &str) {
        self.note(Event::new(Kind::Armed, why));
        self.books().armed = Some(why.into());
    }

    /// The reason for which actions are allowed.
    pub(crate) fn armed(&self) -> Option<Text> {
        self.books().armed.clone()
    }

    /// Stops every further action. The first failure is the one that is named.
    pub(crate) fn halt(&self, because: impl Into<Text>) {
        let because = because.into();
        self.note(Event::new(Kind::Halted, &because));
        self.inner.kernel.halt(because.raw());
        self.books().halted.get_or_insert(because);
    }

    /// The failure that halted the session: its own, or in a notebook that of any session or cell.
    pub(crate) fn halted(&self) -> Option<Text> {
        self.books().halted.clone().or_else(|| self.inner.kernel.halted().map(Text::from))
    }

    /// Goes on after a failure, once a person has looked.
    pub(crate) fn clear_halt(&self, why: &str) -> Result<(), Error> {
        self.inner.kernel.clear().map_err(|e| {
            Error::setup(format!("The halt could not be cleared: {e}"), "Restart the kernel; then nothing is halted")
        })?;
        self.note(Event::new(Kind::HaltCleared, why));
        self.books().halted = None;
        Ok(())
    }

    /// Remembers how an action left a guest.
    pub(crate) fn remember(&self, vmid: u32, status: Text) {
        let known = Known { at: self.now(), status };
        self.books().known.insert(vmid, known);
    }

    /// Forgets it, since something else is about to be done to the guest.
    pub(crate) fn forget(&self, vmid: u32) {
        self.books().known.remove(&vmid);
    }

    /// How an action of this session left a guest, where an overview of that time may not show it yet. An answer from
    /// memory goes on lagging for as long as it is given again.
    pub(crate) fn remembered(&self, vmid: u32, overview_of: Moment) -> Option<Known> {
        const OVERVIEW_LAG: u64 = 15;
        let known = self.books().known.get(&vmid).cloned()?;
        (overview_of.since(known.at).0 <= OVERVIEW_LAG).then_some(known)
    }

    /// A short code for this subject: it holds in this session, until it is spent, for 15 minutes.
    pub(crate) fn code(&self, subject: &str) -> String {
        const LIFE: u64 = 15 * 60;
        let now = self.now();
        let mut books = self.books();
        let (turn, since) = books.codes.entry(subject.to_owned()).or_insert((0, now));
        if now.since(*since).0 > LIFE {
            (*turn, *since) = (*turn + 1, now);
        }
        format!("{:04X}", self.inner.codes.hash_one((subject, *turn)) & 0xFFFF)
    }

    /// Makes a code worthless; the subject has another from now on.
    pub(crate) fn spend_code(&self, subject: &str) {
        let now = self.now();
        self.books().codes.entry(subject.to_owned()).and_modify(|(turn, since)| (*turn, *since) = (*turn + 1, now));
    }
}
