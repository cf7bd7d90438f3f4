//! A few calls at once to each node, the others wait: more would starve the workers of its API. Calls that may hang
//! there go one at a time over the whole connection. Knows paths; sends nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One gate for each node, and one for all slow calls together.
pub(crate) struct Gates {
    at_once: usize,
    by_node: Mutex<HashMap<String, Arc<Semaphore>>>,
    slow: Arc<Semaphore>,
}

/// A turn at a node; it ends when this is dropped.
pub(crate) struct Turn {
    _node: Option<OwnedSemaphorePermit>,
    _slow: Option<OwnedSemaphorePermit>,
}

impl Gates {
    pub(crate) fn new(at_once: usize) -> Gates {
        Gates { at_once: at_once.max(1), by_node: Mutex::default(), slow: Arc::new(Semaphore::new(1)) }
    }

    /// Waits for a turn at the node in the path; calls to no node share one gate. A slow call waits for the other slow
    /// ones before it stands in line at its node, so that one place there is always left for what is quick.
    pub(crate) async fn enter(&self, path: &str) -> Turn {
        let slow = if is_slow(path) { Arc::clone(&self.slow).acquire_owned().await.ok() } else { None };
        Turn { _slow: slow, _node: self.at(node_in(path).unwrap_or_default()).acquire_owned().await.ok() }
    }

    fn at(&self, node: &str) -> Arc<Semaphore> {
        let mut gates = self.by_node.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = gates.entry(node.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(self.at_once)));
        Arc::clone(gate)
    }
}

/// The node that a path leads to: `pve1` of `/nodes/pve1/qemu`.
pub(crate) fn node_in(path: &str) -> Option<&str> {
    path.strip_prefix("/nodes/")?.split('/').next().filter(|node| !node.is_empty())
}

/// What may keep a worker of the API busy for seconds: a guest agent that does not answer, and a storage whose
/// volumes are listed.
fn is_slow(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts[..], ["", "nodes", _, "qemu", _, "agent", ..] | ["", "nodes", _, "storage", _, "content", ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_an_agent_or_lists_volumes_is_slow() {
        for path in [
            "/nodes/pve1/qemu/101/agent/ping",
            "/nodes/pve1/qemu/101/agent",
            "/nodes/pve1/storage/local/content",
            "/nodes/pve1/storage/local/content/local:iso%2Fa.iso",
        ] {
            assert!(is_slow(path), "{path}");
        }
        for path in [
            "/nodes/pve1/qemu/101/status/current",
            "/nodes/pve1/storage/local/status",
            "/nodes/agent/qemu",
            "/nodes/pve1/storage/content",
            "/storage",
        ] {
            assert!(!is_slow(path), "{path}");
        }
    }
}
