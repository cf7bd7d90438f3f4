//! Making a new VM.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Work;
use super::clone::{check_pool, is_card};
use super::configure::{form, options_of};
use super::course::Course;
use super::disks::check_drive;
use super::draft::{Draft, Drafted};
use super::pending::Change;
use super::pending::vm::{check_cpu, print_order};
use super::steps::{Break, INTERRUPTED};
use crate::twin::answer::{Answered, Params, failed, not_simulated};
use crate::twin::drive::rank;
use crate::twin::form::{self as forms, Form};
use crate::twin::net::Nic;
use crate::twin::options;
use crate::twin::state::{Guest, Kind, Ms, Quirk, State};

/// What is asked for.
#[derive(Clone, Debug)]
pub(in crate::twin) struct Create {
    pub(super) change: Change,
    pub(super) storage: Option<String>,
    pub(super) pool: Option<String>,
    pub(super) start: bool,
}

/// Parameters that are no options.
fn extra(key: &str) -> Option<Form> {
    match key {
        "vmid" => Some(Form::Integer(100, 999_999_999)),
        "archive" => Some(Form::Text(255)),
        "storage" | "import-working-storage" => Some(Form::Format(forms::storage_id)),
        "pool" => Some(Form::Format(forms::pool_id)),
        "start" | "unique" | "live-restore" | "ha-managed" | "force" => Some(Form::Boolean),
        "bwlimit" => Some(Form::Integer(0, i64::MAX)),
        _ => None,
    }
}

/// `POST /nodes/{node}/qemu`.
pub(in crate::twin) fn create(state: &mut State, node: &str, params: Params<'_>) -> Answered {
    let params = params.check(|key| extra(key).or_else(|| form(Kind::Qemu, key)), &["vmid"])?;
    params.without(&[
        "archive",
        "bwlimit",
        "force",
        "unique",
        "live-restore",
        "ha-managed",
        "import-working-storage",
    ])?;
    let vmid = params.int("vmid")?.and_then(|id| u32::try_from(id).ok()).unwrap_or_default();
    let create = Create {
        change: options_of(Kind::Qemu, params)?,
        storage: params.get("storage").map(str::to_owned),
        pool: params.get("pool").map(str::to_owned),
        start: params.flag("start")?,
    };
    state.needs_quorum()?;
    check_pool(state, create.pool.as_deref())?;
    for (key, value) in create.change.set.iter().filter(|(key, _)| rank(Kind::Qemu, key).is_some()) {
        let drive = options::drive(key, value.as_str().unwrap_or_default());
        check_drive(state, key, &drive, create.storage.as_deref())?;
    }
    if let Some(cpu) = create.change.set.get("cpu").and_then(Value::as_str) {
        check_cpu(state, cpu)?;
    }
    if let Some(other) = state.guests.get(&vmid) {
        let taken = format!("{} {vmid} already exists on node '{}'", other.kind.short(), other.node);
        return failed(format!("unable to create VM {vmid} - {taken}"));
    }
    let bare = reserved(Kind::Qemu, node, vmid, state.now);
    // What is not simulated is refused before there is anything.
    if let Err(super::Refusal::NotImplemented(why)) = create.drafted(state, &bare) {
        return not_simulated(why.trim_end_matches(" is not simulated by the demo cluster"));
    }
    state.guests.insert(vmid, bare);
    Ok(state.begin(node, vmid, Work::Create(create)).into())
}

/// A guest that is only a number, locked until there is more of it.
pub(super) fn reserved(kind: Kind, node: &str, vmid: u32, now: Ms) -> Guest {
    let lock = [("lock".to_owned(), "create".into())];
    Guest {
        vmid,
        kind,
        node: node.to_owned(),
        config: lock.into_iter().collect(),
        pending: serde_json::Map::new(),
        pending_delete: BTreeMap::new(),
        told: None,
        pool: None,
        made: Some(now),
        changes: Vec::new(),
        ha: None,
        snapshots: Vec::new(),
        load: (0.03, 0.35),
        quirk: Quirk::None,
    }
}

impl Create {
    fn drafted(&self, state: &State, guest: &Guest) -> Answered<(Drafted, Vec<String>)> {
        let mut draft = Draft::of(state, guest);
        draft.guest.config.clear();
        for (key, value) in &self.change.set {
            let text = value.as_str().unwrap_or_default();
            let kept = if rank(Kind::Qemu, key).is_some() {
                draft.drive(key, options::drive(key, text), self.storage.as_deref())?.to_string().into()
            } else if is_card(key) {
                Nic::read(Kind::Qemu, text).completed(|| draft.address()).to_string().into()
            } else if key == "cipassword" {
                "**********".into()
            } else {
                value.clone()
            };
            draft.guest.config.insert(key.clone(), kept);
        }
        let meta = format!("creation-qemu=10.1.2,ctime={}", state.seconds());
        draft.guest.config.insert("meta".into(), meta.into());
        if !self.change.set.contains_key("boot") {
            let order = print_order(&boot_devices(&draft.guest));
            draft.guest.config.insert("boot".into(), order.into());
        }
        if !self.change.set.contains_key("smbios1") {
            let uuid = format!("uuid={}", draft.uuid());
            draft.guest.config.insert("smbios1".into(), uuid.into());
        }
        if self.change.set.get("vmgenid").is_none_or(|generation| generation == "1") {
            let uuid = draft.uuid();
            draft.guest.config.insert("vmgenid".into(), uuid.into());
        }
        draft.guest.settle();
        let lines = std::mem::take(&mut draft.lines);
        Ok((draft.done(), lines))
    }

    /// How it goes.
    pub(super) fn course(&self, state: &State, guest: &Guest) -> Course {
        let vmid = guest.vmid;
        let emsg = format!("unable to create VM {vmid} -");
        let (drafted, lines) = match self.drafted(state, guest) {
            Ok(both) => both,
            Err(refusal) => {
                let exit = format!("{emsg} {}", refusal.in_task());
                return Course::fails(300, exit).then(250, move |state| drop(state.guests.remove(&vmid)));
            }
        };
        let pool = self.pool.clone();
        let course = Course::ok(900).then(700, |state| drafted.come_true(state));
        let course = course.change(700, vmid, |guest| guest.pool = pool);
        let course = lines.into_iter().fold(course, |course, line| course.line(500, line));
        let course = Course { broken: Some(not_made(vmid, emsg)), ..course };
        if !self.start {
            return course;
        }
        course.line(750, "Execute autostart").then(800, move |state| state.begin_again(vmid))
    }
}

/// A new guest that does not come to be.
pub(super) fn not_made(vmid: u32, emsg: String) -> Break {
    Box::new(move |state, _, _| {
        state.remove_with_volumes(vmid);
        format!("{emsg} {INTERRUPTED}")
    })
}

/// What a VM boots from when nothing is said: the first disk, the first medium, the first card.
fn boot_devices(guest: &Guest) -> Vec<String> {
    let drives = guest.drives();
    let boots = |key: &str| !key.starts_with("efidisk") && !key.starts_with("tpmstate");
    let first = |cdrom: bool| drives.iter().find(|(key, drive)| boots(key) && drive.is_cdrom() == cdrom);
    let mut found: Vec<String> = [false, true].into_iter().filter_map(first).map(|(key, _)| key.clone()).collect();
    let card = (0..32).map(|n| format!("net{n}")).find(|key| guest.config.contains_key(key));
    found.extend(card);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vm_boots_from_its_first_disk_then_a_medium_then_a_card() {
        let mut guest = reserved(Kind::Qemu, "pve1", 500, 0);
        for (key, value) in [
            ("scsi1", "local-zfs:vm-500-disk-0,size=1G"),
            ("ide2", "none,media=cdrom"),
            ("net1", "virtio=BC:24:11:00:00:01"),
            ("efidisk0", "local-zfs:vm-500-disk-1,size=1M"),
        ] {
            guest.config.insert(key.into(), value.into());
        }
        assert_eq!(print_order(&boot_devices(&guest)), "order=scsi1;ide2;net1");
    }
}
