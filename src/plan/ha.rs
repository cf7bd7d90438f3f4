//! High availability: who is looked after, and what is wanted of it.

use crate::error::Error;
use crate::model::cluster::ha_resource::HaResource;
use crate::model::guest::Guest;
use crate::page::{State, Tone};
use crate::plan::draft::{Draft, Seen};
use crate::plan::power::HA_PATIENCE;
use crate::plan::{Check, Plan};
use crate::session::Session;
use crate::text::Text;
use crate::wire::{Call, Method};

/// The states that can be asked for.
const STATES: [&str; 4] = ["started", "stopped", "disabled", "ignored"];

impl Guest {
    /// The plan to let high availability look after it, from now on: it is kept running, or off if it is off now.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let done = pve.guest("mail")?.ha_add().run()?;
    /// assert!(pve.ha_resources()?.any(|resource| resource.vmid() == Some(104)));
    /// done.undo()?; // the plan to take it out again
    /// # Ok(()) }
    /// ```
    pub fn ha_add(&self) -> Plan {
        let state = |guest: &Guest| if guest.is_stopped() { "stopped" } else { "started" };
        let draft = Draft::on(self, "Let high availability look after", |guest| {
            Call::new(Method::Post, "/cluster/ha/resources").with("sid", sid(guest)).with("state", state(guest))
        });
        let Some(guest) = draft.guest().cloned() else { return draft.plan() };
        let vmid = guest.vmid;
        draft
            .check(managed(&guest, false))
            .needs(&["Sys.Console"], "/")
            .effect(format!(
                "It is kept {}: when its node fails, it is started on another one, unless its disks are of that node alone.",
                state(&guest)
            ))
            .goal(watch(&guest, |resource| resource.is_some()))
            .undo(format!("{}.ha_remove()", guest.code()), move |session| {
                Ok(Guest::find(session, i64::from(vmid).into())?.ha_remove())
            })
            .plan()
    }

    /// The plan to take it out of high availability. It stays as it is, running or not.
    pub fn ha_remove(&self) -> Plan {
        let draft = Draft::on(self, "Take out of high availability:", |guest| {
            Call::new(Method::Delete, format!("/cluster/ha/resources/{}", sid(guest)))
        });
        let Some(guest) = draft.guest().cloned() else { return draft.plan() };
        let vmid = guest.vmid;
        draft
            .check(managed(&guest, true))
            .needs(&["Sys.Console"], "/")
            .effect("Nobody starts it on another node any more when its own fails. It stays as it is.")
            .goal(watch(&guest, |resource| resource.is_none()))
            .undo(format!("{}.ha_add()", guest.code()), move |session| {
                Ok(Guest::find(session, i64::from(vmid).into())?.ha_add())
            })
            .plan()
    }

    /// The plan to ask high availability for a state: `started`, `stopped`, `disabled` or `ignored`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let text = pve.guest("db-main")?.ha_request("stopped").page().text();
    /// assert!(text.contains("PUT /cluster/ha/resources/vm:103"));
    /// # Ok(()) }
    /// ```
    pub fn ha_request(&self, state: &str) -> Plan {
        let shown = Text::from(state);
        let draft = Draft::on(self, &format!("Ask high availability to have {shown}:"), |guest| {
            Call::new(Method::Put, format!("/cluster/ha/resources/{}", sid(guest))).with("state", state)
        });
        let Some(guest) = draft.guest().cloned() else { return draft.plan() };
        let known = STATES.contains(&state);
        let before = resource(&draft.session, &guest);
        let was = before.ok().flatten().map(|resource| asked(&resource));
        let mut draft = draft
            .check(managed(&guest, true))
            .check(Check::passed_if(
                "state asked for",
                known,
                match known {
                    true => format!("{shown} is one that can be asked for."),
                    false => format!("{shown} is none that can be asked for: {}.", STATES.join(", ")),
                },
            ))
            .needs(&["Sys.Console"], "/")
            .effect("The cluster's manager acts on it some seconds later; what counts is the guest's real state.");
        if was.as_ref().is_some_and(|was| was == state) {
            draft = draft.check(Check::failed("difference", format!("It is asked to be {shown} already.")));
        }
        let (watched, wanted) = (guest.clone(), state.to_owned());
        let draft = draft.goal_within(HA_PATIENCE, "Look at pve.ha_status()?", move |session| {
            let now = watched.now(session)?;
            let reached = match wanted.as_str() {
                "started" => now.is_running(),
                "stopped" | "disabled" => now.is_stopped(),
                _ => resource(session, &now)?.is_some_and(|it| asked(&it) == wanted),
            };
            Ok(Seen { reached, guest: Some((now.vmid, now.status.to_string().into())), now: now.state() })
        });
        let vmid = guest.vmid;
        match was {
            Some(was) => draft.undo(format!("{}.ha_request({was:?})", guest.code()), move |session| {
                Ok(Guest::find(session, i64::from(vmid).into())?.ha_request(&was))
            }),
            None => draft.no_undo("What was asked of it before is not known."),
        }
        .plan()
    }
}

/// As high availability names it: `vm:101`, `ct:201`.
pub(super) fn sid(guest: &Guest) -> String {
    format!("{}:{}", if guest.is_vm() { "vm" } else { "ct" }, guest.vmid)
}

fn resource(session: &Session, guest: &Guest) -> Result<Option<HaResource>, Error> {
    let sid = sid(guest);
    Ok(HaResource::list(session)?.find(|resource| resource.sid == sid.as_str()))
}

/// What is asked of it; not set, that it runs.
fn asked(resource: &HaResource) -> String {
    resource.state.as_ref().known().map_or_else(|| "started".to_owned(), ToString::to_string)
}

/// Whether it is managed, where it has to be, or is not to be.
fn managed(guest: &Guest, wanted: bool) -> Check {
    const NAME: &str = "high availability";
    match (resource(&guest.session, guest), wanted) {
        (Ok(Some(_)), true) => Check::passed(NAME, "High availability manages it."),
        (Ok(None), false) => Check::passed(NAME, "High availability does not manage it yet."),
        (Ok(Some(_)), false) => Check::failed(NAME, "High availability manages it already."),
        (Ok(None), true) => {
            Check::failed(NAME, format!("High availability does not manage it; {}.ha_add() lets it.", guest.code()))
        }
        (Err(error), _) => Check::unknown(NAME, format!("Whether it is managed could not be read. {error}")),
    }
    .by("GET /cluster/ha/resources")
}

fn watch(
    guest: &Guest,
    reached: impl Fn(Option<&HaResource>) -> bool + Send + Sync + 'static,
) -> impl Fn(&Session) -> Result<Seen, Error> + Send + Sync + 'static {
    let guest = guest.clone();
    move |session| {
        let resource = resource(session, &guest)?;
        let now = match &resource {
            Some(resource) => State::new(Tone::Good, format!("managed, asked to be {}", asked(resource))),
            None => State::new(Tone::Off, "not managed"),
        };
        Ok(Seen { now, reached: reached(resource.as_ref()), guest: None })
    }
}
