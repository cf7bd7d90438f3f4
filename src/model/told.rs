//! What a struct says of its own fields: what each is called here and in the API, its type, what it means, and how it is
//! shown. Taken from the struct as it is written, so that nothing is said twice. Knows no object.

use std::marker::PhantomData;

use crate::page::Cell;
use crate::units::{Reading, Why};

mod unit;

pub(crate) use unit::Unit;

/// A field of a struct, as it is written.
pub struct Field {
    /// Its name here.
    pub(crate) name: &'static str,
    /// The words of its attribute: `"maxcpu" | "cpus"`, `"type", loose::yes`, `"{key}", "its part size"`, `skip`,
    /// `skip, "the path of the call"`.
    pub(crate) read: &'static str,
    /// Its type.
    pub(crate) kind: &'static str,
    /// The lines above it.
    pub(crate) doc: &'static str,
    /// `pub`, `pub(crate)` or nothing.
    pub(crate) seen_by: &'static str,
    /// The fields of what stands in it, where that is a struct of this kind or a list of such.
    pub(crate) inside: fn() -> &'static [Field],
}

impl Field {
    /// What it is called in the API; several where answers differ. None of a field that no answer has under a name.
    pub(crate) fn in_api(&self) -> Vec<&'static str> {
        let (names, _) = self.parts();
        match self.is_made() {
            true => Vec::new(),
            false if names.is_empty() => vec![self.name.trim_start_matches("r#")],
            false => names,
        }
    }

    /// Whether no answer has it under a name of its own.
    pub(crate) fn is_made(&self) -> bool {
        self.read.starts_with("skip")
    }

    /// What of the answer it is made of, where it is not the value itself.
    pub(crate) fn made_of(&self) -> Option<&'static str> {
        self.parts().1.strip_prefix('"')?.strip_suffix('"')
    }

    /// The names before the comma, and what stands behind it.
    fn parts(&self) -> (Vec<&'static str>, &'static str) {
        let mut quotes = self.read.split('"');
        // Every other piece stands outside quotes, and the comma in the first of these that has one.
        let mut at = 0;
        let comma = loop {
            let Some(outside) = quotes.next() else { break None };
            if let Some(comma) = outside.find(',') {
                break Some(at + comma);
            }
            at += outside.len() + 1 + quotes.next().map_or(0, |inside| inside.len() + 1);
        };
        let is_name = self.read.starts_with('"') || self.read.starts_with("skip");
        let (names, rest) = match comma {
            Some(comma) => (&self.read[..comma], &self.read[comma + 1..]),
            None if is_name => (self.read, ""),
            None => ("", self.read),
        };
        (names.split('"').skip(1).step_by(2).collect(), rest.trim())
    }

    /// The function that reads it, where that is one of its own.
    pub(crate) fn reader(&self) -> Option<&'static str> {
        Some(self.parts().1).filter(|reader| !reader.is_empty() && !reader.starts_with('"'))
    }

    /// What it means: the first paragraph above it, as a sentence without its full stop.
    pub(crate) fn meaning(&self) -> String {
        let first = self.doc.trim().split("\n\n").next().unwrap_or_default();
        let words = first.split_whitespace().collect::<Vec<_>>().join(" ");
        unlinked(words.strip_suffix("...").map_or(words.trim_end_matches('.'), |_| words.as_str()))
    }

    /// Whether a notebook can read it: `guest.mem`.
    pub(crate) fn is_public(&self) -> bool {
        self.seen_by == "pub"
    }

    /// What the API counts in; `None` of words, counts and whatever says so itself.
    pub(crate) fn unit(&self) -> Option<Unit> {
        match (self.reader(), self.kind) {
            // A part of a setting says its own.
            _ if self.made_of().is_some() => None,
            (Some("percent" | "percent_left"), _) => Some(Unit::Percent),
            (Some("minutes"), _) => Some(Unit::Minutes),
            (Some("kibibytes"), _) => Some(Unit::Kibibytes),
            (_, kind) if kind.contains("Bytes") => Some(Unit::Bytes),
            (_, kind) if kind.contains("Ratio") => Some(Unit::Part),
            (_, kind) if kind.contains("Age") => Some(Unit::Seconds),
            (_, kind) if kind.contains("Moment") => Some(Unit::Moment),
            // Whether there is anything is no flag that was sent.
            (Some("loose::is_set" | "is_there" | "held"), _) => None,
            (_, kind) if kind.contains("bool") && !self.is_made() => Some(Unit::Flag),
            _ => None,
        }
    }

    /// What holds where the answer has no such field; `None` where that depends on more.
    pub(crate) fn without(&self) -> Option<&'static str> {
        match (self.reader(), self.kind) {
            _ if self.made_of().is_some() => None,
            (Some("loose::not_no"), _) => Some("yes"),
            (_, "bool") => Some("no"),
            (_, kind) if kind.starts_with("Reading") => {
                Some("missing, with the reason; neither more nor less than any value")
            }
            (_, kind) if kind.starts_with("Option") => Some("nothing: it is not set, or there is none"),
            (_, kind) if kind.starts_with("Vec") || kind.starts_with("BTreeMap") => Some("none"),
            (_, "Text") => Some("blank"),
            _ => None,
        }
    }
}

/// Words with the names of links instead of the links: `[x](y)` is `x`.
fn unlinked(words: &str) -> String {
    let (mut shown, mut rest) = (String::new(), words);
    while let Some((before, (name, after))) =
        rest.split_once('[').and_then(|(before, link)| Some((before, link.split_once(']')?)))
    {
        shown.push_str(before);
        match after.strip_prefix('(').and_then(|target| target.split_once(')')) {
            Some((_, after)) => {
                shown.push_str(name);
                rest = after;
            }
            None => {
                shown.push_str(&format!("[{name}]"));
                rest = after;
            }
        }
    }
    shown + rest
}

/// The field at a path: `mem`, `pgmap.bytes_used`. With its own name or with that of the API.
pub(crate) fn at(fields: &'static [Field], path: &str) -> Option<&'static Field> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let first = first.trim_start_matches("r#");
    let called = |field: &&Field| field.name.trim_start_matches("r#") == first;
    let whole = |field: &&Field| field.in_api().contains(&path);
    let found = fields.iter().find(called).or_else(|| fields.iter().find(|field| field.in_api().contains(&first)));
    match rest {
        None => found,
        Some(rest) => found.and_then(|field| at((field.inside)(), rest)).or_else(|| fields.iter().find(whole)),
    }
}

/// How a field is shown, and why it is missing, where it is.
#[allow(unreachable_pub, reason = "in the signature of a trait that others see")]
pub type Shown = (Cell, Option<Why>);

/// A struct that says what its fields are: written by `told!`, and by `fields!` beside how it is read.
pub trait Told {
    /// They.
    const FIELDS: &'static [Field];

    /// How the field of this name is shown, and why it is missing, where it is; `None` of one that has no short form.
    fn shown(&self, field: &str) -> Option<Shown>;
}

/// The fields inside a type; none of a type that is no struct of this kind.
pub(crate) struct Inside<T>(PhantomData<T>);

pub(crate) trait NothingInside {
    fn fields() -> &'static [Field] {
        &[]
    }
}

impl<T> NothingInside for Inside<T> {}

/// A field's value. How it is shown depends on what it is: the compiler takes the first of the three ways that fits.
pub(crate) struct Value<'a, T>(pub(crate) &'a T);

pub(crate) trait ShownAsReading {
    fn shown(&self) -> Option<Shown>;
}

pub(crate) trait ShownAsCell {
    fn shown(&self) -> Option<Shown>;
}

pub(crate) trait NotShown {
    fn shown(&self) -> Option<Shown> {
        None
    }
}

impl<T: Clone + Into<Cell>> ShownAsReading for &&Value<'_, Reading<T>> {
    fn shown(&self) -> Option<Shown> {
        Some((self.0.clone().into(), self.0.why()))
    }
}

impl<T: Clone + Into<Cell>> ShownAsCell for &Value<'_, T> {
    fn shown(&self) -> Option<Shown> {
        Some((self.0.clone().into(), None))
    }
}

impl<T> NotShown for Value<'_, T> {}

/// Writes a struct and what it says of its fields: `told! { pub struct Guest { /// Memory in use. pub mem: Reading<Bytes> } }`.
/// A field is called in the API as it is here, unless `#[field("its-name")]` says otherwise; `#[field("a" | "b")]` goes by
/// either; `#[field("{key}", "its part size")]` says what of it; a name in braces stands for that of the object.
/// `#[field(skip, "what it is made of")]` stands in no answer under a name of its own.
macro_rules! told {
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
        $(#[$about])*
        $vis struct $name {
            $($(#[doc = $doc])* $(#[allow($($allow)*)])? $field_vis $field: $type,)*
        }

        impl crate::model::told::Told for $name {
            const FIELDS: &'static [crate::model::told::Field] = &[$(crate::model::told::Field {
                name: stringify!($field),
                read: stringify!($($($how)*)?),
                kind: stringify!($type),
                doc: concat!($($doc, "\n",)*),
                seen_by: stringify!($field_vis),
                inside: {
                    #[allow(unused_imports, reason = "only of a type that has fields of its own, it is not needed")]
                    use crate::model::told::NothingInside as _;
                    crate::model::told::Inside::<$type>::fields
                },
            },)*];

            fn shown(&self, field: &str) -> Option<crate::model::told::Shown> {
                #[allow(unused_imports, reason = "which of them is needed depends on the types of the fields")]
                use crate::model::told::{NotShown as _, ShownAsCell as _, ShownAsReading as _, Value};
                match field {
                    $(stringify!($field) => (&&&Value(&self.$field)).shown(),)*
                    _ => None,
                }
            }
        }

        crate::model::told::inside!($name: $name, Option<$name>, Vec<$name>);
    };
}

/// Makes the fields of a struct known wherever it stands in another.
macro_rules! inside {
    ($name:ident: $($within:ty),+) => {
        $(#[allow(dead_code, reason = "looked at where it stands in another")]
        impl crate::model::told::Inside<$within> {
            pub(crate) fn fields() -> &'static [crate::model::told::Field] {
                <$name as crate::model::told::Told>::FIELDS
            }
        })+
    };
}
pub(crate) use {inside, told};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;
    use crate::units::{Bytes, Ratio};

    told! {
        struct Outer {
            /// Memory in use, as [`Inner`](Inner) has it.
            ///
            /// More of it.
            pub mem: Reading<Bytes>,
            /// One of `a`, `b`, ...
            #[field("its-name" | "other")]
            pub name: Option<Text>,
            /// Part of the time.
            #[field(percent)]
            wait: Reading<Ratio>,
            /// Where it is.
            #[field(skip, "the path of the call")]
            pub node: Text,
            /// Its disk.
            #[field("{key}", "its part size, in words")]
            disk: Reading<Bytes>,
            inner: Inner,
            many: Vec<Inner>,
        }
    }

    told! {
        struct Inner {
            /// Its size.
            #[field("the-size")]
            pub size: Reading<Bytes>,
        }
    }

    fn outer() -> Outer {
        let inner = || Inner { size: Reading::Known(Bytes(1)) };
        Outer {
            mem: Reading::Known(Bytes::gib(2)),
            name: None,
            wait: Reading::Missing(Why::NotSet),
            node: "pve1".into(),
            disk: Reading::Known(Bytes(1)),
            inner: inner(),
            many: vec![inner()],
        }
    }

    #[test]
    fn a_field_tells_its_names_its_meaning_and_its_unit() {
        let of = |path| at(Outer::FIELDS, path).unwrap();
        assert_eq!((of("mem").in_api(), of("mem").unit()), (vec!["mem"], Some(Unit::Bytes)));
        assert_eq!(of("mem").meaning(), "Memory in use, as `Inner` has it");
        assert_eq!(
            (of("name").in_api(), of("name").meaning()),
            (vec!["its-name", "other"], "One of `a`, `b`, ...".into())
        );
        assert_eq!((of("wait").unit(), of("wait").is_public()), (Some(Unit::Percent), false));
        assert_eq!((of("node").in_api(), of("node").made_of()), (vec![], Some("the path of the call")));
        let disk = of("disk");
        assert_eq!(
            (disk.in_api(), disk.made_of(), disk.unit()),
            (vec!["{key}"], Some("its part size, in words"), None)
        );
        assert_eq!(of("inner.size").in_api(), ["the-size"]);
        assert_eq!(of("many.the-size").meaning(), "Its size");
        assert!(at(Outer::FIELDS, "nope").is_none() && at(Outer::FIELDS, "mem.size").is_none());
    }

    #[test]
    fn a_field_is_shown_as_what_it_is_or_not_at_all() {
        let outer = outer();
        assert_eq!(outer.shown("mem"), Some((Cell::Bytes(Bytes::gib(2)), None)));
        assert_eq!(outer.shown("name"), Some((Cell::Empty, None)));
        assert_eq!(outer.shown("wait").unwrap().1, Some(Why::NotSet));
        assert_eq!((outer.shown("inner"), outer.shown("many"), outer.shown("nope")), (None, None, None));
    }
}
