//! High availability: who is looked after, and what is wanted of it.

use crate::error::Error;
use crate::model::cluster::ha_resource::HaResource;
use crate::model::cluster::ha_rule::HaRule;
use crate::model::guest::Guest;
use crate::page::{State, Tone};
use crate::plan::draft::{Draft, Seen};
use crate::plan::power::HA_PATIENCE;
use crate::plan::{Check, Plan};
use crate::session::Session;
use crate::text::Text;
use crate::units::Reading;
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
        add(self, |guest| if guest.is_stopped() { "stopped" } else { "started" }.to_owned())
    }

    /// The same, asked for this state from the beginning: `started`, `stopped`, `disabled` or `ignored`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// pve.guest("mail")?.ha_add_as("ignored").with("comment", "until CHG-123 is done").run()?;
    /// assert!(pve.ha_resources()?.any(|resource| resource.vmid() == Some(104)));
    /// # Ok(()) }
    /// ```
    pub fn ha_add_as(&self, state: &str) -> Plan {
        add(self, |_| state.to_owned())
    }

    /// The plan to take it out of high availability. It stays as it is, running or not. Rules that name it go on naming it,
    /// unless `.with("purge", 1)` takes it out of them as well.
    pub fn ha_remove(&self) -> Plan {
        let rules = rules_with(self);
        let draft = Draft::on(self, "Take out of high availability:", |guest| {
            let call = Call::new(Method::Delete, format!("/cluster/ha/resources/{}", sid(guest)));
            // Without this Proxmox VE 9 takes it out of its rules. Before, there were no rules, and no such parameter.
            match &rules {
                Ok(rules) if rules.is_empty() => call,
                Ok(_) | Err(Error::NotPermitted { .. }) => call.with("purge", "0"),
                Err(_) => call,
            }
        });
        let Some(guest) = draft.guest().cloned() else { return draft.plan() };
        const PURGED: &str = "It is taken out of the rules that name it, and a rule that names no other is removed: nothing of \
                              that comes back with it.";
        let of_rules = said_of_rules(&rules);
        let before = resource(&draft.session, &guest).ok().flatten();
        let draft = draft
            .check(managed(&guest, true))
            .needs(&["Sys.Console"], "/")
            .sees(&["Sys.Audit"], "/")
            .effect("Nobody starts it on another node any more when its own fails. It stays as it is.")
            .effect(&of_rules)
            .unless("purge", &of_rules, PURGED)
            .goal(watch(&guest, |resource| resource.is_none()));
        match before {
            Some(before) => put_back(draft, &guest, &before),
            None => draft.no_undo("How it was managed could not be read."),
        }
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
        let before = resource(&draft.session, &guest);
        let was = before.ok().flatten().map(|resource| asked(&resource));
        let mut draft = draft
            .check(managed(&guest, true))
            .check(askable(state))
            .needs(&["Sys.Console"], "/")
            .sees(&["Sys.Audit"], "/")
            .sees(&["VM.Audit"], format!("/vms/{}", guest.vmid))
            .effect("The cluster's manager acts on it some seconds later; what counts is the guest's real state.");
        if was.as_ref().is_some_and(|was| was == state) {
            let asked = Check::already("difference", format!("It is asked to be {shown} already."));
            draft = draft.check(asked.by("GET /cluster/ha/resources"));
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
        let draft = draft.by_manager(true);
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

/// The plan to let high availability look after it, asked for this state.
fn add(seen: &Guest, state: impl Fn(&Guest) -> String) -> Plan {
    let draft = Draft::on(seen, "Let high availability look after", |guest| {
        Call::new(Method::Post, "/cluster/ha/resources").with("sid", sid(guest)).with("state", state(guest))
    });
    let Some(guest) = draft.guest().cloned() else { return draft.plan() };
    let (vmid, state) = (guest.vmid, state(&guest));
    draft
        .check(managed(&guest, false))
        .check(askable(&state))
        .needs(&["Sys.Console"], "/")
        .sees(&["Sys.Audit"], "/")
        .effect(match state.as_str() {
            "started" | "stopped" => format!(
                "It is kept {state}: when its node fails, it is started on another one, unless its disks are of that node alone."
            ),
            _ => format!("It is asked to be {}: nothing is done to it as long as it is.", Text::from(&state)),
        })
        .goal(watch(&guest, |resource| resource.is_some()))
        .undo(format!("{}.ha_remove()", guest.code()), move |session| {
            Ok(Guest::find(session, i64::from(vmid).into())?.ha_remove())
        })
        .plan()
}

/// The rules of high availability that name it.
fn rules_with(guest: &Guest) -> Result<Vec<Text>, Error> {
    let sid = sid(guest);
    let rules = HaRule::list(&guest.session)?;
    let named = rules.iter().filter(|rule| rule.resources.iter().any(|resource| *resource == sid.as_str()));
    Ok(named.map(|rule| rule.rule.clone()).collect())
}

fn said_of_rules(rules: &Result<Vec<Text>, Error>) -> String {
    match rules.as_ref().map(Vec::as_slice) {
        Ok([]) => "No rule of high availability names it.".into(),
        Ok(rules) => {
            let names: Vec<&str> = rules.iter().map(Text::raw).collect();
            let names = Text::from(names.join(", "));
            format!("Rules that name it go on naming it, for when it comes back: {names}.")
        }
        Err(Error::NotPermitted { .. }) => "Rules that name it go on naming it, for when it comes back.".into(),
        Err(error) => format!(
            "The rules of high availability could not be read; where there are some, it is taken out of them. {error}"
        ),
    }
}

/// It comes back as it was asked for, with its settings.
fn put_back(draft: Draft, guest: &Guest, before: &HaResource) -> Draft {
    let mut settings: Vec<(&'static str, String)> = Vec::new();
    let numbers = [("max_restart", before.max_restart), ("max_relocate", before.max_relocate)];
    settings.extend(numbers.iter().filter_map(|(key, number)| Some((*key, number.known()?.to_string()))));
    if let Reading::Known(failback) = before.failback {
        settings.push(("failback", u8::from(failback).to_string()));
    }
    let words = [("group", &before.group), ("comment", &before.comment)];
    settings.extend(words.iter().filter_map(|(key, word)| Some((*key, word.as_ref()?.raw().to_owned()))));
    let (vmid, state) = (
        guest.vmid,
        match asked(before).as_str() {
            // An older word for the same.
            "enabled" => "started".to_owned(),
            state => state.to_owned(),
        },
    );
    let with: String = settings.iter().map(|(key, value)| format!(".with({key:?}, {value:?})")).collect();
    draft.undo(format!("{}.ha_add_as({state:?}){with}", guest.code()), move |session| {
        let plan = Guest::find(session, i64::from(vmid).into())?.ha_add_as(&state);
        Ok(settings.iter().fold(plan, |plan, (key, value)| plan.with(key, value)))
    })
}

/// Whether the state is one that can be asked for.
fn askable(state: &str) -> Check {
    let (known, shown) = (STATES.contains(&state), Text::from(state));
    let reason = match known {
        true => format!("{shown} is one that can be asked for."),
        false => format!("{shown} is none that can be asked for: {}.", STATES.join(", ")),
    };
    Check::passed_if("state asked for", known, reason)
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
        (Ok(Some(_)), false) => Check::already(NAME, "High availability manages it already."),
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
