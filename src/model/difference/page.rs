//! How a difference shows itself: what changed in a sentence, in tables, guest by guest, and as a drawing.

use std::collections::BTreeMap;

use super::{Change, ChangeKind, ChangedPart, Difference, TOLD};
use crate::model::list::count;
use crate::page::{Cell, Grid, Page};
use crate::render::View;

/// As many things have a part of their own.
const PARTS: usize = 40;
/// As many rows has such a part.
const ROWS: usize = 100;
/// As long is what was and what is in them.
const WIDE: usize = 200;

/// What is left out, said on each page, since nothing else would tell.
const LEFT_OUT: &str = "Left out is what moves by itself: load, uptime, counters, checksums, storages that filled by less than 5% of their size. Not compared are the firewall, software-defined networks, Ceph, and what lies inside guests and on storages. What happened in between and was undone is not seen; a setting that waits for a restart counts as made. A secret that is left out of a recording tells nothing.";

impl View for Difference {
    fn page(&self) -> Page {
        let (fact, rest) = self.answer();
        let rows = ["Cluster", "Seen by", "At"].into_iter().zip(0..).map(|(what, n): (&str, usize)| {
            vec![what.into(), Cell::from(&self.looks[0][n]), Cell::from(&self.looks[1][n])]
        });
        let page = Page::new("What changed")
            .question("What is different between two looks at the cluster, and what was it before?")
            .answer(fact, rest)
            .based_on(self)
            .table(Grid::new(["Look", "Before", "After"]).rows(rows));
        let (guests, others) = (self.changes.only(Change::is_guest), self.changes.only(|change| !change.is_guest()));
        let table = |page: Page, title: &str, list: &crate::model::list::List<Change>| match list.is_empty() {
            true => page,
            false => page.heading(title).table(list.table().grid()),
        };
        let page = table(table(page, "Guests", &guests), "Beside the guests", &others);
        let page = if guests.is_empty() { page } else { page.figure(self.drawing.clone()) };
        // What came or went as a whole stands in the table as a whole.
        let is_long = |change: &&Change| match change.kind {
            ChangeKind::Changed | ChangeKind::Moved | ChangeKind::Replaced => {
                change.is_guest() || change.parts.len() > TOLD
            }
            _ => false,
        };
        let told: Vec<&Change> = self.changes.iter().filter(is_long).collect();
        let page = told.iter().take(PARTS).fold(page, |page, change| page.section(heading(change), one_by_one(change)));
        let page = match told.len().saturating_sub(PARTS) {
            0 => page,
            more => page
                .paragraph(format!("{more} more changed, which have no part of their own here."))
                .code("before.diff(&after)?.changes.table().all()"),
        };
        page.paragraph(LEFT_OUT)
    }
}

impl Difference {
    /// How many of what changed how.
    pub(super) fn answer(&self) -> (String, String) {
        let between = format!("between {} and {}", self.before, self.after);
        if self.changes.is_empty() {
            let fact = match self.sight.is_complete() {
                Some(true) => "Nothing changed",
                _ => "Nothing was seen to change",
            };
            return (format!("{fact} {between}"), ".".into());
        }
        let (guests, others) = (self.counted(true), self.counted(false));
        match (guests.is_empty(), others.is_empty()) {
            (false, true) => (guests, format!(", {between}.")),
            (false, false) => (guests, format!("; besides, {others}, {between}.")),
            (true, _) => (others, format!(", and no guest, {between}.")),
        }
    }

    /// `3 guests added, 1 moved`: of guests, or of all else.
    fn counted(&self, guests: bool) -> String {
        let mut counts: BTreeMap<(&str, ChangeKind), usize> = BTreeMap::new();
        for change in self.changes.iter().filter(|change| change.is_guest() == guests) {
            *counts.entry((change.what.raw(), change.kind)).or_default() += 1;
        }
        let mut last = "";
        let each = counts.into_iter().map(|((what, kind), n)| {
            let number = if what == last { n.to_string() } else { count(n, (what, &many(what))) };
            last = what;
            format!("{number} {}", verb(kind, n))
        });
        each.collect::<Vec<_>>().join(", ")
    }
}

fn verb(kind: ChangeKind, n: usize) -> String {
    match (kind, n) {
        (ChangeKind::NotKnown, 1) => "was seen in one look alone".to_owned(),
        (ChangeKind::NotKnown, _) => "were seen in one look alone".to_owned(),
        (kind, _) => kind.to_string(),
    }
}

fn many(what: &str) -> String {
    match what {
        "guest in the care of HA" => "guests in the care of HA".to_owned(),
        "rule of HA" => "rules of HA".to_owned(),
        "options" => "options".to_owned(),
        what => format!("{what}s"),
    }
}

/// What a part of the page is called: `web-1 (101): changed, 3 differences`.
fn heading(change: &Change) -> String {
    let called = match change.vmid {
        Some(vmid) => format!("{} ({vmid})", change.name.brief(60)),
        None => format!("{} {}", change.what.raw(), change.name.brief(60)),
    };
    format!("{called} · {}, {}", change.kind, count(change.parts.len(), ("difference", "differences")))
}

fn one_by_one(change: &Change) -> Page {
    let side = |words: &Option<crate::text::Text>| match words {
        Some(words) => Cell::Code(words.brief(WIDE).into()),
        None => Cell::from("none"),
    };
    let row = |part: &ChangedPart| vec![Cell::from(&part.what), side(&part.before), side(&part.after)];
    Page::new("").table(Grid::new(["What", "Before", "After"]).rows(change.parts.iter().map(row)).at_most(ROWS))
}
