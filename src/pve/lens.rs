//! A cluster that is looked at through a lens.

use std::borrow::Borrow;

use crate::lens::Lens;
use crate::model::lens::remarks;
use crate::page::Page;
use crate::pve::Pve;

impl Pve {
    /// The same cluster and session, looked at through a lens: whatever is read from it is shown with what the lens adds,
    /// without what it hides, and says so. Of several, the later holds. Plans, and what became of them, are shown whole.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let lens = Lens::new("management").word("guest", "server").hide_code();
    /// let pve = Pve::demo()?.with(&lens); // or by value
    /// assert!(pve.page().text().contains("as seen by management"));
    /// # Ok(()) }
    /// ```
    pub fn with(&self, lens: impl Borrow<Lens>) -> Pve {
        Pve { session: self.session.seen_through(lens.borrow(), remarks) }
    }

    /// The same cluster and session as it is, through no lens.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?.with(Lens::new("management").hide_column("CPU"));
    /// assert!(pve.without_lens().guests()?.page().text().contains("CPU"));
    /// # Ok(()) }
    /// ```
    pub fn without_lens(&self) -> Pve {
        Pve { session: self.session.unseen() }
    }
}

impl Page {
    /// The page through the lens of this cluster, where it has one: for a page that neither says where it comes from, as
    /// [`based_on`](Page::based_on) does, nor holds a list or an object of the cluster.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?.with(Lens::new("management").word("guest", "server"));
    /// let n = pve.guests()?.len();
    /// assert!(Page::new("For Monday").answer(format!("{n} guests"), ".").through(&pve).text().contains("41 servers"));
    /// # Ok(()) }
    /// ```
    pub fn through(self, pve: &Pve) -> Page {
        self.seen_by(pve.session.seen())
    }
}
