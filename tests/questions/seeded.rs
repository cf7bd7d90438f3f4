//! A fakepve that is filled from `seed.json`, the seeds themselves, and those who look.

use pve_notebook::*;
use serde_json::Value;

use crate::fake::Fake;

const SECRET: &str = "0c6f1f2e-1111-2222-3333-444455556666";

/// The seeded cluster, for as long as a test holds it.
pub(crate) struct Seeded {
    pub(crate) fake: Fake,
}

/// Starts one; `None` where there is no Python to run it.
pub(crate) fn seeded() -> Option<Seeded> {
    seeded_with("seed.json")
}

/// Starts one that is filled from another file.
pub(crate) fn seeded_with(file: &str) -> Option<Seeded> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/questions");
    let sow = format!("import sys; sys.path.insert(0, {folder:?}); import seed; seed.sow(pve, {folder:?} + '/{file}')");
    Some(Seeded { fake: Fake::start(&[&sow])? })
}

/// The file of seeds.
pub(crate) fn seeds() -> Value {
    serde_json::from_str(include_str!("seed.json")).unwrap()
}

impl Seeded {
    /// The cluster as this user sees it: `root@pam`, or one of the identities of the seeds.
    pub(crate) fn as_one(&self, who: &str) -> Pve {
        let token = format!("{who}!look");
        Pve::at(&self.fake.url).token(&token, SECRET).fingerprint(&self.fake.fingerprint).connect().unwrap()
    }

    /// What the cluster was asked while this was done: method and path of each request.
    pub(crate) fn asked<T>(&mut self, look: impl FnOnce() -> T) -> (T, Vec<String>) {
        self.fake.order("pve.requests.clear()");
        let seen = look();
        let said = self.fake.order("answer = ' '.join(method + path for method, path, _ in pve.requests)");
        (seen, said.split_whitespace().map(str::to_owned).collect())
    }
}

/// That the page says so, in words.
#[track_caller]
pub(crate) fn says(page: &Page, words: &str) {
    let text = page.text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(words), "{words:?} is not said:\n{}", page.text());
}

/// The line of a page's table that has this word, with single spaces.
#[track_caller]
pub(crate) fn line(page: &Page, word: &str) -> String {
    let text = page.text();
    let line = text.lines().find(|line| line.contains(word)).unwrap_or_else(|| panic!("no line has {word:?}:\n{text}"));
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
