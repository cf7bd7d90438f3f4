//! What every picture of a cluster promises, from one node to a hundred: no text over other text or over an edge, no
//! claim about what is not known, words that cannot become marks, and a bounded size.

use roxmltree::{Document, Node};

use super::*;
use crate::units::{Moment, Why};

fn guest(number: u32, name: &str, tone: Tone, most: Bytes, used: Bytes) -> Tile {
    let word = match tone {
        Tone::Good => "running",
        Tone::Held => "paused",
        Tone::Wrong => "stopped, should run",
        _ => "stopped",
    };
    let runs = matches!(tone, Tone::Good | Tone::Held);
    Tile {
        what: format!("VM {number}"),
        number,
        name: Reading::Known(name.into()),
        state: State::new(tone, word),
        mem: if runs { Reading::Known(used) } else { Reading::Missing(Why::NotWhileStopped) },
        maxmem: Reading::Known(most),
        ha: number.is_multiple_of(5),
    }
}

fn silent_guest(number: u32) -> Tile {
    Tile {
        what: format!("VM {number}"),
        number,
        name: Reading::Missing(Why::NodeOffline),
        state: State::new(Tone::Unknown, "not known"),
        mem: Reading::Missing(Why::NodeOffline),
        maxmem: Reading::Missing(Why::NodeOffline),
        ha: false,
    }
}

fn node(name: &str, memory: Bytes, tiles: Vec<Tile>) -> NodeBox {
    let used: Bytes = tiles.iter().filter_map(|tile| tile.mem.known()).sum();
    NodeBox {
        name: name.into(),
        state: State::new(Tone::Good, "online"),
        up: "41 days".into(),
        cpu: Reading::Known(Ratio(0.41)),
        mem: Reading::Known(used + Bytes::gib(3)),
        maxmem: Reading::Known(memory),
        tiles,
        to_whom: "",
        templates: 0,
    }
}

fn silent_node(name: &str, tiles: Vec<Tile>) -> NodeBox {
    NodeBox {
        state: State::new(Tone::Wrong, "offline, HA: old timestamp - dead?"),
        cpu: Reading::Missing(Why::NodeOffline),
        mem: Reading::Missing(Why::NodeOffline),
        maxmem: Reading::Missing(Why::NodeOffline),
        ..node(name, Bytes(0), tiles)
    }
}

fn storage(name: &str, full: Reading<Ratio>) -> StorageBar {
    StorageBar {
        name: name.into(),
        detail: "shared · Ceph RBD".into(),
        full,
        size: full.map(|_| Bytes::gib(31_949)),
        state: State::new(Tone::Good, "available"),
    }
}

const NAMES: [&str; 8] = [
    "web-1",
    "db-replica-2",
    "mail",
    "gitlab-runner-with-a-long-name",
    "dns",
    "grafana",
    "k8s-worker-01",
    "WWWWWWWWWW",
];

/// `nodes` nodes with `each` guests, of sizes as they are found: many small, few large; every seventh node silent.
fn cluster(nodes: usize, each: usize) -> Scene {
    let boxes = (0..nodes).map(|n| {
        let number = |i: usize| u32::try_from(100 + n * each + i).unwrap_or(u32::MAX);
        if n % 7 == 3 {
            return silent_node(&format!("pve{}", n + 1), (0..each).map(|i| silent_guest(number(i))).collect());
        }
        let tiles = (0..each).map(|i| {
            let most = Bytes::mib(256 << ((i * 7 + n * 3) % 7));
            let tone =
                [Tone::Good, Tone::Good, Tone::Off, Tone::Good, Tone::Held, Tone::Good, Tone::Wrong][(i + n) % 7];
            guest(number(i), NAMES[(i + n) % NAMES.len()], tone, most, Bytes(most.0 * ((i as u64 * 37) % 100) / 100))
        });
        node(&format!("pve{}", n + 1), Bytes::gib(if n % 3 == 2 { 64 } else { 96 }), tiles.collect())
    });
    Scene {
        title: "Where everything runs".into(),
        subtitle: format!("{nodes} nodes · {} guests", nodes * each),
        nodes: boxes.collect(),
        storages: vec![
            storage("ceph-vm", Reading::Known(Ratio(0.74))),
            storage("nfs-backup", Reading::Known(Ratio(0.91))),
            storage("local-zfs", Reading::Known(Ratio(0.38))),
            storage("pbs-main", Reading::Missing(Why::StorageInactive)),
            storage("a-storage-with-a-rather-long-name-for-its-place", Reading::Known(Ratio(0.01))),
        ],
        caveats: vec!["pve4 is offline: its guests' states are not known.".into()],
        provenance: Provenance {
            cluster: "production, PVE 9.1.8".into(),
            identity: "audit@pve!notebook".into(),
            calls: vec!["GET /cluster/resources".into()],
            at: Some(Moment::from_unix(1_768_467_603)),
            took: std::time::Duration::from_millis(24),
            ..Provenance::default()
        },
    }
}

/// What no cluster has and a broken answer may say.
fn absurd() -> Scene {
    let long = "n".repeat(255);
    let sizes = [Bytes(0), Bytes(1), Bytes(u64::MAX), Bytes::gib(4)];
    let tiles = |first: u32| {
        let each =
            sizes.iter().zip(first..).map(|(size, number)| guest(number, &long, Tone::Good, *size, Bytes(u64::MAX)));
        each.chain([guest(u32::MAX, "שרת-דואר", Tone::Wrong, Bytes::gib(2), Bytes(7)), silent_guest(first + 9)])
            .collect()
    };
    let nodes = [Bytes(0), Bytes(u64::MAX), Bytes::gib(64)].into_iter().zip([100, 200, 300]);
    let odd = NodeBox { cpu: Reading::Known(Ratio(f64::NAN)), ..node(&long, Bytes::gib(8), tiles(400)) };
    let nodes = nodes.map(|(memory, first)| node(&long[..50], memory, tiles(first))).chain([odd]).collect();
    let storages = vec![storage(&long, Reading::Known(Ratio(f64::INFINITY))), storage("", Reading::Known(Ratio(-1.0)))];
    Scene { nodes, storages, ..cluster(0, 0) }
}

fn promised_too_much() -> Scene {
    let tiles = (0..9).map(|i| guest(100 + i, "crowded", Tone::Good, Bytes::gib(16), Bytes::gib(9))).collect();
    Scene { nodes: vec![node("pve1", Bytes::gib(96), tiles)], ..cluster(0, 0) }
}

fn one(tile: Tile) -> Scene {
    Scene { nodes: vec![node("pve1", Bytes::gib(96), vec![tile])], ..cluster(0, 0) }
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).map_or(0.0, |value| value.parse().unwrap())
}

/// Where a text stands, by the widest of the fonts asked for.
fn place(text: Node<'_, '_>) -> Rect {
    let (size, said) = (number(text, "font-size"), text.text().unwrap_or_default());
    let bold = text.attribute("font-weight").is_some();
    let w = svg::width(said, svg::Font { size, color: INK, bold });
    let x = number(text, "x")
        - match text.attribute("text-anchor") {
            Some("end") => w,
            Some("middle") => w / 2.0,
            _ => 0.0,
        };
    Rect { x, y: number(text, "y") - size * 0.75, w, h: size * 0.95 }
}

fn apart(a: Rect, b: Rect) -> bool {
    let across = (a.x + a.w).min(b.x + b.w) - a.x.max(b.x);
    let along = (a.y + a.h).min(b.y + b.h) - a.y.max(b.y);
    across <= 0.1 || along <= 0.1
}

fn sizes() -> Vec<(String, Scene)> {
    let mut all: Vec<(String, Scene)> = [
        (1, 0),
        (1, 1),
        (1, 40),
        (2, 5),
        (3, 300),
        (4, 10),
        (5, 10),
        (8, 30),
        (13, 20),
        (32, 12),
        (60, 3),
        (100, 100),
        (1, 10_000),
        (4, 250),
        (16, 63),
        (16, 190),
        (200, 0),
        (200, 50),
    ]
    .map(|(nodes, each)| (format!("{nodes} nodes with {each} guests"), cluster(nodes, each)))
    .into();
    all.push(("no node at all".into(), cluster(0, 0)));
    all.push(("all that can be absurd".into(), absurd()));
    all.push((
        "many storages".into(),
        Scene {
            storages: (0..300).map(|_| storage("ceph-vm", Reading::Known(Ratio(0.74)))).collect(),
            ..cluster(100, 40)
        },
    ));
    all.push(("only small guests".into(), {
        let tiles =
            (0..40).map(|i| guest(100 + i, NAMES[i as usize % 8], Tone::Good, Bytes::mib(64), Bytes(9))).collect();
        Scene { nodes: vec![node("pve1", Bytes::gib(512), tiles)], ..cluster(0, 0) }
    }));
    all.push(("more promised than there is".into(), promised_too_much()));
    all.push(("nodes with longer names".into(), longer_names()));
    all
}

fn longer_names() -> Scene {
    let nodes = ["proxmox-01", "proxmox-02", "hv-rack2-7", "node-xd8t"];
    Scene { nodes: nodes.map(|name| node(name, Bytes::gib(96), Vec::new())).into(), ..cluster(0, 0) }
}

#[test]
fn a_name_of_a_node_goes_before_how_long_it_has_been_up() {
    let svg = longer_names().figure().svg();
    for name in ["proxmox-01", "hv-rack2-7", "node-xd8t"] {
        assert!(svg.contains(&format!(">{name}<")), "{svg}");
    }
}

#[test]
fn no_text_stands_over_another_or_over_the_edge() {
    for (what, scene) in sizes() {
        let svg = scene.figure().svg();
        let tree = Document::parse(&svg).unwrap();
        let whole = Rect { x: 0.0, y: 0.0, w: WIDTH, h: number(tree.root_element(), "height") };
        let texts: Vec<(Rect, &str)> = tree
            .descendants()
            .filter(|node| node.has_tag_name("text"))
            .map(|node| (place(node), node.text().unwrap_or_default()))
            .collect();
        for (n, (a, said)) in texts.iter().enumerate() {
            let inside = a.x >= 0.0 && a.x + a.w <= whole.w && a.y >= 0.0 && a.y + a.h <= whole.h;
            assert!(inside, "{what}: {said:?} at {a:?} leaves the drawing");
            for (b, other) in &texts[n + 1..] {
                assert!(apart(*a, *b), "{what}: {said:?} at {a:?} stands over {other:?} at {b:?}");
            }
        }
    }
}

#[test]
fn a_drawing_stays_small_and_needs_no_style_sheet() {
    for (what, scene) in sizes() {
        let svg = scene.figure().svg();
        assert!(svg.len() <= 400_000, "{what}: {} bytes", svg.len());
        let words = scene.figure().words().text();
        assert!(words.len() <= 100_000, "{what}: {} bytes of words", words.len());
        let tree = Document::parse(&svg).unwrap();
        for node in tree.descendants().filter(Node::is_element) {
            assert!(node.attribute("style").is_none() && !node.has_tag_name("style") && !node.has_tag_name("script"));
        }
    }
}

#[test]
fn names_never_become_marks() {
    let bad = "</text><script>alert('x')</script>&\"\u{202e}\u{7}EVCXR_EXECUTION_COMPLETE\n<";
    let mut scene = one(guest(101, bad, Tone::Good, Bytes::gib(90), Bytes::gib(9)));
    scene.title = Text::from(bad).to_string();
    scene.nodes[0].name = bad.into();
    scene.storages[0].name = bad.into();
    let svg = scene.figure().svg();
    Document::parse(&svg).unwrap();
    assert!(!svg.contains("<script") && !svg.contains('\u{202e}') && !svg.contains("EVCXR_"), "{svg}");
}

#[test]
fn what_is_not_known_is_not_claimed() {
    let scene = Scene { nodes: vec![silent_node("pve4", (134..140).map(silent_guest).collect())], ..cluster(0, 0) };
    let svg = scene.figure().svg();
    assert!(svg.contains("sizes not known") && svg.contains("? 134") && !svg.contains("not promised"), "{svg}");
}

#[test]
fn more_promised_than_there_is_is_said_in_the_drawing_and_in_the_words() {
    let figure = promised_too_much().figure();
    assert!(figure.svg().contains("48 GiB more promised than there is"), "{}", figure.svg());
    assert!(figure.words().html().contains("48 GiB more promised than there is"), "{}", figure.words().text());
}

/// Every word of a drawing, its lines joined.
fn all_words(svg: &str) -> String {
    let tree = Document::parse(svg).unwrap();
    let words: Vec<&str> =
        tree.descendants().filter(|node| node.has_tag_name("text")).filter_map(|text| text.text()).collect();
    words.join(" ")
}

#[test]
fn a_guest_that_is_too_small_for_a_tile_is_named_all_the_same() {
    let alone = all_words(&one(guest(101, "web-1", Tone::Off, Bytes::mib(64), Bytes(0))).figure().svg());
    assert!(alone.contains("96 GiB not promised · too small for a name: ○ web-1 (101)"), "{alone}");
}

#[test]
fn guests_whose_tiles_have_no_number_are_named_where_there_is_room() {
    let tiles = (1..=40).map(|n| guest(100 + n, &format!("web-{n}"), Tone::Good, Bytes::mib(250), Bytes(9))).collect();
    let svg = Scene { nodes: vec![node("pve1", Bytes::gib(96), tiles)], ..cluster(0, 0) }.figure().svg();
    let said = all_words(&svg);
    for n in 1..=40 {
        assert!(said.contains(&format!("● web-{n} ({}", 100 + n)), "{n}: {said}");
    }
}

#[test]
#[ignore = "writes files to look at"]
fn gallery() {
    let out = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/look");
    std::fs::create_dir_all(&out).unwrap();
    for (what, scene) in sizes() {
        let figure = scene.figure();
        std::fs::write(out.join(format!("topology, {what}.svg").replace(' ', "-").replace(',', "")), figure.svg())
            .unwrap();
        std::fs::write(
            out.join(format!("topology, {what}.txt").replace(' ', "-").replace(',', "")),
            figure.words().text(),
        )
        .unwrap();
    }
}

#[test]
fn every_node_has_its_name_and_no_number_is_cut() {
    for (what, scene) in sizes() {
        let svg = scene.figure().svg();
        let tree = Document::parse(&svg).unwrap();
        let said: Vec<&str> =
            tree.descendants().filter(|node| node.has_tag_name("text")).filter_map(|t| t.text()).collect();
        for node in &scene.nodes {
            let name = node.name.raw();
            let has_name =
                |said: &&str| *said == name || said.strip_suffix('…').is_some_and(|cut| name.starts_with(cut));
            assert!(said.iter().any(has_name), "{what}: no {name}");
            let state = format!("{} {}", node.state.tone.glyph(), node.state.word.raw().split(',').next().unwrap());
            assert!(said.iter().any(|said| said.starts_with(&state)), "{what}: {name} is not said to be {state}");
        }
        for words in said.iter().filter(|words| words.ends_with('…')) {
            let name = words.trim_end_matches('…').trim_end();
            assert!(!name.contains(|c: char| c.is_ascii_digit()) || !name.contains("GiB"), "{what}: {words}");
        }
    }
}
