//! A redacted session shows none of the names, addresses and notes of its cluster: neither in views, questions and drawings
//! nor in raw answers, errors, plans and the journal.

#![allow(clippy::unwrap_used, clippy::result_large_err, dead_code)]

use std::collections::BTreeSet;

use pve_notebook::*;

#[path = "questions/all.rs"]
mod all;

use all::{ALL, About};

const WORDS: &str = "pve local local-lvm local-zfs root";

fn hide() -> Redaction {
    Redaction::new().names().addresses().notes().key("a key of the tests")
}

/// Whatever the demo calls something by, its addresses and its notes.
fn marks() -> BTreeSet<String> {
    let pve = Pve::demo().unwrap();
    let mut marks = BTreeSet::new();
    let mut add = |words: String| _ = marks.insert(words);
    pve.guests()
        .unwrap()
        .iter()
        .for_each(|guest| guest.name.as_ref().known().into_iter().for_each(|name| add(name.raw().into())));
    pve.nodes().unwrap().iter().for_each(|node| add(node.name.raw().into()));
    pve.storages().unwrap().iter().for_each(|storage| add(storage.name.raw().into()));
    pve.users().unwrap().iter().for_each(|user| add(user.userid.raw().into()));
    pve.users().unwrap().iter().filter_map(|user| user.comment.clone()).for_each(|words| add(words.raw().into()));
    pve.tokens().unwrap().iter().for_each(|token| add(token.full_id().raw().into()));
    pve.pools().unwrap().iter().filter_map(|pool| pool.comment.clone()).for_each(|words| add(words.raw().into()));
    pve.guests().unwrap().iter().flat_map(|guest| guest.tags.clone()).for_each(|tag| add(tag.raw().into()));
    for config in &pve.guests().unwrap().configs().unwrap() {
        config
            .notes()
            .iter()
            .flat_map(|notes| notes.raw().lines())
            .filter(|line| line.len() > 8)
            .for_each(|line| add(line.into()));
        for key in config.keys().iter().filter(|key| key.starts_with("net") || key.starts_with("ipconfig")) {
            let value = config.get(key).unwrap();
            let parts = value.raw().split([',', '=', '/']).filter(|part| part.matches([':', '.']).count() >= 3);
            parts.for_each(|part| add(part.into()));
        }
    }
    for member in &pve.status().unwrap().members {
        member.ip.iter().for_each(|ip| add(ip.raw().into()));
    }
    // What every installation has is no mark, and neither is a word of every day, which sentences of ours may hold.
    marks.retain(|mark| {
        !WORDS.split(' ').any(|word| word == mark) && mark != "root@pam" && mark.contains(|c: char| !c.is_alphabetic())
    });
    marks
}

/// What was looked at, and what of the marks stood in it as words of their own.
struct Looked {
    marks: BTreeSet<String>,
    found: BTreeSet<String>,
}

impl Looked {
    fn new() -> Looked {
        Looked { marks: marks(), found: BTreeSet::new() }
    }

    fn at(&mut self, what: &str, shown: impl AsRef<str>) {
        let shown = shown.as_ref();
        let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        for mark in &self.marks {
            for (at, _) in shown.match_indices(mark.as_str()) {
                let (before, after) = (&shown[..at], &shown[at + mark.len()..]);
                if !is_part(before.chars().next_back()) && !is_part(after.chars().next()) {
                    let before: Vec<char> = before.chars().rev().take(50).collect();
                    let (before, after) =
                        (before.iter().rev().collect::<String>(), after.chars().take(30).collect::<String>());
                    self.found.insert(format!("{what} shows {mark}: …{before}[{mark}]{after}…"));
                }
            }
        }
    }

    #[track_caller]
    fn has_none(self) {
        let found: Vec<String> = self.found.into_iter().collect();
        assert!(found.is_empty(), "{} found:\n{}", found.len(), found[..found.len().min(60)].join("\n"));
    }
}

fn whole(page: &Page) -> String {
    // In the HTML, drawings are encoded; they are looked at as they are.
    page.text() + &page.html()
}

#[test]
fn there_are_marks_of_each_kind() {
    let marks = marks();
    for mark in [
        "web-1",
        "pve1",
        "ceph-vm",
        "alice@pve",
        "alice@pve!deploy",
        "owner.alice",
        "10.10.0.11",
        "10.20.0.101",
        "web tier",
    ] {
        assert!(marks.contains(mark), "{mark} is not among {marks:?}");
    }
    assert!(marks.len() > 100, "{}", marks.len());
}

#[test]
fn no_view_shows_what_is_hidden() {
    let (pve, mut looked) = (Pve::demo().unwrap().redact(hide()).unwrap(), Looked::new());
    let mut none = |what: &str, shown: String| looked.at(what, shown);
    none("the overview", whole(&pve.page()));
    for figure in [pve.topology(), pve.network_topology(), pve.storage_topology()] {
        let figure = figure.unwrap();
        none("a drawing", figure.svg() + &figure.words().text());
    }
    macro_rules! views {
        ($($view:ident),+ $(,)?) => { $(none(stringify!($view), whole(&pve.$view().unwrap().page()));)+ };
    }
    views![
        guests,
        nodes,
        storages,
        pools,
        tasks,
        resources,
        status,
        options,
        log,
        ha_status,
        ha_resources,
        ha_rules,
        ha_nodes,
        backup_jobs,
        not_backed_up,
        replication_jobs,
        mappings,
        metrics_servers,
        notification_targets,
        cluster_nodes,
        users,
        tokens,
        groups,
        roles,
        acl,
        realms,
        second_factors,
        permissions,
        sdn_zones,
        vnets,
        backups,
        volumes,
    ];
    for guest in pve.guests().unwrap().iter().take(12) {
        none("a guest", whole(&guest.page()) + &guest.raw().to_string());
        none("its settings", guest.config().map(|it| whole(&it.page())).unwrap_or_default());
        none("its addresses", guest.addresses().map(|it| whole(&it.page())).unwrap_or_default());
        none("its snapshots", guest.snapshots().map(|it| whole(&it.page())).unwrap_or_default());
        none("its tasks", guest.tasks().map(|it| whole(&it.page())).unwrap_or_default());
    }
    for node in &pve.nodes().unwrap() {
        none("a node", whole(&node.page()) + &node.raw().to_string());
        none("its networks", node.networks().map(|it| whole(&it.page())).unwrap_or_default());
        none("its log", node.syslog(50).map(|it| whole(&it.page())).unwrap_or_default());
        none("its hosts", node.hosts().map(|it| whole(&it.page())).unwrap_or_default());
        none("its certificates", node.certificates().map(|it| whole(&it.page())).unwrap_or_default());
        none("what goes with it", whole(&node.blast_radius().unwrap().page()));
    }
    for task in pve.tasks().unwrap().iter().take(20) {
        none("a task", whole(&task.page()) + &task.log().map(|it| it.page().text()).unwrap_or_default());
    }
    for path in [
        "/cluster/resources",
        "/cluster/tasks",
        "/cluster/log",
        "/cluster/ha/status/manager_status",
        "/access/permissions",
        "/access/users?full=1",
        "/cluster/config/nodes",
        "/cluster/firewall/rules",
    ] {
        let read = pve.get(path);
        none(path, read.map_or_else(|error| error.to_string(), |json| json.value().to_string() + &whole(&json.page())));
    }
    none("what changed", whole(&pve.diff(&pve).unwrap().page()));
    none("where a value comes from", whole(&pve.why(&pve.guest(101).unwrap(), "mem").unwrap()));
    none("the role", whole(&pve.role_for_this_notebook()));
    looked.has_none();
    assert!(pve.page().text().contains("redacted: names, addresses and notes hidden"));
}

const EXAMPLES: [(&str, &str); 3] = [
    ("pve.guest(\"web-1\")?.migration_preflight()?", "web-1"),
    ("pve.node(\"pve1\")?.updates()?", "pve1"),
    ("pve.permissions_of(\"alice@pve\")?", "alice@pve"),
];

#[test]
fn no_question_shows_what_is_hidden() {
    let (pve, mut looked) = (Pve::demo().unwrap().redact(hide()).unwrap(), Looked::new());
    let leak = |name: String| -> &'static str { Box::leak(name.into_boxed_str()) };
    let node = leak(pve.nodes().unwrap().first().unwrap().name.to_string());
    let pool = leak(pve.pools().unwrap().first().unwrap().name.to_string());
    let storage = leak(pve.storages().unwrap().find(|it| it.shared).unwrap().name.to_string());
    let user = leak(pve.users().unwrap().find(|it| it.userid != "root@pam").unwrap().userid.to_string());
    let about = About { node, pool, storage, user, bridge: "vmbr1", word: node };
    for (name, ask) in ALL {
        let page = ask(&pve, &about).unwrap_or_else(|error| panic!("{name}: {error}"));
        // Some show code with an example in it, whatever the cluster is: that was not read from it.
        let example = |shown: String, (code, name): &(&str, &str)| {
            [code.to_string(), code.replace('"', "&quot;"), code.replace('"', "\\\"")]
                .iter()
                .fold(shown, |shown, code| shown.replace(code.as_str(), &code.replace(name, "example")))
        };
        looked.at(name, EXAMPLES.iter().fold(whole(&page), example));
    }
    looked.has_none();
}

#[test]
fn acting_is_done_to_what_is_behind_a_pseudonym_and_told_by_it() {
    let (real, mut looked) = (Pve::demo().unwrap(), Looked::new());
    let pve = real.redact(hide()).unwrap();
    let guest = pve.guest(101).unwrap();
    let plan = guest.start();
    looked.at("a plan", whole(&plan.page()));
    let done = plan.run().unwrap();
    looked.at("an outcome", whole(&done.page()));
    assert!(real.guest("web-1").unwrap().is_running());
    // A move names its target, a change of notes has what was there behind its words, an undoing gives it back.
    let notes = real.guest(101).unwrap().config().unwrap().get("description");
    let to = pve.nodes().unwrap().find(|node| node.name != guest.node && node.is_online()).unwrap();
    pve.guest(104).unwrap().migrate(to.name.raw()).run().unwrap();
    assert_ne!(real.guest(104).unwrap().node, "pve1");
    let done = pve.guest(101).unwrap().set_notes("see CHG-123").run().unwrap();
    assert_eq!(real.guest(101).unwrap().config().unwrap().get("description").unwrap(), "see CHG-123");
    done.undo().unwrap().run().unwrap();
    assert_eq!(real.guest(101).unwrap().config().unwrap().get("description"), notes);
    let tags = real.guest(101).unwrap().tags;
    pve.guest(101).unwrap().tag("chg-123").run().unwrap();
    let now = real.guest(101).unwrap().tags;
    assert!(tags.iter().all(|tag| now.contains(tag)) && now.iter().any(|tag| tag == "chg-123"), "{now:?}");
    looked.at("the journal", whole(&pve.journal().page()));
    let error = pve.guest(103).unwrap().migrate("nowhere").run().unwrap_err();
    looked.at("an error", error.to_string());
    looked.has_none();
}

#[test]
fn the_same_has_the_same_pseudonym_and_with_the_same_key_everywhere() {
    let named = |redaction: Redaction| -> Vec<String> {
        let pve = Pve::demo().unwrap().redact(redaction).unwrap();
        let guests = pve.guests().unwrap();
        let names: BTreeSet<String> = guests.map(|guest| guest.name.to_string()).into_iter().collect();
        let real: BTreeSet<String> =
            Pve::demo().unwrap().guests().unwrap().map(|guest| guest.name.to_string()).into_iter().collect();
        assert_eq!(names.len(), real.len());
        guests.map(|guest| format!("{} {} {:?}", guest.name, guest.node, guest.tags))
    };
    let first = named(hide());
    assert_eq!(first, named(hide()));
    assert_ne!(first, named(hide().key("another")));
    let own = || named(Redaction::new().names());
    assert_ne!(own(), own(), "without a key each session has its own");
    let pve = Pve::demo().unwrap().redact(hide()).unwrap();
    let guest = pve.guest(101).unwrap();
    let name = guest.name.to_string();
    assert_eq!(pve.guest(name.as_str()).unwrap().vmid, 101);
    assert!(pve.topology().unwrap().svg().contains(&name));
    assert!(guest.config().unwrap().get("name").unwrap() == name.as_str());
    assert!(pve.node(guest.node.raw()).unwrap().guests().unwrap().any(|guest| guest.vmid == 101));
}

#[test]
fn only_what_was_asked_for_is_hidden_and_the_picture_stays_true() {
    let real = Pve::demo().unwrap();
    let pve = real.redact(Redaction::new().addresses()).unwrap();
    let (before, after) = (real.guests().unwrap(), pve.guests().unwrap());
    assert_eq!(before.map(|it| it.name.to_string()), after.map(|it| it.name.to_string()));
    let pve = real.redact(hide()).unwrap();
    let sizes = |pve: &Pve| pve.guests().unwrap().map(|it| (it.vmid, it.status.clone(), it.maxmem, it.tags.len()));
    assert_eq!(sizes(&real), sizes(&pve));
    let on = |pve: &Pve| {
        let mut on: Vec<usize> =
            pve.guests().unwrap().group_by(|it| it.node.clone()).iter().map(|(_, all)| all.len()).collect();
        on.sort_unstable();
        on
    };
    assert_eq!(on(&real), on(&pve));
    // Addresses of one network stay in one.
    let ips: Vec<String> =
        pve.status().unwrap().members.iter().filter_map(|it| Some(it.ip.as_ref()?.to_string())).collect();
    let nets: BTreeSet<&str> = ips.iter().map(|ip| ip.rsplit_once('.').unwrap().0).collect();
    assert_eq!((nets.len(), ips.iter().collect::<BTreeSet<_>>().len()), (1, ips.len()));
    assert!(ips.len() > 2);
    let error = real.redact(Redaction::new()).unwrap_err().to_string();
    assert!(error.starts_with("The redaction hides nothing. Say what: "), "{error}");
}
