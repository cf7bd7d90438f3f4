//! How the task goes that restores a container: new volumes first, then the old ones go, then the archive is unpacked.

use super::{New, PACE, Restore};
use crate::twin::images::owner;
use crate::twin::state::{Guest, Ms, State};
use crate::twin::work::course::Course;
use crate::twin::work::steps::{Break, INTERRUPTED};
use crate::twin::written::bytes;

impl Restore {
    pub(super) fn container(&self, state: &State, guest: &Guest) -> Course {
        let (vmid, archive) = (guest.vmid, &self.archive);
        let emsg = format!("unable to restore CT {vmid} -");
        let new = self.plan(state, guest, &[]);
        let total: u64 = self.archived.disks().iter().map(|disk| disk.written).sum();
        let time = Ms::try_from(total * 1_000 / PACE).unwrap_or_default().max(1_000);
        let course = Course::default().line(200, format!("recovering backed-up configuration from '{archive}'"));
        if let Some((_, why)) = self.lacks_room(state, &guest.node, &new, &[]) {
            // Its configuration goes although its volumes stay.
            let course = course.then(600, move |state| drop(state.guests.remove(&vmid)));
            return Course { takes: 700, exit: format!("{emsg} {why}"), ..course };
        }
        let made = new.clone();
        let mut course = course
            .then(600, move |state| {
                let old: Vec<String> =
                    state.images.keys().filter(|volid| owner(volid) == Some(vmid)).cloned().collect();
                state.make_room_for(&made);
                old.iter().for_each(|volid| state.drop_image(volid));
                if let Some(guest) = state.guests.get_mut(&vmid) {
                    let lock = guest.config.remove("lock").map(|lock| ("lock".to_owned(), lock));
                    guest.become_new(lock.into_iter().collect());
                }
            })
            .line(900, format!("restoring '{archive}' now.."));
        if !self.fits(state, &guest.node, &new) {
            let course = course.then(900 + time / 2, move |state| state.give_up(vmid, &new));
            let exit = format!("{emsg} command 'tar xpf - --zstd --totals' failed: exit code 2");
            return Course { takes: 1_000 + time / 2, exit, ..course };
        }
        if !archive.contains(":backup/ct/") {
            let rate = bytes(total / u64::try_from(time / 1_000).unwrap_or(1), 0);
            course = course.line(900, format!("extracting archive '{}'", state.path_of(archive))).line(
                900 + time,
                format!(
                    "Total bytes read: {total} ({}, {}/s)",
                    bytes(total, 1).replace(' ', ""),
                    rate.replace(' ', "")
                ),
            );
        }
        let at = 900 + time;
        let course = course.line(at + 100, "merging backed-up and given configuration..");
        let made = new.clone();
        let broken: Break = Box::new(move |state, _, _| {
            state.give_up(vmid, &made);
            format!("{emsg} {INTERRUPTED}")
        });
        self.finish(course, at + 900, guest, new, broken)
    }
}

impl State {
    /// What a restore made goes again, and the container with it.
    fn give_up(&mut self, vmid: u32, made: &[New]) {
        made.iter().for_each(|one| self.drop_image(one.volid()));
        self.guests.remove(&vmid);
    }
}
