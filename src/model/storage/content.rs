//! What lies in a storage: disks of guests, backups, images, templates. Read only when asked for, since a server may
//! take long to list it.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, Listed, column, count};
use crate::model::record::{Ask, Origin, record, segment};
use crate::model::together::sum_of;
use crate::model::volume::VolumeId;
use crate::model::words::words;
use crate::page::{Cell, State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Bytes, Moment, Reading, Why};

mod of;
mod read;

pub(crate) use of::of_cluster;

words! {
    /// What a volume is for.
    pub enum VolumeKind {
        /// A disk of a virtual machine.
        Disk = "images",
        /// A file system of a container.
        FileSystem = "rootdir",
        /// A backup of a guest.
        Backup = "backup",
        /// An image of a CD.
        Iso = "iso",
        /// A template that containers are made from.
        Template = "vztmpl",
        /// A small file that guests are set up with.
        Snippet = "snippets",
        /// A disk or a guest of another system, to be taken over.
        Import = "import",
    }
}

fields! {
    /// A volume, from `/nodes/{node}/storage/{storage}/content`.
    #[derive(Clone, Default)]
    pub struct Volume {
        /// Its name: storage and path.
        pub volid: Text,
        /// What it is for.
        pub content: Reading<VolumeKind>,
        /// How its data are kept: `raw`, `qcow2`, `subvol`, `vma.zst`, `pbs-vm`, ...
        pub format: Option<Text>,
        /// Its size, as who uses it sees it.
        pub size: Reading<Bytes>,
        /// The space that it takes, where the storage can tell.
        pub used: Reading<Bytes>,
        /// When it was made or written last.
        pub ctime: Reading<Moment>,
        /// The guest that it belongs to.
        #[field(loose::u64)]
        pub vmid: Option<u64>,
        /// The volume that it is based on.
        pub parent: Option<Text>,
        /// What people wrote to a backup, often the guest's name.
        pub notes: Option<Text>,
        /// Whether a backup is protected against being removed.
        #[field(loose::yes)]
        pub protected: bool,
        /// The fingerprint of the key that a backup is encrypted with, or `1`.
        pub encrypted: Option<Text>,
        /// What a backup server found when it last read the backup through: `state`, and the `upid` of that task.
        pub verification: Option<serde_json::Value>,
        /// What a backup is of: `qemu` or `lxc`.
        pub subtype: Option<Text>,
        /// Where it lies on the node; only of a volume that was asked for alone.
        pub path: Option<Text>,
        /// Whose it is.
        #[field(skip, "the guest of this number in /cluster/resources")]
        pub owner: VolumeOwner,
        /// The node that listed it.
        #[field(skip, "the path of the call")]
        pub node: Text,
        /// Whether other nodes see it too.
        #[field(skip, "the storage in the answer that told of it")]
        pub shared: bool,
        #[field(skip)]
        origin: Origin,
    }
}

record!(Volume: "/nodes/{node}/storage/{storage}/content", "/nodes/{node}/storage/{storage}/content/{volume}");

/// Whose a volume is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum VolumeOwner {
    /// Nobody's: an image, a template.
    #[default]
    Nobody,
    /// A guest's, with its name where that is known.
    Guest(Text),
    /// It names a guest that this cluster does not have.
    Gone,
    /// It names a guest that you may not see, or that is not there.
    NotSeen,
}

impl Volume {
    /// Its name, taken apart.
    ///
    /// # Errors
    /// When the server gave it another form.
    pub fn id(&self) -> Result<VolumeId, Error> {
        self.volid.raw().parse()
    }

    pub(crate) fn session(&self) -> Result<&Session, Error> {
        self.origin.session()
    }

    /// Whether it is a backup.
    pub fn is_backup(&self) -> bool {
        self.content == VolumeKind::Backup
    }

    /// Whether it is a disk of a guest that this cluster does not have. Another cluster may use it, where several
    /// share a storage: look before you remove it.
    pub fn is_orphan(&self) -> bool {
        self.owner == VolumeOwner::Gone && (self.content == VolumeKind::Disk || self.content == VolumeKind::FileSystem)
    }

    /// What a backup server found when it last read the backup through: `ok`, `failed`; `None` where it did not.
    pub fn verified(&self) -> Option<Text> {
        self.verification.as_ref()?.get("state")?.as_str().map(Text::from)
    }

    /// Whether it is a backup that counts: it is not empty, and no backup server found it broken. That it can be restored
    /// is known only once somebody has done it.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let bad = Pve::demo()?.backups()?.filter(|backup| !backup.is_good_backup());
    /// println!("{}", bad.page().text());
    /// # Ok(()) }
    /// ```
    pub fn is_good_backup(&self) -> bool {
        self.is_backup() && self.size.known() > Some(Bytes(0)) && self.verified().is_none_or(|found| found == "ok")
    }

    /// The volume read anew and alone, which tells where it lies, from
    /// `/nodes/{node}/storage/{storage}/content/{volume}`.
    ///
    /// # Errors
    /// When the node cannot be reached, or you may not see the volume.
    pub fn details(&self) -> Result<Volume, Error> {
        let id = self.id()?;
        let path = format!("/nodes/{}/storage/{}/content/{}", self.node.raw(), id.storage(), segment(&self.volid));
        Ask::new(self.origin.session()?, path).one_with(|alone: &mut Volume| {
            let found = alone.clone();
            let known = self.clone();
            *alone = Volume {
                format: found.format,
                size: found.size,
                used: found.used,
                path: found.path,
                notes: found.notes.or(known.notes),
                protected: found.protected || known.protected,
                origin: found.origin,
                ..self.clone()
            };
        })
    }

    fn owner_cell(&self) -> Cell {
        let vmid = self.vmid.unwrap_or_default();
        match &self.owner {
            VolumeOwner::Nobody => Cell::Empty,
            VolumeOwner::Guest(called)
                if [format!("VM {vmid}"), format!("CT {vmid}")].contains(&called.raw().to_owned()) =>
            {
                Cell::Name(called.clone(), "name not known".into())
            }
            VolumeOwner::Guest(name) => Cell::Name(name.clone(), vmid.to_string().into()),
            VolumeOwner::Gone => State::new(Tone::Held, format!("{vmid}, no such guest")).into(),
            VolumeOwner::NotSeen => Cell::Name(vmid.to_string().into(), "not visible to you".into()),
        }
    }

    /// Most storages do not say when a disk was made.
    fn age(&self) -> Cell {
        match (self.ctime, self.origin.session()) {
            (Reading::Known(made), Ok(session)) => session.now().since(made).into(),
            (Reading::Missing(Why::NotInAnswer), _) if !self.is_backup() => Cell::Empty,
            (made, _) => made.map(|_| Age(0)).into(),
        }
    }

    /// Its path on the storage without the folder that only says what it is for, and that in words.
    fn name_cell(&self) -> Cell {
        let path = self.volid.raw().split_once(':').map_or(self.volid.raw(), |(_, path)| path);
        let folders = ["backup/", "iso/", "vztmpl/", "snippets/", "import/"];
        let name = folders.iter().find_map(|folder| path.strip_prefix(folder)).unwrap_or(path);
        let kind = self.content.as_ref().known().map(|kind| Text::from(kind_words(kind).0));
        Cell::Name(name.into(), kind.unwrap_or_else(|| "for what is not said".into()))
    }

    fn place(&self) -> String {
        let storage = self.volid.raw().split_once(':').map_or("", |(storage, _)| storage);
        let storage = Text::from(storage);
        if self.shared { storage.to_string() } else { format!("{storage}, {}", self.node) }
    }

    fn marks(&self) -> Cell {
        let mut marks = Vec::new();
        let mut tone = Tone::Good;
        match self.verified().as_ref().map(Text::raw) {
            Some("ok") => marks.push("verified".to_owned()),
            Some(other) => {
                tone = Tone::Wrong;
                marks.push(format!("verification: {other}"));
            }
            None => tone = Tone::Off,
        }
        marks.extend(self.protected.then(|| "protected".to_owned()));
        marks.extend(self.encrypted.is_some().then(|| "encrypted".to_owned()));
        if marks.is_empty() { Cell::Empty } else { State::new(tone, marks.join(", ")).into() }
    }
}

impl Listed for Volume {
    const NOUN: (&'static str, &'static str) = ("volume", "volumes");

    fn columns() -> Vec<Column<Volume>> {
        vec![
            column!("Volume", Volume::name_cell).by(
                "volid content",
                "the path without the folder that only says what it is for, with that in words beside it",
            ),
            column!("Size", |v: &Volume| v.size),
            column!("Guest", Volume::owner_cell)
                .by("owner vmid", "the guest of this number among those of the cluster"),
            column!("Age", Volume::age).by(
                "ctime content",
                "the time since then, by the cluster's clock; of a disk most storages do not say it",
            ),
            column!("Storage", Volume::place)
                .by("volid shared node", "what stands before the colon, with the node where others do not see it"),
            column!("Marks", Volume::marks)
                .by("verification protected encrypted", "what is there of the three, in words"),
            column!("Notes", |v: &Volume| v.notes.as_ref().map(|notes| notes.brief(60))),
        ]
    }

    fn summary(volumes: &[Volume]) -> (String, String) {
        if volumes.is_empty() {
            return ("None".into(), ".".into());
        }
        let backups: Vec<&Volume> = volumes.iter().filter(|volume| volume.is_backup()).collect();
        let noun = if backups.len() == volumes.len() { ("backup", "backups") } else { Volume::NOUN };
        let mut rest = format!(", {} together", sum_of(volumes.iter().map(|volume| volume.size)));
        let newest = backups.iter().max_by_key(|volume| volume.ctime);
        if let Some((made, now)) = newest.and_then(|v| Some((v.ctime.known()?, v.origin.session().ok()?.now()))) {
            rest.push_str(&format!("; the newest backup is {} old", now.since(made)));
        }
        let bad = backups.iter().filter(|volume| volume.verified().is_some_and(|state| state != "ok")).count();
        if bad > 0 {
            rest.push_str(&format!("; {} failed verification", count(bad, ("backup", "backups"))));
        }
        let orphans = volumes.iter().filter(|volume| volume.is_orphan()).count();
        if orphans > 0 {
            rest.push_str(&format!("; {} of no guest in this cluster", count(orphans, ("disk", "disks"))));
        }
        (count(volumes.len(), noun), format!("{rest}."))
    }
}

pub(super) fn kind_words(kind: &VolumeKind) -> (&str, &str) {
    match kind {
        VolumeKind::Disk => ("VM disk", "disks of VMs"),
        VolumeKind::FileSystem => ("CT file system", "file systems of containers"),
        VolumeKind::Backup => ("backup", "backups"),
        VolumeKind::Iso => ("CD image", "CD images"),
        VolumeKind::Template => ("CT template", "container templates"),
        VolumeKind::Snippet => ("snippet", "snippets"),
        VolumeKind::Import => ("to be imported", "files to be imported"),
        VolumeKind::Other(word) => (word.raw(), word.raw()),
    }
}
