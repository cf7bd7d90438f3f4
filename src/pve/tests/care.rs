//! What is taken away, what comes in an order, what has several targets, and what is said when nobody can know: cases in
//! which acting used to say or do more than it should.

use serde_json::Value;

use super::*;
use crate::model::canned::Canned;
use crate::plan::{Plan, VmSpec};
use crate::pve::staged::words;
use crate::units::{Bytes, seconds};

/// What an address answers, past all objects.
fn read(pve: &Pve, path: &str) -> Value {
    pve.get(path).unwrap().value()
}

/// The plan with the code that it asks for.
pub(super) fn meant(plan: &Plan) -> Plan {
    let text = plan.page().text();
    let code = text.split(".confirm(\"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned);
    code.map_or_else(|| plan.clone(), |code| plan.confirm(&code))
}

/// The verdict on this check, and why.
#[track_caller]
pub(super) fn failed(plan: &Plan, name: &str, words: &str) {
    let checks = plan.checks();
    let said: Vec<String> =
        checks.iter().map(|check| format!("{}: {:?}: {}", check.name, check.verdict, check.reason)).collect();
    let found = checks.iter().any(|check| {
        check.name == name && check.verdict == crate::plan::Verdict::Failed && check.reason.raw().contains(words)
    });
    assert!(found, "{name} does not refuse with {words:?}:\n{}", said.join("\n"));
    refused(plan.run(), "The check \"");
}

#[test]
fn what_cannot_be_written_down_is_not_sent_whatever_is_overridden() {
    let wire = Arc::new(Canned::to("root@pam").refusal("/cluster/nextid", 500, "cluster not ready - no quorum?"));
    let pve = Pve::over(wire.clone()).unwrap();
    let spec = VmSpec::new("web-9").on_node("pve1").disk("ceph-vm", Bytes::gib(8));
    let backup = pve.guest("db-main").unwrap().backups().unwrap().first().unwrap();
    for plan in [
        pve.create(&spec),
        backup.restore_beside("ceph-vm"),
        pve.guest("web-1").unwrap().copy(&crate::plan::CloneSpec::full("x")),
    ] {
        let versions = wire.asked("/version").len();
        refused(plan.run(), "It cannot be written down");
        pve.clear_halt("meant to show that").unwrap();
        for name in ["readable", "number"] {
            assert!(plan.override_check(name, "go on").run().is_err());
            pve.clear_halt("meant to show that").unwrap();
        }
        assert_eq!(wire.asked("/version").len(), versions);
    }
    assert!(["POST", "PUT", "DELETE"].iter().all(|method| wire.asked(method).is_empty()));
}

#[test]
fn what_holds_no_action_is_not_done() {
    let rows = r#"[{"type":"node","node":"pve1","id":"node/pve1","status":"online"},
        {"type":"node","node":"pve2","id":"node/pve2","status":"online"}]"#;
    let pve = crate::pve::staged::staged(&[("/cluster/resources", rows)]);
    let plan = pve.node("pve2").unwrap().evacuate();
    refused(plan.run(), "is empty already. Nothing is left to do");
    pve.clear_halt("seen").unwrap();
    refused(plan.override_check("guests", "go on").run(), "There is no action in it");
}

#[test]
fn what_depends_on_what_comes_before_it_keeps_its_order_and_stops_at_the_first_failure() {
    let wire = Faulty::over(Far::Demo);
    let pve = Pve::over(wire.clone()).unwrap();
    let backup = pve.guest("db-main").unwrap().backups().unwrap().first().unwrap();
    let restore = backup.restore_beside("ceph-vm");
    for plan in [restore.stop_after(2), restore.at_once(2)] {
        refused(plan.run(), "each of these depends on the one before it");
        pve.clear_halt("seen").unwrap();
    }
    assert_eq!(wire.posts(), 0);
    wire.twin
        .practice(&crate::wire::practice::Fault::TaskFails("qmrestore".into(), "no space left on device".into()))
        .unwrap();
    refused(restore.run(), "no space left");
    assert_eq!(wire.posts(), 1, "what unplugs it is not sent");
    pve.clear_halt("seen").unwrap();
    let done = backup.restore_beside("ceph-vm").run().unwrap();
    refused(done.undo().unwrap().at_once(2).run(), "each of these depends on the one before it");
}

#[test]
fn a_guest_that_changed_since_an_evacuation_was_planned_is_not_sent_with_the_others() {
    let wire = Faulty::over(Far::Demo);
    let pve = Pve::over(wire.clone()).unwrap();
    // It has a snapshot, which keeps it from moving while it runs.
    wire.twin.submit(Call::new(Method::Post, "/nodes/pve3/qemu/121/status/stop")).wait().unwrap();
    wire.pause(Duration::from_secs(30));
    let plan = pve.node("pve3").unwrap().evacuate();
    let text = plan.page().text();
    assert!(text.contains("bulk-action"), "{text}");
    for path in ["qemu/120", "qemu/124", "qemu/125", "lxc/203", "lxc/205"] {
        let stop = Call::new(Method::Post, format!("/nodes/pve3/{path}/status/stop"));
        wire.twin.submit(stop).wait().unwrap();
    }
    wire.pause(Duration::from_secs(30));
    let text = plan.run().unwrap_err().to_string();
    assert!(text.contains("changed since the plan was made"), "{text}");
    assert_eq!(wire.posts(), 0);
}

#[test]
fn a_bundle_names_each_guest_by_a_key_of_its_own_and_its_task_is_known() {
    let pve = demo();
    let text = pve.node("pve3").unwrap().evacuate().page().text();
    assert!(text.matches("vms=").count() > 1 && !text.contains("vms=120,"), "{text}");
    pve.post("/cluster/bulk-action/guest/migrate")
        .with("vms", 125)
        .with("target", "pve1")
        .with("online", 1)
        .run()
        .unwrap();
    assert!(pve.tasks().unwrap().any(|task| task.kind == "bulk-migrate"));
}

#[test]
fn of_a_lost_call_of_any_path_no_more_is_said_than_can_be() {
    let plan = |wire: &Arc<Faulty>| {
        let pve = Pve::over(wire.clone()).unwrap();
        pve.post("/nodes/pve1/qemu/101/status/start")
    };
    let wire = Faulty::over(Far::Demo);
    let start = plan(&wire);
    wire.break_next(Fault::AnswerLost);
    let error = start.run().unwrap_err().to_string();
    assert!(error.contains(":qmstart:101:") && error.contains("cannot be said"), "{error}");
    let wire = Faulty::over(Far::Demo);
    let start = plan(&wire);
    wire.break_next(Fault::CallLost);
    refused(start.run(), "No new task of root@pam appeared on pve1");
}

/// The simulated cluster, whose reboots are tasks that do something else.
struct Idle(Twin);

impl Around for Idle {
    fn inner(&self) -> &dyn Wire {
        &self.0
    }
    fn pass(&self, call: Call) -> Pending {
        match call.path.strip_suffix("/status/reboot") {
            Some(guest) => {
                self.0.submit(Call::new(Method::Post, format!("{guest}/config")).with("description", "not rebooted"))
            }
            None => self.0.submit(call),
        }
    }
}

#[test]
fn a_reboot_is_done_once_the_guest_was_started_anew() {
    let pve = demo();
    pve.guest("web-2").unwrap().reboot().run().unwrap();
    let up = read(&pve, "/nodes/pve1/qemu/102/status/current")["uptime"].as_u64().unwrap();
    assert!(up < 120, "{up}");
    let pve = Pve::over(Arc::new(Idle(Twin::demo()))).unwrap();
    let began = pve.now();
    refused(pve.guest("web-2").unwrap().reboot().run(), "not started anew");
    assert!(pve.now().since(began).0 < 90);
}

#[test]
fn a_deadline_also_bounds_the_wait_for_high_availability() {
    let pve = demo();
    let began = pve.now();
    let late = pve.guest("batch").unwrap().start().within(seconds(2)).run();
    refused(late, "what it should do is not so");
    assert!(pve.now().since(began).0 < 10);
    pve.clear_halt("seen").unwrap();
    // What high availability takes no part in is not waited for, and not said to go through it.
    let guest = pve.guest("db-main").unwrap();
    let text = words(&guest.suspend());
    assert!(text.contains("manages it") && !text.contains("goes through"), "{text}");
    assert!(words(&guest.shutdown()).contains("goes through"));
}

#[test]
fn a_backup_is_put_in_the_place_of_a_guest_where_that_is_now_unless_something_keeps_it() {
    let pve = demo();
    let backup = pve.guest("web-1").unwrap().backups().unwrap().first().unwrap();
    pve.guest("web-1").unwrap().migrate("pve2").run().unwrap();
    let plan = backup.restore_over("ceph-vm");
    let text = plan.page().text();
    assert!(text.contains("POST /nodes/pve2/qemu"), "{text}");
    meant(&plan).run().unwrap();
    assert_eq!(pve.guest(101).unwrap().node, "pve2");
    pve.guest(101).unwrap().protect(true).run().unwrap();
    failed(&backup.restore_over("ceph-vm"), "protection", "protected");
    pve.clear_halt("seen").unwrap();
    pve.guest(101).unwrap().protect(false).run().unwrap();
    pve.guest(101).unwrap().ha_add().run().unwrap();
    failed(&meant(&backup.restore_over("ceph-vm")), "high availability", "manages it");
}

/// What high availability is set to, without what changes whenever it does.
pub(super) fn in_care(pve: &Pve) -> Vec<Value> {
    let mut rows = [read(pve, "/cluster/ha/resources"), read(pve, "/cluster/ha/rules")]
        .iter()
        .flat_map(|rows| rows.as_array().unwrap().clone())
        .collect::<Vec<_>>();
    rows.iter_mut().for_each(|row| drop(row.as_object_mut().unwrap().remove("digest")));
    rows.sort_by_key(ToString::to_string);
    rows
}

#[test]
fn who_is_taken_out_of_high_availability_stays_in_its_rules_and_comes_back_as_it_was() {
    let pve = demo();
    let set = "/cluster/ha/resources/vm:103";
    pve.put(set).with("max_restart", 3).with("comment", "ask Dora").with("failback", 0).run().unwrap();
    let before = in_care(&pve);
    let plan = pve.guest("db-main").unwrap().ha_remove();
    let text = plan.page().text();
    assert!(text.contains("db-at-home") && text.contains("purge=0"), "{text}");
    let purged = plan.with("purge", 1);
    let text = words(&purged);
    assert!(
        text.contains("purge=1") && !text.contains("purge=0") && text.contains("nothing of that comes back"),
        "{text}"
    );
    refused(purged.run(), "was not confirmed");
    pve.clear_halt("meant to show that").unwrap();
    let done = pve.guest("db-main").unwrap().ha_remove().run().unwrap();
    assert!(read(&pve, "/cluster/ha/rules").to_string().contains("vm:103"));
    assert_ne!(in_care(&pve), before);
    done.undo().unwrap().run().unwrap();
    assert_eq!(in_care(&pve), before);
}

#[test]
fn a_task_at_work_can_be_waited_for_or_stopped_and_the_way_is_named() {
    let pve = demo();
    // It is deaf, so that its shutdown takes its time.
    let upid = pve.session().ask(Call::new(Method::Post, "/nodes/pve3/qemu/124/status/shutdown"));
    let upid: String = upid.unwrap().reply.data(&Call::get("/")).unwrap();
    pve.session().pause(Duration::from_secs(2));
    let plan = pve.guest(124).unwrap().set("cores", 1);
    failed(&plan, "at work", "qmshutdown");
    let text = plan.page().text();
    assert!(text.contains(&format!("pve.task(\"{upid}\")?.abort()")), "{text}");
}

#[test]
fn a_failure_in_general_words_is_explained_by_its_log() {
    let of = |exit: &str, log: &[&str]| crate::error::meaning::of_task(exit, log.iter().copied()).unwrap_or("nothing");
    let said = of(
        "start failed: QEMU exited with code 1",
        &["kvm: cannot allocate memory", "TASK ERROR: start failed: QEMU exited with code 1"],
    );
    assert!(said.contains("too little free memory"), "{said}");
    let said = of(
        "job errors",
        &[
            "ERROR: Backup of VM 102 failed - no space left on device",
            "INFO: Backup job finished with errors",
            "TASK ERROR: job errors",
        ],
    );
    assert!(said.contains("storage is full"), "{said}");
    assert!(of("job errors", &["INFO: nothing in particular"]).contains("A part of the job failed"));
    let said = of("VM is locked (backup)", &["no space left on device"]);
    assert!(said.contains("left its lock behind"), "what the task says itself comes first: {said}");
}

#[test]
fn a_guest_that_is_to_be_started_is_made_once_it_runs() {
    let pve = demo();
    let spec = VmSpec::new("web-9").vmid(909).on_node("pve1").disk("ceph-vm", Bytes::gib(8)).net("vmbr0");
    pve.create(&spec.clone().started()).run().unwrap();
    assert_eq!(read(&pve, "/nodes/pve1/qemu/909/status/current")["status"], "running");
    pve.practice(crate::wire::practice::Fault::TaskFails(
        "qmstart".into(),
        "start failed: QEMU exited with code 1".into(),
    ))
    .unwrap();
    let made = pve.create(&spec.vmid(910).started()).run();
    let runs = read(&pve, "/nodes/pve1/qemu/910/status/current")["status"] == "running";
    assert_eq!(made.is_ok(), runs, "{made:?}");
}
