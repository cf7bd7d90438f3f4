//! The cluster as a whole: its members, its options, high availability, backup and replication jobs, and where it reports.

use crate::error::Error;
use crate::model::list::{About, List};
use crate::model::record::{Ask, Record};
use crate::model::sight::Sight;
use crate::page::Provenance;
use crate::session::Session;

pub(crate) mod backup_cover;
pub(crate) mod backup_job;
pub(crate) mod ha_node;
pub(crate) mod ha_resource;
pub(crate) mod ha_rule;
pub(crate) mod ha_status;
pub(crate) mod log;
pub(crate) mod mapping;
pub(crate) mod member;
pub(crate) mod metrics_server;
pub(crate) mod notification;
pub(crate) mod options;
pub(crate) mod overview_row;
pub(crate) mod realm_sync;
pub(crate) mod replication;

/// The types of this family, for the conformance check.
#[cfg(test)]
pub(crate) fn typed() -> Vec<super::conformance::Typed> {
    use super::conformance::Typed;
    vec![
        Typed::record::<member::ClusterMember>(),
        Typed::record::<member::ConfiguredMember>(),
        Typed::record::<options::DatacenterOptions>(),
        Typed::record::<log::LogEntry>(),
        Typed::record::<ha_status::HaEntry>(),
        Typed::row::<ha_node::ManagerStatus>(&["/cluster/ha/status/manager_status"]),
        Typed::record::<ha_resource::HaResource>(),
        Typed::record::<ha_rule::HaRule>(),
        Typed::record::<ha_rule::HaGroup>(),
        Typed::record::<backup_job::BackupJob>(),
        Typed::record::<backup_cover::BareGuest>(),
        Typed::row::<backup_cover::Cover>(&["/cluster/backup/{id}/included_volumes"]),
        Typed::record::<replication::ReplicationJob>(),
        Typed::record::<replication::Replication>(),
        Typed::record::<mapping::Mapping>(),
        Typed::record::<metrics_server::MetricsServer>(),
        Typed::record::<notification::NotificationTarget>(),
        Typed::record::<notification::NotificationEndpoint>(),
        Typed::record::<notification::NotificationMatcher>(),
        Typed::record::<realm_sync::RealmSyncJob>(),
        Typed::record::<overview_row::ClusterResource>(),
        Typed::record::<super::version::PveVersion>(),
    ]
}

/// One list out of several paths. One that cannot be read leaves a warning in its place; when none can, that is the
/// error.
pub(crate) fn gathered<'a, T: Record>(
    session: &'a Session,
    (title, question): (&str, &str),
    paths: &[&'static str],
    ask: impl Fn(Ask<'a>, &'static str) -> Ask<'a>,
    add: impl Fn(&mut T, &'static str),
) -> Result<List<T>, Error> {
    let (mut items, mut sight, mut from) = (Vec::new(), Sight::whole(), None::<Provenance>);
    let mut failed = None;
    for path in paths {
        match ask(Ask::new(session, *path), path).list_with(|item: &mut T| add(item, path)) {
            Ok(list) => {
                items.extend(list.iter().cloned());
                sight = sight.and(list.sight());
                let source = list.provenance();
                from = Some(from.map_or_else(|| source.clone(), |from| from.and(&source)));
            }
            Err(error) => {
                sight = sight.and(Sight::part(format!("{path} could not be read: {error}")));
                failed.get_or_insert(error);
            }
        }
    }
    let provenance = match (from, failed) {
        (None, Some(error)) => return Err(error),
        (from, _) => from.unwrap_or_default(),
    };
    Ok(List::new(items, About { title: title.into(), question: question.into(), sight, provenance, of: None }))
}
