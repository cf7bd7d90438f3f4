//! One moment of a history, as `rrddata` has it.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::render::Points;
use crate::session::Answer;
use crate::units::Moment;

fields! {
    /// One moment of a history; `None` is a gap, which is no zero.
    #[derive(Clone, Debug, Default)]
    pub struct Point {
        #[field(loose::i64)]
        pub(super) time: Option<i64>,
        /// CPU use, 1.0 being all of it.
        #[field(loose::f64)]
        pub cpu: Option<f64>,
        /// Memory in use, in bytes.
        #[field(loose::f64)]
        pub mem: Option<f64>,
        #[field(loose::f64)]
        pub(super) memused: Option<f64>,
        /// Memory that there is, in bytes.
        #[field(loose::f64)]
        pub maxmem: Option<f64>,
        #[field(loose::f64)]
        pub(super) memtotal: Option<f64>,
        /// Bytes received in a second.
        #[field(loose::f64)]
        pub netin: Option<f64>,
        /// Bytes sent in a second.
        #[field(loose::f64)]
        pub netout: Option<f64>,
        /// Bytes read from disks in a second.
        #[field(loose::f64)]
        pub diskread: Option<f64>,
        /// Bytes written to disks in a second.
        #[field(loose::f64)]
        pub diskwrite: Option<f64>,
        /// CPUs that there are.
        #[field(loose::f64)]
        pub maxcpu: Option<f64>,
        /// Bytes in use on a container's root disk.
        #[field(loose::f64)]
        pub disk: Option<f64>,
        /// Size of a guest's first disk, in bytes.
        #[field(loose::f64)]
        pub maxdisk: Option<f64>,
        /// Memory of the node that a virtual machine took, in bytes.
        #[field(loose::f64)]
        pub memhost: Option<f64>,
        /// Percent of the time in which something waited for a CPU.
        #[field(loose::f64)]
        pub pressurecpusome: Option<f64>,
        /// Percent of the time in which everything waited for a CPU.
        #[field(loose::f64)]
        pub pressurecpufull: Option<f64>,
        /// Percent of the time in which something waited for disks.
        #[field(loose::f64)]
        pub pressureiosome: Option<f64>,
        /// Percent of the time in which everything waited for disks.
        #[field(loose::f64)]
        pub pressureiofull: Option<f64>,
        /// Percent of the time in which something waited for memory.
        #[field(loose::f64)]
        pub pressurememorysome: Option<f64>,
        /// Percent of the time in which everything waited for memory.
        #[field(loose::f64)]
        pub pressurememoryfull: Option<f64>,
        /// The part of a node's CPU time that went by waiting for disks, 1.0 being all of it.
        #[field(loose::f64)]
        pub iowait: Option<f64>,
        /// How many processes wanted to run on a node, averaged over a minute.
        #[field(loose::f64)]
        pub loadavg: Option<f64>,
        /// Memory that a node could give to new processes, in bytes.
        #[field(loose::f64)]
        pub memavailable: Option<f64>,
        /// Memory that the cache of ZFS took on a node, in bytes.
        #[field(loose::f64)]
        pub arcsize: Option<f64>,
        /// Bytes in use on a node's root file system.
        #[field(loose::f64)]
        pub rootused: Option<f64>,
        /// Size of a node's root file system, in bytes.
        #[field(loose::f64)]
        pub roottotal: Option<f64>,
        /// Swap in use on a node, in bytes.
        #[field(loose::f64)]
        pub swapused: Option<f64>,
        /// Swap of a node, in bytes.
        #[field(loose::f64)]
        pub swaptotal: Option<f64>,
        /// Bytes in use on a storage.
        #[field(loose::f64)]
        pub used: Option<f64>,
        /// Size of a storage, in bytes.
        #[field(loose::f64)]
        pub total: Option<f64>,
    }
}

/// The points of guests, nodes and storages.
#[cfg(test)]
pub(crate) fn typed() -> Vec<crate::model::conformance::Typed> {
    use crate::model::conformance::Typed;
    vec![Typed::row::<Point>(&[
        "/nodes/{node}/qemu/{vmid}/rrddata",
        "/nodes/{node}/lxc/{vmid}/rrddata",
        "/nodes/{node}/rrddata",
        "/nodes/{node}/storage/{storage}/rrddata",
    ])]
}

impl Point {
    /// When it was.
    pub fn at(&self) -> Moment {
        Moment::from_unix(self.time.unwrap_or_default())
    }

    /// Bytes in use of a storage, of a node's root file system, or of a container's root disk.
    pub(super) fn space_used(&self) -> Option<f64> {
        self.used.or(self.rootused).or_else(|| self.root_disk())
    }

    /// Of how many bytes.
    pub(super) fn space(&self) -> Option<f64> {
        self.total.or(self.roottotal).or_else(|| self.root_disk().and(self.maxdisk))
    }

    /// Nodes have other words for the same.
    pub(super) fn in_the_words_of_guests(mut self) -> Point {
        self.mem = self.mem.or(self.memused);
        self.maxmem = self.maxmem.or(self.memtotal);
        self
    }

    /// What is in use of a container's root disk: of a virtual machine, Proxmox VE writes 0 for "not known".
    fn root_disk(&self) -> Option<f64> {
        self.disk.filter(|used| *used > 0.0)
    }
}

/// Those in an answer, oldest first.
pub(super) fn all_in(answer: &Answer) -> Result<Vec<Point>, Error> {
    let rows = answer.rows_at_once::<Point>()?.into_iter().map(|(point, _)| point.in_the_words_of_guests());
    let mut points: Vec<Point> = rows.filter(|point| point.time.is_some()).collect();
    points.sort_by_key(|point| point.time);
    Ok(points)
}

/// One number of each of them.
pub(super) fn series(points: &[Point], number: fn(&Point) -> Option<f64>) -> Points {
    points.iter().map(|point| (point.at(), number(point))).collect()
}
