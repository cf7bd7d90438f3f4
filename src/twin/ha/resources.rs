//! Taking guests into the care of high availability and out of it, changing what is wanted, asking for a move.
//!
//! Knows what Proxmox VE refuses at once; what comes of the rest is decided by the manager.

use serde_json::{Map, Value, json};

use super::{Ha, Order, Phase};
use crate::twin::answer::{Answered, Params, boolean, failed, integer, wrong};
use crate::twin::state::{Guest, Kind, State};

const STATES: [&str; 5] = ["started", "stopped", "enabled", "disabled", "ignored"];
const SETTINGS: [&str; 6] = ["comment", "failback", "group", "max_relocate", "max_restart", "state"];
const MIGRATED: &str = "invalid parameter 'group': ha groups have been migrated to rules";

/// The guest that a name stands for: `vm:101`, `ct:200` or its number alone.
fn named(state: &State, sid: &str) -> Answered<(String, Option<u32>)> {
    if !sid.is_empty() && sid.bytes().all(|c| c.is_ascii_digit()) {
        let vmid = sid.parse().ok();
        return match vmid.and_then(|vmid| state.guests.get(&vmid)) {
            Some(guest) => Ok((guest.sid(), vmid)),
            None => failed(format!("unable to detect SID from VMID - VM/CT {sid} does not exist")),
        };
    }
    match sid.split_once(':') {
        Some((kind, name)) if !name.is_empty() && !kind.is_empty() && kind.bytes().all(|c| c.is_ascii_lowercase()) => {
            Ok((sid.to_owned(), name.parse().ok()))
        }
        _ => wrong("sid", "invalid format - value does not look like a valid ha resource id\n"),
    }
}

/// What a call sets, checked.
fn settings(params: Params<'_>) -> Answered<(Option<&'static str>, Map<String, Value>)> {
    let wanted = params.one_of("state", &STATES)?;
    let wanted = wanted.and_then(|word| STATES.into_iter().find(|known| *known == word));
    let mut more = Map::new();
    for key in ["max_restart", "max_relocate"] {
        if let Some(value) = params.get(key) {
            let number = integer(key, value)?;
            if number < 0 {
                return wrong(key, "value must have a minimum value of 0");
            }
            more.insert(key.into(), number.into());
        }
    }
    if let Some(value) = params.get("failback") {
        more.insert("failback".into(), u8::from(boolean("failback", value)?).into());
    }
    if let Some(comment) = params.get("comment") {
        more.insert("comment".into(), comment.into());
    }
    Ok((wanted, more))
}

fn kind_of(sid: &str) -> Option<Kind> {
    match sid.split_once(':')?.0 {
        "vm" => Some(Kind::Qemu),
        "ct" => Some(Kind::Lxc),
        _ => None,
    }
}

/// `enabled` is an older word.
fn modern(word: &'static str) -> &'static str {
    if word == "enabled" { "started" } else { word }
}

/// `POST /cluster/ha/resources`.
pub(in crate::twin) fn add(state: &mut State, params: Params<'_>) -> Answered {
    let known: Vec<&str> = SETTINGS.into_iter().chain(["sid", "type"]).collect();
    let params = params.only(&known)?;
    let sid = params.required("sid")?;
    let (kind, (wanted, more)) = (params.one_of("type", &["ct", "vm"])?, settings(params)?);
    state.needs_quorum()?;
    let (sid, vmid) = named(state, sid)?;
    if kind.is_some_and(|kind| !sid.starts_with(&format!("{kind}:"))) {
        return failed("types does not match");
    }
    if params.get("group").is_some() {
        return failed(MIGRATED);
    }
    let Some(kind) = kind_of(&sid) else {
        return failed(format!("unknown section type '{}'", sid.split(':').next().unwrap_or_default()));
    };
    let Some(vmid) = vmid else { return failed("invalid VMID") };
    let Some(guest) = state.guests.get_mut(&vmid) else {
        return failed(format!("resource '{sid}' does not exist in cluster"));
    };
    if guest.kind != kind {
        let what = if kind == Kind::Qemu { "VM" } else { "container" };
        return failed(format!("resource '{sid}' - guest with ID {vmid} is not a {what}"));
    }
    if guest.ha_config().is_some() {
        return failed(format!("create resource failed: resource ID '{sid}' already defined"));
    }
    let service = guest.ha.take().and_then(|ha| ha.service);
    guest.ha = Some(Ha { wanted: wanted.map(modern), more, removed: false, service });
    state.ha.version += 1;
    state.wake_ha();
    Ok(Value::Null)
}

/// `PUT /cluster/ha/resources/{sid}`.
pub(in crate::twin) fn change(state: &mut State, sid: &str, params: Params<'_>) -> Answered {
    let known: Vec<&str> = SETTINGS.into_iter().chain(["sid", "delete", "digest"]).collect();
    let params = params.only(&known)?;
    let (wanted, more) = settings(params)?;
    let (sid, vmid) = named(state, sid)?;
    if params.get("group").is_some() {
        return failed(MIGRATED);
    }
    state.not_in_error(vmid, &sid, wanted)?;
    const FAILED: &str = "update resources config failed:";
    state.domain_lock(Some(FAILED))?;
    if params.get("digest").is_some_and(|digest| digest != state.ha_digest()) {
        return failed(format!("{FAILED} detected modified configuration - file changed by other user? Try again."));
    }
    let Some(ha) = config_mut(state, vmid, &sid) else { return failed(format!("{FAILED} no such resource '{sid}'")) };
    let deleted: Vec<&str> =
        params.get("delete").unwrap_or_default().split([',', ';', ' ']).filter(|key| !key.is_empty()).collect();
    if let Some(unknown) = deleted.iter().find(|key| !SETTINGS.contains(key)) {
        return failed(format!("{FAILED} no such option '{unknown}'"));
    }
    ha.more.extend(more);
    if let Some(wanted) = wanted {
        ha.wanted = Some(modern(wanted));
    }
    for key in deleted {
        match key {
            "state" => ha.wanted = None,
            key => drop(ha.more.remove(key)),
        }
    }
    state.ha.version += 1;
    state.wake_ha();
    Ok(Value::Null)
}

fn config_mut<'a>(state: &'a mut State, vmid: Option<u32>, sid: &str) -> Option<&'a mut Ha> {
    let guest = state.guests.get_mut(&vmid?).filter(|guest| guest.sid() == sid)?;
    guest.ha.as_mut().filter(|ha| !ha.removed)
}

/// `DELETE /cluster/ha/resources/{sid}`.
pub(in crate::twin) fn remove(state: &mut State, sid: &str, params: Params<'_>) -> Answered {
    let params = params.only(&["purge"])?;
    let purge = params.get("purge").map_or(Ok(true), |value| boolean("purge", value))?;
    let (sid, vmid) = named(state, sid)?;
    if config_mut(state, vmid, &sid).is_none() {
        return failed(format!("cannot delete service '{sid}', not HA managed!"));
    }
    state.domain_lock(Some("delete resource failed:"))?;
    state.forget_in_ha(vmid.unwrap_or_default(), purge);
    Ok(Value::Null)
}

/// `POST /cluster/ha/resources/{sid}/{migrate|relocate}`.
pub(in crate::twin) fn send(state: &mut State, sid: &str, online: bool, params: Params<'_>) -> Answered {
    let params = params.only(&["node"])?;
    let target = params.required("node")?;
    let (sid, vmid) = named(state, sid)?;
    let vmid =
        vmid.filter(|vmid| state.guests.get(vmid).is_some_and(|guest| guest.sid() == sid && guest.is_ha_managed()));
    let Some(vmid) = vmid else { return failed(format!("resource '{sid}' is not HA managed")) };
    state.not_in_error(Some(vmid), &sid, None)?;
    state.domain_lock(None)?;
    let (along, blocking) = (state.moved_along(vmid), state.kept_apart(vmid, target));
    state.order(vmid, Order::Move { online, target: target.to_owned() });
    let mut answer = json!({ "sid": sid, "requested-node": target });
    if !along.is_empty() {
        answer["comigrated-resources"] = json!(along);
    }
    if !blocking.is_empty() {
        answer["blocking-resources"] =
            blocking.into_iter().map(|sid| json!({ "sid": sid, "cause": "resource-affinity" })).collect();
    }
    Ok(answer)
}

impl State {
    /// A guest is taken out, and out of the rules that name it as well.
    pub(in crate::twin) fn forget_in_ha(&mut self, vmid: u32, purge: bool) {
        let Some(guest) = self.guests.get_mut(&vmid) else { return };
        let sid = guest.sid();
        if let Some(ha) = &mut guest.ha {
            ha.removed = true;
        }
        self.ha.version += 1;
        if let Some(Value::Array(rules)) = self.fixed.get_mut("/cluster/ha/rules").filter(|_| purge) {
            for rule in rules.iter_mut() {
                let rest = rule["resources"].as_str().unwrap_or_default().split(',').filter(|one| *one != sid);
                rule["resources"] = rest.collect::<Vec<_>>().join(",").into();
            }
            rules.retain(|rule| rule["resources"] != "");
        }
        self.wake_ha();
    }

    /// Leaves an order for the manager.
    pub(in crate::twin) fn order(&mut self, vmid: u32, order: Order) {
        self.ha.orders.push((vmid, order));
        self.wake_ha();
    }

    /// What somebody at a shell does with `ha-manager crm-command node-maintenance`.
    pub(in crate::twin) fn order_maintenance(&mut self, node: &str, on: bool) {
        self.ha.maintenance_orders.push((node.to_owned(), on));
        self.wake_ha();
    }

    /// Sets what is wanted of a guest, as `ha-manager set` does.
    pub(in crate::twin) fn want(&mut self, vmid: u32, wanted: &'static str) {
        if let Some(ha) = self.guests.get_mut(&vmid).and_then(|guest| guest.ha.as_mut()).filter(|ha| !ha.removed) {
            ha.wanted = Some(wanted);
            self.ha.version += 1;
            self.wake_ha();
        }
    }

    fn not_in_error(&self, vmid: Option<u32>, sid: &str, wanted: Option<&str>) -> Answered<()> {
        let guest = vmid.and_then(|vmid| self.guests.get(&vmid)).filter(|guest| guest.is_ha_managed());
        match guest.and_then(|guest| guest.ha_refuses(sid)).filter(|_| wanted != Some("disabled")) {
            Some(why) => failed(why),
            None => Ok(()),
        }
    }

    fn domain_lock(&self, what: Option<&str>) -> Answered<()> {
        if self.is_quorate() {
            return Ok(());
        }
        let words = "cfs-lock 'domain-ha' error: no quorum!";
        failed(what.map_or(words.to_owned(), |what| format!("{what} {words}")))
    }
}

impl State {
    /// The names of the guests that are moved along with one.
    pub(in crate::twin) fn moved_along(&self, vmid: u32) -> Vec<String> {
        self.sids(self.together_with(vmid))
    }

    /// The names of those on a node that it must not meet.
    pub(in crate::twin) fn kept_apart(&self, vmid: u32, node: &str) -> Vec<String> {
        if self.node_is("online", node) { self.sids(self.blocking(vmid, node)) } else { Vec::new() }
    }

    fn sids(&self, vmids: Vec<u32>) -> Vec<String> {
        vmids.iter().filter_map(|vmid| Some(self.guests.get(vmid)?.sid())).collect()
    }
}

impl Guest {
    /// Why a request for it is refused, if it is.
    pub(in crate::twin) fn ha_refuses(&self, sid: &str) -> Option<String> {
        let failing = self.service().is_some_and(|service| service.phase == Phase::Error);
        failing.then(|| format!("service '{sid}' in error state, must be disabled and fixed first"))
    }
}
