//! What does this user or token see, and what may it do?
use crate::*;

/// Whether a privilege holds on a path: the nearest path at or above it that is listed decides. On those of `denied`
/// everything was taken away, which the server leaves out of what it lists.
fn holds(held: &List<Permission>, denied: &[Text], privilege: &str, path: &str) -> bool {
    let mut at = path;
    loop {
        let name = if at.is_empty() { "/" } else { at };
        if let Some(found) = held.find(|it| it.path == name) {
            let reaches = name == path || !found.there_alone.iter().any(|it| *it == privilege);
            return found.allows(privilege) && reaches;
        }
        if at.is_empty() || denied.iter().any(|path| *path == name) {
            return false;
        }
        at = at.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

/// What the server says the rights of a user (`dora@pve`) or a token (`alice@pve!deploy`) come to, thing by thing of those
/// that you see yourself.
///
/// # Errors
/// When the rights of others may not be read, or there is no such user or token.
pub fn seen_by(pve: &Pve, who: &str) -> Result<Page, Error> {
    let pve = &pve.one_look();
    let (users, tokens) = (pve.users()?, pve.tokens().or_unseen());
    let user = users.find(|user| who.split('!').next() == Some(user.userid.raw()));
    let Some(user) = user.filter(|_| !who.contains('!') || tokens.any(|token| token.full_id() == who)) else {
        let names: Vec<String> = users.map(|user| user.userid.to_string());
        let next = format!("There are {}; pve.tokens()? has the tokens", names.join(", "));
        return Err(Error::NotFound { what: format!("There is no user or token {who:?}").into(), next: next.into() });
    };
    let (held, acl, guests) = (pve.permissions_of(who)?, pve.acl().or_unseen(), pve.guests()?);
    let (nodes, storages, groups) = (pve.nodes()?, pve.storages().or_unseen(), pve.groups().or_unseen());
    let is_its = |entry: &AclEntry| {
        let group = groups.find(|group| group.groupid == entry.ugid);
        entry.ugid == who || entry.ugid == user.userid || group.is_some_and(|it| it.has(user.userid.raw()))
    };
    let denied: Vec<Text> = acl.filter(|entry| entry.denies() && is_its(entry)).map(|entry| entry.path.clone());
    let may = |privilege: &str, path: String| holds(&held, &denied, privilege, &path);
    let of_guests = |privilege: &str| guests.filter(|guest| may(privilege, format!("/vms/{}", guest.vmid)));
    let named = |guests: List<Guest>| -> String {
        let all: Vec<String> = guests.map(|guest| match &guest.name {
            Reading::Known(name) => name.to_string(),
            Reading::Missing(_) => guest.vmid.to_string(),
        });
        if all.len() > 8 { format!("{} and {} more", all[..8].join(", "), all.len() - 8) } else { all.join(", ") }
    };
    let uses = [
        ("sees", "VM.Audit"),
        ("starts and stops", "VM.PowerMgmt"),
        ("uses the console of", "VM.Console"),
        ("makes snapshots of", "VM.Snapshot"),
        ("backs up", "VM.Backup"),
        ("moves", "VM.Migrate"),
        ("changes the memory of", "VM.Config.Memory"),
        ("makes and removes", "VM.Allocate"),
    ];
    let mut rows: Vec<Vec<Cell>> = uses
        .iter()
        .map(|(verb, privilege)| {
            let those = of_guests(privilege);
            let part = format!("{} of {}", those.len(), count(guests.len(), ("guest", "guests")));
            vec![Cell::from(*verb), Cell::from(part), Cell::from(named(those)), Cell::Code((*privilege).into())]
        })
        .collect();
    let on_nodes = nodes.filter(|node| may("Sys.Audit", format!("/nodes/{}", node.name)));
    let on_storages = storages.filter(|storage| may("Datastore.Audit", format!("/storage/{}", storage.name)));
    let part = |n: usize, of: usize, what: &str| Cell::from(format!("{n} of {of} {what}"));
    let words = |names: Vec<String>| Cell::from(names.join(", "));
    let sees = |what: Cell, names: Cell, privilege: &str| vec![Cell::from("sees"), what, names, Cell::Code(privilege.into())];
    let names = (words(on_nodes.map(|it| it.name.to_string())), words(on_storages.map(|it| it.name.to_string())));
    rows.push(sees(part(on_nodes.len(), nodes.len(), "nodes"), names.0, "Sys.Audit"));
    rows.push(sees(part(on_storages.len(), storages.len(), "storages"), names.1, "Datastore.Audit"));
    let (seen, started) = (of_guests("VM.Audit").len(), of_guests("VM.PowerMgmt").len());
    let off = if user.is_active() { "" } else { "; its user is disabled or expired" };
    Ok(Page::new(format!("What {who} sees"))
        .question("What does this user or token see, and what may it do?")
        .answer(format!("{who} sees {seen} of {} and may start {started}", count(guests.len(), ("guest", "guests"))), format!("{off}."))
        .table(Grid::new(["It", "How many", "Which", "Takes"]).rows(rows))
        .code("questions::who_may(&pve)?")
        .section_from("All privileges", format!("pve.permissions_of({who:?})?"), &held)
        .based_on(&guests)
        .based_on(&storages)
        .based_on(&acl)
        .based_on(&groups))
}
