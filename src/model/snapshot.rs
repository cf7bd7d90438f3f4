//! A snapshot: a state of a guest that one can go back to.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::error::Error;
use crate::loose;
use crate::model::guest::Guest;
use crate::model::list::{About, Column, List, Listed};
use crate::model::sight::Sight;
use crate::page::Cell;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Moment, Reading, Why};
use crate::wire::Call;

/// A snapshot, from `/nodes/{node}/{qemu|lxc}/{vmid}/snapshot`.
#[derive(Clone)]
pub struct Snapshot {
    /// Its name.
    pub name: Text,
    /// The snapshot that it was made after.
    pub parent: Option<Text>,
    /// When it was made.
    pub made: Reading<Moment>,
    /// What it is for, in the words of whoever made it.
    pub description: Option<Text>,
    /// Whether it holds the memory of the running guest.
    pub with_memory: bool,
    session: Session,
}

#[derive(Clone, Deserialize)]
struct SnapshotRow {
    name: Text,
    #[serde(default, deserialize_with = "loose::text")]
    parent: Option<Text>,
    #[serde(default, deserialize_with = "loose::i64")]
    snaptime: Option<i64>,
    #[serde(default, deserialize_with = "loose::text")]
    description: Option<Text>,
    #[serde(default, deserialize_with = "loose::flag")]
    vmstate: Option<bool>,
}

impl Snapshot {
    pub(crate) fn list(guest: &Guest) -> Result<List<Snapshot>, Error> {
        let answer = guest.session.ask(Call::get(guest.path("snapshot")))?;
        let rows = answer.rows()?;
        let odd = Sight::without(rows.odd);
        let rows: Vec<(SnapshotRow, _)> = rows.into_iter().collect();
        // The server ends the list with an entry that stands for the present state, after the snapshot it grew from.
        let at = rows.iter().find(|(row, _)| row.name == "current").and_then(|(row, _)| row.parent.clone());
        let read = |row: SnapshotRow| Snapshot {
            name: row.name,
            parent: row.parent,
            made: Reading::or_missing(row.snaptime.map(Moment::from_unix), Why::NotInAnswer),
            description: row.description.filter(|words| !words.is_blank()),
            with_memory: row.vmstate.unwrap_or(false),
            session: guest.session.clone(),
        };
        let mut snapshots: Vec<Snapshot> =
            rows.into_iter().filter(|(row, _)| row.name != "current").map(|(row, _)| read(row)).collect();
        snapshots.sort_by_key(|snapshot| snapshot.made);
        let question = match (&at, snapshots.is_empty()) {
            (Some(at), _) => format!("Which states can one go back to? The present one came after {}.", at.raw()),
            (None, _) => "Which states can one go back to?".into(),
        };
        let parents: BTreeMap<&Text, ()> =
            snapshots.iter().filter_map(|snapshot| snapshot.parent.as_ref()).map(|parent| (parent, ())).collect();
        let orphaned = parents.keys().any(|parent| snapshots.iter().all(|snapshot| snapshot.name != **parent));
        let sight = if orphaned { Sight::part("A snapshot names a parent that is not there.") } else { Sight::whole() };
        let place = format!("{}/{}", guest.kind.path(), guest.vmid);
        let about = About {
            title: format!("Snapshots of {}", guest.called().raw()).into(),
            question: question.into(),
            sight: sight.and(odd),
            provenance: guest.session.provenance([&answer], Some(&place)),
            of: None,
        };
        Ok(List::new(snapshots, about))
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot({})", self.name)
    }
}

impl Listed for Snapshot {
    const NOUN: (&'static str, &'static str) = ("snapshot", "snapshots");

    fn columns() -> Vec<Column<Snapshot>> {
        vec![
            Column::new("Snapshot", |s: &Snapshot| s.name.clone()),
            Column::new("Made", |s: &Snapshot| match s.made {
                Reading::Known(made) => Cell::Ago(s.session.now().since(made), made),
                Reading::Missing(why) => why.into(),
            }),
            Column::new("After", |s: &Snapshot| s.parent.clone()),
            Column::new("With memory", |s: &Snapshot| s.with_memory),
            Column::new("For", |s: &Snapshot| s.description.clone()),
        ]
    }
}
