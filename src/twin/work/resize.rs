//! Making disks larger.

use super::Work;
use super::configure::MODIFIED;
use super::course::Course;
use super::snapshot::is_rbd;
use crate::twin::answer::{Answered, Params, Refusal, failed};
use crate::twin::drive::{all_keys, parse_size};
use crate::twin::form::Form;
use crate::twin::images::owner;
use crate::twin::state::{Guest, Kind, Power, State};

/// `+8G`, `64G`, `1.5T`.
fn is_size(text: &str) -> bool {
    let text = text.strip_prefix('+').unwrap_or(text);
    !text.ends_with("iB") && parse_size(text).is_some()
}

/// The size that is asked for, given the one that is.
fn wanted(size: &str, now: u64) -> u64 {
    let asked = parse_size(size.trim_start_matches('+')).unwrap_or(0);
    if size.starts_with('+') { now.saturating_add(asked) } else { asked }
}

/// `PUT …/resize`.
pub(in crate::twin) fn resize(state: &mut State, kind: Kind, node: &str, vmid: u32, params: Params<'_>) -> Answered {
    let form = |key: &str| match key {
        "disk" => Some(Form::Text(usize::MAX)),
        "size" => Some(Form::Pattern(is_size)),
        "digest" => Some(Form::Text(40)),
        "skiplock" if kind == Kind::Qemu => Some(Form::Boolean),
        _ => None,
    };
    let params = params.check(form, &["disk", "size"])?;
    let disk = params.one_of("disk", &all_keys(kind, false).iter().map(String::as_str).collect::<Vec<_>>())?;
    let text = |key: &str| params.get(key).map(str::to_owned);
    let work = Work::Resize {
        disk: disk.unwrap_or_default().to_owned(),
        size: text("size").unwrap_or_default(),
        digest: text("digest"),
        skiplock: params.flag("skiplock")?,
    };
    // Of a container PVE looks at all of it before it begins.
    if let (Kind::Lxc, Some(guest), Work::Resize { disk, size, digest, .. }) = (kind, state.guests.get(&vmid), &work) {
        grown_mount(state, guest, disk, size, digest.as_deref())?;
    }
    Ok(state.begin(node, vmid, work).into())
}

/// A mount point of a container as it will be.
fn grown_mount(state: &State, guest: &Guest, disk: &str, size: &str, digest: Option<&str>) -> Answered<(String, u64)> {
    guest.refuse_locked()?;
    if digest.is_some_and(|digest| digest != guest.digest()) {
        return failed(MODIFIED);
    }
    let Some(drive) = guest.drive(disk) else {
        let place = if disk == "rootfs" { "" } else { "mp: property is missing and it is not optional\n" };
        return failed(format!("format error\n{place}volume: property is missing and it is not optional"));
    };
    if let Some(other) = owner(&drive.volume).filter(|other| *other != guest.vmid) {
        return failed(format!("can't resize mount point owned by another container ({other})"));
    }
    let now = match state.images.get(&drive.volume) {
        Some(image) => image.size,
        None => return failed(format!("unable to parse volume ID '{}'", drive.volume)),
    };
    let new = wanted(size, now);
    if new < now {
        return failed("unable to shrink disk size");
    }
    if new == now {
        return failed("disk is already at specified size");
    }
    Ok((drive.volume, new))
}

/// A disk of a VM as it will be; `None` when it is so already.
fn grown_disk(state: &State, guest: &Guest, work: &Work) -> Result<Option<(String, u64)>, String> {
    let Work::Resize { disk, size, digest, skiplock } = work else { return Ok(None) };
    if digest.as_ref().is_some_and(|digest| *digest != guest.digest()) {
        return Err("checksum mismatch (file change by other user?)".into());
    }
    if !skiplock {
        guest.lock_words()?;
    }
    let Some(drive) = guest.drive(disk) else { return Err(format!("disk '{disk}' does not exist")) };
    if drive.is_cdrom() {
        return Err("you can't resize a cdrom".into());
    }
    let Some(image) = drive.image().and_then(|volid| state.images.get(volid)) else {
        return Err(format!("disk '{disk}' has no associated volume"));
    };
    let new = wanted(size, image.size);
    if new < image.size {
        return Err("shrinking disks is not supported".into());
    }
    Ok((new > image.size).then_some((drive.volume, new)))
}

/// How it goes.
pub(super) fn course(state: &State, guest: &Guest, work: &Work) -> Course {
    let Work::Resize { disk, size, digest, .. } = work else { return Course::ok(0) };
    let grown = match guest.kind {
        Kind::Qemu => grown_disk(state, guest, work),
        Kind::Lxc => grown_mount(state, guest, disk, size, digest.as_deref()).map(Some).map_err(Refusal::in_task),
    };
    let (volid, size) = match grown {
        Ok(Some(grown)) => grown,
        Ok(None) => return Course::ok(100),
        Err(words) => return Course::fails(60, words),
    };
    // In whole MiB, as the storages keep them; the configuration has what was asked for.
    let (vmid, key, kept) = (guest.vmid, disk.clone(), size.div_ceil(1 << 20) << 20);
    if let Some(storage) = state.storage_of(&volid).filter(|storage| !storage.is_thin()) {
        let more = kept - state.images.get(&volid).map_or(0, |image| image.size);
        if state.room(storage, &guest.node) < more {
            let dataset = storage.path(&volid).trim_start_matches("/dev/zvol").trim_start_matches('/').to_owned();
            let words = format!("zfs error: cannot set property for '{dataset}': size is greater than available space");
            return Course::fails(300, words);
        }
    }
    let mut course = Course::ok(700);
    let drive = guest.drive(disk);
    let running = guest.power_at(state.now) != Power::Stopped;
    if drive.is_some_and(|drive| is_rbd(state, &drive)) && !(running && guest.kind == Kind::Qemu) {
        course = course.line(300, "Resizing image: 100% complete...done.");
    }
    course.then(500, move |state| state.resize_image(&volid, kept)).change(500, vmid, move |guest| {
        if let Some(mut drive) = guest.drive(&key) {
            drive.set_size(size);
            guest.config.insert(key, drive.to_string().into());
        }
    })
}
