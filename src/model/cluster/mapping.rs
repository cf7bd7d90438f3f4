//! A mapping: one name for devices or directories that differ from node to node, so that guests can move.

use crate::error::Error;
use crate::loose;
use crate::model::cluster::gathered;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::property::Properties;
use crate::model::record::{Origin, record};
use crate::model::words::words;
use crate::session::Session;
use crate::text::Text;
use crate::units::Reading;

words! {
    /// What a mapping is for.
    pub enum MappingKind {
        /// Cards on the PCI bus.
        Pci = "pci",
        /// USB devices.
        Usb = "usb",
        /// Directories of the nodes.
        Dir = "dir",
    }
}

fields! {
    /// A mapping, from `/cluster/mapping/pci`, `usb` and `dir`. The server shows those on which one holds Mapping.Modify,
    /// Mapping.Use or Mapping.Audit.
    #[derive(Clone, Default)]
    pub struct Mapping {
        /// Its name.
        pub id: Text,
        /// What it is for.
        #[field("type")]
        pub kind: Reading<MappingKind>,
        /// What it is, in the words of whoever made it.
        pub description: Option<Text>,
        /// What it stands for on each node: `node=pve1,path=0000:01:00.0,…`.
        pub map: Vec<Text>,
        /// Of PCI: whether it gives out parts of cards.
        #[field(loose::yes)]
        pub mdev: bool,
        /// Of PCI: whether guests with it may move while they run.
        #[field("live-migration-capable", loose::yes)]
        pub live_migration_capable: bool,
        /// What is wrong with it on the node that was asked to check it.
        #[field(loose::each)]
        pub checks: Vec<MappingCheck>,
        /// The same of USB.
        #[field("error" | "errors", loose::each)]
        pub error: Vec<MappingCheck>,
        /// The checksum of the configuration it stands in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

fields! {
    /// What is wrong with a mapping on a node.
    #[derive(Clone, Debug, Default)]
    pub struct MappingCheck {
        /// `warning` or `error`.
        pub severity: Reading<Text>,
        /// What it is.
        pub message: Text,
    }
}

record!(Mapping: "/cluster/mapping/pci", "/cluster/mapping/usb", "/cluster/mapping/dir");

const PATHS: [&str; 3] = ["/cluster/mapping/pci", "/cluster/mapping/usb", "/cluster/mapping/dir"];

impl Mapping {
    pub(crate) fn list(session: &Session) -> Result<List<Mapping>, Error> {
        let about = ("Mappings", "Which devices and directories of the nodes have one name in the whole cluster?");
        let things = |path: &str| if path.ends_with("dir") { "mapped directories" } else { "mapped devices" };
        gathered(
            session,
            about,
            &PATHS,
            |ask, path| {
                ask.filtered_by(
                    things(path),
                    &["Mapping.Modify", "Mapping.Use", "Mapping.Audit"],
                    &path["/cluster".len()..],
                )
            },
            |mapping: &mut Mapping, path| {
                // The answer names the kind for directories alone, or not at all.
                mapping.kind = Reading::Known(Text::from(path.rsplit('/').next().unwrap_or_default()).into());
            },
        )
    }

    /// The nodes that it stands for something on.
    pub fn nodes(&self) -> Vec<Text> {
        let mut nodes: Vec<Text> =
            self.map.iter().filter_map(|part| Properties::read(part.raw()).get("node")).collect();
        nodes.sort();
        nodes.dedup();
        nodes
    }

    /// What it stands for on a node: for each device or directory its settings, as `path`, `id`, `iommugroup`.
    pub fn on(&self, node: &str) -> Vec<Properties> {
        let parts = self.map.iter().map(|part| Properties::read(part.raw()));
        parts.filter(|part| part.get("node").is_some_and(|name| name == node)).collect()
    }

    fn meaning(&self) -> String {
        let part = |part: &Text| {
            let part = Properties::read(part.raw());
            let what = part.get("path").or_else(|| part.get("id")).unwrap_or_default();
            format!("{} {what}", part.get("node").unwrap_or_default())
        };
        self.map.iter().map(part).collect::<Vec<_>>().join(", ")
    }
}

impl Listed for Mapping {
    const NOUN: (&'static str, &'static str) = ("mapping", "mappings");

    fn columns() -> Vec<Column<Mapping>> {
        vec![
            column!("Mapping", |m: &Mapping| m.id.clone()),
            column!("Kind", |m: &Mapping| m.kind.clone()),
            column!("Stands for", Mapping::meaning).by("map", "each entry's node with its path, or else its id"),
            column!("On how many nodes", |m: &Mapping| m.nodes().len())
                .by("map", "how many nodes are named in its entries"),
            column!("Description", |m: &Mapping| m.description.clone()),
        ]
    }

    fn summary(mappings: &[Mapping]) -> (String, String) {
        let single: Vec<String> = mappings
            .iter()
            .filter(|mapping| mapping.nodes().len() == 1)
            .map(|mapping| mapping.id.to_string())
            .collect();
        let rest = match single.is_empty() {
            true => ".".into(),
            false => format!("; on one node only, so that their guests cannot move: {}.", single.join(", ")),
        };
        (count(mappings.len(), Mapping::NOUN), rest)
    }
}
