//! A list taken apart by a key.

use std::fmt;
use std::sync::Arc;

use super::table::headed;
use super::{About, Column, List, Listed, count, finish};
use crate::model::lens;
use crate::page::{Cell, Grid, Page};
use crate::render::View;
use crate::text::Text;

/// As many groups have a row each.
const MOST: usize = 100;

/// The groups that [`List::group_by`] made: key and list, in the order of the keys.
#[derive(Clone)]
pub struct Groups<K, T> {
    pub(super) groups: Vec<(K, List<T>)>,
    pub(super) about: Arc<About>,
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
        let seen = self.about.provenance.seen.as_ref();
        let (columns, _) = lens::columns::<T>(seen);
        let summed: Vec<Column<T>> = columns.into_iter().filter(|column| column.total(&[], None).is_some()).collect();
        let sums = |items: &[T]| summed.iter().filter_map(|column| column.total(items, seen)).collect::<Vec<_>>();
        let rows = self.groups.iter().map(|(key, list)| {
            let (fact, rest) = T::summary(&list.items);
            let key = match key.clone().into() {
                Cell::Empty => Cell::from("none"),
                cell => cell,
            };
            let of_these = Cell::from(format!("{fact}{rest}"));
            [vec![key, Cell::from(list.len())], sums(&list.items), vec![of_these]].concat()
        });
        let names = summed.iter().map(|column| column.name().clone());
        let columns = ["Group".into(), "How many".into()].into_iter().chain(names).chain(["Of these".into()]);
        let grid = Grid::new::<Text>(columns).rows(rows).at_most(MOST);
        let items: Vec<T> = self.groups.iter().flat_map(|(_, list)| list.to_vec()).collect();
        let totals = [Cell::Empty, Cell::from(all)].into_iter().chain(sums(&items));
        let grid = if self.groups.len() > 1 { grid.totals(headed("Total".into(), totals)) } else { grid };
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
