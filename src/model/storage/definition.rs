//! The definition of a storage, as the cluster keeps it: what kind, where its data are, what may lie there.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, Listed, column, count};
use crate::model::record::{Ask, Origin, record};
use crate::model::sight::Sight;
use crate::model::storage::Storage;
use crate::model::together::joined;
use crate::page::{Cell, State, Tone};
use crate::session::{Answer, Session};
use crate::text::Text;
use crate::units::Reading;

fields! {
    /// The definition of a storage, from `/storage`. Passwords and keys are no part of it.
    ///
    /// Which settings there are depends on the kind of storage; what is not set is `None`.
    #[derive(Clone, Default)]
    pub struct StorageDefinition {
        /// Its name.
        pub storage: Text,
        /// The kind: `dir`, `zfspool`, `rbd`, `nfs`, `pbs`, ...
        #[field("type")]
        pub kind: Text,
        /// What may be kept on it: `images`, `rootdir`, `backup`, `iso`, ...
        #[field(loose::words)]
        pub content: Vec<Text>,
        /// The nodes that it is for; none where it is for all.
        #[field(loose::words)]
        pub nodes: Vec<Text>,
        /// Whether all nodes see the same data; some kinds are shared by nature and do not say so.
        #[field(loose::flag)]
        pub shared: Option<bool>,
        /// Whether it is switched off.
        #[field(loose::yes)]
        pub disable: bool,
        /// The port that the server listens at.
        pub port: Reading<u64>,
        /// How many backups of a guest may be protected; -1 for any number.
        #[field("max-protected-backups", loose::i64)]
        pub max_protected_backups: Option<i64>,
        /// How much of a removed volume is overwritten at a time, in MiB.
        #[field("saferemove-stepsize")]
        pub saferemove_stepsize: Reading<u64>,
        /// The folder or device on each node.
        pub path: Option<Text>,
        /// The server that has the data.
        pub server: Option<Text>,
        /// The folder that an NFS server gives out.
        pub export: Option<Text>,
        /// The share of a CIFS server.
        pub share: Option<Text>,
        /// The folder within what the server gives out.
        pub subdir: Option<Text>,
        /// The domain of a CIFS server.
        pub domain: Option<Text>,
        /// Who logs in at the server.
        pub username: Option<Text>,
        /// The version of SMB.
        pub smbversion: Option<Text>,
        /// Options of the mount.
        pub options: Option<Text>,
        /// The datastore on a Proxmox Backup Server.
        pub datastore: Option<Text>,
        /// The namespace in that datastore, or of a Ceph pool.
        pub namespace: Option<Text>,
        /// The SHA-256 fingerprint of the server's certificate.
        pub fingerprint: Option<Text>,
        /// Whether, in the server's words, a master public key is set for encrypted backups.
        #[field("master-pubkey")]
        pub master_pubkey: Option<Text>,
        /// The ZFS or Ceph pool.
        pub pool: Option<Text>,
        /// The Ceph pool for data, where it is another one.
        #[field("data-pool")]
        pub data_pool: Option<Text>,
        /// The monitors of a Ceph cluster elsewhere.
        pub monhost: Option<Text>,
        /// The name of a Ceph file system.
        #[field("fs-name")]
        pub fs_name: Option<Text>,
        /// The volume group of LVM.
        pub vgname: Option<Text>,
        /// The thin pool of LVM.
        pub thinpool: Option<Text>,
        /// The volume that a volume group lies on.
        pub base: Option<Text>,
        /// The iSCSI target.
        pub target: Option<Text>,
        /// The iSCSI portal.
        pub portal: Option<Text>,
        /// The kind of server behind ZFS over iSCSI.
        pub iscsiprovider: Option<Text>,
        /// The host group of a COMSTAR server.
        pub comstar_hg: Option<Text>,
        /// The target group of a COMSTAR server.
        pub comstar_tg: Option<Text>,
        /// The target portal group of a LIO server.
        pub lio_tpg: Option<Text>,
        /// Where a ZFS over iSCSI server has its volumes.
        #[field("zfs-base-path")]
        pub zfs_base_path: Option<Text>,
        /// The size of blocks.
        pub blocksize: Option<Text>,
        /// The form that disks have unless another is asked for.
        pub format: Option<Text>,
        /// Whether space for disks is taken at once.
        pub preallocation: Option<Text>,
        /// Which backups are kept: `keep-daily=7,keep-last=3`.
        #[field("prune-backups")]
        pub prune_backups: Option<Text>,
        /// Folders that are named otherwise than usual.
        #[field("content-dirs")]
        pub content_dirs: Option<Text>,
        /// Whether the folder must be a mount point, or which one; else it counts as not there.
        pub is_mountpoint: Option<Text>,
        /// Where a ZFS pool is mounted.
        pub mountpoint: Option<Text>,
        /// Limits of speed, in KiB a second.
        pub bwlimit: Option<Text>,
        /// How fast removed volumes are overwritten.
        pub saferemove_throughput: Option<Text>,
        /// How one logs in to Ceph.
        pub authsupported: Option<Text>,
        /// Changes whenever a definition does.
        pub digest: Option<Text>,
        /// Whether Ceph disks are mapped by the kernel.
        #[field(loose::flag)]
        pub krbd: Option<bool>,
        /// Whether a Ceph file system is mounted by FUSE.
        #[field(loose::flag)]
        pub fuse: Option<bool>,
        /// Whether ZFS volumes take space only as they fill.
        #[field(loose::flag)]
        pub sparse: Option<bool>,
        /// Whether copy on write is off for disks on btrfs.
        #[field(loose::flag)]
        pub nocow: Option<bool>,
        /// Whether the write cache of the iSCSI server is off.
        #[field(loose::flag)]
        pub nowritecache: Option<bool>,
        /// Whether missing folders are made; the older word.
        #[field(loose::flag)]
        pub mkdir: Option<bool>,
        /// Whether a missing folder of the storage is made.
        #[field("create-base-path", loose::flag)]
        pub create_base_path: Option<bool>,
        /// Whether missing folders inside it are made.
        #[field("create-subdirs", loose::flag)]
        pub create_subdirs: Option<bool>,
        /// Whether only volumes that are tagged for it are used.
        #[field(loose::flag)]
        pub tagged_only: Option<bool>,
        /// Whether removed volumes are overwritten.
        #[field(loose::flag)]
        pub saferemove: Option<bool>,
        /// Whether the server's certificate is not checked.
        #[field("skip-cert-verification", loose::flag)]
        pub skip_cert_verification: Option<bool>,
        /// Whether snapshots are chains of volumes.
        #[field("snapshot-as-volume-chain", loose::flag)]
        pub snapshot_as_volume_chain: Option<bool>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(StorageDefinition without page: "/storage", "/storage/{storage}");

impl StorageDefinition {
    /// What an answer of `/storage` defines.
    pub(crate) fn all_in(session: &Session, answer: &Answer) -> Result<Vec<StorageDefinition>, Error> {
        Ok(Ask::new(session, "/storage").titled("Definitions of storages").list_of(answer, |_| {})?.to_vec())
    }

    /// The definitions, or what is missing without them: storages that are switched off, and nothing else.
    pub(crate) fn or_sight(read: Result<Vec<StorageDefinition>, Error>) -> (Vec<StorageDefinition>, Sight) {
        match read {
            Ok(definitions) => (definitions, Sight::whole()),
            Err(error) => {
                let words = format!(
                    "Storages that are switched off are missing, since the definitions could not be read. {error}"
                );
                (Vec::new(), Sight::part(words))
            }
        }
    }

    /// Where its data are, in a few words.
    fn place(&self) -> String {
        let parts = [
            &self.server,
            &self.export,
            &self.share,
            &self.datastore,
            &self.pool,
            &self.vgname,
            &self.thinpool,
            &self.portal,
            &self.target,
        ];
        let parts: Vec<String> = parts.into_iter().flatten().map(Text::to_string).collect();
        if parts.is_empty() { self.path.as_ref().map(Text::to_string).unwrap_or_default() } else { parts.join(" ") }
    }
}

impl Listed for StorageDefinition {
    const NOUN: (&'static str, &'static str) = Storage::NOUN;

    fn columns() -> Vec<Column<StorageDefinition>> {
        vec![
            column!("Storage", |s: &StorageDefinition| Cell::Name(s.storage.clone(), s.kind.clone())),
            column!("State", |s: &StorageDefinition| match s.disable {
                true => State::new(Tone::Off, "switched off"),
                false => State::new(Tone::Good, "switched on"),
            }),
            column!("For", |s: &StorageDefinition| joined(&s.content)),
            column!("Where", StorageDefinition::place).by(
                "server export share datastore pool vgname thinpool portal target path",
                "all that are set, in this order; else the path",
            ),
            column!("Nodes", |s: &StorageDefinition| {
                if s.nodes.is_empty() { "all".into() } else { joined(&s.nodes) }
            },),
            column!("Keeps", |s: &StorageDefinition| s.prune_backups.clone()),
        ]
    }

    fn summary(storages: &[StorageDefinition]) -> (String, String) {
        let off = storages.iter().filter(|storage| storage.disable).count();
        (count(storages.len(), Storage::NOUN), if off > 0 { format!("; {off} switched off.") } else { ".".into() })
    }
}
