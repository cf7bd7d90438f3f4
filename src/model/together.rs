//! Many reads at once, with a word about how far they are.

use std::time::{Duration, Instant};

use crate::error::Error;
use crate::page::Provenance;
use crate::render::say;
use crate::session::{Answer, Session};
use crate::text::Text;
use crate::wire::Call;

impl Session {
    /// Sends all calls off, waits for all answers, and gives them in the order of the calls. When it takes long, says
    /// how far it is: `what` names the things that are read.
    pub(crate) fn ask_all(&self, what: &str, calls: Vec<Call>) -> Vec<Result<Answer, Error>> {
        const QUIET: Duration = Duration::from_secs(3);
        let all = calls.len();
        let pending: Vec<_> = calls.into_iter().map(|call| self.submit(call)).collect();
        let mut said = Instant::now();
        let mut answers = Vec::with_capacity(all);
        for pending in pending {
            answers.push(self.answer(pending));
            if said.elapsed() >= QUIET {
                said = Instant::now();
                say(&format!("  … {} of {all} {what} read", answers.len()));
            }
        }
        answers
    }
}

/// Where many answers of one kind came from: their calls as one line instead of many.
pub(crate) fn from_many<'a>(
    session: &Session,
    answers: impl IntoIterator<Item = &'a Answer>,
    calls: impl Into<Text>,
) -> Provenance {
    let many = session.provenance(answers, None);
    Provenance { calls: vec![calls.into()], ..many }
}

/// Names in a sentence: the first few, and how many more there are.
pub(crate) fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 8;
    match names.len().saturating_sub(SHOWN) {
        0 | 1 => names.join(", "),
        more => format!("{} and {more} more", names[..SHOWN].join(", ")),
    }
}
