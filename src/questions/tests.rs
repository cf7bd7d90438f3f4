//! All questions, asked of the demo and of clusters in which everything is odd.

use crate::error::Error;
use crate::page::Page;
use crate::pve::Pve;
use crate::pve::tests::maps::odd_clusters;
use crate::questions;
use crate::units::{days, hours};

mod recorded;

/// Every question, asked about what there may be.
fn asked(pve: &Pve) -> Vec<(&'static str, Result<Page, Error>)> {
    let since = pve.ago(hours(24));
    vec![
        ("addresses", questions::addresses(pve)),
        ("can_i_lose", questions::can_i_lose(pve, "pve1")),
        ("changed_since", questions::changed_since(pve, since)),
        ("customer", questions::customer(pve, "prod")),
        ("dies_with_bridge", questions::dies_with_bridge(pve, "pve1", "vmbr0")),
        ("dies_with_storage", questions::dies_with_storage(pve, "local")),
        ("drain_blockers", questions::drain_blockers(pve, "pve1")),
        ("drift", questions::drift(pve)),
        ("finance", questions::finance(pve)),
        ("find", questions::find(pve, "EVCXR")),
        ("full_when", questions::full_when(pve)),
        ("idle_guests", questions::idle_guests(pve)),
        ("lost_backups", questions::lost_backups(pve)),
        ("management", questions::management(pve)),
        ("old_snapshots", questions::old_snapshots(pve, days(30))),
        ("orphaned_disks", questions::orphaned_disks(pve)),
        ("security", questions::security(pve)),
        ("seen_by", questions::seen_by(pve, "dora@pve")),
        ("stuck_locks", questions::stuck_locks(pve)),
        ("who_may", questions::who_may(pve)),
        ("wrong_now", questions::wrong_now(pve)),
    ]
}

#[test]
fn odd_clusters_can_be_asked_every_question() {
    for pve in odd_clusters() {
        let guests = pve.guests().unwrap().len();
        for (name, answer) in asked(&pve) {
            let shown = match &answer {
                Ok(page) => vec![page.html(), page.text()],
                Err(error) => vec![error.to_string()],
            };
            for shown in &shown {
                for bad in ["\u{202e}", "\u{7}", "EVCXR_", "NaN"] {
                    assert!(!shown.contains(bad), "{name} says {bad:?}: {shown}");
                }
                assert!(guests > 0 || !shown.contains("Any one machine may fail"), "{name}: {shown}");
            }
        }
    }
}

#[test]
fn the_smallest_role_knows_what_every_question_takes() {
    let pve = Pve::demo().unwrap();
    for (name, page) in asked(&pve) {
        page.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let role = pve.role_for_this_notebook().text();
    assert!(!role.contains("not known here"), "{role}");
}
