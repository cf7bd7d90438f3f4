//! What a node knows of a guest at this moment: load, memory, counters, versions; alike for both kinds where they are.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::guest::{Guest, GuestKind, Status};
use crate::model::list::{About, List};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::model::words::words;
use crate::text::Text;
use crate::units::{Age, Bytes, Ratio, Reading, Why};

mod row;

words! {
    /// What QEMU itself says of a virtual machine.
    pub enum QmpStatus {
        /// It runs.
        Running = "running",
        /// Its CPUs stand still.
        Paused = "paused",
        /// It is off.
        Stopped = "stopped",
        /// It is loaded and was not started yet: being restored, or waiting for a debugger.
        Prelaunch = "prelaunch",
        /// It is asleep.
        Suspended = "suspended",
        /// A disk had an error, and it waits.
        IoError = "io-error",
        /// It crashed.
        Panicked = "guest-panicked",
        /// Something inside QEMU went wrong.
        InternalError = "internal-error",
        /// It is being moved to this node.
        Incoming = "inmigrate",
        /// It was moved away.
        Moved = "postmigrate",
    }
}

fields! {
    /// A guest as its node knows it now, from `/nodes/{node}/{qemu|lxc}/{vmid}/status/current`; of many at once from
    /// `/nodes/{node}/qemu` and `/nodes/{node}/lxc`, which leave out what takes a question to QEMU.
    #[derive(Clone, Default)]
    pub struct GuestDetails {
        /// Its number.
        pub vmid: Reading<u64>,
        /// Its name.
        pub name: Reading<Text>,
        /// Whether it runs; a paused virtual machine counts as running here, and `qmpstatus` tells.
        pub status: Reading<Status>,
        /// What QEMU says, of a virtual machine.
        pub qmpstatus: Reading<QmpStatus>,
        /// `lxc` for a container.
        #[field("type")]
        pub r#type: Option<Text>,
        /// The number of its process on the node.
        pub pid: Reading<u64>,
        /// How long it has been running.
        pub uptime: Reading<Age>,
        /// Its virtual CPUs.
        pub cpus: Reading<u64>,
        /// CPU use, 1.0 being all of its own.
        pub cpu: Reading<Ratio>,
        /// Memory in use, as it says itself where it can.
        pub mem: Reading<Bytes>,
        /// Memory of the node that a virtual machine takes.
        pub memhost: Reading<Bytes>,
        /// Memory that it may use.
        pub maxmem: Reading<Bytes>,
        /// Memory that a virtual machine has been left with.
        pub balloon: Reading<Bytes>,
        /// Memory that a virtual machine is left at least.
        pub balloon_min: Reading<Bytes>,
        /// Its weight when memory is shared out.
        pub shares: Reading<u64>,
        /// What the memory balloon says, as QEMU has it.
        pub ballooninfo: Option<Value>,
        /// Swap that a container uses.
        pub swap: Reading<Bytes>,
        /// Swap that a container may use.
        pub maxswap: Reading<Bytes>,
        /// Space used on a container's root disk.
        pub disk: Reading<Bytes>,
        /// Size of its first disk.
        pub maxdisk: Reading<Bytes>,
        /// Bytes read from disks since it was started.
        pub diskread: Reading<Bytes>,
        /// Bytes written to disks since it was started.
        pub diskwrite: Reading<Bytes>,
        /// Bytes received since it was started.
        pub netin: Reading<Bytes>,
        /// Bytes sent since it was started.
        pub netout: Reading<Bytes>,
        /// The part of the time in which something in it waited for a CPU.
        #[field(percent)]
        pub pressurecpusome: Reading<Ratio>,
        /// The part of the time in which all of it waited for a CPU.
        #[field(percent)]
        pub pressurecpufull: Reading<Ratio>,
        /// The part of the time in which something in it waited for disks.
        #[field(percent)]
        pub pressureiosome: Reading<Ratio>,
        /// The part of the time in which all of it waited for disks.
        #[field(percent)]
        pub pressureiofull: Reading<Ratio>,
        /// The part of the time in which something in it waited for memory.
        #[field(percent)]
        pub pressurememorysome: Reading<Ratio>,
        /// The part of the time in which all of it waited for memory.
        #[field(percent)]
        pub pressurememoryfull: Reading<Ratio>,
        /// What high availability makes of it: `managed`, `state`.
        pub ha: Option<Value>,
        /// What holds a lock on it.
        pub lock: Option<Text>,
        /// Its tags.
        #[field(loose::words)]
        pub tags: Vec<Text>,
        /// Whether it is a template.
        #[field(loose::yes)]
        pub template: bool,
        /// Whether a virtual machine is set up to have a guest agent.
        #[field(loose::yes)]
        pub agent: bool,
        /// Whether it has a serial port to look at.
        #[field(loose::yes)]
        pub serial: bool,
        /// Whether its screen is shown by SPICE.
        #[field(loose::yes)]
        pub spice: bool,
        /// How its clipboard is shared: `vnc`.
        pub clipboard: Option<Text>,
        /// The machine type that it was started as.
        #[field("running-machine")]
        pub running_machine: Option<Text>,
        /// The version of QEMU that it was started with; the node may have a newer one by now.
        #[field("running-qemu")]
        pub running_qemu: Option<Text>,
        /// What its QEMU can do for backups.
        #[field("proxmox-support")]
        pub proxmox_support: Option<Value>,
        /// Counters by network card; [`nics`](GuestDetails::counters_of_nics) reads them.
        pub nics: Option<Value>,
        /// Counters by drive; [`drives`](GuestDetails::counters_of_drives) reads them.
        pub blockstat: Option<Value>,
        /// Virtual machine or container.
        #[field(skip, "the path of the call")]
        kind: Option<GuestKind>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(
    GuestDetails without page: "/nodes/{node}/qemu/{vmid}/status/current", "/nodes/{node}/lxc/{vmid}/status/current",
    "/nodes/{node}/qemu", "/nodes/{node}/lxc",
);

/// A part of the time, which the API gives in percent.
fn percent<'de, D: Deserializer<'de>>(from: D) -> Result<Reading<Ratio>, D::Error> {
    Ok(Reading::<Ratio>::deserialize(from)?.map(|percent| Ratio(percent.0 / 100.0)))
}

/// What went through a network card of a guest since it was started.
#[derive(Clone, Debug, PartialEq)]
pub struct NicCounters {
    /// The interface on the node: `tap101i0`.
    pub interface: Text,
    /// Bytes received by the guest.
    pub received: Reading<Bytes>,
    /// Bytes sent by the guest.
    pub sent: Reading<Bytes>,
}

/// What went through a drive of a virtual machine since it was started.
#[derive(Clone, Debug, PartialEq)]
pub struct DriveCounters {
    /// The setting that describes the drive: `scsi0`.
    pub key: Text,
    /// Bytes read.
    pub read: Reading<Bytes>,
    /// Bytes written.
    pub written: Reading<Bytes>,
    /// How often it was read.
    pub reads: Reading<u64>,
    /// How often it was written.
    pub writes: Reading<u64>,
    /// How many reads and writes failed.
    pub failed: Reading<u64>,
}

impl Guest {
    /// All that its node knows of it now, from `/nodes/{node}/{qemu|lxc}/{vmid}/status/current`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let details = Pve::demo()?.guest("db-main")?.details()?;
    /// assert!(details.pressurecpusome.is_known() && details.running_qemu.is_some());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node cannot be reached, the guest is no longer there, or VM.Audit is missing.
    pub fn details(&self) -> Result<GuestDetails, Error> {
        Ask::new(&self.session, self.path("status/current"))
            .place(format!("{}/{}", self.kind.path(), self.vmid))
            .one_with(|details: &mut GuestDetails| details.complete(self.kind))
    }
}

impl Node {
    /// All that it knows of its guests now, from `/nodes/{node}/qemu` and `/nodes/{node}/lxc`; what takes a question to
    /// QEMU is missing.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn guest_details(&self) -> Result<List<GuestDetails>, Error> {
        let ask = |kind: GuestKind| {
            Ask::new(&self.session, self.path(kind.path()))
                .list_with(|details: &mut GuestDetails| details.complete(kind))
        };
        let (vms, cts) = (ask(GuestKind::Vm)?, ask(GuestKind::Ct)?);
        let about = About {
            title: format!("Guests on {} as it knows them now", self.name.raw()).into(),
            question: "What do they do, and which of them have to wait?".into(),
            sight: crate::model::sight::Sight::filtered(&self.session, "guests", &["VM.Audit"], "/vms")
                .and(vms.sight())
                .and(cts.sight()),
            provenance: vms.provenance().and(&cts.provenance()),
            of: None,
        };
        let mut all = vms.to_vec();
        all.extend(cts);
        all.sort_by_key(|details| details.vmid);
        Ok(List::new(all, about))
    }
}

impl GuestDetails {
    /// Puts in why numbers are missing, and takes out the zeros that mean nothing.
    fn complete(&mut self, kind: GuestKind) {
        self.kind = Some(kind);
        self.tags.retain(|tag| !tag.is_blank());
        let stopped = self.status == Status::Stopped;
        if kind == GuestKind::Vm {
            self.disk = Reading::Missing(Why::KnownInsideOnly);
        }
        if stopped {
            let (none, no_part) = (Reading::Missing(Why::NotWhileStopped), Reading::Missing(Why::NotWhileStopped));
            self.cpu = no_part;
            self.uptime = Reading::Missing(Why::NotWhileStopped);
            self.pid = Reading::Missing(Why::NotWhileStopped);
            for bytes in [
                &mut self.mem,
                &mut self.memhost,
                &mut self.balloon,
                &mut self.swap,
                &mut self.diskread,
                &mut self.diskwrite,
                &mut self.netin,
                &mut self.netout,
            ] {
                *bytes = none;
            }
            if kind == GuestKind::Ct {
                self.disk = none;
            }
            for part in [
                &mut self.pressurecpusome,
                &mut self.pressurecpufull,
                &mut self.pressureiosome,
                &mut self.pressureiofull,
                &mut self.pressurememorysome,
                &mut self.pressurememoryfull,
            ] {
                *part = no_part;
            }
        }
    }

    /// Virtual machine or container.
    pub fn kind(&self) -> GuestKind {
        self.kind.unwrap_or(GuestKind::Vm)
    }

    /// Whether high availability looks after it; `None` where the answer does not say, as in lists.
    pub fn is_ha_managed(&self) -> Option<bool> {
        let managed = self.ha.as_ref()?.get("managed")?;
        Some(managed.as_u64().map_or_else(|| managed.as_bool() == Some(true) || managed == "1", |n| n != 0))
    }

    /// What high availability makes of it: `started`, `stopped`, `error`, ...
    pub fn ha_state(&self) -> Option<Text> {
        self.ha.as_ref()?.get("state")?.as_str().map(Text::from)
    }

    /// The greatest part of the time in which something in it waited: for a CPU, for disks, for memory.
    pub fn pressure(&self) -> Reading<Ratio> {
        self.pressurecpusome.max(self.pressureiosome).max(self.pressurememorysome)
    }

    /// What went through each network card since it was started.
    pub fn counters_of_nics(&self) -> Vec<NicCounters> {
        let bytes = |of: &Value, key: &str| number(of, key).map(Bytes);
        let nic = |(name, of): (&String, &Value)| NicCounters {
            interface: name.into(),
            received: bytes(of, "netin"),
            sent: bytes(of, "netout"),
        };
        self.nics.as_ref().and_then(Value::as_object).map(|nics| nics.iter().map(nic).collect()).unwrap_or_default()
    }

    /// What went through each drive of a virtual machine since it was started.
    pub fn counters_of_drives(&self) -> Vec<DriveCounters> {
        let drive = |(key, of): (&String, &Value)| DriveCounters {
            key: key.into(),
            read: number(of, "rd_bytes").map(Bytes),
            written: number(of, "wr_bytes").map(Bytes),
            reads: number(of, "rd_operations"),
            writes: number(of, "wr_operations"),
            failed: match (number(of, "failed_rd_operations"), number(of, "failed_wr_operations")) {
                (Reading::Known(reads), Reading::Known(writes)) => Reading::Known(reads.saturating_add(writes)),
                (Reading::Missing(why), _) | (_, Reading::Missing(why)) => Reading::Missing(why),
            },
        };
        let drives = self.blockstat.as_ref().and_then(Value::as_object);
        drives.map(|drives| drives.iter().map(drive).collect()).unwrap_or_default()
    }
}

/// A number in nested JSON, which may be a string.
fn number(of: &Value, key: &str) -> Reading<u64> {
    of.get(key).and_then(|value| Reading::deserialize(value).ok()).unwrap_or_default()
}
