//! Lists of objects and the tables that show them, for any object that has a row.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::model::sight::Sight;
use crate::page::{Cell, Grid, Level, Page, Provenance};
use crate::render::View;
use crate::text::Text;

/// An object that stands in lists: its nouns, its columns, and how many of them are summed up in a sentence.
pub trait Listed: Clone + 'static {
    /// What one is called, and several.
    const NOUN: (&'static str, &'static str);

    /// The columns of its table, most important first.
    fn columns() -> Vec<Column<Self>>;

    /// What these come to: the fact, and the rest of the sentence.
    fn summary(items: &[Self]) -> (String, String) {
        (count(items.len(), Self::NOUN), ".".into())
    }
}

/// How many of a thing: `1 guest`, `40 guests`.
pub(crate) fn count(n: usize, (one, many): (&str, &str)) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// A column: its heading, and the cell of each row.
pub struct Column<T> {
    name: Text,
    cell: Arc<dyn Fn(&T) -> Cell>,
}

impl<T> Column<T> {
    /// A column whose cells `cell` makes.
    pub fn new<C: Into<Cell>>(name: impl Into<Text>, cell: impl Fn(&T) -> C + 'static) -> Column<T> {
        Column { name: name.into(), cell: Arc::new(move |item| cell(item).into()) }
    }

    /// Its heading.
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// What it shows of this one.
    pub fn cell(&self, item: &T) -> Cell {
        (self.cell)(item)
    }
}

impl<T> Clone for Column<T> {
    fn clone(&self) -> Column<T> {
        Column { name: self.name.clone(), cell: self.cell.clone() }
    }
}

/// What a list is about: shown around its table, kept when it is filtered.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) title: Text,
    pub(crate) question: Text,
    /// Whether these are all, and what must be said beside them.
    pub(crate) sight: Sight,
    pub(crate) provenance: Provenance,
    /// How many there were before it was filtered.
    pub(crate) of: Option<usize>,
}

impl About {
    /// A partial list says so where it counts.
    fn seen(&self) -> &'static str {
        match (self.sight.is_hidden(), self.sight.is_partial()) {
            (true, _) => " visible to you",
            (false, true) => " that were read",
            (false, false) => "",
        }
    }

    /// What an empty list has to add, where it may be empty only to this identity.
    fn nothing(&self) -> Option<&'static str> {
        (!self.sight.is_whole()).then_some("; cannot say whether there are others.")
    }
}

/// An owned list of objects. Methods borrow and give new lists, so a list stays usable in later cells.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let pve = Pve::demo()?;
/// let largest = pve.guests()?.filter(|g| g.is_running()).sorted_by_key(|g| Reverse(g.mem)).first();
/// assert!(largest.is_some());
/// for guest in &pve.guests()? {
///     assert!(guest.vmid >= 100);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct List<T> {
    items: Arc<Vec<T>>,
    about: Arc<About>,
}

impl<T: Clone> List<T> {
    pub(crate) fn new(items: Vec<T>, about: About) -> List<T> {
        List { items: Arc::new(items), about: Arc::new(about) }
    }

    fn with(&self, items: Vec<T>) -> List<T> {
        let mut about = (*self.about).clone();
        if items.len() != self.items.len() {
            about.of.get_or_insert(self.items.len());
        }
        List::new(items, about)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The first.
    pub fn first(&self) -> Option<T> {
        self.items.first().cloned()
    }

    /// The last.
    pub fn last(&self) -> Option<T> {
        self.items.last().cloned()
    }

    /// The one at this position, counted from 0.
    pub fn get(&self, position: usize) -> Option<T> {
        self.items.get(position).cloned()
    }

    /// The first for which `wanted` holds.
    pub fn find(&self, wanted: impl Fn(&T) -> bool) -> Option<T> {
        self.items.iter().find(|item| wanted(item)).cloned()
    }

    /// Those for which `wanted` holds.
    pub fn filter(&self, wanted: impl Fn(&T) -> bool) -> List<T> {
        self.with(self.items.iter().filter(|item| wanted(item)).cloned().collect())
    }

    /// The one whose `key` is this word, or an error that names those there are.
    pub(crate) fn named(&self, word: &str, key: impl Fn(&T) -> Text) -> Result<T, Error>
    where
        T: Listed,
    {
        self.find(|item| key(item) == word).ok_or_else(|| {
            let sight = &self.about.sight;
            let seen = if sight.is_hidden() { " visible to you" } else { "" };
            let all: Vec<String> = self.items.iter().map(|item| key(item).to_string()).collect();
            let there = if all.is_empty() { "There are none".into() } else { format!("There are {}", all.join(", ")) };
            let limits: Vec<String> = sight.caveats().map(|(_, words)| words.to_string()).collect();
            let next = match (sight.is_whole(), all.is_empty()) {
                (true, _) => there,
                (false, true) => limits.join(" "),
                (false, false) => format!("{there}. {}", limits.join(" ")),
            };
            Error::not_found(
                format!("There is no {} \"{}\"{seen} ({})", T::NOUN.0, Text::from(word), self.about.title),
                next.trim_end_matches('.'),
            )
        })
    }

    /// At most this many, from the front.
    pub fn take(&self, most: usize) -> List<T> {
        self.with(self.items.iter().take(most).cloned().collect())
    }

    /// In the order of `key`, smallest first; what is equal keeps its order.
    pub fn sorted_by_key<K: Ord>(&self, key: impl Fn(&T) -> K) -> List<T> {
        let mut items = self.items.to_vec();
        items.sort_by_key(key);
        self.with(items)
    }

    /// The one with the largest `key`.
    pub fn max_by_key<K: Ord>(&self, key: impl Fn(&T) -> K) -> Option<T> {
        self.items.iter().max_by_key(|item| key(item)).cloned()
    }

    /// The one with the smallest `key`.
    pub fn min_by_key<K: Ord>(&self, key: impl Fn(&T) -> K) -> Option<T> {
        self.items.iter().min_by_key(|item| key(item)).cloned()
    }

    /// How many have which `key`, each with its own list, in the order of the keys.
    pub fn group_by<K: Ord + Clone>(&self, key: impl Fn(&T) -> K) -> Groups<K, T> {
        let mut groups: BTreeMap<K, Vec<T>> = BTreeMap::new();
        for item in self.items.as_slice() {
            groups.entry(key(item)).or_default().push(item.clone());
        }
        Groups {
            groups: groups.into_iter().map(|(key, items)| (key, self.with(items))).collect(),
            about: self.about.clone(),
        }
    }

    /// Whether `wanted` holds for any.
    pub fn any(&self, wanted: impl Fn(&T) -> bool) -> bool {
        self.items.iter().any(wanted)
    }

    /// Whether `wanted` holds for all.
    pub fn all(&self, wanted: impl Fn(&T) -> bool) -> bool {
        self.items.iter().all(wanted)
    }

    /// For each, what `f` makes of it.
    pub fn map<U>(&self, f: impl Fn(&T) -> U) -> Vec<U> {
        self.items.iter().map(f).collect()
    }

    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// The items as a vector of their own.
    pub fn to_vec(&self) -> Vec<T> {
        self.items.to_vec()
    }

    /// Whether these are all there are: the server leaves out what the identity may not see. `None` when that cannot be
    /// told. What is concluded from a list, above all from an empty one, holds only where this is `Some(true)`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let guests = Pve::demo()?.guests()?;
    /// assert_eq!(guests.is_complete(), Some(true));
    /// assert_eq!(guests.filter(|g| g.is_running()).is_complete(), Some(true)); // all that run
    /// # Ok(()) }
    /// ```
    pub fn is_complete(&self) -> Option<bool> {
        self.about.sight.is_complete()
    }

    /// The same list with nothing in it: what the server put there was not real.
    pub(crate) fn without_any(&self) -> List<T> {
        List { items: Arc::default(), about: self.about.clone() }
    }

    /// Whether something is missing from it.
    pub(crate) fn is_partial(&self) -> bool {
        self.about.sight.is_partial()
    }

    /// Whether something is missing from it because the identity may not see it.
    pub(crate) fn is_hidden(&self) -> bool {
        self.about.sight.is_hidden()
    }

    /// The same list, of which something more is to be said.
    pub(crate) fn with_sight(&self, sight: Sight) -> List<T> {
        let about = About { sight: self.about.sight.clone().and(sight), ..(*self.about).clone() };
        List { items: self.items.clone(), about: Arc::new(about) }
    }

    /// The same list, for which more was read.
    pub(crate) fn besides(&self, more: &Provenance) -> List<T> {
        let about = About { provenance: self.about.provenance.clone().and(more), ..(*self.about).clone() };
        List { items: self.items.clone(), about: Arc::new(about) }
    }

    /// How much of what there is was seen.
    pub(crate) fn sight(&self) -> Sight {
        self.about.sight.clone()
    }

    /// What must be said beside the list.
    pub(crate) fn about_caveats(&self) -> impl Iterator<Item = (Level, Text)> + '_ {
        self.about.sight.caveats()
    }

    /// Where the list came from.
    pub fn provenance(&self) -> Provenance {
        self.about.provenance.clone()
    }
}

impl<T: Listed> List<T> {
    /// The list as a table whose columns can be changed.
    pub fn table(&self) -> Table<T> {
        Table { list: self.clone(), columns: T::columns(), all: false }
    }
}

impl<T: Listed> View for List<T> {
    fn page(&self) -> Page {
        self.table().page()
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List({}: {} rows)", self.about.title, self.items.len())
    }
}

impl<T: Clone> IntoIterator for List<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;
    fn into_iter(self) -> Self::IntoIter {
        self.to_vec().into_iter()
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

/// The groups that [`List::group_by`] made: key and list, in the order of the keys.
#[derive(Clone)]
pub struct Groups<K, T> {
    groups: Vec<(K, List<T>)>,
    about: Arc<About>,
}

impl<K, T> Groups<K, T> {
    /// One group after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, (K, List<T>)> {
        self.groups.iter()
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

impl<K, T> IntoIterator for Groups<K, T> {
    type Item = (K, List<T>);
    type IntoIter = std::vec::IntoIter<(K, List<T>)>;
    fn into_iter(self) -> Self::IntoIter {
        self.groups.into_iter()
    }
}

impl<'a, K, T> IntoIterator for &'a Groups<K, T> {
    type Item = &'a (K, List<T>);
    type IntoIter = std::slice::Iter<'a, (K, List<T>)>;
    fn into_iter(self) -> Self::IntoIter {
        self.groups.iter()
    }
}

impl<K, T> fmt::Debug for Groups<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Groups({}: {} groups)", self.about.title, self.groups.len())
    }
}

impl<K: Clone + Into<Cell>, T: Listed> View for Groups<K, T> {
    fn page(&self) -> Page {
        let all: usize = self.groups.iter().map(|(_, list)| list.len()).sum();
        let rows = self.groups.iter().map(|(key, list)| {
            let (fact, rest) = T::summary(&list.items);
            let key = match key.clone().into() {
                Cell::Empty => Cell::from("none"),
                cell => cell,
            };
            vec![key, Cell::from(list.len()), Cell::from(format!("{fact}{rest}"))]
        });
        let grid = Grid::new(["Group", T::NOUN.1, "Of these"]).rows(rows);
        let end = self.about.nothing().filter(|_| all == 0).unwrap_or(".");
        let page = Page::new(self.about.title.clone())
            .question(self.about.question.clone())
            .answer(
                count(self.groups.len(), ("group", "groups")),
                format!(" of {}{}{end}", count(all, T::NOUN), self.about.seen()),
            )
            .table(grid);
        finish(page, &self.about)
    }
}

/// A list as a table: columns can be added and hidden.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let pve = Pve::demo()?;
/// let table = pve.guests()?.table().column("Owner", |g| g.tag_value("owner")).hide_column("Tags");
/// assert!(table.page().text().contains("Owner"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Table<T> {
    list: List<T>,
    columns: Vec<Column<T>>,
    all: bool,
}

/// The last column of most tables: the code to go on with.
pub(crate) const NEXT: &str = "Next";

/// Of a long list this many rows stand at its head and its tail.
const HEAD: usize = 80;
const TAIL: usize = 20;

impl<T: Listed> Table<T> {
    /// One more column, before the one that says how to go on; one of the same name is replaced in its place.
    pub fn column<C: Into<Cell>>(&self, name: impl Into<Text>, cell: impl Fn(&T) -> C + 'static) -> Table<T> {
        let mut table = self.clone();
        let column = Column::new(name, cell);
        match table.columns.iter_mut().find(|known| known.name.raw().eq_ignore_ascii_case(column.name.raw())) {
            Some(known) => *known = column,
            None => {
                let next = table.columns.last().filter(|last| last.name == NEXT).map_or(0, |_| 1);
                table.columns.insert(table.columns.len() - next, column);
            }
        }
        table
    }

    /// Without this column.
    pub fn hide_column(&self, name: &str) -> Table<T> {
        let mut table = self.clone();
        table.columns.retain(|column| !column.name.raw().eq_ignore_ascii_case(name));
        table
    }

    /// With every row, however many there are.
    pub fn all(&self) -> Table<T> {
        Table { all: true, ..self.clone() }
    }

    /// The rows as they are shown.
    pub fn grid(&self) -> Grid {
        let items = self.list.items.as_slice();
        let row = |item: &T| self.columns.iter().map(|column| (column.cell)(item)).collect::<Vec<_>>();
        let grid = Grid::new(self.columns.iter().map(|column| column.name.clone()));
        if self.all || items.len() <= HEAD + TAIL {
            return grid.rows(items.iter().map(row));
        }
        let left_out = items.len() - HEAD - TAIL;
        grid.caption(format!(
            "the first {HEAD} and the last {TAIL} of {}; .table().all() shows every row",
            count(items.len(), T::NOUN)
        ))
        .rows(items[..HEAD].iter().map(row))
        .rows([vec![Cell::from(format!("⋯ {left_out} more"))]])
        .rows(items[items.len() - TAIL..].iter().map(row))
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
        finish(if list.is_empty() { page } else { page.table(self.grid()) }, about)
    }
}

impl<T> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({}: {} rows, {} columns)", self.list.about.title, self.list.items.len(), self.columns.len())
    }
}

fn finish(page: Page, about: &About) -> Page {
    let page = about.sight.caveats().fold(page, |page, (level, caveat)| page.note(level, caveat));
    page.provenance(about.provenance.clone())
}
