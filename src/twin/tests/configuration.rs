//! Promises about changing configurations: what is refused, what comes true at once and what waits, what becomes of disks.

use serde_json::{Value, json};

use super::*;

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
}

const STAGING: &str = "/nodes/pve1/qemu/106";
const WEB: &str = "/nodes/pve1/qemu/102";
const CHAT: &str = "/nodes/pve2/lxc/206";

#[track_caller]
fn put(twin: &Twin, guest: &str, params: &[(&str, &str)]) {
    assert_eq!(write(twin, Method::Put, &format!("{guest}/config"), params), Value::Null);
}

/// What waits for the next start: key, new value, and whether it goes.
fn waiting(twin: &Twin, guest: &str) -> Vec<Value> {
    let rows = data(twin, &format!("{guest}/pending"));
    let waits = |row: &&Value| !row["pending"].is_null() || !row["delete"].is_null();
    rows.as_array().unwrap().iter().filter(waits).cloned().collect()
}

#[test]
fn a_running_vm_takes_over_what_it_can_and_the_rest_when_it_starts_anew() {
    let twin = Twin::demo();
    put(&twin, WEB, &[("cores", "4"), ("memory", "8192"), ("tags", "B;a"), ("onboot", "0"), ("delete", "agent")]);
    let now = data(&twin, &format!("{WEB}/config?current=1"));
    assert_eq!((&now["tags"], &now["onboot"], &now["cores"]), (&"a;b".into(), &0.into(), &2.into()));
    // The configuration that is shown is the one that will be.
    let then = config(&twin, WEB);
    assert_eq!((&then["cores"], &then["memory"], &then["agent"]), (&4.into(), &"8192".into(), &Value::Null));
    let expected = [
        json!({ "key": "agent", "value": "1,fstrim_cloned_disks=1", "delete": 1 }),
        json!({ "key": "cores", "value": 2, "pending": 4 }),
        json!({ "key": "memory", "value": "4096", "pending": "8192" }),
    ];
    assert_eq!(waiting(&twin, WEB), expected);
    assert_eq!(data(&twin, &format!("{WEB}/status/current"))["cpus"], 2);
    follow(&twin, &post(&twin, &format!("{WEB}/status/reboot")));
    assert_eq!(waiting(&twin, WEB), Vec::<Value>::new());
    let current = data(&twin, &format!("{WEB}/status/current"));
    assert_eq!(
        (&current["cpus"], &current["maxmem"], &current["agent"]),
        (&4.into(), &(8_u64 << 30).into(), &Value::Null)
    );
}

#[test]
fn what_waits_can_be_taken_back() {
    let twin = Twin::demo();
    let before = config(&twin, WEB);
    put(&twin, WEB, &[("cores", "4"), ("numa", "1"), ("delete", "agent")]);
    assert_ne!(config(&twin, WEB)["digest"], before["digest"]);
    put(&twin, WEB, &[("revert", "cores,numa,agent")]);
    assert_eq!(waiting(&twin, WEB), Vec::<Value>::new());
    assert_eq!(config(&twin, WEB), before);
    put(&twin, CHAT, &[("features", "nesting=1,keyctl=1")]);
    assert_eq!(waiting(&twin, CHAT).len(), 1);
    put(&twin, CHAT, &[("revert", "features")]);
    assert_eq!(waiting(&twin, CHAT), Vec::<Value>::new());
    let path = format!("{WEB}/config");
    wrong(&twin, Method::Put, &path, &[("revert", "bogus")], "revert", "unknown option 'bogus'");
    let both = "you can't use '-delete cores' and -revert cores' at the same time";
    wrong(&twin, Method::Put, &path, &[("revert", "cores"), ("delete", "cores")], "revert", both);
}

#[test]
fn a_running_container_takes_memory_and_cores_at_once() {
    let twin = Twin::demo();
    put(&twin, CHAT, &[("memory", "4096"), ("cores", "3"), ("nameserver", "10.10.0.1"), ("delete", "swap")]);
    let now = data(&twin, &format!("{CHAT}/config?current=1"));
    let expected = (&json!(4096), &json!(3), &Value::Null, &Value::Null);
    assert_eq!((&now["memory"], &now["cores"], &now["swap"], &now["nameserver"]), expected);
    assert_eq!(waiting(&twin, CHAT), [json!({ "key": "nameserver", "pending": "10.10.0.1" })]);
    post(&twin, &format!("{CHAT}/status/stop"));
    twin.pause(Duration::from_secs(3));
    follow(&twin, &post(&twin, &format!("{CHAT}/status/start")));
    assert_eq!(data(&twin, &format!("{CHAT}/config?current=1"))["nameserver"], "10.10.0.1");
}

#[test]
fn a_disk_that_is_added_is_a_volume_and_one_that_is_taken_out_is_unused() {
    let twin = Twin::demo();
    let path = format!("{STAGING}/config");
    put(
        &twin,
        STAGING,
        &[("scsi1", "local-zfs:8,ssd=1"), ("ide2", "local:iso/debian-12.9.0-amd64-netinst.iso,media=cdrom")],
    );
    let now = config(&twin, STAGING);
    assert_eq!(now["scsi1"], "local-zfs:vm-106-disk-1,size=8G,ssd=1");
    assert_eq!(now["ide2"], "local:iso/debian-12.9.0-amd64-netinst.iso,media=cdrom,size=633M");
    assert_eq!(now["boot"], "order=scsi0;net0;ide2");
    assert!(volumes(&twin, "pve1", "local-zfs", 106).contains(&("local-zfs:vm-106-disk-1".into(), 8 << 30)));
    put(&twin, STAGING, &[("delete", "scsi1,ide2")]);
    let now = config(&twin, STAGING);
    assert_eq!(
        (&now["unused0"], &now["scsi1"], &now["ide2"]),
        (&"local-zfs:vm-106-disk-1".into(), &Value::Null, &Value::Null)
    );
    assert_eq!(now["boot"], "order=scsi0;net0");
    // It can be put back, under another key.
    put(&twin, STAGING, &[("virtio3", "local-zfs:vm-106-disk-1,iothread=on")]);
    let now = config(&twin, STAGING);
    assert_eq!(
        (&now["virtio3"], &now["unused0"]),
        (&"local-zfs:vm-106-disk-1,iothread=1,size=8G".into(), &Value::Null)
    );
    // And go for good.
    put(&twin, STAGING, &[("delete", "virtio3")]);
    put(&twin, STAGING, &[("delete", "unused0")]);
    assert_eq!(volumes(&twin, "pve1", "local-zfs", 106).len(), 1);
    put(&twin, STAGING, &[("scsi1", "local-zfs:1")]);
    assert_eq!(
        write(&twin, Method::Put, &format!("{STAGING}/unlink"), &[("idlist", "scsi1"), ("force", "1")]),
        Value::Null
    );
    assert_eq!(volumes(&twin, "pve1", "local-zfs", 106).len(), 1);

    wrong(
        &twin,
        Method::Put,
        &path,
        &[("scsi1", "nfs-backup:8")],
        "storage",
        "storage 'nfs-backup' does not support vm images",
    );
    refused(&send(&twin, Method::Put, &path, &[("scsi1", "none-such:8")]), 500, "storage 'none-such' does not exist");
    let missing = send(&twin, Method::Put, &path, &[("scsi1", "local-zfs:vm-106-disk-9")]);
    refused(&missing, 500, "timeout: no zvol device link for 'vm-106-disk-9' found after 10 sec.");
    let iso = [("ide2", "local:iso/debian-12.9.0-amd64-netinst.iso")];
    wrong(&twin, Method::Put, &path, &iso, "ide2", "explicit 'media=cdrom' is required for iso images");
    let other = send(&twin, Method::Put, &path, &[("scsi1", "local-zfs:vm-107-disk-0")]);
    refused(&other, 501, "Using a volume of another guest is not simulated by the demo cluster");
}

#[test]
fn a_running_vm_is_given_a_scsi_disk_at_once_and_an_ide_one_later() {
    let twin = Twin::demo();
    put(&twin, WEB, &[("scsi1", "ceph-vm:8"), ("ide0", "ceph-vm:4")]);
    let now = data(&twin, &format!("{WEB}/config?current=1"));
    assert_eq!((&now["scsi1"], &now["ide0"]), (&"ceph-vm:vm-102-disk-2,size=8G".into(), &Value::Null));
    assert_eq!(waiting(&twin, WEB), [json!({ "key": "ide0", "pending": "ceph-vm:vm-102-disk-1,size=4G" })]);
    assert_eq!(volumes(&twin, "pve1", "ceph-vm", 102).len(), 4);
    put(&twin, WEB, &[("delete", "scsi1")]);
    assert_eq!(config(&twin, WEB)["unused0"], "ceph-vm:vm-102-disk-2");
    // What is only set differently waits as well, and what is limited does not.
    put(&twin, WEB, &[("scsi0", "ceph-vm:vm-102-disk-0,mbps_rd=50,discard=on,iothread=1,ssd=1")]);
    assert_eq!(waiting(&twin, WEB).len(), 1);
    put(&twin, WEB, &[("scsi0", "ceph-vm:vm-102-disk-0,mbps_rd=50,discard=on,iothread=1,cache=writeback,ssd=1")]);
    assert_eq!(waiting(&twin, WEB)[0]["key"], "scsi0");
    let media = [("scsi0", "none,media=cdrom")];
    wrong(
        &twin,
        Method::Put,
        &format!("{WEB}/config"),
        &media,
        "scsi0",
        "hotplug problem - unable to change media type\n",
    );
}

#[test]
fn a_network_card_keeps_its_address_or_gets_one() {
    let twin = Twin::demo();
    let before = config(&twin, WEB)["net0"].as_str().unwrap().to_owned();
    let cut = format!("{before},link_down=1");
    put(&twin, WEB, &[("net0", &cut)]);
    assert_eq!(data(&twin, &format!("{WEB}/config?current=1"))["net0"], cut.as_str());
    put(&twin, WEB, &[("net1", "virtio,tag=20,bridge=vmbr1")]);
    let card = config(&twin, WEB)["net1"].as_str().unwrap().to_owned();
    assert!(card.starts_with("virtio=BC:24:11:") && card.ends_with(",bridge=vmbr1,tag=20"), "{card}");
    put(&twin, CHAT, &[("net1", "name=eth1,bridge=vmbr0")]);
    let card = config(&twin, CHAT)["net1"].as_str().unwrap().to_owned();
    assert!(card.starts_with("name=eth1,bridge=vmbr0,hwaddr=BC:24:11:") && card.ends_with(",type=veth"), "{card}");
    let path = format!("{WEB}/config");
    let unknown = "property is not defined in schema and the schema does not allow additional properties";
    let why = format!("invalid format - format error\nnet0.foo: {unknown}\n");
    wrong(&twin, Method::Put, &path, &[("net0", "virtio,foo=bar")], "net0", &why);
    // The bridge is looked for only when the card is plugged in; until then it waits.
    let why = "hotplug problem - bridge 'vmbr9' does not exist\n";
    wrong(&twin, Method::Put, &path, &[("net2", "virtio,bridge=vmbr9")], "net2", why);
    assert_eq!(waiting(&twin, WEB)[0]["key"], "net2");
    put(&twin, WEB, &[("revert", "net2")]);
    assert_eq!(waiting(&twin, WEB), Vec::<Value>::new());
}

#[test]
fn a_mount_point_is_made_and_becomes_unused() {
    let twin = Twin::demo();
    let forms = "/nodes/pve1/lxc/241";
    put(&twin, forms, &[("mp0", "local-zfs:8,mp=/srv,backup=1")]);
    assert_eq!(config(&twin, forms)["mp0"], "local-zfs:subvol-241-disk-1,mp=/srv,backup=1,size=8G");
    put(&twin, forms, &[("delete", "mp0")]);
    assert_eq!(config(&twin, forms)["unused0"], "local-zfs:subvol-241-disk-1");
    put(&twin, forms, &[("delete", "unused0")]);
    assert_eq!(volumes(&twin, "pve1", "local-zfs", 241).len(), 1);
    // A running one takes a new one at once and loses one later.
    put(&twin, CHAT, &[("mp0", "local-zfs:8,mp=/srv")]);
    put(&twin, CHAT, &[("delete", "mp0")]);
    let row = json!({ "key": "mp0", "value": "local-zfs:subvol-206-disk-1,mp=/srv,size=8G", "delete": 1 });
    assert_eq!(waiting(&twin, CHAT), [row]);
    let path = format!("{forms}/config");
    for (params, words) in [
        (("delete", "rootfs"), "unable to delete required option 'rootfs'"),
        (("delete", "unprivileged"), "unable to delete read-only option: 'unprivileged'"),
        (("unprivileged", "0"), "unable to modify read-only option: 'unprivileged'"),
        (("mp1", "nfs-backup:8,mp=/x"), "storage 'nfs-backup' does not allow content type 'rootdir' (Container)"),
    ] {
        refused(&send(&twin, Method::Put, &path, &[params]), 500, words);
    }
    let digest = [("cores", "1"), ("digest", "0000")];
    let words = "detected modified configuration - file changed by other user? Try again.";
    refused(&send(&twin, Method::Put, &path, &digest), 500, words);
    refused(&send(&twin, Method::Put, &path, &[]), 500, "no options specified");
}

#[test]
fn a_protected_guest_keeps_its_disks() {
    let twin = Twin::demo();
    put(&twin, STAGING, &[("scsi1", "local-zfs:1"), ("protection", "1")]);
    let path = format!("{STAGING}/config");
    let words = "can't remove drive 'scsi1' - protection mode enabled";
    refused(&send(&twin, Method::Put, &path, &[("delete", "scsi1")]), 500, words);
    put(&twin, CHAT, &[("protection", "1")]);
    let words = "can't update CT 206 drive 'mp0' - protection mode enabled";
    refused(&send(&twin, Method::Put, &format!("{CHAT}/config"), &[("mp0", "local-zfs:1,mp=/x")]), 500, words);
}

#[test]
fn a_disk_that_a_snapshot_needs_does_not_go() {
    let twin = Twin::demo();
    put(&twin, STAGING, &[("scsi1", "local-zfs:1")]);
    done(&twin, Method::Post, &format!("{STAGING}/snapshot"), &[("snapname", "both")]);
    put(&twin, STAGING, &[("delete", "scsi1")]);
    let path = format!("{STAGING}/config");
    let words = "unable to delete 'local-zfs:vm-106-disk-1' - volume is still in use (snapshot?)";
    refused(&send(&twin, Method::Put, &path, &[("delete", "unused0")]), 500, words);
    assert_eq!(config(&twin, STAGING)["unused0"], "local-zfs:vm-106-disk-1");
}

#[test]
fn a_change_in_a_task_says_what_it_changed() {
    let twin = Twin::demo();
    let path = format!("{STAGING}/config");
    let (kind, exit, log) = run(&twin, Method::Post, &path, &[("description", "async & change")]);
    assert_eq!((kind.as_str(), exit.as_str()), ("qmconfig", "OK"));
    assert_eq!(log, ["update VM 106: -description async & change", "TASK OK"]);
    assert_eq!(config(&twin, STAGING)["description"], "async & change");
    let log =
        done(&twin, Method::Post, &path, &[("scsi1", "local-zfs:8"), ("delete", "agent"), ("cipassword", "secret")]);
    let said = [
        "update VM 106: -cipassword <hidden> -delete agent -scsi1 local-zfs:8",
        "scsi1: successfully created disk 'local-zfs:vm-106-disk-1,size=8G'",
    ];
    assert_eq!(log, said);
    assert_eq!(config(&twin, STAGING)["cipassword"], "**********");
    refused(
        &send(&twin, Method::Post, &path, &[("usb0", "host=spice")]),
        501,
        "Changing 'usb0' is not simulated by the demo cluster",
    );
}

#[test]
fn a_lock_is_set_and_lifted_by_root_alone_and_root_it_is() {
    let twin = Twin::demo();
    let path = "/nodes/pve2/qemu/117/config";
    put(&twin, "/nodes/pve2/qemu/117", &[("skiplock", "1"), ("delete", "lock")]);
    assert_eq!(data(&twin, path)["lock"], Value::Null);
    put(&twin, "/nodes/pve2/qemu/117", &[("lock", "migrate")]);
    refused(&send(&twin, Method::Put, path, &[("cores", "2")]), 500, "VM is locked (migrate)");
    let enumeration = "value 'mine' does not have a value in the enumeration 'backup, clone, create, migrate, rollback, \
                       snapshot, snapshot-delete, suspending, suspended'";
    wrong(&twin, Method::Put, path, &[("lock", "mine")], "lock", enumeration);
}

#[test]
fn a_change_waits_for_a_task_that_holds_the_guest() {
    let twin = Twin::demo();
    write(&twin, Method::Put, "/nodes/pve1/qemu/106/resize", &[("disk", "scsi0"), ("size", "+1G")]);
    let reply = send(&twin, Method::Put, &format!("{STAGING}/config"), &[("cores", "2")]);
    assert!(reply.is_ok() && reply.took > Duration::from_millis(500), "{:?}", reply.took);
    assert_eq!(config(&twin, STAGING)["cores"], 2);
    write(&twin, Method::Post, "/nodes/pve1/qemu/106/move_disk", &[("disk", "scsi0"), ("storage", "ceph-vm")]);
    let reply = send(&twin, Method::Put, &format!("{STAGING}/config"), &[("cores", "3")]);
    refused(&reply, 500, "can't lock file '/var/lock/qemu-server/lock-106.conf' - got timeout");
    assert!(reply.took >= Duration::from_secs(10));
}

#[test]
fn cloud_init_has_a_drive_and_shows_what_it_does_not_say_yet() {
    let twin = Twin::demo();
    put(&twin, STAGING, &[("ide2", "local-zfs:cloudinit"), ("ciuser", "ops")]);
    assert_eq!(config(&twin, STAGING)["ide2"], "local-zfs:vm-106-cloudinit,media=cdrom");
    assert!(volumes(&twin, "pve1", "local-zfs", 106).contains(&("local-zfs:vm-106-cloudinit".into(), 4 << 20)));
    let second = send(&twin, Method::Put, &format!("{STAGING}/config"), &[("ide0", "local-zfs:cloudinit")]);
    refused(&second, 500, "ide0 - cloud-init drive is already attached at 'ide2'");
    put(&twin, STAGING, &[("delete", "ide2")]);
    assert_eq!(volumes(&twin, "pve1", "local-zfs", 106).len(), 1);

    put(&twin, WEB, &[("ciuser", "ops"), ("nameserver", "10.10.0.1"), ("delete", "ipconfig0")]);
    let rows = data(&twin, &format!("{WEB}/cloudinit"));
    for expected in [
        json!({ "key": "ciuser", "value": "debian", "pending": "ops" }),
        json!({ "key": "nameserver", "pending": "10.10.0.1" }),
        json!({ "key": "ipconfig0", "delete": 1 }),
        json!({ "key": "cipassword", "value": "**********" }),
    ] {
        assert!(rows.as_array().unwrap().contains(&expected), "{rows}");
    }
    assert_eq!(write(&twin, Method::Put, &format!("{WEB}/cloudinit"), &[]), Value::Null);
    let rows = data(&twin, &format!("{WEB}/cloudinit"));
    assert!(rows.as_array().unwrap().iter().all(|row| row["pending"].is_null()));
}

#[test]
fn options_are_checked_as_pve_checks_them() {
    let twin = Twin::demo();
    let path = format!("{STAGING}/config");
    for (key, value, why) in [
        ("memory", "15", "invalid format - format error\nmemory.current: value must have a minimum value of 16\n"),
        ("cpulimit", "129", "value must have a maximum value of 128"),
        ("bios", "uefi", "value 'uefi' does not have a value in the enumeration 'seabios, ovmf'"),
        (
            "boot",
            "order=scsi0;floppy0",
            "invalid format - format error\nboot.order: invalid format - invalid boot device 'floppy0'\n\n",
        ),
        (
            "cpu",
            "pentium9",
            "invalid format - Built-in cputype 'pentium9' is not defined (missing 'custom-' prefix?)\n",
        ),
        (
            "scsi1",
            "local-zfs:8,foo=1",
            "invalid format - format error\nscsi1.foo: property is not defined in schema and the schema does not allow additional properties\n",
        ),
        ("startup", "first", "invalid format - unable to parse startup options\n"),
        ("delete", "cores", "you can't use '-cores' and -delete cores' at the same time"),
    ] {
        let params: &[(&str, &str)] =
            if key == "delete" { &[("delete", value), ("cores", "2")] } else { &[(key, value)] };
        wrong(&twin, Method::Put, &path, params, key, why);
    }
    let balloon = "balloon value too large (must be smaller than assigned memory)";
    refused(&send(&twin, Method::Put, &path, &[("balloon", "9000")]), 500, balloon);
    let boot = "invalid bootorder: device 'scsi5' does not exist'";
    refused(&send(&twin, Method::Put, &path, &[("boot", "order=scsi5")]), 500, boot);
    // All that is wrong is said at once.
    let body: Value =
        serde_json::from_str(&send(&twin, Method::Put, &path, &[("cores", "0"), ("bogus", "1"), ("kvm", "x")]).body)
            .unwrap();
    assert_eq!(body["errors"].as_object().unwrap().len(), 3);
}
