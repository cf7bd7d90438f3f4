//! What rules are made shorter by: security groups, and macros for services.

use super::rule::FirewallRule;
use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column};
use crate::model::record::{Ask, Origin, record, segment};
use crate::session::Session;
use crate::text::Text;
use crate::units::Reading;

fields! {
    /// A security group, from `/cluster/firewall/groups`: rules under a name, for use at every level.
    #[derive(Clone, Default)]
    pub struct SecurityGroup {
        /// Its name.
        pub group: Text,
        /// What people wrote about it.
        pub comment: Option<Text>,
        /// A mark of the state that the groups are in.
        pub digest: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(SecurityGroup: "/cluster/firewall/groups");

fields! {
    /// A macro, from `/cluster/firewall/macros`: a service by name, for protocol and ports.
    #[derive(Clone, Default)]
    pub struct FirewallMacro {
        /// Its name: `HTTPS`.
        #[field("macro")]
        pub name: Text,
        /// What it is.
        pub descr: Reading<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(FirewallMacro: "/cluster/firewall/macros");

impl SecurityGroup {
    /// All of them. The names need no privilege.
    pub(crate) fn list(session: &Session) -> Result<List<SecurityGroup>, Error> {
        Ask::new(session, "/cluster/firewall/groups")
            .titled("Security groups")
            .question("Which sets of rules can be used under a name?")
            .list()
    }

    /// Its rules, from `/cluster/firewall/groups/{group}`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let rules = Pve::demo()?.firewall().group("webserver")?.rules()?;
    /// assert!(rules.any(|rule| rule.is_open_to_all()));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When Sys.Audit on `/` is missing.
    pub fn rules(&self) -> Result<List<FirewallRule>, Error> {
        Ask::new(self.origin.session()?, format!("/cluster/firewall/groups/{}", segment(&self.group)))
            .titled(format!("Rules of the security group {}", self.group.raw()))
            .question("What may pass where this group is used?")
            .list()
    }
}

impl FirewallMacro {
    /// All of them.
    pub(crate) fn list(session: &Session) -> Result<List<FirewallMacro>, Error> {
        let all: List<FirewallMacro> = Ask::new(session, "/cluster/firewall/macros")
            .titled("Firewall macros")
            .question("Which services can a rule name?")
            .list()?;
        Ok(all.sorted_by_key(|one| one.name.clone()))
    }
}

impl Listed for SecurityGroup {
    const NOUN: (&'static str, &'static str) = ("security group", "security groups");

    fn columns() -> Vec<Column<SecurityGroup>> {
        vec![
            column!("Security group", |g: &SecurityGroup| g.group.clone()),
            column!("Remark", |g: &SecurityGroup| g.comment.clone()),
        ]
    }
}

impl Listed for FirewallMacro {
    const NOUN: (&'static str, &'static str) = ("macro", "macros");

    fn columns() -> Vec<Column<FirewallMacro>> {
        vec![
            column!("Macro", |m: &FirewallMacro| m.name.clone()),
            column!("What it is", |m: &FirewallMacro| m.descr.clone()),
        ]
    }
}
