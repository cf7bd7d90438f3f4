//! A few calls at once to each node, the others wait: more would starve the workers of its API. Knows paths; sends
//! nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One gate for each node.
pub(crate) struct Gates {
    at_once: usize,
    by_node: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Gates {
    pub(crate) fn new(at_once: usize) -> Gates {
        Gates { at_once: at_once.max(1), by_node: Mutex::default() }
    }

    /// Waits for a turn at the node in the path; calls to no node share one gate.
    pub(crate) async fn enter(&self, path: &str) -> Option<OwnedSemaphorePermit> {
        let gate = {
            let mut gates = self.by_node.lock().unwrap_or_else(PoisonError::into_inner);
            let gate = gates.entry(node_in(path).unwrap_or_default().to_owned());
            Arc::clone(gate.or_insert_with(|| Arc::new(Semaphore::new(self.at_once))))
        };
        gate.acquire_owned().await.ok()
    }
}

/// The node that a path leads to: `pve1` of `/nodes/pve1/qemu`.
pub(crate) fn node_in(path: &str) -> Option<&str> {
    path.strip_prefix("/nodes/")?.split('/').next().filter(|node| !node.is_empty())
}
