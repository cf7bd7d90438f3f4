//! Every recorded answer, sent by a TLS server as it was recorded and read by the client: headers, reason and body.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::{Typed, folder, typed};
use crate::error::Error;
use crate::model::json;
use crate::text::Text;
use crate::wire::auth::Auth;
use crate::wire::https::tests::server::{Answer, Server};
use crate::wire::https::{Connect, Https};
use crate::wire::refusal::reply_error;
use crate::wire::tls::{Fingerprint, Trust};
use crate::wire::{Call, Method, Reply, Wire};

/// An answer that a real cluster gave.
struct Recording {
    name: String,
    call: Call,
    status: u16,
    /// The answer byte for byte, as far as it was kept.
    http: String,
    body: String,
}

/// All of a folder, those of stories included. What has another method than ours, or leads out of the API, is left out.
fn recordings(folder: &Path) -> Vec<Recording> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "json")) {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let value: Value = serde_json::from_slice(&std::fs::read(file).unwrap())
            .unwrap_or_else(|e| panic!("{} is no recording: {e}", file.display()));
        match value["steps"].as_array() {
            Some(steps) => {
                let read = steps.iter().enumerate();
                all.extend(read.filter_map(|(n, step)| Recording::read(format!("{name}, step {n}"), step)));
            }
            None => all.extend(Recording::read(name, &value)),
        }
    }
    all
}

impl Recording {
    fn read(name: String, value: &Value) -> Option<Recording> {
        let method = match value["method"].as_str()? {
            "GET" => Method::Get,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            _ => return None,
        };
        let status = value["status"].as_u64()? as u16;
        let path = value["path"].as_str().filter(|path| !path.contains("/../"))?;
        let mut call = Call::new(method, path);
        for sent in ["query", "params", "request_data", "request_body"] {
            for (key, value) in value[sent].as_object().into_iter().flatten() {
                call = call.with(key, json::shown(value));
            }
        }
        let body = value["raw_body"].as_str().map(str::to_owned).unwrap_or_else(|| match &value["body"] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            body => body.to_string(),
        });
        let mut http = format!("HTTP/1.1 {status} {}\r\n", value["reason"].as_str().unwrap_or_default());
        for header in value["headers"].as_array().into_iter().flatten() {
            let (key, value) = (header[0].as_str()?, header[1].as_str()?);
            if !key.eq_ignore_ascii_case("content-length") {
                http.push_str(&format!("{key}: {value}\r\n"));
            }
        }
        http.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        Some(Recording { name, call, status, http, body })
    }

    /// The words of the server that the error is to carry: field by field.
    fn fields(&self) -> BTreeMap<String, String> {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let fields = body["errors"].as_object().cloned().unwrap_or_default();
        fields.into_iter().map(|(key, words)| (key, json::shown(&words))).collect()
    }

    fn words(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let reason = self.http.lines().next().unwrap_or_default().splitn(3, ' ').nth(2).unwrap_or_default();
        body["message"].as_str().unwrap_or(reason).to_owned()
    }

    /// What is wrong with the error that the client makes of it.
    fn faults(&self, error: &Error) -> Vec<String> {
        let words = self.words().to_lowercase();
        let said = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
        let fields = self.fields();
        let expected = match self.status {
            400 => match error {
                Error::NotFound { .. } if fields.len() <= 1 => "NotFound",
                _ => "Parameters",
            },
            401 => "NotAuthenticated",
            403 => "NotPermitted",
            404 | 501 if !said(&["chunked", "unexpected content"]) => "NotFound",
            595 => "NodeUnreachable",
            596 if self.call.method.is_write() => "ConnectionLost",
            596 => "NodeUnreachable",
            _ if said(&["is locked ("]) => "Locked",
            _ if said(&["no quorum"]) => "NoQuorum",
            _ if said(&["only root can", "permission check failed"]) => "NotPermitted",
            _ if said(&["not installed", "no such file or directory", "in schema"]) => "Refused",
            _ if said(&[
                "does not exist",
                "no such ",
                "not found",
                "not defined",
                "no rule at",
                "hostname lookup '",
            ]) || said(&["is not available on node '"]) =>
            {
                "NotFound"
            }
            _ => "Refused",
        };
        let mut faults = Vec::new();
        if variant(error) != expected {
            faults.push(format!("{} instead of {expected}: {error}", variant(error)));
        }
        let text = error.to_string();
        for (field, words) in fields {
            let words = words.trim().trim_end_matches(['.', '!']).to_owned();
            let kept = match error {
                Error::Parameters { fields, .. } => fields.iter().any(|(f, w)| *f == field && *w == words),
                Error::NotFound { .. } => true,
                _ => false,
            };
            if !kept || !text.contains(Text::from(words.as_str()).to_string().as_str()) && expected == "Parameters" {
                faults.push(format!("the words of the field {field} are lost: {words}"));
            }
        }
        faults
    }
}

fn variant(error: &Error) -> &'static str {
    match error {
        Error::Parameters { .. } => "Parameters",
        Error::NotFound { .. } => "NotFound",
        Error::NotAuthenticated { .. } => "NotAuthenticated",
        Error::NotPermitted { .. } => "NotPermitted",
        Error::NodeUnreachable { .. } => "NodeUnreachable",
        Error::ConnectionLost { .. } => "ConnectionLost",
        Error::Locked { .. } => "Locked",
        Error::NoQuorum { .. } => "NoQuorum",
        Error::Refused { .. } => "Refused",
        _ => "another",
    }
}

/// A server that sends whatever was put into the slot, and a client that is connected to it.
struct Replay {
    next: Arc<Mutex<String>>,
    client: Https,
    _server: Server,
}

impl Replay {
    fn new() -> Replay {
        let next = Arc::new(Mutex::new(String::new()));
        let slot = Arc::clone(&next);
        let server = Server::new(move |_| Answer::Send(slot.lock().unwrap().clone()));
        let auth = Auth::token("root@pam!notebook", &"1b3f6a5e-7a0c-4c5e-9f57-1f1b6a2c9d10".into()).unwrap();
        let trust = Trust::Pinned(vec![Fingerprint::parse(&server.fingerprint).unwrap()]);
        let client = Connect::new(vec![server.url()], auth, trust).open().unwrap();
        Replay { next, client, _server: server }
    }

    fn answer(&self, recording: &Recording) -> Result<Reply, Error> {
        *self.next.lock().unwrap() = recording.http.clone();
        self.client.submit(recording.call.clone()).wait()
    }
}

/// Each part of an answer that is one object.
fn objects(data: &Value) -> Vec<&Value> {
    match data {
        Value::Array(rows) => rows.iter().collect(),
        // A container that is off has no list of interfaces at all.
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

/// What is wrong with how a type reads an answer. Fields that the schema does not have either may stay in the raw JSON.
fn misread(typed: &Typed, call: &Call, reply: &Reply, known: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    match (typed.answer)(call, reply) {
        Ok((_, 0)) => {}
        Ok((_, odd)) => faults.push(format!("{odd} rows not understood")),
        Err(error) => return vec![error.to_string()],
    }
    let data: Value = reply.data(call).unwrap();
    for object in objects(&data) {
        match (typed.object)(object) {
            Ok(found) => faults.extend(found.into_iter().filter(|fault| fault.split(' ').next().is_none_or(known))),
            Err(error) => faults.push(error),
        }
    }
    faults.sort();
    faults.dedup();
    faults
}

#[test]
fn every_recorded_answer_is_understood() {
    let Some(folder) = folder() else { return };
    let recordings = recordings(&folder);
    assert!(!recordings.is_empty(), "{} holds no recordings", folder.display());
    let (typed, schema) = (typed(), super::schema::of(&folder));
    let replay = Replay::new();
    let (mut reads, mut errors, mut writes, mut as_type) = (0, 0, 0, 0);
    let (mut wrong, kept_raw, mut untyped) = (Vec::new(), RefCell::new(BTreeSet::new()), BTreeSet::new());
    for recording in &recordings {
        let name = &recording.name;
        let reply = match replay.answer(recording) {
            Ok(reply) => reply,
            Err(error) => {
                wrong.push(format!("{name}: no answer: {error}"));
                continue;
            }
        };
        if (reply.status, &*reply.body) != (recording.status, recording.body.as_str()) {
            wrong.push(format!("{name}: came as {} with {} bytes", reply.status, reply.body.len()));
        }
        if !reply.is_ok() {
            errors += 1;
            let error = reply_error(&recording.call, &reply, &"root@pam!notebook".into());
            wrong.extend(recording.faults(&error).into_iter().map(|fault| format!("{name}: {fault}")));
            continue;
        }
        let value = match json::value_of(&recording.call, &reply) {
            Ok(value) => value,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        if recording.call.method.is_write() {
            writes += 1;
            continue;
        }
        reads += 1;
        let path = recording.call.path.as_str();
        let Some(typed) = typed.iter().find(|typed| typed.is_given_by(path) && !value.is_string()) else {
            untyped.insert(path.to_owned());
            continue;
        };
        as_type += 1;
        let known = |field: &str| match &schema {
            Some(schema) if !field.starts_with('"') && !schema.has(path, field) => {
                kept_raw.borrow_mut().replace(format!("{}: {field}", typed.name));
                false
            }
            _ => true,
        };
        wrong.extend(misread(typed, &recording.call, &reply, &known).into_iter().map(|f| format!("{name}: {f}")));
    }
    println!(
        "{} recorded answers: {reads} reads ({as_type} as objects of a type, {} paths as JSON alone), {errors} errors, {writes} writes",
        recordings.len(),
        untyped.len()
    );
    untyped.iter().for_each(|path| println!("  as JSON alone: {path}"));
    kept_raw.borrow().iter().for_each(|field| println!("  in neither schema nor type, kept as raw JSON: {field}"));
    assert!(wrong.is_empty(), "{} not understood:\n{}", wrong.len(), wrong.join("\n"));
}
