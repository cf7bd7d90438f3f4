//! The history of tasks: all that a node remembers, narrowed by the server, of one node or of all that are online.

use std::collections::BTreeSet;
use std::fmt;

use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::list::{About, List, count};
use crate::model::node::Node;
use crate::model::resource::Resources;
use crate::model::sight::Sight;
use crate::model::task::{Task, TaskRow};
use crate::page::Provenance;
use crate::session::{Answer, Session};
use crate::text::Text;
use crate::units::{Age, Moment};
use crate::wire::Call;

/// A question about the tasks of the past: narrowed step by step, answered by [`read`](TaskQuery::read).
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let pve = Pve::demo()?;
/// let failed = pve.task_query().last(Age(7 * 86_400)).failed().of_kind("vzdump").read()?;
/// assert!(failed.all(|task| task.is_failed() && task.kind == "vzdump"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "nothing is asked before read()"]
pub struct TaskQuery {
    session: Session,
    node: Option<Text>,
    since: Option<Moment>,
    until: Option<Moment>,
    /// Further parameters, by name.
    narrowed: Vec<(&'static str, String)>,
    running: bool,
    most: usize,
}

/// How many tasks are read of one node unless more are asked for.
const MOST: usize = 20_000;

impl TaskQuery {
    pub(crate) fn new(session: &Session, node: Option<&Text>) -> TaskQuery {
        TaskQuery {
            session: session.clone(),
            node: node.cloned(),
            since: None,
            until: None,
            narrowed: Vec::new(),
            running: false,
            most: MOST,
        }
    }

    /// Tasks that began at this moment or later.
    pub fn since(self, since: Moment) -> TaskQuery {
        TaskQuery { since: Some(since), ..self }
    }

    /// Tasks that began in the time before now, by the cluster's clock.
    pub fn last(self, age: Age) -> TaskQuery {
        let back = i64::try_from(age.0).unwrap_or(i64::MAX);
        let since = Moment::from_unix(self.session.now().unix().saturating_sub(back));
        self.since(since)
    }

    /// Tasks that began at this moment or before it.
    pub fn until(self, until: Moment) -> TaskQuery {
        TaskQuery { until: Some(until), ..self }
    }

    /// Only tasks that are still at work, whenever they began.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let busy = Pve::demo()?.task_query().running().read()?;
    /// assert!(busy.all(|task| task.is_running()));
    /// # Ok(()) }
    /// ```
    pub fn running(self) -> TaskQuery {
        TaskQuery { running: true, ..self }
    }

    /// Only tasks that failed.
    pub fn failed(self) -> TaskQuery {
        self.narrow("statusfilter", "error".into())
    }

    /// Only tasks that ended with warnings.
    pub fn with_warnings(self) -> TaskQuery {
        self.narrow("statusfilter", "warning".into())
    }

    /// Only tasks of this kind: `vzdump`, `qmstart`, `qmigrate`.
    pub fn of_kind(self, kind: &str) -> TaskQuery {
        self.narrow("typefilter", kind.into())
    }

    /// Only tasks of users whose name holds these words.
    pub fn by(self, user: &str) -> TaskQuery {
        self.narrow("userfilter", user.into())
    }

    /// Only tasks about this guest.
    pub fn of_guest(self, vmid: u32) -> TaskQuery {
        self.narrow("vmid", vmid.to_string())
    }

    /// At most this many of each node, the newest; 20,000 unless it is said.
    pub fn at_most(self, most: usize) -> TaskQuery {
        TaskQuery { most, ..self }
    }

    fn narrow(mut self, key: &'static str, value: String) -> TaskQuery {
        self.narrowed.retain(|(known, _)| *known != key);
        self.narrowed.push((key, value));
        self
    }

    /// Asks, page by page, every node that is online; nodes that could not be asked are named beside the list.
    ///
    /// # Errors
    /// When no node can be asked.
    pub fn read(&self) -> Result<List<Task>, Error> {
        let (nodes, mut sight, mut provenance) = self.nodes()?;
        let mut books: Vec<Book> = nodes.into_iter().map(Book::of).collect();
        let mut first = None;
        loop {
            let open: Vec<usize> = (0..books.len()).filter(|place| !books[*place].done).collect();
            if open.is_empty() {
                break;
            }
            let calls = open.iter().map(|place| self.call(&books[*place])).collect();
            for (place, answer) in open.into_iter().zip(self.session.ask_all("lists of tasks", calls)) {
                let book = &mut books[place];
                let page = answer.and_then(|answer| {
                    book.add(self, &answer)?;
                    Ok(self.session.provenance([&answer], None))
                });
                match page {
                    Ok(from) => provenance = provenance.and(&from),
                    Err(error) => {
                        book.done = true;
                        sight = sight.and(Sight::part(format!("Not read: the tasks of {}. {error}", book.node)));
                        first.get_or_insert(error);
                    }
                }
            }
        }
        if let (true, Some(error)) = (books.iter().all(|book| book.pages == 0), first) {
            return Err(error);
        }
        for book in books.iter().filter(|book| book.cut) {
            sight = sight.and(Sight::part(format!(
                "{} has more: only its newest {} were read; at_most(n) reads more.",
                book.node, self.most
            )));
        }
        sight = sight.and(Sight::without(books.iter().map(|book| book.odd).sum()));
        sight = sight.and(self.audited(books.iter().map(|book| &book.node)));
        let mut tasks: Vec<Task> = books.into_iter().flat_map(|book| book.tasks).collect();
        for task in &mut tasks {
            task.provenance = provenance.clone();
        }
        tasks.sort_by(|a, b| b.started.cmp(&a.started).then_with(|| b.upid.cmp(&a.upid)));
        let question = "What was done, by whom, and did it work?".into();
        Ok(List::new(tasks, About { title: self.title().into(), question, sight, provenance, of: None }))
    }

    /// The nodes to ask, and what is to be said of those that are not.
    fn nodes(&self) -> Result<(Vec<Text>, Sight, Provenance), Error> {
        if let Some(node) = &self.node {
            let place = format!("node/{}", node.raw());
            return Ok((vec![node.clone()], Sight::whole(), self.session.provenance([], Some(&place))));
        }
        let resources = Resources::read(&self.session)?;
        let provenance = self.session.provenance([&resources.answer], None);
        let (online, away): (Vec<_>, Vec<_>) = resources.online().into_iter().partition(|(_, online)| *online);
        let away: Vec<String> = away.iter().map(|(node, _)| node.to_string()).collect();
        let sight = match away.len() {
            0 => Sight::whole(),
            n => Sight::part(format!("Not asked: {}, offline ({}).", count(n, ("node", "nodes")), away.join(", "))),
        };
        Ok((online.into_iter().map(|(node, _)| node).collect(), sight, provenance))
    }

    fn call(&self, book: &Book) -> Call {
        let mut call = Call::get(format!("/nodes/{}/tasks", book.node.raw()))
            .with("source", if self.running { "active" } else { "all" });
        for (key, moment) in [("since", self.since), ("until", self.until)] {
            if let Some(moment) = moment {
                call = call.with(key, moment.unix().max(0).to_string());
            }
        }
        for (key, value) in &self.narrowed {
            call = call.with(*key, value.clone());
        }
        let call = call.with("limit", Book::PAGE.to_string());
        if book.rows == 0 { call } else { call.with("start", book.rows.to_string()) }
    }

    /// Tasks of others are seen with Sys.Audit on the node.
    fn audited<'a>(&self, nodes: impl Iterator<Item = &'a Text>) -> Sight {
        let (mut lacking, mut unknown) = (Vec::new(), false);
        for node in nodes {
            match self.session.has("Sys.Audit", &format!("/nodes/{}", node.raw())) {
                Some(true) => {}
                Some(false) => lacking.push(node.to_string()),
                None => unknown = true,
            }
        }
        let identity = self.session.identity();
        match (lacking.is_empty(), unknown) {
            (false, _) => Sight::hidden(format!(
                "{identity} lacks Sys.Audit on {}: tasks of others are left out there, and a token may miss even its own.",
                lacking.join(", ")
            )),
            (true, true) => Sight::unknown(format!(
                "Whether these are all tasks cannot be said: the privileges of {identity} could not be read."
            )),
            (true, false) => Sight::whole(),
        }
    }

    fn title(&self) -> String {
        let narrowed = self.narrowed.iter().map(|(key, value)| match *key {
            "statusfilter" if value == "error" => "that failed".to_owned(),
            "statusfilter" => "with warnings".to_owned(),
            "typefilter" => format!("of kind {value}"),
            "userfilter" => format!("by {value}"),
            _ => format!("of guest {value}"),
        });
        let mut parts: Vec<String> = narrowed.collect();
        parts.extend(self.running.then(|| "that run".to_owned()));
        parts.extend(self.since.map(|since| format!("since {} {}", since.date(), since.time())));
        parts.extend(self.until.map(|until| format!("until {} {}", until.date(), until.time())));
        let whose = self.node.as_ref().map_or("of all nodes".to_owned(), |node| format!("on {}", node.raw()));
        format!("Tasks {whose} {}", parts.join(" ")).trim_end().to_owned()
    }
}

/// What was read of one node so far.
struct Book {
    node: Text,
    tasks: Vec<Task>,
    known: BTreeSet<Text>,
    rows: usize,
    pages: usize,
    odd: usize,
    cut: bool,
    done: bool,
}

impl Book {
    const PAGE: usize = 500;

    fn of(node: Text) -> Book {
        let (tasks, known) = (Vec::new(), BTreeSet::new());
        Book { node, tasks, known, rows: 0, pages: 0, odd: 0, cut: false, done: false }
    }

    /// One more page. What ended or began in the meantime moves rows from one page to the next, so a task may come twice.
    fn add(&mut self, query: &TaskQuery, answer: &Answer) -> Result<(), Error> {
        let rows = answer.rows::<TaskRow>()?;
        self.odd += rows.odd;
        let (mut came, mut new) = (rows.odd, 0);
        for (row, raw) in rows {
            came += 1;
            if !self.known.insert(row.upid.clone()) {
                continue;
            }
            new += 1;
            match Task::read(&query.session, row, raw, &Provenance::default()) {
                // A server that does not know these bounds gives everything; of those at work it also names some that just ended.
                Ok(task) if query.running && !task.is_running() => {}
                Ok(task) if query.since.is_some_and(|since| task.started < since) => {}
                Ok(task) if query.until.is_some_and(|until| task.started > until) => {}
                Ok(task) => self.tasks.push(task),
                Err(_) => self.odd += 1,
            }
        }
        self.pages += 1;
        self.rows += came;
        let more = came >= Book::PAGE && new > 0;
        self.cut = self.tasks.len() > query.most || (more && self.tasks.len() == query.most);
        self.tasks.truncate(query.most);
        self.done = !more || self.cut;
        Ok(())
    }
}

impl fmt::Debug for TaskQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskQuery({})", Text::from(self.title()))
    }
}

impl Node {
    /// Everything that it did since then, from `/nodes/{node}/tasks`.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn tasks_since(&self, since: Moment) -> Result<List<Task>, Error> {
        self.task_query().since(since).read()
    }

    /// A question about its tasks of the past, to be narrowed.
    pub fn task_query(&self) -> TaskQuery {
        TaskQuery::new(&self.session, Some(&self.name))
    }
}

impl Guest {
    /// A question about what was done to it in the past, on every node that is online: a guest that moved has its tasks
    /// on several.
    pub fn task_query(&self) -> TaskQuery {
        TaskQuery::new(&self.session, None).of_guest(self.vmid)
    }
}
