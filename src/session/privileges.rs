//! What the identity may do, from `/access/permissions`, and how old that knowledge is. Knows how privileges go on from
//! a path to those below; knows nothing of what they are needed for.
//!
//! A path on which nothing is left is not listed there, so it looks like any other below one that hands its privileges
//! down. That everything was taken away on it stands only in the list of access control.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Answer, Session, lock};
use serde::Deserialize;

use crate::error::Error;
use crate::text::Text;
use crate::units::{Age, Moment, Reading};
use crate::wire::Call;

/// Where they are read: the privileges, and the list of access control.
pub(super) const PATHS: [&str; 2] = ["/access/permissions", "/access/acl"];

/// Older than this, they are read again before they are believed.
const STALE: Age = Age(5 * 60);

/// Privileges by path, each with the sign whether it goes on to paths below.
type ByPath = BTreeMap<String, BTreeMap<String, Option<u64>>>;

/// The privileges of a session.
pub(super) struct Privileges {
    known: Option<Arc<Known>>,
    /// When they were read.
    read: Moment,
    /// When they were asked for last, in vain or not.
    asked: Moment,
}

impl Privileges {
    /// Those in these answers; none where the first was refused.
    pub(super) fn new(answers: [Result<Answer, Error>; 2], now: Moment) -> Privileges {
        Privileges { known: Known::read(answers), read: now, asked: now }
    }
}

/// What was read.
struct Known {
    held: ByPath,
    /// Paths on which everything is taken away from a user, a token or a group; `None` where that could not be read.
    taken: Option<Vec<Taken>>,
}

/// An entry of the list of access control that takes everything away.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Taken {
    path: Text,
    ugid: Text,
    r#type: Text,
    roleid: Text,
}

impl Known {
    fn read([held, acl]: [Result<Answer, Error>; 2]) -> Option<Arc<Known>> {
        let held = by_path(held)?;
        let entries = acl.and_then(|answer| answer.rows::<Taken>()).ok();
        // Without one of these the server shows a part of the list.
        let audits = matches!(self::held(&held, "Sys.Audit", "/access"), Some((_, Some(_))));
        let grants = matches!(self::held(&held, "Permissions.Modify", "/"), Some((_, Some(Some(1)))));
        let all = entries.filter(|_| audits || grants);
        let taken =
            all.map(|rows| rows.into_iter().map(|(entry, _)| entry).filter(|it| it.roleid == "NoAccess").collect());
        Some(Arc::new(Known { held, taken }))
    }

    /// Whether nothing is taken away below a path; `None` when that is not known.
    fn is_left_whole(&self, below: &str, identity: &str) -> Option<bool> {
        let (user, token) = identity.split_once('!').map_or((identity, None), |(user, _)| (user, Some(identity)));
        let mut of_a_group = false;
        if user == "root@pam" && token.is_none() {
            return Some(true);
        }
        for taken in self.taken.as_ref()?.iter().filter(|taken| taken.path.starts_with(below)) {
            if taken.ugid == user || token.is_some_and(|token| taken.ugid == token) {
                return Some(false);
            }
            of_a_group |= taken.r#type == "group";
        }
        (!of_a_group).then_some(true)
    }
}

fn by_path(answer: Result<Answer, Error>) -> Option<ByPath> {
    let answer = answer.ok()?;
    let all: BTreeMap<String, BTreeMap<String, Reading<u64>>> = answer.reply.data(&answer.call).ok()?;
    let signs = |held: BTreeMap<String, Reading<u64>>| held.into_iter().map(|(name, on)| (name, on.known())).collect();
    Some(all.into_iter().map(|(path, held)| (path, signs(held))).collect())
}

impl Session {
    /// Those that are known; read again when they are old.
    fn privileges(&self) -> Option<Arc<Known>> {
        if self.now().since(lock(&self.inner.privileges).asked) > STALE {
            self.refresh_privileges();
        }
        lock(&self.inner.privileges).known.clone()
    }

    /// Reads them again, as is due before acting on them. Where that fails, the old ones stay.
    pub(super) fn refresh_privileges(&self) {
        // Before the answer is there: nobody else needs to ask meanwhile.
        lock(&self.inner.privileges).asked = self.now();
        let session = self.uncached();
        let asked = PATHS.map(|path| session.submit(Call::get(path)));
        if let Some(known) = Known::read(asked.map(|asked| session.answer(asked))) {
            let now = self.now();
            *lock(&self.inner.privileges) = Privileges { known: Some(known), read: now, asked: now };
        }
    }

    /// How old the knowledge of privileges is; `None` where there is none.
    pub(crate) fn age_of_privileges(&self) -> Option<Age> {
        let privileges = lock(&self.inner.privileges);
        privileges.known.as_ref().map(|_| self.now().since(privileges.read))
    }

    /// Whether the identity holds a privilege on this path; `None` when that is not known.
    pub(crate) fn has(&self, privilege: &str, path: &str) -> Option<bool> {
        let known = self.privileges()?;
        let (at, propagated) = held(&known.held, privilege, path)?;
        Some(propagated.is_some_and(|propagated| at == path || propagated == Some(1)))
    }

    /// Whether it holds a privilege on everything below a path; `None` when that is not known.
    pub(crate) fn has_below(&self, privilege: &str, path: &str) -> Option<bool> {
        let known = self.privileges()?;
        let (_, propagated) = held(&known.held, privilege, path)?;
        let below = format!("{}/", path.trim_end_matches('/'));
        let all_below =
            known.held.iter().filter(|(at, _)| at.starts_with(&below)).all(|(_, held)| held.contains_key(privilege));
        if propagated != Some(Some(1)) || !all_below {
            return Some(false);
        }
        known.is_left_whole(&below, self.identity().raw())
    }
}

/// The nearest path at or above this one that is listed, and how the privilege is held there: not at all, or with the
/// sign whether it goes on to paths below. `None` when nothing is listed.
fn held<'a>(privileges: &'a ByPath, privilege: &str, path: &str) -> Option<(&'a str, Option<Option<u64>>)> {
    /// Always listed by Proxmox VE, unless there is no privilege at all on them.
    const ALWAYS: [&str; 6] = ["/access", "/nodes", "/pool", "/sdn", "/storage", "/vms"];
    if privileges.is_empty() {
        return None;
    }
    let lists_all = ALWAYS.iter().any(|known| privileges.contains_key(*known));
    let mut at = path;
    loop {
        let name = if at.is_empty() { "/" } else { at };
        if let Some((name, held)) = privileges.get_key_value(name) {
            return Some((name, held.get(privilege).copied()));
        }
        if at.is_empty() || (lists_all && ALWAYS.contains(&at)) {
            return Some(("", None));
        }
        at = at.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Privileges by path, each with the sign whether it goes on below.
    fn privileges(paths: &[(&str, &[(&str, u64)])]) -> ByPath {
        let held = |held: &[(&str, u64)]| held.iter().map(|(name, on)| ((*name).to_owned(), Some(*on))).collect();
        paths.iter().map(|(path, all)| ((*path).to_owned(), held(all))).collect()
    }

    #[track_caller]
    fn is_held(privileges: &ByPath, path: &str, expected: Option<Option<u64>>) {
        assert_eq!(held(privileges, "VM.Audit", path).map(|(_, held)| held), Some(expected), "{path}");
    }

    #[test]
    fn the_nearest_listed_path_decides_and_one_that_is_always_listed_says_no_by_its_absence() {
        let all = privileges(&[("/", &[("VM.Audit", 1)]), ("/nodes", &[("Sys.Audit", 1)]), ("/vms/105", &[])]);
        is_held(&all, "/nodes/pve1", None);
        is_held(&all, "/vms/105", None);
        is_held(&all, "/vms", None);
        is_held(&all, "/mapping", Some(Some(1)));
        let root_alone = privileges(&[("/", &[("VM.Audit", 1)])]);
        is_held(&root_alone, "/vms/101", Some(Some(1)));
        assert!(held(&privileges(&[]), "VM.Audit", "/vms").is_none());
    }
}
