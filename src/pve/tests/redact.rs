//! What a redacted session hides where the demo has nothing of the kind: odd names, hosts, keys, errors, broken answers.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::json;

use crate::error::Error;
use crate::model::canned::Canned;
use crate::pve::Pve;
use crate::render::View;
use crate::text::Text;
use crate::twin::Twin;
use crate::units::Moment;
use crate::wire::around::Around;
use crate::wire::redaction::Redaction;
use crate::wire::{Call, Far, Pending, Wire};

fn hide() -> Redaction {
    Redaction::new().names().addresses().notes().key("k")
}

fn redacted(canned: Canned) -> Pve {
    Pve::over(Arc::new(canned)).unwrap().redact(hide()).unwrap()
}

/// A cluster whose every name is a mark.
fn marked() -> Canned {
    let guest = |vmid: u32, name: &str| json!({"type": "qemu", "id": format!("qemu/{vmid}"), "vmid": vmid, "name": name, "node": "acmenode", "status": "running", "pool": "acmepool/inner", "tags": "acmetag;customer.acme"});
    let resources = json!([
        guest(101, "acme-crm"), guest(102, "crm"), guest(103, "storage"),
        {"type": "node", "id": "node/acmenode", "node": "acmenode", "status": "online"},
        {"type": "storage", "id": "storage/acmenode/acme-nas", "storage": "acme-nas", "node": "acmenode", "status": "available"},
        {"type": "pool", "id": "/pool/acmepool/inner", "pool": "acmepool/inner"},
    ]);
    let config = json!({
        "name": "acme-crm", "description": "Ring acme at once\nline two", "tags": "acmetag", "ciuser": "acmeuser", "cipassword": "**********",
        "sshkeys": "ssh-ed25519%20AAAAacme%20joe%40acme.com", "searchdomain": "acme.lan", "nameserver": "192.0.2.53 2001:db8:aaaa::53",
        "ipconfig0": "ip=192.0.2.7/24,gw=192.0.2.1,ip6=2001:db8:aaaa::7/64", "net0": "virtio=de:ad:be:ef:00:07,bridge=vmbr0",
        "scsi0": "acme-nas:101/vm-101-disk-0.qcow2,size=8G", "digest": "d",
    });
    Canned::to("acmejoe@acmerealm!acmetoken")
        .data("/cluster/resources", resources)
        .data("/cluster/status", json!([{"type": "cluster", "name": "acmecluster", "quorate": 1}, {"type": "node", "name": "acmenode", "ip": "192.0.2.9", "online": 1, "id": "node/acmenode"}]))
        .data("/access/users", json!([{"userid": "acmejoe@acmerealm", "firstname": "Acmefirst", "lastname": "Acmelast", "email": "joe@mail.acme.com", "groups": "acmegroup", "tokens": [{"tokenid": "acmetoken", "comment": "acme note"}]}]))
        .data("/access/permissions", json!({"/": {"Sys.Audit": 1, "VM.Audit": 1}, "/pool/acmepool/inner": {"Pool.Audit": 1}, "/storage/acme-nas": {"Datastore.Audit": 1}, "/vms/101": {"VM.PowerMgmt": 1}}))
        .data("/access/domains", json!([{"realm": "acmerealm", "type": "ldap", "server1": "ldap.acme.com", "base_dn": "dc=acme,dc=com", "comment": "acme"}]))
        .data("/storage", json!([{"storage": "acme-nas", "type": "nfs", "server": "nas.acme.com", "export": "/acme/export", "path": "/mnt/pve/acme-nas", "content": "images"}]))
        .data("/pools", json!([{"poolid": "acmepool/inner", "comment": "acme pool"}]))
        .data("/nodes/acmenode/qemu/101/config", config)
        .data("/nodes/acmenode/qemu/101/pending", json!([{"key": "description", "value": "Ring acme", "pending": "Ring acme twice"}, {"key": "name", "value": "acme-crm"}]))
        .data("/nodes/acmenode/qemu/101/snapshot", json!([{"name": "before-acme-crm-update", "description": "acme snapshot"}, {"name": "current", "parent": "before-acme-crm-update"}]))
        .data("/nodes/acmenode/syslog", json!([{"n": 1, "t": "Jan 15 acmenode pvedaemon[1]: <acmejoe@acmerealm> starting UPID:acmenode:0003AAAF:15ABE9BD:6968AC90:qmstart:101:acmejoe@acmerealm: for acme-crm at crm.acme.lan (192.0.2.7, de:ad:be:ef:00:07), storage 'acme-nas'"}]))
        .data("/cluster/ha/status/manager_status", json!({"manager_status": {"master_node": "acmenode", "node_status": {"acmenode": "online"}}}))
        .refusal("/nodes/acmenode/qemu/102/config", 500, "acme-nas on acmenode (192.0.2.9): no such volume of crm, ask joe@mail.acme.com")
        .body("/nodes/acmenode/report", 200, "{\"data\":\"acme broken")
}

#[track_caller]
fn none_of(shown: &str) {
    let lower = shown.to_lowercase();
    for mark in ["acme", "192.0.2.", "db8:aaaa", "ef:00:07", "line two"] {
        let at = lower.find(mark);
        assert!(
            at.is_none(),
            "{mark}: …{}…",
            lower.chars().skip(at.unwrap_or_default().saturating_sub(60)).take(160).collect::<String>()
        );
    }
}

#[test]
fn a_mark_in_any_field_is_hidden() {
    let pve = redacted(marked());
    none_of(&format!("{pve:?} {}", pve.page().text()));
    for path in [
        "/cluster/resources",
        "/cluster/status",
        "/access/users?full=1",
        "/access/permissions",
        "/access/domains",
        "/storage",
        "/pools",
        "/cluster/ha/status/manager_status",
    ] {
        let json = pve.get(path).unwrap();
        none_of(&json.value().to_string());
        none_of(&(json.page().text() + &json.page().html()));
    }
    let node = pve.nodes().unwrap().first().unwrap().name;
    for path in ["qemu/101/config", "qemu/101/pending", "qemu/101/snapshot", "syslog"] {
        none_of(&pve.get(&format!("/nodes/{}/{path}", node.raw())).unwrap().value().to_string());
    }
    let guest = pve.guests().unwrap().find(|guest| guest.vmid == 101).unwrap();
    none_of(&(guest.page().text() + &guest.config().unwrap().page().html()));
    none_of(
        &(pve.topology().unwrap().svg()
            + &pve.storage_topology().unwrap().svg()
            + &pve.network_topology().unwrap().svg()),
    );
}

#[test]
fn a_refusal_and_a_broken_answer_say_nothing_that_is_hidden() {
    let pve = redacted(marked());
    let node = pve.nodes().unwrap().first().unwrap().name;
    let refused = pve.get(&format!("/nodes/{}/qemu/102/config", node.raw())).unwrap_err().to_string();
    none_of(&refused);
    assert!(refused.contains("no such volume of guest-") && refused.contains(node.raw()), "{refused}");
    let broken = pve
        .get(&format!("/nodes/{}/report", node.raw()))
        .map_or_else(|error| error.to_string(), |json| json.page().text());
    none_of(&broken);
}

#[test]
fn words_of_the_api_mean_themselves_even_where_a_guest_is_called_so() {
    let pve = redacted(marked());
    let guests = pve.guests().unwrap();
    assert!(guests.all(|guest| guest.is_running() && guest.is_vm() && guest.name.to_string().starts_with("guest-")));
    let rows = pve.get("/cluster/resources").unwrap().value().clone();
    assert!(rows.as_array().unwrap().iter().any(|row| row["type"] == "storage"), "{rows}");
    let pool = guests.first().unwrap().pool.unwrap();
    assert_eq!(pool.raw().split('/').filter(|part| part.starts_with("pool-")).count(), 2, "{pool}");
    assert_eq!(pve.pool(pool.raw()).unwrap().name, pool);
}

#[test]
fn what_a_person_types_goes_to_the_cluster_as_it_is_meant() {
    let canned = Arc::new(marked());
    let pve = Pve::over(canned.clone()).unwrap().redact(hide()).unwrap();
    let guest = pve.guests().unwrap().find(|guest| guest.vmid == 101).unwrap();
    let config = guest.config().unwrap();
    let (net, disk, pool) = (config.get("net0").unwrap(), config.get("scsi0").unwrap(), guest.pool.unwrap());
    let write = pve.session().wire();
    let _ = write
        .submit(
            Call::get(format!("/nodes/{}/storage", guest.node.raw()))
                .with("net0", net.raw())
                .with("scsi0", disk.raw())
                .with("poolid", pool.raw()),
        )
        .wait();
    let asked = canned.asked("/nodes/acmenode/storage");
    let said = asked.join("\n");
    assert!(said.contains("net0=virtio=de:ad:be:ef:00:07,bridge=vmbr0"), "{said}");
    assert!(
        said.contains("scsi0=acme-nas:101/vm-101-disk-0.qcow2,size=8G") && said.contains("poolid=acmepool/inner"),
        "{said}"
    );
}

/// Answers later and from another thread, and breaks where it is told to.
struct Slow(Twin);

impl Around for Slow {
    fn inner(&self) -> &dyn Wire {
        &self.0
    }
    fn pass(&self, call: Call) -> Pending {
        let (to, coming) = mpsc::channel();
        let shown = call.shown();
        let answer = match call.path.ends_with("/tasks") {
            true => Err(Error::ConnectionLost {
                endpoint: "https://acme-node.acme.com:8006".into(),
                call: shown.clone(),
                why: "192.0.2.7 hung up on web-1".into(),
                write: false,
            }),
            false => self.0.submit(call).wait(),
        };
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(2));
            let _ = to.send(answer);
        });
        Pending::coming(coming, shown)
    }
    fn far_end(&self) -> Far {
        Far::Cluster
    }
    fn clock(&self) -> Moment {
        self.0.now()
    }
}

#[test]
fn answers_that_come_later_are_redacted_too_and_so_are_broken_connections() {
    let real = Pve::over(Arc::new(Slow(Twin::demo()))).unwrap();
    real.arm("CHG-1: web-1 is down on pve1").unwrap();
    let pve = real.redact(hide()).unwrap();
    assert!(pve.guests().unwrap().configs().unwrap().all(|config| config.name().starts_with("guest-")));
    let error = pve.tasks().unwrap_err().to_string();
    none_of(&error);
    assert!(!error.contains("web-1") && error.contains("hung up on guest-"), "{error}");
    // It may act for the same reason, told in its own words.
    let armed: Text = pve.session().armed().unwrap();
    assert!(armed.starts_with("CHG-1: guest-") && !armed.contains("pve1"), "{armed}");
    real.session().halt("web-1 did not start");
    let halted = real.redact(hide()).unwrap().halted().unwrap();
    assert!(halted.starts_with("guest-") && halted.ends_with(" did not start"), "{halted}");
}

#[test]
fn an_empty_key_is_refused_and_none_is_shown() {
    let refused = Pve::demo().unwrap().redact(Redaction::new().names().key(" ")).unwrap_err().to_string();
    assert!(refused.starts_with("The key of the redaction is empty"), "{refused}");
    let key = Redaction::new().names().notes().key("s3cret");
    assert_eq!(format!("{key:?}"), "Redaction(names and notes)");
    let pve = Pve::demo().unwrap().redact(&key).unwrap();
    assert!(!format!("{}{:?}", pve.page().text(), pve).contains("s3cret"));
}
