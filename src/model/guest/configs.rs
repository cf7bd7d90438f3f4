//! The configurations of many guests, read together.

use std::time::Instant;

use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::guest::config::Config;
use crate::model::list::{About, List, count};
use crate::model::sight::Sight;
use crate::model::together::from_many;
use crate::model::unread::Unread;
use crate::session::Session;
use crate::units::Why;
use crate::wire::Call;

impl List<Guest> {
    /// The settings of all these guests, read in parallel from `/nodes/{node}/{qemu|lxc}/{vmid}/config`: one call a
    /// guest. Changes that wait for a restart stand in them as if they were made; [`Guest::config`] tells those apart.
    ///
    /// Guests that cannot be read, since their node is offline or VM.Audit is missing, are named beside the list.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let forgotten = pve.guests()?.filter(|g| g.is_running()).configs()?.filter(|c| !c.starts_at_boot());
    /// assert!(forgotten.any(|config| config.vmid == 901));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When none of them can be read.
    pub fn configs(&self) -> Result<List<Config>, Error> {
        let since = Instant::now();
        let (away, asked): (Vec<&Guest>, Vec<&Guest>) =
            self.iter().partition(|guest| guest.name.why() == Some(Why::NodeOffline));
        let mut sight = self.sight();
        let Some(session) = self.iter().next().map(|guest| guest.session.clone()) else {
            return Ok(list(Vec::new(), sight, self.provenance()));
        };
        let mut unread = Unread::default();
        away.iter().for_each(|guest| unread.add(told(guest), format!("node {} is offline", guest.node)));
        let calls = asked.iter().map(|guest| Call::get(guest.path("config"))).collect();
        let (mut configs, mut answers, mut first) = (Vec::with_capacity(asked.len()), Vec::new(), None);
        for (guest, answer) in asked.iter().zip(session.ask_all("configurations", calls)) {
            match answer.and_then(|answer| Ok((Config::of(guest, &answer)?, answer))) {
                Ok((config, answer)) => {
                    configs.push(config);
                    answers.push(answer);
                }
                Err(error) => {
                    match why(&session, &error) {
                        Some(why) => unread.add(told(guest), why),
                        None => unread.odd(told(guest), &error),
                    }
                    first.get_or_insert(error);
                }
            }
        }
        if let (true, Some(error)) = (configs.is_empty(), first) {
            return Err(error);
        }
        for words in unread.said(("guest", "guests")) {
            sight = sight.and(Sight::part(words));
        }
        let calls =
            format!("GET /nodes/{{node}}/{{type}}/{{vmid}}/config of {}", count(asked.len(), ("guest", "guests")));
        let provenance = self.provenance().and(&from_many(&session, &answers, calls).together_since(since));
        Ok(list(configs, sight, provenance))
    }
}

fn list(configs: Vec<Config>, sight: Sight, provenance: crate::page::Provenance) -> List<Config> {
    let about = About {
        title: "Configurations".into(),
        question: "How are these guests set up?".into(),
        sight,
        provenance,
        of: None,
    };
    List::new(configs, about)
}

/// A reason that several guests may share.
fn why(session: &Session, error: &Error) -> Option<String> {
    match error {
        Error::NotPermitted { .. } => Some(format!("{} lacks VM.Audit on them", session.identity())),
        Error::NodeUnreachable { node, .. } => Some(format!("node {node} cannot be reached")),
        _ => None,
    }
}

fn told(guest: &Guest) -> String {
    format!("{} {}", guest.kind, guest.vmid)
}
