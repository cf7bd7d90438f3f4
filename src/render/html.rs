//! A page as HTML that needs no script and no style sheet: it reads in JupyterLab, trusted or not, on GitHub, in an export.
//!
//! Meaning stands in the words and in the structure; colours only repeat it. Everything is escaped by construction.

use std::fmt::Display;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::page::{Block, Cell, Figure, Grid, Page, Provenance, Section, State};
use crate::render::markup::{Element, Markup, element};
use crate::render::theme;
use crate::text::{MARK, Text};

/// What would end a `data:` address, or be read as something else in it.
const UNSAFE_IN_DATA: &AsciiSet = &CONTROLS.add(b'%').add(b'#').add(b'"').add(b'<').add(b'>').add(b'&').add(b'\'');

impl Page {
    /// The page as HTML.
    pub fn html(&self) -> String {
        let mut card = Markup::default();
        if !self.title.is_blank() {
            card = card.and(styled("div", theme::TITLE).around(element("strong").around(words(&self.title))));
        }
        if let Some(question) = &self.question {
            card = card.and(styled("div", theme::QUESTION).around(words(question)));
        }
        card = card.and(blocks(&self.blocks));
        if let Some(provenance) = &self.provenance {
            card = card.and(source(provenance));
        }
        styled("div", theme::CARD).around(card).into_string()
    }
}

fn styled(name: &'static str, style: &str) -> Element {
    element(name).with("style", style)
}

/// A word longer than this may break anywhere, so that a name of 255 letters does not widen its table.
const LONG_WORD: usize = 40;

/// Free text, kept from turning the text around it, its lines kept apart.
fn words(text: impl Display) -> Markup {
    let shown = text.to_string();
    let long = shown.split_whitespace().any(|word| word.chars().count() > LONG_WORD);
    element("bdi").with_some("style", long.then_some(theme::BREAKABLE)).around(lines(shown.trim_end()))
}

/// The lines of a text; in HTML a new line is no more than a space.
fn lines(shown: &str) -> Markup {
    let mut each = shown.lines().map(Markup::words);
    let first = each.next().unwrap_or_default();
    each.fold(first, |above, line| above.and(element("br").void()).and(line))
}

fn space() -> Markup {
    Markup::words(" ")
}

fn blocks(all: &[Block]) -> Markup {
    all.iter().map(block).collect()
}

fn block(block: &Block) -> Markup {
    match block {
        Block::Heading(heading) => styled("div", theme::HEADING).around(element("strong").around(words(heading))),
        Block::Answer(fact, rest) => {
            styled("p", theme::PARAGRAPH).around_all([element("strong").around(words(fact)), words(rest)])
        }
        Block::Paragraph(paragraph) => styled("p", theme::PARAGRAPH).around(words(paragraph)),
        Block::Table(grid) => table(grid),
        Block::Facts(facts) => facts_table(facts),
        Block::Figure(figure) => picture(figure),
        Block::Section(section) => folding(section),
        Block::Note(level, note) => {
            let label = element("strong").words(format!("{}:", level.word()));
            styled("p", theme::note(*level)).around_all([label, space(), words(note)])
        }
        Block::Code(code) if code.contains("\n") => {
            let button = button(&"into a new cell".into(), code);
            styled("pre", theme::LINES).words(code).and(styled("p", theme::PARAGRAPH).around(button))
        }
        Block::Code(code) => styled("p", theme::PARAGRAPH).around(button(code, code)),
        Block::Lines(lines) => {
            styled("pre", theme::LINES).words(lines.iter().map(|line| format!("{line}\n")).collect::<String>())
        }
    }
}

fn table(grid: &Grid) -> Markup {
    let sides: Vec<&str> =
        (0..grid.columns.len()).map(|n| if grid.is_numeric(n) { theme::RIGHT } else { theme::LEFT }).collect();
    let caption = grid.caption.iter().map(|caption| styled("caption", theme::CAPTION).around(words(caption)));
    let heads = grid
        .columns
        .iter()
        .zip(&sides)
        .map(|(column, side)| element("th").with("scope", "col").with("style", side).words(column));
    let head = element("thead").around(styled("tr", theme::HEAD_ROW).around_all(heads));
    let rows = grid.rows.iter().map(|row| {
        let cells = row.iter().zip(&sides).map(|(value, side)| styled("td", side).around(cell(value)));
        styled("tr", theme::ROW).around_all(cells)
    });
    let body = element("tbody").around_all(rows);
    styled("div", theme::SCROLL).around(styled("table", theme::TABLE).around_all(caption.chain([head, body])))
}

fn facts_table(facts: &[(Text, Cell)]) -> Markup {
    let rows = facts.iter().map(|(label, value)| {
        let label = element("th").with("scope", "row").with("style", theme::LABEL).around(words(label));
        styled("tr", theme::FACT_ROW).around_all([label, styled("td", theme::FACT).around(cell(value))])
    });
    styled("table", theme::FACTS).around(element("tbody").around_all(rows))
}

fn cell(cell: &Cell) -> Markup {
    match cell {
        Cell::Text(text) => words(text),
        Cell::Name(name, what) => {
            let short = name.raw().chars().count() + what.raw().chars().count() < 20;
            let name = element("strong").around(words(name));
            let what = styled("span", theme::QUIET).around(words(what));
            element("span").with_some("style", short.then_some(theme::ONE_LINE)).around_all([name, space(), what])
        }
        Cell::State(state) => self::state(state),
        Cell::Meter(ratio, said) => {
            let meter = [("min", "0"), ("max", "1"), ("low", "0.85"), ("high", "0.95"), ("optimum", "0")]
                .into_iter()
                .fold(styled("meter", theme::METER), |meter, (name, value)| meter.with(name, value))
                .with("value", format!("{:.3}", ratio.0.clamp(0.0, 1.0)));
            styled("span", theme::ONE_LINE).around_all([meter.empty(), space(), words(said)])
        }
        Cell::Code(code) => styled("code", theme::CODE).around(words(code)),
        Cell::Button(label, code) if label == code => button(code, code),
        // Where no button works, the code is what can be read.
        Cell::Button(label, code) => button(label, code).and(space()).and(styled("code", theme::CODE).words(code)),
        Cell::Missing(_) => missing(&cell.to_string()),
        Cell::Empty => Markup::default(),
        number => styled("span", theme::ONE_LINE).words(number),
    }
}

/// The dash stays with its reason if that is short; a longer one must not widen a column of numbers.
fn missing(said: &str) -> Markup {
    let span = styled("span", theme::MISSING);
    if said.chars().count() <= 12 { span.around(styled("span", theme::ONE_LINE).words(said)) } else { span.words(said) }
}

/// Glyph and first word stay together.
fn state(state: &State) -> Markup {
    let shown = state.word.to_string();
    let said = match shown.split_once(' ') {
        Some((first, rest)) => format!("{}\u{a0}{first} {rest}", state.tone.glyph()),
        None => format!("{}\u{a0}{shown}", state.tone.glyph()),
    };
    styled("span", theme::tone(state.tone)).around(words(said))
}

/// Code that a click writes into a new cell, where the front end can do that. It never runs anything.
fn button(label: &Text, code: &Text) -> Markup {
    styled("button", theme::BUTTON)
        .with("type", "button")
        .with("title", "Writes this code into a new cell; does not run it")
        .with("data-commandlinker-command", "apputils:run-all-enabled")
        .with("data-commandlinker-args", insertion(code))
        .words(label)
}

/// What the front end is asked to do. The mark of the kernel's control lines is written as JSON can also write it, so
/// that the code that arrives in the cell is exactly this one, and what is printed is no control line.
fn insertion(code: &Text) -> String {
    let exact: Vec<String> = code.raw().split(MARK).map(|part| Text::from(part).to_string()).collect();
    let insert = serde_json::json!({
        "commands": ["notebook:insert-cell-below", "notebook:replace-selection"],
        "args": {"text": exact.join(MARK)},
    });
    insert.to_string().replace(MARK, "EVCXR\\u005f")
}

fn folding(section: &Section) -> Markup {
    let title = element("strong").around(words(&section.title));
    let code = section.code.iter().flat_map(|code| [space(), styled("code", theme::CODE).words(code)]);
    let summary = styled("summary", theme::SUMMARY).around_all(std::iter::once(title).chain(code));
    styled("details", theme::SECTION).flag("open", section.open).around_all([summary, blocks(&section.blocks)])
}

/// A drawing inside a page is an image, which no front end takes apart; its words fold below.
fn picture(figure: &Figure) -> Markup {
    let svg = utf8_percent_encode(&figure.svg, UNSAFE_IN_DATA);
    let image =
        styled("img", theme::PICTURE).with("src", format!("data:image/svg+xml,{svg}")).with("alt", alternative(figure));
    let summary = styled("summary", theme::SUMMARY).words("The same in words");
    image.void().and(styled("details", theme::SECTION).around_all([summary, blocks(&figure.words.blocks)]))
}

/// What a picture says in one sentence, for whoever does not see it.
fn alternative(figure: &Figure) -> String {
    let answer = figure.words.blocks.iter().find_map(|block| match block {
        Block::Answer(fact, rest) => Some(format!("{}: {fact}{rest}", figure.title)),
        _ => None,
    });
    answer.unwrap_or_else(|| figure.title.to_string())
}

fn source(from: &Provenance) -> Markup {
    let link = from.console.iter().filter(|address| address.starts_with("https://")).map(|console| {
        let link = styled("a", theme::LINK).with("href", console.raw()).words("open in the console");
        Markup::words(" · ").and(link)
    });
    styled("div", theme::SOURCE).around_all(std::iter::once(Markup::words(from)).chain(link))
}
