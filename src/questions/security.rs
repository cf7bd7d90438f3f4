//! Who can do harm, what is open, and what is out of date?
use crate::*;

/// For whoever answers for security: people and programs with power and how they are protected, servers that no firewall
/// filters, and how far the nodes are behind. A firewall is at work on a server only where that of the cluster is on and its
/// own is; of these the page tells. That each network card has to be marked for it as well is said beside it.
///
/// # Errors
/// When the guests cannot be read.
pub fn security(pve: &Pve) -> Result<Page, Error> {
    let pve = &pve.one_look();
    let (guests, nodes) = (pve.guests()?.filter(|guest| !guest.is_template()), pve.nodes()?);
    let (own, firewall) = (guests.each(|guest| guest.firewall().options()), pve.firewall().options());
    let (updates, tokens) = (nodes.each(|node| node.updates()), pve.tokens().or_unseen());
    let (users, factors, realms) = (pve.users().or_unseen(), pve.second_factors().or_unseen(), pve.realms().or_unseen());
    let mut found: Vec<Vec<Cell>> = Vec::new();
    let mut say = |tone: Tone, what: &str, which: String, code: &str| {
        found.push(vec![State::new(tone, what).into(), Cell::from(which), Cell::Button(code.into(), code.into())]);
    };
    let some = |names: Vec<String>| match names.len() {
        0..=8 => names.join(", "),
        n => format!("{} and {} more", names[..7].join(", "), n - 7),
    };
    let is_on = firewall.as_ref().ok().map(FirewallOptions::is_on);
    match is_on {
        Some(true) => say(Tone::Good, "the firewall is on", "for the cluster as a whole".into(), "pve.firewall().options()?"),
        Some(false) => say(Tone::Wrong, "the firewall is off", "no rule of any guest or node is at work".into(), "pve.firewall().options()?"),
        None => say(Tone::Unknown, "whether the firewall is on is not known", String::new(), "pve.firewall().options()?"),
    }
    let open: Vec<String> = own.iter().filter(|(_, it)| !it.is_on()).map(|(guest, _)| guest.name.to_string()).collect();
    let open_words = filtered(is_on, open.len(), own.len(), guests.len());
    if !open.is_empty() {
        say(Tone::Wrong, "have their own firewall off", some(open), "guest.firewall().options()?");
    }
    if own.iter().any(|(_, it)| it.is_on()) {
        let cards = "a network card has to be marked for it as well".to_owned();
        say(Tone::Unknown, "whether each network card is filtered was not looked at", cards, "guest.config()?.nets()");
    }
    let alone = |user: &User| user.is_password_enough(&factors, &realms);
    let active = users.filter(User::is_active);
    let bare = active.filter(|user| alone(user) == Some(true)).map(|user| user.userid.to_string());
    let all_told = users.is_complete() == Some(true) && active.all(|user| alone(user).is_some());
    let bare_words = match (bare.len(), all_told) {
        (0, false) => "whether anybody logs in with a password alone is not known".to_owned(),
        (n, told) => format!("{}{} with a password alone", at_least(told), count(n, ("person logs in", "people log in"))),
    };
    if !bare.is_empty() {
        say(Tone::Held, "log in with a password alone", some(bare), "pve.second_factors()?");
    }
    let live = tokens.filter(|token| !token.is_expired());
    let endless = live.filter(|token| token.expire == ValidUntil::Never).map(|token| token.full_id().to_string());
    let endless_words = match (endless.len(), tokens.is_complete() == Some(true)) {
        (0, false) => "whether keys of programs never end is not known".to_owned(),
        (n, told) => format!("{}{}", at_least(told), count(n, ("key of a program never ends", "keys of programs never end"))),
    };
    if !endless.is_empty() {
        say(Tone::Held, "are keys of programs that never end", some(endless), "pve.tokens()?");
    }
    let wide = live.filter(ApiToken::is_unlimited).map(|token| token.full_id().to_string());
    if !wide.is_empty() {
        say(Tone::Held, "are keys of programs that may do all that their owner may", some(wide), "pve.tokens()?");
    }
    let ends = live.filter(|token| matches!(token.expire, Reading::Known(ValidUntil::At(_))));
    for token in &ends {
        say(Tone::Good, "ends by itself", format!("{}: {}", token.full_id(), token.expire), "pve.tokens()?");
    }
    let behind: Vec<(String, usize)> = updates.iter().map(|(node, list)| (node.name.to_string(), list.filter(AptPackage::can_be_updated).len())).collect();
    let pending = behind.iter().filter(|(_, n)| *n > 0);
    let pending: Vec<String> = pending.map(|(node, n)| format!("{node}: {n}")).collect();
    let pending_words = match (pending.len(), updates.len()) {
        (_, 0) => "whether machines wait for updates is not known".to_owned(),
        (n, all) => format!("{n} of the {} that told {} for updates", count(all, ("machine", "machines")), if n == 1 { "waits" } else { "wait" }),
    };
    if !pending.is_empty() {
        say(Tone::Held, "wait for updates", some(pending), "node.updates()?");
    }
    let old = nodes.filter(|node| node.uptime.known() > Some(days(90)));
    if !old.is_empty() {
        let words = old.map(|node| format!("{}: {}", node.name, node.uptime));
        say(Tone::Held, "have not been started anew for 90 days", some(words), "questions::drift(&pve)?");
    }
    let page = Page::new("Security at a glance")
        .question("Who can do harm, what is open, and what is out of date?")
        .answer(open_words, format!("; {bare_words}; {endless_words}; {pending_words}."))
        .table(Grid::new(["What", "Which", "Read by"]).rows(found))
        .section("Who may do what", questions::who_may(pve).page())
        .code("questions::drift(&pve)?");
    let access = users.evidence().and(&tokens).and(&factors).and(&realms);
    Ok(page.based_on_in_brief(&own.evidence().and(&firewall).and(&access).and(&updates)))
}

fn at_least(is_all: bool) -> &'static str {
    if is_all { "" } else { "at least " }
}

/// How many servers nothing filters, by whether the cluster's firewall is on, and how many of those that told have their
/// own off.
fn filtered(is_on: Option<bool>, off: usize, told: usize, all: usize) -> String {
    let servers = |n: usize| count(n, ("server", "servers"));
    let unread = match all - told {
        0 => String::new(),
        n => format!("; of {n} it is not known"),
    };
    match (is_on, told) {
        (Some(false), _) => "No server is filtered: the firewall of the cluster is off".to_owned(),
        (_, 0) => "Whether any server is filtered is not known".to_owned(),
        (None, _) => format!("Whether any server is filtered is not known; {off} of {} have their own firewall off{unread}", servers(told)),
        (Some(true), _) => format!("{off} of {} have their own firewall off, and nothing filters them{unread}", servers(told)),
    }
}
