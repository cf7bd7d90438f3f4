//! What stands in tables: cells that carry meaning, states, and the rows and columns of them.

use std::fmt;

use crate::text::Text;
use crate::units::{Age, Bytes, Moment, Ratio, Reading, Why};

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
            (Reading::Missing(why), Reading::Known(whole)) => {
                Cell::Missing(Text::from(format!("of {whole}, {}", why.brief())))
            }
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
        Cell::Missing(why.brief().into())
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
