//! What is known of the inside of guests: agents, addresses, cloud-init; and where guests may go.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::answer::{Answered, failed, not_simulated};
use super::drive::{drives_and_unused, is_unused};
use super::rrd::{merge, mix};
use super::state::{Guest, Kind, Ms, Power, Quirk, State};
use super::work::is_told;

impl Guest {
    /// What its agent says of its disks: one file system on each.
    fn file_systems(&self) -> Value {
        let disks = self.disks().filter(|(key, ..)| key.starts_with("scsi")).enumerate();
        let row = |(n, (_, _, size)): (usize, (&str, &str, u64))| {
            let total = size - (size >> 4);
            let part = 20 + mix(u64::from(self.vmid) * 4 + n as u64) % 70;
            let device = format!("sd{}1", if n == 0 { "a" } else { "b" });
            json!({
                "name": device, "mountpoint": if n == 0 { "/" } else { "/srv" }, "type": "ext4", "total-bytes": total,
                "total-bytes-privileged": size - (size >> 6), "used-bytes": total / 100 * part,
                "disk": [{ "bus": 0, "bus-type": "scsi", "target": n, "unit": 0, "dev": format!("/dev/{device}") }],
            })
        };
        disks.map(row).collect()
    }

    /// The network interfaces of a container as its node sees them; of one that is off there is nothing.
    pub(super) fn interfaces(&self, now: Ms) -> Value {
        if self.power_at(now) == Power::Stopped {
            return Value::Null;
        }
        let net = self.text("net0").unwrap_or_default();
        let mac = net.split(',').find_map(|part| part.strip_prefix("hwaddr=")).unwrap_or_default().to_lowercase();
        let row = |name: &str, mac: &str, ip: String, prefix: u64| {
            json!({
                "name": name, "hwaddr": mac, "hardware-address": mac, "inet": format!("{ip}/{prefix}"),
                "ip-addresses": [{ "ip-address": ip, "ip-address-type": "inet", "prefix": prefix }],
            })
        };
        json!([
            row("lo", "00:00:00:00:00:00", "127.0.0.1".into(), 8),
            row("eth0", &mac, format!("10.20.0.{}", self.vmid % 250), 24),
        ])
    }

    /// What cloud-init is told, and what its drive says as long as that is not written anew.
    pub(super) fn cloud_init(&self) -> Value {
        let now = self.config.iter().filter(|(key, _)| is_told(key));
        let mut rows: Vec<Value> = now
            .map(|(key, value)| match self.told.as_ref().map(|told| told.get(key)) {
                Some(None) => json!({ "key": key, "pending": value }),
                Some(Some(old)) if old != value => json!({ "key": key, "value": old, "pending": value }),
                _ => json!({ "key": key, "value": value }),
            })
            .collect();
        let gone = self.told.iter().flatten().filter(|(key, _)| !self.config.contains_key(*key));
        rows.extend(gone.map(|(key, _)| json!({ "key": key, "delete": 1 })));
        rows.into()
    }

    /// Devices of the node that stand against moving it, and those that are mapped, each with the name of its mapping.
    pub(super) fn local_resources(&self, running: bool) -> (Vec<String>, Vec<(String, String)>) {
        let (mut blocking, mut mapped) = (Vec::new(), Vec::new());
        for (key, value) in &self.config {
            let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
            let value = value.as_str().unwrap_or_default();
            let of_node = match stem {
                "ivshmem" => true,
                "usb" => !value.to_lowercase().starts_with("spice") && !value.to_lowercase().starts_with("host=spice"),
                "serial" => value != "socket",
                "hostpci" | "parallel" | "virtiofs" => true,
                _ => false,
            };
            if !of_node || (stem.len() == key.len() && stem != "ivshmem") {
                continue;
            }
            let name = value.split(',').find_map(|option| option.strip_prefix("mapping="));
            match name {
                Some(name) => {
                    mapped.push((key.clone(), name.to_owned()));
                    if stem != "hostpci" || running {
                        blocking.push(key.clone());
                    }
                }
                None => blocking.push(key.clone()),
            }
        }
        (blocking, mapped)
    }

    /// What the server says before the guest moves. A VM's list holds nodes that are offline as well.
    pub(super) fn preflight(&self, state: &State, now: Ms) -> Answered {
        state.needs_quorum()?;
        if let Some(lock) = self.lock().filter(|_| self.kind == Kind::Qemu) {
            return failed(format!("VM is locked ({lock})"));
        }
        let power = self.power_at(now) != Power::Stopped;
        let running = u8::from(power);
        let (blocking, mapped) = self.local_resources(power);
        let (mut allowed, mut against) = (Vec::new(), Map::new());
        for node in state.nodes.iter().filter(|node| node.name != self.node) {
            let stands = self.stands_against(state, &mapped, &node.name);
            if stands.is_empty() {
                allowed.push(node.name.as_str());
            } else {
                against.insert(node.name.clone(), stands.into());
            }
        }
        let along = self.is_ha_managed().then(|| json!({ "dependent-ha-resources": state.moved_along(self.vmid) }));
        if self.kind == Kind::Lxc {
            let mut row = json!({ "running": running, "allowed-nodes": allowed, "not-allowed-nodes": against });
            merge(&mut row, json!(along));
            return Ok(row);
        }
        let names: Vec<&String> = mapped.iter().map(|(key, _)| key).collect();
        let info: Map<String, Value> =
            mapped.iter().map(|(key, name)| (key.clone(), json!({ "name": name }))).collect();
        let mut row = json!({
            "running": running, "allowed_nodes": allowed, "not_allowed_nodes": against,
            "local_disks": self.local_disks(state), "local_resources": blocking, "mapped-resources": names,
            "mapped-resource-info": info, "has-dbus-vmstate": 1,
        });
        merge(&mut row, json!(along));
        Ok(row)
    }

    /// Volumes of its node alone, media in its drives among them.
    fn local_disks(&self, state: &State) -> Vec<Value> {
        let mut found = drives_and_unused(self.kind, &self.config);
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        let rows = found.into_iter().filter_map(|(key, drive)| {
            let local = match state.storage_of(&drive.volume) {
                Some(storage) => !storage.shared,
                None => drive.volume == "cdrom",
            };
            let size = drive.size().or_else(|| state.images.get(&drive.volume).map(|image| image.size));
            local.then(|| {
                json!({
                    "volid": drive.volume, "drivename": key, "size": size.unwrap_or_default(),
                    "cdrom": u8::from(drive.is_cdrom()), "is_attached": 1, "is_unused": u8::from(is_unused(&key)),
                    "is_cloudinit": u8::from(drive.is_cloud_init()),
                    "is_tpmstate": u8::from(key.starts_with("tpmstate")), "is_vmstate": 0, "replicate": 1, "shared": 0,
                })
            })
        });
        rows.collect()
    }

    /// What a node lacks that this guest needs.
    fn stands_against(&self, state: &State, mapped: &[(String, String)], node: &str) -> Map<String, Value> {
        let mut stands = Map::new();
        let storages: BTreeSet<&str> = self.disks().filter_map(|(_, volid, _)| volid.split(':').next()).collect();
        let missing: Vec<&str> = storages.into_iter().filter(|id| state.storage_enabled(id, node).is_err()).collect();
        if !missing.is_empty() && self.kind == Kind::Qemu {
            stands.insert("unavailable_storages".into(), missing.into());
        }
        let unmapped: Vec<&String> =
            mapped.iter().filter(|(key, name)| !state.is_mapped(key, name, node)).map(|(key, _)| key).collect();
        if !unmapped.is_empty() {
            stands.insert("unavailable-resources".into(), json!(unmapped));
        }
        let blocking = if self.is_ha_managed() { state.kept_apart(self.vmid, node) } else { Vec::new() };
        if !blocking.is_empty() {
            let rows = blocking.into_iter().map(|sid| json!({ "sid": sid, "cause": "resource-affinity" }));
            stands.insert("blocking-ha-resources".into(), rows.collect());
        }
        stands
    }

    /// Whether its agent is configured and does not answer: it comes up some seconds after its guest.
    pub(super) fn is_mute(&self, now: Ms) -> bool {
        let ready = self.quirk != Quirk::Mute && self.power_at(now) == Power::Running && self.uptime_at(now) >= 20;
        self.has_agent() && self.power_at(now) != Power::Stopped && !ready
    }

    /// A command of the guest agent, where it answers.
    pub(super) fn agent(&self, command: &str, now: Ms) -> Answered {
        if !self.has_agent() {
            return failed("No QEMU guest agent configured");
        }
        if self.power_at(now) == Power::Stopped {
            return failed(format!("VM {} is not running", self.vmid));
        }
        if self.is_mute(now) {
            return failed("QEMU guest agent is not running");
        }
        let mac = self.text("net0").and_then(|net| net.split(['=', ',']).nth(1)).unwrap_or_default().to_lowercase();
        let result = match command {
            "ping" => json!({}),
            "get-host-name" => json!({ "host-name": self.name() }),
            "info" => json!({ "version": "7.2.0", "supported_commands": [
                { "name": "guest-ping", "enabled": true, "success-response": true },
                { "name": "guest-shutdown", "enabled": true, "success-response": false },
            ] }),
            "get-osinfo" => json!({
                "id": "debian", "name": "Debian GNU/Linux", "pretty-name": "Debian GNU/Linux 12 (bookworm)",
                "version": "12 (bookworm)", "version-id": "12", "machine": "x86_64", "kernel-release": "6.1.0-41-amd64",
            }),
            "network-get-interfaces" => json!([
                { "name": "lo", "hardware-address": "00:00:00:00:00:00", "ip-addresses": [
                    { "ip-address": "127.0.0.1", "ip-address-type": "ipv4", "prefix": 8 },
                ] },
                { "name": "eth0", "hardware-address": mac, "ip-addresses": [
                    { "ip-address": format!("10.20.0.{}", self.vmid % 250), "ip-address-type": "ipv4", "prefix": 24 },
                ] },
            ]),
            "get-fsinfo" => self.file_systems(),
            "get-users" => json!([]),
            "get-timezone" => json!({ "zone": "CET", "offset": 3600 }),
            _ => return not_simulated(&format!("The guest agent command '{command}'")),
        };
        Ok(json!({ "result": result }))
    }
}

/// `POST …/agent/ping`.
pub(super) fn ping(state: &State, vmid: u32) -> Answered {
    match state.guests.get(&vmid) {
        Some(guest) => guest.agent("ping", state.now),
        None => failed(format!("VM {vmid} is not running")),
    }
}

impl State {
    /// Whether a device of a node goes by this name.
    pub(super) fn is_mapped(&self, key: &str, name: &str, node: &str) -> bool {
        let kind = match key.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "hostpci" => "pci",
            "usb" => "usb",
            _ => "dir",
        };
        let all = self.fixed.get(&format!("/cluster/mapping/{kind}")).and_then(Value::as_array);
        let place = format!("node={node},");
        let on_node = |mapping: &Value| {
            let each = mapping["map"].as_array().into_iter().flatten();
            each.filter_map(Value::as_str).any(|entry| entry.starts_with(&place))
        };
        all.into_iter().flatten().any(|mapping| mapping["id"] == *name && on_node(mapping))
    }

    /// Whether a node has less memory left than a guest uses now, or would use.
    pub(super) fn lacks_memory(&self, node: &str, guest: &Guest) -> bool {
        let Some(node) = self.node(node) else { return false };
        let used = super::rrd::Use { ..self.use_of(node, self.now) }.mem;
        let needs = guest.mem_at(self.now).max(guest.memory() / 2);
        (node.mem_gib << 30).saturating_sub(used) < needs
    }
}
