//! The model held against what a real cluster answered and against the API's own schema: nothing is misunderstood, and no
//! field that is known there is dropped here.
//!
//! The recordings are not part of this crate: `PVE_RECORDED=<folder>` names one (`make conformance`), and without it these
//! tests say that they compare nothing. The schema is looked for beside the folder, or where `PVE_SCHEMA` says.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Error;
use crate::loose;
use crate::model::record::Record;
use crate::model::why::Explained;
use crate::model::why::tests::faults;
use crate::session::Session;
use crate::wire::{Call, Reply};

mod identities;
mod recorded;
mod schema;

/// How many objects, and how many rows were not understood.
type Counted = Result<(usize, usize), Error>;

/// A type of the model: the paths that give it, and how an answer is read.
#[derive(Clone, Copy)]
pub(crate) struct Typed {
    pub(crate) name: &'static str,
    pub(crate) paths: &'static [&'static str],
    /// An answer as the client reads it.
    answer: fn(&Call, &Reply) -> Counted,
    /// One object: what was dropped or not understood of it.
    object: fn(&Value) -> Result<Vec<String>, String>,
    /// What is wrong with what its columns say of where they come from; of a type that has columns.
    pub(crate) why: Option<fn(&Session) -> Vec<String>>,
}

impl Typed {
    pub(crate) fn record<T: Record + Explained>() -> Typed {
        Typed { why: Some(faults::<T>), ..Typed::row::<T>(T::PATHS) }
    }

    /// A type that is read from these paths and made into another.
    pub(crate) fn row<T: DeserializeOwned>(paths: &'static [&'static str]) -> Typed {
        Typed { name: std::any::type_name::<T>(), paths, answer: answer::<T>, object: object::<T>, why: None }
    }

    /// Whether a path is one of those; `{node}` and the like stand for any word.
    fn is_given_by(&self, path: &str) -> bool {
        self.paths.iter().any(|template| matches(template, path))
    }
}

fn matches(template: &str, path: &str) -> bool {
    let same = |(one, other): (&str, &str)| one == other || (one.starts_with('{') && !other.is_empty());
    template.split('/').count() == path.split('/').count() && template.split('/').zip(path.split('/')).all(same)
}

fn answer<T: DeserializeOwned>(call: &Call, reply: &Reply) -> Counted {
    if reply.data::<Value>(call)?.is_object() {
        return reply.object::<T>(call).map(|_| (1, 0));
    }
    let rows = reply.rows::<T>(call)?;
    let odd = rows.odd;
    Ok((rows.into_iter().count(), odd))
}

fn object<T: DeserializeOwned>(value: &Value) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let misread = loose::misread(|| {
        let text = value.to_string();
        let mut from = serde_json::Deserializer::from_str(&text);
        serde_ignored::deserialize::<_, _, T>(&mut from, |path| found.push(format!("{path} is dropped")))
            .map(|_| ())
            .map_err(|e| e.to_string())
    })?;
    found.extend(misread);
    Ok(found)
}

/// Every type, a list a family. A new type is added to the list of its family.
pub(crate) fn typed() -> Vec<Typed> {
    let families = [
        super::access::typed(),
        super::cluster::typed(),
        super::ceph::typed(),
        super::firewall::typed(),
        super::guest::typed(),
        super::history::typed(),
        super::node::typed(),
        super::pool::typed(),
        super::sdn::typed(),
        super::storage::typed(),
        super::task::typed(),
    ];
    families.into_iter().flatten().collect()
}

/// The folder of recordings, or a word that nothing is compared.
fn folder() -> Option<std::path::PathBuf> {
    let folder = std::env::var_os("PVE_RECORDED").map(Into::into);
    if folder.is_none() {
        println!("Skipped: PVE_RECORDED names no folder of recorded answers");
    }
    folder
}

#[test]
fn no_path_gives_two_types() {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for typed in typed() {
        assert!(!typed.paths.is_empty(), "{}", typed.name);
        for path in typed.paths {
            assert!(path.starts_with('/'), "{}: {path}", typed.name);
            assert_eq!(seen.insert(path, typed.name), None, "{path} gives two types");
        }
    }
}

#[test]
fn a_dropped_or_misread_field_is_found() {
    use crate::units::{Bytes, Reading};
    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    #[allow(dead_code)]
    struct Small {
        size: Reading<Bytes>,
        inner: Inner,
    }
    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    #[allow(dead_code)]
    struct Inner {
        n: Reading<u64>,
    }
    let of = |value: Value| object::<Small>(&value).unwrap();
    assert_eq!(of(serde_json::json!({"size": "4096", "inner": {"n": 1}})), Vec::<String>::new());
    assert_eq!(of(serde_json::json!({"size": null, "inner": {"n": 1, "m": 2}})), ["inner.m is dropped"]);
    assert_eq!(of(serde_json::json!({"size": "big"})), ["\"big\" is not understood"]);
}
