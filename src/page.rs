//! What is said to a person, before how it looks: a small document of blocks whose cells carry meaning.
//!
//! Knows no HTML and no Proxmox. Rendering makes HTML and text of the same page, so that escaping, the text fallback
//! and provenance hold by construction, for the pages of users as well.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::lens::Seen;
use crate::text::Text;
use crate::units::{Age, Moment};

mod cell;
mod seen;

pub use cell::{Cell, Grid, Sparkline, State, Tone};
pub(crate) use seen::{bare_title, without_sections};

/// A small document: a title, the question it answers, the answer, and the evidence.
///
/// ```
/// use pve_notebook::{Cell, Grid, Page};
/// let page = Page::new("Who owns what")
///     .question("Which guests belong to whom?")
///     .answer("2 owners", "; one guest has none.")
///     .table(Grid::new(["Owner", "Guests"]).row([Cell::from("alice"), Cell::from(3_u64)]));
/// assert!(page.text().contains("alice"));
/// assert!(page.html().contains("<td"));
/// ```
#[derive(Clone)]
pub struct Page {
    pub(crate) title: Text,
    pub(crate) question: Option<Text>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) provenance: Option<Provenance>,
    /// Where the parts of the page come from, until it says so itself.
    pub(crate) sources: Vec<Provenance>,
    /// How far its answer goes, where that is not all the way: `, as far as could be read`.
    pub(crate) limits: Text,
    /// The lens that something on it was read through.
    pub(crate) seen: Option<Arc<Seen>>,
    /// Whether its blocks are as the cluster gave them, so that no lens changes them.
    pub(crate) as_it_came: bool,
}

/// One part of a page.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Block {
    /// A heading inside the page.
    Heading(Text),
    /// The answer: its fact, then the rest of the sentence.
    Answer(Text, Text),
    /// A paragraph.
    Paragraph(Text),
    /// Rows and columns.
    Table(Grid),
    /// Labelled values.
    Facts(Vec<(Text, Cell)>),
    /// A drawing and its equivalent in words.
    Figure(Figure),
    /// A part that folds.
    Section(Section),
    /// A remark that must not be missed.
    Note(Level, Text),
    /// Code to go on with; where scripts may run, a button puts it into a new cell.
    Code(Text),
    /// Lines as a machine wrote them: a log, raw data.
    Lines(Vec<Text>),
}

/// A part of a page that folds.
#[derive(Clone, Debug)]
pub struct Section {
    pub(crate) title: Text,
    pub(crate) open: bool,
    /// The code that gives this part alone.
    pub(crate) code: Option<Text>,
    pub(crate) blocks: Vec<Block>,
    /// Whether these are as the cluster gave them.
    pub(crate) as_it_came: bool,
    /// Whether it only says what its code would read.
    pub(crate) is_offered: bool,
}

/// How much a remark matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Good to know.
    Info,
    /// Be careful.
    Warning,
    /// Something is wrong, or would be destroyed.
    Danger,
}

impl Page {
    /// An empty page.
    pub fn new(title: impl Into<Text>) -> Page {
        Page {
            title: title.into(),
            question: None,
            blocks: Vec::new(),
            provenance: None,
            sources: Vec::new(),
            limits: Text::default(),
            seen: None,
            as_it_came: false,
        }
    }

    /// The question that the page answers.
    pub fn question(mut self, question: impl Into<Text>) -> Page {
        self.question = Some(question.into());
        self
    }

    /// The answer in a sentence: the fact, shown in bold, which can stand alone, and what else belongs to it, beginning with
    /// what comes between them: `.answer("2 of them", ", and one is stopped.")`. How far the answer goes is said after the
    /// fact: “2 of them, as far as audit@pve may see, and one is stopped.”
    pub fn answer(self, fact: impl Into<Text>, rest: impl Into<Text>) -> Page {
        let rest = after_fact(self.limits.raw(), rest.into().raw());
        self.block(Block::Answer(fact.into(), rest.into()))
    }

    /// Says in the answer how far it goes, instead of what was said of that so far.
    pub(crate) fn limit(&mut self, limits: Text) {
        for block in &mut self.blocks {
            if let Block::Answer(_, rest) = block {
                let said = rest.raw().strip_prefix(self.limits.raw()).unwrap_or(rest.raw());
                *rest = after_fact(limits.raw(), said).into();
            }
        }
        self.limits = limits;
    }

    /// A heading inside the page.
    pub fn heading(self, heading: impl Into<Text>) -> Page {
        self.block(Block::Heading(heading.into()))
    }

    /// A paragraph.
    pub fn paragraph(self, paragraph: impl Into<Text>) -> Page {
        self.block(Block::Paragraph(paragraph.into()))
    }

    /// Rows and columns.
    pub fn table(self, table: impl Into<Grid>) -> Page {
        let mut table: Grid = table.into();
        let remarks = std::mem::take(&mut table.remarks);
        let table = if table.rows.is_empty() { table.row(["none"]) } else { table };
        let page = self.seen_by(table.seen.as_ref()).block(Block::Table(table));
        remarks.into_iter().fold(page, |page, remark| page.note(Level::Warning, remark))
    }

    /// Labelled values.
    pub fn facts<L: Into<Text>>(self, facts: impl IntoIterator<Item = (L, Cell)>) -> Page {
        self.block(Block::Facts(facts.into_iter().map(|(label, cell)| (label.into(), cell)).collect()))
    }

    /// A drawing.
    pub fn figure(self, figure: impl Into<Figure>) -> Page {
        let figure: Figure = figure.into();
        self.seen_by(figure.words.seen.as_ref()).block(Block::Figure(figure))
    }

    /// A folded part: a page of its own, or what anything shows of itself, by reference.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let (guests, jobs) = (pve.guests()?, pve.backup_jobs()?);
    /// let page = Page::new("For tomorrow's meeting")
    ///     .table(&guests.filter(|g| g.has_tag("owner.alice")))
    ///     .section("All of them", &guests)
    ///     .section("When they are backed up", &jobs)
    ///     .figure(&pve.topology()?);
    /// assert!(page.text().contains("▾ When they are backed up"));
    /// # Ok(()) }
    /// ```
    pub fn section(self, title: impl Into<Text>, part: impl Into<Page>) -> Page {
        self.part(title.into(), false, None, part.into())
    }

    /// A part that can be folded but starts open.
    pub fn open_section(self, title: impl Into<Text>, part: impl Into<Page>) -> Page {
        self.part(title.into(), true, None, part.into())
    }

    /// A folded part that can be had alone with this code.
    pub fn section_from(self, title: impl Into<Text>, code: impl Into<Text>, part: impl Into<Page>) -> Page {
        self.part(title.into(), false, Some(code.into()), part.into())
    }

    /// A part that can be folded but starts open, and can be had alone with this code.
    pub fn open_section_from(self, title: impl Into<Text>, code: impl Into<Text>, part: impl Into<Page>) -> Page {
        self.part(title.into(), true, Some(code.into()), part.into())
    }

    /// A part that was not read because it takes long: why, and the code that reads it.
    pub fn offered(self, title: impl Into<Text>, code: impl Into<Text>, why: impl Into<Text>) -> Page {
        self.offered_as(title, Page::new("").paragraph(why).code(code))
    }

    /// The same with several ways to read it.
    pub(crate) fn offered_as(self, title: impl Into<Text>, part: Page) -> Page {
        let mut page = self.part(title.into(), false, None, part);
        if let Some(Block::Section(section)) = page.blocks.last_mut() {
            section.is_offered = true;
        }
        page
    }

    fn part(mut self, title: Text, open: bool, code: Option<Text>, mut part: Page) -> Page {
        let from: Vec<Provenance> = part.sources.into_iter().chain(part.provenance).collect();
        self.provenance = self.provenance.map(|own| from.iter().fold(own, Provenance::and));
        self.sources.extend(from);
        // What the page says already is not said again in its part.
        let said = |words: &Text| self.blocks.iter().any(|own| matches!(own, Block::Note(_, known) if known == words));
        part.blocks.retain(|block| !matches!(block, Block::Note(_, words) if said(words)));
        let (blocks, as_it_came) = (part.blocks, part.as_it_came);
        let section = Section { title, open, code, blocks, as_it_came, is_offered: false };
        self.seen_by(part.seen.as_ref()).block(Block::Section(section))
    }

    /// Says that something on it was read through a lens.
    pub(crate) fn seen_by(mut self, seen: Option<&Arc<Seen>>) -> Page {
        self.seen = Seen::both(self.seen, seen);
        self
    }

    /// A remark.
    pub fn note(self, level: Level, note: impl Into<Text>) -> Page {
        self.block(Block::Note(level, note.into()))
    }

    /// Code to go on with.
    pub fn code(self, code: impl Into<Text>) -> Page {
        self.block(Block::Code(code.into()))
    }

    /// Lines as a machine wrote them.
    pub fn lines<L: Into<Text>>(self, lines: impl IntoIterator<Item = L>) -> Page {
        self.block(Block::Lines(lines.into_iter().map(Into::into).collect()))
    }

    /// Any block.
    pub fn block(mut self, block: Block) -> Page {
        self.blocks.push(block);
        self
    }

    /// Where all this comes from; what its parts say of that is joined.
    pub fn provenance(mut self, provenance: Provenance) -> Page {
        let from = self.sources.iter().fold(provenance, Provenance::and);
        self = self.seen_by(from.seen.as_ref());
        self.provenance = Some(from);
        self
    }
}

/// What follows the fact of an answer: how far it goes, and the rest, which may end the sentence or go on with it.
fn after_fact(limits: &str, rest: &str) -> String {
    match rest.trim_start() {
        goes_on if goes_on.starts_with(char::is_alphanumeric) => {
            let comma = if limits.is_empty() { "" } else { "," };
            format!("{limits}{comma} {goes_on}")
        }
        _ => format!("{limits}{rest}"),
    }
}

/// A drawing with its equivalent in words. Made by the crate's own drawings; its text is not open to raw markup.
#[derive(Clone)]
pub struct Figure {
    pub(crate) title: Text,
    pub(crate) svg: String,
    pub(crate) words: Box<Page>,
}

impl Figure {
    /// A drawing made by this crate: SVG with presentation attributes only, and the same facts in words.
    pub(crate) fn new(title: impl Into<Text>, svg: String, words: Page) -> Figure {
        Figure { title: title.into(), svg, words: Box::new(words) }
    }

    /// The drawing as SVG.
    pub fn svg(&self) -> String {
        self.svg.clone()
    }

    /// The same in words.
    pub fn words(&self) -> Page {
        (*self.words).clone()
    }
}

/// A notebook's cell that moves a variable in its last line shows nothing but `Debug`; one that borrows it shows all.
impl From<&Figure> for Figure {
    fn from(figure: &Figure) -> Figure {
        figure.clone()
    }
}

impl From<&Grid> for Grid {
    fn from(grid: &Grid) -> Grid {
        grid.clone()
    }
}

impl fmt::Debug for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Figure({})", self.title)
    }
}

/// Where what is shown comes from: which cluster, who asked, which calls, when, how long they took.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// The cluster, and its version where it is known.
    pub cluster: Text,
    /// Who asked.
    pub identity: Text,
    /// Method and path of each call, in order.
    pub calls: Vec<Text>,
    /// When the last answer came.
    pub at: Option<Moment>,
    /// How long the calls took together.
    pub took: std::time::Duration,
    /// How old the oldest part was when it was taken from memory, for a [`Pve::cached`](crate::Pve::cached) cluster.
    pub from_memory: Option<Age>,
    /// The object in the cluster's own web console.
    pub console: Option<Text>,
    /// What stands in the journal of what is shown, or that there is none.
    pub journal: Option<Text>,
    /// When it was recorded, of a recording.
    pub(crate) recorded: Option<Moment>,
    /// Whether the cluster is simulated: its time is not that of this machine, and always the same.
    pub(crate) simulated: bool,
    /// The lens that it was read through.
    pub(crate) seen: Option<Arc<Seen>>,
}

impl fmt::Display for Provenance {
    /// One quiet line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = self.calls.iter().map(Text::to_string).collect::<Vec<_>>().join(", ");
        let at = match self.recorded {
            Some(at) => format!("recorded {at}"),
            None => self.at.map(|at| at.to_string()).unwrap_or_default(),
        };
        let nothing_sent = self.calls.is_empty() || (self.from_memory.is_some() && self.took.is_zero());
        let took = if nothing_sent { String::new() } else { format!("{} ms", self.took.as_millis()) };
        let memory = match self.from_memory {
            Some(age) if nothing_sent => format!("read {age} ago, from memory"),
            Some(age) => format!("part of it read {age} ago, from memory"),
            None => String::new(),
        };
        let journal = self.journal.as_ref().map(Text::to_string).unwrap_or_default();
        let seen = self.seen.as_ref().map(|seen| seen.to_string()).unwrap_or_default();
        let parts = [self.cluster.to_string(), calls, format!("as {}", self.identity), at, took, memory, journal, seen];
        write!(f, "{}", parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "))
    }
}

impl Provenance {
    /// Of reads that were sent off together at this moment: they took no longer than until now.
    pub(crate) fn together_since(mut self, since: std::time::Instant) -> Provenance {
        if self.is_live() {
            self.took = self.took.min(since.elapsed());
        }
        self
    }

    /// Whether somebody answered meanwhile, by the clock of this machine: not of a simulated cluster, nor of a recording.
    pub(crate) fn is_live(&self) -> bool {
        !self.simulated && self.recorded.is_none()
    }

    /// Words that stand in a drawing, as the lens has them. Its sizes keep their unit, since those of its marks do.
    pub(crate) fn say(&self, words: &str) -> String {
        match &self.seen {
            Some(seen) => seen.call(&words.into(), None, &mut BTreeSet::new()).raw().to_owned(),
            None => words.to_owned(),
        }
    }

    /// Everything of the two, the calls of `other` last.
    pub fn and(mut self, other: &Provenance) -> Provenance {
        let known = self.calls.len();
        self.from_memory = self.from_memory.max(other.from_memory);
        self.simulated |= other.simulated;
        self.recorded = self.recorded.or(other.recorded);
        self.seen = Seen::both(self.seen, other.seen.as_ref());
        for call in &other.calls {
            if !self.calls.contains(call) {
                self.calls.push(call.clone());
            }
        }
        if self.calls.len() > known {
            self.at = self.at.max(other.at);
            self.took += other.took;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sentence of an answer, whose limits are said before it was given, or after, or twice.
    fn answered(fact: &str, rest: &str, limits: &[&str]) -> Vec<String> {
        let said = |page: Page| match &page.blocks[0] {
            Block::Answer(fact, rest) => format!("{fact}{rest}"),
            other => panic!("{other:?}"),
        };
        let mut before = Page::new("");
        let mut after = Page::new("").answer(fact, rest);
        for limits in limits {
            before.limit((*limits).into());
            after.limit((*limits).into());
        }
        vec![said(before.answer(fact, rest)), said(after)]
    }

    #[test]
    fn how_far_an_answer_goes_is_said_within_its_sentence() {
        let far = ", as far as part@pve may see";
        for (rest, whole, limited) in [
            (".", "1 of 1.", "1 of 1, as far as part@pve may see."),
            (" guests have none.", "1 of 1 guests have none.", "1 of 1, as far as part@pve may see, guests have none."),
            ("guests have none.", "1 of 1 guests have none.", "1 of 1, as far as part@pve may see, guests have none."),
            (", by the tag.", "1 of 1, by the tag.", "1 of 1, as far as part@pve may see, by the tag."),
            ("; besides, none.", "1 of 1; besides, none.", "1 of 1, as far as part@pve may see; besides, none."),
            ("", "1 of 1", "1 of 1, as far as part@pve may see"),
        ] {
            assert_eq!(answered("1 of 1", rest, &[""]), [whole, whole]);
            assert_eq!(answered("1 of 1", rest, &[far]), [limited, limited]);
            assert_eq!(answered("1 of 1", rest, &[", as far as could be read", far]), [limited, limited]);
        }
    }
}
