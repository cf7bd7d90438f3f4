//! How things look: HTML, text, charts, and the one place that prints.

use std::fmt;

use crate::error::Error;
use crate::page::{Block, Cell, Figure, Level, Page, Provenance, Section};
use crate::text::Text;
use crate::units::{Age, Bytes, Moment, Ratio, Reading};

mod chart;
mod emit;
mod html;
pub(crate) mod markup;
mod sparkline;
#[cfg(test)]
mod tests;
mod text;
mod theme;

pub(crate) use chart::ticks::ticks;
pub(crate) use chart::{Chart, Fan, Line, Multiples, Points, Series, Small, Summary, Unit, sanitise, thinned};
pub(crate) use emit::say;

/// What shows itself in a notebook. The one method to write is [`page`](View::page).
///
/// ```
/// use pve_notebook::*;
/// struct Shift { who: String, guests: u64 }
/// impl View for Shift {
///     fn page(&self) -> Page {
///         Page::new("On call").facts([("Who", Cell::from(self.who.as_str())), ("Guests", Cell::from(self.guests))])
///     }
/// }
/// let shift = Shift { who: "alice <alice@example.com>".into(), guests: 40 };
/// assert!(shift.page().html().contains("alice &lt;alice@example.com&gt;"));
/// ```
pub trait View {
    /// What is to be said.
    fn page(&self) -> Page;

    /// Called by the notebook kernel for the last expression of a cell.
    fn evcxr_display(&self) {
        emit::page(&self.page());
    }
}

/// What anything shows of itself, as a part of another page.
impl<T: View> From<&T> for Page {
    fn from(value: &T) -> Page {
        value.page()
    }
}

impl View for Page {
    fn page(&self) -> Page {
        self.clone()
    }
}

impl View for Figure {
    fn page(&self) -> Page {
        let from: Option<Provenance> = self.words.provenance.clone();
        let page = Page::new(self.title.clone()).figure(self.clone());
        Page { provenance: from, ..page }
    }

    fn evcxr_display(&self) {
        emit::figure(self);
    }
}

impl<T: View + ?Sized> View for &T {
    fn page(&self) -> Page {
        (**self).page()
    }

    fn evcxr_display(&self) {
        (**self).evcxr_display();
    }
}

/// In words: a kernel shows a value so where the last line of a cell takes another value of that cell away.
impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl<T: View> View for Option<T> {
    fn page(&self) -> Page {
        self.as_ref().map_or_else(|| Page::new("Nothing").answer("There is none", "."), View::page)
    }

    fn evcxr_display(&self) {
        match self {
            Some(value) => value.evcxr_display(),
            None => emit::page(&self.page()),
        }
    }
}

impl<T: View> View for Vec<T> {
    fn page(&self) -> Page {
        if self.is_empty() {
            return Page::new("Nothing").answer("There are none", ".");
        }
        let whole = together(self.iter().take(MOST).map(View::page).collect());
        match self.len().saturating_sub(MOST) {
            0 => whole,
            left => whole.paragraph(format!("{left} more are not shown.")),
        }
    }
}

macro_rules! several {
    ($($value:ident)+) => {
        impl<$($value: View),+> View for ($($value,)+) {
            fn page(&self) -> Page {
                #[allow(non_snake_case)]
                let ($($value,)+) = self;
                together(vec![$($value.page()),+])
            }
        }
    };
}

several!(A B);
several!(A B C);
several!(A B C D);
several!(A B C D E);
several!(A B C D E F);

impl<T: View> View for Result<T, Error> {
    fn page(&self) -> Page {
        match self {
            Ok(value) => value.page(),
            Err(error) => error.page(),
        }
    }

    fn evcxr_display(&self) {
        match self {
            Ok(value) => value.evcxr_display(),
            Err(error) => error.evcxr_display(),
        }
    }
}

impl View for Error {
    fn page(&self) -> Page {
        let page = Page::new("This did not work");
        let Error::TaskFailed { what, exit, explanation, upid, log } = self else {
            return page.note(Level::Danger, self.to_string());
        };
        let page = page
            .note(Level::Danger, format!("{what} failed. The task said: {exit}"))
            .paragraph(explanation)
            .facts([("Task", Cell::Code(upid.clone()))]);
        if log.is_empty() { page } else { page.lines(log) }
    }
}

/// As many calls stand in the line below a page.
const CALLS: usize = 3;

/// The part that lists the calls, where they are many.
pub(crate) const FOUND: &str = "How this was found";

/// Where a page comes from, for one quiet line: of many calls it says how many, and they stand in a part that folds.
fn quiet(from: &Provenance) -> (Option<Block>, Provenance) {
    if from.calls.len() <= CALLS {
        return (None, from.clone());
    }
    let reads = format!("{} reads", from.calls.len());
    let calls = Page::new("").lines(&from.calls).blocks;
    let title = format!("{FOUND} · {reads}").into();
    let part = Section { title, open: false, code: None, blocks: calls, as_it_came: true, is_offered: false };
    let hidden = from.seen.as_ref().is_some_and(|seen| seen.lens.hidden_sections().iter().any(|name| **name == FOUND));
    let part = (!hidden).then_some(Block::Section(part));
    (part, Provenance { calls: vec![reads.into()], ..from.clone() })
}

/// As many elements of a `Vec` as are shown.
const MOST: usize = 50;

/// Several pages as one, each under its title and through its own lens; where they come from is said once if it is the
/// same for all.
fn together(pages: Vec<Page>) -> Page {
    let source = common_source(&pages);
    let pages = pages.iter().map(|page| page.seen().into_owned());
    let whole = pages.fold(Page::new(""), |mut whole, part| {
        if !part.title.is_blank() {
            whole = whole.heading(part.title);
        }
        if let Some(question) = part.question {
            whole = whole.paragraph(question);
        }
        whole.blocks.extend(part.blocks);
        whole.as_it_came |= part.as_it_came;
        match part.provenance {
            Some(from) if source.is_none() => whole.block(Block::Paragraph(from.to_string().into())),
            _ => whole,
        }
    });
    Page { provenance: source, ..whole }
}

/// The one source of all pages that have one, if it is the same cluster and the same identity.
fn common_source(pages: &[Page]) -> Option<Provenance> {
    let mut sources = pages.iter().filter_map(|page| page.provenance.as_ref());
    let first = sources.next()?.clone();
    sources.try_fold(first, |all, next| {
        (all.cluster == next.cluster && all.identity == next.identity).then(|| all.and(next))
    })
}

/// A single value, such as a field of an object, shows itself in a line.
macro_rules! view_of_value {
    ($($value:ty),*) => {
        $(impl View for $value {
            fn page(&self) -> Page {
                Page::new("").paragraph(Cell::from(self.clone()).to_string())
            }
        })*
    };
}
view_of_value!(Text, Bytes, Ratio, Age, Moment, Cell);

impl<T: Clone + Into<Cell>> View for Reading<T> {
    fn page(&self) -> Page {
        Page::new("").paragraph(Cell::from(self.clone()).to_string())
    }
}
