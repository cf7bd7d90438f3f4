//! A role: a name for a set of privileges.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::record::{Ask, Origin, record};
use crate::model::together::joined;
use crate::session::Session;
use crate::text::Text;

fields! {
    /// A role, from `/access/roles`, which shows all of them to everyone.
    #[derive(Clone, Default)]
    pub struct Role {
        /// Its name.
        pub roleid: Text,
        /// The privileges in it: `VM.Audit`, `VM.PowerMgmt`, ...
        #[field(loose::words)]
        pub privs: Vec<Text>,
        /// Whether it comes with Proxmox VE and cannot be changed.
        #[field(loose::yes)]
        pub special: bool,
        #[field(skip)]
        origin: Origin,
    }
}

record!(Role: "/access/roles");

impl Role {
    pub(crate) fn list(session: &Session) -> Result<List<Role>, Error> {
        Ask::new(session, "/access/roles")
            .titled("Roles")
            .question("Which sets of privileges can be given to somebody?")
            .list()
    }

    /// Whether this privilege is in it.
    pub fn allows(&self, privilege: &str) -> bool {
        self.privs.iter().any(|held| held == privilege)
    }
}

impl Listed for Role {
    const NOUN: (&'static str, &'static str) = ("role", "roles");

    fn columns() -> Vec<Column<Role>> {
        vec![
            column!("Role", |r: &Role| r.roleid.clone()),
            column!("Made by", |r: &Role| if r.special { "Proxmox VE" } else { "an administrator here" }),
            column!("How many", |r: &Role| r.privs.len()),
            column!("Privileges", |r: &Role| joined(&r.privs)),
        ]
    }

    fn summary(roles: &[Role]) -> (String, String) {
        let own: Vec<String> = roles.iter().filter(|role| !role.special).map(|role| role.roleid.to_string()).collect();
        let rest = if own.is_empty() {
            ", all of Proxmox VE itself.".into()
        } else {
            format!("; made here: {}.", own.join(", "))
        };
        (count(roles.len(), Role::NOUN), rest)
    }
}
