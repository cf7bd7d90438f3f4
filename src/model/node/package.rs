//! A software package on a node: which version is installed, and which one could be.

use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, List, Listed, count};
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

impl AptPackage {
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
            Column::new("Package", |p: &AptPackage| p.package.clone()),
            Column::new("State", AptPackage::state_cell),
            Column::new("Installed", AptPackage::installed_cell),
            Column::new("On offer", |p: &AptPackage| p.version.clone()),
            Column::new("From", |p: &AptPackage| p.publisher.clone()),
            Column::new("Running", |p: &AptPackage| p.running_kernel.clone().or_else(|| p.manager_version.clone())),
            Column::new("What it is", |p: &AptPackage| p.title.clone()),
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
