//! A few calls at once to each node, the others wait: more would starve the workers of its API. Of calls that may hang
//! there, one at a time goes to each node: it holds a worker of that node and of no other, since what stands between
//! only passes answers on. Knows paths; sends nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Two gates for each node: one that all pass, and a narrow one before it for slow calls.
pub(crate) struct Gates {
    at_once: usize,
    by_node: Mutex<HashMap<String, Gate>>,
}

#[derive(Clone)]
struct Gate {
    all: Arc<Semaphore>,
    slow: Arc<Semaphore>,
}

/// A turn at a node; it ends when this is dropped.
pub(crate) struct Turn {
    _node: Option<OwnedSemaphorePermit>,
    _slow: Option<OwnedSemaphorePermit>,
}

impl Gates {
    pub(crate) fn new(at_once: usize) -> Gates {
        Gates { at_once: at_once.max(1), by_node: Mutex::default() }
    }

    /// Waits for a turn at the node in the path; calls to no node share one gate. A slow call waits for the other slow
    /// ones of its node before it stands in line there, so that one place is always left for what is quick.
    pub(crate) async fn enter(&self, path: &str) -> Turn {
        let gate = self.at(node_in(path).unwrap_or_default());
        let slow = if is_slow(path) { gate.slow.acquire_owned().await.ok() } else { None };
        Turn { _slow: slow, _node: gate.all.acquire_owned().await.ok() }
    }

    fn at(&self, node: &str) -> Gate {
        let mut gates = self.by_node.lock().unwrap_or_else(PoisonError::into_inner);
        let new = |places| Arc::new(Semaphore::new(places));
        gates.entry(node.to_owned()).or_insert_with(|| Gate { all: new(self.at_once), slow: new(1) }).clone()
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
