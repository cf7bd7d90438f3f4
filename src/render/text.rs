//! A page as plain text: for logs, terminals, and front ends that show nothing else. Knows no HTML.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width};

use crate::page::{Block, Cell, Figure, Grid, Level, Page};
use crate::render::quiet;

/// As wide as a table or a line of prose may get; at the depth of a section, less.
const WIDTH: u16 = 110;
/// A table may get wider before a word in it is broken.
const WIDEST: u16 = 150;
/// A word longer than this is broken anyway, and so is code.
const LONGEST_WORD: usize = 30;
const LONGEST_CODE: usize = 44;
/// What stands between the words of two columns; all but one belongs to the columns.
const BETWEEN: usize = 3;

impl Page {
    /// The page as plain text.
    pub fn text(&self) -> String {
        let page = self.seen();
        let mut out = String::new();
        if !page.title.is_blank() {
            let title = prose(&page.title);
            let width = title.lines().map(|line| line.chars().count()).max().unwrap_or_default();
            out.push_str(&format!("{title}\n{}\n", "═".repeat(width)));
        }
        if let Some(question) = &page.question {
            out.push_str(&format!("{}\n", prose(question)));
        }
        out.push_str(&blocks(&page.blocks));
        if let Some(seen) = self.seen_by_whom() {
            out.push_str(&format!("\n{}\n", prose(seen)));
        }
        if let Some(provenance) = &page.provenance {
            let (calls, provenance) = quiet(provenance);
            calls.iter().for_each(|calls| out.push_str(&format!("\n{}\n", block(calls).trim_end())));
            out.push_str(&format!("\n{}\n", prose(&provenance)));
            if let Some(console) = provenance.console.as_ref().filter(|address| address.starts_with("https://")) {
                out.push_str(&format!("{console}\n"));
            }
        }
        out
    }
}

fn blocks(all: &[Block]) -> String {
    let mut out = String::new();
    for (n, each) in all.iter().enumerate() {
        match each {
            Block::Figure(figure) => out.push_str(&words(figure, &all[..n])),
            each => out.push_str(&format!("\n{}\n", block(each).trim_end())),
        }
    }
    out
}

/// A drawing in words, without the sentences that stand above it already.
fn words(figure: &Figure, above: &[Block]) -> String {
    let is_prose = |block: &Block| matches!(block, Block::Answer(..) | Block::Note(..) | Block::Paragraph(_));
    let said: Vec<String> = above.iter().filter(|known| is_prose(known)).map(block).collect();
    let is_new = |each: &&Block| !is_prose(each) || !said.contains(&block(each));
    blocks(&figure.words.blocks.iter().filter(is_new).cloned().collect::<Vec<_>>())
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(heading) => format!("{heading}\n{}", "─".repeat(heading.to_string().chars().count())),
        Block::Answer(fact, rest) => prose(format_args!("{fact}{rest}")),
        Block::Paragraph(paragraph) => prose(paragraph),
        Block::Table(grid) => table(grid),
        Block::Facts(facts) => {
            let rows = facts.iter().map(|(label, cell)| [label.to_string(), cell.to_string()]);
            trimmed(bare().add_rows(rows))
        }
        Block::Figure(figure) => words(figure, &[]).trim_start().to_owned(),
        Block::Section(section) => {
            let code = section.code.as_ref().map(|code| format!("  {code}")).unwrap_or_default();
            format!("▾ {}{code}{}", section.title, indented(&blocks(&section.blocks)))
        }
        Block::Note(level, note) => prose(format_args!("{}: {note}", level.word())),
        Block::Code(code) => code.to_string().lines().map(|line| format!("> {line}\n")).collect(),
        Block::Lines(lines) => lines.iter().map(|line| format!("| {line}\n")).collect(),
    }
}

impl Level {
    /// The word that says it where there is no colour.
    pub(super) fn word(self) -> &'static str {
        match self {
            Level::Info => "Note",
            Level::Warning => "Warning",
            Level::Danger => "Danger",
        }
    }
}

fn bare() -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table
}

fn table(grid: &Grid) -> String {
    let mut table = bare();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_header(grid.columns.iter().map(ToString::to_string));
    table.add_rows(grid.rows.iter().chain(&grid.totals).map(|row| row.iter().map(Cell::to_string)));
    for (n, column) in table.column_iter_mut().enumerate() {
        if grid.is_numeric(n) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    arrange(&mut table, grid);
    let rows = trimmed(&table);
    match &grid.caption {
        Some(caption) => format!("{}\n{rows}", prose(caption)),
        None => rows,
    }
}

/// Gives each column the room of its longest word, and of numbers and short code that stay whole; what is left goes to
/// those that would need more. Where even that is too much, words are broken.
fn arrange(table: &mut Table, grid: &Grid) {
    let natural: Vec<usize> = table.column_max_content_widths().into_iter().map(usize::from).collect();
    let least: Vec<usize> = (0..natural.len()).map(|n| natural[n].min(longest_word(grid, n))).collect();
    let room = (usize::from(WIDEST) - BETWEEN * natural.len().min(WIDEST.into())).max(1);
    let asked: usize = least.iter().sum();
    if natural.iter().sum::<usize>() <= room || asked > room {
        return;
    }
    let mut left = usize::from(WIDTH).saturating_sub(BETWEEN * natural.len()).saturating_sub(asked);
    // Who needs little more gets it first.
    let mut order: Vec<usize> = (0..natural.len()).collect();
    order.sort_by_key(|n| natural[*n] - least[*n]);
    let mut widths = least.clone();
    for (served, n) in order.iter().enumerate() {
        let share = (natural[*n] - least[*n]).min(left / (order.len() - served));
        widths[*n] += share;
        left -= share;
    }
    for (column, width) in table.column_iter_mut().zip(widths) {
        let width = u16::try_from(width + BETWEEN - 1).unwrap_or(WIDTH);
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
    }
    table.set_width(WIDEST);
}

fn longest_word(grid: &Grid, column: usize) -> usize {
    let longest = |words: &str| words.split_whitespace().map(|word| word.chars().count()).max().unwrap_or_default();
    let rows = grid.rows.iter().chain(&grid.totals).filter_map(|row| row.get(column));
    let cells = rows.map(|cell| match cell {
        // The glyph stays with its word.
        Cell::State(state) => 2 + longest(&state.word.shown()),
        Cell::Usage(..) => cell.to_string().chars().count(),
        Cell::Name(..) => cell.to_string().chars().count().min(LONGEST_WORD),
        Cell::Code(_) | Cell::Button(..) => longest(&cell.to_string()).min(LONGEST_CODE),
        number if number.is_number() => number.to_string().chars().count(),
        prose => longest(&prose.to_string()).min(LONGEST_WORD),
    });
    let head = longest(&grid.columns[column].shown()).min(LONGEST_WORD);
    cells.chain([head]).max().unwrap_or_default()
}

/// A table's lines, without the blanks at their ends.
fn trimmed(table: &Table) -> String {
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>().trim_end().to_owned()
}

/// Sentences, wrapped between words; how wide letters are is the table crate's matter.
fn prose(words: impl std::fmt::Display) -> String {
    let words = words.to_string();
    if words.chars().count() < usize::from(WIDTH) || words.is_empty() {
        return words;
    }
    let mut column = bare();
    for line in words.lines() {
        column.add_row([line]);
    }
    column.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>().join("\n")
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("\n  {line}") }).collect()
}
