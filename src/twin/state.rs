//! What the simulated cluster is made of, and its clock: nodes, guests, storages, tasks, and what is due to happen.
//!
//! Knows how time changes things; knows no path of the API and not where the first state comes from.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::archives::Archived;
use super::boot::Going;
use super::drive::Drive;
use super::ha::{Ha, Manager, Round};
use super::images::{Image, Write};
use super::practice::Faults;
use super::rrd::mix;
use super::tasks::Task;
use super::work::Effect;

/// Milliseconds since 1970 began.
pub(super) type Ms = i64;

/// How long `/cluster/resources` stays behind.
const LAG: Ms = 10_000;
/// How long the overview keeps what a node said last.
const KEPT: Ms = 300_000;

/// A whole cluster at a moment.
#[derive(Default)]
pub(super) struct State {
    pub(super) now: Ms,
    pub(super) cluster: String,
    pub(super) nodes: Vec<Node>,
    pub(super) guests: BTreeMap<u32, Guest>,
    pub(super) storages: Vec<Storage>,
    /// What lies on storages and is no guest's own: backups, media, templates.
    pub(super) volumes: Vec<Value>,
    /// What backups hold, by their place.
    pub(super) archives: BTreeMap<String, Archived>,
    /// The volumes of guests, by their ids.
    pub(super) images: BTreeMap<String, Image>,
    /// What was written to storages since the first state.
    pub(super) writes: Vec<Write>,
    pub(super) pools: Vec<Pool>,
    pub(super) jobs: Vec<Value>,
    /// Answers that nothing here changes, by path.
    pub(super) fixed: Map<String, Value>,
    pub(super) tasks: Vec<Task>,
    pub(super) due: Vec<(Ms, Due)>,
    pub(super) ha: Manager,
    /// Since when there is no quorum.
    pub(super) no_quorum: Option<Ms>,
    pub(super) faults: Faults,
    /// How many numbers that look random were drawn.
    pub(super) drawn: u64,
}

/// What is to happen at its time.
pub(super) enum Due {
    /// A task, by its place in the list, gets to its work.
    Judge(usize),
    /// A change comes true that a task brings about.
    Effect(usize, Effect),
    /// A task takes its next step.
    Step(usize),
    /// High availability goes about its work.
    Ha(Round),
    /// A node that goes down in good order gets on with it.
    Going(String),
    /// A node that has been off since then is there again.
    Boot(String, i64),
    /// The watchdog of a node runs out, if the quorum has been gone since then.
    Watchdog(String, Ms),
}

impl Due {
    /// Whether it belongs to a task.
    pub(super) fn is_of(&self, task: usize) -> bool {
        matches!(self, Due::Judge(place) | Due::Effect(place, _) | Due::Step(place) if *place == task)
    }
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) id: u32,
    pub(super) ip: String,
    pub(super) cpus: u32,
    pub(super) mem_gib: u64,
    pub(super) root_gib: u64,
    pub(super) root_used: f64,
    /// When it booted, in seconds.
    pub(super) boot: i64,
    /// Since when it is offline, in seconds.
    pub(super) offline: Option<i64>,
    /// From when to when it reported nothing, in seconds.
    pub(super) gaps: Vec<(i64, i64)>,
    /// When its history begins, where that is not its last boot.
    #[serde(skip)]
    pub(super) known_since: Option<i64>,
    #[serde(skip)]
    pub(super) going: Option<Going>,
    /// Its packages were updated.
    #[serde(skip)]
    pub(super) patched: bool,
    /// Its kernel too, since it was booted.
    #[serde(skip)]
    pub(super) kernel_runs: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Qemu,
    Lxc,
}

impl Kind {
    /// As paths and types have it.
    pub(super) fn word(self) -> &'static str {
        if self == Kind::Qemu { "qemu" } else { "lxc" }
    }

    /// As messages have it.
    pub(super) fn short(self) -> &'static str {
        if self == Kind::Qemu { "VM" } else { "CT" }
    }

    pub(super) fn folder(self) -> &'static str {
        if self == Kind::Qemu { "qemu-server" } else { "lxc" }
    }

    /// PVE's words when there is no such guest on a node.
    pub(super) fn missing(self, node: &str, vmid: u32) -> String {
        format!("Configuration file 'nodes/{node}/{}/{vmid}.conf' does not exist", self.folder())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Power {
    Stopped,
    Running,
    Paused,
}

/// What makes a guest behave worse than others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Quirk {
    #[default]
    None,
    /// It does not react to a shutdown.
    Deaf,
    /// Its guest agent is configured and does not answer.
    Mute,
}

#[derive(Clone, Debug)]
pub(super) struct Guest {
    pub(super) vmid: u32,
    pub(super) kind: Kind,
    pub(super) node: String,
    pub(super) config: Map<String, Value>,
    /// What is to be set and removed when it starts anew; the sign says that a disk is to go for good.
    pub(super) pending: Map<String, Value>,
    pub(super) pending_delete: BTreeMap<String, bool>,
    /// What cloud-init's drive says, where that is no longer what is configured.
    pub(super) told: Option<Map<String, Value>>,
    pub(super) pool: Option<String>,
    /// When it was made, if that was not before all time.
    pub(super) made: Option<Ms>,
    /// Each change of power and its time, oldest first.
    pub(super) changes: Vec<(Ms, Power)>,
    pub(super) ha: Option<Ha>,
    pub(super) snapshots: Vec<Snapshot>,
    /// Mean use of its processors and of its memory, as parts of one.
    pub(super) load: (f64, f64),
    pub(super) quirk: Quirk,
}

#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) time: i64,
    pub(super) vmstate: bool,
    pub(super) parent: Option<String>,
    /// The guest's configuration when it was made.
    pub(super) config: Map<String, Value>,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Storage {
    pub(super) storage: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) content: String,
    pub(super) shared: bool,
    pub(super) disable: bool,
    /// Its size; none when it lies on the node's own file system.
    pub(super) total_gib: u64,
    pub(super) used: f64,
    /// How much of what is used came in a day, and how far that swings.
    pub(super) grows: f64,
    pub(super) swings: f64,
    /// It has no room left.
    #[serde(skip)]
    pub(super) full: bool,
    /// The rest of its definition.
    pub(super) more: Map<String, Value>,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Pool {
    pub(super) poolid: String,
    pub(super) comment: Option<String>,
}

impl Guest {
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.config.get(key).and_then(Value::as_str)
    }

    /// A number of the configuration, which PVE may hold as a string.
    pub(super) fn number(&self, key: &str) -> Option<u64> {
        let value = self.config.get(key)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    }

    /// Its name, or the one that PVE makes up.
    pub(super) fn name(&self) -> String {
        let short = if self.kind == Kind::Qemu { "VM " } else { "CT" };
        let own = self.text("name").or(self.text("hostname")).map(str::to_owned);
        own.unwrap_or_else(|| format!("{short}{}", self.vmid))
    }

    pub(super) fn cores(&self) -> u64 {
        self.number("cores").unwrap_or(1).saturating_mul(self.number("sockets").unwrap_or(1))
    }

    pub(super) fn memory(&self) -> u64 {
        self.number("memory").unwrap_or(512).saturating_mul(1 << 20)
    }

    pub(super) fn lock(&self) -> Option<&str> {
        self.text("lock")
    }

    pub(super) fn is_set(&self, key: &str) -> bool {
        self.number(key) == Some(1)
    }

    /// Its disks: key, volume and size in bytes. Drives for media are none.
    pub(super) fn disks(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.config.iter().filter_map(|(key, value)| {
            super::drive::rank(self.kind, key)?;
            let setting = value.as_str()?;
            let drive = Drive::read(setting);
            let volume = drive.image().filter(|_| !drive.is_cdrom())?;
            // Where it stands in the configuration itself.
            let at = setting.find(volume)?;
            Some((key.as_str(), &setting[at..at + volume.len()], drive.size()?))
        })
    }

    /// The size of the disk that it boots from, which is all that PVE reports.
    pub(super) fn maxdisk(&self) -> u64 {
        let order = self.text("boot").and_then(|boot| boot.strip_prefix("order=")).unwrap_or_default();
        let size = |key: &str| self.disks().find(|(disk, ..)| *disk == key).map(|(.., size)| size);
        let first = order.split(';').find_map(size).or_else(|| size("rootfs"));
        first.or_else(|| self.disks().map(|(.., size)| size).next()).unwrap_or(0)
    }

    pub(super) fn power_at(&self, at: Ms) -> Power {
        self.last_change(at).map_or(Power::Stopped, |(_, power)| power)
    }

    fn last_change(&self, at: Ms) -> Option<(Ms, Power)> {
        self.changes.iter().rev().find(|(when, _)| *when <= at).copied()
    }

    /// Seconds since it was started.
    pub(super) fn uptime_at(&self, at: Ms) -> i64 {
        let before = self.changes.iter().rev().skip_while(|(when, _)| *when > at);
        let started = before.take_while(|(_, power)| *power != Power::Stopped).last();
        started.map_or(0, |(when, _)| (at - when) / 1000)
    }
}

impl State {
    pub(super) fn seconds(&self) -> i64 {
        self.now / 1000
    }

    /// A number that looks random and is the same whenever the same was done before.
    pub(super) fn draw(&mut self) -> u64 {
        self.drawn += 1;
        mix(self.drawn ^ 0x5eed_0000_0000)
    }

    /// The moment that `/cluster/resources` shows.
    pub(super) fn lagging(&self) -> Ms {
        self.now - LAG
    }

    /// The moment that the overview shows of what is on a node; nothing once that is too long ago.
    pub(super) fn last_seen(&self, node: &str) -> Option<Ms> {
        match self.node(node)?.offline.map(|since| since * 1000) {
            None => Some(self.lagging()),
            Some(since) if self.now - since < KEPT => Some(self.lagging().min(since - 1)),
            Some(_) => None,
        }
    }

    pub(super) fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// The storage that holds a volume.
    pub(super) fn storage_of(&self, volid: &str) -> Option<&Storage> {
        let (id, _) = volid.split_once(':')?;
        self.storages.iter().find(|storage| storage.storage == id)
    }

    /// Whether every node reaches all disks of a guest.
    pub(super) fn is_shared(&self, guest: &Guest) -> bool {
        guest.disks().all(|(_, volid, _)| self.storage_of(volid).is_some_and(|storage| storage.shared))
    }

    pub(super) fn is_online(&self, name: &str) -> bool {
        self.node(name).is_some_and(|node| node.offline.is_none())
    }

    pub(super) fn guest(&self, kind: Kind, node: &str, vmid: u32) -> Option<&Guest> {
        self.guests.get(&vmid).filter(|guest| guest.kind == kind && guest.node == node)
    }

    pub(super) fn guests_on(&self, node: &str) -> impl Iterator<Item = &Guest> {
        self.guests.values().filter(move |guest| guest.node == node)
    }

    pub(super) fn schedule(&mut self, at: Ms, due: Due) {
        // What is due at the same time happens in the order of asking.
        let place = self.due.partition_point(|(when, _)| *when <= at);
        self.due.insert(place, (at, due));
    }

    /// Lets this much time go by, with all that happens in it.
    pub(super) fn advance(&mut self, time: Ms) {
        let end = self.now + time;
        while self.due.first().is_some_and(|(at, _)| *at <= end) {
            let (at, due) = self.due.remove(0);
            self.now = self.now.max(at);
            match due {
                Due::Judge(task) => self.judge(task),
                Due::Effect(_, effect) => {
                    effect(self);
                    self.wake_ha();
                }
                Due::Step(task) => self.step(task),
                Due::Ha(round) => self.ha_goes_on(round),
                Due::Going(node) => self.goes_down(&node),
                Due::Boot(node, since) => self.boots(&node, since),
                Due::Watchdog(node, since) => self.watchdog(&node, since),
            }
        }
        self.now = end;
    }
}
