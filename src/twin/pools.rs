//! Resource pools: what is in them, and putting guests in and out.

use serde_json::{Value, json};

use super::answer::{Answered, Params, failed, not_simulated};
use super::form::{self, Form, list};
use super::rrd::merge;
use super::state::{Guest, Pool, Power, State};

/// How the file is guarded that pools stand in.
const NO_QUORUM: &str = "cfs-lock 'file-user_cfg' error: no quorum!";

impl Pool {
    fn guests<'a>(&'a self, state: &'a State) -> impl Iterator<Item = &'a Guest> {
        state.guests.values().filter(|guest| guest.pool.as_ref() == Some(&self.poolid))
    }

    /// What its running guests use; nothing when none runs.
    pub(super) fn resource(&self, state: &State) -> Value {
        let at = state.lagging();
        let runs = |guest: &&Guest| state.is_online(&guest.node) && guest.power_at(at) != Power::Stopped;
        let running: Vec<&Guest> = self.guests(state).filter(runs).collect();
        let mut row = json!({ "id": format!("/pool/{}", self.poolid), "type": "pool", "pool": self.poolid });
        let cores: u64 = running.iter().map(|guest| guest.cores()).sum();
        if cores > 0 {
            let busy: f64 = running.iter().map(|guest| guest.cpu_at(at) * guest.cores() as f64).sum();
            merge(
                &mut row,
                json!({
                    "maxcpu": cores, "cpu": (busy / cores as f64 * 1e6).round() / 1e6,
                    "mem": running.iter().map(|guest| guest.mem_at(at)).sum::<u64>(),
                    "maxmem": running.iter().map(|guest| guest.memory()).sum::<u64>(),
                    "uptime": running.iter().map(|guest| guest.uptime_at(at)).max(),
                }),
            );
        }
        row
    }

    fn listed(&self) -> Value {
        let mut row = json!({ "poolid": self.poolid });
        merge(&mut row, json!(self.comment.as_ref().map(|comment| json!({ "comment": comment }))));
        row
    }

    fn with_members(&self, state: &State, params: Params<'_>) -> Answered {
        let kind = params.one_of("type", &["qemu", "lxc", "storage"])?;
        let wanted = |guest: &&Guest| kind.is_none_or(|kind| guest.kind.word() == kind);
        let members: Value = self.guests(state).filter(wanted).map(|guest| guest.member(state)).collect();
        let mut row = self.listed();
        merge(&mut row, json!({ "members": members }));
        Ok(row)
    }
}

pub(super) fn pools(state: &State, params: Params<'_>) -> Answered {
    match params.only(&["poolid", "type"])?.get("poolid") {
        Some(id) => Ok(json!([pool(state, id, params)?])),
        None => Ok(state.pools.iter().map(Pool::listed).collect()),
    }
}

pub(super) fn pool(state: &State, id: &str, params: Params<'_>) -> Answered {
    match state.pools.iter().find(|pool| pool.poolid == id) {
        Some(pool) => pool.with_members(state, params),
        None => failed(format!("pool '{id}' does not exist")),
    }
}

fn known(key: &str) -> Option<Form> {
    match key {
        "poolid" => Some(Form::Format(form::pool_id)),
        "comment" => Some(Form::Text(usize::MAX)),
        "vms" => Some(Form::Format(vmids)),
        "storage" => Some(Form::Format(storages)),
        "allow-move" | "delete" => Some(Form::Boolean),
        _ => None,
    }
}

fn vmids(text: &str) -> Result<(), String> {
    let fits = |id: &str| id.parse::<u32>().is_ok_and(|id| (100..=999_999_999).contains(&id));
    if list(text).all(fits) { Ok(()) } else { Err("value does not look like a valid VM ID".into()) }
}

fn storages(text: &str) -> Result<(), String> {
    list(text).try_for_each(form::storage_id)
}

/// `POST /pools`.
pub(super) fn create(state: &mut State, params: Params<'_>) -> Answered {
    let params = params.check(|key| known(key).filter(|_| ["poolid", "comment"].contains(&key)), &["poolid"])?;
    let id = params.get("poolid").unwrap_or_default();
    let refuse = |why: String| failed(format!("create pool failed: {why}"));
    if !state.is_quorate() {
        return refuse(NO_QUORUM.into());
    }
    if state.pools.iter().any(|pool| pool.poolid == id) {
        return refuse(format!("pool '{id}' already exists"));
    }
    let (parent, leaf) = id.rsplit_once('/').map_or((None, id), |(parent, leaf)| (Some(parent), leaf));
    if let Some(parent) = parent.filter(|parent| !state.pools.iter().any(|pool| pool.poolid == *parent)) {
        return refuse(format!("parent '{parent}' of pool '{id}' does not exist"));
    }
    if !leaf.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return refuse("pool name must start with a letter".into());
    }
    let comment = params.get("comment").filter(|words| !words.is_empty()).map(str::to_owned);
    state.pools.push(Pool { poolid: id.to_owned(), comment });
    state.pools.sort_by(|a, b| a.poolid.cmp(&b.poolid));
    Ok(Value::Null)
}

/// `PUT /pools`, or of one pool by its path.
pub(super) fn update(state: &mut State, id: Option<&str>, params: Params<'_>) -> Answered {
    let must: &[&str] = if id.is_some() { &[] } else { &["poolid"] };
    let params = params.check(known, must)?;
    let id = id.or(params.get("poolid")).unwrap_or_default().to_owned();
    let (delete, may_move) = (params.flag("delete")?, params.flag("allow-move")?);
    let refuse = |why: String| failed(format!("update pools failed: {why}"));
    if !state.is_quorate() {
        return refuse(NO_QUORUM.into());
    }
    let Some(place) = state.pools.iter().position(|pool| pool.poolid == id) else {
        return refuse(format!("pool '{id}' does not exist"));
    };
    if params.get("storage").is_some() {
        return not_simulated("Putting a storage into a pool");
    }
    let mut moved: Vec<u32> = Vec::new();
    for vmid in list(params.get("vms").unwrap_or_default()).filter_map(|vmid| vmid.parse::<u32>().ok()) {
        let Some(guest) = state.guests.get(&vmid) else {
            return not_simulated("Putting a number into a pool that no guest has");
        };
        let is_member = (guest.pool.as_ref() == Some(&id)) != moved.contains(&vmid);
        match (delete, is_member, &guest.pool) {
            (true, false, _) => return refuse(format!("VM {vmid} is not a pool member")),
            (false, true, _) => return refuse(format!("VM {vmid} is already a pool member")),
            (false, false, Some(other)) if !may_move => {
                return refuse(format!("VM {vmid} belongs already to pool '{other}' and 'allow-move' is not set"));
            }
            _ => moved.push(vmid),
        }
    }
    if let Some(comment) = params.get("comment") {
        state.pools[place].comment = Some(comment.to_owned()).filter(|words| !words.is_empty());
    }
    for vmid in moved {
        if let Some(guest) = state.guests.get_mut(&vmid) {
            guest.pool = (!delete).then(|| id.clone());
        }
    }
    Ok(Value::Null)
}

/// `DELETE /pools`, or of one pool by its path.
pub(super) fn delete(state: &mut State, id: Option<&str>, params: Params<'_>) -> Answered {
    let must: &[&str] = if id.is_some() { &[] } else { &["poolid"] };
    let params = params.check(|key| known(key).filter(|_| key == "poolid"), must)?;
    let id = id.or(params.get("poolid")).unwrap_or_default().to_owned();
    let refuse = |why: String| failed(format!("delete pool failed: {why}"));
    if !state.is_quorate() {
        return refuse(NO_QUORUM.into());
    }
    if !state.pools.iter().any(|pool| pool.poolid == id) {
        return refuse(format!("pool '{id}' does not exist"));
    }
    if let Some(inner) = state.pools.iter().find(|pool| pool.poolid.starts_with(&format!("{id}/"))) {
        return refuse(format!("pool '{id}' is not empty (contains pool '{}')", inner.poolid));
    }
    if let Some(guest) = state.guests.values().find(|guest| guest.pool.as_ref() == Some(&id)) {
        return refuse(format!("pool '{id}' is not empty (contains VM {})", guest.vmid));
    }
    state.pools.retain(|pool| pool.poolid != id);
    Ok(Value::Null)
}
