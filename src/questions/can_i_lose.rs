//! Can I lose this node, and what would go down and stay down?
use crate::*;

/// Yes only where everything that runs on the node comes back by itself, quorum holds, and the others have the memory for
/// it. What somebody has to start elsewhere by hand is down until then, and makes it a no.
///
/// # Errors
/// When there is no such node, or the cluster cannot be read.
pub fn can_i_lose(pve: &Pve, node: &str) -> Result<Page, Error> {
    let pve = &pve.one_look();
    let (node, guests, storages) = (pve.node(node)?, pve.guests()?, pve.storages()?);
    let (name, loss) = (node.name.raw(), node.blast_radius()?);
    let count = |fate: Fate| loss.guests.filter(|guest| guest.fate == fate).len();
    let (down, back, open) = (count(Fate::StaysDown), count(Fate::Restarted), count(Fate::NotKnown));
    let nowhere = loss.guests.filter(|guest| guest.fate == Fate::StaysDown && guest.way_back.is_blank()).len();
    let served = storages.filter(|storage| storage.shared && loss.with_it.contains(&storage.name));

    let running = guests.filter(|guest| guest.node == node.name && (guest.is_running() || guest.is_paused()));
    let needs: Option<Vec<Bytes>> = running.iter().map(|guest| guest.maxmem.known()).collect();
    let others = pve.nodes()?.filter(|other| other.is_online() && other.name != node.name);
    let free = |node: &Node| Some(node.maxmem.known()? - node.mem.known()?);
    let rooms: Option<Vec<Bytes>> = others.iter().map(free).collect();
    let sum = |all: &Option<Vec<Bytes>>| all.as_ref().map(|all| all.iter().copied().sum::<Bytes>());
    let (need, room) = (sum(&needs), sum(&rooms));
    let too_much = need.zip(room).is_some_and(|(need, room)| need > room);

    let seen = loss.evidence().and(&others).is_complete() == Some(true) && open == 0 && loss.quorum_holds.is_some();
    let no = down > 0 || loss.quorum_holds == Some(false) || !served.is_empty() || too_much;
    let fits = needs.zip(rooms).map(|(needs, rooms)| fit(needs, rooms));
    let fact = match fits {
        _ if !node.is_online() => format!("Not known whether {name} can be lost: it is {} already", node.status),
        _ if no => format!("No, {name} cannot be lost"),
        Some(true) if seen => format!("Yes, {name} can be lost"),
        _ => format!("Not known whether {name} can be lost"),
    };
    let one_or = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let said = |amount: Option<Bytes>| amount.map_or("an amount that is not known".into(), |it| it.to_string());
    let mut parts = vec![match running.len() {
        0 => "nothing that is seen runs on it".to_owned(),
        n => one_or(n, "guest runs on it", "guests run on it"),
    }];
    let nowhere = match nowhere {
        0 => String::new(),
        n => format!(", {n} of which can be started on no other node"),
    };
    parts.extend((down > 0).then(|| one_or(down, "stays down", "stay down") + &nowhere));
    let copies = loss.guests.filter(|guest| guest.fate == Fate::Restarted && guest.way_back.raw().contains("copy"));
    let copies = match copies.len() {
        0 => String::new(),
        n => format!(", {n} of which from the last copy, without what came after it"),
    };
    parts.extend((back > 0).then(|| one_or(back, "is restarted by HA", "are restarted by HA") + &copies));
    if open > 0 {
        parts.push(format!("what becomes of {open} is not known"));
    }
    parts.push(loss.quorum.raw().to_owned());
    parts.extend(served.map(|storage| format!("storage {}, which others use, goes with it", storage.name.raw())));
    if !running.is_empty() {
        let (need, room) = (said(need), said(room));
        parts.push(format!("what runs on it may use {need} of memory, and the other nodes have {room} free"));
        parts
            .extend((fits == Some(false) && !too_much).then(|| "perhaps not each of them fits on one of these".into()));
    }

    let memory = others.map(|node| vec![Cell::from(&node.name), Cell::usage(node.mem, node.maxmem)]);
    let page = Page::new(format!("If {name} is lost"))
        .question("Can I lose this node, and what would go down and stay down?")
        .answer(fact, format!(": {}.", parts.join("; ")));
    let page = loss.warnings().into_iter().fold(page, |page, (level, words)| page.note(level, words));
    Ok(page
        .table(loss.guests.table().all().grid().at_most(50))
        .heading("Memory on the other nodes")
        .table(Grid::new(["Node", "Memory"]).rows(memory).at_most(50))
        .figure(loss.drawing())
        .code(format!("pve.node({name:?})?.blast_radius()?"))
        .based_on(&loss)
        .based_on(&others))
}

/// Whether all find room, the largest first, each where there is most.
fn fit(mut needs: Vec<Bytes>, mut rooms: Vec<Bytes>) -> bool {
    needs.sort_by_key(|need| Reverse(*need));
    needs.into_iter().all(|need| match rooms.iter_mut().max() {
        Some(room) if *room >= need => {
            *room = *room - need;
            true
        }
        _ => false,
    })
}
