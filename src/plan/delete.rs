//! Removing a guest, with its disks.

use crate::error::Error;
use crate::model::guest::Guest;
use crate::page::{State, Tone};
use crate::plan::draft::{Draft, Seen};
use crate::plan::{Plan, check};
use crate::wire::{Call, Method};

impl Guest {
    /// The plan to remove it for good, with all its disks and snapshots. Its backups stay. `.with("purge", 1)` also takes it
    /// out of backup jobs, replication and high availability.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let plan = pve.guest("erp-test")?.delete();
    /// assert!(plan.run().is_err(), "it asks for a code, and nothing was sent");
    /// assert!(pve.guest("erp-test").is_ok());
    /// # Ok(()) }
    /// ```
    pub fn delete(&self) -> Plan {
        let draft = Draft::on(self, "Remove", |guest| {
            Call::new(Method::Delete, guest.path("").trim_end_matches('/').to_owned())
        });
        let Some(guest) = draft.guest().cloned() else { return draft.plan() };
        let config = guest.config();
        let disks = match &config {
            Ok(config) => {
                let keys: Vec<String> = config
                    .disks()
                    .iter()
                    .filter(|disk| disk.holds_data())
                    .map(|disk| format!("{} ({})", disk.key, disk.size))
                    .collect();
                format!("{} with its disks: {}", guest.called().raw(), keys.join(", "))
            }
            Err(_) => format!("{} with all its disks", guest.called().raw()),
        };
        let backups = match guest.backup_jobs() {
            Ok(jobs) if jobs.is_empty() => "No backup job saves it. ",
            Ok(_) => "A backup job saves it, which then finds it gone. ",
            Err(_) => "",
        };
        let vmid = guest.vmid;
        draft
            .check(check::off(&guest, "what is removed is off"))
            .check(check::protection(&guest, &config))
            .check(check::unmanaged(&guest))
            .needs(&["VM.Allocate"], format!("/vms/{vmid}"))
            .sees(&["VM.Audit"], format!("/vms/{vmid}"))
            .tasks(&["qmdestroy", "vzdestroy"])
            .destroys(disks)
            .effect(format!("{backups}Its backups stay where they are: {}.backups()? shows them before.", guest.code()))
            .no_undo("A removed guest comes back only from a backup.")
            .goal(move |session| match Guest::find(session, i64::from(vmid).into()) {
                Err(Error::NotFound { .. }) => {
                    Ok(Seen { now: State::new(Tone::Good, "gone"), reached: true, guest: None })
                }
                Ok(guest) => {
                    // The overview lags, and may list it for some seconds; its node knows at once.
                    let gone = guest.current().is_err_and(|error| matches!(error, Error::NotFound { .. }));
                    let state = if gone { State::new(Tone::Good, "gone") } else { guest.state() };
                    Ok(Seen { now: state, reached: gone, guest: None })
                }
                Err(error) => Err(error),
            })
            .plan()
    }
}
