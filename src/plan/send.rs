//! Any write to any path, as a plan: for what has no action of its own yet.

use crate::model::guest::{Guest, Status};
use crate::model::json;
use crate::plan::{Draft, Plan, Target, Undo};
use crate::session::Session;
use crate::wire::{Call, Method};

/// The plan to send this call.
pub(crate) fn path_plan(session: &Session, method: Method, path: &str) -> Plan {
    let (call, session) = (json::call(method, path), session.for_acting());
    let guest = guest_in(&call).and_then(|vmid| Guest::find(&session, i64::from(vmid).into()).ok());
    Plan::new(Draft {
        title: call.shown(),
        effects: vec!["What this does, the API's documentation says; it was not checked beforehand. Parameters are added with .with(\"key\", value).".into()],
        undo: Undo::None("Not known for a call of any path.".into()),
        target: guest.map(|guest| Target { is_current: guest.status != Status::Unknown, becomes: None, tasks: &[], guest }),
        checks: Vec::new(),
        confirmed: None,
        vain: Vec::new(),
        session,
        call,
    })
}

/// The guest in a call's path.
pub(super) fn guest_in(call: &Call) -> Option<u32> {
    let mut parts = call.path.strip_prefix("/nodes/")?.split('/').skip(1);
    matches!(parts.next()?, "qemu" | "lxc").then(|| parts.next()?.parse().ok())?
}
