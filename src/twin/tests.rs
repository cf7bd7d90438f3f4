//! What the simulated cluster promises, asked through the wire as a session asks.

use serde_json::Value;

use super::*;
use crate::wire::Method;

mod reads;
mod recorded;
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
