//! Network cards as configurations write them, of VMs and of containers.
//!
//! Knows their options and what of them a running VM takes over at once.

use std::collections::BTreeMap;
use std::fmt;

use super::form::{self, Form, Property, properties};
use super::state::Kind;

const MODELS: [&str; 14] = [
    "e1000",
    "e1000-82540em",
    "e1000-82544gc",
    "e1000-82545em",
    "e1000e",
    "i82551",
    "i82557b",
    "i82559er",
    "ne2k_isa",
    "ne2k_pci",
    "pcnet",
    "rtl8139",
    "virtio",
    "vmxnet3",
];

const OF_VM: &[Property] = &[
    Property::new("model", Form::OneOf(&MODELS)).must().main(),
    Property::new("macaddr", Form::Format(form::mac)),
    Property::new("bridge", Form::Format(form::bridge)),
    Property::new("queues", Form::Integer(0, 64)),
    Property::new("rate", Form::Number(0.0, f64::MAX)),
    Property::new("tag", Form::Integer(1, 4094)),
    Property::new("trunks", Form::Pattern(is_trunks)),
    Property::new("firewall", Form::Boolean),
    Property::new("link_down", Form::Boolean),
    Property::new("mtu", Form::Integer(1, 65_520)),
];

const OF_CONTAINER: &[Property] = &[
    Property::new("name", Form::Pattern(form::is_bridge)).must(),
    Property::new("bridge", Form::Pattern(form::is_bridge)),
    Property::new("firewall", Form::Boolean),
    Property::new("gw", Form::Format(form::ipv4)),
    Property::new("gw6", Form::Format(form::ipv6)),
    Property::new("host-managed", Form::Boolean),
    Property::new("hwaddr", Form::Format(form::mac)),
    Property::new("ip", Form::Format(form::ipv4_config)),
    Property::new("ip6", Form::Format(form::ipv6_config)),
    Property::new("link_down", Form::Boolean),
    Property::new("mtu", Form::Integer(64, 65_535)),
    Property::new("rate", Form::Number(f64::MIN, f64::MAX)),
    Property::new("tag", Form::Integer(1, 4094)),
    Property::new("trunks", Form::Pattern(is_trunks)),
    Property::new("type", Form::OneOf(&["veth"])),
];

/// `10;20-30`.
fn is_trunks(text: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    text.split(';')
        .all(|part| part.split_once('-').map_or_else(|| number(part), |(from, to)| number(from) && number(to)))
}

/// A network card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Nic {
    kind: Kind,
    options: BTreeMap<String, String>,
}

impl Nic {
    /// Reads one, in PVE's words where it cannot be read.
    pub(super) fn parse(kind: Kind, path: &str, text: &str) -> Result<Nic, String> {
        let parts = match kind {
            Kind::Lxc => properties(OF_CONTAINER, path, text)?,
            Kind::Qemu => properties(OF_VM, path, &text.split(',').map(model_apart).collect::<Vec<_>>().join(","))?,
        };
        Ok(Nic { kind, options: parts.into_iter().collect() })
    }

    /// One that stands in a configuration.
    pub(super) fn read(kind: Kind, text: &str) -> Nic {
        Nic::parse(kind, "", text).unwrap_or(Nic { kind, options: BTreeMap::new() })
    }

    pub(super) fn option(&self, key: &str) -> Option<&str> {
        self.options.get(key).map(String::as_str)
    }

    fn address_key(&self) -> &'static str {
        if self.kind == Kind::Qemu { "macaddr" } else { "hwaddr" }
    }

    /// With an address, if it has none, and with what PVE adds by itself.
    pub(super) fn completed(mut self, address: impl FnOnce() -> String) -> Nic {
        let key = self.address_key();
        if !self.options.contains_key(key) {
            self.options.insert(key.to_owned(), address());
        }
        if self.kind == Kind::Lxc {
            self.options.insert("type".into(), "veth".into());
        }
        self
    }

    /// With another address: what a clone gets.
    pub(super) fn readdressed(mut self, address: String) -> Nic {
        self.options.insert(self.address_key().to_owned(), address);
        self
    }

    /// Whether a running VM takes this one in the place of the other without a new card.
    pub(super) fn changes_live(&self, old: &Nic) -> bool {
        let same = |key: &str| self.option(key) == old.option(key);
        ["model", "macaddr", "queues", "mtu"].into_iter().all(same)
            && self.option("bridge").is_some()
            && old.option("bridge").is_some()
    }
}

/// `virtio=BC:24:…` names the model and the address at once.
fn model_apart(part: &str) -> String {
    match part.split_once('=') {
        Some((model, address)) if MODELS.contains(&model) => format!("model={model},macaddr={address}"),
        _ => part.to_owned(),
    }
}

/// The check of an option `net0` of a VM.
pub(super) fn of_vm(path: &str, text: &str) -> Result<(), String> {
    Nic::parse(Kind::Qemu, path, text).map(drop)
}

/// The check of an option `net0` of a container.
pub(super) fn of_container(path: &str, text: &str) -> Result<(), String> {
    Nic::parse(Kind::Lxc, path, text).map(drop)
}

/// The model with the address or the name first, the rest by the alphabet.
impl fmt::Display for Nic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |key: &str| self.option(key).unwrap_or_default();
        let first = match self.kind {
            Kind::Qemu => vec!["model", "macaddr"],
            Kind::Lxc => vec!["name"],
        };
        match self.kind {
            Kind::Qemu => write!(f, "{}={}", of("model"), of("macaddr"))?,
            Kind::Lxc => write!(f, "name={}", of("name"))?,
        }
        for (key, value) in self.options.iter().filter(|(key, _)| !first.contains(&key.as_str())) {
            write!(f, ",{key}={value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_written_as_pve_writes_it() {
        let card = |kind, text: &str| {
            Nic::parse(kind, "net0", text).unwrap().completed(|| "BC:24:11:00:00:01".into()).to_string()
        };
        assert_eq!(card(Kind::Qemu, "virtio,tag=7,bridge=vmbr1"), "virtio=BC:24:11:00:00:01,bridge=vmbr1,tag=7");
        assert_eq!(card(Kind::Qemu, "e1000=BC:24:11:00:00:02,firewall=1"), "e1000=BC:24:11:00:00:02,firewall=1");
        assert_eq!(
            card(Kind::Lxc, "ip=dhcp,bridge=vmbr1,name=eth0"),
            "name=eth0,bridge=vmbr1,hwaddr=BC:24:11:00:00:01,ip=dhcp,type=veth"
        );
    }

    #[test]
    fn a_wrong_card_is_refused_key_by_key() {
        let unknown = super::super::answer::UNKNOWN;
        assert_eq!(of_vm("net0", "virtio,foo=bar"), Err(format!("format error\nnet0.foo: {unknown}\n")));
        assert_eq!(
            of_container("net1", "bridge=vmbr0"),
            Err("format error\nnet1.name: property is missing and it is not optional\n".into())
        );
    }
}
