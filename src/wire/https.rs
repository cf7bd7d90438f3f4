//! A real cluster, over HTTPS: one thread for each connection, which any notebook cell can use.
//!
//! Each cell is a shared object with its own copy of every static and thread-local, so a client or a runtime of one
//! cell is of no use to the next. Here both live in a thread of their own; a cell sends it plain data over a channel and
//! waits on one of std, the only library that cells share. Knows nothing of HTTP: that is `exchange`.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, channel, unbounded_channel};

use crate::error::Error;
use crate::text::Text;
use crate::units::Moment;
use crate::wire::auth::Auth;
use crate::wire::endpoint::Endpoint;
use crate::wire::exchange::Exchange;
use crate::wire::joining::Joining;
use crate::wire::peer::Timeouts;
use crate::wire::rounds::Rounds;
use crate::wire::tls::{self, Trust};
use crate::wire::{Call, Far, Pending, Reply, Wire};

/// How many calls may be on their way to one node at a time.
const AT_ONCE: usize = 2;

/// Everything that it takes to connect.
#[derive(Clone, Debug)]
pub(crate) struct Connect {
    /// Addresses of nodes of one cluster, tried in this order.
    pub(crate) endpoints: Vec<String>,
    /// Who asks.
    pub(crate) auth: Auth,
    /// Whom to believe.
    pub(crate) trust: Trust,
    /// How long to wait.
    pub(crate) timeouts: Timeouts,
}

impl Connect {
    /// With the usual waiting times.
    pub(crate) fn new(endpoints: Vec<String>, auth: Auth, trust: Trust) -> Connect {
        Connect { endpoints, auth, trust, timeouts: Timeouts::default() }
    }

    /// Starts the thread, and logs in where there is a password. With a token nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Setup`] for an address, a file or a fingerprint that is of no use; with a password also everything that
    /// a login can meet.
    pub(crate) fn open(self) -> Result<Https, Error> {
        let endpoints = self.endpoints.iter().map(|word| Endpoint::parse(word)).collect::<Result<Vec<_>, _>>()?;
        if endpoints.is_empty() {
            return Err(Error::setup("No address of a Proxmox VE node was given", "Name one: https://pve1:8006"));
        }
        let tls = tls::config(&self.trust)?;
        let addresses = endpoints.iter().map(Endpoint::shown).collect();
        let identity = self.auth.identity();
        let good = Arc::new(AtomicUsize::new(0));
        let (jobs, inbox) = unbounded_channel();
        let (ready, is_ready) = mpsc::channel();
        let exchange = {
            let good = Arc::clone(&good);
            move || {
                let rounds = Rounds::new(endpoints, &tls, self.timeouts, good)?;
                Ok(Exchange::new(rounds, self.auth, self.timeouts.renew, AT_ONCE))
            }
        };
        let thread = thread::Builder::new()
            .name("pve-https".to_owned())
            .spawn(move || live(exchange, self.timeouts.renew / 90, inbox, &ready))
            .map_err(|e| no_thread(&e.to_string()))?;
        is_ready.recv().map_err(|_| no_thread("it ended at once"))??;
        Ok(Https { jobs, addresses, identity, good, _thread: thread })
    }
}

fn no_thread(why: &str) -> Error {
    Error::setup(format!("The thread that is to hold the connection did not start: {why}"), "Connect again")
}

/// A connection to a cluster. Its thread ends with the last handle, after the calls that are still on their way.
pub(crate) struct Https {
    jobs: UnboundedSender<Job>,
    addresses: Vec<Text>,
    identity: Text,
    good: Arc<AtomicUsize>,
    /// Not joined when dropped: the thread ends in its own time.
    _thread: JoinHandle<()>,
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Https({} at {})", self.identity, self.address())
    }
}

impl Https {
    fn address(&self) -> Text {
        self.addresses.get(self.good.load(Ordering::Relaxed)).cloned().unwrap_or_default()
    }
}

impl Wire for Https {
    fn submit(&self, call: Call) -> Pending {
        let (answer, coming) = mpsc::channel();
        let shown = call.shown();
        let to = AnswerTo { to: answer, endpoint: self.address(), call: shown.clone(), write: call.method.is_write() };
        if let Err(unsent) = self.jobs.send(Job { call, to }) {
            return Pending::ready(Err(unsent.0.to.never_sent()));
        }
        Pending::coming(coming, shown)
    }

    fn far(&self) -> Far {
        Far::Cluster
    }

    fn identity(&self) -> Text {
        self.identity.clone()
    }

    fn console(&self) -> Option<Text> {
        Some(self.address())
    }

    fn now(&self) -> Moment {
        Moment::now()
    }

    fn pause(&self, time: Duration) {
        thread::sleep(time);
    }
}

struct Job {
    call: Call,
    to: AnswerTo,
}

/// Where an answer goes. Should it be dropped before one is there, which only a panic can bring about, it says so.
struct AnswerTo {
    to: mpsc::Sender<Result<Reply, Error>>,
    endpoint: Text,
    call: Text,
    write: bool,
}

impl AnswerTo {
    fn never_sent(&self) -> Error {
        Error::NotConnected {
            endpoint: self.endpoint.clone(),
            why: "the thread that held the connection has ended".into(),
            next: "Connect again: let pve = Pve::from_env()?;".into(),
        }
    }
}

impl Drop for AnswerTo {
    fn drop(&mut self) {
        // Where an answer was sent nobody reads a second one.
        let _ = self.to.send(Err(Error::ConnectionLost {
            endpoint: self.endpoint.clone(),
            call: self.call.clone(),
            why: "the program failed while it waited for the answer".into(),
            write: self.write,
        }));
    }
}

/// The life of the thread: begins with a login, ends when nobody holds the connection and every call has its answer.
fn live(
    exchange: impl FnOnce() -> Result<Exchange, Error>,
    look_after: Duration,
    mut inbox: UnboundedReceiver<Job>,
    ready: &mpsc::Sender<Result<(), Error>>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build() {
        Ok(runtime) => runtime,
        Err(e) => return drop(ready.send(Err(no_thread(&e.to_string())))),
    };
    runtime.block_on(async move {
        let exchange = match exchange() {
            Ok(exchange) => Arc::new(exchange),
            Err(e) => return drop(ready.send(Err(e))),
        };
        let logged_in = exchange.log_in().await;
        match logged_in {
            Ok(true) => drop(tokio::spawn(keep(Arc::downgrade(&exchange), look_after))),
            Ok(false) => {}
            Err(error) => return drop(ready.send(Err(error))),
        }
        if ready.send(Ok(())).is_err() {
            return;
        }
        let (busy, mut all_done) = channel::<()>(1);
        let calls = Joining::default();
        while let Some(Job { call, to }) = inbox.recv().await {
            let Some(on_its_way) = calls.enter(&call, to) else { continue };
            let (exchange, busy) = (Arc::clone(&exchange), busy.clone());
            tokio::spawn(async move {
                let _busy = busy;
                let answer = exchange.carry_out(&call).await;
                for waiting in on_its_way.arrived() {
                    // Nobody may be waiting any more.
                    let _ = waiting.to.send(answer.clone());
                }
            });
        }
        drop(busy);
        all_done.recv().await;
    });
}

/// Keeps a login alive that nobody can make anew, also while no cell asks for anything. Ends with the connection.
async fn keep(exchange: Weak<Exchange>, look_after: Duration) {
    loop {
        // A short while, and not until the ticket is due: a laptop may sleep meanwhile, and tickets grow old by the wall clock.
        tokio::time::sleep(look_after).await;
        let Some(exchange) = exchange.upgrade() else { return };
        exchange.stay_logged_in().await;
    }
}

#[cfg(test)]
pub(crate) mod tests;
