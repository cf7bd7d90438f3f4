//! Promises about moving guests: what is refused, what the task does, what is left when it fails.

use super::*;

fn migrate(twin: &Twin, path: &str, params: &[(&str, &str)]) -> (String, Vec<String>) {
    let upid = write(twin, Method::Post, &format!("{path}/migrate"), params);
    follow(twin, upid.as_str().unwrap())
}

/// Lines of a log without the time before them.
fn untimed(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.get(20..).filter(|_| line.starts_with("2026-")).unwrap_or(line)).collect()
}

fn place(twin: &Twin, vmid: u32) -> String {
    let rows = data(twin, "/cluster/resources?type=vm");
    let row = rows.as_array().unwrap().iter().find(|row| row["vmid"] == vmid).unwrap().clone();
    row["node"].as_str().unwrap().to_owned()
}

#[test]
fn a_running_vm_moves_and_its_log_tells_how() {
    let twin = Twin::demo();
    let (exit, lines) = migrate(&twin, "/nodes/pve1/qemu/104", &[("target", "pve3"), ("online", "1")]);
    assert_eq!(exit, "OK");
    let lines = untimed(&lines);
    assert_eq!(
        lines[..5],
        [
            "conntrack state migration not supported or disabled, active connections might get dropped",
            "starting migration of VM 104 to node 'pve3' (10.10.0.13)",
            "starting VM 104 on remote node 'pve3'",
            "start remote tunnel",
            "ssh tunnel ver 1",
        ]
    );
    assert!(lines.contains(&"starting online/live migration on unix:/run/qemu-server/104.migrate"));
    assert!(lines.contains(&"migration status: completed"));
    let n = lines.len();
    assert!(lines[n - 2].starts_with("migration finished successfully (duration 00:00:"), "{lines:?}");
    assert_eq!((lines[n - 1], place(&twin, 104).as_str()), ("TASK OK", "pve3"));
    assert_eq!(power(&twin, "/nodes/pve3/qemu/104"), "running");
    assert_eq!(read(&twin, "/nodes/pve1/qemu/104/config").status, 500);
    assert_eq!(data(&twin, "/nodes/pve3/qemu/104/config")["lock"], Value::Null);
}

#[test]
fn what_pve_refuses_at_once_is_refused_in_its_words() {
    let twin = Twin::demo();
    let ask_to = |path: &str, params: &[(&str, &str)]| {
        let call = Call::new(Method::Post, format!("{path}/migrate"));
        ask(&twin, params.iter().fold(call, |call, (key, value)| call.with(*key, *value)))
    };
    let web = "/nodes/pve1/qemu/102";
    refused(&ask_to(web, &[("target", "pve3")]), 500, "can't migrate running VM without --online");
    refused(&ask_to(web, &[("target", "pve9"), ("online", "1")]), 500, "no such cluster node 'pve9'");
    refused(&ask_to("/nodes/pve2/qemu/117", &[("target", "pve1")]), 500, "VM is locked (backup)");
    refused(&read(&twin, "/nodes/pve2/qemu/117/migrate"), 500, "VM is locked (backup)");
    let nas = [("target", "pve3"), ("online", "1"), ("targetstorage", "nas-old")];
    refused(&ask_to(web, &nas), 500, "storage 'nas-old' is disabled");
    let backups = [("target", "pve3"), ("online", "1"), ("targetstorage", "nfs-backup")];
    refused(&ask_to(web, &backups), 500, "storage 'nfs-backup' does not support vm images");
    refused(
        &ask_to("/nodes/pve1/lxc/200", &[("target", "pve2")]),
        500,
        "can't migrate running container without --online or --restart",
    );
    // Its copies are on pve2 only.
    refused(
        &ask_to("/nodes/pve1/qemu/100", &[("target", "pve3"), ("online", "1")]),
        500,
        "Cannot live-migrate replicated VM to node 'pve3' - not a replication target. Use 'force' to override.",
    );
    let body: Value = serde_json::from_str(&ask_to(web, &[("target", "pve1")]).body).unwrap();
    assert_eq!(body["errors"]["target"], "target is local node.");
    assert_eq!(data(&twin, "/nodes/pve1/tasks?source=active"), serde_json::json!([]));
}

#[test]
fn local_disks_are_copied_only_when_that_is_asked_for() {
    let twin = Twin::demo();
    let kafka = "/nodes/pve3/qemu/120";
    assert_eq!(data(&twin, &format!("{kafka}/migrate"))["local_disks"][0]["volid"], "local-zfs:vm-120-disk-0");
    let (exit, lines) = migrate(&twin, kafka, &[("target", "pve1"), ("online", "1")]);
    assert_eq!(exit, "migration aborted");
    let words = "can't live migrate attached local disks without with-local-disks option";
    let said = untimed(&lines);
    assert_eq!(
        said[2..5],
        [
            "found local disk 'local-zfs:vm-120-disk-0' (attached)".to_owned(),
            format!("can't migrate local disk 'local-zfs:vm-120-disk-0': {words}"),
            "ERROR: Problem found while scanning volumes - can't migrate VM - check log".to_owned(),
        ]
    );
    assert_eq!(place(&twin, 120), "pve3");
    let (exit, lines) = migrate(
        &twin,
        kafka,
        &[("target", "pve1"), ("online", "1"), ("with-local-disks", "1"), ("targetstorage", "ceph-vm")],
    );
    assert_eq!(exit, "OK", "{lines:?}");
    assert!(untimed(&lines).contains(&"mirror-scsi0: mirror-job finished"));
    let config = data(&twin, "/nodes/pve1/qemu/120/config");
    assert!(config["scsi0"].as_str().unwrap().starts_with("ceph-vm:vm-120-disk-0,"), "{config}");
    let disks = |path: &str| {
        let rows = data(&twin, path);
        rows.as_array().unwrap().iter().filter(|row| row["vmid"] == 120).count()
    };
    assert_eq!(disks("/nodes/pve3/storage/local-zfs/content"), 0);
    assert_eq!(disks("/nodes/pve1/storage/ceph-vm/content"), 1);
}

#[test]
fn devices_and_media_of_a_node_stand_against_a_move() {
    let twin = Twin::demo();
    let set = |vmid: u32, key: &str, value: &str| {
        twin.state().guests.get_mut(&vmid).unwrap().config.insert(key.into(), value.into());
    };
    set(102, "hostpci0", "0000:41:00.0");
    assert_eq!(data(&twin, "/nodes/pve1/qemu/102/migrate")["local_resources"], serde_json::json!(["hostpci0"]));
    let (exit, lines) = migrate(&twin, "/nodes/pve1/qemu/102", &[("target", "pve3"), ("online", "1")]);
    assert_eq!(exit, "migration aborted");
    assert!(
        lines.iter().any(|line| line.ends_with("can't migrate VM which uses local devices: hostpci0")),
        "{lines:?}"
    );
    set(104, "hostpci0", "mapping=gpu-a2");
    let preflight = data(&twin, "/nodes/pve1/qemu/104/migrate");
    assert_eq!(preflight["not_allowed_nodes"]["pve3"]["unavailable-resources"], serde_json::json!(["hostpci0"]));
    let (_, lines) = migrate(&twin, "/nodes/pve1/qemu/104", &[("target", "pve3"), ("online", "1")]);
    assert!(lines.iter().any(|line| line.ends_with("can't migrate to 'pve3': missing mapped devices hostpci0")));
    let (_, lines) = migrate(&twin, "/nodes/pve1/qemu/104", &[("target", "pve2"), ("online", "1")]);
    let words = "can't live migrate running VM which uses following mapped devices: hostpci0:gpu-a2";
    assert!(lines.iter().any(|line| line.ends_with(words)), "{lines:?}");
    set(105, "ide2", "local:iso/debian-12.9.0-amd64-netinst.iso,media=cdrom,size=633M");
    let (exit, lines) = migrate(&twin, "/nodes/pve1/qemu/105", &[("target", "pve3"), ("online", "1")]);
    let words = "can't migrate local disk 'local:iso/debian-12.9.0-amd64-netinst.iso': local cdrom image";
    assert!(exit == "migration aborted" && untimed(&lines).contains(&words), "{lines:?}");
}

#[test]
fn a_container_goes_down_moves_and_comes_up() {
    let twin = Twin::demo();
    let (exit, lines) = migrate(&twin, "/nodes/pve1/lxc/204", &[("target", "pve2"), ("restart", "1")]);
    assert_eq!(exit, "OK");
    let lines = untimed(&lines);
    assert_eq!(
        lines[..3],
        [
            "shutdown CT 204",
            "starting migration of CT 204 to node 'pve2' (10.10.0.12)",
            "found local volume 'local-zfs:subvol-204-disk-0' (in current VM config)",
        ]
    );
    assert!(lines.contains(&"start container on target node"));
    let current = data(&twin, "/nodes/pve2/lxc/204/status/current");
    assert!(current["status"] == "running" && current["uptime"].as_i64().unwrap() < 30);
}

#[test]
fn a_move_to_a_node_that_is_offline_cannot_connect() {
    let twin = Twin::demo();
    let (exit, lines) = migrate(&twin, "/nodes/pve1/qemu/104", &[("target", "pve4"), ("online", "1")]);
    assert_eq!(exit, "migration aborted");
    let lines = untimed(&lines);
    assert!(lines.contains(&"ssh: connect to host 10.10.0.14 port 22: No route to host"), "{lines:?}");
    let words = "ERROR: migration aborted (duration 00:00:03): Can't connect to destination address using public key";
    assert!(lines.contains(&words), "{lines:?}");
    assert_eq!(power(&twin, "/nodes/pve1/qemu/104"), "running");
}

#[test]
fn a_node_without_memory_for_it_keeps_a_vm_where_it_is() {
    let twin = Twin::demo();
    twin.state().guests.get_mut(&111).unwrap().config.insert("memory".into(), "90000".into());
    let (exit, lines) = migrate(&twin, "/nodes/pve2/qemu/111", &[("target", "pve3"), ("online", "1")]);
    assert_eq!(exit, "migration problems");
    let lines = untimed(&lines);
    assert!(lines.contains(&"[pve3] kvm: cannot set up guest memory 'pc.ram': Cannot allocate memory"));
    assert!(lines.contains(&"ERROR: online migrate failure - remote command failed with exit code 255"));
    assert_eq!(power(&twin, "/nodes/pve2/qemu/111"), "running");
    assert_eq!(data(&twin, "/nodes/pve2/qemu/111/config")["lock"], Value::Null);
}

#[test]
fn a_move_that_is_stopped_leaves_the_vm_where_it_ran() {
    let twin = Twin::demo();
    let move_it = || {
        let params = [("target", "pve3"), ("online", "1")];
        write(&twin, Method::Post, "/nodes/pve1/qemu/104/migrate", &params).as_str().unwrap().to_owned()
    };
    let upid = move_it();
    twin.pause(Duration::from_secs(5));
    assert_eq!(data(&twin, "/nodes/pve1/qemu/104/config")["lock"], "migrate");
    assert_eq!(write(&twin, Method::Delete, &format!("/nodes/pve1/tasks/{upid}"), &[]), Value::Null);
    let (exit, lines) = follow(&twin, &upid);
    assert_eq!(exit, "migration problems");
    assert!(untimed(&lines).contains(&"ERROR: online migrate failure - interrupted by signal"), "{lines:?}");
    assert_eq!(power(&twin, "/nodes/pve1/qemu/104"), "running");
    assert_eq!(data(&twin, "/nodes/pve1/qemu/104/config")["lock"], Value::Null);

    // The other node dies half-way.
    let upid = move_it();
    twin.pause(Duration::from_secs(5));
    twin.practice(&Fault::NodeDown("pve3".into())).unwrap();
    let (exit, lines) = follow(&twin, &upid);
    assert_eq!(exit, "migration problems");
    assert!(untimed(&lines).contains(&"migration status error: failed"));
    assert_eq!(power(&twin, "/nodes/pve1/qemu/104"), "running");
}

#[test]
fn a_container_whose_move_is_stopped_is_started_where_it_is() {
    let twin = Twin::demo();
    let params = [("target", "pve2"), ("restart", "1")];
    let upid = write(&twin, Method::Post, "/nodes/pve1/lxc/204/migrate", &params).as_str().unwrap().to_owned();
    twin.pause(Duration::from_secs(4));
    assert_eq!(power(&twin, "/nodes/pve1/lxc/204"), "stopped");
    write(&twin, Method::Delete, &format!("/nodes/pve1/tasks/{upid}"), &[]);
    let (exit, lines) = follow(&twin, &upid);
    assert_eq!(exit, "migration aborted");
    assert!(untimed(&lines).contains(&"start container on source node"), "{lines:?}");
    assert_eq!(power(&twin, "/nodes/pve1/lxc/204"), "running");
}

#[test]
fn a_replicated_guest_swaps_places_with_its_copy() {
    let twin = Twin::demo();
    let params = [("target", "pve2"), ("online", "1"), ("with-local-disks", "1")];
    let (exit, lines) = migrate(&twin, "/nodes/pve1/qemu/100", &params);
    assert_eq!(exit, "OK", "{lines:?}");
    assert!(untimed(&lines).contains(&"found local, replicated disk 'local-zfs:vm-100-disk-0' (attached)"));
    let jobs = data(&twin, "/cluster/replication");
    assert_eq!((&jobs[0]["source"], &jobs[0]["target"]), (&"pve2".into(), &"pve1".into()));
    assert_eq!(data(&twin, "/nodes/pve2/replication?guest=100")[0]["id"], "100-0");
}
