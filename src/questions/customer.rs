//! How are our servers, when were they saved last, and what was done to them?
use crate::*;

/// What was done, in words; what is not in the list was not done by anybody for the customer, and is left out.
const DONE: &[(&str, &str)] = &[
    ("qmstart", "started"),
    ("vzstart", "started"),
    ("qmstop", "switched off"),
    ("vzstop", "switched off"),
    ("qmshutdown", "shut down"),
    ("vzshutdown", "shut down"),
    ("qmreboot", "started anew"),
    ("vzreboot", "started anew"),
    ("qmsnapshot", "its state was kept"),
    ("vzsnapshot", "its state was kept"),
    ("qmrollback", "set back to a state that was kept"),
    ("vzrollback", "set back to a state that was kept"),
    ("qmconfig", "its settings were changed"),
    ("resize", "a disk was made larger"),
    ("qmigrate", "moved to another machine"),
    ("vzmigrate", "moved to another machine"),
    ("qmrestore", "restored from a backup"),
    ("vzrestore", "restored from a backup"),
];

/// For a customer, about the servers of one pool and nothing else: each field that is shown is named here, so that what is
/// not named cannot be shown. It names no machine, storage, address, person or server of anybody else, and not the calls
/// that were made. Times without numbers are no times without service, so none are given.
///
/// # Errors
/// When there is no such pool, or it cannot be read.
pub fn customer(pve: &Pve, pool: &str) -> Result<Page, Error> {
    let (pve, now) = (&pve.one_look(), pve.now());
    let servers = pve.pool(pool)?.all_guests()?.filter(|guest| !guest.is_template());
    let backups = pve.backups().or_unseen();
    let tasks = pve.task_query().since(pve.ago(days(30))).read().or_unseen();
    let snapshots = servers.each(|guest| guest.snapshots());
    let name = |guest: &Guest| match &guest.name {
        Reading::Known(name) => name.clone(),
        Reading::Missing(_) => format!("number {}", guest.vmid).into(),
    };
    let state = |guest: &Guest| match (guest.is_running(), guest.is_stopped()) {
        (true, _) => State::new(Tone::Good, "runs"),
        (_, true) => State::new(Tone::Off, "switched off"),
        _ => State::new(Tone::Unknown, "not known now"),
    };
    let saved = |guest: &Guest| {
        let of_it = backups.filter(|it| it.vmid == Some(guest.vmid.into()) && it.is_good_backup());
        of_it.iter().filter_map(|it| it.ctime.known()).max()
    };
    let not_seen = backups.is_complete() != Some(true);
    let rows = servers.map(|guest| {
        let last = match saved(guest) {
            Some(made) => Cell::Ago(now.since(made), made),
            None if not_seen => Cell::Missing("not seen".into()),
            None => State::new(Tone::Wrong, "none").into(),
        };
        let running = guest.uptime.known().map_or(Cell::Empty, Cell::from);
        vec![name(guest).into(), state(guest).into(), running, last]
    });
    let why = |guest: &Guest, task: &Task| -> Cell {
        let kept = snapshots.iter().find(|(it, _)| it.vmid == guest.vmid).map(|(_, list)| list);
        let near = |made: Moment| made.since(task.started).max(task.started.since(made)) < minutes(5);
        let found = kept.and_then(|list| list.find(|it| task.kind.contains("snapshot") && it.made.known().is_some_and(near)));
        found.and_then(|it| it.description).map_or(Cell::Missing("not noted".into()), Cell::from)
    };
    let done: Vec<Vec<Cell>> = tasks
        .iter()
        .filter_map(|task| {
            let guest = servers.find(|guest| task.id == guest.vmid.to_string())?;
            let (_, words) = DONE.iter().find(|(kind, _)| task.kind == *kind)?;
            let words = if task.is_failed() { format!("{words}: that failed") } else { (*words).to_owned() };
            Some(vec![Cell::from(task.started), name(&guest).into(), words.into(), why(&guest, task)])
        })
        .collect();
    let none = servers.filter(|guest| saved(guest).is_none()).len();
    let backed = match (none, not_seen) {
        (0, _) => "each has a backup".to_owned(),
        (1, false) => "1 has no backup".to_owned(),
        (n, false) => format!("{n} have no backup"),
        (n, true) => format!("of {n} no backup was seen"),
    };
    let running = servers.filter(Guest::is_running).len();
    let page = Page::new("Your servers")
        .question("How are our servers, when were they saved last, and what was done to them?")
        .answer(format!("{}, {} of them {}", count(servers.len(), ("server", "servers")), running, if running == 1 { "runs" } else { "run" }), format!("; {backed}."));
    let page = match (servers.is_complete(), tasks.is_complete(), snapshots.evidence().is_complete()) {
        (Some(true), Some(true), Some(true)) if !not_seen => page,
        _ => page.note(Level::Info, "Not everything could be read when this page was made; what is missing is marked, or may be missing from what was done."),
    };
    let page = page.table(Grid::new(["Server", "Now", "Running for", "Last backup"]).rows(rows));
    let page = match done.is_empty() {
        true => page.paragraph("Nothing was done to them in the last 30 days, as far as it is on record."),
        false => page.heading("What was done in the last 30 days").table(Grid::new(["When", "Server", "What", "Why"]).rows(done).at_most(25)),
    };
    Ok(page.paragraph(format!("As of {now}.")).through(pve))
}
