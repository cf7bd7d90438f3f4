//! Start, shut down, stop, reboot: what turns a guest on and off.

use crate::model::guest::{Guest, Status};
use crate::page::Tone;
use crate::plan::{Check, Draft, Plan, Target, Undo, Verdict};
use crate::text::Text;
use crate::units::{Age, Why};
use crate::wire::{Call, Method};

/// One way to turn a guest on or off.
struct Power {
    /// In the API's path.
    action: &'static str,
    /// In a title: `Start`.
    verb: &'static str,
    /// The status that it starts from.
    from: &'static [Status],
    /// The status that it leads to.
    becomes: &'static str,
    /// What it does, in a sentence, and how that looks for a guest under high availability.
    effect: &'static str,
    effect_ha: &'static str,
    /// The kinds of task that it may be.
    tasks: &'static [&'static str],
    /// The method that undoes it.
    undo: Result<&'static str, &'static str>,
}

const START: Power = Power {
    action: "start",
    verb: "Start",
    from: &[Status::Stopped],
    becomes: "running",
    effect: "The guest is switched on and boots; its services answer once its own operating system is up.",
    effect_ha: "High availability manages it: the call asks the cluster to keep it running, and the cluster starts it some seconds later.",
    tasks: &["qmstart", "vzstart", "hastart"],
    undo: Ok("shutdown"),
};

const SHUTDOWN: Power = Power {
    action: "shutdown",
    verb: "Shut down",
    from: &[Status::Running],
    becomes: "stopped",
    effect: "The guest's own operating system is asked to shut down. It may take its time, or ignore the request; then the task ends in a time-out and the guest keeps running.",
    effect_ha: "High availability manages it: the call asks the cluster to keep it stopped, and the cluster shuts it down.",
    tasks: &["qmshutdown", "vzshutdown", "hastop"],
    undo: Ok("start"),
};

const STOP: Power = Power {
    action: "stop",
    verb: "Stop",
    from: &[Status::Running, Status::Paused],
    becomes: "stopped",
    effect: "This cuts the power: the guest gets no chance to write what it holds in memory. shutdown() asks it politely.",
    effect_ha: "This cuts the power. High availability manages it: the call asks the cluster to keep it stopped.",
    tasks: &["qmstop", "vzstop", "hastop"],
    undo: Ok("start"),
};

const REBOOT: Power = Power {
    action: "reboot",
    verb: "Reboot",
    from: &[Status::Running],
    becomes: "running",
    effect: "The guest's own operating system is asked to shut down, then the guest is started again, with pending changes of its configuration applied.",
    effect_ha: "The guest's own operating system is asked to shut down, then the guest is started again.",
    tasks: &["qmreboot", "vzreboot"],
    undo: Err("Nothing undoes a reboot; what ran before has to be started by the guest itself."),
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
}

fn plan(seen: &Guest, power: &Power) -> Plan {
    let mut seen = seen.clone();
    // What may be done is not what might have been done when the session began.
    seen.session = seen.session.for_acting();
    // The overview lags: a plan is about the guest as it is now.
    let now = seen.current();
    let is_current = now.is_ok();
    let (guest, read) = match now {
        Ok(now) => (now, Check::new("readable", Verdict::Passed, "Its present state was read from its node.")),
        Err(error) => (
            seen,
            Check::new(
                "readable",
                Verdict::Unknown,
                format!("Its present state could not be read; this is how it was listed. {error}"),
            ),
        ),
    };
    let effect = if guest.hastate.is_some() { power.effect_ha } else { power.effect };
    let session = guest.session.clone();
    Plan::new(Draft {
        title: format!("{} {guest}", power.verb).into(),
        call: Call::new(Method::Post, guest.path(&format!("status/{}", power.action))),
        checks: std::iter::once(read).chain(checks(&guest, power, is_current)).collect(),
        effects: vec![effect.into()],
        undo: match power.undo {
            Ok(method) => Undo::Code(format!("{}.{method}()", guest.code()).into()),
            Err(why) => Undo::None(why.into()),
        },
        target: Some(Target { becomes: Some(power.becomes), tasks: power.tasks, is_current, guest }),
        confirmed: None,
        vain: Vec::new(),
        session,
    })
}

fn checks(guest: &Guest, power: &Power, is_current: bool) -> Vec<Check> {
    vec![
        state(guest, power, is_current),
        node(guest, is_current),
        lock(guest),
        template(guest),
        privilege(guest),
        ha(guest),
    ]
}

fn state(guest: &Guest, power: &Power, is_current: bool) -> Check {
    let status = &guest.status;
    match status.state().tone {
        Tone::Unknown => Check::new("state", Verdict::Unknown, "Whether it runs is not known."),
        _ if !is_current => Check::new(
            "state",
            Verdict::Unknown,
            format!("It was listed as {status}; whether it still is, is not known."),
        ),
        _ if power.from.contains(status) => Check::new("state", Verdict::Passed, format!("It is {status}.")),
        _ if power.action != "reboot" && *status == power.becomes => {
            Check::new("state", Verdict::Failed, format!("It is {status} already."))
        }
        _ => {
            let from = power.from.iter().map(Status::to_string).collect::<Vec<_>>().join(" or ");
            Check::new("state", Verdict::Failed, format!("It is {status}; this takes a guest that is {from}."))
        }
    }
}

fn node(guest: &Guest, is_current: bool) -> Check {
    let node = &guest.node;
    match (guest.name.why() == Some(Why::NodeOffline), is_current) {
        (true, _) => Check::new("node", Verdict::Failed, format!("{node} is offline: nobody there can carry it out.")),
        (false, true) => Check::new("node", Verdict::Passed, format!("{node} answers.")),
        (false, false) => Check::new("node", Verdict::Unknown, format!("Whether {node} answers is not known.")),
    }
}

fn lock(guest: &Guest) -> Check {
    match &guest.lock {
        None if guest.status == Status::Unknown => not_known("locked"),
        None => Check::new("locked", Verdict::Passed, "It is not locked."),
        Some(lock) => Check::new(
            "locked",
            Verdict::Failed,
            format!("It is locked ({lock}): another task is at work on it, or was interrupted."),
        ),
    }
}

/// Of a guest that nobody reports, nothing can be said from what is not there.
fn not_known(name: &str) -> Check {
    Check::new(name, Verdict::Unknown, "Nobody reports it at present.")
}

fn template(guest: &Guest) -> Check {
    if guest.status == Status::Unknown && !guest.template {
        return not_known("template");
    }
    let reason = if guest.template { "It is a template, which never runs: clone it." } else { "It is not a template." };
    Check::passed_if("template", !guest.template, reason)
}

fn privilege(guest: &Guest) -> Check {
    let path = format!("/vms/{}", guest.vmid);
    let identity = guest.session.identity();
    // They were read for this plan, unless that failed.
    let read = match guest.session.age_of_privileges() {
        Some(age) if age > Age(10) => format!(", as read {age} ago"),
        _ => String::new(),
    };
    match guest.session.has("VM.PowerMgmt", &path) {
        Some(true) => Check::new("privilege", Verdict::Passed, format!("{identity} has VM.PowerMgmt on {path}{read}.")),
        Some(false) => {
            Check::new("privilege", Verdict::Failed, format!("{identity} lacks VM.PowerMgmt on {path}{read}."))
        }
        None => Check::new("privilege", Verdict::Unknown, format!("The privileges of {identity} could not be read.")),
    }
}

fn ha(guest: &Guest) -> Check {
    let reason: Text = match &guest.hastate {
        Some(state) => {
            format!("High availability manages it (state: {state}); the request goes through the cluster's manager.")
                .into()
        }
        None if guest.status == Status::Unknown => return not_known("high availability"),
        None => "High availability does not manage it.".into(),
    };
    Check::new("high availability", Verdict::Passed, reason)
}
