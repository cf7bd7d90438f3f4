//! A job that takes users and groups over from a directory.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column};
use crate::model::record::{Ask, Origin, record};
use crate::page::{State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Moment, Reading};

fields! {
    /// A job that takes users and groups over from a directory, from `/cluster/jobs/realm-sync`. Needs Sys.Audit on `/`.
    #[derive(Clone, Default)]
    pub struct RealmSyncJob {
        /// Its name.
        pub id: Text,
        /// The realm whose directory is read.
        pub realm: Reading<Text>,
        /// Whether it runs.
        pub enabled: Reading<bool>,
        /// When it runs, as a calendar event.
        pub schedule: Reading<Text>,
        /// When it ran last, if it did.
        #[field("last-run", loose::optional)]
        pub last_run: Option<Moment>,
        /// When it runs next.
        #[field("next-run", loose::optional)]
        pub next_run: Option<Moment>,
        /// Whether it takes over `users`, `groups` or `both`.
        pub scope: Option<Text>,
        /// What is removed here when it is gone there: `acl`, `entry`, `properties`.
        #[field("remove-vanished", loose::words)]
        pub remove_vanished: Vec<Text>,
        /// What it is for.
        pub comment: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(RealmSyncJob: "/cluster/jobs/realm-sync");

impl RealmSyncJob {
    pub(crate) fn list(session: &Session) -> Result<List<RealmSyncJob>, Error> {
        Ask::new(session, "/cluster/jobs/realm-sync")
            .titled("Jobs that read directories")
            .question("Where do users and groups come from by themselves?")
            .list()
    }
}

impl Listed for RealmSyncJob {
    const NOUN: (&'static str, &'static str) = ("realm sync job", "realm sync jobs");

    fn columns() -> Vec<Column<RealmSyncJob>> {
        vec![
            column!("Job", |j: &RealmSyncJob| j.id.clone()),
            column!("State", |j: &RealmSyncJob| match j.enabled {
                Reading::Known(true) => State::new(Tone::Good, "enabled"),
                Reading::Known(false) => State::new(Tone::Off, "disabled"),
                Reading::Missing(why) => State::new(Tone::Unknown, why.to_string()),
            }),
            column!("Realm", |j: &RealmSyncJob| j.realm.clone()),
            column!("When", |j: &RealmSyncJob| j.schedule.clone()),
            column!("Last run", |j: &RealmSyncJob| j.last_run),
            column!("Next run", |j: &RealmSyncJob| j.next_run),
            column!("Comment", |j: &RealmSyncJob| j.comment.clone()),
        ]
    }
}
