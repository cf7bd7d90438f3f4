//! What may be asked of many guests at once, and what is refused before a task begins.

use super::{Bulk, TIMEOUT, Verb};
use crate::twin::answer::{Answered, Params, failed, integer, not_simulated, wrong};
use crate::twin::state::State;

/// The numbers in a parameter that is a list, given as one word or several times.
fn list(params: Params<'_>, key: &str) -> Answered<Option<Vec<u32>>> {
    let words: Vec<&str> = params
        .0
        .iter()
        .filter(|(name, _)| name == key)
        .flat_map(|(_, value)| value.split([',', ';', ' ', '\0']))
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        return Ok(None);
    }
    let number = |word: &&str| match word.parse::<u32>() {
        Ok(vmid) if vmid >= 100 => Ok(vmid),
        _ => wrong(key, format!("type check ('integer') failed - got '{word}'")),
    };
    words.iter().map(number).collect::<Answered<Vec<u32>>>().map(Some)
}

fn at_a_time(params: Params<'_>) -> Answered<Option<usize>> {
    for key in ["max-workers", "maxworkers"] {
        if let Some(value) = params.get(key) {
            return match integer(key, value)? {
                n if n < 1 => wrong(key, "value must have a minimum value of 1"),
                n if n > 64 => wrong(key, "value must have a maximum value of 64"),
                n => Ok(usize::try_from(n).ok()),
            };
        }
    }
    Ok(None)
}

fn flag(params: Params<'_>, key: &str) -> Answered<Option<bool>> {
    params.get(key).map(|_| params.flag(key)).transpose()
}

/// `POST /cluster/bulk-action/guest/{verb}`.
pub(in crate::twin) fn of_cluster(state: &mut State, word: &str, params: Params<'_>) -> Answered {
    let own: &[&str] = match word {
        "start" => &["timeout"],
        "shutdown" => &["timeout", "force-stop"],
        "suspend" => &["to-disk", "statestorage"],
        _ => &["target", "online", "with-local-disks"],
    };
    let known: Vec<&str> = own.iter().copied().chain(["vms", "max-workers", "maxworkers"]).collect();
    let params = params.only(&known)?;
    let (only, most) = (list(params, "vms")?, at_a_time(params)?);
    let verb = match word {
        "start" => Verb::Start { timeout: params.int("timeout")? },
        "shutdown" => Verb::Shutdown {
            timeout: params.int("timeout")?.unwrap_or(TIMEOUT),
            force: flag(params, "force-stop")?.unwrap_or(true),
        },
        "suspend" => {
            params.without(&["to-disk", "statestorage"])?;
            Verb::Suspend
        }
        _ => Verb::Migrate {
            target: params.required("target")?.to_owned(),
            online: flag(params, "online")?,
            disks: flag(params, "with-local-disks")?,
        },
    };
    let default = if word == "migrate" { 1 } else { 4 };
    let (bulk, here) = (Bulk::new(verb, None, only, most.unwrap_or(default)), state.here().to_owned());
    let place = state.begin_steps(&here, &format!("bulk-{word}"), "", Box::new(bulk));
    Ok(state.tasks[place].upid().into())
}

/// `POST /nodes/{node}/{startall|stopall|migrateall|suspendall}`.
pub(in crate::twin) fn of_node(state: &mut State, node: &str, word: &str, params: Params<'_>) -> Answered {
    let own: &[&str] = match word {
        "startall" => &["force"],
        "stopall" => &["force-stop", "timeout"],
        "migrateall" => &["target", "with-local-disks", "maxworkers"],
        _ => &[],
    };
    let known: Vec<&str> = own.iter().copied().chain(["vms", "max-workers"]).collect();
    let params = params.only(&known)?;
    let (only, most) = (list(params, "vms")?, at_a_time(params)?);
    let verb = match word {
        "startall" => Verb::Start { timeout: None },
        "stopall" => Verb::Shutdown {
            timeout: match params.int("timeout")?.unwrap_or(TIMEOUT) {
                n if n < 0 => return wrong("timeout", "value must have a minimum value of 0"),
                n if n > 7_200 => return wrong("timeout", "value must have a maximum value of 7200"),
                n => n,
            },
            force: flag(params, "force-stop")?.unwrap_or(true),
        },
        "migrateall" => {
            let target = params.required("target")?;
            if target == node {
                return wrong("target", "target is local node.");
            }
            state.needs_quorum()?;
            if state.node(target).is_none() {
                return failed(format!("no such cluster node '{target}'"));
            }
            if most.is_none() {
                return failed("either 'max-workers' parameter or max_workers in datacenter.cfg must be set!");
            }
            Verb::Migrate { target: target.to_owned(), online: None, disks: flag(params, "with-local-disks")? }
        }
        _ => return not_simulated("Suspending to disk"),
    };
    let cpus = state.node(node).map_or(1, |node| node.cpus);
    let default = usize::try_from(cpus.saturating_sub(1).clamp(1, 8)).unwrap_or(1);
    let mut bulk = Bulk::new(verb, Some(node), only, most.unwrap_or(default));
    bulk.force = flag(params, "force")?.unwrap_or(false);
    let place = state.begin_steps(node, word, "", Box::new(bulk));
    Ok(state.tasks[place].upid().into())
}
