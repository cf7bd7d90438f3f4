//! Recordings that are whole, files that are none, and files that somebody made to do harm.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use miniz_oxide::deflate::compress_to_vec_zlib;
use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::*;
use crate::own_file::testing::Folder;
use crate::twin::Twin;
use crate::wire::Method;

const PATHS: [&str; 5] =
    ["/cluster/resources", "/cluster/status", "/nodes/pve1/status", "/nodes/pve4/status", "/version"];

fn about(answers: &Answers) -> About {
    About {
        cluster: "demo · PVE 9.1".into(),
        identity: "root@pam".into(),
        recorded: Moment::from_unix(1_763_820_200).to_string(),
        moment: 1_763_820_200,
        answers: answers.len(),
        refused: 0,
    }
}

/// The demo's answers to these.
fn answers(calls: impl IntoIterator<Item = Call>) -> Answers {
    let twin = Twin::demo();
    calls.into_iter().map(|call| (key(&call), twin.submit(call).wait().unwrap())).collect()
}

/// A recording of these answers of the demo.
fn recording(folder: &Folder, calls: impl IntoIterator<Item = Call>) -> (PathBuf, Recording) {
    let path = folder.path("demo.pve.json");
    let answers = answers(calls);
    write(&path, &about(&answers), &answers).unwrap();
    let opened = Recording::open(&path).unwrap();
    (path, opened)
}

fn asked(recording: &Recording, call: Call) -> Result<Reply, Error> {
    recording.submit(call).wait()
}

#[track_caller]
fn refused(path: &Path, begins: &str, goes_on: &str) {
    let words = Recording::open(path).unwrap_err().to_string();
    assert!(words.starts_with(begins), "{words}");
    assert!(words.ends_with(goes_on), "{words}");
}

const AGAIN: &str =
    "Copy it again from where it is whole, or record the cluster again: pve.record_to(\"prod.pve.json\")?";

#[test]
fn what_was_recorded_is_answered_again_as_it_was() {
    let folder = Folder::new();
    let (path, recording) = recording(&folder, PATHS.map(Call::get));
    for (key, reply) in answers(PATHS.map(Call::get)) {
        let again = asked(&recording, Call::get(key)).unwrap();
        assert_eq!((again.status, again.reason, again.body), (reply.status, reply.reason, reply.body));
        assert_eq!((again.at, again.took), (reply.at, reply.took));
    }
    assert_eq!(recording.far(), Far::Recording(Moment::from_unix(1_763_820_200)));
    assert_eq!((recording.identity().raw(), recording.now().unix()), ("root@pam", 1_763_820_200));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn its_first_lines_can_be_read_and_the_whole_is_json() {
    let folder = Folder::new();
    let (path, _) = recording(&folder, PATHS.map(Call::get));
    let text = fs::read_to_string(path).unwrap();
    let head: Vec<&str> = text.lines().take(9).collect();
    let expected = [
        "{",
        "\"format\": \"pve-notebook recording\",",
        "\"version\": 1,",
        "  \"cluster\": \"demo · PVE 9.1\",",
        "  \"identity\": \"root@pam\",",
        "  \"recorded\": \"2025-11-22 14:03:20 UTC\",",
        "  \"moment\": 1763820200,",
        "  \"answers\": 5,",
        "  \"refused\": 0,",
    ];
    assert_eq!(head, expected);
    let json: Value = serde_json::from_str(&text).unwrap();
    let before_the_last_line = text.rsplit_once("\"sha256\": ").unwrap().0;
    let hash: String =
        digest(&SHA256, before_the_last_line.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(json["sha256"], hash);
}

#[test]
fn nothing_can_be_done_to_it() {
    let folder = Folder::new();
    let (_, recording) = recording(&folder, PATHS.map(Call::get));
    for method in [Method::Post, Method::Put, Method::Delete] {
        let words = asked(&recording, Call::new(method, "/version")).unwrap_err().to_string();
        assert_eq!(
            words,
            format!(
                "Not run: {method} /version. This is the recording of demo · PVE 9.1 from 2025-11-22 14:03:20 UTC: it can be \
                 looked at, and nothing can be done to it. To act, connect to the cluster itself: let pve = Pve::from_env()?;"
            )
        );
    }
}

#[test]
fn what_is_no_recording_is_not_opened_and_says_what_to_do() {
    let folder = Folder::new();
    let (path, _) = recording(&folder, PATHS.map(Call::get));
    let text = fs::read_to_string(&path).unwrap();
    let file = |bytes: &[u8]| {
        let path = folder.path("broken");
        fs::write(&path, bytes).unwrap();
        path
    };
    let missing = folder.path("missing");
    let why = format!("The recording {} cannot be read: No such file", missing.display());
    refused(&missing, &why, "pve.record_to(\"prod.pve.json\")? makes one");
    refused(&folder.path("."), "The recording", "pve.record_to(\"prod.pve.json\")? makes one");
    let named = |what: &str| format!("The recording {} {what}", folder.path("broken").display());
    refused(&file(b""), &named("is empty"), AGAIN);
    let other = format!("The file {} is not a recording", folder.path("broken").display());
    for no_recording in ["{\"data\": 7}", "\u{7f}ELF", "<html>", "{\n\"format\": \"something else\"}"] {
        refused(&file(no_recording.as_bytes()), &other, "byte by byte as it was written");
    }
    let newer = text.replace("\"version\": 1,", "\"version\": 2,\n\"new\": true,");
    refused(&file(newer.as_bytes()), &named("has the form 2, which is newer"), "or a later one");
    for cut in (1..text.len()).step_by(97).chain(text.len() - 3..text.len()) {
        refused(&file(&text.as_bytes()[..cut]), &named("was cut off: its end is missing"), AGAIN);
    }
    for at in (text.find("demo").unwrap()..text.len() - 70).step_by(89) {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        refused(&file(&bytes), &named("is not as it was recorded"), AGAIN);
    }
    let another_hash = text.replace("\"sha256\": \"", "\"sha256\": \"0").replacen("\"}\n", "", 1);
    assert!(Recording::open(&file(another_hash.as_bytes())).is_err());
}

/// A file with the right hash, whatever is in it.
fn sealed(folder: &Folder, moment: &str, parts: &str) -> PathBuf {
    let before = format!(
        "{{\n\"format\": \"pve-notebook recording\",\n\"version\": 1,\n\"cluster\": \"x\", \"identity\": \"y\", \
         \"recorded\": \"z\", \"moment\": {moment}, \"answers\": 18446744073709551615, \"refused\": 0,\n\"parts\": [\n{parts}\n],\n"
    );
    let hash: String = digest(&SHA256, before.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let path = folder.path("sealed");
    fs::write(&path, format!("{before}\"sha256\": \"{hash}\"}}\n")).unwrap();
    path
}

fn part(first: &str, bytes: usize, content: &[u8]) -> String {
    let zlib = STANDARD.encode(compress_to_vec_zlib(content, 6));
    format!("{{\"first\":\"{first}\",\"bytes\":{bytes},\"zlib\":\"{zlib}\"}}")
}

#[test]
fn a_file_that_was_made_to_do_harm_does_none() {
    let folder = Folder::new();
    let deep = "[".repeat(200_000);
    let too_long = (64_usize << 20) + 1;
    for parts in [
        deep.clone(),
        "null".into(),
        "{\"first\":7}".into(),
        part("/a", usize::MAX, b"x"),
        part("/a", too_long, b"x"),
        format!("{},{}", part("/b", 1, b"x"), part("/a", 1, b"x")),
        format!("{},{}", part("/a", 1, b"x"), part("/a", 1, b"x")),
    ] {
        let path = sealed(&folder, "0", &parts);
        let words = Recording::open(&path).unwrap_err().to_string();
        assert!(words.contains("was not understood: ") && words.ends_with(AGAIN), "{words}");
    }
    let bomb = vec![b' '; 32 << 20];
    let line =
        |body: &str| format!("{{\"call\":\"/version\",\"status\":200,\"at\":0,\"took\":18446744073709551615,{body}}}");
    let nested = line(&format!("\"body\":{{\"data\":{deep}"));
    for (content, bytes) in [
        (bomb.as_slice(), 10),
        (b"no JSON".as_slice(), 7),
        (b"\xff\xfe".as_slice(), 2),
        (b"{}".as_slice(), 3),
        (nested.as_bytes(), nested.len()),
    ] {
        let recording = Recording::open(&sealed(&folder, "0", &part("/version", bytes, content))).unwrap();
        let words = asked(&recording, Call::get("/version")).unwrap_err().to_string();
        assert!(words.starts_with("The part of the recording from /version on is damaged. "), "{words}");
    }
    for moment in [i64::MIN, -1, i64::MAX] {
        let content = line("\"body\":{\"data\":[]}");
        let parts = part("/version", content.len(), content.as_bytes());
        let recording = Recording::open(&sealed(&folder, &moment.to_string(), &parts)).unwrap();
        let replies = [(); 3].map(|()| asked(&recording, Call::get("/version")).unwrap());
        let took = replies.iter().map(|reply| reply.took).sum::<Duration>();
        assert!(took.as_secs() > 0 && !format!("{recording:?} {}", recording.now()).is_empty());
    }
    let empty = Recording::open(&sealed(&folder, "0", "")).unwrap();
    assert!(matches!(asked(&empty, Call::get("/version")).unwrap_err(), Error::NotRecorded { .. }));
}

#[test]
fn what_a_secret_was_in_is_recorded_without_it() {
    let folder = Folder::new();
    let mut all = answers(PATHS.map(Call::get));
    let body = r#"{"data":{"name":"web-1","cipassword":"hunter2","sshkeys":"ssh-ed25519%20hunter2"}}"#;
    let reply = Reply { body: body.into(), ..all["/version"].clone() };
    all.insert("/nodes/pve1/qemu/101/config".into(), reply);
    let path = folder.path("secrets");
    assert_eq!(write(&path, &about(&all), &all).unwrap().secrets, 2);
    let again = asked(&Recording::open(&path).unwrap(), Call::get("/nodes/pve1/qemu/101/config")).unwrap();
    let without = r#"{"data":{"cipassword":"(a secret, not shown)","name":"web-1","sshkeys":"(a secret, not shown)"}}"#;
    assert_eq!(&*again.body, without);
}

/// What the demo lists, at the same moment, for every way of narrowing it.
#[test]
fn a_narrower_call_is_answered_from_a_wider_one_as_the_cluster_does() {
    let folder = Folder::new();
    let tasks = |node: &str| Call::get(format!("/nodes/{node}/tasks"));
    let everything = |node: &str| tasks(node).with("source", "all").with("limit", "3000");
    let content = "/nodes/pve1/storage/local/content";
    let upid = answers([everything("pve1")])
        .values()
        .next()
        .unwrap()
        .body
        .split('"')
        .find(|word| word.starts_with("UPID:"))
        .unwrap()
        .to_owned();
    let log = Call::get(format!("/nodes/pve1/tasks/{upid}/log"));
    let whole_log = log.clone().with("start", "0").with("limit", "5000");
    let wide = [
        Call::get("/cluster/resources"),
        Call::get("/cluster/log").with("max", "500"),
        everything("pve1"),
        Call::get(content),
        whole_log.clone(),
    ];
    let (_, recording) = recording(&folder, wide);
    let began: i64 = {
        let body: Value = serde_json::from_str(&answers([everything("pve1")]).values().next().unwrap().body).unwrap();
        body["data"][9]["starttime"].as_i64().unwrap()
    };
    let mut narrow = vec![
        Call::get("/cluster/resources").with("type", "vm"),
        Call::get("/cluster/resources").with("type", "storage"),
        Call::get("/cluster/resources").with("type", "node"),
        Call::get("/cluster/log").with("max", "7"),
        Call::get("/cluster/log"),
        Call::get(content).with("content", "backup"),
        Call::get(content).with("content", "iso"),
        Call::get(content).with("content", "backup").with("vmid", "104"),
        Call::get(content).with("vmid", "104"),
        Call::get(content).with("vmid", "999"),
        tasks("pve1"),
        tasks("pve1").with("limit", "0"),
        tasks("pve1").with("start", "3").with("limit", "5"),
        tasks("pve1").with("source", "all").with("vmid", "103"),
        tasks("pve1").with("source", "active"),
        tasks("pve1").with("since", began.to_string()).with("limit", "500"),
        tasks("pve1").with("until", began.to_string()).with("source", "all"),
        tasks("pve1").with("since", began.to_string()).with("until", began.to_string()).with("limit", "200"),
        log.clone(),
        log.clone().with("start", "0").with("limit", "1"),
        log.clone().with("start", "1").with("limit", "2"),
        log.clone().with("limit", "0"),
        log.clone().with("start", "90000"),
    ];
    for filter in ["error", "warning", "ok", "unknown", "error,warning"] {
        narrow.push(tasks("pve1").with("statusfilter", filter).with("source", "all").with("limit", "500"));
    }
    for kind in ["vzdump", "qmstart", "nonesuch"] {
        narrow.push(tasks("pve1").with("typefilter", kind).with("limit", "500"));
    }
    for who in ["root", "alice@pve", "nobody"] {
        narrow.push(tasks("pve1").with("userfilter", who).with("limit", "500"));
    }
    for call in narrow {
        // The clock of the demo goes on; what it says of itself at another moment is not compared.
        let ages = |body: &str| {
            let mut value: Value = serde_json::from_str(body).unwrap();
            for row in value["data"].as_array_mut().into_iter().flatten() {
                for moving in ["uptime", "cpu", "mem", "netin", "netout", "diskread", "diskwrite"] {
                    row.as_object_mut().map(|row| row.remove(moving));
                }
            }
            value
        };
        let kept = asked(&recording, call.clone()).unwrap_or_else(|error| panic!("{}: {error}", call.shown()));
        let live = answers([call.clone()]).into_values().next().unwrap();
        assert_eq!(ages(&kept.body), ages(&live.body), "{}", call.shown());
    }
}

#[test]
fn what_a_wider_answer_does_not_hold_is_not_made_up() {
    let folder = Folder::new();
    let tasks = Call::get("/nodes/pve1/tasks");
    let few = tasks.clone().with("source", "all").with("limit", "10");
    let all = answers([few.clone()]);
    let rows: Value = serde_json::from_str(&all.values().next().unwrap().body).unwrap();
    assert!(rows["total"].as_i64().unwrap() > 10);
    let oldest = rows["data"][9]["starttime"].as_i64().unwrap();
    let (_, recording) = recording(&folder, [few, Call::get("/nodes/pve1/storage/local/content").with("vmid", "104")]);
    let not_held = [
        tasks.clone().with("source", "all"),
        tasks.clone().with("source", "all").with("since", oldest.to_string()),
        tasks.clone().with("source", "all").with("vmid", "103"),
        tasks.clone().with("source", "all").with("errors", "1"),
        tasks.clone().with("source", "elsewhere"),
        Call::get("/nodes/pve1/storage/local/content"),
        Call::get("/nodes/pve1/storage/local/content").with("vmid", "104").with("content", "backup"),
        Call::get("/cluster/resources").with("type", "vm"),
    ];
    for call in not_held {
        let error = asked(&recording, call.clone()).unwrap_err();
        assert!(matches!(error, Error::NotRecorded { .. }), "{}: {error}", call.shown());
    }
    let held = [
        tasks.clone().with("source", "all").with("since", (oldest + 1).to_string()),
        tasks.clone().with("source", "all").with("limit", "5"),
    ];
    for call in held {
        assert!(asked(&recording, call.clone()).unwrap().is_ok(), "{}", call.shown());
    }
}

#[test]
fn a_node_that_was_away_answers_as_that_and_one_that_was_there_does_not() {
    let folder = Folder::new();
    let (_, recording) = recording(&folder, PATHS.map(Call::get));
    assert_eq!(asked(&recording, Call::get("/nodes/pve4/qemu/130/config")).unwrap().status, 595);
    assert!(asked(&recording, Call::get("/nodes/pve1/qemu/101/config")).is_err());
    assert!(asked(&recording, Call::get("/nodes/pve4x/time")).is_err());
}
