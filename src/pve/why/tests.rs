use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::model::canned::Canned;
use crate::model::list::List;
use crate::model::node::Node;
use crate::model::record::Record;
use crate::secret::NOT_SHOWN;
use crate::units::hours;

fn words(page: &Page) -> String {
    page.text().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What was looked at, and what was wrong with it.
#[derive(Default)]
struct Looked {
    types: BTreeSet<String>,
    values: usize,
    faults: BTreeSet<String>,
}

impl Looked {
    /// Every column, field and field of the API of some of these.
    fn at<T: Explained>(&mut self, pve: &Pve, all: Result<List<T>, Error>) {
        for one in all.into_iter().flatten().take(6) {
            self.one(pve, Ok(one));
        }
    }

    /// The same of objects that are read from one row: what is shown of a field is what the row says, or it is told
    /// where else it comes from.
    fn read_again<T: Record + Explained>(&mut self, list: &Result<List<T>, Error>) {
        let kind = std::any::type_name::<T>().rsplit("::").next().unwrap();
        for one in list.iter().flatten().take(6) {
            // What stands in another object has no JSON of its own.
            let Ok(again) = serde_json::from_value::<T>(one.origin().json()) else { continue };
            for field in T::FIELDS.iter().filter(|field| !field.is_made()) {
                let (Some((now, why)), Some((then, _))) = (one.shown(field.name), again.shown(field.name)) else {
                    continue;
                };
                let elsewhere = one.sources().parts.iter().skip(1).any(|part| part.at(field.in_api()[0]).is_some());
                let is_secret = then == Cell::from(NOT_SHOWN);
                if now != then && why.is_none() && !elsewhere && !is_secret {
                    self.faults.insert(format!("{kind}, {}: {now} is shown, and the answer says {then}", field.name));
                }
            }
        }
    }

    fn one<T: Explained>(&mut self, pve: &Pve, one: Result<T, Error>) {
        let Ok(one) = one else { return };
        let of = Subject {
            noun: T::NOUN.0,
            told: one.told(),
            columns: T::columns().iter().map(|it| (it.name().clone(), it.cell(&one), it.made())).collect(),
            fields: T::FIELDS,
            sources: one.sources(),
            shown: &|field| one.shown(field),
            setting: &|name| one.setting(name),
        };
        let kind = std::any::type_name::<T>().rsplit("::").next().unwrap().to_owned();
        let columns = of.columns.iter().map(|(heading, ..)| heading.raw().to_owned());
        let fields = T::FIELDS
            .iter()
            .filter(|field| field.is_public())
            .map(|field| field.name.trim_start_matches("r#").to_owned());
        let raw = of.sources.parts.iter().filter_map(|part| part.json.as_object()).flat_map(|it| it.keys().cloned());
        for name in columns.chain(fields).chain(raw) {
            let text = match pve.why(&one, &name) {
                Ok(page) => words(&page),
                Err(error) => {
                    self.faults.insert(format!("{kind}, {name}: {error}"));
                    continue;
                }
            };
            let value = of.value(&name).unwrap();
            for fault in faults(&of, &value, &text) {
                self.faults.insert(format!("{kind}, {name}: {fault}"));
            }
            self.values += 1;
        }
        self.types.insert(kind);
    }
}

/// What is missing from the page of a value, or does not hold.
fn faults(of: &Subject<'_>, value: &Value, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            faults.push(format!("{what}\n{text}\n"));
        }
    };
    must(text.contains("Where does ") && text.contains(" come from?"), "no question");
    must(text.contains("It is shown as"), "no value");
    let many = text.contains("calls, which stand below, answered until 20");
    must(many || (text.contains("Asked GET /") && text.contains(", answered 20")), "no call, or no time");
    must(text.contains("Privilege ") && !text.contains("not known here"), "no privilege");
    must(!text.contains("whether it holds it"), "not known whether the privilege is held");
    for origin in &value.origins {
        must(value.kind == Kind::Raw || !origin.meaning.is_empty(), "a field without a meaning");
        for (at, name, came) in &origin.came {
            must(of.sources.parts[*at].at(name) == Some(came), "what came stands in no answer");
        }
    }
    let is_there = !matches!(value.cell, Cell::Missing(_) | Cell::Empty);
    // What is not there has its default: no, none, nothing.
    let came = value.origins.iter().any(|origin| !origin.came.is_empty());
    let made =
        value.origins.iter().any(|origin| origin.field.is_some_and(Field::is_made)) || of.sources.parts.is_empty();
    let told = !value.made.how.is_empty() || text.contains("where the answer has no ");
    must(!is_there || came || made || told, "shown, and nothing came");
    faults
}

#[test]
fn the_why_of_every_value_on_the_demo_is_complete_and_stands_in_its_answers() {
    let pve = Pve::demo().unwrap();
    let mut looked = Looked::default();
    let it = &mut looked;
    macro_rules! at {
        ($($list:expr),* $(,)?) => { $(it.at(&pve, $list);)* };
    }
    macro_rules! rows {
        ($($list:expr),* $(,)?) => {
            $(
                let list = $list;
                it.read_again(&list);
                it.at(&pve, list);
            )*
        };
    }
    at![
        pve.guests(),
        pve.nodes(),
        pve.storages(),
        pve.tasks(),
        pve.ha_nodes(),
        pve.permissions(),
        pve.api().map(|api| api.methods()),
        pve.task_query().last(hours(24)).read(),
    ];
    rows![
        pve.pools(),
        pve.resources(),
        pve.cluster_nodes(),
        pve.log(),
        pve.ha_status(),
        pve.ha_resources(),
        pve.ha_rules(),
        pve.ha_groups(),
        pve.backup_jobs(),
        pve.not_backed_up(),
        pve.replication_jobs(),
        pve.mappings(),
        pve.metrics_servers(),
        pve.notification_targets(),
        pve.notification_endpoints(),
        pve.notification_matchers(),
        pve.realm_sync_jobs(),
        pve.users(),
        pve.tokens(),
        pve.second_factors(),
        pve.groups(),
        pve.roles(),
        pve.acl(),
        pve.realms(),
        pve.sdn_zones(),
        pve.vnets(),
        pve.sdn_controllers(),
        pve.sdn_fabrics(),
        pve.sdn_ipams(),
        pve.sdn_dns(),
        pve.firewall_rules(),
        pve.security_groups(),
        pve.ip_sets(),
        pve.aliases(),
        pve.backups(),
        pve.status().map(|status| status.members),
    ];
    for name in ["pve1", "pve4"] {
        let node = pve.node(name).unwrap();
        at![node.permissions(), node.blast_radius().map(|loss| loss.guests), node.tasks(),];
        rows![
            node.storages(),
            node.services(),
            node.versions(),
            node.updates(),
            node.disks(),
            node.volume_groups(),
            node.thin_pools(),
            node.zpools(),
            node.networks(),
            node.certificates(),
            node.pci_devices(),
            node.usb_devices(),
            node.syslog(20),
            node.replication(),
            node.cpu_models(),
            node.cpu_flags(),
            node.machine_types(),
            node.directories(),
            node.netstat(),
            node.guest_details(),
        ];
        it.one(&pve, node.status());
        it.one(&pve, node.repositories());
        it.one(&pve, node.settings());
        it.one(&pve, node.subscription());
        it.one(&pve, node.time());
        it.one(&pve, node.dns());
        it.one(&pve, node.hosts());
        it.one(&pve, Ok(node));
    }
    for vmid in [101, 103, 117, 130, 203, 900] {
        let guest = pve.guest(vmid).unwrap();
        at![
            guest.disks(),
            guest.nets(),
            guest.permissions(),
            guest.config().map(|config| config.disks()),
            guest.config().map(|config| config.nets()),
            guest.tasks(),
        ];
        rows![guest.snapshots(), guest.backup_jobs(), guest.addresses(), guest.cloud_init(), guest.firewall().rules(),];
        it.one(&pve, guest.config());
        it.one(&pve, guest.details());
        it.one(&pve, guest.migration_preflight());
        it.one(&pve, Ok(guest));
    }
    let job = pve.backup_jobs().unwrap().first().unwrap();
    at![job.included_volumes()];
    it.one(&pve, pve.version());
    it.one(&pve, pve.options());
    println!("{} values of {} types", looked.values, looked.types.len());
    assert!(looked.types.len() > 55 && looked.values > 4_000, "{} of {:?}", looked.values, looked.types);
    let shown: Vec<&String> = looked.faults.iter().take(12).collect();
    assert!(
        shown.is_empty(),
        "{} faults\n{}",
        looked.faults.len(),
        shown.iter().map(|it| it.as_str()).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn a_value_is_explained_with_its_numbers_its_unit_and_its_age() {
    let pve = Pve::demo().unwrap();
    let guest = pve.guest("db-main").unwrap();
    let raw = guest.raw();
    let text = words(&pve.why(&guest, "memory").unwrap());
    for said in [
        "═ Where does the memory of db-main come from? 21 of 24 GiB: mem and 3 more in the answer".to_owned(),
        format!("{} of {} bytes, which is", raw["mem"], raw["maxmem"]),
        format!("mem mem {} bytes Memory in use", raw["mem"]),
        format!("maxmem maxmem {} bytes Memory that it may use", raw["maxmem"]),
        "Asked GET /nodes/pve1/qemu/103/status/current, answered 2026-01-15 09:00:00 UTC, 0 s ago".to_owned(),
        "Privilege VM.Audit on /vms/103, which root@pam holds".to_owned(),
        "> pve.guest(103)?.raw()[\"mem\"]".to_owned(),
        "> pve.api()?.method(\"GET\", \"/nodes/pve1/qemu/103/status/current\")?".to_owned(),
    ] {
        assert!(text.contains(&said), "{said}\n{text}");
    }
    // The pool stands in the overview alone, and the answer of the node has not.
    let text = words(&pve.why(&guest, "pool").unwrap());
    assert!(text.contains("pool in the answer to GET /cluster/resources"), "{text}");
    assert!(!text.contains("raw()"), "{text}");
    // A field that has a column is called as that; one that has none, by its name.
    assert!(words(&pve.why(&guest, "mem").unwrap()).contains("Where does the memory of db-main come from?"));
    assert!(words(&pve.why(&guest, "maxcpu").unwrap()).contains("Where does maxcpu of db-main come from?"));
    assert!(words(&pve.why(&guest, "UP").unwrap()).contains("Where does “Up” of db-main come from?"));
}

#[test]
fn what_is_missing_says_why_and_what_the_answer_has_in_its_place() {
    let pve = Pve::demo().unwrap();
    let off = pve.guest("web-1").unwrap();
    let text = words(&pve.why(&off, "Memory").unwrap());
    assert!(text.contains("Not known: not reported while stopped"), "{text}");
    assert!(text.contains("The answer has mem 0, which is not shown for that reason."), "{text}");
    let away = pve.guest(130).unwrap();
    let text = words(&pve.why(&away, "cpu").unwrap());
    assert!(text.contains("The node that would tell is offline") && text.contains("– not in the answer"), "{text}");
    let inactive = pve.storage("nas-old").unwrap();
    let text = words(&pve.why(&inactive, "used").unwrap());
    assert!(text.contains("Not known"), "{text}");
}

#[test]
fn an_unknown_name_is_told_with_those_that_there_are() {
    let pve = Pve::demo().unwrap();
    let error = pve.why(&pve.guest(101).unwrap(), "memroy").unwrap_err().to_string();
    for said in [
        "This guest has no value \"memroy\".",
        "Its columns: Guest, State, Node, CPU, Memory, First disk, Up, Tags, Next;",
        "its fields: vmid, name, node, kind,",
        "only in the API: ",
        "netin",
    ] {
        assert!(error.contains(said), "{said}\n{error}");
    }
    assert!(!error.contains("session") && !error.contains("raw"), "{error}");
}

#[test]
fn after_an_action_it_is_told_that_the_overview_lags() {
    let pve = Pve::demo().unwrap();
    pve.guest("web-1").unwrap().start().run().unwrap();
    let guest = pve.guests().unwrap().find(|guest| guest.vmid == 101).unwrap();
    assert!(guest.is_running() && guest.raw()["status"] == "stopped", "the overview lags");
    for name in ["State", "status", "Memory", "uptime"] {
        let text = words(&pve.why(&guest, name).unwrap());
        assert!(text.contains("This session acted on it and saw it running at 2026-01-15 09:00:"), "{name}: {text}");
    }
    assert!(!words(&pve.why(&guest, "Node").unwrap()).contains("acted on it"));
    // Its node knows at once.
    assert!(!words(&pve.why(&pve.guest(101).unwrap(), "State").unwrap()).contains("acted on it"));
}

#[test]
fn a_privilege_that_is_lacking_is_named_with_who_lacks_it() {
    let rows = json!([
        {"type": "node", "node": "pve1", "id": "node/pve1", "status": "online"},
        {"type": "qemu", "vmid": 101, "node": "pve1", "id": "qemu/101", "status": "running", "name": "web-1", "mem": 1024, "maxmem": 4096},
    ]);
    let session =
        Canned::to("bob@pve").privileges(&[("/vms/101", &["VM.Audit"])]).data("/cluster/resources", rows).session();
    let pve = Pve { session: session.clone() };
    let node = Node::list(&session).unwrap().first().unwrap();
    let text = words(&pve.why(&node, "maxmem").unwrap());
    assert!(text.contains("Not known: needs Sys.Audit on /nodes/pve1"), "{text}");
    assert!(text.contains("The server leaves it out for want of Sys.Audit on /nodes/pve1."), "{text}");
    assert!(text.contains("Sys.Audit on /nodes/pve1, which bob@pve lacks"), "{text}");
    let guest = pve.guests().unwrap().first().unwrap();
    let text = words(&pve.why(&guest, "mem").unwrap());
    assert!(text.contains("1 KiB: mem in the answer to GET /cluster/resources"), "{text}");
    assert!(text.contains("VM.Audit on /vms/101, which bob@pve holds"), "{text}");
}

#[test]
fn a_secret_is_not_shown_by_whatever_name_it_is_asked_for() {
    let servers = json!([{"id": "flux", "type": "influxdb", "server": "10.0.0.1", "port": 8086, "token": "x9x9"}]);
    let config = json!({"name": "web-1", "cipassword": "x9x9", "net0": "virtio=BC:24:11:00:00:01,bridge=vmbr1"});
    let session = Canned::to("root@pam")
        .data("/cluster/metrics/server", servers)
        .data("/nodes/pve1/qemu/101/config", config)
        .session();
    let pve = Pve { session };
    let server = pve.metrics_servers().unwrap().first().unwrap();
    let config = pve.guest(101).unwrap().config().unwrap();
    for page in [pve.why(&server, "token").unwrap(), pve.why(&config, "cipassword").unwrap()] {
        let text = page.text() + &page.html();
        assert!(text.contains("(a secret, not shown)") && !text.contains("x9x9"), "{text}");
    }
}

#[test]
fn an_answer_from_memory_is_as_old_as_it_is() {
    let pve = Pve::demo().unwrap().cached(std::time::Duration::from_secs(600));
    pve.guests().unwrap();
    pve.session.pause(std::time::Duration::from_secs(120));
    let guest = pve.guests().unwrap().first().unwrap();
    let text = words(&pve.why(&guest, "Node").unwrap());
    assert!(text.contains(", 2 min ago") && text.contains("from memory"), "{text}");
}
