//! A network card in a guest's configuration: which bridge it hangs on, in which VLAN, with which addresses.

use std::fmt;
use std::sync::Arc;

use serde_json::json;

use crate::model::list::{Column, Listed, column, count};
use crate::model::property::Properties;
use crate::model::told::told;
use crate::model::why::{Explained, Sources};
use crate::page::{Cell, Provenance, State, Tone};
use crate::text::Text;

pub(crate) mod on_bridge;

told! {
    /// A network card of a guest, as its configuration describes it.
    #[derive(Clone)]
    pub struct Net {
        /// The name of the setting: `net0`.
        #[field(skip, "the name of the setting")]
        pub key: Text,
        /// The model of a virtual machine's card (`virtio`, `e1000`); the interface's name in a container (`eth0`).
        #[field("{key}", "its part name or model, or what stands before the hardware address")]
        pub card: Text,
        /// Its hardware address.
        #[field("{key}", "its part hwaddr or macaddr, or what stands behind the model")]
        pub mac: Option<Text>,
        /// The bridge or virtual network that it hangs on.
        #[field("{key}", "its part bridge")]
        pub bridge: Option<Text>,
        /// Its VLAN.
        #[field("{key}", "its part tag")]
        pub vlan: Option<u64>,
        /// The VLANs that are let through to it.
        #[field("{key}", "its part trunks")]
        pub trunks: Vec<Text>,
        /// Whether the firewall of Proxmox VE stands before it.
        #[field("{key}", "its part firewall; no unless it is 1")]
        pub firewall: bool,
        /// Whether its cable is unplugged.
        #[field("{key}", "its part link_down; no unless it is 1")]
        pub unplugged: bool,
        /// The largest packet, where it is set; 1 takes that of the bridge.
        #[field("{key}", "its part mtu")]
        pub mtu: Option<u64>,
        /// Megabytes a second that it may move at most.
        #[field("{key}", "its part rate")]
        pub rate: Option<f64>,
        /// Its IPv4 address with the length of its network, or `dhcp`, `manual`: of a container, or as cloud-init is told.
        #[field("{key}" | "{ipconfig}", "the part ip")]
        pub ip: Option<Text>,
        /// Its way out in IPv4.
        #[field("{key}" | "{ipconfig}", "the part gw")]
        pub gateway: Option<Text>,
        /// Its IPv6 address, or `auto`, `dhcp`, `manual`.
        #[field("{key}" | "{ipconfig}", "the part ip6")]
        pub ip6: Option<Text>,
        /// Its way out in IPv6.
        #[field("{key}" | "{ipconfig}", "the part gw6")]
        pub gateway6: Option<Text>,
        /// All that the setting says.
        #[field("{key}")]
        pub setting: Text,
        /// What cloud-init is told of its addresses.
        #[field(skip)]
        told: Option<Text>,
        /// Where the configuration was read.
        #[field(skip)]
        from: Arc<Provenance>,
    }
}

impl Net {
    /// The card that a setting describes; `addresses` is what cloud-init is told for it. `None` where the setting is
    /// about something else.
    pub(crate) fn read(key: &str, words: &str, addresses: Option<&str>) -> Option<Net> {
        const KNOWN: [&str; 18] = [
            "bridge",
            "firewall",
            "gw",
            "gw6",
            "host-managed",
            "hwaddr",
            "ip",
            "ip6",
            "link_down",
            "macaddr",
            "model",
            "mtu",
            "name",
            "queues",
            "rate",
            "tag",
            "trunks",
            "type",
        ];
        key.strip_prefix("net").filter(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))?;
        let own = Properties::read(words);
        let told = addresses.map(Properties::read).unwrap_or_default();
        let text = |name: &str| own.get(name).or_else(|| told.get(name));
        // `virtio=BC:24:…` is short for `model=virtio,macaddr=BC:24:…`.
        let short = own.iter().find(|(key, _)| !key.is_empty() && !KNOWN.contains(key));
        let model = own.word("name").or(own.word("model")).or(short.map(|(model, _)| model)).or(own.word(""));
        Some(Net {
            key: key.into(),
            card: model.unwrap_or("unknown").into(),
            mac: text("hwaddr").or_else(|| text("macaddr")).or_else(|| short.map(|(_, mac)| mac.into())),
            bridge: text("bridge"),
            vlan: own.number("tag"),
            trunks: own
                .word("trunks")
                .unwrap_or_default()
                .split(';')
                .filter(|t| !t.is_empty())
                .map(Text::from)
                .collect(),
            firewall: own.flag("firewall").unwrap_or(false),
            unplugged: own.flag("link_down").unwrap_or(false),
            mtu: own.number("mtu"),
            rate: own.number("rate"),
            ip: text("ip"),
            gateway: text("gw"),
            ip6: text("ip6"),
            gateway6: text("gw6"),
            setting: words.into(),
            told: addresses.map(Text::from),
            from: Arc::default(),
        })
    }

    fn bridge_cell(&self) -> Cell {
        match &self.bridge {
            Some(bridge) if self.unplugged => State::new(Tone::Off, format!("{} (unplugged)", bridge.raw())).into(),
            Some(bridge) => bridge.clone().into(),
            None => Cell::Missing("on no bridge".into()),
        }
    }

    fn addresses(&self) -> String {
        [&self.ip, &self.ip6].into_iter().flatten().map(|ip| ip.raw().to_owned()).collect::<Vec<_>>().join(", ")
    }

    fn vlans(&self) -> String {
        let trunks: Vec<&str> = self.trunks.iter().map(Text::raw).collect();
        match (self.vlan, trunks.is_empty()) {
            (Some(vlan), true) => vlan.to_string(),
            (Some(vlan), false) => format!("{vlan}, lets through {}", trunks.join(", ")),
            (None, true) => String::new(),
            (None, false) => format!("lets through {}", trunks.join(", ")),
        }
    }
}

impl Net {
    /// The same card, of a configuration that was read there.
    pub(super) fn of(self, from: &Arc<Provenance>) -> Net {
        Net { from: from.clone(), ..self }
    }
}

impl Explained for Net {
    fn sources(&self) -> Sources {
        let addresses = self.key.raw().replacen("net", "ipconfig", 1);
        let sources = Sources::of(&self.from).named("key", self.key.raw()).named("ipconfig", addresses.clone());
        let call = sources.call("/config");
        let sources = sources.part(call.clone(), "", json!({ self.key.raw(): self.setting.raw() }));
        match &self.told {
            Some(told) => sources.part(call, "", json!({ addresses: told.raw() })),
            None => sources,
        }
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Net({} on {})", self.key, self.bridge.clone().unwrap_or_else(|| "no bridge".into()))
    }
}

impl Listed for Net {
    const NOUN: (&'static str, &'static str) = ("network card", "network cards");

    fn columns() -> Vec<Column<Net>> {
        vec![
            column!("Card", |n: &Net| Cell::Name(n.key.clone(), n.card.clone())),
            column!("Bridge", Net::bridge_cell).by("bridge unplugged", "the bridge; said where the cable is unplugged"),
            column!("VLAN", Net::vlans).by("vlan trunks", "its own, and those that are let through"),
            column!("Address", Net::addresses).by("ip ip6", "both, where they are set"),
            column!("Hardware address", |n: &Net| n.mac.clone().map(Cell::Code)),
            column!("Firewall", |n: &Net| n.firewall),
        ]
    }

    fn summary(nets: &[Net]) -> (String, String) {
        let named = |wanted: fn(&Net) -> bool| -> Vec<String> {
            nets.iter().filter(|net| wanted(net)).map(|net| net.key.to_string()).collect()
        };
        let (bare, unplugged) = (named(|net| net.bridge.is_none()), named(|net| net.unplugged));
        let mut rest = String::new();
        if !bare.is_empty() {
            rest.push_str(&format!("; on no bridge: {}", bare.join(", ")));
        }
        if !unplugged.is_empty() {
            rest.push_str(&format!("; unplugged: {}", unplugged.join(", ")));
        }
        (count(nets.len(), Net::NOUN), format!("{rest}."))
    }
}
