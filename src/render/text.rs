//! A page as plain text: for logs, terminals, and front ends that show nothing else. Knows no HTML.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use crate::page::{Block, Cell, Grid, Level, Page};

/// As wide as a table may get.
const WIDTH: u16 = 118;

impl Page {
    /// The page as plain text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        if !self.title.is_blank() {
            let title = self.title.to_string();
            out.push_str(&format!("{title}\n{}\n", "═".repeat(title.chars().count().min(WIDTH.into()))));
        }
        if let Some(question) = &self.question {
            out.push_str(&format!("{question}\n"));
        }
        out.push_str(&blocks(&self.blocks));
        if let Some(provenance) = &self.provenance {
            out.push_str(&format!("\n{provenance}\n"));
            if let Some(console) = &provenance.console {
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
        Block::Answer(fact, rest) => format!("{fact}{rest}"),
        Block::Paragraph(paragraph) => paragraph.to_string(),
        Block::Table(grid) => table(grid),
        Block::Facts(facts) => {
            let rows = facts.iter().map(|(label, cell)| [label.to_string(), cell.to_string()]);
            bare().add_rows(rows).to_string()
        }
        Block::Figure(figure) => figure.words().text().trim_start().to_owned(),
        Block::Section(section) => {
            let code = section.code.as_ref().map(|code| format!("  {code}")).unwrap_or_default();
            format!("▾ {}{code}{}", section.title, indented(&blocks(&section.blocks)))
        }
        Block::Note(level, note) => format!("{}: {note}", level.word()),
        Block::Code(code) => format!("> {code}"),
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
    match &grid.caption {
        Some(caption) => format!("{caption}\n{table}"),
        None => table.to_string(),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("\n  {line}") }).collect()
}
