//! A page as HTML that needs no script and no style sheet: it reads in JupyterLab, trusted or not, on GitHub, in an export.
//!
//! Meaning stands in the words and in the structure; colours only repeat it. Everything is escaped by construction.

use maud::{Markup, PreEscaped, html};

use crate::page::{Block, Cell, Figure, Grid, Page, Provenance, Section, State};
use crate::render::theme;
use crate::text::Text;

impl Page {
    /// The page as HTML.
    pub fn html(&self) -> String {
        html! {
            div style=(theme::CARD) {
                @if !self.title.is_blank() {
                    div style=(theme::TITLE) { strong { (words(&self.title)) } }
                }
                @if let Some(question) = &self.question {
                    div style=(theme::QUESTION) { (words(question)) }
                }
                (blocks(&self.blocks))
                @if let Some(provenance) = &self.provenance { (source(provenance)) }
            }
        }
        .into_string()
    }
}

/// Free text, kept from turning the text around it.
fn words(text: &Text) -> Markup {
    html! { bdi { (text.to_string()) } }
}

fn blocks(all: &[Block]) -> Markup {
    html! { @for each in all { (block(each)) } }
}

fn block(block: &Block) -> Markup {
    match block {
        Block::Heading(heading) => html! { div style=(theme::HEADING) { strong { (words(heading)) } } },
        Block::Answer(fact, rest) => html! { p style=(theme::PARAGRAPH) { strong { (words(fact)) } (words(rest)) } },
        Block::Paragraph(paragraph) => html! { p style=(theme::PARAGRAPH) { (words(paragraph)) } },
        Block::Table(grid) => table(grid),
        Block::Facts(facts) => facts_table(facts),
        Block::Figure(figure) => picture(figure),
        Block::Section(section) => folding(section),
        Block::Note(level, note) => {
            html! { p style=(theme::note(*level)) { strong { (level.word()) ":" } " " (words(note)) } }
        }
        Block::Code(code) => html! { p style=(theme::PARAGRAPH) { (button(code, code)) } },
        Block::Lines(lines) => html! { pre style=(theme::LINES) { @for line in lines { (line.to_string()) "\n" } } },
    }
}

fn table(grid: &Grid) -> Markup {
    let numeric: Vec<bool> = (0..grid.columns.len()).map(|column| grid.is_numeric(column)).collect();
    let side = |column: usize| if numeric[column] { theme::RIGHT } else { theme::LEFT };
    html! {
        div style=(theme::SCROLL) {
            table style=(theme::TABLE) {
                @if let Some(caption) = &grid.caption { caption style=(theme::CAPTION) { (words(caption)) } }
                thead {
                    tr style=(theme::HEAD_ROW) {
                        @for (n, column) in grid.columns.iter().enumerate() {
                            th scope="col" style=(side(n)) { (column.to_string()) }
                        }
                    }
                }
                tbody {
                    @for row in &grid.rows {
                        tr style=(theme::ROW) {
                            @for (n, value) in row.iter().enumerate() { td style=(side(n)) { (cell(value)) } }
                        }
                    }
                }
            }
        }
    }
}

fn facts_table(facts: &[(Text, Cell)]) -> Markup {
    html! {
        table style=(theme::FACTS) {
            tbody {
                @for (label, value) in facts {
                    tr style=(theme::FACT_ROW) {
                        th scope="row" style=(theme::LABEL) { (words(label)) }
                        td style=(theme::FACT) { (cell(value)) }
                    }
                }
            }
        }
    }
}

fn cell(cell: &Cell) -> Markup {
    match cell {
        Cell::Text(text) => words(text),
        Cell::Name(name, what) => {
            let short = name.raw().chars().count() + what.raw().chars().count() < 28;
            html! { span style=[short.then_some(theme::ONE_LINE)] { strong { (words(name)) } " " span style=(theme::QUIET) { (words(what)) } } }
        }
        Cell::State(state) => self::state(state),
        Cell::Meter(ratio, said) => {
            let value = format!("{:.3}", ratio.0.clamp(0.0, 1.0));
            html! { span style=(theme::ONE_LINE) { meter min="0" max="1" low="0.85" high="0.95" optimum="0" value=(value) style=(theme::METER) {} " " (words(said)) } }
        }
        Cell::Code(code) => html! { code style=(theme::CODE) { (words(code)) } },
        Cell::Button(label, code) => button(label, code),
        Cell::Missing(_) => html! { span style=(theme::MISSING) { (cell.to_string()) } },
        Cell::Empty => PreEscaped(String::new()),
        number => html! { span style=(theme::ONE_LINE) { (number.to_string()) } },
    }
}

fn state(state: &State) -> Markup {
    // Glyph and first word stay together.
    let shown = state.word.to_string();
    let (first, rest) = shown.split_once(' ').unwrap_or((&shown, ""));
    html! { span style=(theme::tone(state.tone)) { (state.tone.glyph()) "\u{a0}" (first) @if !rest.is_empty() { " " (rest) } } }
}

/// Code that a click writes into a new cell, where the front end can do that. It never runs anything.
fn button(label: &Text, code: &Text) -> Markup {
    let insert = serde_json::json!({
        "commands": ["notebook:insert-cell-below", "notebook:replace-selection"],
        "args": {"text": code.to_string()},
    });
    html! {
        button style=(theme::BUTTON) title=(code.to_string()) data-commandlinker-command="apputils:run-all-enabled"
            data-commandlinker-args=(insert.to_string()) { (label.to_string()) }
    }
}

fn folding(section: &Section) -> Markup {
    html! {
        details open[section.open] style=(theme::SECTION) {
            summary style=(theme::SUMMARY) {
                strong { (words(&section.title)) }
                @if let Some(code) = &section.code { " " code style=(theme::CODE) { (code.to_string()) } }
            }
            (blocks(&section.blocks))
        }
    }
}

/// A drawing inside a page is an image, which no front end takes apart; its words fold below.
fn picture(figure: &Figure) -> Markup {
    let source = format!(
        "data:image/svg+xml,{}",
        percent_encoding::utf8_percent_encode(&figure.svg, percent_encoding::NON_ALPHANUMERIC)
    );
    html! {
        img src=(source) alt=(figure.title.to_string()) style=(theme::PICTURE);
        details style=(theme::SECTION) {
            summary style=(theme::SUMMARY) { "The same in words" }
            (blocks(&figure.words.blocks))
        }
    }
}

fn source(from: &Provenance) -> Markup {
    html! {
        div style=(theme::SOURCE) {
            (from.to_string())
            @if let Some(console) = from.console.as_ref().filter(|address| address.starts_with("https://")) {
                " · " a href=(console.raw()) style=(theme::LINK) { "open in the console" }
            }
        }
    }
}
