//! Promises about Ceph: it is shown as it is, and where there is none that is what is said.

use super::altered::{Altered, says};
use crate::error::Error;
use crate::pve::Pve;
use crate::units::{Bytes, Reading};

#[test]
fn every_part_of_the_demo_can_be_read_and_shown() {
    let ceph = Pve::demo().unwrap().ceph().unwrap();
    assert_eq!(ceph.node, "pve1");
    says(
        &ceph.status().unwrap(),
        &["Ceph warns.", "1 daemons have recently crashed", "3 of 3 agree", "● 9 of 9 up, 9 in use"],
    );
    says(&ceph.osds().unwrap(), &["9 OSDs.", "● up, in use", "14 ms"]);
    says(&ceph.pools().unwrap(), &["2 pools.", "47%", "● 3, at least 2", "rbd"]);
    says(&ceph.monitors().unwrap(), &["3 monitors, all of which agree."]);
    says(&ceph.managers().unwrap(), &["2 managers; pve1 works."]);
    says(&ceph.metadata_servers().unwrap(), &["0 metadata servers."]);
    says(&ceph.file_systems().unwrap(), &["0 file systems."]);
    says(&ceph.flags().unwrap(), &["11 flags, none of them set."]);
    says(&ceph, &["Ceph warns.", "Disks (OSDs)", "Monitors"]);
    assert!(!ceph.tree().unwrap().has_flag("noout"));
    assert_eq!(ceph.log(1).unwrap().len(), 1);
    // The storage that is made on the pool says the same.
    let pool = ceph.pools().unwrap().find(|pool| pool.pool_name == "vm").unwrap();
    assert_eq!(pool.percent_used.known().map(|full| full.0), Some(0.47));
}

#[test]
fn disks_are_found_wherever_they_stand_in_the_tree_and_those_that_are_down_or_full_are_named() {
    let tree = r#"{"flags":"noout,sortbitwise","root":{"children":[{"type":"root","name":"default","children":[
        {"type":"rack","name":"r1","children":[{"type":"host","name":"pve1","children":[
            {"type":"osd","id":0,"name":"osd.0","status":"down","in":0,"total_space":"1000","bytes_used":100},
            {"type":"osd","id":"1","name":"osd.1","status":"up","in":1,"total_space":1000,"bytes_used":900}]}]}]},
        {"type":"osd","id":7,"name":"osd.7","status":"up","in":"1"}]}}"#;
    let pve = Altered::default().answer("/nodes/pve1/ceph/osd", tree).pve();
    let osds = pve.ceph().unwrap().osds().unwrap();
    assert_eq!(osds.map(|osd| osd.id), [0, 1, 7].map(Reading::Known));
    assert_eq!(osds.first().unwrap().total_space, Bytes(1000));
    says(&osds, &["3 OSDs; down: osd.0; nearly full: osd.1.", "down, out of use"]);
    assert!(pve.ceph().unwrap().tree().unwrap().has_flag("noout"));
    assert_eq!(osds.first().unwrap().raw()["name"], "osd.0");
}

#[test]
fn a_node_without_ceph_says_so_and_a_cluster_without_it_names_the_nodes_that_were_asked() {
    let none = "binary not installed: /usr/bin/ceph-mon";
    let pve = Altered::default().failing("/nodes/pve1/ceph/status", none).pve();
    let error = pve.node("pve1").unwrap().ceph().status().unwrap_err();
    assert_eq!(
        error.to_string(),
        "Node pve1 runs no Ceph (binary not installed: /usr/bin/ceph-mon). Other nodes may: pve.ceph()? looks for them. A \
         Ceph outside the cluster is not seen here"
    );
    assert_eq!(pve.ceph().unwrap().node, "pve2");
    let broken = "pveceph configuration not initialized - missing '/etc/pve/ceph.conf'";
    let pve = Altered::default()
        .failing("/nodes/pve1/ceph/status", none)
        .failing("/nodes/pve2/ceph/status", broken)
        .failing("/nodes/pve3/ceph/status", none)
        .pve();
    let error = pve.ceph().unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }));
    assert!(error.to_string().contains("None of the nodes that are online runs Ceph: pve1, pve2, pve3."), "{error}");
    let tree = Altered::default().pve().ceph().unwrap().tree().unwrap();
    says(&tree, &["Tree of OSDs default on pve1\n"]);
    // The flags come from the node that we talk to, whoever it is.
    let error = Altered::default().failing("/cluster/ceph/flags", none).pve().node("pve4").unwrap().ceph().flags();
    assert!(error.unwrap_err().to_string().starts_with("The node that answers runs no Ceph (binary not installed"));
}

#[test]
fn what_ceph_found_is_said_worst_first_and_what_it_was_told_not_to_speak_of_is_not() {
    let status = r#"{"health":{"status":"HEALTH_ERR","checks":{
        "A":{"severity":"HEALTH_WARN","summary":{"message":"a warning","count":"2"}},
        "B":{"severity":"HEALTH_WARN","summary":{"message":"muted"},"muted":true},
        "C":{"severity":"HEALTH_ERR","summary":{"message":"an error"}}}},
        "osdmap":{"num_osds":3,"num_up_osds":"2","num_in_osds":3},"pgmap":{}}"#;
    let status = Altered::default().answer("/nodes/pve1/ceph/status", status).pve().ceph().unwrap().status().unwrap();
    assert_eq!(status.findings(), ["an error", "a warning"]);
    assert!(!status.is_healthy());
    says(&status, &["Ceph is not well.", "✕ 2 of 3 up, 3 in use", "not in the answer"]);
}

#[test]
fn a_pool_that_one_lost_disk_may_harm_is_named() {
    let pools = r#"[{"pool_name":"fast","type":"replicated","size":"2","min_size":1,"percent_used":0.1},
        {"pool_name":"ec","type":"erasure","size":3,"min_size":2,"application_metadata":null}]"#;
    let pools = Altered::default().answer("/nodes/pve1/ceph/pool", pools).pve().ceph().unwrap().pools().unwrap();
    says(&pools, &["2 pools; one lost disk may lose data of fast.", "✕ 2, at least 1"]);
}
