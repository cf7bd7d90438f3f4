//! Lists of objects and the tables that show them, for any object that has a row.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::model::sight::Sight;
use crate::page::{Level, Page, Provenance};
use crate::render::View;
use crate::text::Text;

mod each;
mod groups;
mod made;
mod table;

pub use each::Each;
pub use groups::Groups;
pub(crate) use made::{Made, column};
pub(crate) use table::NEXT;
pub use table::{Column, Table};

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

    /// What one is called where it is named in a sentence.
    fn told(&self) -> Text {
        Self::columns().first().map(|column| column.cell(self).to_string().into()).unwrap_or_default()
    }

    /// Why nothing more can be read of it; asking would only take time.
    fn out_of_reach(&self) -> Option<Text> {
        None
    }
}

/// How many of a thing: `1 guest`, `40 guests`.
///
/// ```
/// use pve_notebook::count;
/// assert_eq!(count(1, ("server", "servers")), "1 server");
/// assert_eq!(count(0, ("server", "servers")), "0 servers");
/// ```
pub fn count(n: usize, (one, many): (&str, &str)) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
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

    /// A list of those for which `wanted` holds, which says nothing of the others.
    pub(crate) fn only(&self, wanted: impl Fn(&T) -> bool) -> List<T> {
        let items = self.items.iter().filter(|item| wanted(item)).cloned().collect();
        List { items: Arc::new(items), about: self.about.clone() }
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

    /// The same list with others in it, as if they had been read.
    #[cfg(test)]
    pub(crate) fn replaced(&self, items: Vec<T>) -> List<T> {
        List { items: Arc::new(items), about: self.about.clone() }
    }

    /// The same list with nothing in it: what the server put there was not real.
    pub(crate) fn without_any(&self) -> List<T> {
        List { items: Arc::default(), about: self.about.clone() }
    }

    /// Whether these are some of a longer list.
    pub(crate) fn is_filtered(&self) -> bool {
        self.about.of.is_some_and(|of| of != self.len())
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

    /// What it is called.
    pub(crate) fn title(&self) -> Text {
        self.about.title.clone()
    }

    /// How many there were before it was filtered, where that is another number.
    pub(crate) fn cut_from(&self) -> Option<usize> {
        self.about.of.filter(|of| *of != self.len())
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
        Table::of(self)
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

fn finish(page: Page, about: &About) -> Page {
    let page = about.sight.caveats().fold(page, |page, (level, caveat)| page.note(level, caveat));
    page.provenance(about.provenance.clone())
}
