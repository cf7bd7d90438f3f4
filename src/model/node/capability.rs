//! What a node's QEMU offers to virtual machines: processor models and their flags, machine types.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::text::Text;
use crate::units::Reading;

fields! {
    /// A processor model that a VM may have, from `/nodes/{node}/capabilities/qemu/cpu`.
    #[derive(Clone, Default)]
    pub struct CpuModel {
        /// Its name, as it stands in a VM's configuration.
        pub name: Text,
        /// The maker whose processors it is like: `GenuineIntel`, `AuthenticAMD`, `default`.
        pub vendor: Reading<Text>,
        /// Whether somebody defined it here.
        #[field(loose::yes)]
        pub custom: bool,
        #[field(skip)]
        origin: Origin,
    }
}

record!(CpuModel: "/nodes/{node}/capabilities/qemu/cpu");

fields! {
    /// A flag that can be added to or taken from a VM's processor, from `/nodes/{node}/capabilities/qemu/cpu-flags`.
    #[derive(Clone, Default)]
    pub struct CpuFlag {
        /// Its name.
        pub name: Text,
        /// What it is for.
        pub description: Reading<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(CpuFlag: "/nodes/{node}/capabilities/qemu/cpu-flags");

fields! {
    /// A machine type that a VM may have, from `/nodes/{node}/capabilities/qemu/machines`.
    #[derive(Clone, Default)]
    pub struct MachineType {
        /// Its name, as it stands in a VM's configuration.
        pub id: Text,
        /// `q35` or `i440fx`.
        #[field("type")]
        pub kind: Reading<Text>,
        /// Its version.
        pub version: Reading<Text>,
        /// What is new in it.
        pub changes: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(MachineType: "/nodes/{node}/capabilities/qemu/machines");

impl Node {
    /// The processor models that its virtual machines may have, from `/nodes/{node}/capabilities/qemu/cpu`. Models that
    /// somebody defined are left out by the server without Sys.Audit on `/nodes`.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn cpu_models(&self) -> Result<List<CpuModel>, Error> {
        Ask::new(&self.session, self.path("capabilities/qemu/cpu"))
            .titled(format!("Processor models on {}", self.name.raw()))
            .question("Which processors may a virtual machine have here?")
            .filtered_by("processor models", &["Sys.Audit"], "/nodes")
            .place(self.place())
            .list()
    }

    /// The flags of processors that can be chosen, from `/nodes/{node}/capabilities/qemu/cpu-flags`.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn cpu_flags(&self) -> Result<List<CpuFlag>, Error> {
        Ask::new(&self.session, self.path("capabilities/qemu/cpu-flags"))
            .titled(format!("Processor flags on {}", self.name.raw()))
            .question("What can be added to or taken from the processor of a virtual machine?")
            .place(self.place())
            .list()
    }

    /// The machine types that its virtual machines may have, from `/nodes/{node}/capabilities/qemu/machines`.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn machine_types(&self) -> Result<List<MachineType>, Error> {
        Ask::new(&self.session, self.path("capabilities/qemu/machines"))
            .titled(format!("Machine types on {}", self.name.raw()))
            .question("Which machines may a virtual machine be here?")
            .place(self.place())
            .list()
    }
}

impl Listed for CpuModel {
    const NOUN: (&'static str, &'static str) = ("processor model", "processor models");

    fn columns() -> Vec<Column<CpuModel>> {
        vec![
            column!("Model", |c: &CpuModel| c.name.clone()),
            column!("Maker", |c: &CpuModel| c.vendor.clone()),
            column!("Defined here", |c: &CpuModel| c.custom),
        ]
    }

    fn summary(models: &[CpuModel]) -> (String, String) {
        let own = models.iter().filter(|model| model.custom).count();
        (count(models.len(), CpuModel::NOUN), format!(", {own} defined here."))
    }
}

impl Listed for CpuFlag {
    const NOUN: (&'static str, &'static str) = ("processor flag", "processor flags");

    fn columns() -> Vec<Column<CpuFlag>> {
        vec![
            column!("Flag", |c: &CpuFlag| c.name.clone()),
            column!("What it is for", |c: &CpuFlag| c.description.clone()),
        ]
    }
}

impl Listed for MachineType {
    const NOUN: (&'static str, &'static str) = ("machine type", "machine types");

    fn columns() -> Vec<Column<MachineType>> {
        vec![
            column!("Machine type", |m: &MachineType| m.id.clone()),
            column!("Kind", |m: &MachineType| m.kind.clone()),
            column!("Version", |m: &MachineType| m.version.clone()),
            column!("What is new", |m: &MachineType| m.changes.clone()),
        ]
    }
}
