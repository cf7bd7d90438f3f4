//! Promises about volumes: resizing, moving, and how the use of storages adds up.

use serde_json::Value;

use super::*;

const STAGING: &str = "/nodes/pve1/qemu/106";

#[test]
fn a_disk_grows_and_never_shrinks() {
    let twin = Twin::demo();
    let path = format!("{STAGING}/resize");
    let (kind, exit, log) = run(&twin, Method::Put, &path, &[("disk", "scsi0"), ("size", "+6G")]);
    assert_eq!((kind.as_str(), exit.as_str(), &log[..]), ("resize", "OK", &["TASK OK".to_owned()][..]));
    assert!(config(&twin, STAGING)["scsi0"].as_str().unwrap().contains("size=70G"));
    assert_eq!(volumes(&twin, "pve1", "local-zfs", 106), [("local-zfs:vm-106-disk-0".into(), 70 << 30)]);
    assert_eq!(data(&twin, &format!("{STAGING}/status/current"))["maxdisk"], 70_u64 << 30);
    done(&twin, Method::Put, &path, &[("disk", "scsi0"), ("size", "70G")]);
    fails(&twin, Method::Put, &path, &[("disk", "scsi0"), ("size", "64G")], "shrinking disks is not supported");
    fails(&twin, Method::Put, &path, &[("disk", "scsi4"), ("size", "64G")], "disk 'scsi4' does not exist");
    let digest = [("disk", "scsi0"), ("size", "+1G"), ("digest", "00")];
    fails(&twin, Method::Put, &path, &digest, "checksum mismatch (file change by other user?)");
    let locked = [("disk", "scsi0"), ("size", "+1G")];
    fails(&twin, Method::Put, "/nodes/pve2/qemu/117/resize", &locked, "VM is locked (backup)");
    done(&twin, Method::Put, "/nodes/pve2/qemu/117/resize", &[("skiplock", "1"), locked[0], locked[1]]);
    wrong(
        &twin,
        Method::Put,
        &path,
        &[("disk", "scsi0"), ("size", "lots")],
        "size",
        "value does not match the regex pattern",
    );
    let reply = send(&twin, Method::Put, &path, &[("disk", "rootfs"), ("size", "1G")]);
    let body: Value = serde_json::from_str(&reply.body).unwrap();
    let words = body["errors"]["disk"].as_str().unwrap();
    assert!(
        words.starts_with("value 'rootfs' does not have a value in the enumeration 'ide0, ide1, ide2, ide3, scsi0,"),
        "{words}"
    );
}

#[test]
fn a_container_is_looked_at_before_there_is_a_task() {
    let twin = Twin::demo();
    let path = "/nodes/pve1/lxc/204/resize";
    let (kind, exit, _) = run(&twin, Method::Put, path, &[("disk", "rootfs"), ("size", "+2G")]);
    assert_eq!((kind.as_str(), exit.as_str()), ("resize", "OK"));
    assert_eq!(config(&twin, "/nodes/pve1/lxc/204")["rootfs"], "local-zfs:subvol-204-disk-0,size=10G");
    for (disk, size, words) in [
        ("rootfs", "4G", "unable to shrink disk size"),
        ("rootfs", "10G", "disk is already at specified size"),
        ("mp0", "10G", "format error"),
    ] {
        let reply = send(&twin, Method::Put, path, &[("disk", disk), ("size", size)]);
        assert_eq!((reply.status, reply.reason.raw()), (500, words));
    }
}

#[test]
fn a_disk_moves_and_its_old_volume_is_unused_or_gone() {
    let twin = Twin::demo();
    let path = format!("{STAGING}/move_disk");
    let (local, shared) = (used(&twin, "pve1", "local-zfs"), used(&twin, "pve1", "ceph-vm"));
    let (kind, exit, log) = run(&twin, Method::Post, &path, &[("disk", "scsi0"), ("storage", "ceph-vm")]);
    assert_eq!((kind.as_str(), exit.as_str()), ("qmmove", "OK"));
    let old = "local-zfs:vm-106-disk-0";
    assert_eq!(log[0], format!("copying volume '{old}' from current storage 'local-zfs' to target storage 'ceph-vm'"));
    assert_eq!(log[1], format!("create full clone of drive scsi0 ({old})"));
    assert_eq!(log[2], "allocated target volume 'ceph-vm:vm-106-disk-0'");
    assert_eq!(
        (log[3].as_str(), log[103].as_str()),
        ("transferred 0.0 B of 64.0 GiB (0.00%)", "transferred 64.0 GiB of 64.0 GiB (100.00%)")
    );
    assert_eq!(log[104], format!("adding source volume '{old}' as 'unused0' to config"));
    let now = config(&twin, STAGING);
    assert_eq!(
        (&now["scsi0"], &now["unused0"]),
        (&"ceph-vm:vm-106-disk-0,discard=on,iothread=1,size=64G,ssd=1".into(), &old.into())
    );
    let written = used(&twin, "pve1", "ceph-vm") - shared;
    assert!(written > 10 << 30 && written < 64 << 30, "{written}");
    assert_eq!(used(&twin, "pve1", "local-zfs"), local);
    write(&twin, Method::Put, &format!("{STAGING}/config"), &[("delete", "unused0")]);
    assert_eq!(local - used(&twin, "pve1", "local-zfs"), written);
    let log = done(&twin, Method::Post, &path, &[("disk", "scsi0"), ("storage", "local-zfs"), ("delete", "1")]);
    assert!(
        log.contains(&"removing source volume 'ceph-vm:vm-106-disk-0' after successful copy".to_owned()),
        "{log:?}"
    );
    assert_eq!((used(&twin, "pve1", "local-zfs"), used(&twin, "pve1", "ceph-vm")), (local, shared));
    assert_eq!(volumes(&twin, "pve1", "ceph-vm", 106), []);
}

#[test]
fn a_running_vm_moves_its_disk_by_a_mirror() {
    let twin = Twin::demo();
    let log = done(
        &twin,
        Method::Post,
        "/nodes/pve1/qemu/107/move_disk",
        &[("disk", "scsi0"), ("storage", "ceph-vm"), ("delete", "1")],
    );
    for line in
        ["drive mirror is starting for drive-scsi0", "all 'mirror' jobs are ready", "drive-scsi0: mirror-job finished"]
    {
        assert!(log.contains(&line.to_owned()), "{log:?}");
    }
    assert_eq!(power(&twin, "/nodes/pve1/qemu/107"), "running");
    assert_eq!(volumes(&twin, "pve1", "local-zfs", 107), []);
}

#[test]
fn moving_is_refused_as_pve_refuses_it() {
    let twin = Twin::demo();
    let path = format!("{STAGING}/move_disk");
    for (params, words) in [
        ([("disk", "scsi0"), ("storage", "local-zfs")], "you can't move to the same storage with same format"),
        ([("disk", "scsi3"), ("storage", "ceph-vm")], "disk 'scsi3' does not exist"),
        ([("disk", "scsi0"), ("storage", "none-such")], "storage 'none-such' does not exist"),
    ] {
        refused(&send(&twin, Method::Post, &path, &params), 500, words);
    }
    let media = [("disk", "scsi0"), ("storage", "nfs-backup")];
    wrong(&twin, Method::Post, &path, &media, "storage", "storage 'nfs-backup' does not support vm images");
    let neither = "both 'storage' and 'target-vmid' missing, either needs to be set";
    wrong(&twin, Method::Post, &path, &[("disk", "scsi0")], "target-vmid", neither);
    done(&twin, Method::Post, &format!("{STAGING}/snapshot"), &[("snapname", "keep")]);
    let delete = [("disk", "scsi0"), ("storage", "ceph-vm"), ("delete", "1")];
    refused(
        &send(&twin, Method::Post, &path, &delete),
        500,
        "you can't move a disk with snapshots and delete the source",
    );
    let log = done(&twin, Method::Post, &path, &delete[..2]);
    assert_eq!(log[1], "moving disk with snapshots, snapshots will not be moved!");
    let container =
        send(&twin, Method::Post, "/nodes/pve1/lxc/204/move_volume", &[("volume", "rootfs"), ("storage", "ceph-vm")]);
    refused(&container, 500, "cannot move volumes of a running container");
}

#[test]
fn a_container_is_locked_while_its_volume_moves() {
    let twin = Twin::demo();
    let forms = "/nodes/pve1/lxc/241";
    let upid =
        write(&twin, Method::Post, &format!("{forms}/move_volume"), &[("volume", "rootfs"), ("storage", "ceph-vm")]);
    assert_eq!(config(&twin, forms)["lock"], "disk");
    let locked = send(&twin, Method::Put, &format!("{forms}/config"), &[("cores", "2")]);
    refused(&locked, 500, "CT is locked (disk)");
    let (exit, log) = follow(&twin, upid.as_str().unwrap());
    assert_eq!((exit.as_str(), upid.as_str().unwrap().split(':').nth(5)), ("OK", Some("move_volume")));
    assert!(log.iter().any(|line| line.starts_with("total size is ")), "{log:?}");
    let now = config(&twin, forms);
    assert_eq!((&now["rootfs"], &now["lock"]), (&"ceph-vm:vm-241-disk-0,size=8G".into(), &Value::Null));
    assert_eq!(now["unused0"], "local-zfs:subvol-241-disk-0");
    fails(
        &twin,
        Method::Post,
        &format!("{forms}/move_volume"),
        &[("volume", "rootfs"), ("storage", "nfs-backup")],
        "content type 'rootdir' is not available or configured on storage 'nfs-backup'",
    );
    assert_eq!(config(&twin, forms)["lock"], Value::Null);
}

#[test]
fn a_full_storage_takes_no_copy_and_nothing_of_it_stays() {
    let twin = Twin::demo();
    fill(&twin, "local-zfs", "pve1");
    let path = "/nodes/pve1/qemu/101/move_disk";
    let (_, exit, _) = run(&twin, Method::Post, path, &[("disk", "scsi0"), ("storage", "local-zfs")]);
    let command = "/usr/bin/qemu-img convert -p -n -t none -f raw -O raw rbd:vm/vm-101-disk-0 zeroinit:/dev/zvol/rpool/data/vm-101-disk-0";
    assert_eq!(exit, format!("storage migration failed: copy failed: command '{command}' failed: exit code 1"));
    assert_eq!(volumes(&twin, "pve1", "local-zfs", 101), []);
    assert!(config(&twin, "/nodes/pve1/qemu/101")["scsi0"].as_str().unwrap().starts_with("ceph-vm:vm-101-disk-0,"));
    let (_, exit, _) = run(
        &twin,
        Method::Post,
        "/nodes/pve1/qemu/900/clone",
        &[("newid", "300"), ("full", "1"), ("storage", "local-zfs")],
    );
    assert!(exit.starts_with("clone failed: copy failed: command '/usr/bin/qemu-img convert "), "{exit}");
    assert_eq!(volumes(&twin, "pve1", "local-zfs", 300), []);
    assert_eq!(data(&twin, "/cluster/nextid?vmid=300"), "300");
    // Sparse volumes take no room before something is written to them.
    write(&twin, Method::Put, &format!("{STAGING}/config"), &[("scsi1", "local-zfs:8")]);
}

#[test]
fn a_storage_that_keeps_the_whole_room_refuses_what_does_not_fit() {
    let twin = Twin::demo();
    if let Some(storage) = twin.state().storages.iter_mut().find(|storage| storage.storage == "local-zfs") {
        storage.more.remove("sparse");
    }
    let before = used(&twin, "pve1", "local-zfs");
    write(&twin, Method::Put, &format!("{STAGING}/config"), &[("scsi1", "local-zfs:8")]);
    assert_eq!(used(&twin, "pve1", "local-zfs"), before + (8 << 30));
    let reply = send(&twin, Method::Put, &format!("{STAGING}/config"), &[("scsi2", "local-zfs:4000")]);
    refused(&reply, 500, "zfs error: cannot create 'rpool/data/vm-106-disk-2': out of space");
    let words = "zfs error: cannot set property for 'rpool/data/vm-106-disk-1': size is greater than available space";
    fails(&twin, Method::Put, &format!("{STAGING}/resize"), &[("disk", "scsi1"), ("size", "4T")], words);
    done(&twin, Method::Put, &format!("{STAGING}/resize"), &[("disk", "scsi1"), ("size", "16G")]);
    assert_eq!(used(&twin, "pve1", "local-zfs"), before + (16 << 30));
}

#[test]
fn what_was_used_of_a_storage_stays_in_its_history() {
    let twin = Twin::demo();
    let rows = |twin: &Twin| data(twin, "/nodes/pve1/storage/ceph-vm/rrddata?timeframe=hour");
    let before = rows(&twin);
    let now = used(&twin, "pve1", "ceph-vm");
    follow(&twin, &post(&twin, "/nodes/pve1/qemu/901/status/stop"));
    done(&twin, Method::Delete, "/nodes/pve1/qemu/901", &[]);
    assert!(used(&twin, "pve1", "ceph-vm") < now - (1 << 30));
    // What grows and swings by itself is reckoned from the present, which is some seconds further on.
    let drift = rows(&twin)[10]["used"].as_u64().unwrap().abs_diff(before[10]["used"].as_u64().unwrap());
    assert!(drift < 64 << 20, "{drift}");
}

/// Leaves hardly any room on a storage.
fn fill(twin: &Twin, storage: &str, node: &str) {
    let state = &mut *twin.state();
    let room = state.storage(storage).map_or(0, |storage| state.room(storage, node));
    state.note_written(storage, node, i64::try_from(room).unwrap() - (1 << 20));
}
