//! The page of a firewall: whether it filters anything at all, its settings, and its rules.

use super::options::{FirewallOptions, OF};
use super::{Firewall, FirewallLevel};
use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::inspect::part;
use crate::model::list::{Listed, count};
use crate::page::{Level, Page};
use crate::render::View;
use crate::text::Text;

impl Firewall {
    /// Whether it filters, and if it does not, why. What is not known is an error.
    fn verdict(&self, own: &FirewallOptions) -> Result<(String, String), Error> {
        let of = &self.of;
        if !own.is_on() {
            return Ok((format!("The firewall of {of} is off"), "; its rules hold nothing back.".into()));
        }
        if self.level != FirewallLevel::Cluster && !Firewall::of_cluster(&self.session).options()?.is_on() {
            let rest = " does nothing, since that of the cluster is off.";
            return Ok((format!("The firewall of {of}"), rest.into()));
        }
        if let Some(guest) = &self.guest {
            let (all, bare) = cards(guest)?;
            if !bare.is_empty() {
                let rest = if bare.len() == all { ": nothing is filtered." } else { "; its other cards are filtered." };
                return Ok((format!("The firewall of {of} is on, but not for {}", bare.join(", ")), rest.into()));
            }
        }
        Ok((format!("The firewall of {of} is on"), ".".into()))
    }
}

/// How many network cards a guest has, and which of them are not marked for the firewall.
fn cards(guest: &Guest) -> Result<(usize, Vec<String>), Error> {
    let config = guest.config()?;
    let is_card =
        |key: &String| key.strip_prefix("net").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let all: Vec<String> = config.keys().into_iter().filter(is_card).collect();
    let marked = |key: &String| {
        config.get(key).is_some_and(|card: Text| card.raw().split(',').any(|word| word.trim() == "firewall=1"))
    };
    let bare = all.iter().filter(|key| !marked(key)).cloned().collect();
    Ok((all.len(), bare))
}

impl View for Firewall {
    fn page(&self) -> Page {
        let page = Page::new(format!("Firewall of {}", self.of.raw())).question("Does it filter, and what may pass?");
        let page = match self.options() {
            Ok(options) => {
                let page = match self.verdict(&options) {
                    Ok((fact, rest)) => page.answer(fact, rest),
                    Err(error) => page
                        .answer(format!("The firewall of {} is on", self.of), ", as far as it is known here.")
                        .note(Level::Warning, format!("Whether it filters could not be read. {error}")),
                };
                let shown = FirewallOptions::columns();
                let cells = shown
                    .iter()
                    .filter(|column| *column.name() != OF)
                    .map(|column| (column.name().clone(), column.cell(&options)));
                page.facts(cells.filter(|(_, cell)| *cell != crate::page::Cell::Empty)).provenance(options.provenance())
            }
            Err(error) => page.note(Level::Warning, format!("Whether it is on could not be read. {error}")),
        };
        let page = match self.level {
            FirewallLevel::Vnet => page.note(
                Level::Info,
                "What is passed on is filtered only by nodes that use the newer firewall, by nftables (an option of each node).",
            ),
            _ => page,
        };
        let rules = self.rules();
        let title = match &rules {
            Ok(rules) => count(rules.len(), super::FirewallRule::NOUN),
            Err(_) => "Rules".into(),
        };
        let page = part(page, &title, &format!("{}.rules()?", self.code), rules.map(|rules| rules.page()));
        if !matches!(self.level, FirewallLevel::Cluster | FirewallLevel::Guest) {
            return page;
        }
        let page = part(page, "IP sets", &format!("{}.ip_sets()?", self.code), self.ip_sets().map(|list| list.page()));
        part(page, "Aliases", &format!("{}.aliases()?", self.code), self.aliases().map(|list| list.page()))
    }
}
