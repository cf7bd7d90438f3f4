//! What was decided and done, as evidence that lasts: lines in a file, each carrying the hash of the one before.
//!
//! Knows the form of the lines, the file and its chain; knows no plan and asks no cluster.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::page::Provenance;
use crate::text::Text;

mod chain;
mod entry;
mod event;
mod file;
mod ledger;
mod line;
mod page;
mod place;
mod report;
#[cfg(test)]
mod tests;

pub use entry::{JournalCheck, JournalEntry};
pub(crate) use event::{Event, Kind};
pub(crate) use ledger::{Ledger, OFF};
pub(crate) use place::Place;
pub use report::{JournalFault, JournalReport};

use chain::Head;

/// What was decided and done: in a session ([`Pve::journal`](crate::Pve::journal)), or in a file ([`Journal::read`]).
///
/// Of a real cluster it is a file, `PVE_JOURNAL` or else `~/.local/state/pve-notebook/journal.jsonl`, which the first
/// action of a session begins or continues. Before a call is sent, the plan, its checks and the call stand in it and are
/// on the disk; where they cannot be written, nothing is sent. What became of the call comes after. A session that only
/// looks leaves no file, and the demo cluster keeps none unless asked: [`Pve::journal_to`](crate::Pve::journal_to).
/// `PVE_JOURNAL=off` acts without a journal; then every output says so.
///
/// Each line is a JSON object: `v` (the format, 1), `n` (its number), `at`, `cluster`, `identity`, `session`, `kind`
/// (`armed`, `plan`, `override`, `approved`, `sent`, `task`, `outcome`, `failed`, `refused`, `halted`, `halt cleared`,
/// `runbook`, `step`, `practised`, `begun`, `moved`, `recovered`), `what`, where it applies `target`, `call`, `parameters`, `checks`, `upid`,
/// `detail`, `signed` and `signature`, and last `prev` and `hash`. The hash is the SHA-256 of the line without it, which
/// `sed 's/,"hash":"[0-9a-f]*"}$/}/'` gives; `prev` is the hash of the line before. Secrets are not in it.
///
/// A chain shows what was changed in it, but not that its end was cut off, or that it was written anew as a whole: only its
/// head does, the hash of its last line, kept elsewhere. Notebooks show it beside every outcome.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// # let folder = std::env::temp_dir().join(format!("pve-notebook-doc-{}", std::process::id()));
/// # let path = folder.join("journal.jsonl");
/// use pve_notebook::*;
/// let pve = Pve::demo()?;
/// pve.journal_to(&path)?;
/// pve.guest("web-1")?.start().run()?;
/// let head = pve.journal().head().unwrap_or_default();
/// let report = Journal::verify(&path)?.holds(head.raw());
/// assert!(report.is_intact());
/// # std::fs::remove_dir_all(folder).ok();
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Journal {
    entries: Vec<JournalEntry>,
    kept: Kept,
    provenance: Option<Provenance>,
    /// That its last line breaks off.
    unfinished: Option<JournalFault>,
}

/// Where the entries of a journal are.
#[derive(Clone)]
enum Kept {
    /// In this process only.
    Here,
    /// Nowhere else, since somebody turned the journal off.
    Off,
    /// They will be in this file once something is done.
    NotYet(PathBuf),
    /// In this file, whose last line as far as is known this is, but for so many of the last of them, for this reason.
    File { path: PathBuf, head: Option<Head>, unwritten: usize, because: Option<String> },
    /// Where they will be is not known.
    Unknown(Error),
}

impl Journal {
    pub(crate) fn of(ledger: &Ledger, provenance: Provenance) -> Journal {
        Journal {
            entries: ledger.entries().to_vec(),
            kept: ledger.kept(),
            provenance: Some(provenance),
            unfinished: None,
        }
    }

    /// A journal's file, with the entries of all sessions that wrote to it. Of a last line that breaks off, as a crash leaves
    /// it, only that is said.
    ///
    /// # Errors
    /// When it cannot be read, or its chain does not hold: what it says is then no evidence. [`Journal::verify`] tells
    /// where it breaks.
    pub fn read(path: impl AsRef<Path>) -> Result<Journal, Error> {
        let path = path.as_ref();
        let bytes = file::read(path)?;
        let chain = chain::Chain::of(&bytes);
        let unfinished = chain.fault.clone().filter(|fault| matches!(fault, JournalFault::Unfinished { .. }));
        if let Some(fault) = &chain.fault
            && unfinished.is_none()
        {
            return Err(Error::setup(
                format!("The journal {} does not hold: {fault}", path.display()),
                format!("Look at all that can be said of it: Journal::verify({:?})?", path.display().to_string()),
            ));
        }
        let kept = Kept::File { path: path.to_owned(), head: chain.head(), unwritten: 0, because: None };
        Ok(Journal { entries: chain.into_entries(), kept, provenance: None, unfinished })
    }

    /// Looks at the whole chain of a journal's file. A line that was changed, dropped, repeated or put elsewhere is found;
    /// lines cut off its end, or a chain written anew, are found by holding a head against it that a notebook showed:
    /// `Journal::verify(path)?.holds("3f9a…")`.
    ///
    /// # Errors
    /// When the file cannot be read. That the chain does not hold is what the report says.
    pub fn verify(path: impl AsRef<Path>) -> Result<JournalReport, Error> {
        let path = path.as_ref();
        Ok(JournalReport::of(path, chain::Chain::of(&file::read(path)?)))
    }

    /// The hash of its last line: what shows later that nothing was cut off. `None` where there is no file, or nothing in
    /// it yet.
    pub fn head(&self) -> Option<Text> {
        match &self.kept {
            Kept::File { head, .. } => head.as_ref().map(|head| head.hash.as_str().into()),
            _ => None,
        }
    }

    /// Its file, where it has one.
    pub fn path(&self) -> Option<PathBuf> {
        match &self.kept {
            Kept::File { path, .. } | Kept::NotYet(path) => Some(path.clone()),
            Kept::Here | Kept::Off | Kept::Unknown(_) => None,
        }
    }

    /// What it says, in order.
    pub fn entries(&self) -> Vec<JournalEntry> {
        self.entries.clone()
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Journal({} entries)", self.entries.len())
    }
}
