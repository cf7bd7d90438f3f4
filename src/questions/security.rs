//! Who can do harm, what is open, and what is out of date?
use crate::*;

/// For whoever answers for security: people and programs with power and how they are protected, network cards that no
/// firewall filters, and how far the nodes are behind.
///
/// # Errors
/// When the guests cannot be read.
pub fn security(pve: &Pve) -> Result<Page, Error> {
    let pve = &pve.one_look();
    let (guests, nodes) = (pve.guests()?.filter(|guest| !guest.is_template()), pve.nodes()?);
    let (configs, firewall) = (guests.configs().or_unseen(), pve.firewall().options());
    let (updates, tokens) = (nodes.each(|node| node.updates()), pve.tokens().or_unseen());
    let (users, factors) = (pve.users().or_unseen(), pve.second_factors());
    let mut found: Vec<Vec<Cell>> = Vec::new();
    let mut say = |tone: Tone, what: &str, which: String, code: &str| {
        found.push(vec![State::new(tone, what).into(), Cell::from(which), Cell::Code(code.into())]);
    };
    let some = |names: Vec<String>| match names.len() {
        0..=8 => names.join(", "),
        n => format!("{} and {} more", names[..7].join(", "), n - 7),
    };
    match firewall.as_ref().map(|options| options.enable) {
        Ok(Some(true)) => say(Tone::Good, "the firewall is on", "for the cluster as a whole".into(), "pve.firewall().options()?"),
        Ok(_) => say(Tone::Wrong, "the firewall is off", "no rule of any guest or node is at work".into(), "pve.firewall().options()?"),
        Err(_) => say(Tone::Unknown, "whether the firewall is on is not known", String::new(), "pve.firewall().options()?"),
    }
    let open = configs.filter(|config| config.nets().any(|net| !net.firewall));
    let open: Vec<String> = open.map(|config| config.name().to_string());
    let open_count = open.len();
    if open_count > 0 {
        say(Tone::Wrong, "have network cards that no firewall filters", some(open), "guest.config()?.nets()");
    }
    let is_bare = |user: &User| factors.as_ref().is_ok_and(|all| !all.any(|it| it.userid == user.userid && it.is_protected()));
    let bare = users.filter(|user| user.is_active() && is_bare(user)).map(|user| user.userid.to_string());
    let bare_words = match &factors {
        Ok(_) => format!("{} people log in with a password alone", bare.len()),
        Err(_) => "who logs in with a password alone is not known".to_owned(),
    };
    let bare_count = bare.len();
    if bare_count > 0 {
        say(Tone::Held, "log in with a password alone", some(bare), "pve.second_factors()?");
    }
    let live = tokens.filter(|token| !token.is_expired());
    let endless = live.filter(|token| token.expire == ValidUntil::Never).map(|token| token.full_id().to_string());
    let endless_count = endless.len();
    if endless_count > 0 {
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
    let pending_count = pending.len();
    if pending_count > 0 {
        say(Tone::Held, "wait for updates", some(pending), "node.updates()?");
    }
    let old = nodes.filter(|node| node.uptime.known() > Some(days(90)));
    if !old.is_empty() {
        let words = old.map(|node| format!("{}: {}", node.name, node.uptime));
        say(Tone::Held, "have not been started anew for long, so old kernels are at work", some(words), "questions::drift(&pve)?");
    }
    let page = Page::new("Security at a glance")
        .question("Who can do harm, what is open, and what is out of date?")
        .answer(
            format!("{open_count} of {} servers have network cards that no firewall filters", guests.len()),
            format!(
                "; {bare_words}, {endless_count} keys of programs never end; {pending_count} of the {} machines that told wait for updates.",
                updates.len()
            ),
        )
        .table(Grid::new(["What", "Which", "Read by"]).rows(found))
        .section("Who may do what", questions::who_may(pve).page())
        .code("questions::drift(&pve)?");
    let seen = configs.evidence().and(&users).and(&tokens).and(&firewall).and(&updates);
    Ok(page.based_on_in_brief(&match factors {
        Ok(_) => seen,
        Err(error) => seen.and(&error),
    }))
}
