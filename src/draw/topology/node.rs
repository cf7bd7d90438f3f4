//! A node as a box: its name, state and load above, its memory with the guests in it below.

use std::cmp::Ordering;

use super::squares::tally;
use super::tile::{has_squares, is_legible, many_marks, small_marks};
use super::{CROWD, NodeBox, Tile, counted, listed};
use crate::draw::svg::{self, Anchor, Font, GROUND, INK, LINE, QUIET, SHADE, bold, colors, font, start};
use crate::draw::treemap::{Rect, grid, treemap};
use crate::page::{Cell, Provenance, Tone};
use crate::render::markup::Markup;
use crate::units::{Bytes, Reading};

/// A box narrower than this has one thing a line.
const NARROW: f64 = 200.0;
/// The lowest memory of any node; otherwise areas compare across nodes.
const LOWEST: f64 = 60.0;
/// A tile below this many square pixels has no room for the glyph of its state.
const SMALLEST: f64 = 260.0;
/// A tile of unknown size has at least room for its number.
const EQUAL: f64 = 1_280.0;
/// A line of what is said of the rest.
const REST_LINE: f64 = 14.0;
/// The load of a node from which its bar is red.
const ALARM: f64 = 0.95;

fn rest_font() -> Font {
    font(10.5, QUIET)
}

/// How a node is laid out, before it has a place in the drawing.
pub(super) struct Place {
    head: f64,
    memory: f64,
    /// What is said of the memory that no tile stands for.
    rest: Vec<String>,
    pub(super) height: f64,
}

impl Place {
    /// The same in the words of whom it is for.
    pub(super) fn said_by(self, from: &Provenance) -> Place {
        Place { rest: self.rest.iter().map(|line| from.say(line)).collect(), ..self }
    }
}

/// The tiles of a node, in the memory that they were promised.
struct Tiles<'a> {
    shown: Vec<(&'a Tile, Rect)>,
    small: Vec<&'a Tile>,
    small_at: Option<Rect>,
}

impl NodeBox {
    pub(super) fn place(&self, width: f64, largest: Bytes, tallest: f64, crowd: usize) -> Place {
        let memory = match self.maxmem.known().and_then(|memory| memory.of(largest)) {
            Some(part) => (tallest * part.0).max(LOWEST),
            None => tallest * 0.66,
        };
        let head = if width < NARROW { 86.0 } else { 54.0 };
        let box_of_memory = Rect { x: 0.0, y: 0.0, w: width - 16.0, h: memory };
        let rest = self.rest_said(box_of_memory, crowd, width - 20.0);
        let below = if self.rest_fits(box_of_memory, rest.len()) { 8.0 } else { 8.0 + REST_LINE * rest.len() as f64 };
        Place { head, memory, rest, height: head + memory + below }
    }

    /// The part of the memory that has been promised, at most all of it.
    fn promised_part(&self) -> f64 {
        self.maxmem.known().and_then(|total| self.promised().of(total)).map_or(1.0, |part| part.0.min(1.0))
    }

    fn rest_fits(&self, memory: Rect, lines: usize) -> bool {
        self.maxmem.is_known() && memory.h * (1.0 - self.promised_part()) >= REST_LINE * lines as f64 + 4.0
    }

    fn promised(&self) -> Bytes {
        self.tiles.iter().filter_map(|tile| tile.maxmem.known()).sum()
    }

    /// What is promised to nobody, or what is promised twice, and what no tile stands for.
    pub(super) fn rest_words(&self) -> String {
        let Reading::Known(total) = self.maxmem else { return "sizes not known".to_owned() };
        let promised = self.promised();
        let mut words = match promised.cmp(&total) {
            Ordering::Greater => format!("{} more promised than there is", promised - total),
            Ordering::Equal => "all of it promised".to_owned(),
            Ordering::Less => format!("{} not promised{}", total - promised, self.to_whom),
        };
        if self.templates > 0 {
            words.push_str(&format!(" · {}", counted(self.templates, "template")));
        }
        let unknown = self.tiles.iter().filter(|tile| !tile.maxmem.is_known()).count();
        if unknown > 0 {
            words.push_str(&format!(" · {} of unknown size", counted(unknown, "guest")));
        }
        words
    }

    /// The same in lines, with the names of the guests whose tiles have no room for them, as far as there is room here.
    fn rest_said(&self, memory: Rect, crowd: usize, room: f64) -> Vec<String> {
        let words = self.rest_words().replace("than there is", "than\u{a0}there\u{a0}is");
        let lines = svg::lines(&words, room, rest_font());
        if !self.maxmem.is_known() {
            return lines;
        }
        let Tiles { shown, small, small_at } = self.tiles_in(memory, crowd);
        if crowd > CROWD {
            let tones: Vec<Tone> = small.iter().map(|tile| tile.state.tone).collect();
            return match small_at.filter(|at| !has_squares(*at, tones.len())) {
                Some(_) => svg::lines(&format!("{words} · {}", tally(&tones)), room, rest_font()),
                None => lines,
            };
        }
        let nameless = shown.iter().filter(|(tile, at)| !tile.is_numbered(*at)).map(|(tile, _)| *tile);
        let nameless: Vec<&Tile> = nameless.chain(small).collect();
        if nameless.is_empty() {
            return lines;
        }
        let free = memory.h * (1.0 - self.promised_part());
        let least = if room < NARROW { 2 } else { 4 };
        let most = lines.len() + ((free / REST_LINE) as usize).saturating_sub(lines.len() + 1).clamp(least, 12);
        let name = |tile: &&Tile| {
            let name = format!("{}\u{a0}{}", tile.state.tone.glyph(), tile.short());
            if svg::width(&name, rest_font()) <= room { name.replace(' ', "\u{a0}") } else { name }
        };
        let names: Vec<String> = nameless.iter().map(name).collect();
        let said = |n: usize| {
            let names = names[..n].join(", ");
            let all = match (n, nameless.len() - n) {
                (0, more) => format!("{words} · {} too small for a name", counted(more, "guest")),
                (_, 0) => format!("{words} · too small for a name: {names}"),
                (_, more) => format!("{words} · too small for a name: {names} and {more} more"),
            };
            svg::lines(&all, room, rest_font())
        };
        // The more names, the more lines.
        let (mut fits, mut too_many) = (0, nameless.len() + 1);
        while too_many - fits > 1 {
            let middle = usize::midpoint(fits, too_many);
            if said(middle).len() <= most { fits = middle } else { too_many = middle }
        }
        said(fits)
    }

    pub(super) fn marks(&self, at: Rect, place: &Place, crowd: usize) -> Markup {
        let away = matches!(self.state.tone, Tone::Wrong | Tone::Unknown);
        let (edge, ground) =
            if away { (colors(Tone::Unknown).ink, colors(Tone::Unknown).ground) } else { (LINE, SHADE) };
        let memory = Rect { x: at.x + 8.0, y: at.y + place.head, w: at.w - 16.0, h: place.memory };
        let head = if at.w < NARROW { self.narrow_head(at) } else { self.wide_head(at) };
        let tiles =
            if self.maxmem.is_known() { self.known_marks(memory, crowd) } else { self.unknown_marks(memory, crowd) };
        let rest = self.rest_marks(memory, &place.rest);
        [svg::rect(at, ground, edge).empty(), head, svg::rect(memory, GROUND, edge).empty(), tiles, rest]
            .into_iter()
            .collect()
    }

    fn wide_head(&self, at: Rect) -> Markup {
        let half = (at.w - 28.0) / 2.0;
        let state = self.state_words();
        let quiet = font(11.0, self.state_ink());
        // A name says more than for how long it has been up.
        let (name, called) = (self.name.to_string(), bold(13.5, INK));
        let room = (at.w - 32.0 - svg::width(&name, called)).clamp(at.w * 0.3, at.w * 0.6);
        let said = svg::fitting(&[&state, &self.state.to_string(), &self.state_brief()], room, quiet).to_owned();
        let left = at.w - 32.0 - svg::width(&said, quiet);
        start(at.x + 10.0, at.y + 19.0, left, called, &name)
            .and(svg::text(at.x + at.w - 10.0, at.y + 19.0, room, Anchor::End, quiet, &said))
            .and(self.cpu_marks(at.x + 10.0, at.y + 36.0, half))
            .and(self.memory_marks(at.x + 18.0 + half, at.y + 36.0, half))
    }

    fn narrow_head(&self, at: Rect) -> Markup {
        let room = at.w - 16.0;
        let quiet = font(10.0, self.state_ink());
        let (whole, brief, briefest) = (self.state_words(), self.state.to_string(), self.state_brief());
        start(at.x + 8.0, at.y + 16.0, room, bold(12.5, INK), &self.name.to_string())
            .and(start(at.x + 8.0, at.y + 30.0, room, quiet, svg::fitting(&[&whole, &brief, &briefest], room, quiet)))
            .and(self.cpu_marks(at.x + 8.0, at.y + 46.0, room))
            .and(self.memory_marks(at.x + 8.0, at.y + 69.0, room))
    }

    fn state_words(&self) -> String {
        if matches!(self.state.tone, Tone::Good | Tone::Held) {
            format!("{} · up {}", self.state, self.up)
        } else {
            self.state.to_string()
        }
    }

    /// The state without what qualifies it.
    fn state_brief(&self) -> String {
        let said = self.state.to_string();
        said.split(',').next().unwrap_or_default().to_owned()
    }

    fn state_ink(&self) -> &'static str {
        if self.state.tone == Tone::Good { QUIET } else { colors(self.state.tone).ink }
    }

    fn cpu_marks(&self, x: f64, y: f64, room: f64) -> Markup {
        let look = font(10.0, QUIET);
        let said = self.cpu.known().map_or_else(|| "CPU not known".to_owned(), |cpu| format!("CPU {cpu}"));
        let words = start(x, y, room, look, svg::fitting(&[&said, "CPU ?"], room, look));
        words.and(svg::bar(Rect { x, y: y + 5.0, w: room, h: 5.0 }, self.cpu.known().map(|cpu| cpu.0), ALARM))
    }

    fn memory_marks(&self, x: f64, y: f64, room: f64) -> Markup {
        let look = font(10.0, QUIET);
        let ratio = self.mem.known().zip(self.maxmem.known()).and_then(|(used, total)| used.of(total));
        let (said, brief) = match (self.mem, self.maxmem) {
            (Reading::Known(used), Reading::Known(total)) => {
                (used.part_words(total), ratio.map(|ratio| format!("memory {ratio}")).unwrap_or_default())
            }
            _ => ("memory not known".to_owned(), "memory ?".to_owned()),
        };
        let words = start(x, y, room, look, svg::fitting(&[&format!("memory {said}"), &said, &brief], room, look));
        words.and(svg::bar(Rect { x, y: y + 5.0, w: room, h: 5.0 }, ratio.map(|ratio| ratio.0), ALARM))
    }

    /// The tiles of guests whose size is known; those that would be slivers share one tile, which says how many they are.
    fn tiles_in(&self, memory: Rect, crowd: usize) -> Tiles<'_> {
        let taken = Rect { h: memory.h * self.promised_part(), ..memory }.inset(1.0);
        let all: f64 = self.tiles.iter().map(Tile::weight).sum();
        let smallest = SMALLEST * (crowd as f64 / CROWD as f64).max(1.0);
        let mut known: Vec<&Tile> = self.tiles.iter().filter(|tile| tile.maxmem.is_known()).collect();
        known.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
        let mut large = known.partition_point(|tile| all > 0.0 && taken.area() * tile.weight() / all >= smallest);
        loop {
            let tiles = laid_out(taken, &known, large);
            let slivers = tiles.shown.iter().any(|(_, at)| !is_legible(*at));
            match (large, slivers) {
                (_, false) => return tiles,
                // One alone is no tile either, where it would be a line.
                (0, true) => return Tiles { shown: Vec::new(), small: known, small_at: Some(taken.inset(1.0)) },
                _ => large -= 1,
            }
        }
    }

    fn known_marks(&self, memory: Rect, crowd: usize) -> Markup {
        let tiles = self.tiles_in(memory, crowd);
        let small = tiles.small_at.map(|at| small_marks(&tiles.small, at, crowd > CROWD));
        tiles.shown.iter().map(|(tile, at)| tile.marks(*at, crowd > CROWD)).chain(small).collect()
    }

    /// What is not known looks not known: equal tiles, no sizes, no free space claimed; of too many, a square each.
    fn unknown_marks(&self, memory: Rect, crowd: usize) -> Markup {
        if self.tiles.len() > (memory.area() / EQUAL) as usize {
            let tones: Vec<Tone> = self.tiles.iter().map(|tile| tile.state.tone).collect();
            return many_marks(memory, &tones, "guest");
        }
        let places = grid(memory.inset(1.0), self.tiles.len());
        self.tiles.iter().zip(places).map(|(tile, at)| tile.marks(at.inset(1.5), crowd > CROWD)).collect()
    }

    /// In the free memory, or below the box where none is left.
    fn rest_marks(&self, memory: Rect, rest: &[String]) -> Markup {
        let free = memory.h * (1.0 - self.promised_part());
        let over = self.maxmem.known().is_some_and(|total| self.promised() > total);
        let look = if over { Font { color: colors(Tone::Held).ink, ..rest_font() } } else { rest_font() };
        let first = match self.rest_fits(memory, rest.len()) {
            true => memory.y + memory.h - free / 2.0 - REST_LINE * (rest.len() as f64 - 1.0) / 2.0 + 4.0,
            false => memory.y + memory.h + REST_LINE,
        };
        let middle = memory.x + memory.w / 2.0;
        let lines = rest
            .iter()
            .zip(0..)
            .map(|(line, n)| svg::text(middle, first + REST_LINE * f64::from(n), memory.w, Anchor::Middle, look, line));
        lines.collect()
    }

    pub(super) fn list(&self, most: usize, wanted: impl Fn(Tone) -> bool) -> Cell {
        let names: Vec<String> = self.tiles.iter().filter(|tile| wanted(tile.state.tone)).map(Tile::short).collect();
        if names.is_empty() { Cell::Empty } else { Cell::from(listed(&names, most)) }
    }
}

/// The first `large` of the guests, which are in falling order, with a tile each, and one tile for all others.
fn laid_out<'a>(taken: Rect, known: &[&'a Tile], large: usize) -> Tiles<'a> {
    let (shown, small) = if known.len() == large + 1 { known.split_at(known.len()) } else { known.split_at(large) };
    let mut order: Vec<(Option<&'a Tile>, f64)> = shown.iter().map(|tile| (Some(*tile), tile.weight())).collect();
    if !small.is_empty() {
        order.push((None, small.iter().map(|tile| tile.weight()).sum::<f64>().max(1.0)));
    }
    // The tile of the small ones takes its place among the others by its size.
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let weights: Vec<f64> = order.iter().map(|(_, weight)| *weight).collect();
    let mut tiles = Tiles { shown: Vec::new(), small: small.to_vec(), small_at: None };
    for ((tile, _), at) in order.into_iter().zip(treemap(taken, &weights)) {
        match tile {
            Some(tile) => tiles.shown.push((tile, at.inset(1.0))),
            None => tiles.small_at = Some(at.inset(1.0)),
        }
    }
    tiles
}
