//! How a configuration is shown: its row in a table, and its page with what waits for a restart.

use std::fmt;

use crate::model::guest::config::meaning::{Meaning, meaning};
use crate::model::guest::config::{Config, PendingChange};
use crate::model::guest::disk::Disk;
use crate::model::list::{Column, Listed, column, count};
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
            column!("Guest", |c: &Config| Cell::Name(c.called.clone(), format!("{} {}", c.kind, c.vmid).into())),
            column!("Node", |c: &Config| c.node.clone()),
            column!("CPUs", |c: &Config| c.cores().map_or(Cell::from("no limit"), Cell::from)).by("cores sockets vcpus", "cores times sockets, each 1 unless set, or vcpus where that is set; a container has its cores, or no limit"),
            column!("Memory", |c: &Config| c.memory()).by("memory", "MiB; 512 unless it is set"),
            column!("Disks", |c: &Config| match sizes(std::slice::from_ref(c)) {
                (size, 0) => Cell::Bytes(size),
                (size, silent) => Cell::from(format!("{size}, without {silent} of unknown size")),
            }).by("scsi[n] virtio[n] sata[n] ide[n] efidisk[n] tpmstate[n] rootfs mp[n]", "the sizes of those that hold data, added up; how many do not say theirs is said"),
            column!("Networks", |c: &Config| {
                c.nets()
                    .iter()
                    .filter_map(|net| net.bridge.as_ref().map(Text::to_string))
                    .collect::<Vec<_>>()
                    .join(", ")
            }).by("net[n]", "the bridge of each card"),
            column!("Starts with its node", Config::starts_at_boot).by("onboot", "1 is yes; no unless it is set"),
            column!("System", Config::ostype).by("ostype", "as it is set"),
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
        let changes = self.pending().unwrap_or_default();
        let is_new = |change: &&PendingChange| !self.settings.contains_key(change.key.raw());
        let new: Vec<String> = changes.iter().filter(is_new).map(|change| change.key.raw().to_owned()).collect();
        let mut keys = self.keys();
        keys.extend(new);
        keys.sort_by_key(|key| (rank(key), key.clone()));
        // What waits for a restart has a column only where anything does.
        let waits = !changes.is_empty();
        let rows = keys.iter().map(|key| {
            let change = changes.iter().find(|change| change.key == key.as_str());
            let then = change.map_or(Cell::Empty, |change| then_cell(change.then.clone()));
            let known = meaning(self.kind, key);
            let said = |words: fn(&Meaning) -> &str| known.map_or(Cell::Empty, |known| Cell::from(words(known)));
            let own = [Cell::from(key.as_str()), self.value_cell(key)].into_iter().chain(waits.then_some(then));
            own.chain([said(|known| known.default), said(|known| known.words)]).collect()
        });
        let columns = ["Setting", "Value", "After a restart", "Default", "What it means"];
        let columns = columns.into_iter().filter(|column| waits || *column != "After a restart");
        let rest = match changes.len() {
            0 => " are set; all others have their defaults.".to_owned(),
            n => format!(" are set; {} for a restart.", count(n, ("change waits", "changes wait"))),
        };
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

    fn value_cell(&self, key: &str) -> Cell {
        match self.settings.get(key) {
            Some(_) if is_secret(key) => Cell::Missing("a secret, not shown".into()),
            Some(_) => code_cell(self.get(key).unwrap_or_default()),
            None => Cell::Empty,
        }
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
    then.map_or(Cell::from("back to the default"), code_cell)
}

/// Code stays on its line, so what is long is folded at its commas.
fn code_cell(value: Text) -> Cell {
    const WIDE: usize = 34;
    let (mut folded, mut line) = (String::new(), 0);
    for part in value.raw().split_inclusive(',') {
        let long = part.chars().count();
        if line > 0 && line + long > WIDE {
            folded.push('\n');
            line = 0;
        }
        folded.push_str(part);
        line += long;
    }
    Cell::Code(folded.into())
}
