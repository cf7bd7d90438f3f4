//! What a failed task's own words mean, and what to do about it.

use crate::text::Text;

/// Words of Proxmox VE, and what they mean. The first that occurs is taken.
const MEANINGS: &[(&str, &str)] = &[
    (
        "is locked",
        "Another task is at work on the guest, or was interrupted and left its lock behind. Look at the guest's tasks; a lock whose task is gone is removed by `qm unlock` or `pct unlock` on the node.",
    ),
    (
        "can't lock file",
        "Another task is at work on the guest at this moment. Wait until that has ended, then make the plan anew.",
    ),
    (
        "guest agent is not running",
        "The guest's operating system does not answer; the agent may not be installed in it.",
    ),
    ("already running", "It is running already. Nothing is left to do."),
    (
        "no quorum",
        "Fewer than half of the cluster's nodes see each other, so it takes no changes. Bring nodes back first.",
    ),
    (
        "quit/powerdown failed",
        "The guest did not shut down in time. Its operating system may ignore the request: look at its console, or cut the power with stop().",
    ),
    (
        "bridge '",
        "The network bridge that its configuration names does not exist on this node. Create it, or change the guest's network device.",
    ),
    (
        "KVM virtualisation configured, but not available",
        "The node's processor offers no hardware virtualisation, or it is switched off in its firmware.",
    ),
    ("no such logical volume", "A disk of the guest is not there. Look at its configuration and at the storage."),
    ("No space left", "The storage is full. Free space on it first."),
    ("not enough free", "The storage has too little room. Free space on it first."),
    ("is not online", "The storage cannot be reached. Look at pve.storages()?"),
    ("Cannot allocate memory", "The node has too little free memory. Stop or move other guests first."),
    ("Permission check failed", "The identity lacks a privilege; the words above name it."),
    ("interrupted", "Somebody stopped the task."),
    ("job errors", "A part of the job failed; the log names which."),
    (
        "does not exist",
        "Something that it names is not there on this node: a guest, a disk, a storage, a bridge. The words above name it.",
    ),
    ("got timeout", "It was not done in time; the words above name what was waited for."),
    ("not running", "It was off already."),
];

/// What these words mean; where they are not known, where to look.
pub(super) fn task_failure(exit: &Text) -> &'static str {
    let words = exit.raw().to_lowercase();
    MEANINGS
        .iter()
        .find(|(pattern, _)| words.contains(&pattern.to_lowercase()))
        .map_or("What that means is in the task's log, below or in pve.task(upid)?.", |(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_proxmox_really_says_are_explained() {
        for (exit, meaning) in [
            ("VM is locked (backup)", "left its lock behind"),
            ("VM 106 already running", "running already"),
            ("VM quit/powerdown failed - got timeout", "stop()"),
            ("bridge 'vmbr7' does not exist", "bridge"),
            ("cluster not ready - no quorum?", "Bring nodes back"),
            ("can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout", "Wait until that has ended"),
            ("QEMU guest agent is not running", "may not be installed"),
            ("CT 202 not running", "off already"),
            ("something never heard of", "in the task's log"),
        ] {
            assert!(task_failure(&exit.into()).contains(meaning), "{exit}");
        }
    }
}
