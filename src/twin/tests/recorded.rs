//! The fields of the simulated answers against those of recorded ones, where a folder of these is at hand.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Twin, body, read};

/// Field names of an object, or of all rows of a list together: those that some have, and those that all have.
fn names(data: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let rows: Vec<&Value> = match data {
        Value::Array(rows) => rows.iter().collect(),
        one => vec![one],
    };
    let sets = rows.iter().filter_map(|row| Some(row.as_object()?.keys().cloned().collect::<BTreeSet<_>>()));
    let some = sets.clone().flatten().collect();
    (some, sets.reduce(|a, b| &a & &b).unwrap_or_default())
}

/// What a list has of running containers alone; the recorded one held no other.
const PROCESS: &str = "pid pressurecpufull pressurecpusome pressureiofull pressureiosome pressurememoryfull \
    pressurememorysome";

/// Recorded answer, path here, and fields that only one of the two has, for a reason.
const RECORDED: &[(&str, &str, &str)] = &[
    ("version", "/version", ""),
    ("cluster__status", "/cluster/status", ""),
    // The zone of the recording had no other kind than its own.
    ("cluster__resources", "/cluster/resources", "zone-type"),
    ("cluster__resources@type=vm", "/cluster/resources?type=vm", ""),
    ("cluster__resources@type=node", "/cluster/resources?type=node", ""),
    ("cluster__resources@type=storage", "/cluster/resources?type=storage", ""),
    ("cluster__resources@type=sdn", "/cluster/resources?type=sdn", ""),
    // Sequences of the recording have it.
    ("cluster__tasks", "/cluster/tasks", "tokenid"),
    ("cluster__options", "/cluster/options", ""),
    ("cluster__log", "/cluster/log", ""),
    // A backup server compresses by itself.
    ("cluster__backup", "/cluster/backup", "compress"),
    ("cluster__backup-info__not-backed-up", "/cluster/backup-info/not-backed-up", ""),
    ("cluster__ha__status__current", "/cluster/ha/status/current", ""),
    ("cluster__ha__resources", "/cluster/ha/resources", ""),
    ("nodes", "/nodes", ""),
    ("nodes__pve1__status", "/nodes/pve1/status", ""),
    ("nodes__pve1__version", "/nodes/pve1/version", ""),
    ("nodes__pve1__time", "/nodes/pve1/time", ""),
    ("nodes__pve1__network", "/nodes/pve1/network", "exists"),
    ("nodes__pve1__services", "/nodes/pve1/services", ""),
    ("nodes__pve1__subscription", "/nodes/pve1/subscription", ""),
    ("nodes__pve1__rrddata@timeframe=hour", "/nodes/pve1/rrddata?timeframe=hour", ""),
    ("nodes__pve1__qemu", "/nodes/pve1/qemu", ""),
    ("nodes__pve1__lxc", "/nodes/pve3/lxc", PROCESS),
    ("nodes__pve2__storage", "/nodes/pve1/storage", ""),
    ("nodes__pve1__storage__backup__status", "/nodes/pve1/storage/nfs-backup/status", ""),
    ("nodes__pve1__storage__backup__content", "/nodes/pve1/storage/nfs-backup/content?content=backup", "notes"),
    // A real one adds what its files tell of themselves.
    ("nodes__pve1__storage__vmdata__content", "/nodes/pve1/storage/ceph-vm/content?content=images", "ctime used"),
    ("nodes__pve1__tasks", "/nodes/pve1/tasks", ""),
    ("nodes__pve1__qemu__103__status__current", "/nodes/pve3/qemu/123/status/current", ""),
    ("nodes__pve1__qemu__101__status__current", "/nodes/pve1/qemu/102/status/current", "shares balloon_min"),
    ("nodes__pve1__lxc__200__status__current", "/nodes/pve2/lxc/202/status/current", ""),
    ("nodes__pve1__qemu__101__pending", "/nodes/pve1/qemu/102/pending", ""),
    ("nodes__pve1__qemu__106__snapshot", "/nodes/pve1/qemu/105/snapshot", ""),
    ("nodes__pve1__lxc__200__snapshot", "/nodes/pve3/lxc/207/snapshot", ""),
    ("nodes__pve1__qemu__101__rrddata@timeframe=hour", "/nodes/pve1/qemu/102/rrddata?timeframe=hour", ""),
    ("nodes__pve1__lxc__200__rrddata@timeframe=hour", "/nodes/pve2/lxc/202/rrddata?timeframe=hour", ""),
    ("nodes__pve1__qemu__100__feature@feature=snapshot", "/nodes/pve1/qemu/102/feature?feature=snapshot", ""),
    // The recorded guest had no options set.
    (
        "nodes__pve1__qemu__100__firewall__options",
        "/nodes/pve1/qemu/102/firewall/options",
        "enable log_level_in policy_in",
    ),
    ("pools", "/pools", ""),
    ("pools@poolid=prod%2Fweb", "/pools?poolid=prod/web", ""),
    ("pools__prod", "/pools/prod", ""),
    // Only where too many wrong codes were given.
    ("access__users", "/access/users", "totp-locked"),
    ("access__groups", "/access/groups", ""),
    ("access__roles", "/access/roles", ""),
    ("access__acl", "/access/acl", ""),
    ("access__domains", "/access/domains", ""),
];

/// Run with `PVE_RECORDED` naming a folder of recorded answers of a real cluster.
#[test]
fn answers_have_the_fields_of_recorded_ones() {
    let Some(folder) = std::env::var_os("PVE_RECORDED").map(std::path::PathBuf::from) else {
        println!("Skipped: PVE_RECORDED names no folder of recorded answers");
        return;
    };
    let twin = Twin::demo();
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for (file, path, known) in RECORDED {
        // Another folder may hold others.
        let Ok(text) = std::fs::read_to_string(folder.join(format!("{file}.json"))) else { continue };
        compared += 1;
        let recorded: Value = serde_json::from_str(&text).unwrap();
        let here = body(&read(&twin, path));
        let (theirs, ours) = (names(&recorded["body"]["data"]), names(&here["data"]));
        let known = |name: &&String| !known.split(' ').any(|one| one == name.as_str());
        let missing: Vec<_> = theirs.1.difference(&ours.1).filter(known).collect();
        let invented: Vec<_> = ours.0.difference(&theirs.0).filter(known).collect();
        let envelope = recorded["body"].as_object().unwrap().keys().ne(here.as_object().unwrap().keys());
        if envelope || !missing.is_empty() || !invented.is_empty() {
            wrong.push(format!("{path}: missing {missing:?}, invented {invented:?}, envelope differs: {envelope}"));
        }
    }
    println!("{compared} answers of the simulated cluster were held against recorded ones");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
