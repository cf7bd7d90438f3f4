//! The entries of one session, and how many of them are in its file: what is not there yet goes first.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::journal::chain::Head;
use crate::journal::file::Appended;
use crate::journal::{Event, JournalEntry, Kept, Kind, Place};
use crate::text::Text;

/// What a session wrote down, and where.
pub(crate) struct Ledger {
    kept: Where,
    entries: Vec<JournalEntry>,
    /// How many of them, from the first on, are where they are kept.
    written: usize,
    /// Of the file, as this session left it.
    head: Option<Head>,
    /// Why the last of them are not there.
    trouble: Option<String>,
    /// Parameters that are secrets, of everything that was sent.
    secrets: Vec<(String, String)>,
}

/// Where that is.
enum Where {
    Here,
    Off,
    File(Appended),
    Unknown(Error),
}

/// Why entries were not written, and what to do.
pub(crate) struct Unwritten {
    pub(crate) why: String,
    pub(crate) next: String,
}

impl Ledger {
    pub(crate) fn new(place: Place) -> Ledger {
        let kept = match place {
            Place::Here => Where::Here,
            Place::Off => Where::Off,
            Place::File(path) => Where::File(Appended::to(path)),
            Place::Unknown(error) => Where::Unknown(error),
        };
        Ledger { kept, entries: Vec::new(), written: 0, head: None, trouble: None, secrets: Vec::new() }
    }

    /// Where it is kept, for another session that keeps its own there.
    pub(crate) fn place(&self) -> Place {
        match &self.kept {
            Where::Here => Place::Here,
            Where::Off => Place::Off,
            Where::File(file) => Place::File(file.path.clone()),
            Where::Unknown(error) => Place::Unknown(error.clone()),
        }
    }

    /// Keeps these parameters out of everything that comes.
    pub(crate) fn hide(&mut self, secrets: Vec<(String, String)>) {
        let known = |secret: &(String, String)| self.secrets.contains(secret);
        let new: Vec<_> = secrets.into_iter().filter(|secret| !known(secret)).collect();
        self.secrets.extend(new);
    }

    /// One more, which is not written yet.
    pub(crate) fn add(&mut self, entry: JournalEntry) {
        self.entries.push(entry.without(&self.secrets));
    }

    /// Takes the last ones back, which were not written: what they say did not happen.
    pub(crate) fn take_back(&mut self, number: usize) {
        self.entries.truncate(self.entries.len().saturating_sub(number).max(self.written));
    }

    /// Whether what happens is written at once, since something was written before.
    pub(crate) fn is_begun(&self) -> bool {
        self.head.is_some()
    }

    /// Whether the last attempt to write failed.
    pub(crate) fn is_in_trouble(&self) -> bool {
        self.trouble.is_some()
    }

    /// Writes what is not where it belongs yet.
    pub(crate) fn write(&mut self) -> Result<(), Unwritten> {
        let unwritten = &self.entries[self.written..];
        let written = match &mut self.kept {
            Where::File(file) if !unwritten.is_empty() => file.append(unwritten).map(|head| self.head = Some(head)),
            Where::Here | Where::Off | Where::File(_) => Ok(()),
            Where::Unknown(error) => Err(Unwritten { why: error.to_string(), next: "Nothing is sent before".into() }),
        };
        self.trouble = written.as_ref().err().map(|unwritten| unwritten.why.clone());
        if written.is_ok() {
            self.written = self.entries.len();
        }
        written
    }

    /// Goes on in another file, with what is not written yet, and says so in both; `entry` makes an entry of what happens.
    /// Where the new one cannot be written, everything stays as it is.
    pub(crate) fn move_to(&mut self, path: &Path, entry: impl Fn(Event) -> JournalEntry) -> Result<(), Unwritten> {
        let (old, new) = (self.path(), path.display());
        let comes = match (&old, &self.head) {
            (Some(old), Some(head)) => {
                let from = format!("The journal comes from {}, entry {}, head {}", old.display(), head.n, head.hash);
                Event::new(Kind::Moved, from)
            }
            _ => Event::new(Kind::Begun, format!("The journal is kept in {new} from here on")),
        };
        let mut file = Appended::to(path.to_owned());
        self.entries.insert(self.written, entry(comes));
        match file.append(&self.entries[self.written..]) {
            Ok(head) => {
                if let (Where::File(before), Some(_)) = (&mut self.kept, &self.head)
                    && before.path != path
                {
                    // The old one may be the very one that cannot be written; the new one tells of it.
                    let _ = before.append(&[entry(Event::new(Kind::Moved, format!("The journal goes on in {new}")))]);
                }
                (self.kept, self.head, self.written, self.trouble) =
                    (Where::File(file), Some(head), self.entries.len(), None);
                Ok(())
            }
            Err(unwritten) => {
                self.entries.remove(self.written);
                Err(unwritten)
            }
        }
    }

    pub(crate) fn entries(&self) -> &[JournalEntry] {
        &self.entries
    }

    fn path(&self) -> Option<PathBuf> {
        match &self.kept {
            Where::File(file) => Some(file.path.clone()),
            _ => None,
        }
    }

    pub(super) fn kept(&self) -> Kept {
        match &self.kept {
            Where::Here => Kept::Here,
            Where::Off => Kept::Off,
            Where::Unknown(error) => Kept::Unknown(error.clone()),
            Where::File(file) if self.head.is_none() && self.trouble.is_none() => Kept::NotYet(file.path.clone()),
            Where::File(file) => Kept::File {
                path: file.path.clone(),
                head: self.head.clone(),
                unwritten: self.entries.len() - self.written,
                because: self.trouble.clone(),
            },
        }
    }

    /// Whether somebody turned the journal off.
    pub(crate) fn is_off(&self) -> bool {
        matches!(self.kept, Where::Off)
    }

    /// Where it is kept, for who wants to know before acting; of a simulated cluster that is no question.
    pub(crate) fn standing(&self) -> Option<Text> {
        Some(match self.kept() {
            Kept::Here => return None,
            Kept::Off => "none: PVE_JOURNAL=off".into(),
            Kept::Unknown(_) => "not known where, so nothing is sent: see pve.journal()".into(),
            Kept::NotYet(path) => format!("{}, from the first action on", path.display()).into(),
            Kept::File { path, because: None, .. } => path.display().to_string().into(),
            Kept::File { because: Some(because), .. } => because.into(),
        })
    }

    /// What stands beside an outcome: its number in the journal and the head, or that it is not there.
    pub(crate) fn remark(&self) -> Option<Text> {
        match self.kept() {
            Kept::Here | Kept::NotYet(_) => None,
            Kept::Off => Some(OFF.into()),
            Kept::Unknown(_) => Some("in no journal: where it is kept is not known".into()),
            Kept::File { head: Some(head), unwritten: 0, .. } => {
                Some(format!("journal entry {}, head {}", head.n, head.brief()).into())
            }
            Kept::File { because, .. } => {
                Some(format!("not all in the journal: {}", because.unwrap_or_default()).into())
            }
        }
    }
}

/// What outputs say where there is none.
pub(crate) const OFF: &str = "no journal is kept (PVE_JOURNAL=off)";
