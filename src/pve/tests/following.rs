//! How tasks are followed: at a pace that costs little, to an end of which the words say which it was, and no further than
//! to what can be known.

use std::sync::atomic::AtomicU64;

use serde_json::json;

use super::*;
use crate::model::task::{Follower, Upid};
use crate::session::Session;
use crate::units::seconds;
use crate::wire::Reply;

const UPID: &str = "UPID:pve1:00001234:00005678:696887A0:vzdump:102:root@pam:";

/// A cluster in which one task takes this long, with a clock of its own that counts milliseconds.
struct Long {
    twin: Twin,
    ends: u64,
    clock: AtomicU64,
    asked: AtomicUsize,
    /// When it was first seen ended.
    seen: AtomicU64,
}

impl Long {
    fn of(ends: u64) -> Arc<Long> {
        let [clock, seen] = [0, 0].map(AtomicU64::new);
        Arc::new(Long { twin: Twin::demo(), ends, clock, asked: AtomicUsize::new(0), seen })
    }

    fn ms(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }
}

impl Around for Long {
    fn inner(&self) -> &dyn Wire {
        &self.twin
    }
    fn pass(&self, call: Call) -> Pending {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let data = match call.path.rsplit('/').next() {
            Some("status") if call.path.contains("/tasks/UPID") => {
                let over = self.ms() >= self.ends;
                if over && self.seen.load(Ordering::Relaxed) == 0 {
                    self.seen.store(self.ms(), Ordering::Relaxed);
                }
                let mut row = json!({ "upid": UPID, "status": if over { "stopped" } else { "running" } });
                if over {
                    row["exitstatus"] = "OK".into();
                }
                row
            }
            Some("log") => json!([]),
            _ => return self.twin.submit(call),
        };
        let body = json!({ "data": data }).to_string();
        let reply = Reply { status: 200, reason: "".into(), body: body.into(), at: self.now(), took: Duration::ZERO };
        Pending::ready(Ok(reply))
    }
    fn clock(&self) -> Moment {
        Moment::from_unix(1_768_467_600 + i64::try_from(self.ms() / 1000).unwrap())
    }
    fn wait(&self, time: Duration) {
        self.clock.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

/// Follows it to its end: how many requests that took, and when the end was seen.
fn followed(wire: &Arc<Long>) -> (usize, u64) {
    let session = Session::open(wire.clone()).unwrap();
    let upid: Upid = UPID.parse().unwrap();
    let before = wire.asked.load(Ordering::Relaxed);
    Follower::new(&session, &upid).until_end(|_: &str| {}).unwrap();
    (wire.asked.load(Ordering::Relaxed) - before, wire.seen.load(Ordering::Relaxed))
}

#[test]
fn a_task_of_an_hour_costs_at_most_720_requests_and_a_quick_one_is_seen_ended_within_half_a_second() {
    let (requests, seen) = followed(&Long::of(3_600_000));
    assert!(requests <= 720, "{requests}");
    assert!(seen < 3_620_000, "{seen}");
    for ends in [50, 300, 450, 900] {
        let (_, seen) = followed(&Long::of(ends));
        assert!(seen - ends <= 500, "ended at {ends} ms, seen at {seen} ms");
    }
    assert!(followed(&Long::of(300)).1 <= 500);
}

#[test]
fn a_task_that_ends_well_with_warnings_by_a_stop_by_an_error_or_nobody_knows_how_is_told_apart() {
    let ends = |name: &str, exit: Option<&str>| {
        let pve = demo();
        if let Some(exit) = exit {
            pve.practice(crate::wire::practice::Fault::TaskFails("qmstart".into(), exit.into())).unwrap();
        }
        match pve.guest(name).unwrap().start().run() {
            Ok(done) => format!("{} {}", done.ended(), done.page().text()),
            Err(error) => error.to_string(),
        }
    };
    let well = ends("web-1", None);
    let warned = ends("jumbo-test", None);
    let stopped = ends("web-1", Some("received interrupt"));
    let failed = ends("web-1", Some("no space left on device"));
    let vanished = ends("web-1", Some("unexpected status"));
    assert!(well.starts_with("OK ") && !well.contains("warnings"), "{well}");
    assert!(warned.contains("The task ended with warnings"), "{warned}");
    assert!(stopped.contains("Somebody stopped the task"), "{stopped}");
    assert!(failed.contains("The storage is full"), "{failed}");
    assert!(vanished.contains("the outcome is not known") && vanished.contains("without saying how"), "{vanished}");
}

/// The simulated cluster, whose node goes down once a migration is under way.
struct Fading {
    twin: Twin,
    writes: AtomicUsize,
    looks: AtomicUsize,
}

impl Around for Fading {
    fn inner(&self) -> &dyn Wire {
        &self.twin
    }
    fn pass(&self, call: Call) -> Pending {
        self.writes.fetch_add(usize::from(call.method.is_write()), Ordering::Relaxed);
        if call.path.contains(":qmigrate:") && self.looks.fetch_add(1, Ordering::Relaxed) == 3 {
            self.twin.practice(&crate::wire::practice::Fault::NodeDown("pve1".into())).unwrap();
        }
        self.twin.submit(call)
    }
}

#[test]
fn a_node_that_goes_down_during_a_migration_leaves_its_outcome_unknown_in_bounded_time() {
    let (writes, looks) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let wire = Arc::new(Fading { twin: Twin::demo(), writes, looks });
    let pve = Pve::over(wire.clone()).unwrap();
    let began = pve.now();
    let error = pve.guest("mail").unwrap().migrate("pve2").run().unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error}");
    assert!(error.to_string().contains("UPID:pve1:"), "{error}");
    assert!(pve.now().since(began).0 < 300);
    assert_eq!(wire.writes.load(Ordering::Relaxed), 1);
    assert!(pve.halted().is_some());
}

#[test]
fn a_quorum_that_is_lost_after_the_plan_was_made_lets_nothing_happen() {
    let pve = demo();
    let plan = pve.guest("mail").unwrap().migrate("pve2");
    pve.practice(crate::wire::practice::Fault::QuorumLost).unwrap();
    refused(plan.run(), "quorum");
    pve.practice(crate::wire::practice::Fault::QuorumBack).unwrap();
    pve.clear_halt("it is back").unwrap();
    assert_eq!(pve.guest("mail").unwrap().node, "pve1");
    pve.practice(crate::wire::practice::Fault::QuorumLost).unwrap();
    care::failed(&pve.guest("mail").unwrap().migrate("pve2"), "quorum", "no quorum");
}

#[test]
fn a_shutdown_that_outlasts_its_deadline_goes_on_and_says_how_to_attach_and_to_stop_it() {
    let pve = demo();
    let began = pve.now();
    let error = pve.guest(124).unwrap().shutdown().within(seconds(10)).run().unwrap_err();
    assert!(matches!(error, Error::Overdue { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("follow()?") && text.contains("abort()") && text.contains(":qmshutdown:124:"), "{text}");
    assert!(pve.now().since(began).0 < 30);
    assert!(pve.guest(124).unwrap().is_running());
    assert!(pve.guest(124).unwrap().tasks().unwrap().any(|task| task.is_running()), "it goes on by itself");
}
