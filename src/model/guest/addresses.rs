//! Where a guest can be reached: its network interfaces as the running guest has them.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::guest::{Guest, GuestKind};
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::record::{Ask, Origin, record};
use crate::page::Cell;
use crate::text::Text;
use crate::units::Reading;

fields! {
    /// A network interface inside a running guest: of a container from `/nodes/{node}/lxc/{vmid}/interfaces`, of a virtual
    /// machine from its agent, `/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces`.
    #[derive(Clone, Default)]
    pub struct GuestInterface {
        /// Its name in the guest.
        pub name: Text,
        /// Its hardware address.
        #[field("hardware-address" | "hwaddr")]
        pub hardware_address: Option<Text>,
        /// An IPv4 address with the length of its network, as containers also spell it.
        inet: Option<Text>,
        /// An IPv6 address, likewise.
        inet6: Option<Text>,
        /// All its addresses.
        #[field("ip-addresses", loose::each)]
        pub addresses: Vec<GuestAddress>,
        /// What went through it, as the agent counts.
        pub statistics: Option<serde_json::Value>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(
    GuestInterface: "/nodes/{node}/lxc/{vmid}/interfaces", "/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces",
);

fields! {
    /// An address of a network interface.
    #[derive(Clone, Debug, Default)]
    pub struct GuestAddress {
        /// The address.
        #[field("ip-address")]
        pub address: Text,
        /// `ipv4` or `ipv6`; containers say `inet` and `inet6`.
        #[field("ip-address-type")]
        pub kind: Text,
        /// How many bits of it name the network.
        pub prefix: Reading<u64>,
    }
}

impl Guest {
    /// Its network interfaces with their addresses, as the running guest has them: a container's as its node sees them, a
    /// virtual machine's as its guest agent says.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// assert_eq!(pve.guest("mail")?.addresses()?.first().unwrap().ips(), ["10.20.0.104"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the guest does not run, its agent does not answer, or its node cannot be reached.
    pub fn addresses(&self) -> Result<List<GuestInterface>, Error> {
        let interfaces = match self.kind {
            GuestKind::Vm => self.agent()?.interfaces()?,
            GuestKind::Ct if !self.is_running() => return Err(self.has_no_addresses(&self.status.to_string())),
            GuestKind::Ct => Ask::new(&self.session, self.path("interfaces"))
                .titled(format!("Addresses of {}", self.called().raw()))
                .question("Where can it be reached?")
                .place(format!("lxc/{}", self.vmid))
                .list_with(GuestInterface::complete)?,
        };
        // Even a container without a network has its loopback: of one that is off the server says nothing.
        if self.kind == GuestKind::Ct && interfaces.is_empty() {
            return Err(self.has_no_addresses("not running any more"));
        }
        // What leads out of the guest stands first.
        Ok(interfaces.sorted_by_key(|interface| interface.ips().is_empty()))
    }

    fn has_no_addresses(&self, state: &str) -> Error {
        Error::not_found(
            format!("{} has no addresses now: it is {state}", self.called()),
            format!("{}.config()?.nets() has those that are set up", self.code()),
        )
    }
}

impl GuestInterface {
    /// Older containers have one address of each kind, and no list.
    fn complete(&mut self) {
        if self.addresses.is_empty() {
            let old = [("inet", self.inet.take()), ("inet6", self.inet6.take())];
            self.addresses =
                old.into_iter().filter_map(|(kind, address)| GuestAddress::read(kind, &address?)).collect();
        }
    }

    /// The addresses at which others can reach it, without those that hold only on the spot.
    pub fn ips(&self) -> Vec<Text> {
        let near = |address: &str| address.starts_with("127.") || address == "::1" || address.starts_with("fe80:");
        self.addresses
            .iter()
            .map(|address| address.address.clone())
            .filter(|a| !a.is_blank() && !near(a.raw()))
            .collect()
    }
}

impl GuestAddress {
    fn read(kind: &str, words: &Text) -> Option<GuestAddress> {
        let (address, prefix) = words.raw().split_once('/').unwrap_or((words.raw(), ""));
        let prefix = prefix.parse().map_or_else(|_| Reading::default(), Reading::Known);
        (!address.is_empty()).then(|| GuestAddress { address: address.into(), kind: kind.into(), prefix })
    }

    fn shown(&self) -> String {
        match self.prefix {
            Reading::Known(prefix) => format!("{}/{prefix}", self.address),
            Reading::Missing(_) => self.address.to_string(),
        }
    }
}

impl Listed for GuestInterface {
    const NOUN: (&'static str, &'static str) = ("interface", "interfaces");

    fn columns() -> Vec<Column<GuestInterface>> {
        vec![
            column!("Interface", |i: &GuestInterface| i.name.clone()),
            column!("Addresses", |i: &GuestInterface| match i.addresses.is_empty() {
                true => Cell::Missing("none".into()),
                false => i.addresses.iter().map(GuestAddress::shown).collect::<Vec<_>>().join(", ").into(),
            })
            .by("addresses inet inet6", "those that are listed; where none is, the two that containers spell out"),
            column!("Hardware address", |i: &GuestInterface| i.hardware_address.clone().map(Cell::Code)),
        ]
    }

    fn summary(interfaces: &[GuestInterface]) -> (String, String) {
        let ips: Vec<String> = interfaces.iter().flat_map(GuestInterface::ips).map(|ip| ip.to_string()).collect();
        let rest = match ips.is_empty() {
            true => "; none has an address that others could reach.".into(),
            false => format!("; it can be reached at {}.", ips.join(", ")),
        };
        (count(interfaces.len(), GuestInterface::NOUN), rest)
    }
}
