//! All addresses that are known of a guest: those it has, as long as it can tell them, else those it is set up to have.

use std::fmt;

use crate::error::Error;
use crate::model::evidence::{Evidence, Source};
use crate::model::guest::Guest;
use crate::model::guest::addresses::GuestInterface;
use crate::model::guest::config::Config;
use crate::model::list::List;
use crate::model::sight::Sight;
use crate::text::Text;
use crate::wire::Call;

/// Where an address is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressFrom {
    /// The agent in a running virtual machine.
    Agent,
    /// The interfaces of a running container, as its node sees them.
    Interfaces,
    /// What cloud-init is told to set up in a virtual machine.
    CloudInit,
    /// The configuration of a container.
    Configuration,
}

impl AddressFrom {
    /// Whether the guest has the address now, as far as it can be seen.
    pub fn is_live(self) -> bool {
        matches!(self, AddressFrom::Agent | AddressFrom::Interfaces)
    }
}

impl fmt::Display for AddressFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            AddressFrom::Agent => "its agent",
            AddressFrom::Interfaces => "its interfaces",
            AddressFrom::CloudInit => "cloud-init",
            AddressFrom::Configuration => "its configuration",
        })
    }
}

/// What is known of where a guest can be reached.
#[derive(Clone, Debug)]
pub struct Reachable {
    /// Its addresses, without those that hold only on the spot; each with where it is known from.
    pub addresses: Vec<(Text, AddressFrom)>,
    /// Why it does not tell the addresses that it has now.
    pub why: Option<Text>,
    evidence: Evidence,
}

impl Source for Reachable {
    fn evidence(&self) -> Evidence {
        self.evidence.clone()
    }
}

impl Guest {
    /// Where it can be reached: the addresses that it tells of while it runs, or else the fixed ones in its configuration,
    /// for a virtual machine those that cloud-init is told. One call, and one more for an agent that is set up.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let found = Pve::demo()?.guest("mail")?.reachable_at()?;
    /// assert!(found.addresses.iter().any(|(address, from)| *address == "10.20.0.104" && from.is_live()));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When its configuration cannot be read.
    pub fn reachable_at(&self) -> Result<Reachable, Error> {
        // Of a container its node tells; whether there is an agent to ask is known from the configuration.
        let told = (self.is_ct() && self.is_running()).then(|| self.addresses());
        if let Some(live) = told.as_ref().and_then(|told| live(told, AddressFrom::Interfaces)) {
            return Ok(live);
        }
        let answer = self.session.ask(Call::get(self.path("config")))?;
        let config = Config::of(self, &answer)?;
        let (source, told) = match self.is_vm() && self.is_running() && config.has_agent() {
            true => (AddressFrom::Agent, Some(self.addresses())),
            false => (AddressFrom::Interfaces, told),
        };
        if let Some(live) = told.as_ref().and_then(|told| live(told, source)) {
            return Ok(live);
        }
        let why = match &told {
            Some(Err(error)) => reason(error),
            Some(Ok(_)) => format!("{source} names none").into(),
            None if self.is_running() => "no agent is set up".into(),
            None => format!("it is {}", self.status).into(),
        };
        let source = if self.is_ct() { AddressFrom::Configuration } else { AddressFrom::CloudInit };
        let fixed = config.nets().into_iter().flat_map(|net| [net.ip, net.ip6]).flatten();
        let addresses = fixed.filter_map(|words| Some((address_in(words.raw())?, source))).collect();
        let here = Evidence::whole(self.session.provenance([&answer], None));
        let evidence = match &told {
            Some(Ok(found)) => here.and(found),
            Some(Err(error)) => hidden(error).map_or(here.clone(), |hidden| here.and(&hidden)),
            None => here,
        };
        Ok(Reachable { addresses, why: Some(why), evidence })
    }
}

/// What the guest tells of itself, where it names an address.
fn live(told: &Result<List<GuestInterface>, Error>, source: AddressFrom) -> Option<Reachable> {
    let found = told.as_ref().ok()?;
    let addresses: Vec<_> = found.iter().flat_map(|one| one.ips()).map(|ip| (ip, source)).collect();
    (!addresses.is_empty()).then(|| Reachable { addresses, why: None, evidence: found.evidence() })
}

/// `192.0.2.1/24` is an address; `dhcp`, `auto` and `manual` are none.
fn address_in(words: &str) -> Option<Text> {
    let address = words.split('/').next()?.trim();
    address.parse::<std::net::IpAddr>().ok().map(|address| address.to_string().into())
}

/// What it is that keeps the guest from telling, in few words.
fn reason(error: &Error) -> Text {
    match error {
        Error::NotPermitted { privilege: Some(privilege), identity, .. } => {
            format!("{} lacks {}", identity.raw(), privilege.raw()).into()
        }
        Error::Refused { message, .. } => message.clone(),
        Error::NotFound { what, .. } => what.clone(),
        other => Text::from(other.to_string()).brief(120).into(),
    }
}

/// That nobody listens in a guest is an answer; that one may not ask leaves a gap.
fn hidden(error: &Error) -> Option<Evidence> {
    let Error::NotPermitted { privilege, identity, .. } = error else { return None };
    let privilege = privilege.as_ref().map_or("the privilege", Text::raw);
    let words = format!("{} lacks {privilege} on some guests: what they have now was not asked.", identity.raw());
    let Evidence { provenance, .. } = error.evidence();
    Some(Evidence { provenance, sight: Sight::hidden(words) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_none() {
        for (words, address) in [
            ("192.0.2.1/24", Some("192.0.2.1")),
            ("2001:DB8::1/64", Some("2001:db8::1")),
            ("192.0.2.1", Some("192.0.2.1")),
            ("dhcp", None),
            ("manual", None),
            ("auto", None),
            ("", None),
            ("300.1.1.1/24", None),
            ("/24", None),
        ] {
            assert_eq!(address_in(words).as_ref().map(Text::raw), address, "{words}");
        }
    }
}
