//! The cluster as a value: where every notebook begins.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::model::guest::{Guest, GuestId};
use crate::model::json::Json;
use crate::model::list::List;
use crate::model::node::Node;
use crate::model::pool::Pool;
use crate::model::storage::Storage;
use crate::model::task::{self, Task, Upid};
use crate::page::{Cell, Figure, Grid, Page};
use crate::plan::{Plan, path_plan};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::twin::Twin;
use crate::units::Age;
use crate::wire::{Method, Wire};

mod access;
mod connect;
mod firewall;
mod guest;
mod overview;
mod sdn;
#[cfg(test)]
mod staged;
#[cfg(test)]
mod tests;
mod topology;

pub use connect::Connection;

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
    /// `PVE_URL` (`https://pve1:8006`, several separated by commas, or `demo:`); a token from `PVE_TOKEN`,
    /// `PVE_TOKEN_FILE` or the output of `PVE_TOKEN_COMMAND` (`user@realm!name=secret`), or `PVE_USER` with
    /// `PVE_PASSWORD` (and `PVE_OTP`, the code of a second factor); `PVE_FINGERPRINT` or `PVE_CA_FILE`; `PVE_WRITE`, a reason as for [`arm`](Pve::arm).
    ///
    /// # Errors
    /// When a variable is missing or wrong, or the cluster cannot be reached.
    pub fn from_env() -> Result<Pve, Error> {
        connect::from_env(&variable)
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

    /// What was allowed, sent, done and halted in this session, in order.
    pub fn journal(&self) -> Page {
        let entries = self.session.journal();
        let rows =
            entries.iter().map(|entry| vec![Cell::from(entry.at), Cell::from(&entry.what), Cell::from(&entry.detail)]);
        Page::new("Journal of this session")
            .question("What was decided and done here?")
            .answer(crate::model::list::count(entries.len(), ("entry", "entries")), ".")
            .table(Grid::new(["When", "What", "Detail"]).rows(rows))
            .provenance(self.session.provenance([], None))
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
