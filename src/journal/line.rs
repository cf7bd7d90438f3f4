//! The form of one line: an entry as JSON, its number, the hash of the line before, and last its own.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::journal::JournalEntry;
use crate::journal::chain::Head;
use crate::text::harmless_json;

/// The form that this version writes, and the newest that it reads.
const FORMAT: u64 = 1;
/// What stands for the line before in the first line.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// How every line begins, whatever its form.
const BEGINNING: &[u8] = b"{\"v\":";

/// A line whose hash is that of its words.
pub(super) struct Line {
    pub(super) entry: JournalEntry,
    pub(super) prev: String,
    /// Its number and its hash.
    pub(super) head: Head,
}

/// Why bytes are no such line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// They are none at all.
    NotALine(String),
    /// They are of a later form than this version knows.
    Newer(u64),
    /// The hash is that of other words.
    Changed,
}

/// What every form has.
#[derive(Deserialize)]
struct Chained {
    v: u64,
    n: u64,
    prev: String,
    hash: String,
}

/// What tells the form.
#[derive(Deserialize)]
struct Form {
    v: u64,
}

impl Line {
    pub(super) fn read(bytes: &[u8]) -> Result<Line, Unread> {
        let words = std::str::from_utf8(bytes).map_err(|error| Unread::NotALine(error.to_string()))?;
        let not_a_line = |error: serde_json::Error| Unread::NotALine(error.to_string());
        match serde_json::from_str(words).map_err(not_a_line)? {
            Form { v } if v > FORMAT => return Err(Unread::Newer(v)),
            Form { .. } => {}
        }
        let Chained { v, n, prev, hash } = serde_json::from_str(words).map_err(not_a_line)?;
        let unsealed = words.strip_suffix(&seal(&hash)).ok_or(Unread::Changed)?;
        if v != FORMAT || hash != hash_of(unsealed) {
            return Err(Unread::Changed);
        }
        let entry = serde_json::from_str(words).map_err(not_a_line)?;
        Ok(Line { entry, prev, head: Head { n, hash } })
    }

    /// Whether it follows the line with this head; the first follows none.
    pub(super) fn follows(&self, head: Option<&Head>) -> bool {
        self.prev == prev(head) && self.head.n == number(head)
    }
}

/// The line of an entry that follows the one with this head, without its end, and its own head.
pub(super) fn write(entry: &JournalEntry, head: Option<&Head>) -> serde_json::Result<(String, Head)> {
    let entry = harmless_json(&serde_json::to_string(entry)?);
    let (n, prev) = (number(head), prev(head));
    // An object's members are joined with those that every line has.
    let members = entry.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    let unsealed = format!("{{\"v\":{FORMAT},\"n\":{n},{members},\"prev\":\"{prev}\"");
    let hash = hash_of(&unsealed);
    Ok((unsealed + &seal(&hash), Head { n, hash }))
}

/// Whether bytes may be what a crash left of a line: its beginning, and the zeros of a file that grew before it was filled.
pub(super) fn may_be_remains(bytes: &[u8]) -> bool {
    let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
    let written = &bytes[..bytes.len() - zeros];
    let begun = &written[..written.len().min(BEGINNING.len())];
    // What is whole, with its end, was not cut by a crash, and what is wrong in the middle was not written by this crate.
    let is_cut = match serde_json::from_slice::<IgnoredAny>(written) {
        Ok(_) => zeros > 0,
        Err(error) => error.is_eof(),
    };
    BEGINNING.starts_with(begun) && is_cut
}

fn number(head: Option<&Head>) -> u64 {
    head.map_or(1, |head| head.n + 1)
}

fn prev(head: Option<&Head>) -> &str {
    head.map_or(NOTHING, |head| &head.hash)
}

fn seal(hash: &str) -> String {
    format!(",\"hash\":\"{hash}\"}}")
}

/// The hash of a line that ends before its hash: of the object that it would be without.
fn hash_of(unsealed: &str) -> String {
    sha256(format!("{unsealed}}}").as_bytes())
}

/// In hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
