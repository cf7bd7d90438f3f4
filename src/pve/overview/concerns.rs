//! What somebody should look at in a cluster, each in a few words.

use crate::model::list::count;
use crate::model::storage::Storage;
use crate::page::Tone;
use crate::pve::overview::Seen;
use crate::session::Session;
use crate::units::Age;

/// What somebody should look at, each in a few words.
pub(super) fn concerns(session: &Session, seen: &Seen) -> Vec<String> {
    let Seen { quorum, nodes, guests, storages, tasks } = seen;
    let mut concerns = Vec::new();
    if quorum.tone == Tone::Wrong {
        concerns.push("the cluster has no quorum".into());
    }
    concerns.extend(nodes.filter(|node| !node.is_online()).map(|node| format!("{} is {}", node.name, node.status)));
    let wrong = guests.filter(|guest| guest.state().tone == Tone::Wrong);
    concerns.extend(wrong.map(|guest| format!("{} is {}", guest.called(), guest.state().word)));
    concerns.extend(
        storages
            .filter(|storage| storage.fullness() >= Storage::NEARLY_FULL)
            .map(|storage| format!("{} is {} full", storage.name, storage.fullness())),
    );
    let away = storages.filter(|storage| storage.state().tone == Tone::Wrong);
    concerns.extend(away.map(|storage| format!("{} is not available", storage.name)));
    let now = session.now();
    let failed = tasks
        .as_ref()
        .map_or(0, |tasks| tasks.filter(|task| task.is_failed() && now.since(task.started) < Age(86_400)).len());
    if failed > 0 {
        concerns.push(format!("{} failed within a day", count(failed, ("task", "tasks"))));
    }
    concerns
}
