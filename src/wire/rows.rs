//! The rows of a list: typed, and as they came. Knows the envelope of an answer; knows no object of the model.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

/// The rows of a list that were understood, and how many were not.
#[derive(Debug)]
pub(crate) struct Rows<T> {
    rows: Vec<(T, Raw)>,
    pub(crate) odd: usize,
}

impl<T: DeserializeOwned> Rows<T> {
    /// Those in this answer. One that has another form than all others is left out and counted, so that it does not
    /// take the list with it; when nothing else is left, it is an error.
    pub(crate) fn read(body: &Arc<str>) -> Result<Rows<T>, serde_json::Error> {
        Rows::read_one_by_one(&Whole::of(body))
    }

    /// The same for lists that may be very long: in one go, which takes more code for each type and less time.
    pub(crate) fn read_at_once(body: &Arc<str>) -> Result<Rows<T>, serde_json::Error> {
        #[derive(serde::Deserialize)]
        struct Body<T> {
            #[serde(deserialize_with = "null_or", bound(deserialize = "T: DeserializeOwned"))]
            data: Option<Vec<Row<T>>>,
        }
        let answer = Whole::of(body);
        // Reading a large answer twice is what takes the time: it is done only when a row is odd.
        let Ok(body) = serde_json::from_str::<Body<T>>(body) else { return Rows::read_one_by_one(&answer) };
        let mut rows = body.data.unwrap_or_default();
        for (n, row) in rows.iter_mut().enumerate() {
            row.1 = Raw::row(&answer, n);
        }
        Ok(Rows { rows: rows.into_iter().map(|Row(typed, raw)| (typed, raw)).collect(), odd: 0 })
    }

    fn read_one_by_one(answer: &Arc<Whole>) -> Result<Rows<T>, serde_json::Error> {
        let (mut rows, mut odd) = (Vec::new(), Vec::new());
        for (n, row) in elements(&answer.body)?.into_iter().enumerate() {
            match serde_json::from_str(row.get()) {
                Ok(typed) => rows.push((typed, Raw::row(answer, n))),
                Err(error) => odd.push(error),
            }
        }
        let count = odd.len();
        match odd.into_iter().next() {
            Some(error) if rows.is_empty() => Err(error),
            _ => Ok(Rows { rows, odd: count }),
        }
    }
}

impl<T> IntoIterator for Rows<T> {
    type Item = (T, Raw);
    type IntoIter = std::vec::IntoIter<(T, Raw)>;
    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

/// A row, and what its JSON was once that is known.
struct Row<T>(T, Raw);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Row<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Row<T>, D::Error> {
        T::deserialize(from).map(|typed| Row(typed, Raw::default()))
    }
}

/// What stands in an answer's envelope, untyped.
pub(crate) fn data(body: &str) -> Result<&RawValue, serde_json::Error> {
    #[derive(serde::Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    serde_json::from_str::<Body<'_>>(body).map(|body| body.data)
}

/// Nothing for null; a field that is not there at all is an error, since no list is not an empty one.
fn null_or<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(from)
}

/// The elements of the list in an answer, untyped.
fn elements(body: &str) -> Result<Vec<&RawValue>, serde_json::Error> {
    #[derive(serde::Deserialize)]
    struct Body<'a> {
        #[serde(borrow, deserialize_with = "null_or")]
        data: Option<Vec<&'a RawValue>>,
    }
    serde_json::from_str::<Body<'_>>(body).map(|body| body.data.unwrap_or_default())
}

/// One object exactly as the server sent it, sharing the memory of its answer.
#[derive(Clone, Default)]
pub(crate) struct Raw {
    answer: Option<Arc<Whole>>,
    row: Option<usize>,
}

/// An answer, and where its rows stand in it: looked for when somebody first wants to see one.
struct Whole {
    body: Arc<str>,
    places: OnceLock<Vec<Range<usize>>>,
}

impl Whole {
    fn of(body: &Arc<str>) -> Arc<Whole> {
        Arc::new(Whole { body: body.clone(), places: OnceLock::new() })
    }

    fn places(&self) -> &[Range<usize>] {
        self.places.get_or_init(|| {
            let start = self.body.as_ptr() as usize;
            let place = |row: &RawValue| row.get().as_ptr() as usize - start;
            let rows = elements(&self.body).unwrap_or_default();
            rows.into_iter().map(|row| place(row)..place(row) + row.get().len()).collect()
        })
    }
}

impl Raw {
    /// All of an answer.
    pub(crate) fn whole(body: &Arc<str>) -> Raw {
        Raw { answer: Some(Whole::of(body)), row: None }
    }

    fn row(answer: &Arc<Whole>, row: usize) -> Raw {
        Raw { answer: Some(Arc::clone(answer)), row: Some(row) }
    }

    /// Whether it is a whole answer with what stands around its object, and not a row of a list.
    pub(crate) fn is_whole(&self) -> bool {
        self.row.is_none()
    }

    /// The JSON text.
    pub(crate) fn json(&self) -> &str {
        let Some(answer) = &self.answer else { return "" };
        let place = self.row.and_then(|row| answer.places().get(row).cloned());
        place.map_or(&*answer.body, |place| &answer.body[place])
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.answer.as_ref().map_or(0, |answer| answer.body.len());
        match self.row {
            Some(row) => write!(f, "Raw(row {row} of {bytes} bytes)"),
            None => write!(f, "Raw({bytes} bytes)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Named {
        name: String,
    }

    fn body(rows: &[Value]) -> Arc<str> {
        json!({ "total": rows.len(), "data": rows }).to_string().into()
    }

    /// Each row that has a name, as it was read and as JSON.
    fn named(rows: &[Value]) -> Vec<(String, Value)> {
        let named = rows.iter().filter(|row| row["name"].is_string());
        named.map(|row| (row["name"].as_str().unwrap_or_default().to_owned(), row.clone())).collect()
    }

    fn read(rows: Rows<Named>) -> Vec<(String, Value)> {
        rows.into_iter().map(|(row, raw)| (row.name, serde_json::from_str(raw.json()).unwrap())).collect()
    }

    #[test]
    fn a_row_that_has_a_field_called_data_is_not_taken_for_an_answer() {
        let answer: Arc<str> = r#"{"data":[{"name":"dns","data":"x"}]}"#.into();
        let (_, row) = Rows::<Named>::read(&answer).unwrap().into_iter().next().unwrap();
        assert!(Raw::whole(&answer).is_whole() && !row.is_whole());
    }

    proptest! {
        #[test]
        fn rows_know_their_json_whether_or_not_others_are_odd(
            names in prop::collection::vec(prop::option::weighted(0.9, ".*"), 1..20),
            x in ".*",
        ) {
            let row = |name: &Option<String>| name.as_ref().map_or(json!([1]), |name| json!({ "x": [x], "name": name }));
            let rows: Vec<Value> = names.iter().map(row).collect();
            let wanted = named(&rows);
            for found in [Rows::<Named>::read(&body(&rows)), Rows::<Named>::read_at_once(&body(&rows))] {
                match found {
                    Ok(found) => {
                        prop_assert_eq!(found.odd, rows.len() - wanted.len());
                        prop_assert_eq!(read(found), wanted.clone());
                    }
                    Err(_) => prop_assert!(wanted.is_empty()),
                }
            }
        }
    }
}
