//! What every drawing is tested for: its texts stand apart and inside of it, and nothing in it styles or runs.

use roxmltree::{Document, Node};

use super::svg;
use super::treemap::Rect;

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).map_or(0.0, |value| value.parse().unwrap())
}

/// Where a text stands.
fn place(text: Node<'_, '_>) -> (Rect, String) {
    let (size, said) = (number(text, "font-size"), text.text().unwrap_or_default());
    let w = svg::width(said, svg::Font { size, color: svg::INK, bold: text.attribute("font-weight").is_some() });
    let left = match text.attribute("text-anchor") {
        Some("middle") => w / 2.0,
        Some("end") => w,
        _ => 0.0,
    };
    let y = number(text, "y") - size * 0.75;
    (Rect { x: number(text, "x") - left, y, w, h: size * 0.95 }, said.to_owned())
}

fn overlap(a: Rect, b: Rect) -> bool {
    let across = (a.x + a.w).min(b.x + b.w) - a.x.max(b.x);
    let along = (a.y + a.h).min(b.y + b.h) - a.y.max(b.y);
    across > 0.1 && along > 0.1
}

#[track_caller]
pub(crate) fn no_text_overlaps(drawing: &str) {
    let tree = Document::parse(drawing).unwrap();
    let (width, height) = (number(tree.root_element(), "width"), number(tree.root_element(), "height"));
    let texts: Vec<_> = tree.descendants().filter(|node| node.has_tag_name("text")).map(place).collect();
    for (n, (a, said)) in texts.iter().enumerate() {
        let inside = a.x >= 0.0 && a.x + a.w <= width + 0.1 && a.y >= 0.0 && a.y + a.h <= height;
        assert!(inside, "{said:?} at {a:?} leaves the drawing of {width} by {height}");
        for (b, other) in &texts[n + 1..] {
            assert!(!overlap(*a, *b), "{said:?} at {a:?} stands over {other:?} at {b:?}");
        }
    }
    for node in tree.descendants().filter(Node::is_element) {
        assert!(node.attribute("style").is_none() && !node.has_tag_name("style") && !node.has_tag_name("script"));
    }
}
