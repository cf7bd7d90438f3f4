//! Where a value comes from: which call gave it, as what, what that means and in which unit, how it became what is shown,
//! how old it is, and which privilege it took.
//!
//! It reads nothing again: it tells what the object knows of itself, and what the session knows of its identity.

use crate::error::Error;
use crate::model::list::Made;
use crate::model::together::some_of;
use crate::model::told::{self, Field, Shown};
use crate::model::why::{Explained, Sources};
use crate::page::{Cell, Page};
use crate::text::Text;

use super::Pve;

mod asked;
mod origin;
mod page;
#[cfg(test)]
mod tests;

use origin::Origin;

impl Pve {
    /// Where a value comes from: the call, the field as it came, its meaning and unit, how it was computed, how old it is,
    /// and the privilege that it took. By the heading of a column (`"Memory"`), the name of a field (`"mem"`) or that of a
    /// field of the API (`"netin"`), for every object that stands in lists. Nothing is read again for it, but the privileges of
    /// the session once they are older than five minutes.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let guest = pve.guest("web-1")?;
    /// let page = pve.why(&guest, "mem")?;
    /// assert!(page.text().contains("Where does the memory of web-1 come from?"));
    /// assert!(pve.why(&guest, "memory")?.text().contains("VM.Audit on /vms/101"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] names the columns and fields that there are.
    pub fn why<T: Explained>(&self, object: &T, name: &str) -> Result<Page, Error> {
        let columns = T::columns();
        let columns = columns.iter().map(|column| (column.name().clone(), column.cell(object), column.made()));
        let of = Subject {
            noun: T::NOUN.0,
            told: object.told(),
            columns: columns.collect(),
            fields: T::FIELDS,
            sources: object.sources(),
            shown: &|field| object.shown(field),
            setting: &|name| object.setting(name),
        };
        let value = of.value(name)?;
        Ok(page::of(&self.session, &of, &value))
    }
}

/// An object, as far as it is asked about.
struct Subject<'a> {
    noun: &'static str,
    told: Text,
    /// Its columns, what stands in each, and how that is made.
    columns: Vec<(Text, Cell, Made)>,
    fields: &'static [Field],
    sources: Sources,
    shown: &'a dyn Fn(&str) -> Option<Shown>,
    setting: &'a dyn Fn(&str) -> Option<String>,
}

/// A value of an object, and what it is made of.
struct Value {
    /// How it was found: `Memory`, `mem`.
    name: String,
    kind: Kind,
    cell: Cell,
    origins: Vec<Origin>,
    made: Made,
}

/// What a name is the name of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Column,
    Field,
    /// A field of the API that has none here.
    Raw,
}

impl Subject<'_> {
    /// What it is called in a sentence.
    fn called(&self) -> String {
        let first = self.columns.first().map(|(_, cell, _)| cell);
        let own = first.is_none_or(|cell| *self.told.raw() != *cell.to_string());
        match first {
            Some(Cell::Name(name, _)) => name.to_string(),
            Some(Cell::Text(_) | Cell::Code(_)) if !self.told.is_blank() => match self.told.brief(60) {
                words if words.contains(' ') && !own => format!("“{words}”"),
                word => word,
            },
            _ if own && !self.told.is_blank() => self.told.brief(60),
            _ => format!("this {}", self.noun),
        }
    }

    /// The value of this name: as it is written, or else in any case.
    fn value(&self, name: &str) -> Result<Value, Error> {
        let name = name.trim();
        let same: [fn(&str, &str) -> bool; 2] = [|a, b| a == b, |a, b| a.eq_ignore_ascii_case(b)];
        same.iter()
            .find_map(|same| {
                self.column(name, *same).or_else(|| self.field(name, *same)).or_else(|| self.raw(name, *same))
            })
            .ok_or_else(|| self.unknown(name))
    }

    fn column(&self, name: &str, same: fn(&str, &str) -> bool) -> Option<Value> {
        let (heading, cell, made) = self.columns.iter().find(|(heading, ..)| same(heading.raw(), name))?;
        let origins = made.fields().into_iter().flat_map(|path| Origin::all_of(self, path));
        // Settings that another kind of guest has.
        let origins =
            origins.filter(|origin| origin.field.is_some() || !(origin.came.is_empty() && origin.meaning.is_empty()));
        let origins = origins.collect();
        Some(Value { name: heading.raw().to_owned(), kind: Kind::Column, cell: cell.clone(), origins, made: *made })
    }

    /// A field of the struct, by its own name or by that of the API.
    fn field(&self, name: &str, same: fn(&str, &str) -> bool) -> Option<Value> {
        let called = |field: &&Field| {
            same(field.name.trim_start_matches("r#"), name) || field.in_api().iter().any(|api| same(api, name))
        };
        let public = || self.fields.iter().filter(|field| field.is_public());
        let own = public().find(|field| same(field.name.trim_start_matches("r#"), name));
        let field = own.or_else(|| public().find(called));
        let inside = || told::at(self.fields, name).filter(|field| field.is_public() && name.contains('.'));
        let path = match field {
            Some(field) => field.name.to_owned(),
            None => inside().map(|_| name.to_owned())?,
        };
        let origin = Origin::of(self, &path);
        // What has no short form of its own may have a column.
        let alone = |(_, cell, made): &(Text, Cell, Made)| (made.fields() == [path.as_str()]).then(|| cell.clone());
        let cell = (self.shown)(&path).map(|(cell, _)| cell).or_else(|| self.columns.iter().find_map(alone));
        let cell = cell.or_else(|| origin.cell()).unwrap_or(Cell::Empty);
        let cell = if origin.is_secret() { Cell::from(crate::secret::NOT_SHOWN) } else { cell };
        Some(Value { name: path, kind: Kind::Field, cell, origins: vec![origin], made: Made::default() })
    }

    /// A field of the API that has none here.
    fn raw(&self, name: &str, same: fn(&str, &str) -> bool) -> Option<Value> {
        let known = |part: &crate::model::why::Part| {
            let fields = part.json.as_object().into_iter().flat_map(|fields| fields.keys());
            fields.into_iter().find(|key| same(key, name)).cloned().or_else(|| part.at(name).map(|_| name.to_owned()))
        };
        let name = self.sources.parts.iter().find_map(known)?;
        let origin = Origin::of(self, &name);
        let cell = origin.cell().unwrap_or(Cell::Empty);
        Some(Value { name, kind: Kind::Raw, cell, origins: vec![origin], made: Made::default() })
    }

    fn unknown(&self, name: &str) -> Error {
        let columns: Vec<&str> = self.columns.iter().map(|(heading, ..)| heading.raw()).collect();
        let fields = self.fields.iter().filter(|field| field.is_public());
        let fields: Vec<&str> = fields.map(|field| field.name.trim_start_matches("r#")).collect();
        let all = self.sources.parts.iter().filter_map(|part| part.json.as_object()).flat_map(|fields| fields.keys());
        let mut more: Vec<String> = all.filter(|key| self.field(key, |a, b| a == b).is_none()).cloned().collect();
        more.sort();
        more.dedup();
        let more = if more.is_empty() { String::new() } else { format!("; only in the API: {}", some_of(&more)) };
        Error::not_found(
            format!("This {} has no value \"{}\"", self.noun, Text::from(name)),
            format!("Its columns: {}; its fields: {}{more}", columns.join(", "), fields.join(", ")),
        )
    }
}
