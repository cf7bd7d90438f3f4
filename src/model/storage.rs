//! A storage: its definition for the whole cluster, and its state on each node.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::model::access::right::Right;
use crate::model::cluster::backup_job::BackupJob;
use crate::model::guest::Guest;
use crate::model::guest::config::Config;
use crate::model::list::{About, List};
use crate::model::map::{self, Focus};
use crate::model::record::json_of;
use crate::model::resource::{Resource, Resources};
use crate::model::told::told;
use crate::model::why::{Explained, Sources, only};
use crate::page::{Figure, Provenance};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Bytes, Ratio, Reading, Why};
use crate::wire::{Call, Raw};

pub(crate) mod content;
mod definition;
mod history;
mod meaning;
mod on_node;
mod page;
#[cfg(test)]
mod tests;

pub use definition::StorageDefinition;
pub use on_node::NodeStorage;

told! {
    /// A storage of the cluster: its definition from `/storage`, its state on each node from `/cluster/resources`.
    ///
    /// A shared storage is one thing, however many nodes report it; a storage that each node has for itself is the sum
    /// of what the nodes report, and says which of them do not.
    #[derive(Clone)]
    pub struct Storage {
        /// Its name.
        #[field("storage")]
        pub name: Text,
        /// The kind: `dir`, `zfspool`, `rbd`, `nfs`, `pbs`, ...
        #[field("type" | "plugintype")]
        pub kind: Text,
        /// Whether all nodes see the same data.
        pub shared: bool,
        /// Whether it is switched off in its definition.
        #[field("disable")]
        pub disabled: bool,
        /// What may be kept on it: `images`, `rootdir`, `backup`, `iso`, ...
        pub content: Vec<Text>,
        /// Space in use.
        #[field("disk")]
        pub used: Reading<Bytes>,
        /// Space that it has.
        #[field("maxdisk")]
        pub total: Reading<Bytes>,
        /// Its state on each node.
        #[field("node" | "status", "each node that reports it, and whether it can use it")]
        pub on: Vec<StorageOnNode>,
        #[field(skip)]
        definition: Option<Arc<StorageDefinition>>,
        #[field(skip)]
        pub(crate) session: Session,
        #[field(skip)]
        pub(crate) provenance: Provenance,
        /// What each node said.
        #[field(skip)]
        rows: Vec<Raw>,
    }
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
        let mut rows: BTreeMap<Text, Vec<&(Resource, Raw)>> = BTreeMap::new();
        for row in resources.of(&["storage"]) {
            if let Some(name) = &row.0.storage {
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
        rows: &[&(Resource, Raw)],
        definition: Option<&StorageDefinition>,
        online: &BTreeMap<Text, bool>,
        from: &Provenance,
    ) -> Storage {
        let shared =
            definition.and_then(|d| d.shared).or_else(|| rows.iter().find_map(|(row, _)| row.shared)).unwrap_or(false);
        let disabled = definition.is_some_and(|d| d.disable);
        let kind = definition.map(|d| d.kind.clone()).filter(|kind| !kind.is_blank());
        let kind = kind.or_else(|| rows.iter().find_map(|(row, _)| row.plugintype.clone()));
        let content = definition.map(|d| d.content.clone()).filter(|content| !content.is_empty());
        let mut content = content.unwrap_or_else(|| split(rows.iter().find_map(|(row, _)| row.content.as_ref())));
        content.sort();
        let mut on: Vec<StorageOnNode> = rows.iter().filter_map(|(row, _)| StorageOnNode::read(row, online)).collect();
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
            rows: rows.iter().map(|(_, raw)| raw.clone()).collect(),
        }
    }

    /// One of a single row of the overview, with a definition of the same words.
    #[cfg(test)]
    pub(crate) fn of_row(session: &Session, json: &serde_json::Value) -> Option<Storage> {
        let row: Resource = serde_json::from_value(json.clone()).ok()?;
        let definition = serde_json::from_value(json.clone()).ok()?;
        let name = row.storage.clone()?;
        // Other nodes have it too, one of which says nothing of it.
        let other = Resource { node: Some("pve8".into()), disk: Some(1), maxdisk: Some(3), ..row.clone() };
        let silent = Resource { node: Some("pve9".into()), status: None, ..row.clone() };
        let rows = [row, other, silent].map(|row| (row, Raw::default()));
        let rows: Vec<_> = rows.iter().collect();
        Some(Storage::read(session, name, &rows, Some(&definition), &BTreeMap::new(), &Provenance::default()))
    }

    /// How it is defined; `None` where you may not see that.
    pub fn definition(&self) -> Option<StorageDefinition> {
        self.definition.as_deref().cloned()
    }

    /// From here on a storage is nearly full: an overview names it, and so does what is wrong now.
    pub const NEARLY_FULL: Ratio = Ratio(0.85);

    /// Used within total.
    pub fn fullness(&self) -> Reading<Ratio> {
        match (self.used, self.total) {
            (Reading::Known(used), Reading::Known(total)) => Reading::or_missing(used.of(total), Why::NotInAnswer),
            (Reading::Missing(why), _) | (_, Reading::Missing(why)) => Reading::Missing(why),
        }
    }

    /// What this session's identity may do with it, from `/access/permissions?path=/storage/{storage}`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn permissions(&self) -> Result<List<Right>, Error> {
        Right::on(&self.session, &self.access_path(), self.name.raw())
    }

    fn access_path(&self) -> String {
        format!("/storage/{}", self.name.raw())
    }

    /// The backup jobs that write to it, from `/cluster/backup`.
    ///
    /// # Errors
    /// When the cluster cannot be read or Sys.Audit on `/` is missing.
    pub fn backup_jobs(&self) -> Result<List<BackupJob>, Error> {
        let jobs = BackupJob::list(&self.session)?;
        Ok(jobs.only(|job| job.storage.as_ref() == Some(&self.name)))
    }

    /// The configurations of the guests that have a disk or a medium on it. Reads the configuration of every guest.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let users = Pve::demo()?.storage("ceph-vm")?.used_by()?;
    /// assert!(users.any(|config| config.name() == "web-1"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn used_by(&self) -> Result<List<Config>, Error> {
        let configs = Guest::list(&self.session)?.configs()?;
        Ok(configs.only(|config| config.disks().any(|disk| disk.storage().as_ref() == Some(&self.name))))
    }

    /// Which disks of which guests lie on it, and which nodes reach it.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let figure = Pve::demo()?.storage("ceph-vm")?.topology()?;
    /// assert!(figure.words().text().contains("on ceph-vm"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn topology(&self) -> Result<Figure, Error> {
        map::storage(&self.session, &Focus::Storage(self.name.clone()))
    }

    /// The nodes that do not tell how full it is there.
    pub fn silent_nodes(&self) -> Vec<Text> {
        self.on.iter().filter(|state| !state.total.is_known()).map(|state| state.node.clone()).collect()
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

impl Explained for Storage {
    fn sources(&self) -> Sources {
        // The type of such a row is `storage`, of whatever kind that is.
        const OF_A_ROW: [&str; 8] = ["storage", "node", "status", "disk", "maxdisk", "shared", "plugintype", "content"];
        let sources = Sources::of(&self.provenance).within(&self.session).about(self.access_path());
        let call = sources.call("/cluster/resources");
        let rows = self.rows.iter().map(|row| only(json_of(row), &OF_A_ROW));
        let sources = rows.fold(sources, |sources, row| {
            let node = row["node"].as_str().map(Text::from).unwrap_or_default();
            sources.part(call.clone(), node, row)
        });
        match self.definition() {
            Some(definition) => sources.part(Call::get("/storage").shown(), "its definition", definition.raw()),
            None => sources,
        }
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Storage({}: {})", self.name, self.kind)
    }
}
