//! What the cluster itself said, where it used a word that a lens replaces: names, notes, messages. It stays as it came.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use super::words::Words;

/// What was said in the answers that were read through a lens.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    /// Lines of several words: notes, comments, messages.
    lines: BTreeSet<String>,
    /// The words of the lens that something is called by.
    names: BTreeSet<String>,
}

/// What fields end with whose values are words of the API and no names.
const PLAIN: [&str; 11] =
    ["type", "content", "status", "state", "level", "kind", "mode", "subdir", "action", "privs", "lock"];

impl Heard {
    /// Takes down what an answer says.
    pub(super) fn hear(&mut self, body: &str, words: &Words) {
        let (marks, small) = (words.marks(), body.to_lowercase());
        if !marks.iter().any(|mark| small.contains(mark)) {
            return;
        }
        match serde_json::from_str::<Value>(body) {
            Ok(value) => self.take(&value, "", &marks, words),
            // No JSON, such as the API's documentation: whatever stands between quotes or on a line of its own.
            Err(_) => body.split(['"', '\n']).for_each(|said| self.note(said, "", &marks, words)),
        }
    }

    fn take(&mut self, value: &Value, key: &str, marks: &[String], words: &Words) {
        match value {
            Value::Array(rows) => rows.iter().for_each(|row| self.take(row, key, marks, words)),
            Value::Object(fields) => fields.iter().for_each(|(key, value)| self.take(value, key, marks, words)),
            Value::String(said) => self.note(said, key, marks, words),
            _ => {}
        }
    }

    fn note(&mut self, said: &str, key: &str, marks: &[String], words: &Words) {
        let small = said.to_lowercase();
        if !marks.iter().any(|mark| small.contains(mark)) {
            return;
        }
        if said.trim().contains(char::is_whitespace) {
            self.lines.extend(said.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()));
            return;
        }
        if !PLAIN.iter().any(|plain| key.ends_with(plain)) {
            self.names.extend(names(said, key).filter_map(|name| words.named(name)));
        }
    }

    /// What both say.
    pub(super) fn and(&mut self, other: &Heard) {
        self.lines.extend(other.lines.iter().cloned());
        self.names.extend(other.names.iter().cloned());
    }

    /// Whether something is called by this word of the lens, so that nobody can tell the one from the other.
    pub(super) fn is_a_name(&self, word: &str) -> bool {
        self.names.contains(word)
    }

    /// Whether this part of a text stands in a line of the cluster, whole or cut off by an ellipsis.
    pub(super) fn has_said(&self, text: &str, part: &Range<usize>) -> bool {
        self.lines.iter().any(|line| {
            let Some(first) = line.chars().next() else { return false };
            let starts = text[..part.end].char_indices().filter(|(at, letter)| *letter == first && *at <= part.start);
            starts.map(|(at, _)| at).any(|at| {
                let same = common(&text[at..], line);
                let ends = same == line.len() || text[at + same..].trim_start().starts_with('…');
                at + same >= part.end && ends
            })
        })
    }

    /// Whether all of a text stands in a line of the cluster.
    pub(super) fn has_said_all(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }
}

/// How many bytes two texts begin with that are the same.
fn common(one: &str, other: &str) -> usize {
    let differs = one.char_indices().zip(other.chars()).find(|((_, a), b)| a != b);
    differs.map_or(one.len().min(other.len()), |((at, _), _)| at)
}

/// The names in a word of the API: itself, the values of `net0: virtio=…,bridge=vmbr0`, the parts of `local:iso`, and of
/// tags what stands behind the dot.
fn names<'a>(said: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    let values = said.split([';', ',']).map(|part| part.rsplit('=').next().unwrap_or(part));
    values.flat_map(move |value| {
        value.split(move |letter| letter == ':' || (letter == '.' && key == "tags")).chain([value])
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Lens, Unit};
    use super::*;

    fn say(bodies: &[&str], text: &str) -> (String, Vec<String>) {
        let lens = Lens::new("finance").word("guest", "server").word("backup", "copy").sizes_in(Unit::GB);
        let words = Words::of(&lens);
        let mut heard = Heard::default();
        bodies.iter().for_each(|body| heard.hear(body, &words));
        let mut left = BTreeSet::new();
        let said = words.say(text, lens.sizes(), &heard, &mut left);
        (said, left.into_iter().collect())
    }

    #[test]
    fn a_note_of_the_cluster_stays_word_by_word_in_a_sentence_of_ours() {
        let body = r#"{"data":[{"comment":"Ask alice before a guest gets 4 GiB\nor more","id":7}]}"#;
        let (said, left) = say(&[body], "1 guest: Ask alice before a guest gets 4 GiB; a guest has 2 GiB.");
        assert_eq!(said, "1 server: Ask alice before a guest gets 4 GiB; a server has 2.1 GB.");
        assert!(left.is_empty());
        assert_eq!(say(&[body], "guest says Ask alice before a guest…").0, "server says Ask alice before a guest…");
        assert_eq!(say(&[body], "Ask alice before a guest is started").0, "Ask alice before a server is started");
    }

    #[test]
    fn a_word_that_something_is_called_by_stays_everywhere_and_that_is_told() {
        for body in [
            r#"{"data":{"name":"guest"}}"#,
            r#"{"data":{"tags":"prod;owner.guest"}}"#,
            r#"{"data":{"net0":"virtio=AA:BB,bridge=guest"}}"#,
        ] {
            assert_eq!(say(&[body], "The guest is off."), ("The guest is off.".into(), vec!["guest".into()]), "{body}");
        }
        for body in [
            r#"{"data":{"type":"guest","content":"images,backup","guest":1,"id":"guest-1","path":"/vm/guest","on":"backup=1"}}"#,
            "not JSON: \"guests\"",
        ] {
            assert_eq!(say(&[body], "The guest has a backup."), ("The server has a copy.".into(), vec![]), "{body}");
        }
    }

    #[test]
    fn words_of_many_bytes_are_compared_letter_by_letter() {
        let body = r#"{"data":{"notes":"für jeden guest 😀 da"}}"#;
        assert_eq!(say(&[body], "ü für jeden guest 😀 da, guest").0, "ü für jeden guest 😀 da, server");
        assert_eq!(say(&[body], "für jeden guest 😁").0, "für jeden server 😁");
    }
}
