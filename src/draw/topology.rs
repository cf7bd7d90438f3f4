//! Where everything runs: a node is a box of memory, a guest a tile whose area is the memory that it may use and whose
//! filling is what it uses now. Empty space is memory that nobody has been promised. Knows no cluster, only this scene.

use crate::draw::paper::{self, LARGEST, MARGIN, WIDTH};
use crate::draw::svg::{self, INK, QUIET, bold, colors, font, start};
use crate::draw::treemap::Rect;
use crate::page::{Cell, Figure, Grid, Page, Provenance, State, Tone};
use crate::render::markup::{Markup, element};
use crate::text::Text;
use crate::units::{Bytes, Ratio, Reading};

mod node;
mod squares;
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
    /// To whom memory is promised, where these are not all guests: ` to guests that you see`.
    pub(crate) to_whom: &'static str,
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
    /// Whether high availability looks after it.
    pub(crate) ha: bool,
}

/// A storage.
pub(crate) struct StorageBar {
    pub(crate) name: Text,
    pub(crate) detail: String,
    pub(crate) full: Reading<Ratio>,
    pub(crate) size: Reading<Bytes>,
    pub(crate) state: State,
}

const GAP: f64 = 12.0;
/// From this many guests on, hovers are left out, more tiles are joined, and lists of names end in a count.
const CROWD: usize = 600;
/// As many names as the lists of all nodes have together in a crowd.
const NAMES: usize = 900;
/// More nodes than this are not seen at a glance.
const FEW: usize = 24;
/// As many storages as are drawn; the words have all.
const STORAGES: usize = 80;
/// The mark of what high availability looks after.
const HA: &str = "HA";

impl Scene {
    /// The drawing, with its equivalent in words.
    pub(crate) fn figure(&self) -> Figure {
        let svg = self.svg(self.guests());
        let svg = if svg.len() > LARGEST { self.svg(self.guests().max(CROWD + 1)) } else { svg };
        Figure::new(self.title.clone(), svg, self.words())
    }

    fn guests(&self) -> usize {
        self.nodes.iter().map(|node| node.tiles.len()).sum()
    }

    fn svg(&self, crowd: usize) -> String {
        let (marks, height) = self.marks(crowd);
        svg::drawing(WIDTH, height, &self.provenance.say(&self.title), marks)
    }

    fn marks(&self, crowd: usize) -> (Markup, f64) {
        let (head, top) =
            paper::head(&self.provenance, &self.provenance.say(&self.title), (&self.subtitle, &self.explained()));
        let (nodes, y) = self.node_marks(top, crowd);
        // Nothing else in it is drawn by a path.
        let has_squares = nodes.has("path");
        let (storages, y) = self.storage_marks(y + 6.0);
        let legend = self.legend(y + 4.0, has_squares);
        let (foot, bottom) = paper::foot(&self.caveats, Some(&self.provenance), y + 38.0);
        ([head, nodes, storages, legend, foot].into_iter().collect(), bottom)
    }

    /// What the drawing stands for, and of many nodes those that stand out.
    fn explained(&self) -> String {
        let area = "A tile's area is the memory that the guest may use.";
        if self.nodes.len() > FEW { format!("{area} {}", self.urgent()) } else { area.to_owned() }
    }

    /// What stands out among many nodes, by name, where eyes would have to look for it.
    fn urgent(&self) -> String {
        const MOST: usize = 6;
        let named = |what: &str, wanted: &dyn Fn(&NodeBox) -> bool| {
            let names: Vec<String> =
                self.nodes.iter().filter(|node| wanted(node)).map(|node| node.name.brief(20)).collect();
            (!names.is_empty()).then(|| format!("{what}: {}", listed(&names, MOST)))
        };
        let above = |ratio: Option<Ratio>, limit: f64| ratio.is_some_and(|ratio| ratio.0 > limit);
        let wrong =
            self.nodes.iter().flat_map(|node| &node.tiles).filter(|tile| tile.state.tone == Tone::Wrong).count();
        let said = [
            named("not as they should be", &|node| node.state.tone != Tone::Good),
            named("CPU above 90%", &|node| above(node.cpu.known(), 0.9)),
            named("memory above 90%", &|node| {
                above(node.mem.known().zip(node.maxmem.known()).and_then(|(used, all)| used.of(all)), 0.9)
            }),
            (wrong > 0).then(|| format!("{wrong} guests in a wrong state")),
        ];
        let said: Vec<String> = said.into_iter().flatten().collect();
        if said.is_empty() { "No node stands out.".into() } else { format!("What stands out: {}.", said.join("; ")) }
    }

    fn node_marks(&self, top: f64, crowd: usize) -> (Markup, f64) {
        let (columns, tallest) = match self.nodes.len() {
            0..=4 => (self.nodes.len().max(1), 250.0),
            5..=8 => (4, 250.0),
            9..=24 => (6, 200.0),
            25..=48 => (8, 150.0),
            _ => (8, 90.0),
        };
        let width = (WIDTH - 2.0 * MARGIN - GAP * (columns as f64 - 1.0)) / columns as f64;
        let largest = self.nodes.iter().filter_map(|node| node.maxmem.known()).max().unwrap_or(Bytes(1));
        let mut y = top;
        let mut boxes = Vec::new();
        for row in self.nodes.chunks(columns) {
            let place = |node: &NodeBox| node.place(width, largest, tallest, crowd).said_by(&self.provenance);
            let placed: Vec<node::Place> = row.iter().map(place).collect();
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
        let mut shown: Vec<&StorageBar> = self.storages.iter().collect();
        if shown.len() > STORAGES {
            // What is wrong comes first, then what is fullest.
            shown.sort_by_key(|storage| (storage.state.tone != Tone::Wrong, std::cmp::Reverse(storage.full)));
            shown.truncate(STORAGES);
        }
        let heading = match self.storages.len() - shown.len() {
            0 => "Storages".to_owned(),
            more => format!("Storages: the {STORAGES} fullest, and {more} more in the words"),
        };
        let heading = (!shown.is_empty()).then(|| start(MARGIN, top + 12.0, 600.0, bold(13.0, INK), &heading));
        let bars = shown.iter().enumerate().map(|(n, storage)| {
            let (column, row) = ((n % COLUMNS) as f64, (n / COLUMNS) as f64);
            let at = (MARGIN + (width + GAP) * column, top + 22.0 + ROW * row);
            storage.marks(at, width, &self.provenance.say(&storage.detail))
        });
        let marks = heading.into_iter().chain(bars).collect();
        let rows = shown.len().div_ceil(COLUMNS);
        (marks, if rows == 0 { top } else { top + 22.0 + ROW * rows as f64 })
    }

    /// The same facts in words.
    fn words(&self) -> Page {
        let most = if self.guests() > CROWD { (NAMES / self.nodes.len() / 3).max(2) } else { usize::MAX };
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
        let page = Page::new(self.title.clone()).answer(self.subtitle.clone(), ".").paragraph(self.explained());
        let page = page.table(nodes);
        let page = if self.guests() > CROWD { page.code("pve.guests()?.table().all()") } else { page };
        let page = if self.storages.is_empty() { page } else { page.heading("Storages").table(storages) };
        let page = self.caveats.iter().fold(page, |page, caveat| page.paragraph(caveat.clone()));
        page.provenance(self.provenance.clone())
    }

    fn legend(&self, y: f64, has_squares: bool) -> Markup {
        let states = [
            (Tone::Good, "● running, filled by the memory it uses"),
            (Tone::Off, "○ stopped"),
            (Tone::Held, "‖ paused"),
            (Tone::Wrong, "✕ wrong"),
            (Tone::Unknown, "? not known"),
        ];
        let look = font(10.5, INK);
        let mut x = MARGIN;
        let mut marks = Markup::default();
        for (tone, words) in states {
            let key =
                svg::rect(Rect { x, y: y + 2.0, w: 12.0, h: 12.0 }, colors(tone).ground, colors(tone).ink).empty();
            marks = marks.and(key).and(start(x + 17.0, y + 12.0, 400.0, look, words));
            x += 30.0 + svg::width(words, look);
        }
        let managed = self.nodes.iter().any(|node| node.tiles.iter().any(|tile| tile.ha));
        let marked = [(has_squares, "■ a guest, by its state"), (managed, "HA high availability")];
        for (_, words) in marked.into_iter().filter(|(used, _)| *used) {
            let words = self.provenance.say(words);
            marks = marks.and(start(x, y + 12.0, WIDTH - MARGIN - x, look, &words));
            x += 16.0 + svg::width(&words, look);
        }
        marks
    }
}

impl StorageBar {
    fn marks(&self, (x, y): (f64, f64), w: f64, detail: &str) -> Markup {
        let rest = match (self.full, self.size) {
            (Reading::Known(full), Reading::Known(size)) => format!(" · {full} of {size}"),
            (Reading::Missing(why), _) | (_, Reading::Missing(why)) => format!(" · {why}"),
        };
        // Of a name that is too long, less is shown; of the numbers, nothing is cut.
        let look = font(11.0, if self.state.tone == Tone::Wrong { svg::WRONG } else { INK });
        let name = svg::cut(&self.name.to_string(), w - svg::width(&rest, look), look);
        let hover = format!("{}: {}{rest}, {detail}", self.name, self.state.word);
        element("g").around_all([
            element("title").words(hover),
            start(x, y + 9.0, w, look, &format!("{name}{rest}")),
            svg::bar(Rect { x, y: y + 14.0, w, h: 6.0 }, self.full.known().map(|full| full.0), 0.85),
            start(x, y + 32.0, w, font(10.0, QUIET), detail),
        ])
    }
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
