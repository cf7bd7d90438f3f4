//! What changes in the configuration of a VM, and what of it a running one takes over at once.

use serde_json::Value;

use super::super::draft::Draft;
use super::{Change, Not, Wrong};
use crate::twin::answer::{Answered, Refusal, failed};
use crate::twin::drive::{Drive, is_unused, rank};
use crate::twin::form::list;
use crate::twin::net::Nic;
use crate::twin::nodes::BRIDGES;
use crate::twin::options;
use crate::twin::state::{Guest, Kind};

/// Options that make no difference to a VM while it runs.
const AT_ONCE: &[&str] = &[
    "description",
    "lock",
    "migrate_downtime",
    "migrate_speed",
    "name",
    "onboot",
    "protection",
    "shares",
    "startup",
    "tags",
    "vmstatestorage",
];

/// What cloud-init is told, which a VM reads when it starts.
const TOLD: &[&str] = &["cipassword", "citype", "ciupgrade", "ciuser", "nameserver", "searchdomain", "sshkeys"];

pub(in crate::twin) fn is_told(key: &str) -> bool {
    TOLD.contains(&key) || key.starts_with("ipconfig")
}

/// Options of a drive that take effect with the next start only.
const NOT_LIVE: &[&str] = &["aio", "cache", "discard", "iothread", "queues", "ro", "ssd"];

fn is_drive(key: &str) -> bool {
    rank(Kind::Qemu, key).is_some()
}

pub(super) fn change(draft: &mut Draft<'_>, change: &Change, running: bool) -> Result<Wrong, Refusal> {
    let mut change = change.clone();
    for key in std::mem::take(&mut change.revert) {
        match draft.guest.config.get(&key) {
            Some(value) => drop(change.set.insert(key, value.clone())),
            None if draft.guest.pending.contains_key(&key) => change.delete.push(key),
            None => {}
        }
    }
    refuse_large_balloon(&draft.guest, &change)?;
    let mut touched: Vec<String> = Vec::new();
    for key in &change.delete {
        touched.extend(delete(draft, key, change.force)?);
    }
    for (key, value) in &change.set {
        touched.extend(set(draft, key, value, &change)?);
    }
    if !draft.tidy() {
        draft.guest.settle();
        return Ok(Wrong::new());
    }
    let wrong = if running { hot_plug(draft, &touched) } else { take_over(draft) };
    draft.guest.settle();
    Ok(wrong)
}

fn refuse_large_balloon(guest: &Guest, change: &Change) -> Answered<()> {
    let number = |key: &str| {
        let value = change.set.get(key).or(guest.pending.get(key)).or(guest.config.get(key))?;
        value.as_u64().or_else(|| memory(value.as_str()?))
    };
    let asked = change.set.contains_key("memory") || change.set.contains_key("balloon");
    if asked && number("balloon").unwrap_or(0) > number("memory").unwrap_or(512) {
        return failed("balloon value too large (must be smaller than assigned memory)");
    }
    Ok(())
}

/// `4096`, or `current=4096`.
fn memory(text: &str) -> Option<u64> {
    text.trim_start_matches("current=").parse().ok()
}

fn boot_order(guest: &Guest) -> Option<Vec<String>> {
    let boot = guest.pending.get("boot").or(guest.config.get("boot"))?.as_str()?;
    Some(boot.strip_prefix("order=")?.split(';').map(str::to_owned).collect())
}

/// Notes that an option is to go; says which are touched by that.
fn delete(draft: &mut Draft<'_>, key: &str, force: bool) -> Answered<Vec<String>> {
    let value = draft.guest.config.get(key).or(draft.guest.pending.get(key)).and_then(Value::as_str).map(str::to_owned);
    if !draft.guest.config.contains_key(key) && !draft.guest.pending.contains_key(key) {
        draft.lines.push(format!("cannot delete '{key}' - not set in current configuration!"));
        return Ok(Vec::new());
    }
    let mut touched = vec![key.to_owned()];
    let was_pending = draft.guest.pending.remove(key).is_some();
    if let Some(order) = boot_order(&draft.guest).filter(|order| order.iter().any(|device| device == key)) {
        let rest: Vec<String> = order.into_iter().filter(|device| device != key).collect();
        draft.guest.pending.insert("boot".into(), print_order(&rest).into());
        touched.push("boot".into());
    }
    let protected = |what: String| match draft.guest.is_set("protection") {
        true => failed(format!("can't remove {what} - protection mode enabled")),
        false => Ok(()),
    };
    if is_unused(key) {
        let volid = value.unwrap_or_default();
        protected(format!("unused disk '{volid}'"))?;
        deallocate(draft, key, &volid).or_else(failed)?;
        draft.guest.config.remove(key);
        return Ok(touched);
    }
    if is_drive(key) {
        protected(format!("drive '{key}'"))?;
        if let Some(value) = value.filter(|_| was_pending) {
            unplugged(draft, &Drive::read(&value));
        }
    }
    if key == "tags" {
        draft.guest.config.remove(key);
        return Ok(touched);
    }
    draft.guest.pending_delete.insert(key.to_owned(), force);
    Ok(touched)
}

pub(in crate::twin::work) fn print_order(devices: &[String]) -> String {
    if devices.is_empty() { String::new() } else { format!("order={}", devices.join(";")) }
}

/// Removes the volume of a drive for good, unless something still needs it.
fn deallocate(draft: &mut Draft<'_>, key: &str, volid: &str) -> Result<(), String> {
    if draft.guest.needs(volid, key) {
        return Err(format!("unable to delete '{volid}' - volume is still in use (snapshot?)"));
    }
    draft.free(volid)
}

/// A drive is taken out: its disk is unused now, cloud-init's drive goes.
fn unplugged(draft: &mut Draft<'_>, drive: &Drive) {
    let Some(volid) = drive.image() else { return };
    if drive.is_cloud_init() {
        // Its own volume, which no clone can need.
        let _ = draft.free(volid);
    } else if !drive.is_cdrom() && crate::twin::images::owner(volid) == Some(draft.guest.vmid) {
        draft.guest.add_unused(volid);
    }
}

/// Notes what an option is to be; says which are touched by that.
fn set(draft: &mut Draft<'_>, key: &str, value: &Value, change: &Change) -> Answered<Vec<String>> {
    let mut touched = vec![key.to_owned()];
    if draft.guest.pending.get(key) == Some(value) {
        return Ok(touched);
    }
    let text = value.as_str().unwrap_or_default();
    let mut noted = value.clone();
    if is_drive(key) {
        if let Some(before) = draft.guest.pending.get(key).and_then(Value::as_str).map(Drive::read) {
            unplugged(draft, &before);
        }
        let drive = draft.drive(key, options::drive(key, text), None)?;
        // A new medium may be booted from.
        let medium = drive.is_cdrom() && !drive.is_cloud_init();
        let order = boot_order(&draft.guest).filter(|order| medium && !order.iter().any(|device| device == key));
        if let Some(mut order) = order {
            order.push(key.to_owned());
            draft.guest.pending.insert("boot".into(), print_order(&order).into());
            touched.push("boot".into());
        }
        noted = drive.to_string().into();
    } else if key.starts_with("net") && key != "nets" {
        noted = Nic::read(Kind::Qemu, text).completed(|| draft.address()).to_string().into();
    } else if key == "vmgenid" && text == "1" {
        noted = draft.uuid().into();
    } else if key == "cipassword" {
        // Never shown, and so never kept.
        draft.guest.note_told();
        draft.guest.config.insert(key.into(), "**********".into());
        return Ok(touched);
    } else if key == "boot" {
        let order: Vec<&str> = text.strip_prefix("order=").map(list).into_iter().flatten().collect();
        let is_there = |device: &str| {
            let known = [&draft.guest.config, &draft.guest.pending, &change.set].iter().any(|c| c.contains_key(device));
            known && !change.delete.iter().any(|key| key == device)
        };
        if let Some(device) = order.iter().find(|device| !is_there(device)) {
            return failed(format!("invalid bootorder: device '{device}' does not exist'"));
        }
    }
    draft.guest.pending.insert(key.to_owned(), noted);
    draft.guest.pending_delete.remove(key);
    Ok(touched)
}

/// Takes over what a running VM can.
fn hot_plug(draft: &mut Draft<'_>, touched: &[String]) -> Wrong {
    let mut wrong = Wrong::new();
    for key in draft.guest.pending.keys().cloned().collect::<Vec<_>>() {
        if AT_ONCE.contains(&key.as_str()) || is_told(&key) {
            if is_told(&key) {
                draft.guest.note_told();
            }
            draft.guest.adopt(&key);
        }
    }
    let of = |draft: &Draft<'_>| draft.guest.text("hotplug").unwrap_or("1").to_owned();
    let has = |hotplug: &str, feature: &str| match hotplug {
        "0" => false,
        "1" => ["network", "disk", "usb"].contains(&feature),
        listed => list(listed).any(|one| one == feature),
    };
    let hotplug = of(draft);
    for (key, force) in draft.guest.pending_delete.clone().into_iter().filter(|(key, _)| touched.contains(key)) {
        let outcome = match key.as_str() {
            key if AT_ONCE.contains(&key) => Ok(()),
            key if is_told(key) => {
                draft.guest.note_told();
                Ok(())
            }
            "cpuunits" | "cpulimit" => Ok(()),
            "balloon" if draft.guest.number("balloon") != Some(0) => Ok(()),
            "hotplug" if !has(&hotplug, "cpu") && !has(&hotplug, "memory") => Ok(()),
            "tablet" if has(&hotplug, "usb") => Ok(()),
            key if key.starts_with("net") && has(&hotplug, "network") => Ok(()),
            key if is_drive(key) && has(&hotplug, "disk") && is_live_bus(key) => {
                detach(draft, key, force).map_err(Not::Ever)
            }
            _ => Err(Not::Now),
        };
        match outcome {
            Ok(()) => {
                draft.guest.config.remove(&key);
                draft.guest.pending_delete.remove(&key);
            }
            Err(Not::Now) => {}
            Err(Not::Ever(why)) => wrong.push((key, format!("hotplug problem - {why}\n"))),
        }
    }
    for key in draft.guest.pending.keys().filter(|key| touched.contains(key)).cloned().collect::<Vec<_>>() {
        let value = draft.guest.pending[&key].clone();
        let text = value.as_str().unwrap_or_default().to_owned();
        let outcome = match key.as_str() {
            "cpuunits" | "cpulimit" => Ok(()),
            "hotplug" if [hotplug.as_str(), &text].iter().any(|it| has(it, "cpu") || has(it, "memory")) => {
                Err(Not::Now)
            }
            "hotplug" => Ok(()),
            "tablet" if has(&hotplug, "usb") => Ok(()),
            "balloon" if (draft.guest.number("balloon") != Some(0)) == (value != 0) => Ok(()),
            "agent" => agent(&draft.guest, &text),
            key if is_drive(key) => disk(draft, key, &Drive::read(&text), has(&hotplug, "disk")),
            key if key.starts_with("net") => card(&draft.guest, key, &text, has(&hotplug, "network")),
            _ => Err(Not::Now),
        };
        match outcome {
            Ok(()) => draft.guest.adopt(&key),
            Err(Not::Now) => {}
            Err(Not::Ever(why)) => wrong.push((key, format!("hotplug problem - {why}\n"))),
        }
    }
    wrong
}

/// Whether disks of this bus can be plugged while the VM runs.
fn is_live_bus(key: &str) -> bool {
    !["ide", "sata", "efidisk", "tpmstate"].iter().any(|bus| key.starts_with(bus))
}

fn detach(draft: &mut Draft<'_>, key: &str, force: bool) -> Result<(), String> {
    let Some(drive) = draft.guest.drive(key) else { return Ok(()) };
    match drive.image() {
        Some(volid) if force && !drive.is_cdrom() => deallocate(draft, key, volid),
        _ => {
            unplugged(draft, &drive);
            Ok(())
        }
    }
}

fn agent(guest: &Guest, text: &str) -> Result<(), Not> {
    let parts = |text: &str| {
        let parts = text.split(',').map(|part| part.strip_prefix("enabled=").unwrap_or(part).to_owned());
        parts.filter(|part| !part.starts_with("fstrim_cloned_disks=")).collect::<std::collections::BTreeSet<_>>()
    };
    match guest.text("agent") {
        Some(old) if parts(old) == parts(text) => Ok(()),
        _ => Err(Not::Now),
    }
}

fn card(guest: &Guest, key: &str, text: &str, can: bool) -> Result<(), Not> {
    let new = Nic::read(Kind::Qemu, text);
    let old = guest.text(key).map(|old| Nic::read(Kind::Qemu, old));
    let replugged = old.is_none_or(|old| !new.changes_live(&old));
    if replugged && !can {
        return Err(Not::Now);
    }
    match new.option("bridge") {
        Some(bridge) if !BRIDGES.contains(&bridge) => Err(Not::Ever(format!("bridge '{bridge}' does not exist"))),
        _ => Ok(()),
    }
}

fn disk(draft: &mut Draft<'_>, key: &str, new: &Drive, can: bool) -> Result<(), Not> {
    if ["efidisk0", "tpmstate0"].contains(&key) {
        return Err(Not::Now);
    }
    let Some(old) = draft.guest.drive(key) else {
        return if can && is_live_bus(key) { Ok(()) } else { Err(Not::Now) };
    };
    if old.is_cdrom() != new.is_cdrom() {
        return Err(Not::Ever("unable to change media type".into()));
    }
    if old.is_cdrom() {
        if new.volume == "none" && old.is_cloud_init() {
            unplugged(draft, &old);
        }
        return Ok(());
    }
    if old.volume == new.volume {
        return if new.differs(&old, NOT_LIVE) { Err(Not::Now) } else { Ok(()) };
    }
    if !can {
        return Err(Not::Now);
    }
    unplugged(draft, &old);
    if is_live_bus(key) { Ok(()) } else { Err(Not::Now) }
}

/// Takes over all that waits, with the VM off.
pub(super) fn take_over(draft: &mut Draft<'_>) -> Wrong {
    let mut wrong = Wrong::new();
    for (key, force) in draft.guest.pending_delete.clone() {
        let outcome = if is_drive(&key) { detach(draft, &key, force) } else { Ok(()) };
        match outcome {
            Ok(()) => {
                draft.guest.config.remove(&key);
                draft.guest.pending_delete.remove(&key);
            }
            Err(why) => wrong.push((key.clone(), format!("unable to apply pending change {key} : {why}\n"))),
        }
    }
    draft.tidy();
    for key in draft.guest.pending.keys().cloned().collect::<Vec<_>>() {
        let new = draft.guest.pending[&key].as_str().map(Drive::read);
        if let (true, Some(old)) = (is_drive(&key), draft.guest.drive(&key)) {
            // The same volume with other options stays where it is.
            if new.as_ref().is_none_or(|new| new.volume != old.volume) {
                unplugged(draft, &old);
            }
        }
        if is_drive(&key) && new.is_some_and(|new| new.is_cloud_init()) {
            draft.lines.push("generating cloud-init ISO".into());
        }
        draft.guest.adopt(&key);
    }
    wrong
}

impl Guest {
    /// What was noted for an option holds.
    pub(super) fn adopt(&mut self, key: &str) {
        if let Some(value) = self.pending.remove(key) {
            self.config.insert(key.to_owned(), value);
        }
    }

    /// Keeps what cloud-init's drive says before that is changed.
    fn note_told(&mut self) {
        if self.told.is_none() {
            let told = self.config.iter().filter(|(key, _)| is_told(key));
            self.told = Some(told.map(|(key, value)| (key.clone(), value.clone())).collect());
        }
    }
}

/// Whether a CPU type is one that the cluster knows.
pub(in crate::twin::work) fn check_cpu(state: &crate::twin::state::State, text: &str) -> Answered<()> {
    let name = text.split(',').find_map(|part| part.strip_prefix("cputype=").or((!part.contains('=')).then_some(part)));
    let known = state.fixed.get("/nodes/*/capabilities/qemu/cpu").and_then(Value::as_array);
    match (name, known) {
        (Some(name), Some(known)) if !name.starts_with("custom-") && !known.iter().any(|cpu| cpu["name"] == *name) => {
            let why = format!("Built-in cputype '{name}' is not defined (missing 'custom-' prefix?)");
            crate::twin::answer::wrong("cpu", format!("invalid format - {why}\n"))
        }
        _ => Ok(()),
    }
}
