//! Which privileges a method takes, in words. Knows the form in which the documentation says so.

use serde_json::Value;

use crate::model::json::shown;
use crate::text::Text;

/// What the documentation says of a method's permissions, as a sentence would. Without any, only root may call it.
pub(super) fn in_words(said: &Value) -> Text {
    let check = match (said["user"].as_str(), &said["check"]) {
        (Some("world"), _) => "none, and no login".to_owned(),
        (Some("all"), Value::Null) => "any login".to_owned(),
        (_, check @ Value::Array(_)) => of_check(check),
        _ if said.is_null() => "root@pam only".to_owned(),
        _ if said["description"].is_string() => String::new(),
        _ => format!("not understood: {said}"),
    };
    let more = said["description"].as_str().unwrap_or_default();
    let more = more.split_whitespace().collect::<Vec<_>>().join(" ");
    match (check.is_empty(), more.is_empty()) {
        (false, true) => check.into(),
        (true, _) => more.into(),
        (false, false) => format!("{check}. {more}").into(),
    }
}

fn of_check(check: &Value) -> String {
    let part = |n: usize| &check[n];
    match check[0].as_str() {
        Some(word @ ("and" | "or")) => {
            let parts = check.as_array().into_iter().flatten().skip(1);
            let parts: Vec<String> = parts.map(of_part).collect();
            parts.join(&format!(" {word} "))
        }
        Some("perm") => {
            let on = format!(" on {}", shown(part(1)));
            let any = check.as_array().is_some_and(|check| check.windows(2).any(|two| two[0] == "any" && two[1] != 0));
            privileges(part(2), if any { " or " } else { " and " }) + &on
        }
        Some("userid-group") => format!("{} on a group of that user", privileges(part(1), " or ")),
        Some("userid-param") => match part(1).as_str() {
            Some("self") => "being that user".into(),
            Some("Realm.AllocateUser") => "Realm.AllocateUser on the user's realm".into(),
            _ => format!("{} for that user", shown(part(1))),
        },
        Some("perm-modify") => format!("permission to change the rights on {}", shown(part(1))),
        _ => format!("not understood: {check}"),
    }
}

/// In brackets where it is made of several itself.
fn of_part(part: &Value) -> String {
    let words = of_check(part);
    if matches!(part[0].as_str(), Some("and" | "or")) { format!("({words})") } else { words }
}

fn privileges(list: &Value, between: &str) -> String {
    let names: Vec<String> = list.as_array().into_iter().flatten().map(shown).collect();
    if names.is_empty() { "any privilege".into() } else { names.join(between) }
}
