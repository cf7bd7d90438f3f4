//! What is known of the inside of guests: agents, addresses, cloud-init; and where guests may go.

use serde_json::{Value, json};

use super::answer::{Answered, failed, not_simulated};
use super::rrd::mix;
use super::state::{Guest, Kind, Ms, Power, Quirk, State};

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

    /// What cloud-init is told; nothing waits.
    pub(super) fn cloud_init(&self) -> Value {
        let told = |key: &str| key.starts_with("ipconfig") || ["ciuser", "cipassword", "sshkeys"].contains(&key);
        let rows = self.config.iter().filter(|(key, _)| told(key));
        rows.map(|(key, value)| json!({ "key": key, "value": value })).collect()
    }

    /// What the server says before the guest moves. A VM's list holds nodes that are offline as well.
    pub(super) fn preflight(&self, state: &State, now: Ms) -> Value {
        let others = || state.nodes.iter().filter(|node| node.name != self.node).map(|node| node.name.as_str());
        let running = u8::from(self.power_at(now) != Power::Stopped);
        if self.kind == Kind::Lxc {
            return json!({ "running": running, "allowed-nodes": others().collect::<Vec<_>>(), "not-allowed-nodes": {} });
        }
        let local = |volid: &str| state.storage_of(volid).is_some_and(|storage| !storage.shared);
        let disk = |(key, volid, size): (&str, &str, u64)| {
            json!({
                "volid": volid, "drivename": key, "size": size, "cdrom": 0, "is_attached": 1, "is_unused": 0,
                "is_cloudinit": 0, "is_tpmstate": 0, "is_vmstate": 0, "replicate": 1, "shared": 0,
            })
        };
        let disks: Vec<Value> = self.disks().filter(|(_, volid, _)| local(volid)).map(disk).collect();
        json!({
            "running": running, "allowed_nodes": others().collect::<Vec<_>>(), "not_allowed_nodes": {},
            "local_disks": disks, "local_resources": [], "mapped-resources": [], "mapped-resource-info": {},
            "has-dbus-vmstate": 1,
        })
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
