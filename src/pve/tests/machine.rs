//! The state machine of acting: whatever is called in whatever order, nothing runs that was not shown, after a halt, twice,
//! unarmed, or on a target that changed.

use proptest::prelude::*;

use super::*;
use crate::journal::Place;
use crate::plan::Plan;

/// What somebody may do next. Numbers choose among the plans there are.
#[derive(Clone, Debug)]
enum Move {
    Arm,
    Fail,
    ClearHalt,
    Start,
    Shutdown,
    Remove,
    Show(usize),
    Run(usize),
    RunAClone(usize),
    Confirm(usize, bool),
    Override(usize),
    /// Somebody else turns the guest on or off.
    Elsewhere,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        Just(Move::Arm),
        Just(Move::Fail),
        Just(Move::ClearHalt),
        Just(Move::Start),
        Just(Move::Shutdown),
        Just(Move::Remove),
        (0..4_usize).prop_map(Move::Show),
        (0..4_usize).prop_map(Move::Run),
        (0..4_usize).prop_map(Move::Run),
        (0..4_usize).prop_map(Move::RunAClone),
        (0..4_usize, any::<bool>()).prop_map(|(n, right)| Move::Confirm(n, right)),
        (0..4_usize).prop_map(Move::Override),
        Just(Move::Elsewhere),
    ];
    proptest::collection::vec(one, 1..14)
}

/// What is known of a plan without asking it.
struct Known {
    plan: Plan,
    /// The state of the guest when it was made.
    seen: String,
    wants: &'static str,
    destroys: bool,
    confirmed: bool,
    ran: bool,
}

/// Plays these moves and holds each run against what may happen.
fn play(moves: &[Move]) {
    let wire = Faulty::over(Far::Cluster);
    let pve = Pve::over(wire.clone()).unwrap();
    pve.session().keep_journal(Place::Here);
    let (mut armed, mut plans) = (false, Vec::<Known>::new());
    for step in moves {
        let Some(now) = wire.web_1() else { return };
        let pick = |n: &usize, plans: &[Known]| (!plans.is_empty()).then(|| n % plans.len());
        match step {
            Move::Arm => {
                pve.arm("a test").unwrap();
                armed = true;
            }
            Move::Fail => drop(pve.require("never", false)),
            Move::ClearHalt => pve.clear_halt("looked").unwrap(),
            Move::Start | Move::Shutdown | Move::Remove => {
                let guest = pve.guest(101).unwrap();
                let (plan, wants, destroys) = match step {
                    Move::Start => (guest.start(), "running", false),
                    Move::Shutdown => (guest.shutdown(), "stopped", false),
                    _ => (guest.delete(), "gone", true),
                };
                plans.push(Known { plan, seen: now, wants, destroys, confirmed: false, ran: false });
            }
            Move::Show(n) => {
                if let Some(n) = pick(n, &plans) {
                    let _ = plans[n].plan.page();
                }
            }
            Move::Confirm(n, right) => {
                let Some(n) = pick(n, &plans) else { continue };
                let text = plans[n].plan.page().text();
                let code = text.split(".confirm(\"").nth(1).and_then(|rest| rest.split('"').next());
                let code = match (right, code) {
                    (true, Some(code)) => code.to_owned(),
                    _ => "XXXX".to_owned(),
                };
                plans[n].confirmed = plans[n].destroys && code != "XXXX";
                plans[n].plan = plans[n].plan.confirm(&code);
            }
            // A reason that names no check that failed changes nothing.
            Move::Override(n) => {
                if let Some(n) = pick(n, &plans) {
                    plans[n].plan = plans[n].plan.override_check("readable", "a test");
                }
            }
            Move::Elsewhere => wire.turned_elsewhere(),
            Move::Run(n) | Move::RunAClone(n) => {
                let Some(n) = pick(n, &plans) else { continue };
                let known = &plans[n];
                let halted = pve.halted().is_some();
                let fits = match known.wants {
                    "running" => known.seen == "stopped",
                    "stopped" => known.seen == "running",
                    _ => known.seen == "stopped",
                };
                let may =
                    armed && !halted && !known.ran && fits && known.seen == now && (!known.destroys || known.confirmed);
                let before = wire.posts();
                let came = match step {
                    Move::RunAClone(_) => known.plan.clone().run(),
                    _ => known.plan.run(),
                };
                let sent = wire.posts() - before;
                assert!(sent <= 1, "sent {sent} times");
                assert_eq!(sent == 1, may, "may: {may}, came: {came:?}, moves: {moves:?}");
                assert_eq!(came.is_ok(), may, "{came:?}");
                if came.is_err() {
                    assert!(pve.halted().is_some(), "a refusal halts");
                }
                if may {
                    plans[n].ran = true;
                    assert!(plans[n].plan.page().text().contains("This plan has run"));
                    if known_gone(&plans[n]) {
                        return;
                    }
                }
            }
        }
    }
}

fn known_gone(known: &Known) -> bool {
    known.wants == "gone"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn no_sequence_of_calls_runs_what_may_not_run(moves in moves()) {
        play(&moves);
    }
}

#[test]
fn a_code_that_was_used_confirms_nothing_more() {
    // Confirmed twice, from the same code: the second plan is of another turn.
    play(&[
        Move::Arm,
        Move::Remove,
        Move::Confirm(0, true),
        Move::Elsewhere,
        Move::Run(0),
        Move::ClearHalt,
        Move::Run(0),
    ]);
}
