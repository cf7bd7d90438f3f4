//! How a configuration is shown: its row in a table, and its page with what waits for a restart.

use std::fmt;

use crate::model::guest::config::Config;
use crate::model::guest::disk::Disk;
use crate::model::list::{Column, Listed, count};
use crate::page::{Cell, Grid, Level, Page};
use crate::render::View;
use crate::secret::is_secret;
use crate::text::Text;
use crate::units::Bytes;

/// What people look for first stands first.
pub(super) fn rank(key: &str) -> usize {
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

/// The size of all disks with data, and how many of them do not say theirs.
fn sizes(configs: &[Config]) -> (Bytes, usize) {
    let disks = configs.iter().flat_map(Config::all_disks).filter(Disk::holds_data);
    let sizes: Vec<Option<Bytes>> = disks.map(|disk| disk.size.known()).collect();
    (sizes.iter().flatten().copied().sum(), sizes.iter().filter(|size| size.is_none()).count())
}

impl Listed for Config {
    const NOUN: (&'static str, &'static str) = ("configuration", "configurations");

    fn columns() -> Vec<Column<Config>> {
        vec![
            Column::new("Guest", |c: &Config| Cell::Name(c.called.clone(), format!("{} {}", c.kind, c.vmid).into())),
            Column::new("Node", |c: &Config| c.node.clone()),
            Column::new("CPUs", |c: &Config| c.cores().map_or(Cell::from("no limit"), Cell::from)),
            Column::new("Memory", |c: &Config| c.memory()),
            Column::new("Disks", |c: &Config| match sizes(std::slice::from_ref(c)) {
                (size, 0) => Cell::Bytes(size),
                (size, silent) => Cell::from(format!("{size}, without {silent} of unknown size")),
            }),
            Column::new("Networks", |c: &Config| {
                c.nets()
                    .iter()
                    .filter_map(|net| net.bridge.as_ref().map(Text::to_string))
                    .collect::<Vec<_>>()
                    .join(", ")
            }),
            Column::new("Starts with its node", Config::starts_at_boot),
            Column::new("System", Config::ostype),
        ]
    }

    fn summary(configs: &[Config]) -> (String, String) {
        let (size, silent) = sizes(configs);
        let without = if silent > 0 { format!(", without {silent} of unknown size") } else { String::new() };
        let boot = configs.iter().filter(|config| config.starts_at_boot()).count();
        (
            count(configs.len(), Config::NOUN),
            format!(": {boot} start with their node; disks of {size} together{without}."),
        )
    }
}

impl Config {
    /// Its page without the notes, which stand elsewhere on the page of a guest.
    pub(crate) fn settings(&self) -> Page {
        let mut changes = self.pending().unwrap_or_default();
        let mut row = |key: String| {
            let value = if is_secret(&key) {
                Cell::Missing("a secret, not shown".into())
            } else {
                Cell::Code(self.get(&key).unwrap_or_default())
            };
            let then = changes.iter().position(|change| change.key == key).map(|place| changes.remove(place).then);
            vec![Cell::Code(key.into()), value, then.map_or(Cell::Empty, then_cell)]
        };
        let mut rows: Vec<Vec<Cell>> = self.keys().into_iter().map(&mut row).collect();
        let new = changes.into_iter().map(|change| vec![Cell::Code(change.key), Cell::Empty, then_cell(change.then)]);
        rows.extend(new);
        let waiting = self.pending().map_or(0, |changes| changes.len());
        let rest = match waiting {
            0 => " are set; all others have their defaults.".to_owned(),
            n => format!(" are set; {} for a restart.", count(n, ("change waits", "changes wait"))),
        };
        let columns = ["Setting", "Value", "After a restart"].into_iter().take(if waiting > 0 { 3 } else { 2 });
        let page = Page::new(format!("Configuration of {}", self.called.raw()))
            .question("How is it set up?")
            .answer(count(self.keys().len(), ("setting", "settings")), rest)
            .table(Grid::new(columns).rows(rows));
        let page = match &self.changes {
            Some(Err(why)) => {
                page.note(Level::Info, format!("Whether changes wait for a restart could not be read: {why}"))
            }
            _ => page,
        };
        page.provenance(self.provenance.clone())
    }
}

impl View for Config {
    fn page(&self) -> Page {
        let page = match self.notes() {
            Some(notes) => self.settings().heading("Notes").lines(notes.raw().lines()),
            None => self.settings(),
        };
        // Only of the configuration as it is now are these the disks.
        if self.changes.is_none() {
            return page;
        }
        let config = format!("pve.guest({})?.config()?", self.vmid);
        page.code(format!("{config}.disks()")).code(format!("{config}.nets()"))
    }
}

fn then_cell(then: Option<Text>) -> Cell {
    then.map_or(Cell::from("back to the default"), Cell::Code)
}
