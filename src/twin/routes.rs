//! Which path leads where: the one table of what the simulated cluster answers.
//!
//! Knows paths and who has to answer them; what they answer stands elsewhere.

use serde_json::{Value, json};

use super::answer::{Answered, Good, Params, Refusal, failed, not_simulated, wrong};
use super::state::{Guest, Kind, Ms, Node, State};
use super::work::{backup, bulk, clone, clone_container, configure, create, create_container, destroy, migrate};
use super::work::{move_disk, power, resize, restore, rollback, snapshot, steps, template};
use super::{access, archives, cluster, ha, inside, jobs, nodes, parts, pools, rrd, storages, tasks};
use crate::wire::Method;

/// Parts of the API that a real cluster has and this one has not.
const ELSEWHERE: &[&str] = &[
    "acme",
    "agent",
    "aplinfo",
    "apt",
    "bulk-action",
    "ceph",
    "certificates",
    "config",
    "disks",
    "dump",
    "execute",
    "file-restore",
    "firewall",
    "groups",
    "hardware",
    "import-metadata",
    "jobs",
    "journal",
    "mapping",
    "metrics",
    "monitor",
    "mtunnelwebsocket",
    "notifications",
    "openid",
    "prunebackups",
    "query-oci-repo-tags",
    "query-url-metadata",
    "replication",
    "report",
    "rrd",
    "rules",
    "scan",
    "sdn",
    "services",
    "spiceproxy",
    "storage",
    "termproxy",
    "tfa",
    "ticket",
    "vncproxy",
    "vncwebsocket",
    "vzdump",
];

/// How long PVE waits for a guest agent that does not answer.
const AGENT_WAIT: Ms = 3_000;

/// Answers one call.
pub(super) fn answer(state: &mut State, method: Method, path: &[&str], params: Params<'_>) -> Answered<Good> {
    match path {
        ["nodes", node, rest @ ..] => on_node(state, method, node, rest, path, params),
        _ if method == Method::Get => read(state, path, params),
        _ => write(state, method, path, params),
    }
}

/// Writes that any node takes for the whole cluster.
fn write(state: &mut State, method: Method, path: &[&str], params: Params<'_>) -> Answered<Good> {
    match (method, path) {
        (Method::Post, ["cluster", "ha", "resources"]) => ha::add(state, params),
        (Method::Put, ["cluster", "ha", "resources", sid]) => ha::change(state, sid, params),
        (Method::Delete, ["cluster", "ha", "resources", sid]) => ha::remove(state, sid, params),
        (Method::Post, ["cluster", "ha", "resources", sid, "migrate"]) => ha::send(state, sid, true, params),
        (Method::Post, ["cluster", "ha", "resources", sid, "relocate"]) => ha::send(state, sid, false, params),
        (Method::Post, ["cluster", "bulk-action", "guest", verb @ ("start" | "shutdown" | "suspend" | "migrate")]) => {
            bulk::of_cluster(state, verb, params)
        }
        (Method::Post, ["pools"]) => pools::create(state, params),
        (Method::Put, ["pools"]) => pools::update(state, None, params),
        (Method::Put, ["pools", id]) => pools::update(state, Some(id), params),
        (Method::Delete, ["pools"]) => pools::delete(state, None, params),
        (Method::Delete, ["pools", id]) => pools::delete(state, Some(id), params),
        _ => unknown(method, path),
    }
    .map(Good::from)
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
        ["version"] => plain(nodes::version(state, None))?,
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
        ["cluster", "ha", "status", "manager_status"] => plain(ha::manager_status(state))?,
        ["cluster", "ha", "status", "current"] => plain(ha::status(state))?,
        ["cluster", "ha", "resources"] => ha::resources(state, params)?,
        ["cluster", "ha", "resources", sid] => plain(ha::resource(state, sid)?)?,
        ["cluster", "bulk-action"] => index(&["guest"], "name"),
        ["cluster", "bulk-action", "guest"] => index(&["start", "shutdown", "suspend", "migrate"], "name"),
        ["cluster", "ha", "groups"] => return failed("cannot index groups: ha groups have been migrated to rules"),
        ["nodes"] => plain(nodes::list(state))?,
        ["storage"] => storages::definitions(state, params)?,
        ["storage", id] => plain(storages::definition(state, id)?)?,
        ["pools"] => pools::pools(state, params)?,
        ["pools", id] => pools::pool(state, id, params.only(&["type"])?)?,
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
        ["qemu"] if method == Method::Post && params.get("archive").is_some() => {
            restore::machine(state, &node.name, params).map(Good::from)
        }
        ["lxc"] if method == Method::Post && params.flag("restore")? => {
            restore::container(state, &node.name, params).map(Good::from)
        }
        ["qemu", vmid, rest @ ..] => on_guest(state, method, &node, Kind::Qemu, vmid, rest, path, params),
        ["lxc", vmid, rest @ ..] => on_guest(state, method, &node, Kind::Lxc, vmid, rest, path, params),
        ["qemu"] if method == Method::Post => create::create(state, name, params).map(Good::from),
        ["lxc"] if method == Method::Post => create_container::create(state, name, params).map(Good::from),
        _ if method == Method::Get => read_node(state, &node, rest, path, params),
        _ => write_node(state, method, &node, rest, path, params),
    }
}

fn write_node(
    state: &mut State,
    method: Method,
    node: &Node,
    rest: &[&str],
    path: &[&str],
    params: Params<'_>,
) -> Answered<Good> {
    let name = &node.name;
    match (method, rest) {
        (Method::Post, ["status"]) => state.command(name, params),
        (Method::Post, ["vzdump"]) => backup::backup(state, name, params),
        (Method::Post, [all @ ("startall" | "stopall" | "suspendall" | "migrateall")]) => {
            bulk::of_node(state, name, all, params)
        }
        (Method::Delete, ["tasks", upid]) => steps::stop(state, name, upid, params),
        (Method::Put, ["storage", id, "content", volume @ ..]) if !volume.is_empty() => {
            archives::change(state, node, id, &volume.join("/"), params)
        }
        (Method::Delete, ["storage", id, "content", volume @ ..]) if !volume.is_empty() => {
            archives::delete(state, node, id, &volume.join("/"), params)
        }
        _ => unknown(method, path),
    }
    .map(Good::from)
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
        ["version"] => plain(nodes::version(state, Some(node)))?,
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
        ["vzdump", "defaults"] => archives::defaults(state, params)?,
        ["vzdump", "extractconfig"] => archives::extract_config(state, params)?,
        ["apt", "update"] if node.patched => plain(node.updates().into())?,
        ["apt", "versions"] if node.patched => plain(node.versions(state).into())?,
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
        (Method::Post, ["status", verb]) => power::power(state, kind, &node.name, vmid, verb, path, params),
        _ if state.guest(kind, &node.name, vmid).is_none() => failed(kind.missing(&node.name, vmid)),
        (Method::Put, ["config" | "cloudinit" | "unlink"] | ["snapshot", _, "config"]) if !state.is_quorate() => {
            failed(state.read_only(kind, &node.name, vmid).unwrap_or_default())
        }
        (Method::Put, ["config"]) => configure::put(state, kind, vmid, params),
        (Method::Post, ["config"]) if kind == Kind::Qemu => configure::post(state, &node.name, vmid, params),
        (Method::Put, ["cloudinit"]) if kind == Kind::Qemu => configure::tell_cloud_init(state, vmid, params),
        (Method::Put, ["unlink"]) if kind == Kind::Qemu => configure::unlink(state, vmid, params),
        (Method::Post, ["snapshot"]) => snapshot::take(state, kind, &node.name, vmid, params),
        (Method::Delete, ["snapshot", name]) => snapshot::delete(state, &node.name, vmid, name, params),
        (Method::Put, ["snapshot", name, "config"]) => snapshot::describe(state, vmid, name, params),
        (Method::Post, ["snapshot", name, "rollback"]) => rollback::back(state, &node.name, vmid, name, params),
        (Method::Put, ["resize"]) => resize::resize(state, kind, &node.name, vmid, params),
        (Method::Post, ["move_disk"]) if kind == Kind::Qemu => {
            move_disk::to_storage(state, kind, &node.name, vmid, params)
        }
        (Method::Post, ["move_volume"]) if kind == Kind::Lxc => {
            move_disk::to_storage(state, kind, &node.name, vmid, params)
        }
        (Method::Post, ["template"]) => template::make(state, kind, &node.name, vmid, params),
        (Method::Post, ["clone"]) if kind == Kind::Qemu => clone::clone(state, &node.name, vmid, params),
        (Method::Post, ["clone"]) => clone_container::clone(state, &node.name, vmid, params),
        (Method::Delete, []) => destroy::destroy(state, kind, &node.name, vmid, params),
        (Method::Post, ["migrate"]) if kind == Kind::Qemu => migrate::machine(state, &node.name, vmid, params),
        (Method::Post, ["migrate"]) => migrate::container(state, &node.name, vmid, params),
        (Method::Post, ["agent", "ping"]) if kind == Kind::Qemu => inside::ping(state, vmid),
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
        ["config"] => guest.config_answer(params),
        ["pending"] => plain(guest.pending()),
        ["snapshot"] => plain(guest.snapshot_list(state.now)),
        ["snapshot", _] => plain(json!([{ "cmd": "rollback" }, { "cmd": "config" }])),
        ["rrddata"] => rrd::of_guest(state, guest, params),
        ["feature"] => guest.feature(state, params),
        ["migrate"] => {
            params.only(&["target"])?.without(&["target"])?;
            guest.preflight(state, state.now)
        }
        ["interfaces"] if !qemu => plain(guest.interfaces(state.now)),
        ["cloudinit"] if qemu => plain(guest.cloud_init()),
        ["snapshot", name, "config"] => plain(guest.config_of_snapshot(name)?),
        ["agent", command] if qemu => guest.agent(command, state.now),
        _ => unknown(Method::Get, path),
    }
}
