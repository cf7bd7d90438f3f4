//! Pages for those who only read: finance, security, management, a customer.

use pve_notebook::*;
use serde_json::Value;

use crate::seeded::{line, says, seeded, seeds};

const GIB: u64 = 1 << 30;

/// The guests of the seeds on nodes that can be asked.
fn guests(wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    let seeds = seeds();
    let all = seeds["guests"].as_array().unwrap().iter();
    all.filter(|guest| guest["node"] != "pve3" && wanted(guest)).cloned().collect()
}

/// The sizes of the disks in their configurations, in GiB.
fn disks(guests: &[Value]) -> u64 {
    let configs = guests.iter().flat_map(|guest| guest["config"].as_object().unwrap().values());
    let sizes =
        configs.filter_map(|value| value.as_str()?.split("size=").nth(1)?.split('G').next()?.parse::<u64>().ok());
    sizes.sum()
}

#[test]
fn what_each_owner_has_is_added_up_and_no_owner_is_a_row() {
    let Some(cluster) = seeded() else { return };
    let page = questions::finance(&cluster.as_one("root@pam")).unwrap();
    let of = |owner: &str| guests(|guest| guest["config"]["tags"] == owner);
    let memory = |all: &[Value]| all.iter().map(|guest| guest["config"]["memory"].as_u64().unwrap()).sum::<u64>() << 20;
    for (name, tag) in [("alice", "owner.alice"), ("bob", "owner.bob")] {
        let all = of(tag);
        let off = all.iter().filter(|guest| guest["status"] == "stopped").count();
        let row = line(&page, name);
        assert!(row.starts_with(&format!("{name} {} {off} ", all.len())), "{row}");
        assert!(row.contains(&format!(" {}", Bytes(disks(&all) * GIB))), "{row}");
        assert!(row.contains(&format!("of {}", Bytes(memory(&all)))), "{row}");
    }
    let nobody = seeds()["guests"].as_array().unwrap().iter().filter(|guest| guest["config"]["tags"].is_null()).count();
    assert!(line(&page, "‖ no owner").contains(&format!("no owner {nobody} ")), "{}", page.text());
    // The guest of the node that is away.
    says(&page, "What 1 of the servers were given or use is not known in full");
    says(&page, "Not read: 1 guest (VM 104), since node pve3 is offline.");
}

#[test]
fn what_is_open_and_out_of_date_is_named_and_what_was_not_seen_too() {
    let Some(cluster) = seeded() else { return };
    let page = questions::security(&cluster.as_one("root@pam")).unwrap();
    assert!(line(&page, "the firewall is off").contains("no rule"), "{}", page.text());
    says(&page, "No server is filtered: the firewall of the cluster is off");
    // Whoever is disabled logs in with nothing.
    says(&page, "2 people log in with a password alone");
    let page = questions::security(&cluster.as_one("part@pve")).unwrap();
    says(&page, "Whether any server is filtered is not known");
    says(&page, "as far as part@pve!look may see");
}

#[test]
fn five_sentences_are_those_of_the_seeds() {
    let Some(cluster) = seeded() else { return };
    let page = questions::management(&cluster.as_one("root@pam")).unwrap();
    let seeds = seeds();
    let all = seeds["guests"].as_array().unwrap();
    let running = guests(|guest| guest["status"] == "running").len();
    says(&page, &format!("{running} of {} servers run on 2 of 3 machines; of 1 server nobody can say", all.len()));
    // With one of three away, no other may go.
    says(&page, "No machine may fail now: too few would be left to decide");
    says(&page, &format!("2 of {} servers have a good backup of the last 7 days.", all.len()));
    // Those of the node that is away are not known.
    says(&page, "At least 1 job failed in the last 7 days; not all of them could be seen.");
}

/// Whether a word stands in a text alone.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "-_".contains(c));
    text.match_indices(word)
        .any(|(at, _)| !is_part(text[..at].chars().next_back()) && !is_part(text[at + word.len()..].chars().next()))
}

#[test]
fn a_customer_sees_nothing_of_anybody_else() {
    for (pve, pool) in [(Some(Pve::demo().unwrap()), "prod/web"), (None, "shop")] {
        let cluster = if pve.is_none() { seeded() } else { None };
        let Some(pve) = pve.or_else(|| cluster.as_ref().map(|it| it.as_one("root@pam"))) else { continue };
        let page = questions::customer(&pve, pool).unwrap();
        // Styles and scripts are no words that somebody reads.
        let html = page.html();
        let mut shown = vec![page.text()];
        shown.extend(html.split("<style>").flat_map(|part| part.split("</style>").last()).map(str::to_owned));
        let own = pve.pool(pool).unwrap().all_guests().unwrap().map(|guest| guest.vmid);
        let all = pve.guests().unwrap();
        let mut forbidden: Vec<String> = pve.nodes().unwrap().map(|node| node.name.to_string());
        forbidden.extend(pve.storages().unwrap().map(|storage| storage.name.to_string()));
        forbidden.extend(pve.users().unwrap().map(|user| user.userid.to_string()));
        for guest in &all {
            match own.contains(&guest.vmid) {
                true => {
                    assert!([&page.text(), &html].iter().all(|text| has_word(text, &guest.name.to_string())), "{guest}")
                }
                false => forbidden.push(guest.name.to_string()),
            }
        }
        forbidden.extend(["root@pam", "secretary", "GET /", "UPID"].map(str::to_owned));
        // A name that a server of their own has as well.
        forbidden.retain(|word| !own.iter().any(|vmid| all.any(|it| it.vmid == *vmid && it.name == word.as_str())));
        for word in forbidden.iter().filter(|word| !word.contains("offline")) {
            for text in &shown {
                assert!(!has_word(text, word), "{word} in {pool}:\n{}", page.text());
            }
        }
    }
}

#[test]
fn a_customer_is_told_what_was_done() {
    let Some(cluster) = seeded() else { return };
    let page = questions::customer(&cluster.as_one("root@pam"), "shop").unwrap();
    says(&page, "1 server, 1 of them runs; each has a backup.");
    assert!(line(&page, "shut down").contains("web-1 shut down"), "{}", page.text());
    assert!(!page.text().contains("started anew"), "of another:\n{}", page.text());
    let partly = questions::customer(&cluster.as_one("audit@pve"), "shop").unwrap();
    says(&partly, "of 1 no backup was seen");
    says(&partly, "Not everything could be read when this page was made");
    assert!(questions::customer(&cluster.as_one("root@pam"), "nowhere").is_err());
}
