//! How a session writes its journal: what is about to be sent has to be written, all else is written as soon as it can be.

use std::path::Path;

use super::{Session, lock};
use crate::error::Error;
use crate::journal::{Event, Journal, JournalEntry, Kind, Ledger, Place};
use crate::render::say;
use crate::text::Text;

impl Session {
    /// Writes these into the journal, and whatever is not there yet before them. When it returns, they are on the disk,
    /// where the journal is a file.
    ///
    /// # Errors
    /// [`Error::NotRun`]: they could not be written, and what they say must not happen.
    pub(crate) fn record(&self, events: impl IntoIterator<Item = Event>) -> Result<(), Error> {
        let events: Vec<Event> = events.into_iter().collect();
        let secrets = events.iter().flat_map(Event::secrets).collect();
        let entries: Vec<JournalEntry> = events.into_iter().map(|event| self.entry(event)).collect();
        let what = entries.last().map(|entry| entry.what.clone()).unwrap_or_default();
        let number = entries.len();
        let mut ledger = lock(&self.inner.journal);
        ledger.hide(secrets);
        entries.into_iter().for_each(|entry| ledger.add(entry));
        ledger.write().map_err(|unwritten| {
            ledger.take_back(number);
            Error::not_run(what, unwritten.why, unwritten.next)
        })
    }

    /// Notes this down. It goes into the journal's file once something was recorded there, at the latest with what is
    /// recorded next; that it cannot be written is said.
    pub(crate) fn note(&self, event: Event) {
        let begins = event.kind == Kind::Refused && self.armed().is_some();
        let secrets = event.secrets();
        let entry = self.entry(event);
        let mut ledger = lock(&self.inner.journal);
        ledger.hide(secrets);
        ledger.add(entry);
        if !(begins || ledger.is_begun()) {
            return;
        }
        let known = ledger.is_in_trouble();
        if let Err(unwritten) = ledger.write()
            && !known
        {
            say(&format!("This is not in the journal yet. {}. {}", unwritten.why, unwritten.next));
        }
    }

    fn entry(&self, event: Event) -> JournalEntry {
        event.entry(self.now(), self.cluster(), self.identity(), self.id())
    }

    /// What was decided and done so far.
    pub(crate) fn journal(&self) -> Journal {
        let from = self.provenance([], None);
        Journal::of(&lock(&self.inner.journal), from)
    }

    /// Says where the journal of a session is kept that has just been opened.
    pub(crate) fn keep_journal(&self, place: Place) {
        *lock(&self.inner.journal) = Ledger::new(place);
    }

    /// Keeps the journal in this file from now on.
    pub(crate) fn journal_to(&self, path: &Path) -> Result<(), Error> {
        let path = std::path::absolute(path)
            .map_err(|e| Error::setup(format!("{} is no path: {e}", path.display()), "Name a file"))?;
        let moved = lock(&self.inner.journal).move_to(&path, |event| self.entry(event));
        moved.map_err(|unwritten| Error::setup(unwritten.why, unwritten.next))
    }

    /// Where the journal is kept; of a simulated cluster that is no question.
    pub(crate) fn journal_standing(&self) -> Option<Text> {
        lock(&self.inner.journal).standing()
    }

    /// What stands beside an outcome: where it is in the journal, or that it is not there.
    pub(crate) fn journaled(&self) -> Option<Text> {
        lock(&self.inner.journal).remark()
    }
}
