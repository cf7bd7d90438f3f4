//! The stories, and those that are not told.

use super::{First, Method, Story};

const fn plain(file: &'static str) -> Story {
    Story { file, names: "", first: First::As, known: &[] }
}

impl Story {
    const fn named(self, names: &'static str) -> Story {
        Story { names, ..self }
    }

    const fn after(self, first: First) -> Story {
        Story { first, ..self }
    }

    const fn differs(self, known: &'static [(&'static str, &'static str)]) -> Story {
        Story { known, ..self }
    }
}

type Calls = &'static [(Method, &'static str, &'static [(&'static str, &'static str)])];

const STARTED: Calls = &[(Method::Post, "/nodes/pve1/qemu/106/status/start", &[])];
const STOPPED: Calls = &[(Method::Post, "/nodes/pve2/qemu/113/status/stop", &[])];
const SNAPSHOT: Calls = &[(Method::Post, "/nodes/pve1/qemu/106/snapshot", &[("snapname", "seq1")])];
const UEFI: (Method, &str, &[(&str, &str)]) = (
    Method::Post,
    "/nodes/pve1/qemu",
    &[
        ("vmid", "119"),
        ("name", "uefi-warn"),
        ("memory", "128"),
        ("bios", "ovmf"),
        ("machine", "q35"),
        ("efidisk0", "ceph-vm:1,efitype=4m,pre-enrolled-keys=1"),
        ("net0", "virtio,bridge=vmbr0"),
    ],
);
const UEFI_CREATED: Calls = &[UEFI];
const UEFI_STARTED: Calls = &[UEFI, (Method::Post, "/nodes/pve1/qemu/119/status/start", &[])];

const OFF: &[(&str, &str)] =
    &[("", "a node without power is not routed to; there its services were stopped, or its link was just cut")];

pub(super) const STORIES: &[Story] = &[
    plain("sequence_clone_full").named("104=900 130=930 vmdata=ceph-vm"),
    plain("sequence_create_uefi_warnings").named("vmdata=ceph-vm"),
    plain("sequence_ct_shutdown_failure_timeout").named("201=204"),
    plain("sequence_ct_start").named("201=241"),
    plain("sequence_ct_stop").named("201=200"),
    plain("sequence_ha_start_lag").named("pve1=pve3 102=126"),
    plain("sequence_post_config_async"),
    plain("sequence_put_config_sync"),
    plain("sequence_remote_node_start").named("112=113").after(First::Calls(STOPPED)),
    plain("sequence_remote_node_stop").named("112=113"),
    plain("sequence_shutdown_timeout_failure").named("pve1=pve3 106=124"),
    plain("sequence_snapshot_delete").after(First::Calls(SNAPSHOT)),
    plain("sequence_start_WARNINGS").named("pve1=pve3 121=127"),
    plain("sequence_start_already_running").after(First::Calls(STARTED)),
    plain("sequence_start_failure_bridge_qemu_exit")
        .named("pve1=pve3 103=123")
        .differs(&[("states: ", "the bridge here is not there at all; there it had no port for a VLAN")]),
    plain("sequence_start_failure_locked").named("pve1=pve2 107=117"),
    plain("sequence_start_failure_nonexistent_vm"),
    plain("sequence_start_success"),
    plain("sequence_start_uefi_warnings").after(First::Calls(UEFI_CREATED)),
    plain("sequence_stop_success").after(First::Calls(STARTED)),
    plain("sequence_stop_uefi").after(First::Calls(UEFI_STARTED)),
    plain("sequence_vzdump_partial_failure").named("pve1=pve2 107=117 102=112 backup=nfs-backup"),
    plain("error_400_bad_bool"),
    plain("error_400_bad_enum"),
    plain("error_400_bad_netstring"),
    plain("error_400_bad_vmid"),
    plain("error_400_create_bad_params"),
    plain("error_400_create_no_vmid"),
    plain("error_400_delete_and_set"),
    plain("error_400_delete_unknown"),
    plain("error_400_digest_bad_format_is_ok"),
    plain("error_400_rrddata_missing_timeframe"),
    plain("error_400_task_bad_upid"),
    plain("error_500_ct_does_not_exist"),
    plain("error_500_delete_running").named("100=104"),
    plain("error_500_locked_config_put").named("pve1=pve2 107=117"),
    plain("error_500_locked_delete").named("pve1=pve2 107=117"),
    plain("error_500_locked_migrate").named("pve1=pve2 pve2=pve1 107=117"),
    plain("error_500_protected_delete").named("pve1=pve2 109=115"),
    plain("error_500_qemu_path_for_ct"),
    plain("error_500_start_nonexistent"),
    plain("error_500_storage_disabled").named("nfs-old=nas-old"),
    plain("error_500_storage_unknown"),
    plain("error_500_task_unknown"),
    plain("error_500_task_wrong_node"),
    plain("error_500_unknown_node_qemu").differs(&[(
        "GET /nodes/nosuchnode/qemu: 500 hostname lookup 'nosuchnode' failed",
        "there no name server answered",
    )]),
    plain("error_500_vm_does_not_exist"),
    plain("error_500_vm_does_not_exist_status"),
    plain("error_500_vm_on_other_node"),
    plain("error_501_put_on_collection"),
    plain("error_501_unknown_subpath"),
    plain("error_501_wrong_method"),
    plain("error_595_offline_config").named("113=120").after(First::Down("pve3")).differs(OFF),
    plain("error_595_offline_link_down").after(First::Down("pve3")).differs(OFF),
    plain("error_595_offline_link_down_2").after(First::Down("pve3")),
    plain("error_595_offline_node_refused").after(First::Down("pve3")).differs(OFF),
    plain("error_595_offline_node_start").named("113=120").after(First::Down("pve3")).differs(OFF),
    plain("error_595_offline_node_vm_current").named("113=120").after(First::Down("pve3")).differs(OFF),
    plain("error_595_offline_storage").after(First::Down("pve3")).differs(OFF),
    plain("error_595_offline_tasks").after(First::Down("pve3")).differs(OFF),
    plain("http_bool_true_word"),
    plain("http_bool_yes_word"),
    plain("http_ct_start_running"),
    plain("http_ct_stop_stopped").named("202=240"),
    plain("http_delete_list"),
    plain("http_form_utf8_readback"),
    plain("http_locked_resize").named("pve1=pve2 107=117"),
    plain("http_locked_start").named("pve1=pve2 107=117"),
    plain("http_offline_node_index").after(First::Down("pve3")),
    plain("http_offline_rrddata").after(First::Down("pve3")),
    plain("http_post_config_async"),
    plain("http_put_empty"),
    plain("http_start_running"),
    plain("http_start_template").named("104=900"),
    plain("http_stop_stopped").named("103=101"),
    plain("http_suspend_stopped").named("103=101"),
];

/// Recordings that are not told, and why.
pub(super) const NOT_TOLD: &[(&str, &str)] = &[
    ("sequence_start_failure_kvm", "every node of the simulated cluster has KVM"),
    ("error_500_storage_inactive_content", "every storage of the simulated cluster is mounted"),
    ("error_500_storage_not_on_node", "every storage of the simulated cluster is on all nodes"),
    ("http_storage_inactive_status", "every storage of the simulated cluster is mounted"),
    ("error_596_node_plain", "no other program listens at a port of the simulated cluster"),
    ("http_digest_ok", "the digest is of another configuration; `configuration.rs` sends the one it has read"),
    ("http_extjs_500", "the path leads out of the API, which no call does"),
    ("error_501_patch", "the wire has no such method"),
    ("http_head", "the wire has no such method"),
    ("http_options", "the wire has no such method"),
    ("error_json_with_form_ct", "the wire sends forms"),
    ("error_text_plain", "the wire sends forms"),
    ("http_json_body_bool", "the wire sends forms"),
    ("http_json_body_null", "the wire sends forms"),
    ("http_json_body_number", "the wire sends forms"),
    ("http_json_body_string_bool", "the wire sends forms"),
    ("http_json_body_true", "the wire sends forms"),
    ("http_json_charset", "the wire sends forms"),
];
