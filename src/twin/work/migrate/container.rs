//! How the task goes that moves a container: always while it is off, so that a running one is shut down first and
//! started on the other node.

use serde_json::Value;

use super::volumes::{Local, Scan};
use super::{Migration, Tale, broken, ssh};
use crate::twin::drive::{Drive, drives_and_unused};
use crate::twin::state::{Guest, Ms, Power, State};
use crate::twin::work::course::{Course, milliseconds};

/// How long a gibibyte of it takes.
const DISK: Ms = 1_000;
const SHUTDOWN: Ms = 3_200;

pub(super) fn course(migration: &Migration, state: &State, guest: &Guest) -> Course {
    let (vmid, target) = (guest.vmid, migration.target.clone());
    let running = guest.power_at(state.now) != Power::Stopped;
    let mut tale = Tale::new(state);
    tale.wait(200);
    if let Err(why) = prepare(migration, state, guest, running, &mut tale) {
        return tale.aborted(&why);
    }
    let (begins, mut course) = (state.now, Course::default());
    if running {
        tale.say(format!("shutdown CT {vmid}"));
        let patience = milliseconds(migration.timeout);
        if patience < SHUTDOWN {
            tale.wait(patience);
            let command = format!("lxc-stop -n {vmid} --nokill --timeout {}", migration.timeout);
            return tale.aborted(&format!("command '{command}' failed: exit code 1"));
        }
        tale.wait(SHUTDOWN);
        course = course.power(tale.at, vmid, Power::Stopped);
    }
    let ip = state.node(&target).map_or("", |node| node.ip.as_str());
    tale.say(format!("starting migration of CT {vmid} to node '{target}' ({ip})"));
    for (_, Drive { volume: volid, .. }) in drives_and_unused(guest.kind, &guest.config) {
        if let Some(storage) = state.storage_of(&volid).filter(|storage| storage.shared) {
            tale.say(format!("volume '{volid}' is on shared storage '{}'", storage.storage));
        }
    }
    let Scan { local, .. } = state.scan(migration, guest, false);
    for volume in &local {
        tale.say(format!("found local volume '{}' (in current VM config)", volume.volid));
    }
    let too_much = state.lacks_room(&local.iter().collect::<Vec<_>>(), &target).map(|volume| volume.volid.clone());
    for volume in &local {
        if let Some(why) = state.cannot_send(volume) {
            return stays(tale, course, vmid, running, &why);
        }
        if too_much.as_ref() == Some(&volume.volid) {
            tale.wait(900);
            let why = volume.has_no_room(state, &target, &mut tale);
            return stays(tale, course, vmid, running, &why);
        }
        send(volume, &mut tale);
    }
    tale.wait(500);
    let there = tale.at;
    tale.say("start final cleanup");
    let node = target.clone();
    course = course.then(there, move |state| {
        let from = state.guests.get(&vmid).map(|guest| guest.node.clone()).unwrap_or_default();
        state.bring_over(vmid, &local, &node);
        state.turn_replication(vmid, &from, &node);
        state.unlock(vmid);
    });
    if running {
        tale.say("start container on target node");
        tale.say(format!("# {}pct start {vmid}", ssh(state, &target)));
        tale.wait(1_600);
        course = course.power(tale.at, vmid, Power::Running);
    }
    tale.wait(300);
    let told = tale.finished();
    let effects = course.effects;
    let broken = Some(broken(begins, None, target.clone(), vmid, running));
    let mut course = Course { target: Some(target), broken, ..told }.locking(vmid, "migrate");
    course.effects.extend(effects);
    course
}

/// It does not go, and is started again where it is.
fn stays(mut tale: Tale, begun: Course, vmid: u32, running: bool, why: &str) -> Course {
    tale.complain(why);
    tale.say("aborting phase 1 - cleanup resources");
    tale.say("start final cleanup");
    let mut course = begun;
    if running {
        tale.say("start container on source node");
        tale.wait(1_600);
        course = course.power(tale.at, vmid, Power::Running);
    }
    tale.wait(300);
    let effects = course.effects;
    let mut course = tale.aborted(why).locking(vmid, "migrate");
    course.effects.extend(effects);
    course
}

fn prepare(migration: &Migration, state: &State, guest: &Guest, running: bool, tale: &mut Tale) -> Result<(), String> {
    if let Some(lock) = guest.lock() {
        return Err(format!("CT is locked ({lock})"));
    }
    if running && !migration.restart {
        return Err(match migration.online {
            true => "lxc live migration is currently not implemented".to_owned(),
            false => "running container can only be migrated in restart mode".to_owned(),
        });
    }
    for (key, drive) in drives_and_unused(guest.kind, &guest.config) {
        let volid = &drive.volume;
        if volid.starts_with('/') {
            if drive.option("shared") == Some("1") {
                continue;
            }
            let kind = if volid.starts_with("/dev/") { "device" } else { "bind" };
            return Err(format!("cannot migrate local {kind} mount point '{key}'"));
        }
        migration.has_a_place(state, guest, volid, "rootdir")?;
    }
    tale.reaches(state, &migration.target)
}

fn send(volume: &Local, tale: &mut Tale) {
    let name = volume.volid.split_once(':').map_or(volume.volid.as_str(), |(_, name)| name);
    let gib = volume.size as f64 / f64::from(1 << 30);
    if volume.replicated {
        tale.say("start replication job");
        tale.wait(1_800);
        tale.say("end replication job");
        return;
    }
    tale.wait(900);
    tale.say(format!("full send of rpool/data/{name}@__migration__ estimated size is {gib:.1}G"));
    tale.say(format!("total estimated size is {gib:.1}G"));
    tale.wait((gib * DISK as f64) as Ms);
    tale.say(format!("successfully imported '{}'", volume.becomes));
    tale.say(format!("volume '{}' is '{}' on the target", volume.volid, volume.becomes));
}

impl Guest {
    /// The bridges that its network cards are on.
    pub(in crate::twin) fn bridges(&self) -> impl Iterator<Item = String> {
        let cards = self.config.iter().filter(|(key, _)| {
            key.strip_prefix("net").is_some_and(|n| !n.is_empty() && n.bytes().all(|c| c.is_ascii_digit()))
        });
        cards
            .filter_map(|(_, value)| Value::as_str(value))
            .filter_map(|card| card.split(',').find_map(|option| option.strip_prefix("bridge=")).map(str::to_owned))
    }
}
