//! A user's login: the calls that trade a password, a code or a ticket for a fresh ticket, and how long one holds. Knows
//! the words of `/access/ticket`; sends nothing.

use std::time::{Duration, SystemTime};

use reqwest::header::COOKIE;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::second::{Ask, Challenge, Code, Second};
use super::{Keys, header};
use crate::error::Error;
use crate::text::Text;
use crate::wire::{Call, Method, Reply};

/// A ticket lives for two hours; one that is older than this is no longer taken as a password.
const DEAD_AFTER: Duration = Duration::from_secs(2 * 60 * 60 - 60);

/// A user, the password that tickets are got for, and what there is for a second factor.
#[derive(Clone)]
pub(crate) struct Login {
    user: Text,
    password: SecretString,
    second: Second,
}

/// What a login was answered with.
pub(crate) enum Granted {
    /// A ticket.
    Ticket(Ticket),
    /// The demand for a second factor.
    Challenge(Challenge),
}

impl Login {
    pub(super) fn new(user: Text, password: SecretString) -> Login {
        Login { user, password, second: Second::None }
    }

    pub(super) fn with_code(self, code: Code) -> Login {
        Login { second: Second::Code(code), ..self }
    }

    pub(super) fn asking(self, ask: Ask) -> Login {
        Login { second: Second::Ask(ask), ..self }
    }

    pub(super) fn user(&self) -> Text {
        self.user.clone()
    }

    /// The call that logs in anew.
    pub(crate) fn call(&self) -> Call {
        self.call_with(&self.password)
    }

    /// The call that trades a ticket in for a fresh one: the ticket stands for the password.
    pub(crate) fn renewal(&self, ticket: &Ticket) -> Call {
        self.call_with(&ticket.ticket)
    }

    /// The call that meets the demand for a second factor; the code stands for the password.
    ///
    /// # Errors
    /// When there is no code, or none of a kind that is wanted.
    pub(crate) fn second_call(&self, challenge: &Challenge) -> Result<Call, Error> {
        let code = self.second.code_for(challenge, &self.user)?;
        Ok(self.call_with(code.word()).with("tfa-challenge", challenge.ticket().expose_secret()))
    }

    fn call_with(&self, password: &SecretString) -> Call {
        Call::new(Method::Post, "/access/ticket")
            .with("username", self.user.raw())
            .with("password", password.expose_secret())
    }

    /// What is in the answer to a login.
    pub(crate) fn granted(&self, call: &Call, reply: &Reply, now: SystemTime) -> Result<Granted, Error> {
        let body: Body = reply.data(call).map_err(without_excerpt)?;
        let wants_more = body.wants_more();
        let (Some(ticket), Some(csrf)) = (body.ticket, body.csrf) else {
            return Err(Error::NotUnderstood {
                call: call.shown(),
                why: "there is no ticket in it".into(),
                excerpt: "(not shown)".into(),
                next: "Is this address really a Proxmox VE node?".into(),
            });
        };
        if wants_more {
            return Ok(Granted::Challenge(Challenge::read(ticket.into())));
        }
        Ok(Granted::Ticket(Ticket {
            keys: Keys {
                name: COOKIE,
                value: header(format!("PVEAuthCookie={ticket}"), "The ticket")?,
                csrf: Some(header(csrf, "The CSRF token")?),
            },
            ticket: ticket.into(),
            since: now,
            took_a_code: false,
            ended: None,
        }))
    }

    /// What there is to say when a code was refused.
    pub(crate) fn wrong_code(&self, error: Error) -> Error {
        match error {
            Error::NotAuthenticated { identity, message, .. } => Error::NotAuthenticated {
                identity,
                message: format!("the password is right, but the code of the second factor was not accepted ({message})")
                    .into(),
                next: "A code of an authenticator app holds for half a minute and once, and a recovery code once: connect \
                       again with the next one. Is the clock of the device that shows it right? After too many wrong \
                       codes Proxmox VE takes none until an administrator unlocks the account's second factor"
                    .into(),
            },
            other => other,
        }
    }

    /// A login with a code has ended, and nobody but the user can make it anew.
    pub(crate) fn is_over(&self, why: &str) -> Error {
        Error::NotAuthenticated {
            identity: self.user.clone(),
            message: format!("the login has ended ({why}), and it was made with a code that holds once").into(),
            next: "Connect again, with a new code".into(),
        }
    }

    /// A second factor is wanted in the middle of a session, when nobody is there to be asked.
    pub(crate) fn wants_code_now(&self) -> Error {
        Error::NotAuthenticated {
            identity: self.user.clone(),
            message: "the login has ended, and for a new one a second factor is asked for".into(),
            next: "Connect again, with a code: .otp(\"123456\") or .recovery_code(\"…\")".into(),
        }
    }
}

/// A proof of login, good for two hours.
pub(crate) struct Ticket {
    /// What it puts on each request.
    pub(crate) keys: Keys,
    ticket: SecretString,
    since: SystemTime,
    took_a_code: bool,
    /// Why it is of no use any more.
    ended: Option<&'static str>,
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

    /// The same, got with a code, which opens no door again.
    pub(crate) fn with_code(self) -> Ticket {
        Ticket { took_a_code: true, ..self }
    }

    /// Whether it was got with a code, itself or one that it was traded for.
    pub(crate) fn took_a_code(&self) -> bool {
        self.took_a_code
    }

    /// The same, known to be of no use any more; the first reason stays.
    pub(crate) fn ended(&self, why: &'static str) -> Ticket {
        Ticket { keys: self.keys.clone(), ticket: self.ticket.clone(), ended: self.ended.or(Some(why)), ..*self }
    }

    /// Why it is of no use any more.
    pub(crate) fn why_ended(&self) -> Option<&'static str> {
        self.ended
    }

    /// By the wall clock, which goes on while a laptop sleeps; a clock that was set back makes a ticket due.
    pub(crate) fn due(&self, now: SystemTime, renew_after: Duration) -> Due {
        match now.duration_since(self.since) {
            _ if self.ended.is_some() => Due::Login,
            Ok(age) if age > DEAD_AFTER => Due::Login,
            Ok(age) if age < renew_after => Due::Good,
            _ => Due::Renewal,
        }
    }
}

#[derive(Deserialize)]
struct Body {
    ticket: Option<String>,
    #[serde(rename = "CSRFPreventionToken")]
    csrf: Option<String>,
    #[serde(rename = "NeedTFA", default)]
    need_tfa: serde_json::Value,
}

impl Body {
    fn wants_more(&self) -> bool {
        let asked = !matches!(self.need_tfa.to_string().trim_matches('"'), "null" | "0" | "false" | "");
        asked || self.ticket.as_ref().is_some_and(|ticket| Challenge::is(ticket))
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

#[cfg(test)]
mod tests;
