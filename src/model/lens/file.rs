//! The part of a lens that is no code, in a file: what it hides, its words, its units.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::lens::{Lens, Step, Unit, is_same};
use crate::model::lens::known::{has_parts, known};
use crate::page::{Level, Page};
use crate::render::View;
use crate::text::Text;

/// A lens as a file has it.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    name: String,
    #[serde(default)]
    hide: Hidden,
    /// Columns with a total.
    #[serde(default)]
    totals: Vec<String>,
    #[serde(default)]
    words: BTreeMap<String, String>,
    #[serde(default)]
    units: Units,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hidden {
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    sections: Vec<String>,
    #[serde(default)]
    vmids: bool,
    #[serde(default)]
    code: bool,
    /// The same of one type only, by its name.
    #[serde(default)]
    of: BTreeMap<String, OfType>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfType {
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    sections: Vec<String>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Units {
    #[serde(default)]
    sizes: Option<String>,
    #[serde(default)]
    columns: BTreeMap<String, String>,
}

impl Lens {
    /// The lens that a file keeps, as [`save`](Lens::save) writes it: JSON with `name`, and any of `hide`, `totals`,
    /// `words` and `units`. Columns and parts that are added are code; put them on it.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// # let folder = std::env::temp_dir().join(format!("pve-lens-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let file = folder.join("finance.json");
    /// # std::fs::write(&file, r#"{"name": "finance", "words": {"guest": "server"}}"#).unwrap();
    /// let finance = Lens::from_file(&file)?.column("Owner", |guest: &Guest| guest.tag_value("owner"));
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// let text = Pve::demo()?.with(finance).guests()?.page().text();
    /// assert!(text.contains("Owner") && text.contains("servers"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the file cannot be read, is no JSON of this form, or names a unit or a type that there is not.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Lens, Error> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|error| {
            let next = "The path is read from the folder of the notebook; lens.save(path)? writes such a file";
            Error::setup(format!("The lens {} cannot be read: {error}", shown(path)), next)
        })?;
        Lens::read(&text, &shown(path))
    }

    fn read(text: &str, from: &str) -> Result<Lens, Error> {
        const NEXT: &str = "lens.save(path)? writes a file that is, to compare with";
        let kept: Kept = serde_json::from_str(text)
            .map_err(|error| Error::setup(format!("{from} is no lens: {}", Text::from(error.to_string())), NEXT))?;
        let wrong = |what: String, next: String| Error::setup(format!("{from} is no lens: {what}"), next);
        let unit = |words: &String| {
            words.parse::<Unit>().map_err(|error| match error {
                Error::NotFound { what, next } => wrong(what.to_string(), next.to_string()),
                error => error,
            })
        };
        if kept.name.trim().is_empty() {
            return Err(wrong("it has no name".into(), "Say for whom it is: \"name\": \"finance\"".into()));
        }
        let mut steps = Vec::new();
        steps.extend(kept.hide.columns.into_iter().map(|name| Step::HideColumn { of: None, name: name.into() }));
        steps.extend(kept.hide.sections.into_iter().map(|title| Step::HideSection { of: None, title: title.into() }));
        for (of, hidden) in kept.hide.of {
            if !has_parts(&of) {
                let names: Vec<&str> = known().into_iter().map(|(name, _)| name).collect();
                let what = format!("there is no type \"{}\"", Text::from(of));
                return Err(wrong(what, format!("There are Pve, {}", names.join(", "))));
            }
            let of = Some(Text::from(of));
            let columns = hidden.columns.into_iter().map(Text::from);
            steps.extend(columns.map(|name| Step::HideColumn { of: of.clone(), name }));
            let sections = hidden.sections.into_iter().map(Text::from);
            steps.extend(sections.map(|title| Step::HideSection { of: of.clone(), title }));
        }
        steps.extend(kept.hide.vmids.then_some(Step::HideVmids));
        steps.extend(kept.hide.code.then_some(Step::HideCode));
        steps.extend(kept.totals.into_iter().map(|name| Step::Total(name.into())));
        for (word, instead) in kept.words {
            if word.trim().is_empty() || instead.trim().is_empty() {
                let what = format!("it says \"{}\" for \"{}\"", Text::from(instead), Text::from(word));
                return Err(wrong(what, "Neither may be blank".into()));
            }
            steps.push(Step::Word(word.into(), instead.into()));
        }
        if let Some(sizes) = &kept.units.sizes {
            steps.push(Step::Sizes(unit(sizes)?));
        }
        for (name, words) in &kept.units.columns {
            steps.push(Step::ColumnIn(name.into(), unit(words)?));
        }
        Ok(steps.into_iter().fold(Lens::new(kept.name), |lens, step| lens.step(step)))
    }

    /// Keeps the lens in a file, as far as it is no code, and says what is not in it. A lens that was there is replaced;
    /// another file is not.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// # let folder = std::env::temp_dir().join(format!("pve-kept-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let file = folder.join("finance.json");
    /// let finance = Lens::new("finance").column("Owner", |guest: &Guest| guest.tag_value("owner")).hide_column("Next");
    /// let kept = finance.save(&file)?;
    /// # let again = Lens::from_file(&file)?;
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// assert!(kept.text().contains("not in the file: column Owner of Guest"));
    /// # assert!(again.page().text().contains("Next") && !again.page().text().contains("Owner"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the file cannot be written, or is there and no lens.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<Page, Error> {
        let path = path.as_ref();
        let is_lens = |there: String| serde_json::from_str::<Kept>(&there).is_ok();
        if path.exists() && !std::fs::read_to_string(path).is_ok_and(is_lens) {
            return Err(Error::setup(
                format!("{} is there, and is no lens: it was left as it is", shown(path)),
                "Give the lens another name, or remove that file",
            ));
        }
        let failed = |error: &dyn std::fmt::Display| {
            let next = "The path is taken from the folder of the notebook; is that there, and may it be written to?";
            Error::setup(format!("The lens could not be kept in {}: {error}", shown(path)), next)
        };
        let json = serde_json::to_string_pretty(&self.kept()).map_err(|error| failed(&error))?;
        std::fs::write(path, json + "\n").map_err(|error| failed(&error))?;
        let code: Vec<String> = self.steps().iter().filter_map(added).collect();
        let page =
            Page { title: format!("{} keeps the lens {}", shown(path), self.name().raw()).into(), ..self.page() };
        Ok(match code.is_empty() {
            true => page,
            false => page.note(
                Level::Warning,
                format!(
                    "What is added is code, and not in the file: {}. Put it on the lens that Lens::from_file gives, or keep it in a function.",
                    code.join(", ")
                ),
            ),
        })
    }

    /// What a file can hold of it.
    fn kept(&self) -> Kept {
        let strings = |names: Vec<&Text>| names.into_iter().map(|name| name.raw().to_owned()).collect::<Vec<_>>();
        let mut kept = Kept { name: self.name().raw().to_owned(), ..Kept::default() };
        kept.hide.columns = strings(self.hidden_columns());
        kept.hide.sections = strings(self.hidden_sections());
        kept.hide.vmids = self.hides_vmids();
        kept.hide.code = self.hides_code();
        for step in self.steps() {
            match step {
                Step::HideColumn { of: Some(of), name } => {
                    let columns = &mut kept.hide.of.entry(of.raw().to_owned()).or_default().columns;
                    if !columns.iter().any(|known| known == name.raw()) {
                        columns.push(name.raw().to_owned());
                    }
                }
                Step::HideSection { of: Some(of), title } => {
                    let sections = &mut kept.hide.of.entry(of.raw().to_owned()).or_default().sections;
                    if !sections.iter().any(|known| known == title.raw()) {
                        sections.push(title.raw().to_owned());
                    }
                }
                // What is shown again is not hidden.
                Step::Column { of, name, .. } => {
                    if let Some(hidden) = kept.hide.of.get_mut(*of) {
                        hidden.columns.retain(|known| !is_same(&known.into(), name));
                    }
                }
                Step::Section { of, title, .. } => {
                    if let Some(hidden) = kept.hide.of.get_mut(*of) {
                        hidden.sections.retain(|known| !is_same(&known.into(), title));
                    }
                }
                Step::Total(name) if !kept.totals.iter().any(|known| known == name.raw()) => {
                    kept.totals.push(name.raw().to_owned());
                }
                Step::Word(word, instead) => {
                    kept.words.insert(word.raw().to_owned(), instead.raw().to_owned());
                }
                Step::ColumnIn(name, unit) => {
                    kept.units.columns.insert(name.raw().to_owned(), unit.to_string());
                }
                _ => {}
            }
        }
        kept.units.sizes = self.sizes().map(ToString::to_string);
        kept
    }
}

/// What a file cannot hold of a step.
fn added(step: &Step) -> Option<String> {
    match step {
        Step::Column { of, name, .. } => Some(format!("column {} of {of}", name.raw())),
        Step::Section { of, title, .. } => Some(format!("part {} of {of}", title.raw())),
        _ => None,
    }
}

fn shown(path: &Path) -> String {
    Text::from(path.display().to_string()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::guest::Guest;

    fn refused(text: &str) -> String {
        Lens::read(text, "finance.json").unwrap_err().to_string()
    }

    /// A folder of a test's own.
    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("pve-notebook-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    const WHOLE: &str = r#"{
  "name": "finance",
  "hide": {
    "columns": [
      "Next"
    ],
    "sections": [
      "Raw data"
    ],
    "vmids": true,
    "code": true,
    "of": {
      "Guest": {
        "columns": [
          "CPU"
        ],
        "sections": [
          "Firewall"
        ]
      }
    }
  },
  "totals": [
    "Memory"
  ],
  "words": {
    "guest": "server",
    "guests": "machines"
  },
  "units": {
    "sizes": "GB",
    "columns": {
      "First disk": "0.08 EUR per GiB"
    }
  }
}
"#;

    #[test]
    fn a_lens_is_written_as_it_is_read() {
        let folder = folder("written");
        let file = folder.join("finance.json");
        std::fs::write(&file, WHOLE).unwrap();
        let lens = Lens::from_file(&file).unwrap();
        lens.save(&file).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), WHOLE);
        let shown = [&lens, &Lens::from_file(&file).unwrap()].map(|lens| lens.page().text());
        assert_eq!(shown[0], shown[1]);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_lens_made_by_code_keeps_in_a_file_what_is_data_and_names_what_is_not() {
        let folder = folder("made");
        let file = folder.join("finance.json");
        let lens = Lens::new("finance")
            .hide_column("Next")
            .hide_column("next")
            .hide_column_of::<Guest>("CPU")
            .hide_column_of::<Guest>("Owner")
            .column("Owner", |guest: &Guest| guest.tag_value("owner"))
            .section("Cost", |_: &Guest| Ok(Page::new("Cost")))
            .hide_section_of::<Guest>("Firewall")
            .hide_section("Raw data")
            .hide_vmids()
            .hide_code()
            .word("guest", "client")
            .word("guest", "server")
            .word("guests", "machines")
            .total("Memory")
            .sizes_in(Unit::TB)
            .sizes_in(Unit::GB)
            .column_in("First disk", Unit::per_gib(0.08, "EUR"));
        let said = lens.save(&file).unwrap().text();
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("not in the file: column Owner of Guest, part Cost of Guest."), "{said}");
        let kept = std::fs::read_to_string(&file).unwrap();
        assert_eq!(
            kept.replace("\"next\"", "\"Next\""),
            WHOLE,
            "what is shown again is not hidden, and the last word counts"
        );
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_no_lens_is_refused_with_what_is_wrong_and_where() {
        for (text, said) in [
            ("", "finance.json is no lens: EOF while parsing a value at line 1 column 0"),
            ("{\"name\": \"finance\",}", "is no lens: trailing comma at line 1 column 20"),
            ("{}", "missing field `name`"),
            ("{\"name\": \" \"}", "it has no name. Say for whom it is"),
            (
                "{\"name\": \"a\",\n \"hidden\": {}}",
                "unknown field `hidden`, expected one of `name`, `hide`, `totals`, `words`, `units` at line 2 column 9",
            ),
            ("{\"name\": \"a\", \"hide\": {\"column\": []}}", "unknown field `column`, expected one of `columns`"),
            ("{\"name\": \"a\", \"hide\": {\"columns\": \"CPU\"}}", "expected a sequence at line 1 column 39"),
            (
                "{\"name\": \"a\", \"hide\": {\"of\": {\"Gust\": {}}}}",
                "there is no type \"Gust\". There are Pve, AclEntry",
            ),
            ("{\"name\": \"a\", \"words\": {\"guest\": \" \"}}", "it says \" \" for \"guest\". Neither may be blank"),
            ("{\"name\": \"a\", \"units\": {\"sizes\": \"gigs\"}}", "There is no unit \"gigs\". There are MB, GB"),
            ("{\"name\": \"a\", \"units\": {\"columns\": {\"CPU\": \"x\"}}}", "There is no unit \"x\""),
        ] {
            assert!(refused(text).contains(said), "{text}: {}", refused(text));
        }
    }

    #[test]
    fn a_file_that_is_not_there_or_no_lens_is_left_as_it_is() {
        let folder = folder("left");
        let missing = Lens::from_file(folder.join("none.json")).unwrap_err().to_string();
        assert!(missing.contains("none.json cannot be read: No such file"), "{missing}");
        let notes = folder.join("notes.json");
        for text in [&b"my notes"[..], b"\xff\xfe"] {
            std::fs::write(&notes, text).unwrap();
            let refused = Lens::new("finance").save(&notes).unwrap_err().to_string();
            assert!(refused.contains("is there, and is no lens: it was left as it is"), "{refused}");
            assert_eq!(std::fs::read(&notes).unwrap(), text);
        }
        let nowhere = Lens::new("finance").save(folder.join("no/such/folder.json")).unwrap_err().to_string();
        assert!(nowhere.contains("could not be kept in"), "{nowhere}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
