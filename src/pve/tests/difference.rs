//! What changed between two looks: each kind of change, both directions, and what one side did not see.

use std::time::Duration;

use serde_json::{Value, json};

use super::altered::text;
use crate::model::canned::Canned;
use crate::model::difference::{Change, ChangeKind, ChangedPart, Difference};
use crate::plan::{Plan, VmSpec};
use crate::pve::Pve;
use crate::pve::staged::{limited, refusing, staged, words};
use crate::render::View;
use crate::twin::Twin;
use crate::wire::around::Around;
use crate::wire::practice::Fault;
use crate::wire::{Call, Pending, Reply, Wire};

fn demo() -> Pve {
    Pve::demo().unwrap()
}

fn diff(before: &Pve, after: &Pve) -> Difference {
    before.diff(after).unwrap()
}

/// What became of a guest: in a word, and part by part.
fn of(difference: &Difference, vmid: u32) -> (ChangeKind, Vec<String>) {
    let change = difference.changes.find(|change| change.vmid == Some(vmid)).unwrap();
    (change.kind, parts(&change))
}

/// What became of something else.
fn of_other(difference: &Difference, what: &str, name: &str) -> (ChangeKind, Vec<String>) {
    let change = difference.changes.find(|change| change.what == what && change.name == name);
    let change = change.unwrap_or_else(|| panic!("{what} {name} is not among {:?}", difference.changes.to_vec()));
    (change.kind, parts(&change))
}

fn parts(change: &Change) -> Vec<String> {
    let side = |side: &Option<crate::text::Text>| side.as_ref().map_or("none".to_owned(), ToString::to_string);
    change.parts.iter().map(|part| format!("{}: {} → {}", part.what, side(&part.before), side(&part.after))).collect()
}

fn confirmed(plan: Plan) {
    let shown = plan.page().text();
    let code = shown.split(".confirm(\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    plan.confirm(&code).run().unwrap();
}

/// The demo cluster after a few days of work.
fn worked_on() -> Pve {
    let pve = demo();
    let guest = |vmid: u32| pve.guest(vmid).unwrap();
    guest(101).start().run().unwrap();
    guest(101).tag("chg-123").run().unwrap();
    guest(101).snapshot("before-patch").run().unwrap();
    guest(103).change().set("cores", 6).set("net0", net_of(&pve, 103).replace("vmbr1", "vmbr0")).plan().run().unwrap();
    guest(104).migrate("pve2").run().unwrap();
    confirmed(guest(106).delete());
    pve.create(&VmSpec::new("web-9").vmid(9001)).run().unwrap();
    pve
}

fn net_of(pve: &Pve, vmid: u32) -> String {
    pve.guest(vmid).unwrap().config().unwrap().get("net0").unwrap().raw().to_owned()
}

#[test]
fn each_kind_of_change_of_a_guest_is_told_with_what_was_and_what_is() {
    let difference = diff(&demo(), &worked_on());
    let (kind, web) = of(&difference, 101);
    assert_eq!(kind, ChangeKind::Changed);
    assert_eq!(
        web[..2],
        ["State: stopped → running", "tags: owner.alice, stage.prod → chg-123, owner.alice, stage.prod"]
    );
    assert!(web[2].starts_with("Snapshot before-patch: none → of 2026-01-15 09:00:"), "{web:?}");
    assert_eq!(web.len(), 3, "{web:?}");
    let db = vec!["cores: 8 → 6".to_owned(), "net0 bridge: vmbr1 → vmbr0".to_owned()];
    assert_eq!(of(&difference, 103), (ChangeKind::Changed, db));
    assert_eq!(of(&difference, 104), (ChangeKind::Moved, vec!["Node: pve1 → pve2".into()]));
    assert_eq!(of(&difference, 106), (ChangeKind::Removed, vec!["Guest: VM on pve1, stopped → none".into()]));
    assert_eq!(of(&difference, 9001), (ChangeKind::Added, vec!["Guest: none → VM on pve1, stopped".into()]));
    assert_eq!(difference.changes.len(), 5, "{:?}", difference.changes.to_vec());
    let said = words(&difference);
    assert!(
        said.contains("1 guest removed, 1 added, 1 moved, 2 changed, as far as could be read, between 2026-"),
        "{said}"
    );
    assert!(
        said.contains("▾ web-1 (101) · changed, 3 differences") && said.contains("5 of 42 guests changed."),
        "{said}"
    );
    assert!(!said.contains("▾ web-9"), "what came as a whole has no part of its own: {said}");
}

#[test]
fn the_other_way_round_the_same_is_told_the_other_way_round() {
    let (one, other) = (demo(), worked_on());
    let (forth, back) = (diff(&one, &other), diff(&other, &one));
    let turned = |change: &Change| {
        let kind = match change.kind {
            ChangeKind::Added => ChangeKind::Removed,
            ChangeKind::Removed => ChangeKind::Added,
            kind => kind,
        };
        let turn =
            |part: &ChangedPart| ChangedPart { before: part.after.clone(), after: part.before.clone(), ..part.clone() };
        (change.vmid, kind, change.parts.iter().map(turn).collect::<Vec<_>>())
    };
    let mut expected = forth.changes.map(turned);
    expected.sort_by_key(|(vmid, kind, _)| (*kind, *vmid));
    assert_eq!(back.changes.map(|change| (change.vmid, change.kind, change.parts.clone())), expected);
    let said = words(&back);
    assert!(said.contains("What is called before was read later than what is called after."), "{said}");
    assert!(!words(&forth).contains("read later than"));
}

#[test]
fn what_is_as_it_was_is_no_change_however_much_time_went_by() {
    let whole = || {
        let pve = demo();
        pve.practice(Fault::NodeUp("pve4".into())).unwrap();
        pve.session().pause(Duration::from_secs(300));
        pve
    };
    let (before, after) = (whole(), whole());
    after.session().pause(Duration::from_secs(5_400));
    let difference = diff(&before, &after);
    assert!(difference.is_empty() && difference.gaps().is_empty(), "{}", text(&difference));
    let said = words(&difference);
    assert!(
        said.contains("Nothing changed between 2026-01-15 09:0") && said.contains(" and 2026-01-15 10:3"),
        "{said}"
    );
    let limited = words(&diff(&demo(), &demo()));
    assert!(
        limited.contains("Nothing was seen to change between") && limited.contains(", as far as could be read."),
        "{limited}"
    );
    assert!(limited.contains("Settings of guests, before and after: Not read: 5 guests"), "{limited}");
}

#[test]
fn of_a_session_with_itself_nothing_differs() {
    let pve = demo();
    assert!(diff(&pve, &pve).is_empty());
}

#[test]
fn a_secret_that_changed_is_said_to_have_and_not_shown() {
    let with = |password: &str, keys: &str| {
        let config = json!({"name": "web-1", "cipassword": password, "sshkeys": keys, "description": "see http://me:hunter2@x/", "digest": password});
        staged(&[("/nodes/pve1/qemu/101/config", &config.to_string())])
    };
    let difference = diff(&with("$5$old", "ssh-ed25519%20AAAA"), &with("$5$new", "ssh-ed25519%20BBBB"));
    let hidden = |key: &str| format!("{key}: changed, not shown → changed, not shown");
    assert_eq!(of(&difference, 101), (ChangeKind::Changed, vec![hidden("cipassword"), hidden("sshkeys")]));
    let all = format!(
        "{}{}{}{:?}",
        text(&difference),
        difference.page().html(),
        difference.figure().svg(),
        difference.changes.to_vec()
    );
    for secret in ["$5$", "AAAA", "BBBB", "hunter2"] {
        assert!(!all.contains(secret), "{secret}");
    }
    let set = diff(&demo(), &with("$5$new", "k"));
    assert!(of(&set, 101).1.contains(&"sshkeys: none → set, not shown".to_owned()), "{:?}", of(&set, 101));
}

#[test]
fn a_file_that_changed_in_what_nobody_is_shown_is_not_called_unchanged() {
    let with = |digest: &str| {
        let config = json!({"name": "web-1", "cipassword": "**********", "digest": digest});
        staged(&[("/nodes/pve1/qemu/101/config", &config.to_string())])
    };
    let said = words(&diff(&with("one"), &with("two")));
    assert!(
        said.contains(
            "The configuration of 1 guest (web-1) was written anew without anything different that the API shows"
        ),
        "{said}"
    );
    assert!(!words(&diff(&with("one"), &with("one"))).contains("written anew"));
}

#[test]
fn another_guest_with_the_same_number_is_told_as_another_one() {
    let after = demo();
    confirmed(after.guest(106).unwrap().delete());
    after.create(&VmSpec::new("staging-1").vmid(106)).run().unwrap();
    let (kind, parts) = of(&diff(&demo(), &after), 106);
    assert_eq!(kind, ChangeKind::Replaced);
    assert!(parts.iter().any(|part| part.starts_with("meta ctime: ")), "{parts:?}");
}

#[test]
fn a_disk_on_another_storage_has_moved() {
    let after = demo();
    after.guest(101).unwrap().move_disk("scsi0", "local-zfs").run().unwrap();
    let (kind, parts) = of(&diff(&demo(), &after), 101);
    assert_eq!(
        (kind, parts[0].as_str()),
        (ChangeKind::Moved, "scsi0: ceph-vm:vm-101-disk-0 → local-zfs:vm-101-disk-0")
    );
}

/// `/cluster/resources` of the demo, with this done to each row; without those of which nothing is left.
fn overview(change: impl Fn(&mut Value) -> bool) -> String {
    let mut rows = demo().get("/cluster/resources").unwrap().value().as_array().unwrap().clone();
    rows.retain_mut(|row| change(row));
    Value::from(rows).to_string()
}

#[test]
fn a_guest_that_one_side_may_not_see_is_never_gone() {
    let less = overview(|row| row["vmid"] != 101);
    let blind = limited(&[("/vms/103", "VM.Audit"), ("/", "Sys.Audit")], &[("/cluster/resources", &less)]);
    for (before, after) in [(demo(), blind.clone()), (blind, demo())] {
        let difference = diff(&before, &after);
        assert_eq!(of(&difference, 101).0, ChangeKind::NotKnown);
        let said = words(&difference);
        assert!(!said.contains("101) ✕ removed") && !said.contains("guest removed"), "{said}");
    }
}

#[test]
fn what_one_side_could_not_read_is_not_compared_and_said() {
    let paths = [
        "/access/users",
        "/storage",
        "/cluster/ha/resources",
        "/cluster/backup",
        "/pools",
        "/nodes/pve1/qemu/101/config",
    ];
    let blind = refusing(&paths.map(|path| (path, 403)));
    for (before, after, side) in [(demo(), blind.clone(), "after"), (blind.clone(), demo(), "before")] {
        let difference = diff(&before, &after);
        assert!(difference.is_empty(), "{:?}", difference.changes.to_vec());
        let said = words(&difference);
        for of in ["Users", "Storages", "High availability", "Backup jobs", "Pools"] {
            assert!(
                said.contains(&format!("{of}, {side}: Not read: ")) || said.contains(&format!("{of}; ")),
                "{of}: {said}"
            );
        }
        assert!(said.contains(&format!("Settings of guests, {side}: Not read: 1 guest (VM 101)")), "{said}");
        assert!(said.contains("Nothing was seen to change"), "{said}");
    }
}

#[test]
fn without_its_settings_a_guest_is_compared_by_what_the_list_tells() {
    let refused = |body: Option<&str>| {
        let canned = Canned::to("audit@pve").refusal("/nodes/pve1/qemu/103/config", 403, "no");
        body.map_or_else(
            || canned.data("/x", json!(1)),
            |body| {
                Canned::to("audit@pve").refusal("/nodes/pve1/qemu/103/config", 403, "no").body(
                    "/cluster/resources",
                    200,
                    &format!("{{\"data\":{body}}}"),
                )
            },
        )
        .pve()
    };
    let larger = overview(|row| {
        if row["vmid"] == 103 {
            row["maxmem"] = json!(64_u64 << 30);
            row["lock"] = json!("backup");
        }
        true
    });
    let parts = of(&diff(&refused(None), &refused(Some(&larger))), 103).1;
    assert_eq!(parts, ["Memory: 24 GiB → 64 GiB", "lock: none → backup"]);
}

#[test]
fn nodes_and_storages_are_told_without_their_noise() {
    let later = overview(|row| {
        let of = |kind: &str, name: &str| row["type"] == kind && row["node"] == name;
        if of("node", "pve1") {
            row["uptime"] = json!(600);
            row["cpu"] = json!(0.97);
        } else if of("node", "pve2") {
            row["status"] = json!("offline");
        } else if row["storage"] == "ceph-vm" {
            row["disk"] = json!(row["maxdisk"].as_u64().unwrap_or_default() / 100 * 99);
        } else if row["type"] == "storage" {
            row["disk"] = json!(row["disk"].as_u64().unwrap_or_default() + (1 << 20));
        }
        true
    });
    let packages = json!([{"Package": "pve-manager", "OldVersion": "9.9.9"}, {"Package": "proxmox-ve", "OldVersion": "9.1.0", "RunningKernel": "7.0.1-pve"}]);
    let after = staged(&[("/cluster/resources", &later), ("/nodes/pve3/apt/versions", &packages.to_string())]);
    let difference = diff(&staged(&[]), &after);
    let (_, pve1) = of_other(&difference, "node", "pve1");
    assert!(
        pve1.len() == 1 && pve1[0].starts_with("Started: ") && pve1[0].ends_with("2026-01-15 08:50:00 UTC"),
        "{pve1:?}"
    );
    assert_eq!(of_other(&difference, "node", "pve2").1[0], "State: online → offline");
    let (_, pve3) = of_other(&difference, "node", "pve3");
    assert!(pve3[0].starts_with("Running kernel: ") && pve3[0].ends_with(" → 7.0.1-pve"), "{pve3:?}");
    assert!(pve3[1].starts_with("Package pve-manager: 9.1.") && pve3[1].ends_with(" → 9.9.9"), "{pve3:?}");
    let (_, ceph) = of_other(&difference, "storage", "ceph-vm");
    assert!(ceph.len() == 1 && ceph[0].starts_with("Used: ") && ceph[0].contains("→ 99%"), "{ceph:?}");
    let storages = difference.changes.filter(|change| change.what == "storage");
    assert_eq!(storages.map(|change| change.name.to_string()), ["ceph-vm"]);
    let said = words(&difference);
    assert!(
        said.contains("3 nodes changed, 1 storage changed, as far as could be read, and no guest, between"),
        "{said}"
    );
}

#[test]
fn who_may_do_what_and_what_runs_by_itself_is_told_field_by_field() {
    let users = |more: Value| {
        let mut users = demo().get("/access/users?full=1").unwrap().value().clone();
        users.as_array_mut().unwrap().push(more);
        users.to_string()
    };
    let one = users(json!({"userid": "eve@pve", "enable": 1, "groups": "a,b", "tokens": []}));
    let other = users(
        json!({"userid": "eve@pve", "enable": "1", "groups": "b,a", "comment": "on call", "keys": "x1y2", "tokens": [{"tokenid": "ci", "privsep": 0}]}),
    );
    let jobs = |time: &str, next: i64| {
        json!([{"id": "nightly", "schedule": time, "next-run": next, "all": 1, "enabled": 1}]).to_string()
    };
    let acl = |roles: &[&str]| {
        json!(
            roles
                .iter()
                .map(|role| json!({"path": "/", "type": "user", "ugid": "eve@pve", "roleid": role, "propagate": 1}))
                .collect::<Vec<_>>()
        )
        .to_string()
    };
    let look = |users: &str, jobs: &str, acl: &str| {
        let held = [
            ("/", "Sys.Audit"),
            ("/", "User.Modify"),
            ("/", "Permissions.Modify"),
            ("/vms", "VM.Audit"),
            ("/storage", "Datastore.Audit"),
            ("/pool", "Pool.Audit"),
        ];
        limited(&held, &[("/access/users", users), ("/cluster/backup", jobs), ("/access/acl", acl)])
    };
    let before = look(&one, &jobs("02:00", 1), &acl(&["PVEAuditor", "PVEAdmin"]));
    let difference = diff(&before, &look(&other, &jobs("03:00", 2), &acl(&["PVEAuditor", "Administrator"])));
    assert_eq!(
        of_other(&difference, "user", "eve@pve").1,
        ["comment: none → on call", "keys: none → changed, not shown"]
    );
    assert_eq!(of_other(&difference, "token", "eve@pve!ci").0, ChangeKind::Added);
    assert_eq!(of_other(&difference, "backup job", "nightly").1, ["schedule: 02:00 → 03:00"]);
    assert_eq!(of_other(&difference, "permission", "PVEAdmin for eve@pve on /").0, ChangeKind::Removed);
    assert_eq!(of_other(&difference, "permission", "Administrator for eve@pve on /").0, ChangeKind::Added);
    assert_eq!(difference.changes.len(), 5, "{:?}", difference.changes.to_vec());
    assert!(!text(&difference).contains("x1y2"));
}

#[test]
fn two_clusters_are_refused() {
    let named = |name: &str| {
        staged(&[("/cluster/status", &json!([{"type": "cluster", "name": name, "quorate": 1}]).to_string())])
    };
    let error = named("prod").diff(&named("lab")).unwrap_err().to_string();
    assert!(
        error.starts_with("These are two clusters, prod and lab. Compare two looks at the same cluster"),
        "{error}"
    );
    let elsewhere = overview(|row| {
        if row["node"].is_string() {
            row["node"] = json!(format!("x-{}", row["node"].as_str().unwrap()));
        }
        true
    });
    let status = json!([{"type": "cluster", "name": "demo", "quorate": 1}]).to_string();
    let other = staged(&[("/cluster/resources", &elsewhere), ("/cluster/status", &status)]);
    let error = demo().diff(&other).unwrap_err().to_string();
    assert!(error.contains("no node of the one (pve1, pve2, pve3, pve4) is one of the other (x-pve1"), "{error}");
    // Without a name the nodes decide, and that is said.
    let nameless = refusing(&[("/cluster/status", 403)]);
    assert!(words(&diff(&nameless, &demo())).contains("is known by the names of their nodes alone"));
}

#[test]
fn hostile_and_long_words_do_no_harm() {
    let long = "x".repeat(400);
    let hostile = "EVCXR_BEGIN_CONTENT <script>alert(1)</script> \u{202e}evil";
    let renamed = overview(|row| {
        if row["vmid"] == 101 {
            row["name"] = json!(long);
        }
        true
    });
    let config = json!({"name": long, "description": format!("same\n{hostile}"), "tags": hostile, "args": hostile, "digest": "1"});
    let after = staged(&[("/cluster/resources", &renamed), ("/nodes/pve1/qemu/101/config", &config.to_string())]);
    let difference = diff(&demo(), &after);
    let (html, text, svg) = (difference.page().html(), text(&difference), difference.figure().svg());
    for shown in [&html, &text, &svg] {
        assert!(!shown.contains("EVCXR_") && !shown.contains('\u{202e}'));
    }
    assert!(!html.contains("<script>alert") && !svg.contains("<script>alert"));
    assert!(html.contains("&lt;script&gt;alert(1)"));
    roxmltree::Document::parse(&svg).unwrap();
    assert!(text.lines().all(|line| line.chars().count() < 450), "{text}");
}

/// So many guests, each with so many cores.
struct Crowd {
    twin: Twin,
    guests: u32,
    cores: u32,
}

impl Around for Crowd {
    fn inner(&self) -> &dyn Wire {
        &self.twin
    }
    fn pass(&self, call: Call) -> Pending {
        let data = if call.path == "/cluster/resources" {
            let node = json!({"type": "node", "node": "pve1", "status": "online"});
            let guest = |vmid: u32| json!({"type": "qemu", "vmid": vmid, "name": format!("vm-{vmid}"), "node": "pve1", "status": "running"});
            Value::from([node].into_iter().chain((1_000..1_000 + self.guests).map(guest)).collect::<Vec<_>>())
        } else if call.path.ends_with("/config") && call.path.starts_with("/nodes/pve1/qemu/") {
            json!({"cores": self.cores, "digest": self.cores.to_string()})
        } else if call.path.ends_with("/snapshot") {
            json!([])
        } else {
            return self.twin.submit(call);
        };
        let body = json!({ "data": data }).to_string().into();
        Pending::ready(Ok(Reply { status: 200, reason: "".into(), body, at: self.twin.now(), took: Duration::ZERO }))
    }
}

#[test]
fn ten_thousand_guests_that_all_changed_stay_legible() {
    let crowd = |cores| Pve::over(std::sync::Arc::new(Crowd { twin: Twin::demo(), guests: 10_000, cores })).unwrap();
    let difference = diff(&crowd(2), &crowd(4));
    assert_eq!(difference.changes.len(), 10_000);
    let (html, text, svg) = (difference.page().html(), text(&difference), difference.figure().svg());
    assert!(
        html.len() < 1_500_000 && text.len() < 100_000 && svg.len() < 400_000,
        "{} {} {}",
        html.len(),
        text.len(),
        svg.len()
    );
    for said in ["10000 guests changed", "⋯ 9900 more", "9960 more changed, which have no part of their own here"] {
        assert!(text.contains(said), "{said}: {text}");
    }
}
