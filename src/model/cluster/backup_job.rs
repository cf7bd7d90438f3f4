//! A backup job: which guests are saved where, when, and how.

use serde::Deserialize;
use serde::de::Deserializer;

use crate::error::Error;
use crate::loose;
use crate::model::cluster::backup_cover::IncludedVolume;
use crate::model::fields::fields;
use crate::model::guest::Guest;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::property::Properties;
use crate::model::record::{Ask, Origin, record};
use crate::model::together::joined;
use crate::model::words::words;
use crate::page::{Cell, State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Bytes, Moment, Reading};

words! {
    /// How a running guest is saved.
    pub enum BackupMode {
        /// While it runs.
        Snapshot = "snapshot",
        /// While it is paused.
        Suspend = "suspend",
        /// After it is shut down; it is started again.
        Stop = "stop",
    }
}

fields! {
    /// A backup job, from `/cluster/backup`. Needs Sys.Audit on `/`. What is not set has the default of Proxmox VE or of the
    /// node.
    #[derive(Clone, Default)]
    pub struct BackupJob {
        /// Its name.
        pub id: Text,
        /// Always `vzdump`.
        #[field("type")]
        pub kind: Option<Text>,
        /// Whether it runs; one that does not say so does.
        pub enabled: Reading<bool>,
        /// When it runs, as a calendar event: `21:00`, `sat 02:30`.
        pub schedule: Option<Text>,
        /// When it would run next. The server reckons that for a disabled job as well.
        #[field("next-run", loose::optional)]
        pub next_run: Option<Moment>,
        /// Whether a run that was missed is made up for.
        #[field("repeat-missed", loose::yes)]
        pub repeat_missed: bool,
        /// The time of day, in jobs of the old kind.
        pub starttime: Option<Text>,
        /// The days of the week, in jobs of the old kind.
        #[field(loose::words)]
        pub dow: Vec<Text>,
        /// Whether it saves all guests.
        #[field(loose::yes)]
        pub all: bool,
        /// Of all guests, those that it leaves out.
        #[field(loose::words)]
        pub exclude: Vec<Text>,
        /// The guests that it saves, by number.
        #[field(loose::words)]
        pub vmid: Vec<Text>,
        /// The pool whose guests it saves.
        pub pool: Option<Text>,
        /// The only node on which it runs.
        pub node: Option<Text>,
        /// The storage that backups go to.
        pub storage: Option<Text>,
        /// The directory that backups go to instead.
        pub dumpdir: Option<Text>,
        /// How running guests are saved.
        pub mode: Reading<BackupMode>,
        /// How backups are compressed: `zstd`, `gzip`, `lzo`, or `0`.
        pub compress: Option<Text>,
        /// Which backups are kept: `keep-last`, `keep-daily`, ... with how many.
        #[field("prune-backups")]
        pub prune_backups: Properties,
        /// Whether old backups are removed at all.
        pub remove: Reading<bool>,
        /// Whether its backups are protected from removal.
        #[field(loose::yes)]
        pub protected: bool,
        /// What is noted with each backup: `{{guestname}}` and the like are filled in.
        #[field("notes-template")]
        pub notes_template: Option<Text>,
        /// What it is for.
        pub comment: Option<Text>,
        /// How much it reads a second at most; not set or 0, as fast as it can.
        #[field(kibibytes)]
        pub bwlimit: Reading<Bytes>,
        /// How little it disturbs other reads and writes, from 0 to 8.
        pub ionice: Reading<u64>,
        /// How long it waits for a guest's lock.
        #[field(minutes)]
        pub lockwait: Reading<Age>,
        /// How long it waits for a guest to shut down.
        #[field(minutes)]
        pub stopwait: Reading<Age>,
        /// Threads of gzip; 0 or not set, plain gzip.
        pub pigz: Reading<u64>,
        /// Threads of zstd; 0 means half of the processors.
        pub zstd: Reading<u64>,
        /// Where changes of a disk are put aside while it is saved.
        pub fleecing: Properties,
        /// How much is done at once.
        pub performance: Properties,
        /// How a container's files are compared with the last backup on a backup server.
        #[field("pbs-change-detection-mode")]
        pub pbs_change_detection_mode: Option<Text>,
        /// Paths in containers that are left out.
        #[field("exclude-path", loose::words)]
        pub exclude_path: Vec<Text>,
        /// Whether temporary files and logs in containers are left out.
        pub stdexcludes: Reading<bool>,
        /// Whether it reports by the cluster's notifications or by its own mails.
        #[field("notification-mode")]
        pub notification_mode: Option<Text>,
        /// Whether its own mails go out always or after a failure.
        pub mailnotification: Option<Text>,
        /// To whom its own mails go.
        #[field(loose::words)]
        pub mailto: Vec<Text>,
        /// Whether it says little.
        #[field(loose::yes)]
        pub quiet: bool,
        /// A program that is called at each of its steps.
        pub script: Option<Text>,
        /// Whether running jobs of a host are stopped instead of starting anything.
        #[field(loose::yes)]
        pub stop: bool,
        /// Where temporary files go.
        pub tmpdir: Option<Text>,
        #[field(skip)]
        pub(crate) origin: Origin,
    }
}

record!(BackupJob: "/cluster/backup", "/cluster/backup/{id}");

fn minutes<'de, D: Deserializer<'de>>(from: D) -> Result<Reading<Age>, D::Error> {
    Ok(Reading::<u64>::deserialize(from)?.map(|minutes| Age(minutes.saturating_mul(60))))
}

fn kibibytes<'de, D: Deserializer<'de>>(from: D) -> Result<Reading<Bytes>, D::Error> {
    Ok(Reading::<u64>::deserialize(from)?.map(|kib| Bytes(kib.saturating_mul(1024))))
}

impl BackupJob {
    pub(crate) fn list(session: &Session) -> Result<List<BackupJob>, Error> {
        Ask::new(session, "/cluster/backup")
            .titled("Backup jobs")
            .question("Which guests are saved when, and where to?")
            .list()
    }

    /// Whether it runs at its times.
    pub fn is_enabled(&self) -> bool {
        self.enabled != false
    }

    /// Which guests it saves, in words.
    pub fn selection(&self) -> Text {
        let mut words = match (self.all, &self.pool) {
            (_, Some(pool)) => format!("pool {}", pool.raw()),
            (true, _) => "all guests".to_owned(),
            (false, None) => joined(&self.vmid),
        };
        if !self.exclude.is_empty() {
            words += &format!(" but {}", joined(&self.exclude));
        }
        if let Some(node) = &self.node {
            words += &format!(", on {} only", node.raw());
        }
        words.into()
    }

    /// Whether it saves this guest, as far as its selection says; which of its disks it leaves out tells
    /// [`included_volumes`](BackupJob::included_volumes).
    pub fn saves(&self, guest: &Guest) -> bool {
        let is = |number: &Text| *number == guest.vmid.to_string().as_str();
        let selected = match &self.pool {
            Some(pool) => guest.pool.as_ref() == Some(pool),
            None => self.all || self.vmid.iter().any(is),
        };
        selected && !self.exclude.iter().any(is) && self.node.as_ref().is_none_or(|node| *node == guest.node)
    }

    /// The volumes of the guests that it saves, and which of them are in the backups, from
    /// `/cluster/backup/{id}/included_volumes`. Guests without VM.Audit are left out by the server.
    ///
    /// # Errors
    /// When the cluster cannot be read or Sys.Audit on `/` is missing.
    pub fn included_volumes(&self) -> Result<List<IncludedVolume>, Error> {
        IncludedVolume::of(self)
    }

    pub(crate) fn state(&self) -> State {
        if self.is_enabled() { State::new(Tone::Good, "enabled") } else { State::new(Tone::Off, "disabled") }
    }

    fn next(&self) -> Cell {
        if self.is_enabled() { self.next_run.into() } else { Cell::Empty }
    }
}

impl Guest {
    /// The backup jobs that save it, from `/cluster/backup`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let jobs = Pve::demo()?.guest("db-main")?.backup_jobs()?;
    /// assert!(jobs.any(|job| job.is_enabled()));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read or Sys.Audit on `/` is missing.
    pub fn backup_jobs(&self) -> Result<List<BackupJob>, Error> {
        let jobs = Ask::new(&self.session, "/cluster/backup")
            .titled(format!("Backup jobs that save {}", self.called().raw()))
            .question("When is it saved, and where to?")
            .list()?;
        // Not a filter: the others are none of its jobs.
        Ok(jobs.only(|job: &BackupJob| job.saves(self)))
    }
}

impl Listed for BackupJob {
    const NOUN: (&'static str, &'static str) = ("backup job", "backup jobs");

    fn columns() -> Vec<Column<BackupJob>> {
        vec![
            column!("Job", |j: &BackupJob| j.id.clone()),
            column!("State", BackupJob::state).by("enabled", "a job is enabled unless it is said not to be"),
            column!("Saves", BackupJob::selection).by("all pool vmid exclude node", "the guests of the pool, or all, or those named; less those left out, and only of the node if one is named"),
            column!("To", |j: &BackupJob| j.storage.clone().or_else(|| j.dumpdir.clone())),
            column!("When", |j: &BackupJob| j.schedule.clone()),
            column!("Next run", BackupJob::next).by("next_run enabled", "nothing where the job is disabled"),
            column!("Keeps", |j: &BackupJob| j.prune_backups.clone()),
        ]
    }

    fn summary(jobs: &[BackupJob]) -> (String, String) {
        if jobs.is_empty() {
            return ("No backup job".into(), ".".into());
        }
        let on: Vec<&BackupJob> = jobs.iter().filter(|job| job.is_enabled()).collect();
        let off = jobs.len() - on.len();
        let rest = match on.iter().filter_map(|job| Some((job.next_run?, &job.id))).min() {
            _ if on.is_empty() => ", none of them enabled.".into(),
            Some((at, id)) if off > 0 => format!(", {off} of them disabled; next is {id} at {at}."),
            Some((at, id)) => format!("; next is {id} at {at}."),
            None => ".".into(),
        };
        (count(jobs.len(), BackupJob::NOUN), rest)
    }
}
