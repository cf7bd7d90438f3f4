//! A realm: who checks a user's password.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column};
use crate::model::record::{Ask, Origin, record, segment};
use crate::model::words::words;
use crate::page::Cell;
use crate::session::Session;
use crate::text::Text;
use crate::units::Reading;

words! {
    /// What kind of realm it is.
    pub enum RealmKind {
        /// The operating system of the nodes.
        Pam = "pam",
        /// Proxmox VE itself.
        Pve = "pve",
        /// A directory server.
        Ldap = "ldap",
        /// Microsoft Active Directory.
        Ad = "ad",
        /// Single sign-on.
        Openid = "openid",
    }
}

fields! {
    /// A realm, from `/access/domains`, which shows all of them to everyone, even before a login.
    #[derive(Clone, Default)]
    pub struct Realm {
        /// Its name, as it stands behind the `@` of a user.
        pub realm: Text,
        /// What kind it is.
        #[field("type")]
        pub kind: Reading<RealmKind>,
        /// What the login window says of it.
        pub comment: Option<Text>,
        /// The second factor that it asks of everyone: `oath` or `yubico`.
        pub tfa: Option<Text>,
        /// Whether the login window starts with it.
        #[field(loose::yes)]
        pub default: bool,
        /// The part of Proxmox VE that implements it; in the answer for a single realm only.
        pub plugin: Option<Text>,
        /// The checksum of the configuration it stands in; in the answer for a single realm only.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(Realm: "/access/domains", "/access/domains/{realm}");

impl Realm {
    pub(crate) fn list(session: &Session) -> Result<List<Realm>, Error> {
        Ask::new(session, "/access/domains").titled("Realms").question("Who checks the passwords?").list()
    }

    /// Its whole configuration, from `/access/domains/{realm}`: the page and `raw()` have what a directory needs.
    ///
    /// # Errors
    /// When the cluster cannot be read, or Realm.Allocate and Sys.Audit on `/access/realm` are missing.
    pub fn configured(&self) -> Result<Realm, Error> {
        let name = self.realm.clone();
        Ask::new(self.origin.session()?, format!("/access/domains/{}", segment(&self.realm)))
            .one_with(|realm: &mut Realm| realm.realm = name)
    }
}

impl Listed for Realm {
    const NOUN: (&'static str, &'static str) = ("realm", "realms");

    fn columns() -> Vec<Column<Realm>> {
        vec![
            column!("Realm", |r: &Realm| r.realm.clone()),
            column!("Kind", |r: &Realm| r.kind.clone()),
            column!("Second factor for all", |r: &Realm| r.tfa.clone()),
            column!("Offered first", |r: &Realm| if r.default { Cell::from("yes") } else { Cell::Empty }),
            column!("Comment", |r: &Realm| r.comment.clone()),
        ]
    }
}
