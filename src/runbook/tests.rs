//! The promises of runbooks, held against the simulated cluster.

use std::cell::Cell;

use super::*;
use crate::units::{hours, minutes};

mod steps;

fn book(pve: &Pve, answer: &'static str) -> Runbook {
    Runbook::new(pve, "A test", "to see").asking(move |_| answer.to_owned())
}

fn demo() -> Pve {
    Pve::demo().unwrap()
}

fn words(shown: &impl View) -> String {
    shown.page().text().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_step_acts_is_verified_and_stands_in_the_book_with_its_evidence_and_its_way_back() {
    let pve = demo();
    let book = book(&pve, "yes");
    let step = book
        .step("Start web-1")
        .because("it is down")
        .requires("its node is online", |pve| Ok(pve.node("pve1")?.is_online()))
        .does(|pve| Ok(pve.guest("web-1")?.start()))
        .verify("it runs", |pve| Ok(pve.guest("web-1")?.is_running()))
        .within(minutes(5))
        .run()
        .unwrap();
    assert!(step.is_done() && step.outcome().unwrap().upid().is_some());
    let said = words(&book);
    for part in [
        "1 of 1 step done",
        "Because: it is down",
        "its node is online",
        ":qmstart:101:",
        "pve.guest(101)?.shutdown()",
        "1 of 41 guests changed",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    book.rollback().unwrap().run().unwrap();
    assert!(pve.guest("web-1").unwrap().is_stopped());
}

#[test]
fn a_step_that_holds_already_sends_nothing_so_that_a_book_runs_again_from_its_top() {
    let pve = demo();
    for round in 0..2 {
        let book = book(&pve, "yes");
        let made = Cell::new(0);
        let step = book
            .step("Start web-1")
            .unless("it runs already", |pve| Ok(pve.guest("web-1")?.is_running()))
            .does(|pve| {
                made.set(made.get() + 1);
                Ok(pve.guest("web-1")?.start())
            })
            .run()
            .unwrap();
        assert!(step.is_done());
        assert_eq!(made.get(), 1 - round, "in the second round nothing is to be done");
        assert_eq!(matches!(step.state(), StepState::AlreadyDone(_)), round == 1);
    }
}

#[test]
fn a_failed_step_halts_the_session_and_no_later_step_acts() {
    let pve = demo();
    let book = book(&pve, "yes");
    let failed = book.step("Look").checks("the moon is green", |_| Ok(false)).run();
    assert!(failed.unwrap_err().to_string().contains("Required, but not so: the moon is green"));
    let later = book.step("Start web-1").does(|pve| Ok(pve.guest("web-1")?.start())).run();
    assert!(later.unwrap_err().to_string().contains("The session is halted"));
    assert!(pve.guest("web-1").unwrap().is_stopped());
    assert!(book.is_failed());
    let error = book.verdict().unwrap_err().to_string();
    assert!(error.contains("Look: failed") && error.contains("Start web-1: not begun"), "{error}");
    assert!(words(&book).contains("2 of 2 steps not as it should be"));
}

#[test]
fn a_step_that_was_tried_again_and_came_out_well_is_no_failure_of_the_book() {
    let pve = demo();
    let book = book(&pve, "yes");
    let holds = Cell::new(false);
    let look = || book.step("Look").checks("the disk has room", |_| Ok(holds.get())).run();
    assert!(look().is_err());
    pve.clear_halt("it was full, and is not any more").unwrap();
    holds.set(true);
    look().unwrap();
    assert!(!book.is_failed() && book.verdict().is_ok());
    assert!(words(&book).contains("(2 tries)"));
}

#[test]
fn nobody_there_to_answer_means_no() {
    for (answer, goes_on) in [("", false), ("no", false), ("maybe", false), ("yes", true), (" Y ", true)] {
        let pve = demo();
        let book = book(&pve, answer);
        let step = book.step("Ask").asks("Is it announced").run();
        assert_eq!(step.is_ok(), goes_on, "{answer:?}");
        assert_eq!(pve.halted().is_none(), goes_on);
    }
}

#[test]
fn what_a_person_does_is_verified_and_not_believed() {
    let pve = demo();
    let book = book(&pve, "yes");
    let step = book
        .step("Maintenance")
        .by_hand("ha-manager crm-command node-maintenance enable pve2")
        .verify("pve2 is in maintenance", |_| Ok(false))
        .run();
    assert!(step.unwrap_err().to_string().contains("pve2 is in maintenance"));
    assert!(pve.halted().is_some());
}

#[test]
fn a_step_after_one_that_was_not_done_does_nothing() {
    let pve = demo();
    let book = book(&pve, "no");
    let asked = book.step("Ask").asks("Is it announced").run();
    assert!(asked.is_err());
    pve.clear_halt("seen").unwrap();
    let asked = book.steps().into_iter().next().unwrap();
    let made = Cell::new(false);
    let step = book.step("Act").after(&asked).does(|pve| {
        made.set(true);
        Ok(pve.guest("web-1")?.start())
    });
    assert!(step.run().unwrap_err().to_string().contains("comes after \"Ask\", which was not done"));
    assert!(!made.get());
}

#[test]
fn what_is_waited_for_is_waited_for_no_longer_than_it_may_take() {
    let pve = demo();
    let book = book(&pve, "yes");
    let since = pve.now();
    assert!(book.step("Wait").waits_until("never", |_| Ok(false)).within(minutes(2)).run().is_err());
    let took = pve.now().since(since);
    assert!(took >= minutes(2) && took < minutes(3), "{took}");
    pve.clear_halt("seen").unwrap();
    let until = pve.now().unix() + 60;
    let step =
        book.step("Wait again").waits_until("a minute is over", |pve| Ok(pve.now().unix() >= until)).run().unwrap();
    assert!(step.is_done());
}

#[test]
fn what_ran_in_part_stands_in_the_book_and_its_way_back_says_what_is_left() {
    let pve = demo();
    let book = book(&pve, "yes");
    let stopped = pve.guests().unwrap().filter(|g| g.is_vm() && g.is_stopped() && !g.is_template() && g.lock.is_none());
    let n = stopped.len();
    let step = book.step("Start what is off").does(|_| Ok(stopped.start().expect(n).at_once(1))).run();
    let error = step.unwrap_err().to_string();
    assert!(error.contains("failed") && error.contains("bridge"), "{error}");
    pve.clear_halt("seen").unwrap();
    let said = words(&book);
    assert!(said.contains("not begun") && said.contains("nothing to do") || said.contains("done"), "{said}");
    match book.rollback() {
        Ok(plan) => assert!(words(&plan).contains("it is as it was before"), "{}", words(&plan)),
        Err(error) => assert!(error.to_string().contains("it is as it was before"), "{error}"),
    }
}

#[test]
fn what_a_step_did_in_several_attempts_is_undone_altogether() {
    let pve = demo();
    let book = book(&pve, "yes");
    // The second of them has a bridge that there is not.
    let (round, rounds) = (Cell::new(0), [[101, 123], [106, 106]]);
    let start = || {
        let these = rounds[round.get()];
        book.step("Start them")
            .does(|pve| {
                let these = pve.guests()?.filter(move |guest| these.contains(&guest.vmid));
                Ok(these.start().expect(these.len()).at_once(1))
            })
            .run()
    };
    assert!(start().is_err());
    pve.clear_halt("the bridge is missing").unwrap();
    round.set(1);
    start().unwrap();
    let runs = |vmid: u32| pve.guest(vmid).unwrap().is_running();
    assert!(runs(101) && runs(106) && !runs(123));
    let said = words(&book);
    assert!(said.contains("Attempt 1") && said.contains("(2 tries)"), "{said}");
    book.rollback().unwrap().run().unwrap();
    assert!(!runs(101) && !runs(106) && !runs(123));
}

#[test]
fn a_step_whose_closure_panics_stands_in_the_book_with_what_ran_and_halts() {
    let pve = demo();
    let book = book(&pve, "yes");
    let step = || {
        book.step("Start web-1")
            .does(|pve| Ok(pve.guest("web-1")?.start()))
            .verify("it is the one", |_| panic!("no such rack"))
            .run()
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(step)).is_err());
    assert!(pve.halted().unwrap().contains("no such rack"));
    let said = words(&book);
    assert!(said.contains("no such rack") && said.contains(":qmstart:101:"), "{said}");
    pve.clear_halt("the closure is mended").unwrap();
    book.rollback().unwrap().run().unwrap();
    assert!(pve.guest("web-1").unwrap().is_stopped());
}

/// Where everything is that moves.
fn places(pve: &Pve) -> Vec<(u32, String)> {
    pve.guests().unwrap().map(|guest| (guest.vmid, guest.node.to_string())).into_iter().collect()
}

#[test]
fn a_drain_that_failed_half_way_is_rolled_back_as_far_as_it_went() {
    let pve = demo();
    let book = book(&pve, "yes");
    let before = places(&pve);
    // Its snapshot keeps it from moving while it runs.
    book.step("Off").does(|pve| Ok(pve.guest("ci-runner-1")?.shutdown())).run().unwrap();
    pve.practice(crate::wire::practice::Fault::TaskFails("qmigrate".into(), "migration aborted".into())).unwrap();
    let step = book.step("Drain").does(|pve| Ok(pve.node("pve3")?.evacuate())).within(hours(3)).run();
    let error = step.unwrap_err().to_string();
    assert!(error.contains("migration aborted") || error.contains("failed"), "{error}");
    pve.clear_halt("one of them did not want to").unwrap();
    let moved = before.iter().zip(places(&pve)).filter(|(then, now)| *then != now).count();
    assert!(moved > 1, "{moved} moved: {error}");
    let back = book.rollback().unwrap();
    back.run().unwrap_or_else(|error| panic!("{error}\n{}", book.page().text()));
    assert_eq!(places(&pve), before);
    assert!(pve.guest("ci-runner-1").unwrap().is_running());
}

#[test]
fn what_people_said_stands_in_the_book_and_in_the_journal() {
    let pve = demo();
    let book = book(&pve, "yes");
    let by_hand = "ha-manager crm-command node-maintenance enable pve2";
    book.step("Announce").asks("Did everybody get the mail").run().unwrap();
    book.step("Maintenance").by_hand(by_hand).run().unwrap();
    let said = words(&book);
    for part in ["Did everybody get the mail", by_hand, "answered: yes"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let journal = pve.journal().page().text();
    assert!(journal.contains("Announce"), "{journal}");
}

#[test]
fn a_step_that_says_nothing_to_do_is_refused() {
    let pve = demo();
    let error = book(&pve, "yes").step("Nothing").run().unwrap_err().to_string();
    assert!(error.contains("It does nothing"), "{error}");
}
