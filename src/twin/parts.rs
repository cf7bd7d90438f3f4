//! Answers of the simulated cluster that nothing changes: the parts of its nodes, its firewall, its software-defined network.
//!
//! They stand in `demo/parts.json` by path, with a star for any one word of it. Knows nothing of what they mean.

use serde_json::{Map, Value, json};

use super::answer::{Answered, Good, Params, failed, not_simulated};
use super::state::{Guest, Node, Power, State};

const PARTS: &str = include_str!("demo/parts.json");

/// All of them, by path.
pub(super) fn all() -> Map<String, Value> {
    serde_json::from_str(PARTS).unwrap_or_default()
}

/// What stands at a path; `None` when nothing does.
pub(super) fn answer(state: &State, path: &[&str], params: Params<'_>) -> Option<Answered<Good>> {
    if let [.., "log" | "syslog"] = path {
        return Some(page(state, path, find(state, path, "")?, params));
    }
    let query: Vec<String> = params.0.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    match find(state, path, &query) {
        Some(found) => Some(Ok(of_node(state, path, found.clone()).into())),
        None if query.is_empty() => None,
        None => {
            find(state, path, "")?;
            Some(not_simulated(&format!("Narrowing '/{}' by parameters", path.join("/"))))
        }
    }
}

/// The firewall of a guest, which has neither rules nor names where none are written down.
pub(super) fn guest_firewall(
    state: &State,
    guest: &Guest,
    path: &[&str],
    params: Params<'_>,
) -> Option<Answered<Good>> {
    let [_, _, _, _, "firewall", rest @ ..] = path else { return None };
    if let Some(found) = answer(state, path, params) {
        return Some(found);
    }
    let id = guest.vmid;
    let known = match rest {
        [] => ["rules", "aliases", "ipset", "refs", "options"].iter().map(|name| json!({ "name": name })).collect(),
        ["rules" | "aliases" | "ipset"] => json!([]),
        ["options"] => json!({ "digest": "da39a3ee5e6b4b0d3255bfef95601890afd80709" }),
        ["refs"] => {
            let mut all = state.fixed.get("/cluster/firewall/refs")?.as_array()?.clone();
            let own = find(state, &["nodes", "*", guest.kind.word(), &id.to_string(), "firewall", "ipset"], "");
            let own = own.and_then(Value::as_array).into_iter().flatten();
            all.extend(own.map(|set| {
                let name = set["name"].as_str().unwrap_or_default();
                json!({ "type": "ipset", "name": name, "ref": format!("+{name}"), "scope": "guest", "comment": set["comment"] })
            }));
            all.into()
        }
        ["log"] => return Some(page(state, path, &json!([]), params)),
        ["ipset", name] => return Some(failed(format!("no such IPSet '{name}'"))),
        _ => return None,
    };
    Some(params.only(&[]).map(|_| known.into()))
}

fn find<'a>(state: &'a State, path: &[&str], query: &str) -> Option<&'a Value> {
    let exact = format!("/{}{query}", path.join("/"));
    state.fixed.get(&exact).or_else(|| match path {
        ["nodes", _, rest @ ..] => state.fixed.get(&format!("/nodes/*/{}{query}", rest.join("/"))),
        _ => None,
    })
}

/// A part of a log, its lines counted from 1.
fn page(state: &State, path: &[&str], lines: &Value, params: Params<'_>) -> Answered<Good> {
    let params = params.only(&["start", "limit", "since", "until", "service"])?;
    let params = params.without(&["since", "until", "service"])?;
    let number = |key: &str, default: usize| -> Answered<usize> {
        Ok(params.int(key)?.and_then(|n| usize::try_from(n).ok()).unwrap_or(default))
    };
    let (start, limit) = (number("start", 0)?, number("limit", 50)?);
    let lines = lines.as_array().map(Vec::as_slice).unwrap_or_default();
    if lines.is_empty() {
        return Ok(Good::Page(vec![json!({ "n": 1, "t": "no content" })], 1));
    }
    let rows = lines.iter().enumerate().skip(start).take(limit);
    let rows = rows.map(|(n, line)| json!({ "n": n + 1, "t": of_node(state, path, line.clone()) })).collect();
    Ok(Good::Page(rows, lines.len()))
}

/// With the node's own words in the place of `{node}`, `{ip}` and `{fingerprint}`.
fn of_node(state: &State, path: &[&str], value: Value) -> Value {
    let node = path.get(1).filter(|_| path[0] == "nodes").and_then(|name| state.node(name));
    match node {
        Some(node) => filled(node, value),
        None => value,
    }
}

fn filled(node: &Node, value: Value) -> Value {
    match value {
        Value::String(words) if words.contains('{') => words
            .replace("{node}", &node.name)
            .replace("{ip}", &node.ip)
            .replace("{fingerprint}", &node.fingerprint())
            .into(),
        Value::Array(all) => all.into_iter().map(|value| filled(node, value)).collect(),
        Value::Object(all) => all.into_iter().map(|(key, value)| (key, filled(node, value))).collect(),
        other => other,
    }
}

/// What the network cards of the running guests on a node have sent and received.
pub(super) fn netstat(state: &State, node: &Node) -> Value {
    let running = state.guests_on(&node.name).filter(|guest| guest.power_at(state.now) != Power::Stopped);
    let row = |guest: &Guest| {
        let [received, sent] = [1, 2].map(|which| guest.counter(which, state.now).to_string());
        json!({ "vmid": guest.vmid.to_string(), "dev": "net0", "in": received, "out": sent })
    };
    running.map(row).collect()
}
