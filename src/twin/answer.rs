//! What is asked of the simulated cluster and what it answers: parameters checked, refusals in PVE's own words.
//!
//! Knows statuses, reasons and bodies of the API; knows no node and no guest.

use serde_json::{Map, Value, json};

use super::form::Form;

/// A good answer.
pub(super) enum Good {
    /// `data` alone.
    Data(Value),
    /// One page of a longer list, and the length of that.
    Page(Vec<Value>, usize),
}

impl<T: Into<Value>> From<T> for Good {
    fn from(data: T) -> Good {
        Good::Data(data.into())
    }
}

/// Why a call is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// 400: parameters, each with what is wrong with it.
    Parameters(Vec<(String, String)>),
    /// 403: the caller may not do that, or what it names is not there for it.
    Denied(String),
    /// 500: the call failed.
    Failed(String),
    /// 501: there is no such call, or none here.
    NotImplemented(String),
    /// 595: the node that was to answer cannot be reached.
    Unreachable,
}

pub(super) type Answered<T = Value> = Result<T, Refusal>;

/// A call that fails with this message.
pub(super) fn failed<T>(message: impl Into<String>) -> Answered<T> {
    Err(Refusal::Failed(message.into()))
}

/// A call with one wrong parameter.
pub(super) fn wrong<T>(field: &str, why: impl Into<String>) -> Answered<T> {
    Err(Refusal::Parameters(vec![(field.to_owned(), why.into())]))
}

/// Something that PVE has and the simulation has not.
pub(super) fn not_simulated<T>(what: &str) -> Answered<T> {
    Err(Refusal::NotImplemented(format!("{what} is not simulated by the demo cluster")))
}

impl Refusal {
    /// How a task ends that fails of it.
    pub(super) fn in_task(self) -> String {
        match self {
            Refusal::Parameters(errors) => {
                let errors: String = errors.iter().map(|(field, why)| format!("{field}: {why}\n")).collect();
                format!("400 Parameter verification failed.\n{errors}").trim_end().replace('\n', " ")
            }
            Refusal::Denied(message) => format!("403 {message}"),
            Refusal::Failed(message) | Refusal::NotImplemented(message) => message.trim_end().replace('\n', " "),
            Refusal::Unreachable => "No route to host".into(),
        }
    }
}

/// Status, reason phrase and body.
pub(super) fn encode(answer: Answered<Good>) -> (u16, String, String) {
    match answer {
        Ok(Good::Data(data)) => (200, "OK".into(), json!({ "data": data }).to_string()),
        // PVE leaves out a total of zero.
        Ok(Good::Page(rows, 0)) => (200, "OK".into(), json!({ "data": rows }).to_string()),
        Ok(Good::Page(rows, total)) => (200, "OK".into(), json!({ "data": rows, "total": total }).to_string()),
        Err(Refusal::Parameters(errors)) => {
            let errors: Map<String, Value> = errors.into_iter().map(|(field, why)| (field, why.into())).collect();
            let reason = "Parameter verification failed.";
            let body = json!({ "data": null, "errors": errors, "message": format!("{reason}\n") });
            (400, reason.into(), body.to_string())
        }
        Err(Refusal::Denied(message)) => {
            (403, message.clone(), json!({ "data": null, "message": format!("{message}\n") }).to_string())
        }
        Err(Refusal::Failed(message)) => {
            let reason = message.lines().next().unwrap_or_default().to_owned();
            (500, reason, json!({ "data": null, "message": format!("{message}\n") }).to_string())
        }
        // The only message without a line end.
        Err(Refusal::NotImplemented(message)) => {
            let body = json!({ "data": null, "message": message }).to_string();
            (501, message, body)
        }
        Err(Refusal::Unreachable) => (595, "No route to host".into(), String::new()),
    }
}

pub(super) const UNKNOWN: &str =
    "property is not defined in schema and the schema does not allow additional properties";

/// The parameters of a call.
#[derive(Clone, Copy)]
pub(super) struct Params<'a>(pub(super) &'a [(String, String)]);

impl<'a> Params<'a> {
    /// Refuses parameters other than these.
    pub(super) fn only(self, known: &[&str]) -> Answered<Params<'a>> {
        self.known(|key| known.contains(&key))
    }

    /// Refuses parameters that `is_known` does not know.
    pub(super) fn known(self, is_known: impl Fn(&str) -> bool) -> Answered<Params<'a>> {
        let unknown: Vec<_> =
            self.0.iter().filter(|(key, _)| !is_known(key)).map(|(key, _)| (key.clone(), UNKNOWN.to_owned())).collect();
        if unknown.is_empty() { Ok(self) } else { Err(Refusal::Parameters(unknown)) }
    }

    /// Refuses parameters that PVE has and that would change nothing here.
    pub(super) fn without(self, keys: &[&str]) -> Answered<Params<'a>> {
        match keys.iter().find(|key| self.get(key).is_some_and(|value| value != "0")) {
            Some(key) => not_simulated(&format!("The parameter '{key}'")),
            None => Ok(self),
        }
    }

    /// Refuses parameters that this simulation does not follow, where PVE has many more.
    pub(super) fn followed(self, keys: &[&str]) -> Answered<Params<'a>> {
        match self.0.iter().find(|(key, _)| !keys.contains(&key.as_str())) {
            Some((key, _)) => not_simulated(&format!("The parameter '{key}'")),
            None => Ok(self),
        }
    }

    /// Checks all parameters at once, as PVE does: each by the form of its name, which no name has that PVE does not know.
    pub(super) fn check(self, form: impl Fn(&str) -> Option<Form>, must: &[&str]) -> Answered<Params<'a>> {
        let mut wrong: Vec<(String, String)> = Vec::new();
        for (key, value) in self.0 {
            match form(key).map(|form| form.read(key, value)) {
                None => wrong.push((key.clone(), UNKNOWN.to_owned())),
                Some(Err(why)) => wrong.push((key.clone(), why)),
                Some(Ok(_)) => {}
            }
        }
        for key in must.iter().filter(|key| self.get(key).is_none()) {
            wrong.push(((*key).to_owned(), "property is missing and it is not optional".to_owned()));
        }
        if wrong.is_empty() { Ok(self) } else { Err(Refusal::Parameters(wrong)) }
    }

    pub(super) fn get(self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    pub(super) fn required(self, key: &str) -> Answered<&'a str> {
        self.get(key).map_or_else(|| wrong(key, "property is missing and it is not optional"), Ok)
    }

    pub(super) fn int(self, key: &str) -> Answered<Option<i64>> {
        self.get(key).map(|value| integer(key, value)).transpose()
    }

    pub(super) fn flag(self, key: &str) -> Answered<bool> {
        self.get(key).map_or(Ok(false), |value| boolean(key, value))
    }

    pub(super) fn one_of(self, key: &str, words: &[&str]) -> Answered<Option<&'a str>> {
        match self.get(key) {
            Some(word) if !words.contains(&word) => {
                wrong(key, format!("value '{word}' does not have a value in the enumeration '{}'", words.join(", ")))
            }
            word => Ok(word),
        }
    }
}

pub(super) fn integer(key: &str, value: &str) -> Answered<i64> {
    value.parse().or_else(|_| wrong(key, format!("type check ('integer') failed - got '{value}'")))
}

pub(super) fn boolean(key: &str, value: &str) -> Answered<bool> {
    match value {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => wrong(key, format!("type check ('boolean') failed - got '{value}'")),
    }
}
