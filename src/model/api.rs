//! The API as the cluster itself documents it: every method of exactly the version that one is talking to.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::Error;
use crate::model::list::{About, List, Listed, count};
use crate::model::sight::Sight;
use crate::page::{Cell, Grid, Page, Provenance};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::wire::Call;

mod method;
mod needs;
mod parse;

pub use method::{ApiMethod, ApiParameter};

/// All methods of the API, from the documentation that a node serves beside it.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let api = Pve::demo()?.api()?;
/// println!("{}", api.find("snapshot").page().text());
/// println!("{}", api.method("POST", "/nodes/{node}/qemu/{vmid}/snapshot")?.page().text());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Api {
    methods: List<ApiMethod>,
    cluster: Text,
}

impl Api {
    pub(crate) fn read(session: &Session) -> Result<Api, Error> {
        let answer = session.ask(Call::documentation())?;
        let methods = parse::methods(&answer.call, &answer.reply.body)?;
        Ok(Api::of(methods, session.provenance([&answer], None), session.cluster()))
    }

    fn of(mut methods: Vec<ApiMethod>, provenance: Provenance, cluster: Text) -> Api {
        for method in &mut methods {
            method.provenance = provenance.clone();
        }
        let about = About {
            title: "Methods of the API".into(),
            question: "What can be asked and done over the API, and which privilege does it take?".into(),
            sight: Sight::whole(),
            provenance,
            of: None,
        };
        Api { methods: List::new(methods, about), cluster }
    }

    /// All methods, by path.
    pub fn methods(&self) -> List<ApiMethod> {
        self.methods.clone()
    }

    /// The methods that have all of these words in their path, their description or the name of a parameter:
    /// `api.find("snapshot")`, `api.find("post qemu clone")`. Upper and lower case are the same.
    pub fn find(&self, words: &str) -> List<ApiMethod> {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        self.methods.filter(|method| words.iter().all(|word| method.mentions(word)))
    }

    /// One method by its verb and its path, as the documentation writes it (`/nodes/{node}/status`) or as it is called
    /// (`/nodes/pve1/status`).
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let api = Pve::demo()?.api()?;
    /// let make = api.method("POST", "/nodes/pve1/qemu/101/snapshot")?;
    /// assert_eq!(make.path, "/nodes/{node}/qemu/{vmid}/snapshot");
    /// assert!(make.parameter("snapname").is_some_and(|name| name.required));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] names the methods that the path has.
    pub fn method(&self, verb: &str, path: &str) -> Result<ApiMethod, Error> {
        let path = path.split('?').next().unwrap_or_default();
        let path = path.strip_prefix("/api2/json").unwrap_or(path).trim_matches('/');
        let at_path = self.methods.filter(|method| method.is_at(path));
        // What is written out goes before a placeholder: /cluster/ha/status is no /cluster/{name}/status.
        let fewest = at_path.iter().map(ApiMethod::placeholders).min();
        let at_path = at_path.filter(|method| Some(method.placeholders()) == fewest);
        at_path.find(|method| method.verb.raw().eq_ignore_ascii_case(verb.trim())).ok_or_else(|| {
            let verbs: Vec<String> = at_path.map(|method| method.verb.to_string());
            let next = match verbs.is_empty() {
                true => "Look for it by a word: pve.api()?.find(\"snapshot\")".to_owned(),
                false => format!("That path has {}", verbs.join(", ")),
            };
            Error::not_found(format!("The API of this cluster has no {} /{path}", verb.trim()), next)
        })
    }

    /// What differs from this one to another: methods that only one of them has, parameters and privileges that changed.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let api = Pve::demo()?.api()?;
    /// assert!(api.compare(&api).text().contains("No method differs"));
    /// # Ok(()) }
    /// ```
    pub fn compare(&self, other: &Api) -> Page {
        let [before, after] = [self, other].map(|api| {
            let key = |method: &ApiMethod| (method.path.clone(), method.verb.clone());
            api.methods.iter().map(|method| (key(method), method)).collect::<BTreeMap<_, _>>()
        });
        let mut rows = Vec::new();
        let mut row = |method: &ApiMethod, what: String| {
            rows.push(vec![Cell::from(&method.verb), Cell::from(&method.path), what.into()]);
        };
        let (mut gone, mut new, mut changed) = (0, 0, 0);
        for (key, method) in &before {
            let Some(now) = after.get(key) else {
                gone += 1;
                row(method, "only in the first".into());
                continue;
            };
            let changes = method.changes(now);
            changed += usize::from(!changes.is_empty());
            for change in changes {
                row(method, change);
            }
        }
        for (_, method) in after.iter().filter(|(key, _)| !before.contains_key(key)) {
            new += 1;
            row(method, "only in the second".into());
        }
        let (fact, rest) = match gone + new + changed {
            0 => ("No method differs".to_owned(), format!(", of {}.", count(before.len(), ApiMethod::NOUN))),
            n => (
                format!("{} {}", count(n, ApiMethod::NOUN), if n == 1 { "differs" } else { "differ" }),
                format!(": {gone} only in the first, {new} only in the second, {changed} changed."),
            ),
        };
        let page = Page::new("Two versions of the API")
            .question(format!(
                "What differs from the API of {} to that of {}?",
                self.cluster.raw(),
                other.cluster.raw()
            ))
            .answer(fact, rest)
            .provenance(self.methods.provenance().and(&other.methods.provenance()));
        if gone + new + changed == 0 {
            return page;
        }
        page.table(Grid::new(["Method", "Path", "What differs"]).rows(rows).at_most(200))
    }
}

impl View for Api {
    fn page(&self) -> Page {
        let mut parts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for method in &self.methods {
            let part = method.path.raw().split('/').nth(1).unwrap_or_default();
            let (reads, writes) = parts.entry(format!("/{part}")).or_default();
            *if method.verb == "GET" { reads } else { writes } += 1;
        }
        let rows = parts.into_iter().map(|(part, (reads, writes))| {
            let find = format!("pve.api()?.find(\"{part}\")");
            vec![Cell::Code(part.into()), reads.into(), writes.into(), Cell::Code(find.into())]
        });
        Page::new(format!("The API of {}", self.cluster.raw()))
            .question("What can be asked and done over the API?")
            .answer(count(self.methods.len(), ApiMethod::NOUN), ", as the cluster itself documents them.")
            .table(Grid::new(["Below", "Reads", "Writes", "To see them"]).rows(rows))
            .code("pve.api()?.method(\"GET\", \"/nodes/{node}/status\")?")
            .provenance(self.methods.provenance())
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Api({} of {})", count(self.methods.len(), ApiMethod::NOUN), self.cluster)
    }
}

#[cfg(test)]
mod tests;
