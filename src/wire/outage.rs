//! Why no answer came, in words that say what to check. Knows how connections fail; knows nothing of answers.

use std::error::Error as Cause;
use std::io::ErrorKind;

use crate::error::Error;
use crate::text::Text;
use crate::wire::Call;
use crate::wire::endpoint::Endpoint;
use crate::wire::tls::Distrust;

/// A client's error as ours. What is certain not to have been sent is told apart from what may have been.
pub(crate) fn connection_error(endpoint: &Endpoint, call: &Call, error: &reqwest::Error) -> Error {
    if let Some(distrust) = Distrust::in_chain(error) {
        return distrust.at(endpoint);
    }
    if error.is_connect() || error.is_builder() {
        let (why, next) = unreached(endpoint, error);
        return Error::NotConnected { endpoint: endpoint.shown(), why, next };
    }
    if let Some(parse) = causes(error).find(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_parse)) {
        return Error::NotUnderstood {
            call: call.shown(),
            why: format!("it is not HTTP ({})", root(parse)).into(),
            excerpt: "(not readable)".into(),
            next: "Is this address really a Proxmox VE node (port 8006), or is a proxy in between?".into(),
        };
    }
    let why = if error.is_timeout() { "no answer came in time".into() } else { root(error) };
    Error::ConnectionLost { endpoint: endpoint.shown(), call: call.shown(), why, write: call.method.is_write() }
}

/// Whether what kept a connection from coming about may be over in a moment: a server that is being restarted refuses
/// at once, or hangs up in the middle of the handshake.
pub(crate) fn is_brief(error: &reqwest::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, UnexpectedEof};
    let kind = io_kind(error);
    matches!(kind, Some(ConnectionRefused | ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof))
}

fn unreached(endpoint: &Endpoint, error: &reqwest::Error) -> (Text, Text) {
    let port = if endpoint.has_usual_port() { "" } else { "; Proxmox VE listens on port 8006" };
    let kind = io_kind(error);
    if in_chain(error, "tunnel error") {
        return by_proxy(endpoint, error);
    }
    if error.is_timeout() || kind == Some(ErrorKind::TimedOut) {
        let next = format!("Check the address, a firewall in between, and whether your VPN is up{port}");
        return ("nothing answered in time".into(), next.into());
    }
    let next = match kind {
        Some(ErrorKind::ConnectionRefused) => format!(
            "The machine is there, but nothing listens on that port: check the address{port}, and on the node: systemctl \
             status pveproxy"
        ),
        Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => {
            format!("Check the address, your network and whether your VPN is up{port}")
        }
        _ if in_chain(error, "dns error") => {
            "The name is not known here: check how it is written, use the IP address instead, or bring your VPN up"
                .into()
        }
        _ if causes(error).any(|cause| cause.is::<rustls::Error>()) => {
            format!("Something answered, but not in TLS as a Proxmox VE node does: check the port{port}")
        }
        _ => format!("Check the address{port}, a firewall or proxy in between, and whether your VPN is up"),
    };
    (root(error), next.into())
}

/// What a proxy in between met or said.
fn by_proxy(endpoint: &Endpoint, error: &reqwest::Error) -> (Text, Text) {
    let (why, next) = if in_chain(error, "authorization required") {
        (
            "the proxy wants to know who asks".to_owned(),
            "Give it user and password in HTTPS_PROXY: http://user:password@proxy:3128",
        )
    } else if in_chain(error, "unsuccessful") {
        (
            "the proxy would not or could not connect to it".to_owned(),
            "Have it let through there (CONNECT to that port)",
        )
    } else {
        (format!("the proxy cannot be used ({})", root(error)), "Check the address in HTTPS_PROXY")
    };
    let next = format!("{next}, or name {} in NO_PROXY to go there without a proxy", endpoint.host());
    (why.into(), next.into())
}

/// The innermost cause: what the network itself said.
fn root(error: &(dyn Cause + 'static)) -> Text {
    causes(error).last().map(ToString::to_string).unwrap_or_default().into()
}

/// The error, what it wraps, and so on. An I/O error hides what it wraps from `source`.
pub(crate) fn causes<'a>(error: &'a (dyn Cause + 'static)) -> impl Iterator<Item = &'a (dyn Cause + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let this = next?;
        let wrapped = this.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = wrapped.map(|wrapped| wrapped as &(dyn Cause + 'static)).or_else(|| this.source());
        Some(this)
    })
}

fn io_kind(error: &reqwest::Error) -> Option<ErrorKind> {
    causes(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind).last()
}

fn in_chain(error: &reqwest::Error, words: &str) -> bool {
    causes(error).any(|cause| cause.to_string().contains(words))
}
