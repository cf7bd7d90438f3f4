//! Cloning a VM: with copies of its disks, or linked to those of a template.
//!
//! Knows what a clone takes over and what is new of it; how data are copied stands in `copying`.

use serde_json::{Map, Value};

use super::Work;
use super::copying::{Load, no_room};
use super::course::Course;
use super::draft::{mac, uuid};
use super::steps::Break;
use crate::twin::answer::{Answered, Params, Refusal, failed, wrong};
use crate::twin::drive::{Drive, drives};
use crate::twin::form::{self, Form};
use crate::twin::images::{Feature, Image, last_part};
use crate::twin::net::Nic;
use crate::twin::state::{Guest, Kind, Ms, Power, State};

/// What is asked for.
#[derive(Clone, Debug)]
pub(in crate::twin) struct Clone {
    pub(super) newid: u32,
    name: Option<String>,
    description: Option<String>,
    pool: Option<String>,
    snapname: Option<String>,
    storage: Option<String>,
    format: Option<String>,
    full: Option<bool>,
    target: Option<String>,
    /// Whether the source ran when it was asked for.
    pub(super) running: bool,
}

/// The parameters that clones of both kinds take.
pub(super) fn form(key: &str) -> Option<Form> {
    match key {
        "newid" => Some(Form::Integer(100, 999_999_999)),
        "description" => Some(Form::Text(usize::MAX)),
        "pool" => Some(Form::Format(form::pool_id)),
        "snapname" => Some(Form::Format(form::config_id)),
        "storage" => Some(Form::Format(form::storage_id)),
        "full" => Some(Form::Boolean),
        "target" => Some(Form::Format(form::node_name)),
        "bwlimit" => Some(Form::Number(0.0, f64::MAX)),
        _ => None,
    }
}

/// Refuses a pool that is not there, which PVE takes for one that the caller must not see.
pub(super) fn check_pool(state: &State, pool: Option<&str>) -> Answered<()> {
    match pool {
        Some(pool) if !state.pools.iter().any(|known| known.poolid == pool) => {
            Err(Refusal::Denied(format!("Permission check failed (pool '{pool}' does not exist)")))
        }
        _ => Ok(()),
    }
}

/// `POST …/clone` of a VM.
pub(in crate::twin) fn clone(state: &mut State, node: &str, vmid: u32, params: Params<'_>) -> Answered {
    let known = |key: &str| match key {
        "name" => Some(Form::Format(form::dns_name)),
        "format" => Some(Form::OneOf(&["raw", "qcow2", "vmdk"])),
        key => form(key),
    };
    let params = params.check(known, &["newid"])?;
    params.without(&["bwlimit"])?;
    let text = |key: &str| params.get(key).map(str::to_owned);
    let Some(guest) = state.guests.get(&vmid) else { return failed(Kind::Qemu.missing(node, vmid)) };
    let clone = Clone {
        newid: params.int("newid")?.and_then(|id| u32::try_from(id).ok()).unwrap_or_default(),
        name: text("name"),
        description: text("description"),
        pool: text("pool"),
        snapname: text("snapname"),
        storage: text("storage"),
        format: text("format"),
        full: params.get("full").map(|_| params.flag("full")).transpose()?,
        target: text("target").filter(|target| target != node),
        running: guest.power_at(state.now) != Power::Stopped,
    };
    clone.check(state, guest)?;
    Ok(state.begin(node, vmid, Work::Clone(clone)).into())
}

/// Refuses a node that is none, or cannot be reached.
pub(super) fn check_target(state: &State, target: Option<&str>) -> Answered<()> {
    match target {
        Some(target) if state.node(target).is_none() => failed(format!("no such cluster node '{target}'")),
        _ => Ok(()),
    }
}

/// One disk of the source, and whether it is copied.
struct Source {
    key: String,
    drive: Drive,
    full: bool,
}

impl Clone {
    /// The configuration that is cloned.
    fn source<'a>(&self, guest: &'a Guest) -> Answered<&'a Map<String, Value>> {
        let Some(name) = &self.snapname else { return Ok(&guest.config) };
        match guest.snapshots.iter().find(|snapshot| snapshot.name == *name) {
            Some(snapshot) => Ok(&snapshot.config),
            None => failed(format!("snapshot '{name}' does not exist")),
        }
    }

    /// What PVE looks at before there is a task, and once more within it.
    fn check(&self, state: &State, guest: &Guest) -> Answered<Vec<Source>> {
        check_pool(state, self.pool.as_deref())?;
        check_target(state, self.target.as_deref())?;
        if let Some(id) = &self.storage {
            let Some(storage) = state.storage(id) else { return failed(format!("storage '{id}' does not exist")) };
            if storage.disable {
                return failed(format!("storage '{id}' is disabled"));
            }
            if !storage.holds("images") {
                return wrong("storage", format!("storage '{id}' does not support vm images"));
            }
            if self.target.is_some() && !storage.shared {
                return failed(format!("can't clone to non-shared storage '{id}'"));
            }
        }
        state.needs_quorum()?;
        guest.refuse_locked()?;
        let config = self.source(guest)?;
        let full = self.full.unwrap_or(!guest.is_set("template"));
        for (given, what) in [(&self.storage, "storage"), (&self.format, "format")] {
            if given.is_some() && !full {
                return failed(format!("parameter '{what}' not allowed for linked clones"));
            }
        }
        if let Some(target) = &self.target {
            let shared = |drive: &Drive| state.storage_of(&drive.volume).is_none_or(|storage| storage.shared);
            if !drives(Kind::Qemu, config).iter().all(|(_, drive)| shared(drive)) {
                return failed(format!("can't clone VM to node '{target}' (VM uses local storage)"));
            }
        }
        if state.guests.get(&self.newid).is_some_and(|other| other.node == guest.node && other.kind == Kind::Qemu) {
            return failed(format!("unable to create VM {}: config file already exists", self.newid));
        }
        let snapshot = self.snapname.is_some();
        let mut found: Vec<Source> = Vec::new();
        for (key, drive) in drives(Kind::Qemu, config) {
            let Some(volid) = drive.image() else { continue };
            if key == "tpmstate0" && full && self.running && !snapshot {
                return failed("cannot clone TPM state while VM is running");
            }
            let copied = full || drive.is_cloud_init() || key == "tpmstate0";
            let feature = if copied { Feature::Copy } else { Feature::Clone };
            if !state.storage_of(volid).is_some_and(|storage| storage.can(feature, volid, snapshot)) {
                let how = if copied { "Full" } else { "Linked" };
                let of = if snapshot { " a snapshot of" } else { "" };
                return failed(format!("{how} clone feature is not supported for{of} '{volid}' ({key})"));
            }
            if !copied && snapshot {
                return crate::twin::answer::not_simulated("A linked clone of a snapshot");
            }
            found.push(Source { key, drive, full: copied });
        }
        found.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(found)
    }

    /// What is taken over, without disks.
    fn config(&self, guest: &Guest) -> Answered<Map<String, Value>> {
        let skipped = ["parent", "vmstate", "runningcpu", "runningmachine", "template", "lock"];
        let is_kept = |key: &str, drive: Option<Drive>| {
            !skipped.contains(&key) && !key.starts_with("unused") && drive.is_none_or(|drive| drive.image().is_none())
        };
        let drive = |key: &str, value: &Value| {
            crate::twin::drive::rank(Kind::Qemu, key)?;
            value.as_str().map(Drive::read)
        };
        let all = self.source(guest)?.iter();
        let mut config: Map<String, Value> = all
            .filter(|(key, value)| is_kept(key, drive(key, value)))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        config.insert("lock".into(), "clone".into());
        let own = config.get("name").and_then(Value::as_str).map_or_else(|| guest.vmid.to_string(), str::to_owned);
        let name = self.name.clone().unwrap_or_else(|| format!("Copy-of-VM-{own}"));
        config.insert("name".into(), name.into());
        if let Some(description) = self.description.as_ref().filter(|words| !words.is_empty()) {
            config.insert("description".into(), description.as_str().into());
        }
        Ok(config)
    }

    /// How it goes.
    pub(super) fn course(&self, state: &State, guest: &Guest) -> Course {
        let (sources, config) = match self.check(state, guest).and_then(|found| Ok((found, self.config(guest)?))) {
            Ok(both) => both,
            Err(refusal) => return Course::fails(60, refusal.in_task()),
        };
        let (vmid, newid) = (guest.vmid, self.newid);
        let begun = Course::ok(0).line(30, format!("creating a clone of VM {vmid} with ID {newid}"));
        if state.guests.contains_key(&newid) {
            // Only where the file is written does it turn out that another node has it.
            let file = format!("/etc/pve/nodes/{}/qemu-server/{newid}.conf", guest.node);
            let exit = format!("close (rename) atomic file '{file}' failed: File exists");
            return Course { exit, takes: 120, ..begun };
        }
        let (node, made) = (guest.node.clone(), newcomer(guest, newid, state.now));
        let mut course = begun.then(40, move |state| {
            let config = state.made_new(config, Kind::Qemu);
            state.guests.insert(newid, Guest { config, ..made });
        });
        let (mut at, mut planned, mut names): (Ms, Vec<String>, Vec<(String, Ms)>) = (60, Vec::new(), Vec::new());
        let mut mirrored: Vec<String> = Vec::new();
        for source in &sources {
            let (volid, key) = (source.drive.volume.clone(), source.key.clone());
            let Some(old) = state.images.get(&volid).cloned() else { continue };
            let Some(from) = state.storage_of(&volid) else { continue };
            let how = if source.full { "full" } else { "linked" };
            course = course.line(at, format!("create {how} clone of drive {key} ({volid})"));
            let mut drive = source.drive.clone();
            if !source.full {
                let name = state.free_name(from, Kind::Qemu, newid, &planned);
                let base = last_part(&volid);
                if from.kind == "rbd" {
                    course = course.line(at + 100, format!("clone {base}: {base} snapname __base__ to {name}"));
                }
                drive.volume = format!("{}:{base}/{name}", from.storage);
                planned.push(drive.volume.clone());
                names.push((drive.volume.clone(), at + 300));
                drive.set_size(old.size);
                course = self.attach(course, at + 300, &key, &drive, Image { size: old.size, written: 0 });
                at += 500;
                continue;
            }
            let to = self.storage.as_deref().and_then(|id| state.storage(id)).unwrap_or(from);
            let name = match drive.is_cloud_init() {
                true => format!("vm-{newid}-cloudinit"),
                false => state.free_name(to, Kind::Qemu, newid, &planned),
            };
            drive.volume = format!("{}:{name}", to.storage);
            planned.push(drive.volume.clone());
            if let Some(format) = self.format.as_ref().filter(|format| *format != "raw") {
                let words = format!(
                    "format '{format}' is not supported by the target storage '{}' - using 'raw' instead",
                    to.storage
                );
                course = course.line(at + 100, words);
            }
            course = course.line(at + 200, format!("allocated target volume '{}'", drive.volume));
            names.push((drive.volume.clone(), at + 200));
            drive.set_size(old.size);
            let live = self.running && self.snapname.is_none() && !drive.is_cloud_init();
            let load = Load { size: old.size, written: old.written };
            if state.room(to, &guest.node) < old.written + self.before(state, &sources, &key) {
                let why = match live {
                    true => {
                        format!("block job (mirror) error: drive-{key}: No space left on device (io-status: nospace)")
                    }
                    false => no_room(state, &volid, &drive.volume),
                };
                return self.broken(course, at + 2_500, &names, &why);
            }
            let image = Image { size: old.size, written: if drive.is_cloud_init() { old.size } else { 0 } };
            let (next, end) = match (drive.is_cloud_init(), live) {
                (true, _) => (course, at + 400),
                (false, true) => course.mirrored(at + 300, &key, load),
                (false, false) => course.converted(at + 300, load),
            };
            course = next;
            if live {
                mirrored.push(key.clone());
            }
            course = self.attach(course, at + 200, &key, &drive, image);
            let (filled, written) = (drive.volume.clone(), old.written);
            course = course.then(end, move |state| state.fill_image(&filled, written));
            at = end + 100;
        }
        if !mirrored.is_empty() {
            (course, at) = cut_loose(course, at, guest, &mirrored);
        }
        let (pool, target) = (self.pool.clone(), self.target.clone().unwrap_or(node));
        let course = course.change(at + 200, newid, move |guest| {
            guest.config.remove("lock");
            guest.pool = pool;
            guest.node = target;
        });
        let broken: Break = Box::new(move |state, _, _| {
            state.remove_with_volumes(newid);
            "clone failed: interrupted by signal".to_owned()
        });
        Course { takes: at + 300, broken: Some(broken), ..course }
    }

    /// What the disks before this one will have written to the same storage.
    fn before(&self, state: &State, sources: &[Source], key: &str) -> u64 {
        let storage = |source: &Source| {
            let own = || state.storage_of(&source.drive.volume).map(|storage| storage.storage.clone());
            self.storage.clone().or_else(own)
        };
        let own = sources.iter().find(|source| source.key == key).and_then(storage);
        let earlier = sources.iter().take_while(|source| source.key != key).filter(|s| s.full && storage(s) == own);
        earlier.filter_map(|source| state.images.get(&source.drive.volume)).map(|image| image.written).sum()
    }

    /// A volume is made, and the clone has it.
    fn attach(&self, course: Course, at: Ms, key: &str, drive: &Drive, image: Image) -> Course {
        let (newid, key, drive) = (self.newid, key.to_owned(), drive.clone());
        let volid = drive.volume.clone();
        course.then(at, move |state| state.add_image(&volid, image)).change(at, newid, move |guest| {
            guest.config.insert(key, drive.to_string().into());
        })
    }

    /// It fails, and nothing of it stays.
    fn broken(&self, course: Course, at: Ms, made: &[(String, Ms)], why: &str) -> Course {
        let newid = self.newid;
        let course = made.iter().fold(course, |course, (volid, _)| {
            let volid = volid.clone();
            course.then(at, move |state| state.drop_image(&volid))
        });
        let course = course.then(at, move |state| drop(state.guests.remove(&newid)));
        Course { takes: at, exit: format!("clone failed: {why}"), ..course }
    }
}

/// A running source stands still for a moment while its mirrors are cut loose.
fn cut_loose(mut course: Course, at: Ms, guest: &Guest, keys: &[String]) -> (Course, Ms) {
    let (stop, go) = match guest.has_agent() {
        true => ["freeze", "thaw"].map(|verb| format!("issuing guest agent 'guest-fsfreeze-{verb}' command")).into(),
        false => ("suspend vm".to_owned(), "resume vm".to_owned()),
    };
    course = course.line(at, stop);
    for key in keys {
        course = course.line(at + 200, format!("drive-{key}: Cancelling block job"));
    }
    for key in keys {
        course = course.line(at + 900, format!("drive-{key}: Done."));
    }
    (course.line(at + 1_000, go), at + 1_000)
}

/// A guest that is new and does what another one does.
pub(super) fn newcomer(like: &Guest, vmid: u32, now: Ms) -> Guest {
    Guest {
        vmid,
        config: Map::new(),
        pending: Map::new(),
        pending_delete: std::collections::BTreeMap::new(),
        told: None,
        pool: None,
        made: Some(now),
        changes: Vec::new(),
        ha: None,
        snapshots: Vec::new(),
        ..like.clone()
    }
}

impl State {
    /// A configuration with addresses and identities of its own.
    pub(super) fn made_new(&mut self, mut config: Map<String, Value>, kind: Kind) -> Map<String, Value> {
        let cards: Vec<String> = config.keys().filter(|key| is_card(key)).cloned().collect();
        for key in cards {
            let Some(text) = config.get(&key).and_then(Value::as_str) else { continue };
            let card = Nic::read(kind, text).readdressed(mac(self.draw()));
            config.insert(key, card.to_string().into());
        }
        if kind == Kind::Qemu {
            let fresh = uuid(self.draw(), self.draw());
            let old = config.get("smbios1").and_then(Value::as_str).unwrap_or_default();
            let rest: Vec<&str> =
                old.split(',').filter(|part| !part.is_empty() && !part.starts_with("uuid=")).collect();
            let parts: Vec<String> = rest.into_iter().map(str::to_owned).chain([format!("uuid={fresh}")]).collect();
            config.insert("smbios1".into(), parts.join(",").into());
            if config.contains_key("vmgenid") {
                config.insert("vmgenid".into(), uuid(self.draw(), self.draw()).into());
            }
        }
        config
    }
}

pub(super) fn is_card(key: &str) -> bool {
    key.strip_prefix("net").is_some_and(|number| number.parse::<u32>().is_ok())
}
