//! Promises about whole guests: made, cloned, turned into templates, removed.

use serde_json::{Value, json};

use super::*;

fn all(twin: &Twin) -> Vec<u64> {
    let rows = data(twin, "/cluster/resources?type=vm");
    rows.as_array().unwrap().iter().map(|row| row["vmid"].as_u64().unwrap()).collect()
}

#[test]
fn a_new_vm_has_its_disks_its_pool_and_an_order_to_boot() {
    let twin = Twin::demo();
    let free = data(&twin, "/cluster/nextid");
    assert_eq!(free, "108");
    let params = [
        ("vmid", "108"),
        ("name", "fresh"),
        ("memory", "2048"),
        ("cores", "2"),
        ("scsihw", "virtio-scsi-single"),
        ("scsi0", "local-zfs:16,ssd=1"),
        ("ide2", "local-zfs:cloudinit"),
        ("net0", "virtio,bridge=vmbr1"),
        ("ciuser", "debian"),
        ("ipconfig0", "ip=dhcp"),
        ("tags", "Owner.Bob,stage.test"),
        ("pool", "test"),
        ("start", "1"),
    ];
    let upid = write(&twin, Method::Post, "/nodes/pve1/qemu", &params);
    assert_eq!(data(&twin, "/cluster/nextid"), "109");
    assert_eq!(config(&twin, "/nodes/pve1/qemu/108")["lock"], "create");
    // The list of resources does not know it yet.
    let rows = data(&twin, "/cluster/resources?type=vm");
    let row = rows.as_array().unwrap().iter().find(|row| row["vmid"] == 108).unwrap();
    assert_eq!(*row, json!({ "id": "qemu/108", "type": "qemu", "node": "pve1", "vmid": 108, "status": "unknown" }));
    let (exit, log) = follow(&twin, upid.as_str().unwrap());
    assert_eq!((exit.as_str(), upid.as_str().unwrap().split(':').nth(5)), ("OK", Some("qmcreate")));
    let expected = [
        "ide2: successfully created disk 'local-zfs:vm-108-cloudinit,media=cdrom'",
        "scsi0: successfully created disk 'local-zfs:vm-108-disk-0,size=16G,ssd=1'",
        "Execute autostart",
        "TASK OK",
    ];
    assert_eq!(log, expected);
    let now = config(&twin, "/nodes/pve1/qemu/108");
    for (key, value) in [
        ("scsi0", "local-zfs:vm-108-disk-0,size=16G,ssd=1"),
        ("boot", "order=scsi0;ide2;net0"),
        ("tags", "owner.bob;stage.test"),
        ("memory", "2048"),
        ("name", "fresh"),
    ] {
        assert_eq!(now[key], value, "{key}");
    }
    assert!(
        now["smbios1"].is_string() && now["vmgenid"].is_string() && now["meta"].is_string() && now["lock"].is_null()
    );
    assert_eq!(volumes(&twin, "pve1", "local-zfs", 108).len(), 2);
    let start = &data(&twin, "/nodes/pve1/tasks?source=all")[0];
    assert_eq!((&start["type"], &start["id"]), (&"qmstart".into(), &"108".into()));
    follow(&twin, start["upid"].as_str().unwrap());
    assert_eq!(power(&twin, "/nodes/pve1/qemu/108"), "running");
    twin.pause(Duration::from_secs(12));
    let members = data(&twin, "/pools/test");
    let row = members["members"].as_array().unwrap().iter().find(|row| row["vmid"] == 108).unwrap();
    assert_eq!((&row["name"], &row["maxdisk"]), (&"fresh".into(), &(16_u64 << 30).into()));
}

#[test]
fn a_new_vm_is_refused_as_pve_refuses_it() {
    let twin = Twin::demo();
    let path = "/nodes/pve1/qemu";
    let taken = send(&twin, Method::Post, path, &[("vmid", "110")]);
    refused(&taken, 500, "unable to create VM 110 - VM 110 already exists on node 'pve2'");
    let taken = send(&twin, Method::Post, path, &[("vmid", "200")]);
    refused(&taken, 500, "unable to create VM 200 - CT 200 already exists on node 'pve1'");
    wrong(&twin, Method::Post, path, &[], "vmid", "property is missing and it is not optional");
    let all_wrong = [
        ("vmid", "abc"),
        ("memory", "-5"),
        ("cores", "0"),
        ("bogus", "1"),
        ("name", "bad name!"),
        ("net0", "virtio,bridge="),
    ];
    for (field, why) in [
        ("vmid", "type check ('integer') failed - got 'abc'"),
        ("memory", "invalid format - format error\nmemory.current: value must have a minimum value of 16\n"),
        ("cores", "value must have a minimum value of 1"),
        ("bogus", "property is not defined in schema and the schema does not allow additional properties"),
        ("name", "invalid format - value does not look like a valid DNS name\n"),
        ("net0", "invalid format - missing key in comma-separated list property\n"),
    ] {
        wrong(&twin, Method::Post, path, &all_wrong, field, why);
    }
    let pool = send(&twin, Method::Post, path, &[("vmid", "300"), ("pool", "none-such")]);
    refused(&pool, 403, "Permission check failed (pool 'none-such' does not exist)");
    let default = send(&twin, Method::Post, path, &[("vmid", "300"), ("scsi0", "8")]);
    refused(&default, 500, "no storage ID specified (and no default storage)");
    refused(
        &send(&twin, Method::Post, path, &[("vmid", "300"), ("live-restore", "1")]),
        501,
        "The parameter 'live-restore' is not simulated by the demo cluster",
    );
    // A failure in the task leaves nothing behind.
    let missing = [("vmid", "300"), ("scsi0", "local-zfs:4"), ("scsi1", "local-zfs:vm-300-disk-7")];
    let words = "unable to create VM 300 - timeout: no zvol device link for 'vm-300-disk-7' found after 10 sec.";
    fails(&twin, Method::Post, path, &missing, words);
    assert!(!all(&twin).contains(&300) && volumes(&twin, "pve1", "local-zfs", 300).is_empty());
}

#[test]
fn a_new_container_comes_out_of_a_template() {
    let twin = Twin::demo();
    let template = "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst";
    let params = [
        ("vmid", "250"),
        ("ostemplate", template),
        ("hostname", "fresh"),
        ("storage", "local-zfs"),
        ("rootfs", "6"),
        ("mp0", "ceph-vm:2,mp=/srv"),
        ("net0", "name=eth0,bridge=vmbr1,ip=dhcp"),
        ("password", "secret"),
        ("start", "1"),
    ];
    let before = used(&twin, "pve3", "local-zfs");
    let (kind, exit, log) = run(&twin, Method::Post, "/nodes/pve3/lxc", &params);
    assert_eq!((kind.as_str(), exit.as_str()), ("vzcreate", "OK"));
    let file = "/var/lib/vz/template/cache/debian-12-standard_12.7-1_amd64.tar.zst";
    assert!(log.contains(&format!("extracting archive '{file}'")), "{log:?}");
    let now = config(&twin, "/nodes/pve3/lxc/250");
    for (key, value) in [
        ("rootfs", json!("local-zfs:subvol-250-disk-0,size=6G")),
        ("mp0", json!("ceph-vm:vm-250-disk-0,mp=/srv,size=2G")),
        ("hostname", json!("fresh")),
        ("memory", json!(512)),
        ("swap", json!(512)),
        ("unprivileged", json!(1)),
        ("ostype", json!("debian")),
        ("arch", json!("amd64")),
        ("lock", Value::Null),
    ] {
        assert_eq!(now[key], value, "{key}");
    }
    assert!(used(&twin, "pve3", "local-zfs") > before + (400 << 20));
    twin.pause(Duration::from_secs(5));
    assert_eq!(power(&twin, "/nodes/pve3/lxc/250"), "running");

    let path = "/nodes/pve3/lxc";
    let with = |vmid, more: (&'static str, &'static str)| [("vmid", vmid), ("ostemplate", template), more];
    refused(
        &send(&twin, Method::Post, path, &with("100", ("storage", "local-zfs"))),
        500,
        "VM 100 already exists on node 'pve1'",
    );
    wrong(
        &twin,
        Method::Post,
        path,
        &with("251", ("swap", "1"))[..2],
        "storage",
        "storage 'local' does not support container directories",
    );
    refused(
        &send(&twin, Method::Post, path, &with("251", ("mp0", "local-zfs:1,mp=/x"))),
        500,
        "mount points configured, but 'rootfs' not set - aborting",
    );
    wrong(
        &twin,
        Method::Post,
        path,
        &with("251", ("password", "abc")),
        "password",
        "value must be at least 5 characters long",
    );
    let iso = [("vmid", "251"), ("ostemplate", "local:iso/debian-12.9.0-amd64-netinst.iso"), ("storage", "local-zfs")];
    let words = "unable to use volume local:iso/debian-12.9.0-amd64-netinst.iso - content type needs to be 'vztmpl'";
    refused(&send(&twin, Method::Post, path, &iso), 500, words);
    let gone = [("vmid", "251"), ("ostemplate", "local:vztmpl/none.tar.gz"), ("storage", "local-zfs")];
    let words =
        "unable to create CT 251 - failed to open '/var/lib/vz/template/cache/none.tar.gz': No such file or directory";
    fails(&twin, Method::Post, path, &gone, words);
    assert!(!all(&twin).contains(&251));
}

#[test]
fn a_template_is_cloned_by_a_link_and_cannot_go_as_long_as_that_is_there() {
    let twin = Twin::demo();
    let (before, path) = (used(&twin, "pve1", "ceph-vm"), "/nodes/pve1/qemu/900/clone");
    let upid =
        write(&twin, Method::Post, path, &[("newid", "300"), ("name", "linked"), ("target", "pve2"), ("pool", "test")]);
    twin.pause(Duration::from_millis(300));
    assert_eq!(config(&twin, "/nodes/pve1/qemu/300")["lock"], "clone");
    let (exit, log) = follow(&twin, upid.as_str().unwrap());
    assert_eq!((exit.as_str(), upid.as_str().unwrap().split(':').nth(6)), ("OK", Some("900")));
    let expected = [
        "creating a clone of VM 900 with ID 300",
        "create full clone of drive ide2 (ceph-vm:vm-900-cloudinit)",
        "allocated target volume 'ceph-vm:vm-300-cloudinit'",
        "create linked clone of drive scsi0 (ceph-vm:base-900-disk-0)",
        "clone base-900-disk-0: base-900-disk-0 snapname __base__ to vm-300-disk-0",
        "TASK OK",
    ];
    assert_eq!(log, expected);
    let (now, template) = (config(&twin, "/nodes/pve2/qemu/300"), config(&twin, "/nodes/pve1/qemu/900"));
    assert_eq!(now["scsi0"], "ceph-vm:base-900-disk-0/vm-300-disk-0,discard=on,iothread=1,size=20G,ssd=1");
    assert_eq!(now["ide2"], "ceph-vm:vm-300-cloudinit,media=cdrom,size=4M");
    assert_eq!((&now["name"], &now["template"], &now["lock"]), (&"linked".into(), &Value::Null, &Value::Null));
    for key in ["net0", "smbios1", "vmgenid"] {
        assert_ne!(now[key], template[key], "{key}");
    }
    let rows = data(&twin, "/nodes/pve2/storage/ceph-vm/content?vmid=300");
    assert_eq!(rows[1]["parent"], "base-900-disk-0@__base__");
    // Only cloud-init's drive was written.
    assert_eq!(used(&twin, "pve1", "ceph-vm"), before + (4 << 20));
    let words = "base volume 'ceph-vm:base-900-disk-0' is still in use by linked cloned";
    fails(&twin, Method::Delete, "/nodes/pve1/qemu/900", &[], words);
    for path in ["/nodes/pve2/qemu/300", "/nodes/pve1/qemu/901"] {
        if path.ends_with("901") {
            follow(&twin, &post(&twin, &format!("{path}/status/stop")));
        }
        done(&twin, Method::Delete, path, &[]);
    }
    done(&twin, Method::Delete, "/nodes/pve1/qemu/900", &[]);
}

#[test]
fn a_full_clone_has_disks_of_its_own() {
    let twin = Twin::demo();
    let before = used(&twin, "pve1", "local-zfs");
    let (kind, exit, log) = run(&twin, Method::Post, "/nodes/pve1/qemu/106/clone", &[("newid", "300")]);
    assert_eq!((kind.as_str(), exit.as_str()), ("qmclone", "OK"));
    assert_eq!(log[1], "create full clone of drive scsi0 (local-zfs:vm-106-disk-0)");
    let now = config(&twin, "/nodes/pve1/qemu/300");
    assert_eq!(now["name"], "Copy-of-VM-staging-1");
    assert_eq!(volumes(&twin, "pve1", "local-zfs", 300), [("local-zfs:vm-300-disk-0".into(), 64 << 30)]);
    let written = used(&twin, "pve1", "local-zfs") - before;
    assert!(written > 10 << 30, "{written}");
    done(&twin, Method::Delete, "/nodes/pve1/qemu/300", &[]);
    assert_eq!(used(&twin, "pve1", "local-zfs"), before);
    // A running one is mirrored, and stands still for a moment at the end; its agent, if any, sees to its files.
    for (guest, newid, stop, go) in [
        ("pve3/qemu/124", "301", "suspend vm", "resume vm"),
        (
            "pve1/qemu/107",
            "302",
            "issuing guest agent 'guest-fsfreeze-freeze' command",
            "issuing guest agent 'guest-fsfreeze-thaw' command",
        ),
    ] {
        let log = done(&twin, Method::Post, &format!("/nodes/{guest}/clone"), &[("newid", newid)]);
        for line in [stop, "drive-scsi0: Cancelling block job", "drive-scsi0: Done.", go] {
            assert!(log.contains(&line.to_owned()), "{log:?}");
        }
        assert_eq!(power(&twin, &format!("/nodes/{guest}")), "running");
        assert_eq!(power(&twin, &format!("/nodes/{}/qemu/{newid}", &guest[..4])), "stopped");
    }
}

#[test]
fn clones_are_refused_as_pve_refuses_them() {
    let twin = Twin::demo();
    let path = "/nodes/pve1/qemu/106/clone";
    for (params, words) in [
        (vec![("newid", "107")], "unable to create VM 107: config file already exists"),
        (
            vec![("newid", "300"), ("full", "0")],
            "Linked clone feature is not supported for 'local-zfs:vm-106-disk-0' (scsi0)",
        ),
        (vec![("newid", "300"), ("target", "pve2")], "can't clone VM to node 'pve2' (VM uses local storage)"),
        (
            vec![("newid", "300"), ("target", "pve2"), ("storage", "local-zfs")],
            "can't clone to non-shared storage 'local-zfs'",
        ),
        (vec![("newid", "300"), ("target", "pve9")], "no such cluster node 'pve9'"),
        (vec![("newid", "300"), ("snapname", "none")], "snapshot 'none' does not exist"),
        (
            vec![("newid", "300"), ("full", "0"), ("storage", "ceph-vm")],
            "parameter 'storage' not allowed for linked clones",
        ),
    ] {
        refused(&send(&twin, Method::Post, path, &params), 500, words);
    }
    wrong(&twin, Method::Post, path, &[("newid", "7")], "newid", "value must have a minimum value of 100");
    refused(
        &send(&twin, Method::Post, "/nodes/pve2/qemu/117/clone", &[("newid", "300")]),
        500,
        "VM is locked (backup)",
    );
    let elsewhere = "close (rename) atomic file '/etc/pve/nodes/pve1/qemu-server/110.conf' failed: File exists";
    fails(&twin, Method::Post, path, &[("newid", "110")], elsewhere);
    // A snapshot on Ceph can be copied, one on ZFS cannot.
    done(&twin, Method::Post, "/nodes/pve1/qemu/106/snapshot", &[("snapname", "one")]);
    let words = "Full clone feature is not supported for a snapshot of 'local-zfs:vm-106-disk-0' (scsi0)";
    refused(&send(&twin, Method::Post, path, &[("newid", "300"), ("snapname", "one")]), 500, words);
    done(&twin, Method::Post, "/nodes/pve1/qemu/105/clone", &[("newid", "300"), ("snapname", "before-17-6")]);
    assert_eq!(config(&twin, "/nodes/pve1/qemu/300")["parent"], Value::Null);
}

#[test]
fn two_clones_of_a_template_run_side_by_side() {
    let twin = Twin::demo();
    let clone = |id: &str| write(&twin, Method::Post, "/nodes/pve1/qemu/900/clone", &[("newid", id), ("full", "1")]);
    let both = [clone("300"), clone("301")];
    both.iter().for_each(|upid| assert_eq!(follow(&twin, upid.as_str().unwrap()).0, "OK"));
    // One that runs is held by its clone alone.
    let clone = |id: &str| write(&twin, Method::Post, "/nodes/pve1/qemu/107/clone", &[("newid", id)]);
    let both = [clone("302"), clone("303")];
    assert_eq!(follow(&twin, both[0].as_str().unwrap()).0, "OK");
    assert_eq!(
        follow(&twin, both[1].as_str().unwrap()).0,
        "can't lock file '/var/lock/qemu-server/lock-107.conf' - got timeout"
    );
}

#[test]
fn a_container_is_cloned_with_both_configurations_locked() {
    let twin = Twin::demo();
    let path = "/nodes/pve1/lxc/241/clone";
    let upid = write(&twin, Method::Post, path, &[("newid", "250"), ("hostname", "copy"), ("pool", "test")]);
    assert_eq!(config(&twin, "/nodes/pve1/lxc/241")["lock"], "disk");
    assert_eq!(config(&twin, "/nodes/pve1/lxc/250")["lock"], "create");
    let (exit, log) = follow(&twin, upid.as_str().unwrap());
    assert_eq!((exit.as_str(), log[0].as_str()), ("OK", "creating a clone of container 241 with ID 250"));
    assert_eq!(log[1], "create full clone of mountpoint rootfs (local-zfs:subvol-241-disk-0)");
    let now = config(&twin, "/nodes/pve1/lxc/250");
    assert_eq!(
        (&now["rootfs"], &now["hostname"], &now["lock"]),
        (&"local-zfs:subvol-250-disk-0,size=8G".into(), &"copy".into(), &Value::Null)
    );
    assert_eq!(config(&twin, "/nodes/pve1/lxc/241")["lock"], Value::Null);
    for (guest, params, words) in [
        ("pve1/lxc/204", vec![("newid", "251")], "Full clone of a running container is only possible from a snapshot"),
        ("pve1/lxc/241", vec![("newid", "250")], "CT 250 already exists on node 'pve1'"),
        (
            "pve1/lxc/241",
            vec![("newid", "251"), ("target", "pve2")],
            "can't clone CT to node 'pve2' (CT uses local storage)",
        ),
        (
            "pve1/lxc/241",
            vec![("newid", "251"), ("full", "0")],
            "Linked clone feature for 'local-zfs:subvol-241-disk-0' is not available",
        ),
    ] {
        refused(&send(&twin, Method::Post, &format!("/nodes/{guest}/clone"), &params), 500, words);
        assert_eq!(config(&twin, &format!("/nodes/{guest}"))["lock"], Value::Null);
    }
    done(&twin, Method::Post, "/nodes/pve1/lxc/204/snapshot", &[("snapname", "calm")]);
    done(&twin, Method::Post, "/nodes/pve1/lxc/204/clone", &[("newid", "251"), ("snapname", "calm")]);
    assert_eq!(power(&twin, "/nodes/pve1/lxc/204"), "running");
}

#[test]
fn a_template_has_bases_and_does_not_start() {
    let twin = Twin::demo();
    let (kind, exit, _) = run(&twin, Method::Post, "/nodes/pve1/qemu/106/template", &[]);
    assert_eq!((kind.as_str(), exit.as_str()), ("qmtemplate", "OK"));
    let now = config(&twin, "/nodes/pve1/qemu/106");
    assert_eq!(
        (&now["template"], &now["scsi0"]),
        (&1.into(), &"local-zfs:base-106-disk-0,discard=on,iothread=1,size=64G,ssd=1".into())
    );
    assert_eq!(volumes(&twin, "pve1", "local-zfs", 106), [("local-zfs:base-106-disk-0".into(), 64 << 30)]);
    let start = post(&twin, "/nodes/pve1/qemu/106/status/start");
    assert_eq!(follow(&twin, &start).0, "you can't start a vm if it's a template");
    done(&twin, Method::Post, "/nodes/pve1/qemu/106/clone", &[("newid", "300")]);
    assert!(
        config(&twin, "/nodes/pve1/qemu/300")["scsi0"]
            .as_str()
            .unwrap()
            .starts_with("local-zfs:base-106-disk-0/vm-300-disk-0,")
    );
    // Of a container PVE does not say which task does it.
    assert_eq!(write(&twin, Method::Post, "/nodes/pve1/lxc/241/template", &[]), Value::Null);
    let task = data(&twin, "/nodes/pve1/tasks?source=all")[0].clone();
    assert_eq!((&task["type"], follow(&twin, task["upid"].as_str().unwrap()).0.as_str()), (&"vztemplate".into(), "OK"));
    assert_eq!(config(&twin, "/nodes/pve1/lxc/241")["rootfs"], "local-zfs:basevol-241-disk-0,size=8G");
    for (guest, words) in [
        ("qemu/106", "you can't convert a template to a template"),
        ("qemu/107", "you can't convert a VM to template if VM is running"),
        ("qemu/105", "unable to create template, because VM contains snapshots"),
        ("lxc/204", "you can't convert a CT to template if the CT is running"),
    ] {
        refused(&send(&twin, Method::Post, &format!("/nodes/pve1/{guest}/template"), &[]), 500, words);
    }
}

#[test]
fn a_guest_goes_with_its_volumes_and_with_what_is_set_for_it_where_that_is_asked_for() {
    let twin = Twin::demo();
    let replicated = "There is a replication job '204-0' for guest '204' - Please remove that first.";
    refused(&send(&twin, Method::Delete, "/nodes/pve1/lxc/204", &[]), 500, replicated);
    let log = done(&twin, Method::Delete, "/nodes/pve1/lxc/204", &[("purge", "1"), ("force", "1")]);
    assert_eq!(log, ["forced to stop CT 204 before destroying!", "purging CT 204 from related configurations.."]);
    let jobs = data(&twin, "/cluster/replication");
    assert!(jobs.as_array().unwrap().iter().all(|job| job["guest"] != 204));
    assert_eq!(volumes(&twin, "pve1", "local-zfs", 204), []);
    assert!(!all(&twin).contains(&204));
    done(&twin, Method::Delete, "/nodes/pve3/qemu/123", &[("purge", "1")]);
    assert_eq!(data(&twin, "/cluster/backup/backup-nightly")["exclude"], "116,127,207,240,241,900,901");
    let managed = send(&twin, Method::Delete, "/nodes/pve3/qemu/126", &[]);
    refused(&managed, 500, "unable to remove VM 126 - used in HA resources and purge parameter not set.");
    let log = done(&twin, Method::Delete, "/nodes/pve3/qemu/126", &[("purge", "1")]);
    assert!(log.contains(&"NOTE: removed VM 126 from HA resource configuration.".to_owned()), "{log:?}");
    // The one of a VM is looked at in the task, that of a container before.
    fails(&twin, Method::Delete, "/nodes/pve2/qemu/117", &[], "VM is locked (backup)");
    done(&twin, Method::Delete, "/nodes/pve2/qemu/117", &[("skiplock", "1")]);
    write(&twin, Method::Put, "/nodes/pve1/lxc/241/config", &[("lock", "backup")]);
    refused(&send(&twin, Method::Delete, "/nodes/pve1/lxc/241", &[]), 500, "CT is locked (backup)");
}

#[test]
fn what_the_access_list_says_of_a_guest_goes_with_it() {
    let twin = Twin::demo();
    let names = |twin: &Twin| {
        let rows = data(twin, "/access/acl");
        rows.as_array().unwrap().iter().any(|row| row["path"] == "/vms/116")
    };
    assert!(names(&twin));
    follow(&twin, &post(&twin, "/nodes/pve2/qemu/116/status/stop"));
    done(&twin, Method::Delete, "/nodes/pve2/qemu/116", &[]);
    assert!(!names(&twin));
}
