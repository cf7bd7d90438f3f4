//! A page as HTML that reads wherever a notebook is read: in JupyterLab, trusted or not, on GitHub, in an export.
//!
//! Meaning stands in words and structure. A style sheet and a script at the end make it pleasant where they are let
//! through, and take the colours of the front end, light or dark; where they are not, the front end's own style holds,
//! and only which side text stands at, and that numbers stay in one line, is said inline. All words are escaped.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::lens::Seen;
use crate::page::{Block, Cell, Figure, Grid, Page, Provenance, Section, Sparkline, State, Tone};
use crate::render::markup::Markup;
use crate::render::{quiet, sparkline, theme};
use crate::text::{MARK, Text};

/// What would end a `data:` address, or be read as something else in it.
const UNSAFE_IN_DATA: &AsciiSet = &CONTROLS.add(b'%').add(b'#').add(b'"').add(b'<').add(b'>').add(b'&').add(b'\'');
/// A word longer than this may break anywhere, so that a name of 255 letters does not widen its table.
const LONG_WORD: usize = 40;
/// A table of fewer rows is read faster than it is sorted.
const SORTED_FROM: usize = 8;

impl Page {
    /// The page as HTML.
    ///
    /// Code comes with a button that writes it into a new cell; the environment's `PVE_BUTTONS=off` leaves these out.
    pub fn html(&self) -> String {
        let off = std::env::var("PVE_BUTTONS").is_ok_and(|set| set.eq_ignore_ascii_case("off"));
        self.html_with(!off)
    }

    pub(super) fn html_with(&self, buttons: bool) -> String {
        let page = self.seen();
        let mut html = Html { out: Markup::default(), buttons, heading: page.title.clone(), scripted: false };
        html.page(&page, self.seen_by_whom());
        html.out.into_string()
    }
}

/// A page that is being written.
struct Html {
    out: Markup,
    buttons: bool,
    /// What the blocks now are under: what a table is called that has no caption of its own.
    heading: Text,
    /// Whether there is something for the script to do.
    scripted: bool,
}

impl Html {
    fn page(&mut self, page: &Page, seen: Option<&Seen>) {
        self.put("<div class=\"pve\">");
        if !page.title.is_blank() {
            self.put("<div><strong>");
            self.words(&page.title);
            self.put("</strong></div>");
        }
        if let Some(question) = &page.question {
            self.put("<p class=\"q\">");
            self.words(question);
            self.put("</p>");
        }
        self.blocks(&page.blocks);
        if let Some(provenance) = &page.provenance {
            let (calls, provenance) = quiet(provenance);
            calls.iter().for_each(|calls| self.block(calls));
            self.source(&provenance);
        }
        if let Some(seen) = seen {
            self.put("<small>");
            self.out.show(seen);
            self.put("</small>");
        }
        // One sanitiser turns what it does not know into visible text; this class hides it there.
        self.put("<span class=\"lm-Widget lm-mod-hidden\"><style>");
        self.put_lines(theme::SHEET);
        self.put("</style>");
        if self.scripted {
            self.put("<script>");
            self.put_lines(theme::SCRIPT);
            self.put("</script>");
        }
        self.put("</span></div>");
    }

    fn put(&mut self, markup: &'static str) {
        self.out.put(markup);
    }

    /// A style sheet or a script, as short as it can be: none of its lines needs its indentation or its end.
    fn put_lines(&mut self, lines: &'static str) {
        lines.lines().for_each(|line| self.put(line.trim_start()));
    }

    /// Words around which there is an element.
    fn within(&mut self, opened: &'static str, text: &Text, closed: &'static str) {
        self.put(opened);
        self.words(text);
        self.put(closed);
    }

    fn blocks(&mut self, all: &[Block]) {
        for block in all {
            self.block(block);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(heading) => {
                self.heading = heading.clone();
                self.within("<p><strong>", heading, "</strong></p>");
            }
            Block::Answer(fact, rest) => {
                self.within("<p><strong>", fact, "</strong>");
                self.within("", rest, "</p>");
            }
            Block::Paragraph(paragraph) => self.within("<p>", paragraph, "</p>"),
            Block::Table(grid) => self.table(grid),
            Block::Facts(facts) => self.facts(facts),
            Block::Figure(figure) => self.picture(figure),
            Block::Section(section) => self.section(section),
            Block::Note(level, note) => {
                self.put(theme::note(*level));
                self.put("<strong>");
                self.put(level.word());
                self.within(":</strong> ", note, "</p>");
            }
            Block::Code(code) if code.contains("\n") => {
                self.within_plain("<pre>", code, "</pre>");
                self.put("<p>");
                self.button("this code into a new cell", code);
                self.put("</p>");
            }
            Block::Code(code) => {
                self.put("<p>");
                self.code_with_button(None, code);
                self.put("</p>");
            }
            Block::Lines(lines) => {
                self.put("<pre>");
                for line in lines {
                    self.out.say(&line.shown());
                    self.put("\n");
                }
                self.put("</pre>");
            }
        }
    }

    fn table(&mut self, grid: &Grid) {
        let numeric: Vec<bool> = (0..grid.columns.len()).map(|n| grid.is_numeric(n)).collect();
        let sorted = grid.rows.len() >= SORTED_FROM;
        self.scripted |= sorted;
        self.put("<div class=\"o\" tabindex=\"0\"><table");
        self.put(if sorted { " data-n=\"1\">" } else { ">" });
        match &grid.caption {
            Some(caption) => self.within("<caption>", caption, "</caption>"),
            // Seen above the table already, but not by a screen reader that goes from table to table.
            None if !self.heading.is_blank() => {
                self.within("<caption class=\"v\">", &self.heading.clone(), "</caption>")
            }
            None => {}
        }
        self.put("<thead><tr>");
        for (column, numeric) in grid.columns.iter().zip(&numeric) {
            self.put("<th scope=\"col\" style=\"text-align:");
            self.within(if *numeric { "right\">" } else { "left\">" }, column, "</th>");
        }
        self.put("</tr></thead><tbody>");
        for (n, row) in grid.rows.iter().enumerate() {
            self.put(if grid.gap == Some(n) { "<tr data-gap=\"1\">" } else { "<tr>" });
            self.row(row, &numeric, sorted);
        }
        self.put("</tbody>");
        if let Some(totals) = &grid.totals {
            self.put("<tfoot><tr>");
            self.row(totals, &numeric, false);
            self.put("</tfoot>");
        }
        self.put("</table></div>");
    }

    fn row(&mut self, row: &[Cell], numeric: &[bool], sorted: bool) {
        for (cell, numeric) in row.iter().zip(numeric) {
            if *cell == Cell::Empty {
                self.put("<td></td>");
                continue;
            }
            let key = if sorted { cell.size() } else { None };
            if let Some(size) = key {
                self.put("<td data-v=\"");
                self.out.show(size);
                self.put("\" style=\"text-align:");
            } else {
                self.put("<td style=\"text-align:");
            }
            self.put(match (numeric, cell.stays_whole()) {
                (true, true) => "right;white-space:nowrap\">",
                (true, false) => "right\">",
                (false, true) => "left;white-space:nowrap\">",
                (false, false) => "left\">",
            });
            self.cell(cell);
            self.put("</td>");
        }
        self.put("</tr>");
    }

    fn facts(&mut self, facts: &[(Text, Cell)]) {
        self.put("<div class=\"o\" tabindex=\"0\"><table class=\"f\"><tbody>");
        for (label, value) in facts {
            self.within("<tr><th scope=\"row\" style=\"text-align:left;white-space:nowrap\">", label, "</th>");
            self.put("<td style=\"text-align:left\">");
            self.cell(value);
            self.put("</td></tr>");
        }
        self.put("</tbody></table></div>");
    }

    fn cell(&mut self, cell: &Cell) {
        match cell {
            Cell::Text(text) => self.words(text),
            Cell::Name(name, what) => {
                self.within("<strong>", name, "</strong>");
                if !what.is_blank() {
                    self.within(" <span class=\"q\">", what, "</span>");
                }
            }
            Cell::State(state) => self.state(state),
            Cell::Meter(ratio, _) => self.meter(ratio.0, cell),
            Cell::Usage(used, whole) => self.meter(used.of(*whole).map_or(0.0, |part| part.0), cell),
            Cell::Line(line) => self.line(line),
            Cell::Code(code) => self.within("<code>", code, "</code>"),
            Cell::Button(label, code) if label == code => self.code_with_button(None, code),
            Cell::Button(label, code) => self.code_with_button(Some(label), code),
            Cell::Missing(_) => {
                self.put("<em class=\"q\">");
                self.out.show(cell);
                self.put("</em>");
            }
            Cell::Empty => {}
            Cell::Ago(..) => self.ago(cell),
            Cell::Count(_) | Cell::Bytes(_) | Cell::Amount(_) | Cell::Ratio(_) | Cell::Age(_) => self.out.show(cell),
            Cell::Moment(_) => self.out.show(cell),
        }
    }

    /// Two lines where one has no room: the moment, and how long ago it was.
    fn ago(&mut self, cell: &Cell) {
        let words = cell.to_string().replace(' ', "\u{a0}").replace(",\u{a0}", ", ");
        self.out.say(&words);
    }

    /// A bar that repeats the words beside it.
    fn meter(&mut self, part: f64, words: &Cell) {
        let percent = (part.clamp(0.0, 1.0) * 100.0) as u32;
        self.put("<span class=\"m\" style=\"--p:");
        self.out.show(percent);
        self.put(match percent {
            95.. => "%;--m:#cf222e\"></span>",
            85.. => "%;--m:#bf8700\"></span>",
            _ => "%\"></span>",
        });
        self.out.show(words);
    }

    /// The line as an image, which no front end takes apart; its words stand beside it.
    fn line(&mut self, line: &Sparkline) {
        self.image(
            &sparkline::svg(line),
            " width=\"82\" height=\"18\" style=\"max-width:none;vertical-align:middle\"",
            "",
        );
        self.put(" ");
        self.words(&line.words);
    }

    /// Glyph and first word stay together, and so does what stands in brackets.
    fn state(&mut self, state: &State) {
        self.put(match state.tone {
            Tone::Good => "<span class=\"g\">",
            Tone::Off => "<span>",
            Tone::Held => "<span class=\"h\">",
            Tone::Wrong => "<span class=\"w\">",
            Tone::Unknown => "<span class=\"u\">",
        });
        self.put(state.tone.glyph());
        self.put("\u{a0}");
        match state.word.raw().split_once(" (") {
            Some((word, more)) if more.ends_with(')') && more.len() <= LONG_WORD => {
                self.words(&word.into());
                self.words(&format!(" ({}", more.replace(' ', "\u{a0}")).into());
            }
            _ => self.words(&state.word),
        }
        self.put("</span>");
    }

    fn section(&mut self, section: &Section) {
        self.put(if section.open { "<details open><summary><strong>" } else { "<details><summary><strong>" });
        self.within("", &section.title, "</strong>");
        if let Some(code) = &section.code {
            self.within_plain(" <code>", code, "</code>");
        }
        self.put("</summary>");
        let above = std::mem::replace(&mut self.heading, section.title.clone());
        self.blocks(&section.blocks);
        self.heading = above;
        if let Some(code) = section.code.as_ref().filter(|_| self.buttons) {
            self.put("<p>");
            self.button("this part into a new cell", code);
            self.put("</p>");
        }
        self.put("</details>");
    }

    /// A drawing inside a page is an image; its words fold below.
    fn picture(&mut self, figure: &Figure) {
        self.image(&figure.svg, "", &alternative(figure));
        self.put("<details><summary>The same in words</summary>");
        self.blocks(&figure.words.blocks);
        self.put("</details>");
    }

    /// Where an image would be taken for text, the class hides it; everywhere else the style shows it again.
    fn image(&mut self, svg: &str, size: &'static str, says: &str) {
        self.put("<span class=\"jp-FileSize-hidden\" style=\"display:inline\"><img");
        self.put(size);
        self.put(" alt=\"");
        self.out.say(says);
        self.put("\" src=\"data:image/svg+xml,");
        self.out.show(utf8_percent_encode(svg, UNSAFE_IN_DATA));
        self.put("\"></span>");
    }

    fn source(&mut self, from: &Provenance) {
        self.put("<small>");
        self.out.show(from);
        if let Some(console) = from.console.as_ref().filter(|address| address.starts_with("https://")) {
            self.put(" · <a href=\"");
            self.out.say(console.raw());
            self.put("\">open in the console</a>");
        }
        self.put("</small>");
    }

    /// Code to read and to copy, and where a click can write it into a new cell, a button for that.
    fn code_with_button(&mut self, label: Option<&Text>, code: &Text) {
        self.within_plain("<code>", code, "</code>");
        self.put(" ");
        match label {
            None => self.button("+", code),
            Some(label) => self.button(&label.shown(), code),
        }
    }

    /// Code that a click writes into a new cell, where the front end can do that. It never runs anything.
    fn button(&mut self, label: &str, code: &Text) {
        if !self.buttons {
            return;
        }
        // Hidden as an image is, where it would be taken for text.
        self.put("<span class=\"jp-FileSize-hidden\" style=\"display:inline\"><button title=\"Into a new cell; does not run\" ");
        self.put("data-commandlinker-command=\"apputils:run-all-enabled\" data-commandlinker-args='");
        self.insertion(code);
        self.put("'>");
        self.out.say(label);
        self.put("</button></span>");
    }

    /// What the front end is asked to do.
    fn insertion(&mut self, code: &Text) {
        self.put("{\"commands\":[\"notebook:insert-cell-below\",\"notebook:replace-selection\"],\"args\":{\"text\":");
        self.out.json(&exact(code));
        self.put("}}");
    }

    /// Free text, kept from turning the text around it, its lines kept apart.
    fn words(&mut self, text: &Text) {
        let shown = text.shown();
        let shown = shown.trim_end();
        if shown.is_ascii() && shown.len() <= LONG_WORD && !shown.contains('\n') {
            return self.out.say(shown);
        }
        let is_long = shown.split_whitespace().any(|word| word.chars().count() > LONG_WORD);
        let (opened, closed) = match (shown.contains(is_right_to_left), is_long) {
            (true, _) => ("<bdi style=\"word-break:break-word\">", "</bdi>"),
            // `overflow-wrap` would be enough, but sanitisers remove it.
            (false, true) => ("<span style=\"display:inline-block;min-width:14em;word-break:break-all\">", "</span>"),
            (false, false) => ("", ""),
        };
        // A gap in front is kept outside: at the edge of a block nobody sees it.
        let (gap, shown) = shown.split_at(shown.len() - shown.trim_start().len());
        self.out.say(gap);
        self.put(opened);
        for (n, line) in shown.lines().enumerate() {
            self.put(if n > 0 { "<br>" } else { "" });
            self.out.say(line);
        }
        self.put(closed);
    }

    /// Code, whose lines are kept by its element.
    fn within_plain(&mut self, opened: &'static str, code: &Text, closed: &'static str) {
        self.put(opened);
        self.out.say(&code.shown());
        self.put(closed);
    }
}

/// Whether a letter belongs to a script that is written from right to left.
fn is_right_to_left(letter: char) -> bool {
    matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// The code itself but for what misleads; the kernel's mark is whole again, since JSON can write it in another way.
fn exact(code: &Text) -> String {
    let parts: Vec<String> = code.raw().split(MARK).map(|part| Text::from(part).to_string()).collect();
    parts.join(MARK)
}

/// What a picture says in one sentence, for whoever does not see it.
fn alternative(figure: &Figure) -> String {
    let answer = figure.words.blocks.iter().find_map(|block| match block {
        Block::Answer(fact, rest) => Some(format!("{}: {fact}{rest}", figure.title)),
        _ => None,
    });
    answer.unwrap_or_else(|| figure.title.to_string())
}
