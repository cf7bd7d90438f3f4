//! A guest's network card together with the bridge that it hangs on, as the guest's node has that.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::guest::net::Net;
use crate::model::lens;
use crate::model::list::{About, Column, List, Listed, column};
use crate::model::node::network::{InterfaceKind, NetworkInterface};
use crate::model::together::joined;
use crate::model::told::told;
use crate::model::why::{Explained, Sources};
use crate::page::{Cell, Page, Provenance, State, Tone};
use crate::render::View;
use crate::text::Text;
use crate::wire::Call;

told! {
    /// A network card of a guest, and the bridge under it.
    #[derive(Clone)]
    pub struct GuestNet {
        /// The card, as the configuration describes it.
        #[field(skip, "the setting of the card in the configuration")]
        pub net: Net,
        /// The bridge on the guest's node; `None` where there is none of that name among the node's own interfaces.
        #[field(skip, "the interface of that name on the node of the guest")]
        pub bridge: Option<NetworkInterface>,
        /// What the bridge is, in words: its ports, and what they are made of.
        #[field("active" | "bridge_ports" | "bridge_vlan_aware", "with what the ports themselves are made of")]
        pub wiring: Text,
        #[field(skip)]
        tone: Tone,
        #[field(skip)]
        guest: Text,
        #[field(skip)]
        from: Arc<Provenance>,
    }
}

impl Guest {
    /// Its network cards with the bridges they hang on, from its configuration and its node's `/nodes/{node}/network`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let nets = Pve::demo()?.guest("web-1")?.nets()?;
    /// assert!(nets.first().unwrap().bridge.is_some_and(|bridge| bridge.active));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node cannot be reached or VM.Audit is missing.
    pub fn nets(&self) -> Result<List<GuestNet>, Error> {
        let asked = self.session.submit(Call::get(format!("/nodes/{}/network", self.node.raw())));
        let config = self.config()?;
        let interfaces =
            self.session.answer(asked).and_then(|answer| NetworkInterface::all_in(&self.session, &self.node, &answer));
        let nets = config.nets();
        let (mut sight, mut provenance) = (nets.sight(), nets.provenance());
        match &interfaces {
            Ok(all) => provenance = provenance.and(&all.provenance()),
            Err(error) => sight = sight.remark(format!("The bridges of {} could not be read. {error}", self.node)),
        }
        let about = About {
            title: format!("Network cards of {}", self.called().raw()).into(),
            question: "Which networks is it in, and what carries them?".into(),
            sight,
            provenance,
            of: None,
        };
        let from = Arc::new(about.provenance.clone());
        let on = |net: &Net| GuestNet { from: from.clone(), ..GuestNet::on(net, self, interfaces.as_ref().ok()) };
        Ok(List::new(nets.map(on), about))
    }
}

impl GuestNet {
    fn on(net: &Net, guest: &Guest, all: Option<&List<NetworkInterface>>) -> GuestNet {
        let bridge = net.bridge.as_ref().and_then(|name| all?.find(|one| one.iface == *name));
        let (tone, wiring) = match (&net.bridge, &bridge, all) {
            (None, ..) => (Tone::Unknown, String::new()),
            (_, _, None) => (Tone::Unknown, "not read".into()),
            (_, Some(bridge), Some(all)) => wiring(bridge, all),
            (_, None, Some(all)) if all.is_hidden() => {
                (Tone::Unknown, "not among the interfaces that you may see".into())
            }
            (_, None, Some(_)) => {
                (Tone::Unknown, format!("no bridge of {} itself; a virtual network?", guest.node.raw()))
            }
        };
        GuestNet { net: net.clone(), bridge, wiring: wiring.into(), tone, guest: guest.called(), from: Arc::default() }
    }

    fn wiring_cell(&self) -> Cell {
        match self.wiring.is_blank() {
            true => Cell::Empty,
            false => State::new(self.tone, self.wiring.clone()).into(),
        }
    }

    fn link(&self) -> State {
        if self.net.unplugged { State::new(Tone::Off, "unplugged") } else { State::new(Tone::Good, "plugged in") }
    }
}

/// What a bridge is made of: `up, over bond0 (active-backup of eno1, eno2), keeps VLANs apart`.
fn wiring(bridge: &NetworkInterface, all: &List<NetworkInterface>) -> (Tone, String) {
    let part = |name: &Text| match all.find(|one| one.iface == *name) {
        Some(bond) if !bond.slaves.is_empty() => {
            let mode = bond.bond_mode.as_ref().map_or("bond", Text::raw);
            format!("{} ({mode} of {})", name.raw(), joined(&bond.slaves))
        }
        Some(vlan) if vlan.kind == InterfaceKind::Vlan => match &vlan.vlan_raw_device {
            Some(device) => format!("{} (VLAN on {})", name.raw(), device.raw()),
            None => name.raw().to_owned(),
        },
        _ => name.raw().to_owned(),
    };
    let ports: Vec<String> = bridge.parts().iter().map(part).collect();
    let over =
        if ports.is_empty() { "no port: only within the node".into() } else { format!("over {}", ports.join(", ")) };
    let mut words = vec![if bridge.active { "up" } else { "down" }.to_owned(), over];
    if bridge.bridge_vlan_aware {
        words.push("VLAN-aware".into());
    }
    (if bridge.active { Tone::Good } else { Tone::Wrong }, words.join(", "))
}

impl Explained for GuestNet {
    fn sources(&self) -> Sources {
        let setting = self.net.sources();
        let sources = Sources { parts: setting.parts, named: setting.named, ..Sources::of(&self.from) };
        let call = sources.call("/network");
        match &self.bridge {
            Some(bridge) => sources.part(call, bridge.iface.clone(), bridge.raw()),
            None => sources,
        }
    }
}

impl fmt::Debug for GuestNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GuestNet({:?})", self.net)
    }
}

impl Listed for GuestNet {
    const NOUN: (&'static str, &'static str) = Net::NOUN;

    fn columns() -> Vec<Column<GuestNet>> {
        vec![
            column!("Card", |n: &GuestNet| Cell::Name(n.net.key.clone(), n.net.card.clone())),
            column!("Cable", GuestNet::link).by("net.unplugged", "unplugged where link_down is 1"),
            column!("Bridge", |n: &GuestNet| match &n.net.bridge {
                Some(bridge) => Cell::from(bridge),
                None => Cell::Missing("on no bridge".into()),
            }),
            column!("Which is", GuestNet::wiring_cell)
                .by("wiring", "the bridge of that name on the guest's node, with its ports and what they are made of"),
            column!("VLAN", |n: &GuestNet| n.net.vlans())
                .by("net.vlan net.trunks", "its own, and those that are let through"),
            column!("Firewall", |n: &GuestNet| n.net.firewall),
            column!("Address", |n: &GuestNet| n.net.addresses()).by("net.ip net.ip6", "both, where they are set"),
            column!("Hardware address", |n: &GuestNet| n.net.mac.clone().map(Cell::Code)),
        ]
    }

    fn summary(nets: &[GuestNet]) -> (String, String) {
        let (fact, rest) = Net::summary(&nets.iter().map(|net| net.net.clone()).collect::<Vec<_>>());
        let down: Vec<&str> =
            nets.iter().filter_map(|net| net.bridge.as_ref()).filter(|b| !b.active).map(|b| b.iface.raw()).collect();
        match down.is_empty() {
            true => (fact, rest),
            false => (fact, format!("{}; down: {}.", rest.trim_end_matches('.'), down.join(", "))),
        }
    }
}

impl View for GuestNet {
    fn page(&self) -> Page {
        let facts = GuestNet::columns().into_iter().skip(1).map(|column| (column.name().clone(), column.cell(self)));
        let facts = lens::facts(self, facts, &self.from).into_iter();
        let bridge =
            self.net.bridge.as_ref().map_or("On no bridge".to_owned(), |bridge| format!("On {}", bridge.raw()));
        let rest = if self.wiring.is_blank() { ".".into() } else { format!(", which is {}.", self.wiring.raw()) };
        Page::new(format!("Network card {} of {}", self.net.key.raw(), self.guest.raw()))
            .question("Which network is it in, and what carries it?")
            .answer(bridge, rest)
            .facts(facts.filter(|(_, cell)| !cell.to_string().is_empty()))
            .provenance((*self.from).clone())
    }
}
