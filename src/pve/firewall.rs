//! The firewall of the cluster, and what every level of it uses.

use super::Pve;
use crate::error::Error;
use crate::model::firewall::Firewall;
use crate::model::firewall::address::{FirewallAlias, IpSet};
use crate::model::firewall::macros::SecurityGroup;
use crate::model::firewall::rule::FirewallRule;
use crate::model::list::List;

impl Pve {
    /// The firewall of the cluster, below `/cluster/firewall`. Nodes and guests have one each as well:
    /// [`Node::firewall`](crate::Node::firewall), [`Guest::firewall`](crate::Guest::firewall).
    pub fn firewall(&self) -> Firewall {
        Firewall::of_cluster(&self.session)
    }

    /// The rules that hold on every node, from `/cluster/firewall/rules`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let rules = Pve::demo()?.firewall_rules()?;
    /// assert!(rules.any(|rule| !rule.is_used()));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When Sys.Audit on `/` is missing.
    pub fn firewall_rules(&self) -> Result<List<FirewallRule>, Error> {
        self.firewall().rules()
    }

    /// The security groups, from `/cluster/firewall/groups`.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn security_groups(&self) -> Result<List<SecurityGroup>, Error> {
        self.firewall().groups()
    }

    /// The sets of addresses of the cluster, from `/cluster/firewall/ipset`.
    ///
    /// # Errors
    /// When Sys.Audit on `/` is missing.
    pub fn ip_sets(&self) -> Result<List<IpSet>, Error> {
        self.firewall().ip_sets()
    }

    /// The names of addresses of the cluster, from `/cluster/firewall/aliases`.
    ///
    /// # Errors
    /// When Sys.Audit on `/` is missing.
    pub fn aliases(&self) -> Result<List<FirewallAlias>, Error> {
        self.firewall().aliases()
    }
}
