//! How a task goes: what PVE allows, how long it takes, what the log says, and what changes when.
//!
//! Knows PVE's rules and words for each action; whether another task is in the way is known in `work`.

use serde_json::{Map, Value};

use super::nodes::BRIDGES;
use super::state::{Guest, Kind, Ms, Power, Quirk, Snapshot, State};
use super::work::{Effect, Work};

/// How a task goes: times count from its beginning.
#[derive(Default)]
pub(super) struct Course {
    pub(super) lines: Vec<(Ms, String)>,
    pub(super) effects: Vec<(Ms, Effect)>,
    pub(super) takes: Ms,
    pub(super) exit: String,
}

impl Course {
    fn ok(takes: Ms) -> Course {
        Course { takes, exit: "OK".into(), ..Course::default() }
    }

    pub(super) fn fails(takes: Ms, exit: impl Into<String>) -> Course {
        Course { takes, exit: exit.into(), ..Course::default() }
    }

    pub(super) fn line(mut self, at: Ms, line: impl Into<String>) -> Course {
        self.lines.push((at, line.into()));
        self
    }

    /// Locks the configuration of a guest as long as it goes on.
    fn locking(self, vmid: u32, lock: &'static str) -> Course {
        let takes = self.takes;
        self.effect(0, Effect::Lock(vmid, Some(lock))).effect(takes, Effect::Lock(vmid, None))
    }

    fn effect(mut self, at: Ms, effect: Effect) -> Course {
        self.effects.push((at, effect));
        self
    }
}

impl Work {
    /// How it goes with a guest that nothing else holds.
    pub(super) fn course(&self, state: &State, guest: &Guest) -> Course {
        let now = state.now;
        match self {
            Work::HaStart | Work::HaStop { .. } => ha_request(self, guest),
            _ if guest.lock().is_some() && !self.is_idle(guest, now) => locked(guest),
            Work::Start => start(guest, now),
            _ if self.is_idle(guest, now) => Course::ok(40),
            Work::Stop => Course::ok(1_000).effect(700, Effect::Power(guest.vmid, Power::Stopped)),
            Work::Shutdown { timeout, force } => shutdown(guest, milliseconds(*timeout), *force),
            Work::Reboot { timeout } => reboot(guest, milliseconds(*timeout)),
            Work::Reset => Course::ok(300),
            Work::Suspend => Course::ok(300).effect(200, Effect::Power(guest.vmid, Power::Paused)),
            Work::Resume => Course::ok(300).effect(200, Effect::Power(guest.vmid, Power::Running)),
            Work::Destroy => destroy(state, guest),
            Work::Snapshot { name, description, vmstate } => snapshot(guest, name, description, *vmstate, now),
            Work::DeleteSnapshot { name } => delete_snapshot(guest, name),
            Work::Migrate { target, online } => migrate(guest, target, *online),
            Work::Configure { set, delete } => configure(guest, set, delete),
        }
    }

    /// Turning off what is off: done before any lock is looked at.
    fn is_idle(&self, guest: &Guest, now: Ms) -> bool {
        matches!(self, Work::Stop | Work::Shutdown { .. }) && guest.power_at(now) == Power::Stopped
    }
}

/// A time-out that somebody asked for; what is beyond a year is a year.
fn milliseconds(seconds: i64) -> Ms {
    seconds.clamp(0, 366 * 24 * 3_600) * 1_000
}

fn locked(guest: &Guest) -> Course {
    Course::fails(40, format!("{} is locked ({})", guest.kind.short(), guest.lock().unwrap_or_default()))
}

fn start(guest: &Guest, now: Ms) -> Course {
    let (vmid, short) = (guest.vmid, guest.kind.short());
    if guest.is_set("template") {
        let what = if guest.kind == Kind::Qemu { "vm" } else { "CT" };
        return Course::fails(40, format!("you can't start a {what} if it's a template"));
    }
    if guest.power_at(now) != Power::Stopped {
        return Course::fails(40, format!("{short} {vmid} already running"));
    }
    let starts = |takes: Ms| Course::ok(takes).effect(takes - 300, Effect::Power(vmid, Power::Running));
    let net = guest.text("net0").unwrap_or_default();
    let option = |name: &str| net.split(',').find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
    if let Some(bridge) = option("bridge").filter(|bridge| !BRIDGES.contains(bridge)) {
        return Course::fails(60, format!("bridge '{bridge}' does not exist"));
    }
    match option("mtu") {
        _ if guest.kind == Kind::Lxc => starts(1_600),
        Some(mtu) if !net.starts_with("virtio=") => Course { exit: "WARNINGS: 1".into(), ..starts(2_300) }
            .line(400, format!("WARN: netdev net0: ignoring MTU '{mtu}', not using VirtIO")),
        _ if guest.config.contains_key("ide2") => starts(2_000).line(300, "generating cloud-init ISO"),
        _ => starts(1_900),
    }
}

const NO_ANSWER: &str = "VM quit/powerdown failed - got timeout";

fn shutdown(guest: &Guest, timeout: Ms, force: bool) -> Course {
    let off = Effect::Power(guest.vmid, Power::Stopped);
    match (guest.quirk, guest.kind) {
        (Quirk::Deaf, Kind::Qemu) if force => Course::ok(timeout + 1_200)
            .line(timeout, "VM still running - terminating now with SIGTERM")
            .effect(timeout + 1_000, off),
        (Quirk::Deaf, Kind::Qemu) => Course::fails(timeout, NO_ANSWER),
        (_, Kind::Qemu) if timeout < 6_000 => Course::fails(timeout, NO_ANSWER),
        (_, Kind::Qemu) => Course::ok(6_000).effect(5_600, off),
        (_, Kind::Lxc) => Course::ok(3_500).effect(3_200, off),
    }
}

fn reboot(guest: &Guest, timeout: Ms) -> Course {
    let vmid = guest.vmid;
    if guest.quirk == Quirk::Deaf {
        return Course::fails(timeout, NO_ANSWER);
    }
    Course::ok(8_000)
        .effect(5_600, Effect::Power(vmid, Power::Stopped))
        .effect(7_600, Effect::Power(vmid, Power::Running))
}

fn destroy(state: &State, guest: &Guest) -> Course {
    let is_rbd = |volid: &str| state.storage_of(volid).is_some_and(|storage| storage.kind == "rbd");
    let removed = guest.disks().filter(|(_, volid, _)| is_rbd(volid)).count();
    let mut course = Course::ok(1_800).effect(1_600, Effect::Remove(guest.vmid));
    for n in 0..removed {
        let at = 400 + Ms::try_from(n).unwrap_or_default() * 300;
        course = course.line(at, "Removing image: 100% complete...done.");
    }
    course
}

fn snapshot(guest: &Guest, name: &str, description: &str, vmstate: bool, now: Ms) -> Course {
    if guest.snapshots.iter().any(|snapshot| snapshot.name == name) {
        return Course::fails(60, format!("snapshot name '{name}' already used"));
    }
    let taken = Snapshot {
        config: guest.config.clone(),
        name: name.to_owned(),
        description: description.to_owned(),
        time: now / 1000,
        vmstate: vmstate && guest.power_at(now) != Power::Stopped,
        parent: guest.text("parent").map(str::to_owned),
    };
    let mut course =
        Course::ok(1_500).locking(guest.vmid, "snapshot").effect(1_300, Effect::Snapshot(guest.vmid, taken));
    for (key, volume, _) in guest.disks() {
        course = course.line(500, format!("snapshotting 'drive-{key}' ({volume})"));
    }
    course
}

fn delete_snapshot(guest: &Guest, name: &str) -> Course {
    if guest.snapshots.iter().any(|snapshot| snapshot.name == name) {
        Course::ok(900)
            .locking(guest.vmid, "snapshot-delete")
            .effect(700, Effect::DeleteSnapshot(guest.vmid, name.to_owned()))
    } else {
        Course::fails(60, format!("snapshot '{name}' does not exist"))
    }
}

fn migrate(guest: &Guest, target: &str, online: bool) -> Course {
    let vmid = guest.vmid;
    let gib = Ms::try_from(guest.memory() >> 30).unwrap_or_default().max(1);
    let takes = if online { 6_000 + gib * 900 } else { 2_000 };
    let moved = Course::ok(takes).locking(vmid, "migrate").effect(takes - 500, Effect::Move(vmid, target.to_owned()));
    let moved = moved.line(200, format!("starting migration of VM {vmid} to node '{target}'"));
    if !online {
        return moved.line(takes, "migration finished successfully (duration 00:00:02)");
    }
    moved
        .line(700, format!("starting VM {vmid} on remote node '{target}'"))
        .line(2_500, format!("starting online/live migration on tcp:{target}:60000"))
        .line(takes - 900, "migration status: completed")
        .line(takes, format!("migration finished successfully (duration 00:00:{:02})", takes / 1000))
}

fn configure(guest: &Guest, set: &Map<String, Value>, delete: &[String]) -> Course {
    let mut said = format!("update VM {}:", guest.vmid);
    for (key, value) in set {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        said.push_str(&format!(" -{key} {value}"));
    }
    if !delete.is_empty() {
        said.push_str(&format!(" -delete {}", delete.join(",")));
    }
    Course::ok(120).line(20, said)
}

fn ha_request(work: &Work, guest: &Guest) -> Course {
    let (vmid, short) = (guest.vmid, guest.kind.short());
    match work {
        Work::HaStart => Course::ok(700)
            .line(300, format!("Requesting HA start for {short} {vmid}"))
            .effect(5_000, Effect::Ha(vmid, "started")),
        _ => Course::ok(700)
            .line(300, format!("Requesting HA stop for {short} {vmid}"))
            .effect(5_000, Effect::Ha(vmid, "request_stop")),
    }
}

/// Waiting for another task was in vain.
pub(super) fn lock_timeout(kind: Kind, vmid: u32, takes: Ms) -> Course {
    let file = match kind {
        Kind::Qemu => format!("/var/lock/qemu-server/lock-{vmid}.conf"),
        Kind::Lxc => format!("/run/lock/lxc/pve-config-{vmid}.lock"),
    };
    Course::fails(takes.max(0), format!("can't lock file '{file}' - got timeout")).line(0, "trying to acquire lock...")
}
