//! Reads that ask the same at the same time share one answer. Knows which calls are on their way; sends nothing.
//!
//! A read that was sent before a write was submitted, or before it was answered, may tell of the time before it: none
//! that comes later joins it.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::wire::Call;

/// The calls that are on their way, each with those who wait for its answer.
pub(crate) struct Joining<W>(Arc<Mutex<Calls<W>>>);

struct Calls<W> {
    /// Grows with the beginning and the end of each write.
    generation: u64,
    waiting: HashMap<(u64, Call), Vec<W>>,
}

/// A call that has to be sent. Should it be dropped without an answer, so are those who wait for it.
pub(crate) struct OnItsWay<W> {
    calls: Arc<Mutex<Calls<W>>>,
    key: (u64, Call),
    has_left: bool,
}

impl<W> Default for Joining<W> {
    fn default() -> Joining<W> {
        Joining(Arc::new(Mutex::new(Calls { generation: 0, waiting: HashMap::new() })))
    }
}

impl<W> Joining<W> {
    /// Lets somebody wait for the answer to a call. `None` when that answer is on its way already.
    pub(crate) fn enter(&self, call: &Call, waiter: W) -> Option<OnItsWay<W>> {
        let mut calls = lock(&self.0);
        calls.generation += u64::from(call.method.is_write());
        let key = (calls.generation, call.clone());
        if let Some(waiting) = calls.waiting.get_mut(&key) {
            waiting.push(waiter);
            return None;
        }
        calls.waiting.insert(key.clone(), vec![waiter]);
        drop(calls);
        Some(OnItsWay { calls: Arc::clone(&self.0), key, has_left: false })
    }
}

impl<W> OnItsWay<W> {
    /// The answer is there: everybody who waits for it, and nobody joins any more.
    pub(crate) fn arrived(mut self) -> Vec<W> {
        self.leave()
    }

    fn leave(&mut self) -> Vec<W> {
        if mem::replace(&mut self.has_left, true) {
            return Vec::new();
        }
        let mut calls = lock(&self.calls);
        let waiting = calls.waiting.remove(&self.key).unwrap_or_default();
        calls.generation += u64::from(self.key.1.method.is_write());
        waiting
    }
}

impl<W> Drop for OnItsWay<W> {
    fn drop(&mut self) {
        // Outside of the lock: whoever is dropped may have something to say.
        drop(self.leave());
    }
}

fn lock<W>(calls: &Mutex<Calls<W>>) -> MutexGuard<'_, Calls<W>> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;

    fn read(vmid: u32) -> Call {
        Call::get(format!("/nodes/pve1/qemu/{vmid}/config"))
    }

    #[test]
    fn equal_reads_share_one_answer_while_it_is_on_its_way() {
        let calls = Joining::default();
        let first = calls.enter(&read(101), "a").unwrap();
        assert!(calls.enter(&read(101), "b").is_none());
        assert!(calls.enter(&read(102), "c").is_some());
        assert!(calls.enter(&read(101).with("current", "1"), "d").is_some());
        assert_eq!(first.arrived(), ["a", "b"]);
        assert_eq!(calls.enter(&read(101), "e").unwrap().arrived(), ["e"]);
    }

    #[test]
    fn no_read_joins_one_of_before_a_write_began_or_ended() {
        let calls = Joining::default();
        let before = calls.enter(&read(101), "before").unwrap();
        let start = Call::new(Method::Post, "/nodes/pve1/qemu/101/status/start");
        let write = calls.enter(&start, "write").unwrap();
        let again = calls.enter(&start, "write again").unwrap();
        let during = calls.enter(&read(101), "during").unwrap();
        assert!(calls.enter(&read(101), "during too").is_none());
        assert_eq!((write.arrived(), again.arrived()), (vec!["write"], vec!["write again"]));
        let after = calls.enter(&read(101), "after").unwrap();
        assert_eq!(after.arrived(), ["after"]);
        assert_eq!(during.arrived(), ["during", "during too"]);
        assert_eq!(before.arrived(), ["before"]);
    }

    #[test]
    fn a_call_that_is_given_up_keeps_nobody_waiting() {
        let calls = Joining::default();
        let waiter = Arc::new(());
        drop(calls.enter(&read(101), Arc::clone(&waiter)));
        assert_eq!(Arc::strong_count(&waiter), 1);
    }
}
