//! One method of the API: what it does, what may be given to it, and what it takes.

use std::fmt;

use crate::model::list::{Column, Listed, column, count};
use crate::model::told::told;
use crate::model::why::{Explained, Sources};
use crate::page::{Cell, Grid, Page, Provenance};
use crate::render::View;
use crate::text::Text;

told! {
    /// A method of the API, as the cluster documents it.
    #[derive(Clone)]
    pub struct ApiMethod {
        /// `GET`, `POST`, `PUT` or `DELETE`.
        #[field("method")]
        pub verb: Text,
        /// Its path, with what must be filled in in braces: `/nodes/{node}/status`.
        pub path: Text,
        /// What it does.
        #[field("description")]
        pub what: Text,
        /// What may be given to it, parts of the path included; first what must be.
        #[field("parameters.properties", "each with its description")]
        pub parameters: Vec<ApiParameter>,
        /// What kind of value it gives: `array`, `object`, `string`, `null`, ...
        #[field("returns.type")]
        pub gives: Text,
        /// What its answer has, or each row of it, field by field, where the documentation says so.
        #[field("returns.properties" | "returns.items.properties", "each with its description")]
        pub fields: Vec<ApiParameter>,
        /// The privileges that it takes, in words.
        #[field("permissions", "the check in words")]
        pub privileges: Text,
        #[field(skip)]
        pub(super) provenance: Provenance,
    }
}

/// A parameter of a method of the API.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiParameter {
    /// Its name.
    pub name: Text,
    /// What may be given: the type or the words to choose from, its format and its bounds.
    pub kind: Text,
    /// Whether it must be given.
    pub required: bool,
    /// What holds where it is not given, if the documentation says so.
    pub default: Option<Text>,
    /// What it means.
    pub what: Text,
}

impl ApiMethod {
    /// A parameter by its name.
    pub fn parameter(&self, name: &str) -> Option<ApiParameter> {
        self.parameters.iter().find(|parameter| parameter.name == name).cloned()
    }

    /// A field of its answer by its name.
    pub fn field(&self, name: &str) -> Option<ApiParameter> {
        self.fields.iter().find(|field| field.name == name).cloned()
    }

    pub(super) fn mentions(&self, word: &str) -> bool {
        let has = |text: &Text| text.raw().to_lowercase().contains(word);
        has(&self.verb)
            || has(&self.path)
            || has(&self.what)
            || self.parameters.iter().any(|parameter| has(&parameter.name))
    }

    /// Whether this is its path, written as a template or filled in.
    pub(super) fn is_at(&self, path: &str) -> bool {
        let own = self.path.raw().trim_matches('/');
        own.split('/').count() == path.split('/').count()
            && own.split('/').zip(path.split('/')).all(|(own, part)| own == part || is_placeholder(own))
    }

    pub(super) fn placeholders(&self) -> usize {
        self.path.raw().split('/').filter(|part| is_placeholder(part)).count()
    }

    /// What another version of it does otherwise.
    pub(super) fn changes(&self, now: &ApiMethod) -> Vec<String> {
        let mut changes = Vec::new();
        for old in &self.parameters {
            let name = &old.name;
            match now.parameter(name.raw()) {
                None => changes.push(format!("parameter {} only in the first", name.raw())),
                Some(new) if new.told() != old.told() => {
                    changes.push(format!("parameter {}: {}, then {}", name.raw(), old.told(), new.told()));
                }
                Some(_) => {}
            }
        }
        let new = now.parameters.iter().filter(|new| self.parameter(new.name.raw()).is_none());
        changes.extend(new.map(|new| format!("parameter {} only in the second: {}", new.name.raw(), new.told())));
        for (what, old, new) in [("privileges", &self.privileges, &now.privileges), ("answer", &self.gives, &now.gives)]
        {
            if old != new {
                changes.push(format!("{what}: {}, then {}", old.raw(), new.raw()));
            }
        }
        changes
    }
}

fn is_placeholder(part: &str) -> bool {
    part.starts_with('{') && part.ends_with('}')
}

impl ApiParameter {
    /// What may be given, in a few words.
    pub(super) fn told(&self) -> String {
        let must = if self.required { "required" } else { "optional" };
        let default = self.default.as_ref().map(|default| format!(", by default {}", default.raw()));
        format!("{} ({must}{})", self.kind.raw(), default.unwrap_or_default())
    }
}

impl Explained for ApiMethod {
    fn sources(&self) -> Sources {
        Sources::of(&self.provenance)
    }
}

impl Listed for ApiMethod {
    const NOUN: (&'static str, &'static str) = ("method", "methods");

    fn told(&self) -> Text {
        format!("{} {}", self.verb.raw(), self.path.raw()).into()
    }

    fn columns() -> Vec<Column<ApiMethod>> {
        vec![
            column!("Method", |m: &ApiMethod| m.verb.clone()),
            // As words, which are never cut: two paths may differ only at their ends.
            column!("Path", |m: &ApiMethod| m.path.clone()),
            column!("What it does", |m: &ApiMethod| m.what.clone()),
            column!("It takes", |m: &ApiMethod| m.privileges.clone()),
        ]
    }

    fn summary(methods: &[ApiMethod]) -> (String, String) {
        let reads = methods.iter().filter(|method| method.verb == "GET").count();
        let rest =
            format!(": {}, {}.", count(reads, ("read", "reads")), count(methods.len() - reads, ("write", "writes")));
        (count(methods.len(), ApiMethod::NOUN), if methods.is_empty() { ".".into() } else { rest })
    }
}

impl View for ApiMethod {
    fn page(&self) -> Page {
        let required = self.parameters.iter().filter(|parameter| parameter.required).count();
        let rows = self.parameters.iter().map(|parameter| {
            vec![
                Cell::Code(parameter.name.clone()),
                parameter.required.into(),
                Cell::from(&parameter.kind),
                parameter.default.clone().into(),
                Cell::from(&parameter.what),
            ]
        });
        let page = Page::new(format!("{} {}", self.verb.raw(), self.path.raw()))
            .question("What does it do, what may be given to it, and which privilege does it take?")
            .answer(
                count(self.parameters.len(), ("parameter", "parameters")),
                match self.parameters.is_empty() {
                    true => ".".to_owned(),
                    false => format!(", {required} of them required."),
                },
            )
            .facts([
                ("It does", Cell::from(&self.what)),
                ("It takes", Cell::from(&self.privileges)),
                ("It gives", Cell::from(&self.gives)),
            ])
            .provenance(self.provenance.clone());
        let page = match self.parameters.is_empty() {
            true => page,
            false => page.table(Grid::new(["Parameter", "Required", "May be", "By default", "Meaning"]).rows(rows)),
        };
        let fields = self.fields.iter().map(|field| {
            vec![
                Cell::Code(field.name.clone()),
                field.required.into(),
                Cell::from(&field.kind),
                Cell::from(&field.what),
            ]
        });
        match self.fields.is_empty() {
            true => page,
            false => page.table(Grid::new(["In the answer", "Always", "May be", "Meaning"]).rows(fields)),
        }
    }
}

impl fmt::Debug for ApiMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiMethod({} {})", self.verb, self.path)
    }
}

impl fmt::Debug for ApiParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiParameter({})", self.name)
    }
}
