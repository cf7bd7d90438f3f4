//! A session over a wire of the tests' own: what it asks, when, and what it believes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::units::Age;

/// A wire that gives one answer a path, by a clock that the test sets, and keeps what it was asked.
pub(super) struct Scripted {
    answers: Mutex<HashMap<&'static str, (u16, String)>>,
    clock: AtomicI64,
    asked: Mutex<Vec<String>>,
}

impl Scripted {
    pub(super) fn opened() -> (Arc<Scripted>, Session) {
        let wire =
            Arc::new(Scripted { answers: Mutex::default(), clock: AtomicI64::new(1_000), asked: Mutex::default() });
        wire.says("/version", r#"{"version":"9.1.8"}"#);
        wire.says("/cluster/status", r#"[{"type":"cluster","name":"lab"}]"#);
        wire.says("/access/permissions", r#"{"/":{"VM.Audit":1}}"#);
        wire.says("/access/acl", "[]");
        let session = Session::open(Arc::clone(&wire) as Arc<dyn Wire>).unwrap();
        lock(&wire.asked).clear();
        (wire, session)
    }

    pub(super) fn says(&self, path: &'static str, data: &str) {
        lock(&self.answers).insert(path, (200, format!("{{\"data\":{data}}}")));
    }

    pub(super) fn refuses(&self, path: &'static str) {
        lock(&self.answers).insert(path, (500, String::new()));
    }

    pub(super) fn after(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    /// What it was asked since the last time.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.asked))
    }
}

impl Wire for Scripted {
    fn submit(&self, call: Call) -> Pending {
        lock(&self.asked).push(call.shown().raw().to_owned());
        let nothing = (501, String::new());
        let (status, body) = lock(&self.answers).get(call.path.as_str()).cloned().unwrap_or(nothing);
        let took = Duration::from_millis(3);
        Pending::ready(Ok(Reply { status, reason: "as scripted".into(), body: body.into(), at: self.now(), took }))
    }

    fn far(&self) -> Far {
        Far::Cluster
    }

    fn identity(&self) -> Text {
        "audit@pve!notebook".into()
    }

    fn console(&self) -> Option<Text> {
        None
    }

    fn now(&self) -> Moment {
        Moment::from_unix(self.clock.load(Ordering::Relaxed))
    }

    fn pause(&self, time: Duration) {
        self.after(i64::try_from(time.as_secs()).unwrap());
    }
}

const PRIVILEGES: [&str; 2] = ["GET /access/permissions", "GET /access/acl"];

#[test]
fn privileges_are_read_again_when_they_are_old_and_not_before() {
    let (wire, session) = Scripted::opened();
    wire.says("/access/permissions", r#"{"/":{"VM.Audit":1,"VM.PowerMgmt":1,"Sys.Audit":1}}"#);
    wire.after(300);
    assert_eq!(session.has("VM.PowerMgmt", "/vms/101"), Some(false));
    assert!(wire.asked().is_empty());
    wire.after(1);
    assert_eq!(session.has_below("VM.PowerMgmt", "/vms"), Some(true));
    assert_eq!(session.has("VM.PowerMgmt", "/vms/101"), Some(true));
    assert_eq!(wire.asked(), PRIVILEGES, "once for all that is asked at a time");
    assert_eq!(session.age_of_privileges(), Some(Age(0)));
}

#[test]
fn the_sign_of_a_privilege_may_be_a_word_or_a_boolean() {
    let (wire, session) = Scripted::opened();
    wire.says("/access/permissions", r#"{"/":{"VM.Audit":"1","Sys.Audit":true,"Pool.Audit":"0","Sys.Syslog":null}}"#);
    session.refresh_privileges();
    let held = |name| session.has_below(name, "/vms");
    assert_eq!((held("VM.Audit"), held("Sys.Audit"), held("Pool.Audit")), (Some(true), Some(true), Some(false)));
}

#[test]
fn what_is_taken_away_further_down_counts_although_it_is_not_among_the_privileges() {
    let (wire, session) = Scripted::opened();
    wire.says(
        "/access/permissions",
        r#"{"/":{"VM.Audit":1,"Sys.Audit":1},"/access":{"Sys.Audit":1},"/vms":{"VM.Audit":1}}"#,
    );
    let whole = |acl: &str| {
        wire.says("/access/acl", acl);
        session.refresh_privileges();
        session.has_below("VM.Audit", "/vms")
    };
    let entry = |path: &str, who: &str, kind: &str| {
        whole(&format!(r#"[{{"path":"{path}","ugid":"{who}","type":"{kind}","roleid":"NoAccess","propagate":1}}]"#))
    };
    assert_eq!(whole("[]"), Some(true));
    assert_eq!(entry("/vms/105", "audit@pve!notebook", "token"), Some(false));
    assert_eq!(entry("/vms/105", "audit@pve", "user"), Some(false));
    assert_eq!(entry("/vms/105", "others", "group"), None, "who is in a group is not known");
    assert_eq!(entry("/vms/105", "zoe@pve", "user"), Some(true));
    assert_eq!(entry("/storage/local", "audit@pve", "user"), Some(true));
    wire.refuses("/access/acl");
    session.refresh_privileges();
    assert_eq!(session.has_below("VM.Audit", "/vms"), None);
    // Who may not read the list is shown the part that it may change.
    wire.says("/access/permissions", r#"{"/vms":{"VM.Audit":1}}"#);
    assert_eq!(whole("[]"), None);
}

#[test]
fn privileges_that_cannot_be_read_again_stay_as_they_were_with_their_age() {
    let (wire, session) = Scripted::opened();
    wire.refuses("/access/permissions");
    wire.after(400);
    for _ in 0..3 {
        assert_eq!(session.has("VM.Audit", "/vms/101"), Some(true));
    }
    assert_eq!(wire.asked(), PRIVILEGES, "in vain, and not for each row");
    assert_eq!(session.age_of_privileges(), Some(Age(400)));
    wire.says("/access/permissions", "{\"/\":{}}");
    session.refresh_privileges();
    assert_eq!(session.has("VM.Audit", "/vms/101"), Some(false));
    assert_eq!(session.age_of_privileges(), Some(Age(0)));
}
