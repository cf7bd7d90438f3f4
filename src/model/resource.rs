//! `/cluster/resources`: one call that tells of every node, guest and storage; the source of all lists.
//!
//! It lags by up to ten seconds behind what happens, and leaves out what the identity may not see.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::Error;
use crate::loose;
use crate::model::sight::Sight;
use crate::session::{Answer, Session};
use crate::text::Text;
use crate::wire::{Call, Raw};

/// One row: a node, a guest, a storage on a node, a pool, a network. Also the shape of a guest's `status/current`.
/// A name is looked for from the first to the last, so what every guest has comes first.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Resource {
    #[serde(deserialize_with = "loose::text")]
    pub(crate) r#type: Option<Text>,
    #[serde(deserialize_with = "loose::u64")]
    pub(crate) vmid: Option<u64>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) name: Option<Text>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) node: Option<Text>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) status: Option<Text>,
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) template: Option<bool>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) pool: Option<Text>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) tags: Option<Text>,
    #[serde(deserialize_with = "loose::f64")]
    pub(crate) cpu: Option<f64>,
    #[serde(deserialize_with = "loose::f64")]
    pub(crate) maxcpu: Option<f64>,
    #[serde(deserialize_with = "loose::u64")]
    pub(crate) mem: Option<u64>,
    #[serde(deserialize_with = "loose::u64")]
    pub(crate) maxmem: Option<u64>,
    #[serde(deserialize_with = "loose::u64")]
    pub(crate) disk: Option<u64>,
    #[serde(deserialize_with = "loose::u64")]
    pub(crate) maxdisk: Option<u64>,
    #[serde(deserialize_with = "loose::u64")]
    pub(crate) uptime: Option<u64>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) qmpstatus: Option<Text>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) storage: Option<Text>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) plugintype: Option<Text>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) content: Option<Text>,
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) shared: Option<bool>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) lock: Option<Text>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) hastate: Option<Text>,
    #[serde(deserialize_with = "ha")]
    pub(crate) ha: Option<Ha>,
    /// The same in a guest's `status/current`.
    #[serde(deserialize_with = "loose::f64")]
    pub(crate) cpus: Option<f64>,
}

/// What `status/current` says of high availability.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Ha {
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) managed: Option<bool>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) state: Option<Text>,
}

/// Absent where it is something else.
fn ha<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Ha>, D::Error> {
    Ok(Value::deserialize(from)?.as_object().and_then(|ha| Ha::deserialize(ha).ok()))
}

impl Resource {
    /// Whether it has what an object of its type is made of; a type that is not known has nothing that could be missing.
    fn says_what_it_is(&self) -> bool {
        let numbered = self.vmid.is_some_and(|vmid| u32::try_from(vmid).is_ok());
        match self.r#type.as_ref().map(Text::raw) {
            None => false,
            Some("qemu" | "lxc") => numbered && self.node.is_some(),
            Some("storage") => self.storage.is_some() && self.node.is_some(),
            Some("node") => self.node.is_some(),
            Some(_) => true,
        }
    }
}

/// All rows of one answer.
pub(crate) struct Resources {
    pub(crate) rows: Vec<(Resource, Raw)>,
    /// How many rows were not understood.
    odd: usize,
    pub(crate) answer: Answer,
}

impl Resources {
    /// Reads them.
    pub(crate) fn read(session: &Session) -> Result<Resources, Error> {
        Resources::of_answer(session.ask(Call::get("/cluster/resources"))?)
    }

    /// Those of an answer that was read already.
    pub(crate) fn of_answer(answer: Answer) -> Result<Resources, Error> {
        let rows = answer.rows_at_once()?;
        let odd = rows.odd;
        let rows: Vec<(Resource, Raw)> = rows.into_iter().collect();
        let nameless = rows.iter().filter(|(row, _)| !row.says_what_it_is()).count();
        Ok(Resources { odd: odd + nameless, rows, answer })
    }

    /// The rows of these types.
    pub(crate) fn of<'a>(&'a self, types: &'a [&str]) -> impl Iterator<Item = &'a (Resource, Raw)> {
        self.rows.iter().filter(|(row, _)| row.r#type.as_ref().is_some_and(|is| types.contains(&is.raw())))
    }

    /// How much of these things was seen, which the server filters by a privilege on a path.
    pub(crate) fn sight(&self, session: &Session, things: &str, privilege: &'static str, path: &str) -> Sight {
        Sight::filtered(session, things, &[privilege], path).and(Sight::without(self.odd))
    }

    /// Whether each node is online.
    pub(crate) fn online(&self) -> BTreeMap<Text, bool> {
        self.of(&["node"]).filter_map(|(row, _)| Some((row.node.clone()?, row.status.as_ref()? == "online"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;
    use crate::loose::tests::any_json;
    use crate::wire::Rows;

    const NAMES: [&str; 24] = [
        "type",
        "vmid",
        "name",
        "node",
        "status",
        "template",
        "pool",
        "tags",
        "cpu",
        "maxcpu",
        "mem",
        "maxmem",
        "disk",
        "maxdisk",
        "uptime",
        "qmpstatus",
        "storage",
        "plugintype",
        "content",
        "shared",
        "lock",
        "hastate",
        "ha",
        "cpus",
    ];

    #[test]
    fn a_number_beyond_all_bounds_costs_its_row_and_no_other() {
        let body = r#"{"data":[{"type":"qemu","mem":1},{"type":"qemu","mem":1e999}]}"#;
        let rows: Rows<Resource> = Rows::read(&body.into()).unwrap();
        assert_eq!((rows.odd, rows.into_iter().count()), (1, 1));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn rows_of_any_content_are_all_read_and_keep_their_json(
            rows in prop::collection::vec(prop::collection::vec((0..30_usize, any_json()), 0..12), 50),
        ) {
            let object = |fields: Vec<(usize, Value)>| -> Map<String, Value> {
                let name = |n: usize| NAMES.get(n).map_or_else(|| format!("unknown-{n}"), |name| (*name).to_owned());
                fields.into_iter().map(|(n, value)| (name(n), value)).collect()
            };
            let rows: Vec<Value> = rows.into_iter().map(|fields| Value::Object(object(fields))).collect();
            let read: Rows<Resource> = Rows::read(&json!({ "data": rows }).to_string().into()).unwrap();
            prop_assert_eq!(read.odd, 0);
            for ((_, raw), row) in read.into_iter().zip(rows) {
                prop_assert_eq!(raw.json(), row.to_string());
            }
        }
    }
}
