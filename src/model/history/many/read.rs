//! Reads the histories of many things, a part of them at a time, and keeps little of each.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Histories;
use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::history::measure::Measure;
use crate::model::history::point::{self, Point};
use crate::model::history::{Source, Span};
use crate::model::list::List;
use crate::model::node::Node;
use crate::model::together::from_many;
use crate::model::unread::Unread;
use crate::page::Provenance;
use crate::render::{Points, Summary, thinned};
use crate::session::Answer;
use crate::text::Text;

/// As many points of each are kept; what they amount to is from all.
const KEPT: usize = 80;
/// As many answers are held at once: one of a day is nearly a megabyte.
const AT_ONCE: usize = 40;

/// What is kept of a history, or why there is none.
pub(super) struct Load {
    pub(super) called: Text,
    pub(super) what: Text,
    /// One for each measure.
    pub(super) measured: Result<Vec<Measured>, Text>,
}

/// One measure: few points, and what all of them amount to.
pub(super) struct Measured {
    pub(super) points: Points,
    pub(super) summary: Option<Summary>,
    pub(super) missing: (usize, usize),
    pub(super) whole: Option<String>,
}

impl Measured {
    fn of(measure: Measure, all: &[Point]) -> Measured {
        let points = measure.points(all);
        let missing = points.iter().filter(|(_, number)| number.is_none()).count();
        Measured {
            summary: Summary::of(&points),
            missing: (missing, points.len()),
            whole: measure.whole(all),
            points: thinned(&points, KEPT),
        }
    }
}

/// What kind of things are read: their nouns, the privilege that it takes, and the call.
struct Kind {
    noun: (&'static str, &'static str),
    privilege: &'static str,
    call: &'static str,
}

const GUESTS: Kind =
    Kind { noun: ("guest", "guests"), privilege: "VM.Audit", call: "GET /nodes/{node}/{type}/{vmid}/rrddata" };
const NODES: Kind = Kind { noun: ("node", "nodes"), privilege: "Sys.Audit", call: "GET /nodes/{node}/rrddata" };

impl List<Guest> {
    /// How these guests were loaded, read in parallel from `/nodes/{node}/{qemu|lxc}/{vmid}/rrddata`: one call a guest.
    /// Those that cannot be read are told with the reason. A day comes in 1,440 points each, and an hour in 60: of many
    /// hundred guests, an hour or a week is read far sooner.
    ///
    /// # Errors
    /// When none of them can be read.
    pub fn histories(&self, span: Span) -> Result<Histories, Error> {
        let sources = self.iter().map(Source::of_guest).collect();
        read(sources, span, &GUESTS, self.provenance())
    }
}

impl List<Node> {
    /// How these nodes were loaded, read in parallel from `/nodes/{node}/rrddata`. Those that cannot be read are told with
    /// the reason.
    ///
    /// # Errors
    /// When none of them can be read.
    pub fn histories(&self, span: Span) -> Result<Histories, Error> {
        let sources = self.iter().map(Source::of_node).collect();
        read(sources, span, &NODES, self.provenance())
    }
}

fn read(sources: Vec<Source>, span: Span, kind: &Kind, list: Provenance) -> Result<Histories, Error> {
    let all = sources.len();
    let (mut loads, mut unread, mut from) = (BTreeMap::new(), Unread::default(), Provenance::default());
    let (mut any, mut first) = (false, None);
    for (n, part) in sources.chunks(AT_ONCE).enumerate() {
        let Some(session) = part.first().map(|source| &source.session) else { continue };
        let calls = part.iter().map(|source| source.call(span.word())).collect();
        let what = match all <= AT_ONCE {
            true => "histories".to_owned(),
            false => format!("histories {} to {} of {all}", n * AT_ONCE + 1, n * AT_ONCE + part.len()),
        };
        let mut answers: Vec<Answer> = Vec::new();
        for (source, answer) in part.iter().zip(session.ask_all(&what, calls)) {
            let measured = match answer.and_then(|answer| Ok((point::all_in(&answer)?, answer))) {
                Ok((points, answer)) => {
                    answers.push(answer);
                    Ok(Measure::ALL.map(|measure| Measured::of(measure, &points)).into())
                }
                Err(error) => {
                    let why = note(&mut unread, source, &error, kind.privilege);
                    first.get_or_insert(error);
                    Err(why)
                }
            };
            any |= measured.is_ok();
            let (called, what) = (source.called.clone(), source.what.clone());
            loads.insert(source.place.clone(), Load { called, what, measured });
        }
        let calls = format!("{}?timeframe={} of {}", kind.call, span.word(), kind.noun.1);
        let these = from_many(session, &answers, calls);
        let (took, at) = (from.took + these.took, from.at.max(these.at));
        from = Provenance { took, at, from_memory: from.from_memory.max(these.from_memory), ..these };
    }
    match first {
        Some(error) if !any => Err(error),
        _ => Ok(Histories { span, noun: kind.noun, loads: Arc::new(loads), unread, provenance: list.and(&from) }),
    }
}

/// Keeps that one could not be read; gives the reason.
fn note(unread: &mut Unread, source: &Source, error: &Error, privilege: &str) -> Text {
    let id = source.id.as_str();
    let shared = match error {
        Error::NotPermitted { .. } => format!("{} lacks {privilege} on them", source.session.identity().raw()),
        Error::NodeUnreachable { node, .. } => format!("node {node} cannot be reached"),
        _ => {
            unread.odd(id, error);
            return error.to_string().into();
        }
    };
    unread.add(id, shared.clone());
    shared.into()
}
