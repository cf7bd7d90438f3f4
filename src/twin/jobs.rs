//! What the simulated cluster does by itself: backup jobs and what they cover, replication and how it went.

use serde_json::{Map, Value, json};

use super::answer::{Answered, Params, failed, wrong};
use super::rrd::merge;
use super::state::{Guest, Kind, Node, State};

/// Answers of the cluster as a whole that nothing changes, by path.
const TABLES: &str = include_str!("demo/datacenter.json");

pub(super) fn add(fixed: &mut Map<String, Value>) {
    fixed.append(&mut serde_json::from_str(TABLES).unwrap_or_default());
}

pub(super) fn backup(state: &State, id: &str) -> Answered {
    match state.jobs.iter().find(|job| job["id"] == *id) {
        Some(job) => Ok(job.clone()),
        None => wrong("id", format!("No such job '{id}'")),
    }
}

/// Whether a backup job covers a guest. PVE asks no job whether it is enabled.
fn covers(job: &Value, guest: &Guest) -> bool {
    let vmid = guest.vmid.to_string();
    let lists = |key: &str| job[key].as_str().is_some_and(|list| list.split(',').any(|id| id == vmid));
    let pool = job["pool"].as_str();
    (job["all"] == 1 && !lists("exclude")) || lists("vmid") || (pool.is_some() && pool == guest.pool.as_deref())
}

pub(super) fn not_backed_up(state: &State) -> Value {
    let bare = state.guests.values().filter(|guest| !state.jobs.iter().any(|job| covers(job, guest)));
    bare.map(|guest| json!({ "vmid": guest.vmid, "name": guest.name(), "type": guest.kind.word() })).collect()
}

/// The guests that a job covers, and below each its volumes.
pub(super) fn included_volumes(state: &State, id: &str) -> Answered {
    let job = backup(state, id)?;
    let volume = |guest: &Guest, (key, volume): (&String, &str)| {
        let (included, reason) = match (guest.kind, volume) {
            (Kind::Lxc, _) if key == "rootfs" => (1, "rootfs"),
            (Kind::Lxc, volume) if volume.contains(",backup=1") => (1, "enabled"),
            (Kind::Lxc, _) => (0, "disabled"),
            (Kind::Qemu, volume) if volume.contains(",backup=0") => (0, "backup=no"),
            (Kind::Qemu, _) => (1, "backup=yes"),
        };
        let name = volume.split(',').next();
        json!({ "id": format!("{}:{key}", guest.vmid), "name": name, "included": included, "reason": reason, "leaf": 1 })
    };
    let row = |guest: &Guest| {
        let disks = guest.config.iter().filter_map(|(key, value)| {
            let value = value.as_str()?;
            let is_disk = value.contains(",size=") && !value.contains("media=cdrom");
            is_disk.then(|| volume(guest, (key, value)))
        });
        let disks: Vec<Value> = disks.collect();
        json!({
            "id": guest.vmid, "name": guest.name(), "type": guest.kind.word(), "leaf": u8::from(disks.is_empty()),
            "children": disks,
        })
    };
    let children: Vec<Value> = state.guests.values().filter(|guest| covers(&job, guest)).map(row).collect();
    Ok(json!({ "children": children }))
}

/// How often replication is done when nothing is said of it, in seconds.
const QUARTER: i64 = 900;

/// The jobs that copy from a node. Those to a node that is offline have failed since.
pub(super) fn replication_on(state: &State, node: &Node, params: Params<'_>) -> Answered {
    let guest = params.only(&["guest"])?.int("guest")?;
    let jobs = state.fixed.get("/cluster/replication").and_then(Value::as_array).into_iter().flatten();
    let here = jobs.filter(|job| job["source"] == *node.name && guest.is_none_or(|vmid| job["guest"] == vmid));
    Ok(here.map(|job| replicated(state, job)).collect())
}

pub(super) fn replication_status(state: &State, node: &Node, id: &str) -> Answered {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !id.split_once('-').is_some_and(|(guest, number)| is_number(guest) && is_number(number)) {
        return wrong("id", format!("invalid format - invalid replication job id '{id}'\n"));
    }
    let all = replication_on(state, node, Params(&[]))?;
    match all.as_array().into_iter().flatten().find(|job| job["id"] == *id) {
        Some(job) => Ok(job.clone()),
        None => failed(format!("no such replication job '{id}'")),
    }
}

fn replicated(state: &State, job: &Value) -> Value {
    let period = if job["schedule"].is_null() { QUARTER } else { 2 * QUARTER };
    let due = state.seconds() / period * period;
    let vmid = job["guest"].as_u64().and_then(|vmid| u32::try_from(vmid).ok());
    let kind = vmid.and_then(|vmid| state.guests.get(&vmid)).map(|guest| guest.kind.word());
    let mut row = job.clone();
    merge(&mut row, json!({ "vmtype": kind }));
    let target = job["target"].as_str().and_then(|target| state.node(target));
    let how = match target.and_then(|target| Some((target, target.offline?))) {
        None => {
            json!({ "last_sync": due, "last_try": due, "next_sync": due + period, "duration": 4.180342, "fail_count": 0 })
        }
        Some((target, since)) => json!({
            "last_sync": since / period * period, "last_try": due, "next_sync": due + 2 * QUARTER, "duration": 3.071655,
            "fail_count": (due - since / period * period) / period,
            "error": format!("command '/usr/bin/ssh -e none -o 'BatchMode=yes' root@{} true' failed: exit code 255", target.ip),
        }),
    };
    merge(&mut row, how);
    row
}

/// One of the rows of an answer that nothing changes, by its name; a path of its own comes first.
pub(super) fn one_fixed(state: &State, path: &[&str]) -> Option<Value> {
    let (last, above) = path.split_last()?;
    let rows = state.fixed.get(&format!("/{}", above.join("/")))?.as_array()?;
    let mut row = rows.iter().find(|row| ["id", "name", "rule"].iter().any(|key| row[*key] == **last))?.clone();
    // What is asked for by its id does not repeat it, except for replication.
    if above.first() == Some(&"cluster") && above.get(1) == Some(&"mapping") {
        row.as_object_mut()?.remove("id");
    }
    Some(row)
}
