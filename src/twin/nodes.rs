//! How nodes are shown: in lists, in their state, network and services.
//!
//! Knows what an online and an offline node say; knows nothing of guests but what they use.

use serde_json::{Value, json};

use super::answer::{Answered, wrong};
use super::rrd::{Use, merge, mix};
use super::state::{Node, State};

/// Version and build of every node.
pub(super) const VERSION: (&str, &str) = ("9.1.4", "5ac30304265fbd8e");
/// The bridges that every node has.
pub(super) const BRIDGES: [&str; 2] = ["vmbr0", "vmbr1"];

/// Unit, description, whether it runs.
const SERVICES: &[(&str, &str, bool)] = &[
    ("chrony", "chrony, an NTP client/server", true),
    ("corosync", "Corosync Cluster Engine", true),
    ("cron", "Regular background program processing daemon", true),
    ("ksmtuned", "Kernel Samepage Merging (KSM) Tuning Daemon", true),
    ("lxcfs", "FUSE filesystem for LXC", true),
    ("postfix", "Postfix Mail Transport Agent", true),
    ("proxmox-firewall", "Proxmox nftables firewall", true),
    ("pve-cluster", "The Proxmox VE cluster filesystem", true),
    ("pve-firewall", "Proxmox VE firewall", true),
    ("pve-ha-crm", "PVE Cluster HA Resource Manager Daemon", true),
    ("pve-ha-lrm", "PVE Local HA Resource Manager Daemon", true),
    ("pve-lxc-syscalld", "Proxmox VE LXC Syscall Daemon", true),
    ("pvedaemon", "PVE API Daemon", true),
    ("pvefw-logger", "Proxmox VE firewall logger", true),
    ("pveproxy", "PVE API Proxy Server", true),
    ("pvescheduler", "Proxmox VE scheduler", true),
    ("pvestatd", "PVE Status Daemon", true),
    ("qmeventd", "PVE Qemu Event Daemon", true),
    ("spiceproxy", "PVE SPICE Proxy Server", true),
    ("sshd", "OpenBSD Secure Shell server", true),
    ("syslog", "syslog.service", false),
    ("systemd-journald", "Journal Service", true),
    ("systemd-timesyncd", "systemd-timesyncd.service", false),
];

/// What a node says of itself; of the whole cluster the one says it that answers.
pub(super) fn version(state: &State, node: Option<&Node>) -> Value {
    let node = node.or_else(|| state.node(state.here()));
    let known = (VERSION.0.to_owned(), VERSION.1.to_owned());
    let (version, repoid) = node.map_or(known, |node| node.manager(state));
    json!({ "version": version, "release": "9.1", "repoid": repoid })
}

pub(super) fn list(state: &State) -> Value {
    state.nodes.iter().map(|node| node.listed(state)).collect()
}

impl Node {
    /// Its row in `/nodes`.
    fn listed(&self, state: &State) -> Value {
        let mut row = self.numbers(state);
        merge(
            &mut row,
            json!({
                "id": format!("node/{}", self.name), "node": self.name, "type": "node",
                "status": self.word(), "ssl_fingerprint": self.fingerprint(),
            }),
        );
        row
    }

    /// Its row in `/cluster/resources`.
    pub(super) fn resource(&self, state: &State) -> Value {
        let mut row = self.numbers(state);
        merge(
            &mut row,
            json!({
                "id": format!("node/{}", self.name), "node": self.name, "type": "node", "status": self.word(),
                "hastate": state.ha_node(&self.name),
            }),
        );
        if self.offline.is_none() {
            merge(&mut row, json!({ "cgroup-mode": 2 }));
        }
        row
    }

    pub(super) fn word(&self) -> &'static str {
        if self.offline.is_some() { "offline" } else { "online" }
    }

    /// Nothing at all of an offline node.
    fn numbers(&self, state: &State) -> Value {
        let (disk, maxdisk) = self.root_at(state, state.seconds());
        if self.offline.is_some() {
            // What cannot change is kept for a while.
            return match state.last_seen(&self.name) {
                Some(_) => {
                    json!({ "maxcpu": self.cpus, "maxmem": self.mem_gib << 30, "maxdisk": maxdisk, "level": "" })
                }
                None => json!({}),
            };
        }
        let Use { cpu, mem } = state.use_of(self, state.now / 10_000 * 10_000);
        json!({
            "cpu": cpu, "maxcpu": self.cpus, "mem": mem, "maxmem": self.mem_gib << 30, "disk": disk,
            "maxdisk": maxdisk, "level": "", "uptime": self.uptime(state),
        })
    }

    fn uptime(&self, state: &State) -> i64 {
        state.seconds() - self.boot
    }

    /// Looks like the SHA-256 of a certificate.
    pub(super) fn fingerprint(&self) -> String {
        let bytes = (0..4).flat_map(|n| mix(u64::from(self.id) * 977 + n).to_be_bytes());
        bytes.map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }

    pub(super) fn status(&self, state: &State) -> Value {
        let Use { cpu, mem } = state.use_of(self, state.now);
        let (used, total) = self.root_at(state, state.seconds());
        let memory = self.mem_gib << 30;
        let load = cpu * f64::from(self.cpus);
        let averages = [load * 1.1, load, load * 0.9].map(|load| format!("{load:.2}"));
        let (release, kernel) = self.kernel();
        let (version, build) = self.manager(state);
        json!({
            "cpu": cpu, "wait": (cpu * 1e4).round() / 4e5, "idle": 0, "uptime": self.uptime(state),
            "loadavg": averages,
            "memory": { "total": memory, "used": mem, "free": (memory - mem) / 2, "available": memory - mem },
            "swap": { "total": 8_589_934_592_u64, "used": 0, "free": 8_589_934_592_u64 },
            "rootfs": { "total": total, "used": used, "avail": total - used, "free": total - used },
            "ksm": { "shared": 0 }, "boot-info": { "mode": "efi", "secureboot": 0 },
            "kversion": format!("Linux {release} {kernel}"),
            "current-kernel": { "sysname": "Linux", "release": release, "version": kernel, "machine": "x86_64" },
            "pveversion": format!("pve-manager/{version}/{build}"),
            "cpuinfo": {
                "cpus": self.cpus, "cores": self.cpus / 2, "sockets": 1, "mhz": "2994.374", "user_hz": 100, "hvm": "1",
                "model": "AMD EPYC 7313P 16-Core Processor", "vendor": "AuthenticAMD", "family": "25",
                "flags": "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat sse sse2 ht svm avx avx2",
            },
        })
    }

    pub(super) fn network(&self) -> Value {
        let bridge = |iface: &str, port: &str, priority| {
            json!({
                "iface": iface, "type": "bridge", "active": 1, "autostart": 1, "bridge_fd": "0", "bridge_stp": "off",
                "bridge_ports": port, "families": ["inet"], "method": "manual", "method6": "manual",
                "priority": priority,
            })
        };
        let port = |iface: &str, priority| {
            json!({
                "iface": iface, "type": "eth", "active": 1, "exists": 1, "families": ["inet"], "method": "manual",
                "method6": "manual", "priority": priority,
            })
        };
        let (mut management, mut guests) = (bridge(BRIDGES[0], "eno1", 5), bridge(BRIDGES[1], "eno2", 6));
        merge(
            &mut management,
            json!({
                "method": "static", "address": self.ip, "netmask": "24", "cidr": format!("{}/24", self.ip),
                "gateway": "10.10.0.1",
            }),
        );
        merge(
            &mut guests,
            json!({
                "bridge_vlan_aware": 1, "bridge_vids": "2-4094", "comments": "guests, one VLAN a department\n",
            }),
        );
        json!([management, guests, port("eno1", 3), port("eno2", 4)])
    }

    /// One of them; its name is not said again.
    pub(super) fn interface(&self, iface: &str) -> Answered {
        let all = self.network();
        let found = all.as_array().into_iter().flatten().find(|row| row["iface"] == iface).cloned();
        let Some(Value::Object(mut row)) = found else { return wrong("iface", "interface does not exist") };
        row.remove("iface");
        Ok(row.into())
    }

    pub(super) fn subscription(&self) -> Value {
        json!({
            "status": "notfound", "message": "There is no subscription key",
            "serverid": format!("{:016X}{:016X}", mix(u64::from(self.id)), mix(u64::from(self.id) + 50)),
            "url": "https://www.proxmox.com/en/proxmox-virtual-environment/pricing",
        })
    }
}

pub(super) fn time(state: &State) -> Value {
    json!({ "timezone": "Etc/UTC", "time": state.seconds(), "localtime": state.seconds() })
}

pub(super) fn services() -> Value {
    let row = |&(name, desc, runs): &(&str, &str, bool)| {
        let (state, active, unit) =
            if runs { ("running", "active", "enabled") } else { ("dead", "inactive", "not-found") };
        json!({
            "name": name, "service": name, "desc": desc, "state": state, "active-state": active, "unit-state": unit,
        })
    };
    SERVICES.iter().map(row).collect()
}
