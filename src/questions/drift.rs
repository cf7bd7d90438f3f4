//! In what do the nodes differ, and what do they wait for?
use crate::*;
use std::collections::{BTreeMap, BTreeSet};

/// Versions, kernels, updates, certificates, subscriptions and clocks of the nodes, at three requests a node. A node waits
/// for a reboot where a kernel is installed that is newer than the one that runs. Settings that wait until a guest is
/// started anew cost one request for each that runs.
///
/// # Errors
/// When the nodes cannot be read.
pub fn drift(pve: &Pve) -> Result<Page, Error> {
    let pve = &pve.one_look();
    let nodes = pve.nodes()?;
    let (packages, clocks) = (nodes.each(|node| node.versions()), nodes.each(|node| node.time()));
    let certificates = nodes.each(|node| node.certificates());
    let ahead = |clock: &NodeTime| Some(clock.time.known()?.unix() - clock.provenance().at?.unix());
    let aheads: Vec<i64> = clocks.iter().filter_map(|(_, clock)| ahead(clock)).collect();
    let apart = aheads.iter().max().zip(aheads.iter().min()).map(|(most, least)| seconds(most.abs_diff(*least)));

    let mut versions: BTreeMap<Text, BTreeMap<Text, Vec<String>>> = BTreeMap::new();
    let (mut facts, mut waiting, mut rows) = (vec![BTreeSet::new(); 3], Vec::new(), Vec::new());
    let mut untold = false;
    for node in &nodes {
        let Some((_, list)) = packages.iter().find(|(it, _)| it.name == node.name) else {
            rows.push(vec![Cell::from(&node.name), Cell::Missing("not read".into())]);
            continue;
        };
        for package in list {
            let installed = package.installed.clone().filter(|_| package.is_installed());
            let version = installed.unwrap_or_else(|| "not installed".into());
            versions
                .entry(package.package.clone())
                .or_default()
                .entry(version)
                .or_default()
                .push(node.name.to_string());
        }
        let running = list.iter().find_map(|package| package.running_kernel.clone());
        let (mut waits, mut unsure) = (Vec::new(), Vec::new());
        match list.kernel_waiting() {
            Reading::Known(Some(kernel)) => waits.push(format!("a reboot into {}", kernel.raw())),
            Reading::Known(None) => {}
            Reading::Missing(_) => unsure.push("whether for a reboot is not known".to_owned()),
        }
        match list.iter().filter(|package| package.can_be_updated()).count() {
            0 => {}
            1 => waits.push("1 update".to_owned()),
            n => waits.push(format!("{n} updates")),
        }
        for one in certificates.iter().filter(|(it, _)| it.name == node.name).flat_map(|(_, list)| list.iter()) {
            let left = one.left().filter(|left| *left < days(30));
            waits.extend(left.map(|left| format!("a new certificate {}, {left} left", one.filename)));
        }
        let version = list.iter().find(|package| package.package == "pve-manager").and_then(|it| it.installed.clone());
        let level = node.raw().get("level").and_then(|level| level.as_str().map(Text::from));
        let level = level.map(|level| if level.is_blank() { "none".into() } else { level });
        let found = [version, running, level];
        untold |= found.iter().any(Option::is_none);
        facts.iter_mut().zip(&found).for_each(|(all, one)| all.extend(one.clone()));
        if certificates.iter().all(|(it, _)| it.name != node.name) {
            unsure.push("its certificates were not read".to_owned());
        }
        waiting.extend((!waits.is_empty()).then(|| node.name.to_string()));
        waits.extend(unsure);
        let cells = found.into_iter().map(|one| one.map_or_else(|| Cell::Missing("not told".into()), Cell::from));
        rows.push([Cell::from(&node.name)].into_iter().chain(cells).chain([waits.join("; ").into()]).collect());
    }
    // Each kernel is a package of its own; which of them runs is told above.
    versions.retain(|name, by| by.len() > 1 && !name.raw().contains("-kernel-"));
    let names = ["version", "kernel", "subscription"].into_iter().zip(&facts).filter(|(_, all)| all.len() > 1);
    let mut differ: Vec<String> = names.map(|(name, _)| name.to_owned()).collect();
    differ.extend((!versions.is_empty()).then(|| format!("packages ({})", versions.len())));
    differ.extend(apart.filter(|apart| *apart > seconds(3)).map(|apart| format!("time, by {apart}")));
    let fact = match (packages.len(), differ.is_empty()) {
        (0, true) => "No node was read, and nothing compared".to_owned(),
        (1, true) => "Only 1 node was read, and nothing compared".to_owned(),
        (n, true) if untold || apart.is_none() => {
            format!("No difference is known between the {n} nodes that were read")
        }
        (n, true) => format!("The {n} nodes that were read are alike"),
        _ => format!("The nodes differ in {}", differ.join(", ")),
    };
    let waiting = match waiting.len() {
        0 => "; none is known to wait for anything".to_owned(),
        n => format!("; {n} of {} {} for something: {}", nodes.len(), if n == 1 { "waits" } else { "wait" }, waiting.join(", ")),
    };
    let running = pve.guests().or_unseen().filter(|guest| !guest.is_stopped() && !guest.is_template());
    let configs = running.each(|guest| guest.config_by_pending());
    let pending: Vec<Vec<Cell>> = configs
        .iter()
        .filter_map(|(guest, config)| {
            let keys: Vec<String> = config.pending()?.into_iter().map(|change| change.key.to_string()).collect();
            (!keys.is_empty()).then(|| vec![Cell::from(guest), keys.join(", ").into()])
        })
        .collect();
    let waiting = match (pending.len(), configs.evidence().is_complete() == Some(true)) {
        (0, true) => format!("{waiting}; no setting of a guest waits for a restart."),
        (0, false) => format!("{waiting}; whether settings of guests wait for a restart is not known of all."),
        (n, _) => format!("{waiting}; settings of {} wait for a restart.", count(n, ("guest", "guests"))),
    };
    let unlike = versions.into_iter().map(|(package, by)| {
        let by = by.into_iter().map(|(version, nodes)| format!("{} on {}", version.raw(), nodes.join(", ")));
        vec![Cell::from(package), by.collect::<Vec<_>>().join("; ").into()]
    });
    let page = Page::new("Drift between nodes")
        .question("In what do the nodes differ, and what do they wait for?")
        .answer(fact, waiting)
        .table(Grid::new(["Node", "Version", "Kernel", "Subscription", "Waits for"]).rows(rows).at_most(50));
    let unlike: Vec<Vec<Cell>> = unlike.collect();
    let page = match unlike.is_empty() {
        true => page,
        false => page.heading("Packages that differ").table(Grid::new(["Package", "Version"]).rows(unlike).at_most(50)),
    };
    let page = match pending.is_empty() {
        true => page,
        false => page.heading("Settings that wait for a restart").table(Grid::new(["Guest", "Settings"]).rows(pending).at_most(50)),
    };
    Ok(page
        .paragraph("Compared are the packages of Proxmox VE; the updates of all others cost further requests:")
        .code("pve.node(\"pve1\")?.updates()?")
        .based_on(&packages)
        .based_on(&clocks)
        .based_on(&certificates)
        .based_on(&configs))
}
