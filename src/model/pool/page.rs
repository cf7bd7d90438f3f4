//! How a pool is shown: its row in a table, and its page.

use crate::error::Error;
use crate::model::access::right::{self, Right};
use crate::model::guest::Guest;
use crate::model::inspect::{FOUND, Inspection, raw_lines};
use crate::model::lens::{self, Inspected};
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::pool::Pool;
use crate::model::together::{joined, sum_of};
use crate::page::{Cell, Page};
use crate::render::View;
use crate::text::Text;
use crate::units::{Bytes, Reading};
use crate::wire::Call;

impl Listed for Pool {
    const NOUN: (&'static str, &'static str) = ("pool", "pools");

    fn columns() -> Vec<Column<Pool>> {
        vec![
            column!("Pool", |p: &Pool| p.name.clone()),
            column!("Guests", |p: &Pool| p.guests),
            column!("Pools in it", |p: &Pool| {
                p.children().iter().map(Text::to_string).collect::<Vec<_>>().join(", ")
            })
            .by("all name", "the names among all pools that begin with this one's and a slash"),
            column!("Comment", |p: &Pool| p.comment.clone()),
        ]
    }

    fn summary(pools: &[Pool]) -> (String, String) {
        let empty: Vec<String> = pools
            .iter()
            .filter(|pool| pool.guests == 0 && pool.children().is_empty())
            .map(|pool| pool.name.to_string())
            .collect();
        let rest = if empty.is_empty() { ".".into() } else { format!("; without a guest: {}.", empty.join(", ")) };
        (count(pools.len(), Pool::NOUN), rest)
    }
}

const QUESTION: &str = "What belongs to it, and how much of the cluster does it take?";

/// The sum of what is known, and how many do not say theirs.
fn sum(guests: &[Guest], of: impl Fn(&Guest) -> Reading<Bytes>) -> Cell {
    match guests.is_empty() {
        true => Cell::from("none"),
        false => sum_of(guests.iter().map(of)).into(),
    }
}

impl Pool {
    /// What it is and what its guests come to, with those in pools inside it; the first part of its page.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let page = Pve::demo()?.pool("prod")?.overview()?;
    /// assert!(page.text().contains("Memory of running guests"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn overview(&self) -> Result<Page, Error> {
        let all = self.all_guests()?;
        let running = all.filter(Guest::is_running).to_vec();
        let (fact, rest) = Guest::summary(&all.to_vec());
        let inner = if self.children().is_empty() { "" } else { ", those in pools inside it counted" };
        let around = [("For", self.comment.clone()), ("Part of", self.parent())];
        let around = around.into_iter().filter_map(|(label, words)| Some((label, Cell::from(words?))));
        let inside = Some(self.children()).filter(|pools| !pools.is_empty());
        let facts = [
            ("Guests", format!("{fact}{}{inner}", rest.trim_end_matches('.')).into()),
            ("Memory of running guests", sum(&running, |guest| guest.maxmem)),
            ("Memory that they use", sum(&running, |guest| guest.mem)),
            ("First disks of all guests", sum(&all.to_vec(), |guest| guest.maxdisk)),
        ];
        let inside = inside.map(|pools| ("Pools in it", Cell::from(joined(&pools))));
        let page = Page::new(format!("Pool {}", self.name.raw())).question(QUESTION).facts(lens::facts(
            self,
            around.chain(inside).chain(facts),
            &self.provenance(),
        ));
        let page = all.about_caveats().fold(page, |page, (level, words)| page.note(level, words));
        Ok(page.provenance(all.provenance()))
    }

    /// What this session's identity may do with it, from `/access/permissions?path=/pool/{poolid}`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn permissions(&self) -> Result<List<Right>, Error> {
        Right::on(self.origin.session()?, &self.access_path(), self.name.raw())
    }

    fn access_path(&self) -> String {
        format!("/pool/{}", self.name.raw())
    }

    /// The same pool for its page, with what that reads on its way.
    fn ahead(&self) -> Pool {
        let Ok(session) = self.origin.session() else { return self.clone() };
        let members = Call::get("/pools").with("poolid", self.name.raw());
        let reads = [Call::get("/cluster/resources"), members, Call::get("/storage"), right::call(&self.access_path())];
        Pool { origin: self.origin.within(session.ahead(reads)), ..self.clone() }
    }

    fn answer(&self) -> (String, String) {
        let guests = match self.guests {
            Reading::Known(guests) => count(guests as usize, Guest::NOUN),
            Reading::Missing(why) => {
                return (format!("How many guests {} has is not known", self.name.raw()), format!(": {why}."));
            }
        };
        let rest = match self.children().as_slice() {
            [] => String::new(),
            inside => format!(", without those in {}", joined(inside)),
        };
        (format!("{} has {guests}", self.name.raw()), format!("{rest}."))
    }
}

impl Inspected for Pool {
    const PARTS: &'static [&'static str] = &["Status", "Guests", "Storages", "Permissions", "Raw data", FOUND];
}

impl View for Pool {
    fn page(&self) -> Page {
        let ahead = self.ahead();
        let code = format!("pve.pool({:?})?", self.name.raw());
        let (fact, rest) = self.answer();
        let top = Page::new(format!("Pool {}", self.name.raw())).question(QUESTION).answer(fact, rest);
        let page = Inspection::of(&ahead, code, &self.provenance(), top)
            .open_if_read("Status", ".overview()?", ahead.overview())
            .part("Guests", ".guests()?", ahead.guests().map(|list| list.page()));
        let page = match ahead.storages() {
            Ok(storages) if storages.is_empty() => page,
            storages => page.part("Storages", ".storages()?", storages.map(|list| list.page())),
        };
        page.part("Permissions", ".permissions()?", ahead.permissions().map(|rights| rights.page()))
            .part("Raw data", ".raw()", Ok(raw_lines(&self.raw())))
            .page()
    }
}
