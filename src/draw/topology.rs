//! Where everything runs: a node is a box of memory, a guest a tile whose area is the memory that it may use and whose
//! filling is what it uses now. Empty space is memory that nobody has been promised. Knows no cluster, only this scene.

use crate::draw::svg::{self, INK, QUIET, bold, colors, font, start};
use crate::draw::treemap::Rect;
use crate::page::{Cell, Figure, Grid, Page, Provenance, State, Tone};
use crate::render::markup::{Markup, element};
use crate::text::Text;
use crate::units::{Bytes, Ratio, Reading};

mod node;
#[cfg(test)]
mod tests;
mod tile;

/// What is drawn.
pub(crate) struct Scene {
    pub(crate) title: String,
    pub(crate) subtitle: String,
    pub(crate) nodes: Vec<NodeBox>,
    pub(crate) storages: Vec<StorageBar>,
    /// What must be said beside it.
    pub(crate) caveats: Vec<String>,
    pub(crate) provenance: Provenance,
}

/// A node.
pub(crate) struct NodeBox {
    pub(crate) name: Text,
    pub(crate) state: State,
    pub(crate) up: String,
    pub(crate) cpu: Reading<Ratio>,
    pub(crate) mem: Reading<Bytes>,
    pub(crate) maxmem: Reading<Bytes>,
    pub(crate) tiles: Vec<Tile>,
    /// Whether all its guests were seen.
    pub(crate) is_whole: bool,
    /// How many templates lie on it; they never run and take no memory.
    pub(crate) templates: usize,
}

/// A guest.
pub(crate) struct Tile {
    /// `VM 101`.
    pub(crate) what: String,
    pub(crate) number: u32,
    pub(crate) name: Reading<Text>,
    pub(crate) state: State,
    pub(crate) mem: Reading<Bytes>,
    pub(crate) maxmem: Reading<Bytes>,
}

/// A storage.
pub(crate) struct StorageBar {
    pub(crate) name: Text,
    pub(crate) detail: String,
    pub(crate) full: Reading<Ratio>,
    pub(crate) size: Reading<Bytes>,
    pub(crate) state: State,
}

const WIDTH: f64 = 980.0;
const MARGIN: f64 = 16.0;
const GAP: f64 = 12.0;
/// From this many guests on, hovers are left out, more tiles are joined, and lists of names end in a count.
const CROWD: usize = 600;
/// As many names as a list has in a crowd.
const NAMES: usize = 40;

impl Scene {
    /// The drawing, with its equivalent in words.
    pub(crate) fn figure(&self) -> Figure {
        let (marks, height) = self.marks();
        Figure::new(self.title.clone(), svg::drawing(WIDTH, height, &self.title, marks), self.words())
    }

    fn guests(&self) -> usize {
        self.nodes.iter().map(|node| node.tiles.len()).sum()
    }

    fn marks(&self) -> (Markup, f64) {
        let room = WIDTH - 2.0 * MARGIN;
        let (nodes, y) = self.node_marks(62.0);
        let (storages, y) = self.storage_marks(y + 6.0);
        let caveats: Vec<String> =
            self.caveats.iter().flat_map(|caveat| svg::lines(caveat, room, font(11.0, INK))).collect();
        let last = y + 38.0 + 15.0 * caveats.len() as f64;
        let source = svg::lines(&self.provenance.to_string(), room, font(10.0, QUIET));
        let caveats = caveats
            .iter()
            .zip(0..)
            .map(|(line, n)| start(MARGIN, y + 38.0 + 15.0 * f64::from(n), room, font(11.0, INK), line));
        let sources = source
            .iter()
            .zip(0..)
            .map(|(line, n)| start(MARGIN, last + 13.0 * f64::from(n), room, font(10.0, QUIET), line));
        let title = start(MARGIN, 27.0, room, bold(16.0, INK), &self.title);
        let subtitle = start(MARGIN, 46.0, room, font(11.5, QUIET), &self.subtitle);
        let marks =
            [title, subtitle, nodes, storages, legend(y + 4.0)].into_iter().chain(caveats).chain(sources).collect();
        (marks, last + 13.0 * source.len() as f64 + 2.0)
    }

    fn node_marks(&self, top: f64) -> (Markup, f64) {
        let (columns, tallest) = match self.nodes.len() {
            0..=4 => (self.nodes.len().max(1), 250.0),
            5..=8 => (4, 250.0),
            9..=24 => (6, 200.0),
            _ => (8, 150.0),
        };
        let width = (WIDTH - 2.0 * MARGIN - GAP * (columns as f64 - 1.0)) / columns as f64;
        let largest = self.nodes.iter().filter_map(|node| node.maxmem.known()).max().unwrap_or(Bytes(1));
        let crowd = self.guests();
        let mut y = top;
        let mut boxes = Vec::new();
        for row in self.nodes.chunks(columns) {
            let placed: Vec<node::Place> = row.iter().map(|node| node.place(width, largest, tallest, crowd)).collect();
            let height = placed.iter().map(|place| place.height).fold(0.0, f64::max);
            for (n, (node, place)) in row.iter().zip(&placed).enumerate() {
                let at = Rect { x: MARGIN + (width + GAP) * n as f64, y, w: width, h: height };
                boxes.push(node.marks(at, place, crowd));
            }
            y += height + GAP;
        }
        (boxes.into_iter().collect(), y)
    }

    fn storage_marks(&self, top: f64) -> (Markup, f64) {
        const COLUMNS: usize = 4;
        const ROW: f64 = 48.0;
        let width = (WIDTH - 2.0 * MARGIN - GAP * (COLUMNS as f64 - 1.0)) / COLUMNS as f64;
        let heading =
            (!self.storages.is_empty()).then(|| start(MARGIN, top + 12.0, 200.0, bold(13.0, INK), "Storages"));
        let bars = self.storages.iter().enumerate().map(|(n, storage)| {
            let (column, row) = ((n % COLUMNS) as f64, (n / COLUMNS) as f64);
            storage.marks(MARGIN + (width + GAP) * column, top + 22.0 + ROW * row, width)
        });
        let marks = heading.into_iter().chain(bars).collect();
        let rows = self.storages.len().div_ceil(COLUMNS);
        (marks, if rows == 0 { top } else { top + 22.0 + ROW * rows as f64 })
    }

    /// The same facts in words.
    fn words(&self) -> Page {
        let most = if self.guests() > CROWD { NAMES } else { usize::MAX };
        let columns = ["Node", "State", "CPU", "Memory", "Promised", "Running", "Not running", "Not known"];
        let nodes = Grid::new(columns).rows(self.nodes.iter().map(|node| {
            vec![
                Cell::from(&node.name),
                node.state.clone().into(),
                node.cpu.into(),
                Cell::usage(node.mem, node.maxmem),
                node.rest_words().into(),
                node.list(most, |tone| tone == Tone::Good),
                node.list(most, |tone| !matches!(tone, Tone::Good | Tone::Unknown)),
                node.list(most, |tone| tone == Tone::Unknown),
            ]
        }));
        let storages =
            Grid::new(["Storage", "State", "Full", "Size", "What"]).rows(self.storages.iter().map(|storage| {
                vec![
                    Cell::from(&storage.name),
                    storage.state.clone().into(),
                    storage.full.into(),
                    storage.size.into(),
                    storage.detail.clone().into(),
                ]
            }));
        let page = Page::new(self.title.clone()).answer(self.subtitle.clone(), "").table(nodes);
        let page = if self.storages.is_empty() { page } else { page.heading("Storages").table(storages) };
        let page = self.caveats.iter().fold(page, |page, caveat| page.paragraph(caveat.clone()));
        page.provenance(self.provenance.clone())
    }
}

impl StorageBar {
    fn marks(&self, x: f64, y: f64, w: f64) -> Markup {
        let rest = match (self.full, self.size) {
            (Reading::Known(full), Reading::Known(size)) => format!(" · {full} of {size}"),
            (Reading::Missing(why), _) | (_, Reading::Missing(why)) => format!(" · {why}"),
        };
        // Of a name that is too long, less is shown; of the numbers, nothing is cut.
        let look = font(11.0, if self.state.tone == Tone::Wrong { svg::WRONG } else { INK });
        let name = svg::cut(&self.name.to_string(), w - svg::width(&rest, look), look);
        let hover = format!("{}: {}{rest}, {}", self.name, self.state.word, self.detail);
        element("g").around_all([
            element("title").words(hover),
            start(x, y + 9.0, w, look, &format!("{name}{rest}")),
            svg::bar(Rect { x, y: y + 14.0, w, h: 6.0 }, self.full.known().map(|full| full.0), 0.85),
            start(x, y + 32.0, w, font(10.0, QUIET), &self.detail),
        ])
    }
}

fn legend(y: f64) -> Markup {
    let states = [
        (Tone::Good, "● running, filled as far as it uses its memory"),
        (Tone::Off, "○ stopped"),
        (Tone::Held, "‖ paused"),
        (Tone::Wrong, "✕ wrong"),
        (Tone::Unknown, "? not known"),
    ];
    let look = font(10.5, INK);
    let starts = states.iter().scan(MARGIN, |x, (_, words)| {
        let at = *x;
        *x += 36.0 + svg::width(words, look);
        Some(at)
    });
    let entries = states.iter().zip(starts).map(|((tone, words), x)| {
        let key = svg::rect(Rect { x, y: y + 2.0, w: 12.0, h: 12.0 }, colors(*tone).ground, colors(*tone).ink);
        key.empty().and(start(x + 17.0, y + 12.0, 400.0, look, words))
    });
    entries.collect()
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Names with commas; of more than `most`, the rest is counted.
fn listed(names: &[String], most: usize) -> String {
    match names.len().checked_sub(most) {
        Some(more @ 1..) => format!("{} and {more} more", names[..most].join(", ")),
        _ => names.join(", "),
    }
}
