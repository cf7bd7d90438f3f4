//! What a guest agent says: the operating system, its file systems, who is logged in, the time zone.

use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, Listed, column, count};
use crate::model::record::{Origin, record};
use crate::page::Cell;
use crate::text::Text;
use crate::units::{Age, Bytes, Moment, Ratio, Reading};

fields! {
    /// The operating system in a virtual machine, from `…/agent/get-osinfo`.
    #[derive(Clone, Default)]
    pub struct AgentOs {
        /// Its short name: `debian`, `mswindows`.
        pub id: Option<Text>,
        /// Its name.
        pub name: Option<Text>,
        /// Its name with its version.
        #[field("pretty-name")]
        pub pretty_name: Option<Text>,
        /// Its version.
        pub version: Option<Text>,
        /// Its version, short.
        #[field("version-id")]
        pub version_id: Option<Text>,
        /// Its edition: `server`, `client`.
        pub variant: Option<Text>,
        /// Its edition, short.
        #[field("variant-id")]
        pub variant_id: Option<Text>,
        /// What the processor is to it: `x86_64`.
        pub machine: Option<Text>,
        /// The release of its kernel, the one that runs.
        #[field("kernel-release")]
        pub kernel_release: Option<Text>,
        /// How that kernel was built.
        #[field("kernel-version")]
        pub kernel_version: Option<Text>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(AgentOs: "/nodes/{node}/qemu/{vmid}/agent/get-osinfo");

fields! {
    /// A file system in a virtual machine, from `…/agent/get-fsinfo`.
    #[derive(Clone, Default)]
    pub struct AgentFileSystem {
        /// Where it is mounted.
        pub mountpoint: Text,
        /// The device that it lies on.
        pub name: Option<Text>,
        /// Its kind: `ext4`, `NTFS`.
        #[field("type")]
        pub kind: Option<Text>,
        /// Space in use.
        #[field("used-bytes")]
        pub used: Reading<Bytes>,
        /// Space that ordinary users have.
        #[field("total-bytes")]
        pub total: Reading<Bytes>,
        /// Space that there is for the administrator.
        #[field("total-bytes-privileged")]
        pub total_privileged: Reading<Bytes>,
        /// The disks that it lies on, as the agent describes them.
        pub disk: Option<serde_json::Value>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(AgentFileSystem: "/nodes/{node}/qemu/{vmid}/agent/get-fsinfo");

fields! {
    /// Somebody who is logged in to a virtual machine, from `…/agent/get-users`.
    #[derive(Clone, Default)]
    pub struct AgentUser {
        /// The login name.
        pub user: Text,
        /// The domain, in Windows.
        pub domain: Option<Text>,
        /// Since when.
        #[field("login-time")]
        pub since: Reading<Moment>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(AgentUser: "/nodes/{node}/qemu/{vmid}/agent/get-users");

fields! {
    /// The time zone of a virtual machine, from `…/agent/get-timezone`.
    #[derive(Clone, Default)]
    pub struct AgentTimeZone {
        /// Its name: `CET`.
        pub zone: Option<Text>,
        /// Seconds that its clock is ahead of UTC.
        #[field(loose::i64)]
        pub offset: Option<i64>,
        #[field(skip)]
        origin: Origin,
    }
}

record!(AgentTimeZone: "/nodes/{node}/qemu/{vmid}/agent/get-timezone");

impl Listed for AgentOs {
    const NOUN: (&'static str, &'static str) = ("operating system", "operating systems");

    fn columns() -> Vec<Column<AgentOs>> {
        vec![
            column!("System", |os: &AgentOs| os.pretty_name.clone().or(os.name.clone()).or(os.id.clone())),
            column!("Version", |os: &AgentOs| os.version.clone()),
            column!("Kernel", |os: &AgentOs| os.kernel_release.clone()),
            column!("Machine", |os: &AgentOs| os.machine.clone()),
        ]
    }
}

impl Listed for AgentFileSystem {
    const NOUN: (&'static str, &'static str) = ("file system", "file systems");

    fn columns() -> Vec<Column<AgentFileSystem>> {
        vec![
            column!("Mounted at", |fs: &AgentFileSystem| fs.mountpoint.clone()),
            column!("Used", |fs: &AgentFileSystem| Cell::usage(fs.used, fs.total)),
            column!("Kind", |fs: &AgentFileSystem| fs.kind.clone()),
            column!("Device", |fs: &AgentFileSystem| fs.name.clone()),
        ]
    }

    fn summary(all: &[AgentFileSystem]) -> (String, String) {
        let full = |fs: &AgentFileSystem| fs.used.known()?.of(fs.total.known()?);
        let nearly: Vec<String> = all
            .iter()
            .filter_map(|fs| Some((fs, full(fs).filter(|full| *full >= Ratio(0.85))?)))
            .map(|(fs, full)| format!("{} is {full} full", fs.mountpoint))
            .collect();
        let rest = if nearly.is_empty() { ".".into() } else { format!("; {}.", nearly.join(", ")) };
        (count(all.len(), AgentFileSystem::NOUN), rest)
    }
}

impl Listed for AgentUser {
    const NOUN: (&'static str, &'static str) = ("user", "users");

    fn columns() -> Vec<Column<AgentUser>> {
        vec![
            column!("User", |user: &AgentUser| user.user.clone()),
            column!("Domain", |user: &AgentUser| user.domain.clone()),
            column!("Since", |user: &AgentUser| user.since),
        ]
    }
}

impl Listed for AgentTimeZone {
    const NOUN: (&'static str, &'static str) = ("time zone", "time zones");

    fn columns() -> Vec<Column<AgentTimeZone>> {
        vec![
            column!("Zone", |zone: &AgentTimeZone| zone.zone.clone()),
            column!("Ahead of UTC", |zone: &AgentTimeZone| match zone.offset {
                Some(offset) if offset < 0 => Cell::from(format!("-{}", Age(offset.unsigned_abs()))),
                offset => offset.map(|offset| Age(offset.unsigned_abs())).into(),
            }),
        ]
    }
}
