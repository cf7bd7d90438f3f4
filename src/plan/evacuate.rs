//! Emptying a node: all its guests to others, by the cluster's own bulk call where it has one, by high availability where
//! that manages them, else one after the other, the largest first.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::list::{List, count};
use crate::model::node::Node;
use crate::model::resource::Resources;
use crate::page::{State, Tone};
use crate::plan::check;
use crate::plan::draft::{Act, Draft, Seen, Undo};
use crate::plan::migrate::whereabouts;
use crate::plan::several::Several;
use crate::plan::{Check, Plan, Verdict};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Bytes};
use crate::wire::{Call, Method};

impl Node {
    /// The plan to move all guests of this node to others that are online and have room: those that run go on running,
    /// those that are off move as well. Templates stay, unless all nodes reach their disks.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let plan = pve.node("pve3")?.evacuate();
    /// assert!(plan.page().text().contains("Evacuate pve3"));
    /// # Ok(()) }
    /// ```
    pub fn evacuate(&self) -> Plan {
        evacuation(self, None)
    }

    /// The same to this node alone.
    pub fn evacuate_to(&self, target: &str) -> Plan {
        evacuation(self, Some(target))
    }
}

/// What tells who is where.
const LISTED: &str = "GET /cluster/resources";

/// Room for guests on a node, as it is promised.
struct Room {
    node: Text,
    free: u64,
}

fn evacuation(node: &Node, to: Option<&str>) -> Plan {
    let session = node.session.for_plans();
    let title = format!("Evacuate {}", node.name.raw());
    let read = guests_and_rooms(&session, node, to);
    let (guests, mut rooms) = match read {
        Ok(read) => read,
        Err(error) => {
            return Draft::new(&session, title, Act::Several(Several::of(Vec::new()))).impossible(&error).plan();
        }
    };
    let mut homeless: Vec<String> = Vec::new();
    let mut plans: Vec<Plan> = Vec::new();
    for guest in &guests {
        let guest = guest.within(&session);
        match placed(&guest, &mut rooms) {
            Ok(target) => plans.push(guest.migrate(target.raw())),
            Err(why) => homeless.push(format!("{}: {why}", guest.called().raw())),
        }
    }
    let moves = count(plans.len(), ("guest moves", "guests move"));
    let bulk = has_bulk(&session);
    let plans = if bulk { bundled(&session, node, plans) } else { plans };
    let mut draft = Draft::new(&session, title, Act::Several(Several::of(plans)))
        .check(homes(&homeless).by(LISTED))
        .check(check::quorum(&session))
        .effect(format!("{moves}, the largest first: {}.", by_target(&guests, &homeless, &rooms)));
    if guests.is_empty() {
        draft = draft.check(Check::already("guests", format!("{} is empty already.", node.name)).by(LISTED));
    } else if guests.is_complete() != Some(true) {
        draft = draft.check(Check::unknown("guests", "There may be guests on it that cannot be seen.").by(LISTED));
    }
    if bulk {
        draft = draft.effect(
            "Guests that high availability does not manage move by the cluster's own bulk call, one for each target.",
        );
    }
    draft.undo = Undo::Parts;
    draft.plan()
}

/// The guests of the node, the largest first, and the other nodes with what memory they have not given to what runs there.
fn guests_and_rooms(session: &Session, node: &Node, to: Option<&str>) -> Result<(List<Guest>, Vec<Room>), Error> {
    let resources = Resources::read(session)?;
    let provenance = session.provenance([&resources.answer], None);
    let all = Guest::among(session, &resources, provenance.clone());
    let nodes = Node::among(session, &resources, provenance);
    if let Some(to) = to {
        nodes.named(to, |node| node.name.clone())?;
    }
    let others =
        nodes.filter(|other| other.is_online() && other.name != node.name && to.is_none_or(|to| other.name == to));
    let rooms = others.iter().map(|other| {
        let promised = all
            .iter()
            .filter(|guest| guest.node == other.name && guest.is_running())
            .filter_map(|guest| guest.maxmem.known())
            .fold(0_u64, |sum, size| sum.saturating_add(size.0));
        let free = other.maxmem.known().map_or(0, |all| all.0.saturating_sub(promised));
        Room { node: other.name.clone(), free }
    });
    let here = all.filter(|guest| guest.node == node.name && !guest.is_template());
    let size = |guest: &Guest| (guest.is_running(), guest.maxmem.known().unwrap_or_default());
    Ok((here.sorted_by_key(|guest| std::cmp::Reverse(size(guest))), rooms.collect()))
}

/// The node that a guest may go to and that has the most room left, which it then takes.
fn placed(guest: &Guest, rooms: &mut [Room]) -> Result<Text, String> {
    let allowed = match guest.migration_preflight() {
        Ok(preflight) => preflight.targets(),
        Err(error) => return Err(error.to_string()),
    };
    // What is off takes no memory.
    let wanted = if guest.is_stopped() { 0 } else { guest.maxmem.known().map_or(0, |size| size.0) };
    let best = rooms.iter_mut().filter(|room| allowed.contains(&room.node)).max_by_key(|room| room.free);
    match best {
        None => Err("the server allows none of the nodes that are online".into()),
        Some(room) if room.free < wanted => Err(format!(
            "it may use {}, and no node that may take it has that free ({} has {})",
            Bytes(wanted),
            room.node,
            Bytes(room.free)
        )),
        Some(room) => {
            room.free -= wanted;
            Ok(room.node.clone())
        }
    }
}

fn homes(homeless: &[String]) -> Check {
    const NAME: &str = "room for all";
    match homeless {
        [] => Check::passed(NAME, "Each finds a node that may take it and has the memory."),
        homeless => Check::failed(NAME, format!("Some find none: {}.", homeless.join("; "))),
    }
}

fn by_target(guests: &List<Guest>, homeless: &[String], rooms: &[Room]) -> String {
    let left: Vec<String> =
        rooms.iter().map(|room| format!("{} keeps {} of memory to give", room.node, Bytes(room.free))).collect();
    let stay = if homeless.is_empty() {
        String::new()
    } else {
        format!("{} of {} find no place; ", homeless.len(), guests.len())
    };
    if left.is_empty() { "no other node is online".into() } else { format!("{stay}{}", left.join(", ")) }
}

/// Whether this version of the cluster moves several guests by one call.
fn has_bulk(session: &Session) -> bool {
    session.ask(Call::get("/cluster/bulk-action/guest")).is_ok()
}

/// Moves that the cluster does by one call for each target; those of high availability, and those that are not like the
/// others, stay as they are.
fn bundled(session: &Session, node: &Node, plans: Vec<Plan>) -> Vec<Plan> {
    let mut bundles: BTreeMap<String, Vec<Plan>> = BTreeMap::new();
    let mut alone = Vec::new();
    for plan in plans {
        let passes = plan.draft.checks.iter().all(|check| check.verdict != Verdict::Failed);
        let target = match &plan.draft.act {
            Act::One(call) if passes && call.path.ends_with("/migrate") && call.path.starts_with("/nodes/") => {
                call.params.iter().find(|(key, _)| key == "target").map(|(_, node)| node.clone())
            }
            _ => None,
        };
        match target {
            Some(target) => bundles.entry(target).or_default().push(plan),
            None => alone.push(plan),
        }
    }
    let mut all = Vec::new();
    for (target, plans) in bundles {
        match plans.len() {
            0..=1 => alone.extend(plans),
            _ => all.push(bundle(session, node, &target, &plans)),
        }
    }
    all.extend(alone);
    all
}

/// One call that moves these guests.
fn bundle(session: &Session, node: &Node, target: &str, plans: &[Plan]) -> Plan {
    let guests: Vec<Guest> = plans.iter().filter_map(|plan| plan.draft.guest().cloned()).collect();
    let numbers: Vec<String> = guests.iter().map(|guest| guest.vmid.to_string()).collect();
    let copies = plans.iter().any(|plan| matches!(&plan.draft.act, Act::One(call) if call.params.iter().any(|(key, _)| key == "with-local-disks")));
    let call = Call::new(Method::Post, "/cluster/bulk-action/guest/migrate");
    // A list of numbers, each under the same key.
    let call = numbers.iter().fold(call, |call, number| call.with("vms", number));
    let call = call.with("target", target).with("online", "1");
    let call = if copies { call.with("with-local-disks", "1") } else { call };
    let names: Vec<String> = guests.iter().map(|guest| guest.called().to_string()).collect();
    let shown = Text::from(target);
    let title = format!("Move {} from {} to {shown}", count(guests.len(), ("guest", "guests")), node.name);
    let checks = plans.iter().flat_map(|plan| {
        let called = plan.draft.guest().map(|guest| guest.called().to_string()).unwrap_or_default();
        // What passed for each need not be said for each.
        plan.draft.checks.iter().filter(|check| check.verdict != Verdict::Passed).map(move |check| check.of(&called))
    });
    let (watched, wanted) = (guests.clone(), target.to_owned());
    let back = (numbers.iter().filter_map(|n| n.parse::<u32>().ok()).collect::<Vec<_>>(), node.name.raw().to_owned());
    let code = format!("pve.guests()?.filter(|g| [{}].contains(&g.vmid)).migrate({:?})", numbers.join(", "), back.1);
    let mut draft = Draft::new(session, title, Act::One(call));
    // What is not as it was seen when the plan was made is not sent.
    draft.also = guests.clone();
    draft
        .check(check::quorum(session))
        .checks(checks)
        .tasks(&["bulk-migrate"])
        .effect(format!("{}.", names.join(", ")))
        .goal_within(Age(30), "Look at pve.tasks()?: each guest has a task of its own", move |session| {
            let mut missing: Vec<String> = Vec::new();
            for guest in &watched {
                let now = whereabouts(guest, &wanted, session)?;
                if now.node != wanted.as_str() || now.lock.is_some() {
                    missing.push(guest.called().to_string());
                }
            }
            let there = watched.len() - missing.len();
            let now = match missing.as_slice() {
                [] => State::new(Tone::Good, format!("all {there} on {}", Text::from(&wanted))),
                names => {
                    State::new(Tone::Wrong, format!("{there} on {}, not {}", Text::from(&wanted), names.join(", ")))
                }
            };
            Ok(Seen { now, reached: missing.is_empty(), guest: None })
        })
        .undo(code, move |session| {
            let all = Guest::list(session)?;
            let these = all.filter(|guest| back.0.contains(&guest.vmid));
            let together = session.for_plans();
            let plans = these.iter().map(|guest| guest.within(&together).migrate(&back.1)).collect();
            let title = format!("Move {} back to {}", count(these.len(), ("guest", "guests")), Text::from(&back.1));
            let mut draft = Draft::new(session, title, Act::Several(Several::of(plans)));
            draft.undo = Undo::Parts;
            Ok(draft.plan())
        })
        .plan()
}
