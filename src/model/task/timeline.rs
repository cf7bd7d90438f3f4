//! Tasks as bars over time.

use std::collections::BTreeMap;

use crate::draw::timeline::{Bar, End, Row, Scene};
use crate::model::list::{List, Listed, count};
use crate::model::task::{Task, TaskStatus};
use crate::model::together::some_of;
use crate::page::Figure;
use crate::text::Text;
use crate::units::{Moment, Reading};

impl List<Task> {
    /// When these tasks ran, as bars over time: a row a node, or what was worked on where they are all of one node. What
    /// runs still has no end, what failed is marked, and where there are thousands, rows become strips.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let tasks = Pve::demo()?.task_query().last(days(1)).read()?;
    /// let figure = tasks.timeline();
    /// assert!(figure.svg().contains("✕"));
    /// assert!(figure.words().text().contains("bridge 'vmbr7' does not exist"));
    /// # Ok(()) }
    /// ```
    pub fn timeline(&self) -> Figure {
        let several = self.first().is_some_and(|first| self.any(|task| task.node != first.node));
        self.timeline_by(|task| match (several, task.id.is_blank()) {
            (true, _) => task.node.clone(),
            (false, true) => task.kind.clone(),
            (false, false) => task.id.clone(),
        })
    }

    /// The same with rows of one's own: `tasks.timeline_by(|task| task.user.clone())`.
    pub fn timeline_by(&self, row: impl Fn(&Task) -> Text) -> Figure {
        let mut rows: BTreeMap<Text, Vec<Bar>> = BTreeMap::new();
        for task in self {
            rows.entry(row(task)).or_default().push(bar(task));
        }
        // Where there is no task to ask, it is when the list was read.
        let now = self.first().map(|task| task.session.now()).or(self.provenance().at).unwrap_or_else(Moment::now);
        let mut caveats: Vec<String> = self.about_caveats().map(|(_, words)| words.to_string()).collect();
        if let Some(of) = self.cut_from() {
            caveats.push(format!("These are {} of {} tasks that were read.", self.len(), of));
        }
        let scene = Scene {
            title: format!("{}, over time", self.title().raw()).into(),
            question: "What ran when, what overlapped, and what failed?".into(),
            answer: answer(&self.to_vec()),
            rows: rows.into_iter().map(|(name, bars)| Row { name, bars }).collect(),
            now,
            caveats,
            provenance: self.provenance(),
        };
        scene.figure()
    }
}

fn bar(task: &Task) -> Bar {
    Bar {
        name: task.what().into(),
        start: task.started,
        end: match (&task.status, task.ended) {
            (TaskStatus::Running, _) => End::Open,
            (_, Reading::Known(at)) => End::At(at),
            (_, Reading::Missing(_)) => End::Unknown,
        },
        state: task.status.state(),
    }
}

fn answer(tasks: &[Task]) -> (String, String) {
    let fact = match (tasks.iter().map(|task| task.started).min(), tasks.iter().map(|task| task.started).max()) {
        (Some(first), Some(last)) if first < last => {
            format!("{} between {first} and {last}", count(tasks.len(), Task::NOUN))
        }
        (Some(at), _) => format!("{} at {at}", count(tasks.len(), Task::NOUN)),
        (None, _) => "No tasks".into(),
    };
    let failed: Vec<String> = tasks
        .iter()
        .filter(|task| task.is_failed())
        .map(|task| format!("{} on {}", Text::from(task.what()).brief(60), task.node.brief(60)))
        .collect();
    let running = tasks.iter().filter(|task| task.is_running()).count();
    let failed = match failed.len() {
        0 => "none failed".to_owned(),
        n => format!("{n} failed: {}", some_of(&failed)),
    };
    let running = if running > 0 { format!("; {} still", count(running, ("runs", "run"))) } else { String::new() };
    if tasks.is_empty() { (fact, ".".into()) } else { (fact, format!("; {failed}{running}.")) }
}
