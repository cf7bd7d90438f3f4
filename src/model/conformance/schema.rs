//! The types against the schema of the server's own code: each field that it declares is known, in the type that it
//! declares and in those that a real server sent instead.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{folder, matches, typed};

/// What the API declares that its reads return.
pub(super) struct Schema {
    /// By path: the properties of the object, or of each object of the list.
    returns: BTreeMap<String, Map<String, Value>>,
    /// By path and field: values of other types that a real server sent.
    reality: BTreeMap<(String, String), Vec<Value>>,
}

/// The schema that belongs to a folder of recordings.
pub(super) fn of(folder: &Path) -> Option<Schema> {
    let beside = std::env::var_os("PVE_SCHEMA").map_or_else(|| folder.join("../schema.json"), Into::into);
    let Ok(text) = std::fs::read_to_string(&beside) else {
        println!("No schema at {}: every field that a type does not know counts as dropped", beside.display());
        return None;
    };
    let mut schema = Schema { returns: BTreeMap::new(), reality: BTreeMap::new() };
    schema.read(&serde_json::from_str(&text).unwrap());
    if let Ok(text) = std::fs::read_to_string(beside.with_file_name("schema_vs_reality.json")) {
        schema.read_reality(&serde_json::from_str(&text).unwrap());
    }
    Some(schema)
}

impl Schema {
    fn read(&mut self, tree: &Value) {
        for node in tree.as_array().into_iter().flatten() {
            let returns = &node["info"]["GET"]["returns"];
            let properties = match returns["items"]["properties"].as_object() {
                Some(of_items) => Some(of_items),
                None => returns["properties"].as_object(),
            };
            if let (Some(path), Some(properties)) = (node["path"].as_str(), properties) {
                self.returns.insert(path.to_owned(), properties.clone());
            }
            self.read(&node["children"]);
        }
    }

    fn read_reality(&mut self, differences: &Value) {
        for difference in differences["type_mismatch"].as_array().into_iter().flatten() {
            let (Some(path), Some(field)) = (difference["path"].as_str(), difference["field"].as_str()) else {
                continue;
            };
            let field = field.trim_start_matches("data").trim_start_matches("[]").trim_start_matches('.');
            let examples = difference["examples"].as_array().into_iter().flatten().filter_map(Value::as_str);
            // Examples are JSON, or a string that was cut.
            let examples = examples.map(|text| serde_json::from_str(text).unwrap_or_else(|_| text.into())).collect();
            self.reality.insert((path.to_owned(), field.to_owned()), examples);
        }
    }

    /// Whether a path's answer is declared to have this field. `net[n]` stands for `net0`, `net1` and so on.
    pub(super) fn has(&self, path: &str, field: &str) -> bool {
        let top = field.split('.').next().unwrap_or(field);
        let stem = format!("{}[n]", top.trim_end_matches(|c: char| c.is_ascii_digit()));
        self.returns
            .iter()
            .filter(|(template, _)| matches(template, path))
            .any(|(_, fields)| fields.contains_key(top) || fields.contains_key(&stem))
    }
}

/// Values of a declared type, as itself and in Perl's other clothes.
fn samples(declared: &Value) -> Vec<Value> {
    match declared["type"].as_str().unwrap_or("string") {
        "boolean" => vec![json!(1), json!(0), json!("1"), json!(true)],
        "integer" => vec![json!(7), json!("7")],
        "number" => vec![json!(0.5), json!("0.5"), json!(3)],
        "array" => vec![json!([])],
        "object" => match declared["properties"].as_object() {
            None => vec![json!({})],
            Some(inner) => {
                let first = |(key, declared): (&String, &Value)| (key.clone(), samples(declared).remove(0));
                vec![Value::Object(inner.iter().map(first).collect())]
            }
        },
        "null" => vec![Value::Null],
        _ => match declared["enum"].as_array() {
            Some(words) if !words.is_empty() => words.clone(),
            _ => vec![json!("word")],
        },
    }
}

#[test]
fn the_types_agree_with_the_schema_and_with_reality() {
    let Some(folder) = folder() else { return };
    let Some(schema) = of(&folder) else { return };
    let (mut wrong, mut fields) = (Vec::new(), 0);
    for typed in typed() {
        for path in typed.paths {
            for (field, declared) in schema.returns.get(*path).into_iter().flatten() {
                fields += 1;
                let name = field.replace("[n]", "0");
                let real = schema.reality.get(&((*path).to_owned(), field.clone())).cloned().unwrap_or_default();
                for value in samples(declared).into_iter().chain(real) {
                    match (typed.object)(&json!({ name.as_str(): value })) {
                        Ok(faults) => {
                            wrong.extend(faults.into_iter().map(|f| format!("{path}: {field}: {f} ({value})")))
                        }
                        Err(error) => wrong.push(format!("{path}: {field}: {error} ({value})")),
                    }
                }
            }
        }
    }
    println!("{} types against {fields} declared fields", typed().len());
    wrong.dedup();
    assert!(wrong.is_empty(), "{} disagree:\n{}", wrong.len(), wrong.join("\n"));
}
