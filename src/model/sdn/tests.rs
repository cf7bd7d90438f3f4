//! Promises about the software-defined network: what is not in force is said, and so is what may be hidden.

use crate::model::node::tests::Altered;
use crate::model::sdn::SdnChange;
use crate::pve::Pve;
use crate::render::View;
use crate::units::Reading;

#[track_caller]
fn says(shown: &impl View, words: &[&str]) {
    let (text, html) = (shown.page().text(), shown.page().html());
    for words in words {
        assert!(text.contains(words) || html.contains(words), "{words:?} is not in:\n{text}");
    }
}

#[test]
fn every_part_of_the_demo_can_be_read_and_shown() {
    let pve = Pve::demo().unwrap();
    says(&pve.sdn_zones().unwrap(), &["1 zone.", "● in force", "vmbr1", "all nodes"]);
    says(&pve.vnets().unwrap(), &["3 vnets.", "Not in force until it is applied: lab (new).", "‖ new, not applied"]);
    says(&pve.vnet("dmz").unwrap().subnets().unwrap(), &["10.30.0.0/24", "10.30.0.1"]);
    says(&pve.vnet("lab").unwrap().subnets().unwrap(), &["0 subnets."]);
    says(&pve.sdn_controllers().unwrap(), &["0 controllers."]);
    says(&pve.sdn_ipams().unwrap(), &["1 address management."]);
    says(&pve.sdn_dns().unwrap(), &["0 name servers."]);
    let zone = pve.node("pve1").unwrap().sdn_zones().unwrap().first().unwrap();
    says(&zone, &["● available"]);
    says(&zone.vnets().unwrap(), &["2 vnets.", "office"]);
}

#[test]
fn a_part_that_is_configured_but_not_in_force_knows_it_and_one_that_is_deleted_is_named() {
    let pve = Pve::demo().unwrap();
    let lab = pve.vnet("lab").unwrap();
    assert_eq!(lab.state, Reading::Known(Some(SdnChange::New)));
    assert_eq!(lab.pending.unwrap()["tag"], 50);
    assert_eq!(pve.vnet("dmz").unwrap().state, Reading::Known(None));
    let rows: serde_json::Value = serde_json::from_str(
        r#"[{"vnet":"old","state":"deleted","zone":"z"},{"vnet":"b","state":"changed","pending":{"tag":7}},{"vnet":"c"}]"#,
    )
    .unwrap();
    let changes = super::changes(&rows, "vnet");
    assert_eq!(changes.keys().collect::<Vec<_>>(), ["b", "old"]);
    assert_eq!(changes["old"].0, SdnChange::Deleted);
}

#[test]
fn lists_say_when_the_server_may_have_left_something_out() {
    let nothing = Altered::default()
        .permissions(r#"{"/vms":{"VM.Audit":1}}"#)
        .answer("/cluster/sdn/vnets", "[]")
        .answer("/cluster/sdn/ipams", "[]")
        .pve();
    for shown in [nothing.vnets().unwrap().page().text(), nothing.sdn_ipams().unwrap().page().text()] {
        assert!(shown.contains("cannot say whether there are others"), "{shown}");
        assert!(shown.contains("lacks SDN.Audit and SDN.Allocate"), "{shown}");
    }
    says(&nothing.node("pve1").unwrap().sdn_zones().unwrap(), &["visible to you"]);
    assert!(nothing.vnet("dmz").unwrap_err().to_string().contains("there may be more"));
    let all = Altered::default().permissions(r#"{"/":{"SDN.Audit":1},"/sdn":{"SDN.Audit":1}}"#).pve();
    assert!(!all.vnets().unwrap().page().text().contains("visible to you"));
}

#[test]
fn ranges_come_as_objects_and_as_lines_and_flags_as_words() {
    let subnets = r#"[{"subnet":"a","snat":"1","dhcp-range":[{"start-address":"10.0.0.5","end-address":"10.0.0.9"}]},
        {"subnet":"b","dhcp-range":"start-address=10.1.0.5,end-address=10.1.0.9"},{"subnet":"c","dhcp-range":null,"vnet":null}]"#;
    let pve = Altered::default().answer("/cluster/sdn/vnets/dmz/subnets", subnets).pve();
    let subnets = pve.vnet("dmz").unwrap().subnets().unwrap();
    assert_eq!(subnets.map(|s| s.dhcp_range.len()), [1, 1, 0]);
    assert_eq!(subnets.get(1).unwrap().dhcp_range[0].end_address, "10.1.0.9");
    assert_eq!(subnets.first().unwrap().snat, Some(true));
    assert_eq!(subnets.get(2).unwrap().network(), "c");
}

#[test]
fn keys_of_services_do_not_come_through() {
    let pve = Altered::default()
        .answer("/cluster/sdn/ipams", r#"[{"ipam":"box","type":"netbox","url":"https://box","token":"tok-77"}]"#)
        .answer("/cluster/sdn/dns", r#"[{"dns":"pd","type":"powerdns","url":"https://pd","key":"key-77","ttl":14400}]"#)
        .pve();
    let (ipam, dns) = (pve.sdn_ipams().unwrap().first().unwrap(), pve.sdn_dns().unwrap().first().unwrap());
    assert_eq!(dns.ttl.clone().unwrap(), "14400");
    for shown in
        [ipam.page().text(), ipam.raw().to_string(), format!("{ipam:?}"), dns.page().html(), dns.raw().to_string()]
    {
        assert!(!shown.contains("-77"), "{shown}");
    }
    says(&ipam, &["https://box"]);
}
