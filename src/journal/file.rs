//! The file of a journal: several processes append to it, one at a time, and what is appended is on the disk before
//! anybody goes on.
//!
//! Nothing in it is ever changed. What a crash left of a line stays, ended by the next line, which tells how many bytes of
//! what hash that is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::journal::JournalEntry;
use crate::journal::chain::{Damage, Head, Tail};
use crate::journal::entry::Torn;
use crate::journal::event::{Event, Kind};
use crate::journal::ledger::Unwritten;
use crate::journal::line::{self, Line, sha256};
use crate::own_file;

/// As long as others may be at it.
const PATIENCE: Duration = Duration::from_secs(10);
/// As many bytes of its end are read first; a line has some hundred.
const END: u64 = 64 << 10;

/// A file, and the last line that this session wrote there, if any: it has to be there still.
#[derive(Clone)]
pub(super) struct Appended {
    pub(super) path: PathBuf,
    last: Option<Mark>,
}

#[derive(Clone)]
struct Mark {
    at: u64,
    length: usize,
    hash: String,
}

impl Appended {
    pub(super) fn to(path: PathBuf) -> Appended {
        Appended { path, last: None }
    }

    /// Appends these, all or none, and gives the head that the file has then.
    pub(super) fn append(&mut self, entries: &[JournalEntry]) -> Result<Head, Unwritten> {
        let failed = |what: &str, error: &io::Error| Unwritten {
            why: format!("The journal {} {what}: {error}", self.path.display()),
            next: "Nothing is sent without it: mend that, or go on elsewhere with \
                   pve.journal_to(\"/another/journal.jsonl\")?"
                .into(),
        };
        let (mut file, is_new) = self.open().map_err(|error| failed("cannot be opened", &error))?;
        match locked(&file, own_file::try_lock) {
            Ok(true) => {}
            Ok(false) => {
                let error = io::Error::new(io::ErrorKind::TimedOut, "another process has it locked");
                return Err(failed("cannot be written", &error));
            }
            Err(error) => return Err(failed("cannot be locked", &error)),
        }
        let length = file.metadata().map_err(|error| failed("cannot be read", &error))?.len();
        self.is_still_there(&mut file)?;
        let tail = tail(&mut file, length).map_err(|error| failed("cannot be read", &error))?;
        let tail = tail.map_err(|damage| damaged(&self.path, &damage))?;
        let (bytes, head, last) = lines(entries, tail).map_err(|error| failed("cannot be written", &error.into()))?;
        let written = file.write_all(&bytes).and_then(|()| file.sync_data()).and_then(|()| match is_new {
            true => self.path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all()),
            false => Ok(()),
        });
        if let Err(error) = written {
            // What was written of it is no line yet. Where it cannot be taken back, the next line tells of it.
            let _ = file.set_len(length);
            return Err(failed("cannot be written", &error));
        }
        self.last = Some(Mark { at: length + (bytes.len() - last) as u64, length: last - 1, hash: head.hash.clone() });
        Ok(head)
    }

    /// The file, and whether it was not there before.
    fn open(&self) -> io::Result<(File, bool)> {
        let mut how = OpenOptions::new();
        how.append(true);
        match own_file::open(&self.path, &mut how) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.last.is_none() => {}
            opened => {
                let file = opened?;
                let mode = file.metadata()?.permissions().mode();
                if mode & 0o022 != 0 {
                    let why = format!("others may write it (mode {:o}), so it is no evidence", mode & 0o777);
                    return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
                }
                return Ok((file, false));
            }
        }
        if let Some(folder) = self.path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        Ok((own_file::open(&self.path, how.create(true))?, true))
    }

    /// The last line that this session wrote has to stand where it was.
    fn is_still_there(&self, file: &mut File) -> Result<(), Unwritten> {
        let Some(Mark { at, length, hash }) = &self.last else { return Ok(()) };
        let mut bytes = vec![0; *length];
        let read = file.seek(SeekFrom::Start(*at)).and_then(|_| file.read_exact(&mut bytes));
        match read.map(|()| Line::read(&bytes)) {
            Ok(Ok(line)) if line.head.hash == *hash => Ok(()),
            _ => Err(Unwritten {
                why: format!(
                    "The journal {} does not hold any more what this session wrote there: it was moved, cut or changed \
                     since",
                    self.path.display()
                ),
                next: "Find out by whom; then go on with the file that is there now, or with another: \
                       pve.journal_to(\"/path/journal.jsonl\")?"
                    .into(),
            }),
        }
    }
}

/// The bytes of these entries after such an end, the head that comes of them, and how long the last line is with its end.
fn lines(entries: &[JournalEntry], tail: Tail) -> serde_json::Result<(Vec<u8>, Head, usize)> {
    let (mut bytes, mut head, mut last) = (Vec::new(), tail.head, 0);
    if tail.is_open || !tail.remains.is_empty() {
        bytes.push(b'\n');
    }
    let recovered = entries.first().filter(|_| !tail.remains.is_empty()).map(|first| {
        let words = "bytes before this line are what a crash left of another";
        let event = Event::new(Kind::Recovered, format!("{} {words}", tail.remains.len()));
        let torn = Some(Torn { bytes: tail.remains.len(), sha256: sha256(&tail.remains) });
        let entry = event.entry(first.at, first.cluster.clone(), first.identity.clone(), first.session.clone());
        JournalEntry { torn, ..entry }
    });
    for entry in recovered.iter().chain(entries) {
        let (line, next) = line::write(entry, head.as_ref())?;
        last = line.len() + 1;
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        head = Some(next);
    }
    Ok((bytes, head.unwrap_or(Head { n: 0, hash: String::new() }), last))
}

/// Waits for the lock, and not for ever.
fn locked(file: &File, lock: fn(&File) -> io::Result<bool>) -> io::Result<bool> {
    let since = Instant::now();
    loop {
        if lock(file)? {
            return Ok(true);
        }
        if since.elapsed() >= PATIENCE {
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// How the file ends.
fn tail(file: &mut File, length: u64) -> io::Result<Result<Tail, Damage>> {
    let mut span = END;
    loop {
        let from = length.saturating_sub(span);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(length - from).read_to_end(&mut bytes)?;
        match Tail::of(&bytes, from == 0) {
            Ok(Some(tail)) => return Ok(Ok(tail)),
            Ok(None) => span *= 4,
            Err(damage) => return Ok(Err(damage)),
        }
    }
}

fn damaged(path: &Path, damage: &Damage) -> Unwritten {
    let path = path.display();
    let why = match damage {
        Damage::Changed => format!("The last line of the journal {path} was changed, so nothing can follow it"),
        Damage::Newer(format) => {
            format!(
                "The journal {path} is written in format {format}, which is newer than this version of pve-notebook"
            )
        }
        Damage::NotAJournal => format!("The file {path} is not a journal, or does not end as one"),
    };
    let next = format!(
        "Keep it as it is, and look: Journal::verify({:?})?. To go on, begin another: \
         pve.journal_to(\"/another/journal.jsonl\")?",
        path.to_string()
    );
    Unwritten { why, next }
}

/// The whole file, as it is between two writers.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |error: io::Error| {
        Error::setup(
            format!("The journal {} cannot be read: {error}", path.display()),
            "Check that it exists and that you may read it; pve.journal() says where a session keeps it",
        )
    };
    let mut file = File::open(path).map_err(failed)?;
    if !locked(&file, own_file::try_lock_to_read).map_err(failed)? {
        return Err(failed(io::Error::new(io::ErrorKind::TimedOut, "another process has it locked")));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
