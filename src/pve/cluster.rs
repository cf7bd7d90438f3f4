//! The cluster as a whole: members, options, log, high availability, jobs, mappings, and where it reports.

use crate::error::Error;
use crate::model::cluster::backup_cover::BareGuest;
use crate::model::cluster::backup_job::BackupJob;
use crate::model::cluster::ha_node::HaNode;
use crate::model::cluster::ha_resource::HaResource;
use crate::model::cluster::ha_rule::{HaGroup, HaRule};
use crate::model::cluster::ha_status::HaEntry;
use crate::model::cluster::log::LogEntry;
use crate::model::cluster::mapping::Mapping;
use crate::model::cluster::member::{ClusterStatus, ConfiguredMember};
use crate::model::cluster::metrics_server::MetricsServer;
use crate::model::cluster::notification::{NotificationEndpoint, NotificationMatcher, NotificationTarget};
use crate::model::cluster::options::DatacenterOptions;
use crate::model::cluster::overview_row::ClusterResource;
use crate::model::cluster::realm_sync::RealmSyncJob;
use crate::model::cluster::replication::ReplicationJob;
use crate::model::list::List;
use crate::model::version::PveVersion;
use crate::pve::Pve;
use crate::units::Moment;

#[cfg(test)]
mod tests;

impl Pve {
    /// Who belongs to the cluster, who is there, and whether they can decide, from `/cluster/status`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let status = Pve::demo()?.status()?;
    /// assert!(status.quorate == true && status.online() == 3 && status.members.len() == 4);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read or Sys.Audit on `/` is missing.
    pub fn status(&self) -> Result<ClusterStatus, Error> {
        ClusterStatus::read(&self.session)
    }

    /// The version of Proxmox VE that answers, from `/version`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn version(&self) -> Result<PveVersion, Error> {
        PveVersion::read(&self.session)
    }

    /// Every row of the overview with every field that it has, from `/cluster/resources`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let busiest = Pve::demo()?.resources()?.filter(|r| r.vmid.is_some()).max_by_key(|r| r.netout);
    /// assert!(busiest.is_some());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn resources(&self) -> Result<List<ClusterResource>, Error> {
        ClusterResource::list(&self.session)
    }

    /// The members as they are configured, with links and votes, from `/cluster/config/nodes`.
    ///
    /// # Errors
    /// When the cluster cannot be read or Sys.Audit on `/` is missing.
    pub fn cluster_nodes(&self) -> Result<List<ConfiguredMember>, Error> {
        ConfiguredMember::list(&self.session)
    }

    /// The options of the whole cluster, from `/cluster/options`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let options = Pve::demo()?.options()?;
    /// assert_eq!(options.mac_prefix, "BC:24:11");
    /// assert_eq!(options.migration.why(), Some(Why::NotSet));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn options(&self) -> Result<DatacenterOptions, Error> {
        DatacenterOptions::read(&self.session)
    }

    /// The last 500 lines of the cluster's log, newest first, from `/cluster/log`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn log(&self) -> Result<List<LogEntry>, Error> {
        LogEntry::list(&self.session)
    }

    /// The lines of the cluster's log since a moment, from `/cluster/log`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let lately = pve.log_since(pve.ago(hours(1)))?;
    /// assert!(lately.len() < pve.log()?.len());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn log_since(&self, since: Moment) -> Result<List<LogEntry>, Error> {
        LogEntry::since(&self.session, since)
    }

    /// High availability as it is now: quorum, master, fencing, the agent on each node, and each guest in its care, from
    /// `/cluster/ha/status/current`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let wrong = Pve::demo()?.ha_status()?.filter(|entry| entry.is_wrong());
    /// assert_eq!(wrong.map(|entry| entry.id.to_string()), ["lrm:pve4"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read or Sys.Audit on `/` is missing.
    pub fn ha_status(&self) -> Result<List<HaEntry>, Error> {
        HaEntry::list(&self.session)
    }

    /// The nodes in the eyes of high availability: which can take over guests, which are in maintenance, who decides,
    /// from `/cluster/ha/status/manager_status`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let silent = Pve::demo()?.ha_nodes()?.filter(|node| node.state == HaNodeState::Unknown);
    /// assert_eq!(silent.map(|node| node.node.to_string()), ["pve4"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read or Sys.Audit on `/` is missing.
    pub fn ha_nodes(&self) -> Result<List<HaNode>, Error> {
        HaNode::list(&self.session)
    }

    /// The guests in the care of high availability, as they are configured, from `/cluster/ha/resources`.
    ///
    /// # Errors
    /// When the cluster cannot be read or Sys.Audit on `/` is missing.
    pub fn ha_resources(&self) -> Result<List<HaResource>, Error> {
        HaResource::list(&self.session)
    }

    /// The rules of high availability, from `/cluster/ha/rules`: which guests belong where, together or apart.
    ///
    /// # Errors
    /// When the cluster cannot be read or Sys.Audit on `/` is missing; before Proxmox VE 9 there are
    /// [groups](Pve::ha_groups) in their place.
    pub fn ha_rules(&self) -> Result<List<HaRule>, Error> {
        HaRule::list(&self.session)
    }

    /// The groups of high availability, from `/cluster/ha/groups`, in clusters before Proxmox VE 9.
    ///
    /// # Errors
    /// [`Error::NotFound`] where [rules](Pve::ha_rules) took their place; else when the cluster cannot be read or Sys.Audit
    /// on `/` is missing.
    pub fn ha_groups(&self) -> Result<List<HaGroup>, Error> {
        HaGroup::list(&self.session)
    }

    /// The backup jobs, from `/cluster/backup`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let asleep = pve.backup_jobs()?.filter(|job| !job.is_enabled());
    /// assert_eq!(asleep.map(|job| job.id.to_string()), ["backup-test"]);
    /// let left_out = pve.backup_job("backup-weekly")?.included_volumes()?.filter(|v| v.included == false);
    /// println!("{}", left_out.page().text());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read or Sys.Audit on `/` is missing.
    pub fn backup_jobs(&self) -> Result<List<BackupJob>, Error> {
        BackupJob::list(&self.session)
    }

    /// One backup job by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] names those that there are.
    pub fn backup_job(&self, id: &str) -> Result<BackupJob, Error> {
        self.backup_jobs()?.named(id, |job| job.id.clone())
    }

    /// The guests that no backup job saves, from `/cluster/backup-info/not-backed-up`.
    ///
    /// # Errors
    /// When the cluster cannot be read or Sys.Audit on `/` is missing.
    pub fn not_backed_up(&self) -> Result<List<BareGuest>, Error> {
        BareGuest::list(&self.session)
    }

    /// The replication jobs as they are configured, from `/cluster/replication`. How each went last is known on the node
    /// that does it: [`Node::replication`](crate::Node::replication).
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn replication_jobs(&self) -> Result<List<ReplicationJob>, Error> {
        ReplicationJob::list(&self.session)
    }

    /// The names that stand for devices and directories of the nodes, from `/cluster/mapping/pci`, `usb` and `dir`:
    /// `pve.mappings()?.filter(|m| m.kind == MappingKind::Pci)`.
    ///
    /// # Errors
    /// When none of the three can be read; one that cannot is named beside the list.
    pub fn mappings(&self) -> Result<List<Mapping>, Error> {
        Mapping::list(&self.session)
    }

    /// The databases to which the nodes send their figures, from `/cluster/metrics/server`.
    ///
    /// # Errors
    /// When the cluster cannot be read or Sys.Audit on `/` is missing.
    pub fn metrics_servers(&self) -> Result<List<MetricsServer>, Error> {
        MetricsServer::list(&self.session)
    }

    /// Where notifications can go, from `/cluster/notifications/targets`.
    ///
    /// # Errors
    /// When the cluster cannot be read or a right on `/mapping/notifications` is missing.
    pub fn notification_targets(&self) -> Result<List<NotificationTarget>, Error> {
        NotificationTarget::list(&self.session)
    }

    /// By which mail server or web address notifications go, from `/cluster/notifications/endpoints/sendmail`, `smtp`,
    /// `gotify` and `webhook`.
    ///
    /// # Errors
    /// When none of the four can be read; one that cannot is named beside the list.
    pub fn notification_endpoints(&self) -> Result<List<NotificationEndpoint>, Error> {
        NotificationEndpoint::list(&self.session)
    }

    /// The rules that say which notifications go where, from `/cluster/notifications/matchers`.
    ///
    /// # Errors
    /// When the cluster cannot be read or a right on `/mapping/notifications` is missing.
    pub fn notification_matchers(&self) -> Result<List<NotificationMatcher>, Error> {
        NotificationMatcher::list(&self.session)
    }

    /// The jobs that take users and groups over from directories, from `/cluster/jobs/realm-sync`.
    ///
    /// # Errors
    /// When the cluster cannot be read or Sys.Audit on `/` is missing.
    pub fn realm_sync_jobs(&self) -> Result<List<RealmSyncJob>, Error> {
        RealmSyncJob::list(&self.session)
    }
}
