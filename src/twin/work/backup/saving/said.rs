//! What the log of a backup says of a guest while it is saved.

use super::Saving;
use crate::twin::archives::{SavedDisk, is_saved};
use crate::twin::drive::{drives, format_size, is_unused};
use crate::twin::rrd::mix;
use crate::twin::state::{Guest, Kind, State};
use crate::twin::written::bytes;

impl Saving {
    /// The archive is begun; a virtual machine goes on as soon as that is so.
    pub(super) fn opens(&mut self, state: &mut State, task: usize) {
        leaves_out(state, task, self.vmid);
        let what = if self.server { "Proxmox Backup Server" } else { "vzdump" };
        let folder = state.storages.iter().find(|one| one.storage == self.options.storage);
        let folder = folder.and_then(|storage| storage.dump_folder()).unwrap_or_default();
        let target = if self.server { self.archive.clone() } else { format!("{folder}/{}", self.archive) };
        state.say(task, format!("INFO: creating {what} archive '{target}'"));
        if self.kind == Kind::Lxc {
            return;
        }
        if !self.ran || self.mode == "stop" {
            state.say(task, "INFO: starting kvm to execute backup task");
        }
        let guest = state.guests.get(&self.vmid);
        let (agent, mute) = guest.map_or((false, false), |guest| (guest.has_agent(), guest.is_mute(state.now)));
        let frozen = self.mode != "stop" && self.ran && !self.paused && agent && !mute;
        if self.mode != "stop" && self.ran && !self.paused {
            state.say(
                task,
                match (agent, mute) {
                    (false, _) => "INFO: skipping guest-agent 'fs-freeze', agent not configured in VM options",
                    (true, true) => "INFO: skipping guest-agent 'fs-freeze', agent configured but not running?",
                    (true, false) => "INFO: issuing guest-agent 'fs-freeze' command",
                },
            );
        }
        state.say(task, "INFO: starting backup via QMP command");
        if frozen {
            state.say(task, "INFO: issuing guest-agent 'fs-thaw' command");
        }
        let word = mix(u64::from(self.vmid) ^ u64::try_from(state.now).unwrap_or_default());
        let uuid = format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            word >> 32,
            word >> 16 & 0xffff,
            word >> 4 & 0xfff,
            word & 0xfff,
            mix(word) >> 16
        );
        state.say(task, format!("INFO: started backup task '{uuid}'"));
        self.resumes(state, task);
        if self.server {
            let known = !state.backups_in(&self.options.storage, &state.tasks[task].node, self.vmid).is_empty()
                && self.ran
                && self.mode != "stop";
            for SavedDisk { key, size, .. } in self.saved.disks() {
                let status = match known {
                    true => format!("OK ({} of {} dirty)", bytes(dirty(size), 1), bytes(size, 1)),
                    false => "created new".to_owned(),
                };
                state.say(task, format!("INFO: {key}: dirty-bitmap status: {status}"));
            }
            if known {
                let (changed, total) = (bytes(dirty(self.total), 1), bytes(self.total, 1));
                state.say(
                    task,
                    format!("INFO: using fast incremental mode (dirty-bitmap), {changed} dirty of {total} total"),
                );
            }
        }
    }

    /// All of its disks are read.
    pub(super) fn has_read(&self, state: &mut State, task: usize, seconds: i64) {
        let rate = bytes(self.total / u64::try_from(seconds).unwrap_or(1), 1);
        match (self.kind, self.server) {
            (Kind::Qemu, server) => {
                let sparse = self.total / 3;
                state.say(task, format!("INFO: backup is sparse: {} (33%) total zero data", bytes(sparse, 2)));
                if server {
                    let reused = self.total - dirty(self.total);
                    state.say(task, format!("INFO: backup was done incrementally, reused {} (97%)", bytes(reused, 2)));
                }
                state.say(task, format!("INFO: transferred {} in {seconds} seconds ({rate}/s)", bytes(self.total, 2)));
            }
            (Kind::Lxc, true) => {
                state.say(task, "INFO: Starting backup protocol");
                state.say(task, "INFO: Upload config file 'pct.conf' as 'pct.conf.blob'");
                state.say(
                    task,
                    format!(
                        "INFO: root.pxar: had to backup {} of {} in {seconds}.00 s",
                        bytes(dirty(self.total), 2),
                        bytes(self.total / 2, 2)
                    ),
                );
                state.say(task, format!("INFO: Duration: {seconds}.00s"));
            }
            (Kind::Lxc, false) => state.say(
                task,
                format!("INFO: Total bytes written: {} ({}, {rate}/s)", self.total / 2, bytes(self.total / 2, 1)),
            ),
        }
        if self.kind == Kind::Qemu && !self.ran {
            state.say(task, "INFO: stopping kvm after backup task");
        }
    }

    /// How a full storage shows.
    pub(super) fn no_space(&self, state: &mut State, task: usize) -> String {
        match (self.kind, self.server) {
            (_, true) => {
                "backup write data failed: command error: write_data upload error: pipelined request failed: ENOSPC: No space left on device".to_owned()
            }
            (Kind::Qemu, false) => {
                if self.options.ending == Some("zst") {
                    state.say(task, "INFO: zstd: error 70 : Write error : cannot write block : No space left on device");
                }
                "vma_queue_write: write error - Broken pipe".to_owned()
            }
            (Kind::Lxc, false) => {
                let packer = match self.options.ending {
                    Some("zst") => " | zstd --threads=1",
                    Some("gz") => " | gzip --rsyncable",
                    Some(_) => " | lzop",
                    None => "",
                };
                state.say(task, "INFO: tar: -: Cannot write: No space left on device");
                format!("command 'set -o pipefail && tar cpf - --totals{packer} >{}' failed: exit code 2", self.archive)
            }
        }
    }
}

/// What changed of a disk since it was saved last.
pub(super) fn dirty(size: u64) -> u64 {
    size / 33
}

/// What is in a guest and what of it is saved.
pub(super) fn prepare(state: &mut State, task: usize, guest: &Guest) {
    if let Some(name) = guest.text("name").or(guest.text("hostname")) {
        state.say(task, format!("INFO: {} Name: {name}", guest.kind.short()));
    }
    for (key, drive) in drives(guest.kind, &guest.config) {
        if guest.kind == Kind::Qemu && drive.is_cdrom() {
            continue;
        }
        let volid = &drive.volume;
        let place = drive.option("mp").unwrap_or("/");
        let said = match (guest.kind, is_saved(guest.kind, &key, &drive)) {
            (Kind::Qemu, true) => {
                let size = drive.size().or_else(|| state.images.get(volid).map(|image| image.size));
                format!("include disk '{key}' '{volid}' {}", format_size(size.unwrap_or_default()))
            }
            (Kind::Qemu, false) => format!("exclude disk '{key}' '{volid}' (backup=no)"),
            (Kind::Lxc, true) => format!("including mount point {key} ('{place}') in backup"),
            (Kind::Lxc, false) => format!("excluding volume mount point {key} ('{place}') from backup (disabled)"),
        };
        state.say(task, format!("INFO: {said}"));
    }
}

/// What of a virtual machine's configuration is left out.
fn leaves_out(state: &mut State, task: usize, vmid: u32) {
    let Some(guest) = state.guests.get(&vmid).filter(|guest| guest.kind == Kind::Qemu) else { return };
    let mut lines: Vec<String> = guest
        .config
        .iter()
        .filter(|(key, _)| is_unused(key))
        .filter_map(|(_, volid)| Some(format!("skip unused drive '{}' (not included into backup)", volid.as_str()?)))
        .collect();
    let waits = !guest.pending.is_empty() || !guest.pending_delete.is_empty();
    for (there, what) in [(!guest.snapshots.is_empty(), "snapshots"), (waits, "pending configuration changes")] {
        lines.extend(there.then(|| format!("{what} found (not included into backup)")));
    }
    lines.into_iter().for_each(|line| state.say(task, format!("INFO: {line}")));
}

/// A template of notes with what it names put in.
pub(super) fn filled(template: &str, cluster: &str, name: &str, node: &str, vmid: u32) -> String {
    let text = template.replace("\\n", "\n").replace("\\\\", "\\");
    text.replace("{{cluster}}", cluster)
        .replace("{{guestname}}", name)
        .replace("{{node}}", node)
        .replace("{{vmid}}", &vmid.to_string())
}
