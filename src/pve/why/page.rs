//! The page that says where a value comes from.

use super::asked::{Asked, path_in};
use super::origin::Origin;
use super::{Kind, Subject, Value};
use crate::model::json::shown;
use crate::model::list::Made;
use crate::page::{Cell, Grid, Level, Page};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Age, Why};

/// A value that came as more than this is cut.
const BRIEF: usize = 80;

/// So many calls are not listed twice.
const FEW: usize = 5;

/// All that is known of where the value came from.
pub(super) fn of(session: &Session, of: &Subject<'_>, value: &Value) -> Page {
    let here = of.sources.session.as_ref().unwrap_or(session);
    let (called, asked) = (of.called(), Asked::of(of, value));
    let named = value.named(of);
    let (fact, rest) = answer(of, value, &asked, here);
    let mut facts = vec![("It is shown as".to_owned(), value.cell.clone())];
    facts.extend(value.how().map(|how| ("How".to_owned(), Cell::from(how))));
    let (all, newest) = (asked.calls.len(), asked.calls.iter().filter_map(|(_, at)| *at).max());
    if let (FEW.., Some(at)) = (all, newest) {
        let words = format!("{all} calls, which stand below, answered until {at}, {} ago", here.now().since(at));
        facts.push(("Asked".to_owned(), words.into()));
    }
    for (call, at) in asked.calls.iter().filter(|_| all < FEW) {
        let at = at.map(|at| format!(", answered {at}, {} ago", here.now().since(at))).unwrap_or_default();
        facts.push(("Asked".to_owned(), format!("{}{at}", call.raw()).into()));
    }
    facts.extend(missing(value).map(|(label, words)| (label.to_owned(), Cell::from(words))));
    facts.extend(asked.takes(of, here).map(|words| ("Privilege".to_owned(), Cell::from(words))));
    let title = value.heading(of).map_or_else(|| value.plain_name(), str::to_owned);
    let page = Page::new(format!("{title} of {called}"))
        .question(format!("Where does {named} of {called} come from?"))
        .answer(fact, rest)
        .facts(facts);
    let page = match value.origins.is_empty() {
        true => page,
        false => page.table(table(of, value)),
    };
    let touched = |fields: &[String]| fields.iter().any(|field| value.origins.iter().any(|origin| origin.is(field)));
    let remarks = of.sources.remarks.iter().filter(|(fields, _)| touched(fields));
    let page = remarks.fold(page, |page, (_, words)| page.note(Level::Info, words.clone()));
    let page = asked.code(of, value).into_iter().fold(page, Page::code);
    let page = match asked.calls.iter().find_map(|(call, _)| path_in(call)) {
        Some(path) => page.offered(
            "What the cluster itself says of the call · not read yet",
            format!("pve.api()?.method(\"GET\", {:?})?", path.split('?').next().unwrap_or(path)),
            "Its own documentation of this very version: what the answer has, and which privilege it takes.",
        ),
        None => page,
    };
    page.provenance(of.sources.provenance.clone())
}

/// The value, and in which answer it stood.
fn answer(of: &Subject<'_>, value: &Value, asked: &Asked<'_>, session: &Session) -> (String, String) {
    let names: Vec<String> =
        value.origins.iter().flat_map(|origin| origin.came.iter().map(|(_, name, _)| name.clone())).collect();
    let mut names = names;
    names.dedup();
    let made = match names.as_slice() {
        [] => String::new(),
        [one] => format!("{one} in "),
        [one, other] => format!("{one} and {other} in "),
        [one, ..] => format!("{one} and {} more in ", names.len() - 1),
    };
    let from = match asked.calls.as_slice() {
        [] => "no call that is known".to_owned(),
        [(call, _)] => format!("the answer to {call}"),
        [(one, _), (other, _)] => format!("the answers to {one} and {other}"),
        [(call, _), ..] => format!("the answers to {call} and {} more", asked.calls.len() - 1),
    };
    let at = asked.calls.iter().filter_map(|(_, at)| *at).max().or(of.sources.provenance.at);
    let age = match at.map(|at| session.now().since(at)) {
        None => String::new(),
        Some(Age(0)) => ", just now".to_owned(),
        Some(age) => format!(", {age} ago"),
    };
    let from = format!("{made}{from}{age}");
    match (value.why(), &value.cell) {
        (Some(why), _) if names.is_empty() => {
            ("Not known".to_owned(), format!(": {why}; looked for as {} in {from}.", value.names()))
        }
        (Some(why), _) => ("Not known".to_owned(), format!(": {why}; looked for as {from}.")),
        (None, Cell::Missing(why)) => ("Not known".to_owned(), format!(": {why}; made of {from}.")),
        (None, Cell::Empty) => ("Nothing".to_owned(), format!(": not set, or not said, in {from}.")),
        (None, cell) => {
            let shown = Text::from(cell.to_string()).brief(BRIEF);
            (shown.trim_end_matches('.').to_owned(), format!(": {from}."))
        }
    }
}

impl Value {
    /// How it is called in a sentence: the memory, “Holds until”, maxcpu.
    fn named(&self, of: &Subject<'_>) -> String {
        /// Words that name nothing by themselves.
        const NO_NOUNS: [&str; 23] = [
            "began", "by", "for", "free", "from", "full", "left", "made", "next", "of", "on", "possible", "running",
            "sent", "set", "since", "to", "took", "up", "when", "where", "who", "why",
        ];
        let Some(heading) = self.heading(of) else { return self.plain_name() };
        let lower = heading.to_lowercase();
        let first = of.columns.first().is_some_and(|(first, ..)| *first == heading);
        if first && lower == of.noun.to_lowercase() {
            return "the name".to_owned();
        }
        let is_noun = !lower.contains(' ') && !lower.ends_with("ed") && !NO_NOUNS.contains(&lower.as_str());
        match (is_noun && !lower.ends_with('s'), heading.chars().nth(1).is_some_and(char::is_uppercase)) {
            (true, true) => format!("the {heading}"),
            (true, false) => format!("the {lower}"),
            (false, _) => format!("“{heading}”"),
        }
    }

    /// The heading under which it is known best.
    fn heading<'a>(&'a self, of: &'a Subject<'_>) -> Option<&'a str> {
        let begins = |made: &Made| made.fields().first() == Some(&self.name.as_str());
        match self.kind {
            Kind::Column => Some(self.name.as_str()),
            Kind::Raw => None,
            Kind::Field => of.columns.iter().find(|(.., made)| begins(made)).map(|(heading, ..)| heading.raw()),
        }
    }

    fn plain_name(&self) -> String {
        self.name.trim_start_matches("r#").to_owned()
    }

    /// Why it is missing, where it is one field that is.
    fn why(&self) -> Option<Why> {
        match (&self.cell, self.origins.as_slice()) {
            (Cell::Missing(_), [one]) => one.why,
            (Cell::Missing(said), many) => {
                many.iter().filter_map(|origin| origin.why).find(|why| said.raw().contains(&why.brief()))
            }
            _ => None,
        }
    }

    fn names(&self) -> String {
        let mut names: Vec<String> = self.origins.iter().flat_map(|origin| origin.names.clone()).collect();
        names.dedup();
        if names.is_empty() { "what no answer has".to_owned() } else { names.join(", ") }
    }

    /// How it was made of what came, with the numbers.
    fn how(&self) -> Option<String> {
        let numbers = self.numbers();
        let words = match (self.made.how, self.origins.as_slice()) {
            ("", []) => return None,
            ("", [one]) => one.how(&self.cell)?,
            ("", _) if self.made.is_first_of() => "the first of these that is there".to_owned(),
            ("", _) => match &self.cell {
                Cell::Usage(..) | Cell::Bytes(_) | Cell::Missing(_) => {
                    "what is in use, of all that there is".to_owned()
                }
                _ => "all of these".to_owned(),
            },
            (how, _) => how.to_owned(),
        };
        Some(numbers.map_or(words.clone(), |numbers| format!("{words}: {numbers}")))
    }

    /// The numbers of it.
    fn numbers(&self) -> Option<String> {
        match (&self.cell, self.origins.as_slice()) {
            (Cell::Usage(part, of), _) => {
                let ratio = part.of(*of).map(|ratio| format!(", which is {ratio}")).unwrap_or_default();
                Some(format!("{} of {} bytes{ratio}", part.0, of.0))
            }
            (Cell::Ago(age, at), _) => Some(format!("{at} is {age} ago")),
            (_, [one]) if self.made.how.is_empty() || one.came.is_empty() => None,
            (_, [one]) => {
                one.came.first().map(|(_, name, came)| format!("{name} is {}", Text::from(shown(came)).brief(40)))
            }
            (_, many) => {
                let numbers: Vec<String> = many.iter().filter_map(Origin::number).collect();
                (numbers.len() > 1).then(|| numbers.join(", "))
            }
        }
    }
}

impl Origin {
    /// Whether this is the field of that name, here or in the API.
    fn is(&self, name: &str) -> bool {
        self.here == name || self.here.split('.').next() == Some(name) || self.names.iter().any(|own| own == name)
    }

    /// How a single field became what is shown.
    fn how(&self, cell: &Cell) -> Option<String> {
        let unit = self.field.and_then(|field| field.unit());
        if let Some(made_of) = self.field.and_then(|field| field.made_of()) {
            return Some(made_of.to_owned());
        }
        let Some((_, name, came)) = self.came.first() else {
            let name = self.names.first().filter(|_| !matches!(cell, Cell::Missing(_) | Cell::Empty))?;
            return Some(format!("where the answer has no {name}, “{cell}” is shown"));
        };
        let came = Text::from(shown(came)).brief(BRIEF);
        match (cell, unit) {
            (Cell::Missing(_), _) => None,
            (cell, Some(unit)) if cell.to_string() != came => Some(format!("{came} ({}) is {cell}", unit.words())),
            (cell, _) if cell.to_string() == came => Some("as it came".to_owned()),
            (cell, _) => Some(format!("where {name} is {came}, “{cell}” is shown")),
        }
    }
}

/// Why it is missing, or what would be shown if it were.
fn missing(value: &Value) -> Option<(&'static str, String)> {
    if let Some(why) = value.why() {
        let came = value.origins.iter().flat_map(|origin| &origin.came).next();
        let came =
            came.map(|(_, name, came)| format!(" The answer has {name} {came}, which is not shown for that reason."));
        return Some(("Why it is missing", format!("{}{}", because(why), came.unwrap_or_default())));
    }
    let [one] = value.origins.as_slice() else { return None };
    let field = one.field.filter(|field| !field.is_made())?;
    Some(("If it were not there", field.without()?.to_owned()))
}

/// A reason, for somebody who reads it for the first time.
fn because(why: Why) -> String {
    match why {
        Why::NodeOffline => "The node that would tell is offline, and nobody else knows it.".into(),
        Why::NotReportedYet => {
            "The node is online and does not report it yet: it was made, or acted on, some seconds ago.".into()
        }
        Why::NodeSilent => {
            "The node is online and reports none of its guests: pvestatd hangs there, or began just now.".into()
        }
        Why::NotWhileStopped => "Proxmox VE reports no such number while the guest is stopped.".into(),
        Why::KnownInsideOnly => "Proxmox VE does not look into virtual machines: only their own system knows.".into(),
        Why::StorageInactive => "The storage is not active on the node, and then its numbers mean nothing.".into(),
        Why::DeviceSilent => "The device was asked and does not say it.".into(),
        Why::NotInAnswer => "The answer has no such field.".into(),
        Why::NotSet => "It is not set, so the default of Proxmox VE holds.".into(),
        Why::NotUnderstood => "The answer has something else in its place.".into(),
        Why::Needs(privilege) => format!("The server leaves it out for want of {privilege}."),
    }
}

/// What it is made of, field by field.
fn table(of: &Subject<'_>, value: &Value) -> Grid {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let code = |words: &str| if words.is_empty() { Cell::Empty } else { Cell::Code(words.into()) };
    for origin in &value.origins {
        let unit = origin.field.and_then(|field| field.unit()).map_or(Cell::Empty, |unit| unit.words().into());
        let meaning = match origin.field.and_then(|field| field.made_of()) {
            // That of a single one stands above.
            Some(made_of) if !value.made.how.is_empty() || value.origins.len() > 1 => {
                format!("{}; {made_of}", origin.meaning)
            }
            _ => origin.meaning.clone(),
        };
        if origin.came.is_empty() {
            let came = match (origin.names.is_empty(), of.sources.parts.is_empty()) {
                (true, _) => Cell::Empty,
                (false, true) => Cell::Missing("not kept".into()),
                (false, false) => Cell::Missing("not in the answer".into()),
            };
            rows.push(vec![
                code(&origin.here),
                code(&origin.names.join(", ")),
                came,
                unit.clone(),
                meaning.clone().into(),
            ]);
        }
        for (n, (at, name, came)) in origin.came.iter().enumerate() {
            let piece = of.sources.parts.get(*at).map(|part| part.of.clone()).filter(|of| !of.is_blank());
            let name = piece.map_or_else(|| code(name), |piece| Cell::Name(name.as_str().into(), piece));
            let came = Cell::Code(Text::from(came.to_string()).brief(BRIEF).into());
            // Of several that came for the same, the rest is said once.
            let once = |cell: Cell| if n == 0 { cell } else { Cell::Empty };
            rows.push(vec![once(code(&origin.here)), name, came, once(unit.clone()), once(meaning.clone().into())]);
        }
    }
    let headings = ["Here", "In the API", "Came as", "Unit", "Meaning"];
    let kept: Vec<usize> =
        (0..headings.len()).filter(|n| rows.iter().any(|row| !row[*n].to_string().is_empty())).collect();
    let rows = rows.into_iter().map(|row| kept.iter().map(|n| row[*n].clone()).collect());
    Grid::new(kept.iter().map(|n| headings[*n])).rows(rows)
}
