//! Tasks of the past and their logs: held against the demo cluster, many pages, and odd answers.

use serde_json::{Value, json};

use crate::model::canned::Canned;
use crate::model::guest::Guest;
use crate::model::task::{Task, TaskQuery, Upid};
use crate::render::View;
use crate::units::{Age, Moment};

const UPID: &str = "UPID:pve1:00000C10:0004E6A5:6968AA00:vzdump::root@pam:";

fn row(n: u32) -> Value {
    let started = 1_768_000_000 + i64::from(n);
    json!({
        "upid": format!("UPID:pve1:{n:08X}:0004E6A5:{started:08X}:vzdump::root@pam:"), "node": "pve1", "type": "vzdump", "id": "",
        "user": "root@pam", "pid": n, "pstart": 1, "starttime": started, "endtime": started + 5, "status": "OK",
    })
}

fn lines(from: u32, to: u32) -> Value {
    (from..=to).map(|n| json!({"n": n, "t": format!("line {n}")})).collect()
}

fn read(canned: Canned) -> Task {
    Task::find(&canned.session(), &UPID.parse::<Upid>().unwrap()).unwrap()
}

fn ended() -> Canned {
    let path = format!("/nodes/pve1/tasks/{UPID}");
    Canned::new().data(&format!("{path}/status"), json!({"upid": UPID, "status": "stopped", "exitstatus": "OK"}))
}

#[test]
fn the_history_is_read_page_by_page_and_a_task_that_moved_counts_once() {
    let path = "/nodes/pve1/tasks?source=all&limit=500";
    let page = |from: u32, to: u32| -> Value { (from..=to).map(row).collect() };
    let (session, wire) =
        Canned::new().data(path, page(1, 500)).data(&format!("{path}&start=500"), page(500, 520)).watched();
    let node = "pve1".into();
    let tasks = TaskQuery::new(&session, Some(&node)).read().unwrap();
    assert_eq!(tasks.len(), 520);
    assert!(tasks.first().unwrap().started > tasks.last().unwrap().started);
    assert_eq!(wire.asked("/nodes/pve1/tasks").len(), 2);
    let few = TaskQuery::new(&session, Some(&node)).at_most(30).read().unwrap();
    assert_eq!(few.len(), 30);
    assert!(few.page().text().contains("pve1 has more: only its newest 30 were read"), "{}", few.page().text());
}

#[test]
fn a_server_that_gives_the_same_page_for_ever_is_not_asked_for_ever() {
    let page: Value = (1..=500).map(row).collect();
    let (session, wire) = Canned::new().data("/nodes/pve1/tasks", page).watched();
    assert_eq!(TaskQuery::new(&session, Some(&"pve1".into())).read().unwrap().len(), 500);
    assert_eq!(wire.asked("/nodes/pve1/tasks").len(), 2);
}

#[test]
fn all_online_nodes_are_asked_and_the_others_are_named() {
    let (session, wire) = Canned::new().refusal("/nodes/pve2/tasks", 596, "Broken pipe").watched();
    let tasks = TaskQuery::new(&session, None).last(Age(3 * 86_400)).read().unwrap();
    let text = tasks.page().text();
    assert!(tasks.any(|t| t.node == "pve1") && tasks.any(|t| t.node == "pve3"), "{text}");
    assert!(
        text.contains("Not asked: 1 node, offline (pve4).") && text.contains("Not read: the tasks of pve2."),
        "{text}"
    );
    assert!(tasks.all(|task| session.now().since(task.started) <= Age(3 * 86_400)));
    assert!(wire.asked("/nodes/pve4").is_empty());
}

#[test]
fn what_is_asked_for_is_narrowed_by_the_server_and_said_in_the_title() {
    let (session, wire) = Canned::new().watched();
    let query = TaskQuery::new(&session, Some(&"pve1".into())).failed().by("alice").of_guest(106);
    let tasks = query.read().unwrap();
    assert_eq!(tasks.map(|task| (task.id.to_string(), task.is_failed())), [("106".to_owned(), true)]);
    assert!(wire.asked("statusfilter=error&userfilter=alice&vmid=106").len() == 1);
    assert!(format!("{query:?}").contains("on pve1 that failed by alice of guest 106"), "{query:?}");
}

#[test]
fn who_sees_only_own_tasks_is_told_on_which_nodes() {
    let session =
        Canned::new().privileges(&[("/", &["VM.Audit"]), ("/nodes", &["VM.Audit"]), ("/nodes/pve1", &["Sys.Audit"])]);
    let text = TaskQuery::new(&session.session(), None).read().unwrap().page().text();
    assert!(
        text.contains("audit@pve!test lacks Sys.Audit on pve2, pve3: tasks of others are left out there"),
        "{text}"
    );
}

#[test]
fn a_task_read_by_its_upid_knows_when_it_ended() {
    let session = Canned::new().session();
    let listed = TaskQuery::new(&session, Some(&"pve1".into())).read().unwrap().find(|task| task.is_failed()).unwrap();
    let alone = Task::find(&session, &listed.upid).unwrap();
    assert_eq!((alone.ended, alone.took(), alone.pid), (listed.ended, listed.took(), listed.pid));
    assert!(alone.ended > Moment::from_unix(1_760_000_000));
}

#[test]
fn a_task_whose_end_cannot_be_read_is_shown_without_it() {
    let task = read(ended().refusal("/nodes/pve1/tasks", 403, "no"));
    assert!(!task.ended.is_known() && !task.is_running());
}

#[test]
fn a_long_log_is_read_whole_by_pages_and_shown_from_its_end() {
    let log = format!("/nodes/pve1/tasks/{UPID}/log");
    let body = |rows: Value| json!({"data": rows, "total": 12_003}).to_string();
    let canned = ended()
        .body(&format!("{log}?start=0&limit=5000"), 200, &body(lines(1, 5_000)))
        .body(&format!("{log}?start=5000&limit=5000"), 200, &body(lines(5_001, 10_000)))
        .body(&format!("{log}?start=10000&limit=5000"), 200, &body(lines(10_001, 12_003)))
        .body(&format!("{log}?start=0&limit=500"), 200, &body(lines(1, 500)))
        .body(&format!("{log}?start=11503&limit=500"), 200, &body(lines(11_504, 12_003)))
        .body(&format!("{log}?start=0&limit=2"), 200, &body(lines(1, 2)))
        .body(&format!("{log}?start=12001&limit=2"), 200, &body(lines(12_002, 12_003)))
        .body(&format!("{log}?start=0&limit=1"), 200, &body(lines(1, 1)));
    let task = read(canned);
    let whole = task.log().unwrap();
    assert_eq!((whole.len(), whole[12_002].raw()), (12_003, "line 12003"));
    assert_eq!(task.log_tail(2).unwrap(), ["line 12002", "line 12003"]);
    assert!(task.log_tail(0).unwrap().is_empty());
    let text = task.page().text();
    assert!(text.contains("Log · the last 500 of 12003 lines") && !text.contains("line 11503\n"), "{text}");
}

#[test]
fn the_stand_in_for_an_empty_log_is_no_line_and_a_repeated_page_is_not_more() {
    let log = format!("/nodes/pve1/tasks/{UPID}/log");
    let empty = read(ended().body(&log, 200, r#"{"data":[{"n":1,"t":"no content"}],"total":1}"#));
    assert!(empty.log().unwrap().is_empty() && empty.log_tail(5).unwrap().is_empty());
    let said = read(ended().body(&log, 200, r#"{"data":[{"n":"1","t":"no content"},{"n":"2","t":null}],"total":"2"}"#));
    assert_eq!(said.log_tail(5).unwrap(), ["no content", ""]);
    let stuck = read(ended().data(&log, lines(1, 5_000)));
    assert_eq!(stuck.log().unwrap().len(), 5_000);
}

#[test]
fn tasks_of_a_guest_still_show_themselves() {
    let guest = Guest::find(&Canned::new().session(), 106.into()).unwrap();
    assert!(guest.tasks().unwrap().any(|task| task.is_failed()));
}
