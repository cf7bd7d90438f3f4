//! Explain a Proxmox VE cluster, and act on it, from a Rust Jupyter notebook.
//!
//! Values show themselves: a cell that ends in `pve.guests()?` shows a table, one that ends in `pve.topology()?` a
//! drawing, each with its question, its answer, and where it comes from. Actions are [`Plan`]s until `.run()`.
//!
//! ```
//! # fn main() -> Result<(), pve_notebook::Error> {
//! use pve_notebook::*;
//!
//! let pve = Pve::demo()?; // the built-in cluster: no server, no network
//! let stopped = pve.guests()?.filter(|g| g.is_stopped() && !g.is_template());
//! println!("{}", stopped.page().text());
//!
//! let plan = pve.guest("web-1")?.start(); // nothing has been sent
//! println!("{}", plan.page().text());
//! let done = plan.run()?; // follows the task to its end
//! println!("{}", done.page().text());
//! # Ok(()) }
//! ```
//!
//! The modules, from the bottom up, each knowing only those before it: what is said ([`Text`], [`Error`], units,
//! [`Page`]), how it looks ([`View`]), the way to a cluster (over HTTPS, or simulated), the journal, the session, the
//! objects, the plans, and [`Pve`].

mod approval;
mod draw;
mod error;
mod journal;
mod kernel;
mod lens;
mod loose;
mod model;
mod own_file;
mod page;
mod plan;
mod pve;
pub mod questions;
mod recording;
mod render;
mod runbook;
mod secret;
mod session;
mod text;
mod twin;
mod units;
mod wire;

pub use std::cmp::Reverse;

/// JSON of any kind, as `raw()` of every object gives it. Named here, since a variable of a notebook can hold only what
/// this crate names.
pub use serde_json::Value as JsonValue;

pub use approval::{Approval, Approver};
pub use error::Error;
pub use journal::{Journal, JournalCheck, JournalEntry, JournalFault, JournalReport};
pub use lens::{Lens, Unit};
pub use model::access::acl::{AclEntry, Grantee};
pub use model::access::factor::{FactorKind, SecondFactor, UserFactors};
pub use model::access::group::UserGroup;
pub use model::access::permission::Permission;
pub use model::access::realm::{Realm, RealmKind};
pub use model::access::right::Right;
pub use model::access::role::Role;
pub use model::access::token::ApiToken;
pub use model::access::user::User;
pub use model::access::valid_until::ValidUntil;
pub use model::api::{Api, ApiMethod, ApiParameter};
pub use model::ceph::Ceph;
pub use model::ceph::osd::{CephFlag, CephOsd, CephTree};
pub use model::ceph::pool::{CephFileSystem, CephPool};
pub use model::ceph::service::{CephManager, CephMds, CephMonitor};
pub use model::ceph::status::{
    CephCheck, CephCheckSummary, CephHealth, CephHealthReport, CephStatus, MonMap, OsdMap, PgMap, PgState,
};
pub use model::cluster::backup_cover::{BareGuest, IncludedVolume};
pub use model::cluster::backup_job::{BackupJob, BackupMode};
pub use model::cluster::ha_node::{HaNode, HaNodeState};
pub use model::cluster::ha_resource::{HaRequest, HaResource};
pub use model::cluster::ha_rule::{HaAffinity, HaGroup, HaRule, HaRuleKind};
pub use model::cluster::ha_status::{HaEntry, HaKind};
pub use model::cluster::log::LogEntry;
pub use model::cluster::mapping::{Mapping, MappingCheck, MappingKind};
pub use model::cluster::member::{ClusterMember, ClusterStatus, ConfiguredMember, MemberKind};
pub use model::cluster::metrics_server::MetricsServer;
pub use model::cluster::notification::{NotificationEndpoint, NotificationMatcher, NotificationTarget};
pub use model::cluster::options::DatacenterOptions;
pub use model::cluster::overview_row::{ClusterResource, ResourceKind};
pub use model::cluster::realm_sync::RealmSyncJob;
pub use model::cluster::replication::{Replication, ReplicationJob};
pub use model::difference::{Change, ChangeKind, ChangedPart, Difference};
pub use model::evidence::{Evidence, OrUnseen, Source};
pub use model::firewall::address::{AddressRef, FirewallAlias, IpSet, IpSetEntry};
pub use model::firewall::macros::{FirewallMacro, SecurityGroup};
pub use model::firewall::options::FirewallOptions;
pub use model::firewall::rule::{FirewallRule, RuleKind};
pub use model::firewall::{Firewall, FirewallLevel};
pub use model::guest::addresses::{GuestAddress, GuestInterface};
pub use model::guest::agent::{Agent, AgentFileSystem, AgentOs, AgentTimeZone, AgentUser};
pub use model::guest::cloud_init::CloudInitSetting;
pub use model::guest::config::{Config, PendingChange};
pub use model::guest::details::{DriveCounters, GuestDetails, NicCounters, QmpStatus};
pub use model::guest::disk::on_storage::{DiskStorage, GuestDisk};
pub use model::guest::disk::{Disk, DiskKind, DiskSource};
pub use model::guest::migration::{GuestFeature, LocalDisk, MigrationPreflight};
pub use model::guest::net::Net;
pub use model::guest::net::on_bridge::GuestNet;
pub use model::guest::reachable::{AddressFrom, Reachable};
pub use model::guest::{Guest, GuestId, GuestKind, Status};
pub use model::history::{Comparison, Filling, FullWhen, Histories, History, Point, Span, Whose};
pub use model::json::Json;
pub use model::lens::Inspected;
pub use model::list::{Column, Each, Groups, List, Listed, Table, count};
pub use model::log::LogLine;
pub use model::loss::{BlastRadius, Fate, GuestLoss};
pub use model::needle::Needle;
pub use model::node::Node;
pub use model::node::capability::{CpuFlag, CpuModel, MachineType};
pub use model::node::certificate::Certificate;
pub use model::node::directory::MountedDirectory;
pub use model::node::disk::{NodeDisk, NodeDiskKind, Smart, SmartAttribute};
pub use model::node::hardware::{PciDevice, UsbDevice};
pub use model::node::network::{InterfaceKind, NetworkInterface};
pub use model::node::package::AptPackage;
pub use model::node::repositories::{
    AptRepositories, AptRepository, RepositoryError, RepositoryFile, RepositoryOption, RepositoryRemark,
    StandardRepository,
};
pub use model::node::service::{NodeService, NodeServiceState};
pub use model::node::settings::NodeSettings;
pub use model::node::status::{BootInfo, CpuInfo, Ksm, NodeKernel, NodeSpace, NodeStatus};
pub use model::node::subscription::{Subscription, SubscriptionStatus};
pub use model::node::time::{NodeDns, NodeHosts, NodeTime};
pub use model::node::traffic::GuestTraffic;
pub use model::node::volume_group::{PhysicalVolume, ThinPool, VolumeGroup};
pub use model::node::zpool::{Zpool, ZpoolDetails, ZpoolHealth, ZpoolPart};
pub use model::pool::Pool;
pub use model::property::Properties;
pub use model::sdn::SdnChange;
pub use model::sdn::controller::SdnController;
pub use model::sdn::fabric::{SdnFabric, SdnFabricNode};
pub use model::sdn::on_node::{SdnZoneContent, SdnZoneOnNode, SdnZoneStatus};
pub use model::sdn::service::{SdnDns, SdnIpam};
pub use model::sdn::subnet::{DhcpRange, SdnSubnet};
pub use model::sdn::vnet::SdnVnet;
pub use model::sdn::zone::{SdnZone, SdnZoneKind};
pub use model::snapshot::Snapshot;
pub use model::storage::content::{Volume, VolumeKind, VolumeOwner};
pub use model::storage::{NodeStorage, Storage, StorageDefinition, StorageOnNode};
pub use model::task::{Task, TaskQuery, TaskStatus, Upid};
pub use model::version::PveVersion;
pub use model::volume::VolumeId;
pub use model::why::Explained;
pub use page::{Block, Cell, Figure, Grid, Level, Page, Provenance, Section, Sparkline, State, Tone};
pub use plan::{Check, CloneSpec, ConfigChange, CtSpec, NewGuest, Outcome, Plan, Verdict, VmSpec};
pub use pve::{Connection, Pve, Recorded};
pub use render::View;
pub use runbook::{Runbook, Step, StepState};
pub use text::Text;
pub use units::{Age, Amount, Bytes, Moment, Ratio, Reading, Why, days, hours, minutes, seconds};
pub use wire::practice::Fault;
pub use wire::redaction::Redaction;
