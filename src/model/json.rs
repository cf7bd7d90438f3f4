//! Any answer of the API as it is: a tree that folds. For the paths that have no object of their own.

use std::fmt;

use serde_json::Value;

use crate::error::Error;
use crate::model::list::count;
use crate::page::{Cell, Page, Provenance};
use crate::render::View;
use crate::secret::{NOT_SHOWN, masked};
use crate::session::Session;
use crate::text::Text;
use crate::wire::{Call, Method, Reply};

/// What a path of the API answered. Passwords and keys are never shown.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let status = Pve::demo()?.get("/cluster/status")?;
/// assert_eq!(status.find("quorate").and_then(|v| v.as_u64()), Some(1));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Json {
    title: Text,
    value: Value,
    provenance: Provenance,
}

impl Json {
    pub(crate) fn read(session: &Session, path: &str) -> Result<Json, Error> {
        let answer = session.ask(call(Method::Get, path))?;
        Ok(Json {
            title: answer.call.shown(),
            value: value_of(&answer.call, &answer.reply)?,
            provenance: session.provenance([&answer], None),
        })
    }

    /// The value itself, secrets masked.
    pub fn value(&self) -> Value {
        self.value.clone()
    }

    /// The value at a JSON pointer: `/0/name`.
    pub fn at(&self, pointer: &str) -> Option<Value> {
        self.value.pointer(pointer).cloned()
    }

    /// The first value under this key, wherever it stands.
    pub fn find(&self, key: &str) -> Option<Value> {
        find(&self.value, key).cloned()
    }
}

/// A call from a path as a person writes it, with or without a query.
pub(crate) fn call(method: Method, path: &str) -> Call {
    let (path, query) = path.trim().split_once('?').unwrap_or((path.trim(), ""));
    let path = path.strip_prefix("/api2/json").unwrap_or(path);
    form_urlencoded::parse(query.as_bytes()).fold(Call::new(method, path), |call, (key, value)| call.with(key, value))
}

fn find<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => map.get(key).or_else(|| map.values().find_map(|value| find(value, key))),
        Value::Array(rows) => rows.iter().find_map(|value| find(value, key)),
        _ => None,
    }
}

/// What an answer holds, as far as it is shown. A log that is asked for as a file comes as it is, without JSON around it.
pub(crate) fn value_of(call: &Call, reply: &Reply) -> Result<Value, Error> {
    let as_file = call.params.iter().any(|(key, value)| key == "download" && value == "1");
    match reply.data(call) {
        Err(_) if as_file && !reply.body.trim_start().starts_with('<') => Ok(Value::from(&*reply.body)),
        data => Ok(shown_of(call, data?)),
    }
}

/// What is shown of an answer: of cloud-init's user data nothing, since it holds the password in plain text.
fn shown_of(call: &Call, value: Value) -> Value {
    if call.path.contains("/cloudinit/dump") { NOT_SHOWN.into() } else { masked(value) }
}

/// A value in words: a string without quotes, all else as JSON.
pub(crate) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Text::from(format!("{:#}", self.value)))
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({}: {})", self.title, size(&self.value))
    }
}

fn size(value: &Value) -> String {
    match value {
        Value::Array(rows) => count(rows.len(), ("entry", "entries")),
        Value::Object(map) => count(map.len(), ("field", "fields")),
        Value::Null => "nothing".into(),
        value => Text::from(shown(value)).brief(60),
    }
}

impl View for Json {
    fn page(&self) -> Page {
        let page = Page::new(self.title.clone()).answer(size(&self.value), ", as the API answered.");
        tree(page, &self.value).provenance(self.provenance.clone())
    }
}

/// JSON of any kind, such as the `raw()` of an object, as a tree that folds.
impl View for Value {
    fn page(&self) -> Page {
        tree(Page::new(""), &masked(self.clone()))
    }
}

/// Plain fields as facts, everything below them as a part that folds.
pub(crate) fn tree(page: Page, value: &Value) -> Page {
    let page = Page { as_it_came: true, ..page };
    let (plain, deep): (Vec<_>, Vec<_>) = match value {
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), value)).partition(|(_, value)| !is_deep(value))
        }
        Value::Array(rows) => {
            rows.iter().enumerate().map(|(n, value)| (n.to_string(), value)).partition(|(_, value)| !is_deep(value))
        }
        scalar => return page.facts([("value", Cell::Code(shown(scalar).into()))]),
    };
    let page = if plain.is_empty() {
        page
    } else {
        page.facts(plain.into_iter().map(|(key, value)| (key, Cell::Code(shown(value).into()))))
    };
    deep.into_iter().fold(page, |page, (key, value)| page.section(label(&key, value), tree(Page::new(""), value)))
}

/// A nested value's key, and what it is called inside.
fn label(key: &str, value: &Value) -> String {
    let name = ["id", "name", "node", "storage", "upid", "userid", "poolid", "subdir"]
        .iter()
        .find_map(|field| value.get(field));
    match name {
        Some(name) => format!("{key}: {} ({})", shown(name), size(value)),
        None => format!("{key} ({})", size(value)),
    }
}

fn is_deep(value: &Value) -> bool {
    matches!(value, Value::Object(map) if !map.is_empty()) || matches!(value, Value::Array(rows) if !rows.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::secret::is_secret_parameter;

    #[test]
    fn what_may_be_a_secret_is_not_shown_in_a_plan_and_ordinary_settings_are_shown_in_an_answer() {
        for secret in ["client-key", "cipassword", "keyring", "eab-hmac-key", "key", "token", "otp"] {
            assert!(is_secret_parameter(secret), "{secret}");
        }
        let pending =
            masked(json!([{"key": "tags", "value": "db"}, {"key": "cipassword", "value": "x9", "pending": "x8"}]));
        assert!(pending.to_string().contains("db") && !pending.to_string().contains('x'), "{pending}");
        let subscription =
            masked(json!({"url": "https://shop", "key": "pve2c-x7", "signature": "x6", "status": "active"}));
        assert!(subscription.to_string().contains("shop") && !subscription.to_string().contains('x'), "{subscription}");
        let dump = Call::get("/nodes/pve1/qemu/101/cloudinit/dump").with("type", "user");
        assert_eq!(shown_of(&dump, "password: $5$abc".into()), NOT_SHOWN);
    }

    #[test]
    fn a_path_may_carry_its_query_and_its_prefix() {
        assert_eq!(call(Method::Get, "/cluster/resources?type=vm").params, [("type".to_owned(), "vm".to_owned())]);
        assert_eq!(call(Method::Get, "/api2/json/version").path, "/version");
        assert_eq!(call(Method::Get, "version").path, "/version");
    }
}
