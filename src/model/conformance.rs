//! What the recorded answers of a real cluster are held against: every type of the model, with the paths that give it.
//!
//! The recordings are not part of this crate; `PVE_RECORDED=<folder>` says where they are, and without it nothing is
//! compared.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Error;
use crate::loose::fields_of;
use crate::model::record::Record;
use crate::wire::{Call, Reply};

/// A type of the model: the paths that give it, the fields that it knows, and how an answer becomes one or several.
pub(crate) struct Typed {
    pub(crate) name: &'static str,
    pub(crate) paths: &'static [&'static str],
    pub(crate) fields: BTreeSet<&'static str>,
    /// How many objects were read, and how many rows were not understood.
    pub(crate) read: fn(&Call, &Reply) -> Result<(usize, usize), Error>,
}

impl Typed {
    pub(crate) fn record<T: Record>() -> Typed {
        Typed {
            name: std::any::type_name::<T>(),
            paths: T::PATHS,
            fields: fields_of::<T>().iter().copied().collect(),
            read: read::<T>,
        }
    }

    /// A type whose rows become something else, or that stands for no object.
    pub(crate) fn plain<T: serde::de::DeserializeOwned>(name: &'static str, paths: &'static [&'static str]) -> Typed {
        Typed { name, paths, fields: fields_of::<T>().iter().copied().collect(), read: read::<T> }
    }
}

fn read<T: serde::de::DeserializeOwned>(call: &Call, reply: &Reply) -> Result<(usize, usize), Error> {
    if !reply.body.contains("\"data\":[") {
        return reply.object::<T>(call).map(|_| (1, 0));
    }
    let rows = reply.rows::<T>(call)?;
    let odd = rows.odd;
    Ok((rows.into_iter().count(), odd))
}

/// Every type, a list a family. A new type is added to the list of its family.
pub(crate) fn typed() -> Vec<Typed> {
    [
        super::node::typed(),
        super::guest::typed(),
        super::history::typed(),
        super::pool::typed(),
        super::storage::typed(),
        super::task::typed(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn every_type_knows_its_fields_and_its_paths() {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for typed in typed() {
        assert!(!typed.fields.is_empty(), "{} has no fields: is a field flattened?", typed.name);
        for path in typed.paths {
            assert!(path.starts_with('/'), "{}: {path}", typed.name);
            assert_eq!(seen.insert(path, typed.name), None, "{path} gives two types");
        }
    }
}
