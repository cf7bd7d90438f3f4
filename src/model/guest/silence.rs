//! Guests whose state nobody reports: their node is offline, or online and silent, or they are seconds old.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::guest::{Guest, Status};
use crate::model::list::count;
use crate::model::resource::Resources;
use crate::text::Text;
use crate::units::Why;

/// The nodes that are online and report none of several guests.
pub(super) fn silent_nodes(resources: &Resources, online: &BTreeMap<Text, bool>) -> BTreeSet<Text> {
    let mut nodes: BTreeMap<&Text, (usize, usize)> = BTreeMap::new();
    for (row, _) in resources.of(&["qemu", "lxc"]) {
        if let Some(node) = row.node.as_ref().filter(|node| online.get(*node) == Some(&true)) {
            let (all, unknown) = nodes.entry(node).or_default();
            *all += 1;
            *unknown += usize::from(Status::read(row) == Status::Unknown);
        }
    }
    // A single one may just have been made.
    nodes.into_iter().filter(|(_, (all, unknown))| *all > 1 && all == unknown).map(|(node, _)| node.clone()).collect()
}

/// What is to be said of guests whose state is not known, by the reason. Of a list that
/// may be narrowed down later it must be said that it is about all of them.
pub(super) fn said(guests: &[Guest], all: bool) -> Vec<String> {
    let mut reasons: BTreeMap<Why, BTreeMap<&Text, usize>> = BTreeMap::new();
    for guest in guests.iter().filter(|guest| guest.status == Status::Unknown) {
        let why = guest.cpu.why().unwrap_or(Why::NotReportedYet);
        *reasons.entry(why).or_default().entry(&guest.node).or_default() += 1;
    }
    let words = |(why, nodes): (Why, BTreeMap<&Text, usize>)| {
        let n = nodes.values().sum();
        let state = match all {
            true => format!("Of all guests, the state of {n}"),
            false => format!("The state of {}", count(n, ("guest", "guests"))),
        };
        let named: Vec<String> = nodes.keys().map(|node| node.to_string()).collect();
        let (are, report) = if nodes.len() == 1 { ("is", "reports") } else { ("are", "report") };
        let named = named.join(", ");
        match why {
            Why::NodeOffline => format!("{state} is not known: {named} {are} offline."),
            Why::NodeSilent => format!(
                "{state} is not known: {named} {are} online but {report} nothing of them, so pvestatd hangs there, often for a storage that does not answer. `systemctl status pvestatd` on the node tells; pve.guest(number)? asks a guest's node itself."
            ),
            _ => format!("{state} on {named} is not reported yet: made seconds ago?"),
        }
    };
    reasons.into_iter().map(words).collect()
}
