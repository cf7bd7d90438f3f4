//! What is wrong right now, and where does one go on?
use crate::*;

/// What somebody should look at, worst first: quorum, nodes, high availability, storages, guests that are stuck, and
/// tasks that failed in the last 24 hours.
///
/// # Errors
/// When the cluster cannot be read.
pub fn wrong_now(pve: &Pve) -> Result<Page, Error> {
    let (pve, now) = (&pve.one_look(), pve.now());
    let (status, nodes, guests) = (pve.status(), pve.nodes()?, pve.guests()?);
    let (ha, storages) = (pve.ha_status().or_unseen(), pve.storages().or_unseen());
    let running = pve.task_query().running().read().or_unseen();
    let failed = pve.task_query().failed().since(pve.ago(hours(24))).read().or_unseen().filter(|task| task.is_failed());
    let mut found: Vec<(Tone, Vec<Cell>)> = Vec::new();
    let mut say = |tone: Tone, place: Cell, what: String, since: Option<Moment>, code: String| {
        let since = since.map_or_else(|| Cell::Missing("not known".into()), |at| Cell::Ago(now.since(at), at));
        found.push((tone, vec![State::new(tone, what).into(), place, since, Cell::Button("Look".into(), code.into())]));
    };
    if status.as_ref().is_ok_and(|status| status.quorate == false) {
        say(Tone::Wrong, "cluster".into(), "no quorum: nothing can be changed".into(), None, "pve.status()?".into());
    }
    for node in nodes.filter(|node| !node.is_online()) {
        let code = format!("pve.node({:?})?", node.name.raw());
        say(Tone::Wrong, (&node.name).into(), format!("node {}", node.status), None, code);
    }
    for entry in ha.filter(|entry| entry.is_wrong() && !entry.is_guest() && entry.kind != HaKind::Quorum) {
        let what = format!("high availability: {}", entry.status);
        say(Tone::Wrong, entry.id.into(), what, entry.timestamp, "pve.ha_status()?".into());
    }
    for entry in ha.filter(|entry| entry.is_wrong() && !guests.any(|guest| is_about(entry, guest))) {
        if let Some(sid) = entry.sid {
            say(Tone::Wrong, sid.into(), format!("high availability: {}", entry.status), None, "pve.ha_status()?".into());
        }
    }
    for storage in storages.filter(|storage| !storage.disabled) {
        let code = format!("pve.storage({:?})?", storage.name.raw());
        let is_online = |name: &Text| nodes.any(|node| node.name == name.raw() && node.is_online());
        let gone = storage.on.iter().filter(|there| is_online(&there.node) && !there.is_available());
        let gone: Vec<&str> = gone.map(|there| there.node.raw()).collect();
        if !gone.is_empty() {
            let what = format!("storage not available on {}", gone.join(", "));
            say(Tone::Wrong, (&storage.name).into(), what, None, code.clone());
        }
        let full = |there: &&StorageOnNode| there.used.known().zip(there.total.known()).and_then(|(used, of)| used.of(of));
        let one = if storage.shared { 1 } else { storage.on.len() };
        for there in storage.on.iter().filter(|there| full(there) >= Some(Storage::NEARLY_FULL)).take(one) {
            let part = full(&there).unwrap_or_default();
            let place = if storage.shared { String::new() } else { format!(" on {}", there.node) };
            say(Tone::Wrong, (&storage.name).into(), format!("{part} full{place}"), None, code.clone());
        }
    }
    for guest in &guests {
        let (place, code) = (Cell::from(guest), format!("pve.guest({})?", guest.vmid));
        if let Some((tone, what)) = trouble(guest, ha.find(|entry| is_about(entry, guest))) {
            say(tone, place.clone(), what, None, code.clone());
        }
        let lock = guest.lock.as_ref().filter(|_| guest.status != Status::Unknown && !running.any(|task| guest.may_be_held_by(task)));
        if let Some(lock) = lock.filter(|lock| *lock != "suspended") {
            let what = format!("locked ({lock}), and no task was seen that holds it");
            say(Tone::Held, place, what, None, "questions::stuck_locks(&pve)?".into());
        }
    }
    for ((kind, id, node), of_kind) in failed.group_by(|task| (task.kind.clone(), task.id.clone(), task.node.clone())) {
        let Some(last) = of_kind.first() else { continue };
        let often = if of_kind.len() > 1 { format!(", {} times, last", of_kind.len()) } else { String::new() };
        let what = format!("{kind} {id}").trim_end().to_owned();
        let what = format!("task {what}{often} {}", last.status);
        say(Tone::Wrong, node.into(), what, Some(last.started), format!("pve.task({:?})?", last.upid.raw()));
    }
    found.sort_by_key(|(tone, _)| *tone != Tone::Wrong);
    let wrong = found.iter().filter(|(tone, _)| *tone == Tone::Wrong).count();
    let read = status.evidence().and(&nodes).and(&guests).and(&ha).and(&storages).and(&running).and(&failed);
    let fact = match (wrong, found.len(), read.is_complete()) {
        (0, 0, Some(true)) => "Nothing is wrong".to_owned(),
        (0, ..) => "Nothing was found to be wrong".to_owned(),
        (1, ..) => "1 thing is wrong".to_owned(),
        (n, ..) => format!("{n} things are wrong"),
    };
    let rest = match found.len() - wrong {
        0 => ".".to_owned(),
        1 => "; 1 more is on hold.".to_owned(),
        n => format!("; {n} more are on hold."),
    };
    let rows = found.into_iter().map(|(_, cells)| cells);
    Ok(Page::new("Wrong now")
        .question("What is wrong right now, and where does one go on?")
        .answer(fact, rest)
        .table(Grid::new(["What", "Where", "Since", "Go on"]).rows(rows).at_most(50))
        .code("questions::code(\"wrong_now\")?")
        .based_on(&read))
}

/// Whether an entry of the HA status is about this guest.
fn is_about(entry: &HaEntry, guest: &Guest) -> bool {
    let number = entry.sid.as_ref().and_then(|sid| sid.raw().split_once(':')?.1.parse().ok());
    number == Some(guest.vmid)
}

/// What is wrong with the state of a guest, or keeps it from work.
fn trouble(guest: &Guest, entry: Option<HaEntry>) -> Option<(Tone, String)> {
    let entry = entry.unwrap_or_default();
    let (is, wanted) = (entry.state.or(guest.hastate.clone()).unwrap_or_default(), entry.request_state.unwrap_or_default());
    let is_off = |word: &Text| ["stopped", "disabled"].contains(&word.raw());
    let odd = !wanted.is_blank() && is != wanted.raw() && !(is_off(&is) && is_off(&wanted)) && wanted != "ignored";
    match (&guest.status, is.raw()) {
        (_, "error" | "fence" | "recovery") => Some((Tone::Wrong, format!("high availability: {is}"))),
        (Status::Stopped, "started") => Some((Tone::Wrong, "stopped, and high availability wants it started".into())),
        (Status::Other(word), _) if word != "prelaunch" => Some((Tone::Wrong, format!("{word}: it does not work"))),
        (Status::Paused, _) => Some((Tone::Held, "paused".into())),
        (Status::Unknown, _) if guest.name.why() != Some(Why::NodeOffline) => Some((Tone::Held, "state not known".into())),
        _ if odd => Some((Tone::Held, format!("high availability: {is}, wanted: {wanted}"))),
        _ => None,
    }
}
