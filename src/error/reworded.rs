//! The same error in other words: for an audience that is not to see all that stands in it.

use super::Error;
use crate::text::Text;

impl Error {
    /// The same with this done to whatever was said elsewhere.
    pub(crate) fn reworded(&self, say: &mut dyn FnMut(&Text) -> Text) -> Error {
        let mut error = self.clone();
        let fields = |fields: &mut Vec<(Text, Text)>, say: &mut dyn FnMut(&Text) -> Text| {
            fields.iter_mut().for_each(|(field, wrong)| (*field, *wrong) = (say(field), say(wrong)));
        };
        let each = |texts: &mut [&mut Text], say: &mut dyn FnMut(&Text) -> Text| {
            texts.iter_mut().for_each(|text| **text = say(text));
        };
        match &mut error {
            Error::Setup { what, next } | Error::NotFound { what, next } => each(&mut [what, next], say),
            Error::NotConnected { endpoint, why, next } => each(&mut [endpoint, why, next], say),
            Error::Untrusted { endpoint, why, presented, next } => {
                each(&mut [endpoint, why, next], say);
                presented.iter_mut().for_each(|text| *text = say(text));
            }
            Error::ConnectionLost { endpoint, call, why, .. } => each(&mut [endpoint, call, why], say),
            Error::NotAuthenticated { identity, message, next } => each(&mut [identity, message, next], say),
            Error::NotPermitted { call, message, path, identity, .. } => {
                each(&mut [call, message, identity], say);
                path.iter_mut().for_each(|text| *text = say(text));
            }
            Error::Ambiguous { name, matches, next } => {
                each(&mut [name, next], say);
                matches.iter_mut().for_each(|text| *text = say(text));
            }
            Error::Parameters { call, message, fields: wrong }
            | Error::Refused { call, message, fields: wrong, .. } => {
                each(&mut [call, message], say);
                fields(wrong, say);
            }
            Error::Locked { call, message, .. } | Error::NoQuorum { call, message } => each(&mut [call, message], say),
            Error::NodeUnreachable { node, message } => each(&mut [node, message], say),
            Error::NotUnderstood { call, why, excerpt, next } => each(&mut [call, why, excerpt, next], say),
            Error::TaskFailed { what, exit, explanation, upid, log } => {
                each(&mut [what, exit, explanation, upid], say);
                log.iter_mut().for_each(|line| *line = say(line));
            }
            Error::OutcomeUnknown { what, why, next } | Error::NotRun { what, why, next } => {
                each(&mut [what, why, next], say);
            }
            Error::Overdue { what, upid, next, .. } => each(&mut [what, upid, next], say),
            Error::PartlyDone { what, failures, .. } => {
                *what = say(what);
                failures.iter_mut().for_each(|line| *line = say(line));
            }
            Error::NotApproved { approver, why, next } => each(&mut [approver, why, next], say),
            Error::Halted { what, because } => each(&mut [what, because], say),
            Error::NotRecorded { call, recording } => each(&mut [call, recording], say),
            Error::Required { what } => each(&mut [what], say),
        }
        error
    }
}
