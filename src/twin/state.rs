//! What the simulated cluster is made of, and its clock: nodes, guests, storages, tasks, and what is due to happen.
//!
//! Knows how time changes things; knows no path of the API and not where the first state comes from.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::tasks::Task;
use super::work::{Effect, Work};

/// Milliseconds since 1970 began.
pub(super) type Ms = i64;

/// How long `/cluster/resources` stays behind.
const LAG: Ms = 10_000;

/// A whole cluster at a moment.
#[derive(Default)]
pub(super) struct State {
    pub(super) now: Ms,
    pub(super) cluster: String,
    pub(super) nodes: Vec<Node>,
    pub(super) guests: BTreeMap<u32, Guest>,
    pub(super) storages: Vec<Storage>,
    pub(super) volumes: Vec<Value>,
    pub(super) pools: Vec<Pool>,
    pub(super) jobs: Vec<Value>,
    /// Answers that nothing here changes, by path.
    pub(super) fixed: Map<String, Value>,
    pub(super) tasks: Vec<Task>,
    pub(super) due: Vec<(Ms, Due)>,
}

/// What is to happen at its time.
pub(super) enum Due {
    /// A task, by its place in the list, gets to its work.
    Judge(usize),
    /// A change comes true.
    Effect(Effect),
    /// The HA manager starts a task of its own.
    Begin(u32, Work),
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
    pub(super) gap: Option<(i64, i64)>,
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

    fn folder(self) -> &'static str {
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
    pub(super) pool: Option<String>,
    /// Each change of power and its time, oldest first.
    pub(super) changes: Vec<(Ms, Power)>,
    pub(super) ha: Option<Ha>,
    pub(super) snapshots: Vec<Snapshot>,
    /// Mean use of its processors and of its memory, as parts of one.
    pub(super) load: (f64, f64),
    pub(super) quirk: Quirk,
}

/// A guest in the hands of the HA manager.
#[derive(Clone, Debug)]
pub(super) struct Ha {
    pub(super) wanted: &'static str,
    pub(super) state: &'static str,
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

    pub(super) fn name(&self) -> &str {
        self.text("name").or(self.text("hostname")).unwrap_or_default()
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

    /// Its disks: key, volume and size in bytes.
    pub(super) fn disks(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.config.iter().filter_map(|(key, value)| {
            let (volume, options) = value.as_str()?.split_once(',')?;
            let size = options.split(',').find_map(|o| o.strip_prefix("size="))?.strip_suffix('G')?;
            Some((key.as_str(), volume, size.parse::<u64>().ok()? << 30))
        })
    }

    /// The size of its first disk, which is all that PVE reports.
    pub(super) fn maxdisk(&self) -> u64 {
        self.disks().find(|(key, ..)| matches!(*key, "scsi0" | "rootfs")).map_or(0, |(.., size)| size)
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

    /// The moment that `/cluster/resources` shows.
    pub(super) fn lagging(&self) -> Ms {
        self.now - LAG
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
                Due::Effect(effect) => self.apply(effect),
                Due::Begin(vmid, work) => self.begin_for_ha(vmid, work),
            }
        }
        self.now = end;
    }
}
