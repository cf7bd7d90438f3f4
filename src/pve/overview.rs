//! The first page of a cluster: what it is, whether it is healthy, what runs where; and each of its parts.

use crate::error::Error;
use crate::model::access::permission::Permission;
use crate::model::cluster::backup_cover::BareGuest;
use crate::model::cluster::ha_status::HaEntry;
use crate::model::guest::Guest;
use crate::model::inspect::Inspection;
use crate::model::lens::{self, Inspected};
use crate::model::list::{List, Listed, count};
use crate::model::node::Node;
use crate::model::resource::Resources;
use crate::model::storage::{Storage, StorageDefinition};
use crate::model::task::{self, Task};
use crate::page::{Cell, Grid, Page, State, Tone};
use crate::pve::Pve;
use crate::render::View;
use crate::session::{Answer, Member, Session};
use crate::units::{Bytes, Reading};
use crate::wire::Call;

mod concerns;

use concerns::concerns;

/// All that the page is made of, sent for at once.
const READS: [&str; 8] = [
    "/cluster/resources",
    "/cluster/status",
    "/storage",
    "/cluster/tasks",
    "/cluster/ha/status/current",
    "/cluster/backup",
    "/cluster/backup-info/not-backed-up",
    "/access/permissions",
];

impl Inspected for Pve {
    const PARTS: &'static [&'static str] = lens::OF_CLUSTER;
}

/// What the cluster's answers come to.
struct Seen {
    quorum: State,
    nodes: List<Node>,
    guests: List<Guest>,
    storages: List<Storage>,
    tasks: Result<List<Task>, Error>,
}

pub(super) fn page(session: &Session) -> Result<Page, Error> {
    let pve = Pve { session: session.ahead(READS.map(Call::get)) };
    let session = &pve.session;
    let status = session.ask(Call::get("/cluster/status"));
    let quorum = quorum(&status);
    let resources = match Resources::read(session) {
        Ok(resources) => resources,
        Err(error) => return unseen(session, quorum, &error),
    };
    let defined = session.ask(Call::get("/storage"));
    let definitions =
        defined.as_ref().map_err(Clone::clone).and_then(|answer| StorageDefinition::all_in(session, answer));
    let (definitions, missing) = StorageDefinition::or_sight(definitions);
    let read = [&resources.answer].into_iter().chain(status.as_ref().ok()).chain(defined.as_ref().ok());
    let from = session.provenance(read, None);
    let seen = Seen {
        quorum,
        nodes: Node::among(session, &resources, from.clone()),
        guests: Guest::among(session, &resources, from.clone()),
        storages: Storage::among(session, &resources, &definitions, from.clone()).with_sight(missing),
        tasks: task::of_cluster(session),
    };
    let page = Inspection::of(&pve, "pve", &from, top(session, &seen))
        .with(|page| {
            page.open_section("Where what runs", Page::new("").table(where_what_runs(&seen.nodes, &seen.guests)))
        })
        .with(|page| {
            let caveats = seen.guests.about_caveats().chain(seen.storages.about_caveats());
            caveats.fold(page, |page, (level, caveat)| page.note(level, caveat))
        })
        .part("Storages", ".storages()?", Ok(seen.storages.page()))
        .part(
            "Guests that do not run",
            ".guests()?.filter(|g| !g.is_running() && !g.is_template())",
            Ok(seen.guests.filter(|g| !g.is_running() && !g.is_template()).page()),
        );
    Ok(others(session, page, seen.tasks))
}

/// The parts that are no part of the list of all things.
fn others(session: &Session, page: Inspection, tasks: Result<List<Task>, Error>) -> Page {
    page.part(
        "Failed tasks",
        ".tasks()?.filter(|t| t.is_failed())",
        tasks.map(|tasks| tasks.filter(Task::is_failed).page()),
    )
    .part("High availability", ".ha_status()?", HaEntry::list(session).map(|list| list.page()))
    .part("Not backed up", ".not_backed_up()?", BareGuest::list(session).map(|list| list.page()))
    .part("Permissions", ".permissions()?", Permission::list(session, None).map(|list| list.page()))
    .offered_as(
        "Drawings",
        "Where everything runs; its networks and its storages, and who uses them, for which much of the cluster is read.",
        &[".topology()?", ".network_topology()?", ".storage_topology()?"],
    )
    .offered("Log", ".log()?", "The last 500 lines of the cluster's log.")
    .offered("Raw data", ".get(\"/cluster/resources\")?", "The list of all things, as it comes; it may be long.")
    .page()
}

/// The page of a cluster whose list of all things cannot be read: what else can be.
fn unseen(session: &Session, quorum: State, error: &Error) -> Result<Page, Error> {
    // Where nothing at all is answered, the failure is all there is to say.
    let tasks = task::of_cluster(session);
    if quorum.tone == Tone::Unknown && tasks.is_err() {
        return Err(error.clone());
    }
    let pve = Pve { session: session.clone() };
    let top = Page::new(session.cluster())
        .question(QUESTION)
        .answer("What there is, and what runs, is not known", format!(". It could not be read: {error}"))
        .facts(standing(session, quorum));
    Ok(others(session, Inspection::of(&pve, "pve", &session.provenance([], None), top), tasks))
}

const QUESTION: &str = "What is this cluster, is it healthy, and what runs where?";

/// What can be said in any case.
fn standing(session: &Session, quorum: State) -> Vec<(&'static str, Cell)> {
    let mut facts = vec![
        ("Quorum", Cell::from(quorum)),
        ("Asking as", Cell::from(session.identity())),
        ("May act", may_act(session)),
    ];
    facts.extend(session.journal_standing().map(|place| ("Journal", Cell::from(place))));
    facts
}

/// Whether all is well, in a sentence, and how much there is.
fn top(session: &Session, seen: &Seen) -> Page {
    let concerns = concerns(session, seen);
    let (fact, rest) = match concerns.len() {
        0 => ("Nothing stands out".to_owned(), ".".to_owned()),
        n => (format!("{} to look at", count(n, ("thing", "things"))), format!(": {}.", concerns.join("; "))),
    };
    let Seen { nodes, guests, storages, tasks, .. } = seen;
    // That nothing is wrong is not known of what was not read.
    let unread = tasks.is_err() || seen.quorum.tone == Tone::Unknown;
    let tasks = |is: fn(&List<Task>) -> bool| tasks.as_ref().is_ok_and(is);
    let partial =
        unread || guests.is_partial() || storages.is_partial() || nodes.is_partial() || tasks(List::is_partial);
    let hidden = guests.is_hidden() || storages.is_hidden() || nodes.is_hidden() || tasks(List::is_hidden);
    let fact = match (hidden, partial) {
        (true, _) => format!("As far as {} may see: {}", session.identity(), fact.to_lowercase()),
        (false, true) => format!("As far as could be read: {}", fact.to_lowercase()),
        (false, false) => fact,
    };
    let mut facts = standing(session, seen.quorum.clone());
    facts.splice(1..1, [("Nodes", Cell::from(words(nodes))), ("Guests", Cell::from(words(guests)))]);
    Page::new(session.cluster()).question(QUESTION).answer(fact, rest).facts(facts)
}

fn quorum(status: &Result<Answer, Error>) -> State {
    let members = match status.as_ref().map_err(Clone::clone).and_then(|answer| answer.rows::<Member>()) {
        Ok(members) => members.into_iter().map(|(member, _)| member).collect::<Vec<_>>(),
        Err(error @ Error::NotPermitted { .. }) => return State::new(Tone::Unknown, format!("not known: {error}")),
        Err(error) => return State::new(Tone::Unknown, format!("not known, it could not be read: {error}")),
    };
    match members.iter().find(|member| member.is("cluster")).map(|cluster| cluster.quorate) {
        None if members.iter().any(|member| member.is("node")) => State::new(Tone::Good, "a single node needs none"),
        Some(Some(true)) => State::new(Tone::Good, "yes"),
        Some(Some(false)) => State::new(Tone::Wrong, "no: the cluster takes no changes"),
        None | Some(None) => State::new(Tone::Unknown, "not said"),
    }
}

fn may_act(session: &Session) -> Cell {
    match (session.halted(), session.armed()) {
        (Some(because), _) => State::new(Tone::Wrong, format!("halted: {}", because.raw())).into(),
        (None, Some(why)) => State::new(Tone::Held, format!("armed: {}", why.raw())).into(),
        (None, None) => State::new(Tone::Good, "only looks, until pve.arm(\"why\")?").into(),
    }
}

fn words<T: Listed>(list: &List<T>) -> String {
    let (fact, rest) = T::summary(&list.to_vec());
    format!("{fact}{}", rest.trim_end_matches('.'))
}

fn where_what_runs(nodes: &List<Node>, guests: &List<Guest>) -> Grid {
    let rows = nodes.map(|node| {
        let here = guests.filter(|guest| guest.node == node.name);
        let running = here.filter(Guest::is_running);
        let given: Reading<Bytes> = match node.maxmem {
            Reading::Known(_) => match running.iter().find_map(|guest| guest.maxmem.why()) {
                Some(why) => Reading::Missing(why),
                None => Reading::Known(running.iter().filter_map(|guest| guest.maxmem.known()).sum()),
            },
            Reading::Missing(why) => Reading::Missing(why),
        };
        vec![
            Cell::from(&node.name),
            node.state().into(),
            crate::model::guest::page::cpu_cell(node.cpu, node.maxcpu),
            Cell::usage(node.mem, node.maxmem),
            given.into(),
            running_of(&running, &here, node.is_online()),
            node.uptime.into(),
        ]
    });
    Grid::new(["Node", "State", "CPU", "Memory", "Promised to running guests", "Guests", "Up"]).rows(rows)
}

fn running_of(running: &List<Guest>, here: &List<Guest>, online: bool) -> Cell {
    if online {
        return Cell::from(format!("{} of {} running", running.len(), here.len()));
    }
    Cell::Missing(format!("{}, state not known", here.len()).into())
}
