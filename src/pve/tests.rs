//! The promises of acting, held against the simulated cluster and against connections that break.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::error::Error;
use crate::own_file::testing::Folder;
use crate::pve::Pve;
use crate::render::View;
use crate::twin::Twin;
use crate::units::Moment;
use crate::wire::around::Around;
use crate::wire::{Call, Far, Method, Pending, Reply, Wire};

mod actions;
mod altered;
mod approved;
mod care;
mod ceph;
mod cuts;
mod difference;
mod firewall;
mod following;
mod inspectors;
mod journal;
mod lens;
mod loss;
mod machine;
pub(crate) mod maps;
mod memory;
mod node;
mod recording;
mod redact;
mod sdn;

/// The simulated cluster behind a connection that can be made to break, and that counts what was sent.
pub(crate) struct Faulty {
    pub(crate) twin: Twin,
    far: Far,
    posts: AtomicUsize,
    /// Whether nobody may read how guests are.
    blind: AtomicBool,
    /// What becomes of the next write.
    fault: Mutex<Option<Fault>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// It arrives, and its answer is lost.
    AnswerLost,
    /// It is lost itself.
    CallLost,
    /// It arrives twice, by whatever means: two tasks fit it.
    Doubled,
    /// It is lost itself, while somebody does the same to another guest.
    AnothersArrives,
    /// It arrives, and from then on nobody may read how guests are.
    Blinds,
}

impl Faulty {
    pub(crate) fn over(far: Far) -> Arc<Faulty> {
        let (posts, blind) = (AtomicUsize::new(0), AtomicBool::new(false));
        Arc::new(Faulty { twin: Twin::demo(), far, posts, blind, fault: Mutex::new(None) })
    }

    fn break_next(&self, fault: Fault) {
        *self.fault.lock().unwrap() = Some(fault);
    }

    pub(crate) fn posts(&self) -> usize {
        self.posts.load(Ordering::Relaxed)
    }

    /// How web-1 is in truth; nothing where it is gone.
    pub(crate) fn web_1(&self) -> Option<String> {
        self.truth("/nodes/pve1/qemu/101/status/current")["status"].as_str().map(str::to_owned)
    }

    /// Somebody else turns web-1 on or off.
    pub(crate) fn turned_elsewhere(&self) {
        let verb = if self.web_1().as_deref() == Some("running") { "stop" } else { "start" };
        self.twin.submit(Call::new(Method::Post, format!("/nodes/pve1/qemu/101/status/{verb}"))).wait().unwrap();
        self.twin.pause(Duration::from_secs(20));
    }
}

impl Around for Faulty {
    fn inner(&self) -> &dyn Wire {
        &self.twin
    }
    fn pass(&self, call: Call) -> Pending {
        if !call.method.is_write() {
            let hidden = self.blind.load(Ordering::Relaxed) && call.path.contains("/status/current");
            return if hidden { Pending::ready(Ok(forbidden(self.now()))) } else { self.twin.submit(call) };
        }
        self.posts.fetch_add(1, Ordering::Relaxed);
        let lost = lost(&call);
        match self.fault.lock().unwrap().take() {
            None => self.twin.submit(call),
            Some(fault) => {
                let arriving = match fault {
                    Fault::AnswerLost => vec![call],
                    Fault::CallLost => vec![],
                    Fault::Doubled => vec![call.clone(), call],
                    Fault::Blinds => {
                        self.blind.store(true, Ordering::Relaxed);
                        return self.twin.submit(call);
                    }
                    Fault::AnothersArrives => vec![Call::new(Method::Post, "/nodes/pve1/qemu/106/status/start")],
                };
                arriving.into_iter().for_each(|call| drop(self.twin.submit(call).wait()));
                Pending::ready(Err(lost))
            }
        }
    }
    fn far_end(&self) -> Far {
        self.far
    }
}

/// What is known of a call after which the connection broke.
fn lost(call: &Call) -> Error {
    Error::ConnectionLost {
        endpoint: "https://pve1:8006".into(),
        call: call.shown(),
        why: "connection reset".into(),
        write: call.method.is_write(),
    }
}

/// What PVE answers to somebody who may not read a guest.
fn forbidden(now: Moment) -> Reply {
    Reply {
        status: 403,
        reason: "Permission check failed (/vms/101, VM.Audit)".into(),
        body: r#"{"data":null}"#.into(),
        at: now,
        took: Duration::ZERO,
    }
}

fn demo() -> Pve {
    Pve::demo().unwrap()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Error>, words: &str) {
    let error = result.unwrap_err().to_string();
    assert!(error.contains(words), "{error}\ndoes not say: {words}");
}

#[test]
fn making_and_showing_a_plan_sends_no_write() {
    let wire = Faulty::over(Far::Demo);
    let pve = Pve::over(wire.clone()).unwrap();
    let plan = pve.guest("web-1").unwrap().start();
    let text = plan.page().text();
    assert!(text.contains("POST /nodes/pve1/qemu/101/status/start"), "{text}");
    assert!(text.contains("Nothing has been sent"), "{text}");
    assert!(text.contains("pve.guest(101)?.shutdown()"), "{text}");
    assert_eq!(wire.posts(), 0);
}

#[test]
fn a_stopped_guest_is_started_and_seen_running() {
    let pve = demo();
    let done = pve.guest("web-1").unwrap().start().run().unwrap();
    assert!(done.upid().unwrap().contains(":qmstart:101:"));
    assert!(done.log().iter().any(|line| line == "TASK OK"), "{:?}", done.log());
    assert!(pve.guest(101).unwrap().is_running());
    assert!(
        pve.guests().unwrap().find(|g| g.vmid == 101).unwrap().is_running(),
        "the overview lags, the session knows"
    );
    assert!(pve.halted().is_none());
}

#[test]
fn a_real_cluster_is_only_looked_at_until_armed() {
    let wire = Faulty::over(Far::Cluster);
    let pve = Pve::over(wire.clone()).unwrap();
    let folder = Folder::new();
    pve.journal_to(folder.path("journal.jsonl")).unwrap();
    let guest = pve.guest("web-1").unwrap();
    refused(guest.start().run(), "This session only looks");
    assert_eq!(wire.posts(), 0);
    refused(guest.start().run(), "The session is halted");
    pve.clear_halt("only a test").unwrap();
    pve.arm("a test").unwrap();
    guest.start().run().unwrap();
    assert_eq!(wire.posts(), 1);
    refused(pve.arm("  "), "A reason is missing");
}

#[test]
fn a_plan_runs_once_across_its_clones() {
    let pve = demo();
    let plan = pve.guest("web-1").unwrap().start();
    let twin = plan.clone().with("timeout", 30);
    plan.run().unwrap();
    refused(twin.run(), "a plan runs once");
}

#[test]
fn a_failed_check_refuses_and_an_override_keeps_its_reason() {
    let pve = demo();
    let locked = pve
        .guests()
        .unwrap()
        .find(|g| g.lock.is_some() && g.is_stopped())
        .expect("the demo has a locked guest that is off");
    let plan = pve.guest(locked.vmid).unwrap().start();
    refused(plan.run(), "The check \"locked\" failed");
    pve.clear_halt("seen").unwrap();
    let plan = pve.guest(locked.vmid).unwrap().start().override_check("locked", "the backup was interrupted");
    assert!(plan.page().text().contains("the backup was interrupted"));
    refused(plan.run(), "is locked (backup)");
}

#[test]
fn an_override_that_means_nothing_is_refused() {
    let pve = demo();
    let plan = pve.guest("web-1").unwrap().start();
    refused(
        plan.override_check("lock", "why").run(),
        "There is no check \"lock\" to override. Its checks are \"readable\"",
    );
    pve.clear_halt("seen").unwrap();
    refused(plan.override_check("locked", " ").run(), "An override needs a reason");
    pve.clear_halt("seen").unwrap();
    plan.run().unwrap();
    refused(pve.guest("web-1").unwrap().start().run(), "It is running already. Nothing is left to do");
}

#[test]
fn a_plan_of_any_path_names_the_guest_that_it_is_about() {
    let pve = demo();
    let text = pve.delete("/nodes/pve1/qemu/101").page().text();
    assert!(text.contains("web-1 (VM 101 on pve1)") && text.contains("○ stopped"), "{text}");
    let offline = pve.guest(130).unwrap().start().page().text();
    assert!(offline.contains("Nobody reports it at present") && !offline.contains("It is not locked"), "{offline}");
}

#[test]
fn a_failed_task_carries_its_own_words_and_halts_the_session() {
    let pve = demo();
    let stopped = pve.guests().unwrap().filter(|g| g.is_vm() && g.is_stopped() && !g.is_template() && g.lock.is_none());
    let failure = stopped
        .iter()
        .find_map(|g| match pve.guest(g.vmid).unwrap().start().run() {
            Err(error @ Error::TaskFailed { .. }) => Some(error.to_string()),
            _ => None,
        })
        .expect("the demo has a guest whose start fails");
    assert!(failure.contains("bridge") && failure.contains("Task: UPID:"), "{failure}");
    refused(pve.guest("web-1").unwrap().shutdown().run(), "The session is halted");
    pve.clear_halt("the bridge is known to be missing").unwrap();
    assert!(pve.halted().is_none());
}

#[test]
fn a_false_requirement_halts_the_session() {
    let pve = demo();
    pve.require("one is one", true).unwrap();
    refused(pve.require("the backup is fresh", false), "Required, but not so: the backup is fresh");
    refused(pve.guest("web-1").unwrap().start().run(), "the backup is fresh");
}

#[test]
fn a_target_that_changed_since_it_was_shown_is_left_alone() {
    let pve = demo();
    let first = pve.guest("web-1").unwrap().start();
    pve.guest("web-1").unwrap().start().run().unwrap();
    refused(
        first.run(),
        "The target changed since the plan was made: it was stopped, lock: none, it is running, lock: none",
    );
}

#[test]
fn a_call_whose_answer_was_lost_is_found_by_its_task_and_not_sent_again() {
    let wire = Faulty::over(Far::Demo);
    let pve = Pve::over(wire.clone()).unwrap();
    let plan = pve.guest("web-1").unwrap().start();
    wire.break_next(Fault::AnswerLost);
    let done = plan.run().unwrap();
    assert!(done.upid().unwrap().contains(":qmstart:101:"));
    assert_eq!(wire.posts(), 1);
}

#[test]
fn a_call_that_may_not_have_arrived_is_unknown_and_not_sent_again() {
    for fault in [Fault::CallLost, Fault::Doubled, Fault::AnothersArrives] {
        let wire = Faulty::over(Far::Demo);
        let pve = Pve::over(wire.clone()).unwrap();
        let plan = pve.guest("web-1").unwrap().start();
        wire.break_next(fault);
        refused(plan.run(), "the outcome is not known");
        assert_eq!(wire.posts(), 1);
        let page = plan.outcome().unwrap().page().text();
        assert!(page.contains("What came of it is not known") && !page.contains("It failed"), "{page}");
        refused(pve.guest("web-1").unwrap().start().run(), "The session is halted");
    }
}

#[test]
fn high_availability_is_waited_for_until_the_guest_really_runs() {
    let pve = demo();
    let managed = pve
        .guests()
        .unwrap()
        .find(|g| g.is_vm() && g.is_stopped() && g.hastate.is_some())
        .expect("the demo has a stopped guest under HA");
    let done = pve.guest(managed.vmid).unwrap().start().run().unwrap();
    assert!(done.upid().unwrap().contains(":hastart:"));
    assert!(pve.guest(managed.vmid).unwrap().is_running());
}

#[test]
fn what_became_of_it_is_claimed_by_a_task_that_did_it_and_not_by_one_that_only_asked_for_it() {
    let wire = Faulty::over(Far::Demo);
    let pve = Pve::over(wire.clone()).unwrap();
    wire.break_next(Fault::Blinds);
    let done = pve.guest("web-1").unwrap().start().run().unwrap();
    let page = done.page().text();
    assert!(page.contains("the state after it could not be read") && page.contains("VM.Audit"), "{page}");

    let wire = Faulty::over(Far::Demo);
    let pve = Pve::over(wire.clone()).unwrap();
    let managed = pve.guest("batch").unwrap();
    assert!(managed.hastate.is_some() && managed.is_stopped());
    wire.break_next(Fault::Blinds);
    refused(managed.start().run(), "what became of it could not be read");
    assert_eq!(wire.posts(), 1);
}

#[test]
fn what_is_not_over_in_time_is_said_to_go_on() {
    let pve = demo();
    let plan = pve.guest("legacy-crm").unwrap().shutdown().within(crate::units::seconds(20));
    refused(plan.run(), "is not over after");
    let page = plan.outcome().unwrap().page().text();
    assert!(page.contains("It is not over") && !page.contains("It failed"), "{page}");
}

#[test]
fn a_delete_asks_for_its_own_code_and_another_session_has_another() {
    let pve = demo();
    let path = "/nodes/pve1/qemu/101";
    let plan = pve.delete(path);
    let text = plan.page().text();
    let code = text.split(".confirm(\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let elsewhere = demo().delete(path);
    refused(elsewhere.confirm(&code).run(), "is not this plan's code");
    refused(plan.run(), "was not confirmed");
    pve.clear_halt("meant to show that").unwrap();
    let again = pve.delete(path);
    again.confirm(&code).run().unwrap();
    refused(pve.guest(101), "There is no guest 101");
    refused(pve.delete(path).confirm(&code).run(), "is not this plan's code");
}

#[test]
fn what_takes_away_what_nothing_brings_back_asks_for_a_code() {
    let pve = demo();
    let guest = "/nodes/pve1/qemu/101";
    pve.guest(101).unwrap().unset("scsi0").run().unwrap();
    for plan in [
        pve.guest(101).unwrap().unset("unused0"),
        pve.guest("staging-1").unwrap().unset("scsi0").with("force", 1),
        pve.post(&format!("{guest}/snapshot/before/rollback")),
        pve.put(&format!("{guest}/config")).with("delete", "scsi0"),
        pve.post("/nodes/pve1/qemu").with("archive", "nfs-backup:backup/x.vma").with("force", 1),
    ] {
        refused(plan.run(), "was not confirmed");
        pve.clear_halt("meant to show that").unwrap();
        assert!(!plan.page().text().contains("stays as an unused one"));
    }
    // Of these nothing is lost.
    let moved = pve.guest(102).unwrap().move_disk("scsi0", "local-zfs").with("delete", 1);
    let text = moved.page().text();
    assert!(text.contains("then the old one is removed") && !text.contains("stays as an unused disk"), "{text}");
    assert!(pve.guest("staging-1").unwrap().unset("scsi0").page().text().contains("stays as an unused one"));
}

#[test]
fn after_a_call_of_any_path_the_session_claims_nothing_of_its_guest() {
    let pve = demo();
    pve.guest("web-1").unwrap().start().run().unwrap();
    pve.post("/nodes/pve1/qemu/101/status/stop").run().unwrap();
    assert!(!pve.guests().unwrap().find(|g| g.vmid == 101).unwrap().is_running());
}

#[test]
fn a_confirmation_is_too_old_after_a_quarter_of_an_hour() {
    let wire = Faulty::over(Far::Demo);
    let pve = Pve::over(wire.clone()).unwrap();
    let plan = pve.delete("/nodes/pve1/qemu/101");
    let code = plan.page().text().split(".confirm(\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    wire.pause(Duration::from_secs(16 * 60));
    refused(plan.confirm(&code).run(), "is not this plan's code, or no longer");
    assert_eq!(wire.posts(), 0);
}

#[test]
fn any_path_can_be_written_to_as_a_plan() {
    let pve = demo();
    let plan =
        pve.put("/nodes/pve1/qemu/101/config").with("description", "seen by a test").with("cipassword", "swordfish");
    assert!(!plan.page().text().contains("swordfish"));
    let plan = pve.put("/cluster/options").with("http_proxy", "http://me:swordfish@proxy:3128");
    assert!(plan.page().text().contains("@proxy:3128") && !plan.page().text().contains("swordfish"));
    let plan = pve.put("/nodes/pve1/qemu/101/config").with("description", "seen by a test");
    plan.run().unwrap();
    assert_eq!(pve.guest(101).unwrap().config().unwrap().notes().unwrap(), "seen by a test");
    assert_eq!(Method::Put.to_string(), "PUT");
}

#[test]
fn a_drawing_promises_nothing_about_guests_that_are_not_seen() {
    let svg = crate::pve::staged::limited(&[("/nodes", "Sys.Audit")], &[]).topology().unwrap().svg();
    assert!(svg.contains("not promised to guests"), "{svg}");
    let whole = demo().topology().unwrap().svg();
    assert!(whole.contains("not promised") && !whole.contains("not promised to guests"), "{whole}");
}
