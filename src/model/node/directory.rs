//! A file system that a node mounts for a storage of the kind directory.

use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::text::Text;
use crate::units::Reading;

fields! {
    /// A mounted file system, from `/nodes/{node}/disks/directory`: those made by Proxmox VE, under `/mnt/pve`. Needs Sys.Audit
    /// on `/`.
    #[derive(Clone, Default)]
    pub struct MountedDirectory {
        /// Where it is mounted.
        pub path: Text,
        /// The device that it is on.
        pub device: Reading<Text>,
        /// The file system: `ext4`, `xfs`.
        #[field("type")]
        pub kind: Reading<Text>,
        /// How it is mounted: `defaults`.
        pub options: Reading<Text>,
        /// The systemd unit that mounts it.
        pub unitfile: Reading<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(MountedDirectory: "/nodes/{node}/disks/directory");

impl Node {
    /// File systems that Proxmox VE made and mounts on it, from `/nodes/{node}/disks/directory`.
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Audit on `/` is missing.
    pub fn directories(&self) -> Result<List<MountedDirectory>, Error> {
        Ask::new(&self.session, self.path("disks/directory"))
            .titled(format!("Mounted directories on {}", self.name.raw()))
            .question("Which file systems were made on its disks for storages?")
            .place(self.place())
            .list()
    }
}

impl Listed for MountedDirectory {
    const NOUN: (&'static str, &'static str) = ("mounted directory", "mounted directories");

    fn columns() -> Vec<Column<MountedDirectory>> {
        vec![
            column!("Path", |d: &MountedDirectory| d.path.clone()),
            column!("Device", |d: &MountedDirectory| d.device.clone()),
            column!("File system", |d: &MountedDirectory| d.kind.clone()),
            column!("Options", |d: &MountedDirectory| d.options.clone()),
        ]
    }
}
