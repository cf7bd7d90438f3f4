//! What is no guest, before and after: nodes, storages, high availability, jobs, pools, access, options.

use std::sync::Arc;

use serde_json::Value;

use super::look::Look;
use super::same::Pair;
use super::thing::{self, Things};
use super::unseen::Unseen;
use super::{Change, ChangeKind, ChangedPart, Difference};
use crate::error::Error;
use crate::model::changes;
use crate::model::list::{About, List};
use crate::model::node::Node;
use crate::model::node::package::AptPackage;
use crate::model::record::Record;
use crate::model::storage::Storage;
use crate::text::Text;
use crate::units::{Bytes, Moment, Ratio, Reading};

/// A storage is told to be fuller or emptier from this much of its size on.
const MUCH: f64 = 0.05;
/// What a node says of how long it runs is this far from exact, in seconds.
const SLACK: u64 = 300;

/// What moves by itself and tells of no change: when a job runs next, the place of an interface in its file.
const NOISE: [&str; 2] = ["next-run", "priority"];

impl Pair {
    /// All of it.
    pub(super) fn compared(mut self) -> Result<Difference, Error> {
        let mut changes = self.guests();
        changes.extend(self.nodes());
        changes.extend(self.storages());
        changes.extend(self.things());
        let of_guests = changes.iter().filter_map(|change| {
            let said = |side: &Option<Text>| side.as_ref().map_or("none".to_owned(), |words| words.brief(60));
            let part = |part: &ChangedPart| (part.what.to_string(), said(&part.before), said(&part.after));
            Some((change.vmid?, change.parts.iter().map(part).collect()))
        });
        let Pair { before, after } = self;
        let provenance = after.from.clone().and(&before.from);
        let sight = Unseen::default().and(before.unseen.clone()).and(after.unseen.clone()).sight();
        let caveats = sight.caveats().map(|(_, words)| words.to_string()).collect();
        let lists = (&before.guests, &after.guests);
        let (whole, drawing) = changes::figures(lists, of_guests.collect(), &provenance, caveats);
        let from = Arc::new(provenance.clone());
        changes.iter_mut().for_each(|change| change.from = from.clone());
        let about = About {
            title: "What changed".into(),
            question: "What is different, and what was it before?".into(),
            sight: sight.clone(),
            provenance: provenance.clone(),
            of: None,
        };
        Ok(Difference {
            changes: List::new(changes, about),
            before: before.at,
            after: after.at,
            looks: [&before, &after].map(told),
            figure: whole,
            drawing,
            sight,
            provenance,
        })
    }

    fn nodes(&self) -> Vec<Change> {
        let called = |node: &Node| node.name.to_string();
        let rows = |look: &Look| Things::new(look.nodes.iter().map(|node| (called(node), Value::Null)), true);
        let mut changes = thing::changes("node", &rows(&self.before), &rows(&self.after), &[]);
        for is in &self.after.nodes {
            if let Some(was) = self.before.nodes.find(|was| was.name == is.name) {
                let parts = self.of_node(&was, is);
                if !parts.is_empty() {
                    changes.push(Change::new("node", is.name.clone(), ChangeKind::Changed, parts));
                }
            }
        }
        changes
    }

    fn of_node(&self, was: &Node, is: &Node) -> Vec<ChangedPart> {
        let mut parts = Vec::new();
        let mut differs = |what: &str, before: Option<String>, after: Option<String>| {
            if before != after {
                parts.push(ChangedPart::new(what, before.map(Into::into), after.map(Into::into)));
            }
        };
        differs("State", Some(was.status.to_string()), Some(is.status.to_string()));
        let both = |one: Option<String>, other: Option<String>| one.zip(other).unzip();
        let cores = both(was.maxcpu.known().map(|n| n.to_string()), is.maxcpu.known().map(|n| n.to_string()));
        differs("Processors", cores.0, cores.1);
        let memory = both(was.maxmem.known().map(|n| n.to_string()), is.maxmem.known().map(|n| n.to_string()));
        differs("Memory", memory.0, memory.1);
        if let (Some(one), Some(other)) = (started(was, self.before.at), started(is, self.after.at))
            && one.unix().abs_diff(other.unix()) > SLACK
        {
            differs("Started", Some(one.to_string()), Some(other.to_string()));
        }
        if let Some((before, after)) = self.before.packages.get(&is.name).zip(self.after.packages.get(&is.name)) {
            let kernel =
                |all: &List<AptPackage>| all.iter().find_map(|it| it.running_kernel.as_ref().map(Text::to_string));
            differs("Running kernel", kernel(before), kernel(after));
            let version = |all: &List<AptPackage>, name: &Text| {
                all.find(|it| it.package == *name).and_then(|it| it.installed).map(|version| version.to_string())
            };
            let mut names: Vec<&Text> = before.iter().chain(after.iter()).map(|it| &it.package).collect();
            // The one whose version is that of Proxmox VE stands first.
            names.sort_by_key(|name| (**name != "pve-manager", *name));
            names.dedup();
            for name in names {
                differs(&format!("Package {}", name.raw()), version(before, name), version(after, name));
            }
        }
        parts
    }

    fn storages(&self) -> Vec<Change> {
        let Some((before, after)) = self.before.storages.as_ref().zip(self.after.storages.as_ref()) else {
            return Vec::new();
        };
        let definitions = |all: &List<Storage>| {
            let json = |it: &Storage| it.definition().map_or(Value::Null, |it| it.origin().whole_json());
            Things::new(all.iter().map(|it| (it.name.to_string(), json(it))), all.is_complete() == Some(true))
        };
        let mut changes = thing::changes("storage", &definitions(before), &definitions(after), &[]);
        for is in after {
            let Some(was) = before.find(|was| was.name == is.name) else { continue };
            let parts = self.of_storage(&was, is);
            if parts.is_empty() {
                continue;
            }
            match changes.iter_mut().find(|change| is.name == change.name) {
                Some(change) => change.parts.extend(parts),
                None => changes.push(Change::new("storage", is.name.clone(), ChangeKind::Changed, parts)),
            }
        }
        changes
    }

    fn of_storage(&self, was: &Storage, is: &Storage) -> Vec<ChangedPart> {
        let mut parts = Vec::new();
        let online = |look: &Look, name: &Text| look.nodes.any(|node| node.name == *name && node.is_online());
        for on in &is.on {
            let before = was.on.iter().find(|it| it.node == on.node).map(|it| &it.status);
            // That a node is away is told of the node.
            let both = online(&self.before, &on.node) && online(&self.after, &on.node);
            if let Some(before) = before.filter(|before| both && **before != on.status) {
                parts.push(ChangedPart::new(
                    format!("On {}", on.node.raw()),
                    Some(before.clone()),
                    Some(on.status.clone()),
                ));
            }
        }
        let size = |storage: &Storage| storage.total.known();
        if let (Some(one), Some(other)) = (size(was), size(is))
            && differ(one, other)
        {
            parts.push(ChangedPart::new("Size", Some(one.to_string().into()), Some(other.to_string().into())));
        }
        if let (Reading::Known(one), Reading::Known(other)) = (was.fullness(), is.fullness()) {
            let full = |ratio: Ratio| ratio >= Storage::NEARLY_FULL;
            if (one.0 - other.0).abs() >= MUCH || full(one) != full(other) {
                let said = |storage: &Storage, part: Ratio| {
                    Some(format!("{part}, {}", Reading::map(storage.used, |used| used.to_string()).known()?).into())
                };
                parts.push(ChangedPart::new("Used", said(was, one), said(is, other)));
            }
        }
        parts
    }

    /// All that is told by its fields alone.
    fn things(&self) -> Vec<Change> {
        let (before, after) = (&self.before, &self.after);
        let mut changes = Vec::new();
        changes.extend(of(
            "guest in the care of HA",
            &before.ha_resources,
            &after.ha_resources,
            |it| it.sid.to_string(),
            &[],
        ));
        changes.extend(of("rule of HA", &before.ha_rules, &after.ha_rules, |it| it.rule.to_string(), &["order"]));
        changes.extend(of("backup job", &before.backup_jobs, &after.backup_jobs, |it| it.id.to_string(), &NOISE));
        changes.extend(of("replication job", &before.replication, &after.replication, |it| it.id.to_string(), &[]));
        changes.extend(of("pool", &before.pools, &after.pools, |it| it.name.to_string(), &["members"]));
        for (node, was) in &before.networks {
            if let Some(is) = after.networks.get(node) {
                let called =
                    |it: &crate::model::node::network::NetworkInterface| format!("{} on {}", it.iface, it.node);
                let (was, is) = (Things::of(was, called), Things::of(is, called));
                changes.extend(thing::changes("network interface", &was, &is, &NOISE));
            }
        }
        if let Some((was, is)) = before.options.as_ref().zip(after.options.as_ref()) {
            // Somebody with fewer privileges is shown fewer of them.
            let may = [before, after].map(|look| look.session.has("Sys.Audit", "/"));
            let parts = thing::parts(&was.origin().whole_json(), &is.origin().whole_json(), &[]);
            let parts: Vec<ChangedPart> = match may {
                [Some(true), Some(true)] => parts,
                _ => parts.into_iter().filter(|part| part.before.is_some() && part.after.is_some()).collect(),
            };
            if !parts.is_empty() {
                changes.push(Change::new("options", "the cluster", ChangeKind::Changed, parts));
            }
        }
        // Tokens stand apart; who belongs to a group is told of the users.
        changes.extend(of(
            "user",
            &before.users,
            &after.users,
            |it| it.userid.to_string(),
            &["tokens", "tfa-locked-until"],
        ));
        changes.extend(
            tokens(before).zip(tokens(after)).map_or(Vec::new(), |(was, is)| thing::changes("token", &was, &is, &[])),
        );
        changes.extend(of("group", &before.groups, &after.groups, |it| it.groupid.to_string(), &["users"]));
        changes.extend(of("role", &before.roles, &after.roles, |it| it.roleid.to_string(), &[]));
        let entry = |it: &crate::model::access::acl::AclEntry| format!("{} for {} on {}", it.roleid, it.ugid, it.path);
        changes.extend(of("permission", &before.acl, &after.acl, entry, &[]));
        changes.extend(of("realm", &before.realms, &after.realms, |it| it.realm.to_string(), &[]));
        changes
    }
}

/// Objects of one kind; nothing of what one look could not read.
fn of<T: Record>(
    what: &str,
    before: &Option<List<T>>,
    after: &Option<List<T>>,
    called: impl Fn(&T) -> String,
    noise: &[&str],
) -> Vec<Change> {
    let Some((before, after)) = before.as_ref().zip(after.as_ref()) else { return Vec::new() };
    thing::changes(what, &Things::of(before, &called), &Things::of(after, &called), noise)
}

/// The tokens of all users, which stand in the answer about these.
fn tokens(look: &Look) -> Option<Things> {
    let users = look.users.as_ref()?;
    let rows = users.iter().flat_map(|user| {
        let json = user.origin().whole_json();
        let rows = json["tokens"].as_array().cloned().unwrap_or_default();
        let called = |row: &Value| format!("{}!{}", user.userid.raw(), row["tokenid"].as_str().unwrap_or_default());
        rows.into_iter().map(|row| (called(&row), row)).collect::<Vec<_>>()
    });
    Some(Things::new(rows.collect::<Vec<_>>(), users.is_complete() == Some(true)))
}

/// When a node came up.
fn started(node: &Node, at: Moment) -> Option<Moment> {
    let up = i64::try_from(node.uptime.known()?.0).ok()?;
    Some(Moment::from_unix(at.unix().saturating_sub(up)))
}

/// Whether two sizes differ by more than a hundredth.
fn differ(one: Bytes, other: Bytes) -> bool {
    one.0.abs_diff(other.0) > one.0.max(other.0) / 100
}

/// Of what a look was taken, by whom, and when.
fn told(look: &Look) -> [Text; 3] {
    let from = look.guests.provenance();
    let simulated = if from.simulated && !from.cluster.contains("demo") { " (simulated)" } else { "" };
    [format!("{}{simulated}", from.cluster.raw()).into(), from.identity, look.at.to_string().into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_differ_by_less_than_a_hundredth_are_the_same() {
        assert!(!differ(Bytes::gib(1000), Bytes::gib(991)));
        assert!(differ(Bytes::gib(1000), Bytes::gib(980)) && differ(Bytes(0), Bytes(1)));
    }
}
