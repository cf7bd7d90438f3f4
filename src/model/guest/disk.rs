//! A disk in a guest's configuration: where its data lie, how large it is, and whether backups hold it.

use std::fmt;
use std::sync::Arc;

use serde_json::json;

use crate::model::list::{Column, Listed, column, count};
use crate::model::property::{Properties, size};
use crate::model::told::told;
use crate::model::volume::VolumeId;
use crate::model::why::{Explained, Sources};
use crate::page::{Cell, Provenance};
use crate::text::Text;
use crate::units::{Bytes, Reading, Why};

pub(crate) mod on_storage;

/// What a disk is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DiskKind {
    /// A disk of a virtual machine.
    Disk,
    /// The root file system of a container.
    Root,
    /// A further file system of a container.
    Mount,
    /// A CD drive, with or without a medium.
    Cdrom,
    /// The small drive that tells cloud-init what to set up.
    CloudInit,
    /// What UEFI remembers.
    Efi,
    /// What a TPM keeps.
    Tpm,
    /// A volume that belongs to the guest and is not attached to it.
    Unused,
}

impl fmt::Display for DiskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            DiskKind::Disk => "disk",
            DiskKind::Root => "root file system",
            DiskKind::Mount => "mount point",
            DiskKind::Cdrom => "CD drive",
            DiskKind::CloudInit => "cloud-init",
            DiskKind::Efi => "EFI variables",
            DiskKind::Tpm => "TPM state",
            DiskKind::Unused => "not attached",
        })
    }
}

impl From<DiskKind> for Cell {
    fn from(kind: DiskKind) -> Cell {
        kind.to_string().into()
    }
}

/// Where the data of a disk lie.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DiskSource {
    /// On a storage.
    Volume(VolumeId),
    /// In a device or folder of the node itself, which no storage knows of: the guest is bound to that node.
    Node(Text),
    /// In the CD drive of the node.
    NodeCdrom,
    /// Nowhere: the drive is empty.
    Empty,
}

told! {
    /// A disk of a guest, as its configuration describes it.
    #[derive(Clone)]
    pub struct Disk {
        /// The name of the setting: `scsi0`, `rootfs`, `mp1`, `unused0`.
        #[field(skip, "the name of the setting")]
        pub key: Text,
        /// What it is for.
        #[field("{key}", "the name of the setting, and its part media")]
        pub kind: DiskKind,
        /// Where its data lie.
        #[field("{key}", "what stands first in the setting")]
        pub source: DiskSource,
        /// Its size; a device of the node, an empty drive and an unattached volume do not say theirs.
        #[field("{key}", "its part size, with K, M, G or T for KiB to TiB")]
        pub size: Reading<Bytes>,
        /// Whether a backup of the guest holds it.
        #[field("{key}", "its part backup; yes for disks unless it is 0, no for mount points unless it is 1")]
        pub in_backups: bool,
        /// Where a container has it.
        #[field("{key}", "its part mp")]
        pub mounted_at: Option<Text>,
        /// All that the setting says.
        #[field("{key}")]
        pub setting: Text,
        #[field(skip)]
        properties: Properties,
        /// Where the configuration was read.
        #[field(skip)]
        from: Arc<Provenance>,
    }
}

impl Disk {
    /// The disk that a setting describes; `None` where the setting is about something else.
    pub(crate) fn read(key: &str, words: &str) -> Option<Disk> {
        let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
        let numbered = stem.len() < key.len();
        let properties = Properties::read(words);
        let main = ["", "file", "volume"].iter().find_map(|key| properties.word(key)).unwrap_or_default();
        let source = match main {
            "none" | "" => DiskSource::Empty,
            "cdrom" => DiskSource::NodeCdrom,
            main => match main.parse::<VolumeId>() {
                Ok(volume) => DiskSource::Volume(volume),
                Err(_) => DiskSource::Node(main.into()),
            },
        };
        let cloud_init = matches!(&source, DiskSource::Volume(volume) if volume.is_cloud_init());
        let kind = match stem {
            "ide" | "sata" | "scsi" | "virtio" if numbered && cloud_init => DiskKind::CloudInit,
            "ide" | "sata" | "scsi" | "virtio" if numbered && properties.word("media") == Some("cdrom") => {
                DiskKind::Cdrom
            }
            "ide" | "sata" | "scsi" | "virtio" if numbered => DiskKind::Disk,
            "efidisk" if numbered => DiskKind::Efi,
            "tpmstate" if numbered => DiskKind::Tpm,
            "unused" if numbered => DiskKind::Unused,
            "mp" if numbered => DiskKind::Mount,
            "rootfs" => DiskKind::Root,
            _ => return None,
        };
        let in_backups = match kind {
            DiskKind::Cdrom | DiskKind::CloudInit | DiskKind::Unused => false,
            // A mount point of a container has to ask for it, and folders of the node are never backed up.
            DiskKind::Mount => properties.flag("backup") == Some(true) && matches!(source, DiskSource::Volume(_)),
            DiskKind::Root => true,
            DiskKind::Disk | DiskKind::Efi | DiskKind::Tpm => properties.flag("backup") != Some(false),
        };
        Some(Disk {
            key: key.into(),
            kind,
            source,
            size: Reading::or_missing(properties.word("size").and_then(size), Why::NotInAnswer),
            in_backups,
            mounted_at: match kind {
                DiskKind::Root => Some("/".into()),
                _ => properties.get("mp"),
            },
            setting: words.into(),
            properties,
            from: Arc::default(),
        })
    }

    /// The storage that it lies on.
    pub fn storage(&self) -> Option<Text> {
        match &self.source {
            DiskSource::Volume(volume) => Some(volume.storage().into()),
            _ => None,
        }
    }

    /// One part of its setting: `disk.option("cache")`.
    pub fn option(&self, name: &str) -> Option<Text> {
        self.properties.get(name)
    }

    /// Whether its data are the guest's own: no medium, and not what cloud-init is told.
    pub fn holds_data(&self) -> bool {
        !matches!(self.kind, DiskKind::Cdrom | DiskKind::CloudInit) && self.source != DiskSource::Empty
    }

    /// Whether it binds the guest to its node.
    pub fn is_of_the_node(&self) -> bool {
        matches!(self.source, DiskSource::Node(_) | DiskSource::NodeCdrom)
    }

    fn source_cell(&self) -> Cell {
        match &self.source {
            DiskSource::Volume(volume) => Cell::Code(volume.into()),
            DiskSource::Node(path) => Cell::Name(path.clone(), "of the node itself".into()),
            DiskSource::NodeCdrom => Cell::from("the node's CD drive"),
            DiskSource::Empty => Cell::Missing("no medium".into()),
        }
    }

    fn options(&self) -> String {
        let shown =
            self.properties.iter().filter(|(key, _)| !["", "file", "volume", "size", "media", "mp"].contains(key));
        shown.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
    }
}

impl Disk {
    /// The same disk, of a configuration that was read there.
    pub(super) fn of(self, from: &Arc<Provenance>) -> Disk {
        Disk { from: from.clone(), ..self }
    }
}

impl Explained for Disk {
    fn sources(&self) -> Sources {
        let sources = Sources::of(&self.from).named("key", self.key.raw());
        let call = sources.call("/config");
        sources.part(call, "", json!({ self.key.raw(): self.setting.raw() }))
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Disk({}, {}, {})", self.key, self.kind, self.size)
    }
}

impl Listed for Disk {
    const NOUN: (&'static str, &'static str) = ("disk", "disks");

    fn columns() -> Vec<Column<Disk>> {
        vec![
            column!("Disk", |d: &Disk| Cell::Name(d.key.clone(), d.kind.to_string().into())),
            column!("Size", |d: &Disk| match d.source {
                DiskSource::Volume(_) => d.size.into(),
                _ => Cell::Empty,
            })
            .by("size source", "of what lies on a storage; the others do not say theirs"),
            column!("Where", Disk::source_cell).by("source", "the volume, or the path on the node, or the medium"),
            column!("Mounted at", |d: &Disk| d.mounted_at.clone()),
            column!("In backups", |d: &Disk| d.in_backups),
            column!("Options", Disk::options)
                .by("setting", "all parts of the setting but those that stand in other columns"),
        ]
    }

    fn summary(disks: &[Disk]) -> (String, String) {
        let data: Vec<&Disk> = disks.iter().filter(|disk| disk.holds_data()).collect();
        if data.is_empty() {
            return ("No disk with data".into(), ".".into());
        }
        let known: Bytes = data.iter().filter_map(|disk| disk.size.known()).sum();
        let silent = data.iter().filter(|disk| !disk.size.is_known()).count();
        let left_out: Vec<String> =
            data.iter().filter(|disk| !disk.in_backups).map(|disk| disk.key.to_string()).collect();
        let mut rest = format!(", {known} together");
        if silent > 0 {
            rest.push_str(&format!(" without {silent} that do not say their size"));
        }
        if !left_out.is_empty() {
            rest.push_str(&format!("; no backup holds {}", left_out.join(", ")));
        }
        (count(data.len(), ("disk with data", "disks with data")), format!("{rest}."))
    }
}
