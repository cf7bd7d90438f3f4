//! The questions, asked of a fakepve that is filled from a file, by several identities, and what they cost.
//!
//! Each question is compiled here once more, from its own file, against nothing but what the crate offers: what a reader
//! copies into a cell works there. What is expected is worked out from the file of seeds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::result_large_err,
    dead_code,
    unreachable_pub
)]

use pve_notebook::*;

#[path = "https/fake.rs"]
mod fake;
#[path = "questions/seeded.rs"]
mod seeded;

/// The files of the questions, as a cell would have them.
macro_rules! copied {
    ($($file:literal $name:ident,)+) => { $(#[path = $file] mod $name;)+ };
}

copied! {
    "../src/questions/addresses.rs" addresses,
    "../src/questions/can_i_lose.rs" can_i_lose,
    "../src/questions/changed_since.rs" changed_since,
    "../src/questions/customer.rs" customer,
    "../src/questions/dies_with_bridge.rs" dies_with_bridge,
    "../src/questions/dies_with_storage.rs" dies_with_storage,
    "../src/questions/drain_blockers.rs" drain_blockers,
    "../src/questions/drift.rs" drift,
    "../src/questions/finance.rs" finance,
    "../src/questions/find.rs" find,
    "../src/questions/full_when.rs" full_when,
    "../src/questions/idle_guests.rs" idle_guests,
    "../src/questions/lost_backups.rs" lost_backups,
    "../src/questions/management.rs" management,
    "../src/questions/old_snapshots.rs" old_snapshots,
    "../src/questions/orphaned_disks.rs" orphaned_disks,
    "../src/questions/security.rs" security,
    "../src/questions/seen_by.rs" seen_by,
    "../src/questions/stuck_locks.rs" stuck_locks,
    "../src/questions/who_may.rs" who_may,
    "../src/questions/wrong_now.rs" wrong_now,
}

#[path = "questions/access.rs"]
mod access;
#[path = "questions/again.rs"]
mod again;
#[path = "questions/all.rs"]
mod all;
#[path = "questions/claims.rs"]
mod claims;
#[path = "questions/cost.rs"]
mod cost;
#[path = "questions/dying.rs"]
mod dying;
#[path = "questions/finding.rs"]
mod finding;
#[path = "questions/keeping.rs"]
mod keeping;
#[path = "questions/losing.rs"]
mod losing;
#[path = "questions/now.rs"]
mod now;
#[path = "questions/stakeholders.rs"]
mod stakeholders;
#[path = "questions/using.rs"]
mod using;
