//! Disks as configurations write them: a volume, and what is set for it. Drives of VMs and mount points of containers.
//!
//! Knows which keys are disks and how PVE writes them; whether a volume is there is known in `images`.

use std::collections::BTreeMap;
use std::fmt;

use super::form::volume_id;
use super::state::{Guest, Kind};

/// The buses of a VM in the order in which PVE goes through them, and how many disks each takes.
const BUSES: [(&str, u32); 6] =
    [("ide", 4), ("scsi", 31), ("virtio", 16), ("sata", 6), ("efidisk", 1), ("tpmstate", 1)];
const MOUNT_POINTS: u32 = 256;
pub(super) const UNUSED: u32 = 256;

/// What stands behind a key such as `scsi0` or `mp1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Drive {
    /// A volume, `none`, a path, or what is to become a volume.
    pub(super) volume: String,
    options: BTreeMap<String, String>,
}

impl Drive {
    /// Reads what a configuration or a caller wrote, once that is checked.
    pub(super) fn read(text: &str) -> Drive {
        let mut drive = Drive { volume: String::new(), options: BTreeMap::new() };
        for part in text.split(',').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("file" | "volume", volume)) => drive.volume = volume.to_owned(),
                Some((key, value)) => {
                    drive.options.insert(key.to_owned(), value.to_owned());
                }
                None => drive.volume = part.to_owned(),
            }
        }
        drive
    }

    /// The same with parts that were taken apart and checked.
    pub(super) fn of(parts: Vec<(String, String)>) -> Drive {
        let mut options: BTreeMap<String, String> = parts.into_iter().collect();
        let volume = ["file", "volume"].iter().find_map(|key| options.remove(*key)).unwrap_or_default();
        Drive { volume, options }
    }

    pub(super) fn option(&self, key: &str) -> Option<&str> {
        self.options.get(key).map(String::as_str)
    }

    pub(super) fn set(&mut self, key: &str, value: impl Into<String>) {
        self.options.insert(key.to_owned(), value.into());
    }

    pub(super) fn unset(&mut self, key: &str) -> Option<String> {
        self.options.remove(key)
    }

    /// Whether both are set alike, whatever volume each holds, but for these options.
    pub(super) fn differs(&self, other: &Drive, options: &[&str]) -> bool {
        options.iter().any(|key| self.option(key) != other.option(key))
    }

    pub(super) fn is_cloud_init(&self) -> bool {
        let name = self.volume.rsplit([':', '/']).next().unwrap_or_default();
        name == "cloudinit" || (name.starts_with("vm-") && name.ends_with("-cloudinit"))
    }

    /// A drive for media, cloud-init's among them.
    pub(super) fn is_cdrom(&self) -> bool {
        self.option("media") == Some("cdrom")
    }

    /// The volume of a storage that it holds, if it holds one that is a guest's own.
    pub(super) fn image(&self) -> Option<&str> {
        let (_, name) = volume_id(&self.volume)?;
        (!self.volume.starts_with('/') && !name.starts_with("iso/")).then_some(self.volume.as_str())
    }

    /// What is asked for where a new volume is: the storage, if any is named, and the size in GiB.
    pub(super) fn wanted(&self) -> Option<(Option<&str>, f64)> {
        let (storage, size) = match self.volume.split_once(':') {
            Some((storage, size)) => (Some(storage), size),
            None => (None, self.volume.as_str()),
        };
        let digits = !size.is_empty() && size.chars().all(|c| c.is_ascii_digit() || c == '.');
        digits.then(|| size.parse().ok()).flatten().map(|size| (storage, size))
    }

    /// Its size in bytes as the configuration has it.
    pub(super) fn size(&self) -> Option<u64> {
        parse_size(self.option("size")?)
    }

    pub(super) fn set_size(&mut self, size: u64) {
        self.set("size", format_size(size));
    }
}

/// The volume first, then where it is mounted, then the rest by the alphabet.
impl fmt::Display for Drive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.volume)?;
        let first = self.options.get_key_value("mp").into_iter();
        for (key, value) in first.chain(self.options.iter().filter(|(key, _)| *key != "mp")) {
            write!(f, ",{key}={value}")?;
        }
        Ok(())
    }
}

/// Bytes of `32G`, `4M`, `528K`, `1.5T` or a bare number.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    let text = text.strip_suffix("iB").unwrap_or(text);
    let (number, unit) = match text.char_indices().last()? {
        (at, unit) if unit.is_ascii_alphabetic() => (&text[..at], unit),
        _ => (text, 'B'),
    };
    let power = ['B', 'K', 'M', 'G', 'T'].iter().position(|known| *known == unit)?;
    let digits = number.starts_with(|c: char| c.is_ascii_digit()) && number.ends_with(|c: char| c.is_ascii_digit());
    let number: f64 = number.parse().ok().filter(|_| digits)?;
    Some((number * (1_u64 << (10 * power)) as f64) as u64)
}

/// The largest unit that leaves a whole number.
pub(super) fn format_size(size: u64) -> String {
    let (mut size, mut units) = (size, ["K", "M", "G", "T"].iter());
    let mut unit = "";
    while size > 0 && size.is_multiple_of(1024) {
        let Some(next) = units.next() else { break };
        (size, unit) = (size / 1024, next);
    }
    format!("{size}{unit}")
}

/// The bus and the number of a key.
fn parts(key: &str) -> Option<(&str, u32)> {
    let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &key[stem.len()..];
    // `scsi01` is no key.
    let plain = number == "0" || !number.starts_with('0');
    number.parse().ok().filter(|_| plain).map(|number| (stem, number))
}

/// Where a key stands among the disks of its kind; `None` when it is none.
pub(super) fn rank(kind: Kind, key: &str) -> Option<(usize, u32)> {
    if kind == Kind::Lxc {
        return match parts(key) {
            None => (key == "rootfs").then_some((0, 0)),
            Some((stem, number)) => (stem == "mp" && number < MOUNT_POINTS).then_some((1, number)),
        };
    }
    let (stem, number) = parts(key)?;
    let bus = BUSES.iter().position(|(bus, most)| *bus == stem && number < *most)?;
    Some((bus, number))
}

pub(super) fn is_unused(key: &str) -> bool {
    parts(key).is_some_and(|(stem, number)| stem == "unused" && number < UNUSED)
}

/// All keys of disks, as PVE lists them where one is not among them.
pub(super) fn all_keys(kind: Kind, with_unused: bool) -> Vec<String> {
    let numbered = |stem: &str, most: u32| (0..most).map(|n| format!("{stem}{n}")).collect::<Vec<_>>();
    let mut keys: Vec<String> = match kind {
        Kind::Qemu => BUSES.iter().flat_map(|(bus, most)| numbered(bus, *most)).collect(),
        Kind::Lxc => ["rootfs".to_owned()].into_iter().chain(numbered("mp", MOUNT_POINTS)).collect(),
    };
    if with_unused {
        keys.extend(numbered("unused", UNUSED));
    }
    keys
}

/// The disks that a configuration names, in PVE's order.
pub(super) fn drives(kind: Kind, config: &serde_json::Map<String, serde_json::Value>) -> Vec<(String, Drive)> {
    let mut found: Vec<_> = config
        .iter()
        .filter_map(|(key, value)| Some((rank(kind, key)?, key.clone(), Drive::read(value.as_str()?))))
        .collect();
    found.sort_by_key(|(rank, ..)| *rank);
    found.into_iter().map(|(_, key, drive)| (key, drive)).collect()
}

/// The same with the volumes that it keeps unused, which come last.
pub(super) fn drives_and_unused(
    kind: Kind,
    config: &serde_json::Map<String, serde_json::Value>,
) -> Vec<(String, Drive)> {
    let mut found = drives(kind, config);
    let unused = config.iter().filter(|(key, _)| is_unused(key));
    found.extend(unused.filter_map(|(key, value)| Some((key.clone(), Drive::read(value.as_str()?)))));
    found
}

impl Guest {
    /// Its disks, media and cloud-init's drive among them, in PVE's order.
    pub(super) fn drives(&self) -> Vec<(String, Drive)> {
        drives(self.kind, &self.config)
    }

    pub(super) fn drive(&self, key: &str) -> Option<Drive> {
        Some(Drive::read(self.text(key)?))
    }

    pub(super) fn has_cloud_init(&self) -> bool {
        self.drives().iter().any(|(_, drive)| drive.is_cloud_init())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drive_is_written_as_pve_writes_it() {
        let disk = Drive::read("ceph-vm:vm-101-disk-0,ssd=1,size=32G,discard=on");
        assert_eq!(disk.to_string(), "ceph-vm:vm-101-disk-0,discard=on,size=32G,ssd=1");
        let mount = Drive::read("size=800G,backup=1,mp=/data,volume=local-zfs:subvol-203-disk-1");
        assert_eq!(mount.to_string(), "local-zfs:subvol-203-disk-1,mp=/data,backup=1,size=800G");
    }

    #[test]
    fn sizes_have_the_largest_unit_that_fits() {
        for (text, bytes) in [("32G", 32 << 30), ("4M", 4 << 20), ("528K", 528 << 10), ("2T", 2 << 40), ("1023", 1023)]
        {
            assert_eq!((parse_size(text), format_size(bytes)), (Some(bytes), text.to_owned()));
        }
        assert_eq!((parse_size("1.5G"), parse_size("1GiB")), (Some(3 << 29), Some(1 << 30)));
        assert_eq!((parse_size("G"), parse_size("1.G"), parse_size("-1G"), parse_size("1X")), (None, None, None, None));
        assert_eq!(format_size(0), "0");
    }

    #[test]
    fn what_a_drive_holds_is_told_apart() {
        assert_eq!(Drive::read("local-zfs:8,ssd=1").wanted(), Some((Some("local-zfs"), 8.0)));
        assert_eq!(Drive::read("0.5").wanted(), Some((None, 0.5)));
        assert_eq!(Drive::read("local-zfs:vm-1-disk-0").wanted(), None);
        assert!(Drive::read("local-zfs:cloudinit").is_cloud_init());
        assert!(Drive::read("ceph-vm:vm-101-cloudinit,media=cdrom").is_cloud_init());
        assert!(!Drive::read("local:iso/cloudinit.iso,media=cdrom").is_cloud_init());
        assert_eq!(Drive::read("local:iso/a.iso,media=cdrom").image(), None);
        assert_eq!(Drive::read("none,media=cdrom").image(), None);
        assert_eq!(Drive::read("/dev/sdb").image(), None);
    }

    #[test]
    fn keys_of_disks_are_those_of_the_kind() {
        for (kind, key, is) in [
            (Kind::Qemu, "scsi30", true),
            (Kind::Qemu, "scsi31", false),
            (Kind::Qemu, "scsi01", false),
            (Kind::Qemu, "scsihw", false),
            (Kind::Qemu, "rootfs", false),
            (Kind::Lxc, "rootfs", true),
            (Kind::Lxc, "mp255", true),
            (Kind::Lxc, "scsi0", false),
        ] {
            assert_eq!(rank(kind, key).is_some(), is, "{key}");
        }
        assert!(is_unused("unused0") && !is_unused("unused") && !is_unused("unused256"));
    }
}
