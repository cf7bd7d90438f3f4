//! A guest: a virtual machine (QEMU) or a container (LXC).

use std::fmt;

use crate::error::Error;
use crate::model::config::Config;
use crate::model::history::{History, Span};
use crate::model::list::{About, Column, List, Listed, NEXT, count};
use crate::model::resource::{Resource, Resources, visible_to};
use crate::model::snapshot::Snapshot;
use crate::model::task::{self, Task};
use crate::page::{Cell, Level, Page, Provenance, State, Tone};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Bytes, Ratio, Reading, Why};
use crate::wire::{Call, Raw};

/// A virtual machine or a container, as it was when it was read.
///
/// Lists come from `/cluster/resources`; a guest asked for alone also from its
/// `/nodes/{node}/{qemu|lxc}/{vmid}/status/current`, which does not lag.
#[derive(Clone)]
pub struct Guest {
    /// Its number, unique in the cluster.
    pub vmid: u32,
    /// Its name; not known while its node is offline.
    pub name: Reading<Text>,
    /// The node that it is on.
    pub node: Text,
    /// Virtual machine or container.
    pub kind: GuestKind,
    /// Whether it runs.
    pub status: Status,
    /// Whether it is a template, which never runs.
    pub template: bool,
    /// The pool that it belongs to.
    pub pool: Option<Text>,
    /// Its tags, in the order of the server.
    pub tags: Vec<Text>,
    /// What holds a lock on it: `backup`, `migrate`, `snapshot`, ...
    pub lock: Option<Text>,
    /// What high availability makes of it, where it is managed: `started`, `stopped`, `error`, ...
    pub hastate: Option<Text>,
    /// CPU use, 1.0 being all of its own cores.
    pub cpu: Reading<Ratio>,
    /// Its virtual CPUs.
    pub maxcpu: Reading<u64>,
    /// Memory in use.
    pub mem: Reading<Bytes>,
    /// Memory that it may use.
    pub maxmem: Reading<Bytes>,
    /// Space used on its root disk: known for running containers only.
    pub disk: Reading<Bytes>,
    /// Size of its first disk; its configuration has them all.
    pub maxdisk: Reading<Bytes>,
    /// How long it has been running.
    pub uptime: Reading<Age>,
    pub(crate) session: Session,
    pub(crate) provenance: Provenance,
    raw: Raw,
}

/// What kind of guest it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuestKind {
    /// A virtual machine, run by QEMU.
    Vm,
    /// A container, run by LXC.
    Ct,
}

impl GuestKind {
    /// As the API's paths spell it.
    pub fn path(self) -> &'static str {
        match self {
            GuestKind::Vm => "qemu",
            GuestKind::Ct => "lxc",
        }
    }
}

impl fmt::Display for GuestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            GuestKind::Vm => "VM",
            GuestKind::Ct => "CT",
        })
    }
}

/// Whether a guest runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It runs.
    Running,
    /// It is loaded, but its CPUs stand still.
    Paused,
    /// It is off.
    Stopped,
    /// Nobody can say: its node is offline, or does not report.
    Unknown,
    /// A word that this crate does not know.
    Other(Text),
}

impl Status {
    pub(crate) fn read(row: &Resource) -> Status {
        // A paused VM is "running" in `status/current`, where only `qmpstatus` tells.
        let word = match row.qmpstatus.as_ref().map(Text::raw) {
            Some("paused") => "paused",
            _ => row.status.as_ref().map_or("unknown", Text::raw),
        };
        Status::word(word)
    }

    fn word(word: &str) -> Status {
        match word {
            "running" => Status::Running,
            "paused" => Status::Paused,
            "stopped" => Status::Stopped,
            "unknown" => Status::Unknown,
            other => Status::Other(other.into()),
        }
    }

    fn word_of(&self) -> &str {
        match self {
            Status::Running => "running",
            Status::Paused => "paused",
            Status::Stopped => "stopped",
            Status::Unknown => "unknown",
            Status::Other(word) => word.raw(),
        }
    }

    /// The state as it is shown.
    pub fn state(&self) -> State {
        let tone = match self {
            Status::Running => Tone::Good,
            Status::Paused => Tone::Held,
            Status::Stopped => Tone::Off,
            Status::Unknown | Status::Other(_) => Tone::Unknown,
        };
        State::new(tone, self.to_string())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Other(word) => word.fmt(f),
            known => f.pad(known.word_of()),
        }
    }
}

impl From<Status> for Cell {
    fn from(status: Status) -> Cell {
        Cell::State(status.state())
    }
}

impl From<GuestKind> for Cell {
    fn from(kind: GuestKind) -> Cell {
        Cell::from(kind.to_string())
    }
}

impl PartialEq<&str> for Status {
    fn eq(&self, word: &&str) -> bool {
        self.word_of() == *word
    }
}

/// How a guest is asked for: by number or by name. `"101"` is a name.
#[derive(Clone, Debug)]
pub enum GuestId {
    /// Its VMID.
    Number(i64),
    /// Its name.
    Name(Text),
}

macro_rules! guest_id {
    ($($number:ty),*; $($name:ty),*) => {
        $(impl From<$number> for GuestId {
            fn from(number: $number) -> GuestId {
                GuestId::Number(number.into())
            }
        })*
        $(impl From<$name> for GuestId {
            fn from(name: $name) -> GuestId {
                GuestId::Name(Text::from(name))
            }
        })*
    };
}
guest_id!(i32, u32, i64; &str, String, &String, Text, &Text);

impl Guest {
    /// All guests that the identity may see.
    pub(crate) fn list(session: &Session) -> Result<List<Guest>, Error> {
        let resources = Resources::read(session)?;
        Ok(Guest::among(session, &resources, session.provenance([&resources.answer], None)))
    }

    /// The guests in an answer that was read already.
    pub(crate) fn among(session: &Session, resources: &Resources, provenance: Provenance) -> List<Guest> {
        let mut guests = Guest::all_in(session, resources, &provenance);
        guests.sort_by_key(|guest| guest.vmid);
        let mut caveats = visible_to(session, "guests", "VM.Audit", "/vms");
        caveats.extend(resources.caveats());
        let unknown = guests.iter().filter(|guest| guest.status == Status::Unknown).count();
        if unknown > 0 {
            let which = count(unknown, Guest::NOUN);
            caveats.push((
                Level::Info,
                format!("The state of {which} is not known: the node is offline or does not report.").into(),
            ));
        }
        let about = About {
            title: "Guests".into(),
            question: "Which virtual machines and containers are there, where, and do they run?".into(),
            caveats,
            provenance,
            of: None,
        };
        List::new(guests, about)
    }

    fn all_in(session: &Session, resources: &Resources, provenance: &Provenance) -> Vec<Guest> {
        let online = resources.online();
        resources
            .of(&["qemu", "lxc"])
            .filter_map(|(row, raw)| {
                let node_online = row.node.as_ref().and_then(|node| online.get(node)).copied();
                let mut guest = Guest::read(session, row, raw, node_online, provenance)?;
                if let Some(known) = session.remembered(guest.vmid).filter(|known| guest.status != known.status.raw()) {
                    guest = guest.changed_to(Status::word(known.status.raw()));
                }
                Some(guest)
            })
            .collect()
    }

    /// One guest, as it is now.
    pub(crate) fn find(session: &Session, id: GuestId) -> Result<Guest, Error> {
        let resources = Resources::read(session)?;
        let provenance = session.provenance([&resources.answer], None);
        let all = Guest::all_in(session, &resources, &provenance);
        let mut matches = all.iter().filter(|guest| match &id {
            GuestId::Number(number) => i64::from(guest.vmid) == *number,
            GuestId::Name(name) => guest.name == name.raw(),
        });
        let Some(guest) = matches.next() else { return Err(not_found(session, &id, &all)) };
        let others: Vec<_> = matches.collect();
        if let GuestId::Name(name) = id
            && !others.is_empty()
        {
            let described = |guest: &Guest| Text::from(format!("{} {} on {}", guest.kind, guest.vmid, guest.node));
            return Err(Error::Ambiguous {
                name: format!("\"{name}\"").into(),
                matches: std::iter::once(guest).chain(others.iter().copied()).map(described).collect(),
                next: format!("pve.guest({})?", guest.vmid).into(),
            });
        }
        guest.current_or_as_listed()
    }

    /// The guest with what its node says of it now; as listed where the node cannot or may not say.
    fn current_or_as_listed(&self) -> Result<Guest, Error> {
        if self.status == Status::Unknown && self.name.why() == Some(Why::NodeOffline) {
            return Ok(self.clone());
        }
        match self.current() {
            Err(Error::NotPermitted { .. } | Error::NodeUnreachable { .. }) => Ok(self.clone()),
            current => current,
        }
    }

    /// Reads the guest anew from its node, which does not lag.
    ///
    /// # Errors
    /// When the node cannot be reached, or the guest is no longer there, or VM.Audit is missing.
    pub fn current(&self) -> Result<Guest, Error> {
        let answer = self.session.ask(Call::get(self.path("status/current")))?;
        let (now, raw) = answer.object::<Resource>()?;
        let row = Resource {
            r#type: Some(self.kind.path().into()),
            vmid: Some(self.vmid.into()),
            node: Some(self.node.clone()),
            pool: self.pool.clone(),
            hastate: match &now.ha {
                Some(ha) => ha.managed.unwrap_or(false).then(|| ha.state.clone().unwrap_or_else(|| "managed".into())),
                None => self.hastate.clone(),
            },
            template: now.template.or(Some(self.template)),
            ..now
        };
        let here = self.session.provenance([&answer], Some(&format!("{}/{}", self.kind.path(), self.vmid)));
        let provenance = if self.provenance.console.is_some() { here } else { joined(&self.provenance, here) };
        Guest::read(&self.session, &row, &raw, Some(true), &provenance)
            .ok_or_else(|| Error::not_found(format!("{self} is no longer there"), "pve.guests()? shows those that are"))
    }

    fn read(
        session: &Session,
        row: &Resource,
        raw: &Raw,
        node_online: Option<bool>,
        from: &Provenance,
    ) -> Option<Guest> {
        let kind = if row.r#type.as_ref()? == "lxc" { GuestKind::Ct } else { GuestKind::Vm };
        let status = Status::read(row);
        let silent = match node_online {
            Some(false) => Some(Why::NodeOffline),
            _ if status == Status::Unknown => Some(Why::NotReportedYet),
            _ => None,
        };
        // A number of a stopped guest is a zero that means nothing.
        let while_up = match status {
            Status::Stopped => Some(Why::NotWhileStopped),
            _ => silent,
        };
        Some(Guest {
            vmid: u32::try_from(row.vmid?).ok()?,
            name: reading(row.name.clone(), silent),
            node: row.node.clone()?,
            kind,
            status,
            template: row.template.unwrap_or(false),
            pool: row.pool.clone(),
            tags: split_tags(row.tags.as_ref()),
            lock: row.lock.clone(),
            hastate: row.hastate.clone(),
            cpu: reading(row.cpu.map(Ratio), while_up),
            maxcpu: reading(row.maxcpu.or(row.cpus).map(|n| n.round() as u64), silent),
            mem: reading(row.mem.map(Bytes), while_up),
            maxmem: reading(row.maxmem.map(Bytes), silent),
            disk: match kind {
                GuestKind::Vm => Reading::Missing(silent.unwrap_or(Why::KnownInsideOnly)),
                GuestKind::Ct => reading(row.disk.map(Bytes), while_up),
            },
            maxdisk: reading(row.maxdisk.map(Bytes), silent),
            uptime: reading(row.uptime.map(Age), while_up),
            session: session.clone(),
            provenance: from.clone(),
            raw: raw.clone(),
        })
    }

    /// The guest in a state that this session knows of and the overview does not yet, which leaves its load unknown.
    fn changed_to(mut self, status: Status) -> Guest {
        let why = if status == Status::Stopped { Why::NotWhileStopped } else { Why::NotReportedYet };
        self.status = status;
        self.cpu = Reading::Missing(why);
        self.mem = Reading::Missing(why);
        self.uptime = Reading::Missing(why);
        self
    }

    /// Whether it runs. A paused guest does not; one whose state is not known is neither running nor stopped.
    pub fn is_running(&self) -> bool {
        self.status == Status::Running
    }

    /// Whether it is off. One whose state is not known is neither running nor stopped.
    pub fn is_stopped(&self) -> bool {
        self.status == Status::Stopped
    }

    /// Whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.status == Status::Paused
    }

    /// Whether it is a template, which never runs.
    pub fn is_template(&self) -> bool {
        self.template
    }

    /// Whether it is a virtual machine.
    pub fn is_vm(&self) -> bool {
        self.kind == GuestKind::Vm
    }

    /// Whether it is a container.
    pub fn is_ct(&self) -> bool {
        self.kind == GuestKind::Ct
    }

    /// Whether it has this tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|has| has == tag)
    }

    /// The value of a tag that has the form `key.value`: `owner.alice` gives `alice` for `owner`. Proxmox VE allows
    /// no colon in a tag; [`tag_value_by`](Guest::tag_value_by) takes another separator.
    pub fn tag_value(&self, key: &str) -> Option<String> {
        self.tag_value_by(key, ".")
    }

    /// The same with a separator of one's own: `owner-alice`, `owner_alice`.
    pub fn tag_value_by(&self, key: &str, separator: &str) -> Option<String> {
        self.tags
            .iter()
            .filter_map(|tag| tag.raw().split_once(separator))
            .find(|(has, value)| *has == key && !value.is_empty())
            .map(|(_, value)| value.to_owned())
    }

    /// Its settings, from `/nodes/{node}/{qemu|lxc}/{vmid}/config`.
    ///
    /// # Errors
    /// When the node cannot be reached or VM.Audit is missing.
    pub fn config(&self) -> Result<Config, Error> {
        Config::read(self)
    }

    /// Its snapshots, oldest first, from `/nodes/{node}/{qemu|lxc}/{vmid}/snapshot`.
    ///
    /// # Errors
    /// When the node cannot be reached or VM.Audit is missing.
    pub fn snapshots(&self) -> Result<List<Snapshot>, Error> {
        Snapshot::list(self)
    }

    /// How it was loaded, from `/nodes/{node}/{qemu|lxc}/{vmid}/rrddata`.
    ///
    /// # Errors
    /// When the node cannot be reached or VM.Audit is missing.
    pub fn history(&self, span: Span) -> Result<History, Error> {
        History::of_guest(self, span)
    }

    /// What was done to it, newest first, from its node's `/nodes/{node}/tasks`.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn tasks(&self) -> Result<List<Task>, Error> {
        task::of_guest(self)
    }

    /// The JSON that it was read from, as the server sent it.
    pub fn raw(&self) -> String {
        self.raw.json().to_owned()
    }

    /// A path below this guest's own.
    pub(crate) fn path(&self, below: &str) -> String {
        format!("/nodes/{}/{}/{}/{below}", self.node.raw(), self.kind.path(), self.vmid)
    }

    /// The code that gives this guest.
    pub(crate) fn code(&self) -> String {
        format!("pve.guest({})?", self.vmid)
    }

    /// Its name, or its number where the name is not known.
    pub(crate) fn called(&self) -> Text {
        match &self.name {
            Reading::Known(name) => name.clone(),
            Reading::Missing(_) => format!("{} {}", self.kind, self.vmid).into(),
        }
    }
}

impl fmt::Display for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Reading::Known(name) => write!(f, "{name} ({} {} on {})", self.kind, self.vmid, self.node),
            Reading::Missing(_) => write!(f, "{} {} on {}", self.kind, self.vmid, self.node),
        }
    }
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guest({self}: {})", self.status)
    }
}

impl Listed for Guest {
    const NOUN: (&'static str, &'static str) = ("guest", "guests");

    fn columns() -> Vec<Column<Guest>> {
        vec![
            Column::new("Guest", |g: &Guest| g.name_cell()),
            Column::new("State", |g: &Guest| g.state()),
            Column::new("Node", |g: &Guest| g.node.clone()),
            Column::new("CPU", |g: &Guest| g.cpu),
            Column::new("Memory", |g: &Guest| Cell::usage(g.mem, g.maxmem)),
            Column::new("First disk", |g: &Guest| g.maxdisk),
            Column::new("Up", |g: &Guest| g.uptime),
            Column::new("Tags", |g: &Guest| join(&g.tags)),
            Column::new(NEXT, |g: &Guest| g.next()),
        ]
    }

    fn summary(guests: &[Guest]) -> (String, String) {
        (count(guests.len(), Guest::NOUN), by_state(guests))
    }
}

/// How many guests are in which state: `: 25 running, 7 stopped.`
fn by_state(guests: &[Guest]) -> String {
    let mut parts = Vec::new();
    let templates = guests.iter().filter(|guest| guest.template).count();
    for status in [Status::Running, Status::Stopped, Status::Paused] {
        let n = guests.iter().filter(|guest| guest.status == status && !guest.template).count();
        if n > 0 {
            parts.push(format!("{n} {status}"));
        }
    }
    let known = [Status::Running, Status::Stopped, Status::Paused];
    let other = guests.iter().filter(|guest| !known.contains(&guest.status) && !guest.template).count();
    if other > 0 {
        parts.push(format!("{other} not known"));
    }
    if templates > 0 {
        parts.push(count(templates, ("template", "templates")));
    }
    if parts.is_empty() { ".".into() } else { format!(": {}.", parts.join(", ")) }
}

impl Guest {
    fn name_cell(&self) -> Cell {
        let what = format!("{} {}", self.kind, self.vmid);
        match &self.name {
            Reading::Known(name) => Cell::Name(name.clone(), what.into()),
            Reading::Missing(_) => Cell::Name(what.into(), "name not known".into()),
        }
    }

    /// The state with what qualifies it: a lock, high availability, a template.
    pub(crate) fn state(&self) -> State {
        let mut state = self.status.state();
        let mut marks = Vec::new();
        if self.template {
            state = State::new(Tone::Off, "template");
        }
        if let Some(lock) = &self.lock {
            marks.push(format!("locked: {lock}"));
        }
        match self.hastate.as_ref().map(Text::raw) {
            Some("started") if self.is_stopped() => {
                state = State::new(Tone::Wrong, "stopped, should run");
                marks.push("HA: started".into());
            }
            Some("error" | "fence") => {
                state.tone = Tone::Wrong;
                marks.push(format!("HA: {}", self.hastate.clone().unwrap_or_default()));
            }
            Some(ha) => marks.push(format!("HA: {}", Text::from(ha))),
            None => {}
        }
        if !marks.is_empty() {
            state.word = format!("{} ({})", state.word.raw(), marks.join(", ")).into();
        }
        state
    }

    /// The code to go on with.
    fn next(&self) -> Cell {
        let code = match self.status {
            Status::Stopped if !self.template => format!("{}.start()", self.code()),
            _ => self.code(),
        };
        Cell::Button(code.clone().into(), code.into())
    }
}

impl View for Guest {
    fn page(&self) -> Page {
        let page = Page::new(format!("{} · {} {}", self.called().raw(), self.kind, self.vmid))
            .question("What is it, where is it, and how does it do?")
            .answer(format!("{} is {}", self.called().raw(), self.status), format!(" on {}.", self.node))
            .facts([
                ("State", Cell::from(self.state())),
                ("Node", Cell::from(&self.node)),
                ("CPU", cpu_cell(self.cpu, self.maxcpu)),
                ("Memory", Cell::usage(self.mem, self.maxmem)),
                ("Disk used", Cell::from(self.disk)),
                ("First disk", Cell::from(self.maxdisk)),
                ("Running for", Cell::from(self.uptime)),
                ("Pool", self.pool.clone().map_or(Cell::from("none"), Cell::from)),
                ("Tags", if self.tags.is_empty() { Cell::from("none") } else { join(&self.tags) }),
            ]);
        let config = self.config();
        let page = match &config {
            Ok(config) => match config.notes() {
                Some(notes) => page.section("Notes", Page::new("").lines(notes.raw().lines())),
                None => page,
            },
            Err(_) => page,
        };
        let page =
            part(page, "Configuration", &format!("{}.config()?", self.code()), config.map(|config| config.page()));
        let page =
            part(page, "Snapshots", &format!("{}.snapshots()?", self.code()), self.snapshots().map(|list| list.page()));
        let page =
            part(page, "Recent tasks", &format!("{}.tasks()?", self.code()), self.tasks().map(|list| list.page()));
        page.code(match self.next() {
            Cell::Button(_, code) if self.is_stopped() => code,
            _ => format!("{}.history(Span::Day)?", self.code()).into(),
        })
        .provenance(self.provenance.clone())
    }
}

/// A folded part of a page, or the reason why it could not be read.
pub(crate) fn part(page: Page, title: &str, code: &str, part: Result<Page, Error>) -> Page {
    match part {
        Ok(part) => page.section_from(title, code, part),
        Err(error) => page.section_from(
            title,
            code,
            Page::new("").note(Level::Warning, format!("This could not be read. {error}")),
        ),
    }
}

pub(crate) fn cpu_cell(used: Reading<Ratio>, cores: Reading<u64>) -> Cell {
    match (used, cores) {
        (Reading::Known(used), Reading::Known(cores)) => {
            Cell::Meter(used, format!("{used} of {}", count(cores as usize, ("core", "cores"))).into())
        }
        (Reading::Known(used), _) => Cell::Ratio(used),
        (Reading::Missing(why), Reading::Known(cores)) => {
            Cell::Missing(format!("of {}, {why}", count(cores as usize, ("core", "cores"))).into())
        }
        (Reading::Missing(why), _) => why.into(),
    }
}

/// A value, missing for the reason at hand or because the answer had none.
fn reading<T>(value: Option<T>, why: Option<Why>) -> Reading<T> {
    match why {
        Some(why) => Reading::Missing(why),
        None => Reading::or_missing(value, Why::NotInAnswer),
    }
}

/// Proxmox VE joins tags by semicolons, and takes commas and spaces as well.
fn split_tags(tags: Option<&Text>) -> Vec<Text> {
    tags.map(|tags| tags.raw().split([';', ',', ' ']).filter(|tag| !tag.is_empty()).map(Text::from).collect())
        .unwrap_or_default()
}

fn join(texts: &[Text]) -> Cell {
    if texts.is_empty() {
        return Cell::Empty;
    }
    Cell::from(texts.iter().map(|text| text.raw().to_owned()).collect::<Vec<_>>().join(", "))
}

/// The calls of both, with the console's link of the second.
fn joined(first: &Provenance, second: Provenance) -> Provenance {
    let console = second.console.clone();
    Provenance { console, ..first.clone().and(&second) }
}

fn not_found(session: &Session, id: &GuestId, all: &[Guest]) -> Error {
    let what = match id {
        GuestId::Number(number) => format!("There is no guest {number}"),
        GuestId::Name(name) => format!("There is no guest named \"{name}\""),
    };
    let where_ = format!(
        "{} on {}",
        if session.has_below("VM.Audit", "/vms") == Some(true) { "" } else { ", or none that you may see," },
        session.cluster()
    );
    let near: Vec<String> = match id {
        GuestId::Name(name) => all
            .iter()
            .filter(|guest| guest.name.as_ref().known().is_some_and(|known| alike(known.raw(), name.raw())))
            .map(|guest| format!("\"{}\"", guest.called()))
            .take(5)
            .collect(),
        GuestId::Number(_) => Vec::new(),
    };
    let hidden = all.iter().filter(|guest| !guest.name.is_known()).count();
    if let GuestId::Name(name) = id
        && let Some(numbered) = all.iter().find(|guest| guest.vmid.to_string() == name.raw())
    {
        let next = format!("As a number it is {numbered}: pve.guest({name})?, without quotes");
        return Error::not_found(format!("{what}{where_}"), next);
    }
    let mut next = if near.is_empty() {
        "pve.guests()? shows those that are".to_owned()
    } else {
        format!("Did you mean {}? pve.guests()? shows all", near.join(", "))
    };
    if hidden > 0 && matches!(id, GuestId::Name(_)) {
        next.push_str(&format!("; {} on an offline node have no known name", count(hidden, Guest::NOUN)));
    }
    Error::not_found(format!("{what}{where_}"), next)
}

fn alike(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    !other.is_empty()
        && (one.contains(&other) || other.contains(&one) || one.split('-').next() == other.split('-').next())
}
