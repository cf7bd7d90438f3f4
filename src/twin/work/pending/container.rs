//! What changes in the configuration of a container, and what of it a running one takes over at once.

use serde_json::Value;

use super::super::draft::Draft;
use super::{Change, Wrong};
use crate::twin::answer::{Answered, Refusal, failed, not_simulated};
use crate::twin::drive::{Drive, is_unused};
use crate::twin::images::owner;
use crate::twin::net::Nic;
use crate::twin::options;
use crate::twin::state::Kind;

/// Options that make no difference to a container while it runs, or that it takes over at once.
const AT_ONCE: &[&str] = &[
    "description",
    "onboot",
    "startup",
    "protection",
    "hostname",
    "cores",
    "tags",
    "lock",
    "cpulimit",
    "cpuunits",
    "memory",
    "swap",
];

/// Of these, what it can lose while it runs.
const LOST_AT_ONCE: &[&str] = &[
    "description",
    "onboot",
    "startup",
    "protection",
    "hostname",
    "cores",
    "tags",
    "lock",
    "cpulimit",
    "cpuunits",
    "swap",
];

fn is_mount(key: &str) -> bool {
    key.starts_with("mp") && crate::twin::drive::rank(Kind::Lxc, key).is_some()
}

fn is_card(key: &str) -> bool {
    key.strip_prefix("net").is_some_and(|number| number.parse::<u32>().is_ok())
}

pub(super) fn change(draft: &mut Draft<'_>, change: &Change, running: bool) -> Result<Wrong, Refusal> {
    for key in &change.revert {
        draft.guest.pending.remove(key);
        draft.guest.pending_delete.remove(key);
    }
    let mut touched: Vec<String> = Vec::new();
    for key in &change.delete {
        if note_delete(draft, key)? {
            touched.push(key.clone());
        }
    }
    for (key, value) in &change.set {
        note(draft, key, value)?;
        touched.push(key.clone());
    }
    draft.tidy();
    let wrong = if running { hot_plug(draft, &touched) } else { take_over(draft, Some(&touched)) };
    draft.guest.settle();
    Ok(wrong)
}

/// Notes that an option is to go, if it is there.
fn note_delete(draft: &mut Draft<'_>, key: &str) -> Answered<bool> {
    let guest = &mut draft.guest;
    if !guest.config.contains_key(key) && !guest.pending.contains_key(key) {
        return Ok(false);
    }
    match key {
        "memory" | "rootfs" | "ostype" => return failed(format!("unable to delete required option '{key}'")),
        "unprivileged" => return failed(format!("unable to delete read-only option: '{key}'")),
        _ if (is_mount(key) || is_unused(key)) && guest.is_set("protection") => {
            return failed(format!("can't remove CT {} drive '{key}' - protection mode enabled", guest.vmid));
        }
        _ => {}
    }
    guest.pending_delete.insert(key.to_owned(), false);
    Ok(true)
}

fn note(draft: &mut Draft<'_>, key: &str, value: &Value) -> Answered<()> {
    let text = value.as_str().unwrap_or_default();
    let mut noted = value.clone();
    if is_mount(key) || key == "rootfs" {
        if draft.guest.is_set("protection") {
            return failed(format!("can't update CT {} drive '{key}' - protection mode enabled", draft.guest.vmid));
        }
        let new = options::drive(key, text);
        let same = draft.guest.drive(key).is_some_and(|old| old.volume == new.volume);
        if key == "rootfs" && !same {
            return not_simulated("Changing the root file system of a container");
        }
        noted = new.to_string().into();
    } else if key == "unprivileged" {
        return failed(format!("unable to modify read-only option: '{key}'"));
    } else if is_card(key) {
        noted = Nic::read(Kind::Lxc, text).completed(|| draft.address()).to_string().into();
    }
    draft.guest.pending.insert(key.to_owned(), noted);
    draft.guest.pending_delete.remove(key);
    Ok(())
}

fn hot_plug(draft: &mut Draft<'_>, touched: &[String]) -> Wrong {
    let mut wrong = Wrong::new();
    for key in draft.guest.pending_delete.keys().filter(|key| touched.contains(key)).cloned().collect::<Vec<_>>() {
        if is_unused(&key) {
            if let Err(why) = delete_unused(draft, &key) {
                wrong.push((key.clone(), format!("unable to hotplug {key}: {why}\n")));
                continue;
            }
        } else if !LOST_AT_ONCE.contains(&key.as_str()) && !is_card(&key) {
            continue;
        }
        draft.guest.config.remove(&key);
        draft.guest.pending_delete.remove(&key);
    }
    for key in draft.guest.pending.keys().filter(|key| touched.contains(key)).cloned().collect::<Vec<_>>() {
        let is_new_mount = is_mount(&key) && !draft.guest.config.contains_key(&key);
        if is_new_mount {
            if let Err(why) = mount(draft, &key) {
                wrong.push((key.clone(), format!("unable to hotplug {key}: {why}\n")));
                continue;
            }
        } else if !AT_ONCE.contains(&key.as_str()) && !is_card(&key) {
            continue;
        }
        draft.guest.adopt(&key);
    }
    wrong
}

/// Takes over what waits, with the container off: what was touched, or all.
pub(super) fn take_over(draft: &mut Draft<'_>, touched: Option<&[String]>) -> Wrong {
    let mut wrong = Wrong::new();
    let is_meant = |key: &&String| touched.is_none_or(|touched| touched.contains(key));
    for key in draft.guest.pending_delete.keys().filter(is_meant).cloned().collect::<Vec<_>>() {
        if is_unused(&key) {
            if let Err(why) = delete_unused(draft, &key) {
                wrong.push((key.clone(), format!("unable to apply pending change {key} : {why}\n")));
                continue;
            }
        } else if is_mount(&key) {
            unmounted(draft, &key);
        }
        draft.guest.config.remove(&key);
        draft.guest.pending_delete.remove(&key);
    }
    for key in draft.guest.pending.keys().filter(is_meant).cloned().collect::<Vec<_>>() {
        if is_mount(&key) {
            if let Err(why) = mount(draft, &key) {
                wrong.push((key.clone(), format!("unable to apply pending change {key} : {why}\n")));
                continue;
            }
            let same = draft.guest.drive(&key).map(|old| old.volume);
            let new = draft.guest.pending[&key].as_str().map(|text| Drive::read(text).volume);
            if same != new {
                unmounted(draft, &key);
            }
        }
        draft.guest.adopt(&key);
    }
    wrong
}

/// Makes the volume of a mount point, or finds it.
fn mount(draft: &mut Draft<'_>, key: &str) -> Result<(), String> {
    let wanted = draft.guest.pending[key].as_str().map(Drive::read);
    let Some(wanted) = wanted else { return Ok(()) };
    let mounted = draft.mount(wanted).map_err(Refusal::in_task)?;
    draft.guest.pending.insert(key.to_owned(), mounted.to_string().into());
    Ok(())
}

fn unmounted(draft: &mut Draft<'_>, key: &str) {
    let Some(drive) = draft.guest.drive(key) else { return };
    if let Some(volid) = drive.image().filter(|volid| owner(volid) == Some(draft.guest.vmid)) {
        draft.guest.add_unused(volid);
    }
}

/// Removes a volume for good. What a snapshot still needs stays, though nothing names it any more but that.
fn delete_unused(draft: &mut Draft<'_>, key: &str) -> Result<(), String> {
    let Some(volid) = draft.guest.text(key).map(str::to_owned) else { return Ok(()) };
    if draft.guest.needs(&volid, key) { Ok(()) } else { draft.free(&volid) }
}
