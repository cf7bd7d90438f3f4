//! The page that an object has of its own accord: its row of cells as labelled values, in a sentence before, and with all
//! that the server said below.

use crate::model::json::tree;
use crate::model::lens::{self, Inspected, Parts};
use crate::model::list::{Listed, NEXT};
use crate::model::record::{Origin, Record};
use crate::page::{Cell, Page};
use crate::text::Text;
use crate::units::Why;

/// The row of cells as labelled values, and below it all that the server said.
pub(crate) fn page<T: Record + Inspected>(item: &T) -> Page {
    let from = item.origin().provenance();
    let row = row(item);
    let facts = lens::facts(item, row.iter().filter(|(name, _)| *name != NEXT).cloned(), &from);
    page_of(T::NOUN.0, row, facts, item.origin(), Parts::of(item, &from))
}

/// The same of any type, so that it is built once.
fn page_of(noun: &str, row: Vec<(Text, Cell)>, facts: Vec<(Text, Cell)>, origin: &Origin, parts: Parts) -> Page {
    let mut title: String = noun.chars().take(1).flat_map(char::to_uppercase).chain(noun.chars().skip(1)).collect();
    let name = match row.first() {
        // What has no name is not called by the reason for that.
        None | Some((_, Cell::Missing(_) | Cell::Empty)) => String::new(),
        Some((_, cell)) => cell.to_string(),
    };
    if !name.is_empty() {
        title = format!("{title} {name}");
    }
    let whereabouts = origin.whereabouts();
    if whereabouts.split_whitespace().last().is_some_and(|place| !title.split_whitespace().any(|word| word == place)) {
        title.push_str(&whereabouts);
    }
    let said: Vec<_> = row.into_iter().filter(|(name, _)| *name != NEXT).collect();
    // What is hidden from view is still part of the answer.
    let (fact, rest) = sentence(if name.is_empty() { noun } else { &name }, &said);
    let is_unset = |cell: &Cell| *cell == Cell::from(Why::NotSet) || cell.to_string().is_empty();
    let (unset, facts): (Vec<_>, Vec<_>) = facts.into_iter().partition(|(_, cell)| is_unset(cell));
    let page = Page::new(title).question("What is it, and how does it stand?").answer(fact, rest).facts(facts);
    let page = match &*unset {
        [] => page,
        unset => {
            let names: Vec<String> = unset.iter().map(|(name, _)| name.to_string()).collect();
            page.paragraph(format!("Not set, or not said: {}.", names.join("; ")))
        }
    };
    parts.on(page.section(ALL, tree(Page::new(""), &origin.json()))).provenance(origin.provenance())
}

/// The part that such a page always has.
const ALL: &str = "All that the server says of it";
/// The parts that such a page may have.
pub(crate) const PARTS: &[&str] = &[ALL];

/// The page of something in a sentence that is made of its row of cells.
pub(crate) fn answered<T: Listed>(page: Page, name: &str, item: &T) -> Page {
    let (fact, rest) = sentence(name, &row(item));
    page.answer(fact, rest)
}

/// A row in a sentence: its state, or else the first things that are known of it.
fn sentence(name: &str, row: &[(Text, Cell)]) -> (String, String) {
    let state = row.iter().find_map(|(label, cell)| match cell {
        Cell::State(state) => Some((label, state.word.raw())),
        _ => None,
    });
    let short = |cell: &&Cell| {
        let shown = cell.to_string();
        !matches!(cell, Cell::Missing(_) | Cell::Empty | Cell::State(_) | Cell::Button(..) | Cell::Line(_))
            && (1..=48).contains(&shown.chars().count())
            && !shown.contains('\n')
    };
    let more = row.iter().skip(1).filter(|(_, cell)| short(&cell)).take(if state.is_some() { 2 } else { 3 });
    let more: Vec<String> = more.map(|(label, cell)| format!("{}: {cell}", label.raw())).collect();
    let rest = if more.is_empty() { ".".to_owned() } else { format!("; {}.", more.join("; ")) };
    match state {
        Some((label, word)) if *label == "State" => (format!("{name}: {word}"), rest),
        Some((label, word)) => (format!("{name}: {} {word}", label.raw().to_lowercase()), rest),
        None => (name.to_owned(), rest),
    }
}

/// The names of its columns, and what stands in them.
pub(super) fn row<T: Listed>(item: &T) -> Vec<(Text, Cell)> {
    let mut row = Vec::new();
    for column in T::columns() {
        row.push((column.name().clone(), column.cell(item)));
    }
    row
}
