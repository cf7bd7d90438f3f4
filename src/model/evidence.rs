//! What an answer rests on: where it was read, and what is missing from it. A page that is based on something says both,
//! and its answer claims no more than that.

use crate::error::Error;
use crate::model::list::{About, List};
use crate::model::sight::Sight;
use crate::page::{Block, Figure, Level, Page, Provenance};
use crate::text::Text;

/// Where something was read, and what is missing from it.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub(crate) provenance: Provenance,
    pub(crate) sight: Sight,
}

/// What an answer can be based on: it tells where it was read, and what is missing from it. Lists and objects do, and
/// the failure to read them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say where it was read",
    note = "give what was read, or that with what was made of it: `Ok((value, read.evidence()))`"
)]
pub trait Source {
    /// Where it was read, and what is missing from it.
    fn evidence(&self) -> Evidence;
}

impl Evidence {
    /// Of what was read as a whole.
    pub(crate) fn whole(provenance: Provenance) -> Evidence {
        Evidence { provenance, sight: Sight::whole() }
    }

    /// What both rest on.
    pub fn and(self, other: &impl Source) -> Evidence {
        let Evidence { provenance, sight } = other.evidence();
        Evidence { provenance: joined(self.provenance, &provenance), sight: self.sight.and(sight) }
    }

    /// Whether nothing is missing; `None` when that cannot be told.
    pub fn is_complete(&self) -> Option<bool> {
        self.sight.is_complete()
    }

    /// What was not seen, in sentences.
    pub fn gaps(&self) -> Vec<Text> {
        self.sight.caveats().map(|(_, words)| words).collect()
    }

    /// What limits the answer, to be said in the same breath.
    fn limits(&self) -> Option<String> {
        match (self.sight.is_hidden(), self.sight.is_complete()) {
            (true, _) => Some(format!(", as far as {} may see", self.provenance.identity.raw())),
            (false, Some(false)) => Some(NOT_READ.to_owned()),
            (false, None) => Some(NOT_TOLD.to_owned()),
            (false, Some(true)) => None,
        }
    }
}

const NOT_READ: &str = ", as far as could be read";
const NOT_TOLD: &str = ", as far as can be told";

/// What limits an answer most is said of it.
fn weight(limits: &str) -> u8 {
    match limits {
        "" => 0,
        NOT_TOLD => 1,
        NOT_READ => 2,
        _ => 3,
    }
}

/// The provenance of nothing has no cluster.
fn joined(one: Provenance, other: &Provenance) -> Provenance {
    if one.cluster.is_blank() { other.clone() } else { one.and(other) }
}

impl Source for Evidence {
    fn evidence(&self) -> Evidence {
        self.clone()
    }
}

impl<T: Clone> Source for List<T> {
    fn evidence(&self) -> Evidence {
        Evidence { provenance: self.provenance(), sight: self.sight() }
    }
}

impl Source for Figure {
    fn evidence(&self) -> Evidence {
        self.words.evidence()
    }
}

/// A page keeps the remarks that it makes; what they limit is not known.
impl Source for Page {
    fn evidence(&self) -> Evidence {
        Evidence::whole(self.provenance.clone().unwrap_or_default())
    }
}

impl Source for Error {
    fn evidence(&self) -> Evidence {
        let words = format!("Not read: {self}");
        let (sight, identity) = match self {
            Error::NotPermitted { identity, .. } => (Sight::hidden(words), identity.clone()),
            _ => (Sight::part(words), Text::default()),
        };
        Evidence { provenance: Provenance { identity, ..Provenance::default() }, sight }
    }
}

impl<T: Source> Source for Result<T, Error> {
    fn evidence(&self) -> Evidence {
        match self {
            Ok(read) => read.evidence(),
            Err(error) => error.evidence(),
        }
    }
}

/// What was concluded, beside what it rests on, where that itself need not be kept.
impl<T> Source for (T, Evidence) {
    fn evidence(&self) -> Evidence {
        self.1.clone()
    }
}

/// A list that may be missing.
pub trait OrUnseen<T> {
    /// The list, or an empty one that says that it could not be read, and why: for an answer that holds without it, as
    /// far as it goes.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let jobs = pve.backup_jobs().or_unseen();
    /// let page = Page::new("Jobs").answer(format!("{} jobs", jobs.len()), ".").based_on(&jobs);
    /// assert!(page.text().contains(&format!("{} jobs.", jobs.len()))); // nothing was kept back
    /// # Ok(()) }
    /// ```
    fn or_unseen(self) -> List<T>;
}

impl<T: Clone> OrUnseen<T> for Result<List<T>, Error> {
    fn or_unseen(self) -> List<T> {
        self.unwrap_or_else(|error| {
            let Evidence { provenance, sight } = error.evidence();
            let (title, question) = (Text::from("What could not be read"), Text::default());
            List::new(Vec::new(), About { title, question, sight, provenance, of: None })
        })
    }
}

impl Page {
    /// Says where the answer comes from, and what is missing from it, right below the answer; the answer itself says how
    /// far it goes.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let locked = pve.guests()?.filter(|guest| guest.lock.is_some());
    /// let page = Page::new("Locks").answer(format!("{} locked", locked.len()), ".").based_on(&locked);
    /// assert!(page.text().contains("/cluster/resources"));
    /// # Ok(()) }
    /// ```
    pub fn based_on(self, source: &impl Source) -> Page {
        let evidence = source.evidence();
        let said = |page: &Page, words: &Text| {
            page.blocks.iter().any(|block| matches!(block, Block::Note(_, known) if known == words))
        };
        let mut page = self.rests_on(&evidence);
        let caveats: Vec<(Level, Text)> = evidence.sight.caveats().filter(|(_, words)| !said(&page, words)).collect();
        let answer = page.blocks.iter().position(|block| matches!(block, Block::Answer(..)));
        let after =
            |at: usize| page.blocks[at + 1..].iter().take_while(|block| matches!(block, Block::Note(..))).count();
        let at = answer.map_or(page.blocks.len(), |at| at + 1 + after(at));
        page.blocks.splice(at..at, caveats.into_iter().map(|(level, words)| Block::Note(level, words)));
        page
    }

    /// The same for a page whose readers do not run the cluster: the answer says how far it goes, and what is missing stands
    /// in a part that folds, at the end.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let running = Pve::demo()?.guests()?.filter(|guest| guest.is_running()).each(|guest| guest.snapshots());
    /// let page = Page::new("Snapshots").answer(format!("{} servers", running.len()), ".").based_on_in_brief(&running);
    /// assert!(page.text().contains("▾ What could not be seen"));
    /// # Ok(()) }
    /// ```
    pub fn based_on_in_brief(self, source: &impl Source) -> Page {
        let evidence = source.evidence();
        let page = self.rests_on(&evidence);
        let gaps = evidence.sight.caveats().fold(Page::new(""), |page, (level, words)| page.note(level, words));
        if gaps.blocks.is_empty() { page } else { page.section("What could not be seen, or is to be known", gaps) }
    }

    /// Says where it was read, and in the answer how far that goes.
    fn rests_on(mut self, more: &Evidence) -> Page {
        let known = self.provenance.take().unwrap_or_default();
        let evidence = Evidence { provenance: joined(known, &more.provenance), sight: more.sight.clone() };
        if let Some(limits) = evidence.limits().filter(|limits| weight(limits) > weight(self.limits.raw())) {
            self.limit(limits.into());
        }
        if evidence.provenance.cluster.is_blank() { self } else { self.provenance(evidence.provenance) }
    }
}
