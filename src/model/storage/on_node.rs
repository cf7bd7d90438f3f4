//! A storage as one node sees it.

use std::fmt;

use serde::Deserialize;

use crate::error::Error;
use crate::loose;
use crate::model::list::{About, Column, List, Listed};
use crate::model::sight::Sight;
use crate::model::storage::{Storage, joined, split};
use crate::page::{Cell, Page, Provenance, State, Tone};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Bytes, Reading, Why};
use crate::wire::Call;

/// A storage as one node sees it, from `/nodes/{node}/storage`.
#[derive(Clone)]
pub struct NodeStorage {
    /// The storage's name.
    pub storage: Text,
    /// The node.
    pub node: Text,
    /// The kind: `dir`, `zfspool`, `rbd`, `nfs`, `pbs`, ...
    pub kind: Text,
    /// Whether it is switched on for this node.
    pub enabled: bool,
    /// Whether the node has it mounted or connected.
    pub active: bool,
    /// Whether other nodes see the same data.
    pub shared: bool,
    /// What may be kept on it.
    pub content: Vec<Text>,
    /// Space in use.
    pub used: Reading<Bytes>,
    /// Space that it has.
    pub total: Reading<Bytes>,
    /// Space that is left.
    pub avail: Reading<Bytes>,
    provenance: Provenance,
}

#[derive(Deserialize)]
struct NodeStorageRow {
    storage: Text,
    #[serde(default, deserialize_with = "loose::text")]
    r#type: Option<Text>,
    #[serde(default, deserialize_with = "loose::text")]
    content: Option<Text>,
    #[serde(default, deserialize_with = "loose::flag")]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "loose::flag")]
    active: Option<bool>,
    #[serde(default, deserialize_with = "loose::flag")]
    shared: Option<bool>,
    #[serde(default, deserialize_with = "loose::u64")]
    used: Option<u64>,
    #[serde(default, deserialize_with = "loose::u64")]
    total: Option<u64>,
    #[serde(default, deserialize_with = "loose::u64")]
    avail: Option<u64>,
}

impl NodeStorage {
    pub(crate) fn list(session: &Session, node: &Text) -> Result<List<NodeStorage>, Error> {
        let answer = session.ask(Call::get(format!("/nodes/{}/storage", node.raw())))?;
        let provenance = session.provenance([&answer], Some(&format!("node/{}", node.raw())));
        let mut storages: Vec<NodeStorage> =
            answer.rows()?.into_iter().map(|(row, _)| NodeStorage::read(row, node, &provenance)).collect();
        storages.sort_by(|a, b| a.storage.cmp(&b.storage));
        let about = About {
            title: format!("Storages on {}", node.raw()).into(),
            question: "Where can this node keep data, and how full is it?".into(),
            sight: Sight::filtered(session, "storages", &["Datastore.Audit", "Datastore.AllocateSpace"], "/storage"),
            provenance,
            of: None,
        };
        Ok(List::new(storages, about))
    }

    fn read(row: NodeStorageRow, node: &Text, from: &Provenance) -> NodeStorage {
        let active = row.active.unwrap_or(false);
        // An inactive storage reports zeros.
        let bytes = |n: Option<u64>| match active {
            true => Reading::or_missing(n.map(Bytes), Why::NotInAnswer),
            false => Reading::Missing(Why::StorageInactive),
        };
        NodeStorage {
            node: node.clone(),
            kind: row.r#type.unwrap_or_else(|| "unknown".into()),
            enabled: row.enabled.unwrap_or(true),
            active,
            shared: row.shared.unwrap_or(false),
            content: split(row.content.as_ref()),
            used: bytes(row.used),
            total: bytes(row.total),
            avail: bytes(row.avail),
            storage: row.storage,
            provenance: from.clone(),
        }
    }

    fn state(&self) -> State {
        match (self.enabled, self.active) {
            (false, _) => State::new(Tone::Off, "not for this node, or switched off"),
            (true, true) => State::new(Tone::Good, "active"),
            (true, false) => State::new(Tone::Wrong, "not active"),
        }
    }
}

impl fmt::Debug for NodeStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeStorage({} on {})", self.storage, self.node)
    }
}

impl Listed for NodeStorage {
    const NOUN: (&'static str, &'static str) = Storage::NOUN;

    fn columns() -> Vec<Column<NodeStorage>> {
        vec![
            Column::new("Storage", |s: &NodeStorage| Cell::Name(s.storage.clone(), s.kind.clone())),
            Column::new("State", |s: &NodeStorage| s.state()),
            Column::new("Used", |s: &NodeStorage| Cell::usage(s.used, s.total)),
            Column::new("Left", |s: &NodeStorage| s.avail),
            Column::new("Shared", |s: &NodeStorage| s.shared),
            Column::new("For", |s: &NodeStorage| joined(&s.content)),
        ]
    }
}

impl View for NodeStorage {
    fn page(&self) -> Page {
        Page::new(format!("Storage {} on {}", self.storage.raw(), self.node.raw()))
            .question("Can this node use it, and how much is left?")
            .answer(format!("{} left", self.avail), format!(" of {}.", self.total))
            .facts([
                ("Kind", Cell::from(&self.kind)),
                ("State", self.state().into()),
                ("Used", Cell::usage(self.used, self.total)),
                ("Left", self.avail.into()),
                ("Shared", self.shared.into()),
                ("For", joined(&self.content).into()),
            ])
            .provenance(self.provenance.clone())
    }
}
