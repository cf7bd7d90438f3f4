//! What a node says of itself: its version, its kernel, its processors, its load and its memory at this moment.

use crate::error::Error;
use crate::model::fields::fields;
use crate::model::list::{Column, Listed, column, count};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::page::Cell;
use crate::text::Text;
use crate::units::{Age, Bytes, Ratio, Reading};

fields! {
    /// A node's own account of itself, from `/nodes/{node}/status`. Needs Sys.Audit on `/nodes/{node}`.
    #[derive(Clone, Default)]
    pub struct NodeStatus {
        /// Version and build of Proxmox VE: `pve-manager/9.1.4/…`.
        pub pveversion: Reading<Text>,
        /// The running kernel in one line.
        pub kversion: Reading<Text>,
        /// The running kernel in its parts.
        #[field("current-kernel")]
        pub current_kernel: NodeKernel,
        /// How it was booted.
        #[field("boot-info")]
        pub boot_info: BootInfo,
        /// How long it has been running.
        pub uptime: Reading<Age>,
        /// CPU use, 1.0 being all threads.
        pub cpu: Reading<Ratio>,
        /// The part of CPU time spent waiting for disks.
        pub wait: Reading<Ratio>,
        /// Always 0, whatever the node does: Proxmox VE does not fill it in.
        pub idle: Reading<f64>,
        /// How many processes were ready to run or waiting for a disk, over 1, 5 and 15 minutes.
        pub loadavg: Vec<Reading<f64>>,
        /// Its processors.
        pub cpuinfo: CpuInfo,
        /// Main memory.
        pub memory: NodeSpace,
        /// Swap space.
        pub swap: NodeSpace,
        /// The root file system.
        pub rootfs: NodeSpace,
        /// Memory saved by merging equal pages of guests.
        pub ksm: Ksm,
        /// The node that it belongs to.
        #[field(skip, "the path of the call")]
        node: Text,
        #[field(skip)]
        origin: Origin,
    }
}

fields! {
    /// The running kernel.
    #[derive(Clone, Debug, Default)]
    pub struct NodeKernel {
        /// `Linux`.
        pub sysname: Reading<Text>,
        /// Its release: `6.17.4-1-pve`.
        pub release: Reading<Text>,
        /// Its build.
        pub version: Reading<Text>,
        /// The architecture: `x86_64`.
        pub machine: Reading<Text>,
    }
}

fields! {
    /// How a node was booted.
    #[derive(Clone, Debug, Default)]
    pub struct BootInfo {
        /// `efi` or `legacy-bios`.
        pub mode: Reading<Text>,
        /// Whether secure boot is on; said with EFI only.
        pub secureboot: Reading<bool>,
    }
}

fields! {
    /// The processors of a node.
    #[derive(Clone, Debug, Default)]
    pub struct CpuInfo {
        /// The model, as the maker calls it.
        pub model: Reading<Text>,
        /// The maker: `GenuineIntel`, `AuthenticAMD`.
        pub vendor: Reading<Text>,
        /// The family within the maker's processors.
        pub family: Reading<Text>,
        /// Processor packages.
        pub sockets: Reading<u64>,
        /// Cores of all sockets.
        pub cores: Reading<u64>,
        /// Threads of all cores: what guests' virtual CPUs run on.
        pub cpus: Reading<u64>,
        /// Clock at this moment, in MHz.
        pub mhz: Reading<f64>,
        /// Whether it can run virtual machines in hardware; without that only containers and emulation are left.
        pub hvm: Reading<bool>,
        /// Ticks a second of the kernel's own counters.
        pub user_hz: Reading<u64>,
        /// What it can do, in the kernel's words, separated by spaces.
        pub flags: Reading<Text>,
    }
}

fields! {
    /// Space of one kind: memory, swap, a file system.
    #[derive(Clone, Debug, Default)]
    pub struct NodeSpace {
        /// All of it.
        pub total: Reading<Bytes>,
        /// In use.
        pub used: Reading<Bytes>,
        /// Not in use at all.
        pub free: Reading<Bytes>,
        /// Of memory: what could be had at once, including caches.
        pub available: Reading<Bytes>,
        /// Of a file system: what ordinary users may still write.
        pub avail: Reading<Bytes>,
    }
}

fields! {
    /// Merging of equal memory pages.
    #[derive(Clone, Debug, Default)]
    pub struct Ksm {
        /// Memory that is saved by it.
        pub shared: Reading<Bytes>,
    }
}

record!(NodeStatus: "/nodes/{node}/status");

impl Node {
    /// What it says of itself at this moment, from `/nodes/{node}/status`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let status = Pve::demo()?.node("pve1")?.status()?;
    /// assert_eq!(status.cpuinfo.hvm, true);
    /// assert!(status.memory.used < Bytes::gib(96));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Audit is missing.
    pub fn status(&self) -> Result<NodeStatus, Error> {
        Ask::new(&self.session, self.path("status"))
            .place(self.place())
            .one_with(|status: &mut NodeStatus| status.node = self.name.clone())
    }
}

impl NodeStatus {
    /// The load over the last minute for each CPU thread: above 1.0 processes have to wait.
    pub fn load_per_thread(&self) -> Option<f64> {
        let load = self.loadavg.first()?.known()?;
        let threads = self.cpuinfo.cpus.known().filter(|threads| *threads > 0)?;
        Some(load / threads as f64)
    }

    fn load_cell(&self) -> Cell {
        let word = |load: &Reading<f64>| load.known().map_or("?".into(), |load| format!("{load:.2}"));
        match self.loadavg.as_slice() {
            [] => Reading::<Text>::default().into(),
            loads => loads.iter().map(word).collect::<Vec<_>>().join(", ").into(),
        }
    }

    fn kernel_cell(&self) -> Cell {
        match &self.current_kernel.release {
            Reading::Known(release) => release.clone().into(),
            Reading::Missing(_) => self.kversion.clone().into(),
        }
    }

    fn swap_cell(&self) -> Cell {
        if self.swap.total == Bytes(0) { "none".into() } else { Cell::usage(self.swap.used, self.swap.total) }
    }

    fn processor_cell(&self) -> Cell {
        match (&self.cpuinfo.model, self.cpuinfo.cpus, self.cpuinfo.sockets) {
            (Reading::Known(model), Reading::Known(cpus), Reading::Known(sockets)) => Cell::Name(
                model.clone(),
                format!(
                    "{}, {}",
                    count(cpus as usize, ("thread", "threads")),
                    count(sockets as usize, ("socket", "sockets"))
                )
                .into(),
            ),
            (model, ..) => model.clone().into(),
        }
    }

    fn virtualization_cell(&self) -> Cell {
        match self.cpuinfo.hvm {
            Reading::Known(true) => "in hardware".into(),
            Reading::Known(false) => "not in hardware: switched off in the firmware, or a VM itself".into(),
            Reading::Missing(why) => why.into(),
        }
    }

    fn boot_cell(&self) -> Cell {
        let mode = match &self.boot_info.mode {
            Reading::Known(mode) if *mode == "efi" => "EFI".into(),
            Reading::Known(mode) if *mode == "legacy-bios" => "BIOS".into(),
            mode => return mode.clone().into(),
        };
        match self.boot_info.secureboot {
            Reading::Known(true) => Cell::Name(mode, "secure boot".into()),
            _ => mode.into(),
        }
    }
}

impl Listed for NodeStatus {
    const NOUN: (&'static str, &'static str) = ("status of node", "statuses of nodes");

    fn columns() -> Vec<Column<NodeStatus>> {
        vec![
            column!("Node", |s: &NodeStatus| s.node.clone()),
            column!("Version", |s: &NodeStatus| s.pveversion.clone()),
            column!("Kernel", NodeStatus::kernel_cell)
                .by("current_kernel.release kversion", "the first of these that is there"),
            column!("Booted by", NodeStatus::boot_cell)
                .by("boot_info.mode boot_info.secureboot", "efi is EFI, legacy-bios is BIOS; secure boot is said"),
            column!("Processor", NodeStatus::processor_cell)
                .by("cpuinfo.model cpuinfo.cpus cpuinfo.sockets", "the model, with its threads and sockets"),
            column!("Virtual machines run", NodeStatus::virtualization_cell)
                .by("cpuinfo.hvm", "1: in hardware; nothing or 0: not in hardware"),
            column!("Load over 1, 5 and 15 min", NodeStatus::load_cell)
                .by("loadavg", "three averages of how many processes ran or waited"),
            column!("Waiting for disks", |s: &NodeStatus| s.wait),
            column!("Memory", |s: &NodeStatus| Cell::usage(s.memory.used, s.memory.total)),
            column!("Swap", NodeStatus::swap_cell)
                .by("swap.used swap.total", "the part in use; none where there is none in all"),
            column!("Root file system", |s: &NodeStatus| Cell::usage(s.rootfs.used, s.rootfs.total)),
        ]
    }
}
