//! What a recording must not have: secrets, writes, and answers that nobody gave.

use std::sync::Arc;

use serde_json::json;

use crate::error::Error;
use crate::model::canned::Canned;
use crate::own_file::testing::Folder;
use crate::pve::Pve;
use crate::pve::staged::{refusing, words};
use crate::recording::unpacked;
use crate::render::View;
use crate::wire::practice::Fault;

/// What stands in every place in which there may be a secret.
const MARK: &str = "PLANTED";

fn planted() -> Canned {
    let login = format!("https://alice:{MARK}@mirror.example/pve");
    let parts = format!("vers=3.0,username=alice,password={MARK}");
    let told = json!([{"key": "cipassword", "value": MARK, "pending": MARK}, {"key": "sshkeys", "value": MARK}]);
    let hook = json!({
        "name": "chat", "type": "webhook", "origin": "user-created", "url": format!("https://hooks.example/{MARK}"),
        "method": "post", "body": MARK, "header": [{"name": "Authorization", "value": MARK}],
        "secret": [{"name": "token", "value": MARK}], "comment": "for the team",
    });
    Canned::to("root@pam")
        .data("/nodes/pve1/qemu/101/config", json!({"name": "web-1", "cipassword": MARK, "sshkeys": MARK, "cores": 2}))
        .data("/nodes/pve1/qemu/101/pending", told.clone())
        .data("/nodes/pve1/qemu/101/cloudinit", told)
        .data("/nodes/pve1/qemu/101/snapshot", json!([{"name": "old", "snaptime": 1}, {"name": "current"}]))
        .data("/nodes/pve1/qemu/101/snapshot/old/config", json!({"cipassword": MARK}))
        .data("/nodes/pve1/lxc", json!([{"vmid": 201, "env": MARK}]))
        .data("/nodes/pve1/network", json!([{"iface": "wg0", "private-key": MARK, "lxc": [["lxc.environment", MARK]]}]))
        .data("/nodes/pve1/subscription", json!({"key": MARK, "signature": MARK, "url": "https://shop.example"}))
        .data("/nodes/pve1/apt/repositories", json!({"files": [{"repositories": [{"URIs": [login]}]}]}))
        .body("/nodes/pve1/hosts", 200, &format!("{{\"data\":{{\"password\":\"{MARK}\""))
        .body("/nodes/pve1/dns", 500, &json!({"data": null, "message": login}).to_string())
        .data("/cluster/options", json!({"http_proxy": login}))
        .data("/cluster/notifications/endpoints/webhook", json!([hook]))
        .data("/cluster/notifications/endpoints/smtp", json!([{"name": "mail", "password": MARK}]))
        .data("/cluster/notifications/endpoints/gotify", json!([{"name": "push", "token": MARK}]))
        .data("/cluster/metrics/server", json!([{"id": "influx", "type": "influxdb", "token": MARK}]))
        .data("/cluster/metrics/server/influx", json!({"id": "influx", "token": MARK, "otel-headers": MARK}))
        .data("/cluster/sdn/dns", json!([{"dns": "power", "key": MARK, "url": "https://dns.example"}]))
        .data("/cluster/sdn/ipams", json!([{"ipam": "netbox", "token": MARK, "url": "https://ipam.example"}]))
        .data(
            "/storage",
            json!([
                {"storage": "nas", "type": "cifs", "password": MARK, "options": parts},
                {"storage": "pbs", "type": "pbs", "encryption-key": MARK, "keyring": MARK},
            ]),
        )
        .data("/access/users", json!([{"userid": "dora@pve", "keys": MARK}, {"userid": "eve@pve", "keys": ""}]))
        .data("/access/domains", json!([{"realm": "corp", "type": "ldap"}]))
        .data("/access/domains/corp", json!({"type": "ldap", "password": MARK, "client-key": MARK}))
        .data("/access/users/dora%40pve/token", json!([{"tokenid": "t", "full-tokenid": "dora@pve!t", "value": MARK}]))
        .data(
            "/access/tfa",
            json!([{"userid": "dora@pve", "entries": [{"id": "r", "type": "recovery", "recovery": [MARK]}]}]),
        )
}

#[test]
fn no_secret_comes_into_a_recording_wherever_it_stands_and_what_holds_it_is_still_read() {
    let folder = Folder::new();
    let path = folder.path("planted.pve.json");
    let pve = planted().pve();
    assert!(pve.get("/access/users").is_ok());
    let recorded = pve.record_to(&path).unwrap();
    let all = unpacked(&path);
    assert!(all.contains("dora@pve") && all.contains("for the team") && all.contains("https://hooks.example/"));
    let left = all.find(MARK).map(|at| all[at.saturating_sub(200)..at + 20].to_owned());
    assert_eq!(left, None);
    assert!(recorded.secrets >= 34, "{} were left out", recorded.secrets);
    assert!(!recorded.page().text().contains(MARK));

    let then = Pve::open_recording(&path).unwrap();
    let has_keys: Vec<bool> = then.users().unwrap().map(|user| user.has_keys);
    assert_eq!(has_keys, [true, false]);
    let hooks = then.notification_endpoints().unwrap();
    assert!(
        hooks.any(|hook| hook.name == "chat" && hook.url.as_ref().is_some_and(|url| url.contains("hooks.example")))
    );
    assert!(then.metrics_servers().unwrap().first().unwrap().configured().unwrap().has_token);
    assert_eq!(then.guest(101).unwrap().config().unwrap().cores(), Some(2));
    assert_eq!(then.guest(101).unwrap().cloud_init().unwrap().len(), 2);
    assert!(then.sdn_ipams().is_ok() && then.sdn_dns().is_ok() && then.options().is_ok() && then.storages().is_ok());
}

#[test]
fn nothing_can_be_done_to_a_recording_and_it_says_so_wherever_one_tries() {
    let folder = Folder::new();
    let path = folder.path("demo.pve.json");
    let recorded = Pve::demo().unwrap().record_to(&path).unwrap();
    let then = Pve::open_recording(&path).unwrap();
    then.arm("CHG-1: in the notebook as it was").unwrap();
    assert!(words(&then).contains("armed: CHG-1"));
    let plan = then.guest("web-1").unwrap().start();
    assert!(words(&plan).contains("This is a recording from"), "{}", plan.page().text());
    let said = plan.override_check("anything", "nobody minds").run().unwrap_err().to_string();
    let why = format!(
        "This is a recording from {}: it can be looked at, and nothing can be done to it. To act, connect to the cluster \
         itself: let pve = Pve::from_env()?;",
        recorded.at
    );
    assert!(said.ends_with(&why), "{said}");
    then.clear_halt("it was to be so").unwrap();
    assert!(then.post("/nodes/pve1/qemu/101/status/start").run().unwrap_err().to_string().ends_with(&why));
    assert!(then.practice(Fault::QuorumLost).unwrap_err().to_string().contains("This is no simulated cluster"));
    assert!(then.record_to(folder.path("again")).unwrap_err().to_string().starts_with("This is a recording already"));
    assert!(!then.is_simulated() && then.recorded_at() == Some(recorded.at) && then.now() == recorded.at);
}

#[test]
fn a_refusal_is_counted_and_told_and_recorded_in_its_own_words() {
    let folder = Folder::new();
    let path = folder.path("refused.pve.json");
    let recorded =
        refusing(&[("/cluster/options", 403), ("/cluster/ha/status/current", 403)]).record_to(&path).unwrap();
    let page = words(&recorded);
    assert!(page.contains("Refused, and recorded as that") && recorded.refused > 2, "{page}");
    let then = Pve::open_recording(&path).unwrap();
    assert!(matches!(then.options().unwrap_err(), Error::NotPermitted { .. }));
    assert!(words(&then).contains("High availability · not read"), "{}", then.page().text());
}

#[test]
fn a_cluster_that_answers_nothing_leaves_the_file_as_it_was() {
    let folder = Folder::new();
    let path = folder.path("kept.pve.json");
    std::fs::write(&path, "an older one").unwrap();
    let wire = Arc::new(crate::twin::Twin::demo());
    let pve = Pve::over(wire).unwrap();
    for node in ["pve1", "pve2", "pve3"] {
        pve.practice(Fault::NodeDown(node.into())).unwrap();
    }
    assert!(pve.record_to(&path).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "an older one");
}

#[test]
fn a_redacted_cluster_is_recorded_under_its_pseudonyms() {
    let folder = Folder::new();
    let path = folder.path("shown.pve.json");
    let redaction = crate::wire::redaction::Redaction::new().names().addresses().notes();
    let shown = Pve::demo().unwrap().redact(&redaction).unwrap();
    shown.record_to(&path).unwrap();
    let all = unpacked(&path);
    for name in ["web-1", "db-main", "pve2", "ceph-vm", "alice", "10.10.0.12"] {
        let stands = all.match_indices(name).find(|(at, _)| {
            let outside =
                |letter: Option<char>| !letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '-');
            outside(all[..*at].chars().next_back()) && outside(all[at + name.len()..].chars().next())
        });
        let around = stands.map(|(at, _)| all[at.saturating_sub(80)..].chars().take(200).collect::<String>());
        assert_eq!(around, None, "{name}");
    }
    let pseudonym = shown.guest(101).unwrap().name.to_string();
    assert_eq!(Pve::open_recording(&path).unwrap().guest(&pseudonym).unwrap().vmid, 101);
}

/// What changed since it was recorded, and nothing else: not even where nothing happened but time.
#[test]
fn a_recording_is_held_against_the_cluster_as_it_is_now() {
    let folder = Folder::new();
    let path = folder.path("friday.pve.json");
    let now = Pve::demo().unwrap();
    now.record_to(&path).unwrap();
    let friday = Pve::open_recording(&path).unwrap();
    let same = friday.diff(&now).unwrap();
    assert!(same.is_empty(), "{}", same.page().text());
    now.guest("web-1").unwrap().change().set("cores", 4).plan().run().unwrap();
    now.guest(107).unwrap().snapshot("before").run().unwrap();
    let changed = friday.diff(&now).unwrap();
    let told: Vec<String> = changed.changes.iter().map(|change| format!("{change:?}")).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(changed.page().text().contains("recorded"), "{}", changed.page().text());
    // Either may come first.
    assert_eq!(now.diff(&friday).unwrap().changes.len(), 2);
}
