//! What is lost with an interface of a node: what is built on it, and the guests that hang on that.

use std::collections::BTreeSet;

use super::ground::Ground;
use super::picture::Findings;
use super::{BlastRadius, Fate, GuestLoss};
use crate::error::Error;
use crate::model::cluster::member::ConfiguredMember;
use crate::model::guest::net::Net;
use crate::model::guest::{Guest, Status};
use crate::model::list::{Listed, count};
use crate::model::node::network::{InterfaceKind, NetworkInterface};
use crate::model::sdn::zone::SdnZoneKind;
use crate::model::together::some_of;
use crate::page::Level;
use crate::text::Text;
use crate::units::Reading;

impl NetworkInterface {
    /// What is lost when this interface fails on its node: the bonds, bridges and vnets that have nothing else to stand on,
    /// and the guests whose network cards hang on those.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let loss = Pve::demo()?.node("pve1")?.network("eno2")?.blast_radius()?;
    /// assert_eq!(loss.with_it.iter().map(Text::to_string).collect::<Vec<_>>(), ["vmbr1", "dmz", "office"]);
    /// assert!(loss.guests.any(|guest| guest.name == "mail" && guest.fate == Fate::LosesNetwork));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn blast_radius(&self) -> Result<BlastRadius, Error> {
        let session = self.session()?.clone();
        let node = self.node.clone();
        let mut ground = Ground::read(&session, false, |guest| guest.node == node)?;
        ground.caveats.extend(ground.wired.caveats.iter().chain(&ground.sdn.caveats).cloned());
        let interfaces = ground.wired.own.get(&node).cloned().unwrap_or_default();
        let all_seen =
            ground.sdn.whole && ground.wired.group_of(&node).is_some_and(|group| ground.wired.groups[group].whole);
        let fallen = fallen(&self.iface, &interfaces);
        let vnets = vnets_on(&ground, &fallen, &node);
        let gone: BTreeSet<Text> = fallen.iter().chain(&vnets).cloned().collect();
        let with_it: Vec<(Text, String)> = fallen
            .iter()
            .filter(|name| **name != self.iface)
            .map(|name| (name.clone(), what(name, &interfaces)))
            .chain(vnets.iter().map(|name| (name.clone(), "vnet, on this node".into())))
            .collect();
        let (mut guests, mut unread) = (Vec::new(), Vec::new());
        for guest in ground.all.iter().filter(|guest| guest.node == node && !guest.is_template()) {
            let Some(config) = ground.settings.of(guest) else {
                unread.push(guest.called().to_string());
                continue;
            };
            let nets = config.nets().to_vec();
            if let Some(loss) = loss(&ground, guest, &nets, &gone) {
                let on = |name: &Text| nets.iter().any(|net| net.bridge.as_ref() == Some(name));
                let via = (0..with_it.len()).filter(|n| on(&with_it[*n].0)).collect();
                guests.push((loss, via));
            }
        }
        let itself_a_bridge = gone.iter().any(|name| *name == self.iface) && self.is_bridge();
        let remarks = remarks(&mut ground, &node, &fallen, &interfaces, itself_a_bridge);
        let findings = Findings {
            lost: format!("{} on {}", self.iface.raw(), node.raw()).into(),
            answer: answer(&self.iface, &node, &guests, &with_it, all_seen, &unread),
            with_it,
            guests,
            remarks,
            quorum_holds: None,
            quorum: Text::default(),
        };
        Ok(findings.told(ground))
    }
}

/// The interface, and what has nothing left to stand on: a bond whose cards are all gone, a VLAN whose interface is, a
/// bridge whose ports are.
fn fallen(first: &Text, interfaces: &[NetworkInterface]) -> Vec<Text> {
    let mut fallen = vec![first.clone()];
    loop {
        let known = fallen.len();
        for net in interfaces {
            let parts = net.parts();
            let works = |part: &Text| {
                let other = interfaces.iter().find(|other| other.iface == *part);
                !is_down(part, &fallen) && other.is_none_or(|other| other.active)
            };
            // Something of it must go now: what never stood on anything does not fall.
            let hit = parts.iter().any(|part| is_down(part, &fallen));
            let own = net.kind != InterfaceKind::Alias && !fallen.contains(&net.iface);
            if own && hit && !parts.iter().any(works) {
                fallen.push(net.iface.clone());
            }
        }
        if fallen.len() == known {
            return fallen;
        }
    }
}

/// Whether an interface is among those that fell, or is a VLAN on one: `eno1.30`.
fn is_down(part: &Text, fallen: &[Text]) -> bool {
    let raw = part.raw().rsplit_once('.').filter(|(_, id)| id.parse::<u16>().is_ok()).map(|(raw, _)| raw);
    fallen.iter().any(|name| name == part || raw.is_some_and(|raw| *name == raw))
}

fn what(name: &Text, interfaces: &[NetworkInterface]) -> String {
    let kind = interfaces.iter().find(|net| net.iface == *name).and_then(|net| net.kind.as_ref().known().cloned());
    kind.map(|kind| kind.to_string()).unwrap_or_default()
}

/// The vnets that a node carries over a bridge that fell, and that are in force.
fn vnets_on(ground: &Ground, fallen: &[Text], node: &Text) -> Vec<Text> {
    let sdn = &ground.sdn;
    let zones = sdn.zones.iter().filter(|zone| {
        let carried = matches!(zone.kind.as_ref().known(), Some(SdnZoneKind::Vlan | SdnZoneKind::Qinq));
        let here = zone.nodes.is_empty() || zone.nodes.contains(node);
        carried && here && zone.bridge.as_ref().is_some_and(|bridge| fallen.contains(bridge))
    });
    let zones: Vec<&Text> = zones.map(|zone| &zone.zone).collect();
    let new = Reading::Known(Some(crate::model::sdn::SdnChange::New));
    let those = sdn
        .vnets
        .iter()
        .filter(|vnet| vnet.state != new && vnet.zone.as_ref().is_some_and(|zone| zones.contains(&zone)));
    those.map(|vnet| vnet.vnet.clone()).collect()
}

/// The vnets of a node that tunnels carry, which go over its own addresses.
fn tunnels(ground: &Ground, node: &Text) -> Vec<String> {
    let zones = ground.sdn.zones.iter().filter(|zone| {
        let tunnelled = matches!(zone.kind.as_ref().known(), Some(SdnZoneKind::Vxlan | SdnZoneKind::Evpn));
        tunnelled && (zone.nodes.is_empty() || zone.nodes.contains(node))
    });
    let zones: Vec<&Text> = zones.map(|zone| &zone.zone).collect();
    let vnets = ground.sdn.vnets.iter().filter(|vnet| vnet.zone.as_ref().is_some_and(|zone| zones.contains(&zone)));
    vnets.map(|vnet| vnet.vnet.to_string()).collect()
}

fn loss(ground: &Ground, guest: &Guest, nets: &[Net], gone: &BTreeSet<Text>) -> Option<GuestLoss> {
    let plugged = || nets.iter().filter(|net| !net.unplugged && net.bridge.is_some());
    let keys = |lost: bool| -> Vec<String> {
        let is_lost = |net: &&Net| net.bridge.as_ref().is_some_and(|bridge| gone.contains(bridge));
        plugged().filter(|net| is_lost(net) == lost).map(|net| net.key.to_string()).collect()
    };
    let (lost, kept) = (keys(true), keys(false));
    if lost.is_empty() {
        return None;
    }
    let those = some_of(&lost);
    let (fate, why) = match (&guest.status, kept.is_empty()) {
        (Status::Stopped, _) => (Fate::Off, format!("{those} would have no network")),
        (Status::Running | Status::Paused, true) => (Fate::LosesNetwork, format!("{those} is all that it has")),
        (Status::Running | Status::Paused, false) => {
            (Fate::Impaired, format!("loses {those}, keeps {}", some_of(&kept)))
        }
        _ => (Fate::NotKnown, format!("whether it runs is not known; {those} would have no network")),
    };
    let others = ground.others(&guest.node);
    let hosts = ground.hosts(guest, &others, false).into_iter().filter(|(_, host)| *host == super::host::Host::Yes);
    let hosts: Vec<String> = hosts.map(|(node, _)| node.to_string()).collect();
    let (backups, is_saved) = ground.saved(guest, |_| Some(false), |_| false);
    Some(GuestLoss {
        vmid: guest.vmid,
        name: guest.called(),
        node: guest.node.clone(),
        fate,
        why: why.into(),
        way_back: match hosts.is_empty() {
            true => "mend the network: it is bound to this node".into(),
            false => format!("move it to {}", some_of(&hosts)).into(),
        },
        backups,
        is_saved,
        from: Default::default(),
    })
}

fn answer(
    iface: &Text,
    node: &Text,
    guests: &[(GuestLoss, Vec<usize>)],
    with_it: &[(Text, String)],
    all_seen: bool,
    unread: &[String],
) -> (String, String) {
    let with = |fate: Fate| guests.iter().filter(|(guest, _)| guest.fate == fate).count();
    let cut = with(Fate::LosesNetwork);
    let fact = match cut {
        0 => format!("If {} fails on {}, no running guest loses its whole network", iface.raw(), node.raw()),
        1 => format!("If {} fails on {}, 1 guest loses its network", iface.raw(), node.raw()),
        n => format!("If {} fails on {}, {} lose their network", iface.raw(), node.raw(), count(n, Guest::NOUN)),
    };
    let mut parts = Vec::new();
    for (fate, words) in [
        (Fate::Impaired, "lose a part of it"),
        (Fate::Off, "are off now"),
        (Fate::NotKnown, "are in a state that is not known"),
    ] {
        if with(fate) > 0 {
            parts.push(format!("{} {words}", with(fate)));
        }
    }
    if cut > 0 {
        parts.push("they run on, and HA does not notice".into());
    }
    parts.push(match with_it.len() {
        0 if !all_seen => "what else stands on it is not known".into(),
        0 => "nothing else stands on it alone".into(),
        _ => format!("with it goes {}", some_of(&with_it.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>())),
    });
    if !unread.is_empty() {
        let hang = if unread.len() == 1 { "hangs" } else { "hang" };
        parts.push(format!("what {} {hang} on is not known", some_of(unread)));
    }
    let rest: String = parts.iter().map(|part| format!("; {part}")).collect();
    (fact, rest + ".")
}

fn remarks(
    ground: &mut Ground,
    node: &Text,
    fallen: &[Text],
    interfaces: &[NetworkInterface],
    is_bridge: bool,
) -> Vec<(Level, Text)> {
    let mut remarks: Vec<(Level, Text)> = Vec::new();
    let own = |net: &&NetworkInterface| fallen.contains(&net.iface);
    let addresses: Vec<String> = interfaces
        .iter()
        .filter(own)
        .flat_map(|net| [&net.cidr, &net.cidr6, &net.address, &net.address6].into_iter().flatten())
        .map(|address| address.raw().split('/').next().unwrap_or_default().to_owned())
        .collect();
    if !addresses.is_empty() {
        remarks.extend(of_the_node(ground, node, &addresses));
    }
    let tunnels = tunnels(ground, node);
    if !addresses.is_empty() && !tunnels.is_empty() {
        let (those, go) = (some_of(&tunnels), if tunnels.len() == 1 { "goes" } else { "go" });
        let words =
            format!("The tunnels between nodes may need these addresses: whether {those} {go} with them is not known.");
        remarks.push((Level::Warning, words.into()));
    }
    if !is_bridge && fallen.len() > 1 {
        let words =
            "A bridge without its cards still connects the guests of its node with each other, and with nobody else.";
        remarks.push((Level::Info, words.into()));
    }
    let words = "What a guest or a storage needs the network for is not known here: storages that are reached over it hang too.";
    remarks.push((Level::Info, words.into()));
    remarks
}

/// The node's own addresses are on it: what the cluster's links to it are.
fn of_the_node(ground: &mut Ground, node: &Text, addresses: &[String]) -> Vec<(Level, Text)> {
    let mut seen: Vec<&str> = addresses.iter().map(String::as_str).collect();
    seen.dedup();
    let own = format!("{node} has its own address on it ({}): the console and the API of this node", seen.join(", "));
    let links = match ConfiguredMember::list(&ground.session) {
        Ok(members) => {
            ground.from = ground.from.clone().and(&members.provenance());
            members.find(|member| member.node == *node).map(|member| member.links()).unwrap_or_default()
        }
        Err(error) => {
            return vec![(
                Level::Warning,
                format!("{own} go with it. Whether the cluster's links do is not known. {error}").into(),
            )];
        }
    };
    let (down, up): (Vec<&Text>, Vec<&Text>) = links.iter().partition(|link| seen.contains(&link.raw()));
    let names = up.iter().any(|link| link.raw().parse::<std::net::IpAddr>().is_err());
    let (level, words) = match (down.is_empty(), up.is_empty()) {
        (true, _) if links.is_empty() => (Level::Warning, format!("{own} go with it.")),
        (true, _) => (Level::Warning, format!("{own} go with it. No link of the cluster has this address.")),
        (false, true) => (
            Level::Danger,
            format!(
                "{own} go with it, and so does the only link of the cluster to it: the node falls out of the cluster. pve.node(\"{node}\")?.blast_radius()? tells what that means."
            ),
        ),
        (false, false) => (
            Level::Warning,
            format!(
                "{own} go with it. The cluster sees the node by its other {} still{}.",
                count(up.len(), ("link", "links")),
                if names { ", if that has another way" } else { "" }
            ),
        ),
    };
    vec![(level, words.into())]
}
