//! What conclusions are drawn from: everything that is read, and what of it could not be.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::model::cluster::ha_node::HaNode;
use crate::model::cluster::ha_resource::HaResource;
use crate::model::cluster::ha_rule::{HaGroup, HaRule};
use crate::model::cluster::ha_status::{HaEntry, HaKind};
use crate::model::cluster::mapping::Mapping;
use crate::model::cluster::replication::ReplicationJob;
use crate::model::guest::Guest;
use crate::model::guest::config::Config;
use crate::model::guest::disk::{Disk, DiskKind};
use crate::model::list::List;
use crate::model::map::Settings;
use crate::model::map::cover::Cover;
use crate::model::map::network::{Sdn, Wired};
use crate::model::node::Node;
use crate::model::storage::Storage;
use crate::page::Provenance;
use crate::session::Session;
use crate::text::Text;

/// How what is told of backups begins that leave out a part of what is lost.
pub(super) const PARTLY: &str = "not all that is lost";

/// All that is known.
pub(super) struct Ground {
    pub(super) session: Session,
    pub(super) nodes: List<Node>,
    /// Every guest that is seen, templates too.
    pub(super) all: List<Guest>,
    pub(super) settings: Settings,
    pub(super) storages: List<Storage>,
    /// Shared storages that go with what is lost.
    pub(super) gone: Vec<Text>,
    /// The replication jobs that copy; `None` where they could not be read.
    pub(super) copies: Option<Vec<ReplicationJob>>,
    pub(super) cover: Cover,
    /// The networks of the nodes.
    pub(super) wired: Wired,
    pub(super) sdn: Sdn,
    pub(super) mappings: Option<Vec<Mapping>>,
    pub(super) ha: Option<Care>,
    pub(super) caveats: Vec<String>,
    pub(super) from: Provenance,
}

/// High availability, as far as it could be read.
pub(super) struct Care {
    pub(super) resources: BTreeMap<u32, HaResource>,
    /// `None` where they could not be read; empty in clusters that have groups in their place.
    pub(super) rules: Option<Vec<HaRule>>,
    pub(super) groups: Vec<HaGroup>,
    pub(super) nodes: Option<Vec<HaNode>>,
    /// Whether it was switched off.
    pub(super) disarmed: bool,
}

impl Ground {
    /// Reads all of it; the settings of the guests that `wanted` holds for. High availability matters only when a node is lost.
    pub(super) fn read(session: &Session, with_ha: bool, wanted: impl Fn(&Guest) -> bool) -> Result<Ground, Error> {
        let all = Guest::those(session, ("Guests".into(), ""), |_| true)?;
        let asked = all.filter(|guest| wanted(guest));
        let settings = Settings::read(&asked);
        let (storages, nodes) = (Storage::list(session)?, Node::list(session)?);
        let cover = Cover::read(session);
        let (wired, sdn) = (Wired::read(session, &nodes), Sdn::read(session));
        let mut ground = Ground {
            from: settings.from.clone().and(&storages.provenance()).and(&cover.from).and(&wired.from).and(&sdn.from),
            caveats: Vec::new(),
            session: session.clone(),
            gone: Vec::new(),
            copies: None,
            mappings: None,
            ha: None,
            nodes,
            all,
            settings,
            storages,
            cover,
            wired,
            sdn,
        };
        ground
            .caveats
            .extend(ground.all.about_caveats().chain(ground.storages.about_caveats()).map(|(_, it)| it.to_string()));
        ground.caveats.extend(ground.settings.caveats.iter().chain(&ground.cover.caveats).cloned());
        ground.copies = ground.take(ReplicationJob::list(session), "the replication jobs");
        // Only a guest that has one asks for them.
        let maps = |config: &Config| config.keys().iter().any(|key| config.property(key, "mapping").is_some());
        if ground.settings.configs.values().any(maps) {
            ground.mappings = ground.take(Mapping::list(session), "the mappings of devices");
        }
        if with_ha {
            ground.read_ha();
        }
        ground.caveats.dedup();
        Ok(ground)
    }

    /// What was read, or a word that it was not.
    fn take<T: Clone>(&mut self, read: Result<List<T>, Error>, what: &str) -> Option<Vec<T>> {
        match read {
            Ok(list) => {
                self.from = self.from.clone().and(&list.provenance());
                self.caveats.extend(list.about_caveats().map(|(_, words)| words.to_string()));
                Some(list.to_vec())
            }
            Err(error) => {
                self.caveats.push(format!("Not known: {what}. {error}"));
                None
            }
        }
    }

    fn read_ha(&mut self) {
        let session = self.session.clone();
        let Some(resources) =
            self.take(HaResource::list(&session), "which guests are in the care of high availability")
        else {
            return;
        };
        let rules = match HaRule::list(&session) {
            // Before version 9, groups stood in their place.
            Err(Error::NotFound { .. }) => Some(Vec::new()),
            rules => self.take(rules, "the rules of high availability"),
        };
        let grouped = resources.iter().any(|resource| resource.group.is_some());
        let groups = if grouped { self.take(HaGroup::list(&session), "the groups of high availability") } else { None };
        let nodes = self.take(HaNode::list(&session), "the nodes in the eyes of high availability");
        let entries = self.take(HaEntry::list(&session), "the state of high availability").unwrap_or_default();
        let disarmed = entries.iter().any(|entry| {
            let armed = entry.armed_state.as_ref().map(Text::raw);
            entry.kind == HaKind::Fencing && matches!(armed, Some("disarmed" | "disarming"))
        });
        self.ha = Some(Care {
            resources: resources.into_iter().filter_map(|resource| Some((resource.vmid()?, resource))).collect(),
            rules: if grouped && groups.is_none() { None } else { rules },
            groups: groups.unwrap_or_default(),
            nodes,
            disarmed,
        });
    }

    /// The nodes that are online and not this one.
    pub(super) fn others(&self, lost: &Text) -> Vec<Text> {
        let others = self.nodes.iter().filter(|node| node.is_online() && node.name != *lost);
        others.map(|node| node.name.clone()).collect()
    }

    pub(super) fn storage(&self, name: &str) -> Option<&Storage> {
        self.storages.iter().find(|storage| storage.name == name)
    }

    /// Which backup jobs save a guest to where the loss does not reach, in words; and whether any does. A place of which
    /// nothing is known is `None` to `is_lost`. A job that leaves out a disk that `falls` does not save what is lost.
    pub(super) fn saved(
        &self,
        guest: &Guest,
        is_lost: impl Fn(&str) -> Option<bool>,
        falls: impl Fn(&Disk) -> bool,
    ) -> (Text, Option<bool>) {
        let (mut safe, mut gone, mut open, mut partly) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for saves in self.cover.of(guest) {
            let config = self.settings.of(guest);
            let disks = config.map(|config| config.disks().to_vec()).unwrap_or_default();
            let out: Vec<&Disk> = disks.iter().filter(|disk| saves.leaves_out(guest.vmid, &disk.key)).collect();
            let misses = out.iter().any(|disk| disk.holds_data() && disk.kind != DiskKind::Unused && falls(disk));
            let out: Vec<String> = out.iter().map(|disk| disk.key.to_string()).collect();
            let without = if out.is_empty() { String::new() } else { format!(" without {}", out.join(", ")) };
            let words = format!("{} to {}{without}", saves.job.id, saves.target());
            match is_lost(&saves.target()) {
                Some(false) if misses => partly.push(words),
                Some(false) => safe.push(words),
                Some(true) => gone.push(words),
                None => open.push(words),
            }
        }
        match (safe.is_empty(), open.is_empty(), gone.is_empty(), self.cover.whole) {
            (false, ..) => (safe.join("; ").into(), Some(true)),
            (_, false, ..) => (format!("whether it stays is not known: {}", open.join("; ")).into(), None),
            (.., false) => ("not known".into(), None),
            _ if !partly.is_empty() => (format!("{PARTLY}: {}", partly.join("; ")).into(), Some(false)),
            (.., true, true) => ("no backup job that runs saves it".into(), Some(false)),
            (.., false, true) => (format!("only what is lost too: {}", gone.join("; ")).into(), Some(false)),
        }
    }
}
