//! Recording a cluster, and opening what was recorded.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::error::Error;
use crate::page::{Cell, Grid, Level, Page, Provenance};
use crate::pve::Pve;
use crate::recording::{About, Recording, write};
use crate::render::View;
use crate::text::Text;
use crate::units::{Age, Bytes, Moment};

mod charts;
mod reader;
mod reads;

use reader::Reader;

impl Pve {
    /// Records the cluster into a file: whatever the views, the questions, the charts and the checks of plans read, so that
    /// somebody without access can look at it with the same notebook: [`Pve::open_recording`], or
    /// `PVE_URL=file:prod.pve.json`.
    ///
    /// It only reads, a few calls at a time as ever, and says how far it is. What the identity may not see is recorded as the
    /// refusal that it was. Passwords, keys, tokens and the like are left out; what people wrote in notes and what tasks wrote
    /// into their logs is not searched for secrets. The file is for this user alone, and one that was there stays whole until
    /// the new one is.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// # let path = std::env::temp_dir().join(format!("pve-notebook-doc-record-{}.pve.json", std::process::id()));
    /// use pve_notebook::*;
    /// let recorded = Pve::demo()?.record_to(&path)?;
    /// assert!(recorded.answers > 500);
    /// let pve = Pve::open_recording(&path)?;
    /// assert_eq!(pve.guests()?.len(), Pve::demo()?.guests()?.len());
    /// # std::fs::remove_file(path).ok();
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the cluster cannot be read at all, or the file cannot be written; of a recording, which is one already.
    pub fn record_to(&self, path: impl AsRef<Path>) -> Result<Recorded, Error> {
        let session = self.session().uncached().unseen();
        if let Some(at) = session.recorded() {
            return Err(Error::setup(
                format!("This is a recording already, from {at}"),
                "Copy its file, or connect to the cluster itself: let pve = Pve::from_env()?;",
            ));
        }
        let path = path.as_ref();
        let (since, began) = (Instant::now(), session.now());
        let mut reader = Reader::new(&session);
        let left_out = reads::all(&mut reader)?;
        let (answers, unanswered) = reader.done();
        let moment = answers.values().map(|reply| reply.at).max().unwrap_or(began);
        let refused = answers.values().filter(|reply| !reply.is_ok()).count();
        let about = About {
            cluster: session.cluster().raw().to_owned(),
            identity: session.identity().raw().to_owned(),
            recorded: moment.to_string(),
            moment: moment.unix(),
            answers: answers.len(),
            refused,
        };
        let written = write(path, &about, &answers)?;
        let provenance = session.provenance([], None);
        Ok(Recorded {
            path: path.to_owned(),
            at: moment,
            answers: answers.len(),
            refused,
            bytes: Bytes(written.bytes as u64),
            unpacked: Bytes(written.unpacked as u64),
            secrets: written.secrets,
            refusals: refusals(answers.iter().map(|(call, reply)| (call.as_str(), reply.status, &reply.reason))),
            unanswered: unanswered.into_iter().map(|(call, error)| (call.shown(), error.to_string().into())).collect(),
            left_out,
            took: match provenance.is_live() {
                true => Age(since.elapsed().as_secs()),
                false => session.now().since(began),
            },
            provenance,
        })
    }

    /// A cluster as it was recorded by [`record_to`](Pve::record_to): everything can be looked at as it was then, at the
    /// time that it was then, and nothing can be done to it. What was not recorded says so.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// # let path = std::env::temp_dir().join(format!("pve-notebook-doc-open-{}.pve.json", std::process::id()));
    /// use pve_notebook::*;
    /// Pve::demo()?.record_to(&path)?;
    /// let pve = Pve::open_recording(&path)?;
    /// assert!(pve.guests()?.page().text().contains("recorded "));
    /// assert!(pve.guest("web-1")?.start().run().is_err());
    /// # std::fs::remove_file(path).ok();
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the file cannot be read, is no recording, was cut or changed, or is of a later version.
    pub fn open_recording(path: impl AsRef<Path>) -> Result<Pve, Error> {
        Pve::over(Arc::new(Recording::open(path.as_ref())?))
    }

    /// When this cluster was recorded; `None` of one that answers now.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// assert_eq!(Pve::demo()?.recorded_at(), None);
    /// # Ok(()) }
    /// ```
    pub fn recorded_at(&self) -> Option<Moment> {
        self.session().recorded()
    }
}

/// What came of recording a cluster: [`Pve::record_to`].
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// # let path = std::env::temp_dir().join(format!("pve-notebook-doc-recorded-{}.pve.json", std::process::id()));
/// use pve_notebook::*;
/// let recorded = Pve::demo()?.record_to(&path)?;
/// assert!(recorded.page().text().contains("Left out as secrets"));
/// # std::fs::remove_file(path).ok();
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Recorded {
    /// The file.
    pub path: PathBuf,
    /// When the last answer came: the time at which the recording stands still.
    pub at: Moment,
    /// How many answers were recorded; each is one call.
    pub answers: usize,
    /// How many of them are refusals.
    pub refused: usize,
    /// How long the file is.
    pub bytes: Bytes,
    /// How many secrets were left out.
    pub secrets: usize,
    unpacked: Bytes,
    /// Refusals in the server's words, how many of each, and one of the calls.
    refusals: Vec<(Text, usize, Text)>,
    /// Calls without an answer, and why.
    unanswered: Vec<(Text, Text)>,
    /// What was not asked for, and why.
    left_out: Vec<(&'static str, String)>,
    took: Age,
    provenance: Provenance,
}

/// The refusals by what was said, the most frequent first.
fn refusals<'a>(all: impl Iterator<Item = (&'a str, u16, &'a Text)>) -> Vec<(Text, usize, Text)> {
    let mut found: Vec<(Text, usize, Text)> = Vec::new();
    for (call, status, reason) in all.filter(|(_, status, _)| !(200..300).contains(status)) {
        let words = Text::from(format!("{status} {}", Text::from(reason.brief(100))));
        match found.iter_mut().find(|(known, ..)| *known == words) {
            Some((_, times, _)) => *times += 1,
            None => found.push((words, 1, format!("GET {call}").into())),
        }
    }
    found.sort_by_key(|(_, times, _)| std::cmp::Reverse(*times));
    found
}

impl Recorded {
    fn open_code(&self) -> String {
        format!("let pve = Pve::open_recording({:?})?;", self.path.display().to_string())
    }
}

impl View for Recorded {
    fn page(&self) -> Page {
        let path = self.path.display().to_string();
        let page = Page::new(format!("Recorded: {path}"))
            .question("What of this cluster can be looked at without it?")
            .answer(
                format!("{} answers", self.answers),
                format!(" in {}, from {}, of which {} are refusals.", self.bytes, self.at, self.refused),
            )
            .facts([
                ("File", Cell::from(Text::from(path))),
                ("Size", Cell::from(format!("{}, unpacked {}", self.bytes, self.unpacked))),
                ("Took", self.took.into()),
                ("Left out as secrets", Cell::from(self.secrets as u64)),
                ("Who may read the file", Cell::from("you alone, until you pass it on")),
            ])
            .paragraph("What people wrote in notes, and tasks into their logs, is in it as it came.")
            .code(self.open_code());
        let rows = self.left_out.iter().map(|(what, why)| [Cell::from(*what), Cell::from(why.as_str())]);
        let left_out = rows.fold(Grid::new(["What", "Why"]), Grid::row);
        let page = page.section(format!("Not asked for · {}", self.left_out.len()), Page::new("").table(left_out));
        let page = match self.refusals.is_empty() {
            true => page,
            false => {
                let rows = self.refusals.iter().map(|(words, times, call)| {
                    [Cell::from(words.clone()), Cell::from(*times as u64), Cell::Code(call.clone())]
                });
                let grid = rows.fold(Grid::new(["The cluster said", "Times", "For one"]), Grid::row);
                page.section(format!("Refused, and recorded as that · {}", self.refused), Page::new("").table(grid))
            }
        };
        let page = match self.unanswered.is_empty() {
            true => page,
            false => {
                let rows =
                    self.unanswered.iter().map(|(call, why)| [Cell::Code(call.clone()), Cell::from(why.clone())]);
                let grid = rows.fold(Grid::new(["Call", "Why"]), Grid::row);
                page.note(Level::Warning, format!("{} calls got no answer, and are not in it.", self.unanswered.len()))
                    .section(format!("Without an answer · {}", self.unanswered.len()), Page::new("").table(grid))
            }
        };
        page.provenance(self.provenance.clone())
    }
}

impl std::fmt::Debug for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recorded({} answers in {}, {})", self.answers, self.path.display(), self.bytes)
    }
}
