//! Notifications: who is told, by which way, and of what.

use crate::error::Error;
use crate::loose;
use crate::model::cluster::gathered;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::record::{Ask, Origin, record};
use crate::model::together::joined;
use crate::page::{Cell, State, Tone};
use crate::secret::without_password;
use crate::session::Session;
use crate::text::Text;
use crate::units::Reading;

fn state(disable: bool) -> State {
    if disable { State::new(Tone::Off, "disabled") } else { State::new(Tone::Good, "enabled") }
}

fields! {
    /// Something that notifications can go to, from `/cluster/notifications/targets`. Needs Mapping.Audit, Mapping.Use or
    /// Mapping.Modify on `/mapping/notifications`.
    #[derive(Clone, Default)]
    pub struct NotificationTarget {
        /// Its name.
        pub name: Text,
        /// `sendmail`, `smtp`, `gotify` or `webhook`.
        #[field("type")]
        pub kind: Reading<Text>,
        /// Whether nothing is sent to it.
        #[field(loose::yes)]
        pub disable: bool,
        /// Whether it came with Proxmox VE: `builtin`, `modified-builtin`, `user-created`.
        #[field("origin")]
        pub made_by: Option<Text>,
        /// What it is.
        pub comment: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(NotificationTarget: "/cluster/notifications/targets");

impl NotificationTarget {
    pub(crate) fn list(session: &Session) -> Result<List<NotificationTarget>, Error> {
        Ask::new(session, "/cluster/notifications/targets")
            .titled("Targets of notifications")
            .question("Where do notifications go?")
            .list()
    }
}

impl Listed for NotificationTarget {
    const NOUN: (&'static str, &'static str) = ("target", "targets");

    fn columns() -> Vec<Column<NotificationTarget>> {
        vec![
            column!("Target", |t: &NotificationTarget| t.name.clone()),
            column!("State", |t: &NotificationTarget| state(t.disable)),
            column!("By", |t: &NotificationTarget| t.kind.clone()),
            column!("Made by", |t: &NotificationTarget| t.made_by.clone()),
            column!("Comment", |t: &NotificationTarget| t.comment.clone()),
        ]
    }

    fn summary(targets: &[NotificationTarget]) -> (String, String) {
        let off = targets.iter().filter(|target| target.disable).count();
        let rest = match off {
            0 => ".".into(),
            n if n == targets.len() => ", all of them disabled.".into(),
            n => format!(", {n} of them disabled."),
        };
        (count(targets.len(), NotificationTarget::NOUN), rest)
    }
}

fields! {
    /// How notifications go to a target: a mail server, a web address. From `/cluster/notifications/endpoints/sendmail`,
    /// `smtp`, `gotify` and `webhook`. Needs Mapping.Audit or Mapping.Modify on `/mapping/notifications`.
    #[derive(Clone, Default)]
    pub struct NotificationEndpoint {
        /// The name of the target.
        pub name: Text,
        /// `sendmail`, `smtp`, `gotify` or `webhook`. The answer leaves it to its path.
        #[field(skip, "the path of the call")]
        pub kind: Text,
        /// Whether nothing is sent by it.
        #[field(loose::yes)]
        pub disable: bool,
        /// Whether it came with Proxmox VE: `builtin`, `modified-builtin`, `user-created`.
        #[field("origin")]
        pub made_by: Option<Text>,
        /// What it is.
        pub comment: Option<Text>,
        /// Of mail: addresses that it goes to.
        #[field(loose::words)]
        pub mailto: Vec<Text>,
        /// Of mail: users to whose address it goes.
        #[field("mailto-user", loose::words)]
        pub mailto_user: Vec<Text>,
        /// Of mail: the name of the sender.
        pub author: Option<Text>,
        /// Of mail: the address of the sender.
        #[field("from-address")]
        pub from_address: Option<Text>,
        /// Of SMTP and Gotify: the server.
        pub server: Option<Text>,
        /// Of SMTP: its port.
        #[field(loose::u64)]
        pub port: Option<u64>,
        /// Of SMTP: `insecure`, `starttls` or `tls`.
        pub mode: Option<Text>,
        /// Of SMTP: who logs in there.
        pub username: Option<Text>,
        /// Of a webhook: its address. A password in it is not kept.
        #[field(address)]
        pub url: Option<Text>,
        /// Of a webhook: `post`, `put` or `get`.
        pub method: Option<Text>,
        /// Of a webhook: what is sent, in Base64, with places that are filled in.
        pub body: Option<Text>,
        /// Of a webhook: whether headers of its own are sent, which may hold keys and are not kept.
        #[field("header", loose::is_set)]
        pub has_headers: bool,
        /// Of a webhook: whether it has secrets. They are not kept.
        #[field("secret", loose::is_set)]
        pub has_secrets: bool,
        /// The checksum of the configuration it stands in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

fn address<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Text>, D::Error> {
    Ok(loose::text(from)?.map(|url| without_password(url.raw()).into()))
}

record!(NotificationEndpoint:
    "/cluster/notifications/endpoints/sendmail",
    "/cluster/notifications/endpoints/sendmail/{name}",
    "/cluster/notifications/endpoints/smtp",
    "/cluster/notifications/endpoints/smtp/{name}",
    "/cluster/notifications/endpoints/gotify",
    "/cluster/notifications/endpoints/gotify/{name}",
    "/cluster/notifications/endpoints/webhook",
    "/cluster/notifications/endpoints/webhook/{name}",
);

const PATHS: [&str; 4] = [
    "/cluster/notifications/endpoints/sendmail",
    "/cluster/notifications/endpoints/smtp",
    "/cluster/notifications/endpoints/gotify",
    "/cluster/notifications/endpoints/webhook",
];

impl NotificationEndpoint {
    pub(crate) fn list(session: &Session) -> Result<List<NotificationEndpoint>, Error> {
        let about = ("Ways of notifications", "By which mail server or web address do notifications go, and to whom?");
        gathered(
            session,
            about,
            &PATHS,
            |ask, _| ask,
            |endpoint: &mut NotificationEndpoint, path| {
                endpoint.kind = path.rsplit('/').next().unwrap_or_default().into();
            },
        )
    }

    fn to(&self) -> Cell {
        let mail: Vec<Text> = self.mailto.iter().chain(&self.mailto_user).cloned().collect();
        match (mail.is_empty(), &self.url, &self.server) {
            (false, _, Some(server)) => format!("{} over {}", joined(&mail), server.raw()).into(),
            (false, ..) => joined(&mail).into(),
            (_, Some(url), _) => url.into(),
            (.., Some(server)) => server.into(),
            _ => Cell::Empty,
        }
    }
}

impl Listed for NotificationEndpoint {
    const NOUN: (&'static str, &'static str) = ("way", "ways");

    fn columns() -> Vec<Column<NotificationEndpoint>> {
        vec![
            column!("Target", |e: &NotificationEndpoint| e.name.clone()),
            column!("State", |e: &NotificationEndpoint| state(e.disable)),
            column!("By", |e: &NotificationEndpoint| e.kind.clone()),
            column!("To", NotificationEndpoint::to).by("mailto mailto_user url server", "the addresses and users that mail goes to, over the server where one is named; else the address, else the server"),
            column!("Comment", |e: &NotificationEndpoint| e.comment.clone()),
        ]
    }
}

fields! {
    /// A rule that says which notifications go to which targets, from `/cluster/notifications/matchers`. Needs
    /// Mapping.Audit, Mapping.Use or Mapping.Modify on `/mapping/notifications`.
    #[derive(Clone, Default)]
    pub struct NotificationMatcher {
        /// Its name.
        pub name: Text,
        /// The targets.
        #[field(loose::words)]
        pub target: Vec<Text>,
        /// Whether it is switched off.
        #[field(loose::yes)]
        pub disable: bool,
        /// How bad a notification must be: `error`, `warning,error`, ...
        #[field("match-severity", loose::words)]
        pub match_severity: Vec<Text>,
        /// What must stand in it: `exact:type=vzdump`, `regex:hostname=^pve`.
        #[field("match-field", loose::words)]
        pub match_field: Vec<Text>,
        /// When it must come, as a calendar event.
        #[field("match-calendar", loose::words)]
        pub match_calendar: Vec<Text>,
        /// Whether `all` of this must hold or `any`; not set, all.
        pub mode: Option<Text>,
        /// Whether the opposite is meant.
        #[field("invert-match", loose::yes)]
        pub invert_match: bool,
        /// Whether it came with Proxmox VE: `builtin`, `modified-builtin`, `user-created`.
        #[field("origin")]
        pub made_by: Option<Text>,
        /// What it is for.
        pub comment: Option<Text>,
        /// The checksum of the configuration it stands in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(NotificationMatcher: "/cluster/notifications/matchers", "/cluster/notifications/matchers/{name}");

impl NotificationMatcher {
    pub(crate) fn list(session: &Session) -> Result<List<NotificationMatcher>, Error> {
        Ask::new(session, "/cluster/notifications/matchers")
            .titled("Rules of notifications")
            .question("Who is told of what?")
            .list()
    }

    /// What it takes up, in words.
    pub fn condition(&self) -> Text {
        let parts: Vec<String> = [&self.match_severity, &self.match_field, &self.match_calendar]
            .into_iter()
            .filter(|words| !words.is_empty())
            .map(|words| joined(words))
            .collect();
        let with = if self.mode.as_ref().is_some_and(|mode| mode == "any") { " or " } else { " and " };
        let not = if self.invert_match { "not: " } else { "" };
        if parts.is_empty() { format!("{not}everything").into() } else { format!("{not}{}", parts.join(with)).into() }
    }
}

impl Listed for NotificationMatcher {
    const NOUN: (&'static str, &'static str) = ("rule", "rules");

    fn columns() -> Vec<Column<NotificationMatcher>> {
        vec![
            column!("Rule", |m: &NotificationMatcher| m.name.clone()),
            column!("State", |m: &NotificationMatcher| state(m.disable)),
            column!("Of", NotificationMatcher::condition).by(
                "match_severity match_field match_calendar mode invert_match",
                "its conditions; joined by or where the mode is any, and turned round where the match is inverted",
            ),
            column!("To", |m: &NotificationMatcher| joined(&m.target)),
            column!("Comment", |m: &NotificationMatcher| m.comment.clone()),
        ]
    }

    fn summary(rules: &[NotificationMatcher]) -> (String, String) {
        let rest = match rules.iter().any(|rule| !rule.disable && !rule.target.is_empty()) {
            true => ".",
            false => ", none of them in use with a target.",
        };
        (count(rules.len(), NotificationMatcher::NOUN), rest.into())
    }
}
