//! What can be lost, and how much room there is.

use pve_notebook::*;
use serde_json::Value;

use crate::fake::Fake;
use crate::seeded::{Seeded, line, says};

/// A cluster of its own, whose three nodes are all there.
fn seeded() -> Option<Seeded> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/questions");
    let sow =
        format!("import sys; sys.path.insert(0, {folder:?}); import seed; seed.sow(pve, {folder:?} + '/losing.json')");
    Some(Seeded { fake: Fake::start(&[&sow])? })
}

fn seeds() -> Value {
    serde_json::from_str(include_str!("losing.json")).unwrap()
}

/// The guests of a node in the seeds that hold for this.
fn guests_on(node: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    let seeds = seeds();
    let guests = seeds["guests"].as_array().unwrap().iter();
    guests.filter(|guest| guest["node"] == node && wanted(guest)).cloned().collect()
}

#[test]
fn a_node_can_be_lost_where_ha_restarts_what_runs_or_nothing_does_and_else_not() {
    let Some(mut cluster) = seeded() else { return };
    let pve = cluster.as_one("root@pam");
    // What HA cares for runs on pve2, nothing runs on pve3, and nobody cares for what runs on pve1.
    let (page, asked) = cluster.asked(|| questions::can_i_lose(&pve, "pve2").unwrap());
    says(&page, "Yes, pve2 can be lost: 1 guest runs on it; 1 is restarted by HA; quorum holds with 2 of 3 votes");
    assert!(asked.len() <= 3 * 3 + guests_on("pve2", |_| true).len() + 17, "{asked:?}");
    let page = questions::can_i_lose(&pve, "pve3").unwrap();
    says(&page, "Yes, pve3 can be lost: nothing that is seen runs on it; quorum holds with 2 of 3 votes.");
    let page = questions::can_i_lose(&pve, "pve1").unwrap();
    let running = guests_on("pve1", |guest| guest["status"] == "running");
    // Bound to it: what lies on its own storage, and what has its devices.
    let bound = running.iter().filter(|guest| {
        let config = guest["config"].to_string();
        config.contains("local-lvm:") || config.contains("hostpci")
    });
    let (n, bound) = (running.len(), bound.count());
    says(&page, &format!("No, pve1 cannot be lost: {n} guests run on it; {n} stay down, {bound} of which can be"));
    let memory: u64 = running.iter().map(|guest| guest["config"]["memory"].as_u64().unwrap()).sum();
    says(&page, &format!("may use {} of memory", Bytes(memory << 20)));
}

#[test]
fn what_ha_starts_from_a_copy_is_told_to_lack_what_came_after() {
    let Some(mut cluster) = seeded() else { return };
    cluster.fake.order("pve.storages['zfs'] = {'type': 'zfspool', 'pool': 'rpool', 'content': 'images', 'active': 1, 'files': set(), 'volumes': {}}");
    cluster.fake.order("pve.vm(111).config['scsi0'] = 'zfs:vm-111-disk-0,size=10G'");
    let page = questions::can_i_lose(&cluster.as_one("root@pam"), "pve2").unwrap();
    says(&page, "No, pve2 cannot be lost: 1 guest runs on it; 1 stays down");
    let job = "{'id': '111-0', 'type': 'local', 'guest': 111, 'jobnum': 0, 'source': 'pve2', 'target': '";
    cluster.fake.order(&format!(
        "import seed; seed.answer_with(pve, {{'/cluster/replication': [{job}pve1'}}, {job}pve3'}}]}})"
    ));
    let page = questions::can_i_lose(&cluster.as_one("root@pam"), "pve2").unwrap();
    says(&page, "Yes, pve2 can be lost: 1 guest runs on it; 1 is restarted by HA, 1 of which from the last copy");
}

#[test]
fn with_a_node_away_already_quorum_is_what_is_lost() {
    let Some(mut cluster) = seeded() else { return };
    cluster.fake.order("pve.nodes['pve1']['online'] = True; pve.nodes['pve2']['online'] = False");
    let pve = cluster.as_one("root@pam");
    let page = questions::can_i_lose(&pve, "pve3").unwrap();
    says(&page, "No, pve3 cannot be lost: nothing that is seen runs on it; quorum is lost: 1 of 3 votes are left");
    says(&questions::can_i_lose(&pve, "pve2").unwrap(), "Not known whether pve2 can be lost: it is offline already");
}

#[test]
fn what_does_not_fit_into_the_memory_of_the_others_is_a_no() {
    let Some(mut cluster) = seeded() else { return };
    cluster.fake.order("pve.vm(111).config['memory'] = 65536");
    let page = questions::can_i_lose(&cluster.as_one("root@pam"), "pve2").unwrap();
    says(&page, "No, pve2 cannot be lost");
    says(&page, "may use 64 GiB of memory, and the other nodes have 12 GiB free");
    // 6 GiB are free on each of two.
    cluster.fake.order("pve.vm(111).config['memory'] = 8192");
    let page = questions::can_i_lose(&cluster.as_one("root@pam"), "pve2").unwrap();
    says(&page, "Not known whether pve2 can be lost");
}

#[test]
fn who_sees_a_part_is_not_told_that_a_node_can_be_lost() {
    let Some(cluster) = seeded() else { return };
    let page = questions::can_i_lose(&cluster.as_one("part@pve"), "pve3").unwrap();
    says(&page, "Not known whether pve3 can be lost, as far as part@pve!look may see");
    let page = questions::can_i_lose(&cluster.as_one("audit@pve"), "pve2").unwrap();
    says(&page, "Yes, pve2 can be lost: 1 guest runs on it");
}

#[test]
fn in_the_demo_no_node_can_be_lost_since_one_is_lost_already() {
    let pve = Pve::demo().unwrap();
    let raw = pve.get("/cluster/resources").unwrap().value();
    let on = |node: &str| {
        // One is paused, and is lost with its memory.
        let runs = |row: &&Value| row["node"] == node && row["status"] != "stopped" && row["vmid"].is_u64();
        raw.as_array().unwrap().iter().filter(runs).count()
    };
    for node in ["pve1", "pve2", "pve3"] {
        let page = questions::can_i_lose(&pve, node).unwrap();
        says(&page, &format!("No, {node} cannot be lost: {} guests run on it", on(node)));
        says(&page, "quorum is lost: 2 of 4 votes are left, 3 are needed");
    }
}

#[test]
fn each_guest_that_cannot_move_is_told_with_what_holds_it() {
    let Some(mut cluster) = seeded() else { return };
    let pve = cluster.as_one("root@pam");
    let (page, asked) = cluster.asked(|| questions::drain_blockers(&pve, "pve1").unwrap());
    let here = guests_on("pve1", |_| true);
    // One that is locked needs no other reason, and is not asked.
    assert_eq!(asked.len(), 1 + here.len() - 1, "{asked:?}");
    says(&page, "4 guests block draining pve1; of 7 there, 3 cannot move, 1 can move only while off");
    for (vmid, words) in [
        ("101", "yes, while it runs"),
        ("102", "cannot move the CD image local:iso/install.iso"),
        ("103", "cannot move it has devices of this node: hostpci0"),
        ("104", "yes, while it runs not to pve2: high availability keeps it apart"),
        ("105", "yes, it is off scsi0 is copied, 20 GiB"),
        ("106", "cannot move it is locked: backup"),
        ("201", "only while off a container is stopped for it"),
    ] {
        assert!(line(&page, vmid).contains(words), "{vmid}: {words}\n{}", page.text());
    }
}

#[test]
fn a_node_that_is_offline_is_no_place_to_move_to_though_the_server_lists_it() {
    let Some(mut cluster) = seeded() else { return };
    cluster.fake.order("pve.nodes['pve3']['online'] = False");
    let page = questions::drain_blockers(&cluster.as_one("root@pam"), "pve1").unwrap();
    assert!(!line(&page, "web-1").contains("pve3"), "{}", page.text());
    // The server lets 104 go there alone.
    says(&page, "no node that is online may take it");
    says(&page, "5 guests block draining pve1");
}

#[test]
fn whether_a_guest_runs_is_what_the_server_says_when_it_is_asked() {
    let Some(mut cluster) = seeded() else { return };
    cluster.fake.order(
        "import seed; seed.answer_with(pve, {'/nodes/pve1/qemu/105/migrate': {'running': 1, 'allowed_nodes': ['pve2']}})",
    );
    let page = questions::drain_blockers(&cluster.as_one("root@pam"), "pve1").unwrap();
    assert!(line(&page, "off-1").contains("yes, while it runs"), "{}", page.text());
}

#[test]
fn who_may_not_ask_what_blocks_is_not_told_that_nothing_does() {
    let Some(cluster) = seeded() else { return };
    let page = questions::drain_blockers(&cluster.as_one("part@pve"), "pve1").unwrap();
    says(&page, "Not known whether anything blocks draining pve1, as far as part@pve!look may see");
    says(&page, "part@pve!look lacks VM.Migrate");
    let page = questions::drain_blockers(&Pve::demo().unwrap(), "pve4").unwrap();
    says(&page, "Not known whether anything blocks draining pve4, as far as could be read; of 5 there, 5 could not be");
}

#[test]
fn in_the_demo_containers_alone_block_draining() {
    let pve = Pve::demo().unwrap();
    let raw = pve.get("/cluster/resources").unwrap().value();
    let rows = raw.as_array().unwrap();
    let held = rows.iter().filter(|row| row["node"] == "pve1" && row["type"] == "lxc" && row["status"] == "running");
    let page = questions::drain_blockers(&pve, "pve1").unwrap();
    says(&page, &format!("{} guests block draining pve1", held.count()));
}

#[test]
fn with_a_storage_go_the_guests_whose_disks_are_on_it() {
    let Some(mut cluster) = seeded() else { return };
    let pve = cluster.as_one("root@pam");
    let (page, asked) = cluster.asked(|| questions::dies_with_storage(&pve, "shared").unwrap());
    let seeds = seeds();
    let guests = seeds["guests"].as_array().unwrap();
    let on_it: Vec<&Value> = guests.iter().filter(|guest| guest["config"].to_string().contains("shared:")).collect();
    let run = on_it.iter().filter(|guest| guest["status"] == "running").count();
    says(&page, &format!("If shared is lost, {} guests lose data; {run} of them run now", on_it.len()));
    assert!(asked.len() <= 3 * 3 + guests.len() + 10, "{asked:?}");
    let page = questions::dies_with_storage(&cluster.as_one("part@pve"), "shared").unwrap();
    says(&page, "If shared is lost, 1 guest loses data, as far as part@pve!look may see; 1 of them runs now");
    let page = questions::dies_with_storage(&Pve::demo().unwrap(), "ceph-vm").unwrap();
    says(&page, "If ceph-vm is lost, 16 guests lose data, as far as could be read; 12 of them run now");
}

#[test]
fn with_a_bridge_go_the_networks_of_the_guests_that_hang_on_it() {
    let pve = Pve::demo().unwrap();
    let page = questions::dies_with_bridge(&pve, "pve1", "vmbr1").unwrap();
    let of_node = pve.node("pve1").unwrap().guests().unwrap().filter(|guest| guest.is_running());
    // The vnets dmz and office are carried by it.
    let hang = of_node.iter().filter(|guest| {
        let config =
            pve.get(&format!("/nodes/pve1/{}/{}/config", if guest.is_vm() { "qemu" } else { "lxc" }, guest.vmid));
        let net = config.unwrap().value()["net0"].as_str().unwrap_or_default().to_owned();
        ["bridge=vmbr1", "bridge=dmz", "bridge=office"].iter().any(|bridge| net.contains(bridge))
    });
    says(&page, &format!("If vmbr1 fails on pve1, {} guests lose their network", hang.count()));
    assert!(questions::dies_with_bridge(&pve, "pve1", "vmbr77").unwrap_err().to_string().contains("vmbr77"));
}
/// A month of a storage that grows by so many GiB to `last`, as the server keeps it.
fn grows(cluster: &mut Seeded, path: &str, by: u64, last: u64, total: u64) {
    cluster.fake.order(&format!(
        "import seed; seed.answer_with(pve, {{'{path}/rrddata': [{{'time': seed.at(1800 * (1439 - n)), 'total': {total} << 30, \
         'used': ({last} << 30) - ({by} << 30) * (1439 - n) // 1440}} for n in range(1440)]}})"
    ));
}

#[test]
fn a_storage_is_full_when_its_pace_has_it_so_and_what_is_promised_is_told() {
    let Some(mut cluster) = seeded() else { return };
    grows(&mut cluster, "/nodes/pve1/storage/shared", 100, 300, 500);
    let pve = cluster.as_one("root@pam");
    let (page, asked) = cluster.asked(|| questions::full_when(&pve).unwrap());
    // 200 GiB are left, at 100 GiB in 30 days.
    says(&page, &format!("First to fill is shared, full in about {} weeks", (60.0_f64 / 7.0).round()));
    let seeds = seeds();
    let guests = seeds["guests"].as_array().unwrap();
    let shared = guests.iter().filter_map(|guest| guest["config"]["scsi0"].as_str()?.strip_prefix("shared:"));
    let promised: u64 =
        shared.filter_map(|disk| disk.split("size=").nth(1)?.strip_suffix('G')?.parse::<u64>().ok()).sum();
    says(&page, "more is promised to guests than there is on shared");
    says(&page, &format!("{promised} GiB, 130% of it"));
    assert!(asked.len() <= 1 + 3 * 3 + 1 + guests.len(), "{asked:?}");
    assert_eq!(page.text().matches("\n shared ").count(), 1, "shared by all, counted once:\n{}", page.text());
}

#[test]
fn what_is_full_comes_first_and_what_is_not_known_is_said() {
    let Some(mut cluster) = seeded() else { return };
    grows(&mut cluster, "/nodes/pve2/storage/local", 10, 50, 50);
    let page = questions::full_when(&cluster.as_one("audit@pve")).unwrap();
    says(&page, "local on pve2 is full;");
    grows(&mut cluster, "/nodes/pve3/storage/local", 10, 50, 50);
    says(&questions::full_when(&cluster.as_one("audit@pve")).unwrap(), "local on pve2, local on pve3 are full;");
    says(&page, "when it is full is not known of local on pve1, local-lvm on pve1, shared");
    let page = questions::full_when(&cluster.as_one("part@pve")).unwrap();
    says(&page, "No storage was seen, as far as part@pve!look may see");
}

#[test]
fn a_third_storage_of_a_node_is_not_asked_and_said_not_to_be_known() {
    let Some(mut cluster) = seeded() else { return };
    cluster.fake.order(
        "pve.storages['spare'] = {'type': 'dir', 'path': '/spare', 'content': 'images', 'active': 1, 'files': set(), 'volumes': {}, 'avail': 2**40}",
    );
    let pve = cluster.as_one("root@pam");
    let (page, asked) = cluster.asked(|| questions::full_when(&pve).unwrap());
    for node in ["pve1", "pve2", "pve3"] {
        let of_node = format!("/nodes/{node}/");
        let own = asked
            .iter()
            .filter(|call| call.contains(&of_node) && call.contains("/storage") && !call.contains("shared"));
        assert_eq!(own.count(), 3, "{asked:?}");
        let left_out = ["local", "local-lvm", "spare"]
            .into_iter()
            .filter(|name| line(&page, &format!("{name} on {node} ")).contains("not looked back on"));
        assert_eq!(left_out.count(), 1, "{}", page.text());
    }
}

#[test]
fn in_the_demo_the_backups_fill_first() {
    let page = questions::full_when(&Pve::demo().unwrap()).unwrap();
    says(&page, "First to fill is nfs-backup, full in about 6 weeks");
    says(&page, "Not read: 1 node (pve4)");
}

#[test]
fn a_disk_is_nobodys_only_where_that_is_known() {
    let Some(mut cluster) = seeded() else { return };
    let pve = cluster.as_one("root@pam");
    let (page, asked) = cluster.asked(|| questions::orphaned_disks(&pve).unwrap());
    // 5 GiB of nobody, 3 GiB that 101 does not name, 20 GiB on pve3 where 105 is not, and what 105 has unattached. What
    // is on pve2 is the copy of a job, and a snapshot keeps memory.
    says(&page, "4 disks seem to be used by nobody, 28 GiB.");
    assert!(line(&page, "vm-999-disk-0").ends_with("5 GiB 999 there is no guest 999 in this cluster"));
    assert!(line(&page, "vm-101-disk-7").contains("3 GiB web-1 not in its settings"));
    assert!(line(&page, "vm-105-disk-0").contains("20 GiB off-1 on pve3, and the guest uses the one on pve1"));
    assert!(line(&page, "vm-105-disk-1").contains("not attached: unused0"));
    assert!(!page.text().contains("-state-") && !page.text().contains("on pve2"), "{}", page.text());
    says(&page, "another cluster may use the same storage");
    let guests = seeds()["guests"].as_array().unwrap().len();
    assert!(asked.len() <= 3 + 3 + 1 + guests, "{asked:?}");
}

#[test]
fn of_guests_that_are_not_seen_no_disk_is_called_an_orphan() {
    let Some(mut cluster) = seeded() else { return };
    let page = questions::orphaned_disks(&cluster.as_one("part@pve")).unwrap();
    says(&page, "No disk was found that nobody uses, as far as part@pve!look may see");
    let page = questions::orphaned_disks(&cluster.as_one("audit@pve")).unwrap();
    says(&page, "as far as audit@pve!look may see");
    says(&page, "VM.Config.Disk");
    // With its node away, the settings of 105 are not known, and neither is whether its copies are in use.
    cluster.fake.order("pve.vm(105).node = 'pve3'; pve.nodes['pve3']['online'] = False");
    let page = questions::orphaned_disks(&cluster.as_one("root@pam")).unwrap();
    assert!(!page.text().contains("vm-105-disk"), "{}", page.text());
    says(&page, "more it is not known whose they are");
}

#[test]
fn in_the_demo_nobody_left_a_disk_behind_as_far_as_its_nodes_are_there() {
    let page = questions::orphaned_disks(&Pve::demo().unwrap()).unwrap();
    says(&page, "No disk was found that nobody uses, as far as could be read.");
    says(&page, "Not read: local-zfs on pve4, which is offline.");
}
/// What a node answers of its software: its kernel that runs, those installed, and the version of a package.
fn runs(cluster: &mut Seeded, node: &str, running: &str, installed: &str, server: &str) {
    let package = |name: &str, version: &str| {
        format!(
            "{{'Package': '{name}', 'OldVersion': '{version}', 'Version': '{version}', 'CurrentState': 'Installed'}}"
        )
    };
    let ve = format!("{{**{}, 'RunningKernel': '{running}'}}", package("proxmox-ve", "9.1.0"));
    let kernel = package(&format!("proxmox-kernel-{installed}-signed"), installed);
    let all = [ve, package("pve-manager", "9.1.4"), kernel, package("qemu-server", server)].join(", ");
    cluster.fake.order(&format!("import seed; seed.answer_with(pve, {{'/nodes/{node}/apt/versions': [{all}]}})"));
}

/// Three nodes that are alike: software, clocks, and certificates that hold for a year.
fn alike(cluster: &mut Seeded) {
    for node in ["pve1", "pve2", "pve3"] {
        runs(cluster, node, "6.17.4-1-pve", "6.17.4-1-pve", "9.1.2");
        clock(cluster, node, 0);
        certificate(cluster, node, 365);
    }
}

fn clock(cluster: &mut Seeded, node: &str, ahead: i64) {
    cluster.fake.order(&format!(
        "import seed, time; now = int(time.time()) + {ahead}; \
         seed.answer_with(pve, {{'/nodes/{node}/time': {{'time': now, 'localtime': now, 'timezone': 'UTC'}}}})"
    ));
}

fn certificate(cluster: &mut Seeded, node: &str, days: i64) {
    cluster.fake.order(&format!(
        "import seed; seed.answer_with(pve, {{'/nodes/{node}/certificates/info': \
         [{{'filename': 'pveproxy-ssl.pem', 'notafter': seed.at(-86400 * {days} - 60)}}]}})"
    ));
}

#[test]
fn nodes_that_are_alike_are_said_to_be_and_it_costs_three_requests_a_node() {
    let Some(mut cluster) = seeded() else { return };
    alike(&mut cluster);
    let pve = cluster.as_one("audit@pve");
    let (page, asked) = cluster.asked(|| questions::drift(&pve).unwrap());
    says(
        &page,
        "The 3 nodes that were read are alike; none is known to wait for anything; no setting of a guest waits",
    );
    let running = seeds()["guests"].as_array().unwrap().iter().filter(|guest| guest["status"] == "running").count();
    assert!(asked.len() <= 1 + 3 * 3 + running, "{asked:?}");
}

#[test]
fn what_differs_and_what_a_node_waits_for_is_named() {
    let Some(mut cluster) = seeded() else { return };
    alike(&mut cluster);
    runs(&mut cluster, "pve2", "6.14.8-2-pve", "6.17.4-1-pve", "9.1.2");
    runs(&mut cluster, "pve3", "6.17.4-1-pve", "6.17.4-1-pve", "9.0.1");
    clock(&mut cluster, "pve3", 120);
    certificate(&mut cluster, "pve1", 12);
    let page = questions::drift(&cluster.as_one("root@pam")).unwrap();
    says(&page, "The nodes differ in kernel, packages (1), time, by 2 min");
    says(&page, "2 of 3 wait for something: pve1, pve2; no setting");
    assert!(line(&page, " pve2 ").contains("6.14.8-2-pve none a reboot into 6.17.4-1-pve"), "{}", page.text());
    assert!(line(&page, " pve1 ").contains("a new certificate pveproxy-ssl.pem, 12 days left"), "{}", page.text());
    says(&page, "qemu-server 9.0.1 on pve3; 9.1.2 on pve1, pve2");
}

#[test]
fn nodes_that_were_not_read_are_not_called_alike() {
    let Some(mut cluster) = seeded() else { return };
    alike(&mut cluster);
    let page = questions::drift(&cluster.as_one("part@pve")).unwrap();
    says(&page, "No node was read, and nothing compared, as far as part@pve!look may see");
    cluster.fake.order("pve.nodes['pve3']['online'] = False");
    let page = questions::drift(&cluster.as_one("root@pam")).unwrap();
    says(&page, "The 2 nodes that were read are alike, as far as could be read");
    assert!(line(&page, " pve3  ").contains("not read"));
    let page = questions::drift(&Pve::demo().unwrap()).unwrap();
    says(&page, "The 3 nodes that were read are alike, as far as could be read; 3 of 4 wait for something");
}

#[test]
fn what_became_full_a_moment_ago_is_full_whatever_was_recorded() {
    let pve = Pve::demo().unwrap();
    pve.practice(Fault::StorageFull("nfs-backup".into())).unwrap();
    says(&questions::full_when(&pve).unwrap(), "nfs-backup is full,");
    says(&questions::management(&pve).unwrap(), "The shared storage nfs-backup is full");
}
