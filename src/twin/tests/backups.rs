//! Promises about backups: how they are made, where they lie, what is refused, and that guests come back from them.

use super::*;

fn vzdump(twin: &Twin, node: &str, params: &[(&str, &str)]) -> String {
    let upid = write(twin, Method::Post, &format!("/nodes/{node}/vzdump"), params);
    upid.as_str().unwrap().to_owned()
}

fn content(twin: &Twin, storage: &str, vmid: u32) -> Vec<Value> {
    let rows = data(twin, &format!("/nodes/pve1/storage/{storage}/content?content=backup&vmid={vmid}"));
    let mut rows = rows.as_array().unwrap().clone();
    rows.sort_by_key(|row| row["ctime"].as_i64());
    rows
}

fn encoded(volid: &str) -> String {
    volid.replace(':', "%3A").replace('/', "%2F")
}

#[test]
fn a_backup_is_told_step_by_step_and_lies_in_its_storage() {
    let twin = Twin::demo();
    let before = content(&twin, "nfs-backup", 102).len();
    let params = [
        ("vmid", "102"),
        ("storage", "nfs-backup"),
        ("mode", "snapshot"),
        ("compress", "zstd"),
        ("notes-template", "{{guestname}} on {{node}}"),
        ("protected", "1"),
    ];
    let upid = vzdump(&twin, "pve1", &params);
    assert!(upid.contains(":vzdump:102:"));
    twin.pause(Duration::from_secs(4));
    assert_eq!(data(&twin, "/nodes/pve1/qemu/102/config")["lock"], "backup");
    let start = Call::new(Method::Put, "/nodes/pve1/qemu/102/config").with("cores", "4");
    refused(&ask(&twin, start), 500, "VM is locked (backup)");
    let (exit, lines) = follow(&twin, &upid);
    assert_eq!(exit, "OK", "{lines:?}");
    let expected = [
        "INFO: starting new backup job: vzdump 102 --storage nfs-backup --node pve1 --mode snapshot --compress zstd \
         --notes-template '{{guestname}} on {{node}}' --protected 1",
        "INFO: Starting Backup of VM 102 (qemu)",
    ];
    assert_eq!(lines[..2], expected);
    assert!(lines[2].starts_with("INFO: Backup started at 2026-01-15 09:00:"));
    assert_eq!(
        lines[3..8],
        [
            "INFO: status = running",
            "INFO: VM Name: web-2",
            "INFO: include disk 'scsi0' 'ceph-vm:vm-102-disk-0' 32G",
            "INFO: backup mode: snapshot",
            "INFO: ionice priority: 7",
        ]
    );
    for line in [
        "INFO: issuing guest-agent 'fs-freeze' command",
        "INFO: resuming VM again",
        "INFO: adding notes to backup",
        "INFO: marking backup as protected",
        "INFO: archive file size: 12.80GB",
        "INFO: Backup job finished successfully",
    ] {
        assert!(lines.iter().any(|said| said == line), "{line} is not in {lines:?}");
    }
    assert_eq!(lines.last().unwrap(), "TASK OK");
    let rows = content(&twin, "nfs-backup", 102);
    // The weekly one is older and kept.
    assert_eq!(rows.len(), before + 1);
    let row = rows.last().unwrap();
    let volid = row["volid"].as_str().unwrap();
    assert!(volid.starts_with("nfs-backup:backup/vzdump-qemu-102-2026_01_15-09_00_") && volid.ends_with(".vma.zst"));
    let size = (32_u64 << 30) * 2 / 5;
    let expected = serde_json::json!({
        "volid": volid, "vmid": 102, "ctime": row["ctime"], "content": "backup", "subtype": "qemu", "size": size,
        "format": "vma.zst", "notes": "web-2 on pve1", "protected": 1,
    });
    assert_eq!(*row, expected);
    assert_eq!(data(&twin, "/nodes/pve1/qemu/102/config")["lock"], Value::Null);
    assert_eq!(power(&twin, "/nodes/pve1/qemu/102"), "running");
}

/// As a real job of two guests went that both could not be saved.
#[test]
fn what_cannot_be_saved_is_told_and_the_rest_goes_on() {
    let twin = Twin::demo();
    let params = [("vmid", "117,112"), ("storage", "nfs-backup"), ("mode", "stop")];
    let (exit, lines) = follow(&twin, &vzdump(&twin, "pve2", &params));
    assert_eq!(exit, "job errors");
    let told: Vec<&str> = lines.iter().map(|line| line.split(" at 2026").next().unwrap()).collect();
    assert_eq!(
        told,
        [
            "INFO: starting new backup job: vzdump 117 112 --storage nfs-backup --node pve2 --mode stop",
            "ERROR: Backup of VM 112 failed - Cannot execute a backup with stop mode on a HA managed and enabled Service. Use \
             snapshot mode or disable the Service.",
            "INFO: Failed",
            "INFO: Starting Backup of VM 117 (qemu)",
            "INFO: Backup started",
            "INFO: status = stopped",
            "ERROR: Backup of VM 117 failed - VM is locked (backup)",
            "INFO: Failed",
            "INFO: Backup job finished with errors",
            "INFO: notified via target `mail-to-root`",
            "INFO: notified via target `ops-mail`",
            "TASK ERROR: job errors",
        ]
    );
    assert_eq!(power(&twin, "/nodes/pve2/qemu/112"), "running");
}

#[test]
fn guests_of_other_nodes_are_skipped_and_unknown_ones_fail() {
    let twin = Twin::demo();
    let params = [("vmid", "107,110,999"), ("storage", "pbs-main")];
    let (exit, lines) = follow(&twin, &vzdump(&twin, "pve1", &params));
    assert_eq!(exit, "job errors");
    assert!(lines.contains(&"INFO: skip external VMs: 110".to_owned()), "{lines:?}");
    assert!(lines.contains(&"ERROR: Backup of VM 999 failed - unable to find VM '999'".to_owned()));
    let row = content(&twin, "pbs-main", 107).pop().unwrap();
    assert!(row["volid"].as_str().unwrap().starts_with("pbs-main:backup/vm/107/2026-01-15T09:00:"), "{row}");
    assert_eq!((&row["format"], &row["verification"]), (&"pbs-vm".into(), &Value::Null));
    assert!(lines.iter().any(|line| line.starts_with("INFO: scsi0: dirty-bitmap status: OK (")), "{lines:?}");
    // Nobody of these is here.
    assert_eq!(write(&twin, Method::Post, "/nodes/pve1/vzdump", &[("vmid", "110"), ("storage", "pbs-main")]), "OK");
}

#[test]
fn a_container_is_stopped_or_snapshot_as_is_asked_for() {
    let twin = Twin::demo();
    let (exit, lines) =
        follow(&twin, &vzdump(&twin, "pve3", &[("vmid", "203"), ("storage", "nfs-backup"), ("compress", "zstd")]));
    assert_eq!(exit, "OK");
    for line in [
        "INFO: CT Name: minio",
        "INFO: including mount point rootfs ('/') in backup",
        "INFO: including mount point mp0 ('/data') in backup",
        "INFO: suspend vm to make snapshot",
        "INFO: create storage snapshot 'vzdump'",
        "INFO: cleanup temporary 'vzdump' snapshot",
    ] {
        assert!(lines.iter().any(|said| said == line), "{line} is not in {lines:?}");
    }
    let upid = vzdump(&twin, "pve1", &[("vmid", "204"), ("storage", "nfs-backup"), ("mode", "stop")]);
    twin.pause(Duration::from_secs(8));
    assert_eq!(power(&twin, "/nodes/pve1/lxc/204"), "stopped");
    let (exit, lines) = follow(&twin, &upid);
    assert!(exit == "OK" && lines.contains(&"INFO: restarting vm".to_owned()), "{lines:?}");
    assert_eq!(power(&twin, "/nodes/pve1/lxc/204"), "running");
    assert!(content(&twin, "nfs-backup", 204).pop().unwrap()["volid"].as_str().unwrap().ends_with(".tar"));
}

#[test]
fn a_full_storage_takes_no_backup_and_leaves_the_guest_running() {
    let twin = Twin::demo();
    twin.practice(&Fault::StorageFull("nfs-backup".into())).unwrap();
    let status = data(&twin, "/nodes/pve1/storage/nfs-backup/status");
    assert_eq!((status["avail"].as_u64(), &status["used"]), (Some(0), &status["total"]));
    let before = content(&twin, "nfs-backup", 104).len();
    let params = [("vmid", "104"), ("storage", "nfs-backup"), ("compress", "zstd")];
    let (exit, lines) = follow(&twin, &vzdump(&twin, "pve1", &params));
    assert_eq!(exit, "job errors");
    assert!(lines.contains(&"INFO: aborting backup job".to_owned()));
    let words = "ERROR: Backup of VM 104 failed - vma_queue_write: write error - Broken pipe";
    assert!(lines.contains(&words.to_owned()), "{lines:?}");
    assert_eq!(content(&twin, "nfs-backup", 104).len(), before);
    assert_eq!(data(&twin, "/nodes/pve1/qemu/104/config")["lock"], Value::Null);
    // There is room again once something was deleted.
    let old = content(&twin, "nfs-backup", 104)[0]["volid"].as_str().unwrap().to_owned();
    let upid = write(&twin, Method::Delete, &format!("/nodes/pve1/storage/nfs-backup/content/{}", encoded(&old)), &[]);
    assert_eq!(follow(&twin, upid.as_str().unwrap()).0, "OK");
    assert_eq!(follow(&twin, &vzdump(&twin, "pve1", &params)).0, "OK");
}

#[test]
fn a_backup_that_is_stopped_leaves_nothing_behind() {
    let twin = Twin::demo();
    let before = content(&twin, "nfs-backup", 105).len();
    let upid = vzdump(&twin, "pve1", &[("vmid", "105"), ("storage", "nfs-backup"), ("compress", "zstd")]);
    twin.pause(Duration::from_secs(20));
    // Another one waits for it.
    let second = vzdump(&twin, "pve1", &[("vmid", "107"), ("storage", "nfs-backup")]);
    twin.pause(Duration::from_secs(2));
    let log = data(&twin, &format!("/nodes/pve1/tasks/{second}/log"));
    assert_eq!(log[0]["t"], "INFO: trying to get global lock - waiting...");
    write(&twin, Method::Delete, &format!("/nodes/pve1/tasks/{upid}"), &[]);
    let (exit, lines) = follow(&twin, &upid);
    assert_eq!(exit, "interrupted by signal");
    assert!(lines.contains(&"ERROR: Backup of VM 105 failed - interrupted by signal".to_owned()), "{lines:?}");
    assert_eq!(data(&twin, "/nodes/pve1/qemu/105/config")["lock"], Value::Null);
    assert_eq!(content(&twin, "nfs-backup", 105).len(), before);
    let (exit, lines) = follow(&twin, &second);
    assert_eq!((exit.as_str(), lines[1].as_str()), ("OK", "INFO: got global lock"));
}

#[test]
fn older_backups_are_removed_as_the_storage_says() {
    let twin = Twin::demo();
    let params = [("vmid", "107"), ("storage", "nfs-backup"), ("compress", "zstd"), ("prune-backups", "keep-last=2")];
    let made: Vec<String> = (0..3)
        .map(|_| {
            let (exit, lines) = follow(&twin, &vzdump(&twin, "pve1", &params));
            assert_eq!(exit, "OK");
            lines.into_iter().find(|line| line.starts_with("INFO: pruned")).unwrap()
        })
        .collect();
    assert_eq!(
        made,
        [
            "INFO: pruned 0 backup(s)",
            "INFO: pruned 0 backup(s)",
            "INFO: pruned 1 backup(s) not covered by keep-retention policy"
        ]
    );
    assert_eq!(content(&twin, "nfs-backup", 107).len(), 2);
    let strict = [("vmid", "107"), ("storage", "nfs-backup"), ("prune-backups", "keep-last=2"), ("remove", "0")];
    let (exit, lines) = follow(&twin, &vzdump(&twin, "pve1", &strict));
    assert!(exit == "job errors" && lines[1].contains("There is a max backup limit of 2 enforced"), "{lines:?}");
}

#[test]
fn parameters_that_contradict_each_other_are_named() {
    let twin = Twin::demo();
    for (params, field, why) in [
        (vec![("vmid", "101"), ("all", "1")], "all", "option conflicts with option 'vmid'"),
        (vec![("storage", "pbs-main")], "vmid", "property is missing"),
        (
            vec![("vmid", "101"), ("mode", "now")],
            "mode",
            "value 'now' does not have a value in the enumeration 'snapshot, suspend, stop'",
        ),
        (
            vec![("vmid", "101"), ("notes-template", "x")],
            "notes-template",
            "missing property - 'storage' requires this property",
        ),
        (
            vec![("vmid", "101"), ("storage", "pbs-main"), ("notes-template", "{{owner}}")],
            "notes-template",
            "found unknown: variable 'owner' at char 2\n",
        ),
    ] {
        let call = Call::new(Method::Post, "/nodes/pve1/vzdump");
        let reply = ask(&twin, params.iter().fold(call, |call, (key, value)| call.with(*key, *value)));
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!((reply.status, &body["errors"][field]), (400, &why.into()));
    }
    let call = Call::new(Method::Post, "/nodes/pve1/vzdump").with("vmid", "101").with("bwlimit", "1000");
    refused(&ask(&twin, call), 501, "The parameter 'bwlimit' is not simulated by the demo cluster");
    let unfit = [("vmid", "101"), ("storage", "ceph-vm")];
    let (exit, _) = follow(&twin, &vzdump(&twin, "pve1", &unfit));
    assert_eq!(
        exit,
        "could not get storage information for 'ceph-vm': can't use storage 'ceph-vm' for backups - wrong content type"
    );
}

#[test]
fn a_backup_is_annotated_protected_and_deleted() {
    let twin = Twin::demo();
    let volid = content(&twin, "nfs-backup", 104)[0]["volid"].as_str().unwrap().to_owned();
    let path = format!("/nodes/pve1/storage/nfs-backup/content/{}", encoded(&volid));
    assert_eq!(write(&twin, Method::Put, &path, &[("notes", "keep\nthis"), ("protected", "1")]), Value::Null);
    let one = data(&twin, &path);
    assert_eq!((&one["notes"], &one["protected"]), (&"keep\nthis".into(), &1.into()));
    let upid = write(&twin, Method::Delete, &path, &[]);
    let upid = upid.as_str().unwrap();
    assert!(upid.contains(":imgdel:104@nfs-backup:"), "{upid}");
    let name = volid.split_once(':').unwrap().1;
    assert_eq!(follow(&twin, upid).0, format!("cannot remove protected volume '{name}' on 'nfs-backup'"));
    write(&twin, Method::Put, &path, &[("protected", "0")]);
    let upid = write(&twin, Method::Delete, &path, &[]);
    let (exit, lines) = follow(&twin, upid.as_str().unwrap());
    assert_eq!((exit.as_str(), lines[0].as_str()), ("OK", format!("Removed volume '{volid}'").as_str()));
    assert_eq!(read(&twin, &path).status, 500);
    let disk = "/nodes/pve1/storage/ceph-vm/content/ceph-vm%3Avm-104-disk-0";
    let used = "Deleting a guest's disk on its storage is not simulated by the demo cluster";
    refused(&ask(&twin, Call::new(Method::Delete, disk)), 501, used);
    let protect = Call::new(Method::Put, disk).with("protected", "1");
    refused(&ask(&twin, protect), 500, "attribute 'protected' is not supported for storage type 'rbd'");
}

#[test]
fn the_configuration_in_a_backup_is_that_of_its_time() {
    let twin = Twin::demo();
    let volid = content(&twin, "nfs-backup", 103)[0]["volid"].as_str().unwrap().to_owned();
    write(&twin, Method::Put, "/nodes/pve1/qemu/103/config", &[("cores", "2")]);
    let text = data(&twin, &format!("/nodes/pve1/vzdump/extractconfig?volume={volid}"));
    let text = text.as_str().unwrap();
    assert!(
        text.starts_with("#Main database. Do **not** reboot without Dora & Erik.\n#Failover%3A see wiki"),
        "{text}"
    );
    assert!(text.contains("\ncores: 8\n") && text.ends_with("#qmdump#map:scsi1:drive-scsi1:ceph-vm:raw:\n"), "{text}");
    let defaults = data(&twin, "/nodes/pve1/vzdump/defaults?storage=nfs-backup");
    assert_eq!(
        (&defaults["prune-backups"], &defaults["dumpdir"]),
        (&"keep-daily=7,keep-last=3".into(), &"/mnt/pve/nfs-backup/dump".into())
    );
}

#[test]
fn a_guest_comes_back_from_its_backup_under_another_number() {
    let twin = Twin::demo();
    let volid = content(&twin, "nfs-backup", 104)[0]["volid"].as_str().unwrap().to_owned();
    let old = data(&twin, "/nodes/pve1/qemu/104/config");
    let params = [("vmid", "150"), ("archive", volid.as_str()), ("unique", "1"), ("name", "mail-copy"), ("start", "1")];
    let upid = write(&twin, Method::Post, "/nodes/pve3/qemu", &params);
    let upid = upid.as_str().unwrap();
    assert!(upid.contains(":qmrestore:150:"));
    assert_eq!(data(&twin, "/nodes/pve3/qemu/150/config")["lock"], "create");
    let (exit, lines) = follow(&twin, upid);
    assert_eq!(exit, "OK", "{lines:?}");
    assert!(lines[0].starts_with("restore vma archive: zstd -q -d -c /mnt/pve/nfs-backup/dump/vzdump-qemu-104-"));
    assert!(lines.contains(&"new volume ID is 'ceph-vm:vm-150-disk-0'".to_owned()), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("progress 100% (read 128849018880 bytes, duration ")));
    twin.pause(Duration::from_secs(5));
    let new = data(&twin, "/nodes/pve3/qemu/150/config");
    assert_eq!((&new["name"], &new["cores"], &new["lock"]), (&"mail-copy".into(), &old["cores"], &Value::Null));
    assert!(new["scsi0"].as_str().unwrap().starts_with("ceph-vm:vm-150-disk-0,"));
    for key in ["net0", "vmgenid", "smbios1"] {
        assert_ne!(new[key], old[key], "{key}");
    }
    assert_eq!(power(&twin, "/nodes/pve3/qemu/150"), "running");
    let disks = data(&twin, "/nodes/pve3/storage/ceph-vm/content?vmid=150");
    assert!(disks.as_array().unwrap().iter().any(|row| row["volid"] == "ceph-vm:vm-150-disk-0"), "{disks}");
}

#[test]
fn a_restore_over_a_guest_wants_force_and_that_it_is_off() {
    let twin = Twin::demo();
    let volid = content(&twin, "nfs-backup", 104)[0]["volid"].as_str().unwrap().to_owned();
    let call = |force: &str| {
        let call = Call::new(Method::Post, "/nodes/pve1/qemu").with("vmid", "104").with("archive", &volid);
        ask(&twin, call.with("force", force))
    };
    refused(&call("0"), 500, "unable to restore VM 104 - VM 104 already exists on node 'pve1'");
    let (exit, lines) = follow(&twin, body(&call("1"))["data"].as_str().unwrap());
    assert_eq!(exit, "unable to restore VM 104 - vm is running");
    assert!(lines[0].starts_with("error before or during data restore"), "{lines:?}");
    assert_eq!(data(&twin, "/nodes/pve1/qemu/104/config")["lock"], Value::Null);
    let mac = data(&twin, "/nodes/pve1/qemu/104/config")["net0"].clone();
    follow(&twin, &post(&twin, "/nodes/pve1/qemu/104/status/stop"));
    write(&twin, Method::Put, "/nodes/pve1/qemu/104/config", &[("name", "broken")]);
    assert_eq!(follow(&twin, body(&call("1"))["data"].as_str().unwrap()).0, "OK");
    let config = data(&twin, "/nodes/pve1/qemu/104/config");
    assert_eq!((&config["name"], &config["net0"]), (&"mail".into(), &mac));
    let protected = content(&twin, "nfs-backup", 115)[0]["volid"].as_str().unwrap().to_owned();
    follow(&twin, &post(&twin, "/nodes/pve2/qemu/115/status/stop"));
    let params = [("vmid", "115"), ("archive", protected.as_str()), ("force", "1")];
    let upid = write(&twin, Method::Post, "/nodes/pve2/qemu", &params);
    assert_eq!(follow(&twin, upid.as_str().unwrap()).0, "unable to restore VM 115 - protection mode enabled");
    let gone =
        Call::new(Method::Post, "/nodes/pve1/qemu").with("vmid", "151").with("archive", "nfs-backup:backup/none.vma");
    assert_eq!(ask(&twin, gone).status, 500);
}

#[test]
fn a_container_comes_back_as_well() {
    let twin = Twin::demo();
    let volid = content(&twin, "pbs-main", 200).pop().unwrap()["volid"].as_str().unwrap().to_owned();
    let call = |params: &[(&str, &str)]| {
        let call = Call::new(Method::Post, "/nodes/pve1/lxc").with("restore", "1").with("ostemplate", &volid);
        ask(&twin, params.iter().fold(call, |call, (key, value)| call.with(*key, *value)))
    };
    let body_of = |reply: Reply| -> Value { serde_json::from_str(&reply.body).unwrap() };
    let wrong = body_of(call(&[("vmid", "250")]));
    assert_eq!(wrong["errors"]["storage"], "storage 'local' does not support container directories");
    refused(&call(&[("vmid", "200"), ("storage", "local-zfs")]), 500, "CT 200 already exists on node 'pve1'");
    refused(
        &call(&[("vmid", "200"), ("storage", "local-zfs"), ("force", "1")]),
        500,
        "can't overwrite running container",
    );
    let made = body_of(call(&[("vmid", "250"), ("storage", "ceph-vm"), ("hostname", "proxy-copy"), ("unique", "1")]));
    let upid = made["data"].as_str().unwrap();
    assert!(upid.contains(":vzrestore:250:"), "{upid}");
    let (exit, lines) = follow(&twin, upid);
    assert_eq!(exit, "OK");
    assert_eq!(lines[0], format!("recovering backed-up configuration from '{volid}'"));
    assert!(lines.contains(&"merging backed-up and given configuration..".to_owned()));
    let config = data(&twin, "/nodes/pve1/lxc/250/config");
    assert_eq!(config["hostname"], "proxy-copy");
    assert!(config["rootfs"].as_str().unwrap().starts_with("ceph-vm:"), "{config}");
}
