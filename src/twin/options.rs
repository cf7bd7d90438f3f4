//! The options of a guest's configuration: which there are, and what values they take.
//!
//! Knows PVE's names and limits for VMs and for containers; what changing one brings about stands in `work::pending`.

use super::drive::{self, Drive};
use super::form::{self, Form, Property, properties};
use super::net;
use super::state::Kind;

const ANY: Form = Form::Text(usize::MAX);
const MOST: i64 = i64::MAX;

/// Name and form; a star stands for a number.
type Options = &'static [(&'static str, Form)];

const OF_VM: Options = &[
    ("acpi", Form::Boolean),
    ("affinity", Form::Format(cpu_set)),
    ("agent", Form::Properties(AGENT)),
    ("allow-ksm", Form::Boolean),
    ("args", ANY),
    ("autostart", Form::Boolean),
    ("balloon", Form::Integer(0, MOST)),
    ("bios", Form::OneOf(&["seabios", "ovmf"])),
    ("boot", Form::Properties(BOOT)),
    ("bootdisk", Form::Pattern(is_boot_disk)),
    ("cdrom", Form::Own(ide)),
    ("cipassword", ANY),
    ("citype", Form::OneOf(&["configdrive2", "nocloud", "opennebula"])),
    ("ciupgrade", Form::Boolean),
    ("ciuser", ANY),
    ("cores", Form::Integer(1, MOST)),
    ("cpu", Form::Properties(CPU)),
    ("cpulimit", Form::Number(0.0, 128.0)),
    ("cpuunits", Form::Integer(1, 262_144)),
    ("description", Form::Text(8192)),
    ("efidisk0", Form::Properties(EFI_DISK)),
    ("freeze", Form::Boolean),
    ("hotplug", Form::Format(form::hotplug)),
    ("ide*", Form::Own(ide)),
    ("ipconfig*", Form::Properties(IP_CONFIG)),
    ("keyboard", Form::OneOf(KEYBOARDS)),
    ("kvm", Form::Boolean),
    ("localtime", Form::Boolean),
    ("lock", Form::OneOf(LOCKS_OF_VM)),
    ("machine", Form::Properties(MACHINE)),
    ("memory", Form::Properties(MEMORY)),
    ("migrate_downtime", Form::Number(0.0, f64::MAX)),
    ("migrate_speed", Form::Integer(0, MOST)),
    ("name", Form::Format(form::dns_name)),
    ("nameserver", Form::Format(form::addresses)),
    ("net*", Form::Own(net::of_vm)),
    ("numa", Form::Boolean),
    ("onboot", Form::Boolean),
    ("ostype", Form::OneOf(SYSTEMS_OF_VM)),
    ("protection", Form::Boolean),
    ("reboot", Form::Boolean),
    ("sata*", Form::Own(sata)),
    ("scsi*", Form::Own(scsi)),
    ("scsihw", Form::OneOf(&["lsi", "lsi53c810", "virtio-scsi-pci", "virtio-scsi-single", "megasas", "pvscsi"])),
    ("searchdomain", ANY),
    ("serial*", Form::Pattern(is_serial)),
    ("shares", Form::Integer(0, 50_000)),
    ("smbios1", Form::Properties(SMBIOS)),
    ("sockets", Form::Integer(1, MOST)),
    ("sshkeys", Form::Format(form::url_encoded)),
    ("startdate", Form::Pattern(is_start_date)),
    ("startup", Form::Format(form::startup)),
    ("tablet", Form::Boolean),
    ("tags", Form::Format(form::tags)),
    ("tdf", Form::Boolean),
    ("tpmstate0", Form::Properties(TPM_STATE)),
    ("vcpus", Form::Integer(1, MOST)),
    ("vga", Form::Properties(VGA)),
    ("virtio*", Form::Own(virtio)),
    ("vmgenid", Form::Pattern(is_generation)),
    ("vmstatestorage", Form::Format(form::storage_id)),
    ("watchdog", Form::Properties(WATCHDOG)),
];

const OF_CONTAINER: Options = &[
    ("arch", Form::OneOf(&["amd64", "i386", "arm64", "armhf", "riscv32", "riscv64"])),
    ("cmode", Form::OneOf(&["shell", "console", "tty"])),
    ("console", Form::Boolean),
    ("cores", Form::Integer(1, 8192)),
    ("cpulimit", Form::Number(0.0, 8192.0)),
    ("cpuunits", Form::Integer(0, 500_000)),
    ("debug", Form::Boolean),
    ("description", Form::Text(8192)),
    ("features", Form::Properties(FEATURES)),
    ("hostname", Form::Format(form::dns_name)),
    ("lock", Form::OneOf(LOCKS_OF_CONTAINER)),
    ("memory", Form::Integer(16, MOST)),
    ("mp*", Form::Properties(MOUNT_POINT)),
    ("nameserver", Form::Format(form::addresses)),
    ("net*", Form::Own(net::of_container)),
    ("onboot", Form::Boolean),
    ("ostype", Form::OneOf(SYSTEMS_OF_CONTAINER)),
    ("protection", Form::Boolean),
    ("rootfs", Form::Properties(ROOT)),
    ("searchdomain", Form::Format(form::dns_names)),
    ("startup", Form::Format(form::startup)),
    ("swap", Form::Integer(0, MOST)),
    ("tags", Form::Format(form::tags)),
    ("timezone", ANY),
    ("tty", Form::Integer(0, 6)),
    ("unprivileged", Form::Boolean),
];

/// Options that PVE has and that are not simulated.
const REST_OF_VM: &str = "amd-sev arch audio0 cicustom hookscript hostpci* hugepages import-working-storage intel-tdx \
    ivshmem keephugepages numa* parallel* rng0 smp spice_enhancements template usb* virtiofs*";
const REST_OF_CONTAINER: &str = "dev* entrypoint env hookscript template";

const LOCKS_OF_VM: &[&str] =
    &["backup", "clone", "create", "migrate", "rollback", "snapshot", "snapshot-delete", "suspending", "suspended"];
const LOCKS_OF_CONTAINER: &[&str] = &[
    "backup",
    "create",
    "destroyed",
    "disk",
    "fstrim",
    "migrate",
    "mounted",
    "rollback",
    "snapshot",
    "snapshot-delete",
];
const SYSTEMS_OF_VM: &[&str] =
    &["other", "wxp", "w2k", "w2k3", "w2k8", "wvista", "win7", "win8", "win10", "win11", "l24", "l26", "solaris"];
const SYSTEMS_OF_CONTAINER: &[&str] = &[
    "debian",
    "devuan",
    "ubuntu",
    "centos",
    "fedora",
    "opensuse",
    "archlinux",
    "alpine",
    "gentoo",
    "nixos",
    "unmanaged",
];
const KEYBOARDS: &[&str] = &[
    "de", "de-ch", "da", "en-gb", "en-us", "es", "fi", "fr", "fr-be", "fr-ca", "fr-ch", "hu", "is", "it", "ja", "lt",
    "mk", "nl", "no", "pl", "pt", "pt-br", "sv", "sl", "tr",
];

const AGENT: &[Property] = &[
    Property::new("enabled", Form::Boolean).must().main(),
    Property::new("fstrim_cloned_disks", Form::Boolean),
    Property::new("freeze-fs", Form::Boolean),
    Property::alias("freeze-fs-on-backup", "freeze-fs"),
    Property::alias("guest-fsfreeze", "freeze-fs"),
    Property::new("type", Form::OneOf(&["virtio", "isa"])),
];
const BOOT: &[Property] =
    &[Property::new("legacy", Form::Pattern(is_legacy_boot)).main(), Property::new("order", Form::Format(boot_order))];
const CPU: &[Property] = &[
    Property::new("cputype", Form::Pattern(is_cpu_type)).main(),
    Property::new("flags", ANY),
    Property::new("hidden", Form::Boolean),
    Property::new("hv-vendor-id", ANY),
    Property::new("phys-bits", ANY),
    Property::new("guest-phys-bits", Form::Integer(32, 64)),
    Property::new("reported-model", ANY),
];
const EFI_DISK: &[Property] = &[
    Property::new("file", Form::Format(form::drive_file)).must().main(),
    Property::alias("volume", "file"),
    Property::new("efitype", Form::OneOf(&["2m", "4m"])),
    Property::new("format", Form::OneOf(FORMATS)),
    Property::new("ms-cert", Form::OneOf(&["2011", "2023", "2023w", "2023k"])),
    Property::new("pre-enrolled-keys", Form::Boolean),
    Property::new("size", Form::Format(form::disk_size)),
];
const FEATURES: &[Property] = &[
    Property::new("force_rw_sys", Form::Boolean),
    Property::new("fuse", Form::Boolean),
    Property::new("keyctl", Form::Boolean),
    Property::new("mknod", Form::Boolean),
    Property::new("mount", ANY),
    Property::new("nesting", Form::Boolean),
];
const IP_CONFIG: &[Property] = &[
    Property::new("gw", Form::Format(form::ipv4)),
    Property::new("gw6", Form::Format(form::ipv6)),
    Property::new("ip", Form::Format(form::ipv4_config)),
    Property::new("ip6", Form::Format(form::ipv6_config)),
];
const MACHINE: &[Property] = &[
    Property::new("type", Form::Pattern(is_machine)).main(),
    Property::new("aw-bits", Form::Number(32.0, 64.0)),
    Property::new("enable-s3", Form::Boolean),
    Property::new("enable-s4", Form::Boolean),
    Property::new("viommu", Form::OneOf(&["intel", "virtio"])),
];
const MEMORY: &[Property] = &[Property::new("current", Form::Integer(16, MOST)).must().main()];
const MOUNT_POINT: &[Property] = &[
    Property::new("volume", Form::Format(form::mount_point)).must().main(),
    Property::new("mp", Form::Format(form::mount_point)).must(),
    Property::new("acl", Form::Boolean),
    Property::new("backup", Form::Boolean),
    Property::new("keepattrs", Form::Boolean),
    Property::new("mountoptions", Form::Pattern(is_mount_options)),
    Property::new("quota", Form::Boolean),
    Property::new("replicate", Form::Boolean),
    Property::new("ro", Form::Boolean),
    Property::new("shared", Form::Boolean),
    Property::new("size", Form::Format(form::disk_size)),
];
const ROOT: &[Property] = &[
    Property::new("volume", Form::Format(form::mount_point)).must().main(),
    Property::new("acl", Form::Boolean),
    Property::new("mountoptions", Form::Pattern(is_mount_options)),
    Property::new("quota", Form::Boolean),
    Property::new("replicate", Form::Boolean),
    Property::new("ro", Form::Boolean),
    Property::new("shared", Form::Boolean),
    Property::new("size", Form::Format(form::disk_size)),
];
const SMBIOS: &[Property] = &[
    Property::new("base64", Form::Boolean),
    Property::new("family", ANY),
    Property::new("manufacturer", ANY),
    Property::new("product", ANY),
    Property::new("serial", ANY),
    Property::new("sku", ANY),
    Property::new("uuid", Form::Pattern(is_uuid)),
    Property::new("version", ANY),
];
const TPM_STATE: &[Property] = &[
    Property::new("file", Form::Format(form::drive_file)).must().main(),
    Property::alias("volume", "file"),
    Property::new("format", Form::OneOf(&["raw", "qcow2", "vmdk"])),
    Property::new("size", Form::Format(form::disk_size)),
    Property::new("version", Form::OneOf(&["v1.2", "v2.0"])),
];
const VGA: &[Property] = &[
    Property::new(
        "type",
        Form::OneOf(&[
            "cirrus",
            "qxl",
            "qxl2",
            "qxl3",
            "qxl4",
            "none",
            "serial0",
            "serial1",
            "serial2",
            "serial3",
            "std",
            "virtio",
            "virtio-gl",
            "vmware",
        ]),
    )
    .main(),
    Property::new("clipboard", Form::OneOf(&["vnc"])),
    Property::new("memory", Form::Integer(4, 512)),
];
const WATCHDOG: &[Property] = &[
    Property::new("model", Form::OneOf(&["i6300esb", "ib700"])).main(),
    Property::new("action", Form::OneOf(&["reset", "shutdown", "poweroff", "pause", "debug", "none"])),
];

const FORMATS: &[&str] = &["raw", "qcow", "qed", "qcow2", "vmdk", "cloop"];

/// The options of a drive, and the first letters of the buses that have each: ide, sata, scsi (c), virtio.
const DRIVE: &[(&str, Property)] = &[
    ("iscv", Property::new("file", Form::Format(form::drive_file)).must().main()),
    ("iscv", Property::alias("volume", "file")),
    ("iscv", Property::new("aio", Form::OneOf(&["native", "threads", "io_uring"]))),
    ("iscv", Property::new("backup", Form::Boolean)),
    ("iscv", Property::new("cache", Form::OneOf(&["none", "writethrough", "writeback", "unsafe", "directsync"]))),
    ("iscv", Property::new("detect_zeroes", Form::Boolean)),
    ("iscv", Property::new("discard", Form::OneOf(&["ignore", "on"]))),
    ("iscv", Property::new("format", Form::OneOf(FORMATS))),
    ("iscv", Property::new("import-from", ANY)),
    ("iscv", Property::new("iops", Form::Integer(0, MOST))),
    ("iscv", Property::new("iops_max", Form::Integer(0, MOST))),
    ("iscv", Property::new("iops_rd", Form::Integer(0, MOST))),
    ("iscv", Property::new("iops_rd_max", Form::Integer(0, MOST))),
    ("iscv", Property::new("iops_wr", Form::Integer(0, MOST))),
    ("iscv", Property::new("iops_wr_max", Form::Integer(0, MOST))),
    ("cv", Property::new("iothread", Form::Boolean)),
    ("iscv", Property::new("mbps", Form::Number(0.0, f64::MAX))),
    ("iscv", Property::new("mbps_max", Form::Number(0.0, f64::MAX))),
    ("iscv", Property::new("mbps_rd", Form::Number(0.0, f64::MAX))),
    ("iscv", Property::new("mbps_rd_max", Form::Number(0.0, f64::MAX))),
    ("iscv", Property::new("mbps_wr", Form::Number(0.0, f64::MAX))),
    ("iscv", Property::new("mbps_wr_max", Form::Number(0.0, f64::MAX))),
    ("iscv", Property::new("media", Form::OneOf(&["cdrom", "disk"]))),
    ("c", Property::new("queues", Form::Integer(2, MOST))),
    ("iscv", Property::new("replicate", Form::Boolean)),
    ("iscv", Property::new("rerror", Form::OneOf(&["ignore", "report", "stop"]))),
    ("cv", Property::new("ro", Form::Boolean)),
    ("iscv", Property::new("serial", Form::Format(form::url_encoded))),
    ("iscv", Property::new("shared", Form::Boolean)),
    ("iscv", Property::new("size", Form::Format(form::disk_size))),
    ("iscv", Property::new("snapshot", Form::Boolean)),
    ("isc", Property::new("ssd", Form::Boolean)),
    ("iscv", Property::new("werror", Form::OneOf(&["enospc", "ignore", "report", "stop"]))),
];

fn on_bus(letter: char) -> Vec<Property> {
    DRIVE.iter().filter(|(buses, _)| buses.contains(letter)).map(|(_, property)| *property).collect()
}

fn ide(path: &str, text: &str) -> Result<(), String> {
    properties(&on_bus('i'), path, text).map(drop)
}

fn sata(path: &str, text: &str) -> Result<(), String> {
    properties(&on_bus('s'), path, text).map(drop)
}

fn scsi(path: &str, text: &str) -> Result<(), String> {
    properties(&on_bus('c'), path, text).map(drop)
}

fn virtio(path: &str, text: &str) -> Result<(), String> {
    properties(&on_bus('v'), path, text).map(drop)
}

/// A disk as a caller wrote it, once it is checked: with yes and no as PVE writes them.
pub(super) fn drive(key: &str, text: &str) -> Drive {
    let known = match key.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "efidisk" => EFI_DISK.to_vec(),
        "tpmstate" => TPM_STATE.to_vec(),
        "rootfs" => ROOT.to_vec(),
        "mp" => MOUNT_POINT.to_vec(),
        "sata" => on_bus('s'),
        "scsi" => on_bus('c'),
        "virtio" => on_bus('v'),
        _ => on_bus('i'),
    };
    properties(&known, "", text).map_or_else(|_| Drive::read(text), Drive::of)
}

/// How an option is to look; `None` where it is not simulated or there is no such option.
pub(super) fn form(kind: Kind, key: &str) -> Option<Form> {
    let known = if kind == Kind::Qemu { OF_VM } else { OF_CONTAINER };
    known.iter().find(|(name, _)| is_named(kind, name, key)).map(|(_, form)| *form)
}

/// Whether PVE has such an option that is not simulated.
pub(super) fn is_rest(kind: Kind, key: &str) -> bool {
    let rest = if kind == Kind::Qemu { REST_OF_VM } else { REST_OF_CONTAINER };
    rest.split_whitespace().any(|name| is_named(kind, name, key))
}

/// Whether there is such an option at all.
pub(super) fn exists(kind: Kind, key: &str) -> bool {
    form(kind, key).is_some() || is_rest(kind, key) || drive::is_unused(key)
}

fn is_named(kind: Kind, name: &str, key: &str) -> bool {
    let Some(family) = name.strip_suffix('*') else { return name == key };
    let Some(number) = key.strip_prefix(family) else { return false };
    let plain = number == "0" || !number.starts_with('0');
    let most = match family {
        "ide" | "sata" | "scsi" | "virtio" | "mp" => return drive::rank(kind, key).is_some(),
        "serial" => 4,
        "numa" => 8,
        "parallel" => 3,
        "virtiofs" => 10,
        "usb" => 14,
        "hostpci" => 16,
        "dev" => 256,
        _ => 32,
    };
    plain && number.parse::<u32>().is_ok_and(|number| number < most)
}

fn is_boot_disk(text: &str) -> bool {
    drive::rank(Kind::Qemu, text).is_some_and(|(bus, _)| bus < 4)
}

fn is_legacy_boot(text: &str) -> bool {
    (1..=4).contains(&text.len()) && text.chars().all(|c| "acdn".contains(c))
}

fn boot_order(text: &str) -> Result<(), String> {
    let is_device =
        |one: &str| is_boot_disk(one) || ["net*", "usb*", "hostpci*"].iter().any(|n| is_named(Kind::Qemu, n, one));
    match form::list(text).find(|one| !is_device(one)) {
        Some(one) => Err(format!("invalid boot device '{one}'")),
        None => Ok(()),
    }
}

fn is_cpu_type(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn cpu_set(text: &str) -> Result<(), String> {
    let number = |text: &str| text.parse::<u16>().is_ok();
    let fits = |part: &str| part.split_once('-').map_or_else(|| number(part), |(from, to)| number(from) && number(to));
    if text.split(',').all(fits) { Ok(()) } else { Err("unable to parse cpuset option".into()) }
}

/// `q35`, `pc-i440fx-10.1+pve0`.
fn is_machine(text: &str) -> bool {
    let version = |rest: &str| {
        let rest = rest.split_once("+pve").map_or(rest, |(version, _)| version);
        rest.split('.').count() > 1 && rest.split('.').all(|part| part.parse::<u32>().is_ok())
    };
    let versions = ["pc-i440fx-", "pc-q35-", "virt-", "pc-"];
    ["pc", "q35", "virt"].contains(&text) || versions.iter().any(|stem| text.strip_prefix(stem).is_some_and(version))
}

fn is_mount_options(text: &str) -> bool {
    let known = ["discard", "lazytime", "noatime", "nodev", "noexec", "nosuid"];
    text.split(';').all(|one| known.contains(&one))
}

fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let hex = |part: &str| part.chars().all(|c| c.is_ascii_hexdigit());
    text.split('-').map(str::len).eq(lengths) && text.split('-').all(hex)
}

fn is_generation(text: &str) -> bool {
    ["0", "1"].contains(&text) || is_uuid(text)
}

fn is_serial(text: &str) -> bool {
    text == "socket" || text.strip_prefix("/dev/").is_some_and(|rest| !rest.is_empty())
}

fn is_start_date(text: &str) -> bool {
    let numbers =
        |text: &str, sign| text.split(sign).count() == 3 && text.split(sign).all(|n| n.parse::<u32>().is_ok());
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    text == "now" || (numbers(date, '-') && time.is_none_or(|time| numbers(time, ':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_those_of_the_kind() {
        for (kind, key, known, rest) in [
            (Kind::Qemu, "cores", true, false),
            (Kind::Qemu, "net31", true, false),
            (Kind::Qemu, "net32", false, false),
            (Kind::Qemu, "scsi30", true, false),
            (Kind::Qemu, "scsi31", false, false),
            (Kind::Qemu, "hostname", false, false),
            (Kind::Qemu, "hostpci0", false, true),
            (Kind::Lxc, "mp3", true, false),
            (Kind::Lxc, "scsi0", false, false),
            (Kind::Lxc, "dev0", false, true),
        ] {
            assert_eq!((form(kind, key).is_some(), is_rest(kind, key)), (known, rest), "{key}");
        }
        assert!(exists(Kind::Qemu, "unused7") && !exists(Kind::Lxc, "bootdisk"));
    }

    #[test]
    fn every_option_of_the_demo_is_one_that_may_be_set() {
        // What PVE writes by itself or only in other ways.
        let own = ["meta", "parent", "template", "digest"];
        for guest in super::super::demo::state().guests.values() {
            for (key, value) in guest.config.iter().filter(|(key, _)| !own.contains(&key.as_str())) {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let read = form(guest.kind, key).map(|form| form.read(key, &text));
                assert!(matches!(&read, Some(Ok(kept)) if kept == value), "{key} of {}: {read:?}", guest.vmid);
            }
        }
    }

    #[test]
    fn machines_and_boot_orders_are_checked() {
        assert!(
            is_machine("q35") && is_machine("pc-i440fx-10.1+pve0") && !is_machine("pc-i440fx-") && !is_machine("x")
        );
        assert_eq!(boot_order("scsi0;net0"), Ok(()));
        assert_eq!(boot_order("scsi0;floppy"), Err("invalid boot device 'floppy'".into()));
    }
}
