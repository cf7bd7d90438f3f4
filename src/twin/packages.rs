//! What is installed on a node and what waits to be: before and after somebody has updated it.
//!
//! The lists themselves stand in `demo/parts.json`.

use serde_json::{Value, json};

use super::nodes::VERSION;
use super::rrd::merge;
use super::state::{Node, State};

const KERNEL: &str = "6.17.4-1-pve";
/// What an update brings along, and a reboot sets to work.
const NEXT_KERNEL: (&str, &str) = ("6.17.4-2", "6.17.4-2-pve");

impl Node {
    /// Version and build of its manager.
    pub(super) fn manager(&self, state: &State) -> (String, String) {
        let updated = state.fixed.get("/nodes/*/apt/update").and_then(Value::as_array).into_iter().flatten();
        let newer = updated.filter(|_| self.patched).find(|row| row["Package"] == "pve-manager");
        match newer.and_then(|row| row["Version"].as_str()) {
            Some(version) => (version.to_owned(), "7f1b0c64d92ae835".to_owned()),
            None => (VERSION.0.to_owned(), VERSION.1.to_owned()),
        }
    }

    /// The kernel that runs, and when it was built.
    pub(super) fn kernel(&self) -> (&'static str, &'static str) {
        match self.kernel_runs {
            false => (KERNEL, "#1 SMP PREEMPT_DYNAMIC PMX 6.17.4-1 (2025-12-03T15:42Z)"),
            true => (NEXT_KERNEL.1, "#1 SMP PREEMPT_DYNAMIC PMX 6.17.4-2 (2026-01-08T09:17Z)"),
        }
    }

    /// `GET /nodes/{node}/apt/update`, where it is not as the table has it.
    pub(super) fn updates(&self) -> Option<Value> {
        self.patched.then(|| json!([]))
    }

    /// `GET /nodes/{node}/apt/versions`, likewise.
    pub(super) fn versions(&self, state: &State) -> Option<Value> {
        let mut rows = state.fixed.get("/nodes/*/apt/versions").filter(|_| self.patched)?.clone();
        let (version, build) = self.manager(state);
        for row in rows.as_array_mut().into_iter().flatten() {
            if row["Package"].as_str().is_some_and(|name| name.starts_with("proxmox-kernel-")) {
                row["Version"] = NEXT_KERNEL.0.into();
            }
            row["OldVersion"] = row["Version"].clone();
            if !row["RunningKernel"].is_null() {
                merge(row, json!({ "RunningKernel": self.kernel().0 }));
            }
            if !row["ManagerVersion"].is_null() {
                merge(row, json!({ "ManagerVersion": format!("{version}/{build}") }));
            }
        }
        Some(rows)
    }
}

impl State {
    /// Somebody has updated a node.
    pub(super) fn patch(&mut self, name: &str) {
        if let Some(node) = self.nodes.iter_mut().find(|node| node.name == name) {
            node.patched = true;
        }
    }
}
