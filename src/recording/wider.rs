//! What answers a call that was not recorded itself: a wider one that was, of which it asks for a part. Knows how the API
//! narrows its lists; where the wider answer does not hold everything that was asked for, there is no answer.

use std::cmp::min;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Recording;
use crate::error::Error;
use crate::loose;
use crate::text::Text;
use crate::wire::{Call, Reply};

/// What is listed where nothing is said of how much.
const USUAL_LIMIT: usize = 50;

pub(super) fn answer(recording: &Recording, call: &Call) -> Result<Option<Reply>, Error> {
    let parts: Vec<&str> = call.path.split('/').skip(1).collect();
    let narrowed = match parts[..] {
        ["cluster", "resources"] => whole(recording, call)?.and_then(|all| of_type(call, &all)),
        ["cluster", "log"] => first_lines(recording, call)?,
        ["nodes", _, "storage", _, "content"] => whole(recording, call)?.and_then(|all| volumes(call, &all)),
        ["nodes", _, "tasks"] => tasks(recording, call)?,
        ["nodes", _, "tasks", _, "log"] => lines(recording, call)?,
        _ => None,
    };
    match (narrowed, &parts[..]) {
        (Some(reply), _) => Ok(Some(reply)),
        (None, ["nodes", _, "qemu", _, "agent", _]) => of_a_silent_agent(recording, call),
        (None, ["nodes", node, ..]) => of_a_node_that_is_away(recording, node),
        (None, _) => Ok(None),
    }
}

/// A node that could not be reached when it was asked for its state gives the same answer to everything.
fn of_a_node_that_is_away(recording: &Recording, node: &str) -> Result<Option<Reply>, Error> {
    let status = recording.exactly(&Call::get(format!("/nodes/{node}/status")))?;
    Ok(status.filter(|reply| matches!(reply.status, 595 | 596)))
}

/// Whether this tells that a guest has no agent at work, which is the same whatever one asks of it.
pub(crate) fn is_without_agent(path: &str, reply: &Reply) -> bool {
    let words = ["QEMU guest agent is not running", "No QEMU guest agent configured"];
    path.contains("/agent/") && !reply.is_ok() && words.iter().any(|words| reply.body.contains(words))
}

fn of_a_silent_agent(recording: &Recording, call: &Call) -> Result<Option<Reply>, Error> {
    let Some((agent, _)) = call.path.rsplit_once('/') else { return Ok(None) };
    let first = Call::get(format!("{agent}/network-get-interfaces"));
    Ok(recording.exactly(&first)?.filter(|reply| is_without_agent(&first.path, reply)))
}

/// What was answered on this path to who asked for all of it.
fn whole(recording: &Recording, call: &Call) -> Result<Option<Reply>, Error> {
    recording.exactly(&Call::get(call.path.as_str()))
}

/// The value of a parameter.
fn param<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Whether it has no parameters but these.
fn has_only(call: &Call, names: &[&str]) -> bool {
    call.params.iter().all(|(name, _)| names.contains(&name.as_str()))
}

/// The value of a parameter that counts; the other where it is not given.
fn number(call: &Call, name: &str, otherwise: usize) -> Option<usize> {
    param(call, name).map_or(Some(otherwise), |value| value.parse().ok())
}

/// A list as it came.
struct Listed<'a> {
    rows: Vec<&'a RawValue>,
    /// How many there are, beside those that were asked for.
    total: Option<usize>,
}

impl<'a> Listed<'a> {
    fn of(reply: &'a Reply) -> Option<Listed<'a>> {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(borrow)]
            data: Vec<&'a RawValue>,
            #[serde(default, deserialize_with = "loose::u64")]
            total: Option<u64>,
        }
        let Envelope { data, total } = serde_json::from_str(&reply.body).ok()?;
        Some(Listed { rows: data, total: total.and_then(|total| usize::try_from(total).ok()) })
    }

    /// Whether nothing was left out after its rows.
    fn is_whole(&self, limit: Option<usize>) -> bool {
        match (self.total, limit) {
            (Some(total), _) => total <= self.rows.len(),
            (None, Some(limit)) => self.rows.len() < limit,
            (None, None) => false,
        }
    }
}

/// Whether a list that was asked for with this limit holds all there is.
pub(crate) fn holds_all(reply: &Reply, limit: usize) -> bool {
    Listed::of(reply).is_some_and(|all| all.is_whole(Some(limit)))
}

/// The same answer with these rows.
fn with_rows(reply: &Reply, rows: &[&RawValue], total: Option<usize>) -> Reply {
    let rows: Vec<&str> = rows.iter().map(|row| row.get()).collect();
    // The server leaves out a total of zero.
    let total = total.filter(|total| *total > 0).map(|total| format!(",\"total\":{total}")).unwrap_or_default();
    Reply { body: format!("{{\"data\":[{}]{total}}}", rows.join(",")).into(), ..reply.clone() }
}

fn read<T: for<'de> Deserialize<'de> + Default>(row: &RawValue) -> T {
    serde_json::from_str(row.get()).unwrap_or_default()
}

/// The rows of `/cluster/resources` that are of a type. Refusals are the same for all.
fn of_type(call: &Call, all: &Reply) -> Option<Reply> {
    #[derive(Deserialize, Default)]
    struct Row {
        #[serde(default)]
        r#type: Text,
    }
    if !has_only(call, &["type"]) {
        return None;
    }
    if !all.is_ok() {
        return Some(all.clone());
    }
    let wanted = match param(call, "type")? {
        "vm" => ["qemu", "lxc"],
        known @ ("storage" | "node" | "sdn") => [known, known],
        _ => return None,
    };
    let mut rows = Listed::of(all)?.rows;
    rows.retain(|row| wanted.iter().any(|wanted| read::<Row>(row).r#type == *wanted));
    Some(with_rows(all, &rows, None))
}

/// The newest lines of the cluster's log, which it gives first.
fn first_lines(recording: &Recording, call: &Call) -> Result<Option<Reply>, Error> {
    let max = number(call, "max", USUAL_LIMIT).filter(|_| has_only(call, &["max"]));
    let Some(max) = max else { return Ok(None) };
    for (asked, reply) in recording.on_path(&call.path)? {
        let Some(most) = number(&asked, "max", USUAL_LIMIT) else { continue };
        let Some(Listed { mut rows, .. }) = Listed::of(&reply) else { return Ok((!reply.is_ok()).then_some(reply)) };
        if rows.len() >= max || rows.len() < most {
            rows.truncate(max);
            return Ok(Some(with_rows(&reply, &rows, None)));
        }
    }
    Ok(None)
}

/// The volumes of a storage that are of a kind and a guest.
fn volumes(call: &Call, all: &Reply) -> Option<Reply> {
    #[derive(Deserialize, Default)]
    struct Row {
        #[serde(default)]
        content: Text,
        #[serde(default, deserialize_with = "loose::u64")]
        vmid: Option<u64>,
    }
    if !has_only(call, &["content", "vmid"]) {
        return None;
    }
    if !all.is_ok() {
        return Some(all.clone());
    }
    let vmid = param(call, "vmid").map(|vmid| vmid.parse::<u64>().ok());
    let mut rows = Listed::of(all)?.rows;
    rows.retain(|row| {
        let row: Row = read(row);
        param(call, "content").is_none_or(|kind| row.content == *kind) && vmid.is_none_or(|vmid| row.vmid == vmid)
    });
    Some(with_rows(all, &rows, None))
}

/// A task in the list of its node.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Task {
    id: Text,
    r#type: Text,
    user: Text,
    tokenid: Option<Text>,
    status: Option<Text>,
    #[serde(deserialize_with = "loose::i64")]
    starttime: Option<i64>,
    #[serde(deserialize_with = "loose::i64")]
    endtime: Option<i64>,
}

impl Task {
    /// How it ended, in the words of `statusfilter`.
    fn end(&self) -> Option<&'static str> {
        self.endtime?;
        Some(match self.status.as_ref().map(Text::raw) {
            Some("OK") => "ok",
            Some(words) if words.starts_with("WARNINGS: ") => "warning",
            Some("unexpected status" | "unknown") | None => "unknown",
            Some(_) => "error",
        })
    }

    /// Whether the call lists it.
    fn is_wanted(&self, call: &Call) -> Option<bool> {
        for (name, value) in &call.params {
            let moment = || value.parse::<i64>().ok();
            let holds = match name.as_str() {
                "source" => match value.as_str() {
                    "all" => true,
                    "active" => self.endtime.is_none(),
                    "archive" => self.endtime.is_some(),
                    _ => return None,
                },
                "since" => self.starttime? >= moment()?,
                "until" => self.starttime? <= moment()?,
                "vmid" => self.id == *value,
                "typefilter" => self.r#type == *value,
                "userfilter" => {
                    let token = self.tokenid.iter().map(|token| format!("!{}", token.raw()));
                    let who = format!("{}{}", self.user.raw(), token.collect::<String>());
                    who.to_lowercase().contains(&value.to_lowercase())
                }
                "statusfilter" => self.end().is_some_and(|end| value.split([',', ';', ' ']).any(|kind| kind == end)),
                "start" | "limit" => true,
                _ => return None,
            };
            if !holds {
                return Some(false);
            }
        }
        Some(param(call, "source").is_some() || self.endtime.is_some())
    }
}

/// The tasks of a node that are asked for, of all that it remembers or of its newest. Of what is older than those nothing
/// is known.
fn tasks(recording: &Recording, call: &Call) -> Result<Option<Reply>, Error> {
    for (asked, reply) in recording.on_path(&call.path)? {
        if !has_only(&asked, &["source", "limit"]) || param(&asked, "source") != Some("all") {
            continue;
        }
        if !reply.is_ok() {
            return Ok(Some(reply));
        }
        if let Some(narrowed) = Listed::of(&reply).and_then(|all| wanted_tasks(call, &asked, &all, &reply)) {
            return Ok(Some(narrowed));
        }
    }
    Ok(None)
}

fn wanted_tasks(call: &Call, asked: &Call, all: &Listed<'_>, reply: &Reply) -> Option<Reply> {
    let (start, limit) = (number(call, "start", 0)?, number(call, "limit", USUAL_LIMIT)?);
    let (mut wanted, mut oldest) = (Vec::new(), i64::MAX);
    for row in &all.rows {
        let task: Task = read(row);
        oldest = min(oldest, task.starttime.unwrap_or(i64::MAX));
        if task.is_wanted(call)? {
            wanted.push(*row);
        }
    }
    let since = param(call, "since").and_then(|since| since.parse::<i64>().ok());
    let holds_all = all.is_whole(number(asked, "limit", USUAL_LIMIT)) || since.is_some_and(|since| since > oldest);
    if !holds_all && wanted.len() < start.saturating_add(limit) {
        return None;
    }
    let total = holds_all.then_some(wanted.len());
    let page: Vec<&RawValue> = wanted.into_iter().skip(start).take(limit).collect();
    Some(with_rows(reply, &page, total))
}

/// Lines of a task's log, of which a stretch or the whole was recorded.
fn lines(recording: &Recording, call: &Call) -> Result<Option<Reply>, Error> {
    if !has_only(call, &["start", "limit"]) {
        return Ok(None);
    }
    let (Some(start), Some(limit)) = (number(call, "start", 0), number(call, "limit", USUAL_LIMIT)) else {
        return Ok(None);
    };
    for (asked, reply) in recording.on_path(&call.path)? {
        if !reply.is_ok() {
            return Ok(Some(reply));
        }
        let (Some(first), Some(all)) = (number(&asked, "start", 0), Listed::of(&reply)) else { continue };
        let Some(total) = all.total else { continue };
        let end = if limit == 0 { total } else { start.saturating_add(limit).min(total) };
        if start >= total || (first <= start && end <= first + all.rows.len()) {
            let rows: Vec<&RawValue> =
                all.rows.iter().copied().skip(start.saturating_sub(first)).take(end.saturating_sub(start)).collect();
            return Ok(Some(with_rows(&reply, &rows, Some(total))));
        }
    }
    Ok(None)
}
