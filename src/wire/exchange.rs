//! From a call to its answer: with its turn at the node and the keys of one identity. Knows tickets and their renewal;
//! knows no address, no thread and no cell.
//!
//! After a 401 a call is sent once more with a fresh ticket, a write too, since Proxmox VE looks at the ticket before it
//! looks at anything else: such a call was certainly not carried out.
//!
//! A password opens the door again at any time; a code of a second factor does so once. A ticket that was got with one
//! is therefore never replaced by a new login, only traded in while it holds.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;

use crate::error::Error;
use crate::wire::auth::{Auth, Due, Granted, Keys, Login, Ticket};
use crate::wire::gates::Gates;
use crate::wire::refusal::reply_error;
use crate::wire::rounds::Rounds;
use crate::wire::{Call, Reply};

/// Carries calls out. Lives in the connection's thread.
pub(crate) struct Exchange {
    rounds: Rounds,
    auth: Auth,
    ticket: Mutex<Option<Arc<Ticket>>>,
    /// How old a ticket may become before it is traded in.
    renew_after: Duration,
    gates: Gates,
}

impl Exchange {
    /// At most `at_once` calls will be on their way to one node.
    pub(crate) fn new(rounds: Rounds, auth: Auth, renew_after: Duration, at_once: usize) -> Exchange {
        Exchange { rounds, auth, ticket: Mutex::new(None), renew_after, gates: Gates::new(at_once) }
    }

    /// Logs in where that is needed, so that a wrong password shows at once. Gives whether that took a code, so that the
    /// login has to be kept alive.
    pub(crate) async fn log_in(&self) -> Result<bool, Error> {
        let (_, ticket) = self.keys().await?;
        Ok(ticket.is_some_and(|ticket| ticket.took_a_code()))
    }

    /// Trades the ticket in where it is time. What fails is tried again the next time, until the ticket has died.
    pub(crate) async fn stay_logged_in(&self) {
        let _ = self.keys().await;
    }

    /// One call, with its turn at the node, its keys, and a fresh ticket where the old one is refused. The turn is kept
    /// while a read pauses before it is tried again: a node in trouble gets no more calls meanwhile.
    pub(crate) async fn carry_out(&self, call: &Call) -> Result<Reply, Error> {
        let _turn = self.gates.enter(&call.path).await;
        if call.is_documentation() {
            return self.rounds.send(call, None).await;
        }
        let (keys, used) = self.keys().await?;
        let reply = self.rounds.send(call, Some(&keys)).await?;
        // A 401 on a write below /access may be about a password among the parameters.
        let about_the_ticket = reply.status == 401 && !(call.method.is_write() && call.path.starts_with("/access/"));
        match (&self.auth, used) {
            (Auth::Password(login), Some(used)) if about_the_ticket => {
                let keys = self.keys_instead_of(login, &used).await?;
                self.rounds.send(call, Some(&keys)).await
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
        let due = held.as_ref().map_or(Due::Login, |ticket| ticket.due(SystemTime::now(), self.renew_after));
        let fresh = match (held.clone(), due) {
            (Some(ticket), Due::Good) => return Ok((ticket.keys.clone(), Some(ticket))),
            (Some(ticket), Due::Renewal) => match self.ask_for_ticket(login, login.renewal(&ticket)).await {
                Ok(Granted::Ticket(fresh)) if ticket.took_a_code() => fresh.with_code(),
                Ok(Granted::Ticket(fresh)) => fresh,
                // The ticket has died early.
                Ok(Granted::Challenge(_)) => self.log_in_again(login, &mut held, "it was not renewed").await?,
                Err(Error::NotAuthenticated { .. }) => {
                    self.log_in_again(login, &mut held, "its renewal was refused").await?
                }
                Err(error) => return Err(error),
            },
            (Some(_), Due::Login) => self.log_in_again(login, &mut held, "it was not renewed in time").await?,
            (None, _) => self.first_ticket(login).await?,
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
        let fresh = Arc::new(self.log_in_again(login, &mut held, "the server took it no longer").await?);
        *held = Some(Arc::clone(&fresh));
        Ok(fresh.keys.clone())
    }

    /// The first login, for which somebody may have a code.
    async fn first_ticket(&self, login: &Login) -> Result<Ticket, Error> {
        let challenge = match self.ask_for_ticket(login, login.call()).await? {
            Granted::Ticket(ticket) => return Ok(ticket),
            Granted::Challenge(challenge) => challenge,
        };
        match self.ask_for_ticket(login, login.second_call(&challenge)?).await.map_err(|e| login.wrong_code(e))? {
            Granted::Ticket(ticket) => Ok(ticket.with_code()),
            Granted::Challenge(_) => Err(login.wants_code_now()),
        }
    }

    /// A later login, where the password alone opens the door.
    async fn log_in_again(
        &self,
        login: &Login,
        held: &mut Option<Arc<Ticket>>,
        why: &'static str,
    ) -> Result<Ticket, Error> {
        if let Some(ticket) = held.as_ref().filter(|ticket| ticket.took_a_code()) {
            // Nobody needs to try it again.
            let ended = ticket.ended(why);
            let over = login.is_over(ended.why_ended().unwrap_or(why));
            *held = Some(Arc::new(ended));
            return Err(over);
        }
        match self.ask_for_ticket(login, login.call()).await? {
            Granted::Ticket(ticket) => Ok(ticket),
            Granted::Challenge(_) => Err(login.wants_code_now()),
        }
    }

    async fn ask_for_ticket(&self, login: &Login, call: Call) -> Result<Granted, Error> {
        let reply = self.rounds.send(&call, None).await.map_err(never_logged_in)?;
        if reply.is_ok() {
            login.granted(&call, &reply, SystemTime::now())
        } else {
            Err(reply_error(&call, &reply, &self.auth.identity()))
        }
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

#[cfg(test)]
mod tests;
