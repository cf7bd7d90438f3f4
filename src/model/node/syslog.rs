//! A node's system log.

use crate::error::Error;
use crate::model::list::List;
use crate::model::log::{self, LogLine};
use crate::model::node::Node;

impl Node {
    /// The last lines of its system log, from `/nodes/{node}/syslog`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let lines = Pve::demo()?.node("pve1")?.syslog(5)?;
    /// assert_eq!(lines.len(), 5);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Syslog on `/nodes/{node}` is missing.
    pub fn syslog(&self, lines: usize) -> Result<List<LogLine>, Error> {
        let title = format!("System log of {}", self.name.raw());
        log::tail(&self.session, &self.path("syslog"), title, &self.place(), lines)
    }
}
