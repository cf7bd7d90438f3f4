//! What acting leaves in a journal, and that without one nothing is sent.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::{Faulty, refused};
use crate::journal::{Journal, Place};
use crate::own_file::testing::Folder;
use crate::pve::Pve;
use crate::render::View;
use crate::wire::Far;

/// A session on a cluster that counts as a real one, armed, whose journal the environment puts there.
fn acting(journal: &Path) -> (std::sync::Arc<Faulty>, Pve) {
    let wire = Faulty::over(Far::Cluster);
    let pve = Pve::over(wire.clone()).unwrap();
    let journal = journal.display().to_string();
    pve.session.keep_journal(Place::from_env(&|name| (name == "PVE_JOURNAL").then(|| journal.clone())));
    pve.arm("CHG-1").unwrap();
    (wire, pve)
}

fn kinds(path: &Path) -> Vec<String> {
    Journal::read(path).unwrap().entries().iter().map(|entry| entry.kind.to_string()).collect()
}

#[test]
fn the_first_action_begins_the_journal_and_everything_about_it_is_there() {
    let folder = Folder::new();
    let path = folder.path("state/journal.jsonl");
    let (wire, pve) = acting(&path);
    pve.guests().unwrap();
    pve.guest("web-1").unwrap().start().page();
    assert!(!path.exists(), "a session that only looks leaves no file");
    assert!(pve.journal().page().text().contains("the first action begins or continues"));

    let done = pve.guest("web-1").unwrap().start().run().unwrap();
    assert_eq!(kinds(&path), ["armed", "plan", "sent", "task", "outcome"]);
    let entries = Journal::read(&path).unwrap().entries();
    let [armed, plan, sent, task, outcome] = &entries[..] else { panic!() };
    assert_eq!(armed.what, "CHG-1");
    assert!(plan.checks.iter().any(|check| check.name == "readable" && check.verdict == "passed"), "{plan:?}");
    assert_eq!(plan.target.as_ref().unwrap(), "web-1 (VM 101 on pve1), stopped");
    assert_eq!(sent.call.as_ref().unwrap(), "POST /nodes/pve1/qemu/101/status/start");
    assert_eq!(task.upid, done.upid());
    assert!(outcome.detail.contains("OK"), "{outcome:?}");
    assert!(entries.iter().all(|entry| entry.identity == "root@pam" && entry.session.raw().len() == 16));

    let head = pve.journal().head().unwrap();
    assert!(Journal::verify(&path).unwrap().holds(head.raw()).is_intact());
    let shown = done.page().text();
    assert!(shown.contains(&format!("journal entry 5, head {}…", &head.raw()[..20])), "{shown}");
    assert!(pve.journal().page().text().contains(head.raw()));
    assert_eq!(wire.posts(), 1);
}

#[test]
fn what_is_refused_and_what_fails_is_in_the_journal_with_its_reason() {
    let folder = Folder::new();
    let path = folder.path("journal.jsonl");
    let (_, pve) = acting(&path);
    refused(pve.guest("web-1").unwrap().shutdown().run(), "");
    assert_eq!(kinds(&path), ["armed", "refused", "halted"]);
    let refusal = Journal::read(&path).unwrap().entries()[1].clone();
    assert!(refusal.checks.iter().any(|check| check.verdict == "failed"), "{refusal:?}");
    refused(pve.guest("web-1").unwrap().start().run(), "The session is halted");
    pve.clear_halt("looked").unwrap();
    let locked = pve.guests().unwrap().find(|g| g.lock.is_some() && g.is_stopped()).unwrap();
    let plan = pve.guest(locked.vmid).unwrap().start().override_check("locked", "the backup is gone");
    refused(plan.run(), "is locked");
    assert_eq!(kinds(&path)[3..], ["refused", "halt cleared", "plan", "override", "sent", "task", "failed", "halted"]);
    let entries = Journal::read(&path).unwrap().entries();
    assert_eq!(entries[6].detail, "locked: the backup is gone");
    assert!(entries[9].detail.contains("is locked (backup)"));
}

#[test]
fn nothing_is_sent_that_cannot_be_written_down() {
    let folder = Folder::new();
    fs::write(folder.path("file"), "").unwrap();
    fs::create_dir(folder.path("folder")).unwrap();
    fs::write(folder.path("notes.txt"), "bread\n").unwrap();
    fs::create_dir(folder.path("read-only")).unwrap();
    fs::set_permissions(folder.path("read-only"), fs::Permissions::from_mode(0o500)).unwrap();
    let mut places = vec!["file/journal.jsonl", "folder", "notes.txt", "~/journal.jsonl"];
    // Nothing is read-only for root.
    if fs::write(folder.path("read-only/probe"), "").is_err() {
        places.push("read-only/journal.jsonl");
    }
    for place in places {
        let path = if place.starts_with('~') { place.into() } else { folder.path(place) };
        let (wire, pve) = acting(&path);
        let plan = pve.guest("web-1").unwrap().start();
        refused(plan.run(), "journal");
        assert_eq!(wire.posts(), 0, "{place}");
        let text = pve.journal().page().text();
        assert!(text.contains("Nothing is sent"), "{text}");
        // The way out that the error names.
        pve.clear_halt("looked").unwrap();
        let elsewhere = folder.path(&format!("elsewhere-{}.jsonl", place.replace(['/', '~'], "-")));
        pve.journal_to(&elsewhere).unwrap();
        pve.guest("web-1").unwrap().start().run().unwrap();
        assert_eq!(
            kinds(&elsewhere),
            ["begun", "armed", "refused", "halted", "halt cleared", "plan", "sent", "task", "outcome"]
        );
        assert!(Journal::verify(&elsewhere).unwrap().is_intact());
    }
}

#[test]
fn where_nobody_said_where_the_journal_is_nothing_is_sent() {
    let wire = Faulty::over(Far::Cluster);
    let pve = Pve::over(wire.clone()).unwrap();
    pve.arm("a test").unwrap();
    refused(pve.guest("web-1").unwrap().start().run(), "Nobody said where the journal of this session is kept");
    assert_eq!(wire.posts(), 0);
}

#[test]
fn a_full_disk_refuses_the_action_and_the_journal_goes_on_once_there_is_room() {
    const TEST: &str = "pve::tests::journal::a_full_disk_refuses_the_action_and_the_journal_goes_on_once_there_is_room";
    if let Some(path) = std::env::var_os("PVE_NOTEBOOK_TEST_FULL") {
        return on_a_full_disk(Path::new(&path));
    }
    let folder = Folder::new();
    let path = folder.path("journal.jsonl");
    // A file may have so many blocks and no more, as on a disk that is full.
    let command = "trap '' XFSZ; ulimit -f 12; exec \"$0\" --exact \"$1\" --nocapture";
    let output = Command::new("sh")
        .args(["-c", command])
        .arg(std::env::current_exe().unwrap())
        .arg(TEST)
        .env("PVE_NOTEBOOK_TEST_FULL", &path)
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("refused after"), "{said}");
    // Another session, which has room, goes on with the same chain.
    let (_, pve) = acting(&path);
    pve.guest("web-1").unwrap().start().run().unwrap();
    assert!(Journal::verify(&path).unwrap().is_intact());
}

#[allow(clippy::print_stdout)]
fn on_a_full_disk(path: &Path) {
    let (wire, pve) = acting(path);
    for turn in 0..100 {
        let guest = pve.guest("web-1").unwrap();
        let plan = if guest.is_running() { guest.stop() } else { guest.start() };
        if let Err(error) = plan.run() {
            let error = error.to_string();
            assert!(error.contains("cannot be written") && error.contains("Nothing is sent without it"), "{error}");
            println!("refused after {turn}: {error}");
            break;
        }
    }
    let sent = kinds(path).iter().filter(|kind| *kind == "sent").count();
    assert_eq!(wire.posts(), sent, "what was sent is written down, and what could not be was not sent");
    assert!(sent > 0 && Journal::verify(path).unwrap().is_intact());
}

#[test]
fn an_outcome_that_cannot_be_written_is_said_and_goes_first_later() {
    let folder = Folder::new();
    let (path, aside) = (folder.path("journal.jsonl"), folder.path("aside.jsonl"));
    let (wire, pve) = acting(&path);
    pve.guest("web-1").unwrap().start().run().unwrap();
    fs::rename(&path, &aside).unwrap();
    refused(pve.require("the backup is fresh", false), "Required");
    let text = pve.journal().page().text();
    assert!(text.contains("1 of them are not in the file"), "{text}");
    pve.clear_halt("looked").unwrap();
    refused(pve.guest("web-1").unwrap().stop().run(), "cannot be opened: No such file");
    assert_eq!(wire.posts(), 1, "the journal is gone, and somebody has to look");
    pve.clear_halt("it was moved aside").unwrap();
    fs::rename(&aside, &path).unwrap();
    pve.guest("web-1").unwrap().stop().run().unwrap();
    assert_eq!(
        kinds(&path)[5..],
        ["halted", "halt cleared", "refused", "halted", "halt cleared", "plan", "sent", "task", "outcome"]
    );
}

#[test]
fn a_journal_that_moves_says_in_both_files_where_it_goes_and_comes_from() {
    let folder = Folder::new();
    let (one, other) = (folder.path("one.jsonl"), folder.path("other.jsonl"));
    let pve = Pve::demo().unwrap();
    pve.journal_to(&one).unwrap();
    pve.guest("web-1").unwrap().start().run().unwrap();
    let head = pve.journal().head().unwrap();
    pve.journal_to(&other).unwrap();
    pve.guest("web-1").unwrap().stop().run().unwrap();
    assert_eq!(kinds(&one), ["begun", "plan", "sent", "task", "outcome", "moved"]);
    assert_eq!(kinds(&other), ["moved", "plan", "sent", "task", "outcome"]);
    let said = Journal::read(&other).unwrap().entries()[0].what.clone();
    assert!(said.contains(head.raw()) && said.contains("one.jsonl, entry 5"), "{said}");
    assert!(Journal::read(&one).unwrap().entries()[5].what.contains("other.jsonl"));
    refused(pve.journal_to(folder.path(".")), "cannot be opened");
    assert_eq!(pve.journal().path(), Some(other), "what failed changed nothing");
}

#[test]
fn who_turned_the_journal_off_reads_that_in_every_output() {
    let (wire, pve) = acting(Path::new("off"));
    let done = pve.guest("web-1").unwrap().start().run().unwrap();
    assert_eq!(wire.posts(), 1);
    for shown in [done.page(), pve.guests().unwrap().page(), pve.journal().page(), pve.page()] {
        assert!(shown.text().contains("PVE_JOURNAL=off"), "{}", shown.text());
    }
}

#[test]
fn no_secret_of_a_plan_gets_into_the_journal() {
    const SECRETS: [&str; 4] = ["hunter2", "s3cret-key", "t0ken-value", "pr0xy-pass"];
    let folder = Folder::new();
    let path = folder.path("journal.jsonl");
    let (wire, pve) = acting(&path);
    let plan = pve
        .put("/nodes/pve1/qemu/101/config")
        .with("cipassword", SECRETS[0])
        .with("encryption-key", SECRETS[1])
        .with("token", SECRETS[2])
        .with("description", format!("over http://me:{}@proxy:3128\nEVCXR_EXECUTION_COMPLETE", SECRETS[3]));
    let _ = plan.run();
    assert_eq!(wire.posts(), 1);
    // A server's words may come to the journal on many ways.
    pve.session.halt(format!("the password '{}' is too short", SECRETS[0]));
    let said = fs::read_to_string(&path).unwrap();
    assert!(said.contains("cipassword") && said.contains("\"sent\""), "{said}");
    let shown = Journal::read(&path).unwrap().page();
    for secret in SECRETS {
        assert!(!said.contains(secret), "{said}");
        assert!(!shown.text().contains(secret) && !shown.html().contains(secret));
    }
    assert!(!said.contains("EVCXR_") && !shown.text().contains("EVCXR_") && !shown.html().contains("EVCXR_"));
}
