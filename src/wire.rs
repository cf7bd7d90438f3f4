//! One call to the Proxmox VE API and its answer, whoever gives it: a cluster over HTTPS or a simulated one.
//!
//! Knows the shape of the API's calls and answers; knows no object of the model.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::secret;
use crate::text::Text;
use crate::units::Moment;

#[cfg(test)]
pub(crate) mod around;
pub(crate) mod auth;
pub(crate) mod endpoint;
pub(crate) mod exchange;
pub(crate) mod gates;
pub(crate) mod https;
pub(crate) mod joining;
pub(crate) mod outage;
pub(crate) mod peer;
pub(crate) mod practice;
pub(crate) mod redaction;
pub(crate) mod refusal;
pub(crate) mod rounds;
pub(crate) mod tls;

mod rows;
pub(crate) use rows::{Raw, Rows};

/// The four methods of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Method {
    /// Reads.
    Get,
    /// Creates, or starts a task.
    Post,
    /// Changes.
    Put,
    /// Removes.
    Delete,
}

impl Method {
    /// Whether the call may change something, and so must never be sent twice.
    pub(crate) fn is_write(self) -> bool {
        self != Method::Get
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        })
    }
}

/// Where a node serves the documentation of its own version of the API: beside the API, to everyone, without a login.
const DOCUMENTATION: &str = "/pve-docs/api-viewer/apidoc.js";

/// A call: method, path below `/api2/json`, parameters. Shown without the values of its parameters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    /// The method.
    pub(crate) method: Method,
    /// The path, beginning with a slash, its segments already percent-encoded where they need it.
    pub(crate) path: String,
    /// Parameters: the query of a read or a delete, the form of a post or a put.
    pub(crate) params: Vec<(String, String)>,
}

impl Call {
    /// A call without parameters.
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Call {
        let path = path.into();
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        Call { method, path, params: Vec::new() }
    }

    /// A read.
    pub(crate) fn get(path: impl Into<String>) -> Call {
        Call::new(Method::Get, path)
    }

    /// The documentation of the API, which is a script and not an answer of the API.
    pub(crate) fn documentation() -> Call {
        Call::get(DOCUMENTATION)
    }

    /// Whether it asks for that, and so goes beside the API and carries no login.
    pub(crate) fn is_documentation(&self) -> bool {
        self.method == Method::Get && self.path == DOCUMENTATION
    }

    /// One more parameter.
    pub(crate) fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Call {
        self.params.push((key.into(), value.into()));
        self
    }

    /// Method and path as a person reads them, with a read's parameters; what may be a secret among them stays out.
    pub(crate) fn shown(&self) -> Text {
        let mut shown = self.to_string();
        if self.method == Method::Get {
            for (n, (key, value)) in self.params.iter().enumerate() {
                shown.push(if n == 0 { '?' } else { '&' });
                shown.push_str(&format!("{key}={}", secret::shown_parameter(key, value)));
            }
        }
        shown.into()
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, Text::from(&self.path))
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What came back: status and body as they were, when, and after how long.
#[derive(Clone)]
pub(crate) struct Reply {
    /// HTTP status; Proxmox VE also uses 595 and 596.
    pub(crate) status: u16,
    /// The reason phrase, which often holds the first line of the message.
    pub(crate) reason: Text,
    /// The body.
    pub(crate) body: Arc<str>,
    /// When it came.
    pub(crate) at: Moment,
    /// How long it took.
    pub(crate) took: Duration,
}

impl Reply {
    /// Whether the server carried out the call.
    pub(crate) fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The `data` of a successful answer.
    pub(crate) fn data<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Error> {
        let data = rows::data(&self.body).and_then(|data| serde_json::from_str(data.get()));
        data.map_err(|e| self.not_understood(call, &e))
    }

    /// The rows of a list: each typed, and as it came. One that has another form than all others is left out and
    /// counted.
    pub(crate) fn rows<T: DeserializeOwned>(&self, call: &Call) -> Result<Rows<T>, Error> {
        Rows::read(&self.body).map_err(|e| self.not_understood(call, &e))
    }

    /// The same for lists that may be very long.
    pub(crate) fn rows_at_once<T: DeserializeOwned>(&self, call: &Call) -> Result<Rows<T>, Error> {
        Rows::read_at_once(&self.body).map_err(|e| self.not_understood(call, &e))
    }

    /// A single object: typed, and as it came.
    pub(crate) fn object<T: DeserializeOwned>(&self, call: &Call) -> Result<(T, Raw), Error> {
        Ok((self.data(call)?, Raw::whole(&self.body)))
    }

    fn not_understood(&self, call: &Call, error: &serde_json::Error) -> Error {
        let html = self.body.trim_start().starts_with('<');
        Error::NotUnderstood {
            call: call.shown(),
            why: if html { "it is a web page, not an answer of the API".into() } else { without_value(error).into() },
            excerpt: match call.path.contains("/cloudinit/dump") {
                true => "(not shown)".into(),
                false => secret::beginning(&self.body, 120).into(),
            },
            next: if html {
                "Is this address really a Proxmox VE node (port 8006), or a proxy or login page in front of it?".into()
            } else {
                "Is a proxy in between? The raw answer is at pve.get(path)?".into()
            },
        }
    }
}

/// Why JSON was not understood. The value itself, which such an error repeats where it is a string, may be a secret.
fn without_value(error: &serde_json::Error) -> String {
    let words = error.to_string();
    match (words.find("string \""), words.rfind("\", expected")) {
        (Some(start), Some(end)) if start < end => format!("{}a string{}", &words[..start], &words[end + 1..]),
        _ => words,
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({} {}, {} bytes)", self.status, self.reason, self.body.len())
    }
}

/// An answer that is on its way.
#[derive(Debug)]
pub(crate) struct Pending(Answer);

enum Answer {
    Here(Result<Reply, Error>),
    Coming(mpsc::Receiver<Result<Reply, Error>>, Text),
    /// An answer of which something is made when it is there.
    Made(Box<Pending>, Made),
}

type Made = Box<dyn FnOnce(Result<Reply, Error>) -> Result<Reply, Error> + Send>;

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Answer::Here(_)) { "here" } else { "coming" })
    }
}

impl Pending {
    /// An answer that is already here.
    pub(crate) fn ready(answer: Result<Reply, Error>) -> Pending {
        Pending(Answer::Here(answer))
    }

    /// An answer that another thread will send; `call` names it should that thread die.
    pub(crate) fn coming(answer: mpsc::Receiver<Result<Reply, Error>>, call: Text) -> Pending {
        Pending(Answer::Coming(answer, call))
    }

    /// What is made of the answer, once it is there.
    pub(crate) fn then(self, make: Made) -> Pending {
        Pending(match self.0 {
            Answer::Here(answer) => Answer::Here(make(answer)),
            _ => Answer::Made(Box::new(self), make),
        })
    }

    /// Waits for the answer for no longer than this; whether it is here.
    pub(crate) fn has_come(&mut self, within: Duration) -> bool {
        if let Answer::Made(inner, _) = &mut self.0 {
            return inner.has_come(within);
        }
        let Answer::Coming(answer, call) = &self.0 else { return true };
        self.0 = match answer.recv_timeout(within) {
            Ok(answer) => Answer::Here(answer),
            Err(mpsc::RecvTimeoutError::Timeout) => return false,
            Err(mpsc::RecvTimeoutError::Disconnected) => Answer::Here(Err(thread_ended(call.clone()))),
        };
        true
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// When the call did not get one: no connection, a broken one, a time-out. A refusal by the server is a [`Reply`].
    pub(crate) fn wait(self) -> Result<Reply, Error> {
        match self.0 {
            Answer::Here(answer) => answer,
            Answer::Coming(answer, call) => answer.recv().unwrap_or_else(|_| Err(thread_ended(call))),
            Answer::Made(inner, make) => make(inner.wait()),
        }
    }
}

fn thread_ended(call: Text) -> Error {
    Error::OutcomeUnknown {
        what: call,
        why: "The thread that held the connection has ended".into(),
        next: "Connect again: let pve = Pve::from_env()?;".into(),
    }
}

/// What stands at the other end of a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Far {
    /// A real cluster: looks only until armed.
    Cluster,
    /// The built-in cluster, simulated.
    Demo,
    /// What a cluster answered at this moment: it only tells.
    Recording(Moment),
}

/// The way to a cluster, real or simulated. Shared by every object of a session, across notebook cells.
pub(crate) trait Wire: Send + Sync {
    /// Sends a call off and returns at once.
    fn submit(&self, call: Call) -> Pending;
    /// What is at the other end.
    fn far(&self) -> Far;
    /// Who asks: `root@pam`, `audit@pve!notebook`.
    fn identity(&self) -> Text;
    /// The address of the web console, where there is one.
    fn console(&self) -> Option<Text>;
    /// The time at the other end of the wire, as far as this one knows it.
    fn now(&self) -> Moment;
    /// Waits, by that clock.
    fn pause(&self, time: Duration);
    /// What every output has to say of what comes this way.
    fn remark(&self) -> Option<Text> {
        None
    }
    /// Makes something happen that only a simulated cluster can be made to suffer.
    fn practice(&self, fault: &practice::Fault) -> Result<(), Error> {
        Err(Error::not_run(
            format!("practice: {fault}"),
            "This is no simulated cluster, and nothing is ever made to fail on any other",
            "Practise on the built-in one: let pve = Pve::demo()?;",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Named {
        name: String,
    }

    fn reply(body: &str) -> Reply {
        Reply { status: 200, reason: "OK".into(), body: body.into(), at: Moment::from_unix(0), took: Duration::ZERO }
    }

    #[test]
    fn an_odd_row_is_left_out_and_counted_and_the_others_keep_their_json() {
        let body = r#"{"data":[{"name":"a","x":1},null,{"name":7},{"name":"b"}]}"#;
        let rows: Rows<Named> = reply(body).rows(&Call::get("/x")).unwrap();
        assert_eq!(rows.odd, 2);
        let read: Vec<(String, String)> =
            rows.into_iter().map(|(row, raw)| (row.name, raw.json().to_owned())).collect();
        assert_eq!(read[0], ("a".to_owned(), r#"{"name":"a","x":1}"#.to_owned()));
        assert_eq!(read[1].1, r#"{"name":"b"}"#);
    }

    #[test]
    fn a_secret_is_shown_neither_in_a_call_nor_in_what_was_not_understood() {
        let scan = Call::get("/nodes/pve1/scan/cifs").with("server", "nas").with("password", "x1");
        assert_eq!(scan.shown(), "GET /nodes/pve1/scan/cifs?server=nas&password=(not shown)");
        let said = |path: &str, body: &str| reply(body).data::<Named>(&Call::get(path)).unwrap_err().to_string();
        let secret = said("/x", r#"{"data":{"password":"x1","name":7}}"#);
        assert!(secret.contains("a secret, not shown") && !secret.contains("x1"), "{secret}");
        assert!(!said("/x", r#"{"data":{"password":"x1"#).contains("x1"));
        let dump = said("/nodes/pve1/qemu/1/cloudinit/dump", r##"{"data":"#cloud-config\npassword: x1"}"##);
        assert!(dump.contains("invalid type: a string, expected") && !dump.contains("x1"), "{dump}");
    }

    #[test]
    fn a_list_of_which_nothing_is_understood_is_an_error() {
        assert!(reply(r#"{"data":[1,2]}"#).rows::<Named>(&Call::get("/x")).is_err());
        assert!(reply("<html>").rows::<Named>(&Call::get("/x")).unwrap_err().to_string().contains("web page"));
        assert!(
            reply(r#"{"message":"starting"}"#).rows::<Named>(&Call::get("/x")).is_err(),
            "no list is not an empty one"
        );
        assert_eq!(reply(r#"{"data":null}"#).rows::<Named>(&Call::get("/x")).unwrap().into_iter().count(), 0);
    }
}
