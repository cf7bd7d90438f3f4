//! The page of a guest and what it is made of, with what is wrong in it told.

use serde_json::json;

use super::guest;
use crate::model::canned::Canned;
use crate::render::View;

fn said(shown: &impl View) -> String {
    shown.page().text().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_setting_stands_with_its_default_its_meaning_and_what_waits_for_a_restart() {
    let pending = json!([{"key": "cores", "value": 2, "pending": 8}, {"key": "memory", "value": "4096"},
        {"key": "protection", "pending": 1}, {"key": "onboot", "value": 1, "delete": 1}, {"key": "made-up", "value": "x"}]);
    let config = json!({"cores": 8, "memory": "4096", "onboot": 1, "made-up": "x", "protection": 1});
    let session = Canned::new()
        .data("/nodes/pve1/qemu/101/pending", pending)
        .data("/nodes/pve1/qemu/101/config", config)
        .session();
    let text = said(&guest(&session, 101));
    assert!(text.contains("Configuration · 4 settings are set; 3 changes wait for a restart"), "{text}");
    assert!(text.contains("cores 2 8 1 cores of each processor socket"), "{text}");
    assert!(text.contains("onboot 1 back to the default 0, no whether it starts when"), "{text}");
    assert!(text.contains("protection 1 0, no whether it and its disks are protected"), "{text}");
    assert!(text.contains("memory 4096 512 MiB memory that it may use"), "{text}");
    // A setting that is not known here is shown without a word on it.
    assert!(text.contains("made-up x ▾"), "{text}");
}

#[test]
fn disks_are_followed_down_to_their_storage() {
    let rows = json!([
        {"type": "storage", "storage": "ceph-vm", "node": "pve2", "status": "available", "plugintype": "rbd", "shared": 1},
        {"type": "storage", "storage": "ceph-vm", "node": "pve1", "status": "unknown", "plugintype": "rbd", "shared": 1,
         "disk": 7, "maxdisk": 0},
    ]);
    let session = Canned::new().data("/cluster/resources?type=storage", rows).session();
    let disks = guest(&session, 101).disks().unwrap();
    let text = said(&disks);
    assert!(text.contains("; not available: ceph-vm."), "{text}");
    let one = said(&disks.first().unwrap());
    assert!(one.contains("32 GiB on ceph-vm, not available (unknown)."), "{one}");
    assert!(one.contains("Storage ceph-vm (rbd, shared) Which is ✕ not available (unknown)"), "{one}");
    assert!(!disks.first().unwrap().storage.unwrap().is_available());
    let unread = Canned::new().refusal("/cluster/resources?type=storage", 500, "no such luck").session();
    let text = said(&guest(&unread, 101).disks().unwrap());
    assert!(text.contains("The storages could not be read.") && text.contains("no such luck"), "{text}");
    let unseen = Canned::new()
        .privileges(&[("/vms", &["VM.Audit"])])
        .data("/cluster/resources?type=storage", json!([]))
        .session();
    let text = said(&guest(&unseen, 101).disks().unwrap().first().unwrap());
    assert!(text.contains("– needs Datastore.Audit on /storage/ceph-vm"), "{text}");
}

#[test]
fn network_cards_are_followed_down_to_what_the_bridge_is_made_of() {
    let net = |net0: &str| json!({"net0": net0, "name": "web-1"});
    let interfaces = json!([
        {"iface": "vmbr1", "type": "bridge", "active": 1, "bridge_ports": "bond0", "bridge_vlan_aware": 1},
        {"iface": "bond0", "type": "bond", "active": 1, "slaves": "eno1 eno2", "bond_mode": "802.3ad"},
        {"iface": "vmbr2", "type": "bridge", "autostart": 1, "bridge_ports": ""},
    ]);
    let shown = |net0: &str| {
        let session = Canned::new()
            .data("/nodes/pve1/qemu/101/config", net(net0))
            .data("/nodes/pve1/qemu/101/pending", json!([]))
            .data("/nodes/pve1/network", interfaces.clone())
            .session();
        let nets = guest(&session, 101).nets().unwrap();
        (said(&nets), said(&nets.first().unwrap()))
    };
    let (_, one) = shown("virtio=BC:24:11:00:00:01,bridge=vmbr1,tag=30");
    assert!(one.contains("On vmbr1, which is up, over bond0 (802.3ad of eno1, eno2), VLAN-aware."), "{one}");
    assert!(one.contains("VLAN 30 Firewall no"), "{one}");
    let (all, one) = shown("virtio=BC:24:11:00:00:01,bridge=vmbr2,link_down=1");
    assert!(one.contains("Cable ○ unplugged") && one.contains("✕ down, no port: only within the node"), "{one}");
    assert!(all.contains("; unplugged: net0; down: vmbr2."), "{all}");
    let (_, one) = shown("virtio=BC:24:11:00:00:01,bridge=dmz");
    assert!(one.contains("? no bridge of pve1 itself; a virtual network?"), "{one}");
    assert!(shown("virtio=BC:24:11:00:00:01").1.contains("On no bridge."));
}

#[test]
fn what_stands_in_a_guests_way_is_in_its_first_sentence() {
    let answer = |data: serde_json::Value| {
        let session = Canned::new().data("/nodes/pve1/qemu/101/status/current", data).session();
        said(&guest(&session, 101))
    };
    let text =
        answer(json!({"status": "stopped", "name": "web-1", "ha": {"managed": 1, "state": "error"}, "lock": "backup"}));
    assert!(text.contains("web-1 is stopped on pve1; locked: backup; high availability: error."), "{text}");
    let text = answer(json!({"status": "stopped", "name": "web-1", "ha": {"managed": 1, "state": "started"}}));
    assert!(text.contains("web-1 is stopped on pve1; high availability should have it run."), "{text}");
}

#[test]
fn odd_names_and_notes_do_no_harm_to_the_page() {
    let name = format!("{}\u{202e}<b>", "x".repeat(255));
    let config = json!({"name": name, "description": "EVCXR_EXECUTION_COMPLETE\n<img src=x>", "net0": "=,,=", "scsi0": ",",
        "cores": "many", "memory": {}, "tags": [1]});
    let session = Canned::new()
        .data("/nodes/pve1/qemu/101/config", config)
        .data("/nodes/pve1/qemu/101/pending", json!({"a": 1}))
        .data(
            "/nodes/pve1/qemu/101/snapshot",
            json!([{"name": name, "parent": name}, {"name": "current", "parent": name}]),
        )
        .data(
            "/nodes/pve1/qemu/101/status/current",
            json!({"name": name, "status": "\u{7}", "uptime": -1, "cpu": "NaN"}),
        )
        .session();
    let page = guest(&session, 101).page();
    let (text, html) = (page.text(), page.html());
    assert!(!text.contains('\u{202e}') && !text.contains("EVCXR_") && !text.contains('\u{7}'), "{text}");
    assert!(!html.contains("<img src=x") && !html.contains("EVCXR_"), "{html}");
    assert!(text.contains("└ the present state"), "{text}");
}
