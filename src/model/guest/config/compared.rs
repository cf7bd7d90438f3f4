//! Two configurations of a guest, setting by setting. Secrets are held against each other and not shown.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Config;
use super::page::rank;
use crate::model::json::shown;
use crate::secret::{are_told_the_same, is_secret_parameter, masked};
use crate::text::Text;

/// A setting that is not the same in two configurations.
pub(crate) struct Differing {
    pub(crate) key: String,
    /// What it is in the one; `None` where it is not set there.
    pub(crate) one: Option<Text>,
    /// What it is in the other.
    pub(crate) other: Option<Text>,
    /// Whether its words are not to be shown: then both only say so.
    pub(crate) is_secret: bool,
}

impl Config {
    /// The settings that are not the same in another configuration, in the order of the page. `digest` is none of them.
    pub(crate) fn differing(&self, other: &Config) -> Vec<Differing> {
        let keys: BTreeSet<&String> = self.settings.keys().chain(other.settings.keys()).collect();
        let differing = keys.into_iter().filter(|key| *key != "digest").filter_map(|key| {
            let (one, other) = (self.settings.get(key), other.settings.get(key));
            // Perl answers with a number or with its words, as it happens.
            if one.map(shown) == other.map(shown) {
                return None;
            }
            if one.zip(other).is_some_and(|(one, other)| are_told_the_same(key, one, other)) {
                return None;
            }
            // Keys that may log in are told like passwords: who sees the page need not know whose they are.
            let is_secret = is_secret_parameter(key) || key == "sshkeys";
            let instead = if one.is_some() && other.is_some() { "changed, not shown" } else { "set, not shown" };
            let words = |value: Option<&Value>| -> Option<Text> {
                value.map(|value| if is_secret { instead.into() } else { shown(&masked(value.clone())).into() })
            };
            Some(Differing { key: key.clone(), one: words(one), other: words(other), is_secret })
        });
        let mut differing: Vec<Differing> = differing.collect();
        differing.sort_by_key(|setting| rank(&setting.key));
        differing
    }
}
