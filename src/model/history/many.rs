//! The histories of many guests or nodes: read together, kept small, shown as small charts on one scale.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::measure::{Measure, line};
use super::{Source, Span};
use crate::model::guest::Guest;
use crate::model::list::{Listed, Table, count};
use crate::model::node::Node;
use crate::model::together::some_of;
use crate::model::unread::Unread;
use crate::page::{Cell, Figure, Level, Page, Provenance};
use crate::render::{Multiples, Small, Unit, View};
use crate::text::Text;
use read::{Load, Measured};

mod read;

/// How many guests or nodes were loaded over a span of time. It shows their CPU and memory as small charts on one scale,
/// the highest first; [`network`](Histories::network) and the like show the rest, and [`cpu_of`](Histories::cpu_of) and
/// the like give cells for tables.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let pve = Pve::demo()?;
/// let guests = pve.guests()?.filter(|g| g.is_running());
/// let day = guests.histories(Span::Day)?;
/// assert!(guests.table().with_histories(&day).page().html().contains("% on average, at most"));
/// let load = day.clone(); // a closure keeps what it uses, and later cells want `day` as well
/// let table = guests.table().column("Network, last day", move |g| load.network_of(g));
/// assert!(table.page().html().contains("KiB/s on average"));
/// assert!(day.page().text().contains("highest first"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Histories {
    span: Span,
    noun: (&'static str, &'static str),
    /// By their places.
    loads: Arc<BTreeMap<String, Load>>,
    unread: Unread,
    provenance: Provenance,
}

/// Whose history is asked for: a guest, or a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose(String);

impl From<&Guest> for Whose {
    fn from(guest: &Guest) -> Whose {
        Whose(Source::place_of_guest(guest))
    }
}

impl From<&Node> for Whose {
    fn from(node: &Node) -> Whose {
        Whose(node.place())
    }
}

impl Histories {
    /// How many there are, with those that could not be read.
    pub fn len(&self) -> usize {
        self.loads.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.loads.is_empty()
    }

    /// CPU use of each within all that it has, as small charts.
    pub fn cpu(&self) -> Figure {
        self.figure(Measure::Cpu)
    }

    /// Memory in use of each within all that it has, as small charts.
    pub fn memory(&self) -> Figure {
        self.figure(Measure::Memory)
    }

    /// Network traffic of each, both ways together, as small charts.
    pub fn network(&self) -> Figure {
        self.figure(Measure::Network)
    }

    /// Disk traffic of each, read and written together, as small charts. Of nodes Proxmox VE keeps none.
    pub fn disk(&self) -> Figure {
        self.figure(Measure::Disk)
    }

    /// Space in use of each within what there is, as small charts: of nodes their root file systems, of containers their
    /// root disks.
    pub fn space(&self) -> Figure {
        self.figure(Measure::Space)
    }

    /// CPU use of one of them, for the cell of a table.
    pub fn cpu_of(&self, whose: impl Into<Whose>) -> Cell {
        self.cell(&whose.into(), Measure::Cpu)
    }

    /// Memory in use of one of them, for the cell of a table.
    pub fn memory_of(&self, whose: impl Into<Whose>) -> Cell {
        self.cell(&whose.into(), Measure::Memory)
    }

    /// Network traffic of one of them, for the cell of a table.
    pub fn network_of(&self, whose: impl Into<Whose>) -> Cell {
        self.cell(&whose.into(), Measure::Network)
    }

    /// Disk traffic of one of them, for the cell of a table.
    pub fn disk_of(&self, whose: impl Into<Whose>) -> Cell {
        self.cell(&whose.into(), Measure::Disk)
    }

    /// Space in use of one of them, for the cell of a table.
    pub fn space_of(&self, whose: impl Into<Whose>) -> Cell {
        self.cell(&whose.into(), Measure::Space)
    }

    fn cell(&self, Whose(place): &Whose, measure: Measure) -> Cell {
        match self.loads.get(place).map(|load| &load.measured) {
            None => Cell::Missing("not among those that were read".into()),
            Some(Err(why)) => Cell::Missing(why.clone()),
            Some(Ok(all)) => match &all[measure as usize] {
                Measured { summary: None, .. } => Cell::Missing("nothing recorded".into()),
                Measured { points, summary, .. } => line(points, *summary, measure.unit()).into(),
            },
        }
    }

    /// Those with numbers, the highest first.
    fn charts(&self, measure: Measure) -> Vec<Small> {
        let small = |load: &Load| {
            let measured = &load.measured.as_ref().ok()?[measure as usize];
            Some(Small {
                name: (load.called.clone(), load.what.clone()),
                points: measured.points.clone(),
                summary: measured.summary?,
                missing: measured.missing,
                of: measured.whole.clone(),
            })
        };
        let mut charts: Vec<Small> = self.loads.values().filter_map(small).collect();
        let height = |chart: &Small| (chart.summary.highest, chart.summary.average);
        charts.sort_by(|one, other| {
            let ((highest, average), (of, other)) = (height(other), height(one));
            highest.total_cmp(&of).then(average.total_cmp(&other))
        });
        charts
    }

    /// Those of which nothing was recorded.
    fn silent(&self, measure: Measure) -> Option<String> {
        let silent =
            |load: &&Load| load.measured.as_ref().is_ok_and(|measured| measured[measure as usize].summary.is_none());
        let names: Vec<String> = self.loads.values().filter(silent).map(|load| load.called.to_string()).collect();
        let why = match measure {
            Measure::Space if self.noun.0 == "guest" => {
                "it is known only inside virtual machines, and only of what runs"
            }
            Measure::Disk if self.noun.0 == "node" => "Proxmox VE keeps it of guests only",
            _ => "they were off, or are too new",
        };
        let of = count(names.len(), self.noun);
        let words = format!("Nothing was recorded of the {} of {of} ({}): {why}.", measure.word(), some_of(&names));
        (!names.is_empty()).then_some(words)
    }

    fn figure(&self, measure: Measure) -> Figure {
        let part = match measure.unit() {
            Unit::Ratio => ", of all that each has",
            _ => measure.together(),
        };
        let of = count(self.loads.len(), self.noun);
        let remarks = self.silent(measure).into_iter().chain(self.unread.said(self.noun)).map(Text::from);
        Multiples {
            title: format!("{} of {of}, last {}{part}", measure.what(), self.span.word()).into(),
            noun: self.noun,
            unit: measure.unit(),
            limit: (measure.unit() == Unit::Ratio).then_some(1.0),
            charts: self.charts(measure),
            remarks: remarks.collect(),
        }
        .figure()
    }

    /// Who went highest, in words.
    fn busiest(&self, measure: Measure) -> Option<String> {
        let charts = self.charts(measure);
        let Small { name: (name, _), summary, .. } = charts.first()?;
        let highest = measure.unit().say(summary.highest);
        Some(format!(
            "{} of {name} went up to {highest} ({} on average)",
            measure.what(),
            measure.unit().say(summary.average)
        ))
    }
}

impl View for Histories {
    fn page(&self) -> Page {
        let of = count(self.loads.len(), self.noun);
        let page = Page::new(format!("The last {} of {of}", self.span.word()))
            .question("Which of them were loaded, when, and how much?");
        let page = match (self.busiest(Measure::Cpu), self.busiest(Measure::Memory)) {
            (Some(cpu), Some(memory)) => page.answer(cpu, format!("; {}.", memory.replace("Memory", "memory"))),
            (Some(one), None) | (None, Some(one)) => page.answer(one, "."),
            (None, None) => page.answer("Nothing was recorded", " in this time: they were off, or are too new."),
        };
        let page = self.unread.said(self.noun).into_iter().fold(page, |page, words| page.note(Level::Warning, words));
        let page = self.silent(Measure::Cpu).into_iter().fold(page, Page::paragraph);
        let page = if self.charts(Measure::Cpu).is_empty() { page } else { page.figure(self.cpu()) };
        let page = if self.charts(Measure::Memory).is_empty() { page } else { page.figure(self.memory()) };
        page.provenance(self.provenance.clone())
    }
}

impl<T: Listed> Table<T>
where
    for<'a> &'a T: Into<Whose>,
{
    /// With the CPU and the memory of that time as small lines, in place of what they are just now.
    pub fn with_histories(&self, histories: &Histories) -> Table<T> {
        let (cpu, memory) = (histories.clone(), histories.clone());
        let last = histories.span.word();
        let table = self.column(format!("CPU, last {last}"), move |item| cpu.cpu_of(item));
        let table = table.column(format!("Memory, last {last}"), move |item| memory.memory_of(item));
        table.hide_column("CPU").hide_column("Memory")
    }
}

impl fmt::Debug for Histories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Histories(last {} of {})", self.span.word(), count(self.loads.len(), self.noun))
    }
}
