//! What the pages of all objects share: parts that each name the code that gives them, that say why they are missing, and
//! that were read together.

use std::time::Instant;

use serde_json::Value;

use crate::error::Error;
use crate::model::lens::{Inspected, Parts};
use crate::model::list::{List, Listed};
use crate::page::{Block, Level, Page, Provenance};
use crate::render::View;
use crate::secret::masked;
use crate::text::Text;

/// The page of an object, part by part.
pub(crate) struct Inspection {
    page: Page,
    /// The code that gives the object.
    code: String,
    /// What a lens adds and hides.
    parts: Parts,
    /// Where the object itself came from.
    from: Provenance,
    since: Instant,
}

pub(crate) use crate::render::FOUND;

/// A sentence of this length still fits beside the title of a part.
const SHORT: usize = 72;

impl Inspection {
    /// The page of an object that this code gives, with its top.
    pub(crate) fn of<T: Inspected>(item: &T, code: impl Into<String>, from: &Provenance, top: Page) -> Inspection {
        let (code, since) = (code.into(), Instant::now());
        Inspection { page: top, code, parts: Parts::of(item, from), from: from.clone(), since }
    }

    /// The part that everybody wants to see, which starts open.
    pub(crate) fn open(mut self, title: &str, below: &str, part: Page) -> Inspection {
        let code = self.code_of(below);
        self.page = self.page.open_section_from(title, code, part);
        self
    }

    /// The same of a part that has to be read.
    pub(crate) fn open_if_read(self, title: &str, below: &str, part: Result<Page, Error>) -> Inspection {
        match part {
            Ok(part) => self.open(title, below, part),
            error => self.part(title, below, error),
        }
    }

    /// A part, or the reason why it is missing. What it amounts to stands beside its title, so that it need not be
    /// opened to be known.
    pub(crate) fn part(self, title: &str, below: &str, part: Result<Page, Error>) -> Inspection {
        let code = self.code_of(below);
        self.part_from(title, &code, part)
    }

    /// The same of a part that other code gives.
    pub(crate) fn part_from(mut self, title: &str, code: &str, part: Result<Page, Error>) -> Inspection {
        let (title, part) = titled(title, part);
        self.page = self.page.section_from(title, code, part);
        self
    }

    /// A part that is not read unless somebody asks, and why.
    pub(crate) fn offered(mut self, title: &str, below: &str, why: &str) -> Inspection {
        let code = self.code_of(below);
        self.page = self.page.offered(format!("{title} · not read yet"), code, why);
        self
    }

    /// The same of a part that is to be had in several ways.
    pub(crate) fn offered_as(mut self, title: &str, why: &str, below: &[&str]) -> Inspection {
        let codes = below.iter().map(|below| self.code_of(below));
        let part = codes.fold(Page::new("").paragraph(why), Page::code);
        self.page = self.page.offered_as(format!("{title} · not read yet"), part);
        self
    }

    /// What else belongs there.
    pub(crate) fn with(mut self, add: impl FnOnce(Page) -> Page) -> Inspection {
        self.page = add(self.page);
        self
    }

    /// The whole page. Its parts were read at the same time, so it took no longer than that.
    pub(crate) fn page(self) -> Page {
        let most = self.from.took + self.since.elapsed();
        let mut page = self.parts.on(self.page).provenance(self.from);
        if let Some(from) = page.provenance.as_mut().filter(|from| from.is_live()) {
            from.took = from.took.min(most);
        }
        page
    }

    fn code_of(&self, below: &str) -> String {
        format!("{}{below}", self.code)
    }
}

/// A folded part of a page, or the reason why it could not be read.
pub(crate) fn part(page: Page, title: &str, code: &str, part: Result<Page, Error>) -> Page {
    let unread = |error| Page::new("").note(Level::Warning, format!("This could not be read. {error}"));
    page.section_from(title, code, part.unwrap_or_else(unread))
}

/// A part with its title, which says what it amounts to.
pub(crate) fn titled(title: &str, part: Result<Page, Error>) -> (String, Page) {
    let (said, part) = match part {
        Ok(part) => in_brief(part),
        Err(error) => {
            (Some("not read".into()), Page::new("").note(Level::Warning, format!("This could not be read. {error}")))
        }
    };
    (said.map_or_else(|| title.to_owned(), |said: Text| format!("{title} · {}", said.raw())), part)
}

/// What a part says in its answer, taken out of it where all of it is short enough to stand beside the title.
fn in_brief(mut part: Page) -> (Option<Text>, Page) {
    let Some(at) = part.blocks.iter().position(|block| matches!(block, Block::Answer(..))) else { return (None, part) };
    let Block::Answer(fact, rest) = &part.blocks[at] else { return (None, part) };
    let whole = format!("{}{}", fact.raw(), rest.raw());
    if whole.chars().count() > SHORT || whole.contains('\n') {
        return (Some(fact.clone()), part);
    }
    let whole = whole.trim_end_matches('.').into();
    if part.blocks.len() > 1 {
        part.blocks.remove(at);
    }
    (Some(whole), part)
}

/// A list's page without the columns that the page around it makes needless.
pub(crate) fn without<T: Listed>(list: &List<T>, columns: &[&str]) -> Page {
    columns.iter().fold(list.table(), |table, column| table.hide_column(column)).page()
}

/// JSON in lines, secrets masked.
pub(crate) fn raw_lines(value: &Value) -> Page {
    Page::new("").lines(format!("{:#}", masked(value.clone())).lines())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing;

    impl Inspected for Thing {
        const PARTS: &'static [&'static str] = &[];
    }

    fn text(part: Result<Page, Error>) -> String {
        Inspection::of(&Thing, "pve.thing()?", &Provenance::default(), Page::new("Thing"))
            .part("Parts", ".parts()?", part)
            .page()
            .text()
    }

    #[test]
    fn what_a_part_amounts_to_stands_beside_its_title_and_only_there() {
        let said = text(Ok(Page::new("").answer("3 parts", ", all sound.").paragraph("more")));
        assert!(said.contains("▾ Parts · 3 parts, all sound  pve.thing()?.parts()?"), "{said}");
        assert_eq!(said.matches("sound").count(), 1, "{said}");
        let long = "; one of them is more than can be said in the title of any part that folds, by far.";
        let said = text(Ok(Page::new("").answer("3 parts", long)));
        assert!(said.contains("▾ Parts · 3 parts  pve.") && said.contains(long), "{said}");
    }

    #[test]
    fn a_part_that_could_not_be_read_says_why() {
        let said = text(Err(Error::setup("No parts", "Look for them")));
        assert!(said.contains("▾ Parts · not read") && said.contains("could not be read. No parts. Look"), "{said}");
    }

    #[test]
    fn raw_data_stand_in_lines_and_secrets_are_masked() {
        let said = raw_lines(&serde_json::json!({"name": "web", "password": "x9"})).text();
        assert!(said.contains("|   \"name\": \"web\",\n") && !said.contains("x9"), "{said}");
    }
}
