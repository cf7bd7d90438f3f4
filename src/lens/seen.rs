//! A lens in use: with what the cluster itself was heard to say, which no lens changes.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::heard::Heard;
use super::words::Words;
use super::{Lens, Unit};
use crate::text::Text;

/// What a lens names and is not there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Remark {
    /// In a sentence, with what is there.
    pub(crate) words: Text,
    /// In a clause, of what is in no list, but may be on a page that somebody made.
    pub(crate) brief: Option<Text>,
}

impl Remark {
    pub(crate) fn certain(words: impl Into<Text>) -> Remark {
        Remark { words: words.into(), brief: None }
    }

    pub(crate) fn likely(brief: impl Into<Text>, words: impl Into<Text>) -> Remark {
        Remark { words: words.into(), brief: Some(brief.into()) }
    }
}

/// A lens that something was read through.
pub(crate) struct Seen {
    pub(crate) lens: Lens,
    words: Words,
    heard: Mutex<Heard>,
    /// What it names and is not there.
    pub(crate) remarks: Vec<Remark>,
}

impl Seen {
    pub(crate) fn through(lens: Lens, remarks: Vec<Remark>) -> Seen {
        Seen { words: Words::of(&lens), heard: Mutex::default(), lens, remarks }
    }

    /// Takes down what the cluster says, since that stays as it is.
    pub(crate) fn hear(&self, said: &str) {
        if !self.words.is_empty() {
            self.heard().hear(said, &self.words);
        }
    }

    /// A sentence in the words of the lens. Words that stay, since something is called so, are added to `left`.
    pub(crate) fn say(&self, text: &Text, left: &mut BTreeSet<String>) -> Text {
        if self.words.is_empty() {
            return text.clone();
        }
        // What a sentence prices, it does not tell.
        let unit = self.lens.sizes().filter(|unit| unit.is_size());
        self.words.say(text.raw(), unit, &self.heard(), left).into()
    }

    /// The words of a cell, with its sizes in this unit; what the cluster itself said stays.
    pub(crate) fn call(&self, text: &Text, unit: Option<&Unit>, left: &mut BTreeSet<String>) -> Text {
        if self.words.is_empty() || self.heard().has_said_all(text.raw()) {
            return text.clone();
        }
        self.words.say(text.raw(), unit, &self.heard(), left).into()
    }

    /// What both were seen through.
    pub(crate) fn both(one: Option<Arc<Seen>>, other: Option<&Arc<Seen>>) -> Option<Arc<Seen>> {
        let (Some(one), Some(other)) = (&one, other) else { return one.or_else(|| other.cloned()) };
        if Arc::ptr_eq(one, other) {
            return Some(one.clone());
        }
        let mut remarks = one.remarks.clone();
        remarks.extend(other.remarks.iter().filter(|remark| !one.remarks.contains(remark)).cloned());
        let both = Seen::through(one.lens.and(&other.lens), remarks);
        let mut heard = one.heard().clone();
        heard.and(&other.heard());
        Some(Arc::new(Seen { heard: Mutex::new(heard), ..both }))
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Seen {
    /// As the line has it that says where something comes from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let brief: Vec<String> =
            self.remarks.iter().filter_map(|remark| Some(remark.brief.as_ref()?.to_string())).collect();
        let brief = if brief.is_empty() { String::new() } else { format!(" ({})", brief.join("; ")) };
        write!(f, "as seen by {}{brief}", self.lens.name())
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
