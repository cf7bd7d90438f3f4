//! Turning guests on and off: what PVE refuses at once, and how the tasks go.

use super::Work;
use super::clone::is_card;
use super::course::{Course, milliseconds};
use super::ha::Request;
use crate::twin::answer::{Answered, Params, failed, not_simulated};
use crate::twin::nodes::BRIDGES;
use crate::twin::state::{Guest, Kind, Ms, Power, Quirk, State};

/// How long a shutdown may take when nothing else is said, in seconds.
const VM_TIMEOUT: i64 = 180;
const CT_TIMEOUT: i64 = 60;

/// `POST …/status/{verb}`.
pub(in crate::twin) fn power(
    state: &mut State,
    kind: Kind,
    node: &str,
    vmid: u32,
    verb: &str,
    path: &[&str],
    params: Params<'_>,
) -> Answered {
    let work = match work(kind, verb, params)? {
        Some(work) => work,
        None => return not_simulated(&format!("Method 'POST /{}'", path.join("/"))),
    };
    let Some(guest) = state.guest(kind, node, vmid) else {
        return nowhere(state, kind, node, vmid, work);
    };
    refuse_at_once(kind, vmid, guest.power_at(state.now), &work)?;
    let by_ha = guest.is_ha_managed();
    if matches!(work, Work::Start) {
        state.needs_quorum()?;
    }
    let work = match work {
        Work::Start if by_ha => Work::Ha(Request::Start),
        Work::Stop if by_ha => Work::Ha(Request::Stop { timeout: 0 }),
        Work::Shutdown { .. } if by_ha => Work::Ha(Request::Stop { timeout: params.int("timeout")?.unwrap_or(60) }),
        work => work,
    };
    Ok(state.begin(node, vmid, work).into())
}

/// Starting and stopping a VM that is not there becomes a task, which then fails.
fn nowhere(state: &mut State, kind: Kind, node: &str, vmid: u32, work: Work) -> Answered {
    if kind == Kind::Qemu && matches!(work, Work::Start | Work::Stop) {
        return Ok(state.begin(node, vmid, work).into());
    }
    failed(kind.missing(node, vmid))
}

fn work(kind: Kind, verb: &str, params: Params<'_>) -> Answered<Option<Work>> {
    let timeout = |default| Ok(params.int("timeout")?.unwrap_or(default));
    let default = if kind == Kind::Qemu { VM_TIMEOUT } else { CT_TIMEOUT };
    Ok(Some(match (verb, kind) {
        ("start", _) => {
            params.only(&["timeout", "skiplock", "debug", "machine", "force-cpu"])?;
            params.without(&["skiplock", "debug", "machine", "force-cpu"])?;
            Work::Start
        }
        ("stop", _) => {
            params.only(&["timeout", "skiplock", "keepActive", "overrule-shutdown"])?;
            params.without(&["skiplock", "keepActive", "overrule-shutdown"])?;
            Work::Stop
        }
        ("shutdown", _) => {
            params.only(&["timeout", "forceStop", "keepActive", "skiplock"])?.without(&["keepActive", "skiplock"])?;
            Work::Shutdown { timeout: timeout(default)?, force: params.flag("forceStop")? }
        }
        ("reboot", _) => {
            params.only(&["timeout"])?;
            Work::Reboot { timeout: timeout(default)? }
        }
        ("reset", Kind::Qemu) => {
            params.only(&["skiplock"])?.without(&["skiplock"])?;
            Work::Reset
        }
        ("suspend", Kind::Qemu) => {
            params.only(&["skiplock", "statestorage", "todisk"])?.without(&["skiplock", "statestorage", "todisk"])?;
            Work::Suspend
        }
        ("resume", Kind::Qemu) => {
            params.only(&["skiplock", "nocheck"])?.without(&["skiplock", "nocheck"])?;
            Work::Resume
        }
        _ => return Ok(None),
    }))
}

/// What fails before there is a task.
fn refuse_at_once(kind: Kind, vmid: u32, power: Power, work: &Work) -> Answered<()> {
    let short = kind.short();
    match (kind, work, power) {
        (Kind::Lxc, Work::Start, Power::Running) => failed(format!("CT {vmid} already running")),
        (Kind::Lxc, Work::Stop | Work::Shutdown { .. }, Power::Stopped) => failed(format!("CT {vmid} not running")),
        (Kind::Qemu, Work::Shutdown { force: false, .. }, Power::Paused) => failed("VM is paused - cannot shutdown"),
        (_, Work::Reboot { .. } | Work::Reset | Work::Suspend | Work::Resume, Power::Stopped) => {
            failed(format!("{short} {vmid} not running"))
        }
        _ => Ok(()),
    }
}

pub(super) fn start(state: &State, guest: &Guest) -> Course {
    let now = state.now;
    let (vmid, short) = (guest.vmid, guest.kind.short());
    if guest.is_set("template") {
        let what = if guest.kind == Kind::Qemu { "vm" } else { "CT" };
        return Course::fails(40, format!("you can't start a {what} if it's a template"));
    }
    if guest.power_at(now) != Power::Stopped {
        return Course::fails(40, format!("{short} {vmid} already running"));
    }
    let starts = |takes: Ms| Course::ok(takes).power(takes - 300, vmid, Power::Running);
    let net = guest.text("net0").unwrap_or_default();
    fn option<'a>(net: &'a str, name: &str) -> Option<&'a str> {
        net.split(',').find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
    }
    let cards = guest.config.iter().filter(|(key, _)| is_card(key)).filter_map(|(_, card)| card.as_str());
    let missing = |card: &&str| option(card, "bridge").is_some_and(|bridge| !BRIDGES.contains(&bridge));
    if let Some(bridge) = cards.clone().find(missing).and_then(|card| option(card, "bridge")) {
        return Course::fails(60, format!("bridge '{bridge}' does not exist"));
    }
    match option(net, "mtu") {
        _ if guest.kind == Kind::Lxc => starts(1_600),
        Some(mtu) if !net.starts_with("virtio=") => Course { exit: "WARNINGS: 1".into(), ..starts(2_300) }
            .line(400, format!("WARN: netdev net0: ignoring MTU '{mtu}', not using VirtIO")),
        _ if guest.has_cloud_init() => starts(2_000).line(300, "generating cloud-init ISO"),
        _ => starts(1_900),
    }
}

const NO_ANSWER: &str = "VM quit/powerdown failed - got timeout";

pub(super) fn shutdown(guest: &Guest, timeout: i64, force: bool) -> Course {
    let timeout = milliseconds(timeout);
    let off = |course: Course, at| course.power(at, guest.vmid, Power::Stopped);
    match (guest.quirk, guest.kind) {
        (Quirk::Deaf, Kind::Qemu) if force => off(Course::ok(timeout + 1_200), timeout + 1_000)
            .line(timeout, "VM still running - terminating now with SIGTERM"),
        (Quirk::Deaf, Kind::Qemu) => Course::fails(timeout, NO_ANSWER),
        (_, Kind::Qemu) if timeout < 6_000 => Course::fails(timeout, NO_ANSWER),
        (_, Kind::Qemu) => off(Course::ok(6_000), 5_600),
        (_, Kind::Lxc) => off(Course::ok(3_500), 3_200),
    }
}

pub(super) fn reboot(guest: &Guest, timeout: i64) -> Course {
    let (vmid, timeout) = (guest.vmid, milliseconds(timeout));
    if guest.quirk == Quirk::Deaf {
        return Course::fails(timeout, NO_ANSWER);
    }
    Course::ok(8_000).power(5_600, vmid, Power::Stopped).power(7_600, vmid, Power::Running)
}
