//! Which path leads where: the one table of what the simulated cluster answers.
//!
//! Knows paths and who has to answer them; what they answer stands elsewhere.

use serde_json::{Value, json};

use super::answer::{Answered, Good, Params, Refusal, failed, not_simulated, wrong};
use super::state::{Guest, Kind, Ms, Node, State};
use super::{access, actions, cluster, config, jobs, nodes, parts, rrd, storages, tasks};
use crate::wire::Method;

/// Parts of the API that a real cluster has and this one has not.
const ELSEWHERE: &[&str] = &[
    "aplinfo",
    "apt",
    "acme",
    "bulk-action",
    "ceph",
    "certificates",
    "dump",
    "disks",
    "execute",
    "firewall",
    "hardware",
    "jobs",
    "journal",
    "mapping",
    "metrics",
    "monitor",
    "notifications",
    "openid",
    "report",
    "rrd",
    "rules",
    "scan",
    "sdn",
    "termproxy",
    "vncproxy",
    "spiceproxy",
    "vzdump",
];

/// How long PVE waits for a guest agent that does not answer.
const AGENT_WAIT: Ms = 3_000;

/// Answers one call.
pub(super) fn answer(state: &mut State, method: Method, path: &[&str], params: Params<'_>) -> Answered<Good> {
    match path {
        ["nodes", node, rest @ ..] => on_node(state, method, node, rest, path, params),
        _ if method == Method::Get => read(state, path, params),
        _ => unknown(method, path),
    }
}

fn unknown<T>(method: Method, path: &[&str]) -> Answered<T> {
    let call = format!("Method '{method} /{}'", path.join("/"));
    let part = path.iter().any(|part| ELSEWHERE.contains(part));
    let written = method.is_write() && matches!(path, ["nodes" | "cluster" | "storage" | "pools" | "access", _, ..]);
    if part || written {
        return not_simulated(&call);
    }
    Err(Refusal::NotImplemented(format!("{call} not implemented")))
}

/// Reads that any node answers from what the cluster knows.
fn read(state: &State, path: &[&str], params: Params<'_>) -> Answered<Good> {
    let plain = |value: Value| params.only(&[]).map(|_| value);
    Ok(match path {
        [] => index(&["version", "cluster", "nodes", "storage", "access", "pools"], "subdir"),
        ["version"] => plain(nodes::version())?,
        ["cluster"] => index(
            &[
                "backup",
                "backup-info",
                "config",
                "firewall",
                "ha",
                "jobs",
                "log",
                "mapping",
                "metrics",
                "nextid",
                "notifications",
                "options",
                "replication",
                "resources",
                "sdn",
                "status",
                "tasks",
            ],
            "name",
        ),
        ["cluster", "status"] => plain(cluster::status(state))?,
        ["cluster", "resources"] => cluster::resources(state, params)?,
        ["cluster", "tasks"] => plain(tasks::recent(state))?,
        ["cluster", "log"] => tasks::cluster_log(state, params)?,
        ["cluster", "nextid"] => cluster::next_id(state, params)?,
        ["cluster", "backup"] => plain(Value::from(state.jobs.clone()))?,
        ["cluster", "backup", id] => plain(jobs::backup(state, id)?)?,
        ["cluster", "backup", id, "included_volumes"] => plain(jobs::included_volumes(state, id)?)?,
        ["cluster", "backup-info"] => index(&["not-backed-up"], "subdir"),
        ["cluster", "backup-info", "not-backed-up"] => plain(jobs::not_backed_up(state))?,
        ["cluster", "ha"] => index(&["status", "resources", "groups", "rules"], "id"),
        ["cluster", "ha", "status"] => index(&["current", "manager_status"], "name"),
        ["cluster", "ha", "status", "manager_status"] => plain(cluster::manager_status(state))?,
        ["cluster", "ha", "status", "current"] => plain(cluster::ha_status(state))?,
        ["cluster", "ha", "resources"] => params.only(&["type"]).map(|_| cluster::ha_resources(state))?,
        ["cluster", "ha", "groups"] => return failed("cannot index groups: ha groups have been migrated to rules"),
        ["nodes"] => plain(nodes::list(state))?,
        ["storage"] => storages::definitions(state, params)?,
        ["storage", id] => plain(storages::definition(state, id)?)?,
        ["pools"] => cluster::pools(state, params)?,
        ["pools", id] => cluster::pool(state, id, params.only(&["type"])?)?,
        ["access", rest @ ..] => read_access(state, rest, path, params)?,
        _ => match (parts::answer(state, path, params), jobs::one_fixed(state, path)) {
            (Some(answer), _) => return answer,
            (None, Some(value)) => plain(value)?,
            (None, None) => return unknown(Method::Get, path),
        },
    }
    .into())
}

fn read_access(state: &State, rest: &[&str], path: &[&str], params: Params<'_>) -> Answered {
    let plain = |value: Value| params.only(&[]).map(|_| value);
    let table = || plain(state.fixed.get(&format!("/{}", path.join("/"))).cloned().unwrap_or_default());
    match rest {
        [] => Ok(index(&["users", "groups", "roles", "acl", "domains", "tfa"], "subdir")),
        ["users"] => access::users(state, params),
        ["users", id] => plain(access::one_user(state, id)?),
        ["users", id, "token"] => plain(access::tokens(state, id)?),
        ["users", id, "token", token] => plain(access::token(state, id, token)?),
        ["tfa" | "groups" | "roles" | "acl" | "domains"] => table(),
        ["tfa", id] => plain(access::factors_of(state, id)),
        ["groups", id] => plain(access::group(state, id)?),
        ["roles", id] => plain(access::role(state, id)?),
        ["domains", id] => plain(access::realm(state, id)?),
        ["permissions"] => access::permissions(state, params),
        _ => unknown(Method::Get, path),
    }
}

/// The entries below a path, in whichever field PVE puts their names there.
fn index(names: &[&str], field: &str) -> Value {
    names.iter().map(|name| json!({ field: name })).collect()
}

/// Calls that a certain node answers, unless it is offline.
fn on_node(
    state: &mut State,
    method: Method,
    name: &str,
    rest: &[&str],
    path: &[&str],
    params: Params<'_>,
) -> Answered<Good> {
    let Some(node) = state.node(name).cloned() else {
        return failed(format!(
            "hostname lookup '{name}' failed - failed to get address info for: {name}: Name or service not known"
        ));
    };
    // These two need not ask the node itself, so they answer for an offline one too.
    let anywhere = method == Method::Get && matches!(rest, [] | ["rrddata"] | ["qemu" | "lxc", _, "rrddata"]);
    if node.offline.is_some() && !anywhere {
        return Err(Refusal::Unreachable);
    }
    match rest {
        ["qemu", vmid, rest @ ..] => on_guest(state, method, &node, Kind::Qemu, vmid, rest, path, params),
        ["lxc", vmid, rest @ ..] => on_guest(state, method, &node, Kind::Lxc, vmid, rest, path, params),
        _ if method == Method::Get => read_node(state, &node, rest, path, params),
        _ => unknown(method, path),
    }
}

fn read_node(state: &State, node: &Node, rest: &[&str], path: &[&str], params: Params<'_>) -> Answered<Good> {
    let plain = |value: Value| params.only(&[]).map(|_| value);
    Ok(match rest {
        [] => index(
            &[
                "apt",
                "capabilities",
                "certificates",
                "config",
                "disks",
                "dns",
                "firewall",
                "hardware",
                "hosts",
                "lxc",
                "netstat",
                "network",
                "qemu",
                "replication",
                "rrddata",
                "sdn",
                "services",
                "status",
                "storage",
                "subscription",
                "syslog",
                "tasks",
                "time",
                "version",
            ],
            "name",
        ),
        ["status"] => plain(node.status(state))?,
        ["version"] => plain(nodes::version())?,
        ["time"] => plain(nodes::time(state))?,
        ["network"] => params.only(&["type"]).map(|_| node.network())?,
        ["services"] => plain(nodes::services())?,
        ["subscription"] => plain(node.subscription())?,
        ["netstat"] => plain(parts::netstat(state, node))?,
        ["network", iface] => plain(node.interface(iface)?)?,
        ["replication"] => jobs::replication_on(state, node, params)?,
        ["replication", id, "status"] => plain(jobs::replication_status(state, node, id)?)?,
        ["rrddata"] => rrd::of_node(state, node, params)?,
        ["qemu"] => params.only(&["full"]).map(|_| guests_of(state, node, Kind::Qemu))?,
        ["lxc"] => plain(guests_of(state, node, Kind::Lxc))?,
        ["storage"] => storages::on_node(state, node, params)?,
        ["storage", _] => index(&["content", "rrddata", "status"], "subdir"),
        ["storage", id, "status"] => plain(storages::status(state, node, id)?)?,
        ["storage", id, "content"] => storages::content(state, node, id, params)?,
        ["storage", id, "content", volume] => plain(storages::volume(state, node, id, volume)?)?,
        ["storage", id, "rrddata"] => storages::rrd(state, node, id, params)?,
        ["tasks"] => return tasks::list(state, &node.name, params),
        ["tasks", upid] => tasks::index(state, &node.name, upid)?,
        ["tasks", upid, "status"] => plain(tasks::status(state, &node.name, upid)?)?,
        ["tasks", upid, "log"] => return tasks::log(state, &node.name, upid, params),
        _ => return parts::answer(state, path, params).unwrap_or_else(|| unknown(Method::Get, path)),
    }
    .into())
}

fn guests_of(state: &State, node: &Node, kind: Kind) -> Value {
    let guests = state.guests_on(&node.name).filter(|guest| guest.kind == kind);
    guests.map(|guest| guest.listed(state.now)).collect()
}

#[expect(clippy::too_many_arguments, reason = "what a guest's path says, already taken apart")]
fn on_guest(
    state: &mut State,
    method: Method,
    node: &Node,
    kind: Kind,
    vmid: &str,
    rest: &[&str],
    path: &[&str],
    params: Params<'_>,
) -> Answered<Good> {
    let Ok(vmid) = vmid.parse::<u32>() else {
        return wrong("vmid", format!("type check ('integer') failed - got '{vmid}'"));
    };
    let guest = state.guest(kind, &node.name, vmid);
    if matches!(rest, ["agent", _]) && guest.is_some_and(|guest| guest.is_mute(state.now)) {
        state.advance(AGENT_WAIT);
    }
    match (method, rest) {
        (Method::Get, ["firewall", ..]) => match state.guest(kind, &node.name, vmid) {
            Some(guest) => {
                let answer = parts::guest_firewall(state, guest, path, params);
                return answer.unwrap_or_else(|| unknown(method, path));
            }
            None => failed(kind.missing(&node.name, vmid)),
        },
        (Method::Get, _) => match state.guest(kind, &node.name, vmid) {
            Some(guest) => read_guest(state, guest, rest, path, params),
            None => failed(kind.missing(&node.name, vmid)),
        },
        (Method::Post, ["status", verb]) => actions::power(state, kind, &node.name, vmid, verb, path, params),
        _ if state.guest(kind, &node.name, vmid).is_none() => failed(kind.missing(&node.name, vmid)),
        (Method::Put, ["config"]) => config::put(state, kind, vmid, params),
        (Method::Post, ["config"]) if kind == Kind::Qemu => config::post(state, &node.name, vmid, params),
        (Method::Post, ["snapshot"]) => actions::snapshot(state, &node.name, vmid, params),
        (Method::Delete, ["snapshot", name]) => actions::delete_snapshot(state, &node.name, vmid, name, params),
        (Method::Delete, []) => actions::destroy(state, kind, &node.name, vmid, params),
        (Method::Post, ["migrate"]) if kind == Kind::Qemu => actions::migrate(state, &node.name, vmid, params),
        (Method::Post, ["agent", "ping"]) if kind == Kind::Qemu => actions::ping(state, vmid),
        _ => unknown(method, path),
    }
    .map(Good::from)
}

fn read_guest(state: &State, guest: &Guest, rest: &[&str], path: &[&str], params: Params<'_>) -> Answered {
    let plain = |value: Value| params.only(&[]).map(|_| value);
    let qemu = guest.kind == Kind::Qemu;
    match rest {
        [] if qemu => {
            Ok(index(&["config", "pending", "status", "migrate", "rrddata", "agent", "snapshot", "firewall"], "subdir"))
        }
        [] => Ok(index(
            &["config", "pending", "status", "migrate", "interfaces", "rrddata", "snapshot", "firewall"],
            "subdir",
        )),
        ["status"] => Ok(index(&["current", "start", "stop", "shutdown", "reboot"], "subdir")),
        ["status", "current"] => plain(guest.current(state.now)),
        ["config"] => {
            params.only(&["current", "snapshot"])?.without(&["snapshot"])?;
            Ok(guest.shown_config())
        }
        ["pending"] => plain(guest.pending()),
        ["snapshot"] => plain(guest.snapshot_list(state.now)),
        ["rrddata"] => rrd::of_guest(state, guest, params),
        ["feature"] => guest.feature(state, params),
        ["migrate"] => params.only(&["target"])?.without(&["target"]).map(|_| guest.preflight(state, state.now)),
        ["interfaces"] if !qemu => plain(guest.interfaces(state.now)),
        ["cloudinit"] if qemu => plain(guest.cloud_init()),
        ["snapshot", name, "config"] => plain(guest.config_of_snapshot(name)?),
        ["agent", command] if qemu => guest.agent(command, state.now),
        _ => unknown(Method::Get, path),
    }
}
