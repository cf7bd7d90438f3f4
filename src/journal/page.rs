//! How a journal looks: its entries as a table, where they are, and the head.

use std::path::Path;

use crate::journal::{Journal, JournalEntry, Kept};
use crate::page::{Cell, Grid, Level, Page, State, Tone};
use crate::render::View;
use crate::text::Text;

/// More rows than this are not read by anybody.
const MOST: usize = 200;

impl View for Journal {
    fn page(&self) -> Page {
        let number = self.entries.len();
        let fact = format!("{number} {}", if number == 1 { "entry" } else { "entries" });
        let page = match &self.provenance {
            Some(_) => Page::new("Journal of this session").question("What was decided and done here?"),
            None => Page::new(format!("Journal {}", self.path_shown())).question("What was decided and done?"),
        };
        let page = page.answer(fact, self.kept_where());
        let page = match &self.kept {
            Kept::File { unwritten, because: Some(because), .. } if *unwritten > 0 => page.note(
                Level::Danger,
                format!("{unwritten} of them are not in the file. {because}. Nothing is sent until they are."),
            ),
            Kept::Unknown(error) => page.note(Level::Warning, format!("{error}. Nothing is sent before.")),
            Kept::Off => {
                page.note(Level::Warning, "They are gone with this notebook's kernel: nothing keeps what was done.")
            }
            _ => page,
        };
        let page = match &self.unfinished {
            Some(fault) => page.note(Level::Warning, fault.sentence()),
            None => page,
        };
        let page = match (&self.kept, self.head()) {
            (Kept::File { path, .. }, Some(head)) => page
                .facts([("File", Cell::Code(path_shown(path))), ("Head", Cell::Code(head.clone()))])
                .code(format!("Journal::verify({:?})?.holds({:?})", path_shown(path).raw(), head.raw())),
            _ => page,
        };
        let shown = &self.entries[number.saturating_sub(MOST)..];
        let page = match number - shown.len() {
            0 => page,
            before => page.paragraph(format!("The last {MOST} are shown. The {before} before them are in .entries().")),
        };
        let page = page.table(Grid::new(["When", "What", "About", "Detail"]).rows(shown.iter().map(JournalEntry::row)));
        match &self.provenance {
            Some(from) => page.provenance(from.clone()),
            None => page,
        }
    }
}

impl Journal {
    fn path_shown(&self) -> String {
        self.path().map(|path| path_shown(&path).raw().to_owned()).unwrap_or_default()
    }

    fn kept_where(&self) -> String {
        match &self.kept {
            Kept::Here => ", in this process only: this cluster is nobody's production.".into(),
            Kept::Off => ", kept nowhere: PVE_JOURNAL=off.".into(),
            Kept::NotYet(_) => format!("; the first action begins or continues {}.", self.path_shown()),
            Kept::File { head: Some(_), .. } => format!(", in {}.", self.path_shown()),
            Kept::File { .. } => format!(", meant for {}.", self.path_shown()),
            Kept::Unknown(_) => ", in this process only.".into(),
        }
    }
}

impl JournalEntry {
    fn row(&self) -> Vec<Cell> {
        let kind = match self.kind.raw() {
            "failed" | "halted" => State::new(Tone::Wrong, self.kind.clone()).into(),
            "refused" | "override" => State::new(Tone::Held, self.kind.clone()).into(),
            _ => Cell::from(&self.kind),
        };
        vec![self.at.into(), kind, Cell::from(&self.what), Cell::from(self.told())]
    }
}

/// A path as text, whatever bytes are in it.
pub(super) fn path_shown(path: &Path) -> Text {
    path.display().to_string().into()
}
