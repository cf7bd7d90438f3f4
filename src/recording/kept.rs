//! One answer as it is kept: what was asked, what came back, and when. A line of JSON each; the body stands in it as it
//! came, without its secrets.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use form_urlencoded::{Serializer, parse};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::secret;
use crate::units::Moment;
use crate::wire::{Call, Reply};

/// No answer took longer than this, in milliseconds, whatever a file says.
const LONGEST: u64 = 24 * 3_600_000;

/// Answers by what was asked.
pub(crate) type Answers = BTreeMap<String, Reply>;

/// What was asked, in one word: the path, and the parameters in the order of their names.
pub(crate) fn key(call: &Call) -> String {
    if call.params.is_empty() {
        return call.path.clone();
    }
    let mut params = call.params.clone();
    params.sort();
    format!("{}?{}", call.path, Serializer::new(String::new()).extend_pairs(params).finish())
}

/// The call that such a word stands for.
pub(super) fn call(key: &str) -> Call {
    let (path, params) = key.split_once('?').unwrap_or((key, ""));
    let params = parse(params.as_bytes());
    params.fold(Call::get(path), |call, (name, value)| call.with(name, value))
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    call: Cow<'a, str>,
    status: u16,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    reason: Cow<'a, str>,
    /// Seconds since 1970.
    at: i64,
    /// Milliseconds.
    took: u64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
    /// A body that is no object and no list.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
}

/// The line of an answer, and how many secrets were left out of it.
pub(super) fn write(key: &str, reply: &Reply) -> serde_json::Result<(String, usize)> {
    let (body, secrets) = secret::masked_body(&reply.body);
    let json = body.starts_with(['{', '[']).then(|| serde_json::from_str::<&RawValue>(&body).ok()).flatten();
    let line = Line {
        call: key.into(),
        status: reply.status,
        reason: reply.reason.raw().into(),
        at: reply.at.unix(),
        took: u64::try_from(reply.took.as_millis()).unwrap_or(u64::MAX),
        body: json,
        text: if json.is_none() { Some(body.as_str().into()) } else { None },
    };
    Ok((serde_json::to_string(&line)? + "\n", secrets))
}

/// The answers in such lines.
pub(super) fn read(lines: &str) -> serde_json::Result<Answers> {
    let lines = serde_json::Deserializer::from_str(lines).into_iter::<Line<'_>>();
    lines.map(|line| line.map(|line| (line.call.as_ref().to_owned(), line.reply()))).collect()
}

impl Line<'_> {
    fn reply(&self) -> Reply {
        let body = self.body.map(RawValue::get).or(self.text.as_deref()).unwrap_or_default();
        Reply {
            status: self.status,
            reason: self.reason.as_ref().into(),
            body: body.into(),
            at: Moment::from_unix(self.at),
            took: Duration::from_millis(self.took.min(LONGEST)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reply(body: &str) -> Reply {
        Reply {
            status: 595,
            reason: "No \"route\"\nto host".into(),
            body: body.into(),
            at: Moment::from_unix(1_763_820_200),
            took: Duration::from_millis(12),
        }
    }

    /// An answer after it was kept.
    fn again(body: &str) -> Reply {
        let (line, _) = write("/x", &reply(body)).unwrap();
        read(&line).unwrap().remove("/x").unwrap()
    }

    #[test]
    fn an_answer_comes_back_as_it_was_whatever_it_is() {
        let bodies = [
            r#"{"data":{"b":1.50,"a":[null,12345678901234567890123,"\u0041"]}}"#,
            "{\"data\":\n [1,2]}",
            "null",
            "7",
            "",
            "<html>\n\"no\" JSON</html>",
        ];
        for body in bodies {
            let back = again(body);
            assert_eq!(&*back.body, body);
            assert_eq!((back.status, back.reason.raw()), (595, "No \"route\"\nto host"));
            assert_eq!((back.at.unix(), back.took.as_millis()), (1_763_820_200, 12));
        }
    }

    #[test]
    fn a_secret_does_not_come_into_a_line_and_the_rest_stays() {
        let body = r#"{"data":{"name":"web-1","cipassword":"hunter2","nested":[{"secret":"hunter3"}]}}"#;
        let (line, secrets) = write("/x", &reply(body)).unwrap();
        assert_eq!(secrets, 2);
        assert!(!line.contains("hunter") && line.contains("web-1"), "{line}");
        let (line, _) = write("/x", &reply(r#"{"data":{"password":"hunter2""#)).unwrap();
        assert!(!line.contains("hunter"), "JSON that breaks off cannot be masked: {line}");
    }

    #[test]
    fn the_order_of_parameters_makes_no_other_call() {
        let one = Call::get("/x").with("b", "2&=").with("a", "1 ?");
        let other = Call::get("/x").with("a", "1 ?").with("b", "2&=");
        assert_eq!(key(&one), key(&other));
        assert_eq!(key(&Call::get("/x")), "/x");
    }

    proptest! {
        #[test]
        fn whatever_was_asked_is_known_again(path in "/[a-z0-9%:/]{0,20}", params in prop::collection::vec((".{0,6}", ".{0,6}"), 0..4)) {
            let asked = params.iter().fold(Call::get(path), |call, (name, value)| call.with(name, value));
            prop_assert_eq!(key(&call(&key(&asked))), key(&asked));
        }

        #[test]
        fn whatever_came_comes_back(body in ".{0,60}") {
            // What cannot be searched for secrets, or could hold one, is not kept as it came.
            prop_assume!(!body.contains("://") && !body.trim_start().starts_with(['{', '[', '"']));
            let (line, _) = write("/x", &reply(&body)).unwrap();
            prop_assert_eq!(&*read(&line).unwrap()["/x"].body, body.as_str());
        }
    }
}
