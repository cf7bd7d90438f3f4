//! The file of a recording: JSON whose first lines say of what, by whom and when, then the parts, and last the SHA-256 of
//! every byte before that line.
//!
//! `head -n 12 prod.pve.json` shows what it is, `head -n -1 prod.pve.json | sha256sum` holds it to what was written. The hash
//! tells of accidents; it is no signature.

use std::fs;
use std::io::Read;
use std::path::Path;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::damage::{Damage, damaged};
use super::kept::Answers;
use super::part::{self, Part};
use crate::error::Error;
use crate::own_file;

/// The form that this version writes, and the newest that it reads.
const VERSION: u64 = 1;
/// How every recording begins, whatever its form.
const BEGINNING: &str = "{\n\"format\": \"pve-notebook recording\",\n\"version\": ";
const BEFORE_PARTS: &str = "\"parts\": [\n";
const BEFORE_HASH: &str = "],\n\"sha256\": \"";
const AFTER_HASH: &str = "\"}\n";
/// More bytes than this are not read.
const MOST: u64 = 512 << 20;

/// What stands at the beginning of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// The cluster's name, and its version where that is known.
    pub(crate) cluster: String,
    /// Who asked.
    pub(crate) identity: String,
    /// When the last answer came, for people.
    pub(crate) recorded: String,
    /// The same in seconds since 1970.
    pub(crate) moment: i64,
    /// How many answers there are.
    pub(crate) answers: usize,
    /// How many of them are refusals.
    pub(crate) refused: usize,
}

/// A file that was read.
pub(super) struct File {
    pub(super) about: About,
    pub(super) parts: Vec<Part>,
}

/// What came of writing one.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// How long the file is.
    pub(crate) bytes: usize,
    /// How long the answers in it are.
    pub(crate) unpacked: usize,
    /// How many secrets were left out.
    pub(crate) secrets: usize,
}

/// The whole file, and what there is to say of it.
fn bytes(about: &About, answers: &Answers) -> serde_json::Result<(String, Written)> {
    let (parts, unpacked, secrets) = part::all(answers)?;
    let mut text = format!("{BEGINNING}{VERSION},\n");
    // A line a field, without the braces around them.
    let fields = serde_json::to_string_pretty(about)?;
    text.push_str(fields.trim_start_matches("{\n").trim_end_matches("\n}"));
    text.push_str(",\n");
    text.push_str(BEFORE_PARTS);
    for (n, part) in parts.iter().enumerate() {
        text.push_str(&serde_json::to_string(part)?);
        text.push_str(if n + 1 < parts.len() { ",\n" } else { "\n" });
    }
    text.push_str("],\n");
    let hash = sha256(text.as_bytes());
    text.push_str(&format!("{}{hash}{AFTER_HASH}", &BEFORE_HASH[3..]));
    let bytes = text.len();
    Ok((text, Written { bytes, unpacked, secrets }))
}

/// Writes a recording in the place of whatever has this name.
///
/// # Errors
/// When it cannot be written; what was there stays.
pub(crate) fn write(path: &Path, about: &About, answers: &Answers) -> Result<Written, Error> {
    let failed = |why: String| {
        Error::setup(
            format!("The recording {} cannot be written: {why}", path.display()),
            "Nothing was changed there. Name a file in a folder that you may write, on a disk with room",
        )
    };
    let (text, written) = bytes(about, answers).map_err(|error| failed(error.to_string()))?;
    own_file::replace(path, text.as_bytes()).map_err(|error| failed(error.to_string()))?;
    Ok(written)
}

/// Reads a recording, all but the inside of its parts.
pub(super) fn read(path: &Path) -> Result<File, Error> {
    let whole = bytes_of(path).and_then(|bytes| understood(&bytes));
    whole.map_err(|damage| damaged(&path.display().to_string(), &damage))
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, Damage> {
    let unreadable = |error: std::io::Error| Damage::Unreadable(error.to_string());
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST { Err(Damage::TooLong) } else { Ok(bytes) }
}

fn understood(bytes: &[u8]) -> Result<File, Damage> {
    if bytes.is_empty() {
        return Err(Damage::Empty);
    }
    let Some(rest) = bytes.strip_prefix(BEGINNING.as_bytes()) else {
        let cut = BEGINNING.as_bytes().starts_with(bytes);
        return Err(if cut { Damage::Cut } else { Damage::NotARecording });
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let version = std::str::from_utf8(&rest[..digits]).ok().and_then(|digits| digits.parse().ok());
    match version {
        Some(version) if version > VERSION && rest.len() > digits => return Err(Damage::Newer(version)),
        _ => {}
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Damage::Changed)?;
    let end = text.strip_suffix(AFTER_HASH).and_then(|text| text.rsplit_once(BEFORE_HASH));
    let (_, hash) = end.filter(|(_, hash)| hash.len() == 64).ok_or(Damage::Cut)?;
    let hashed = text.len() - AFTER_HASH.len() - hash.len() - (BEFORE_HASH.len() - 3);
    if sha256(&bytes[..hashed]) != hash {
        return Err(Damage::Changed);
    }
    #[derive(Deserialize)]
    struct Parts {
        parts: Vec<Part>,
    }
    let malformed = |error: serde_json::Error| Damage::Malformed(error.to_string());
    let Parts { parts } = serde_json::from_str(text).map_err(malformed)?;
    let head = text.split_once(BEFORE_PARTS).map(|(head, _)| format!("{head}{BEFORE_PARTS}]}}")).unwrap_or_default();
    let about = serde_json::from_str(&head).map_err(malformed)?;
    let in_order = parts.windows(2).all(|two| two[0].first < two[1].first);
    if !in_order || parts.iter().any(|part| part.bytes > part::MOST) {
        return Err(Damage::Malformed("its parts are out of order, or longer than they can be".into()));
    }
    Ok(File { about, parts })
}

fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All lines of a recording, unpacked.
#[cfg(test)]
pub(crate) fn unpacked(path: &Path) -> String {
    read(path).unwrap().parts.iter().map(|part| part.lines().unwrap()).collect()
}
