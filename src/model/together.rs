//! What is said of many answers together.

use crate::page::Provenance;
use crate::session::{Answer, Session};
use crate::text::Text;

/// Where many answers of one kind came from: their calls as one line instead of many.
pub(crate) fn from_many<'a>(
    session: &Session,
    answers: impl IntoIterator<Item = &'a Answer>,
    calls: impl Into<Text>,
) -> Provenance {
    let many = session.provenance(answers, None);
    Provenance { calls: vec![calls.into()], ..many }
}

/// Names in a sentence: the first few, and how many more there are.
pub(crate) fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 8;
    match names.len().saturating_sub(SHOWN) {
        0 | 1 => names.join(", "),
        more => format!("{} and {more} more", names[..SHOWN].join(", ")),
    }
}
