//! What is known of where the values of an object come from: the answers that it was read from, as they came, and what
//! became of them. Knows no object and no privilege.

use serde_json::Value;

use crate::model::list::Listed;
use crate::model::record::Origin;
use crate::model::told::Told;
use crate::page::Provenance;
use crate::session::Session;
use crate::text::Text;
use crate::units::Moment;

#[cfg(test)]
pub(crate) mod tests;

/// An object that can be asked where its values come from, by [`Pve::why`](crate::Pve::why): every object of this crate
/// that stands in lists.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// fn state<T: Explained>(pve: &Pve, object: &T) -> Result<String, Error> {
///     Ok(pve.why(object, "State")?.text())
/// }
/// let pve = Pve::demo()?;
/// assert!(state(&pve, &pve.node("pve4")?)?.contains("offline"));
/// assert!(state(&pve, &pve.storage("local")?)?.contains("Datastore.Audit on /storage/local"));
/// # Ok(()) }
/// ```
pub trait Explained: Listed + Told {
    /// What it was read from.
    #[doc(hidden)]
    fn sources(&self) -> Sources;

    /// What a word of the API means for which it has no field; settings have such.
    #[doc(hidden)]
    fn setting(&self, _name: &str) -> Option<String> {
        None
    }
}

/// What an object was read from.
#[derive(Clone, Default)]
pub struct Sources {
    /// The session that it was read in.
    pub(crate) session: Option<Session>,
    pub(crate) provenance: Provenance,
    /// The answers, or what of them it is about.
    pub(crate) parts: Vec<Part>,
    /// The code that gives the JSON that it was read from.
    pub(crate) raw: Option<String>,
    /// What access control calls the object: `/vms/101`; where it is one that privileges are given on.
    pub(crate) about: Option<String>,
    /// What stands for a name in braces: `{key}`.
    pub(crate) named: Vec<(&'static str, String)>,
    /// What became of the fields of these names after they were read.
    pub(crate) remarks: Vec<(Vec<String>, String)>,
}

/// A piece of an answer that an object was read from.
#[derive(Clone)]
pub(crate) struct Part {
    /// The call that it answers: `GET /cluster/resources`.
    pub(crate) call: Text,
    /// Which of several pieces of its kind: `pve1`; blank of the only one.
    pub(crate) of: Text,
    /// When it came, where that is another time than that of the object.
    pub(crate) at: Option<Moment>,
    /// As it came, secrets masked.
    pub(crate) json: Value,
}

impl Sources {
    /// Those of something with this provenance.
    pub(crate) fn of(provenance: &Provenance) -> Sources {
        Sources { provenance: provenance.clone(), ..Sources::default() }
    }

    /// Those of an object of the API.
    pub(crate) fn of_record(origin: &Origin) -> Sources {
        let provenance = origin.provenance();
        let sources = Sources { session: origin.session().ok().cloned(), provenance, ..Sources::default() };
        let call = sources.call("");
        let sources = sources.part(call, "", origin.json());
        match origin.more() {
            Some((call, json)) => sources.part(call, "", json),
            None => sources,
        }
    }

    /// With the session that it was read in.
    pub(crate) fn within(mut self, session: &Session) -> Sources {
        self.session = Some(session.clone());
        self
    }

    /// With a piece of the answer to a call; nothing where there is none.
    pub(crate) fn part(mut self, call: Text, of: impl Into<Text>, json: Value) -> Sources {
        if !json.is_null() {
            self.parts.push(Part { call, of: of.into(), at: None, json });
        }
        self
    }

    /// With a piece of an answer that came at another time.
    pub(crate) fn part_of(mut self, call: Text, at: Option<Moment>, json: Value) -> Sources {
        self.parts.push(Part { call, of: Text::default(), at, json });
        self
    }

    /// With what access control calls it.
    pub(crate) fn about(mut self, path: impl Into<String>) -> Sources {
        self.about = Some(path.into());
        self
    }

    /// With what stands for a name in braces.
    pub(crate) fn named(mut self, name: &'static str, is: impl Into<String>) -> Sources {
        self.named.push((name, is.into()));
        self
    }

    /// The first of its calls that has these words.
    pub(crate) fn call(&self, words: &str) -> Text {
        self.provenance.calls.iter().find(|call| call.raw().contains(words)).cloned().unwrap_or_default()
    }

    /// With the code that gives the JSON that it was read from.
    pub(crate) fn raw(mut self, code: impl Into<String>) -> Sources {
        self.raw = Some(code.into());
        self
    }

    /// With what became of some fields after they were read.
    pub(crate) fn remark<F: Into<String>>(
        mut self,
        fields: impl IntoIterator<Item = F>,
        words: impl Into<String>,
    ) -> Sources {
        self.remarks.push((fields.into_iter().map(Into::into).collect(), words.into()));
        self
    }
}

impl Part {
    /// What it has under a name of the API: `mem`, or `memory.used` of what stands in another.
    pub(crate) fn at(&self, name: &str) -> Option<&Value> {
        self.json.get(name).or_else(|| name.split('.').try_fold(&self.json, |within, part| within.get(part)))
    }
}

/// The fields of an object that are among these.
pub(crate) fn only(json: Value, names: &[&str]) -> Value {
    match json {
        Value::Object(mut fields) => {
            fields.retain(|name, _| names.contains(&name.as_str()));
            Value::Object(fields)
        }
        json => json,
    }
}
