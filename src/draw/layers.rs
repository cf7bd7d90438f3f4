//! What hangs on what: columns of boxes with links between them. Boxes that are alike become one that says how many it
//! stands for, so that thousands stay legible. Knows no cluster, only this scene.

use crate::draw::paper::{self, LARGEST, MARGIN, ROOM, WIDTH};
use crate::draw::svg;
use crate::page::{Cell, Figure, Grid, Page, Provenance, State};
use crate::render::markup::Markup;
use crate::text::Text;
use crate::units::Bytes;

mod group;
mod join;
mod layout;
mod marks;
#[cfg(test)]
mod tests;

use group::Group;

/// What is drawn.
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Scene {
    pub(crate) title: Text,
    /// What it answers.
    pub(crate) question: Text,
    /// The answer: its fact, then the rest of the sentence.
    pub(crate) answer: (String, String),
    pub(crate) columns: Vec<Column>,
    pub(crate) boxes: Vec<Item>,
    pub(crate) links: Vec<Link>,
    /// What must be said beside it.
    pub(crate) caveats: Vec<String>,
    pub(crate) provenance: Provenance,
}

/// A column: its heading, and what is counted in it.
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Column {
    pub(crate) heading: &'static str,
    pub(crate) noun: (&'static str, &'static str),
}

/// A box.
#[derive(Clone, Default)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Item {
    pub(crate) column: usize,
    pub(crate) name: Text,
    /// What else is said of it, in a quiet line.
    pub(crate) detail: String,
    /// Where it is, as far as that tells it from others of its name.
    pub(crate) place: Text,
    pub(crate) state: Option<State>,
    /// Its size; of many, the sum is shown.
    pub(crate) size: Option<Bytes>,
    /// Whether it may be joined with others of its column in the same state that hang on the same.
    pub(crate) joins: bool,
}

/// A link between two boxes, by their numbers.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Link {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Whether it does not carry at present, or would be lost.
    pub(crate) broken: bool,
}

/// As many boxes as a column has at most.
const MOST: usize = 26;

/// A picture of the scene before it has a place: what is joined, and what hangs on what.
struct Picture {
    groups: Vec<Group>,
    /// From and to, whether broken, and how many links it stands for.
    links: Vec<(usize, usize, bool, usize)>,
}

impl Picture {
    /// The name of a group, with its place where another one has that name too.
    fn called(&self, n: usize) -> String {
        let group = &self.groups[n];
        let alike = self.groups.iter().filter(|other| other.brief() == group.brief()).count();
        match group.place.is_empty() || alike < 2 {
            true => group.brief(),
            false => format!("{} of {}", group.brief(), group.place),
        }
    }
}

impl Scene {
    /// The same without columns in which nothing is.
    pub(crate) fn without_empty_columns(mut self) -> Scene {
        let used: Vec<bool> =
            (0..self.columns.len()).map(|column| self.boxes.iter().any(|item| item.column == column)).collect();
        self.boxes.iter_mut().for_each(|item| item.column = used[..item.column].iter().filter(|used| **used).count());
        let mut each = used.into_iter();
        self.columns.retain(|_| each.next().unwrap_or(false));
        self
    }

    /// The drawing, with its equivalent in words.
    pub(crate) fn figure(&self) -> Figure {
        self.figure_with(|page| page)
    }

    /// The same, with more said in words.
    pub(crate) fn figure_with(&self, more: impl FnOnce(Page) -> Page) -> Figure {
        self.drawn(true, more)
    }

    /// The drawing without its title, its answer and where it comes from, for a page that says these itself.
    pub(crate) fn figure_inside(&self) -> Figure {
        self.drawn(false, |page| page)
    }

    fn drawn(&self, is_alone: bool, more: impl FnOnce(Page) -> Page) -> Figure {
        let picture = self.picture();
        let mut svg = self.svg(&picture, is_alone, true);
        if svg.len() > LARGEST {
            svg = self.svg(&picture, is_alone, false);
        }
        Figure::new(self.title.clone(), svg, self.words(&picture, more))
    }

    fn picture(&self) -> Picture {
        let parts = join::joined(self, MOST);
        let mut group_of = vec![0; self.boxes.len()];
        for (n, members) in parts.iter().enumerate() {
            members.iter().for_each(|item| group_of[*item] = n);
        }
        let mut links = std::collections::BTreeMap::new();
        for link in &self.links {
            let (from, to) = (group_of[link.from], group_of[link.to]);
            if from != to {
                let (broken, n) = links.entry((from, to)).or_insert((true, 0));
                *broken &= link.broken;
                *n += 1;
            }
        }
        let groups = parts.iter().map(|members| Group::of(self, members)).collect();
        Picture { groups, links: links.into_iter().map(|((from, to), (broken, n))| (from, to, broken, n)).collect() }
    }

    fn svg(&self, picture: &Picture, is_alone: bool, hovers: bool) -> String {
        let title = self.provenance.say(&self.title.to_string());
        let (head, top) = match is_alone {
            true => paper::head(&self.provenance, &title, (&self.answer.0, &self.answer.1)),
            false => (Markup::default(), paper::TOP),
        };
        let from = is_alone.then_some(&self.provenance);
        let columns = self.columns.len().max(1);
        let placed = layout::placed(picture, columns, ROOM);
        let (drawn, bottom) = marks::all(self, picture, &placed, (MARGIN, top), hovers);
        let (foot, bottom) = paper::foot(&self.caveats, from, bottom + 12.0);
        svg::drawing(WIDTH, bottom, &title, head.and(drawn).and(foot))
    }

    /// The same facts in words: column by column, each box with what hangs on it.
    fn words(&self, picture: &Picture, more: impl FnOnce(Page) -> Page) -> Page {
        let page = Page::new(self.title.clone())
            .question(self.question.clone())
            .answer(self.answer.0.clone(), self.answer.1.clone());
        let page = more(page);
        let page = (0..self.columns.len()).fold(page, |page, column| self.column_in_words(page, picture, column));
        let page = self.caveats.iter().fold(page, |page, caveat| page.paragraph(caveat.clone()));
        page.provenance(self.provenance.clone())
    }

    fn column_in_words(&self, page: Page, picture: &Picture, column: usize) -> Page {
        let here: Vec<usize> = (0..picture.groups.len()).filter(|n| picture.groups[*n].column == column).collect();
        if here.is_empty() {
            return page;
        }
        let others = |n: usize| -> String {
            let ends = picture.links.iter().filter_map(|(from, to, ..)| match (*from == n, *to == n) {
                (true, _) => Some(*to),
                (_, true) => Some(*from),
                _ => None,
            });
            let names: Vec<String> = ends.map(|n| picture.called(n)).collect();
            some(&names, 6)
        };
        let heading = self.columns[column].heading;
        let rows = here.iter().map(|n| {
            let group = &picture.groups[*n];
            vec![
                Cell::from(picture.called(*n)),
                group.state.clone().map_or(Cell::Empty, Cell::from),
                group.said().into(),
                others(*n).into(),
            ]
        });
        page.heading(heading).table(Grid::new([heading, "State", "What", "Linked with"]).rows(rows))
    }
}

/// The first of some names, and how many more there are.
fn some(names: &[String], most: usize) -> String {
    match names.len().saturating_sub(most) {
        0 | 1 => names.join(", "),
        more => format!("{} and {more} more", names[..most].join(", ")),
    }
}
