//! A guest: a virtual machine (QEMU) or a container (LXC).

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::error::Error;
use crate::model::history::{History, Source, Span};
use crate::model::list::{About, List};
use crate::model::map::{self, Focus};
use crate::model::record::json_of;
use crate::model::resource::{Resource, Resources};
use crate::model::sight::Sight;
use crate::model::task::{self, Task};
use crate::model::told::told;
use crate::page::{Figure, Provenance};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Bytes, Moment, Ratio, Reading, Why};
use crate::wire::{Call, Raw};

pub(crate) mod addresses;
pub(crate) mod agent;
pub(crate) mod cloud_init;
pub(crate) mod config;
mod configs;
pub(crate) mod details;
pub(crate) mod disk;
mod inspector;
mod lock;
pub(crate) mod migration;
pub(crate) mod net;
pub(crate) mod page;
pub(crate) mod reachable;
mod search;
mod silence;
mod sources;
mod status;
#[cfg(test)]
mod tests;

pub use status::{GuestId, GuestKind, Status};

/// What guests are read from.
#[cfg(test)]
pub(crate) fn typed() -> Vec<super::conformance::Typed> {
    use super::conformance::Typed;
    vec![
        Typed::record::<details::GuestDetails>(),
        Typed::record::<super::snapshot::Snapshot>(),
        Typed::record::<addresses::GuestInterface>(),
        Typed::record::<agent::AgentOs>(),
        Typed::record::<agent::AgentFileSystem>(),
        Typed::record::<agent::AgentUser>(),
        Typed::record::<agent::AgentTimeZone>(),
        Typed::record::<cloud_init::CloudInitSetting>(),
        Typed::record::<migration::GuestFeature>(),
        Typed::record::<migration::MigrationPreflight>(),
        Typed::row::<config::PendingRow>(&["/nodes/{node}/qemu/{vmid}/pending", "/nodes/{node}/lxc/{vmid}/pending"]),
    ]
}

told! {
    /// A virtual machine or a container, as it was when it was read.
    ///
    /// Lists come from `/cluster/resources`; a guest asked for alone also from its
    /// `/nodes/{node}/{qemu|lxc}/{vmid}/status/current`, which does not lag.
    #[derive(Clone)]
    pub struct Guest {
        /// Its number, unique in the cluster.
        pub vmid: u32,
        /// Its name; not known while its node is offline.
        pub name: Reading<Text>,
        /// The node that it is on.
        pub node: Text,
        /// Virtual machine or container.
        #[field("type")]
        pub kind: GuestKind,
        /// Whether it runs.
        #[field("status" | "qmpstatus")]
        pub status: Status,
        /// Whether it is a template, which never runs.
        pub template: bool,
        /// The pool that it belongs to.
        pub pool: Option<Text>,
        /// Its tags, in the order of the server.
        pub tags: Vec<Text>,
        /// What holds a lock on it: `backup`, `migrate`, `snapshot`, ...
        pub lock: Option<Text>,
        /// What high availability makes of it, where it is managed: `started`, `stopped`, `error`, ...
        #[field("hastate" | "ha.state")]
        pub hastate: Option<Text>,
        /// CPU use, 1.0 being all of its own cores.
        pub cpu: Reading<Ratio>,
        /// Its virtual CPUs.
        #[field("maxcpu" | "cpus")]
        pub maxcpu: Reading<u64>,
        /// Memory in use.
        pub mem: Reading<Bytes>,
        /// Memory that it may use.
        pub maxmem: Reading<Bytes>,
        /// Space used on its root disk: known for running containers only.
        pub disk: Reading<Bytes>,
        /// Size of its first disk; its configuration has them all.
        pub maxdisk: Reading<Bytes>,
        /// How long it has been running.
        pub uptime: Reading<Age>,
        #[field(skip)]
        pub(crate) session: Session,
        /// All guests of one answer share it.
        #[field(skip)]
        pub(crate) provenance: Arc<Provenance>,
        #[field(skip)]
        raw: Raw,
        /// What the overview said, and when, of a guest that was asked for alone: its node does not tell the pool.
        #[field(skip)]
        listed: Option<(Raw, Option<Moment>)>,
        /// When this session saw it in a state that the overview does not have yet.
        #[field(skip)]
        seen: Option<Moment>,
    }
}

impl Guest {
    /// All guests that the identity may see.
    pub(crate) fn list(session: &Session) -> Result<List<Guest>, Error> {
        let resources = Resources::read(session)?;
        Ok(Guest::among(session, &resources, session.provenance([&resources.answer], None)))
    }

    /// The guests in an answer that was read already.
    pub(crate) fn among(session: &Session, resources: &Resources, provenance: Provenance) -> List<Guest> {
        let guests = Guest::all_in(session, resources, &provenance);
        let sight = resources.sight(session, "guests", "VM.Audit", "/vms");
        let sight = silence::said(&guests, true).into_iter().fold(sight, Sight::remark);
        let question = "Which virtual machines and containers are there, where, and do they run?".into();
        List::new(guests, About { title: "Guests".into(), question, sight, provenance, of: None })
    }

    /// The guests of a node or a pool: what is said of unknown states is said of these alone.
    pub(crate) fn those(
        session: &Session,
        (title, question): (String, &str),
        wanted: impl Fn(&Guest) -> bool,
    ) -> Result<List<Guest>, Error> {
        let resources = Resources::read(session)?;
        let provenance = session.provenance([&resources.answer], None);
        let mut guests = Guest::all_in(session, &resources, &provenance);
        guests.retain(|guest| wanted(guest));
        let sight = resources.sight(session, "guests", "VM.Audit", "/vms");
        let sight = silence::said(&guests, false).into_iter().fold(sight, Sight::remark);
        let about = About { title: title.into(), question: question.into(), sight, provenance, of: None };
        Ok(List::new(guests, about))
    }

    fn all_in(session: &Session, resources: &Resources, provenance: &Provenance) -> Vec<Guest> {
        let online = resources.online();
        let silent = silence::silent_nodes(resources, &online);
        let provenance = Arc::new(provenance.clone());
        // Rows are sorted and not guests, which are far larger.
        let mut rows: Vec<_> = resources.of(&["qemu", "lxc"]).collect();
        rows.sort_by_key(|(row, _)| row.vmid);
        let mut guests = Vec::with_capacity(rows.len());
        for (row, raw) in rows {
            let why = match &row.node {
                Some(node) if online.get(node) == Some(&false) => Some(Why::NodeOffline),
                Some(node) if silent.contains(node) => Some(Why::NodeSilent),
                _ => None,
            };
            let Some(mut guest) = Guest::read(session, row, raw, why, &provenance) else { continue };
            if let Some(known) = session
                .remembered(guest.vmid, resources.answer.reply.at)
                .filter(|known| guest.status != known.status.raw())
            {
                guest = guest.changed_to(Status::word(known.status.raw()), known.at);
            }
            guests.push(guest);
        }
        guests
    }

    /// One guest, as it is now.
    pub(crate) fn find(session: &Session, id: GuestId) -> Result<Guest, Error> {
        let resources = Resources::read(session)?;
        let provenance = session.provenance([&resources.answer], None);
        let all = Guest::all_in(session, &resources, &provenance);
        let mut matches = all.iter().filter(|guest| match &id {
            GuestId::Number(number) => i64::from(guest.vmid) == *number,
            GuestId::Name(name) => guest.name == name.raw(),
        });
        let Some(guest) = matches.next() else { return Err(search::not_found(session, &id, &all)) };
        let others: Vec<_> = matches.collect();
        if let GuestId::Name(name) = id
            && !others.is_empty()
        {
            let described = |guest: &Guest| Text::from(format!("{} {} on {}", guest.kind, guest.vmid, guest.node));
            return Err(Error::Ambiguous {
                name: format!("\"{name}\"").into(),
                matches: std::iter::once(guest).chain(others.iter().copied()).map(described).collect(),
                next: format!("pve.guest({})?", guest.vmid).into(),
            });
        }
        let guest = guest.current_or_as_listed()?;
        Ok(Guest { provenance: Arc::new(joined(&provenance, &guest.provenance)), ..guest })
    }

    /// The guest with what its node says of it now; as listed where the node cannot or may not say.
    fn current_or_as_listed(&self) -> Result<Guest, Error> {
        if self.status == Status::Unknown && self.name.why() == Some(Why::NodeOffline) {
            return Ok(self.clone());
        }
        match self.current() {
            Err(Error::NotPermitted { .. } | Error::NodeUnreachable { .. }) => Ok(self.clone()),
            current => current,
        }
    }

    /// Reads the guest anew from its node, which does not lag.
    ///
    /// # Errors
    /// When the node cannot be reached, or the guest is no longer there, or VM.Audit is missing.
    pub fn current(&self) -> Result<Guest, Error> {
        let answer = self.session.ask(Call::get(self.path("status/current")))?;
        let (now, raw) = answer.object::<Resource>()?;
        let row = Resource {
            r#type: Some(self.kind.path().into()),
            vmid: Some(self.vmid.into()),
            node: Some(self.node.clone()),
            pool: self.pool.clone(),
            hastate: match &now.ha {
                Some(ha) => ha.managed.unwrap_or(false).then(|| ha.state.clone().unwrap_or_else(|| "managed".into())),
                None => self.hastate.clone(),
            },
            template: now.template.or(Some(self.template)),
            ..now
        };
        let here = self.session.provenance([&answer], Some(&format!("{}/{}", self.kind.path(), self.vmid)));
        let listed = match self.raw.is_whole() {
            true => self.listed.clone(),
            false => Some((self.raw.clone(), self.provenance.at)),
        };
        let guest = Guest::read(&self.session, &row, &raw, None, &Arc::new(here));
        guest
            .map(|guest| Guest { listed, ..guest })
            .ok_or_else(|| Error::not_found(format!("{self} is no longer there"), "pve.guests()? shows those that are"))
    }

    fn read(
        session: &Session,
        row: &Resource,
        raw: &Raw,
        node_silent: Option<Why>,
        from: &Arc<Provenance>,
    ) -> Option<Guest> {
        let kind = if row.r#type.as_ref()? == "lxc" { GuestKind::Ct } else { GuestKind::Vm };
        let status = Status::read(row);
        let silent = match node_silent {
            None if status == Status::Unknown => Some(Why::NotReportedYet),
            why => why,
        };
        // A number of a stopped guest is a zero that means nothing.
        let while_up = match status {
            Status::Stopped => Some(Why::NotWhileStopped),
            _ => silent,
        };
        Some(Guest {
            vmid: u32::try_from(row.vmid?).ok()?,
            name: reading(row.name.clone(), silent),
            node: row.node.clone()?,
            kind,
            status,
            template: row.template.unwrap_or(false),
            pool: row.pool.clone(),
            tags: split_tags(row.tags.as_ref()),
            lock: row.lock.clone(),
            hastate: row.hastate.clone(),
            cpu: reading(row.cpu.map(Ratio), while_up),
            maxcpu: reading(row.maxcpu.or(row.cpus).map(|n| n.round() as u64), silent),
            mem: reading(row.mem.map(Bytes), while_up),
            maxmem: reading(row.maxmem.map(Bytes), silent),
            disk: match kind {
                GuestKind::Vm => Reading::Missing(silent.unwrap_or(Why::KnownInsideOnly)),
                GuestKind::Ct => reading(row.disk.map(Bytes), while_up),
            },
            maxdisk: reading(row.maxdisk.map(Bytes), silent),
            uptime: reading(row.uptime.map(Age), while_up),
            session: session.clone(),
            provenance: from.clone(),
            raw: raw.clone(),
            listed: None,
            seen: None,
        })
    }

    /// One of a single row of the overview.
    #[cfg(test)]
    pub(crate) fn of_row(session: &Session, json: &Value) -> Option<Guest> {
        let row = serde_json::from_value(json.clone()).ok()?;
        Guest::read(session, &row, &Raw::default(), None, &Arc::default())
    }

    /// The guest in a state that this session knows of and the overview does not yet, which leaves its load unknown.
    fn changed_to(mut self, status: Status, seen: Moment) -> Guest {
        let why = if status == Status::Stopped { Why::NotWhileStopped } else { Why::NotReportedYet };
        self.status = status;
        self.cpu = Reading::Missing(why);
        self.mem = Reading::Missing(why);
        self.uptime = Reading::Missing(why);
        self.seen = Some(seen);
        self
    }

    /// Whether it runs. A paused guest does not; one whose state is not known is neither running nor stopped.
    pub fn is_running(&self) -> bool {
        self.status == Status::Running
    }

    /// Whether it is off. One whose state is not known is neither running nor stopped.
    pub fn is_stopped(&self) -> bool {
        self.status == Status::Stopped
    }

    /// Whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.status == Status::Paused
    }

    /// Whether it is a template, which never runs.
    pub fn is_template(&self) -> bool {
        self.template
    }

    /// Whether it is a virtual machine.
    pub fn is_vm(&self) -> bool {
        self.kind == GuestKind::Vm
    }

    /// Whether it is a container.
    pub fn is_ct(&self) -> bool {
        self.kind == GuestKind::Ct
    }

    /// Whether it has this tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|has| has == tag)
    }

    /// The value of a tag that has the form `key.value`: `owner.alice` gives `alice` for `owner`. Proxmox VE allows
    /// no colon in a tag; [`tag_value_by`](Guest::tag_value_by) takes another separator.
    pub fn tag_value(&self, key: &str) -> Option<String> {
        self.tag_value_by(key, ".")
    }

    /// The same with a separator of one's own: `owner-alice`, `owner_alice`.
    pub fn tag_value_by(&self, key: &str, separator: &str) -> Option<String> {
        self.tags
            .iter()
            .filter_map(|tag| tag.raw().split_once(separator))
            .find(|(has, value)| *has == key && !value.is_empty())
            .map(|(_, value)| value.to_owned())
    }

    /// How it was loaded, from `/nodes/{node}/{qemu|lxc}/{vmid}/rrddata`.
    ///
    /// # Errors
    /// When the node cannot be reached or VM.Audit is missing.
    pub fn history(&self, span: Span) -> Result<History, Error> {
        History::of(Source::of_guest(self), span)
    }

    /// What was done to it, newest first, from its node's `/nodes/{node}/tasks`.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn tasks(&self) -> Result<List<Task>, Error> {
        task::of_guest(self)
    }

    /// On which networks its cards hang, and by which cards of its node those are reached.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let figure = Pve::demo()?.guest("net-lab")?.network_topology()?;
    /// assert!(figure.svg().contains("no such bridge"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn network_topology(&self) -> Result<Figure, Error> {
        map::network(&self.session, &Focus::Guest(self.vmid, self.called()))
    }

    /// Where its disks lie, which nodes reach them, and which backup jobs save them.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let words = Pve::demo()?.guest("db-main")?.storage_topology()?.words().text();
    /// assert!(words.contains("2 disks with 700 GiB") && words.contains("backup-nightly"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn storage_topology(&self) -> Result<Figure, Error> {
        map::storage(&self.session, &Focus::Guest(self.vmid, self.called()))
    }

    /// The JSON that it was read from, with what this type has no field for.
    pub fn raw(&self) -> Value {
        json_of(&self.raw)
    }

    /// The same guest, asked for in another session with its cluster.
    pub(crate) fn within(&self, session: &Session) -> Guest {
        Guest { session: session.clone(), ..self.clone() }
    }

    /// The same guest as if it were on this node.
    pub(crate) fn if_on(&self, node: &str) -> Guest {
        Guest { node: node.into(), ..self.clone() }
    }

    /// A path below this guest's own.
    pub(crate) fn path(&self, below: &str) -> String {
        format!("/nodes/{}/{}/{}/{below}", self.node.raw(), self.kind.path(), self.vmid)
    }

    /// The code that gives this guest.
    pub(crate) fn code(&self) -> String {
        format!("pve.guest({})?", self.vmid)
    }

    /// Its name, or its number where the name is not known.
    pub(crate) fn called(&self) -> Text {
        match &self.name {
            Reading::Known(name) if !name.is_blank() => name.clone(),
            _ => format!("{} {}", self.kind, self.vmid).into(),
        }
    }
}

impl fmt::Display for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Reading::Known(name) => write!(f, "{name} ({} {} on {})", self.kind, self.vmid, self.node),
            Reading::Missing(_) => write!(f, "{} {} on {}", self.kind, self.vmid, self.node),
        }
    }
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guest({self}: {})", self.status)
    }
}

/// A value, missing for the reason at hand or because the answer had none.
fn reading<T>(value: Option<T>, why: Option<Why>) -> Reading<T> {
    match why {
        Some(why) => Reading::Missing(why),
        None => Reading::or_missing(value, Why::NotInAnswer),
    }
}

/// Proxmox VE joins tags by semicolons, and takes commas and spaces as well.
fn split_tags(tags: Option<&Text>) -> Vec<Text> {
    // A function is far quicker than a list of letters where nothing is optimised.
    fn ends_tag(c: char) -> bool {
        matches!(c, ';' | ',' | ' ')
    }
    tags.map(|tags| tags.raw().split(ends_tag).filter(|tag| !tag.is_empty()).map(Text::from).collect())
        .unwrap_or_default()
}

/// The calls of both, with the console's link of the second.
fn joined(first: &Provenance, second: &Provenance) -> Provenance {
    let console = second.console.clone();
    Provenance { console, ..first.clone().and(second) }
}
