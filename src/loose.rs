//! Perl's loose values: numbers as strings, booleans as 0 and 1, words as numbers, nulls and absent fields.
//!
//! Functions for `#[serde(default, deserialize_with = "loose::…")]`. What cannot be understood is absent, never an error:
//! the object's raw JSON still has it.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::text::Text;

/// A whole number that is not negative; a float is rounded.
pub(crate) fn u64<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(match from.deserialize_any(Scalar)? {
        Loose::Unsigned(n) => Some(n),
        Loose::Float(x) => whole(x),
        Loose::Words(s) => s.trim().parse().ok().or_else(|| s.trim().parse().ok().and_then(whole)),
        Loose::Nothing => None,
    })
}

/// A number.
pub(crate) fn f64<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    let number = match from.deserialize_any(Scalar)? {
        Loose::Unsigned(n) => Some(n as f64),
        Loose::Float(x) => Some(x),
        Loose::Words(s) => s.trim().parse().ok(),
        Loose::Nothing => None,
    };
    Ok(number.filter(|x| x.is_finite()))
}

/// A moment in seconds since 1970 began.
pub(crate) fn i64<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(f64(from)?.map(|x| x as i64))
}

/// Yes or no: everything but 0, "", "0" and null is yes, as in Perl.
pub(crate) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    Ok(match from.deserialize_any(Scalar)? {
        Loose::Unsigned(n) => Some(n != 0),
        Loose::Float(x) => Some(x != 0.0),
        Loose::Words(s) => Some(!s.is_empty() && s != "0"),
        Loose::Nothing => None,
    })
}

/// Words, also where Perl made a number of them (a guest named 101).
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Text>, D::Error> {
    Ok(match from.deserialize_any(Scalar)? {
        Loose::Unsigned(n) => Some(n.to_string().into()),
        Loose::Float(x) => Some(x.to_string().into()),
        Loose::Words(s) => Some(s.into()),
        Loose::Nothing => None,
    })
}

fn whole(x: f64) -> Option<u64> {
    (x.is_finite() && x >= 0.0).then(|| x.round() as u64)
}

enum Loose {
    Unsigned(u64),
    Float(f64),
    Words(String),
    Nothing,
}

struct Scalar;

impl<'de> Visitor<'de> for Scalar {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_bool<E>(self, yes: bool) -> Result<Loose, E> {
        Ok(Loose::Unsigned(yes.into()))
    }
    fn visit_u64<E>(self, n: u64) -> Result<Loose, E> {
        Ok(Loose::Unsigned(n))
    }
    fn visit_i64<E>(self, n: i64) -> Result<Loose, E> {
        Ok(u64::try_from(n).map_or(Loose::Float(n as f64), Loose::Unsigned))
    }
    fn visit_f64<E>(self, x: f64) -> Result<Loose, E> {
        Ok(Loose::Float(x))
    }
    fn visit_str<E>(self, s: &str) -> Result<Loose, E> {
        Ok(Loose::Words(s.to_owned()))
    }
    fn visit_string<E>(self, s: String) -> Result<Loose, E> {
        Ok(Loose::Words(s))
    }
    fn visit_unit<E>(self) -> Result<Loose, E> {
        Ok(Loose::Nothing)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Loose, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose::Nothing)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Loose, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Default)]
    struct All {
        #[serde(default, deserialize_with = "u64")]
        n: Option<u64>,
        #[serde(default, deserialize_with = "f64")]
        x: Option<f64>,
        #[serde(default, deserialize_with = "flag")]
        yes: Option<bool>,
        #[serde(default, deserialize_with = "text")]
        t: Option<Text>,
    }

    fn read(json: &str) -> All {
        serde_json::from_str(&format!(r#"{{"n":{json},"x":{json},"yes":{json},"t":{json}}}"#)).unwrap()
    }

    #[test]
    fn numbers_and_words_are_taken_in_each_others_clothes() {
        let all = read(r#""128""#);
        assert_eq!((all.n, all.x, all.yes, all.t), (Some(128), Some(128.0), Some(true), Some("128".into())));
        let all = read("0.5");
        assert_eq!((all.n, all.x, all.yes), (Some(1), Some(0.5), Some(true)));
        let all = read(r#""""#);
        assert_eq!((all.n, all.x, all.yes, all.t), (None, None, Some(false), Some("".into())));
        let all = read("-3");
        assert_eq!((all.n, all.x), (None, Some(-3.0)));
        let all = read(r#"{"a":[1]}"#);
        assert_eq!((all.n, all.x, all.yes, all.t), (None, None, None, None));
        let none: All = serde_json::from_str("{}").unwrap();
        assert_eq!((none.n, none.yes), (None, None));
    }

    proptest! {
        #[test]
        fn no_string_or_number_is_an_error(s in ".*", x in any::<f64>()) {
            read(&serde_json::to_string(&s).unwrap());
            if x.is_finite() {
                read(&x.to_string());
            }
        }
    }
}
