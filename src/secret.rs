//! What is a secret, by the name it goes under, and how it is kept out of what is shown. Knows names of fields and
//! parameters; knows no call and no object.

use serde_json::Value;

use crate::text::Text;

/// How the names of fields end that hold a secret in what the API answers.
const ENDS: [&str; 16] = [
    "password",
    "passwd",
    "secret",
    "privatekey",
    "private-key",
    "preshared-key",
    "secret-key",
    "authkey",
    "encryption-key",
    "client-key",
    "keyring",
    "hmac-key",
    "otel-headers",
    "csrfpreventiontoken",
    "ticket",
    "challenge",
];

/// Whole names: of a user the second factor of the old kind, of a metrics server or an IPAM its key, of a webhook what it
/// shows to its server, of a container what its programs find in their environment; of a new second factor its codes.
const NAMES: [&str; 7] = ["keys", "token", "header", "env", "otp", "totp", "recovery"];
/// The keys of those who may log in: no secret to who looks at the cluster, but they name people, and so are not passed on.
const OF_PEOPLE: [&str; 2] = ["sshkeys", "ssh-public-keys"];

/// Whether a field of this name holds a secret in what the API answers.
pub(crate) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    NAMES.contains(&key.as_str()) || ENDS.iter().any(|end| key.ends_with(end))
}

/// Whether a field of this name is left out of what is passed on to others.
fn is_left_out(key: &str) -> bool {
    is_secret(key) || OF_PEOPLE.contains(&key)
}

/// Whether a secret can stand in these words at all: nothing is masked where none of this occurs.
fn may_hold_one(words: &str) -> bool {
    // The names of objects in which other fields are secrets, addresses, and what may spell any of them.
    const OTHERS: [&str; 4] = ["plugin", "\"url\"", "://", "\\"];
    let words = words.to_ascii_lowercase();
    ENDS.iter().chain(&NAMES).chain(&OF_PEOPLE).chain(&OTHERS).any(|name| words.contains(name))
}

/// Whether a parameter of this name may hold a secret in what is sent, where plain words stand for keys and tokens too.
pub(crate) fn is_secret_parameter(key: &str) -> bool {
    is_secret(key) || ["key", "token", "value", "data", "otp", "totp"].contains(&key.to_ascii_lowercase().as_str())
}

/// A parameter's value as it may be shown.
pub(crate) fn shown_parameter(key: &str, value: &str) -> String {
    if is_secret_parameter(key) { "(not shown)".to_owned() } else { without_password(value) }
}

/// What stands in its place.
pub(crate) const NOT_SHOWN: &str = "(a secret, not shown)";

/// The same with its secrets masked, wherever they stand.
pub(crate) fn masked(value: Value) -> Value {
    without(value, is_secret)
}

/// The same without the fields that are secrets.
fn without(value: Value, is_secret: fn(&str) -> bool) -> Value {
    match value {
        Value::Object(map) => {
            // Pending changes name a setting in one field and have its value in others, and so do settings of Ceph.
            let names_secret =
                ["key", "name"].iter().any(|key| map.get(*key).and_then(Value::as_str).is_some_and(is_secret));
            // A new token comes with its secret, a plugin for DNS with the credentials of its provider.
            let (new_token, plugin) = (map.contains_key("full-tokenid"), map.contains_key("plugin"));
            // A service elsewhere: the shop of subscriptions, name servers, address books, webhooks.
            let has_address = map.contains_key("url");
            // A webhook's address is often all that one needs to write to it.
            let webhook =
                has_address && (map.contains_key("method") || map.get("type").is_some_and(|kind| kind == "webhook"));
            let hidden = |key: &str| match key {
                "value" => names_secret || new_token,
                "pending" => names_secret,
                "data" => plugin,
                "lock-token" => true,
                "key" | "token" | "signature" if has_address => true,
                "body" => webhook,
                key => is_secret(key),
            };
            // Whether there is one is no secret.
            let is_there = |value: &Value| !value.is_null() && value != "";
            let field = |(key, value): (String, Value)| match (hidden(&key) && is_there(&value), &value) {
                (true, _) => (key, NOT_SHOWN.into()),
                (false, Value::String(url)) if webhook && key == "url" => (key, without_path(url).into()),
                (false, _) => (key, without(value, is_secret)),
            };
            Value::Object(map.into_iter().map(field).collect())
        }
        // What Proxmox VE does not know of a container stands in pairs: its environment is one of them.
        Value::Array(pair) if matches!(&pair[..], [Value::String(key), _] if key.starts_with("lxc.environment")) => {
            Value::Array(pair.into_iter().take(1).chain([NOT_SHOWN.into()]).collect())
        }
        Value::Array(rows) => Value::Array(rows.into_iter().map(|row| without(row, is_secret)).collect()),
        Value::String(words) => Value::String(without_parts(&without_password(&words))),
        value => value,
    }
}

/// A body without its secrets and the keys of people, as it came where it has none, and how many there were.
pub(crate) fn masked_body(body: &str) -> (String, usize) {
    if !may_hold_one(body) {
        return (body.to_owned(), 0);
    }
    let masked = match serde_json::from_str::<Value>(body) {
        Ok(value) => {
            let bare = without(value.clone(), is_left_out);
            if bare == value { body.to_owned() } else { bare.to_string() }
        }
        // Broken JSON cannot be masked.
        Err(_) if body.trim_start().starts_with(['{', '[', '"']) => beginning(body, 0),
        Err(_) => without_password(body),
    };
    let times = |words: &str| words.matches(NOT_SHOWN).count();
    let secrets = times(&masked).saturating_sub(times(body));
    (masked, secrets)
}

/// Whether two values of a field are the same as far as they tell: one that was left out of a recording tells nothing.
pub(crate) fn are_told_the_same(key: &str, one: &Value, other: &Value) -> bool {
    let is_left_out = |value: &Value| value == NOT_SHOWN;
    let told = |value: &Value| masked(serde_json::json!({ key: value }));
    match [one, other].iter().any(|value| value.to_string().contains(NOT_SHOWN)) {
        true => is_left_out(one) || is_left_out(other) || told(one) == told(other),
        false => one == other,
    }
}

/// An address without what follows its host.
fn without_path(url: &str) -> String {
    let after = url.find("://").map_or(0, |at| at + 3);
    match url[after..].find(['/', '?', '#']) {
        Some(at) if url.len() > after + at + 1 => format!("{}/{NOT_SHOWN}", without_password(&url[..after + at])),
        _ => without_password(url),
    }
}

/// A setting of several parts, without those that are secrets: `username=alice,password=…`.
fn without_parts(words: &str) -> String {
    let is_hidden =
        |part: &str| part.split_once('=').is_some_and(|(key, value)| !value.is_empty() && is_secret(key.trim()));
    // What is hidden already has a comma of its own.
    let plain = words.replace(NOT_SHOWN, "*");
    if !plain.split(',').any(is_hidden) {
        return words.to_owned();
    }
    let parts = plain.split(',').map(|part| match part.split_once('=') {
        Some((key, _)) if is_hidden(part) => format!("{key}={NOT_SHOWN}"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join(",")
}

/// Words without the passwords in the addresses among them: `http://user:secret@proxy:3128`.
pub(crate) fn without_password(words: &str) -> String {
    let mut shown = String::with_capacity(words.len());
    let mut rest = words;
    while let Some(at) = rest.find("://") {
        let (before, address) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = address.find(|c: char| c.is_whitespace() || "/?#,\"'<>".contains(c)).unwrap_or(address.len());
        let login = address[..end].rfind('@').and_then(|at| address[..at].split_once(':').map(|(user, _)| (user, at)));
        rest = match login {
            Some((user, at)) => {
                shown.push_str(&format!("{user}:{NOT_SHOWN}"));
                &address[at..]
            }
            None => address,
        };
    }
    shown + rest
}

/// Words of a server without the secrets that these parameters hold, which it may repeat to say what is wrong with them.
pub(crate) fn unrepeated(words: &str, params: &[(String, String)]) -> String {
    let secrets = params.iter().filter(|(key, value)| is_secret_parameter(key) && value.trim().len() > 3);
    secrets.fold(words.to_owned(), |words, (_, value)| words.replace(value.trim(), NOT_SHOWN))
}

/// How a body that is of no use begins, in so many characters; nothing of it where a secret could stand in it.
pub(crate) fn beginning(body: &str, width: usize) -> String {
    let body = body.trim_start();
    match serde_json::from_str::<Value>(body) {
        Ok(value) => Text::from(masked(value).to_string()).brief(width),
        // Broken JSON cannot be masked.
        Err(_) if body.starts_with(['{', '[', '"']) => format!("(JSON that breaks off, {} bytes)", body.len()),
        Err(_) => Text::from(body).brief(width),
    }
}

#[cfg(test)]
mod settings;

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
        assert_eq!(masked(json!({"keys": ""}))["keys"], "", "where there is none, that is said");
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
    fn secrets_under_odder_names_are_masked_too() {
        let value = masked(json!([
            {"hostname": "db", "lxc": [["lxc.environment", "DB_PASS=x1"], ["lxc.cap.drop", "mknod"]]},
            {"section": "mgr", "name": "mgr/dashboard/ldap_password", "value": "x2"},
            {"URIs": ["https://me:x3@apt.example/pve", "http://deb.debian.org/debian"]},
            {"url": "https://me:x4@hooks.example/", "comment": "proxy http://a:x5@p:1, then http://b:x6@q:2"},
        ]));
        assert!((1..=6).all(|n| !value.to_string().contains(&format!("x{n}"))), "{value}");
        assert!(
            ["mknod", "deb.debian.org/debian", "mgr/dashboard", "@q:2"]
                .iter()
                .all(|kept| value.to_string().contains(kept))
        );
    }

    #[test]
    fn what_was_left_out_is_the_same_as_anything_and_what_is_left_tells() {
        let same = |key: &str, one: &str, other: &str| are_told_the_same(key, &json!(one), &json!(other));
        assert!(same("sshkeys", NOT_SHOWN, "ssh-ed25519 AAAA") && same("cipassword", "**********", NOT_SHOWN));
        assert!(!same("cipassword", "x1", "x2"), "both are told, and differ");
        let options = |vers: &str, password: &str| format!("vers={vers},password={password}");
        assert!(same("options", &options("3.0", "x1"), &options("3.0", NOT_SHOWN)));
        assert!(!same("options", &options("3.0", "x1"), &options("3.1", NOT_SHOWN)));
    }

    #[test]
    fn a_webhook_keeps_its_server_and_a_setting_of_parts_what_is_no_secret() {
        let value = masked(json!([
            {"name": "chat", "type": "webhook", "url": "https://hooks.example/services/x1", "body": "x2", "method": "post"},
            {"url": "https://hooks.example?key=x3", "method": "post"},
            {"options": "vers=3.0,username=alice,password=x4"}, {"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0"},
            {"url": "https://deb.example/pve", "comment": "no webhook"},
        ]));
        assert!((1..=4).all(|n| !value.to_string().contains(&format!("x{n}"))), "{value}");
        assert_eq!(value[0]["url"], format!("https://hooks.example/{NOT_SHOWN}"));
        assert_eq!(value[2]["options"], format!("vers=3.0,username=alice,password={NOT_SHOWN}"));
        assert_eq!(value[3]["net0"], "virtio=BC:24:11:00:00:01,bridge=vmbr0");
        assert_eq!(value[4]["url"], "https://deb.example/pve");
    }

    #[test]
    fn a_server_that_repeats_a_secret_parameter_is_not_repeated() {
        let params = [("cipassword".to_owned(), "hunter2".to_owned()), ("ciuser".to_owned(), "alice".to_owned())];
        let said = unrepeated("value 'hunter2' of alice is too short", &params);
        assert_eq!(said, "value '(a secret, not shown)' of alice is too short");
    }

    #[test]
    fn the_beginning_of_a_body_holds_no_secret_even_where_it_breaks_off() {
        assert_eq!(beginning("<html>Login", 120), "<html>Login");
        assert_eq!(
            beginning(r#"{"data":[{"password":"x1","id":7}]}"#, 120),
            format!(r#"{{"data":[{{"id":7,"password":"{NOT_SHOWN}"}}]}}"#)
        );
        assert_eq!(beginning(r#"{"data":{"password":"x1"#, 120), "(JSON that breaks off, 23 bytes)");
    }
}
