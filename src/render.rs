//! How things look: HTML, text, charts, and the one place that prints.

use crate::error::Error;
use crate::page::{Block, Cell, Figure, Level, Page, Provenance};
use crate::text::Text;
use crate::units::{Age, Bytes, Moment, Ratio, Reading};

mod emit;
mod html;
pub(crate) mod markup;
#[cfg(test)]
mod tests;
mod text;
mod theme;

pub(crate) use emit::say;

#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Ratio,
    Bytes,
    BytesPerSecond,
}
pub(crate) struct Chart {
    pub(crate) title: Text,
    pub(crate) unit: Unit,
    pub(crate) series: Vec<(Text, Vec<(Moment, Option<f64>)>)>,
    pub(crate) limit: Option<(Text, f64)>,
}
impl Chart {
    pub(crate) fn figure(self) -> Figure {
        Figure::new(self.title, String::new(), Page::new(""))
    }
}

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

impl<T: View> View for Option<T> {
    fn page(&self) -> Page {
        self.as_ref().map_or_else(|| Page::new("Nothing").answer("There is none", "."), View::page)
    }
}

impl<T: View> View for Vec<T> {
    fn page(&self) -> Page {
        if self.is_empty() {
            return Page::new("Nothing").answer("There are none", ".");
        }
        together(self.iter().map(View::page))
    }
}

impl<A: View, B: View> View for (A, B) {
    fn page(&self) -> Page {
        together([self.0.page(), self.1.page()])
    }
}

impl<T: View> View for Result<T, Error> {
    fn page(&self) -> Page {
        match self {
            Ok(value) => value.page(),
            Err(error) => Page::new("This did not work").note(Level::Danger, error.to_string()),
        }
    }

    fn evcxr_display(&self) {
        match self {
            Ok(value) => value.evcxr_display(),
            Err(_) => emit::page(&self.page()),
        }
    }
}

/// Several pages as one, each under its title, with where each comes from.
fn together(pages: impl IntoIterator<Item = Page>) -> Page {
    pages.into_iter().fold(Page::new(""), |whole, part| {
        let mut whole = whole.heading(part.title);
        if let Some(question) = part.question {
            whole = whole.paragraph(question);
        }
        whole.blocks.extend(part.blocks);
        match part.provenance {
            Some(from) => whole.block(Block::Paragraph(from.to_string().into())),
            None => whole,
        }
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
