//! Any answer of the API as it is: a tree that folds. For the paths that have no object of their own.

use std::fmt;

use serde_json::Value;

use crate::error::Error;
use crate::model::list::count;
use crate::page::{Cell, Page, Provenance};
use crate::render::View;
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

/// Whether a field of this name holds a secret in what the API answers.
pub(crate) fn is_secret(key: &str) -> bool {
    const ENDS: [&str; 12] = [
        "password",
        "passwd",
        "secret",
        "privatekey",
        "private-key",
        "encryption-key",
        "client-key",
        "keyring",
        "hmac-key",
        "otel-headers",
        "csrfpreventiontoken",
        "ticket",
    ];
    // Whole names: of a user the second factor of the old kind, of a metrics server or an IPAM its key, of a webhook what
    // it shows to its server, of a container what its programs find in their environment.
    const NAMES: [&str; 4] = ["keys", "token", "header", "env"];
    let key = key.to_ascii_lowercase();
    NAMES.contains(&key.as_str()) || ENDS.iter().any(|end| key.ends_with(end))
}

/// Whether a parameter of this name may hold a secret in what is sent, where plain words stand for keys and tokens too.
pub(crate) fn is_secret_parameter(key: &str) -> bool {
    is_secret(key) || ["key", "token", "value", "data", "otp"].contains(&key.to_ascii_lowercase().as_str())
}

const NOT_SHOWN: &str = "(a secret, not shown)";

pub(crate) fn masked(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            // Pending changes name a setting in one field and have its value in others.
            let names_secret = map.get("key").and_then(Value::as_str).is_some_and(is_secret);
            // A new token comes with its secret, a plugin for DNS with the credentials of its provider.
            let (new_token, plugin) = (map.contains_key("full-tokenid"), map.contains_key("plugin"));
            // A service elsewhere: the shop of subscriptions, name servers, address books.
            let has_address = map.contains_key("url");
            let hidden = |key: &str| match key {
                "value" => names_secret || new_token,
                "pending" => names_secret,
                "data" => plugin,
                "lock-token" => true,
                "key" | "token" | "signature" if has_address => true,
                key => is_secret(key),
            };
            let field = |(key, value): (String, Value)| match hidden(&key) && !value.is_null() {
                true => (key, NOT_SHOWN.into()),
                false if key == "http_proxy" => {
                    let url = value.as_str().map(without_password);
                    (key, url.map_or(value, Value::from))
                }
                false => (key, masked(value)),
            };
            Value::Object(map.into_iter().map(field).collect())
        }
        Value::Array(rows) => Value::Array(rows.into_iter().map(masked).collect()),
        value => value,
    }
}

/// An address without the password that may stand in it: `http://user:secret@proxy:3128`.
pub(crate) fn without_password(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    let Some(at) = url[start..end].rfind('@') else { return url.to_owned() };
    match url[start..start + at].split_once(':') {
        Some((user, _)) => format!("{}{user}:{NOT_SHOWN}{}", &url[..start], &url[start + at..]),
        None => url.to_owned(),
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

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let value = masked(
            json!({"cipassword": "x1", "nested": [{"password": "x2", "name": "ok"}], "CSRFPreventionToken": "x3"}),
        );
        assert!(
            !value.to_string().contains("x1") && !value.to_string().contains("x2") && !value.to_string().contains("x3"),
            "{value}"
        );
        assert!(value.to_string().contains("ok"));
    }

    #[test]
    fn the_environment_of_a_container_is_not_shown() {
        let value = masked(json!([{"hostname": "db", "env": "DB_PASS=x1"}, {"key": "env", "value": "DB_PASS=x2"}]));
        assert!(!value.to_string().contains("DB_PASS") && value.to_string().contains("db"), "{value}");
    }

    #[test]
    fn keys_of_users_tokens_metric_servers_endpoints_and_plugins_are_masked() {
        let value = masked(json!([
            {"userid": "a@pve", "keys": "x1"}, {"full-tokenid": "a@pve!t", "value": "x2"},
            {"type": "influxdb", "token": "x3"}, {"name": "hook", "secret": [{"name": "n", "value": "x4"}]},
            {"plugin": "dns", "data": "KEY=x5"}, {"data": [{"metric": "cpu", "value": 7}]},
        ]));
        assert!((1..=5).all(|n| !value.to_string().contains(&format!("x{n}"))), "{value}");
        assert_eq!(value[5]["data"][0]["value"], 7);
    }

    #[test]
    fn an_address_loses_its_password_and_nothing_else() {
        assert_eq!(without_password("http://me:p@ss@proxy:3128/x@y"), "http://me:(a secret, not shown)@proxy:3128/x@y");
        for plain in ["http://proxy:3128", "http://me@proxy", "proxy:3128", "", "http://[::1]:80/a@b"] {
            assert_eq!(without_password(plain), plain);
        }
        let value = masked(json!({"http_proxy": "http://me:x1@proxy"}));
        assert!(!value.to_string().contains("x1"), "{value}");
    }

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
