//! How a page looks: HTML, text, drawings, and the one place that prints.

use crate::page::{Block, Figure, Page};
use crate::text::Text;

mod emit;
mod html;
mod text;

/// What shows itself in a notebook. The one method to write is [`page`](View::page).
pub trait View {
    /// What is to be said.
    fn page(&self) -> Page;

    /// Called by the notebook kernel for the last expression of a cell.
    fn evcxr_display(&self) {
        emit::emit(&self.page());
    }
}
