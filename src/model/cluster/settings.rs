//! Several settings in one: an object of the API, or what it writes as `key=value,key=value`.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::Value;

use crate::model::json::shown;
use crate::page::Cell;
use crate::text::Text;
use crate::units::{Reading, Why};

/// Settings by their names; of one that stands without a name the name is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, Text>);

impl Settings {
    /// Reads `key=value,key=value`.
    pub(crate) fn read(words: &str) -> Settings {
        let parts = words.split(',').filter(|part| !part.is_empty());
        Settings(parts.map(|part| part.split_once('=').unwrap_or(("", part))).map(named).collect())
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<Text> {
        self.0.get(name).cloned()
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, by their names.
    pub fn to_vec(&self) -> Vec<(String, Text)> {
        self.0.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

fn named((name, value): (&str, &str)) -> (String, Text) {
    (name.trim().to_owned(), value.trim().into())
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Settings, D::Error> {
        let words = |value: &Value| match value {
            Value::Array(each) => each.iter().map(shown).collect::<Vec<_>>().join(", ").into(),
            value => Text::from(shown(value)),
        };
        Ok(match Value::deserialize(from)? {
            Value::Object(map) => {
                Settings(map.iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (k.clone(), words(v))).collect())
            }
            Value::String(words) => Settings::read(&words),
            Value::Null => Settings::default(),
            other => Settings(BTreeMap::from([(String::new(), words(&other))])),
        })
    }
}

/// Settings that may not be known.
pub(crate) fn reading<'de, D: Deserializer<'de>>(from: D) -> Result<Reading<Settings>, D::Error> {
    Ok(Reading::or_missing(Option::<Settings>::deserialize(from)?, Why::NotInAnswer))
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (name, value)) in self.0.iter().enumerate() {
            f.write_str(if n == 0 { "" } else { ", " })?;
            match name.as_str() {
                "" => write!(f, "{value}")?,
                name => write!(f, "{} {value}", Text::from(name))?,
            }
        }
        Ok(())
    }
}

impl From<Settings> for Cell {
    fn from(settings: Settings) -> Cell {
        if settings.is_empty() { Cell::Empty } else { settings.to_string().into() }
    }
}
