//! One entry of a journal, as it is written and read.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::secret::unrepeated;
use crate::text::Text;
use crate::units::Moment;

/// One line of a journal: what was done or decided, by whom, when.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JournalEntry {
    /// When, by the cluster's clock.
    #[serde(with = "rfc3339")]
    pub at: Moment,
    /// On which cluster.
    pub cluster: Text,
    /// As whom it was asked.
    pub identity: Text,
    /// In which session.
    pub session: Text,
    /// What kind of entry it is: `armed`, `plan`, `sent`, `outcome`, `failed`, …
    pub kind: Text,
    /// What it is about: the title of a plan, the reason of a person.
    pub what: Text,
    /// What the call acts on, as it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Text>,
    /// Method and path of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Text>,
    /// Its parameters; in the place of a secret stands that it is not shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<(Text, Text)>,
    /// What was checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<JournalCheck>,
    /// The task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upid: Option<Text>,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub detail: Text,
    /// What an approver signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Text>,
    /// The signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Text>,
    /// Bytes that a crash left before this line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) torn: Option<Torn>,
}

/// Something that was looked at before acting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JournalCheck {
    /// Its name.
    pub name: Text,
    /// How it came out: `passed`, `failed`, `not known`, `overridden: why`.
    pub verdict: Text,
    /// Why, in a sentence.
    pub why: Text,
}

/// The remains of a line that was never finished, which stay where they are: how many bytes, and their hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Torn {
    pub(crate) bytes: usize,
    pub(crate) sha256: String,
}

impl JournalEntry {
    /// The same without the secrets among these parameters, which words of a server may repeat.
    pub(super) fn without(self, params: &[(String, String)]) -> JournalEntry {
        let clean = |text: Text| Text::from(unrepeated(text.raw(), params));
        let check =
            |check: JournalCheck| JournalCheck { verdict: clean(check.verdict), why: clean(check.why), ..check };
        JournalEntry {
            what: clean(self.what),
            target: self.target.map(clean),
            checks: self.checks.into_iter().map(check).collect(),
            detail: clean(self.detail),
            ..self
        }
    }

    /// Everything but what it is about, in a line: what the entries before it do not say already.
    pub(super) fn told(&self) -> Text {
        let parameters = self.parameters.iter().map(|(key, value)| format!(" {}={}", key.raw(), value.raw()));
        let call = self.call.iter().filter(|_| matches!(self.kind.raw(), "sent" | "refused"));
        let call = call.map(|call| call.raw().to_owned() + &parameters.clone().collect::<String>());
        let target = self.target.iter().map(|target| target.raw().to_owned());
        let (passed, others): (Vec<_>, Vec<_>) = self.checks.iter().partition(|check| check.verdict == "passed");
        let passed = match passed.len() {
            0 => None,
            1 => Some("1 check passed".to_owned()),
            number => Some(format!("{number} checks passed")),
        };
        let others = others.into_iter().map(|check| format!("{}: {}", check.name.raw(), check.verdict.raw()));
        let rest = self.upid.iter().chain(Some(&self.detail).filter(|detail| !detail.is_blank()));
        let parts = call.chain(target).chain(passed).chain(others).chain(rest.map(|text| text.raw().to_owned()));
        parts.collect::<Vec<_>>().join(" · ").into()
    }
}

impl fmt::Debug for JournalEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JournalEntry({} {}: {})", self.at, self.kind, self.what.brief(60))
    }
}

fn is_empty(text: &Text) -> bool {
    text.raw().is_empty()
}

/// Moments as everybody writes them: `2026-01-15T09:00:00Z`.
mod rfc3339 {
    use std::time::UNIX_EPOCH;

    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::units::Moment;

    pub(super) fn serialize<S: Serializer>(at: &Moment, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&at.written())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Moment, D::Error> {
        let written = String::deserialize(from)?;
        let time = humantime::parse_rfc3339(&written).map_err(de::Error::custom)?;
        let since = time.duration_since(UNIX_EPOCH).map_err(de::Error::custom)?;
        Ok(Moment::from_unix(i64::try_from(since.as_secs()).map_err(de::Error::custom)?))
    }
}

/// The very string.
impl Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.raw())
    }
}
