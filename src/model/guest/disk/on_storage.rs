//! A guest's disk together with the storage that it lies on, as the guest's node sees that.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::guest::disk::{Disk, DiskKind, DiskSource};
use crate::model::lens;
use crate::model::list::{About, Column, List, Listed, column};
use crate::model::record::json_of;
use crate::model::resource::{Resource, Resources};
use crate::model::told::told;
use crate::model::why::{Explained, Sources, only};
use crate::page::{Cell, Page, Provenance, State, Tone};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Bytes, Ratio, Reading, Why};
use crate::wire::{Call, Raw};

told! {
    /// A disk of a guest, and the storage under it.
    #[derive(Clone)]
    pub struct GuestDisk {
        /// The disk, as the configuration describes it.
        #[field(skip, "the setting of the disk in the configuration")]
        pub disk: Disk,
        /// The storage that it lies on, as the guest's node sees it; `None` of what lies on none.
        #[field(skip, "the row of the storage on the node of the guest")]
        pub storage: Option<DiskStorage>,
        #[field(skip)]
        guest: Text,
        /// The row of the storage.
        #[field(skip)]
        row: Option<Raw>,
        #[field(skip)]
        from: Arc<Provenance>,
    }
}

told! {
    /// The storage under a disk.
    #[derive(Clone)]
    pub struct DiskStorage {
        /// Its name.
        #[field("storage")]
        pub name: Text,
        /// The kind: `dir`, `zfspool`, `rbd`, `nfs`, ...
        #[field("plugintype")]
        pub kind: Reading<Text>,
        /// Whether all nodes see the same data.
        pub shared: Reading<bool>,
        /// Whether the guest's node can use it: `available`, or another word where it cannot.
        pub status: Reading<Text>,
        /// Space in use.
        #[field("disk")]
        pub used: Reading<Bytes>,
        /// Space that it has.
        #[field("maxdisk")]
        pub total: Reading<Bytes>,
    }
}

/// The read that tells of all storages on all nodes.
pub(crate) fn storages_call() -> Call {
    Call::get("/cluster/resources").with("type", "storage")
}

impl Guest {
    /// Its disks with the storages they lie on, from its configuration and `/cluster/resources?type=storage`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let disks = Pve::demo()?.guest("db-main")?.disks()?;
    /// assert!(disks.all(|disk| disk.storage.as_ref().is_none_or(|storage| storage.is_available())));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node cannot be reached or VM.Audit is missing.
    pub fn disks(&self) -> Result<List<GuestDisk>, Error> {
        let storages = self.session.submit(storages_call());
        let config = self.config()?;
        let storages = self.session.answer(storages).and_then(Resources::of_answer);
        let disks = config.disks();
        let (mut sight, mut provenance) = (disks.sight(), disks.provenance());
        match &storages {
            Ok(all) => provenance = provenance.and(&self.session.provenance([&all.answer], None)),
            Err(error) => sight = sight.remark(format!("The storages could not be read. {error}")),
        }
        let from = Arc::new(provenance.clone());
        let row =
            |disk: &Disk| Some(DiskStorage::row(&disk.storage()?, &self.node, storages.as_ref().ok()?)?.1.clone());
        let on = |disk: &Disk| GuestDisk {
            row: row(disk),
            from: from.clone(),
            storage: disk.storage().map(|name| match &storages {
                Ok(all) => DiskStorage::read(&self.session, name, &self.node, all),
                Err(_) => DiskStorage::not_known(name, Why::NotInAnswer),
            }),
            disk: disk.clone(),
            guest: self.called(),
        };
        let disks = disks.map(on);
        let about = About {
            title: format!("Disks of {}", self.called().raw()).into(),
            question: "Where are its data, how large are they, and are they backed up?".into(),
            sight,
            provenance,
            of: None,
        };
        Ok(List::new(disks, about))
    }
}

impl DiskStorage {
    fn read(session: &Session, name: Text, node: &Text, all: &Resources) -> DiskStorage {
        let Some((row, _)) = DiskStorage::row(&name, node, all) else {
            let path = format!("/storage/{}", name.raw());
            return DiskStorage::not_known(
                name,
                match session.has("Datastore.Audit", &path) {
                    Some(true) => Why::NotInAnswer,
                    _ => Why::needs("Datastore.Audit", &path),
                },
            );
        };
        let available = row.status.as_ref().is_some_and(|status| status == "available");
        let bytes = |n: Option<u64>| Reading::or_missing(n.filter(|_| available).map(Bytes), Why::StorageInactive);
        DiskStorage {
            kind: Reading::or_missing(row.plugintype.clone(), Why::NotInAnswer),
            shared: Reading::or_missing(row.shared, Why::NotInAnswer),
            status: Reading::or_missing(row.status.clone(), Why::NotInAnswer),
            used: bytes(row.disk),
            total: bytes(row.maxdisk),
            name,
        }
    }

    /// What the overview says of a storage on a node.
    fn row<'a>(name: &Text, node: &Text, all: &'a Resources) -> Option<&'a (Resource, Raw)> {
        all.of(&["storage"]).find(|(row, _)| row.storage.as_ref() == Some(name) && row.node.as_ref() == Some(node))
    }

    fn not_known(name: Text, why: Why) -> DiskStorage {
        DiskStorage {
            name,
            kind: Reading::Missing(why),
            shared: Reading::Missing(why),
            status: Reading::Missing(why),
            used: Reading::Missing(why),
            total: Reading::Missing(why),
        }
    }

    /// Whether the guest's node can use it.
    pub fn is_available(&self) -> bool {
        self.status.as_ref().known().is_some_and(|status| *status == "available")
    }

    fn fullness(&self) -> Option<Ratio> {
        self.used.known()?.of(self.total.known()?)
    }

    fn name_cell(&self) -> Cell {
        let Reading::Known(kind) = &self.kind else { return self.name.clone().into() };
        let shared = match self.shared.known() {
            Some(true) => ", shared",
            Some(false) => ", of this node",
            None => "",
        };
        Cell::Name(self.name.clone(), format!("{}{shared}", kind.raw()).into())
    }

    fn state_cell(&self) -> Cell {
        match (&self.status, self.fullness()) {
            (Reading::Known(status), _) if *status != "available" => {
                State::new(Tone::Wrong, format!("not available ({})", status.raw())).into()
            }
            (Reading::Known(_), Some(full)) if full >= Ratio(0.85) => {
                State::new(Tone::Held, format!("available, {full} full")).into()
            }
            (Reading::Known(_), Some(full)) => State::new(Tone::Good, format!("available, {full} full")).into(),
            (Reading::Known(_), None) => State::new(Tone::Good, "available").into(),
            (Reading::Missing(Why::NotInAnswer), _) => State::new(Tone::Unknown, "not known on this node").into(),
            (Reading::Missing(why), _) => Cell::from(*why),
        }
    }
}

impl Explained for GuestDisk {
    fn sources(&self) -> Sources {
        const OF_A_ROW: [&str; 6] = ["storage", "plugintype", "shared", "status", "disk", "maxdisk"];
        let setting = self.disk.sources();
        let sources = Sources { parts: setting.parts, named: setting.named, ..Sources::of(&self.from) };
        let call = sources.call("/cluster/resources");
        match &self.row {
            Some(row) => sources.part(call, "", only(json_of(row), &OF_A_ROW)),
            None => sources,
        }
    }
}

impl fmt::Debug for GuestDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GuestDisk({:?})", self.disk)
    }
}

impl fmt::Debug for DiskStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DiskStorage({}, {})", self.name, self.state_cell())
    }
}

/// What it is for, and where it is mounted.
fn name_cell(disk: &Disk) -> Cell {
    let what = match (&disk.mounted_at, disk.kind) {
        (Some(at), DiskKind::Mount) => format!("mounted at {}", at.raw()),
        (_, kind) => kind.to_string(),
    };
    Cell::Name(disk.key.clone(), what.into())
}

impl Listed for GuestDisk {
    const NOUN: (&'static str, &'static str) = Disk::NOUN;

    fn columns() -> Vec<Column<GuestDisk>> {
        vec![
            column!("Disk", |d: &GuestDisk| name_cell(&d.disk))
                .by("disk.key disk.kind disk.mounted_at", "the name of the setting, with what it is for beside it"),
            column!("Size", |d: &GuestDisk| match d.disk.source {
                DiskSource::Volume(_) => d.disk.size.into(),
                _ => Cell::Empty,
            })
            .by("disk.size disk.source", "of what lies on a storage; the others do not say theirs"),
            column!("Where", |d: &GuestDisk| d.disk.source_cell())
                .by("disk.source", "the volume, or the path on the node, or the medium"),
            column!("Storage", |d: &GuestDisk| d.storage.as_ref().map(DiskStorage::name_cell))
                .by("storage.name storage.kind storage.shared", "the name, with its kind and who sees it beside it"),
            column!("Which is", |d: &GuestDisk| d.storage.as_ref().map(DiskStorage::state_cell)).by(
                "storage.status storage.used storage.total",
                "whether the node can use it, and how full it is; on hold from 85%",
            ),
            column!("In backups", |d: &GuestDisk| match d.disk.kind {
                DiskKind::Cdrom | DiskKind::CloudInit => Cell::Empty,
                _ => d.disk.in_backups.into(),
            })
            .by("disk.in_backups disk.kind", "media and what cloud-init is told are never in backups"),
            column!("Options", |d: &GuestDisk| d.disk.options())
                .by("disk.setting", "all parts of the setting but those that stand in other columns"),
        ]
    }

    fn summary(disks: &[GuestDisk]) -> (String, String) {
        let (fact, rest) = Disk::summary(&disks.iter().map(|disk| disk.disk.clone()).collect::<Vec<_>>());
        let mut away: Vec<&str> = disks
            .iter()
            .filter_map(|disk| disk.storage.as_ref())
            .filter(|storage| storage.status.is_known() && !storage.is_available())
            .map(|storage| storage.name.raw())
            .collect();
        away.dedup();
        match away.is_empty() {
            true => (fact, rest),
            false => (fact, format!("{}; not available: {}.", rest.trim_end_matches('.'), away.join(", "))),
        }
    }
}

impl View for GuestDisk {
    fn page(&self) -> Page {
        let facts = GuestDisk::columns().into_iter().skip(1).map(|column| (column.name().clone(), column.cell(self)));
        let facts = lens::facts(self, facts, &self.from).into_iter();
        let size = self.disk.size.known().map_or("Of unknown size".to_owned(), |size| size.to_string());
        let rest = match &self.storage {
            Some(storage) => match storage.state_cell() {
                Cell::State(state) => format!(" on {}, {}.", storage.name.raw(), state.word.raw()),
                _ => format!(" on {}.", storage.name.raw()),
            },
            None => ", on no storage.".to_owned(),
        };
        Page::new(format!("Disk {} of {}", self.disk.key.raw(), self.guest.raw()))
            .question("Where are its data, how large are they, and are they backed up?")
            .answer(size, rest)
            .facts(facts.filter(|(_, cell)| !cell.to_string().is_empty()))
            .provenance((*self.from).clone())
    }
}
