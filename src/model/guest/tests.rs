//! Guests and what belongs to them: held against the demo cluster and against the odd forms of a real one.

use serde_json::json;

use crate::model::canned::Canned;
use crate::model::guest::disk::{Disk, DiskKind, DiskSource};
use crate::model::guest::net::Net;
use crate::model::guest::{Guest, GuestKind};
use crate::model::list::List;
use crate::render::View;
use crate::session::Session;
use crate::units::{Bytes, Reading, Why};

mod now;
mod page;

fn guests() -> List<Guest> {
    Guest::list(&Canned::new().session()).unwrap()
}

fn guest(session: &Session, vmid: u32) -> Guest {
    Guest::find(session, vmid.into()).unwrap()
}

#[test]
fn all_configurations_are_read_together_and_those_that_cannot_be_are_named() {
    let configs = guests().configs().unwrap();
    let text = configs.page().text();
    assert!(
        text.contains("Not read: 5 guests (VM 130, VM 131, VM 132, VM 133, CT 208), since node pve4 is offline."),
        "{text}"
    );
    assert!(text.contains("36 configurations that were read") && !text.contains("visible to you"), "{text}");
    assert_eq!(configs.len(), guests().len() - 5);
    let crm = configs.find(|config| config.vmid == 124).unwrap();
    assert_eq!((crm.kind, crm.memory(), crm.cores()), (GuestKind::Vm, Some(Bytes::gib(4)), Some(2)));
    assert!(configs.provenance().to_string().contains("GET /nodes/{node}/{type}/{vmid}/config of"), "{text}");
}

#[test]
fn configurations_of_no_guest_are_an_empty_list_and_of_unreadable_ones_say_so() {
    let all = guests();
    assert!(all.filter(|_| false).configs().unwrap().is_empty());
    let away = all.filter(|guest| guest.node == "pve4").configs().unwrap();
    assert!(
        away.is_empty() && away.page().text().contains("cannot say whether there are others"),
        "{}",
        away.page().text()
    );
}

#[test]
fn disks_of_a_vm_are_told_apart() {
    for (key, words, kind, size, in_backups) in [
        ("scsi0", "tank:7/vm-7-disk-0.raw,backup=0,size=1G", DiskKind::Disk, Some(Bytes::gib(1)), false),
        ("virtio10", "file=tank:vm-7-disk-3,size=528K", DiskKind::Disk, Some(Bytes(540_672)), true),
        ("ide2", "none,media=cdrom", DiskKind::Cdrom, None, false),
        ("ide2", "cdrom,media=cdrom", DiskKind::Cdrom, None, false),
        ("ide2", "tank:iso/debian.iso,media=cdrom,size=633M", DiskKind::Cdrom, Some(Bytes::mib(633)), false),
        ("ide0", "tank:7/vm-7-cloudinit.qcow2,media=cdrom", DiskKind::CloudInit, None, false),
        ("efidisk0", "tank:vm-7-disk-1,efitype=4m,size=4M", DiskKind::Efi, Some(Bytes::mib(4)), true),
        ("tpmstate0", "tank:vm-7-disk-2,size=4M,version=v2.0", DiskKind::Tpm, Some(Bytes::mib(4)), true),
        ("unused0", "tank:vm-7-disk-9", DiskKind::Unused, None, false),
        ("sata1", "/dev/disk/by-id/wwn-0x5:1,size=2T", DiskKind::Disk, Some(Bytes(2 << 40)), true),
    ] {
        let disk = Disk::read(key, words).unwrap();
        assert_eq!((disk.kind, disk.size.known(), disk.in_backups), (kind, size, in_backups), "{key}: {words}");
    }
    assert!(Disk::read("scsihw", "virtio-scsi-single").is_none());
    assert!(Disk::read("virtiofs0", "shared").is_none());
    assert!(Disk::read("sata1", "/dev/sdb").unwrap().is_of_the_node());
    assert_eq!(Disk::read("ide2", "none,media=cdrom").unwrap().source, DiskSource::Empty);
    assert_eq!(Disk::read("scsi0", "t:x,size=huge").unwrap().size, Reading::Missing(Why::NotInAnswer));
}

#[test]
fn a_mount_point_is_backed_up_only_where_it_asks_for_it_and_a_folder_of_the_node_never() {
    let mount = |words: &str| Disk::read("mp0", words).unwrap();
    assert!(mount("tank:subvol-7-disk-1,mp=/data,backup=1,size=8G").in_backups);
    assert!(!mount("tank:subvol-7-disk-1,mp=/data,size=8G").in_backups);
    let bound = mount("/srv/share,mp=/share,backup=1");
    assert!(!bound.in_backups && bound.is_of_the_node());
    assert_eq!(bound.mounted_at.unwrap(), "/share");
    assert_eq!(Disk::read("rootfs", "tank:subvol-7-disk-0,size=8G").unwrap().mounted_at.unwrap(), "/");
}

#[test]
fn network_cards_are_read_in_each_of_their_spellings() {
    let vm = Net::read(
        "net1",
        "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=20,firewall=1,link_down=1",
        Some("ip=dhcp,ip6=auto"),
    )
    .unwrap();
    assert_eq!(
        (vm.card, vm.mac.unwrap(), vm.vlan, vm.firewall, vm.unplugged),
        ("virtio".into(), "BC:24:11:00:00:01".into(), Some(20), true, true)
    );
    assert_eq!((vm.ip.unwrap(), vm.ip6.unwrap()), ("dhcp".into(), "auto".into()));
    let long = Net::read("net0", "model=e1000,macaddr=BC:24:11:00:00:02,trunks=10;20", None).unwrap();
    assert_eq!(
        (long.card, long.mac.unwrap(), long.bridge, long.trunks.len()),
        ("e1000".into(), "BC:24:11:00:00:02".into(), None, 2)
    );
    let bare = Net::read("net0", "virtio,bridge=vmbr0", None).unwrap();
    assert_eq!((bare.card, bare.mac), ("virtio".into(), None));
    let ct =
        Net::read("net0", "name=eth0,bridge=vmbr1,hwaddr=BC:24:11:00:00:03,ip=10.0.0.2/24,gw=10.0.0.1,type=veth", None)
            .unwrap();
    assert_eq!(
        (ct.card, ct.mac.unwrap(), ct.gateway.unwrap()),
        ("eth0".into(), "BC:24:11:00:00:03".into(), "10.0.0.1".into())
    );
    assert!(Net::read("netin", "7", None).is_none());
}

#[test]
fn a_configuration_shows_no_secret_and_says_what_waits() {
    let config = guest(&Canned::new().session(), 101).config().unwrap();
    assert_eq!(config.pending(), Some(Vec::new()));
    let all = format!("{}{}{config:?}", config.page().text(), config.page().html());
    assert!(!all.contains("**********") && all.contains("a secret, not shown"), "{all}");
    assert_eq!(config.nets().first().unwrap().ip.unwrap(), "10.20.0.101/24");
    assert!(config.disks().any(|disk| disk.kind == DiskKind::CloudInit));
}

#[test]
fn the_environment_of_a_container_is_no_part_of_its_configuration_in_either_form() {
    let mail = guests().find(|guest| guest.kind == GuestKind::Ct && guest.is_running()).unwrap();
    let path = format!("/nodes/{}/lxc/{}/config", mail.node.raw(), mail.vmid);
    let odd = json!([["lxc.environment", "DB_PASS=swordfish"], ["lxc.cap.drop", "mknod"]]);
    let session = Canned::new().data(&path, json!({"hostname": "mail", "env": "A=swordfish", "lxc": odd})).session();
    let config = guest(&session, mail.vmid).config().unwrap();
    let all = format!("{}{}{:?}", config.page().text(), config.page().html(), config.get("lxc"));
    assert!(all.contains("lxc.cap.drop") && !all.contains("swordfish"), "{all}");
}

#[test]
fn what_waits_for_a_restart_is_put_aside_and_named_without_secrets() {
    let session = Canned::new()
        .data("/nodes/pve1/qemu/101/config", json!({"memory": "8192", "cores": 4, "cipassword": "**********"}))
        .data(
            "/nodes/pve1/qemu/101/pending",
            json!([
                {"key": "memory", "value": "4096", "pending": 8192}, {"key": "cores", "pending": 4},
                {"key": "balloon", "value": "512", "delete": "1"}, {"key": "name", "value": "web-1"},
                {"key": "cipassword", "value": "old-one", "pending": "new-one"}, {"key": "vga", "pending": null},
            ]),
        )
        .session();
    let config = guest(&session, 101).config().unwrap();
    assert_eq!((config.memory(), config.cores()), (Some(Bytes::gib(4)), Some(1)));
    let changes: Vec<String> = config.pending().unwrap().iter().map(|change| change.key.to_string()).collect();
    assert_eq!(changes, ["balloon", "cipassword", "cores", "memory"]);
    let text = config.page().text();
    assert!(text.contains("4 changes wait for a restart") && text.contains("back to the default"), "{text}");
    assert!(!format!("{text}{config:?}{:?}", config.pending()).contains("-one"), "{text}");
}

#[test]
fn changes_that_cannot_be_read_are_not_taken_for_none() {
    let session = Canned::new().refusal("/nodes/pve1/qemu/101/pending", 501, "not implemented").session();
    let config = guest(&session, 101).config().unwrap();
    assert_eq!(config.pending(), None);
    assert!(config.page().text().contains("Whether changes wait for a restart could not be read"));
}

#[test]
fn guests_whose_configuration_is_refused_are_named_with_the_privilege() {
    let session = Canned::new()
        .refusal("/nodes/pve1/qemu/101/config", 403, "Permission check failed (/vms/101, VM.Audit)")
        .session();
    let configs = Guest::list(&session).unwrap().filter(|guest| guest.vmid <= 102).configs().unwrap();
    let text = configs.page().text();
    assert_eq!(configs.len(), 2);
    assert!(text.contains("Not read: 1 guest (VM 101), since audit@pve!test lacks VM.Audit on them."), "{text}");
}

#[test]
fn rows_that_do_not_say_what_they_are_are_counted_and_not_dropped_in_silence() {
    let rows = json!([
        {"type": "node", "node": "pve1", "status": "online"}, {"type": "qemu", "vmid": 101, "node": "pve1", "status": "running"},
        {"type": "qemu", "vmid": 102, "status": "running"}, {"type": "lxc", "vmid": 4_294_967_296_u64, "node": "pve1"},
        {"vmid": 103, "node": "pve1"}, {"type": "something-new"},
    ]);
    let guests = Guest::list(&Canned::new().data("/cluster/resources", rows).session()).unwrap();
    assert_eq!((guests.len(), guests.is_partial()), (1, true));
    let text = guests.page().text();
    assert!(text.contains("3 more rows of the answer were not understood"), "{text}");
}

#[test]
fn a_node_that_is_there_and_says_nothing_is_told_from_one_that_is_away() {
    let rows = json!([
        {"type": "node", "node": "pve1", "status": "online"}, {"type": "node", "node": "pve2", "status": "offline"},
        {"type": "node", "node": "pve3", "status": "online", "maxcpu": 4, "uptime": 7},
    ]);
    let session = Canned::new().data("/cluster/resources", rows).session();
    let why = |name| crate::model::node::Node::find(&session, name).unwrap().mem.why().unwrap();
    assert_eq!([why("pve1"), why("pve2"), why("pve3")], [Why::NodeSilent, Why::NodeOffline, Why::NotInAnswer]);
}
