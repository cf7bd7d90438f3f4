//! What a real cluster was seen to answer, asked again of the simulated one: whole stories of calls, and single calls that
//! it refused. Where the two differ the real one is right, or the difference stands here with its reason.
//!
//! Compares status, reason, the errors of each parameter, the form of the data, the order of states and how a task ended.
//! Times, and how many others are in a list, are each cluster's own.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use serde_json::Value;

use super::*;

mod told;

use told::{NOT_TOLD, STORIES};

/// A recorded story and how the simulated cluster can tell it.
struct Story {
    /// The file of the recording.
    file: &'static str,
    /// What has another name here, as `theirs=ours`, whole words.
    names: &'static str,
    /// What has to be so before it begins.
    first: First,
    /// What differs, for a reason: each a beginning of the difference as it is told.
    known: &'static [(&'static str, &'static str)],
}

/// Calls with their parameters.
type Calls = &'static [(Method, &'static str, &'static [(&'static str, &'static str)])];

/// What has to be so before a story begins.
enum First {
    /// Nothing.
    As,
    /// These calls were made, and what they began has ended.
    Calls(Calls),
    /// This node has lost its power.
    Down(&'static str),
}

/// One call of a story and its answer, in the words of the simulated cluster.
struct Step {
    at: Duration,
    call: Call,
    status: u64,
    reason: String,
    body: Value,
}

/// Puts our names in the place of theirs, all at once and whole words only.
fn renamed(text: &str, names: &str) -> String {
    let names: BTreeMap<&str, &str> = names.split_whitespace().filter_map(|pair| pair.split_once('=')).collect();
    let is_outside = |letter: char| !letter.is_alphanumeric() && letter != '-';
    let words = text.split_inclusive(is_outside).map(|word| {
        let end = word.find(is_outside).unwrap_or(word.len());
        names.get(&word[..end]).copied().unwrap_or(&word[..end]).to_owned() + &word[end..]
    });
    words.collect()
}

/// The values of a form, as text.
fn form(params: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    params.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
}

/// A recorded story. `None` when it is not in the folder.
fn story(folder: &Path, story: &Story) -> Option<Vec<Step>> {
    let text = std::fs::read_to_string(folder.join(format!("{}.json", story.file))).ok()?;
    let text = text.replace("%3A", ":").replace("%40", "@");
    let recorded: Value = serde_json::from_str(&renamed(&text, story.names)).unwrap();
    let steps = match recorded["steps"].as_array() {
        Some(steps) => steps.clone(),
        None => vec![recorded],
    };
    let step = |step: &Value| {
        let method = match step["method"].as_str()? {
            "GET" => Method::Get,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            other => panic!("the wire has no word for {other}"),
        };
        let mut call = Call::new(method, step["path"].as_str()?);
        for params in ["params", "query", "request_data"] {
            call.params.extend(form(&step[params]));
        }
        Some(Step {
            at: Duration::from_secs_f64(step["t"].as_f64().unwrap_or_default()),
            call,
            status: step["status"].as_u64()?,
            reason: step["reason"].as_str().unwrap_or_default().trim_end().to_owned(),
            body: step["body"].clone(),
        })
    };
    steps.iter().map(step).collect()
}

/// A UPID without what each cluster has of its own: its process and its times.
fn without_times(upid: &str) -> String {
    let parts: Vec<&str> = upid.split(':').collect();
    match parts[..] {
        ["UPID", node, _, _, _, kind, id, user, ..] => format!("UPID:{node}:{kind}:{id}:{user}"),
        _ => upid.to_owned(),
    }
}

/// What kind of value it is, and of an object its fields.
fn form_of(value: &Value, into: &mut BTreeMap<String, BTreeSet<&'static str>>, at: &str) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    into.entry(at.to_owned()).or_default().insert(kind);
    match value {
        Value::Array(rows) => rows.iter().for_each(|row| form_of(row, into, &format!("{at}[]"))),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| form_of(value, into, &format!("{at}.{name}"))),
        _ => {}
    }
}

/// Where two values have fields of the same name and another form.
fn differences_of_form(theirs: &Value, ours: &Value) -> Vec<String> {
    let (mut there, mut here) = (BTreeMap::new(), BTreeMap::new());
    form_of(theirs, &mut there, "data");
    form_of(ours, &mut here, "data");
    let both = there.iter().filter_map(|(at, kinds)| Some((at, kinds, here.get(at)?)));
    // A field that now and then is a text, where it is a number otherwise, is so there too.
    both.filter(|(_, theirs, ours)| theirs.is_disjoint(ours))
        .map(|(at, theirs, ours)| format!("{at} is {theirs:?} there and {ours:?} here"))
        .collect()
}

/// What was seen of a story besides its single answers.
#[derive(Default, PartialEq, Debug)]
struct Seen {
    /// The states of its task, each once.
    task: Vec<String>,
    /// The states of its guest, each once.
    guest: Vec<String>,
    /// The last line of its log.
    last: Option<String>,
}

impl Seen {
    fn see(&mut self, path: &str, data: &Value) {
        let states =
            |fields: [&str; 2]| fields.iter().filter_map(|field| data[*field].as_str()).collect::<Vec<_>>().join(", ");
        let (list, state) = if path.contains("/tasks/") && path.ends_with("/status") {
            (&mut self.task, states(["status", "exitstatus"]))
        } else if path.ends_with("/status/current") {
            (&mut self.guest, states(["status", "qmpstatus"]))
        } else {
            if path.ends_with("/log") {
                let last = data.as_array().and_then(|lines| lines.last()).and_then(|line| line["t"].as_str());
                self.last = last.map(str::to_owned).or(self.last.take());
            }
            return;
        };
        if list.last() != Some(&state) {
            list.push(state);
        }
    }
}

/// Whether the simulated cluster says that it does not play this part, which is no claim of anything.
fn is_openly_refused(reply: &Reply) -> bool {
    reply.status == 501 && reply.body.contains("is not simulated by the demo cluster")
}

/// Tells a story on a simulated cluster. Gives every difference; `None` when that has no such part, and says so.
fn tell(twin: &Twin, steps: Vec<Step>) -> Option<Vec<String>> {
    let mut different = Vec::new();
    let (mut theirs, mut ours): (Option<String>, Option<String>) = (None, None);
    let (mut there, mut here) = (Seen::default(), Seen::default());
    let began = twin.state().now;
    let look =
        steps.iter().rev().find(|step| step.call.path.ends_with("/status/current")).map(|step| step.call.clone());
    for mut step in steps {
        let late = Duration::from_millis((twin.state().now - began).unsigned_abs());
        twin.pause(step.at.saturating_sub(late));
        if let (Some(theirs), Some(ours)) = (&theirs, &ours) {
            step.call.path = step.call.path.replace(theirs, ours);
        }
        let reply = ask(twin, step.call.clone());
        let name = step.call.to_string();
        let body: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        if is_openly_refused(&reply) {
            return None;
        }
        if (step.status, step.reason.as_str()) != (reply.status.into(), reply.reason.raw()) {
            different
                .push(format!("{name}: {} {} there, {} {} here", step.status, step.reason, reply.status, reply.reason));
            continue;
        }
        if step.body["errors"] != body["errors"] || step.body["message"] != body["message"] {
            different.push(format!("{name}: {} there, {body} here", step.body));
        }
        match (step.body["data"].as_str(), body["data"].as_str()) {
            (Some(there), Some(here)) if there.starts_with("UPID:") => {
                if without_times(there) != without_times(here) {
                    different.push(format!("{name}: {there} there, {here} here"));
                }
                (theirs, ours) = (Some(there.to_owned()), Some(here.to_owned()));
            }
            _ => different.extend(
                differences_of_form(&step.body["data"], &body["data"]).iter().map(|what| format!("{name}: {what}")),
            ),
        }
        there.see(&step.call.path, &step.body["data"]);
        here.see(&step.call.path, &body["data"]);
    }
    // Each has its own pace: theirs was followed to the end.
    for _ in 0..60 {
        let Some(look) = look.as_ref().filter(|_| there.guest.last() != here.guest.last()) else { break };
        twin.pause(Duration::from_secs(1));
        here.see(&look.path, &body(&ask(twin, look.clone()))["data"]);
    }
    if let (Some(upid), Some("stopped")) = (&ours, there.task.last().and_then(|state| state.split(", ").next())) {
        let (exit, log) = follow(twin, upid);
        here.see("/tasks//status", &serde_json::json!({ "status": "stopped", "exitstatus": exit }));
        here.last = log.last().cloned().filter(|_| there.last.is_some());
        // A task of a moment may have been seen running or not.
        let is_running = |state: &String| state == "running";
        there.task.retain(|state| !is_running(state));
        here.task.retain(|state| !is_running(state));
    }
    if there != here {
        different.push(format!("states: {there:?} there, {here:?} here"));
    }
    Some(different)
}

impl First {
    fn bring_about(&self, twin: &Twin) {
        match self {
            First::As => {}
            First::Down(node) => twin.practice(&Fault::NodeDown((*node).into())).unwrap(),
            First::Calls(calls) => {
                for (method, path, params) in *calls {
                    if let Value::String(upid) = write(twin, *method, path, params) {
                        follow(twin, &upid);
                    }
                }
            }
        }
    }
}

/// Run with `PVE_RECORDED` naming a folder of recorded answers of a real cluster.
#[test]
fn recorded_stories_are_told_as_they_were() {
    let Some(folder) = std::env::var_os("PVE_RECORDED").map(std::path::PathBuf::from) else {
        println!("Skipped: PVE_RECORDED names no folder of recorded answers");
        return;
    };
    let (mut wrong, mut told, mut refused, mut calls) = (Vec::new(), 0, 0, HashSet::new());
    for of in STORIES {
        // Another folder may hold others.
        let Some(steps) = story(&folder, of) else { continue };
        let of_story: Vec<_> = steps.iter().map(|step| (step.call.method, pattern(&step.call.path))).collect();
        let twin = Twin::demo();
        of.first.bring_about(&twin);
        let Some(different) = tell(&twin, steps) else {
            refused += 1;
            continue;
        };
        told += 1;
        calls.extend(of_story);
        for (known, why) in of.known {
            assert!(!why.is_empty());
            if !different.iter().any(|what| what.starts_with(known)) {
                wrong.push(format!("{}: no longer differs: {known}", of.file));
            }
        }
        let is_known = |what: &&String| of.known.iter().any(|(known, _)| what.starts_with(known));
        wrong.extend(different.iter().filter(|what| !is_known(what)).map(|what| format!("{}: {what}", of.file)));
    }
    println!("{told} recorded stories were told again, of {} kinds of calls; {refused} openly refused", calls.len());
    let forgotten = forgotten(&folder);
    assert!(forgotten.is_empty(), "neither told nor said why not: {forgotten:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Run with `PVE_SCHEMA` naming the schema of a server, or lying beside the folder that `PVE_RECORDED` names.
#[test]
fn no_call_that_a_real_cluster_knows_is_said_not_to_exist() {
    let Some(folder) = std::env::var_os("PVE_RECORDED").map(std::path::PathBuf::from) else {
        println!("Skipped: PVE_RECORDED names no folder of recorded answers");
        return;
    };
    let schema = std::env::var_os("PVE_SCHEMA").map_or_else(|| folder.join("../schema.json"), Into::into);
    let Ok(text) = std::fs::read_to_string(schema) else { return println!("Skipped: no schema") };
    let mut calls = Vec::new();
    calls_of(&serde_json::from_str(&text).unwrap(), &mut calls);
    let (twin, mut denied, mut openly) = (Twin::demo(), Vec::new(), 0);
    for call in &calls {
        let reply = ask(&twin, call.clone());
        if is_openly_refused(&reply) {
            openly += 1;
        } else if reply.status == 501 {
            denied.push(call.to_string());
        }
    }
    println!("Of {} calls {openly} are openly refused", calls.len());
    assert!(!calls.is_empty() && denied.is_empty(), "{} said not to exist: {}", denied.len(), denied.join("\n"));
}

/// Every call of a schema, of things that the simulated cluster has.
fn calls_of(tree: &Value, into: &mut Vec<Call>) {
    for node in tree.as_array().into_iter().flatten() {
        if let (Some(path), Some(methods)) = (node["path"].as_str(), node["info"].as_object()) {
            let vmid = if path.contains("/lxc/") { "200" } else { "101" };
            let names = [("{node}", "pve1"), ("{vmid}", vmid), ("{storage}", "local-zfs"), ("{sid}", "vm:103")];
            let path = names.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value));
            let path: Vec<&str> =
                path.split('/').map(|part| if part.starts_with('{') { "none" } else { part }).collect();
            let method = |word: &String| match word.as_str() {
                "GET" => Method::Get,
                "POST" => Method::Post,
                "PUT" => Method::Put,
                _ => Method::Delete,
            };
            into.extend(methods.keys().map(|word| Call::new(method(word), path.join("/"))));
        }
        calls_of(&node["children"], into);
    }
}

/// A path without names and numbers.
fn pattern(path: &str) -> String {
    let is_name = |part: &str| part.chars().any(|letter| letter.is_ascii_digit() || letter == '%');
    path.split('/').map(|part| if is_name(part) { "*" } else { part }).collect::<Vec<_>>().join("/")
}

/// The recorded stories and refusals that are neither told nor said to be left out. Who asks is found out before a call
/// gets as far as a simulated cluster, which only ever hears root@pam.
fn forgotten(folder: &Path) -> Vec<String> {
    let known: BTreeSet<&str> =
        STORIES.iter().map(|story| story.file).chain(NOT_TOLD.iter().map(|(file, _)| *file)).collect();
    let is_story = |file: &String| {
        let text = std::fs::read_to_string(folder.join(format!("{file}.json"))).unwrap();
        let recorded: Value = serde_json::from_str(&text).unwrap();
        let is_refused = recorded["status"].as_u64().is_some_and(|status| status != 200);
        let is_write = recorded["method"].as_str().is_some_and(|method| method != "GET");
        (recorded["steps"].is_array() || is_refused || is_write)
            && recorded["auth"].as_str().is_none_or(|who| who == "root@pam ticket")
    };
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|file| file.ok()?.file_name().into_string().ok()?.strip_suffix(".json").map(str::to_owned))
        .filter(|file| !known.contains(file.as_str()))
        .filter(is_story)
        .collect();
    files.sort();
    files
}

#[test]
fn names_are_replaced_at_once_and_whole() {
    assert_eq!(
        renamed("/nodes/pve1/qemu/107, pve2: 1070", "pve1=pve2 pve2=pve1 107=117"),
        "/nodes/pve2/qemu/117, pve1: 1070"
    );
    assert_eq!(renamed("vm-107-disk-0", "107=117"), "vm-107-disk-0");
}

#[test]
fn another_form_is_a_difference_and_another_value_is_none() {
    let of = |theirs: &str, ours: &str| {
        differences_of_form(&serde_json::from_str(theirs).unwrap(), &serde_json::from_str(ours).unwrap())
    };
    assert!(of(r#"[{"a":1}]"#, r#"[{"a":2,"b":"x"}]"#).is_empty());
    assert_eq!(of(r#"[{"a":1}]"#, r#"[{"a":"1"}]"#).len(), 1);
    assert_eq!(of("null", "[]").len(), 1);
}
