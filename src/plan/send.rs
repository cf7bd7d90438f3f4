//! Any write to any path, as a plan: for what has no action of its own yet.

use crate::model::guest::{Guest, Status};
use crate::model::json;
use crate::plan::Plan;
use crate::plan::draft::{Act, Destroys, Draft, Target};
use crate::session::Session;
use crate::wire::{Call, Method};

/// The plan to send this call.
pub(crate) fn path_plan(session: &Session, method: Method, path: &str) -> Plan {
    let (call, session) = (json::call(method, path), session.for_acting());
    let guest = guest_in(&call).and_then(|vmid| Guest::find(&session, i64::from(vmid).into()).ok());
    let mut draft = Draft::new(&session, call.shown(), Act::One(call))
        .effect("What this does, the API's documentation says; it was not checked beforehand. Parameters are added with .with(\"key\", value).")
        .no_undo("Not known for a call of any path.");
    draft.destroys = Destroys::AsTheCallSays;
    // Whatever task it starts, none is claimed when its answer gets lost.
    draft.tasks = UNKNOWN;
    draft.target = guest.map(|guest| Target { is_current: guest.status != Status::Unknown, guest });
    draft.plan()
}

/// Of kinds that no task has.
pub(super) const UNKNOWN: &[&str] = &[""];

/// The guest in a call's path.
pub(super) fn guest_in(call: &Call) -> Option<u32> {
    let mut parts = call.path.strip_prefix("/nodes/")?.split('/').skip(1);
    matches!(parts.next()?, "qemu" | "lxc").then(|| parts.next()?.parse().ok())?
}
