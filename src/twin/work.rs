//! What tasks do to guests: whether they may, how long it takes, what the log says, and what changes when.
//!
//! Knows PVE's rules and words for each action; knows nothing of paths.

use serde_json::{Map, Value};

use super::state::{Due, Guest, Kind, Ms, Power, Quirk, Snapshot, State};
use super::tasks::USER;

/// How long a task waits for another one that holds the same guest.
const LOCK_WAIT: Ms = 10_000;
/// When the HA manager acts on a request.
const HA_DELAY: Ms = 7_000;

/// What a task is to do.
#[derive(Clone, Debug)]
pub(super) enum Work {
    Start,
    Stop,
    Shutdown { timeout: i64, force: bool },
    Reboot { timeout: i64 },
    Reset,
    Suspend,
    Resume,
    Destroy,
    Snapshot { name: String, description: String, vmstate: bool },
    DeleteSnapshot { name: String },
    Migrate { target: String, online: bool },
    Configure { set: Map<String, Value>, delete: Vec<String> },
    HaStart,
    HaStop { shutdown: bool },
}

/// A change that comes true at its time.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    Power(u32, Power),
    Ha(u32, &'static str),
    Remove(u32),
    Snapshot(u32, Snapshot),
    DeleteSnapshot(u32, String),
    Move(u32, String),
}

/// How a task goes: times count from its beginning.
#[derive(Default)]
struct Course {
    lines: Vec<(Ms, String)>,
    effects: Vec<(Ms, Effect)>,
    takes: Ms,
    exit: String,
}

impl Course {
    fn ok(takes: Ms) -> Course {
        Course { takes, exit: "OK".into(), ..Course::default() }
    }

    fn fails(takes: Ms, exit: impl Into<String>) -> Course {
        Course { takes, exit: exit.into(), ..Course::default() }
    }

    fn line(mut self, at: Ms, line: impl Into<String>) -> Course {
        self.lines.push((at, line.into()));
        self
    }

    fn effect(mut self, at: Ms, effect: Effect) -> Course {
        self.effects.push((at, effect));
        self
    }
}

impl Work {
    /// The type that its UPID names.
    pub(super) fn task_type(&self, guest: Option<&Guest>) -> String {
        let prefix = if guest.is_some_and(|guest| guest.kind == Kind::Lxc) { "vz" } else { "qm" };
        let verb = match self {
            Work::HaStart => return "hastart".into(),
            Work::HaStop { .. } => return "hastop".into(),
            Work::Migrate { .. } if prefix == "qm" => return "qmigrate".into(),
            Work::Migrate { .. } => "migrate",
            Work::Start => "start",
            Work::Stop => "stop",
            Work::Shutdown { .. } => "shutdown",
            Work::Reboot { .. } => "reboot",
            Work::Reset => "reset",
            Work::Suspend => "pause",
            Work::Resume => "resume",
            Work::Destroy => "destroy",
            Work::Snapshot { .. } => "snapshot",
            Work::DeleteSnapshot { .. } => "delsnapshot",
            Work::Configure { .. } => "config",
        };
        format!("{prefix}{verb}")
    }

    fn course(&self, guest: &Guest, now: Ms) -> Course {
        match self {
            Work::HaStart | Work::HaStop { .. } => ha_request(self, guest),
            _ if guest.lock().is_some() && !self.is_idle(guest, now) => locked(guest),
            Work::Start => start(guest, now),
            _ if self.is_idle(guest, now) => Course::ok(40),
            Work::Stop => Course::ok(1_000).effect(700, Effect::Power(guest.vmid, Power::Stopped)),
            Work::Shutdown { timeout, force } => shutdown(guest, timeout * 1000, *force),
            Work::Reboot { timeout } => reboot(guest, timeout * 1000),
            Work::Reset => Course::ok(300),
            Work::Suspend => Course::ok(300).effect(200, Effect::Power(guest.vmid, Power::Paused)),
            Work::Resume => Course::ok(300).effect(200, Effect::Power(guest.vmid, Power::Running)),
            Work::Destroy => destroy(guest),
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
    match guest.quirk {
        Quirk::NoBridge => {
            Course::fails(900, "start failed: QEMU exited with code 1").line(700, "bridge 'vmbr7' does not exist").line(
                850,
                format!(
                    "kvm: -netdev type=tap,id=net0,ifname=tap{vmid}i0,script=/usr/libexec/qemu-server/pve-bridge,\
                     downscript=/usr/libexec/qemu-server/pve-bridgedown,vhost=on: network script \
                     /usr/libexec/qemu-server/pve-bridge failed with status 512"
                ),
            )
        }
        Quirk::Warns => {
            let warned = starts(2_300).line(400, "WARN: netdev net0: ignoring MTU '1400', not using VirtIO");
            Course { exit: "WARNINGS: 1".into(), ..warned }
        }
        _ if guest.kind == Kind::Lxc => starts(1_600),
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

fn destroy(guest: &Guest) -> Course {
    let removed: Vec<_> = guest.disks().filter(|(_, volume, _)| volume.starts_with("ceph-vm:")).collect();
    let mut course = Course::ok(1_800).effect(1_600, Effect::Remove(guest.vmid));
    for n in 0..removed.len() {
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
        name: name.to_owned(),
        description: description.to_owned(),
        time: now / 1000,
        vmstate: vmstate && guest.power_at(now) != Power::Stopped,
        parent: guest.text("parent").map(str::to_owned),
    };
    let mut course = Course::ok(1_500).effect(1_300, Effect::Snapshot(guest.vmid, taken));
    for (key, volume, _) in guest.disks() {
        course = course.line(500, format!("snapshotting 'drive-{key}' ({volume})"));
    }
    course
}

fn delete_snapshot(guest: &Guest, name: &str) -> Course {
    if guest.snapshots.iter().any(|snapshot| snapshot.name == name) {
        Course::ok(900).effect(700, Effect::DeleteSnapshot(guest.vmid, name.to_owned()))
    } else {
        Course::fails(60, format!("snapshot '{name}' does not exist"))
    }
}

fn migrate(guest: &Guest, target: &str, online: bool) -> Course {
    let vmid = guest.vmid;
    let gib = Ms::try_from(guest.memory() >> 30).unwrap_or_default().max(1);
    let takes = if online { 6_000 + gib * 900 } else { 2_000 };
    let moved = Course::ok(takes).effect(takes - 500, Effect::Move(vmid, target.to_owned()));
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

impl State {
    /// Lets a task do its work, or wait for the one that holds its guest.
    pub(super) fn judge(&mut self, place: usize) {
        let Some((vmid, work)) = self.tasks[place].work.clone() else { return };
        let (node, begun) = (self.tasks[place].node.clone(), self.tasks[place].start);
        let holder = self.tasks[..place].iter().filter(|other| holds(other, vmid)).filter_map(|other| {
            let (end, _) = other.end.as_ref()?;
            (*end > self.now).then_some(*end)
        });
        let free_at = if takes_guest(&work) { holder.max() } else { None };
        let kind = self.guests.get(&vmid).map_or(Kind::Qemu, |guest| guest.kind);
        let course = match free_at {
            Some(free) if free - begun > LOCK_WAIT => lock_timeout(kind, vmid, begun + LOCK_WAIT - self.now),
            Some(free) => return self.schedule(free, Due::Judge(place)),
            None => match self.guests.get(&vmid).filter(|guest| guest.node == node) {
                Some(guest) => work.course(guest, self.now),
                None => Course::fails(40, kind.missing(&node, vmid)),
            },
        };
        self.follow(place, course);
        self.tell_ha(vmid, &work);
    }

    fn follow(&mut self, place: usize, course: Course) {
        let now = self.now;
        let task = &mut self.tasks[place];
        task.lines = course.lines.into_iter().map(|(at, line)| (now + at, line)).collect();
        task.end = Some((now + course.takes, course.exit));
        for (at, effect) in course.effects {
            self.schedule(now + at, Due::Effect(effect));
        }
    }

    fn tell_ha(&mut self, vmid: u32, work: &Work) {
        let (wanted, then) = match work {
            Work::HaStart => ("started", Work::Start),
            Work::HaStop { shutdown: true } => ("stopped", Work::Shutdown { timeout: 60, force: true }),
            Work::HaStop { shutdown: false } => ("stopped", Work::Stop),
            _ => return,
        };
        if let Some(ha) = self.guests.get_mut(&vmid).and_then(|guest| guest.ha.as_mut()) {
            ha.wanted = wanted;
            self.schedule(self.now + HA_DELAY, Due::Begin(vmid, then));
        }
    }

    /// What the HA manager does for a request, unless it is as wanted already.
    pub(super) fn begin_for_ha(&mut self, vmid: u32, work: Work) {
        let Some(guest) = self.guests.get(&vmid) else { return };
        let on = guest.power_at(self.now) != Power::Stopped;
        if on != matches!(work, Work::Start) {
            let node = guest.node.clone();
            self.begin(&node, vmid, work);
        } else if !on {
            self.apply(Effect::Ha(vmid, "stopped"));
        }
    }

    pub(super) fn apply(&mut self, effect: Effect) {
        let now = self.now;
        match effect {
            Effect::Remove(vmid) => {
                self.guests.remove(&vmid);
            }
            Effect::Power(vmid, power) => self.change(vmid, |guest| {
                guest.changes.push((now, power));
                if let Some(ha) = guest.ha.as_mut().filter(|ha| ha.wanted == "stopped" && power == Power::Stopped) {
                    ha.state = "stopped";
                }
            }),
            Effect::Ha(vmid, word) => self.change(vmid, |guest| {
                if let Some(ha) = &mut guest.ha {
                    ha.state = word;
                }
            }),
            Effect::Snapshot(vmid, snapshot) => self.change(vmid, |guest| {
                guest.config.insert("parent".into(), snapshot.name.as_str().into());
                guest.snapshots.push(snapshot);
            }),
            Effect::DeleteSnapshot(vmid, name) => self.change(vmid, |guest| guest.drop_snapshot(&name)),
            Effect::Move(vmid, node) => self.change(vmid, |guest| guest.node = node),
        }
    }

    fn change(&mut self, vmid: u32, change: impl FnOnce(&mut Guest)) {
        if let Some(guest) = self.guests.get_mut(&vmid) {
            change(guest);
        }
    }
}

impl Guest {
    /// Removes a snapshot; its children become those of its parent.
    fn drop_snapshot(&mut self, name: &str) {
        let parent = self.snapshots.iter().find(|snapshot| snapshot.name == name).and_then(|s| s.parent.clone());
        self.snapshots.retain(|snapshot| snapshot.name != name);
        for child in self.snapshots.iter_mut().filter(|snapshot| snapshot.parent.as_deref() == Some(name)) {
            child.parent.clone_from(&parent);
        }
        if self.text("parent") == Some(name) {
            match parent {
                Some(parent) => self.config.insert("parent".into(), parent.into()),
                None => self.config.remove("parent"),
            };
        }
    }
}

/// Whether a task, once it got to its work, keeps others away from the guest.
fn holds(task: &super::tasks::Task, vmid: u32) -> bool {
    task.user == USER && task.work.as_ref().is_some_and(|(id, work)| *id == vmid && takes_guest(work))
}

fn takes_guest(work: &Work) -> bool {
    !matches!(work, Work::HaStart | Work::HaStop { .. })
}

fn lock_timeout(kind: Kind, vmid: u32, takes: Ms) -> Course {
    let file = match kind {
        Kind::Qemu => format!("/var/lock/qemu-server/lock-{vmid}.conf"),
        Kind::Lxc => format!("/run/lock/lxc/pve-config-{vmid}.lock"),
    };
    Course::fails(takes.max(0), format!("can't lock file '{file}' - got timeout")).line(0, "trying to acquire lock...")
}
