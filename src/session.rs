//! A session with one cluster: who asks whom, what may be done, what was done, and whether everything is halted.
//!
//! Every object of the model holds one. It sends calls and keeps the books; it knows no object of the model.

use std::fmt;
use std::hash::RandomState;
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

mod books;
mod privileges;

use books::Books;
use privileges::Privileges;

/// The session that objects share. Cloning it is cheap and gives the same session.
#[derive(Clone)]
pub(crate) struct Session(Arc<Inner>);

struct Inner {
    wire: Arc<dyn Wire>,
    cluster: Text,
    privileges: Mutex<Privileges>,
    kernel: Kernel,
    books: Mutex<Books>,
    codes: RandomState,
}

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
        let [version, status, permissions] = ["/version", "/cluster/status", privileges::PATH].map(|path| {
            let call = Call::get(path);
            (wire.submit(call.clone()), call)
        });
        let ask = |(pending, call): (Pending, Call)| answer(pending, call, &wire.identity());
        let version: Version = ask(version)?.object()?.0;
        let name = cluster_name(ask(status));
        let privileges = Mutex::new(Privileges::new(ask(permissions), wire.now()));
        let cluster = match version.version {
            Some(version) => format!("{name} · PVE {}", version.raw()),
            None => name.to_string(),
        };
        let books = Mutex::new(match wire.far() {
            Far::Demo => Books::armed("the demo cluster is nobody's production"),
            Far::Cluster => Books::default(),
        });
        let kernel = Kernel::here().map_err(|e| {
            Error::setup(
                format!("The notebook's output cannot be watched for failed cells: {e}"),
                "Without that a failed cell would not stop later ones from acting; restart the kernel and connect again",
            )
        })?;
        let codes = RandomState::new();
        Ok(Session(Arc::new(Inner { wire, cluster: cluster.into(), privileges, kernel, books, codes })))
    }

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
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({} as {})", self.0.cluster, self.identity())
    }
}

/// A panicking cell must not make the session unusable: what is kept is consistent between any two statements.
fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
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
mod tests;
