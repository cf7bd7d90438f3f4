//! Which guests die with this storage, and what saves them?
use crate::*;

/// What is lost when the storage fails for good: data, media, and the backups on it. Of a storage that each node has for
/// itself, all of them at once; `pve.node("…")?.storage("…")?.blast_radius()?` is about one.
///
/// # Errors
/// When there is no such storage, or the cluster cannot be read.
pub fn dies_with_storage(pve: &Pve, name: &str) -> Result<Page, Error> {
    let loss = pve.one_look().storage(name)?.blast_radius()?;
    Ok(loss
        .page()
        .question("Which guests die with this storage, and what saves them?")
        .code(format!("pve.storage({name:?})?.blast_radius()?"))
        .based_on(&loss))
}
