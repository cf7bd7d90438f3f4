//! Structs that read themselves from an object of the API, field by field.
//!
//! serde's derive does the same and more; made for a hundred types with a thousand fields, its code took as long to build
//! as all the rest of the crate, and everybody who opens a notebook waits for that. What is written here for a struct is
//! one call a field. A field's own type still comes from serde: whatever reads itself from a [`Value`] can stand in one.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::{Map, Value};

/// The fields of an object that were not read yet.
pub(crate) struct Fields(Map<String, Value>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Fields, D::Error> {
        Map::deserialize(from).map(Fields)
    }
}

impl Fields {
    /// The field of this name; one that is not there is read as null.
    pub(crate) fn take<T: DeserializeOwned + Default>(&mut self, name: &str) -> T {
        self.take_by(name, T::deserialize)
    }

    /// The same, read by a function of its own.
    pub(crate) fn take_by<T: Default>(&mut self, name: &str, read: fn(Value) -> Result<T, serde_json::Error>) -> T {
        let Some(value) = self.0.remove(name) else { return read(Value::Null).unwrap_or_default() };
        #[cfg(test)]
        let _inside = told::Inside::of(name);
        let read = read(value);
        #[cfg(test)]
        if let Err(error) = &read {
            told::misread(&format!("{name}: {error}"));
        }
        // What cannot be understood is missing; the object's raw JSON still has it.
        read.unwrap_or_default()
    }

    /// A field by its other name is this one.
    pub(crate) fn called(&mut self, other: &str, name: &str) -> &mut Fields {
        if let Some(value) = self.0.remove(other) {
            self.0.entry(name).or_insert(value);
        }
        self
    }

    /// Every field was asked for: what is left over is known to the raw JSON alone.
    pub(crate) fn done(self) {
        #[cfg(test)]
        self.0.keys().for_each(|name| told::dropped(name));
    }
}

/// What tests are told of fields that nobody asked for.
#[cfg(test)]
mod told {
    use std::cell::RefCell;

    use crate::loose;

    thread_local!(static WITHIN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) });

    /// As long as it lives, fields are told as being inside this one.
    pub(super) struct Inside;

    impl Inside {
        pub(super) fn of(name: &str) -> Inside {
            WITHIN.with_borrow_mut(|names| names.push(name.to_owned()));
            Inside
        }
    }

    impl Drop for Inside {
        fn drop(&mut self) {
            WITHIN.with_borrow_mut(Vec::pop);
        }
    }

    pub(super) fn dropped(name: &str) {
        let path = WITHIN.with_borrow(|names| [names.as_slice(), &[name.to_owned()]].concat().join("."));
        loose::tell(format!("{path} is dropped"));
    }

    pub(super) fn misread(what: &str) {
        loose::tell(format!("\"{what}\" is not understood"));
    }
}

/// Writes how a struct is read: `fields! { pub struct Disk { /// … pub size: Reading<Bytes>, .. } }`. A field is called in
/// the API as it is here, unless `#[field("its-name")]` says otherwise; `#[field(loose::words)]` reads it by a function,
/// `#[field("its-name", loose::words)]` does both, `#[field("its-name" | "its-other-name", loose::words)]` takes either,
/// `#[field(skip)]` leaves it as its type begins, and `#[field(skip, "the path of the call")]` says where it comes from then.
macro_rules! fields {
    (
        $(#[$about:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                $(#[allow($($allow:tt)*)])?
                $(#[field($($how:tt)*)])?
                $field_vis:vis $field:ident: $type:ty
            ),* $(,)?
        }
    ) => {
        crate::model::told::told! {
            $(#[$about])*
            $vis struct $name {
                $(
                    $(#[doc = $doc])*
                    $(#[allow($($allow)*)])?
                    $(#[field($($how)*)])?
                    $field_vis $field: $type,
                )*
            }
        }

        impl $name {
            fn of_fields(mut from: crate::model::fields::Fields) -> $name {
                let read = $name { $($field: crate::model::fields::field!(from, $field, $($($how)*)?),)* };
                from.done();
                read
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                crate::model::fields::Fields::deserialize(from).map($name::of_fields)
            }
        }
    };
}

/// How one field is read.
macro_rules! field {
    ($from:ident, $field:ident, skip $(, $made_of:literal)?) => {
        Default::default()
    };
    ($from:ident, $field:ident, $name:literal | $other:literal, $read:path) => {
        $from.called($other, $name).take_by($name, $read)
    };
    ($from:ident, $field:ident, $name:literal | $other:literal) => {
        $from.called($other, $name).take($name)
    };
    ($from:ident, $field:ident, $name:literal, $read:path) => {
        $from.take_by($name, $read)
    };
    ($from:ident, $field:ident, $name:literal) => {
        $from.take($name)
    };
    ($from:ident, $field:ident, $read:path) => {
        $from.take_by(stringify!($field), $read)
    };
    ($from:ident, $field:ident,) => {
        $from.take(stringify!($field))
    };
}

pub(crate) use {field, fields};

#[cfg(test)]
mod tests {
    use crate::loose;
    use crate::text::Text;
    use crate::units::{Bytes, Reading, Why};

    fields! {
        #[derive(Default, Debug, PartialEq)]
        struct Outer {
            /// As it is called.
            size: Reading<Bytes>,
            #[field("other-name")]
            other: Option<Text>,
            #[field(loose::words)]
            words: Vec<Text>,
            #[field("is-on", loose::yes)]
            on: bool,
            #[field(skip)]
            mine: u8,
            inner: Inner,
            strict: Vec<u8>,
        }
    }

    fields! {
        #[derive(Default, Debug, PartialEq)]
        struct Inner {
            n: Reading<u64>,
        }
    }

    #[test]
    fn fields_are_found_by_their_names_and_read_by_their_functions() {
        let text = r#"{"size":"4096","other-name":7,"words":"a,b","is-on":"1","mine":9,"inner":{"n":3},"strict":[1]}"#;
        let read: Outer = serde_json::from_str(text).unwrap();
        let inner = Inner { n: 3.into() };
        let words = vec!["a".into(), "b".into()];
        let wanted = Outer {
            size: Bytes(4096).into(),
            other: Some("7".into()),
            words,
            on: true,
            mine: 0,
            inner,
            strict: vec![1],
        };
        assert_eq!(read, wanted);
    }

    #[test]
    fn what_is_absent_null_or_odd_is_missing_and_costs_nothing_else() {
        let read: Outer = serde_json::from_str(r#"{"size":null,"strict":"odd","inner":[1],"is-on":1}"#).unwrap();
        assert_eq!(read, Outer { on: true, size: Reading::Missing(Why::NotInAnswer), ..Outer::default() });
        assert!(serde_json::from_str::<Outer>("[]").is_err() && serde_json::from_str::<Outer>("null").is_err());
    }

    #[test]
    fn a_test_is_told_what_nobody_asked_for_and_where() {
        let told = loose::misread(|| {
            serde_json::from_str::<Outer>(r#"{"mine":1,"inner":{"n":"many","m":1},"size":1}"#).map(|_| ())
        });
        assert_eq!(told.unwrap(), ["\"many\" is not understood", "inner.m is dropped", "mine is dropped"]);
    }
}
