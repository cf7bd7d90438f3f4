//! What a look did not see. What neither saw for the same reason is said once. Knows no object.

use crate::error::Error;
use crate::model::list::List;
use crate::model::sight::Sight;
use crate::page::Level;

/// What limits a comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limit {
    /// The identity may not see it.
    Hidden,
    /// It could not be read.
    NotRead,
    /// Nobody can say whether anything is missing.
    NotTold,
    /// Nothing is missing; it is to be known.
    Remark,
}

/// What was not seen, of what, and in which of the two looks.
#[derive(Clone, Default)]
pub(super) struct Unseen(Vec<Gap>);

#[derive(Clone)]
struct Gap {
    of: &'static str,
    words: String,
    limit: Limit,
    looks: Vec<&'static str>,
}

impl Unseen {
    fn add(&mut self, look: &'static str, of: &'static str, words: impl Into<String>, limit: Limit) {
        let words = words.into();
        // What takes nothing away is said once, whatever else it holds of.
        let is_said = |gap: &Gap| gap.words == words && gap.limit == Limit::Remark && gap.looks.contains(&look);
        if limit == Limit::Remark && self.0.iter().any(is_said) {
            return;
        }
        match self.0.iter_mut().find(|gap| gap.words == words && gap.of == of && gap.limit == limit) {
            Some(gap) if gap.looks.contains(&look) => {}
            Some(gap) => gap.looks.push(look),
            None => self.0.push(Gap { of, words, limit, looks: vec![look] }),
        }
    }

    /// What a list says of itself.
    pub(super) fn of_list<T: Clone>(&mut self, look: &'static str, of: &'static str, list: &List<T>) {
        self.of_sight(look, of, &list.sight());
    }

    pub(super) fn of_sight(&mut self, look: &'static str, of: &'static str, sight: &Sight) {
        for (level, words) in sight.caveats() {
            let limit = match (sight.is_hidden(), sight.is_complete(), level) {
                (true, _, Level::Warning | Level::Danger) => Limit::Hidden,
                (_, Some(false), Level::Warning | Level::Danger) => Limit::NotRead,
                (_, None, Level::Info) => Limit::NotTold,
                _ => Limit::Remark,
            };
            self.add(look, of, words.raw(), limit);
        }
    }

    /// What could not be read at all.
    pub(super) fn error(&mut self, look: &'static str, of: &'static str, error: &Error) {
        let limit = if matches!(error, Error::NotPermitted { .. }) { Limit::Hidden } else { Limit::NotRead };
        self.add(look, of, format!("Not read: {error}"), limit);
    }

    /// What is to be known, and takes nothing away.
    pub(super) fn remark(&mut self, look: &'static str, of: &'static str, words: impl Into<String>) {
        self.add(look, of, words, Limit::Remark);
    }

    pub(super) fn and(mut self, other: Unseen) -> Unseen {
        for gap in other.0 {
            for look in gap.looks {
                self.add(look, gap.of, gap.words.clone(), gap.limit);
            }
        }
        self
    }

    /// How much was seen.
    pub(super) fn sight(&self) -> Sight {
        let mut said: Vec<(Vec<&str>, &Gap)> = Vec::new();
        for gap in &self.0 {
            let alike = |known: &Gap| known.words == gap.words && known.limit == gap.limit && known.looks == gap.looks;
            match said.iter_mut().find(|(_, known)| alike(known)) {
                Some((of, _)) => of.push(gap.of),
                None => said.push((vec![gap.of], gap)),
            }
        }
        said.into_iter().map(|(of, gap)| gap.sight(&of)).fold(Sight::whole(), Sight::and)
    }
}

impl Gap {
    /// The same of several things.
    fn sight(&self, of: &[&str]) -> Sight {
        let looks: Vec<String> = self.looks.iter().map(|look| look.to_lowercase()).collect();
        let of: Vec<String> = of.iter().map(|of| (*of).to_owned()).filter(|of| !of.is_empty()).collect();
        let words = match of.is_empty() {
            true => self.words.clone(),
            false => format!("{}, {}: {}", of.join("; "), looks.join(" and "), self.words),
        };
        match self.limit {
            Limit::Hidden => Sight::hidden(words),
            Limit::NotRead => Sight::part(words),
            Limit::NotTold => Sight::unknown(words),
            Limit::Remark => Sight::whole().remark(words),
        }
    }
}
