//! Whether something finds its place: a node that is there, with memory; a storage that takes it, with room; a bridge.

use crate::model::guest::Guest;
use crate::model::list::count;
use crate::model::node::Node;
use crate::model::storage::NodeStorage;
use crate::plan::check::Check;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Bytes, Reading};

/// Whether a node is there and online.
pub(crate) fn node(session: &Session, name: &str) -> Check {
    const NAME: &str = "target node";
    match Node::find(session, name) {
        Ok(node) if node.is_online() => Check::passed(NAME, format!("{} is online.", Text::from(name))),
        Ok(node) => Check::failed(NAME, format!("{} is {}.", Text::from(name), node.status)),
        Err(error) => Check::failed(NAME, error.to_string()),
    }
    .by("GET /cluster/resources")
}

/// Whether a node has memory for something that may use this much, beside what its running guests may use.
pub(crate) fn memory(session: &Session, name: &str, wanted: Reading<Bytes>) -> Check {
    const NAME: &str = "memory";
    let (Ok(node), Ok(guests)) = (Node::find(session, name), Guest::list(session)) else {
        let unread = format!("What memory {} has could not be read.", Text::from(name));
        return Check::unknown(NAME, unread).by("GET /cluster/resources");
    };
    let check = match (wanted, node.maxmem, node.mem) {
        (Reading::Known(wanted), Reading::Known(all), Reading::Known(used)) => {
            let promised: u64 = guests
                .iter()
                .filter(|guest| guest.node == name && guest.is_running())
                .filter_map(|guest| guest.maxmem.known())
                .map(|size| size.0)
                .fold(0, u64::saturating_add);
            let free = Bytes(all.0.saturating_sub(used.0));
            let promised_after = promised.saturating_add(wanted.0);
            if wanted > free {
                Check::failed(NAME, format!("It may use {wanted}, and {} has {free} free of {all}.", node.name))
            } else if promised_after > all.0 {
                Check::passed(
                    NAME,
                    format!(
                        "It may use {wanted}; {} has {free} free now. All that runs there would then be promised {} of {all}.",
                        node.name,
                        Bytes(promised_after)
                    ),
                )
            } else {
                Check::passed(NAME, format!("It may use {wanted}; {} has {free} free of {all}.", node.name))
            }
        }
        _ => Check::unknown(NAME, format!("What it may use, or what {} has, is not known.", Text::from(name))),
    };
    check.by("GET /cluster/resources")
}

/// Whether a node has as many processors as one guest has virtual ones; of a container, it takes what there are.
pub(crate) fn cores(session: &Session, name: &str, is_vm: bool, wanted: Reading<u64>) -> Check {
    const NAME: &str = "cores";
    let shown = Text::from(name);
    let check = match (Node::find(session, name).map(|node| node.maxcpu), wanted) {
        (Ok(Reading::Known(all)), Reading::Known(wanted)) if is_vm && wanted > all => Check::failed(
            NAME,
            format!("It has {wanted} cores, and {shown} has {all}: no virtual machine starts there with more."),
        ),
        (Ok(Reading::Known(all)), Reading::Known(wanted)) => {
            Check::passed(NAME, format!("It has {}; {shown} has {all}.", count_of(wanted)))
        }
        (Ok(_), _) => Check::unknown(NAME, format!("How many it has, or how many {shown} has, is not known.")),
        (Err(error), _) => Check::unknown(NAME, format!("What {shown} has could not be read. {error}")),
    };
    check.by("GET /cluster/resources")
}

fn count_of(cores: u64) -> String {
    count(usize::try_from(cores).unwrap_or(usize::MAX), ("core", "cores"))
}

/// Whether a node sees a storage that takes this kind of content and has this much room.
pub(crate) fn storage(session: &Session, node: &Text, name: &str, content: &str, room: Option<Bytes>) -> Check {
    const NAME: &str = "storage";
    let shown = Text::from(name);
    let check = match NodeStorage::list(session, node) {
        Err(error) => Check::unknown(NAME, format!("The storages of {node} could not be read. {error}")),
        Ok(storages) => match storages.find(|storage| storage.storage == name) {
            None if storages.is_complete() == Some(true) => {
                let names: Vec<String> = storages.map(|storage| storage.storage.to_string());
                Check::failed(NAME, format!("{node} has no storage {shown}; it has {}.", names.join(", ")))
            }
            None => Check::unknown(NAME, format!("Whether {node} has a storage {shown} cannot be seen.")),
            Some(storage) => fits(&storage, content, room),
        },
    };
    check.by(format!("GET /nodes/{}/storage", node.raw()))
}

/// Whether a storage has room for something that takes this much at most, and mostly far less: compressed, without what
/// is empty.
pub(crate) fn room_at_most(session: &Session, node: &Text, name: &str, most: Bytes) -> Option<Check> {
    const NAME: &str = "room";
    let storages = NodeStorage::list(session, node).ok()?;
    let storage = storages.find(|storage| storage.storage == name)?;
    let check = match storage.avail {
        Reading::Known(Bytes(0)) if most.0 > 0 => Check::failed(NAME, format!("{} is full.", storage.storage)),
        Reading::Known(avail) if most > avail => Check::unknown(
            NAME,
            format!("It takes {most} at most, before it is compressed; {} has {avail} free.", storage.storage),
        ),
        Reading::Known(avail) => {
            Check::passed(NAME, format!("It takes {most} at most; {} has {avail} free.", storage.storage))
        }
        Reading::Missing(why) => Check::unknown(NAME, format!("What {} has free: {why}.", storage.storage)),
    };
    Some(check.by(format!("GET /nodes/{}/storage", node.raw())))
}

fn fits(storage: &NodeStorage, content: &str, room: Option<Bytes>) -> Check {
    const NAME: &str = "storage";
    let name = &storage.storage;
    if !storage.enabled || !storage.active {
        return Check::failed(NAME, format!("{name} is not active on {}.", storage.node));
    }
    if !storage.content.iter().any(|kind| kind == content) {
        let kinds: Vec<String> = storage.content.iter().map(Text::to_string).collect();
        return Check::failed(NAME, format!("{name} does not take this ({content}); it takes {}.", kinds.join(", ")));
    }
    match (room, storage.avail) {
        (Some(room), Reading::Known(avail)) if room > avail => {
            Check::failed(NAME, format!("It needs {room}, and {name} has {avail} free."))
        }
        (Some(room), Reading::Known(avail)) => {
            Check::passed(NAME, format!("It needs {room} at most; {name} has {avail} free."))
        }
        (Some(_), Reading::Missing(why)) => Check::unknown(NAME, format!("What {name} has free: {why}.")),
        (None, _) => Check::passed(NAME, format!("{name} is there and takes it.")),
    }
}

/// Whether a node has these bridges or vnets.
pub(crate) fn bridges(node: &Node, wanted: &[Text]) -> Option<Check> {
    const NAME: &str = "bridge";
    if wanted.is_empty() {
        return None;
    }
    let check = match node.networks() {
        Err(error) => Check::unknown(NAME, format!("The bridges of {} could not be read. {error}", node.name)),
        Ok(networks) => {
            let missing: Vec<String> = wanted
                .iter()
                .filter(|bridge| !networks.any(|network| network.iface == bridge.raw()))
                .map(Text::to_string)
                .collect();
            match missing.as_slice() {
                [] => Check::passed(NAME, format!("{} has what its network cards hang on.", node.name)),
                // A vnet of the SDN does not stand among the interfaces of every version.
                names => Check::unknown(
                    NAME,
                    format!(
                        "{} lists no bridge {}: unless that is a vnet, it does not start.",
                        node.name,
                        names.join(", ")
                    ),
                ),
            }
        }
    };
    Some(check.by(format!("GET /nodes/{}/network", node.name.raw())))
}
