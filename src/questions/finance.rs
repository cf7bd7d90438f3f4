//! What does each owner have, and what of it is used?
use crate::*;

/// What the servers of one owner were given, and what of it is used.
#[derive(Default)]
struct Share {
    servers: usize,
    off: usize,
    processors: u64,
    memory: Bytes,
    used: Bytes,
    disks: Bytes,
    disks_of_off: Bytes,
    unsaid: usize,
}

/// Where disks may lie.
fn holds_disks(storage: &Storage) -> bool {
    let holds = storage.content.iter().any(|kind| kind == "images" || kind == "rootdir");
    holds && !storage.disabled
}

/// For whoever pays: by the tag `owner.somebody` of each virtual machine and container, called servers here. What was given
/// is reserved whether or not it is used; a server that is switched off keeps its disks. Templates are no servers.
///
/// # Errors
/// When the guests cannot be read.
pub fn finance(pve: &Pve) -> Result<Page, Error> {
    let pve = &pve.one_look();
    let guests = pve.guests()?.filter(|guest| !guest.is_template());
    let configs = guests.configs().or_unseen();
    let (storages, most) = (pve.storages().or_unseen().filter(holds_disks), 3);
    // What each node has for itself costs a request a node: of these the fullest.
    let own = storages.filter(|storage| !storage.shared).sorted_by_key(|storage| Reverse(storage.fullness()));
    let is_asked = |storage: &Storage| storage.shared || own.take(most).any(|it| it.name == storage.name);
    let volumes = storages.filter(is_asked).each(|storage| storage.content()).together();
    let mut shares: std::collections::BTreeMap<Option<String>, Share> = Default::default();
    for guest in &guests {
        let share = shares.entry(guest.tag_value("owner")).or_default();
        let config = configs.find(|config| config.vmid == guest.vmid);
        let disks = config.as_ref().map(|config| config.disks().filter(Disk::holds_data));
        let size: Option<Bytes> = disks.and_then(|disks| disks.map(|disk| disk.size.known()).into_iter().sum());
        let memory = config.as_ref().and_then(Config::memory).or(guest.maxmem.known());
        share.servers += 1;
        share.processors += config.as_ref().and_then(Config::cores).or(guest.maxcpu.known()).unwrap_or_default();
        share.memory = share.memory + memory.unwrap_or_default();
        let used = guest.mem.known().or(guest.is_stopped().then_some(Bytes(0)));
        share.used = share.used + used.unwrap_or_default();
        share.disks = share.disks + size.unwrap_or_default();
        share.unsaid += usize::from(size.is_none() || memory.is_none() || used.is_none());
        if guest.is_stopped() {
            share.off += 1;
            share.disks_of_off = share.disks_of_off + size.unwrap_or_default();
        }
    }
    let orphans = volumes.filter(Volume::is_orphan);
    let lost: Bytes = orphans.map(|volume| volume.size.known().unwrap_or_default()).into_iter().sum();
    let columns = ["Owner", "Servers", "Switched off", "Processors", "Memory: used of given", "Disks given", "Of that, switched off"];
    let row = |name: Cell, share: &Share| {
        let usage = Cell::usage(Reading::Known(share.used), Reading::Known(share.memory));
        let numbers = [share.servers.into(), share.off.into(), share.processors.into(), usage, share.disks.into()];
        [name].into_iter().chain(numbers).chain([share.disks_of_off.into()]).collect::<Vec<Cell>>()
    };
    let mut rows: Vec<Vec<Cell>> = shares.iter().map(|(owner, share)| {
        let nobody = || State::new(Tone::Held, "no owner").into();
        row(owner.as_ref().map_or_else(nobody, |owner| Cell::from(owner.clone())), share)
    }).collect();
    // Those without an owner come last, since they are for somebody to find.
    rows.rotate_left(usize::from(shares.contains_key(&None)));
    let total = shares.values().fold(Share::default(), |sum, it| Share {
        servers: sum.servers + it.servers,
        off: sum.off + it.off,
        processors: sum.processors + it.processors,
        memory: sum.memory + it.memory,
        used: sum.used + it.used,
        disks: sum.disks + it.disks,
        disks_of_off: sum.disks_of_off + it.disks_of_off,
        unsaid: sum.unsaid + it.unsaid,
    });
    let nobody = shares.get(&None).map_or(0, |share| share.servers);
    let unsaid = match total.unsaid {
        0 => String::new(),
        n => format!(" What {n} of the servers were given or use is not known in full, and is missing from the sums."),
    };
    let left = match orphans.len() {
        0 if volumes.is_complete() == Some(true) && own.len() <= most => "No disk was left behind by a server that is gone.".to_owned(),
        0 => "Whether disks were left behind is not known in full.".to_owned(),
        1 => format!("1 disk of a server that is gone still takes up to {lost}."),
        n => format!("{n} disks of servers that are gone still take up to {lost}."),
    };
    let servers = |n: usize| count(n, ("server", "servers"));
    let one_or = |n: usize, one: &'static str, many: &'static str| if n == 1 { one } else { many };
    let left = if own.len() > most { format!("{left} Not all storages were looked into.") } else { left };
    Ok(Page::new("What is paid for, and what is used")
        .question("What does each owner have, and what of it is used?")
        .answer(
            format!("{} {} {} of memory and {} of disks", servers(total.servers), one_or(total.servers, "holds", "hold"), total.memory, total.disks),
            format!("; {} of the memory are in use. {} {} {} of disks; {nobody} {} no owner. {left}{unsaid}",
                total.used, servers(total.off), one_or(total.off, "is switched off and keeps", "are switched off and keep"),
                total.disks_of_off, one_or(nobody, "has", "have")),
        )
        .table(Grid::new(columns).rows(rows).totals(row("Together".into(), &total)))
        .code("questions::orphaned_disks(&pve)?")
        .based_on_in_brief(&configs.evidence().and(&volumes)))
}
