//! Where a scale ends, and how far apart its marks are. Knows units and no drawing.

use super::Unit;

/// A scale from `floor` to what is highest or to the limit: where it begins, where it ends, how far its marks are apart.
pub(super) fn scale(unit: Unit, floor: f64, highest: f64, limit: Option<f64>) -> (f64, f64, f64) {
    let (least, mut step, parts, wider): (_, f64, _, &[f64]) = match unit {
        Unit::Ratio => (0.05, 0.01, 5.0, &[2.0, 2.5, 2.0]),
        Unit::Bytes | Unit::BytesPerSecond => (1024.0, 256.0, 4.0, &[2.0]),
    };
    let limit = limit.unwrap_or(0.0);
    let top = limit.max(highest).max(least);
    let floor = if floor < top { floor } else { 0.0 };
    for factor in wider.iter().cycle() {
        // 0.2 five times is a little more than 1.
        if (top - floor) / step <= parts + 0.001 {
            break;
        }
        step *= factor;
    }
    let top = if limit >= highest && limit == top { top } else { (top / step).ceil() * step };
    ((floor / step).floor() * step, top, step)
}
