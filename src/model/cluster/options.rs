//! The options of the whole cluster: what holds for every node and guest unless they say otherwise.

use serde::Deserialize;

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::lens;
use crate::model::list::{Column, Listed, column, count};
use crate::model::property::{Properties, reading};
use crate::model::record::{Ask, Origin, Record, record};
use crate::model::together::joined;
use crate::page::{Cell, Level, Page};
use crate::render::View;
use crate::session::Session;
use crate::text::Text;
use crate::units::{Reading, Why};

fields! {
    /// The options of the cluster, from `/cluster/options`. Without Sys.Audit on `/` the server shows three of them: the
    /// console, the style of tags and the tags that one may set.
    #[derive(Clone, Default)]
    pub struct DatacenterOptions {
        /// The notes of the cluster.
        pub description: Reading<Text>,
        /// How much operations may read and write at most, in KiB a second: `migration`, `clone`, `restore`, ...
        #[field(reading)]
        pub bwlimit: Reading<Properties>,
        /// What is shown before a login.
        #[field("consent-text")]
        pub consent_text: Reading<Text>,
        /// The viewer that the console button opens.
        pub console: Reading<Text>,
        /// How high availability chooses nodes: `ha` is `basic`, `static` or `dynamic`.
        #[field(reading)]
        pub crs: Reading<Properties>,
        /// The sender of the cluster's mails.
        pub email_from: Reading<Text>,
        /// How a node that lost the others is stopped.
        pub fencing: Reading<Text>,
        /// What high availability does when a node is shut down: `shutdown_policy`.
        #[field(reading)]
        pub ha: Reading<Properties>,
        /// The proxy for what the nodes load from outside. A password in it is not kept.
        #[field(proxy)]
        pub http_proxy: Reading<Text>,
        /// The layout of keyboards in consoles.
        pub keyboard: Reading<Text>,
        /// The language of the web console.
        pub language: Reading<Text>,
        /// Where the cluster stands.
        #[field(reading)]
        pub location: Reading<Properties>,
        /// What the hardware addresses of guests begin with.
        pub mac_prefix: Reading<Text>,
        /// How many guests are started or stopped at once at most.
        pub max_workers: Reading<u64>,
        /// Over which network guests migrate, and whether encrypted: `network`, `type`.
        #[field(reading)]
        pub migration: Reading<Properties>,
        /// Whether they migrate unencrypted, in the older way to say so.
        pub migration_unsecure: Reading<bool>,
        /// The range of numbers that new guests are offered: `lower`, `upper`.
        #[field("next-id", reading)]
        pub next_id: Reading<Properties>,
        /// Of what the cluster sends mails, in the older way to say so.
        #[field(reading)]
        pub notify: Reading<Properties>,
        /// Over which network disks are replicated, and whether encrypted.
        #[field(reading)]
        pub replication: Reading<Properties>,
        /// How tags are shown: `shape`, `ordering`, `color-map`, `case-sensitive`.
        #[field("tag-style", reading)]
        pub tag_style: Reading<Properties>,
        /// Keys as a second factor, of the older kind.
        #[field(reading)]
        pub u2f: Reading<Properties>,
        /// Which tags users may set: `user-allow`, `user-allow-list`.
        #[field("user-tag-access", reading)]
        pub user_tag_access: Reading<Properties>,
        /// Keys as a second factor.
        #[field(reading)]
        pub webauthn: Reading<Properties>,
        /// The tags that only administrators set.
        #[field("registered-tags", loose::words)]
        pub registered_tags: Vec<Text>,
        /// The tags that this identity may set and see.
        #[field("allowed-tags", loose::words)]
        pub allowed_tags: Vec<Text>,
        /// The checksum of the configuration.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(DatacenterOptions without page: "/cluster/options");

/// An address without the password that may stand in it.
fn proxy<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Reading<Text>, D::Error> {
    Ok(Reading::<Text>::deserialize(from)?.map(|url| crate::secret::without_password(url.raw()).into()))
}

impl DatacenterOptions {
    pub(crate) fn read(session: &Session) -> Result<DatacenterOptions, Error> {
        let hidden = match session.has("Sys.Audit", "/") {
            Some(true) => Why::NotSet,
            Some(false) => Why::needs("Sys.Audit", "/"),
            None => Why::NotInAnswer,
        };
        Ask::new(session, "/cluster/options").one_with(|options: &mut DatacenterOptions| options.explain(hidden))
    }

    /// Says of each option that was not in the answer why: not set, or not shown to this identity.
    fn explain(&mut self, hidden: Why) {
        fn say<T>(field: &mut Reading<T>, reason: Why) {
            if let Reading::Missing(why @ Why::NotInAnswer) = field {
                *why = reason;
            }
        }
        // Where one of the hidden ones is shown, all of them are.
        let shown =
            self.mac_prefix.is_known() || self.next_id.is_known() || self.crs.is_known() || self.description.is_known();
        let hidden = if shown { Why::NotSet } else { hidden };
        say(&mut self.console, Why::NotSet);
        say(&mut self.tag_style, Why::NotSet);
        for text in [
            &mut self.description,
            &mut self.consent_text,
            &mut self.email_from,
            &mut self.fencing,
            &mut self.http_proxy,
            &mut self.keyboard,
            &mut self.language,
            &mut self.mac_prefix,
        ] {
            say(text, hidden);
        }
        for settings in [
            &mut self.bwlimit,
            &mut self.crs,
            &mut self.ha,
            &mut self.location,
            &mut self.migration,
            &mut self.next_id,
            &mut self.notify,
            &mut self.replication,
            &mut self.u2f,
            &mut self.user_tag_access,
            &mut self.webauthn,
        ] {
            say(settings, hidden);
        }
        say(&mut self.max_workers, hidden);
        say(&mut self.migration_unsecure, hidden);
    }

    /// Whether the server showed all options, and not the few that are for everyone.
    pub fn is_whole(&self) -> bool {
        !matches!(self.mac_prefix, Reading::Missing(Why::Needs(_) | Why::NotInAnswer))
    }
}

impl Listed for DatacenterOptions {
    const NOUN: (&'static str, &'static str) = ("options of the cluster", "options of clusters");

    fn columns() -> Vec<Column<DatacenterOptions>> {
        type Options = DatacenterOptions;
        vec![
            column!("Migration", |o: &Options| o.migration.clone()),
            column!("Bandwidth limits, KiB/s", |o: &Options| o.bwlimit.clone()),
            column!("HA chooses nodes", |o: &Options| o.crs.clone()),
            column!("HA at a shutdown", |o: &Options| o.ha.clone()),
            column!("Replication", |o: &Options| o.replication.clone()),
            column!("Guests started at once", |o: &Options| o.max_workers),
            column!("Numbers of new guests", |o: &Options| o.next_id.clone()),
            column!("Hardware addresses", |o: &Options| o.mac_prefix.clone()),
            column!("Console", |o: &Options| o.console.clone()),
            column!("Keyboard", |o: &Options| o.keyboard.clone()),
            column!("Language", |o: &Options| o.language.clone()),
            column!("Proxy", |o: &Options| o.http_proxy.clone()),
            column!("Sender of mails", |o: &Options| o.email_from.clone()),
            column!("Mails of", |o: &Options| o.notify.clone()),
            column!("Who may set tags", |o: &Options| o.user_tag_access.clone()),
            column!("Style of tags", |o: &Options| o.tag_style.clone()),
            column!("Tags of administrators", |o: &Options| joined(&o.registered_tags)),
            column!("Tags that you may set", |o: &Options| joined(&o.allowed_tags)),
            column!("Keys as second factors", |o: &Options| o.webauthn.clone()),
            column!("Shown before a login", |o: &Options| o.consent_text.clone()),
        ]
    }
}

impl View for DatacenterOptions {
    fn page(&self) -> Page {
        let is_set = |(_, cell): &&(Text, Cell)| !matches!(cell, Cell::Missing(_));
        let cells: Vec<(Text, Cell)> =
            Self::columns().iter().map(|column| (column.name().clone(), column.cell(self))).collect();
        let unset = Cell::from(Why::NotSet);
        let (open, set): (Vec<_>, Vec<_>) =
            cells.into_iter().partition(|(_, cell)| *cell == unset || *cell == Cell::Empty);
        let page = Page::new("Options of the cluster")
            .question("What holds for every node and guest unless they say otherwise?")
            .answer(count(set.iter().filter(is_set).count(), ("option", "options")), " set here.")
            .facts(lens::facts(self, set, &self.provenance()));
        let page = match self.is_whole() {
            true => page,
            false => page.note(Level::Warning, "These are the options visible to you: the others need Sys.Audit on /."),
        };
        let names: Vec<String> = open.iter().map(|(name, _)| name.to_string()).collect();
        let page = if names.is_empty() {
            page
        } else {
            page.paragraph(format!("Not set, so that the defaults of Proxmox VE hold: {}.", names.join(", ")))
        };
        let page = match &self.description {
            Reading::Known(notes) => page.section("Notes", Page::new("").lines(notes.raw().lines())),
            Reading::Missing(_) => page,
        };
        let json = self.origin().json();
        page.section("All that the server says", crate::model::json::tree(Page::new(""), &json))
            .provenance(self.provenance())
    }
}
