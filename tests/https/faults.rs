//! Each fault that a fakepve can be given, met by a notebook that does not know of it.

use super::*;

/// Begins a backup of 101 that takes so many seconds; gives its UPID.
fn back_up(fake: &mut Fake, seconds: &str) -> String {
    fake.order(&format!("pve.time_scale = 1; later(pve.backup(101, secs={seconds}))"));
    // The next order is read once that has begun.
    fake.order("answer = pve.tasklog[-1]['upid']")
}

#[test]
fn guests_of_a_node_that_went_away_are_unknown_and_nothing_is_sent_to_them() {
    let Some(mut fake) = cluster() else { return };
    fake.order("pve.add_node('pve2'); pve.add_vm(201, 'far', node='pve2', status='running')");
    let pve = by_token(&fake);
    pve.arm("a test").unwrap();
    let far = pve.guest(201).unwrap();
    assert!(far.is_running());
    fake.order("pve.set_node_offline('pve2')");
    says(far.current(), &["Node pve2 cannot be reached from the cluster: No route to host"]);
    assert!(pve.nodes().unwrap().page().text().contains("offline"));
    says(far.stop().run(), &["Node pve2 cannot be reached"]);
    assert_eq!(writes(&mut fake), "0");
}

#[test]
fn a_backup_at_work_stands_in_the_way_until_it_has_ended() {
    let Some(mut fake) = cluster() else { return };
    let pve = by_token(&fake);
    pve.arm("a test").unwrap();
    let upid = back_up(&mut fake, "1.5");
    says(pve.guest(101).unwrap().start().run(), &["The check \"locked\" failed", "locked (backup)"]);
    assert_eq!(writes(&mut fake), "0");
    pve.clear_halt("seen").unwrap();
    let task = pve.task(upid).unwrap();
    assert!(!task.follow().unwrap().is_failed());
    pve.guest(101).unwrap().start().run().unwrap();
}

#[test]
fn a_task_is_followed_through_a_restart_and_a_flaky_network() {
    let Some(mut fake) = cluster() else { return };
    let pve = by_token(&fake);
    let upid = back_up(&mut fake, "3");
    let task = pve.task(upid).unwrap();
    fake.order("later(restart(0.8))");
    assert_eq!(task.follow().unwrap().status, TaskStatus::Ok);
    fake.order("pve.flaky_network(drop_rate=0.3)");
    let well = (0..5).filter(|_| pve.guests().is_ok()).count();
    assert!(well >= 2, "of five lists over a network that drops each third answer, {well} came");
    fake.order("pve.flaky_network(drop_rate=0)");
    assert_eq!(pve.guests().unwrap().len(), 7);
}

#[test]
fn a_refusal_of_each_kind_halts_and_is_told_in_words() {
    let Some(mut fake) = cluster() else { return };
    let pve = by_token(&fake);
    pve.arm("a test").unwrap();
    for (error, words) in [
        ("no_quorum", "has no quorum"),
        ("permission_denied", "needs the privilege VM.PowerMgmt on /vms/101"),
        ("config_lock_timeout", "got timeout"),
        ("no_route_to_host", "Node pve1 cannot be reached"),
        ("start_failed", "The task said: start failed"),
        ("locked", "The task said: VM is locked (backup)"),
        ("invalid_csrf", "invalid csrf token"),
    ] {
        fake.order(&format!("pve.fail('POST', '/nodes/pve1/qemu/101/status/start', error='{error}', times=1)"));
        says(pve.guest(101).unwrap().start().run(), &[words]);
        assert!(pve.halted().is_some(), "{error}");
        pve.clear_halt("seen").unwrap();
    }
    pve.guest(101).unwrap().start().run().unwrap();
}

#[test]
fn a_storage_that_went_away_fails_the_task_and_not_the_lists() {
    let Some(mut fake) = cluster() else { return };
    fake.order("pve.add_ceph_storage(); pve.vm(101).config['scsi0'] = 'ceph-pool:vm-101-disk-0,size=8G'");
    let pve = by_token(&fake);
    pve.arm("a test").unwrap();
    fake.order("pve.ceph_down()");
    assert_eq!(pve.guests().unwrap().len(), 7);
    assert!(pve.storages().is_ok());
    says(pve.guest(101).unwrap().start().run(), &["couldn't connect to the cluster"]);
    fake.order("pve.ceph_recover()");
    pve.clear_halt("seen").unwrap();
    pve.guest(101).unwrap().start().run().unwrap();
}

#[test]
fn a_ticket_that_expires_while_a_task_is_followed_is_renewed_and_the_call_is_sent_once() {
    let Some(mut fake) = cluster() else { return };
    // Hours, shortened: the ticket holds for a second, the task takes four.
    fake.order("pve.time_scale = 1; pve.ticket_ttl = 1; pve.vm(101).start_secs = 4");
    let logins = "answer = sum(path.endswith('/access/ticket') for _, path, _ in pve.requests)";
    let pve = by_password(&fake);
    pve.arm("a test").unwrap();
    let before: u32 = fake.order(logins).parse().unwrap();
    let plan = pve.guest(101).unwrap().start();
    let done = plan.run().unwrap();
    assert!(done.page().text().contains("running"), "{}", done.page().text());
    assert!(fake.order(logins).parse::<u32>().unwrap() > before + 1);
    assert_eq!(writes(&mut fake), "1");
    assert!(pve.halted().is_none());
}

#[test]
fn a_node_that_goes_down_during_a_migration_leaves_no_claim_and_one_call() {
    let Some(mut fake) = cluster() else { return };
    fake.order("pve.add_node('pve2'); pve.add_ct(201, 'dns', status='stopped')");
    fake.order("pve.time_scale = 1; pve.ct_secs['migrate'] = 30");
    let pve = by_password(&fake);
    pve.arm("a test").unwrap();
    let plan = pve.guest(201).unwrap().migrate("pve2").within(seconds(6));
    let _ = plan.page();
    fake.order("later(gone('pve1', 2))");
    let error = plan.run().unwrap_err();
    let words = error.to_string();
    assert!(words.contains("UPID:pve1:") && words.contains(":vzmigrate:201:"), "{words}");
    assert!(!matches!(error, Error::TaskFailed { .. }), "nobody knows that it failed: {words}");
    assert_eq!(writes(&mut fake), "1");
    assert!(pve.halted().is_some());
}
