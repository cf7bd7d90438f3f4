//! What is answered from memory, what never is, and that it says so.

use super::*;
use crate::session::tests::Scripted;

const FIVE_MINUTES: Duration = Duration::from_secs(300);

fn said(session: &Session, path: &str) -> String {
    let answer = session.ask(Call::get(path)).unwrap();
    let from = session.provenance([&answer], None).to_string();
    format!("{} · {}", answer.reply.data::<serde_json::Value>(&answer.call).unwrap(), from)
}

#[test]
fn an_answer_is_given_again_until_it_is_too_old_and_says_its_age() {
    let (wire, session) = Scripted::opened();
    let cached = session.cached(FIVE_MINUTES);
    wire.says("/nodes", "1");
    assert_eq!(
        said(&cached, "/nodes"),
        "1 · lab · PVE 9.1.8 · GET /nodes · as audit@pve!notebook · 1970-01-01 00:16:40 UTC · 3 ms"
    );
    wire.says("/nodes", "2");
    wire.after(40);
    assert_eq!(
        said(&cached, "/nodes"),
        "1 · lab · PVE 9.1.8 · GET /nodes · as audit@pve!notebook · 1970-01-01 00:16:40 UTC · read 40 s ago, from memory"
    );
    // A younger demand is not met by it, and what it reads is what all see from then on.
    assert!(said(&session.cached(Duration::from_secs(10)), "/nodes").starts_with("2 · "));
    wire.says("/nodes", "3");
    assert!(said(&cached, "/nodes").starts_with("2 · "));
    wire.after(301);
    assert!(said(&cached, "/nodes").starts_with("3 · "));
    assert_eq!(wire.asked().len(), 3);
}

#[test]
fn without_being_asked_to_nothing_comes_from_memory_and_what_is_fresh_replaces_what_is_there() {
    let (wire, session) = Scripted::opened();
    wire.says("/nodes", "1");
    said(&session, "/nodes");
    said(&session, "/nodes");
    assert_eq!(wire.asked().len(), 2);
    let cached = session.cached(FIVE_MINUTES);
    said(&cached, "/nodes");
    wire.says("/nodes", "2");
    assert!(said(&cached.uncached(), "/nodes").starts_with("2 · "));
    assert!(said(&cached, "/nodes").starts_with("2 · "), "nobody sees what is older than what was seen");
    assert_eq!(wire.asked().len(), 2);
}

#[test]
fn a_write_empties_the_memory_and_what_was_asked_before_it_is_not_kept() {
    let (wire, session) = Scripted::opened();
    let cached = session.cached(FIVE_MINUTES);
    wire.says("/nodes", "1");
    wire.says("/nodes/pve1/qemu/101/status/start", "\"UPID\"");
    said(&cached, "/nodes");
    let before = cached.submit(Call::get("/pools"));
    session.ask(Call::new(Method::Post, "/nodes/pve1/qemu/101/status/start")).unwrap();
    assert!(cached.answer(before).is_err());
    wire.says("/pools", "[]");
    let during = cached.submit(Call::get("/pools"));
    session.ask(Call::new(Method::Post, "/nodes/pve1/qemu/101/status/start")).unwrap();
    assert!(cached.answer(during).is_ok());
    wire.asked();
    said(&cached, "/nodes");
    said(&cached, "/pools");
    assert_eq!(wire.asked(), ["GET /nodes", "GET /pools"]);
}

#[test]
fn what_is_read_while_a_write_is_under_way_is_kept_no_longer_than_that() {
    let (wire, session) = Scripted::opened();
    let cached = session.cached(FIVE_MINUTES);
    wire.says("/nodes", "1");
    said(&cached, "/nodes");
    let write = session.submit(Call::new(Method::Post, "/nodes/pve1/qemu/101/status/start"));
    wire.asked();
    for _ in 0..2 {
        said(&cached, "/nodes");
    }
    assert_eq!(wire.asked(), ["GET /nodes"], "what was known before the write was sent is gone");
    assert!(session.answer(write).is_err());
    said(&cached, "/nodes");
    assert_eq!(wire.asked(), ["GET /nodes"], "and so is what was read before it was answered, or refused");
}

#[test]
fn tasks_privileges_and_refusals_are_never_remembered() {
    let (wire, session) = Scripted::opened();
    let cached = session.cached(FIVE_MINUTES);
    let paths = [
        "/cluster/tasks",
        "/nodes/pve1/tasks",
        "/nodes/pve1/tasks/UPID:x/status",
        "/nodes/pve1/tasks/UPID:x/log",
        "/cluster/nextid",
        "/access/permissions",
        "/nodes/pve1/qemu/101/agent/exec-status",
    ];
    for path in paths {
        wire.says(path, "{}");
        said(&cached, path);
        said(&cached, path);
    }
    assert_eq!(wire.asked().len(), 2 * paths.len());
    wire.refuses("/nodes");
    for _ in 0..2 {
        assert!(cached.ask(Call::get("/nodes")).is_err());
    }
    assert_eq!(wire.asked().len(), 2);
}

#[test]
fn a_page_of_both_says_which_part_is_old() {
    let (wire, session) = Scripted::opened();
    let cached = session.cached(FIVE_MINUTES);
    wire.says("/nodes", "1");
    wire.says("/pools", "2");
    said(&cached, "/nodes");
    wire.after(100);
    let answers = ["/nodes", "/pools"].map(|path| cached.ask(Call::get(path)).unwrap());
    let from = cached.provenance(&answers, None).to_string();
    assert!(from.ends_with("1970-01-01 00:18:20 UTC · 3 ms · part of it read 1 min ago, from memory"), "{from}");
    let [nodes, pools] = &answers;
    let joined = cached.provenance([pools], None).and(&cached.provenance([nodes], None)).to_string();
    assert!(joined.contains("part of it read 1 min ago, from memory"), "{joined}");
}

#[test]
fn the_memory_is_bounded() {
    let mut memory = Memory::default();
    let (wire, session) = Scripted::opened();
    wire.says("/nodes", &format!("\"{}\"", "x".repeat(30 << 20)));
    let reply = session.ask(Call::get("/nodes")).unwrap().reply;
    for n in 0..5 {
        memory.insert(Call::get(format!("/{n}")), reply.clone());
        memory.insert(Call::get(format!("/{n}")), reply.clone());
        assert!(memory.bytes <= MOST_BYTES && memory.bytes == memory.answers.len() * reply.body.len());
    }
}
