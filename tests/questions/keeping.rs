//! What is kept, and for how long: backups and snapshots.

use pve_notebook::*;
use serde_json::Value;

use crate::seeded::{line, says, seeded, seeds};

/// Seconds since a moment of the seeds.
fn ago(moment: &Value) -> u64 {
    moment["ago"].as_u64().unwrap()
}

#[test]
fn old_snapshots_are_those_of_the_seeds_and_no_others() {
    let Some(cluster) = seeded() else { return };
    let page = questions::old_snapshots(&cluster.as_one("root@pam"), days(30)).unwrap();
    let mut old = 0;
    for guest in seeds()["guests"].as_array().unwrap() {
        for (name, snapshot) in guest["snapshots"].as_object().into_iter().flatten() {
            let is_old = ago(&snapshot["snaptime"]) > 30 * 86_400;
            old += u64::from(is_old);
            assert_eq!(page.text().contains(name), is_old, "{name}:\n{}", page.text());
        }
    }
    // A disk of 10 GiB, and one of 20.
    let cost = "that may be up to 30 GiB of the storages.";
    says(&page, &format!("{old} snapshots are older than 30 days, as far as could be read; {cost}"));
    says(&page, "Not read: 1 guest (VM 104), since node pve3 is offline.");
}

#[test]
fn an_empty_backup_is_none_and_guests_without_one_come_first() {
    let Some(cluster) = seeded() else { return };
    let page = questions::lost_backups(&cluster.as_one("root@pam")).unwrap();
    let seeds = seeds();
    let volumes = seeds["storages"]["shared"]["volumes"].as_object().unwrap();
    for guest in seeds["guests"].as_array().unwrap() {
        let vmid = guest["vmid"].as_u64().unwrap();
        let good = volumes.values().filter(|volume| volume["vmid"] == vmid && volume["size"] != 0);
        let expected = match good.map(|volume| ago(&volume["ctime"]) / 86_400).min() {
            Some(1) => "24 h".to_owned(),
            Some(days) => format!("{days} days"),
            None => "no good backup".to_owned(),
        };
        assert!(line(&page, &vmid.to_string()).contains(&expected), "{vmid}: {expected}\n{}", page.text());
    }
    let all = seeds["guests"].as_array().unwrap().len();
    says(&page, &format!("{} of {all} guests have no good backup", all - 2));
}

#[test]
fn who_may_not_see_backups_is_not_told_that_there_are_none() {
    let Some(cluster) = seeded() else { return };
    let page = questions::lost_backups(&cluster.as_one("audit@pve")).unwrap();
    says(&page, "as far as audit@pve!look may see");
    says(&page, "VM.Backup");
    let page = questions::old_snapshots(&cluster.as_one("part@pve"), days(30)).unwrap();
    says(&page, "1 snapshot is older than 30 days, as far as part@pve!look may see; that may be up to 10 GiB");
    says(&page, "part@pve!look lacks VM.Audit on /vms");
}

#[test]
fn snapshots_cost_one_request_a_guest_and_one_for_each_that_has_old_ones_and_backups_none() {
    let Some(mut cluster) = seeded() else { return };
    let pve = cluster.as_one("root@pam");
    let (_, asked) = cluster.asked(|| questions::old_snapshots(&pve, days(30)).unwrap());
    let online = seeds()["guests"].as_array().unwrap().iter().filter(|guest| guest["node"] != "pve3").count();
    assert_eq!(asked.len(), 1 + online + 2, "{asked:?}");
    let (_, asked) = cluster.asked(|| questions::lost_backups(&pve).unwrap());
    assert!(asked.len() <= 3, "{asked:?}");
}
