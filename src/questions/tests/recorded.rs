//! A recording shows what the cluster showed: every view, every question and the checks of plans, of the demo and of
//! somebody who may see little of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::asked;
use crate::error::Error;
use crate::model::canned::Canned;
use crate::model::history::Span;
use crate::own_file::testing::Folder;
use crate::page::Page;
use crate::plan::Plan;
use crate::pve::Pve;
use crate::render::View;
use crate::units::{Moment, days, hours};
use crate::wire::around::Around;
use crate::wire::{Call, Far, Pending, Reply, Wire};

/// A cluster that can be stopped: from then on it answers what was asked before as it did then, at that time, and is
/// called a recording, so that its pages say the same of where they come from.
struct Stopped {
    canned: Canned,
    said: Mutex<HashMap<Call, Reply>>,
    at: Mutex<Option<Moment>>,
}

impl Around for Stopped {
    fn inner(&self) -> &dyn Wire {
        &self.canned
    }
    fn pass(&self, call: Call) -> Pending {
        let known = self.said.lock().unwrap().get(&call).cloned();
        if let (Some(known), Some(_)) = (known, *self.at.lock().unwrap()) {
            return Pending::ready(Ok(known));
        }
        let reply = self.canned.submit(call.clone()).wait().unwrap();
        self.said.lock().unwrap().insert(call, reply.clone());
        Pending::ready(Ok(reply))
    }
    fn far_end(&self) -> Far {
        self.at.lock().unwrap().map_or(self.canned.far(), Far::Recording)
    }
    fn clock(&self) -> Moment {
        self.at.lock().unwrap().unwrap_or_else(|| self.canned.now())
    }
}

/// A cluster as it was when it was recorded, and its recording.
fn both(canned: Canned) -> (Pve, Pve, Folder) {
    let wire = Arc::new(Stopped { canned, said: Mutex::default(), at: Mutex::default() });
    let (pve, folder) = (Pve::over(wire.clone()).unwrap(), Folder::new());
    let path = folder.path("demo.pve.json");
    let recorded = pve.record_to(&path).unwrap();
    *wire.at.lock().unwrap() = Some(recorded.at);
    (pve, Pve::open_recording(&path).unwrap(), folder)
}

/// What was shown, by what it is called.
struct Shown(Vec<(String, Page)>);

impl Shown {
    fn add(&mut self, name: impl Into<String>, shown: &dyn View) {
        self.0.push((name.into(), shown.page()));
    }

    fn plan(&mut self, name: impl Into<String>, plan: &Plan) {
        self.0.push((name.into(), plan.page()));
    }
}

/// Adds each of these by the words of its code.
macro_rules! show {
    ($shown:ident, $of:expr, $object:ident: $($code:tt)+) => {
        show!(@ $shown, $of, $object; $($code)+)
    };
    (@ $shown:ident, $of:expr, $object:ident; $($method:ident($($with:expr),*)),+ $(,)?) => {
        $($shown.add(format!("{}.{}", $of, stringify!($method($($with),*))), &$object.$method($($with),*));)+
    };
}

const SPANS: [Span; 3] = [Span::Hour, Span::Day, Span::Week];

/// Off, running, paused, locked, without an agent, on a node that is away, containers, a template.
const GUESTS: [u32; 11] = [101, 103, 104, 116, 117, 124, 130, 201, 204, 240, 900];

fn of_the_cluster(shown: &mut Shown, pve: &Pve) {
    shown.add("pve", pve);
    show!(shown, "pve", pve: nodes(), guests(), storages(), pools(), tasks(), backups(), volumes(), topology(),
        network_topology(), storage_topology(), api(), status(), version(), resources(), cluster_nodes(), options(), log(),
        log_since(pve.ago(hours(5))), ha_status(), ha_nodes(), ha_resources(), ha_rules(), ha_groups(), backup_jobs(),
        not_backed_up(), replication_jobs(), mappings(), metrics_servers(), notification_targets(),
        notification_endpoints(), notification_matchers(), realm_sync_jobs(), users(), tokens(), second_factors(),
        groups(), roles(), acl(), realms(), permissions(), permissions_of("dora@pve"), sdn_zones(), vnets(),
        sdn_controllers(), sdn_fabrics(), sdn_ipams(), sdn_dns(), ceph(), firewall(), firewall_rules(), security_groups(),
        ip_sets(), aliases(), tasks_since(pve.ago(days(3))));
    let guests = pve.guests().unwrap();
    show!(shown, "guests", guests: configs(), histories(Span::Week));
    let query = || pve.task_query();
    for (name, tasks) in [
        ("a week", query().last(days(7)).read()),
        ("failed", query().failed().read()),
        ("with warnings", query().with_warnings().last(days(20)).read()),
        ("backups before", query().of_kind("vzdump").until(pve.ago(days(2))).read()),
        ("by somebody", query().by("alice").read()),
        ("running", query().running().read()),
        ("three", query().at_most(3).read()),
    ] {
        shown.add(format!("tasks: {name}"), &tasks);
    }
    for job in pve.backup_jobs().iter().flatten() {
        show!(shown, job.id, job: included_volumes());
    }
    for task in pve.tasks().unwrap() {
        shown.add(task.upid.raw(), &pve.task(task.upid.raw()));
        shown.add("its log", &task.log().map(|lines| Page::new("Log").lines(lines)));
        shown.add("its end", &task.log_tail(2).map(|lines| Page::new("Log").lines(lines)));
    }
    for pool in pve.pools().unwrap() {
        shown.add(pool.name.raw(), &pool);
        show!(shown, pool.name, pool: guests(), all_guests(), storages(), permissions());
    }
}

fn of_nodes_and_storages(shown: &mut Shown, pve: &Pve) {
    for node in pve.nodes().unwrap() {
        shown.add(node.name.raw(), &node);
        show!(shown, node.name, node: guests(), storages(), tasks(), status(), services(), versions(), updates(),
            repositories(), disks(), volume_groups(), thin_pools(), zpools(), networks(), dns(), time(), hosts(),
            certificates(), subscription(), pci_devices(), usb_devices(), cpu_models(), cpu_flags(), machine_types(),
            directories(), netstat(), settings(), replication(), permissions(), sdn_zones(), network_topology(),
            storage_topology(), blast_radius(), firewall_rules(), firewall(), ceph(), tasks_since(pve.ago(days(9))));
        for span in SPANS {
            shown.add(format!("{} {span:?}", node.name), &node.history(span));
        }
        for iface in node.networks().iter().flatten() {
            show!(shown, iface.iface, iface: blast_radius());
            shown.add(iface.iface.raw(), &node.network(iface.iface.raw()));
        }
        for storage in node.storages().iter().flatten() {
            show!(shown, storage.storage, storage: content(), backups(), current(), blast_radius(), history(Span::Week));
        }
    }
    for storage in pve.storages().unwrap() {
        shown.add(storage.name.raw(), &storage);
        show!(shown, storage.name, storage: content(), backups(), used_by(), backup_jobs(), permissions(), topology(),
            blast_radius(), history(Span::Month));
    }
}

fn of_guests(shown: &mut Shown, pve: &Pve) {
    for vmid in GUESTS {
        let Ok(guest) = pve.guest(vmid) else {
            shown.add(vmid.to_string(), &pve.guest(vmid));
            continue;
        };
        shown.add(guest.vmid.to_string(), &guest);
        show!(shown, guest.vmid, guest: config(), disks(), nets(), details(), snapshots(), snapshot_tree(), tasks(),
            backup_jobs(), backups(), permissions(), addresses(), agent(), cloud_init(), feature("snapshot"),
            migration_preflight(), network_topology(), storage_topology(),
            firewall_rules(), firewall_options(), config_by_pending());
        let firewall = guest.firewall();
        show!(shown, guest.vmid, firewall: options(), ip_sets(), aliases(), refs());
        for span in SPANS {
            shown.add(format!("{} {span:?}", guest.vmid), &guest.history(span));
        }
        let before = guest.history(Span::Day).and_then(|day| day.against_before());
        shown.add(format!("{} against the day before", guest.vmid), &before);
        for snapshot in guest.snapshots().iter().flatten() {
            shown.add(snapshot.name.raw(), &guest.config_of_snapshot(snapshot.name.raw()));
        }
        let plans = [
            ("start", guest.start()),
            ("shutdown", guest.shutdown()),
            ("stop", guest.stop()),
            ("snapshot", guest.snapshot("before-patch")),
            ("migrate", guest.migrate("pve2")),
            ("backup", guest.backup("pbs-main")),
            ("set", guest.set("cores", 4)),
            ("resize", guest.resize("scsi0", "+10G")),
            ("move", guest.move_disk("scsi0", "ceph-vm")),
            ("ha", guest.ha_add()),
        ];
        for (name, plan) in &plans {
            shown.plan(format!("{} {name}", guest.vmid), plan);
        }
    }
    for node in ["pve1", "pve2", "pve3"] {
        shown.plan(format!("evacuate {node}"), &pve.node(node).unwrap().evacuate());
    }
}

#[track_caller]
fn shows_the_same(canned: Canned, of: fn(&mut Shown, &Pve)) {
    let (pve, recording, _folder) = both(canned);
    let shown = |pve: &Pve| {
        let mut shown = Shown(Vec::new());
        of(&mut shown, pve);
        shown.0
    };
    let (live, kept) = (shown(&pve), shown(&recording));
    assert!(live.len() > 20 && live.len() == kept.len(), "{} and {}", live.len(), kept.len());
    let mut wrong = Vec::new();
    for ((name, live), (_, kept)) in live.into_iter().zip(kept) {
        let from = kept.provenance.as_ref().map(ToString::to_string);
        if from.is_some_and(|from| !from.contains(" · recorded 20")) {
            wrong.push(format!("{name} does not say that it was recorded"));
        }
        // Whether one may act is another thing of a recording.
        let same = |words: String| {
            let words = words.replace("the demo cluster is nobody&#39;s production", "(armed)");
            let words = words.replace("the demo cluster is nobody's production", "(armed)");
            words.replace("a recording, to which nothing can be done", "(armed)")
        };
        let (text, again) = (same(live.text()), same(kept.text()));
        if text != again {
            let differs = text.lines().zip(again.lines()).find(|(one, other)| one != other);
            wrong.push(format!("{name}: {differs:?}"));
        } else if same(live.html()) != same(kept.html()) {
            wrong.push(format!("{name}: the same words, other HTML"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn of_questions(shown: &mut Shown, pve: &Pve) {
    for (name, page) in asked(pve) {
        shown.add(name, &page);
    }
}

#[test]
fn a_recording_shows_the_cluster_as_it_was() {
    shows_the_same(Canned::to("root@pam"), of_the_cluster);
}

#[test]
fn a_recording_shows_nodes_and_storages_as_they_were() {
    shows_the_same(Canned::to("root@pam"), of_nodes_and_storages);
}

#[test]
fn a_recording_shows_guests_and_the_plans_for_them_as_they_were() {
    shows_the_same(Canned::to("root@pam"), of_guests);
}

#[test]
fn a_recording_answers_every_question_as_the_cluster_did() {
    shows_the_same(Canned::to("root@pam"), of_questions);
}

#[test]
fn what_somebody_could_not_see_cannot_be_seen_in_the_recording_either() {
    let auditor: [(&str, &[&str]); 3] =
        [("/vms", &["VM.Audit"]), ("/storage", &["Datastore.Audit"]), ("/nodes", &["Sys.Audit"])];
    let limited = Canned::to("audit@pve").privileges(&auditor);
    let refused = ["/access/acl", "/cluster/backup", "/nodes/pve1/apt/update", "/nodes/pve2/storage/local/content"];
    let limited = refused.iter().fold(limited, |canned, path| canned.refusal(path, 403, "Permission check failed"));
    shows_the_same(limited, |shown, pve| {
        of_questions(shown, pve);
        shown.add("pve", pve);
        for node in pve.nodes().unwrap() {
            shown.add(node.name.raw(), &node);
            show!(shown, node.name, node: updates(), tasks(), storages());
        }
        for storage in pve.storages().unwrap() {
            show!(shown, storage.name, storage: content(), backups());
        }
        for guest in pve.guests().unwrap().take(8) {
            shown.add(guest.vmid.to_string(), &guest);
        }
    });
}

#[test]
fn the_same_state_gives_the_same_bytes() {
    let folder = Folder::new();
    let bytes = |name: &str| {
        Pve::demo().unwrap().record_to(folder.path(name)).unwrap();
        std::fs::read(folder.path(name)).unwrap()
    };
    assert!(bytes("one") == bytes("other"));
}

#[test]
fn what_was_not_recorded_is_said_to_be_that_and_nothing_else() {
    let (_, recording, _folder) = both(Canned::to("root@pam"));
    let error = recording.get("/nodes/pve1/syslog").unwrap_err();
    assert!(matches!(error, Error::NotRecorded { .. }));
    let words = error.to_string();
    assert!(words.starts_with("Not recorded: GET /nodes/pve1/syslog. The recording of "), "{words}");
    assert!(words.ends_with("holds no answer to it. To see it, ask the cluster itself: let pve = Pve::from_env()?;"));
}
