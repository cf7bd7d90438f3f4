//! What of a cluster is not to be seen by an audience, and a way to it on which that never arrives: names, addresses and
//! notes become pseudonyms in answers, and themselves again in calls. Whatever is above knows nothing else.
//!
//! Goes by what fields mean, by the names that are known, and by the form of addresses; what a person wrote into a log
//! about something else than these it cannot know.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::error::Error;
use crate::text::Text;
use crate::units::Moment;
use crate::wire::practice::Fault;
use crate::wire::{Call, Far, Pending, Reply, Wire};

mod address;
mod book;
mod meaning;
#[cfg(test)]
mod tests;
mod words;

use book::Book;

/// What is hidden from an audience: names, addresses, notes, each by its own word.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let pve = Pve::demo()?.redact(Redaction::new().names().addresses().notes())?;
/// let text = pve.guests()?.page().text();
/// assert!(!text.contains("web-1") && text.contains("guest-") && text.contains("redacted"));
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
#[must_use = "it is given to pve.redact(…)"]
pub struct Redaction {
    names: bool,
    addresses: bool,
    notes: bool,
    key: Option<String>,
}

impl Redaction {
    /// Hides nothing yet.
    pub fn new() -> Redaction {
        Redaction::default()
    }

    /// Hides what guests, nodes, storages, pools, users, tokens, groups and the cluster are called, and tags. The names that
    /// every installation has stay: `local`, `local-lvm`, `local-zfs`, `pve`, `root@pam`.
    pub fn names(self) -> Redaction {
        Redaction { names: true, ..self }
    }

    /// Hides addresses, IPv4, IPv6 and MAC, with fingerprints and the names of hosts in domains. Those of one /24 (of IPv6:
    /// of one /64) stay together.
    pub fn addresses(self) -> Redaction {
        Redaction { addresses: true, ..self }
    }

    /// Hides notes and comments as a whole.
    pub fn notes(self) -> Redaction {
        Redaction { notes: true, ..self }
    }

    /// The key that pseudonyms are made with, so that two notebooks with the same key have the same ones. It is never shown;
    /// who knows it can tell whether a name that they guess has a pseudonym. Without one, each session has its own.
    pub fn key(self, key: &str) -> Redaction {
        Redaction { key: Some(key.to_owned()), ..self }
    }

    /// `names, addresses and notes`.
    fn said(&self) -> String {
        let all = [(self.names, "names"), (self.addresses, "addresses"), (self.notes, "notes")];
        let said: Vec<&str> = all.into_iter().filter(|(hidden, _)| *hidden).map(|(_, word)| word).collect();
        match said.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        }
    }
}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redaction({})", self.said())
    }
}

/// A way to a cluster on which nothing arrives that is hidden.
pub(crate) struct Redacted {
    inner: Arc<dyn Wire>,
    book: Arc<Mutex<Book>>,
    remark: String,
}

/// What tells the names that there are.
const INVENTORY: [&str; 8] = [
    "/cluster/status",
    "/cluster/resources",
    "/storage",
    "/pools",
    "/access/users",
    "/access/groups",
    "/access/domains",
    "/cluster/options",
];

impl Redacted {
    /// Around another way, whose names are learnt first.
    ///
    /// # Errors
    /// When nothing is to be hidden, or the names of what there is cannot be read.
    pub(crate) fn around(inner: Arc<dyn Wire>, redaction: &Redaction) -> Result<Redacted, Error> {
        if !(redaction.names || redaction.addresses || redaction.notes) {
            return Err(Error::setup(
                "The redaction hides nothing",
                "Say what: Redaction::new().names().addresses().notes()",
            ));
        }
        let redacted = Redacted {
            book: Arc::new(Mutex::new(Book::new(redaction)?)),
            remark: format!("redacted: {} hidden", redaction.said()),
            inner,
        };
        for path in INVENTORY {
            let call = Call::get(path);
            // What an identity may not read, is refused: that is an answer, which names nothing.
            let answer = redacted.inner.submit(call.clone()).wait().map(|reply| redacted.hidden(&call, reply));
            answer.map_err(|error| redacted.said(&error))?;
        }
        Ok(redacted)
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hidden(&self, call: &Call, reply: Reply) -> Reply {
        hidden(&mut self.book(), call, reply)
    }

    /// An error in the words of the audience.
    pub(crate) fn said(&self, error: &Error) -> Error {
        reworded(&mut self.book(), error)
    }

    /// Words of elsewhere in those of the audience.
    pub(crate) fn words(&self, words: &Text) -> Text {
        self.book().prose(words.raw()).into()
    }

    /// The call as the cluster knows it. What is written into it here, no pseudonym stands for.
    fn meant(&self, call: &Call) -> Call {
        let book = &mut self.book();
        let path = call.path.split('/').map(|part| book.path_segment(part)).collect::<Vec<_>>().join("/");
        let params = call.params.iter().map(|(key, typed)| {
            let meant = book.meant(typed);
            if call.method.is_write() {
                meaning::typed(book, key, typed, &meant);
            }
            (key.clone(), meant)
        });
        Call { method: call.method, path, params: params.collect() }
    }
}

fn hidden(book: &mut Book, call: &Call, reply: Reply) -> Reply {
    if call.is_documentation() {
        return reply;
    }
    let body = match serde_json::from_str::<Value>(&reply.body) {
        Ok(json) => meaning::hidden(book, &call.path, json).to_string(),
        // A log that is asked for as a file, or a page of a proxy.
        Err(_) if !reply.body.trim_start().starts_with(['{', '[']) => book.prose(&reply.body),
        Err(_) => {
            r#"{"data":null,"message":"an answer that is broken JSON is not shown in a redacted session"}"#.into()
        }
    };
    Reply { reason: book.prose(reply.reason.raw()).into(), body: body.into(), ..reply }
}

fn reworded(book: &mut Book, error: &Error) -> Error {
    error.reworded(&mut |text| book.prose(text.raw()).into())
}

impl Wire for Redacted {
    fn submit(&self, call: Call) -> Pending {
        let (asked, book) = (self.meant(&call), self.book.clone());
        // What is answered is told by what was asked for in truth: there the words have their meaning.
        let pending = self.inner.submit(asked.clone());
        pending.then(Box::new(move |answer| {
            let book = &mut book.lock().unwrap_or_else(PoisonError::into_inner);
            answer.map(|reply| hidden(book, &asked, reply)).map_err(|error| reworded(book, &error))
        }))
    }

    fn far(&self) -> Far {
        self.inner.far()
    }

    fn identity(&self) -> Text {
        self.words(&self.inner.identity())
    }

    /// Its address would tell where the cluster is.
    fn console(&self) -> Option<Text> {
        None
    }

    fn now(&self) -> Moment {
        self.inner.now()
    }

    fn pause(&self, time: Duration) {
        self.inner.pause(time);
    }

    fn remark(&self) -> Option<Text> {
        Some(self.remark.as_str().into())
    }

    fn practice(&self, fault: &Fault) -> Result<(), Error> {
        let meant = |name: &Text| -> Text { self.book().meant(name.raw()).into() };
        let fault = match fault {
            Fault::NodeDown(node) => Fault::NodeDown(meant(node)),
            Fault::NodeUp(node) => Fault::NodeUp(meant(node)),
            Fault::StorageFull(storage) => Fault::StorageFull(meant(storage)),
            Fault::Maintenance(node, on) => Fault::Maintenance(meant(node), *on),
            Fault::Patched(node) => Fault::Patched(meant(node)),
            Fault::Rebooted(node) => Fault::Rebooted(meant(node)),
            other => other.clone(),
        };
        self.inner.practice(&fault).map_err(|error| self.said(&error))
    }
}
