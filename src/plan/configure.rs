//! Changing settings of a guest: what is and what becomes, and nobody else's change overwritten.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::guest::config::Config;
use crate::page::{Page, State, Tone};
use crate::plan::draft::{Draft, Seen};
use crate::plan::{Check, Plan};
use crate::render::View;
use crate::secret::{NOT_SHOWN, is_secret_parameter};
use crate::text::Text;
use crate::wire::{Call, Method};

/// Changes of a guest's settings that are gathered before they become one plan.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let pve = Pve::demo()?;
/// let plan = pve.guest("web-1")?.change().set("cores", 4).set("memory", 8192).unset("startup").plan();
/// assert!(plan.page().text().contains("cores"));
/// plan.run()?;
/// assert_eq!(pve.guest("web-1")?.config()?.cores(), Some(4));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ConfigChange {
    guest: Guest,
    title: Option<String>,
    /// By setting: its new value, or none where it goes back to its default.
    settings: BTreeMap<String, Option<String>>,
}

impl Guest {
    /// Begins a change of several settings; [`ConfigChange::plan`] makes the plan.
    pub fn change(&self) -> ConfigChange {
        ConfigChange { guest: self.clone(), title: None, settings: BTreeMap::new() }
    }

    /// The plan to set one setting: `guest.set("onboot", 1)`, by the API's own names and words.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let done = pve.guest("web-1")?.set("onboot", 0).run()?;
    /// assert!(!pve.guest("web-1")?.config()?.starts_at_boot());
    /// done.undo()?.run()?;
    /// assert!(pve.guest("web-1")?.config()?.starts_at_boot());
    /// # Ok(()) }
    /// ```
    pub fn set(&self, key: &str, value: impl fmt::Display) -> Plan {
        self.change().set(key, value).plan()
    }

    /// The plan to let one setting go back to its default. Of a disk, this takes it off the guest.
    pub fn unset(&self, key: &str) -> Plan {
        self.change().unset(key).plan()
    }

    /// The plan to add a tag.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// pve.guest("web-1")?.tag("chg-123").run()?;
    /// assert!(pve.guest("web-1")?.has_tag("chg-123"));
    /// # Ok(()) }
    /// ```
    pub fn tag(&self, tag: &str) -> Plan {
        let mut tags: Vec<Text> = self.tags_now();
        if !tags.iter().any(|has| has == tag) {
            tags.push(tag.into());
        }
        self.set_tags(&format!("Tag {} on", Text::from(tag)), &tags)
    }

    /// The plan to take a tag off.
    pub fn untag(&self, tag: &str) -> Plan {
        let tags: Vec<Text> = self.tags_now().into_iter().filter(|has| has != tag).collect();
        self.set_tags(&format!("Take the tag {} off", Text::from(tag)), &tags)
    }

    /// The plan to write its notes, in place of those that there are.
    pub fn set_notes(&self, notes: &str) -> Plan {
        let change = self.change().titled("Write notes of");
        if notes.trim().is_empty() { change.unset("description") } else { change.set("description", notes) }.plan()
    }

    /// The plan to protect it against being removed, or to take the protection off.
    pub fn protect(&self, protected: bool) -> Plan {
        let verb = if protected { "Protect" } else { "Take the protection off" };
        self.change().titled(verb).set("protection", u8::from(protected)).plan()
    }

    /// What it is tagged with now: a list that lags would take off what somebody just put on.
    fn tags_now(&self) -> Vec<Text> {
        self.current().map_or_else(|_| self.tags.clone(), |now| now.tags)
    }

    fn set_tags(&self, title: &str, tags: &[Text]) -> Plan {
        let words: Vec<&str> = tags.iter().map(Text::raw).collect();
        let change = self.change().titled(title);
        if words.is_empty() { change.unset("tags") } else { change.set("tags", words.join(";")) }.plan()
    }
}

impl ConfigChange {
    fn titled(mut self, title: &str) -> ConfigChange {
        self.title = Some(title.to_owned());
        self
    }

    /// One setting, by the API's own names and words.
    pub fn set(mut self, key: &str, value: impl fmt::Display) -> ConfigChange {
        self.settings.insert(key.to_owned(), Some(value.to_string()));
        self
    }

    /// One setting that goes back to its default.
    pub fn unset(mut self, key: &str) -> ConfigChange {
        self.settings.insert(key.to_owned(), None);
        self
    }

    /// The plan to change all of them with one call, unless somebody changed the guest's settings meanwhile.
    pub fn plan(&self) -> Plan {
        let title = match (&self.title, self.settings.len()) {
            (Some(title), _) => title.clone(),
            (None, 1) => format!("Change {} of", Text::from(self.settings.keys().next().map_or("", String::as_str))),
            (None, n) => format!("Change {n} settings of"),
        };
        let draft = Draft::on(&self.guest, &title, |guest| self.call(guest));
        let Some(guest) = draft.guest().cloned() else { return draft.plan() };
        let config = guest.config();
        let mut draft =
            draft.check(self.readable(&guest, &config)).check(self.differs(config.as_ref().ok()).by(source(&guest)));
        for key in self.settings.keys() {
            draft = draft.needs(privilege_for(key), format!("/vms/{}", guest.vmid));
        }
        if let Ok(config) = &config {
            for (key, value) in &self.settings {
                let is = config.get(key).or_else(|| config.raw_words(key));
                draft = draft.change(key.as_str(), said(key, is.as_ref().map(Text::raw)), said(key, value.as_deref()));
            }
            if let Some(digest) = config.digest() {
                draft = draft.with("digest", digest.raw());
            }
        }
        let draft = draft.sees(&["VM.Audit"], format!("/vms/{}", guest.vmid)).effect(match guest.is_running() {
            true => "It runs: what cannot change while it does waits until it is started anew, and is told as pending.",
            false => "It holds at once.",
        });
        let draft = self.undone(draft, &guest, config.as_ref().ok()).goal(self.goal(&guest, config.as_ref().ok()));
        let taken: Vec<String> = self.unset_volumes(config.as_ref().ok());
        let draft = if taken.is_empty() { draft } else { draft.destroys(taken.join(", ")) };
        draft.plan()
    }

    /// Unused volumes that it removes: of what is in use, unsetting only takes it off.
    fn unset_volumes(&self, config: Option<&Config>) -> Vec<String> {
        let gone = self.settings.iter().filter(|(key, value)| value.is_none() && key.starts_with("unused"));
        gone.map(|(key, _)| {
            let volume = config.and_then(|config| config.raw_words(key)).map(|volume| format!(" ({volume})"));
            format!("the volume {}{}", Text::from(key), volume.unwrap_or_default())
        })
        .collect()
    }

    fn call(&self, guest: &Guest) -> Call {
        let call = Call::new(Method::Put, guest.path("config"));
        let unset: Vec<&str> =
            self.settings.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key.as_str()).collect();
        let set = self.settings.iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        let call = set.fold(call, |call, (key, value)| call.with(key, value));
        if unset.is_empty() { call } else { call.with("delete", unset.join(",")) }
    }

    fn readable(&self, guest: &Guest, config: &Result<Config, Error>) -> Check {
        const NAME: &str = "settings";
        match config {
            Ok(config) if config.digest().is_some() => Check::passed(
                NAME,
                "They were read; the call carries their digest, so that a change of somebody else since then is not overwritten.",
            ),
            Ok(_) => Check::unknown(NAME, "They came without a digest: a change of somebody else since then is overwritten."),
            Err(error) => Check::failed(NAME, format!("They could not be read, so what would be overwritten is not known. {error}")),
        }
        .by(source(guest))
    }

    /// Whether anything would change.
    fn differs(&self, config: Option<&Config>) -> Check {
        const NAME: &str = "difference";
        if self.settings.is_empty() {
            return Check::failed(NAME, "No setting is named.");
        }
        match config {
            Some(config) if self.settings.iter().all(|(key, value)| is(config, key, value.as_deref())) => {
                Check::already(NAME, "All of it is so already.")
            }
            Some(_) => Check::passed(NAME, "It changes what the table shows."),
            None => Check::unknown(NAME, "What it changes is not known."),
        }
    }

    /// Set back what was: secrets cannot be, since nobody may read them.
    fn undone(&self, draft: Draft, guest: &Guest, config: Option<&Config>) -> Draft {
        let Some(config) = config else { return draft.no_undo("What was before could not be read.") };
        if let Some(secret) = self.settings.keys().find(|key| is_secret_parameter(key)) {
            return draft.no_undo(format!("{secret} is a secret: what it was before cannot be read."));
        }
        if self.settings.iter().any(|(key, value)| value.is_none() && key.starts_with("unused")) {
            return draft.no_undo("An unused volume that is removed is gone; a backup made before may have it.");
        }
        if self.settings.iter().any(|(key, value)| value.is_none() && is_disk(key)) {
            const STAYS: &str =
                "A disk that is taken off stays as an unused one, under another name: attach that again.";
            return draft.no_undo(STAYS).unless(
                "force",
                STAYS,
                "A disk that is taken off by force is removed for good.",
            );
        }
        let was: BTreeMap<String, Option<String>> = self
            .settings
            .keys()
            .map(|key| (key.clone(), config.raw_words(key).map(|words| words.raw().to_owned())))
            .collect();
        let settings: Vec<String> = was
            .iter()
            .map(|(key, value)| match value {
                Some(value) => format!(".set({key:?}, {value:?})"),
                None => format!(".unset({key:?})"),
            })
            .collect();
        let vmid = guest.vmid;
        draft.undo(format!("{}.change(){}.plan()", guest.code(), settings.concat()), move |session| {
            let guest = Guest::find(session, i64::from(vmid).into())?;
            Ok(ConfigChange { guest, title: None, settings: was.clone() }.plan())
        })
    }

    fn goal(
        &self,
        guest: &Guest,
        before: Option<&Config>,
    ) -> impl Fn(&crate::session::Session) -> Result<Seen, Error> + Send + Sync + 'static {
        let (guest, wanted) = (guest.clone(), self.settings.clone());
        let was: BTreeMap<String, Option<Text>> =
            wanted.keys().map(|key| (key.clone(), before.and_then(|config| config.raw_words(key)))).collect();
        // What a new disk is called and how large it is, the server says, and of an interface its address.
        let is_completed = move |key: &str, value: Option<&str>, is: Option<&Text>| {
            value.is_some()
                && is.is_some()
                && was.get(key).and_then(Option::as_ref) != is
                && (is_disk(key) || is_net(key))
        };
        move |session| {
            let config = guest.now(session)?.config()?;
            let pending = config.pending().unwrap_or_default();
            let waits = |key: &str, value: Option<&str>| {
                pending.iter().filter(|change| change.key == key).any(|change| {
                    let then = change.then.as_ref();
                    is_secret_parameter(key) || same(then, value) || is_completed(key, value, then)
                })
            };
            let waiting: Vec<&str> = wanted
                .iter()
                .filter(|(key, value)| !is(&config, key, value.as_deref()) && waits(key, value.as_deref()))
                .map(|(key, _)| key.as_str())
                .collect();
            // Of a secret the server only says that there is one.
            let reached = wanted.iter().all(|(key, value)| {
                let is_there = config.keys().contains(key);
                is(&config, key, value.as_deref())
                    || is_secret_parameter(key) && is_there == value.is_some()
                    || waiting.contains(&key.as_str())
                    || is_completed(key, value.as_deref(), config.raw_words(key).as_ref())
            });
            let now = match (reached, waiting.as_slice()) {
                (false, _) => State::new(Tone::Off, "as before"),
                (true, []) => State::new(Tone::Good, "set"),
                (true, keys) => State::new(Tone::Held, format!("set; {} when it is started anew", keys.join(", "))),
            };
            Ok(Seen { now, reached, guest: None })
        }
    }
}

/// The read that tells its settings.
fn source(guest: &Guest) -> Text {
    Call::get(guest.path("config")).shown()
}

/// A setting as the table of changes has it.
fn said(key: &str, value: Option<&str>) -> String {
    match value {
        Some(_) if is_secret_parameter(key) => NOT_SHOWN.to_owned(),
        Some(value) => value.to_owned(),
        None => "(the default)".to_owned(),
    }
}

fn is(config: &Config, key: &str, value: Option<&str>) -> bool {
    if is_secret_parameter(key) {
        return false;
    }
    let waits = config.pending().is_some_and(|changes| changes.iter().any(|change| change.key == key));
    let words = config.raw_words(key);
    if key == "tags" {
        // The server keeps them in an order of its own.
        return !waits && tags(words.as_ref().map(Text::raw)) == tags(value);
    }
    !waits && same(words.as_ref(), value)
}

fn tags(words: Option<&str>) -> BTreeSet<&str> {
    words.unwrap_or_default().split([';', ',', ' ']).filter(|tag| !tag.is_empty()).collect()
}

fn same(is: Option<&Text>, wanted: Option<&str>) -> bool {
    match (is, wanted) {
        // The server keeps notes with a line break at their end.
        (Some(is), Some(wanted)) => is.raw().trim_end() == wanted.trim_end(),
        (None, None) => true,
        _ => false,
    }
}

fn is_net(key: &str) -> bool {
    key.strip_prefix("net").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_disk(key: &str) -> bool {
    let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
    ["scsi", "virtio", "sata", "ide", "efidisk", "tpmstate", "unused", "rootfs", "mp"].contains(&stem)
}

/// The privilege that a setting takes, as Proxmox VE groups them.
pub(super) fn privilege_for(key: &str) -> &'static [&'static str] {
    let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
    match stem {
        _ if is_disk(key) => &["VM.Config.Disk"],
        "memory" | "balloon" | "shares" | "swap" => &["VM.Config.Memory"],
        "cores" | "sockets" | "cpu" | "cpulimit" | "cpuunits" | "vcpus" | "numa" | "affinity" => &["VM.Config.CPU"],
        "net" | "nameserver" | "searchdomain" | "hostname" => &["VM.Config.Network", "VM.Config.Cloudinit"],
        "ipconfig" | "ciuser" | "cipassword" | "sshkeys" | "citype" | "ciupgrade" | "cicustom" => {
            &["VM.Config.Cloudinit", "VM.Config.Network"]
        }
        "startup" | "onboot" | "description" | "tags" | "protection" | "name" => &["VM.Config.Options"],
        "vga" | "machine" | "bios" | "scsihw" | "hostpci" | "usb" | "serial" | "watchdog" | "audio" | "rng" => {
            &["VM.Config.HWType"]
        }
        _ => &["VM.Config.Options"],
    }
}

impl View for ConfigChange {
    fn page(&self) -> Page {
        self.plan().page()
    }
}

impl fmt::Debug for ConfigChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.settings.keys().map(String::as_str).collect();
        write!(f, "ConfigChange({}: {})", self.guest, keys.join(", "))
    }
}
