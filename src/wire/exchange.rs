//! From a call to its answer: with its turn at the node and the keys of one identity. Knows tickets and their renewal;
//! knows no address, no thread and no cell.
//!
//! After a 401 a call is sent once more with a fresh ticket, a write too, since Proxmox VE looks at the ticket before it
//! looks at anything else: such a call was certainly not carried out.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::Mutex;

use crate::error::Error;
use crate::wire::auth::{Auth, Due, Keys, Login, Ticket};
use crate::wire::gates::Gates;
use crate::wire::refusal::reply_error;
use crate::wire::rounds::Rounds;
use crate::wire::{Call, Reply};

/// Carries calls out. Lives in the connection's thread.
pub(crate) struct Exchange {
    rounds: Rounds,
    auth: Auth,
    ticket: Mutex<Option<Arc<Ticket>>>,
    gates: Gates,
}

impl Exchange {
    /// At most `at_once` calls will be on their way to one node.
    pub(crate) fn new(rounds: Rounds, auth: Auth, at_once: usize) -> Exchange {
        Exchange { rounds, auth, ticket: Mutex::new(None), gates: Gates::new(at_once) }
    }

    /// Logs in where that is needed, so that a wrong password shows at once.
    pub(crate) async fn log_in(&self) -> Result<(), Error> {
        self.keys().await.map(|_| ())
    }

    /// One call, with its turn at the node, its keys, and a fresh ticket where the old one is refused.
    pub(crate) async fn carry_out(&self, call: &Call) -> Result<Reply, Error> {
        let _turn = self.gates.enter(&call.path).await;
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
        let reply = self.rounds.send(&call, None).await.map_err(never_logged_in)?;
        if reply.is_ok() {
            login.ticket(&call, &reply, SystemTime::now())
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
