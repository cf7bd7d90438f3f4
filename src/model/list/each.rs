//! The same asked of each thing of a list, several at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{About, List, Listed, count};
use crate::error::Error;
use crate::model::evidence::{Evidence, Source};
use crate::model::sight::Sight;
use crate::model::unread::Unread;
use crate::page::{Page, Provenance};
use crate::render::{View, say};
use crate::session::Progress;
use crate::text::Text;

/// What each thing of a list was found to have, and which could not be asked, and why. It goes on one by one, the thing
/// and what it has; as something that an answer is based on, it names the others.
#[derive(Clone, Debug)]
pub struct Each<T, U> {
    known: Vec<(T, U)>,
    evidence: Evidence,
}

/// So many are asked at a time. How many of them go to one node is not decided here.
const AT_ONCE: usize = 64;

/// How a cluster is asked: a simulated one goes on with every call, so that it has to be asked in order, and whether this
/// machine is slow is nothing that it says.
fn at_a_time(simulated: bool) -> usize {
    if simulated { 1 } else { AT_ONCE }
}

impl<T: Listed + Send + Sync> List<T> {
    /// Asks the same of each, several at a time and no more than two of one node: for what the API gives only one by one.
    /// What cannot be read is named by [`based_on`](crate::Page::based_on), with the reason; things of nodes that are
    /// offline are not asked.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let all = Pve::demo()?.guests()?.each(|guest| guest.snapshots());
    /// for (guest, snapshot) in all.items() {
    ///     println!("{}: {}", guest.name, snapshot.name);
    /// }
    /// assert!(all.gaps()[1].contains("node pve4 is offline"));
    /// # Ok(()) }
    /// ```
    pub fn each<U: Source + Send>(&self, ask: impl Fn(&T) -> Result<U, Error> + Sync) -> Each<T, U> {
        let since = Instant::now();
        let mut unread = Unread::default();
        let mut asked = Vec::with_capacity(self.len());
        for item in self {
            match item.out_of_reach() {
                Some(why) => unread.add(item.told().raw(), why.raw().to_owned()),
                None => asked.push(item),
            }
        }
        let mut known = Vec::with_capacity(asked.len());
        let (mut evidence, mut is_hidden): (Option<Evidence>, bool) = (None, false);
        let answers = at_once(&asked, T::NOUN.1, !self.provenance().is_live(), ask);
        for (item, answer) in asked.into_iter().zip(answers) {
            match answer {
                Ok(found) => {
                    let more = found.evidence();
                    evidence = Some(match evidence {
                        Some(evidence) => together(evidence, more),
                        None => more,
                    });
                    known.push((item.clone(), found));
                }
                Err(error) => {
                    is_hidden |= matches!(error, Error::NotPermitted { .. });
                    match reason(&error) {
                        Some(why) => unread.add(item.told().raw(), why),
                        None => unread.odd(item.told().raw(), &error),
                    }
                }
            }
        }
        let mut all = self.evidence();
        if let Some(mut read) = evidence {
            if let (Some(one), more @ 1..) = (read.provenance.calls.pop(), known.len().saturating_sub(1)) {
                let alike = format!("{} and {}", one.raw(), count(more, ("like it", "like it")));
                read.provenance.calls.push(alike.into());
            }
            read.provenance = read.provenance.together_since(since);
            all = all.and(&read);
        }
        for words in unread.said(T::NOUN) {
            all.sight = all.sight.and(if is_hidden { Sight::hidden(words) } else { Sight::part(words) });
        }
        Each { known, evidence: all }
    }
}

/// The first call stands for all, and a remark that several make is made once.
fn together(one: Evidence, other: Evidence) -> Evidence {
    let (known, more) = (one.provenance, other.provenance);
    let (at, took) = (known.at.max(more.at), known.took + more.took);
    let provenance = Provenance { at, took, from_memory: known.from_memory.max(more.from_memory), ..known };
    Evidence { provenance, sight: one.sight.and(other.sight) }
}

/// A reason that several may share.
fn reason(error: &Error) -> Option<String> {
    match error {
        Error::NotPermitted { privilege: Some(privilege), identity, .. } => {
            Some(format!("{} lacks {} on them", identity.raw(), privilege.raw()))
        }
        Error::NodeUnreachable { node, .. } => Some(format!("node {} cannot be reached", node.raw())),
        _ => None,
    }
}

/// The answers in the order of the things, asked by a few threads that end with this.
fn at_once<T: Sync, U: Send>(
    items: &[&T],
    what: &str,
    simulated: bool,
    ask: impl Fn(&T) -> Result<U, Error> + Sync,
) -> Vec<Result<U, Error>> {
    let (next, ask, since) = (&AtomicUsize::new(0), &ask, Instant::now());
    let mut answers: Vec<Option<Result<U, Error>>> = items.iter().map(|_| None).collect();
    let (send, come) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..at_a_time(simulated).min(items.len()) {
            let send = send.clone();
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    if send.send((at, ask(item))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let mut progress = Progress::new(what, items.len());
        let mut open = items.len();
        loop {
            match come.recv_timeout(progress.due().saturating_sub(since.elapsed()).max(Duration::from_millis(1))) {
                Ok((at, answer)) => {
                    answers[at] = Some(answer);
                    open -= 1;
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            let line = progress.line_at(since.elapsed(), open).filter(|_| !simulated);
            line.iter().for_each(|line| say(line));
        }
    });
    // A thread that panicked has ended this already.
    answers.into_iter().flatten().collect()
}

impl<T, U> Each<T, U> {
    /// One after the other: the thing, and what it has.
    pub fn iter(&self) -> std::slice::Iter<'_, (T, U)> {
        self.known.iter()
    }

    /// How many could be asked.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none could be asked.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// What is missing, in sentences.
    pub fn gaps(&self) -> Vec<Text> {
        self.evidence.gaps()
    }
}

impl<T: Clone, V: Clone> Each<T, List<V>> {
    /// Where each thing has a list: every item of every list, beside whose it is.
    pub fn items(&self) -> Vec<(T, V)> {
        self.known.iter().flat_map(|(item, list)| list.iter().map(|found| (item.clone(), found.clone()))).collect()
    }
}

impl<T: Clone, V: Listed> Each<T, List<V>> {
    /// The same as one list, which can be filtered and asked further, and says what is missing from it.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let storages = Pve::demo()?.nodes()?.each(|node| node.storages()).together();
    /// assert!(storages.any(|storage| storage.node == "pve2"));
    /// assert_eq!(storages.is_complete(), Some(false)); // pve4 is offline
    /// # Ok(()) }
    /// ```
    pub fn together(&self) -> List<V> {
        let items = self.items().into_iter().map(|(_, found)| found).collect();
        let Evidence { provenance, sight } = self.evidence.clone();
        let title = format!("All {}", V::NOUN.1).into();
        List::new(items, About { title, question: Text::default(), sight, provenance, of: None })
    }
}

impl<T: Listed, U> View for Each<T, U> {
    fn page(&self) -> Page {
        Page::new(format!("What each of the {} told", T::NOUN.1))
            .answer(
                format!("{} told it", count(self.len(), T::NOUN)),
                "; .iter() goes through them, .items() through what is in their lists, and .together() makes one list of it.",
            )
            .based_on(self)
    }
}

impl<T, U> Source for Each<T, U> {
    fn evidence(&self) -> Evidence {
        self.evidence.clone()
    }
}

impl<'a, T, U> IntoIterator for &'a Each<T, U> {
    type Item = &'a (T, U);
    type IntoIter = std::slice::Iter<'a, (T, U)>;
    fn into_iter(self) -> Self::IntoIter {
        self.known.iter()
    }
}

impl<T, U> IntoIterator for Each<T, U> {
    type Item = (T, U);
    type IntoIter = std::vec::IntoIter<(T, U)>;
    fn into_iter(self) -> Self::IntoIter {
        self.known.into_iter()
    }
}
