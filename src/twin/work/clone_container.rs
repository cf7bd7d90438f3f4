//! Cloning a container.
//!
//! Knows how that differs from a VM: both configurations are locked before there is a task, and file systems are copied.

use serde_json::{Map, Value};

use super::Work;
use super::clone::{check_pool, check_target, form, newcomer};
use super::copying::Load;
use super::course::Course;
use super::steps::Break;
use crate::twin::answer::{Answered, Params, failed, not_simulated};
use crate::twin::drive::{Drive, drives, rank};
use crate::twin::form::{self as forms, Form};
use crate::twin::images::{Feature, Image, last_part};
use crate::twin::state::{Guest, Kind, Ms, Power, State};

/// What is asked for.
#[derive(Clone, Debug)]
pub(in crate::twin) struct Clone {
    newid: u32,
    full: bool,
    pool: Option<String>,
    storage: Option<String>,
    target: Option<String>,
    /// The volumes that it gets, by their keys, each with where it comes from.
    sources: Vec<(String, Drive)>,
}

/// `POST …/clone` of a container.
pub(in crate::twin) fn clone(state: &mut State, node: &str, vmid: u32, params: Params<'_>) -> Answered {
    let known = |key: &str| match key {
        "hostname" => Some(Form::Format(forms::dns_name)),
        key => form(key),
    };
    let params = params.check(known, &["newid"])?;
    params.without(&["bwlimit"])?;
    let text = |key: &str| params.get(key).map(str::to_owned);
    let newid = params.int("newid")?.and_then(|id| u32::try_from(id).ok()).unwrap_or_default();
    let (pool, storage, snapname) = (text("pool"), text("storage"), text("snapname"));
    let target = text("target").filter(|target| target != node);
    check_pool(state, pool.as_deref())?;
    check_target(state, target.as_deref())?;
    if let Some(id) = &storage {
        match state.storage(id) {
            None => return failed(format!("storage '{id}' does not exist")),
            Some(storage) if storage.disable => return failed(format!("storage '{id}' is disabled")),
            Some(storage) if target.is_some() && !storage.shared => {
                return failed(format!("can't clone to non-shared storage '{id}'"));
            }
            Some(_) => {}
        }
    }
    state.needs_quorum()?;
    state.wait_for_lock(vmid)?;
    let Some(guest) = state.guests.get(&vmid) else { return failed(Kind::Lxc.missing(node, vmid)) };
    guest.refuse_locked()?;
    refuse_taken(state, newid)?;
    let full = match params.get("full") {
        Some(_) => params.flag("full")?,
        None => !guest.is_set("template"),
    };
    if storage.is_some() && !full {
        return failed("parameter 'storage' not allowed for linked clones");
    }
    let config = match &snapname {
        None => &guest.config,
        Some(name) => match guest.snapshots.iter().find(|snapshot| snapshot.name == *name) {
            Some(snapshot) => &snapshot.config,
            None => return failed(format!("snapshot '{name}' does not exist")),
        },
    };
    let sources = sources(state, guest, config, full, snapname.is_some())?;
    let place = |drive: &Drive| storage.as_deref().and_then(|id| state.storage(id)).or(state.storage_of(&drive.volume));
    let shared = sources.iter().all(|(_, drive)| place(drive).is_some_and(|storage| storage.shared));
    if let Some(target) = target.as_ref().filter(|_| !shared) {
        return failed(format!("can't clone CT to node '{target}' (CT uses local storage)"));
    }
    let config = new_config(config, text("hostname"), text("description"));
    let made = newcomer(guest, newid, state.now);
    let config = state.made_new(config, Kind::Lxc);
    state.guests.insert(newid, Guest { config, ..made });
    if let Some(guest) = state.guests.get_mut(&vmid) {
        guest.config.insert("lock".into(), "disk".into());
    }
    let clone = Clone { newid, full, pool, storage, target, sources };
    Ok(state.begin(node, vmid, Work::CloneContainer(clone)).into())
}

/// Refuses a number that a guest has.
pub(super) fn refuse_taken(state: &State, vmid: u32) -> Answered<()> {
    match state.guests.get(&vmid) {
        Some(other) => failed(format!("{} {vmid} already exists on node '{}'", other.kind.short(), other.node)),
        None => Ok(()),
    }
}

fn sources(
    state: &State,
    guest: &Guest,
    config: &Map<String, Value>,
    full: bool,
    of_snapshot: bool,
) -> Answered<Vec<(String, Drive)>> {
    let running = guest.power_at(state.now) != Power::Stopped;
    let mut found = Vec::new();
    for (key, drive) in drives(Kind::Lxc, config) {
        let Some(volid) = drive.image() else {
            return failed(format!("unable to clone mountpoint '{key}' (type bind)"));
        };
        if full && running && !of_snapshot {
            return failed("Full clone of a running container is only possible from a snapshot");
        }
        let can = state.storage_of(volid).is_some_and(|storage| storage.can(Feature::Clone, volid, of_snapshot));
        if !full && !can {
            return failed(format!("Linked clone feature for '{volid}' is not available"));
        }
        if !full && of_snapshot {
            return not_simulated("A linked clone of a snapshot");
        }
        found.push((key, drive));
    }
    Ok(found)
}

fn new_config(
    source: &Map<String, Value>,
    hostname: Option<String>,
    description: Option<String>,
) -> Map<String, Value> {
    let skipped = |key: &str| {
        ["parent", "template", "lock"].contains(&key) || key.starts_with("unused") || rank(Kind::Lxc, key).is_some()
    };
    let kept = source.iter().filter(|(key, _)| !skipped(key));
    let mut config: Map<String, Value> = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
    config.insert("lock".into(), "create".into());
    for (key, value) in [("hostname", hostname), ("description", description)] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            config.insert(key.into(), value.into());
        }
    }
    config
}

impl Clone {
    /// How it goes.
    pub(super) fn course(&self, state: &State, guest: &Guest) -> Course {
        let (vmid, newid) = (guest.vmid, self.newid);
        let mut course = Course::ok(0).line(30, format!("creating a clone of container {vmid} with ID {newid}"));
        let (mut at, mut planned): (Ms, Vec<String>) = (60, Vec::new());
        let mut room = None;
        for (key, source) in &self.sources {
            let volid = &source.volume;
            let (Some(old), Some(from)) = (state.images.get(volid), state.storage_of(volid)) else { continue };
            let to = self.storage.as_deref().and_then(|id| state.storage(id)).unwrap_or(from);
            let name = state.free_name(to, Kind::Lxc, newid, &planned);
            let mut drive = source.clone();
            drive.volume = match self.full {
                true => format!("{}:{name}", to.storage),
                false => format!("{}:{}/{name}", from.storage, last_part(volid)),
            };
            planned.push(drive.volume.clone());
            drive.set_size(old.size);
            if !self.full {
                course = course.line(at, format!("create linked clone of mount point {key} ({volid})"));
                course = self.attach(course, at + 300, key, drive, Image { size: old.size, written: 0 });
                at += 500;
                continue;
            }
            course = course.line(at, format!("create full clone of mountpoint {key} ({volid})"));
            if !to.holds("rootdir") {
                let words = "content type 'rootdir' is not available or configured on storage";
                return self.broken(course, at + 400, vmid, &format!("{words} '{}'", to.storage));
            }
            let left = room.get_or_insert_with(|| state.room(to, &guest.node));
            if *left < old.written {
                course = course.line(at + 1_000, "rsync: [receiver] write failed: No space left on device (28)");
                return self.broken(course, at + 2_000, vmid, &sync_failed(newid));
            }
            *left -= old.written;
            let load = Load { size: old.size, written: old.written };
            course = self.attach(course, at + 200, key, drive.clone(), Image { size: old.size, written: 0 });
            let (next, end) = course.synced(at + 300, load);
            let written = old.written;
            course = next.then(end, move |state| state.fill_image(&drive.volume, written));
            at = end + 100;
        }
        for kind in ["ssh_host_rsa_key", "ssh_host_ed25519_key", "ssh_host_ecdsa_key"] {
            course = course.line(at + 300, format!("Creating SSH host key '{kind}' - this may take some time ..."));
        }
        let (pool, target) = (self.pool.clone(), self.target.clone());
        let course = course.change(at + 900, vmid, |guest| drop(guest.config.remove("lock"))).change(
            at + 900,
            newid,
            move |guest| {
                guest.config.remove("lock");
                guest.pool = pool;
                if let Some(target) = target {
                    guest.node = target;
                }
            },
        );
        let broken: Break = Box::new(move |state, _, _| {
            state.unlock(vmid);
            state.remove_with_volumes(newid);
            "clone failed: interrupted by signal".to_owned()
        });
        Course { takes: at + 1_000, broken: Some(broken), ..course }
    }

    fn attach(&self, course: Course, at: Ms, key: &str, drive: Drive, image: Image) -> Course {
        let (newid, key, volid) = (self.newid, key.to_owned(), drive.volume.clone());
        course.then(at, move |state| state.add_image(&volid, image)).change(at, newid, move |guest| {
            guest.config.insert(key, drive.to_string().into());
        })
    }

    /// It fails: the source is free again, and nothing of the clone stays.
    fn broken(&self, course: Course, at: Ms, vmid: u32, why: &str) -> Course {
        let newid = self.newid;
        let course = course.change(at, vmid, |guest| drop(guest.config.remove("lock")));
        let course = course.then(at, move |state| state.remove_with_volumes(newid));
        Course { takes: at + 100, exit: format!("clone failed: {why}"), ..course }
    }
}

/// The program that copies files could not.
pub(super) fn sync_failed(vmid: u32) -> String {
    let place = format!("/var/lib/lxc/{vmid}/.copy-volume");
    format!(
        "command 'rsync --stats -X -A --numeric-ids -aH --whole-file --sparse --one-file-system '--bwlimit=0' {place}-2/ \
         {place}-1' failed: exit code 11"
    )
}

#[cfg(test)]
mod tests {
    use super::super::clone::is_card;
    use super::*;

    #[test]
    fn a_clone_takes_over_what_is_not_a_disk() {
        let state = crate::twin::demo::state();
        let config = new_config(&state.guests[&203].config, Some("copy".into()), None);
        assert_eq!((config["hostname"].as_str(), config["lock"].as_str()), (Some("copy"), Some("create")));
        assert!(config.keys().any(|key| is_card(key)) && !config.contains_key("rootfs") && !config.contains_key("mp0"));
    }
}
