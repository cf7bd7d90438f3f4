//! Moving a guest to another node: what PVE refuses at once. How the task goes stands below this file, for virtual
//! machines and for containers.

use std::collections::BTreeMap;

use super::Work;
use super::course::Course;
use super::ha::Request;
use super::steps::{Break, Cause};
use crate::twin::answer::{Answered, Params, failed, wrong};
use crate::twin::state::{Guest, Kind, Ms, Power, State};
use crate::twin::written::{hours, stamp};

mod container;
mod machine;
mod volumes;

/// How long a container may take to shut down before it is moved, in seconds.
const TIMEOUT: i64 = 180;

/// A move that was asked for.
#[derive(Clone, Debug)]
pub(in crate::twin) struct Migration {
    target: String,
    /// A virtual machine is moved while it runs.
    online: bool,
    /// A container is shut down first, and started on the other node.
    restart: bool,
    timeout: i64,
    with_disks: bool,
    /// Devices of the node do not matter.
    force: bool,
    storages: StorageMap,
}

impl Migration {
    /// Whether a volume's storage is in use here, and the one that it goes to there, and may hold it.
    fn has_a_place(&self, state: &State, guest: &Guest, volid: &str, content: &str) -> Result<(), String> {
        let Some(storage) = state.storage_of(volid) else { return Ok(()) };
        state.storage_enabled(&storage.storage, &guest.node)?;
        let there = if storage.shared { &storage.storage } else { self.storages.of(&storage.storage) };
        state.storage_enabled(there, &self.target)?;
        match state.storage_holds(there, content) {
            true => Ok(()),
            false => Err(format!("{volid}: content type '{content}' is not available on storage '{there}'")),
        }
    }
}

/// To which storage each disk goes.
#[derive(Clone, Debug, Default)]
struct StorageMap {
    each: BTreeMap<String, String>,
    default: Option<String>,
}

impl StorageMap {
    fn read(key: &str, value: &str) -> Answered<StorageMap> {
        let mut map = StorageMap::default();
        for entry in value.split([',', ';', ' ']).filter(|entry| !entry.is_empty()) {
            match entry.split_once(':') {
                Some((from, to)) if !from.is_empty() && !to.is_empty() => {
                    if map.each.insert(from.to_owned(), to.to_owned()).is_some() {
                        return wrong(
                            key,
                            format!("failed to parse storage map: duplicate mapping for source '{from}'\n"),
                        );
                    }
                }
                Some(_) => return wrong(key, format!("invalid format - failed to parse '{entry}'\n")),
                // Each goes to a storage of the same name.
                None if entry == "1" => {}
                None => map.default = Some(entry.to_owned()),
            }
        }
        Ok(map)
    }

    fn of<'a>(&'a self, storage: &'a str) -> &'a str {
        self.each.get(storage).or(self.default.as_ref()).map_or(storage, String::as_str)
    }

    fn targets(&self) -> impl Iterator<Item = &String> {
        self.each.values().chain(self.default.as_ref())
    }
}

impl Migration {
    /// As high availability moves a guest.
    pub(super) fn for_ha(target: String, online: bool) -> Migration {
        Migration {
            target,
            online,
            restart: false,
            timeout: TIMEOUT,
            with_disks: true,
            force: true,
            storages: StorageMap::default(),
        }
    }

    /// How the task goes with a guest that nothing else is at.
    pub(super) fn course(&self, state: &State, guest: &Guest) -> Course {
        match guest.kind {
            Kind::Qemu => machine::course(self, state, guest),
            Kind::Lxc => container::course(self, state, guest),
        }
    }
}

/// `POST …/qemu/{vmid}/migrate`.
pub(in crate::twin) fn machine(state: &mut State, node: &str, vmid: u32, params: Params<'_>) -> Answered {
    let params = params.only(&[
        "target",
        "online",
        "force",
        "migration_type",
        "migration_network",
        "with-local-disks",
        "targetstorage",
        "bwlimit",
        "with-conntrack-state",
    ])?;
    params.without(&["migration_network", "bwlimit", "with-conntrack-state"])?;
    params.one_of("migration_type", &["secure", "insecure"])?;
    let (target, online, force) = (params.required("target")?, params.flag("online")?, params.flag("force")?);
    let with_disks = params.flag("with-local-disks")?;
    let storages = params.get("targetstorage").map(|map| StorageMap::read("targetstorage", map)).transpose()?;
    let guest = may_go(state, Kind::Qemu, node, vmid, target)?;
    if let Some(lock) = guest.lock() {
        return failed(format!("VM is locked ({lock})"));
    }
    let running = guest.power_at(state.now) != Power::Stopped;
    if running && !online {
        return failed("can't migrate running VM without --online");
    }
    if let Some(why) = no_replica(state, vmid, target).filter(|_| running && !force) {
        return failed(why);
    }
    match &storages {
        Some(map) => {
            for storage in map.targets() {
                state.storage_enabled(storage, target).or_else(failed)?;
                if !state.storage_holds(storage, "images") {
                    return failed(format!("storage '{storage}' does not support vm images"));
                }
            }
        }
        None => {
            for (_, volid, _) in guest.disks() {
                let storage = volid.split(':').next().unwrap_or_default();
                state
                    .storage_enabled(storage, node)
                    .and_then(|()| state.storage_enabled(storage, target))
                    .or_else(failed)?;
            }
        }
    }
    let storages = storages.unwrap_or_default();
    let migration =
        Migration { online: running, with_disks, force, storages, ..Migration::for_ha(target.to_owned(), running) };
    Ok(begin(state, node, vmid, migration))
}

/// `POST …/lxc/{vmid}/migrate`.
pub(in crate::twin) fn container(state: &mut State, node: &str, vmid: u32, params: Params<'_>) -> Answered {
    let params = params.only(&["target", "online", "restart", "timeout", "target-storage", "bwlimit"])?;
    params.without(&["bwlimit"])?;
    let (target, online, restart) = (params.required("target")?, params.flag("online")?, params.flag("restart")?);
    let timeout = params.int("timeout")?.unwrap_or(TIMEOUT);
    let storages = params.get("target-storage").map(|map| StorageMap::read("target-storage", map)).transpose()?;
    let guest = may_go(state, Kind::Lxc, node, vmid, target)?;
    if guest.power_at(state.now) != Power::Stopped && !online && !restart {
        return failed("can't migrate running container without --online or --restart");
    }
    for storage in storages.iter().flat_map(StorageMap::targets) {
        state.storage_enabled(storage, target).or_else(failed)?;
    }
    let storages = storages.unwrap_or_default();
    let migration = Migration { restart, timeout, storages, ..Migration::for_ha(target.to_owned(), online) };
    Ok(begin(state, node, vmid, migration))
}

/// What stands against both kinds.
fn may_go<'a>(state: &'a State, kind: Kind, node: &str, vmid: u32, target: &str) -> Answered<&'a Guest> {
    if target == node {
        return wrong("target", "target is local node.");
    }
    state.needs_quorum()?;
    if state.node(target).is_none() {
        return failed(format!("no such cluster node '{target}'"));
    }
    state.guest(kind, node, vmid).map_or_else(|| failed(kind.missing(node, vmid)), Ok)
}

/// High availability moves its guests itself.
fn begin(state: &mut State, node: &str, vmid: u32, migration: Migration) -> serde_json::Value {
    let by_ha = state.guests.get(&vmid).is_some_and(Guest::is_ha_managed);
    let work = match by_ha {
        true => Work::Ha(Request::Migrate { target: migration.target }),
        false => Work::Migrate(migration),
    };
    state.begin(node, vmid, work).into()
}

/// A replicated guest goes only where its copies are, while it runs.
fn no_replica(state: &State, vmid: u32, target: &str) -> Option<String> {
    let jobs: Vec<&serde_json::Value> = state.replications(vmid).collect();
    let there = jobs.iter().any(|job| job["target"] == *target);
    (!jobs.is_empty() && !there).then(|| {
        format!(
            "Cannot live-migrate replicated VM to node '{target}' - not a replication target. Use 'force' to override."
        )
    })
}

/// The log of a move as it is told: every line with its time.
struct Tale {
    begins: Ms,
    at: Ms,
    course: Course,
}

impl Tale {
    fn new(state: &State) -> Tale {
        Tale { begins: state.now, at: 0, course: Course::default() }
    }

    fn wait(&mut self, time: Ms) {
        self.at += time;
    }

    fn say(&mut self, line: impl AsRef<str>) {
        let line = format!("{} {}", stamp(self.begins + self.at), line.as_ref());
        self.course.lines.push((self.at, line));
    }

    fn complain(&mut self, line: &str) {
        self.say(format!("ERROR: {line}"));
    }

    /// Whether the other node can be reached; the command that asks fails in the log where it cannot.
    fn reaches(&mut self, state: &State, target: &str) -> Result<(), String> {
        if state.is_online(target) {
            return Ok(());
        }
        self.no_route(state, target);
        Err("Can't connect to destination address using public key".to_owned())
    }

    /// Lets a command on the other node fail as it does when that cannot be reached.
    fn no_route(&mut self, state: &State, target: &str) {
        let ip = state.node(target).map_or("", |node| node.ip.as_str());
        self.say(format!("# {}/bin/true", ssh(state, target)));
        self.wait(3_100);
        self.say(format!("ssh: connect to host {ip} port 22: No route to host"));
    }

    /// It ends before the guest has moved.
    fn aborted(mut self, why: &str) -> Course {
        self.complain(&format!("migration aborted (duration {}): {why}", hours(self.at / 1000)));
        self.ends("migration aborted")
    }

    /// It ends after that was tried.
    fn problems(mut self) -> Course {
        self.complain(&format!("migration finished with problems (duration {})", hours(self.at / 1000)));
        self.ends("migration problems")
    }

    fn finished(mut self) -> Course {
        self.say(format!("migration finished successfully (duration {})", hours(self.at / 1000)));
        self.ends("OK")
    }

    fn ends(self, exit: &str) -> Course {
        Course { takes: self.at.max(40), exit: exit.to_owned(), ..self.course }
    }
}

/// The command that nodes reach each other by.
fn ssh(state: &State, target: &str) -> String {
    let ip = state.node(target).map_or("", |node| node.ip.as_str());
    format!(
        "/usr/bin/ssh -e none -o 'BatchMode=yes' -o 'HostKeyAlias={target}' -o \
         'UserKnownHostsFile=/etc/pve/nodes/{target}/ssh_known_hosts' -o 'GlobalKnownHostsFile=none' root@{ip} "
    )
}

/// What a move does that is broken off: before the guest is started on the other node, or later.
fn broken(begins: Ms, starts_there: Option<Ms>, target: String, vmid: u32, restarts: bool) -> Break {
    Box::new(move |state, task, cause| {
        let now = state.now;
        let off = |guest: &Guest| restarts && guest.power_at(now) == Power::Stopped;
        let stays = state.guests.get(&vmid).is_some_and(off);
        if stays {
            state.turn(vmid, Power::Running);
        }
        let mut say = |line: String| state.say(task, format!("{} {line}", stamp(now)));
        let took = hours((now - begins) / 1000);
        if starts_there.is_none_or(|at| now < begins + at) {
            let why = match cause {
                Cause::Told(words) => words,
                Cause::Signal => "interrupted by signal".to_owned(),
                Cause::Lost => format!("command '/usr/bin/ssh root@{target}' failed: exit code 255"),
            };
            say(format!("ERROR: {why}"));
            say("aborting phase 1 - cleanup resources".to_owned());
            if stays {
                say("start final cleanup".to_owned());
                say("start container on source node".to_owned());
            }
            say(format!("ERROR: migration aborted (duration {took}): {why}"));
            return "migration aborted".to_owned();
        }
        let lost = cause == Cause::Lost;
        let why = match cause {
            Cause::Told(words) => words,
            Cause::Signal => "interrupted by signal".to_owned(),
            Cause::Lost => {
                say("migration status error: failed".to_owned());
                "aborting".to_owned()
            }
        };
        say(format!("ERROR: online migrate failure - {why}"));
        say("aborting phase 2 - cleanup resources".to_owned());
        say("migrate_cancel".to_owned());
        if lost {
            say(format!(
                "ERROR: command '/usr/bin/ssh root@{target} qm stop {vmid} --skiplock --migratedfrom' failed: exit code 255"
            ));
        }
        say(format!("ERROR: migration finished with problems (duration {took})"));
        "migration problems".to_owned()
    })
}
