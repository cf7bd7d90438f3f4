//! Every question, and what it may be asked about.

use pve_notebook::*;

/// What the questions are asked about that are about something.
pub(crate) struct About {
    pub(crate) node: &'static str,
    pub(crate) pool: &'static str,
    pub(crate) bridge: &'static str,
    pub(crate) storage: &'static str,
    pub(crate) word: &'static str,
    pub(crate) user: &'static str,
}

/// What the demo has of each.
pub(crate) const DEMO: About =
    About { node: "pve1", pool: "prod", bridge: "vmbr1", storage: "ceph-vm", word: "10.10.0.11", user: "dora@pve" };

type Question = fn(&Pve, &About) -> Result<Page, Error>;

pub(crate) const ALL: &[(&str, Question)] = &[
    ("addresses", |pve, _| questions::addresses(pve)),
    ("can_i_lose", |pve, about| questions::can_i_lose(pve, about.node)),
    ("changed_since", |pve, _| questions::changed_since(pve, pve.ago(hours(24)))),
    ("customer", |pve, about| questions::customer(pve, about.pool)),
    ("dies_with_bridge", |pve, about| questions::dies_with_bridge(pve, about.node, about.bridge)),
    ("dies_with_storage", |pve, about| questions::dies_with_storage(pve, about.storage)),
    ("drain_blockers", |pve, about| questions::drain_blockers(pve, about.node)),
    ("drift", |pve, _| questions::drift(pve)),
    ("finance", |pve, _| questions::finance(pve)),
    ("find", |pve, about| questions::find(pve, about.word)),
    ("full_when", |pve, _| questions::full_when(pve)),
    ("idle_guests", |pve, _| questions::idle_guests(pve)),
    ("lost_backups", |pve, _| questions::lost_backups(pve)),
    ("management", |pve, _| questions::management(pve)),
    ("old_snapshots", |pve, _| questions::old_snapshots(pve, days(30))),
    ("orphaned_disks", |pve, _| questions::orphaned_disks(pve)),
    ("security", |pve, _| questions::security(pve)),
    ("seen_by", |pve, about| questions::seen_by(pve, about.user)),
    ("stuck_locks", |pve, _| questions::stuck_locks(pve)),
    ("who_may", |pve, _| questions::who_may(pve)),
    ("wrong_now", |pve, _| questions::wrong_now(pve)),
];
