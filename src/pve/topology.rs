//! Where everything runs: the cluster's objects as the scene that is drawn.

use crate::draw::topology::{NodeBox, Scene, StorageBar, Tile};
use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::list::{List, Listed, count};
use crate::model::node::Node;
use crate::model::resource::Resources;
use crate::model::storage::{Storage, StorageDefinition};
use crate::page::Figure;
use crate::session::Session;
use crate::wire::Call;

pub(super) fn draw(session: &Session) -> Result<Figure, Error> {
    let defined = session.submit(Call::get("/storage"));
    let resources = Resources::read(session)?;
    let defined = session.answer(defined);
    let from = session.provenance(std::iter::once(&resources.answer).chain(defined.as_ref().ok()), None);
    let nodes = Node::among(session, &resources, from.clone());
    let guests = Guest::among(session, &resources, from.clone());
    // Without the definitions, switched-off storages are missing and nothing else.
    let definitions =
        defined.as_ref().ok().and_then(|answer| StorageDefinition::all_in(session, answer).ok()).unwrap_or_default();
    let storages = Storage::among(session, &resources, &definitions, from.clone());
    let caveats = nodes.about_caveats().chain(guests.about_caveats()).chain(storages.about_caveats());
    let scene = Scene {
        title: "Where everything runs".into(),
        subtitle: subtitle(&nodes, &guests),
        caveats: caveats.map(|(_, caveat)| caveat.to_string()).collect(),
        nodes: nodes.map(|node| node_box(node, &guests.filter(|guest| guest.node == node.name))),
        storages: storages.map(storage_bar),
        provenance: from,
    };
    Ok(scene.figure())
}

fn subtitle(nodes: &List<Node>, guests: &List<Guest>) -> String {
    let (guests, states) = Guest::summary(&guests.to_vec());
    format!(
        "{} · {guests}{} · a tile's area is the memory the guest may use",
        count(nodes.len(), Node::NOUN),
        states.trim_end_matches('.')
    )
}

fn node_box(node: &Node, guests: &List<Guest>) -> NodeBox {
    NodeBox {
        name: node.name.clone(),
        state: node.state(),
        up: node.uptime.to_string(),
        cpu: node.cpu,
        mem: node.mem,
        maxmem: node.maxmem,
        is_whole: guests.sight().is_whole(),
        templates: guests.filter(Guest::is_template).len(),
        tiles: guests.filter(|guest| !guest.is_template()).map(tile),
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
