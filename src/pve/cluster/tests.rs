//! Members, options, high availability and jobs against the demo cluster, odd answers, and identities that see only a part.

use crate::model::cluster::ha_status::HaEntry;
use crate::model::cluster::mapping::MappingKind;
use crate::model::cluster::notification::NotificationEndpoint;
use crate::model::cluster::overview_row::ClusterResource;
use crate::model::list::Listed;
use crate::pve::Pve;
use crate::pve::staged::{limited, refusing, staged, words};
use crate::render::View;
use crate::units::{Age, Bytes, Moment, Reading, Why};

fn demo() -> Pve {
    Pve::demo().unwrap()
}

#[test]
fn the_state_of_the_cluster_says_who_is_missing_and_how_many_more_may_fail() {
    let said = words(&demo().status().unwrap());
    assert!(said.contains("3 of 4 members are online, as few as can decide: none may fail."), "{said}");
    assert!(said.contains("pve4 ✕ offline") && said.contains("● quorate"), "{said}");
    let two = r#"[{"type":"cluster","name":"c","quorate":"0","nodes":3},{"type":"node","name":"a","online":1},
        {"type":"node","name":"b","online":"0"},{"type":"node","name":"x","online":0}]"#;
    let status = staged(&[("/cluster/status", two)]).status().unwrap();
    assert_eq!(status.quorate, false);
    assert!(words(&status).contains("1 of 3 members are online: too few to decide"), "{}", words(&status));
    assert_eq!(format!("{status:?}"), "ClusterStatus(c: 1 of 3 online, ✕ no quorum: no changes are taken)");
}

#[test]
fn a_node_without_a_cluster_needs_no_quorum() {
    let alone = r#"[{"type":"node","name":"pve","online":1,"local":1}]"#;
    let status = staged(&[("/cluster/status", alone)]).status().unwrap();
    assert_eq!((status.name.clone(), status.quorate), (None, Reading::Known(true)));
    assert!(words(&status).contains("without a cluster"));
    // Whether a cluster can decide is not made up where the answer does not say it.
    let odd = r#"[{"type":"cluster","name":"c"},{"type":"node","name":"a"}]"#;
    let status = staged(&[("/cluster/status", odd)]).status().unwrap();
    assert_eq!(status.quorate, Reading::Missing(Why::NotInAnswer));
    assert!(words(&status).contains("whether they can decide is not known") && words(&status).contains("? unknown"));
}

#[test]
fn members_are_told_with_their_links_and_votes() {
    let said = words(&demo().cluster_nodes().unwrap());
    assert!(said.contains("4 configured members, 1 of them on a single link."), "{said}");
    assert!(said.contains("10.10.0.11, 10.11.0.11 1 1"), "{said}");
}

#[test]
fn options_that_are_not_set_are_told_from_those_that_may_not_be_seen() {
    let pve = demo();
    let options = pve.options().unwrap();
    assert_eq!(options.crs.clone().known().unwrap().get("ha").unwrap(), "static");
    assert_eq!(
        (options.next_id.to_string().as_str(), options.migration.why()),
        ("lower 100, upper 999", Some(Why::NotSet))
    );
    assert!(
        options.is_whole() && words(&options).contains("Not set, so that the defaults of Proxmox VE hold: Migration,")
    );
    let few = limited(&[("/vms", "VM.Audit")], &[("/cluster/options", r#"{"allowed-tags":["a"]}"#)]).options().unwrap();
    assert!(!few.is_whole());
    assert_eq!(few.mac_prefix.to_string(), "not known: needs Sys.Audit on /");
    assert_eq!(few.console.why(), Some(Why::NotSet));
    assert!(words(&few).contains("These are the options visible to you"), "{}", words(&few));
}

#[test]
fn options_come_as_objects_or_as_strings_and_a_proxy_loses_its_password() {
    let odd = r#"{"migration":"secure,network=10.0.0.0/24","bwlimit":{"clone":"1024"},"max_workers":"4","ha":7,
        "http_proxy":"http://me:pr0xypw@proxy:3128","registered-tags":"a;b","later":{"x":1}}"#;
    let options = staged(&[("/cluster/options", odd)]).options().unwrap();
    let migration = options.migration.clone().known().unwrap();
    assert_eq!((migration.get("").unwrap().raw(), migration.get("network").unwrap().raw()), ("secure", "10.0.0.0/24"));
    assert_eq!((options.max_workers, options.registered_tags.len()), (Reading::Known(4), 2));
    for shown in [format!("{options:?}"), options.page().text(), options.page().html(), options.raw().to_string()] {
        assert!(!shown.contains("pr0xypw"), "{shown}");
    }
    assert!(options.page().text().contains("http://me:(a secret, not shown)@proxy:3128"));
}

#[test]
fn the_log_is_not_short_without_a_word() {
    let lines = demo().log().unwrap();
    assert!(lines.len() > 50, "the server's own limit is not ours");
    let said = words(&lines);
    assert!(said.contains("errors among them") && said.contains("✕ error"), "{said}");
    let own = limited(&[("/", "Sys.Audit")], &[]).log().unwrap();
    assert!(words(&own).contains("audit@pve lacks Sys.Syslog on /, so there may be more."), "{}", words(&own));
    let many = format!("[{}]", vec![r#"{"uid":"7","pri":"6","time":"1768467600","msg":"x"}"#; 500].join(","));
    let many = staged(&[("/cluster/log", &many)]).log().unwrap();
    assert!(many.is_partial() && words(&many).contains("These are the last 500 lines"), "{many:?}");
    assert_eq!(many.first().unwrap().time, Moment::from_unix(1_768_467_600));
}

#[test]
fn high_availability_says_what_is_silent_and_what_is_in_error() {
    let said = words(&demo().ha_status().unwrap());
    assert!(said.contains("4 guests in its care; wrong: lrm:pve4 (old timestamp - dead?)."), "{said}");
    let rows = r#"[{"id":"quorum","type":"quorum","quorate":0,"status":"No quorum on node 'a'!"},
        {"id":"master","type":"master","status":"a (old timestamp - dead?, Thu Jan 15 09:00:00 2026)","timestamp":"1"},
        {"id":"fencing","type":"fencing","armed-state":"disarmed","resource_mode":"freeze","status":"disarmed"},
        {"id":"lrm:a","type":"lrm","status":"a (unable to read lrm status)"},
        {"id":"lrm:b","type":"lrm","status":"b (maintenance mode, watchdog standby, Thu Jan 15 09:00:00 2026)"},
        {"id":"lrm:c","type":"lrm","status":"c (active, watchdog active, Thu Jan 15 09:00:00 2026)"},
        {"id":"lrm:d","type":"lrm","status":"d (idle, watchdog standby, Thu Jan 15 09:00:00 2026)"},
        {"id":"service:vm:1","type":"service","sid":"vm:1","state":"error","request_state":"started"},
        {"id":"service:vm:2","type":"service","state":"queued"},{"id":"x","type":"novel","status":"?"}]"#;
    let entries = staged(&[("/cluster/ha/status/current", rows)]).ha_status().unwrap();
    let shown = entries.map(|entry| HaEntry::columns()[1].cell(entry).to_string());
    assert_eq!(
        shown,
        [
            "✕ no quorum",
            "✕ old timestamp - dead?",
            "‖ disarmed",
            "✕ unable to read lrm status",
            "‖ maintenance mode",
            "● active",
            "○ idle",
            "✕ error",
            "‖ queued",
            "? ?",
        ]
    );
}

#[test]
fn nodes_in_maintenance_and_silent_ones_are_named() {
    let said = words(&demo().ha_nodes().unwrap());
    assert!(said.contains("4 nodes; decides: pve1; silent: pve4."), "{said}");
    let odd = r#"{"manager_status":{"master_node":"b","node_status":{"a":"maintenance","b":"online","c":"novel"},
        "service_status":{"vm:1":{"node":"a"},"vm:2":7,"vm:3":{"node":"a","uid":"x"}}},
        "lrm_status":{"b":{"mode":"maintenance","timestamp":"1768467600"},"d":{}},"quorum":null}"#;
    let nodes = staged(&[("/cluster/ha/status/manager_status", odd)]).ha_nodes().unwrap();
    assert!(words(&nodes).contains("4 nodes; decides: b; in maintenance: a, b."), "{}", words(&nodes));
    let shown = nodes.map(|node| format!("{node:?} {}", node.guests));
    assert_eq!(shown[0], "HaNode(a, ‖ maintenance) 2");
    assert_eq!(shown[2..], ["HaNode(c, ? novel) 0", "HaNode(d, – not in the answer) 0"]);
    let nothing = staged(&[("/cluster/ha/status/manager_status", "{}")]).ha_nodes().unwrap();
    assert!(nothing.is_empty());
}

#[test]
fn the_overview_shows_neither_a_zero_nor_a_blank_for_what_is_not_known() {
    let rows = r#"[{"id":"qemu/1","type":"qemu","status":"running","disk":0},{"id":"lxc/2","type":"lxc","disk":0},
        {"id":"lxc/3","type":"lxc","disk":2048},{"id":"qemu/4","type":"qemu","status":"unknown"},
        {"id":"storage/a/b","type":"storage"},{"id":"/pool/x","type":"pool"}]"#;
    let rows = staged(&[("/cluster/resources", rows)]).resources().unwrap();
    let shown = |column: &str| -> Vec<String> {
        let columns = ClusterResource::columns();
        let column = columns.iter().find(|known| *known.name() == column).unwrap();
        rows.map(|row| column.cell(row).to_string())
    };
    let (unknown, none) = ("– not in the answer", "");
    assert_eq!(shown("Disk"), ["– known only inside the VM", "– stopped", "2 KiB", unknown, unknown, none]);
    assert_eq!(shown("CPU"), [unknown, unknown, unknown, unknown, none, none]);
    assert_eq!(shown("Received"), [unknown, unknown, unknown, unknown, none, none]);
}

#[test]
fn a_manager_that_fell_silent_decides_nothing() {
    let told = |manager: i64, services: &str| {
        let status = format!(
            r#"{{"manager_status":{{"master_node":"b","timestamp":{manager},"node_status":{{"a":"online","b":"online"}},
            "service_status":{services}}},"lrm_status":{{"a":{{"timestamp":1768467600}},"b":{{"timestamp":1768467595}}}}}}"#
        );
        words(&staged(&[("/cluster/ha/status/manager_status", &status)]).ha_nodes().unwrap())
    };
    let care = r#"{"vm:1":{"node":"a"}}"#;
    let said = told(1_768_467_385, care);
    assert!(said.contains("2 nodes; nobody decides, since the manager is silent on b."), "{said}");
    assert!(said.contains("✕ did until") && said.contains("2026-01-15 08:56:25 UTC"), "{said}");
    assert!(told(1_768_467_590, care).contains("2 nodes; decides: b."));
    // It rests while nothing is in its care.
    assert!(told(1_768_467_385, "{}").contains("2 nodes; decides: b."));
}

#[test]
fn what_high_availability_was_told_says_what_is_not_set() {
    let pve = demo();
    let resources = pve.ha_resources().unwrap();
    assert_eq!(resources.map(|resource| resource.vmid()), [Some(103), Some(112), Some(122), Some(126)]);
    assert_eq!(resources.first().unwrap().max_restart, Reading::Missing(Why::NotSet));
    assert!(words(&resources).contains("4 guests in its care, 1 of them not to run."), "{}", words(&resources));
    let odd = r#"[{"sid":"vm:7","max_restart":"3","errors":{"group":"group 'x' does not exist"}},{"sid":"what"}]"#;
    let odd = staged(&[("/cluster/ha/resources", odd)]).ha_resources().unwrap();
    let seven = odd.find(|resource| resource.vmid() == Some(7)).unwrap();
    assert_eq!(seven.max_restart, 3);
    assert!(words(&odd).contains("vm:7 ● started 3") && words(&odd).contains("group group 'x' does not exist"));
}

#[test]
fn rules_are_sentences_and_groups_that_are_gone_lead_to_them() {
    let pve = demo();
    let said = words(&pve.ha_rules().unwrap());
    assert!(
        said.contains("vm:103 rather on pve1:2, pve2:1") && said.contains("vm:112, vm:122 on different nodes"),
        "{said}"
    );
    let gone = pve.ha_groups().unwrap_err().to_string();
    assert_eq!(gone, "This cluster has no HA groups any more: rules took their place. pve.ha_rules()? has them");
    let older = refusing(&[("/cluster/ha/rules", 404)]).ha_rules().unwrap_err().to_string();
    assert!(older.contains("older than Proxmox VE 9. pve.ha_groups()? has what stands in their place"), "{older}");
    let old = r#"[{"group":"web","type":"group","nodes":"pve1:2,pve2","restricted":"1"}]"#;
    let groups = staged(&[("/cluster/ha/groups", old)]).ha_groups().unwrap();
    assert!(groups.first().unwrap().restricted && groups.first().unwrap().nodes.len() == 2);
    let bad = r#"[{"rule":"r","type":"node-affinity","resources":["vm:1"],"nodes":"n","strict":1,
        "errors":{"nodes":["no such node"]}},{"rule":"off","disable":1,"errors":{"x":["y"]}}]"#;
    let said = words(&staged(&[("/cluster/ha/rules", bad)]).ha_rules().unwrap());
    assert!(said.contains("cannot be followed: r.") && said.contains("vm:1 only on n"), "{said}");
}

#[test]
fn backup_jobs_say_what_they_save_and_when() {
    let jobs = demo().backup_jobs().unwrap();
    let said = words(&jobs);
    assert!(
        said.contains("3 backup jobs, 1 of them disabled; next is backup-nightly at 2026-01-15 21:00:00 UTC."),
        "{said}"
    );
    assert_eq!(jobs.first().unwrap().selection(), "all guests but 116, 123, 127, 207, 240, 241, 900, 901");
    let weekly = jobs.find(|job| job.id == "backup-weekly").unwrap();
    assert_eq!((weekly.selection().raw(), weekly.prune_backups.to_string().as_str()), ("pool prod", "keep-last 3"));
    let odd = r#"[{"id":"j","vmid":"100,101","node":"pve1","bwlimit":"10240","lockwait":"180","prune-backups":"keep-all=1",
        "exclude-path":["/tmp/*","/var/a b"],"fleecing":{"enabled":"1"},"enabled":"0","mode":"novel","all":0}]"#;
    let job = staged(&[("/cluster/backup", odd)]).backup_job("j").unwrap();
    assert_eq!((job.bwlimit, job.lockwait), (Reading::Known(Bytes::mib(10)), Reading::Known(Age(10_800))));
    assert_eq!((job.selection().raw(), job.is_enabled()), ("100, 101, on pve1 only", false));
    assert_eq!((job.exclude_path[1].raw(), job.mode.to_string().as_str()), ("/var/a b", "novel"));
    let missing = demo().backup_job("nightly").unwrap_err().to_string();
    assert!(missing.contains("backup-nightly, backup-weekly, backup-test"), "{missing}");
}

#[test]
fn volumes_that_a_job_leaves_out_are_named() {
    let volumes = demo().backup_job("backup-weekly").unwrap().included_volumes().unwrap();
    assert!(volumes.any(|volume| volume.vmid == 103 && volume.key == "scsi1"), "{volumes:?}");
    assert!(words(&volumes).contains("volumes, all of them saved."), "{}", words(&volumes));
    let tree = r#"{"children":[{"id":"7","name":"web","type":"qemu","leaf":0,"children":[
        {"id":"7:scsi0","name":"a:vm-7-disk-0","included":1,"reason":"backup=yes"},
        {"id":"7:scsi1","name":null,"included":"0","reason":"backup=no"}]},{"id":8,"type":"unknown","leaf":1}]}"#;
    let path = "/cluster/backup/backup-weekly/included_volumes";
    let volumes = staged(&[(path, tree)]).backup_job("backup-weekly").unwrap().included_volumes().unwrap();
    let said = words(&volumes);
    assert!(said.contains("2 volumes; left out: scsi1 of 7.") && said.contains("8 ? the guest is gone"), "{said}");
    let few = limited(&[("/", "Sys.Audit")], &[]).backup_job("backup-weekly").unwrap().included_volumes().unwrap();
    assert!(few.is_partial() && words(&few).contains("lacks VM.Audit on /vms or somewhere below"));
}

#[test]
fn guests_that_no_job_saves_are_not_told_to_be_all_where_the_server_hides_some() {
    let bare = demo().not_backed_up().unwrap();
    assert_eq!(bare.map(|guest| guest.vmid.known().unwrap()), [116, 241, 900]);
    let said = words(&bare);
    assert!(said.contains("the server counts these jobs too: backup-test."), "{said}");
    assert!(!bare.is_partial() && bare.provenance().calls.len() == 2);
    let auditor = limited(&[("/", "Sys.Audit")], &[("/cluster/backup-info/not-backed-up", "[]")]);
    let said = words(&auditor.not_backed_up().unwrap());
    assert!(said.contains("0 guests that no job saves visible to you; cannot say whether there are others."), "{said}");
    let none =
        staged(&[("/cluster/backup-info/not-backed-up", "[]"), ("/cluster/backup", "[]")]).not_backed_up().unwrap();
    assert!(!words(&none).contains("disabled"), "{}", words(&none));
}

#[test]
fn replication_says_what_fails_on_the_node_that_does_it() {
    let pve = demo();
    assert_eq!(pve.replication_jobs().unwrap().len(), 4);
    let from_two = pve.node("pve2").unwrap().replication().unwrap();
    let said = words(&from_two);
    assert!(said.contains("1 replication job; failing: 113-0.") && said.contains("✕ failing"), "{said}");
    assert!(pve.node("pve1").unwrap().replication().unwrap().all(|job| !job.is_failing()));
    let offline = pve.node("pve4").unwrap().replication().unwrap_err().to_string();
    assert!(offline.contains("Node pve4 cannot be reached"), "{offline}");
    let never =
        r#"[{"id":"1-0","last_sync":0,"last_try":"0","duration":"0.4","fail_count":"0","next_sync":1768468500}]"#;
    let job =
        staged(&[("/nodes/pve1/replication", never)]).node("pve1").unwrap().replication().unwrap().first().unwrap();
    assert_eq!((job.last_sync, job.duration, job.fail_count), (None, Reading::Known(Age(0)), Reading::Known(0)));
    assert!(words(&job).contains("never ran"));
    let few = limited(&[("/nodes", "Sys.Audit")], &[("/cluster/replication", "[]")]);
    assert!(words(&few.replication_jobs().unwrap()).contains("cannot say whether there are others"));
    assert!(few.node("pve1").unwrap().replication().unwrap().is_partial());
}

#[test]
fn mappings_of_all_kinds_stand_in_one_list_and_a_kind_that_is_missing_is_named() {
    let all = demo().mappings().unwrap();
    assert_eq!(all.map(|mapping| mapping.kind.to_string()), ["pci", "usb", "dir"]);
    assert!(words(&all).contains("so that their guests cannot move: erp-dongle."), "{}", words(&all));
    let gpu = all.find(|mapping| mapping.kind == MappingKind::Pci).unwrap();
    assert_eq!(gpu.on("pve2")[0].get("path").unwrap(), "0000:41:00.0");
    let cards = r#"[{"id":"nic","map":["node=pve1,path=0000:01:00.0","node=pve2,path=0000:01:00.0","node=pve1,path=0000:02:00.0"]}]"#;
    let nics = staged(&[("/cluster/mapping/pci", cards)]).mappings().unwrap();
    assert_eq!(nics.first().unwrap().nodes(), ["pve1", "pve2"], "each once, wherever it stands");
    assert_eq!(all.provenance().calls.len(), 3);
    let old = refusing(&[("/cluster/mapping/dir", 501)]).mappings().unwrap();
    assert_eq!((old.len(), old.is_partial()), (2, true));
    assert!(words(&old).contains("/cluster/mapping/dir could not be read"), "{}", words(&old));
    let all_gone =
        refusing(&[("/cluster/mapping/pci", 501), ("/cluster/mapping/usb", 501), ("/cluster/mapping/dir", 501)]);
    assert!(all_gone.mappings().is_err());
    let user =
        limited(&[("/mapping/pci/gpu-a2", "Mapping.Use")], &[("/cluster/mapping/usb", "[]")]).mappings().unwrap();
    assert!(
        words(&user).contains("lacks Mapping.Modify and Mapping.Use and Mapping.Audit on /mapping/usb"),
        "{}",
        words(&user)
    );
}

#[test]
fn metrics_servers_and_webhooks_keep_their_keys_to_themselves() {
    let pve = demo();
    let servers = pve.metrics_servers().unwrap();
    assert!(words(&servers).contains("2 metrics servers, 1 of them in use."));
    let influx = servers.first().unwrap().configured().unwrap();
    assert!(influx.has_token && influx.bucket.as_ref().is_some_and(|bucket| bucket == "pve"));
    let hook = r#"[{"name":"hook","url":"https://me:p4ss@x","method":"post","header":[{"name":"Auth","value":"h34der"}],
        "secret":[{"name":"t","value":"s3cret"}],"body":"e30=","origin":"user-created"}]"#;
    let ways = staged(&[("/cluster/notifications/endpoints/webhook", hook)]).notification_endpoints().unwrap();
    let way = ways.find(|way| way.kind == "webhook").unwrap();
    assert!(way.has_secrets && way.has_headers);
    for shown in [
        influx.page().text() + &influx.raw().to_string() + &format!("{influx:?}"),
        way.page().text() + &way.page().html() + &way.raw().to_string() + &format!("{way:?}{:?}", way.url),
    ] {
        assert!(
            !["an-invented-token", "h34der", "s3cret", "p4ss"].iter().any(|secret| shown.contains(secret)),
            "{shown}"
        );
    }
}

#[test]
fn notifications_say_who_is_told_of_what() {
    let pve = demo();
    assert!(words(&pve.notification_targets().unwrap()).contains("3 targets, 1 of them disabled."));
    let said = words(&pve.notification_matchers().unwrap());
    assert!(said.contains("failed-backups ● enabled error and exact:type=vzdump ops-mail"), "{said}");
    assert!(said.contains("default-matcher ● enabled everything mail-to-root"), "{said}");
    let ways = pve.notification_endpoints().unwrap();
    let to = ways.map(|way| (way.kind.to_string(), NotificationEndpoint::columns()[3].cell(way).to_string()));
    assert_eq!(to[1], ("smtp".to_owned(), "ops@example.org, alice@pve over 10.10.0.25".to_owned()));
    assert_eq!(to[2].1, "https://push.example.org");
    assert!(pve.realm_sync_jobs().unwrap().is_empty());
}

#[test]
fn a_silent_master_makes_what_is_said_of_guests_its_last_word() {
    let rows = r#"[{"id":"quorum","type":"quorum","status":"OK","quorate":1},
        {"id":"master","type":"master","node":"pve2","status":"pve2 (old timestamp - dead?, Mon Jan 12 10:00:00 2026)","timestamp":1768212000},
        {"id":"service:vm:101","type":"service","sid":"vm:101","state":"started","node":"pve1","status":"vm:101 (pve1, started)"}]"#;
    let said = words(&staged(&[("/cluster/ha/status/current", rows)]).ha_status().unwrap());
    assert!(said.contains("what is said of each guest is what it knew last"), "{said}");
    assert!(!words(&demo().ha_status().unwrap()).contains("knew last"));
}
