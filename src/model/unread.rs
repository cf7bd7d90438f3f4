//! Things of a list that could not be read, told by their reasons. Knows no object of the model.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::model::list::count;
use crate::model::together::some_of;

/// The things that were not read, by the reason; of odd reasons only the first is told.
#[derive(Clone, Default)]
pub(crate) struct Unread {
    shared: BTreeMap<String, Vec<String>>,
    odd: Vec<String>,
    first: String,
}

impl Unread {
    /// For a reason that several may share: `since node pve4 is offline`.
    pub(crate) fn add(&mut self, thing: impl Into<String>, why: String) {
        self.shared.entry(why).or_default().push(thing.into());
    }

    /// For a reason of its own.
    pub(crate) fn odd(&mut self, thing: impl Into<String>, error: &Error) {
        if self.odd.is_empty() {
            self.first = error.to_string();
        }
        self.odd.push(thing.into());
    }

    /// In sentences.
    pub(crate) fn said(&self, noun: (&'static str, &'static str)) -> Vec<String> {
        let said = |things: &[String]| format!("Not read: {} ({})", count(things.len(), noun), some_of(things));
        let shared = self.shared.iter().map(|(why, things)| format!("{}, since {why}.", said(things)));
        let odd = (!self.odd.is_empty()).then(|| match self.odd.len() {
            1 => format!("{}. {}", said(&self.odd), self.first),
            _ => format!("{}. Of the first: {}", said(&self.odd), self.first),
        });
        shared.chain(odd).collect()
    }
}
