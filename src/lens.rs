//! A lens: the columns, parts, words and units of one audience. Knows them by their names alone; what it adds is kept as
//! closures, which only those who know the types take out again.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::text::Text;

mod heard;
mod seen;
mod unit;
mod words;

pub(crate) use seen::{Remark, Seen};
pub use unit::Unit;

/// What one audience sees otherwise: columns and parts more or less, its own words, its own units. Made in a few lines,
/// kept as a function or in a file, used by [`Pve::with`](crate::Pve::with).
///
/// Only the view changes. Totals, answers and what could not be read are the same with any lens, a plan and what became of
/// it are always shown whole, and every output says through which lens it was seen.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let finance = Lens::new("finance")
///     .column("Owner", |guest: &Guest| guest.tag_value("owner"))
///     .hide_column("Next")
///     .word("guest", "server")
///     .sizes_in(Unit::GB);
/// let pve = Pve::demo()?.with(&finance);
/// let text = pve.guests()?.page().text();
/// assert!(text.contains("servers") && text.contains("Owner") && text.contains(" GB"));
/// assert!(text.contains("as seen by finance"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Lens {
    name: Text,
    steps: Arc<Vec<Step>>,
}

/// One thing that a lens does. They are taken in their order, so that of two that contradict each other the later holds.
#[derive(Clone)]
pub(crate) enum Step {
    /// A column of the tables of a type.
    Column {
        of: &'static str,
        name: Text,
        cell: Code,
    },
    /// A part of the page of a type.
    Section {
        of: &'static str,
        title: Text,
        page: Code,
    },
    /// Of a type, or of all.
    HideColumn {
        of: Option<Text>,
        name: Text,
    },
    HideSection {
        of: Option<Text>,
        title: Text,
    },
    Total(Text),
    Word(Text, Text),
    Sizes(Unit),
    ColumnIn(Text, Unit),
    HideVmids,
    HideCode,
}

/// A closure that makes something of an object, whose type is known to who put it there.
pub(crate) type Code = Arc<dyn Any + Send + Sync>;

/// A type's own name: `Guest`.
pub(crate) fn type_name<T: ?Sized>() -> &'static str {
    let name = std::any::type_name::<T>();
    name.rsplit("::").next().unwrap_or(name)
}

/// Whether two names are those of one column or part.
pub(crate) fn is_same(name: &Text, other: &Text) -> bool {
    name.raw().eq_ignore_ascii_case(other.raw())
}

impl Lens {
    /// A lens that changes nothing yet, for this audience.
    pub fn new(name: impl Into<Text>) -> Lens {
        Lens { name: name.into(), steps: Arc::default() }
    }

    /// Who looks through it.
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// Both; where they contradict each other, `other` holds.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let (german, brief) = (Lens::new("german").word("guest", "Gast"), Lens::new("brief").hide_column("Tags"));
    /// let both = german.and(&brief);
    /// assert_eq!(both.name().to_string(), "german and brief");
    /// assert!(Pve::demo()?.with(both).guests()?.page().text().contains("Gast")); // as .with(&german).with(&brief)
    /// # Ok(()) }
    /// ```
    pub fn and(&self, other: &Lens) -> Lens {
        if Arc::ptr_eq(&self.steps, &other.steps) {
            return self.clone();
        }
        let name = if self.name == other.name {
            self.name.clone()
        } else {
            format!("{} and {}", self.name.raw(), other.name.raw()).into()
        };
        Lens { name, steps: Arc::new(self.steps.iter().chain(other.steps.iter()).cloned().collect()) }
    }

    /// Without this column, in every table, and without the fact of this name on every page. The first column, which says
    /// what a row is, stays; [`hide_column_of`](Lens::hide_column_of) one type's lists hides that too.
    pub fn hide_column(&self, name: impl Into<Text>) -> Lens {
        self.step(Step::HideColumn { of: None, name: name.into() })
    }

    /// Without this part, on every page, by its title: `Raw data`. What it says could not be read is still said.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let brief = Lens::new("brief").hide_section("Raw data").hide_section("Permissions");
    /// let page = Pve::demo()?.with(brief).guest("web-1")?.page();
    /// assert!(page.text().contains("▾ Disks") && !page.text().contains("▾ Raw data"));
    /// # Ok(()) }
    /// ```
    pub fn hide_section(&self, title: impl Into<Text>) -> Lens {
        self.step(Step::HideSection { of: None, title: title.into() })
    }

    /// Without the numbers of guests, where a name stands beside them. What has no name keeps its number, and so do code
    /// and drawings.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?.with(Lens::new("customer").hide_vmids());
    /// assert!(!pve.guests()?.page().text().contains("web-1 (VM 101)"));
    /// # Ok(()) }
    /// ```
    pub fn hide_vmids(&self) -> Lens {
        self.step(Step::HideVmids)
    }

    /// Without code to go on with, for those who only read: no buttons, no code beside titles, and nothing of what is only
    /// offered. Paths and UPIDs stay.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?.with(Lens::new("management").hide_code());
    /// assert!(!pve.guest("web-1")?.page().text().contains("pve.guest("));
    /// # Ok(()) }
    /// ```
    pub fn hide_code(&self) -> Lens {
        self.step(Step::HideCode)
    }

    /// Says another word, in sentences, titles and headings: `.word("guest", "server")` makes “Guests” “Servers”. The
    /// plural goes along, unless it is given as a word of its own. What the cluster itself says, names above all, stays as
    /// it is, and so do code and paths.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let german = Lens::new("german").word("guest", "Gast").word("guests", "Gäste");
    /// assert!(Pve::demo()?.with(&german).guests()?.page().text().contains("Gäste"));
    /// # Ok(()) }
    /// ```
    pub fn word(&self, word: impl Into<Text>, instead: impl Into<Text>) -> Lens {
        self.step(Step::Word(word.into(), instead.into()))
    }

    /// Shows all sizes in this unit. A price holds for cells; in sentences, sizes stay what they are.
    pub fn sizes_in(&self, unit: Unit) -> Lens {
        self.step(Step::Sizes(unit))
    }

    /// Shows the sizes of this column, and of the fact of this name, in this unit.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let finance = Lens::new("finance").column_in("First disk", Unit::per_gib(0.08, "EUR"));
    /// assert!(Pve::demo()?.with(finance).guests()?.page().text().contains(" EUR"));
    /// # Ok(()) }
    /// ```
    pub fn column_in(&self, name: impl Into<Text>, unit: Unit) -> Lens {
        self.step(Step::ColumnIn(name.into(), unit))
    }

    /// With a total below this column, wherever it stands in a list.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let price = Unit::per_gib(4.20, "EUR");
    /// let finance = Lens::new("finance")
    ///     .column("Monthly cost", move |guest: &Guest| guest.maxmem.map(|memory| price.of(memory)))
    ///     .total("Monthly cost");
    /// assert!(Pve::demo()?.with(finance).guests()?.page().text().contains("Total of"));
    /// # Ok(()) }
    /// ```
    pub fn total(&self, name: impl Into<Text>) -> Lens {
        self.step(Step::Total(name.into()))
    }

    /// The same lens with one step more.
    pub(crate) fn step(&self, step: Step) -> Lens {
        let mut steps = (*self.steps).clone();
        steps.push(step);
        Lens { steps: Arc::new(steps), ..self.clone() }
    }

    /// What it does, in order.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The columns that no table has, unless the lens itself adds them later.
    pub(crate) fn hidden_columns(&self) -> Vec<&Text> {
        self.hidden(|step| match step {
            Step::HideColumn { of: None, name } => Some((name, true)),
            Step::Column { name, .. } => Some((name, false)),
            _ => None,
        })
    }

    /// The parts that no page has, unless the lens itself adds them later.
    pub(crate) fn hidden_sections(&self) -> Vec<&Text> {
        self.hidden(|step| match step {
            Step::HideSection { of: None, title } => Some((title, true)),
            Step::Section { title, .. } => Some((title, false)),
            _ => None,
        })
    }

    /// The names that were hidden last, and not shown again.
    fn hidden<'a>(&'a self, said: impl Fn(&'a Step) -> Option<(&'a Text, bool)>) -> Vec<&'a Text> {
        let mut hidden: Vec<&Text> = Vec::new();
        for (name, is_hidden) in self.steps.iter().filter_map(said) {
            hidden.retain(|known| !is_same(known, name));
            if is_hidden {
                hidden.push(name);
            }
        }
        hidden
    }

    /// The unit of the sizes of this column.
    pub(crate) fn unit_of(&self, column: &Text) -> Option<&Unit> {
        let own = self.steps.iter().rev().find_map(|step| match step {
            Step::ColumnIn(name, unit) if is_same(name, column) => Some(unit),
            _ => None,
        });
        own.or_else(|| self.sizes())
    }

    /// The unit of all sizes that have none of their own.
    pub(crate) fn sizes(&self) -> Option<&Unit> {
        self.steps.iter().rev().find_map(|step| match step {
            Step::Sizes(unit) => Some(unit),
            _ => None,
        })
    }

    pub(crate) fn hides_code(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::HideCode))
    }

    pub(crate) fn hides_vmids(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::HideVmids))
    }
}

impl fmt::Debug for Lens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lens({}: {} steps)", self.name, self.steps.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_steps_that_contradict_each_other_the_later_holds() {
        let hides = Lens::new("a").hide_column("Cost").hide_column("Tags");
        let adds = Lens::new("b").step(Step::Column { of: "Guest", name: "cost".into(), cell: Arc::new(()) });
        assert_eq!(hides.and(&adds).hidden_columns(), [&Text::from("Tags")]);
        assert_eq!(adds.and(&hides).hidden_columns(), [&Text::from("Cost"), &Text::from("Tags")]);
        let sizes = Lens::new("a").sizes_in(Unit::GB).and(&Lens::new("a").sizes_in(Unit::TIB));
        assert_eq!(sizes.sizes(), Some(&Unit::TIB));
        assert_eq!(sizes.name(), "a");
    }

    #[test]
    fn a_lens_with_itself_is_the_same_lens() {
        let lens = Lens::new("finance").word("guest", "server");
        let twice = lens.and(&lens.clone());
        assert_eq!((twice.name(), twice.steps().len()), (lens.name(), 1));
    }
}
