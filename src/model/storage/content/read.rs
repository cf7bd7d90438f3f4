//! Reading what lies in storages: whose it is, and what the server keeps to itself.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::error::Error;
use crate::model::list::{About, List, count};
use crate::model::record::Ask;
use crate::model::resource::Resources;
use crate::model::sight::Sight;
use crate::model::storage::content::{Volume, VolumeKind, VolumeOwner, kind_words};
use crate::session::{Answer, Session};
use crate::text::Text;
use crate::wire::Call;

/// A storage on a node, with the kinds of volumes that may lie there.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) node: Text,
    pub(super) storage: Text,
    pub(super) shared: bool,
    /// Further nodes that see the same, should this one not answer.
    pub(super) others: Vec<Text>,
    pub(super) kinds: Vec<Text>,
}

impl Place {
    /// A storage on these nodes: one of them where they see the same data, else each.
    pub(super) fn all(storage: &Text, nodes: Vec<Text>, shared: bool, kinds: &[Text]) -> Vec<Place> {
        let place = |node: Text, others: Vec<Text>| Place {
            node,
            storage: storage.clone(),
            shared,
            others,
            kinds: kinds.to_vec(),
        };
        let mut nodes = nodes.into_iter();
        if shared {
            let first = nodes.next();
            return first.map(|first| place(first, nodes.collect())).into_iter().collect();
        }
        nodes.map(|node| place(node, Vec::new())).collect()
    }
}

/// Which volumes are wanted.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) kind: Option<VolumeKind>,
    pub(super) vmid: Option<u32>,
}

impl Wanted {
    pub(super) fn backups() -> Wanted {
        Wanted { kind: Some(VolumeKind::Backup), vmid: None }
    }

    pub(super) fn title(&self) -> &'static str {
        if self.kind.is_some() { "Backups" } else { "Content" }
    }

    fn question(&self) -> &'static str {
        match self.kind {
            Some(_) => "What could be restored, how old is it, and was it verified?",
            None => "What lies there, whose is it, and how much space does it take?",
        }
    }

    fn call(&self, node: &Text, place: &Place) -> Call {
        let call = Call::get(format!("/nodes/{}/storage/{}/content", node.raw(), place.storage.raw()));
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
    pub(super) fn read(
        &self,
        session: &Session,
        title: String,
        places: &[Place],
        mut sight: Sight,
    ) -> Result<List<Volume>, Error> {
        let since = Instant::now();
        let resources = session.submit(Call::get("/cluster/resources"));
        let answers = session.ask_all("storages", places.iter().map(|place| self.call(&place.node, place)).collect());
        let resources = session.answer(resources).and_then(Resources::of_answer);
        let guests = Guests::of(session, &resources);
        let mut provenance = session.provenance(resources.as_ref().ok().map(|all| &all.answer), None);
        let (mut volumes, mut read, mut first) = (Vec::new(), 0, None);
        let mut said: Vec<&Text> = Vec::new();
        for (place, answer) in places.iter().zip(answers) {
            let (node, answer) = self.or_elsewhere(session, place, answer);
            let list = answer.and_then(|answer| {
                let ask = Ask::new(session, "");
                let ask = resources.iter().fold(ask, |ask, all| ask.besides(&all.answer));
                ask.list_of(&answer, |volume: &mut Volume| {
                    volume.owner = guests.owner(volume.vmid);
                    volume.node = node.clone();
                    volume.shared = place.shared;
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
                    volumes.extend(list.into_iter().filter(|volume| self.is_wanted(volume)));
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
        // A few calls are named each.
        const NAMED: usize = 3;
        if read > NAMED {
            let one = Place { node: "{node}".into(), storage: "{storage}".into(), ..places[0].clone() };
            let calls = format!("{} of {}", self.call(&one.node, &one).shown().raw(), count(read, ("place", "places")));
            provenance.calls.truncate(usize::from(resources.is_ok()));
            provenance.calls.push(calls.into());
        }
        provenance = provenance.together_since(since);
        volumes.sort_by(|a, b| (&a.content, &a.volid, &a.node).cmp(&(&b.content, &b.volid, &b.node)));
        let about = About { title: title.into(), question: self.question().into(), sight, provenance, of: None };
        Ok(List::new(volumes, about))
    }

    /// What another node says of a shared storage where the first did not answer.
    fn or_elsewhere(
        &self,
        session: &Session,
        place: &Place,
        answer: Result<Answer, Error>,
    ) -> (Text, Result<Answer, Error>) {
        let Err(error) = answer else { return (place.node.clone(), answer) };
        // Who may not look may look on no node.
        if !matches!(error, Error::NotPermitted { .. }) {
            for node in &place.others {
                let answer = session.ask(self.call(node, place));
                if answer.is_ok() {
                    return (node.clone(), answer);
                }
            }
        }
        (place.node.clone(), Err(error))
    }

    /// The server narrows the list already, as far as it knows how.
    fn is_wanted(&self, volume: &Volume) -> bool {
        self.kind.as_ref().is_none_or(|kind| volume.content == *kind)
            && self.vmid.is_none_or(|vmid| volume.vmid == Some(vmid.into()))
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
                Some(false) => sight.and(Sight::hidden(format!(
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
            let vmid = row.vmid?;
            Some((vmid, row.name.clone().unwrap_or_else(|| format!("{kind} {vmid}").into())))
        });
        Guests { names: named.collect(), whole: resources.sight(session, "guests", "VM.Audit", "/vms").is_whole() }
    }

    fn owner(&self, vmid: Option<u64>) -> VolumeOwner {
        match vmid.map(|vmid| self.names.get(&vmid)) {
            None => VolumeOwner::Nobody,
            Some(Some(name)) => VolumeOwner::Guest(name.clone()),
            Some(None) if self.whole => VolumeOwner::Gone,
            Some(None) => VolumeOwner::NotSeen,
        }
    }
}
