//! What a lens does to objects: columns and parts that it adds, by their types, and those that it hides.

use std::sync::Arc;

use crate::error::Error;
use crate::lens::{Code, Lens, Seen, Step, is_same, type_name};
use crate::model::inspect::titled;
use crate::model::list::{Column, Listed, NEXT};
use crate::page::{Block, Cell, Page, Provenance, bare_title, without_sections};
use crate::render::View;
use crate::text::Text;

mod file;
mod known;
mod page;

pub(crate) use known::{OF_CLUSTER, remarks};

/// What has a page of parts that fold, to which a lens can add others.
pub trait Inspected: Sized + 'static {
    /// The parts that its page may have, by their titles.
    const PARTS: &'static [&'static str];
}

/// What makes a cell of an object.
type CellOf<T> = Arc<dyn Fn(&T) -> Cell + Send + Sync>;
/// What makes a part of an object's page.
type PageOf<T> = Arc<dyn Fn(&T) -> Result<Page, Error> + Send + Sync>;

impl Lens {
    /// One more column for every table of these, and one more fact on the page of each. One of the same name is replaced in
    /// its place.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let finance = Lens::new("finance").column("Owner", |guest: &Guest| guest.tag_value("owner"));
    /// let pve = Pve::demo()?.with(&finance);
    /// assert!(pve.node("pve1")?.guests()?.page().text().contains("Owner"));
    /// # Ok(()) }
    /// ```
    pub fn column<T: Listed, C: Into<Cell>>(
        &self,
        name: impl Into<Text>,
        cell: impl Fn(&T) -> C + Send + Sync + 'static,
    ) -> Lens {
        let cell: CellOf<T> = Arc::new(move |item| cell(item).into());
        self.step(Step::Column { of: type_name::<T>(), name: name.into(), cell: Arc::new(cell) })
    }

    /// Without this column in the tables of one type, and without the fact of this name on its pages.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let brief = Lens::new("brief").hide_column_of::<Guest>("CPU");
    /// let pve = Pve::demo()?.with(brief);
    /// assert!(!pve.guests()?.page().text().contains("CPU") && pve.nodes()?.page().text().contains("CPU"));
    /// # Ok(()) }
    /// ```
    pub fn hide_column_of<T: Listed>(&self, name: impl Into<Text>) -> Lens {
        self.step(Step::HideColumn { of: Some(type_name::<T>().into()), name: name.into() })
    }

    /// One more part for the page of each of these, below its first; one of the same title is replaced in its place. The
    /// closure may read more; where that fails, the part says why.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let rate = Unit::per_gib(0.08, "EUR");
    /// let finance = Lens::new("finance").section("Cost", move |guest: &Guest| {
    ///     let sizes = guest.config()?.disks().filter(Disk::holds_data).map(|disk| disk.size.known());
    ///     let disks: Bytes = sizes.into_iter().flatten().sum();
    ///     Ok(Page::new("").answer(format!("{} a month", rate.of(disks)), format!(" for {disks} of disks.")))
    /// });
    /// assert!(Pve::demo()?.with(finance).guest("web-1")?.page().text().contains("▾ Cost"));
    /// # Ok(()) }
    /// ```
    pub fn section<T: Inspected, V: View>(
        &self,
        title: impl Into<Text>,
        part: impl Fn(&T) -> Result<V, Error> + Send + Sync + 'static,
    ) -> Lens {
        let page: PageOf<T> = Arc::new(move |item| part(item).map(|part| part.page()));
        self.step(Step::Section { of: type_name::<T>(), title: title.into(), page: Arc::new(page) })
    }

    /// Without this part on the pages of one type. What it says could not be read is still said.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let brief = Lens::new("brief").hide_section_of::<Guest>("Firewall");
    /// assert!(!Pve::demo()?.with(brief).guest("web-1")?.page().text().contains("▾ Firewall"));
    /// # Ok(()) }
    /// ```
    pub fn hide_section_of<T: Inspected>(&self, title: impl Into<Text>) -> Lens {
        self.step(Step::HideSection { of: Some(type_name::<T>().into()), title: title.into() })
    }
}

/// What a step of a lens holds for this type.
fn made<F: Clone + 'static>(code: &Code) -> Option<F> {
    code.downcast_ref::<F>().cloned()
}

/// Whether a step for a type, or for all, holds for this one.
fn is_of<T>(of: Option<&Text>) -> bool {
    of.is_none_or(|of| *of == type_name::<T>())
}

/// The columns of a type as a lens has them, and the names of those that it hides.
pub(crate) fn columns<T: Listed>(seen: Option<&Arc<Seen>>) -> (Vec<Column<T>>, Vec<Text>) {
    let (mut columns, mut hidden) = (T::columns(), Vec::new());
    for step in seen.iter().flat_map(|seen| seen.lens.steps()) {
        match step {
            Step::Column { of, name, cell } if *of == type_name::<T>() => {
                let Some(cell) = made::<CellOf<T>>(cell) else { continue };
                put(&mut columns, Column::shared(name.clone(), cell));
                hidden.retain(|known| !is_same(known, name));
            }
            Step::HideColumn { of, name } if is_of::<T>(of.as_ref()) => {
                // The first says what a row is: only who means this very type hides it.
                let first = columns.first().filter(|first| of.is_none() && is_same(first.name(), name));
                if first.is_none() && columns.iter().any(|column| is_same(column.name(), name)) {
                    columns.retain(|column| !is_same(column.name(), name));
                    hidden.push(name.clone());
                }
            }
            Step::Total(name) => columns.iter_mut().filter(|column| is_same(column.name(), name)).for_each(Column::sum),
            _ => {}
        }
    }
    (columns, hidden)
}

/// Puts a column in the place of the one of its name, or before the one that says how to go on.
pub(crate) fn put<T>(columns: &mut Vec<Column<T>>, column: Column<T>) {
    match columns.iter_mut().find(|known| is_same(known.name(), column.name())) {
        Some(known) => *known = column,
        None => {
            let next = columns.last().filter(|last| *last.name() == NEXT).map_or(0, |_| 1);
            columns.insert(columns.len() - next, column);
        }
    }
}

/// The facts of an object's page, without those that a lens hides, and with the columns that it adds.
pub(crate) fn facts<T: Listed>(
    item: &T,
    facts: impl IntoIterator<Item = (impl Into<Text>, Cell)>,
    from: &Provenance,
) -> Vec<(Text, Cell)> {
    let mut facts: Vec<(Text, Cell)> = facts.into_iter().map(|(label, cell)| (label.into(), cell)).collect();
    for step in from.seen.iter().flat_map(|seen| seen.lens.steps()) {
        match step {
            Step::Column { of, name, cell } if *of == type_name::<T>() => {
                let Some(cell) = made::<CellOf<T>>(cell) else { continue };
                match facts.iter_mut().find(|(label, _)| is_same(label, name)) {
                    Some((_, known)) => *known = cell(item),
                    None => facts.push((name.clone(), cell(item))),
                }
            }
            Step::HideColumn { of: Some(of), name } if *of == type_name::<T>() => {
                facts.retain(|(label, _)| !is_same(label, name));
            }
            _ => {}
        }
    }
    facts
}

/// The parts that a lens adds to an object's page, and the titles of those that it hides there.
pub(crate) struct Parts {
    added: Vec<(Text, Result<Page, Error>)>,
    hidden: Vec<Text>,
}

impl Parts {
    pub(crate) fn of<T: Inspected>(item: &T, from: &Provenance) -> Parts {
        let mut parts = Parts { added: Vec::new(), hidden: Vec::new() };
        for step in from.seen.iter().flat_map(|seen| seen.lens.steps()) {
            match step {
                Step::Section { of, title, page } if *of == type_name::<T>() => {
                    let Some(page) = made::<PageOf<T>>(page) else { continue };
                    parts.hidden.retain(|known| !is_same(known, title));
                    parts.added.retain(|(known, _)| !is_same(known, title));
                    parts.added.push((title.clone(), page(item)));
                }
                Step::HideSection { of, title } if is_of::<T>(of.as_ref()) => {
                    parts.added.retain(|(known, _)| !is_same(known, title));
                    if of.is_some() {
                        parts.hidden.push(title.clone());
                    }
                }
                _ => {}
            }
        }
        parts
    }

    /// The page with these parts, and without those.
    pub(crate) fn on(self, mut page: Page) -> Page {
        let hides = |title: &Text| self.hidden.iter().any(|hidden| is_same(hidden, title));
        page.blocks = without_sections(page.blocks, &hides);
        let is_part = |block: &Block| matches!(block, Block::Section(_));
        // Below the part that starts open, or before the first.
        let is_open = |block: &Block| matches!(block, Block::Section(section) if section.open);
        let open = page.blocks.iter().position(is_open).map(|at| at + 1);
        let mut at = open.or_else(|| page.blocks.iter().position(is_part)).unwrap_or(page.blocks.len());
        for (title, added) in self.added {
            let (said, part) = titled(title.raw(), added);
            page = page.section(said, part);
            let Some(block) = page.blocks.pop() else { continue };
            let is_same_part = |known: &Block| match known {
                Block::Section(section) => is_same(&bare_title(&section.title), &title),
                _ => false,
            };
            match page.blocks.iter().position(is_same_part) {
                Some(known) => page.blocks[known] = block,
                None => {
                    page.blocks.insert(at, block);
                    at += 1;
                }
            }
        }
        page
    }
}
