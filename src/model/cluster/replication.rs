//! Replication of local disks to another node: the jobs, and how each went last on the node that does it.

use serde::Deserialize;
use serde::de::Deserializer;

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::page::{Cell, State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Moment, Reading};

fields! {
    /// A replication job as it is configured, from `/cluster/replication`. The server shows those of guests on which one
    /// holds VM.Audit. How it went last is known on the node that does it: `pve.node("pve1")?.replication()?`.
    #[derive(Clone, Default)]
    pub struct ReplicationJob {
        /// Its name: the guest's number, and its own.
        pub id: Text,
        /// Always `local`.
        #[field("type")]
        pub kind: Option<Text>,
        /// The guest whose disks it copies.
        pub guest: Reading<u64>,
        /// Its number among the jobs of the guest.
        pub jobnum: Reading<u64>,
        /// The node it copies from, where that was noted.
        pub source: Option<Text>,
        /// The node it copies to.
        pub target: Reading<Text>,
        /// When, as a calendar event; not set, every 15 minutes.
        pub schedule: Option<Text>,
        /// How many megabytes a second it sends at most.
        #[field(loose::f64)]
        pub rate: Option<f64>,
        /// Whether it is switched off.
        #[field(loose::yes)]
        pub disable: bool,
        /// That it is about to be removed: `local` leaves the copies, `full` removes them too.
        pub remove_job: Option<Text>,
        /// What it is for.
        pub comment: Option<Text>,
        /// The checksum of the configuration it stands in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(ReplicationJob: "/cluster/replication", "/cluster/replication/{id}");

impl ReplicationJob {
    pub(crate) fn list(session: &Session) -> Result<List<ReplicationJob>, Error> {
        Ask::new(session, "/cluster/replication")
            .titled("Replication jobs")
            .question("Whose local disks are copied to another node, and how often?")
            .filtered_by("jobs", &["VM.Audit"], "/vms")
            .list()
    }

    fn state(&self) -> State {
        match (&self.remove_job, self.disable) {
            (Some(_), _) => State::new(Tone::Held, "being removed"),
            (None, true) => State::new(Tone::Off, "disabled"),
            (None, false) => State::new(Tone::Good, "enabled"),
        }
    }
}

fn way(source: &Option<Text>, target: &Reading<Text>) -> String {
    match source {
        Some(source) => format!("{source} to {target}"),
        None => format!("to {target}"),
    }
}

fn schedule(schedule: &Option<Text>) -> Cell {
    schedule.clone().map_or_else(|| Cell::from("every 15 minutes"), Cell::from)
}

impl Listed for ReplicationJob {
    const NOUN: (&'static str, &'static str) = ("replication job", "replication jobs");

    fn columns() -> Vec<Column<ReplicationJob>> {
        vec![
            column!("Job", |j: &ReplicationJob| j.id.clone()),
            column!("State", ReplicationJob::state)
                .by("remove_job disable", "being removed; else disabled; else enabled"),
            column!("Guest", |j: &ReplicationJob| j.guest.map(|vmid| vmid.to_string())),
            column!("From and to", |j: &ReplicationJob| way(&j.source, &j.target))
                .by("source target", "the node that it copies from, where that is said, and the one that it copies to"),
            column!("When", |j: &ReplicationJob| schedule(&j.schedule))
                .by("schedule", "every 15 minutes unless it is set"),
            column!("Comment", |j: &ReplicationJob| j.comment.clone()),
        ]
    }

    fn summary(jobs: &[ReplicationJob]) -> (String, String) {
        let off = jobs.iter().filter(|job| job.disable).count();
        let rest = if off == 0 { ".".into() } else { format!(", {off} of them disabled.") };
        (count(jobs.len(), ReplicationJob::NOUN), rest)
    }
}

fields! {
    /// A replication job as it goes on the node that does it, from `/nodes/{node}/replication`. The server shows those of
    /// guests on which one holds VM.Audit.
    #[derive(Clone, Default)]
    pub struct Replication {
        /// Its name: the guest's number, and its own.
        pub id: Text,
        /// Always `local`.
        #[field("type")]
        pub kind: Option<Text>,
        /// The guest whose disks it copies.
        pub guest: Reading<u64>,
        /// `qemu` or `lxc`.
        pub vmtype: Reading<Text>,
        /// Its number among the jobs of the guest.
        pub jobnum: Reading<u64>,
        /// The node it copies from.
        pub source: Option<Text>,
        /// The node it copies to.
        pub target: Reading<Text>,
        /// When, as a calendar event; not set, every 15 minutes.
        pub schedule: Option<Text>,
        /// How many megabytes a second it sends at most.
        #[field(loose::f64)]
        pub rate: Option<f64>,
        /// Whether it is switched off.
        #[field(loose::yes)]
        pub disable: bool,
        /// That it is about to be removed.
        pub remove_job: Option<Text>,
        /// What it is for.
        pub comment: Option<Text>,
        /// When the last copy that succeeded was begun, if any did.
        #[field(moment)]
        pub last_sync: Option<Moment>,
        /// When the last attempt was begun, if there was one.
        #[field(moment)]
        pub last_try: Option<Moment>,
        /// When it runs next.
        #[field(moment)]
        pub next_sync: Option<Moment>,
        /// How long the last attempt took.
        #[field(duration)]
        pub duration: Reading<Age>,
        /// How many attempts failed since the last that succeeded.
        pub fail_count: Reading<u64>,
        /// What the last failed attempt said.
        pub error: Option<Text>,
        /// The process that is at it now.
        #[field(loose::u64)]
        pub pid: Option<u64>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(Replication: "/nodes/{node}/replication", "/nodes/{node}/replication/{id}/status");

/// A moment, of which 0 means that it has not come.
fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Moment>, D::Error> {
    Ok(loose::optional::<Moment, D>(from)?.filter(|at| at.unix() != 0))
}

/// Seconds with a fraction.
fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Reading<Age>, D::Error> {
    Ok(Reading::<f64>::deserialize(from)?.map(|seconds| Age(seconds.max(0.0).round() as u64)))
}

impl Node {
    /// The replication jobs that copy from this node, with how each went last, from `/nodes/{node}/replication`.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn replication(&self) -> Result<List<Replication>, Error> {
        Ask::new(&self.session, self.path("replication"))
            .titled(format!("Replication from {}", self.name.raw()))
            .question("Are the copies on other nodes fresh?")
            .filtered_by("jobs", &["VM.Audit"], "/vms")
            .place(self.place())
            .list()
    }
}

impl Replication {
    /// Whether its last attempt failed.
    pub fn is_failing(&self) -> bool {
        self.fail_count > 0 || self.error.as_ref().is_some_and(|error| !error.is_blank())
    }

    fn state(&self) -> State {
        match () {
            () if self.pid.is_some() => State::new(Tone::Held, "copying"),
            () if self.is_failing() => State::new(Tone::Wrong, "failing"),
            () if self.disable => State::new(Tone::Off, "disabled"),
            () if self.last_sync.is_none() => State::new(Tone::Held, "never ran"),
            () => State::new(Tone::Good, "ok"),
        }
    }

    fn freshness(&self) -> Cell {
        match (self.last_sync, self.origin.session()) {
            (Some(at), Ok(session)) => Cell::Ago(session.now().since(at), at),
            (at, _) => at.into(),
        }
    }
}

impl Listed for Replication {
    const NOUN: (&'static str, &'static str) = ("replication job", "replication jobs");

    fn columns() -> Vec<Column<Replication>> {
        vec![
            column!("Job", |r: &Replication| r.id.clone()),
            column!("State", Replication::state).by("pid fail_count error disable last_sync", "copying where a process is at it; else failing, where tries failed or an error is left; else disabled; else whether it ever ran"),
            column!("From and to", |r: &Replication| way(&r.source, &r.target)).by("source target", "the node that it copies from, where that is said, and the one that it copies to"),
            column!("Last copy", Replication::freshness).by("last_sync", "0 is never; the time since then is by the cluster's clock"),
            column!("Took", |r: &Replication| r.duration),
            column!("Next", |r: &Replication| r.next_sync),
            column!("Failed", |r: &Replication| r.fail_count),
            column!("Error", |r: &Replication| r.error.clone()),
        ]
    }

    fn summary(jobs: &[Replication]) -> (String, String) {
        let bad: Vec<String> = jobs.iter().filter(|job| job.is_failing()).map(|job| job.id.to_string()).collect();
        let rest = if bad.is_empty() { ".".into() } else { format!("; failing: {}.", bad.join(", ")) };
        (count(jobs.len(), Replication::NOUN), rest)
    }
}
