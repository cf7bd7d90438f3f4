//! Over the addresses of one cluster, beginning with the one that answered last, and around again after a pause. Knows
//! what may be sent twice; knows no HTTP.
//!
//! A read is: after a connection that broke or was refused at once, and after an answer that says that something is not
//! there just now. It moves on to the next address at once and pauses after each round, longer each time, and not as
//! long as others do. A write only moves on, when no connection came about. Nothing is sent again after a time-out,
//! which has cost enough, or to a server whose certificate is not trusted.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::text::Text;
use crate::wire::auth::Keys;
use crate::wire::endpoint::Endpoint;
use crate::wire::peer::{Failure, Peer, Timeouts};
use crate::wire::{Call, Reply};

/// How often a read goes around.
const ROUNDS: usize = 3;
/// No round begins later than this.
const PATIENCE: Duration = Duration::from_secs(4);

/// The addresses of one cluster.
pub(crate) struct Rounds {
    peers: Vec<Peer>,
    /// The number of the one that answered last.
    good: Arc<AtomicUsize>,
    /// Whether any has ever answered.
    is_known: AtomicBool,
}

/// What one address had to say, short of an answer.
enum Met {
    Unsent(Error),
    Broken(Error),
    NotNow(Reply),
}

impl Rounds {
    /// `good` is where the number of the endpoint that answered last is kept.
    pub(crate) fn new(
        endpoints: Vec<Endpoint>,
        tls: &rustls::ClientConfig,
        timeouts: Timeouts,
        good: Arc<AtomicUsize>,
    ) -> Result<Rounds, Error> {
        let peers = endpoints.into_iter().map(|endpoint| Peer::new(endpoint, tls, timeouts));
        Ok(Rounds { peers: peers.collect::<Result<_, _>>()?, good, is_known: AtomicBool::new(false) })
    }

    /// One call to wherever an answer is to be had.
    pub(crate) async fn send(&self, call: &Call, keys: Option<&Keys>) -> Result<Reply, Error> {
        let since = Instant::now();
        let (first, write) = (self.good.load(Ordering::Relaxed), call.method.is_write());
        let mut round: Vec<usize> = (0..self.peers.len()).map(|n| (first + n) % self.peers.len()).collect();
        let mut met = BTreeMap::new();
        let mut tries = 0;
        loop {
            tries += 1;
            let mut again = Vec::new();
            for n in round {
                let Some(peer) = self.peers.get(n) else { continue };
                let (brief, failed) = match peer.ask(call, keys).await {
                    Ok(reply) if !write && is_not_now(reply.status) => (true, Met::NotNow(reply)),
                    Ok(reply) => {
                        self.good.store(n, Ordering::Relaxed);
                        self.is_known.store(true, Ordering::Relaxed);
                        return Ok(reply);
                    }
                    Err(Failure::Unsent { error, is_brief }) => (is_brief, Met::Unsent(error)),
                    Err(Failure::Broken(error)) if !write => (true, Met::Broken(error)),
                    Err(Failure::Broken(error) | Failure::Final(error)) => {
                        return Err(long_for_a_ticket(error, call, keys));
                    }
                };
                met.insert((n + self.peers.len() - first) % self.peers.len(), failed);
                if brief && !write {
                    again.push(n);
                }
            }
            let pause = self.pause(tries);
            if again.is_empty() || tries == ROUNDS || since.elapsed() + pause > PATIENCE {
                return in_short(met.into_values(), tries);
            }
            tokio::time::sleep(pause).await;
            round = again;
        }
    }

    /// Between half of a time and all of it, so that callers whom one failure has met do not come back together. A
    /// cluster that never answered may have been named wrongly, and whoever waits for that should not wait long.
    fn pause(&self, tries: usize) -> Duration {
        let longest = match (self.is_known.load(Ordering::Relaxed), tries) {
            (true, 1) => 1_000,
            (true, _) => 2_400,
            (false, 1) => 400,
            (false, _) => 1_200,
        };
        // Each of these has other keys.
        let chance = RandomState::new().hash_one(tries) % (longest / 2);
        Duration::from_millis(longest / 2 + chance)
    }
}

/// A proxy that reaches nobody, a server that is starting, a connection between two nodes that broke.
fn is_not_now(status: u16) -> bool {
    matches!(status, 502..=504 | 596)
}

/// Proxmox VE answers no call that carries a ticket and whose body did not come in one TLS record with its head.
fn long_for_a_ticket(error: Error, call: &Call, keys: Option<&Keys>) -> Error {
    const LONG: usize = 8 << 10;
    let length: usize = call.params.iter().map(|(key, value)| key.len() + value.len()).sum();
    match error {
        Error::ConnectionLost { endpoint, call, why, write: true }
            if length > LONG && keys.is_some_and(Keys::are_of_a_ticket) =>
        {
            let why = format!("{why}. Proxmox VE drops long writes of a user's login; an API token can send them");
            Error::ConnectionLost { endpoint, call, why: why.into(), write: true }
        }
        other => other,
    }
}

/// What all addresses met as one: an answer says more than a connection that broke, and that more than none.
fn in_short(met: impl Iterator<Item = Met>, tries: usize) -> Result<Reply, Error> {
    let (mut replies, mut broken, mut unsent) = (Vec::new(), Vec::new(), Vec::new());
    for failed in met {
        match failed {
            Met::NotNow(reply) => replies.push(reply),
            Met::Broken(error) => broken.push(error),
            Met::Unsent(error) => unsent.push(error),
        }
    }
    let tried = if tries > 1 { format!("{TRIED}{tries} times)") } else { String::new() };
    if let Some(reply) = replies.pop() {
        return Ok(Reply { reason: format!("{}{tried}", reply.reason.raw()).into(), ..reply });
    }
    Err(match broken.pop().unwrap_or_else(|| nobody(unsent)) {
        Error::ConnectionLost { endpoint, call, why, write } => {
            Error::ConnectionLost { endpoint, call, why: format!("{}{tried}", why.raw()).into(), write }
        }
        Error::NotConnected { endpoint, why, next } => {
            Error::NotConnected { endpoint, why: format!("{}{tried}", why.raw()).into(), next }
        }
        other => other,
    })
}

/// How the number of tries begins where it is said.
const TRIED: &str = " (tried ";

/// What a reply's reason says of how often it was asked for; nothing where once was enough.
pub(crate) fn tries_in(reason: &Text) -> &str {
    reason.raw().rfind(TRIED).map_or("", |at| &reason.raw()[at..])
}

/// All endpoints' failures as one.
fn nobody(mut unsent: Vec<Error>) -> Error {
    if unsent.len() == 1 {
        return unsent.remove(0);
    }
    let mut addresses = Vec::new();
    let mut reasons = Vec::new();
    let mut check = Text::default();
    for error in unsent {
        if let Error::NotConnected { endpoint, why, next } = error {
            reasons.push(format!("{endpoint}: {why}"));
            addresses.push(endpoint.to_string());
            check = next;
        }
    }
    Error::NotConnected { endpoint: addresses.join(" or ").into(), why: reasons.join("; ").into(), next: check }
}
