//! The version of Proxmox VE that answers.

use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, Listed, column};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::session::Session;
use crate::text::Text;

fields! {
    /// A version, from `/version` of the cluster and `/nodes/{node}/version` of a node. Everybody may see it.
    #[derive(Clone, Default)]
    pub struct PveVersion {
        /// The version of the manager: `9.1.8`.
        pub version: Text,
        /// The release that it belongs to: `9.1`.
        pub release: Option<Text>,
        /// The revision that it was built from.
        pub repoid: Option<Text>,
        /// The console that the cluster's options prefer, where they name one.
        pub console: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(PveVersion: "/version", "/nodes/{node}/version");

impl PveVersion {
    pub(crate) fn read(session: &Session) -> Result<PveVersion, Error> {
        Ask::new(session, "/version").one()
    }
}

impl Node {
    /// The version of Proxmox VE on it, from `/nodes/{node}/version`.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn version(&self) -> Result<PveVersion, Error> {
        Ask::new(&self.session, self.path("version")).place(self.place()).one()
    }
}

impl Listed for PveVersion {
    const NOUN: (&'static str, &'static str) = ("version", "versions");

    fn columns() -> Vec<Column<PveVersion>> {
        vec![
            column!("Version", |v: &PveVersion| v.version.clone()),
            column!("Release", |v: &PveVersion| v.release.clone()),
            column!("Revision", |v: &PveVersion| v.repoid.clone()),
        ]
    }
}
