//! What a plan leaves in the journal: itself and its checks, before its call is sent, and what became of it.

use crate::error::Error;
use crate::journal::{Event, Kind};
use crate::plan::draft::{Act, Draft};
use crate::plan::{Check, Verdict};

impl Draft {
    /// Something that happened to it.
    pub(super) fn event(&self, kind: Kind) -> Event {
        let event = Event::new(kind, &self.title);
        match &self.act {
            Act::One(call) => event.call(call),
            Act::Several(several) => event.detail(format!("{} actions", several.plans.len())),
        }
    }

    /// The same, with what was checked.
    fn checked(&self, kind: Kind) -> Event {
        let add = |event: Event, check: &Check| event.check(&check.name, check.state().word, &check.reason);
        self.checks.iter().fold(self.event(kind), add)
    }

    /// The plan with its checks, and each that a person overrode.
    fn said(&self) -> impl Iterator<Item = Event> + '_ {
        let plan = self.checked(Kind::Plan);
        let plan = match self.guest() {
            Some(guest) => plan.target(format!("{guest}, {}", guest.state().word.raw())),
            None => plan,
        };
        let plan = if self.confirmed.is_some() { plan.detail("confirmed by its code") } else { plan };
        let overrides = self.checks.iter().filter_map(|check| match &check.verdict {
            Verdict::Overridden(why) => {
                Some(self.event(Kind::Override).detail(format!("{}: {}", check.name.raw(), why.raw())))
            }
            _ => None,
        });
        [plan].into_iter().chain(overrides)
    }

    /// Writes down what is about to be sent. Where this fails, it must not be.
    pub(super) fn record(&self) -> Result<(), Error> {
        self.session.record(self.said().chain([self.event(Kind::Sent)]))
    }

    /// Writes down that several actions are about to begin, each of which writes itself down. Where this fails, none may.
    pub(super) fn record_several(&self) -> Result<(), Error> {
        self.session.record(self.said())
    }

    /// Writes down why it was not sent, or what went wrong.
    pub(super) fn note_error(&self, error: &Error) {
        let event = match error {
            // Its checks were not written down before, since nothing was to be sent.
            Error::Halted { .. } | Error::NotRun { .. } | Error::NotApproved { .. } => self.checked(Kind::Refused),
            _ => self.event(Kind::Failed),
        };
        self.session.note(event.detail(error.to_string()));
    }
}
