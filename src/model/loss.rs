//! What is lost with a node, a storage or an interface: which guests, why, and what brings them back.
//!
//! Concluded from what the cluster says of itself, by rules that stand one by one in the files of this folder. What the
//! conclusion leaves open is said, and a guest of which something decisive is not known has the fate "not known".

use std::fmt;
use std::sync::Arc;

use crate::model::evidence::{Evidence, Source};
use crate::model::lens;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::sight::Sight;
use crate::model::told::told;
use crate::model::why::{Explained, Sources};
use crate::page::{Cell, Figure, Grid, Level, Page, Provenance, State, Tone};
use crate::render::View;
use crate::text::Text;

mod ground;
mod ha;
mod host;
mod interface;
mod node;
mod picture;
mod quorum;
mod storage;

/// What becomes of a guest when something fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fate {
    /// It stops, and nothing starts it again by itself.
    StaysDown,
    /// It loses a disk with data of its own.
    LosesData,
    /// It runs on, and nobody reaches it.
    LosesNetwork,
    /// It runs on with a part of what it has: a network card, a medium.
    Impaired,
    /// It runs on, and the only backups that jobs make of it are gone.
    LosesBackups,
    /// Something that decides is not known.
    NotKnown,
    /// It stops, and high availability starts it on another node.
    Restarted,
    /// It is off now, and cannot be started where it is.
    Off,
}

impl Fate {
    /// In words, with how bad it is.
    pub fn state(self) -> State {
        let (tone, word) = match self {
            Fate::StaysDown => (Tone::Wrong, "stays down"),
            Fate::LosesData => (Tone::Wrong, "loses data"),
            Fate::LosesNetwork => (Tone::Wrong, "loses its network"),
            Fate::Impaired => (Tone::Held, "runs on, impaired"),
            Fate::LosesBackups => (Tone::Held, "loses its backups"),
            Fate::NotKnown => (Tone::Unknown, "not known"),
            Fate::Restarted => (Tone::Held, "restarted by HA"),
            Fate::Off => (Tone::Off, "is off now"),
        };
        State::new(tone, word)
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state().word.fmt(f)
    }
}

impl From<Fate> for Cell {
    fn from(fate: Fate) -> Cell {
        fate.state().into()
    }
}

told! {
    /// What becomes of one guest.
    #[derive(Clone)]
    pub struct GuestLoss {
        /// Its number.
        #[field(skip, "the list of guests")]
        pub vmid: u32,
        /// What it is called.
        #[field(skip, "the list of guests")]
        pub name: Text,
        /// The node that it is on.
        #[field(skip, "the list of guests")]
        pub node: Text,
        /// What becomes of it.
        #[field(skip, "the rules of what is lost with what, on all that was read")]
        pub fate: Fate,
        /// Why.
        #[field(skip, "the rules of what is lost with what, on all that was read")]
        pub why: Text,
        /// What brings it back: high availability, a start elsewhere by hand, a copy; empty where none of these does.
        #[field(skip, "high availability, replication and shared storages, as they were read")]
        pub way_back: Text,
        /// The backup jobs that save it to where the loss does not reach, in words.
        #[field(skip, "the backup jobs that save the guest, and the storages they write to")]
        pub backups: Text,
        /// Whether one of them does; `None` where that is not known.
        #[field(skip, "the backup jobs that save the guest, and the storages they write to")]
        pub is_saved: Option<bool>,
        /// All that was read to conclude it.
        #[field(skip)]
        from: Arc<Provenance>,
    }
}

impl GuestLoss {
    fn way_cell(&self) -> Cell {
        if self.way_back.is_blank() { Cell::from("none but its backups") } else { self.way_back.clone().into() }
    }
}

impl Explained for GuestLoss {
    fn sources(&self) -> Sources {
        Sources::of(&self.from)
    }
}

impl fmt::Debug for GuestLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GuestLoss({} {}: {})", self.vmid, self.name, self.fate)
    }
}

impl Listed for GuestLoss {
    const NOUN: (&'static str, &'static str) = ("guest", "guests");

    fn columns() -> Vec<Column<GuestLoss>> {
        vec![
            column!("Guest", |g: &GuestLoss| Cell::Name(g.name.clone(), g.vmid.to_string().into())),
            column!("What happens", |g: &GuestLoss| g.fate)
                .by("fate why", "concluded, rule by rule, from where its disks lie, what its cards hang on, whether it runs, high availability, and what is left elsewhere; why says which rule decided"),
            column!("Why", |g: &GuestLoss| g.why.clone()).by("why", "the rule that decided what happens, in words"),
            column!("Way back", GuestLoss::way_cell).by("way_back", "what was concluded; without any, its backups are left"),
            column!("Backups elsewhere", |g: &GuestLoss| match g.is_saved {
                Some(true) => Cell::from(&g.backups),
                Some(false) => State::new(Tone::Wrong, g.backups.clone()).into(),
                None => Cell::Missing(g.backups.clone()),
            }).by("is_saved backups", "the jobs in words; wrong where none saves it to where the loss does not reach, missing where that is not known"),
        ]
    }
}

/// What is lost with a node, a storage or an interface.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let loss = Pve::demo()?.node("pve1")?.blast_radius()?;
/// let down = loss.guests.filter(|guest| guest.fate == Fate::StaysDown);
/// assert!(down.any(|guest| guest.name == "mail"));
/// assert_eq!(loss.quorum_holds, Some(false)); // pve4 is offline already
/// println!("{}", loss.page().text());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct BlastRadius {
    /// What is taken to be lost: `node pve1`, `storage ceph-vm`, `vmbr1 on pve1`.
    pub lost: Text,
    /// The guests that it reaches, the worst first.
    pub guests: List<GuestLoss>,
    /// What else is lost with it: storages, bridges.
    pub with_it: Vec<Text>,
    /// Whether enough nodes are left to decide; `None` where that is not known, or the loss is of another kind.
    pub quorum_holds: Option<bool>,
    /// The same in a clause with the votes; blank where the loss is of another kind.
    pub quorum: Text,
    answer: (String, String),
    remarks: Vec<(Level, Text)>,
    figure: Figure,
    /// The same without what a page around it says: title, answer, source, and the table of guests.
    drawing: Figure,
    /// What of all that it rests on was seen.
    sight: Sight,
    provenance: Provenance,
}

impl BlastRadius {
    /// The drawing alone, with its equivalent in words.
    pub fn figure(&self) -> Figure {
        self.figure.clone()
    }

    /// The drawing for a page that has title, answer, source and a table of the guests of its own.
    pub fn drawing(&self) -> Figure {
        self.drawing.clone()
    }

    /// What is urgent beside the answer, in sentences: other nodes that stop, memory that does not suffice, a storage
    /// that goes with it.
    pub fn warnings(&self) -> Vec<(Level, Text)> {
        self.urgent().cloned().collect()
    }

    fn urgent(&self) -> impl Iterator<Item = &(Level, Text)> {
        self.remarks.iter().filter(|(level, _)| *level != Level::Info)
    }

    /// Where it was read.
    pub fn provenance(&self) -> Provenance {
        self.provenance.clone()
    }
}

impl fmt::Debug for BlastRadius {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlastRadius({}: {})", self.lost, count(self.guests.len(), GuestLoss::NOUN))
    }
}

impl Source for BlastRadius {
    fn evidence(&self) -> Evidence {
        Evidence { provenance: self.provenance(), sight: self.sight.clone() }
    }
}

fn title(lost: &Text) -> String {
    format!("What is lost with {}", lost.raw())
}

const NO_PROOF: &str =
    "That a job saves a guest does not prove that a whole backup of it exists: its backups() lists them.";
const QUESTION: &str = "Which guests does it reach, what becomes of them, and what brings them back?";

impl View for BlastRadius {
    fn page(&self) -> Page {
        let page = Page::new(title(&self.lost)).question(QUESTION).answer(self.answer.0.clone(), self.answer.1.clone());
        // The rest stands below the drawing, and in its words.
        let page = self.urgent().fold(page, |page, (level, words)| page.note(*level, words));
        let page = if self.guests.is_empty() { page } else { page.table(self.guests.table().grid()) };
        page.figure(self.drawing.clone()).provenance(self.provenance.clone())
    }
}

/// The table of the guests as a drawing's words have it: the worst ones, however many there are.
fn evidence(guests: &[GuestLoss], from: &Provenance) -> Grid {
    const MOST: usize = 100;
    let (columns, _) = lens::columns::<GuestLoss>(from.seen.as_ref());
    let grid = Grid { seen: from.seen.clone(), ..Grid::new(columns.iter().map(|column| column.name().clone())) };
    let row = |guest: &GuestLoss| columns.iter().map(|column| brief(column.cell(guest))).collect::<Vec<_>>();
    let grid = grid.rows(guests.iter().take(MOST).map(row));
    match guests.len().saturating_sub(MOST) {
        0 => grid,
        more => grid.left_out(more),
    }
}

/// So that a hundred rows are not a book.
fn brief(cell: Cell) -> Cell {
    match cell {
        Cell::Text(words) => words.brief(200).into(),
        Cell::Name(name, what) => Cell::Name(name.brief(60).into(), what),
        cell => cell,
    }
}
