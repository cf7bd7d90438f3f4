//! What the simulated cluster promises, asked through the wire as a session asks.

use serde_json::Value;

use super::*;
use crate::wire::Method;

mod backups;
mod care;
mod configuration;
mod crowds;
mod guests;
mod invariants;
mod moving;
mod pools;
mod reads;
mod recorded;
mod sequences;
mod snapshots;
mod stories;
mod volumes;
mod writes;

fn ask(twin: &Twin, call: Call) -> Reply {
    twin.submit(call).wait().unwrap()
}

fn read(twin: &Twin, path: &str) -> Reply {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    ask(twin, pairs.fold(Call::get(path), |call, (key, value)| call.with(key, value)))
}

/// The whole body of a good answer.
fn body(reply: &Reply) -> Value {
    assert!(reply.is_ok(), "{} {}", reply.status, reply.reason);
    serde_json::from_str(&reply.body).unwrap()
}

fn data(twin: &Twin, path: &str) -> Value {
    body(&read(twin, path))["data"].take()
}

/// Sends a write and gives what it answers: a UPID mostly.
#[track_caller]
fn write(twin: &Twin, method: Method, path: &str, params: &[(&str, &str)]) -> Value {
    body(&ask(twin, params.iter().fold(Call::new(method, path), |call, (key, value)| call.with(*key, *value))))["data"]
        .take()
}

#[track_caller]
fn post(twin: &Twin, path: &str) -> String {
    write(twin, Method::Post, path, &[]).as_str().unwrap().to_owned()
}

#[track_caller]
fn refused(reply: &Reply, status: u16, message: &str) {
    let body: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!((reply.status, body["message"].as_str().unwrap().trim_end()), (status, message));
    assert_eq!(reply.reason.raw(), message.lines().next().unwrap());
}

/// Sends a write, whatever comes of it.
fn send(twin: &Twin, method: Method, path: &str, params: &[(&str, &str)]) -> Reply {
    ask(twin, params.iter().fold(Call::new(method, path), |call, (key, value)| call.with(*key, *value)))
}

/// Sends a write that is refused for one of its parameters.
#[track_caller]
fn wrong(twin: &Twin, method: Method, path: &str, params: &[(&str, &str)], field: &str, why: &str) {
    let reply = send(twin, method, path, params);
    let body: Value = serde_json::from_str(&reply.body).unwrap();
    let expected = (400, "Parameter verification failed.", &Value::from(why));
    assert_eq!((reply.status, reply.reason.raw(), &body["errors"][field]), expected, "{}", reply.body);
}

/// Sends a write that becomes a task, and gives the task's type, its exit status and its log.
#[track_caller]
fn run(twin: &Twin, method: Method, path: &str, params: &[(&str, &str)]) -> (String, String, Vec<String>) {
    let upid = write(twin, method, path, params);
    let upid = upid.as_str().unwrap();
    let (exit, log) = follow(twin, upid);
    (upid.split(':').nth(5).unwrap().to_owned(), exit, log)
}

/// Sends a write that becomes a task which goes well, and gives its log without the last line.
#[track_caller]
fn done(twin: &Twin, method: Method, path: &str, params: &[(&str, &str)]) -> Vec<String> {
    let (_, exit, mut log) = run(twin, method, path, params);
    assert_eq!(exit, "OK", "{log:?}");
    log.pop();
    log
}

/// Sends a write that becomes a task which fails.
#[track_caller]
fn fails(twin: &Twin, method: Method, path: &str, params: &[(&str, &str)], exit: &str) {
    assert_eq!(run(twin, method, path, params).1, exit);
}

/// The volumes of a guest on a storage: each with its size.
fn volumes(twin: &Twin, node: &str, storage: &str, vmid: u32) -> Vec<(String, u64)> {
    let rows = data(twin, &format!("/nodes/{node}/storage/{storage}/content?vmid={vmid}"));
    let row = |row: &Value| (row["volid"].as_str().unwrap().to_owned(), row["size"].as_u64().unwrap());
    rows.as_array().unwrap().iter().map(row).collect()
}

/// What is used of a storage, by its own state, which the list of resources says too.
#[track_caller]
fn used(twin: &Twin, node: &str, storage: &str) -> u64 {
    let used = data(twin, &format!("/nodes/{node}/storage/{storage}/status"))["used"].as_u64().unwrap();
    let rows = data(twin, "/cluster/resources?type=storage");
    let row = rows.as_array().unwrap().iter().find(|row| row["node"] == node && row["storage"] == storage).unwrap();
    assert_eq!(row["disk"], used);
    used
}

fn config(twin: &Twin, guest: &str) -> Value {
    data(twin, &format!("{guest}/config"))
}

fn power(twin: &Twin, path: &str) -> String {
    let current = data(twin, &format!("{path}/status/current"));
    current["status"].as_str().unwrap().to_owned()
}

/// Waits for a task as a client does, and gives its exit status and its log.
fn follow(twin: &Twin, upid: &str) -> (String, Vec<String>) {
    let node = upid.split(':').nth(1).unwrap();
    let path = format!("/nodes/{node}/tasks/{}", upid.replace(':', "%3A").replace('@', "%40"));
    for _ in 0..2_000 {
        let status = data(twin, &format!("{path}/status"));
        if status["status"] == "stopped" {
            let lines = data(twin, &format!("{path}/log?limit=0"));
            let lines = lines.as_array().unwrap().iter().map(|line| line["t"].as_str().unwrap().to_owned());
            return (status["exitstatus"].as_str().unwrap().to_owned(), lines.collect());
        }
        twin.pause(Duration::from_millis(500));
    }
    panic!("{upid} does not end")
}
