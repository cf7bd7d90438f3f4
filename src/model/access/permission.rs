//! What an identity may do in the end: the privileges that users, groups, roles and pools come to, path by path.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::error::Error;
use crate::model::list::{About, Column, List, Listed, count};
use crate::model::sight::Sight;
use crate::page::{Cell, Page, Provenance};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Reading, Why};
use crate::wire::Call;

/// A privilege on a path, from `/access/permissions`.
#[derive(Clone)]
pub struct Permission {
    /// Where: `/`, `/vms/101`, `/storage/local`, ...
    pub path: Text,
    /// What may be done: `VM.PowerMgmt`.
    pub privilege: Text,
    /// Whether it holds on everything below the path as well, unless something below says otherwise.
    pub propagate: Reading<bool>,
    provenance: Provenance,
}

impl Permission {
    /// Those of this session's identity, or of another user or token.
    pub(crate) fn list(session: &Session, userid: Option<&str>) -> Result<List<Permission>, Error> {
        let call = Call::get("/access/permissions");
        let call = match userid {
            Some(userid) => call.with("userid", userid),
            None => call,
        };
        let answer = session.ask(call)?;
        let provenance = session.provenance([&answer], None);
        let by_path: BTreeMap<String, BTreeMap<String, Value>> = answer.reply.data(&answer.call)?;
        let items = by_path.iter().flat_map(|(path, held)| {
            held.iter().map(|(privilege, on)| Permission {
                path: path.into(),
                privilege: privilege.into(),
                propagate: Reading::or_missing(on.as_u64().map(|on| on != 0), Why::NotUnderstood),
                provenance: provenance.clone(),
            })
        });
        let items: Vec<Permission> = items.collect();
        let mut sight = Sight::whole();
        if items.iter().any(|item| item.propagate == true) {
            sight = sight.remark(
                "What holds below a path ends where another entry is, such as one of the role NoAccess. Paths where that \
                 leaves nothing are not in the answer; pve.acl()? has every entry.",
            );
        }
        if let Some(userid) = userid.filter(|_| items.is_empty()) {
            sight = sight.remark(format!(
                "The answer is the same for a user or token that does not exist, so see whether {userid} does: pve.users()?"
            ));
        }
        let who = userid.map_or_else(|| session.identity(), Text::from);
        let about = About {
            title: format!("Privileges of {}", who.raw()).into(),
            question: format!("What may {} do in the end, and where?", who.raw()).into(),
            sight,
            provenance: provenance.clone(),
            of: None,
        };
        Ok(List::new(items, about))
    }
}

impl Listed for Permission {
    const NOUN: (&'static str, &'static str) = ("privilege on a path", "privileges on paths");

    fn columns() -> Vec<Column<Permission>> {
        vec![
            Column::new("Path", |p: &Permission| Cell::Code(p.path.clone())),
            Column::new("Privilege", |p: &Permission| p.privilege.clone()),
            Column::new("Reaches", |p: &Permission| match p.propagate {
                Reading::Known(true) => Cell::from("and all below"),
                Reading::Known(false) => Cell::from("there alone"),
                Reading::Missing(why) => Cell::from(why),
            }),
        ]
    }

    fn summary(items: &[Permission]) -> (String, String) {
        let mut paths: Vec<&Text> = items.iter().map(|item| &item.path).collect();
        paths.sort();
        paths.dedup();
        let mut privileges: Vec<&Text> = items.iter().map(|item| &item.privilege).collect();
        privileges.sort();
        privileges.dedup();
        let rest = match items.is_empty() {
            true => ": nothing may be done, and lists are empty whatever there is.".into(),
            false => format!(": {} different on {}.", privileges.len(), count(paths.len(), ("path", "paths"))),
        };
        (count(items.len(), Permission::NOUN), rest)
    }
}

impl View for Permission {
    fn page(&self) -> Page {
        let facts = Permission::columns().into_iter().map(|column| (column.name().clone(), column.cell(self)));
        Page::new(format!("{} on {}", self.privilege.raw(), self.path.raw()))
            .facts(facts)
            .provenance(self.provenance.clone())
    }
}

impl fmt::Debug for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permission({} on {})", self.privilege, self.path)
    }
}
