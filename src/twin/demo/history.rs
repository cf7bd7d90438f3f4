//! What happened on the built-in cluster before a notebook looks at it: tasks with their logs, and backups.
//!
//! Knows the nightly rounds and a table of single events; logs are made up from kind and end of a task.

use serde_json::{Value, json};

use super::{START, lines};
use crate::twin::rrd::mix;
use crate::twin::state::{Guest, Kind, Node, State};
use crate::twin::tasks::Task;
use crate::twin::written::clock;

const TASKS: &str = include_str!("tasks.txt");

/// 2026-01-01 00:00:00 UTC.
const NEW_YEAR: i64 = 1_767_225_600;
const DAY: i64 = 86_400;

pub(super) fn add(state: &mut State) {
    for line in lines(TASKS) {
        if let Some(task) = event(state, line) {
            state.tasks.push(task);
        }
    }
    for days_ago in (1..=4).rev() {
        nightly(state, START - days_ago * DAY + 12 * 3600);
    }
    state.tasks.sort_by_key(|task| task.start);
    weekly(state, NEW_YEAR + 10 * DAY + 3600);
}

/// "15-08:41" in seconds.
fn moment(word: &str) -> Option<i64> {
    let (day, time) = word.split_once('-')?;
    let (hour, minute) = time.split_once(':')?;
    let [day, hour, minute] = [day, hour, minute].map(|part| part.parse::<i64>().ok());
    Some(NEW_YEAR + (day? - 1) * DAY + hour? * 3600 + minute? * 60)
}

fn event(state: &State, line: &str) -> Option<Task> {
    let mut columns = line.split_whitespace();
    let (when, node, kind) = (moment(columns.next()?)?, columns.next()?, columns.next()?);
    let (id, user) = (columns.next()?, columns.next()?);
    let seconds: i64 = columns.next()?.parse().ok()?;
    let exit = columns.collect::<Vec<_>>().join(" ");
    let at = when + i64::try_from(mix(u64::from_ne_bytes(when.to_ne_bytes())) % 60).ok()?;
    let said = said(state, kind, id, &exit, at);
    Some(past(state, node, kind, if id == "-" { "" } else { id }, user, at, seconds, &exit, said))
}

#[expect(clippy::too_many_arguments, reason = "a task as its table has it")]
fn past(
    state: &State,
    node: &str,
    kind: &str,
    id: &str,
    user: &str,
    at: i64,
    seconds: i64,
    exit: &str,
    said: Vec<String>,
) -> Task {
    let boot = state.node(node).map_or(0, |node| node.boot);
    let pid = mix(u64::from_ne_bytes(at.to_ne_bytes()) + u64::try_from(kind.len()).unwrap_or_default());
    Task {
        node: node.to_owned(),
        pid: 0x0000_4000 + u32::try_from(pid % 0x2_0000).unwrap_or_default(),
        pstart: (at - boot) * 100,
        start: at * 1000,
        kind: kind.to_owned(),
        id: id.to_owned(),
        user: user.to_owned(),
        work: None,
        lines: said.into_iter().map(|line| (at * 1000, line)).collect(),
        end: Some(((at + seconds) * 1000, exit.to_owned())),
        ..Task::default()
    }
}

/// What the log of a single event says before its last line.
fn said(state: &State, kind: &str, id: &str, exit: &str, at: i64) -> Vec<String> {
    let guest = id.parse().ok().and_then(|vmid: u32| state.guests.get(&vmid));
    let text: &str = match (kind, exit) {
        ("qmstart", "start failed: QEMU exited with code 1") => {
            "no physical interface on bridge 'vmbr1'\nkvm: -netdev type=tap,id=net0,ifname=tap106i0,script=/usr/libexec/\
             qemu-server/pve-bridge,downscript=/usr/libexec/qemu-server/pve-bridgedown,vhost=on: network script \
             /usr/libexec/qemu-server/pve-bridge failed with status 65280"
        }
        ("qmstart", exit) if exit.starts_with("WARNINGS") => "WARN: netdev net0: ignoring MTU '1400', not using VirtIO",
        ("qmstart", "OK") => "generating cloud-init ISO",
        ("qmsnapshot", "OK") => {
            "saving VM state and RAM using storage 'ceph-vm'\ncompleted saving the VM state in 5s, \
                                 saved 2.31 GiB\nsnapshotting 'drive-scsi0' (ceph-vm:vm-105-disk-0)"
        }
        ("aptupdate", "OK") => "starting apt-get update",
        ("aptupdate", _) => {
            "starting apt-get update\nHit:1 http://deb.debian.org/debian trixie InRelease\nErr:2 \
             http://download.proxmox.com/debian/pve trixie InRelease\n  Temporary failure resolving \
             'download.proxmox.com'\nE: Some index files failed to download. They have been ignored, or old ones used \
             instead."
        }
        ("qmigrate", "migration aborted") => {
            "starting migration of VM 125 to node 'pve4' (10.10.0.14)\nstarting VM 125 on remote node 'pve4'\nERROR: \
             migration aborted (duration 00:00:44): interrupted by signal"
        }
        ("qmigrate", _) => {
            "starting migration of VM 125 to node 'pve3' (10.10.0.13)\nstarting VM 125 on remote node 'pve3'\nstarting \
             online/live migration on unix:/run/qemu-server/125.migrate\nmigration active, transferred 3.9 GiB of 8.0 \
             GiB VM-state, 112.4 MiB/s\naverage migration speed: 146.5 MiB/s - downtime 84 ms\nmigration status: \
             completed\nmigration finished successfully (duration 00:01:01)"
        }
        ("qmclone", _) => {
            "create linked clone of drive scsi0 (ceph-vm:base-900-disk-0)\nclone ceph-vm:base-900-disk-0: \
                           base-900-disk-0 snapname __base__ to vm-901-disk-0"
        }
        ("vzdump", "job errors") => return broken_backup(at),
        ("vzdump", _) => return guest.map(|guest| backup(guest, at)).unwrap_or_default(),
        ("hastart", _) => "Requesting HA start for VM 112",
        ("hastop", _) => "Requesting HA stop for VM 126",
        ("imgcopy", _) => {
            "copying 'EVCXR_BEGIN_CONTENT text/html' <script>alert(1)</script> & \"notes\".iso\nfinished file \
                           import successfully"
        }
        ("download", _) => {
            "downloading https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-generic-amd64.qcow2\
                            \ndownload of 'debian-12-generic-amd64.qcow2' to '/var/lib/vz/template/iso' finished"
        }
        ("resize", _) => "update VM 115: resize --disk scsi0 --size +50G\nResizing image: 100% complete...done.",
        ("qmconfig", _) => "update VM 125: -memory 8192",
        ("vzdestroy", _) => "purging CT 209 from related configurations..",
        _ => "",
    };
    text.lines().map(str::to_owned).collect()
}

fn broken_backup(at: i64) -> Vec<String> {
    let now = clock(at, ["-", " ", ":"]);
    vec![
        "INFO: starting new backup job: vzdump 117 --storage nfs-backup --node pve2 --mode snapshot".into(),
        "INFO: Starting Backup of VM 117 (qemu)".into(),
        format!("INFO: Backup started at {now}"),
        "ERROR: Backup of VM 117 failed - VM is locked (backup)".into(),
        format!("INFO: Failed at {now}"),
        "INFO: Backup job finished with errors".into(),
    ]
}

/// The lines on one guest.
fn backup(guest: &Guest, at: i64) -> Vec<String> {
    let (vmid, short, kind, name) = (guest.vmid, guest.kind.short(), guest.kind.word(), guest.name());
    let now = clock(at, ["-", " ", ":"]);
    let mut lines = vec![
        format!("INFO: Starting Backup of VM {vmid} ({kind})"),
        format!("INFO: Backup started at {now}"),
        format!("INFO: status = {}", if guest.uptime_at(at * 1000) > 0 { "running" } else { "stopped" }),
        format!("INFO: {short} Name: {name}"),
    ];
    let (gib, takes) = (guest.maxdisk() >> 30, backup_takes(guest));
    lines.push("INFO: backup mode: snapshot".into());
    lines.push(format!("INFO: creating Proxmox Backup Server archive '{}'", archive(guest, at)));
    lines.push(format!("INFO: transferred {gib}.00 GiB in {} seconds", takes - 2));
    lines.push(format!("INFO: Finished Backup of VM {vmid} (00:{:02}:{:02})", takes / 60, takes % 60));
    lines
}

fn archive(guest: &Guest, at: i64) -> String {
    let kind = if guest.kind == Kind::Qemu { "vm" } else { "ct" };
    format!("{kind}/{}/{}Z", guest.vmid, clock(at, ["-", "T", ":"]))
}

fn is_in_nightly(state: &State, guest: &Guest) -> bool {
    let excluded = state.jobs.first().and_then(|job| job["exclude"].as_str()).unwrap_or_default();
    !excluded.split(',').any(|vmid| vmid == guest.vmid.to_string())
}

/// How long the backup of a guest takes, in seconds.
fn backup_takes(guest: &Guest) -> i64 {
    10 + i64::try_from(guest.maxdisk() >> 33).unwrap_or_default()
}

/// The guests that a node saves in a night, one after the other, and when each begins.
fn round<'a>(state: &'a State, node: &'a Node, at: i64) -> impl Iterator<Item = (&'a Guest, i64)> {
    let saved = state.guests_on(&node.name).filter(|guest| is_in_nightly(state, guest));
    saved.scan(at + i64::from(node.id), |clock, guest| {
        let begins = *clock;
        *clock += backup_takes(guest) + 2;
        Some((guest, begins))
    })
}

/// The backup of a night and the update of package lists, on each node.
fn nightly(state: &mut State, at: i64) {
    let (mut tasks, mut volumes) = (Vec::new(), Vec::new());
    for node in &state.nodes {
        let mut said = vec!["INFO: starting new backup job: vzdump --all 1 --storage pbs-main --mode snapshot".into()];
        let mut takes = 3;
        for (guest, begins) in round(state, node, at) {
            said.extend(backup(guest, begins));
            volumes.push(on_server(guest, begins));
            takes += backup_takes(guest) + 2;
        }
        said.push("INFO: Backup job finished successfully".into());
        let begins = at + i64::from(node.id);
        tasks.push(past(state, &node.name, "vzdump", "", "root@pam", begins, takes, "OK", said));
        let update = at + 6 * 3600 + i64::from(node.id) * 311;
        let said = vec!["starting apt-get update".into()];
        tasks.push(past(state, &node.name, "aptupdate", "", "root@pam", update, 6, "OK", said));
    }
    state.tasks.extend(tasks);
    state.volumes.extend(volumes);
}

/// What the weekly job left on the file server.
fn weekly(state: &mut State, at: i64) {
    let saved = state.guests.values().filter(|guest| guest.pool.as_deref() == Some("prod"));
    let volumes: Vec<Value> = saved.map(|guest| on_files(guest, at)).collect();
    state.volumes.extend(volumes);
}

fn on_server(guest: &Guest, at: i64) -> Value {
    let checked = format!("UPID:pbs:00000A1F:0000{:04X}:00000001:{:08X}:verify:main:root@pam:", guest.vmid, at + 9_000);
    json!({
        "volid": format!("pbs-main:backup/{}", archive(guest, at)), "vmid": guest.vmid, "ctime": at, "content": "backup",
        "format": if guest.kind == Kind::Qemu { "pbs-vm" } else { "pbs-ct" }, "subtype": guest.kind.word(),
        "size": guest.maxdisk() + 4096, "notes": guest.name(), "verification": { "state": "ok", "upid": checked },
    })
}

fn on_files(guest: &Guest, at: i64) -> Value {
    let at = at + i64::from(guest.vmid % 60) * 31;
    let kind = guest.kind.word();
    let format = if guest.kind == Kind::Qemu { "vma.zst" } else { "tar.zst" };
    json!({
        "volid": format!("nfs-backup:backup/vzdump-{kind}-{}-{}.{format}", guest.vmid, clock(at, ["_", "-", "_"])),
        "vmid": guest.vmid, "ctime": at, "content": "backup", "format": format, "subtype": kind,
        "size": guest.maxdisk() * 2 / 5, "notes": format!("demo, {} ({})", guest.name(), guest.vmid),
    })
}
