//! The whole crate over real HTTPS, against fakepve: an imitation of the API that was written by others.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};

use pve_notebook::*;

#[path = "https/acting.rs"]
mod acting;
#[path = "https/fake.rs"]
mod fake;
#[path = "https/faults.rs"]
mod faults;
#[path = "https/recording.rs"]
mod recording;
#[path = "https/server.rs"]
#[allow(dead_code)]
mod server;

use fake::Fake;
use server::Server;

const TOKEN: &str = "audit@pve!notebook";
const SECRET: &str = "0c6f1f2e-1111-2222-3333-444455556666";

fn cluster() -> Option<Fake> {
    Fake::start(&[
        &format!("pve.apitokens['{TOKEN}'] = '{SECRET}'"),
        "pve.add_vm(101, 'web-1', status='stopped')",
        "pve.add_vm(102, 'db-1', status='running')",
        "pve.add_vm(103, 'twins', status='stopped'); pve.add_vm(104, 'twins', status='stopped')",
        "pve.add_vm(105, 'stuck', status='running')",
        "pve.vm(105).acpi = False",
        "pve.add_vm(107, 'mail', status='stopped', lock='backup')",
        "pve.add_vm(108, 'broken', status='stopped')",
        "pve.vm(108).start_error = \"bridge 'vmbr7' does not exist\"",
    ])
}

fn by_token(fake: &Fake) -> Pve {
    journaled(fake, Pve::at(&fake.url).token(TOKEN, SECRET).fingerprint(&fake.fingerprint).connect().unwrap())
}

fn by_password(fake: &Fake) -> Pve {
    journaled(fake, Pve::at(&fake.url).password("root@pam", "secret").fingerprint(&fake.fingerprint).connect().unwrap())
}

/// With a journal that goes when the fake does, and not that of whoever runs the tests.
fn journaled(fake: &Fake, pve: Pve) -> Pve {
    assert!(pve.journal().head().is_none(), "connecting writes nothing");
    pve.journal_to(journal(fake)).unwrap();
    pve
}

fn journal(fake: &Fake) -> PathBuf {
    Path::new(&fake.certificate).with_file_name("journal.jsonl")
}

fn writes(fake: &mut Fake) -> String {
    fake.order(
        "answer = sum(method != 'GET' and not path.endswith('/access/ticket') for method, path, _ in pve.requests)",
    )
}

#[track_caller]
fn says<T: std::fmt::Debug>(result: Result<T, Error>, words: &[&str]) {
    let error = result.unwrap_err().to_string();
    for words in words {
        assert!(error.contains(words), "{error}\ndoes not say: {words}");
    }
    assert!(!error.contains(SECRET), "{error}");
}

#[test]
fn a_stopped_guest_is_found_started_and_seen_running_by_token_and_by_ticket() {
    for connect in [by_token, by_password] {
        let Some(mut fake) = cluster() else { return };
        let pve = connect(&fake);
        let stopped = pve.guests().unwrap().filter(|g| g.is_stopped());
        assert_eq!(stopped.map(|g| g.vmid), [101, 103, 104, 107, 108]);
        pve.arm("a test").unwrap();
        let plan = pve.guest("web-1").unwrap().start();
        assert!(plan.page().html().contains("POST /nodes/pve1/qemu/101/status/start"));
        assert_eq!(writes(&mut fake), "0", "showing a plan sends nothing");
        let done = plan.run().unwrap();
        assert!(done.upid().unwrap().contains(":qmstart:101:"));
        assert!(pve.guest("web-1").unwrap().is_running());
        assert!(pve.guests().unwrap().find(|g| g.vmid == 101).unwrap().is_running());
        assert_eq!(writes(&mut fake), "1", "it is sent once");
        pve.guest(101).unwrap().shutdown().run().unwrap();
        pve.guest(102).unwrap().stop().run().unwrap();
        assert_eq!(fake.order("answer = pve.vm(101).status + ' ' + pve.vm(102).status"), "stopped stopped");
        let head = pve.journal().head().unwrap();
        assert!(Journal::verify(journal(&fake)).unwrap().holds(head.raw()).is_intact());
        let said = fs::read_to_string(journal(&fake)).unwrap();
        assert_eq!(said.matches("\"kind\":\"sent\"").count(), 3);
        assert!(![SECRET, "\"secret\"", "PVE:root@pam", "CSRF"].iter().any(|secret| said.contains(secret)), "{said}");
    }
}

#[test]
fn everything_that_is_looked_at_shows_itself() {
    let Some(mut fake) = cluster() else { return };
    let pve = by_token(&fake);
    let pages = [
        pve.page(),
        pve.nodes().unwrap().page(),
        pve.guests().unwrap().page(),
        pve.storages().unwrap().page(),
        pve.pools().unwrap().page(),
        pve.tasks().unwrap().page(),
        pve.node("pve1").unwrap().page(),
        pve.node("pve1").unwrap().storage("local").unwrap().page(),
        pve.guest(102).unwrap().page(),
        pve.guest(102).unwrap().config().unwrap().page(),
        pve.guest(102).unwrap().snapshots().unwrap().page(),
        pve.guest(102).unwrap().tasks().unwrap().page(),
        pve.guest(102).unwrap().history(Span::Hour).unwrap().page(),
        pve.storage("local").unwrap().page(),
        pve.topology().unwrap().page(),
        pve.get("/cluster/status").unwrap().page(),
    ];
    for page in pages {
        let (html, text) = (page.html(), page.text());
        let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(unwrapped.contains("as audit@pve!notebook"), "no provenance:\n{text}");
        assert!(!html.contains(SECRET) && !text.contains(SECRET));
    }
    let guest = pve.guest(102).unwrap().page().html();
    assert!(guest.contains(&format!("href=\"{}/#v1:0:=qemu%2F102\"", fake.url)), "no link to the console:\n{guest}");
    assert!(pve.guests().unwrap().page().html().contains(&format!("href=\"{}/\"", fake.url)));
    assert_eq!(writes(&mut fake), "0");
}

#[test]
fn a_locked_a_broken_and_a_deaf_guest_are_told_in_the_servers_own_words() {
    let Some(fake) = cluster() else { return };
    let pve = by_password(&fake);
    pve.arm("a test").unwrap();
    says(pve.guest("mail").unwrap().start().run(), &["The check \"locked\" failed", "locked (backup)"]);
    pve.clear_halt("seen").unwrap();
    let insist = pve.guest("mail").unwrap().start().override_check("locked", "the backup is dead");
    says(insist.run(), &["The task said: VM is locked (backup)", "qm unlock", "UPID:pve1:"]);
    pve.clear_halt("seen").unwrap();
    says(pve.guest("broken").unwrap().start().run(), &["bridge 'vmbr7' does not exist", "network bridge"]);
    pve.clear_halt("seen").unwrap();
    says(pve.guest("stuck").unwrap().shutdown().with("timeout", 1).run(), &["got timeout", "stop()"]);
    says(pve.guest("stuck").unwrap().stop().run(), &["The session is halted", "got timeout"]);
}

#[test]
fn bad_input_is_answered_with_what_failed_why_and_what_to_do() {
    let Some(fake) = cluster() else { return };
    let pve = by_token(&fake);
    says(pve.guest(999), &["There is no guest 999", "pve.guests()?"]);
    says(pve.guest("wbe-1"), &["There is no guest named \"wbe-1\""]);
    says(pve.guest("twins"), &["name of 2 guests: VM 103 on pve1, VM 104 on pve1", "pve.guest(103)?"]);
    says(pve.node("pve9"), &["no node \"pve9\"", "Its nodes are pve1"]);
    says(pve.storage("nope"), &["no storage \"nope\"", "local"]);
    says(pve.task("101"), &["\"101\" is not the name of a task", "UPID:node:"]);
    says(pve.get("/nodes/pve1/nonsense"), &["GET /nodes/pve1/nonsense"]);
    let pinned = |url: &str| Pve::at(url).fingerprint(&fake.fingerprint);
    says(pinned(&fake.url).token(TOKEN, "wrong").connect(), &["Not logged in as audit@pve!notebook"]);
    says(
        pinned(&fake.url).password("root@pam", "wrong").connect(),
        &["Not logged in as root@pam", "authentication failure"],
    );
    says(pinned(&fake.url).token("audit", SECRET).connect(), &["not the id of an API token", "user@realm!name"]);
    says(pinned(&fake.url).connect(), &["Who is asking was not said"]);
    says(
        pinned("https://127.0.0.1:9").token(TOKEN, SECRET).connect(),
        &["Cannot connect to https://127.0.0.1:9", "Nothing was sent"],
    );
    let wrong_pin = "AB:".repeat(31) + "AB";
    says(
        Pve::at(&fake.url).token(TOKEN, SECRET).fingerprint(&wrong_pin).connect(),
        &["is not trusted", "openssl x509"],
    );
    says(Pve::at(&fake.url).token(TOKEN, SECRET).connect(), &["is not trusted"]);
    let web_page =
        Server::new(|_| server::http("200 OK", "Content-Type: text/html\r\n", "<html><title>Login</title></html>"));
    let elsewhere = Pve::at(&web_page.url()).token(TOKEN, SECRET).fingerprint(&web_page.fingerprint).connect();
    says(elsewhere, &["was not understood", "web page"]);
}

#[test]
fn a_connection_is_described_by_a_file_of_three_lines_or_by_its_ca() {
    let Some(fake) = cluster() else { return };
    let by_ca = Pve::at(&fake.url).token(TOKEN, SECRET).ca_file(&fake.certificate).connect().unwrap();
    assert_eq!(by_ca.guests().unwrap().len(), 7);
    let folder = std::env::temp_dir().join(format!("pve-notebook-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("connection");
    fs::write(&file, format!("{}\n{TOKEN}\n", fake.url)).unwrap();
    says(Pve::from_file(&file), &["has 2 lines and not three"]);
    fs::write(&file, format!("{}\n{TOKEN}\n{SECRET}\n", fake.url)).unwrap();
    says(Pve::from_file(&file), &["is not trusted"]);
    fs::remove_dir_all(&folder).unwrap();
    says(Pve::from_file(&file), &["cannot be read"]);
}

#[test]
fn a_plan_knows_what_was_granted_since_the_session_began() {
    let Some(mut fake) = cluster() else { return };
    fake.order("pve.grant('audit@pve', '/', 'VM.Audit', 'Sys.Audit', 'Datastore.Audit')");
    let pve = by_token(&fake);
    let privilege = || {
        let plan = pve.guest("web-1").unwrap().start();
        plan.checks().into_iter().find(|check| check.name == "privilege").unwrap()
    };
    assert_eq!(privilege().reason, "audit@pve!notebook lacks VM.PowerMgmt on /vms/101.");
    fake.order("pve.grant('audit@pve', '/', 'VM.PowerMgmt')");
    assert_eq!(privilege().verdict, Verdict::Passed);
    fake.order("pve.acl['audit@pve'] = [('/', ['VM.Audit'])]");
    assert_eq!(privilege().verdict, Verdict::Failed);
    fake.order("pve.fail('GET', '/access/permissions', status=500, message='no permission to tell')");
    assert_eq!(privilege().verdict, Verdict::Failed, "what cannot be read again stays as it was");
}
