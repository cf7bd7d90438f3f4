//! A page as plain text: for logs, terminals, and front ends that show nothing else. Knows no HTML.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle};

use crate::page::{Block, Cell, Grid, Level, Page};

/// As wide as a table or a line of prose may get; at the depth of a section, less.
const WIDTH: u16 = 110;
/// A column of prose is not squeezed below this for the sake of numbers and code that stay whole.
const LEAST_PROSE: usize = 10;

impl Page {
    /// The page as plain text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        if !self.title.is_blank() {
            let title = prose(&self.title);
            let width = title.lines().map(|line| line.chars().count()).max().unwrap_or_default();
            out.push_str(&format!("{title}\n{}\n", "═".repeat(width)));
        }
        if let Some(question) = &self.question {
            out.push_str(&format!("{}\n", prose(question)));
        }
        out.push_str(&blocks(&self.blocks));
        if let Some(provenance) = &self.provenance {
            out.push_str(&format!("\n{}\n", prose(provenance)));
            if let Some(console) = provenance.console.as_ref().filter(|address| address.starts_with("https://")) {
                out.push_str(&format!("{console}\n"));
            }
        }
        out
    }
}

fn blocks(all: &[Block]) -> String {
    all.iter().map(|each| format!("\n{}\n", block(each).trim_end())).collect()
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
        Block::Figure(figure) => blocks(&figure.words.blocks).trim_start().to_owned(),
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
    table.add_rows(grid.rows.iter().map(|row| row.iter().map(Cell::to_string)));
    for (n, column) in table.column_iter_mut().enumerate() {
        if grid.is_numeric(n) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    keep_whole(&mut table, grid);
    let rows = trimmed(&table);
    match &grid.caption {
        Some(caption) => format!("{}\n{rows}", prose(caption)),
        None => rows,
    }
}

/// Keeps numbers and code on one line, as long as the columns of prose beside them have room.
fn keep_whole(table: &mut Table, grid: &Grid) {
    let natural: Vec<usize> =
        table.column_max_content_widths().into_iter().map(|width| usize::from(width) + 2).collect();
    let stays =
        |n: usize| grid.is_numeric(n) || grid.rows.iter().any(|row| matches!(row[n], Cell::Code(_) | Cell::Button(..)));
    let (kept, prose): (Vec<usize>, Vec<usize>) = (0..natural.len()).partition(|n| stays(*n));
    let taken: usize = kept.iter().map(|n| natural[*n]).sum();
    let least: usize = prose.iter().map(|n| natural[*n].min(LEAST_PROSE)).sum();
    if taken + least <= usize::from(WIDTH) {
        for (_, column) in table.column_iter_mut().enumerate().filter(|(n, _)| kept.contains(n)) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
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
