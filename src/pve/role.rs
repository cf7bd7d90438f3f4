//! The smallest role that a notebook needs: what the calls of its session take for a full answer, as commands to read.
//!
//! Proxmox VE filters lists rather than refusing them, so a call may be answered without a privilege and yet be worth
//! little. What counts here is what the full answer takes.

use std::collections::{BTreeMap, BTreeSet};

use super::Pve;
use crate::model::list::count;
use crate::page::{Cell, Grid, Level, Page};
use crate::session::Sent;
use crate::text::Text;

/// On what a privilege is needed: on the very object of the call, or on a path of its own.
#[derive(Clone, Copy)]
enum On {
    It,
    Path(&'static str),
}

/// The privileges that the full answer of a call takes; `None` where that is not known here.
fn needs(sent: &Sent) -> Option<Vec<(&'static str, On)>> {
    use On::{It, Path};
    let parts: Vec<&str> = sent.form.trim_matches('/').split('/').collect();
    if sent.method != "GET" {
        return Some(match parts[..] {
            ["nodes", _, "qemu" | "lxc", _, "status", ..] => vec![("VM.PowerMgmt", It), ("VM.Audit", It)],
            ["nodes", _, "qemu" | "lxc", _, "snapshot", _, "rollback"] => {
                vec![("VM.Snapshot.Rollback", It), ("VM.Audit", It)]
            }
            ["nodes", _, "qemu" | "lxc", _, "snapshot", ..] => vec![("VM.Snapshot", It), ("VM.Audit", It)],
            ["nodes", _, "qemu" | "lxc", _, "migrate"] => vec![("VM.Migrate", It), ("VM.Audit", It)],
            _ => return None,
        });
    }
    Some(match parts[..] {
        // Asked by everybody, or by every login, and told the same.
        ["version"]
        | ["nodes", _, "version" | "capabilities" | "certificates", ..]
        | ["access", "permissions" | "ticket" | "roles" | "domains"]
        | ["cluster", "firewall", "groups" | "macros"]
        | ["pve-docs", ..] => Vec::new(),
        ["cluster", "resources"] => vec![
            ("VM.Audit", Path("/vms")),
            ("Sys.Audit", Path("/nodes")),
            ("Datastore.Audit", Path("/storage")),
            ("Pool.Audit", Path("/pool")),
        ],
        ["cluster", "log"] => vec![("Sys.Syslog", Path("/"))],
        ["cluster", "replication", ..] | ["nodes", _, "replication", ..] => vec![("VM.Audit", Path("/vms"))],
        ["cluster", "backup", _, ..] | ["cluster", "backup-info", ..] => {
            vec![("Sys.Audit", Path("/")), ("VM.Audit", Path("/vms"))]
        }
        ["cluster", "sdn", "zones" | "controllers" | "ipams" | "dns", _] => vec![("SDN.Allocate", Path("/sdn"))],
        ["cluster", "sdn", ..] | ["nodes", _, "sdn", ..] => vec![("SDN.Audit", Path("/sdn"))],
        ["cluster", "mapping", ..] => vec![("Mapping.Audit", Path("/mapping"))],
        ["cluster", "notifications", ..] => vec![("Mapping.Audit", Path("/mapping/notifications"))],
        [
            "cluster",
            "status" | "tasks" | "ha" | "options" | "config" | "firewall" | "jobs" | "metrics" | "ceph" | "backup",
            ..,
        ] => vec![("Sys.Audit", Path("/"))],
        ["access", "domains", _] => vec![("Sys.Audit", Path("/access/realm"))],
        ["access", "users", _, "token", ..] => vec![("User.Modify", Path("/access"))],
        ["access", ..] => vec![("Sys.Audit", Path("/access"))],
        ["pools", ..] => vec![("Pool.Audit", Path("/pool")), ("VM.Audit", Path("/vms"))],
        ["storage", _] => vec![("Datastore.Allocate", It)],
        ["storage"] | ["nodes", _, "storage"] => vec![("Datastore.Audit", Path("/storage"))],
        ["nodes"] => vec![("Sys.Audit", Path("/nodes"))],
        ["nodes", _, "qemu" | "lxc"] => vec![("VM.Audit", Path("/vms"))],
        ["nodes", _, "qemu", _, "agent", ..] => vec![("VM.GuestAgent.Audit", It), ("VM.Audit", It)],
        ["nodes", _, "qemu" | "lxc", _, "migrate"] => vec![("VM.Migrate", It)],
        ["nodes", _, "qemu" | "lxc", _, "firewall", "log"] => vec![("VM.Console", It)],
        ["nodes", _, "qemu" | "lxc", ..] => vec![("VM.Audit", It)],
        // Backups are listed to whoever may use them; disks, to whoever may change them.
        ["nodes", _, "storage", _, "content", ..] => vec![
            ("Datastore.Audit", It),
            ("Datastore.AllocateSpace", It),
            ("VM.Backup", Path("/vms")),
            ("VM.Config.Disk", Path("/vms")),
        ],
        ["nodes", _, "storage", ..] => vec![("Datastore.Audit", It)],
        ["nodes", _, "apt", "update"] => vec![("Sys.Modify", It)],
        ["nodes", _, "syslog" | "journal"] | ["nodes", _, "firewall" | "ceph", "log"] => vec![("Sys.Syslog", It)],
        // Bridges are left out of the list.
        ["nodes", _, "network"] => vec![("SDN.Audit", Path("/sdn/zones/localnetwork"))],
        ["nodes", _, "hardware", "usb"] => vec![("Sys.Modify", Path("/"))],
        ["nodes", _, "disks", "list"] => vec![("Sys.Audit", It)],
        ["nodes", _, "disks" | "hardware" | "ceph" | "config" | "hosts", ..] => vec![("Sys.Audit", Path("/"))],
        ["nodes", _, ..] => vec![("Sys.Audit", It)],
        _ => return None,
    })
}

/// The paths on which it is needed: of each object, or of all of their kind where there were many.
fn paths(sent: &Sent, on: On) -> Vec<String> {
    match on {
        On::Path(path) => vec![path.to_owned()],
        On::It if !sent.objects.is_empty() => sent.objects.clone(),
        On::It if sent.form.contains("{vmid}") || sent.form.contains("/qemu") || sent.form.contains("/lxc") => {
            vec!["/vms".to_owned()]
        }
        On::It if sent.form.contains("{storage}") => vec!["/storage".to_owned()],
        On::It => vec!["/nodes".to_owned()],
    }
}

/// What the full answer to a read takes, each privilege with the path that it is needed on; `None` where that is not known
/// here. Of an answer about many kinds of things only what the one thing takes that is asked about.
pub(super) fn takes(path: &str, about: Option<&str>) -> Option<Vec<(&'static str, String)>> {
    let sent = Sent::read(path);
    let all = needs(&sent)?;
    let of_it = |on: &On| matches!((on, about), (On::Path(path), Some(about)) if *path != "/" && is_below(about, path));
    let any_of_it = all.iter().any(|(_, on)| of_it(on));
    let taken = all.into_iter().filter(|(_, on)| !any_of_it || matches!(on, On::It) || of_it(on));
    let on = |on: On| match about {
        Some(about) if of_it(&on) => vec![about.to_owned()],
        _ => paths(&sent, on),
    };
    Some(taken.flat_map(|(privilege, needed)| on(needed).into_iter().map(move |path| (privilege, path))).collect())
}

/// Whether a path lies below another.
fn is_below(path: &str, above: &str) -> bool {
    path != above && path.strip_prefix(above.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

pub(super) fn page(pve: &Pve) -> Page {
    let session = &pve.session;
    let sent = session.called();
    let mut held: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    let mut unknown: Vec<String> = Vec::new();
    for sent in &sent {
        match needs(sent) {
            None => unknown.push(format!("{} {}", sent.method, sent.form)),
            Some(needed) => {
                for (privilege, on) in needed {
                    for path in paths(sent, on) {
                        held.entry(path).or_default().insert(privilege);
                    }
                }
            }
        }
    }
    // What holds above need not be given again below; but a role below replaces those above, so it repeats them.
    let all = held.clone();
    let above = |path: &str| -> BTreeSet<&'static str> {
        all.iter()
            .filter(|(other, _)| is_below(path, other))
            .flat_map(|(_, privileges)| privileges.iter().copied())
            .collect()
    };
    held.retain(|path, privileges| !privileges.is_subset(&above(path)));
    for (path, privileges) in &mut held {
        privileges.extend(above(path));
    }
    let who = session.identity();
    let whose = if who.raw().contains('!') { "--tokens" } else { "--users" };
    let role = |path: &str| format!("Notebook{}", path.trim_end_matches('/').replace('/', "-"));
    let joined = |privileges: &BTreeSet<&str>| privileges.iter().copied().collect::<Vec<_>>().join(",");
    let add = held.iter().map(|(path, it)| format!("pveum role add {} --privs \"{}\"", role(path), joined(it)));
    let give =
        held.keys().map(|path| format!("pveum acl modify {path} {whose} '{}' --roles {}", who.raw(), role(path)));
    let commands: Vec<Text> = add.chain(give).map(Text::from).collect();
    let rows = held.iter().map(|(path, it)| vec![Cell::Code(path.into()), Cell::from(joined(it).replace(',', ", "))]);
    let page = Page::new("The role that this notebook needs")
        .question("With how little would everything that was read and done here have been answered in full?")
        .answer(
            format!(
                "{} on {}",
                count(held.values().flatten().collect::<BTreeSet<_>>().len(), ("privilege", "privileges")),
                count(held.len(), ("path", "paths"))
            ),
            format!("; the session has sent {} of call so far.", count(sent.len(), ("form", "forms"))),
        )
        .table(Grid::new(["Path, and below", "Privileges"]).rows(rows))
        .paragraph("A role replaces those above it, so each repeats them. To be read, and then typed on a node by somebody who may give rights; nothing here runs them.")
        .lines(commands);
    let page = match whose {
        "--tokens" => page.note(
            Level::Info,
            "A token with rights of its own holds only what its user holds too: give the user the same.",
        ),
        _ => page,
    };
    let page = unknown.iter().fold(page, |page, call| {
        page.note(
            Level::Warning,
            format!("What {call} takes is not known here, and is missing above; pve.api()?.find(..) may tell."),
        )
    });
    page.provenance(session.provenance([], None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::View;

    fn words(pve: &Pve) -> String {
        pve.role_for_this_notebook().text().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_was_read_says_what_it_takes_and_nothing_more() {
        let pve = Pve::demo().unwrap();
        assert!(!words(&pve).contains("VM.Audit"), "{}", words(&pve));
        pve.guest(101).unwrap().snapshots().unwrap();
        let said = words(&pve);
        // A role replaces those above it, and the state of the cluster takes one on /.
        assert!(said.contains("pveum role add Notebook-vms --privs \"Sys.Audit,VM.Audit\""), "{said}");
        assert!(said.contains("pveum acl modify /vms --users 'root@pam' --roles Notebook-vms"), "{said}");
        assert!(!said.contains("/vms/101") && !said.contains("VM.PowerMgmt"), "{said}");
    }

    #[test]
    fn what_was_done_to_one_guest_is_given_on_that_guest_with_what_holds_above() {
        let pve = Pve::demo().unwrap();
        pve.guest(101).unwrap().start().run().unwrap();
        let said = words(&pve);
        assert!(said.contains("pveum role add Notebook-vms-101 --privs \"Sys.Audit,VM.Audit,VM.PowerMgmt\""), "{said}");
    }

    #[test]
    fn a_call_that_nobody_knows_is_named() {
        let pve = Pve::demo().unwrap();
        let _ = pve.get("/nowhere/at/all");
        assert!(words(&pve).contains("What GET /nowhere/at/all takes is not known here"), "{}", words(&pve));
    }

    /// The schema stands beside the folder of recordings that `PVE_RECORDED` names; without it nothing is compared.
    #[test]
    fn what_reads_take_agrees_with_the_schema() {
        let Some(folder) = std::env::var_os("PVE_RECORDED").map(std::path::PathBuf::from) else {
            return println!("Skipped: PVE_RECORDED names no folder of recorded answers");
        };
        let schema = std::env::var_os("PVE_SCHEMA").map_or_else(|| folder.join("../schema.json"), Into::into);
        let Ok(text) = std::fs::read_to_string(schema) else { return println!("Skipped: no schema") };
        let mut checks = BTreeMap::new();
        collect(&serde_json::from_str(&text).unwrap(), &mut checks);
        let mut wrong = Vec::new();
        let paths: Vec<&str> =
            crate::model::conformance::typed().iter().flat_map(|typed| typed.paths).copied().collect();
        for path in &paths {
            let Some(check) = checks.get(*path).filter(|check| check[0] == "perm") else { continue };
            let filled = path.replace(['{', '}'], "");
            let on = check[1].as_str().unwrap().replace(['{', '}'], "");
            let wanted: Vec<&str> = check[2].as_array().unwrap().iter().filter_map(serde_json::Value::as_str).collect();
            let taken = takes(&filled, None).unwrap_or_else(|| panic!("{path} is not known"));
            // On the very path, or on all of its kind.
            let is_on = |path: &str| path == on || is_below(&on, path);
            if !taken.iter().any(|(privilege, path)| wanted.contains(privilege) && is_on(path)) {
                wrong.push(format!("{path} takes {} on {on}, and not {taken:?}", wanted.join(" or ")));
            }
        }
        println!("{} reads", paths.len());
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    fn collect(tree: &serde_json::Value, into: &mut BTreeMap<String, serde_json::Value>) {
        for node in tree.as_array().into_iter().flatten() {
            if let Some(path) = node["path"].as_str() {
                into.insert(path.to_owned(), node["info"]["GET"]["permissions"]["check"].clone());
            }
            collect(&node["children"], into);
        }
    }

    #[test]
    fn what_pages_and_drawings_read_is_covered() {
        let pve = Pve::demo().unwrap();
        let _ = (pve.page(), pve.network_topology().unwrap(), pve.storage_topology().unwrap());
        for node in &pve.nodes().unwrap() {
            node.page();
        }
        pve.guest(103).unwrap().page();
        assert!(!words(&pve).contains("not known here"), "{}", words(&pve));
    }
}
