//! Why a file is no recording that can be opened, and what to do about it.

use crate::error::Error;

/// What is wrong with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// The system's words.
    Unreadable(String),
    /// More bytes than any recording has.
    TooLong,
    Empty,
    NotARecording,
    Newer(u64),
    /// Its end is not there.
    Cut,
    /// The hash is that of other bytes.
    Changed,
    /// The hash holds, and what it holds is no recording.
    Malformed(String),
    /// The same of one of its parts.
    Part,
}

pub(super) fn damaged(file: &str, damage: &Damage) -> Error {
    const AGAIN: &str =
        "Copy it again from where it is whole, or record the cluster again: pve.record_to(\"prod.pve.json\")?";
    let (what, next) = match damage {
        Damage::Unreadable(why) => (
            format!("The recording {file} cannot be read: {why}"),
            "Check that it exists and that you may read it; pve.record_to(\"prod.pve.json\")? makes one",
        ),
        Damage::TooLong => (
            format!("The file {file} is longer than any recording, and was not read"),
            "Name the file that pve.record_to(\"prod.pve.json\")? wrote",
        ),
        Damage::Empty => (format!("The recording {file} is empty"), AGAIN),
        Damage::NotARecording => (
            format!("The file {file} is not a recording, or was written anew by another program"),
            "Name the file that pve.record_to(\"prod.pve.json\")? wrote, byte by byte as it was written",
        ),
        Damage::Newer(version) => (
            format!("The recording {file} has the form {version}, which is newer than this version of pve-notebook"),
            "Open it with the version that wrote it, or a later one",
        ),
        Damage::Cut => (format!("The recording {file} was cut off: its end is missing"), AGAIN),
        Damage::Changed => (
            format!("The recording {file} is not as it was recorded: its SHA-256 is not the one that it ends with"),
            AGAIN,
        ),
        Damage::Malformed(why) => (format!("The recording {file} was not understood: {why}"), AGAIN),
        Damage::Part => (format!("The part of the recording from {file} on is damaged"), AGAIN),
    };
    Error::setup(what, next)
}
