//! What the identity may do, from `/access/permissions`, and how old that knowledge is. Knows how privileges go on from
//! a path to those below; knows nothing of what they are needed for.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Answer, Session, lock};
use crate::error::Error;
use crate::units::{Age, Moment, Reading};
use crate::wire::Call;

/// Where they are read.
pub(super) const PATH: &str = "/access/permissions";

/// Older than this, they are read again before they are believed.
const STALE: Age = Age(5 * 60);

/// Privileges by path, each with the sign whether it goes on to paths below.
type ByPath = BTreeMap<String, BTreeMap<String, Option<u64>>>;

/// The privileges of a session.
pub(super) struct Privileges {
    known: Option<Arc<ByPath>>,
    /// When they were read.
    read: Moment,
    /// When they were asked for last, in vain or not.
    asked: Moment,
}

impl Privileges {
    /// Those in this answer; none where it was refused.
    pub(super) fn new(answer: Result<Answer, Error>, now: Moment) -> Privileges {
        Privileges { known: by_path(answer), read: now, asked: now }
    }
}

fn by_path(answer: Result<Answer, Error>) -> Option<Arc<ByPath>> {
    let answer = answer.ok()?;
    let all: BTreeMap<String, BTreeMap<String, Reading<u64>>> = answer.reply.data(&answer.call).ok()?;
    let signs = |held: BTreeMap<String, Reading<u64>>| held.into_iter().map(|(name, on)| (name, on.known())).collect();
    Some(Arc::new(all.into_iter().map(|(path, held)| (path, signs(held))).collect()))
}

impl Session {
    /// Those that are known; read again when they are old.
    fn privileges(&self) -> Option<Arc<ByPath>> {
        if self.now().since(lock(&self.inner.privileges).asked) > STALE {
            self.refresh_privileges();
        }
        lock(&self.inner.privileges).known.clone()
    }

    /// Reads them again, as is due before acting on them. Where that fails, the old ones stay.
    pub(super) fn refresh_privileges(&self) {
        // Before the answer is there: nobody else needs to ask meanwhile.
        lock(&self.inner.privileges).asked = self.now();
        if let Some(known) = by_path(self.uncached().ask(Call::get(PATH))) {
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
        let all = self.privileges()?;
        let (at, propagated) = held(&all, privilege, path)?;
        Some(propagated.is_some_and(|propagated| at == path || propagated == Some(1)))
    }

    /// Whether it holds a privilege on everything below a path; `None` when that is not known. A single object below
    /// from which everything was taken is not listed, and cannot be seen here.
    pub(crate) fn has_below(&self, privilege: &str, path: &str) -> Option<bool> {
        let all = self.privileges()?;
        let (_, propagated) = held(&all, privilege, path)?;
        let below = format!("{}/", path.trim_end_matches('/'));
        let all_below =
            all.iter().filter(|(at, _)| at.starts_with(&below)).all(|(_, held)| held.contains_key(privilege));
        Some(propagated == Some(Some(1)) && all_below)
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
