//! A software package on a node: which version is installed, and which one could be.

use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, column, count};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::page::{Cell, State, Tone};
use crate::text::Text;
use crate::units::Reading;

fields! {
    /// A package, from `/nodes/{node}/apt/versions` (those that matter to Proxmox VE; needs Sys.Audit on `/nodes/{node}`) or
    /// from `/nodes/{node}/apt/update` (those that can be updated; needs Sys.Modify there).
    #[derive(Clone, Default)]
    pub struct AptPackage {
        /// Its name.
        #[field("Package")]
        pub package: Text,
        /// The version that is installed; none where it is not.
        #[field("OldVersion")]
        pub installed: Option<Text>,
        /// The version that the package lists of the node offer; the installed one where they offer none that is newer.
        #[field("Version")]
        pub version: Reading<Text>,
        /// `Installed`, `NotInstalled`, `ConfigFiles`, ... Said in the list of versions only.
        #[field("CurrentState")]
        pub state: Option<Text>,
        /// In one line what it is.
        #[field("Title")]
        pub title: Reading<Text>,
        /// The same at length.
        #[field("Description")]
        pub description: Reading<Text>,
        /// Who publishes it: `Proxmox`, `Debian`.
        #[field("Origin")]
        pub publisher: Reading<Text>,
        /// The machine that it is made for: `amd64`, `all`.
        #[field("Arch")]
        pub arch: Reading<Text>,
        /// The section of the archive: `admin`, `libs`.
        #[field("Section")]
        pub section: Option<Text>,
        /// How important Debian takes it to be: `required`, `optional`.
        #[field("Priority")]
        pub priority: Option<Text>,
        /// Version for which somebody was told by mail that it can be had.
        #[field("NotifyStatus")]
        pub notified: Option<Text>,
        /// Version and build of the running `pve-manager`, with that package only.
        #[field("ManagerVersion")]
        pub manager_version: Option<Text>,
        /// The running kernel, with the package `proxmox-ve` only.
        #[field("RunningKernel")]
        pub running_kernel: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(AptPackage: "/nodes/{node}/apt/versions", "/nodes/{node}/apt/update");

impl Node {
    /// The versions of the packages that Proxmox VE is made of, from `/nodes/{node}/apt/versions`.
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Audit is missing.
    pub fn versions(&self) -> Result<List<AptPackage>, Error> {
        Ask::new(&self.session, self.path("apt/versions"))
            .titled(format!("Package versions on {}", self.name.raw()))
            .question("Which versions of the software run here, and could any be newer?")
            .place(self.place())
            .list()
    }

    /// What could be updated, from `/nodes/{node}/apt/update`: as of the last time that the node read its package lists.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let updates = Pve::demo()?.node("pve1")?.updates()?;
    /// assert!(updates.all(|package| package.can_be_updated()));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Modify on `/nodes/{node}` is missing, which this needs although it changes
    /// nothing.
    pub fn updates(&self) -> Result<List<AptPackage>, Error> {
        Ask::new(&self.session, self.path("apt/update"))
            .titled(format!("Updates for {}", self.name.raw()))
            .question("Which packages could be updated, as of the last look at the package lists?")
            .place(self.place())
            .list()
    }
}

impl List<AptPackage> {
    /// Of the versions on a node, the kernel that is installed, newer than the one that runs, and waits for a reboot; known
    /// to be `None` where the newest one runs.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let waiting = Pve::demo()?.node("pve1")?.versions()?.kernel_waiting();
    /// println!("{}", waiting.known().flatten().unwrap_or("no reboot is due".into()));
    /// # Ok(()) }
    /// ```
    pub fn kernel_waiting(&self) -> Reading<Option<Text>> {
        let running = self.iter().find_map(|package| package.running_kernel.as_ref());
        let running = running.map(|release| numbers(release.raw())).filter(|numbers| !numbers.is_empty());
        let newest = self.iter().filter_map(AptPackage::kernel).max_by_key(|release| numbers(release));
        match running.zip(newest) {
            Some((running, newest)) => Reading::Known((numbers(newest) > running).then(|| newest.into())),
            None => Reading::default(),
        }
    }
}

/// The numbers that a version begins with: 6, 17, 4, 1 of `6.17.4-1-pve`.
fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+', '~']).map_while(|part| part.parse().ok()).collect()
}

impl AptPackage {
    /// The release of the kernel that it is, where it is one that is installed. The packages that only point to the newest
    /// of a series had numbers of their own before Proxmox VE 8.
    fn kernel(&self) -> Option<&str> {
        let name = self.package.raw();
        let (release, is_new) = match name.strip_prefix("proxmox-kernel-") {
            Some(release) => (release, true),
            None => (name.strip_prefix("pve-kernel-")?, false),
        };
        let is_release = release.starts_with(|c: char| c.is_ascii_digit()) && self.is_installed();
        match release.contains("-pve") {
            _ if !is_release => None,
            true => Some(release.trim_end_matches("-signed")),
            false => self.installed.as_ref().filter(|_| is_new).map(Text::raw),
        }
    }

    /// Whether it is installed.
    pub fn is_installed(&self) -> bool {
        match &self.state {
            Some(state) => *state == "Installed",
            None => self.installed.is_some(),
        }
    }

    /// Whether it is installed in a version other than the one on offer.
    pub fn can_be_updated(&self) -> bool {
        self.is_installed()
            && self.installed.as_ref().is_some_and(|installed| self.version.is_known() && self.version != *installed)
    }

    fn state_cell(&self) -> Cell {
        let state = if self.can_be_updated() {
            State::new(Tone::Held, "can be updated")
        } else if self.is_installed() {
            State::new(Tone::Good, "installed")
        } else if self.state.as_ref().is_none_or(|state| *state == "NotInstalled" || *state == "ConfigFiles") {
            State::new(Tone::Off, "not installed")
        } else {
            // Half configured and the like: an update was broken off.
            State::new(Tone::Wrong, self.state.clone().unwrap_or_default())
        };
        state.into()
    }

    fn installed_cell(&self) -> Cell {
        if self.is_installed() { self.installed.clone().into() } else { Cell::Empty }
    }
}

impl Listed for AptPackage {
    const NOUN: (&'static str, &'static str) = ("package", "packages");

    fn columns() -> Vec<Column<AptPackage>> {
        vec![
            column!("Package", |p: &AptPackage| p.package.clone()),
            column!("State", AptPackage::state_cell).by(
                "state installed version",
                "installed, and to be updated where the version on offer is another one",
            ),
            column!("Installed", AptPackage::installed_cell)
                .by("installed state", "the version, of a package that is installed"),
            column!("On offer", |p: &AptPackage| p.version.clone()),
            column!("From", |p: &AptPackage| p.publisher.clone()),
            column!("Running", |p: &AptPackage| p.running_kernel.clone().or_else(|| p.manager_version.clone())),
            column!("What it is", |p: &AptPackage| p.title.clone()),
        ]
    }

    fn summary(packages: &[AptPackage]) -> (String, String) {
        let news: Vec<&AptPackage> = packages.iter().filter(|p| p.can_be_updated()).collect();
        let named: Vec<String> = news.iter().take(5).map(|p| p.package.to_string()).collect();
        let rest = match news.len() {
            0 => ", none of which could be updated.".into(),
            n if n > named.len() => format!("; {n} could be updated: {}, …", named.join(", ")),
            n => format!("; {n} could be updated: {}.", named.join(", ")),
        };
        (count(packages.len(), AptPackage::NOUN), rest)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::model::canned::Canned;
    use crate::model::node::Node;
    use crate::text::Text;
    use crate::units::{Reading, Why};

    /// What waits on a node that runs this kernel and has these packages.
    fn waiting(running: &str, packages: &[(&str, &str, &str)]) -> Reading<Option<Text>> {
        let row = |(name, version, state): &(&str, &str, &str)| json!({ "Package": name, "OldVersion": version, "CurrentState": state });
        let mut rows: Vec<_> = packages.iter().map(row).collect();
        rows.push(json!({ "Package": "proxmox-ve", "CurrentState": "Installed", "RunningKernel": running }));
        let session = Canned::new().data("/nodes/pve1/apt/versions", rows.into()).session();
        Node::find(&session, "pve1").unwrap().versions().unwrap().kernel_waiting()
    }

    #[test]
    fn a_kernel_waits_that_is_installed_and_newer_than_the_one_that_runs() {
        let (old, new) = ("proxmox-kernel-6.14.8-2-pve-signed", "proxmox-kernel-6.17.4-1-pve-signed");
        let both = [
            (old, "6.14.8-2", "Installed"),
            (new, "6.17.4-1", "Installed"),
            ("proxmox-kernel-helper", "9.0.4", "Installed"),
        ];
        assert_eq!(waiting("6.14.8-2-pve", &both), Reading::Known(Some("6.17.4-1-pve".into())));
        assert_eq!(waiting("6.17.4-1-pve", &both), Reading::Known(None));
        let removed = [(old, "6.14.8-2", "Installed"), (new, "6.17.4-1", "ConfigFiles")];
        assert_eq!(waiting("6.14.8-2-pve", &removed), Reading::Known(None));
        // 10 is more than 9, whatever comes first in a dictionary.
        let tenth = [("proxmox-kernel-6.17", "6.17.10-1", "Installed")];
        assert_eq!(waiting("6.17.9-1-pve", &tenth), Reading::Known(Some("6.17.10-1".into())));
    }

    #[test]
    fn packages_that_count_by_themselves_and_odd_kernels_tell_nothing() {
        let seventh =
            [("pve-kernel-5.15", "7.4-3", "Installed"), ("pve-kernel-5.15.108-1-pve", "5.15.108-2", "Installed")];
        assert_eq!(waiting("5.15.108-1-pve", &seventh), Reading::Known(None));
        assert_eq!(waiting("mine", &seventh), Reading::Missing(Why::NotInAnswer));
        assert_eq!(waiting("6.17.4-1-pve", &[]), Reading::Missing(Why::NotInAnswer));
    }
}
