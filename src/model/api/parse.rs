//! From the script that a node serves to methods. Knows its form: a list of paths in JSON, set to a variable.

use serde_json::Value;

use crate::error::Error;
use crate::model::api::method::{ApiMethod, ApiParameter};
use crate::model::api::needs;
use crate::model::json::shown;
use crate::page::Provenance;
use crate::secret;
use crate::text::Text;
use crate::wire::Call;

/// What the variable is called; before Proxmox VE 7 it was the second.
const VARIABLES: [&str; 2] = ["apiSchema", "pveapi"];

/// All methods in a script, by path.
pub(super) fn methods(call: &Call, script: &str) -> Result<Vec<ApiMethod>, Error> {
    let list = list_in(script);
    let odd = |why: String| Error::NotUnderstood {
        call: call.shown(),
        why: why.into(),
        excerpt: secret::beginning(script, 120).into(),
        next: "Is the documentation installed on that node (package pve-docs), and no proxy in between?".into(),
    };
    let list = list.ok_or_else(|| odd("it holds no documentation of the API".into()))?;
    // What follows the list is the program that shows it.
    let read = serde_json::Deserializer::from_str(list).into_iter::<Vec<Value>>().next();
    let paths = match read {
        Some(Ok(paths)) => paths,
        Some(Err(error)) => return Err(odd(format!("the documentation in it is not JSON: {error}"))),
        None => return Err(odd("the documentation in it is empty".into())),
    };
    let mut methods = Vec::new();
    for path in &paths {
        collect(path, &mut methods);
    }
    if methods.is_empty() {
        return Err(odd("the documentation in it names no method".into()));
    }
    methods.sort_by_key(|method| (method.path.clone(), method.verb.clone()));
    Ok(methods)
}

/// From the bracket that opens the list.
fn list_in(script: &str) -> Option<&str> {
    VARIABLES.iter().find_map(|name| {
        script.match_indices(name).find_map(|(at, _)| {
            let value = script[at + name.len()..].trim_start().strip_prefix('=')?.trim_start();
            value.starts_with('[').then_some(value)
        })
    })
}

/// The methods of a path and of all below it.
fn collect(path: &Value, into: &mut Vec<ApiMethod>) {
    if let (Some(name), Some(info)) = (path["path"].as_str(), path["info"].as_object()) {
        into.extend(info.iter().filter(|(_, method)| method.is_object()).map(|(verb, said)| method(verb, name, said)));
    }
    for below in path["children"].as_array().into_iter().flatten() {
        collect(below, into);
    }
}

fn method(verb: &str, path: &str, said: &Value) -> ApiMethod {
    let given = parameters(&said["parameters"]["properties"]);
    let returns = &said["returns"];
    let fields = [&returns["items"]["properties"], &returns["properties"]].into_iter().find(|it| it.is_object());
    ApiMethod {
        verb: verb.into(),
        path: path.into(),
        what: text(&said["description"]),
        parameters: given,
        gives: returns["type"].as_str().unwrap_or("any").into(),
        fields: fields.map(parameters).unwrap_or_default(),
        privileges: needs::in_words(&said["permissions"]),
        provenance: Provenance::default(),
    }
}

/// What must be given first, else by name.
fn parameters(properties: &Value) -> Vec<ApiParameter> {
    let all = properties.as_object().into_iter().flatten();
    let mut all: Vec<ApiParameter> = all.map(|(name, said)| parameter(name, said)).collect();
    all.sort_by_key(|parameter| (!parameter.required, parameter.name.clone()));
    all
}

fn parameter(name: &str, said: &Value) -> ApiParameter {
    ApiParameter {
        name: name.into(),
        kind: kind(said).into(),
        required: !is_yes(&said["optional"]),
        default: said.get("default").filter(|default| !default.is_null()).map(|default| shown(default).into()),
        what: text(&said["description"]),
    }
}

/// What may be given: the type, or the words to choose from, and its bounds.
fn kind(said: &Value) -> String {
    let base = said["type"].as_str().unwrap_or("string");
    let words: Vec<String> = said["enum"].as_array().into_iter().flatten().map(shown).collect();
    let base = if words.is_empty() { base.to_owned() } else { words.join(" | ") };
    let bound = |key: &str, word: &str| {
        said.get(key).filter(|bound| !bound.is_null()).map(|bound| format!(", {word} {}", shown(bound)))
    };
    let format = said["format"].as_str().map(|format| format!(", {format}"));
    let rest =
        [format, bound("minimum", "at least"), bound("maximum", "at most"), bound("maxLength", "no longer than")];
    base + &rest.into_iter().flatten().collect::<String>()
}

/// Perl's idea of yes.
fn is_yes(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(word) => !word.is_empty() && word != "0",
        _ => false,
    }
}

fn text(value: &Value) -> Text {
    value.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ").into()
}
