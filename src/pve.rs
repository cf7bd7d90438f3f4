//! The cluster as a value: where every notebook begins.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::journal::Journal;
use crate::model::api::Api;
use crate::model::guest::{Guest, GuestId};
use crate::model::json::Json;
use crate::model::list::List;
use crate::model::map::{self, Focus};
use crate::model::node::Node;
use crate::model::pool::Pool;
use crate::model::storage::Storage;
use crate::model::storage::content::{self, Volume};
use crate::model::task::{self, Task, Upid};
use crate::page::{Figure, Page};
use crate::plan::{NewGuest, Plan, creation, path_plan};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::twin::Twin;
use crate::units::{Age, Moment};
use crate::wire::practice::Fault;
use crate::wire::{Method, Wire};

mod access;
mod ceph;
mod cluster;
mod connect;
mod difference;
mod firewall;
mod guest;
mod lens;
mod overview;
mod record;
mod redact;
mod role;
mod sdn;
#[cfg(test)]
mod staged;
#[cfg(test)]
pub(crate) mod tests;
mod topology;
mod why;

pub use connect::Connection;
pub use record::Recorded;

/// A cluster that one is connected to. Cloning is cheap and gives the same session.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let pve = Pve::demo()?;
/// println!("{}", pve.page().text());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Pve {
    session: Session,
}

impl Pve {
    /// The built-in cluster: simulated in this process, with four nodes and some forty guests. It needs no server
    /// and no network, answers as Proxmox VE does, and may be acted on.
    ///
    /// # Errors
    /// In a notebook, when the kernel's output cannot be watched for failed cells.
    pub fn demo() -> Result<Pve, Error> {
        Pve::over(Arc::new(Twin::demo()))
    }

    /// The cluster that environment variables describe, so that a notebook names neither address nor secret.
    ///
    /// `PVE_URL` (`https://pve1:8006`, several separated by commas, `demo:`, or `file:prod.pve.json` for a
    /// [recording](Pve::record_to)); a token from `PVE_TOKEN`,
    /// `PVE_TOKEN_FILE` or the output of `PVE_TOKEN_COMMAND` (`user@realm!name=secret`), or `PVE_USER` with
    /// `PVE_PASSWORD` (and `PVE_OTP`, the code of a second factor); `PVE_FINGERPRINT` or `PVE_CA_FILE`; `PVE_WRITE`, a reason as for [`arm`](Pve::arm);
    /// `PVE_JOURNAL`, the file of the [`Journal`], or `off`.
    ///
    /// # Errors
    /// When a variable is missing or wrong, or the cluster cannot be reached.
    pub fn from_env() -> Result<Pve, Error> {
        connect::from_env(&variable)
    }

    /// The cluster that the environment describes, as [`from_env`](Pve::from_env) reads it, or the built-in one where
    /// `PVE_URL` is not set: for a notebook that one reads and practises with anywhere, and runs against production
    /// without changing a cell. Every output says which of them it is.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// # if std::env::var_os("PVE_URL").is_some() { return Ok(()); }
    /// assert!(Pve::from_env_or_demo()?.is_simulated());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`from_env`](Pve::from_env); a cluster that is described and cannot be reached is never replaced.
    pub fn from_env_or_demo() -> Result<Pve, Error> {
        if variable("PVE_URL").is_some() { Pve::from_env() } else { Pve::demo() }
    }

    /// Whether this cluster is simulated, and so nobody's production. A [recording](Pve::open_recording) is not.
    pub fn is_simulated(&self) -> bool {
        self.session.is_simulated()
    }

    /// The cluster that a file of three lines describes: host and port, token id, secret. Its certificate is trusted as
    /// `PVE_FINGERPRINT` or `PVE_CA_FILE` say.
    ///
    /// # Errors
    /// When the file cannot be read or has another form, or the cluster cannot be reached.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Pve, Error> {
        connect::from_file(path.as_ref(), &variable)
    }

    /// Begins to describe a cluster by the address of one of its nodes: `Pve::at("https://pve1:8006")`.
    pub fn at(url: &str) -> Connection {
        Connection::at(url)
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    pub(crate) fn over(wire: Arc<dyn Wire>) -> Result<Pve, Error> {
        Ok(Pve { session: Session::open(wire)? })
    }

    /// The same cluster and session, whose reads may be answered from memory by what is at most this old, for a notebook
    /// that asks the same of a large cluster again and again. Every output says how old it is. Any action of the session
    /// empties the memory; plans and tasks never use it.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?.cached(minutes(5));
    /// pve.guests()?;
    /// let again = pve.guests()?; // nothing was sent
    /// assert!(again.page().text().contains("from memory"));
    /// assert!(!pve.fresh().guests()?.page().text().contains("from memory"));
    /// # Ok(()) }
    /// ```
    pub fn cached(&self, at_most: impl Into<Duration>) -> Pve {
        Pve { session: self.session.cached(at_most.into()) }
    }

    /// The same cluster and session, whose every read is sent.
    pub fn fresh(&self) -> Pve {
        Pve { session: self.session.uncached() }
    }

    /// The same cluster and session for one look: whatever is asked twice, is read once, so that all that is concluded
    /// rests on the same answers. For a function that ends; what it gives out goes on with those answers.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?.one_look();
    /// let all = pve.guests()?;
    /// let again = pve.guests()?; // nothing was sent
    /// assert_eq!(all.len(), again.len());
    /// # Ok(()) }
    /// ```
    pub fn one_look(&self) -> Pve {
        Pve { session: self.session.ahead([]) }
    }

    /// The present moment, by the clock that answers are dated with. The demo cluster has a time of its own.
    pub fn now(&self) -> Moment {
        self.session.now()
    }

    /// The moment this long before the present one: `pve.tasks_since(pve.ago(hours(24)))?`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// assert_eq!(pve.now().since(pve.ago(days(2))), days(2));
    /// # Ok(()) }
    /// ```
    pub fn ago(&self, age: Age) -> Moment {
        let now = self.now().unix();
        Moment::from_unix(now.saturating_sub(i64::try_from(age.0).unwrap_or(i64::MAX)))
    }

    // Looking.

    /// All nodes, from `/cluster/resources`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn nodes(&self) -> Result<List<Node>, Error> {
        Node::list(&self.session)
    }

    /// All guests, from `/cluster/resources`, which the server limits to those that the identity may see.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn guests(&self) -> Result<List<Guest>, Error> {
        Guest::list(&self.session)
    }

    /// All storages, from `/storage` and `/cluster/resources`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn storages(&self) -> Result<List<Storage>, Error> {
        Storage::list(&self.session)
    }

    /// Every backup of every guest, newest first, from every storage that is for backups and can be reached now:
    /// `/nodes/{node}/storage/{storage}/content`. For what the server leaves out see [`NodeStorage::content`](crate::NodeStorage::content).
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let backups = Pve::demo()?.backups()?;
    /// assert!(backups.all(|backup| backup.is_backup()));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read, or no storage can.
    pub fn backups(&self) -> Result<List<Volume>, Error> {
        content::of_cluster(&self.session, true)
    }

    /// What lies in every storage that can be reached now: disks, backups, images. It may take long.
    ///
    /// # Errors
    /// When the cluster cannot be read, or no storage can.
    pub fn volumes(&self) -> Result<List<Volume>, Error> {
        content::of_cluster(&self.session, false)
    }

    /// The last tasks of every node, from `/cluster/tasks`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn tasks(&self) -> Result<List<Task>, Error> {
        task::of_cluster(&self.session)
    }

    /// All pools, from `/pools`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn pools(&self) -> Result<List<Pool>, Error> {
        Pool::list(&self.session)
    }

    /// The API as the cluster documents it itself: every method of its version with its parameters, defaults and
    /// privileges. From `/pve-docs/api-viewer/apidoc.js`, which a node serves to everyone; no login is sent.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let start = Pve::demo()?.api()?.method("POST", "/nodes/{node}/qemu/{vmid}/status/start")?;
    /// assert_eq!(start.privileges, "VM.PowerMgmt on /vms/{vmid}");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node serves no documentation, or it is not understood.
    pub fn api(&self) -> Result<Api, Error> {
        Api::read(&self.session)
    }

    /// One node by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] names those that there are.
    pub fn node(&self, name: &str) -> Result<Node, Error> {
        Node::find(&self.session, name)
    }

    /// One guest as it is now: by number (`101`), or by name (`"web-1"`; `"101"` is a name as well).
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Ambiguous`] for a name that several guests share.
    pub fn guest(&self, id: impl Into<GuestId>) -> Result<Guest, Error> {
        Guest::find(&self.session, id.into())
    }

    /// One storage by its name: its definition, with its state on each node.
    ///
    /// # Errors
    /// [`Error::NotFound`] names those that there are.
    pub fn storage(&self, name: &str) -> Result<Storage, Error> {
        Storage::find(&self.session, name)
    }

    /// One task by its UPID.
    ///
    /// # Errors
    /// When it is no UPID, or its node does not know it.
    pub fn task(&self, upid: impl Into<Text>) -> Result<Task, Error> {
        Task::find(&self.session, &upid.into().raw().parse::<Upid>()?)
    }

    /// Where everything runs, as a drawing: nodes as boxes of memory, guests as tiles in them, storages below.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn topology(&self) -> Result<Figure, Error> {
        topology::draw(&self.session)
    }

    /// How guests hang on networks: cards, bonds, bridges, VLANs and vnets, nodes that are set up alike drawn once.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let figure = Pve::demo()?.network_topology()?;
    /// assert!(figure.svg().contains("net-lab hangs on vmbr7, which pve3 does not have"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read; a node or guest that cannot be is named in the drawing.
    pub fn network_topology(&self) -> Result<Figure, Error> {
        map::network(&self.session, &Focus::Cluster)
    }

    /// Where the disks of the guests lie, which nodes reach them, and which backup jobs save them.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let figure = Pve::demo()?.storage_topology()?;
    /// assert!(figure.words().text().contains("all 4 nodes"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read; guests that cannot be are named in the drawing.
    pub fn storage_topology(&self) -> Result<Figure, Error> {
        map::storage(&self.session, &Focus::Cluster)
    }

    /// What any path of the API answers, as a tree: `pve.get("/cluster/status")?`. Secrets are masked.
    ///
    /// # Errors
    /// When the server refuses or does not know the path.
    pub fn get(&self, path: &str) -> Result<Json, Error> {
        Json::read(&self.session, path)
    }

    // Acting.

    /// Allows this session to act, and says why. A session on a real cluster only looks before.
    ///
    /// # Errors
    /// Without a reason.
    pub fn arm(&self, why: &str) -> Result<(), Error> {
        self.session.arm(reason(why, "pve.arm(\"CHG-123: web-1 is down\")?")?);
        Ok(())
    }

    /// The plan to POST to any path; parameters are added by [`with`](Plan::with).
    pub fn post(&self, path: &str) -> Plan {
        path_plan(&self.session, Method::Post, path)
    }

    /// The plan to PUT to any path.
    pub fn put(&self, path: &str) -> Plan {
        path_plan(&self.session, Method::Put, path)
    }

    /// The plan to DELETE any path. It asks for a confirmation before it runs.
    pub fn delete(&self, path: &str) -> Plan {
        path_plan(&self.session, Method::Delete, path)
    }

    /// The plan to make a guest: a [`VmSpec`](crate::VmSpec) or a [`CtSpec`](crate::CtSpec). Where it names no node, it
    /// comes to the one with the most free memory.
    pub fn create(&self, spec: impl Into<NewGuest>) -> Plan {
        creation(&self.session, &spec.into())
    }

    /// Goes on only if this holds: `pve.require("the backup is fresh", age < minutes(60))?`. Otherwise the session is
    /// halted, and no later cell acts.
    ///
    /// # Errors
    /// [`Error::Required`] when it does not hold.
    pub fn require(&self, what: &str, holds: bool) -> Result<(), Error> {
        if holds {
            return Ok(());
        }
        let error = Error::Required { what: what.into() };
        self.session.halt(format!("required, but not so: {what}"));
        Err(error)
    }

    /// Goes on after a failure, once somebody has looked; what was seen goes into the journal.
    ///
    /// # Errors
    /// Without a word about what was seen.
    pub fn clear_halt(&self, why: &str) -> Result<(), Error> {
        self.session.clear_halt(reason(why, "pve.clear_halt(\"the disk was full, and is not any more\")?")?)
    }

    /// Why nothing runs at present; `None` when nothing stands in the way.
    pub fn halted(&self) -> Option<Text> {
        self.session.halted()
    }

    /// The smallest role that the calls of this session needed for full answers, as `pveum` commands to read: look and act
    /// as somebody who may, and learn with how little it would have done.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// pve.guests()?;
    /// assert!(pve.role_for_this_notebook().text().contains("pveum role add Notebook-vms"));
    /// # Ok(()) }
    /// ```
    pub fn role_for_this_notebook(&self) -> Page {
        role::page(self)
    }

    /// Makes something happen to a simulated cluster that no API brings about, so that one can practise for it: a node
    /// loses its power, a storage is full, the quorum is gone, somebody reboots a node. Time goes on as it does there, by
    /// what is read and by what is waited for.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// pve.practice(Fault::QuorumLost)?;
    /// let refused = pve.guest("web-1")?.start().run().unwrap_err();
    /// assert!(refused.to_string().contains("no quorum"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// On every cluster that is not simulated. When there is no such node or storage, or a node is so already.
    pub fn practice(&self, fault: Fault) -> Result<(), Error> {
        self.session.practice(&fault)
    }

    /// What was allowed, planned, sent, done and halted in this session, in order; where it is kept, and its head.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// pve.guest("web-1")?.start().run()?;
    /// let kinds: Vec<_> = pve.journal().entries().iter().map(|entry| entry.kind.to_string()).collect();
    /// assert_eq!(kinds, ["plan", "sent", "task", "outcome"]);
    /// # Ok(()) }
    /// ```
    pub fn journal(&self) -> Journal {
        self.session.journal()
    }

    /// Keeps the journal in this file from now on, beginning or continuing it at once; made for the demo cluster, for a
    /// change that has a journal of its own, or when the usual place is full. What this session noted and did not write
    /// yet goes first.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// # let path = std::env::temp_dir().join(format!("pve-notebook-doc-to-{}.jsonl", std::process::id()));
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// pve.journal_to(&path)?;
    /// assert_eq!(pve.journal().path(), Some(path.clone()));
    /// # std::fs::remove_file(path).ok();
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When it cannot be written, or is no journal. The session then keeps it where it did.
    pub fn journal_to(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.session.journal_to(path.as_ref())
    }
}

/// A variable of the environment that says something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn reason<'a>(why: &'a str, example: &str) -> Result<&'a str, Error> {
    if why.trim().is_empty() {
        return Err(Error::setup(
            "A reason is missing",
            format!("Say it in a few words, for whoever reads this later: {example}"),
        ));
    }
    Ok(why)
}

impl View for Pve {
    fn page(&self) -> Page {
        overview::page(&self.session).unwrap_or_else(|error| Err::<Page, Error>(error).page())
    }
}

impl fmt::Debug for Pve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = self.session.at_most().map(|time| format!(", from memory up to {} old", Age(time.as_secs())));
        write!(f, "Pve({} as {}{})", self.session.cluster(), self.session.identity(), memory.unwrap_or_default())
    }
}
