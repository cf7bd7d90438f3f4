//! Promises about the firewall: one shape at every level, defaults that are said, and whether it filters at all.

use crate::error::Error;
use crate::model::node::tests::Altered;
use crate::pve::Pve;
use crate::render::View;

#[track_caller]
fn says(shown: &impl View, words: &[&str]) {
    let (text, html) = (shown.page().text(), shown.page().html());
    for words in words {
        assert!(text.contains(words) || html.contains(words), "{words:?} is not in:\n{text}");
    }
}

#[test]
fn every_level_of_the_demo_can_be_read_and_shown() {
    let pve = Pve::demo().unwrap();
    says(
        &pve.firewall(),
        &["The firewall of the cluster is on.", "5 rules, 1 of them not used; let in from anywhere: Ping."],
    );
    says(&pve.firewall().ip_sets().unwrap(), &["2 IP sets.", "who scans us"]);
    says(&pve.firewall().ip_set("blocklist").unwrap().entries().unwrap(), &["taken out of the set: 203.0.113.9."]);
    says(&pve.aliases().unwrap(), &["3 aliases.", "office &lt;net&gt;"]);
    says(&pve.firewall().refs().unwrap(), &["5 names.", "+management"]);
    says(&pve.firewall().macros().unwrap(), &["PostgreSQL"]);
    says(&pve.security_groups().unwrap(), &["1 security group.", "webserver"]);
    says(&pve.node("pve2").unwrap().firewall(), &["The firewall of node pve2 is on.", "tcp to port 9100"]);
    says(&pve.guest(101).unwrap().firewall(), &["The firewall of VM 101 is on.", "group webserver", "dc/office"]);
    says(
        &pve.guest("wiki").unwrap().firewall(),
        &["The firewall of CT 202 is off; its rules hold nothing back.", "0 rules"],
    );
    says(&pve.guest(103).unwrap().firewall().ip_set("clients").unwrap().entries().unwrap(), &["4 entries"]);
    assert_eq!(pve.guest(103).unwrap().firewall().refs().unwrap().len(), 6);
    says(&pve.vnet("dmz").unwrap().firewall().unwrap(), &["The firewall of vnet dmz is on.", "forward"]);
}

#[test]
fn a_guests_firewall_filters_nothing_while_that_of_the_cluster_is_off_or_its_card_is_not_marked() {
    let off = Altered::default().answer("/cluster/firewall/options", "{}").pve();
    says(
        &off.guest(101).unwrap().firewall(),
        &["The firewall of VM 101 does nothing, since that of the cluster is off."],
    );
    let cards = |net: &str| {
        let config = format!(r#"{{"name":"web-1","net0":"virtio=BC:24:11:00:00:01,bridge=vmbr1,firewall=1"{net}}}"#);
        Altered::default().answer("/nodes/pve1/qemu/101/config", config).pve().guest(101).unwrap().firewall()
    };
    says(&cards(""), &["The firewall of VM 101 is on."]);
    says(
        &cards(r#","net1":"virtio=BC:24:11:00:00:02,bridge=vmbr0""#),
        &["The firewall of VM 101 is on, but not for net1; its other cards are filtered."],
    );
}

#[test]
fn what_is_not_set_has_the_default_of_its_level() {
    let pve = Altered::default()
        .answer("/nodes/pve1/firewall/options", "{}")
        .answer("/cluster/firewall/options", r#"{"enable":"1768000000","policy_in":null}"#)
        .pve();
    let node = pve.node("pve1").unwrap().firewall().options().unwrap();
    assert!(node.is_on() && node.enable.is_none());
    let cluster = pve.firewall().options().unwrap();
    assert!(cluster.is_on());
    assert_eq!((cluster.policy_in(), cluster.policy_out()), ("DROP".into(), "ACCEPT".into()));
    says(&cluster, &["DROP", "the default"]);
    assert!(!pve.guest(202).unwrap().firewall_options().unwrap().is_on());
}

#[test]
fn a_rule_is_taken_as_it_comes_and_one_without_the_word_is_not_used() {
    let rules = r#"[{"pos":"3","type":"in","action":"ACCEPT","macro":"SSH","source":"0.0.0.0/0","enable":"1"},
        {"pos":4,"type":"in","action":"ACCEPT","dport":8080,"proto":"tcp"},
        {"pos":5,"type":"sideways","action":"<b>DROP</b>","enable":1,"comment":null,"ipversion":"4"}]"#;
    let rules = Altered::default().answer("/cluster/firewall/rules", rules).pve().firewall_rules().unwrap();
    let [ssh, off, odd] = [0, 1, 2].map(|n| rules.get(n).unwrap());
    assert!(ssh.pos == 3 && ssh.is_open_to_all());
    assert!(!off.is_used() && !off.is_open_to_all());
    assert_eq!(off.what(), "tcp to port 8080");
    assert_eq!((odd.what().as_str(), odd.ipversion), ("anything", Some(4)));
    says(&rules, &["3 rules, 1 of them not used; let in from anywhere: SSH.", "&lt;b&gt;DROP&lt;/b&gt;"]);
    assert_eq!(format!("{off:?}"), "FirewallRule(4, ○ ACCEPT (not used))");
}

#[test]
fn what_a_level_does_not_have_is_said_and_not_asked_for() {
    let node = Pve::demo().unwrap().node("pve1").unwrap();
    let error = node.firewall().ip_sets().unwrap_err();
    assert!(matches!(&error, Error::Setup { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "The firewall of node pve1 has no IP sets of its own. Its rules use those of the cluster: pve.firewall().ip_sets()? \
         and pve.firewall().aliases()?"
    );
    let cluster = Pve::demo().unwrap().firewall();
    assert!(cluster.log(5).unwrap_err().to_string().contains("has no log of its own"));
    assert!(cluster.ip_set("none").unwrap_err().to_string().contains("There are blocklist, management"));
}
