//! Who may do what on the simulated cluster: users, tokens, second factors, groups, roles, and what they come to.
//!
//! The tables stand in `demo/access.json`; this cuts the answers out of them. Nobody is refused anything here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::answer::{Answered, Params, failed};
use super::rrd::merge;
use super::state::State;

const TABLES: &str = include_str!("demo/access.json");

/// Reads the tables; roles are written short in them, since some have nearly all privileges.
pub(super) fn add(fixed: &mut Map<String, Value>, privileges: &str) {
    let mut tables: Map<String, Value> = serde_json::from_str(TABLES).unwrap_or_default();
    let all: Vec<&str> = privileges.split_whitespace().collect();
    for role in tables.get_mut("/access/roles").and_then(Value::as_array_mut).into_iter().flatten() {
        let short = role["privs"].as_str().unwrap_or_default().to_owned();
        let words: Vec<&str> = short.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        let held = all.iter().filter(|privilege| {
            let named =
                |word: &str| word.strip_suffix('*').map_or(word == **privilege, |stem| privilege.starts_with(stem));
            words.iter().any(|word| named(word)) && !words.iter().any(|word| word.strip_prefix('-') == Some(privilege))
        });
        role["privs"] = held.copied().collect::<Vec<_>>().join(",").into();
    }
    fixed.append(&mut tables);
}

fn table<'a>(state: &'a State, name: &str) -> impl Iterator<Item = &'a Value> {
    state.fixed.get(&format!("/access/{name}")).and_then(Value::as_array).into_iter().flatten()
}

fn found<'a>(state: &'a State, name: &str, key: &str, id: &str, missing: String) -> Answered<&'a Value> {
    match table(state, name).find(|row| row[key] == *id) {
        Some(row) => Ok(row),
        None => failed(missing),
    }
}

fn user<'a>(state: &'a State, userid: &str) -> Answered<&'a Value> {
    found(state, "users", "userid", userid, format!("no such user ('{userid}')"))
}

fn words(value: &Value) -> impl Iterator<Item = &str> {
    value.as_str().unwrap_or_default().split(',').filter(|word| !word.is_empty())
}

fn groups_of<'a>(state: &'a State, userid: &'a str) -> impl Iterator<Item = &'a str> {
    let has = move |group: &&Value| words(&group["users"]).any(|user| user == userid);
    table(state, "groups").filter(has).filter_map(|group| group["groupid"].as_str())
}

pub(super) fn users(state: &State, params: Params<'_>) -> Answered {
    let params = params.only(&["enabled", "full"])?;
    let (full, enabled) = (params.flag("full")?, params.get("enabled").map(|_| params.flag("enabled")).transpose()?);
    let row = |user: &Value| {
        let mut row = user.clone();
        let tokens = row.as_object_mut().and_then(|fields| fields.remove("tokens"));
        if full {
            let groups = groups_of(state, user["userid"].as_str().unwrap_or_default()).collect::<Vec<_>>().join(",");
            merge(&mut row, json!({ "groups": groups, "tokens": tokens }));
        }
        row
    };
    Ok(table(state, "users").filter(|user| enabled.is_none_or(|on| (user["enable"] == 1) == on)).map(row).collect())
}

/// A single user has neither the name nor the realm in it, and its tokens by their names.
pub(super) fn one_user(state: &State, userid: &str) -> Answered {
    let mut row = user(state, userid)?.clone();
    let tokens = row["tokens"].take();
    if let Some(fields) = row.as_object_mut() {
        ["userid", "realm-type", "totp-locked", "tfa-locked-until", "tokens"]
            .iter()
            .for_each(|key| drop(fields.remove(*key)));
    }
    let by_name = |token: &Value| {
        let mut token = token.clone();
        let name = token.as_object_mut()?.remove("tokenid")?;
        Some((name.as_str()?.to_owned(), token))
    };
    let tokens: Option<Map<String, Value>> = tokens.as_array().map(|each| each.iter().filter_map(by_name).collect());
    merge(&mut row, json!({ "groups": groups_of(state, userid).collect::<Vec<_>>(), "tokens": tokens }));
    Ok(row)
}

pub(super) fn tokens(state: &State, userid: &str) -> Answered {
    Ok(user(state, userid)?["tokens"].as_array().cloned().unwrap_or_default().into())
}

pub(super) fn token(state: &State, userid: &str, tokenid: &str) -> Answered {
    let tokens = user(state, userid)?["tokens"].as_array();
    match tokens.into_iter().flatten().find(|token| token["tokenid"] == *tokenid) {
        Some(token) => {
            let mut token = token.clone();
            token.as_object_mut().map(|fields| fields.remove("tokenid"));
            Ok(token)
        }
        None => failed(format!("no such token '{tokenid}' for user '{userid}'")),
    }
}

pub(super) fn factors_of(state: &State, userid: &str) -> Value {
    let own = table(state, "tfa").find(|row| row["userid"] == *userid);
    own.map_or_else(|| json!([]), |row| row["entries"].clone())
}

pub(super) fn group(state: &State, groupid: &str) -> Answered {
    let row = found(state, "groups", "groupid", groupid, format!("group '{groupid}' does not exist"))?;
    Ok(json!({ "comment": row["comment"], "members": words(&row["users"]).collect::<Vec<_>>() }))
}

pub(super) fn role(state: &State, roleid: &str) -> Answered {
    let row = found(state, "roles", "roleid", roleid, format!("role '{roleid}' does not exist"))?;
    Ok(words(&row["privs"]).map(|privilege| (privilege.to_owned(), 1.into())).collect::<Map<_, _>>().into())
}

pub(super) fn realm(state: &State, realm: &str) -> Answered {
    let row = found(state, "domains", "realm", realm, format!("domain '{realm}' does not exist"))?;
    let plugin = row["type"].as_str().unwrap_or_default().to_uppercase();
    let plugin = format!("PVE::Auth::{plugin}");
    Ok(json!({
        "type": row["type"], "comment": row["comment"], "plugin": plugin,
        "digest": "5b0c6e1a94d27f3880be1c5d6a7f90423e81d7c2",
    }))
}

/// What is always listed.
const ALWAYS: [&str; 8] = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"];

/// The effective privileges of somebody; of the session's own identity all of them.
pub(super) fn permissions(state: &State, params: Params<'_>) -> Answered {
    let params = params.only(&["path", "userid"])?;
    let everything = &state.fixed["/access/permissions"];
    let who = params.get("userid").unwrap_or(super::tasks::USER);
    if who == super::tasks::USER {
        return Ok(match params.get("path") {
            Some(path) => json!({ path: everything["/"] }),
            None => everything.clone(),
        });
    }
    let paths: BTreeSet<&str> = match params.get("path") {
        Some(path) => BTreeSet::from([path]),
        None => ALWAYS.into_iter().chain(table(state, "acl").filter_map(|entry| entry["path"].as_str())).collect(),
    };
    let held = paths.into_iter().map(|path| (path.to_owned(), privileges(state, who, path)));
    Ok(held.filter(|(_, held)| !held.is_empty()).map(|(path, held)| (path, json!(held))).collect::<Map<_, _>>().into())
}

/// Privileges on a path, each with the sign whether it goes on below. A token has what was given to it and what its
/// user has, or all of its user's.
fn privileges(state: &State, who: &str, path: &str) -> BTreeMap<String, u8> {
    let Some((userid, tokenid)) = who.split_once('!') else { return given(state, "user", who, path) };
    let users = match userid {
        super::tasks::USER => {
            let all = state.fixed["/access/permissions"]["/"].as_object();
            all.into_iter().flatten().map(|(privilege, _)| (privilege.clone(), 1)).collect()
        }
        _ => given(state, "user", userid, path),
    };
    match token(state, userid, tokenid) {
        Ok(token) if token["privsep"] == 0 => users,
        Ok(_) => given(state, "token", who, path).into_iter().filter(|(held, _)| users.contains_key(held)).collect(),
        Err(_) => BTreeMap::new(),
    }
}

/// What the access control list gives: what is set further down replaces what comes from above, and what is set for a
/// user what is set for the groups.
fn given(state: &State, kind: &str, who: &str, path: &str) -> BTreeMap<String, u8> {
    let mut roles: BTreeMap<&str, u8> = BTreeMap::new();
    let steps = path.match_indices('/').map(|(at, _)| &path[..at]).chain([path]).filter(|step| !step.is_empty());
    for step in [""].into_iter().chain(steps.filter(|step| *step != "/")) {
        let here = |entry: &&Value| entry["path"].as_str().map(|at| at.trim_end_matches('/')) == Some(step);
        let holds = |entry: &&Value| entry["propagate"] == 1 || step == path.trim_end_matches('/');
        let named = |kind: &str, ids: &[&str]| -> BTreeMap<&str, u8> {
            let of = |entry: &&Value| entry["type"] == *kind && ids.iter().any(|id| entry["ugid"] == **id);
            let entries = table(state, "acl").filter(here).filter(holds).filter(of);
            entries.filter_map(|e| Some((e["roleid"].as_str()?, u8::from(e["propagate"] == 1)))).collect()
        };
        let own = named(kind, &[who]);
        let set = if own.is_empty() && kind == "user" {
            named("group", &groups_of(state, who).collect::<Vec<_>>())
        } else {
            own
        };
        if !set.is_empty() {
            roles = set;
        }
    }
    if roles.contains_key("NoAccess") {
        return BTreeMap::new();
    }
    let mut held = BTreeMap::new();
    for (roleid, propagate) in roles {
        for role in table(state, "roles").filter(|role| role["roleid"] == *roleid) {
            for privilege in words(&role["privs"]) {
                let known = held.entry(privilege.to_owned()).or_insert(0);
                *known = propagate.max(*known);
            }
        }
    }
    held
}
