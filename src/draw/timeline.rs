//! What went on when: bars over time, a row a node or guest, one above the other where they overlap. Rows with more bars
//! than can be told apart become strips that show how much went on, and where something failed. Knows no cluster, only
//! this scene.

use crate::draw::paper::{self, LARGEST, MARGIN, WIDTH};
use crate::draw::svg;
use crate::page::{Cell, Figure, Grid, Page, Provenance, State, Tone};
use crate::text::Text;
use crate::units::{Age, Moment};

mod layout;
mod marks;
#[cfg(test)]
mod tests;

/// What is drawn.
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Scene {
    pub(crate) title: Text,
    /// What it answers.
    pub(crate) question: Text,
    /// The answer: its fact, then the rest of the sentence.
    pub(crate) answer: (String, String),
    pub(crate) rows: Vec<Row>,
    /// The present: bars without an end go on until then.
    pub(crate) now: Moment,
    /// What must be said beside it.
    pub(crate) caveats: Vec<String>,
    pub(crate) provenance: Provenance,
}

/// What went on at one place.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Row {
    pub(crate) name: Text,
    pub(crate) bars: Vec<Bar>,
}

/// Something that took its time.
#[derive(Clone)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Bar {
    pub(crate) name: Text,
    pub(crate) start: Moment,
    pub(crate) end: End,
    pub(crate) state: State,
}

/// When something ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    At(Moment),
    /// It goes on.
    Open,
    /// Nobody says.
    Unknown,
}

/// As many rows as are drawn; the rest shares one.
const ROWS: usize = 24;
/// As many bars as are drawn one by one.
const BARS: usize = 500;
/// As many bars, and failures, as are told in words.
const TOLD: usize = 60;

impl Scene {
    /// The drawing, with its equivalent in words.
    pub(crate) fn figure(&self) -> Figure {
        let rows = self.few_rows();
        let placed = layout::placed(&rows, self.now);
        let mut svg = self.svg(&rows, &placed, true);
        if svg.len() > LARGEST {
            svg = self.svg(&rows, &placed, false);
        }
        Figure::new(self.title.clone(), svg, self.words(&rows))
    }

    /// At most so many rows: those with failures and with most bars stay, the others become one.
    fn few_rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.rows.clone();
        if rows.len() > ROWS {
            rows.sort_by_key(|row| std::cmp::Reverse((row.failed(), row.bars.len())));
            let rest = rows.split_off(ROWS - 1);
            rows.sort_by(|a, b| a.name.cmp(&b.name));
            let name = format!("{} more", rest.len()).into();
            rows.push(Row { name, bars: rest.into_iter().flat_map(|row| row.bars).collect() });
        }
        rows
    }

    fn svg(&self, rows: &[Row], placed: &layout::Placed, hovers: bool) -> String {
        let title = self.provenance.say(&self.title.to_string());
        let (head, top) = paper::head(&self.provenance, &title, (&self.answer.0, &self.answer.1));
        let (drawn, bottom) = marks::all(rows, placed, (MARGIN, top), hovers);
        let (foot, bottom) = paper::foot(&self.caveats, Some(&self.provenance), bottom + 12.0);
        svg::drawing(WIDTH, bottom, &title, head.and(drawn).and(foot))
    }

    /// The same facts in words.
    fn words(&self, rows: &[Row]) -> Page {
        let summary = Grid::new(["Where", "Bars", "Failed", "Running", "First", "Last"]).rows(rows.iter().map(|row| {
            let starts = row.bars.iter().map(|bar| bar.start);
            let running = row.bars.iter().filter(|bar| bar.end == End::Open).count();
            vec![
                Cell::from(row.name.brief(60)),
                row.bars.len().into(),
                row.failed().into(),
                running.into(),
                starts.clone().min().into(),
                starts.max().into(),
            ]
        }));
        let mut all: Vec<(&Row, &Bar)> =
            rows.iter().flat_map(|row| row.bars.iter().map(move |bar| (row, bar))).collect();
        // What failed first, then the latest.
        all.sort_by_key(|(_, bar)| (bar.state.tone != Tone::Wrong, std::cmp::Reverse(bar.start)));
        let told =
            Grid::new(["Began", "Took", "What", "Where", "State"]).rows(all.iter().take(TOLD).map(|(row, bar)| {
                vec![
                    Cell::from(bar.start),
                    bar.took(self.now),
                    bar.name.brief(80).into(),
                    row.name.brief(60).into(),
                    State::new(bar.state.tone, bar.state.word.brief(120)).into(),
                ]
            }));
        let told = match all.len().saturating_sub(TOLD) {
            0 => told,
            more => told.left_out(more),
        };
        let page = Page::new(self.title.clone())
            .question(self.question.clone())
            .answer(self.answer.0.clone(), self.answer.1.clone());
        let page = if rows.is_empty() {
            page
        } else {
            page.table(summary).heading("What failed, then the latest").table(told)
        };
        let page = self.caveats.iter().fold(page, |page, caveat| page.paragraph(caveat.clone()));
        page.provenance(self.provenance.clone())
    }
}

impl Row {
    fn failed(&self) -> usize {
        self.bars.iter().filter(|bar| bar.state.tone == Tone::Wrong).count()
    }
}

impl Bar {
    fn took(&self, now: Moment) -> Cell {
        let age: Age = match self.end {
            End::At(end) => end.since(self.start),
            End::Open => now.since(self.start),
            End::Unknown => return Cell::Missing("its end is not known".into()),
        };
        age.into()
    }
}
