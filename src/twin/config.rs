//! Changing the configuration of a guest: which options there are, what values they take, in PVE's words.
//!
//! Knows every option's name and the rules of those it changes; the others it refuses openly.

use serde_json::{Map, Value};

use super::answer::{Answered, Params, Refusal, boolean, failed, integer, not_simulated, wrong};
use super::state::{Guest, Kind, State};
use super::work::Work;

/// Options that can be changed here, for VMs, for containers, and how PVE keeps their values.
const CHANGED: &[(&str, bool, bool, Form)] = &[
    ("name", true, false, Form::HostName),
    ("hostname", false, true, Form::HostName),
    ("description", true, true, Form::Text),
    ("tags", true, true, Form::Tags),
    ("cores", true, true, Form::Integer(1)),
    ("sockets", true, false, Form::Integer(1)),
    ("memory", true, true, Form::Integer(16)),
    ("swap", false, true, Form::Integer(0)),
    ("balloon", true, false, Form::Integer(0)),
    ("onboot", true, true, Form::Boolean),
    ("protection", true, true, Form::Boolean),
    ("startup", true, true, Form::Text),
    ("agent", true, false, Form::Text),
    ("cpuunits", true, true, Form::Integer(1)),
];

/// Options that PVE has and that are not changed here; a star stands for a number.
const QEMU_REST: &str = "acpi affinity allow-ksm amd-sev arch args audio0 autostart bios boot bootdisk cdrom cicustom \
    cipassword citype ciupgrade ciuser cpu cpulimit efidisk0 force freeze hookscript hostpci* hotplug hugepages ide* \
    intel-tdx ipconfig* ivshmem keephugepages keyboard kvm localtime lock machine migrate_downtime migrate_speed \
    nameserver net* numa numa* ostype parallel* reboot revert rng0 sata* scsi* scsihw searchdomain serial* shares \
    skiplock smbios1 smp spice_enhancements sshkeys startdate tablet tdf template tpmstate0 unused* usb* vcpus vga \
    virtio* virtiofs* vmgenid vmstatestorage watchdog";
const LXC_REST: &str = "arch cmode console cpulimit debug dev* entrypoint env features hookscript lock mp* nameserver \
    net* ostype revert rootfs searchdomain template timezone tty unprivileged unused*";

#[derive(Clone, Copy)]
enum Form {
    Text,
    HostName,
    Tags,
    Boolean,
    Integer(i64),
}

fn form(kind: Kind, key: &str) -> Option<Form> {
    let row = CHANGED.iter().find(|(name, qemu, lxc, _)| *name == key && if kind == Kind::Qemu { *qemu } else { *lxc });
    row.map(|(.., form)| *form)
}

/// Whether PVE has such an option that is not changed here.
fn is_rest(kind: Kind, key: &str) -> bool {
    let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
    let rest = if kind == Kind::Qemu { QEMU_REST } else { LXC_REST };
    rest.split_whitespace().any(|name| match name.strip_suffix('*') {
        Some(family) => family == stem && stem.len() < key.len(),
        None => name == key,
    })
}

/// What a call wants changed, checked.
pub(super) struct Change {
    set: Map<String, Value>,
    delete: Vec<String>,
}

impl Change {
    fn read(kind: Kind, params: Params<'_>) -> Answered<Change> {
        let is_known =
            |key: &str| matches!(key, "delete" | "digest") || form(kind, key).is_some() || is_rest(kind, key);
        params.known(is_known)?;
        let mut change = Change { set: Map::new(), delete: Vec::new() };
        let mut errors = Vec::new();
        for (key, value) in params.0.iter().filter(|(key, _)| !matches!(key.as_str(), "delete" | "digest")) {
            let Some(form) = form(kind, key) else {
                return not_simulated(&format!("Changing '{key}'"));
            };
            match form.read(kind, key, value) {
                Ok(value) => {
                    change.set.insert(key.clone(), value);
                }
                Err(Refusal::Parameters(mut wrong)) => errors.append(&mut wrong),
                Err(other) => return Err(other),
            }
        }
        if !errors.is_empty() {
            return Err(Refusal::Parameters(errors));
        }
        for key in params.get("delete").unwrap_or_default().split([',', ';', ' ']).filter(|key| !key.is_empty()) {
            change.delete(kind, key)?;
        }
        Ok(change)
    }

    fn delete(&mut self, kind: Kind, key: &str) -> Answered<()> {
        if self.set.contains_key(key) {
            return wrong("delete", format!("you can't use '-{key}' and -delete {key}' at the same time"));
        }
        if form(kind, key).is_none() {
            return if is_rest(kind, key) {
                not_simulated(&format!("Deleting '{key}'"))
            } else {
                wrong("delete", format!("unknown option '{key}'"))
            };
        }
        self.delete.push(key.to_owned());
        Ok(())
    }

    fn apply(&self, guest: &mut Guest) {
        for key in &self.delete {
            guest.config.remove(key);
        }
        for (key, value) in &self.set {
            guest.config.insert(key.clone(), value.clone());
        }
    }
}

impl Form {
    fn read(self, kind: Kind, key: &str, value: &str) -> Answered {
        match self {
            Form::Text => Ok(value.into()),
            Form::HostName if is_dns_name(value) => Ok(value.into()),
            Form::HostName => wrong(key, "invalid format - value does not look like a valid DNS name\n"),
            Form::Tags => tags(key, value),
            Form::Boolean => Ok(u8::from(boolean(key, value)?).into()),
            Form::Integer(least) => {
                let number = integer(key, value)?;
                if number < least {
                    return wrong(key, format!("value must have a minimum value of {least}"));
                }
                // A VM keeps its memory as a string, since that is a list of properties by now.
                Ok(if kind == Kind::Qemu && key == "memory" { number.to_string().into() } else { number.into() })
            }
        }
    }
}

fn is_dns_name(value: &str) -> bool {
    !value.is_empty()
        && value.split('.').all(|label| {
            let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
            !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.chars().all(inner)
        })
}

/// Sorted, each once, joined by semicolons.
fn tags(key: &str, value: &str) -> Answered {
    let mut tags: Vec<&str> = value.split([';', ',', ' ']).filter(|tag| !tag.is_empty()).collect();
    let fits = |tag: &&str| {
        let first = tag.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        first && tag.chars().all(|c| c.is_ascii_alphanumeric() || "_-+.".contains(c))
    };
    if !tags.iter().all(fits) {
        return wrong(key, "invalid format - invalid characters in tag\n");
    }
    tags.sort_unstable();
    tags.dedup();
    Ok(tags.join(";").into())
}

/// Carries out a change at once.
pub(super) fn put(state: &mut State, kind: Kind, vmid: u32, params: Params<'_>) -> Answered {
    let change = checked(state, kind, vmid, params)?;
    if let Some(guest) = state.guests.get_mut(&vmid) {
        change.apply(guest);
    }
    Ok(Value::Null)
}

/// The same as a task.
pub(super) fn post(state: &mut State, node: &str, vmid: u32, params: Params<'_>) -> Answered {
    let change = checked(state, Kind::Qemu, vmid, params)?;
    if let Some(guest) = state.guests.get_mut(&vmid) {
        change.apply(guest);
    }
    Ok(state.begin(node, vmid, Work::Configure { set: change.set, delete: change.delete }).into())
}

fn checked(state: &State, kind: Kind, vmid: u32, params: Params<'_>) -> Answered<Change> {
    let change = Change::read(kind, params)?;
    let Some(guest) = state.guests.get(&vmid) else { return failed(format!("no such guest: {vmid}")) };
    if change.set.is_empty() && change.delete.is_empty() {
        return failed("no options specified");
    }
    if params.get("digest").is_some_and(|digest| digest != guest.digest()) {
        return failed("checksum mismatch (file change by other user?)");
    }
    if let Some(lock) = guest.lock() {
        return failed(format!("{} is locked ({lock})", kind.short()));
    }
    Ok(change)
}
