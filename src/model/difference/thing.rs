//! Plain objects of the API before and after, by their names, field by field. Knows none of them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Change, ChangeKind, ChangedPart};
use crate::model::json::shown;
use crate::model::list::List;
use crate::model::record::Record;
use crate::secret::{are_told_the_same, is_secret_parameter, masked};
use crate::text::Text;

/// Objects of one kind, as one look saw them.
pub(super) struct Things {
    /// Their JSON, by what each is called. Secrets stand in it, to be held against each other.
    rows: BTreeMap<String, Value>,
    /// Whether these are all there are.
    is_whole: bool,
}

impl Things {
    pub(super) fn of<T: Record>(list: &List<T>, called: impl Fn(&T) -> String) -> Things {
        let rows = list.iter().map(|item| (called(item), item.origin().whole_json()));
        Things { rows: rows.collect(), is_whole: list.is_complete() == Some(true) }
    }

    pub(super) fn new(rows: impl IntoIterator<Item = (String, Value)>, is_whole: bool) -> Things {
        Things { rows: rows.into_iter().collect(), is_whole }
    }
}

/// What became of each of these, told without the fields in `noise`.
pub(super) fn changes(what: &str, before: &Things, after: &Things, noise: &[&str]) -> Vec<Change> {
    let mut pairs: BTreeMap<&String, (Option<&Value>, Option<&Value>)> = BTreeMap::new();
    before.rows.iter().for_each(|(name, row)| pairs.entry(name).or_default().0 = Some(row));
    after.rows.iter().for_each(|(name, row)| pairs.entry(name).or_default().1 = Some(row));
    let change = |(name, pair): (&String, (Option<&Value>, Option<&Value>))| {
        let kind = match pair {
            (Some(was), Some(is)) => {
                let parts = parts(was, is, noise);
                return (!parts.is_empty()).then(|| Change::new(what, name.as_str(), ChangeKind::Changed, parts));
            }
            (Some(_), None) if after.is_whole => ChangeKind::Removed,
            (None, Some(_)) if before.is_whole => ChangeKind::Added,
            _ => ChangeKind::NotKnown,
        };
        let only = |side: Option<&Value>| match (side, kind) {
            (Some(_), _) => Some("there".into()),
            (None, ChangeKind::NotKnown) => Some("not seen, which says nothing".into()),
            (None, _) => None,
        };
        let parts = vec![ChangedPart::new(capital(what), only(pair.0), only(pair.1))];
        Some(Change::new(what, name.as_str(), kind, parts))
    };
    let mut changes: Vec<Change> = pairs.into_iter().filter_map(change).collect();
    changes.sort_by_key(|change| change.kind);
    changes
}

/// The fields of two objects that are not the same.
pub(super) fn parts(was: &Value, is: &Value, noise: &[&str]) -> Vec<ChangedPart> {
    let none = serde_json::Map::new();
    let (was, is) = (was.as_object().unwrap_or(&none), is.as_object().unwrap_or(&none));
    let keys: std::collections::BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let keys = keys.into_iter().filter(|key| *key != "digest" && !noise.contains(&key.as_str()));
    keys.filter_map(|key| {
        let (one, other) = (was.get(key).filter(|it| !it.is_null()), is.get(key).filter(|it| !it.is_null()));
        let is_told_the_same = one.zip(other).is_some_and(|(one, other)| are_told_the_same(key, one, other));
        if is_told_the_same || one.map(|it| plain(key, it)) == other.map(|it| plain(key, it)) {
            return None;
        }
        let words = |value: &Value| match is_secret_parameter(key) {
            true => Text::from("changed, not shown"),
            false => shown(&masked(value.clone())).into(),
        };
        Some(ChangedPart::new(key.as_str(), one.map(words), other.map(words)))
    })
    .collect()
}

/// A value without what differs from answer to answer: whether a number comes as words, and the order of what Perl keeps
/// without one.
fn plain(key: &str, value: &Value) -> String {
    const PROSE: [&str; 4] = ["comment", "description", "comments", "comments6"];
    match value {
        Value::Array(each) => {
            let mut each: Vec<String> = each.iter().map(shown).collect();
            each.sort();
            each.join("\n")
        }
        Value::String(words) if !PROSE.contains(&key) && words.contains([',', ';']) => {
            let mut each: Vec<&str> = words.split([',', ';']).map(str::trim).collect();
            each.sort_unstable();
            each.join(",")
        }
        value => shown(value),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
