//! The access control list: who has which role, and where.

use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::record::{Ask, Origin, record};
use crate::model::words::words;
use crate::page::{Cell, State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::Reading;

words! {
    /// To whom a role is given.
    pub enum Grantee {
        /// A user.
        User = "user",
        /// Everyone in a group.
        Group = "group",
        /// An API token.
        Token = "token",
    }
}

fields! {
    /// An entry of the access control list, from `/access/acl`. With Sys.Audit on `/access` the server shows all; otherwise
    /// those on objects whose permissions one may change.
    #[derive(Clone, Default)]
    pub struct AclEntry {
        /// Where it holds: `/`, `/vms/101`, `/storage/local`, `/pool/prod`, ...
        pub path: Text,
        /// Whether it is given to a user, a group or a token.
        #[field("type")]
        pub kind: Reading<Grantee>,
        /// The user, group or token.
        pub ugid: Text,
        /// The role.
        pub roleid: Text,
        /// Whether it holds on everything below the path as well.
        pub propagate: Reading<bool>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(AclEntry: "/access/acl");

impl AclEntry {
    pub(crate) fn list(session: &Session) -> Result<List<AclEntry>, Error> {
        let ask = Ask::new(session, "/access/acl")
            .titled("Access control list")
            .question("Who was given which role, and where?");
        // Who may change permissions everywhere is shown everything without the audit.
        let ask = match session.has_below("Permissions.Modify", "/") {
            Some(true) => ask,
            _ => ask.gated_by("entries", &["Sys.Audit"], "/access"),
        };
        Ok(ask.list()?.sorted_by_key(|entry: &AclEntry| (entry.path.clone(), entry.kind.clone(), entry.ugid.clone())))
    }

    /// Whether it takes everything away instead of giving something.
    pub fn denies(&self) -> bool {
        self.roleid == "NoAccess"
    }

    fn role(&self) -> Cell {
        if self.denies() { State::new(Tone::Off, "NoAccess").into() } else { (&self.roleid).into() }
    }

    fn reach(&self) -> Cell {
        match self.propagate {
            Reading::Known(true) => "and all below".into(),
            Reading::Known(false) => "there alone".into(),
            Reading::Missing(why) => why.into(),
        }
    }
}

impl Listed for AclEntry {
    const NOUN: (&'static str, &'static str) = ("entry", "entries");

    fn columns() -> Vec<Column<AclEntry>> {
        vec![
            column!("Where", |e: &AclEntry| Cell::Code(e.path.clone())),
            column!("Who", |e: &AclEntry| Cell::Name(e.ugid.clone(), e.kind.to_string().into())),
            column!("Role", AclEntry::role).by("roleid", "the role; NoAccess, which takes everything away, stands out"),
            column!("Reaches", AclEntry::reach).by("propagate", "1 reaches everything below, 0 that path alone"),
        ]
    }

    fn summary(entries: &[AclEntry]) -> (String, String) {
        let everywhere = entries.iter().filter(|e| e.path == "/" && e.propagate == true && !e.denies());
        let mut who: Vec<String> = everywhere.map(|e| format!("{} ({})", e.ugid, e.roleid)).collect();
        who.sort();
        // That nobody has one cannot be said: these may be a part of the list, filtered here or by the server.
        let rest = if who.is_empty() { ".".into() } else { format!("; everywhere: {}.", who.join(", ")) };
        (count(entries.len(), AclEntry::NOUN), rest)
    }
}
