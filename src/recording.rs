//! A recording: what a cluster answered to every read that a notebook may need, in one file, and the same answers again
//! from it, without a cluster and without a network.
//!
//! Knows calls and answers, and which answer holds what a narrower call asks for; knows no object of the model, and not
//! what is worth recording. What was not recorded is said to be that, and never to be nothing.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::error::Error;
use crate::text::Text;
use crate::units::Moment;
use crate::wire::{Call, Far, Pending, Reply, Wire};

mod damage;
mod file;
mod kept;
mod part;
mod wider;

#[cfg(test)]
pub(crate) use file::unpacked;
pub(crate) use file::{About, write};
pub(crate) use kept::{Answers, key};

pub(crate) use wider::{holds_all, is_without_agent};

use file::File;
use part::Part;

/// Parts that were opened stay open until they are this much together.
const MOST_OPEN: usize = 128 << 20;

/// A recording that was opened: a cluster that only tells, and always the same.
pub(crate) struct Recording {
    about: About,
    /// In the order of what they hold.
    parts: Vec<Part>,
    open: Mutex<Open>,
}

/// The parts that were asked for.
#[derive(Default)]
struct Open {
    parts: HashMap<usize, Arc<Answers>>,
    bytes: usize,
}

impl Recording {
    /// The recording in a file.
    ///
    /// # Errors
    /// When it cannot be read, is no recording, was cut or changed, or is of a later form.
    pub(crate) fn open(path: &Path) -> Result<Recording, Error> {
        let File { about, parts } = file::read(path)?;
        Ok(Recording { about, parts, open: Mutex::default() })
    }

    /// The answers in the part that would hold this one.
    fn part_for(&self, key: &str) -> Result<(usize, Arc<Answers>), Error> {
        let place = self.parts.partition_point(|part| part.first.as_str() <= key).saturating_sub(1);
        Ok((place, self.opened(place)?))
    }

    fn opened(&self, place: usize) -> Result<Arc<Answers>, Error> {
        let Some(part) = self.parts.get(place) else { return Ok(Arc::default()) };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.parts.get(&place) {
            return Ok(Arc::clone(known));
        }
        let answers = Arc::new(part.answers()?);
        if open.bytes + part.bytes > MOST_OPEN {
            *open = Open::default();
        }
        open.bytes += part.bytes;
        open.parts.insert(place, Arc::clone(&answers));
        Ok(answers)
    }

    /// What was answered to exactly this.
    fn exactly(&self, call: &Call) -> Result<Option<Reply>, Error> {
        let key = key(call);
        Ok(self.part_for(&key)?.1.get(&key).cloned())
    }

    /// What was answered on this path, each with its parameters.
    fn on_path(&self, path: &str) -> Result<Vec<(Call, Reply)>, Error> {
        let (first, after) = (format!("{path}?"), format!("{path}@"));
        let (mut place, _) = self.part_for(&first)?;
        let mut found = Vec::new();
        while self.parts.get(place).is_some_and(|part| part.first < after) {
            let answers = self.opened(place)?;
            let here = answers.range(first.clone()..after.clone());
            found.extend(here.map(|(key, reply)| (kept::call(key), reply.clone())));
            place += 1;
        }
        found.extend(self.exactly(&Call::get(path))?.map(|reply| (Call::get(path), reply)));
        Ok(found)
    }

    fn answer(&self, call: &Call) -> Result<Reply, Error> {
        if call.method.is_write() {
            return Err(self.only_tells(call.to_string()));
        }
        if let Some(reply) = self.exactly(call)? {
            return Ok(reply);
        }
        if let Some(reply) = wider::answer(self, call)? {
            return Ok(reply);
        }
        Err(Error::NotRecorded { call: call.shown(), recording: self.named() })
    }

    fn only_tells(&self, what: String) -> Error {
        Error::not_run(
            what,
            format!("This is the recording of {}: it can be looked at, and nothing can be done to it", self.named()),
            "To act, connect to the cluster itself: let pve = Pve::from_env()?;",
        )
    }

    /// Of what and when.
    fn named(&self) -> Text {
        named(&self.about.cluster, Moment::from_unix(self.about.moment))
    }
}

/// A recording as it is named in a sentence: `lab from 2026-11-22 14:03:20 UTC`.
pub(crate) fn named(cluster: &str, at: Moment) -> Text {
    format!("{cluster} from {at}").into()
}

impl Wire for Recording {
    fn submit(&self, call: Call) -> Pending {
        Pending::ready(self.answer(&call))
    }

    fn far(&self) -> Far {
        Far::Recording(self.now())
    }

    fn identity(&self) -> Text {
        self.about.identity.as_str().into()
    }

    fn console(&self) -> Option<Text> {
        None
    }

    /// The moment at which it was recorded, for ever: whatever is an age on a page is the age that it was then.
    fn now(&self) -> Moment {
        Moment::from_unix(self.about.moment)
    }

    fn pause(&self, _time: Duration) {}
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recording({})", self.named())
    }
}

#[cfg(test)]
mod tests;
