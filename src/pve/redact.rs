//! A cluster as an audience may see it.

use std::sync::Arc;

use crate::error::Error;
use crate::model::lens::remarks;
use crate::pve::Pve;
use crate::session::Session;
use crate::wire::redaction::{Redacted, Redaction};

impl Pve {
    /// The same cluster in a session of its own that shows pseudonyms in place of names, addresses and notes: in tables,
    /// drawings, raw JSON, errors and the journal. The same name has the same pseudonym everywhere, so that the picture stays
    /// true; VMIDs, sizes and states stay as they are. Calls take pseudonyms: `pve.guest("guest-7qdx")?` finds it, and what is
    /// done is done to the guest behind it. Every output says that it is redacted.
    ///
    /// Hidden is what the fields of the API are known to hold, each known name wherever it stands as a word of its own, and
    /// whatever has the form of an address. The name of something that is gone, or one that nobody gave to a thing of the
    /// cluster, stays where somebody wrote it into a log: look at such outputs before they are passed on. Names of snapshots,
    /// files, bridges, roles and jobs stay, but for known names in them.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let hide = Redaction::new().names().addresses().notes().key("two notebooks agree by this");
    /// let pve = Pve::demo()?.redact(&hide)?;
    /// let guest = pve.guest(101)?;
    /// let name = guest.name.to_string();
    /// assert!(name.starts_with("guest-"));
    /// assert_eq!(pve.guest(&name)?.vmid, 101);
    /// guest.start().run()?; // what is behind the pseudonym is started
    /// assert!(!pve.journal().page().text().contains("web-1"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the redaction hides nothing, or the cluster cannot be read.
    pub fn redact(&self, redaction: impl std::borrow::Borrow<Redaction>) -> Result<Pve, Error> {
        let redacted = Arc::new(Redacted::around(self.session.wire(), redaction.borrow())?);
        let session = Session::open(redacted.clone())?.standing_as(&self.session, |words| redacted.words(words));
        let session = match self.session.lens() {
            Some(lens) => session.seen_through(lens, remarks),
            None => session,
        };
        Ok(Pve { session })
    }
}
