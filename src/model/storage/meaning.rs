//! What each setting of a storage's definition means, in plain words.

/// What a setting means, in plain words; `None` of one that is not known here.
pub(super) fn meaning(key: &str) -> Option<&'static str> {
    MEANINGS.iter().find(|(known, _)| *known == key).map(|(_, words)| *words)
}

#[rustfmt::skip]
const MEANINGS: [(&str, &str); 59] = [
    ("authsupported", "how one logs in to Ceph"),
    ("base", "the volume that its volume group lies on; LVM over iSCSI"),
    ("blocksize", "the size of blocks of new volumes"),
    ("bwlimit", "limits of speed in KiB a second, by what is done"),
    ("comstar_hg", "the host group of a COMSTAR server"),
    ("comstar_tg", "the target group of a COMSTAR server"),
    ("content", "what may be kept on it"),
    ("content-dirs", "folders in it that are named otherwise than usual"),
    ("create-base-path", "whether its folder is made where it is missing (yes unless set)"),
    ("create-subdirs", "whether the folders inside are made where they are missing (yes unless set)"),
    ("data-pool", "the Ceph pool for data, where that is another one: erasure coding"),
    ("datastore", "the datastore on the backup server"),
    ("digest", "changes whenever a definition does"),
    ("disable", "whether it is switched off"),
    ("domain", "the domain of whoever logs in at the CIFS server"),
    ("encryption-key", "whether new backups are encrypted, and with which key"),
    ("export", "the folder that the NFS server gives out"),
    ("fingerprint", "the fingerprint of the server's certificate"),
    ("format", "the form of new disks unless another is asked for"),
    ("fs-name", "the name of the Ceph file system"),
    ("fuse", "whether the Ceph file system is mounted by FUSE"),
    ("is_mountpoint", "whether its folder must be a mount point, or which one; else it counts as not there"),
    ("iscsiprovider", "the kind of iSCSI server"),
    ("krbd", "whether its disks are mapped by the node's kernel; containers are always"),
    ("lio_tpg", "the target portal group of a LIO server"),
    ("master-pubkey", "whether a master key can open encrypted backups"),
    ("max-protected-backups", "how many backups of a guest may be protected; -1 for any number"),
    ("mkdir", "an older word for create-base-path and create-subdirs"),
    ("monhost", "the monitors of a Ceph cluster elsewhere"),
    ("mountpoint", "where the ZFS pool is mounted"),
    ("namespace", "the namespace in the datastore or the Ceph pool"),
    ("nocow", "whether copy on write is off for disks on btrfs, which switches checksums off as well"),
    ("nodes", "the nodes that it is for (all unless set)"),
    ("nowritecache", "whether the write cache of the iSCSI server is off"),
    ("options", "options of the mount"),
    ("path", "the folder on each node"),
    ("pool", "the ZFS or Ceph pool"),
    ("port", "the port that the server listens at"),
    ("portal", "the iSCSI portal: address and port"),
    ("preallocation", "whether space for disks in files is taken at once (metadata unless set)"),
    ("prune-backups", "which backups are kept when others are removed"),
    ("saferemove", "whether removed volumes are overwritten"),
    ("saferemove-stepsize", "how much of a removed volume is overwritten at a time, in MiB"),
    ("saferemove_throughput", "how fast removed volumes are overwritten"),
    ("server", "the server that has the data"),
    ("share", "the share of the CIFS server"),
    ("shared", "whether all nodes see the same data there; it makes nothing shared by itself"),
    ("skip-cert-verification", "whether the server's certificate is not checked"),
    ("smbversion", "the version of SMB"),
    ("snapshot-as-volume-chain", "whether snapshots are chains of volumes"),
    ("sparse", "whether volumes take space only as they fill"),
    ("subdir", "the folder within what the server gives out"),
    ("tagged_only", "whether only volumes are used that are tagged for guests"),
    ("target", "the iSCSI target"),
    ("thinpool", "the thin pool of LVM"),
    ("type", "what kind of storage it is"),
    ("username", "who logs in at the server"),
    ("vgname", "the volume group of LVM"),
    ("zfs-base-path", "where the server of ZFS over iSCSI has its volumes"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_that_a_definition_may_have_has_a_meaning() {
        let known = "authsupported base blocksize bwlimit comstar_hg comstar_tg content content-dirs create-base-path \
                     create-subdirs data-pool datastore disable domain encryption-key export fingerprint format fs-name fuse \
                     is_mountpoint iscsiprovider krbd lio_tpg master-pubkey max-protected-backups mkdir monhost mountpoint \
                     namespace nocow nodes nowritecache options path pool port portal preallocation prune-backups saferemove \
                     saferemove-stepsize saferemove_throughput server share shared skip-cert-verification smbversion \
                     snapshot-as-volume-chain sparse subdir tagged_only target thinpool type username vgname zfs-base-path";
        let unknown: Vec<&str> = known.split_whitespace().filter(|key| meaning(key).is_none()).collect();
        assert!(unknown.is_empty() && meaning("nonsense").is_none(), "{unknown:?}");
    }
}
