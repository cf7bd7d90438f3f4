//! What each setting of a guest means and what holds where it is not set, in plain words.

use crate::model::guest::GuestKind;

/// What a setting means.
pub(super) struct Meaning {
    /// Its name, without the number of those that there may be several of.
    key: &'static str,
    /// What holds without it; empty where that goes without saying.
    pub(super) default: &'static str,
    pub(super) words: &'static str,
}

const fn of(key: &'static str, default: &'static str, words: &'static str) -> Meaning {
    Meaning { key, default, words }
}

/// What the setting of this name means; `None` of one that is not known here.
pub(super) fn meaning(kind: GuestKind, key: &str) -> Option<&'static Meaning> {
    let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
    let own: &[Meaning] = match kind {
        GuestKind::Vm => &OF_VMS,
        GuestKind::Ct => &OF_CTS,
    };
    let called = |name: &str| own.iter().chain(&OF_BOTH).find(|meaning| meaning.key == name);
    // `numa` is another setting than `numa0`.
    called(key).or_else(|| called(&format!("{stem}[n]")).filter(|_| stem.len() < key.len()))
}

#[rustfmt::skip]
const OF_BOTH: [Meaning; 14] = [
    of("cpulimit", "0, no limit", "how many CPUs' worth of time it may take at most"),
    of("cpuunits", "100", "its weight when CPU time is short; double the weight, double the time"),
    of("description", "", "notes that people left"),
    of("digest", "", "changes whenever the configuration does"),
    of("hookscript", "", "a script that the node calls before and after it starts and stops"),
    of("lock", "", "what is at work on it; no other action is taken meanwhile"),
    of("nameserver", "that of the node", "DNS servers that it is told"),
    of("onboot", "0, no", "whether it starts when its node does"),
    of("protection", "0, no", "whether it and its disks are protected from removal"),
    of("searchdomain", "that of the node", "DNS domain that it is told"),
    of("startup", "no order", "in which order guests start with the node and stop with it, and how long that waits"),
    of("tags", "", "words to find it by"),
    of("template", "0, no", "whether it is a template, which is cloned and never runs"),
    of("unused[n]", "", "a volume that belongs to it and is not attached"),
];

#[rustfmt::skip]
const OF_VMS: [Meaning; 76] = [
    of("acpi", "1, yes", "whether it has ACPI, by which it hears that it should shut down"),
    of("affinity", "any", "the processors of the node that it may run on"),
    of("agent", "0, off", "whether a guest agent runs inside, which tells addresses and quiets disks for backups"),
    of("allow-ksm", "1, yes", "whether the node may share equal pages of its memory with other guests"),
    of("amd-sev", "off", "encryption of its memory by an AMD processor"),
    of("arch", "that of the node", "the processor architecture that is emulated"),
    of("args", "", "words handed to QEMU as they are; only root@pam sets them"),
    of("audio[n]", "none", "a sound card"),
    of("autostart", "0, no", "whether it starts again after a crash; Proxmox VE ignores it today"),
    of("balloon", "all of the memory", "MiB that it is left at least when memory is short; 0 switches ballooning off"),
    of("bios", "seabios", "its firmware: SeaBIOS, or OVMF for UEFI"),
    of("boot", "first disk, CD, network", "what it boots from, in order"),
    of("bootdisk", "", "the disk that it boots from; the older way to say so"),
    of("cdrom", "", "another word for ide2"),
    of("cicustom", "", "files for cloud-init in place of those that are made"),
    of("cipassword", "none", "the password that cloud-init sets for its user"),
    of("citype", "by the system", "the form in which cloud-init is told"),
    of("ciupgrade", "1, yes", "whether cloud-init updates all packages after the first boot"),
    of("ciuser", "that of the image", "the user that cloud-init sets up"),
    of("cores", "1", "cores of each processor socket"),
    of("cpu", "kvm64", "the processor that it sees; a fixed model moves between different nodes, `host` does not"),
    of("efidisk[n]", "none", "the disk on which UEFI keeps its variables"),
    of("freeze", "0, no", "whether it waits at its start for a word on the monitor"),
    of("hostpci[n]", "", "a PCI device of the node that it is given; it cannot be moved while it runs"),
    of("hotplug", "network,disk,usb", "what can be added and removed while it runs"),
    of("hugepages", "none", "whether its memory is made of large pages, and of which size"),
    of("ide[n]", "", "a disk or CD drive on IDE, the slowest kind and the oldest"),
    of("intel-tdx", "off", "isolation of its memory by an Intel processor"),
    of("ipconfig[n]", "dhcp", "the address that cloud-init gives to the network card of this number"),
    of("ivshmem", "none", "memory that it shares with programs of the node"),
    of("keephugepages", "0, no", "whether its large pages stay reserved after it stops"),
    of("keyboard", "by the system", "the layout of the keyboard on its screen"),
    of("kvm", "1, yes", "whether the processor helps to run it; without that it is very slow"),
    of("localtime", "by the system", "whether its clock shows local time instead of UTC, as Windows wants it"),
    of("machine", "pc (i440fx)", "the mainboard that it sees: i440fx or q35, and in which version"),
    of("memory", "512 MiB", "memory that it may use, in MiB"),
    of("meta", "", "when it was made, and by which version"),
    of("migrate_downtime", "0.1 s", "how long it may stand still at the end of a migration"),
    of("migrate_speed", "0, no limit", "MB a second that its migration may take at most"),
    of("name", "", "its name"),
    of("net[n]", "", "a network card: model and hardware address, bridge, VLAN, firewall"),
    of("numa", "0, no", "whether it sees the node's memory as several parts"),
    of("numa[n]", "", "which of its processors and how much of its memory form a part"),
    of("ostype", "other", "the operating system that it is set up for"),
    of("parallel[n]", "", "a parallel port of the node that it is given"),
    of("parent", "", "the snapshot that its present state came after"),
    of("reboot", "1, yes", "whether it may reboot; otherwise it stops instead"),
    of("rng[n]", "none", "where it gets random numbers from"),
    of("running-nets-host-mtu", "", "the largest packets of its bridges when the snapshot was made"),
    of("runningcpu", "", "the processor that it ran with when the snapshot was made"),
    of("runningmachine", "", "the mainboard that it ran with when the snapshot was made"),
    of("sata[n]", "", "a disk or CD drive on SATA"),
    of("scsi[n]", "", "a disk on SCSI, the kind that is meant for most systems"),
    of("scsihw", "lsi", "the controller of its SCSI disks; virtio-scsi-single is the fast one"),
    of("serial[n]", "", "a serial port, for a console in text"),
    of("shares", "1000", "its weight when memory is taken back from guests; 0 leaves it alone"),
    of("smbios[n]", "made by itself", "the serial number, maker and UUID that it sees of itself"),
    of("smp", "1", "an older word for its number of processors"),
    of("snaptime", "", "when the snapshot was made"),
    of("snapstate", "", "a snapshot that is being made or removed"),
    of("sockets", "1", "processor sockets"),
    of("spice_enhancements", "none", "what the SPICE screen can do beyond a picture"),
    of("sshkeys", "none", "SSH keys that cloud-init sets up for its user"),
    of("startdate", "now", "what its clock shows when it starts"),
    of("tablet", "1, yes", "whether its mouse is a tablet, which keeps the pointer in place"),
    of("tdf", "0, no", "whether clock ticks that were missed are made up for"),
    of("tpmstate[n]", "none", "the disk on which its TPM keeps what it knows"),
    of("usb[n]", "", "a USB device that it is given"),
    of("vcpus", "all", "how many of its processors are there at the start; the others can be added"),
    of("vga", "std", "its graphics card, and how much memory that has"),
    of("virtio[n]", "", "a disk on VirtIO block"),
    of("virtiofs[n]", "", "a folder of the node that it can mount"),
    of("vmgenid", "made by itself", "a number that changes when it is rolled back or cloned, so that it can notice"),
    of("vmstate", "", "the volume with the memory of a snapshot, or of its sleep"),
    of("vmstatestorage", "chosen by itself", "the storage for memory that is part of a snapshot"),
    of("watchdog", "none", "a watchdog that resets it when its system hangs"),
];

#[rustfmt::skip]
const OF_CTS: [Meaning; 23] = [
    of("arch", "amd64", "the processor architecture of its system"),
    of("cmode", "tty", "what its console leads to: a login, or a shell without one"),
    of("console", "1, yes", "whether it has a console"),
    of("cores", "all of the node", "how many CPUs it sees"),
    of("debug", "0, no", "whether its start is logged at length"),
    of("dev[n]", "", "a device of the node that it is given"),
    of("entrypoint", "/sbin/init", "the program that is started in it first"),
    of("env", "none", "environment of that program"),
    of("features", "none", "what it may do beyond the usual: nesting, mounts, FUSE, keyctl"),
    of("hostname", "", "its name"),
    of("lxc", "", "settings handed to LXC as they are"),
    of("memory", "512 MiB", "memory that it may use, in MiB"),
    of("mp[n]", "", "a further file system, and where it is mounted"),
    of("net[n]", "", "a network card: name and hardware address, bridge, VLAN, address, firewall"),
    of("ostype", "read from its files", "the distribution that it is set up as"),
    of("parent", "", "the snapshot that its present state came after"),
    of("rootfs", "", "its root file system"),
    of("snaptime", "", "when the snapshot was made"),
    of("snapstate", "", "a snapshot that is being made or removed"),
    of("swap", "512 MiB", "swap that it may use, in MiB"),
    of("timezone", "that of its files", "its time zone; `host` takes that of the node"),
    of("tty", "2", "how many terminals it has"),
    of("unprivileged", "0, no", "whether its root is nobody on the node, which is safer"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// What the API of Proxmox VE 9.1 knows.
    const OF_A_VM: &str = "acpi affinity agent allow-ksm amd-sev arch args audio0 autostart balloon bios boot bootdisk cdrom \
         cicustom cipassword citype ciupgrade ciuser cores cpu cpulimit cpuunits efidisk0 freeze hookscript \
         hostpci0 hotplug hugepages ide0 intel-tdx ipconfig0 ivshmem keephugepages keyboard kvm localtime \
         lock machine memory meta migrate_downtime migrate_speed name nameserver net0 numa numa0 onboot \
         ostype parallel0 parent protection reboot rng0 running-nets-host-mtu runningcpu runningmachine sata0 \
         scsi0 scsihw searchdomain serial0 shares smbios1 smp snaptime sockets spice_enhancements sshkeys \
         startdate startup tablet tags tdf template tpmstate0 unused0 usb0 vcpus vga virtio0 virtiofs0 \
         vmgenid vmstate vmstatestorage watchdog";
    const OF_A_CT: &str = "arch cmode console cores cpulimit cpuunits debug dev0 entrypoint env features hookscript hostname \
         lock lxc memory mp0 nameserver net0 onboot ostype protection rootfs searchdomain startup swap tags \
         template timezone tty unprivileged unused0";

    #[test]
    fn every_setting_that_proxmox_ve_knows_has_a_meaning() {
        for (kind, keys) in [(GuestKind::Vm, OF_A_VM), (GuestKind::Ct, OF_A_CT)] {
            let unknown: Vec<&str> = keys.split_whitespace().filter(|key| meaning(kind, key).is_none()).collect();
            assert!(unknown.is_empty(), "{kind}: {unknown:?}");
            assert!(meaning(kind, "nonsense").is_none() && meaning(kind, "nonsense7").is_none());
        }
        let words = |key| meaning(GuestKind::Vm, key).unwrap().words;
        assert_ne!(words("numa"), words("numa1"));
        assert_eq!(words("scsi0"), words("scsi30"));
        assert_ne!(words("arch"), meaning(GuestKind::Ct, "arch").unwrap().default);
    }
}
