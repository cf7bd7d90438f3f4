//! A cluster for tests: the demo, with other answers to some reads.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

use crate::session::Session;
use crate::text::Text;
use crate::twin::Twin;
use crate::wire::around::Around;
use crate::wire::{Call, Pending, Reply, Wire};

/// The demo cluster with some answers replaced.
pub(crate) struct Canned {
    twin: Twin,
    identity: &'static str,
    answers: Vec<(String, u16, String)>,
    asked: Mutex<Vec<String>>,
}

impl Canned {
    /// Nothing replaced yet.
    pub(crate) fn new() -> Canned {
        Canned::to("audit@pve!test")
    }

    /// Nothing replaced, asked by this identity.
    pub(crate) fn to(identity: &'static str) -> Canned {
        Canned { twin: Twin::demo(), identity, answers: Vec::new(), asked: Mutex::default() }
    }

    /// The answer to this path, with its query or with any.
    pub(crate) fn data(self, path: &str, data: Value) -> Canned {
        self.body(path, 200, &json!({ "data": data }).to_string())
    }

    /// A refusal in these words.
    pub(crate) fn refusal(self, path: &str, status: u16, message: &str) -> Canned {
        self.body(path, status, &json!({ "data": null, "message": message }).to_string())
    }

    /// Any answer.
    pub(crate) fn body(mut self, path: &str, status: u16, body: &str) -> Canned {
        self.answers.push((path.to_owned(), status, body.to_owned()));
        self
    }

    /// The privileges of who asks, by path, all of them handed down.
    pub(crate) fn privileges(self, held: &[(&str, &[&str])]) -> Canned {
        let held = held.iter().map(|(path, names)| {
            let names = names.iter().map(|name| ((*name).to_owned(), json!(1))).collect();
            ((*path).to_owned(), Value::Object(names))
        });
        let all = Value::Object(held.collect());
        self.data("/access/permissions", all)
    }

    /// A session with it.
    pub(crate) fn session(self) -> Session {
        Session::open(Arc::new(self)).unwrap()
    }

    /// A session with it, and what was asked in it.
    pub(crate) fn watched(self) -> (Session, Arc<Canned>) {
        let wire = Arc::new(self);
        (Session::open(wire.clone()).unwrap(), wire)
    }

    /// Every call so far whose path holds these words.
    pub(crate) fn asked(&self, words: &str) -> Vec<String> {
        self.asked.lock().unwrap().iter().filter(|call| call.contains(words)).cloned().collect()
    }
}

/// Of an answer with the privileges on all paths, that with those on one.
fn on_path(body: &str, path: &str) -> Option<String> {
    let whole: Value = serde_json::from_str(body).ok()?;
    let above = |at: &str| at == path || path.starts_with(&format!("{}/", at.trim_end_matches('/')));
    let by_path = whole["data"].as_object()?;
    let held = by_path.iter().filter(|(at, _)| above(at)).max_by_key(|(at, _)| at.len());
    Some(json!({ "data": { path: held.map_or(json!({}), |(_, held)| held.clone()) } }).to_string())
}

impl Around for Canned {
    fn inner(&self) -> &dyn Wire {
        &self.twin
    }
    fn pass(&self, call: Call) -> Pending {
        let shown = call.shown().raw().trim_start_matches("GET ").to_owned();
        self.asked.lock().unwrap().push(shown.clone());
        let canned = |path: &str| self.answers.iter().find(|(known, ..)| known == path);
        // The privileges of others are asked for by a parameter.
        let own = call.params.iter().all(|(key, _)| key != "userid") && !call.method.is_write();
        let Some((_, status, body)) = canned(&shown).or_else(|| canned(&call.path)).filter(|_| own) else {
            return self.twin.submit(call);
        };
        let path = call.params.iter().find(|(key, _)| key == "path" && call.path == "/access/permissions");
        let body = &path.and_then(|(_, path)| on_path(body, path)).unwrap_or_else(|| body.clone());
        let at = self.twin.now();
        let reply = Reply { status: *status, reason: "".into(), body: body.as_str().into(), at, took: Duration::ZERO };
        Pending::ready(Ok(reply))
    }
    fn who(&self) -> Text {
        self.identity.into()
    }
}
