//! Making a new container out of a template.

use serde_json::{Map, Value};

use super::Work;
use super::clone::{check_pool, is_card};
use super::clone_container::refuse_taken;
use super::configure::{form, options_of};
use super::course::Course;
use super::create::{not_made, reserved};
use super::disks::check_mount;
use super::draft::{Draft, Drafted};
use crate::twin::answer::{Answered, Params, failed, not_simulated, wrong};
use crate::twin::drive::{Drive, drives, rank};
use crate::twin::form::{self as forms, Form, volume_id};
use crate::twin::net::Nic;
use crate::twin::options;
use crate::twin::state::{Guest, Kind, State};
use crate::twin::written::bytes;

/// What is asked for.
#[derive(Clone, Debug)]
pub(in crate::twin) struct Create {
    template: String,
    config: Map<String, Value>,
    pool: Option<String>,
    start: bool,
}

/// Parameters that are no options.
fn extra(key: &str) -> Option<Form> {
    match key {
        "vmid" => Some(Form::Integer(100, 999_999_999)),
        "ostemplate" => Some(Form::Text(255)),
        "password" | "ssh-public-keys" => Some(Form::Text(usize::MAX)),
        "storage" => Some(Form::Format(forms::storage_id)),
        "pool" => Some(Form::Format(forms::pool_id)),
        "start" | "unique" | "restore" | "force" | "ha-managed" | "ignore-unpack-errors" => Some(Form::Boolean),
        "bwlimit" => Some(Form::Number(0.0, f64::MAX)),
        _ => None,
    }
}

/// `POST /nodes/{node}/lxc`.
pub(in crate::twin) fn create(state: &mut State, node: &str, params: Params<'_>) -> Answered {
    let known = |key: &str| extra(key).or_else(|| form(Kind::Lxc, key).map(|form| loose(key, form)));
    let params = params.check(known, &["vmid", "ostemplate"])?;
    if params.get("password").is_some_and(|password| password.chars().count() < 5) {
        return wrong("password", "value must be at least 5 characters long");
    }
    params.without(&["bwlimit", "force", "unique", "restore", "ha-managed", "ignore-unpack-errors"])?;
    let vmid = params.int("vmid")?.and_then(|id| u32::try_from(id).ok()).unwrap_or_default();
    state.needs_quorum()?;
    refuse_taken(state, vmid)?;
    let pool = params.get("pool").map(str::to_owned);
    check_pool(state, pool.as_deref())?;
    let template = check_template(state, params.get("ostemplate").unwrap_or_default())?;
    let storage = params.get("storage").unwrap_or("local");
    let config = wanted(state, params, storage)?;
    let start = params.flag("start")?;
    let create = Create { template, config, pool, start };
    let bare = reserved(Kind::Lxc, node, vmid, state.now);
    if let Err(super::Refusal::NotImplemented(why)) = create.drafted(state, &bare) {
        return not_simulated(why.trim_end_matches(" is not simulated by the demo cluster"));
    }
    state.guests.insert(vmid, bare);
    Ok(state.begin(node, vmid, Work::CreateContainer(create)).into())
}

/// A bare number is a volume of that size on the default storage.
fn loose(key: &str, form: Form) -> Form {
    if rank(Kind::Lxc, key).is_some() { Form::Text(usize::MAX) } else { form }
}

/// The template must be one, on a storage that is there.
fn check_template(state: &State, volid: &str) -> Answered<String> {
    let Some((storage, name)) = volume_id(volid) else { return not_simulated("A template that is a file of the node") };
    if state.storage(storage).is_none() {
        return failed(format!("storage '{storage}' does not exist"));
    }
    if !name.starts_with("vztmpl/") {
        return failed(format!("unable to use volume {volid} - content type needs to be 'vztmpl'"));
    }
    Ok(volid.to_owned())
}

/// The configuration that is asked for, with what is to become a volume where a mount point will be.
fn wanted(state: &State, params: Params<'_>, storage: &str) -> Answered<Map<String, Value>> {
    let is_size = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let full = |(key, text): &(String, String)| match rank(Kind::Lxc, key).is_some() && is_size(text) {
        true => (key.clone(), format!("{storage}:{text}")),
        false => (key.clone(), text.clone()),
    };
    let given: Vec<(String, String)> = params.0.iter().map(full).collect();
    let mut config = options_of(Kind::Lxc, Params(&given))?.set;
    let mounts = drives(Kind::Lxc, &config);
    if !mounts.is_empty() && !config.contains_key("rootfs") {
        return failed("mount points configured, but 'rootfs' not set - aborting");
    }
    if mounts.is_empty() {
        config.insert("rootfs".into(), format!("{storage}:4").into());
    }
    for (key, value) in config.iter().filter(|(key, _)| rank(Kind::Lxc, key).is_some()) {
        let drive = options::drive(key, value.as_str().unwrap_or_default());
        let id = volume_id(&drive.volume).map(|(storage, _)| storage);
        match id.map(|id| (id, state.storage(id))) {
            Some((id, None)) => return failed(format!("storage '{id}' does not exist")),
            Some((id, Some(storage))) if storage.disable => return failed(format!("storage '{id}' is disabled")),
            Some((id, Some(storage))) if !storage.holds("rootdir") => {
                return wrong("storage", format!("storage '{id}' does not support container directories"));
            }
            _ => check_mount(state, &drive)?,
        }
    }
    // A container has less rights than the node unless that is asked for.
    config.entry("unprivileged").or_insert(1.into());
    if config["unprivileged"] == 0 {
        config.remove("unprivileged");
    }
    Ok(config)
}

impl Create {
    fn drafted(&self, state: &State, guest: &Guest) -> Answered<(Drafted, Vec<String>)> {
        let mut draft = Draft::of(state, guest);
        draft.guest.config.clear();
        let archive = state.volumes.iter().find(|row| row["volid"] == self.template);
        let written = archive.and_then(|row| row["size"].as_u64()).unwrap_or(0) * 4;
        let (_, name) = volume_id(&self.template).unwrap_or_default();
        let file = format!("/var/lib/vz/template/cache/{}", name.trim_start_matches("vztmpl/"));
        for (key, value) in &self.config {
            let text = value.as_str().unwrap_or_default();
            let kept = if rank(Kind::Lxc, key).is_some() {
                draft.mount(options::drive(key, text))?.to_string().into()
            } else if is_card(key) {
                Nic::read(Kind::Lxc, text).completed(|| draft.address()).to_string().into()
            } else {
                value.clone()
            };
            draft.guest.config.insert(key.clone(), kept);
        }
        if archive.is_none() {
            return failed(format!("failed to open '{file}': No such file or directory"));
        }
        let root = draft.guest.text("rootfs").map(Drive::read).unwrap_or(Drive::read(""));
        draft.lines.push(format!("extracting archive '{file}'"));
        let room = state.storage_of(&root.volume).map_or(0, |storage| draft.room(storage));
        if room.min(root.size().unwrap_or(0)) < written {
            return failed(format!(
                "command 'lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 -- tar xpf - --zstd --totals -C /var/lib/lxc/{}/rootfs' failed: exit code 2",
                guest.vmid
            ));
        }
        draft.write(&root.volume, written);
        draft.lines.push(format!("Total bytes read: {written} ({}, 287MiB/s)", bytes(written, 0).replace(' ', "")));
        draft.lines.push("Detected container architecture: amd64".into());
        for kind in ["ssh_host_ecdsa_key", "ssh_host_ed25519_key", "ssh_host_rsa_key"] {
            draft.lines.push(format!("Creating SSH host key '{kind}' - this may take some time ..."));
        }
        let system = name.trim_start_matches("vztmpl/").split('-').next().unwrap_or("unmanaged").to_owned();
        let hostname = format!("CT{}", guest.vmid);
        for (key, value) in [
            ("arch", Value::from("amd64")),
            ("ostype", system.into()),
            ("hostname", hostname.into()),
            ("memory", 512.into()),
            ("swap", 512.into()),
        ] {
            draft.guest.config.entry(key).or_insert(value);
        }
        draft.guest.settle();
        let lines = std::mem::take(&mut draft.lines);
        Ok((draft.done(), lines))
    }

    /// How it goes.
    pub(super) fn course(&self, state: &State, guest: &Guest) -> Course {
        let vmid = guest.vmid;
        let emsg = format!("unable to create CT {vmid} -");
        let (drafted, lines) = match self.drafted(state, guest) {
            Ok(both) => both,
            Err(refusal) => {
                let exit = format!("{emsg} {}", refusal.in_task());
                return Course::fails(900, exit).then(850, move |state| drop(state.guests.remove(&vmid)));
            }
        };
        let pool = self.pool.clone();
        let course = Course::ok(5_500).then(5_000, |state| drafted.come_true(state));
        let course = course.change(5_000, vmid, |guest| guest.pool = pool);
        let all = i64::try_from(lines.len()).unwrap_or(1);
        let course =
            lines.into_iter().zip(1_i64..).fold(course, |course, (line, n)| course.line(4_800 * n / all, line));
        let course = Course { broken: Some(not_made(vmid, emsg)), ..course };
        if !self.start {
            return course;
        }
        course.then(5_400, move |state| state.begin_again(vmid))
    }
}
