//! A guest's settings, as its configuration file has them, and the changes that wait for a restart.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::Error;
use crate::loose;
use crate::model::evidence::{Evidence, Source};
use crate::model::fields::fields;
use crate::model::guest::disk::Disk;
use crate::model::guest::net::Net;
use crate::model::guest::{Guest, GuestKind};
use crate::model::json::shown;
use crate::model::list::{About, List};
use crate::model::property::Properties;
use crate::model::record::segment;
use crate::model::sight::Sight;
use crate::model::told::told;
use crate::model::why::{Explained, Sources};
use crate::page::Provenance;
use crate::secret::{is_secret, masked};
use crate::session::Answer;
use crate::text::Text;
use crate::units::Bytes;
use crate::wire::Call;

mod compared;
mod meaning;
mod page;

told! {
    /// The settings of a guest, from `/nodes/{node}/{qemu|lxc}/{vmid}/config`. Passwords and keys are never shown.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let config = Pve::demo()?.guest("db-main")?.config()?;
    /// assert_eq!(config.memory(), Some(Bytes::gib(24)));
    /// assert_eq!(config.disks().filter(|disk| disk.holds_data()).len(), 2);
    /// assert_eq!(config.nets().first().unwrap().bridge.unwrap(), "vmbr1");
    /// # Ok(()) }
    /// ```
    #[derive(Clone)]
    pub struct Config {
        /// The guest's number.
        #[field(skip, "the path of the call")]
        pub vmid: u32,
        /// Virtual machine or container.
        #[field(skip, "the path of the call")]
        pub kind: GuestKind,
        /// The node that it is on.
        #[field(skip, "the path of the call")]
        pub node: Text,
        /// What the guest is called.
        #[field(skip, "the guest that was asked")]
        called: Text,
        #[field(skip)]
        settings: Arc<Map<String, Value>>,
        /// What waits for a restart; `None` where it was not asked for, and a reason where it could not be read.
        #[field(skip)]
        changes: Option<Result<Vec<PendingChange>, Text>>,
        #[field(skip)]
        provenance: Provenance,
    }
}

impl Source for Config {
    fn evidence(&self) -> Evidence {
        Evidence::whole(self.provenance.clone())
    }
}

/// A change of a setting that waits until the guest is started anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingChange {
    /// The setting.
    pub key: Text,
    /// What it is now; `None` where the default holds.
    pub now: Option<Text>,
    /// What it will be; `None` where it goes back to the default.
    pub then: Option<Text>,
}

fields! {
    /// A row of `/pending`: a setting, and what it is to become.
    #[derive(Default)]
    pub(crate) struct PendingRow {
        key: Text,
        value: Option<Value>,
        pending: Option<Value>,
        #[field(loose::yes)]
        delete: bool,
    }
}

impl Guest {
    /// Its settings, from `/nodes/{node}/{qemu|lxc}/{vmid}/config`, as they hold now; what waits for a restart, from
    /// `…/pending`, is told apart.
    ///
    /// # Errors
    /// When the node cannot be reached or VM.Audit is missing.
    pub fn config(&self) -> Result<Config, Error> {
        let session = &self.session;
        let pending = session.submit(Call::get(self.path("pending")));
        let answer = session.ask(Call::get(self.path("config")));
        let pending = session.answer(pending);
        let answer = answer?;
        let mut config = Config::of(self, &answer)?;
        match pending.and_then(|pending| Ok((pending.rows::<PendingRow>()?, pending))) {
            Ok((rows, pending)) => {
                config.provenance = config.provenance.and(&session.provenance([&pending], None));
                config.take(rows.into_iter().map(|(row, _)| row).collect());
            }
            Err(error) => config.changes = Some(Err(error.to_string().into())),
        }
        Ok(config)
    }

    /// Its settings as they hold now and what waits for a restart, by `/nodes/{node}/{qemu|lxc}/{vmid}/pending` alone: one
    /// request where [`config`](Guest::config) takes two.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let running = Pve::demo()?.guests()?.filter(|guest| guest.is_running());
    /// for (guest, config) in running.each(|guest| guest.config_by_pending()) {
    ///     println!("{}: {} changes wait", guest.name, config.pending().unwrap_or_default().len());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node cannot be reached or VM.Audit is missing.
    pub fn config_by_pending(&self) -> Result<Config, Error> {
        let answer = self.session.ask(Call::get(self.path("pending")))?;
        let rows: Vec<PendingRow> = answer.rows::<PendingRow>()?.into_iter().map(|(row, _)| row).collect();
        let place = format!("{}/{}", self.kind.path(), self.vmid);
        let known = |row: &PendingRow| Some((row.key.raw().to_owned(), row.value.clone()?));
        let mut config = Config {
            vmid: self.vmid,
            kind: self.kind,
            node: self.node.clone(),
            called: self.called(),
            settings: Arc::new(rows.iter().filter_map(known).collect()),
            changes: None,
            provenance: self.session.provenance([&answer], Some(&place)),
        };
        config.take(rows);
        Ok(config)
    }

    /// Its settings as a snapshot keeps them, from `/nodes/{node}/{qemu|lxc}/{vmid}/snapshot/{snapname}/config`.
    ///
    /// # Errors
    /// When there is no such snapshot, the node cannot be reached, or VM.Audit is missing.
    pub fn config_of_snapshot(&self, snapshot: &str) -> Result<Config, Error> {
        let name = Text::from(snapshot);
        let none = || {
            Error::not_found(
                format!("{} has no snapshot \"{name}\"", self.called()),
                format!("{}.snapshots()? shows those there are", self.code()),
            )
        };
        if name.is_blank() {
            return Err(none());
        }
        let answer = self.session.ask(Call::get(self.path(&format!("snapshot/{}/config", segment(&name)))));
        let answer = answer.map_err(|error| match &error {
            // That the guest itself is gone is told in other words.
            Error::NotFound { what, .. } if what.contains("snapshot '") => none(),
            _ => error,
        })?;
        let config = Config::of(self, &answer)?;
        Ok(Config { called: format!("{} in the snapshot {snapshot}", config.called.raw()).into(), ..config })
    }
}

impl Config {
    /// The settings in an answer about this guest.
    pub(crate) fn of(guest: &Guest, answer: &Answer) -> Result<Config, Error> {
        let place = format!("{}/{}", guest.kind.path(), guest.vmid);
        Ok(Config {
            vmid: guest.vmid,
            kind: guest.kind,
            node: guest.node.clone(),
            called: guest.called(),
            settings: Arc::new(answer.object()?.0),
            changes: None,
            provenance: guest.session.provenance([answer], Some(&place)),
        })
    }

    /// One of these settings alone.
    #[cfg(test)]
    pub(crate) fn of_settings(session: &crate::session::Session, json: &Value) -> Option<Config> {
        let guest =
            Guest::of_row(session, &serde_json::json!({"vmid": 101, "node": "pve1", "type": "qemu", "name": "web-1"}))?;
        let answer = Answer {
            call: Call::get("/nodes/pve1/qemu/101/config"),
            reply: crate::wire::Reply {
                status: 200,
                reason: Text::default(),
                body: serde_json::json!({ "data": json }).to_string().into(),
                at: session.now(),
                took: std::time::Duration::ZERO,
            },
            from_memory: false,
        };
        Config::of(&guest, &answer).ok()
    }

    /// Puts aside what waits for a restart: the answer to `/config` has it as if it were so already.
    fn take(&mut self, rows: Vec<PendingRow>) {
        let mut settings = (*self.settings).clone();
        let mut changes = Vec::new();
        for row in rows.into_iter().filter(|row| row.delete || row.pending.is_some()) {
            let key = row.key.raw();
            let word = |value: &Option<Value>| match value {
                Some(_) if is_secret(key) => Some("a secret, not shown".into()),
                value => value.clone().map(|value| shown(&masked(value)).into()),
            };
            changes.push(PendingChange { key: row.key.clone(), now: word(&row.value), then: word(&row.pending) });
            match row.value {
                Some(now) => drop(settings.insert(key.to_owned(), now)),
                None => drop(settings.remove(key)),
            }
        }
        changes.sort_by(|a, b| a.key.cmp(&b.key));
        self.settings = Arc::new(settings);
        self.changes = Some(Ok(changes));
    }

    /// One setting in words; `None` where the default holds or the value is a secret.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let config = Pve::demo()?.guest("web-1")?.config()?;
    /// assert_eq!(config.get("onboot").unwrap(), "1");
    /// # Ok(()) }
    /// ```
    pub fn get(&self, key: &str) -> Option<Text> {
        self.settings.get(key).filter(|_| !is_secret(key)).map(|value| shown(&masked(value.clone())).into())
    }

    /// One part of a setting that has several: `config.property("net0", "bridge")`; the part that stands without its
    /// name has the name `""`.
    pub fn property(&self, key: &str, name: &str) -> Option<Text> {
        Properties::read(self.get(key)?.raw()).get(name)
    }

    /// One setting as the file has it, notes too; `None` where the default holds or the value is a secret.
    pub(crate) fn raw_words(&self, key: &str) -> Option<Text> {
        self.settings.get(key).filter(|_| !is_secret(key)).map(|value| match value {
            Value::String(words) => words.into(),
            value => value.to_string().into(),
        })
    }

    /// What the server knows these very settings by.
    pub(crate) fn digest(&self) -> Option<Text> {
        self.settings.get("digest").and_then(Value::as_str).map(Text::from)
    }

    /// What the guest is called.
    pub fn name(&self) -> Text {
        self.called.clone()
    }

    /// Its disks, with CD drives and volumes that are not attached.
    pub fn disks(&self) -> List<Disk> {
        let mut disks = self.all_disks();
        disks.sort_by_key(|disk| (disk.kind, numbered(disk.key.raw())));
        self.list(disks, "Disks", "Where are its data, how large are they, and are they backed up?")
    }

    fn all_disks(&self) -> Vec<Disk> {
        let from = Arc::new(self.provenance.clone());
        self.each(|key, words| Disk::read(key, words).map(|disk| disk.of(&from)))
    }

    /// Its network cards.
    pub fn nets(&self) -> List<Net> {
        let told = |key: &str| self.get(&key.replacen("net", "ipconfig", 1));
        let from = Arc::new(self.provenance.clone());
        let net = |key: &str, words: &str| Net::read(key, words, told(key).as_ref().map(Text::raw));
        let mut nets: Vec<Net> = self.each(|key, words| net(key, words).map(|net| net.of(&from)));
        nets.sort_by_key(|net| numbered(net.key.raw()));
        self.list(nets, "Network cards", "Which networks is it in?")
    }

    fn each<T>(&self, read: impl Fn(&str, &str) -> Option<T>) -> Vec<T> {
        self.settings.iter().filter_map(|(key, value)| read(key, value.as_str()?)).collect()
    }

    fn list<T: Clone>(&self, items: Vec<T>, title: &str, question: &str) -> List<T> {
        let title = format!("{title} of {}", self.called.raw()).into();
        let provenance = self.provenance.clone();
        List::new(items, About { title, question: question.into(), sight: Sight::whole(), provenance, of: None })
    }

    /// What waits until the guest is started anew; `None` where that was not asked for ([`Guest::config`] does) or
    /// could not be read.
    pub fn pending(&self) -> Option<Vec<PendingChange>> {
        self.changes.clone()?.ok()
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.get(key)?.raw().parse().ok()
    }

    /// The virtual CPUs that it has; `None` for a container without a limit, which uses all of its node.
    pub fn cores(&self) -> Option<u64> {
        match self.kind {
            GuestKind::Vm => {
                let all = self.number("cores").unwrap_or(1).saturating_mul(self.number("sockets").unwrap_or(1));
                Some(self.number("vcpus").unwrap_or(all))
            }
            GuestKind::Ct => self.number("cores"),
        }
    }

    /// The memory that it may use; `None` where the setting is not understood.
    pub fn memory(&self) -> Option<Bytes> {
        let Some(setting) = self.get("memory") else { return Some(Bytes::mib(512)) };
        let properties = Properties::read(setting.raw());
        let mib: u64 = properties.number("current").or_else(|| properties.number(""))?;
        mib.checked_mul(1 << 20).map(Bytes)
    }

    /// What a virtual machine boots from, in order: `scsi0`, `net0`.
    pub fn boot_order(&self) -> Vec<Text> {
        match self.property("boot", "order") {
            Some(order) => order.raw().split(';').filter(|key| !key.is_empty()).map(Text::from).collect(),
            None => self.get("bootdisk").into_iter().collect(),
        }
    }

    /// The operating system that it is set up for: `l26`, `win11`, `debian`.
    pub fn ostype(&self) -> Option<Text> {
        self.get("ostype")
    }

    /// Whether a virtual machine is set up to have a guest agent, which says nothing of whether that runs.
    pub fn has_agent(&self) -> bool {
        let Some(setting) = self.get("agent") else { return false };
        let agent = Properties::read(setting.raw());
        agent.flag("enabled").or_else(|| agent.flag("")).unwrap_or(false)
    }

    /// Whether it is protected against being removed.
    pub fn is_protected(&self) -> bool {
        self.get("protection").is_some_and(|set| set == "1")
    }

    /// What holds a lock on it.
    pub fn lock(&self) -> Option<Text> {
        self.get("lock")
    }

    /// Whether the guest is to start when its node does.
    pub fn starts_at_boot(&self) -> bool {
        self.get("onboot").is_some_and(|onboot| onboot == "1")
    }

    /// The notes that people left, with awkward characters as they came.
    pub fn notes(&self) -> Option<Text> {
        self.settings.get("description").and_then(Value::as_str).map(Text::from).filter(|notes| !notes.is_blank())
    }

    /// Names of the settings that are set, in their order.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> =
            self.settings.keys().filter(|key| *key != "digest" && *key != "description").cloned().collect();
        keys.sort_by_key(|key| (page::rank(key), key.clone()));
        keys
    }
}

impl Explained for Config {
    fn sources(&self) -> Sources {
        let sources = Sources::of(&self.provenance);
        let call = sources.call("/config");
        let sources = sources.part(call, "", masked(Value::Object((*self.settings).clone())));
        let waiting: Vec<String> = self.pending().unwrap_or_default().iter().map(|it| it.key.to_string()).collect();
        match waiting.is_empty() {
            true => sources,
            false => {
                let words = format!(
                    "A change of {} waits until the guest is started anew. What holds until then is what …/pending says, and not \
                     what …/config says.",
                    waiting.join(", ")
                );
                sources.remark(waiting, words)
            }
        }
    }

    fn setting(&self, name: &str) -> Option<String> {
        let meaning = meaning::meaning(self.kind, name)?;
        let default =
            if meaning.default.is_empty() { String::new() } else { format!("; unless set: {}", meaning.default) };
        Some(format!("{}{default}", meaning.words))
    }
}

/// `scsi10` stands after `scsi9`.
fn numbered(key: &str) -> (String, u64) {
    let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
    (stem.to_owned(), key[stem.len()..].parse().unwrap_or_default())
}
