//! Every action: its plan shows itself, a check can refuse it, what it promises holds when it is read past its objects, and
//! what it did is undone or it is said why not.

use serde_json::Value;

use super::care::{failed, in_care, meant};
use super::*;
use crate::plan::{CloneSpec, CtSpec, Plan, Verdict, VmSpec};
use crate::units::Bytes;

type Make = fn(&Pve) -> Plan;

/// One action, and what is to be so before and after it.
struct Action {
    name: &'static str,
    prepare: fn(&Pve),
    plan: Make,
    /// Another one, and the check that refuses it.
    refused: (Make, &'static str),
    /// What it is about, read by address.
    view: fn(&Pve) -> Value,
    /// Whether that is as promised, by how it was before.
    holds: fn(&Value, &Value) -> bool,
    /// Why nothing undoes it, where nothing does.
    stays: Option<&'static str>,
}

impl Action {
    fn of(name: &'static str, plan: Make, view: fn(&Pve) -> Value, holds: fn(&Value, &Value) -> bool) -> Action {
        let refused: (Make, &'static str) = (no_quorum, "quorum");
        Action { name, prepare: |_| (), plan, refused, view, holds, stays: None }
    }

    fn unless(self, plan: Make, check: &'static str) -> Action {
        Action { refused: (plan, check), ..self }
    }

    fn after(self, prepare: fn(&Pve)) -> Action {
        Action { prepare, ..self }
    }

    fn stays(self, why: &'static str) -> Action {
        Action { stays: Some(why), ..self }
    }

    fn holds_what_it_promises(&self) {
        let name = self.name;
        let pve = demo();
        let (refused, check) = self.refused;
        let error = meant(&refused(&pve)).run().unwrap_err().to_string();
        assert!(error.contains(&format!("The check \"{check}\" failed")), "{name}: {error}");

        let pve = demo();
        (self.prepare)(&pve);
        let before = (self.view)(&pve);
        let plan = (self.plan)(&pve);
        let text = plan.page().text();
        assert!(text.contains("Nothing has been sent") && text.contains("Undo"), "{name}: {text}");
        let untold = plan.checks().into_iter().filter(|check| check.source.is_blank());
        let untold: Vec<String> = untold.map(|check| check.name.to_string()).collect();
        assert!(untold.iter().all(|check| BY_ITSELF.contains(&check.as_str())), "{name}: nobody told {untold:?}");
        let done = meant(&plan).run().unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        let after = (self.view)(&pve);
        assert!((self.holds)(&before, &after), "{name}: {before}\nbecame {after}");
        assert!(done.page().text().contains("Done"), "{name}");
        match (self.stays, done.undo()) {
            (Some(why), Err(error)) => assert!(error.to_string().contains(why), "{name}: {error}"),
            (Some(_), Ok(plan)) => panic!("{name} is undone by {plan:?}"),
            (None, Err(error)) => panic!("{name}: {error}"),
            (None, Ok(plan)) => {
                meant(&plan).run().unwrap_or_else(|error| panic!("undo of {name}: {error}"));
                assert_eq!((self.view)(&pve), before, "{name}, undone");
            }
        }
    }
}

/// Checks of the words that were given, for which nobody has to be asked.
const BY_ITSELF: [&str; 4] = ["name", "state asked for", "size", "kind of copy"];

fn no_quorum(pve: &Pve) -> Plan {
    pve.practice(crate::wire::practice::Fault::QuorumLost).unwrap();
    pve.guest("web-1").unwrap().start()
}

fn read(pve: &Pve, path: &str) -> Value {
    pve.get(path).unwrap().value()
}

/// Number, name, state and node of all that is on nodes that are online, as the nodes themselves tell.
fn guests(pve: &Pve) -> Value {
    let mut all = Vec::new();
    for node in ["pve1", "pve2", "pve3"] {
        for kind in ["qemu", "lxc"] {
            let rows = read(pve, &format!("/nodes/{node}/{kind}"));
            for row in rows.as_array().unwrap() {
                all.push(format!("{} {} {} on {node}", row["vmid"], row["name"], row["status"]));
            }
        }
    }
    all.sort();
    all.into()
}

fn has(guests: &Value, words: &str) -> bool {
    guests.as_array().unwrap().iter().any(|guest| guest.as_str().unwrap().contains(words))
}

fn config(pve: &Pve, place: &str) -> Value {
    let mut config = read(pve, &format!("/nodes/{place}/config"));
    config.as_object_mut().unwrap().remove("digest");
    config
}

fn those(pve: &Pve, vmids: &[u32]) -> crate::model::list::List<crate::model::guest::Guest> {
    pve.guests().unwrap().filter(|guest| vmids.contains(&guest.vmid))
}

fn guest(pve: &Pve, name: &str) -> crate::model::guest::Guest {
    pve.guest(name).unwrap()
}

fn backup_of(pve: &Pve, name: &str) -> crate::model::storage::content::Volume {
    guest(pve, name).backups().unwrap().first().unwrap()
}

fn backups(pve: &Pve) -> Value {
    read(pve, "/nodes/pve1/storage/nfs-backup/content?content=backup").as_array().unwrap().len().into()
}

fn snapshots(pve: &Pve, place: &str) -> Value {
    let rows = read(pve, &format!("/nodes/{place}/snapshot"));
    rows.as_array().unwrap().iter().map(|row| row["name"].clone()).collect()
}

fn more(by: i64, before: &Value, after: &Value) -> bool {
    after.as_i64() == before.as_i64().map(|before| before + by)
}

#[test]
fn what_turns_guests_on_and_off() {
    for action in [
        Action::of("start", |p| guest(p, "web-1").start(), guests, |_, now| has(now, "101 \"web-1\" \"running\""))
            .unless(|p| guest(p, "web-2").start(), "state"),
        Action::of(
            "shutdown",
            |p| guest(p, "web-2").shutdown(),
            guests,
            |_, now| has(now, "102 \"web-2\" \"stopped\""),
        )
        .unless(|p| guest(p, "web-1").shutdown(), "state"),
        Action::of("stop", |p| guest(p, "web-2").stop(), guests, |_, now| has(now, "102 \"web-2\" \"stopped\""))
            .unless(|p| guest(p, "web-1").stop(), "state"),
        Action::of("reboot", |p| guest(p, "web-2").reboot(), guests, |was, now| was == now)
            .unless(|p| guest(p, "web-1").reboot(), "state")
            .stays("Nothing undoes a reboot"),
        Action::of("reset", |p| guest(p, "web-2").reset(), guests, |was, now| was == now)
            .unless(|p| guest(p, "proxy").reset(), "kind")
            .stays("Nothing undoes a reset"),
        Action::of("suspend", |p| guest(p, "web-2").suspend(), paused_102, |_, now| now == "paused")
            .unless(|p| guest(p, "proxy").suspend(), "kind"),
        Action::of("resume", |p| guest(p, "win-term").resume(), paused_116, |_, now| now == "running")
            .unless(|p| guest(p, "web-2").resume(), "state"),
        Action::of(
            "start several",
            |p| those(p, &[101, 106]).start().expect(2),
            guests,
            |_, now| has(now, "101 \"web-1\" \"running\"") && has(now, "106 \"staging-1\" \"running\""),
        )
        .unless(|p| p.guests().unwrap().start().expect(p.guests().unwrap().len()), "not everything"),
        Action::of(
            "shut several down",
            |p| those(p, &[102, 110]).shutdown().expect(2),
            guests,
            |_, now| has(now, "102 \"web-2\" \"stopped\"") && has(now, "110 \"web-3\" \"stopped\""),
        )
        .unless(|p| those(p, &[102, 116]).shutdown().expect(2), "state"),
        Action::of("reboot several", |p| those(p, &[102, 110]).reboot().expect(2), guests, |was, now| was == now)
            .unless(|p| those(p, &[102, 116]).reboot().expect(2), "state")
            .stays("Nothing of it can be undone"),
        Action::of("abort", running_backup, at_work, |was, now| more(-1, was, now))
            .after(begin_backup)
            .unless(|p| p.tasks().unwrap().find(|task| !task.is_running()).unwrap().abort(), "state")
            .stays("Begin the action anew"),
    ] {
        action.holds_what_it_promises();
    }
}

fn paused_102(pve: &Pve) -> Value {
    read(pve, "/nodes/pve1/qemu/102/status/current")["qmpstatus"].clone()
}

fn paused_116(pve: &Pve) -> Value {
    read(pve, "/nodes/pve2/qemu/116/status/current")["qmpstatus"].clone()
}

fn begin_backup(pve: &Pve) {
    let call = Call::new(Method::Post, "/nodes/pve1/vzdump").with("vmid", "105").with("storage", "nfs-backup");
    pve.session().ask(call).unwrap();
    pve.session().pause(Duration::from_secs(2));
}

fn running_backup(pve: &Pve) -> Plan {
    let tasks = pve.node("pve1").unwrap().tasks().unwrap();
    tasks.find(|task| task.is_running() && task.kind == "vzdump").unwrap().abort()
}

fn at_work(pve: &Pve) -> Value {
    let rows = read(pve, "/nodes/pve1/tasks?source=active");
    rows.as_array()
        .unwrap()
        .iter()
        .filter(|row| row["status"] == "RUNNING" || row.get("endtime").is_none())
        .count()
        .into()
}

#[test]
fn what_keeps_a_state_and_brings_it_back() {
    for action in [
        Action::of(
            "snapshot",
            |p| guest(p, "mail").snapshot("before"),
            |p| snapshots(p, "pve1/qemu/104"),
            |_, now| now.to_string().contains("before"),
        )
        .unless(|p| guest(p, "gitlab").snapshot("before-17-6"), "name is free"),
        Action::of(
            "snapshot with memory",
            |p| guest(p, "mail").snapshot_with_memory("before"),
            |p| {
                read(p, "/nodes/pve1/qemu/104/snapshot")
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|row| row["vmstate"].clone())
                    .collect()
            },
            |was, now| was != now && now.to_string().contains('1'),
        )
        .unless(|p| guest(p, "wiki").snapshot_with_memory("before"), "kind"),
        Action::of(
            "snapshot several",
            |p| those(p, &[102, 104]).snapshot("before").expect(2),
            |p| [snapshots(p, "pve1/qemu/102"), snapshots(p, "pve1/qemu/104")].into_iter().collect(),
            |_, now| now.to_string().matches("before").count() == 2,
        )
        .unless(|p| those(p, &[104, 105]).snapshot("before-17-6").expect(2), "name is free"),
        Action::of(
            "delete a snapshot",
            |p| guest(p, "gitlab").delete_snapshot("before-17-6"),
            |p| snapshots(p, "pve1/qemu/105"),
            |_, now| !now.to_string().contains("before-17-6"),
        )
        .unless(|p| guest(p, "gitlab").delete_snapshot("nope"), "snapshot")
        .stays("A removed snapshot is gone"),
        Action::of(
            "roll back",
            |p| guest(p, "gitlab").rollback("before-17-7"),
            |p| {
                let rows = read(p, "/nodes/pve1/qemu/105/snapshot");
                rows.as_array().unwrap().iter().find(|row| row["name"] == "current").unwrap()["parent"].clone()
            },
            |_, now| now == "before-17-7",
        )
        .unless(|p| guest(p, "gitlab").rollback("nope"), "snapshot")
        .stays("What was since the snapshot is gone"),
        Action::of("back up", |p| guest(p, "web-2").backup("nfs-backup"), backups, |was, now| more(1, was, now))
            .unless(|p| guest(p, "web-2").backup("ceph-vm"), "storage")
            .stays("A backup takes nothing away"),
        Action::of(
            "back several up",
            |p| those(p, &[102, 110]).backup("nfs-backup").expect(2),
            backups,
            |was, now| more(2, was, now),
        )
        .unless(|p| those(p, &[102, 110]).backup("nowhere").expect(2), "storage")
        .stays("Nothing of it can be undone"),
        Action::of(
            "restore beside",
            |p| backup_of(p, "db-main").restore_beside("ceph-vm"),
            guests,
            |_, now| has(now, "\"db-main-restored\" \"stopped\""),
        )
        .unless(|p| backup_of(p, "db-main").restore_beside("local"), "storage"),
        Action::of(
            "restore over",
            |p| backup_of(p, "web-1").restore_over("ceph-vm"),
            |p| config(p, "pve1/qemu/101")["tags"].clone(),
            |was, now| was != now && !now.to_string().contains("lost"),
        )
        .after(|p| drop(guest(p, "web-1").tag("lost").run().unwrap()))
        .unless(|p| backup_of(p, "web-2").restore_over("ceph-vm"), "state")
        .stays("What it was before is gone"),
    ] {
        action.holds_what_it_promises();
    }
}

fn web_9() -> VmSpec {
    VmSpec::new("web-9").vmid(909).on_node("pve1").disk("ceph-vm", Bytes::gib(8)).net("vmbr0")
}

fn dns_9() -> CtSpec {
    let template = "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst";
    CtSpec::new("dns-9", template).vmid(919).on_node("pve1").disk("ceph-vm", Bytes::gib(8)).net("vmbr0")
}

#[test]
fn what_makes_guests_and_removes_them() {
    for action in [
        Action::of(
            "make a template",
            |p| guest(p, "staging-1").make_template(),
            |p| config(p, "pve1/qemu/106"),
            |_, now| now["template"] == 1,
        )
        .unless(|p| guest(p, "web-2").make_template(), "state")
        .stays("A template does not become a guest again"),
        Action::of(
            "linked copy",
            |p| guest(p, "tpl-debian12").copy(&CloneSpec::linked("web-9").vmid(909)),
            guests,
            |_, now| has(now, "909 \"web-9\" \"stopped\" on pve1"),
        )
        .unless(|p| guest(p, "web-1").copy(&CloneSpec::linked("web-9")), "kind of copy"),
        Action::of(
            "full copy",
            |p| guest(p, "web-1").copy(&CloneSpec::full("web-9").vmid(909).storage("ceph-vm")),
            guests,
            |_, now| has(now, "909 \"web-9\" \"stopped\" on pve1"),
        )
        .unless(|p| guest(p, "web-1").copy(&CloneSpec::full("web-9").storage("local")), "storage"),
        Action::of(
            "make a virtual machine",
            |p| p.create(&web_9()),
            guests,
            |_, now| has(now, "909 \"web-9\" \"stopped\""),
        )
        .unless(|p| p.create(&VmSpec::new("-bad").on_node("pve1")), "name"),
        Action::of("make a container", |p| p.create(&dns_9()), guests, |_, now| has(now, "919 \"dns-9\" \"stopped\""))
            .unless(|p| p.create(&dns_9().vmid(101)), "number"),
        Action::of("delete", |p| guest(p, "web-1").delete(), guests, |_, now| !has(now, "101 \"web-1\""))
            .unless(|p| guest(p, "web-2").delete(), "state")
            .stays("comes back only from a backup"),
    ] {
        action.holds_what_it_promises();
    }
}

fn web_1(pve: &Pve) -> Value {
    config(pve, "pve1/qemu/101")
}

/// On which storage its first disk lies.
fn lies_on(pve: &Pve) -> Value {
    web_1(pve)["scsi0"].as_str().unwrap().split(':').next().unwrap().into()
}

#[test]
fn what_changes_settings_and_disks() {
    for action in [
        Action::of("set", |p| guest(p, "web-1").set("cores", 3), web_1, |_, now| now["cores"] == 3)
            .unless(|p| guest(p, "web-1").set("cores", 2), "difference"),
        Action::of("unset", |p| guest(p, "web-1").unset("onboot"), web_1, |_, now| now.get("onboot").is_none())
            .unless(|p| guest(p, "web-1").unset("startup"), "difference"),
        Action::of(
            "tag",
            |p| guest(p, "web-1").tag("chg-1"),
            web_1,
            |_, now| now["tags"].to_string().contains("chg-1"),
        )
        .unless(|p| guest(p, "web-1").tag("stage.prod"), "difference"),
        Action::of(
            "untag",
            |p| guest(p, "web-1").untag("stage.prod"),
            web_1,
            |_, now| !now["tags"].to_string().contains("stage.prod"),
        )
        .unless(|p| guest(p, "web-1").untag("nope"), "difference"),
        Action::of(
            "write notes",
            |p| guest(p, "web-1").set_notes("new"),
            web_1,
            |_, now| now["description"].as_str().unwrap().trim() == "new",
        )
        .unless(|p| guest(p, "web-2").set_notes(" "), "difference"),
        Action::of("protect", |p| guest(p, "web-1").protect(true), web_1, |_, now| now["protection"] == 1)
            .unless(|p| guest(p, "erp").protect(true), "difference"),
        Action::of(
            "resize",
            |p| guest(p, "web-1").resize("scsi0", "+8G"),
            web_1,
            |_, now| now["scsi0"].to_string().contains("size=40G"),
        )
        .unless(|p| guest(p, "web-1").resize("scsi0", "1G"), "size")
        .stays("A disk does not shrink"),
        Action::of(
            "move a disk",
            |p| guest(p, "web-1").move_disk("scsi0", "local-zfs"),
            lies_on,
            |_, now| now == "local-zfs",
        )
        .unless(|p| guest(p, "web-1").move_disk("scsi7", "local-zfs"), "disk"),
    ] {
        action.holds_what_it_promises();
    }
}

fn care(pve: &Pve) -> Value {
    in_care(pve).into()
}

#[test]
fn what_high_availability_is_asked() {
    for action in [
        Action::of("ha_add", |p| guest(p, "mail").ha_add(), care, |_, now| now.to_string().contains("vm:104"))
            .unless(|p| guest(p, "db-main").ha_add(), "high availability"),
        Action::of("ha_remove", |p| guest(p, "ldap").ha_remove(), care, |was, now| was != now)
            .unless(|p| guest(p, "mail").ha_remove(), "high availability"),
        Action::of(
            "ha_request",
            |p| guest(p, "batch").ha_request("started"),
            guests,
            |_, now| has(now, "126 \"batch\" \"running\""),
        )
        .unless(|p| guest(p, "batch").ha_request("asleep"), "state asked for"),
    ] {
        action.holds_what_it_promises();
    }
}

#[test]
fn what_moves_guests() {
    for action in [
        Action::of(
            "move while it runs",
            |p| guest(p, "mail").migrate("pve2"),
            guests,
            |_, now| has(now, "104 \"mail\" \"running\" on pve2"),
        )
        .unless(|p| guest(p, "mail").migrate("pve4"), "target node"),
        Action::of(
            "move what is off",
            |p| guest(p, "web-1").migrate("pve2"),
            guests,
            |_, now| has(now, "101 \"web-1\" \"stopped\" on pve2"),
        )
        .unless(|p| guest(p, "web-1").migrate("pve1"), "elsewhere"),
        Action::of(
            "move by high availability",
            |p| guest(p, "ldap").migrate("pve1"),
            guests,
            |_, now| has(now, "112 \"ldap\" \"running\" on pve1"),
        )
        .unless(|p| guest(p, "ldap").migrate("pve4"), "target node"),
        Action::of(
            "move with disks of the node",
            |p| guest(p, "kafka-3").migrate("pve1"),
            guests,
            |_, now| has(now, "120 \"kafka-3\" \"running\" on pve1"),
        )
        .unless(|p| guest(p, "kafka-3").migrate("pve4"), "target node"),
        Action::of(
            "move several",
            |p| those(p, &[104, 105]).migrate("pve2").expect(2),
            guests,
            |_, now| has(now, "104 \"mail\" \"running\" on pve2") && has(now, "105 \"gitlab\" \"running\" on pve2"),
        )
        .unless(|p| those(p, &[104, 110]).migrate("pve9").expect(2), "target node"),
    ] {
        action.holds_what_it_promises();
    }
}

/// Makes room on the other nodes.
fn make_room(pve: &Pve) {
    // Disks that are copied while their guest runs must have no snapshot.
    meant(&guest(pve, "ci-runner-1").delete_snapshot("clean")).run().unwrap();
    for name in ["erp", "db-replica", "gitlab"] {
        guest(pve, name).shutdown().run().unwrap();
    }
}

#[test]
fn what_empties_a_node() {
    let empty =
        |_: &Value, now: &Value| !now.as_array().unwrap().iter().any(|guest| guest.as_str().unwrap().ends_with("pve3"));
    for action in [
        Action::of("evacuate", |p| p.node("pve3").unwrap().evacuate(), guests, empty).after(make_room).unless(
            |p| {
                p.practice(crate::wire::practice::Fault::QuorumLost).unwrap();
                p.node("pve3").unwrap().evacuate()
            },
            "room for all",
        ),
        Action::of("evacuate to a node", |p| p.node("pve3").unwrap().evacuate_to("pve1"), guests, empty)
            .after(make_room)
            .unless(|p| p.node("pve3").unwrap().evacuate_to("pve4"), "room for all"),
    ] {
        action.holds_what_it_promises();
    }
}

/// Whether a check warns without refusing.
#[track_caller]
fn warns(plan: &Plan, name: &str, words: &str) {
    let checks = plan.checks();
    let check = checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no check {name}: {checks:?}"));
    assert_eq!(check.verdict, Verdict::Unknown, "{check:?}");
    assert!(check.reason.raw().contains(words), "{check:?}");
}

#[test]
fn each_check_refuses_what_it_is_there_for() {
    let refuse = |plan: fn(&Pve) -> Plan, name: &str, words: &str| failed(&meant(&plan(&demo())), name, words);
    refuse(|p| guest(p, "tpl-debian12").start(), "template", "never runs");
    refuse(|p| guest(p, "erp-test").start(), "locked", "backup");
    refuse(|p| p.create(&web_9().memory(Bytes::gib(500))), "memory", "500 GiB");
    refuse(|p| p.create(&web_9().cores(64)), "cores", "pve1 has 32");
    refuse(|p| p.create(&web_9().disk("ceph-vm", Bytes::gib(900_000))), "storage", "free");
    refuse(|p| p.create(&web_9().disk("nowhere", Bytes::gib(1))), "storage", "no storage");
    refuse(|p| p.create(&web_9().on_node("pve4")), "target node", "offline");
    refuse(|p| guest(p, "kafka-3").migrate("pve4"), "preflight", "does not allow");
    refuse(|p| guest(p, "proxy").copy(&CloneSpec::full("x")), "state", "It runs");
    refuse(|p| guest(p, "proxy").move_disk("rootfs", "ceph-vm"), "state", "It runs");
    refuse(|p| guest(p, "gitlab").make_template(), "snapshots", "It has 2 snapshots");
    refuse(|p| guest(p, "web-1").snapshot("1st"), "name", "letters");
    let set_first = |key: &'static str, value: &'static str| {
        let pve = demo();
        guest(&pve, "web-1").set(key, value).run().unwrap();
        pve
    };
    failed(&guest(&set_first("memory", "200000"), "web-1").start(), "memory", "free");
    failed(&guest(&set_first("cores", "64"), "web-1").start(), "cores", "pve1 has 32");
    failed(&meant(&guest(&set_first("protection", "1"), "web-1").delete()), "protection", "protected");
    let cd = set_first("ide3", "local:iso/debian-12.9.0-amd64-netinst.iso,media=cdrom");
    failed(&guest(&cd, "web-1").migrate("pve2"), "CD image", "take it out");
    let told = r#"{"running":0,"allowed_nodes":["pve2"],"local_disks":[],"local_resources":["hostpci0"]}"#;
    let passed_through = crate::pve::staged::staged(&[("/nodes/pve1/qemu/101/migrate", told)]);
    failed(&guest(&passed_through, "web-1").migrate("pve2"), "devices", "hostpci0");
    // The target's storage has no room for a disk that is copied there.
    let pve = demo();
    pve.practice(crate::wire::practice::Fault::StorageFull("local-zfs".into())).unwrap();
    failed(&guest(&pve, "kafka-3").migrate("pve1"), "storage", "local-zfs has");
    let pve = demo();
    pve.practice(crate::wire::practice::Fault::StorageFull("nfs-backup".into())).unwrap();
    failed(&guest(&pve, "web-2").backup("nfs-backup"), "room", "full");
    // These go on, and say what may come of it.
    warns(&guest(&demo(), "gitlab").rollback("before-17-6"), "later snapshots", "before-17-7");
    warns(&demo().create(&web_9().net("vmbr9")), "bridge", "vmbr9");
}

#[test]
fn a_plan_for_an_empty_list_says_that_alone() {
    let pve = demo();
    let plan = pve.guests().unwrap().tagged("no.such.tag").start().expect(0);
    let text = plan.page().text();
    assert!(text.contains("Nothing: there is nothing to be done.") && text.contains("The list is empty"), "{text}");
    assert!(!text.contains("only looks"), "{text}");
    refused(plan.run(), "The list is empty");
}

/// The server completes what was asked for, here with the size of the image, and keeps it until the guest is started anew.
#[test]
fn a_medium_that_waits_for_a_start_is_told_as_waiting_and_halts_nothing() {
    let pve = demo();
    let cd = "local:iso/debian-12.9.0-amd64-netinst.iso,media=cdrom";
    let done = guest(&pve, "web-2").set("ide3", cd).run().unwrap();
    let text = done.page().text();
    assert!(text.contains("set; ide3 when it is started anew"), "{text}");
    guest(&pve, "web-2").tag("chg-1").run().unwrap();
}
