//! Whatever is done to the simulated cluster and whatever goes wrong on it, some things always hold.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::invariants::{Step, Usage, call, is_there, named, usage};
use super::*;
use crate::twin::images::owner;
use crate::twin::state::{Guest, Kind, Ms, Power, State};

/// Something that is done, or that happens.
#[derive(Clone, Debug)]
enum Event {
    Call(Method, String, Vec<(&'static str, String)>),
    /// A change of a guest or its disks.
    Change(Step),
    Fault(Fault),
    /// The task that was begun last, or one before it, is stopped.
    Stop(usize),
    Wait(u64),
}

const GUESTS: [(u32, &str); 12] = [
    (100, "qemu"),
    (101, "qemu"),
    (102, "qemu"),
    (103, "qemu"),
    (106, "qemu"),
    (112, "qemu"),
    (120, "qemu"),
    (122, "qemu"),
    (126, "qemu"),
    (200, "lxc"),
    (205, "lxc"),
    (900, "qemu"),
];

fn node() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["pve1", "pve2", "pve3", "pve4"]).prop_map(str::to_owned)
}

fn event() -> impl Strategy<Value = Event> {
    let guest = prop::sample::select(GUESTS.to_vec());
    let flag = || any::<bool>().prop_map(|on| u8::from(on).to_string());
    let of_guest = |method, rest: &'static str| {
        move |(vmid, kind): (u32, &str)| Event::Call(method, format!("@{vmid}/{kind}/{rest}"), Vec::new())
    };
    prop_oneof![
        4 => (guest.clone(), prop::sample::select(vec!["status/start", "status/stop", "status/shutdown", "status/reboot"]))
            .prop_map(move |(guest, rest)| of_guest(Method::Post, rest)(guest)),
        4 => (guest.clone(), node(), flag()).prop_map(|((vmid, kind), node, on)| {
            let params = match kind {
                "qemu" => vec![("target", node), ("online", "1".to_owned()), ("with-local-disks", on)],
                _ => vec![("target", node), ("restart", on)],
            };
            Event::Call(Method::Post, format!("@{vmid}/{kind}/migrate"), params)
        }),
        2 => (guest.clone(), prop::sample::select(vec!["snapshot", "suspend", "stop"])).prop_map(|((vmid, _), mode)| {
            let params = vec![("vmid", vmid.to_string()), ("storage", "nfs-backup".to_owned()), ("mode", mode.to_owned())];
            Event::Call(Method::Post, format!("@{vmid}/vzdump"), params)
        }),
        1 => guest.clone().prop_map(|(vmid, kind)| {
            Event::Call(Method::Post, format!("@{vmid}/{kind}/snapshot"), vec![("snapname", "again".to_owned())])
        }),
        1 => guest.clone().prop_map(|(vmid, _)| Event::Call(Method::Post, "/restore".to_owned(), vec![("vmid", vmid.to_string())])),
        2 => (guest.clone(), prop::sample::select(vec!["started", "stopped", "disabled", "ignored"])).prop_map(|((vmid, _), state)| {
            Event::Call(Method::Put, format!("/cluster/ha/resources/{vmid}"), vec![("state", state.to_owned())])
        }),
        1 => guest.clone().prop_map(|(vmid, _)| {
            Event::Call(Method::Post, "/cluster/ha/resources".to_owned(), vec![("sid", vmid.to_string())])
        }),
        1 => guest.clone().prop_map(|(vmid, _)| Event::Call(Method::Delete, format!("/cluster/ha/resources/{vmid}"), Vec::new())),
        1 => (guest, node(), prop::sample::select(vec!["migrate", "relocate"])).prop_map(|((vmid, _), node, verb)| {
            Event::Call(Method::Post, format!("/cluster/ha/resources/{vmid}/{verb}"), vec![("node", node)])
        }),
        1 => (node(), prop::sample::select(vec!["startall", "stopall"])).prop_map(|(node, verb)| Event::Call(Method::Post, format!("/nodes/{node}/{verb}"), Vec::new())),
        1 => (node(), prop::sample::select(vec!["reboot", "shutdown"])).prop_map(|(node, word)| {
            Event::Call(Method::Post, format!("/nodes/{node}/status"), vec![("command", word.to_owned())])
        }),
        1 => node().prop_map(|node| Event::Fault(Fault::NodeDown(node.into()))),
        2 => node().prop_map(|node| Event::Fault(Fault::NodeUp(node.into()))),
        1 => (node(), any::<bool>()).prop_map(|(node, on)| Event::Fault(Fault::Maintenance(node.into(), on))),
        1 => any::<bool>().prop_map(|lost| Event::Fault(if lost { Fault::QuorumLost } else { Fault::QuorumBack })),
        4 => any::<Step>().prop_map(Event::Change),
        1 => prop::sample::select(vec!["qmstart", "qmigrate", "vzdump", "qmrestore", "qmclone", "vzmigrate", "qmsnapshot", "qmmove"])
            .prop_map(|kind| Event::Fault(Fault::TaskFails(kind.into(), "as was asked for".into()))),
        2 => (0_usize..4).prop_map(Event::Stop),
        6 => (1_u64..40).prop_map(Event::Wait),
        1 => (60_u64..400).prop_map(Event::Wait),
    ]
}

/// What is looked at between two moments.
struct Look {
    guests: BTreeMap<u32, Seen>,
}

#[derive(Clone, Debug, PartialEq)]
struct Seen {
    kind: Kind,
    node: String,
    power: Power,
    lock: Option<String>,
    config: String,
    changes: Vec<(Ms, Power)>,
}

/// What it is set to, without what tasks note there themselves.
fn settings(guest: &Guest) -> String {
    let mut config = guest.config.clone();
    ["lock", "parent"].iter().for_each(|key| drop(config.remove(*key)));
    Value::from(config).to_string()
}

fn look(state: &State) -> Look {
    let seen = |guest: &Guest| Seen {
        kind: guest.kind,
        node: guest.node.clone(),
        power: guest.power_at(state.now),
        lock: guest.lock().map(str::to_owned),
        config: settings(guest),
        changes: guest.changes.clone(),
    };
    Look { guests: state.guests.iter().map(|(vmid, guest)| (*vmid, seen(guest))).collect() }
}

/// What holds at any time.
fn check(state: &State, before: &Look) {
    for guest in state.guests.values() {
        let vmid = guest.vmid;
        let power = guest.power_at(state.now);
        assert!(state.node(&guest.node).is_some(), "{vmid} is on no node");
        assert!(!(guest.is_set("template") && power != Power::Stopped), "template {vmid} runs");
        assert!(
            state.is_online(&guest.node) || guest.node == "pve4" || power == Power::Stopped,
            "{vmid} runs on a node that is off"
        );
        assert!(guest.changes.is_sorted_by_key(|(at, _)| *at), "{vmid} changes before it has changed");
        if let Some(service) = guest.ha_phase() {
            assert!(!service.is_empty());
        }
    }
    for (vmid, old) in &before.guests {
        let Some(guest) = state.guests.get(vmid) else { continue };
        let off = !state.is_online(&guest.node) && guest.node == old.node;
        // The first moment in which its node is off is when it stops.
        if off && guest.changes.len() > old.changes.len() {
            assert_eq!(guest.changes.last().unwrap().1, Power::Stopped, "{vmid} acts on a node that is off");
        }
        let locked = old.lock.is_some() && guest.lock() == old.lock.as_deref() && guest.node == old.node;
        let own = ["create", "migrate", "clone", "disk", "rollback", "snapshot-delete"];
        if locked && !own.iter().any(|own| old.lock.as_deref() == Some(*own)) {
            assert_eq!(settings(guest), old.config, "{vmid} changes although it is locked");
        }
    }
    for task in &state.tasks {
        let ended = task.ended(state.now).is_some();
        assert!(ended || !task.lines.iter().any(|(at, _)| *at < task.start), "a task spoke before it began");
    }
}

/// Volumes are where their guests are, and storages know of them.
fn check_volumes(state: &State, first: &(String, Usage)) {
    for guest in state.guests.values() {
        for volid in named(guest) {
            assert!(is_there(state, guest, &volid), "{} names {volid}, which is not there", guest.vmid);
        }
    }
    for volid in state.images.keys() {
        assert!(owner(volid).is_some_and(|vmid| state.guests.contains_key(&vmid)), "{volid} is nobody's");
    }
    // What is replicated leaves a copy behind.
    let replicated = state.guests.get(&100).is_none_or(|guest| guest.node != first.0);
    for (place, (used, written)) in usage(state) {
        let Some((used_first, written_first)) = first.1.get(&place).filter(|_| !replicated || place.0 != "local-zfs")
        else {
            continue;
        };
        assert_eq!(used - used_first, written - written_first, "{place:?} does not add up");
    }
}

/// Carries an event out; refusals are fine, broken promises are not.
fn carry_out(twin: &Twin, event: &Event) {
    match event {
        Event::Call(method, path, params) => {
            let path = match path.strip_prefix('@') {
                Some(rest) => {
                    let (vmid, rest) = rest.split_once('/').unwrap();
                    let node = twin.state().guests.get(&vmid.parse().unwrap()).map(|guest| guest.node.clone());
                    let Some(node) = node else { return };
                    match rest.split_once('/') {
                        Some((kind, verb)) => format!("/nodes/{node}/{kind}/{vmid}/{verb}"),
                        None => format!("/nodes/{node}/{rest}"),
                    }
                }
                None => path.clone(),
            };
            let mut call = Call::new(*method, path.clone());
            if path == "/restore" {
                let vmid: u32 = params[0].1.parse().unwrap();
                let state = twin.state();
                let Some(guest) = state.guests.get(&vmid) else { return };
                let volid = state
                    .backups_in("nfs-backup", &guest.node, vmid)
                    .first()
                    .and_then(|row| row["volid"].as_str().map(str::to_owned));
                let Some(volid) = volid else { return };
                let (node, kind) = (guest.node.clone(), guest.kind);
                drop(state);
                call = match kind {
                    Kind::Qemu => Call::new(Method::Post, format!("/nodes/{node}/qemu")).with("archive", volid),
                    Kind::Lxc => Call::new(Method::Post, format!("/nodes/{node}/lxc"))
                        .with("ostemplate", volid)
                        .with("restore", "1")
                        .with("storage", "local-zfs"),
                };
                call = call.with("force", "1");
            }
            let call = params.iter().fold(call, |call, (key, value)| call.with(*key, value));
            if let Ok(reply) = twin.submit(call).wait() {
                assert!([200, 400, 500, 501, 595].contains(&reply.status), "{} {}", reply.status, reply.reason);
            }
        }
        Event::Change(step) => {
            let call = call(&twin.state(), *step);
            if let Ok(reply) = twin.submit(call).wait() {
                assert!([200, 400, 403, 500, 501, 595].contains(&reply.status), "{} {}", reply.status, reply.reason);
            }
        }
        Event::Fault(fault) => drop(twin.practice(fault)),
        Event::Stop(back) => {
            let running: Vec<(String, String)> = {
                let state = twin.state();
                let running = state.tasks.iter().filter(|task| task.ended(state.now).is_none());
                running.map(|task| (task.node.clone(), task.upid())).collect()
            };
            if let Some((node, upid)) = running.iter().rev().nth(*back) {
                drop(twin.submit(Call::new(Method::Delete, format!("/nodes/{node}/tasks/{upid}"))).wait());
            }
        }
        Event::Wait(seconds) => twin.pause(Duration::from_secs(*seconds)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_guests_are_in_one_place_and_do_only_what_they_may(events in prop::collection::vec(event(), 1..40)) {
        let twin = Twin::demo();
        let first = {
            let state = twin.state();
            (state.guests[&100].node.clone(), usage(&state))
        };
        for event in &events {
            let before = look(&twin.state());
            carry_out(&twin, event);
            check(&twin.state(), &before);
            check_volumes(&twin.state(), &first);
        }
        // After all of it the cluster can be brought back, and everything that goes on ends.
        drop(twin.practice(&Fault::QuorumBack));
        twin.pause(Duration::from_secs(900));
        for node in ["pve1", "pve2", "pve3", "pve4"] {
            drop(twin.practice(&Fault::NodeUp(node.into())));
        }
        twin.pause(Duration::from_secs(3 * 3_600));
        let state = twin.state();
        for task in &state.tasks {
            prop_assert!(task.ended(state.now).is_some(), "{} does not end", task.upid());
        }
        for guest in state.guests.values() {
            prop_assert!(guest.lock() != Some("migrate") || state.tasks.iter().any(|task| task.ended(state.now).is_some_and(|(_, exit)| exit == "unexpected status")), "{} keeps its lock", guest.vmid);
        }
    }
}
