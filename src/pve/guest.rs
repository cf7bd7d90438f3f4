//! What a cluster tells of guests beyond their list: tasks of the past, pools.

use crate::error::Error;
use crate::model::list::List;
use crate::model::pool::Pool;
use crate::model::task::{Task, TaskQuery};
use crate::pve::Pve;
use crate::units::Moment;

impl Pve {
    /// One pool by its name, with those that it lies in: `pve.pool("prod/web")?`; from `/pools`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// assert_eq!(Pve::demo()?.pool("prod")?.children(), ["prod/web"]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] names those that there are.
    pub fn pool(&self, name: &str) -> Result<Pool, Error> {
        Pool::find(&self.session, name)
    }

    /// Everything that was done since then on every node that is online, from `/nodes/{node}/tasks`;
    /// [`tasks`](Pve::tasks) has only the last of each node.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let tasks = Pve::demo()?.tasks_since(Moment::from_unix(1_768_435_200))?;
    /// assert!(tasks.all(|task| task.started.date() == "2026-01-15"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When no node can be asked.
    pub fn tasks_since(&self, since: Moment) -> Result<List<Task>, Error> {
        self.task_query().since(since).read()
    }

    /// A question about the tasks of the past, to be narrowed: `pve.task_query().last(Age(86_400)).failed().read()?`.
    pub fn task_query(&self) -> TaskQuery {
        TaskQuery::new(&self.session, None)
    }
}
