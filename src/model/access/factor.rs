//! Second factors: what a user must show besides the password.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::record::{Ask, Origin, record};
use crate::model::words::words;
use crate::page::{Cell, State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Moment, Reading};

words! {
    /// What kind of second factor it is.
    pub enum FactorKind {
        /// A code that a device computes from the time.
        Totp = "totp",
        /// A key that the browser asks for.
        Webauthn = "webauthn",
        /// A key of the older kind.
        U2f = "u2f",
        /// A key that types a code.
        Yubico = "yubico",
        /// Codes on paper, each good for once.
        Recovery = "recovery",
    }
}

fields! {
    /// A second factor, from `/access/tfa/{userid}`.
    #[derive(Clone)]
    pub struct SecondFactor {
        /// The word that the API's paths take for it.
        pub id: Text,
        /// What kind it is.
        #[field("type")]
        pub kind: Reading<FactorKind>,
        /// What its user calls it.
        pub description: Option<Text>,
        /// When it was set up.
        pub created: Reading<Moment>,
        /// Whether it is accepted; one that does not say so is.
        #[field(loose::not_no)]
        pub enable: bool,
        #[field(skip)]
        origin: Origin,
    }
}

record!(SecondFactor: "/access/tfa/{userid}", "/access/tfa/{userid}/{id}");

impl Listed for SecondFactor {
    const NOUN: (&'static str, &'static str) = ("second factor", "second factors");

    fn columns() -> Vec<Column<SecondFactor>> {
        vec![
            column!("Kind", |f: &SecondFactor| f.kind.clone()),
            column!("State", |f: &SecondFactor| match f.enable {
                true => State::new(Tone::Good, "accepted"),
                false => State::new(Tone::Off, "disabled"),
            }),
            column!("Called", |f: &SecondFactor| f.description.clone()),
            column!("Since", |f: &SecondFactor| f.created),
            column!("Id", |f: &SecondFactor| Cell::Code(f.id.clone())),
        ]
    }

    fn summary(factors: &[SecondFactor]) -> (String, String) {
        let rest = match factors.iter().filter(|factor| factor.enable).count() {
            0 => ": the password alone is enough, unless the realm asks for more.",
            n if n < factors.len() => ", not all of them accepted.",
            _ => ".",
        };
        (count(factors.len(), SecondFactor::NOUN), rest.into())
    }
}

fields! {
    /// A user's second factors in the list of all, from `/access/tfa`. A user without any is not in that list. Of others
    /// than oneself the server shows those in groups on which one holds User.Modify or Sys.Audit; with either on
    /// `/access/groups`, everyone.
    #[derive(Clone, Default)]
    pub struct UserFactors {
        /// Whose: `alice@pve`.
        pub userid: Text,
        /// The factors.
        #[field(loose::each)]
        pub entries: Vec<SecondFactor>,
        /// Whether one-time codes are refused after too many wrong ones.
        #[field("totp-locked", loose::yes)]
        pub totp_locked: bool,
        /// Until when every factor is refused after too many wrong ones.
        #[field("tfa-locked-until", loose::optional)]
        pub tfa_locked_until: Option<Moment>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(UserFactors: "/access/tfa");

impl UserFactors {
    pub(crate) fn list(session: &Session) -> Result<List<UserFactors>, Error> {
        Ask::new(session, "/access/tfa")
            .titled("Second factors")
            .question("Who must show more than a password?")
            .gated_by("users with a second factor", &["User.Modify", "Sys.Audit"], "/access/groups")
            .remark("A user without a second factor does not stand here, but in the list of all users.")
            .list_with(|user: &mut UserFactors| {
                let origin = user.origin.part();
                user.entries.iter_mut().for_each(|factor| factor.origin = origin.clone());
            })
    }

    /// Whether the password alone is not enough.
    pub fn is_protected(&self) -> bool {
        self.entries.iter().any(|factor| factor.enable)
    }

    /// Whether a lock holds after too many wrong codes.
    pub fn is_locked(&self) -> bool {
        let now = self.origin.session().map_or_else(|_| Moment::now(), Session::now);
        self.totp_locked || self.tfa_locked_until.is_some_and(|until| until > now)
    }

    fn state(&self) -> State {
        match () {
            () if self.is_locked() => State::new(Tone::Held, "locked"),
            () if self.is_protected() => State::new(Tone::Good, "protected"),
            () => State::new(Tone::Off, "password alone"),
        }
    }

    fn kinds(&self) -> String {
        let words: Vec<String> = self
            .entries
            .iter()
            .map(|factor| format!("{}{}", factor.kind, if factor.enable { "" } else { " (disabled)" }))
            .collect();
        words.join(", ")
    }
}

impl Listed for UserFactors {
    const NOUN: (&'static str, &'static str) = ("user with second factors", "users with second factors");

    fn columns() -> Vec<Column<UserFactors>> {
        vec![
            column!("User", |u: &UserFactors| u.userid.clone()),
            column!("State", UserFactors::state).by("totp_locked tfa_locked_until entries", "locked after too many wrong codes; else protected, where at least one factor is accepted; else a password is enough"),
            column!("Factors", UserFactors::kinds).by("entries", "the kind of each, with those that are disabled marked"),
            column!("Locked until", |u: &UserFactors| u.tfa_locked_until),
        ]
    }

    fn summary(users: &[UserFactors]) -> (String, String) {
        let locked: Vec<String> =
            users.iter().filter(|user| user.is_locked()).map(|user| user.userid.to_string()).collect();
        let rest = if locked.is_empty() { ".".into() } else { format!("; locked: {}.", locked.join(", ")) };
        (count(users.len(), UserFactors::NOUN), rest)
    }
}
