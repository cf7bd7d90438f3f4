//! What may hold the lock of a guest. A configuration names the reason and not the task.

use crate::model::guest::Guest;
use crate::model::task::Task;

impl Guest {
    /// Whether its lock may be held by this task: one that runs and is about it; where the lock is of a backup, also a
    /// job on its node that names no guest; where it is of a clone, also what clones another guest.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let running = pve.task_query().running().read()?;
    /// for guest in pve.guests()?.filter(|guest| guest.lock.is_some()) {
    ///     println!("{}: {} tasks may hold its lock", guest.name, running.filter(|t| guest.may_be_held_by(t)).len());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn may_be_held_by(&self, task: &Task) -> bool {
        let Some(lock) = self.lock.as_ref().filter(|_| task.is_running()) else { return false };
        match (lock.raw(), task.kind.raw()) {
            _ if task.id == self.vmid.to_string() => task.node == self.node,
            ("backup", "vzdump") => task.id.is_blank() && task.node == self.node,
            ("clone" | "create" | "disk", "qmclone" | "vzclone") => true,
            _ => false,
        }
    }
}
