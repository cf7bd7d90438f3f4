//! A page as it is seen through a lens: without what that hides, in its words and units. Done once, when a page is
//! rendered, so that it holds for every page that anybody makes of what was read through a lens.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::lens::{Seen, is_same};
use crate::page::{Block, Cell, Figure, Grid, Level, Page, Section, Sparkline, State};
use crate::text::Text;

impl Page {
    /// The page as its lens shows it; without one, as it is.
    pub(crate) fn seen(&self) -> Cow<'_, Page> {
        let Some(seen) = &self.seen else { return Cow::Borrowed(self) };
        let eye = Eye::of(seen);
        let mut page = Page { seen: None, title: eye.say(&self.title), ..self.clone() };
        page.question = self.question.as_ref().map(|question| eye.say(question));
        if !self.as_it_came {
            page.blocks = eye.blocks(&self.blocks);
            // It is not for the lens any more, and for no other.
            page.as_it_came = true;
        }
        for remark in seen.remarks.iter().filter(|remark| remark.brief.is_none()) {
            page = page.note(Level::Warning, remark.words.clone());
        }
        for word in eye.left.into_inner() {
            let words = format!("The word \"{word}\" stays, since something in this cluster is called so.");
            page = page.note(Level::Info, words);
        }
        Cow::Owned(page)
    }

    /// The lens of a page that does not say where it comes from.
    pub(crate) fn seen_by_whom(&self) -> Option<&Seen> {
        self.seen.as_deref().filter(|_| self.provenance.is_none())
    }
}

/// The title of a part without what it says of it: `Raw data` of `Raw data · not read yet`.
pub(crate) fn bare_title(title: &Text) -> Text {
    title.raw().split(" · ").next().unwrap_or_default().into()
}

/// The blocks without the parts that `hides` names. What could not be read there is still said, below all else.
pub(crate) fn without_sections(blocks: Vec<Block>, hides: &dyn Fn(&Text) -> bool) -> Vec<Block> {
    let (mut kept, mut notes) = (Vec::with_capacity(blocks.len()), Vec::new());
    for block in blocks {
        match block {
            Block::Section(section) if hides(&bare_title(&section.title)) => {
                still_said(&bare_title(&section.title), &section.blocks, &mut notes);
            }
            block => kept.push(block),
        }
    }
    let is_said = |block: &Block, kept: &[Block]| match block {
        Block::Note(_, words) => kept.iter().any(|known| matches!(known, Block::Note(_, said) if said == words)),
        _ => false,
    };
    for note in notes {
        if !is_said(&note, &kept) {
            kept.push(note);
        }
    }
    kept
}

/// The remarks of a part that is not shown, each with where it belongs.
fn still_said(title: &Text, blocks: &[Block], notes: &mut Vec<Block>) {
    for block in blocks {
        match block {
            Block::Note(Level::Info, _) => {}
            Block::Note(level, words) => {
                notes.push(Block::Note(*level, format!("{}: {}", title.raw(), words.raw()).into()));
            }
            Block::Section(section) => still_said(title, &section.blocks, notes),
            _ => {}
        }
    }
}

/// Whoever looks at a page through a lens.
struct Eye<'a> {
    seen: &'a Seen,
    hidden_columns: Vec<&'a Text>,
    hidden_sections: Vec<&'a Text>,
    without_code: bool,
    without_vmids: bool,
    /// Words that stay, since something is called so.
    left: RefCell<BTreeSet<String>>,
}

impl<'a> Eye<'a> {
    fn of(seen: &'a Seen) -> Eye<'a> {
        Eye {
            seen,
            hidden_columns: seen.lens.hidden_columns(),
            hidden_sections: seen.lens.hidden_sections(),
            without_code: seen.lens.hides_code(),
            without_vmids: seen.lens.hides_vmids(),
            left: RefCell::default(),
        }
    }

    fn say(&self, text: &Text) -> Text {
        self.seen.say(text, &mut self.left.borrow_mut())
    }

    fn hides_column(&self, name: &Text) -> bool {
        self.hidden_columns.iter().any(|hidden| is_same(hidden, name))
    }

    fn blocks(&self, blocks: &[Block]) -> Vec<Block> {
        let hides = |title: &Text| self.hidden_sections.iter().any(|hidden| is_same(hidden, title));
        let shown = without_sections(blocks.to_vec(), &hides);
        shown.into_iter().filter_map(|block| self.block(block)).collect()
    }

    fn block(&self, block: Block) -> Option<Block> {
        Some(match block {
            Block::Heading(words) => Block::Heading(self.say(&words)),
            Block::Answer(fact, rest) => Block::Answer(self.say(&fact), self.say(&rest)),
            Block::Paragraph(words) => Block::Paragraph(self.say(&words)),
            Block::Note(level, words) => Block::Note(level, self.say(&words)),
            Block::Table(grid) => Block::Table(self.grid(grid)),
            Block::Facts(facts) => {
                let is_shown = |(label, cell): &(Text, Cell)| !self.hides_column(label) && !self.is_hidden_code(cell);
                let seen = |(label, cell)| (self.say(&label), self.cell(cell, &label));
                Block::Facts(facts.into_iter().filter(is_shown).map(seen).collect())
            }
            Block::Figure(figure) => Block::Figure(self.figure(figure)),
            Block::Section(section) => Block::Section(self.section(section)?),
            Block::Code(_) if self.without_code => return None,
            Block::Code(_) | Block::Lines(_) => block,
        })
    }

    fn section(&self, section: Section) -> Option<Section> {
        // What is only offered is nothing without its code.
        let is_code = |block: &Block| matches!(block, Block::Code(_));
        if self.without_code && section.is_offered && section.blocks.iter().any(is_code) {
            return None;
        }
        let blocks = if section.as_it_came { section.blocks } else { self.blocks(&section.blocks) };
        let code = section.code.filter(|_| !self.without_code);
        Some(Section { title: self.say(&section.title), code, blocks, ..section })
    }

    fn figure(&self, figure: Figure) -> Figure {
        let mut words = *figure.words;
        words.blocks = self.blocks(&words.blocks);
        Figure { title: self.say(&figure.title), words: Box::new(words), ..figure }
    }

    /// A table without the columns that are hidden everywhere, unless it was made with the lens in sight already.
    fn grid(&self, grid: Grid) -> Grid {
        let is_shown: Vec<bool> = grid
            .columns
            .iter()
            .enumerate()
            .map(|(n, name)| {
                let is_hidden =
                    grid.seen.is_none() && self.hides_column(name) || self.without_code && is_all_code(&grid, n);
                n == 0 || !is_hidden
            })
            .collect();
        let row = |row: Vec<Cell>| -> Vec<Cell> {
            let cells = row.into_iter().zip(&grid.columns).zip(&is_shown).filter(|(_, shown)| **shown);
            cells.map(|((cell, name), _)| self.cell(cell, name)).collect()
        };
        let names = grid.columns.iter().zip(&is_shown).filter(|(_, shown)| **shown);
        Grid {
            caption: grid.caption.as_ref().map(|caption| self.say(caption)),
            columns: names.map(|(name, _)| self.say(name)).collect(),
            rows: grid.rows.into_iter().map(row).collect(),
            totals: grid.totals.map(row),
            gap: grid.gap,
            seen: None,
            remarks: grid.remarks,
        }
    }

    /// Whether this value is nothing but code, and code is hidden.
    fn is_hidden_code(&self, cell: &Cell) -> bool {
        self.without_code && matches!(cell, Cell::Button(..))
    }

    fn cell(&self, cell: Cell, column: &Text) -> Cell {
        let unit = self.seen.lens.unit_of(column);
        // What a size in words costs, nobody knows to the cent.
        let size = unit.filter(|unit| unit.is_size());
        let call = |words: &Text| self.seen.call(words, size, &mut self.left.borrow_mut());
        match (cell, unit) {
            // A single word is a name, or may be one.
            (Cell::Text(words), _) if words.raw().contains(char::is_whitespace) => Cell::Text(call(&words)),
            (Cell::Name(name, what), _) if self.without_vmids && is_number(&what) => Cell::Name(name, Text::default()),
            (Cell::Name(name, what), _) => Cell::Name(name, call(&what)),
            (Cell::State(state), _) => Cell::State(State { word: call(&state.word), ..state }),
            (cell @ (Cell::Bytes(_) | Cell::Usage(..)), Some(unit)) => cell.in_unit(unit),
            (Cell::Meter(part, words), _) => Cell::Meter(part, call(&words)),
            (Cell::Line(line), _) => Cell::Line(Sparkline { words: call(&line.words), ..line }),
            (Cell::Missing(why), _) => Cell::Missing(call(&why)),
            (cell, _) => cell,
        }
    }
}

/// Whether a column holds nothing but code to go on with.
fn is_all_code(grid: &Grid, column: usize) -> bool {
    let mut cells = grid.rows.iter().filter_map(|row| row.get(column)).filter(|cell| **cell != Cell::Empty).peekable();
    cells.peek().is_some() && cells.all(|cell| matches!(cell, Cell::Button(..)))
}

/// Whether this is the number of a guest: `VM 101`, `101`.
fn is_number(what: &Text) -> bool {
    let number = what.raw().trim_start_matches("VM ").trim_start_matches("CT ");
    !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
}
