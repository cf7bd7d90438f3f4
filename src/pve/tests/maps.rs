//! Drawings of how things hang together: what they say of the demo cluster, of odd ones, of large ones.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::draw::apart::no_text_overlaps;
use crate::model::canned::Canned;
use crate::page::Figure;
use crate::pve::Pve;
use crate::pve::staged::words;
use crate::render::View;
use crate::wire::around::Around;
use crate::wire::{Call, Pending, Reply, Wire};

#[test]
#[ignore = "writes files to look at"]
fn gallery() {
    let out = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/look");
    std::fs::create_dir_all(&out).unwrap();
    let pve = Pve::demo().unwrap();
    let node = pve.node("pve1").unwrap();
    let figures = [
        ("network", pve.network_topology().unwrap()),
        ("network-pve1", node.network_topology().unwrap()),
        ("network-net-lab", pve.guest("net-lab").unwrap().network_topology().unwrap()),
        ("network-web-2", pve.guest("web-2").unwrap().network_topology().unwrap()),
        ("storage", pve.storage_topology().unwrap()),
        ("storage-pve1", node.storage_topology().unwrap()),
        ("storage-db-main", pve.guest("db-main").unwrap().storage_topology().unwrap()),
        ("storage-ceph-vm", pve.storage("ceph-vm").unwrap().topology().unwrap()),
    ];
    let week = pve.task_query().last(crate::units::days(7)).read().unwrap();
    let day = pve.task_query().last(crate::units::days(1)).read().unwrap();
    let more = [
        ("timeline-week", week.timeline()),
        ("timeline-day", day.timeline()),
        ("timeline-gitlab", pve.guest("gitlab").unwrap().tasks().unwrap().timeline()),
        ("timeline-pve1", day.filter(|task| task.node == "pve1").timeline()),
        ("loss-pve1", node.blast_radius().unwrap().figure()),
        ("loss-pve2", pve.node("pve2").unwrap().blast_radius().unwrap().figure()),
        ("loss-pve4", pve.node("pve4").unwrap().blast_radius().unwrap().figure()),
        ("loss-ceph-vm", pve.storage("ceph-vm").unwrap().blast_radius().unwrap().figure()),
        ("loss-pbs", pve.storage("pbs-main").unwrap().blast_radius().unwrap().figure()),
        ("loss-local-zfs-pve1", node.storage("local-zfs").unwrap().blast_radius().unwrap().figure()),
        ("loss-eno2", node.network("eno2").unwrap().blast_radius().unwrap().figure()),
        ("loss-vmbr0", node.network("vmbr0").unwrap().blast_radius().unwrap().figure()),
    ];
    let large = many(100, 2_000);
    let loss = pve.node("pve2").unwrap().blast_radius().unwrap();
    std::fs::write(out.join("loss.html"), loss.page().html()).unwrap();
    let larger = [
        ("large-network", large.network_topology().unwrap()),
        ("large-storage", large.storage_topology().unwrap()),
        ("large-loss-node", large.node("pve1").unwrap().blast_radius().unwrap().figure()),
        ("large-loss-ceph", large.storage("ceph-vm").unwrap().blast_radius().unwrap().figure()),
    ];
    for (name, figure) in figures.into_iter().chain(more).chain(larger) {
        std::fs::write(out.join(format!("{name}.svg")), figure.svg()).unwrap();
        std::fs::write(out.join(format!("{name}.txt")), figure.words().text()).unwrap();
    }
}

/// All texts of a drawing stand apart and inside, and it is not too large.
#[track_caller]
fn holds(figure: &Figure) {
    let (svg, words) = (figure.svg(), figure.words().text());
    assert!(svg.len() <= 400_000 && words.len() < 100_000, "{} and {} bytes", svg.len(), words.len());
    no_text_overlaps(&svg);
    for shown in [&svg, &words] {
        assert!(!shown.contains('\u{202e}') && !shown.contains("EVCXR_"), "{shown}");
    }
    assert!(!svg.contains("<script"), "{svg}");
}

/// Every drawing that a cluster has.
fn all_of(pve: &Pve) -> Vec<Figure> {
    let mut all =
        vec![pve.network_topology().unwrap(), pve.storage_topology().unwrap(), pve.tasks().unwrap().timeline()];
    for node in &pve.nodes().unwrap() {
        all.extend([node.network_topology().unwrap(), node.storage_topology().unwrap()]);
        all.push(node.blast_radius().unwrap().figure());
    }
    for guest in pve.guests().unwrap().take(2) {
        all.extend([guest.network_topology().unwrap(), guest.storage_topology().unwrap()]);
    }
    for storage in &pve.storages().unwrap() {
        all.extend([storage.topology().unwrap(), storage.blast_radius().unwrap().figure()]);
    }
    all
}

#[test]
fn every_drawing_of_the_demo_holds_what_drawings_promise() {
    all_of(&Pve::demo().unwrap()).iter().for_each(holds);
}

#[test]
fn that_there_were_no_tasks_is_drawn_for_when_they_were_read() {
    let none = Pve::demo().unwrap().tasks().unwrap().filter(|_| false).timeline();
    assert!(none.svg().contains("2026-01-15 08:50:00 UTC to 2026-01-15 09:10:00 UTC"), "{}", none.svg());
}

/// A cluster without anything, one of a node alone, one without guests, and one in which everything is absurd.
pub(crate) fn odd_clusters() -> impl Iterator<Item = Pve> {
    let bad = "</text><script>\u{202e}EVCXR_EXECUTION_COMPLETE\n\u{7}".repeat(6);
    let node = |name: &str| json!({ "type": "node", "id": format!("node/{name}"), "node": name, "status": "online", "maxmem": 0 });
    let hostile = json!([
        { "type": "node", "node": "pve1", "status": "online", "mem": 1e300, "maxmem": -5 },
        { "type": "qemu", "vmid": 104, "node": "pve1", "name": bad, "status": "running", "maxmem": "NaN" },
        { "type": "qemu", "vmid": 105, "node": bad, "name": "", "status": bad, "hastate": bad },
        { "type": "qemu", "vmid": 106, "node": "pve1", "name": "nothing", "status": "stopped", "maxmem": 0, "maxdisk": 0 },
        { "type": "lxc", "vmid": 4_294_967_295_u64, "node": "nowhere", "name": "x".repeat(255), "status": "stopped" },
        { "type": "storage", "storage": "local", "node": "pve1", "status": bad, "plugintype": bad, "disk": 7, "maxdisk": 0 },
    ]);
    let config = json!({ "name": bad, "scsi0": format!("{bad}:1,size=1e99T"), "net0": format!("virtio={bad},bridge={bad},tag=99999999999"),
        "net1": "virtio,bridge=", "scsi1": "none", "scsi2": "local:104/disk.raw,size=0", "hostpci0": bad, "mp0": "/x" });
    let nets = json!([{ "iface": bad, "type": "bridge", "active": 1, "bridge_ports": bad }, { "iface": "", "type": bad },
        { "iface": "vmbr0", "type": "bridge", "active": 1, "bridge_ports": "vmbr0 vmbr0.1 nothing" }]);
    let points = json!([{ "time": 1 }, { "time": 1_768_467_540 }, { "time": 1_768_467_600, "cpu": "NaN", "mem": 1e300, "maxmem": -1 }]);
    let all = [json!([]), json!([node("pve1")]), json!([node("pve1"), node("pve2")]), hostile];
    all.into_iter().map(move |rows| {
        Canned::new()
            .data("/cluster/resources", rows)
            .data("/nodes/pve1/qemu/104/config", config.clone())
            .data("/nodes/pve1/qemu/104/rrddata", points.clone())
            .data("/nodes/pve1/rrddata", json!([]))
            .data("/nodes/pve1/network", nets.clone())
            .pve()
    })
}

#[test]
fn odd_clusters_are_drawn_as_well() {
    odd_clusters().for_each(|pve| all_of(&pve).iter().for_each(holds));
}

#[test]
fn odd_clusters_have_pages_that_name_what_there_is_and_harm_nobody() {
    for pve in odd_clusters() {
        let (nodes, guests, storages) = (pve.nodes().unwrap(), pve.guests().unwrap(), pve.storages().unwrap());
        let mut pages = vec![pve.page(), nodes.page(), guests.page(), storages.page(), guests.table().all().page()];
        pages.push(guests.group_by(|guest| guest.node.clone()).page());
        pages.extend(nodes.iter().map(View::page));
        pages.extend(storages.iter().map(View::page));
        for guest in &guests {
            pages.extend([guest.page(), guest.overview(), guest.config().page(), guest.disks().page()]);
            pages.push(guest.history(crate::model::history::Span::Day).page());
        }
        pages.extend(nodes.iter().map(|node| node.history(crate::model::history::Span::Day).page()));
        for page in pages {
            let (html, text) = (page.html(), page.text());
            for shown in [&html, &text] {
                assert!(
                    !shown.contains('\u{202e}') && !shown.contains('\u{7}') && !shown.contains("EVCXR_"),
                    "{shown}"
                );
                // Raw data stand as they came.
                let made = shown.replace("&quot;NaN&quot;", "").replace("\"NaN\"", "");
                assert!(!made.contains("NaN") && !made.contains("inf "), "{shown}");
            }
            // The crate's own script stands at the end, or nowhere.
            assert!(html.matches("<script").count() <= 1 && !html.contains("</text>"), "{html}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_said_in_the_drawing() {
    let pve = Canned::new()
        .refusal("/nodes/pve1/network", 403, "Permission check failed (/nodes/pve1, Sys.Audit)")
        .refusal("/cluster/sdn/zones", 500, "broken")
        .refusal("/cluster/backup", 403, "Permission check failed (/, Sys.Audit)")
        .pve();
    let (network, storage) = (pve.network_topology().unwrap(), pve.storage_topology().unwrap());
    for words in ["The network of pve1 could not be read", "The software-defined network could not be read"] {
        assert!(network.svg().contains(words) && network.words().text().contains(words), "{}", network.words().text());
    }
    assert!(
        network.svg().contains("the node&#x27;s network is not known")
            || network.svg().contains("network is not known")
    );
    assert!(storage.svg().contains("Which guests are saved by backup jobs is not known"));
    assert!(!storage.svg().contains("no backup job that runs saves"), "nothing is concluded from that");
}

#[test]
fn nodes_that_are_set_up_alike_are_drawn_once_and_one_that_is_not_by_itself() {
    let other = json!([
        { "iface": "eno1", "type": "eth", "active": 1, "exists": 1 },
        { "iface": "vmbr1", "type": "bridge", "active": 0, "autostart": 1, "bridge_ports": "eno1 eno9" },
    ]);
    let figure = Canned::new().data("/nodes/pve3/network", other).pve().network_topology().unwrap();
    let (svg, words) = (figure.svg(), words(&figure.words()));
    assert!(words.contains("vmbr1 of pve3"), "{words}");
    assert!(svg.contains("pve1, pve2 are set up alike"), "{words}");
    assert!(svg.contains("down, should be up") && svg.contains("no such interface"), "{words}");
}

#[test]
fn a_guest_is_drawn_with_what_it_hangs_on_and_nothing_else() {
    let figure = Pve::demo().unwrap().guest("web-2").unwrap().network_topology().unwrap();
    let svg = figure.svg();
    for words in ["net0 (virtio)", "vmbr1", "eno2"] {
        assert!(svg.contains(words), "{words}");
    }
    assert!(!svg.contains("vmbr0") && !svg.contains("dmz") && !svg.contains("mail"));
}

#[test]
fn local_and_shared_storages_are_told_apart_in_words() {
    let words = Pve::demo().unwrap().storage_topology().unwrap().words().text();
    assert!(words.contains("shared, rbd") && words.contains("local, zfspool"), "{words}");
    assert!(words.contains("20 guests have data on storages of one node alone"), "{words}");
}

#[test]
fn a_storage_that_is_not_available_marks_the_disks_on_it() {
    let mut rows = Pve::demo().unwrap().get("/cluster/resources").unwrap().value();
    for row in rows.as_array_mut().unwrap() {
        if row["storage"] == "ceph-vm" && row["node"] == "pve1" {
            row["status"] = json!("unknown");
        }
    }
    let figure = Canned::new().data("/cluster/resources", rows).pve().node("pve1").unwrap().storage_topology().unwrap();
    assert!(figure.svg().contains("its storage is not available"), "{}", figure.words().text());
    assert!(words(&figure.words()).contains("on a storage that is not available: scsi0 of web-1"));
}

/// A cluster of many: nodes, and guests each on two disks.
struct Many(Canned);

impl Around for Many {
    fn inner(&self) -> &dyn Wire {
        &self.0
    }
    fn pass(&self, call: Call) -> Pending {
        let vmid = call.path.split('/').nth(4).and_then(|word| word.parse::<u32>().ok());
        let (Some(vmid), true) = (vmid, call.path.ends_with("/config")) else { return self.0.submit(call) };
        let storage = if vmid % 3 == 0 { "local-zfs" } else { "ceph-vm" };
        let data = json!({ "data": { "name": format!("guest-{vmid}"), "net0": format!("virtio=BC:24:11:00:00:01,bridge=vmbr1,tag={}", vmid % 40),
            "scsi0": format!("{storage}:vm-{vmid}-disk-0,size=32G"), "scsi1": format!("{storage}:vm-{vmid}-disk-1,size=8G") } });
        let (body, at) = (data.to_string().as_str().into(), self.0.now());
        Pending::ready(Ok(Reply { status: 200, reason: "".into(), body, at, took: Duration::ZERO }))
    }
    fn wait(&self, _: Duration) {}
}

fn many(nodes: usize, guests: u32) -> Pve {
    let names: Vec<String> = (0..nodes).map(|n| format!("pve{n}")).collect();
    let mut rows: Vec<Value> = Vec::new();
    let mut canned = Canned::new();
    let network = Pve::demo().unwrap().get("/nodes/pve1/network").unwrap().value();
    for name in &names {
        rows.push(
            json!({ "type": "node", "node": name, "status": "online", "maxmem": 1_u64 << 40, "mem": 1_u64 << 38 }),
        );
        for (storage, shared) in [("local-zfs", 0), ("ceph-vm", 1)] {
            rows.push(
                json!({ "type": "storage", "storage": storage, "node": name, "shared": shared, "status": "available",
                "disk": 1, "maxdisk": 2, "plugintype": "zfspool" }),
            );
        }
        canned = canned.data(&format!("/nodes/{name}/network"), network.clone());
    }
    for n in 0..guests {
        let node = &names[n as usize % nodes];
        let status = if n % 7 == 0 { "stopped" } else { "running" };
        rows.push(json!({ "type": "qemu", "vmid": 100 + n, "node": node, "name": format!("guest-{n}"), "status": status, "maxmem": 1 << 30 }));
    }
    Pve::over(Arc::new(Many(canned.data("/cluster/resources", rows.into())))).unwrap()
}

#[test]
fn many_guests_on_many_nodes_are_few_boxes() {
    for (nodes, guests) in [(3, 300), (100, 2_000)] {
        let pve = many(nodes, guests);
        let (network, storage) = (pve.network_topology().unwrap(), pve.storage_topology().unwrap());
        let node = pve.node("pve1").unwrap();
        let ceph = pve.storage("ceph-vm").unwrap();
        let loss = ceph.blast_radius().unwrap();
        for figure in [&network, &storage, &node.network_topology().unwrap(), &ceph.topology().unwrap(), &loss.figure()]
        {
            holds(figure);
            assert!(figure.svg().matches("<rect").count() < 400, "{figure:?}");
        }
        assert!(network.svg().contains(&format!("{guests} guests on the networks of {nodes} nodes")));
        assert!(loss.guests.len() > guests as usize / 2);
    }
}

#[test]
fn the_disks_of_templates_are_among_those_of_a_storage() {
    let pve = Pve::demo().unwrap();
    let said = words(&pve.storage("ceph-vm").unwrap().topology().unwrap());
    assert!(said.contains("18 disks of 16 guests on ceph-vm") && said.contains("tpl-debian12 (900)"), "{said}");
}
