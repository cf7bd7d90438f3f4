//! Who asks: an API token, or a user whose password was traded for a ticket. Knows the words of both; sends nothing.
//!
//! A secret is in a `SecretString` from its first moment here, and in no `Debug`, no error and no shown call.

use std::fmt;
use std::time::{Duration, SystemTime};

use reqwest::RequestBuilder;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::error::Error;
use crate::text::Text;
use crate::wire::{Call, Method, Reply};

const CSRF: HeaderName = HeaderName::from_static("csrfpreventiontoken");

/// A ticket lives for two hours; one that is older than this is renewed before it is used.
const RENEW_AFTER: Duration = Duration::from_secs(90 * 60);
/// One that is older than this is no longer taken as a password.
const DEAD_AFTER: Duration = Duration::from_secs(2 * 60 * 60 - 60);

/// How a session proves who it is.
#[derive(Clone)]
pub(crate) enum Auth {
    /// By an API token; needs no login.
    Token(Keys, Text),
    /// By a password, which is traded for a ticket.
    Password(Login),
}

impl Auth {
    /// An API token: its id (`audit@pve!notebook`) and its secret.
    pub(crate) fn token(id: &str, secret: &SecretString) -> Result<Auth, Error> {
        let id = id.trim();
        if !is_token_id(id) {
            return Err(Error::setup(
                format!("\"{}\" is not the id of an API token", without_secret(id)),
                "It has the form user@realm!name, such as audit@pve!notebook; it is shown under Datacenter, Permissions, \
                 API Tokens",
            ));
        }
        let secret = secret.expose_secret().trim();
        if secret.is_empty() {
            return Err(Error::setup(
                format!("The secret of the API token {id} is empty"),
                "It was shown once, when the token was made; if it is lost, make a new token",
            ));
        }
        let header = header(format!("PVEAPIToken={id}={secret}"), "The secret of the API token")?;
        Ok(Auth::Token(Keys { name: AUTHORIZATION, value: header, csrf: None }, id.into()))
    }

    /// An API token in one line, `audit@pve!notebook=secret`, as in `PVE_TOKEN`.
    pub(crate) fn token_line(line: &SecretString) -> Result<Auth, Error> {
        let line = line.expose_secret().trim();
        let line = line.strip_prefix("PVEAPIToken=").unwrap_or(line);
        let Some((id, secret)) = line.split_once('=') else {
            // The line may be the bare secret: nothing of it is repeated.
            return Err(Error::setup(
                "The API token has no \"=\" between its id and its secret",
                "Write it as user@realm!name=secret, such as audit@pve!notebook=1b3f…",
            ));
        };
        Auth::token(id, &secret.into())
    }

    /// A user with its realm (`root@pam`) and the password.
    pub(crate) fn password(user: &str, password: &SecretString) -> Result<Auth, Error> {
        let user = user.trim();
        if user.contains('!') {
            return Err(Error::setup(
                format!("{} is the id of an API token, not a user", without_secret(user)),
                "Use .token(id, secret) for it",
            ));
        }
        if !user.rsplit_once('@').is_some_and(|(name, realm)| is_word(name) && is_word(realm)) {
            return Err(Error::setup(
                format!("\"{user}\" is not a user of Proxmox VE"),
                "It has the form user@realm, such as root@pam or alice@pve",
            ));
        }
        if password.expose_secret().is_empty() {
            return Err(Error::setup(format!("The password of {user} is empty"), "Give one, or use an API token"));
        }
        Ok(Auth::Password(Login { user: user.into(), password: password.clone() }))
    }

    /// The user or the token, as the cluster's logs name it.
    pub(crate) fn identity(&self) -> Text {
        match self {
            Auth::Token(_, id) => id.clone(),
            Auth::Password(login) => login.user.clone(),
        }
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Auth({})", self.identity())
    }
}

/// What is put on each request.
#[derive(Clone)]
pub(crate) struct Keys {
    name: HeaderName,
    value: HeaderValue,
    csrf: Option<HeaderValue>,
}

impl Keys {
    /// Whether they come from a login with a password.
    pub(crate) fn are_of_a_ticket(&self) -> bool {
        self.csrf.is_some()
    }

    /// Puts them on a request; a write by ticket carries the CSRF token too.
    pub(crate) fn put_on(&self, request: RequestBuilder, method: Method) -> RequestBuilder {
        let request = request.header(self.name.clone(), self.value.clone());
        match &self.csrf {
            Some(csrf) if method.is_write() => request.header(CSRF, csrf.clone()),
            _ => request,
        }
    }
}

/// A user and the password that tickets are got for.
#[derive(Clone)]
pub(crate) struct Login {
    user: Text,
    password: SecretString,
}

impl Login {
    /// The call that logs in anew.
    pub(crate) fn call(&self) -> Call {
        self.call_with(&self.password)
    }

    /// The call that trades a ticket in for a fresh one: the ticket stands for the password.
    pub(crate) fn renewal(&self, ticket: &Ticket) -> Call {
        self.call_with(&ticket.ticket)
    }

    fn call_with(&self, password: &SecretString) -> Call {
        Call::new(Method::Post, "/access/ticket")
            .with("username", self.user.raw())
            .with("password", password.expose_secret())
    }

    /// The ticket in the answer to a login.
    pub(crate) fn ticket(&self, call: &Call, reply: &Reply, now: SystemTime) -> Result<Ticket, Error> {
        let granted: Granted = reply.data(call).map_err(without_excerpt)?;
        if granted.needs_second_factor() {
            return Err(Error::NotAuthenticated {
                identity: self.user.clone(),
                message: "the password is right, but a second factor is asked for".into(),
                next: "Logging in with a second factor is not supported yet; use an API token, which needs none \
                       (Datacenter, Permissions, API Tokens)"
                    .into(),
            });
        }
        let (Some(ticket), Some(csrf)) = (granted.ticket, granted.csrf) else {
            return Err(Error::NotUnderstood {
                call: call.shown(),
                why: "there is no ticket in it".into(),
                excerpt: "(not shown)".into(),
                next: "Is this address really a Proxmox VE node?".into(),
            });
        };
        Ok(Ticket {
            keys: Keys {
                name: COOKIE,
                value: header(format!("PVEAuthCookie={ticket}"), "The ticket")?,
                csrf: Some(header(csrf, "The CSRF token")?),
            },
            ticket: ticket.into(),
            since: now,
        })
    }
}

/// A proof of login, good for two hours.
pub(crate) struct Ticket {
    /// What it puts on each request.
    pub(crate) keys: Keys,
    ticket: SecretString,
    since: SystemTime,
}

/// What is to be done with a ticket before it is used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing.
    Good,
    /// It should be traded in for a fresh one.
    Renewal,
    /// It is too old for that too.
    Login,
}

impl Ticket {
    /// As if it had been got that much earlier.
    #[cfg(test)]
    pub(crate) fn aged(self, by: Duration) -> Ticket {
        Ticket { since: self.since - by, ..self }
    }

    /// By the wall clock, which goes on while a laptop sleeps; a clock that was set back makes a ticket due.
    pub(crate) fn due(&self, now: SystemTime) -> Due {
        match now.duration_since(self.since) {
            Ok(age) if age < RENEW_AFTER => Due::Good,
            Ok(age) if age > DEAD_AFTER => Due::Login,
            _ => Due::Renewal,
        }
    }
}

#[derive(Deserialize)]
struct Granted {
    ticket: Option<String>,
    #[serde(rename = "CSRFPreventionToken")]
    csrf: Option<String>,
    #[serde(rename = "NeedTFA", default)]
    need_tfa: serde_json::Value,
}

impl Granted {
    fn needs_second_factor(&self) -> bool {
        let asked = !matches!(self.need_tfa.to_string().trim_matches('"'), "null" | "0" | "false" | "");
        asked || self.ticket.as_ref().is_some_and(|ticket| ticket.starts_with("PVE:!tfa!"))
    }
}

/// An answer to a login holds secrets: how it begins is not shown.
fn without_excerpt(error: Error) -> Error {
    match error {
        Error::NotUnderstood { call, why, excerpt, next } if !excerpt.raw().trim_start().starts_with('<') => {
            let why = if why.contains("line") { "it is not the JSON of a login".into() } else { why };
            Error::NotUnderstood { call, why, excerpt: "(not shown)".into(), next }
        }
        other => other,
    }
}

fn header(value: String, what: &str) -> Result<HeaderValue, Error> {
    let mut header = HeaderValue::try_from(value).map_err(|_| {
        Error::setup(
            format!("{what} holds a character that cannot be sent, such as the end of a line"),
            "Was it copied whole, and nothing else with it?",
        )
    })?;
    header.set_sensitive(true);
    Ok(header)
}

/// `user@realm!name`; the user's own name may hold an `@`.
fn is_token_id(id: &str) -> bool {
    let Some((user, name)) = id.rsplit_once('!') else { return false };
    let Some((user, realm)) = user.rsplit_once('@') else { return false };
    is_word(user)
        && is_word(realm)
        && is_word(name)
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

fn is_word(word: &str) -> bool {
    !word.is_empty()
        && !word.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, ':' | '/' | '=' | '!'))
}

/// What was given as an id may hold the secret as well.
fn without_secret(id: &str) -> Text {
    match id.split_once('=') {
        Some((id, _)) => format!("{id}=…").into(),
        None if id.contains(['@', '!']) => id.into(),
        None => "…".into(),
    }
}

#[cfg(test)]
mod tests;
