//! A guest's row in a table, and its state in a word.

use crate::model::guest::{Guest, Status};
use crate::model::list::{Column, Listed, NEXT, column, count};
use crate::model::together::joined;
use crate::page::{Cell, State, Tone};
use crate::text::Text;
use crate::units::{Ratio, Reading, Why};

impl Listed for Guest {
    const NOUN: (&'static str, &'static str) = ("guest", "guests");

    fn columns() -> Vec<Column<Guest>> {
        vec![
            column!("Guest", |g: &Guest| g.name_cell()).by("name kind vmid status", "the name, unless the state is not known, with the kind and the number beside it"),
            column!("State", |g: &Guest| g.state()).by("status template lock hastate", "whether it runs, with a lock and what high availability makes of it; wrong where high availability should have it run, or has it in error"),
            column!("Node", |g: &Guest| g.node.clone()),
            column!("CPU", |g: &Guest| g.cpu).by("cpu status", "a guest that is stopped has none, whatever the API sends"),
            column!("Memory", |g: &Guest| Cell::usage(g.mem, g.maxmem))
                .by("mem maxmem status", "what is in use, of what it may use; one that is stopped uses none, whatever the API sends")
                .summed(),
            column!("First disk", |g: &Guest| g.maxdisk)
                .by("maxdisk status", "as it is, unless the state is not known")
                .summed(),
            column!("Up", |g: &Guest| g.uptime).by("uptime status", "a guest that is stopped has none, whatever the API sends"),
            column!("Tags", |g: &Guest| join(&g.tags)),
            column!(NEXT, |g: &Guest| g.next()).by("status template vmid", "the code to go on with; no answer has it"),
        ]
    }

    fn summary(guests: &[Guest]) -> (String, String) {
        (count(guests.len(), Guest::NOUN), by_state(guests))
    }

    fn told(&self) -> Text {
        format!("{} {}", self.kind, self.vmid).into()
    }

    fn out_of_reach(&self) -> Option<Text> {
        let away = self.name.why() == Some(Why::NodeOffline);
        away.then(|| format!("node {} is offline", self.node.raw()).into())
    }
}

/// How many guests are in which state: `: 25 running, 7 stopped.`
fn by_state(guests: &[Guest]) -> String {
    let mut parts = Vec::new();
    let templates = guests.iter().filter(|guest| guest.template).count();
    for status in [Status::Running, Status::Stopped, Status::Paused] {
        let n = guests.iter().filter(|guest| guest.status == status && !guest.template).count();
        if n > 0 {
            parts.push(format!("{n} {status}"));
        }
    }
    let known = [Status::Running, Status::Stopped, Status::Paused];
    let other = guests.iter().filter(|guest| !known.contains(&guest.status) && !guest.template).count();
    if other > 0 {
        parts.push(format!("{other} not known"));
    }
    if templates > 0 {
        parts.push(count(templates, ("template", "templates")));
    }
    if parts.is_empty() { ".".into() } else { format!(": {}.", parts.join(", ")) }
}

/// Its name, with what it is.
impl From<&Guest> for Cell {
    fn from(guest: &Guest) -> Cell {
        guest.name_cell()
    }
}

impl Guest {
    fn name_cell(&self) -> Cell {
        let what = format!("{} {}", self.kind, self.vmid);
        match &self.name {
            Reading::Known(name) => Cell::Name(name.clone(), what.into()),
            Reading::Missing(_) => Cell::Name(what.into(), "name not known".into()),
        }
    }

    /// The state with what qualifies it: a lock, high availability, a template.
    pub(crate) fn state(&self) -> State {
        let mut state = self.status.state();
        let mut marks = Vec::new();
        if self.template {
            state = State::new(Tone::Off, "template");
        }
        if let Some(lock) = &self.lock {
            marks.push(format!("locked: {lock}"));
        }
        match self.hastate.as_ref().map(Text::raw) {
            Some("started") if self.is_stopped() => {
                state = State::new(Tone::Wrong, "stopped, should run");
                marks.push("HA: started".into());
            }
            Some("error" | "fence") => {
                state.tone = Tone::Wrong;
                marks.push(format!("HA: {}", self.hastate.clone().unwrap_or_default()));
            }
            Some(ha) => marks.push(format!("HA: {}", Text::from(ha))),
            None => {}
        }
        if !marks.is_empty() {
            state.word = format!("{} ({})", state.word.raw(), marks.join(", ")).into();
        }
        state
    }

    /// The code to go on with.
    fn next(&self) -> Cell {
        let code = match self.status {
            Status::Stopped if !self.template => format!("{}.start()", self.code()),
            _ => self.code(),
        };
        Cell::Button(code.clone().into(), code.into())
    }
}

pub(crate) fn cpu_cell(used: Reading<Ratio>, cores: Reading<u64>) -> Cell {
    match (used, cores) {
        (Reading::Known(used), Reading::Known(cores)) => {
            Cell::Meter(used, format!("{used} of {}", count(cores as usize, ("core", "cores"))).into())
        }
        (Reading::Known(used), _) => Cell::Ratio(used),
        (Reading::Missing(why), Reading::Known(cores)) => {
            Cell::Missing(format!("of {}, {}", count(cores as usize, ("core", "cores")), why.brief()).into())
        }
        (Reading::Missing(why), _) => why.into(),
    }
}

pub(super) fn join(texts: &[Text]) -> Cell {
    if texts.is_empty() {
        return Cell::Empty;
    }
    Cell::from(joined(texts))
}
