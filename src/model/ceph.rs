//! Ceph, where the nodes of the cluster run it: its health, what it is made of, and how full it is.
//!
//! Asked of one node, which answers for the whole of it. Knows nothing of a Ceph outside that is only used as a storage.

use std::fmt;

use crate::error::Error;
use crate::model::list::List;
use crate::model::log::{self, LogLine};
use crate::model::node::Node;
use crate::model::record::{Ask, Record};
use crate::page::Page;
use crate::render::View;
use crate::session::Session;
use crate::text::Text;

pub(crate) mod osd;
pub(crate) mod pool;
pub(crate) mod service;
pub(crate) mod status;

use osd::{CephFlag, CephOsd, CephTree};
use pool::{CephFileSystem, CephPool};
use service::{CephManager, CephMds, CephMonitor};
use status::CephStatus;

/// The types of Ceph, for the conformance check.
#[cfg(test)]
pub(crate) fn typed() -> Vec<super::conformance::Typed> {
    use super::conformance::Typed;
    vec![
        Typed::record::<CephFlag>(),
        Typed::record::<CephTree>(),
        Typed::record::<CephFileSystem>(),
        Typed::record::<CephPool>(),
        Typed::record::<CephManager>(),
        Typed::record::<CephMds>(),
        Typed::record::<CephMonitor>(),
        Typed::record::<CephStatus>(),
    ]
}

/// The Ceph that a node is a part of. It is a handle: each of its methods asks that node.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let ceph = Pve::demo()?.ceph()?;
/// assert!(ceph.status()?.health.status == CephHealth::Warn);
/// assert!(ceph.osds()?.all(|osd| osd.is_up()));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Ceph {
    /// The node that is asked.
    pub node: Text,
    session: Session,
}

impl Ceph {
    /// That of the first node that has one.
    pub(crate) fn find(session: &Session) -> Result<Ceph, Error> {
        let nodes = Node::list(session)?.filter(Node::is_online);
        for node in &nodes {
            let ceph = node.ceph();
            match ceph.status() {
                Ok(_) => return Ok(ceph),
                Err(Error::NotFound { .. } | Error::NodeUnreachable { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::not_found(
            format!(
                "None of the nodes that are online runs Ceph: {}",
                nodes.map(|node| node.name.to_string()).join(", ")
            ),
            "A Ceph outside the cluster is not seen here; pve.storages()? shows the storages that use one",
        ))
    }

    /// Its health and use, from `/nodes/{node}/ceph/status`.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the node runs no Ceph; when the node cannot be reached, Ceph does not answer, or both Sys.Audit
    /// and Datastore.Audit on `/` are missing.
    pub fn status(&self) -> Result<CephStatus, Error> {
        self.read(self.ask("status").one())
    }

    /// Its disks: the OSDs, from `/nodes/{node}/ceph/osd`.
    ///
    /// # Errors
    /// As for [`status`](Ceph::status).
    pub fn osds(&self) -> Result<List<CephOsd>, Error> {
        let ask =
            self.ask("osd").titled("Ceph OSDs").question("Are the disks of Ceph up and in, and how full are they?");
        self.read(ask.list_made(osd::flat))
    }

    /// The tree that the OSDs stand in, with the flags that are set, from `/nodes/{node}/ceph/osd`.
    ///
    /// # Errors
    /// As for [`status`](Ceph::status).
    pub fn tree(&self) -> Result<CephTree, Error> {
        self.read(self.ask("osd").one())
    }

    /// Its pools, from `/nodes/{node}/ceph/pool`.
    ///
    /// # Errors
    /// As for [`status`](Ceph::status).
    pub fn pools(&self) -> Result<List<CephPool>, Error> {
        self.list("pool", "Ceph pools", "How full are the pools, and how many copies does each keep?")
    }

    /// Its monitors, from `/nodes/{node}/ceph/mon`.
    ///
    /// # Errors
    /// As for [`status`](Ceph::status).
    pub fn monitors(&self) -> Result<List<CephMonitor>, Error> {
        self.list("mon", "Ceph monitors", "Do enough monitors agree?")
    }

    /// Its managers, from `/nodes/{node}/ceph/mgr`.
    ///
    /// # Errors
    /// As for [`status`](Ceph::status).
    pub fn managers(&self) -> Result<List<CephManager>, Error> {
        self.list("mgr", "Ceph managers", "Which manager works, and which would take over?")
    }

    /// Its metadata servers, from `/nodes/{node}/ceph/mds`. Only file systems need some.
    ///
    /// # Errors
    /// As for [`status`](Ceph::status).
    pub fn metadata_servers(&self) -> Result<List<CephMds>, Error> {
        self.list("mds", "Ceph metadata servers", "Which of them work, and which would take over?")
    }

    /// Its file systems, from `/nodes/{node}/ceph/fs`.
    ///
    /// # Errors
    /// As for [`status`](Ceph::status).
    pub fn file_systems(&self) -> Result<List<CephFileSystem>, Error> {
        self.list("fs", "Ceph file systems", "Which file systems are there, and on which pools?")
    }

    /// What is switched off in it for the time being, from `/cluster/ceph/flags`: `noout` during maintenance, and the like.
    ///
    /// # Errors
    /// As for [`status`](Ceph::status); needs Sys.Audit on `/`.
    pub fn flags(&self) -> Result<List<CephFlag>, Error> {
        let ask = Ask::new(&self.session, "/cluster/ceph/flags").titled("Ceph flags");
        let flags = ask.question("Which of its doings are switched off for the time being?").list();
        // The node that we talk to answers this, whichever the others are asked of.
        flags.map_err(|error| match error {
            Error::Refused { message, .. } if is_without(&message) => Error::not_found(
                format!("The node that answers runs no Ceph ({message}), so that it does not know the flags"),
                "Connect to a node that does; pve.ceph()? tells whether one is online",
            ),
            error => error,
        })
    }

    /// The last lines of its log, from `/nodes/{node}/ceph/log`.
    ///
    /// # Errors
    /// As for [`status`](Ceph::status); needs Sys.Syslog on the node.
    pub fn log(&self, lines: usize) -> Result<List<LogLine>, Error> {
        let path = self.path("log");
        self.read(log::tail(&self.session, &path, "Ceph log".into(), &format!("node/{}", self.node.raw()), lines))
    }

    fn path(&self, part: &str) -> String {
        format!("/nodes/{}/ceph/{part}", self.node.raw())
    }

    fn ask(&self, part: &str) -> Ask<'_> {
        Ask::new(&self.session, self.path(part)).place(format!("node/{}", self.node.raw()))
    }

    fn list<T: Record>(&self, part: &str, title: &str, question: &str) -> Result<List<T>, Error> {
        self.read(self.ask(part).titled(title).question(question).list())
    }

    /// A node without Ceph answers with a failure: that there is none is what it means.
    fn read<T>(&self, answer: Result<T, Error>) -> Result<T, Error> {
        answer.map_err(|error| match error {
            Error::Refused { message, .. } if is_without(&message) => Error::not_found(
                format!("Node {} runs no Ceph ({message})", self.node),
                "Other nodes may: pve.ceph()? looks for them. A Ceph outside the cluster is not seen here",
            ),
            error => error,
        })
    }
}

/// Whether these are the words of a node without Ceph.
fn is_without(message: &Text) -> bool {
    const NONE: [&str; 3] = ["binary not installed", "configuration not initialized", "not fully configured"];
    NONE.iter().any(|words| message.contains(words))
}

impl Node {
    /// The Ceph that it is a part of, below `/nodes/{node}/ceph`. Whether there is one is known when it is asked.
    pub fn ceph(&self) -> Ceph {
        Ceph { node: self.name.clone(), session: self.session.clone() }
    }
}

impl fmt::Debug for Ceph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ceph(by {})", self.node)
    }
}

impl View for Ceph {
    fn page(&self) -> Page {
        use crate::model::inspect::part;
        let page = match self.status() {
            Ok(status) => status.page(),
            Err(error) => return Err::<Page, Error>(error).page(),
        };
        let page = part(page, "Disks (OSDs)", "pve.ceph()?.osds()?", self.osds().map(|list| list.page()));
        let page = part(page, "Pools", "pve.ceph()?.pools()?", self.pools().map(|list| list.page()));
        part(page, "Monitors", "pve.ceph()?.monitors()?", self.monitors().map(|list| list.page()))
    }
}
