//! A journal is as it was written, or that it is not is found.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use proptest::prelude::*;

use super::chain::{Chain, Head};
use super::file::Appended;
use super::*;
use crate::own_file::testing::Folder;
use crate::render::View;
use crate::text::misleads;
use crate::units::Moment;
use crate::wire::{Call, Method};

fn entry(kind: Kind, what: &str, detail: &str) -> JournalEntry {
    let event =
        Event::new(kind, what).call(&Call::new(Method::Post, "/nodes/pve1/qemu/101/status/start")).detail(detail);
    event.entry(Moment::from_unix(1_768_467_600), "lab · PVE 9.1.8".into(), "audit@pve!notebook".into(), "3f9a".into())
}

/// Anything, with more than its share of what could end a line, act on a terminal or on the kernel.
fn anything() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("EVCXR_VARIABLE_CHANGED_TYPE:pve\n".to_owned()),
        Just("\"}\n{\"v\":1,\"hash\":\"".to_owned()),
        "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2066}-\u{2069}\u{feff}\\\\\"]",
        any::<char>().prop_map(String::from),
        "[a-z ]{0,8}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn entries(number: std::ops::Range<usize>) -> impl Strategy<Value = Vec<JournalEntry>> {
    prop::collection::vec((anything(), anything()).prop_map(|(what, detail)| entry(Kind::Sent, &what, &detail)), number)
}

/// The lines of a chain, each with its end.
fn lines_of(entries: &[JournalEntry]) -> Vec<String> {
    let mut head: Option<Head> = None;
    let line = |entry| {
        let (line, next) = line::write(entry, head.as_ref()).unwrap();
        head = Some(next);
        line + "\n"
    };
    entries.iter().map(line).collect()
}

fn fault(bytes: &[u8]) -> Option<JournalFault> {
    Chain::of(bytes).fault
}

fn line_of(fault: &JournalFault) -> Option<u64> {
    match fault {
        JournalFault::Changed { line }
        | JournalFault::Dropped { line, .. }
        | JournalFault::Reordered { line, .. }
        | JournalFault::Repeated { line, .. }
        | JournalFault::Unfinished { line }
        | JournalFault::NotALine { line, .. }
        | JournalFault::Newer { line, .. } => Some(*line),
        JournalFault::Cut { .. } | JournalFault::NotAHead { .. } => None,
    }
}

fn report(bytes: &[u8]) -> JournalReport {
    JournalReport::of(Path::new("journal.jsonl"), Chain::of(bytes))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_stays_one_harmless_line_each_and_is_read_as_it_was(entries in entries(1..6)) {
        let whole = lines_of(&entries).concat();
        prop_assert_eq!(whole.matches('\n').count(), entries.len());
        prop_assert!(!whole.contains("EVCXR_") && !whole.contains(misleads), "{}", whole);
        let chain = Chain::of(whole.as_bytes());
        prop_assert_eq!(&chain.fault, &None);
        prop_assert_eq!(chain.into_entries(), entries);
    }

    #[test]
    fn any_changed_byte_is_found_in_its_line(entries in entries(1..5), at in any::<prop::sample::Index>(), mask in 1_u8..) {
        let mut bytes = lines_of(&entries).concat().into_bytes();
        let at = at.index(bytes.len());
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        bytes[at] ^= mask;
        let fault = fault(&bytes);
        prop_assert_eq!(fault.as_ref().and_then(line_of), Some(line), "{:?}", fault);
    }

    #[test]
    fn a_dropped_a_repeated_and_a_swapped_line_are_found_and_told_apart(
        entries in entries(3..7), one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(),
    ) {
        let lines = lines_of(&entries);
        let (one, other) = (one.index(lines.len()), other.index(lines.len()));
        let number = one as u64 + 1;

        let mut dropped = lines.clone();
        dropped.remove(one);
        let last = one + 1 == lines.len();
        let expected = (!last).then_some(JournalFault::Dropped { line: number, missing: Some(1) });
        prop_assert_eq!(fault(dropped.concat().as_bytes()), expected, "a last one that is gone shows only to its head");

        let mut repeated = lines.clone();
        repeated.insert(one + 1, lines[one].clone());
        prop_assert_eq!(
            fault(repeated.concat().as_bytes()),
            Some(JournalFault::Repeated { line: number + 1, of: number })
        );

        let mut swapped = lines.clone();
        swapped.swap(one, other);
        let found = fault(swapped.concat().as_bytes());
        let first = one.min(other) as u64 + 1;
        match found {
            None => prop_assert_eq!(one, other),
            Some(JournalFault::Reordered { line, .. }) => prop_assert_eq!(line, first),
            Some(found) => prop_assert!(false, "{:?}", found),
        }
    }

    #[test]
    fn a_tail_that_was_cut_anywhere_is_found_with_the_head(entries in entries(1..5), cut in any::<prop::sample::Index>()) {
        let whole = lines_of(&entries).concat();
        let head = report(whole.as_bytes()).head().unwrap();
        prop_assert!(report(whole.as_bytes()).holds(head.raw()).is_intact());
        let as_shown = format!("{}…", &head.raw()[..20]);
        prop_assert!(report(whole.as_bytes()).holds(&as_shown).is_intact());
        let kept = &whole.as_bytes()[..cut.index(whole.len() - 1)];
        prop_assert!(!report(kept).holds(head.raw()).is_intact());
    }

    #[test]
    fn a_chain_that_was_written_anew_is_found_with_the_head(entries in entries(2..5), other in anything()) {
        let head = report(lines_of(&entries).concat().as_bytes()).head().unwrap();
        let mut forged = entries.clone();
        forged[0].what = format!("not {other}").into();
        let forged = lines_of(&forged).concat();
        prop_assert!(report(forged.as_bytes()).is_intact(), "by itself it holds");
        prop_assert_eq!(report(forged.as_bytes()).holds(head.raw()).fault(), Some(JournalFault::Cut { head }));
    }

    #[test]
    fn after_a_crash_in_the_middle_of_a_line_the_chain_goes_on_and_tells_of_it(
        entries in entries(3..4), cut in any::<prop::sample::Index>(), zeros in 0_usize..3, twice in any::<bool>(),
        at in any::<prop::sample::Index>(), mask in 1_u8..,
    ) {
        let folder = Folder::new();
        let path = folder.path("journal.jsonl");
        let append = |entry: &JournalEntry| Appended::to(path.clone()).append(std::slice::from_ref(entry)).map_err(|e| e.why).unwrap();
        append(&entries[0]);
        let before = fs::read(&path).unwrap().len();
        append(&entries[1]);
        let whole = fs::read(&path).unwrap();
        let crash = |kept: &[u8]| fs::write(&path, [kept, &vec![0; zeros]].concat()).unwrap();
        // The whole line but for its end is whole.
        crash(&whole[..before + cut.index(whole.len() - before - 1)]);
        if twice {
            let crashed = fs::read(&path).unwrap().len();
            append(&entries[1]);
            let whole = fs::read(&path).unwrap();
            crash(&whole[..crashed + cut.index(whole.len() - crashed - 1)]);
        }
        append(&entries[2]);

        let bytes = fs::read(&path).unwrap();
        let chain = Chain::of(&bytes);
        prop_assert_eq!(&chain.fault, &None);
        let what = |entry: &JournalEntry| entry.what.clone();
        let said: Vec<Text> = chain.lines.iter().filter(|line| line.entry.torn.is_none()).map(|line| what(&line.entry)).collect();
        prop_assert!(said.starts_with(&[what(&entries[0])]) && said.ends_with(&[what(&entries[2])]));
        let mut changed = bytes.clone();
        changed[at.index(bytes.len())] ^= mask;
        prop_assert!(fault(&changed).is_some(), "what the crash left is evidence as well");
    }
}

#[test]
fn the_hash_is_the_one_that_the_documentation_tells_to_make() {
    let folder = Folder::new();
    let path = folder.path("journal.jsonl");
    fs::write(&path, lines_of(&[entry(Kind::Sent, "Größe \"1\" \\ 2", "")]).concat()).unwrap();
    let command = r#"sed 's/,"hash":"[0-9a-f]*"}$/}/' "$0" | tr -d '\n' | sha256sum"#;
    let output = Command::new("sh").args(["-c", command]).arg(&path).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.split(' ').next().unwrap(), report(&fs::read(&path).unwrap()).head().unwrap().raw());
}

#[test]
fn what_is_no_journal_is_left_alone() {
    let folder = Folder::new();
    let path = folder.path("notes.txt");
    let append = || {
        Appended::to(path.clone()).append(&[entry(Kind::Sent, "x", "")]).map_err(|e| format!("{}. {}", e.why, e.next))
    };
    let changed = lines_of(&[entry(Kind::Sent, "x", "")]).concat().replace("audit", "other");
    let newer = lines_of(&[entry(Kind::Sent, "x", "")]).concat().replace("\"v\":1", "\"v\":2");
    for (words, why) in [
        ("shopping: bread\n", "is not a journal"),
        ("{\"v\":1}\n", "is not a journal"),
        (changed.as_str(), "was changed, so nothing can follow it"),
        (newer.as_str(), "format 2, which is newer"),
    ] {
        fs::write(&path, words).unwrap();
        let said = append().unwrap_err();
        assert!(said.contains(why), "{said}\ndoes not say: {why}");
        assert_eq!(fs::read_to_string(&path).unwrap(), words);
    }
    assert_eq!(fault(newer.as_bytes()), Some(JournalFault::Newer { line: 1, format: 2 }));
}

#[test]
fn a_file_that_others_may_write_or_that_is_a_link_is_refused() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new();
    let (path, link) = (folder.path("journal.jsonl"), folder.path("link.jsonl"));
    let append = |path: &Path| Appended::to(path.to_owned()).append(&[entry(Kind::Sent, "x", "")]).map_err(|e| e.why);
    append(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    symlink(&path, &link).unwrap();
    assert!(append(&link).is_err(), "a link is not followed");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
    assert!(append(&path).unwrap_err().contains("others may write it (mode 620)"));
}

#[test]
fn a_session_finds_that_what_it_wrote_is_gone() {
    let folder = Folder::new();
    let (path, aside) = (folder.path("new/folder/journal.jsonl"), folder.path("aside"));
    let mut session = Appended::to(path.clone());
    let mut append = || session.append(&[entry(Kind::Sent, "x", "")]).map(|_| ()).map_err(|unwritten| unwritten.why);
    append().unwrap();
    let one = fs::read(&path).unwrap();
    append().unwrap();
    let gone = |said: Result<(), String>| assert!(said.unwrap_err().contains("moved, cut or changed since"));
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &one).unwrap();
    gone(append());
    fs::write(&path, "").unwrap();
    gone(append());
    fs::write(&path, &whole).unwrap();
    append().unwrap();
    fs::rename(&path, &aside).unwrap();
    assert!(append().unwrap_err().contains("cannot be opened: No such file"));
    assert!(!path.exists(), "and begins no other in its place");
}

/// How many lines each of several writers appends.
const MANY: usize = 500;

fn append_many(path: &Path, who: &str) {
    let mut file = Appended::to(path.to_owned());
    for n in 0..MANY {
        file.append(&[entry(Kind::Sent, &format!("{who} {n}"), "")]).map_err(|unwritten| unwritten.why).unwrap();
    }
}

#[test]
fn processes_and_threads_that_append_at_the_same_time_make_one_chain() {
    const TEST: &str = "journal::tests::processes_and_threads_that_append_at_the_same_time_make_one_chain";
    if let Some(path) = std::env::var_os("PVE_NOTEBOOK_TEST_APPENDS") {
        return append_many(Path::new(&path), "process");
    }
    let folder = Folder::new();
    let path = folder.path("journal.jsonl");
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", TEST])
        .env("PVE_NOTEBOOK_TEST_APPENDS", &path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    thread::scope(|scope| {
        scope.spawn(|| append_many(&path, "thread"));
        scope.spawn(|| append_many(&path, "another"));
    });
    assert!(process.wait().unwrap().success());

    let report = Journal::verify(&path).unwrap();
    assert!(report.is_intact(), "{report:?}");
    let said: Vec<Text> = Journal::read(&path).unwrap().entries().into_iter().map(|entry| entry.what).collect();
    assert_eq!(said.len(), 3 * MANY);
    for who in ["process", "thread", "another"] {
        let of_one: Vec<&Text> = said.iter().filter(|what| what.starts_with(who)).collect();
        let expected: Vec<String> = (0..MANY).map(|n| format!("{who} {n}")).collect();
        assert_eq!(of_one, expected.iter().collect::<Vec<_>>(), "each in its order");
    }
}

#[test]
fn a_report_says_in_a_sentence_what_holds_and_names_the_first_line_that_does_not() {
    let lines = lines_of(&[entry(Kind::Sent, "a", ""), entry(Kind::Outcome, "b", ""), entry(Kind::Sent, "c", "")]);
    let whole = lines.concat();
    let shown = |report: JournalReport| report.page().text().replace('\n', " ");
    let says = |report: JournalReport, words: &[&str]| {
        let text = shown(report);
        words.iter().for_each(|words| assert!(text.contains(words), "{text}\ndoes not say: {words}"));
    };
    let head = report(whole.as_bytes()).head().unwrap();
    says(
        report(whole.as_bytes()),
        &["Its chain holds: 3 lines from 2026-01-15 09:00:00 UTC", "as audit@pve!notebook", "on lab", head.raw()],
    );
    says(report(whole.as_bytes()).holds(head.raw()), &["Yes: 3 lines", "The head is its last line"]);
    let earlier = report(lines[0].as_bytes()).head().unwrap();
    says(report(whole.as_bytes()).holds(earlier.raw()), &["Yes: 3 lines", "After the head 2 lines were added"]);
    says(
        report(lines[0].as_bytes()).holds(head.raw()),
        &["No. What holds: 1 line ", "The head", "is not in it: lines were cut"],
    );
    says(report(whole.as_bytes()).holds("3f9a"), &["That was not looked at", "\"3f9a\" is no head"]);
    says(report(whole.replace("\"b\"", "\"B\"").as_bytes()), &["No. What holds: 1 line ", "Line 2 was changed"]);
    says(report(&whole.as_bytes()[..whole.len() - 9]), &["Line 3, the last one, breaks off"]);
    says(report(b"x\n"), &["No, and no line of it holds", "Line 1 is no line of a journal"]);
    says(report(b""), &["Its chain holds: no lines"]);
    let folder = Folder::new();
    fs::write(folder.path("changed.jsonl"), whole.replace("\"b\"", "\"B\"")).unwrap();
    let refused = Journal::read(folder.path("changed.jsonl")).unwrap_err().to_string();
    assert!(refused.contains("does not hold: line 2 was changed"), "{refused}");
    let changed = Journal::verify("/nonexistent/journal.jsonl").unwrap_err().to_string();
    assert!(changed.contains("/nonexistent/journal.jsonl cannot be read: No such file"), "{changed}");
}

#[test]
fn a_crash_that_a_later_line_tells_of_is_said_and_its_traces_cannot_be_removed() {
    let folder = Folder::new();
    let path = folder.path("journal.jsonl");
    let append =
        |what: &str| Appended::to(path.clone()).append(&[entry(Kind::Sent, what, "")]).map_err(|e| e.why).unwrap();
    append("before");
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"v\":1,\"n\":2,\"at").unwrap();
    assert_eq!(Journal::verify(&path).unwrap().fault(), Some(JournalFault::Unfinished { line: 2 }));
    let read = Journal::read(&path).unwrap();
    assert_eq!(read.entries().len(), 1);
    assert!(read.page().text().contains("Line 2, the last one, breaks off"));
    append("after");
    let report = Journal::verify(&path).unwrap();
    assert!(report.is_intact());
    assert!(
        report.page().text().contains("At line 2 stand 16 bytes that a crash left of a line"),
        "{}",
        report.page().text()
    );
    let removed = fs::read_to_string(&path).unwrap().replace("{\"v\":1,\"n\":2,\"at\n", "");
    assert_eq!(fault(removed.as_bytes()), Some(JournalFault::Dropped { line: 2, missing: None }));
}
