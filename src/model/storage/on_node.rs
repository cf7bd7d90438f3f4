//! A storage as one node sees it.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::history::{History, Source, Span};
use crate::model::list::{Column, List, Listed, column};
use crate::model::record::{Ask, Origin, record};
use crate::model::storage::Storage;
use crate::model::together::joined;
use crate::page::{Cell, Page, State, Tone};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Bytes, Ratio, Reading, Why};

fields! {
    /// A storage as one node sees it, from `/nodes/{node}/storage`.
    #[derive(Clone, Default)]
    pub struct NodeStorage {
        /// The storage's name.
        pub storage: Text,
        /// The node.
        #[field(skip, "the path of the call")]
        pub node: Text,
        /// The kind: `dir`, `zfspool`, `rbd`, `nfs`, `pbs`, ...
        #[field("type")]
        pub kind: Text,
        /// Whether it is switched on for this node.
        #[field(loose::not_no)]
        pub enabled: bool,
        /// Whether the node has it mounted or connected.
        #[field(loose::yes)]
        pub active: bool,
        /// Whether other nodes see the same data.
        #[field(loose::yes)]
        pub shared: bool,
        /// What may be kept on it.
        #[field(loose::words)]
        pub content: Vec<Text>,
        /// Space in use.
        pub used: Reading<Bytes>,
        /// Space that it has.
        pub total: Reading<Bytes>,
        /// Space that is left.
        pub avail: Reading<Bytes>,
        /// Used within total; only in the list of a node.
        pub used_fraction: Reading<Ratio>,
        /// The forms that disks may have there, and which is taken: `supported`, `default`; only where asked for.
        pub formats: Option<serde_json::Value>,
        /// Whether volumes that exist may be chosen there; only where asked for.
        #[field(loose::flag)]
        pub select_existing: Option<bool>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(NodeStorage without page: "/nodes/{node}/storage", "/nodes/{node}/storage/{storage}/status");

impl NodeStorage {
    pub(crate) fn list(session: &Session, node: &Text) -> Result<List<NodeStorage>, Error> {
        let storages = Ask::new(session, format!("/nodes/{}/storage", node.raw()))
            .titled(format!("Storages on {}", node.raw()))
            .question("Where can this node keep data, and how full is it?")
            .filtered_by("storages", &["Datastore.Audit", "Datastore.AllocateSpace"], "/storage")
            .place(format!("node/{}", node.raw()))
            .list_with(|storage: &mut NodeStorage| storage.on(node))?;
        Ok(storages.sorted_by_key(|storage| storage.storage.clone()))
    }

    /// How it stands now, from `/nodes/{node}/storage/{storage}/status`.
    ///
    /// # Errors
    /// When the node cannot be reached, there is no such storage any more, or Datastore.Audit is missing.
    pub fn current(&self) -> Result<NodeStorage, Error> {
        let place = format!("storage/{}/{}", self.node.raw(), self.storage.raw());
        Ask::new(self.session()?, format!("/nodes/{}/storage/{}/status", self.node.raw(), self.storage.raw()))
            .place(place)
            .one_with(|storage: &mut NodeStorage| {
                storage.storage = self.storage.clone();
                storage.on(&self.node);
            })
    }

    /// How full it was over a span of time, from `/nodes/{node}/storage/{storage}/rrddata`.
    ///
    /// # Errors
    /// When the node cannot be reached or Datastore.Audit is missing.
    pub fn history(&self, span: Span) -> Result<History, Error> {
        History::of(Source::of_storage(self)?, span)
    }

    pub(crate) fn session(&self) -> Result<&Session, Error> {
        self.origin.session()
    }

    /// Puts in what the answer leaves to its path, and takes out the zeros of an inactive storage.
    fn on(&mut self, node: &Text) {
        self.node = node.clone();
        self.content.sort();
        if self.kind.is_blank() {
            self.kind = "unknown".into();
        }
        if !self.active {
            let missing = Reading::Missing(Why::StorageInactive);
            (self.used, self.total, self.avail) = (missing, missing, missing);
            self.used_fraction = Reading::Missing(Why::StorageInactive);
        }
    }

    fn state(&self) -> State {
        match (self.enabled, self.active) {
            (false, _) => State::new(Tone::Off, "not for this node, or switched off"),
            (true, true) => State::new(Tone::Good, "active"),
            (true, false) => State::new(Tone::Wrong, "not active"),
        }
    }
}

impl Listed for NodeStorage {
    const NOUN: (&'static str, &'static str) = Storage::NOUN;

    fn columns() -> Vec<Column<NodeStorage>> {
        vec![
            column!("Storage", |s: &NodeStorage| Cell::Name(s.storage.clone(), s.kind.clone())),
            column!("State", |s: &NodeStorage| s.state())
                .by("enabled active", "wrong where it is enabled and not active"),
            column!("Used", |s: &NodeStorage| Cell::usage(s.used, s.total)),
            column!("Left", |s: &NodeStorage| s.avail),
            column!("Shared", |s: &NodeStorage| s.shared),
            column!("For", |s: &NodeStorage| joined(&s.content)),
        ]
    }
}

impl View for NodeStorage {
    fn page(&self) -> Page {
        let page = Page::new(format!("Storage {} on {}", self.storage.raw(), self.node.raw()))
            .question("Can this node use it, and how much is left?");
        let page = match (self.avail, self.total) {
            (Reading::Known(left), Reading::Known(total)) => {
                page.answer(format!("{left} left"), format!(" of {total}."))
            }
            (Reading::Missing(why), _) | (_, Reading::Missing(why)) => {
                page.answer("How much is left is not known", format!(" ({why})."))
            }
        };
        page.facts([
            ("Kind", Cell::from(&self.kind)),
            ("State", self.state().into()),
            ("Used", Cell::usage(self.used, self.total)),
            ("Left", self.avail.into()),
            ("Shared", self.shared.into()),
            ("For", joined(&self.content).into()),
        ])
        .provenance(self.provenance())
    }
}
