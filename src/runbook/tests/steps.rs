//! The state machine of a runbook: whatever steps are tried in whatever order, none acts after a halt, unarmed, before what
//! it comes after, against a condition, or twice; and what acted stands in the book.

use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;

use super::*;
use crate::journal::Place;
use crate::pve::tests::Faulty;
use crate::wire::Far;

/// What somebody may do next.
#[derive(Clone, Debug)]
enum Move {
    Arm,
    Fail,
    ClearHalt,
    /// Somebody else turns the guest on or off.
    Elsewhere,
    Ask(bool),
    Act(Wish),
}

/// A step that acts; a condition that is not given is none.
#[derive(Clone, Debug)]
struct Wish {
    title: u8,
    starts: bool,
    after: Option<usize>,
    requires: Option<bool>,
    unless: Option<bool>,
    verify: Option<bool>,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let maybe = || proptest::option::weighted(0.4, proptest::bool::weighted(0.7));
    let after = proptest::option::weighted(0.3, 0..4_usize);
    let wish = (0..3_u8, any::<bool>(), after, maybe(), proptest::option::weighted(0.2, any::<bool>()), maybe());
    let act = wish.prop_map(|(title, starts, after, requires, unless, verify)| {
        Move::Act(Wish { title, starts, after, requires, unless, verify })
    });
    let one = prop_oneof![
        2 => Just(Move::Arm),
        1 => Just(Move::Fail),
        3 => Just(Move::ClearHalt),
        1 => Just(Move::Elsewhere),
        1 => any::<bool>().prop_map(Move::Ask),
        6 => act,
    ];
    proptest::collection::vec(one, 1..14)
}

fn run(book: &Runbook, wish: &Wish, after: Option<&Step>) -> Result<Step, Error> {
    let starts = wish.starts;
    let mut step = book.step(format!("Step {}", wish.title)).does(move |pve| {
        let guest = pve.guest(101)?;
        Ok(if starts { guest.start() } else { guest.shutdown() })
    });
    if let Some(after) = after {
        step = step.after(after);
    }
    if let Some(holds) = wish.requires {
        step = step.requires("required", move |_| Ok(holds));
    }
    if let Some(holds) = wish.unless {
        step = step.unless("so already", move |_| Ok(holds));
    }
    if let Some(holds) = wish.verify {
        step = step.verify("verified", move |_| Ok(holds));
    }
    step.run()
}

/// Plays these moves and holds each step against what may happen.
fn play(moves: &[Move]) {
    let wire = Faulty::over(Far::Cluster);
    let pve = Pve::over(wire.clone()).unwrap();
    pve.session().keep_journal(Place::Here);
    let answer = Arc::new(AtomicBool::new(false));
    let says = answer.clone();
    let book = Runbook::new(&pve, "A test", "to see")
        .asking(move |_| if says.load(Ordering::Relaxed) { "yes".into() } else { String::new() });
    let mut armed = false;
    for step in moves {
        let (now, halted, before) = (wire.web_1().unwrap(), pve.halted().is_some(), wire.posts());
        match step {
            Move::Arm => {
                pve.arm("a test").unwrap();
                armed = true;
            }
            Move::Fail => drop(pve.require("never", false)),
            Move::ClearHalt => pve.clear_halt("looked").unwrap(),
            Move::Elsewhere => wire.turned_elsewhere(),
            Move::Ask(yes) => {
                answer.store(*yes, Ordering::Relaxed);
                let came = book.step("Ask").asks("Go on").run();
                assert_eq!(came.is_ok(), *yes && !halted, "{moves:?}");
                assert_eq!(wire.posts(), before, "a question acts on nothing");
            }
            Move::Act(wish) => {
                let known = book.steps();
                let after = wish.after.and_then(|n| known.get(n % known.len().max(1)));
                let began = !halted && after.is_none_or(Step::is_done) && wish.requires != Some(false);
                let already = began && wish.unless == Some(true);
                let fits = if wish.starts { now == "stopped" } else { now == "running" };
                let acts = began && !already && armed && fits;
                let came = run(&book, wish, after);
                let sent = wire.posts() - before;
                assert_eq!(sent, usize::from(acts), "came: {came:?}, moves: {moves:?}");
                let well = already || (acts && wish.verify != Some(false));
                assert_eq!(came.is_ok(), well, "came: {came:?}, moves: {moves:?}");
                assert_eq!(pve.halted().is_some(), halted || !well, "what is not as it should be halts");
                let kept = book.steps().into_iter().find(|it| it.title() == format!("Step {}", wish.title).as_str());
                let kept = kept.expect("whatever was tried stands in the book");
                assert_eq!(kept.is_done(), well, "{moves:?}");
                assert!(!acts || kept.outcome().is_some(), "what acted is evidence");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_sequence_of_steps_acts_where_it_may_not_whatever_is_tried(moves in moves()) {
        play(&moves);
    }
}
