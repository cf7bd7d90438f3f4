//! A connection that breaks at any moment: no action is sent twice, and no outcome is claimed that did not happen.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// The simulated cluster behind a connection that breaks by chance: before a call arrived, or before its answer came.
struct Cutting {
    twin: Twin,
    chance: AtomicU64,
    /// Of a hundred calls, so many are lost, and so many answers.
    calls_lost: u64,
    answers_lost: u64,
    arrived: AtomicUsize,
    sent: AtomicUsize,
}

impl Cutting {
    fn over(seed: u64, calls_lost: u64, answers_lost: u64) -> Arc<Cutting> {
        let (arrived, sent) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Cutting { twin: Twin::demo(), chance: AtomicU64::new(seed), calls_lost, answers_lost, arrived, sent })
    }

    /// A number below a hundred: xorshift, so that a failure can be had again.
    fn hundred(&self) -> u64 {
        let mut x = self.chance.load(Ordering::Relaxed);
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.chance.store(x, Ordering::Relaxed);
        x % 100
    }
}

impl Around for Cutting {
    fn inner(&self) -> &dyn Wire {
        &self.twin
    }
    fn pass(&self, call: Call) -> Pending {
        let is_write = call.method.is_write();
        let lost = lost(&call);
        self.sent.fetch_add(usize::from(is_write), Ordering::Relaxed);
        let fate = self.hundred();
        if fate < self.calls_lost {
            return Pending::ready(Err(lost));
        }
        self.arrived.fetch_add(usize::from(is_write), Ordering::Relaxed);
        let answer = self.twin.submit(call);
        if fate < self.calls_lost + self.answers_lost { Pending::ready(Err(lost)) } else { answer }
    }
}

/// What the guest is in truth, asked past the broken connection.
fn truth(wire: &Cutting, vmid: u32) -> String {
    let node = if vmid == 126 { "pve3" } else { "pve1" };
    wire.truth(&format!("/nodes/{node}/qemu/{vmid}/status/current"))["status"].as_str().unwrap().to_owned()
}

/// How many cores its configuration has in truth.
fn cores(wire: &Cutting, vmid: u32) -> String {
    wire.truth(&format!("/nodes/pve1/qemu/{vmid}/config"))["cores"].to_string()
}

/// One round: an action, what is looked at past the connection, and what that is to become.
struct Round {
    plan: crate::plan::Plan,
    look: fn(&Cutting) -> String,
    before: String,
    wanted: &'static str,
}

/// The next action: power of one guest, power of one that high availability manages, a setting.
fn round(pve: &Pve, wire: &Cutting, turn: u64) -> Option<Round> {
    let (vmid, look): (u32, fn(&Cutting) -> String) = match turn % 3 {
        0 => (102, |wire| truth(wire, 102)),
        1 => (126, |wire| truth(wire, 126)),
        _ => (101, |wire| cores(wire, 101)),
    };
    let guest = pve.guest(vmid).ok()?;
    let before = look(wire);
    let (plan, wanted) = match before.as_str() {
        "running" => (guest.stop(), "stopped"),
        "stopped" => (guest.start(), "running"),
        "2" => (guest.set("cores", 4), "4"),
        _ => (guest.set("cores", 2), "2"),
    };
    Some(Round { plan, look, before, wanted })
}

fn open(wire: &Arc<Cutting>) -> Pve {
    loop {
        if let Ok(pve) = Pve::over(wire.clone()) {
            return pve;
        }
    }
}

#[test]
fn in_a_thousand_cuts_no_action_is_sent_twice_and_none_is_claimed_that_did_not_happen() {
    let (mut done, mut unknown, mut failed) = (0, 0, 0);
    let wire = Cutting::over(0x9E37_79B9_7F4A_7C15, 12, 12);
    let pve = open(&wire);
    for round_number in 0..1000 {
        if pve.halted().is_some() {
            pve.clear_halt("a test goes on").unwrap();
        }
        // What is under way ends before the next one begins.
        wire.pause(Duration::from_secs(200));
        let Some(Round { plan, look, before, wanted }) = round(&pve, &wire, round_number) else { continue };
        let (sent, arrived) = (wire.sent.load(Ordering::Relaxed), wire.arrived.load(Ordering::Relaxed));
        let came = plan.run();
        let sent = wire.sent.load(Ordering::Relaxed) - sent;
        let arrived = wire.arrived.load(Ordering::Relaxed) - arrived;
        assert!(sent <= 1, "round {round_number}: sent {sent} times");
        assert!(plan.run().is_err());
        match came {
            Ok(_) => {
                done += 1;
                assert_eq!((look(&wire).as_str(), arrived), (wanted, 1), "round {round_number}: claimed and not so");
            }
            Err(Error::OutcomeUnknown { .. }) => unknown += 1,
            Err(error) => {
                failed += 1;
                // Said not to have been sent: then nothing arrived.
                if matches!(error, Error::NotRun { .. } | Error::Halted { .. }) {
                    assert_eq!(arrived, 0, "round {round_number}: {error}");
                }
                if sent == 0 {
                    assert_eq!(look(&wire), before, "round {round_number}");
                }
            }
        }
    }
    assert!(done > 100 && unknown > 20 && failed > 20, "all happen: {done} done, {unknown} unknown, {failed} failed");
}

#[test]
fn several_actions_over_a_connection_that_breaks_are_each_sent_at_most_once() {
    for seed in 1..40_u64 {
        let wire = Cutting::over(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15), 6, 6);
        let pve = open(&wire);
        let Ok(guests) = pve.guests() else { continue };
        let web = guests
            .filter(|guest| guest.node == "pve1" && guest.is_vm() && guest.is_running() && guest.hastate.is_none());
        let plan = web.stop();
        let Some(code) =
            plan.page().text().split(".confirm(\"").nth(1).and_then(|it| it.split('"').next()).map(str::to_owned)
        else {
            continue;
        };
        let before = wire.sent.load(Ordering::Relaxed);
        let came = plan.expect(web.len()).stop_after(99).confirm(&code).run();
        assert!(wire.sent.load(Ordering::Relaxed) - before <= web.len());
        if came.is_ok() {
            for guest in &web {
                assert_eq!(truth(&wire, guest.vmid), "stopped", "seed {seed}: {guest}");
            }
        }
    }
}
