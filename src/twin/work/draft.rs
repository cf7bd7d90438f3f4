//! A guest as it is to be, and the volumes that come and go with that: worked out first, carried out as a whole or not
//! at all.
//!
//! Knows how volumes are made and removed; which disks a change makes is known in `disks`.

use crate::twin::images::{Image, is_base, last_part, owner};
use crate::twin::rrd::mix;
use crate::twin::state::{Guest, State, Storage};

const MIB: u64 = 1 << 20;
const GIB: f64 = 1_073_741_824.0;

/// A guest that is being changed.
pub(super) struct Draft<'a> {
    pub(super) state: &'a State,
    pub(super) guest: Guest,
    made: Vec<(String, Image)>,
    gone: Vec<String>,
    /// What the log says of it.
    pub(super) lines: Vec<String>,
    drawn: u64,
}

/// What came out of it, to be carried out.
pub(super) struct Drafted {
    guest: Guest,
    made: Vec<(String, Image)>,
    gone: Vec<String>,
    drawn: u64,
}

impl<'a> Draft<'a> {
    pub(super) fn of(state: &'a State, guest: &Guest) -> Draft<'a> {
        let (made, gone, lines) = (Vec::new(), Vec::new(), Vec::new());
        Draft { state, guest: guest.clone(), made, gone, lines, drawn: state.drawn }
    }

    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        mix(self.drawn ^ 0x5eed_0000_0000)
    }

    /// A hardware address under the cluster's prefix.
    pub(super) fn address(&mut self) -> String {
        mac(self.draw())
    }

    pub(super) fn uuid(&mut self) -> String {
        uuid(self.draw(), self.draw())
    }

    /// A storage that is there and switched on.
    pub(super) fn storage(&self, id: &str) -> Result<&'a Storage, String> {
        let state = self.state;
        match state.storage(id) {
            None => Err(format!("storage '{id}' does not exist")),
            Some(storage) if storage.disable => Err(format!("storage '{id}' is disabled")),
            Some(storage) => Ok(storage),
        }
    }

    /// Makes a volume of so many GiB.
    pub(super) fn allocate_gib(&mut self, storage: &str, gib: f64) -> Result<String, String> {
        self.allocate(storage, None, (gib * GIB) as u64)
    }

    /// Makes a volume, under a name or the next that is free.
    pub(super) fn allocate(&mut self, storage: &str, name: Option<String>, size: u64) -> Result<String, String> {
        let storage = self.storage(storage)?;
        let taken: Vec<String> = self.made.iter().map(|(volid, _)| volid.clone()).collect();
        let vmid = self.guest.vmid;
        let name = name.unwrap_or_else(|| self.state.free_name(storage, self.guest.kind, vmid, &taken));
        let volid = format!("{}:{name}", storage.storage);
        // In whole MiB, as both kinds of storage keep their volumes.
        let size = size.div_ceil(MIB) * MIB;
        let dataset = storage.path(&volid).trim_start_matches("/dev/zvol").trim_start_matches('/').to_owned();
        if self.exists(&volid) {
            return Err(match storage.kind.as_str() {
                "rbd" => format!("rbd create '{name}' error: rbd: create error: (17) File exists"),
                _ => format!("zfs error: cannot create '{dataset}': dataset already exists"),
            });
        }
        let written = if storage.is_thin() { 0 } else { size };
        if written > self.room(storage) {
            return Err(format!("zfs error: cannot create '{dataset}': out of space"));
        }
        self.made.push((volid.clone(), Image { size, written }));
        Ok(volid)
    }

    /// What is left on a storage once what is new here is there.
    pub(super) fn room(&self, storage: &Storage) -> u64 {
        let new = self.made.iter().filter(|(volid, _)| volid.starts_with(&format!("{}:", storage.storage)));
        let new: u64 = new.map(|(_, image)| image.written).sum();
        self.state.room(storage, &self.guest.node).saturating_sub(new)
    }

    /// A volume that is there, or will be.
    pub(super) fn image(&self, volid: &str) -> Option<&Image> {
        let new = self.made.iter().find(|(made, _)| made == volid).map(|(_, image)| image);
        new.or_else(|| self.state.images.get(volid).filter(|_| !self.gone.iter().any(|gone| gone == volid)))
    }

    fn exists(&self, volid: &str) -> bool {
        self.image(volid).is_some()
    }

    /// Fills a volume that is new here.
    pub(super) fn write(&mut self, volid: &str, bytes: u64) {
        if let Some((_, image)) = self.made.iter_mut().find(|(made, _)| made == volid) {
            image.written = image.written.max(bytes.min(image.size));
        }
    }

    /// Removes a volume, if it is the guest's own.
    pub(super) fn free(&mut self, volid: &str) -> Result<(), String> {
        if owner(volid) != Some(self.guest.vmid) {
            return Ok(());
        }
        if is_base(volid) && self.state.has_clones(volid) {
            return Err(format!("base volume '{}' is still in use by linked clones", last_part(volid)));
        }
        match self.made.iter().position(|(made, _)| made == volid) {
            Some(place) => drop(self.made.remove(place)),
            None => self.gone.push(volid.to_owned()),
        }
        Ok(())
    }

    pub(super) fn done(self) -> Drafted {
        Drafted { guest: self.guest, made: self.made, gone: self.gone, drawn: self.drawn }
    }
}

impl Drafted {
    pub(super) fn come_true(self, state: &mut State) {
        self.gone.iter().for_each(|volid| state.drop_image(volid));
        state.drawn = state.drawn.max(self.drawn);
        let Some(guest) = state.guests.get_mut(&self.guest.vmid) else { return };
        guest.config = self.guest.config;
        guest.pending = self.guest.pending;
        guest.pending_delete = self.guest.pending_delete;
        guest.told = self.guest.told;
        self.made.into_iter().for_each(|(volid, image)| state.add_image(&volid, image));
    }
}

pub(super) fn mac(number: u64) -> String {
    let [_, _, _, _, _, a, b, c] = number.to_be_bytes();
    format!("BC:24:11:{a:02X}:{b:02X}:{c:02X}")
}

pub(super) fn uuid(high: u64, low: u64) -> String {
    let word = format!("{high:016x}{low:016x}");
    format!("{}-{}-4{}-a{}-{}", &word[..8], &word[8..12], &word[13..16], &word[17..20], &word[20..32])
}
