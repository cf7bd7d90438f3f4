//! What a value is made of: a field of the object, under which names the answers have it, and as what it came.

use serde_json::Value as Json;

use super::Subject;
use crate::model::json::shown;
use crate::model::told::{self, Field};
use crate::page::Cell;
use crate::secret::NOT_SHOWN;
use crate::text::Text;
use crate::units::Why;

/// A field that a value is made of.
pub(super) struct Origin {
    /// Its name here; blank of what has no field here.
    pub(super) here: String,
    pub(super) field: Option<&'static Field>,
    /// Its names in the API.
    pub(super) names: Vec<String>,
    /// As what it came: the position of the piece of an answer, its name there, and the value.
    pub(super) came: Vec<(usize, String, Json)>,
    pub(super) meaning: String,
    /// How the field alone is shown, and why it is missing, where it is.
    shown: Option<Cell>,
    pub(super) why: Option<Why>,
}

impl Origin {
    /// The field at a path of the object: its own, one of what stands in it, or one that only the API has.
    pub(super) fn of(of: &Subject<'_>, path: &str) -> Origin {
        let field = told::at(of.fields, path);
        let names = names(of, path, field);
        let parts = of.sources.parts.iter().enumerate();
        let came = parts.flat_map(|(at, part)| {
            names.iter().filter_map(move |name| Some((at, name.clone(), part.at(name)?.clone())))
        });
        let above = path.rsplit_once('.').and_then(|(above, _)| told::at(of.fields, above));
        let meaning = match (field, above) {
            (Some(field), Some(above)) => format!("{}: {}", above.meaning(), field.meaning()),
            (Some(field), None) => field.meaning(),
            (None, _) => (of.setting)(path).unwrap_or_default(),
        };
        let (shown, why) = (of.shown)(path).map_or((None, None), |(cell, why)| (Some(cell), why));
        Origin {
            here: if field.is_some() { path.trim_start_matches("r#").to_owned() } else { String::new() },
            shown,
            why,
            came: came.collect(),
            field,
            names,
            meaning,
        }
    }

    /// The same of a path that may stand for several settings of a kind: `scsi[n]`.
    pub(super) fn all_of(of: &Subject<'_>, path: &str) -> Vec<Origin> {
        let Some(stem) = path.strip_suffix("[n]") else { return vec![Origin::of(of, path)] };
        let keys = of.sources.parts.iter().filter_map(|part| part.json.as_object()).flat_map(|fields| fields.keys());
        let numbered = keys.filter(|key| {
            key.strip_prefix(stem)
                .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
        });
        numbered.map(|key| Origin::of(of, key)).collect()
    }

    /// The number that it is, in words; `None` of what is none.
    pub(super) fn number(&self) -> Option<String> {
        let name = if self.here.is_empty() { self.names.first()? } else { &self.here };
        let cell = self.shown.clone().or_else(|| self.cell())?;
        let is_number = match &cell {
            Cell::Moment(_) => true,
            Cell::Text(words) => words.raw().parse::<f64>().is_ok(),
            cell => cell.is_number(),
        };
        is_number.then(|| format!("{name} {cell}"))
    }

    /// The value as it came, in its unit.
    pub(super) fn cell(&self) -> Option<Cell> {
        let (_, _, came) = self.came.first()?;
        let unit = self.field.and_then(Field::unit);
        Some(unit.and_then(|unit| unit.cell(came)).unwrap_or_else(|| Cell::from(Text::from(shown(came)).brief(200))))
    }

    /// Whether what came is not shown to anybody, and is kept as it came.
    pub(super) fn is_secret(&self) -> bool {
        let kept = self.field.is_none_or(|field| field.reader().is_none());
        kept && !self.came.is_empty() && self.came.iter().all(|(_, _, json)| json == NOT_SHOWN)
    }
}

/// Under which names the answers have it: those inside something stand below its name.
fn names(of: &Subject<'_>, path: &str, field: Option<&'static Field>) -> Vec<String> {
    let Some(field) = field else { return vec![path.to_owned()] };
    let named = |name: &str| {
        of.sources.named.iter().fold(name.to_owned(), |name, (key, is)| name.replace(&format!("{{{key}}}"), is))
    };
    let within =
        path.rsplit_once('.').and_then(|(above, _)| told::at(of.fields, above)).filter(|above| !above.is_made());
    let own = field.in_api().into_iter().map(named);
    match within {
        Some(above) => {
            let above = above.in_api().first().map(|name| named(name)).unwrap_or_default();
            own.map(|name| format!("{above}.{name}")).collect()
        }
        None => own.collect(),
    }
}
