//! A group of users, to which rights are given together.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::record::{Ask, Origin, record};
use crate::model::together::joined;
use crate::session::Session;
use crate::text::Text;

fields! {
    /// A group of users, from `/access/groups`. The server shows those on which one holds User.Modify, Sys.Audit or
    /// Group.Allocate.
    #[derive(Clone, Default)]
    pub struct UserGroup {
        /// Its name.
        pub groupid: Text,
        /// What it is for.
        pub comment: Option<Text>,
        /// Who belongs to it.
        #[field("users" | "members", loose::words)]
        pub users: Vec<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(UserGroup: "/access/groups", "/access/groups/{groupid}");

impl UserGroup {
    pub(crate) fn list(session: &Session) -> Result<List<UserGroup>, Error> {
        Ask::new(session, "/access/groups")
            .titled("Groups of users")
            .question("Who is given rights together with whom?")
            .filtered_by("groups", &["User.Modify", "Sys.Audit", "Group.Allocate"], "/access/groups")
            .list()
    }

    /// Whether this user belongs to it.
    pub fn has(&self, userid: &str) -> bool {
        self.users.iter().any(|user| user == userid)
    }
}

impl Listed for UserGroup {
    const NOUN: (&'static str, &'static str) = ("group", "groups");

    fn columns() -> Vec<Column<UserGroup>> {
        vec![
            column!("Group", |g: &UserGroup| g.groupid.clone()),
            column!("Users", |g: &UserGroup| joined(&g.users)),
            column!("How many", |g: &UserGroup| g.users.len()),
            column!("Comment", |g: &UserGroup| g.comment.clone()),
        ]
    }

    fn summary(groups: &[UserGroup]) -> (String, String) {
        let empty: Vec<String> =
            groups.iter().filter(|group| group.users.is_empty()).map(|group| group.groupid.to_string()).collect();
        let rest = if empty.is_empty() { ".".into() } else { format!("; with nobody in them: {}.", empty.join(", ")) };
        (count(groups.len(), UserGroup::NOUN), rest)
    }
}
