//! A session with one cluster: who asks whom, what may be done, what was done, and whether everything is halted.
//!
//! Every object of the model holds one. It sends calls and keeps the books; it knows no object of the model.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::journal::{Event, Kind, Ledger, OFF, Place};
use crate::kernel::Kernel;
use crate::lens::{Lens, Remark, Seen};
use crate::loose;
use crate::page::Provenance;
use crate::text::Text;
use crate::units::Moment;
use crate::wire::practice::Fault;
use crate::wire::{Call, Far, Pending, Raw, Reply, Rows, Wire, refusal};

mod ahead;
mod approval;
mod books;
mod called;
mod journal;
mod many;
mod memory;
mod nowhere;
mod privileges;

use ahead::Ahead;
use approval::Approvals;
use books::Books;
use called::Called;
pub(crate) use called::Sent;
pub(crate) use many::Progress;
use memory::Memory;
use privileges::Privileges;

/// The session that objects share. Cloning it is cheap and gives the same session.
#[derive(Clone)]
pub(crate) struct Session {
    inner: Arc<Inner>,
    /// How old an answer from memory may be; without it, nothing is answered from there.
    at_most: Option<Duration>,
    /// What was read ahead for one page.
    ahead: Option<Arc<Ahead>>,
    /// The lens that is looked through.
    seen: Option<Arc<Seen>>,
}

struct Inner {
    wire: Arc<dyn Wire>,
    cluster: Text,
    privileges: Mutex<Privileges>,
    memory: Mutex<Memory>,
    kernel: Kernel,
    books: Mutex<Books>,
    journal: Mutex<Ledger>,
    called: Mutex<Called>,
    codes: RandomState,
    id: Text,
    approvals: Mutex<Approvals>,
}

/// An answer of the cluster together with the call that it answers.
pub(crate) struct Answer {
    pub(crate) call: Call,
    pub(crate) reply: Reply,
    /// Whether it was given before, to another call.
    pub(crate) from_memory: bool,
}

/// A call that was sent for, or whose answer was in memory.
pub(crate) struct Asked {
    pending: Pending,
    call: Call,
    from_memory: bool,
    /// The writes of the session before it.
    generation: u64,
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

    /// The same for lists that may be very long.
    pub(crate) fn rows_at_once<T: DeserializeOwned>(&self) -> Result<Rows<T>, Error> {
        self.reply.rows_at_once(&self.call)
    }
}

impl Session {
    /// Opens a session: reads the version, which shows that the login holds, then the cluster's name and the
    /// privileges of the identity, both of which it may be refused.
    pub(crate) fn open(wire: Arc<dyn Wire>) -> Result<Session, Error> {
        let [held, taken] = privileges::PATHS;
        let [version, status, held, taken] = ["/version", "/cluster/status", held, taken].map(|path| {
            let call = Call::get(path);
            (wire.submit(call.clone()), call)
        });
        let ask = |(pending, call): (Pending, Call)| understood(pending.wait()?, call, &wire.identity());
        let version: Version = ask(version)?.object()?.0;
        let name = cluster_name(ask(status));
        let privileges = Mutex::new(Privileges::new([ask(held), ask(taken)], wire.now()));
        let cluster = match version.version {
            Some(version) => format!("{name} · PVE {}", version.raw()),
            None => name.to_string(),
        };
        let codes = RandomState::new();
        let (books, place, id, approvals) = match wire.far() {
            // Of a simulated cluster everything is the same every time.
            Far::Demo => {
                let books = Books::armed("the demo cluster is nobody's production");
                (books, Place::Here, "demo".to_owned(), Approvals::of_the_demo())
            }
            // What keeps its plans from running is that, and not that nobody allowed it.
            Far::Recording(_) => {
                let books = Books::armed("a recording, to which nothing can be done");
                (books, Place::Here, "recording".to_owned(), Approvals::of_the_demo())
            }
            Far::Cluster => {
                let id = format!("{:016x}", codes.hash_one("session"));
                (Books::default(), Place::nobody_said(), id, Approvals::new()?)
            }
        };
        let kernel = Kernel::here().map_err(|e| {
            Error::setup(
                format!("The notebook's output cannot be watched for failed cells: {e}"),
                "Without that a failed cell would not stop later ones from acting; restart the kernel and connect again",
            )
        })?;
        let cluster = match wire.remark() {
            Some(remark) => format!("{cluster} · {}", remark.raw()),
            None => cluster,
        };
        let (books, journal) = (Mutex::new(books), Mutex::new(Ledger::new(place)));
        let (cluster, memory) = (cluster.into(), Mutex::default());
        let mut called = Called::default();
        ["/version", "/cluster/status", privileges::PATHS[0], privileges::PATHS[1]]
            .iter()
            .for_each(|path| called.note(&Call::get(*path)));
        let called = Mutex::new(called);
        let (id, approvals) = (id.into(), Mutex::new(approvals));
        let inner = Inner { wire, cluster, privileges, memory, kernel, books, journal, called, codes, id, approvals };
        Ok(Session { inner: Arc::new(inner), at_most: None, ahead: None, seen: None })
    }

    /// Sends a call off.
    pub(crate) fn submit(&self, call: Call) -> Asked {
        if let Some(asked) = self.sent_ahead(&call) {
            return asked;
        }
        let generation = self.generation_for(&call);
        let remembered = self.recall(&call);
        let from_memory = remembered.is_some();
        if !from_memory {
            lock(&self.inner.called).note(&call);
        }
        let pending = remembered.unwrap_or_else(|| self.inner.wire.submit(call.clone()));
        Asked { pending, call, from_memory, generation }
    }

    /// Waits for an answer that was sent for; a refusal becomes its error.
    pub(crate) fn answer(&self, asked: Asked) -> Result<Answer, Error> {
        let Asked { pending, call, from_memory, generation } = asked;
        let reply = pending.wait();
        self.keep(&call, &reply, generation);
        self.keep_for_the_page(&call, &reply, from_memory);
        if let (Some(seen), Ok(reply)) = (&self.seen, &reply) {
            seen.hear(&reply.body);
        }
        Ok(Answer { from_memory, ..understood(reply?, call, &self.identity())? })
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
            cluster: self.inner.cluster.clone(),
            identity: self.identity(),
            console: self.console(place),
            simulated: self.is_simulated(),
            recorded: self.recorded(),
            journal: lock(&self.inner.journal).is_off().then(|| OFF.into()),
            seen: self.seen.clone(),
            ..Provenance::default()
        };
        for Answer { call, reply, from_memory } in answers {
            from.calls.push(call.shown());
            from.at = from.at.max(Some(reply.at));
            if *from_memory {
                from.from_memory = from.from_memory.max(Some(self.now().since(reply.at)));
            } else {
                from.took += reply.took;
            }
        }
        from
    }

    /// The address of an object in the cluster's own web console.
    fn console(&self, place: Option<&str>) -> Option<Text> {
        let address = self.inner.wire.console()?;
        let address = address.raw().trim_end_matches('/');
        Some(match place {
            Some(place) => format!("{address}/#v1:0:={}", place.replace('/', "%2F")).into(),
            None => format!("{address}/").into(),
        })
    }

    /// The same session, looked at through a lens as well.
    pub(crate) fn seen_through(&self, lens: &Lens, remarks: impl Fn(&Lens) -> Vec<Remark>) -> Session {
        let lens = self.lens().map_or_else(|| lens.clone(), |own| own.and(lens));
        let remarks = remarks(&lens);
        let seen = Seen::through(lens, remarks);
        // What it is called was read before anybody looked through a lens.
        seen.hear(&serde_json::json!([self.inner.cluster.raw(), self.identity().raw()]).to_string());
        Session { seen: Some(Arc::new(seen)), ..self.clone() }
    }

    /// The same session, looked at as it is.
    pub(crate) fn unseen(&self) -> Session {
        Session { seen: None, ..self.clone() }
    }

    /// What is looked through.
    pub(crate) fn seen(&self) -> Option<&Arc<Seen>> {
        self.seen.as_ref()
    }

    /// The lens that is looked through.
    pub(crate) fn lens(&self) -> Option<&Lens> {
        self.seen.as_ref().map(|seen| &seen.lens)
    }

    /// The way to the cluster, for a session that goes another one around it.
    pub(crate) fn wire(&self) -> Arc<dyn Wire> {
        self.inner.wire.clone()
    }

    /// This session with what stands of another one: why it may act, what halted it, in these words; where its journal is
    /// kept; how old answers may be.
    pub(crate) fn standing_as(self, other: &Session, say: impl Fn(&Text) -> Text) -> Session {
        self.keep_journal(lock(&other.inner.journal).place());
        if let Some(why) = other.armed().filter(|_| self.armed().is_none()) {
            self.arm(say(&why).raw());
        }
        if let Some(because) = other.halted() {
            self.halt(say(&because));
        }
        Session { at_most: other.at_most, ..self }
    }

    /// Makes something happen to a simulated cluster. What was read before says nothing of it.
    pub(crate) fn practice(&self, fault: &Fault) -> Result<(), Error> {
        self.inner.wire.practice(fault)?;
        self.forget_answers();
        self.note(Event::new(Kind::Practised, fault.to_string()));
        Ok(())
    }

    /// Whether the cluster is simulated.
    pub(crate) fn is_simulated(&self) -> bool {
        self.inner.wire.far() == Far::Demo
    }

    /// When all of this was answered, where nobody answers any more.
    pub(crate) fn recorded(&self) -> Option<Moment> {
        match self.inner.wire.far() {
            Far::Recording(at) => Some(at),
            Far::Cluster | Far::Demo => None,
        }
    }

    /// Who asks.
    pub(crate) fn identity(&self) -> Text {
        self.inner.wire.identity()
    }

    /// The cluster's name and version.
    pub(crate) fn cluster(&self) -> Text {
        self.inner.cluster.clone()
    }

    /// What tells this session from every other.
    pub(crate) fn id(&self) -> Text {
        self.inner.id.clone()
    }

    /// The time at the cluster.
    pub(crate) fn now(&self) -> Moment {
        self.inner.wire.now()
    }

    /// Waits, by the cluster's clock.
    pub(crate) fn pause(&self, time: Duration) {
        self.inner.wire.pause(time);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({} as {})", self.inner.cluster, self.identity())
    }
}

/// A panicking cell must not make the session unusable: what is kept is consistent between any two statements.
fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn understood(reply: Reply, call: Call, identity: &Text) -> Result<Answer, Error> {
    if reply.is_ok() {
        Ok(Answer { call, reply, from_memory: false })
    } else {
        Err(refusal::reply_error(&call, &reply, identity))
    }
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
mod tests;
