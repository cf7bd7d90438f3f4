//! Which calls a session has sent: their forms, and on which objects, for what they take. Keeps no parameters and no answers.

use std::collections::{BTreeMap, BTreeSet};

use super::{Session, lock};
use crate::wire::Call;

/// More objects of one form are not told apart.
const FEW: usize = 3;

/// Forms of calls, each with the paths of access control of its objects; `None` for many.
#[derive(Default)]
pub(super) struct Called(BTreeMap<(String, String), Option<BTreeSet<String>>>);

/// A form of call that was sent, and on which objects: `/vms/101`, `/nodes/pve1`, `/storage/local`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) method: String,
    /// Its path with names in braces: `/nodes/{node}/qemu/{vmid}/config`.
    pub(crate) form: String,
    /// The paths of its objects; empty where there were many, or there is none.
    pub(crate) objects: Vec<String>,
}

impl Sent {
    /// A read of this path.
    pub(crate) fn read(path: &str) -> Sent {
        let (form, object) = form_of(path);
        Sent { method: "GET".to_owned(), form, objects: object.into_iter().collect() }
    }
}

impl Called {
    pub(super) fn note(&mut self, call: &Call) {
        let (form, object) = form_of(&call.path);
        let objects = self.0.entry((call.method.to_string(), form)).or_insert_with(|| Some(BTreeSet::new()));
        if let (Some(known), Some(object)) = (objects.as_mut(), object) {
            known.insert(object);
            if known.len() > FEW {
                *objects = None;
            }
        }
    }
}

impl Session {
    /// What was sent so far, in the order of the forms.
    pub(crate) fn called(&self) -> Vec<Sent> {
        let called = lock(&self.inner.called);
        let sent = called.0.iter().map(|((method, form), objects)| Sent {
            method: method.clone(),
            form: form.clone(),
            objects: objects.iter().flatten().cloned().collect(),
        });
        sent.collect()
    }
}

/// A path with names instead of what is named, and the nearest object in it.
fn form_of(path: &str) -> (String, Option<String>) {
    let (mut form, mut object, mut above) = (String::new(), None, "");
    for (depth, part) in path.trim_matches('/').split('/').enumerate() {
        let (name, acl) = match (above, depth) {
            ("nodes", 1) => ("{node}", "/nodes/"),
            ("qemu" | "lxc", 3) => ("{vmid}", "/vms/"),
            ("storage", 1 | 3) => ("{storage}", "/storage/"),
            ("pools", 1) => ("{poolid}", "/pool/"),
            ("tasks", 3) => ("{upid}", ""),
            ("snapshot", 5) => ("{snapname}", ""),
            ("backup" | "users" | "groups" | "roles", 2) => ("{id}", ""),
            ("content", 5..) => ("{volume}", ""),
            _ => (part, ""),
        };
        if !acl.is_empty() {
            object = Some(format!("{acl}{part}"));
        }
        form.push('/');
        form.push_str(name);
        above = part;
    }
    (form, object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::Scripted;

    #[test]
    fn names_give_way_and_the_nearest_object_is_kept() {
        let of = |path: &str| form_of(path);
        let some = |form: &str, object: &str| (form.to_owned(), Some(object.to_owned()));
        assert_eq!(of("/nodes/pve1/qemu/101/config"), some("/nodes/{node}/qemu/{vmid}/config", "/vms/101"));
        assert_eq!(
            of("/nodes/pve1/storage/local/content"),
            some("/nodes/{node}/storage/{storage}/content", "/storage/local")
        );
        assert_eq!(of("/nodes/pve1/tasks/UPID:x/log"), some("/nodes/{node}/tasks/{upid}/log", "/nodes/pve1"));
        assert_eq!(of("/cluster/status"), ("/cluster/status".to_owned(), None));
        assert_eq!(of("/"), ("/".to_owned(), None));
    }

    #[test]
    fn what_is_answered_from_memory_was_not_sent_and_many_objects_are_not_told_apart() {
        let (_, session) = Scripted::opened();
        let cached = session.cached(std::time::Duration::from_secs(60));
        assert_eq!(session.called().len(), 4, "what opening takes: {:?}", session.called());
        for vmid in 100..110 {
            let _ = cached.ask(Call::get(format!("/nodes/pve1/qemu/{vmid}/config")));
        }
        let sent = session.called();
        let config = sent.iter().find(|sent| sent.form.ends_with("/config")).unwrap();
        assert_eq!((config.method.as_str(), config.objects.len()), ("GET", 0));
    }
}
