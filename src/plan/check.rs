//! What is looked at before acting: each check passed, failed or could not be made, with its reason and its source.
//!
//! Here are the checks that several actions share; what is particular to one action stands in its file.

use crate::error::Error;
use crate::model::cluster::member::ClusterStatus;
use crate::model::guest::config::Config;
use crate::model::guest::{Guest, Status};
use crate::model::task;
use crate::page::{State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Reading, Why};
use crate::wire::Call;

pub(super) mod place;

/// Something that was looked at before acting.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its name, for overriding it.
    pub name: Text,
    /// How it came out.
    pub verdict: Verdict,
    /// Why, in a sentence.
    pub reason: Text,
    /// What told it: a call of the API, most often; blank where nothing had to be asked.
    pub source: Text,
    /// Whether it failed because what is wanted is so already.
    done: bool,
    /// What to do about it, where that is more than to mend it.
    next: Text,
}

/// How a check came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stands in the way.
    Passed,
    /// The action would fail or surprise, and is refused.
    Failed,
    /// It could not be found out; the action may go on.
    Unknown,
    /// It failed, and a person goes on all the same, for this reason.
    Overridden(Text),
}

impl Check {
    pub(super) fn new(name: &str, verdict: Verdict, reason: impl Into<Text>) -> Check {
        let (source, next) = (Text::default(), Text::default());
        Check { name: name.into(), verdict, reason: reason.into(), source, done: false, next }
    }

    pub(super) fn passed(name: &str, reason: impl Into<Text>) -> Check {
        Check::new(name, Verdict::Passed, reason)
    }

    pub(super) fn failed(name: &str, reason: impl Into<Text>) -> Check {
        Check::new(name, Verdict::Failed, reason)
    }

    /// What is wanted is so already.
    pub(super) fn already(name: &str, reason: impl Into<Text>) -> Check {
        Check { done: true, ..Check::failed(name, reason) }
    }

    pub(super) fn unknown(name: &str, reason: impl Into<Text>) -> Check {
        Check::new(name, Verdict::Unknown, reason)
    }

    pub(super) fn passed_if(name: &str, passed: bool, reason: impl Into<Text>) -> Check {
        Check::new(name, if passed { Verdict::Passed } else { Verdict::Failed }, reason)
    }

    /// What told it.
    pub(super) fn by(self, source: impl Into<Text>) -> Check {
        Check { source: source.into(), ..self }
    }

    /// The same, said of one of several guests.
    pub(super) fn of(&self, called: &str) -> Check {
        Check { reason: format!("{called}: {}", self.reason.raw()).into(), ..self.clone() }
    }

    /// What to do about it.
    pub(super) fn or(self, next: impl Into<Text>) -> Check {
        Check { next: next.into(), ..self }
    }

    /// Whether it says that what is wanted is so already.
    pub(super) fn is_done_already(&self) -> bool {
        self.verdict == Verdict::Failed && self.done
    }

    /// What to do about one that failed.
    pub(super) fn way_out(&self) -> String {
        if self.is_done_already() {
            return "Nothing is left to do".into();
        }
        let first = if self.next.is_blank() { "Mend that first" } else { self.next.raw() };
        format!("{first}; only if the check is mistaken, go on with .override_check({:?}, \"why\")", self.name.raw())
    }

    pub(super) fn state(&self) -> State {
        match &self.verdict {
            Verdict::Passed => State::new(Tone::Good, "passed"),
            Verdict::Failed => State::new(Tone::Wrong, "failed"),
            Verdict::Unknown => State::new(Tone::Unknown, "not known"),
            Verdict::Overridden(why) => State::new(Tone::Held, format!("overridden: {}", why.raw())),
        }
    }
}

/// A privilege that is needed, and where.
#[derive(Clone)]
pub(super) struct Need {
    /// One of these is enough.
    pub(super) any_of: &'static [&'static str],
    pub(super) path: String,
    /// Only to see what becomes of it.
    pub(super) to_see: bool,
}

impl Need {
    fn said(&self) -> String {
        format!("{} on {}", self.any_of.join(" or "), self.path)
    }
}

/// What a guest's own status tells.
pub(super) fn status_of(guest: &Guest) -> Text {
    Call::get(guest.path("status/current")).shown()
}

/// Whether the guest is in a state that the action takes, and not where it leads to already.
pub(super) fn state(guest: &Guest, from: &[Status], becomes: Option<&Status>, is_current: bool) -> Check {
    let status = &guest.status;
    let check = match status {
        Status::Unknown if !is_current => {
            Check::unknown("state", "Its state is not known, so whether this fits cannot be said.")
        }
        _ if from.contains(status) => Check::passed("state", format!("It is {status}.")),
        _ if becomes == Some(status) => Check::already("state", format!("It is {status} already.")),
        _ => {
            let from = from.iter().map(Status::to_string).collect::<Vec<_>>().join(" or ");
            Check::failed("state", format!("It is {status}; this takes a guest that is {from}."))
        }
    };
    check.by(status_of(guest))
}

/// Whether the guest's node can carry anything out.
pub(super) fn node(guest: &Guest, is_current: bool) -> Check {
    let node = &guest.node;
    match (guest.name.why() == Some(Why::NodeOffline), is_current) {
        (true, _) => Check::failed("node", format!("{node} is offline: nobody there can carry it out."))
            .by("GET /cluster/resources"),
        (false, true) => Check::passed("node", format!("{node} answers.")).by(status_of(guest)),
        (false, false) => Check::unknown("node", format!("Whether {node} answers is not known.")).by(status_of(guest)),
    }
}

/// Whether another task holds the guest.
pub(super) fn lock(guest: &Guest) -> Check {
    let check = match &guest.lock {
        None if guest.status == Status::Unknown => return not_reported("locked"),
        None => Check::passed("locked", "It is not locked."),
        Some(lock) => Check::failed(
            "locked",
            format!("It is locked ({lock}): another task is at work on it, or was interrupted."),
        ),
    };
    check.by(status_of(guest))
}

/// Whether a task is at work on the guest, which need not lock it.
pub(super) fn at_work(guest: &Guest) -> Check {
    const NAME: &str = "at work";
    let check = match task::at_work_on(guest) {
        Ok(tasks) if tasks.is_empty() => Check::passed(NAME, "No other task is at work on it."),
        Ok(tasks) => {
            let kinds: Vec<String> = tasks.iter().map(|task| task.kind.to_string()).collect();
            let stop: Vec<String> = tasks.iter().map(|task| format!("pve.task(\"{}\")?.abort()", task.upid)).collect();
            Check::failed(NAME, format!("Another task is at work on it: {}.", kinds.join(", ")))
                .or(format!("Wait until that has ended, or stop it: {}", stop.join(", ")))
        }
        Err(error) => Check::unknown(NAME, format!("Whether another task is at work on it could not be read. {error}")),
    };
    check.by(format!("GET /nodes/{}/tasks", guest.node.raw()))
}

/// Of a guest that nobody reports, nothing can be said from what is not there.
fn not_reported(name: &str) -> Check {
    Check::unknown(name, "Nobody reports it at present.").by("GET /cluster/resources")
}

/// Templates never run.
pub(super) fn template(guest: &Guest) -> Check {
    if guest.status == Status::Unknown && !guest.template {
        return not_reported("template");
    }
    let reason = if guest.template { "It is a template, which never runs: clone it." } else { "It is not a template." };
    Check::passed_if("template", !guest.template, reason).by(status_of(guest))
}

/// What high availability will make of the action, which goes through its manager or does not.
pub(super) fn ha(guest: &Guest, by_manager: bool) -> Check {
    let reason: Text = match &guest.hastate {
        Some(state) => {
            let way = match by_manager {
                true => "the request goes through the cluster's manager",
                false => "the request goes to its node all the same, and the manager does not take part",
            };
            format!("High availability manages it (state: {state}); {way}.").into()
        }
        None if guest.status == Status::Unknown => return not_reported("high availability"),
        None => "High availability does not manage it.".into(),
    };
    Check::passed("high availability", reason).by(status_of(guest))
}

/// Whether high availability keeps its hands off, which it would not of a guest that it manages.
pub(super) fn unmanaged(guest: &Guest) -> Check {
    const NAME: &str = "high availability";
    match &guest.hastate {
        None if guest.status == Status::Unknown => return not_reported(NAME),
        None => Check::passed(NAME, "High availability does not manage it."),
        Some(state) => Check::failed(NAME, format!("High availability manages it (state: {state})."))
            .or(format!("Take it out first, {}.ha_remove()", guest.code())),
    }
    .by(status_of(guest))
}

/// Whether it is protected against being removed.
pub(super) fn protection(guest: &Guest, config: &Result<Config, Error>) -> Check {
    const NAME: &str = "protection";
    match config {
        Ok(config) if config.is_protected() => Check::failed(NAME, "It is protected against being removed.")
            .or(format!("{}.protect(false) takes that off", guest.code())),
        Ok(_) => Check::passed(NAME, "It is not protected against being removed."),
        Err(error) => Check::unknown(NAME, format!("Its settings could not be read. {error}")),
    }
    .by(Call::get(guest.path("config")).shown())
}

/// Whether it is off, for what is done only to a guest that is off.
pub(super) fn off(guest: &Guest, else_said: &str) -> Check {
    match (&guest.status, guest.is_stopped()) {
        (_, true) => Check::passed("state", "It is off."),
        (status, false) => Check::failed("state", format!("It is {status}; {else_said}.")),
    }
    .by(status_of(guest))
}

/// Whether the cluster takes changes at all.
pub(super) fn quorum(session: &Session) -> Check {
    const NAME: &str = "quorum";
    let check = match ClusterStatus::read(session).map(|status| status.quorate) {
        Ok(Reading::Known(true)) => Check::passed(NAME, "The cluster takes changes."),
        Ok(Reading::Known(false)) => Check::failed(
            NAME,
            "The cluster has no quorum: fewer than half of its nodes see each other, so it takes no changes.",
        ),
        Ok(Reading::Missing(why)) => Check::unknown(NAME, format!("Whether the cluster has a quorum: {why}.")),
        Err(error) => Check::unknown(NAME, format!("Whether the cluster has a quorum could not be read. {error}")),
    };
    check.by("GET /cluster/status")
}

/// Whether the identity may do it, and see what becomes of it.
pub(super) fn privileges(session: &Session, needs: &[Need]) -> Vec<Check> {
    // They were read for this plan, unless that failed.
    let read = match session.age_of_privileges() {
        Some(age) if age > Age(10) => format!(", as read {age} ago"),
        _ => String::new(),
    };
    let identity = session.identity();
    let of = |to_see: bool| needs.iter().filter(move |need| need.to_see == to_see);
    let all = |to_see: bool| {
        let words: Vec<String> = of(to_see).map(Need::said).collect();
        words.join(", ")
    };
    let check = |to_see: bool, name: &str| -> Option<Check> {
        of(to_see).next()?;
        let mut unknown = false;
        let lacking: Vec<String> = of(to_see)
            .filter(|need| {
                let held: Vec<Option<bool>> =
                    need.any_of.iter().map(|privilege| session.has(privilege, &need.path)).collect();
                unknown |= held.contains(&None);
                held.iter().all(|has| *has == Some(false))
            })
            .map(Need::said)
            .collect();
        let check = match (lacking.is_empty(), unknown, to_see) {
            (true, true, _) => Check::unknown(name, format!("The privileges of {identity} could not be read.")),
            (true, false, _) => Check::passed(name, format!("{identity} has {}{read}.", all(to_see))),
            (false, _, false) => Check::failed(name, format!("{identity} lacks {}{read}.", lacking.join(", "))),
            (false, _, true) => Check::unknown(
                name,
                format!(
                    "{identity} lacks {}{read}: it may be done, and what became of it cannot be seen.",
                    lacking.join(", ")
                ),
            ),
        };
        Some(check.by("GET /access/permissions"))
    };
    [check(false, "privilege"), check(true, "seeing the result")].into_iter().flatten().collect()
}
