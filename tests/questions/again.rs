//! The demo cluster's time is its own: whoever asks again reads the same, however busy the machine is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use pve_notebook::*;

use crate::all::{ALL, DEMO};

/// Keeps the processors busy for as long as something is done.
fn while_busy<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let over = &AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop()
                }
            });
        }
        // In a thread of its own, so that those above end even if it panics.
        let done = scope.spawn(work).join();
        over.store(true, Ordering::Relaxed);
        done.unwrap()
    })
}

#[test]
fn the_demo_answers_every_question_in_the_same_words_every_time() {
    let mut differ = Vec::new();
    for (name, question) in ALL {
        let ask = || question(&Pve::demo().unwrap(), &DEMO).unwrap().html();
        let first = ask();
        let others = while_busy(|| (0..2).map(|_| ask()).collect::<Vec<_>>());
        if let Some(other) = others.iter().find(|other| **other != first) {
            let at = first.chars().zip(other.chars()).position(|(a, b)| a != b).unwrap_or_default();
            let around = |html: &str| html.chars().skip(at.saturating_sub(80)).take(160).collect::<String>();
            differ.push(format!("{name}:\n  {}\n  {}", around(&first), around(other)));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn every_answer_has_its_title_its_question_and_code_to_go_on_with() {
    let pve = Pve::demo().unwrap();
    for (name, question) in ALL {
        let page = question(&pve, &DEMO).unwrap();
        let text = page.text();
        let mut lines = text.lines();
        let title = lines.next().unwrap();
        assert!(!title.is_empty() && lines.next().unwrap().starts_with('═'), "{name}:\n{text}");
        // A long question takes several lines.
        let asked: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        assert!(asked.concat().ends_with('?'), "{name} asks {asked:?}");
        let answer: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        assert!(answer.concat().ends_with('.'), "{name} answers {answer:?}");
        let has_code = text.lines().any(|line| line.trim_start().starts_with("> "));
        assert_eq!(has_code, *name != "customer", "{name}:\n{text}");
    }
}
