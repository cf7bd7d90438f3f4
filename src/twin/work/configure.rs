//! Changing the configuration of a guest: what PVE refuses before it looks at what is to change, then the change itself.
//!
//! Knows how the calls differ: at once for all, in a task for VMs.

use serde_json::Value;

use super::Work;
use super::course::Course;
use super::disks::{check_drive, check_mount};
use super::draft::{Draft, Drafted};
use super::pending::vm::check_cpu;
use super::pending::{Change, Wrong};
use crate::twin::answer::{Answered, Params, Refusal, failed, not_simulated, wrong};
use crate::twin::drive::{is_unused, rank};
use crate::twin::form::{Form, list};
use crate::twin::options;
use crate::twin::state::{Guest, Kind, Power, State};

const ANY: Form = Form::Text(usize::MAX);

/// Parameters that are no options.
fn extra(kind: Kind, task: bool, key: &str) -> Option<Form> {
    match key {
        "delete" | "revert" => Some(ANY),
        "digest" => Some(Form::Text(40)),
        "skiplock" | "force" if kind == Kind::Qemu => Some(Form::Boolean),
        "background_delay" if task => Some(Form::Integer(1, 30)),
        _ => None,
    }
}

/// The form of an option, with those that are not simulated and are refused only later, for that reason.
pub(super) fn form(kind: Kind, key: &str) -> Option<Form> {
    options::form(kind, key).or((options::is_rest(kind, key) || is_unused(key)).then_some(ANY))
}

/// Whether a name is that of an option, and not of another parameter of the call.
fn is_option(kind: Kind, key: &str) -> bool {
    form(kind, key).is_some() && extra(kind, true, key).is_none()
}

/// The options among the parameters, as PVE keeps them.
pub(super) fn options_of(kind: Kind, params: Params<'_>) -> Answered<Change> {
    let mut change = Change::default();
    for (key, text) in params.0.iter().filter(|(key, _)| is_option(kind, key)) {
        let Some(form) = options::form(kind, key) else { return not_simulated(&format!("Changing '{key}'")) };
        let value = form.read(key, text).map_err(|why| Refusal::Parameters(vec![(key.clone(), why)]))?;
        let value = if key == "tags" { tags(text).into() } else { value };
        // Another word for the second CD drive.
        let (key, value) = match key.as_str() {
            "cdrom" if text.contains("media=") => ("ide2", value),
            "cdrom" => ("ide2", format!("{text},media=cdrom").into()),
            key => (key, value),
        };
        change.set.insert(key.to_owned(), value);
    }
    Ok(change)
}

/// Sorted, each once, in small letters, joined by semicolons.
fn tags(text: &str) -> String {
    let mut tags: Vec<String> = list(text).map(str::to_lowercase).collect();
    tags.sort_unstable();
    tags.dedup();
    tags.join(";")
}

/// Reads and checks what a call wants changed.
fn read(state: &State, kind: Kind, task: bool, params: Params<'_>) -> Answered<Change> {
    let params = params.check(|key| extra(kind, task, key).or_else(|| form(kind, key)), &[])?;
    if params.get("background_delay").is_some() {
        return not_simulated("The parameter 'background_delay'");
    }
    let mut change = options_of(kind, params)?;
    change.force = params.flag("force")?;
    if change.force && params.get("delete").is_none() {
        return wrong("delete", "missing property required by 'force'");
    }
    change.said = said(params);
    let (delete, revert) = (params.get("delete").unwrap_or_default(), params.get("revert").unwrap_or_default());
    let only_digest = params.0.iter().all(|(key, _)| key == "digest" || key == "skiplock");
    if only_digest || (change.set.is_empty() && delete.is_empty() && revert.is_empty()) {
        return failed("no options specified");
    }
    check_lists(kind, &mut change, delete, revert)?;
    for (key, value) in change.set.iter().filter(|(key, _)| rank(kind, key).is_some()) {
        let drive = options::drive(key, value.as_str().unwrap_or_default());
        match kind {
            Kind::Qemu => check_drive(state, key, &drive, None)?,
            Kind::Lxc => check_mount(state, &drive)?,
        }
    }
    if let Some(cpu) = change.set.get("cpu").and_then(Value::as_str) {
        check_cpu(state, cpu)?;
    }
    Ok(change)
}

/// What a task's log says of it, in the order of the names.
fn said(params: Params<'_>) -> String {
    let mut shown: Vec<_> = params.0.iter().filter(|(key, _)| key != "digest").collect();
    shown.sort();
    let word = |(key, value): &(String, String)| {
        let value = if key == "cipassword" { "<hidden>" } else { value };
        format!("-{key} {value}")
    };
    shown.into_iter().map(word).collect::<Vec<_>>().join(" ")
}

fn check_lists(kind: Kind, change: &mut Change, delete: &str, revert: &str) -> Answered<()> {
    let vm = kind == Kind::Qemu;
    for key in list(revert) {
        if !options::exists(kind, key) {
            return wrong("revert", format!("unknown option '{key}'"));
        }
        if change.set.contains_key(key) {
            // PVE names another field for VMs.
            return match vm {
                true => wrong("delete", format!("you can't use '-{key}' and -revert {key}' at the same time")),
                false => wrong("revert", format!("you can't use '-{key}' and '-revert {key}' at the same time")),
            };
        }
        change.revert.push(key.to_owned());
    }
    for key in list(delete) {
        let key = if vm && key == "cdrom" { "ide2" } else { key };
        if change.set.contains_key(key) {
            return wrong("delete", format!("you can't use '-{key}' and -delete {key}' at the same time"));
        }
        if change.revert.iter().any(|other| other == key) {
            let field = if vm { "revert" } else { "delete" };
            let quote = if vm { "" } else { "'" };
            return wrong(field, format!("you can't use '-delete {key}' and {quote}-revert {key}' at the same time"));
        }
        if options::is_rest(kind, key) {
            return not_simulated(&format!("Deleting '{key}'"));
        }
        if !options::exists(kind, key) {
            return wrong("delete", format!("unknown option '{key}'"));
        }
        change.delete.push(key.to_owned());
    }
    Ok(())
}

/// What has to be so when a change comes true.
fn check_guest(guest: &Guest, params: Params<'_>) -> Answered<()> {
    let changed = params.get("digest").is_some_and(|digest| digest != guest.digest());
    if guest.kind == Kind::Lxc {
        guest.refuse_locked()?;
        return if changed { failed(MODIFIED) } else { Ok(()) };
    }
    if changed {
        return failed("checksum mismatch (file change by other user?)");
    }
    if params.flag("skiplock")? { Ok(()) } else { guest.refuse_locked() }
}

/// What most calls say of a configuration that is no longer the one that was read.
pub(super) const MODIFIED: &str = "detected modified configuration - file changed by other user? Try again.";

/// Works out a change.
fn drafted(state: &State, guest: &Guest, change: &Change) -> Answered<(Drafted, Vec<String>, Wrong)> {
    let running = guest.power_at(state.now) != Power::Stopped;
    refuse_hot_memory(guest, change, running)?;
    let mut draft = Draft::of(state, guest);
    let wrong = draft.change(change, running)?;
    let lines = std::mem::take(&mut draft.lines);
    Ok((draft.done(), lines, wrong))
}

/// Memory and processors that are plugged in while a VM runs.
fn refuse_hot_memory(guest: &Guest, change: &Change, running: bool) -> Answered<()> {
    let hotplug = guest.text("hotplug").unwrap_or_default();
    for (feature, key) in [("memory", "memory"), ("cpu", "vcpus")] {
        let asked = change.set.contains_key(key) || change.delete.iter().any(|deleted| deleted == key);
        if running && asked && hotplug.contains(feature) {
            return not_simulated(&format!("Changing '{key}' of a VM that plugs it while it runs"));
        }
    }
    Ok(())
}

/// `PUT …/config`.
pub(in crate::twin) fn put(state: &mut State, kind: Kind, vmid: u32, params: Params<'_>) -> Answered {
    let change = read(state, kind, false, params)?;
    let check = |state: &State| match state.guests.get(&vmid) {
        Some(guest) => check_guest(guest, params),
        None => failed(format!("no such guest: {vmid}")),
    };
    if kind == Kind::Qemu {
        check(state)?;
    }
    state.wait_for_lock(vmid)?;
    check(state)?;
    let Some(guest) = state.guests.get(&vmid) else { return Ok(Value::Null) };
    let (drafted, _, wrong) = drafted(state, guest, &change)?;
    if kind == Kind::Qemu || wrong.is_empty() {
        drafted.come_true(state);
    }
    if wrong.is_empty() { Ok(Value::Null) } else { Err(Refusal::Parameters(wrong)) }
}

/// `POST …/config`: the same as a task.
pub(in crate::twin) fn post(state: &mut State, node: &str, vmid: u32, params: Params<'_>) -> Answered {
    let change = read(state, Kind::Qemu, true, params)?;
    let Some(guest) = state.guests.get(&vmid) else { return failed(Kind::Qemu.missing(node, vmid)) };
    check_guest(guest, params)?;
    // What is not simulated is refused before there is a task.
    if let Err(Refusal::NotImplemented(why)) = drafted(state, guest, &change) {
        return Err(Refusal::NotImplemented(why));
    }
    let skiplock = params.flag("skiplock")?;
    Ok(state.begin(node, vmid, Work::Configure { change, skiplock }).into())
}

/// `PUT …/unlink`: disks are taken out of the configuration.
pub(in crate::twin) fn unlink(state: &mut State, vmid: u32, params: Params<'_>) -> Answered {
    let form = |key: &str| match key {
        "idlist" => Some(ANY),
        "force" => Some(Form::Boolean),
        _ => None,
    };
    let params = params.check(form, &["idlist"])?;
    let mut wanted = vec![("delete".to_owned(), params.get("idlist").unwrap_or_default().to_owned())];
    wanted.extend(params.get("force").map(|force| ("force".to_owned(), force.to_owned())));
    put(state, Kind::Qemu, vmid, Params(&wanted))
}

/// `PUT …/cloudinit`: cloud-init's drive is written anew.
pub(in crate::twin) fn tell_cloud_init(state: &mut State, vmid: u32, params: Params<'_>) -> Answered {
    params.only(&[])?;
    state.wait_for_lock(vmid)?;
    if let Some(guest) = state.guests.get_mut(&vmid) {
        guest.refuse_locked()?;
        guest.told = None;
    }
    Ok(Value::Null)
}

/// How the task goes that changes a configuration.
pub(super) fn course(state: &State, guest: &Guest, change: &Change, skiplock: bool) -> Course {
    if let (Err(words), false) = (guest.lock_words(), skiplock) {
        return Course::fails(40, words);
    }
    let said = format!("update VM {}: {}", guest.vmid, change.said);
    match drafted(state, guest, change) {
        Err(refusal) => Course::fails(80, refusal.in_task()).line(20, said),
        Ok((drafted, lines, wrong)) => {
            let end = if wrong.is_empty() {
                Course::ok(120)
            } else {
                Course::fails(120, Refusal::Parameters(wrong).in_task())
            };
            let course = end.line(20, said).then(0, |state| drafted.come_true(state));
            lines.into_iter().fold(course, |course, line| course.line(60, line))
        }
    }
}
