//! Whether a list holds all there is. The server leaves out what the identity may not see, and says nothing of it.

use crate::page::Level;
use crate::session::Session;
use crate::text::Text;

/// How much of something was seen, and what is to be said of the rest.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    /// Whether everything was seen; `None` when that cannot be told.
    whole: Option<bool>,
    /// Whether something is missing because the identity may not see it.
    hidden: bool,
    caveats: Vec<(Level, Text)>,
}

impl Sight {
    /// All of it: the server would have refused rather than left something out.
    pub(crate) fn whole() -> Sight {
        Sight { whole: Some(true), hidden: false, caveats: Vec::new() }
    }

    /// What the server leaves out without one of these privileges on a path and everything below it.
    pub(crate) fn filtered(session: &Session, things: &str, any_of: &[&'static str], path: &str) -> Sight {
        let held = any_of.iter().map(|privilege| session.has_below(privilege, path)).collect();
        Sight::by(session, things, held, &format!("{} on {path} or somewhere below", any_of.join(" and ")))
    }

    /// What the server leaves out without one of these privileges on this very path.
    pub(crate) fn gated(session: &Session, things: &str, any_of: &[&'static str], path: &str) -> Sight {
        let held = any_of.iter().map(|privilege| session.has(privilege, path)).collect();
        Sight::by(session, things, held, &format!("{} on {path}", any_of.join(" and ")))
    }

    /// What one sees of which any of some privileges would show all, by whether each is held.
    fn by(session: &Session, things: &str, held: Vec<Option<bool>>, lacking: &str) -> Sight {
        let identity = session.identity();
        if held.contains(&Some(true)) {
            return Sight::whole();
        }
        if held.contains(&None) {
            let words = format!(
                "Whether these are all {things} cannot be said: the privileges of {identity} could not be read."
            );
            return Sight::unknown(words);
        }
        Sight::hidden(format!(
            "These are the {things} visible to you: {identity} lacks {lacking}, so there may be more."
        ))
    }

    /// A part of it: the rest could not be read, or was not asked for, for this reason.
    pub(crate) fn part(why: impl Into<Text>) -> Sight {
        Sight { whole: Some(false), hidden: false, caveats: vec![(Level::Warning, why.into())] }
    }

    /// What the identity may see of it, which is not all, for this reason.
    pub(crate) fn hidden(why: impl Into<Text>) -> Sight {
        Sight { hidden: true, ..Sight::part(why) }
    }

    /// Nobody can say whether it is all, for this reason.
    pub(crate) fn unknown(why: impl Into<Text>) -> Sight {
        Sight { whole: None, hidden: false, caveats: vec![(Level::Info, why.into())] }
    }

    /// All but some rows that were not understood.
    pub(crate) fn without(odd: usize) -> Sight {
        if odd == 0 {
            return Sight::whole();
        }
        Sight::part(format!(
            "{odd} more rows of the answer were not understood and are left out; pve.get(path)? has them."
        ))
    }

    /// What limits either.
    pub(crate) fn and(mut self, other: Sight) -> Sight {
        self.whole = match (self.whole, other.whole) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        };
        self.hidden |= other.hidden;
        for caveat in other.caveats {
            if !self.caveats.contains(&caveat) {
                self.caveats.push(caveat);
            }
        }
        self
    }

    /// A remark that takes nothing away.
    pub(crate) fn remark(mut self, words: impl Into<Text>) -> Sight {
        self.caveats.push((Level::Info, words.into()));
        self
    }

    /// A warning about what the list means; it takes nothing away.
    pub(crate) fn warned(mut self, words: impl Into<Text>) -> Sight {
        self.caveats.push((Level::Warning, words.into()));
        self
    }

    /// Whether something is missing, as far as can be told.
    pub(crate) fn is_partial(&self) -> bool {
        self.whole == Some(false)
    }

    /// Whether something is missing because the identity may not see it.
    pub(crate) fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// Whether everything was certainly seen.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole == Some(true)
    }

    /// Whether everything was seen; `None` when that cannot be told.
    pub(crate) fn is_complete(&self) -> Option<bool> {
        self.whole
    }

    /// What must be said beside it.
    pub(crate) fn caveats(&self) -> impl Iterator<Item = (Level, Text)> + '_ {
        self.caveats.iter().cloned()
    }
}
