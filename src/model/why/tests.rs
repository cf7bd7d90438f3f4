//! What columns say of where they come from, held against what they do: an object is read again and again, each time with
//! one field changed, and whatever moves a cell must have been named by its column.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::model::canned::Canned;
use crate::model::conformance::typed;
use crate::model::guest::Guest;
use crate::model::guest::config::Config;
use crate::model::list::{Listed, Made};
use crate::model::node::Node;
use crate::model::record::Record;
use crate::model::storage::Storage;
use crate::model::task::Task;
use crate::model::told::{self, Field, Told};
use crate::model::why::Explained;
use crate::session::Session;
use crate::wire::Call;

/// What moves a column only once the object was completed, after it was read.
const COMPLETED: [(&str, &str); 2] = [("GuestInterface", "inet"), ("GuestInterface", "inet6")];

/// What stands in each column of an object that was read from this; `None` where nothing can be read from it.
type Read<'a> = &'a dyn Fn(&Value) -> Option<Vec<String>>;

/// A type of which the columns are checked.
struct Type<'a> {
    name: &'static str,
    columns: Vec<(String, Made)>,
    fields: &'static [Field],
    read: Read<'a>,
    /// Objects as they came, to begin with.
    came: Vec<Value>,
    /// Words that its code knows.
    words: Vec<String>,
}

/// What is wrong with what the columns of a type say.
pub(crate) fn faults<T: Record + Explained>(session: &Session) -> Vec<String> {
    let read = |json: &Value| serde_json::from_value::<T>(json.clone()).ok().map(|it| cells(&it));
    let mut faults = all_faults::<T>(&read, came(session, T::PATHS));
    faults.extend(unit_faults::<T>());
    faults
}

fn all_faults<T: Explained>(read: Read<'_>, mut came: Vec<Value>) -> Vec<String> {
    came.truncate(6);
    let name = std::any::type_name::<T>().rsplit("::").next().unwrap();
    let columns = T::columns().iter().map(|column| (column.name().raw().to_owned(), column.made())).collect();
    let of = Type { name, columns, fields: T::FIELDS, read, came, words: words_near(name) };
    of.incomplete().into_iter().chain(of.unnamed()).chain(of.needless()).collect()
}

fn cells<T: Listed>(item: &T) -> Vec<String> {
    T::columns().iter().map(|column| format!("{:?}", column.cell(item))).collect()
}

/// What the demo answers to the reads that give such objects.
fn came(session: &Session, paths: &[&str]) -> Vec<Value> {
    let names =
        [("{node}", "pve1"), ("{vmid}", "101"), ("{storage}", "local"), ("{vnet}", "prod"), ("{name}", "rpool")];
    let mut all = Vec::new();
    for path in paths {
        for vmid in ["101", "102", "200"] {
            let path = path.replace("{vmid}", vmid);
            let path = names.iter().fold(path, |path, (name, is)| path.replace(name, is));
            let Ok(answer) = session.ask(Call::get(path)) else { continue };
            match answer.reply.data::<Value>(&answer.call) {
                Ok(Value::Array(rows)) => all.extend(rows),
                Ok(object) => all.push(object),
                Err(_) => {}
            }
        }
    }
    all.retain(Value::is_object);
    // A few of each kind tell as much as all.
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    all.retain(|one| {
        let seen = kinds.entry(format!("{} {}", one["type"], one["status"])).or_default();
        *seen += 1;
        *seen <= 2
    });
    all
}

/// The words that stand in quotes in the files that are about a type: what its code compares with.
fn words_near(name: &str) -> Vec<String> {
    let is_about = |source: &String| {
        [format!("struct {name} "), format!("impl Listed for {name} ")].iter().any(|it| source.contains(it))
    };
    let mut words = BTreeSet::new();
    for source in files_in(Path::new("src/model")).iter().map(|file| fs::read_to_string(file).unwrap()).filter(is_about)
    {
        let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
        let quoted = source
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>());
        words.extend(quoted.filter(|word| !word.contains([' ', '{', '/', '.']) && (1..=20).contains(&word.len())));
    }
    words.into_iter().collect()
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect()
}

/// Under which names the answers have the field at a path.
fn in_api(fields: &'static [Field], path: &str) -> Vec<String> {
    let Some(field) = told::at(fields, path) else { return vec![path.to_owned()] };
    let above = path.rsplit_once('.').and_then(|(above, _)| told::at(fields, above)).filter(|above| !above.is_made());
    let above = above.map(|above| format!("{}.", above.in_api()[0])).unwrap_or_default();
    field.in_api().into_iter().map(|name| format!("{above}{name}")).collect()
}

/// An object with something else under a name, or under one inside it.
fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    match name.split_once('.').filter(|_| object.get(name).is_none()) {
        Some((first, rest)) => {
            let inner = object.get(first).cloned().filter(Value::is_object).unwrap_or_else(|| json!({}));
            object[first] = with(&inner, rest, value);
        }
        None if value.is_null() => drop(object.as_object_mut().unwrap().remove(name)),
        None => object[name] = value,
    }
    object
}

impl Type<'_> {
    /// Columns that do not say what they are made of, or not in words.
    fn incomplete(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (heading, made) in &self.columns {
            let mut wrong = |what: String| faults.push(format!("{}, {heading}: {what}", self.name));
            let paths = made.fields();
            if paths.is_empty() {
                wrong(format!("nothing that it is made of: {}", made.code));
            }
            for path in &paths {
                match told::at(self.fields, path) {
                    None if self.name == "Config" => {}
                    None => wrong(format!("no such field: {path}")),
                    Some(field) if field.meaning().is_empty() => wrong(format!("{path} has no meaning")),
                    Some(field) if field.is_made() && field.made_of().is_none() => {
                        wrong(format!("{path} stands in no answer, and it is not said where it comes from"));
                    }
                    Some(_) => {}
                }
            }
            let is_told = !made.how.is_empty() || made.is_first_of();
            let speaks = ["Cell::usage(", "Cell::Name("].iter().any(|it| made.code.contains(it));
            if paths.len() > 1 && !is_told && !speaks {
                wrong(format!("how is it made of {}?", paths.join(", ")));
            }
        }
        faults
    }

    /// Values of any kind, and words that its code knows.
    fn values(&self, field: Option<&Field>) -> Vec<Value> {
        let inside: Map<String, Value> = field
            .map(|field| (field.inside)())
            .unwrap_or_default()
            .iter()
            .filter_map(|field| Some(((*field.in_api().first()?).to_owned(), json!("7"))))
            .collect();
        let doc = field.map_or("", |field| field.doc).split('`').skip(1).step_by(2);
        let words = doc.map(str::to_owned).chain(self.words.iter().cloned()).filter(|word| word.len() < 30);
        let mut values =
            vec![json!(null), json!(7), json!(0), json!(1), json!(1_900_000_000), json!("other"), json!(["other"])];
        values.extend([json!({"other": 1}), json!([{"name": "other"}]), json!({"children": [{"name": "other"}]})]);
        values.extend([json!("10.0.0.1 other\n"), json!(["node=other,path=/x"]), json!("other:backup/x")]);
        if !inside.is_empty() {
            values.extend([json!([inside.clone()]), Value::Object(inside)]);
        }
        values.extend([json!("UPID:pve2:00020581:15AA3679:6968A837:qmstop:103:bob@pve:"), json!({"state": "other"})]);
        let counts = |kind: &str| {
            ["u64", "i64", "f64", "bool", "Bytes", "Ratio", "Age", "Moment"].iter().any(|it| kind.contains(it))
        };
        if !field.is_some_and(|field| counts(field.kind)) {
            values.extend(words.map(Value::from));
        }
        values
    }

    /// Objects to begin with: what the demo has, and one of which every field is there.
    fn begun(&self) -> Vec<Value> {
        let mut full = json!({});
        for field in self.fields.iter().filter(|field| !field.is_made()) {
            let inner = (field.inside)();
            let value = match field.kind {
                _ if !inner.is_empty() => {
                    let each = inner.iter().filter_map(|field| Some(((*field.in_api().first()?).to_owned(), json!(3))));
                    let object = Value::Object(each.collect());
                    if field.kind.contains("Vec") { json!([object]) } else { object }
                }
                kind if kind.contains("Text") && !kind.contains("Vec") => json!("some"),
                kind if kind.contains("Vec") => json!(["some"]),
                kind if kind.contains("Properties") => json!("some=1"),
                _ => json!(3),
            };
            for name in field.in_api() {
                full[name] = value.clone();
            }
        }
        self.came.iter().cloned().chain([full, json!({})]).collect()
    }

    /// Every name under which an answer may have something that matters.
    fn names(&self) -> Vec<(String, Option<&'static Field>)> {
        let mut names = Vec::new();
        for field in self.fields.iter().filter(|field| !field.is_made()) {
            for name in field.in_api() {
                names.push((name.to_owned(), Some(field)));
                let inner = (field.inside)().iter().filter(|_| !field.kind.contains("Vec"));
                let inner = inner.flat_map(|inner| {
                    inner.in_api().into_iter().map(move |own| (format!("{name}.{own}"), Some(inner)))
                });
                names.extend(inner);
            }
        }
        names
    }

    /// What moves a cell though its column does not name it.
    fn unnamed(&self) -> Vec<String> {
        let claimed: Vec<Vec<String>> = self
            .columns
            .iter()
            .map(|(_, made)| made.fields().into_iter().flat_map(|path| in_api(self.fields, path)).collect())
            .collect();
        let mut faults = BTreeSet::new();
        for begun in self.begun() {
            let Some(before) = (self.read)(&begun) else { continue };
            for (name, field) in self.names() {
                for value in self.values(field) {
                    let Some(after) = (self.read)(&with(&begun, &name, value.clone())) else { continue };
                    for (n, (heading, _)) in self.columns.iter().enumerate() {
                        let is_claimed = claimed[n].iter().any(|own| {
                            own == &name || name.starts_with(&format!("{own}.")) || own.starts_with(&format!("{name}."))
                        });
                        if before[n] != after[n] && !is_claimed {
                            faults.insert(format!("{}, {heading}: {name} moves it and is not named", self.name));
                        }
                    }
                }
            }
        }
        faults.into_iter().collect()
    }

    /// What a column names though it never moves it.
    fn needless(&self) -> Vec<String> {
        let begun: Vec<Value> = self.begun().into_iter().filter(|begun| (self.read)(begun).is_some()).collect();
        let mut faults = Vec::new();
        for (n, (heading, made)) in self.columns.iter().enumerate().filter(|_| !begun.is_empty()) {
            let paths = made.fields();
            // What another answer says decides with it, or the time of the answer.
            let more = paths.iter().any(|path| told::at(self.fields, path).is_some_and(Field::is_made));
            if more || made.how.contains("at which the answer came") {
                continue;
            }
            let moves = |from: &[Value], name: &str, field| {
                from.iter().any(|begun| {
                    let before = (self.read)(begun).map(|cells| cells[n].clone());
                    let after = |value| (self.read)(&with(begun, name, value)).map(|cells| cells[n].clone());
                    self.values(field).into_iter().any(|value| after(value).is_some_and(|after| Some(after) != before))
                })
            };
            for path in paths.iter().filter(|path| told::at(self.fields, path).is_some_and(|field| !field.is_made())) {
                let field = told::at(self.fields, path);
                let names = in_api(self.fields, path);
                if COMPLETED.contains(&(self.name, path)) || names.iter().any(|name| moves(&begun, name, field)) {
                    continue;
                }
                // It may matter only beside a certain value of another.
                let others = paths.iter().filter(|other| *other != path).flat_map(|other| {
                    let field = told::at(self.fields, other);
                    in_api(self.fields, other)
                        .into_iter()
                        .flat_map(move |name| self.values(field).into_iter().map(move |value| (name.clone(), value)))
                });
                let others: Vec<(String, Value)> = others.collect();
                let beside = |(other, value): &(String, Value)| {
                    begun.iter().map(|begun| with(begun, other, value.clone())).collect::<Vec<_>>()
                };
                if !others.iter().any(|other| names.iter().any(|name| moves(&beside(other), name, field))) {
                    faults.push(format!("{}, {heading}: {path} is named and never moves it", self.name));
                }
            }
        }
        faults
    }
}

/// Fields that are counted in another unit than they say.
fn unit_faults<T: DeserializeOwned + Told>() -> Vec<String> {
    let mut faults = Vec::new();
    for field in T::FIELDS {
        let Some(unit) = field.unit() else { continue };
        for (name, came) in field.in_api().into_iter().zip([json!(1), json!(1_800_000_000)]) {
            let object: T = serde_json::from_value(json!({ name: came.clone() })).unwrap();
            let (shown, _) = object.shown(field.name).unwrap_or_else(|| panic!("{} is not shown", field.name));
            if unit.cell(&came) != Some(shown.clone()) {
                let name = std::any::type_name::<T>().rsplit("::").next().unwrap();
                faults.push(format!("{name}: {} as {came} in {} is shown as {shown}", field.name, unit.words()));
            }
        }
    }
    faults
}

/// The types that are made by hand and not by `record!`, each with how one is read from an answer where one row makes it.
fn by_hand(session: &Session) -> Vec<(&'static str, Vec<String>)> {
    use crate::model::access::{permission::Permission, right::Right};
    use crate::model::api::ApiMethod;
    use crate::model::ceph::osd::CephOsd;
    use crate::model::cluster::{backup_cover::IncludedVolume, ha_node::HaNode};
    use crate::model::difference::Change;
    use crate::model::guest::disk::{Disk, on_storage::GuestDisk};
    use crate::model::guest::net::{Net, on_bridge::GuestNet};
    use crate::model::loss::GuestLoss;
    let overview = came(session, &["/cluster/resources"]);
    let of = |kinds: &[&str]| -> Vec<Value> {
        let of: Vec<Value> =
            overview.iter().filter(|row| kinds.iter().any(|kind| row["type"] == *kind)).cloned().collect();
        assert!(!of.is_empty(), "{kinds:?}");
        of
    };
    let guest = |json: &Value| Guest::of_row(session, json).map(|it| cells(&it));
    let node = |json: &Value| Node::of_row(session, json).map(|it| cells(&it));
    let storage = |json: &Value| Storage::of_row(session, json).map(|it| cells(&it));
    let task = |json: &Value| Task::of_row(session, json).map(|it| cells(&it));
    let config = |json: &Value| Config::of_settings(session, json).map(|it| cells(&it));
    // What is made of several answers is held against the demo, object by object.
    let none = |_: &Value| None;
    vec![
        ("Guest", all_faults::<Guest>(&guest, of(&["qemu", "lxc"]))),
        ("Node", all_faults::<Node>(&node, of(&["node"]))),
        ("Storage", all_faults::<Storage>(&storage, of(&["storage"]))),
        ("Task", all_faults::<Task>(&task, came(session, &["/cluster/tasks"]))),
        ("Config", all_faults::<Config>(&config, came(session, &["/nodes/{node}/qemu/{vmid}/config"]))),
        ("Permission", all_faults::<Permission>(&none, Vec::new())),
        ("Right", all_faults::<Right>(&none, Vec::new())),
        ("ApiMethod", all_faults::<ApiMethod>(&none, Vec::new())),
        ("IncludedVolume", all_faults::<IncludedVolume>(&none, Vec::new())),
        ("HaNode", all_faults::<HaNode>(&none, Vec::new())),
        ("Disk", all_faults::<Disk>(&none, Vec::new())),
        ("GuestDisk", all_faults::<GuestDisk>(&none, Vec::new())),
        ("Net", all_faults::<Net>(&none, Vec::new())),
        ("GuestNet", all_faults::<GuestNet>(&none, Vec::new())),
        ("GuestLoss", all_faults::<GuestLoss>(&none, Vec::new())),
        ("Change", all_faults::<Change>(&none, Vec::new())),
        ("CephOsd", faults::<CephOsd>(session)),
    ]
}

#[test]
fn every_column_of_every_table_names_what_moves_it_and_nothing_else() {
    let session = Canned::to("root@pam").session();
    let by_hand = by_hand(&session);
    let mut checked: BTreeSet<String> = by_hand.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut faults: Vec<String> = by_hand.into_iter().flat_map(|(_, faults)| faults).collect();
    for (typed, why) in typed().into_iter().filter_map(|typed| Some((typed.name, typed.why?))) {
        checked.insert(typed.rsplit("::").next().unwrap().to_owned());
        faults.extend(why(&session));
    }
    // Whatever has columns is among them.
    for file in files_in(Path::new("src")) {
        let source = fs::read_to_string(&file).unwrap();
        let listed = source.lines().filter_map(|line| line.strip_prefix("impl Listed for ")?.split([' ', '<']).next());
        for name in listed.filter(|name| !checked.contains(*name)) {
            faults.push(format!("{name} has columns and is not checked ({})", file.display()));
        }
    }
    assert!(checked.len() > 100, "{checked:?}");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
