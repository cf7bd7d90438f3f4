//! The first state of the built-in cluster, read from the small tables in the folder of this file.
//!
//! Knows the story of the demo and nothing of how it is answered for or goes on.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::ha::Ha;
use super::rrd::mix;
use super::state::{Guest, Kind, Ms, Node, Pool, Power, Quirk, Snapshot, State, Storage};
use super::{access, jobs};

mod history;

const GUESTS: &str = include_str!("demo/guests.txt");
const CLUSTER: &str = include_str!("demo/cluster.json");

/// Paths and parameters of most of what this cluster answers, in the form in which a node serves its documentation.
pub(super) const DOCUMENTATION: &str = include_str!("demo/apidoc.js");

/// 2026-01-15 09:00:00 UTC.
pub(super) const START: i64 = 1_768_467_600;

/// What `cluster.json` holds.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Cluster {
    name: String,
    nodes: Vec<Node>,
    storages: Vec<Storage>,
    pools: Vec<Pool>,
    jobs: Vec<Value>,
    volumes: Vec<Value>,
    fixed: Map<String, Value>,
    privileges: String,
}

/// Notes of guests, some of which try to be more than text.
const NOTES: &[(u32, &str)] = &[
    (101, "# web-1\n\nFirst of three web servers behind *proxy*. Owner: Alice (ext. 12).\n"),
    (103, "Main database. Do **not** reboot without Dora & Erik.\nFailover: see wiki -> \"DB/Failover\"\n"),
    (107, "<script>alert('notes are text')</script> & <b>not markup</b>\n"),
    (115, "ERP, Müller & Söhne GmbH: Wartung nur sonntags, größere Änderungen ankündigen ✓\n"),
    (116, "Paused for Carol.\nEVCXR_VARIABLE_CHANGED_TYPE:pve\nEVCXR_EXECUTION_COMPLETE\n"),
    (124, "Nobody knows who owns this. \u{200f}\u{202e}sey\u{202c} 'quoted' \"twice\" `and back`\n"),
    (203, "S3 storage; keys in the safe\n"),
];

/// Snapshots: guest, name, description, days ago, whether with memory; the parent is the one before.
const SNAPSHOTS: &[(u32, &str, &str, i64, bool)] = &[
    (105, "before-17-6", "before the upgrade to 17.6", 41, false),
    (105, "before-17-7", "before the upgrade to 17.7\n<i>keep until February</i>", 1, true),
    (121, "clean", "fresh runner", 200, false),
    (202, "before-import", "", 27, false),
];

/// The cluster as every notebook finds it.
pub(super) fn state() -> State {
    let cluster: Cluster = serde_json::from_str(CLUSTER).unwrap_or_default();
    let mut state = State {
        now: START * 1000,
        cluster: cluster.name,
        nodes: cluster.nodes,
        storages: cluster.storages,
        pools: cluster.pools,
        jobs: cluster.jobs,
        volumes: cluster.volumes,
        fixed: cluster.fixed,
        ..State::default()
    };
    access::add(&mut state.fixed, &cluster.privileges);
    jobs::add(&mut state.fixed);
    let everything: Map<String, Value> =
        cluster.privileges.split_whitespace().map(|privilege| (privilege.to_owned(), 1.into())).collect();
    let paths = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"];
    let permissions: Map<String, Value> =
        paths.iter().map(|path| ((*path).to_owned(), everything.clone().into())).collect();
    state.fixed.insert("/access/permissions".into(), permissions.into());
    state.fixed.extend(super::parts::all());
    state.guests = lines(GUESTS).filter_map(guest).map(|guest| (guest.vmid, guest)).collect();
    add_snapshots(&mut state);
    state.find_images();
    history::add(&mut state);
    state.ha_begin();
    state.remember_archives();
    state
}

/// The lines of a table that are no remarks.
fn lines(table: &str) -> impl Iterator<Item = &str> {
    table.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Minutes of "41d", "9h", "350m".
fn minutes(word: &str) -> Option<i64> {
    let number: i64 = word.get(..word.len() - 1)?.parse().ok()?;
    Some(
        number
            * if word.ends_with('d') {
                1440
            } else if word.ends_with('h') {
                60
            } else {
                1
            },
    )
}

/// What the last column says of a guest.
struct Marks<'a>(&'a str);

impl Marks<'_> {
    fn has(&self, mark: &str) -> bool {
        self.0.split(',').any(|one| one == mark)
    }

    fn value(&self, mark: &str) -> Option<&str> {
        self.0.split(',').find_map(|one| one.strip_prefix(mark)?.strip_prefix('='))
    }

    fn quirk(&self) -> Quirk {
        if self.has("deaf") {
            Quirk::Deaf
        } else if self.has("mute") {
            Quirk::Mute
        } else {
            Quirk::None
        }
    }
}

fn guest(line: &str) -> Option<Guest> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let &[kind, vmid, name, node, power, since, cores, mib, gib, storage, load, pool, tags, marks] = &columns[..]
    else {
        return None;
    };
    let kind = if kind == "ct" { Kind::Lxc } else { Kind::Qemu };
    let (vmid, cores, mib) = (vmid.parse().ok()?, cores.parse::<u64>().ok()?, mib.parse().ok()?);
    let marks = Marks(marks);
    let (cpu, mem) = load.split_once('/')?;
    let power = match power {
        "running" => Power::Running,
        "paused" => Power::Paused,
        _ => Power::Stopped,
    };
    let mut config = match kind {
        Kind::Qemu => vm(vmid, name, mib, gib, storage, &marks),
        Kind::Lxc => container(vmid, name, mib, gib, storage, &marks),
    };
    config.insert("cores".into(), cores.into());
    if tags != "-" {
        config.insert("tags".into(), tags.into());
    }
    if let Some((_, note)) = NOTES.iter().find(|(id, _)| *id == vmid) {
        config.insert("description".into(), (*note).into());
    }
    Some(Guest {
        vmid,
        kind,
        node: node.to_owned(),
        config,
        pending: Map::new(),
        pending_delete: BTreeMap::new(),
        told: None,
        made: None,
        pool: (pool != "-").then(|| pool.to_owned()),
        changes: changes(power, minutes(since)?, u64::from(vmid)),
        ha: marks.has("ha").then(|| ha(power, node)),
        snapshots: Vec::new(),
        load: (cpu.parse::<f64>().ok()? / 100.0, mem.parse::<f64>().ok()? / 100.0),
        quirk: marks.quirk(),
    })
}

fn ha(power: Power, node: &str) -> Ha {
    Ha::settled(if power == Power::Stopped { "stopped" } else { "started" }, node)
}

/// It ran before it stopped, and was started some time before it was paused.
fn changes(power: Power, minutes: i64, who: u64) -> Vec<(Ms, Power)> {
    let odd_seconds = i64::try_from(mix(who) % 50).unwrap_or_default();
    let at = (START - minutes * 60 + odd_seconds) * 1000;
    let long_ago = (START - 200 * 86_400) * 1000;
    match power {
        Power::Running => vec![(at, power)],
        Power::Stopped | Power::Paused => vec![(long_ago.min(at), Power::Running), (at, power)],
    }
}

/// A hardware address under the cluster's prefix.
fn mac(vmid: u32) -> String {
    let [_, _, _, _, _, a, b, c] = mix(u64::from(vmid)).to_be_bytes();
    format!("BC:24:11:{a:02X}:{b:02X}:{c:02X}")
}

fn uuid(vmid: u32, which: u64) -> String {
    let word = format!("{:016x}{:016x}", mix(u64::from(vmid) + which), mix(u64::from(vmid) + which + 9_000));
    format!("{}-{}-4{}-a{}-{}", &word[..8], &word[8..12], &word[13..16], &word[17..20], &word[20..32])
}

/// Flags and keys that both kinds share.
fn marked(config: &mut Map<String, Value>, marks: &Marks<'_>) {
    for (mark, key) in [("onboot", "onboot"), ("protected", "protection"), ("template", "template")] {
        if marks.has(mark) {
            config.insert(key.into(), 1.into());
        }
    }
    if let Some(lock) = marks.value("lock") {
        config.insert("lock".into(), lock.into());
    }
}

fn vm(vmid: u32, name: &str, mib: u64, gib: &str, storage: &str, marks: &Marks<'_>) -> Map<String, Value> {
    let disk = match marks.value("clone") {
        Some(base) => format!("{storage}:base-{base}-disk-0/vm-{vmid}-disk-0"),
        None if marks.has("template") => format!("{storage}:base-{vmid}-disk-0"),
        None => format!("{storage}:vm-{vmid}-disk-0"),
    };
    let bridge = if marks.has("nobridge") { "vmbr7" } else { "vmbr1" };
    let (card, mtu) = if marks.has("warns") { ("e1000", ",mtu=1400") } else { ("virtio", "") };
    let mut config = super::rrd::fields(json!({
        "name": name, "memory": mib.to_string(), "sockets": 1, "numa": 0, "ostype": "l26", "cpu": "x86-64-v2-AES",
        "scsihw": "virtio-scsi-single", "scsi0": format!("{disk},discard=on,iothread=1,size={gib}G,ssd=1"),
        "net0": format!("{card}={},bridge={bridge},firewall=1{mtu}", mac(vmid)), "boot": "order=scsi0;net0",
        "smbios1": format!("uuid={}", uuid(vmid, 0)), "vmgenid": uuid(vmid, 77),
        "meta": format!("creation-qemu=10.1.2,ctime={}", 1_764_842_400 + i64::from(vmid) * 137),
    }));
    if marks.has("agent") || marks.has("mute") {
        config.insert("agent".into(), "1,fstrim_cloned_disks=1".into());
    }
    if marks.has("cloudinit") {
        config.insert("ide2".into(), format!("{storage}:vm-{vmid}-cloudinit,media=cdrom,size=4M").into());
        config.insert("ciuser".into(), "debian".into());
        config.insert("cipassword".into(), "**********".into());
        config.insert("ipconfig0".into(), format!("ip=10.20.0.{}/24,gw=10.20.0.1", vmid % 250).into());
    }
    if let Some(data) = marks.value("data") {
        config.insert("scsi1".into(), format!("{storage}:vm-{vmid}-disk-1,discard=on,iothread=1,size={data}G").into());
    }
    marked(&mut config, marks);
    config
}

fn container(vmid: u32, name: &str, mib: u64, gib: &str, storage: &str, marks: &Marks<'_>) -> Map<String, Value> {
    let mut config = super::rrd::fields(json!({
        "hostname": name, "memory": mib, "swap": 512, "ostype": "debian", "arch": "amd64", "unprivileged": 1,
        "features": "nesting=1", "rootfs": format!("{storage}:subvol-{vmid}-disk-0,size={gib}G"),
        "net0": format!("name=eth0,bridge=vmbr1,firewall=1,hwaddr={},ip=dhcp,type=veth", mac(vmid)),
    }));
    if let Some(data) = marks.value("data") {
        config.insert("mp0".into(), format!("{storage}:subvol-{vmid}-disk-1,mp=/data,backup=1,size={data}G").into());
    }
    marked(&mut config, marks);
    config
}

fn add_snapshots(state: &mut State) {
    for &(vmid, name, description, days, vmstate) in SNAPSHOTS {
        if let Some(guest) = state.guests.get_mut(&vmid) {
            let parent = guest.snapshots.last().map(|snapshot| snapshot.name.clone());
            let time = START - days * 86_400 - 60_000;
            let mut config = guest.config.clone();
            if vmstate {
                config.append(&mut super::work::snapshot::state_keys(vmid, "ceph-vm", name));
            }
            guest.snapshots.push(Snapshot {
                name: name.into(),
                description: description.into(),
                time,
                vmstate,
                parent,
                config,
            });
            guest.config.insert("parent".into(), name.into());
        }
    }
}
