//! Removing a guest with its disks, and with what is set for it elsewhere.

use serde_json::Value;

use super::Work;
use super::course::Course;
use super::snapshot::is_rbd;
use crate::twin::answer::{Answered, Params, failed};
use crate::twin::form::Form;
use crate::twin::images::{last_part, owner};
use crate::twin::state::{Guest, Kind, Ms, Power, State};

/// `DELETE …/{vmid}`.
pub(in crate::twin) fn destroy(state: &mut State, kind: Kind, node: &str, vmid: u32, params: Params<'_>) -> Answered {
    let form = |key: &str| match key {
        "purge" | "destroy-unreferenced-disks" => Some(Form::Boolean),
        "skiplock" if kind == Kind::Qemu => Some(Form::Boolean),
        "force" if kind == Kind::Lxc => Some(Form::Boolean),
        _ => None,
    };
    let params = params.check(form, &[])?;
    let work = Work::Destroy {
        purge: params.flag("purge")?,
        skiplock: params.flag("skiplock")?,
        force: params.flag("force")?,
    };
    let Some(guest) = state.guest(kind, node, vmid) else { return failed(kind.missing(node, vmid)) };
    check(state, guest, &work).or_else(failed)?;
    Ok(state.begin(node, vmid, work).into())
}

/// What has to be so before anything is removed.
fn check(state: &State, guest: &Guest, work: &Work) -> Result<(), String> {
    let Work::Destroy { purge, force, .. } = work else { return Ok(()) };
    let (vmid, short) = (guest.vmid, guest.kind.short());
    if guest.is_set("protection") {
        return Err(format!("can't remove {short} {vmid} - protection mode enabled"));
    }
    if guest.kind == Kind::Lxc {
        guest.lock_words()?;
    }
    if !purge && guest.ha_config().is_some() {
        return Err(format!("unable to remove {short} {vmid} - used in HA resources and purge parameter not set."));
    }
    if let (false, Some(job)) = (purge, replication_of(state, vmid).next()) {
        return Err(format!("There is a replication job '{job}' for guest '{vmid}' - Please remove that first."));
    }
    if guest.power_at(state.now) != Power::Stopped && !force {
        return Err(match guest.kind {
            Kind::Qemu => format!("VM {vmid} is running - destroy failed"),
            Kind::Lxc => format!("unable to destroy CT {vmid} - container is running"),
        });
    }
    Ok(())
}

/// The replication jobs of a guest.
fn replication_of(state: &State, vmid: u32) -> impl Iterator<Item = String> {
    let jobs = state.fixed.get("/cluster/replication").and_then(Value::as_array).into_iter().flatten();
    jobs.filter(move |job| job["guest"] == vmid).filter_map(|job| job["id"].as_str().map(str::to_owned))
}

/// How it goes.
pub(super) fn course(state: &State, guest: &Guest, work: &Work) -> Course {
    let Work::Destroy { purge, skiplock, .. } = *work else { return Course::ok(0) };
    let (vmid, short) = (guest.vmid, guest.kind.short());
    let checked = check(state, guest, work).and_then(|()| match guest.lock() {
        Some(lock) if guest.kind == Kind::Qemu && !skiplock && lock != "suspended" => guest.lock_words(),
        _ => Ok(()),
    });
    if let Err(words) = checked {
        return Course::fails(40, words);
    }
    let own = state.images.keys().filter(|volid| owner(volid) == Some(vmid));
    if let Some(base) = own.into_iter().find(|volid| state.has_clones(volid)) {
        return Course::fails(
            60,
            match guest.kind {
                Kind::Qemu => format!("base volume '{base}' is still in use by linked cloned"),
                Kind::Lxc => format!("base volume '{}' is still in use by linked clones", last_part(base)),
            },
        );
    }
    let mut course = Course::ok(1_800);
    if guest.power_at(state.now) != Power::Stopped {
        course =
            course.line(50, format!("forced to stop CT {vmid} before destroying!")).power(300, vmid, Power::Stopped);
    }
    let removed =
        guest.drives().into_iter().filter(|(_, drive)| drive.image().is_some() && is_rbd(state, drive)).count();
    for n in 0..removed {
        let at = 400 + Ms::try_from(n).unwrap_or_default() * 300;
        course = course.line(at, "Removing image: 100% complete...done.");
    }
    let done = 1_600 + Ms::try_from(removed).unwrap_or_default() * 300;
    if purge {
        course = course.line(done, format!("purging {short} {vmid} from related configurations.."));
        if guest.ha_config().is_some() {
            course = course.line(done, format!("NOTE: removed {short} {vmid} from HA resource configuration."));
        }
        course = course.then(done, move |state| state.purge(vmid));
    }
    let course = course.then(done, move |state| {
        state.remove_with_volumes(vmid);
        state.forget_access(vmid);
    });
    Course { takes: done + 200, ..course }
}

impl State {
    /// Removes a guest and every volume that is its own.
    pub(super) fn remove_with_volumes(&mut self, vmid: u32) {
        let own: Vec<String> = self.images.keys().filter(|volid| owner(volid) == Some(vmid)).cloned().collect();
        own.iter().for_each(|volid| self.drop_image(volid));
        self.guests.remove(&vmid);
    }

    /// What the access control list says of a guest goes with it.
    fn forget_access(&mut self, vmid: u32) {
        let path = format!("/vms/{vmid}");
        if let Some(entries) = self.fixed.get_mut("/access/acl").and_then(Value::as_array_mut) {
            entries.retain(|entry| entry["path"] != path);
        }
    }

    /// Removes a guest from backup and replication jobs; a job that was for it alone goes.
    fn purge(&mut self, vmid: u32) {
        if self.guests.get(&vmid).is_some_and(|guest| guest.ha_config().is_some()) {
            self.forget_in_ha(vmid, true);
        }
        let without = |list: &str| {
            let own = vmid.to_string();
            list.split(',').filter(|id| *id != own).collect::<Vec<_>>().join(",")
        };
        self.jobs.retain_mut(|job| {
            let Some(job) = job.as_object_mut() else { return true };
            for key in ["vmid", "exclude"] {
                let Some(list) = job.get(key).and_then(Value::as_str).map(without) else { continue };
                if !list.is_empty() {
                    job.insert(key.into(), list.into());
                    return true;
                }
                job.remove(key);
                return key == "exclude";
            }
            true
        });
        if let Some(jobs) = self.fixed.get_mut("/cluster/replication").and_then(Value::as_array_mut) {
            jobs.retain(|job| job["guest"] != vmid);
        }
    }
}
