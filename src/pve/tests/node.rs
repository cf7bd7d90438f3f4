//! Promises about the parts of a node: odd values, what is missing and why, and that no secret comes through.

use super::altered::{Altered, says, text};
use crate::error::Error;
use crate::pve::Pve;
use crate::render::View;
use crate::units::{Age, Bytes, Ratio, Reading, Why};

#[test]
fn every_part_of_a_node_of_the_demo_can_be_read_and_shown() {
    let node = Pve::demo().unwrap().node("pve1").unwrap();
    says(&node.status().unwrap(), &["AMD EPYC", "32 threads", "in hardware", "EFI"]);
    says(&node.versions().unwrap(), &["13 packages; 2 could be updated: pve-manager, pve-qemu-kvm.", "not installed"]);
    says(&node.updates().unwrap(), &["4 packages; 4 could be updated"]);
    says(
        &node.repositories().unwrap(),
        &["no-subscription, ceph-squid-no-subscription are in use.", "not meant for production"],
    );
    says(&node.disks().unwrap(), &["6 disks, all well.", "Ceph OSD 0"]);
    says(&node.volume_groups().unwrap(), &["1 volume group", "/dev/nvme0n1p3"]);
    says(&node.thin_pools().unwrap(), &["0 thin pools"]);
    says(
        &node.zpools().unwrap().first().unwrap().details().unwrap(),
        &["It is ONLINE", "mirror-0", "· · /dev/nvme1n1"],
    );
    says(&node.directories().unwrap(), &["0 mounted directories"]);
    says(&node.networks().unwrap(), &["4 interfaces, 2 bridges among them.", "2-4094", "10.10.0.11/24"]);
    says(&node.network("vmbr0").unwrap(), &["Interface vmbr0", "eno1"]);
    for name in ["vmbr7", "", "a/b"] {
        let none =
            format!("There is no interface \"{name}\" on pve1. pve.node(\"pve1\")?.networks()? shows those there are");
        assert_eq!(node.network(name).unwrap_err().to_string(), none);
    }
    says(&node.dns().unwrap(), &["10.20.0.10, 10.20.0.11"]);
    says(&node.time().unwrap(), &["2026-01-15", "Etc/UTC"]);
    says(&node.hosts().unwrap(), &["pve1 is 10.10.0.11 in it.", "ip6-localhost"]);
    says(&node.certificates().unwrap(), &["2 certificates; the first to expire is pve-ssl.pem, in 687 days."]);
    says(&node.subscription().unwrap(), &["none", "There is no subscription key"]);
    says(&node.netstat().unwrap(), &["network cards", "sent"]);
    says(&node.pci_devices().unwrap(), &["4 PCI devices.", "X710"]);
    says(&node.usb_devices().unwrap(), &["2 USB devices", "ATEN"]);
    says(&node.cpu_models().unwrap(), &["15 processor models, 1 defined here."]);
    says(&node.cpu_flags().unwrap(), &["5 processor flags"]);
    says(&node.machine_types().unwrap(), &["pc-q35-10.1"]);
    says(&node.settings().unwrap(), &["Rack 4"]);
    let log = node.syslog(3).unwrap();
    assert_eq!(log.map(|line| line.n), [Some(6), Some(7), Some(8)]);
    says(&log, &["The 5 lines before these are left out."]);
    says(&node, &["Kernel", "6.17.4-1-pve", "Load over 1, 5 and 15 min"]);
}

#[test]
fn a_package_source_is_named_without_the_password_in_its_address() {
    let source = r#"{"Enabled":1,"Types":["deb"],"URIs":["https://me:x1@apt.example/pve"],"Suites":["trixie"]}"#;
    let files = format!(r#"{{"files":[{{"path":"/etc/apt/x.list","repositories":[{source}]}}]}}"#);
    let node = Altered::default().answer("/nodes/pve1/apt/repositories", files).pve().node("pve1").unwrap();
    let sources = node.repositories().unwrap();
    let all = format!("{}{}{:?}", text(&sources), sources.raw(), sources.files);
    assert!(all.contains("@apt.example/pve") && !all.contains("x1"), "{all}");
}

#[test]
fn an_offline_node_is_an_error_and_not_an_empty_list() {
    let node = Pve::demo().unwrap().node("pve4").unwrap();
    assert!(matches!(node.status(), Err(Error::NodeUnreachable { .. })));
    assert!(matches!(node.disks(), Err(Error::NodeUnreachable { .. })));
    assert!(matches!(node.syslog(5), Err(Error::NodeUnreachable { .. })));
    says(&node, &["The state of 5 guests is not known: pve4 is offline.", "once pve4 answers again"]);
    assert!(!text(&node).contains("could not be read"));
}

#[test]
fn what_is_not_known_of_other_nodes_does_not_stand_beside_the_guests_of_this_one() {
    let pve = Pve::demo().unwrap();
    says(&pve.guests().unwrap(), &["Of all guests, the state of 5 is not known: pve4 is offline."]);
    let here = pve.node("pve1").unwrap();
    says(&here.guests().unwrap(), &["Guests on pve1", "13 guests: 9 running, 3 stopped, 1 template."]);
    assert!(!text(&here.guests().unwrap()).contains("not known"));
    says(&here, &["GET /nodes/pve1/status", "pve.node(\"pve1\")?.status()?"]);
    says(&pve.pool("prod").unwrap().guests().unwrap(), &["The state of 2 guests is not known: pve4 is offline."]);
}

#[test]
fn numbers_in_the_clothes_of_words_and_fields_that_are_not_there_are_taken_as_they_come() {
    let status = r#"{"loadavg":["0.89",1.5,null],"cpu":"0.25","wait":0,"swap":{"total":0,"used":0},
        "memory":{"total":"1073741824","used":536870912},"cpuinfo":{"cpus":"2","hvm":"","mhz":"2599.998"},
        "boot-info":{"mode":"efi","secureboot":1},"new-field":[1]}"#;
    let node = Altered::default().answer("/nodes/pve1/status", status).pve().node("pve1").unwrap();
    let status = node.status().unwrap();
    assert_eq!(status.load_per_thread(), Some(0.445));
    assert_eq!((status.cpu, status.cpuinfo.hvm), (Reading::Known(Ratio(0.25)), Reading::Known(false)));
    assert_eq!(status.memory.total, Bytes::gib(1));
    assert_eq!(status.rootfs.total.why(), Some(Why::NotInAnswer));
    says(&status, &["0.89, 1.50, ?", "secure boot", "none", "not in hardware"]);
    assert_eq!(status.raw()["new-field"][0], 1);
}

#[test]
fn what_a_disk_does_not_tell_is_missing_for_that_reason_and_wear_is_what_is_left() {
    let disks = r#"[{"devpath":"/dev/vda","rpm":-1,"wearout":"N/A","osdid":-1,"osdid-list":null,"health":"UNKNOWN","gpt":0},
        {"devpath":"/dev/sda","rpm":"7200","wearout":"4","type":"hdd","osdid":"3","health":"FAILED!","size":"1000"}]"#;
    let node = Altered::default().answer("/nodes/pve1/disks/list", disks).pve().node("pve1").unwrap();
    let disks = node.disks().unwrap();
    let (silent, failing) = (disks.get(0).unwrap(), disks.get(1).unwrap());
    assert_eq!((silent.wearout.why(), silent.rpm.why()), (Some(Why::DeviceSilent), Some(Why::DeviceSilent)));
    assert_eq!((silent.osdid, silent.is_failing(), silent.size.why()), (None, false, Some(Why::NotInAnswer)));
    assert_eq!((failing.osdid, failing.wearout, failing.is_failing()), (Some(3), Reading::Known(Ratio(0.04)), true));
    says(&disks, &["2 disks; failing: /dev/sda; nearly worn out: /dev/sda; 1 of unknown health."]);
    assert_eq!(format!("{failing:?}"), "NodeDisk(/dev/sda, ✕ FAILED!)");
}

#[test]
fn a_worn_disk_is_asked_for_its_own_report() {
    let disks = Pve::demo().unwrap().node("pve3").unwrap().disks().unwrap();
    says(&disks, &["nearly worn out: /dev/sdb"]);
    let smart = disks.find(|disk| disk.devpath == "/dev/sdb").unwrap().smart().unwrap();
    assert!(smart.attributes.iter().any(|a| a.name == "Wear_Leveling_Count" && a.normalized == 9));
    says(&smart, &["Its judgement is PASSED", "Reallocated_Sector_Ct"]);
}

#[test]
fn a_key_and_a_signature_do_not_come_through() {
    let subscription = r#"{"status":"active","key":"pve4p-1234abcdef","signature":"c2lnbmVk","url":"https://shop","sockets":2,
        "productname":"Proxmox VE Premium","nextduedate":"2026-06-01","serverid":"AB"}"#;
    let node = Altered::default().answer("/nodes/pve1/subscription", subscription).pve().node("pve1").unwrap();
    let found = node.subscription().unwrap();
    assert!(found.is_active() && found.signature);
    says(&found, &["Premium", "pve4p-…", "2026-06-01"]);
    for shown in [text(&found), format!("{found:?}"), found.raw().to_string(), found.page().html()] {
        assert!(!shown.contains("1234abcdef") && !shown.contains("c2lnbmVk"), "{shown}");
    }
    let json =
        Altered::default().answer("/nodes/pve1/subscription", subscription).pve().get("/nodes/pve1/subscription");
    assert!(!json.unwrap().to_string().contains("1234abcdef"));
}

#[test]
fn a_list_of_interfaces_says_when_bridges_may_be_left_out() {
    let little = r#"{"/nodes":{"Sys.Audit":1},"/vms":{}}"#;
    let networks = Altered::default().permissions(little).pve().node("pve1").unwrap().networks().unwrap();
    says(&networks, &["visible to you", "lacks SDN.Audit and SDN.Use on /sdn/zones/localnetwork"]);
    let auditor = r#"{"/":{"SDN.Audit":1,"Sys.Audit":1},"/nodes":{"Sys.Audit":1},"/sdn":{"SDN.Audit":1}}"#;
    let networks = Altered::default().permissions(auditor).pve().node("pve1").unwrap().networks().unwrap();
    assert!(!text(&networks).contains("visible to you"));
}

#[test]
fn a_network_file_that_is_not_applied_is_said_beside_the_list() {
    let down = r#"[{"iface":"vmbr9","type":"bridge","autostart":1,"options":["up ip route add 10.0.0.0/8, via 10.1.1.1"]}],
        "changes":"--- a\n+++ b\n""#;
    let node = Altered::default().answer("/nodes/pve1/network", down).pve().node("pve1").unwrap();
    let networks = node.networks().unwrap();
    says(
        &networks,
        &["down, though to start with the node: vmbr9.", "changes that are not applied yet", "✕ down, should be up"],
    );
    assert_eq!(networks.first().unwrap().options, ["up ip route add 10.0.0.0/8, via 10.1.1.1"]);
}

#[test]
fn without_the_privilege_a_subscription_says_what_it_needs() {
    let pve = Altered::default()
        .permissions(r#"{"/vms":{"VM.Audit":1}}"#)
        .answer("/nodes/pve1/subscription", r#"{"status":"active"}"#);
    let found = pve.pve().node("pve1").unwrap().subscription().unwrap();
    assert_eq!(found.sockets.why().map(|why| why.to_string()).as_deref(), Some("needs Sys.Audit on /nodes/pve1"));
}

#[test]
fn an_empty_log_has_no_lines_although_the_server_sends_one() {
    let pve = Pve::demo().unwrap();
    let log = pve.guest(101).unwrap().firewall().log(10).unwrap();
    assert!(log.is_empty());
    let log = pve.node("pve1").unwrap().firewall().log(2).unwrap();
    assert_eq!(log.len(), 2);
}

#[test]
fn the_time_that_a_certificate_has_left_is_counted_from_when_it_was_read() {
    let soon = r#"[{"filename":"a.pem","notafter":1768899600,"san":["x"]},{"filename":"b.pem","notafter":"1768000000"},{"filename":"c.pem"}]"#;
    let node = Altered::default().answer("/nodes/pve1/certificates/info", soon).pve().node("pve1").unwrap();
    let found = node.certificates().unwrap();
    assert_eq!(found.map(|c| c.left().map(|left| left.0 / 86_400)), [Some(5), Some(0), None]);
    assert_eq!(found.get(1).unwrap().left(), Some(Age(0)));
    says(&found, &["b.pem has expired", "‖ 5 days left", "✕ expired", "not in the answer"]);
}
