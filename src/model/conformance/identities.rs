//! What a real cluster answered limited identities, through the model: numbers that were left out are missing for want of a
//! named privilege, and lists that came back short say so.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::folder;
use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::node::Node;
use crate::model::storage::Storage;
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::units::Moment;
use crate::wire::{Call, Far, Pending, Reply, Wire};

/// Answers each path with what was recorded of it, and refuses all else.
struct Played {
    identity: &'static str,
    answers: BTreeMap<&'static str, String>,
}

impl Wire for Played {
    fn submit(&self, call: Call) -> Pending {
        let (status, body) = match self.answers.get(call.path.as_str()) {
            Some(body) => (200, body.as_str()),
            None => (403, "{\"data\":null,\"message\":\"Permission check failed\"}"),
        };
        let reason = Text::default();
        Pending::ready(Ok(Reply { status, reason, body: body.into(), at: self.now(), took: Duration::ZERO }))
    }
    fn far(&self) -> Far {
        Far::Cluster
    }
    fn identity(&self) -> Text {
        self.identity.into()
    }
    fn console(&self) -> Option<Text> {
        None
    }
    fn now(&self) -> Moment {
        Moment::from_unix(1_795_000_000)
    }
    fn pause(&self, _: Duration) {}
}

/// A session of an identity whose resources were recorded under this name; `None` where they were not.
fn session(
    folder: &Path,
    identity: &'static str,
    resources: &str,
    permissions: impl FnOnce(&dyn Fn(&str) -> Option<String>) -> Option<String>,
) -> Option<Session> {
    let body = |name: &str| {
        let text = std::fs::read(folder.join(format!("{name}.json"))).ok()?;
        Some(serde_json::from_slice::<Value>(&text).unwrap()["raw_body"].as_str().unwrap().to_owned())
    };
    let answers = BTreeMap::from([
        ("/version", body("version")?),
        ("/cluster/status", body("cluster__status")?),
        ("/cluster/resources", body(resources)?),
        ("/access/permissions", permissions(&body)?),
        ("/access/acl", body("access__acl")?),
        ("/storage", "{\"data\":[]}".to_owned()),
    ]);
    Some(Session::open(Arc::new(Played { identity, answers })).unwrap())
}

fn says_what_it_lacks(session: &Session, guests: usize) -> Result<(), Error> {
    let list = Guest::list(session)?;
    assert_eq!((list.len(), list.is_complete()), (guests, Some(false)));
    let words = list.page().text();
    assert!(words.contains("visible to you") && words.contains("lacks VM.Audit on /vms"), "{words}");
    assert_eq!(words.contains("cannot say"), guests == 0, "{words}");
    let nodes = Node::list(session)?;
    assert!(nodes.page().text().contains("lacks Sys.Audit on /nodes"), "{}", nodes.page().text());
    let online = nodes.find(Node::is_online).unwrap();
    let why = format!("not known: needs Sys.Audit on /nodes/{}", online.name);
    assert_eq!(online.maxmem.to_string(), why);
    let offline = nodes.find(|node| !node.is_online()).unwrap();
    assert_eq!(offline.maxmem.to_string(), "not known: node offline");
    let storages = Storage::list(session)?.page().text();
    assert!(storages.contains("lacks Datastore.Audit") && storages.contains("cannot say"), "{storages}");
    Ok(())
}

#[test]
fn identities_with_next_to_no_rights_are_told_what_they_lack() {
    let Some(folder) = folder() else { return };
    let power = |_: &dyn Fn(&str) -> Option<String>| Some(r#"{"data":{"/vms":{"VM.PowerMgmt":1}}}"#.to_owned());
    let none = |_: &dyn Fn(&str) -> Option<String>| Some(r#"{"data":{"/access":{}}}"#.to_owned());
    let played = [
        session(&folder, "root@pam!power", "http_power_resources", power),
        session(&folder, "noperm@pve", "http_noperm_resources", none),
    ];
    let played: Vec<Session> = played.into_iter().flatten().collect();
    println!("{} limited identities", played.len());
    for session in played {
        says_what_it_lacks(&session, 0).unwrap();
    }
}

#[test]
fn an_identity_that_may_see_all_but_one_storage_is_told_so_of_storages_alone() {
    let Some(folder) = folder() else { return };
    let Some(session) = session(&folder, "bob@pve", "http_bob_resources", |body| body("http_bob_permissions")) else {
        return println!("Skipped: the folder has no such identity");
    };
    for words in [Guest::list(&session).unwrap().page().text(), Node::list(&session).unwrap().page().text()] {
        assert!(!words.contains("visible to you"), "{words}");
    }
    // On one storage everything was taken away, which its privileges do not tell.
    let storages = Storage::list(&session).unwrap();
    assert_eq!(storages.is_complete(), Some(false), "{}", storages.page().text());
}
