//! What is different between what two sessions see.

use crate::error::Error;
use crate::model::difference::Difference;
use crate::pve::Pve;

impl Pve {
    /// What is different between this session and another one with the same cluster, both read now: guests that came,
    /// went, moved or are set up otherwise, setting by setting, with their snapshots; nodes with their versions and
    /// networks; storages; high availability; jobs; pools; users, tokens and what they may do.
    ///
    /// It answers “what changed since Friday” where one of the two is of Friday. What one side did not see is said, and is
    /// never told as gone. It takes a call a guest of each side, two a node, and some twenty more.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let (before, after) = (Pve::demo()?, Pve::demo()?);
    /// after.guest("web-1")?.change().set("cores", 4).set("memory", 8192).plan().run()?;
    /// let difference = before.diff(&after)?;
    /// assert_eq!(difference.changes.len(), 1);
    /// println!("{}", difference.page().text());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the guests of one side cannot be read, or the two are not the same cluster.
    pub fn diff(&self, after: &Pve) -> Result<Difference, Error> {
        Difference::between(&self.session, &after.session)
    }
}
