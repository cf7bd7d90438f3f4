//! What is said to a person, before how it looks: a small document of blocks whose cells carry meaning.
//!
//! Knows no HTML and no Proxmox. Rendering makes HTML and text of the same page, so that escaping, the text fallback
//! and provenance hold by construction, for the pages of users as well.

use std::fmt;

use crate::text::Text;
use crate::units::{Age, Bytes, Moment, Ratio, Reading, Why};

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

    fn part(mut self, title: Text, open: bool, code: Option<Text>, part: Page) -> Page {
        self.sources.extend(part.sources);
        self.sources.extend(part.provenance);
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

/// A value that means something, so that each rendering can show it in its own way.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cell {
    /// Words.
    Text(Text),
    /// A name and what it is: `web-1`, then in grey `VM 101`.
    Name(Text, Text),
    /// A state with its word and tone.
    State(State),
    /// A count.
    Count(u64),
    /// A size.
    Bytes(Bytes),
    /// A part of a whole.
    Ratio(Ratio),
    /// A part of a whole as a bar, with the words beside it: `32 of 96 GiB`.
    Meter(Ratio, Text),
    /// A length of time.
    Age(Age),
    /// How long ago a moment was.
    Ago(Age, Moment),
    /// A point in time.
    Moment(Moment),
    /// Something to type or to read letter by letter: a path, a UPID.
    Code(Text),
    /// Code that can be put into a new cell: the label, the code.
    Button(Text, Text),
    /// Not known, and why.
    Missing(Text),
    /// Nothing to say here, and nothing is missing.
    Empty,
}

impl Cell {
    /// Whether the value is compared by size, and so stands at the right of its column.
    pub fn is_number(&self) -> bool {
        matches!(self, Cell::Count(_) | Cell::Bytes(_) | Cell::Ratio(_) | Cell::Age(_))
    }

    /// A meter of `used` within `whole`, or why there is none.
    pub fn usage(used: Reading<Bytes>, whole: Reading<Bytes>) -> Cell {
        match (used, whole) {
            (Reading::Known(used), Reading::Known(whole)) => match used.of(whole) {
                Some(ratio) => Cell::Meter(ratio, Text::from(format!("{used} of {whole}"))),
                None => Cell::Bytes(used),
            },
            (Reading::Missing(why), Reading::Known(whole)) => Cell::Missing(Text::from(format!("of {whole}, {why}"))),
            (_, Reading::Missing(why)) => Cell::from(why),
        }
    }
}

impl fmt::Display for Cell {
    /// The cell in words, as both renderings have it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Text(text) | Cell::Code(text) => write!(f, "{text}"),
            Cell::Name(name, what) => write!(f, "{name} ({what})"),
            Cell::State(state) => write!(f, "{state}"),
            Cell::Count(count) => write!(f, "{count}"),
            Cell::Bytes(bytes) => write!(f, "{bytes}"),
            Cell::Ratio(ratio) => write!(f, "{ratio}"),
            Cell::Meter(_, words) => write!(f, "{words}"),
            Cell::Age(age) => write!(f, "{age}"),
            Cell::Ago(age, moment) => write!(f, "{} {} UTC, {age} ago", moment.date(), moment.time()),
            Cell::Moment(moment) => write!(f, "{moment}"),
            Cell::Button(label, code) if label == code => write!(f, "{code}"),
            Cell::Button(label, code) => write!(f, "{label} {code}"),
            Cell::Missing(why) => write!(f, "– {why}"),
            Cell::Empty => Ok(()),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.into())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::Text(text.into())
    }
}

impl From<Text> for Cell {
    fn from(text: Text) -> Cell {
        Cell::Text(text)
    }
}

impl From<&Text> for Cell {
    fn from(text: &Text) -> Cell {
        Cell::Text(text.clone())
    }
}

impl From<bool> for Cell {
    fn from(yes: bool) -> Cell {
        Cell::from(if yes { "yes" } else { "no" })
    }
}

impl From<u64> for Cell {
    fn from(count: u64) -> Cell {
        Cell::Count(count)
    }
}

impl From<u32> for Cell {
    fn from(count: u32) -> Cell {
        Cell::Count(count.into())
    }
}

impl From<usize> for Cell {
    fn from(count: usize) -> Cell {
        Cell::Count(count as u64)
    }
}

impl From<i32> for Cell {
    fn from(number: i32) -> Cell {
        u64::try_from(number).map_or_else(|_| Cell::from(number.to_string()), Cell::Count)
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Cell {
        Cell::from(format!("{number}"))
    }
}

impl From<Bytes> for Cell {
    fn from(bytes: Bytes) -> Cell {
        Cell::Bytes(bytes)
    }
}

impl From<Ratio> for Cell {
    fn from(ratio: Ratio) -> Cell {
        Cell::Ratio(ratio)
    }
}

impl From<Age> for Cell {
    fn from(age: Age) -> Cell {
        Cell::Age(age)
    }
}

impl From<Moment> for Cell {
    fn from(moment: Moment) -> Cell {
        Cell::Moment(moment)
    }
}

impl From<State> for Cell {
    fn from(state: State) -> Cell {
        Cell::State(state)
    }
}

impl From<Why> for Cell {
    fn from(why: Why) -> Cell {
        Cell::Missing(why.to_string().into())
    }
}

impl<T: Into<Cell>> From<Reading<T>> for Cell {
    fn from(reading: Reading<T>) -> Cell {
        match reading {
            Reading::Known(value) => value.into(),
            Reading::Missing(why) => why.into(),
        }
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Empty, Into::into)
    }
}

/// A state: a word, and how good or bad it is. Shown as glyph, word and colour together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The word.
    pub word: Text,
    /// How good or bad it is.
    pub tone: Tone,
}

impl State {
    /// A state.
    pub fn new(tone: Tone, word: impl Into<Text>) -> State {
        State { word: word.into(), tone }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.tone.glyph(), self.word)
    }
}

/// How good or bad a state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Off, and nothing wrong with that.
    Off,
    /// On hold or in between: paused, starting, a warning.
    Held,
    /// Wrong.
    Wrong,
    /// Not known.
    Unknown,
}

impl Tone {
    /// The glyph that carries the tone where there is no colour.
    pub fn glyph(self) -> &'static str {
        match self {
            Tone::Good => "●",
            Tone::Off => "○",
            Tone::Held => "‖",
            Tone::Wrong => "✕",
            Tone::Unknown => "?",
        }
    }
}

/// Rows and columns of cells.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    pub(crate) caption: Option<Text>,
    pub(crate) columns: Vec<Text>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

impl Grid {
    /// A table with these columns and no rows yet.
    pub fn new<C: Into<Text>>(columns: impl IntoIterator<Item = C>) -> Grid {
        Grid { caption: None, columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// What the rows are, and in which order.
    pub fn caption(mut self, caption: impl Into<Text>) -> Grid {
        self.caption = Some(caption.into());
        self
    }

    /// One more row. Cells that are not given stay empty; surplus ones are dropped.
    pub fn row<C: Into<Cell>>(mut self, cells: impl IntoIterator<Item = C>) -> Grid {
        self.push(cells.into_iter().map(Into::into).collect());
        self
    }

    /// Many more rows.
    pub fn rows(mut self, rows: impl IntoIterator<Item = Vec<Cell>>) -> Grid {
        rows.into_iter().for_each(|row| self.push(row));
        self
    }

    fn push(&mut self, mut row: Vec<Cell>) {
        row.resize(self.columns.len(), Cell::Empty);
        self.rows.push(row);
    }

    /// Whether a column holds numbers, which stand at the right.
    pub(crate) fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().filter_map(|row| row.get(column)).peekable();
        let mut any = false;
        cells.all(|cell| {
            any |= cell.is_number();
            cell.is_number() || matches!(cell, Cell::Missing(_) | Cell::Empty)
        }) && any
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
    /// The object in the cluster's own web console.
    pub console: Option<Text>,
}

impl fmt::Display for Provenance {
    /// One quiet line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = self.calls.iter().map(Text::to_string).collect::<Vec<_>>().join(", ");
        let at = self.at.map(|at| at.to_string()).unwrap_or_default();
        let took = if self.calls.is_empty() { String::new() } else { format!("{} ms", self.took.as_millis()) };
        let parts = [self.cluster.to_string(), calls, format!("as {}", self.identity), at, took];
        write!(f, "{}", parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "))
    }
}

impl Provenance {
    /// Everything of the two, the calls of `other` last.
    pub fn and(mut self, other: &Provenance) -> Provenance {
        let known = self.calls.len();
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
