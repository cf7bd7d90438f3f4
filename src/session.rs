//! A session with one cluster: who asks whom, what may be done, what was done, and whether everything is halted.
//!
//! Every object of the model holds one. It sends calls and keeps the books; it knows no object of the model.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::kernel::Kernel;
use crate::loose;
use crate::page::Provenance;
use crate::text::Text;
use crate::units::Moment;
use crate::wire::{Call, Far, Pending, Raw, Reply, Rows, Wire, refusal};

/// The session that objects share. Cloning it is cheap and gives the same session.
#[derive(Clone)]
pub(crate) struct Session(Arc<Inner>);

struct Inner {
    wire: Arc<dyn Wire>,
    cluster: Text,
    privileges: Option<Privileges>,
    kernel: Kernel,
    books: Mutex<Books>,
    codes: RandomState,
}

/// What changes during a session.
#[derive(Default)]
struct Books {
    armed: Option<Text>,
    halted: Option<Text>,
    journal: Vec<Entry>,
    /// By subject: how many codes it has had, and since when the present one holds.
    codes: BTreeMap<String, (u64, Moment)>,
    /// What an action of this session left behind, by VMID: the cluster's overview lags behind it.
    known: BTreeMap<u32, Known>,
}

/// One line of the journal: what was done or decided in this session.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) at: Moment,
    pub(crate) what: Text,
    pub(crate) detail: Text,
}

/// A guest's state as this session saw it last, after acting on it.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) at: Moment,
    pub(crate) status: Text,
}

/// Privileges by path, from `/access/permissions`.
type Privileges = BTreeMap<String, BTreeMap<String, Option<u64>>>;

/// An answer of the cluster together with the call that it answers.
pub(crate) struct Answer {
    pub(crate) call: Call,
    pub(crate) reply: Reply,
}

impl Answer {
    /// The object in it: typed, and as it came.
    pub(crate) fn object<T: DeserializeOwned>(&self) -> Result<(T, Raw), Error> {
        self.reply.object(&self.call)
    }

    /// The rows in it: typed, and as they came.
    pub(crate) fn rows<T: DeserializeOwned>(&self) -> Result<Rows<T>, Error> {
        self.reply.rows(&self.call)
    }
}

impl Session {
    /// Opens a session: reads the version, which shows that the login holds, then the cluster's name and the
    /// privileges of the identity, both of which it may be refused.
    pub(crate) fn open(wire: Arc<dyn Wire>) -> Result<Session, Error> {
        let [version, status, permissions] = ["/version", "/cluster/status", "/access/permissions"].map(|path| {
            let call = Call::get(path);
            (wire.submit(call.clone()), call)
        });
        let ask = |(pending, call): (Pending, Call)| answer(pending, call, &wire.identity());
        let version: Version = ask(version)?.object()?.0;
        let name = cluster_name(ask(status));
        let privileges = ask(permissions).and_then(|answer| answer.reply.data(&answer.call)).ok();
        let cluster = match version.version {
            Some(version) => format!("{name} · PVE {}", version.raw()),
            None => name.to_string(),
        };
        let books = Mutex::new(Books::default());
        if wire.far() == Far::Demo {
            lock(&books).armed = Some("the demo cluster is nobody's production".into());
        }
        let kernel = Kernel::here().map_err(|e| {
            Error::setup(
                format!("The notebook's output cannot be watched for failed cells: {e}"),
                "Without that a failed cell would not stop later ones from acting; restart the kernel and connect again",
            )
        })?;
        let codes = RandomState::new();
        Ok(Session(Arc::new(Inner { wire, cluster: cluster.into(), privileges, kernel, books, codes })))
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.0.books)
    }

    // Asking.

    /// Sends a read off.
    pub(crate) fn submit(&self, call: Call) -> (Pending, Call) {
        (self.0.wire.submit(call.clone()), call)
    }

    /// Waits for an answer that was sent for; a refusal becomes its error.
    pub(crate) fn answer(&self, (pending, call): (Pending, Call)) -> Result<Answer, Error> {
        answer(pending, call, &self.identity())
    }

    /// Sends a call and waits for its answer.
    pub(crate) fn ask(&self, call: Call) -> Result<Answer, Error> {
        self.answer(self.submit(call))
    }

    /// Where these answers came from, with a link to the console: to `qemu/101` or `node/pve1` there, or to its first page.
    pub(crate) fn provenance<'a>(
        &self,
        answers: impl IntoIterator<Item = &'a Answer>,
        place: Option<&str>,
    ) -> Provenance {
        let mut from = Provenance {
            cluster: self.0.cluster.clone(),
            identity: self.identity(),
            console: self.console(place),
            ..Provenance::default()
        };
        for Answer { call, reply } in answers {
            from.calls.push(call.shown());
            from.at = from.at.max(Some(reply.at));
            from.took += reply.took;
        }
        from
    }

    /// The address of an object in the cluster's own web console.
    fn console(&self, place: Option<&str>) -> Option<Text> {
        let address = self.0.wire.console()?;
        let address = address.raw().trim_end_matches('/');
        Some(match place {
            Some(place) => format!("{address}/#v1:0:={}", place.replace('/', "%2F")).into(),
            None => format!("{address}/").into(),
        })
    }

    /// Who asks.
    pub(crate) fn identity(&self) -> Text {
        self.0.wire.identity()
    }

    /// The cluster's name and version.
    pub(crate) fn cluster(&self) -> Text {
        self.0.cluster.clone()
    }

    /// The time at the cluster.
    pub(crate) fn now(&self) -> Moment {
        self.0.wire.now()
    }

    /// Waits, by the cluster's clock.
    pub(crate) fn pause(&self, time: Duration) {
        self.0.wire.pause(time);
    }

    /// Whether the identity holds a privilege on this path; `None` when that is not known.
    pub(crate) fn has(&self, privilege: &str, path: &str) -> Option<bool> {
        let privileges = self.0.privileges.as_ref()?;
        let (at, propagated) = held(privileges, privilege, path)?;
        Some(propagated.is_some_and(|propagated| at == path || propagated == Some(1)))
    }

    /// Whether it holds a privilege on everything below a path; `None` when that is not known. A single object below
    /// from which everything was taken is not listed, and cannot be seen here.
    pub(crate) fn has_below(&self, privilege: &str, path: &str) -> Option<bool> {
        let privileges = self.0.privileges.as_ref()?;
        let (_, propagated) = held(privileges, privilege, path)?;
        let below = format!("{}/", path.trim_end_matches('/'));
        let all_below =
            privileges.iter().filter(|(at, _)| at.starts_with(&below)).all(|(_, held)| held.contains_key(privilege));
        Some(propagated == Some(Some(1)) && all_below)
    }

    // Acting.

    /// Allows actions, and says why.
    pub(crate) fn arm(&self, why: &str) {
        self.note("armed", why);
        self.books().armed = Some(why.into());
    }

    /// The reason for which actions are allowed.
    pub(crate) fn armed(&self) -> Option<Text> {
        self.books().armed.clone()
    }

    /// Stops every further action. The first failure is the one that is named.
    pub(crate) fn halt(&self, because: impl Into<Text>) {
        let because = because.into();
        self.note("halted", because.raw());
        self.0.kernel.halt(because.raw());
        self.books().halted.get_or_insert(because);
    }

    /// The failure that halted the session: its own, or in a notebook that of any session or cell.
    pub(crate) fn halted(&self) -> Option<Text> {
        self.books().halted.clone().or_else(|| self.0.kernel.halted().map(Text::from))
    }

    /// Goes on after a failure, once a person has looked.
    pub(crate) fn clear_halt(&self, why: &str) -> Result<(), Error> {
        self.0.kernel.clear().map_err(|e| {
            Error::setup(format!("The halt could not be cleared: {e}"), "Restart the kernel; then nothing is halted")
        })?;
        self.note("halt cleared", why);
        self.books().halted = None;
        Ok(())
    }

    /// Writes a line into the journal.
    pub(crate) fn note(&self, what: impl Into<Text>, detail: impl Into<Text>) {
        let entry = Entry { at: self.now(), what: what.into(), detail: detail.into() };
        self.books().journal.push(entry);
    }

    /// The journal so far.
    pub(crate) fn journal(&self) -> Vec<Entry> {
        self.books().journal.clone()
    }

    /// Remembers how an action left a guest.
    pub(crate) fn remember(&self, vmid: u32, status: Text) {
        let known = Known { at: self.now(), status };
        self.books().known.insert(vmid, known);
    }

    /// Forgets it, since something else is about to be done to the guest.
    pub(crate) fn forget(&self, vmid: u32) {
        self.books().known.remove(&vmid);
    }

    /// How an action of this session left a guest, while the cluster's overview may not show it yet.
    pub(crate) fn remembered(&self, vmid: u32) -> Option<Known> {
        const OVERVIEW_LAG: u64 = 15;
        let known = self.books().known.get(&vmid).cloned()?;
        (self.now().since(known.at).0 <= OVERVIEW_LAG).then_some(known)
    }

    /// A short code for this subject: it holds in this session, until it is spent, for 15 minutes.
    pub(crate) fn code(&self, subject: &str) -> String {
        const LIFE: u64 = 15 * 60;
        let now = self.now();
        let mut books = self.books();
        let (turn, since) = books.codes.entry(subject.to_owned()).or_insert((0, now));
        if now.since(*since).0 > LIFE {
            (*turn, *since) = (*turn + 1, now);
        }
        format!("{:04X}", self.0.codes.hash_one((subject, *turn)) & 0xFFFF)
    }

    /// Makes a code worthless; the subject has another from now on.
    pub(crate) fn spend_code(&self, subject: &str) {
        let now = self.now();
        self.books().codes.entry(subject.to_owned()).and_modify(|(turn, since)| (*turn, *since) = (*turn + 1, now));
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({} as {})", self.0.cluster, self.identity())
    }
}

/// A panicking cell must not make the session unusable: the books are consistent between any two statements.
fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The nearest path at or above this one that is listed, and how the privilege is held there: not at all, or with the
/// sign whether it goes on to paths below. `None` when nothing is listed.
fn held<'a>(privileges: &'a Privileges, privilege: &str, path: &str) -> Option<(&'a str, Option<Option<u64>>)> {
    /// Always listed by Proxmox VE, unless there is no privilege at all on them.
    const ALWAYS: [&str; 6] = ["/access", "/nodes", "/pool", "/sdn", "/storage", "/vms"];
    if privileges.is_empty() {
        return None;
    }
    let lists_all = ALWAYS.iter().any(|known| privileges.contains_key(*known));
    let mut at = path;
    loop {
        let name = if at.is_empty() { "/" } else { at };
        if let Some((name, held)) = privileges.get_key_value(name) {
            return Some((name, held.get(privilege).copied()));
        }
        if at.is_empty() || (lists_all && ALWAYS.contains(&at)) {
            return Some(("", None));
        }
        at = at.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

fn answer(pending: Pending, call: Call, identity: &Text) -> Result<Answer, Error> {
    let reply = pending.wait()?;
    if reply.is_ok() { Ok(Answer { call, reply }) } else { Err(refusal::reply_error(&call, &reply, identity)) }
}

#[derive(Deserialize)]
struct Version {
    #[serde(default, deserialize_with = "loose::text")]
    version: Option<Text>,
}

/// A row of `/cluster/status`: the cluster itself, or one of its nodes.
#[derive(Deserialize)]
pub(crate) struct Member {
    #[serde(default, deserialize_with = "loose::text")]
    r#type: Option<Text>,
    #[serde(default, deserialize_with = "loose::text")]
    name: Option<Text>,
    #[serde(default, deserialize_with = "loose::flag")]
    pub(crate) quorate: Option<bool>,
}

impl Member {
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.r#type.as_ref().is_some_and(|is| is == kind)
    }
}

/// The cluster's name; a node on its own is its own cluster.
fn cluster_name(status: Result<Answer, Error>) -> Text {
    let members: Vec<(Member, Raw)> =
        status.and_then(|answer| answer.rows()).map(|rows| rows.into_iter().collect()).unwrap_or_default();
    let named = |kind| members.iter().find(|(member, _)| member.is(kind)).and_then(|(member, _)| member.name.clone());
    named("cluster").or_else(|| named("node")).unwrap_or_else(|| "a cluster whose name may not be read".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Privileges by path, each with the sign whether it goes on below.
    fn privileges(paths: &[(&str, &[(&str, u64)])]) -> Privileges {
        let held = |held: &[(&str, u64)]| held.iter().map(|(name, on)| ((*name).to_owned(), Some(*on))).collect();
        paths.iter().map(|(path, all)| ((*path).to_owned(), held(all))).collect()
    }

    #[track_caller]
    fn is_held(privileges: &Privileges, path: &str, expected: Option<Option<u64>>) {
        assert_eq!(held(privileges, "VM.Audit", path).map(|(_, held)| held), Some(expected), "{path}");
    }

    #[test]
    fn the_nearest_listed_path_decides_and_one_that_is_always_listed_says_no_by_its_absence() {
        let all = privileges(&[("/", &[("VM.Audit", 1)]), ("/nodes", &[("Sys.Audit", 1)]), ("/vms/105", &[])]);
        is_held(&all, "/nodes/pve1", None);
        is_held(&all, "/vms/105", None);
        is_held(&all, "/vms", None);
        is_held(&all, "/mapping", Some(Some(1)));
        let root_alone = privileges(&[("/", &[("VM.Audit", 1)])]);
        is_held(&root_alone, "/vms/101", Some(Some(1)));
        assert!(held(&privileges(&[]), "VM.Audit", "/vms").is_none());
    }
}
