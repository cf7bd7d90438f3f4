//! Storages and what lies in them: held against the demo cluster, limited identities and odd answers.

use serde_json::json;

use crate::model::canned::Canned;
use crate::model::guest::Guest;
use crate::model::node::Node;
use crate::model::storage::content::{VolumeKind, VolumeOwner};
use crate::model::storage::{NodeStorage, Storage};
use crate::render::View;
use crate::session::Session;
use crate::units::{Bytes, Reading, Why};

const AUDITOR: &[&str] = &["Datastore.Audit", "Sys.Audit", "VM.Audit", "Pool.Audit"];

fn on_node(session: &Session, storage: &str) -> NodeStorage {
    Node::find(session, "pve1").unwrap().storage(storage).unwrap()
}

#[test]
fn who_may_not_see_backups_is_told_so_instead_of_being_shown_an_empty_list() {
    let session = Canned::new()
        .privileges(&[("/", AUDITOR)])
        .data("/nodes/pve1/storage/pbs-main/content?content=backup", json!([]))
        .session();
    let backups = Storage::find(&session, "pbs-main").unwrap().backups().unwrap();
    let text = backups.page().text();
    assert!(backups.is_empty() && text.contains("None visible to you; cannot say whether there are others."), "{text}");
    assert!(
        text.contains(
            "Datastore.AllocateSpace on /storage/pbs-main and VM.Backup on /vms, and audit@pve!test lacks that"
        ),
        "{text}"
    );
}

#[test]
fn each_kind_of_content_takes_its_own_privileges() {
    let said = |held: &[&str], storage: &str| {
        let session = Canned::new().privileges(&[("/", held)]).session();
        on_node(&session, storage).content().unwrap().page().text()
    };
    assert!(said(AUDITOR, "ceph-vm").contains("Datastore.Audit on /storage/ceph-vm and VM.Config.Disk on /vms"));
    assert!(!said(&["Datastore.Audit", "VM.Audit", "VM.Config.Disk"], "ceph-vm").contains("There may be more"));
    assert!(!said(&["Datastore.Allocate", "VM.Audit"], "nfs-backup").contains("There may be more"));
    // Images are shown to whoever may list them; snippets are not.
    let local = said(AUDITOR, "local");
    assert!(local.contains("more snippets in local") && !local.contains("more CD images"), "{local}");
    assert!(said(AUDITOR, "nfs-backup").contains("more backups in nfs-backup"));
}

#[test]
fn privileges_that_are_unknown_leave_it_open_whether_that_is_all() {
    let session = Canned::new().refusal("/access/permissions", 403, "no").session();
    let text = on_node(&session, "nfs-backup").content().unwrap().page().text();
    assert!(text.contains("Whether these are all backups in nfs-backup cannot be said"), "{text}");
}

#[test]
fn a_volume_of_no_guest_is_an_orphan_only_where_all_guests_are_seen() {
    let volumes = json!([
        {"volid": "local-zfs:vm-777-disk-0", "vmid": "777", "content": "images", "size": "1073741824", "format": "raw", "parent": null},
        {"volid": "local-zfs:vm-100-disk-0", "vmid": 100, "content": "images", "size": 8589934592_u64, "format": "raw", "new-field": {}},
        {"volid": "local-zfs:vm-130-disk-0", "vmid": 130, "content": "images", "size": [], "format": "raw"},
        "no volume at all",
    ]);
    let canned = || Canned::new().data("/nodes/pve1/storage/local-zfs/content", volumes.clone());
    let seen = on_node(&canned().session(), "local-zfs").content().unwrap();
    let orphan = seen.find(|volume| volume.is_orphan()).unwrap();
    assert_eq!((orphan.vmid, orphan.size, orphan.parent.clone()), (Some(777), Bytes::gib(1).into(), None));
    assert_eq!(seen.find(|v| v.vmid == Some(100)).unwrap().owner, VolumeOwner::Guest("dns-1".into()));
    // Its node is offline and its name not known, but it is there.
    assert_eq!(seen.find(|v| v.vmid == Some(130)).unwrap().owner, VolumeOwner::Guest("VM 130".into()));
    assert_eq!(seen.find(|v| v.vmid == Some(130)).unwrap().size, Reading::Missing(Why::NotUnderstood));
    let text = seen.page().text();
    assert!(text.contains("1 disk of no guest in this cluster") && text.contains("1 more rows"), "{text}");
    assert!(text.contains("VM 130 (name not known)") && text.contains("dns-1 (100)"), "{text}");
    let limited = canned().privileges(&[("/", &["Datastore.Allocate"])]).session();
    let limited = on_node(&limited, "local-zfs").content().unwrap();
    assert!(!limited.any(|volume| volume.is_orphan()));
    assert_eq!(limited.find(|v| v.vmid == Some(777)).unwrap().owner, VolumeOwner::NotSeen);
}

#[test]
fn a_storage_of_each_node_is_read_from_all_and_the_missing_node_is_named() {
    let session = Canned::new().session();
    let content = Storage::find(&session, "local-zfs").unwrap().content().unwrap();
    assert!(content.any(|v| v.node == "pve1") && content.any(|v| v.node == "pve3"));
    assert!(content.page().text().contains("Not read: local-zfs on pve4, which is offline."));
    let shared = Storage::find(&session, "nfs-backup").unwrap().content().unwrap();
    assert!(!shared.page().text().contains("Not read"));
    assert!(shared.any(|v| v.content == VolumeKind::Iso) && shared.any(|v| v.is_backup()));
    let off = Storage::find(&session, "nas-old").unwrap().content().unwrap_err().to_string();
    assert!(off.contains("it is switched off"), "{off}");
}

#[test]
fn one_node_that_fails_does_not_hide_what_the_others_list() {
    let session = Canned::new().refusal("/nodes/pve2/storage/local-zfs/content", 500, "pool is gone").session();
    let content = Storage::find(&session, "local-zfs").unwrap().content().unwrap();
    let text = content.page().text();
    assert!(
        content.any(|v| v.node == "pve1")
            && text.contains("Not read: local-zfs on pve2.")
            && text.contains("pool is gone"),
        "{text}"
    );
}

#[test]
fn backups_of_a_guest_come_from_every_storage_newest_first() {
    let session = Canned::new().session();
    let backups = Guest::find(&session, 103.into()).unwrap().backups().unwrap();
    assert!(backups.len() > 1 && backups.all(|b| b.vmid == Some(103) && b.is_backup()));
    let made: Vec<_> = backups.map(|backup| backup.ctime);
    assert!(made.windows(2).all(|two| two[0] >= two[1]), "{made:?}");
    let text = backups.page().text();
    assert!(text.contains("the newest backup is") && text.contains("Not read: local on pve4"), "{text}");
}

#[test]
fn an_inactive_storage_has_no_numbers_instead_of_zeros() {
    let status = json!({"used": 0, "active": 0, "content": "iso", "total": 0, "enabled": 1, "shared": 0, "type": "dir", "avail": 0});
    let session = Canned::new().data("/nodes/pve1/storage/local/status", status).session();
    let storage = on_node(&session, "local").current().unwrap();
    assert_eq!(
        (storage.total, storage.used),
        (Reading::Missing(Why::StorageInactive), Reading::Missing(Why::StorageInactive))
    );
    assert_eq!((storage.storage.raw(), storage.node.raw(), storage.enabled), ("local", "pve1", true));
}

#[test]
fn a_volume_alone_tells_where_it_lies_and_keeps_what_the_list_knew() {
    let session = Canned::new().session();
    let backup = Storage::find(&session, "nfs-backup").unwrap().backups().unwrap().first().unwrap();
    let alone = backup.details().unwrap();
    assert!(alone.path.unwrap().starts_with("/mnt/pve/nfs-backup/dump/vzdump-"));
    assert_eq!((alone.volid, alone.vmid, alone.ctime), (backup.volid, backup.vmid, backup.ctime));
}

#[test]
fn a_shared_storage_is_read_from_another_node_where_the_first_does_not_answer() {
    let (session, wire) = Canned::new().refusal("/nodes/pve1/storage/nfs-backup/content", 500, "timeout").watched();
    let content = Storage::find(&session, "nfs-backup").unwrap().content().unwrap();
    assert!(content.any(|volume| volume.is_backup()) && !content.page().text().contains("Not read"));
    assert!(content.all(|volume| volume.node == "pve2" && volume.shared));
    assert_eq!(wire.asked("nfs-backup/content").len(), 2);
    let refused = Canned::new().refusal("/nodes/pve1/storage/nfs-backup/content", 403, "Permission check failed");
    let (session, wire) = refused.watched();
    assert!(Storage::find(&session, "nfs-backup").unwrap().content().is_err());
    assert_eq!(wire.asked("nfs-backup/content").len(), 1);
}

#[test]
fn a_server_that_does_not_narrow_its_list_does_not_make_an_image_a_backup() {
    let rows = json!([{"volid": "nfs-backup:iso/a.iso", "content": "iso"}, {"volid": "nfs-backup:backup/b", "content": "backup", "vmid": 7}]);
    let session = Canned::new().data("/nodes/pve1/storage/nfs-backup/content", rows).session();
    let backups = Storage::find(&session, "nfs-backup").unwrap().backups().unwrap();
    assert_eq!(backups.map(|backup| backup.volid.to_string()), ["nfs-backup:backup/b"]);
}

#[test]
fn what_an_inactive_storage_has_left_is_not_known_and_said_once() {
    let rows = json!([{"storage": "local-zfs", "type": "zfspool", "active": 0, "enabled": 0, "avail": 0, "used": 0, "total": 0}]);
    let session = Canned::new().data("/nodes/pve1/storage", rows).session();
    let text = on_node(&session, "local-zfs").page().text();
    assert!(text.contains("How much is left is not known (storage not active)."), "{text}");
}
