//! One address of a cluster: a call goes out, and its answer comes back as it is. Knows HTTP; knows no other address,
//! and sends nothing twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::ext::ReasonPhrase;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Client, RequestBuilder, Response, redirect, retry};

use crate::error::Error;
use crate::secret;
use crate::text::Text;
use crate::units::Moment;
use crate::wire::auth::Keys;
use crate::wire::endpoint::Endpoint;
use crate::wire::outage::{connection_error, is_brief};
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
    /// Until a ticket, which lives for two hours, is traded in for a fresh one.
    pub(crate) renew: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(45),
            whole: Duration::from_secs(300),
            renew: Duration::from_secs(90 * 60),
        }
    }
}

/// One endpoint with its two clients.
pub(crate) struct Peer {
    endpoint: Endpoint,
    reads: Client,
    /// Opens a connection for each write: one from a pool may have been closed at the other end, which would leave a
    /// write in doubt.
    writes: Client,
}

/// Why a call got no answer, and what that allows.
pub(crate) enum Failure {
    /// Nothing was sent.
    Unsent {
        error: Error,
        /// Whether it may be over in a moment, as when the server is being restarted.
        is_brief: bool,
    },
    /// It may have been sent, and the connection broke.
    Broken(Error),
    /// Nothing more is to be tried.
    Final(Error),
}

impl Peer {
    pub(crate) fn new(endpoint: Endpoint, tls: &rustls::ClientConfig, timeouts: Timeouts) -> Result<Peer, Error> {
        let reads = client(&endpoint, tls, timeouts, Duration::from_secs(4))?;
        let writes = client(&endpoint, tls, timeouts, Duration::ZERO)?;
        Ok(Peer { endpoint, reads, writes })
    }

    /// Sends a call once.
    pub(crate) async fn ask(&self, call: &Call, keys: Option<&Keys>) -> Result<Reply, Failure> {
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
        if let Some(coding) = answer.headers().get(CONTENT_ENCODING).filter(|coding| *coding != "identity") {
            let coding = String::from_utf8_lossy(coding.as_bytes());
            let why = format!("it is compressed ({coding}), which was not asked for");
            return Err(odd(call, why, "(not readable)".into(), "Is a proxy in between that compresses answers?"));
        }
        let announced = usize::try_from(answer.content_length().unwrap_or(0)).unwrap_or(usize::MAX);
        let mut body = Vec::with_capacity(if announced > LONGEST_BODY { 0 } else { announced });
        while let Some(piece) = answer.chunk().await.map_err(|e| self.failure(call, e))? {
            if announced > LONGEST_BODY || body.len() + piece.len() > LONGEST_BODY {
                let begin = if body.is_empty() { &piece[..] } else { &body[..] };
                let begin = String::from_utf8_lossy(begin);
                let why = format!("it is longer than {} MiB", LONGEST_BODY >> 20);
                let excerpt = secret::beginning(&begin, 120).into();
                return Err(odd(call, why, excerpt, "Ask for less at once, with a parameter such as limit"));
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
            unsent @ Error::NotConnected { .. } => Failure::Unsent { error: unsent, is_brief: is_brief(&error) },
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

/// An answer that is of no use, and would not be the next time.
fn odd(call: &Call, why: String, excerpt: Text, next: &str) -> Failure {
    Failure::Final(Error::NotUnderstood { call: call.shown(), why: why.into(), excerpt, next: next.into() })
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
