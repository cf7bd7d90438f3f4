//! Who has a good backup, how old is it, and who has none?
use crate::*;

/// The last whole backup of every guest, those without one first. A backup counts as good unless it is empty, or a
/// backup server found it broken; that it can be restored is known only once somebody has done it.
///
/// # Errors
/// When the guests cannot be read.
pub fn lost_backups(pve: &Pve) -> Result<Page, Error> {
    let (pve, now) = (&pve.one_look(), pve.now());
    let guests = pve.guests()?.filter(|guest| !guest.is_template());
    let (backups, jobs) = (pve.backups().or_unseen(), pve.backup_jobs().or_unseen());
    let last = |guest: &Guest| {
        let of_guest = |backup: &&Volume| backup.vmid == Some(guest.vmid.into());
        backups.iter().filter(of_guest).find(|backup| backup.is_good_backup()).cloned()
    };
    let job = |guest: &Guest| jobs.find(|job| job.is_enabled() && job.saves(guest));
    let mut rows: Vec<(Guest, Option<Volume>)> = guests.map(|guest| (guest.clone(), last(guest)));
    rows.sort_by_key(|(guest, backup)| (backup.as_ref().map(|backup| backup.ctime), guest.vmid));
    let none = rows.iter().filter(|(_, backup)| backup.is_none()).count();
    let oldest = rows.iter().filter_map(|(_, backup)| backup.as_ref()?.ctime.known()).min();
    let rest = match oldest {
        Some(made) if none < rows.len() => format!("; of the others, the oldest last one is {} old.", now.since(made)),
        _ => ".".to_owned(),
    };
    let seen = backups.is_complete() == Some(true);
    let all = count(rows.len(), ("guest", "guests"));
    let (fact, absent) = match seen {
        true => (format!("{none} of {all} have no good backup"), State::new(Tone::Wrong, "no good backup")),
        false => (format!("Of {none} of {all} no good backup was seen"), State::new(Tone::Unknown, "none seen")),
    };
    let no_job = match jobs.is_complete() {
        Some(true) => State::new(Tone::Held, "no job"),
        _ => State::new(Tone::Unknown, "none seen"),
    };
    let table = rows.iter().map(|(guest, backup)| {
        let made = backup.as_ref().map(|backup| backup.ctime.map(|made| now.since(made)));
        vec![
            Cell::from(guest),
            made.map_or_else(|| absent.clone().into(), Cell::from),
            Cell::from(backup.as_ref().map(|backup| backup.volid.clone())),
            job(guest).map_or_else(|| no_job.clone().into(), |job| Cell::from(job.id)),
        ]
    });
    Ok(Page::new("Backups")
        .question("Who has a good backup, how old is it, and who has none?")
        .answer(fact, rest)
        .table(Grid::new(["Guest", "Last good backup", "It is", "Saved by the job"]).rows(table).at_most(50))
        .code("questions::code(\"lost_backups\")?")
        .based_on(&guests)
        .based_on(&backups)
        .based_on(&jobs))
}
