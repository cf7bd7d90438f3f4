//! What stands in tables: cells that carry meaning, states, and the rows and columns of them.

use std::fmt;
use std::sync::Arc;

use crate::lens::{Seen, Unit};
use crate::text::Text;
use crate::units::{Age, Amount, Bytes, Moment, Ratio, Reading, Why};

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
    /// A number of something else, with its unit: money.
    Amount(Amount),
    /// A part of a whole.
    Ratio(Ratio),
    /// A part of a whole as a bar, with the words beside it: `32 of 96 GiB`.
    Meter(Ratio, Text),
    /// What is used of a whole, as a bar with both beside it.
    Usage(Bytes, Bytes),
    /// How a number went over time, with the words that say it.
    Line(Sparkline),
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
        matches!(self, Cell::Count(_) | Cell::Bytes(_) | Cell::Amount(_) | Cell::Ratio(_) | Cell::Age(_))
    }

    /// What the cell is compared by, where it is not its words.
    pub(crate) fn size(&self) -> Option<f64> {
        match self {
            Cell::Count(count) => Some(*count as f64),
            Cell::Bytes(bytes) => Some(bytes.0 as f64),
            Cell::Amount(amount) => Some(amount.number()),
            Cell::Ratio(ratio) | Cell::Meter(ratio, _) => Some(ratio.0),
            Cell::Usage(used, whole) => used.of(*whole).map(|part| part.0),
            Cell::Age(age) => Some(age.0 as f64),
            Cell::Ago(_, moment) | Cell::Moment(moment) => Some(moment.unix() as f64),
            _ => None,
        }
        .filter(|size| size.is_finite())
    }

    /// Whether it must not be broken into lines: a number with its unit, short code, a short name.
    pub(crate) fn stays_whole(&self) -> bool {
        match self {
            Cell::Count(_) | Cell::Bytes(_) | Cell::Amount(_) | Cell::Ratio(_) | Cell::Age(_) => true,
            Cell::Usage(..) | Cell::Moment(_) => true,
            Cell::State(state) => state.word.raw().contains(' ') && state.word.raw().len() <= 14,
            Cell::Meter(_, words) => words.raw().len() <= 24,
            Cell::Name(name, what) => name.raw().len() + what.raw().len() < 20,
            Cell::Missing(why) => why.raw().len() <= 12,
            Cell::Code(code) => code.raw().len() <= 40,
            Cell::Button(label, code) => code.raw().len() <= 40 && (label == code || label.raw().len() <= 12),
            Cell::Line(line) => line.words.raw().len() <= 40,
            _ => false,
        }
    }

    /// The same size in another unit.
    pub(crate) fn in_unit(self, unit: &Unit) -> Cell {
        match self {
            Cell::Bytes(size) => Cell::Amount(unit.of(size)),
            Cell::Usage(used, whole) => {
                Cell::Meter(used.of(whole).unwrap_or_default(), unit.part_words(used, whole).into())
            }
            cell => cell,
        }
    }

    /// A meter of `used` within `whole`, or why there is none.
    pub fn usage(used: Reading<Bytes>, whole: Reading<Bytes>) -> Cell {
        match (used, whole) {
            (Reading::Known(used), Reading::Known(whole)) => match used.of(whole) {
                Some(_) => Cell::Usage(used, whole),
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
            Cell::Name(name, what) if what.is_blank() => write!(f, "{name}"),
            Cell::Name(name, what) => write!(f, "{name} ({what})"),
            Cell::State(state) => write!(f, "{state}"),
            Cell::Count(count) => write!(f, "{count}"),
            Cell::Bytes(bytes) => write!(f, "{bytes}"),
            Cell::Amount(amount) => write!(f, "{amount}"),
            Cell::Ratio(ratio) => write!(f, "{ratio}"),
            Cell::Meter(_, words) => write!(f, "{words}"),
            Cell::Usage(used, whole) => f.write_str(&used.part_words(*whole)),
            Cell::Line(line) => write!(f, "{line}"),
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

impl From<Amount> for Cell {
    fn from(amount: Amount) -> Cell {
        Cell::Amount(amount)
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

impl From<Sparkline> for Cell {
    fn from(line: Sparkline) -> Cell {
        Cell::Line(line)
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

/// A small line of numbers in the cell of a table: drawn from zero to its top, gaps as gaps, with words beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sparkline {
    /// Numbers at equal distances of time, as parts of the top; `None` is a gap.
    pub(crate) parts: Vec<Option<f64>>,
    /// What it amounts to: `12% on average, at most 90%`.
    pub(crate) words: Text,
}

impl Sparkline {
    /// A line of these numbers, oldest first, from zero to `top`. A number that is negative or none is a gap.
    pub fn new(numbers: impl IntoIterator<Item = Option<f64>>, top: f64, words: impl Into<Text>) -> Sparkline {
        let part = |number: f64| if number > 0.0 && top > 0.0 { (number / top).min(1.0) } else { 0.0 };
        let known = |number: &f64| number.is_finite() && *number >= 0.0;
        Sparkline {
            parts: numbers.into_iter().map(|number| number.filter(known).map(part)).collect(),
            words: words.into(),
        }
    }

    /// The line in letters, as high as eight steps and as short as a column of a table: a letter stands for several
    /// numbers where there are many. A gap is a dot.
    fn letters(&self) -> impl Iterator<Item = char> + '_ {
        const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        const MOST: usize = 20;
        self.parts.chunks(self.parts.len().div_ceil(MOST).max(1)).map(|parts| {
            let known: Vec<f64> = parts.iter().copied().flatten().collect();
            match known.len() {
                0 => '·',
                n => STEPS[((known.iter().sum::<f64>() / n as f64 * 8.0) as usize).min(7)],
            }
        })
    }
}

impl fmt::Display for Sparkline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.letters().try_for_each(|letter| write!(f, "{letter}"))?;
        write!(f, " {}", self.words)
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
    /// The row that stands for those that are left out.
    pub(crate) gap: Option<usize>,
    pub(crate) totals: Option<Vec<Cell>>,
    /// The lens that its columns were chosen by.
    pub(crate) seen: Option<Arc<Seen>>,
    /// What was asked of it and could not be done.
    pub(crate) remarks: Vec<Text>,
}

impl Grid {
    /// A table with these columns and no rows yet.
    pub fn new<C: Into<Text>>(columns: impl IntoIterator<Item = C>) -> Grid {
        Grid { columns: columns.into_iter().map(Into::into).collect(), ..Grid::default() }
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

    /// The first of the rows, and how many more there are.
    ///
    /// ```
    /// use pve_notebook::*;
    /// let grid = Grid::new(["Number"]).rows((0..100_u64).map(|n| vec![Cell::from(n)])).at_most(20);
    /// assert!(Page::new("Numbers").table(grid).text().contains("80 more"));
    /// ```
    pub fn at_most(mut self, rows: usize) -> Grid {
        match self.rows.len().saturating_sub(rows) {
            0 | 1 => self,
            more => {
                self.rows.truncate(rows);
                self.left_out(more)
            }
        }
    }

    /// Here so many rows are left out.
    pub(crate) fn left_out(mut self, rows: usize) -> Grid {
        self.gap = Some(self.rows.len());
        self.row([format!("⋯ {rows} more")])
    }

    /// What the rows come to, below them.
    pub fn totals<C: Into<Cell>>(mut self, cells: impl IntoIterator<Item = C>) -> Grid {
        self.totals = Some(self.fitted(cells.into_iter().map(Into::into).collect()));
        self
    }

    fn push(&mut self, row: Vec<Cell>) {
        let row = self.fitted(row);
        self.rows.push(row);
    }

    fn fitted(&self, mut row: Vec<Cell>) -> Vec<Cell> {
        row.resize(self.columns.len(), Cell::Empty);
        row
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

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(numbers: &[Option<f64>], top: f64) -> String {
        let said = Sparkline::new(numbers.iter().copied(), top, "so").to_string();
        said.strip_suffix(" so").unwrap().to_owned()
    }

    #[test]
    fn a_line_in_letters_has_its_gaps_and_never_more_than_a_column_has_room_for() {
        assert_eq!(letters(&[Some(0.0), Some(0.5), None, Some(1.0), Some(7.0)], 1.0), "▁▅·██");
        assert_eq!(letters(&[Some(1.0); 40], 2.0), "▅".repeat(20));
        assert_eq!(letters(&[None; 1_000], 1.0), "·".repeat(20));
        assert_eq!(letters(&[], 1.0), "");
    }

    #[test]
    fn what_is_no_number_is_a_gap_and_what_has_no_top_is_flat() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0].map(Some);
        assert_eq!(letters(&odd, 1.0), "····");
        assert_eq!(letters(&[Some(0.0), Some(3.0)], 0.0), "▁▁");
        assert_eq!(letters(&[Some(0.0), Some(3.0)], f64::NAN), "▁▁");
    }
}
