//! Two moments of the same guests: what became of each, as a drawing from before to after.

use std::collections::{BTreeMap, HashMap};

use crate::draw::layers::{Column, Item, Link, Scene};
use crate::model::guest::Guest;
use crate::model::list::{List, Listed, count};
use crate::page::{Cell, Figure, Grid, Page, Provenance, State, Tone};
use crate::text::Text;
use crate::units::Reading;

/// As many guests as the sentence names, and as many as the table has.
const NAMED: usize = 4;
const ROWS: usize = 200;

/// As many differences of one guest as its box and its sentence name.
const TOLD: usize = 3;

/// What is told of a guest by its list alone.
const LISTED: [&str; 7] = ["Kind", "Name", "Number of cores", "Memory", "First disk", "Tags", "Pool"];

const BEFORE: usize = 0;
const GUEST: usize = 1;
const AFTER: usize = 2;

/// What is different: of what, from, to.
pub(crate) type Part = (String, String, String);

impl List<Guest> {
    /// What changed since an earlier list was read, as a drawing: which guests moved, started, stopped, came, went, or
    /// were set up otherwise.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let before = pve.guests()?;
    /// pve.guest("web-1")?.start().run()?;
    /// let changed = pve.guests()?.since(&before);
    /// assert!(changed.words().text().contains("1 of 41 guests changed: web-1 (101) is running."));
    /// # Ok(()) }
    /// ```
    pub fn since(&self, before: &List<Guest>) -> Figure {
        Changes::between(before, self).scene().1
    }
}

/// The same drawing of differences that were found already, by the number of the guest: alone, with what must be said
/// beside it; and for a page that says the rest itself, table and sentence.
pub(crate) fn figures(
    (before, after): (&List<Guest>, &List<Guest>),
    parts: BTreeMap<u32, Vec<Part>>,
    from: &Provenance,
    caveats: Vec<String>,
) -> (Figure, Figure) {
    let changes = Changes::of(before, after, |vmid, _, _| parts.get(&vmid).cloned().unwrap_or_default());
    let (mut scene, _) = changes.scene();
    scene.provenance = from.clone();
    let inside = scene.figure_inside();
    let words = Page::new(inside.title.clone()).answer(changes.answer().0, ".");
    let inside = Figure::new(inside.title.clone(), inside.svg(), words);
    scene.caveats.extend(caveats);
    (scene.figure(), inside)
}

/// What a guest was and what it is, one of them at least.
struct Change<'a> {
    was: Option<&'a Guest>,
    is: Option<&'a Guest>,
    parts: Vec<Part>,
}

struct Changes<'a> {
    before: &'a List<Guest>,
    after: &'a List<Guest>,
    changed: Vec<Change<'a>>,
    all: usize,
}

impl<'a> Changes<'a> {
    fn between(before: &'a List<Guest>, after: &'a List<Guest>) -> Changes<'a> {
        Changes::of(before, after, |_, was, is| parts(was, is))
    }

    fn of(
        before: &'a List<Guest>,
        after: &'a List<Guest>,
        parts: impl Fn(u32, Option<&Guest>, Option<&Guest>) -> Vec<Part>,
    ) -> Changes<'a> {
        let mut pairs: BTreeMap<u32, (Option<&Guest>, Option<&Guest>)> = BTreeMap::new();
        before.iter().for_each(|guest| pairs.entry(guest.vmid).or_default().0 = Some(guest));
        after.iter().for_each(|guest| pairs.entry(guest.vmid).or_default().1 = Some(guest));
        let all = pairs.len();
        let changed = pairs.into_iter().map(|(vmid, (was, is))| Change { parts: parts(vmid, was, is), was, is });
        Changes { before, after, changed: changed.filter(|change| !change.parts.is_empty()).collect(), all }
    }

    /// Whether all guests were seen: what is not in a list was not there only then.
    fn are_whole(&self) -> bool {
        is_whole(self.before) && is_whole(self.after)
    }

    fn scene(&self) -> (Scene, Figure) {
        let mut scene = Scene {
            title: "What changed".into(),
            question: "What is different, and what was it before?".into(),
            answer: self.answer(),
            columns: vec![
                Column { heading: "Before", noun: ("place", "places") },
                Column { heading: "Guests", noun: Guest::NOUN },
                Column { heading: "After", noun: ("place", "places") },
            ],
            boxes: Vec::new(),
            links: Vec::new(),
            caveats: self.caveats(),
            provenance: self.after.provenance(),
        };
        let mut places = HashMap::new();
        for change in &self.changed {
            let number = scene.boxes.len();
            scene.boxes.push(change.item());
            for (column, guest) in [(BEFORE, change.was), (AFTER, change.is)] {
                let place = self.place(column, guest);
                let key = (column, place.name.clone(), place.state.clone());
                let at = *places.entry(key).or_insert_with(|| {
                    scene.boxes.push(place);
                    scene.boxes.len() - 1
                });
                let (from, to) = if column == BEFORE { (at, number) } else { (number, at) };
                scene.links.push(Link { from, to, broken: guest.is_none() });
            }
        }
        let figure = scene.figure_with(|page| if self.changed.is_empty() { page } else { page.table(self.table()) });
        (scene, figure)
    }

    /// Where a guest was, or is, and in which state.
    fn place(&self, column: usize, guest: Option<&Guest>) -> Item {
        let is_whole = is_whole(if column == BEFORE { self.before } else { self.after });
        let (name, state) = match (guest, is_whole, column) {
            (Some(guest), ..) => (guest.node.clone(), guest.state()),
            (None, true, BEFORE) => ("not there yet".into(), State::new(Tone::Off, "new")),
            (None, true, _) => ("not there any more".into(), State::new(Tone::Wrong, "gone")),
            (None, false, _) => ("not in the list".into(), State::new(Tone::Unknown, "not known")),
        };
        Item { column, name, state: Some(state), ..Item::default() }
    }

    fn answer(&self) -> (String, String) {
        let guests = count(self.all, Guest::NOUN);
        if self.changed.is_empty() {
            return match self.are_whole() {
                true => ("Nothing changed".into(), format!(": {guests} are as they were.")),
                false => ("Nothing was seen to change".into(), format!(" of {guests}.")),
            };
        }
        let fact = format!("{} of {guests} changed", self.changed.len());
        let said: Vec<String> = self.changed.iter().take(NAMED).map(|change| change.sentence(self)).collect();
        let more = self.changed.len().saturating_sub(NAMED);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        (fact, format!(": {}{more}.", said.join("; ")))
    }

    fn caveats(&self) -> Vec<String> {
        let mut caveats = Vec::new();
        if let (Some(before), Some(after)) = (self.before.provenance().at, self.after.provenance().at) {
            caveats.push(format!(
                "Before is {before}, after is {after}. What happened and was undone in between is not seen."
            ));
        }
        if !self.are_whole() {
            caveats.push(
                "One of the lists does not hold all guests: whether those in one list alone came or went is not known."
                    .into(),
            );
        }
        caveats
    }

    fn table(&self) -> Grid {
        let rows = self.changed.iter().flat_map(|change| {
            let called = change.called();
            change.parts.iter().map(move |(what, from, to)| {
                vec![Cell::from(called.clone()), what.as_str().into(), from.clone().into(), to.clone().into()]
            })
        });
        let rows: Vec<Vec<Cell>> = rows.collect();
        let left = rows.len().saturating_sub(ROWS);
        let grid = Grid::new(["Guest", "What", "Before", "After"]).rows(rows.into_iter().take(ROWS));
        if left > 0 { grid.left_out(left) } else { grid }
    }
}

impl Change<'_> {
    /// Its name now, or the last that is known.
    fn called(&self) -> String {
        let guests = [self.is, self.was].into_iter().flatten();
        let number = guests.clone().next().map(|guest| guest.vmid).unwrap_or_default();
        match guests.filter_map(|guest| guest.name.as_ref().known()).next() {
            Some(name) => format!("{name} ({number})"),
            None => number.to_string(),
        }
    }

    fn item(&self) -> Item {
        let parts: Vec<String> = self.parts.iter().map(|(what, from, to)| format!("{what}: {from} → {to}")).collect();
        // Only those that did nothing but move or change their state are alike.
        let joins = self.parts.iter().all(|(what, ..)| matches!(what.as_str(), "Node" | "State"));
        Item { column: GUEST, name: self.called().into(), detail: some(&parts, "; "), joins, ..Item::default() }
    }

    fn sentence(&self, of: &Changes<'_>) -> String {
        let called = self.called();
        let (was, is) = match (self.was, self.is) {
            (Some(was), Some(is)) => (was, is),
            (None, _) if is_whole(of.before) => return format!("{called} is new"),
            (_, None) if is_whole(of.after) => return format!("{called} is gone"),
            _ => return format!("{called} is in one list alone"),
        };
        let mut said = Vec::new();
        if was.node != is.node {
            said.push(format!("moved from {} to {}", was.node, is.node));
        }
        if was.state() != is.state() {
            said.push(format!("is {}", is.state().word));
        }
        let others = self.parts.iter().filter(|(what, ..)| !matches!(what.as_str(), "Node" | "State"));
        let others = others.map(|(what, from, to)| match LISTED.contains(&what.as_str()) {
            true => format!("has another {}: {from} → {to}", what.to_lowercase()),
            false => format!("has {what}: {from} → {to}"),
        });
        said.extend(others);
        format!("{called} {}", some(&said, " and "))
    }
}

fn is_whole(list: &List<Guest>) -> bool {
    list.is_complete() == Some(true) && !list.is_filtered()
}

/// The first of several differences, and how many more there are.
fn some(said: &[String], between: &str) -> String {
    match said.len().saturating_sub(TOLD) {
        0 => said.join(between),
        more => format!("{}{between}{more} more", said[..TOLD].join(between)),
    }
}

/// What is different; a number that is not known on one side is no difference.
fn parts(was: Option<&Guest>, is: Option<&Guest>) -> Vec<Part> {
    match (was, is) {
        (Some(was), Some(is)) => parts_of(was, is),
        (None, Some(_)) => vec![("Guest".into(), "not there".into(), "there".into())],
        _ => vec![("Guest".into(), "there".into(), "not there".into())],
    }
}

/// The same of a guest that is in both lists.
pub(crate) fn parts_of(was: &Guest, is: &Guest) -> Vec<Part> {
    fn known<T: ToString>(one: &Reading<T>, other: &Reading<T>) -> (String, String) {
        match (one, other) {
            (Reading::Known(one), Reading::Known(other)) => (one.to_string(), other.to_string()),
            _ => Default::default(),
        }
    }
    let tags = |guest: &Guest| match guest.tags.is_empty() {
        true => "none".to_owned(),
        false => guest.tags.iter().map(Text::to_string).collect::<Vec<_>>().join(", "),
    };
    let pool = |guest: &Guest| guest.pool.as_ref().map_or("none".to_owned(), Text::to_string);
    let both = [
        ("Node", (was.node.to_string(), is.node.to_string())),
        ("State", (was.state().to_string(), is.state().to_string())),
        ("Kind", (was.kind.to_string(), is.kind.to_string())),
        ("Name", known(&was.name, &is.name)),
        ("Number of cores", known(&was.maxcpu, &is.maxcpu)),
        ("Memory", known(&was.maxmem, &is.maxmem)),
        ("First disk", known(&was.maxdisk, &is.maxdisk)),
        ("Tags", (tags(was), tags(is))),
        ("Pool", (pool(was), pool(is))),
    ];
    both.into_iter().filter(|(_, (from, to))| from != to).map(|(what, (from, to))| (what.into(), from, to)).collect()
}

#[cfg(test)]
mod tests {
    use crate::model::canned::Canned;
    use crate::model::guest::Guest;
    use crate::model::list::List;
    use crate::render::View;

    fn guests() -> List<Guest> {
        Guest::list(&Canned::new().session()).unwrap()
    }

    /// The same list with this done to the guest of a number.
    fn with(list: &List<Guest>, vmid: u32, change: impl Fn(&mut Guest)) -> List<Guest> {
        let items = list.map(|guest| {
            let mut guest = guest.clone();
            if guest.vmid == vmid {
                change(&mut guest);
            }
            guest
        });
        list.replaced(items)
    }

    #[test]
    fn nothing_that_changed_is_said_to_be_nothing() {
        let text = guests().since(&guests()).page().text();
        assert!(text.contains("Nothing changed: 41 guests are as they were."), "{text}");
    }

    #[test]
    fn of_lists_that_are_not_whole_nothing_is_only_not_seen() {
        let running = guests().filter(Guest::is_running);
        let partial = guests().with_sight(crate::model::sight::Sight::part("Not read: one."));
        for (before, after) in [(&running, &running), (&guests(), &partial), (&partial, &guests())] {
            let text = after.since(before).page().text();
            assert!(text.contains("Nothing was seen to change"), "{text}");
            assert!(!text.contains("Nothing changed") && !text.contains("as they were"), "{text}");
        }
    }

    #[test]
    fn a_move_a_size_and_a_name_are_told_from_before_to_after() {
        let before = guests();
        let after = with(&before, 103, |guest| {
            guest.node = "pve2".into();
            guest.maxmem = guest.maxmem.map(|memory| memory + memory);
        });
        let figure =
            with(&after, 104, |guest| guest.name = crate::units::Reading::Known("<b>post</b>".into())).since(&before);
        let text = figure.words().text();
        let said = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let fact = "2 of 41 guests changed: db-main (103) moved from pve1 to pve2 and has another memory: 24 GiB → 48 GiB; \
                    <b>post</b> (104) has another name: mail → <b>post</b>.";
        assert!(said.contains(fact), "{text}");
        let svg = figure.svg();
        assert!(svg.contains("db-main (103)") && svg.contains("&lt;b&gt;post") && svg.contains("pve2"), "{svg}");
        assert!(figure.page().html().contains("<td style=\"text-align:left\">24 GiB</td>"));
    }

    #[test]
    fn who_is_in_one_list_alone_came_or_went_only_where_both_are_whole() {
        let whole = guests();
        let without = whole.replaced(whole.iter().filter(|guest| guest.vmid != 101).cloned().collect());
        let gone = without.since(&whole).words().text();
        assert!(gone.contains("1 of 41 guests changed: web-1 (101) is gone."), "{gone}");
        let new = whole.since(&without).words().text();
        assert!(new.contains("web-1 (101) is new."), "{new}");
        let running = whole.filter(Guest::is_running).since(&whole).words().text();
        assert!(running.contains("is in one list alone") && running.contains("does not hold all guests"), "{running}");
        assert!(!running.contains("is gone"), "{running}");
    }

    #[test]
    fn thousands_of_changes_stay_legible() {
        let before = guests();
        let renumbered = |n: u32, node: Option<&str>| {
            let mut guest = before.get(n as usize % 40).unwrap();
            guest.vmid = 1_000 + n;
            guest.node = node.map_or(guest.node, Into::into);
            guest
        };
        let many = before.replaced((0..5_000).map(|n| renumbered(n, None)).collect());
        let moved = before.replaced((0..5_000).map(|n| renumbered(n, Some("pve2"))).collect());
        let figure = moved.since(&many);
        assert!(figure.svg().len() < 400_000 && figure.words().text().len() < 100_000);
        roxmltree::Document::parse(&figure.svg()).unwrap();
    }
}
