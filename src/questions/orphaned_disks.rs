//! Which disks does nobody use?
use crate::*;

/// Disks of guests that do not exist, disks that are not attached, and disks that their guest does not refer to. Look
/// before you remove one: another cluster may use the same storage, and a snapshot may hold what no configuration names.
/// Of the storages that each node has for itself the three fullest are looked into; the others are named.
///
/// # Errors
/// When the guests or the storages cannot be read.
pub fn orphaned_disks(pve: &Pve) -> Result<Page, Error> {
    let pve = &pve.one_look();
    let (guests, jobs) = (pve.guests()?, pve.replication_jobs().or_unseen());
    let configs = guests.configs().or_unseen();
    let holds = |storage: &Storage| storage.content.iter().any(|kind| kind == "images" || kind == "rootdir");
    let storages = pve.storages()?.filter(|storage| !storage.disabled && holds(storage));
    // What each node has for itself costs a request a node.
    let own = storages.filter(|storage| !storage.shared).sorted_by_key(|storage| Reverse(storage.fullness()));
    let is_asked = |storage: &Storage| storage.shared || own.take(3).any(|it| it.name == storage.name);
    let all = storages.filter(is_asked).each(|storage| storage.content());
    let left_out = storages.filter(|storage| !is_asked(storage)).map(|storage| storage.name.to_string()).join(", ");
    let disks = all.together().filter(|it| it.content == VolumeKind::Disk || it.content == VolumeKind::FileSystem);
    let copied = |volume: &Volume| {
        let to = |job: &ReplicationJob| job.guest.known() == volume.vmid && job.target == volume.node;
        jobs.is_complete() != Some(true) || jobs.any(to)
    };

    let (mut found, mut open) = (Vec::new(), 0);
    for config in &configs {
        for disk in config.disks().filter(|disk| disk.kind == DiskKind::Unused) {
            let DiskSource::Volume(id) = &disk.source else { continue };
            let volume = disks.find(|it| it.volid == id.to_string());
            let size = volume.map_or(Reading::Missing(Why::NotInAnswer), |it| it.size);
            found.push((id.to_string(), size, config.name(), format!("not attached: {} of its settings", disk.key)));
        }
    }
    for volume in &disks {
        let vmid = volume.vmid.unwrap_or_default();
        let config = configs.find(|config| u64::from(config.vmid) == vmid);
        let why = match (&volume.owner, config) {
            (VolumeOwner::Gone, _) => Some(format!("there is no guest {vmid} in this cluster")),
            (VolumeOwner::Guest(_), Some(config)) => leftover(volume, &config, copied(volume)),
            _ => {
                open += 1;
                None
            }
        };
        let owner = guests.find(|guest| u64::from(guest.vmid) == vmid).and_then(|guest| guest.name.known());
        let owner = owner.unwrap_or_else(|| vmid.to_string().into());
        found.extend(why.map(|why| (volume.volid.to_string(), volume.size, owner, why)));
    }
    found.sort_by_key(|(_, size, ..)| Reverse(*size));
    let known: Vec<Bytes> = found.iter().filter_map(|(_, size, ..)| size.known()).collect();
    let size: Bytes = known.iter().copied().sum();
    let size = match found.len() - known.len() {
        0 => format!(", {size}"),
        silent => format!(", {size} without {silent} whose size is not known"),
    };
    let fact = match found.len() {
        0 => "No disk was found that nobody uses".to_owned(),
        1 => format!("1 disk seems to be used by nobody{size}"),
        n => format!("{n} disks seem to be used by nobody{size}"),
    };
    let open = if open == 0 { String::new() } else { format!("; of {open} more it is not known whose they are") };
    let rows = found
        .into_iter()
        .map(|(id, size, owner, why)| vec![Cell::Code(id.into()), size.into(), owner.into(), why.into()]);
    let page = Page::new("Disks that nobody uses")
        .question("Which disks does nobody use?")
        .answer(fact, format!("{open}."))
        .note(Level::Warning, "Look before you remove one: another cluster may use the same storage.")
        .table(Grid::new(["Disk", "Size", "Whose", "Why"]).rows(rows).at_most(50))
        .code("pve.volumes()?.filter(|volume| volume.is_orphan())")
        .based_on(&all)
        .based_on(&configs)
        .based_on(&jobs);
    Ok(match left_out.is_empty() {
        true => page,
        false => page.note(Level::Warning, format!("Not looked into, since it costs a request a node: {left_out}.")),
    })
}

/// Why a disk of a guest that is there may be left over. What a snapshot keeps of the memory is named so.
fn leftover(volume: &Volume, config: &Config, is_copy: bool) -> Option<String> {
    let last = |id: &str| id.rsplit(['/', ':']).next().unwrap_or_default().to_owned();
    let name = last(volume.volid.raw());
    let storage = volume.volid.raw().split_once(':').map_or("", |(storage, _)| storage);
    let mut same = config
        .disks()
        .filter(|disk| matches!(&disk.source, DiskSource::Volume(id) if last(&id.to_string()) == name))
        .to_vec();
    same.sort_by_key(|disk| disk.storage().is_none_or(|it| it != storage));
    match same.first() {
        _ if name.contains("-state-") => None,
        Some(disk) if disk.storage().is_some_and(|it| it == storage) => {
            let elsewhere = !volume.shared && volume.node != config.node && !is_copy;
            elsewhere.then(|| format!("on {}, and the guest uses the one on {}", volume.node.raw(), config.node.raw()))
        }
        Some(disk) => Some(format!("the guest has one of this name on {}", disk.storage().unwrap_or_default().raw())),
        None if config.get("parent").is_some() => Some("not in its settings; a snapshot may hold it".to_owned()),
        None => Some("not in its settings".to_owned()),
    }
}
