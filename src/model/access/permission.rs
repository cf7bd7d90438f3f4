//! What an identity may do in the end: the privileges that users, groups, roles and pools come to, path by path.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use crate::error::Error;
use crate::model::list::{About, Column, List, Listed, column, count};
use crate::model::sight::Sight;
use crate::model::together::joined;
use crate::model::told::told;
use crate::model::why::{Explained, Sources};
use crate::page::{Cell, Page, Provenance};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::wire::Call;

told! {
    /// The privileges on a path, from `/access/permissions`.
    #[derive(Clone)]
    pub struct Permission {
        /// Where: `/`, `/vms/101`, `/storage/local`, ...
        #[field(skip, "the name under which the privileges stand in the answer")]
        pub path: Text,
        /// What may be done there: `VM.PowerMgmt`, ...
        #[field("{path}", "the names in it")]
        pub privileges: Vec<Text>,
        /// Those of them that hold there alone; the others hold on everything below as well, unless something below says
        /// otherwise.
        #[field("{path}", "the names in it that are 0")]
        pub there_alone: Vec<Text>,
        /// Those of which the answer does not say in words that are understood whether they hold below.
        #[field("{path}", "the names in it that are neither 0 nor 1")]
        pub unclear: Vec<Text>,
        /// The nearest path above where the very same privileges are held.
        #[field(skip, "the other paths in the answer")]
        same_as: Option<Text>,
        #[field(skip)]
        provenance: Provenance,
        /// What the answer has under the path.
        #[field(skip)]
        held: BTreeMap<String, Value>,
    }
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
        let held = by_path.iter().filter(|(_, held)| !held.is_empty());
        let items: Vec<Permission> =
            held.map(|(path, held)| Permission::read(path, held, &by_path, &provenance)).collect();
        let mut sight = Sight::whole();
        if items.iter().any(|item| item.there_alone.len() < item.privileges.len()) {
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

    fn read(
        path: &str,
        held: &BTreeMap<String, Value>,
        all: &BTreeMap<String, BTreeMap<String, Value>>,
        provenance: &Provenance,
    ) -> Permission {
        let those = |wanted: fn(Option<u64>) -> bool| -> Vec<Text> {
            held.iter().filter(|(_, on)| wanted(on.as_u64())).map(|(name, _)| name.into()).collect()
        };
        let above = all.iter().filter(|(at, _)| lies_below(path, at)).max_by_key(|(at, _)| at.len());
        Permission {
            path: path.into(),
            privileges: those(|_| true),
            there_alone: those(|on| on == Some(0)),
            unclear: those(|on| on.is_none()),
            same_as: above.filter(|(_, theirs)| *theirs == held).map(|(at, _)| at.into()),
            provenance: provenance.clone(),
            held: held.clone(),
        }
    }

    /// Whether this privilege is held on the path.
    pub fn allows(&self, privilege: &str) -> bool {
        self.privileges.iter().any(|held| held == privilege)
    }

    /// The privileges by their families, one a line: `VM: Audit, PowerMgmt`.
    fn by_family(&self) -> Text {
        let mut families = BTreeMap::<&str, Vec<&str>>::new();
        for privilege in &self.privileges {
            let (family, rest) = privilege.raw().split_once('.').unwrap_or((privilege.raw(), ""));
            families.entry(family).or_default().push(rest);
        }
        let line = |(family, rest): (&str, Vec<&str>)| format!("{family}: {}", rest.join(", "));
        families.into_iter().map(line).collect::<Vec<_>>().join("\n").into()
    }

    fn reach(&self) -> String {
        let some = [(&self.there_alone, "hold there alone"), (&self.unclear, "not understood")];
        match some.iter().find(|(those, _)| those.len() == self.privileges.len()) {
            Some((_, words)) => (*words).to_owned(),
            None => {
                let but = some.iter().filter(|(those, _)| !those.is_empty());
                let but: Vec<String> = but.map(|(those, words)| format!("{}: {words}", joined(those))).collect();
                if but.is_empty() { "and all below".into() } else { format!("and all below, but {}", but.join("; ")) }
            }
        }
    }
}

/// Whether a path lies below another.
fn lies_below(path: &str, above: &str) -> bool {
    path != above && path.strip_prefix(above.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

impl Explained for Permission {
    fn sources(&self) -> Sources {
        let sources = Sources::of(&self.provenance).named("path", self.path.raw());
        let call = sources.call("");
        sources.part(call, "", json!({ self.path.raw(): self.held }))
    }
}

impl Listed for Permission {
    const NOUN: (&'static str, &'static str) = ("path with privileges", "paths with privileges");

    fn columns() -> Vec<Column<Permission>> {
        vec![
            column!("Path", |p: &Permission| Cell::Code(p.path.clone())),
            column!("How many", |p: &Permission| p.privileges.len()),
            column!("Privileges", |p: &Permission| match &p.same_as {
                Some(above) => Text::from(format!("as on {}", above.raw())),
                None => p.by_family(),
            })
            .by("privileges same_as", "family by family; or the path above on which the very same are held"),
            column!("Reaches", Permission::reach).by(
                "privileges there_alone unclear",
                "what the answer marks 1 holds on everything below as well, what it marks 0 there alone",
            ),
        ]
    }

    fn summary(items: &[Permission]) -> (String, String) {
        let mut privileges: Vec<&Text> = items.iter().flat_map(|item| &item.privileges).collect();
        privileges.sort();
        privileges.dedup();
        let rest = match items.is_empty() {
            true => ": nothing may be done, and lists are empty whatever there is.".into(),
            false => format!("; {}.", count(privileges.len(), ("different privilege", "different privileges"))),
        };
        (count(items.len(), Permission::NOUN), rest)
    }
}

impl View for Permission {
    fn page(&self) -> Page {
        Page::new(format!("Privileges on {}", self.path.raw()))
            .question("What may be done there?")
            .answer(count(self.privileges.len(), ("privilege", "privileges")), format!(": {}.", self.reach()))
            .paragraph(self.by_family())
            .provenance(self.provenance.clone())
    }
}

impl fmt::Debug for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permission({}: {})", self.path, count(self.privileges.len(), ("privilege", "privileges")))
    }
}
