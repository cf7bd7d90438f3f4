//! Several identities on one cluster: what each list and view says of what it could not see, held against what is there.
//!
//! The cluster is a fakepve, which filters as Proxmox VE does: silently.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::result_large_err)]

use pve_notebook::*;

#[path = "https/fake.rs"]
#[allow(dead_code)]
mod fake;

use fake::Fake;

const SECRET: &str = "0c6f1f2e-1111-2222-3333-444455556666";
const AUDITOR: &str =
    "'Datastore.Audit', 'Mapping.Audit', 'Pool.Audit', 'SDN.Audit', 'Sys.Audit', 'VM.Audit', 'VM.GuestAgent.Audit'";

/// A list or a view: how many things it shows, and its words.
type Shown = Result<(usize, String), Error>;
type Look = fn(&Pve) -> Shown;

fn list<T: Listed + std::fmt::Debug>(list: Result<List<T>, Error>) -> Shown {
    list.map(|list| (list.len(), list.page().text()))
}

/// Every list and view that reads what the server may filter. Views count nothing.
const LOOKS: &[(&str, Look)] = &[
    ("guests", |pve| list(pve.guests())),
    ("nodes", |pve| list(pve.nodes())),
    ("storages", |pve| list(pve.storages())),
    ("pools", |pve| list(pve.pools())),
    ("tasks", |pve| list(pve.tasks())),
    ("guests of a node", |pve| list(pve.node("pve1")?.guests())),
    ("storages of a node", |pve| list(pve.node("pve1")?.storages())),
    ("tasks of a node", |pve| list(pve.node("pve1")?.tasks())),
    ("running guests", |pve| list(pve.guests().map(|guests| guests.filter(|g| g.is_running())))),
    ("guests by node", |pve| {
        pve.guests().map(|guests| (guests.len(), guests.group_by(|g| g.node.clone()).page().text()))
    }),
    ("configurations", |pve| list(pve.guests()?.configs())),
    ("volumes of a node's storage", |pve| list(pve.node("pve1")?.storage("local")?.content())),
    ("volumes of a storage", |pve| list(pve.storage("local")?.content())),
    ("backups of a guest", |pve| list(pve.guest(101)?.backups())),
    ("snapshots of a guest", |pve| list(pve.guest(101)?.snapshots())),
    ("users", |pve| list(pve.users())),
    ("groups", |pve| list(pve.groups())),
    ("roles", |pve| list(pve.roles())),
    ("access control", |pve| list(pve.acl())),
    ("realms", |pve| list(pve.realms())),
    ("tokens", |pve| list(pve.tokens())),
    ("second factors", |pve| list(pve.second_factors())),
    ("backup jobs", |pve| list(pve.backup_jobs())),
    ("guests without a backup job", |pve| list(pve.not_backed_up())),
    ("replication jobs", |pve| list(pve.replication_jobs())),
    ("replication of a node", |pve| list(pve.node("pve1")?.replication())),
    ("HA status", |pve| list(pve.ha_status())),
    ("HA resources", |pve| list(pve.ha_resources())),
    ("mappings", |pve| list(pve.mappings())),
    ("metrics servers", |pve| list(pve.metrics_servers())),
    ("notification targets", |pve| list(pve.notification_targets())),
    ("options of the cluster", |pve| pve.options().map(|options| (0, options.page().text()))),
    ("state of the cluster", |pve| pve.status().map(|status| (0, status.page().text()))),
    ("zones", |pve| list(pve.sdn_zones())),
    ("virtual networks", |pve| list(pve.vnets())),
    ("firewall rules", |pve| list(pve.firewall_rules())),
    ("address sets", |pve| list(pve.ip_sets())),
    ("services of a node", |pve| list(pve.node("pve1")?.services())),
    ("disks of a node", |pve| list(pve.node("pve1")?.disks())),
    ("networks of a node", |pve| list(pve.node("pve1")?.networks())),
    ("updates of a node", |pve| list(pve.node("pve1")?.updates())),
    ("certificates of a node", |pve| list(pve.node("pve1")?.certificates())),
    ("devices of a node", |pve| list(pve.node("pve1")?.pci_devices())),
    ("the overview", |pve| Ok((0, pve.page().text()))),
    ("the topology", |pve| pve.topology().map(|figure| (0, figure.words().text()))),
];

fn cluster() -> Option<Fake> {
    let auditor = format!("pve.grant('audit@pve', '/', {AUDITOR})");
    let tokens = "pve.apitokens.update({who: '0c6f1f2e-1111-2222-3333-444455556666' for who in ('root@pam!all', \
                  'audit@pve!all', 'power@pve!all', 'part@pve!all', 'nobody@pve!all')})";
    Fake::start(&[
        tokens,
        "pve.add_vm(101, 'web-1', status='running')",
        "pve.add_vm(102, 'db-1', status='running', node='pve2')",
        "pve.add_ct(201, 'dns-1', status='stopped')",
        "pve.add_node('pve2')",
        "pve.pools['lab'] = {101}; pve.pool_info['lab'] = {'comment': 'x', 'storage': {'local'}}",
        auditor.as_str(),
        "pve.grant('power@pve', '/vms', 'VM.PowerMgmt')",
        "pve.grant('part@pve', '/vms/101', 'VM.Audit')",
        "pve.grant('nobody@pve', '/nowhere', 'VM.Audit')",
    ])
}

fn as_one(fake: &Fake, who: &str) -> Pve {
    Pve::at(&fake.url).token(&format!("{who}!all"), SECRET).fingerprint(&fake.fingerprint).connect().unwrap()
}

/// What is wrong with what an identity was told, next to what is there.
fn untrue(all: &(usize, String), seen: Shown) -> Option<String> {
    let words = match seen {
        Err(error) if error.to_string().contains("privilege") || error.to_string().contains(" lacks ") => return None,
        Err(error) => return Some(format!("an error that names no privilege: {error}")),
        Ok((count, words)) if count < all.0 => (count, words),
        Ok(_) => return None,
    };
    let (count, words) = words;
    if !words.contains("visible to you") {
        return Some(format!("{count} of {} without a word:\n{words}", all.0));
    }
    if count == 0 && !words.contains("cannot say") {
        return Some(format!("an empty list that sounds final:\n{words}"));
    }
    if !words.contains("lacks") {
        return Some(format!("the privilege is not named:\n{words}"));
    }
    None
}

#[test]
fn no_identity_is_told_less_than_there_is_without_being_told_so() {
    let Some(fake) = cluster() else { return };
    let all: Vec<(usize, String)> = LOOKS.iter().map(|(_, look)| look(&as_one(&fake, "root@pam")).unwrap()).collect();
    for ((name, _), (_, words)) in LOOKS.iter().zip(&all) {
        assert!(!words.contains("visible to you"), "{name} as root:\n{words}");
    }
    let mut wrong = Vec::new();
    for who in ["audit@pve", "power@pve", "part@pve", "nobody@pve"] {
        let pve = as_one(&fake, who);
        for ((name, look), all) in LOOKS.iter().zip(&all) {
            wrong.extend(untrue(all, look(&pve)).map(|fault| format!("{name} as {who}: {fault}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn an_auditor_who_sees_all_is_not_told_otherwise() {
    let Some(fake) = cluster() else { return };
    let pve = as_one(&fake, "audit@pve");
    for (name, look) in LOOKS {
        let words = match look(&pve) {
            Ok((_, words)) => words,
            Err(Error::NotPermitted { privilege: Some(_), .. }) => continue,
            Err(error) => panic!("{name}: {error}"),
        };
        // An auditor sees no backups, on a real cluster as well.
        if name.contains("volumes") || name.contains("backups") {
            assert!(words.contains("cannot say") && words.contains("VM.Backup"), "{name}:\n{words}");
            continue;
        }
        assert!(!words.contains("visible to you") && !words.contains("As far as"), "{name}:\n{words}");
    }
}

#[test]
fn where_a_value_comes_from_names_the_privilege_and_who_holds_or_lacks_it() {
    let Some(fake) = cluster() else { return };
    let words = |page: Page| page.text().split_whitespace().collect::<Vec<_>>().join(" ");
    let part = as_one(&fake, "part@pve");
    let guest = part.guests().unwrap().first().unwrap();
    let text = words(part.why(&guest, "State").unwrap());
    assert!(text.contains("VM.Audit on /vms/101, which part@pve!all holds"), "{text}");
    let node = part.nodes().unwrap().first().unwrap();
    let text = words(part.why(&node, "maxmem").unwrap());
    assert!(text.contains("Sys.Audit on /nodes/pve1, which part@pve!all lacks"), "{text}");
    // What it would say were it missing: this fake tells it all the same.
    assert!(text.contains("If it were not there missing, with the reason"), "{text}");
    let audit = as_one(&fake, "audit@pve");
    let text = words(audit.why(&audit.node("pve1").unwrap(), "maxmem").unwrap());
    assert!(text.contains("which audit@pve!all holds") && !text.contains("lacks"), "{text}");
}

#[test]
fn totals_drawings_and_findings_say_that_they_are_partial() {
    let Some(fake) = cluster() else { return };
    let pve = as_one(&fake, "power@pve");
    let guests = pve.guests().unwrap();
    assert_eq!((guests.len(), guests.is_complete()), (0, Some(false)));
    for words in [pve.page().text(), pve.topology().unwrap().words().text()] {
        assert!(words.contains("power@pve!all lacks VM.Audit on /vms"), "{words}");
    }
    assert!(pve.page().text().contains("As far as power@pve!all may see"), "{}", pve.page().text());
}
