//! Answers that may be given again, for sessions that were asked to: up to an age that every output then shows. Knows
//! which answers must never be old; knows nothing of what is in them.
//!
//! Any write of the session empties the memory, when it is sent and when it is answered, and an answer to what was asked
//! before a write is not kept.

use std::collections::HashMap;
use std::time::Duration;

use super::{Session, lock};
use crate::error::Error;
use crate::wire::{Call, Method, Pending, Reply};

/// More than this is not kept.
const MOST_BYTES: usize = 64 << 20;

/// What was answered since the last write.
#[derive(Default)]
pub(super) struct Memory {
    /// Grows with the beginning and the end of each write.
    generation: u64,
    answers: HashMap<Call, Reply>,
    bytes: usize,
}

impl Memory {
    fn clear(&mut self) {
        *self = Memory { generation: self.generation + 1, ..Memory::default() };
    }

    fn insert(&mut self, call: Call, reply: Reply) {
        if self.bytes + reply.body.len() > MOST_BYTES {
            (self.answers, self.bytes) = (HashMap::new(), 0);
        }
        self.bytes += reply.body.len();
        if let Some(old) = self.answers.insert(call, reply) {
            self.bytes -= old.body.len();
        }
    }
}

/// Whether only the present answer is of use: how far tasks are, what is free, what may be done, what ran in a guest.
fn is_always_asked(call: &Call) -> bool {
    let words = ["tasks", "nextid", "permissions", "exec-status"];
    call.method != Method::Get || call.path.split('/').any(|part| words.contains(&part))
}

impl Session {
    /// The same session, whose reads may be answered from memory by what is at most this old.
    pub(crate) fn cached(&self, at_most: Duration) -> Session {
        Session { at_most: Some(at_most), ..self.clone() }
    }

    /// The same session, whose every read is sent.
    pub(crate) fn uncached(&self) -> Session {
        Session { at_most: None, ahead: None, ..self.clone() }
    }

    /// The same session for making a plan: every read is sent, privileges are those of now, and nothing is hidden.
    pub(crate) fn for_acting(&self) -> Session {
        self.refresh_privileges();
        self.uncached().unseen()
    }

    /// How old an answer from memory may be.
    pub(crate) fn at_most(&self) -> Option<Duration> {
        self.at_most
    }

    /// What an answer to this call will have to be of, to be kept. A write leaves nothing of what was before.
    pub(super) fn generation_for(&self, call: &Call) -> u64 {
        let mut memory = lock(&self.inner.memory);
        if call.method.is_write() {
            memory.clear();
        }
        memory.generation
    }

    /// Empties the memory: something has happened that this session knows of.
    pub(super) fn forget_answers(&self) {
        lock(&self.inner.memory).clear();
    }

    /// The answer in memory, if it is young enough.
    pub(super) fn recall(&self, call: &Call) -> Option<Pending> {
        let at_most = self.at_most.filter(|_| !is_always_asked(call))?;
        let known = lock(&self.inner.memory).answers.get(call).cloned()?;
        (self.now().since(known.at).duration() <= at_most).then(|| Pending::ready(Ok(known)))
    }

    /// Keeps an answer: for a session that uses the memory, or in the place of an older one there.
    pub(super) fn keep(&self, call: &Call, reply: &Result<Reply, Error>, generation: u64) {
        let mut memory = lock(&self.inner.memory);
        if call.method.is_write() {
            return memory.clear();
        }
        let Ok(reply) = reply else { return };
        let is_wanted = self.at_most.is_some() || memory.answers.contains_key(call);
        if reply.is_ok() && is_wanted && !is_always_asked(call) && memory.generation == generation {
            memory.insert(call.clone(), reply.clone());
        }
    }
}

#[cfg(test)]
mod tests;
