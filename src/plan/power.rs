//! What turns a guest on and off: start, shut down, stop, reboot, reset, suspend, resume.

use crate::model::guest::{Guest, Status};
use crate::page::{State, Tone};
use crate::plan::check::{self, place};
use crate::plan::draft::{Draft, Seen};
use crate::plan::{Check, Plan};
use crate::units::Age;
use crate::wire::{Call, Method};

/// How long high availability may take to do what it was asked.
pub(super) const HA_PATIENCE: Age = Age(180);

/// A method of guests: its name, and itself.
type Way = (&'static str, fn(&Guest) -> Plan);

/// One way to turn a guest on or off.
struct Power {
    /// In the API's path.
    action: &'static str,
    /// In a title: `Start`.
    verb: &'static str,
    /// The status that it starts from.
    from: &'static [Status],
    /// The status that it leads to.
    becomes: Status,
    /// Whether only virtual machines know it.
    of_vms: bool,
    /// What it does, in a sentence, and how that looks for a guest under high availability.
    effect: &'static str,
    effect_ha: &'static str,
    /// The kinds of task that it may be.
    tasks: &'static [&'static str],
    /// The method that undoes it.
    undo: Result<Way, &'static str>,
}

const START: Power = Power {
    action: "start",
    verb: "Start",
    from: &[Status::Stopped],
    becomes: Status::Running,
    of_vms: false,
    effect: "The guest is switched on and boots; its services answer once its own operating system is up.",
    effect_ha: "High availability manages it: the call asks the cluster to keep it running, and the cluster starts it some seconds later.",
    tasks: &["qmstart", "vzstart", "hastart"],
    undo: Ok(("shutdown", Guest::shutdown)),
};

const SHUTDOWN: Power = Power {
    action: "shutdown",
    verb: "Shut down",
    from: &[Status::Running],
    becomes: Status::Stopped,
    of_vms: false,
    effect: "The guest's own operating system is asked to shut down. It may take its time, or ignore the request; then the task ends in a time-out and the guest keeps running.",
    effect_ha: "High availability manages it: the call asks the cluster to keep it stopped, and the cluster shuts it down.",
    tasks: &["qmshutdown", "vzshutdown", "hastop"],
    undo: Ok(("start", Guest::start)),
};

const STOP: Power = Power {
    action: "stop",
    verb: "Stop",
    from: &[Status::Running, Status::Paused],
    becomes: Status::Stopped,
    of_vms: false,
    effect: "This cuts the power: the guest gets no chance to write what it holds in memory. shutdown() asks it politely.",
    effect_ha: "This cuts the power. High availability manages it: the call asks the cluster to keep it stopped.",
    tasks: &["qmstop", "vzstop", "hastop"],
    undo: Ok(("start", Guest::start)),
};

const REBOOT: Power = Power {
    action: "reboot",
    verb: "Reboot",
    from: &[Status::Running],
    becomes: Status::Running,
    of_vms: false,
    effect: "The guest's own operating system is asked to shut down, then the guest is started again, with pending changes of its configuration applied.",
    effect_ha: "The guest's own operating system is asked to shut down, then the guest is started again.",
    tasks: &["qmreboot", "vzreboot"],
    undo: Err("Nothing undoes a reboot; what ran before has to be started by the guest itself."),
};

const RESET: Power = Power {
    action: "reset",
    verb: "Reset",
    from: &[Status::Running],
    becomes: Status::Running,
    of_vms: true,
    effect: "This is the reset button: the guest starts anew at once and gets no chance to write what it holds in memory. reboot() asks it politely.",
    effect_ha: "This is the reset button: the guest starts anew at once and gets no chance to write what it holds in memory.",
    tasks: &["qmreset"],
    undo: Err("Nothing undoes a reset; what was in memory and not written is lost."),
};

const SUSPEND: Power = Power {
    action: "suspend",
    verb: "Suspend",
    from: &[Status::Running],
    becomes: Status::Paused,
    of_vms: true,
    effect: "Its processors stand still and it keeps its memory; to its users it hangs until resume().",
    effect_ha: "Its processors stand still and it keeps its memory. High availability goes on taking it for running.",
    tasks: &["qmsuspend"],
    undo: Ok(("resume", Guest::resume)),
};

const RESUME: Power = Power {
    action: "resume",
    verb: "Resume",
    from: &[Status::Paused],
    becomes: Status::Running,
    of_vms: true,
    effect: "Its processors go on where they stood still; its clock may be behind.",
    effect_ha: "Its processors go on where they stood still; its clock may be behind.",
    tasks: &["qmresume"],
    undo: Ok(("suspend", Guest::suspend)),
};

impl Guest {
    /// The plan to switch it on. Nothing is sent before [`Plan::run`].
    pub fn start(&self) -> Plan {
        plan(self, &START)
    }

    /// The plan to ask its operating system to shut down.
    pub fn shutdown(&self) -> Plan {
        plan(self, &SHUTDOWN)
    }

    /// The plan to cut its power. What it holds in memory is lost; [`shutdown`](Guest::shutdown) asks it politely.
    pub fn stop(&self) -> Plan {
        plan(self, &STOP)
    }

    /// The plan to shut it down and start it again.
    pub fn reboot(&self) -> Plan {
        plan(self, &REBOOT)
    }

    /// The plan to press the reset button of a virtual machine. What it holds in memory is lost;
    /// [`reboot`](Guest::reboot) asks it politely.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let done = pve.guest("web-2")?.reset().run()?;
    /// assert!(done.undo().is_err(), "nothing undoes it");
    /// # Ok(()) }
    /// ```
    pub fn reset(&self) -> Plan {
        plan(self, &RESET)
    }

    /// The plan to make a virtual machine stand still, memory kept.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let done = pve.guest("web-2")?.suspend().run()?;
    /// assert!(pve.guest("web-2")?.is_paused());
    /// done.undo()?.run()?;
    /// assert!(pve.guest("web-2")?.is_running());
    /// # Ok(()) }
    /// ```
    pub fn suspend(&self) -> Plan {
        plan(self, &SUSPEND)
    }

    /// The plan to let a virtual machine go on that stands still.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// pve.guest("win-term")?.resume().run()?;
    /// assert!(pve.guest("win-term")?.is_running());
    /// # Ok(()) }
    /// ```
    pub fn resume(&self) -> Plan {
        plan(self, &RESUME)
    }
}

impl Power {
    /// Whether the call goes through the manager of high availability where that manages the guest.
    fn goes_by_manager(&self) -> bool {
        self.tasks.iter().any(|kind| kind.starts_with("ha"))
    }
}

/// Clocks and uptimes are in whole seconds.
const SLACK: i64 = 2;

/// When it was switched on, in seconds since 1970.
fn booted(guest: &Guest) -> Option<i64> {
    let up = i64::try_from(guest.uptime.known()?.0).ok()?;
    Some(guest.session.now().unix().saturating_sub(up))
}

fn plan(seen: &Guest, power: &'static Power) -> Plan {
    let draft =
        Draft::on(seen, power.verb, |guest| Call::new(Method::Post, guest.path(&format!("status/{}", power.action))));
    let Some((guest, is_current)) = draft.target.clone().map(|target| (target.guest, target.is_current)) else {
        return draft.plan();
    };
    let vmid = guest.vmid;
    // What high availability has no task of its own for goes to the node, managed or not.
    let managed = guest.hastate.is_some() && power.goes_by_manager();
    let becomes = (power.action != "reboot" && power.action != "reset").then_some(&power.becomes);
    let mut draft = draft
        .check(check::state(&guest, power.from, becomes, is_current))
        .check(check::template(&guest))
        .check(check::ha(&guest, power.goes_by_manager()))
        .needs(&["VM.PowerMgmt"], format!("/vms/{vmid}"))
        .sees(&["VM.Audit"], format!("/vms/{vmid}"))
        .effect(if guest.hastate.is_some() { power.effect_ha } else { power.effect })
        .tasks(power.tasks);
    if power.of_vms && guest.is_ct() {
        let kind = Check::failed("kind", "It is a container; only virtual machines know this.");
        draft = draft.check(kind.by(check::status_of(&guest)));
    }
    if power.action == "start" {
        draft = draft
            .check(place::cores(&guest.session, guest.node.raw(), guest.is_vm(), guest.maxcpu))
            .check(place::memory(&guest.session, guest.node.raw(), guest.maxmem));
    }
    let (patience, otherwise) = match managed {
        true => (HA_PATIENCE, "High availability may still be at it, or refuse: look at pve.ha_status()?".to_owned()),
        // The task of a reboot may end before the guest runs again.
        false if power.action == "reboot" => {
            (Age(60), format!("Look at its console, and at {}.tasks()?", guest.code()))
        }
        false => (Age(0), format!("Somebody else may have acted: look at {}.tasks()?", guest.code())),
    };
    let booted = (power.action == "reboot").then(|| booted(&guest)).flatten();
    let draft = draft.goal_within(patience, otherwise, move |session| {
        let now = guest.now(session)?;
        let anew = booted.is_none_or(|before| self::booted(&now).is_some_and(|now| now > before + SLACK));
        let reached = now.status == power.becomes && anew;
        let state = if anew { now.state() } else { State::new(Tone::Wrong, "not started anew") };
        Ok(Seen { reached, guest: Some((vmid, now.status.to_string().into())), now: state })
    });
    let draft = draft.by_manager(managed);
    match power.undo {
        Ok((method, undo)) => draft.undo(format!("pve.guest({vmid})?.{method}()"), move |session| {
            Ok(undo(&Guest::find(session, i64::from(vmid).into())?))
        }),
        Err(why) => draft.no_undo(why),
    }
    .plan()
}
