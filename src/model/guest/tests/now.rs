//! What guests do now, what their agents say, where they may go: odd answers and honest words.

use serde_json::{Value, json};

use super::guest;
use crate::model::canned::Canned;
use crate::model::guest::{Guest, GuestKind};
use crate::model::node::Node;
use crate::render::View;
use crate::units::{Bytes, Ratio, Reading, Why};
use crate::wire::Call;

/// The rows of `/cluster/resources` on the demo, changed.
fn resources(mut change: impl FnMut(&mut Vec<Value>)) -> Value {
    let answer = Canned::new().session().ask(Call::get("/cluster/resources")).unwrap();
    let mut rows: Vec<Value> = answer.reply.data(&answer.call).unwrap();
    change(&mut rows);
    rows.into()
}

#[test]
fn a_hung_pvestatd_an_offline_node_and_a_guest_that_is_seconds_old_are_told_apart() {
    let bare = |row: &Value| json!({"id": row["id"], "type": row["type"], "node": row["node"], "vmid": row["vmid"], "status": "unknown"});
    let rows = resources(|rows| {
        for row in rows.iter_mut() {
            let hung = row["node"] == "pve2" && (row["type"] == "qemu" || row["type"] == "lxc");
            if hung || row["vmid"] == 107 {
                *row = bare(row);
            }
        }
    });
    let session = Canned::new().data("/cluster/resources", rows).session();
    let guests = Guest::list(&session).unwrap();
    let why = |vmid: u32| guests.find(|guest| guest.vmid == vmid).unwrap().name.why();
    assert_eq!(
        (why(110), why(130), why(107)),
        (Some(Why::NodeSilent), Some(Why::NodeOffline), Some(Why::NotReportedYet))
    );
    assert!(!guests.any(|guest| guest.node == "pve2" && (guest.is_stopped() || guest.is_running())));
    let text = guests.page().text();
    for words in [
        "Of all guests, the state of 5 is not known: pve4 is offline.",
        "the state of 12 is not known: pve2 is online but reports nothing",
        "the state of 1 on pve1 is not reported yet",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    // Its node still answers for itself.
    assert!(guest(&session, 110).is_running());
    assert!(guests.filter(|g| g.vmid == 110).configs().unwrap().len() == 1);
}

#[test]
fn details_of_both_kinds_are_alike_and_say_what_is_missing_and_why() {
    let session = Canned::new().session();
    let vm = guest(&session, 103).details().unwrap();
    assert_eq!((vm.kind(), vm.is_ha_managed(), vm.ha_state().unwrap()), (GuestKind::Vm, Some(true), "started".into()));
    assert_eq!(vm.counters_of_drives().len(), 2);
    assert!(vm.counters_of_nics()[0].received > Bytes(0) && vm.disk == Reading::Missing(Why::KnownInsideOnly));
    let ct = guest(&session, 203).details().unwrap();
    assert!(ct.disk.is_known() && ct.maxswap == Bytes::mib(512) && ct.pressure().is_known());
    let off = guest(&session, 101).details().unwrap();
    assert_eq!(
        (off.cpu.why(), off.mem.why(), off.pid.why()),
        (Some(Why::NotWhileStopped), Some(Why::NotWhileStopped), Some(Why::NotWhileStopped))
    );
    assert_eq!((off.cpus, off.maxmem), (Reading::Known(2), Reading::Known(Bytes::gib(4))));
    assert!(guest(&session, 116).details().unwrap().page().text().contains("‖ paused"));
}

#[test]
fn pressures_are_parts_of_the_time_whatever_form_they_come_in_and_odd_fields_do_not_matter() {
    let odd = json!({
        "vmid": "200", "status": "running", "pressurecpusome": "12.50", "pressureiosome": 50, "pressurememorysome": {},
        "nics": [], "blockstat": null, "ha": 7, "template": "", "tags": null, "cpu": "0.5", "new": {"x": 1},
    });
    let session = Canned::new().data("/nodes/pve1/lxc/200/status/current", odd).session();
    let listed = Guest::list(&session).unwrap().find(|guest| guest.vmid == 200).unwrap();
    let details = listed.details().unwrap();
    assert_eq!(
        (details.pressurecpusome, details.pressure(), details.cpu),
        (Ratio(0.125).into(), Ratio(0.5).into(), Ratio(0.5).into())
    );
    assert_eq!(details.pressurememorysome, Reading::Missing(Why::NotUnderstood));
    assert_eq!(
        (details.counters_of_nics().len(), details.is_ha_managed(), details.name.why()),
        (0, None, Some(Why::NotInAnswer))
    );
}

#[test]
fn a_node_tells_of_all_its_guests_at_once_and_says_who_cannot_see_them() {
    let session = Canned::new().privileges(&[("/", &["Sys.Audit"])]).session();
    let all = Node::find(&session, "pve1").unwrap().guest_details().unwrap();
    assert!(all.any(|g| g.kind() == GuestKind::Ct) && all.any(|g| g.kind() == GuestKind::Vm));
    assert!(all.page().text().contains("lacks VM.Audit on /vms or somewhere below"), "{}", all.page().text());
}

#[test]
fn an_agent_that_is_not_there_is_a_sentence_that_says_what_to_do_and_costs_no_call_where_that_is_clear() {
    let (session, wire) = Canned::new().watched();
    let said = |vmid: u32| guest(&session, vmid).agent().and_then(|agent| agent.os()).unwrap_err().to_string();
    assert_eq!(
        said(124),
        "The guest agent of legacy-crm is not set up. Install qemu-guest-agent in the guest and switch the agent on in its options; that holds from the next start"
    );
    assert!(said(101).contains("The guest agent of web-1 cannot be asked: the guest is stopped"));
    assert!(said(200).contains("it is a container. Its node sees into it: pve.guest(200)?.addresses()?"));
    let far = said(130);
    assert!(
        far.contains("whether the guest runs on pve4 is not known (node offline). pve.node(\"pve4\")? shows"),
        "{far}"
    );
    assert!(
        wire.asked("/101/agent").is_empty() && wire.asked("/200/agent").is_empty() && wire.asked("/130/").is_empty()
    );
    let path = "/nodes/pve1/qemu/104/agent/get-osinfo";
    let answered = |message: &str| {
        let session = Canned::new().refusal(path, 500, message).session();
        guest(&session, 104).agent().unwrap().os().unwrap_err().to_string()
    };
    assert!(answered("QEMU guest agent is not running\n").contains("is set up, and does not answer"));
    assert!(answered("VM 104 is not running\n").contains("the guest does not run"));
    let refused = json!({"result": {"error": {"class": "CommandNotFound", "desc": "no such command"}}});
    let session = Canned::new().data(path, refused).session();
    let agent = guest(&session, 104).agent().unwrap();
    assert!(agent.os().unwrap_err().to_string().contains("no such command"));
    // What it refuses does not hide what it says.
    let text = agent.page().text();
    assert!(text.contains("Its operating system could not be read") && text.contains("Mounted at"), "{text}");
}

#[test]
fn an_agent_shows_all_that_it_says_and_is_left_alone_once_it_does_not_answer() {
    let session = Canned::new().session();
    let text = guest(&session, 104).agent().unwrap().page().text();
    for words in ["It answers: Debian GNU/Linux 12", "File systems", "agent()?.interfaces()?", "agent/get-host-name"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    let (session, wire) = Canned::new().watched();
    let text = guest(&session, 124).agent().unwrap().page().text();
    assert!(text.contains("is not set up") && wire.asked("/124/agent").len() == 1, "{text}");
}

#[test]
fn a_guest_of_an_offline_node_says_so_once_and_asks_the_node_no_more() {
    let (session, wire) = Canned::new().watched();
    let text = guest(&session, 130).page().text();
    assert!(text.contains("The state of VM 130 is not known: pve4 is offline."), "{text}");
    assert!(text.contains("can be read once pve4 answers again") && !text.contains("could not be read"), "{text}");
    assert!(wire.asked("/130/config").is_empty() && wire.asked("/130/snapshot").is_empty());
}

#[test]
fn an_agent_that_gives_no_result_is_not_taken_to_say_that_there_is_nothing() {
    let at = |command: &str| format!("/nodes/pve1/qemu/104/agent/{command}");
    let session = Canned::new()
        .data(&at("get-users"), json!({}))
        .data(&at("get-fsinfo"), json!(null))
        .data(&at("get-host-name"), json!({"result": {}}))
        .session();
    let agent = guest(&session, 104).agent().unwrap();
    let said = agent.users().unwrap_err().to_string();
    assert!(said.contains("did not say it (GET /nodes/pve1/qemu/104/agent/get-users)"), "{said}");
    assert!(agent.filesystems().is_err() && agent.hostname().is_err());
}

#[test]
fn what_an_agent_says_is_typed_and_odd_parts_of_it_are_left_out() {
    let session = Canned::new()
        .data(
            "/nodes/pve1/qemu/104/agent/get-fsinfo",
            json!({"result": [
                {"mountpoint": "/", "type": "ext4", "used-bytes": "900", "total-bytes": 1000, "disk": [{"bus": 0}]},
                {"mountpoint": "/boot/efi", "used-bytes": null}, 7,
            ]}),
        )
        .data(
            "/nodes/pve1/qemu/104/agent/network-get-interfaces",
            json!({"result": [
                {"name": "lo", "ip-addresses": [{"ip-address": "127.0.0.1", "prefix": 8}]},
                {"name": "eth0", "hardware-address": "bc:24:11:00:00:04", "ip-addresses": [
                    {"ip-address": "fe80::1", "ip-address-type": "ipv6", "prefix": 64}, "odd",
                    {"ip-address": "2001:db8::4", "ip-address-type": "ipv6", "prefix": "64"},
                ]},
                {"name": "docker0"},
            ]}),
        )
        .data(
            "/nodes/pve1/qemu/104/agent/get-users",
            json!({"result": [{"user": "dora", "login-time": 1768467000.25}]}),
        )
        .session();
    let mail = guest(&session, 104);
    let agent = mail.agent().unwrap();
    let systems = agent.filesystems().unwrap();
    let text = systems.page().text();
    assert!(text.contains("2 file systems that were read; / is 90% full.") && text.contains("1 more rows"), "{text}");
    let interfaces = mail.addresses().unwrap();
    assert_eq!(interfaces.first().unwrap().ips(), ["2001:db8::4"]);
    assert!(interfaces.page().text().contains("it can be reached at 2001:db8::4."), "{}", interfaces.page().text());
    assert_eq!(agent.users().unwrap().first().unwrap().since.known().unwrap().unix(), 1_768_467_000);
    assert_eq!((agent.hostname().unwrap().raw(), agent.timezone().unwrap().offset), ("mail", Some(3_600)));
}

#[test]
fn addresses_of_containers_are_alike_in_their_old_and_new_form() {
    let session = Canned::new().session();
    let addresses = guest(&session, 200).addresses().unwrap();
    assert_eq!(addresses.first().unwrap().ips(), ["10.20.0.200"]);
    let old =
        json!([{"name": "eth0", "hwaddr": "bc:24:11:00:00:05", "inet": "10.20.0.9/24", "inet6": "2001:db8::9/64"}]);
    let session = Canned::new().data("/nodes/pve1/lxc/200/interfaces", old).session();
    let eth0 = guest(&session, 200).addresses().unwrap().first().unwrap();
    assert_eq!(
        (eth0.ips(), eth0.hardware_address.unwrap()),
        (vec!["10.20.0.9".into(), "2001:db8::9".into()], "bc:24:11:00:00:05".into())
    );
    let session = Canned::new().data("/nodes/pve1/lxc/200/interfaces", Value::Null).session();
    assert!(guest(&session, 200).addresses().unwrap_err().to_string().contains("it is not running any more"));
    assert!(guest(&session, 241).addresses().unwrap_err().to_string().contains("it is stopped"));
}

#[test]
fn cloud_init_says_what_waits_and_never_a_password() {
    let rows = json!([
        {"key": "ciuser", "value": "debian", "pending": "ops"}, {"key": "cipassword", "value": "$5$secret", "pending": "$5$other"},
        {"key": "sshkeys", "value": "ssh-ed25519%20AAAA%2Fx%20ops%40lab%0A"}, {"key": "ipconfig1", "value": "ip=dhcp", "delete": 1},
    ]);
    let session = Canned::new().data("/nodes/pve1/qemu/101/cloudinit", rows).session();
    let settings = guest(&session, 101).cloud_init().unwrap();
    let text = settings.page().text();
    assert!(
        text.contains("4 settings; 3 wait until its drive is made anew.") && text.contains("will be ops"),
        "{text}"
    );
    let all: String =
        settings.iter().map(|setting| format!("{setting:?}{}{}", setting.page().text(), setting.raw())).collect();
    assert!(!format!("{all}{text}").contains("$5$"), "{all}");
    assert_eq!(settings.find(|s| s.key == "sshkeys").unwrap().value.unwrap(), "ssh-ed25519 AAAA/x ops@lab");
    assert!(guest(&session, 200).cloud_init().unwrap_err().to_string().contains("it is a container"));
}

#[test]
fn a_guest_may_move_only_to_nodes_that_are_there_and_the_others_say_why_not() {
    let session = Canned::new()
        .data("/nodes/pve1/qemu/104/migrate", json!({
            "allowed_nodes": ["pve4", "pve3"], "running": "1", "local_resources": ["usb0"],
            "not_allowed_nodes": {"pve2": {"unavailable_storages": ["local-zfs"], "blocking-ha-resources": [{"sid": "vm:103", "cause": "resource-affinity"}]}},
            "local_disks": [{"volid": "local-zfs:vm-104-disk-0", "drivename": "scsi0", "size": "1024"}, "odd"],
        }))
        .session();
    let preflight = guest(&session, 104).migration_preflight().unwrap();
    assert_eq!(preflight.targets(), ["pve3"]);
    let obstacles: Vec<String> = preflight.obstacles().iter().map(|(node, why)| format!("{node}: {why}")).collect();
    assert_eq!(obstacles[1], "pve4: it is offline");
    assert!(
        obstacles[0].contains("does not have the storages local-zfs") && obstacles[0].contains("apart from vm:103"),
        "{obstacles:?}"
    );
    let text = preflight.page().text();
    assert!(text.contains("mail may move to pve3, while it runs.") && text.contains("devices of pve1: usb0"), "{text}");
    assert!(text.contains("local-zfs:vm-104-disk-0"), "{text}");
    // Containers spell it otherwise.
    assert_eq!(guest(&session, 204).migration_preflight().unwrap().targets(), ["pve2", "pve3"]);
}

#[test]
fn a_snapshot_keeps_the_configuration_of_its_time() {
    let session = Canned::new().session();
    let gitlab = guest(&session, 105);
    let kept = gitlab.config_of_snapshot("before-17-6").unwrap();
    assert_eq!((kept.memory(), kept.notes().unwrap().raw()), (Some(Bytes::gib(16)), "before the upgrade to 17.6"));
    assert!(kept.page().text().contains("Configuration of gitlab in the snapshot before-17-6"));
    assert!(gitlab.config_of_snapshot("../../../version").is_err());
    for name in ["nope", ""] {
        let none = gitlab.config_of_snapshot(name).unwrap_err().to_string();
        assert!(none.contains(&format!("has no snapshot \"{name}\". pve.guest(")), "{none}");
    }
}

#[test]
fn whether_a_guest_on_an_offline_node_runs_is_not_known() {
    let page = guest(&Canned::new().session(), 130).page().text();
    assert!(page.contains("The state of VM 130 is not known: pve4 is offline."), "{page}");
}
