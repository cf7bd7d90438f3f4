//! Where does this MAC, address, volume, number, tag or word occur?
use crate::*;

/// What is looked for, what was found so far, and what that rests on.
struct Hunt {
    needle: Needle,
    found: Vec<Vec<Cell>>,
    seen: Evidence,
}

impl Hunt {
    /// Looks into each of these; `told` gives what one is called and its JSON.
    fn among<T: Clone>(&mut self, code: &str, list: &List<T>, told: impl Fn(&T) -> (Cell, JsonValue)) {
        for item in list {
            let (what, json) = told(item);
            for (place, words) in self.needle.found_in(&json) {
                self.found.push(vec![what.clone(), Cell::from(place), Cell::from(words), Cell::Code(code.into())]);
            }
        }
        self.seen = self.seen.clone().and(list);
    }
}

/// What a word may stand in as well.
const NOT_IN_IT: &str = "Not looked through: what only the inside of a guest knows; settings of snapshots, and \
    what those that wait for a restart still are; firewalls of nodes and guests, and security groups; groups, roles and realms; rules of high \
    availability; replication; mappings of devices; notifications and metric servers; DNS, hosts and certificates of nodes; \
    zones and subnets of the software-defined network; Ceph; older tasks.";

/// Of the storages that each node has for itself so many are looked into, the fullest.
const MOST: usize = 2;

/// Looks through most of what is configured: guests and their settings, storages and what lies in them, networks, pools,
/// access, firewall, backup jobs, resources of high availability, and the last tasks. The page names what it does not look
/// through.
///
/// # Errors
/// Without a word to look for, or when the guests cannot be read.
pub fn find(pve: &Pve, word: &str) -> Result<Page, Error> {
    let pve = &pve.one_look();
    let needle = Needle::new(word);
    if needle.is_blank() {
        let (what, next) = ("There is no word to look for".into(), "questions::find(&pve, \"10.0.0.7\")?".into());
        return Err(Error::NotFound { what, next });
    }
    let (guests, nodes) = (pve.guests()?, pve.nodes()?);
    let title = format!("Where \u{201c}{word}\u{201d} occurs");
    let mut hunt = Hunt { needle, found: Vec::new(), seen: guests.evidence() };
    hunt.among("pve.guests()?", &guests, |guest| (guest.into(), guest.raw()));
    hunt.among("pve.nodes()?", &nodes, |node| (Cell::from(&node.name), node.raw()));
    let configs = guests.configs().or_unseen();
    hunt.among("guest.config()?", &configs, |config| {
        let said = |key: String| config.get(&key).map(|value| (key, value.raw().to_owned()));
        let notes = config.notes().map(|notes| ("notes".to_owned(), notes.raw().to_owned()));
        let settings = config.keys().into_iter().filter_map(said).chain(notes);
        let guest = guests.find(|guest| guest.vmid == config.vmid);
        (guest.map_or(Cell::Empty, |guest| Cell::from(&guest)), settings.collect())
    });
    for (node, networks) in &nodes.each(|node| node.networks()) {
        hunt.among("node.networks()?", networks, |it| (Cell::from(format!("{} on {}", it.iface, node.name)), it.raw()));
    }
    let storages = pve.storages().or_unseen();
    hunt.among("pve.storages()?", &storages, |it| {
        (Cell::from(&it.name), it.definition().map(|definition| definition.raw()).unwrap_or_default())
    });
    // What each node has for itself costs a request a node.
    let there = storages.filter(|storage| !storage.disabled);
    let own = there.filter(|storage| !storage.shared).sorted_by_key(|storage| Reverse(storage.fullness()));
    let is_asked = |storage: &Storage| storage.shared || own.take(MOST).any(|it| it.name == storage.name);
    let volumes = there.filter(is_asked).each(|storage| storage.content());
    hunt.among("pve.volumes()?", &volumes.together(), |it| (Cell::from("volume"), it.raw()));
    let left_out = there.filter(|storage| !is_asked(storage)).map(|storage| storage.name.to_string()).join(", ");
    hunt.among("pve.pools()?", &pve.pools().or_unseen(), |it| {
        let comment = it.comment.clone().unwrap_or_default();
        (Cell::from("pool"), [("name", it.name.raw()), ("comment", comment.raw())].into_iter().collect())
    });
    hunt.among("pve.vnets()?", &pve.vnets().or_unseen(), |it| (Cell::from(&it.vnet), it.raw()));
    hunt.among("pve.users()?", &pve.users().or_unseen(), |it| (Cell::from(&it.userid), it.raw()));
    hunt.among("pve.tokens()?", &pve.tokens().or_unseen(), |it| (Cell::from("token"), it.raw()));
    hunt.among("pve.acl()?", &pve.acl().or_unseen(), |it| (Cell::from("access"), it.raw()));
    hunt.among("pve.aliases()?", &pve.aliases().or_unseen(), |it| (Cell::from("alias"), it.raw()));
    hunt.among("pve.ip_sets()?", &pve.ip_sets().or_unseen(), |it| (Cell::from("IP set"), it.raw()));
    hunt.among("pve.firewall_rules()?", &pve.firewall_rules().or_unseen(), |it| (Cell::from("rule"), it.raw()));
    hunt.among("pve.backup_jobs()?", &pve.backup_jobs().or_unseen(), |it| (Cell::from(&it.id), it.raw()));
    hunt.among("pve.ha_resources()?", &pve.ha_resources().or_unseen(), |it| (Cell::from(&it.sid), it.raw()));
    hunt.among("pve.tasks()?", &pve.tasks().or_unseen(), |it| (Cell::from("task"), it.upid.raw().into()));
    let fact = match hunt.found.len() {
        0 => "Nowhere in what is looked through".to_owned(),
        1 => "In 1 place".to_owned(),
        n => format!("In {n} places"),
    };
    let page = Page::new(title)
        .question("Where does this MAC, address, volume, number, tag or word occur?")
        .answer(fact, ".")
        .table(Grid::new(["What", "Field", "It says", "Read by"]).rows(hunt.found).at_most(60))
        .paragraph(NOT_IN_IT)
        .code("guest.addresses()?")
        .based_on(&hunt.seen);
    Ok(match left_out.is_empty() {
        true => page,
        false => page.note(Level::Warning, format!("What lies on {left_out} was not looked through: it costs a request a node.")),
    })
}
