//! The layers of `src/`: a file uses only what stands before it, so that each can be read knowing only those.

#![allow(clippy::unwrap_used)]
use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom up. A layer is a file and the folder of its name.
const LAYERS: [&str; 23] = [
    "text",
    "secret",
    "units",
    "error",
    "lens",
    "page",
    "own_file",
    "kernel",
    "loose",
    "render",
    "draw",
    "wire",
    "twin",
    "recording",
    "journal",
    "approval",
    "session",
    "model",
    "plan",
    "pve",
    "runbook",
    "lib",
    "questions",
];

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect()
}

fn layer_of(file: &Path) -> String {
    let first = file.strip_prefix("src").unwrap().iter().next().unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The layers that a file names by `crate::…`, outside its comments.
fn used_by(source: &str) -> Vec<String> {
    source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| match rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>() {
            // All that the crate offers.
            all if all.is_empty() => "lib".to_owned(),
            layer => layer,
        })
        .collect()
}

#[test]
fn a_file_uses_only_what_stands_before_it() {
    let rank = |layer: &str| LAYERS.iter().position(|known| *known == layer);
    let files = files_in(Path::new("src"));
    assert!(files.len() > LAYERS.len(), "the sources were not found");
    let mut wrong = Vec::new();
    for file in &files {
        let layer = layer_of(file);
        let Some(own) = rank(&layer) else {
            wrong.push(format!("{} is in no layer", file.display()));
            continue;
        };
        for used in used_by(&fs::read_to_string(file).unwrap()) {
            match rank(&used) {
                Some(other) if other <= own => {}
                Some(_) => wrong.push(format!("{} uses {used}, which stands above it", file.display())),
                None => wrong.push(format!("{} uses {used}, which is in no layer", file.display())),
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
