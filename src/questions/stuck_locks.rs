//! Which locks are stuck, and what holds the others?
use crate::*;

/// Guests that are locked, and the task that holds each lock. A configuration does not say which task locked it: one
/// that runs and fits is taken to hold it. Only where all running tasks were seen, a lock that none fits is stuck.
///
/// # Errors
/// When the cluster cannot be read.
pub fn stuck_locks(pve: &Pve) -> Result<Page, Error> {
    let (pve, now) = (&pve.one_look(), pve.now());
    let (guests, nodes) = (pve.guests()?, pve.nodes()?);
    let locked = guests.filter(|guest| guest.lock.is_some());
    let asked = locked.filter(|guest| guest.status != Status::Unknown);
    let running = nodes.filter(|_| !locked.is_empty()).each(|node| node.task_query().running().read());
    // What was done to a guest last, other than to meet the lock, tells how it may have come about.
    let done = asked.each(|guest| guest.tasks());
    let last = |guest: &Guest| {
        let (_, tasks) = done.iter().find(|(known, _)| known.vmid == guest.vmid)?;
        tasks.find(|task| !task.is_running() && !task.status.to_string().contains("locked"))
    };
    let is_seen = |name: &Text| {
        running.iter().any(|(node, tasks)| node.name == name.raw() && tasks.is_complete() == Some(true))
    };
    // A clone is made by the node of its original, which may be any.
    let all_seen = |guest: &Guest| match guest.lock.as_ref().map(Text::raw) {
        Some("clone" | "create" | "disk") => nodes.all(|node| is_seen(&node.name)),
        _ => is_seen(&guest.node),
    };
    let (mut stuck, mut unknown, mut rows) = (0, 0, Vec::new());
    for guest in &locked {
        let holder = running.items().into_iter().map(|(_, task)| task).find(|task| guest.may_be_held_by(task));
        let tool = if guest.is_ct() { "pct" } else { "qm" };
        let (order, state, what) = match (&holder, guest.lock.as_ref().map(Text::raw)) {
            (Some(task), _) => {
                let words = format!("held by {} of {} for {}", task.kind, task.user, now.since(task.started));
                (2, State::new(Tone::Good, words), Cell::Code(format!("pve.task({:?})?", task.upid.raw()).into()))
            }
            (None, Some("suspended")) => {
                (3, State::new(Tone::Off, "suspended to disk"), "start it, and it goes on where it was".into())
            }
            (None, _) if all_seen(guest) => {
                stuck += 1;
                let unlock = format!("{tool} unlock {} # as root on {}", guest.vmid, guest.node);
                (0, State::new(Tone::Wrong, "stuck: no task that runs holds it"), Cell::Code(unlock.into()))
            }
            (None, _) => {
                unknown += 1;
                let words = "cannot be told: running tasks were not seen";
                (1, State::new(Tone::Unknown, words), format!("look at the tasks of {}", guest.node).into())
            }
        };
        let last = last(guest).map(|task| format!("{}, {}, {} ago", task.kind, task.status, now.since(task.started)));
        rows.push((order, vec![guest.into(), guest.lock.clone().into(), state.into(), what, last.into()]));
    }
    rows.sort_by_key(|(order, _)| *order);
    let fact = match stuck {
        0 if unknown == 0 && guests.is_complete() == Some(true) => "No lock is stuck".to_owned(),
        0 => "No lock was found to be stuck".to_owned(),
        1 => "1 lock is stuck".to_owned(),
        n => format!("{n} locks are stuck"),
    };
    let of = match locked.len() {
        1 => "1 guest is locked".to_owned(),
        n => format!("{n} guests are locked"),
    };
    let rest = if unknown == 0 { format!("; {of}.") } else { format!("; {of}, of {unknown} it cannot be told.") };
    let table = Grid::new(["Guest", "Lock", "It is", "What to do", "Last task before"]);
    Ok(Page::new("Locks")
        .question("Which locks are stuck, and what holds the others?")
        .answer(fact, rest)
        .table(table.rows(rows.into_iter().map(|(_, cells)| cells)).at_most(50))
        .paragraph("Look at the last task before you take a lock away: what it left half done stays half done.")
        .code("questions::code(\"stuck_locks\")?")
        .based_on(&locked)
        .based_on(&running)
        .based_on(&done))
}
