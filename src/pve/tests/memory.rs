//! A cluster that is asked less often: what it shows is old and says so; what acts is not.

use std::sync::Arc;

use crate::plan::Verdict;
use crate::pve::Pve;
use crate::render::View;
use crate::twin::Twin;
use crate::units::{minutes, seconds};

/// Two sessions of one cluster, of which the first has a memory.
fn two() -> (Pve, Pve) {
    let wire = Arc::new(Twin::demo());
    (Pve::over(wire.clone()).unwrap().cached(minutes(5)), Pve::over(wire).unwrap())
}

#[test]
fn what_comes_from_memory_says_its_age_in_html_and_in_text() {
    let (pve, _) = two();
    pve.guests().unwrap();
    let page = pve.guests().unwrap().page();
    assert!(page.html().contains(" ago, from memory") && page.text().contains(" ago, from memory"));
    let fresh = pve.fresh().guests().unwrap().page();
    assert!(!fresh.html().contains("from memory") && !fresh.text().contains("from memory"));
    assert_eq!(format!("{pve:?}"), format!("{:?}", pve.fresh()).replace(')', ", from memory up to 5 min old)"));
    assert!(format!("{:?}", pve.cached(seconds(90))).contains("up to 1 min old"));
}

#[test]
fn a_plan_sees_the_guest_as_it_is_also_where_the_page_does_not() {
    let (pve, other) = two();
    assert!(pve.guest("web-1").unwrap().is_stopped());
    other.guest("web-1").unwrap().start().run().unwrap();
    let remembered = pve.guest("web-1").unwrap();
    assert!(remembered.is_stopped(), "that is what a memory is");
    let state = remembered.start().checks().into_iter().find(|check| check.name == "state").unwrap();
    assert_eq!((state.verdict, state.reason.raw()), (Verdict::Failed, "It is running already."));
    let by_path = pve.post("/nodes/pve1/qemu/101/status/start").page().text();
    assert!(!by_path.contains("from memory"), "{by_path}");
}

#[test]
fn after_an_action_everything_is_read_anew() {
    let (pve, _) = two();
    let guest = pve.guest("web-1").unwrap();
    let done = guest.start().run().unwrap();
    assert!(!done.page().text().contains("from memory"));
    let now = pve.guest("web-1").unwrap();
    assert!(now.is_running() && !now.page().text().contains("from memory"));
    assert!(pve.task(done.upid().unwrap()).unwrap().follow().is_ok());
}

#[test]
fn what_an_action_did_is_seen_for_as_long_as_the_overview_of_before_is_given_again() {
    let (pve, _) = two();
    pve.guest("web-1").unwrap().start().run().unwrap();
    let is_running = || pve.guests().unwrap().find(|guest| guest.name == "web-1").unwrap().is_running();
    assert!(is_running());
    pve.session.pause(minutes(1).duration());
    assert!(pve.guests().unwrap().page().html().contains("from memory"));
    assert!(is_running(), "the overview in memory is of a time when it did not know yet");
}
