//! The second factor of a login: which kinds are wanted, and the code that meets one. Knows the form of a challenge and
//! of codes; asks nobody itself.
//!
//! A code opens a door once. What a browser has to sign (WebAuthn, U2F) cannot be done here.

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::error::Error;
use crate::text::Text;

/// Asks a person for a code, with this prompt; "" when nobody answers.
pub(crate) type Ask = Arc<dyn Fn(&str) -> SecretString + Send + Sync>;

/// Where a code comes from, should one be wanted.
#[derive(Clone)]
pub(super) enum Second {
    /// From nowhere.
    None,
    /// It was given beforehand.
    Code(Code),
    /// Somebody is asked.
    Ask(Ask),
}

/// A code of a kind that can be typed.
#[derive(Clone)]
pub(crate) struct Code {
    kind: Kind,
    /// As the API takes it: `totp:123456`.
    word: SecretString,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Totp,
    Recovery,
}

impl Kind {
    fn said(self) -> &'static str {
        match self {
            Kind::Totp => "a code of an authenticator app (TOTP)",
            Kind::Recovery => "a recovery code",
        }
    }
}

impl Code {
    /// What an authenticator app shows: six to eight digits.
    pub(crate) fn totp(code: &SecretString) -> Result<Code, Error> {
        let digits: String = code.expose_secret().chars().filter(|c| !c.is_whitespace()).collect();
        if !(6..=8).contains(&digits.len()) || !digits.chars().all(|c| c.is_ascii_digit()) {
            return Err(Error::setup(
                "The code of the authenticator app is none",
                "It has six digits, such as 123456; a recovery code is given by .recovery_code(..)",
            ));
        }
        Ok(Code { kind: Kind::Totp, word: format!("totp:{digits}").into() })
    }

    /// One of the codes that were shown once, to be kept on paper: four groups of four letters and digits.
    pub(crate) fn recovery(code: &SecretString) -> Result<Code, Error> {
        let code = code.expose_secret().to_ascii_lowercase();
        let digits: Vec<char> = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        if digits.len() != 16 || !digits.iter().all(char::is_ascii_hexdigit) {
            return Err(Error::setup(
                "The recovery code is none",
                "It has four groups of four, such as 1a2b-3c4d-5e6f-7081; six digits are a code of an authenticator app: \
                 .otp(\"123456\")",
            ));
        }
        let groups: Vec<String> = digits.chunks(4).map(|group| group.iter().collect()).collect();
        Ok(Code { kind: Kind::Recovery, word: format!("recovery:{}", groups.join("-")).into() })
    }

    /// Whichever of the two it looks like.
    pub(crate) fn either(code: &SecretString) -> Result<Code, Error> {
        let length = code.expose_secret().chars().filter(char::is_ascii_alphanumeric).count();
        if length > 8 { Code::recovery(code) } else { Code::totp(code) }
    }

    pub(super) fn word(&self) -> &SecretString {
        &self.word
    }
}

/// A server's demand for a second factor.
pub(crate) struct Challenge {
    /// What it is answered with, together with the code.
    ticket: SecretString,
    /// What the account has, where that could be read.
    kinds: Option<Kinds>,
}

struct Kinds {
    totp: bool,
    /// How many recovery codes are left.
    recovery: usize,
    /// Those that cannot be typed here.
    others: Vec<&'static str>,
}

impl Challenge {
    const MARK: &str = "PVE:!tfa!";

    /// Whether a ticket is a demand for more.
    pub(super) fn is(ticket: &str) -> bool {
        ticket.starts_with(Challenge::MARK)
    }

    /// Reads `PVE:!tfa!<JSON, percent-encoded>:<time>::<signature>`.
    pub(super) fn read(ticket: SecretString) -> Challenge {
        let inside = ticket.expose_secret().strip_prefix(Challenge::MARK).and_then(|rest| rest.split(':').next());
        let json = inside.and_then(|inside| percent_decode_str(inside).decode_utf8().ok());
        let kinds = json.and_then(|json| serde_json::from_str::<Value>(&json).ok()).map(|all| Kinds {
            totp: is_there(&all["totp"]),
            recovery: match &all["recovery"] {
                Value::Array(left) => left.len(),
                other => usize::from(is_there(other) && *other != "unavailable"),
            },
            others: [("webauthn", "WebAuthn"), ("u2f", "U2F"), ("yubico", "Yubico OTP")]
                .into_iter()
                .filter_map(|(key, name)| is_there(&all[key]).then_some(name))
                .collect(),
        });
        Challenge { ticket, kinds }
    }

    pub(super) fn ticket(&self) -> &SecretString {
        &self.ticket
    }

    /// Where nothing could be read, the server is left to judge.
    fn takes(&self, kind: Kind) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| match kind {
            Kind::Totp => kinds.totp,
            Kind::Recovery => kinds.recovery > 0,
        })
    }

    /// What can be typed, in words; nothing where the account has only other kinds.
    fn typed(&self) -> String {
        let kinds = [Kind::Totp, Kind::Recovery].into_iter().filter(|kind| self.takes(*kind)).map(|kind| match kind {
            Kind::Recovery => match self.kinds.as_ref().map(|kinds| kinds.recovery) {
                Some(left) => format!("{} ({left} left)", kind.said()),
                None => kind.said().to_owned(),
            },
            Kind::Totp => kind.said().to_owned(),
        });
        kinds.collect::<Vec<_>>().join(" or ")
    }

    fn others(&self) -> String {
        match &self.kinds {
            Some(kinds) if !kinds.others.is_empty() => kinds.others.join(" and "),
            _ => "of no kind that is known here".to_owned(),
        }
    }
}

fn is_there(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && *value != 0 && *value != ""
}

const BY_TOKEN: &str = "an API token needs no second factor (Datacenter, Permissions, API Tokens)";

impl Second {
    /// The code that a challenge is met with.
    pub(super) fn code_for(&self, challenge: &Challenge, user: &Text) -> Result<Code, Error> {
        let refused = |message: String, next: String| Error::NotAuthenticated {
            identity: user.clone(),
            message: message.into(),
            next: next.into(),
        };
        let wanted = challenge.typed();
        if wanted.is_empty() {
            return Err(refused(
                format!(
                    "the password is right, but a second factor is asked for, and the account's own is {}, which takes a \
                     browser",
                    challenge.others()
                ),
                format!(
                    "A code of an authenticator app (TOTP) or a recovery code could be given here: add one to the account \
                     under Datacenter, Permissions, Two Factor; or {BY_TOKEN}"
                ),
            ));
        }
        let code = match self {
            Second::None => {
                return Err(refused(
                    format!("the password is right, but a second factor is asked for: {wanted}"),
                    format!(
                        "Give it after the password, .otp(\"…\") or .recovery_code(\"…\"), or as PVE_OTP; \
                         .ask_password(..) asks for it; or {BY_TOKEN}"
                    ),
                ));
            }
            Second::Code(code) => code.clone(),
            // The kernel cuts a prompt at a colon.
            Second::Ask(ask) => match ask(&format!("Second factor of {user}, {wanted} ")) {
                nothing if nothing.expose_secret().trim().is_empty() => {
                    return Err(refused(
                        format!("the password is right, but no code was given: {wanted}"),
                        format!("Connect again and give one; or {BY_TOKEN}"),
                    ));
                }
                code => Code::either(&code)?,
            },
        };
        if challenge.takes(code.kind) {
            return Ok(code);
        }
        Err(refused(
            format!("the password is right, but {} was given, and asked for is {wanted}", code.kind.said()),
            "Nothing was used up. Connect again with the other".to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests;
