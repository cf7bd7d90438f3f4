//! Turning a guest into a template: its disks become bases for clones.

use serde_json::Value;

use super::Work;
use super::course::Course;
use crate::twin::answer::{Answered, Params, failed};
use crate::twin::drive::all_keys;
use crate::twin::form::Form;
use crate::twin::images::{Feature, base_name};
use crate::twin::state::{Guest, Kind, Power, State};

/// `POST …/template`. Of a container PVE does not tell which task does it.
pub(in crate::twin) fn make(state: &mut State, kind: Kind, node: &str, vmid: u32, params: Params<'_>) -> Answered {
    let params = params.check(|key| (key == "disk" && kind == Kind::Qemu).then_some(Form::Text(usize::MAX)), &[])?;
    params.one_of("disk", &all_keys(kind, false).iter().map(String::as_str).collect::<Vec<_>>())?;
    params.without(&["disk"])?;
    let Some(guest) = state.guests.get(&vmid) else { return failed(kind.missing(node, vmid)) };
    check(state, guest).or_else(failed)?;
    let upid = state.begin(node, vmid, Work::Template);
    Ok(if kind == Kind::Qemu { upid.into() } else { Value::Null })
}

fn check(state: &State, guest: &Guest) -> Result<(), String> {
    let short = guest.kind.short();
    guest.lock_words()?;
    if !guest.snapshots.is_empty() {
        return Err(format!("unable to create template, because {short} contains snapshots"));
    }
    if guest.is_set("template") {
        return Err("you can't convert a template to a template".into());
    }
    if guest.power_at(state.now) != Power::Stopped {
        return Err(match guest.kind {
            Kind::Qemu => "you can't convert a VM to template if VM is running".into(),
            Kind::Lxc => "you can't convert a CT to template if the CT is running".into(),
        });
    }
    Ok(())
}

/// How it goes.
pub(super) fn course(state: &State, guest: &Guest) -> Course {
    if let Err(words) = check(state, guest) {
        return Course::fails(40, words);
    }
    let can = |volid: &str| state.storage_of(volid).is_some_and(|storage| storage.can(Feature::Template, volid, false));
    if let (Kind::Lxc, Some((_, volid, _))) = (guest.kind, guest.disks().find(|(_, volid, _)| !can(volid))) {
        return Course::fails(60, format!("Template feature is not available for '{volid}'"));
    }
    let vmid = guest.vmid;
    let disks = guest.disks().filter(|(_, volid, _)| can(volid));
    let disks: Vec<(String, String)> = disks.map(|(key, volid, _)| (key.to_owned(), volid.to_owned())).collect();
    let mark = |guest: &mut Guest| drop(guest.config.insert("template".into(), 1.into()));
    disks.into_iter().fold(Course::ok(1_200).change(200, vmid, mark), |course, (key, volid)| {
        course.then(900, move |state| state.make_base(vmid, &key, &volid))
    })
}

impl State {
    /// A disk becomes a base, under another name.
    fn make_base(&mut self, vmid: u32, key: &str, volid: &str) {
        let base = base_name(volid);
        self.rename_image(volid, &base);
        let Some(guest) = self.guests.get_mut(&vmid) else { return };
        if let Some(mut drive) = guest.drive(key) {
            drive.volume = base;
            guest.config.insert(key.to_owned(), drive.to_string().into());
        }
    }
}
