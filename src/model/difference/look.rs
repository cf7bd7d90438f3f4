//! One look at a cluster: all that is compared, and what of it could not be seen.

use std::collections::BTreeMap;
use std::time::Instant;

use super::unseen::Unseen;
use crate::error::Error;
use crate::model::access::acl::AclEntry;
use crate::model::access::group::UserGroup;
use crate::model::access::realm::Realm;
use crate::model::access::role::Role;
use crate::model::access::user::User;
use crate::model::cluster::backup_job::BackupJob;
use crate::model::cluster::ha_resource::HaResource;
use crate::model::cluster::ha_rule::HaRule;
use crate::model::cluster::member::ClusterStatus;
use crate::model::cluster::options::DatacenterOptions;
use crate::model::cluster::replication::ReplicationJob;
use crate::model::evidence::Source;
use crate::model::guest::Guest;
use crate::model::guest::config::Config;
use crate::model::list::List;
use crate::model::node::Node;
use crate::model::node::network::NetworkInterface;
use crate::model::node::package::AptPackage;
use crate::model::pool::Pool;
use crate::model::snapshot::Snapshot;
use crate::model::storage::Storage;
use crate::page::Provenance;
use crate::session::Session;
use crate::text::Text;
use crate::units::Moment;
use crate::wire::Call;

/// What was seen; `None` of what could not be read.
pub(super) struct Look {
    /// `Before`, `After`.
    pub(super) called: &'static str,
    /// When it began.
    pub(super) at: Moment,
    pub(super) session: Session,
    pub(super) status: Option<ClusterStatus>,
    pub(super) nodes: List<Node>,
    pub(super) guests: List<Guest>,
    /// By the number of the guest.
    pub(super) configs: BTreeMap<u32, Config>,
    pub(super) storages: Option<List<Storage>>,
    pub(super) pools: Option<List<Pool>>,
    pub(super) options: Option<DatacenterOptions>,
    pub(super) ha_resources: Option<List<HaResource>>,
    pub(super) ha_rules: Option<List<HaRule>>,
    pub(super) backup_jobs: Option<List<BackupJob>>,
    pub(super) replication: Option<List<ReplicationJob>>,
    pub(super) users: Option<List<User>>,
    pub(super) groups: Option<List<UserGroup>>,
    pub(super) roles: Option<List<Role>>,
    pub(super) acl: Option<List<AclEntry>>,
    pub(super) realms: Option<List<Realm>>,
    /// By the node, of those that were online.
    pub(super) packages: BTreeMap<Text, List<AptPackage>>,
    pub(super) networks: BTreeMap<Text, List<NetworkInterface>>,
    pub(super) unseen: Unseen,
    pub(super) from: Provenance,
}

/// The reads of the whole cluster, to be sent off at once.
const PATHS: [&str; 14] = [
    "/cluster/resources",
    "/cluster/status",
    "/storage",
    "/pools",
    "/cluster/options",
    "/cluster/ha/resources",
    "/cluster/ha/rules",
    "/cluster/backup",
    "/cluster/replication",
    "/access/groups",
    "/access/roles",
    "/access/acl",
    "/access/domains",
    "/access/permissions",
];

impl Look {
    /// Looks at everything: a call a guest, two a node, and some twenty of the cluster.
    pub(super) fn taken(called: &'static str, session: &Session) -> Result<Look, Error> {
        let session = session.ahead(PATHS[..13].iter().map(|path| Call::get(*path)));
        let guests = Guest::list(&session)?;
        let nodes = Node::list(&session)?;
        let mut look = Look {
            called,
            at: guests.provenance().at.unwrap_or_else(|| session.now()),
            from: guests.provenance(),
            status: None,
            nodes,
            guests,
            configs: BTreeMap::new(),
            storages: None,
            pools: None,
            options: None,
            ha_resources: None,
            ha_rules: None,
            backup_jobs: None,
            replication: None,
            users: None,
            groups: None,
            roles: None,
            acl: None,
            realms: None,
            packages: BTreeMap::new(),
            networks: BTreeMap::new(),
            unseen: Unseen::default(),
            session,
        };
        look.unseen.of_list(called, "Guests", &look.guests);
        look.read_cluster();
        look.read_nodes();
        look.read_configs();
        Ok(look)
    }

    fn read_cluster(&mut self) {
        let session = &self.session.clone();
        self.status = self.one("The cluster", ClusterStatus::read(session));
        self.options = self.one("Options of the cluster", DatacenterOptions::read(session));
        self.storages = self.list("Storages", Storage::list(session));
        self.pools = self.list("Pools", Pool::list(session));
        self.ha_resources = self.list("High availability", HaResource::list(session));
        self.ha_rules = self.list("Rules of high availability", HaRule::list(session));
        self.backup_jobs = self.list("Backup jobs", BackupJob::list(session));
        self.replication = self.list("Replication jobs", ReplicationJob::list(session));
        self.users = self.list("Users", User::list(session));
        self.groups = self.list("Groups of users", UserGroup::list(session));
        self.roles = self.list("Roles", Role::list(session));
        self.acl = self.list("Access control", AclEntry::list(session));
        self.realms = self.list("Realms", Realm::list(session));
    }

    fn read_nodes(&mut self) {
        let since = Instant::now();
        let packages = self.nodes.each(Node::versions);
        let networks = self.nodes.each(Node::networks);
        let (called, sight) = (self.called, packages.evidence().sight);
        self.unseen.of_sight(called, "Packages of nodes", &sight);
        self.unseen.of_sight(called, "Networks of nodes", &networks.evidence().sight);
        let more = packages.evidence().provenance.and(&networks.evidence().provenance).together_since(since);
        self.from = self.from.clone().and(&more);
        self.packages = packages.into_iter().map(|(node, packages)| (node.name, packages)).collect();
        self.networks = networks.into_iter().map(|(node, networks)| (node.name, networks)).collect();
    }

    fn read_configs(&mut self) {
        if let Some(configs) = self.list("Settings of guests", self.guests.configs()) {
            self.configs = configs.into_iter().map(|config| (config.vmid, config)).collect();
        }
    }

    /// The snapshots of these guests, by their numbers: those that could be read.
    pub(super) fn snapshots_of(&mut self, wanted: &[u32]) -> BTreeMap<u32, List<Snapshot>> {
        let guests = self.guests.only(|guest| wanted.binary_search(&guest.vmid).is_ok());
        if guests.is_empty() {
            return BTreeMap::new();
        }
        let read = guests.each(Guest::snapshots);
        self.unseen.of_sight(self.called, "Snapshots of guests", &read.evidence().sight);
        self.from = self.from.clone().and(&read.evidence().provenance);
        read.into_iter().map(|(guest, snapshots)| (guest.vmid, snapshots)).collect()
    }

    fn list<T: Clone>(&mut self, of: &'static str, read: Result<List<T>, Error>) -> Option<List<T>> {
        if let Ok(list) = &read {
            self.unseen.of_list(self.called, of, list);
        }
        self.one(of, read)
    }

    fn one<T: Source>(&mut self, of: &'static str, read: Result<T, Error>) -> Option<T> {
        match read {
            Ok(read) => {
                self.from = self.from.clone().and(&read.evidence().provenance);
                Some(read)
            }
            Err(error) => {
                self.unseen.error(self.called, of, &error);
                None
            }
        }
    }
}
