//! A guest in the care of high availability, as it is configured.

use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::property::Properties;
use crate::model::record::{Ask, Origin, record};
use crate::model::words::words;
use crate::page::{Cell, State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Reading, Why};

words! {
    /// What high availability is to make of a guest.
    pub enum HaRequest {
        /// Run it, and move it when its node fails.
        Started = "started",
        /// The same, in an older word.
        Enabled = "enabled",
        /// Keep it stopped, and move it when its node fails.
        Stopped = "stopped",
        /// Keep it stopped where it is; the way out of an error.
        Disabled = "disabled",
        /// Leave it alone.
        Ignored = "ignored",
    }
}

fields! {
    /// A guest in the care of high availability, from `/cluster/ha/resources`. Needs Sys.Audit on `/`. What is not set has
    /// the default of Proxmox VE.
    #[derive(Clone, Default)]
    pub struct HaResource {
        /// Its word in the API: `vm:101`, `ct:200`.
        pub sid: Text,
        /// `vm` or `ct`.
        #[field("type")]
        pub kind: Reading<Text>,
        /// What is wanted; not set, that it runs.
        pub state: Reading<HaRequest>,
        /// How often a start is tried on the same node; not set, once.
        pub max_restart: Reading<u64>,
        /// How often another node is tried; not set, once.
        pub max_relocate: Reading<u64>,
        /// Whether it goes back to a preferred node that is there again; not set, it does.
        pub failback: Reading<bool>,
        /// Its HA group, in clusters that still have groups.
        pub group: Option<Text>,
        /// What was noted.
        pub comment: Option<Text>,
        /// What is wrong with its configuration, by setting.
        pub errors: Properties,
        /// The checksum of the configuration it stands in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(HaResource: "/cluster/ha/resources", "/cluster/ha/resources/{sid}");

/// What the answer leaves out is not set.
pub(crate) fn not_set<T>(field: &mut Reading<T>) {
    if let Reading::Missing(why @ Why::NotInAnswer) = field {
        *why = Why::NotSet;
    }
}

impl HaResource {
    pub(crate) fn list(session: &Session) -> Result<List<HaResource>, Error> {
        Ask::new(session, "/cluster/ha/resources")
            .titled("Guests in the care of high availability")
            .question("Which guests are started elsewhere when their node fails?")
            .list_with(|resource: &mut HaResource| {
                not_set(&mut resource.state);
                not_set(&mut resource.max_restart);
                not_set(&mut resource.max_relocate);
                not_set(&mut resource.failback);
            })
            .map(|resources| resources.sorted_by_key(|resource: &HaResource| resource.vmid()))
    }

    /// The guest's number.
    pub fn vmid(&self) -> Option<u32> {
        let (_, number) = self.sid.raw().split_once(':')?;
        number.parse().ok()
    }

    fn wanted(&self) -> Cell {
        match &self.state {
            Reading::Known(state @ (HaRequest::Started | HaRequest::Enabled)) => {
                State::new(Tone::Good, state.word()).into()
            }
            Reading::Known(state @ HaRequest::Other(_)) => State::new(Tone::Unknown, state.word()).into(),
            Reading::Known(state) => State::new(Tone::Off, state.word()).into(),
            Reading::Missing(Why::NotSet) => State::new(Tone::Good, "started").into(),
            Reading::Missing(why) => (*why).into(),
        }
    }
}

impl Listed for HaResource {
    const NOUN: (&'static str, &'static str) = ("guest in its care", "guests in its care");

    fn columns() -> Vec<Column<HaResource>> {
        vec![
            column!("Guest", |r: &HaResource| r.sid.clone()),
            column!("Wanted", HaResource::wanted).by("state", "started unless something else is set"),
            column!("Restarts", |r: &HaResource| r.max_restart),
            column!("Other nodes", |r: &HaResource| r.max_relocate),
            column!("Goes back", |r: &HaResource| r.failback),
            column!("Errors", |r: &HaResource| r.errors.clone()),
            column!("Comment", |r: &HaResource| r.comment.clone()),
        ]
    }

    fn summary(resources: &[HaResource]) -> (String, String) {
        let off = resources.iter().filter(|r| matches!(r.wanted(), Cell::State(s) if s.tone == Tone::Off)).count();
        let rest = if off == 0 { ".".into() } else { format!(", {off} of them not to run.") };
        (count(resources.len(), HaResource::NOUN), rest)
    }
}
