//! The network: cards, bonds, bridges, VLANs and vnets, and the guests that hang on them.
//!
//! Nodes that are set up alike are one: what they have in common is drawn once. What cannot be read is said.

use std::collections::BTreeMap;

use super::{Focus, Parts, Settings, guest_box, guests, unknown};
use crate::draw::layers::{Column, Item, Scene};
use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::guest::net::Net;
use crate::model::list::{List, Listed, count};
use crate::model::node::Node;
use crate::model::node::network::{InterfaceKind, NetworkInterface};
use crate::model::sdn::change_cell;
use crate::model::sdn::vnet::SdnVnet;
use crate::model::sdn::zone::{SdnZone, SdnZoneKind};
use crate::model::together::{from_many, some_of};
use crate::page::{Cell, Figure, Provenance, State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::Reading;
use crate::wire::Call;

const CARD: usize = 0;
const BOND: usize = 1;
const BRIDGE: usize = 2;
const NET: usize = 3;
const GUEST: usize = 4;

const COLUMNS: [Column; 5] = [
    Column { heading: "Network cards", noun: ("card", "cards") },
    Column { heading: "Bonds, VLANs below", noun: ("bond", "bonds") },
    Column { heading: "Bridges", noun: ("bridge", "bridges") },
    Column { heading: "VLANs and vnets", noun: ("network", "networks") },
    Column { heading: "Guests", noun: ("guest", "guests") },
];

/// The picture.
pub(crate) fn network(session: &Session, focus: &Focus) -> Result<Figure, Error> {
    let all = guests(session, focus)?;
    let settings = Settings::read(&all);
    let nodes = Node::list(session)?.filter(|node| match focus {
        Focus::Node(name) => node.name == *name,
        Focus::Guest(..) => all.any(|guest| guest.node == node.name),
        _ => true,
    });
    let wired = Wired::read(session, &nodes);
    let sdn = Sdn::read(session);
    let mut plan = Plan::default();
    plan.lay_cables(&wired);
    plan.lay_vnets(&wired, &sdn);
    let mut ends = Vec::new();
    for guest in &all {
        ends.extend(plan.hang(guest, &settings, &wired, matches!(focus, Focus::Guest(..))));
    }
    let parts = match focus {
        Focus::Guest(..) => plan.parts.reached_from(&ends, true),
        _ => plan.parts,
    };
    let mut caveats: Vec<String> = all.about_caveats().map(|(_, words)| words.to_string()).collect();
    caveats.extend(settings.caveats);
    caveats.extend(wired.caveats.iter().cloned());
    caveats.extend(sdn.caveats);
    caveats.dedup();
    let bridges = wired.groups.iter().map(|group| group.bridges()).max().unwrap_or(0);
    let fact = match focus {
        Focus::Guest(_, name) => format!("{} has {}", name.raw(), count(ends.len(), Net::NOUN)),
        Focus::Node(name) => {
            format!(
                "{} has {} for {}",
                name.raw(),
                count(bridges, ("bridge", "bridges")),
                count(all.len(), Guest::NOUN)
            )
        }
        _ => format!("{} on the networks of {}", count(all.len(), Guest::NOUN), count(nodes.len(), Node::NOUN)),
    };
    let scene = Scene {
        title: format!("Network{}", if focus.of().is_empty() { " of the cluster".into() } else { focus.of() }).into(),
        question: "Which guest hangs on which network, and by which cards does that leave the node?".into(),
        answer: (fact, rest(&wired, &plan.wrong)),
        columns: COLUMNS.into(),
        boxes: parts.boxes,
        links: parts.links,
        caveats,
        provenance: settings.from.and(&wired.from).and(&sdn.from),
    };
    Ok(scene.without_empty_columns().figure())
}

fn rest(wired: &Wired, wrong: &[String]) -> String {
    let alike = wired.groups.iter().filter(|group| group.nodes.len() > 1);
    let alike: Vec<String> = alike.map(|group| format!("{} are set up alike", group.called())).collect();
    let mut rest = String::new();
    if !alike.is_empty() {
        rest += &format!("; {}", alike.join("; "));
    }
    if !wrong.is_empty() {
        rest += &format!("; {}", some_of(wrong));
    }
    rest + "."
}

/// Nodes whose interfaces are the same.
pub(crate) struct Group {
    nodes: Vec<Text>,
    pub(crate) interfaces: Vec<NetworkInterface>,
    /// Whether all interfaces were seen, so that what is not among them is not there.
    pub(crate) whole: bool,
}

impl Group {
    fn called(&self) -> String {
        some_of(&self.nodes.iter().map(Text::to_string).collect::<Vec<_>>())
    }

    fn bridges(&self) -> usize {
        self.interfaces.iter().filter(|net| net.is_bridge()).count()
    }
}

/// The interfaces of the nodes.
pub(crate) struct Wired {
    pub(crate) groups: Vec<Group>,
    /// Those of each node by itself: nodes that are set up alike differ in their addresses.
    pub(crate) own: BTreeMap<Text, Vec<NetworkInterface>>,
    pub(crate) caveats: Vec<String>,
    pub(crate) from: Provenance,
    many: bool,
}

impl Wired {
    pub(crate) fn read(session: &Session, nodes: &List<Node>) -> Wired {
        let (there, away): (Vec<&Node>, Vec<&Node>) = nodes.iter().partition(|node| node.is_online());
        let mut wired = Wired {
            groups: Vec::new(),
            own: BTreeMap::new(),
            caveats: Vec::new(),
            from: nodes.provenance(),
            many: nodes.len() > 1,
        };
        for node in away {
            wired.caveats.push(format!("The network of {} is not known: the node is {}.", node.name, node.status));
        }
        let calls = there.iter().map(|node| Call::get(node.path("network"))).collect();
        let (mut answers, mut refused) = (Vec::new(), Vec::new());
        for (node, answer) in there.iter().zip(session.ask_all("networks", calls)) {
            let read = answer.and_then(|answer| Ok((NetworkInterface::all_in(session, &node.name, &answer)?, answer)));
            match read {
                Ok((all, answer)) => {
                    wired.caveats.extend(all.about_caveats().map(|(_, words)| words.to_string()));
                    wired.add(&node.name, &all);
                    answers.push(answer);
                }
                Err(error) => refused.push((node.name.to_string(), error)),
            }
        }
        if let Some((_, error)) = refused.first() {
            let names: Vec<String> = refused.iter().map(|(name, _)| name.clone()).collect();
            wired.caveats.push(format!("The network of {} could not be read. {error}", some_of(&names)));
        }
        if !answers.is_empty() {
            let calls = format!("GET /nodes/{{node}}/network of {}", count(answers.len(), Node::NOUN));
            wired.from = wired.from.clone().and(&from_many(session, &answers, calls));
        }
        wired.caveats.sort();
        wired.caveats.dedup();
        wired
    }

    fn add(&mut self, node: &Text, all: &List<NetworkInterface>) {
        let key = |all: &[NetworkInterface]| -> Vec<_> {
            let key =
                |net: &NetworkInterface| (net.iface.clone(), net.kind.clone(), net.parts(), net.state(), vlans(net));
            all.iter().map(key).collect()
        };
        let (interfaces, whole) = (all.to_vec(), all.is_complete() == Some(true));
        self.own.insert(node.clone(), interfaces.clone());
        match self.groups.iter_mut().find(|group| key(&group.interfaces) == key(&interfaces)) {
            Some(group) => {
                group.nodes.push(node.clone());
                group.whole &= whole;
            }
            None => self.groups.push(Group { nodes: vec![node.clone()], interfaces, whole }),
        }
    }

    pub(crate) fn group_of(&self, node: &Text) -> Option<usize> {
        self.groups.iter().position(|group| group.nodes.contains(node))
    }

    /// The nodes of a group, where they tell it from others.
    fn place(&self, group: usize) -> Text {
        if self.many { self.groups[group].called().into() } else { Text::default() }
    }

    /// Whether nodes differ.
    fn differ(&self) -> bool {
        self.groups.len() > 1
    }
}

fn vlans(net: &NetworkInterface) -> String {
    match (&net.bridge_vids, net.vlan_id.or(net.ovs_tag)) {
        (Some(vids), _) => format!("VLANs {}", vids.raw()),
        (None, Some(id)) => format!("VLAN {id}"),
        (None, None) if net.bridge_vlan_aware => "all VLANs".into(),
        (None, None) => String::new(),
    }
}

/// The zones and vnets of the cluster.
pub(crate) struct Sdn {
    pub(crate) zones: Vec<SdnZone>,
    pub(crate) vnets: Vec<SdnVnet>,
    /// Whether there are no others.
    pub(crate) whole: bool,
    pub(crate) caveats: Vec<String>,
    pub(crate) from: Provenance,
}

impl Sdn {
    pub(crate) fn read(session: &Session) -> Sdn {
        let (zones, vnets) = (SdnZone::list(session), SdnVnet::list(session));
        let mut sdn = Sdn {
            zones: Vec::new(),
            vnets: Vec::new(),
            whole: true,
            caveats: Vec::new(),
            from: session.provenance([], None),
        };
        match (zones, vnets) {
            (Ok(zones), Ok(vnets)) => {
                sdn.caveats
                    .extend(zones.about_caveats().chain(vnets.about_caveats()).map(|(_, words)| words.to_string()));
                sdn.from = zones.provenance().and(&vnets.provenance());
                sdn.whole = zones.is_complete() == Some(true) && vnets.is_complete() == Some(true);
                (sdn.zones, sdn.vnets) = (zones.to_vec(), vnets.to_vec());
            }
            // A cluster that is old enough has none.
            (Err(Error::NotFound { .. }), _) | (_, Err(Error::NotFound { .. })) => {}
            (Err(error), _) | (_, Err(error)) => {
                sdn.whole = false;
                sdn.caveats.push(format!("The software-defined network could not be read. {error}"));
            }
        }
        sdn
    }
}

/// The picture as it grows.
#[derive(Default)]
struct Plan {
    parts: Parts,
    /// Interfaces by the group of nodes, and vnets, VLANs on bridges by both names.
    known: BTreeMap<(usize, Text), usize>,
    vnets: BTreeMap<Text, usize>,
    vlans: BTreeMap<(usize, u64), usize>,
    /// What is wrong, in words.
    wrong: Vec<String>,
}

impl Plan {
    fn lay_cables(&mut self, wired: &Wired) {
        for (n, group) in wired.groups.iter().enumerate() {
            let below: Vec<Text> = group.interfaces.iter().flat_map(NetworkInterface::parts).collect();
            let shown = group
                .interfaces
                .iter()
                .filter(|net| net.kind != InterfaceKind::Alias && net.kind != InterfaceKind::Vnet);
            for net in shown.clone() {
                // What several nodes have is shown without the address of each.
                let address = if group.nodes.len() == 1 { net.addresses() } else { String::new() };
                let mode = net.bond_mode.as_ref().map(Text::to_string).unwrap_or_default();
                let detail = [vlans(net), mode, address];
                let detail = detail.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
                let at = self.parts.add(Item {
                    column: column(net, below.contains(&net.iface)),
                    name: net.iface.clone(),
                    detail,
                    place: wired.place(n),
                    state: Some(net.state()),
                    ..Item::default()
                });
                self.known.insert((n, net.iface.clone()), at);
            }
            for net in shown {
                let mut ends: Vec<(Text, Text)> =
                    net.parts().into_iter().map(|part| (part, net.iface.clone())).collect();
                ends.extend(net.ovs_bridge.iter().filter(|bridge| **bridge != net.iface).map(
                    |bridge| match net.kind {
                        Reading::Known(InterfaceKind::OvsIntPort) => (bridge.clone(), net.iface.clone()),
                        _ => (net.iface.clone(), bridge.clone()),
                    },
                ));
                for (below, above) in ends {
                    let (from, to) = (self.interface(wired, n, &below), self.interface(wired, n, &above));
                    let carries = net.active && self.is_up(from);
                    self.parts.link(from, to, !carries);
                }
            }
        }
    }

    fn is_up(&self, n: usize) -> bool {
        self.parts.boxes[n].state.as_ref().is_none_or(|state| state.tone == Tone::Good)
    }

    /// The box of an interface; one that is named and not there gets a box that says so. `eno1.30` is the VLAN 30 on eno1,
    /// whether or not it is written down.
    fn interface(&mut self, wired: &Wired, group: usize, name: &Text) -> usize {
        if let Some(known) = self.known.get(&(group, name.clone())) {
            return *known;
        }
        let vlan = name
            .raw()
            .rsplit_once('.')
            .filter(|(raw, id)| id.parse::<u16>().is_ok() && self.known.contains_key(&(group, Text::from(*raw))));
        let on = vlan.map(|(raw, id)| (Text::from(raw), id.to_owned()));
        let whole = wired.groups[group].whole;
        let state = match (&on, whole) {
            (Some(_), _) => None,
            (None, true) => Some(State::new(Tone::Wrong, "no such interface")),
            (None, false) => Some(unknown("not visible to you, or not there")),
        };
        let at = self.parts.add(Item {
            column: if on.is_some() { BOND } else { CARD },
            name: name.clone(),
            detail: on.as_ref().map(|(_, id)| format!("VLAN {id}")).unwrap_or_default(),
            place: wired.place(group),
            state,
            ..Item::default()
        });
        self.known.insert((group, name.clone()), at);
        if let Some((raw, _)) = on {
            let from = self.interface(wired, group, &raw);
            self.parts.link(from, at, !self.is_up(from));
        }
        at
    }

    fn lay_vnets(&mut self, wired: &Wired, sdn: &Sdn) {
        for vnet in &sdn.vnets {
            let zone = sdn.zones.iter().find(|zone| Some(&zone.zone) == vnet.zone.as_ref());
            let by = zone.and_then(|zone| Some((zone.kind.as_ref().known()?, zone)));
            let tag = vnet.tag.map(|tag| format!(" {tag}")).unwrap_or_default();
            let how = match by {
                Some((SdnZoneKind::Vlan | SdnZoneKind::Qinq, _)) => format!("vnet, VLAN{tag}"),
                Some((SdnZoneKind::Simple, _)) => "vnet, on each node for itself".into(),
                Some((SdnZoneKind::Vxlan | SdnZoneKind::Evpn, _)) => format!("vnet, tunnel{tag} between nodes"),
                _ => "vnet".into(),
            };
            let alias = vnet.alias.as_ref().map(|alias| alias.brief(40)).unwrap_or_default();
            let at = self.parts.add(Item {
                column: NET,
                name: vnet.vnet.clone(),
                detail: if alias.is_empty() { how } else { format!("{how} · {alias}") },
                state: match change_cell(&vnet.state) {
                    Cell::State(state) => Some(state),
                    _ => Some(unknown("whether it is in force is not known")),
                },
                ..Item::default()
            });
            self.vnets.insert(vnet.vnet.clone(), at);
            let Some((SdnZoneKind::Vlan | SdnZoneKind::Qinq, zone)) = by else { continue };
            let Some(bridge) = &zone.bridge else { continue };
            for (n, group) in wired.groups.iter().enumerate() {
                let here = zone.nodes.is_empty() || group.nodes.iter().any(|node| zone.nodes.contains(node));
                if let (true, Some(from)) = (here, self.known.get(&(n, bridge.clone())).copied()) {
                    self.parts.link(from, at, !self.is_up(from));
                }
            }
        }
    }

    /// A guest with its network cards; alone, each of its cards is a box. Gives the boxes.
    fn hang(&mut self, guest: &Guest, settings: &Settings, wired: &Wired, alone: bool) -> Vec<usize> {
        let Some(config) = settings.of(guest) else {
            let at = self.parts.add(guest_box(GUEST, guest, "settings not known".into()));
            return vec![at];
        };
        let nets = config.nets();
        let keys = match nets.len() {
            0 => "no network card".into(),
            1 => String::new(),
            _ => keys(&nets),
        };
        let whole = (!alone || nets.is_empty()).then(|| self.parts.add(guest_box(GUEST, guest, keys)));
        let mut ends: Vec<usize> = whole.into_iter().collect();
        for net in &nets {
            let at = match whole {
                Some(at) => at,
                None => {
                    let at = self.parts.add(card_box(net));
                    ends.push(at);
                    at
                }
            };
            if let Some(from) = self.network_of(guest, net, wired) {
                let broken = net.unplugged || !self.is_up(from);
                self.parts.link(from, at, broken);
            }
        }
        ends
    }

    /// The box that a card of a guest hangs on.
    fn network_of(&mut self, guest: &Guest, net: &Net, wired: &Wired) -> Option<usize> {
        let bridge = net.bridge.as_ref()?;
        if let Some(vnet) = self.vnets.get(bridge) {
            return Some(*vnet);
        }
        let Some(group) = wired.group_of(&guest.node) else {
            return Some(self.unread(bridge, &guest.node));
        };
        let known = self.known.contains_key(&(group, bridge.clone()));
        let at = self.interface(wired, group, bridge);
        if !known {
            self.parts.boxes[at].column = BRIDGE;
            if wired.groups[group].whole {
                self.parts.boxes[at].state = Some(State::new(Tone::Wrong, "no such bridge"));
            }
        }
        if self.parts.boxes[at].state.as_ref().is_some_and(|state| state.word == "no such bridge") {
            self.wrong.push(format!("{} hangs on {}, which {} does not have", guest.called(), bridge, guest.node));
        }
        Some(match net.vlan {
            Some(vlan) => self.vlan(at, vlan, bridge, wired.differ()),
            None => at,
        })
    }

    fn vlan(&mut self, bridge: usize, vlan: u64, name: &Text, placed: bool) -> usize {
        if let Some(known) = self.vlans.get(&(bridge, vlan)) {
            return *known;
        }
        let place = if placed { self.parts.boxes[bridge].place.clone() } else { Text::default() };
        let at = self.parts.add(Item {
            column: NET,
            name: format!("VLAN {vlan}").into(),
            detail: format!("on {name}"),
            place,
            ..Item::default()
        });
        self.vlans.insert((bridge, vlan), at);
        self.parts.link(bridge, at, !self.is_up(bridge));
        at
    }

    /// A bridge of a node whose network could not be read.
    fn unread(&mut self, bridge: &Text, node: &Text) -> usize {
        let key = (usize::MAX, Text::from(format!("{} of {}", bridge.raw(), node.raw())));
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let at = self.parts.add(Item {
            column: BRIDGE,
            name: bridge.clone(),
            place: node.clone(),
            state: Some(unknown("the node's network is not known")),
            ..Item::default()
        });
        self.known.insert(key, at);
        at
    }
}

fn keys(nets: &List<Net>) -> String {
    nets.iter().map(|net| net.key.to_string()).collect::<Vec<_>>().join(", ")
}

/// A network card of the one guest that the picture is about.
fn card_box(net: &Net) -> Item {
    let addresses = [&net.ip, &net.ip6].into_iter().flatten().map(Text::to_string);
    let detail = net.mac.iter().map(Text::to_string).chain(addresses).collect::<Vec<_>>().join(" · ");
    let state = match (net.unplugged, &net.bridge) {
        (true, _) => State::new(Tone::Off, "unplugged"),
        (_, None) => State::new(Tone::Held, "on no bridge"),
        _ => State::new(Tone::Good, "plugged in"),
    };
    Item {
        column: GUEST,
        name: format!("{} ({})", net.key.raw(), net.card.brief(30)).into(),
        detail,
        state: Some(state),
        joins: true,
        ..Item::default()
    }
}

fn column(net: &NetworkInterface, is_below: bool) -> usize {
    let Reading::Known(kind) = &net.kind else { return CARD };
    match kind {
        InterfaceKind::Bond | InterfaceKind::OvsBond => BOND,
        InterfaceKind::Bridge | InterfaceKind::OvsBridge => BRIDGE,
        InterfaceKind::Vlan if is_below => BOND,
        InterfaceKind::Vlan | InterfaceKind::OvsIntPort | InterfaceKind::Fabric => NET,
        _ => CARD,
    }
}
