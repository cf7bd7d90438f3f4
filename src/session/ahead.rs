//! Reads that are sent off before anybody asks for them, so that a page of many parts waits for all of them at once, and
//! a read that several parts ask for is sent once. Knows nothing of what is read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::{Asked, Session, lock};
use crate::error::Error;
use crate::wire::{Call, Method, Pending, Reply};

/// The reads of one page.
#[derive(Default)]
pub(super) struct Ahead {
    reads: Mutex<HashMap<Call, Early>>,
    /// Whether they were read for plans that are made together, and so are as new as plans must be.
    for_plans: bool,
}

/// A read that was sent off: nobody took its answer yet, or it is there.
enum Early {
    Coming(Asked),
    Here { reply: Result<Reply, Error>, from_memory: bool },
}

impl Session {
    /// The same session for one page, for which these reads are sent off now. Whoever asks for one of them gets its
    /// answer; whatever else is asked is sent then. It must not outlive the page, since it never reads anything twice. A
    /// page within a page shares its answers.
    pub(crate) fn ahead(&self, calls: impl IntoIterator<Item = Call>) -> Session {
        if let Some(whole) = self.ahead.as_ref().filter(|ahead| !ahead.for_plans) {
            let not_sent = |call: &Call| !lock(&whole.reads).contains_key(call);
            for call in calls.into_iter().filter(not_sent) {
                let sent = self.submit(call.clone());
                lock(&whole.reads).insert(call, Early::Coming(sent));
            }
            return self.clone();
        }
        let sent = calls.into_iter().map(|call| (call.clone(), Early::Coming(self.submit(call))));
        let ahead = Arc::new(Ahead { reads: Mutex::new(sent.collect()), for_plans: false });
        Session { ahead: Some(ahead), ..self.clone() }
    }

    /// The same session for making several plans at once: what all of them ask is read once, and is as new as they are.
    pub(crate) fn for_plans(&self) -> Session {
        let ahead = Arc::new(Ahead { for_plans: true, ..Ahead::default() });
        Session { ahead: Some(ahead), ..self.for_acting() }
    }

    /// The same session for making a plan, alone or as one of several.
    pub(crate) fn for_planning(&self) -> Session {
        if self.ahead.as_ref().is_some_and(|ahead| ahead.for_plans) { self.clone() } else { self.for_acting() }
    }

    /// The read of this page that asks the same.
    pub(super) fn sent_ahead(&self, call: &Call) -> Option<Asked> {
        let mut early = lock(&self.ahead.as_ref()?.reads);
        match early.get(call)? {
            Early::Coming(_) => match early.remove(call)? {
                Early::Coming(asked) => Some(asked),
                Early::Here { .. } => None,
            },
            Early::Here { reply, from_memory } => Some(Asked {
                pending: Pending::ready(reply.clone()),
                call: call.clone(),
                from_memory: *from_memory,
                generation: self.generation_for(call),
            }),
        }
    }

    /// Keeps the answer for the other parts of the page.
    pub(super) fn keep_for_the_page(&self, call: &Call, reply: &Result<Reply, Error>, from_memory: bool) {
        if let Some(ahead) = self.ahead.as_ref().filter(|_| call.method == Method::Get) {
            lock(&ahead.reads).insert(call.clone(), Early::Here { reply: reply.clone(), from_memory });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::session::tests::Scripted;
    use crate::wire::Call;

    #[test]
    fn what_was_sent_ahead_is_not_sent_again_and_what_was_not_is_sent_once() {
        let (wire, session) = Scripted::opened();
        let whole = session.ahead([Call::get("/version")]);
        let page = whole.ahead([Call::get("/version"), Call::get("/nowhere")]);
        assert_eq!(wire.asked().len(), 2, "sent off before anybody asks");
        for _ in 0..2 {
            assert!(page.ask(Call::get("/version")).is_ok() && page.ask(Call::get("/cluster/status")).is_ok());
            assert!(page.ask(Call::get("/nowhere")).is_err());
        }
        assert!(whole.ask(Call::get("/cluster/status")).is_ok(), "read for a part, known to the whole");
        assert_eq!(wire.asked(), ["GET /cluster/status"]);
        assert!(session.ask(Call::get("/version")).is_ok());
        assert_eq!(wire.asked().len(), 1, "what is no part of that page asks anew");
    }
}
