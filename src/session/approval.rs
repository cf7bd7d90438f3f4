//! What a second person is asked to sign in a session, and that each signature is good for one action.

use std::collections::BTreeMap;

use ring::hmac::HMAC_SHA256;
use ring::rand::SystemRandom;

use super::{Session, lock};
use crate::approval::{Asked, Request, Seal};
use crate::error::Error;
use crate::text::Text;
use crate::wire::Call;

/// What holds approvals to this session.
pub(super) struct Approvals {
    seal: Seal,
    /// By the first request for something: how often that was carried out, each time after an approval of its own.
    turns: BTreeMap<String, u64>,
}

impl Approvals {
    /// Of a session that no other can be taken for.
    pub(super) fn new() -> Result<Approvals, Error> {
        let seal = Seal::generate(HMAC_SHA256, &SystemRandom::new()).map_err(|_| {
            Error::setup(
                "This machine gives no random numbers",
                "Look at /dev/urandom; without them nothing can be sealed",
            )
        })?;
        Ok(Approvals { seal, turns: BTreeMap::new() })
    }

    /// Of a simulated cluster, of which everything is the same every time.
    pub(super) fn of_the_demo() -> Approvals {
        Approvals { seal: Seal::new(HMAC_SHA256, b"demo"), turns: BTreeMap::new() }
    }
}

impl Session {
    /// What a second person has to sign before this is done to this target in this state: the same lines until it is done,
    /// others after it.
    pub(crate) fn approval(&self, title: &Text, call: &Call, target: &Text, parts: &[Call]) -> Request {
        let first = self.request(title, call, target, parts, 0);
        let turn = lock(&self.inner.approvals).turns.get(first.text()).copied().unwrap_or_default();
        if turn == 0 { first } else { self.request(title, call, target, parts, turn) }
    }

    /// Makes the approvals of this worthless, since it is done now: once more takes another.
    pub(crate) fn spend_approval(&self, title: &Text, call: &Call, target: &Text, parts: &[Call]) {
        let first = self.request(title, call, target, parts, 0);
        *lock(&self.inner.approvals).turns.entry(first.text().to_owned()).or_default() += 1;
    }

    fn request(&self, title: &Text, call: &Call, target: &Text, parts: &[Call], turn: u64) -> Request {
        let (cluster, identity, session) = (self.cluster(), self.identity(), self.id());
        let asked =
            Asked { title, call, target, parts, cluster: &cluster, identity: &identity, session: &session, turn };
        Request::new(&asked, &lock(&self.inner.approvals).seal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::Scripted;
    use crate::wire::Method;

    #[test]
    fn an_approval_is_for_one_call_in_one_state_of_one_session_once() {
        let (_, session) = Scripted::opened();
        let (_, other) = Scripted::opened();
        let stop = Call::new(Method::Post, "/nodes/pve1/qemu/101/status/stop");
        let (title, running, paused) = ("Stop web-1".into(), "running".into(), "paused".into());
        let ask = |session: &Session, call: &Call, target: &Text| {
            session.approval(&title, call, target, &[]).text().to_owned()
        };
        let first = ask(&session, &stop, &running);
        assert_eq!(first, ask(&session, &stop, &running), "as often as it is shown");
        assert_ne!(first, ask(&session, &stop, &paused));
        assert_ne!(first, ask(&session, &stop.clone().with("timeout", "3"), &running));
        assert_ne!(first, ask(&other, &stop, &running));
        session.spend_approval(&title, &stop, &running, &[]);
        let again = ask(&session, &stop, &running);
        assert_ne!(first, again);
        session.spend_approval(&title, &stop, &running, &[]);
        assert!(![first, again].contains(&ask(&session, &stop, &running)));
        // A secret is not shown, and is held to all the same.
        let password = |secret: &str| ask(&session, &stop.clone().with("password", secret), &running);
        assert_ne!(password("hunter2"), password("hunter3"));
        assert!(!password("hunter2").contains("hunter2"));
    }
}
