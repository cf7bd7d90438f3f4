//! The firewall at each of its levels: the whole cluster, a node, a guest, a network of the software-defined network.
//!
//! One handle, [`Firewall`], knows its level and what there is at it; nothing is asked before it is needed.

use std::fmt;

use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::list::List;
use crate::model::log::{self, LogLine};
use crate::model::node::Node;
use crate::model::record::{Ask, segment};
use crate::session::Session;
use crate::text::Text;

pub(crate) mod address;
pub(crate) mod macros;
pub(crate) mod options;
mod page;
pub(crate) mod rule;

use address::{AddressRef, FirewallAlias, IpSet};
use macros::{FirewallMacro, SecurityGroup};
use options::FirewallOptions;
use rule::FirewallRule;

/// The types of the firewall, for the conformance check.
#[cfg(test)]
pub(crate) fn typed() -> Vec<super::conformance::Typed> {
    use super::conformance::Typed;
    vec![
        Typed::record::<AddressRef>(),
        Typed::record::<FirewallAlias>(),
        Typed::record::<IpSet>(),
        Typed::record::<address::IpSetEntry>(),
        Typed::record::<FirewallMacro>(),
        Typed::record::<SecurityGroup>(),
        Typed::record::<FirewallOptions>(),
        Typed::record::<FirewallRule>(),
    ]
}

/// What a firewall protects.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FirewallLevel {
    /// All nodes of the cluster: its rules hold on each of them, before the node's own.
    Cluster,
    /// One node.
    Node,
    /// One guest.
    Guest,
    /// One network of the software-defined network.
    Vnet,
}

/// The firewall at one level. It is a handle: each of its methods asks the server.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let pve = Pve::demo()?;
/// assert!(pve.firewall().options()?.is_on());
/// let open = pve.guest("web-1")?.firewall().rules()?.filter(|rule| rule.is_used() && rule.action == "ACCEPT");
/// assert_eq!(open.len(), 2);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Firewall {
    /// What it protects.
    pub level: FirewallLevel,
    /// Where it is, in words: `the cluster`, `node pve1`, `VM 101`.
    pub of: Text,
    session: Session,
    /// The path that its parts are below.
    path: String,
    /// Where the console shows it.
    place: Option<String>,
    /// The code that gives it.
    code: String,
    guest: Option<Box<Guest>>,
}

impl Firewall {
    /// That of the cluster.
    pub(crate) fn of_cluster(session: &Session) -> Firewall {
        Firewall {
            level: FirewallLevel::Cluster,
            of: "the cluster".into(),
            session: session.clone(),
            path: "/cluster/firewall".into(),
            place: None,
            code: "pve.firewall()".into(),
            guest: None,
        }
    }

    /// That of a network of the software-defined network.
    pub(crate) fn of_vnet(session: &Session, vnet: &Text) -> Firewall {
        Firewall {
            level: FirewallLevel::Vnet,
            of: format!("vnet {}", vnet.raw()).into(),
            path: format!("/cluster/sdn/vnets/{}/firewall", segment(vnet)),
            code: format!("pve.vnet({:?})?.firewall()?", vnet.raw()),
            ..Firewall::of_cluster(session)
        }
    }

    /// Its rules, in the order in which they are tried: the first that fits decides.
    ///
    /// # Errors
    /// When the server refuses: Sys.Audit on `/` or on the node, VM.Audit on the guest, SDN.Audit on the network.
    pub fn rules(&self) -> Result<List<FirewallRule>, Error> {
        self.rules_at("rules", format!("Firewall rules of {}", self.of.raw()))
    }

    fn rules_at(&self, below: &str, title: String) -> Result<List<FirewallRule>, Error> {
        self.ask(below).titled(title).question("What may pass, in the order in which the rules are tried?").list()
    }

    /// Its settings: whether it is on, and what becomes of what no rule is about.
    ///
    /// # Errors
    /// When the server refuses, as for [`rules`](Firewall::rules).
    pub fn options(&self) -> Result<FirewallOptions, Error> {
        let (level, of) = (self.level.clone(), self.of.clone());
        self.ask("options").one_with(|options: &mut FirewallOptions| (options.level, options.of) = (Some(level), of))
    }

    /// Named sets of addresses. Only the cluster and guests have some of their own.
    ///
    /// # Errors
    /// When the server refuses, as for [`rules`](Firewall::rules), or there can be none at this level.
    pub fn ip_sets(&self) -> Result<List<IpSet>, Error> {
        self.names_at("ipset")?;
        let (level, path) = (self.level.clone(), self.path.clone());
        self.ask("ipset")
            .titled(format!("IP sets of {}", self.of.raw()))
            .question("Which sets of addresses can rules name?")
            .list_with(|set: &mut IpSet| (set.path, set.level) = (path.clone(), Some(level.clone())))
    }

    /// One set of addresses by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] names those that there are.
    pub fn ip_set(&self, name: &str) -> Result<IpSet, Error> {
        self.ip_sets()?.named(name, |set| set.name.clone())
    }

    /// Names for single addresses and networks. Only the cluster and guests have some of their own.
    ///
    /// # Errors
    /// When the server refuses, as for [`rules`](Firewall::rules), or there can be none at this level.
    pub fn aliases(&self) -> Result<List<FirewallAlias>, Error> {
        self.names_at("aliases")?;
        self.ask("aliases")
            .titled(format!("Aliases of {}", self.of.raw()))
            .question("Which addresses have a name that rules can use?")
            .list()
    }

    /// Every alias and IP set that a rule at this level can name, those of the cluster included. The server leaves out those of
    /// networks and guests that the identity may not see.
    ///
    /// # Errors
    /// When the server refuses, as for [`rules`](Firewall::rules), or there can be none at this level.
    pub fn refs(&self) -> Result<List<AddressRef>, Error> {
        self.names_at("refs")?;
        self.ask("refs")
            .titled(format!("Names for rules of {}", self.of.raw()))
            .question("Which aliases and IP sets can a rule here name?")
            .filtered_by("names of the software-defined network", &["SDN.Audit", "SDN.Allocate"], "/sdn/zones")
            .filtered_by("names of guests", &["VM.Audit"], "/vms")
            .list()
    }

    /// The security groups: rules under a name, made once in the cluster and used at every level.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn groups(&self) -> Result<List<SecurityGroup>, Error> {
        SecurityGroup::list(&self.session)
    }

    /// One security group by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] names those that there are.
    pub fn group(&self, name: &str) -> Result<SecurityGroup, Error> {
        self.groups()?.named(name, |group| group.group.clone())
    }

    /// The macros: services that a rule can name instead of protocol and ports.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub fn macros(&self) -> Result<List<FirewallMacro>, Error> {
        FirewallMacro::list(&self.session)
    }

    /// The last lines of what was dropped or accepted with a log level. Of a node or a guest.
    ///
    /// # Errors
    /// When the node cannot be reached, Sys.Syslog on the node or VM.Console on the guest is missing, or there is no log at
    /// this level.
    pub fn log(&self, lines: usize) -> Result<List<LogLine>, Error> {
        if !matches!(self.level, FirewallLevel::Node | FirewallLevel::Guest) {
            return Err(Error::setup(
                format!("The firewall of {} has no log of its own", self.of),
                "Each node keeps one: pve.node(\"pve1\")?.firewall().log(50)?",
            ));
        }
        let title = format!("Firewall log of {}", self.of.raw());
        log::tail(&self.session, &self.below("log"), title, self.place.as_deref().unwrap_or_default(), lines)
    }

    fn names_at(&self, part: &str) -> Result<(), Error> {
        if matches!(self.level, FirewallLevel::Cluster | FirewallLevel::Guest) {
            return Ok(());
        }
        let what = match part {
            "ipset" => "IP sets",
            "aliases" => "aliases",
            _ => "list of names",
        };
        Err(Error::setup(
            format!("The firewall of {} has no {what} of its own", self.of),
            "Its rules use those of the cluster: pve.firewall().ip_sets()? and pve.firewall().aliases()?",
        ))
    }

    fn below(&self, part: &str) -> String {
        format!("{}/{part}", self.path)
    }

    fn ask(&self, below: &str) -> Ask<'_> {
        let ask = Ask::new(&self.session, self.below(below));
        match &self.place {
            Some(place) => ask.place(place.clone()),
            None => ask,
        }
    }
}

impl Node {
    /// The firewall of the node itself, below `/nodes/{node}/firewall`.
    pub fn firewall(&self) -> Firewall {
        Firewall {
            level: FirewallLevel::Node,
            of: format!("node {}", self.name.raw()).into(),
            path: self.path("firewall"),
            place: Some(self.place()),
            code: format!("pve.node({:?})?.firewall()", self.name.raw()),
            ..Firewall::of_cluster(&self.session)
        }
    }

    /// The firewall rules of the node itself.
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Audit on `/nodes/{node}` is missing.
    pub fn firewall_rules(&self) -> Result<List<FirewallRule>, Error> {
        self.firewall().rules()
    }
}

impl Guest {
    /// The firewall of the guest, below `/nodes/{node}/{qemu|lxc}/{vmid}/firewall`.
    pub fn firewall(&self) -> Firewall {
        Firewall {
            level: FirewallLevel::Guest,
            of: format!("{} {}", self.kind, self.vmid).into(),
            path: self.path("firewall"),
            place: Some(format!("{}/{}", self.kind.path(), self.vmid)),
            code: format!("{}.firewall()", self.code()),
            guest: Some(Box::new(self.clone())),
            ..Firewall::of_cluster(&self.session)
        }
    }

    /// The guest's own firewall rules.
    ///
    /// # Errors
    /// When the guest is gone or VM.Audit is missing.
    pub fn firewall_rules(&self) -> Result<List<FirewallRule>, Error> {
        self.firewall().rules()
    }

    /// The settings of the guest's firewall. What is on here filters nothing while the cluster's firewall is off, or on a
    /// network card that is not marked for it.
    ///
    /// # Errors
    /// When the guest is gone or VM.Audit is missing.
    pub fn firewall_options(&self) -> Result<FirewallOptions, Error> {
        self.firewall().options()
    }
}

impl fmt::Debug for Firewall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Firewall({})", self.of)
    }
}
