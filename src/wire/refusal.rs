//! What a server's refusal means. Knows the words of Proxmox VE, which says most things with status 500; knows no object
//! of the model.

use serde_json::Value;

use crate::error::Error;
use crate::secret::unrepeated;
use crate::text::Text;
use crate::wire::gates::node_in;
use crate::wire::rounds::tries_in;
use crate::wire::{Call, Method, Reply};

/// The error that an answer without success stands for.
pub(crate) fn reply_error(call: &Call, reply: &Reply, identity: &Text) -> Error {
    let said = Said::by(call, reply);
    match reply.status {
        // A gateway that gave up may have handed the call on before.
        502 | 504 if call.method.is_write() => lost_behind_gateway(call, reply),
        400..=501 if call.is_documentation() => no_documentation(reply.status, &said),
        _ if said.is_web_page => web_page(call, reply),
        400 => parameters(call, said),
        401 => not_authenticated(said, identity),
        403 => not_permitted(call, &said, identity),
        404 => absent(call, &said),
        595 => unreachable(call, said),
        // Unlike 595, it may have happened after the call was passed on.
        596..=599 if call.method.is_write() => lost_behind(call, &said),
        596..=599 => unreachable(call, said),
        501 if said.words.contains("not implemented") || said.words.contains("not available") => no_such_call(call),
        _ => by_its_words(call, reply.status, said, identity),
    }
}

/// The server's words: those of the body, or else the reason phrase.
struct Said {
    words: String,
    fields: Vec<(Text, Text)>,
    is_web_page: bool,
}

impl Said {
    fn by(call: &Call, reply: &Reply) -> Said {
        let body = serde_json::from_str::<Value>(&reply.body).unwrap_or_default();
        let message = body["message"].as_str().filter(|words| !words.trim().is_empty());
        let words = message.map_or_else(
            || in_line(reply.reason.raw()),
            |message| format!("{}{}", in_line(message), tries_in(&reply.reason)),
        );
        let fields = body["errors"].as_object().into_iter().flatten().map(|(field, wrong)| {
            let wrong = wrong.as_str().map_or_else(|| wrong.to_string(), str::to_owned);
            (field.into(), unrepeated(&in_line(&wrong), &call.params).into())
        });
        let words = unrepeated(&words, &call.params);
        Said { words, fields: fields.collect(), is_web_page: reply.body.trim_start().starts_with('<') }
    }

    fn message(&self) -> Text {
        self.words.as_str().into()
    }
}

/// Without the end of the sentence, which the error writes itself.
fn in_line(words: &str) -> String {
    words.trim().trim_end_matches(['.', '!']).to_owned()
}

fn parameters(call: &Call, said: Said) -> Error {
    // A word of the path is a parameter too: one that stands for nothing there is a thing that does not exist.
    if let [(field, wrong)] = said.fields.as_slice()
        && !call.params.iter().any(|(given, _)| given == field.raw())
        && is_absence(wrong.raw())
    {
        return absent(call, &Said { words: wrong.raw().to_owned(), fields: Vec::new(), is_web_page: false });
    }
    Error::Parameters { call: call.shown(), message: said.message(), fields: said.fields }
}

fn not_authenticated(said: Said, identity: &Text) -> Error {
    let is_token = identity.contains("!");
    let next = match said.words.as_str() {
        "No ticket" => {
            "No login arrived with the call: does a proxy in between take it away, or was the token written otherwise than \
             user@realm!name=secret?"
        }
        words if words.contains("csrf") => "The login is too old or of another cluster; connect again",
        _ if is_token => {
            "Check the token's id and secret, that it has not expired, and that its user is enabled: Datacenter, \
             Permissions, API Tokens"
        }
        _ => "Check the user, its realm (root@pam, alice@pve) and the password, and that the user is enabled",
    };
    Error::NotAuthenticated { identity: identity.clone(), message: said.message(), next: next.into() }
}

fn not_permitted(call: &Call, said: &Said, identity: &Text) -> Error {
    let (path, privilege) = needed(&said.words).unzip();
    Error::NotPermitted { call: call.shown(), message: said.message(), privilege, path, identity: identity.clone() }
}

/// Path and privilege of `Permission check failed (/vms/102, VM.Audit)`; several are alternatives.
fn needed(words: &str) -> Option<(Text, Text)> {
    let inside = words.split_once('(')?.1.rsplit_once(')')?.0;
    let (path, privilege) = inside.split_once(',')?;
    let privilege = privilege.trim();
    let is_privilege = privilege.contains('.') && !privilege.contains(' ');
    (path.starts_with('/') && is_privilege).then(|| (path.trim().into(), privilege.replace('|', " or ").into()))
}

fn unreachable(call: &Call, said: Said) -> Error {
    let node = node_in(&call.path).unwrap_or("that the call was passed on to");
    Error::NodeUnreachable { node: node.into(), message: said.message() }
}

fn lost_behind(call: &Call, said: &Said) -> Error {
    let node = node_in(&call.path).unwrap_or("that it was passed on to");
    Error::ConnectionLost {
        endpoint: format!("node {node}, behind the one that was asked,").into(),
        call: call.shown(),
        why: said.message(),
        write: call.method.is_write(),
    }
}

fn no_such_call(call: &Call) -> Error {
    Error::not_found(
        format!("The API has no call {}", call.shown()),
        "Look at the path and the method; or this version of Proxmox VE does not have it (pve.version()? tells which it \
         is). The console links to all calls under Help, API Viewer (https://pve.proxmox.com/pve-docs/api-viewer)",
    )
}

fn lost_behind_gateway(call: &Call, reply: &Reply) -> Error {
    let why = format!("a proxy in between answered {} {}", reply.status, reply.reason);
    Error::ConnectionLost {
        endpoint: "the node behind a proxy".into(),
        call: call.shown(),
        why: why.into(),
        write: true,
    }
}

fn web_page(call: &Call, reply: &Reply) -> Error {
    Error::NotUnderstood {
        call: call.shown(),
        why: format!("it is a web page, not an answer of the API (HTTP {} {})", reply.status, reply.reason).into(),
        excerpt: Text::from(Text::from(reply.body.trim_start()).brief(120)),
        next: "Is this address really a Proxmox VE node (port 8006), or a proxy or login page in front of it?".into(),
    }
}

/// Proxmox VE answers 500 for most of what can go wrong; only the words tell.
fn by_its_words(call: &Call, status: u16, said: Said, identity: &Text) -> Error {
    let words = said.words.as_str();
    if let Some(lock) = lock_in(words) {
        return Error::Locked { call: call.shown(), lock: lock.into(), message: said.message() };
    }
    if words.contains("no quorum") {
        return Error::NoQuorum { call: call.shown(), message: said.message() };
    }
    if words.starts_with("only root can") || words.contains("Permission check failed") {
        return not_permitted(call, &said, identity);
    }
    if is_absence(words) {
        return absent(call, &said);
    }
    Error::Refused { call: call.shown(), status, message: said.message(), fields: said.fields }
}

/// The lock of `VM is locked (backup)`.
fn lock_in(words: &str) -> Option<&str> {
    words.split_once("is locked (")?.1.split_once(')').map(|(lock, _)| lock)
}

/// Whether the words say that what was asked for is not there, rather than something that it takes.
fn is_absence(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    let missing_inside =
        ["no such file or directory", "not installed", "in schema"].iter().any(|word| words.contains(word));
    let absent = ["does not exist", "no such ", "not found", "not defined", "no rule at position", "hostname lookup '"];
    !missing_inside && (absent.iter().any(|word| words.contains(word)) || is_elsewhere(&words))
}

fn is_elsewhere(words: &str) -> bool {
    words.contains("is not available on node '")
}

/// A node without the package, or a proxy that lets nothing but the API through.
fn no_documentation(status: u16, said: &Said) -> Error {
    Error::not_found(
        format!("This node serves no documentation of its API ({status} {})", said.words),
        "Is the package pve-docs installed on the node, and no proxy in between that lets only the API through?",
    )
}

fn absent(call: &Call, said: &Said) -> Error {
    let words = said.words.as_str();
    let node = node_in(&call.path);
    let on_node = node.map(|node| format!(" on node {node}")).unwrap_or_default();
    if let Some((kind, vmid)) = guest_of_file(words) {
        return Error::not_found(
            format!("There is no {kind} {vmid}{on_node}"),
            format!("It may be on another node, or of the other kind; pve.guest({vmid})? finds it wherever it is"),
        );
    }
    if let Some(name) = quoted_after(words, "hostname lookup ") {
        return Error::not_found(
            format!("There is no node {name} in the cluster"),
            "pve.nodes()? shows those there are",
        );
    }
    if let Some(name) = quoted_after(words, "storage ").or_else(|| storage_in(words, &call.path)) {
        let where_to = if is_elsewhere(words) { on_node } else { String::new() };
        return Error::not_found(
            format!("There is no storage {name}{where_to}"),
            "pve.storages()? shows those there are, and on which nodes",
        );
    }
    if words == "no such task" {
        return Error::not_found(
            format!("There is no such task{on_node} any more, or never was: {}", call.shown()),
            "A task is known to the node that ran it, and the oldest are forgotten; pve.tasks()? shows the latest",
        );
    }
    Error::not_found(format!("{} found nothing: {words}", call.shown()), next_of(call))
}

fn next_of(call: &Call) -> &'static str {
    match call.method {
        Method::Get => "Look at the path; pve.get(..)? of the path above it lists what is there",
        _ => "Nothing was changed. Look at the path; pve.get(..)? of the path above it lists what is there",
    }
}

/// Kind and number of the guest in `Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist`.
fn guest_of_file(words: &str) -> Option<(&'static str, &str)> {
    let file = quoted_after(words, "Configuration file ")?;
    let kind = if file.contains("/lxc/") { "container" } else { "virtual machine" };
    Some((kind, file.rsplit('/').next()?.strip_suffix(".conf")?))
}

fn quoted_after<'a>(words: &'a str, before: &str) -> Option<&'a str> {
    words.strip_prefix(before)?.strip_prefix('\'')?.split_once('\'').map(|(name, _)| name)
}

/// `No such storage` leaves its name to the path.
fn storage_in<'a>(words: &str, path: &'a str) -> Option<&'a str> {
    let in_path = path.split_once("/storage/").map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    in_path.filter(|_| words == "No such storage")
}

#[cfg(test)]
mod tests;
