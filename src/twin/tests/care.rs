//! Promises about high availability: what it takes into its care, what it does when nodes go, how it tells.

use super::*;

const STATUS: &str = "/cluster/ha/status/current";

fn row(twin: &Twin, id: &str) -> Value {
    let rows = data(twin, STATUS);
    rows.as_array().unwrap().iter().find(|row| row["id"] == id).unwrap().clone()
}

fn said(twin: &Twin, id: &str) -> String {
    row(twin, id)["status"].as_str().unwrap().to_owned()
}

fn put(twin: &Twin, method: Method, path: &str, params: &[(&str, &str)]) -> Reply {
    ask(twin, params.iter().fold(Call::new(method, path), |call, (key, value)| call.with(*key, *value)))
}

fn wait(twin: &Twin, seconds: u64) {
    twin.pause(Duration::from_secs(seconds));
}

fn do_it(twin: &Twin, fault: Fault) {
    twin.practice(&fault).unwrap();
}

fn node_of(twin: &Twin, vmid: u32) -> String {
    let rows = data(twin, "/cluster/resources?type=vm");
    let row = rows.as_array().unwrap().iter().find(|row| row["vmid"] == vmid).unwrap().clone();
    row["node"].as_str().unwrap().to_owned()
}

#[test]
fn a_guest_is_taken_into_its_care_and_out_of_it() {
    let twin = Twin::demo();
    let resources = "/cluster/ha/resources";
    let before = data(&twin, resources)[0]["digest"].clone();
    assert_eq!(
        &*put(&twin, Method::Post, resources, &[("sid", "vm:106"), ("max_restart", "2"), ("comment", "a & b")]).body,
        r#"{"data":null}"#
    );
    assert_eq!(row(&twin, "service:vm:106")["state"], "queued");
    let one = data(&twin, "/cluster/ha/resources/vm:106");
    let expected = serde_json::json!({ "sid": "vm:106", "type": "vm", "max_restart": 2, "comment": "a & b", "digest": one["digest"] });
    assert_eq!(one, expected);
    assert_ne!(one["digest"], before);
    wait(&twin, 20);
    assert_eq!(power(&twin, "/nodes/pve1/qemu/106"), "running");
    assert_eq!(data(&twin, "/nodes/pve1/tasks?limit=1&vmid=106")[0]["type"], "qmstart");
    let upid = data(&twin, "/nodes/pve1/tasks?limit=1&vmid=106")[0]["upid"].as_str().unwrap().to_owned();
    assert_eq!(follow(&twin, &upid).1[0], "task started by HA resource agent");
    wait(&twin, 10);
    assert_eq!(said(&twin, "service:vm:106"), "vm:106 (pve1, started)");

    assert!(
        put(&twin, Method::Put, "/cluster/ha/resources/106", &[("state", "stopped"), ("delete", "comment")]).is_ok()
    );
    let one = data(&twin, "/cluster/ha/resources/vm:106");
    assert_eq!((&one["state"], &one["comment"]), (&"stopped".into(), &Value::Null));
    wait(&twin, 40);
    assert_eq!(power(&twin, "/nodes/pve1/qemu/106"), "stopped");
    assert_eq!(row(&twin, "service:vm:106")["crm_state"], "stopped");

    assert!(put(&twin, Method::Delete, "/cluster/ha/resources/vm:106", &[]).is_ok());
    assert_eq!(row(&twin, "service:vm:106")["state"], "deleting");
    wait(&twin, 10);
    assert!(data(&twin, STATUS).as_array().unwrap().iter().all(|row| row["id"] != "service:vm:106"));
    assert_eq!(data(&twin, "/nodes/pve1/qemu/106/status/current")["ha"], serde_json::json!({ "managed": 0 }));
}

#[test]
fn what_cannot_be_is_refused_in_its_words() {
    let twin = Twin::demo();
    let resources = "/cluster/ha/resources";
    for (method, path, params, status, words) in [
        (
            Method::Post,
            resources,
            vec![("sid", "vm:103")],
            500,
            "create resource failed: resource ID 'vm:103' already defined",
        ),
        (Method::Post, resources, vec![("sid", "vm:999")], 500, "resource 'vm:999' does not exist in cluster"),
        (
            Method::Post,
            resources,
            vec![("sid", "999")],
            500,
            "unable to detect SID from VMID - VM/CT 999 does not exist",
        ),
        (Method::Post, resources, vec![("sid", "vm:200")], 500, "resource 'vm:200' - guest with ID 200 is not a VM"),
        (Method::Post, resources, vec![("sid", "ct:200"), ("type", "vm")], 500, "types does not match"),
        (
            Method::Post,
            resources,
            vec![("sid", "ct:200"), ("group", "g")],
            500,
            "invalid parameter 'group': ha groups have been migrated to rules",
        ),
        (
            Method::Put,
            "/cluster/ha/resources/vm:101",
            vec![("state", "stopped")],
            500,
            "update resources config failed: no such resource 'vm:101'",
        ),
        (
            Method::Put,
            "/cluster/ha/resources/vm:103",
            vec![("digest", "00")],
            500,
            "update resources config failed: detected modified configuration - file changed by other user? Try again.",
        ),
        (
            Method::Delete,
            "/cluster/ha/resources/vm:101",
            vec![],
            500,
            "cannot delete service 'vm:101', not HA managed!",
        ),
        (Method::Get, "/cluster/ha/resources/vm:101", vec![], 500, "no such resource 'vm:101'"),
        (
            Method::Post,
            "/cluster/ha/resources/vm:101/migrate",
            vec![("node", "pve2")],
            500,
            "resource 'vm:101' is not HA managed",
        ),
    ] {
        refused(&put(&twin, method, path, &params), status, words);
    }
    for (params, field, why) in [
        (vec![("sid", "nonsense")], "sid", "invalid format - value does not look like a valid ha resource id\n"),
        (
            vec![("sid", "vm:101"), ("state", "on")],
            "state",
            "value 'on' does not have a value in the enumeration 'started, stopped, enabled, disabled, ignored'",
        ),
        (vec![], "sid", "property is missing and it is not optional"),
    ] {
        let body: Value = serde_json::from_str(&put(&twin, Method::Post, resources, &params).body).unwrap();
        assert_eq!(body["errors"][field], why);
    }
}

#[test]
fn it_moves_its_guests_itself_when_it_is_asked() {
    let twin = Twin::demo();
    let params = [("target", "pve1"), ("online", "1")];
    let upid = write(&twin, Method::Post, "/nodes/pve2/qemu/112/migrate", &params);
    let upid = upid.as_str().unwrap();
    assert!(upid.contains(":hamigrate:112:"));
    let (exit, lines) = follow(&twin, upid);
    assert_eq!((exit.as_str(), lines[0].as_str()), ("OK", "Requesting HA migration for VM 112 to node pve1"));
    assert_eq!(power(&twin, "/nodes/pve2/qemu/112"), "running");
    wait(&twin, 10);
    assert_eq!(row(&twin, "service:vm:112")["crm_state"], "migrate");
    wait(&twin, 30);
    assert_eq!(power(&twin, "/nodes/pve1/qemu/112"), "running");
    assert_eq!(said(&twin, "service:vm:112"), "vm:112 (pve1, started)");
    // Stopped here, started there.
    let answer = write(&twin, Method::Post, "/cluster/ha/resources/vm:112/relocate", &[("node", "pve2")]);
    assert_eq!(answer, serde_json::json!({ "sid": "vm:112", "requested-node": "pve2" }));
    wait(&twin, 60);
    let current = data(&twin, "/nodes/pve2/qemu/112/status/current");
    assert!(current["status"] == "running" && current["uptime"].as_i64().unwrap() < 60, "{current}");
}

#[test]
fn a_rule_keeps_two_guests_apart() {
    let twin = Twin::demo();
    let answer = write(&twin, Method::Post, "/cluster/ha/resources/vm:112/migrate", &[("node", "pve3")]);
    assert_eq!(answer["blocking-resources"], serde_json::json!([{ "sid": "vm:122", "cause": "resource-affinity" }]));
    wait(&twin, 60);
    assert_eq!(node_of(&twin, 112), "pve2");
    let preflight = data(&twin, "/nodes/pve2/qemu/112/migrate");
    assert!(preflight["not_allowed_nodes"]["pve3"]["blocking-ha-resources"].is_array());
    assert_eq!(preflight["dependent-ha-resources"], serde_json::json!([]));
}

#[test]
fn guests_of_a_node_that_dies_are_started_elsewhere_after_two_minutes() {
    let twin = Twin::demo();
    do_it(&twin, Fault::NodeUp("pve4".into()));
    wait(&twin, 60);
    do_it(&twin, Fault::NodeDown("pve3".into()));
    let died = twin.now();
    assert_eq!(read(&twin, "/nodes/pve3/qemu/122/status/current").status, 595);
    // The overview goes on showing what the node said last.
    let row_of = |vmid: u32| {
        let rows = data(&twin, "/cluster/resources?type=vm");
        rows.as_array().unwrap().iter().find(|row| row["vmid"] == vmid).unwrap().clone()
    };
    wait(&twin, 20);
    assert_eq!(row_of(120)["status"], "running");
    let manager = data(&twin, "/cluster/ha/status/manager_status");
    assert_eq!(manager["manager_status"]["node_status"]["pve3"], "unknown");
    wait(&twin, 60);
    assert_eq!(row(&twin, "service:vm:122")["crm_state"], "fence");
    assert_eq!(said(&twin, "lrm:pve3").split(", ").nth(1), Some("watchdog standby"));
    let mut recovered = None;
    for _ in 0..120 {
        wait(&twin, 1);
        if node_of(&twin, 122) != "pve3" && recovered.is_none() {
            recovered = Some(twin.now().since(died).0);
        }
    }
    let seconds = recovered.expect("it is never recovered");
    assert!((115..=140).contains(&seconds), "{seconds}");
    // Apart from what it must not meet, and the other one that was stopped came along.
    assert_ne!((node_of(&twin, 122), node_of(&twin, 126)), ("pve2".into(), "pve3".into()));
    let node = node_of(&twin, 122);
    assert_eq!(power(&twin, &format!("/nodes/{node}/qemu/122")), "running");
    assert_eq!(row(&twin, "service:vm:126")["crm_state"], "stopped");
    wait(&twin, 200);
    let lost = row_of(120);
    assert_eq!(
        lost,
        serde_json::json!({ "id": "qemu/120", "node": "pve3", "status": "unknown", "type": "qemu", "vmid": 120, "pool": "prod", "tags": "owner.dora;stage.prod" })
    );
}

#[test]
fn another_node_decides_when_the_one_is_gone_that_did() {
    let twin = Twin::demo();
    do_it(&twin, Fault::NodeUp("pve4".into()));
    wait(&twin, 30);
    assert_eq!(row(&twin, "master")["node"], "pve1");
    do_it(&twin, Fault::NodeDown("pve1".into()));
    wait(&twin, 60);
    assert!(said(&twin, "master").contains("old timestamp - dead?"));
    assert_eq!(row(&twin, "quorum")["node"], "pve2");
    wait(&twin, 80);
    assert_eq!(row(&twin, "master")["node"], "pve2");
    wait(&twin, 120);
    // Its rule names pve2 next.
    assert_eq!(node_of(&twin, 103), "pve2");
    assert_eq!(power(&twin, "/nodes/pve2/qemu/103"), "running");
    do_it(&twin, Fault::NodeUp("pve1".into()));
    wait(&twin, 240);
    assert_eq!(node_of(&twin, 103), "pve1", "it goes back to the node that it prefers");
}

#[test]
fn a_node_in_maintenance_is_emptied_and_filled_again() {
    let twin = Twin::demo();
    do_it(&twin, Fault::Maintenance("pve2".into(), true));
    wait(&twin, 20);
    assert!(
        said(&twin, "lrm:pve2").starts_with("pve2 (maintenance mode, watchdog active, "),
        "{}",
        said(&twin, "lrm:pve2")
    );
    wait(&twin, 60);
    assert_ne!(node_of(&twin, 112), "pve2");
    assert_eq!(node_of(&twin, 112), "pve1", "it must not meet vm:122");
    let manager = data(&twin, "/cluster/ha/status/manager_status");
    assert_eq!(manager["manager_status"]["node_status"]["pve2"], "maintenance");
    assert_eq!(manager["manager_status"]["service_status"]["vm:112"]["maintenance_node"], "pve2");
    // What it has not in its care stays.
    assert_eq!(power(&twin, "/nodes/pve2/qemu/110"), "running");
    do_it(&twin, Fault::Maintenance("pve2".into(), false));
    wait(&twin, 90);
    assert_eq!(node_of(&twin, 112), "pve2");
    assert!(said(&twin, "lrm:pve2").starts_with("pve2 (active, watchdog active, "));
}

#[test]
fn a_reboot_in_good_order_stops_its_guests_and_starts_them_again() {
    let twin = Twin::demo();
    let booted = |twin: &Twin| data(twin, "/nodes/pve3/status")["uptime"].as_i64().unwrap();
    assert_eq!(write(&twin, Method::Post, "/nodes/pve3/status", &[("command", "reboot")]), Value::Null);
    wait(&twin, 10);
    let running = data(&twin, "/nodes/pve3/tasks?source=active");
    assert!(running.as_array().unwrap().iter().any(|task| task["type"] == "stopall"), "{running}");
    // One that does not listen takes its three minutes.
    wait(&twin, 150);
    assert_eq!(power(&twin, "/nodes/pve3/qemu/124"), "running");
    wait(&twin, 90);
    assert_eq!(read(&twin, "/nodes/pve3/status").status, 595);
    let manager = data(&twin, "/cluster/ha/status/manager_status");
    assert_eq!(manager["manager_status"]["service_status"]["vm:122"]["state"], "freeze");
    assert_eq!(node_of(&twin, 122), "pve3");
    wait(&twin, 200);
    assert!(booted(&twin) < 200);
    wait(&twin, 60);
    for (path, expected) in [
        ("qemu/120", "running"),
        ("qemu/122", "running"),
        ("lxc/203", "running"),
        ("qemu/121", "stopped"),
        ("qemu/126", "stopped"),
    ] {
        assert_eq!(power(&twin, &format!("/nodes/pve3/{path}")), expected, "{path}");
    }
    let past = data(&twin, "/nodes/pve3/rrddata?timeframe=day");
    let known = past.as_array().unwrap().iter().filter(|row| row["cpu"].is_number()).count();
    assert!(known > 1_300, "the history of the time before its boot is gone: {known}");
}

#[test]
fn a_node_that_is_shut_down_gives_its_guests_away() {
    let twin = Twin::demo();
    do_it(&twin, Fault::NodeUp("pve4".into()));
    wait(&twin, 30);
    write(&twin, Method::Post, "/nodes/pve2/status", &[("command", "shutdown")]);
    wait(&twin, 240);
    assert_eq!(read(&twin, "/nodes/pve2/status").status, 595);
    wait(&twin, 120);
    assert_ne!(node_of(&twin, 112), "pve2");
    let node = node_of(&twin, 112);
    assert_eq!(power(&twin, &format!("/nodes/{node}/qemu/112")), "running");
}

#[test]
fn a_guest_that_cannot_start_is_tried_elsewhere_and_then_given_up() {
    let twin = Twin::demo();
    twin.state()
        .guests
        .get_mut(&126)
        .unwrap()
        .config
        .insert("net0".into(), "virtio=BC:24:11:00:00:01,bridge=vmbr7".into());
    post(&twin, "/nodes/pve3/qemu/126/status/start");
    wait(&twin, 300);
    let service = row(&twin, "service:vm:126");
    assert_eq!(service["crm_state"], "error", "{service}");
    let start = Call::new(Method::Put, "/cluster/ha/resources/vm:126").with("state", "started");
    refused(&ask(&twin, start), 500, "service 'vm:126' in error state, must be disabled and fixed first");
    assert!(put(&twin, Method::Put, "/cluster/ha/resources/vm:126", &[("state", "disabled")]).is_ok());
    wait(&twin, 20);
    assert_eq!(row(&twin, "service:vm:126")["state"], "disabled");
}

#[test]
fn without_a_quorum_nothing_is_written_and_nodes_in_its_care_are_reset() {
    let twin = Twin::demo();
    do_it(&twin, Fault::QuorumLost);
    assert_eq!(data(&twin, "/cluster/status")[0]["quorate"], 0);
    assert_eq!(row(&twin, "quorum")["status"], "No quorum on node 'pve1'!");
    let no_quorum = "cluster not ready - no quorum?";
    refused(&put(&twin, Method::Post, "/nodes/pve1/qemu/101/status/start", &[]), 500, no_quorum);
    refused(
        &put(&twin, Method::Post, "/nodes/pve1/qemu/104/migrate", &[("target", "pve3"), ("online", "1")]),
        500,
        no_quorum,
    );
    refused(&put(&twin, Method::Post, "/cluster/ha/resources", &[("sid", "vm:101")]), 500, no_quorum);
    refused(
        &put(&twin, Method::Delete, "/cluster/ha/resources/vm:103", &[]),
        500,
        "delete resource failed: cfs-lock 'domain-ha' error: no quorum!",
    );
    let config = put(&twin, Method::Put, "/nodes/pve1/qemu/101/config", &[("cores", "3")]);
    assert_eq!(config.status, 500);
    assert!(
        config.reason.raw().starts_with("unable to open file '/etc/pve/nodes/pve1/qemu-server/101.conf.tmp."),
        "{}",
        config.reason
    );
    wait(&twin, 30);
    do_it(&twin, Fault::QuorumBack);
    wait(&twin, 120);
    assert_eq!(power(&twin, "/nodes/pve1/qemu/102"), "running");
    do_it(&twin, Fault::QuorumLost);
    wait(&twin, 70);
    // All three have guests in its care.
    let call = twin.submit(Call::get("/version")).wait();
    assert!(call.unwrap_err().to_string().contains("none of its nodes is online"));
    wait(&twin, 200);
    assert_eq!(power(&twin, "/nodes/pve1/qemu/102"), "stopped");
    do_it(&twin, Fault::QuorumBack);
    wait(&twin, 60);
    assert_eq!(power(&twin, "/nodes/pve1/qemu/102"), "running");
}
