//! Where everything is: boxes in columns, in an order with few crossings, each near to what it hangs on; links around
//! the boxes that they pass. Pure geometry.

use super::{Picture, group::Group};
use crate::draw::svg::{Font, INK, QUIET, bold, font};
use crate::draw::treemap::Rect;

/// Between two boxes of a column.
const GAP: f64 = 9.0;
/// Between two columns at least; where there is room, links get more.
const AISLE: f64 = 58.0;
const WIDEST: f64 = 235.0;
/// Beside the text in a box.
pub(super) const PAD: f64 = 8.0;
/// A box may say this many quiet lines, and one less where its column is full.
const LINES: usize = 3;
/// From this many boxes on, a column is full.
const FULL: usize = 20;
/// Rounds of ordering, and of moving boxes to what they hang on.
const ROUNDS: usize = 6;

pub(super) const NAME: Font = bold(11.0, INK);
pub(super) const BODY: Font = font(10.0, QUIET);

/// The picture with places.
pub(super) struct Placed {
    pub(super) boxes: Vec<Rect>,
    /// The quiet lines of each box.
    pub(super) lines: Vec<Vec<String>>,
    /// The points that each link goes through, from the edge of a box to the edge of another.
    pub(super) links: Vec<Vec<(f64, f64)>>,
    /// Where each column begins, and how wide its boxes are.
    pub(super) columns: Vec<(f64, f64)>,
    pub(super) height: f64,
}

/// A box, or a place where a link passes a column.
struct Spot {
    column: usize,
    height: f64,
    above: Vec<usize>,
    below: Vec<usize>,
}

/// Lays a picture out in a width.
pub(super) fn placed(picture: &Picture, columns: usize, room: f64) -> Placed {
    let n = columns as f64;
    let wide = ((room - AISLE * (n - 1.0)) / n).min(WIDEST);
    let aisle = if columns > 1 { ((room - wide * n) / (n - 1.0)).min(190.0) } else { 0.0 };
    let left = |column: usize| (wide + aisle) * column as f64;
    let full = |column: usize| picture.groups.iter().filter(|group| group.column == column).count() >= FULL;
    let most: Vec<usize> = (0..columns).map(|column| LINES - usize::from(full(column))).collect();
    let one = |group: &Group| group.lines(wide - 2.0 * PAD, most[group.column.min(columns - 1)], BODY);
    let lines: Vec<Vec<String>> = picture.groups.iter().map(one).collect();

    let mut spots: Vec<Spot> = picture
        .groups
        .iter()
        .zip(&lines)
        .map(|(group, lines)| Spot {
            column: group.column.min(columns - 1),
            height: 22.0 + 12.5 * lines.len() as f64,
            above: Vec::new(),
            below: Vec::new(),
        })
        .collect();
    let chains: Vec<Vec<usize>> = picture.links.iter().map(|(from, to, ..)| chain(&mut spots, *from, *to)).collect();
    let order = ordered(&spots, columns);
    let tops = heights(&spots, &order);

    let at = |spot: usize| Rect { x: left(spots[spot].column), y: tops[spot], w: wide, h: spots[spot].height };
    let boxes: Vec<Rect> = (0..picture.groups.len()).map(at).collect();
    let links = chains.iter().map(|chain| course(chain, &at)).collect();
    let height = boxes.iter().map(|at| at.y + at.h).fold(0.0, f64::max);
    Placed { boxes, lines, links, columns: (0..columns).map(|column| (left(column), wide)).collect(), height }
}

/// The spots that a link goes along, with new ones in the columns that it passes.
fn chain(spots: &mut Vec<Spot>, from: usize, to: usize) -> Vec<usize> {
    let (from, to) = if spots[from].column <= spots[to].column { (from, to) } else { (to, from) };
    let mut chain = vec![from];
    for column in spots[from].column + 1..spots[to].column {
        spots.push(Spot { column, height: 4.0, above: Vec::new(), below: Vec::new() });
        chain.push(spots.len() - 1);
    }
    chain.push(to);
    for pair in chain.windows(2) {
        if spots[pair[0]].column != spots[pair[1]].column {
            spots[pair[0]].below.push(pair[1]);
            spots[pair[1]].above.push(pair[0]);
        }
    }
    chain
}

/// The spots of each column from the top, by the mean place of what they hang on in the column before and after; of
/// some rounds the one with the fewest crossings.
fn ordered(spots: &[Spot], columns: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<Vec<usize>> =
        (0..columns).map(|column| (0..spots.len()).filter(|n| spots[*n].column == column).collect()).collect();
    let mut best = (crossings(spots, &order), order.clone());
    for round in 0..ROUNDS {
        let forth = round % 2 == 0;
        let turn: Vec<usize> =
            if forth { (1..columns).collect() } else { (0..columns.saturating_sub(1)).rev().collect() };
        for column in turn {
            let beside = if forth { column - 1 } else { column + 1 };
            let places = places(spots.len(), &order[beside]);
            let hangs_on = |spot: usize| if forth { &spots[spot].above } else { &spots[spot].below };
            let own: Vec<(f64, usize)> = order[column]
                .iter()
                .enumerate()
                .map(|(n, spot)| {
                    (mean(hangs_on(*spot).iter().map(|other| places[*other] as f64)).unwrap_or(n as f64), *spot)
                })
                .collect();
            let mut sorted = own;
            sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
            order[column] = sorted.into_iter().map(|(_, spot)| spot).collect();
        }
        let now = crossings(spots, &order);
        if now < best.0 {
            best = (now, order.clone());
        }
    }
    best.1
}

/// The place of each spot in a column.
fn places(spots: usize, column: &[usize]) -> Vec<usize> {
    let mut places = vec![0; spots];
    column.iter().enumerate().for_each(|(n, spot)| places[*spot] = n);
    places
}

fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = numbers.fold((0.0, 0.0), |(sum, n), number| (sum + number, n + 1.0));
    (n > 0.0).then(|| sum / n)
}

/// How many pairs of links cross.
fn crossings(spots: &[Spot], order: &[Vec<usize>]) -> usize {
    let mut sum = 0;
    for pair in order.windows(2) {
        let places = places(spots.len(), &pair[1]);
        // Counted as links come from the top: each crosses those before it that end further down.
        let mut ends_at = vec![0_usize; pair[1].len()];
        for spot in &pair[0] {
            let ends: Vec<usize> = spots[*spot].below.iter().map(|other| places[*other]).collect();
            sum += ends.iter().map(|end| ends_at[end + 1..].iter().sum::<usize>()).sum::<usize>();
            ends.iter().for_each(|end| ends_at[*end] += 1);
        }
    }
    sum
}

/// The top of each spot: as near as can be to the middle of what it hangs on, without touching its neighbours.
fn heights(spots: &[Spot], order: &[Vec<usize>]) -> Vec<f64> {
    let mut tops = vec![0.0; spots.len()];
    for column in order {
        let mut y = 0.0;
        for spot in column {
            tops[*spot] = y;
            y += spots[*spot].height + GAP;
        }
    }
    for round in 0..ROUNDS {
        let turn: Vec<usize> =
            if round % 2 == 0 { (0..order.len()).collect() } else { (0..order.len()).rev().collect() };
        for column in turn {
            let middle = |spot: usize| tops[spot] + spots[spot].height / 2.0;
            let wanted: Vec<f64> = order[column]
                .iter()
                .map(|spot| {
                    let beside = spots[*spot].above.iter().chain(&spots[*spot].below);
                    mean(beside.map(|other| middle(*other))).unwrap_or_else(|| middle(*spot))
                        - spots[*spot].height / 2.0
                })
                .collect();
            let steps: Vec<f64> = order[column].iter().map(|spot| spots[*spot].height + GAP).collect();
            for (spot, top) in order[column].iter().zip(apart(&wanted, &steps)) {
                tops[*spot] = top;
            }
        }
    }
    let first = tops.iter().copied().fold(f64::INFINITY, f64::min);
    tops.iter().map(|top| top - first).collect()
}

/// The places nearest to those wanted, in the same order, each at least its step after the one before.
fn apart(wanted: &[f64], steps: &[f64]) -> Vec<f64> {
    // Less the steps before it, places need only not fall: neighbours that would are pooled at their mean.
    let mut before = 0.0;
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (want, step) in wanted.iter().zip(steps) {
        let mut pool = (want - before, 1);
        before += step;
        while let Some((mean, n)) = pools.pop_if(|(mean, _)| *mean > pool.0) {
            pool = ((mean * n as f64 + pool.0 * pool.1 as f64) / (n + pool.1) as f64, n + pool.1);
        }
        pools.push(pool);
    }
    let mut before = 0.0;
    let levels = pools.iter().flat_map(|(mean, n)| std::iter::repeat_n(*mean, *n));
    levels
        .zip(steps)
        .map(|(level, step)| {
            let top = level + before;
            before += step;
            top
        })
        .collect()
}

/// The points of a link, from the right edge of its first box to the left edge of its last. Within a column it goes
/// from right edge to right edge.
fn course(chain: &[usize], at: &impl Fn(usize) -> Rect) -> Vec<(f64, f64)> {
    let rects: Vec<Rect> = chain.iter().map(|spot| at(*spot)).collect();
    let middle = |rect: &Rect| rect.y + rect.h / 2.0;
    let [first, .., last] = &rects[..] else { return Vec::new() };
    if (first.x - last.x).abs() < 0.1 {
        return vec![(first.x + first.w, middle(first)), (last.x + last.w, middle(last))];
    }
    let passed =
        rects[1..rects.len() - 1].iter().flat_map(|rect| [(rect.x, middle(rect)), (rect.x + rect.w, middle(rect))]);
    let mut points = vec![(first.x + first.w, middle(first))];
    points.extend(passed);
    points.push((last.x, middle(last)));
    points
}
