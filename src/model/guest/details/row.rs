//! How what a node knows of a guest is shown: its row in a table.

use crate::model::guest::details::{GuestDetails, QmpStatus};
use crate::model::guest::page::cpu_cell;
use crate::model::guest::{GuestKind, Status};
use crate::model::lens;
use crate::model::list::{Column, Listed, column, count};
use crate::model::record::answered;
use crate::model::together::some_of;
use crate::page::{Cell, Grid, Page, State, Tone};
use crate::render::View;
use crate::units::{Bytes, Ratio, Reading};

impl GuestDetails {
    fn state(&self) -> Cell {
        let Reading::Known(status) = &self.status else { return self.status.clone().into() };
        let mut state = status.state();
        // The list of a node does not ask QEMU, which alone knows that a machine is paused.
        if self.kind() == GuestKind::Vm && *status == Status::Running && !self.qmpstatus.is_known() {
            state.word = "running or paused".into();
        }
        if let Reading::Known(qmp) = &self.qmpstatus
            && *status != qmp.word()
        {
            let tone = match qmp {
                QmpStatus::IoError | QmpStatus::Panicked | QmpStatus::InternalError => Tone::Wrong,
                _ => Tone::Held,
            };
            state = State::new(tone, qmp.word());
        }
        if let Some(lock) = &self.lock {
            state.word = format!("{} (locked: {})", state.word.raw(), lock.raw()).into();
        }
        state.into()
    }
}

/// Two counters in a cell: `in 3 GiB, out 1 GiB`.
fn two(one: (&str, Reading<Bytes>), other: (&str, Reading<Bytes>)) -> Cell {
    match (one.1, other.1) {
        (Reading::Known(a), Reading::Known(b)) => Cell::from(format!("{a} {}, {b} {}", one.0, other.0)),
        (Reading::Missing(why), _) | (_, Reading::Missing(why)) => why.into(),
    }
}

impl Listed for GuestDetails {
    const NOUN: (&'static str, &'static str) = ("guest", "guests");

    fn columns() -> Vec<Column<GuestDetails>> {
        vec![
            column!("Guest", |g: &GuestDetails| {
                let number = format!("{} {}", g.kind(), g.vmid.known().map(|n| n.to_string()).unwrap_or_default());
                match &g.name {
                    Reading::Known(name) => Cell::Name(name.clone(), number.into()),
                    Reading::Missing(_) => number.into(),
                }
            }).by("name kind vmid", "the name, with the kind and the number beside it"),
            column!("State", GuestDetails::state).by("status qmpstatus kind lock", "what QEMU itself says goes before the state, where they differ; a virtual machine of which QEMU was not asked runs or is paused; a lock is said"),
            column!("CPU", |g: &GuestDetails| cpu_cell(g.cpu, g.cpus)).by("cpu cpus", "the part in use, and of how many"),
            column!("Memory", |g: &GuestDetails| Cell::usage(g.mem, g.maxmem)),
            column!("Waits", GuestDetails::pressure).by("pressurecpusome pressureiosome pressurememorysome", "the greatest of the three"),
            column!("Network", |g: &GuestDetails| two(("in", g.netin), ("out", g.netout))).by("netin netout", "both, since it was started"),
            column!("Disks", |g: &GuestDetails| two(("read", g.diskread), ("written", g.diskwrite))).by("diskread diskwrite", "both, since it was started"),
            column!("Up", |g: &GuestDetails| g.uptime),
        ]
    }

    fn summary(guests: &[GuestDetails]) -> (String, String) {
        let waiting: Vec<String> = guests
            .iter()
            .filter(|guest| guest.pressure() >= Ratio(0.1))
            .map(|guest| format!("{} ({})", guest.name, guest.pressure()))
            .collect();
        let rest = match waiting.is_empty() {
            true => "; none waits for a tenth of its time or more.".into(),
            false => format!("; a tenth of the time or more wait {}.", some_of(&waiting)),
        };
        (count(guests.len(), GuestDetails::NOUN), rest)
    }
}

impl View for GuestDetails {
    fn page(&self) -> Page {
        let name = self.name.as_ref().known().map_or_else(|| self.kind().to_string(), |name| name.raw().to_owned());
        let columns = GuestDetails::columns();
        let facts = columns.iter().skip(1).map(|column| (column.name().clone(), column.cell(self)));
        let more = [
            ("Waits for a CPU", Cell::from(self.pressurecpusome)),
            ("Waits for disks", self.pressureiosome.into()),
            ("Waits for memory", self.pressurememorysome.into()),
            ("High availability", self.ha_state().into()),
            ("Process", self.pid.into()),
            ("Started with QEMU", self.running_qemu.clone().into()),
            ("Started as", self.running_machine.clone().into()),
        ];
        let more = more.into_iter().filter(|(_, cell)| *cell != Cell::Empty).map(|(label, cell)| (label.into(), cell));
        let page = Page::new(format!("{name} as its node knows it now"))
            .question("What does it do, and does it have to wait?");
        let page = answered(page, &name, self).facts(lens::facts(self, facts.chain(more), &self.provenance()));
        let nics = self.counters_of_nics();
        let page = if nics.is_empty() {
            page
        } else {
            let rows = nics.into_iter().map(|nic| vec![nic.interface.into(), nic.received.into(), nic.sent.into()]);
            page.heading("Through its network cards since it was started")
                .table(Grid::new(["Interface on the node", "Received", "Sent"]).rows(rows))
        };
        let drives = self.counters_of_drives();
        let page = if drives.is_empty() {
            page
        } else {
            let rows = drives.into_iter().map(|drive| {
                vec![
                    drive.key.into(),
                    drive.read.into(),
                    drive.written.into(),
                    drive.reads.into(),
                    drive.writes.into(),
                    drive.failed.into(),
                ]
            });
            page.heading("Through its drives since it was started")
                .table(Grid::new(["Drive", "Read", "Written", "Reads", "Writes", "Failed"]).rows(rows))
        };
        page.provenance(self.provenance())
    }
}
