//! Which storage is full when, and which has promised more than it holds?
use crate::*;
use std::collections::BTreeMap;

/// By the last month of each storage; of those that each node has for itself, the two fullest of every node, since each
/// costs a request. What is promised are the sizes of the guests' disks, whatever they take by now.
///
/// # Errors
/// When the cluster cannot be read.
pub fn full_when(pve: &Pve) -> Result<Page, Error> {
    let pve = &pve.one_look();
    let (nodes, configs) = (pve.nodes()?, pve.guests()?.configs().or_unseen());
    let all = nodes.each(|node| node.storages()).together().filter(|storage| storage.enabled);
    // What all nodes share is one storage, seen from the first of them that has it.
    let first = |one: &NodeStorage| {
        let there = all.find(|other| other.storage == one.storage && other.active);
        there.or_else(|| all.find(|other| other.storage == one.storage)).is_some_and(|it| it.node == one.node)
    };
    let once = all.filter(|one| !one.shared || first(one));
    let fuller = |one: &NodeStorage| {
        let rank = |it: &NodeStorage| (it.used_fraction, Reverse(it.storage.clone()));
        all.iter().filter(|it| !it.shared && it.active && it.node == one.node && rank(it) > rank(one)).count()
    };
    let histories =
        once.filter(|one| one.active && (one.shared || fuller(one) < 2)).each(|one| one.history(Span::Month));
    let mut sizes: BTreeMap<(Option<Text>, Text), Bytes> = BTreeMap::new();
    for config in &configs {
        for disk in config.disks().filter(Disk::holds_data) {
            let place = sizes.entry((disk.storage(), config.node.clone())).or_default();
            *place = [*place, disk.size.known().unwrap_or_default()].into_iter().sum();
        }
    }
    let promised = |one: &NodeStorage| -> Bytes {
        let here = |place: &(Option<Text>, Text)| {
            place.0.as_ref() == Some(&one.storage) && (one.shared || place.1 == one.node)
        };
        sizes.iter().filter(|(place, _)| here(place)).map(|(_, size)| *size).sum()
    };
    let called = |one: &NodeStorage| match one.shared {
        true => one.storage.raw().to_owned(),
        false => format!("{} on {}", one.storage.raw(), one.node.raw()),
    };

    let (mut rows, mut over, mut open) = (Vec::new(), Vec::new(), Vec::new());
    for one in &once {
        let history = histories.iter().find(|(it, _)| it.storage == one.storage && it.node == one.node);
        let full = history.map(|(_, history)| history.full_when());
        let rank = match full.as_ref().map(FullWhen::filling) {
            Some(Filling::Full) => (0, None),
            Some(Filling::Fills { about, .. }) => (1, Some(about)),
            Some(Filling::MayFill { earliest }) => (3, Some(earliest)),
            Some(Filling::DoesNotFill) => (4, None),
            _ => (2, None),
        };
        if rank.0 == 2 {
            open.push(called(one));
        }
        let promised = promised(one);
        let times = one.total.known().and_then(|total| promised.of(total));
        let share = match times {
            Some(times) if times > Ratio(1.0) => {
                over.push(called(one));
                State::new(Tone::Held, format!("{promised}, {times} of it")).into()
            }
            _ if promised == Bytes(0) => Cell::Empty,
            _ => Cell::from(promised),
        };
        let silent = if one.active { "not looked back on" } else { "not available there" };
        let when = full.map_or_else(|| Cell::Missing(silent.into()), Cell::from);
        rows.push((rank, called(one), vec![called(one).into(), when, Cell::usage(one.used, one.total), share]));
    }
    rows.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    let full: Vec<&str> = rows.iter().filter(|((rank, _), ..)| *rank == 0).map(|(_, name, _)| name.as_str()).collect();
    let fact = match rows.first() {
        _ if full.len() == 1 => format!("{} is full", full[0]),
        _ if !full.is_empty() => format!("{} are full", full.join(", ")),
        Some(((1, _), name, row)) => format!("First to fill is {name}, {}", row[1].to_string().to_lowercase()),
        None => "No storage was seen".to_owned(),
        _ if open.is_empty() && histories.evidence().is_complete() == Some(true) => {
            "No storage fills soon if things go on as in the last month".to_owned()
        }
        _ => "No storage is known to fill soon".to_owned(),
    };
    let over = match over.len() {
        0 => "none is known to have promised more than it holds".to_owned(),
        _ => format!("more is promised to guests than there is on {}", over.join(", ")),
    };
    let open =
        if open.is_empty() { String::new() } else { format!("; when it is full is not known of {}", open.join(", ")) };
    let table =
        Grid::new(["Storage", "Full when", "Used", "Promised to disks"]).rows(rows.into_iter().map(|(.., row)| row));
    Ok(Page::new("Room on storages")
        .question("Which storage is full when, and which has promised more than it holds?")
        .answer(fact, format!("; {over}{open}."))
        .table(table.at_most(50))
        .paragraph("Disks that are not attached do not say their size, and are not among what is promised.")
        .code("pve.storage(\"local\")?.history(Span::Month)?.full_when()")
        .based_on(&histories)
        .based_on(&configs))
}
