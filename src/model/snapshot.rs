//! A snapshot: a state of a guest that one can go back to.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::guest::Guest;
use crate::model::list::{About, Column, List, Listed, column, count};
use crate::model::record::{Ask, Origin, record};
use crate::model::sight::Sight;
use crate::page::{Cell, Page};
use crate::text::Text;
use crate::units::{Moment, Reading};

mod tree;

fields! {
    /// A snapshot, from `/nodes/{node}/{qemu|lxc}/{vmid}/snapshot`.
    #[derive(Clone, Default)]
    pub struct Snapshot {
        /// Its name.
        pub name: Text,
        /// The snapshot that it was made after.
        pub parent: Option<Text>,
        /// When it was made.
        #[field("snaptime")]
        pub made: Reading<Moment>,
        /// What it is for, in the words of whoever made it.
        pub description: Option<Text>,
        /// Whether it holds the memory of the running guest.
        #[field("vmstate", loose::yes)]
        pub with_memory: bool,
        /// Of the entry for the present state: changes whenever the configuration does.
        #[allow(dead_code, reason = "known, and of no use here")]
        digest: Option<Text>,
        /// Of the entry for the present state: whether the guest runs.
        #[allow(dead_code, reason = "known, and of no use here")]
        #[field(loose::flag)]
        running: Option<bool>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(Snapshot: "/nodes/{node}/qemu/{vmid}/snapshot", "/nodes/{node}/lxc/{vmid}/snapshot");

impl Guest {
    /// Its snapshots, oldest first, from `/nodes/{node}/{qemu|lxc}/{vmid}/snapshot`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let snapshots = Pve::demo()?.guest("gitlab")?.snapshots()?;
    /// assert_eq!(snapshots.last().unwrap().name, "before-17-7");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node cannot be reached or VM.Audit is missing.
    pub fn snapshots(&self) -> Result<List<Snapshot>, Error> {
        Ok(self.snapshots_and_present()?.0)
    }

    /// Its snapshots as a tree: each below the one that it was made after, with the place of the present state.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let tree = Pve::demo()?.guest("gitlab")?.snapshot_tree()?;
    /// assert!(tree.text().contains("└ the present state"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node cannot be reached or VM.Audit is missing.
    pub fn snapshot_tree(&self) -> Result<Page, Error> {
        let (snapshots, present) = self.snapshots_and_present()?;
        Ok(tree::page(&snapshots, present.as_ref()))
    }

    /// The snapshot that the present state came after.
    pub(crate) fn present_snapshot(&self) -> Result<Option<Text>, Error> {
        Ok(self.snapshots_and_present()?.1)
    }

    /// With the snapshot that the present state came after.
    fn snapshots_and_present(&self) -> Result<(List<Snapshot>, Option<Text>), Error> {
        let all = Ask::new(&self.session, self.path("snapshot"))
            .place(format!("{}/{}", self.kind.path(), self.vmid))
            .list_with(|snapshot: &mut Snapshot| {
            snapshot.description = snapshot.description.take().filter(|words| !words.is_blank());
        })?;
        // The server ends the list with an entry that stands for the present state, after the snapshot it grew from.
        let at = all.find(Snapshot::is_present).and_then(|present| present.parent);
        let question = match &at {
            Some(at) => format!("Which states can one go back to? The present one came after {}.", at.raw()),
            None => "Which states can one go back to?".into(),
        };
        let mut snapshots: Vec<Snapshot> = all.iter().filter(|snapshot| !snapshot.is_present()).cloned().collect();
        snapshots.sort_by_key(|snapshot| snapshot.made);
        let known = |parent: &Text| snapshots.iter().any(|snapshot| snapshot.name == parent.raw());
        let orphaned = snapshots.iter().filter_map(|snapshot| snapshot.parent.as_ref()).any(|parent| !known(parent));
        let sight = if orphaned { Sight::part("A snapshot names a parent that is not there.") } else { Sight::whole() };
        let about = About {
            title: format!("Snapshots of {}", self.called().raw()).into(),
            question: question.into(),
            sight: sight.and(all.sight()),
            provenance: all.provenance(),
            of: None,
        };
        Ok((List::new(snapshots, about), at))
    }
}

impl Snapshot {
    /// Whether this is the server's entry for the present state.
    fn is_present(&self) -> bool {
        self.name == "current"
    }

    fn made_cell(&self) -> Cell {
        match (self.made, self.origin.session()) {
            (Reading::Known(made), Ok(session)) => Cell::Ago(session.now().since(made), made),
            (made, _) => made.into(),
        }
    }
}

impl Listed for Snapshot {
    const NOUN: (&'static str, &'static str) = ("snapshot", "snapshots");

    fn columns() -> Vec<Column<Snapshot>> {
        vec![
            column!("Snapshot", |s: &Snapshot| s.name.clone()),
            column!("Made", Snapshot::made_cell).by("made", "the time since then, by the cluster's clock"),
            column!("After", |s: &Snapshot| s.parent.clone()),
            column!("With memory", |s: &Snapshot| s.with_memory),
            column!("For", |s: &Snapshot| s.description.clone()),
        ]
    }

    fn summary(snapshots: &[Snapshot]) -> (String, String) {
        let oldest = snapshots.iter().min_by_key(|snapshot| snapshot.made);
        let age = oldest.and_then(|s| Some(s.origin.session().ok()?.now().since(s.made.known()?)));
        let rest = age.map_or(".".into(), |age| format!("; the oldest is {age} old."));
        (count(snapshots.len(), Snapshot::NOUN), rest)
    }
}
