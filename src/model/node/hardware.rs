//! Devices of a node that can be handed to a guest: PCI and USB.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::page::Cell;
use crate::text::Text;
use crate::units::Reading;

fields! {
    /// A PCI device, from `/nodes/{node}/hardware/pci`. Needs Sys.Audit or Sys.Modify on `/`.
    #[derive(Clone, Default)]
    pub struct PciDevice {
        /// Its place: `0000:01:00.0`.
        pub id: Text,
        /// What kind of device it is, as a number: `0x030000` is a graphics card.
        pub class: Reading<Text>,
        /// The maker, as a number.
        pub vendor: Reading<Text>,
        /// The maker's name, where the node knows it.
        pub vendor_name: Option<Text>,
        /// The device, as a number.
        pub device: Reading<Text>,
        /// The device's name, where the node knows it.
        pub device_name: Option<Text>,
        /// Who built the card, as a number.
        pub subsystem_vendor: Option<Text>,
        /// Who built the card.
        pub subsystem_vendor_name: Option<Text>,
        /// The card, as a number.
        pub subsystem_device: Option<Text>,
        /// The card's name.
        pub subsystem_device_name: Option<Text>,
        /// The group that it can be handed over with, and only together: none where the IOMMU is off.
        #[field(group)]
        pub iommugroup: Option<u64>,
        /// Whether it can be divided among guests.
        #[field(loose::yes)]
        pub mdev: bool,
        #[field(skip)]
        origin: Origin,
    }
}

record!(PciDevice: "/nodes/{node}/hardware/pci");

fields! {
    /// A USB device, from `/nodes/{node}/hardware/usb`. Needs Sys.Modify on `/`, although it changes nothing.
    #[derive(Clone, Default)]
    pub struct UsbDevice {
        /// The maker, as a number.
        pub vendid: Text,
        /// The product, as a number.
        pub prodid: Text,
        /// The maker's name.
        pub manufacturer: Option<Text>,
        /// The product's name.
        pub product: Option<Text>,
        /// Its serial number.
        pub serial: Option<Text>,
        /// The bus that it is on.
        pub busnum: Reading<u64>,
        /// Its number on the bus.
        pub devnum: Reading<u64>,
        /// The port that it is plugged into.
        pub port: Reading<u64>,
        /// Where it is behind hubs: `1.2`.
        pub usbpath: Option<Text>,
        /// How many hubs it is behind.
        pub level: Reading<u64>,
        /// The kind of device, as a number; 9 is a hub.
        pub class: Reading<u64>,
        /// Its speed in Mbit/s.
        pub speed: Reading<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(UsbDevice: "/nodes/{node}/hardware/usb");

/// -1 where there is none.
fn group<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(loose::i64(from)?.and_then(|group| u64::try_from(group).ok()))
}

impl Node {
    /// Its PCI devices without bridges, memory and processors, from `/nodes/{node}/hardware/pci`.
    ///
    /// # Errors
    /// When the node cannot be reached, or both Sys.Audit and Sys.Modify on `/` are missing.
    pub fn pci_devices(&self) -> Result<List<PciDevice>, Error> {
        Ask::new(&self.session, self.path("hardware/pci"))
            .titled(format!("PCI devices of {}", self.name.raw()))
            .question("Which devices could be handed to a guest, and which only together?")
            .place(self.place())
            .list()
    }

    /// Its USB devices, from `/nodes/{node}/hardware/usb`.
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Modify on `/` is missing.
    pub fn usb_devices(&self) -> Result<List<UsbDevice>, Error> {
        Ask::new(&self.session, self.path("hardware/usb"))
            .titled(format!("USB devices of {}", self.name.raw()))
            .question("What is plugged into it that could be handed to a guest?")
            .place(self.place())
            .list()
    }
}

fn named(name: &Option<Text>, number: &Reading<Text>) -> Cell {
    match (name, number) {
        (Some(name), Reading::Known(number)) => Cell::Name(name.clone(), number.clone()),
        (Some(name), Reading::Missing(_)) => name.clone().into(),
        (None, number) => number.clone().into(),
    }
}

impl Listed for PciDevice {
    const NOUN: (&'static str, &'static str) = ("PCI device", "PCI devices");

    fn columns() -> Vec<Column<PciDevice>> {
        vec![
            column!("Place", |d: &PciDevice| Cell::Code(d.id.clone())),
            column!("Device", |d: &PciDevice| named(&d.device_name, &d.device)).by(
                "device_name device",
                "the name with the number beside it; the number alone where the node knows no name",
            ),
            column!("Maker", |d: &PciDevice| named(&d.vendor_name, &d.vendor)).by(
                "vendor_name vendor",
                "the name with the number beside it; the number alone where the node knows no name",
            ),
            column!("IOMMU group", |d: &PciDevice| d.iommugroup.map_or(Cell::from("none"), Cell::from)),
            column!("Can be divided", |d: &PciDevice| d.mdev),
            column!("Class", |d: &PciDevice| d.class.clone()),
        ]
    }

    fn summary(devices: &[PciDevice]) -> (String, String) {
        let off = !devices.is_empty() && devices.iter().all(|device| device.iommugroup.is_none());
        let rest = if off { "; none has an IOMMU group, so that none can be handed over." } else { "." };
        (crate::model::list::count(devices.len(), PciDevice::NOUN), rest.into())
    }
}

impl Listed for UsbDevice {
    const NOUN: (&'static str, &'static str) = ("USB device", "USB devices");

    fn columns() -> Vec<Column<UsbDevice>> {
        vec![
            column!("Device", |d: &UsbDevice| {
                let number = Text::from(format!("{}:{}", d.vendid.raw(), d.prodid.raw()));
                named(&d.product, &Reading::Known(number))
            })
            .by("product vendid prodid", "what it calls itself, with the numbers of maker and product beside it"),
            column!("Maker", |d: &UsbDevice| d.manufacturer.clone()),
            column!("Bus", |d: &UsbDevice| d.busnum),
            column!("Port", |d: &UsbDevice| d.usbpath.clone().map_or_else(|| d.port.into(), Cell::from))
                .by("usbpath port", "the path of ports that leads to it, or else the port"),
            column!("Serial number", |d: &UsbDevice| d.serial.clone()),
        ]
    }
}
