//! The writes that become tasks: turning guests on and off, snapshots, migration, removal.
//!
//! Knows what PVE refuses at once; what fails later, inside the task, stands in `work`.

use super::answer::{Answered, Params, failed, not_simulated, wrong};
use super::state::{Kind, Power, State};
use super::work::Work;

/// How long a shutdown may take when nothing else is said, in seconds.
const VM_TIMEOUT: i64 = 180;
const CT_TIMEOUT: i64 = 60;

/// `POST …/status/{verb}`.
pub(super) fn power(
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
    let by_ha = guest.ha.is_some();
    let work = match work {
        Work::Start if by_ha => Work::HaStart,
        Work::Stop if by_ha => Work::HaStop { shutdown: false },
        Work::Shutdown { .. } if by_ha => Work::HaStop { shutdown: true },
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

pub(super) fn destroy(state: &mut State, kind: Kind, node: &str, vmid: u32, params: Params<'_>) -> Answered {
    let params = params.only(&["purge", "skiplock", "destroy-unreferenced-disks", "force"])?;
    params.without(&["skiplock", "force"])?;
    let purge = params.flag("purge")?;
    if let Some(guest) = state.guest(kind, node, vmid) {
        let (short, qemu) = (kind.short(), kind == Kind::Qemu);
        if guest.is_set("protection") {
            return failed(format!("can't remove {short} {vmid} - protection mode enabled"));
        }
        if guest.ha.is_some() && !purge {
            return failed(format!(
                "unable to remove {short} {vmid} - used in HA resources and purge parameter not set."
            ));
        }
        if guest.power_at(state.now) != Power::Stopped {
            return failed(match qemu {
                true => format!("VM {vmid} is running - destroy failed"),
                false => format!("unable to destroy CT {vmid} - container is running"),
            });
        }
    }
    Ok(state.begin(node, vmid, Work::Destroy).into())
}

pub(super) fn snapshot(state: &mut State, node: &str, vmid: u32, params: Params<'_>) -> Answered {
    let params = params.only(&["snapname", "description", "vmstate"])?;
    let name = params.required("snapname")?;
    if name == "current" || name == "pending" {
        return failed(format!("unable to use snapshot name '{name}' (reserved name)"));
    }
    let starts = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    if !starts || name.len() < 2 || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        return wrong("snapname", format!("invalid format - invalid configuration ID '{name}'\n"));
    }
    let work = Work::Snapshot {
        name: name.to_owned(),
        description: params.get("description").unwrap_or_default().to_owned(),
        vmstate: params.flag("vmstate")?,
    };
    Ok(state.begin(node, vmid, work).into())
}

pub(super) fn delete_snapshot(state: &mut State, node: &str, vmid: u32, name: &str, params: Params<'_>) -> Answered {
    params.only(&["force"])?.without(&["force"])?;
    Ok(state.begin(node, vmid, Work::DeleteSnapshot { name: name.to_owned() }).into())
}

pub(super) fn migrate(state: &mut State, node: &str, vmid: u32, params: Params<'_>) -> Answered {
    let params = params.only(&["target", "online", "with-local-disks", "targetstorage", "bwlimit"])?;
    params.without(&["with-local-disks", "targetstorage", "bwlimit"])?;
    let (target, online) = (params.required("target")?, params.flag("online")?);
    if target == node {
        return wrong("target", "target is local node.");
    }
    let Some(to) = state.node(target) else { return failed(format!("no such cluster node '{target}'")) };
    if to.offline.is_some() {
        return not_simulated("Migration to an offline node");
    }
    let Some(guest) = state.guests.get(&vmid) else { return failed(Kind::Qemu.missing(node, vmid)) };
    if let Some(lock) = guest.lock() {
        return failed(format!("VM is locked ({lock})"));
    }
    let running = guest.power_at(state.now) != Power::Stopped;
    if running && !online {
        return wrong("online", format!("VM {vmid} is running, use online migration"));
    }
    if guest.ha.is_some() {
        return not_simulated("Migration of a guest that HA manages");
    }
    if !state.is_shared(guest) {
        return not_simulated("Migration of a guest with local disks");
    }
    Ok(state.begin(node, vmid, Work::Migrate { target: target.to_owned(), online: running }).into())
}

pub(super) fn ping(state: &State, vmid: u32) -> Answered {
    match state.guests.get(&vmid) {
        Some(guest) => guest.agent("ping", state.now),
        None => failed(format!("VM {vmid} is not running")),
    }
}
