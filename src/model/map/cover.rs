//! Which backup jobs save which guests, as the server itself reckons it.

use std::collections::BTreeSet;

use crate::model::cluster::backup_cover::IncludedVolume;
use crate::model::cluster::backup_job::BackupJob;
use crate::model::guest::Guest;
use crate::page::Provenance;
use crate::session::Session;
use crate::text::Text;

/// The jobs that run, each with what it saves.
pub(crate) struct Cover {
    pub(crate) jobs: Vec<Saves>,
    /// Whether all jobs were read, so that a guest without one is saved by none.
    pub(crate) whole: bool,
    pub(crate) caveats: Vec<String>,
    pub(crate) from: Provenance,
}

/// A job that runs.
pub(crate) struct Saves {
    pub(crate) job: BackupJob,
    guests: BTreeSet<u64>,
    /// Volumes that it leaves out, as guest and key.
    left_out: BTreeSet<(u64, Text)>,
}

impl Cover {
    pub(crate) fn read(session: &Session) -> Cover {
        let mut cover =
            Cover { jobs: Vec::new(), whole: true, caveats: Vec::new(), from: session.provenance([], None) };
        let jobs = match BackupJob::list(session) {
            Ok(jobs) => jobs,
            Err(error) => {
                cover.whole = false;
                cover.caveats.push(format!("Which guests are saved by backup jobs is not known. {error}"));
                return cover;
            }
        };
        cover.from = jobs.provenance();
        for job in jobs.iter().filter(|job| job.is_enabled()) {
            match IncludedVolume::of(job) {
                Ok(volumes) => {
                    cover.from = cover.from.clone().and(&volumes.provenance());
                    cover.whole &= volumes.is_complete() == Some(true);
                    let number = |volume: &IncludedVolume| volume.vmid.known();
                    let out = volumes.iter().filter(|volume| volume.included == false);
                    cover.jobs.push(Saves {
                        guests: volumes.iter().filter_map(number).collect(),
                        left_out: out.filter_map(|volume| Some((number(volume)?, volume.key.clone()))).collect(),
                        job: job.clone(),
                    });
                }
                Err(error) => {
                    cover.whole = false;
                    cover.caveats.push(format!("What the backup job {} saves is not known. {error}", job.id));
                }
            }
        }
        cover
    }

    /// The jobs that save a guest where it is.
    pub(crate) fn of<'a>(&'a self, guest: &'a Guest) -> impl Iterator<Item = &'a Saves> {
        self.jobs.iter().filter(|saves| saves.saves(guest))
    }
}

impl Saves {
    /// A job for one node does nothing for guests on others.
    fn saves(&self, guest: &Guest) -> bool {
        let here = self.job.node.as_ref().is_none_or(|node| *node == guest.node);
        here && self.guests.contains(&u64::from(guest.vmid))
    }

    /// Whether it leaves a disk of a guest out.
    pub(crate) fn leaves_out(&self, vmid: u32, key: &Text) -> bool {
        self.left_out.contains(&(u64::from(vmid), key.clone()))
    }

    /// Where it saves to, in words.
    pub(crate) fn target(&self) -> String {
        match (&self.job.storage, &self.job.dumpdir) {
            (Some(storage), _) => storage.to_string(),
            (None, Some(folder)) => folder.to_string(),
            (None, None) => "local".into(),
        }
    }

    /// When it runs next.
    pub(crate) fn schedule(&self) -> String {
        self.job.schedule.as_ref().map(Text::to_string).unwrap_or_default()
    }
}
