//! Are we safe, for how long, and is it getting better?
use crate::*;

/// Five sentences and a chart for whoever decides: what is wrong, whether a machine may fail, how long the space lasts, who
/// has a backup, and whether more goes wrong than the week before.
///
/// # Errors
/// When the cluster cannot be read.
pub fn management(pve: &Pve) -> Result<Page, Error> {
    let (pve, now) = (&pve.one_look(), pve.now());
    let (nodes, guests) = (pve.nodes()?, pve.guests()?.filter(|guest| !guest.is_template()));
    let away = nodes.filter(|node| !node.is_online());
    let running = guests.filter(|guest| guest.is_running()).len();
    let silent = guests.filter(|guest| !guest.is_running() && !guest.is_stopped()).len();
    let mut today = format!("{running} of {} servers run on {} of {} machines", guests.len(), nodes.len() - away.len(), nodes.len());
    if silent > 0 {
        today += &format!("; of {silent} servers nobody can say");
    }

    let losses = nodes.each(|node| node.blast_radius());
    let stays = |loss: &BlastRadius| loss.guests.filter(|guest| guest.fate != Fate::Restarted && guest.fate != Fate::Off).len();
    let down = |loss: &BlastRadius| if loss.quorum_holds == Some(false) { running } else { stays(loss) };
    let worst = losses.iter().max_by_key(|(_, loss)| down(loss));
    let lose = match worst {
        None => "Whether a machine may fail is not known".to_owned(),
        Some((_, loss)) if loss.quorum_holds == Some(false) => {
            "No machine may fail now: too few would be left to decide, and everything would stand still".to_owned()
        }
        Some((_, loss)) if down(loss) == 0 => "Any one machine may fail: the servers on it are started elsewhere".to_owned(),
        Some((node, loss)) => format!("If {} fails, {} servers stay down until somebody acts", node.name, down(loss)),
    };

    let storages = pve.storages().or_unseen().filter(|storage| !storage.disabled && storage.shared);
    let histories = storages.each(|storage| storage.history(Span::Month));
    let rank = |full: &FullWhen| match full.filling() {
        Filling::Full => (0, now),
        Filling::Fills { about, .. } => (1, about),
        Filling::MayFill { earliest } => (2, earliest),
        _ => (3, now),
    };
    let first = histories.iter().map(|(storage, history)| (storage, history.full_when())).min_by_key(|(_, full)| rank(full));
    let space = match first.as_ref().map(|(storage, full)| (&storage.name, full.filling())) {
        Some((name, Filling::Full)) => format!("The shared storage {name} is full"),
        Some((name, Filling::Fills { about, .. })) => {
            format!("Shared space lasts for about {}: {name} is the first to be full", about.since(now))
        }
        Some((name, Filling::MayFill { earliest })) => {
            format!("Shared space lasts; at its fastest, {name} would be full in {}", earliest.since(now))
        }
        Some(_) => "No shared storage fills up as far ahead as can be said".to_owned(),
        None => "How long shared space lasts is not known".to_owned(),
    };

    let backups = pve.backups().or_unseen();
    let is_fresh = |backup: &Volume| backup.ctime.known().is_some_and(|made| now.since(made) < days(7));
    let saved = guests.filter(|guest| backups.any(|it| it.vmid == Some(guest.vmid.into()) && is_fresh(it) && it.size != Bytes(0)));
    let cover = format!("{} of {} servers have a backup of the last 7 days", saved.len(), guests.len());

    let tasks = pve.task_query().failed().since(pve.ago(days(14))).read().or_unseen().filter(|task| task.is_failed());
    let week = tasks.filter(|task| now.since(task.started) < days(7)).len();
    let before = tasks.len() - week;
    let trend = match week.cmp(&before) {
        std::cmp::Ordering::Less => "fewer than",
        std::cmp::Ordering::Equal => "as many as",
        std::cmp::Ordering::Greater => "more than",
    };
    let trend = format!("{week} jobs failed in the last 7 days, {trend} in the 7 days before ({before})");

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
        .based_on_in_brief(&losses.evidence().and(&histories).and(&backups).and(&tasks)))
}
