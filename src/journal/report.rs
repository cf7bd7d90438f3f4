//! What looking at a whole journal comes to: whether its chain holds, how far, and what is wrong with the first line that
//! does not.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::journal::chain::{Chain, LEAST_OF_A_HEAD};
use crate::journal::page::path_shown;
use crate::page::{Cell, Level, Page};
use crate::render::View;
use crate::text::Text;
use crate::units::Moment;

/// What [`Journal::verify`](crate::Journal::verify) found.
#[derive(Clone)]
pub struct JournalReport {
    path: Text,
    /// The hash of each line that holds.
    hashes: Arc<[String]>,
    fault: Option<JournalFault>,
    torn: Vec<(u64, usize)>,
    span: Option<(Moment, Moment)>,
    identities: BTreeSet<Text>,
    clusters: BTreeSet<Text>,
    sessions: usize,
    /// A head that was held against it, and the number of lines that came after it.
    held: Option<(Text, usize)>,
}

/// What is wrong with a journal. A line is named by its number in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalFault {
    /// The line says something else than when it was written.
    Changed {
        /// The line.
        line: u64,
    },
    /// Lines are missing before this one.
    Dropped {
        /// The line.
        line: u64,
        /// How many, by its own number.
        missing: Option<u64>,
    },
    /// The line stands in another place than it was written in.
    Reordered {
        /// The line.
        line: u64,
        /// The line that it follows by its hash.
        after: u64,
    },
    /// The line is there once more.
    Repeated {
        /// The line.
        line: u64,
        /// Where it stands first.
        of: u64,
    },
    /// The last line breaks off: a crash while it was written, or a cut.
    Unfinished {
        /// The line.
        line: u64,
    },
    /// It is no line of a journal.
    NotALine {
        /// The line.
        line: u64,
        /// What it lacks.
        why: String,
    },
    /// The line is written in a form that this version does not know.
    Newer {
        /// The line.
        line: u64,
        /// The number of the form.
        format: u64,
    },
    /// The head that was held against it is not in it.
    Cut {
        /// The head.
        head: Text,
    },
    /// What was held against it is no head.
    NotAHead {
        /// What was given.
        given: Text,
    },
}

impl fmt::Display for JournalFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JournalFault::Changed { line } => write!(f, "line {line} was changed after it was written"),
            JournalFault::Dropped { line, missing: Some(1) } => write!(f, "a line was dropped before line {line}"),
            JournalFault::Dropped { line, missing: Some(n) } => write!(f, "{n} lines were dropped before line {line}"),
            JournalFault::Dropped { line, missing: None } => {
                write!(f, "something was dropped before line {line}, which does not follow what stands there now")
            }
            JournalFault::Reordered { line, after } => {
                write!(f, "the order was changed: line {line} was written after what is line {after} now")
            }
            JournalFault::Repeated { line, of } => write!(f, "line {line} repeats line {of}"),
            JournalFault::Unfinished { line } => {
                write!(
                    f,
                    "line {line}, the last one, breaks off: its end was cut, or a crash kept it from being written"
                )
            }
            JournalFault::NotALine { line, why } if why.is_empty() => write!(f, "line {line} is no line of a journal"),
            JournalFault::NotALine { line, why } => {
                write!(f, "line {line} is no line of a journal ({})", Text::from(why))
            }
            JournalFault::Newer { line, format } => write!(
                f,
                "line {line} is written in format {format}, which this version of pve-notebook does not know: look with a newer one"
            ),
            JournalFault::Cut { head } => write!(
                f,
                "the head {head} is not in it: lines were cut off its end after that was shown, or it was written anew, or it is another journal"
            ),
            JournalFault::NotAHead { given } => write!(
                f,
                "\"{given}\" is no head: it takes at least {LEAST_OF_A_HEAD} of the digits 0-9 and a-f, as a notebook shows them"
            ),
        }
    }
}

impl JournalFault {
    /// The same as a sentence of its own.
    pub(super) fn sentence(&self) -> String {
        let words = self.to_string();
        let mut letters = words.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
        format!("{first}{}.", letters.as_str())
    }
}

impl JournalReport {
    pub(super) fn of(path: &Path, chain: Chain) -> JournalReport {
        let entries = || chain.lines.iter().map(|line| &line.entry);
        let times = || entries().map(|entry| entry.at);
        JournalReport {
            path: path_shown(path),
            span: times().min().zip(times().max()),
            identities: entries().map(|entry| entry.identity.clone()).collect(),
            clusters: entries().map(|entry| entry.cluster.clone()).collect(),
            sessions: entries().map(|entry| &entry.session).collect::<BTreeSet<_>>().len(),
            hashes: chain.lines.iter().map(|line| line.head.hash.clone()).collect(),
            fault: chain.fault,
            torn: chain.torn,
            held: None,
        }
    }

    /// The same, with a head held against it that a notebook showed, whole or as far as it was shown: it has to be among
    /// the lines. The only way to find that lines were cut off the end, or that the whole was written anew.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// # let path = std::env::temp_dir().join(format!("pve-notebook-doc-held-{}.jsonl", std::process::id()));
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// pve.journal_to(&path)?;
    /// let report = Journal::verify(&path)?;
    /// assert!(report.is_intact());
    /// assert!(!report.holds("3f9a2b1c0d4e5f6071829a0b").is_intact(), "that was never in it");
    /// # std::fs::remove_file(path).ok();
    /// # Ok(()) }
    /// ```
    pub fn holds(&self, head: &str) -> JournalReport {
        let digits = head.trim().trim_end_matches(['…', '.']).to_lowercase();
        let is_a_head = (LEAST_OF_A_HEAD..=64).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_hexdigit());
        let found = self.hashes.iter().rev().position(|hash| is_a_head && hash.starts_with(&digits));
        let fault = match (is_a_head, found) {
            (false, _) => Some(JournalFault::NotAHead { given: Text::from(head).brief(80).into() }),
            (true, None) => Some(JournalFault::Cut { head: digits.as_str().into() }),
            (true, Some(_)) => None,
        };
        // A head behind the first wrong line cannot be looked for: what is wrong with that says more.
        JournalReport {
            fault: self.fault.clone().or(fault),
            held: found.map(|after| (digits.into(), after)),
            ..self.clone()
        }
    }

    /// Whether everything holds that was looked at.
    pub fn is_intact(&self) -> bool {
        self.fault.is_none()
    }

    /// What is wrong first.
    pub fn fault(&self) -> Option<JournalFault> {
        self.fault.clone()
    }

    /// How many lines hold, from the first on.
    pub fn lines(&self) -> usize {
        self.hashes.len()
    }

    /// The hash of the last line that holds.
    pub fn head(&self) -> Option<Text> {
        self.hashes.last().map(Text::from)
    }

    /// From when to when they are.
    pub fn span(&self) -> Option<(Moment, Moment)> {
        self.span
    }

    /// As whom was acted.
    pub fn identities(&self) -> Vec<Text> {
        self.identities.iter().cloned().collect()
    }

    /// Which lines, from when to when, by whom.
    fn extent(&self) -> String {
        let names = |names: &BTreeSet<Text>| names.iter().map(Text::raw).collect::<Vec<_>>().join(", ");
        let Some((from, to)) = self.span else { return "no lines".into() };
        let lines = self.lines();
        format!(
            "{lines} {} from {from} to {to}, as {}, on {}",
            if lines == 1 { "line" } else { "lines" },
            names(&self.identities),
            names(&self.clusters)
        )
    }
}

impl fmt::Debug for JournalReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            None => write!(f, "JournalReport(it holds, {} lines)", self.lines()),
            Some(fault) => write!(f, "JournalReport(it does not hold: {fault})"),
        }
    }
}

impl View for JournalReport {
    fn page(&self) -> Page {
        let page = Page::new(format!("Journal {}", self.path.raw())).question("Is this journal as it was written?");
        let page = match (&self.fault, &self.held) {
            (None, Some((_, 0))) => page.answer("Yes", format!(": {}. The head is its last line.", self.extent())),
            (None, Some((_, after))) => page.answer(
                "Yes",
                format!(
                    ": {}. After the head {}.",
                    self.extent(),
                    if *after == 1 { "a line was added".into() } else { format!("{after} lines were added") }
                ),
            ),
            (None, None) => page
                .answer("Its chain holds", format!(": {}.", self.extent()))
                .note(
                    Level::Info,
                    "Only a head that was kept elsewhere shows whether lines were cut off its end, or all of it was written anew: hold one against it that a notebook showed.",
                )
                .code(format!("Journal::verify({:?})?.holds(\"…\")", self.path.raw())),
            (Some(JournalFault::NotAHead { .. }), _) => page.answer("That was not looked at", format!(". Without it: {}.", self.extent())),
            (Some(_), _) if self.lines() == 0 => page.answer("No", ", and no line of it holds."),
            (Some(_), _) => page.answer("No", format!(". What holds: {}.", self.extent())),
        };
        let page = match &self.fault {
            Some(fault) => page.note(Level::Danger, fault.sentence()),
            None => page,
        };
        let page = self.torn.iter().fold(page, |page, (line, bytes)| {
            page.note(
                Level::Warning,
                format!(
                    "At line {line} stand {bytes} bytes that a crash left of a line; the line after them tells of it."
                ),
            )
        });
        let mut facts = vec![("File", Cell::Code(self.path.clone())), ("Lines that hold", Cell::from(self.lines()))];
        facts.extend(self.head().map(|head| ("Head", Cell::Code(head))));
        facts.push(("Sessions", Cell::from(self.sessions)));
        page.facts(facts)
    }
}
