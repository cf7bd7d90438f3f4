//! Any write to any path, as a plan: for what has no action of its own yet.

use crate::model::json;
use crate::plan::{Draft, Plan, Undo};
use crate::session::Session;
use crate::wire::Method;

/// The plan to send this call.
pub(crate) fn path_plan(session: &Session, method: Method, path: &str) -> Plan {
    let call = json::call(method, path);
    Plan::new(Draft {
        title: call.shown(),
        effects: vec!["What this does, the API's documentation says; it was not checked beforehand. Parameters are added with .with(\"key\", value).".into()],
        undo: Undo::None("Not known for a call of any path.".into()),
        target: None,
        checks: Vec::new(),
        confirmed: None,
        made: session.now(),
        session: session.clone(),
        call,
    })
}
