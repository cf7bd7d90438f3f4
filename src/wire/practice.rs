//! What can be made to happen to a simulated cluster, so that one can practise for it. Knows no cluster.

use std::fmt;

use crate::text::Text;
use crate::units::Age;

/// Something that goes wrong, or that somebody does in the room or at a shell, on a simulated cluster:
/// [`Pve::practice`](crate::Pve::practice). No API of Proxmox VE brings it about.
///
/// ```
/// # fn main() -> Result<(), pve_notebook::Error> {
/// use pve_notebook::*;
/// let pve = Pve::demo()?;
/// pve.practice(Fault::NodeUp("pve4".into()))?;
/// assert_eq!(pve.node("pve4")?.status, "online");
/// pve.practice(Fault::TaskFails("qmstart".into(), "start failed: QEMU exited with code 1".into()))?;
/// let failed = pve.guest("web-1")?.start().run().unwrap_err();
/// assert!(failed.to_string().contains("QEMU exited with code 1"));
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// This node loses its power: its guests and its tasks are gone at once, calls to it get no further. High
    /// availability starts its guests elsewhere after two or three minutes, if the rest still has a quorum.
    NodeDown(Text),
    /// This node is there again: it starts its guests that are set to start with it.
    NodeUp(Text),
    /// This storage has no room left, until something is deleted from it.
    StorageFull(Text),
    /// The cluster loses its quorum although its nodes see each other, as when too many votes are expected. Nodes that
    /// high availability uses are reset after a minute of it.
    QuorumLost,
    /// The quorum comes back, as far as enough nodes are online for it.
    QuorumBack,
    /// The next task of this kind (`qmstart`, `vzdump`, `qmigrate`, ...) fails half-way, in these words.
    TaskFails(Text, Text),
    /// Every answer takes this much longer from now on, at most an hour; `seconds(0)` ends it.
    SlowAnswers(Age),
    /// This much time goes by, at most 31 days: what was begun goes on meanwhile.
    TimePasses(Age),
    /// The next write is carried out, and the connection breaks before its answer comes.
    ConnectionCut,
    /// Somebody at a shell takes this node into maintenance (`true`), or out of it: high availability moves its guests
    /// away, and back afterwards.
    Maintenance(Text, bool),
    /// Somebody at a shell updates this node: nothing waits to be updated any more, and a new kernel waits for a reboot.
    Patched(Text),
    /// Somebody at a shell reboots this node: its guests shut down, and it is away for some minutes.
    Rebooted(Text),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NodeDown(node) => write!(f, "{node} loses its power"),
            Fault::NodeUp(node) => write!(f, "{node} is there again"),
            Fault::StorageFull(storage) => write!(f, "{storage} is full"),
            Fault::QuorumLost => f.write_str("the quorum is lost"),
            Fault::QuorumBack => f.write_str("the quorum is back"),
            Fault::TaskFails(kind, words) => write!(f, "the next {kind} fails: {words}"),
            Fault::SlowAnswers(Age(0)) => f.write_str("answers come as fast as ever"),
            Fault::SlowAnswers(time) => write!(f, "every answer takes {time} longer"),
            Fault::TimePasses(time) => write!(f, "{time} go by"),
            Fault::ConnectionCut => f.write_str("the answer to the next write is lost"),
            Fault::Maintenance(node, true) => write!(f, "{node} is taken into maintenance"),
            Fault::Maintenance(node, false) => write!(f, "{node} is taken out of maintenance"),
            Fault::Patched(node) => write!(f, "{node} is updated"),
            Fault::Rebooted(node) => write!(f, "{node} is rebooted"),
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({self})")
    }
}
