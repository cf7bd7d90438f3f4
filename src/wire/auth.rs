//! Who asks: an API token, or a user whose password was traded for a ticket. Knows the words of both; sends nothing.
//!
//! A secret is in a `SecretString` from its first moment here, and in no `Debug`, no error and no shown call.

use std::fmt;

use reqwest::RequestBuilder;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::error::Error;
use crate::text::Text;
use crate::wire::Method;

mod login;
mod second;

pub(crate) use login::{Due, Granted, Login, Ticket};
pub(crate) use second::{Ask, Code};

const CSRF: HeaderName = HeaderName::from_static("csrfpreventiontoken");

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
        Ok(Auth::Password(Login::new(user.into(), password.clone())))
    }

    /// The same, with a code for the case that a second factor is wanted.
    pub(crate) fn with_code(self, code: Code) -> Result<Auth, Error> {
        match self {
            Auth::Password(login) => Ok(Auth::Password(login.with_code(code))),
            Auth::Token(_, id) => Err(Error::setup(
                format!("A code of a second factor was given, but the API token {id} needs none"),
                "Leave out .otp(..) or .recovery_code(..)",
            )),
        }
    }

    /// The same, with a way to ask for a code in the case that a second factor is wanted.
    pub(crate) fn asking(self, ask: Ask) -> Auth {
        match self {
            Auth::Password(login) => Auth::Password(login.asking(ask)),
            token @ Auth::Token(..) => token,
        }
    }

    /// The user or the token, as the cluster's logs name it.
    pub(crate) fn identity(&self) -> Text {
        match self {
            Auth::Token(_, id) => id.clone(),
            Auth::Password(login) => login.user(),
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
