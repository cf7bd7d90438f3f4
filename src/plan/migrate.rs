//! Moving a guest to another node: while it runs where that can be, through high availability where that manages it.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::model::guest::migration::{LocalDisk, MigrationPreflight};
use crate::model::guest::{Guest, Status};
use crate::model::list::List;
use crate::model::node::Node;
use crate::page::State;
use crate::plan::check::place;
use crate::plan::draft::{Draft, Seen};
use crate::plan::ha::sid;
use crate::plan::power::HA_PATIENCE;
use crate::plan::{Check, Plan, bulk};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Bytes, Reading};
use crate::wire::{Call, Method};

impl Guest {
    /// The plan to move it to another node: a virtual machine that runs goes on running, a container is restarted there,
    /// disks of its node alone are copied. Where high availability manages it, that is asked to move it.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let done = pve.guest("mail")?.migrate("pve2").run()?;
    /// assert_eq!(pve.guest("mail")?.node, "pve2");
    /// done.undo()?; // the plan to bring it back
    /// # Ok(()) }
    /// ```
    pub fn migrate(&self, target: &str) -> Plan {
        let session = self.session.for_planning();
        let seen = self.within(&session);
        // What the server itself says of it decides how it is called.
        let now = seen.current().unwrap_or(seen);
        let preflight = now.migration_preflight();
        let by_ha = now.hastate.is_some();
        let (verb, shown) = (if by_ha { "Ask high availability to move" } else { "Move" }, Text::from(target));
        let draft = Draft::on(&now, &format!("{verb} to {shown}:"), |guest| {
            call(guest, target, by_ha, preflight.as_ref().ok())
        });
        let Some(guest) = draft.guest().cloned() else { return draft.plan() };
        let mut draft = draft
            .check(elsewhere(&guest, target))
            .check(place::node(&session, target))
            .checks(preflight_checks(&guest, target, &preflight))
            .checks(held_by_snapshots(&guest, preflight.as_ref().ok()))
            .needs(
                if by_ha { &["Sys.Console"] } else { &["VM.Migrate"] },
                if by_ha { "/".to_owned() } else { format!("/vms/{}", guest.vmid) },
            )
            .sees(&["VM.Audit"], format!("/vms/{}", guest.vmid))
            .tasks(if by_ha { &["hamigrate"] } else { &["qmigrate", "vzmigrate"] });
        if guest.status != Status::Stopped {
            draft = draft.check(place::cores(&session, target, guest.is_vm(), guest.maxcpu)).check(place::memory(
                &session,
                target,
                guest.maxmem,
            ));
        }
        draft = draft.checks(room(&guest, target, preflight.as_ref().ok()));
        if let Ok(node) = Node::find(&session, target)
            && node.is_online()
            && let Ok(config) = guest.config()
        {
            let bridges: Vec<Text> = config.nets().iter().filter_map(|net| net.bridge.clone()).collect();
            draft = draft.checks(place::bridges(&node, &bridges));
        }
        for effect in effects(&guest, by_ha, preflight.as_ref().ok()) {
            draft = draft.effect(effect);
        }
        let (watched, wanted, from) = (guest.clone(), target.to_owned(), guest.node.raw().to_owned());
        let (patience, otherwise) = match by_ha {
            true => {
                (Age(HA_PATIENCE.0 * 5), "High availability may still be at it, or refuse: look at pve.ha_status()?")
            }
            // The overview, which alone tells of another node, lags.
            false => (Age(20), "Somebody else may have acted: look at pve.tasks()?"),
        };
        let vmid = guest.vmid;
        let status = guest.status.clone();
        draft
            .goal_within(patience, otherwise, move |session| {
                let now = whereabouts(&watched, &wanted, session)?;
                // A container that was restarted is there before it runs.
                let there = now.node == wanted.as_str() && now.status == status && now.lock.is_none();
                // As long as its manager is at it, high availability forgets what else it is asked.
                let reached = there && !now.hastate.as_ref().is_some_and(is_at_it);
                let state = now.state();
                let said = State::new(state.tone, format!("on {}, {}", now.node.raw(), state.word.raw()));
                Ok(Seen { reached, now: said, guest: Some((vmid, now.status.to_string().into())) })
            })
            .by_manager(by_ha)
            .undo(format!("pve.guest({vmid})?.migrate({from:?})"), move |session| {
                Ok(Guest::find(session, i64::from(vmid).into())?.migrate(&from))
            })
            .plan()
    }
}

impl List<Guest> {
    /// The plan to move all of them to one node, one after the other. It refuses unless somebody says how many they are:
    /// `.expect(12)`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let plan = pve.guests()?.filter(|guest| guest.name == "mail").migrate("pve2");
    /// plan.expect(1).run()?;
    /// assert_eq!(pve.guest("mail")?.node, "pve2");
    /// # Ok(()) }
    /// ```
    pub fn migrate(&self, target: &str) -> Plan {
        bulk::plan(self, &format!("Move to {}:", Text::from(target)), |guest| guest.migrate(target)).at_once(1)
    }
}

fn call(guest: &Guest, target: &str, by_ha: bool, preflight: Option<&MigrationPreflight>) -> Call {
    if by_ha {
        let path = format!("/cluster/ha/resources/{}/migrate", sid(guest));
        return Call::new(Method::Post, path).with("node", target);
    }
    let call = Call::new(Method::Post, guest.path("migrate")).with("target", target);
    let copies = preflight.is_some_and(|preflight| preflight.local_disks.iter().any(LocalDisk::is_copied));
    match (guest.is_vm(), guest.status == Status::Stopped) {
        (true, false) if copies => call.with("online", "1").with("with-local-disks", "1"),
        (true, false) => call.with("online", "1"),
        (false, false) => call.with("restart", "1"),
        (_, true) => call,
    }
}

/// Whether the manager of high availability is still on its way to something.
fn is_at_it(state: &Text) -> bool {
    const AT_IT: [&str; 5] = ["migrate", "relocate", "request_start", "request_start_balance", "request_stop"];
    AT_IT.contains(&state.raw())
}

/// Whether the storages of the target have room for the disks that are copied there.
fn room(guest: &Guest, target: &str, preflight: Option<&MigrationPreflight>) -> Vec<Check> {
    let mut wanted: BTreeMap<String, u64> = BTreeMap::new();
    let disks = preflight.into_iter().flat_map(|preflight| &preflight.local_disks);
    for disk in disks.filter(|disk| disk.is_copied()) {
        if let (Some((storage, _)), Reading::Known(size)) = (disk.volid.raw().split_once(':'), disk.size) {
            let sum = wanted.entry(storage.to_owned()).or_default();
            *sum = sum.saturating_add(size.0);
        }
    }
    let (node, content) = (Text::from(target), if guest.is_vm() { "images" } else { "rootdir" });
    wanted
        .into_iter()
        .map(|(storage, size)| place::storage(&guest.session, &node, &storage, content, Some(Bytes(size))))
        .collect()
}

/// The guest on the node that it goes to, which knows at once; elsewhere as it is listed.
pub(super) fn whereabouts(guest: &Guest, node: &str, session: &Session) -> Result<Guest, Error> {
    match guest.within(session).if_on(node).current() {
        Ok(there) => Ok(there),
        Err(_) => guest.now(session),
    }
}

fn elsewhere(guest: &Guest, target: &str) -> Check {
    match guest.node == target {
        true => Check::already("elsewhere", format!("It is on {} already.", guest.node)),
        false => Check::passed("elsewhere", format!("It is on {}.", guest.node)),
    }
    .by("GET /cluster/resources")
}

/// What the server checks before a migration, of nodes that are online.
fn preflight_checks(guest: &Guest, target: &str, preflight: &Result<MigrationPreflight, Error>) -> Vec<Check> {
    let source = Call::get(guest.path("migrate")).shown();
    let preflight = match preflight {
        Ok(preflight) => preflight,
        Err(error) => {
            let words = format!("What the server checks beforehand could not be read. {error}");
            return vec![Check::unknown("preflight", words).by(source)];
        }
    };
    let shown = Text::from(target);
    let allowed = preflight.targets().iter().any(|node| node == target);
    let why = preflight.obstacles().into_iter().find(|(node, _)| node == target).map(|(_, why)| why);
    let mut checks = vec![match (allowed, why) {
        (true, _) => Check::passed("preflight", format!("The server allows {shown}.")),
        (false, Some(why)) => Check::failed("preflight", format!("The server does not allow {shown}: {why}.")),
        (false, None) => Check::failed("preflight", format!("The server does not allow {shown}.")),
    }];
    let devices: Vec<&str> = preflight.local_resources.iter().map(Text::raw).collect();
    checks.push(match devices.is_empty() {
        true => Check::passed("devices", "It has no devices of its node."),
        false => Check::failed("devices", format!("It has devices of {}: {}.", guest.node, devices.join(", "))),
    });
    let cds: Vec<String> = preflight
        .local_disks
        .iter()
        .filter(|disk| disk.is_cd_image())
        .map(|disk| format!("{} in {}", disk.volid, disk.key))
        .collect();
    if !cds.is_empty() {
        checks
            .push(Check::failed("CD image", format!("{} lies on {} alone: take it out.", cds.join(", "), guest.node)));
    }
    checks.into_iter().map(|check| check.by(source.clone())).collect()
}

/// A disk of one node alone is not copied while its guest runs and has snapshots of it.
fn held_by_snapshots(guest: &Guest, preflight: Option<&MigrationPreflight>) -> Option<Check> {
    const NAME: &str = "snapshots";
    let copied = preflight.is_some_and(|preflight| preflight.local_disks.iter().any(LocalDisk::is_copied));
    if !copied || !guest.is_vm() || guest.status == Status::Stopped {
        return None;
    }
    let check = match guest.snapshots() {
        Ok(snapshots) if snapshots.is_empty() => {
            Check::passed(NAME, "It has none, so its disks are copied while it runs.")
        }
        Ok(snapshots) => {
            let names: Vec<String> = snapshots.iter().map(|snapshot| snapshot.name.to_string()).collect();
            let (word, them) = if names.len() == 1 { ("snapshot", "it") } else { ("snapshots", "them") };
            let why = format!(
                "It has the {word} {}, and a disk of one node alone that has some is not copied while the guest runs: \
                 shut it down first, or delete {them}.",
                names.join(", ")
            );
            Check::failed(NAME, why)
        }
        Err(error) => Check::unknown(NAME, format!("Whether it has some could not be read. {error}")),
    };
    Some(check.by(Call::get(guest.path("snapshot")).shown()))
}

fn effects(guest: &Guest, by_ha: bool, preflight: Option<&MigrationPreflight>) -> Vec<String> {
    let mut effects = vec![
        match (by_ha, guest.status == Status::Stopped, guest.is_vm()) {
            (true, ..) => "High availability manages it: the cluster's manager moves it some seconds later, and sees to it that it stays as it is wanted.",
            (_, true, _) => "It is off, and stays off.",
            (_, false, true) => "It goes on running: its memory is copied while it works, and it stands still for a moment at the end.",
            (_, false, false) => "It is shut down here and started there: its services are away as long as that takes.",
        }
        .to_owned(),
    ];
    let copied: Vec<String> = preflight
        .into_iter()
        .flat_map(|preflight| &preflight.local_disks)
        .filter(|disk| disk.is_copied())
        .map(|disk| format!("{} ({})", disk.key, disk.size))
        .collect();
    if !copied.is_empty() {
        effects.push(format!("Disks of {} alone are copied, which takes long: {}.", guest.node, copied.join(", ")));
    }
    let along: Vec<&str> =
        preflight.into_iter().flat_map(|preflight| &preflight.dependent_ha_resources).map(Text::raw).collect();
    if !along.is_empty() {
        effects.push(format!("High availability moves along {}.", along.join(", ")));
    }
    effects
}
