//! Where everything runs: the cluster's objects as the scene that is drawn.

use std::collections::BTreeMap;

use crate::draw::topology::{NodeBox, Scene, StorageBar, Tile};
use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::list::{List, Listed, count};
use crate::model::node::Node;
use crate::model::resource::Resources;
use crate::model::storage::{Storage, StorageDefinition};
use crate::page::{Figure, Level, Provenance, State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::wire::Call;

pub(super) fn draw(session: &Session) -> Result<Figure, Error> {
    let defined = session.submit(Call::get("/storage"));
    let resources = Resources::read(session)?;
    let defined = session.answer(defined);
    let from = session.provenance(std::iter::once(&resources.answer).chain(defined.as_ref().ok()), None);
    let nodes = Node::among(session, &resources, from.clone());
    let guests = Guest::among(session, &resources, from.clone());
    let definitions =
        defined.as_ref().map_err(Clone::clone).and_then(|answer| StorageDefinition::all_in(session, answer));
    let (definitions, missing) = StorageDefinition::or_sight(definitions);
    let storages = Storage::among(session, &resources, &definitions, from.clone()).with_sight(missing);
    let caveats = nodes.about_caveats().chain(guests.about_caveats()).chain(storages.about_caveats());
    Ok(figure(&nodes, &guests, storages.map(storage_bar), caveats, from))
}

impl List<Guest> {
    /// Where these run, as a drawing of what was read already: of all guests, of those with a tag, of those of a pool.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let hers = pve.guests()?.filter(|g| g.has_tag("owner.dora"));
    /// assert!(hers.topology(&pve.nodes()?).svg().contains("kafka-2"));
    /// # Ok(()) }
    /// ```
    pub fn topology(&self, nodes: &List<Node>) -> Figure {
        let from = nodes.provenance().and(&self.provenance());
        let caveats = nodes.about_caveats().chain(self.about_caveats());
        figure(nodes, self, Vec::new(), caveats, from)
    }
}

fn figure(
    nodes: &List<Node>,
    guests: &List<Guest>,
    storages: Vec<StorageBar>,
    caveats: impl Iterator<Item = (Level, Text)>,
    provenance: Provenance,
) -> Figure {
    let mut on: BTreeMap<&Text, Vec<&Guest>> = BTreeMap::new();
    for guest in guests {
        on.entry(&guest.node).or_default().push(guest);
    }
    let to_whom = match (guests.is_filtered(), guests.sight().is_whole()) {
        (true, _) => " to these",
        (false, false) => " to guests that you see",
        (false, true) => "",
    };
    let is_drawn = |name: &Text| nodes.any(|node| node.name == *name);
    let not_drawn: usize = on.iter().filter(|(name, _)| !is_drawn(name)).map(|(_, guests)| guests.len()).sum();
    let not_drawn = (not_drawn > 0)
        .then(|| format!("{} on nodes that are not drawn.", count(not_drawn, ("guest is", "guests are"))));
    let here = |node: &Node| on.get(&node.name).map(Vec::as_slice).unwrap_or_default();
    let scene = Scene {
        title: if guests.is_filtered() { "Where these run".into() } else { "Where everything runs".into() },
        subtitle: subtitle(nodes, guests),
        caveats: caveats.map(|(_, caveat)| caveat.to_string()).chain(not_drawn).collect(),
        nodes: nodes.map(|node| node_box(node, here(node), to_whom)),
        storages,
        provenance,
    };
    scene.figure()
}

fn subtitle(nodes: &List<Node>, guests: &List<Guest>) -> String {
    let (guests, states) = Guest::summary(&guests.to_vec());
    format!("{} · {guests}{}", count(nodes.len(), Node::NOUN), states.trim_end_matches('.'))
}

fn node_box(node: &Node, guests: &[&Guest], to_whom: &'static str) -> NodeBox {
    NodeBox {
        name: node.name.clone(),
        state: state(node),
        up: node.uptime.to_string(),
        cpu: node.cpu,
        mem: node.mem,
        maxmem: node.maxmem,
        to_whom,
        templates: guests.iter().filter(|guest| guest.is_template()).count(),
        tiles: guests.iter().filter(|guest| !guest.is_template()).map(|guest| tile(guest)).collect(),
    }
}

/// The state, with what high availability makes of the node where that is out of the ordinary.
fn state(node: &Node) -> State {
    let state = node.state();
    match node.hastate.as_ref().map(Text::raw) {
        None | Some("online") => state,
        Some(ha) => {
            let tone = if state.tone == Tone::Good { Tone::Held } else { state.tone };
            State::new(tone, format!("{}, HA: {ha}", state.word.raw()))
        }
    }
}

fn tile(guest: &Guest) -> Tile {
    Tile {
        what: format!("{} {}", guest.kind, guest.vmid),
        number: guest.vmid,
        name: guest.name.clone(),
        state: guest.state(),
        mem: guest.mem,
        maxmem: guest.maxmem,
        ha: guest.hastate.is_some(),
    }
}

fn storage_bar(storage: &Storage) -> StorageBar {
    let away = storage.silent_nodes();
    let who = if storage.shared { "shared".to_owned() } else { format!("on {}", count(storage.on.len(), Node::NOUN)) };
    let missing =
        if away.is_empty() || storage.shared { String::new() } else { format!(", {} of them silent", away.len()) };
    let who = if storage.disabled { "switched off".to_owned() } else { who };
    StorageBar {
        name: storage.name.clone(),
        detail: format!("{who}{missing} · {}", storage.kind),
        full: storage.fullness(),
        size: storage.total,
        state: storage.state(),
    }
}
