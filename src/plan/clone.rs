//! Copies of a guest, and templates that copies are made from.

use std::collections::BTreeMap;

use crate::model::guest::Guest;
use crate::model::list::count;
use crate::page::{State, Tone};
use crate::plan::check::{self, place};
use crate::plan::draft::{Draft, Seen};
use crate::plan::{Check, Plan, newborn};
use crate::text::Text;
use crate::units::{Bytes, Reading};
use crate::wire::{Call, Method};

/// What a copy of a guest is to be.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let pve = Pve::demo()?;
/// let spec = CloneSpec::full("web-9").vmid(909).storage("ceph-vm").pool("prod/web");
/// pve.guest("web-1")?.copy(&spec).run()?;
/// assert_eq!(pve.guest(909)?.name, "web-9");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct CloneSpec {
    name: String,
    full: bool,
    vmid: Option<u32>,
    node: Option<String>,
    storage: Option<String>,
    pool: Option<String>,
    snapshot: Option<String>,
}

impl CloneSpec {
    /// A copy of its own: all data are copied.
    pub fn full(name: &str) -> CloneSpec {
        CloneSpec {
            name: name.to_owned(),
            full: true,
            vmid: None,
            node: None,
            storage: None,
            pool: None,
            snapshot: None,
        }
    }

    /// A copy that keeps only what differs from its template, which must stay.
    pub fn linked(name: &str) -> CloneSpec {
        CloneSpec { full: false, ..CloneSpec::full(name) }
    }

    /// Its number; without this the next that is free.
    pub fn vmid(self, vmid: u32) -> CloneSpec {
        CloneSpec { vmid: Some(vmid), ..self }
    }

    /// The node that it comes to; only where all disks lie on storages that both nodes reach.
    pub fn on_node(self, node: &str) -> CloneSpec {
        CloneSpec { node: Some(node.to_owned()), ..self }
    }

    /// The storage that the disks of a full copy come to.
    pub fn storage(self, storage: &str) -> CloneSpec {
        CloneSpec { storage: Some(storage.to_owned()), ..self }
    }

    /// The pool that it belongs to.
    pub fn pool(self, pool: &str) -> CloneSpec {
        CloneSpec { pool: Some(pool.to_owned()), ..self }
    }

    /// The snapshot that it is made of, in place of the present state.
    pub fn of_snapshot(self, snapshot: &str) -> CloneSpec {
        CloneSpec { snapshot: Some(snapshot.to_owned()), ..self }
    }
}

impl Guest {
    /// The plan to make a copy of it.
    pub fn copy(&self, spec: &CloneSpec) -> Plan {
        let session = self.session.for_planning();
        let number = newborn::number(&session, spec.vmid);
        let vmid = *number.as_ref().unwrap_or(&0);
        let kind = if spec.full { "Copy" } else { "Make a linked copy of" };
        let draft = Draft::on(&self.within(&session), kind, |guest| call(guest, spec, vmid));
        let draft = match &number {
            Err(error) => return draft.impossible(error).plan(),
            Ok(_) => draft,
        };
        let Some(guest) = draft.guest().cloned() else { return draft.plan() };
        let mut draft = draft
            .check(newborn::free(&session, vmid))
            .check(linked(&guest, spec).by(check::status_of(&guest)))
            .needs(&["VM.Clone"], format!("/vms/{}", guest.vmid))
            .sees(&["VM.Audit"], format!("/vms/{vmid}"))
            .tasks(&["qmclone", "vzclone"])
            .effect(format!(
                "{} becomes {} {vmid}; it has its own network addresses, is off, and does not start with its node unless the original does.",
                Text::from(&spec.name),
                guest.kind,
            ));
        draft = match &spec.pool {
            Some(pool) => draft.needs(&["Pool.Allocate", "VM.Allocate"], format!("/pool/{pool}")),
            None => draft.needs(&["VM.Allocate"], format!("/vms/{vmid}")),
        };
        if let Some(node) = &spec.node {
            draft = draft.check(place::node(&session, node));
        }
        let taken = taken(&guest, spec);
        if spec.full {
            draft = draft.checks(room(&guest, spec, taken.as_ref()));
        }
        for storage in taken.into_iter().flatten().map(|(storage, _)| storage) {
            draft = draft.needs(&["Datastore.AllocateSpace"], format!("/storage/{storage}"));
        }
        if guest.is_ct() && guest.is_running() && spec.snapshot.is_none() {
            let runs = "It runs; a container is copied while it is off, or from a snapshot: .of_snapshot(\"name\").";
            draft = draft.check(Check::failed("state", runs).by(check::status_of(&guest)));
        }
        draft.makes(vmid).plan()
    }

    /// The plan to make it a template, which never runs again and from which linked copies are made.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let plan = pve.guest("web-1")?.make_template();
    /// assert!(plan.page().text().contains(".confirm("));
    /// # Ok(()) }
    /// ```
    pub fn make_template(&self) -> Plan {
        let draft = Draft::on(self, "Make a template of", |guest| Call::new(Method::Post, guest.path("template")));
        let Some(guest) = draft.guest().cloned() else { return draft.plan() };
        let off = match guest.is_template() {
            true => Check::already("state", "It is a template already.").by(check::status_of(&guest)),
            false => check::off(&guest, "a template is made of what is off"),
        };
        let bare = match guest.snapshots() {
            Ok(snapshots) if snapshots.is_empty() => Check::passed("snapshots", "It has none."),
            Ok(snapshots) => Check::failed(
                "snapshots",
                format!(
                    "It has {}; a template has none: remove them first.",
                    count(snapshots.len(), ("snapshot", "snapshots"))
                ),
            ),
            Err(error) => Check::unknown("snapshots", format!("They could not be read. {error}")),
        }
        .by(Call::get(guest.path("snapshot")).shown());
        let watched = guest.clone();
        draft
            .check(off)
            .check(bare)
            .needs(&["VM.Allocate"], format!("/vms/{}", guest.vmid))
            .sees(&["VM.Audit"], format!("/vms/{}", guest.vmid))
            .tasks(&["qmtemplate", "vztemplate"])
            .destroys(format!("the guest {} as one that can run", guest.called().raw()))
            .effect("Its disks become read-only, and copies are made from them.")
            .no_undo("A template does not become a guest again; a full copy of it is one.")
            .goal(move |session| {
                let now = watched.now(session)?;
                let word = if now.template { "template" } else { "no template" };
                Ok(Seen { now: State::new(Tone::Off, word), reached: now.template, guest: None })
            })
            .plan()
    }
}

fn call(guest: &Guest, spec: &CloneSpec, vmid: u32) -> Call {
    let name = if guest.is_vm() { "name" } else { "hostname" };
    let call = Call::new(Method::Post, guest.path("clone")).with("newid", vmid.to_string()).with(name, &spec.name);
    let call = if spec.full { call.with("full", "1") } else { call.with("full", "0") };
    let more = [("target", &spec.node), ("storage", &spec.storage), ("pool", &spec.pool), ("snapname", &spec.snapshot)];
    more.into_iter()
        .filter_map(|(key, value)| Some((key, value.as_ref()?)))
        .fold(call, |call, (key, value)| call.with(key, value))
}

fn linked(guest: &Guest, spec: &CloneSpec) -> Check {
    const NAME: &str = "kind of copy";
    match (spec.full, guest.template, spec.storage.is_some()) {
        (true, ..) => Check::passed(NAME, "All data are copied; it depends on nothing."),
        (false, false, _) => {
            Check::failed(NAME, "A linked copy is made from a template, and this is none: CloneSpec::full(…).")
        }
        (false, true, true) => {
            Check::failed(NAME, "A linked copy lies where its template lies: leave .storage(…) out.")
        }
        (false, true, false) => Check::passed(NAME, "It keeps what differs from its template, which must stay."),
    }
}

/// What the copy takes on each storage; nothing where that could not be read.
fn taken(guest: &Guest, spec: &CloneSpec) -> Option<BTreeMap<String, u64>> {
    let config = guest.config().ok()?;
    let mut wanted: BTreeMap<String, u64> = BTreeMap::new();
    for disk in config.disks().iter().filter(|disk| disk.holds_data()) {
        let storage = spec.storage.clone().or_else(|| disk.storage().map(|storage| storage.raw().to_owned()));
        if let (Some(storage), Reading::Known(size)) = (storage, disk.size) {
            let sum = wanted.entry(storage).or_default();
            *sum = sum.saturating_add(size.0);
        }
    }
    Some(wanted)
}

/// Whether the storages have room for another one like it.
fn room(guest: &Guest, spec: &CloneSpec, taken: Option<&BTreeMap<String, u64>>) -> Vec<Check> {
    let Some(taken) = taken else {
        let unread = Check::unknown("storage", "How much room it takes could not be read.");
        return vec![unread.by(Call::get(guest.path("config")).shown())];
    };
    let node = spec.node.as_ref().map_or_else(|| guest.node.clone(), Text::from);
    let content = if guest.is_vm() { "images" } else { "rootdir" };
    taken
        .iter()
        .map(|(storage, size)| place::storage(&guest.session, &node, storage, content, Some(Bytes(*size))))
        .collect()
}
