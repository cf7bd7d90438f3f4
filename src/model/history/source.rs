//! Whose histories there are, and where they are read.

use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::node::Node;
use crate::model::storage::{NodeStorage, Storage};
use crate::session::{Answer, Session};
use crate::text::Text;
use crate::units::{Bytes, Ratio, Reading};
use crate::wire::Call;

const NOTHING: &str = "nothing was recorded in this time";

/// A guest, a node or a storage on a node, as far as its history is concerned.
#[derive(Clone)]
pub(crate) struct Source {
    pub(super) session: Session,
    /// Its name, and what it is: `web-1`, `VM 101`.
    pub(super) called: Text,
    pub(super) what: Text,
    /// What it is in a list of things without names: `VM 101`, `pve1`.
    pub(super) id: String,
    path: String,
    /// Where the console shows it; no two things are at one place.
    pub(super) place: String,
    /// The code that gives it.
    pub(super) code: String,
    /// What the space is that its history knows of, and why it may know of none.
    pub(super) space: &'static str,
    pub(super) no_space: &'static str,
    /// The kind of a storage.
    pub(super) kind: Option<Text>,
    /// Of a storage: how much of it was used when it was read, which no history knows yet.
    pub(super) used: Option<Ratio>,
}

fn part(used: &Reading<Bytes>, total: &Reading<Bytes>) -> Option<Ratio> {
    used.known()?.of(total.known()?)
}

impl Source {
    pub(crate) fn of_guest(guest: &Guest) -> Source {
        let id = format!("{} {}", guest.kind, guest.vmid);
        Source {
            session: guest.session.clone(),
            called: guest.called(),
            what: match guest.name {
                Reading::Known(_) => id.as_str().into(),
                Reading::Missing(_) => "name not known".into(),
            },
            id,
            path: guest.path("rrddata"),
            place: Source::place_of_guest(guest),
            code: guest.code(),
            space: "Root disk",
            no_space: if guest.is_vm() {
                "what a virtual machine has used of its disks is known only inside it"
            } else {
                NOTHING
            },
            kind: None,
            used: None,
        }
    }

    pub(crate) fn of_node(node: &Node) -> Source {
        Source {
            session: node.session.clone(),
            called: node.name.clone(),
            what: "node".into(),
            id: node.name.to_string(),
            path: node.path("rrddata"),
            place: node.place(),
            code: format!("pve.node({:?})?", node.name.raw()),
            space: "Root file system",
            no_space: NOTHING,
            kind: None,
            used: None,
        }
    }

    pub(crate) fn of_storage(storage: &NodeStorage) -> Result<Source, Error> {
        let (node, name) = (storage.node.raw(), storage.storage.raw());
        let (called, code) = (format!("{name} on {node}"), format!("pve.node({node:?})?.storage({name:?})?"));
        let source = Source::of_storage_on(storage.session()?, node, name, called, &storage.kind);
        Ok(Source { code, used: part(&storage.used, &storage.total), ..source })
    }

    /// A storage of the whole cluster, as this node sees it.
    pub(crate) fn of_shared_storage(storage: &Storage, node: &str) -> Source {
        let name = storage.name.raw();
        let source = Source::of_storage_on(&storage.session, node, name, name.to_owned(), &storage.kind);
        Source { used: part(&storage.used, &storage.total), ..source }
    }

    fn of_storage_on(session: &Session, node: &str, name: &str, called: String, kind: &Text) -> Source {
        Source {
            session: session.clone(),
            called: called.into(),
            what: kind.clone(),
            id: name.to_owned(),
            path: format!("/nodes/{node}/storage/{name}/rrddata"),
            place: format!("storage/{node}/{name}"),
            code: format!("pve.storage({name:?})?"),
            space: "Space",
            no_space: NOTHING,
            kind: Some(kind.clone()),
            used: None,
        }
    }

    pub(super) fn place_of_guest(guest: &Guest) -> String {
        format!("{}/{}", guest.kind.path(), guest.vmid)
    }

    pub(super) fn call(&self, time_frame: &str) -> Call {
        Call::get(self.path.as_str()).with("timeframe", time_frame)
    }

    pub(super) fn ask(&self, time_frame: &str) -> Result<Answer, Error> {
        self.session.ask(self.call(time_frame))
    }
}
