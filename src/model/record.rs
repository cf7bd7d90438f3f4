//! What the plain objects of the API have in common: typed fields, the JSON they came as, and where they came from.
//!
//! Such an object is a struct whose fields are the API's own (`#[serde(default)]`, lenient by their types), a row of
//! cells, and one line of `record!`. [`Ask`] reads it, alone or as a list.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::model::list::{About, List, Listed};
use crate::model::sight::Sight;
use crate::page::Provenance;
use crate::secret::masked;
use crate::session::{Answer, Session};
use crate::text::Text;
use crate::wire::{Call, Raw};

mod page;

use page::row;
pub(crate) use page::{PARTS, answered, page};

/// An object as the API gives it.
pub(crate) trait Record: DeserializeOwned + Listed {
    /// The paths that give it, as the API's documentation writes them.
    #[allow(dead_code, reason = "what the conformance check goes by")]
    const PATHS: &'static [&'static str];
    fn origin(&self) -> &Origin;
    fn origin_mut(&mut self) -> &mut Origin;
}

/// Where an object came from. An object that was read has one; the empty one stands in while it is being read.
#[derive(Clone, Default)]
pub(crate) struct Origin {
    source: Option<Arc<Source>>,
    raw: Option<Raw>,
    /// What another answer had of it, and the call.
    more: Option<Arc<(Text, Value)>>,
}

/// What all objects of one answer share.
struct Source {
    session: Session,
    provenance: Provenance,
    /// Where the console shows them: `node/pve1`, `qemu/101`.
    place: Option<String>,
}

impl Origin {
    /// The session that the object was read in, to ask for more.
    pub(crate) fn session(&self) -> Result<&Session, Error> {
        self.source.as_ref().map(|source| &source.session).ok_or_else(|| {
            Error::setup("This object was not read from a cluster", "Read it through pve, and ask that for more")
        })
    }

    pub(crate) fn provenance(&self) -> Provenance {
        self.source.as_ref().map(|source| source.provenance.clone()).unwrap_or_default()
    }

    /// What it belongs to, where it belongs to a node or a guest: ` on pve1`, ` of VM 101`.
    fn whereabouts(&self) -> String {
        let place = self.source.as_ref().and_then(|source| source.place.as_deref()?.split_once('/'));
        match place {
            Some(("node", node)) => format!(" on {node}"),
            Some(("qemu", vmid)) => format!(" of VM {vmid}"),
            Some(("lxc", vmid)) => format!(" of CT {vmid}"),
            _ => String::new(),
        }
    }

    /// Of the same object in another session.
    pub(crate) fn within(&self, session: Session) -> Origin {
        let place = self.source.as_ref().and_then(|source| source.place.clone());
        let source = Source { session, provenance: self.provenance(), place };
        Origin { source: Some(Arc::new(source)), ..self.clone() }
    }

    /// Of an object inside this one: the same session and calls, no JSON of its own.
    pub(crate) fn part(&self) -> Origin {
        Origin { source: self.source.clone(), ..Origin::default() }
    }

    /// Of an object of which another answer has something too.
    pub(crate) fn with(self, call: Text, json: Value) -> Origin {
        Origin { more: Some(Arc::new((call, json))), ..self }
    }

    /// What another answer had of it, and the call.
    pub(crate) fn more(&self) -> Option<(Text, Value)> {
        self.more.as_deref().cloned()
    }

    /// The object's JSON with its secrets: to be held against another, and never to be shown.
    pub(crate) fn whole_json(&self) -> Value {
        self.raw.as_ref().map_or(Value::Null, whole_json_of)
    }

    /// The object's JSON, secrets masked.
    pub(crate) fn json(&self) -> Value {
        self.raw.as_ref().map_or(Value::Null, json_of)
    }
}

/// The JSON that an object came as, secrets masked.
pub(crate) fn json_of(raw: &Raw) -> Value {
    masked(whole_json_of(raw))
}

fn whole_json_of(raw: &Raw) -> Value {
    let json: Value = serde_json::from_str(raw.json()).unwrap_or_default();
    // A single object comes with the envelope of its answer.
    match json {
        Value::Object(mut fields) if raw.is_whole() => fields.remove("data").unwrap_or_default(),
        json => json,
    }
}

/// Makes a struct a [`Record`]: `record!(Service: "/nodes/{node}/services");`. Its page is made of its row of cells and of
/// all that the server said; `record!(Service without page: ..)` leaves the page to be written.
macro_rules! record {
    ($type:ident: $($path:literal),+ $(,)?) => {
        crate::model::record::record!($type without page: $($path),+);

        impl crate::render::View for $type {
            fn page(&self) -> crate::page::Page {
                crate::model::record::page(self)
            }
        }

        impl crate::model::lens::Inspected for $type {
            const PARTS: &'static [&'static str] = crate::model::record::PARTS;
        }
    };
    ($type:ident without page: $($path:literal),+ $(,)?) => {
        impl crate::model::record::Record for $type {
            const PATHS: &'static [&'static str] = &[$($path),+];
            fn origin(&self) -> &crate::model::record::Origin {
                &self.origin
            }
            fn origin_mut(&mut self) -> &mut crate::model::record::Origin {
                &mut self.origin
            }
        }

        impl $type {
            /// The JSON that it was read from, with what this type has no field for; secrets are masked.
            pub fn raw(&self) -> serde_json::Value {
                self.origin.json()
            }

            /// Where it was read.
            pub fn provenance(&self) -> crate::page::Provenance {
                self.origin.provenance()
            }
        }

        impl crate::model::evidence::Source for $type {
            fn evidence(&self) -> crate::model::evidence::Evidence {
                crate::model::evidence::Evidence::whole(self.origin.provenance())
            }
        }

        impl crate::model::why::Explained for $type {
            fn sources(&self) -> crate::model::why::Sources {
                crate::model::why::Sources::of_record(&self.origin)
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                crate::model::record::debug(self, stringify!($type), f)
            }
        }
    };
}
pub(crate) use record;

/// The first cells of its row, in a line.
pub(crate) fn debug<T: Listed>(item: &T, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let cells: Vec<String> = row(item).into_iter().take(2).map(|(_, cell)| cell.to_string()).collect();
    write!(f, "{name}({})", cells.join(", "))
}

/// One word of a path, percent-encoded where it needs it.
pub(crate) fn segment(word: &Text) -> impl fmt::Display {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(word.raw(), KEPT).to_string()
}

/// A read that gives typed objects.
pub(crate) struct Ask<'a> {
    session: &'a Session,
    call: Call,
    title: Text,
    question: Text,
    sight: Sight,
    place: Option<String>,
    besides: Provenance,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(session: &'a Session, path: impl Into<String>) -> Ask<'a> {
        let call = Call::get(path);
        Ask {
            session,
            title: call.shown(),
            call,
            question: Text::default(),
            sight: Sight::whole(),
            place: None,
            besides: Provenance::default(),
        }
    }

    /// One more parameter.
    pub(crate) fn with(mut self, key: &str, value: impl Into<String>) -> Ask<'a> {
        self.call = self.call.with(key, value);
        self
    }

    /// What a list of these is called.
    pub(crate) fn titled(mut self, title: impl Into<Text>) -> Ask<'a> {
        self.title = title.into();
        self
    }

    /// What it answers.
    pub(crate) fn question(mut self, question: impl Into<Text>) -> Ask<'a> {
        self.question = question.into();
        self
    }

    /// The server leaves out what is not covered by one of these privileges on this path or below it.
    pub(crate) fn filtered_by(mut self, things: &str, any_of: &[&'static str], path: &str) -> Ask<'a> {
        self.sight = self.sight.and(Sight::filtered(self.session, things, any_of, path));
        self
    }

    /// The server leaves a part out unless one of these privileges is held on this very path.
    pub(crate) fn gated_by(mut self, things: &str, any_of: &[&'static str], path: &str) -> Ask<'a> {
        self.sight = self.sight.and(Sight::gated(self.session, things, any_of, path));
        self
    }

    /// What is to be said of the list that takes nothing away.
    pub(crate) fn remark(mut self, words: impl Into<Text>) -> Ask<'a> {
        self.sight = self.sight.remark(words);
        self
    }

    /// What else limits what was seen, or must be said of it.
    pub(crate) fn seen(mut self, sight: Sight) -> Ask<'a> {
        self.sight = self.sight.and(sight);
        self
    }

    /// Another answer that what is said goes by.
    pub(crate) fn besides(mut self, answer: &Answer) -> Ask<'a> {
        self.besides = self.besides.and(&self.session.provenance([answer], None));
        self
    }

    /// Where the console shows it: `node/pve1`, `qemu/101`.
    pub(crate) fn place(mut self, place: impl Into<String>) -> Ask<'a> {
        self.place = Some(place.into());
        self
    }

    /// The objects of an array.
    pub(crate) fn list<T: Record>(self) -> Result<List<T>, Error> {
        self.list_with(|_| {})
    }

    /// The same; `add` puts in what the answer leaves to its path.
    pub(crate) fn list_with<T: Record>(self, add: impl FnMut(&mut T)) -> Result<List<T>, Error> {
        let answer = self.session.ask(self.call.clone())?;
        self.list_of(&answer, add)
    }

    /// The objects of an array that was read already.
    pub(crate) fn list_of<T: Record>(self, answer: &Answer, mut add: impl FnMut(&mut T)) -> Result<List<T>, Error> {
        let rows = answer.rows::<T>()?;
        let (source, about) = self.about(answer, rows.odd);
        let mut items = Vec::new();
        for (mut item, raw) in rows {
            *item.origin_mut() = Origin { source: Some(source.clone()), raw: Some(raw), more: None };
            add(&mut item);
            items.push(item);
        }
        Ok(List::new(items, about))
    }

    /// What the objects of an answer share, and what their list is about.
    fn about(self, answer: &Answer, odd: usize) -> (Arc<Source>, About) {
        let provenance = self.session.provenance([answer], self.place.as_deref()).and(&self.besides);
        let source =
            Arc::new(Source { session: self.session.clone(), provenance: provenance.clone(), place: self.place });
        let sight = self.sight.and(Sight::without(odd));
        (source, About { title: self.title, question: self.question, sight, provenance, of: None })
    }

    /// The objects of an array that stands in a field of the answer.
    pub(crate) fn list_within<T: Record>(self, field: &str, add: impl FnMut(&mut T)) -> Result<List<T>, Error> {
        let mut answer = self.session.ask(self.call.clone())?;
        let mut fields: BTreeMap<String, Box<RawValue>> = answer.reply.data(&answer.call)?;
        let rows = fields.remove(field).map_or_else(|| "[]".into(), |rows| rows.get().to_owned());
        answer.reply.body = format!("{{\"data\":{rows}}}").into();
        self.list_of(&answer, add)
    }

    /// Objects that stand anywhere in the answer, as `find` finds them.
    pub(crate) fn list_made<T: Record>(self, find: impl FnOnce(&Value) -> Vec<Value>) -> Result<List<T>, Error> {
        let mut answer = self.session.ask(self.call.clone())?;
        let found = find(&answer.reply.data(&answer.call)?);
        answer.reply.body = serde_json::json!({ "data": found }).to_string().into();
        self.list_of(&answer, |_| {})
    }

    /// A single object.
    pub(crate) fn one<T: Record>(self) -> Result<T, Error> {
        self.one_with(|_| {})
    }

    /// The same; `add` puts in what the answer leaves to its path.
    pub(crate) fn one_with<T: Record>(self, add: impl FnOnce(&mut T)) -> Result<T, Error> {
        let answer = self.session.ask(self.call.clone())?;
        self.one_of(&answer, add)
    }

    /// A single object that was read already.
    pub(crate) fn one_of<T: Record>(self, answer: &Answer, add: impl FnOnce(&mut T)) -> Result<T, Error> {
        let provenance = self.session.provenance([answer], self.place.as_deref());
        let (mut item, raw) = answer.object::<T>()?;
        let source = Arc::new(Source { session: self.session.clone(), provenance, place: self.place });
        *item.origin_mut() = Origin { source: Some(source), raw: Some(raw), more: None };
        add(&mut item);
        Ok(item)
    }
}
