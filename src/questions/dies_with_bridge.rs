//! Which guests lose their network with this bridge or card of a node?
use crate::*;

/// What is lost when an interface of a node fails: what is built on it, and the guests that hang on that. They run on, and
/// nobody reaches them.
///
/// # Errors
/// When there is no such node or interface, or the cluster cannot be read.
pub fn dies_with_bridge(pve: &Pve, node: &str, bridge: &str) -> Result<Page, Error> {
    let loss = pve.one_look().node(node)?.network(bridge)?.blast_radius()?;
    Ok(loss
        .page()
        .question("Which guests lose their network with this bridge or card of a node?")
        .code(format!("pve.node({node:?})?.network({bridge:?})?.blast_radius()?"))
        .based_on(&loss))
}
