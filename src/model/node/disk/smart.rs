//! How a disk's report on itself is shown: its judgement, then every attribute or line.

use super::{Smart, SmartAttribute, health_cell};
use crate::model::list::{Column, Listed, column};
use crate::page::{Cell, Grid, Page, State, Tone};
use crate::render::View;

impl SmartAttribute {
    /// Whether the disk says that this is a failure, now or once.
    pub fn is_failure(&self) -> bool {
        self.fail.as_ref().known().is_some_and(|fail| *fail != "-" && !fail.is_blank())
    }

    fn row(&self) -> Vec<Cell> {
        let fail = match self.fail.as_ref().known() {
            Some(word) if self.is_failure() => State::new(Tone::Wrong, word.clone()).into(),
            Some(_) => Cell::from("no"),
            None => self.fail.clone().into(),
        };
        vec![
            self.name.clone().into(),
            fail,
            self.raw.clone().into(),
            self.normalized.into(),
            self.worst.into(),
            self.threshold.into(),
        ]
    }
}

impl Listed for Smart {
    const NOUN: (&'static str, &'static str) = ("report of a disk", "reports of disks");

    fn columns() -> Vec<Column<Smart>> {
        vec![
            column!("Disk", |s: &Smart| s.disk.clone()),
            column!("Health", |s: &Smart| health_cell(&s.health)),
            column!("Endurance left", |s: &Smart| s.wearout),
        ]
    }
}

impl View for Smart {
    fn page(&self) -> Page {
        let failures: Vec<String> =
            self.attributes.iter().filter(|a| a.is_failure()).map(|a| a.name.to_string()).collect();
        let rest = if failures.is_empty() { ".".into() } else { format!("; failing: {}.", failures.join(", ")) };
        let mut page = Page::new(format!("What {} says of itself", self.disk.raw()))
            .question("Is the disk well?")
            .answer(format!("Its judgement is {}", self.health), rest);
        if self.wearout.is_known() {
            page = page.facts([("Endurance left", Cell::from(self.wearout))]);
        }
        if !self.attributes.is_empty() {
            let grid = Grid::new(["Attribute", "Failing", "Raw", "Now", "Worst", "Fails below"]);
            page = page.table(grid.rows(self.attributes.iter().map(SmartAttribute::row)));
        }
        if let Some(text) = &self.text {
            page = page.lines(text.raw().lines());
        }
        page.provenance(self.origin.provenance())
    }
}
