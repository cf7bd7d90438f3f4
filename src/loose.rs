//! Perl's loose values: numbers as strings, booleans as 0 and 1, words as numbers, nulls and absent fields.
//!
//! [`Reading`] and [`Text`] take them as they come; for plain options there are functions for
//! `#[serde(default, deserialize_with = "loose::…")]`. What cannot be understood is missing or absent, never an error: the
//! object's raw JSON still has it.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
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
        Ok(match understood(from.deserialize_any(AnyValue)?) {
            Some(Ok(value)) => Reading::Known(value),
            Some(Err(why)) => Reading::Missing(why),
            None => Reading::Missing(Why::NotInAnswer),
        })
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

/// Yes or no where absence means yes.
pub(crate) fn not_no<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(flag(from)?.unwrap_or(true))
}

/// Whether there is anything, and of a list something in it; what it is, is not kept.
pub(crate) fn is_set<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Null => false,
        Value::String(words) => !words.is_empty(),
        Value::Array(each) => !each.is_empty(),
        _ => true,
    })
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

/// The objects of an array; null and what is no array is none, and what is no object is left to the raw JSON.
pub(crate) fn each<'de, T: DeserializeOwned, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Array(rows) => rows.into_iter().filter_map(inner).collect(),
        _ => Vec::new(),
    })
}

#[cfg(not(test))]
fn inner<T: DeserializeOwned>(row: Value) -> Option<T> {
    serde_json::from_value(row).ok()
}

/// In tests, what it drops is told too.
#[cfg(test)]
fn inner<T: DeserializeOwned>(row: Value) -> Option<T> {
    let dropped = |path: serde_ignored::Path<'_>| tell(format!("{path} is dropped"));
    serde_ignored::deserialize(row, dropped).ok()
}

/// What these functions could not understand while `read` ran.
#[cfg(test)]
pub(crate) fn misread<E>(read: impl FnOnce() -> Result<(), E>) -> Result<Vec<String>, E> {
    MISREAD.take();
    read().map(|()| MISREAD.take())
}

/// Something that was not understood, or not asked for.
#[cfg(test)]
pub(crate) fn tell(what: String) {
    MISREAD.with_borrow_mut(|all| all.push(what));
}

#[cfg(test)]
thread_local!(static MISREAD: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) });

/// A value as a `T`; `None` for null.
fn understood<T: Loose>(value: Scalar) -> Option<Result<T, Why>> {
    if matches!(value, Scalar::Nothing) {
        return None;
    }
    #[cfg(test)]
    let shown = value.to_string();
    let read = T::read(value);
    #[cfg(test)]
    if read.is_none() {
        tell(format!("{shown} is not understood"));
    }
    Some(read.ok_or(Why::NotUnderstood))
}

/// The values of an object by their names; what is not understood is left to the raw JSON.
pub(crate) fn each_by_name<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    from: D,
) -> Result<std::collections::BTreeMap<String, T>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Object(map) => map.into_iter().filter_map(|(name, value)| Some((name, inner(value)?))).collect(),
        _ => Default::default(),
    })
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

/// A value that may simply not be there: a moment that has not come, a limit that is not set.
pub(crate) fn optional<'de, T: Loose, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Ok(understood(from.deserialize_any(AnyValue)?).and_then(Result::ok))
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

#[cfg(test)]
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Unsigned(n) => write!(f, "{n}"),
            Scalar::Float(x) => write!(f, "{x}"),
            Scalar::Words(s) => write!(f, "{s:?}"),
            Scalar::Nothing => f.write_str("null"),
            Scalar::Nested => f.write_str("a list or an object"),
        }
    }
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
pub(crate) mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    /// Any value of JSON, with what Perl and people make of numbers.
    pub(crate) fn any_json() -> impl Strategy<Value = Value> {
        let words = prop::sample::select(vec![
            "",
            " ",
            "0",
            "-0",
            "00",
            " 12 ",
            "1.5",
            "-1",
            "1e3",
            "1e400",
            "NaN",
            "nan",
            "inf",
            "-Infinity",
            "0x10",
            "1_000",
            "18446744073709551616",
            "true",
            "\u{0}",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            words.prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".*", inner, 0..4).prop_map(|all| Value::Object(all.into_iter().collect())),
            ]
        })
    }

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
        #[serde(default, deserialize_with = "i64")]
        at: Option<i64>,
        #[serde(default, deserialize_with = "yes")]
        surely: bool,
        #[serde(default, deserialize_with = "words")]
        words: Vec<Text>,
        bytes: Reading<Bytes>,
        ratio: Reading<Ratio>,
        age: Reading<Age>,
        moment: Reading<Moment>,
        said: Text,
    }

    fn read(json: &str) -> All {
        const NAMES: [&str; 12] =
            ["n", "x", "yes", "t", "at", "surely", "words", "bytes", "ratio", "age", "moment", "said"];
        let fields: Vec<String> = NAMES.iter().map(|name| format!("\"{name}\":{json}")).collect();
        serde_json::from_str(&format!("{{{}}}", fields.join(","))).unwrap()
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
        let none: All =
            serde_json::from_str(r#"{"bytes":null,"ratio":null,"age":null,"moment":null,"said":null}"#).unwrap();
        assert_eq!((none.n, none.yes), (None, None));
    }

    /// The same number, but for the last digits, which a quick parser may get wrong.
    fn same(one: Option<f64>, other: Option<f64>) -> bool {
        one.zip(other).is_some_and(|(one, other)| (one - other).abs() <= one.abs() * 1e-14 + f64::MIN_POSITIVE)
    }

    proptest! {
        #[test]
        fn no_value_is_an_error_and_what_is_not_understood_is_missing(value in any_json()) {
            let all = read(&value.to_string());
            prop_assert!(all.x.is_none_or(f64::is_finite));
            prop_assert!(all.ratio.known().is_none_or(|ratio| ratio.0.is_finite()));
            prop_assert_eq!(all.surely, all.yes.unwrap_or(false));
            prop_assert_eq!(all.n, all.bytes.known().map(|bytes| bytes.0));
            prop_assert_eq!(all.n, all.age.known().map(|age| age.0));
            prop_assert_eq!(all.at, all.moment.known().map(Moment::unix));
            if let Some(each) = value.as_array() {
                prop_assert_eq!(all.words.len(), each.len());
            }
            if value.is_null() {
                prop_assert_eq!(all.bytes.why(), Some(Why::NotInAnswer));
            }
            if value.is_array() || value.is_object() {
                prop_assert!(all.t.is_none() && all.bytes.why() == Some(Why::NotUnderstood));
                prop_assert!(all.said.starts_with(&value.to_string()[..1]));
            }
        }

        #[test]
        fn no_number_is_too_long_to_be_read(digits in "-?(0|[1-9][0-9]{0,300})(\\.[0-9]{1,40})?(e-?[0-9]{1,2})?") {
            // More than an f64 can hold is an error of the JSON itself.
            prop_assume!(digits.parse::<f64>().is_ok_and(f64::is_finite));
            let (number, words) = (read(&digits), read(&format!("\"{digits}\"")));
            prop_assert!(number.x.is_some());
            prop_assert!(same(number.x, words.x));
            prop_assert_eq!(number.n.is_some(), words.n.is_some());
        }

        #[test]
        fn numbers_and_words_come_back_as_they_were(n in any::<u64>(), x in any::<f64>(), s in ".*") {
            for json in [n.to_string(), format!("\"{n}\"")] {
                prop_assert_eq!(read(&json).n, Some(n));
                prop_assert_eq!(read(&json).t, Some(Text::from(n.to_string())));
            }
            if x.is_finite() {
                for json in [format!("{x:?}"), format!("\"{x:?}\"")] {
                    prop_assert!(same(read(&json).x, Some(x)));
                }
            }
            let json = serde_json::to_string(&s).unwrap();
            prop_assert_eq!(&read(&json).t, &Some(Text::from(&s)));
            prop_assert_eq!(read(&json).said, s);
        }
    }
}
