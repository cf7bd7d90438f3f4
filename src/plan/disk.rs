//! Disks of a guest: making one larger, moving one to another storage.

use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::guest::disk::Disk;
use crate::model::property::size;
use crate::page::{State, Tone};
use crate::plan::check::{self, place};
use crate::plan::draft::{Draft, Seen};
use crate::plan::{Check, Plan};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Bytes, Reading};
use crate::wire::{Call, Method};

impl Guest {
    /// The plan to make a disk larger: to a size (`"64G"`) or by one (`"+10G"`). A disk never shrinks. What is on it is
    /// grown inside the guest.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// pve.guest("web-1")?.resize("scsi0", "+8G").run()?;
    /// assert!(pve.guest("web-1")?.resize("scsi0", "1G").run().is_err(), "nothing was sent");
    /// # Ok(()) }
    /// ```
    pub fn resize(&self, disk: &str, to: &str) -> Plan {
        let draft = Draft::on(self, &format!("Make {} {} of", Text::from(disk), Text::from(to)), |guest| {
            Call::new(Method::Put, guest.path("resize")).with("disk", disk).with("size", to)
        });
        let Some(guest) = draft.guest().cloned() else { return draft.plan() };
        let found = find(&guest, disk);
        let now = found.1.as_ref().and_then(|disk| disk.size.known());
        let then = wanted(now, to);
        let config = Call::get(guest.path("config")).shown();
        let mut draft = draft.check(found.0).check(grows(now, then, to).by(config));
        if let (Some(now), Some(then)) = (now, then) {
            draft = draft.change(disk, now.to_string(), then.to_string());
            if let Some(storage) = found.1.as_ref().and_then(Disk::storage) {
                let content = if guest.is_vm() { "images" } else { "rootdir" };
                let more = Some(Bytes(then.0.saturating_sub(now.0)));
                draft = draft.check(place::storage(&guest.session, &guest.node, storage.raw(), content, more));
                draft = draft.needs(&["Datastore.AllocateSpace"], format!("/storage/{}", storage.raw()));
            }
        }
        let (watched, key) = (guest.clone(), disk.to_owned());
        draft
            .needs(&["VM.Config.Disk"], format!("/vms/{}", guest.vmid))
            .sees(&["VM.Audit"], format!("/vms/{}", guest.vmid))
            .tasks(&["resize", "qmresize", "vzresize"])
            .effect("The disk grows; partitions and file systems on it are grown inside the guest.")
            .no_undo("A disk does not shrink. A backup or a snapshot made before has the old one.")
            .goal(move |session| {
                let size = disk_now(&watched, session, &key)?.size;
                // Storages round up to what they keep data in.
                let reached = match (size, then) {
                    (Reading::Known(size), Some(then)) => size >= then,
                    _ => false,
                };
                Ok(Seen { now: State::new(Tone::Good, format!("{key}: {size}")), reached, guest: None })
            })
            .plan()
    }

    /// The plan to move a disk to another storage, while the guest runs or not. The old one stays as an unused disk, so that
    /// nothing is lost, unless `.with("delete", 1)` takes it away.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let plan = pve.guest("web-1")?.move_disk("scsi0", "local-zfs");
    /// plan.run()?;
    /// let disk = pve.guest("web-1")?.config()?.disks().find(|disk| disk.key == "scsi0").unwrap();
    /// assert_eq!(disk.storage().unwrap(), "local-zfs");
    /// # Ok(()) }
    /// ```
    pub fn move_disk(&self, disk: &str, storage: &str) -> Plan {
        let title = format!("Move {} to {}, of", Text::from(disk), Text::from(storage));
        let draft = Draft::on(self, &title, |guest| {
            let (action, key) = if guest.is_vm() { ("move_disk", "disk") } else { ("move_volume", "volume") };
            Call::new(Method::Post, guest.path(action)).with(key, disk).with("storage", storage)
        });
        let Some(guest) = draft.guest().cloned() else { return draft.plan() };
        let (check, found) = find(&guest, disk);
        let from = found.as_ref().and_then(Disk::storage);
        let content = if guest.is_vm() { "images" } else { "rootdir" };
        let room = found.as_ref().and_then(|disk| disk.size.known());
        const STAYS: &str =
            "All of it is copied, which takes as long as that takes; the old one stays as an unused disk.";
        let mut draft = draft.check(check).check(place::storage(&guest.session, &guest.node, storage, content, room));
        if from.as_ref().is_some_and(|from| from == storage) {
            let on = format!("It lies on {} already.", Text::from(storage));
            draft = draft.check(Check::already("elsewhere", on).by(Call::get(guest.path("config")).shown()));
        }
        if guest.is_ct() && guest.is_running() {
            let runs = Check::failed("state", "It runs; the volumes of a container move while it is off.");
            draft = draft.check(runs.by(check::status_of(&guest)));
        }
        let (watched, key, to) = (guest.clone(), disk.to_owned(), storage.to_owned());
        let draft = draft
            .needs(&["VM.Config.Disk"], format!("/vms/{}", guest.vmid))
            .needs(&["Datastore.AllocateSpace"], format!("/storage/{storage}"))
            .tasks(&["qmmove", "move_volume"])
            .sees(&["VM.Audit"], format!("/vms/{}", guest.vmid))
            .effect(STAYS)
            .unless(
                "delete",
                STAYS,
                "All of it is copied, which takes as long as that takes; then the old one is removed.",
            )
            .goal(move |session| {
                let storage = disk_now(&watched, session, &key)?.storage().unwrap_or_default();
                let reached = storage == to.as_str();
                Ok(Seen { now: State::new(Tone::Good, format!("{key} on {storage}")), reached, guest: None })
            });
        match from {
            Some(from) => {
                let (vmid, key, back) = (guest.vmid, disk.to_owned(), from.raw().to_owned());
                draft.undo(format!("{}.move_disk({disk:?}, {:?})", guest.code(), from.raw()), move |session| {
                    Ok(Guest::find(session, i64::from(vmid).into())?.move_disk(&key, &back))
                })
            }
            None => draft.no_undo("Where it lies now is not known."),
        }
        .plan()
    }
}

/// Whether the disk is there, and the disk.
fn find(guest: &Guest, key: &str) -> (Check, Option<Disk>) {
    const NAME: &str = "disk";
    let (check, disk) = match guest.config() {
        Err(error) => (Check::unknown(NAME, format!("Its settings could not be read. {error}")), None),
        Ok(config) => match config.disks().find(|disk| disk.key == key) {
            Some(disk) if disk.storage().is_none() => {
                (Check::failed(NAME, format!("{} is no volume of a storage: {}.", Text::from(key), disk.setting)), None)
            }
            Some(disk) => (Check::passed(NAME, format!("It is {}.", disk.setting)), Some(disk)),
            None => {
                let keys: Vec<String> = config.disks().map(|disk| disk.key.to_string());
                (Check::failed(NAME, format!("It has no disk {}; it has {}.", Text::from(key), keys.join(", "))), None)
            }
        },
    };
    (check.by(Call::get(guest.path("config")).shown()), disk)
}

/// The size that these words mean.
fn wanted(now: Option<Bytes>, to: &str) -> Option<Bytes> {
    match to.strip_prefix('+') {
        Some(more) => Some(Bytes(now?.0.checked_add(size(more)?.0)?)),
        None => size(to),
    }
}

fn grows(now: Option<Bytes>, then: Option<Bytes>, to: &str) -> Check {
    const NAME: &str = "size";
    match (now, then) {
        (_, None) => Check::failed(NAME, format!("{} is no size: \"64G\" is, or \"+10G\".", Text::from(to))),
        (Some(now), Some(then)) if then == now => Check::already(NAME, format!("It is {now} already.")),
        (Some(now), Some(then)) if then < now => {
            Check::failed(NAME, format!("It is {now}, and a disk does not shrink to {then}."))
        }
        (Some(now), Some(then)) => Check::passed(NAME, format!("It grows from {now} to {then}.")),
        (None, Some(_)) => Check::unknown(NAME, "What it is now is not known."),
    }
}

fn disk_now(guest: &Guest, session: &Session, key: &str) -> Result<Disk, Error> {
    let config = guest.now(session)?.config()?;
    config.disks().find(|disk| disk.key == key).ok_or_else(|| {
        Error::not_found(format!("{} has no disk {}", guest.called(), Text::from(key)), "Look at its configuration")
    })
}
