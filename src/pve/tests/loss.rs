//! What is lost with a node, a storage, an interface: each rule by which that is concluded, one by one.

use serde_json::{Value, json};

use crate::model::canned::Canned;
use crate::model::loss::{BlastRadius, Fate, GuestLoss};
use crate::page::Level;
use crate::pve::Pve;
use crate::pve::staged::{limited, words};
use crate::render::View;

/// The demo cluster without a vote for the node that is offline, so that it can lose another one.
fn quorate() -> Canned {
    let member = |name: &str, votes: u64| json!({ "node": name, "name": name, "quorum_votes": votes.to_string() });
    let members = [member("pve1", 1), member("pve2", 1), member("pve3", 1), member("pve4", 0)];
    Canned::to("audit@pve").data("/cluster/config/nodes", members.into_iter().collect())
}

/// The same with this guest in the care of high availability, and these rules.
fn in_care(sid: &str, rules: Value) -> Canned {
    quorate()
        .data("/cluster/ha/resources", json!([{ "sid": sid, "type": &sid[..2], "state": "started" }]))
        .data("/cluster/ha/rules", rules)
}

fn only_on(sid: &str, nodes: &str) -> Value {
    json!([{ "rule": "home", "type": "node-affinity", "resources": sid, "nodes": nodes, "strict": 1 }])
}

/// The settings of a guest of the demo cluster with some more.
fn set(canned: Canned, path: &str, more: &[(&str, &str)]) -> Canned {
    let tree: Value = Pve::demo().unwrap().get(path).unwrap().value();
    let mut settings = tree;
    for (key, value) in more {
        settings[*key] = json!(value);
    }
    canned.data(path, settings)
}

#[track_caller]
fn of(loss: &BlastRadius, name: &str) -> GuestLoss {
    loss.guests
        .find(|guest| guest.name == name)
        .unwrap_or_else(|| panic!("{name} is not in {:?}", loss.guests.to_vec()))
}

fn without(canned: Canned, node: &str) -> BlastRadius {
    canned.pve().node(node).unwrap().blast_radius().unwrap()
}

#[track_caller]
fn becomes(loss: &BlastRadius, name: &str, fate: Fate, why: &str) {
    let guest = of(loss, name);
    assert_eq!((guest.fate, guest.why.raw()), (fate, why), "{name}");
}

#[test]
fn the_answer_stands_first_and_its_numbers_are_those_of_the_table() {
    let loss = without(quorate(), "pve1");
    let said = words(&loss);
    let answer = "If pve1 fails, 9 guests stop: 1 restarted by HA elsewhere, 8 stay down (4 of them with disks or devices of \
        this node alone); 3 are off already; quorum holds with 2 of 3 votes; its storages local, local-zfs are gone with it.";
    assert!(said.contains(answer), "{said}");
    let with = |fate: Fate| loss.guests.filter(|guest| guest.fate == fate).len();
    assert_eq!((with(Fate::Restarted), with(Fate::StaysDown), with(Fate::Off)), (1, 8, 3));
    assert_eq!(loss.quorum_holds, Some(true));
    assert!(loss.figure().words().text().contains("9 guests stop") && loss.figure().svg().contains("9 guests stop"));
}

#[test]
fn guests_of_nodes_that_reset_themselves_are_counted_in_the_answer() {
    let pve = Pve::demo().unwrap();
    let loss = pve.node("pve1").unwrap().blast_radius().unwrap();
    let own = loss.guests.filter(|guest| guest.fate == Fate::StaysDown).len();
    let theirs = pve.guests().unwrap().filter(|it| it.is_running() && it.node != "pve1").len();
    let answer = format!("If pve1 fails, {} guests stop: {theirs} on other nodes that reset themselves", own + theirs);
    assert!(words(&loss).contains(&answer), "{}", words(&loss));
}

#[test]
fn ha_starts_a_guest_on_the_node_that_its_rule_prefers() {
    becomes(&without(quorate(), "pve1"), "db-main", Fate::Restarted, "HA starts it on pve2");
}

#[test]
fn ha_keeps_guests_apart_that_belong_apart() {
    // vpn, which must not be beside it, is on pve3.
    becomes(&without(quorate(), "pve2"), "ldap", Fate::Restarted, "HA starts it on pve1");
}

#[test]
fn guests_that_belong_together_follow_those_that_are_placed() {
    let rule =
        json!([{ "rule": "pair", "type": "resource-affinity", "resources": "vm:104,vm:122", "affinity": "positive" }]);
    becomes(&without(in_care("vm:104", rule), "pve1"), "mail", Fate::Restarted, "HA starts it on pve3");
}

#[test]
fn a_strict_rule_can_leave_no_node_and_one_that_is_off_or_broken_does_not_count() {
    let rule = only_on("vm:104", "pve1,pve4");
    let none = "the HA rule home allows no node that is left";
    becomes(&without(in_care("vm:104", rule.clone()), "pve1"), "mail", Fate::StaysDown, none);
    for (key, value) in [("disable", json!(1)), ("errors", json!({ "nodes": "no such node" }))] {
        let mut rule = rule.clone();
        rule[0][key] = value;
        becomes(&without(in_care("vm:104", rule), "pve1"), "mail", Fate::Restarted, "HA starts it on pve2 or pve3");
    }
}

#[test]
fn groups_stand_in_the_place_of_rules_in_older_clusters() {
    let older = quorate()
        .data("/cluster/ha/resources", json!([{ "sid": "vm:104", "group": "home" }]))
        .refusal("/cluster/ha/rules", 501, "Method 'GET /cluster/ha/rules' not implemented")
        .data("/cluster/ha/groups", json!([{ "group": "home", "nodes": "pve1:2,pve3:1,pve2", "restricted": 1 }]));
    becomes(&without(older, "pve1"), "mail", Fate::Restarted, "HA starts it on pve3");
}

#[test]
fn ha_leaves_guests_alone_that_it_is_not_to_run() {
    for (state, why) in [("ignored", "HA is to keep it ignored"), ("disabled", "HA is to keep it disabled")] {
        let canned = quorate().data("/cluster/ha/resources", json!([{ "sid": "vm:104", "state": state }]));
        becomes(&without(canned, "pve1"), "mail", Fate::StaysDown, why);
    }
    becomes(&without(quorate(), "pve1"), "mail", Fate::StaysDown, "not in the care of HA");
}

#[test]
fn ha_that_is_disarmed_does_nothing() {
    let fencing = json!([{ "id": "fencing", "type": "fencing", "armed-state": "disarmed", "status": "disarmed" }]);
    let canned = quorate().data("/cluster/ha/status/current", fencing);
    becomes(&without(canned, "pve1"), "db-main", Fate::StaysDown, "HA is disarmed");
}

#[test]
fn nodes_in_maintenance_take_nothing_over() {
    let agent = |mode: &str| json!({ "mode": mode, "state": "active", "timestamp": 1_768_467_598 });
    let status = json!({
        "manager_status": { "master_node": "pve1", "timestamp": 1_768_467_598, "service_status": {},
            "node_status": { "pve1": "online", "pve2": "maintenance", "pve3": "online", "pve4": "unknown" } },
        "lrm_status": { "pve1": agent("active"), "pve2": agent("maintenance"), "pve3": agent("active") },
    });
    let canned = in_care("vm:104", json!([])).data("/cluster/ha/status/manager_status", status);
    becomes(&without(canned, "pve1"), "mail", Fate::Restarted, "HA starts it on pve3");
}

#[test]
fn a_disk_of_the_lost_node_alone_makes_ha_try_in_vain() {
    let loss = without(in_care("vm:107", json!([])), "pve1");
    becomes(&loss, "test-1", Fate::StaysDown, "HA tries in vain: scsi0 is on local-zfs of pve1 alone");
    assert!(of(&loss, "test-1").way_back.is_blank());
}

#[test]
fn a_replicated_disk_brings_a_guest_back_where_its_copy_is() {
    let sure = without(in_care("vm:100", only_on("vm:100", "pve1,pve2")), "pve1");
    becomes(&sure, "dns-1", Fate::Restarted, "HA starts it on pve2 from the last copy of its disks");
    let open = without(in_care("vm:100", json!([])), "pve1");
    let why = "it runs if HA chooses pve2; elsewhere not: scsi0 is on local-zfs of pve1 alone";
    becomes(&open, "dns-1", Fate::NotKnown, why);
    assert_eq!(of(&open, "dns-1").way_back, "by hand from the copy on pve2");
    let path = "/nodes/pve1/qemu/100/config";
    let left_out = [("scsi0", "local-zfs:vm-100-disk-0,replicate=0,size=8G")];
    assert!(of(&without(set(quorate(), path, &left_out), "pve1"), "dns-1").way_back.is_blank());
}

#[test]
fn devices_bind_a_guest_to_its_node_unless_they_are_mapped() {
    let path = "/nodes/pve1/qemu/104/config";
    let with = |setting: &str| set(in_care("vm:104", json!([])), path, &[("hostpci0", setting)]);
    let bound = "HA tries in vain: hostpci0 is a device of pve1";
    becomes(&without(with("0000:41:00.0,pcie=1"), "pve1"), "mail", Fate::StaysDown, bound);
    let some = "it runs if HA chooses pve2; elsewhere not: hostpci0 needs gpu-a2, which pve3 does not have";
    becomes(&without(with("mapping=gpu-a2"), "pve1"), "mail", Fate::NotKnown, some);
    assert_eq!(of(&without(with("mapping=gpu-a2"), "pve1"), "mail").way_back, "by hand on pve2");
}

#[test]
fn a_bridge_that_other_nodes_lack_is_noticed() {
    let path = "/nodes/pve1/qemu/104/config";
    let canned = set(in_care("vm:104", json!([])), path, &[("net1", "virtio=BC:24:11:00:00:01,bridge=vmbr9")]);
    becomes(&without(canned, "pve1"), "mail", Fate::StaysDown, "HA tries in vain: pve2 has no vmbr9");
    // A vnet is on every node of its zone.
    let canned = set(in_care("vm:104", json!([])), path, &[("net1", "virtio=BC:24:11:00:00:01,bridge=dmz")]);
    becomes(&without(canned, "pve1"), "mail", Fate::Restarted, "HA starts it on pve2 or pve3");
}

#[test]
fn media_keep_ha_from_starting_a_guest_and_not_somebody_who_takes_them_out() {
    let path = "/nodes/pve1/qemu/104/config";
    let canned = set(in_care("vm:104", json!([])), path, &[("ide2", "local:iso/debian.iso,media=cdrom,size=600M")]);
    let loss = without(canned, "pve1");
    becomes(&loss, "mail", Fate::StaysDown, "HA tries in vain: ide2 is on local of pve1 alone");
    assert_eq!(of(&loss, "mail").way_back, "by hand on pve2, pve3");
}

#[test]
fn what_would_not_fit_into_memory_is_not_promised() {
    let mut rows: Value = Pve::demo().unwrap().get("/cluster/resources").unwrap().value();
    for row in rows.as_array_mut().unwrap() {
        if row["id"] == "node/pve2" {
            row["mem"] = json!((96_u64 - 20) << 30);
        }
    }
    let loss = without(quorate().data("/cluster/resources", rows), "pve1");
    let why = "HA starts it on pve2, where 20 GiB are free and it may use 24 GiB";
    becomes(&loss, "db-main", Fate::NotKnown, why);
    assert!(words(&loss).contains("There may not be memory enough on the other nodes for db-main."));
}

#[test]
fn without_quorum_nothing_is_restarted_and_other_nodes_reset_themselves() {
    let loss = without(Canned::to("audit@pve"), "pve1");
    becomes(&loss, "db-main", Fate::StaysDown, "HA decides nothing without quorum");
    assert_eq!(of(&loss, "mail").way_back, "by hand on pve2, pve3, once there is quorum");
    let said = words(&loss);
    assert!(said.contains("quorum is lost: 2 of 4 votes are left, 3 are needed"), "{said}");
    let danger = "Without quorum pve2, pve3, where HA is at work, reset themselves after about a minute: 16 guests";
    assert!(said.contains(danger), "{said}");
}

#[test]
fn a_qdevice_has_a_vote_and_a_node_without_votes_of_its_own_has_one() {
    let device = Canned::to("audit@pve").data("/cluster/config/qdevice", json!({ "Model": "Net" }));
    let loss = without(device, "pve1");
    assert_eq!(loss.quorum_holds, Some(true));
    assert!(words(&loss).contains("quorum holds with 3 of 5 votes"));
    let unknown = Canned::to("audit@pve").refusal("/cluster/config/nodes", 403, "Permission check failed");
    assert!(words(&without(unknown, "pve1")).contains("Each node is taken to have one vote"));
}

#[test]
fn the_only_node_leaves_nothing() {
    let rows = json!([
        { "type": "node", "id": "node/pve1", "node": "pve1", "status": "online" },
        { "type": "qemu", "id": "qemu/104", "vmid": 104, "node": "pve1", "name": "mail", "status": "running" },
    ]);
    let single = json!([{ "type": "node", "id": "node/pve1", "name": "pve1", "online": 1, "local": 1 }]);
    let loss = without(Canned::new().data("/cluster/resources", rows).data("/cluster/status", single), "pve1");
    assert!(words(&loss).contains("it is the only node: nothing is left to take over"), "{}", words(&loss));
    assert_eq!((of(&loss, "mail").fate, of(&loss, "mail").way_back.raw()), (Fate::StaysDown, ""));
    assert!(words(&loss).contains("1 stays down; it is the only node"), "its disk is shared: {}", words(&loss));
}

#[test]
fn what_could_not_be_read_is_not_concluded() {
    let blind = quorate().refusal("/cluster/ha/resources", 403, "Permission check failed (/, Sys.Audit)");
    let loss = without(blind, "pve1");
    becomes(&loss, "db-main", Fate::NotKnown, "HA has it as started, and what HA would do is not known");
    becomes(&loss, "mail", Fate::StaysDown, "not in the care of HA");
    assert!(words(&loss).contains("what becomes of 1 is not known"), "{}", words(&loss));

    let blind = quorate().refusal("/nodes/pve1/qemu/104/config", 403, "Permission check failed");
    assert_eq!(
        of(&without(blind, "pve1"), "mail").way_back,
        "perhaps by hand elsewhere: its settings could not be read"
    );

    let blind = quorate().refusal("/cluster/backup", 403, "Permission check failed");
    let mail = of(&without(blind, "pve1"), "mail");
    assert_eq!((mail.is_saved, mail.backups.raw()), (None, "not known"));

    let blind = quorate().refusal("/cluster/replication", 500, "no");
    let way = of(&without(blind, "pve1"), "dns-1").way_back;
    assert_eq!(way, "perhaps by hand elsewhere: scsi0 is on local-zfs of pve1, whether copied elsewhere is not known");
}

#[test]
fn a_node_that_is_gone_already_is_told_as_such() {
    let loss = without(quorate(), "pve4");
    assert!(words(&loss).contains("pve4 is offline: 5 guests on it"), "{}", words(&loss));
    assert!(loss.guests.all(|guest| guest.fate == Fate::NotKnown && guest.why == "whether it runs is not known"));
}

#[test]
fn backups_that_go_with_the_node_save_nothing() {
    let job =
        |storage: &str| json!([{ "id": "own", "enabled": 1, "vmid": "104", "storage": storage, "schedule": "21:00" }]);
    let covered = json!({ "children": [{ "id": 104, "name": "mail", "type": "qemu", "children": [
        { "id": "104:scsi0", "name": "ceph-vm:vm-104-disk-0", "included": 1, "reason": "enabled" },
    ] }] });
    let with = |storage: &str| {
        let canned = quorate().data("/cluster/backup", job(storage));
        of(&without(canned.data("/cluster/backup/own/included_volumes", covered.clone()), "pve1"), "mail")
    };
    assert_eq!(
        (with("local").is_saved, with("local").backups.raw()),
        (Some(false), "only what is lost too: own to local")
    );
    assert_eq!((with("pbs-main").is_saved, with("pbs-main").backups.raw()), (Some(true), "own to pbs-main"));
    assert_eq!(with("of-somebody").is_saved, None, "of a storage of which nothing is known, nothing is claimed");
}

#[test]
fn a_shared_storage_that_the_node_itself_serves_goes_with_it() {
    let mut defined: Value = Pve::demo().unwrap().get("/storage").unwrap().value();
    for row in defined.as_array_mut().unwrap() {
        if row["storage"] == "nfs-backup" {
            row["server"] = json!("10.10.0.11");
        }
    }
    let loss = without(quorate().data("/storage", defined), "pve1");
    assert!(loss.with_it.iter().any(|name| *name == "nfs-backup"));
    assert_eq!(of(&loss, "mail").backups, "backup-nightly to pbs-main");
    assert!(words(&loss).contains("pve.storage(\"nfs-backup\")?.blast_radius()?"));
}

#[test]
fn guests_on_a_lost_storage_lose_data_running_or_not() {
    let loss = Pve::demo().unwrap().storage("ceph-vm").unwrap().blast_radius().unwrap();
    becomes(&loss, "db-main", Fate::LosesData, "all its data, 700 GiB: scsi0, scsi1; it stops working");
    becomes(&loss, "web-1", Fate::LosesData, "all its data, 32 GiB: scsi0; it cannot be started");
    becomes(&loss, "tpl-debian12", Fate::LosesData, "all its data, 20 GiB: scsi0; it cannot be cloned");
    assert!(!loss.guests.any(|guest| guest.name == "redis"));
    let said = words(&loss);
    let answer = "If ceph-vm is lost, 16 guests lose data; 12 of them run now; nothing saves 3 of them: win-term, tpl-debian12, sandbox.";
    assert!(said.contains(answer), "{said}");
    assert!(said.contains("Whether 5 guests have disks on it is not known"), "{said}");
}

#[test]
fn a_storage_of_backups_takes_the_backups_with_it() {
    let loss = Pve::demo().unwrap().storage("pbs-main").unwrap().blast_radius().unwrap();
    let bare = loss.guests.filter(|guest| guest.fate == Fate::LosesBackups);
    assert!(bare.any(|guest| guest.name == "web-2") && !bare.any(|guest| guest.name == "mail"), "{bare:?}");
    assert!(words(&loss).contains("which are all that saves 13 guests"), "{}", words(&loss));
    assert_eq!(bare.len(), 13);
}

#[test]
fn a_medium_alone_leaves_a_guest_running() {
    let canned = set(Canned::new(), "/nodes/pve1/qemu/104/config", &[("ide2", "nfs-backup:iso/x.iso,media=cdrom")]);
    let loss = canned.pve().storage("nfs-backup").unwrap().blast_radius().unwrap();
    becomes(&loss, "mail", Fate::Impaired, "its medium is gone: ide2; it cannot be started again");
}

#[test]
fn a_storage_of_each_node_is_lost_on_one_or_on_all() {
    let pve = Pve::demo().unwrap();
    let one = pve.node("pve1").unwrap().storage("local-zfs").unwrap().blast_radius().unwrap();
    assert!(one.guests.all(|guest| guest.node == "pve1"));
    assert_eq!(of(&one, "dns-1").way_back, "by hand from the copy on pve2");
    let all = pve.storage("local-zfs").unwrap().blast_radius().unwrap();
    assert!(all.guests.any(|guest| guest.node == "pve3") && of(&all, "dns-1").way_back.is_blank());
    assert!(words(&all).contains("Each node has its own local-zfs"));
}

fn interfaces(rows: Value) -> Pve {
    Canned::new().data("/nodes/pve1/network", rows).pve()
}

/// Two cards in a bond under vmbr1, and a single card under vmbr0 with the node's address.
fn bonded() -> Value {
    json!([
        { "iface": "eno1", "type": "eth", "active": 1, "exists": 1 },
        { "iface": "eno2", "type": "eth", "active": 1, "exists": 1 },
        { "iface": "eno3", "type": "eth", "active": 1, "exists": 1 },
        { "iface": "bond0", "type": "bond", "active": 1, "slaves": "eno2 eno3", "bond_mode": "802.3ad" },
        { "iface": "vmbr0", "type": "bridge", "active": 1, "autostart": 1, "bridge_ports": "eno1", "cidr": "10.10.0.11/24" },
        { "iface": "vmbr1", "type": "bridge", "active": 1, "autostart": 1, "bridge_ports": "bond0.20" },
        { "iface": "vmbr2", "type": "bridge", "active": 1, "autostart": 1, "bridge_ports": "" },
    ])
}

fn lose(pve: &Pve, iface: &str) -> BlastRadius {
    let all = pve.node("pve1").unwrap().networks().unwrap();
    all.find(|net| net.iface == iface).unwrap().blast_radius().unwrap()
}

#[test]
fn a_bond_outlives_one_of_its_cards_and_not_the_last() {
    let pve = interfaces(bonded());
    let one = lose(&pve, "eno2");
    assert!(one.guests.is_empty() && one.with_it.is_empty(), "{one:?}");
    assert!(words(&one).contains("no running guest loses its whole network; nothing else stands on it alone"));
    let mut rows = bonded();
    rows[2]["active"] = json!(0);
    let last = lose(&interfaces(rows), "eno2");
    assert_eq!(last.with_it.iter().map(ToString::to_string).collect::<Vec<_>>(), ["bond0", "vmbr1", "dmz", "office"]);
    becomes(&last, "mail", Fate::LosesNetwork, "net0 is all that it has");
    assert_eq!(of(&last, "mail").way_back, "move it to pve2, pve3");
    assert_eq!(of(&last, "redis").way_back, "mend the network: it is bound to this node");
}

#[test]
fn a_second_card_on_another_bridge_keeps_a_guest_on_the_net() {
    let path = "/nodes/pve1/qemu/104/config";
    let two = set(Canned::new(), path, &[("net1", "virtio=BC:24:11:00:00:01,bridge=vmbr0")]).pve();
    becomes(&lose(&two, "vmbr1"), "mail", Fate::Impaired, "loses net0, keeps net1");
    // One that is unplugged keeps nothing.
    let off = [("net1", "virtio=BC:24:11:00:00:01,bridge=vmbr0,link_down=1")];
    becomes(
        &lose(&set(Canned::new(), path, &off).pve(), "vmbr1"),
        "mail",
        Fate::LosesNetwork,
        "net0 is all that it has",
    );
}

#[test]
fn the_address_of_the_node_and_the_links_of_the_cluster_are_told() {
    let loss = lose(&Pve::demo().unwrap(), "vmbr0");
    let said = words(&loss);
    assert!(said.contains("pve1 has its own address on it (10.10.0.11)"), "{said}");
    assert!(said.contains("The cluster sees the node by its other 1 link still."), "{said}");
    let single = json!([{ "node": "pve1", "ring0_addr": "10.10.0.11" }]);
    let loss = lose(&Canned::new().data("/cluster/config/nodes", single).pve(), "eno1");
    assert!(words(&loss).contains("the node falls out of the cluster"), "{}", words(&loss));
    assert!(loss.page().text().contains("Danger") || loss.page().html().contains("Danger"), "{:?}", Level::Danger);
}

#[test]
fn who_sees_little_is_told_so() {
    let pve = limited(&[("/vms/104", "VM.Audit"), ("/nodes", "Sys.Audit")], &[]);
    let loss = pve.node("pve1").unwrap().blast_radius().unwrap();
    assert!(words(&loss).contains("visible to you"), "{}", words(&loss));
    assert_ne!(loss.guests.is_complete(), Some(true));
}

#[test]
fn a_guest_that_does_not_run_leaves_open_what_a_rule_about_it_means() {
    let rule =
        json!([{ "rule": "pair", "type": "resource-affinity", "resources": "vm:104,vm:126", "affinity": "negative" }]);
    let why = "whether batch, which does not run, counts for the HA rule pair is not known";
    becomes(&without(in_care("vm:104", rule), "pve1"), "mail", Fate::NotKnown, why);
}

#[test]
fn a_qdevice_that_is_not_connected_gives_no_vote_and_one_of_the_last_man_gives_many() {
    let with = |device: Value| without(Canned::to("audit@pve").data("/cluster/config/qdevice", device), "pve1");
    let away = with(json!({ "Model": "Net", "State": "Disconnected", "Algorithm": "Fifty-Fifty split" }));
    assert_eq!(away.quorum_holds, Some(false));
    let said = words(&away);
    assert!(said.contains("quorum is lost: 2 of 5 votes are left, 3 are needed"), "{said}");
    assert!(
        said.contains("The cluster has a QDevice, which is not connected (Disconnected) and gives no vote."),
        "{said}"
    );
    let last_man = with(json!({ "Model": "Net", "State": "Connected", "Algorithm": "LMS" }));
    assert!(words(&last_man).contains("quorum holds with 5 of 7 votes"), "{}", words(&last_man));
}

#[test]
fn absurd_numbers_of_votes_are_no_reason_to_fail() {
    let member = |name: &str| json!({ "node": name, "name": name, "quorum_votes": u64::MAX.to_string() });
    let members = json!([member("pve1"), member("pve2"), member("pve3")]);
    let canned = Canned::to("audit@pve").data("/cluster/config/nodes", members);
    without(canned.data("/cluster/config/qdevice", json!({ "Model": "Net" })), "pve1");
}

#[test]
fn a_job_that_leaves_the_lost_disk_out_does_not_save_the_guest() {
    let job = json!([{ "id": "own", "enabled": 1, "vmid": "103", "storage": "pbs-main", "schedule": "21:00" }]);
    let covered = json!({ "children": [{ "id": 103, "name": "db-main", "type": "qemu", "children": [
        { "id": "103:scsi0", "name": "ceph-vm:vm-103-disk-0", "included": 1, "reason": "enabled" },
        { "id": "103:scsi1", "name": "ceph-vm:vm-103-disk-1", "included": 0, "reason": "disabled" },
    ] }] });
    let canned =
        || quorate().data("/cluster/backup", job.clone()).data("/cluster/backup/own/included_volumes", covered.clone());
    let loss = canned().pve().storage("ceph-vm").unwrap().blast_radius().unwrap();
    let db = of(&loss, "db-main");
    assert_eq!((db.is_saved, db.backups.raw()), (Some(false), "not all that is lost: own to pbs-main without scsi1"));
    // With the node, neither is lost: both are on a shared storage.
    let db = of(&without(canned(), "pve1"), "db-main");
    assert_eq!((db.is_saved, db.backups.raw()), (Some(true), "own to pbs-main without scsi1"));
}

#[test]
fn that_all_are_saved_is_not_said_where_it_is_not_known_of_one() {
    let job = json!([{ "id": "own", "enabled": 1, "all": 1, "storage": "of-somebody", "schedule": "21:00" }]);
    let covered = json!({ "children": [{ "id": 104, "name": "mail", "type": "qemu", "children": [
        { "id": "104:scsi0", "name": "ceph-vm:vm-104-disk-0", "included": 1, "reason": "enabled" },
    ] }] });
    let rows: Value = Pve::demo().unwrap().get("/cluster/resources").unwrap().value();
    let rows: Vec<Value> =
        rows.as_array().unwrap().iter().filter(|row| row["vmid"].is_null() || row["vmid"] == 104).cloned().collect();
    let canned = Canned::new().data("/cluster/resources", rows.into()).data("/cluster/backup", job);
    let canned = canned.data("/cluster/backup/own/included_volumes", covered);
    let loss = canned.pve().storage("ceph-vm").unwrap().blast_radius().unwrap();
    assert_eq!(of(&loss, "mail").is_saved, None);
    let said = words(&loss);
    assert!(said.contains("whether backup jobs save all of them is not known"), "{said}");
}

#[test]
fn the_addresses_told_are_those_of_the_node_and_not_of_one_set_up_alike() {
    let pve = Pve::demo().unwrap();
    for (node, address) in [("pve1", "10.10.0.11"), ("pve2", "10.10.0.12"), ("pve3", "10.10.0.13")] {
        let loss = pve.node(node).unwrap().network("vmbr0").unwrap().blast_radius().unwrap();
        let said = words(&loss);
        assert!(said.contains(&format!("{node} has its own address on it ({address})")), "{said}");
        assert!(said.contains("The cluster sees the node by its other 1 link still."), "{said}");
    }
}

#[test]
fn what_hangs_on_an_interface_is_not_claimed_to_be_all_where_something_was_not_read() {
    let blind = Canned::new().data("/nodes/pve1/network", bonded());
    let blind = blind.refusal("/nodes/pve1/qemu/104/config", 403, "Permission check failed");
    let said = words(&lose(&blind.pve(), "eno1"));
    assert!(said.contains("what mail hangs on is not known"), "{said}");
    let blind = Canned::new().data("/nodes/pve1/network", bonded());
    let blind = blind.refusal("/cluster/sdn/vnets", 403, "Permission check failed");
    let said = words(&lose(&blind.pve(), "eno2"));
    assert!(said.contains("whole network; what else stands on it is not known."), "{said}");
    assert!(said.contains("The software-defined network could not be read."), "{said}");
}

#[test]
fn a_start_that_may_be_in_vain_is_drawn_as_open() {
    let mut rows: Value = Pve::demo().unwrap().get("/cluster/resources").unwrap().value();
    for row in rows.as_array_mut().unwrap() {
        if row["id"] == "node/pve2" {
            row["mem"] = json!((96_u64 - 20) << 30);
        }
    }
    let loss = without(quorate().data("/cluster/resources", rows), "pve1");
    let said = words(&loss);
    assert!(!said.contains("Another node ‖ by hand HA, on"), "{said}");
    assert!(said.contains("High availability ? perhaps"), "{said}");
}

#[test]
fn memory_that_is_not_known_is_not_taken_to_be_enough() {
    let mut rows: Value = Pve::demo().unwrap().get("/cluster/resources").unwrap().value();
    for row in rows.as_array_mut().unwrap() {
        if row["id"] == "node/pve2" {
            row.as_object_mut().unwrap().remove("mem");
        }
    }
    let said = words(&without(quorate().data("/cluster/resources", rows), "pve1"));
    assert!(said.contains("Whether there is memory enough on pve2 is not known."), "{said}");
    assert!(!words(&without(quorate(), "pve1")).contains("Whether there is memory enough"));
}

#[test]
fn vnets_in_tunnels_are_not_claimed_to_outlive_the_addresses_of_the_node() {
    let zones = json!([{ "zone": "over", "type": "vxlan", "peers": "10.10.0.11,10.10.0.12" }]);
    let vnets = json!([{ "vnet": "lab", "zone": "over", "tag": 4000 }]);
    let canned = ["", "?pending=1"].iter().fold(Canned::new(), |canned, pending| {
        canned
            .data(&format!("/cluster/sdn/zones{pending}"), zones.clone())
            .data(&format!("/cluster/sdn/vnets{pending}"), vnets.clone())
    });
    let pve = canned.data("/nodes/pve1/network", bonded()).pve();
    let words_of_tunnels = "may need these addresses: whether lab goes with them is not known.";
    assert!(words(&lose(&pve, "eno1")).contains(words_of_tunnels), "{}", words(&lose(&pve, "eno1")));
    assert!(!words(&lose(&pve, "eno2")).contains(words_of_tunnels));
}
