//! How a guest is shown: its row in a table, and its page.

use crate::error::Error;
use crate::model::guest::{Guest, Status};
use crate::model::list::{Column, Listed, NEXT, count};
use crate::model::together::joined;
use crate::page::{Cell, Level, Page, State, Tone};
use crate::render::View;
use crate::text::Text;
use crate::units::{Ratio, Reading, Why};

impl Listed for Guest {
    const NOUN: (&'static str, &'static str) = ("guest", "guests");

    fn columns() -> Vec<Column<Guest>> {
        vec![
            Column::new("Guest", |g: &Guest| g.name_cell()),
            Column::new("State", |g: &Guest| g.state()),
            Column::new("Node", |g: &Guest| g.node.clone()),
            Column::new("CPU", |g: &Guest| g.cpu),
            Column::new("Memory", |g: &Guest| Cell::usage(g.mem, g.maxmem)),
            Column::new("First disk", |g: &Guest| g.maxdisk),
            Column::new("Up", |g: &Guest| g.uptime),
            Column::new("Tags", |g: &Guest| join(&g.tags)),
            Column::new(NEXT, |g: &Guest| g.next()),
        ]
    }

    fn summary(guests: &[Guest]) -> (String, String) {
        (count(guests.len(), Guest::NOUN), by_state(guests))
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

    /// What it does, in a few words.
    fn answer(&self) -> String {
        match self.status {
            Status::Unknown => format!("The state of {} is not known", self.called().raw()),
            _ => format!("{} is {}", self.called().raw(), self.status),
        }
    }

    /// Where it does so, or why that is not known.
    fn whereabouts(&self) -> String {
        match (&self.status, self.cpu.why()) {
            (Status::Unknown, Some(Why::NodeOffline)) => format!(": {} is offline.", self.node),
            (Status::Unknown, Some(why)) => format!(": {why}, on {}.", self.node),
            _ => format!(" on {}.", self.node),
        }
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

impl View for Guest {
    fn page(&self) -> Page {
        let number = format!("{} {}", self.kind, self.vmid);
        let title = self.name.as_ref().known().map(|name| format!("{} · {number}", name.raw())).unwrap_or(number);
        let page = Page::new(title)
            .question("What is it, where is it, and how does it do?")
            .answer(self.answer(), self.whereabouts())
            .facts([
                ("State", Cell::from(self.state())),
                ("Node", Cell::from(&self.node)),
                ("CPU", cpu_cell(self.cpu, self.maxcpu)),
                ("Memory", Cell::usage(self.mem, self.maxmem)),
                ("Disk used", Cell::from(self.disk)),
                ("First disk", Cell::from(self.maxdisk)),
                ("Running for", Cell::from(self.uptime)),
                ("Pool", self.pool.clone().map_or(Cell::from("none"), Cell::from)),
                ("Tags", if self.tags.is_empty() { Cell::from("none") } else { join(&self.tags) }),
            ]);
        if self.cpu.why() == Some(Why::NodeOffline) {
            let words = format!("Its configuration, snapshots and tasks can be read once {} answers again.", self.node);
            let code = format!("pve.node({:?})?", self.node.raw());
            return page.note(Level::Info, words).code(code).provenance((*self.provenance).clone());
        }
        let config = self.config();
        let page = match &config {
            Ok(config) => match config.notes() {
                Some(notes) => page.section("Notes", Page::new("").lines(notes.raw().lines())),
                None => page,
            },
            Err(_) => page,
        };
        let page =
            part(page, "Configuration", &format!("{}.config()?", self.code()), config.map(|config| config.settings()));
        let page =
            part(page, "Snapshots", &format!("{}.snapshots()?", self.code()), self.snapshots().map(|list| list.page()));
        let page =
            part(page, "Recent tasks", &format!("{}.tasks()?", self.code()), self.tasks().map(|list| list.page()));
        page.code(match self.next() {
            Cell::Button(_, code) if self.is_stopped() => code,
            _ => format!("{}.history(Span::Day)?", self.code()).into(),
        })
        .provenance((*self.provenance).clone())
    }
}

/// A folded part of a page, or the reason why it could not be read.
pub(crate) fn part(page: Page, title: &str, code: &str, part: Result<Page, Error>) -> Page {
    match part {
        Ok(part) => page.section_from(title, code, part),
        Err(error) => page.section_from(
            title,
            code,
            Page::new("").note(Level::Warning, format!("This could not be read. {error}")),
        ),
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

fn join(texts: &[Text]) -> Cell {
    if texts.is_empty() {
        return Cell::Empty;
    }
    Cell::from(joined(texts))
}
