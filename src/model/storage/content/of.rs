//! Where content is asked for: of a storage, of a storage on one node, of a guest.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::list::List;
use crate::model::resource::{Resource, Resources};
use crate::model::sight::Sight;
use crate::model::storage::content::read::{Place, Wanted};
use crate::model::storage::content::{Volume, VolumeKind};
use crate::model::storage::{NodeStorage, Storage, split};
use crate::session::Session;
use crate::text::Text;
use crate::units::Why;

impl NodeStorage {
    /// What lies in it, from `/nodes/{node}/storage/{storage}/content`.
    ///
    /// The server lists each volume only to who may use it: backups take Datastore.AllocateSpace on the storage and
    /// VM.Backup on the guest, disks Datastore.Audit and VM.Config.Disk, snippets Datastore.Allocate. What may be missing
    /// for that reason is said beside the list.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let local = Pve::demo()?.node("pve1")?.storage("local")?;
    /// assert!(local.content()?.any(|volume| volume.content == VolumeKind::Iso));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node cannot be reached, the storage is not active there, or Datastore.Audit is missing.
    pub fn content(&self) -> Result<List<Volume>, Error> {
        self.wanted(Wanted::default())
    }

    /// The backups in it.
    ///
    /// # Errors
    /// As [`content`](NodeStorage::content).
    pub fn backups(&self) -> Result<List<Volume>, Error> {
        self.wanted(Wanted::backups())
    }

    fn wanted(&self, wanted: Wanted) -> Result<List<Volume>, Error> {
        let title = format!("{} of {} on {}", wanted.title(), self.storage.raw(), self.node.raw());
        let place = Place {
            node: self.node.clone(),
            storage: self.storage.clone(),
            shared: self.shared,
            others: Vec::new(),
            kinds: self.content.clone(),
        };
        wanted.read(self.session()?, title, &[place], Sight::whole())
    }
}

impl Storage {
    /// What lies in it, from `/nodes/{node}/storage/{storage}/content`: of a shared storage as one node lists it, of others
    /// from every node that has it. For what the server leaves out see [`NodeStorage::content`].
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let unverified = Pve::demo()?.storage("pbs-main")?.backups()?.filter(|backup| backup.verified().is_none());
    /// assert!(unverified.is_empty());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When no node can list it, or Datastore.Audit is missing.
    pub fn content(&self) -> Result<List<Volume>, Error> {
        self.wanted(Wanted::default())
    }

    /// The backups in it.
    ///
    /// # Errors
    /// As [`content`](Storage::content).
    pub fn backups(&self) -> Result<List<Volume>, Error> {
        self.wanted(Wanted::backups())
    }

    fn wanted(&self, wanted: Wanted) -> Result<List<Volume>, Error> {
        let (there, away): (Vec<_>, Vec<_>) = self.on.iter().partition(|state| state.is_available());
        let nodes = there.iter().map(|state| state.node.clone()).collect();
        let places = Place::all(&self.name, nodes, self.shared, &self.content);
        if places.is_empty() {
            let why = if self.disabled { "it is switched off" } else { "no node has it available" };
            return Err(Error::not_found(
                format!("The content of {} cannot be listed: {why}", self.name),
                format!("pve.storage(\"{}\")? shows its state on each node", self.name),
            ));
        }
        let mut silent = Silent::default();
        for state in away.iter().filter(|_| !self.shared) {
            silent.add(&self.name, &state.node, state.total.why() == Some(Why::NodeOffline));
        }
        let unseen = silent.sight();
        wanted.read(&self.session, format!("{} of {}", wanted.title(), self.name.raw()), &places, unseen)
    }
}

impl Guest {
    /// Its backups, newest first, from every storage that is for backups and can be reached now:
    /// `/nodes/{node}/storage/{storage}/content`. For what the server leaves out see [`NodeStorage::content`].
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let newest = Pve::demo()?.guest("db-main")?.backups()?.first();
    /// assert!(newest.is_some_and(|backup| backup.ctime > Moment::from_unix(1_768_000_000)));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read, or no storage can.
    pub fn backups(&self) -> Result<List<Volume>, Error> {
        let wanted = Wanted { vmid: Some(self.vmid), ..Wanted::backups() };
        let title = format!("Backups of {}", self.called().raw());
        let list = everywhere(&self.session, &wanted, title, Some(&self.node))?;
        Ok(list.sorted_by_key(|volume| std::cmp::Reverse(volume.ctime)))
    }
}

/// The content of every storage of the cluster, or the backups alone.
pub(crate) fn of_cluster(session: &Session, backups_alone: bool) -> Result<List<Volume>, Error> {
    if backups_alone {
        let list = everywhere(session, &Wanted::backups(), "Backups".to_owned(), None)?;
        return Ok(list.sorted_by_key(|volume| std::cmp::Reverse(volume.ctime)));
    }
    everywhere(session, &Wanted::default(), "Content of all storages".to_owned(), None)
}

/// What lies in every storage that may hold it and can be reached now; a shared one is asked on one node, if possible
/// on this one.
fn everywhere(session: &Session, wanted: &Wanted, title: String, near: Option<&Text>) -> Result<List<Volume>, Error> {
    let resources = Resources::read(session)?;
    let mut storages: BTreeMap<&Text, Vec<&Resource>> = BTreeMap::new();
    for (row, _) in resources.of(&["storage"]) {
        let holds = |kind: &VolumeKind| split(row.content.as_ref()).iter().any(|held| held == kind.word());
        if let Some(storage) = &row.storage
            && wanted.kind.as_ref().is_none_or(holds)
        {
            storages.entry(storage).or_default().push(row);
        }
    }
    let (mut places, mut silent, online) = (Vec::<Place>::new(), Silent::default(), resources.online());
    let mut unseen = resources.sight(session, "storages", "Datastore.Audit", "/storage");
    for (storage, rows) in storages {
        let shared = rows.iter().any(|row| row.shared == Some(true));
        let kinds = split(rows.iter().find_map(|row| row.content.as_ref()));
        let (there, away): (Vec<&Resource>, Vec<_>) =
            rows.into_iter().partition(|row| row.status.as_ref().is_some_and(|status| status == "available"));
        if shared && there.is_empty() {
            unseen = unseen.and(Sight::part(format!("Not read: {storage}, which no node has available.")));
        }
        for row in away.iter().filter(|_| !shared) {
            let node = row.node.clone().unwrap_or_default();
            silent.add(storage, &node, online.get(&node) == Some(&false));
        }
        let mut nodes: Vec<Text> = there.into_iter().filter_map(|row| row.node.clone()).collect();
        nodes.sort_by_key(|node| near.is_some_and(|near| node != near));
        places.extend(Place::all(storage, nodes, shared, &kinds));
    }
    wanted.read(session, title, &places, unseen.and(silent.sight()))
}

/// Storages that could not be read on some node: which, by the node and whether it is offline.
#[derive(Default)]
struct Silent(BTreeMap<(Text, bool), Vec<String>>);

impl Silent {
    fn add(&mut self, storage: &Text, node: &Text, offline: bool) {
        self.0.entry((node.clone(), offline)).or_default().push(storage.to_string());
    }

    fn sight(self) -> Sight {
        self.0.into_iter().fold(Sight::whole(), |sight, ((node, offline), storages)| {
            let why = if offline { "which is offline" } else { "where it is not available" };
            sight.and(Sight::part(format!("Not read: {} on {node}, {why}.", storages.join(", "))))
        })
    }
}
