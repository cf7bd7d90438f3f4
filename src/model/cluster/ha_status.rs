//! High availability as it is now: quorum, its master, the agent on each node, the watchdog, and each guest in its care.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::record::{Ask, Origin, record};
use crate::model::words::words;
use crate::page::{State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Moment, Reading};

words! {
    /// What an entry of the HA status is about.
    pub enum HaKind {
        /// Whether the cluster can decide.
        Quorum = "quorum",
        /// The node whose manager decides.
        Master = "master",
        /// The watchdog that restarts a node that lost the others.
        Fencing = "fencing",
        /// The agent that carries out decisions on a node.
        Agent = "lrm",
        /// A guest in the care of high availability.
        Service = "service",
    }
}

fields! {
    /// An entry of the HA status, from `/cluster/ha/status/current`. Needs Sys.Audit on `/`.
    #[derive(Clone, Default)]
    pub struct HaEntry {
        /// `quorum`, `master`, `fencing`, `lrm:pve1`, `service:vm:101`.
        pub id: Text,
        /// What it is about.
        #[field("type")]
        pub kind: Reading<HaKind>,
        /// The node concerned.
        pub node: Option<Text>,
        /// Its state in a line, with more than the other fields have.
        pub status: Text,
        /// Of the quorum: whether there is one.
        #[field(loose::flag)]
        pub quorate: Option<bool>,
        /// Of the master and of agents: when they last said that they are alive.
        #[field(loose::optional)]
        pub timestamp: Option<Moment>,
        /// Of a guest: its word in the API, `vm:101`.
        pub sid: Option<Text>,
        /// Of a guest: its state, with what is being done: `started`, `stopped`, `migrate`, `error`, `queued`, ...
        pub state: Option<Text>,
        /// Of a guest: its state as the manager keeps it.
        pub crm_state: Option<Text>,
        /// Of a guest: the state that is wanted.
        pub request_state: Option<Text>,
        /// Of a guest: how often a start is tried on the same node.
        #[field(loose::u64)]
        pub max_restart: Option<u64>,
        /// Of a guest: how often another node is tried.
        #[field(loose::u64)]
        pub max_relocate: Option<u64>,
        /// Of a guest: whether it goes back to a preferred node that is there again.
        #[field(loose::flag)]
        pub failback: Option<bool>,
        /// Of a guest: its HA group, in clusters that still have groups.
        pub group: Option<Text>,
        /// Of a guest: what was noted.
        pub comment: Option<Text>,
        /// Of fencing: `armed`, `standby`, `disarming` or `disarmed`.
        #[field("armed-state")]
        pub armed_state: Option<Text>,
        /// Of fencing: what becomes of the guests while it is disarmed, `freeze` or `ignore`.
        pub resource_mode: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(HaEntry: "/cluster/ha/status/current");

impl HaEntry {
    pub(crate) fn list(session: &Session) -> Result<List<HaEntry>, Error> {
        let list: List<HaEntry> = Ask::new(session, "/cluster/ha/status/current")
            .titled("High availability now")
            .question("Is high availability at work, and is each guest in its care as it should be?")
            .list()?;
        let silent = list.any(|entry| entry.kind == HaKind::Master && entry.is_wrong());
        if !silent {
            return Ok(list);
        }
        let sight = list.sight().remark("The master is silent: what is said of each guest is what it knew last.");
        Ok(list.with_sight(sight))
    }

    /// Whether it is about a guest.
    pub fn is_guest(&self) -> bool {
        self.kind == HaKind::Service
    }

    /// Whether something is wrong with it: no quorum, a master or an agent that is silent, a guest in error, fenced or
    /// being recovered.
    pub fn is_wrong(&self) -> bool {
        self.tone() == Tone::Wrong
    }

    fn tone(&self) -> Tone {
        let Reading::Known(kind) = &self.kind else { return Tone::Unknown };
        match kind {
            HaKind::Quorum if self.quorate == Some(true) => Tone::Good,
            HaKind::Quorum => Tone::Wrong,
            HaKind::Master | HaKind::Agent => self.tone_of_silence(),
            HaKind::Fencing => match self.armed_state.as_ref().map(Text::raw) {
                Some("armed") => Tone::Good,
                Some("standby") => Tone::Off,
                Some("disarming" | "disarmed") => Tone::Held,
                _ => Tone::Unknown,
            },
            HaKind::Service => match self.state.as_ref().map(Text::raw) {
                Some("started") => Tone::Good,
                Some("stopped" | "disabled" | "ignored" | "ignore") => Tone::Off,
                Some("error" | "fence" | "recovery") => Tone::Wrong,
                Some(_) => Tone::Held,
                None => Tone::Unknown,
            },
            HaKind::Other(_) => Tone::Unknown,
        }
    }

    /// The server itself judges by the time whether a master or an agent is alive, and says it in words.
    fn tone_of_silence(&self) -> Tone {
        match self.status.raw() {
            words if words.contains("old timestamp") || words.contains("unable to read") => Tone::Wrong,
            words if words.contains("maintenance") || words.contains("disarm") => Tone::Held,
            words if words.contains("active,") || words.contains("active)") && !words.contains("watchdog active)") => {
                Tone::Good
            }
            _ => Tone::Off,
        }
    }

    fn shown_state(&self) -> State {
        let word = match (&self.state, &self.armed_state, self.quorate) {
            (Some(state), ..) => state.clone(),
            (_, Some(armed), _) => armed.clone(),
            (.., Some(true)) => "quorate".into(),
            (.., Some(false)) => "no quorum".into(),
            _ => self.first_word(),
        };
        State::new(self.tone(), word)
    }

    /// What stands first in the brackets: `pve1 (active, watchdog active, Thu Jan 15 …)`.
    fn first_word(&self) -> Text {
        let inside = self.status.raw().split_once('(').map_or(self.status.raw(), |(_, inside)| inside);
        inside.split([',', ')']).next().unwrap_or_default().into()
    }
}

impl Listed for HaEntry {
    const NOUN: (&'static str, &'static str) = ("HA entry", "HA entries");

    fn columns() -> Vec<Column<HaEntry>> {
        vec![
            column!("What", |e: &HaEntry| e.id.clone()),
            column!("State", HaEntry::shown_state).by("state armed_state quorate status kind", "the first of state, armed-state and quorate that is there, else the first word in the brackets of status; how bad it is goes by the type and by status"),
            column!("Node", |e: &HaEntry| e.node.clone()),
            column!("Wanted", |e: &HaEntry| e.request_state.clone()),
            column!("Last sign of life", |e: &HaEntry| e.timestamp),
            column!("In a line", |e: &HaEntry| e.status.clone()),
        ]
    }

    fn summary(entries: &[HaEntry]) -> (String, String) {
        let guests = entries.iter().filter(|entry| entry.is_guest()).count();
        let wrong: Vec<String> = entries
            .iter()
            .filter(|entry| entry.is_wrong())
            .map(|entry| format!("{} ({})", entry.id, entry.shown_state().word))
            .collect();
        let rest = if wrong.is_empty() { ".".into() } else { format!("; wrong: {}.", wrong.join(", ")) };
        (count(guests, ("guest in its care", "guests in its care")), rest)
    }
}
