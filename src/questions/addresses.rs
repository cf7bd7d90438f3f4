//! Which guest has which address, and of whom is none known?
use crate::*;

/// The addresses of every guest, each with where it is known from: what a running guest tells stands before what it is
/// set up to have. Those of whom none is known are named first, with the reason.
///
/// # Errors
/// When the guests cannot be read.
pub fn addresses(pve: &Pve) -> Result<Page, Error> {
    let pve = &pve.one_look();
    let guests = pve.guests()?.filter(|guest| !guest.is_template());
    let found = guests.each(|guest| guest.reachable_at());
    let mut rows = Vec::new();
    let (mut none, mut fixed) = (0, 0);
    for guest in &guests {
        let known = found.iter().find(|(one, _)| one.vmid == guest.vmid).map(|(_, known)| known);
        let list = known.map(|known| known.addresses.clone()).unwrap_or_default();
        let from = list.first().map(|(_, from)| *from);
        let shown: Vec<String> = list.iter().map(|(address, _)| address.to_string()).collect();
        let unread = || guest.out_of_reach().unwrap_or_else(|| "its configuration was not read".into());
        let why = known.map_or_else(|| Some(unread()), |known| known.why.clone());
        none += usize::from(list.is_empty());
        fixed += usize::from(from.is_some_and(|from| !from.is_live()));
        let addresses = match shown.is_empty() {
            true => State::new(Tone::Unknown, "none known").into(),
            false => Cell::Code(shown.join(", ").into()),
        };
        let cells = vec![guest.into(), addresses, from.map(|from| from.to_string()).into(), why.into()];
        rows.push((!list.is_empty(), cells));
    }
    rows.sort_by_key(|(is_known, _)| *is_known);
    let of = match guests.len() {
        1 => "1 guest".to_owned(),
        n => format!("{n} guests"),
    };
    let fact = format!("Of {} of {of} an address is known", guests.len() - none);
    let rest = match fixed {
        0 => ".".to_owned(),
        n => format!("; for {n} of them it is only the one that was set up."),
    };
    let table = Grid::new(["Guest", "Addresses", "Known from", "Why no more"]);
    Ok(Page::new("Addresses")
        .question("Which guest has which address, and of whom is none known?")
        .answer(fact, rest)
        .table(table.rows(rows.into_iter().map(|(_, row)| row)).at_most(200))
        .code("questions::code(\"addresses\")?")
        .based_on(&guests)
        .based_on(&found))
}
