//! How a storage is shown: its row in a table, its page, and the page of its definition.

use serde_json::Value;

use crate::model::access::right;
use crate::model::inspect::{FOUND, Inspection, raw_lines};
use crate::model::json::shown;
use crate::model::lens::{self, Inspected};
use crate::model::list::{Column, Listed, column, count};
use crate::model::storage::meaning::meaning;
use crate::model::storage::{Storage, StorageDefinition, StorageOnNode};
use crate::model::together::joined;
use crate::page::{Cell, Grid, Level, Page, State, Tone};
use crate::render::View;
use crate::text::Text;
use crate::units::{Reading, Why};
use crate::wire::Call;

impl Storage {
    pub(crate) fn state(&self) -> State {
        let available = self.on.iter().filter(|state| state.is_available()).count();
        match () {
            () if self.disabled => State::new(Tone::Off, "switched off"),
            () if self.on.is_empty() => State::new(Tone::Unknown, "no node reports it"),
            () if available == self.on.len() => State::new(Tone::Good, "available"),
            () if available == 0 => State::new(Tone::Wrong, "not available"),
            () => State::new(Tone::Held, format!("available on {available} of {} nodes", self.on.len())),
        }
    }

    /// Which nodes have it, in words.
    pub(crate) fn whereabouts(&self) -> String {
        let nodes = self.on.iter().map(|state| state.node.to_string()).collect::<Vec<_>>().join(", ");
        match (self.shared, nodes.is_empty()) {
            (_, true) => "no node".into(),
            (true, _) => format!("shared by {nodes}"),
            (false, _) if self.on.len() == 1 => format!("{nodes} only"),
            (false, _) => format!("each of {nodes}"),
        }
    }

    pub(crate) fn usage(&self) -> Cell {
        let silent = if self.shared { Vec::new() } else { self.silent_nodes() };
        match Cell::usage(self.used, self.total) {
            Cell::Usage(used, total) if !silent.is_empty() => {
                let missing = silent.iter().map(Text::to_string).collect::<Vec<_>>().join(", ");
                Cell::Meter(
                    self.fullness().known().unwrap_or_default(),
                    format!("{}, without {missing}", used.part_words(total)).into(),
                )
            }
            cell => cell,
        }
    }
}

impl Listed for Storage {
    const NOUN: (&'static str, &'static str) = ("storage", "storages");

    fn columns() -> Vec<Column<Storage>> {
        vec![
            column!("Storage", |s: &Storage| Cell::Name(s.name.clone(), s.kind.clone())),
            column!("State", |s: &Storage| s.state())
                .by("disabled on", "how many of the nodes that report it can use it"),
            column!("Full", |s: &Storage| s.fullness()).by("used total shared on", "used within total: of any node where all see the same data, else of all that can use it together"),
            column!("Used", |s: &Storage| s.usage())
                .by("used total shared on", "used within total: of any node where all see the same data, else of all that can use it together; the others are named"),
            column!("Where", |s: &Storage| s.whereabouts())
                .by("shared on", "the nodes that report it, and whether they see the same data"),
            column!("For", |s: &Storage| joined(&s.content)),
        ]
    }

    fn summary(storages: &[Storage]) -> (String, String) {
        let nearly_full: Vec<String> = storages
            .iter()
            .filter(|storage| storage.fullness() >= Storage::NEARLY_FULL)
            .map(|storage| format!("{} is {} full", storage.name, storage.fullness()))
            .collect();
        let rest = if nearly_full.is_empty() { ".".into() } else { format!("; {}.", nearly_full.join(", ")) };
        (count(storages.len(), Storage::NOUN), rest)
    }
}

impl StorageOnNode {
    fn state(&self) -> State {
        match self.used.why() {
            None => State::new(Tone::Good, self.status.clone()),
            Some(Why::NodeOffline) => State::new(Tone::Unknown, self.status.clone()),
            Some(_) => State::new(Tone::Wrong, "not available"),
        }
    }
}

const QUESTION: &str = "What is it for, who can reach it, and how full is it?";

impl Storage {
    /// How it stands, on each node, from what was read already; the first part of its page.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let page = Pve::demo()?.storage("local")?.overview();
    /// assert!(page.text().contains("pve1"));
    /// # Ok(()) }
    /// ```
    pub fn overview(&self) -> Page {
        let rows = self
            .on
            .iter()
            .map(|state| vec![Cell::from(&state.node), state.state().into(), Cell::usage(state.used, state.total)]);
        let facts = [
            ("State", Cell::from(self.state())),
            ("Kind", Cell::from(&self.kind)),
            ("Used", self.usage()),
            ("For", Cell::from(joined(&self.content))),
            ("Shared", if self.shared { "yes: all nodes see the same data".into() } else { "no".into() }),
        ];
        let page = Page::new(format!("Storage {}", self.name.raw())).question(QUESTION);
        let page = page.facts(lens::facts(self, facts, &self.provenance));
        let page = if self.on.is_empty() { page } else { page.table(Grid::new(["Node", "State", "Used"]).rows(rows)) };
        let page = if self.shared && self.on.len() > 1 {
            page.note(Level::Info, "It is shared: every node reports the same space, which counts once.")
        } else {
            page
        };
        page.provenance(self.provenance.clone())
    }

    fn code(&self) -> String {
        format!("pve.storage({:?})?", self.name.raw())
    }

    fn answer(&self) -> (String, String) {
        let full = match self.fullness() {
            Reading::Known(ratio) => format!("{} is {ratio} full", self.name.raw()),
            Reading::Missing(why) => format!("How full {} is, is not known ({why})", self.name.raw()),
        };
        let state = match self.state() {
            State { tone: Tone::Good, .. } => String::new(),
            state => format!("; {}", state.word.raw()),
        };
        (full, format!("; {}{state}.", self.whereabouts()))
    }

    /// The code that gives its history: where each node has one of its own, that of the first.
    fn history_code(&self) -> Option<String> {
        let mut there = self.on.iter().filter(|state| state.is_available());
        let first = there.next()?.node.raw();
        Some(match self.shared || there.next().is_none() {
            true => format!("{}.history(Span::Week)?", self.code()),
            false => format!("pve.node({first:?})?.storage({:?})?.history(Span::Week)?", self.name.raw()),
        })
    }
}

impl Inspected for Storage {
    const PARTS: &'static [&'static str] = &[
        "Status",
        "Definition",
        "Backup jobs",
        "Content",
        "History",
        "Used by",
        "Drawing",
        "If it fails",
        "Permissions",
        "Raw data",
        FOUND,
    ];
}

impl View for Storage {
    fn page(&self) -> Page {
        let reads = [Call::get("/cluster/backup"), right::call(&self.access_path())];
        let ahead = Storage { session: self.session.ahead(reads), ..self.clone() };
        let (fact, rest) = self.answer();
        let top = Page::new(format!("Storage {}", self.name.raw())).question(QUESTION).answer(fact, rest);
        let page =
            Inspection::of(&ahead, self.code(), &self.provenance, top).open("Status", ".overview()", self.overview());
        let page = match self.definition() {
            Some(definition) => page.part("Definition", ".definition()", Ok(definition.page())),
            None => page.with(|page| page.note(Level::Info, "How it is defined may not be seen.")),
        };
        let jobs = ahead.backup_jobs().map(|jobs| {
            let words = match jobs.len() {
                0 => "No job writes to it".to_owned(),
                n => format!("{} to it", count(n, ("job writes", "jobs write"))),
            };
            let page = Page::new("").answer(words, ".").provenance(jobs.provenance());
            let grid = jobs.table().hide_column("To").grid();
            if jobs.is_empty() { page } else { page.table(grid) }
        });
        let page = page.part("Backup jobs", ".backup_jobs()?", jobs);
        // What no node has available, no node can list.
        let page = match self.history_code() {
            Some(code) => page
                .offered("Content", ".content()?", "Every volume on it, listed by a node, which may take a while.")
                .with(|page| page.offered("History · not read yet", code, "How full it was, as a chart.")),
            None => page,
        };
        let used_by = "The guests that have disks on it. The configuration of every guest is read.";
        let page = page
            .offered("Used by", ".used_by()?", used_by)
            .offered(
                "Drawing",
                ".topology()?",
                "Which guests lie on it and which nodes reach it. Much of the cluster is read.",
            )
            .offered("If it fails", ".blast_radius()?", "What would be lost with it. Much of the cluster is read.");
        let page = page.part("Permissions", ".permissions()?", ahead.permissions().map(|rights| rights.page()));
        match self.definition() {
            Some(definition) => {
                page.part("Raw data", ".definition().map(|d| d.raw())", Ok(raw_lines(&definition.raw())))
            }
            None => page,
        }
        .page()
    }
}

impl View for StorageDefinition {
    fn page(&self) -> Page {
        let all = match self.raw() {
            Value::Object(all) => all,
            _ => serde_json::Map::new(),
        };
        let mut settings: Vec<(&String, &Value)> =
            all.iter().filter(|(key, _)| !["digest", "storage"].contains(&key.as_str())).collect();
        settings.sort_by_key(|(key, _)| (*key != "type", *key != "content", *key));
        let rows = settings.iter().map(|(key, value)| {
            let words = meaning(key).map_or(Cell::Empty, Cell::from);
            vec![Cell::from(key.as_str()), Cell::Text(shown(value).into()), words]
        });
        Page::new(format!("Definition of the storage {}", self.storage.raw()))
            .question("How is it set up?")
            .answer(
                format!("Kind {}", self.kind.raw()),
                format!("; {} set.", count(settings.len(), ("setting is", "settings are"))),
            )
            .table(Grid::new(["Setting", "Value", "What it means"]).rows(rows))
            .provenance(self.provenance())
    }
}
