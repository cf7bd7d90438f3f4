//! A word that is looked for: a name, a number, a tag, a hardware address, an IP address.

use std::net::IpAddr;

use serde_json::Value;

use crate::text::Text;

/// A word that is looked for. Letters are compared whatever their case. A number is found only whole, so that 101 is not
/// found in 1010; a hardware address however it is written; an IP address also in the networks that hold it.
///
/// ```
/// use pve_notebook::*;
/// assert!(Needle::new("bc-24-11-aa-00-01").is_in("virtio=BC:24:11:AA:00:01,bridge=vmbr0"));
/// assert!(Needle::new("192.0.2.7").is_in("192.0.2.0/24") && !Needle::new("192.0.2.7").is_in("192.0.2.70/24"));
/// assert!(Needle::new("101").is_in("local-lvm:vm-101-disk-0") && !Needle::new("101").is_in("vm-1010-disk-0"));
/// ```
#[derive(Clone, Debug)]
pub struct Needle {
    word: String,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Nothing,
    Word,
    Number,
    Address(IpAddr),
    Hardware(String),
}

impl Needle {
    /// What is looked for. Nothing is found of an empty word.
    pub fn new(word: impl Into<Text>) -> Needle {
        let word = word.into().raw().trim().to_lowercase();
        let kind = match word.parse() {
            _ if word.is_empty() => Kind::Nothing,
            Ok(address) => Kind::Address(address),
            Err(_) if word.bytes().all(|byte| byte.is_ascii_digit()) => Kind::Number,
            Err(_) => hardware(&word).map_or(Kind::Word, Kind::Hardware),
        };
        Needle { word, kind }
    }

    /// Whether there is nothing to look for.
    pub fn is_blank(&self) -> bool {
        matches!(self.kind, Kind::Nothing)
    }

    /// Whether it is in these words.
    pub fn is_in(&self, words: &str) -> bool {
        match &self.kind {
            Kind::Nothing => false,
            Kind::Word => words.to_lowercase().contains(&self.word),
            Kind::Number => words.split(|c: char| !c.is_ascii_digit()).any(|number| number == self.word),
            Kind::Address(address) => {
                let is_of_it = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '/');
                words.split(|c| !is_of_it(c)).any(|token| is_or_holds(token.trim_matches(['.', ':', '/']), *address))
            }
            Kind::Hardware(digits) => words.to_lowercase().replace([':', '-', '.'], "").contains(digits),
        }
    }

    /// Where it is in a JSON value: each field that has it, and the line of it. Checksums are passed over.
    pub fn found_in(&self, json: &Value) -> Vec<(Text, Text)> {
        let mut found = Vec::new();
        self.look("", json, &mut found);
        found
    }

    /// The first line that has it.
    pub fn line_of(&self, words: &str) -> Option<Text> {
        let line = || words.lines().find(|line| self.is_in(line)).unwrap_or(words);
        self.is_in(words).then(|| Text::from(Text::from(line().trim()).brief(160)))
    }

    fn look(&self, field: &str, json: &Value, found: &mut Vec<(Text, Text)>) {
        let words = match json {
            Value::Object(fields) => {
                for (key, value) in fields.iter().filter(|(key, _)| *key != "digest") {
                    let name = if field.is_empty() { key.clone() } else { format!("{field}.{key}") };
                    self.look(&name, value, found);
                }
                return;
            }
            Value::Array(items) => return items.iter().for_each(|item| self.look(field, item, found)),
            Value::String(words) => words.clone(),
            // Sizes and times are no names.
            Value::Number(number) if field.ends_with("id") || field.ends_with("tag") => number.to_string(),
            Value::Number(_) => return,
            Value::Bool(_) | Value::Null => return,
        };
        found.extend(self.line_of(&words).map(|line| (field.into(), line)));
    }
}

/// The twelve digits of a hardware address, however it is written.
fn hardware(word: &str) -> Option<String> {
    let digits = word.replace([':', '-', '.'], "");
    (digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(digits)
}

/// Whether this is the address, or a network that holds it. `192.0.2.1/24` is the address of a machine and no network.
fn is_or_holds(token: &str, address: IpAddr) -> bool {
    let (first, length) = token.split_once('/').unwrap_or((token, ""));
    let Ok(first) = first.parse::<IpAddr>() else { return false };
    if first == address {
        return true;
    }
    let Ok(length @ 1..) = length.parse::<u32>() else { return false };
    let (first, address, width) = match (first, address) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (u128::from(one.to_bits()), u128::from(other.to_bits()), 32),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits(), other.to_bits(), 128),
        _ => return false,
    };
    let Some(free) = u32::checked_sub(width, length) else { return false };
    first.trailing_zeros() >= free && first >> free == address >> free
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn each_kind_of_word_is_found_as_it_is_meant() {
        for (needle, words, is_in) in [
            ("alice", "owner.Alice", true),
            ("", "anything", false),
            ("  ", "anything", false),
            ("192.0.2.1", "ip=192.0.2.1/24,gw=192.0.2.254", true),
            ("192.0.2.1", "192.0.2.11", false),
            ("192.0.2.1", "ip=192.0.2.9/24", false),
            ("192.0.2.1", "0.0.0.0/0", false),
            ("192.0.2.1", "192.0.2.0/99", false),
            ("2001:db8::1", "2001:0DB8:0:0::1/64", true),
            ("2001:db8::1", "2001:db8::/32", true),
            ("2001:db8::1", "192.0.2.0/24", false),
            ("bc2411aa0001", "BC:24:11:AA:00:01", true),
            ("bc2411.aa0001", "BC:24:11:AA:00:02", false),
            ("101", "qmstart:101:root@pam", true),
            ("101", "2101", false),
        ] {
            assert_eq!(Needle::new(needle).is_in(words), is_in, "{needle} in {words}");
        }
    }

    #[test]
    fn fields_are_named_by_their_way_and_show_the_line() {
        let json =
            json!({ "a": [{ "b": "one\nthe needle\nthree" }], "digest": "needle", "vmid": 7, "size": 7, "t": true });
        let found = Needle::new("NEEDLE").found_in(&json);
        assert_eq!(found, [(Text::from("a.b"), Text::from("the needle"))]);
        assert_eq!(Needle::new("7").found_in(&json).len(), 1);
    }

    proptest! {
        #[test]
        fn no_words_break_it(needle in "\\PC{0,40}", words in "\\PC{0,80}") {
            let found = Needle::new(needle.clone()).is_in(&words);
            let plain = needle.trim().to_lowercase();
            prop_assert!(!found || !plain.is_empty());
        }

        #[test]
        fn an_address_is_in_its_own_network(address: u32, length in 1_u32..=32) {
            let network = std::net::Ipv4Addr::from_bits(address & (u32::MAX << (32 - length)));
            let address = std::net::Ipv4Addr::from_bits(address);
            let words = format!("{network}/{length}");
            prop_assert!(Needle::new(address.to_string()).is_in(&words), "{} in {}", address, words);
        }
    }
}
