//! A user: who may log in, until when, in which groups, with which tokens.

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::Value;

use crate::error::Error;
use crate::loose;
use crate::model::access::factor::{SecondFactor, UserFactors};
use crate::model::access::realm::{Realm, RealmKind};
use crate::model::access::token::ApiToken;
use crate::model::access::valid_until::ValidUntil;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::record::{Ask, Origin, record, segment};
use crate::model::together::joined;
use crate::page::{Cell, State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Moment, Reading};

fields! {
    /// A user, from `/access/users?full=1`. Of others than oneself the server shows those in groups on which one holds
    /// User.Modify or Sys.Audit; with either on `/access/groups`, everyone.
    #[derive(Clone, Default)]
    pub struct User {
        /// Name and realm: `alice@pve`.
        pub userid: Text,
        /// Whether the account may be used.
        pub enable: Reading<bool>,
        /// Until when it may be used: seconds since 1970 began, 0 for ever.
        pub expire: Reading<ValidUntil>,
        /// First name.
        pub firstname: Option<Text>,
        /// Last name.
        pub lastname: Option<Text>,
        /// Where notifications go.
        pub email: Option<Text>,
        /// What an administrator noted.
        pub comment: Option<Text>,
        /// The groups that the user belongs to.
        #[field(loose::words)]
        pub groups: Vec<Text>,
        /// API tokens in the user's name. Their secrets are known to nobody but their holders.
        #[field(tokens)]
        pub tokens: Vec<ApiToken>,
        /// Whether a second factor of the old kind is set with the account. What it is set to is not kept.
        #[field("keys", loose::is_set)]
        pub has_keys: bool,
        /// The kind of realm that checks the password: `pam`, `pve`, `ldap`, ...
        #[field("realm-type")]
        pub realm_type: Option<Text>,
        /// Whether one-time codes are refused after too many wrong ones.
        #[field("totp-locked", loose::yes)]
        pub totp_locked: bool,
        /// Until when every second factor is refused after too many wrong ones.
        #[field("tfa-locked-until", loose::optional)]
        pub tfa_locked_until: Option<Moment>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(User: "/access/users", "/access/users/{userid}");

/// Tokens as a list of objects, or as an object by their names.
fn tokens<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<ApiToken>, D::Error> {
    let rows = match Value::deserialize(from)? {
        Value::Array(rows) => rows,
        Value::Object(by_name) => by_name
            .into_iter()
            .map(|(name, mut token)| {
                if let Value::Object(fields) = &mut token {
                    fields.insert("tokenid".into(), name.into());
                }
                token
            })
            .collect(),
        _ => Vec::new(),
    };
    Ok(rows.into_iter().filter_map(|row| serde_json::from_value(row).ok()).collect())
}

impl User {
    pub(crate) fn list(session: &Session) -> Result<List<User>, Error> {
        Ask::new(session, "/access/users")
            .with("full", "1")
            .titled("Users")
            .question("Who may log in, and in whose name do programs act?")
            .gated_by("users", &["User.Modify", "Sys.Audit"], "/access/groups")
            .list_with(User::introduce_tokens)
    }

    pub(crate) fn find(session: &Session, userid: &str) -> Result<User, Error> {
        User::list(session)?.named(userid, |user| user.userid.clone())
    }

    fn introduce_tokens(&mut self) {
        for token in &mut self.tokens {
            token.of(&self.userid, self.origin.part());
        }
    }

    /// Name and realm as a person reads them: `Alice Jones`, where a name is known.
    pub fn full_name(&self) -> Option<Text> {
        let words =
            [&self.firstname, &self.lastname].into_iter().flatten().map(Text::raw).filter(|word| !word.is_empty());
        let name = words.collect::<Vec<_>>().join(" ");
        (!name.is_empty()).then(|| name.into())
    }

    /// Whether the account has expired. An end that is not known has not come.
    pub fn is_expired(&self) -> bool {
        let now = self.origin.session().map_or_else(|_| Moment::now(), Session::now);
        self.expire.known().is_some_and(|end| end.is_over(now))
    }

    /// Whether the account may be used now: enabled and not expired, both known.
    pub fn is_active(&self) -> bool {
        self.enable == true && self.expire.is_known() && !self.is_expired()
    }

    /// Whether the password alone lets the user in: no second factor is accepted, and the realm neither asks for one of
    /// everyone nor signs on by itself. `None` where that cannot be told from what was seen.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let pve = Pve::demo()?;
    /// let (factors, realms) = (pve.second_factors()?, pve.realms()?);
    /// assert_eq!(pve.user("dora@pve")?.is_password_enough(&factors, &realms), Some(true));
    /// assert_eq!(pve.user("alice@pve")?.is_password_enough(&factors, &realms), Some(false));
    /// # Ok(()) }
    /// ```
    pub fn is_password_enough(&self, factors: &List<UserFactors>, realms: &List<Realm>) -> Option<bool> {
        let own = factors.any(|it| it.userid == self.userid && it.is_protected());
        let name = self.userid.raw().rsplit_once('@').map_or("", |(_, realm)| realm);
        let realm = realms.find(|realm| realm.realm == name);
        let asks = |realm: &Realm| realm.kind == RealmKind::Openid || realm.tfa.is_some();
        match realm {
            _ if own => Some(false),
            Some(realm) if asks(&realm) => Some(false),
            Some(realm) if realm.kind.is_known() && factors.is_complete() == Some(true) => Some(true),
            _ => None,
        }
    }

    /// The user's API tokens, from `/access/users/{userid}/token`, which needs User.Modify on one of the user's groups
    /// or being that user. Never their secrets.
    ///
    /// # Errors
    /// When the cluster cannot be read or the privilege is missing; the field of the same name needs less.
    pub fn tokens(&self) -> Result<List<ApiToken>, Error> {
        let userid = self.userid.clone();
        Ask::new(self.origin.session()?, format!("/access/users/{}/token", segment(&self.userid)))
            .titled(format!("API tokens of {}", self.userid.raw()))
            .question("Which programs may act in this user's name, until when, and with how much of the user's rights?")
            .list_with(|token: &mut ApiToken| token.userid = userid.clone())
    }

    /// The user's second factors, from `/access/tfa/{userid}`.
    ///
    /// # Errors
    /// When the cluster cannot be read, or it is another user and User.Modify and Sys.Audit are missing.
    pub fn second_factors(&self) -> Result<List<SecondFactor>, Error> {
        Ask::new(self.origin.session()?, format!("/access/tfa/{}", segment(&self.userid)))
            .titled(format!("Second factors of {}", self.userid.raw()))
            .question("What must this user show besides the password?")
            .list()
    }

    fn state(&self) -> Cell {
        match self.enable {
            Reading::Missing(why) => why.into(),
            Reading::Known(false) => State::new(Tone::Off, "disabled").into(),
            Reading::Known(true) if self.is_expired() => State::new(Tone::Off, "expired").into(),
            Reading::Known(true) if self.totp_locked || self.is_locked() => {
                State::new(Tone::Held, "second factor locked").into()
            }
            Reading::Known(true) => State::new(Tone::Good, "enabled").into(),
        }
    }

    fn is_locked(&self) -> bool {
        let now = self.origin.session().map_or_else(|_| Moment::now(), Session::now);
        self.tfa_locked_until.is_some_and(|until| until > now)
    }
}

impl Listed for User {
    const NOUN: (&'static str, &'static str) = ("user", "users");

    fn columns() -> Vec<Column<User>> {
        vec![
            column!("User", |u: &User| u.userid.clone()),
            column!("State", User::state).by(
                "enable expire totp_locked tfa_locked_until",
                "disabled; else expired; else locked after too many wrong codes; else enabled",
            ),
            column!("Name", User::full_name).by("firstname lastname", "the two in a row"),
            column!("Groups", |u: &User| joined(&u.groups)),
            column!("Tokens", |u: &User| joined(&u.tokens.iter().map(|t| t.tokenid.clone()).collect::<Vec<_>>())),
            column!("Expires", |u: &User| u.expire),
            column!("Comment", |u: &User| u.comment.clone()),
        ]
    }

    fn summary(users: &[User]) -> (String, String) {
        let off = users.iter().filter(|user| user.enable == false || user.is_expired()).count();
        let tokens: usize = users.iter().map(|user| user.tokens.len()).sum();
        let off = if off == 0 { String::new() } else { format!(", {off} of them disabled or expired") };
        let tokens = if tokens == 0 { String::new() } else { format!("; with {}", count(tokens, ApiToken::NOUN)) };
        (count(users.len(), User::NOUN), format!("{off}{tokens}."))
    }
}
