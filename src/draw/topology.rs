//! Where everything runs: a node is a box of memory, a guest a tile whose area is the memory that it may use and whose
//! filling is what it uses now. Empty space is memory that nobody has been promised.

use crate::draw::svg::{self, Anchor, INK, LINE, QUIET, SHADE, bold, colors, font};
use crate::draw::treemap::{Rect, grid, treemap};
use crate::page::{Cell, Figure, Grid, Page, Provenance, State, Tone};
use crate::render::markup::{Markup, element};
use crate::text::Text;
use crate::units::{Bytes, Ratio, Reading};

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
/// Of a node's box: above its memory, and below.
const HEAD: f64 = 54.0;
const FOOT: f64 = 10.0;
/// The memory of the largest node; smaller ones have less, in proportion, so that areas compare across nodes.
const TALLEST: f64 = 250.0;
const LOWEST: f64 = 96.0;
/// A tile below this many square pixels is too small to be told apart.
const SMALLEST: f64 = 800.0;
/// From this many guests on, hovers are left out and more tiles are joined.
const CROWD: usize = 600;

impl Scene {
    /// The drawing, with its equivalent in words.
    pub(crate) fn figure(&self) -> Figure {
        let (marks, height) = self.marks();
        Figure::new(self.title.clone(), svg::drawing(WIDTH, height, &self.title, marks), self.words())
    }

    fn marks(&self) -> (Markup, f64) {
        let columns = match self.nodes.len() {
            0..=8 => self.nodes.len().clamp(1, 4),
            9..=18 => 6,
            _ => 8,
        };
        let width = (WIDTH - 2.0 * MARGIN - GAP * (columns as f64 - 1.0)) / columns as f64;
        let largest = self.nodes.iter().filter_map(|node| node.maxmem.known()).max().unwrap_or(Bytes(1));
        let crowded = self.nodes.iter().map(|node| node.tiles.len()).sum::<usize>() > CROWD;
        let mut y = 62.0;
        let mut boxes = Vec::new();
        for row in self.nodes.chunks(columns) {
            let tall = row.iter().map(|node| node.memory_height(largest)).fold(LOWEST, f64::max);
            for (n, node) in row.iter().enumerate() {
                let at = Rect { x: MARGIN + (width + GAP) * n as f64, y, w: width, h: HEAD + tall + FOOT };
                boxes.push(node.marks(at, node.memory_height(largest), crowded));
            }
            y += HEAD + tall + FOOT + GAP;
        }
        let (storages, y) = self.storage_marks(y + 6.0);
        let room = WIDTH - 2.0 * MARGIN;
        let foot = y + 38.0 + 15.0 * self.caveats.len() as f64;
        let caveats = self
            .caveats
            .iter()
            .enumerate()
            .map(|(n, caveat)| svg::start(MARGIN, y + 38.0 + 15.0 * n as f64, room, font(11.0, INK), caveat));
        let title = svg::start(MARGIN, 27.0, room, bold(16.0, INK), &self.title);
        let subtitle = svg::start(MARGIN, 46.0, room, font(11.5, QUIET), &self.subtitle);
        let source = svg::start(MARGIN, foot, room, font(10.0, QUIET), &self.provenance.to_string());
        let marks = [title, subtitle]
            .into_iter()
            .chain(boxes)
            .chain([storages, legend(y + 4.0)])
            .chain(caveats)
            .chain([source])
            .collect();
        (marks, foot + 12.0)
    }

    fn storage_marks(&self, top: f64) -> (Markup, f64) {
        const COLUMNS: usize = 4;
        const ROW: f64 = 48.0;
        let width = (WIDTH - 2.0 * MARGIN - GAP * (COLUMNS as f64 - 1.0)) / COLUMNS as f64;
        let heading =
            (!self.storages.is_empty()).then(|| svg::start(MARGIN, top + 12.0, 200.0, bold(13.0, INK), "Storages"));
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
        let nodes = Grid::new(["Node", "State", "CPU", "Memory", "Running", "Not running", "Not known"]).rows(
            self.nodes.iter().map(|node| {
                vec![
                    Cell::from(&node.name),
                    node.state.clone().into(),
                    node.cpu.into(),
                    Cell::usage(node.mem, node.maxmem),
                    node.list(|tone| tone == Tone::Good),
                    node.list(|tone| !matches!(tone, Tone::Good | Tone::Unknown)),
                    node.list(|tone| tone == Tone::Unknown),
                ]
            }),
        );
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

/// The guests of a node that are drawn on their own, and those too small for it.
struct Sorted<'a> {
    shown: Vec<&'a Tile>,
    small: Vec<&'a Tile>,
    unknown: Vec<&'a Tile>,
}

impl NodeBox {
    fn memory_height(&self, largest: Bytes) -> f64 {
        match self.maxmem.known().and_then(|memory| memory.of(largest)) {
            Some(part) => (TALLEST * part.0).max(LOWEST),
            None => TALLEST * 0.66,
        }
    }

    fn promised(&self) -> Bytes {
        self.tiles.iter().filter_map(|tile| tile.maxmem.known()).sum()
    }

    fn marks(&self, at: Rect, memory_height: f64, crowded: bool) -> Markup {
        let away = self.state.tone != Tone::Good;
        let (stroke, fill) = if away { colors(Tone::Unknown) } else { (LINE, SHADE) };
        let memory = Rect { x: at.x + 8.0, y: at.y + HEAD, w: at.w - 16.0, h: memory_height };
        let state = if away { self.state.word.to_string() } else { format!("{} · up {}", self.state.word, self.up) };
        let half = (at.w - 28.0) / 2.0;
        let bar_at = |x: f64| Rect { x, y: at.y + 41.0, w: half, h: 5.0 };
        let (left, right) = (at.x + 10.0, at.x + 18.0 + half);
        let state_color = if away { colors(Tone::Wrong).0 } else { QUIET };
        [
            svg::rect(at, fill, stroke).empty(),
            svg::start(left, at.y + 19.0, at.w * 0.34, bold(13.5, INK), &self.name.to_string()),
            svg::text(at.x + at.w - 10.0, at.y + 19.0, at.w * 0.62, Anchor::End, font(11.0, state_color), &state),
            svg::start(left, at.y + 36.0, half, font(10.0, QUIET), &self.cpu_words()),
            svg::bar(bar_at(left), self.cpu.known().map(|cpu| cpu.0), 0.95),
            svg::start(right, at.y + 36.0, half, font(10.0, QUIET), &self.memory_words()),
            svg::bar(bar_at(right), self.used(), 0.95),
            svg::rect(memory, svg::GROUND, stroke).empty(),
            self.tile_marks(memory, crowded),
        ]
        .into_iter()
        .collect()
    }

    fn used(&self) -> Option<f64> {
        Some(self.mem.known()?.of(self.maxmem.known()?)?.0)
    }

    fn cpu_words(&self) -> String {
        self.cpu.known().map_or_else(|| "CPU not known".into(), |cpu| format!("CPU {cpu}"))
    }

    fn memory_words(&self) -> String {
        match (self.mem, self.maxmem) {
            (Reading::Known(used), Reading::Known(total)) => format!("{used} of {total}"),
            _ => "memory not known".into(),
        }
    }

    /// The guests in the node's memory, and what is said of the rest of it.
    fn tile_marks(&self, memory: Rect, crowded: bool) -> Markup {
        let Reading::Known(total) = self.maxmem else { return self.unknown_marks(memory, crowded) };
        let promised = self.promised();
        let over = promised > total;
        let part = promised.of(total).map_or(0.0, |part| part.0.min(1.0));
        // Something must be left for the line that says what is free.
        let taken = Rect { h: memory.h * part, ..memory }.inset(1.0);
        let sorted = self.sorted(taken.area(), if crowded { 3.0 * SMALLEST } else { SMALLEST });
        let mut weights: Vec<f64> = sorted.shown.iter().map(|tile| weight(tile)).collect();
        if !sorted.small.is_empty() {
            weights.push(sorted.small.iter().map(|tile| weight(tile)).sum::<f64>().max(1.0));
        }
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]));
        let falling: Vec<f64> = order.iter().map(|n| weights[*n]).collect();
        let rects = treemap(taken, &falling);
        let free = Rect { y: memory.y + memory.h * part, h: memory.h * (1.0 - part), ..memory };
        let tiles = order.iter().zip(&rects).map(|(n, at)| match sorted.shown.get(*n) {
            Some(tile) => tile.marks(at.inset(1.0), crowded),
            None => small_marks(&sorted.small, at.inset(1.0)),
        });
        tiles.chain([self.rest_words(free, total, promised, over, sorted.unknown.len())]).collect()
    }

    fn rest_words(&self, free: Rect, total: Bytes, promised: Bytes, over: bool, unknown: usize) -> Markup {
        let mut words = if over {
            format!("{} more promised than there is", promised - total)
        } else {
            format!("{} not promised", total - promised)
        };
        if self.templates > 0 {
            words.push_str(&format!(" · {}", counted(self.templates, "template")));
        }
        if unknown > 0 {
            words.push_str(&format!(" · {} of unknown size", counted(unknown, "guest")));
        }
        if free.h < 16.0 {
            return Markup::default();
        }
        let (x, y) = (free.x + free.w / 2.0, free.y + free.h / 2.0 + 4.0);
        svg::text(x, y, free.w - 8.0, Anchor::Middle, font(10.5, QUIET), &words)
    }

    /// What is not known looks not known: equal tiles, no sizes, no free space claimed.
    fn unknown_marks(&self, memory: Rect, crowded: bool) -> Markup {
        const LABEL: f64 = 22.0;
        let tiles = Rect { h: memory.h - LABEL, ..memory }.inset(1.0);
        let most = (tiles.area() / (1.6 * SMALLEST)) as usize;
        let (shown, rest) = self.tiles.split_at(self.tiles.len().min(most.max(1)));
        let words = if rest.is_empty() {
            "sizes not known".to_owned()
        } else {
            format!("{} more; sizes not known", rest.len())
        };
        let (x, y) = (memory.x + memory.w / 2.0, memory.y + memory.h - 8.0);
        let label = svg::text(x, y, memory.w - 8.0, Anchor::Middle, font(10.5, QUIET), &words);
        let tiles = shown.iter().zip(grid(tiles, shown.len())).map(|(tile, at)| tile.marks(at.inset(1.5), crowded));
        tiles.chain([label]).collect()
    }

    fn sorted(&self, room: f64, smallest: f64) -> Sorted<'_> {
        let all: f64 = self.tiles.iter().map(weight).sum();
        let (known, unknown): (Vec<&Tile>, Vec<&Tile>) = self.tiles.iter().partition(|tile| tile.maxmem.is_known());
        let (shown, mut small): (Vec<&Tile>, Vec<&Tile>) =
            known.into_iter().partition(|tile| room * weight(tile) / all >= smallest);
        let mut shown = shown;
        if small.len() == 1 {
            shown.append(&mut small);
        }
        Sorted { shown, small, unknown }
    }

    fn list(&self, wanted: impl Fn(Tone) -> bool) -> Cell {
        let names: Vec<String> = self.tiles.iter().filter(|tile| wanted(tile.state.tone)).map(Tile::short).collect();
        if names.is_empty() { Cell::Empty } else { Cell::from(names.join(", ")) }
    }
}

fn weight(tile: &Tile) -> f64 {
    tile.maxmem.known().map_or(0.0, |memory| memory.0 as f64)
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn small_marks(small: &[&Tile], at: Rect) -> Markup {
    let running = small.iter().filter(|tile| tile.state.tone == Tone::Good).count();
    let memory: Bytes = small.iter().filter_map(|tile| tile.maxmem.known()).sum();
    let hover = small.iter().map(|tile| tile.short()).collect::<Vec<_>>().join(", ");
    let title = format!("{} small guests, {running} of them running, {memory} together: {hover}", small.len());
    let second = (at.h >= 28.0)
        .then(|| svg::start(at.x + 4.0, at.y + 24.0, at.w - 6.0, font(10.0, INK), &format!("{running} run")));
    element("g").around_all(
        [
            element("title").words(title),
            svg::rect(at, SHADE, QUIET).empty(),
            svg::start(at.x + 4.0, at.y + 12.0, at.w - 6.0, bold(10.0, QUIET), &format!("{} small", small.len())),
        ]
        .into_iter()
        .chain(second),
    )
}

impl Tile {
    fn short(&self) -> String {
        match &self.name {
            Reading::Known(name) => format!("{name} ({})", self.number),
            Reading::Missing(_) => self.number.to_string(),
        }
    }

    fn hover(&self) -> String {
        let name = match &self.name {
            Reading::Known(name) => format!("{name}, {}", self.what),
            Reading::Missing(why) => format!("{}, name not known: {why}", self.what),
        };
        let memory = match (self.mem, self.maxmem) {
            (Reading::Known(used), Reading::Known(most)) => format!("{used} of {most}"),
            (Reading::Missing(_), Reading::Known(most)) => format!("may use {most}"),
            (_, Reading::Missing(why)) => format!("memory not known: {why}"),
        };
        format!("{name}: {}, {memory}", self.state.word)
    }

    fn marks(&self, at: Rect, crowded: bool) -> Markup {
        let (stroke, fill) = colors(self.state.tone);
        let used = self.mem.known().zip(self.maxmem.known()).and_then(|(used, most)| used.of(most));
        let name = self.name.as_ref().known().map(Text::to_string).unwrap_or_default();
        let glyph = self.state.tone.glyph();
        let label = match svg::cut(&format!("{glyph} {}", self.number), at.w - 6.0, 10.0) {
            // A number that is cut would be another's.
            cut if cut.is_empty() || cut.ends_with('…') => glyph.to_owned(),
            whole => whole,
        };
        let dashed = (self.state.tone == Tone::Unknown).then_some("3 2");
        let line = |n: f64, font, words: &str| svg::start(at.x + 4.0, at.y + 12.0 * n, at.w - 6.0, font, words);
        let hover = (!crowded).then(|| element("title").words(self.hover()));
        let filling =
            used.map(|used| svg::rect(at.inset(0.5).filled(used.0), stroke, "none").with("opacity", "0.15").empty());
        let number = (at.h >= 15.0).then(|| line(1.0, bold(10.0, stroke), &label));
        let name = (at.h >= 28.0).then(|| line(2.0, font(10.0, INK), &name));
        let roomy = at.h >= 42.0 && at.w >= 70.0;
        let size = self.maxmem.known().filter(|_| roomy).map(|most| line(3.0, font(9.5, QUIET), &most.to_string()));
        let tile = svg::rect(at, fill, stroke).with_some("stroke-dasharray", dashed).empty();
        element("g").around_all(hover.into_iter().chain([tile]).chain(filling).chain(number).chain(name).chain(size))
    }
}

impl StorageBar {
    fn marks(&self, x: f64, y: f64, w: f64) -> Markup {
        let words = match (self.full, self.size) {
            (Reading::Known(full), Reading::Known(size)) => format!("{} · {full} of {size}", self.name),
            (Reading::Missing(why), _) | (_, Reading::Missing(why)) => format!("{} · {why}", self.name),
        };
        let color = if self.state.tone == Tone::Wrong { svg::WRONG } else { INK };
        [
            svg::start(x, y + 9.0, w, font(11.0, color), &words),
            svg::bar(Rect { x, y: y + 14.0, w, h: 6.0 }, self.full.known().map(|full| full.0), 0.85),
            svg::start(x, y + 32.0, w, font(10.0, QUIET), &self.detail),
        ]
        .into_iter()
        .collect()
    }
}

fn legend(y: f64) -> Markup {
    let states = [
        (Tone::Good, "running, filled as far as it uses its memory"),
        (Tone::Off, "stopped"),
        (Tone::Held, "paused"),
        (Tone::Wrong, "wrong"),
        (Tone::Unknown, "not known"),
    ];
    let mut x = MARGIN;
    let marks = states.into_iter().flat_map(|(tone, words)| {
        let (stroke, fill) = colors(tone);
        let at = x;
        x += 40.0 + words.chars().count() as f64 * 6.2;
        let swatch = svg::rect(Rect { x: at, y: y + 2.0, w: 12.0, h: 12.0 }, fill, stroke).empty();
        [swatch, svg::start(at + 17.0, y + 12.0, 300.0, font(10.5, INK), &format!("{} {words}", tone.glyph()))]
    });
    marks.collect()
}
