//! What was not seen is not claimed: each page asked by those who see a part.

use pve_notebook::*;
use serde_json::Value;

use crate::seeded::{Seeded, line, says, seeded, seeded_with};

type Question = fn(&Pve) -> Result<Page, Error>;

/// A page on one line, with single spaces.
fn said(page: &Page) -> String {
    page.text().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn never_says(page: &Page, words: &[&str]) {
    let text = said(page);
    for words in words {
        assert!(!text.contains(words), "{words:?} is said:\n{}", page.text());
    }
}

/// Somebody who has these privileges on a path and nothing else.
fn join(cluster: &mut Seeded, who: &str, path: &str, privileges: &[&str]) {
    let names = privileges.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>().join(", ");
    cluster.fake.order(&format!(
        "import seed; pve.grant({who:?}, {path:?}, {names}); pve.apitokens[{who:?} + '!look'] = seed.SECRET"
    ));
}

/// Answers with these from now on.
fn answer(cluster: &mut Seeded, answers: &str) {
    cluster.fake.order(&format!("import seed; seed.answer_with(pve, {answers})"));
}

#[test]
fn management_claims_nothing_of_what_it_does_not_see() {
    for file in ["seed.json", "losing.json"] {
        let Some(mut cluster) = seeded_with(file) else { return };
        join(&mut cluster, "sys@pve", "/", &["Sys.Audit"]);
        for who in ["audit@pve", "part@pve", "sys@pve"] {
            let page = questions::management(&cluster.as_one(who)).unwrap();
            never_says(&page, &["0 of", "Any one machine may fail:"]);
            says(&page, "Whether servers have a good backup of the last 7 days is not known");
            if who != "audit@pve" {
                never_says(&page, &["No shared storage fills up", "There is no shared space"]);
                says(&page, "How long shared space lasts is not known");
            }
            if who == "part@pve" {
                never_says(&page, &["0 jobs failed"]);
                says(&page, "Whether jobs failed in the last 7 days is not known");
            }
        }
    }
}

#[test]
fn without_a_record_of_it_nobody_says_that_space_lasts() {
    let Some(mut cluster) = seeded_with("losing.json") else { return };
    let nodes = ["pve1", "pve2", "pve3"].map(|node| format!("'/nodes/{node}/storage/shared/rrddata': []"));
    answer(&mut cluster, &format!("{{{}}}", nodes.join(", ")));
    let page = questions::management(&cluster.as_one("root@pam")).unwrap();
    says(&page, "How long shared space lasts is not known: not all of it could be seen.");
    never_says(&page, &["No shared storage fills up"]);
}

#[test]
fn jobs_are_compared_only_where_the_lists_go_back_far_enough() {
    let Some(mut cluster) = seeded_with("losing.json") else { return };
    cluster.fake.order("import seed; seed.upid(pve, 'pve1', 'vzdump', 86400, 30, 'job errors')");
    let page = questions::management(&cluster.as_one("root@pam")).unwrap();
    says(&page, "1 job failed in the last 7 days; the list of jobs does not go back far enough to compare.");
    for node in ["pve1", "pve2", "pve3"] {
        cluster.fake.order(&format!("import seed; seed.upid(pve, {node:?}, 'vzdump', 20 * 86400, 30)"));
    }
    let page = questions::management(&cluster.as_one("root@pam")).unwrap();
    says(&page, "1 job failed in the last 7 days, more than in the 7 days before (0).");
}

#[test]
fn which_machine_may_not_fail_is_said_of_that_machine() {
    let Some(cluster) = seeded_with("losing.json") else { return };
    let page = questions::management(&cluster.as_one("root@pam")).unwrap();
    says(&page, "If pve1 fails, 6 servers stay down until somebody acts.");
}

#[test]
fn only_those_of_which_nobody_can_say_count_as_such() {
    let pve = Pve::demo().unwrap();
    let raw = pve.get("/cluster/resources").unwrap().value();
    let away = |row: &&Value| row["vmid"].is_u64() && row["status"] == "unknown" && row["template"] != 1;
    let unknown = raw.as_array().unwrap().iter().filter(away).count();
    assert!(pve.guests().unwrap().any(Guest::is_paused) && unknown > 1);
    says(&questions::management(&pve).unwrap(), &format!("of {unknown} servers nobody can say"));
}

#[test]
fn a_backup_that_was_not_seen_is_not_called_missing() {
    let Some(cluster) = seeded() else { return };
    let page = questions::lost_backups(&cluster.as_one("audit@pve")).unwrap();
    never_says(&page, &["✕ no good backup", "have no good backup"]);
    says(&page, "Of 8 of 8 guests no good backup was seen");
    assert!(line(&page, "101").contains("? none seen"), "{}", page.text());
    let page = questions::lost_backups(&cluster.as_one("part@pve")).unwrap();
    never_says(&page, &["no job"]);
}

#[test]
fn disks_that_were_not_seen_may_be_left_behind() {
    let Some(cluster) = seeded() else { return };
    for who in ["audit@pve", "part@pve"] {
        let page = questions::finance(&cluster.as_one(who)).unwrap();
        never_says(&page, &["No disk was left behind"]);
        says(&page, "Whether disks were left behind is not known in full.");
    }
}

#[test]
fn who_sees_no_second_factors_does_not_say_that_there_are_none() {
    let Some(mut cluster) = seeded() else { return };
    join(&mut cluster, "giver@pve", "/", &["Permissions.Modify"]);
    let pve = cluster.as_one("giver@pve");
    let page = questions::who_may(&pve).unwrap();
    never_says(&page, &["‖ no second factor"]);
    assert!(line(&page, "ops@pve ").contains("second factor not known"), "{}", page.text());
    says(&page, "0 of those have no second factor, of 1 it is not known");
    let page = questions::security(&pve).unwrap();
    never_says(&page, &["0 people", "log in with a password alone"]);
    says(&page, "whether anybody logs in with a password alone is not known");
    says(&page, "at least 1 key of a program never ends");
}

#[test]
fn a_realm_that_sees_to_it_itself_is_no_password_alone() {
    let Some(mut cluster) = seeded() else { return };
    let user = |name: &str| format!("{{'userid': '{name}', 'enable': 1, 'expire': 0, 'tokens': []}}");
    let users = ["root@pam", "eve@sso", "bob@strict", "ann@pve"].map(user).join(", ");
    let realms = "{'realm': 'pam', 'type': 'pam'}, {'realm': 'pve', 'type': 'pve'}, {'realm': 'sso', 'type': 'openid'}, \
                  {'realm': 'strict', 'type': 'ldap', 'tfa': 'oath'}";
    answer(&mut cluster, &format!("{{'/access/users': [{users}], '/access/domains': [{realms}]}}"));
    let pve = cluster.as_one("root@pam");
    let page = questions::security(&pve).unwrap();
    says(&page, "1 person logs in with a password alone");
    assert!(line(&page, "‖ log in").contains("ann@pve"), "{}", page.text());
    let page = questions::who_may(&pve).unwrap();
    assert!(line(&page, "eve@sso").contains("its realm") && line(&page, "bob@strict").contains("its realm"));
}

#[test]
fn servers_that_nothing_filters_are_those_whose_own_firewall_is_off() {
    let pve = Pve::demo().unwrap();
    assert_eq!(pve.get("/cluster/firewall/options").unwrap().value()["enable"], 1);
    let raw = pve.get("/cluster/resources").unwrap().value();
    let rows = raw.as_array().unwrap().iter().filter(|row| row["vmid"].is_u64() && row["template"] != 1);
    let (mut all, mut off, mut unread) = (0, 0, 0);
    for row in rows {
        let part = |key: &str| row[key].as_str().unwrap().to_owned();
        let path = format!("/nodes/{}/{}/{}/firewall/options", part("node"), part("type"), row["vmid"]);
        match pve.get(&path) {
            Ok(options) => off += usize::from(options.value()["enable"] != 1),
            Err(_) => unread += 1,
        }
        all += 1;
    }
    let page = questions::security(&pve).unwrap();
    let told = all - unread;
    assert!(off > 0 && off < told && unread > 1, "{off} of {told}");
    says(&page, &format!("{off} of {told} servers have their own firewall off, and nothing filters them; of {unread}"));
}

#[test]
fn while_the_firewall_of_the_cluster_is_off_nothing_is_filtered() {
    let Some(mut cluster) = seeded() else { return };
    let on = "'/nodes/pve1/qemu/101/firewall/options': {'enable': 1}, '/nodes/pve2/qemu/102/firewall/options': {}";
    answer(&mut cluster, &format!("{{{on}}}"));
    says(&questions::security(&cluster.as_one("root@pam")).unwrap(), "No server is filtered: the firewall of the");
    answer(&mut cluster, "{'/cluster/firewall/options': {'enable': 1}}");
    let page = questions::security(&cluster.as_one("root@pam")).unwrap();
    let off = line(&page, "✕ have their own firewall off");
    assert!(off.contains("db-1") && !off.contains("web-1"), "{}", page.text());
    never_says(&page, &["No server is filtered"]);
}

#[test]
fn of_a_node_that_runs_long_nothing_is_concluded_but_that() {
    let Some(mut cluster) = seeded() else { return };
    answer(&mut cluster, "{}");
    let page = questions::security(&cluster.as_one("root@pam")).unwrap();
    never_says(&page, &["old kernels"]);
}

#[test]
fn those_who_only_read_see_no_code() {
    let pve = Pve::demo().unwrap().with(Lens::new("readers").hide_code());
    for page in [
        questions::finance(&pve).unwrap(),
        questions::security(&pve).unwrap(),
        questions::management(&pve).unwrap(),
        questions::customer(&pve, "prod/web").unwrap(),
    ] {
        let text = page.text();
        let shown = text.split("How this was found").next().unwrap();
        assert!(!shown.contains("::") && !shown.contains("pve."), "{text}");
    }
}

#[test]
fn settings_that_wait_for_a_restart_are_named_with_their_guests() {
    let pve = Pve::demo().unwrap();
    says(&questions::drift(&pve).unwrap(), "whether settings of guests wait for a restart is not known of all.");
    pve.guest("mail").unwrap().set("memory", 1024).run().unwrap();
    let page = questions::drift(&pve).unwrap();
    says(&page, "settings of 1 guest wait for a restart.");
    assert!(line(&page, "mail (VM 104)").contains("memory"), "{}", page.text());
}

#[test]
fn a_template_is_looked_through_as_well() {
    let pve = Pve::demo().unwrap();
    let template = pve.guests().unwrap().find(Guest::is_template).unwrap();
    let config = pve.get(&format!("/nodes/{}/qemu/{}/config", template.node, template.vmid)).unwrap().value();
    let net = config["net0"].as_str().unwrap().to_owned();
    let mac = net.split(['=', ',']).find(|part| part.matches(':').count() == 5).unwrap().to_owned();
    let page = questions::find(&pve, &mac).unwrap();
    assert!(line(&page, "net0").contains(&template.name.to_string()), "{}", page.text());
    says(&page, "Not looked through: what only the inside of a guest knows");
}

#[test]
fn of_many_storages_of_a_node_the_fullest_are_looked_into_and_the_others_named() {
    let Some(mut cluster) = seeded_with("losing.json") else { return };
    for (name, left) in [("one", 1_u64), ("two", 2), ("three", 3), ("four", 4)] {
        cluster.fake.order(&format!(
            "pve.storages[{name:?}] = {{'type': 'dir', 'path': '/{name}', 'content': 'images', 'active': 1, 'files': set(), \
             'volumes': {{}}, 'avail': {left} * 2**40}}"
        ));
    }
    let pve = cluster.as_one("root@pam");
    let questions: [(Question, usize, &str); 3] = [
        (questions::orphaned_disks, 3, "Not looked into, since it costs a request a node: "),
        (|pve| questions::find(pve, "nothing at all"), 2, "was not looked through: it costs a request a node."),
        (questions::finance, 3, "Not all storages were looked into."),
    ];
    for (question, most, words) in questions {
        let (page, asked) = cluster.asked(|| question(&pve).unwrap());
        says(&page, words);
        for node in ["pve1", "pve2", "pve3"] {
            let is_own = |call: &&String| {
                call.contains(&format!("/nodes/{node}/storage/"))
                    && call.contains("/content")
                    && !call.contains("/shared/")
            };
            assert_eq!(asked.iter().filter(is_own).count(), most, "{words}: {asked:?}");
        }
    }
}
