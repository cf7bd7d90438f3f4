//! What guests have in common that are not there yet: a number, a goal, and how they are removed again.

use crate::error::Error;
use crate::loose;
use crate::model::guest::{Guest, Status};
use crate::page::{State, Tone};
use crate::plan::draft::{Draft, Seen};
use crate::plan::{Check, Plan};
use crate::session::Session;
use crate::units::Age;
use crate::wire::Call;

/// The number of a guest that is to be: the one that was asked for, or the next that is free, from `/cluster/nextid`.
pub(super) fn number(session: &Session, wanted: Option<u32>) -> Result<u32, Error> {
    if let Some(wanted) = wanted {
        return Ok(wanted);
    }
    let answer = session.ask(Call::get("/cluster/nextid"))?;
    let next = answer.reply.data::<serde_json::Value>(&answer.call)?;
    loose::u64(next)
        .ok()
        .flatten()
        .and_then(|next| u32::try_from(next).ok())
        .ok_or_else(|| Error::setup("The cluster names no free number", "Choose one with .vmid(n)"))
}

/// Whether the number is free.
pub(super) fn free(session: &Session, vmid: u32) -> Check {
    const NAME: &str = "number";
    let check = match session.ask(Call::get("/cluster/nextid").with("vmid", vmid.to_string())) {
        Ok(_) => Check::passed(NAME, format!("{vmid} is free.")),
        Err(Error::Parameters { fields, .. }) => {
            let why: Vec<String> = fields.iter().map(|(_, why)| why.to_string()).collect();
            Check::failed(NAME, format!("{vmid} is not free: {}", why.join("; ")))
        }
        Err(error) => Check::unknown(NAME, format!("Whether {vmid} is free could not be read. {error}")),
    };
    check.by(format!("GET /cluster/nextid?vmid={vmid}"))
}

/// Looks for a guest that is to come into being.
pub(super) fn there(vmid: u32) -> impl Fn(&Session) -> Result<Seen, Error> + Send + Sync + 'static {
    move |session| match Guest::find(session, i64::from(vmid).into()) {
        Ok(guest) => {
            let lock = guest.lock.as_ref().map(|lock| format!(", lock: {}", lock.raw())).unwrap_or_default();
            // The overview learns its name some seconds later; until then nobody can ask for it by that.
            let listed = Guest::list(session)?.find(|listed| listed.vmid == vmid);
            let named = listed.is_some_and(|listed| listed.name.is_known());
            let reached = named && guest.status != Status::Unknown && guest.lock.is_none();
            let state = guest.state();
            Ok(Seen {
                now: State::new(state.tone, format!("{guest}, {}{lock}", state.word.raw())),
                reached,
                guest: None,
            })
        }
        Err(Error::NotFound { .. }) => {
            Ok(Seen { now: State::new(Tone::Off, format!("there is no guest {vmid}")), reached: false, guest: None })
        }
        Err(error) => Err(error),
    }
}

impl Draft {
    /// It makes this guest: that is its goal, and removing the guest undoes it.
    pub(super) fn makes(mut self, vmid: u32) -> Draft {
        self.task_id = vmid.to_string().into();
        self.goal_within(Age(20), "Look at pve.guests()? and at pve.tasks()?", there(vmid))
            .undo(format!("pve.guest({vmid})?.delete()"), move |session| -> Result<Plan, Error> {
                Ok(Guest::find(session, i64::from(vmid).into())?.delete())
            })
    }

    /// The guest that it makes is also started, by a task of its own.
    pub(super) fn and_runs(self, vmid: u32) -> Draft {
        let there = there(vmid);
        self.goal_within(Age(60), "Look at pve.guests()? and at pve.tasks()?", move |session| {
            let seen = there(session)?;
            let runs = seen.reached && Guest::find(session, i64::from(vmid).into())?.is_running();
            Ok(Seen { reached: runs, ..seen })
        })
    }

    /// It cannot even be written down, for this reason. That is no check: there is nothing to go on with.
    pub(super) fn impossible(mut self, error: &Error) -> Draft {
        let why = error.to_string().trim_end_matches('.').to_owned();
        self.vain.push((format!("It cannot be written down: {why}"), "Mend that, then make the plan anew".into()));
        self
    }
}
