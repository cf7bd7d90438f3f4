//! How the task goes that moves a virtual machine: prepared, its disks copied, moved while it runs.

use super::volumes::{Local, Role, Scan};
use super::{Migration, Tale, broken, ssh};
use crate::twin::nodes::BRIDGES;
use crate::twin::state::{Guest, Ms, Power, State};
use crate::twin::work::course::Course;
use crate::twin::written::{bytes, short_time};

/// How long a gibibyte of a disk takes.
const DISK: Ms = 1_000;
/// How long a gibibyte of memory takes.
const MEMORY: Ms = 900;

pub(super) fn course(migration: &Migration, state: &State, guest: &Guest) -> Course {
    let (vmid, target) = (guest.vmid, migration.target.clone());
    let running = guest.power_at(state.now) != Power::Stopped;
    let mut tale = Tale::new(state);
    tale.wait(200);
    if let Err(why) = prepare(migration, state, guest, running, &mut tale) {
        return tale.aborted(&why);
    }
    let ip = state.node(&target).map_or("", |node| node.ip.as_str());
    tale.say(format!("starting migration of VM {vmid} to node '{target}' ({ip})"));
    let scan = state.scan(migration, guest, running);
    if let Err(why) = found(migration, &scan, running, &mut tale) {
        return in_phase_1(tale, vmid, &format!("Problem found while scanning volumes - {why}"));
    }
    let Scan { local, .. } = scan;
    replicate(state, guest, running, &local, &mut tale);
    let (live, copied): (Vec<&Local>, Vec<&Local>) =
        local.iter().partition(|local| running && local.role == Role::Attached);
    if copied.iter().any(|local| !local.replicated) {
        tale.say("copying local disk images");
    }
    let too_much = state.lacks_room(&copied, &target).map(|local| local.volid.as_str());
    for local in copied.into_iter().filter(|local| !local.replicated) {
        if let Some(why) = state.cannot_send(local) {
            return in_phase_1(tale, vmid, &why);
        }
        if too_much == Some(local.volid.as_str()) {
            tale.wait(900);
            let why = local.has_no_room(state, &target, &mut tale);
            return in_phase_1(tale, vmid, &why);
        }
        sent(local, &mut tale);
        tale.say(format!("volume '{}' is '{}' on the target", local.volid, local.becomes));
    }
    let begins = state.now;
    if !running {
        tale.wait(1_000);
        let at = tale.at;
        let course = tale.finished().locking(vmid, "migrate");
        let course = Course { broken: Some(broken(begins, None, target.clone(), vmid, false)), ..course };
        return arrives(course, at - 500, vmid, target, local);
    }
    let there = tale.at;
    let course = match live_move(migration, state, guest, &live, &mut tale) {
        Err(why) => {
            tale.complain(&format!("online migrate failure - {why}"));
            tale.say("aborting phase 2 - cleanup resources");
            tale.say("migrate_cancel");
            tale.wait(1_000);
            return tale.problems().locking(vmid, "migrate");
        }
        Ok(at) => {
            let course = tale.finished().locking(vmid, "migrate");
            arrives(course, at, vmid, target.clone(), local)
        }
    };
    Course { broken: Some(broken(begins, Some(there), target, vmid, false)), ..course }
}

fn in_phase_1(mut tale: Tale, vmid: u32, why: &str) -> Course {
    tale.complain(why);
    tale.say("aborting phase 1 - cleanup resources");
    tale.wait(300);
    tale.aborted(why).locking(vmid, "migrate")
}

/// The guest is on the other node from this time on, and its disks have the names that they have there.
fn arrives(course: Course, at: Ms, vmid: u32, target: String, local: Vec<Local>) -> Course {
    let node = target.clone();
    let course = course.then(at, move |state| {
        let from = state.guests.get(&vmid).map(|guest| guest.node.clone()).unwrap_or_default();
        state.bring_over(vmid, &local, &node);
        state.turn_replication(vmid, &from, &node);
    });
    Course { target: Some(target), ..course }
}

impl State {
    /// A replication job goes the other way, once its guest has gone to where its copies were.
    pub(in crate::twin) fn turn_replication(&mut self, vmid: u32, from: &str, to: &str) {
        let jobs = self.fixed.get_mut("/cluster/replication").and_then(serde_json::Value::as_array_mut);
        for job in jobs.into_iter().flatten().filter(|job| job["guest"] == vmid) {
            if job["target"] == *to {
                job["target"] = from.into();
            }
            job["source"] = to.into();
        }
    }
}

/// What is looked at before anything is done.
fn prepare(migration: &Migration, state: &State, guest: &Guest, running: bool, tale: &mut Tale) -> Result<(), String> {
    let target = &migration.target;
    if let Some(lock) = guest.lock() {
        return Err(format!("VM is locked ({lock})"));
    }
    if running {
        if !migration.online {
            return Err("can't migrate running VM without --online".to_owned());
        }
        if let Some(why) = super::no_replica(state, guest.vmid, target) {
            if !migration.force {
                return Err(why);
            }
            tale.say(format!(
                "WARNING: Node '{target}' is not a replication target. Existing replication jobs will fail after migration!"
            ));
        }
        tale.say("conntrack state migration not supported or disabled, active connections might get dropped");
    }
    let (blocking, mapped) = guest.local_resources(running);
    let blocking: Vec<String> =
        blocking.into_iter().filter(|key| !mapped.iter().any(|(mapped, _)| mapped == key)).collect();
    if !blocking.is_empty() {
        if running || !migration.force {
            return Err(format!("can't migrate VM which uses local devices: {}", blocking.join(", ")));
        }
        tale.say("migrating VM which uses local devices");
    }
    if !mapped.is_empty() {
        let missing: Vec<&str> = mapped
            .iter()
            .filter(|(key, name)| !state.is_mapped(key, name, target))
            .map(|(key, _)| key.as_str())
            .collect();
        if !missing.is_empty() {
            return Err(format!("can't migrate to '{target}': missing mapped devices {}", missing.join(", ")));
        }
        if running {
            let names: Vec<String> = mapped.iter().map(|(key, name)| format!("{key}:{name}")).collect();
            return Err(format!(
                "can't live migrate running VM which uses following mapped devices: {}",
                names.join(", ")
            ));
        }
        tale.say("migrating VM which uses mapped local devices");
    }
    for (_, volid, _) in guest.disks() {
        migration.has_a_place(state, guest, volid, "images")?;
    }
    tale.reaches(state, &migration.target)
}

/// Tells which volumes lie on the node alone, and whether something stands against moving them.
fn found(migration: &Migration, scan: &Scan, running: bool, tale: &mut Tale) -> Result<(), String> {
    let mut errors: Vec<(Option<String>, String)> = scan.errors.clone();
    for local in &scan.local {
        tale.say(local.found());
        if running && !migration.with_disks && local.role == Role::Attached {
            let why = "can't live migrate attached local disks without with-local-disks option".to_owned();
            errors.push((Some(local.volid.clone()), why));
        }
    }
    for (volid, why) in &errors {
        match volid {
            Some(volid) => tale.say(format!("can't migrate local disk '{volid}': {why}")),
            None => tale.say(why),
        }
    }
    if !errors.is_empty() {
        return Err("can't migrate VM - check log".to_owned());
    }
    let linked = |local: &&Local| {
        local.volid.split_once(':').is_some_and(|(_, name)| name.contains('/') && name.starts_with("base-"))
    };
    match scan.local.iter().find(linked) {
        Some(local) => {
            let base = local.volid.split([':', '/']).nth(1).unwrap_or_default();
            Err(format!("can't migrate '{}' as it's a clone of '{base}'", local.volid))
        }
        None => Ok(()),
    }
}

/// What replication has not copied yet.
fn replicate(state: &State, guest: &Guest, running: bool, local: &[Local], tale: &mut Tale) {
    let copies: Vec<&Local> = local.iter().filter(|local| local.replicated).collect();
    if copies.is_empty() {
        return;
    }
    for local in copies.iter().filter(|_| running) {
        let key = &local.key;
        tale.say(format!("{key}: start tracking writes using block-dirty-bitmap 'repl_{key}'"));
    }
    tale.say("replicating disk images");
    tale.say("start replication job");
    tale.say(format!("guest => VM {}, running => {}", guest.vmid, guest.pid(running)));
    let names: Vec<&str> = copies.iter().map(|local| local.volid.as_str()).collect();
    tale.say(format!("volumes => {}", names.join(",")));
    let job = state.replications(guest.vmid).find_map(|job| job["id"].as_str()).unwrap_or_default();
    let (last, now) = (state.seconds() / 900 * 900, state.seconds());
    for volid in names {
        tale.wait(400);
        tale.say(format!("create snapshot '__replicate_{job}_{now}__' on {volid}"));
        tale.say("using secure transmission, rate limit: none");
        tale.say(format!("incremental sync '{volid}' (__replicate_{job}_{last}__ => __replicate_{job}_{now}__)"));
        tale.wait(1_600);
    }
    tale.say("end replication job");
}

/// A volume is sent while nothing runs from it.
fn sent(local: &Local, tale: &mut Tale) {
    let name = local.volid.split_once(':').map_or(local.volid.as_str(), |(_, name)| name);
    let gib = local.size as f64 / f64::from(1 << 30);
    tale.wait(900);
    tale.say(format!("full send of rpool/data/{name}@__migration__ estimated size is {gib:.1}G"));
    tale.say(format!("total estimated size is {gib:.1}G"));
    tale.wait((gib * DISK as f64) as Ms);
    tale.say(format!("successfully imported '{}'", local.becomes));
}

/// The machine goes on running on the other node; when it is there.
fn live_move(
    migration: &Migration,
    state: &State,
    guest: &Guest,
    live: &[&Local],
    tale: &mut Tale,
) -> Result<Ms, String> {
    let (vmid, target) = (guest.vmid, &migration.target);
    tale.wait(500);
    tale.say(format!("starting VM {vmid} on remote node '{target}'"));
    tale.wait(1_100);
    let missing = guest.bridges().find(|bridge| !BRIDGES.contains(&bridge.as_str()));
    let (lacks, full) = (state.lacks_memory(target, guest), state.lacks_room(live, target));
    if missing.is_some() || lacks || full.is_some() {
        match (missing, full) {
            (_, Some(local)) => tale.say(format!("[{target}] {}", state.no_room_for(local))),
            (Some(bridge), _) => tale.say(format!("[{target}] bridge '{bridge}' does not exist")),
            (None, None) => {
                tale.say(format!("[{target}] kvm: cannot set up guest memory 'pc.ram': Cannot allocate memory"));
                tale.say(format!("[{target}] start failed: QEMU exited with code 1"));
            }
        }
        return Err("remote command failed with exit code 255".to_owned());
    }
    for local in live.iter().filter(|local| !local.replicated || local.becomes != local.volid) {
        tale.say(format!("volume '{}' is '{}' on the target", local.volid, local.becomes));
    }
    tale.wait(700);
    tale.say("start remote tunnel");
    tale.wait(300);
    tale.say("ssh tunnel ver 1");
    mirror(vmid, live, tale);
    tale.say(format!("starting online/live migration on unix:/run/qemu-server/{vmid}.migrate"));
    tale.say("set migration capabilities");
    tale.say("migration downtime limit: 100 ms");
    let memory = guest.memory();
    tale.say(format!("migration cachesize: {}", bytes((memory / 10).next_power_of_two(), 1)));
    tale.say("set migration parameters");
    tale.say(format!("start migrate command to unix:/run/qemu-server/{vmid}.migrate"));
    let used = guest.mem_at(state.now).max(memory / 16);
    let time = (Ms::try_from(memory >> 30).unwrap_or_default().max(1) * MEMORY).max(1_000);
    let pace = used * 1_000 / u64::try_from(time).unwrap_or(1);
    for step in 1..=(time / 1_000).min(8) {
        let at = time * step / ((time / 1_000).min(8) + 1);
        let done = used / u64::try_from(time).unwrap_or(1) * u64::try_from(at).unwrap_or_default();
        tale.wait(at - time * (step - 1) / ((time / 1_000).min(8) + 1));
        tale.say(format!(
            "migration active, transferred {} of {} VM-state, {}/s",
            bytes(done, 1),
            bytes(memory, 1),
            bytes(pace, 1)
        ));
    }
    tale.wait(time / ((time / 1_000).min(8) + 1));
    tale.say(format!("average migration speed: {}/s - downtime {} ms", bytes(pace, 1), 40 + u64::from(vmid) % 60));
    tale.say(format!("migration completed, transferred {} VM-state", bytes(used, 1)));
    tale.say("migration status: completed");
    if !live.is_empty() {
        tale.say("all 'mirror' jobs are ready");
        for local in live {
            tale.say(format!("mirror-{}: Completing block job...", local.key));
            tale.say(format!("mirror-{}: Completed successfully.", local.key));
            tale.say(format!("mirror-{}: mirror-job finished", local.key));
        }
        tale.say("stopping NBD storage migration server on target.");
    }
    tale.wait(400);
    let there = tale.at;
    if !live.is_empty() && guest.text("agent").is_some_and(|agent| agent.contains("fstrim_cloned_disks=1")) {
        tale.say("issuing guest fstrim");
        tale.wait(1_500);
    }
    if live.iter().any(|local| local.replicated) {
        tale.say(format!("# {}pvesr set-state {vmid} \\''{{}}'\\'", ssh(state, target)));
    }
    tale.wait(500);
    Ok(there)
}

/// Its disks are copied while it writes to them.
fn mirror(vmid: u32, live: &[&Local], tale: &mut Tale) {
    if live.is_empty() {
        return;
    }
    tale.say("starting storage migration");
    for local in live {
        let (key, size) = (&local.key, if local.replicated { local.size / 50 } else { local.size });
        tale.say(format!(
            "{key}: start migration to nbd:unix:/run/qemu-server/{vmid}_nbd.migrate:exportname=drive-{key}"
        ));
        let time = Ms::try_from(size >> 20).unwrap_or_default() * DISK / 1_024;
        let whole = bytes(size, 1);
        tale.say(format!("mirror-{key}: transferred 0.0 B of {whole} (0.00%) in 0s"));
        for part in [1, 2, 3] {
            tale.wait(time / 4);
            let done = bytes(size / 4 * part, 1);
            let took = short_time(time / 4 * i64::try_from(part).unwrap_or_default() / 1_000);
            tale.say(format!("mirror-{key}: transferred {done} of {whole} ({}.00%) in {took}", part * 25));
        }
        tale.wait(time / 4);
        let took = short_time(time / 1_000);
        tale.say(format!("mirror-{key}: transferred {whole} of {whole} (100.00%) in {took}, ready"));
    }
    tale.say("all 'mirror' jobs are ready");
    tale.say("switching mirror jobs to actively synced mode");
    for local in live {
        tale.say(format!("mirror-{}: switching to actively synced mode", local.key));
        tale.say(format!("mirror-{}: successfully switched to actively synced mode", local.key));
    }
}
