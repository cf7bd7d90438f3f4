//! What backup jobs cover and what they do not: volumes that are left out, guests that no job saves.

use std::fmt;

use serde_json::{Value, json};

use crate::error::Error;
use crate::loose;
use crate::model::cluster::backup_job::BackupJob;
use crate::model::fields::fields;
use crate::model::json::shown;
use crate::model::lens;
use crate::model::list::{About, Column, List, Listed, column, count};
use crate::model::record::{Ask, Origin, answered, json_of, record, segment};
use crate::model::sight::Sight;
use crate::model::told::told;
use crate::model::why::{Explained, Sources};
use crate::page::{Cell, Page, Provenance, State, Tone};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::units::Reading;
use crate::wire::{Call, Raw};

fields! {
    /// A guest that no backup job saves, from `/cluster/backup-info/not-backed-up`. Needs Sys.Audit on `/`; guests without
    /// VM.Audit are left out by the server, and so are guests of disabled jobs, which the list says.
    #[derive(Clone, Default)]
    pub struct BareGuest {
        /// Its number.
        pub vmid: Reading<u64>,
        /// Its name.
        pub name: Option<Text>,
        /// `qemu` or `lxc`.
        #[field("type")]
        pub kind: Reading<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(BareGuest: "/cluster/backup-info/not-backed-up");

impl BareGuest {
    pub(crate) fn list(session: &Session) -> Result<List<BareGuest>, Error> {
        let jobs = session.submit(Call::get("/cluster/backup"));
        let ask = Ask::new(session, "/cluster/backup-info/not-backed-up")
            .titled("Guests that no backup job saves")
            .question("What would be lost?")
            .filtered_by("guests without a job", &["VM.Audit"], "/vms");
        // The server takes a disabled job for one that saves its guests.
        let counted = "Guests of disabled jobs are not in this list, since the server counts these jobs too";
        let ask = match session.answer(jobs).and_then(|answer| Ok((answer.rows::<BackupJob>()?, answer))) {
            Ok((jobs, answer)) => {
                let off = jobs.into_iter().filter(|(job, _)| !job.is_enabled());
                let off: Vec<String> = off.map(|(job, _)| job.id.to_string()).collect();
                let said = Sight::whole().warned(format!("{counted}: {}.", off.join(", ")));
                if off.is_empty() { ask.besides(&answer) } else { ask.besides(&answer).seen(said) }
            }
            Err(_) => ask.seen(Sight::whole().warned(format!("{counted}; which are disabled could not be read."))),
        };
        Ok(ask.list()?.sorted_by_key(|guest: &BareGuest| guest.vmid))
    }
}

impl Listed for BareGuest {
    const NOUN: (&'static str, &'static str) = ("guest that no job saves", "guests that no job saves");

    fn columns() -> Vec<Column<BareGuest>> {
        vec![
            column!("Guest", |g: &BareGuest| g.vmid.map(|vmid| vmid.to_string())),
            column!("Name", |g: &BareGuest| g.name.clone()),
            column!("Kind", |g: &BareGuest| match &g.kind {
                Reading::Known(kind) if *kind == "qemu" => Cell::from("VM"),
                Reading::Known(kind) if *kind == "lxc" => Cell::from("container"),
                kind => kind.clone().into(),
            }),
        ]
    }

    fn summary(guests: &[BareGuest]) -> (String, String) {
        let rest = if guests.is_empty() { ": each is in at least one." } else { "." };
        (count(guests.len(), BareGuest::NOUN), rest.into())
    }
}

fields! {
    /// What `/cluster/backup/{id}/included_volumes` answers: guests, and below each its volumes.
    #[derive(Default)]
    pub(crate) struct Cover {
        #[field(loose::each)]
        children: Vec<CoveredGuest>,
    }
}

fields! {
    #[derive(Default)]
    struct CoveredGuest {
        id: Reading<u64>,
        name: Option<Text>,
        #[field("type")]
        r#type: Reading<Text>,
        #[field(loose::each)]
        children: Vec<CoveredVolume>,
        #[allow(dead_code, reason = "known, and of no use here")]
        leaf: Reading<bool>,
    }
}

fields! {
    #[derive(Default)]
    struct CoveredVolume {
        id: Text,
        name: Option<Text>,
        included: Reading<bool>,
        reason: Option<Text>,
        #[allow(dead_code, reason = "known, and of no use here")]
        leaf: Reading<bool>,
    }
}

told! {
    /// A volume of a guest that a backup job saves, and whether it is in the backups. A guest without volumes stands with an
    /// empty key.
    #[derive(Clone)]
    pub struct IncludedVolume {
        /// The guest's number.
        #[field("children.id")]
        pub vmid: Reading<u64>,
        /// The guest's name.
        #[field("children.name")]
        pub guest: Option<Text>,
        /// `qemu` or `lxc`; `unknown` of a guest that the job names and that is gone.
        #[field("children.type")]
        pub kind: Reading<Text>,
        /// The key in the guest's configuration: `scsi0`, `rootfs`, `mp1`.
        #[field("children.children.id", "what stands behind the colon")]
        pub key: Text,
        /// The volume: `ceph-vm:vm-101-disk-0`. It has none where nothing of a storage is behind the key.
        #[field("children.children.name")]
        pub volume: Option<Text>,
        /// Whether it is in the backups.
        #[field("children.children.included")]
        pub included: Reading<bool>,
        /// Why, or why not.
        #[field("children.children.reason")]
        pub reason: Option<Text>,
        #[field(skip)]
        provenance: Provenance,
        /// All of the answer.
        #[field(skip)]
        raw: Raw,
    }
}

impl IncludedVolume {
    pub(crate) fn of(job: &BackupJob) -> Result<List<IncludedVolume>, Error> {
        let session = job.origin.session()?;
        let answer = session.ask(Call::get(format!("/cluster/backup/{}/included_volumes", segment(&job.id))))?;
        let provenance = session.provenance([&answer], None);
        let (cover, raw) = answer.object::<Cover>()?;
        let items = cover.children.into_iter().flat_map(|guest| volumes(guest, &provenance, &raw)).collect();
        let about = About {
            title: format!("Volumes in the backup job {}", job.id.raw()).into(),
            question: "Which disks of which guests are in the backups, and which are left out?".into(),
            sight: Sight::filtered(session, "guests of the job", &["VM.Audit"], "/vms"),
            provenance: provenance.clone(),
            of: None,
        };
        Ok(List::new(items, about))
    }

    fn state(&self) -> Cell {
        match self.included {
            Reading::Known(true) => State::new(Tone::Good, "saved").into(),
            Reading::Known(false) => State::new(Tone::Held, "left out").into(),
            Reading::Missing(_) if self.kind == "unknown" => State::new(Tone::Unknown, "the guest is gone").into(),
            Reading::Missing(_) if self.key.is_blank() => State::new(Tone::Off, "no volumes").into(),
            Reading::Missing(why) => why.into(),
        }
    }
}

fn volumes(guest: CoveredGuest, provenance: &Provenance, raw: &Raw) -> Vec<IncludedVolume> {
    let bare = IncludedVolume {
        vmid: guest.id,
        guest: guest.name,
        kind: guest.r#type,
        key: Text::default(),
        volume: None,
        included: Reading::default(),
        reason: None,
        provenance: provenance.clone(),
        raw: raw.clone(),
    };
    if guest.children.is_empty() {
        return vec![bare];
    }
    let volume = |volume: CoveredVolume| {
        let key = volume.id.raw().split_once(':').map_or(volume.id.raw(), |(_, key)| key).into();
        IncludedVolume { key, volume: volume.name, included: volume.included, reason: volume.reason, ..bare.clone() }
    };
    guest.children.into_iter().map(volume).collect()
}

impl Explained for IncludedVolume {
    /// The guest and the volume in it, as if each were the only one.
    fn sources(&self) -> Sources {
        let sources = Sources::of(&self.provenance);
        let answer = json_of(&self.raw);
        let number = self.vmid.known().map(|vmid| vmid.to_string());
        let within = |of: &Value, is: &dyn Fn(&str) -> bool| {
            of["children"].as_array().into_iter().flatten().find(|it| is(&shown(&it["id"]))).cloned()
        };
        let Some(mut guest) = within(&answer, &|id| Some(id) == number.as_deref()) else { return sources };
        let volume = within(&guest, &|id| id.split_once(':').map_or(id, |(_, key)| key) == self.key.raw());
        guest["children"] = volume.unwrap_or_default();
        let call = sources.call("");
        sources.part(call, "", json!({ "children": guest }))
    }
}

impl Listed for IncludedVolume {
    const NOUN: (&'static str, &'static str) = ("volume", "volumes");

    fn columns() -> Vec<Column<IncludedVolume>> {
        vec![
            column!("Guest", |v: &IncludedVolume| v.vmid.map(|vmid| vmid.to_string())),
            column!("Name", |v: &IncludedVolume| v.guest.clone()),
            column!("Disk", |v: &IncludedVolume| v.key.clone()),
            column!("State", IncludedVolume::state).by(
                "included kind key",
                "1 is saved, 0 left out; a guest without volumes has no key, one that is gone the type unknown",
            ),
            column!("Why", |v: &IncludedVolume| v.reason.clone()),
            column!("Volume", |v: &IncludedVolume| v.volume.clone()),
        ]
    }

    fn summary(all: &[IncludedVolume]) -> (String, String) {
        let out: Vec<String> = all
            .iter()
            .filter(|volume| volume.included == false)
            .map(|volume| format!("{} of {}", volume.key, volume.vmid))
            .collect();
        let volumes = all.iter().filter(|volume| !volume.key.is_blank()).count();
        let rest = match out.len() {
            0 => ", all of them saved.".into(),
            1..=5 => format!("; left out: {}.", out.join(", ")),
            n => format!(", {n} of them left out."),
        };
        (count(volumes, IncludedVolume::NOUN), rest)
    }
}

impl View for IncludedVolume {
    fn page(&self) -> Page {
        let facts = IncludedVolume::columns().into_iter().map(|column| (column.name().clone(), column.cell(self)));
        let facts = lens::facts(self, facts, &self.provenance);
        let guest = match (&self.guest, self.vmid) {
            (Some(name), _) => name.raw().to_owned(),
            (None, Reading::Known(vmid)) => format!("guest {vmid}"),
            (None, Reading::Missing(_)) => "a guest without a number".to_owned(),
        };
        let page =
            Page::new(format!("{} of {guest}", self.key.raw())).question("Is it in the backups of the job, and why?");
        answered(page, self.key.raw(), self).facts(facts).provenance(self.provenance.clone())
    }
}

impl fmt::Debug for IncludedVolume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IncludedVolume({} {}, {})", self.vmid, self.key, self.state())
    }
}
