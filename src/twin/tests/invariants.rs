//! What holds whatever is done, in whatever order: guests, their volumes and the use of storages stay consistent.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;
use crate::twin::drive::{drives, is_unused};
use crate::twin::images::owner;
use crate::twin::state::{Guest, Power, State};

/// Guests of both kinds, on and off, with snapshots, locked, a template, its clone; and numbers that are free at first.
const GUESTS: [u32; 14] = [102, 105, 106, 107, 117, 123, 900, 901, 204, 207, 241, 300, 301, 302];

/// One thing that is done: what, to whom, and how.
pub(super) type Step = (u8, usize, u8);

fn path_of(state: &State, vmid: u32) -> String {
    match state.guests.get(&vmid) {
        Some(guest) => format!("/nodes/{}/{}/{vmid}", guest.node, guest.kind.word()),
        None => format!("/nodes/pve1/qemu/{vmid}"),
    }
}

/// The call that a step makes.
pub(super) fn call(state: &State, (what, who, how): Step) -> Call {
    let vmid = GUESTS[who % GUESTS.len()];
    let guest = path_of(state, vmid);
    let container = guest.contains("/lxc/");
    let pick = |words: &[&'static str]| words[usize::from(how) % words.len()];
    let storage = pick(&["local-zfs", "ceph-vm", "nfs-backup"]);
    let (config, name) = (format!("{guest}/config"), pick(&["one", "two", "three"]));
    let disk = if container {
        pick(&["rootfs", "mp0", "unused0"])
    } else {
        pick(&["scsi0", "scsi1", "ide2", "unused0", "virtio0"])
    };
    let put =
        |pairs: &[(&str, &str)]| pairs.iter().fold(Call::new(Method::Put, &config), |call, (k, v)| call.with(*k, *v));
    let new_disk = format!("{storage}:{}", how % 9);
    let free = (300 + u32::from(how) % 3).to_string();
    match what % 20 {
        0 => Call::new(Method::Post, format!("{guest}/snapshot")).with("snapname", name),
        1 => Call::new(Method::Post, format!("{guest}/snapshot")).with("snapname", name).with("vmstate", "1"),
        2 => Call::new(Method::Delete, format!("{guest}/snapshot/{name}")),
        3 => Call::new(Method::Post, format!("{guest}/snapshot/{name}/rollback")).with("start", pick(&["0", "1"])),
        4 if container => put(&[("mp0", &format!("{new_disk},mp=/srv"))]),
        4 => put(&[(disk, &new_disk)]),
        5 => put(&[("delete", disk)]),
        6 => put(&[("cores", pick(&["1", "2", "3"])), ("description", name), ("tags", name)]),
        7 => put(&[("memory", pick(&["1024", "2048"])), ("revert", "cores")]),
        8 => Call::new(Method::Put, format!("{guest}/resize"))
            .with("disk", disk)
            .with("size", pick(&["+1G", "40G", "1G"])),
        9 if container => Call::new(Method::Post, format!("{guest}/move_volume"))
            .with("volume", disk)
            .with("storage", storage)
            .with("delete", pick(&["0", "1"])),
        9 => Call::new(Method::Post, format!("{guest}/move_disk"))
            .with("disk", disk)
            .with("storage", storage)
            .with("delete", pick(&["0", "1"])),
        10 => Call::new(Method::Post, format!("{guest}/template")),
        11 => Call::new(Method::Post, format!("{guest}/clone")).with("newid", free),
        12 => Call::new(Method::Post, format!("{guest}/clone"))
            .with("newid", free)
            .with("full", "1")
            .with("storage", storage),
        13 => Call::new(Method::Delete, guest).with("purge", pick(&["0", "1"])),
        14 => Call::new(Method::Post, "/nodes/pve1/qemu")
            .with("vmid", free)
            .with("scsi0", new_disk)
            .with("ide2", "local-zfs:cloudinit")
            .with("start", pick(&["0", "1"])),
        15 => Call::new(Method::Post, "/nodes/pve1/lxc")
            .with("vmid", free)
            .with("ostemplate", "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst")
            .with("rootfs", new_disk)
            .with("storage", storage),
        16 => Call::new(Method::Post, format!("{guest}/status/start")),
        17 => Call::new(Method::Post, format!("{guest}/status/stop")),
        18 if container => put(&[("hostname", name)]),
        18 => put(&[("ide0", "local-zfs:cloudinit")]),
        _ => Call::new(Method::Put, "/pools")
            .with("poolid", "test")
            .with("vms", vmid.to_string())
            .with("allow-move", "1"),
    }
}

/// The volumes that a guest's configuration names: now, as it waits, and in its snapshots.
pub(super) fn named(guest: &Guest) -> Vec<String> {
    let configs =
        [&guest.config, &guest.pending].into_iter().chain(guest.snapshots.iter().map(|snapshot| &snapshot.config));
    let of = |config: &Map<String, Value>| {
        let held = drives(guest.kind, config).into_iter().filter_map(|(_, drive)| drive.image().map(str::to_owned));
        let unused = config.iter().filter(|(key, _)| is_unused(key)).filter_map(|(_, value)| value.as_str());
        let memory = config.get("vmstate").and_then(Value::as_str);
        // What waits to be made is no volume yet.
        let is_volume = |volid: &String| owner(volid).is_some();
        held.chain(unused.chain(memory).map(str::to_owned)).filter(is_volume).collect::<Vec<_>>()
    };
    configs.flat_map(of).collect()
}

/// Whether a volume that a guest names is there. What cloud-init was told is no reason for PVE to keep a drive that only a
/// snapshot names: it is written anew when the guest is started from that.
pub(super) fn is_there(state: &State, guest: &Guest, volid: &str) -> bool {
    let now = guest.drives().iter().any(|(_, drive)| drive.volume == volid);
    state.images.contains_key(volid) || (volid.ends_with("-cloudinit") && !now)
}

/// By storage and node: what is used there, and what the volumes of guests take of it.
pub(super) type Usage = BTreeMap<(String, String), (i64, i64)>;

/// What is used of each storage on each node, and what the volumes there take.
pub(super) fn usage(state: &State) -> Usage {
    let mut found = BTreeMap::new();
    for node in state.nodes.iter().filter(|node| node.offline.is_none()) {
        for storage in state.storages.iter().filter(|storage| storage.holds("images")) {
            let (used, _) = storage.space(state, node, state.seconds());
            let written: u64 = state.images_on(storage, &node.name).iter().map(|(_, image)| image.written).sum();
            let both = (i64::try_from(used).unwrap(), i64::try_from(written).unwrap());
            found.insert((storage.storage.clone(), node.name.clone()), both);
        }
    }
    found
}

#[track_caller]
fn check(state: &State, first: &Usage, idle: bool) {
    let mut owners: BTreeMap<String, u32> = BTreeMap::new();
    for guest in state.guests.values() {
        let (vmid, now) = (guest.vmid, state.now);
        assert!(state.node(&guest.node).is_some());
        assert!(!guest.is_set("template") || guest.power_at(now) == Power::Stopped, "template {vmid} runs");
        for volid in named(guest) {
            assert!(is_there(state, guest, &volid), "{vmid} names {volid}, which is not there");
            assert_eq!(owner(&volid), Some(vmid), "{vmid} names {volid}");
            assert!(owners.insert(volid.clone(), vmid).is_none_or(|other| other == vmid), "{volid} is owned twice");
        }
        for key in guest.config.keys().filter(|key| is_unused(key)) {
            let volid = guest.text(key).unwrap();
            let held = guest.drives().iter().any(|(_, drive)| drive.volume == volid);
            assert!(!held, "{vmid} has {volid} as {key} and in use");
        }
        if idle {
            assert!(guest.lock().is_none() || vmid == 117, "{vmid} stays locked ({:?})", guest.lock());
            for volid in state.images.keys().filter(|volid| owner(volid) == Some(vmid)) {
                assert!(owners.contains_key(volid), "nothing names {volid}");
            }
        }
    }
    for volid in state.images.keys() {
        assert!(owner(volid).is_some_and(|vmid| state.guests.contains_key(&vmid)), "{volid} is nobody's");
        let base = volid.split_once('/').map(|(base, _)| base);
        assert!(base.is_none_or(|base| state.images.contains_key(base)), "the base of {volid} is gone");
    }
    for (place, (used, written)) in usage(state) {
        let (used_first, written_first) = first[&place];
        assert_eq!(used - used_first, written - written_first, "{place:?} does not add up");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn guests_and_volumes_stay_consistent_whatever_is_done(
        steps in prop::collection::vec((any::<u8>(), any::<usize>(), any::<u8>(), 0..40_u64), 1..40)
    ) {
        let twin = Twin::demo();
        let first = usage(&twin.state());
        let locked = twin.state().guests[&117].config.clone();
        for (what, who, how, wait) in steps {
            let call = call(&twin.state(), (what, who, how));
            let reply = ask(&twin, call.clone());
            prop_assert!([200, 400, 403, 500, 501].contains(&reply.status), "{call:?}: {}", reply.status);
            let state = twin.state();
            check(&state, &first, false);
            // Nothing here asks to look past a lock.
            prop_assert_eq!(&state.guests[&117].config, &locked);
            drop(state);
            twin.pause(Duration::from_millis(wait * 250));
            check(&twin.state(), &first, false);
        }
        twin.pause(Duration::from_secs(3_600));
        check(&twin.state(), &first, true);
    }
}
