//! A list as a table: its columns, what they come to, and which of its rows are shown.

use std::fmt;
use std::sync::Arc;

use super::made::Made;
use super::{List, Listed, count, finish};
use crate::lens::{Seen, Unit};
use crate::model::lens;
use crate::page::{Cell, Grid, Level, Page};
use crate::render::View;
use crate::text::Text;
use crate::units::{Amount, Bytes};

/// A column: its heading, and the cell of each row.
pub struct Column<T> {
    name: Text,
    cell: Arc<dyn Fn(&T) -> Cell>,
    is_summed: bool,
    pub(super) made: Made,
}

impl<T> Column<T> {
    /// A column whose cells `cell` makes.
    pub fn new<C: Into<Cell>>(name: impl Into<Text>, cell: impl Fn(&T) -> C + 'static) -> Column<T> {
        let cell = Arc::new(move |item: &T| cell(item).into());
        Column { name: name.into(), cell, is_summed: false, made: Made::default() }
    }

    /// The same column with a total below it: its sizes, counts or amounts can be added up.
    pub fn summed(self) -> Column<T> {
        Column { is_summed: true, ..self }
    }

    /// Its heading.
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// What it shows of this one.
    pub fn cell(&self, item: &T) -> Cell {
        (self.cell)(item)
    }

    /// A column whose cells others make as well.
    pub(crate) fn shared(name: Text, cell: Arc<dyn Fn(&T) -> Cell + Send + Sync>) -> Column<T> {
        Column { name, cell, is_summed: false, made: Made::default() }
    }

    /// Puts a total below it.
    pub(crate) fn sum(&mut self) {
        self.is_summed = true;
    }

    /// What it comes to for these, where it can be added up.
    pub(super) fn total(&self, items: &[T], seen: Option<&Arc<Seen>>) -> Option<Cell> {
        let unit = seen.and_then(|seen| seen.lens.unit_of(&self.name));
        self.is_summed.then(|| sum(items.iter().map(|item| self.cell(item)), unit))
    }

    fn is_called(&self, name: &str) -> bool {
        self.name.raw().eq_ignore_ascii_case(name)
    }
}

impl<T> Clone for Column<T> {
    fn clone(&self) -> Column<T> {
        Column { name: self.name.clone(), cell: self.cell.clone(), is_summed: self.is_summed, made: self.made }
    }
}

/// Sizes, counts and amounts added up; how many have none is said beside them. Where none of them is known, neither is the
/// sum.
fn sum(cells: impl Iterator<Item = Cell>, unit: Option<&Unit>) -> Cell {
    let (mut used, mut whole, mut counted) = (None::<Bytes>, None::<Bytes>, None::<u64>);
    let mut amounts: Option<Amount> = None;
    let (mut unknown, mut missing) = (0, 0);
    let add = |sum: &mut Option<Bytes>, size: Bytes| *sum = Some(sum.unwrap_or_default() + size);
    for cell in cells {
        match cell {
            Cell::Count(n) => counted = Some(counted.unwrap_or_default().saturating_add(n)),
            Cell::Bytes(size) => add(&mut used, size),
            Cell::Usage(part, of) => {
                add(&mut used, part);
                add(&mut whole, of);
            }
            Cell::Amount(amount) if amount.number().is_finite() => {
                match amounts.as_ref().map(|known| known.and(&amount)) {
                    None => amounts = Some(amount),
                    Some(Some(sum)) => amounts = Some(sum),
                    // Of another unit.
                    Some(None) => unknown += 1,
                }
            }
            Cell::Empty => {}
            cell => {
                unknown += 1;
                missing += usize::from(matches!(cell, Cell::Missing(_)));
            }
        }
    }
    let known = match (used, whole, counted, amounts) {
        (Some(used), Some(whole), None, None) if whole > Bytes(0) => Cell::Usage(used, whole),
        (Some(used), _, None, None) => Cell::Bytes(used),
        (None, _, Some(counted), None) => Cell::Count(counted),
        (None, _, None, Some(amount)) => Cell::Amount(amount),
        (None, _, None, None) if missing > 0 && missing == unknown => return Cell::Missing("none counted".into()),
        _ => return Cell::Empty,
    };
    if unknown == 0 {
        return known;
    }
    // In words, what was rounded could not be told in another unit.
    let known = unit.map_or(known.clone(), |unit| known.in_unit(unit));
    Cell::from(format!("{known}, {unknown} not counted"))
}

/// A list as a table: columns can be added, hidden and added up.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let pve = Pve::demo()?;
/// let table = pve.guests()?.table().column("Owner", |g| g.tag_value("owner")).hide_column("Tags");
/// assert!(table.page().text().contains("Owner"));
/// let cores = pve.guests()?.table().column("Cores", |g| g.maxcpu).total("Cores");
/// assert!(cores.page().text().contains("Total"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Table<T> {
    list: List<T>,
    columns: Vec<Column<T>>,
    all: bool,
    /// What was asked for and is not there.
    remarks: Vec<Text>,
    /// What a lens has hidden already.
    hidden: Vec<Text>,
}

/// The last column of most tables: the code to go on with.
pub(crate) const NEXT: &str = "Next";

/// Of a long list this many rows stand at its head and its tail.
const HEAD: usize = 80;
const TAIL: usize = 20;

impl<T: Listed> Table<T> {
    pub(super) fn of(list: &List<T>) -> Table<T> {
        let (columns, hidden) = lens::columns::<T>(list.about.provenance.seen.as_ref());
        Table { list: list.clone(), columns, all: false, remarks: Vec::new(), hidden }
    }

    /// One more column, before the one that says how to go on; one of the same name is replaced in its place.
    pub fn column<C: Into<Cell>>(&self, name: impl Into<Text>, cell: impl Fn(&T) -> C + 'static) -> Table<T> {
        let mut table = self.clone();
        lens::put(&mut table.columns, Column::new(name, cell));
        table
    }

    /// Without this column.
    pub fn hide_column(&self, name: &str) -> Table<T> {
        let mut table = self.noting_unknown(name);
        table.columns.retain(|column| !column.is_called(name));
        table
    }

    /// With a total below this column: its sizes or counts are added up, over all rows, shown or not.
    pub fn total(&self, name: &str) -> Table<T> {
        let mut table = self.noting_unknown(name);
        table.columns.iter_mut().filter(|column| column.is_called(name)).for_each(|column| column.is_summed = true);
        table
    }

    /// With every row, however many there are.
    pub fn all(&self) -> Table<T> {
        Table { all: true, ..self.clone() }
    }

    /// A column that is not there cannot be changed, and the table says so.
    fn noting_unknown(&self, name: &str) -> Table<T> {
        let mut table = self.clone();
        let is_hidden = self.hidden.iter().any(|hidden| hidden.raw().eq_ignore_ascii_case(name));
        if !is_hidden && !self.columns.iter().any(|column| column.is_called(name)) {
            let known: Vec<String> = self.columns.iter().map(|column| column.name.to_string()).collect();
            let known = known.join(", ");
            table.remarks.push(format!("There is no column \"{name}\". There are {known}.").into());
        }
        table
    }

    /// The rows as they are shown.
    pub fn grid(&self) -> Grid {
        let items = self.list.items.as_slice();
        let row = |item: &T| self.columns.iter().map(|column| (column.cell)(item)).collect::<Vec<_>>();
        let seen = self.list.about.provenance.seen.clone();
        let remarks = self.remarks.clone();
        let grid =
            Grid { seen: seen.clone(), remarks, ..Grid::new(self.columns.iter().map(|column| column.name.clone())) };
        let grid = if self.all || items.len() <= HEAD + TAIL {
            grid.rows(items.iter().map(row))
        } else {
            let all = count(items.len(), T::NOUN);
            grid.caption(format!("the first {HEAD} and the last {TAIL} of {all}; .table().all() shows every row"))
                .rows(items[..HEAD].iter().map(row))
                .left_out(items.len() - HEAD - TAIL)
                .rows(items[items.len() - TAIL..].iter().map(row))
        };
        if items.len() < 2 || !self.columns.iter().any(|column| column.is_summed) {
            return grid;
        }
        let sums = self.columns.iter().map(|column| column.total(items, seen.as_ref()).unwrap_or(Cell::Empty));
        grid.totals(headed(format!("Total of {}", items.len()), sums))
    }
}

/// Totals with a word for what they are, where its place is free.
pub(super) fn headed(word: String, totals: impl Iterator<Item = Cell>) -> Vec<Cell> {
    let mut totals: Vec<Cell> = totals.collect();
    if let Some(first @ Cell::Empty) = totals.first_mut() {
        *first = Cell::from(word);
    }
    totals
}

impl<T: Listed> From<&Table<T>> for Grid {
    fn from(table: &Table<T>) -> Grid {
        table.grid()
    }
}

impl<T: Listed> From<&List<T>> for Grid {
    fn from(list: &List<T>) -> Grid {
        list.table().grid()
    }
}

impl<T: Listed> View for Table<T> {
    fn page(&self) -> Page {
        let (list, about) = (&self.list, &self.list.about);
        let (fact, rest) = T::summary(&list.items);
        let of = about.of.filter(|of| *of != list.len()).map(|of| format!(" (of {of})")).unwrap_or_default();
        let seen = about.seen();
        let rest = about.nothing().filter(|_| list.is_empty()).map_or(rest, str::to_owned);
        let page =
            Page::new(about.title.clone()).question(about.question.clone()).answer(format!("{fact}{of}{seen}"), rest);
        let page = match list.is_empty() {
            true => self.remarks.iter().fold(page, |page, remark| page.note(Level::Warning, remark)),
            false => page.table(self.grid()),
        };
        finish(page, about)
    }
}

impl<T> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({}: {} rows, {} columns)", self.list.about.title, self.list.items.len(), self.columns.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::guest::Guest;
    use crate::model::list::{About, Sight};
    use crate::units::{Ratio, Reading, Why};

    #[derive(Clone)]
    struct Thing(u64);

    impl Listed for Thing {
        const NOUN: (&'static str, &'static str) = ("thing", "things");
        fn columns() -> Vec<Column<Thing>> {
            vec![
                Column::new("Thing", |t: &Thing| format!("thing {}", t.0)),
                Column::new("Size", |t: &Thing| Bytes(t.0)),
            ]
        }
    }

    fn things(n: u64) -> List<Thing> {
        let about = About {
            title: "Things".into(),
            question: "Which?".into(),
            sight: Sight::whole(),
            provenance: Default::default(),
            of: None,
        };
        List::new((0..n).map(Thing).collect(), about)
    }

    #[test]
    fn a_column_that_is_not_there_is_told_on_whatever_page_the_table_stands() {
        let table = things(3).table().hide_column("Tag");
        let own = Page::new("Own").table(&table).text();
        for text in [table.page().text(), own] {
            assert_eq!(text.matches("There is no column \"Tag\". There are Thing, Size.").count(), 1, "{text}");
        }
    }

    #[test]
    fn of_a_long_list_the_first_and_the_last_rows_are_shown_and_what_is_left_out_is_said() {
        let text = things(10_000).table().total("Size").page().text();
        for said in ["10000 things", "the first 80 and the last 20 of 10000 things", "thing 79\u{20}", "⋯ 9900 more"]
        {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(!text.contains("thing 80 ") && text.contains("thing 9980") && text.contains("thing 9999"));
        // The total is that of all.
        assert!(text.contains("Total") && text.contains("48 MiB"), "{text}");
        let all = things(10_000).table().all().grid();
        assert_eq!((all.rows.len(), all.gap), (10_000, None));
    }

    #[test]
    fn of_thousands_of_groups_the_first_have_a_row_and_the_others_are_counted() {
        let text = things(10_000).group_by(|thing| format!("group {:05}", thing.0)).page().text();
        assert!(text.contains("10000 groups of 10000 things") && text.contains("⋯ 9900 more"), "{text}");
        assert!(text.contains("group 00099") && !text.contains("group 00100") && text.contains("Total"), "{text}");
    }

    #[test]
    fn sums_say_what_is_not_known_and_mix_nothing() {
        let missing = Cell::from(Reading::<Bytes>::Missing(Why::NodeOffline));
        let gib = |n| Cell::Bytes(Bytes::gib(n));
        assert_eq!(sum([gib(1), gib(2)].into_iter(), None), gib(3));
        assert_eq!(sum([gib(1), missing.clone(), Cell::Empty].into_iter(), None), Cell::from("1 GiB, 1 not counted"));
        let priced = sum([gib(1), missing.clone()].into_iter(), Some(&Unit::per_gib(0.25, "EUR")));
        assert_eq!(priced, Cell::from("0.25 EUR, 1 not counted"));
        let usage = |used, whole| Cell::Usage(Bytes::gib(used), Bytes::gib(whole));
        assert_eq!(sum([usage(1, 4), usage(2, 4)].into_iter(), None), usage(3, 8));
        assert_eq!(sum([Cell::Count(u64::MAX), Cell::Count(7)].into_iter(), None), Cell::Count(u64::MAX));
        assert_eq!(sum([Cell::Count(1), gib(1)].into_iter(), None), Cell::Empty);
        assert_eq!(sum([missing.clone(), Cell::Ratio(Ratio(0.5))].into_iter(), None), Cell::Empty);
        assert_eq!(
            sum([missing.clone(), Cell::Empty, missing].into_iter(), None),
            Cell::Missing("none counted".into())
        );
        assert_eq!(sum(std::iter::empty(), None), Cell::Empty);
        let money = |number, unit| Cell::Amount(Amount::new(number, unit));
        assert_eq!(sum([money(1.5, "EUR"), money(2.0, "EUR")].into_iter(), None), money(3.5, "EUR"));
        let mixed = sum([money(1.5, "EUR"), money(2.0, "USD")].into_iter(), None);
        assert_eq!(mixed, Cell::from("1.50 EUR, 1 not counted"));
        assert_eq!(sum([money(1.5, "EUR"), gib(1)].into_iter(), None), Cell::Empty);
    }

    #[test]
    fn a_column_that_is_not_there_is_named_with_those_that_are() {
        let text = things(1).table().hide_column("Nope").total("size").page().text();
        assert!(text.contains("There is no column \"Nope\". There are Thing, Size."), "{text}");
        assert!(!text.contains("\"size\"") && !text.contains("Total"), "one row needs no total: {text}");
        assert!(Guest::columns().iter().any(|column| column.is_summed));
    }
}
