//! Questions of the present: what is wrong, what changed, what is stuck.

use pve_notebook::*;

use crate::seeded::{says, seeded_with};

/// The words of the one row of a table that has these words.
#[track_caller]
fn row(page: &Page, words: &str) -> String {
    let html = page.html();
    let plain = |row: &str| {
        let words = row.split('<').map(|part| part.split_once('>').map_or(part, |(_, words)| words));
        words.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let found: Vec<String> = html
        .split("<tr")
        .skip(1)
        .map(|row| plain(row.split("</tr").next().unwrap()))
        .filter(|row| row.contains(words))
        .collect();
    assert_eq!(found.len(), 1, "rows with {words:?}: {found:#?}\n{}", page.text());
    found.concat()
}

#[test]
fn what_is_wrong_is_all_that_the_seeds_have_wrong_and_nothing_else() {
    let Some(mut cluster) = seeded_with("now.json") else { return };
    let pve = cluster.as_one("root@pam");
    let (page, asked) = cluster.asked(|| questions::wrong_now(&pve).unwrap());
    println!("{}", page.text());
    // A node, the HA master, a storage, an I/O error, a container that HA wants, a task that failed twice.
    says(&page, "6 things are wrong, as far as could be read; 2 more are on hold.");
    assert!(row(&page, "node offline").contains("pve3"));
    assert!(row(&page, "old timestamp").contains("1 h 30 min ago"));
    assert!(row(&page, "storage not available on pve1, pve2").contains("shared"));
    assert!(row(&page, "io-error").contains("db-1"));
    assert!(row(&page, "wants it started").contains("dns-2"));
    assert!(row(&page, "qmstart 102").contains("2 times, last failed: start failed"));
    assert!(row(&page, "paused").contains("held-1"));
    assert!(row(&page, "locked (backup)").contains("old-1"));
    for well in ["web-1", "build-1", "sleepy-1", "dns-1", "job errors"] {
        assert!(!page.text().contains(well), "{well}");
    }
    assert!(asked.len() <= 5 + 2 * 2, "{asked:?}");
}

#[test]
fn who_sees_little_is_not_told_that_nothing_is_wrong() {
    let Some(cluster) = seeded_with("now.json") else { return };
    let page = questions::wrong_now(&cluster.as_one("part@pve")).unwrap();
    says(&page, "as far as part@pve!look may see");
    says(&page, "Sys.Audit");
    assert!(!page.text().contains("Nothing is wrong"));
}

#[test]
fn the_demo_has_wrong_what_its_own_answers_say() {
    let pve = Pve::demo().unwrap();
    let page = questions::wrong_now(&pve).unwrap();
    println!("{}", page.text());
    for known in pve.get("/cluster/resources").unwrap().value().as_array().unwrap() {
        let word = |key: &str| known[key].as_str().unwrap_or_default().to_owned();
        match word("type").as_str() {
            "node" if word("status") != "online" => assert!(row(&page, "node offline").contains(&word("node"))),
            "qemu" | "lxc" if word("status") == "paused" => assert!(row(&page, "paused").contains(&word("name"))),
            "qemu" | "lxc" if word("hastate") == "error" => {
                assert!(row(&page, "high availability: error").contains(&word("name")));
            }
            _ => {}
        }
    }
}

#[test]
fn a_lock_is_stuck_only_where_all_that_runs_was_seen() {
    let Some(mut cluster) = seeded_with("now.json") else { return };
    let pve = cluster.as_one("root@pam");
    let (page, asked) = cluster.asked(|| questions::stuck_locks(&pve).unwrap());
    println!("{}", page.text());
    says(&page, "1 lock is stuck, as far as could be read; 4 guests are locked, of 1 it cannot be told.");
    let stuck = row(&page, "old-1");
    assert!(stuck.contains("stuck") && stuck.contains("qm unlock 105") && stuck.contains("vzdump, failed: job errors"));
    // The backup job names no guest, and may be at this one.
    assert!(row(&page, "build-1").contains("held by vzdump of root@pam for 30 min"));
    assert!(row(&page, "VM 104").contains("cannot be told"));
    assert!(row(&page, "sleepy-1").contains("suspended to disk"));
    assert!(asked.len() <= 1 + 2 + 4, "{asked:?}");

    let page = questions::stuck_locks(&cluster.as_one("part@pve")).unwrap();
    says(
        &page,
        "No lock was found to be stuck, as far as part@pve!look may see; 1 guest is locked, of 1 it cannot be told.",
    );
    assert!(!page.text().contains("qm unlock"));
    let page = questions::stuck_locks(&cluster.as_one("audit@pve")).unwrap();
    says(&page, "1 lock is stuck");
}

#[test]
fn the_lock_of_the_demo_is_left_from_a_backup_that_was_broken_off() {
    let page = questions::stuck_locks(&Pve::demo().unwrap()).unwrap();
    println!("{}", page.text());
    let row = row(&page, "erp-test");
    assert!(row.contains("qm unlock 117") && row.contains("vzdump, stopped: received interrupt"), "{row}");
    says(&page, "1 lock is stuck");
}

#[test]
fn what_changed_is_every_task_since_then_by_whom_and_how_it_ended() {
    let Some(mut cluster) = seeded_with("now.json") else { return };
    let pve = cluster.as_one("root@pam");
    let (page, asked) = cluster.asked(|| questions::changed_since(&pve, pve.ago(hours(24))).unwrap());
    println!("{}", page.text());
    // Of five seeded tasks one is older.
    says(&page, "4 tasks began since");
    says(&page, "UTC, as far as could be read, by 2 users; 2 tasks failed.");
    assert!(row(&page, "2 failed").contains("alice@pve qmstart 2 ✕ 2 failed"), "{}", row(&page, "2 failed"));
    assert!(row(&page, "root@pam vzdump pve1").contains("running"));
    assert!(row(&page, "mallory@pve").contains("successful auth"));
    assert!(!page.text().contains("yesterday@pve") && !page.text().contains("end task"));
    assert!(asked.len() <= 1 + 2 + 1, "{asked:?}");

    let page = questions::changed_since(&pve, pve.now()).unwrap();
    says(&page, "UTC, as far as could be read.");
    let page = questions::changed_since(&cluster.as_one("part@pve"), pve.ago(hours(24))).unwrap();
    says(&page, "UTC, as far as part@pve!look may see.");
    says(&page, "part@pve!look lacks Sys.Audit");
}

#[test]
fn the_demo_tells_of_the_tasks_that_its_nodes_list() {
    let pve = Pve::demo().unwrap();
    let since = pve.ago(hours(12));
    let page = questions::changed_since(&pve, since).unwrap();
    println!("{}", page.text());
    let node = |n| format!("/nodes/pve{n}/tasks?source=all&limit=500&since={}", since.unix());
    let rows = (1..=3).map(|n| pve.get(&node(n)).unwrap().value().as_array().unwrap().len());
    says(&page, &format!("{} tasks began since", rows.sum::<usize>()));
}

#[test]
fn addresses_are_those_that_guests_tell_and_else_those_that_were_set_up() {
    let Some(mut cluster) = seeded_with("now.json") else { return };
    let pve = cluster.as_one("root@pam");
    let (page, asked) = cluster.asked(|| questions::addresses(&pve).unwrap());
    println!("{}", page.text());
    assert!(row(&page, "web-1").contains("192.0.2.11 its agent"));
    assert!(row(&page, "db-1").contains("192.0.2.12 cloud-init it is io-error"));
    assert!(row(&page, "dns-2").contains("none known it is stopped"));
    assert!(row(&page, "VM 104").contains("none known node pve3 is offline"));
    assert!(row(&page, "build-1").contains("none known no agent is set up"));
    says(&page, "Of 3 of 9 guests an address is known, as far as could be read; for 1 of them it is only the one");
    // One call for each, and one more for the one with an agent.
    assert!(asked.len() <= 1 + 8 + 1, "{asked:?}");

    let page = questions::addresses(&cluster.as_one("part@pve")).unwrap();
    println!("{}", page.text());
    says(&page, "Of 1 of 2 guests an address is known, as far as part@pve!look may see; for 1 of them");
    assert!(row(&page, "web-1").contains("192.0.2.11 cloud-init part@pve!look lacks VM.GuestAgent.Audit"));
}

#[test]
fn of_the_demo_every_guest_that_runs_and_tells_has_its_address() {
    let pve = Pve::demo().unwrap();
    let page = questions::addresses(&pve).unwrap();
    println!("{}", page.text());
    let raw = pve.get("/nodes/pve1/qemu/104/agent/network-get-interfaces").unwrap();
    let known = raw.value().to_string();
    assert!(known.contains("10.20.0.104") && row(&page, "mail").contains("10.20.0.104 its agent"));
}

#[test]
fn a_hardware_address_is_found_however_it_is_written_and_an_address_not_in_a_longer_one() {
    let Some(cluster) = seeded_with("now.json") else { return };
    let pve = cluster.as_one("root@pam");
    for word in ["bc-24-11-aa-00-01", "BC:24:11:AA:00:01", "bc2411aa0001"] {
        let page = questions::find(&pve, word).unwrap();
        says(&page, "In 1 place, as far as could be read.");
        assert!(row(&page, "BC:24:11:AA:00:01").contains("net0"));
    }
    let page = questions::find(&pve, "192.0.2.1").unwrap();
    assert!(page.html().contains("gw=192.0.2.1"));
    assert!(!page.html().contains("192.0.2.12") && !page.html().contains("192.0.2.21"), "{}", page.text());
}
