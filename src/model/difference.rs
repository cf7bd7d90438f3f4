//! What is different between two looks at one cluster: what came, went, moved, or is set up otherwise.
//!
//! Compares what both looks saw. What one of them did not see is told as not seen, and is never taken to be gone.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::model::evidence::{Evidence, Source};
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::sight::Sight;
use crate::model::told::told;
use crate::model::why::{Explained, Sources};
use crate::page::{Cell, Figure, Provenance, State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::Moment;

mod cluster;
mod guests;
mod look;
mod page;
mod same;
mod setting;
mod thing;
mod unseen;

/// What became of a thing between the two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It was there before, and is not after.
    Removed,
    /// Another one has its number.
    Replaced,
    /// It was not there before, and is after.
    Added,
    /// A guest is on another node, or a disk of it on another storage; it may be set up otherwise, too.
    Moved,
    /// It is set up otherwise, or is in another state.
    Changed,
    /// It was seen in one look alone, and the other did not see all there is.
    NotKnown,
}

impl ChangeKind {
    /// In words, with how much it should be looked at.
    pub fn state(self) -> State {
        let (tone, word) = match self {
            ChangeKind::Removed => (Tone::Wrong, "removed"),
            ChangeKind::Replaced => (Tone::Wrong, "replaced"),
            ChangeKind::Added => (Tone::Good, "added"),
            ChangeKind::Moved => (Tone::Held, "moved"),
            ChangeKind::Changed => (Tone::Held, "changed"),
            ChangeKind::NotKnown => (Tone::Unknown, "seen once"),
        };
        State::new(tone, word)
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state().word.fmt(f)
    }
}

impl From<ChangeKind> for Cell {
    fn from(kind: ChangeKind) -> Cell {
        kind.state().into()
    }
}

/// One thing about something that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedPart {
    /// What: `cores`, `net0 tag`, `Node`, `Snapshot before-patch`.
    pub what: Text,
    /// What it was; `None` where there was none. Of a secret only that it is one.
    pub before: Option<Text>,
    /// What it is; `None` where there is none.
    pub after: Option<Text>,
}

impl ChangedPart {
    fn new(what: impl Into<Text>, before: Option<Text>, after: Option<Text>) -> ChangedPart {
        ChangedPart { what: what.into(), before, after }
    }

    /// `cores: 2 → 4`.
    fn said(&self) -> String {
        let said = |side: &Option<Text>| side.as_ref().map_or("none".to_owned(), |words| words.brief(60));
        format!("{}: {} → {}", self.what, said(&self.before), said(&self.after))
    }
}

told! {
    /// Something that is not as it was.
    #[derive(Clone)]
    pub struct Change {
        /// What it is: `guest`, `node`, `storage`, `user`, ...
        #[field(skip, "the list that it stands in")]
        pub what: Text,
        /// What it is called now, or was last.
        #[field(skip, "the lists of both looks")]
        pub name: Text,
        /// Of a guest, its number.
        #[field(skip, "the lists of both looks")]
        pub vmid: Option<u32>,
        /// What became of it.
        #[field(skip, "the answers of both looks, held against each other")]
        pub kind: ChangeKind,
        /// What is different about it, one by one; empty where it came or went as a whole.
        #[field(skip, "the answers of both looks, held against each other")]
        pub parts: Vec<ChangedPart>,
        /// All that was read.
        #[field(skip)]
        from: Arc<Provenance>,
    }
}

/// As many parts as the row of a table tells.
const TOLD: usize = 3;

impl Change {
    fn new(what: &str, name: impl Into<Text>, kind: ChangeKind, parts: Vec<ChangedPart>) -> Change {
        Change { what: what.into(), name: name.into(), vmid: None, kind, parts, from: Arc::default() }
    }

    /// Whether it is a guest.
    pub fn is_guest(&self) -> bool {
        self.vmid.is_some()
    }

    /// What one part of it was and is.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let (before, after) = (Pve::demo()?, Pve::demo()?);
    /// after.guest("web-1")?.set("cores", 4).run()?;
    /// let web = before.diff(&after)?.changes.find(|change| change.vmid == Some(101)).unwrap();
    /// assert_eq!(web.part("cores").unwrap().after.unwrap(), "4");
    /// # Ok(()) }
    /// ```
    pub fn part(&self, what: &str) -> Option<ChangedPart> {
        self.parts.iter().find(|part| part.what == what).cloned()
    }

    fn what_cell(&self) -> Cell {
        let what = self.vmid.map_or(self.what.clone(), |vmid| vmid.to_string().into());
        Cell::Name(self.name.clone(), what)
    }

    fn in_brief(&self) -> String {
        let said: Vec<String> = self.parts.iter().take(TOLD).map(ChangedPart::said).collect();
        match self.parts.len().saturating_sub(TOLD) {
            0 => said.join("; "),
            more => format!("{}; and {more} more", said.join("; ")),
        }
    }
}

impl Explained for Change {
    fn sources(&self) -> Sources {
        Sources::of(&self.from)
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change({} {}: {})", self.what, self.name, self.kind)
    }
}

impl Listed for Change {
    const NOUN: (&'static str, &'static str) = ("change", "changes");

    fn columns() -> Vec<Column<Change>> {
        vec![
            column!("What", Change::what_cell).by("name vmid what", "what it is called, with its number or what it is"),
            column!("Change", |c: &Change| c.kind)
                .by("kind", "from both looks: in which it was seen, and what is different"),
            column!("Before → after", Change::in_brief)
                .by("parts", "the first three that differ, each from what to what"),
        ]
    }

    fn summary(changes: &[Change]) -> (String, String) {
        (count(changes.len(), Change::NOUN), ".".into())
    }

    fn told(&self) -> Text {
        format!("{} {}", self.what.raw(), self.name.raw()).into()
    }
}

/// What is different between two looks at one cluster.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let (before, after) = (Pve::demo()?, Pve::demo()?);
/// after.guest("web-1")?.start().run()?;
/// after.guest("web-1")?.tag("chg-123").run()?;
/// let difference = before.diff(&after)?;
/// assert!(difference.page().text().contains("1 guest changed"));
/// assert_eq!(difference.changes.first().unwrap().part("tags").unwrap().after.unwrap(), "chg-123, owner.alice, stage.prod");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Difference {
    /// All that is not as it was: guests first, the gravest first.
    pub changes: List<Change>,
    /// When the first look began.
    pub before: Moment,
    /// When the second look began.
    pub after: Moment,
    /// How each look was taken: of what, by whom, when.
    looks: [[Text; 3]; 2],
    figure: Figure,
    /// The same without what a page around it says.
    drawing: Figure,
    sight: Sight,
    provenance: Provenance,
}

impl Difference {
    /// What is different between what two sessions see, read now.
    pub(crate) fn between(before: &Session, after: &Session) -> Result<Difference, Error> {
        same::cluster(look::Look::taken("Before", before)?, look::Look::taken("After", after)?)?.compared()
    }

    /// Whether nothing was seen to be different.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// What could not be compared, in sentences.
    pub fn gaps(&self) -> Vec<Text> {
        self.sight.caveats().map(|(_, words)| words).collect()
    }

    /// Before and after as a drawing: each guest that changed between where it was and where it is.
    pub fn figure(&self) -> Figure {
        self.figure.clone()
    }

    /// Where it was read.
    pub fn provenance(&self) -> Provenance {
        self.provenance.clone()
    }
}

impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Difference({})", count(self.changes.len(), Change::NOUN))
    }
}

impl Source for Difference {
    fn evidence(&self) -> Evidence {
        Evidence { provenance: self.provenance(), sight: self.sight.clone() }
    }
}
