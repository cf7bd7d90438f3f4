//! A task's log, page by page: whole, or its last lines.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::task::{Task, Upid, path};
use crate::session::Session;
use crate::text::Text;
use crate::wire::Call;

fields! {
    /// A line of a log: its number, counted from 1, and its words.
    #[derive(Default)]
    pub(crate) struct LogLine {
        #[field(loose::u64)]
        n: Option<u64>,
        t: Option<Text>,
    }
}

fields! {
    /// How many lines there are, beside those that were asked for.
    #[derive(Default)]
    struct Total {
        #[field(loose::u64)]
        total: Option<u64>,
    }
}

/// The server reads the file from its beginning for every page, so pages are large.
const PAGE: usize = 5_000;

/// One page of a log, and how many lines there are in all where the server says so.
fn page(session: &Session, upid: &Upid, start: usize, limit: usize) -> Result<(Vec<Text>, Option<usize>), Error> {
    let call = Call::get(path(upid, "log")).with("start", start.to_string()).with("limit", limit.to_string());
    let answer = session.ask(call)?;
    let rows: Vec<LogLine> = answer.rows()?.into_iter().map(|(line, _)| line).collect();
    let total = serde_json::from_str::<Total>(&answer.reply.body).unwrap_or_default().total;
    let total = total.and_then(|total| usize::try_from(total).ok());
    let first = rows.first().and_then(|line| line.n);
    // A log that is still empty is answered with a line that the task never wrote, later replaced by the first real one.
    let only = rows.len() == 1 && total.is_none_or(|total| total == 1);
    if only && first == Some(1) && rows[0].t.as_ref().is_some_and(|t| t == "no content") {
        return Ok((Vec::new(), Some(0)));
    }
    // Where the server gives other lines than asked for, there are no more.
    if first.is_some_and(|n| n != start as u64 + 1) {
        return Ok((Vec::new(), total));
    }
    Ok((rows.into_iter().map(|line| line.t.unwrap_or_default()).collect(), total))
}

/// The lines of a log from this one on, counted from 0.
pub(super) fn from(session: &Session, upid: &Upid, from: usize) -> Result<Vec<Text>, Error> {
    let mut lines = Vec::new();
    loop {
        let (page, _) = page(session, upid, from + lines.len(), PAGE)?;
        let came = page.len();
        lines.extend(page);
        if came < PAGE {
            return Ok(lines);
        }
    }
}

/// The last lines of a log, and how many there are in all.
pub(super) fn tail(session: &Session, upid: &Upid, most: usize) -> Result<(Vec<Text>, usize), Error> {
    // A limit of 0 would give everything.
    let (lines, total) = page(session, upid, 0, most.max(1))?;
    let Some(total) = total.filter(|total| *total > lines.len()) else {
        let all = lines.len();
        return Ok((if most == 0 { Vec::new() } else { lines }, all));
    };
    if most == 0 {
        return Ok((Vec::new(), total));
    }
    let (lines, _) = page(session, upid, total - most.min(total), most)?;
    Ok((lines, total))
}

impl Task {
    /// Its whole log, from `/nodes/{node}/tasks/{upid}/log`.
    ///
    /// # Errors
    /// When the node cannot be reached, or the task is another's and Sys.Audit is missing.
    pub fn log(&self) -> Result<Vec<Text>, Error> {
        from(&self.session, &self.upid, 0)
    }

    /// The last lines of its log, which is quick however long that is.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let backup = Pve::demo()?.tasks()?.find(|task| task.kind == "vzdump" && !task.is_failed()).unwrap();
    /// assert_eq!(backup.log_tail(1)?, ["TASK OK"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`log`](Task::log).
    pub fn log_tail(&self, lines: usize) -> Result<Vec<Text>, Error> {
        Ok(tail(&self.session, &self.upid, lines)?.0)
    }
}
