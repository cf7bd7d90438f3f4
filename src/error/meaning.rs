//! What Proxmox VE's own words mean when something fails, and what to do about it.

/// Words of Proxmox VE, in lower case, and what they mean. The first that occurs is taken.
const MEANINGS: &[(&str, &str)] = &[
    (
        "checksum mismatch (file change by other user?)",
        "Somebody else changed these settings since they were read, and nothing was overwritten. Make the plan anew; it sees what they are now",
    ),
    (
        "is locked",
        "Another task is at work on the guest, or was interrupted and left its lock behind. Look at the guest's tasks; a lock whose task is gone is removed by `qm unlock` or `pct unlock` on the node",
    ),
    (
        "can't lock file",
        "Another task is at work on the guest at this moment. Wait until that has ended, then make the plan anew",
    ),
    (
        "guest agent is not running",
        "The guest's operating system does not answer: the agent is set up, and does not run in it",
    ),
    (
        "no qemu guest agent configured",
        "The guest is not set up to have an agent: .set(\"agent\", 1), and install it in the guest",
    ),
    ("already running", "It is running already. Nothing is left to do"),
    (
        "no quorum",
        "Fewer than half of the cluster's nodes see each other, so it takes no changes. Bring nodes back first",
    ),
    (
        "quit/powerdown failed",
        "The guest did not shut down in time. Its operating system may ignore the request: look at its console, or cut the power with stop()",
    ),
    (
        "vm is paused - cannot shutdown",
        "It stands still, so its operating system cannot hear the request: resume() it first",
    ),
    (
        "bridge '",
        "The network bridge that its configuration names does not exist on this node. Create it, or change the guest's network device",
    ),
    (
        "kvm virtualisation configured, but not available",
        "The node's processor offers no hardware virtualisation, or it is switched off in its firmware",
    ),
    ("ovmf_code", "The firmware for UEFI guests is not installed on this node: the package pve-edk2-firmware has it"),
    ("no such logical volume", "A disk of the guest is not there. Look at its configuration and at the storage"),
    ("no space left", "The storage is full. Free space on it first"),
    ("not enough free", "The storage has too little room. Free space on it first"),
    ("out of space", "The storage is full. Free space on it first"),
    (
        "expected to be a mount point but is not mounted",
        "The storage's file system is not mounted on this node. Mount it first: what is written now would land on the node's own disk",
    ),
    (
        "is not available on node",
        "The storage is not set up for this node. Choose another one, or add the node to the storage's nodes",
    ),
    ("is disabled", "The storage is switched off in the cluster's configuration. Choose another one, or switch it on"),
    ("is not online", "The storage cannot be reached. Look at pve.storages()?"),
    ("couldn't connect to the cluster", "The node cannot reach Ceph. Look at pve.ceph()?"),
    ("cannot allocate memory", "The node has too little free memory. Stop or move other guests first"),
    (
        "permission check failed",
        "The identity lacks the privilege that stands in brackets, with its path; an administrator grants it with a role",
    ),
    ("only root can", "Proxmox VE lets nobody but root@pam do this, whatever the privileges"),
    (
        "protection mode enabled",
        "It is protected against being removed; .protect(false) takes that off, if that is what is meant",
    ),
    ("is running - destroy failed", "What runs is not removed. Shut it down first"),
    ("used in ha resources", "High availability manages it. Take it out first: ha_remove(), or .with(\"purge\", 1)"),
    ("if it's a template", "A template never runs. Make a copy of it and start that"),
    (
        "snapshot feature is not available",
        "One of its disks lies on a storage that cannot make snapshots. A backup can be made of it",
    ),
    ("already used", "There is one of that name. Choose another name, or remove the old one first"),
    (
        "shrinking disks is not supported",
        "A disk does not shrink. A new, smaller one can be added and the data copied inside the guest",
    ),
    (
        "can't migrate vm which uses local devices",
        "It has devices of its node, which cannot move. Take them off, or leave it where it is",
    ),
    ("local cd", "A CD image on a storage of this node alone is in its drive. Take it out first"),
    ("can't migrate local", "A disk lies on a storage of this node alone, and the call did not ask to copy it"),
    (
        "is running, use online migration",
        "It runs, and was asked to move as if it were off. Make the plan anew; it sees the present state",
    ),
    (
        "migration aborted",
        "The move was given up, and the guest is where it was, unless its log says otherwise. Look at the log for the first error",
    ),
    (
        "start failed: qemu exited",
        "QEMU did not start with these settings. The line before the last of its log says what it did not like",
    ),
    (
        "command 'systemctl start pve-container@",
        "The container did not start. `journalctl -u pve-container@` on the node says why",
    ),
    ("unable to get pid for ct", "The container went down while the task was at work. Look whether it runs"),
    ("interrupt", "Somebody stopped the task. What it had half done is still there"),
    ("unexpected status", "The task ended without saying how, as it does when its node goes away"),
    ("job errors", "A part of the job failed; the log names which"),
    ("no route to host", "The node cannot be reached from the cluster. It is off, or cut off"),
    ("connection timed out", "The other side did not answer in time. It is off, cut off, or far too busy"),
    ("hostname lookup", "There is no node of that name, or its name is not known to the others"),
    (
        "does not exist",
        "Something that it names is not there on this node: a guest, a disk, a storage, a bridge. The words above name it",
    ),
    ("got timeout", "It was not done in time; the words above name what was waited for"),
    ("not running", "It was off already"),
];

/// Words that end a task whatever went wrong in it: the log says more.
const GENERAL: &[&str] = &[
    "qemu exited with code",
    "job errors",
    "migration aborted",
    "exit code",
    "unexpected status",
    "command '",
    "failed to migrate",
    "failed to start",
];

/// What it means that a task ended with these words: of words that say nothing in particular, by the last line of its log
/// that says more.
pub(crate) fn of_task<'a>(exit: &str, log: impl DoubleEndedIterator<Item = &'a str>) -> Option<&'static str> {
    let is_general = |words: &str| {
        let words = words.to_lowercase();
        GENERAL.iter().any(|general| words.contains(general))
    };
    let in_particular = match is_general(exit) {
        true => log.rev().filter(|line| !is_general(line)).find_map(of),
        false => None,
    };
    in_particular.or_else(|| of(exit))
}

/// What these words mean, where that is known: a sentence without its full stop.
pub(crate) fn of(words: &str) -> Option<&'static str> {
    let words = words.to_lowercase();
    MEANINGS.iter().find(|(pattern, _)| words.contains(pattern)).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_proxmox_really_says_are_explained() {
        for (words, meaning) in [
            ("VM is locked (backup)", "left its lock behind"),
            ("VM 106 already running", "running already"),
            ("CT 200 already running", "running already"),
            ("VM quit/powerdown failed - got timeout", "stop()"),
            ("bridge 'vmbr99' does not exist", "network bridge"),
            ("cluster not ready - no quorum?", "Bring nodes back"),
            ("can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout", "Wait until that has ended"),
            ("QEMU guest agent is not running", "does not run in it"),
            ("No QEMU guest agent configured", "not set up to have an agent"),
            ("CT 202 not running", "off already"),
            (
                "KVM virtualisation configured, but not available. Either disable in VM configuration or enable in BIOS.",
                "hardware virtualisation",
            ),
            ("EFI base image '/usr/share/pve-edk2-firmware//OVMF_CODE.fd' not found", "pve-edk2-firmware"),
            ("checksum mismatch (file change by other user?)", "Somebody else changed"),
            ("Permission check failed (/vms/102, VM.PowerMgmt)", "stands in brackets"),
            ("only root can set 'args' config", "root@pam"),
            ("can't remove VM 109 - protection mode enabled", ".protect(false)"),
            ("VM 100 is running - destroy failed", "Shut it down first"),
            ("you can't start a vm if it's a template", "A template never runs"),
            ("snapshot feature is not available", "cannot make snapshots"),
            ("snapshot name 'base' already used", "Choose another name"),
            ("snapshot 'nope' does not exist", "is not there"),
            ("storage 'nfs-old' is disabled", "switched off"),
            ("storage 'local-pve2' is not available on node 'pve1'", "not set up for this node"),
            (
                "unable to activate storage 'archive' - directory is expected to be a mount point but is not mounted: '/mnt/archive'",
                "not mounted",
            ),
            ("storage 'doesnotexist' does not exist", "is not there"),
            ("start failed: QEMU exited with code 1", "did not start with these settings"),
            ("command 'systemctl start pve-container@200' failed: exit code 1", "journalctl"),
            ("received interrupt", "stopped the task"),
            ("unexpected status", "without saying how"),
            ("job errors", "names which"),
            ("migration aborted", "given up"),
            ("Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist", "is not there"),
            ("No space left on device", "full"),
        ] {
            assert!(of(words).is_some_and(|said| said.contains(meaning)), "{words}: {:?}", of(words));
        }
        assert_eq!(of("something never heard of"), None);
    }

    #[test]
    fn each_pattern_is_found_as_it_stands_and_ends_without_a_stop() {
        for (pattern, meaning) in MEANINGS {
            assert_eq!(*pattern, pattern.to_lowercase(), "words are compared in lower case");
            assert!(!meaning.ends_with('.') && of(pattern).is_some(), "{pattern}");
        }
    }
}
