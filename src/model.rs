//! The objects of a cluster: one file an object, each with its path, its fields and its row in a table.

pub(crate) mod access;
pub(crate) mod api;
#[cfg(test)]
pub(crate) mod canned;
pub(crate) mod ceph;
mod changes;
pub(crate) mod cluster;
#[cfg(test)]
pub(crate) mod conformance;
pub(crate) mod difference;
pub(crate) mod evidence;
pub(crate) mod fields;
pub(crate) mod firewall;
pub(crate) mod guest;
pub(crate) mod history;
pub(crate) mod inspect;
pub(crate) mod json;
pub(crate) mod lens;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod loss;
pub(crate) mod map;
pub(crate) mod needle;
pub(crate) mod node;
pub(crate) mod pool;
pub(crate) mod property;
pub(crate) mod record;
pub(crate) mod resource;
pub(crate) mod sdn;
pub(crate) mod sight;
pub(crate) mod snapshot;
pub(crate) mod storage;
pub(crate) mod task;
pub(crate) mod together;
pub(crate) mod told;
mod unread;
pub(crate) mod version;
pub(crate) mod volume;
pub(crate) mod why;
pub(crate) mod words;
