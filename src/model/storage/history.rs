//! How full a storage was: from any node where all see the same, else from the one that has it.

use super::Storage;
use crate::error::Error;
use crate::model::history::{History, Source, Span};

impl Storage {
    /// How full it was over a span of time, from `/nodes/{node}/storage/{storage}/rrddata` of a node that has it.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let month = Pve::demo()?.storage("nfs-backup")?.history(Span::Month)?;
    /// assert!(month.page().text().contains("full of 10 TiB"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When no node has it available, when several have one of their own of this name, or when Datastore.Audit is
    /// missing.
    pub fn history(&self, span: Span) -> Result<History, Error> {
        let name = self.name.raw();
        let mut there = self.on.iter().filter(|state| state.is_available());
        let Some(node) = there.next().map(|state| state.node.raw()) else {
            return Err(Error::not_found(
                format!("No node says how full storage \"{}\" was: it is available on none", self.name),
                format!("pve.storage({name:?})? shows its state on each"),
            ));
        };
        if !self.shared && there.next().is_some() {
            return Err(Error::not_found(
                format!("There is no one history of storage \"{}\": each node has its own of this name", self.name),
                format!("Name the node: pve.node({node:?})?.storage({name:?})?.history(Span::{span:?})?"),
            ));
        }
        History::of(Source::of_shared_storage(self, node), span)
    }
}
