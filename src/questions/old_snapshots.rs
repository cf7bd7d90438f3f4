//! Which snapshots are old, and what do they cost?
use crate::*;

/// Snapshots that are older than this, oldest first. The server does not say how much space one takes: it holds what has
/// been overwritten since, so at most what the guest's disks are large, and its memory where that was kept.
///
/// # Errors
/// When the guests cannot be read.
pub fn old_snapshots(pve: &Pve, age: Age) -> Result<Page, Error> {
    let (pve, now) = (&pve.one_look(), pve.now());
    let guests = pve.guests()?;
    let all = guests.each(|guest| guest.snapshots());
    let mut old = all.items();
    old.retain(|(_, snapshot)| snapshot.made.known().is_none_or(|made| now.since(made) > age));
    old.sort_by_key(|(_, snapshot)| snapshot.made);
    let configs = guests.filter(|guest| old.iter().any(|(with, _)| with.vmid == guest.vmid)).configs().or_unseen();
    let most = |guest: &Guest, snapshot: &Snapshot| -> Option<Bytes> {
        let disks = configs.find(|config| config.vmid == guest.vmid)?.disks();
        let saved = disks.filter(|disk| disk.holds_data() && disk.kind != DiskKind::Unused);
        let sizes: Option<Bytes> = saved.map(|disk| disk.size.known()).into_iter().sum();
        let memory = if snapshot.with_memory { guest.maxmem.known()? } else { Bytes(0) };
        Some(sizes? + memory)
    };
    let costs: Vec<Option<Bytes>> = old.iter().map(|(guest, snapshot)| most(guest, snapshot)).collect();
    let rows = old.iter().zip(&costs).map(|((guest, snapshot), cost)| {
        vec![
            Cell::from(guest),
            Cell::from(snapshot.name.clone()),
            Cell::from(snapshot.made.map(|made| now.since(made))),
            Cell::from(snapshot.with_memory),
            cost.map_or_else(|| Cell::Missing("not known".into()), Cell::from),
            Cell::from(snapshot.description.clone()),
        ]
    });
    let fact = match old.len() {
        0 => format!("No snapshot is older than {age}"),
        1 => format!("1 snapshot is older than {age}"),
        n => format!("{n} snapshots are older than {age}"),
    };
    let cost: Bytes = costs.iter().copied().flatten().sum();
    let rest = match costs.iter().filter(|cost| cost.is_none()).count() {
        _ if old.is_empty() => ".".to_owned(),
        0 => format!("; that may be up to {cost} of the storages."),
        n => format!("; that may be up to {cost} of the storages, without {n} whose size is not known."),
    };
    Ok(Page::new("Old snapshots")
        .question("Which snapshots are old, and what do they cost?")
        .answer(fact, rest)
        .table(Grid::new(["Guest", "Snapshot", "Age", "With memory", "At most", "What for"]).rows(rows).at_most(50))
        .code("questions::code(\"old_snapshots\")?")
        .based_on(&all)
        .based_on(&configs))
}
