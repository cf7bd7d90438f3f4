//! Perl's loose values: numbers as strings, booleans as 0 and 1, words as numbers, nulls and absent fields.
//!
//! [`Reading`] and [`Text`] take them as they come; for plain options there are functions for
//! `#[serde(default, deserialize_with = "loose::…")]`. What cannot be understood is missing or absent, never an error: the
//! object's raw JSON still has it.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::text::Text;
use crate::units::{Age, Bytes, Moment, Ratio, Reading, Why};

/// A value that the API gives as a number, a word or a boolean.
pub(crate) trait Loose: Sized {
    /// What this means; `None` when it means nothing.
    fn read(value: Scalar) -> Option<Self>;
}

impl Loose for u64 {
    fn read(value: Scalar) -> Option<u64> {
        match value {
            Scalar::Unsigned(n) => Some(n),
            Scalar::Float(x) => whole(x),
            Scalar::Words(s) => s.trim().parse().ok().or_else(|| s.trim().parse().ok().and_then(whole)),
            Scalar::Nothing | Scalar::Nested => None,
        }
    }
}

impl Loose for f64 {
    fn read(value: Scalar) -> Option<f64> {
        let number = match value {
            Scalar::Unsigned(n) => Some(n as f64),
            Scalar::Float(x) => Some(x),
            Scalar::Words(s) => s.trim().parse().ok(),
            Scalar::Nothing | Scalar::Nested => None,
        };
        number.filter(|x| x.is_finite())
    }
}

impl Loose for i64 {
    fn read(value: Scalar) -> Option<i64> {
        f64::read(value).map(|x| x as i64)
    }
}

/// Everything but 0, "", "0" and null is yes, as in Perl.
impl Loose for bool {
    fn read(value: Scalar) -> Option<bool> {
        match value {
            Scalar::Unsigned(n) => Some(n != 0),
            Scalar::Float(x) => Some(x != 0.0),
            Scalar::Words(s) => Some(!s.is_empty() && s != "0"),
            Scalar::Nothing | Scalar::Nested => None,
        }
    }
}

/// Words, also where Perl made a number of them (a guest named 101).
impl Loose for Text {
    fn read(value: Scalar) -> Option<Text> {
        match value {
            Scalar::Unsigned(n) => Some(n.to_string().into()),
            Scalar::Float(x) => Some(x.to_string().into()),
            Scalar::Words(s) => Some(s.into()),
            Scalar::Nothing | Scalar::Nested => None,
        }
    }
}

macro_rules! loose_units {
    ($($unit:ty: $number:ty => $make:expr;)+) => {
        $(impl Loose for $unit {
            fn read(value: Scalar) -> Option<$unit> {
                <$number>::read(value).map($make)
            }
        })+
    };
}
loose_units! {
    Bytes: u64 => Bytes;
    Age: u64 => Age;
    Ratio: f64 => Ratio;
    Moment: i64 => Moment::from_unix;
}

impl<'de, T: Loose> Deserialize<'de> for Reading<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Reading<T>, D::Error> {
        let value = from.deserialize_any(AnyValue)?;
        let why = if matches!(value, Scalar::Nothing) { Why::NotInAnswer } else { Why::NotUnderstood };
        Ok(Reading::or_missing(T::read(value), why))
    }
}

/// Whatever comes: of a list or an object its JSON.
impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Text, D::Error> {
        Ok(match Value::deserialize(from)? {
            Value::String(words) => words.into(),
            Value::Null => Text::default(),
            other => other.to_string().into(),
        })
    }
}

/// Yes or no where absence means no.
pub(crate) fn yes<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(flag(from)?.unwrap_or(false))
}

/// Words in a list: `images,rootdir`, `web;db`, or an array of words.
pub(crate) fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Text>, D::Error> {
    let split = |words: &str| words.split([',', ';', ' ']).filter(|word| !word.is_empty()).map(Text::from).collect();
    Ok(match Value::deserialize(from)? {
        Value::String(words) => split(&words),
        Value::Array(each) => {
            each.iter().map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned).into()).collect()
        }
        Value::Null => Vec::new(),
        other => vec![other.to_string().into()],
    })
}

/// Nested objects in a list; what has another form is left to the object's raw JSON.
pub(crate) fn each<'de, T: serde::de::DeserializeOwned, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Array(each) => each.into_iter().filter_map(|one| serde_json::from_value(one).ok()).collect(),
        _ => Vec::new(),
    })
}

/// The names that a struct's fields have in JSON.
#[cfg(test)]
pub(crate) fn fields_of<T: serde::de::DeserializeOwned>() -> &'static [&'static str] {
    struct Names<'a>(&'a mut &'static [&'static str]);
    impl<'de> Deserializer<'de> for Names<'_> {
        type Error = serde::de::value::Error;
        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(serde::de::Error::custom("only a struct has names"))
        }
        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Self::Error> {
            *self.0 = fields;
            self.deserialize_any(visitor)
        }
        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }
    let mut names: &'static [&'static str] = &[];
    let _ = T::deserialize(Names(&mut names));
    names
}

/// A whole number that is not negative; a float is rounded.
pub(crate) fn u64<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    optional(from)
}

/// A number.
pub(crate) fn f64<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    optional(from)
}

/// A moment in seconds since 1970 began.
pub(crate) fn i64<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    optional(from)
}

/// Yes or no.
pub(crate) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    optional(from)
}

/// Words.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Text>, D::Error> {
    optional(from)
}

fn optional<'de, T: Loose, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Ok(T::read(from.deserialize_any(AnyValue)?))
}

fn whole(x: f64) -> Option<u64> {
    (x.is_finite() && x >= 0.0).then(|| x.round() as u64)
}

/// A value of JSON as Perl may have meant it.
pub(crate) enum Scalar {
    Unsigned(u64),
    Float(f64),
    Words(String),
    /// Null.
    Nothing,
    /// A list or an object.
    Nested,
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_bool<E>(self, yes: bool) -> Result<Scalar, E> {
        Ok(Scalar::Unsigned(yes.into()))
    }
    fn visit_u64<E>(self, n: u64) -> Result<Scalar, E> {
        Ok(Scalar::Unsigned(n))
    }
    fn visit_i64<E>(self, n: i64) -> Result<Scalar, E> {
        Ok(u64::try_from(n).map_or(Scalar::Float(n as f64), Scalar::Unsigned))
    }
    fn visit_f64<E>(self, x: f64) -> Result<Scalar, E> {
        Ok(Scalar::Float(x))
    }
    fn visit_str<E>(self, s: &str) -> Result<Scalar, E> {
        Ok(Scalar::Words(s.to_owned()))
    }
    fn visit_string<E>(self, s: String) -> Result<Scalar, E> {
        Ok(Scalar::Words(s))
    }
    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Nothing)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nested)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nested)
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
