//! What the simulated cluster promises, asked through the wire as a session asks.
use super::*;
use crate::wire::Method;
use serde_json::Value;

fn ask(twin: &Twin, call: Call) -> Reply {
    twin.submit(call).wait().unwrap()
}

fn get(twin: &Twin, path: &str) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let reply = ask(twin, pairs.fold(Call::get(path), |call, (key, value)| call.with(key, value)));
    assert!(reply.is_ok(), "{path}: {} {}", reply.status, reply.reason);
    serde_json::from_str(&reply.body).unwrap()
}

#[test]
fn dump() {
    let twin = Twin::demo();
    for path in std::env::var("TWIN_GET").unwrap_or_default().split_whitespace() {
        println!("## {path}\n{}", get(&twin, path));
    }
}
