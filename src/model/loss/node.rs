//! What is lost with a node: its guests stop, its own storages are gone, and a vote.

use std::collections::BTreeMap;

use super::ground::Ground;
use super::ha::Restart;
use super::host::Host;
use super::picture::Findings;
use super::quorum::Quorum;
use super::{BlastRadius, Fate, GuestLoss, NO_PROOF};
use crate::error::Error;
use crate::model::guest::disk::Disk;
use crate::model::guest::{Guest, Status};
use crate::model::list::{Listed, count};
use crate::model::node::Node;
use crate::model::together::some_of;
use crate::page::Level;
use crate::text::Text;
use crate::units::{Bytes, Reading};

impl Node {
    /// What is lost when this node fails: which guests stop, which of them high availability starts elsewhere and which
    /// stay down, whether quorum holds, and what brings each guest back.
    ///
    /// It goes by what the cluster says of itself: the settings of the guests, storages, replication and backup jobs, the
    /// rules of high availability, votes, bridges and memory. That a start elsewhere succeeds is not proven by it.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let loss = Pve::demo()?.node("pve2")?.blast_radius()?;
    /// assert_eq!(loss.quorum, "quorum is lost: 2 of 4 votes are left, 3 are needed");
    /// let lost = loss.guests.filter(|guest| guest.way_back.is_blank() && guest.is_saved == Some(false));
    /// println!("{}", lost.page().text());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read. Of what is read beside, only what is decisive makes a fate "not known".
    pub fn blast_radius(&self) -> Result<BlastRadius, Error> {
        let lost = self.name.clone();
        let mut ground = Ground::read(&self.session, true, |guest| guest.node == lost)?;
        let quorum = Quorum::without(&mut ground, &lost);
        ground.caveats.extend(quorum.caveats.iter().cloned());
        ground.gone = served_by(&ground, self, &quorum);
        let with_it: Vec<(Text, String)> = storages_of(&ground, &lost);
        let here = ground.all.filter(|guest| guest.node == lost && !guest.is_template());
        let mut guests: Vec<(GuestLoss, Vec<usize>)> = here.map(|guest| {
            let loss = of(&ground, guest, &quorum);
            let config = ground.settings.of(guest);
            let disks = config.map(|config| config.disks().map(|disk| disk.storage())).unwrap_or_default();
            let via = (0..with_it.len()).filter(|n| disks.contains(&Some(with_it[*n].0.clone())));
            (loss, via.collect())
        });
        let tight = fit(&ground, &mut guests, &quorum);
        let restarts = guests.iter().any(|(guest, _)| guest.fate == Fate::Restarted);
        let remarks = remarks(&ground, self, &quorum, tight, restarts);
        let findings = Findings {
            lost: format!("node {}", lost.raw()).into(),
            answer: answer(
                self,
                &guests,
                &quorum,
                &with_it,
                ground.others(&lost).is_empty(),
                fenced(&ground, self, &quorum).1,
            ),
            with_it,
            guests,
            remarks,
            quorum_holds: quorum.holds,
            quorum: quorum.words.into(),
        };
        Ok(findings.told(ground))
    }
}

fn of(ground: &Ground, guest: &Guest, quorum: &Quorum) -> GuestLoss {
    let is_lost = |target: &str| match ground.storage(target) {
        Some(found) => {
            let own = !found.shared && found.on.iter().any(|on| on.node == guest.node);
            Some(own || ground.gone.contains(&found.name))
        }
        // A folder of the node, whatever is mounted there.
        None if target.starts_with('/') => Some(true),
        None => None,
    };
    let falls = |disk: &Disk| match disk.storage() {
        Some(storage) => is_lost(storage.raw()) == Some(true),
        None => true,
    };
    let (backups, is_saved) = ground.saved(guest, is_lost, falls);
    let by_hand = by_hand(ground, guest, quorum);
    let (fate, why, way_back) = match (&guest.status, ground.restart(guest, quorum.holds)) {
        (Status::Stopped, _) => (Fate::Off, "nothing stops".to_owned(), by_hand),
        (Status::Running | Status::Paused, Restart::On(nodes, from_copy)) => {
            let copy = if from_copy { " from the last copy of its disks" } else { "" };
            let nodes = or(&nodes);
            (Fate::Restarted, format!("HA starts it on {nodes}{copy}"), format!("HA, on {nodes}{copy}"))
        }
        (Status::Running | Status::Paused, Restart::No(why)) => (Fate::StaysDown, why, by_hand),
        (Status::Running | Status::Paused, Restart::NotKnown(why)) => (Fate::NotKnown, why, by_hand),
        _ => (Fate::NotKnown, "whether it runs is not known".into(), by_hand),
    };
    GuestLoss {
        vmid: guest.vmid,
        name: guest.called(),
        node: guest.node.clone(),
        fate,
        why: why.into(),
        way_back: way_back.into(),
        backups,
        is_saved,
        from: Default::default(),
    }
}

fn or(nodes: &[Text]) -> String {
    nodes.iter().map(Text::to_string).collect::<Vec<_>>().join(" or ")
}

/// Where somebody could start it after moving its configuration there, in words.
pub(super) fn by_hand(ground: &Ground, guest: &Guest, quorum: &Quorum) -> String {
    let hosts = ground.hosts(guest, &ground.others(&guest.node), false);
    let those = |wanted: Host| -> Vec<String> {
        hosts.iter().filter(|(_, host)| *host == wanted).map(|(node, _)| node.to_string()).collect()
    };
    // Without quorum no configuration can be moved.
    let when = if quorum.holds == Some(false) { ", once there is quorum" } else { "" };
    match (those(Host::Yes), those(Host::FromCopy)) {
        (yes, _) if !yes.is_empty() => format!("by hand on {}{when}", some_of(&yes)),
        (_, copies) if !copies.is_empty() => format!("by hand from the copy on {}{when}", some_of(&copies)),
        _ if hosts.iter().any(|(_, host)| matches!(host, Host::NotKnown(_))) => {
            let open = hosts.iter().find_map(|(_, host)| match host {
                Host::NotKnown(why) => Some(why.clone()),
                _ => None,
            });
            format!("perhaps by hand elsewhere: {}", open.unwrap_or_default())
        }
        _ => String::new(),
    }
}

/// Storages that all nodes share and that this one serves.
fn served_by(ground: &Ground, node: &Node, quorum: &Quorum) -> Vec<Text> {
    let is_it = |server: &Text| *server == node.name.raw() || Some(server) == quorum.address.as_ref();
    let served = ground.storages.filter(|storage| {
        storage.shared && storage.definition().and_then(|it| it.server).is_some_and(|server| is_it(&server))
    });
    served.map(|storage| storage.name.clone())
}

fn storages_of(ground: &Ground, lost: &Text) -> Vec<(Text, String)> {
    let on_it = |storage: &&crate::model::storage::Storage| {
        ground.gone.contains(&storage.name) || (!storage.shared && storage.on.iter().any(|on| on.node == *lost))
    };
    let what = |shared: bool| if shared { "shared, served by this node" } else { "local" };
    let named = ground.storages.iter().filter(on_it);
    named.map(|storage| (storage.name.clone(), format!("{}, {}", what(storage.shared), storage.kind))).collect()
}

/// Gives each guest that is started elsewhere the memory that it may use, the largest first; those for which there is none
/// may not come up. Gives the nodes on which it is tight.
fn fit(ground: &Ground, guests: &mut [(GuestLoss, Vec<usize>)], quorum: &Quorum) -> Vec<String> {
    let mut free: BTreeMap<Text, Reading<Bytes>> = ground
        .nodes
        .iter()
        .map(|node| (node.name.clone(), node.maxmem.known().zip(node.mem.known())))
        .filter_map(|(name, both)| both.map(|(all, used)| (name, Reading::Known(all - used))))
        .collect();
    let find = |vmid: u32| ground.all.iter().find(|guest| guest.vmid == vmid);
    let mut order: Vec<(usize, Bytes)> = (0..guests.len())
        .filter(|n| guests[*n].0.fate == Fate::Restarted)
        .map(|n| (n, find(guests[n].0.vmid).and_then(|guest| guest.maxmem.known()).unwrap_or_default()))
        .collect();
    order.sort_by_key(|(n, need)| (std::cmp::Reverse(*need), *n));
    let mut tight = Vec::new();
    for (n, need) in order {
        let Some(guest) = find(guests[n].0.vmid) else { continue };
        let Restart::On(nodes, _) = ground.restart(guest, quorum.holds) else { continue };
        let room = |name: &Text| free.get(name).and_then(|free| free.known());
        let Some(best) = nodes.iter().filter(|name| room(name).is_some()).max_by_key(|name| room(name)) else {
            continue;
        };
        let left = room(best).unwrap_or_default();
        if left < need {
            let loss = &mut guests[n].0;
            loss.fate = Fate::NotKnown;
            loss.why = format!("HA starts it on {}, where {left} are free and it may use {need}", or(&nodes)).into();
            tight.push(loss.name.to_string());
        }
        free.insert(best.clone(), Reading::Known(left - need));
    }
    tight
}

/// The other nodes that reset themselves, since HA is at work there and the quorum is lost with this one; and how many
/// guests run there.
fn fenced(ground: &Ground, node: &Node, quorum: &Quorum) -> (Vec<Text>, usize) {
    if quorum.holds != Some(false) {
        return (Vec::new(), 0);
    }
    let nodes = ground.ha.as_ref().and_then(|care| care.nodes.as_ref());
    let is_fenced = |agent: &Reading<Text>, name: &Text| {
        *agent == "active" && *name != node.name.raw() && ground.others(&node.name).contains(name)
    };
    let fenced: Vec<Text> =
        nodes.into_iter().flatten().filter(|it| is_fenced(&it.agent, &it.node)).map(|it| it.node.clone()).collect();
    let theirs = ground.all.filter(|guest| guest.is_running() && fenced.contains(&guest.node)).len();
    (fenced, theirs)
}

fn answer(
    node: &Node,
    guests: &[(GuestLoss, Vec<usize>)],
    quorum: &Quorum,
    with_it: &[(Text, String)],
    alone: bool,
    elsewhere: usize,
) -> (String, String) {
    let with = |fate: Fate| guests.iter().filter(|(guest, _)| guest.fate == fate).count();
    let (down, back, open, off) = (with(Fate::StaysDown), with(Fate::Restarted), with(Fate::NotKnown), with(Fate::Off));
    let stop = down + back + open + elsewhere;
    let fact = match (node.is_online(), stop) {
        (true, 1) => format!("If {} fails, 1 guest stops", node.name.raw()),
        (true, n) => format!("If {} fails, {} stop", node.name.raw(), count(n, Guest::NOUN)),
        (false, n) => format!("{} is {}: {} on it", node.name.raw(), node.status, count(n + off, Guest::NOUN)),
    };
    let mut parts = Vec::new();
    if elsewhere > 0 && node.is_online() {
        parts.push(format!("{elsewhere} on other nodes that reset themselves without quorum"));
    }
    let own = if parts.is_empty() { "" } else { " of its own" };
    if back > 0 {
        parts.push(format!("{back}{own} restarted by HA elsewhere"));
    }
    if down > 0 {
        let bound = guests.iter().filter(|(guest, _)| {
            guest.fate == Fate::StaysDown && (guest.way_back.is_blank() || guest.way_back.contains("copy"))
        });
        let bound = match bound.count() {
            // Where no other node is online, that is what keeps them down.
            _ if alone => String::new(),
            0 => String::new(),
            n => format!(" ({n} of them with disks or devices of this node alone)"),
        };
        parts.push(format!("{down}{own} {} down{bound}", if down == 1 { "stays" } else { "stay" }));
    }
    if open > 0 {
        parts.push(format!("what becomes of {open} is not known"));
    }
    let mut rest = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    if off > 0 {
        rest += &format!("; {off} {} off already", if off == 1 { "is" } else { "are" });
    }
    rest += &format!("; {}", quorum.words);
    if !with_it.is_empty() {
        let names: Vec<String> = with_it.iter().map(|(name, _)| name.to_string()).collect();
        rest += &format!(
            "; its {} gone with it",
            match names.len() {
                1 => format!("storage {} is", names[0]),
                _ => format!("storages {} are", some_of(&names)),
            }
        );
    }
    (fact, rest + ".")
}

fn remarks(ground: &Ground, node: &Node, quorum: &Quorum, tight: Vec<String>, restarts: bool) -> Vec<(Level, Text)> {
    let mut remarks: Vec<(Level, Text)> = Vec::new();
    let mut say = |level: Level, words: String| remarks.push((level, words.into()));
    if quorum.holds == Some(false) {
        let (fenced, theirs) = fenced(ground, node, quorum);
        if !fenced.is_empty() {
            let names = some_of(&fenced.iter().map(Text::to_string).collect::<Vec<_>>());
            let them = if fenced.len() == 1 { "resets itself" } else { "reset themselves" };
            say(
                Level::Danger,
                format!(
                    "Without quorum {names}, where HA is at work, {them} after about a minute: {} there that run stop as well.",
                    count(theirs, Guest::NOUN)
                ),
            );
        }
        say(Level::Warning, "Without quorum no guest can be started or moved on the nodes that are left.".into());
    }
    for name in &ground.gone {
        say(
            Level::Warning,
            format!(
                "{name} is shared by the nodes and served by this one: pve.storage(\"{name}\")?.blast_radius()? tells what is lost with it."
            ),
        );
    }
    if !tight.is_empty() {
        say(Level::Warning, format!("There may not be memory enough on the other nodes for {}.", some_of(&tight)));
    }
    let others = ground.nodes.filter(|other| other.is_online() && other.name != node.name);
    let unmeasured = others.filter(|other| !(other.mem.is_known() && other.maxmem.is_known()));
    if restarts && !unmeasured.is_empty() {
        let names = some_of(&unmeasured.map(|other| other.name.to_string()));
        say(Level::Warning, format!("Whether there is memory enough on {names} is not known."));
    }
    let pinned: Vec<String> = ground
        .cover
        .jobs
        .iter()
        .filter(|saves| saves.job.node.as_ref() == Some(&node.name))
        .map(|saves| saves.job.id.to_string())
        .collect();
    if !pinned.is_empty() {
        say(Level::Warning, format!("These backup jobs run on this node only: {}.", some_of(&pinned)));
    }
    let copies = ground.copies.iter().flatten().filter(|job| job.target == Reading::Known(node.name.clone()));
    let copies: Vec<String> = copies.filter_map(|job| job.guest.known()).map(|vmid| vmid.to_string()).collect();
    if !copies.is_empty() {
        say(Level::Info, format!("The copies on it of guests of other nodes are lost: {}.", some_of(&copies)));
    }
    let here = ground.all.filter(|guest| guest.node == node.name);
    let templates = here.filter(Guest::is_template).len();
    if templates > 0 {
        say(Level::Info, format!("{} on it cannot be cloned.", count(templates, ("template", "templates"))));
    }
    let ceph = ground.storages.filter(|storage| {
        ["rbd", "cephfs"].contains(&storage.kind.raw()) && storage.definition().is_some_and(|it| it.monhost.is_none())
    });
    if !ceph.is_empty() {
        let names = some_of(&ceph.map(|storage| storage.name.to_string()));
        say(
            Level::Info,
            format!(
                "{names}: kept by Ceph on nodes of this cluster, taken to stay available without this one; pve.ceph() tells."
            ),
        );
    }
    quorum.remark.iter().for_each(|words| say(Level::Info, words.clone()));
    say(Level::Info, NO_PROOF.into());
    say(
        Level::Info,
        "Whether the processors of other nodes suit a guest, and whether it starts, is not checked.".into(),
    );
    remarks
}
