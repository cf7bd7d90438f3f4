//! An API token: a program's own key to a user's account. The API gives its secret once, when it is made, and never
//! here.

use crate::error::Error;
use crate::model::access::user::User;
use crate::model::access::valid_until::ValidUntil;
use crate::model::fields::fields;
use crate::model::list::{About, Column, List, Listed, column, count};
use crate::model::record::{Origin, record};
use crate::page::{Cell, State, Tone};
use crate::session::Session;
use crate::text::Text;
use crate::units::{Moment, Reading};

fields! {
    /// An API token, from `/access/users?full=1` or `/access/users/{userid}/token`.
    #[derive(Clone, Default)]
    pub struct ApiToken {
        /// Whose it is: `alice@pve`. The answer leaves it to its path.
        #[field(skip, "the path of the call")]
        pub userid: Text,
        /// Its name among the user's tokens.
        pub tokenid: Text,
        /// What it is for.
        pub comment: Option<Text>,
        /// Until when it is valid: seconds since 1970 began, 0 for ever.
        pub expire: Reading<ValidUntil>,
        /// Whether it has only the rights that were granted to it and that its user has; otherwise it has all of the
        /// user's.
        pub privsep: Reading<bool>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(ApiToken: "/access/users/{userid}/token", "/access/users/{userid}/token/{tokenid}");

impl ApiToken {
    /// The tokens of all users, from `/access/users?full=1`.
    pub(crate) fn of_all(session: &Session) -> Result<List<ApiToken>, Error> {
        let users = User::list(session)?;
        let tokens = users.iter().flat_map(|user| user.tokens.iter().cloned()).collect();
        let about = About {
            title: "API tokens".into(),
            question: "Which programs may act in whose name, until when, and with how much of the user's rights?"
                .into(),
            sight: users.sight(),
            provenance: users.provenance(),
            of: None,
        };
        Ok(List::new(tokens, about))
    }

    pub(crate) fn of(&mut self, userid: &Text, origin: Origin) {
        self.userid = userid.clone();
        self.origin = origin;
    }

    /// As it is written in logs and access lists: `alice@pve!deploy`.
    pub fn full_id(&self) -> Text {
        format!("{}!{}", self.userid.raw(), self.tokenid.raw()).into()
    }

    /// Whether it has expired. An end that is not known has not come.
    pub fn is_expired(&self) -> bool {
        let now = self.origin.session().map_or_else(|_| Moment::now(), Session::now);
        self.expire.known().is_some_and(|end| end.is_over(now))
    }

    /// Whether it has all the rights of its user.
    pub fn is_unlimited(&self) -> bool {
        self.privsep == false
    }

    fn rights(&self) -> Cell {
        match self.privsep {
            Reading::Known(true) => State::new(Tone::Good, "its own").into(),
            Reading::Known(false) => State::new(Tone::Held, "all of its user").into(),
            Reading::Missing(why) => why.into(),
        }
    }

    fn end(&self) -> Cell {
        if self.is_expired() {
            State::new(Tone::Off, format!("expired {}", self.expire)).into()
        } else {
            self.expire.into()
        }
    }
}

impl Listed for ApiToken {
    const NOUN: (&'static str, &'static str) = ("API token", "API tokens");

    fn columns() -> Vec<Column<ApiToken>> {
        vec![
            column!("Token", ApiToken::full_id)
                .by("userid tokenid", "the user, an exclamation mark, the token's own name"),
            column!("Rights", ApiToken::rights)
                .by("privsep", "1: only what was granted to the token itself; 0: all that its user has"),
            column!("Expires", ApiToken::end)
                .by("expire", "0 is never; an end that is past is said so, by the cluster's clock"),
            column!("Comment", |t: &ApiToken| t.comment.clone()),
        ]
    }

    fn summary(tokens: &[ApiToken]) -> (String, String) {
        let unlimited = tokens.iter().filter(|token| token.is_unlimited() && !token.is_expired()).count();
        let forever = tokens.iter().filter(|token| token.expire == ValidUntil::Never).count();
        let rest = match (unlimited, forever) {
            (0, 0) => ".".into(),
            (0, n) => format!(", {n} without an end."),
            (n, 0) => format!(", {n} with all the rights of their user."),
            (n, m) => format!(", {n} with all the rights of their user, {m} without an end."),
        };
        (count(tokens.len(), ApiToken::NOUN), rest)
    }
}
