//! The one place that prints. What is printed here can never be taken for a control line of the kernel.
#![allow(clippy::print_stdout)]

use crate::page::{Figure, Page};
use crate::text::break_marks;

/// A page as the output of a cell: HTML, and plain text for whoever cannot show it.
pub(super) fn page(page: &Page) {
    content("text/html", &page.html());
    content("text/plain", &page.text());
}

/// A drawing as the output of a cell: no HTML, which would be taken in its stead.
pub(super) fn figure(figure: &Figure) {
    content("image/svg+xml", &figure.svg());
    content("text/plain", &figure.words().text());
}

/// A line on the way: progress, a task's log.
pub(crate) fn say(line: &str) {
    println!("{}", break_marks(line));
}

fn content(mime: &str, content: &str) {
    evcxr_runtime::mime_type(mime).text(break_marks(content));
}
