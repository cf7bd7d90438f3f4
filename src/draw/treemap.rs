//! Rectangles inside a rectangle, each with the area of its weight, as close to squares as can be had.
//!
//! Knows nothing of what the rectangles stand for.

/// A rectangle, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) w: f64,
    pub(crate) h: f64,
}

impl Rect {
    pub(crate) fn area(self) -> f64 {
        self.w * self.h
    }

    /// Smaller by this much on each side, never less than nothing.
    pub(crate) fn inset(self, by: f64) -> Rect {
        Rect { x: self.x + by, y: self.y + by, w: (self.w - 2.0 * by).max(0.0), h: (self.h - 2.0 * by).max(0.0) }
    }

    /// The lower part of this height, as a level of filling.
    pub(crate) fn filled(self, part: f64) -> Rect {
        let h = self.h * part.clamp(0.0, 1.0);
        Rect { y: self.y + self.h - h, h, ..self }
    }
}

/// Divides `whole` among weights that are positive and in falling order; the rectangles come in the same order.
pub(crate) fn treemap(whole: Rect, weights: &[f64]) -> Vec<Rect> {
    let sum: f64 = weights.iter().sum();
    let mut placed = Vec::with_capacity(weights.len());
    let (mut left, mut rest) = (whole, weights);
    let scale = if sum > 0.0 { whole.area() / sum } else { 0.0 };
    while !rest.is_empty() {
        let row = best_row(left, rest, scale);
        let (rects, remaining) = lay(left, &rest[..row], scale);
        placed.extend(rects);
        (left, rest) = (remaining, &rest[row..]);
    }
    placed
}

/// How many of the next weights make the row along the shorter side whose worst rectangle is the least oblong.
fn best_row(left: Rect, weights: &[f64], scale: f64) -> usize {
    let side = left.w.min(left.h);
    let mut best = f64::INFINITY;
    let mut sum = 0.0;
    for (n, weight) in weights.iter().enumerate() {
        sum += weight * scale;
        // Weights fall, so the first and the last of a row are its extremes.
        let oblong = |area: f64| {
            let (a, b) = (side * area / sum, sum / side);
            if a > b { a / b } else { b / a }
        };
        let worst = oblong(weights[0] * scale).max(oblong(weight * scale));
        if worst > best {
            return n;
        }
        best = worst;
    }
    weights.len()
}

/// Lays one row along the shorter side; gives its rectangles and what is left of the whole.
fn lay(left: Rect, row: &[f64], scale: f64) -> (Vec<Rect>, Rect) {
    let sum: f64 = row.iter().sum::<f64>() * scale;
    let upright = left.w >= left.h;
    let (long, short) = if upright { (left.w, left.h) } else { (left.h, left.w) };
    let depth = if short > 0.0 { (sum / short).min(long) } else { 0.0 };
    let mut at = 0.0;
    let rects = row
        .iter()
        .map(|weight| {
            let length = if sum > 0.0 { short * weight * scale / sum } else { 0.0 };
            let rect = if upright {
                Rect { x: left.x, y: left.y + at, w: depth, h: length }
            } else {
                Rect { x: left.x + at, y: left.y, w: length, h: depth }
            };
            at += length;
            rect
        })
        .collect();
    let rest = if upright {
        Rect { x: left.x + depth, w: left.w - depth, ..left }
    } else {
        Rect { y: left.y + depth, h: left.h - depth, ..left }
    };
    (rects, rest)
}

/// A grid of equal rectangles, for things whose sizes are not known.
pub(crate) fn grid(whole: Rect, n: usize) -> Vec<Rect> {
    if n == 0 {
        return Vec::new();
    }
    let columns = ((n as f64 * whole.w / whole.h.max(1.0)).sqrt().round() as usize).clamp(1, n);
    let rows = n.div_ceil(columns);
    let (w, h) = (whole.w / columns as f64, whole.h / rows as f64);
    (0..n)
        .map(|i| Rect { x: whole.x + w * (i % columns) as f64, y: whole.y + h * (i / columns) as f64, w, h })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inside(outer: Rect, inner: Rect) -> bool {
        inner.x >= outer.x - 1e-6
            && inner.y >= outer.y - 1e-6
            && inner.x + inner.w <= outer.x + outer.w + 1e-6
            && inner.y + inner.h <= outer.y + outer.h + 1e-6
    }

    fn overlap(a: Rect, b: Rect) -> bool {
        let across = (a.x + a.w).min(b.x + b.w) - a.x.max(b.x);
        let along = (a.y + a.h).min(b.y + b.h) - a.y.max(b.y);
        across > 1e-6 && along > 1e-6
    }

    proptest! {
        #[test]
        fn rectangles_fill_the_whole_without_overlap_and_in_proportion(
            mut weights in prop::collection::vec(0.1_f64..100.0, 1..60),
            w in 20.0_f64..900.0,
            h in 20.0_f64..400.0,
        ) {
            weights.sort_by(|a, b| b.total_cmp(a));
            let whole = Rect { x: 7.0, y: 11.0, w, h };
            let rects = treemap(whole, &weights);
            prop_assert_eq!(rects.len(), weights.len());
            let sum: f64 = weights.iter().sum();
            for (rect, weight) in rects.iter().zip(&weights) {
                prop_assert!(inside(whole, *rect), "{rect:?} leaves {whole:?}");
                let due = whole.area() * weight / sum;
                prop_assert!((rect.area() - due).abs() < 1e-6 * whole.area(), "{} is not {due}", rect.area());
            }
            for (n, a) in rects.iter().enumerate() {
                for b in &rects[n + 1..] {
                    prop_assert!(!overlap(*a, *b), "{a:?} and {b:?} overlap");
                }
            }
        }

        #[test]
        fn a_grid_keeps_inside_and_apart(n in 1_usize..200, w in 20.0_f64..900.0, h in 20.0_f64..400.0) {
            let whole = Rect { x: 0.0, y: 0.0, w, h };
            let rects = grid(whole, n);
            prop_assert_eq!(rects.len(), n);
            for (i, a) in rects.iter().enumerate() {
                prop_assert!(inside(whole, *a));
                prop_assert!(rects[i + 1..].iter().all(|b| !overlap(*a, *b)));
            }
        }
    }

    #[test]
    fn nothing_and_no_room_do_not_panic() {
        let none = Rect { x: 0.0, y: 0.0, w: 0.0, h: 0.0 };
        assert!(treemap(none, &[]).is_empty());
        assert_eq!(treemap(none, &[1.0, 1.0]).len(), 2);
        assert_eq!(treemap(Rect { w: 10.0, h: 10.0, ..none }, &[0.0]).len(), 1);
        assert!(grid(none, 0).is_empty());
    }
}
