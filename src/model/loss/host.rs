//! Whether a guest can run on another node than its own: disks, devices, bridges.

use super::ground::Ground;
use crate::model::cluster::replication::ReplicationJob;
use crate::model::guest::config::Config;
use crate::model::guest::disk::{Disk, DiskKind, DiskSource};
use crate::model::guest::{Guest, GuestKind};
use crate::model::property::Properties;
use crate::model::sdn::SdnChange;
use crate::model::sdn::zone::SdnZone;
use crate::text::Text;
use crate::units::Reading;

/// Whether a node can run a guest.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Host {
    /// Everything it needs is there.
    Yes,
    /// Some of its disks are there as they were copied last.
    FromCopy,
    /// It cannot, and why.
    No(String),
    /// It cannot be told, and why.
    NotKnown(String),
}

impl Host {
    /// Of two, what both allow.
    fn and(self, other: Host) -> Host {
        let rank = |host: &Host| match host {
            Host::Yes => 0,
            Host::FromCopy => 1,
            Host::NotKnown(_) => 2,
            Host::No(_) => 3,
        };
        if rank(&other) > rank(&self) { other } else { self }
    }
}

impl Ground {
    /// Whether each of these other nodes can run a guest: as it is, or after somebody took out the media of its CD drives.
    pub(super) fn hosts(&self, guest: &Guest, nodes: &[Text], as_it_is: bool) -> Vec<(Text, Host)> {
        let Some(config) = self.settings.of(guest) else {
            let unknown = Host::NotKnown("its settings could not be read".into());
            return nodes.iter().map(|node| (node.clone(), unknown.clone())).collect();
        };
        let (disks, nets, keys) = (config.disks(), config.nets(), config.keys());
        let needed = |disk: &&Disk| as_it_is || disk.kind != DiskKind::Cdrom;
        let one = |node: &Text| {
            let disks = disks.iter().filter(needed).map(|disk| self.disk_on(guest, disk, node));
            let devices = keys.iter().map(|key| self.device_on(guest, config, key, node));
            let bridges = nets.iter().filter_map(|net| net.bridge.as_ref()).map(|bridge| self.bridge_on(bridge, node));
            disks.chain(devices).chain(bridges).fold(Host::Yes, Host::and)
        };
        nodes.iter().map(|node| (node.clone(), one(node))).collect()
    }

    fn disk_on(&self, guest: &Guest, disk: &Disk, node: &Text) -> Host {
        // What is not attached is not needed.
        if disk.kind == DiskKind::Unused {
            return Host::Yes;
        }
        let volume = match &disk.source {
            DiskSource::Empty => return Host::Yes,
            DiskSource::Node(path) => return Host::No(format!("{} is {} of {} itself", disk.key, path, guest.node)),
            DiskSource::NodeCdrom => return Host::NotKnown(format!("{} is the CD drive of {}", disk.key, guest.node)),
            DiskSource::Volume(volume) => volume,
        };
        let name = Text::from(volume.storage());
        let Some(storage) = self.storage(volume.storage()) else {
            return Host::NotKnown(format!("{} is on {name}, of which nothing is known", disk.key));
        };
        if storage.disabled {
            return Host::No(format!("{} is on {name}, which is switched off", disk.key));
        }
        if self.gone.contains(&name) {
            return Host::No(format!("{} is on {name}, which is lost too", disk.key));
        }
        if storage.shared {
            return match storage.on.iter().find(|on| on.node == *node) {
                Some(on) if on.is_available() => Host::Yes,
                _ => Host::No(format!("{} is on {name}, which {node} does not reach", disk.key)),
            };
        }
        if disk.kind == DiskKind::CloudInit {
            // It is made anew where it is missing.
            return match storage.on.iter().any(|on| on.node == *node && on.is_available()) {
                true => Host::Yes,
                false => Host::No(format!("{} is on {name}, which {node} does not have", disk.key)),
            };
        }
        // Proxmox VE replicates ZFS alone, and of a guest every disk that does not say otherwise.
        let replicated = storage.kind == "zfspool" && disk.option("replicate").is_none_or(|set| set != "0");
        match self.copy_on(guest, node) {
            Some(true) if replicated => Host::FromCopy,
            None if replicated => Host::NotKnown(format!(
                "{} is on {name} of {}, whether copied elsewhere is not known",
                disk.key, guest.node
            )),
            _ => Host::No(format!("{} is on {name} of {} alone", disk.key, guest.node)),
        }
    }

    /// Whether a replication job copies the guest's disks to this node.
    fn copy_on(&self, guest: &Guest, node: &Text) -> Option<bool> {
        let copies = |job: &ReplicationJob| {
            let of = job.guest == Reading::Known(u64::from(guest.vmid));
            // A job that was made for another source has not copied from here.
            of && !job.disable && job.remove_job.is_none() && job.target == Reading::Known(node.clone())
        };
        self.copies.as_ref().map(|jobs| jobs.iter().any(copies))
    }

    fn device_on(&self, guest: &Guest, config: &Config, key: &str, node: &Text) -> Host {
        let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
        if stem.len() == key.len() {
            return Host::Yes;
        }
        let setting = config.get(key).unwrap_or_default();
        let properties = Properties::read(setting.raw());
        let bound = || Host::No(format!("{key} is a device of {}", guest.node));
        match (guest.kind, stem) {
            (GuestKind::Vm, "hostpci" | "usb" | "virtiofs") => {
                let named = properties.get("mapping").or_else(|| properties.get("dirid"));
                let named = named.or_else(|| properties.get("").filter(|_| stem == "virtiofs"));
                match named {
                    Some(mapping) => self.mapping_on(key, &mapping, node),
                    None if stem == "usb" => {
                        let spice = properties.iter().any(|(_, value)| value == "spice");
                        // It starts without the device, which is of no use to somebody who needs it.
                        if spice { Host::Yes } else { Host::NotKnown(format!("{key} is a device of {}", guest.node)) }
                    }
                    None => bound(),
                }
            }
            (GuestKind::Vm, "serial") if setting != "socket" => bound(),
            (GuestKind::Vm, "parallel") => bound(),
            (GuestKind::Ct, "dev") => Host::NotKnown(format!("{key} is a device of {}", guest.node)),
            _ => Host::Yes,
        }
    }

    fn mapping_on(&self, key: &str, name: &Text, node: &Text) -> Host {
        let Some(mappings) = &self.mappings else {
            return Host::NotKnown(format!("{key} needs {name}, and the mappings are not known"));
        };
        match mappings.iter().find(|mapping| mapping.id == *name) {
            Some(mapping) if mapping.nodes().contains(node) => Host::Yes,
            Some(_) => Host::No(format!("{key} needs {name}, which {node} does not have")),
            None => Host::NotKnown(format!("{key} needs {name}, of which nothing is known")),
        }
    }

    fn bridge_on(&self, bridge: &Text, node: &Text) -> Host {
        let zone_of = |vnet: &Text| {
            let vnet = self.sdn.vnets.iter().find(|known| known.vnet == *vnet)?;
            Some(self.sdn.zones.iter().find(|zone| Some(&zone.zone) == vnet.zone.as_ref()))
        };
        let reaches = |zone: &SdnZone| zone.nodes.is_empty() || zone.nodes.contains(node);
        let new = Reading::Known(Some(SdnChange::New));
        if self.sdn.vnets.iter().any(|vnet| vnet.vnet == *bridge && vnet.state == new) {
            return Host::No(format!("{bridge} is not in force yet"));
        }
        match zone_of(bridge) {
            Some(Some(zone)) if reaches(zone) => return Host::Yes,
            Some(Some(_)) => return Host::No(format!("the zone of {bridge} is not on {node}")),
            Some(None) => return Host::NotKnown(format!("the zone of {bridge} is not known")),
            None => {}
        }
        let Some(group) = self.wired.group_of(node) else {
            return Host::NotKnown(format!("whether {node} has {bridge} is not known"));
        };
        let group = &self.wired.groups[group];
        let has = group.interfaces.iter().any(|net| net.iface == *bridge);
        match (has, group.whole && self.sdn.whole) {
            (true, _) => Host::Yes,
            (false, true) => Host::No(format!("{node} has no {bridge}")),
            (false, false) => Host::NotKnown(format!("whether {node} has {bridge} is not known")),
        }
    }
}
