//! The first page of a cluster: what it is, whether it is healthy, what runs where.

use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::list::{List, count};
use crate::model::node::Node;
use crate::model::resource::Resources;
use crate::model::storage::{Storage, StorageDefinition};
use crate::model::task::{self, Task};
use crate::page::{Cell, Grid, Level, Page, State, Tone};
use crate::render::View;
use crate::session::{Answer, Member, Session};
use crate::units::{Age, Bytes, Ratio, Reading};
use crate::wire::Call;

pub(super) fn page(session: &Session) -> Result<Page, Error> {
    let status = session.submit(Call::get("/cluster/status"));
    let defined = session.submit(Call::get("/storage"));
    let resources = Resources::read(session)?;
    let from = session.provenance([&resources.answer], None);
    let nodes = Node::among(session, &resources, from.clone());
    let guests = Guest::among(session, &resources, from.clone());
    let defined = session.answer(defined);
    // Without the definitions, switched-off storages are missing and nothing else.
    let definitions =
        defined.as_ref().ok().and_then(|answer| StorageDefinition::all_in(session, answer).ok()).unwrap_or_default();
    let storages = Storage::among(session, &resources, &definitions, from.clone());
    let status = session.answer(status);
    let read = status.as_ref().ok().into_iter().chain(defined.as_ref().ok());
    let from = from.and(&session.provenance(read, None));
    let tasks = task::of_cluster(session);
    let quorum = quorum(&status);

    let concerns = concerns(session, &quorum, &nodes, &guests, &storages, tasks.as_ref().ok());
    let (fact, rest) = match concerns.len() {
        0 => ("Nothing stands out".to_owned(), ".".to_owned()),
        n => (format!("{} to look at", count(n, ("thing", "things"))), format!(": {}.", concerns.join("; "))),
    };
    let partial = guests.is_partial()
        || storages.is_partial()
        || nodes.is_partial()
        || tasks.as_ref().is_ok_and(List::is_partial);
    let hidden =
        guests.is_hidden() || storages.is_hidden() || nodes.is_hidden() || tasks.as_ref().is_ok_and(List::is_hidden);
    let fact = match (hidden, partial) {
        (true, _) => format!("As far as {} may see: {}", session.identity(), fact.to_lowercase()),
        (false, true) => format!("As far as could be read: {}", fact.to_lowercase()),
        (false, false) => fact,
    };
    let page = Page::new(session.cluster())
        .question("What is this cluster, is it healthy, and what runs where?")
        .answer(fact, rest)
        .facts([
            ("Quorum", Cell::from(quorum.clone())),
            ("Nodes", Cell::from(words(&nodes))),
            ("Guests", Cell::from(words(&guests))),
            ("Asking as", Cell::from(session.identity())),
            ("May act", may_act(session)),
        ])
        .table(where_what_runs(&nodes, &guests));
    let page = guests
        .about_caveats()
        .chain(storages.about_caveats())
        .fold(page, |page, (level, caveat)| page.note(level, caveat));
    let page = page.section_from("Storages", "pve.storages()?", storages.page()).section_from(
        "Guests that do not run",
        "pve.guests()?.filter(|g| !g.is_running() && !g.is_template())",
        guests.filter(|g| !g.is_running() && !g.is_template()).page(),
    );
    let page = match &tasks {
        Ok(tasks) => page.section_from(
            "Failed tasks",
            "pve.tasks()?.filter(|t| t.is_failed())",
            tasks.filter(Task::is_failed).page(),
        ),
        Err(error) => page.note(Level::Warning, format!("The tasks could not be read. {error}")),
    };
    let from = tasks.map_or(from.clone(), |tasks| from.and(&tasks.provenance()));
    Ok(page.code("pve.topology()?").provenance(from))
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

fn words<T: crate::model::list::Listed>(list: &List<T>) -> String {
    let (fact, rest) = T::summary(&list.to_vec());
    format!("{fact}{}", rest.trim_end_matches('.'))
}

/// What somebody should look at, each in a few words.
fn concerns(
    session: &Session,
    quorum: &State,
    nodes: &List<Node>,
    guests: &List<Guest>,
    storages: &List<Storage>,
    tasks: Option<&List<Task>>,
) -> Vec<String> {
    let mut concerns = Vec::new();
    if quorum.tone == Tone::Wrong {
        concerns.push("the cluster has no quorum".into());
    }
    concerns.extend(nodes.filter(|node| !node.is_online()).map(|node| format!("{} is {}", node.name, node.status)));
    let wrong = guests.filter(|guest| guest.state().tone == Tone::Wrong);
    concerns.extend(wrong.map(|guest| format!("{} is {}", guest.called(), guest.state().word)));
    concerns.extend(
        storages
            .filter(|storage| storage.fullness() >= Ratio(0.85))
            .map(|storage| format!("{} is {} full", storage.name, storage.fullness())),
    );
    let away = storages.filter(|storage| storage.state().tone == Tone::Wrong);
    concerns.extend(away.map(|storage| format!("{} is not available", storage.name)));
    let now = session.now();
    let failed =
        tasks.map_or(0, |tasks| tasks.filter(|task| task.is_failed() && now.since(task.started) < Age(86_400)).len());
    if failed > 0 {
        concerns.push(format!("{} failed within a day", count(failed, ("task", "tasks"))));
    }
    concerns
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
