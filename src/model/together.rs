//! What is said of many answers together.

use crate::page::Provenance;
use crate::session::{Answer, Session};
use crate::text::Text;
use crate::units::{Bytes, Reading};

/// Where many answers of one kind came from: their calls as one line instead of many.
pub(crate) fn from_many<'a>(
    session: &Session,
    answers: impl IntoIterator<Item = &'a Answer>,
    calls: impl Into<Text>,
) -> Provenance {
    let many = session.provenance(answers, None);
    Provenance { calls: vec![calls.into()], ..many }
}

/// A sum in words that says how many numbers are not in it, and claims nothing where none is known.
pub(crate) fn sum_of(sizes: impl IntoIterator<Item = Reading<Bytes>>) -> String {
    let (known, missing): (Vec<_>, Vec<_>) = sizes.into_iter().partition(Reading::is_known);
    let sum: Bytes = known.iter().filter_map(|size| size.known()).sum();
    match (known.len(), missing.len()) {
        (_, 0) => sum.to_string(),
        (0, _) => "an amount that is not known".to_owned(),
        (_, n) => format!("{sum} without {n} that {} not known", if n == 1 { "is" } else { "are" }),
    }
}

/// Words in a line, with commas.
pub(crate) fn joined(words: &[Text]) -> String {
    words.iter().map(Text::raw).collect::<Vec<_>>().join(", ")
}

/// Names in a sentence: the first few, and how many more there are.
pub(crate) fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 8;
    match names.len().saturating_sub(SHOWN) {
        0 | 1 => names.join(", "),
        more => format!("{} and {more} more", names[..SHOWN].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Why;

    #[test]
    fn a_sum_says_what_is_not_in_it() {
        let silent = Reading::Missing(Why::NotInAnswer);
        let two = Reading::Known(Bytes::gib(2));
        assert_eq!(sum_of([two, two]), "4 GiB");
        assert_eq!(sum_of([two, silent, silent]), "2 GiB without 2 that are not known");
        assert_eq!(sum_of([silent]), "an amount that is not known");
        assert_eq!(sum_of([]), Bytes(0).to_string());
    }
}
