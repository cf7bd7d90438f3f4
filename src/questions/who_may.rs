//! Who may do what here, and how well are they protected?
use crate::*;

/// What a role comes to, the most powerful last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Power {
    KeptOut,
    Looks,
    Guests,
    Cluster,
    Rights,
}

impl Power {
    fn of(role: &Role) -> Power {
        let acts = |on: &str| role.privs.iter().any(|it| it.starts_with(on) && !it.ends_with(".Audit"));
        let wide = ["Sys.", "Datastore.Allocate", "SDN.", "Pool.", "User.", "Realm.", "Group.", "Mapping."];
        match () {
            () if role.privs.is_empty() => Power::KeptOut,
            () if role.allows("Permissions.Modify") => Power::Rights,
            () if wide.iter().any(|on| acts(on)) => Power::Cluster,
            () if acts("VM.") => Power::Guests,
            () => Power::Looks,
        }
    }

    fn state(power: Option<Power>) -> State {
        match power {
            None => State::new(Tone::Unknown, "its role is not known"),
            Some(Power::KeptOut) => State::new(Tone::Off, "nothing"),
            Some(Power::Looks) => State::new(Tone::Good, "looks"),
            Some(Power::Guests) => State::new(Tone::Held, "acts on guests"),
            Some(Power::Cluster) => State::new(Tone::Held, "acts on the cluster"),
            Some(Power::Rights) => State::new(Tone::Held, "everything, and gives rights"),
        }
    }
}

/// Something that somebody was given, where, by what, and how whoever it is has to prove it.
struct Given {
    who: Text,
    power: Option<Power>,
    path: Text,
    by: String,
    guard: State,
}

/// Every user and token with what was given to it, directly or by a group, from the list of access control and the roles.
/// An entry further down replaces those above it; what somebody's rights come to is told by `seen_by`.
///
/// # Errors
/// When the list of access control, the roles or the users cannot be read.
pub fn who_may(pve: &Pve) -> Result<Page, Error> {
    let pve = &pve.one_look();
    let (acl, roles, users, tokens) = (pve.acl()?, pve.roles()?, pve.users()?, pve.tokens()?);
    let (groups, factors, realms) = (pve.groups().or_unseen(), pve.second_factors().or_unseen(), pve.realms().or_unseen());
    let entries = |who: &Text, guard: &State, is_for: &dyn Fn(&AclEntry) -> bool| -> Vec<Given> {
        let those = acl.iter().filter(|entry| is_for(entry)).map(|entry| Given {
            who: who.clone(),
            power: roles.find(|role| role.roleid == entry.roleid).map(|role| Power::of(&role)),
            path: entry.path.clone(),
            by: match entry.kind {
                Reading::Known(Grantee::Group) => format!("{}, by the group {}", entry.roleid, entry.ugid),
                _ => entry.roleid.to_string(),
            },
            guard: guard.clone(),
        });
        those.collect()
    };
    let mut given: Vec<Given> = Vec::new();
    for user in &users {
        let has_one = factors.any(|it| it.userid == user.userid && it.is_protected());
        let guard = match user.is_password_enough(&factors, &realms) {
            _ if !user.is_active() => State::new(Tone::Off, "disabled or expired"),
            Some(false) if has_one => State::new(Tone::Good, "second factor"),
            Some(false) => State::new(Tone::Good, "its realm"),
            Some(true) => State::new(Tone::Held, "no second factor"),
            None => State::new(Tone::Unknown, "second factor not known"),
        };
        let is_in = |group: &Text| {
            user.groups.contains(group) || groups.any(|it| it.groupid == *group && it.has(user.userid.raw()))
        };
        let mut held = entries(&user.userid, &guard, &|entry| match entry.kind {
            Reading::Known(Grantee::Group) => is_in(&entry.ugid),
            _ => entry.ugid == user.userid,
        });
        let alone = |power: Power, path: &str, by: &str| Given {
            who: user.userid.clone(),
            power: Some(power),
            path: path.into(),
            by: by.to_owned(),
            guard: guard.clone(),
        };
        match (user.userid == "root@pam", held.is_empty()) {
            (true, _) => held.push(alone(Power::Rights, "/", "built in")),
            (false, true) => held.push(alone(Power::KeptOut, "", "nothing was given")),
            (false, false) => {}
        }
        given.append(&mut held);
    }
    for token in &tokens {
        let guard = match token.expire {
            _ if token.is_expired() => State::new(Tone::Off, "expired"),
            Reading::Known(ValidUntil::At(end)) => State::new(Tone::Good, format!("token until {}", end.date())),
            Reading::Known(ValidUntil::Never) => State::new(Tone::Held, "token without an end"),
            Reading::Missing(_) => State::new(Tone::Unknown, "token, its end is not known"),
        };
        let mut held = entries(&token.full_id(), &guard, &|entry| entry.ugid == token.full_id());
        if token.is_unlimited() {
            let power = given.iter().filter(|it| it.who == token.userid).filter_map(|it| it.power).max();
            let (who, by) = (token.full_id(), format!("all that {} may", token.userid));
            held.push(Given { who, power, path: "as its user".into(), by, guard });
        }
        given.append(&mut held);
    }
    given.sort_by_key(|it| Reverse(it.power));
    let who = |wanted: &dyn Fn(&Given) -> bool| {
        let mut names: Vec<&Text> = given.iter().filter(|it| it.guard.tone != Tone::Off && wanted(it)).map(|it| &it.who).collect();
        names.sort();
        names.dedup();
        names.len()
    };
    let all = who(&|it| it.power == Some(Power::Rights));
    let act = who(&|it| it.power >= Some(Power::Guests));
    let bare = who(&|it| it.power >= Some(Power::Guests) && it.guard.word == "no second factor");
    let unsure = who(&|it| it.power >= Some(Power::Guests) && it.guard.word == "second factor not known");
    let open = who(&|it| it.power >= Some(Power::Guests) && it.guard.word == "token without an end");
    let unsure = if unsure == 0 { String::new() } else { format!(", of {unsure} it is not known") };
    let rows = given.iter().map(|it| {
        let cells = [Cell::from(&it.who), Power::state(it.power).into(), Cell::from(&it.path)];
        cells.into_iter().chain([Cell::from(it.by.clone()), Cell::from(it.guard.clone())]).collect()
    });
    Ok(Page::new("Who may do what")
        .question("Who may do what here, and how well are they protected?")
        .answer(
            format!("{} may act, {all} of them on everything", count(act, ("user or token", "users and tokens"))),
            format!("; {bare} of those {} no second factor{unsure}, {} without an end.",
                if bare == 1 { "has" } else { "have" }, count(open, ("is a token", "are tokens"))),
        )
        .table(Grid::new(["Who", "May", "Where, and below", "By", "Protected by"]).rows(rows).at_most(60))
        .code("pve.permissions_of(\"alice@pve\")?")
        .based_on(&acl)
        .based_on(&roles)
        .based_on(&tokens)
        .based_on(&users)
        .based_on(&groups)
        .based_on(&factors)
        .based_on(&realms))
}
