//! A part of a recording: some answers that stand beside each other, packed. It is opened when one of them is asked for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use serde::{Deserialize, Serialize};

use super::damage::{Damage, damaged};
use super::kept::{self, Answers};
use crate::error::Error;

/// As much as a part holds; an answer that is longer has one of its own.
const LENGTH: usize = 256 << 10;
/// More than this no part can hold, whatever it says.
pub(super) const MOST: usize = 64 << 20;
/// How hard to pack: the usual effort.
const EFFORT: u8 = 6;

/// Some answers, packed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// What the first of its answers was asked by.
    pub(super) first: String,
    /// How long they are unpacked.
    pub(super) bytes: usize,
    zlib: String,
}

impl Part {
    fn of(first: &str, lines: &str) -> Part {
        let zlib = STANDARD.encode(compress_to_vec_zlib(lines.as_bytes(), EFFORT));
        Part { first: first.to_owned(), bytes: lines.len(), zlib }
    }

    /// What it holds.
    pub(super) fn answers(&self) -> Result<Answers, Error> {
        self.unpacked().ok_or_else(|| damaged(&self.first, &Damage::Part))
    }

    fn unpacked(&self) -> Option<Answers> {
        kept::read(&self.lines()?).ok()
    }

    /// Its lines, unless they are not as long as it says.
    pub(super) fn lines(&self) -> Option<String> {
        let packed = STANDARD.decode(&self.zlib).ok()?;
        let lines = decompress_to_vec_zlib_with_limit(&packed, self.bytes.min(MOST)).ok()?;
        if lines.len() == self.bytes { String::from_utf8(lines).ok() } else { None }
    }
}

/// All answers in parts, how long they are unpacked, and how many secrets were left out of them.
pub(super) fn all(answers: &Answers) -> serde_json::Result<(Vec<Part>, usize, usize)> {
    let (mut parts, mut bytes, mut secrets) = (Vec::new(), 0, 0);
    let (mut first, mut lines) = ("", String::new());
    for (key, reply) in answers {
        let (line, left_out) = kept::write(key, reply)?;
        if !lines.is_empty() && lines.len() + line.len() > LENGTH {
            parts.push(Part::of(first, &lines));
            lines.clear();
        }
        if lines.is_empty() {
            first = key;
        }
        lines.push_str(&line);
        bytes += line.len();
        secrets += left_out;
    }
    if !lines.is_empty() {
        parts.push(Part::of(first, &lines));
    }
    Ok((parts, bytes, secrets))
}
