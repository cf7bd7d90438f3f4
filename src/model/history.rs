//! How a guest, a node or a storage was loaded: the round-robin data that Proxmox VE keeps for an hour up to a year.

use std::fmt;

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::guest::Guest;
use crate::model::node::Node;
use crate::page::{Figure, Level, Page, Provenance};
use crate::render::{Chart, Unit, View};
use crate::session::Session;
use crate::text::Text;
use crate::units::Moment;
use crate::wire::Call;

/// How far back to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    /// The last hour, a point a minute.
    Hour,
    /// The last day, a point every minute or half hour, by version.
    Day,
    /// The last week.
    Week,
    /// The last month.
    Month,
    /// The last year.
    Year,
}

impl Span {
    fn word(self) -> &'static str {
        match self {
            Span::Hour => "hour",
            Span::Day => "day",
            Span::Week => "week",
            Span::Month => "month",
            Span::Year => "year",
        }
    }
}

fields! {
    /// One moment of a history; `None` is a gap, which is no zero.
    #[derive(Clone, Debug, Default)]
    pub struct Point {
        #[field(loose::i64)]
        time: Option<i64>,
        /// CPU use, 1.0 being all of it.
        #[field(loose::f64)]
        pub cpu: Option<f64>,
        /// Memory in use, in bytes.
        #[field(loose::f64)]
        pub mem: Option<f64>,
        #[field(loose::f64)]
        memused: Option<f64>,
        /// Memory that there is, in bytes.
        #[field(loose::f64)]
        pub maxmem: Option<f64>,
        #[field(loose::f64)]
        memtotal: Option<f64>,
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
pub(crate) fn typed() -> Vec<super::conformance::Typed> {
    use super::conformance::Typed;
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

    /// What is in use of a container's root disk: of a virtual machine, Proxmox VE writes 0 for "not known".
    fn root_disk(&self) -> Option<f64> {
        self.disk.filter(|used| *used > 0.0)
    }
}

/// A series of a chart: its name, and which number of a point it is.
type Series<'a> = (&'a str, fn(&Point) -> Option<f64>);

/// The load of a guest, a node or a storage over a span of time, from its `rrddata`.
#[derive(Clone)]
pub struct History {
    called: Text,
    span: Span,
    points: Vec<Point>,
    provenance: Provenance,
}

impl History {
    pub(crate) fn of_guest(guest: &Guest, span: Span) -> Result<History, Error> {
        let place = format!("{}/{}", guest.kind.path(), guest.vmid);
        History::read(&guest.session, guest.called(), &guest.path("rrddata"), &place, span)
    }

    pub(crate) fn of_node(node: &Node, span: Span) -> Result<History, Error> {
        let name = node.name.raw();
        History::read(
            &node.session,
            node.name.clone(),
            &format!("/nodes/{name}/rrddata"),
            &format!("node/{name}"),
            span,
        )
    }

    pub(crate) fn of_storage(session: &Session, node: &Text, storage: &Text, span: Span) -> Result<History, Error> {
        let (node, storage) = (node.raw(), storage.raw());
        let path = format!("/nodes/{node}/storage/{storage}/rrddata");
        History::read(session, format!("{storage} on {node}").into(), &path, &format!("storage/{node}/{storage}"), span)
    }

    fn read(session: &Session, called: Text, path: &str, place: &str, span: Span) -> Result<History, Error> {
        let answer = session.ask(Call::get(path).with("timeframe", span.word()))?;
        let mut points: Vec<Point> =
            answer.rows()?.into_iter().map(|(point, _)| point).filter(|point: &Point| point.time.is_some()).collect();
        for point in &mut points {
            // Nodes have other words for the same.
            point.mem = point.mem.or(point.memused);
            point.maxmem = point.maxmem.or(point.memtotal);
        }
        points.sort_by_key(|point| point.time);
        Ok(History { called, span, points, provenance: session.provenance([&answer], Some(place)) })
    }

    /// Every moment, oldest first.
    pub fn points(&self) -> Vec<Point> {
        self.points.clone()
    }

    /// CPU use as a chart.
    pub fn cpu(&self) -> Figure {
        self.chart("CPU", Unit::Ratio, &[("used", |point| point.cpu)], Some(("all of it", 1.0)))
    }

    /// Memory as a chart, with what there is drawn in.
    pub fn memory(&self) -> Figure {
        let limit = self.points.iter().rev().find_map(|point| point.maxmem);
        self.chart("Memory", Unit::Bytes, &[("used", |point| point.mem)], limit.map(|limit| ("all of it", limit)))
    }

    /// Network traffic as a chart.
    pub fn network(&self) -> Figure {
        self.chart(
            "Network",
            Unit::BytesPerSecond,
            &[("received", |point| point.netin), ("sent", |point| point.netout)],
            None,
        )
    }

    /// Disk traffic as a chart.
    pub fn disk(&self) -> Figure {
        self.chart(
            "Disks",
            Unit::BytesPerSecond,
            &[("read", |point| point.diskread), ("written", |point| point.diskwrite)],
            None,
        )
    }

    /// The part of the time spent waiting as a chart: for a CPU, for disks, for memory.
    pub fn pressure(&self) -> Figure {
        self.chart(
            "Time spent waiting",
            Unit::Ratio,
            &[
                ("for a CPU", |point| point.pressurecpusome.map(|percent| percent / 100.0)),
                ("for disks", |point| point.pressureiosome.map(|percent| percent / 100.0)),
                ("for memory", |point| point.pressurememorysome.map(|percent| percent / 100.0)),
            ],
            None,
        )
    }

    /// The space of a storage, of a node's root file system or of a container's root disk as a chart, with what there is
    /// drawn in. What a virtual machine has used of its disks is known only inside it.
    pub fn space(&self) -> Figure {
        let limit = self
            .points
            .iter()
            .rev()
            .find_map(|point| point.total.or(point.roottotal).or_else(|| point.root_disk().and(point.maxdisk)));
        let used: Series<'_> = ("used", |point| point.used.or(point.rootused).or_else(|| point.root_disk()));
        self.chart("Space", Unit::Bytes, &[used], limit.map(|limit| ("all of it", limit)))
    }

    fn chart(&self, what: &str, unit: Unit, series: &[Series<'_>], limit: Option<(&str, f64)>) -> Figure {
        Chart {
            title: format!("{what} of {}, last {}", self.called.raw(), self.span.word()).into(),
            unit,
            series: series
                .iter()
                .map(|(name, value)| {
                    (Text::from(*name), self.points.iter().map(|point| (point.at(), value(point))).collect())
                })
                .collect(),
            limit: limit.map(|(name, value)| (name.into(), value)),
        }
        .figure()
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "History({}, last {}: {} points)", self.called, self.span.word(), self.points.len())
    }
}

impl View for History {
    fn page(&self) -> Page {
        let page = Page::new(format!("{} over the last {}", self.called.raw(), self.span.word()))
            .question("How loaded was it, and is there room?");
        if self.points.iter().any(|point| point.used.is_some()) {
            let page = page.question("How full was it, and how fast does it fill?").figure(self.space());
            return page.provenance(self.provenance.clone());
        }
        let known = self.points.iter().filter(|point| point.cpu.is_some()).count();
        if known == 0 {
            return page
                .note(Level::Info, "Nothing was recorded in this time: it was off, or is too new.")
                .provenance(self.provenance.clone());
        }
        let page = page.figure(self.cpu()).figure(self.memory());
        let page =
            if self.points.iter().any(|point| point.netin.is_some()) { page.figure(self.network()) } else { page };
        let page =
            if self.points.iter().any(|point| point.diskread.is_some()) { page.figure(self.disk()) } else { page };
        let waited = |point: &Point| {
            let parts = [point.pressurecpusome, point.pressureiosome, point.pressurememorysome];
            parts.into_iter().flatten().any(|percent| percent >= 10.0)
        };
        let page = if self.points.iter().any(waited) { page.figure(self.pressure()) } else { page };
        page.provenance(self.provenance.clone())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::canned::Canned;

    #[test]
    fn a_gap_of_a_storage_stays_a_gap_and_every_number_is_kept() {
        let rows = json!([
            {"time": 1_768_467_000}, {"time": "1768467060", "used": "512.5", "total": 1024}, {"time": 1_768_467_120, "used": null},
            {"used": 7},
        ]);
        let session = Canned::new().data("/nodes/pve1/storage/local/rrddata", rows).session();
        let storage = Node::find(&session, "pve1").unwrap().storage("local").unwrap();
        let history = storage.history(Span::Hour).unwrap();
        let used: Vec<Option<f64>> = history.points().iter().map(|point| point.used).collect();
        assert_eq!(used, [None, Some(512.5), None]);
        assert!(history.page().text().contains("How full was it"), "{}", history.page().text());
    }

    #[test]
    fn the_space_of_a_node_is_its_root_file_system_and_that_of_a_virtual_machine_is_not_known() {
        let pve = Canned::new().data(
            "/nodes/pve1/rrddata",
            json!([{"time": 1_768_467_060, "rootused": 512, "roottotal": 2048, "cpu": 0.5}]),
        );
        let pve =
            pve.data("/nodes/pve1/qemu/103/rrddata", json!([{"time": 1_768_467_060, "disk": 0, "maxdisk": 2048}]));
        let session = pve.session();
        let of_node = Node::find(&session, "pve1").unwrap().history(Span::Hour).unwrap().space().page().text();
        assert!(of_node.contains("512 B on average") && of_node.contains("of a limit of 2 KiB"), "{of_node}");
        let guest = Guest::find(&session, 103.into()).unwrap();
        let of_guest = guest.history(Span::Hour).unwrap().space().page().text();
        assert!(of_guest.contains("nothing was recorded"), "{of_guest}");
    }

    #[test]
    fn a_guest_has_its_pressures() {
        let guest = Guest::find(&Canned::new().session(), 103.into()).unwrap();
        let history = guest.history(Span::Hour).unwrap();
        let last = history.points().into_iter().rev().find(|point| point.cpu.is_some()).unwrap();
        assert!(last.pressurecpusome.is_some() && last.memhost.is_some() && last.maxcpu == Some(8.0));
        assert!(history.pressure().svg().contains("for disks"));
    }
}
