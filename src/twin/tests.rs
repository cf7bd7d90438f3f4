//! What the simulated cluster promises, asked through the wire as a session asks.

use serde_json::Value;

use super::*;
use crate::wire::Method;

mod recorded;

/// Every path that is read here with an answer of its own, the query behind a question mark.
const READS: &[&str] = &[
    "/",
    "/version",
    "/cluster",
    "/cluster/status",
    "/cluster/resources",
    "/cluster/resources?type=vm",
    "/cluster/resources?type=node",
    "/cluster/resources?type=storage",
    "/cluster/tasks",
    "/cluster/options",
    "/cluster/log",
    "/cluster/nextid",
    "/cluster/backup",
    "/cluster/backup/backup-nightly",
    "/cluster/backup-info",
    "/cluster/backup-info/not-backed-up",
    "/cluster/ha",
    "/cluster/ha/status",
    "/cluster/ha/status/current",
    "/cluster/ha/resources",
    "/cluster/replication",
    "/nodes",
    "/nodes/pve1",
    "/nodes/pve1/status",
    "/nodes/pve1/version",
    "/nodes/pve1/time",
    "/nodes/pve1/network",
    "/nodes/pve1/services",
    "/nodes/pve1/subscription",
    "/nodes/pve1/replication",
    "/nodes/pve1/rrddata?timeframe=hour",
    "/nodes/pve1/rrddata?timeframe=decade",
    "/nodes/pve4/rrddata?timeframe=hour",
    "/nodes/pve4",
    "/nodes/pve1/qemu",
    "/nodes/pve2/lxc",
    "/nodes/pve1/storage",
    "/nodes/pve1/storage/local",
    "/nodes/pve1/storage/local/status",
    "/nodes/pve1/storage/local-zfs/content",
    "/nodes/pve1/storage/nfs-backup/content",
    "/nodes/pve1/storage/pbs-main/content?vmid=103",
    "/nodes/pve1/storage/local/rrddata?timeframe=day",
    "/nodes/pve1/tasks",
    "/nodes/pve1/tasks?errors=1",
    "/nodes/pve1/qemu/102",
    "/nodes/pve1/qemu/102/status",
    "/nodes/pve1/qemu/102/status/current",
    "/nodes/pve1/qemu/101/status/current",
    "/nodes/pve2/lxc/202/status/current",
    "/nodes/pve1/qemu/102/config",
    "/nodes/pve2/lxc/202/config",
    "/nodes/pve1/qemu/102/pending",
    "/nodes/pve1/qemu/105/snapshot",
    "/nodes/pve2/lxc/202/snapshot",
    "/nodes/pve1/qemu/102/rrddata?timeframe=day",
    "/nodes/pve1/qemu/102/firewall/options",
    "/nodes/pve1/qemu/102/feature?feature=snapshot",
    "/nodes/pve1/qemu/102/agent/network-get-interfaces",
    "/storage",
    "/storage/local",
    "/pools",
    "/pools?poolid=prod/web",
    "/pools/prod",
    "/access",
    "/access/permissions",
    "/access/users",
    "/access/groups",
    "/access/roles",
    "/access/acl",
    "/access/domains",
];

fn ask(twin: &Twin, call: Call) -> Reply {
    twin.submit(call).wait().unwrap()
}

fn read(twin: &Twin, path: &str) -> Reply {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    ask(twin, pairs.fold(Call::get(path), |call, (key, value)| call.with(key, value)))
}

/// The whole body of a good answer.
fn body(reply: &Reply) -> Value {
    assert!(reply.is_ok(), "{} {}", reply.status, reply.reason);
    serde_json::from_str(&reply.body).unwrap()
}

fn data(twin: &Twin, path: &str) -> Value {
    body(&read(twin, path))["data"].take()
}

/// Sends a write and gives what it answers: a UPID mostly.
#[track_caller]
fn write(twin: &Twin, method: Method, path: &str, params: &[(&str, &str)]) -> Value {
    body(&ask(twin, params.iter().fold(Call::new(method, path), |call, (key, value)| call.with(*key, *value))))["data"]
        .take()
}

#[track_caller]
fn post(twin: &Twin, path: &str) -> String {
    write(twin, Method::Post, path, &[]).as_str().unwrap().to_owned()
}

#[track_caller]
fn refused(reply: &Reply, status: u16, message: &str) {
    let body: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!((reply.status, body["message"].as_str().unwrap().trim_end()), (status, message));
    assert_eq!(reply.reason.raw(), message.lines().next().unwrap());
}

fn power(twin: &Twin, path: &str) -> String {
    let current = data(twin, &format!("{path}/status/current"));
    current["status"].as_str().unwrap().to_owned()
}

/// Waits for a task as a client does, and gives its exit status and its log.
fn follow(twin: &Twin, upid: &str) -> (String, Vec<String>) {
    let node = upid.split(':').nth(1).unwrap();
    let path = format!("/nodes/{node}/tasks/{}", upid.replace(':', "%3A").replace('@', "%40"));
    for _ in 0..2_000 {
        let status = data(twin, &format!("{path}/status"));
        if status["status"] == "stopped" {
            let lines = data(twin, &format!("{path}/log?limit=0"));
            let lines = lines.as_array().unwrap().iter().map(|line| line["t"].as_str().unwrap().to_owned());
            return (status["exitstatus"].as_str().unwrap().to_owned(), lines.collect());
        }
        twin.pause(Duration::from_millis(500));
    }
    panic!("{upid} does not end")
}

#[test]
fn the_same_calls_give_the_same_bytes() {
    let story = || {
        let twin = Twin::demo();
        let mut said = Vec::new();
        let mut note =
            |reply: Reply| said.push(format!("{} {:?} {} {}", reply.at, reply.took, reply.status, reply.body));
        READS.iter().for_each(|path| note(read(&twin, path)));
        note(ask(&twin, Call::new(Method::Post, "/nodes/pve1/qemu/101/status/start")));
        twin.pause(Duration::from_secs(30));
        READS.iter().for_each(|path| note(read(&twin, path)));
        said
    };
    assert_eq!(story(), story());
}

#[test]
fn every_read_is_answered_with_data() {
    let twin = Twin::demo();
    for path in READS {
        let data = data(&twin, path);
        assert!(path.ends_with("replication") || !matches!(&data, Value::Array(rows) if rows.is_empty()), "{path}");
        assert!(!data.is_null(), "{path}");
    }
}

#[test]
fn every_line_of_the_tables_is_read() {
    let state = demo::state();
    assert_eq!((state.guests.len(), state.nodes.len(), state.storages.len()), (41, 4, 6));
    // 35 single events and two rounds a night on three nodes, four nights.
    assert_eq!(state.tasks.len(), 35 + 24);
    assert_eq!(state.seconds(), demo::START);
}

#[test]
fn a_stopped_vm_starts_in_a_task_with_a_log() {
    let twin = Twin::demo();
    let web = "/nodes/pve1/qemu/101";
    assert_eq!(power(&twin, web), "stopped");
    let upid = post(&twin, &format!("{web}/status/start"));
    let log = format!("/nodes/pve1/tasks/{upid}/log");
    assert_eq!(data(&twin, &log)[0]["t"], "no content");
    assert_eq!(data(&twin, "/nodes/pve1/tasks?source=active")[0]["status"], "RUNNING");
    let running = &data(&twin, "/cluster/tasks")[0];
    assert_eq!((&running["upid"], &running["status"]), (&upid.as_str().into(), &Value::Null));
    assert_eq!(power(&twin, web), "stopped");

    let (exit, lines) = follow(&twin, &upid);
    assert_eq!((exit.as_str(), lines), ("OK", vec!["generating cloud-init ISO".to_owned(), "TASK OK".to_owned()]));
    assert_eq!(power(&twin, web), "running");
    assert_eq!(data(&twin, "/nodes/pve1/tasks?source=active"), Value::Array(Vec::new()));
}

#[test]
fn starting_what_runs_fails_as_pve_says() {
    let twin = Twin::demo();
    let upid = post(&twin, "/nodes/pve1/qemu/102/status/start");
    assert_eq!(follow(&twin, &upid).1, ["TASK ERROR: VM 102 already running"]);
    let start = Call::new(Method::Post, "/nodes/pve1/lxc/200/status/start");
    refused(&ask(&twin, start), 500, "CT 200 already running");
}

#[test]
fn tasks_fail_in_the_words_of_pve() {
    let twin = Twin::demo();
    for (path, exit) in [
        ("/nodes/pve2/qemu/117/status/start", "VM is locked (backup)"),
        ("/nodes/pve1/qemu/900/status/start", "you can't start a vm if it's a template"),
        ("/nodes/pve3/qemu/123/status/start", "start failed: QEMU exited with code 1"),
        ("/nodes/pve3/qemu/127/status/start", "WARNINGS: 1"),
        ("/nodes/pve3/qemu/124/status/shutdown", "VM quit/powerdown failed - got timeout"),
        ("/nodes/pve1/qemu/999/status/start", "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist"),
        ("/nodes/pve1/qemu/106/status/stop", "OK"),
        ("/nodes/pve3/qemu/125/status/reboot", "OK"),
    ] {
        let upid = post(&twin, path);
        assert_eq!(follow(&twin, &upid).0, exit, "{path}");
    }
    assert_eq!(power(&twin, "/nodes/pve3/qemu/124"), "running");
    assert_eq!(power(&twin, "/nodes/pve3/qemu/125"), "running");
}

#[test]
fn some_calls_are_refused_at_once() {
    let twin = Twin::demo();
    for (method, path, status, message) in [
        (
            Method::Get,
            "/nodes/pve1/qemu/999/config",
            500,
            "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist",
        ),
        (
            Method::Get,
            "/nodes/pve2/qemu/101/config",
            500,
            "Configuration file 'nodes/pve2/qemu-server/101.conf' does not exist",
        ),
        (Method::Get, "/nodes/pve1/lxc/101/config", 500, "Configuration file 'nodes/pve1/lxc/101.conf' does not exist"),
        (Method::Get, "/nodes/pve1/nonsense", 501, "Method 'GET /nodes/pve1/nonsense' not implemented"),
        (Method::Post, "/version", 501, "Method 'POST /version' not implemented"),
        (
            Method::Post,
            "/nodes/pve1/qemu/101/clone",
            501,
            "Method 'POST /nodes/pve1/qemu/101/clone' is not simulated by the demo cluster",
        ),
        (Method::Get, "/storage/none", 500, "storage 'none' does not exist"),
        (Method::Get, "/nodes/pve1/storage/nas-old/content", 500, "storage 'nas-old' is disabled"),
        (Method::Post, "/nodes/pve2/lxc/240/status/stop", 500, "CT 240 not running"),
        (Method::Post, "/nodes/pve1/qemu/101/status/reboot", 500, "VM 101 not running"),
        (Method::Post, "/nodes/pve1/qemu/101/agent/ping", 500, "VM 101 is not running"),
        (Method::Post, "/nodes/pve3/qemu/124/agent/ping", 500, "No QEMU guest agent configured"),
        (Method::Post, "/nodes/pve2/qemu/116/agent/ping", 500, "QEMU guest agent is not running"),
        (Method::Delete, "/nodes/pve2/qemu/115", 500, "can't remove VM 115 - protection mode enabled"),
        (Method::Delete, "/nodes/pve1/qemu/102", 500, "VM 102 is running - destroy failed"),
    ] {
        refused(&ask(&twin, Call::new(method, path)), status, message);
    }
}

#[test]
fn wrong_parameters_are_named_field_by_field() {
    let twin = Twin::demo();
    for (call, field, why) in [
        (
            Call::get("/cluster/resources").with("type", "x"),
            "type",
            "value 'x' does not have a value in the enumeration 'vm, storage, node, sdn'",
        ),
        (Call::get("/nodes/pve1/rrddata"), "timeframe", "property is missing and it is not optional"),
        (Call::get("/nodes/pve1/tasks/bogus/status"), "upid", "unable to parse worker upid"),
        (Call::get("/nodes/pve1/qemu/abc/config"), "vmid", "type check ('integer') failed - got 'abc'"),
        (Call::get("/cluster/nextid").with("vmid", "101"), "vmid", "VM 101 already exists"),
        (
            Call::get("/version").with("x", "1"),
            "x",
            "property is not defined in schema and the schema does not allow additional properties",
        ),
        (Call::get("/nodes/pve1/storage/none/status"), "storage", "No such storage."),
    ] {
        let reply = ask(&twin, call);
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!((reply.status, reply.reason.raw()), (400, "Parameter verification failed."));
        assert_eq!(body["errors"][field], why);
    }
}

#[test]
fn the_list_of_resources_lags_behind() {
    let twin = Twin::demo();
    let listed = || {
        let rows = data(&twin, "/cluster/resources?type=vm");
        let row = rows.as_array().unwrap().iter().find(|row| row["vmid"] == 101).unwrap().clone();
        row["status"].as_str().unwrap().to_owned()
    };
    let upid = post(&twin, "/nodes/pve1/qemu/101/status/start");
    follow(&twin, &upid);
    assert_eq!((power(&twin, "/nodes/pve1/qemu/101").as_str(), listed().as_str()), ("running", "stopped"));
    twin.pause(Duration::from_secs(10));
    assert_eq!(listed(), "running");
}

#[test]
fn an_offline_node_answers_nothing_but_its_index_and_its_past() {
    let twin = Twin::demo();
    for path in ["/nodes/pve4/status", "/nodes/pve4/qemu", "/nodes/pve4/qemu/130/config", "/nodes/pve4/storage"] {
        let reply = read(&twin, path);
        assert_eq!((reply.status, reply.reason.raw(), &*reply.body), (595, "No route to host", ""), "{path}");
    }
    let past = data(&twin, "/nodes/pve4/rrddata?timeframe=hour");
    assert!(past[5]["cpu"].is_number() && past[59].as_object().unwrap().len() == 1);
    let rows = data(&twin, "/cluster/resources?type=vm");
    let guest = rows.as_array().unwrap().iter().find(|row| row["vmid"] == 132).unwrap();
    let expected = serde_json::json!({
        "id": "qemu/132", "node": "pve4", "status": "unknown", "type": "qemu", "vmid": 132,
    });
    assert_eq!(*guest, expected);
}

#[test]
fn two_tasks_run_side_by_side() {
    let twin = Twin::demo();
    let (one, two) =
        (post(&twin, "/nodes/pve1/qemu/101/status/start"), post(&twin, "/nodes/pve1/qemu/106/status/start"));
    assert_ne!(one, two);
    assert_eq!(data(&twin, "/nodes/pve1/tasks?source=active").as_array().unwrap().len(), 2);
    assert_eq!((follow(&twin, &one).0.as_str(), follow(&twin, &two).0.as_str()), ("OK", "OK"));
    assert_eq!(
        (power(&twin, "/nodes/pve1/qemu/101"), power(&twin, "/nodes/pve1/qemu/106")),
        ("running".into(), "running".into())
    );
}

#[test]
fn tasks_of_one_guest_wait_for_each_other() {
    let twin = Twin::demo();
    let (start, stop) =
        (post(&twin, "/nodes/pve1/qemu/101/status/start"), post(&twin, "/nodes/pve1/qemu/101/status/stop"));
    assert_eq!((follow(&twin, &start).0, follow(&twin, &stop).0), ("OK".into(), "OK".into()));
    assert_eq!(power(&twin, "/nodes/pve1/qemu/101"), "stopped");

    let slow = post(&twin, "/nodes/pve3/qemu/124/status/shutdown");
    let hasty = post(&twin, "/nodes/pve3/qemu/124/status/stop");
    assert_eq!(follow(&twin, &hasty).0, "can't lock file '/var/lock/qemu-server/lock-124.conf' - got timeout");
    assert_eq!(follow(&twin, &slow).0, "VM quit/powerdown failed - got timeout");
}

#[test]
fn the_ha_manager_starts_a_guest_some_seconds_after_it_was_asked() {
    let twin = Twin::demo();
    let batch = "/nodes/pve3/qemu/126";
    let upid = post(&twin, &format!("{batch}/status/start"));
    assert!(upid.contains(":hastart:126:"));
    assert_eq!(follow(&twin, &upid).0, "OK");
    assert_eq!(power(&twin, batch), "stopped");
    twin.pause(Duration::from_secs(9));
    assert_eq!(power(&twin, batch), "running");
    let last = &data(&twin, "/nodes/pve3/tasks?vmid=126&limit=1")[0];
    assert_eq!(last["type"], "qmstart");
    let ha = data(&twin, &format!("{batch}/status/current"));
    assert_eq!(ha["ha"], serde_json::json!({ "managed": 1, "state": "started" }));

    let upid = post(&twin, &format!("{batch}/status/shutdown"));
    assert!(upid.contains(":hastop:126:"));
    twin.pause(Duration::from_secs(20));
    assert_eq!(power(&twin, batch), "stopped");
    assert_eq!(data(&twin, &format!("{batch}/status/current"))["ha"]["state"], "stopped");
}

#[test]
fn a_configuration_changes_under_its_digest() {
    let twin = Twin::demo();
    let path = "/nodes/pve1/qemu/106/config";
    let digest = data(&twin, path)["digest"].as_str().unwrap().to_owned();
    let put = |params: &[(&str, &str)]| {
        ask(&twin, params.iter().fold(Call::new(Method::Put, path), |call, (key, value)| call.with(*key, *value)))
    };
    assert_eq!(
        &*put(&[("cores", "8"), ("memory", "16384"), ("tags", "b;a,b"), ("digest", &digest)]).body,
        r#"{"data":null}"#
    );
    let now = data(&twin, path);
    assert_eq!((&now["cores"], &now["memory"], &now["tags"]), (&8.into(), &"16384".into(), &"a;b".into()));
    assert_eq!(now["digest"].as_str().unwrap().len(), 40);
    refused(&put(&[("cores", "2"), ("digest", &digest)]), 500, "checksum mismatch (file change by other user?)");
    refused(&put(&[]), 500, "no options specified");
    for (params, field, why) in [
        (
            ("bogus", "1"),
            "bogus",
            "property is not defined in schema and the schema does not allow additional properties",
        ),
        (("onboot", "yes"), "onboot", "type check ('boolean') failed - got 'yes'"),
        (("cores", "0"), "cores", "value must have a minimum value of 1"),
        (("delete", "nonsense"), "delete", "unknown option 'nonsense'"),
        (("tags", "a:b"), "tags", "invalid format - invalid characters in tag\n"),
    ] {
        let reply = put(&[params]);
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!((reply.status, &body["errors"][field]), (400, &why.into()));
    }
    put(&[("delete", "tags")]);
    assert_eq!(data(&twin, path)["tags"], Value::Null);
    let locked = ask(&twin, Call::new(Method::Put, "/nodes/pve2/qemu/117/config").with("cores", "2"));
    refused(&locked, 500, "VM is locked (backup)");
    refused(&put(&[("net0", "virtio,bridge=vmbr0")]), 501, "Changing 'net0' is not simulated by the demo cluster");
}

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

#[test]
fn what_would_have_no_effect_here_is_refused() {
    let twin = Twin::demo();
    for (call, what) in [
        (
            Call::new(Method::Post, "/nodes/pve1/qemu/101/status/start").with("skiplock", "1"),
            "The parameter 'skiplock'",
        ),
        (Call::get("/nodes/pve1/qemu/105/config").with("snapshot", "before-17-6"), "The parameter 'snapshot'"),
        (Call::get("/access/users").with("full", "1"), "Narrowing '/access/users' by parameters"),
        (Call::get("/nodes/pve1/ceph/status"), "Method 'GET /nodes/pve1/ceph/status'"),
    ] {
        refused(&ask(&twin, call), 501, &format!("{what} is not simulated by the demo cluster"));
    }
}

#[test]
fn an_agent_that_does_not_answer_takes_three_seconds() {
    let twin = Twin::demo();
    let ping = |path: &str| ask(&twin, Call::new(Method::Post, path));
    assert_eq!(&*ping("/nodes/pve1/qemu/102/agent/ping").body, r#"{"data":{"result":{}}}"#);
    let silent = ping("/nodes/pve2/qemu/116/agent/ping");
    refused(&silent, 500, "QEMU guest agent is not running");
    assert!(silent.took >= Duration::from_secs(3));
}

#[test]
fn a_stopped_guest_can_be_removed_and_a_running_one_moved() {
    let twin = Twin::demo();
    let upid = write(&twin, Method::Delete, "/nodes/pve1/qemu/106", &[]);
    assert_eq!(follow(&twin, upid.as_str().unwrap()).0, "OK");
    assert_eq!(read(&twin, "/nodes/pve1/qemu/106/config").status, 500);

    let upid = write(&twin, Method::Post, "/nodes/pve1/qemu/104/migrate", &[("target", "pve3"), ("online", "1")]);
    assert_eq!(follow(&twin, upid.as_str().unwrap()).0, "OK");
    assert_eq!(power(&twin, "/nodes/pve3/qemu/104"), "running");
}

#[test]
fn lists_of_tasks_are_filtered_and_paged() {
    let twin = Twin::demo();
    let all = body(&read(&twin, "/nodes/pve1/tasks"));
    let total = usize::try_from(all["total"].as_u64().unwrap()).unwrap();
    assert_eq!(all["data"].as_array().unwrap().len(), total);
    let page = body(&read(&twin, "/nodes/pve1/tasks?start=2&limit=3"));
    assert_eq!(page["data"].as_array().unwrap()[..], all["data"].as_array().unwrap()[2..5]);
    assert_eq!(page["total"], all["total"]);
    assert_eq!(data(&twin, "/nodes/pve1/tasks?limit=0"), Value::Array(Vec::new()));
    let of_web = data(&twin, "/nodes/pve1/tasks?vmid=101");
    assert_eq!((&of_web[0]["user"], &of_web[0]["tokenid"]), (&"maint@pve".into(), &"patch".into()));
    let failed = data(&twin, "/nodes/pve1/tasks?errors=1");
    assert!(failed.as_array().unwrap().iter().all(|task| task["status"] != "OK"));
}
