//! A guest that was asked for and is not there: what to say.

use crate::error::Error;
use crate::model::guest::{Guest, GuestId};
use crate::model::list::{Listed, count};
use crate::session::Session;

pub(super) fn not_found(session: &Session, id: &GuestId, all: &[Guest]) -> Error {
    let what = match id {
        GuestId::Number(number) => format!("There is no guest {number}"),
        GuestId::Name(name) => format!("There is no guest named \"{name}\""),
    };
    let hidden_from = match session.has_below("VM.Audit", "/vms") {
        Some(true) => String::new(),
        Some(false) => {
            format!(" visible to you, since {} lacks the privilege VM.Audit on /vms or below,", session.identity())
        }
        None => ", or none that you may see,".into(),
    };
    let where_ = format!("{hidden_from} on {}", session.cluster());
    let near: Vec<String> = match id {
        GuestId::Name(name) => all
            .iter()
            .filter(|guest| guest.name.as_ref().known().is_some_and(|known| alike(known.raw(), name.raw())))
            .map(|guest| format!("\"{}\"", guest.called()))
            .take(5)
            .collect(),
        GuestId::Number(_) => Vec::new(),
    };
    let hidden = all.iter().filter(|guest| !guest.name.is_known()).count();
    if let GuestId::Name(name) = id
        && let Some(numbered) = all.iter().find(|guest| guest.vmid.to_string() == name.raw())
    {
        let next = format!("As a number it is {numbered}: pve.guest({name})?, without quotes");
        return Error::not_found(format!("{what}{where_}"), next);
    }
    let mut next = if near.is_empty() {
        "pve.guests()? shows those that are".to_owned()
    } else {
        format!("Did you mean {}? pve.guests()? shows all", near.join(", "))
    };
    if hidden > 0 && matches!(id, GuestId::Name(_)) {
        next.push_str(&format!("; the names of {} are not known at present", count(hidden, Guest::NOUN)));
    }
    Error::not_found(format!("{what}{where_}"), next)
}

fn alike(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    !other.is_empty()
        && (one.contains(&other) || other.contains(&one) || one.split('-').next() == other.split('-').next())
}
