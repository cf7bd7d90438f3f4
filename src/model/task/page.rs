//! How a task is shown: its row in a table, and its page with its log.

use crate::model::inspect::{FOUND, Inspection};
use crate::model::lens::{self, Inspected};
use crate::model::list::{Column, Listed, NEXT, column, count};
use crate::model::task::{Task, TaskStatus, log, path};
use crate::page::{Cell, Level, Page};
use crate::render::View;
use crate::text::Text;

impl Listed for Task {
    const NOUN: (&'static str, &'static str) = ("task", "tasks");

    fn columns() -> Vec<Column<Task>> {
        vec![
            column!("Began", |t: &Task| Cell::Ago(t.session.now().since(t.started), t.started))
                .by("started", "the time since then, by the cluster's clock"),
            column!("What", |t: &Task| t.what()).by("kind id", "the two in a row"),
            column!("Ended", |t: &Task| t.status.state()),
            column!("Took", |t: &Task| t.took()).by(
                "started ended status",
                "from its beginning to its end, or until now while it is at work, by the cluster's clock",
            ),
            column!("Node", |t: &Task| t.node.clone()),
            column!("By", |t: &Task| t.user.clone()),
            column!(NEXT, |t: &Task| {
                let code = format!("pve.task(\"{}\")?", t.upid.raw());
                Cell::Button("log".into(), code.into())
            })
            .by("upid", "the code to go on with; no answer has it"),
        ]
    }

    fn summary(tasks: &[Task]) -> (String, String) {
        let failed = tasks.iter().filter(|task| task.is_failed()).count();
        let running = tasks.iter().filter(|task| task.is_running()).count();
        let unknown = tasks.iter().filter(|task| task.status == TaskStatus::Unknown).count();
        let parts = [(failed, "failed"), (running, "at work"), (unknown, "with an end that is not known")];
        let said: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        let rest =
            if said.is_empty() { ": none failed, none is at work.".into() } else { format!(": {}.", said.join(", ")) };
        (count(tasks.len(), Task::NOUN), rest)
    }
}

/// How many lines of a log its page shows.
const LINES_SHOWN: usize = 500;

const QUESTION: &str = "What was done, by whom, and how did it end?";

impl Task {
    /// What it did and how it ended, from what was read already; the first part of its page.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let page = Pve::demo()?.tasks()?.first().unwrap().overview();
    /// assert!(page.text().contains("UPID"));
    /// # Ok(()) }
    /// ```
    pub fn overview(&self) -> Page {
        let about = self.about().map(|code| ("About", Cell::Button(code.clone(), code)));
        let facts = [
            ("State", Cell::from(self.status.state())),
            ("What", self.what().into()),
            ("Asked for by", Cell::from(&self.user)),
            ("Began", Cell::Ago(self.session.now().since(self.started), self.started)),
            ("Ended", if self.is_running() { Cell::from("not yet") } else { self.ended.into() }),
            ("Took", Cell::from(self.took())),
        ];
        let node = Text::from(format!("pve.node({:?})?", self.node.raw()));
        let rest = [("Node", Cell::Button(node.clone(), node)), ("UPID", Cell::Code((&self.upid).into()))];
        Page::new(format!("Task {}", self.what()))
            .question(QUESTION)
            .facts(lens::facts(self, facts.into_iter().chain(about).chain(rest), &self.provenance))
            .provenance(self.provenance.clone())
    }

    /// The code that gives what it is about, where that is a guest; the node that did it is named anyway.
    fn about(&self) -> Option<Text> {
        let vmid: u32 = self.id.raw().parse().ok().filter(|vmid| *vmid >= 100)?;
        Some(format!("pve.guest({vmid})?").into())
    }

    fn code(&self) -> String {
        format!("pve.task(\"{}\")?", self.upid.raw())
    }

    /// The last lines of its log, in the part that shows them.
    fn with_log(&self, page: Inspection) -> Inspection {
        match log::tail(&self.session, &self.upid, LINES_SHOWN) {
            Ok((lines, _)) if lines.is_empty() => page.with(|page| page.note(Level::Info, "Its log is empty.")),
            Ok((lines, all)) if all > lines.len() => {
                let words = format!("{}.log()? has all of it.", self.code());
                let title = format!("Log · the last {} of {all} lines", lines.len());
                let part = Page::new("").lines(lines).note(Level::Info, words);
                page.open(&title, &format!(".log_tail({LINES_SHOWN})?"), part)
            }
            Ok((lines, _)) => page.open("Log", ".log()?", Page::new("").lines(lines)),
            Err(error) => page.part("Log", ".log()?", Err(error)),
        }
    }
}

impl Inspected for Task {
    const PARTS: &'static [&'static str] = &["Status", "Log", "Raw data", FOUND];
}

impl View for Task {
    fn page(&self) -> Page {
        let top = Page::new(format!("Task {}", self.what())).question(QUESTION).answer(
            format!("{} on {}: {}", self.what(), self.node.raw(), self.status),
            format!(", asked for by {}.", self.user),
        );
        let page =
            Inspection::of(self, self.code(), &self.provenance, top).open("Status", ".overview()", self.overview());
        let page = match self.is_running() {
            true => page.with(|page| page.code(format!("{}.follow()?", self.code()))),
            false => page,
        };
        let raw = format!("pve.get({:?})?", path(&self.upid, "status"));
        self.with_log(page)
            .with(|page| page.offered("Raw data · not read yet", raw, "What its node says of it, as it comes."))
            .page()
    }
}
