//! Reading what lies in storages: from which nodes, whose it is, and what the server keeps to itself.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::list::{About, List};
use crate::model::record::Ask;
use crate::model::resource::{Resource, Resources};
use crate::model::sight::Sight;
use crate::model::storage::content::{Owner, Volume, VolumeKind, kind_words};
use crate::model::storage::{NodeStorage, Storage, StorageOnNode, split};
use crate::session::Session;
use crate::text::Text;
use crate::wire::Call;

/// A storage on a node, with the kinds of volumes that may lie there.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) node: Text,
    pub(crate) storage: Text,
    pub(crate) kinds: Vec<Text>,
}

/// Which volumes are wanted.
#[derive(Default)]
pub(crate) struct Wanted {
    pub(crate) kind: Option<VolumeKind>,
    pub(crate) vmid: Option<u32>,
}

impl Wanted {
    fn backups() -> Wanted {
        Wanted { kind: Some(VolumeKind::Backup), vmid: None }
    }

    fn title(&self) -> &'static str {
        if self.kind.is_some() { "Backups" } else { "Content" }
    }

    fn question(&self) -> &'static str {
        match self.kind {
            Some(_) => "What could be restored, how old is it, and was it verified?",
            None => "What lies there, whose is it, and how much space does it take?",
        }
    }

    fn call(&self, place: &Place) -> Call {
        let call = Call::get(format!("/nodes/{}/storage/{}/content", place.node.raw(), place.storage.raw()));
        let call = match &self.kind {
            Some(kind) => call.with("content", kind.word()),
            None => call,
        };
        match self.vmid {
            Some(vmid) => call.with("vmid", vmid.to_string()),
            None => call,
        }
    }

    /// What lies in these places. `sight` says which others are not among them, and why.
    pub(crate) fn read(
        &self,
        session: &Session,
        title: String,
        places: &[Place],
        mut sight: Sight,
    ) -> Result<List<Volume>, Error> {
        let resources = session.submit(Call::get("/cluster/resources"));
        let answers = session.ask_all("storages", places.iter().map(|place| self.call(place)).collect());
        let resources = session.answer(resources).and_then(Resources::of_answer);
        let guests = Guests::of(session, &resources);
        let mut provenance = session.provenance(resources.as_ref().ok().map(|all| &all.answer), None);
        let (mut volumes, mut read, mut first) = (Vec::new(), 0, None);
        let mut said: Vec<&Text> = Vec::new();
        for (place, answer) in places.iter().zip(answers) {
            let list = answer.and_then(|answer| {
                Ask::new(session, "").list_of(&answer, |volume: &mut Volume| {
                    volume.owner = guests.owner(volume.vmid);
                    volume.node = place.node.clone();
                })
            });
            match list {
                Ok(list) => {
                    read += 1;
                    sight = sight.and(list.sight());
                    if !said.contains(&&place.storage) {
                        said.push(&place.storage);
                        sight = sight.and(self.sight(session, place));
                    }
                    provenance = provenance.and(&list.provenance());
                    volumes.extend(list);
                }
                Err(error) => {
                    let where_ = format!("{} on {}", place.storage.raw(), place.node.raw());
                    sight = sight.and(Sight::part(format!("Not read: {where_}. {error}")));
                    first.get_or_insert(error);
                }
            }
        }
        if let (0, Some(error)) = (read, first) {
            return Err(error);
        }
        volumes.sort_by(|a, b| (&a.content, &a.volid, &a.node).cmp(&(&b.content, &b.volid, &b.node)));
        let about = About { title: title.into(), question: self.question().into(), sight, provenance, of: None };
        Ok(List::new(volumes, about))
    }

    /// What of a storage's content the server leaves out: it lists each volume only to who may use it.
    fn sight(&self, session: &Session, place: &Place) -> Sight {
        let here = format!("/storage/{}", place.storage.raw());
        if session.has("Datastore.Allocate", &here) == Some(true) {
            return Sight::whole();
        }
        let guests = self.vmid.map_or("/vms".to_owned(), |vmid| format!("/vms/{vmid}"));
        let both = |on_storage: &str, on_guests: &str| {
            let held = match self.vmid {
                Some(_) => session.has(on_guests, &guests),
                None => session.has_below(on_guests, &guests),
            };
            match (session.has(on_storage, &here), held) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            }
        };
        let kinds: Vec<VolumeKind> = match &self.kind {
            Some(kind) => vec![kind.clone()],
            None => place.kinds.iter().cloned().map(VolumeKind::from).collect(),
        };
        let mut sight = Sight::whole();
        for kind in kinds {
            let (seen, takes) = match kind {
                VolumeKind::Iso | VolumeKind::Template => continue,
                VolumeKind::Backup => (
                    both("Datastore.AllocateSpace", "VM.Backup"),
                    format!("Datastore.AllocateSpace on {here} and VM.Backup on {guests}"),
                ),
                VolumeKind::Disk | VolumeKind::FileSystem => (
                    both("Datastore.Audit", "VM.Config.Disk"),
                    format!("Datastore.Audit on {here} and VM.Config.Disk on {guests}"),
                ),
                _ => (session.has("Datastore.Allocate", &here), format!("Datastore.Allocate on {here}")),
            };
            let things = Text::from(kind_words(&kind).1);
            sight = match seen {
                Some(true) => sight,
                Some(false) => sight.and(Sight::part(format!(
                    "There may be more {things} in {}: the server lists them only to who has {takes}, and {} lacks that.",
                    place.storage,
                    session.identity()
                ))),
                None => sight.and(Sight::unknown(format!(
                    "Whether these are all {things} in {} cannot be said: the privileges of {} could not be read.",
                    place.storage,
                    session.identity()
                ))),
            };
        }
        sight
    }
}

/// The guests of the cluster, to say whose a volume is.
struct Guests {
    names: BTreeMap<u64, Text>,
    whole: bool,
}

impl Guests {
    fn of(session: &Session, resources: &Result<Resources, Error>) -> Guests {
        let Ok(resources) = resources else { return Guests { names: BTreeMap::new(), whole: false } };
        let named = resources.of(&["qemu", "lxc"]).filter_map(|(row, _)| {
            let kind = if row.r#type.as_ref()? == "lxc" { "CT" } else { "VM" };
            Some((row.vmid?, row.name.clone().unwrap_or_else(|| kind.into())))
        });
        Guests { names: named.collect(), whole: resources.sight(session, "guests", "VM.Audit", "/vms").is_whole() }
    }

    fn owner(&self, vmid: Option<u64>) -> Owner {
        match vmid.map(|vmid| self.names.get(&vmid)) {
            None => Owner::Nobody,
            Some(Some(name)) => Owner::Guest(name.clone()),
            Some(None) if self.whole => Owner::Gone,
            Some(None) => Owner::NotSeen,
        }
    }
}

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
        let place = Place { node: self.node.clone(), storage: self.storage.clone(), kinds: self.content.clone() };
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
        let places = there.iter().map(|state| Place {
            node: state.node.clone(),
            storage: self.name.clone(),
            kinds: self.content.clone(),
        });
        let places: Vec<Place> = places.take(if self.shared { 1 } else { usize::MAX }).collect();
        if places.is_empty() {
            let why = if self.disabled { "it is switched off" } else { "no node has it available" };
            return Err(Error::not_found(
                format!("The content of {} cannot be listed: {why}", self.name),
                format!("pve.storage(\"{}\")? shows its state on each node", self.name),
            ));
        }
        let unseen = |state: &&StorageOnNode| {
            format!("Not read: {} on {}, where it is {}.", self.name, state.node, state.status)
        };
        let away = away.iter().filter(|_| !self.shared).map(unseen);
        let unseen = away.fold(Sight::whole(), |sight, why| sight.and(Sight::part(why)));
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
        let resources = Resources::read(&self.session)?;
        let mut storages: BTreeMap<&Text, Vec<&Resource>> = BTreeMap::new();
        for (row, _) in resources.of(&["storage"]) {
            if let Some(storage) = &row.storage
                && split(row.content.as_ref()).iter().any(|kind| kind == VolumeKind::Backup.word())
            {
                storages.entry(storage).or_default().push(row);
            }
        }
        let mut places: Vec<Place> = Vec::new();
        let mut unseen = resources.sight(&self.session, "storages", "Datastore.Audit", "/storage");
        for (storage, rows) in storages {
            let shared = rows.iter().any(|row| row.shared == Some(true));
            let (there, away): (Vec<&Resource>, Vec<_>) =
                rows.into_iter().partition(|row| row.status.as_ref().is_some_and(|status| status == "available"));
            if shared && there.is_empty() {
                unseen = unseen.and(Sight::part(format!("Not read: {storage}, which no node has available.")));
            }
            for row in away.iter().filter(|_| !shared) {
                let node = row.node.clone().unwrap_or_default();
                unseen = unseen.and(Sight::part(format!("Not read: {storage} on {node}, where it is not available.")));
            }
            let place =
                |row: &Resource| Some(Place { node: row.node.clone()?, storage: storage.clone(), kinds: Vec::new() });
            places.extend(there.into_iter().filter_map(place).take(if shared { 1 } else { usize::MAX }));
        }
        let wanted = Wanted { vmid: Some(self.vmid), ..Wanted::backups() };
        let list = wanted.read(&self.session, format!("Backups of {}", self.called().raw()), &places, unseen)?;
        Ok(list.sorted_by_key(|volume| std::cmp::Reverse(volume.ctime)))
    }
}
