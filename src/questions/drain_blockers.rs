//! What blocks draining this node?
use crate::*;

/// Each guest of the node by what the server itself checks before a migration: whether it moves while it runs, only while
/// it is off, or not at all, why, and to which of the nodes that are online. Of containers the server checks little.
///
/// # Errors
/// When there is no such node, or the cluster cannot be read.
pub fn drain_blockers(pve: &Pve, node: &str) -> Result<Page, Error> {
    let pve = &pve.one_look();
    let (node, nodes) = (pve.node(node)?, pve.nodes()?);
    let (name, guests) = (node.name.raw(), node.guests()?);
    let (locked, free) = (guests.filter(|guest| guest.lock.is_some()), guests.filter(|guest| guest.lock.is_none()));
    let all = free.each(|guest| guest.migration_preflight());
    let online = |name: &Text| nodes.any(|node| node.name == *name && node.is_online());
    let mut rows: Vec<(u8, Vec<Cell>)> = locked.map(|guest| {
        let why = format!("it is locked: {}", guest.lock.clone().unwrap_or_default());
        (0, vec![Cell::from(guest), State::new(Tone::Wrong, "cannot move").into(), why.into()])
    });
    for (guest, preflight) in &all {
        let (rank, state, mut why) = verdict(guest, preflight);
        let kept_from = preflight.obstacles().into_iter().filter(|(node, _)| online(node));
        why.extend(kept_from.map(|(node, why)| format!("not to {}: {}", node.raw(), why.raw())));
        let targets: Vec<&str> = match rank {
            0 => Vec::new(),
            _ => preflight.allowed_nodes.iter().filter(|node| online(node)).map(Text::raw).collect(),
        };
        rows.push((rank, vec![Cell::from(guest), state.into(), why.join("; ").into(), targets.join(", ").into()]));
    }
    rows.sort_by_key(|(rank, _)| *rank);
    let count = |wanted: u8| rows.iter().filter(|(rank, _)| *rank == wanted).count();
    let (stuck, off, open) = (count(0), count(1), guests.len() - rows.len());
    let seen = all.evidence().and(&nodes).is_complete() == Some(true);
    let fact = match stuck + off {
        0 if seen => format!("Nothing blocks draining {name}"),
        0 => format!("Not known whether anything blocks draining {name}"),
        1 => format!("1 guest blocks draining {name}"),
        n => format!("{n} guests block draining {name}"),
    };
    let said = |(n, words): (usize, &str)| (n > 0).then(|| format!("{n} {words}"));
    let mut parts: Vec<String> =
        [(stuck, "cannot move"), (off, "can move only while off")].into_iter().filter_map(said).collect();
    parts
        .extend([(count(2), "can move while running"), (count(3), "can move, being off")].into_iter().filter_map(said));
    parts.extend((open > 0).then(|| format!("{open} could not be checked")));
    let rest = match guests.len() {
        0 => "; no guest that is seen is on it.".to_owned(),
        n => format!("; of {n} there, {}.", parts.join(", ")),
    };
    Ok(Page::new(format!("Draining {name}"))
        .question("What blocks draining this node?")
        .answer(fact, rest)
        .table(Grid::new(["Guest", "Can it move?", "Why", "To"]).rows(rows.into_iter().map(|(_, row)| row)).at_most(50))
        .code("pve.guest(\"web-1\")?.migration_preflight()?")
        .based_on(&all)
        .based_on(&nodes))
}

/// How bad it is, in words, and why.
fn verdict(guest: &Guest, preflight: &MigrationPreflight) -> (u8, State, Vec<String>) {
    let disks = |wanted: fn(&LocalDisk) -> bool| preflight.local_disks.iter().filter(move |disk| wanted(disk));
    let named = |keys: &[Text]| keys.iter().map(Text::raw).collect::<Vec<_>>().join(", ");
    let cds = disks(LocalDisk::is_cd_image);
    let mut stuck: Vec<String> = cds
        .map(|cd| format!("the CD image {} in {} lies on this node alone: take it out", cd.volid.raw(), cd.key.raw()))
        .collect();
    if !preflight.local_resources.is_empty() {
        stuck.push(format!("it has devices of this node: {}", named(&preflight.local_resources)));
    }
    if preflight.targets().is_empty() {
        stuck.push("no node that is online may take it".to_owned());
    }
    let copied = disks(LocalDisk::is_copied).count() > 0;
    let mut notes: Vec<String> = disks(LocalDisk::is_copied)
        .map(|disk| format!("{} is copied, {}: {} is on this node alone", disk.key.raw(), disk.size, disk.volid.raw()))
        .collect();
    if guest.is_ct() {
        notes.push("whether its mount points are of this node alone is not checked".to_owned());
    }
    if !preflight.dependent_ha_resources.is_empty() {
        notes.push(format!("HA moves along {}", named(&preflight.dependent_ha_resources)));
    }
    let info = preflight.mapped_resource_info.as_ref();
    let moves = |key: &&Text| info.and_then(|info| info.get(key.raw())?.get("live-migration")?.as_u64()) != Some(1);
    let mapped: Vec<Text> = preflight.mapped_resources.iter().filter(moves).cloned().collect();
    if !stuck.is_empty() {
        stuck.extend(notes);
        return (0, State::new(Tone::Wrong, "cannot move"), stuck);
    }
    // What the server says now; where it does not, what was seen before.
    if !preflight.running.known().unwrap_or(!guest.is_stopped()) {
        return (3, State::new(Tone::Good, "yes, it is off"), notes);
    }
    if guest.is_ct() || !mapped.is_empty() {
        let why = if guest.is_ct() {
            "a container is stopped for it".to_owned()
        } else {
            format!("it has mapped devices: {}", named(&mapped))
        };
        notes.insert(0, why);
        return (1, State::new(Tone::Held, "only while off"), notes);
    }
    if copied {
        notes.push("a snapshot would keep it from moving while it runs; whether it has one is not checked".to_owned());
    }
    (2, State::new(Tone::Good, "yes, while it runs"), notes)
}
