//! What happened, on its way into the journal: nothing of it that is a secret gets there.

use crate::journal::{JournalCheck, JournalEntry};
use crate::secret::{is_secret, is_secret_parameter, shown_parameter};
use crate::text::Text;
use crate::units::Moment;
use crate::wire::Call;

/// The kinds of entries that this version writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A person allowed actions, and why.
    Armed,
    /// What is about to be done, with what was checked.
    Plan,
    /// A person goes on although a check failed, and why.
    Override,
    /// A second person agreed.
    Approved,
    /// The call is sent now.
    Sent,
    /// The task that it became.
    Task,
    /// What came of it.
    Outcome,
    /// It went wrong, or nobody knows how it went.
    Failed,
    /// It was not sent.
    Refused,
    /// Nothing more is sent.
    Halted,
    /// A person looked and goes on.
    HaltCleared,
    /// A runbook was opened, or a remark made in it.
    Runbook,
    /// A step of a runbook was tried.
    Step,
    /// Something was made to happen to a simulated cluster.
    Practised,
    /// The journal is kept in this file from here on.
    Begun,
    /// The journal goes on in another file, or comes from one.
    Moved,
    /// What a crash left before this line.
    Recovered,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Armed => "armed",
            Kind::Plan => "plan",
            Kind::Override => "override",
            Kind::Approved => "approved",
            Kind::Sent => "sent",
            Kind::Task => "task",
            Kind::Outcome => "outcome",
            Kind::Failed => "failed",
            Kind::Refused => "refused",
            Kind::Halted => "halted",
            Kind::HaltCleared => "halt cleared",
            Kind::Runbook => "runbook",
            Kind::Step => "step",
            Kind::Practised => "practised",
            Kind::Begun => "begun",
            Kind::Moved => "moved",
            Kind::Recovered => "recovered",
        }
    }
}

/// Something that happened.
pub(crate) struct Event {
    pub(crate) kind: Kind,
    what: Text,
    target: Option<Text>,
    call: Option<Call>,
    checks: Vec<JournalCheck>,
    upid: Option<Text>,
    detail: Text,
    signed: Option<(Text, Text)>,
}

/// What stands under `key`, `value` or `data` may be an ordinary word, which the lines that follow must not lose; from so
/// many letters on it is taken for a secret.
const LONG: usize = 8;

impl Event {
    /// Something of this kind, about this: the title of a plan, the reason of a person.
    pub(crate) fn new(kind: Kind, what: impl Into<Text>) -> Event {
        Event {
            kind,
            what: what.into(),
            target: None,
            call: None,
            checks: Vec::new(),
            upid: None,
            detail: Text::default(),
            signed: None,
        }
    }

    /// What the call acts on, as it was seen.
    pub(crate) fn target(self, target: impl Into<Text>) -> Event {
        Event { target: Some(target.into()), ..self }
    }

    /// The call. The values of parameters that are secrets stay out, here and wherever else the event repeats them.
    pub(crate) fn call(self, call: &Call) -> Event {
        Event { call: Some(call.clone()), ..self }
    }

    /// Something that was checked: its name, how it came out, why.
    pub(crate) fn check(mut self, name: &Text, verdict: impl Into<Text>, why: &Text) -> Event {
        self.checks.push(JournalCheck { name: name.clone(), verdict: verdict.into(), why: why.clone() });
        self
    }

    /// The task.
    pub(crate) fn upid(self, upid: impl Into<Text>) -> Event {
        Event { upid: Some(upid.into()), ..self }
    }

    /// What else there is to say.
    pub(crate) fn detail(self, detail: impl Into<Text>) -> Event {
        Event { detail: detail.into(), ..self }
    }

    /// What was signed, and its signature.
    pub(crate) fn signed(self, text: impl Into<Text>, signature: impl Into<Text>) -> Event {
        Event { signed: Some((text.into(), signature.into())), ..self }
    }

    /// The secrets among the parameters, which nothing that follows may repeat.
    pub(crate) fn secrets(&self) -> Vec<(String, String)> {
        let params = self.call.iter().flat_map(|call| &call.params);
        let hides = |key: &str, value: &str| is_secret(key) || is_secret_parameter(key) && value.trim().len() >= LONG;
        params.filter(|(key, value)| hides(key, value)).cloned().collect()
    }

    /// As it stands in the journal.
    pub(crate) fn entry(self, at: Moment, cluster: Text, identity: Text, session: Text) -> JournalEntry {
        let params = self.call.as_ref().map(|call| call.params.clone()).unwrap_or_default();
        let (signed, signature) = self.signed.unzip();
        let entry = JournalEntry {
            at,
            cluster,
            identity,
            session,
            kind: self.kind.word().into(),
            what: self.what,
            target: self.target,
            call: self.call.as_ref().map(|call| format!("{} {}", call.method, call.path).into()),
            parameters: params.iter().map(|(key, value)| (key.into(), shown_parameter(key, value).into())).collect(),
            checks: self.checks,
            upid: self.upid,
            detail: self.detail,
            signed,
            signature,
            torn: None,
        };
        entry.without(&params)
    }
}
