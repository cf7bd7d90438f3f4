//! A simulated cluster behind the same wire as a real one: it has state, a clock of its own, and PVE's own words.
//!
//! Answers the paths that its table of routes names and refuses every other openly; knows nothing of the model that
//! reads its answers. Two twins that get the same calls give the same bytes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use percent_encoding::percent_decode_str;

use self::answer::Params;
use self::state::{Ms, State};
use crate::error::Error;
use crate::text::Text;
use crate::units::Moment;
use crate::wire::practice::Fault;
use crate::wire::{Call, Far, Pending, Reply, Wire};

mod access;
mod answer;
mod archives;
mod boot;
mod cluster;
mod demo;
mod drive;
mod form;
mod guests;
mod ha;
mod images;
mod inside;
mod jobs;
mod net;
mod nodes;
mod options;
mod packages;
mod parts;
mod pools;
mod practice;
mod routes;
mod rrd;
mod state;
mod storages;
mod tasks;
#[cfg(test)]
mod tests;
mod work;
mod written;

/// A simulated cluster.
pub(crate) struct Twin {
    state: Mutex<State>,
}

impl Twin {
    /// The built-in cluster, always in the same first state.
    pub(crate) fn demo() -> Twin {
        Twin { state: Mutex::new(demo::state()) }
    }

    /// A cell that panicked must not take the cluster away from the next one.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reply(&self, call: &Call) -> Reply {
        let state = &mut *self.state();
        let path: Vec<_> = call.path.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let asked = state.now;
        state.advance(time_for(&path) + state.faults.slow);
        let (status, reason, body) = if call.is_documentation() {
            (200, "OK".to_owned(), demo::DOCUMENTATION.to_owned())
        } else {
            answer::encode(routes::answer(state, call.method, &path, Params(&call.params)))
        };
        Reply {
            status,
            reason: reason.into(),
            body: body.into(),
            at: Moment::from_unix(state.seconds()),
            took: Duration::from_millis((state.now - asked).unsigned_abs()),
        }
    }
}

fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// How long a call takes, in milliseconds: longer for what a real cluster has to look up.
fn time_for(path: &[&str]) -> Ms {
    let length: usize = path.iter().map(|part| part.len()).sum();
    let slow = match path.last() {
        Some(&"content" | &"rrddata") => 28,
        Some(&"current") => 9,
        _ => 0,
    };
    5 + slow + Ms::try_from(length % 8).unwrap_or_default()
}

impl Wire for Twin {
    fn submit(&self, call: Call) -> Pending {
        if self.state().is_dark() {
            return Pending::ready(Err(Error::NotConnected {
                endpoint: "the demo cluster".into(),
                why: "none of its nodes is online".into(),
                next: "Bring one back: pve.practice(Fault::NodeUp(\"pve1\".into()))?".into(),
            }));
        }
        let reply = self.reply(&call);
        let cut = call.method.is_write() && std::mem::take(&mut self.state().faults.cut);
        Pending::ready(match cut {
            true => Err(Error::ConnectionLost {
                endpoint: "the demo cluster".into(),
                call: call.shown(),
                why: "the connection was cut, as was asked for".into(),
                write: true,
            }),
            false => Ok(reply),
        })
    }

    fn far(&self) -> Far {
        Far::Demo
    }

    fn identity(&self) -> Text {
        tasks::USER.into()
    }

    fn console(&self) -> Option<Text> {
        None
    }

    fn now(&self) -> Moment {
        Moment::from_unix(self.state().seconds())
    }

    fn practice(&self, fault: &Fault) -> Result<(), Error> {
        self.state().practise(fault)
    }

    fn pause(&self, time: Duration) {
        self.state().advance(Ms::try_from(time.as_millis()).unwrap_or(Ms::MAX / 4));
    }
}
