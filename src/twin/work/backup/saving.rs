//! How one guest is saved: prepared and locked, its disks read, the archive finished, older ones removed.

mod said;

use serde_json::{Value, json};

use said::{filled, prepare};

use super::{Options, group, retention};
use crate::twin::archives::Archived;
use crate::twin::rrd::merge;
use crate::twin::state::{Guest, Kind, Ms, Power, State};
use crate::twin::written::{archive_size, bytes, clock, hours, short_time, stamp};

/// How fast disks are read, in bytes a second.
const PACE: u64 = 1 << 30;
/// How fast a backup server is, which knows most of it already.
const SERVER_PACE: u64 = 8 << 30;
/// How long a guest takes to go down and to come up.
const DOWN: Ms = 6_000;
const UP: Ms = 1_900;

/// A guest that is being saved.
pub(super) struct Saving {
    vmid: u32,
    kind: Kind,
    options: Options,
    server: bool,
    begins: Ms,
    /// Its place in the storage, and as the log has it.
    volid: String,
    archive: String,
    mode: &'static str,
    ran: bool,
    paused: bool,
    /// When it was stopped for the archive.
    stopped: Option<Ms>,
    saved: Archived,
    total: u64,
    step: Step,
    read_from: Ms,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Stops,
    Opens,
    Reads(u64),
    Closes,
}

impl Saving {
    pub(super) fn vmid(&self) -> u32 {
        self.vmid
    }

    /// Prepares a guest and locks its configuration.
    pub(super) fn begin(state: &mut State, task: usize, vmid: u32, options: &Options) -> Result<Saving, String> {
        let Some(guest) = state.guests.get(&vmid).cloned() else { return Err(format!("unable to find VM '{vmid}'")) };
        if options.mode == "stop" && guest.ha_config().is_some_and(|ha| ha.wanted() == "started") {
            return Err(
                "Cannot execute a backup with stop mode on a HA managed and enabled Service. Use snapshot mode or \
                 disable the Service."
                    .to_owned(),
            );
        }
        let limit = retention::limit(&options.keep);
        if limit > 0 && !options.remove && !options.protected {
            let count = state
                .backups_in(&options.storage, &guest.node, vmid)
                .iter()
                .filter(|row| row["protected"] != 1)
                .count();
            if count as u64 >= limit {
                return Err(format!(
                    "There is a max backup limit of {limit} enforced by the target storage or the vzdump parameters. \
                     Either increase the limit or delete old backups."
                ));
            }
        }
        let (kind, power) = (guest.kind, guest.power_at(state.now));
        let ran = power != Power::Stopped;
        state.say(task, format!("INFO: Starting Backup of VM {vmid} ({})", kind.word()));
        let now = stamp(state.now);
        state.say(task, format!("INFO: Backup started at {now}"));
        state.say(task, format!("INFO: status = {}", if ran { "running" } else { "stopped" }));
        if let Some(lock) = guest.lock() {
            return Err(format!("{} is locked ({lock})", kind.short()));
        }
        if let Some(why) = state.read_only(kind, &guest.node, vmid) {
            return Err(why);
        }
        if let Some(locked) = state.guests.get_mut(&vmid) {
            locked.config.insert("lock".into(), "backup".into());
        }
        let saved = Archived::of(state, &guest);
        prepare(state, task, &guest);
        let server = state.storages.iter().any(|one| one.storage == options.storage && one.kind == "pbs");
        let seconds = state.seconds();
        let archive = match server {
            true => format!("{}/{vmid}/{}Z", group(kind), clock(seconds, ["-", "T", ":"])),
            false => {
                let format = if kind == Kind::Qemu { "vma" } else { "tar" };
                let ending = options.ending.map(|ending| format!(".{ending}")).unwrap_or_default();
                let time = clock(seconds, ["_", "-", "_"]);
                format!("vzdump-{}-{vmid}-{time}.{format}{ending}", kind.word())
            }
        };
        let mode = if ran { options.mode } else { "stop" };
        state.say(task, format!("INFO: backup mode: {mode}"));
        state.say(task, "INFO: ionice priority: 7");
        let total = saved.disks().iter().map(|disk| disk.size).sum();
        Ok(Saving {
            vmid,
            kind,
            server,
            begins: state.now,
            volid: format!("{}:backup/{archive}", options.storage),
            archive,
            mode,
            ran,
            paused: power == Power::Paused,
            stopped: None,
            saved,
            total,
            step: Step::Stops,
            read_from: 0,
            options: options.clone(),
        })
    }

    /// Goes on by one step; nothing when it is done, and why when it cannot be.
    pub(super) fn go_on(&mut self, state: &mut State, task: usize) -> Result<Option<Ms>, String> {
        match self.step {
            Step::Stops => {
                self.step = Step::Opens;
                Ok(Some(self.stops(state, task)))
            }
            Step::Opens => {
                self.opens(state, task);
                self.read_from = state.now;
                self.step = Step::Reads(0);
                Ok(Some(3_000))
            }
            Step::Reads(_) => self.reads(state, task),
            Step::Closes => {
                self.closes(state, task)?;
                Ok(None)
            }
        }
    }

    /// Takes a guest to where it can be read.
    fn stops(&mut self, state: &mut State, task: usize) -> Ms {
        let now = state.now;
        match (self.mode, self.kind, self.ran) {
            ("stop", _, true) => {
                state.say(task, "INFO: stopping virtual guest");
                self.stopped = Some(now);
                if let Some(guest) = state.guests.get_mut(&self.vmid) {
                    guest.turn_off(now);
                }
                DOWN
            }
            ("suspend", Kind::Qemu, true) => {
                state.say(task, "INFO: suspending guest");
                self.stopped = Some(now);
                state.turn(self.vmid, Power::Paused);
                1_000
            }
            ("suspend", Kind::Lxc, true) => {
                state.say(task, "INFO: starting first sync /proc/1/root/ to /var/tmp/vzdumptmp");
                state.say(task, format!("INFO: first sync finished - transferred {} bytes in 4s", self.total / 3));
                state.say(task, "INFO: suspending guest");
                state.say(task, "INFO: starting final sync /proc/1/root/ to /var/tmp/vzdumptmp");
                state.say(task, "INFO: final sync finished - transferred 0 bytes in 1s");
                state.say(task, "INFO: resuming guest");
                state.say(task, "INFO: guest is online again after 1 seconds");
                5_000
            }
            ("snapshot", Kind::Lxc, true) => {
                let several = self.saved.disks().len() > 1;
                if several {
                    state.say(task, "INFO: suspend vm to make snapshot");
                }
                state.say(task, "INFO: create storage snapshot 'vzdump'");
                if several {
                    state.say(task, "INFO: resume vm");
                    state.say(task, "INFO: guest is online again after <1 seconds");
                }
                900
            }
            _ => 100,
        }
    }

    /// A virtual machine that ran goes on.
    fn resumes(&mut self, state: &mut State, task: usize) {
        if !self.ran || self.paused || self.kind == Kind::Lxc {
            return;
        }
        match self.stopped.take() {
            Some(since) => {
                let time = (state.now - since) / 1000;
                state.say(task, format!("INFO: resuming VM again after {time} seconds"));
                state.turn(self.vmid, Power::Running);
            }
            None => state.say(task, "INFO: resuming VM again"),
        }
    }

    fn pace(&self) -> u64 {
        if self.server { SERVER_PACE } else { PACE }
    }

    /// What its archive will take there.
    fn size(&self) -> u64 {
        match (self.server, self.options.ending) {
            (true, _) => self.total + 4096,
            (false, Some(_)) => self.total * 2 / 5,
            (false, None) => self.total * 3 / 5,
        }
    }

    fn reads(&mut self, state: &mut State, task: usize) -> Result<Option<Ms>, String> {
        let time = state.now - self.read_from;
        let read = (self.pace() / 1_000).saturating_mul(u64::try_from(time).unwrap_or_default()).min(self.total);
        let written = if self.server { read / 20 } else { read * 2 / 5 };
        if written > state.room_on(&self.options.storage, &state.tasks[task].node) {
            let why = self.no_space(state, task);
            self.breaks(state, task, &why);
            return Err(why);
        }
        if self.kind == Kind::Qemu && self.total > 0 {
            let (percent, seconds) = (read * 100 / self.total, time / 1_000);
            let rate = |bytes_in: u64| bytes(bytes_in / u64::try_from(seconds.max(1)).unwrap_or(1), 1);
            state.say(
                task,
                format!(
                    "INFO: {percent:3}% ({} of {}) in {}, read: {}/s, write: {}/s",
                    bytes(read, 1),
                    bytes(self.total, 1),
                    short_time(seconds),
                    rate(read),
                    rate(written)
                ),
            );
        }
        if read < self.total {
            let left = (self.total - read) * 1_000 / self.pace();
            self.step = Step::Reads(read);
            // At most a dozen signs of life.
            let pause = (self.total * 1_000 / self.pace() / 12).max(3_000);
            return Ok(Some(Ms::try_from(left.min(pause)).unwrap_or(3_000).max(200)));
        }
        self.has_read(state, task, (time / 1_000).max(1));
        self.step = Step::Closes;
        Ok(Some(1_200))
    }

    /// The archive is given up, and the guest is as before.
    pub(super) fn breaks(&mut self, state: &mut State, task: usize, why: &str) {
        if self.kind == Kind::Qemu && matches!(self.step, Step::Reads(_) | Step::Closes) {
            state.say(task, format!("ERROR: {why}"));
            state.say(task, "INFO: aborting backup job");
            self.resumes(state, task);
            if !self.ran {
                state.say(task, "INFO: stopping kvm after backup task");
            }
        }
        self.lets_go(state, task);
    }

    /// Takes the lock off, and starts again what was stopped.
    fn lets_go(&mut self, state: &mut State, task: usize) {
        state.unlock(self.vmid);
        if self.kind == Kind::Lxc && self.ran && self.mode == "snapshot" {
            state.say(task, "INFO: cleanup temporary 'vzdump' snapshot");
        }
        if let Some(since) = self.stopped.take() {
            let resumes = self.mode == "suspend";
            state.say(task, if resumes { "INFO: resume vm" } else { "INFO: restarting vm" });
            let time = (state.now + UP - since) / 1000;
            state.say(task, format!("INFO: guest is online again after {time} seconds"));
            state.turn(self.vmid, Power::Running);
        }
    }

    /// The archive is there; what was asked for beside it is done.
    fn closes(&mut self, state: &mut State, task: usize) -> Result<(), String> {
        let (size, guest) = (self.size(), state.guests.get(&self.vmid).cloned());
        if !self.server {
            state.say(task, format!("INFO: archive file size: {}", archive_size(size)));
        }
        let mut row = json!({
            "volid": self.volid, "vmid": self.vmid, "ctime": self.begins / 1000, "content": "backup",
            "subtype": self.kind.word(), "size": size, "format": self.format(),
        });
        if let Some(template) = self.options.notes.as_ref().filter(|template| !template.is_empty()) {
            state.say(task, "INFO: adding notes to backup");
            let name = guest.as_ref().map(Guest::name).unwrap_or_default();
            let node = state.tasks[task].node.clone();
            merge(&mut row, json!({ "notes": filled(template, &state.cluster, &name, &node, self.vmid) }));
        }
        if self.options.protected {
            state.say(task, "INFO: marking backup as protected");
            merge(&mut row, json!({ "protected": 1 }));
        }
        let node = state.tasks[task].node.clone();
        state.store_backup(&node, row, self.saved.clone());
        if self.options.remove {
            self.prunes(state, task);
        }
        self.lets_go(state, task);
        let took = hours((state.now - self.begins) / 1000);
        state.say(task, format!("INFO: Finished Backup of VM {} ({took})", self.vmid));
        let now = stamp(state.now);
        state.say(task, format!("INFO: Backup finished at {now}"));
        Ok(())
    }

    fn format(&self) -> String {
        match (self.server, self.kind) {
            (true, kind) => format!("pbs-{}", group(kind)),
            (false, kind) => {
                let format = if kind == Kind::Qemu { "vma" } else { "tar" };
                self.options.ending.map_or(format.to_owned(), |ending| format!("{format}.{ending}"))
            }
        }
    }

    fn prunes(&self, state: &mut State, task: usize) {
        let mut keep = self.options.keep.clone();
        keep.sort();
        let said: Vec<String> = keep.iter().map(|(key, count)| format!("{key}={count}")).collect();
        state.say(task, format!("INFO: prune older backups with retention: {}", said.join(", ")));
        let node = state.tasks[task].node.clone();
        let mine = state.backups_in(&self.options.storage, &node, self.vmid);
        let mine: Vec<&&Value> =
            mine.iter().filter(|row| row["protected"] != 1 && row["subtype"] == self.kind.word()).collect();
        let times: Vec<i64> = mine.iter().map(|row| row["ctime"].as_i64().unwrap_or_default()).collect();
        let gone: Vec<String> = mine
            .iter()
            .zip(retention::removed(&times, &keep))
            .filter(|(_, gone)| *gone)
            .filter_map(|(row, _)| row["volid"].as_str().map(str::to_owned))
            .collect();
        for volid in &gone {
            state.say(task, format!("INFO: removing backup '{volid}'"));
            state.remove_volume(&node, volid);
        }
        let why = if gone.is_empty() { "" } else { " not covered by keep-retention policy" };
        state.say(task, format!("INFO: pruned {} backup(s){why}", gone.len()));
    }
}
