//! Lines as a chain: each follows the one before, and where one does not, what is wrong. Knows bytes, and no file.

use std::collections::HashMap;

use crate::journal::line::{Line, Unread, may_be_remains, sha256};
use crate::journal::{JournalEntry, JournalFault};

/// What a chain comes to: the number and the hash of its last line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) n: u64,
    pub(super) hash: String,
}

impl Head {
    /// As much of the hash as nobody can find a second line for, and a person can compare.
    pub(super) fn brief(&self) -> String {
        format!("{}…", self.hash.chars().take(LEAST_OF_A_HEAD).collect::<String>())
    }
}

/// A head is told from others by so many of its digits.
pub(super) const LEAST_OF_A_HEAD: usize = 20;

/// The lines that hold, as far as they do.
#[derive(Default)]
pub(super) struct Chain {
    pub(super) lines: Vec<Line>,
    /// What is wrong with the first that does not.
    pub(super) fault: Option<JournalFault>,
    /// What crashes left, which later lines tell of: the line of the file where it begins, and how many bytes.
    pub(super) torn: Vec<(u64, usize)>,
}

/// The end of a chain, for who goes on with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) head: Option<Head>,
    /// What stands after the last line that holds: what a crash left of others.
    pub(super) remains: Vec<u8>,
    /// Whether the last line that holds lacks nothing but its end.
    pub(super) is_open: bool,
}

/// Why nobody can go on with a chain.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Damage {
    Changed,
    Newer(u64),
    NotAJournal,
}

/// Bytes between two ends of lines, and where they begin.
struct Piece<'a> {
    at: usize,
    bytes: &'a [u8],
    /// Whether its end is there.
    ends: bool,
}

fn pieces(bytes: &[u8]) -> Vec<Piece<'_>> {
    let mut at = 0;
    let piece = |piece: &'_ [u8]| {
        let here = at;
        at += piece.len();
        (here, piece.len())
    };
    let places: Vec<(usize, usize)> = bytes.split_inclusive(|byte| *byte == b'\n').map(piece).collect();
    let cut = |(at, length): (usize, usize)| {
        let whole = &bytes[at..at + length];
        let bytes = whole.strip_suffix(b"\n").unwrap_or(whole);
        Piece { at, bytes, ends: bytes.len() < length }
    };
    places.into_iter().map(cut).collect()
}

impl Chain {
    pub(super) fn of(bytes: &[u8]) -> Chain {
        let pieces = pieces(bytes);
        let read: Vec<Result<Line, Unread>> = pieces.iter().map(|piece| Line::read(piece.bytes)).collect();
        let places =
            read.iter().enumerate().rev().filter_map(|(at, line)| Some((line.as_ref().ok()?.head.hash.clone(), at)));
        let places: HashMap<String, usize> = places.collect();
        let mut chain = Chain::default();
        // Where that begins which is no line, until a line tells of it.
        let mut unread: Option<(usize, String)> = None;
        for (at, line) in read.into_iter().enumerate() {
            let number = at as u64 + 1;
            let fault = match line {
                Err(Unread::NotALine(why)) => {
                    unread.get_or_insert((at, why));
                    continue;
                }
                Err(Unread::Changed) => Some(JournalFault::Changed { line: number }),
                Err(Unread::Newer(format)) => Some(JournalFault::Newer { line: number, format }),
                Ok(line) if !line.follows(chain.lines.last().map(|line| &line.head)) => {
                    Some(misplaced(&line, at, &places, chain.lines.last().map(|line| &line.head)))
                }
                Ok(line) => {
                    let between = unread.as_ref().map(|(first, _)| &bytes[pieces[*first].at..pieces[at].at - 1]);
                    let told = line.entry.torn.as_ref().map(|torn| (torn.bytes, torn.sha256.clone()));
                    match (between, told) {
                        (None, None) => {
                            chain.lines.push(line);
                            None
                        }
                        (Some(between), Some(told)) if told == (between.len(), sha256(between)) => {
                            chain.torn.extend(unread.take().map(|(first, _)| (first as u64 + 1, between.len())));
                            chain.lines.push(line);
                            None
                        }
                        // What it tells of is not there, or is something else.
                        (_, Some(_)) => Some(JournalFault::Dropped { line: number, missing: None }),
                        (Some(_), None) => Some(JournalFault::NotALine { line: number, why: String::new() }),
                    }
                }
            };
            if fault.is_some() {
                // What is wrong first, is said.
                chain.fault = unread.take().map(|(first, why)| not_a_line(first, why)).or(fault);
                return chain;
            }
        }
        chain.fault = unread.map(|(first, why)| match pieces.last() {
            Some(last) if first + 1 == pieces.len() && !last.ends => {
                JournalFault::Unfinished { line: first as u64 + 1 }
            }
            _ => not_a_line(first, why),
        });
        chain
    }

    pub(super) fn head(&self) -> Option<Head> {
        self.lines.last().map(|line| line.head.clone())
    }

    pub(super) fn into_entries(self) -> Vec<JournalEntry> {
        self.lines.into_iter().map(|line| line.entry).collect()
    }
}

fn not_a_line(at: usize, why: String) -> JournalFault {
    JournalFault::NotALine { line: at as u64 + 1, why }
}

/// What is wrong with a line that is whole and does not follow the one before.
fn misplaced(line: &Line, at: usize, places: &HashMap<String, usize>, head: Option<&Head>) -> JournalFault {
    let number = at as u64 + 1;
    match (places.get(&line.head.hash), places.get(&line.prev)) {
        (Some(first), _) if *first < at => JournalFault::Repeated { line: number, of: *first as u64 + 1 },
        (_, Some(before)) => JournalFault::Reordered { line: number, after: *before as u64 + 1 },
        (_, None) => {
            let missing = line.head.n.checked_sub(head.map_or(0, |head| head.n) + 1).filter(|missing| *missing > 0);
            JournalFault::Dropped { line: number, missing }
        }
    }
}

impl Tail {
    /// The end of a chain in the last bytes of its file; `None` where these are too few to tell.
    pub(super) fn of(bytes: &[u8], from_the_beginning: bool) -> Result<Option<Tail>, Damage> {
        let pieces = pieces(bytes);
        let known = if from_the_beginning { 0 } else { 1.min(pieces.len()) };
        for piece in pieces[known..].iter().rev() {
            match Line::read(piece.bytes) {
                Ok(line) => {
                    let remains =
                        bytes[piece.at + piece.bytes.len()..].strip_prefix(b"\n").unwrap_or_default().to_vec();
                    return Ok(Some(Tail { head: Some(line.head), remains, is_open: !piece.ends }));
                }
                Err(Unread::NotALine(_)) if may_be_remains(piece.bytes) => {}
                Err(Unread::NotALine(_)) => return Err(Damage::NotAJournal),
                Err(Unread::Changed) => return Err(Damage::Changed),
                Err(Unread::Newer(format)) => return Err(Damage::Newer(format)),
            }
        }
        Ok(from_the_beginning.then(|| Tail { head: None, remains: bytes.to_vec(), is_open: false }))
    }
}
