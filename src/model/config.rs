//! A guest's settings, as its configuration file has them.

use std::fmt;

use serde_json::{Map, Value};

use crate::error::Error;
use crate::model::guest::Guest;
use crate::model::json::{is_secret, shown};
use crate::model::list::count;
use crate::page::{Cell, Grid, Page, Provenance};
use crate::render::View;
use crate::text::Text;
use crate::wire::Call;

/// The settings of a guest, from `/nodes/{node}/{qemu|lxc}/{vmid}/config`. Passwords and keys are never shown.
#[derive(Clone)]
pub struct Config {
    called: Text,
    settings: Map<String, Value>,
    provenance: Provenance,
}

impl Config {
    pub(crate) fn read(guest: &Guest) -> Result<Config, Error> {
        let answer = guest.session.ask(Call::get(guest.path("config")))?;
        let place = format!("{}/{}", guest.kind.path(), guest.vmid);
        Ok(Config {
            called: guest.called(),
            settings: answer.object()?.0,
            provenance: guest.session.provenance([&answer], Some(&place)),
        })
    }

    /// One setting in words; `None` where the default holds or the value is a secret.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let config = Pve::demo()?.guest("web-1")?.config()?;
    /// assert_eq!(config.get("onboot").unwrap(), "1");
    /// # Ok(()) }
    /// ```
    pub fn get(&self, key: &str) -> Option<Text> {
        self.settings.get(key).filter(|_| !is_secret(key)).map(|value| shown(value).into())
    }

    /// Whether the guest is to start when its node does.
    pub fn starts_at_boot(&self) -> bool {
        self.get("onboot").is_some_and(|onboot| onboot == "1")
    }

    /// The notes that people left, with awkward characters as they came.
    pub fn notes(&self) -> Option<Text> {
        self.settings.get("description").and_then(Value::as_str).map(Text::from).filter(|notes| !notes.is_blank())
    }

    /// Names of the settings that are set, in their order.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> =
            self.settings.keys().filter(|key| *key != "digest" && *key != "description").cloned().collect();
        keys.sort_by_key(|key| (rank(key), key.clone()));
        keys
    }
}

/// What people look for first stands first.
fn rank(key: &str) -> usize {
    let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
    const ORDER: [&str; 19] = [
        "name",
        "hostname",
        "onboot",
        "cores",
        "sockets",
        "cpu",
        "memory",
        "balloon",
        "swap",
        "scsi",
        "virtio",
        "sata",
        "ide",
        "rootfs",
        "mp",
        "net",
        "agent",
        "protection",
        "tags",
    ];
    ORDER.iter().position(|known| *known == stem).unwrap_or(ORDER.len())
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Config({}: {} settings)", self.called, self.keys().len())
    }
}

impl View for Config {
    fn page(&self) -> Page {
        let rows = self.keys().into_iter().map(|key| {
            let value = if is_secret(&key) {
                Cell::Missing("a secret, not shown".into())
            } else {
                Cell::Code(self.get(&key).unwrap_or_default())
            };
            vec![Cell::Code(key.into()), value]
        });
        let page = Page::new(format!("Configuration of {}", self.called.raw()))
            .question("How is it set up?")
            .answer(count(self.keys().len(), ("setting", "settings")), " are set; all others have their defaults.")
            .table(Grid::new(["Setting", "Value"]).rows(rows));
        let page = match self.notes() {
            Some(notes) => page.heading("Notes").lines(notes.raw().lines()),
            None => page,
        };
        page.provenance(self.provenance.clone())
    }
}
