//! What stands in one rendering stands in the other, and nothing that comes from outside becomes markup or a command.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::error::Error;
use crate::page::{Block, Cell, Figure, Grid, Level, Page, Provenance, Sparkline, State, Tone};
use crate::render::View;
use crate::units::{Age, Bytes, Moment, Ratio, Reading, Why};

const HOSTILE: &str = "<script>alert(1)</script> & \"quotes\" 'single' \u{202e}turned\u{200f} EVCXR_EXECUTION_COMPLETE";

/// A page with every kind of block and cell.
fn everything(words: &str) -> Page {
    let cells = vec![
        Cell::from(words),
        Cell::Name(words.into(), "VM 101".into()),
        State::new(Tone::Held, words).into(),
        Cell::Meter(Ratio(0.5), "2 of 4 GiB".into()),
        Cell::Usage(Bytes::gib(3), Bytes::gib(12)),
        Sparkline::new([Some(0.1), None, Some(0.9)], 1.0, "50% on average").into(),
        Cell::Ago(Age(7_200), Moment::from_unix(1_768_467_600)),
        Cell::Code(words.into()),
        Cell::Button("pve.guest(101)?".into(), "pve.guest(101)?".into()),
        Cell::from(Reading::<Bytes>::Missing(Why::NodeOffline)),
        Cell::Empty,
    ];
    let figure = Figure::new(
        words,
        "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>".into(),
        Page::new("").paragraph("the drawing in words"),
    );
    Page::new(words)
        .question(words)
        .answer("7 of 40 guests are stopped", "; 2 of them should run.")
        .facts([("Memory", Cell::from(Bytes::gib(4))), ("Ratio", Cell::from(Ratio(0.91)))])
        .table(
            Grid::new(["Number", "Cell"])
                .caption(words)
                .rows((1_u64..).zip(cells).map(|(n, cell)| vec![n.into(), cell]))
                .left_out(900)
                .totals([Cell::from("Total"), Bytes::gib(16).into()]),
        )
        .heading("A heading")
        .paragraph(words)
        .figure(figure)
        .section_from("A part", "pve.guest(101)?.config()?", Page::new("").paragraph("inside the part"))
        .open_section("An open part", Page::new("").lines(["line one", words]))
        .note(Level::Warning, words)
        .code("pve.guest(101)?.start()")
        .provenance(Provenance {
            cluster: "demo · PVE 9.1.4".into(),
            identity: words.into(),
            calls: vec!["GET /cluster/resources".into()],
            at: Some(Moment::from_unix(1_768_467_600)),
            took: std::time::Duration::from_millis(5),
            console: Some("https://pve1:8006/#v1:0:=qemu%2F101".into()),
            ..Provenance::default()
        })
}

#[test]
fn every_block_is_rendered_as_html_and_as_text() {
    insta::assert_snapshot!("everything_html", everything("plain words").html().replace("><", ">\n<"));
    insta::assert_snapshot!("everything_text", everything("plain words").text());
}

#[test]
fn words_from_outside_never_become_markup_or_a_control_line() {
    let (html, text) = (everything(HOSTILE).html(), everything(HOSTILE).text());
    assert_eq!(html.matches("<script").count(), 1, "the crate's own alone: {html}");
    for rendered in [&html, &text] {
        assert!(!rendered.contains("EVCXR_"));
        assert!(!rendered.contains('\u{202e}') && !rendered.contains('\u{200f}'));
        assert!(rendered.contains("\\u{202e}turned\\u{200f}"));
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quotes&quot;"));
}

#[test]
fn what_stands_in_one_rendering_stands_in_the_other() {
    let page = everything("some words");
    // A space at which no line breaks is a space for whoever reads.
    let html = page.html().replace("&quot;", "\"").replace("</bdi>", "").replace("<bdi>", "").replace('\u{a0}', " ");
    let text = page.text();
    for fact in [
        "some words",
        "7 of 40 guests are stopped",
        "2 of them should run.",
        "4 GiB",
        "91%",
        "Number",
        "VM 101",
        "2 of 4 GiB",
        "3 of 12 GiB",
        "50% on average",
        "⋯ 900 more",
        "16 GiB",
        "2026-01-15 09:00 UTC, 2 h ago",
        "– node offline",
        "A heading",
        "the drawing in words",
        "A part",
        "pve.guest(101)?.config()?",
        "inside the part",
        "An open part",
        "line one",
        "Warning:",
        "pve.guest(101)?.start()",
        "demo · PVE 9.1.4 · GET /cluster/resources · as some words · 2026-01-15 09:00:00 UTC · 5 ms",
        "https://pve1:8006/#v1:0:=qemu%2F101",
    ] {
        assert!(html.contains(fact), "the HTML lacks: {fact}\n{html}");
        assert!(
            text.split_whitespace().collect::<Vec<_>>().join(" ").contains(fact) || text.contains(fact),
            "the text lacks: {fact}\n{text}"
        );
    }
}

/// A page of a table of so many rows, with all that stands around one.
fn listing(rows: usize) -> String {
    let columns = ["Guest", "State", "Node", "CPU", "Memory", "First disk", "Up", "Tags", "Next"];
    let rows = (0..rows).map(|_| vec![Cell::from(7_u64)]);
    let totals = [Cell::from("Total of 41"), Cell::Empty, Cell::Empty, Cell::Empty, Bytes::gib(170).into()];
    Page::new("Guests")
        .question("Which virtual machines and containers are there, where, and do they run?")
        .answer("41 guests", ": 25 running, 9 stopped, 1 paused, 5 not known, 1 template.")
        .table(Grid::new(columns).rows(rows).totals(totals))
        .note(Level::Info, "Of all guests, the state of 5 is not known: pve4 is offline.")
        .provenance(Provenance {
            cluster: "demo · PVE 9.1.4".into(),
            identity: "audit@pve!notebook".into(),
            calls: vec!["GET /cluster/resources".into()],
            ..Provenance::default()
        })
        .html()
}

#[test]
fn the_fixed_part_of_an_output_is_small() {
    let row = listing(101).len() - listing(100).len();
    let fixed = listing(100).len() - 100 * row;
    assert!(fixed <= 4_096, "{fixed} bytes");
}

#[test]
fn several_values_show_as_one_output() {
    let page =
        (Page::new("First").paragraph("one"), Some(Page::new("Second").paragraph("two")), Page::new("Third")).page();
    let text = page.text();
    for said in ["First", "one", "Second", "two", "Third"] {
        assert!(text.contains(said), "{text}");
    }
    assert_eq!(format!("{page:?}"), text);
    assert_eq!(None::<Page>.page().text(), "Nothing\n═══════\n\nThere is none.\n");
}

#[test]
fn a_table_of_nothing_says_so() {
    let page = Page::new("").table(Grid::new(["Guest", "Node"]));
    assert!(page.text().contains("none") && page.html().contains("none"), "{}", page.text());
}

#[test]
fn a_figure_in_a_page_is_an_image_with_its_words() {
    let html = everything("x").html();
    assert!(html.contains(" src=\"data:image/svg+xml,%3Csvg xmlns=%22"), "{html}");
    assert!(html.contains("the drawing in words"));
    assert!(matches!(everything("x").blocks[5], Block::Figure(_)));
}

/// The words that a reader of the HTML sees: none of these elements is left open.
fn visible(html: &str) -> String {
    let mut closed = html.replace("<br>", " ").replace(" open>", ">");
    for (from, to) in [("<img ", ">"), ("<style>", "</style>"), ("<script>", "</script>")] {
        while let Some(at) = closed.find(from) {
            let end = at + closed[at..].find(to).unwrap() + to.len();
            closed.replace_range(at..end, "");
        }
    }
    let wrapped = format!("<page>{closed}</page>");
    let tree = roxmltree::Document::parse(&wrapped).unwrap();
    tree.descendants()
        .filter_map(|node| node.text().filter(|_| node.is_text()))
        .flat_map(str::split_whitespace)
        .collect::<Vec<_>>()
        .join(" ")
}

/// A page of these blocks, each of a kind and with a word of its own: `w0`, `w1`, …
fn page_of(kinds: &[u8]) -> (Page, Vec<String>) {
    let words: Vec<String> = (0..kinds.len()).map(|n| format!("w{n}")).collect();
    let page = kinds.iter().zip(&words).fold(Page::new("").question("Which?"), |page, (kind, word)| {
        let word = word.as_str();
        let cell = match kind / 16 {
            0 => Cell::from(word),
            1 => Cell::Name(word.into(), "VM 101".into()),
            2 => State::new(Tone::Wrong, word).into(),
            3 => Cell::Meter(Ratio(0.97), word.into()),
            4 => Cell::Code(word.into()),
            5 => Cell::Button(word.into(), word.into()),
            6 => Cell::Button("log".into(), word.into()),
            7 => Cell::Missing(word.into()),
            8 => Sparkline::new([None, Some(f64::NAN), Some(2.0)], 1.0, word).into(),
            _ => State::new(Tone::Unknown, format!("{word} said")).into(),
        };
        match kind % 16 {
            0 => page.heading(word),
            1 => page.answer(word, "."),
            2 => page.answer("It is so", format!(": {word}.")),
            3 => page.paragraph(word),
            4 => page.table(Grid::new(["One", "Two"]).row([Cell::Empty, cell])),
            5 => page.table(Grid::new([word, "Two"]).row([1_u64])),
            6 => page.table(Grid::new(["One"]).caption(word).row([1_u64])),
            7 => page.table(Grid::new(["One", "Two"]).row([1_u64]).totals([Cell::from("Total"), cell])),
            8 => page.facts([("Fact", cell)]),
            9 => page.facts([(word, Cell::Count(1))]),
            10 => page.figure(Figure::new("A figure", "<svg/>".into(), Page::new("").paragraph(word))),
            11 => page.section(word, Page::new("").table(Grid::new(["One"]).row([cell]))),
            12 => page.section_from("A part", word, Page::new("").facts([("Fact", cell)])),
            13 => page.offered("Another", word, "it takes long"),
            14 => page.note(Level::Danger, word).code(format!("code_{word}(1)?")),
            _ => page.lines([word]).code(format!("several\n{word}")),
        }
    });
    (page, words)
}

proptest! {
    #[test]
    fn whatever_a_page_is_made_of_stands_in_both_renderings(kinds in prop::collection::vec(any::<u8>(), 1..24)) {
        let (page, words) = page_of(&kinds);
        let (seen, read) = (visible(&page.html()), page.text());
        for word in words {
            let stands_in = |said: &str| said.split(|c: char| !c.is_alphanumeric()).any(|part| part == word);
            prop_assert!(stands_in(&seen), "the HTML lacks {word}: {seen}");
            prop_assert!(stands_in(&read), "the text lacks {word}: {read}");
        }
    }
}

fn word_set(said: &str) -> BTreeSet<&str> {
    said.split(|c: char| c.is_whitespace() || "─═|>▾();,".contains(c)).filter(|word| !word.is_empty()).collect()
}

#[test]
fn every_word_of_one_rendering_is_a_word_of_the_other() {
    let page = everything("plain words");
    let (html, text) = (page.html(), page.text());
    let seen = visible(&html);
    let only_seen: Vec<&str> = word_set(&seen).difference(&word_set(&text)).copied().collect();
    // What can be unfolded, followed or written into a cell is named where it can be.
    assert_eq!(only_seen, ["+", "The", "a", "cell", "console", "into", "new", "same", "this"]);
    let only_read: Vec<&str> = word_set(&text).difference(&word_set(&seen)).copied().collect();
    // An address that is linked, and a line that is drawn.
    assert_eq!(only_read, ["https://pve1:8006/#v1:0:=qemu%2F101", "▁·█"]);
}

#[test]
fn a_button_writes_exactly_its_code_and_shows_it_where_no_button_works() {
    let code = "pve.guest(\"EVCXR_x\")?.start()";
    let page = Page::new("").facts([("Next", Cell::Button("Start…".into(), code.into()))]);
    let html = page.html();
    assert!(!html.contains("EVCXR_"), "{html}");
    assert!(html.contains("EVCXR\\u005fx") && visible(&html).contains("?.start() Start…"), "{html}");
    assert!(page.text().contains("Start… pve.guest"));
}

#[test]
fn without_buttons_the_code_is_still_there_and_no_button_names_a_command_that_runs_a_cell() {
    let page = everything("plain words");
    let (with, without) = (page.html_with(true), page.html_with(false));
    assert!(!without.contains("<button") && !without.contains("commandlinker"));
    for code in ["pve.guest(101)?.start()", "pve.guest(101)?.config()?"] {
        assert!(visible(&without).contains(code), "{code}");
    }
    for args in with.split("data-commandlinker-args='").skip(1) {
        let asked: serde_json::Value = serde_json::from_str(args.split_once('\'').unwrap().0).unwrap();
        assert_eq!(asked["commands"], serde_json::json!(["notebook:insert-cell-below", "notebook:replace-selection"]));
        assert!(asked["args"]["text"].as_str().unwrap().starts_with("pve.guest(101)?"));
    }
}

#[test]
fn a_long_name_wraps_and_numbers_and_code_do_not() {
    let name = "n".repeat(255);
    let page = Page::new(name.as_str()).table(Grid::new(["Guest", "Memory", "Note", "Next"]).row([
        Cell::from(name.as_str()),
        Bytes::gib(4).into(),
        "words ".repeat(30).into(),
        Cell::Button("".into(), "pve.guest(\"staging\")?.start()".into()),
    ]));
    assert!(page.html().contains("word-break:break-all"));
    let text = page.text();
    assert!(text.contains("4 GiB") && text.contains("pve.guest(\"staging\")?.start()"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
}

#[test]
fn a_long_name_in_a_sentence_stays_apart_from_the_word_before_it() {
    let volume = format!(" in 7 s: {}.", "v".repeat(60));
    let html = Page::new("").answer("Done", volume.as_str()).html();
    assert!(html.contains("<strong>Done</strong> <span"), "{html}");
}

#[test]
fn lines_stay_lines_and_prose_is_wrapped() {
    let page = Page::new("").paragraph("one\ntwo").note(Level::Info, "long ".repeat(60));
    assert!(page.html().contains("one<br>two"));
    let text = page.text();
    assert!(text.contains("one\ntwo") && text.lines().all(|line| line.chars().count() <= 110), "{text}");
}

#[test]
fn a_failed_task_shows_its_log_as_lines() {
    let failed: Result<Page, Error> = Err(Error::TaskFailed {
        what: "Starting web-1".into(),
        exit: "can't lock file".into(),
        explanation: "Another task holds it.".into(),
        upid: "UPID:pve1:1:2:3:qmstart:101:root@pam:".into(),
        log: vec!["trying to acquire lock".into(), "TASK ERROR: can't lock file".into()],
    });
    insta::assert_snapshot!(failed.page().text(), @r"
    This did not work
    ═════════════════

    Danger: Starting web-1 failed. The task said: can't lock file

    Another task holds it.

     Task  UPID:pve1:1:2:3:qmstart:101:root@pam:

    | trying to acquire lock
    | TASK ERROR: can't lock file
    ");
}

#[test]
fn a_part_brings_its_source_and_repeats_no_remark_of_the_page() {
    let from = |call: &str| Provenance { calls: vec![call.into()], ..Provenance::default() };
    let part = |call: &str| Page::new("").note(Level::Info, "half is missing").provenance(from(call));
    let page = Page::new("Whole").note(Level::Info, "half is missing").section("One", part("GET /one"));
    // A source that is said before a part is joined with the part's as well.
    let text = page.provenance(from("GET /whole")).section("Two", part("GET /two")).text();
    assert_eq!(text.matches("half is missing").count(), 1, "{text}");
    assert!(text.contains("GET /whole, GET /one, GET /two"), "{text}");
}

#[test]
fn of_many_calls_the_line_below_says_how_many_and_a_part_says_which() {
    let page = |n: usize| {
        let calls = (1..=n).map(|n| format!("GET /nodes/pve{n}/status").into()).collect();
        Page::new("Nodes").provenance(Provenance { cluster: "lab".into(), calls, ..Provenance::default() })
    };
    assert!(page(3).text().contains("lab · GET /nodes/pve1/status, GET /nodes/pve2/status, GET /nodes/pve3/status"));
    let (seen, read) = (visible(&page(4).html()), page(4).text());
    for said in [seen, read] {
        assert!(said.contains("How this was found · 4 reads") && said.contains("lab · 4 reads"), "{said}");
        assert_eq!(said.matches("GET /nodes/pve4/status").count(), 1, "{said}");
    }
}

#[test]
fn of_one_cluster_the_source_is_said_once_of_two_each() {
    let page = |cluster: &str| {
        Page::new("A").provenance(Provenance {
            cluster: cluster.into(),
            identity: "root@pam".into(),
            calls: vec!["GET /nodes".into()],
            ..Provenance::default()
        })
    };
    let same = (page("lab"), page("lab")).page().text();
    assert_eq!(same.matches("lab · GET /nodes").count(), 1, "{same}");
    let two = (page("lab"), page("production")).page().text();
    assert!(two.contains("lab · GET /nodes") && two.contains("production · GET /nodes"), "{two}");
}
