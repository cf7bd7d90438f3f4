//! How the task goes that restores a virtual machine: from an archive, or from a backup server.

use serde_json::{Map, Value};

use super::{New, PACE, Restore};
use crate::twin::images::owner;
use crate::twin::state::{Guest, Ms, Power, State};
use crate::twin::work::course::Course;
use crate::twin::work::steps::Break;
use crate::twin::written::ctime;

impl Restore {
    pub(super) fn machine(&self, state: &State, guest: &Guest) -> Course {
        let vmid = guest.vmid;
        let emsg = format!("unable to restore VM {vmid} -");
        if self.replaces && guest.is_set("protection") {
            return early(vmid, format!("{emsg} protection mode enabled"));
        }
        if guest.power_at(state.now) != Power::Stopped {
            return early(vmid, format!("{emsg} vm is running"));
        }
        for (_, drive, _) in self.keys() {
            let storage = self.place(&drive.volume);
            if let Err(why) = state.storage_enabled(storage, &guest.node) {
                return early(vmid, why);
            }
            if !state.storage_holds(storage, "images") {
                return early(vmid, format!("Content type 'images' is not available on storage '{storage}'"));
            }
        }
        let gone = self.goes(guest);
        let new = self.plan(state, guest, &gone);
        let server = self.is_on_server();
        let (mut at, mut course) = (300, Course::default());
        if !server {
            course = self.header(state, course, at);
            at += 600;
        }
        let lacks = self.lacks_room(state, &guest.node, &new, &gone);
        let made: Vec<New> = new.iter().take(lacks.as_ref().map_or(new.len(), |(n, _)| *n)).cloned().collect();
        let (volumes, locked) = (made.clone(), server);
        course = course.then(at, move |state| {
            gone.iter().for_each(|volid| state.drop_image(volid));
            if let Some(guest) = state.guests.get_mut(&vmid) {
                guest.become_new(bare(locked));
            }
            state.make_room_for(&volumes);
        });
        for one in &made {
            course = course.line(at, format!("new volume ID is '{}'", one.volid()));
        }
        if let Some((_, why)) = lacks {
            return given_up(course, at + 300, vmid, made, server, why);
        }
        let total: u64 = new.iter().filter(|one| !one.drive.is_cloud_init()).map(|one| one.size).sum();
        let time = Ms::try_from((total * 1_000 / PACE).max(1_000)).unwrap_or(1_000);
        let command = self.command(state, &new);
        if !self.fits(state, &guest.node, &new) {
            return given_up(course, at + time / 2, vmid, made, server, format!("{command} failed: exit code 133"));
        }
        course = self.reads(state, course, at, time, &new);
        at += 500 + time;
        let course = course.line(at + 200, "rescan volumes...");
        let broken: Break = Box::new(move |state, task, _| {
            // Its own disk, which it has until the new one is made, may have the same name.
            let own = state.guests.get(&vmid).map(Guest::drives).unwrap_or_default();
            let is_own = |one: &New| own.iter().any(|(_, drive)| drive.volume == one.volid());
            let made: Vec<New> =
                made.into_iter().filter(|one| state.images.contains_key(one.volid()) && !is_own(one)).collect();
            if made.is_empty() {
                state.unlock(vmid);
                return "interrupted by signal".to_owned();
            }
            last_words(vmid, &made, server).into_iter().for_each(|line| state.say(task, line));
            state.clean_up(vmid, &made);
            format!("{command} failed: interrupted by signal")
        });
        self.finish(course, at + 700, guest, new, broken)
    }

    fn is_on_server(&self) -> bool {
        self.archive.contains(":backup/vm/")
    }

    /// What goes before there is anything new: the disks that come back, and what snapshots kept.
    fn goes(&self, guest: &Guest) -> Vec<String> {
        let keys = self.keys();
        let comes_back = |key: &str| keys.iter().any(|(other, ..)| other == key);
        let disks = guest.drives().into_iter().filter(|(key, _)| comes_back(key)).map(|(_, drive)| drive.volume);
        let states = guest.snapshots.iter().filter_map(|one| one.config.get("vmstate")?.as_str().map(str::to_owned));
        disks.chain(states).filter(|volid| owner(volid) == Some(guest.vmid)).collect()
    }

    /// The program that an archive is unpacked with.
    fn unpack(&self) -> &'static str {
        match self.archive.rsplit('.').next() {
            Some("zst") => "zstd -q -d -c ",
            Some("gz") => "zcat ",
            Some("lzo") => "lzop -d -c ",
            _ => "cat ",
        }
    }

    /// What failed, when the reading does.
    fn command(&self, state: &State, new: &[New]) -> String {
        match (self.is_on_server(), new.iter().find(|one| !one.drive.is_cloud_init())) {
            (true, Some(one)) => format!("command '{}'", self.restore_command(state, one)),
            _ => format!(
                "command 'set -o pipefail && {}{} | vma extract -v -r /var/tmp/vzdumptmp1471.fifo - /var/tmp/vzdumptmp1471'",
                self.unpack(),
                state.path_of(&self.archive)
            ),
        }
    }

    fn restore_command(&self, state: &State, one: &New) -> String {
        let name = self.archive.split(":backup/").nth(1).unwrap_or_default();
        format!(
            "/usr/bin/pbs-restore --repository {} {name} drive-{}.img.fidx {} --verbose --format raw --skip-zero",
            state.repository(&self.archive),
            one.key,
            state.path_of(one.volid())
        )
    }

    /// What an archive says of itself.
    fn header(&self, state: &State, course: Course, at: Ms) -> Course {
        let (path, unpack) = (state.path_of(&self.archive), self.unpack());
        let mut course = course
            .line(at, format!("restore vma archive: {unpack}{path} | vma extract -v -r /var/tmp/vzdumptmp1471.fifo - /var/tmp/vzdumptmp1471"))
            .line(at + 300, format!("CFG: size: {} name: qemu-server.conf", 300 + self.archived.config.len() * 24));
        for (n, disk) in self.archived.disks().iter().enumerate() {
            let line = format!("DEV: dev_id={} size: {} devname: drive-{}", n + 1, disk.size, disk.key);
            course = course.line(at + 300, line);
        }
        let when = state.volumes.iter().find(|row| row["volid"] == *self.archive);
        let when = when.and_then(|row| row["ctime"].as_i64()).unwrap_or_default();
        course.line(at + 300, format!("CTIME: {}", ctime(when)))
    }

    /// The disks are read, one after the other or all at once.
    fn reads(&self, state: &State, mut course: Course, at: Ms, time: Ms, new: &[New]) -> Course {
        let disks: Vec<&New> = new.iter().filter(|one| !one.drive.is_cloud_init()).collect();
        let name = self.archive.split(":backup/").nth(1).unwrap_or_default();
        let total: u64 = disks.iter().map(|one| one.size).sum();
        let progress = |course: Course, from: Ms, time: Ms, size: u64, zeroes: bool| {
            (1..=10_u64).fold(course, |course, step| {
                let (read, ms) = (size / 10 * step, time / 10 * step.cast_signed());
                let zeroes = if zeroes { format!(", zeroes = 33% ({} bytes)", read / 3) } else { String::new() };
                let line = format!("progress {}% (read {read} bytes{zeroes}, duration {} sec)", step * 10, ms / 1_000);
                course.line(from + ms, line)
            })
        };
        if !self.is_on_server() {
            for one in &disks {
                let path = state.path_of(one.volid());
                course = course.line(at + 200, format!("map 'drive-{}' to '{path}' (write zeros = 0)", one.key));
            }
            let written: u64 = disks.iter().map(|one| one.written).sum();
            let sparse = total.saturating_sub(written);
            let share = sparse as f64 * 100.0 / total.max(1) as f64;
            return progress(course, at + 500, time, total, false)
                .line(at + 500 + time, format!("total bytes read {total}, sparse bytes {sparse} ({share:.3}%)"))
                .line(at + 500 + time, "space reduction due to 4K zero blocks 2.1%");
        }
        let mut from = at + 200;
        for one in disks {
            let part = time * Ms::try_from(one.size >> 20).unwrap_or_default()
                / Ms::try_from((total >> 20).max(1)).unwrap_or(1);
            course = course
                .line(from, format!("restore proxmox backup image: {}", self.restore_command(state, one)))
                .line(from, format!("connecting to repository '{}'", state.repository(&self.archive)))
                .line(from, format!("starting to restore snapshot '{name}'"))
                .line(from, "download and verify backup index");
            course = progress(course, from, part, one.size, true);
            from += part;
            let speed = one.size as f64 / 1e6 / (part.max(1) as f64 / 1e3);
            let (bytes, seconds) = (one.size, part / 1_000);
            let line = format!("restore image complete (bytes={bytes}, duration={seconds}.00s, speed={speed:.2}MB/s)");
            course = course.line(from, line);
        }
        course
    }
}

/// What stands in the configuration of a guest that is being restored.
fn bare(locked: bool) -> Map<String, Value> {
    let memory = ("memory".to_owned(), Value::from("128"));
    let lock = locked.then(|| ("lock".to_owned(), Value::from("create")));
    [memory].into_iter().chain(lock).collect()
}

/// What the log says last when nothing comes of it.
fn last_words(vmid: u32, made: &[New], locked: bool) -> Vec<String> {
    let mut lines: Vec<String> =
        made.iter().map(|one| format!("temporary volume '{}' successfully removed", one.volid())).collect();
    if !locked {
        lines.push("no lock found trying to remove 'create'  lock".to_owned());
    }
    lines.push(unfinished(vmid));
    lines
}

fn unfinished(vmid: u32) -> String {
    format!(
        "error before or during data restore, some or all disks were not completely restored. VM {vmid} state is NOT \
         cleaned up."
    )
}

impl State {
    /// What a restore made goes again; what was there before does not come back.
    fn clean_up(&mut self, vmid: u32, made: &[New]) {
        made.iter().for_each(|one| self.drop_image(one.volid()));
        self.unlock(vmid);
    }
}

/// It fails after its volumes were made.
fn given_up(course: Course, takes: Ms, vmid: u32, made: Vec<New>, locked: bool, why: String) -> Course {
    let lines = last_words(vmid, &made, locked);
    let course = lines.into_iter().fold(course, |course, line| course.line(takes - 50, line));
    let course = course.then(takes - 50, move |state| state.clean_up(vmid, &made));
    Course { takes, exit: why, ..course }
}

/// It fails before anything was restored.
fn early(vmid: u32, why: String) -> Course {
    Course::fails(400, why).line(300, unfinished(vmid)).then(300, move |state| state.unlock(vmid))
}
