//! The questions through a lens, as a notebook asks them: what is on every page of theirs is said in its words, and no
//! answer is another one.

#![allow(clippy::unwrap_used, clippy::result_large_err)]
use pve_notebook::*;

#[path = "questions/all.rs"]
mod all;

use all::{ALL, About, DEMO};

const ABOUT: About = About { bridge: "vmbr0", ..DEMO };

/// A page in one line, without its numbers, since the demo cluster lives on from one read to the next.
fn words(page: &Page) -> String {
    let text = page.text().replace(|letter: char| letter.is_ascii_digit(), "#");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_question_is_answered_in_the_words_of_the_lens_and_says_so() {
    let demo = Pve::demo().unwrap();
    let pve = demo.with(Lens::new("clerks").word("guest", "server").word("node", "host"));
    for (name, ask) in ALL {
        let page = ask(&pve, &ABOUT).unwrap();
        assert!(words(&page).contains("as seen by clerks"), "{name}");
        // What was sent is said as it was sent.
        let text = page.text();
        let said = text.split("\ndemo · PVE").next().unwrap_or_default();
        let left = said.lines().find(|line| {
            let is_prose = !line.trim_start().starts_with(['>', '|']);
            let is_word =
                |word: &str| ["guest", "guests", "node", "nodes"].contains(&word.trim_matches(['.', ',', ';', ':']));
            is_prose && line.split_whitespace().any(is_word)
        });
        assert_eq!(left, None, "{name}");
    }
    let listed = questions::all().text();
    for (name, _) in ALL {
        assert!(listed.contains(&format!("questions::{name}(")), "{name}");
    }
    assert_eq!(listed.matches("questions::code(").count(), ALL.len(), "a question is missing here");
}

#[test]
fn what_a_lens_hides_is_missing_from_view_and_from_no_answer() {
    let demo = Pve::demo().unwrap();
    let hides = ["Next", "Go on", "Node", "State", "Memory", "Why", "What", "Where"];
    let lens = hides.iter().fold(Lens::new("clerks"), |lens, name| lens.hide_column(*name)).hide_code();
    for (name, ask) in ALL {
        let (plain, seen) = (ask(&demo, &ABOUT).unwrap(), ask(&demo.with(&lens), &ABOUT).unwrap());
        // The answer, and what is missing from it, stand above the first table.
        let above = |page: &Page| -> String {
            let text = words(page);
            text.split("───").next().unwrap_or_default().chars().take(160).collect()
        };
        assert_eq!(above(&plain), above(&seen), "{name}");
    }
}

#[test]
fn a_lens_of_another_crate_is_a_function_and_stays_usable() {
    fn finance() -> Lens {
        Lens::new("finance").column("Owner", |guest: &Guest| guest.tag_value("owner")).hide_column("Tags")
    }
    let lens = finance();
    let pve = Pve::demo().unwrap();
    let seen = [pve.with(&lens), pve.with(&lens), pve.with(finance())];
    for pve in seen {
        let text = pve.guests().unwrap().page().text();
        assert!(text.contains("Owner") && !text.contains("Tags"), "{text}");
    }
    assert_eq!(format!("{lens:?}"), "Lens(finance: 2 steps)");
}
