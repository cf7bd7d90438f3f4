//! What may be done with an object, in words, and whether this session may: its privileges on the object's path. Knows
//! what privileges are for; the server knows who holds them.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use crate::error::Error;
use crate::model::list::{About, Column, List, Listed, column};
use crate::model::sight::Sight;
use crate::model::together::some_of;
use crate::model::told::told;
use crate::model::why::{Explained, Sources};
use crate::page::{Cell, Page, Provenance, State, Tone};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::wire::Call;

told! {
    /// Something that may be done with an object, and whether this session's identity may.
    #[derive(Clone)]
    pub struct Right {
        /// What may be done: `start, stop and reset it`.
        #[field(skip, "what this crate knows of the privilege")]
        pub what: Text,
        /// The privilege that it takes: `VM.PowerMgmt`.
        #[field(skip, "what this crate knows of such objects; or the answer, where it has more")]
        pub privilege: Text,
        /// Whether the identity holds that privilege on the object.
        #[field("{privilege}", "whether the answer has it")]
        pub held: bool,
        #[field(skip)]
        provenance: Provenance,
        /// What the answer has under the privilege.
        #[field(skip)]
        told: Option<Value>,
    }
}

/// What privileges allow: the words, the privilege.
type Meanings = &'static [(&'static str, &'static str)];

const OF_GUESTS: Meanings = &[
    ("see it: state, configuration, history", "VM.Audit"),
    ("start, stop, pause and reset it", "VM.PowerMgmt"),
    ("see and use its console", "VM.Console"),
    ("make and remove snapshots", "VM.Snapshot"),
    ("go back to a snapshot", "VM.Snapshot.Rollback"),
    ("back it up and see its backups", "VM.Backup"),
    ("move it to another node", "VM.Migrate"),
    ("clone it", "VM.Clone"),
    ("replicate it", "VM.Replicate"),
    ("change its disks", "VM.Config.Disk"),
    ("change its CD", "VM.Config.CDROM"),
    ("change its CPUs", "VM.Config.CPU"),
    ("change its memory", "VM.Config.Memory"),
    ("change its network", "VM.Config.Network"),
    ("change its virtual hardware", "VM.Config.HWType"),
    ("change its other options", "VM.Config.Options"),
    ("change what cloud-init is told", "VM.Config.Cloudinit"),
    ("ask its guest agent", "VM.GuestAgent.Audit"),
    ("freeze and trim its file systems by its guest agent", "VM.GuestAgent.FileSystemMgmt"),
    ("read files in it by its guest agent", "VM.GuestAgent.FileRead"),
    ("write files in it by its guest agent", "VM.GuestAgent.FileWrite"),
    ("run commands in it by its guest agent", "VM.GuestAgent.Unrestricted"),
    ("remove it", "VM.Allocate"),
    ("give others privileges on it", "Permissions.Modify"),
];

const OF_NODES: Meanings = &[
    ("see it: figures, services, disks, tasks of others", "Sys.Audit"),
    ("read its system log", "Sys.Syslog"),
    ("use its console", "Sys.Console"),
    ("change its network, time, certificates; see its updates", "Sys.Modify"),
    ("shut it down, wake it; start and stop all its guests", "Sys.PowerMgmt"),
    ("take guests in from another cluster", "Sys.Incoming"),
    ("let it fetch files from other servers", "Sys.AccessNetwork"),
    ("give others privileges on it", "Permissions.Modify"),
];

const OF_STORAGES: Meanings = &[
    ("see it: state, definition, disks on it", "Datastore.Audit"),
    ("put disks and backups on it", "Datastore.AllocateSpace"),
    ("put images and templates on it", "Datastore.AllocateTemplate"),
    ("change its definition, see and remove all that is on it", "Datastore.Allocate"),
    ("give others privileges on it", "Permissions.Modify"),
];

const OF_POOLS: Meanings = &[
    ("see it and what belongs to it", "Pool.Audit"),
    ("change what belongs to it", "Pool.Allocate"),
    ("see its guests", "VM.Audit"),
    ("start and stop its guests", "VM.PowerMgmt"),
    ("see its storages", "Datastore.Audit"),
    ("put disks and backups on its storages", "Datastore.AllocateSpace"),
    ("give others privileges on it", "Permissions.Modify"),
];

/// The read that tells which privileges are held on a path.
pub(crate) fn call(path: &str) -> Call {
    Call::get("/access/permissions").with("path", path)
}

impl Right {
    /// What may be done with the object of this path: a guest, a node, a storage, a pool.
    pub(crate) fn on(session: &Session, path: &str, called: &str) -> Result<List<Right>, Error> {
        let (family, meanings) = match path.split('/').nth(1) {
            Some("vms") => ("VM.", OF_GUESTS),
            Some("nodes") => ("Sys.", OF_NODES),
            Some("storage") => ("Datastore.", OF_STORAGES),
            _ => ("Pool.", OF_POOLS),
        };
        let answer = session.ask(call(path))?;
        let provenance = session.provenance([&answer], None);
        let mut by_path: BTreeMap<String, BTreeMap<String, Value>> = answer.reply.data(&answer.call)?;
        let held = by_path.remove(path).unwrap_or_default();
        let right = |(what, privilege): (&str, &str)| Right {
            what: what.into(),
            privilege: privilege.into(),
            held: held.contains_key(privilege),
            told: held.get(privilege).cloned(),
            provenance: provenance.clone(),
        };
        let mut rights: Vec<Right> = meanings.iter().copied().map(right).collect();
        // Of another version of Proxmox VE, or newer than this list.
        let is_known = |name: &str| meanings.iter().any(|(_, privilege)| *privilege == name);
        let more = held.keys().filter(|name| name.starts_with(family) && !is_known(name));
        rights.extend(more.map(|name| right(("what this privilege allows", name))));
        let who = session.identity();
        let about = About {
            title: format!("What {} may do with {called}", who.raw()).into(),
            question: format!("What may {} do with it?", who.raw()).into(),
            sight: Sight::whole(),
            provenance,
            of: None,
        };
        Ok(List::new(rights, about))
    }

    fn state(&self) -> State {
        if self.held { State::new(Tone::Good, "yes") } else { State::new(Tone::Off, "no") }
    }
}

impl Explained for Right {
    fn sources(&self) -> Sources {
        let sources = Sources::of(&self.provenance).named("privilege", self.privilege.raw());
        let call = sources.call("");
        match &self.told {
            Some(told) => sources.part(call, "", json!({ self.privilege.raw(): told })),
            None => sources,
        }
    }
}

impl Listed for Right {
    const NOUN: (&'static str, &'static str) = ("right", "rights");

    fn columns() -> Vec<Column<Right>> {
        vec![
            column!("What", |r: &Right| r.what.clone()),
            column!("Allowed", |r: &Right| r.state())
                .by("held", "allowed where the answer lists the privilege on the path of the object"),
            column!("By the privilege", |r: &Right| Cell::Code(r.privilege.clone())),
        ]
    }

    fn summary(rights: &[Right]) -> (String, String) {
        let held = rights.iter().filter(|right| right.held).count();
        let not: Vec<String> = rights.iter().filter(|right| !right.held).map(|right| right.what.to_string()).collect();
        match (held, not.len()) {
            (_, 0) => ("All is allowed".into(), ".".into()),
            (0, _) => ("Nothing is allowed".into(), ".".into()),
            (held, 1..=5) => {
                (format!("{held} of {} things are allowed", rights.len()), format!("; not: {}.", some_of(&not)))
            }
            (held, _) => (format!("{held} of {} things are allowed", rights.len()), ".".into()),
        }
    }
}

impl View for Right {
    fn page(&self) -> Page {
        let fact = if self.held { "Allowed" } else { "Not allowed" };
        Page::new(self.what.clone())
            .question("May this session do it?")
            .answer(fact, format!(" by the privilege {}.", self.privilege.raw()))
            .provenance(self.provenance.clone())
    }
}

impl fmt::Debug for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Right({}: {})", self.privilege, self.state().word)
    }
}
