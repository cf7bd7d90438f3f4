//! The name of a volume: the storage that it lies on, and its path there.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::text::Text;

/// The name of a volume: `local-zfs:vm-101-disk-0`, `nfs:backup/vzdump-qemu-101-2026_01_15-02_00_03.vma.zst`.
///
/// ```
/// use pve_notebook::VolumeId;
/// let id: VolumeId = "ceph-vm:base-900-disk-0/vm-901-disk-0".parse().unwrap();
/// assert_eq!((id.storage(), id.path(), id.owner()), ("ceph-vm", "base-900-disk-0/vm-901-disk-0", Some(901)));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VolumeId {
    id: Text,
    colon: usize,
}

impl VolumeId {
    /// The storage.
    pub fn storage(&self) -> &str {
        &self.id.raw()[..self.colon]
    }

    /// The path on that storage.
    pub fn path(&self) -> &str {
        &self.id.raw()[self.colon + 1..]
    }

    /// As the server spells it.
    pub fn raw(&self) -> &str {
        self.id.raw()
    }

    /// The number of the guest that it belongs to, as its name says; images and templates belong to none.
    pub fn owner(&self) -> Option<u32> {
        let number = |word: &str| word.parse::<u32>().ok();
        let path = self.path();
        if ["iso/", "vztmpl/", "snippets/", "import/"].iter().any(|folder| path.starts_with(folder)) {
            return None;
        }
        // A Proxmox Backup Server names the guest in a folder.
        if let ["backup", "vm" | "ct", vmid, _] = path.split('/').collect::<Vec<_>>()[..] {
            return number(vmid);
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        match name.split(['-', '.']).collect::<Vec<_>>()[..] {
            ["vzdump", "qemu" | "lxc" | "openvz", vmid, ..] => number(vmid),
            ["vm" | "base" | "subvol" | "basevol", vmid, _, ..] => number(vmid),
            _ => None,
        }
    }

    /// Whether it holds what cloud-init is told.
    pub(crate) fn is_cloud_init(&self) -> bool {
        let name = self.path().rsplit('/').next().unwrap_or_default();
        let name = name.split('.').next().unwrap_or(name);
        name == "cloudinit" || (name.starts_with("vm-") && name.ends_with("-cloudinit"))
    }
}

impl FromStr for VolumeId {
    type Err = Error;

    fn from_str(id: &str) -> Result<VolumeId, Error> {
        let colon = id.find(':').filter(|colon| *colon + 1 < id.len());
        let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        match colon {
            Some(colon) if id.starts_with(|c: char| c.is_ascii_alphabetic()) && id[..colon].chars().all(inner) => {
                Ok(VolumeId { id: id.into(), colon })
            }
            _ => Err(Error::setup(
                format!("\"{}\" is not the name of a volume", Text::from(id).brief(80)),
                "It looks like local-zfs:vm-101-disk-0, the storage before the colon; a storage's content() lists them",
            )),
        }
    }
}

impl From<&VolumeId> for Text {
    fn from(id: &VolumeId) -> Text {
        id.id.clone()
    }
}

impl fmt::Display for VolumeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

impl fmt::Debug for VolumeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_owner_stands_in_the_name_in_many_ways() {
        for (id, owner) in [
            ("s:100/vm-100-disk-0.raw", Some(100)),
            ("s:104/base-104-disk-0.qcow2/105/vm-105-disk-0.qcow2", Some(105)),
            ("s:subvol-200-disk-0", Some(200)),
            ("s:vm-110-cloudinit", Some(110)),
            ("s:backup/vzdump-lxc-201-2026_01_02-03_04_05.tar.zst", Some(201)),
            ("s:backup/ct/203/2026-01-02T03:04:05Z", Some(203)),
            ("s:iso/vm-9.iso", None),
            ("s:iso/debian-12.iso", None),
            ("s:snippets/user.yaml", None),
        ] {
            assert_eq!(id.parse::<VolumeId>().unwrap().owner(), owner, "{id}");
        }
    }

    #[test]
    fn devices_and_empty_drives_are_no_volumes() {
        for id in ["", "none", "cdrom", "/dev/disk/by-id/x:y", "s:", ":x", "4:x"] {
            assert!(id.parse::<VolumeId>().unwrap_err().to_string().contains("is not the name of a volume"), "{id}");
        }
    }

    proptest! {
        #[test]
        fn any_words_are_taken_or_refused_and_what_is_taken_comes_back_whole(id in "[a-z:/.0-9-]{0,20}|.*") {
            if let Ok(volume) = id.parse::<VolumeId>() {
                let _ = (volume.owner(), volume.is_cloud_init());
                prop_assert_eq!(format!("{}:{}", volume.storage(), volume.path()), id);
            }
        }
    }
}
