//! What is read for a recording: first what the cluster tells of itself, then what those answers name. One table of paths a
//! thing; a test holds that every view and every question finds in them what it reads.

use std::collections::BTreeSet;

use serde_json::Value;

use super::charts::{Charts, OF_GUESTS, OF_NODES, OF_STORAGES};
use super::reader::{Reader, word};
use crate::error::Error;
use crate::model::access::right;
use crate::model::record::segment;
use crate::model::task::{Upid, path};
use crate::recording::{holds_all, is_without_agent};
use crate::text::Text;
use crate::wire::Call;

/// More guests than this are read without what the pages of single guests show beside the usual.
const MANY: usize = 2_000;
/// As many of the tasks of a node are read, the newest.
const TASKS: usize = 3_000;
/// As many lines of a log.
const LINES: usize = 5_000;
/// As many lines of the cluster's log.
const CLUSTER_LINES: usize = 500;

const OF_THE_CLUSTER: [&str; 58] = [
    "/version",
    "/cluster/status",
    "/cluster/resources",
    "/cluster/tasks",
    "/cluster/options",
    "/cluster/nextid",
    "/cluster/config/nodes",
    "/cluster/config/qdevice",
    "/cluster/backup",
    "/cluster/backup-info/not-backed-up",
    "/cluster/replication",
    "/cluster/jobs/realm-sync",
    "/cluster/bulk-action/guest",
    "/cluster/ha/status/current",
    "/cluster/ha/status/manager_status",
    "/cluster/ha/resources",
    "/cluster/ha/rules",
    "/cluster/ha/groups",
    "/cluster/mapping/dir",
    "/cluster/mapping/pci",
    "/cluster/mapping/usb",
    "/cluster/metrics/server",
    "/cluster/notifications/targets",
    "/cluster/notifications/matchers",
    "/cluster/notifications/endpoints/gotify",
    "/cluster/notifications/endpoints/sendmail",
    "/cluster/notifications/endpoints/smtp",
    "/cluster/notifications/endpoints/webhook",
    "/cluster/firewall/options",
    "/cluster/firewall/rules",
    "/cluster/firewall/groups",
    "/cluster/firewall/ipset",
    "/cluster/firewall/aliases",
    "/cluster/firewall/macros",
    "/cluster/firewall/refs",
    "/cluster/ceph/status",
    "/cluster/ceph/flags",
    "/cluster/sdn/zones",
    "/cluster/sdn/zones?pending=1",
    "/cluster/sdn/vnets",
    "/cluster/sdn/vnets?pending=1",
    "/cluster/sdn/controllers",
    "/cluster/sdn/controllers?pending=1",
    "/cluster/sdn/fabrics/fabric",
    "/cluster/sdn/fabrics/fabric?pending=1",
    "/cluster/sdn/ipams",
    "/cluster/sdn/dns",
    "/nodes",
    "/storage",
    "/pools",
    "/access/users",
    "/access/groups",
    "/access/roles",
    "/access/acl",
    "/access/domains",
    "/access/tfa",
    "/access/permissions",
    "/access/users?full=1",
];

const OF_A_NODE: [&str; 32] = [
    "version",
    "config",
    "time",
    "dns",
    "hosts",
    "qemu",
    "lxc",
    "storage",
    "network",
    "netstat",
    "services",
    "subscription",
    "replication",
    "certificates/info",
    "apt/versions",
    "apt/update",
    "apt/repositories",
    "disks/list",
    "disks/lvm",
    "disks/lvmthin",
    "disks/zfs",
    "disks/directory",
    "hardware/pci",
    "hardware/usb",
    "capabilities/qemu/cpu",
    "capabilities/qemu/cpu-flags",
    "capabilities/qemu/machines",
    "firewall/options",
    "firewall/rules",
    "sdn/zones",
    "ceph/status",
    "tasks?source=active",
];

const OF_CEPH: [&str; 6] = ["ceph/osd", "ceph/mon", "ceph/mgr", "ceph/mds", "ceph/fs", "ceph/pool"];

const OF_A_GUEST: [&str; 4] = ["config", "pending", "snapshot", "status/current"];

const OF_ONE_OF_FEW_GUESTS: [&str; 7] = [
    "migrate",
    "feature?feature=snapshot",
    "firewall/options",
    "firewall/rules",
    "firewall/ipset",
    "firewall/aliases",
    "firewall/refs",
];

/// What an agent is asked first: one that does not answer it is asked nothing else.
const FIRST_OF_AN_AGENT: &str = "agent/network-get-interfaces";

const OF_AN_AGENT: [&str; 5] =
    ["agent/get-osinfo", "agent/get-host-name", "agent/get-fsinfo", "agent/get-users", "agent/get-timezone"];

/// Reads all of it; what was not asked for, and why.
///
/// # Errors
/// When the cluster does not answer at all.
pub(super) fn all(reader: &mut Reader<'_>) -> Result<Vec<(&'static str, String)>, Error> {
    let resources = Call::get("/cluster/resources");
    reader.read("the cluster", OF_THE_CLUSTER.map(call));
    reader.read("the cluster", [Call::documentation(), call(&format!("/cluster/log?max={CLUSTER_LINES}"))]);
    if let Some(error) = reader.failure(&resources) {
        return Err(error);
    }
    let rows = reader.rows(&resources);
    let of = |kinds: &[&str]| -> Vec<Value> {
        rows.iter().filter(|row| kinds.iter().any(|kind| row["type"] == *kind)).cloned().collect()
    };
    let (nodes, storages) = (of(&["node"]), of(&["storage"]));
    let guests: Vec<Guest> = of(&["qemu", "lxc"]).iter().filter_map(Guest::of).collect();
    named_by_the_cluster(reader);
    let mut left_out = each_node(reader, &nodes);
    left_out.extend(each_storage(reader, &nodes, &storages));
    left_out.extend(each_guest(reader, &guests));
    recent_tasks(reader);
    left_out.extend(never());
    Ok(left_out)
}

/// What no recording has.
fn never() -> [(&'static str, String); 4] {
    let is = |what, why: &str| (what, why.to_owned());
    [
        is("Logs of nodes, firewalls and Ceph", "programs write whatever they like into them"),
        is("What cloud-init gives a guest as a whole (the dump)", "it holds passwords in plain text"),
        is("What lies in a backup (its configuration)", "each takes a while of its storage"),
        is("The state of disks (SMART)", "it wakes disks that sleep"),
    ]
}

fn call(path: &str) -> Call {
    let (path, params) = path.split_once('?').unwrap_or((path, ""));
    let params = params.split('&').filter_map(|param| param.split_once('='));
    params.fold(Call::get(path), |call, (name, value)| call.with(name, value))
}

/// For each row of the answer to a call the paths that its field names.
fn each(reader: &Reader<'_>, of: &str, field: &str, paths: &[&str]) -> Vec<Call> {
    let names: Vec<String> = reader.rows(&call(of)).iter().filter_map(|row| word(row, field)).collect();
    let paths_of = |name: &String| {
        let name = segment(&Text::from(name)).to_string();
        paths.iter().map(move |path| call(&path.replace("{}", &name))).collect::<Vec<_>>()
    };
    names.iter().flat_map(paths_of).collect()
}

fn named_by_the_cluster(reader: &mut Reader<'_>) {
    let tables: [(&str, &str, &[&str]); 10] = [
        ("/cluster/backup", "id", &["/cluster/backup/{}", "/cluster/backup/{}/included_volumes"]),
        ("/cluster/ha/resources", "sid", &["/cluster/ha/resources/{}"]),
        ("/cluster/metrics/server", "id", &["/cluster/metrics/server/{}"]),
        ("/cluster/firewall/groups", "group", &["/cluster/firewall/groups/{}"]),
        ("/cluster/firewall/ipset", "name", &["/cluster/firewall/ipset/{}"]),
        ("/cluster/sdn/fabrics/fabric", "id", &["/cluster/sdn/fabrics/node/{}"]),
        ("/access/users", "userid", &["/access/users/{}/token", "/access/tfa/{}"]),
        ("/access/domains", "realm", &["/access/domains/{}"]),
        ("/storage", "storage", &["/storage/{}"]),
        (
            "/cluster/sdn/vnets",
            "vnet",
            &[
                "/cluster/sdn/vnets/{}/subnets",
                "/cluster/sdn/vnets/{}/subnets?pending=1",
                "/cluster/sdn/vnets/{}/firewall/options",
                "/cluster/sdn/vnets/{}/firewall/rules",
            ],
        ),
    ];
    let named = tables.iter().flat_map(|(of, field, paths)| each(reader, of, field, paths)).collect::<Vec<_>>();
    let names = |of: &str, field: &str| -> Vec<String> {
        reader.rows(&call(of)).iter().filter_map(|row| word(row, field)).collect()
    };
    let users = names("/access/users", "userid");
    let users = users.iter().map(|user| Call::get("/access/permissions").with("userid", user));
    let pools = names("/pools", "poolid");
    let members = pools.iter().map(|pool| Call::get("/pools").with("poolid", pool));
    let rights = pools.iter().map(|pool| right::call(&format!("/pool/{pool}")));
    let calls: Vec<Call> = named.into_iter().chain(users).chain(members).chain(rights).collect();
    reader.read("the cluster", calls);
}

/// The calls below a path that a thing has.
fn below<'a>(path: &'a str, of: &'a [&str]) -> impl Iterator<Item = Call> + 'a {
    of.iter().map(move |below| call(&format!("{path}/{below}")))
}

fn each_node(reader: &mut Reader<'_>, nodes: &[Value]) -> Vec<(&'static str, String)> {
    let names: Vec<String> = nodes.iter().filter_map(|node| word(node, "node")).collect();
    let path = |name: &String| format!("/nodes/{name}");
    // Where a node is away, that is told by its state, and nothing else is asked.
    reader.read("nodes", names.iter().map(|name| call(&format!("{}/status", path(name)))));
    let rights = names.iter().map(|name| right::call(&path(name)));
    reader.read("nodes", rights);
    let own = |name: &String| below(&path(name), &OF_A_NODE).chain([all_tasks(name)]).collect::<Vec<_>>();
    reader.read("nodes", names.iter().flat_map(own));
    let mut named = Vec::new();
    for name in &names {
        let at = path(name);
        let tables: [(&str, &str, &[&str]); 4] = [
            ("network", "iface", &["network/{}"]),
            ("disks/zfs", "name", &["disks/zfs/{}"]),
            ("sdn/zones", "zone", &["sdn/zones/{}/content"]),
            ("replication", "id", &["replication/{}/status"]),
        ];
        for (of, field, paths) in tables {
            let paths: Vec<String> = paths.iter().map(|path| format!("{at}/{path}")).collect();
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            named.extend(each(reader, &format!("{at}/{of}"), field, &paths));
        }
        if !reader.rows(&call(&format!("{at}/ceph/status"))).is_empty() {
            named.extend(below(&at, &OF_CEPH));
        }
    }
    reader.read("nodes", named);
    charts(reader, "charts of nodes", "Charts of nodes", &OF_NODES, names.len(), names.iter().map(path).collect())
}

fn each_storage(reader: &mut Reader<'_>, nodes: &[Value], listed: &[Value]) -> Vec<(&'static str, String)> {
    let defined = reader.rows(&call("/storage")).into_iter().filter_map(|row| word(&row, "storage"));
    let rights: Vec<Call> = defined.map(|storage| right::call(&format!("/storage/{storage}"))).collect();
    let place = |row: &Value| Some((word(row, "node")?, word(row, "storage")?));
    let mut places: BTreeSet<(String, String)> = listed.iter().filter_map(place).collect();
    // Those that are switched off stand in no list but that of their node.
    let on = |node: String| -> Vec<(String, String)> {
        let rows = reader.rows(&call(&format!("/nodes/{node}/storage")));
        rows.iter().filter_map(|row| Some((node.clone(), word(row, "storage")?))).collect()
    };
    places.extend(nodes.iter().filter_map(|node| word(node, "node")).flat_map(on));
    let path = |(node, storage): &(String, String)| format!("/nodes/{node}/storage/{storage}");
    let state = places.iter().flat_map(|place| below(&path(place), &["status", "content"]).collect::<Vec<_>>());
    let calls: Vec<Call> = rights.into_iter().chain(state).collect();
    reader.read("storages", calls);
    let paths = places.iter().map(path).collect();
    charts(reader, "charts of storages", "Charts of storages", &OF_STORAGES, places.len(), paths)
}

/// As much of a guest as is needed to read of it.
struct Guest {
    kind: String,
    vmid: String,
    node: String,
    runs: bool,
}

impl Guest {
    fn of(row: &Value) -> Option<Guest> {
        let (kind, vmid, node) = (word(row, "type")?, word(row, "vmid")?, word(row, "node")?);
        Some(Guest { kind, vmid, node, runs: row["status"] == "running" })
    }

    fn path(&self) -> String {
        format!("/nodes/{}/{}/{}", self.node, self.kind, self.vmid)
    }
}

fn each_guest(reader: &mut Reader<'_>, guests: &[Guest]) -> Vec<(&'static str, String)> {
    let mut left_out = Vec::new();
    let rights = guests.iter().map(|guest| right::call(&format!("/vms/{}", guest.vmid)));
    let usual = guests.iter().flat_map(|guest| below(&guest.path(), &OF_A_GUEST).collect::<Vec<_>>());
    let calls: Vec<Call> = rights.chain(usual).collect();
    reader.read("guests", calls);
    if guests.len() <= MANY {
        one_by_one(reader, guests);
    } else {
        let why = format!("there are more than {MANY} guests");
        left_out.push(("Firewalls, agents, snapshots' settings and migration checks of guests", why));
    }
    let running = guests.iter().filter(|guest| guest.runs).count();
    let paths = guests.iter().map(Guest::path).collect();
    left_out.extend(charts(reader, "charts of guests", "Charts of guests", &OF_GUESTS, running, paths));
    left_out
}

/// What the pages of single guests show beside the usual.
fn one_by_one(reader: &mut Reader<'_>, guests: &[Guest]) {
    let mut calls = Vec::new();
    for guest in guests.iter().filter(|guest| reader.reaches(&guest.node)) {
        let path = guest.path();
        calls.extend(below(&path, &OF_ONE_OF_FEW_GUESTS));
        calls
            .push(Call::get(format!("/nodes/{}/tasks", guest.node)).with("source", "active").with("vmid", &guest.vmid));
        if !knows_all_tasks(reader, &guest.node) {
            let tasks = Call::get(format!("/nodes/{}/tasks", guest.node));
            calls.push(tasks.with("source", "all").with("vmid", &guest.vmid));
        }
        calls.extend(each(reader, &format!("{path}/snapshot"), "name", &[&format!("{path}/snapshot/{{}}/config")]));
        if guest.kind == "qemu" {
            calls.push(call(&format!("{path}/cloudinit")));
            if guest.runs {
                calls.push(call(&format!("{path}/{FIRST_OF_AN_AGENT}")));
            }
        } else if guest.runs {
            calls.push(call(&format!("{path}/interfaces")));
        }
    }
    reader.read("single guests", calls);
    let sets = guests.iter().flat_map(|guest| {
        let sets = format!("{}/firewall/ipset", guest.path());
        each(reader, &sets, "name", &[&format!("{sets}/{{}}")])
    });
    let sets: Vec<Call> = sets.collect();
    let agents = guests.iter().filter(|guest| {
        let first = call(&format!("{}/{FIRST_OF_AN_AGENT}", guest.path()));
        reader.reply(&first).is_some_and(|reply| !is_without_agent(&first.path, reply))
    });
    let agents: Vec<Call> = agents.flat_map(|guest| below(&guest.path(), &OF_AN_AGENT).collect::<Vec<_>>()).collect();
    reader.read("single guests", sets);
    reader.read("guest agents", agents);
}

/// All tasks that a node remembers, or its newest.
fn all_tasks(node: &str) -> Call {
    Call::get(format!("/nodes/{node}/tasks")).with("source", "all").with("limit", TASKS.to_string())
}

/// Whether those that were read are all.
fn knows_all_tasks(reader: &Reader<'_>, node: &str) -> bool {
    reader.reply(&all_tasks(node)).is_some_and(|reply| holds_all(reply, TASKS))
}

fn charts(
    reader: &mut Reader<'_>,
    what: &str,
    called: &'static str,
    charts: &Charts,
    things: usize,
    paths: Vec<String>,
) -> Vec<(&'static str, String)> {
    for span in charts.spans(things) {
        reader.read(what, paths.iter().map(|path| call(&format!("{path}/rrddata?timeframe={span}"))));
    }
    let none = charts.left_out(things);
    let why = || (called, format!("of the last {}: too long for {things} of them", none.join(", ")));
    if none.is_empty() { Vec::new() } else { vec![why()] }
}

/// State and log of the tasks that the cluster lists.
fn recent_tasks(reader: &mut Reader<'_>) {
    let tasks = reader.rows(&Call::get("/cluster/tasks"));
    let upids: Vec<Upid> = tasks.iter().filter_map(|task| word(task, "upid")?.parse().ok()).collect();
    let log = |upid| Call::get(path(upid, "log")).with("start", "0").with("limit", LINES.to_string());
    reader.read("tasks", upids.iter().flat_map(|upid| [Call::get(path(upid, "status")), log(upid)]));
}
