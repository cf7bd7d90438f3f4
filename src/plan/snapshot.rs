//! Snapshots: making one, removing one, going back to one.

use crate::model::guest::{Guest, Status};
use crate::model::list::List;
use crate::model::record::segment;
use crate::model::snapshot::Snapshot;
use crate::page::{State, Tone};
use crate::plan::draft::{Draft, Seen};
use crate::plan::{Check, Plan, bulk, check};
use crate::text::Text;
use crate::units::Reading;
use crate::wire::{Call, Method};

impl Guest {
    /// The plan to keep its present state under this name: its disks and settings, not its memory
    /// ([`snapshot_with_memory`](Guest::snapshot_with_memory)). A description is added by `.with("description", "why")`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let done = pve.guest("mail")?.snapshot("before-patch").with("description", "CHG-123").run()?;
    /// assert_eq!(pve.guest("mail")?.snapshots()?.last().unwrap().name, "before-patch");
    /// done.undo()?; // the plan to remove it
    /// # Ok(()) }
    /// ```
    pub fn snapshot(&self, name: &str) -> Plan {
        make(self, name, false)
    }

    /// The same with the memory of a virtual machine that runs, so that going back finds it running. It takes the space
    /// of the memory, and the guest is slow while it is written.
    pub fn snapshot_with_memory(&self, name: &str) -> Plan {
        make(self, name, true)
    }

    /// The plan to remove a snapshot: the state that it keeps is gone then; the present one stays.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let plan = Pve::demo()?.guest("gitlab")?.delete_snapshot("before-17-6");
    /// assert!(plan.page().text().contains(".confirm("), "it asks for a code");
    /// # Ok(()) }
    /// ```
    pub fn delete_snapshot(&self, name: &str) -> Plan {
        let snapshot = name.to_owned();
        let draft = on(self, "Remove the snapshot", name, |guest| {
            Call::new(Method::Delete, guest.path(&format!("snapshot/{}", segment(&name.into()))))
        });
        let Some(guest) = draft.guest().cloned() else { return draft.plan() };
        let (found, _) = existing(&guest, name);
        draft
            .check(found)
            .needs(&["VM.Snapshot"], format!("/vms/{}", guest.vmid))
            .sees(&["VM.Audit"], format!("/vms/{}", guest.vmid))
            .tasks(&["qmdelsnapshot", "vzdelsnapshot"])
            .destroys(format!("the state of {} that the snapshot {name} keeps", guest.called().raw()))
            .effect(
                "The present state stays as it is; the snapshots that came after it become those of the one before it.",
            )
            .no_undo("A removed snapshot is gone.")
            .goal(seen(&guest, move |snapshots| !has(snapshots, &snapshot)))
            .plan()
    }

    /// The plan to go back to a snapshot: all that changed on its disks and in its settings since is lost.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let plan = Pve::demo()?.guest("gitlab")?.rollback("before-17-7");
    /// let text = plan.page().text();
    /// assert!(text.contains("This takes away for good") && text.contains(".confirm("));
    /// # Ok(()) }
    /// ```
    pub fn rollback(&self, name: &str) -> Plan {
        let draft = on(self, "Go back to the snapshot", name, |guest| {
            Call::new(Method::Post, guest.path(&format!("snapshot/{}/rollback", segment(&name.into()))))
        });
        let Some(guest) = draft.guest().cloned() else { return draft.plan() };
        let (found, snapshots) = existing(&guest, name);
        let target = snapshots.iter().flatten().find(|snapshot| snapshot.name == name).cloned();
        let since = target.as_ref().and_then(|target| target.made.known());
        let lost = match since {
            Some(made) => format!("all that changed in {} since {made}", guest.called().raw()),
            None => format!("all that changed in {} since the snapshot {name}", guest.called().raw()),
        };
        let with_memory = target.as_ref().is_some_and(|target| target.with_memory);
        let after = match (with_memory, guest.is_running()) {
            (true, _) => "It goes on running where it was when the snapshot was made.",
            (false, true) => "It is stopped for this, hard, and stays off: start it afterwards.",
            (false, false) => "It stays off.",
        };
        let wanted = if with_memory { Status::Running } else { Status::Stopped };
        let (watched, named) = (guest.clone(), name.to_owned());
        draft
            .check(found)
            .check(later(&snapshots, target.as_ref()).by(listed(&guest)))
            .needs(&["VM.Snapshot", "VM.Snapshot.Rollback"], format!("/vms/{}", guest.vmid))
            .sees(&["VM.Audit"], format!("/vms/{}", guest.vmid))
            .tasks(&["qmrollback", "vzrollback"])
            .destroys(lost)
            .effect(after)
            .effect(format!(
                "To be able to come back, keep the present state first: {}.snapshot(\"before-rollback\")",
                guest.code()
            ))
            .no_undo("What was since the snapshot is gone; a snapshot made before going back would have kept it.")
            .goal(move |session| {
                let now = watched.now(session)?;
                let at = now.present_snapshot()?;
                let reached = now.status == wanted && at.as_ref().is_some_and(|at| *at == named.as_str());
                let said = at.map_or_else(|| "after no snapshot".to_owned(), |at| format!("after {}", at.raw()));
                let state = now.state();
                let guest = Some((now.vmid, now.status.to_string().into()));
                Ok(Seen { now: State::new(state.tone, format!("{}, {said}", state.word.raw())), reached, guest })
            })
            .plan()
    }
}

impl List<Guest> {
    /// The plan to keep the present state of all of them under this name, a few at a time. It refuses unless somebody says
    /// how many they are: `.expect(12)`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let web = pve.guests()?.filter(|guest| guest.name == "web-1" || guest.name == "web-2");
    /// let done = web.snapshot("before-patch").expect(2).run()?;
    /// assert!(done.undo().is_ok());
    /// # Ok(()) }
    /// ```
    pub fn snapshot(&self, name: &str) -> Plan {
        bulk::plan(self, &format!("Snapshot {name} of"), |guest| guest.snapshot(name))
    }
}

fn make(seen_guest: &Guest, name: &str, memory: bool) -> Plan {
    let draft = on(seen_guest, "Make the snapshot", name, |guest| {
        let call = Call::new(Method::Post, guest.path("snapshot")).with("snapname", name);
        if memory { call.with("vmstate", "1") } else { call }
    });
    let Some(guest) = draft.guest().cloned() else { return draft.plan() };
    let snapshot = name.to_owned();
    let mut draft = draft
        .check(name_fits(name))
        .check(name_free(&guest, name))
        .check(feature(&guest))
        .needs(&["VM.Snapshot"], format!("/vms/{}", guest.vmid))
        .sees(&["VM.Audit"], format!("/vms/{}", guest.vmid))
        .tasks(&["qmsnapshot", "vzsnapshot"])
        .effect(match memory {
            true => "Its disks, settings and memory are kept; it is slow or stands still while its memory is written.",
            false => "Its disks and settings are kept as they are now, as after a power cut: what it holds in memory is not in it. It takes room as the present state goes on changing.",
        })
        .goal(seen(&guest, move |snapshots| has(snapshots, &snapshot)));
    if memory && guest.is_ct() {
        let kind = Check::failed("kind", "It is a container; only virtual machines have memory to keep.");
        draft = draft.check(kind.by(check::status_of(&guest)));
    }
    let (vmid, undone) = (guest.vmid, name.to_owned());
    draft
        .undo(format!("{}.delete_snapshot({name:?})", guest.code()), move |session| {
            Ok(Guest::find(session, i64::from(vmid).into())?.delete_snapshot(&undone))
        })
        .plan()
}

/// An action on a guest with the snapshot's name in its title.
fn on(guest: &Guest, verb: &str, name: &str, call: impl FnOnce(&Guest) -> Call) -> Draft {
    Draft::on(guest, &format!("{verb} {} of", Text::from(name)), call)
}

/// Looks at a guest's snapshots.
fn seen(
    guest: &Guest,
    reached: impl Fn(&List<Snapshot>) -> bool + Send + Sync + 'static,
) -> impl Fn(&crate::session::Session) -> Result<Seen, crate::error::Error> + Send + Sync + 'static {
    let guest = guest.clone();
    move |session| {
        let snapshots = guest.now(session)?.snapshots()?;
        let names: Vec<String> = snapshots.map(|snapshot| snapshot.name.to_string());
        let word = match names.as_slice() {
            [] => "no snapshot".to_owned(),
            [one] => format!("1 snapshot: {one}"),
            several => format!("{} snapshots: {}", several.len(), several.join(", ")),
        };
        Ok(Seen { reached: reached(&snapshots), now: State::new(Tone::Good, word), guest: None })
    }
}

fn has(snapshots: &List<Snapshot>, name: &str) -> bool {
    snapshots.any(|snapshot| snapshot.name == name)
}

/// Proxmox VE takes letters, digits, hyphens and underscores, a letter first, at most 40.
fn name_fits(name: &str) -> Check {
    let fits = name.len() >= 2
        && name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && name != "current"
        && name != "pending";
    match fits {
        true => Check::passed("name", "The name is one that Proxmox VE takes."),
        false => Check::failed(
            "name",
            "Proxmox VE takes names of 2 to 40 letters, digits, hyphens and underscores that begin with a letter, and neither current nor pending.",
        ),
    }
}

fn name_free(guest: &Guest, name: &str) -> Check {
    const NAME: &str = "name is free";
    match guest.snapshots() {
        Ok(snapshots) if has(&snapshots, name) => {
            Check::failed(NAME, format!("It already has a snapshot of the name {}.", Text::from(name)))
        }
        Ok(_) => Check::passed(NAME, "It has no snapshot of that name."),
        Err(error) => Check::unknown(NAME, format!("Its snapshots could not be read. {error}")),
    }
    .by(listed(guest))
}

fn listed(guest: &Guest) -> Text {
    Call::get(guest.path("snapshot")).shown()
}

/// Whether all its storages can.
fn feature(guest: &Guest) -> Check {
    const NAME: &str = "storages can";
    match guest.feature("snapshot").map(|feature| feature.possible) {
        Ok(Reading::Known(true)) => Check::passed(NAME, "All its disks lie on storages that can make snapshots."),
        Ok(Reading::Known(false)) => {
            Check::failed(NAME, "One of its disks lies on a storage that cannot make snapshots.")
        }
        Ok(Reading::Missing(why)) => Check::unknown(NAME, format!("Whether its storages can: {why}.")),
        Err(error) => Check::unknown(NAME, format!("Whether its storages can could not be read. {error}")),
    }
    .by(Call::get(guest.path("feature")).with("feature", "snapshot").shown())
}

/// Whether the snapshot is there, and all there are.
fn existing(guest: &Guest, name: &str) -> (Check, Option<List<Snapshot>>) {
    const NAME: &str = "snapshot";
    let (check, snapshots) = match guest.snapshots() {
        Ok(snapshots) if has(&snapshots, name) => (Check::passed(NAME, "It is there."), Some(snapshots)),
        Ok(snapshots) => {
            let names: Vec<String> = snapshots.map(|snapshot| snapshot.name.to_string());
            let there = if names.is_empty() { "it has none".into() } else { format!("it has {}", names.join(", ")) };
            (Check::failed(NAME, format!("There is no snapshot {}; {there}.", Text::from(name))), Some(snapshots))
        }
        Err(error) => (Check::unknown(NAME, format!("Its snapshots could not be read. {error}")), None),
    };
    (check.by(listed(guest)), snapshots)
}

/// Which snapshots came after, since some storages lose them or refuse.
fn later(snapshots: &Option<List<Snapshot>>, target: Option<&Snapshot>) -> Check {
    const NAME: &str = "later snapshots";
    let (Some(snapshots), Some(target)) = (snapshots, target) else {
        return Check::unknown(NAME, "Whether others came after it is not known.");
    };
    let later: Vec<String> = snapshots
        .iter()
        .filter(|snapshot| snapshot.made > target.made)
        .map(|snapshot| snapshot.name.to_string())
        .collect();
    match later.as_slice() {
        [] => Check::passed(NAME, "It is the latest."),
        names => Check::unknown(
            NAME,
            format!(
                "{} came after it: ZFS refuses to go back past a later snapshot, so they would have to be removed first; other storages keep them.",
                names.join(", ")
            ),
        ),
    }
}
