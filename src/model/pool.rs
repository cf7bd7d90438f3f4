//! A pool: guests and storages that belong together, for permissions and for people.

use std::fmt;

use serde::Deserialize;

use crate::error::Error;
use crate::loose;
use crate::model::guest::Guest;
use crate::model::list::{About, Column, List, Listed};
use crate::model::resource::Resources;
use crate::model::sight::Sight;
use crate::page::{Page, Provenance};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Reading, Why};
use crate::wire::Call;

/// A pool, from `/pools`. A name with a slash is a pool inside a pool.
#[derive(Clone)]
pub struct Pool {
    /// Its name.
    pub name: Text,
    /// What it is for, in the words of whoever made it.
    pub comment: Option<Text>,
    /// How many guests it has, without those in pools inside it.
    pub guests: Reading<u64>,
    session: Session,
    provenance: Provenance,
}

#[derive(Deserialize)]
struct PoolRow {
    #[serde(deserialize_with = "loose::text")]
    poolid: Option<Text>,
    #[serde(default, deserialize_with = "loose::text")]
    comment: Option<Text>,
}

impl Pool {
    pub(crate) fn list(session: &Session) -> Result<List<Pool>, Error> {
        let answer = session.ask(Call::get("/pools"))?;
        let resources = Resources::read(session);
        let provenance =
            session.provenance(std::iter::once(&answer).chain(resources.as_ref().ok().map(|all| &all.answer)), None);
        let guests = |pool: &Text| match &resources {
            Ok(all) => Reading::Known(
                all.of(&["qemu", "lxc"]).filter(|(row, _)| row.pool.as_ref() == Some(pool)).count() as u64,
            ),
            Err(_) => Reading::Missing(Why::NotInAnswer),
        };
        let mut pools: Vec<Pool> = answer
            .rows::<PoolRow>()?
            .into_iter()
            .filter_map(|(row, _)| {
                Some(Pool {
                    guests: guests(row.poolid.as_ref()?),
                    name: row.poolid?,
                    comment: row.comment,
                    session: session.clone(),
                    provenance: provenance.clone(),
                })
            })
            .collect();
        pools.sort_by(|a, b| a.name.cmp(&b.name));
        let about = About {
            title: "Pools".into(),
            question: "Which guests belong together, and what for?".into(),
            sight: Sight::filtered(session, "pools", &["Pool.Audit"], "/pool"),
            provenance,
            of: None,
        };
        Ok(List::new(pools, about))
    }

    /// The guests in it, without those in pools inside it.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn guests(&self) -> Result<List<Guest>, Error> {
        Ok(Guest::list(&self.session)?.filter(|guest| guest.pool.as_ref() == Some(&self.name)))
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({})", self.name)
    }
}

impl Listed for Pool {
    const NOUN: (&'static str, &'static str) = ("pool", "pools");

    fn columns() -> Vec<Column<Pool>> {
        vec![
            Column::new("Pool", |p: &Pool| p.name.clone()),
            Column::new("Guests", |p: &Pool| p.guests),
            Column::new("Comment", |p: &Pool| p.comment.clone()),
        ]
    }
}

impl View for Pool {
    fn page(&self) -> Page {
        let page = Page::new(format!("Pool {}", self.name.raw())).question("What belongs to it?");
        let page = match &self.comment {
            Some(comment) => page.paragraph(comment.clone()),
            None => page,
        };
        crate::model::guest::page::part(page, "Guests", "pve.pools()?", self.guests().map(|list| list.page()))
            .provenance(self.provenance.clone())
    }
}
