//! Backups: making one now, and making a guest of one.

use crate::error::Error;
use crate::model::guest::{Guest, GuestKind, Status};
use crate::model::list::List;
use crate::model::property::Properties;
use crate::model::storage::content::Volume;
use crate::page::{State, Tone};
use crate::plan::check::{self, place};
use crate::plan::draft::{Act, Draft, Seen, Undo};
use crate::plan::several::Several;
use crate::plan::{Check, Plan, bulk, newborn};
use crate::session::Session;
use crate::text::Text;
use crate::units::Bytes;
use crate::wire::{Call, Method};

impl Guest {
    /// The plan to back it up to this storage now, while it runs or not.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let before = pve.guest("web-2")?.backups()?.len();
    /// pve.guest("web-2")?.backup("pbs-main").run()?;
    /// assert_eq!(pve.guest("web-2")?.backups()?.len(), before + 1);
    /// # Ok(()) }
    /// ```
    pub fn backup(&self, storage: &str) -> Plan {
        let shown = Text::from(storage);
        let draft = Draft::on(self, &format!("Back up to {shown}:"), |guest| {
            Call::new(Method::Post, format!("/nodes/{}/vzdump", guest.node.raw()))
                .with("vmid", guest.vmid.to_string())
                .with("storage", storage)
                .with("mode", "snapshot")
                .with("compress", "zstd")
                .with("notes-template", "{{guestname}}")
        });
        let Some(guest) = draft.guest().cloned() else { return draft.plan() };
        let saved: Vec<(String, Option<Bytes>)> = guest
            .config()
            .map(|config| {
                let disks = config.disks();
                let saved = disks.iter().filter(|disk| disk.in_backups);
                saved.map(|disk| (disk.key.to_string(), disk.size.known())).collect()
            })
            .unwrap_or_default();
        let room = saved.iter().filter_map(|(_, size)| *size).fold(0_u64, |sum, size| sum.saturating_add(size.0));
        let keys: Vec<&str> = saved.iter().map(|(key, _)| key.as_str()).collect();
        let effect = match keys.is_empty() {
            true => "None of its disks is in a backup: only its settings are saved.".to_owned(),
            false => format!("Saved are its settings and {} ({} at most).", keys.join(", "), Bytes(room)),
        };
        let known: Vec<Text> = on_storage(&guest, &draft.session, storage)
            .map(|backups| backups.iter().map(|backup| backup.volid.clone()).collect())
            .unwrap_or_default();
        let (vmid, watched, place) = (guest.vmid, guest.clone(), storage.to_owned());
        draft
            .check(place::storage(&guest.session, &guest.node, storage, "backup", None))
            .checks(place::room_at_most(&guest.session, &guest.node, storage, Bytes(room)))
            .needs(&["VM.Backup"], format!("/vms/{vmid}"))
            .needs(&["Datastore.AllocateSpace"], format!("/storage/{storage}"))
            .tasks(&["vzdump"])
            .effect(effect)
            .effect("It is locked meanwhile, and goes on running.")
            .goal(move |session| {
                let new: Vec<String> = on_storage(&watched, session, &place)?
                    .iter()
                    .filter(|backup| !known.contains(&backup.volid))
                    .map(|backup| backup.volid.to_string())
                    .collect();
                let now = match new.is_empty() {
                    true => State::new(Tone::Off, "no new backup"),
                    false => State::new(Tone::Good, new.join(", ")),
                };
                Ok(Seen { now, reached: !new.is_empty(), guest: None })
            })
            .no_undo("A backup takes nothing away; pve.guest(…)?.backups()? shows it, and its storage's retention removes it.")
            .plan()
    }
}

impl List<Guest> {
    /// The plan to back all of them up to this storage now, one after the other. It refuses unless somebody says how many
    /// they are: `.expect(12)`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let web = Pve::demo()?.guests()?.filter(|guest| guest.name == "web-1" || guest.name == "web-2");
    /// assert!(web.backup("pbs-main").page().text().contains(".expect(2)"));
    /// # Ok(()) }
    /// ```
    pub fn backup(&self, storage: &str) -> Plan {
        bulk::plan(self, &format!("Back up to {}:", Text::from(storage)), |guest| guest.backup(storage)).at_once(1)
    }
}

/// The backups of a guest on one storage, as its node lists them.
fn on_storage(guest: &Guest, session: &Session, storage: &str) -> Result<List<Volume>, Error> {
    let node = crate::model::node::Node::find(session, guest.node.raw())?;
    let vmid = u64::from(guest.vmid);
    Ok(node.storage(storage)?.backups()?.filter(|backup| backup.vmid == Some(vmid)))
}

impl Volume {
    /// The plan to make a guest of this backup beside the one that it was made of: with a number of its own, new network
    /// addresses, its network cards unplugged, and without starting with its node. It is off; look at it, then decide.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let backup = pve.guest("db-main")?.backups()?.first().unwrap();
    /// let done = backup.restore_beside("ceph-vm").run()?;
    /// let beside = pve.guests()?.find(|guest| guest.name == "db-main-restored").unwrap();
    /// assert!(beside.is_stopped() && beside.config()?.nets().all(|net| net.unplugged));
    /// done.undo()?; // the plan to remove it again
    /// # Ok(()) }
    /// ```
    pub fn restore_beside(&self, storage: &str) -> Plan {
        let title = format!("Restore {} beside the original, on {}", self.volid, Text::from(storage));
        let session = match self.session_for_plans() {
            Ok(session) => session,
            Err(error) => {
                return Draft::new(&Session::nowhere(), title, Act::Several(Several::of(vec![])))
                    .impossible(&error)
                    .plan();
            }
        };
        let archived = Archived::read(self, &session);
        let number = newborn::number(&session, None);
        let (archived, vmid) = match (archived, number) {
            (Ok(archived), Ok(vmid)) => (archived, vmid),
            (Err(error), _) | (_, Err(error)) => {
                return Draft::new(&session, title, Act::Several(Several::of(vec![]))).impossible(&error).plan();
            }
        };
        let name = format!("{}-restored", archived.name);
        let call = self.call(&archived, &self.node, vmid, storage).with("unique", "1");
        let restore = Draft::new(&session, format!("Restore {} as {vmid}", self.volid), Act::One(call))
            .check(check::quorum(&session))
            .check(newborn::free(&session, vmid))
            .checks(self.checks(&session, &archived, &self.node, storage))
            .needs(&["VM.Allocate"], format!("/vms/{vmid}"))
            .needs(&["Datastore.AllocateSpace"], format!("/storage/{storage}"))
            .sees(&["VM.Audit"], format!("/vms/{vmid}"))
            .tasks(&["qmrestore", "vzrestore"])
            .makes(vmid)
            .plan();
        let settle = archived.unplugged(&session, &self.node, vmid, &name);
        let mut draft = Draft::new(&session, title, Act::Several(Several::in_order(vec![restore, settle])))
            .effect(format!(
                "{name} becomes {} {vmid}: off, its network cards unplugged, with new hardware addresses, and it does not start with its node.",
                archived.kind
            ))
            .effect("The original and the backup stay as they are.");
        draft.undo = Undo::Parts;
        draft.plan()
    }

    /// The plan to put this backup in the place of the guest that it was made of: what the guest is now is lost. It must be
    /// off.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let backup = pve.guest("db-main")?.backups()?.first().unwrap();
    /// let text = backup.restore_over("ceph-vm").page().text();
    /// assert!(text.contains("This takes away for good"));
    /// # Ok(()) }
    /// ```
    pub fn restore_over(&self, storage: &str) -> Plan {
        let title = format!("Restore {} over the original, on {}", self.volid, Text::from(storage));
        let read = self.session_for_plans().and_then(|session| {
            let vmid = self.vmid.and_then(|vmid| i64::try_from(vmid).ok()).ok_or_else(|| {
                Error::setup(
                    format!("{} does not say of which guest it is", self.volid),
                    "Restore it beside: .restore_beside(storage)",
                )
            })?;
            let guest = Guest::find(&session, vmid.into())?;
            Ok((Archived::read(self, &session)?, guest, session))
        });
        let (archived, guest, session) = match read {
            Ok(read) => read,
            Err(error) => {
                let session = self.session_for_plans().unwrap_or_else(|_| Session::nowhere());
                return Draft::new(&session, title, Act::Several(Several::of(vec![]))).impossible(&error).plan();
            }
        };
        // Only the node that it is on puts something in its place.
        let call = |guest: &Guest| self.call(&archived, &guest.node, guest.vmid, storage).with("force", "1");
        let draft = Draft::on(&guest, &format!("Restore {} over", self.volid), call);
        let guest = draft.guest().cloned().unwrap_or(guest);
        let vmid = guest.vmid;
        draft
            .check(check::off(&guest, "only what is off is restored over"))
            .check(check::protection(&guest, &guest.config()))
            .check(check::unmanaged(&guest))
            .check(self.reached_from(&guest))
            .checks(self.checks(&session, &archived, &guest.node, storage))
            .sees(&["VM.Audit"], format!("/vms/{vmid}"))
            .tasks(&["qmrestore", "vzrestore"])
            .needs(&["VM.Backup"], format!("/vms/{vmid}"))
            .needs(&["Datastore.AllocateSpace"], format!("/storage/{storage}"))
            .destroys(format!("all that {} is now, disks and settings", guest.called().raw()))
            .effect(format!("It becomes what it was when the backup was made ({}).", self.ctime))
            .no_undo("What it was before is gone, unless it was backed up just before.")
            .goal(newborn::there(vmid))
            .plan()
    }

    fn session_for_plans(&self) -> Result<Session, Error> {
        Ok(self.session()?.for_plans())
    }

    /// The call that makes this guest of it.
    fn call(&self, archived: &Archived, node: &Text, vmid: u32, storage: &str) -> Call {
        let path = format!("/nodes/{}/{}", node.raw(), archived.kind.path());
        let call = Call::new(Method::Post, path).with("vmid", vmid.to_string());
        match archived.kind {
            GuestKind::Vm => call.with("archive", self.volid.raw()),
            GuestKind::Ct => call.with("ostemplate", self.volid.raw()).with("restore", "1"),
        }
        .with("storage", storage)
    }

    /// Whether the guest's node, which has to read it, sees it too.
    fn reached_from(&self, guest: &Guest) -> Check {
        const NAME: &str = "backup is reached";
        if guest.node == self.node {
            return Check::passed(NAME, format!("{} lists it, and the guest is there.", self.node))
                .by(self.listed(&guest.node));
        }
        let storage = self.volid.raw().split_once(':').map_or("", |(storage, _)| storage);
        match on_storage(guest, &guest.session, storage) {
            Ok(backups) if backups.iter().any(|backup| backup.volid == self.volid) => {
                Check::passed(NAME, format!("The guest is on {}, which lists it too.", guest.node))
            }
            Ok(_) => Check::failed(
                NAME,
                format!("The guest is on {}, which does not list it; {} does.", guest.node, self.node),
            ),
            Err(error) => Check::unknown(NAME, format!("Whether {} lists it could not be read. {error}", guest.node)),
        }
        .by(self.listed(&guest.node))
    }

    /// The read that lists it.
    fn listed(&self, node: &Text) -> Text {
        let storage = self.volid.raw().split_once(':').map_or("", |(storage, _)| storage);
        format!("GET /nodes/{}/storage/{storage}/content", node.raw()).into()
    }

    /// What any restore of it to this node depends on.
    fn checks(&self, session: &Session, archived: &Archived, node: &Text, storage: &str) -> Vec<Check> {
        let content = if archived.kind == GuestKind::Vm { "images" } else { "rootdir" };
        vec![
            match self.is_backup() {
                true => Check::passed("backup", format!("It is a backup, made {}.", self.ctime)),
                false => Check::failed("backup", format!("{} is no backup.", self.volid)),
            }
            .by(self.listed(&self.node)),
            verified(self).by(self.listed(&self.node)),
            place::storage(session, node, storage, content, archived.room),
        ]
    }
}

/// What a backup server found when it read the backup through.
fn verified(backup: &Volume) -> Check {
    match backup.verified().as_ref().map(Text::raw) {
        Some("ok") => Check::passed("verified", "A backup server read it through and found it whole."),
        Some(state) => Check::failed("verified", format!("A backup server read it through: {}.", Text::from(state))),
        None => Check::unknown("verified", "Nobody read it through since it was made."),
    }
}

/// What stands in a backup of its guest's settings.
struct Archived {
    kind: GuestKind,
    name: String,
    nets: Vec<(String, String)>,
    room: Option<Bytes>,
}

impl Archived {
    /// From `/nodes/{node}/vzdump/extractconfig`.
    fn read(backup: &Volume, session: &Session) -> Result<Archived, Error> {
        let path = format!("/nodes/{}/vzdump/extractconfig", backup.node.raw());
        let answer = session.ask(Call::get(path).with("volume", backup.volid.raw()))?;
        let text: String = answer.reply.data(&answer.call)?;
        let settings: Vec<(&str, &str)> = text
            .lines()
            // Snapshots stand below, each in a section of its own.
            .take_while(|line| !line.starts_with('['))
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(": "))
            .map(|(key, value)| (key.trim(), value.trim()))
            .collect();
        let get = |wanted: &str| settings.iter().find(|(key, _)| *key == wanted).map(|(_, value)| (*value).to_owned());
        let kind = match (backup.subtype.as_ref().map(Text::raw), get("hostname").is_some() || get("rootfs").is_some())
        {
            (Some("lxc"), _) | (None, true) => GuestKind::Ct,
            _ => GuestKind::Vm,
        };
        let nets = settings
            .iter()
            .filter(|(key, _)| key.strip_prefix("net").is_some_and(|n| n.parse::<u8>().is_ok()))
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let disks = settings.iter().filter_map(|(key, value)| crate::model::guest::disk::Disk::read(key, value));
        let room = disks
            .filter(|disk| disk.in_backups)
            .filter_map(|disk| disk.size.known())
            .fold(0_u64, |sum, size| sum.saturating_add(size.0));
        let owner = backup.vmid.map(|vmid| vmid.to_string()).unwrap_or_else(|| "guest".into());
        let name = get("name").or_else(|| get("hostname")).unwrap_or(owner);
        Ok(Archived { kind, name, nets, room: (room > 0).then_some(Bytes(room)) })
    }

    /// The plan to unplug what was just restored, before anybody starts it.
    fn unplugged(&self, session: &Session, node: &Text, vmid: u32, name: &str) -> Plan {
        let path = format!("/nodes/{}/{}/{vmid}/config", node.raw(), self.kind.path());
        let name_key = if self.kind == GuestKind::Vm { "name" } else { "hostname" };
        let call = Call::new(Method::Put, path).with("onboot", "0").with(name_key, name);
        let call = self.nets.iter().fold(call, |call, (key, setting)| {
            // Without its hardware address it is given a new one.
            let kept: Vec<String> = Properties::read(setting)
                .iter()
                .filter(|(key, _)| !matches!(*key, "link_down" | "hwaddr"))
                .map(|(key, value)| match key {
                    "" => value.to_owned(),
                    "virtio" | "e1000" | "e1000e" | "rtl8139" | "vmxnet3" => key.to_owned(),
                    key => format!("{key}={value}"),
                })
                .collect();
            call.with(key, format!("{},link_down=1", kept.join(",")))
        });
        Draft::new(session, format!("Unplug {name} ({} {vmid})", self.kind), Act::One(call))
            .needs(&["VM.Config.Network"], format!("/vms/{vmid}"))
            .needs(&["VM.Config.Options"], format!("/vms/{vmid}"))
            .goal(move |session| {
                let guest = Guest::find(session, i64::from(vmid).into())?;
                let config = guest.config()?;
                let reached = config.nets().all(|net| net.unplugged)
                    && !config.starts_at_boot()
                    && guest.status == Status::Stopped;
                let word = if reached { "off and unplugged" } else { "plugged in" };
                Ok(Seen { now: State::new(Tone::Off, word), reached, guest: None })
            })
            .no_undo("It goes with the guest that was restored.")
            .plan()
    }
}
