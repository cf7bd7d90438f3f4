//! A storage: its definition for the whole cluster, and its state on each node.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::model::list::{About, Column, List, Listed, count};
use crate::model::resource::{Resource, Resources};
use crate::model::together::joined;
use crate::page::{Cell, Grid, Level, Page, Provenance, State, Tone};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Bytes, Ratio, Reading, Why};
use crate::wire::Call;

pub(crate) mod content;
mod definition;
mod on_node;
#[cfg(test)]
mod tests;

pub use definition::StorageDefinition;
pub use on_node::NodeStorage;

/// A storage of the cluster: its definition from `/storage`, its state on each node from `/cluster/resources`.
///
/// A shared storage is one thing, however many nodes report it; a storage that each node has for itself is the sum
/// of what the nodes report, and says which of them do not.
#[derive(Clone)]
pub struct Storage {
    /// Its name.
    pub name: Text,
    /// The kind: `dir`, `zfspool`, `rbd`, `nfs`, `pbs`, ...
    pub kind: Text,
    /// Whether all nodes see the same data.
    pub shared: bool,
    /// Whether it is switched off in its definition.
    pub disabled: bool,
    /// What may be kept on it: `images`, `rootdir`, `backup`, `iso`, ...
    pub content: Vec<Text>,
    /// Space in use.
    pub used: Reading<Bytes>,
    /// Space that it has.
    pub total: Reading<Bytes>,
    /// Its state on each node.
    pub on: Vec<StorageOnNode>,
    definition: Option<Arc<StorageDefinition>>,
    pub(crate) session: Session,
    pub(crate) provenance: Provenance,
}

/// A storage's state on one node.
#[derive(Clone, Debug)]
pub struct StorageOnNode {
    /// The node.
    pub node: Text,
    /// Whether the node can use it: `available`, or another word where it cannot.
    pub status: Text,
    /// Space in use, as this node reports it.
    pub used: Reading<Bytes>,
    /// Space that it has, as this node reports it.
    pub total: Reading<Bytes>,
}

/// What storages are read from.
#[cfg(test)]
pub(crate) fn typed() -> Vec<super::conformance::Typed> {
    use super::conformance::Typed;
    vec![Typed::record::<StorageDefinition>(), Typed::record::<NodeStorage>(), Typed::record::<content::Volume>()]
}

impl Storage {
    pub(crate) fn list(session: &Session) -> Result<List<Storage>, Error> {
        let pending = session.submit(Call::get("/storage"));
        let resources = Resources::read(session)?;
        let defined = session.answer(pending)?;
        let definitions = StorageDefinition::all_in(session, &defined)?;
        let provenance = session.provenance([&resources.answer, &defined], None);
        Ok(Storage::among(session, &resources, &definitions, provenance))
    }

    pub(crate) fn find(session: &Session, name: &str) -> Result<Storage, Error> {
        Storage::list(session)?.named(name, |storage| storage.name.clone())
    }

    /// The storages in an answer that was read already, with what is known of their definitions.
    pub(crate) fn among(
        session: &Session,
        resources: &Resources,
        definitions: &[StorageDefinition],
        provenance: Provenance,
    ) -> List<Storage> {
        let online = resources.online();
        let mut rows: BTreeMap<Text, Vec<&Resource>> = BTreeMap::new();
        for (row, _) in resources.of(&["storage"]) {
            if let Some(name) = &row.storage {
                rows.entry(name.clone()).or_default().push(row);
            }
        }
        for definition in definitions {
            rows.entry(definition.storage.clone()).or_default();
        }
        let storages = rows
            .into_iter()
            .map(|(name, rows)| {
                let definition = definitions.iter().find(|definition| definition.storage == name);
                Storage::read(session, name, &rows, definition, &online, &provenance)
            })
            .collect();
        let about = About {
            title: "Storages".into(),
            question: "Where can data be kept, on which nodes, and how full is it?".into(),
            sight: resources.sight(session, "storages", "Datastore.Audit", "/storage"),
            provenance,
            of: None,
        };
        List::new(storages, about)
    }

    fn read(
        session: &Session,
        name: Text,
        rows: &[&Resource],
        definition: Option<&StorageDefinition>,
        online: &BTreeMap<Text, bool>,
        from: &Provenance,
    ) -> Storage {
        let shared =
            definition.and_then(|d| d.shared).or_else(|| rows.iter().find_map(|row| row.shared)).unwrap_or(false);
        let disabled = definition.is_some_and(|d| d.disable);
        let kind = definition.map(|d| d.kind.clone()).filter(|kind| !kind.is_blank());
        let kind = kind.or_else(|| rows.iter().find_map(|row| row.plugintype.clone()));
        let content = definition.map(|d| d.content.clone()).filter(|content| !content.is_empty());
        let mut content = content.unwrap_or_else(|| split(rows.iter().find_map(|row| row.content.as_ref())));
        content.sort();
        let mut on: Vec<StorageOnNode> = rows.iter().filter_map(|row| StorageOnNode::read(row, online)).collect();
        on.sort_by(|a, b| a.node.cmp(&b.node));
        Storage {
            used: whole(shared, &on, |state| state.used),
            total: whole(shared, &on, |state| state.total),
            shared,
            disabled,
            kind: kind.unwrap_or_else(|| "unknown".into()),
            content,
            on,
            definition: definition.cloned().map(Arc::new),
            name,
            session: session.clone(),
            provenance: from.clone(),
        }
    }

    /// How it is defined; `None` where you may not see that.
    pub fn definition(&self) -> Option<StorageDefinition> {
        self.definition.as_deref().cloned()
    }

    /// Used within total.
    pub fn fullness(&self) -> Reading<Ratio> {
        match (self.used, self.total) {
            (Reading::Known(used), Reading::Known(total)) => Reading::or_missing(used.of(total), Why::NotInAnswer),
            (Reading::Missing(why), _) | (_, Reading::Missing(why)) => Reading::Missing(why),
        }
    }

    /// The nodes that do not tell how full it is there.
    pub fn silent_nodes(&self) -> Vec<Text> {
        self.on.iter().filter(|state| !state.total.is_known()).map(|state| state.node.clone()).collect()
    }

    pub(crate) fn state(&self) -> State {
        let available = self.on.iter().filter(|state| state.is_available()).count();
        match () {
            () if self.disabled => State::new(Tone::Off, "switched off"),
            () if self.on.is_empty() => State::new(Tone::Unknown, "no node reports it"),
            () if available == self.on.len() => State::new(Tone::Good, "available"),
            () if available == 0 => State::new(Tone::Wrong, "not available"),
            () => State::new(Tone::Held, format!("available on {available} of {} nodes", self.on.len())),
        }
    }

    /// Which nodes have it, in words.
    pub(crate) fn whereabouts(&self) -> String {
        let nodes = self.on.iter().map(|state| state.node.to_string()).collect::<Vec<_>>().join(", ");
        match (self.shared, nodes.is_empty()) {
            (_, true) => "no node".into(),
            (true, _) => format!("shared by {nodes}"),
            (false, _) if self.on.len() == 1 => format!("{nodes} only"),
            (false, _) => format!("each of {nodes}"),
        }
    }

    pub(crate) fn usage(&self) -> Cell {
        let silent = if self.shared { Vec::new() } else { self.silent_nodes() };
        match Cell::usage(self.used, self.total) {
            Cell::Meter(ratio, words) if !silent.is_empty() => {
                let missing = silent.iter().map(Text::to_string).collect::<Vec<_>>().join(", ");
                Cell::Meter(ratio, format!("{}, without {missing}", words.raw()).into())
            }
            cell => cell,
        }
    }
}

/// One number for the cluster: any node's where all see the same data, else the sum of those that report one.
fn whole(shared: bool, on: &[StorageOnNode], number: impl Fn(&StorageOnNode) -> Reading<Bytes>) -> Reading<Bytes> {
    let mut known = on.iter().filter_map(|state| number(state).known()).peekable();
    if known.peek().is_none() {
        return Reading::Missing(on.iter().find_map(|state| number(state).why()).unwrap_or(Why::StorageInactive));
    }
    Reading::Known(if shared { known.next().unwrap_or_default() } else { known.sum() })
}

impl StorageOnNode {
    fn read(row: &Resource, online: &BTreeMap<Text, bool>) -> Option<StorageOnNode> {
        let node = row.node.clone()?;
        let status = row.status.clone().unwrap_or_else(|| "unknown".into());
        let why = if online.get(&node) == Some(&false) { Why::NodeOffline } else { Why::StorageInactive };
        let bytes = |n: Option<u64>| Reading::or_missing(n.filter(|_| status == "available").map(Bytes), why);
        Some(StorageOnNode { used: bytes(row.disk), total: bytes(row.maxdisk), node, status })
    }

    /// Whether the node can use it.
    pub fn is_available(&self) -> bool {
        self.status == "available"
    }
}

fn split(content: Option<&Text>) -> Vec<Text> {
    let mut words: Vec<Text> = content
        .map(|content| content.raw().split(',').filter(|word| !word.is_empty()).map(Text::from).collect())
        .unwrap_or_default();
    words.sort();
    words
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Storage({}: {})", self.name, self.kind)
    }
}

impl Listed for Storage {
    const NOUN: (&'static str, &'static str) = ("storage", "storages");

    fn columns() -> Vec<Column<Storage>> {
        vec![
            Column::new("Storage", |s: &Storage| Cell::Name(s.name.clone(), s.kind.clone())),
            Column::new("State", |s: &Storage| s.state()),
            Column::new("Full", |s: &Storage| s.fullness()),
            Column::new("Used", |s: &Storage| s.usage()),
            Column::new("Where", |s: &Storage| s.whereabouts()),
            Column::new("For", |s: &Storage| joined(&s.content)),
        ]
    }

    fn summary(storages: &[Storage]) -> (String, String) {
        let nearly_full: Vec<String> = storages
            .iter()
            .filter(|storage| storage.fullness() >= Ratio(0.85))
            .map(|storage| format!("{} is {} full", storage.name, storage.fullness()))
            .collect();
        let rest = if nearly_full.is_empty() { ".".into() } else { format!("; {}.", nearly_full.join(", ")) };
        (count(storages.len(), Storage::NOUN), rest)
    }
}

impl View for Storage {
    fn page(&self) -> Page {
        let rows = self.on.iter().map(|state| {
            let tone = match state.used.why() {
                None => Tone::Good,
                Some(Why::NodeOffline) => Tone::Unknown,
                Some(_) => Tone::Wrong,
            };
            let word = if tone == Tone::Wrong { "not available".into() } else { state.status.clone() };
            vec![Cell::from(&state.node), State::new(tone, word).into(), Cell::usage(state.used, state.total)]
        });
        let full = match self.fullness() {
            Reading::Known(ratio) => format!("{} is {ratio} full", self.name.raw()),
            Reading::Missing(why) => format!("How full {} is, is not known", self.name.raw()) + &format!(" ({why})"),
        };
        let page = Page::new(format!("Storage {}", self.name.raw()))
            .question("What is it for, who can reach it, and how full is it?")
            .answer(full, format!("; {}.", self.whereabouts()))
            .facts([
                ("Kind", Cell::from(&self.kind)),
                ("State", self.state().into()),
                ("Used", self.usage()),
                ("For", Cell::from(joined(&self.content))),
                ("Shared", Cell::from(self.shared)),
            ]);
        let page = if self.on.is_empty() { page } else { page.table(Grid::new(["Node", "State", "Used"]).rows(rows)) };
        let page = if self.shared && self.on.len() > 1 {
            page.note(Level::Info, "It is shared: every node reports the same space, which counts once.")
        } else {
            page
        };
        page.provenance(self.provenance.clone())
    }
}
