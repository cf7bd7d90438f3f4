//! The volumes that guests own: their disks, cloud-init's drives, the memory that snapshots keep. How much room they
//! take on a storage, and whether there is room for more.
//!
//! Knows how PVE names volumes and what a storage can do with one; which guest uses it stands in its configuration.

use std::cmp::Reverse;

use serde_json::{Map, Value, json};

use super::drive::drives;
use super::form::volume_id;
use super::rrd::{merge, noise};
use super::state::{Guest, Kind, Node, Snapshot, State, Storage};

/// A volume of a guest.
#[derive(Clone, Debug)]
pub(super) struct Image {
    pub(super) size: u64,
    /// How much of it was ever written, which is the room that it takes.
    pub(super) written: u64,
}

/// Something was written to a storage, or removed from it.
#[derive(Clone, Debug)]
pub(super) struct Write {
    at: i64,
    storage: String,
    /// Where, if each node has its own.
    node: Option<String>,
    bytes: i64,
}

/// What a storage may be able to do with a volume.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Feature {
    Snapshot,
    /// A linked clone.
    Clone,
    Copy,
    Template,
}

/// The name behind the storage, and behind the base that it may be a clone of.
pub(super) fn last_part(volid: &str) -> &str {
    volid.rsplit([':', '/']).next().unwrap_or_default()
}

/// The guest whose volume it is, which its name tells.
pub(super) fn owner(volid: &str) -> Option<u32> {
    let name = last_part(volid);
    let rest = ["vm-", "base-", "subvol-", "basevol-"].iter().find_map(|stem| name.strip_prefix(stem))?;
    rest.split('-').next()?.parse().ok()
}

pub(super) fn is_base(volid: &str) -> bool {
    last_part(volid).starts_with("base")
}

/// Whether a volume is a linked clone of another one, a base.
fn is_clone_of(volid: &str, base: &str) -> bool {
    let Some((storage, name)) = volume_id(volid) else { return false };
    let parent = name.rsplit_once('/').map(|(parent, _)| parent);
    volume_id(base).is_some_and(|(at, _)| at == storage) && parent == Some(last_part(base))
}

/// What a volume is called once it is a base for clones.
pub(super) fn base_name(volid: &str) -> String {
    let (before, name) = volid.split_at(volid.len() - last_part(volid).len());
    match name.strip_prefix("subvol-") {
        Some(rest) => format!("{before}basevol-{rest}"),
        None => format!("{before}base-{}", name.trim_start_matches("vm-")),
    }
}

impl Storage {
    /// Whether a new volume takes no room before something is written to it.
    pub(super) fn is_thin(&self) -> bool {
        self.kind != "zfspool" || self.more.get("sparse") == Some(&1.into())
    }

    pub(super) fn holds(&self, content: &str) -> bool {
        self.content.split(',').any(|one| one == content)
    }

    /// In what format it keeps the disks of such guests.
    pub(super) fn format(&self, kind: Kind) -> &'static str {
        if self.kind == "zfspool" && kind == Kind::Lxc { "subvol" } else { "raw" }
    }

    /// What can be done with a volume, or with a snapshot of it.
    pub(super) fn can(&self, feature: Feature, volid: &str, of_snapshot: bool) -> bool {
        if !["zfspool", "rbd"].contains(&self.kind.as_str()) {
            return feature == Feature::Copy && !of_snapshot;
        }
        match feature {
            Feature::Snapshot => of_snapshot || !is_base(volid),
            Feature::Clone => is_base(volid) || (of_snapshot && self.kind == "rbd"),
            Feature::Copy => !of_snapshot || self.kind == "rbd",
            Feature::Template => !of_snapshot && !is_base(volid),
        }
    }

    /// Where a program of the node finds a volume.
    pub(super) fn path(&self, volid: &str) -> String {
        let name = last_part(volid);
        let of = |key: &str| self.more.get(key).and_then(Value::as_str).unwrap_or_default();
        match self.kind.as_str() {
            "zfspool" if name.contains("vol-") => format!("/{}/{name}", of("pool")),
            "zfspool" => format!("/dev/zvol/{}/{name}", of("pool")),
            _ => format!("rbd:{}/{name}", of("pool")),
        }
    }

    /// Its row in the content of the storage.
    pub(super) fn image_row(&self, state: &State, volid: &str, image: &Image) -> Value {
        let vmid = owner(volid);
        let kind = vmid.and_then(|vmid| state.guests.get(&vmid)).map_or(Kind::Qemu, |guest| guest.kind);
        let content = if kind == Kind::Lxc { "rootdir" } else { "images" };
        let volume = volume_id(volid).map_or(volid, |(_, volume)| volume);
        let parent = volume.split_once('/').map(|(base, _)| format!("{base}@__base__"));
        let mut row = json!({
            "volid": volid, "vmid": vmid, "size": image.size, "format": self.format(kind), "content": content,
        });
        merge(&mut row, json!({ "parent": parent }));
        row
    }
}

impl Storage {
    /// The first name that no disk of a guest among these volumes has here.
    pub(super) fn free_name<'a>(&self, kind: Kind, vmid: u32, taken: impl Iterator<Item = &'a String>) -> String {
        let stem = if self.format(kind) == "subvol" { "subvol" } else { "vm" };
        let here = |volid: &&String| volume_id(volid).is_some_and(|(at, _)| at == self.storage);
        let names: Vec<&str> =
            taken.filter(|volid| owner(volid) == Some(vmid)).filter(here).map(|volid| last_part(volid)).collect();
        let is_free = |n: &u32| !names.iter().any(|name| name.ends_with(&format!("-{vmid}-disk-{n}")));
        let number = (0..).find(is_free).unwrap_or_default();
        format!("{stem}-{vmid}-disk-{number}")
    }
}

impl State {
    pub(super) fn storage(&self, id: &str) -> Option<&Storage> {
        self.storages.iter().find(|storage| storage.storage == id)
    }

    /// The images on a storage that a node sees: by guest, then by name.
    pub(super) fn images_on<'a>(&'a self, storage: &'a Storage, node: &'a str) -> Vec<(&'a String, &'a Image)> {
        let here = |volid: &str| {
            let place = owner(volid).and_then(|vmid| self.guests.get(&vmid)).map(|guest| guest.node.as_str());
            storage.shared || place == Some(node)
        };
        let on = |volid: &str| volume_id(volid).is_some_and(|(at, _)| at == storage.storage);
        let mut found: Vec<_> = self.images.iter().filter(|(volid, _)| on(volid) && here(volid)).collect();
        found.sort_by_key(|(volid, _)| (owner(volid), last_part(volid).to_owned()));
        found
    }

    /// Whether a base still has linked clones.
    pub(super) fn has_clones(&self, base: &str) -> bool {
        is_base(base) && self.images.keys().any(|volid| is_clone_of(volid, base))
    }

    /// The first name that no disk of a guest has on a storage.
    pub(super) fn free_name(&self, storage: &Storage, kind: Kind, vmid: u32, taken: &[String]) -> String {
        storage.free_name(kind, vmid, self.images.keys().chain(taken))
    }

    /// Bytes left on a storage as a node sees it.
    pub(super) fn room(&self, storage: &Storage, node: &str) -> u64 {
        self.node(node).map_or(0, |node| {
            let (used, total) = storage.space(self, node, self.seconds());
            total.saturating_sub(used)
        })
    }

    /// The same amount more, or less, is used on a storage from now on.
    pub(super) fn note_written(&mut self, storage: &str, node: &str, bytes: i64) {
        let Some(on) = self.storages.iter_mut().find(|one| one.storage == storage) else { return };
        // Whatever is removed from a full one leaves room.
        on.full &= bytes >= 0;
        let shared = on.shared;
        let node = (!shared).then(|| node.to_owned());
        self.writes.push(Write { at: self.seconds(), storage: storage.to_owned(), node, bytes });
    }

    /// What was written by then, less what was removed.
    pub(super) fn written(&self, storage: &Storage, node: &Node, seconds: i64) -> i64 {
        let here = |write: &&Write| {
            write.at <= seconds
                && write.storage == storage.storage
                && write.node.as_ref().is_none_or(|name| *name == node.name)
        };
        self.writes.iter().filter(here).map(|write| write.bytes).sum()
    }

    pub(super) fn add_image(&mut self, volid: &str, image: Image) {
        self.note_image(volid, signed(image.written));
        self.images.insert(volid.to_owned(), image);
    }

    /// Removes a volume, as long as its guest is still there.
    pub(super) fn drop_image(&mut self, volid: &str) {
        if let Some(image) = self.images.get(volid) {
            self.note_image(volid, -signed(image.written));
        }
        self.images.remove(volid);
    }

    /// Gives a volume another name on the same storage.
    pub(super) fn rename_image(&mut self, from: &str, to: &str) {
        if let Some(image) = self.images.remove(from) {
            self.images.insert(to.to_owned(), image);
        }
    }

    /// Says how much of a volume is written by now.
    pub(super) fn fill_image(&mut self, volid: &str, written: u64) {
        let Some(image) = self.images.get_mut(volid) else { return };
        let written = written.clamp(image.written, image.size.max(image.written));
        let more = signed(written) - signed(image.written);
        image.written = written;
        self.note_image(volid, more);
    }

    /// Sets the size of a volume; one that keeps its whole room takes what is new.
    pub(super) fn resize_image(&mut self, volid: &str, size: u64) {
        let thin = self.storage_of(volid).is_none_or(Storage::is_thin);
        let Some(image) = self.images.get_mut(volid) else { return };
        let written = if thin { image.written.min(size) } else { size };
        let more = signed(written) - signed(image.written);
        (image.size, image.written) = (size, written);
        self.note_image(volid, more);
    }

    fn note_image(&mut self, volid: &str, bytes: i64) {
        let Some((storage, _)) = volume_id(volid) else { return };
        let place = owner(volid).and_then(|vmid| self.guests.get(&vmid)).map(|guest| guest.node.clone());
        if let (Some(node), true) = (place, bytes != 0) {
            self.note_written(storage, &node, bytes);
        }
    }

    /// The volumes that the guests of the first state have. What is used of the storages holds them already.
    pub(super) fn find_images(&mut self) {
        let found: Vec<(String, Image)> = self.guests.values().flat_map(first_images).collect();
        self.images.extend(found);
    }
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// How much a saved memory takes: what PVE sets aside, and what is in use of it.
pub(super) fn state_size(guest: &Guest, used: u64) -> Image {
    let size = 2 * guest.memory() + (500 << 20);
    Image { size, written: used.min(size) }
}

fn first_images(guest: &Guest) -> Vec<(String, Image)> {
    let mut found: Vec<(String, Image)> = Vec::new();
    for (n, (key, drive)) in guest.drives().into_iter().enumerate() {
        let (Some(volid), Some(size)) = (drive.image(), drive.size()) else { continue };
        let part = 0.42 + 0.25 * noise(u64::from(guest.vmid) * 64 + n as u64, 0);
        let written = match key.as_str() {
            _ if drive.is_cloud_init() => size,
            "rootfs" => guest.disk_used(),
            _ => (size as f64 * part / 4096.0) as u64 * 4096,
        };
        found.push((volid.to_owned(), Image { size, written }));
    }
    let state = |snapshot: &Snapshot| {
        let volid = snapshot.config.get("vmstate")?.as_str()?.to_owned();
        Some((volid, state_size(guest, guest.memory() * 4 / 5)))
    };
    found.extend(guest.snapshots.iter().filter_map(state));
    found.sort_by_key(|(volid, _)| Reverse(volid.clone()));
    found
}

impl State {
    /// Bytes left on a storage, by its name.
    pub(super) fn room_on(&self, id: &str, node: &str) -> u64 {
        self.storage(id).map_or(0, |storage| self.room(storage, node))
    }

    /// Whether all disks that a configuration names can be treated so.
    pub(super) fn has_feature(
        &self,
        guest: &Guest,
        config: &Map<String, Value>,
        what: Feature,
        snapshot: bool,
    ) -> bool {
        drives(guest.kind, config).iter().filter(|(_, drive)| !drive.is_cdrom()).all(|(_, drive)| match drive.image() {
            Some(volid) => self.storage_of(volid).is_some_and(|storage| storage.can(what, volid, snapshot)),
            None => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_owner_and_the_base() {
        for (volid, vmid, base) in [
            ("local-zfs:vm-100-disk-0", Some(100), false),
            ("ceph-vm:base-900-disk-0", Some(900), true),
            ("ceph-vm:base-900-disk-0/vm-901-disk-0", Some(901), false),
            ("local-zfs:basevol-207-disk-0/subvol-250-disk-0", Some(250), false),
            ("ceph-vm:vm-105-state-before-17-7", Some(105), false),
            ("local:iso/debian.iso", None, false),
        ] {
            assert_eq!((owner(volid), is_base(volid)), (vmid, base), "{volid}");
        }
        assert_eq!(base_name("ceph-vm:vm-101-disk-0"), "ceph-vm:base-101-disk-0");
        assert_eq!(base_name("local-zfs:subvol-207-disk-1"), "local-zfs:basevol-207-disk-1");
        assert_eq!(base_name("ceph-vm:base-900-disk-0/vm-901-disk-0"), "ceph-vm:base-900-disk-0/base-901-disk-0");
        assert!(is_clone_of("ceph-vm:base-900-disk-0/vm-901-disk-0", "ceph-vm:base-900-disk-0"));
        assert!(!is_clone_of("ceph-vm:vm-901-disk-0", "ceph-vm:base-900-disk-0"));
    }

    #[test]
    fn the_volumes_of_the_first_state_fit_into_what_is_used() {
        let state = super::super::demo::state();
        for node in state.nodes.iter().filter(|node| node.offline.is_none()) {
            for storage in state.storages.iter().filter(|storage| storage.holds("images")) {
                let written: u64 = state.images_on(storage, &node.name).iter().map(|(_, image)| image.written).sum();
                let (used, _) = storage.space(&state, node, state.seconds());
                assert!(written > 0 && written < used, "{} on {}: {written} of {used}", storage.storage, node.name);
            }
        }
    }
}
