//! From a call to its answer: over the endpoints of one cluster, with the keys of one identity. Knows HTTP; knows no
//! thread and no cell.
//!
//! What may be sent twice: a read, after a connection that broke. A write moves on to the next endpoint only when no
//! connection to this one came about. After a 401 both are sent once more with a fresh ticket, since Proxmox VE looks
//! at the ticket before it looks at anything else: such a call was certainly not carried out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use hyper::ext::ReasonPhrase;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Client, RequestBuilder, Response, redirect, retry};
use tokio::sync::Mutex;

use crate::error::Error;
use crate::text::Text;
use crate::units::Moment;
use crate::wire::auth::{Auth, Due, Keys, Login, Ticket};
use crate::wire::endpoint::Endpoint;
use crate::wire::gates::Gates;
use crate::wire::outage::connection_error;
use crate::wire::refusal::reply_error;
use crate::wire::{Call, Method, Reply};

/// No answer of the API is longer than this.
const LONGEST_BODY: usize = 64 << 20;

/// How long to wait. A dead node behind a living one takes the cluster 30 s to notice, a wrong login 3 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// For a connection, TLS included.
    pub(crate) connect: Duration,
    /// For the next piece of an answer.
    pub(crate) read: Duration,
    /// For a whole call.
    pub(crate) whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts { connect: Duration::from_secs(5), read: Duration::from_secs(45), whole: Duration::from_secs(300) }
    }
}

/// One endpoint with its two clients.
struct Peer {
    endpoint: Endpoint,
    reads: Client,
    /// Opens a connection for each write: one from a pool may have been closed at the other end, which would leave a
    /// write in doubt.
    writes: Client,
}

/// Why a call got no answer, and what that allows.
enum Failure {
    /// Nothing was sent.
    Unsent(Error),
    /// It may have been sent, and the connection broke.
    Broken(Error),
    /// Nothing more is to be tried.
    Final(Error),
}

/// Carries calls out. Lives in the connection's thread.
pub(crate) struct Exchange {
    peers: Vec<Peer>,
    good: Arc<AtomicUsize>,
    auth: Auth,
    ticket: Mutex<Option<Arc<Ticket>>>,
    gates: Gates,
}

impl Exchange {
    /// `good` is where the number of the endpoint that answered last is kept.
    pub(crate) fn new(
        endpoints: Vec<Endpoint>,
        auth: Auth,
        tls: &rustls::ClientConfig,
        timeouts: Timeouts,
        at_once: usize,
        good: Arc<AtomicUsize>,
    ) -> Result<Exchange, Error> {
        let peers = endpoints
            .into_iter()
            .map(|endpoint| {
                let reads = client(&endpoint, tls, timeouts, Duration::from_secs(4))?;
                let writes = client(&endpoint, tls, timeouts, Duration::ZERO)?;
                Ok(Peer { endpoint, reads, writes })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        Ok(Exchange { peers, good, auth, ticket: Mutex::new(None), gates: Gates::new(at_once) })
    }

    /// Logs in where that is needed, so that a wrong password shows at once.
    pub(crate) async fn log_in(&self) -> Result<(), Error> {
        self.keys().await.map(|_| ())
    }

    /// One call, with its turn at the node, its keys, and a fresh ticket where the old one is refused.
    pub(crate) async fn carry_out(&self, call: &Call) -> Result<Reply, Error> {
        let _turn = self.gates.enter(&call.path).await;
        let (keys, used) = self.keys().await?;
        let reply = self.send(call, Some(&keys)).await?;
        // A 401 on a write below /access may be about a password among the parameters.
        let about_the_ticket = reply.status == 401 && !(call.method.is_write() && call.path.starts_with("/access/"));
        match (&self.auth, used) {
            (Auth::Password(login), Some(used)) if about_the_ticket => {
                let keys = self.keys_instead_of(login, &used).await?;
                self.send(call, Some(&keys)).await
            }
            _ => Ok(reply),
        }
    }

    /// What to put on a request now, and the ticket it came from.
    async fn keys(&self) -> Result<(Keys, Option<Arc<Ticket>>), Error> {
        let login = match &self.auth {
            Auth::Token(keys, _) => return Ok((keys.clone(), None)),
            Auth::Password(login) => login,
        };
        let mut held = self.ticket.lock().await;
        let due = held.as_ref().map_or(Due::Login, |ticket| ticket.due(SystemTime::now()));
        let fresh = match (&*held, due) {
            (Some(ticket), Due::Good) => return Ok((ticket.keys.clone(), Some(Arc::clone(ticket)))),
            (Some(ticket), Due::Renewal) => match self.ask_for_ticket(login, login.renewal(ticket)).await {
                // The ticket may have died early: the password still opens the door.
                Err(Error::NotAuthenticated { .. }) => self.ask_for_ticket(login, login.call()).await?,
                other => other?,
            },
            _ => self.ask_for_ticket(login, login.call()).await?,
        };
        let fresh = Arc::new(fresh);
        *held = Some(Arc::clone(&fresh));
        Ok((fresh.keys.clone(), Some(fresh)))
    }

    /// Logs in again, unless another call has done so since `refused` was got.
    async fn keys_instead_of(&self, login: &Login, refused: &Arc<Ticket>) -> Result<Keys, Error> {
        let mut held = self.ticket.lock().await;
        if let Some(ticket) = held.as_ref().filter(|ticket| !Arc::ptr_eq(ticket, refused)) {
            return Ok(ticket.keys.clone());
        }
        let fresh = Arc::new(self.ask_for_ticket(login, login.call()).await?);
        *held = Some(Arc::clone(&fresh));
        Ok(fresh.keys.clone())
    }

    async fn ask_for_ticket(&self, login: &Login, call: Call) -> Result<Ticket, Error> {
        let reply = self.send(&call, None).await.map_err(never_logged_in)?;
        if reply.is_ok() {
            login.ticket(&call, &reply, SystemTime::now())
        } else {
            Err(reply_error(&call, &reply, &self.auth.identity()))
        }
    }

    /// Over the endpoints, beginning with the one that answered last.
    async fn send(&self, call: &Call, keys: Option<&Keys>) -> Result<Reply, Error> {
        let first = self.good.load(Ordering::Relaxed);
        let mut unsent = Vec::new();
        let mut once_more = !call.method.is_write();
        while unsent.len() < self.peers.len() {
            let n = (first + unsent.len()) % self.peers.len();
            let Some(peer) = self.peers.get(n) else { break };
            match peer.ask(call, keys).await {
                Ok(reply) => {
                    self.good.store(n, Ordering::Relaxed);
                    return Ok(reply);
                }
                Err(Failure::Unsent(error)) => unsent.push(error),
                Err(Failure::Broken(_)) if once_more => once_more = false,
                Err(Failure::Broken(error) | Failure::Final(error)) => {
                    return Err(long_for_a_ticket(error, call, keys));
                }
            }
        }
        Err(nobody(unsent))
    }
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

/// A login that was cut off changed nothing, and the call that it was for was never sent.
fn never_logged_in(error: Error) -> Error {
    match error {
        Error::ConnectionLost { endpoint, why, .. } => Error::NotConnected {
            endpoint,
            why: format!("the login got no answer ({why})").into(),
            next: "Try again; if it stays so, look on the node: systemctl status pveproxy pvedaemon".into(),
        },
        other => other,
    }
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

impl Peer {
    async fn ask(&self, call: &Call, keys: Option<&Keys>) -> Result<Reply, Failure> {
        let url = self.endpoint.url(call).map_err(Failure::Final)?;
        let client = if call.method.is_write() { &self.writes } else { &self.reads };
        let request = with_body(client.request(verb(call.method), url), call);
        let request = match keys {
            Some(keys) => keys.put_on(request, call.method),
            None => request,
        };
        let since = Instant::now();
        let answer = request.send().await.map_err(|e| self.failure(call, e))?;
        let (status, reason) = (answer.status().as_u16(), reason(&answer));
        if answer.status().is_redirection() {
            return Err(Failure::Final(self.redirected(call, &answer)));
        }
        let body = self.body(call, answer).await?;
        Ok(Reply { status, reason, body, at: Moment::now(), took: since.elapsed() })
    }

    async fn body(&self, call: &Call, mut answer: Response) -> Result<Arc<str>, Failure> {
        let mut body = Vec::with_capacity(answer.content_length().unwrap_or(0).min(LONGEST_BODY as u64) as usize);
        while let Some(piece) = answer.chunk().await.map_err(|e| self.failure(call, e))? {
            if body.len() + piece.len() > LONGEST_BODY {
                return Err(Failure::Final(Error::NotUnderstood {
                    call: call.shown(),
                    why: format!("it is longer than {} MiB", LONGEST_BODY >> 20).into(),
                    excerpt: Text::from(String::from_utf8_lossy(&body[..body.len().min(400)]).trim_start())
                        .brief(120)
                        .into(),
                    next: "Ask for less at once, with a parameter such as limit".into(),
                }));
            }
            body.extend_from_slice(&piece);
        }
        // Logs of guests hold what they like; a letter that is none is shown as such.
        Ok(match String::from_utf8(body) {
            Ok(body) => body.into(),
            Err(odd) => String::from_utf8_lossy(odd.as_bytes()).into(),
        })
    }

    fn failure(&self, call: &Call, error: reqwest::Error) -> Failure {
        let timed_out = error.is_timeout();
        match connection_error(&self.endpoint, call, &error) {
            unsent @ Error::NotConnected { .. } => Failure::Unsent(unsent),
            lost @ Error::ConnectionLost { .. } if !timed_out => Failure::Broken(lost),
            other => Failure::Final(other),
        }
    }

    fn redirected(&self, call: &Call, answer: &Response) -> Error {
        let to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
        Error::NotUnderstood {
            call: call.shown(),
            why: format!("{} sends its callers on to another address", self.endpoint.shown()).into(),
            excerpt: Text::from(Text::from(to).brief(120)),
            next: "Redirects are not followed, since they could carry the login elsewhere. Is this address really a \
                   Proxmox VE node (port 8006), or a login page in front of it?"
                .into(),
        }
    }
}

fn client(
    endpoint: &Endpoint,
    tls: &rustls::ClientConfig,
    timeouts: Timeouts,
    keep: Duration,
) -> Result<Client, Error> {
    let mut client = Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .https_only(true)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .timeout(timeouts.whole)
        .pool_idle_timeout(keep)
        .pool_max_idle_per_host(if keep.is_zero() { 0 } else { usize::MAX })
        .user_agent(concat!("pve-notebook/", env!("CARGO_PKG_VERSION")));
    if endpoint.is_loopback() {
        client = client.no_proxy();
    }
    client.build().map_err(|e| {
        Error::setup(
            format!("No connection can be set up: {}", e.without_url()),
            "Is a proxy variable (HTTPS_PROXY) wrong?",
        )
    })
}

fn verb(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// A post or a put has a form. Without parameters it has an empty body and no type: Proxmox VE fails on a type alone.
fn with_body(request: RequestBuilder, call: &Call) -> RequestBuilder {
    if !matches!(call.method, Method::Post | Method::Put) {
        return request;
    }
    if call.params.is_empty() {
        return request.header(CONTENT_LENGTH, "0").body("");
    }
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&call.params).finish();
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
}

/// The reason phrase as it was sent: for an unreachable node it is the only thing that says why.
fn reason(answer: &Response) -> Text {
    match answer.extensions().get::<ReasonPhrase>() {
        Some(reason) => String::from_utf8_lossy(reason.as_bytes()).as_ref().into(),
        None => answer.status().canonical_reason().unwrap_or_default().into(),
    }
}

#[cfg(test)]
mod tests;
