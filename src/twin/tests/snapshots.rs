//! Promises about snapshots: taking, describing, removing them, going back.

use serde_json::{Value, json};

use super::*;

#[test]
fn snapshots_come_and_go() {
    let twin = Twin::demo();
    let path = "/nodes/pve1/qemu/106/snapshot";
    let taken = write(&twin, Method::Post, path, &[("snapname", "before"), ("description", "a & b")]);
    assert_eq!(follow(&twin, taken.as_str().unwrap()).0, "OK");
    let list = data(&twin, path);
    assert_eq!((&list[0]["name"], &list[1]["parent"]), (&"before".into(), &"before".into()));
    let again = write(&twin, Method::Post, path, &[("snapname", "before")]);
    assert_eq!(follow(&twin, again.as_str().unwrap()).0, "snapshot name 'before' already used");
    let gone = write(&twin, Method::Delete, &format!("{path}/before"), &[]);
    assert_eq!(follow(&twin, gone.as_str().unwrap()).0, "OK");
    assert_eq!(data(&twin, path)[0]["name"], "current");
}

#[test]
fn a_snapshot_locks_its_guest_while_it_is_taken() {
    let twin = Twin::demo();
    let taken = write(&twin, Method::Post, "/nodes/pve1/qemu/102/snapshot", &[("snapname", "before")]);
    let start = post(&twin, "/nodes/pve1/qemu/102/status/stop");
    assert_eq!(data(&twin, "/nodes/pve1/qemu/102/config")["lock"], "snapshot");
    assert_eq!(follow(&twin, &start).0, "VM is locked (snapshot)");
    assert_eq!(follow(&twin, taken.as_str().unwrap()).0, "OK");
    assert_eq!(data(&twin, "/nodes/pve1/qemu/102/config")["lock"], Value::Null);
}

const STAGING: &str = "/nodes/pve1/qemu/106";

fn names(twin: &Twin, guest: &str) -> Vec<String> {
    let list = data(twin, &format!("{guest}/snapshot"));
    list.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn going_back_puts_the_configuration_and_the_parent_back() {
    let twin = Twin::demo();
    let (kind, exit, _) = run(&twin, Method::Post, &format!("{STAGING}/snapshot"), &[("snapname", "one")]);
    assert_eq!((kind.as_str(), exit.as_str()), ("qmsnapshot", "OK"));
    let before = config(&twin, STAGING);
    let changed = [("cores", "1"), ("description", "later"), ("scsi1", "local-zfs:4"), ("name", "other")];
    write(&twin, Method::Put, &format!("{STAGING}/config"), &changed);
    done(&twin, Method::Put, &format!("{STAGING}/resize"), &[("disk", "scsi0"), ("size", "+6G")]);
    let (kind, exit, log) = run(&twin, Method::Post, &format!("{STAGING}/snapshot/one/rollback"), &[]);
    assert_eq!((kind.as_str(), exit.as_str(), &log[..]), ("qmrollback", "OK", &["TASK OK".to_owned()][..]));
    let now = config(&twin, STAGING);
    for (key, expected) in [
        ("cores", before["cores"].clone()),
        ("name", before["name"].clone()),
        ("scsi0", before["scsi0"].clone()),
        ("parent", "one".into()),
        // What was written down since stays, and so does what is no part of the snapshot.
        ("description", "later".into()),
        ("unused0", "local-zfs:vm-106-disk-1".into()),
        ("scsi1", Value::Null),
        ("lock", Value::Null),
    ] {
        assert_eq!(now[key], expected, "{key}");
    }
    assert_ne!(now["vmgenid"], before["vmgenid"]);
    let volumes = volumes(&twin, "pve1", "local-zfs", 106);
    assert_eq!(volumes, [("local-zfs:vm-106-disk-0".into(), 64 << 30), ("local-zfs:vm-106-disk-1".into(), 4 << 30)]);
    assert_eq!(names(&twin, STAGING), ["one", "current"]);
}

#[test]
fn zfs_goes_back_to_its_latest_snapshot_only() {
    let twin = Twin::demo();
    for name in ["one", "two"] {
        done(&twin, Method::Post, &format!("{STAGING}/snapshot"), &[("snapname", name)]);
    }
    let back = |name: &str| format!("{STAGING}/snapshot/{name}/rollback");
    let words = "can't rollback, 'one' is not most recent snapshot on 'local-zfs:vm-106-disk-0'";
    fails(&twin, Method::Post, &back("one"), &[], words);
    done(&twin, Method::Post, &back("two"), &[]);
    assert_eq!(run(&twin, Method::Delete, &format!("{STAGING}/snapshot/two"), &[]).0, "qmdelsnapshot");
    done(&twin, Method::Post, &back("one"), &[]);
    fails(&twin, Method::Post, &back("two"), &[], "snapshot 'two' does not exist");
    // Ceph has no such rule.
    done(&twin, Method::Post, "/nodes/pve1/qemu/105/snapshot/before-17-6/rollback", &[]);
    assert_eq!(config(&twin, "/nodes/pve1/qemu/105")["parent"], "before-17-6");
}

#[test]
fn going_back_turns_a_guest_off_and_on_again_where_that_is_asked_for() {
    let twin = Twin::demo();
    let path = "/nodes/pve1/lxc/204";
    let (kind, exit, log) = run(&twin, Method::Post, &format!("{path}/snapshot"), &[("snapname", "calm")]);
    assert_eq!((kind.as_str(), exit.as_str(), log.len()), ("vzsnapshot", "OK", 1));
    assert_eq!(power(&twin, path), "running");
    let (kind, exit, _) = run(&twin, Method::Post, &format!("{path}/snapshot/calm/rollback"), &[]);
    assert_eq!((kind.as_str(), exit.as_str()), ("vzrollback", "OK"));
    assert_eq!(power(&twin, path), "stopped");
    done(&twin, Method::Post, &format!("{path}/snapshot/calm/rollback"), &[("start", "1")]);
    let started = &data(&twin, "/nodes/pve1/tasks?source=all")[0];
    assert_eq!((&started["type"], &started["id"]), (&"vzstart".into(), &"204".into()));
    follow(&twin, started["upid"].as_str().unwrap());
    assert_eq!(power(&twin, path), "running");
    assert_eq!(run(&twin, Method::Delete, &format!("{path}/snapshot/calm"), &[]).0, "vzdelsnapshot");
    assert_eq!(names(&twin, path), ["current"]);
}

#[test]
fn a_snapshot_with_memory_keeps_it_in_a_volume_and_wakes_the_guest_up_again() {
    let twin = Twin::demo();
    let (vm, before) = ("/nodes/pve1/qemu/102", used(&twin, "pve1", "ceph-vm"));
    let log = done(&twin, Method::Post, &format!("{vm}/snapshot"), &[("snapname", "live"), ("vmstate", "1")]);
    assert_eq!(log[0], "saving VM state and RAM using storage 'ceph-vm'");
    assert!(log.iter().any(|line| line.starts_with("completed saving the VM state in ")), "{log:?}");
    assert!(log.contains(&"snapshotting 'drive-scsi0' (ceph-vm:vm-102-disk-0)".to_owned()), "{log:?}");
    let state = ("ceph-vm:vm-102-state-live".to_owned(), (2 * 4096 + 500) << 20);
    assert!(volumes(&twin, "pve1", "ceph-vm", 102).contains(&state));
    assert!(used(&twin, "pve1", "ceph-vm") > before + (1 << 30));
    let kept = data(&twin, &format!("{vm}/snapshot/live/config"));
    assert_eq!((&kept["vmstate"], kept["runningmachine"].is_string()), (&state.0.as_str().into(), true));
    post(&twin, &format!("{vm}/status/stop"));
    twin.pause(Duration::from_secs(2));
    done(&twin, Method::Post, &format!("{vm}/snapshot/live/rollback"), &[]);
    assert_eq!((power(&twin, vm).as_str(), &config(&twin, vm)["vmstate"]), ("running", &Value::Null));
    done(&twin, Method::Delete, &format!("{vm}/snapshot/live"), &[]);
    assert_eq!(used(&twin, "pve1", "ceph-vm"), before);
}

#[test]
fn snapshots_are_refused_as_pve_refuses_them() {
    let twin = Twin::demo();
    let take = |guest: &str| format!("{guest}/snapshot");
    let unknown = "property is not defined in schema and the schema does not allow additional properties";
    wrong(
        &twin,
        Method::Post,
        &take("/nodes/pve1/lxc/204"),
        &[("snapname", "ab"), ("vmstate", "1")],
        "vmstate",
        unknown,
    );
    wrong(&twin, Method::Post, &take(STAGING), &[], "snapname", "property is missing and it is not optional");
    let name = "invalid format - invalid configuration ID '1st'\n";
    wrong(&twin, Method::Post, &take(STAGING), &[("snapname", "1st")], "snapname", name);
    let long = "x".repeat(41);
    wrong(
        &twin,
        Method::Post,
        &take(STAGING),
        &[("snapname", &long)],
        "snapname",
        "value may only be 40 characters long",
    );
    for (guest, name) in [(STAGING, "current"), (STAGING, "pending"), ("/nodes/pve1/lxc/204", "vzdump")] {
        let reply = send(&twin, Method::Post, &take(guest), &[("snapname", name)]);
        refused(&reply, 500, &format!("unable to use snapshot name '{name}' (reserved name)"));
    }
    fails(&twin, Method::Post, &take("/nodes/pve2/qemu/117"), &[("snapname", "ab")], "VM is locked (backup)");
    let template = "you can't take a snapshot if it's a template";
    fails(&twin, Method::Post, &take("/nodes/pve1/qemu/900"), &[("snapname", "ab")], template);
    fails(&twin, Method::Delete, &format!("{STAGING}/snapshot/none"), &[], "snapshot 'none' does not exist");
    fails(
        &twin,
        Method::Post,
        "/nodes/pve1/qemu/900/snapshot/x/rollback",
        &[],
        "you can't rollback if vm is a template",
    );
}

#[test]
fn what_a_snapshot_is_for_can_be_written_down_later() {
    let twin = Twin::demo();
    let path = "/nodes/pve1/qemu/105/snapshot/before-17-6/config";
    let digest = config(&twin, "/nodes/pve1/qemu/105")["digest"].clone();
    assert_eq!(write(&twin, Method::Put, path, &[("description", "the last good one")]), Value::Null);
    assert_eq!(data(&twin, path)["description"], "the last good one");
    assert_eq!(data(&twin, "/nodes/pve1/qemu/105/snapshot")[0]["description"], "the last good one");
    assert_ne!(config(&twin, "/nodes/pve1/qemu/105")["digest"], digest);
    let none = send(&twin, Method::Put, "/nodes/pve1/qemu/105/snapshot/none/config", &[("description", "x")]);
    refused(&none, 500, "snapshot 'none' does not exist");
    let locked = send(&twin, Method::Put, "/nodes/pve2/qemu/117/snapshot/x/config", &[("description", "x")]);
    refused(&locked, 500, "VM is locked (backup)");
}

#[test]
fn a_snapshot_shows_the_configuration_that_it_keeps() {
    let twin = Twin::demo();
    let guest = "/nodes/pve1/qemu/105";
    let kept = data(&twin, &format!("{guest}/snapshot/before-17-7/config"));
    let expected = [
        ("parent", json!("before-17-6")),
        ("vmstate", json!("ceph-vm:vm-105-state-before-17-7")),
        ("name", json!("gitlab")),
        ("digest", Value::Null),
        ("lock", Value::Null),
    ];
    expected.iter().for_each(|(key, value)| assert_eq!(kept[key], *value, "{key}"));
    let shown = data(&twin, &format!("{guest}/config?snapshot=before-17-7"));
    assert_eq!((&shown["snaptime"], shown["digest"].is_string()), (&kept["snaptime"], true));
    assert_eq!(
        data(&twin, &format!("{guest}/snapshot/before-17-7")),
        json!([{ "cmd": "rollback" }, { "cmd": "config" }])
    );
    let both = "cannot use 'snapshot' parameter with 'current'";
    let call = [("snapshot", "x"), ("current", "1")];
    wrong(&twin, Method::Get, &format!("{guest}/config"), &call, "current", both);
    refused(&read(&twin, &format!("{guest}/config?snapshot=none")), 500, "snapshot 'none' does not exist");
}

#[test]
fn removing_a_snapshot_hands_its_children_to_its_parent() {
    let twin = Twin::demo();
    let guest = "/nodes/pve1/qemu/105";
    done(&twin, Method::Post, &format!("{guest}/snapshot"), &[("snapname", "third")]);
    let log = done(&twin, Method::Delete, &format!("{guest}/snapshot/before-17-7"), &[]);
    assert_eq!(log, ["Removing image: 100% complete...done."]);
    let list = data(&twin, &format!("{guest}/snapshot"));
    assert_eq!((&list[1]["name"], &list[1]["parent"]), (&"third".into(), &"before-17-6".into()));
    assert_eq!(volumes(&twin, "pve1", "ceph-vm", 105).len(), 1);
}
