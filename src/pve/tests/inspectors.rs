//! The pages of objects: whatever cannot be read costs its part and no other, each part is given by the code that it
//! names, and all of it is read at once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use crate::error::Error;
use crate::model::canned::Canned;
use crate::model::history::Span;
use crate::page::{Block, Page};
use crate::pve::Pve;
use crate::pve::staged::{limited, refusing, words};
use crate::render::View;
use crate::wire::around::Around;
use crate::wire::{Call, Far, Pending, Reply, Wire};

const UPID: &str = "UPID:pve1:00013900:15A97F44:6968A661:qmstart:106:alice@pve:";

/// An object of the demo cluster: what it is called, its page, and how many reads that may take beside its own.
type Shown = (&'static str, fn(&Pve) -> Result<Box<dyn View>, Error>, usize);

const OBJECTS: [Shown; 16] = [
    ("the cluster", |pve| Ok(Box::new(pve.clone())), 8),
    ("a VM that is off", |pve| Ok(Box::new(pve.guest(101)?)), 8),
    ("a VM that runs", |pve| Ok(Box::new(pve.guest(103)?)), 8),
    ("a VM that is paused", |pve| Ok(Box::new(pve.guest(116)?)), 8),
    ("a VM that is locked", |pve| Ok(Box::new(pve.guest(117)?)), 8),
    ("a VM on a node that is offline", |pve| Ok(Box::new(pve.guest(130)?)), 2),
    ("a template", |pve| Ok(Box::new(pve.guest(900)?)), 8),
    ("a container", |pve| Ok(Box::new(pve.guest(204)?)), 8),
    ("a node", |pve| Ok(Box::new(pve.node("pve1")?)), 9),
    ("a node that is offline", |pve| Ok(Box::new(pve.node("pve4")?)), 2),
    ("a storage", |pve| Ok(Box::new(pve.storage("local")?)), 2),
    ("a shared storage", |pve| Ok(Box::new(pve.storage("ceph-vm")?)), 2),
    ("a storage that is switched off", |pve| Ok(Box::new(pve.storage("nas-old")?)), 2),
    ("a pool", |pve| Ok(Box::new(pve.pool("prod")?)), 4),
    ("a pool in a pool", |pve| Ok(Box::new(pve.pool("prod/web")?)), 4),
    ("a task", |pve| Ok(Box::new(pve.task(UPID)?)), 1),
];

/// The calls that a page makes.
fn reads(of: fn(&Pve) -> Result<Box<dyn View>, Error>) -> Vec<String> {
    let wire = Arc::new(Canned::to("audit@pve"));
    let object = of(&Pve::over(wire.clone()).unwrap()).unwrap();
    let before = wire.asked("").len();
    object.page();
    wire.asked("").split_off(before)
}

/// The code that is named anywhere on a page.
fn codes(blocks: &[Block], all: &mut BTreeSet<String>) {
    for block in blocks {
        match block {
            Block::Code(code) => drop(all.insert(code.raw().to_owned())),
            Block::Section(section) => {
                all.extend(section.code.iter().map(|code| code.raw().to_owned()));
                codes(&section.blocks, all);
            }
            _ => {}
        }
    }
}

#[test]
fn the_first_part_of_every_page_is_open() {
    let pve = Pve::demo().unwrap();
    for (what, object, _) in OBJECTS {
        let page = object(&pve).unwrap().page();
        let first = page.blocks.iter().find_map(|block| match block {
            Block::Section(section) => Some(section),
            _ => None,
        });
        let first = first.unwrap_or_else(|| panic!("{what} has no parts"));
        assert!(first.open, "{what}: {} is folded", first.title);
    }
}

#[test]
fn no_read_is_sent_twice_and_there_are_few() {
    for (what, object, most) in OBJECTS {
        let reads = reads(object);
        assert_eq!(reads.iter().collect::<BTreeSet<_>>().len(), reads.len(), "{what}: {reads:?}");
        assert!(reads.len() <= most, "{what}: {reads:?}");
    }
}

/// An answer, and to whom it goes.
type Held = (mpsc::Sender<Result<Reply, Error>>, Result<Reply, Error>);

/// The demo cluster; told to, it answers nothing before so many reads have come in.
struct Patient {
    canned: Canned,
    together: Mutex<usize>,
    waiting: Mutex<Vec<Held>>,
}

impl Around for Patient {
    fn inner(&self) -> &dyn Wire {
        &self.canned
    }
    fn pass(&self, call: Call) -> Pending {
        let (to, coming) = mpsc::channel();
        let mut waiting = self.waiting.lock().unwrap();
        waiting.push((to, self.canned.submit(call.clone()).wait()));
        if waiting.len() >= *self.together.lock().unwrap() {
            waiting.drain(..).for_each(|(to, answer)| drop(to.send(answer)));
        }
        Pending::coming(coming, call.shown())
    }
    fn far_end(&self) -> Far {
        Far::Cluster
    }
}

#[test]
fn all_reads_of_a_page_are_on_their_way_before_the_first_is_answered() {
    for (what, object, _) in OBJECTS {
        let together = reads(object).len();
        let (done, over) = mpsc::channel();
        thread::spawn(move || {
            let canned = Canned::to("audit@pve");
            let wire = Arc::new(Patient { canned, together: Mutex::new(1), waiting: Mutex::default() });
            let object = object(&Pve::over(wire.clone()).unwrap()).unwrap();
            *wire.together.lock().unwrap() = together;
            let _ = done.send(object.page().text());
        });
        let text = over.recv_timeout(Duration::from_secs(30)).ok();
        let text = text.unwrap_or_else(|| panic!("{what} waits between its {together} reads"));
        assert!(!text.contains("could not be read"), "{what}: {text}");
    }
}

#[test]
fn whatever_is_refused_or_fails_or_is_odd_costs_its_part_and_no_other() {
    let odd = ["null", "7", "\"x\"", "[null, 7, [], {}]", "{\"a\": [{}]}"];
    for (what, object, _) in OBJECTS {
        let whole = page_of(object, Canned::to("audit@pve")).unwrap();
        for read in reads(object) {
            for status in [403, 500, 596, 595] {
                let page = page_of(object, Canned::to("audit@pve").refusal(&read, status, "no such luck"));
                // An object that is read by the very same call is not there at all then.
                let Ok(page) = page else { continue };
                let says_why = ["could not be read", "no such luck"].iter().any(|words| page.contains(words));
                assert!(says_why, "{what}, {read} {status}: {page}");
                let parts = |page: &str| page.lines().filter(|line| line.starts_with("▾")).count();
                assert!(parts(&page) + 3 >= parts(&whole), "{what}, {read} {status}: {page}");
            }
            for data in odd {
                let body = format!("{{\"data\":{data}}}");
                if let Ok(page) = page_of(object, Canned::to("audit@pve").body(&read, 200, &body)) {
                    assert!(page.contains("▾ "), "{what}, {read} {data}: {page}");
                }
            }
        }
    }
}

fn page_of(object: fn(&Pve) -> Result<Box<dyn View>, Error>, canned: Canned) -> Result<String, Error> {
    let page: Page = object(&Pve::over(Arc::new(canned))?)?.page();
    assert!(page.html().contains("<details"));
    Ok(page.text())
}

#[test]
fn who_may_see_little_is_told_what_is_missing() {
    let pve = limited(&[("/vms/101", "VM.Audit")], &[]);
    let guest = words(&pve.guest(101).unwrap());
    assert!(guest.contains("Permissions · 1 of "), "{guest}");
    assert!(guest.contains("see it: state, configuration, history ● yes VM.Audit"), "{guest}");
    assert!(guest.contains("start, stop, pause and reset it ○ no VM.PowerMgmt"), "{guest}");
    let nobody = limited(&[("/vms/102", "VM.Audit")], &[]);
    assert!(words(&nobody.guest(101).unwrap()).contains("Permissions · Nothing is allowed"));
    assert!(words(&nobody.node("pve1").unwrap()).contains("Permissions · Nothing is allowed"));
}

/// Each code as it stands here, and what it shows when it is run.
macro_rules! run {
    ($pve:ident: $($code:expr),* $(,)?) => {
        [$((stringify!($code), (|$pve: Pve| Ok(($code).page().text())) as fn(Pve) -> Result<String, Error>)),*]
    };
}

#[test]
fn every_part_is_given_by_the_code_that_it_names() {
    let known = run![pve:
        pve.topology()?,
        pve.storages()?,
        pve.guests()?.filter(|g| !g.is_running() && !g.is_template()),
        pve.tasks()?.filter(|t| t.is_failed()),
        pve.ha_status()?,
        pve.not_backed_up()?,
        pve.permissions()?,
        pve.log()?,
        pve.network_topology()?,
        pve.storage_topology()?,
        pve.get("/cluster/resources")?,
        pve.status()?,
        pve.guest(103)?.overview(),
        pve.why(&pve.guest(103)?, "mem")?,
        pve.guest(103)?.config()?,
        pve.guest(103)?.config()?.notes(),
        pve.guest(103)?.disks()?,
        pve.guest(103)?.nets()?,
        pve.guest(103)?.snapshot_tree()?,
        pve.guest(103)?.backup_jobs()?,
        pve.guest(103)?.backups()?,
        pve.guest(103)?.tasks()?.take(10),
        pve.guest(103)?.permissions()?,
        pve.guest(103)?.history(Span::Day)?,
        pve.guest(103)?.details()?,
        pve.guest(103)?.firewall().rules()?,
        pve.guest(103)?.network_topology()?,
        pve.guest(103)?.storage_topology()?,
        pve.guest(103)?.addresses()?,
        pve.guest(103)?.raw(),
        pve.guest(101)?.start(),
        pve.guest(117)?.start(),
        pve.node("pve1")?,
        pve.node("pve1")?.overview(),
        pve.node("pve1")?.status()?,
        pve.node("pve1")?.guests()?,
        pve.node("pve1")?.storages()?,
        pve.node("pve1")?.networks()?,
        pve.node("pve1")?.services()?.filter(|s| s.is_down()),
        pve.node("pve1")?.updates()?,
        pve.node("pve1")?.certificates()?,
        pve.node("pve1")?.tasks()?.take(10),
        pve.node("pve1")?.permissions()?,
        pve.node("pve1")?.disks()?,
        pve.node("pve1")?.history(Span::Day)?,
        pve.node("pve1")?.syslog(50)?,
        pve.node("pve1")?.network_topology()?,
        pve.node("pve1")?.storage_topology()?,
        pve.node("pve1")?.blast_radius()?,
        pve.node("pve1")?.firewall().rules()?,
        pve.node("pve1")?.raw(),
        pve.storage("local")?.overview(),
        pve.storage("local")?.definition(),
        pve.storage("local")?.backup_jobs()?,
        pve.storage("local")?.content()?,
        pve.storage("local")?.used_by()?,
        pve.storage("local")?.topology()?,
        pve.storage("local")?.blast_radius()?,
        pve.storage("ceph-vm")?.history(Span::Week)?,
        pve.node("pve1")?.storage("local")?.history(Span::Week)?,
        pve.storage("local")?.permissions()?,
        pve.storage("local")?.definition().map(|d| d.raw()),
        pve.pool("prod")?.overview()?,
        pve.pool("prod")?.guests()?,
        pve.pool("prod")?.storages()?,
        pve.pool("prod")?.permissions()?,
        pve.pool("prod")?.raw(),
        pve.task("UPID:pve1:00013900:15A97F44:6968A661:qmstart:106:alice@pve:")?.overview(),
        pve.task("UPID:pve1:00013900:15A97F44:6968A661:qmstart:106:alice@pve:")?.log()?,
        pve.get("/nodes/pve1/tasks/UPID:pve1:00013900:15A97F44:6968A661:qmstart:106:alice@pve:/status")?,
    ];
    for (code, run) in known {
        let shown = run(Pve::demo().unwrap()).unwrap_or_else(|error| panic!("{code}: {error}"));
        assert!(!shown.trim().is_empty(), "{code} shows nothing");
    }
    let known: BTreeSet<String> = known.iter().map(|(code, _)| (*code).to_owned()).collect();
    let mut named = BTreeSet::new();
    for (_, object, _) in OBJECTS {
        codes(&object(&Pve::demo().unwrap()).unwrap().page().blocks, &mut named);
    }
    // Of other guests, nodes and storages the code is the same.
    let same = |code: &String| -> String {
        ["101", "116", "117", "130", "900", "204"]
            .iter()
            .filter(|_| !code.ends_with(".start()"))
            .fold(code.clone(), |code, vmid| code.replace(&format!("guest({vmid})"), "guest(103)"))
            .replace("node(\"pve4\")", "node(\"pve1\")")
            .replace("storage(\"nas-old\")", "storage(\"local\")")
            .replace("storage(\"ceph-vm\")?.h", "shared")
            .replace("storage(\"ceph-vm\")", "storage(\"local\")")
            .replace("shared", "storage(\"ceph-vm\")?.h")
            .replace("pool(\"prod/web\")", "pool(\"prod\")")
    };
    let unknown: Vec<String> = named.iter().map(same).filter(|code| !known.contains(code)).collect();
    assert_eq!(unknown, Vec::<String>::new());
    assert!(named.len() > known.len(), "{named:#?}");
}

#[test]
fn that_nothing_is_wrong_is_not_said_of_what_was_not_read() {
    let so_far = "As far as could be read:";
    assert!(!words(&refusing(&[])).contains(so_far));
    for path in ["/cluster/tasks", "/cluster/status"] {
        assert!(words(&refusing(&[(path, 500)])).contains(so_far), "{path}");
    }
}

#[test]
fn storages_that_a_drawing_cannot_have_are_said_to_be_missing() {
    let said = |refused: &[(&str, u16)]| words(&refusing(refused).topology().unwrap());
    let missing = "Storages that are switched off are missing, since the definitions could not be read.";
    assert!(said(&[("/storage", 500)]).contains(missing), "{}", said(&[("/storage", 500)]));
    assert!(!said(&[]).contains(missing));
}
