//! Promises about tasks that do something to many guests, and about tasks that end before their time.

use super::*;

fn bulk(twin: &Twin, path: &str, params: &[(&str, &str)]) -> (String, Vec<String>) {
    let upid = write(twin, Method::Post, path, params);
    follow(twin, upid.as_str().unwrap())
}

#[test]
fn a_bulk_start_begins_a_task_for_each_guest_and_says_what_it_skips() {
    let twin = Twin::demo();
    let params = [("vms", "101"), ("vms", "102"), ("vms", "123"), ("vms", "207")];
    let (exit, lines) = bulk(&twin, "/cluster/bulk-action/guest/start", &params);
    assert_eq!(exit, "Some guests failed to start: 123");
    assert_eq!(
        lines,
        [
            "Starting guests: 101, 102, 123, 207",
            "Starting VM 101",
            "WARN: Skipping VM 102, already running.",
            "Starting VM 123",
            "Starting CT 207",
            "WARN: Starting VM 123 failed: bridge 'vmbr7' does not exist",
            "TASK ERROR: Some guests failed to start: 123",
        ]
    );
    assert_eq!(power(&twin, "/nodes/pve1/qemu/101"), "running");
    assert_eq!(data(&twin, "/nodes/pve3/tasks?vmid=207&limit=1")[0]["type"], "vzstart");
}

#[test]
fn a_bulk_shutdown_goes_by_the_order_of_start_backwards() {
    let twin = Twin::demo();
    write(&twin, Method::Put, "/nodes/pve1/qemu/105/config", &[("startup", "order=1,down=30")]);
    write(&twin, Method::Put, "/nodes/pve1/qemu/102/config", &[("startup", "order=2")]);
    let params = [("vms", "102"), ("vms", "105"), ("timeout", "60")];
    let (exit, lines) = bulk(&twin, "/cluster/bulk-action/guest/shutdown", &params);
    assert_eq!(exit, "OK");
    assert_eq!(
        lines[..3],
        [
            "Shutting down guests: 102, 105",
            "Shutting down VM 102 (Timeout = 60 seconds)",
            "Shutting down VM 105 (Timeout = 30 seconds)",
        ]
    );
    assert_eq!(
        (power(&twin, "/nodes/pve1/qemu/102"), power(&twin, "/nodes/pve1/qemu/105")),
        ("stopped".into(), "stopped".into())
    );
    let (exit, lines) = bulk(&twin, "/cluster/bulk-action/guest/suspend", &[("vms", "104"), ("vms", "200")]);
    assert_eq!(exit, "WARNINGS: 1", "{lines:?}");
    assert_eq!(data(&twin, "/nodes/pve1/qemu/104/status/current")["qmpstatus"], "paused");
}

#[test]
fn a_bulk_migration_empties_what_it_is_told_to() {
    let twin = Twin::demo();
    let params = [("vms", "101"), ("vms", "104"), ("vms", "113"), ("vms", "205"), ("target", "pve3"), ("online", "1")];
    let (exit, lines) = bulk(&twin, "/cluster/bulk-action/guest/migrate", &params);
    assert_eq!(exit, "Some guests failed to migrate 113", "{lines:?}");
    assert!(lines.contains(&"Migrating guests to pve3: 101, 104, 113, 205".to_owned()));
    assert!(lines.contains(&"WARN: CT 205 already on pve3, skipping.".to_owned()));
    // Its replication goes elsewhere, so that it was refused at once.
    assert!(
        lines.iter().any(|line| line.starts_with("WARN: Cannot live-migrate replicated VM to node 'pve3'")),
        "{lines:?}"
    );
    assert_eq!(power(&twin, "/nodes/pve3/qemu/104"), "running");
}

#[test]
fn a_node_starts_and_stops_all_of_its_own() {
    let twin = Twin::demo();
    let (exit, lines) = bulk(&twin, "/nodes/pve1/startall", &[]);
    assert_eq!((exit.as_str(), lines), ("OK", vec!["Starting VM 101".to_owned(), "TASK OK".to_owned()]));
    let (exit, lines) = bulk(&twin, "/nodes/pve2/stopall", &[("vms", "110,201,116"), ("timeout", "20")]);
    assert_eq!(exit, "OK");
    assert_eq!(
        lines[..3],
        [
            "Stopping CT 201 (timeout = 20 seconds)",
            "Stopping VM 116 (timeout = 20 seconds)",
            "Stopping VM 110 (timeout = 20 seconds)",
        ]
    );
    assert_eq!(power(&twin, "/nodes/pve2/lxc/201"), "stopped");
    // Those in the care of high availability are left alone.
    bulk(&twin, "/nodes/pve2/stopall", &[]);
    let rows = data(&twin, "/nodes/pve2/qemu");
    let running: Vec<u64> = rows
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["status"] == "running")
        .filter_map(|row| row["vmid"].as_u64())
        .collect();
    assert_eq!(running, [112]);
    let words = "Suspending to disk is not simulated by the demo cluster";
    refused(&ask(&twin, Call::new(Method::Post, "/nodes/pve2/suspendall")), 501, words);
}

#[test]
fn a_node_looks_before_it_moves_all_of_its_own() {
    let twin = Twin::demo();
    let call = Call::new(Method::Post, "/nodes/pve3/migrateall").with("target", "pve1");
    refused(&ask(&twin, call), 500, "either 'max-workers' parameter or max_workers in datacenter.cfg must be set!");
    let params = [("target", "pve1"), ("max-workers", "2"), ("vms", "120,125,207")];
    let (exit, lines) = bulk(&twin, "/nodes/pve3/migrateall", &params);
    assert_eq!(exit, "OK");
    assert_eq!(
        lines,
        [
            "Check VM 120: skip VM 120 - precondition check failed:",
            "  Has local disks: local-zfs:vm-120-disk-0",
            "Check VM 125: precondition check passed",
            "Migrating VM 125",
            "Migrating CT 207",
            "All jobs finished, used 2 workers in total.",
            "TASK OK",
        ]
    );
    assert_eq!(power(&twin, "/nodes/pve1/qemu/125"), "running");
    assert_eq!(power(&twin, "/nodes/pve1/lxc/207"), "stopped");
}

#[test]
fn a_task_that_is_stopped_does_no_more() {
    let twin = Twin::demo();
    let upid = post(&twin, "/nodes/pve3/qemu/124/status/shutdown");
    // One that waits for it gets on at once.
    let waiting = post(&twin, "/nodes/pve3/qemu/124/status/stop");
    twin.pause(Duration::from_secs(2));
    write(&twin, Method::Delete, &format!("/nodes/pve3/tasks/{upid}"), &[]);
    let (exit, lines) = follow(&twin, &upid);
    assert_eq!(
        (exit.as_str(), lines.last().unwrap().as_str()),
        ("received interrupt", "TASK ERROR: received interrupt")
    );
    assert_eq!(follow(&twin, &waiting).0, "OK");
    assert_eq!(power(&twin, "/nodes/pve3/qemu/124"), "stopped");
    let unknown =
        Call::new(Method::Delete, "/nodes/pve3/tasks/UPID:pve3:00000001:00000002:6B02F16A:qmstart:100:root@pam:");
    let body: Value = serde_json::from_str(&ask(&twin, unknown).body).unwrap();
    assert_eq!(body["errors"]["upid"], "no such task");
    let upid = post(&twin, "/nodes/pve1/qemu/101/status/start");
    twin.pause(Duration::from_millis(500));
    write(&twin, Method::Delete, &format!("/nodes/pve1/tasks/{upid}"), &[]);
    twin.pause(Duration::from_secs(5));
    assert_eq!(power(&twin, "/nodes/pve1/qemu/101"), "stopped");
}

#[test]
fn tasks_vanish_with_their_node_and_end_without_a_word() {
    let twin = Twin::demo();
    let backup = write(&twin, Method::Post, "/nodes/pve1/vzdump", &[("vmid", "105"), ("storage", "pbs-main")]);
    let backup = backup.as_str().unwrap().to_owned();
    let taken = write(&twin, Method::Post, "/nodes/pve1/qemu/106/snapshot", &[("snapname", "before")]);
    twin.pause(Duration::from_millis(900));
    twin.practice(&Fault::NodeDown("pve1".into())).unwrap();
    assert_eq!(read(&twin, &format!("/nodes/pve1/tasks/{backup}/status")).status, 595);
    let tasks = data(&twin, "/cluster/tasks");
    assert!(tasks.as_array().unwrap().iter().all(|task| task["node"] != "pve1"));
    twin.pause(Duration::from_secs(20));
    twin.practice(&Fault::NodeUp("pve1".into())).unwrap();
    twin.pause(Duration::from_secs(10));
    for upid in [&backup, taken.as_str().unwrap()] {
        let status = data(&twin, &format!("/nodes/pve1/tasks/{upid}/status"));
        assert_eq!(status["exitstatus"], "unexpected status");
    }
    // Nodes remove the locks of backups when they boot, and no others.
    assert_eq!(data(&twin, "/nodes/pve1/qemu/105/config")["lock"], Value::Null);
    assert_eq!(data(&twin, "/nodes/pve1/qemu/106/config")["lock"], "snapshot");
    assert_eq!(data(&twin, "/nodes/pve1/qemu/106/snapshot").as_array().unwrap().len(), 1);
    let start = data(&twin, "/nodes/pve1/tasks?source=all&typefilter=startall");
    let upid = start[0]["upid"].as_str().unwrap();
    let (_, lines) = follow(&twin, upid);
    assert_eq!(lines[..2], ["removed left over backup lock from '105'!", "Starting VM 100"]);
}

#[test]
fn faults_come_true_one_by_one() {
    let twin = Twin::demo();
    let words = "start failed: QEMU exited with code 1";
    twin.practice(&Fault::TaskFails("qmstart".into(), words.into())).unwrap();
    let start = post(&twin, "/nodes/pve1/qemu/101/status/start");
    assert_eq!(follow(&twin, &start).0, words);
    assert_eq!(power(&twin, "/nodes/pve1/qemu/101"), "stopped");
    let taken = write(&twin, Method::Post, "/nodes/pve1/qemu/106/snapshot", &[("snapname", "before")]);
    assert_eq!(follow(&twin, taken.as_str().unwrap()).0, "OK");
    twin.practice(&Fault::TaskFails("qmsnapshot".into(), "no space".into())).unwrap();
    let taken = write(&twin, Method::Post, "/nodes/pve1/qemu/106/snapshot", &[("snapname", "after")]);
    assert_eq!(follow(&twin, taken.as_str().unwrap()).0, "no space");
    assert_eq!(data(&twin, "/nodes/pve1/qemu/106/config")["lock"], Value::Null);
    assert_eq!(data(&twin, "/nodes/pve1/qemu/106/snapshot").as_array().unwrap().len(), 2);

    twin.practice(&Fault::SlowAnswers(crate::units::Age(3))).unwrap();
    assert!(read(&twin, "/version").took >= Duration::from_secs(3));
    twin.practice(&Fault::SlowAnswers(crate::units::Age(0))).unwrap();
    assert!(read(&twin, "/version").took < Duration::from_secs(1));

    twin.practice(&Fault::ConnectionCut).unwrap();
    assert!(read(&twin, "/version").is_ok());
    let lost = twin.submit(Call::new(Method::Post, "/nodes/pve1/qemu/101/status/start")).wait().unwrap_err();
    assert!(matches!(lost, Error::ConnectionLost { write: true, .. }), "{lost}");
    twin.pause(Duration::from_secs(5));
    assert_eq!(power(&twin, "/nodes/pve1/qemu/101"), "running");
    assert!(ask(&twin, Call::new(Method::Post, "/nodes/pve1/qemu/101/status/stop")).is_ok());

    for (fault, why) in [
        (Fault::NodeDown("pve9".into()), "There is no node pve9. There are pve1, pve2, pve3, pve4"),
        (Fault::NodeDown("pve4".into()), "pve4 is offline. Nothing is to be done"),
        (Fault::NodeUp("pve1".into()), "pve1 is online. Nothing is to be done"),
        (Fault::Rebooted("pve4".into()), "pve4 is offline, so nobody works at its shell. Bring it back first"),
        (Fault::StorageFull("none".into()), "There is no storage none. There are local, "),
    ] {
        let said = twin.practice(&fault).unwrap_err().to_string();
        assert!(said.starts_with("Not run: practice: ") && said.contains(why), "{said}");
    }
}

#[test]
fn an_updated_node_has_a_kernel_that_waits_for_a_reboot() {
    let twin = Twin::demo();
    let kernel = |twin: &Twin| data(twin, "/nodes/pve3/status")["current-kernel"]["release"].clone();
    assert_ne!(data(&twin, "/nodes/pve3/apt/update"), serde_json::json!([]));
    twin.practice(&Fault::Patched("pve3".into())).unwrap();
    assert_eq!(data(&twin, "/nodes/pve3/apt/update"), serde_json::json!([]));
    assert_ne!(data(&twin, "/nodes/pve1/apt/update"), serde_json::json!([]));
    assert_eq!(data(&twin, "/nodes/pve3/version")["version"], "9.1.5");
    assert_eq!(kernel(&twin), "6.17.4-1-pve");
    let installed = data(&twin, "/nodes/pve3/apt/versions");
    let package = |name: &str| installed.as_array().unwrap().iter().find(|row| row["Package"] == name).unwrap().clone();
    assert_eq!(package("proxmox-kernel-6.17")["OldVersion"], "6.17.4-2");
    assert_eq!(package("proxmox-ve")["RunningKernel"], "6.17.4-1-pve");
    twin.practice(&Fault::Rebooted("pve3".into())).unwrap();
    twin.pause(Duration::from_secs(420));
    assert_eq!(kernel(&twin), "6.17.4-2-pve");
}
