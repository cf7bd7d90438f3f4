//! What kind of guest it is, whether it runs, and how one is asked for.

use std::fmt;

use crate::loose::{Loose, Scalar};
use crate::model::resource::Resource;
use crate::page::{Cell, Page, State, Tone};
use crate::render::View;
use crate::text::Text;

/// What kind of guest it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuestKind {
    /// A virtual machine, run by QEMU.
    Vm,
    /// A container, run by LXC.
    Ct,
}

impl GuestKind {
    /// As the API's paths spell it.
    pub fn path(self) -> &'static str {
        match self {
            GuestKind::Vm => "qemu",
            GuestKind::Ct => "lxc",
        }
    }
}

impl fmt::Display for GuestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            GuestKind::Vm => "VM",
            GuestKind::Ct => "CT",
        })
    }
}

/// Whether a guest runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It runs.
    Running,
    /// It is loaded, but its CPUs stand still.
    Paused,
    /// It is off.
    Stopped,
    /// Nobody can say: its node is offline, or does not report.
    Unknown,
    /// A word that this crate does not know.
    Other(Text),
}

impl Status {
    pub(super) fn read(row: &Resource) -> Status {
        // A paused VM is "running" in `status/current`, where only `qmpstatus` tells.
        let word = match row.qmpstatus.as_ref().map(Text::raw) {
            Some("paused") => "paused",
            _ => row.status.as_ref().map_or("unknown", Text::raw),
        };
        Status::word(word)
    }

    pub(super) fn word(word: &str) -> Status {
        match word {
            "running" => Status::Running,
            "paused" => Status::Paused,
            "stopped" => Status::Stopped,
            "unknown" => Status::Unknown,
            other => Status::Other(other.into()),
        }
    }

    fn word_of(&self) -> &str {
        match self {
            Status::Running => "running",
            Status::Paused => "paused",
            Status::Stopped => "stopped",
            Status::Unknown => "unknown",
            Status::Other(word) => word.raw(),
        }
    }

    /// The state as it is shown.
    pub fn state(&self) -> State {
        let tone = match self {
            Status::Running => Tone::Good,
            Status::Paused => Tone::Held,
            Status::Stopped => Tone::Off,
            Status::Unknown | Status::Other(_) => Tone::Unknown,
        };
        State::new(tone, self.to_string())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Other(word) => word.fmt(f),
            known => f.pad(known.word_of()),
        }
    }
}

impl Loose for Status {
    fn read(value: Scalar) -> Option<Status> {
        Text::read(value).map(|word| Status::word(word.raw()))
    }
}

impl From<Status> for Cell {
    fn from(status: Status) -> Cell {
        Cell::State(status.state())
    }
}

impl From<GuestKind> for Cell {
    fn from(kind: GuestKind) -> Cell {
        Cell::from(kind.to_string())
    }
}

impl View for Status {
    fn page(&self) -> Page {
        Cell::from(self.clone()).page()
    }
}

impl View for GuestKind {
    fn page(&self) -> Page {
        Cell::from(*self).page()
    }
}

impl PartialEq<&str> for Status {
    fn eq(&self, word: &&str) -> bool {
        self.word_of() == *word
    }
}

/// How a guest is asked for: by number or by name. `"101"` is a name.
#[derive(Clone, Debug)]
pub enum GuestId {
    /// Its VMID.
    Number(i64),
    /// Its name.
    Name(Text),
}

macro_rules! guest_id {
    ($($number:ty),*; $($name:ty),*) => {
        $(impl From<$number> for GuestId {
            fn from(number: $number) -> GuestId {
                GuestId::Number(number.into())
            }
        })*
        $(impl From<$name> for GuestId {
            fn from(name: $name) -> GuestId {
                GuestId::Name(Text::from(name))
            }
        })*
    };
}
guest_id!(i32, u32, i64; &str, String, &String, Text, &Text);
