//! Property strings: several settings in one word, `local-zfs:vm-101-disk-0,discard=on,size=32G`. Some answers have them
//! as an object. Knows no setting by name.

use std::fmt;

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::Value;

use crate::model::json::shown;
use crate::page::Cell;
use crate::text::Text;
use crate::units::{Bytes, Reading, Why};

/// Several settings in one, in their order: what the API writes as `key=value,key=value`, or as an object. The one that
/// stands without its name has an empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties(Vec<(String, Text)>);

impl Properties {
    /// Reads what Proxmox VE wrote: parts between commas, each `key=value` or, for the main one, a value alone. Its
    /// parts in Rust put a value with commas in quotes and escape in those. Anything else is kept as it stands.
    pub(crate) fn read(words: &str) -> Properties {
        let mut parts = Vec::new();
        let mut rest = words;
        while !rest.is_empty() {
            let comma = rest.find(',').unwrap_or(rest.len());
            let (key, value_from) = match rest[..comma].find('=') {
                // A part that begins with the sign, or with a quote, has no key at all.
                Some(equals) if !rest[..equals].trim().is_empty() && !rest[..equals].contains('"') => {
                    (rest[..equals].trim(), equals + 1)
                }
                _ => ("", 0),
            };
            let (value, end) = match quoted(&rest[value_from..]) {
                Some((value, length)) => (value, value_from + length),
                None => (rest[value_from..comma].trim().to_owned(), comma),
            };
            if !(key.is_empty() && value.is_empty()) {
                parts.push((key.to_owned(), value.into()));
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        Properties(parts)
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<Text> {
        self.word(name).map(Text::from)
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in their order.
    pub fn to_vec(&self) -> Vec<(String, Text)> {
        self.0.clone()
    }

    /// The same, as it came.
    pub(crate) fn word(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.raw())
    }

    /// Yes or no, in the words that Proxmox VE takes for it.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        match self.word(key)?.to_ascii_lowercase().as_str() {
            "1" | "on" | "yes" | "true" => Some(true),
            "0" | "off" | "no" | "false" => Some(false),
            _ => None,
        }
    }

    /// A number.
    pub(crate) fn number<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.word(key)?.parse().ok()
    }

    /// All parts, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.raw()))
    }
}

/// A value in quotes at the beginning, and how long it is with them; `None` where it is not followed by a comma or the end.
fn quoted(words: &str) -> Option<(String, usize)> {
    let mut chars = words.strip_prefix('"')?.char_indices();
    let mut value = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.push(chars.next()?.1),
            '"' => {
                let end = at + 2;
                let closes = words[end..].is_empty() || words[end..].starts_with(',');
                return closes.then_some((value, end));
            }
            c => value.push(c),
        }
    }
    None
}

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Properties, D::Error> {
        let words = |value: &Value| match value {
            Value::Array(each) => each.iter().map(shown).collect::<Vec<_>>().join(", ").into(),
            value => Text::from(shown(value)),
        };
        Ok(match Value::deserialize(from)? {
            Value::Object(map) => Properties(
                map.iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (k.clone(), words(v))).collect(),
            ),
            Value::String(words) => Properties::read(&words),
            Value::Null => Properties::default(),
            other => Properties(vec![(String::new(), words(&other))]),
        })
    }
}

/// Properties that may not be known.
pub(crate) fn reading<'de, D: Deserializer<'de>>(from: D) -> Result<Reading<Properties>, D::Error> {
    Ok(Reading::or_missing(Option::<Properties>::deserialize(from)?, Why::NotInAnswer))
}

impl fmt::Display for Properties {
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

impl From<Properties> for Cell {
    fn from(properties: Properties) -> Cell {
        if properties.is_empty() { Cell::Empty } else { properties.to_string().into() }
    }
}

/// A size as configurations have it: `32G`, `528K`, `1.5T`, or a number of bytes.
pub(crate) fn size(words: &str) -> Option<Bytes> {
    let (number, shift) = match words.strip_suffix(['K', 'M', 'G', 'T']) {
        Some(number) => (number, "KMGT".find(&words[number.len()..]).map_or(0, |place| 10 * (place + 1))),
        None => (words, 0),
    };
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if let (true, Ok(whole)) = (plain, number.parse::<u64>()) {
        return whole.checked_mul(1 << shift).map(Bytes);
    }
    let number: f64 = number.parse().ok().filter(|_| plain)?;
    let bytes = number * (1_u64 << shift) as f64;
    (bytes < u64::MAX as f64).then_some(Bytes(bytes as u64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_disk_is_taken_apart_and_the_part_without_a_key_is_its_main_one() {
        let disk = Properties::read("tank:vm-7-disk-0,discard=on, iothread=1,,size=32G");
        assert_eq!(disk.word(""), Some("tank:vm-7-disk-0"));
        assert_eq!((disk.flag("discard"), disk.flag("iothread"), disk.flag("ssd")), (Some(true), Some(true), None));
        assert_eq!(disk.word("size").and_then(size), Some(Bytes::gib(32)));
    }

    #[test]
    fn quotes_hold_a_value_together_and_unfinished_ones_are_part_of_it() {
        let notes = Properties::read(r#"id=a,text="one, \"two\"",x=1"#);
        assert_eq!(notes.word("text"), Some(r#"one, "two""#));
        assert_eq!(notes.word("x"), Some("1"));
        let odd = Properties::read(r#"text="one,x=1"#);
        assert_eq!((odd.word("text"), odd.word("x")), (Some("\"one"), Some("1")));
    }

    #[test]
    fn sizes_are_read_as_proxmox_ve_writes_them() {
        for (words, bytes) in [
            ("528K", Some(540_672)),
            ("4M", Some(4 << 20)),
            ("1T", Some(1 << 40)),
            ("1.5G", Some(3 << 29)),
            ("17", Some(17)),
            ("", None),
            ("G", None),
            ("-1G", None),
            ("1e3", None),
            ("99999999999999T", None),
        ] {
            assert_eq!(size(words), bytes.map(Bytes), "{words}");
        }
    }

    /// As Proxmox VE writes it.
    fn written(properties: &Properties) -> String {
        let part = |(key, value): (&str, &str)| {
            let equals = if key.is_empty() { "" } else { "=" };
            let odd = value.contains([',', '"']) || value.trim() != value || (key.is_empty() && value.contains('='));
            match odd || value.is_empty() {
                true => format!("{key}{equals}\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
                false => format!("{key}{equals}{value}"),
            }
        };
        properties.iter().map(part).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn all_parts_are_kept_also_several_without_a_name_and_those_in_quotes() {
        let read = Properties::read(r#"node=pve1,a,b,description="one, two""#);
        assert_eq!(read.to_string(), "node pve1, a, b, description one, two");
        assert_eq!(read.get("description").unwrap(), "one, two");
        let object: Properties =
            serde_json::from_str(r#"{"network":"10.0.0.0/24","type":null,"tags":["a","b"]}"#).unwrap();
        assert_eq!(object.to_string(), "network 10.0.0.0/24, tags a, b");
    }

    proptest! {
        #[test]
        fn any_words_are_read_and_what_was_read_is_read_the_same_again(words in ".*") {
            let read = Properties::read(&words);
            prop_assert_eq!(Properties::read(&written(&read)), read);
        }

        #[test]
        fn any_words_with_the_signs_that_matter_too(words in r#"[a,="\\ ]{0,24}"#) {
            let read = Properties::read(&words);
            prop_assert_eq!(Properties::read(&written(&read)), read, "{}", words);
        }

        #[test]
        fn no_size_panics(words in "[0-9.eKMGT-]{0,12}") {
            let _ = size(&words);
        }
    }
}
