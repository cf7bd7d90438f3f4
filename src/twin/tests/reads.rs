//! Promises about reading: the same bytes, PVE's refusals, the offline node, lists.

use serde_json::Value;

use super::super::demo;
use super::*;

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
    "/cluster/ha/status/manager_status",
    "/cluster/ha/resources",
    "/cluster/ha/rules",
    "/cluster/ha/rules/db-at-home",
    "/cluster/replication",
    "/cluster/replication/100-0",
    "/cluster/backup/backup-weekly/included_volumes",
    "/cluster/config/nodes",
    "/cluster/config/qdevice",
    "/cluster/mapping/pci",
    "/cluster/mapping/usb",
    "/cluster/mapping/dir",
    "/cluster/mapping/dir/media",
    "/cluster/metrics/server",
    "/cluster/metrics/server/influx",
    "/cluster/notifications/targets",
    "/cluster/notifications/endpoints/sendmail",
    "/cluster/notifications/endpoints/smtp",
    "/cluster/notifications/endpoints/gotify",
    "/cluster/notifications/matchers",
    "/cluster/notifications/matchers/failed-backups",
    "/nodes",
    "/nodes/pve1",
    "/nodes/pve1/status",
    "/nodes/pve1/version",
    "/nodes/pve1/time",
    "/nodes/pve1/network",
    "/nodes/pve1/services",
    "/nodes/pve1/subscription",
    "/nodes/pve1/replication",
    "/nodes/pve2/replication/113-0/status",
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
    "/cluster/firewall/rules",
    "/cluster/firewall/ipset/blocklist",
    "/cluster/sdn/vnets",
    "/cluster/sdn/vnets?pending=1",
    "/cluster/ceph/status",
    "/nodes/pve1/apt/versions",
    "/nodes/pve1/disks/list",
    "/nodes/pve3/disks/smart?disk=/dev/sdb",
    "/nodes/pve2/certificates/info",
    "/nodes/pve1/netstat",
    "/nodes/pve1/network/vmbr0",
    "/nodes/pve1/syslog?start=2&limit=3",
    "/nodes/pve1/ceph/osd",
    "/nodes/pve1/qemu/102/firewall/rules",
    "/nodes/pve1/qemu/102/firewall/log",
    "/nodes/pve2/lxc/202/firewall/refs",
    "/storage",
    "/storage/local",
    "/pools",
    "/pools?poolid=prod/web",
    "/pools/prod",
    "/access",
    "/access/permissions",
    "/access/users",
    "/access/users?full=1",
    "/access/users/alice@pve",
    "/access/users/alice@pve/token",
    "/access/users/alice@pve/token/deploy",
    "/access/tfa",
    "/access/tfa/alice@pve",
    "/access/groups/admins",
    "/access/roles/PowerOnly",
    "/access/domains/pam",
    "/access/permissions?userid=alice@pve",
    "/access/groups",
    "/access/roles",
    "/access/acl",
    "/access/domains",
];

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
    // 35 single events and two rounds a night on four nodes, four nights; pve4 tells nothing of its own now.
    assert_eq!(state.tasks.len(), 35 + 32);
    assert_eq!(state.seconds(), demo::START);
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
            Method::Put,
            "/nodes/pve1/qemu/101/sendkey",
            501,
            "Method 'PUT /nodes/pve1/qemu/101/sendkey' is not simulated by the demo cluster",
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
fn what_would_have_no_effect_here_is_refused() {
    let twin = Twin::demo();
    for (call, what) in [
        (
            Call::new(Method::Post, "/nodes/pve1/qemu/101/status/start").with("skiplock", "1"),
            "The parameter 'skiplock'",
        ),
        (Call::new(Method::Put, "/nodes/pve1/qemu/105/config").with("hostpci0", "gpu"), "Changing 'hostpci0'"),
        (Call::new(Method::Put, "/nodes/pve1/qemu/105/config").with("delete", "usb0"), "Deleting 'usb0'"),
        (Call::get("/cluster/firewall/rules").with("x", "1"), "Narrowing '/cluster/firewall/rules' by parameters"),
        (Call::get("/nodes/pve1/ceph/crush"), "Method 'GET /nodes/pve1/ceph/crush'"),
    ] {
        refused(&ask(&twin, call), 501, &format!("{what} is not simulated by the demo cluster"));
    }
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
