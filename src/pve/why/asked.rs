//! The calls that gave a value: when they were answered, what they took, and the code that asks again.

use super::{Subject, Value};
use crate::model::json::shown;
use crate::model::why::Part;
use crate::pve::role;
use crate::session::Session;
use crate::text::Text;
use crate::units::Moment;

/// The calls that gave it.
pub(super) struct Asked<'a> {
    /// The pieces of answers that have what it is made of.
    parts: Vec<&'a Part>,
    /// Each with the time of its answer.
    pub(super) calls: Vec<(Text, Option<Moment>)>,
}

impl<'a> Asked<'a> {
    /// Those whose answers have what it is made of, or all where that cannot be told.
    pub(super) fn of(of: &'a Subject<'_>, value: &Value) -> Asked<'a> {
        let at = of.sources.provenance.at;
        let mut used: Vec<usize> =
            value.origins.iter().flat_map(|origin| origin.came.iter().map(|(at, ..)| *at)).collect();
        used.sort_unstable();
        used.dedup();
        let parts: Vec<&Part> = used.into_iter().filter_map(|at| of.sources.parts.get(at)).collect();
        let mut calls: Vec<(Text, Option<Moment>)> = Vec::new();
        for part in parts.iter().filter(|part| !part.call.is_blank()) {
            if calls.iter().all(|(call, _)| *call != part.call) {
                calls.push((part.call.clone(), part.at.or(at)));
            }
        }
        // What is made of another answer says of which.
        for path in value.origins.iter().filter_map(|origin| origin.field?.made_of()).flat_map(named_in) {
            let known = of.sources.provenance.calls.iter().find(|call| call.raw().contains(path));
            let call = known.cloned().unwrap_or_else(|| format!("GET {path}").into());
            if calls.iter().all(|(asked, _)| *asked != call) {
                calls.push((call, at.filter(|_| known.is_some())));
            }
        }
        let first = || of.sources.parts.first().map(|part| (part.call.clone(), part.at.or(at)));
        let made = value.origins.iter().any(|origin| origin.field.is_some_and(|field| field.is_made()));
        match (calls.is_empty(), made, first()) {
            // What is not in an answer was looked for there.
            (true, false, Some(first)) if !first.0.is_blank() => calls.push(first),
            (true, ..) => calls = of.sources.provenance.calls.iter().map(|call| (call.clone(), at)).collect(),
            _ => {}
        }
        Asked { parts, calls }
    }

    /// The privileges that it took, and whether they are held.
    pub(super) fn takes(&self, of: &Subject<'_>, session: &Session) -> Option<String> {
        let mut taken: Vec<(&str, String)> = Vec::new();
        for (call, _) in &self.calls {
            let Some(path) = path_in(call) else { continue };
            let (path, about) = (path.split('?').next().unwrap_or(path), of.sources.about.clone());
            let named = || self.parts.iter().filter(|part| part.call == *call).find_map(|part| object(path, part));
            match role::takes(path, about.or_else(named).as_deref()) {
                Some(needed) => taken.extend(needed),
                None => return Some(format!("what {call} takes is not known here")),
            }
        }
        let mut words: Vec<String> = Vec::new();
        for (privilege, path) in taken {
            let all = ["/vms", "/nodes", "/storage", "/pool", "/access", "/sdn", "/mapping"].contains(&path.as_str());
            let held = if all { session.has_below(privilege, &path) } else { session.has(privilege, &path) };
            let identity = session.identity();
            let held = match held {
                Some(true) => format!("which {identity} holds"),
                Some(false) => format!("which {identity} lacks"),
                None => format!("and whether {identity} holds it is not known"),
            };
            let said = format!("{privilege} on {path}, {held}");
            if !words.contains(&said) {
                words.push(said);
            }
        }
        match (self.calls.is_empty(), words.is_empty()) {
            (true, _) => None,
            (false, true) => Some("none but a login".to_owned()),
            (false, false) => Some(words.join("; ")),
        }
    }

    /// The code that gives what came.
    pub(super) fn code(&self, of: &Subject<'_>, value: &Value) -> Vec<String> {
        let own = value.origins.iter().flat_map(|origin| &origin.came).find(|(part, ..)| *part == 0);
        let own =
            of.sources.raw.as_ref().zip(own.map(|(_, name, _)| name)).map(|(code, name)| format!("{code}[{name:?}]"));
        let calls = self.calls.iter().filter_map(|(call, _)| path_in(call)).map(|path| format!("pve.get({path:?})?"));
        own.into_iter().chain(calls.take(2)).collect()
    }
}

/// The paths that stand in words.
fn named_in(words: &str) -> impl Iterator<Item = &str> {
    words.split([' ', ',']).filter(|word| word.len() > 1 && word.starts_with('/'))
}

/// The path of a read that was sent as it is shown.
pub(super) fn path_in(call: &Text) -> Option<&str> {
    let path = call.raw().strip_prefix("GET ")?;
    (path.starts_with('/') && !path.contains(['{', ' ', '('])).then_some(path)
}

/// The object that a piece of an answer is about, as access control names it.
fn object(path: &str, part: &Part) -> Option<String> {
    let word = |key: &str| part.json.get(key).map(shown);
    let kind = match path.trim_matches('/').split('/').collect::<Vec<_>>()[..] {
        ["cluster", "resources"] => word("type").or_else(|| word("storage").map(|_| "storage".into()))?,
        ["pools"] => "pool".into(),
        ["storage"] | ["nodes", _, "storage"] => "storage".into(),
        ["nodes", _, "qemu" | "lxc"] => "qemu".into(),
        _ => return None,
    };
    match kind.as_str() {
        "qemu" | "lxc" => Some(format!("/vms/{}", word("vmid")?)),
        "node" => Some(format!("/nodes/{}", word("node")?)),
        "storage" => Some(format!("/storage/{}", word("storage")?)),
        "pool" => Some(format!("/pool/{}", word("poolid").or_else(|| word("pool"))?)),
        _ => None,
    }
}
