//! Reads many things and keeps every answer, refusals included. Asks nothing twice, and of a node that cannot be reached
//! nothing more.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::error::Error;
use crate::recording::{Answers, key};
use crate::session::Session;
use crate::wire::gates::node_in;
use crate::wire::{Call, Reply};

pub(super) struct Reader<'a> {
    session: &'a Session,
    asked: BTreeSet<String>,
    answers: Answers,
    unanswered: Vec<(Call, Error)>,
    away: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(session: &'a Session) -> Reader<'a> {
        let (asked, away) = (BTreeSet::new(), BTreeSet::new());
        Reader { session, asked, answers: Answers::new(), unanswered: Vec::new(), away }
    }

    /// Reads all these; `what` names them in the lines of progress.
    pub(super) fn read(&mut self, what: &str, calls: impl IntoIterator<Item = Call>) {
        let calls = calls.into_iter().filter(|call| {
            let is_there = node_in(&call.path).is_none_or(|node| !self.away.contains(node) || is_known_elsewhere(call));
            is_there && self.asked.insert(key(call))
        });
        let calls = calls.collect();
        for (call, reply) in self.session.replies(what, calls) {
            match reply {
                Ok(reply) => {
                    if let (595 | 596, Some(node)) = (reply.status, node_in(&call.path)) {
                        self.away.insert(node.to_owned());
                    }
                    self.answers.insert(key(&call), reply);
                }
                Err(error) => self.unanswered.push((call, error)),
            }
        }
    }

    /// What was answered: the list in it, or the one object; nothing where it was refused.
    pub(super) fn rows(&self, call: &Call) -> Vec<Value> {
        let reply = self.answers.get(&key(call)).filter(|reply| reply.is_ok());
        match reply.and_then(|reply| reply.data::<Value>(call).ok()) {
            Some(Value::Array(rows)) => rows,
            Some(Value::Null) | None => Vec::new(),
            Some(one) => vec![one],
        }
    }

    /// What came back to a call.
    pub(super) fn reply(&self, call: &Call) -> Option<&Reply> {
        self.answers.get(&key(call))
    }

    /// Whether a node answers.
    pub(super) fn reaches(&self, node: &str) -> bool {
        !self.away.contains(node)
    }

    /// Why a call got no answer, where that is so.
    pub(super) fn failure(&self, call: &Call) -> Option<Error> {
        self.unanswered.iter().find(|(known, _)| known == call).map(|(_, error)| error.clone())
    }

    pub(super) fn done(self) -> (Answers, Vec<(Call, Error)>) {
        (self.answers, self.unanswered)
    }
}

/// Whether other nodes answer it for one that is away.
fn is_known_elsewhere(call: &Call) -> bool {
    call.path.ends_with("/rrddata")
}

/// A field of a row in words, whether it came as such or as a number.
pub(super) fn word(row: &Value, field: &str) -> Option<String> {
    match &row[field] {
        Value::String(words) if !words.is_empty() => Some(words.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
