//! What is said to a person, before how it looks: a small document of blocks whose cells carry meaning.
//!
//! Knows no HTML and no Proxmox. Rendering makes HTML and text of the same page, so that escaping, the text fallback
//! and provenance hold by construction, for the pages of users as well.

use std::fmt;

use crate::text::Text;
use crate::units::{Age, Moment};

mod cell;

pub use cell::{Cell, Grid, State, Tone};

/// A small document: a title, the question it answers, the answer, and the evidence.
///
/// ```
/// use pve_notebook::{Cell, Grid, Page};
/// let page = Page::new("Who owns what")
///     .question("Which guests belong to whom?")
///     .answer("2 owners", "one guest has none.")
///     .table(Grid::new(["Owner", "Guests"]).row([Cell::from("alice"), Cell::from(3_u64)]));
/// assert!(page.text().contains("alice"));
/// assert!(page.html().contains("<td"));
/// ```
#[derive(Clone, Debug)]
pub struct Page {
    pub(crate) title: Text,
    pub(crate) question: Option<Text>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) provenance: Option<Provenance>,
    /// Where the parts of the page come from, until it says so itself.
    pub(crate) sources: Vec<Provenance>,
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
        Page { title: title.into(), question: None, blocks: Vec::new(), provenance: None, sources: Vec::new() }
    }

    /// The question that the page answers.
    pub fn question(mut self, question: impl Into<Text>) -> Page {
        self.question = Some(question.into());
        self
    }

    /// The answer in a sentence: the fact, shown in bold, and what else belongs to it.
    pub fn answer(self, fact: impl Into<Text>, rest: impl Into<Text>) -> Page {
        self.block(Block::Answer(fact.into(), rest.into()))
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
        self.block(Block::Table(table.into()))
    }

    /// Labelled values.
    pub fn facts<L: Into<Text>>(self, facts: impl IntoIterator<Item = (L, Cell)>) -> Page {
        self.block(Block::Facts(facts.into_iter().map(|(label, cell)| (label.into(), cell)).collect()))
    }

    /// A drawing.
    pub fn figure(self, figure: Figure) -> Page {
        self.block(Block::Figure(figure))
    }

    /// A folded part, made by filling a page of its own.
    pub fn section(self, title: impl Into<Text>, part: Page) -> Page {
        self.part(title.into(), false, None, part)
    }

    /// A part that can be folded but starts open.
    pub fn open_section(self, title: impl Into<Text>, part: Page) -> Page {
        self.part(title.into(), true, None, part)
    }

    /// A folded part that can be had alone with this code.
    pub fn section_from(self, title: impl Into<Text>, code: impl Into<Text>, part: Page) -> Page {
        self.part(title.into(), false, Some(code.into()), part)
    }

    fn part(mut self, title: Text, open: bool, code: Option<Text>, mut part: Page) -> Page {
        let from: Vec<Provenance> = part.sources.into_iter().chain(part.provenance).collect();
        self.provenance = self.provenance.map(|own| from.iter().fold(own, Provenance::and));
        self.sources.extend(from);
        // What the page says already is not said again in its part.
        let said = |words: &Text| self.blocks.iter().any(|own| matches!(own, Block::Note(_, known) if known == words));
        part.blocks.retain(|block| !matches!(block, Block::Note(_, words) if said(words)));
        self.block(Block::Section(Section { title, open, code, blocks: part.blocks }))
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
        self.provenance = Some(self.sources.iter().fold(provenance, Provenance::and));
        self
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
}

impl fmt::Display for Provenance {
    /// One quiet line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = self.calls.iter().map(Text::to_string).collect::<Vec<_>>().join(", ");
        let at = self.at.map(|at| at.to_string()).unwrap_or_default();
        let nothing_sent = self.calls.is_empty() || (self.from_memory.is_some() && self.took.is_zero());
        let took = if nothing_sent { String::new() } else { format!("{} ms", self.took.as_millis()) };
        let memory = match self.from_memory {
            Some(age) if nothing_sent => format!("read {age} ago, from memory"),
            Some(age) => format!("part of it read {age} ago, from memory"),
            None => String::new(),
        };
        let parts = [self.cluster.to_string(), calls, format!("as {}", self.identity), at, took, memory];
        write!(f, "{}", parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "))
    }
}

impl Provenance {
    /// Everything of the two, the calls of `other` last.
    pub fn and(mut self, other: &Provenance) -> Provenance {
        let known = self.calls.len();
        self.from_memory = self.from_memory.max(other.from_memory);
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
