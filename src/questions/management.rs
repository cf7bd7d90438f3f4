//! Are we safe, for how long, and is it getting better?
use crate::*;

/// Five sentences and a chart for whoever decides: what is wrong, whether a machine may fail, how long the space lasts, who
/// has a backup, and whether more goes wrong than the week before. Where a part could not be seen, its sentence claims no
/// more than what was.
///
/// # Errors
/// When the cluster cannot be read.
pub fn management(pve: &Pve) -> Result<Page, Error> {
    let (pve, now) = (&pve.one_look(), pve.now());
    let (nodes, guests) = (pve.nodes()?, pve.guests()?.filter(|guest| !guest.is_template()));
    let online = nodes.filter(|node| node.is_online());
    let running = guests.filter(|guest| guest.is_running()).len();
    let silent = guests.filter(|guest| guest.status == Status::Unknown).len();
    let (those, machines) = (servers(guests.len()), count(nodes.len(), ("machine", "machines")));
    let mut today = match guests.is_empty() {
        true => format!("No server was seen; {} of {machines} run", online.len()),
        false => format!("{running} of {those} run on {} of {machines}", online.len()),
    };
    if silent > 0 {
        today += &format!("; of {} nobody can say", servers(silent));
    }

    let losses = online.each(|node| node.blast_radius());
    let storages = pve.storages().or_unseen().filter(|storage| !storage.disabled && storage.shared);
    let lose = losing(&losses, &guests, &storages, online.len());

    let histories = storages.each(|storage| storage.history(Span::Month));
    let rank = |full: &FullWhen| match full.filling() {
        Filling::Full => (0, now),
        Filling::Fills { about, .. } => (1, about),
        Filling::MayFill { earliest } => (2, earliest),
        _ => (3, now),
    };
    let first = histories.iter().map(|(storage, history)| (storage, history.full_when())).min_by_key(|(_, full)| rank(full));
    let is_told = |history: &History| !matches!(history.full_when().filling(), Filling::NotTold(_));
    let all_told = histories.evidence().is_complete() == Some(true) && histories.iter().all(|(_, it)| is_told(it));
    let space = match first.as_ref().map(|(storage, full)| (&storage.name, full.filling())) {
        Some((name, Filling::Full)) => format!("The shared storage {name} is full"),
        Some((name, Filling::Fills { about, .. })) if all_told => {
            format!("Shared space lasts for about {}: {name} is the first to be full", about.since(now))
        }
        Some((name, Filling::Fills { about, .. })) => {
            format!("Shared space lasts for about {} at most: {name} is full then, and of others it is not known", about.since(now))
        }
        Some((name, Filling::MayFill { earliest })) if all_told => {
            format!("Shared space lasts; at its fastest, {name} would be full in {}", earliest.since(now))
        }
        Some((_, Filling::DoesNotFill)) if all_told => "No shared storage fills up as far ahead as can be said".to_owned(),
        None if all_told => "There is no shared space".to_owned(),
        _ => "How long shared space lasts is not known: not all of it could be seen".to_owned(),
    };

    let backups = pve.backups().or_unseen();
    let is_fresh = |backup: &Volume| backup.ctime.known().is_some_and(|made| now.since(made) < days(7));
    let is_saved = |guest: &Guest| {
        backups.any(|it| it.vmid == Some(guest.vmid.into()) && is_fresh(it) && it.is_good_backup())
    };
    let (saved, week) = (guests.filter(is_saved).len(), "have a good backup of the last 7 days");
    let cover = match (saved, backups.is_complete() == Some(true)) {
        (_, true) => format!("{saved} of {those} {week}"),
        (0, false) => format!("Whether servers {week} is not known: not all backups could be seen"),
        (_, false) => format!("At least {saved} of {those} {week}; not all backups could be seen"),
    };

    let tasks = pve.task_query().failed().since(pve.ago(days(14))).read().or_unseen().filter(|task| task.is_failed());
    // Nodes forget their oldest tasks: there is something to compare with where each knows one that is older still.
    let older = pve.task_query().until(pve.ago(days(14))).at_most(1).read().or_unseen();
    let reaches = online.all(|node| older.any(|task| task.node == node.name));
    let trend = trend(&tasks, reaches, now);

    let page = Page::new("The platform in five sentences")
        .question("Are we safe, for how long, and is it getting better?")
        .answer(today, ".")
        .paragraph(format!("{lose}."))
        .paragraph(format!("{space}."))
        .paragraph(format!("{cover}."))
        .paragraph(format!("{trend}."));
    let page = match &first {
        Some((_, full)) => page.figure(full.figure()),
        None => page,
    };
    Ok(page
        .code("questions::wrong_now(&pve)?")
        .based_on_in_brief(&losses.evidence().and(&guests).and(&histories).and(&backups).and(&tasks)))
}

fn servers(n: usize) -> String {
    count(n, ("server", "servers"))
}

/// Whether one machine may fail, and which one is missed most. That any may is said only where all that decides was seen.
fn losing(losses: &Each<Node, BlastRadius>, guests: &List<Guest>, storages: &List<Storage>, online: usize) -> String {
    let those = |loss: &BlastRadius, fate: Fate| loss.guests.filter(|guest| guest.fate == fate).len();
    let ends = losses.iter().filter(|(_, loss)| loss.quorum_holds == Some(false)).count();
    let halt = "too few would be left to decide, and everything would stand still";
    if ends > 0 && ends == online {
        return format!("No machine may fail now: {halt}");
    }
    if let Some((node, _)) = losses.iter().find(|(_, loss)| loss.quorum_holds == Some(false)) {
        return format!("{} may not fail now: {halt}", node.name);
    }
    let seen = losses.evidence().and(guests).and(storages).is_complete() == Some(true);
    if let Some((node, loss)) = losses.iter().max_by_key(|(_, loss)| those(loss, Fate::StaysDown))
        && those(loss, Fate::StaysDown) > 0
    {
        let (down, least) = (those(loss, Fate::StaysDown), if seen { "" } else { "at least " });
        let stay = if down == 1 { "stays" } else { "stay" };
        return format!("If {} fails, {least}{} {stay} down until somebody acts", node.name, servers(down));
    }
    for (node, loss) in losses {
        if let Some(storage) = storages.find(|storage| loss.with_it.contains(&storage.name)) {
            return format!("If {} fails, the storage {}, which others use, goes with it", node.name, storage.name);
        }
    }
    let holds = losses.len() == online && losses.iter().all(|(_, loss)| loss.quorum_holds == Some(true));
    let open = losses.iter().any(|(_, loss)| those(loss, Fate::NotKnown) > 0);
    match guests.is_empty() {
        true => "Whether any one machine may fail is not known: no server was seen".to_owned(),
        false if seen && holds && !open => "Any one machine may fail: the servers on it are started elsewhere".to_owned(),
        false => "Whether any one machine may fail is not known: not all that decides it could be seen".to_owned(),
    }
}

/// How many jobs failed, and whether that is more than before, where the nodes' lists go back that far.
fn trend(tasks: &List<Task>, reaches: bool, now: Moment) -> String {
    let week = tasks.filter(|task| now.since(task.started) < days(7)).len();
    let (jobs, before) = (count(week, ("job", "jobs")), tasks.len() - week);
    let than = match week.cmp(&before) {
        std::cmp::Ordering::Less => "fewer than",
        std::cmp::Ordering::Equal => "as many as",
        std::cmp::Ordering::Greater => "more than",
    };
    match (week, tasks.is_complete() == Some(true)) {
        (_, true) if reaches => format!("{jobs} failed in the last 7 days, {than} in the 7 days before ({before})"),
        (_, true) => format!("{jobs} failed in the last 7 days; the list of jobs does not go back far enough to compare"),
        (0, false) => "Whether jobs failed in the last 7 days is not known: not all of them could be seen".to_owned(),
        (_, false) => format!("At least {jobs} failed in the last 7 days; not all of them could be seen"),
    }
}
