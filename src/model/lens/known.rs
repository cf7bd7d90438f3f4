//! The names that a lens can mean: the columns of every type that stands in lists, the parts of every page of an object.
//! What a lens names and is not there is told, with what is.

use crate::lens::{Lens, Remark, Step, is_same, type_name};
use crate::model::guest::Guest;
use crate::model::lens::Inspected;
use crate::model::list::Listed;
use crate::model::node::Node;
use crate::model::pool::Pool;
use crate::model::record;
use crate::model::storage::Storage;
use crate::model::task::Task;
use crate::text::Text;

/// The parts of the page of a whole cluster.
pub(crate) const OF_CLUSTER: &[&str] = &[
    "Where what runs",
    "Storages",
    "Guests that do not run",
    "Failed tasks",
    "High availability",
    "Not backed up",
    "Permissions",
    "Drawings",
    "Log",
    "Raw data",
    crate::model::inspect::FOUND,
];

/// The labelled values on the pages of guests, nodes, storages, pools and tasks that are no columns of theirs.
const FACTS: [&str; 20] = [
    "What",
    "Root disk",
    "First disk",
    "Running for",
    "High availability",
    "Pool",
    "Tags",
    "Kind",
    "For",
    "Shared",
    "Part of",
    "Pools in it",
    "Guests",
    "Memory of running guests",
    "Memory that they use",
    "First disks of all guests",
    "Asked for by",
    "State",
    "About",
    "UPID",
];

/// The parts of the pages of a type.
fn parts_of(of: &str) -> &'static [&'static str] {
    match of {
        "Pve" => OF_CLUSTER,
        "Guest" => Guest::PARTS,
        "Node" => Node::PARTS,
        "Storage" => Storage::PARTS,
        "Pool" => Pool::PARTS,
        "Task" => Task::PARTS,
        _ => record::PARTS,
    }
}

fn names<T: Listed>() -> Vec<Text> {
    T::columns().iter().map(|column| column.name().clone()).collect()
}

macro_rules! known {
    ($($type:ty,)+) => {
        /// Every type that stands in lists, with its columns.
        pub(super) fn known() -> Vec<(&'static str, Vec<Text>)> {
            vec![$((type_name::<$type>(), names::<$type>()),)+]
        }
    };
}

known! {
    crate::model::access::acl::AclEntry,
    crate::model::firewall::address::AddressRef,
    crate::model::guest::agent::AgentFileSystem,
    crate::model::guest::agent::AgentOs,
    crate::model::guest::agent::AgentTimeZone,
    crate::model::guest::agent::AgentUser,
    crate::model::api::ApiMethod,
    crate::model::access::token::ApiToken,
    crate::model::node::package::AptPackage,
    crate::model::node::repositories::AptRepositories,
    crate::model::cluster::backup_job::BackupJob,
    crate::model::cluster::backup_cover::BareGuest,
    crate::model::ceph::pool::CephFileSystem,
    crate::model::ceph::osd::CephFlag,
    crate::model::ceph::service::CephManager,
    crate::model::ceph::service::CephMds,
    crate::model::ceph::service::CephMonitor,
    crate::model::ceph::osd::CephOsd,
    crate::model::ceph::pool::CephPool,
    crate::model::ceph::status::CephStatus,
    crate::model::ceph::osd::CephTree,
    crate::model::node::certificate::Certificate,
    crate::model::difference::Change,
    crate::model::guest::cloud_init::CloudInitSetting,
    crate::model::cluster::member::ClusterMember,
    crate::model::cluster::overview_row::ClusterResource,
    crate::model::guest::config::Config,
    crate::model::cluster::member::ConfiguredMember,
    crate::model::node::capability::CpuFlag,
    crate::model::node::capability::CpuModel,
    crate::model::cluster::options::DatacenterOptions,
    crate::model::guest::disk::Disk,
    crate::model::firewall::address::FirewallAlias,
    crate::model::firewall::macros::FirewallMacro,
    crate::model::firewall::options::FirewallOptions,
    crate::model::firewall::rule::FirewallRule,
    Guest,
    crate::model::guest::details::GuestDetails,
    crate::model::guest::disk::on_storage::GuestDisk,
    crate::model::guest::migration::GuestFeature,
    crate::model::guest::addresses::GuestInterface,
    crate::model::loss::GuestLoss,
    crate::model::guest::net::on_bridge::GuestNet,
    crate::model::node::traffic::GuestTraffic,
    crate::model::cluster::ha_status::HaEntry,
    crate::model::cluster::ha_rule::HaGroup,
    crate::model::cluster::ha_node::HaNode,
    crate::model::cluster::ha_resource::HaResource,
    crate::model::cluster::ha_rule::HaRule,
    crate::model::cluster::backup_cover::IncludedVolume,
    crate::model::firewall::address::IpSet,
    crate::model::firewall::address::IpSetEntry,
    crate::model::cluster::log::LogEntry,
    crate::model::log::LogLine,
    crate::model::node::capability::MachineType,
    crate::model::cluster::mapping::Mapping,
    crate::model::cluster::metrics_server::MetricsServer,
    crate::model::guest::migration::MigrationPreflight,
    crate::model::node::directory::MountedDirectory,
    crate::model::guest::net::Net,
    crate::model::node::network::NetworkInterface,
    Node,
    crate::model::node::disk::NodeDisk,
    crate::model::node::time::NodeDns,
    crate::model::node::time::NodeHosts,
    crate::model::node::service::NodeService,
    crate::model::node::settings::NodeSettings,
    crate::model::node::status::NodeStatus,
    crate::model::storage::NodeStorage,
    crate::model::node::time::NodeTime,
    crate::model::cluster::notification::NotificationEndpoint,
    crate::model::cluster::notification::NotificationMatcher,
    crate::model::cluster::notification::NotificationTarget,
    crate::model::node::hardware::PciDevice,
    crate::model::access::permission::Permission,
    Pool,
    crate::model::version::PveVersion,
    crate::model::access::realm::Realm,
    crate::model::cluster::realm_sync::RealmSyncJob,
    crate::model::cluster::replication::Replication,
    crate::model::cluster::replication::ReplicationJob,
    crate::model::access::right::Right,
    crate::model::access::role::Role,
    crate::model::sdn::controller::SdnController,
    crate::model::sdn::service::SdnDns,
    crate::model::sdn::fabric::SdnFabric,
    crate::model::sdn::fabric::SdnFabricNode,
    crate::model::sdn::service::SdnIpam,
    crate::model::sdn::subnet::SdnSubnet,
    crate::model::sdn::vnet::SdnVnet,
    crate::model::sdn::zone::SdnZone,
    crate::model::sdn::on_node::SdnZoneContent,
    crate::model::sdn::on_node::SdnZoneOnNode,
    crate::model::access::factor::SecondFactor,
    crate::model::firewall::macros::SecurityGroup,
    crate::model::node::disk::Smart,
    crate::model::snapshot::Snapshot,
    Storage,
    crate::model::storage::StorageDefinition,
    crate::model::node::subscription::Subscription,
    Task,
    crate::model::node::volume_group::ThinPool,
    crate::model::node::hardware::UsbDevice,
    crate::model::access::user::User,
    crate::model::access::factor::UserFactors,
    crate::model::access::group::UserGroup,
    crate::model::storage::content::Volume,
    crate::model::node::volume_group::VolumeGroup,
    crate::model::node::zpool::Zpool,
    crate::model::node::zpool::ZpoolDetails,
}

/// Whether the pages of a type of this name can have parts more or less.
pub(super) fn has_parts(of: &str) -> bool {
    of == "Pve" || known().iter().any(|(known, _)| *known == of)
}

fn listed<T: std::fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
}

/// What a lens names and is not there, each with what is.
pub(crate) fn remarks(lens: &Lens) -> Vec<Remark> {
    let known = known();
    let columns = |of: &str| known.iter().find(|(known, _)| *known == of).map(|(_, names)| names.as_slice());
    let is_added = |name: &Text, is_column: bool| {
        lens.steps().iter().any(|step| match step {
            Step::Column { name: added, .. } => is_column && is_same(added, name),
            Step::Section { title, .. } => !is_column && is_same(title, name),
            _ => false,
        })
    };
    let is_column = |name: &Text| is_added(name, true) || known.iter().any(|(_, names)| has(names, name));
    let (who, mut told) = (lens.name().raw(), Vec::new());
    for step in lens.steps() {
        let remark = match step {
            Step::HideColumn { of: Some(of), name } => match columns(of.raw()) {
                Some(names) if !has(names, name) && !is_added(name, true) && !is_fact(of.raw(), name) => {
                    let there = listed(names);
                    Remark::certain(format!(
                        "{who} hides the column \"{name}\" of {of}, which has none of that name. There are {there}."
                    ))
                }
                _ => continue,
            },
            Step::HideSection { of: Some(of), title } => {
                let parts = parts_of(of.raw());
                if has_part(parts, title) || is_added(title, false) {
                    continue;
                }
                let there = listed(parts);
                Remark::certain(format!(
                    "{who} hides the part \"{title}\" of {of}, which has none of that name. There are {there}."
                ))
            }
            Step::HideColumn { of: None, name } | Step::Total(name) | Step::ColumnIn(name, _)
                if !is_column(name) && !FACTS.iter().any(|fact| is_same(&(*fact).into(), name)) =>
            {
                let there: Vec<String> = ["Guest", "Node", "Storage"]
                    .map(|of| format!("{of} has {}", listed(columns(of).unwrap_or_default())))
                    .into();
                Remark::likely(
                    format!("the column \"{name}\" is in no list"),
                    format!(
                        "{who} names the column \"{name}\", which no list has. Of those that do exist, {}.",
                        there.join("; ")
                    ),
                )
            }
            Step::HideSection { of: None, title } => {
                let all = ["Pve", "Guest", "Node", "Storage", "Pool", "Task", "_"].map(parts_of);
                if all.iter().any(|parts| has_part(parts, title)) || is_added(title, false) {
                    continue;
                }
                Remark::likely(
                    format!("the part \"{title}\" is on no page of an object"),
                    format!(
                        "{who} hides the part \"{title}\", which no page of an object has. A guest's page has {}; a node's {}.",
                        listed(parts_of("Guest")),
                        listed(parts_of("Node"))
                    ),
                )
            }
            Step::Word(word, instead) if word.is_blank() || instead.is_blank() => {
                Remark::certain(format!("{who} says \"{instead}\" for \"{word}\": neither may be blank."))
            }
            _ => continue,
        };
        told.push(remark);
    }
    told
}

fn has(names: &[Text], name: &Text) -> bool {
    names.iter().any(|known| is_same(known, name))
}

fn has_part(parts: &[&str], title: &Text) -> bool {
    parts.iter().any(|part| is_same(&(*part).into(), title))
}

/// Whether it is a labelled value on the page of such an object.
fn is_fact(of: &str, name: &Text) -> bool {
    ["Guest", "Node", "Storage", "Pool", "Task"].contains(&of) && has_part(&FACTS, name)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    fn sources(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn every_type_that_stands_in_lists_is_known() {
        let known: Vec<&str> = known().into_iter().map(|(name, _)| name).collect();
        let mut missing = Vec::new();
        for file in sources(Path::new("src")) {
            let source = std::fs::read_to_string(file).unwrap();
            let own = source.split("#[cfg(test)]").next().unwrap_or_default();
            let types = own.lines().filter_map(|line| line.strip_prefix("impl Listed for ")?.strip_suffix(" {"));
            missing.extend(types.filter(|name| !known.contains(name)).map(str::to_owned));
        }
        assert_eq!(missing, Vec::<String>::new(), "they belong into src/model/lens/known.rs");
        assert!(known.len() > 100);
    }
}
