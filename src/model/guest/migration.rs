//! What can be done with a guest: whether its storages can snapshot or clone it, and to which nodes it may move.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::guest::Guest;
use crate::model::json::shown;
use crate::model::list::{Column, Listed, column};
use crate::model::record::{Ask, Origin, record};
use crate::model::resource::Resources;
use crate::page::{Cell, Grid, Level, Page, State, Tone};
use crate::render::View;
use crate::text::Text;
use crate::units::{Bytes, Reading};

fields! {
    /// Whether something can be done with a guest, from `/nodes/{node}/{qemu|lxc}/{vmid}/feature`.
    #[derive(Clone, Default)]
    pub struct GuestFeature {
        /// What was asked about: `snapshot`, `clone`, `copy`.
        #[field(skip, "what the call asked about")]
        pub feature: Text,
        /// Whether all its disks lie on storages that can do it.
        #[field("hasFeature")]
        pub possible: Reading<bool>,
        /// The nodes that reach all its disks; not said of containers.
        #[field(loose::words)]
        pub nodes: Vec<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(GuestFeature: "/nodes/{node}/qemu/{vmid}/feature", "/nodes/{node}/lxc/{vmid}/feature");

impl Listed for GuestFeature {
    const NOUN: (&'static str, &'static str) = ("feature", "features");

    fn columns() -> Vec<Column<GuestFeature>> {
        vec![
            column!("Feature", |f: &GuestFeature| f.feature.clone()),
            column!("Possible", |f: &GuestFeature| match f.possible {
                Reading::Known(true) => State::new(Tone::Good, "yes").into(),
                Reading::Known(false) => State::new(Tone::Off, "not with its storages").into(),
                Reading::Missing(why) => Cell::from(why),
            }),
            column!("Nodes that reach its disks", |f: &GuestFeature| joined(&f.nodes)),
        ]
    }
}

fn joined(words: &[Text]) -> String {
    words.iter().map(Text::to_string).collect::<Vec<_>>().join(", ")
}

fields! {
    /// What the server says of moving a guest to other nodes, from `/nodes/{node}/{qemu|lxc}/{vmid}/migrate`.
    #[derive(Clone, Default)]
    pub struct MigrationPreflight {
        /// The nodes that the server would allow. It lists nodes that are offline as well; [`targets`](MigrationPreflight::targets)
        /// are those that are there.
        #[field("allowed_nodes" | "allowed-nodes", loose::words)]
        pub allowed_nodes: Vec<Text>,
        /// What stands against other nodes, by node: `unavailable_storages`, `blocking-ha-resources`.
        #[field("not_allowed_nodes" | "not-allowed-nodes")]
        pub not_allowed_nodes: Option<Value>,
        /// Whether the guest runs, and would be moved while it does.
        pub running: Reading<bool>,
        /// Disks on storages of its node alone, which have to be copied.
        #[field(loose::each)]
        pub local_disks: Vec<LocalDisk>,
        /// Devices of its node, which cannot move: `hostpci0`, `usb0`.
        #[field(loose::words)]
        pub local_resources: Vec<Text>,
        /// Devices that are mapped, so that other nodes may have them too.
        #[field("mapped-resources", loose::words)]
        pub mapped_resources: Vec<Text>,
        /// What is known of these mappings.
        #[field("mapped-resource-info")]
        pub mapped_resource_info: Option<Value>,
        /// What high availability would move along.
        #[field("dependent-ha-resources", loose::words)]
        pub dependent_ha_resources: Vec<Text>,
        /// Whether the node can move the state of its network connections along.
        #[field("has-dbus-vmstate")]
        pub has_dbus_vmstate: Reading<bool>,
        /// The nodes that are online.
        #[field(skip, "the status of nodes in /cluster/resources")]
        online: BTreeMap<Text, bool>,
        #[field(skip)]
        here: Text,
        /// What the guest is called.
        #[field(skip, "the guest that was asked")]
        called: Text,
        #[field(skip)]
        origin: Origin,
    }
}

record!(MigrationPreflight without page: "/nodes/{node}/qemu/{vmid}/migrate", "/nodes/{node}/lxc/{vmid}/migrate");

fields! {
    /// A disk that lies on a storage of one node alone.
    #[derive(Clone, Debug, Default)]
    pub struct LocalDisk {
        /// The volume.
        pub volid: Text,
        /// The setting that describes it: `scsi0`.
        #[field("drivename")]
        pub key: Text,
        /// Its size.
        pub size: Reading<Bytes>,
        /// Whether it is a medium in a CD drive.
        #[field(loose::yes)]
        pub cdrom: bool,
        /// Whether it belongs to the guest and is not attached.
        #[field(loose::yes)]
        pub is_unused: bool,
        /// Whether it is attached.
        #[field(loose::yes)]
        pub is_attached: bool,
        /// Whether it is what cloud-init is told.
        #[field(loose::yes)]
        pub is_cloudinit: bool,
        /// Whether it is what a TPM keeps.
        #[field(loose::yes)]
        pub is_tpmstate: bool,
        /// Whether it is the memory of a snapshot.
        #[field(loose::yes)]
        pub is_vmstate: bool,
        /// Whether it is replicated.
        #[field(loose::yes)]
        pub replicate: bool,
        /// Whether its storage is shared.
        #[field(loose::yes)]
        pub shared: bool,
    }
}

impl Guest {
    /// Whether its storages can do this with it: `snapshot`, `clone` or `copy`; from
    /// `/nodes/{node}/{qemu|lxc}/{vmid}/feature`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// assert_eq!(Pve::demo()?.guest("mail")?.feature("snapshot")?.possible, true);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When there is no such feature, the node cannot be reached, or VM.Audit is missing.
    pub fn feature(&self, feature: &str) -> Result<GuestFeature, Error> {
        Ask::new(&self.session, self.path("feature"))
            .with("feature", feature)
            .place(format!("{}/{}", self.kind.path(), self.vmid))
            .one_with(|answer: &mut GuestFeature| answer.feature = feature.into())
    }

    /// What stands in the way of moving it, node by node, as the server itself checks before a migration; from
    /// `/nodes/{node}/{qemu|lxc}/{vmid}/migrate`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// assert_eq!(Pve::demo()?.guest("mail")?.migration_preflight()?.targets(), ["pve2", "pve3"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node cannot be reached or VM.Migrate is missing; for containers before Proxmox VE 9.
    pub fn migration_preflight(&self) -> Result<MigrationPreflight, Error> {
        let resources = Resources::read(&self.session)?;
        Ask::new(&self.session, self.path("migrate")).place(format!("{}/{}", self.kind.path(), self.vmid)).one_with(
            |preflight: &mut MigrationPreflight| {
                preflight.online = resources.online();
                preflight.here = self.node.clone();
                preflight.called = self.called();
            },
        )
    }
}

impl LocalDisk {
    /// Whether it is an image in a CD drive, which keeps the guest from moving; what cloud-init is told is made anew.
    pub fn is_cd_image(&self) -> bool {
        self.cdrom && !self.is_cloudinit
    }

    /// Whether it is copied when the guest moves: a disk that holds data, and no medium in a CD drive.
    pub fn is_copied(&self) -> bool {
        !self.cdrom && !self.is_cloudinit
    }
}

impl MigrationPreflight {
    /// The nodes that it may move to and that are online.
    pub fn targets(&self) -> Vec<Text> {
        let mut targets: Vec<Text> = self.allowed_nodes.iter().filter(|node| self.is_online(node)).cloned().collect();
        targets.sort();
        targets
    }

    /// The other nodes, each with what stands in the way.
    pub fn obstacles(&self) -> Vec<(Text, Text)> {
        let targets = self.targets();
        let others = self.online.keys().filter(|node| **node != self.here && !targets.contains(node));
        others.map(|node| (node.clone(), self.why_not(node).into())).collect()
    }

    fn is_online(&self, node: &Text) -> bool {
        self.online.get(node) == Some(&true)
    }

    fn why_not(&self, node: &Text) -> String {
        let refused = self.not_allowed_nodes.as_ref().and_then(|nodes| nodes.get(node.raw()));
        let mut reasons: Vec<String> = Vec::new();
        if !self.is_online(node) {
            reasons.push("it is offline".into());
        }
        for (reason, of) in refused.and_then(Value::as_object).into_iter().flatten() {
            let things =
                of.as_array().map_or_else(|| shown(of), |each| each.iter().map(thing).collect::<Vec<_>>().join(", "));
            reasons.push(match reason.as_str() {
                "unavailable_storages" | "unavailable-storages" => format!("it does not have the storages {things}"),
                "blocking-ha-resources" => format!("high availability keeps it apart from {things}"),
                reason => format!("{reason}: {things}"),
            });
        }
        if reasons.is_empty() { "the server does not allow it and does not say why".into() } else { reasons.join("; ") }
    }
}

fn thing(value: &Value) -> String {
    value.get("sid").map_or_else(|| shown(value), shown)
}

impl Listed for MigrationPreflight {
    const NOUN: (&'static str, &'static str) = ("migration preflight", "migration preflights");

    fn columns() -> Vec<Column<MigrationPreflight>> {
        vec![
            column!("Guest", |m: &MigrationPreflight| m.called.clone()),
            column!("May move to", |m: &MigrationPreflight| match m.targets().is_empty() {
                true => State::new(Tone::Wrong, "no node").into(),
                false => Cell::from(joined(&m.targets())),
            })
            .by(
                "allowed_nodes online",
                "the nodes that the server allows, less those that are offline, which it may allow all the same",
            ),
            column!("Runs", |m: &MigrationPreflight| m.running),
            column!("Disks to copy", |m: &MigrationPreflight| m.local_disks.len()),
            column!("Bound to devices", |m: &MigrationPreflight| joined(&m.local_resources)),
        ]
    }
}

impl View for MigrationPreflight {
    fn page(&self) -> Page {
        let targets = self.targets();
        let fact = match targets.is_empty() {
            true => format!("{} cannot move to any node now", self.called.raw()),
            false => format!("{} may move to {}", self.called.raw(), joined(&targets)),
        };
        let running = match self.running {
            Reading::Known(true) => ", while it runs.",
            Reading::Known(false) => "; it does not run.",
            Reading::Missing(_) => ".",
        };
        let good = targets.iter().map(|node| vec![Cell::from(node), State::new(Tone::Good, "possible").into()]);
        let rest = self.obstacles();
        let bad = rest.iter().map(|(node, why)| vec![Cell::from(node), State::new(Tone::Wrong, why.clone()).into()]);
        let page = Page::new(format!("Where {} may move", self.called.raw()))
            .question("To which nodes can it move, and what stands in the way?")
            .answer(fact, running)
            .table(Grid::new(["Node", "Move"]).rows(good.chain(bad)));
        let page = if self.local_disks.is_empty() {
            page
        } else {
            let disks = self.local_disks.iter();
            let rows = disks.map(|disk| vec![Cell::from(&disk.key), Cell::Code(disk.volid.clone()), disk.size.into()]);
            page.heading("Disks that have to be copied").table(Grid::new(["Disk", "Volume", "Size"]).rows(rows))
        };
        let page = if self.local_resources.is_empty() {
            page
        } else {
            let devices = joined(&self.local_resources);
            page.note(Level::Warning, format!("It is bound to devices of {}: {devices}.", self.here))
        };
        page.provenance(self.provenance())
    }
}
