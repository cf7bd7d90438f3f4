//! Guests before and after: which came, went, moved, or are set up otherwise.

use std::collections::{BTreeMap, BTreeSet};

use super::same::Pair;
use super::{Change, ChangeKind, ChangedPart, setting};
use crate::model::changes::parts_of;
use crate::model::guest::config::Config;
use crate::model::guest::{Guest, Status};
use crate::model::list::{List, count};
use crate::model::snapshot::Snapshot;
use crate::text::Text;
use crate::units::Reading;

/// What the settings tell better than the list of guests does.
const TOLD_BY_SETTINGS: [&str; 5] = ["Name", "Number of cores", "Memory", "First disk", "Tags"];

impl Pair {
    /// Every guest that is not as it was.
    pub(super) fn guests(&mut self) -> Vec<Change> {
        let suspects = self.with_another_digest();
        let (before, after) = (self.before.snapshots_of(&suspects), self.after.snapshots_of(&suspects));
        let snapshots = |vmid: u32| Some((before.get(&vmid)?, after.get(&vmid)?));
        let mut pairs: BTreeMap<u32, (Option<&Guest>, Option<&Guest>)> = BTreeMap::new();
        self.before.guests.iter().for_each(|guest| pairs.entry(guest.vmid).or_default().0 = Some(guest));
        self.after.guests.iter().for_each(|guest| pairs.entry(guest.vmid).or_default().1 = Some(guest));
        let whole = [&self.before.guests, &self.after.guests].map(|guests| guests.is_complete() == Some(true));
        let mut changes = Vec::new();
        let mut silent = Vec::new();
        for (vmid, pair) in pairs {
            let change = match pair {
                (Some(was), Some(is)) => {
                    let change = self.of_both(was, is, snapshots(vmid));
                    let is_suspect = suspects.binary_search(&vmid).is_ok() && snapshots(vmid).is_some();
                    // Whatever else there is to see has been seen.
                    if is_suspect && change.as_ref().is_none_or(|change| !change.parts.iter().any(is_of_the_file)) {
                        silent.push(is.called().to_string());
                    }
                    change
                }
                (Some(was), None) => {
                    Some(of_one(was, if whole[1] { ChangeKind::Removed } else { ChangeKind::NotKnown }, whole[1]))
                }
                (None, Some(is)) => {
                    Some(of_one(is, if whole[0] { ChangeKind::Added } else { ChangeKind::NotKnown }, whole[0]))
                }
                (None, None) => None,
            };
            changes.extend(change);
        }
        self.tell_silent(&silent);
        changes.sort_by_key(|change| (change.kind, change.vmid));
        changes
    }

    /// The guests whose configuration file changed, snapshots included, by what the server knows the file by; and those of
    /// which it does not say.
    fn with_another_digest(&self) -> Vec<u32> {
        let is_same = |one: &Config, other: &Config| one.digest().is_some() && one.digest() == other.digest();
        let both =
            self.before.configs.iter().filter_map(|(vmid, one)| Some((vmid, one, self.after.configs.get(vmid)?)));
        both.filter(|(_, one, other)| !is_same(one, other)).map(|(vmid, ..)| *vmid).collect()
    }

    /// A file that changed in what nobody is shown must not read as if it had not.
    fn tell_silent(&mut self, silent: &[String]) {
        if silent.is_empty() {
            return;
        }
        let words = format!(
            "The configuration of {} ({}) was written anew without anything different that the API shows: a password, what cloud-init was told last, or a change that was taken back.",
            count(silent.len(), ("guest", "guests")),
            crate::model::together::some_of(silent)
        );
        self.after.unseen.remark("", "", words);
    }

    fn of_both(
        &self,
        was: &Guest,
        is: &Guest,
        snapshots: Option<(&List<Snapshot>, &List<Snapshot>)>,
    ) -> Option<Change> {
        let vmid = is.vmid;
        let configs = self.before.configs.get(&vmid).zip(self.after.configs.get(&vmid));
        let mut parts = of_lists(was, is, configs.is_some());
        let mut kind = if was.node == is.node { ChangeKind::Changed } else { ChangeKind::Moved };
        if let Some((before, after)) = configs {
            let (settings, has_moved) = setting::parts(before, after, snapshots.is_some());
            parts.extend(settings);
            if has_moved {
                kind = ChangeKind::Moved;
            }
            if setting::is_another(before, after) {
                kind = ChangeKind::Replaced;
            }
        } else if was.kind != is.kind {
            kind = ChangeKind::Replaced;
        }
        parts.extend(snapshots.into_iter().flat_map(|(before, after)| of_snapshots(before, after)));
        let name = if is.name.is_known() { is.called() } else { was.called() };
        (!parts.is_empty()).then(|| Change { vmid: Some(vmid), ..Change::new("guest", name, kind, parts) })
    }
}

/// Whether a part stands in the configuration file.
fn is_of_the_file(part: &ChangedPart) -> bool {
    !["Node", "State", "Pool", "High availability", "Kind"].contains(&part.what.raw())
}

/// A guest that one look saw alone.
fn of_one(guest: &Guest, kind: ChangeKind, is_known: bool) -> Change {
    let said = format!("{} on {}, {}", guest.kind, guest.node.raw(), guest.status);
    let other = (!is_known).then(|| Text::from("not seen, which says nothing"));
    let (before, after) = match kind {
        ChangeKind::Added => (other, Some(said.into())),
        _ => (Some(said.into()), other),
    };
    Change {
        vmid: Some(guest.vmid),
        ..Change::new("guest", guest.called(), kind, vec![ChangedPart::new("Guest", before, after)])
    }
}

/// What the lists tell of a guest. A state or a number that one of them does not know is no difference.
fn of_lists(was: &Guest, is: &Guest, has_settings: bool) -> Vec<ChangedPart> {
    let part = |what: &str, before: &dyn ToString, after: &dyn ToString| {
        ChangedPart::new(what, Some(before.to_string().into()), Some(after.to_string().into()))
    };
    let mut parts = Vec::new();
    for (what, before, after) in parts_of(was, is) {
        // Locks and what is made of the state stand apart.
        if what != "State" && !(has_settings && TOLD_BY_SETTINGS.contains(&what.as_str())) {
            let some = |words: String| Some(Text::from(words)).filter(|words| words != "none");
            parts.push(ChangedPart::new(what, some(before), some(after)));
        }
    }
    if was.status != is.status && was.status != Status::Unknown && is.status != Status::Unknown {
        parts.insert(
            parts.iter().take_while(|part| part.what == "Node").count(),
            part("State", &was.status, &is.status),
        );
    }
    if !has_settings && was.lock != is.lock {
        parts.push(ChangedPart::new("lock", was.lock.clone(), is.lock.clone()));
    }
    // That it is managed at all is told with what high availability cares for.
    if let (Some(before), Some(after)) = (&was.hastate, &is.hastate)
        && before != after
    {
        parts.push(part("High availability", before, after));
    }
    parts
}

/// Snapshots that were taken, removed, or made anew under the same name.
fn of_snapshots(before: &List<Snapshot>, after: &List<Snapshot>) -> Vec<ChangedPart> {
    let said = |snapshot: &Snapshot| -> Text {
        let made = match snapshot.made {
            Reading::Known(made) => format!("of {made}"),
            Reading::Missing(_) => "of an unknown moment".to_owned(),
        };
        let memory = if snapshot.with_memory { ", with memory" } else { "" };
        let words = snapshot.description.as_ref().map(|words| format!(", “{}”", words.raw())).unwrap_or_default();
        format!("{made}{memory}{words}").into()
    };
    let by_name = |list: &List<Snapshot>| -> BTreeMap<Text, Text> {
        list.iter().map(|snapshot| (snapshot.name.clone(), said(snapshot))).collect()
    };
    let (before, after) = (by_name(before), by_name(after));
    let names: BTreeSet<&Text> = before.keys().chain(after.keys()).collect();
    let differing = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    differing
        .map(|name| {
            let what = format!("Snapshot {}", name.raw());
            ChangedPart::new(what, before.get(name).cloned(), after.get(name).cloned())
        })
        .collect()
}
